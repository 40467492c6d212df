/* src/api/copy.c -- copies of snapshots: packed anew, or by links.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

#include <math.h>

#define MEMORY_LIMIT_DEFAULT (UINT64_C(64) << 20)
#define MEMORY_LIMIT_MIN (UINT64_C(16) << 20)

/* Gives all items of a view to a loader. */
static xt_status items_add(const xt_snapshot *snapshot, struct xti_loader *loader)
{
    xt_query_options options = XT_QUERY_OPTIONS_INIT;
    uint32_t dims = snapshot->view->layout->dims;
    double window[2 * XT_DIMS_MAX];
    struct xti_window_query *query;
    xt_status status;
    xt_item item;

    for (uint32_t i = 0; i < 2 * dims; i++)
        window[i] = i < dims ? (double)-INFINITY : (double)INFINITY;
    status = xti_window_open(snapshot->store->os, snapshot->view, window, &options,
                             xti_kernels_get(XT_KERNEL_BEST), &query);
    if (status != XT_OK)
        return status;
    while (status == XT_OK) {
        status = xti_window_next(query, &item);
        if (status == XT_OK)
            status = xti_loader_add(loader, item.id, item.low, item.high);
    }
    xti_window_close(query);
    return status == XT_DONE ? XT_OK : status;
}

static xt_status items_load(const xt_snapshot *snapshot, struct xti_txn *copy,
                            const xt_copy_options *o)
{
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;
    struct xti_loader *loader;
    xt_status status;

    options.memory_limit = o->memory_limit != 0 ? o->memory_limit : MEMORY_LIMIT_DEFAULT;
    options.progress = o->progress;
    options.progress_context = o->progress_context;
    options.error = o->error;
    status = xti_loader_open(copy, NULL, &options, &loader);
    if (status != XT_OK)
        return status;
    status = items_add(snapshot, loader);
    if (status == XT_OK)
        return xti_loader_finish(loader);
    xti_loader_cancel(loader);
    return status;
}

static xt_status copy_packed(const xt_snapshot *snapshot, const char *path,
                             const xt_copy_options *o)
{
    struct xti_txn *from = snapshot->store->txn;
    xt_store_stats stats = {0};
    struct xti_txn *copy;
    xt_status status;

    xti_txn_stats(from, &stats);
    status = xti_txn_create_hidden(snapshot->store->os, path, xti_txn_schema(from),
                                   stats.window_bytes, o->error, &copy);
    if (status != XT_OK)
        return status;
    status = items_load(snapshot, copy, o);
    if (status != XT_OK)
        (void)xti_report(o->error, status, path, NULL, XTI_NO_OFFSET, "copy the items");
    if (status == XT_OK)
        status = xti_txn_commit(copy, o->error);
    if (status == XT_OK)
        status = xti_txn_show(copy, o->error);
    xti_txn_close(copy); /* removes what is still hidden */
    return status;
}

xt_status xt_snapshot_copy(const xt_snapshot *snapshot, const char *path,
                           const xt_copy_options *options)
{
    xt_copy_options o;
    xt_status status;

    status = xti_options_take(&o, sizeof o, options);
    if (status != XT_OK)
        return status;
    if (snapshot == NULL || path == NULL || path[0] == '\0' ||
        (o.memory_limit != 0 && o.memory_limit < MEMORY_LIMIT_MIN))
        return xti_report(o.error, XT_EINVAL, path, NULL, XTI_NO_OFFSET,
                          "a snapshot, a path, and a memory limit of 16 MiB at least");
    xti_report_clear(o.error);
    status = o.links ? xti_txn_copy_links(snapshot->store->txn, snapshot->view, path, o.error)
                     : copy_packed(snapshot, path, &o);
    if (status != XT_EBROKEN)
        return status;
    if (o.error != NULL) /* there is no handle that could be broken */
        o.error->status = XT_EIO;
    return XT_EIO;
}
