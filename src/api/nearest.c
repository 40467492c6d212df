/* src/api/nearest.c -- nearest queries: arguments checked, then handed to the tree room.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>

#include "api/api_private.h"

static bool all_finite(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return false;
    }
    return true;
}

static bool weights_are_valid(const double *weights, uint32_t dims)
{
    for (uint32_t i = 0; i < dims; i++) {
        if (!(weights[i] >= DBL_MIN && weights[i] <= DBL_MAX))
            return false;
    }
    return true;
}

static bool options_are_valid(const xt_nearest_options *o, uint32_t dims)
{
    if (!(o->max_distance >= 0)) /* also when it is NaN */
        return false;
    switch (o->metric) {
    case XT_EUCLIDEAN:
    case XT_MAXIMUM:
        return o->weights == NULL || weights_are_valid(o->weights, dims);
    case XT_GREAT_CIRCLE:
        return dims == 2 && o->weights == NULL;
    default:
        return false;
    }
}

/* Takes and checks what both kinds of call have in common. */
static xt_status options_check(const xt_snapshot *snapshot, const xt_nearest_options *options,
                               xt_nearest_options *o, const struct xti_kernels **kernels)
{
    xt_status status = xti_options_take(o, sizeof *o, options);

    if (status != XT_OK)
        return status;
    if (snapshot == NULL || !options_are_valid(o, snapshot->view->layout->dims))
        return XT_EINVAL;
    *kernels = xti_kernels_get(o->kernel);
    return *kernels == NULL ? XT_EINVAL : XT_OK;
}

xt_status xt_query_nearest(const xt_snapshot *snapshot, const double *point,
                           const xt_nearest_options *options, xt_query **out)
{
    const struct xti_kernels *kernels;
    struct xti_nearest *query;
    xt_nearest_options o;
    xt_status status;

    if (out == NULL)
        return XT_EINVAL;
    *out = NULL;
    status = options_check(snapshot, options, &o, &kernels);
    if (status != XT_OK)
        return status;
    if (point == NULL || !all_finite(point, snapshot->view->layout->dims))
        return XT_EINVAL;
    status = xti_nearest_open(snapshot->store->os, snapshot->view, point, &o, kernels, &query);
    *out = (xt_query *)(void *)query;
    return status;
}

xt_status xt_query_next_nearest(xt_query *query, uint64_t *ids, double *distances, size_t capacity,
                                size_t *count)
{
    if (count == NULL)
        return XT_EINVAL;
    *count = 0;
    if (query == NULL || ids == NULL || capacity == 0 ||
        *(const enum xti_query_kind *)(const void *)query != XTI_QUERY_NEAREST)
        return XT_EINVAL;
    return xti_nearest_next_batch((struct xti_nearest *)(void *)query, ids, distances, capacity,
                                  count);
}

xt_status xt_nearest_many(const xt_snapshot *snapshot, const double *points, size_t count,
                          const xt_nearest_options *options, uint64_t *ids, double *distances,
                          size_t *found)
{
    struct xti_near_batch batch = {points, count, ids, distances, found, 0};
    const struct xti_kernels *kernels;
    xt_nearest_options o;
    uint64_t cells, values;
    xt_status status = options_check(snapshot, options, &o, &kernels);

    if (status != XT_OK)
        return status;
    if (o.k == 0 || !xti_mul_u64(o.k, count, &cells) || cells > SIZE_MAX / sizeof *ids)
        return XT_EINVAL;
    if (count == 0)
        return XT_OK;
    if (points == NULL || ids == NULL ||
        !xti_mul_u64(count, snapshot->view->layout->dims, &values) || !all_finite(points, values))
        return XT_EINVAL;
    return xti_nearest_many(snapshot->store->os, snapshot->view, &batch, &o, kernels);
}
