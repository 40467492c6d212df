/* src/tree/entries.c -- the entries of nodes that are divided: gathered, written into halves.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/entries.h"

#include <float.h>
#include <string.h>

#include "tree/edit.h"

/* ---- memory ------------------------------------------------------------------------------- */

static size_t values_bytes(const struct xti_layout *layout)
{
    size_t leaf = (size_t)layout->leaf_axes * layout->coord_bytes;
    size_t inner = (size_t)2 * layout->dims * sizeof(float);

    return leaf > inner ? leaf : inner;
}

static void entries_arrays(struct xti_entries *entries, const struct xti_layout *layout)
{
    size_t n = entries->capacity;
    size_t sides = (size_t)2 * layout->dims * n;
    char *at = entries->memory;

    entries->weights = (double *)(void *)at;
    at += n * sizeof *entries->weights;
    entries->ids = (uint64_t *)(void *)at;
    at += n * sizeof *entries->ids;
    entries->values = at;
    at += n * values_bytes(layout);
    entries->sides = (float *)(void *)at;
    entries->before = entries->sides + sides;
    entries->after = entries->before + sides;
    entries->edges = entries->after + sides;
    entries->shared = entries->edges + n;
    entries->volume = entries->shared + n;
    entries->least = entries->volume + n;
    entries->flat = entries->least + n;
    entries->refs = (uint32_t *)(void *)(entries->flat + n);
    entries->ranks = entries->refs + n;
    entries->order = entries->ranks + n;
    entries->axis_order = entries->order + n;
    entries->best_order = entries->axis_order + n;
    entries->weighed = 0;
}

xt_status xti_entries_fit(struct xti_writer *writer, uint32_t count)
{
    struct xti_entries *entries = &writer->entries;
    const struct xti_layout *layout = writer->layout;
    size_t each = sizeof(double) + sizeof(uint64_t) + 5 * sizeof(uint32_t) + values_bytes(layout) +
                  ((size_t)6 * layout->dims + 5) * sizeof(float);
    uint32_t capacity = (uint32_t)xti_round_up(count + XTI_ENTRIES_SPARE, 16);
    void *memory;

    if (xti_entries_hold(entries, count))
        return XT_OK;
    memory = xti_alloc_zeroed(writer->os, capacity * each);
    if (memory == NULL)
        return XT_ENOMEM;
    if (entries->memory != NULL)
        writer->os->free(writer->os, entries->memory, entries->bytes);
    entries->memory = memory;
    entries->bytes = capacity * each;
    entries->capacity = capacity;
    entries_arrays(entries, layout);
    return XT_OK;
}

/* ---- gathering ---------------------------------------------------------------------------- */

static size_t value_bytes(const struct xti_layout *layout, bool is_leaf)
{
    return is_leaf ? layout->coord_bytes : sizeof(float);
}

static uint32_t value_axes(const struct xti_layout *layout, bool is_leaf)
{
    return is_leaf ? layout->leaf_axes : 2 * layout->dims;
}

void xti_entries_take(struct xti_writer *writer, const struct xtd_node *node, bool is_first)
{
    const struct xti_layout *layout = writer->layout;
    struct xti_entries *entries = &writer->entries;
    bool is_leaf = node->level == 0;
    size_t bytes = value_bytes(layout, is_leaf);
    const char *from = is_leaf ? (const char *)xti_leaf_coords_const(node)
                               : (const char *)xti_inner_boxes_const(layout, node);

    if (is_first) {
        entries->count = 0;
        entries->stride = entries->capacity;
    }
    XTI_ASSERT(entries->count + node->count <= entries->stride);
    for (uint32_t axis = 0; axis < value_axes(layout, is_leaf); axis++)
        memcpy(entries->values + ((size_t)axis * entries->stride + entries->count) * bytes,
               from + (size_t)axis * node->capacity * bytes, node->count * bytes);
    if (is_leaf)
        memcpy(entries->ids + entries->count, xti_leaf_ids_const(layout, node),
               node->count * sizeof *entries->ids);
    else
        memcpy(entries->refs + entries->count, xti_inner_refs_const(layout, node),
               node->count * sizeof *entries->refs);
    entries->count += node->count;
}

void xti_entries_add_item(struct xti_writer *writer, uint64_t id)
{
    const struct xti_layout *layout = writer->layout;
    struct xti_entries *entries = &writer->entries;
    bool is_points = layout->leaf_kind == XTD_LEAF_POINTS;

    for (uint32_t axis = 0; axis < layout->leaf_axes; axis++) {
        size_t at = (size_t)axis * entries->stride + entries->count;
        uint32_t dim = is_points ? axis : axis / 2;
        double value = is_points || axis % 2 == 0 ? writer->low[dim] : writer->high[dim];

        if (layout->coord_bytes == sizeof(double))
            ((double *)(void *)entries->values)[at] = value;
        else
            ((float *)(void *)entries->values)[at] = (float)value;
    }
    entries->ids[entries->count++] = id;
}

void xti_entries_add_child(struct xti_writer *writer, uint32_t ref)
{
    struct xti_entries *entries = &writer->entries;
    float *values = (float *)(void *)entries->values;

    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        values[(size_t)2 * axis * entries->stride + entries->count] = writer->rising.lo[axis];
        values[(size_t)(2 * axis + 1) * entries->stride + entries->count] = writer->rising.hi[axis];
    }
    entries->refs[entries->count++] = ref;
}

/* ---- boxes in a frame of their own -------------------------------------------------------- */

#define SIDE_MAX 1e30f

static float side_finite(double value)
{
    if (!(value > -(double)SIDE_MAX))
        return value == value ? -SIDE_MAX : 0.0f;
    return value < (double)SIDE_MAX ? (float)value : SIDE_MAX;
}

static double leaf_value(const struct xti_layout *layout, const struct xti_entries *entries,
                         size_t at)
{
    return layout->coord_bytes == sizeof(double)
               ? ((const double *)(const void *)entries->values)[at]
               : (double)((const float *)(const void *)entries->values)[at];
}

/* As leaf_sides(), of f64 points that are not too far apart. */
static bool points_sides(struct xti_entries *entries, uint32_t axis)
{
    const double *values =
        (const double *)(const void *)entries->values + (size_t)axis * entries->stride;
    float *restrict sides = entries->sides + (size_t)2 * axis * entries->stride;
    uint32_t count = entries->count;
    double least = values[0], most = values[0];

    for (uint32_t i = 1; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    if (!(least >= -DBL_MAX && most <= DBL_MAX && most - least < (double)SIDE_MAX))
        return false;
    for (uint32_t i = 0; i < count; i++)
        sides[i] = (float)(values[i] - least);
    return true;
}

/* A leaf's coordinates as offsets from the least finite one: precise however far from 0. */
static void leaf_sides(const struct xti_layout *layout, struct xti_entries *entries, uint32_t axis)
{
    bool is_points = entries->is_points;
    size_t low = (size_t)(is_points ? axis : 2 * axis) * entries->stride;
    size_t high = is_points ? low : low + entries->stride;
    float *sides = entries->sides + (size_t)2 * axis * entries->stride;
    double least = INFINITY;

    if (is_points && layout->coord_bytes == sizeof(double) && points_sides(entries, axis))
        return;
    for (uint32_t i = 0; i < entries->count; i++) {
        double value = leaf_value(layout, entries, low + i);

        least = value < least && value >= -DBL_MAX ? value : least;
    }
    if (!(least <= DBL_MAX))
        least = 0;
    for (uint32_t i = 0; i < entries->count; i++) {
        sides[i] = side_finite(leaf_value(layout, entries, low + i) - least);
        if (!is_points)
            sides[entries->stride + i] = side_finite(leaf_value(layout, entries, high + i) - least);
    }
}

static void inner_sides(struct xti_entries *entries, uint32_t side)
{
    const float *values =
        (const float *)(const void *)entries->values + (size_t)side * entries->stride;
    float *sides = entries->sides + (size_t)side * entries->stride;

    for (uint32_t i = 0; i < entries->count; i++)
        sides[i] = side_finite((double)values[i]);
}

void xti_entries_end(struct xti_writer *writer, const struct xtd_node *node)
{
    const struct xti_layout *layout = writer->layout;
    struct xti_entries *entries = &writer->entries;

    entries->is_points = node->kind == XTD_LEAF_POINTS;
    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        if (node->level == 0) {
            leaf_sides(layout, entries, axis);
        } else {
            inner_sides(entries, 2 * axis);
            inner_sides(entries, 2 * axis + 1);
        }
    }
}

/* ---- writing the halves ------------------------------------------------------------------- */

/* Of up to 64 entries, values of 8 bytes: what goes_right says, as a mask. */
static void words_divide(const struct xti_writer *writer, uint64_t right, const char *values,
                         char *const halves[2])
{
    const uint64_t *words = (const uint64_t *)(const void *)values;
    uint32_t entries = writer->entries.count;
    uint64_t all = entries == 0 ? 0 : ~UINT64_C(0) >> (64 - entries);
    uint64_t moved[64 + 8];

    for (unsigned half = 0; half < 2; half++) {
        uint64_t mask = half == 0 ? all & ~right : right;
        size_t count = writer->kernels->compress_ids(words, mask, moved);

        memcpy(halves[half], moved, count * sizeof *moved);
    }
}

static void values_divide(const struct xti_writer *writer, const uint32_t *goes_right,
                          const char *values, size_t bytes, char *const halves[2])
{
    const struct xti_entries *entries = &writer->entries;
    size_t next[2] = {0, 0};

    if (bytes == sizeof(uint64_t) && entries->count <= 64) {
        words_divide(writer, entries->right_mask, values, halves);
        return;
    }

    for (uint32_t i = 0; i < entries->count; i++) {
        uint32_t half = goes_right[i];

        if (bytes == sizeof(double))
            memcpy(halves[half] + next[half] * bytes, values + i * bytes, sizeof(double));
        else
            memcpy(halves[half] + next[half] * bytes, values + i * bytes, sizeof(float));
        next[half]++;
    }
}

static char *node_values(const struct xti_layout *layout, struct xtd_node *node)
{
    return node->level == 0 ? (char *)xti_leaf_coords(node) : (char *)xti_inner_boxes(layout, node);
}

static uint64_t items_below(struct xti_writer *writer, const struct xtd_node *node)
{
    const uint32_t *refs = xti_inner_refs_const(writer->layout, node);
    uint64_t items = 0;

    for (uint32_t i = 0; i < node->count; i++)
        items += xti_child_items(writer, refs[i], node->level - 1u);
    return items;
}

/* Slots keep their order, the oldest first. The left node is told the items of both. */
void xti_entries_write(struct xti_writer *writer, const struct xti_split *split,
                       struct xtd_node *left, struct xtd_node *right)
{
    const struct xti_layout *layout = writer->layout;
    struct xti_entries *entries = &writer->entries;
    bool is_leaf = left->level == 0;
    size_t bytes = value_bytes(layout, is_leaf);
    uint32_t *goes_right = entries->order;

    for (uint32_t i = 0; i < entries->count; i++)
        goes_right[entries->best_order[i]] = i >= split->left_count;
    entries->right_mask = 0;
    for (uint32_t i = split->left_count; i < entries->count && entries->count <= 64; i++)
        entries->right_mask |= UINT64_C(1) << entries->best_order[i];
    entries->newest_is_right = goes_right[entries->count - 1] != 0;
    for (uint32_t axis = 0; axis < value_axes(layout, is_leaf); axis++) {
        char *const halves[2] = {node_values(layout, left) + (size_t)axis * left->capacity * bytes,
                                 node_values(layout, right) +
                                     (size_t)axis * right->capacity * bytes};

        values_divide(writer, goes_right, entries->values + (size_t)axis * entries->stride * bytes,
                      bytes, halves);
    }
    left->count = split->left_count;
    right->count = entries->count - split->left_count;
    if (is_leaf) {
        char *const halves[2] = {(char *)xti_leaf_ids(layout, left),
                                 (char *)xti_leaf_ids(layout, right)};

        values_divide(writer, goes_right, (const char *)entries->ids, sizeof(uint64_t), halves);
        left->item_count = left->count;
        right->item_count = right->count;
    } else {
        char *const halves[2] = {(char *)xti_inner_refs(layout, left),
                                 (char *)xti_inner_refs(layout, right)};

        values_divide(writer, goes_right, (const char *)entries->refs, sizeof(uint32_t), halves);
        right->item_count = items_below(writer, right);
        left->item_count -= right->item_count;
    }
    xti_node_clear_rest(layout, left);
    xti_node_clear_rest(layout, right);
}

/* ---- what a split would do ---------------------------------------------------------------- */

xt_status xti_node_overlap(const struct xti_os *os, const struct xti_layout *layout,
                           const struct xtd_node *node, double *share)
{
    struct xti_split split = {0, 0};
    struct xti_writer *writer;
    xt_status status;

    *share = 0;
    if (node->count < 2)
        return XT_OK;
    writer = xti_alloc_zeroed(os, sizeof *writer);
    if (writer == NULL)
        return XT_ENOMEM;
    writer->os = os;
    writer->layout = layout;
    writer->kernels = xti_kernels_get(XT_KERNEL_BEST);
    status = xti_entries_fit(writer, node->count);
    if (status == XT_OK) {
        xti_entries_take(writer, node, true);
        xti_entries_end(writer, node);
        xti_split_find(writer, false, xti_count_min(node->count), &split);
        *share = split.overlap;
        os->free(os, writer->entries.memory, writer->entries.bytes);
    }
    os->free(os, writer, sizeof *writer);
    return status;
}
