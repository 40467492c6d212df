/* src/txn/commit.c -- publish, and the commit with two syncs, one or none.
 *
 * The steps and what a crash at each leaves: README.md, C1 to C7.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

#include <errno.h>
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

static struct xti_epoch_part *record_part(struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->epoch.part_count; i++) {
        struct xti_epoch_part *part = &txn->epoch.parts[i];
        const struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);

        if (arena->first_unit + part->first_unit == txn->epoch.record_ref)
            return part;
    }
    XTI_ASSERT(false);
    return NULL;
}

/* Nothing of the part with the record was written: it goes to the file with the record, at once. */
static bool is_written_at_once(struct xti_txn *txn, const struct xti_epoch_part *part)
{
    const struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);

    return part->written_units == part->first_unit + XTD_PAGE_UNITS &&
           arena->first_unit + part->first_unit == txn->epoch.record_ref &&
           arena->memory_units <= part->first_unit;
}

static xt_status write_parts(struct xti_txn *txn, xt_error *error)
{
    uint64_t align = txn->schema.extent_align / XTD_UNIT_BYTES;
    xt_status status = XT_OK;

    for (uint32_t i = 0; i < txn->epoch.part_count && status == XT_OK; i++) {
        struct xti_epoch_part *part = &txn->epoch.parts[i];
        struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);
        bool has_room = xti_arena_align(&txn->space, arena, align);

        XTI_ASSERT(has_room);
        if (is_written_at_once(txn, part))
            xti_epoch_seal(txn, part, arena->top_units);
        else
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
        bool is_unlisted = arena->listed_units == 0 && xti_arena_is_spare(txn, arena);
        bool is_gone = has_manifest ? xti_arena_is_left_out(txn, arena) : is_unlisted;

        if (xti_arena_is_open(txn, arena->id) ||
            (!has_manifest && xti_arena_has_frontier(txn, arena)))
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

static uint64_t part_hash(struct xti_txn *txn, const struct xti_epoch_part *part, uint64_t end)
{
    const struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);
    struct xti_hash hash = part->hash;
    uint64_t from = part->written_units;

    if (from < end)
        xti_hash_add(&hash, xti_space_at(&txn->space, (uint32_t)(arena->first_unit + from)),
                     (size_t)((end - from) << XTD_UNIT_SHIFT));
    return xti_hash_value(&hash);
}

/* The part with the record comes first. A part is empty where a reservation made an arena and
 * nothing was taken from it. */
static void fill_extents(struct xti_txn *txn, struct xtd_commit_record *record)
{
    const struct xti_epoch_part *first = record_part(txn);
    uint32_t next = 1;

    for (uint32_t i = 0; i < txn->epoch.part_count; i++) {
        const struct xti_epoch_part *part = &txn->epoch.parts[i];
        uint64_t end = xti_space_arena(&txn->space, part->arena_id)->top_units;
        struct xtd_extent *extent;

        XTI_ASSERT(part->written_units == end || part == first);
        if (end == part->first_unit)
            continue;
        extent = part == first ? &record->extents[0] : &record->extents[next++];
        extent->arena_id = part->arena_id;
        extent->first_unit = part->first_unit;
        extent->units = end - part->first_unit;
        extent->hash = part_hash(txn, part, end);
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

static void fill_record(struct xti_txn *txn, const struct xtd_state *state,
                        struct xtd_commit_record *record, uint64_t *record_hash)
{
    struct xti_finding finding;

    memset(record, 0, XTD_PAGE_BYTES);
    memcpy(record->uuid, txn->uuid, sizeof record->uuid);
    record->state = *state;
    record->previous_hash = txn->record_hash;
    record->previous_ref = txn->state.record_ref;
    record->durable_txn = txn->durable_txn;
    fill_extents(txn, record);
    fill_live(txn, record);
    *record_hash = xti_commit_seal(record);
    XTI_ASSERT(xti_commit_check(record, XTD_PAGE_BYTES, &finding) == XT_OK);
}

/* A write that failed may have written enough: what is behind the part that arrived may be zeroes
 * already. A record that is whole makes the commit one that the next writer finds, so it goes. */
static xt_status take_back(struct xti_txn *txn, const struct xti_epoch_part *part, xt_status status)
{
    static const char zeroes[XTD_PAGE_BYTES];
    struct xtd_commit_record *record = txn->os->alloc(txn->os, XTD_PAGE_BYTES);
    uint64_t offset = part->first_unit << XTD_UNIT_SHIFT;
    int result;

    if (record == NULL)
        return XT_EBROKEN;
    result = txn->os->read_at(txn->os, part->held.file, offset, record, XTD_PAGE_BYTES);
    if (result == 0 && xti_commit_check(record, XTD_PAGE_BYTES, NULL) == XT_OK)
        result = txn->os->write_at(txn->os, part->held.file, offset, zeroes, sizeof zeroes);
    txn->os->free(txn->os, record, XTD_PAGE_BYTES);
    return result == 0 || result == -ENODATA ? status : XT_EBROKEN;
}

/* The record alone, or with all that follows it in the extent. */
static xt_status write_record(struct xti_txn *txn, const struct xtd_state *state,
                              uint64_t *record_hash, xt_error *error)
{
    struct xti_epoch_part *part = record_part(txn);
    uint64_t end = xti_space_arena(&txn->space, part->arena_id)->top_units;
    bool is_all = is_written_at_once(txn, part);
    struct xtd_commit_record *record = is_all ? xti_space_at(&txn->space, txn->epoch.record_ref)
                                              : txn->os->alloc(txn->os, XTD_PAGE_BYTES);
    size_t bytes = is_all ? (size_t)(end - part->first_unit) << XTD_UNIT_SHIFT : XTD_PAGE_BYTES;
    bool was_written = false;
    char name[XTI_NAME_BYTES];
    xt_status status;
    int result = 0;

    if (record == NULL)
        return xti_report(error, XT_ENOMEM, txn->path, NULL, XTI_NO_OFFSET, "memory for a record");
    fill_record(txn, state, record, record_hash);
    if (bytes >= XTI_ALLOCATE_BYTES_MIN)
        result = txn->os->allocate(txn->os, part->held.file, end << XTD_UNIT_SHIFT);
    if (result == 0) {
        was_written = true;
        result = txn->os->write_at(txn->os, part->held.file, part->first_unit << XTD_UNIT_SHIFT,
                                   record, bytes);
    }
    if (!is_all)
        txn->os->free(txn->os, record, XTD_PAGE_BYTES);
    xti_epoch_note_write(part, part->first_unit + bytes / XTD_UNIT_BYTES);
    if (result == 0)
        return XT_OK;
    xti_name_arena(name, part->arena_id);
    status = xti_report_system(error, result, txn->path, name, "write the commit's extent");
    return was_written ? take_back(txn, part, status) : status;
}

/* ---- C3 to C6: syncs, manifest, HEAD --------------------------------------------------------- */

enum way { WITH_TWO_SYNCS, WITH_ONE_SYNC, WITHOUT_SYNC };

#define HEAD_TIME_NS_MAX UINT64_C(1000000000)
#define HEAD_BYTES_MAX (UINT64_C(64) << 20)

static bool head_is_due(const struct xti_txn *txn, uint64_t now_ns)
{
    return now_ns < txn->head_time_ns || now_ns - txn->head_time_ns >= HEAD_TIME_NS_MAX ||
           txn->head_bytes > HEAD_BYTES_MAX;
}

/* A new manifest makes the store durable in every mode: what one durable slot and the next name
 * differs by one manifest at most. */
static enum way choose_way(struct xti_txn *txn, const struct xtd_state *state)
{
    bool has_manifest = state->manifest_generation != txn->state.manifest_generation;
    uint32_t files = txn->held_count + txn->epoch.part_count;

    if (has_manifest || txn->durability == XT_DURABLE_TWO_SYNCS)
        return WITH_TWO_SYNCS;
    if (txn->durability == XT_ORDERED)
        return files < XTI_HELD_MAX ? WITHOUT_SYNC : WITH_TWO_SYNCS;
    if (xti_arena_file_is_unsynced(txn) || head_is_due(txn, state->time_ns))
        return WITH_TWO_SYNCS;
    return WITH_ONE_SYNC;
}

/* Each file is on its way to the medium while those before it are waited for. */
static xt_status sync_parts(struct xti_txn *txn, xt_error *error)
{
    xt_status status = XT_OK;

    for (uint32_t i = 1; i < txn->epoch.part_count; i++) {
        const struct xti_epoch_part *part = &txn->epoch.parts[i];
        const struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);

        txn->os->write_soon(txn->os, part->held.file, part->first_unit << XTD_UNIT_SHIFT,
                            (size_t)(arena->top_units - part->first_unit) << XTD_UNIT_SHIFT);
    }
    for (uint32_t i = 0; i < txn->epoch.part_count && status == XT_OK; i++)
        status = xti_arena_file_sync(txn, &txn->epoch.parts[i].held, error);
    return status;
}

static xt_status change_manifest(struct xti_txn *txn, const struct xtd_state *state,
                                 uint64_t record_hash, xt_error *error)
{
    bool must_break;
    xt_status status;
    int result;

    if (state->manifest_generation == txn->state.manifest_generation)
        return XT_OK;
    status = xti_write_manifest(txn, state, record_hash, error, &must_break);
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
    xti_head_was_written(txn, position, state);
    return XT_OK;
}

static xt_status with_two_syncs(struct xti_txn *txn, const struct xtd_state *state,
                                uint64_t record_hash, xt_error *error)
{
    bool has_manifest = state->manifest_generation != txn->state.manifest_generation;
    xt_status status = xti_arena_file_sync_all(txn, has_manifest, error);

    if (status == XT_OK)
        status = sync_parts(txn, error);
    if (status == XT_OK)
        status = change_manifest(txn, state, record_hash, error);
    if (status == XT_OK)
        status = change_head(txn, state, record_hash, error);
    return status;
}

/* Small extents are written over zeroes: then the sync has only their bytes to wait for. The zeroes
 * are written behind a commit, and are on their way when the next one syncs. */
#define AHEAD_EXTENT_UNITS_MAX ((UINT64_C(64) << 10) / XTD_UNIT_BYTES)

static xt_status with_one_sync(struct xti_txn *txn, const struct xtd_state *state,
                               uint64_t record_hash, xt_error *error)
{
    struct xti_epoch_part *part = record_part(txn);
    uint64_t end = xti_space_arena(&txn->space, part->arena_id)->top_units;
    uint64_t units = end - part->first_unit;
    xt_status status;

    status = sync_parts(txn, error);
    if (status != XT_OK)
        return status;
    txn->durable_txn = state->txn;
    status = xti_write_loose(txn, state, record_hash, state->txn, false, error);
    if (status != XT_OK)
        return XT_EBROKEN;
    if (units <= AHEAD_EXTENT_UNITS_MAX && part->held.ahead_units - end < 2 * units)
        xti_arena_file_write_ahead(txn, &part->held, end);
    return XT_OK;
}

static xt_status without_sync(struct xti_txn *txn, const struct xtd_state *state,
                              uint64_t record_hash, xt_error *error)
{
    xt_status status = xti_write_loose(txn, state, record_hash, txn->durable_txn, false, error);

    return status == XT_OK ? XT_OK : XT_EBROKEN;
}

static xt_status write_commit(struct xti_txn *txn, const struct xtd_state *state,
                              uint64_t *record_hash, xt_error *error)
{
    enum way way = choose_way(txn, state);
    xt_status status = write_record(txn, state, record_hash, error);

    if (status == XT_OK && way == WITH_ONE_SYNC)
        status = with_one_sync(txn, state, *record_hash, error);
    else if (status == XT_OK && way == WITHOUT_SYNC)
        status = without_sync(txn, state, *record_hash, error);
    else if (status == XT_OK)
        status = with_two_syncs(txn, state, *record_hash, error);
    txn->is_broken = status == XT_EBROKEN;
    if (txn->is_broken && error != NULL)
        error->status = XT_EBROKEN;
    return status;
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
    if (has_manifest) {
        xti_arenas_list(txn, state->manifest_generation);
        txn->spare_step = XTI_SPARE_NONE;
    }
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        struct xti_arena *arena = &txn->space.arenas[i];

        arena->durable_units = arena->top_units;
        arena->frozen_units = arena->top_units;
        arena->is_sealed = !xti_arena_is_open(txn, arena->id) && !xti_arena_is_spare(txn, arena);
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

static xt_status commit_files(struct xti_txn *txn, xt_error *error)
{
    struct xti_view *view;
    struct xtd_state state;
    uint64_t record_hash = 0;
    uint64_t units;
    xt_status status;

    status = xti_epoch_record(txn, error);
    if (status != XT_OK)
        return status;
    txn->edit.room = 0; /* tops are moved, and the next allocation may begin an epoch */
    xti_free_drop(txn);
    status = write_parts(txn, error);
    if (status != XT_OK)
        return status;
    fill_state(txn, txn->wants_manifest || xti_manifest_is_due(txn), &state);
    status = xti_view_new(txn, &view); /* first, so that nothing can fail after HEAD is written */
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for a view");
    status = write_commit(txn, &state, &record_hash, error);
    if (status != XT_OK) {
        xti_view_drop(txn, view);
        return status;
    }
    units = xti_epoch_units(txn);
    if (txn->head_txn != state.txn)
        txn->head_bytes += units << XTD_UNIT_SHIFT;
    adopt(txn, &state, record_hash, view);
    txn->last_units = units;
    xti_spare_step(txn, units);
    return XT_OK;
}

xt_status xti_txn_commit(struct xti_txn *txn, xt_error *error)
{
    uint64_t began_ns;
    xt_status status;

    xti_report_clear(error);
    status = xti_txn_check_writer(txn, error);
    if (status != XT_OK || (!txn->is_dirty && !txn->is_unsaved && !txn->wants_manifest))
        return status;
    xti_txn_settle(txn);
    if (txn->path == NULL)
        return publish(txn, true);
    began_ns = txn->os->now_ns(txn->os);
    status = commit_files(txn, error);
    if (status == XT_OK) {
        xti_figures_add(txn, &txn->figures.commit, began_ns);
        xti_figures_write(txn, false);
    }
    return status;
}

/* The first manifest leaves them out; the second lets their files go. */
xt_status xti_txn_remove_dead(struct xti_txn *txn, uint64_t *commits, xt_error *error)
{
    xt_status status = XT_OK;

    for (uint32_t i = 0; i < 2 && status == XT_OK && xti_arenas_are_dead(txn); i++) {
        txn->wants_manifest = true;
        status = xti_txn_commit(txn, error);
        txn->wants_manifest = false;
        *commits += status == XT_OK ? 1 : 0;
    }
    return status;
}

/* ---- making durable what was committed ------------------------------------------------------- */

void xti_head_was_written(struct xti_txn *txn, uint32_t position, const struct xtd_state *state)
{
    txn->head_position = position;
    txn->head_txn = state->txn;
    txn->head_time_ns = state->time_ns;
    txn->head_bytes = 0;
    txn->durable_txn = state->txn;
}

static xt_status sync_store(struct xti_txn *txn, xt_error *error)
{
    xt_status status = xti_arena_file_sync_all(txn, false, error);

    for (uint32_t i = 0; i < txn->epoch.part_count && status == XT_OK; i++) {
        if (txn->epoch.parts[i].held.is_unsynced)
            status = xti_arena_file_sync(txn, &txn->epoch.parts[i].held, error);
    }
    if (status == XT_OK)
        status = change_head(txn, &txn->state, txn->record_hash, error);
    txn->is_broken = status == XT_EBROKEN;
    if (txn->is_broken && error != NULL)
        error->status = XT_EBROKEN;
    return status;
}

xt_status xti_txn_sync(struct xti_txn *txn, xt_error *error)
{
    xt_status status;

    xti_report_clear(error);
    status = xti_txn_check_writer(txn, error);
    if (status != XT_OK || txn->path == NULL || txn->head_txn == txn->state.txn)
        return status;
    return sync_store(txn, error);
}

/* ---- when a publish should be a commit ------------------------------------------------------- */

static bool is_nearly_full(const struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (arena->id == txn->now.arena_id)
            return arena->range_units - arena->top_units < xti_epoch_grown(txn, arena);
    }
    return false;
}

bool xti_txn_wants_commit(const struct xti_txn *txn, uint64_t bytes, uint64_t ns)
{
    uint64_t now_ns;

    if (bytes != 0 && xti_epoch_units(txn) << XTD_UNIT_SHIFT >= bytes)
        return true;
    if (is_nearly_full(txn))
        return true;
    if (ns == 0)
        return false;
    now_ns = txn->os->now_ns(txn->os);
    return now_ns < txn->state.time_ns || now_ns - txn->state.time_ns >= ns;
}
