/* tests/support/hand_tree.c -- builds small trees in plain memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/hand_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "geom/geom.h"

/* What one level of the tree is made from: boxes that enclose items or nodes. */
struct entries {
    size_t count;
    double *low, *high;
    uint64_t *items; /* below each */
};

static void *get(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size);

    if (memory == NULL)
        abort();
    return memory;
}

static struct entries entries_make(size_t count, uint32_t dims)
{
    return (struct entries){count, get(count * dims, sizeof(double)),
                            get(count * dims, sizeof(double)), get(count, sizeof(uint64_t))};
}

static void entries_free(struct entries *entries)
{
    free(entries->low);
    free(entries->high);
    free(entries->items);
}

/* ---- order -------------------------------------------------------------------------------- */

struct keyed {
    double key;
    size_t position;
};

static int keyed_compare(const void *a, const void *b)
{
    const struct keyed *left = a;
    const struct keyed *right = b;

    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return (left->position > right->position) - (left->position < right->position);
}

/* Sorts by one axis, splits in the middle at a multiple of `fill`, goes on with the next axis. */
static void order_split(struct keyed *order, size_t count, uint32_t axis, size_t fill,
                        const double *low, uint32_t dims)
{
    size_t left = (count / fill + 1) / 2 * fill;

    if (count <= fill)
        return;
    for (size_t i = 0; i < count; i++)
        order[i].key = low[order[i].position * dims + axis];
    qsort(order, count, sizeof *order, keyed_compare);
    order_split(order, left, (axis + 1) % dims, fill, low, dims);
    order_split(order + left, count - left, (axis + 1) % dims, fill, low, dims);
}

/* ---- nodes -------------------------------------------------------------------------------- */

static void head_fill(struct xtd_node *node, uint32_t ref, uint32_t level, uint32_t count,
                      uint32_t capacity)
{
    node->self_ref = ref;
    node->birth_txn = 1;
    node->count = count;
    node->capacity = capacity;
    node->level = (uint8_t)level;
}

static void coord_put(const struct xti_layout *layout, void *coords, size_t at, double value)
{
    if (layout->coord_bytes == sizeof(double))
        ((double *)coords)[at] = value;
    else
        ((float *)coords)[at] = (float)value;
}

static void box_add(double *low, double *high, double from, double to)
{
    *low = fmin(*low, from);
    *high = fmax(*high, to);
}

/* Fills one leaf with items first .. first + count - 1 and tells their box. */
static void leaf_fill(struct hand_tree *tree, struct xtd_node *leaf, size_t first, double *low,
                      double *high)
{
    const struct xti_layout *layout = &tree->layout;
    void *coords = xti_leaf_coords(leaf);
    bool is_points = layout->leaf_kind == XTD_LEAF_POINTS;

    leaf->kind = layout->leaf_kind;
    leaf->item_count = leaf->count;
    leaf->size_units = xti_leaf_units(layout, leaf->capacity);
    for (size_t at = 0; at < (size_t)layout->leaf_axes * leaf->capacity; at++)
        coord_put(layout, coords, at, NAN);
    for (uint32_t slot = 0; slot < leaf->count; slot++) {
        size_t row = (first + slot) * layout->dims;

        xti_leaf_ids(layout, leaf)[slot] = tree->ids[first + slot];
        for (uint32_t axis = 0; axis < layout->dims; axis++) {
            size_t array = is_points ? axis : (size_t)2 * axis;

            coord_put(layout, coords, array * leaf->capacity + slot, tree->low[row + axis]);
            if (!is_points)
                coord_put(layout, coords, (array + 1) * leaf->capacity + slot,
                          tree->high[row + axis]);
            box_add(&low[axis], &high[axis], tree->low[row + axis], tree->high[row + axis]);
        }
    }
    xti_node_seal(leaf);
}

/* Fills one inner node and tells its box: outward, as a parent must store it. */
static void inner_fill(struct hand_tree *tree, struct xtd_node *node, const struct entries *below,
                       size_t first, double *low, double *high)
{
    const struct xti_layout *layout = &tree->layout;
    uint32_t level = node->level;
    float *boxes = xti_inner_boxes(layout, node);

    node->kind = XTD_INNER;
    node->flags = node->capacity > layout->inner_capacity ? XTD_NODE_SUPERNODE : 0;
    node->size_units = xti_inner_units(layout, node->capacity);
    for (size_t at = 0; at < (size_t)2 * layout->dims * node->capacity; at++)
        boxes[at] = NAN;
    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        double origin = below->low[(tree->own_origins ? first : 0) * layout->dims + axis];
        float *lo = boxes + (size_t)2 * axis * node->capacity;
        float *hi = lo + node->capacity;

        origin = isfinite(origin) ? origin : 0.0;
        memcpy(xti_inner_origin(node) + axis, &origin, sizeof origin);
        for (uint32_t slot = 0; slot < node->count; slot++) {
            size_t at = (first + slot) * layout->dims + axis;

            lo[slot] = xti_offset_down(below->low[at], origin);
            hi[slot] = xti_offset_up(below->high[at], origin);
            box_add(&low[axis], &high[axis], nextafter(origin + (double)lo[slot], -INFINITY),
                    nextafter(origin + (double)hi[slot], INFINITY));
        }
    }
    for (uint32_t slot = 0; slot < node->count; slot++) {
        xti_inner_refs(layout, node)[slot] = hand_ref(tree, level - 1, (uint32_t)first + slot);
        node->item_count += below->items[first + slot];
    }
    xti_node_seal(node);
}

/* Makes the nodes of one level from the entries below, and the entries of the level above. */
static struct entries level_make(struct hand_tree *tree, const struct hand_shape *shape,
                                 uint32_t level, const struct entries *below)
{
    uint32_t dims = shape->dims;
    size_t fill = level == 0 ? shape->leaf_fill : shape->inner_fill;
    uint32_t inner_capacity =
        shape->node_capacity == 0 ? shape->inner_capacity : shape->node_capacity;
    struct entries above = entries_make(tree->node_count[level], dims);

    for (uint32_t i = 0; i < tree->node_count[level]; i++) {
        struct xtd_node *node = hand_node(tree, level, i);
        size_t first = i * fill;
        size_t count = below->count - first < fill ? below->count - first : fill;
        double *low = above.low + (size_t)i * dims;
        double *high = above.high + (size_t)i * dims;

        for (uint32_t axis = 0; axis < dims; axis++) {
            low[axis] = INFINITY;
            high[axis] = -INFINITY;
        }
        head_fill(node, hand_ref(tree, level, i), level, (uint32_t)count,
                  level == 0 ? shape->leaf_capacity : inner_capacity);
        if (level == 0)
            leaf_fill(tree, node, first, low, high);
        else
            inner_fill(tree, node, below, first, low, high);
        above.items[i] = node->item_count;
    }
    return above;
}

/* ---- the tree ----------------------------------------------------------------------------- */

static void items_copy(struct hand_tree *tree, const struct hand_shape *shape, const double *low,
                       const double *high)
{
    size_t count = tree->item_count;
    size_t row_bytes = shape->dims * sizeof(double);
    struct keyed *order = get(count, sizeof *order);

    tree->low = get(count * shape->dims, sizeof(double));
    tree->high = get(count * shape->dims, sizeof(double));
    tree->ids = get(count, sizeof(uint64_t));
    for (size_t i = 0; i < count; i++)
        order[i].position = i;
    order_split(order, count, 0, shape->leaf_fill, low, shape->dims);
    for (size_t i = 0; i < count; i++) {
        size_t from = order[i].position * shape->dims;

        memcpy(tree->low + i * shape->dims, low + from, row_bytes);
        memcpy(tree->high + i * shape->dims, (high == NULL ? low : high) + from, row_bytes);
        tree->ids[i] = 1000 + order[i].position;
    }
    free(order);
}

/* Where each level will lie. Returns the units of all. */
static uint64_t levels_plan(struct hand_tree *tree, const struct hand_shape *shape,
                            uint32_t *height)
{
    uint32_t inner_capacity =
        shape->node_capacity == 0 ? shape->inner_capacity : shape->node_capacity;
    size_t count = tree->item_count;
    uint64_t units = 0;

    *height = 0;
    while (count > 0 && (*height == 0 || tree->node_count[*height - 1] > 1)) {
        uint32_t level = (*height)++;
        size_t fill = level == 0 ? shape->leaf_fill : shape->inner_fill;

        count = (count + fill - 1) / fill;
        tree->node_count[level] = (uint32_t)count;
        tree->node_units[level] = level == 0 ? xti_leaf_units(&tree->layout, shape->leaf_capacity)
                                             : xti_inner_units(&tree->layout, inner_capacity);
        tree->first_ref[level] = HAND_FIRST_UNIT + (uint32_t)units;
        units += (uint64_t)count * tree->node_units[level];
    }
    return units;
}

static void view_make(struct hand_tree *tree, uint64_t units, uint32_t height)
{
    size_t bytes = (units + HAND_FIRST_UNIT) * XTD_UNIT_BYTES;
    struct xti_view *view = get(1, xti_view_bytes(1));

    tree->memory = aligned_alloc(XTD_UNIT_BYTES, bytes);
    if (tree->memory == NULL)
        abort();
    memset(tree->memory, 0, bytes);
    view->base = tree->memory;
    view->layout = &tree->layout;
    view->txn = 1;
    view->item_count = tree->item_count;
    view->live_units = units;
    view->unit_count = units;
    view->height = height;
    view->root_ref = height == 0 ? 0 : tree->first_ref[height - 1];
    view->span_count = 1;
    view->spans[0] = (struct xti_span){HAND_FIRST_UNIT, 0, units, units, units};
    tree->view = view;
}

void hand_tree_build(struct hand_tree *tree, const struct hand_shape *shape, const double *low,
                     const double *high, size_t count)
{
    struct entries below = {.count = count};
    uint32_t height;
    uint64_t units;

    *tree = (struct hand_tree){.item_count = count, .own_origins = shape->own_origins};
    xti_layout_init(&tree->layout, shape->dims, shape->kind, shape->coord_type,
                    shape->leaf_capacity, shape->inner_capacity, UINT32_C(1) << 20);
    items_copy(tree, shape, low, high);
    units = levels_plan(tree, shape, &height);
    view_make(tree, units, height);
    for (uint32_t level = 0; level < height; level++) {
        struct entries above = level_make(tree, shape, level, &below);

        entries_free(&below);
        below = above;
    }
    entries_free(&below);
}

void hand_tree_free(struct hand_tree *tree)
{
    free(tree->low);
    free(tree->high);
    free(tree->ids);
    free(tree->memory);
    free(tree->view);
}

uint32_t hand_ref(const struct hand_tree *tree, uint32_t level, uint32_t i)
{
    return tree->first_ref[level] + i * tree->node_units[level];
}

struct xtd_node *hand_node(const struct hand_tree *tree, uint32_t level, uint32_t i)
{
    size_t at = (size_t)hand_ref(tree, level, i) << XTD_UNIT_SHIFT;

    return (struct xtd_node *)(void *)(tree->memory + at);
}

static void node_share_child(const struct hand_tree *tree, struct xtd_node *node)
{
    float *boxes = xti_inner_boxes(&tree->layout, node);
    uint32_t *refs = xti_inner_refs(&tree->layout, node);

    node->item_count += node->capacity - node->count;
    node->count = node->capacity;
    for (uint32_t slot = 0; slot < node->capacity; slot++) {
        refs[slot] = refs[0];
        for (uint32_t array = 0; array < 2 * tree->layout.dims; array++)
            boxes[(size_t)array * node->capacity + slot] = boxes[(size_t)array * node->capacity];
    }
}

void hand_share_children(struct hand_tree *tree)
{
    for (uint32_t level = 1; level < tree->view->height; level++) {
        for (uint32_t i = 0; i < tree->node_count[level]; i++)
            node_share_child(tree, hand_node(tree, level, i));
    }
}
