/* src/tree/edit_node.c -- what is done to single nodes of the pending change.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tree/edit.h"

/* Four between a power of two and the next: a supernode that grows or shrinks leaves free blocks of
 * few sizes behind, which the next ones can take. */
static uint32_t supernode_capacity(uint32_t count)
{
    uint32_t power = UINT32_C(1) << (31 - __builtin_clz(count));

    return (uint32_t)xti_round_up(count, power > 64 ? power / 4 : 16);
}

uint32_t xti_inner_capacity_for(const struct xti_layout *layout, uint32_t count)
{
    return count <= layout->inner_capacity ? layout->inner_capacity : supernode_capacity(count);
}

uint32_t xti_inner_capacity_after(uint32_t capacity)
{
    return supernode_capacity(capacity + 1);
}

struct xtd_node *xti_node_make(struct xti_writer *writer, uint32_t level, uint32_t capacity)
{
    const struct xti_layout *layout = writer->layout;
    uint32_t units = xti_units_for(layout, level, capacity);
    uint32_t ref = xti_txn_take(writer->txn, units, level == 0);
    struct xtd_node *node = xti_txn_at(writer->txn, ref);

    memset(node, 0, level == 0 ? sizeof *node : layout->inner_boxes_offset);
    xti_txn_mark(writer->txn, node, ref);
    node->capacity = capacity;
    node->size_units = units;
    node->kind = level == 0 ? layout->leaf_kind : XTD_INNER;
    node->level = (uint8_t)level;
    if (level > 0 && capacity > layout->inner_capacity)
        node->flags = XTD_NODE_SUPERNODE;
    return node;
}

void xti_node_drop(struct xti_writer *writer, const struct xtd_node *node)
{
    xti_txn_free(writer->txn, node->self_ref, node->size_units);
}

static void fill_f64(double *values, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        values[i] = (double)NAN;
}

static void fill_f32(float *values, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        values[i] = NAN;
}

void xti_node_clear_rest(const struct xti_layout *layout, struct xtd_node *node)
{
    uint32_t count = node->count;
    uint32_t capacity = node->capacity;
    uint32_t axes = node->level == 0 ? layout->leaf_axes : 2 * layout->dims;

    for (uint32_t axis = 0; axis < axes; axis++) {
        size_t at = (size_t)axis * capacity;

        if (node->level > 0)
            fill_f32(xti_inner_boxes(layout, node) + at, count, capacity);
        else if (layout->coord_bytes == sizeof(double))
            fill_f64((double *)xti_leaf_coords(node) + at, count, capacity);
        else
            fill_f32((float *)xti_leaf_coords(node) + at, count, capacity);
    }
    if (node->level > 0)
        memset(xti_inner_refs(layout, node) + count, 0, (capacity - count) * sizeof(uint32_t));
    else
        memset(xti_leaf_ids(layout, node) + count, 0, (capacity - count) * sizeof(uint64_t));
}

static size_t array_bytes(const struct xti_layout *layout, const struct xtd_node *node)
{
    return node->level == 0 ? layout->coord_bytes : sizeof(float);
}

static uint32_t array_count(const struct xti_layout *layout, const struct xtd_node *node)
{
    return node->level == 0 ? layout->leaf_axes : 2 * layout->dims;
}

static char *first_array(const struct xti_layout *layout, struct xtd_node *node)
{
    return node->level == 0 ? (char *)xti_leaf_coords(node) : (char *)xti_inner_boxes(layout, node);
}

static const char *first_array_const(const struct xti_layout *layout, const struct xtd_node *node)
{
    return node->level == 0 ? (const char *)xti_leaf_coords_const(node)
                            : (const char *)xti_inner_boxes_const(layout, node);
}

void xti_node_append_all(const struct xti_layout *layout, struct xtd_node *to,
                         const struct xtd_node *from)
{
    size_t bytes = array_bytes(layout, from);
    char *arrays = first_array(layout, to);
    const char *from_arrays = first_array_const(layout, from);

    XTI_ASSERT(to->count + from->count <= to->capacity);
    for (uint32_t i = 0; i < array_count(layout, from); i++)
        memcpy(arrays + ((size_t)i * to->capacity + to->count) * bytes,
               from_arrays + (size_t)i * from->capacity * bytes, from->count * bytes);
    if (from->level == 0)
        memcpy(xti_leaf_ids(layout, to) + to->count, xti_leaf_ids_const(layout, from),
               from->count * sizeof(uint64_t));
    else
        memcpy(xti_inner_refs(layout, to) + to->count, xti_inner_refs_const(layout, from),
               from->count * sizeof(uint32_t));
    to->count += from->count;
}

struct xtd_node *xti_node_copy(struct xti_writer *writer, const struct xtd_node *node,
                               uint32_t capacity)
{
    const struct xti_layout *layout = writer->layout;
    struct xtd_node *copy = xti_node_make(writer, node->level, capacity);

    if (capacity == node->capacity) {
        memcpy(copy->body, node->body,
               (size_t)node->size_units * XTD_UNIT_BYTES - XTD_NODE_ORIGIN_OFFSET);
        copy->count = node->count;
    } else {
        if (node->level > 0)
            memcpy(xti_inner_origin(copy), xti_inner_origin_const(node),
                   layout->dims * sizeof(double));
        xti_node_append_all(layout, copy, node);
        xti_node_clear_rest(layout, copy);
    }
    copy->item_count = node->item_count;
    writer->stats.nodes_copied++;
    writer->stats.bytes_copied += (uint64_t)copy->size_units * XTD_UNIT_BYTES;
    return copy;
}

void xti_slot_box_set(const struct xti_layout *layout, struct xtd_node *node, uint32_t slot,
                      const float *lo, const float *hi)
{
    float *sides = xti_inner_boxes(layout, node) + slot;
    size_t capacity = node->capacity;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        sides[(size_t)2 * axis * capacity] = lo[axis];
        sides[((size_t)2 * axis + 1) * capacity] = hi[axis];
    }
}

void xti_slot_box_get(const struct xti_layout *layout, const struct xtd_node *node, uint32_t slot,
                      float *lo, float *hi)
{
    const float *sides = xti_inner_boxes_const(layout, node) + slot;
    size_t capacity = node->capacity;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        lo[axis] = sides[(size_t)2 * axis * capacity];
        hi[axis] = sides[((size_t)2 * axis + 1) * capacity];
    }
}

void xti_inner_append(const struct xti_layout *layout, struct xtd_node *node, uint32_t ref,
                      const float *lo, const float *hi)
{
    XTI_ASSERT(node->count < node->capacity);
    xti_slot_box_set(layout, node, node->count, lo, hi);
    xti_inner_refs(layout, node)[node->count] = ref;
    node->count++;
}

void xti_inner_remove(const struct xti_layout *layout, struct xtd_node *node, uint32_t slot)
{
    uint32_t last = --node->count;
    uint32_t *refs = xti_inner_refs(layout, node);
    float *sides = xti_inner_boxes(layout, node);

    for (uint32_t side = 0; side < 2 * layout->dims; side++, sides += node->capacity) {
        sides[slot] = sides[last];
        sides[last] = NAN;
    }
    refs[slot] = refs[last];
    refs[last] = 0;
}

uint64_t xti_child_items(struct xti_writer *writer, uint32_t ref, uint32_t level)
{
    struct xtd_node *node;
    bool is_own;

    if (xti_txn_node(writer->txn, ref, level, &node, &is_own) != XT_OK)
        return 0;
    return node->item_count;
}
