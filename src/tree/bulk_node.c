/* src/tree/bulk_node.c -- writing finished leaves and inner nodes.
 *
 * Several threads write different nodes at the same time.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>

#include "tree/bulk.h"
#include "tree/tree_private.h"

static struct xtd_node *begin_node(const struct xti_bulk *bulk, uint32_t ref, uint32_t count,
                                   uint64_t items)
{
    struct xtd_node *node = xti_txn_at(bulk->txn, ref);

    memset(node, 0, sizeof *node); /* a block taken again holds what it held */
    xti_txn_mark(bulk->txn, node, ref);
    node->count = count;
    node->item_count = items;
    return node;
}

static void copy_f64(double *to, const char *records, size_t count, size_t bytes, uint32_t axis)
{
    for (size_t i = 0; i < count; i++)
        memcpy(&to[i], records + i * bytes + 8 + (size_t)axis * 8, sizeof *to);
}

static void copy_f32(float *to, const char *records, size_t count, size_t bytes, uint32_t axis)
{
    for (size_t i = 0; i < count; i++)
        memcpy(&to[i], records + i * bytes + 8 + (size_t)axis * 4, sizeof *to);
}

/* Smallest and largest of an array of either type. */
static void range_f64(const double *values, size_t count, double *least, double *most)
{
    double low = values[0];
    double high = values[0];

    for (size_t i = 1; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    *least = low;
    *most = high;
}

static void range_f32(const float *values, size_t count, double *least, double *most)
{
    float low = values[0];
    float high = values[0];

    for (size_t i = 1; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    *least = (double)low;
    *most = (double)high;
}

/* A leaf that is being written. */
struct leaf_work {
    const struct xti_bulk *bulk;
    const char *records;
    size_t count;
    void *coords;
};

static void fill_axis(const struct leaf_work *leaf, uint32_t axis, double *least, double *most)
{
    const struct xti_bulk *bulk = leaf->bulk;
    size_t capacity = bulk->layout->leaf_capacity;
    size_t count = leaf->count;

    if (bulk->shape.is_f32) {
        float *to = (float *)leaf->coords + axis * capacity;

        copy_f32(to, leaf->records, count, bulk->shape.bytes, axis);
        for (size_t i = count; i < capacity; i++)
            to[i] = NAN;
        range_f32(to, count, least, most);
    } else {
        double *to = (double *)leaf->coords + axis * capacity;

        copy_f64(to, leaf->records, count, bulk->shape.bytes, axis);
        for (size_t i = count; i < capacity; i++)
            to[i] = (double)NAN;
        range_f64(to, count, least, most);
    }
}

void xti_bulk_leaf(const struct xti_bulk *bulk, uint32_t ref, const char *records, size_t count,
                   double *box)
{
    const struct xti_layout *layout = bulk->layout;
    struct xtd_node *node = begin_node(bulk, ref, (uint32_t)count, count);
    const struct leaf_work leaf = {bulk, records, count, xti_leaf_coords(node)};
    double ignored;
    uint64_t *ids;

    node->capacity = layout->leaf_capacity;
    node->size_units = xti_leaf_units(layout, node->capacity);
    node->kind = layout->leaf_kind;
    for (uint32_t dim = 0; dim < layout->dims; dim++) {
        double *low = &box[(size_t)2 * dim];
        double *high = &box[(size_t)2 * dim + 1];

        if (bulk->shape.is_box) {
            fill_axis(&leaf, 2 * dim, low, &ignored);
            fill_axis(&leaf, 2 * dim + 1, &ignored, high);
        } else {
            fill_axis(&leaf, dim, low, high);
        }
    }
    ids = xti_leaf_ids(layout, node);
    for (size_t i = 0; i < count; i++)
        ids[i] = xti_record_id(records + i * bulk->shape.bytes);
    memset(ids + count, 0, (node->capacity - count) * sizeof *ids);
}

/* ---- inner nodes ----------------------------------------------------------------------------- */

static double box_value(const struct xti_bulk_inner *inner, uint32_t i, uint32_t axis)
{
    double value;

    memcpy(&value, inner->boxes + i * inner->stride + (size_t)axis * 8, sizeof value);
    return value;
}

static void find_box(const struct xti_bulk_inner *inner, uint32_t dims, double *box)
{
    for (uint32_t dim = 0; dim < dims; dim++) {
        double low = box_value(inner, 0, 2 * dim);
        double high = box_value(inner, 0, 2 * dim + 1);

        for (uint32_t i = 1; i < inner->count; i++) {
            double child_low = box_value(inner, i, 2 * dim);
            double child_high = box_value(inner, i, 2 * dim + 1);

            low = child_low < low ? child_low : low;
            high = child_high > high ? child_high : high;
        }
        box[(size_t)2 * dim] = low;
        box[(size_t)2 * dim + 1] = high;
    }
}

/* The finite part's middle: offsets to both sides are small there. */
static double middle(double low, double high)
{
    double a = low > -1e300 ? low : -1e300;
    double b = high < 1e300 ? high : 1e300;

    if (a > b) /* beyond 1e300 on one side */
        return low > 0 ? 1e300 : -1e300;
    if (low < -1e300 && high <= 1e300)
        return b;
    if (high > 1e300 && low >= -1e300)
        return a;
    return a * 0.5 + b * 0.5;
}

/* The load's common origin where offsets from it are precise enough for this node: a query then
 * moves its window only once. */
static void choose_origin(const struct xti_bulk *bulk, double *origin, const double *box)
{
    for (uint32_t dim = 0; dim < bulk->layout->dims; dim++) {
        const double low = box[(size_t)2 * dim];
        const double high = box[(size_t)2 * dim + 1];

        if (bulk->has_origin && xti_origin_fits(&low, &high, &bulk->origin[dim], 1))
            origin[dim] = bulk->origin[dim];
        else
            origin[dim] = middle(low, high);
    }
}

/* Stores the children's boxes; `box` becomes what they cover as stored, so that a parent's box
 * holds not only the items but every box below it. */
static void fill_boxes(const struct xti_bulk *bulk, const struct xti_bulk_inner *inner,
                       struct xtd_node *node, double *box)
{
    const double *origin = xti_inner_origin_const(node);
    float *boxes = xti_inner_boxes(bulk->layout, node);

    for (uint32_t dim = 0; dim < bulk->layout->dims; dim++) {
        float *low = boxes + (size_t)2 * dim * node->capacity;
        float *high = low + node->capacity;
        float least = INFINITY;
        float most = -INFINITY;

        for (uint32_t i = 0; i < inner->count; i++) {
            low[i] = xti_offset_down(box_value(inner, i, 2 * dim), origin[dim]);
            high[i] = xti_offset_up(box_value(inner, i, 2 * dim + 1), origin[dim]);
            least = low[i] < least ? low[i] : least;
            most = high[i] > most ? high[i] : most;
        }
        box[(size_t)2 * dim] = xti_sum_down(origin[dim], (double)least);
        box[(size_t)2 * dim + 1] = xti_sum_up(origin[dim], (double)most);
        for (uint32_t i = inner->count; i < node->capacity; i++) {
            low[i] = NAN;
            high[i] = NAN;
        }
    }
}

void xti_bulk_inner(const struct xti_bulk *bulk, const struct xti_bulk_inner *inner, double *box)
{
    const struct xti_layout *layout = bulk->layout;
    struct xtd_node *node = begin_node(bulk, inner->ref, inner->count, inner->items);
    uint32_t *refs;

    node->capacity = layout->inner_capacity;
    node->size_units = xti_inner_units(layout, node->capacity);
    node->kind = XTD_INNER;
    node->level = inner->level;
    memset(node + 1, 0, layout->inner_boxes_offset - sizeof *node); /* the gap behind the origin */
    find_box(inner, layout->dims, box);
    choose_origin(bulk, xti_inner_origin(node), box);
    fill_boxes(bulk, inner, node, box);
    refs = xti_inner_refs(layout, node);
    memcpy(refs, inner->refs, inner->count * sizeof *refs);
    memset(refs + inner->count, 0, (node->capacity - inner->count) * sizeof *refs);
}
