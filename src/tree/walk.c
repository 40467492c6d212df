/* src/tree/walk.c -- walks a whole tree, and tells the boxes of its nodes.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>

#include "tree/tree_private.h"

/* ---- walk --------------------------------------------------------------------------------- */

void xti_walk_init(struct xti_walk *walk, const struct xti_view *view, uint32_t min_level)
{
    walk->view = view;
    walk->span = NULL;
    walk->visits_left = view->unit_count;
    walk->min_level = min_level;
    walk->is_started = false;
    walk->finding = (struct xti_finding){"", 0};
    walk->bad_ref = 0;
    walk->depth = 0;
}

xt_status xti_walk_enter(struct xti_walk *walk, uint32_t ref)
{
    struct xti_walk_frame *frame = &walk->path[walk->depth];
    uint32_t level = walk->view->height - 1 - walk->depth;
    xt_status status;

    walk->bad_ref = ref;
    if (walk->visits_left == 0) {
        walk->finding = (struct xti_finding){"tree visits a node twice", 0};
        return XT_ECORRUPT;
    }
    walk->visits_left--;
    status = xti_view_node(walk->view, &walk->span, ref, level, &frame->node, &walk->finding);
    if (status != XT_OK)
        return status;
    frame->ref = ref;
    frame->next_slot = 0;
    walk->depth++;
    return XT_OK;
}

xt_status xti_walk_next(struct xti_walk *walk)
{
    const struct xti_view *view = walk->view;

    if (!walk->is_started) {
        walk->is_started = true;
        if (view->height == 0 || walk->min_level >= view->height)
            return XT_DONE;
        return xti_walk_enter(walk, view->root_ref);
    }
    while (walk->depth > 0) {
        struct xti_walk_frame *frame = &walk->path[walk->depth - 1];

        if (frame->node->level > walk->min_level && frame->next_slot < frame->node->count) {
            const uint32_t *refs = xti_inner_refs_const(view->layout, frame->node);

            return xti_walk_enter(walk, refs[frame->next_slot++]);
        }
        walk->depth--;
    }
    return XT_DONE;
}

/* ---- boxes -------------------------------------------------------------------------------- */

double xti_sum_down(double a, double b)
{
    struct xti_sum sum = xti_sum_of(a, b);
    union {
        double value;
        int64_t bits;
    } next = {sum.value};

    if (sum.error >= 0)
        return sum.value;
    if (sum.value == 0)
        return -DBL_TRUE_MIN;
    next.bits += sum.value > 0 ? -1 : 1; /* the bits of doubles ascend with their magnitude */
    return next.value;
}

double xti_sum_up(double a, double b)
{
    return 0.0 - xti_sum_down(-a, -b);
}

static void box_add(double *low, double *high, uint32_t axis, double from, double to)
{
    if (from < low[axis])
        low[axis] = from;
    if (to > high[axis])
        high[axis] = to;
}

void xti_leaf_box_add(const struct xti_layout *layout, const struct xtd_node *leaf, double *low,
                      double *high)
{
    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        size_t from = xti_leaf_side(layout, leaf, axis, false);
        size_t to = xti_leaf_side(layout, leaf, axis, true);

        for (uint32_t slot = 0; slot < leaf->count; slot++)
            box_add(low, high, axis, xti_leaf_value(layout, leaf, from + slot),
                    xti_leaf_value(layout, leaf, to + slot));
    }
}

static void child_box_add(const struct xti_layout *layout, const struct xtd_node *node,
                          uint32_t slot, double *low, double *high)
{
    const double *origin = xti_inner_origin_const(node);

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        float from = xti_inner_side(layout, node, axis, false)[slot];
        float to = xti_inner_side(layout, node, axis, true)[slot];

        box_add(low, high, axis, xti_sum_down(origin[axis], (double)from),
                xti_sum_up(origin[axis], (double)to));
    }
}

void xti_walk_box(const struct xti_walk *walk, double *low, double *high)
{
    const struct xti_layout *layout = walk->view->layout;
    const struct xti_walk_frame *parent = xti_walk_parent(walk);
    const struct xtd_node *node = xti_walk_node(walk)->node;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        low[axis] = INFINITY;
        high[axis] = -INFINITY;
    }
    if (node->level == 0)
        xti_leaf_box_add(layout, node, low, high);
    else if (parent != NULL)
        child_box_add(layout, parent->node, parent->next_slot - 1, low, high);
    else {
        for (uint32_t slot = 0; slot < node->count; slot++)
            child_box_add(layout, node, slot, low, high);
    }
}

/* ---- nodes -------------------------------------------------------------------------------- */

xt_status xti_tree_nodes(const struct xti_os *os, const struct xti_view *view, uint32_t min_level,
                         xt_node_fn *visit, void *context)
{
    double low[XT_DIMS_MAX];
    double high[XT_DIMS_MAX];
    struct xti_walk walk;
    xt_status status;

    (void)os;
    xti_walk_init(&walk, view, min_level);
    while ((status = xti_walk_next(&walk)) == XT_OK) {
        const struct xti_walk_frame *parent = xti_walk_parent(&walk);
        const struct xti_walk_frame *frame = xti_walk_node(&walk);
        const struct xtd_node *node = frame->node;
        xt_node_info info = {
            .ref = frame->ref,
            .parent_ref = parent == NULL ? 0 : parent->ref,
            .level = node->level,
            .count = node->count,
            .capacity = node->capacity,
            .bytes = (uint64_t)node->size_units * XTD_UNIT_BYTES,
            .items = node->item_count,
            .birth_txn = node->birth_txn,
            .is_supernode = (node->flags & XTD_NODE_SUPERNODE) != 0,
            .low = low,
            .high = high,
        };

        xti_walk_box(&walk, low, high);
        if (!visit(context, &info))
            return XT_ECANCELLED;
    }
    return status == XT_DONE ? XT_OK : status;
}
