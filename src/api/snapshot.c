/* src/api/snapshot.c -- snapshots and what they tell without a query; checking a store.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

static xt_status make_snapshot(xt_store *store, xt_snapshot **out)
{
    *out = xti_alloc_zeroed(store->os, sizeof **out);
    if (*out == NULL)
        return XT_ENOMEM;
    (*out)->store = store;
    return XT_OK;
}

static xt_status give_snapshot(xt_snapshot *snapshot, xt_status status, xt_snapshot **out)
{
    if (status == XT_OK)
        *out = snapshot;
    else
        snapshot->store->os->free(snapshot->store->os, snapshot, sizeof *snapshot);
    return status;
}

xt_status xt_snapshot_latest(xt_store *store, xt_snapshot **out)
{
    xt_snapshot *snapshot;
    xt_status status;

    if (out == NULL)
        return XT_EINVAL;
    *out = NULL;
    if (store == NULL)
        return XT_EINVAL;
    status = make_snapshot(store, &snapshot);
    if (status != XT_OK)
        return status;
    return give_snapshot(snapshot, xti_txn_view(store->txn, &snapshot->view), out);
}

xt_status xt_snapshot_open(xt_store *store, uint64_t number, xt_error *error, xt_snapshot **out)
{
    xt_snapshot *snapshot;
    xt_status status;

    if (out != NULL)
        *out = NULL;
    if (out == NULL || store == NULL)
        return xti_report(error, XT_EINVAL, NULL, NULL, XTI_NO_OFFSET, "an argument is NULL");
    status = make_snapshot(store, &snapshot);
    if (status != XT_OK)
        return xti_report(error, status, xti_txn_path(store->txn), NULL, XTI_NO_OFFSET,
                          "memory for the handle");
    return give_snapshot(snapshot, xti_txn_view_kept(store->txn, number, error, &snapshot->view),
                         out);
}

void xt_snapshot_release(xt_snapshot *snapshot)
{
    const struct xti_os *os;

    if (snapshot == NULL)
        return;
    os = snapshot->store->os;
    xti_txn_unview(snapshot->store->txn, snapshot->view); /* the store may be closed now */
    os->free(os, snapshot, sizeof *snapshot);
}

uint64_t xt_snapshot_count(const xt_snapshot *snapshot)
{
    return snapshot == NULL ? 0 : snapshot->view->item_count;
}

uint64_t xt_snapshot_txn(const xt_snapshot *snapshot)
{
    return snapshot == NULL ? 0 : snapshot->view->txn;
}

xt_status xt_snapshot_bounds(const xt_snapshot *snapshot, double *low, double *high)
{
    if (snapshot == NULL || low == NULL || high == NULL)
        return XT_EINVAL;
    return xti_tree_bounds(snapshot->store->os, snapshot->view, low, high);
}

xt_status xt_snapshot_stats(const xt_snapshot *snapshot, xt_tree_stats *out)
{
    if (snapshot == NULL || out == NULL || out->struct_size != sizeof *out)
        return XT_EINVAL;
    return xti_tree_stats(snapshot->store->os, snapshot->view, out);
}

xt_status xt_snapshot_nodes(const xt_snapshot *snapshot, uint32_t min_level, xt_node_fn *visit,
                            void *context)
{
    if (snapshot == NULL || visit == NULL)
        return XT_EINVAL;
    return xti_tree_nodes(snapshot->store->os, snapshot->view, min_level, visit, context);
}

/* A node's place in the address space, told as the file that holds it and the offset there. */
static xt_status report_node(struct xti_txn *txn, const struct xti_verify_report *found,
                             xt_error *error)
{
    uint64_t at = (uint64_t)found->bad_ref * 64 + found->finding.offset;
    xt_arena_stats arena = {0};
    const char *file = NULL;

    for (uint64_t i = 0; xti_txn_arena_stats(txn, i, &arena) == XT_OK; i++) {
        if (at < arena.first_byte || at - arena.first_byte >= arena.range_bytes)
            continue;
        at -= arena.first_byte;
        file = arena.file;
        break;
    }
    return xti_report(error, XT_ECORRUPT, xti_txn_path(txn), file, at, found->finding.what);
}

static xt_status check_tree(struct xti_txn *txn, const struct xti_os *os,
                            const struct xti_view *view, xt_check_report *report, xt_error *error)
{
    struct xti_verify_report found = {0};
    xt_status status = xti_tree_verify(os, view, xti_txn_has_files(txn), &found);

    report->nodes = found.nodes;
    report->leaves = found.leaves;
    report->items = found.items;
    report->bytes_hashed += found.units * 64;
    if (status == XT_ECORRUPT)
        return report_node(txn, &found, error);
    if (status != XT_OK)
        return xti_report(error, status, xti_txn_path(txn), NULL, XTI_NO_OFFSET, "check the tree");
    return XT_OK;
}

static xt_status check_newest_tree(xt_store *store, xt_check_report *report, xt_error *error)
{
    struct xti_view *view;
    xt_status status = xti_txn_view(store->txn, &view);

    if (status != XT_OK)
        return xti_report(error, status, xti_txn_path(store->txn), NULL, XTI_NO_OFFSET,
                          "take a snapshot");
    status = check_tree(store->txn, store->os, view, report, error);
    xti_txn_unview(store->txn, view);
    return status;
}

/* Takes the caller's options and looks at the other arguments. */
static xt_status take_check(const void *handle, const xt_check_options *options,
                            const xt_check_report *report, xt_check_options *out)
{
    xt_status status = xti_options_take(out, sizeof *out, options);

    if (status != XT_OK)
        return status;
    if (handle == NULL || (report != NULL && report->struct_size != sizeof *report))
        return XT_EINVAL;
    xti_report_clear(out->error);
    return XT_OK;
}

xt_status xt_store_check(xt_store *store, const xt_check_options *options, xt_check_report *report)
{
    xt_check_report result = XT_CHECK_REPORT_INIT;
    xt_check_options o;
    xt_status status = take_check(store, options, report, &o);

    if (status != XT_OK)
        return status;
    status = xti_txn_check(store->txn, o.deep, &result.bytes_hashed, o.error);
    if (status == XT_OK && o.deep)
        status = check_newest_tree(store, &result, o.error);
    if (report != NULL)
        *report = result;
    return status;
}

xt_status xt_snapshot_check(const xt_snapshot *snapshot, const xt_check_options *options,
                            xt_check_report *report)
{
    xt_check_report result = XT_CHECK_REPORT_INIT;
    xt_check_options o;
    struct xti_txn *shown_by;
    xt_status status = take_check(snapshot, options, report, &o);

    if (status != XT_OK)
        return status;
    shown_by = xti_txn_shown_by(snapshot->store->txn, snapshot->view);
    if (shown_by != snapshot->store->txn)
        status = xti_txn_check(shown_by, o.deep, &result.bytes_hashed, o.error);
    if (status == XT_OK && o.deep)
        status = check_tree(shown_by, snapshot->store->os, snapshot->view, &result, o.error);
    if (report != NULL)
        *report = result;
    return status;
}
