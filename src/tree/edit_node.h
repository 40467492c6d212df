/* src/tree/edit_node.h -- single nodes of the pending change; private to the tree room.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TREE_EDIT_NODE_H
#define XTI_TREE_EDIT_NODE_H

#include "tree/tree_private.h"

/* Units of a node of a level. */
static inline uint32_t xti_units_for(const struct xti_layout *layout, uint32_t level,
                                     uint32_t capacity)
{
    return level == 0 ? xti_leaf_units(layout, capacity) : xti_inner_units(layout, capacity);
}

/* An own node without entries, within a reservation. Slots are not filled. */
struct xtd_node *xti_node_make(struct xti_writer *writer, uint32_t level, uint32_t capacity);

/* An own copy of a node, with room for `capacity` entries, not less than it has. */
struct xtd_node *xti_node_copy(struct xti_writer *writer, const struct xtd_node *node,
                               uint32_t capacity);

/* Appends all entries of a node of the same level, boxes as they are, to one with enough room; not
 * the number of items. */
void xti_node_append_all(const struct xti_layout *layout, struct xtd_node *to,
                         const struct xtd_node *from);

/* Gives an own or frozen node's block back. */
void xti_node_drop(struct xti_writer *writer, const struct xtd_node *node);

/* The capacity of an inner node that shall hold `count` entries: the normal one, or that of a
 * supernode with up to a quarter to spare. There are less than XTI_FREE_SIZES_MAX of these. */
uint32_t xti_inner_capacity_for(const struct xti_layout *layout, uint32_t count);

/* The capacity after this one, for a supernode that grows. */
uint32_t xti_inner_capacity_after(uint32_t capacity);

/* Fills the slots from count on with what unused slots hold. */
void xti_node_clear_rest(const struct xti_layout *layout, struct xtd_node *node);

/* How many slots in use a kernel looks at from `first` on. */
static inline uint32_t xti_slots_left(const struct xtd_node *node, uint32_t first)
{
    uint32_t left = node->count - first;

    return left < 64 ? left : 64;
}

static inline float *xti_inner_side_of(const struct xti_layout *layout, struct xtd_node *node,
                                       uint32_t axis, bool is_high)
{
    return xti_inner_boxes(layout, node) + ((size_t)2 * axis + is_high) * node->capacity;
}

/* Writes, and reads, the box of a slot: dims floats each. */
void xti_slot_box_set(const struct xti_layout *layout, struct xtd_node *node, uint32_t slot,
                      const float *lo, const float *hi);
void xti_slot_box_get(const struct xti_layout *layout, const struct xtd_node *node, uint32_t slot,
                      float *lo, float *hi);

/* Appends an entry to an inner node that has room. */
void xti_inner_append(const struct xti_layout *layout, struct xtd_node *node, uint32_t ref,
                      const float *lo, const float *hi);

/* Removes a slot; the last one takes its place. */
void xti_inner_remove(const struct xti_layout *layout, struct xtd_node *node, uint32_t slot);

/* Items below an inner node's child; 0 when its header cannot be believed. */
uint64_t xti_child_items(struct xti_writer *writer, uint32_t ref, uint32_t level);

#endif
