/* src/tree/tree_private.h -- what the files of the tree room share: the walk and boxes of nodes.
 *
 * The walk goes through a view depth first, parents before children, with a path of fixed length:
 * no recursion, no allocation. Window queries have a walk of their own (window_private.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TREE_PRIVATE_H
#define XTI_TREE_PRIVATE_H

#include <math.h>

#include "tree/tree.h"

/* ---- walk (walk.c) ------------------------------------------------------------------------ */

struct xti_walk_frame {
    const struct xtd_node *node;
    uint32_t ref;
    uint32_t next_slot; /* of the child to enter next; the one before was entered last */
};

struct xti_walk {
    const struct xti_view *view;
    const struct xti_span *span; /* hint for xti_view_node() */
    uint64_t visits_left;        /* more nodes than units: the refs go in circles */
    uint32_t min_level;
    bool is_started;
    struct xti_finding finding; /* after XT_ECORRUPT, with the ref where it arose */
    uint32_t bad_ref;
    uint32_t depth; /* frames in use; the last is the current node */
    struct xti_walk_frame path[XTD_LEVELS_MAX];
};

/* Nodes below min_level are left out. */
void xti_walk_init(struct xti_walk *walk, const struct xti_view *view, uint32_t min_level);

/* Goes to the next node, the root first. XT_OK, XT_DONE (no more) or XT_ECORRUPT. */
XT_NODISCARD xt_status xti_walk_next(struct xti_walk *walk);

/* Enters the node at `ref`, as a child of the current node or, where there is none, as root. For
 * walks that choose their own way; they leave a node by taking one from `depth`. */
XT_NODISCARD xt_status xti_walk_enter(struct xti_walk *walk, uint32_t ref);

static inline const struct xti_walk_frame *xti_walk_node(const struct xti_walk *walk)
{
    return &walk->path[walk->depth - 1];
}

/* NULL: the current node is the root. */
static inline const struct xti_walk_frame *xti_walk_parent(const struct xti_walk *walk)
{
    return walk->depth < 2 ? NULL : &walk->path[walk->depth - 2];
}

/* ---- boxes (walk.c) ------------------------------------------------------------------------ */

/* The box of the current node as xt_node_info describes it: dims doubles each. */
void xti_walk_box(const struct xti_walk *walk, double *low, double *high);

/* Grows low[], high[] by the items of a leaf, exactly. */
void xti_leaf_box_add(const struct xti_layout *layout, const struct xtd_node *leaf, double *low,
                      double *high);

/* The `capacity` offsets of one side of an inner node's boxes. */
static inline const float *xti_inner_side(const struct xti_layout *layout,
                                          const struct xtd_node *node, uint32_t axis, bool is_high)
{
    return xti_inner_boxes_const(layout, node) + ((size_t)2 * axis + is_high) * node->capacity;
}

/* Where the coordinates of one side begin among those of a leaf. */
static inline size_t xti_leaf_side(const struct xti_layout *layout, const struct xtd_node *leaf,
                                   uint32_t axis, bool is_high)
{
    size_t array =
        layout->leaf_kind == XTD_LEAF_POINTS ? axis : (size_t)2 * axis + (is_high ? 1 : 0);

    return array * leaf->capacity;
}

static inline double xti_leaf_value(const struct xti_layout *layout, const struct xtd_node *leaf,
                                    size_t at)
{
    const void *coords = xti_leaf_coords_const(leaf);

    return layout->coord_bytes == sizeof(double) ? ((const double *)coords)[at]
                                                 : (double)((const float *)coords)[at];
}

/* ---- exact sums ---------------------------------------------------------------------------- */

/* A sum of two doubles that stands for its exact value: `value` rounded to nearest, `error` the
 * rest (TwoSum). One of them may be infinite; then the error is 0. The sum of an origin and a
 * finite offset does not overflow: half a unit of DBL_MAX is far above FLT_MAX. */
struct xti_sum {
    double value;
    double error;
};

static inline struct xti_sum xti_sum_of(double a, double b)
{
    struct xti_sum sum = {a + b, 0.0};

    if (isfinite(sum.value)) {
        double b_seen = sum.value - a;
        double a_seen = sum.value - b_seen;

        sum.error = (a - a_seen) + (b - b_seen);
    }
    return sum;
}

/* Rounding to nearest keeps order, so only equal values need a look at the errors. */
static inline bool xti_sum_is_below(struct xti_sum a, struct xti_sum b)
{
    return a.value < b.value || (a.value == b.value && a.error < b.error);
}

/* The sum rounded to a double that is not above it, and not below it. */
double xti_sum_down(double a, double b);
double xti_sum_up(double a, double b);

#endif
