/* src/api/query.c -- queries: arguments checked, then handed to the tree room.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

/* The only kind of query is the window query, so the public handle is the tree's own. */
static struct xti_window_query *inner(xt_query *query)
{
    return (struct xti_window_query *)(void *)query;
}

static bool window_is_valid(const double *window, uint32_t dims)
{
    for (uint32_t i = 0; i < dims; i++) {
        if (!(window[i] <= window[dims + i])) /* also when one of them is NaN */
            return false;
    }
    return true;
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
    status = xti_options_take(&o, sizeof o, options);
    if (status != XT_OK)
        return status;
    if (snapshot == NULL || window == NULL ||
        !window_is_valid(window, snapshot->view->layout->dims) ||
        (o.predicate != XT_INTERSECTS && o.predicate != XT_WITHIN))
        return XT_EINVAL;
    kernels = xti_kernels_get(o.kernel);
    if (kernels == NULL)
        return XT_EINVAL;
    status = xti_window_open(snapshot->store->os, snapshot->view, window, o.predicate, o.limit,
                             kernels, &query);
    *out = (xt_query *)(void *)query;
    return status;
}

xt_status xt_query_next(xt_query *query, xt_item *item)
{
    if (query == NULL || item == NULL)
        return XT_EINVAL;
    return xti_window_next(inner(query), item);
}

xt_status xt_query_next_batch(xt_query *query, uint64_t *ids, size_t capacity, size_t *count)
{
    if (count == NULL)
        return XT_EINVAL;
    *count = 0;
    if (query == NULL || ids == NULL || capacity == 0)
        return XT_EINVAL;
    return xti_window_next_batch(inner(query), ids, capacity, count);
}

xt_status xt_query_count(xt_query *query, uint64_t *count)
{
    if (count == NULL)
        return XT_EINVAL;
    *count = 0;
    if (query == NULL)
        return XT_EINVAL;
    return xti_window_count(inner(query), count);
}

xt_status xt_query_stats(const xt_query *query, xt_walk_stats *out)
{
    if (query == NULL || out == NULL || out->struct_size != sizeof *out)
        return XT_EINVAL;
    xti_window_stats((const struct xti_window_query *)(const void *)query, out);
    return XT_OK;
}

void xt_query_close(xt_query *query)
{
    if (query != NULL)
        xti_window_close(inner(query));
}
