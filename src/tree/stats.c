/* src/tree/stats.c -- describes a tree level by level, and finds the exact box of its items.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/edit.h"
#include "tree/tree_private.h"

/* ---- levels ------------------------------------------------------------------------------- */

/* 0 where it is not finite. */
static double box_volume(const double *low, const double *high, uint32_t dims)
{
    double volume = 1.0;

    for (uint32_t axis = 0; axis < dims; axis++)
        volume *= high[axis] - low[axis];
    return isfinite(volume) ? volume : 0.0;
}

/* The volume that two children of a node both cover. The origin is the same for both. */
static double pair_overlap(const struct xti_layout *layout, const struct xtd_node *node, uint32_t a,
                           uint32_t b)
{
    double volume = 1.0;

    for (uint32_t axis = 0; axis < layout->dims && volume != 0; axis++) {
        const float *lo = xti_inner_side(layout, node, axis, false);
        const float *hi = xti_inner_side(layout, node, axis, true);
        float from = lo[a] > lo[b] ? lo[a] : lo[b];
        float to = hi[a] < hi[b] ? hi[a] : hi[b];

        volume *= to > from ? (double)to - (double)from : 0.0;
    }
    return isfinite(volume) ? volume : 0.0;
}

static double children_overlap(const struct xti_layout *layout, const struct xtd_node *node)
{
    double overlap = 0.0;

    for (uint32_t a = 1; a < node->count; a++) {
        for (uint32_t b = 0; b < a; b++)
            overlap += pair_overlap(layout, node, a, b);
    }
    return overlap;
}

static xt_status node_add(struct xti_walk *walk, const struct xti_os *os, xt_level_stats *level)
{
    const struct xti_layout *layout = walk->view->layout;
    const struct xtd_node *node = xti_walk_node(walk)->node;
    uint64_t bytes = (uint64_t)node->size_units * XTD_UNIT_BYTES;
    double low[XT_DIMS_MAX];
    double high[XT_DIMS_MAX];
    double share = 0;

    level->nodes++;
    level->entries += node->count;
    level->capacity += node->capacity;
    level->bytes += bytes;
    level->largest = node->count > level->largest ? node->count : level->largest;
    xti_walk_box(walk, low, high);
    level->volume += box_volume(low, high, layout->dims);
    if ((node->flags & XTD_NODE_SUPERNODE) == 0)
        return XT_OK;
    level->supernodes++;
    level->supernode_bytes += bytes;
    if (xti_node_overlap(os, layout, node, &share) != XT_OK)
        return XT_ENOMEM;
    level->split_overlap += share;
    return XT_OK;
}

xt_status xti_tree_stats(const struct xti_os *os, const struct xti_view *view, xt_tree_stats *out)
{
    struct xti_walk walk;
    xt_status status;

    *out = (xt_tree_stats){.struct_size = out->struct_size};
    out->height = view->height;
    out->items = view->item_count;
    xti_walk_init(&walk, view, 0);
    while ((status = xti_walk_next(&walk)) == XT_OK) {
        const struct xtd_node *node = xti_walk_node(&walk)->node;

        status = node_add(&walk, os, &out->level[node->level]);
        if (status != XT_OK)
            break;
        if (node->level > 0)
            out->level[node->level - 1].overlap += children_overlap(view->layout, node);
    }
    if (status == XT_DONE)
        return XT_OK;
    *out = (xt_tree_stats){.struct_size = out->struct_size};
    return status;
}

/* ---- bounds ------------------------------------------------------------------------------- */

/* One side of the box is sought at a time, best child first: then what is known of the side after
 * the first leaf rules out all that does not touch it, save for the rounding of stored boxes. Every
 * leaf that is read serves all sides. */
struct bounds {
    struct xti_walk walk;
    uint32_t axis;
    bool is_high;
    double *low, *high;                 /* of the items read so far */
    uint32_t best_slot[XTD_LEVELS_MAX]; /* for each frame, the child that was entered first */
};

static bool child_may_widen(const struct bounds *bounds, const struct xtd_node *node, uint32_t slot)
{
    const struct xti_layout *layout = bounds->walk.view->layout;
    uint32_t axis = bounds->axis;
    double origin = xti_inner_origin_const(node)[axis];
    double offset = (double)xti_inner_side(layout, node, axis, bounds->is_high)[slot];

    if (bounds->is_high)
        return xti_sum_up(origin, offset) > bounds->high[axis];
    return xti_sum_down(origin, offset) < bounds->low[axis];
}

static uint32_t child_best(const struct bounds *bounds, const struct xtd_node *node)
{
    const float *side =
        xti_inner_side(bounds->walk.view->layout, node, bounds->axis, bounds->is_high);
    uint32_t best = 0;

    for (uint32_t slot = 1; slot < node->count; slot++) {
        if (bounds->is_high ? side[slot] > side[best] : side[slot] < side[best])
            best = slot;
    }
    return best;
}

/* The child to enter next, or the node's count. next_slot 0: the best; s + 1: from slot s on. */
static uint32_t child_next(struct bounds *bounds, struct xti_walk_frame *frame)
{
    uint32_t *best = &bounds->best_slot[bounds->walk.depth - 1];
    uint32_t slot = frame->next_slot - 1;

    if (frame->next_slot == 0) {
        *best = child_best(bounds, frame->node);
        frame->next_slot = 1;
        return child_may_widen(bounds, frame->node, *best) ? *best : frame->node->count;
    }
    while (slot < frame->node->count &&
           (slot == *best || !child_may_widen(bounds, frame->node, slot)))
        slot++;
    frame->next_slot = slot + 2;
    return slot;
}

static xt_status side_find(struct bounds *bounds)
{
    struct xti_walk *walk = &bounds->walk;
    const struct xti_layout *layout = walk->view->layout;
    xt_status status;

    xti_walk_init(walk, walk->view, 0);
    status = xti_walk_enter(walk, walk->view->root_ref);
    while (status == XT_OK && walk->depth > 0) {
        struct xti_walk_frame *frame = &walk->path[walk->depth - 1];
        uint32_t slot;

        if (frame->node->level == 0) {
            xti_leaf_box_add(layout, frame->node, bounds->low, bounds->high);
            walk->depth--;
            continue;
        }
        slot = child_next(bounds, frame);
        if (slot < frame->node->count)
            status = xti_walk_enter(walk, xti_inner_refs_const(layout, frame->node)[slot]);
        else
            walk->depth--;
    }
    return status;
}

xt_status xti_tree_bounds(const struct xti_os *os, const struct xti_view *view, double *low,
                          double *high)
{
    struct bounds bounds = {.low = low, .high = high};
    xt_status status = XT_OK;

    (void)os;
    for (uint32_t axis = 0; axis < view->layout->dims; axis++) {
        low[axis] = INFINITY;
        high[axis] = -INFINITY;
    }
    if (view->height == 0)
        return XT_ENOTFOUND;
    bounds.walk.view = view;
    for (uint32_t side = 0; status == XT_OK && side < 2 * view->layout->dims; side++) {
        bounds.axis = side / 2;
        bounds.is_high = side % 2 != 0;
        status = side_find(&bounds);
    }
    return status;
}
