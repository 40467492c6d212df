/* src/txn/txn.c -- the handle: its birth, its end, and what it knows.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/creation.h"
#include "txn/kept.h"
#include "txn/lives.h"

#include <string.h>

xt_status xti_txn_new(const struct xti_os *os, const char *path, xt_error *error,
                      struct xti_txn **out)
{
    struct xti_txn *txn = xti_alloc_zeroed(os, sizeof *txn);
    int result;

    *out = txn;
    if (txn == NULL)
        return xti_report(error, XT_ENOMEM, path, NULL, XTI_NO_OFFSET, "memory for the handle");
    txn->os = os;
    txn->process_id = os->process_id(os);
    txn->edit.space = &txn->space;
    txn->edit.layout = &txn->layout;
    xti_txn_set_durability(txn, XT_DURABLE);
    txn->lock_file = XTI_FILE_NONE;
    txn->head_file = XTI_FILE_NONE;
    result = os->mutex_create(os, &txn->mutex);
    if (result != 0)
        return xti_report_system(error, result, path, NULL, "create a mutex");
    if (path == NULL)
        return XT_OK;
    txn->path_size = strlen(path) + 1;
    txn->path = os->alloc(os, txn->path_size);
    if (txn->path == NULL)
        return xti_report(error, XT_ENOMEM, path, NULL, XTI_NO_OFFSET, "memory for the handle");
    memcpy(txn->path, path, txn->path_size);
    return XT_OK;
}

void xti_txn_set_schema(struct xti_txn *txn, const struct xti_schema *schema,
                        uint32_t supernode_units_max)
{
    txn->schema = *schema;
    txn->supernode_units_max = supernode_units_max;
    xti_layout_init(&txn->layout, schema->dims, schema->kind, schema->coord_type,
                    schema->leaf_capacity, schema->inner_capacity, supernode_units_max);
}

/* Files of arenas that no commit names; what cannot be removed now the next writer removes. */
static void remove_pending_files(struct xti_txn *txn)
{
    char name[XTI_NAME_BYTES];

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (arena->listed_units != 0 || xti_arena_is_dropped(arena))
            continue;
        xti_name_arena(name, arena->id);
        (void)xti_remove_file(txn->os, txn->path, name);
    }
}

/* The current one; and in a process that was forked all that were in use. */
static void release_views(struct xti_txn *txn)
{
    struct xti_view *view = txn->oldest;

    while (view != NULL) {
        struct xti_view *newer = view->newer;

        view->references = 1;
        xti_view_drop(txn, view);
        view = newer;
    }
}

/* A file of which more was written than is committed is cut. */
static void cut(struct xti_txn *txn, const struct xti_arena_file *held)
{
    const struct xti_arena *arena = xti_space_arena(&txn->space, held->arena_id);

    if (arena != NULL && !xti_arena_is_dropped(arena) && arena->listed_units != 0 &&
        held->ahead_units > arena->durable_units)
        (void)txn->os->cut(txn->os, held->file, arena->durable_units << XTD_UNIT_SHIFT);
}

/* W1, W2. A store that was closed needs no rolling forward, and has no zeroes behind its end. */
static void end_writing(struct xti_txn *txn)
{
    if (xti_txn_sync(txn, NULL) != XT_OK)
        return;
    for (uint32_t i = 0; i < txn->epoch.part_count; i++)
        cut(txn, &txn->epoch.parts[i].held);
    for (uint32_t i = 0; i < txn->held_count; i++)
        cut(txn, &txn->held[i]);
    remove_pending_files(txn);
}

static void undo_pending(struct xti_txn *txn)
{
    if (xti_txn_is_forked(txn))
        return;
    if (txn->is_hidden && txn->head_file != XTI_FILE_NONE)
        xti_creation_undo(txn);
    else if (txn->path != NULL && txn->is_writable && txn->is_ready && !txn->is_broken)
        end_writing(txn);
    if (txn->is_writable)
        xti_figures_write(txn, true);
}

void xti_txn_close(struct xti_txn *txn)
{
    const struct xti_os *os;

    if (txn == NULL)
        return;
    os = txn->os;
    undo_pending(txn);
    xti_epoch_end(txn);
    xti_arena_file_close(txn);
    xti_zeroes_release(txn);
    xti_tip_free(txn, txn->tip);
    xti_free_release(txn);
    xti_kept_release(txn);
    xti_kept_unview_all(txn);
    release_views(txn);
    xti_space_release_old(txn);
    if (txn->space.os != NULL)
        xti_space_release(&txn->space);
    xti_watch_end(txn);
    if (txn->head_file != XTI_FILE_NONE)
        os->close(os, txn->head_file);
    if (txn->lock_file != XTI_FILE_NONE)
        os->close(os, txn->lock_file);
    if (txn->mutex != NULL && !xti_txn_is_forked(txn)) /* else who holds it may not be here */
        os->mutex_destroy(os, txn->mutex);
    if (txn->path != NULL)
        os->free(os, txn->path, txn->path_size);
    os->free(os, txn, sizeof *txn);
}

bool xti_txn_is_forked(const struct xti_txn *txn)
{
    return txn->os->process_id(txn->os) != txn->process_id;
}

void xti_txn_set_durability(struct xti_txn *txn, xt_durability durability)
{
    txn->durability = durability == XT_DURABLE ? XTI_DURABLE_MEANS : durability;
}

bool xti_txn_is_broken(const struct xti_txn *txn)
{
    return txn->is_broken;
}

bool xti_txn_is_writable(const struct xti_txn *txn)
{
    return txn->is_writable;
}

const struct xti_layout *xti_txn_layout(const struct xti_txn *txn)
{
    return &txn->layout;
}

const struct xti_schema *xti_txn_schema(const struct xti_txn *txn)
{
    return &txn->schema;
}

const struct xti_os *xti_txn_os(const struct xti_txn *txn)
{
    return txn->os;
}

const char *xti_txn_path(const struct xti_txn *txn)
{
    return txn->path;
}

struct xti_root xti_txn_root(const struct xti_txn *txn)
{
    return txn->now.root;
}

void xti_txn_set_root(struct xti_txn *txn, struct xti_root root)
{
    txn->now.root = root;
    txn->is_dirty = true;
}

void xti_txn_on_settle(struct xti_txn *txn, void (*settle)(void *who), void *who)
{
    txn->settle = settle;
    txn->settler = who;
}

bool xti_txn_has_files(const struct xti_txn *txn)
{
    return txn->path != NULL;
}

bool xti_txn_is_dirty(const struct xti_txn *txn)
{
    return txn->is_dirty;
}

xt_status xti_txn_check_process(const struct xti_txn *txn, xt_error *error)
{
    if (!xti_txn_is_forked(txn))
        return XT_OK;
    return xti_report(error, XT_EMISUSE, txn->path, NULL, XTI_NO_OFFSET,
                      "the handle belongs to the process that forked this one");
}

xt_status xti_txn_check_writer(const struct xti_txn *txn, xt_error *error)
{
    xt_status status = xti_txn_check_process(txn, error);

    return status == XT_OK ? xti_txn_check_state(txn, error) : status;
}

xt_status xti_txn_check_state(const struct xti_txn *txn, xt_error *error)
{
    if (!txn->is_writable)
        return xti_report(error, XT_EMISUSE, txn->path, NULL, XTI_NO_OFFSET,
                          "the store is open for reading");
    if (txn->is_broken)
        return xti_report(error, XT_EBROKEN, txn->path, NULL, XTI_NO_OFFSET,
                          "an earlier write failed");
    return XT_OK;
}

/* ---- the numbers of the pending change ------------------------------------------------------- */

static_assert(offsetof(struct xti_txn, edit) == 0, "xti_txn_edit()");

xt_status xti_txn_draw_sequence(struct xti_txn *txn, xt_error *error)
{
    int result = 0;

    if (txn->path != NULL)
        result = txn->os->random(txn->os, &txn->edit.sequence, sizeof txn->edit.sequence);
    if (result != 0)
        return xti_report_system(error, result, txn->path, NULL, "get random bytes");
    txn->committed_sequence = txn->edit.sequence;
    txn->edit.number = txn->state.txn + 1;
    return XT_OK;
}

void xti_txn_next_sequence(struct xti_txn *txn, bool is_commit)
{
    bool has_files = txn->path != NULL;
    uint32_t next = txn->edit.sequence + 1;

    /* Only a rollback comes here with a number that published nodes may have. It keeps the one that
     * there is: nothing refers to what it made. */
    if (has_files && !is_commit && next == txn->committed_sequence)
        return;
    if (is_commit)
        txn->committed_sequence = next;
    txn->edit.sequence = next;
    txn->edit.number = has_files ? txn->state.txn + 1 : txn->edit.number + 1;
}

/* In memory what is published is as safe as it will ever be. */
static uint64_t committed_bytes(const struct xti_txn *txn, const struct xti_arena *arena)
{
    return (txn->path == NULL ? arena->visible_units : arena->durable_units) * XTD_UNIT_BYTES;
}

static void fill_stats(const struct xti_txn *txn, xt_store_stats *out)
{
    out->dims = txn->schema.dims;
    out->kind = txn->schema.kind;
    out->coord_type = txn->schema.coord_type;
    out->leaf_capacity = txn->schema.leaf_capacity;
    out->inner_capacity = txn->schema.inner_capacity;
    out->format_version = XTD_FORMAT_VERSION;
    out->txn = txn->state.txn;
    out->commit_time_ns = txn->state.time_ns;
    out->arena_count = xti_space_listed_count(&txn->space);
    out->arena_bytes = 0;
    out->committed_bytes = 0;
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (xti_arena_is_dropped(arena))
            continue;
        out->arena_bytes += arena->range_units * XTD_UNIT_BYTES;
        out->committed_bytes += committed_bytes(txn, arena);
    }
    out->live_bytes = txn->published.live_units * XTD_UNIT_BYTES;
    out->dead_bytes = out->committed_bytes - out->live_bytes;
    out->window_bytes = txn->space.window_units * XTD_UNIT_BYTES;
}

void xti_txn_stats(struct xti_txn *txn, xt_store_stats *out)
{
    txn->os->mutex_lock(txn->os, txn->mutex);
    fill_stats(txn, out);
    txn->os->mutex_unlock(txn->os, txn->mutex);
}

static xt_status fill_arena_stats(const struct xti_txn *txn, uint64_t i, xt_arena_stats *out)
{
    const struct xti_arena *arena = NULL;
    char name[XTI_NAME_BYTES] = "";

    for (uint32_t j = 0; j < txn->space.arena_count && arena == NULL; j++) {
        if (!xti_arena_is_dropped(&txn->space.arenas[j]) && i-- == 0)
            arena = &txn->space.arenas[j];
    }
    if (arena == NULL)
        return XT_ENOTFOUND;
    out->id = arena->id;
    out->first_byte = (uint64_t)arena->first_unit * XTD_UNIT_BYTES;
    out->range_bytes = arena->range_units * XTD_UNIT_BYTES;
    out->committed_bytes = committed_bytes(txn, arena);
    out->live_bytes = arena->visible_live_units * XTD_UNIT_BYTES;
    if (txn->path != NULL)
        xti_name_arena(name, arena->id);
    memcpy(out->file, name, sizeof out->file);
    return XT_OK;
}

xt_status xti_txn_arena_stats(struct xti_txn *txn, uint64_t i, xt_arena_stats *out)
{
    xt_status status;

    txn->os->mutex_lock(txn->os, txn->mutex);
    status = fill_arena_stats(txn, i, out);
    txn->os->mutex_unlock(txn->os, txn->mutex);
    return status;
}
