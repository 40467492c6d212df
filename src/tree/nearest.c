/* src/tree/nearest.c -- nearest neighbours: opening, and giving items or ids.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>

#include "tree/nearest_private.h"
#include "tree/tree_private.h"

/* Frames that lie in the query's own allocation: a search for ten neighbours seldom needs more. */
#define NODE_FRAMES 16u
#define LEAF_FRAMES 16u

/* Longer nodes are left to the processor's own prefetching, which sees sequential reads. */
#define AHEAD_LINES_MAX 32u

/* ---- opening ------------------------------------------------------------------------------- */

static uint32_t at_most(uint64_t value, uint32_t most)
{
    return value < most ? (uint32_t)value : most;
}

static void sizes_set(struct xti_nearest *query)
{
    const struct xti_layout *layout = query->layout;
    uint64_t head_lines = layout->inner_boxes_offset / XTD_UNIT_BYTES;
    uint64_t box_lines = (uint64_t)layout->inner_capacity / 16 * (2 * layout->dims + 1);
    uint64_t coord_lines =
        (uint64_t)layout->leaf_capacity / 16 * layout->leaf_axes * layout->coord_bytes / 4;

    query->inner_slots = at_most(layout->inner_capacity, XTI_NEAREST_SLOTS);
    query->leaf_slots = at_most(layout->leaf_capacity, XTI_NEAREST_SLOTS);
    query->inner_lines = at_most(head_lines + box_lines, AHEAD_LINES_MAX);
    query->leaf_lines = at_most(1 + coord_lines, AHEAD_LINES_MAX);
    query->node_pool.frame_bytes =
        sizeof(struct xti_near_node) + query->inner_slots * sizeof(int32_t);
    query->node_pool.entry_bytes = sizeof(uint64_t);
    query->node_pool.capacity = NODE_FRAMES;
    query->leaf_pool.frame_bytes =
        sizeof(struct xti_near_leaf) + query->leaf_slots * sizeof(double);
    query->leaf_pool.entry_bytes = sizeof(struct xti_near_item);
    query->leaf_pool.capacity = LEAF_FRAMES;
}

/* Behind the struct: doubles point, origin, item_low, item_high, weights, best; the leaf frames,
 * the inner frames; floats below, above, weights_f32, and one array that nobody reads. */
static size_t tail_bytes(const struct xti_nearest *query)
{
    size_t dims = query->layout->dims;

    return (5 * dims + query->best_capacity) * sizeof(double) + 4 * dims * sizeof(float) +
           xti_near_pool_bytes(&query->leaf_pool, LEAF_FRAMES) +
           xti_near_pool_bytes(&query->node_pool, NODE_FRAMES);
}

static void arrays_set(struct xti_nearest *query)
{
    size_t dims = query->layout->dims;
    double *doubles = (double *)(void *)(query + 1);
    char *leaf_memory = (char *)(doubles + 5 * dims + query->best_capacity);
    char *node_memory = leaf_memory + xti_near_pool_bytes(&query->leaf_pool, LEAF_FRAMES);
    float *floats =
        (float *)(void *)(node_memory + xti_near_pool_bytes(&query->node_pool, NODE_FRAMES));

    query->leaf_pool.memory = leaf_memory;
    query->node_pool.memory = node_memory;
    query->point = doubles;
    query->origin = doubles + dims;
    query->item_low = doubles + 2 * dims;
    query->item_high = doubles + 3 * dims;
    query->best = doubles + 5 * dims;
    if (query->layout->leaf_kind == XTD_LEAF_POINTS)
        query->item_high = query->item_low;
    query->below = floats;
    query->above = floats + dims;
    query->unused_f32 = floats + 3 * dims;
}

static void near_set(struct xti_nearest *query, const double *weights)
{
    uint32_t dims = query->layout->dims;
    double *weights_f64 = query->point + 4 * (size_t)dims;
    float *weights_f32 = query->below + 2 * (size_t)dims;

    for (uint32_t axis = 0; axis < dims; axis++)
        weights_f32[axis] = weights == NULL ? 1.0f : xti_near_weight(weights[axis]);
    if (weights != NULL)
        memcpy(weights_f64, weights, dims * sizeof *weights);
    query->near = (struct xti_near){
        .point = query->point,
        .weights = weights == NULL ? NULL : weights_f64,
        .weights_f32 = weights_f32,
        .below = query->below,
        .above = query->above,
        .shrink = xti_near_shrink(dims),
        .slack = xti_near_slack(weights_f32, dims),
        .is_maximum = query->metric == XT_MAXIMUM,
    };
}

static void leaf_kernel_set(struct xti_nearest *query)
{
    const struct xti_kernels *kernels = query->kernels;
    bool is_f64 = query->layout->coord_bytes == sizeof(double);

    if (query->layout->leaf_kind == XTD_LEAF_POINTS)
        query->leaf_near = is_f64 ? kernels->points_near_f64 : kernels->points_near_f32;
    else
        query->leaf_near = is_f64 ? kernels->boxes_near_f64 : kernels->boxes_near_f32;
}

void xti_nearest_begin(struct xti_nearest *query, const double *point)
{
    memcpy(query->point, point, query->layout->dims * sizeof *point);
    if (query->metric == XT_GREAT_CIRCLE)
        xti_sphere_set(&query->sphere, point);
    query->status = XT_OK;
    query->is_started = false;
    query->knows_origin = false;
    query->left = query->k;
    query->nodes = query->leaves = query->lines = query->items = 0;
    xti_near_cut_start(query);
    query->visits_left = query->view->unit_count;
    query->node_pool.made = query->node_pool.free_count = query->node_pool.heap_count = 0;
    query->leaf_pool.made = query->leaf_pool.free_count = query->leaf_pool.heap_count = 0;
}

xt_status xti_nearest_open(const struct xti_os *os, const struct xti_view *view,
                           const double *point, const xt_nearest_options *options,
                           const struct xti_kernels *kernels, struct xti_nearest **out)
{
    struct xti_nearest start = {
        .query_kind = XTI_QUERY_NEAREST,
        .os = os,
        .view = view,
        .layout = view->layout,
        .kernels = kernels,
        .asks_ahead = true,
        .must_resolve = options->filter != NULL || options->distance != NULL ||
                        options->metric == XT_GREAT_CIRCLE,
        .metric = options->metric,
        .max_distance = options->max_distance > 0 ? options->max_distance : (double)INFINITY,
        .k = options->k == 0 ? UINT64_MAX : options->k,
        .filter = options->filter,
        .filter_context = options->filter_context,
        .distance = options->distance,
        .distance_context = options->distance_context,
    };
    struct xti_nearest *query;

    *out = NULL;
    sizes_set(&start);
    if (!start.must_resolve && start.k <= XTI_NEAR_BEST_MAX &&
        view->layout->dims >= XTI_NEAR_BEST_DIMS)
        start.best_capacity = (uint32_t)start.k;
    start.bytes = sizeof start + tail_bytes(&start);
    query = os->alloc(os, start.bytes);
    if (query == NULL)
        return XT_ENOMEM;
    *query = start;
    arrays_set(query);
    near_set(query, options->weights);
    leaf_kernel_set(query);
    xti_nearest_begin(query, point);
    *out = query;
    return XT_OK;
}

xt_status xti_nearest_restart(struct xti_nearest *query, const double *point)
{
    for (uint32_t axis = 0; axis < query->layout->dims; axis++) {
        if (!isfinite(point[axis]))
            return XT_EINVAL;
    }
    xti_nearest_begin(query, point);
    return XT_OK;
}

void xti_nearest_close(struct xti_nearest *query)
{
    if (query == NULL)
        return;
    xti_near_pool_release(&query->node_pool, query->os);
    xti_near_pool_release(&query->leaf_pool, query->os);
    query->os->free(query->os, query, query->bytes);
}

void xti_nearest_stats(const struct xti_nearest *query, xt_walk_stats *out)
{
    out->nodes = query->nodes;
    out->leaves = query->leaves;
    out->lines = query->lines;
    out->items = query->items;
}

/* ---- giving -------------------------------------------------------------------------------- */

void xti_nearest_coords(const struct xti_nearest *query, const struct xti_near_found *found)
{
    const struct xti_layout *layout = query->layout;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        size_t low = xti_leaf_side(layout, found->leaf, axis, false);
        size_t high = xti_leaf_side(layout, found->leaf, axis, true);

        query->item_low[axis] = xti_leaf_value(layout, found->leaf, low + found->slot);
        query->item_high[axis] = xti_leaf_value(layout, found->leaf, high + found->slot);
    }
}

/* Goes on until the least item is next. */
static bool item_find(struct xti_nearest *query)
{
    enum xti_near_step step;

    do {
        step = xti_nearest_step(query);
    } while (step == XTI_NEAR_NODE);
    return step == XTI_NEAR_ITEM;
}

xt_status xti_nearest_next(struct xti_nearest *query, xt_item *item)
{
    struct xti_near_found found;

    if (!item_find(query)) {
        *item = (xt_item){0};
        return query->status;
    }
    found = xti_nearest_least(query);
    xti_nearest_coords(query, &found);
    *item = (xt_item){found.id, query->item_low, query->item_high, found.distance};
    xti_nearest_take(query);
    return XT_OK;
}

xt_status xti_nearest_next_batch(struct xti_nearest *query, uint64_t *ids, double *distances,
                                 size_t capacity, size_t *count)
{
    size_t total = 0;

    for (; total < capacity && item_find(query); total++) {
        struct xti_near_found found = xti_nearest_least(query);

        ids[total] = found.id;
        if (distances != NULL)
            distances[total] = found.distance;
        xti_nearest_take(query);
    }
    *count = total;
    return total > 0 ? XT_OK : query->status;
}

xt_status xti_nearest_count(struct xti_nearest *query, uint64_t *count)
{
    *count = 0;
    while (item_find(query)) {
        xti_nearest_take(query);
        ++*count;
    }
    if (query->status == XT_DONE)
        return XT_OK;
    *count = 0;
    return query->status;
}
