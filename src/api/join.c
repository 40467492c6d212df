/* src/api/join.c -- joins: arguments checked, then handed to the tree room.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

/* The public handle is the tree's own. */
static struct xti_join *inner(xt_join *join)
{
    return (struct xti_join *)(void *)join;
}

xt_status xt_join_open(const xt_snapshot *a, const xt_snapshot *b, const xt_join_options *options,
                       xt_join **out)
{
    const struct xti_kernels *kernels;
    struct xti_join *join;
    xt_join_options o;
    xt_status status;

    if (out == NULL)
        return XT_EINVAL;
    *out = NULL;
    status = xti_options_take(&o, sizeof o, options);
    if (status != XT_OK)
        return status;
    if (a == NULL || (b != NULL && a->view->layout->dims != b->view->layout->dims))
        return XT_EINVAL;
    kernels = xti_kernels_get(o.kernel);
    if (kernels == NULL)
        return XT_EINVAL;
    status = xti_join_open(a->store->os, a->view, b == NULL || b == a ? NULL : b->view, o.limit,
                           kernels, &join);
    *out = (xt_join *)(void *)join;
    return status;
}

xt_status xt_join_next(xt_join *join, xt_pair *pairs, size_t capacity, size_t *count)
{
    if (count == NULL)
        return XT_EINVAL;
    *count = 0;
    if (join == NULL || pairs == NULL || capacity == 0)
        return XT_EINVAL;
    return xti_join_next(inner(join), pairs, capacity, count);
}

xt_status xt_join_count(xt_join *join, uint64_t *count)
{
    if (count == NULL)
        return XT_EINVAL;
    *count = 0;
    if (join == NULL)
        return XT_EINVAL;
    return xti_join_count(inner(join), count);
}

xt_status xt_join_stats(const xt_join *join, xt_walk_stats *out)
{
    if (join == NULL || out == NULL || out->struct_size != sizeof *out)
        return XT_EINVAL;
    xti_join_stats((const struct xti_join *)(const void *)join, out);
    return XT_OK;
}

void xt_join_close(xt_join *join)
{
    if (join != NULL)
        xti_join_close(inner(join));
}
