/* src/txn/views.c -- views: what snapshots hold on to, counted.
 *
 * The handle itself counts as one user of the current view. All views stand in a list in the order
 * of their numbers, so that the oldest in use is known. The mutex guards counts and list.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/kept.h"

xt_status xti_view_new(struct xti_txn *txn, struct xti_view **out)
{
    uint32_t capacity = txn->space.arena_count;
    struct xti_view *view = xti_alloc_zeroed(txn->os, xti_view_bytes(capacity));

    *out = view;
    if (view == NULL)
        return XT_ENOMEM;
    view->references = 1;
    view->span_capacity = capacity;
    return XT_OK;
}

void xti_view_install(struct xti_txn *txn, struct xti_view *view)
{
    struct xti_view *old = txn->current;

    view->number = old == NULL ? 1 : old->number + 1;
    view->older = old;
    if (old != NULL)
        old->newer = view;
    else
        txn->oldest = view;
    xti_view_fill(view, &txn->space);
    view->layout = &txn->layout;
    view->txn = txn->state.txn;
    view->time_ns = txn->state.time_ns;
    view->item_count = txn->published.root.item_count;
    view->live_units = txn->published.live_units;
    view->root_ref = txn->published.root.ref;
    view->height = txn->published.root.height;
    txn->current = view;
    xti_view_drop(txn, old);
}

void xti_view_drop(struct xti_txn *txn, struct xti_view *view)
{
    const char *base;

    if (view == NULL || --view->references > 0)
        return;
    if (view->older != NULL)
        view->older->newer = view->newer;
    else if (view == txn->oldest)
        txn->oldest = view->newer;
    if (view->newer != NULL)
        view->newer->older = view->older;
    base = view->base;
    txn->os->free(txn->os, view, xti_view_bytes(view->span_capacity));
    if (base != NULL && base != txn->space.base)
        xti_space_view_ended(txn, base);
}

xt_status xti_txn_view(struct xti_txn *txn, struct xti_view **out)
{
    xt_status status = xti_txn_check_process(txn, NULL);

    *out = NULL;
    if (status != XT_OK)
        return status;
    txn->os->mutex_lock(txn->os, txn->mutex);
    if (!txn->is_writable && !xti_watch_is_quiet(txn)) {
        status = xti_txn_load(txn, 0, NULL);
        xti_watch_settle(txn, status);
    }
    if (status == XT_OK) {
        txn->current->references++;
        txn->views_in_use++;
        *out = txn->current;
    }
    txn->os->mutex_unlock(txn->os, txn->mutex);
    return status;
}

void xti_txn_unview(struct xti_txn *txn, struct xti_view *view)
{
    txn->os->mutex_lock(txn->os, txn->mutex);
    txn->views_in_use--;
    if (!xti_kept_unview(txn, view))
        xti_view_drop(txn, view);
    txn->os->mutex_unlock(txn->os, txn->mutex);
}

uint64_t xti_txn_views_in_use(struct xti_txn *txn)
{
    uint64_t count;

    txn->os->mutex_lock(txn->os, txn->mutex);
    count = txn->views_in_use;
    txn->os->mutex_unlock(txn->os, txn->mutex);
    return count;
}
