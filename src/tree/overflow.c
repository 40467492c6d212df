/* src/tree/overflow.c -- what happens to a full node: it is split, or becomes a supernode.
 *
 * S. Berchtold, D. A. Keim, H.-P. Kriegel, The X-tree, VLDB 1996, section 4. A leaf is always split.
 * An inner node is split unless its halves would overlap too much; then it grows. README.md says how
 * ours differs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/edit.h"

#include <float.h>
#include <string.h>

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
    uint32_t capacity = (uint32_t)xti_round_up(count, 16);
    void *memory;

    if (count <= entries->capacity)
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

xt_status xti_path_fit(struct xti_writer *writer, uint32_t bottom)
{
    uint32_t most = 0;

    for (uint32_t level = bottom; level < writer->root.height; level++) {
        const struct xtd_node *node = writer->path[level].node;

        if (node->count < node->capacity)
            break;
        most = node->count > most ? node->count : most;
    }
    return most == 0 ? XT_OK : xti_entries_fit(writer, most + 1);
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

static void entries_add_item(struct xti_writer *writer, uint64_t id)
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

static void entries_add_child(struct xti_writer *writer, uint32_t ref)
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

/* A leaf's coordinates as offsets from the least finite one: precise however far from 0 they lie. */
static void leaf_sides(const struct xti_layout *layout, struct xti_entries *entries, uint32_t axis)
{
    bool is_points = entries->is_points;
    size_t low = (size_t)(is_points ? axis : 2 * axis) * entries->stride;
    size_t high = is_points ? low : low + entries->stride;
    float *sides = entries->sides + (size_t)2 * axis * entries->stride;
    double least = INFINITY;

    for (uint32_t i = 0; i < entries->count; i++) {
        double value = leaf_value(layout, entries, low + i);

        least = value < least && value >= -DBL_MAX ? value : least;
    }
    if (!(least <= DBL_MAX))
        least = 0;
    for (uint32_t i = 0; i < entries->count; i++) {
        sides[i] = side_finite(leaf_value(layout, entries, low + i) - least);
        sides[entries->stride + i] =
            is_points ? sides[i] : side_finite(leaf_value(layout, entries, high + i) - least);
    }
}

static void inner_sides(struct xti_entries *entries, uint32_t side)
{
    const float *values = (const float *)(const void *)entries->values + side * entries->stride;
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

static void values_divide(const struct xti_entries *entries, const uint32_t *goes_right,
                          const char *values, size_t bytes, char *const halves[2])
{
    size_t next[2] = {0, 0};

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
    entries->newest_is_right = goes_right[entries->count - 1] != 0;
    for (uint32_t axis = 0; axis < value_axes(layout, is_leaf); axis++) {
        char *const halves[2] = {node_values(layout, left) + (size_t)axis * left->capacity * bytes,
                                 node_values(layout, right) +
                                     (size_t)axis * right->capacity * bytes};

        values_divide(entries, goes_right, entries->values + (size_t)axis * entries->stride * bytes,
                      bytes, halves);
    }
    left->count = split->left_count;
    right->count = entries->count - split->left_count;
    if (is_leaf) {
        char *const halves[2] = {(char *)xti_leaf_ids(layout, left),
                                 (char *)xti_leaf_ids(layout, right)};

        values_divide(entries, goes_right, (const char *)entries->ids, sizeof(uint64_t), halves);
        left->item_count = left->count;
        right->item_count = right->count;
    } else {
        char *const halves[2] = {(char *)xti_inner_refs(layout, left),
                                 (char *)xti_inner_refs(layout, right)};

        values_divide(entries, goes_right, (const char *)entries->refs, sizeof(uint32_t), halves);
        right->item_count = items_below(writer, right);
        left->item_count -= right->item_count;
    }
    xti_node_clear_rest(layout, left);
    xti_node_clear_rest(layout, right);
}

struct xtd_node *xti_leaf_split(struct xti_writer *writer, uint64_t id)
{
    struct xtd_node *leaf = writer->path[0].node;
    struct xtd_node *sibling = xti_node_make(writer, 0, leaf->capacity);
    struct xti_split split = {0, 0};

    xti_entries_take(writer, leaf, true);
    entries_add_item(writer, id);
    xti_entries_end(writer, leaf);
    xti_split_find(writer, true, xti_count_min(writer->entries.count), &split);
    xti_entries_write(writer, &split, leaf, sibling);
    writer->stats.leaf_splits++;
    return sibling;
}

/* ---- supernodes --------------------------------------------------------------------------- */

struct medium_cost {
    double latency_ns; /* until the first byte of a node is there */
    double line_ns;    /* for each further 64 bytes, the test of what is in them included */
};

/* Random nodes of 64 bytes to 64 KiB in 4 GiB of memory, and 4 KiB from an NVMe disk that the
 * system does not have in memory: docs/decisions.md. */
static struct medium_cost medium_cost(xt_medium medium)
{
    if (medium == XT_MEDIUM_DISK)
        return (struct medium_cost){80000.0, 25.0};
    return (struct medium_cost){400.0, 8.0};
}

/* Reading two nodes whenever one is asked for in the overlap, or one that is twice as long always:
 * (1 + overlap) * (latency + half) <= latency + 2 * half. */
double xti_overlap_max(const struct xti_writer *writer, uint32_t count)
{
    const struct xti_layout *layout = writer->layout;
    struct medium_cost cost = medium_cost(writer->medium);
    uint32_t capacity = xti_inner_capacity_for(layout, count / 2);
    double half = cost.line_ns * (double)xti_inner_units(layout, capacity);

    if (writer->max_overlap > 0)
        return writer->max_overlap;
    return half / (cost.latency_ns + half);
}

static bool supernode_grow(struct xti_writer *writer, uint32_t level)
{
    const struct xti_layout *layout = writer->layout;
    struct xtd_node *node = writer->path[level].node;
    uint32_t capacity = xti_inner_capacity_after(node->capacity);

    if (xti_inner_units(layout, capacity) > layout->node_units_max)
        return false;
    if (node->capacity > layout->inner_capacity)
        writer->stats.supernodes_grown++;
    else
        writer->stats.supernodes_made++;
    xti_path_resize(writer, level, capacity);
    return true;
}

/* The node of the path takes the left half: in place, or in a block that fits it. */
static struct xtd_node *left_node(struct xti_writer *writer, uint32_t level, uint32_t count)
{
    struct xti_step *step = &writer->path[level];
    struct xtd_node *old = step->node;
    uint32_t capacity = xti_inner_capacity_for(writer->layout, count);

    if (capacity == old->capacity)
        return old;
    step->node = xti_node_make(writer, level, capacity);
    step->ref = step->node->self_ref;
    memcpy(xti_inner_origin(step->node), xti_inner_origin(old),
           writer->layout->dims * sizeof(double));
    step->node->item_count = old->item_count;
    xti_node_drop(writer, old);
    xti_path_refer(writer, level, step->ref);
    return step->node;
}

/* Divides the full inner node of the path and a child with the box writer->rising. NULL: it grew
 * instead, and has the child. */
static struct xtd_node *inner_overflow(struct xti_writer *writer, uint32_t level, uint32_t ref)
{
    const struct xti_layout *layout = writer->layout;
    struct xtd_node *node = writer->path[level].node;
    struct xti_split split = {0, 0};
    struct xtd_node *sibling;
    uint32_t count;

    xti_entries_take(writer, node, true);
    entries_add_child(writer, ref);
    xti_entries_end(writer, node);
    count = writer->entries.count;
    xti_split_find(writer, false, xti_count_min(count), &split);
    if (split.overlap > xti_overlap_max(writer, count) && supernode_grow(writer, level)) {
        xti_inner_append(layout, writer->path[level].node, ref, writer->rising.lo,
                         writer->rising.hi);
        return NULL;
    }
    sibling =
        xti_node_make(writer, level, xti_inner_capacity_for(layout, count - split.left_count));
    node = left_node(writer, level, split.left_count);
    memcpy(xti_inner_origin(sibling), xti_inner_origin(node), layout->dims * sizeof(double));
    xti_entries_write(writer, &split, node, sibling);
    (void)xti_origin_renew(writer, node);
    (void)xti_origin_renew(writer, sibling);
    writer->stats.inner_splits++;
    return sibling;
}

/* ---- up the path -------------------------------------------------------------------------- */

static double origin_for(double least, double most)
{
    double middle = (least >= -DBL_MAX ? least * 0.5 : 0.0) + (most <= DBL_MAX ? most * 0.5 : 0.0);

    if (least < -DBL_MAX)
        middle *= 2;
    if (most > DBL_MAX)
        middle *= 2;
    return isfinite(middle) ? middle : 0.0;
}

/* The children's own origin, or for leaves the middle of the items. */
static void root_origin(struct xti_writer *writer, struct xtd_node *root, const struct xtd_node *a,
                        const struct xtd_node *b)
{
    const struct xti_layout *layout = writer->layout;
    double low[XT_DIMS_MAX];
    double high[XT_DIMS_MAX];

    if (a->level > 0) {
        memcpy(xti_inner_origin(root), xti_inner_origin_const(a), layout->dims * sizeof(double));
        return;
    }
    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        low[axis] = INFINITY;
        high[axis] = -INFINITY;
    }
    xti_leaf_box_add(layout, a, low, high);
    xti_leaf_box_add(layout, b, low, high);
    for (uint32_t axis = 0; axis < layout->dims; axis++)
        xti_inner_origin(root)[axis] = origin_for(low[axis], high[axis]);
}

static void root_grow(struct xti_writer *writer, struct xtd_node *a, struct xtd_node *b)
{
    const struct xti_layout *layout = writer->layout;
    uint32_t level = writer->root.height;
    struct xtd_node *root = xti_node_make(writer, level, layout->inner_capacity);

    root_origin(writer, root, a, b);
    xti_node_clear_rest(layout, root);
    xti_frame_content(writer, a, root);
    xti_inner_append(layout, root, a->self_ref, writer->rising.lo, writer->rising.hi);
    xti_frame_content(writer, b, root);
    xti_inner_append(layout, root, b->self_ref, writer->rising.lo, writer->rising.hi);
    root->item_count = a->item_count + b->item_count;
    writer->path[level] = (struct xti_step){root, root->self_ref, 0, true};
    writer->root.ref = root->self_ref;
    writer->root.height = level + 1;
    writer->stats.roots_grown++;
}

/* Grows writer->rising, in the frame of `node`, by the box of a slot. */
static void rising_add(struct xti_writer *writer, const struct xtd_node *node, uint32_t slot)
{
    struct xti_frame *frame = &writer->rising;

    xti_slot_box_get(writer->layout, node, slot, writer->grown_lo, writer->grown_hi);
    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        if (writer->grown_lo[axis] < frame->lo[axis])
            frame->lo[axis] = writer->grown_lo[axis];
        if (writer->grown_hi[axis] > frame->hi[axis])
            frame->hi[axis] = writer->grown_hi[axis];
    }
}

/* NULL: the node took it. */
static struct xtd_node *child_add(struct xti_writer *writer, uint32_t level, uint32_t ref)
{
    struct xtd_node *node = writer->path[level].node;

    if (node->count == node->capacity)
        return inner_overflow(writer, level, ref);
    xti_inner_append(writer->layout, node, ref, writer->rising.lo, writer->rising.hi);
    return NULL;
}

bool xti_path_add(struct xti_writer *writer, uint32_t level, struct xtd_node *sibling)
{
    uint32_t bottom = level;

    for (; sibling != NULL; level++) {
        struct xtd_node *node = writer->path[level].node;
        struct xti_step *above = &writer->path[level + 1];

        if (level + 1 == writer->root.height) {
            root_grow(writer, node, sibling);
            return false;
        }
        xti_frame_content(writer, node, above->node);
        xti_slot_box_set(writer->layout, above->node, above->slot, writer->rising.lo,
                         writer->rising.hi);
        xti_frame_content(writer, sibling, above->node);
        sibling = child_add(writer, level + 1, sibling->self_ref);
    }
    rising_add(writer, writer->path[level].node, writer->path[level].slot);
    xti_path_rise(writer, level + 1);
    return level == bottom + 1;
}

void xti_path_add_child(struct xti_writer *writer, uint32_t level, const struct xtd_node *child)
{
    struct xtd_node *sibling;

    xti_frame_content(writer, child, writer->path[level].node);
    sibling = child_add(writer, level, child->self_ref);
    if (sibling != NULL)
        (void)xti_path_add(writer, level, sibling);
    else
        xti_path_rise(writer, level + 1);
}
