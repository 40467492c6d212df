/* src/api/query.c -- queries: arguments checked, then handed to the tree room.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "api/api_private.h"

/* The public handle is the tree's own query, of one kind or another. */
static enum xti_query_kind kind_of(const xt_query *query)
{
    return *(const enum xti_query_kind *)(const void *)query;
}

static struct xti_window_query *window_query(xt_query *query)
{
    return (struct xti_window_query *)(void *)query;
}

static struct xti_windows_query *windows_query(xt_query *query)
{
    return (struct xti_windows_query *)(void *)query;
}

static struct xti_nearest *nearest_query(xt_query *query)
{
    return (struct xti_nearest *)(void *)query;
}

static bool condition_is_valid(xt_predicate predicate, const double *window, uint32_t dims)
{
    return window != NULL && (unsigned)predicate <= XT_DISJOINT &&
           xti_window_is_valid(window, dims);
}

static bool also_is_valid(const xt_query_options *options, uint32_t dims)
{
    if (options->also == NULL)
        return options->also_count == 0;
    for (size_t i = 0; i < options->also_count; i++) {
        if (!condition_is_valid(options->also[i].predicate, options->also[i].window, dims))
            return false;
    }
    return true;
}

/* Takes the caller's options and finds the kernels. */
static xt_status options_take(const xt_snapshot *snapshot, const xt_query_options *from,
                              xt_query_options *to, const struct xti_kernels **kernels)
{
    xt_status status = xti_options_take(to, sizeof *to, from);

    if (status != XT_OK)
        return status;
    if (snapshot == NULL || !also_is_valid(to, snapshot->view->layout->dims))
        return XT_EINVAL;
    *kernels = xti_kernels_get(to->kernel);
    return *kernels == NULL ? XT_EINVAL : XT_OK;
}

xt_status xt_query_window(const xt_snapshot *snapshot, const double *window,
                          const xt_query_options *options, xt_query **out)
{
    const struct xti_kernels *kernels;
    struct xti_window_query *query;
    xt_query_options o;
    xt_status status;

    if (out == NULL)
        return XT_EINVAL;
    *out = NULL;
    status = options_take(snapshot, options, &o, &kernels);
    if (status != XT_OK)
        return status;
    if (!condition_is_valid(o.predicate, window, snapshot->view->layout->dims))
        return XT_EINVAL;
    status = xti_window_open(snapshot->store->os, snapshot->view, window, &o, kernels, &query);
    *out = (xt_query *)(void *)query;
    return status;
}

xt_status xt_query_covers(const xt_snapshot *snapshot, const double *point,
                          const xt_query_options *options, xt_query **out)
{
    double window[2 * XT_DIMS_MAX];
    xt_query_options o;
    xt_status status;
    size_t dims;

    if (out == NULL)
        return XT_EINVAL;
    *out = NULL;
    status = xti_options_take(&o, sizeof o, options);
    if (status != XT_OK)
        return status;
    if (snapshot == NULL || point == NULL ||
        (o.predicate != (xt_predicate)0 && o.predicate != XT_CONTAINS))
        return XT_EINVAL;
    dims = snapshot->view->layout->dims;
    memcpy(window, point, dims * sizeof *point);
    memcpy(window + dims, point, dims * sizeof *point);
    o.struct_size = sizeof o;
    o.predicate = XT_CONTAINS;
    status = xt_query_window(snapshot, window, &o, out);
    if (status == XT_OK)
        xti_window_take_points(window_query(*out));
    return status;
}

/* ---- many windows --------------------------------------------------------------------------- */

static bool windows_are_valid(const double *windows, size_t count, uint32_t dims)
{
    if (windows == NULL)
        return count == 0;
    for (size_t i = 0; i < count; i++) {
        if (!xti_window_is_valid(windows + i * 2 * dims, dims))
            return false;
    }
    return true;
}

static xt_status windows_open(const xt_snapshot *snapshot, const struct xti_window_rows *rows,
                              const xt_query_options *options, struct xti_windows_query **out)
{
    const struct xti_kernels *kernels;
    xt_query_options o;
    xt_status status = options_take(snapshot, options, &o, &kernels);

    if (status != XT_OK)
        return status;
    if ((unsigned)o.predicate > XT_DISJOINT ||
        !windows_are_valid(rows->windows, rows->count, snapshot->view->layout->dims))
        return XT_EINVAL;
    return xti_windows_open(snapshot->store->os, snapshot->view, rows, &o, kernels, out);
}

xt_status xt_query_windows(const xt_snapshot *snapshot, const double *windows, size_t count,
                           const xt_query_options *options, xt_query **out)
{
    const struct xti_window_rows rows = {windows, count};
    struct xti_windows_query *query = NULL;
    xt_status status;

    if (out == NULL)
        return XT_EINVAL;
    status = windows_open(snapshot, &rows, options, &query);
    *out = (xt_query *)(void *)query;
    return status;
}

xt_status xt_query_next_tagged(xt_query *query, uint64_t *ids, size_t *windows, size_t capacity,
                               size_t *count)
{
    if (count == NULL)
        return XT_EINVAL;
    *count = 0;
    if (query == NULL || ids == NULL || windows == NULL || capacity == 0)
        return XT_EINVAL;
    if (kind_of(query) != XTI_QUERY_WINDOWS)
        return XT_EMISUSE;
    return xti_windows_next(windows_query(query), ids, windows, capacity, count);
}

xt_status xt_count_windows(const xt_snapshot *snapshot, const double *windows, size_t count,
                           const xt_query_options *options, uint64_t *counts)
{
    const struct xti_window_rows rows = {windows, count};
    struct xti_windows_query *query;
    uint64_t total;
    xt_status status;

    if (counts == NULL)
        return XT_EINVAL;
    memset(counts, 0, count * sizeof *counts);
    status = windows_open(snapshot, &rows, options, &query);
    if (status != XT_OK)
        return status;
    status = xti_windows_count(query, counts, &total);
    xti_windows_close(query);
    if (status != XT_OK)
        memset(counts, 0, count * sizeof *counts);
    return status;
}

/* ---- queries of all kinds ------------------------------------------------------------------- */

xt_status xt_query_restart(xt_query *query, const double *where)
{
    if (query == NULL || where == NULL)
        return XT_EINVAL;
    switch (kind_of(query)) {
    case XTI_QUERY_WINDOW:
        return xti_window_restart(window_query(query), where);
    case XTI_QUERY_NEAREST:
        return xti_nearest_restart(nearest_query(query), where);
    case XTI_QUERY_WINDOWS:
        break;
    }
    return XT_EMISUSE;
}

xt_status xt_query_next(xt_query *query, xt_item *item)
{
    if (query == NULL || item == NULL)
        return XT_EINVAL;
    switch (kind_of(query)) {
    case XTI_QUERY_WINDOW:
        return xti_window_next(window_query(query), item);
    case XTI_QUERY_NEAREST:
        return xti_nearest_next(nearest_query(query), item);
    case XTI_QUERY_WINDOWS:
        break;
    }
    *item = (xt_item){.id = 0};
    return XT_EMISUSE;
}

xt_status xt_query_next_batch(xt_query *query, uint64_t *ids, size_t capacity, size_t *count)
{
    if (count == NULL)
        return XT_EINVAL;
    *count = 0;
    if (query == NULL || ids == NULL || capacity == 0)
        return XT_EINVAL;
    switch (kind_of(query)) {
    case XTI_QUERY_WINDOWS:
        return xti_windows_next(windows_query(query), ids, NULL, capacity, count);
    case XTI_QUERY_NEAREST:
        return xti_nearest_next_batch(nearest_query(query), ids, NULL, capacity, count);
    case XTI_QUERY_WINDOW:
        break;
    }
    return xti_window_next_batch(window_query(query), ids, capacity, count);
}

xt_status xt_query_count(xt_query *query, uint64_t *count)
{
    if (count == NULL)
        return XT_EINVAL;
    *count = 0;
    if (query == NULL)
        return XT_EINVAL;
    switch (kind_of(query)) {
    case XTI_QUERY_WINDOWS:
        return xti_windows_count(windows_query(query), NULL, count);
    case XTI_QUERY_NEAREST:
        return xti_nearest_count(nearest_query(query), count);
    case XTI_QUERY_WINDOW:
        break;
    }
    return xti_window_count(window_query(query), count);
}

xt_status xt_query_stats(const xt_query *query, xt_walk_stats *out)
{
    if (query == NULL || out == NULL || out->struct_size != sizeof *out)
        return XT_EINVAL;
    switch (kind_of(query)) {
    case XTI_QUERY_WINDOW:
        xti_window_stats((const struct xti_window_query *)(const void *)query, out);
        break;
    case XTI_QUERY_WINDOWS:
        xti_windows_stats((const struct xti_windows_query *)(const void *)query, out);
        break;
    case XTI_QUERY_NEAREST:
        xti_nearest_stats((const struct xti_nearest *)(const void *)query, out);
        break;
    }
    return XT_OK;
}

void xt_query_close(xt_query *query)
{
    if (query == NULL)
        return;
    switch (kind_of(query)) {
    case XTI_QUERY_WINDOW:
        xti_window_close(window_query(query));
        break;
    case XTI_QUERY_WINDOWS:
        xti_windows_close(windows_query(query));
        break;
    case XTI_QUERY_NEAREST:
        xti_nearest_close(nearest_query(query));
        break;
    }
}
