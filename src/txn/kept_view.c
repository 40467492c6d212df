/* src/txn/kept_view.c -- opening kept snapshots.
 *
 * A kept snapshot is shown by a handle of its own, a reader of that one commit, with an address
 * space as large as the commit needs: what the store's handle has mapped meanwhile does not matter
 * to it, nor what the writer does with its arenas. The handle ends with the last view.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/kept.h"

#include <string.h>

/* The mutex is held. NULL: it is not open. */
static struct xti_kept_view *find_open(struct xti_txn *txn, uint64_t number)
{
    struct xti_kept_view *open = txn->kept_views;

    while (open != NULL && open->reader->state.txn != number)
        open = open->next;
    return open;
}

static void take(struct xti_txn *txn, struct xti_kept_view *open, struct xti_view **out)
{
    open->users++;
    txn->views_in_use++;
    *out = open->reader->current;
}

/* Up to the end of its last arena. */
static uint64_t window_bytes_for(const struct xtd_manifest *manifest)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);
    uint64_t end = 0;

    for (uint32_t i = 0; i < manifest->arena_count; i++) {
        uint64_t arena_end = entries[i].first_unit + entries[i].range_units;

        end = arena_end > end ? arena_end : end;
    }
    return end << XTD_UNIT_SHIFT;
}

/* An arena that is gone: its snapshot may have been dropped since it was read. */
static xt_status missing(const struct xti_txn *txn, uint64_t number, xt_error *error)
{
    struct xtd_snapshot *again;
    xt_status status = xti_snapshot_read(txn, number, &again, NULL);

    xti_snapshot_free(txn, again);
    if (status == XT_OK)
        status = XT_ECORRUPT;
    if (error != NULL)
        error->status = status;
    return status;
}

static xt_status show(struct xti_txn *reader, const struct xtd_snapshot *snapshot, xt_error *error)
{
    const struct xtd_manifest *manifest = xti_snapshot_manifest_const(snapshot);
    struct xtd_head_slot slot;
    uint64_t hashed = 0;
    xt_status status;

    memset(&slot, 0, sizeof slot);
    memcpy(slot.uuid, snapshot->uuid, sizeof slot.uuid);
    slot.state = snapshot->state;
    slot.record_hash = snapshot->record_hash;
    memcpy(reader->uuid, snapshot->uuid, sizeof reader->uuid);
    status = xti_txn_take_manifest(reader, manifest, window_bytes_for(manifest), error);
    if (status == XT_OK)
        status = xti_txn_adopt(reader, &slot, manifest, NULL, error);
    if (status == XT_OK && reader->verify == XT_VERIFY_OPEN)
        status = xti_txn_check(reader, true, &hashed, error);
    return status;
}

static xt_status open_snapshot(const struct xti_txn *txn, const struct xtd_snapshot *snapshot,
                               struct xti_kept_view **out, xt_error *error)
{
    struct xti_kept_view *open = xti_alloc_zeroed(txn->os, sizeof *open);
    xt_status status;

    *out = NULL;
    if (open == NULL)
        return xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for a snapshot");
    status = xti_txn_new(txn->os, txn->path, error, &open->reader);
    if (status == XT_OK) {
        open->reader->verify = txn->verify;
        status = show(open->reader, snapshot, error);
    }
    if (status == XT_ENOTFOUND)
        status = missing(txn, snapshot->state.txn, error);
    if (status == XT_OK) {
        *out = open;
        return XT_OK;
    }
    xti_txn_close(open->reader);
    txn->os->free(txn->os, open, sizeof *open);
    return status;
}

xt_status xti_txn_view_kept(struct xti_txn *txn, uint64_t number, xt_error *error,
                            struct xti_view **out)
{
    const struct xti_os *os = txn->os;
    struct xti_kept_view *open = NULL;
    struct xtd_snapshot *snapshot;
    xt_status status;

    *out = NULL;
    xti_report_clear(error);
    status = xti_txn_check_process(txn, error);
    if (status == XT_OK && txn->path == NULL)
        status = xti_report(error, XT_ENOTFOUND, NULL, NULL, XTI_NO_OFFSET,
                            "a store in memory keeps no snapshots");
    if (status == XT_OK)
        status = xti_snapshot_read(txn, number, &snapshot, error);
    if (status != XT_OK)
        return status;
    os->mutex_lock(os, txn->mutex);
    open = find_open(txn, number);
    if (open != NULL)
        take(txn, open, out);
    os->mutex_unlock(os, txn->mutex);
    if (open == NULL) {
        status = open_snapshot(txn, snapshot, &open, error);
        if (status == XT_OK) { /* another thread may have opened it too: twice does no harm */
            XTI_ASSERT(open != NULL);
            os->mutex_lock(os, txn->mutex);
            open->next = txn->kept_views;
            txn->kept_views = open;
            take(txn, open, out);
            os->mutex_unlock(os, txn->mutex);
        }
    }
    xti_snapshot_free(txn, snapshot);
    return status;
}

struct xti_txn *xti_txn_shown_by(struct xti_txn *txn, const struct xti_view *view)
{
    const struct xti_kept_view *open;

    txn->os->mutex_lock(txn->os, txn->mutex);
    open = txn->kept_views;
    while (open != NULL && open->reader->current != view)
        open = open->next;
    txn->os->mutex_unlock(txn->os, txn->mutex);
    return open != NULL ? open->reader : txn;
}

static void end_first(struct xti_txn *txn, struct xti_kept_view **link)
{
    struct xti_kept_view *open = *link;

    *link = open->next;
    xti_txn_close(open->reader);
    txn->os->free(txn->os, open, sizeof *open);
}

bool xti_kept_unview(struct xti_txn *txn, const struct xti_view *view)
{
    struct xti_kept_view **link = &txn->kept_views;
    struct xti_kept_view *open;

    while (*link != NULL && (*link)->reader->current != view)
        link = &(*link)->next;
    open = *link;
    if (open == NULL)
        return false;
    if (--open->users == 0)
        end_first(txn, link);
    return true;
}

void xti_kept_unview_all(struct xti_txn *txn)
{
    while (txn->kept_views != NULL)
        end_first(txn, &txn->kept_views);
}
