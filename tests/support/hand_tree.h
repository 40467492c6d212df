/* tests/support/hand_tree.h -- builds small trees in plain memory, for tests of what reads them.
 *
 * The nodes lie one behind the other in a block that serves as the address space, leaves first, the
 * root last. Items are split by medians, so that nodes are compact; nothing else about the shape is
 * clever. Tests may damage what they like: nodes and view are writable.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HAND_TREE_H
#define HAND_TREE_H

#include "arena/arena.h"

#define HAND_FIRST_UNIT 64u /* where the only arena starts */

struct hand_shape {
    uint32_t dims;
    xt_item_kind kind;
    xt_coord_type coord_type;
    uint32_t leaf_capacity;  /* of the schema, and of every leaf */
    uint32_t inner_capacity; /* of the schema */
    uint32_t node_capacity;  /* of every inner node; 0: of the schema; more: supernodes */
    uint32_t leaf_fill;      /* items in a leaf; the last may have fewer */
    uint32_t inner_fill;     /* children of an inner node; likewise */
    bool own_origins;        /* each inner node has another origin */
};

struct hand_tree {
    struct xti_layout layout;
    struct xti_view *view;
    char *memory; /* what was allocated */
    bool own_origins;
    size_t item_count; /* copies of what the tree was made from, by position */
    double *low, *high;
    uint64_t *ids;
    uint32_t first_ref[XTD_LEVELS_MAX]; /* of each level, leaves at 0 */
    uint32_t node_count[XTD_LEVELS_MAX];
    uint32_t node_units[XTD_LEVELS_MAX];
};

/* Makes a tree of `count` items; low, high: count rows of dims doubles (high NULL: points), exact
 * in the coordinate type. Item i gets the id 1000 + i. Nodes are sealed. Aborts when out of
 * memory. */
void hand_tree_build(struct hand_tree *tree, const struct hand_shape *shape, const double *low,
                     const double *high, size_t count);
void hand_tree_free(struct hand_tree *tree);

/* Node i of a level, to read or to damage; and its ref. */
struct xtd_node *hand_node(const struct hand_tree *tree, uint32_t level, uint32_t i);
uint32_t hand_ref(const struct hand_tree *tree, uint32_t level, uint32_t i);

/* Damages a tree: all slots of each inner node refer to its first child, with its box. Every node
 * by itself still looks sound; a walk that believed them would visit millions. */
void hand_share_children(struct hand_tree *tree);

#endif
