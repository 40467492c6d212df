/* src/txn/commit.c -- publish, and the commit with its two syncs.
 *
 * The steps and what a crash at each leaves: README.md, C1 to C7.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

#include <string.h>

/* What is pending becomes what readers of this process see. */
static void show_pending(struct xti_txn *txn, struct xti_view *view)
{
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        struct xti_arena *arena = &txn->space.arenas[i];

        arena->visible_units = arena->top_units;
        arena->visible_live_units = arena->live_units;
    }
    txn->published = txn->now;
    xti_view_install(txn, view);
    txn->is_dirty = false;
}

static xt_status publish(struct xti_txn *txn, bool is_commit)
{
    struct xti_view *view;
    uint64_t oldest;
    xt_status status;

    status = xti_view_new(txn, &view);
    if (status != XT_OK)
        return status;
    txn->os->mutex_lock(txn->os, txn->mutex);
    if (is_commit)
        txn->state.txn++;
    show_pending(txn, view);
    oldest = txn->oldest->number;
    txn->os->mutex_unlock(txn->os, txn->mutex);
    xti_free_settle(txn, oldest);
    xti_txn_next_sequence(txn, is_commit);
    txn->is_unsaved = !is_commit;
    return XT_OK;
}

xt_status xti_txn_publish(struct xti_txn *txn)
{
    xt_status status = xti_txn_check_writer(txn, NULL);

    if (status != XT_OK || !txn->is_dirty)
        return status;
    xti_txn_settle(txn);
    if (txn->path != NULL && txn->edit.sequence + 1 == txn->committed_sequence)
        return xti_txn_commit(txn, NULL);
    return publish(txn, false);
}

/* ---- C1, C2: the extents ------------------------------------------------------------------- */

static xt_status write_parts(struct xti_txn *txn, xt_error *error)
{
    uint64_t align = txn->schema.extent_align / XTD_UNIT_BYTES;
    xt_status status = XT_OK;

    for (uint32_t i = 0; i < txn->epoch.part_count && status == XT_OK; i++) {
        struct xti_epoch_part *part = &txn->epoch.parts[i];
        struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);
        bool has_room = xti_arena_align(&txn->space, arena, align);

        XTI_ASSERT(has_room);
        status = xti_epoch_write(txn, part, arena->top_units, error);
    }
    return status;
}

/* Inserts at the place that arena_id has. */
static void add_frontier(struct xtd_state *state, uint32_t arena_id, uint64_t units)
{
    uint32_t i = state->frontier_count++;

    for (; i > 0 && state->frontiers[i - 1].arena_id > arena_id; i--)
        state->frontiers[i] = state->frontiers[i - 1];
    state->frontiers[i] = (struct xtd_frontier){.arena_id = arena_id, .units = units};
}

/* has_manifest: the commit writes one, which says all but how the open arena goes on. */
static void fill_arenas(const struct xti_txn *txn, bool has_manifest, struct xtd_state *state)
{
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];
        bool is_gone = has_manifest && xti_arena_is_left_out(txn, arena);

        if (arena->id == txn->now.arena_id || (!has_manifest && xti_arena_has_frontier(txn, arena)))
            add_frontier(state, arena->id, arena->top_units);
        state->dead_units += is_gone ? 0 : arena->top_units - arena->live_units;
    }
}

static void fill_state(const struct xti_txn *txn, bool has_manifest, struct xtd_state *state)
{
    const struct xti_os *os = txn->os;

    memset(state, 0, sizeof *state);
    state->txn = txn->state.txn + 1;
    state->manifest_generation = txn->state.manifest_generation + (has_manifest ? 1 : 0);
    state->time_ns = os->now_ns(os);
    state->timeline = txn->timeline;
    state->live_units = txn->now.live_units;
    state->record_ref = txn->epoch.record_ref;
    state->record_bytes = XTD_PAGE_BYTES;
    state->root_count = 1;
    state->roots[0].kind = XTD_ROOT_TREE;
    state->roots[0].ref = txn->now.root.ref;
    state->roots[0].height = txn->now.root.height;
    state->roots[0].item_count = txn->now.root.item_count;
    fill_arenas(txn, has_manifest, state);
}

/* The part with the record comes first. A part is empty where a reservation made an arena and
 * nothing was taken from it. */
static void fill_extents(const struct xti_txn *txn, struct xtd_commit_record *record)
{
    uint32_t next = 1;

    for (uint32_t i = 0; i < txn->epoch.part_count; i++) {
        const struct xti_epoch_part *part = &txn->epoch.parts[i];
        struct xtd_extent *extent;
        const struct xti_arena *arena = NULL;

        for (uint32_t j = 0; j < txn->space.arena_count; j++) {
            if (txn->space.arenas[j].id == part->arena_id)
                arena = &txn->space.arenas[j];
        }
        XTI_ASSERT(arena != NULL && part->written_units == arena->top_units);
        if (part->written_units == part->first_unit)
            continue;
        if (arena->first_unit + part->first_unit == txn->epoch.record_ref)
            extent = &record->extents[0];
        else
            extent = &record->extents[next++];
        extent->arena_id = part->arena_id;
        extent->first_unit = part->first_unit;
        extent->units = part->written_units - part->first_unit;
        extent->hash = xti_hash_value(&part->hash);
    }
    record->extent_count = next;
}

/* A manifest that the commit writes says it all. */
static void fill_live(const struct xti_txn *txn, struct xtd_commit_record *record)
{
    struct xtd_live *live = xti_commit_live(record);

    if (record->state.manifest_generation != txn->state.manifest_generation)
        return;
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];
        uint32_t j;

        if (arena->live_units == arena->listed_live_units)
            continue;
        for (j = record->live_count++; j > 0 && live[j - 1].arena_id > arena->id; j--)
            live[j] = live[j - 1];
        live[j] = (struct xtd_live){arena->id, (uint32_t)arena->live_units};
    }
}

static xt_status write_record(struct xti_txn *txn, const struct xtd_state *state,
                              uint64_t *record_hash, xt_error *error)
{
    struct xtd_commit_record *record = xti_alloc_zeroed(txn->os, XTD_PAGE_BYTES);
    const struct xti_epoch_part *part = NULL;
    struct xti_finding finding;
    char name[XTI_NAME_BYTES];
    int result;

    if (record == NULL)
        return xti_report(error, XT_ENOMEM, txn->path, NULL, XTI_NO_OFFSET, "memory for a record");
    memcpy(record->uuid, txn->uuid, sizeof record->uuid);
    record->state = *state;
    record->previous_hash = txn->record_hash;
    record->previous_ref = txn->state.record_ref;
    record->durable_txn = txn->state.txn;
    fill_extents(txn, record);
    fill_live(txn, record);
    *record_hash = xti_commit_seal(record);
    XTI_ASSERT(xti_commit_check(record, XTD_PAGE_BYTES, &finding) == XT_OK);
    for (uint32_t i = 0; i < txn->epoch.part_count; i++) {
        if (txn->epoch.parts[i].arena_id == record->extents[0].arena_id)
            part = &txn->epoch.parts[i];
    }
    XTI_ASSERT(part != NULL);
    result = txn->os->write_at(txn->os, part->file, part->first_unit << XTD_UNIT_SHIFT, record,
                               XTD_PAGE_BYTES);
    txn->os->free(txn->os, record, XTD_PAGE_BYTES);
    if (result == 0)
        return XT_OK;
    xti_name_arena(name, part->arena_id);
    return xti_report_system(error, result, txn->path, name, "write the commit record");
}

/* ---- C3 to C6: syncs, manifest, HEAD --------------------------------------------------------- */

static xt_status sync_parts(struct xti_txn *txn, xt_error *error)
{
    char name[XTI_NAME_BYTES];

    for (uint32_t i = 0; i < txn->epoch.part_count; i++) {
        const struct xti_epoch_part *part = &txn->epoch.parts[i];
        int result = txn->os->sync(txn->os, part->file);

        if (result == 0)
            continue;
        xti_name_arena(name, part->arena_id);
        (void)xti_report_system(error, result, txn->path, name, "sync the arena's file");
        return XT_EBROKEN;
    }
    return XT_OK;
}

static xt_status change_manifest(struct xti_txn *txn, const struct xtd_state *state,
                                 xt_error *error)
{
    bool must_break;
    xt_status status;
    int result;

    if (state->manifest_generation == txn->state.manifest_generation)
        return XT_OK;
    status = xti_write_manifest(txn, state, error, &must_break);
    if (status != XT_OK)
        return must_break ? XT_EBROKEN : status;
    result = txn->os->sync_folder(txn->os, txn->path);
    if (result == 0)
        return XT_OK;
    (void)xti_report_system(error, result, txn->path, NULL, "sync the folder");
    return XT_EBROKEN;
}

static xt_status change_head(struct xti_txn *txn, const struct xtd_state *state,
                             uint64_t record_hash, xt_error *error)
{
    uint32_t position = (txn->head_position + 1) % XTD_HEAD_DURABLE_SLOTS;

    if (xti_write_head(txn, position, state, record_hash, error) != XT_OK)
        return XT_EBROKEN;
    txn->head_position = position;
    return XT_OK;
}

/* ---- C7: adopting ---------------------------------------------------------------------------- */

/* A full arena's memory gives way to the file mapping. Failing to map costs only memory. */
static void show_sealed(struct xti_txn *txn, struct xti_arena *arena)
{
    xti_file file;

    if (!arena->is_sealed || arena->memory_units >= arena->durable_units)
        return;
    if (xti_open_arena(txn, arena, XTI_OPEN_READ, &file, NULL) != XT_OK)
        return;
    (void)xti_arena_show_file(&txn->space, arena, file, arena->durable_units);
    txn->os->close(txn->os, file);
}

/* The manifests of the last two generations stay: a reader may just be opening the older one. */
static void remove_old_manifest(struct xti_txn *txn, uint64_t generation)
{
    char name[XTI_NAME_BYTES];

    if (generation == txn->state.manifest_generation)
        return;
    if (txn->previous_generation != 0) {
        xti_name_manifest(name, txn->previous_generation);
        (void)xti_remove_file(txn->os, txn->path, name);
    }
    txn->previous_generation = txn->state.manifest_generation;
}

static void adopt(struct xti_txn *txn, const struct xtd_state *state, uint64_t record_hash,
                  struct xti_view *view)
{
    bool has_manifest = state->manifest_generation != txn->state.manifest_generation;

    remove_old_manifest(txn, state->manifest_generation);
    txn->os->mutex_lock(txn->os, txn->mutex);
    if (has_manifest)
        xti_arenas_list(txn, state->manifest_generation);
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        struct xti_arena *arena = &txn->space.arenas[i];

        arena->durable_units = arena->top_units;
        arena->frozen_units = arena->top_units;
        arena->is_sealed = arena->id != txn->now.arena_id;
        show_sealed(txn, arena);
    }
    txn->state = *state;
    txn->record_hash = record_hash;
    show_pending(txn, view);
    txn->os->mutex_unlock(txn->os, txn->mutex);
    if (has_manifest)
        xti_dropped_unlink(txn);
    xti_txn_next_sequence(txn, true);
    xti_epoch_end(txn);
    txn->expected_units = 0;
    txn->is_unsaved = false;
}

static xt_status make_durable(struct xti_txn *txn, const struct xtd_state *state,
                              uint64_t *record_hash, xt_error *error)
{
    xt_status status = write_record(txn, state, record_hash, error);

    if (status == XT_OK)
        status = sync_parts(txn, error);
    if (status == XT_OK)
        status = change_manifest(txn, state, error);
    if (status == XT_OK)
        status = change_head(txn, state, *record_hash, error);
    txn->is_broken = status == XT_EBROKEN;
    if (txn->is_broken && error != NULL)
        error->status = XT_EBROKEN;
    return status;
}

static xt_status commit_files(struct xti_txn *txn, xt_error *error)
{
    struct xti_view *view;
    struct xtd_state state;
    uint64_t record_hash = 0;
    xt_status status;

    status = xti_epoch_record(txn, error);
    if (status != XT_OK)
        return status;
    txn->edit.room = 0; /* tops are moved, and the next allocation may begin an epoch */
    xti_free_drop(txn);
    status = write_parts(txn, error);
    if (status != XT_OK)
        return status;
    fill_state(txn, xti_manifest_is_due(txn), &state);
    status = xti_view_new(txn, &view); /* first, so that nothing can fail after HEAD is written */
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for a view");
    status = make_durable(txn, &state, &record_hash, error);
    if (status != XT_OK) {
        xti_view_drop(txn, view);
        return status;
    }
    adopt(txn, &state, record_hash, view);
    return XT_OK;
}

xt_status xti_txn_commit(struct xti_txn *txn, xt_error *error)
{
    xt_status status;

    xti_report_clear(error);
    status = xti_txn_check_writer(txn, error);
    if (status != XT_OK || (!txn->is_dirty && !txn->is_unsaved))
        return status;
    xti_txn_settle(txn);
    if (txn->path != NULL)
        return commit_files(txn, error);
    return publish(txn, true);
}
