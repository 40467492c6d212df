/* src/tree/join.c -- joins: opening, and giving pairs.
 *
 * The synchronised traversal of T. Brinkhoff, H.-P. Kriegel, B. Seeger, *Efficient Processing of
 * Spatial Joins Using R-trees*, SIGMOD 1993. join_walk.c finds pairs of leaves, join_leaf.c pairs
 * of items; here they are handed out.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tree/join_private.h"

/* Longer nodes are left to the processor's own prefetching, which sees sequential reads. */
#define AHEAD_LINES_MAX 32u

#define FRAME_BOXES 3u /* of the current child, of the following one, of the partner */

/* ---- opening ------------------------------------------------------------------------------ */

static void side_set(struct xti_join_side *side, const struct xti_view *view,
                     const struct xti_kernels *kernels)
{
    const struct xti_layout *layout = view->layout;
    uint32_t inner_units = xti_inner_units(layout, layout->inner_capacity);
    uint32_t leaf_units = xti_leaf_units(layout, layout->leaf_capacity);
    bool is_points = layout->leaf_kind == XTD_LEAF_POINTS;

    side->view = view;
    side->layout = layout;
    side->leaf_f64 = is_points ? kernels->points_f64 : kernels->boxes_meet_f64;
    side->leaf_f32 = is_points ? kernels->points_f32 : kernels->boxes_meet_f32;
    side->ahead_inner = inner_units < AHEAD_LINES_MAX ? inner_units : AHEAD_LINES_MAX;
    side->ahead_leaf = leaf_units < AHEAD_LINES_MAX ? leaf_units : AHEAD_LINES_MAX;
}

/* No tree has more nodes than fit into the view. */
static uint64_t nodes_max(const struct xti_view *view)
{
    uint32_t leaf_units = xti_leaf_units(view->layout, 16);
    uint32_t inner_units = xti_inner_units(view->layout, 16);

    return view->unit_count / (leaf_units < inner_units ? leaf_units : inner_units);
}

/* Each pair of nodes is entered once at most, as each node has one parent: what exceeds that goes
 * over some nodes twice. A view has less than 2^32 units and a node at least 4. */
static uint64_t visits_max(const struct xti_join *join)
{
    return nodes_max(join->sides[0].view) * nodes_max(join->sides[1].view);
}

/* Each frame but the last takes one level from the higher of two nodes. */
static uint32_t frames_max(const struct xti_view *a, const struct xti_view *b)
{
    uint32_t height = a->height > b->height ? a->height : b->height;

    return height == 0 ? 0 : height - 1;
}

/* Behind the frames: the frames' boxes, root boxes, item_box, all of doubles; then floats low_f32,
 * high_f32 and the four of `moved`. */
static size_t join_bytes(uint32_t frames, size_t dims)
{
    return sizeof(struct xti_join) + frames * sizeof(struct xti_join_frame) +
           (FRAME_BOXES * (size_t)frames + 3) * 2 * dims * sizeof(double) +
           6 * dims * sizeof(float);
}

static void arrays_set(struct xti_join *join)
{
    size_t dims = join->dims;
    double *box = (double *)(void *)&join->frames[join->frame_count];
    float *floats;

    for (uint32_t i = 0; i < join->frame_count; i++, box += FRAME_BOXES * (size_t)2 * dims) {
        join->frames[i].current.box = box;
        join->frames[i].following.box = box + 2 * dims;
        join->frames[i].partner_box = box + 4 * dims;
    }
    join->sides[0].root_box = box;
    join->sides[1].root_box = box + 2 * dims;
    join->item_box = box + 4 * dims;
    floats = (float *)(void *)(box + 6 * dims);
    join->low_f32 = floats;
    join->high_f32 = floats + dims;
    join->moved.meet_lo = floats + 2 * dims;
    join->moved.meet_hi = floats + 3 * dims;
    join->moved.hold_lo = floats + 4 * dims;
    join->moved.hold_hi = floats + 5 * dims;
}

xt_status xti_join_open(const struct xti_os *os, const struct xti_view *a, const struct xti_view *b,
                        uint64_t limit, const struct xti_kernels *kernels, struct xti_join **out)
{
    uint32_t frames = frames_max(a, b == NULL ? a : b);
    size_t bytes = join_bytes(frames, a->layout->dims);
    struct xti_join *join;

    *out = NULL;
    join = xti_alloc_zeroed(os, bytes);
    if (join == NULL)
        return XT_ENOMEM;
    join->os = os;
    join->kernels = kernels;
    join->bytes = bytes;
    join->dims = a->layout->dims;
    join->is_self = b == NULL;
    join->limit_left = limit == 0 ? UINT64_MAX : limit;
    join->frame_count = frames;
    side_set(&join->sides[0], a, kernels);
    side_set(&join->sides[1], b == NULL ? a : b, kernels);
    join->visits_left = visits_max(join);
    arrays_set(join);
    *out = join;
    return XT_OK;
}

void xti_join_close(struct xti_join *join)
{
    if (join != NULL)
        join->os->free(join->os, join, join->bytes);
}

void xti_join_stats(const struct xti_join *join, xt_walk_stats *out)
{
    out->nodes = join->nodes;
    out->leaves = join->leaves;
    out->lines = join->lines;
    out->items = join->pairs;
}

/* ---- giving ------------------------------------------------------------------------------- */

/* Accounts for what was given; at the limit the join ends. */
static void given(struct xti_join *join, uint64_t count)
{
    join->pairs += count;
    join->limit_left -= count;
    if (join->limit_left == 0)
        (void)xti_join_fail(join, XT_DONE);
}

/* The ids of a leaf's block. */
static const uint64_t *ids_of(const struct xti_join *join, uint32_t side,
                              const struct xtd_node *leaf, uint32_t first)
{
    return xti_leaf_ids_const(join->sides[side].layout, leaf) + first;
}

/* Gives pairs of the current blocks. What there is no room for stays in the masks. */
static size_t hits_take(struct xti_join *join, xt_pair *out, size_t room)
{
    uint32_t outer = join->outer;
    const uint64_t *outer_ids = ids_of(join, outer, join->outer_leaf, join->outer_first);
    const uint64_t *inner_ids = ids_of(join, 1 - outer, join->inner_leaf, join->inner_first);
    size_t count = 0;

    while (join->hits != 0) {
        uint32_t slot = xti_bit_lowest(join->hits);
        uint64_t id = outer_ids[slot];
        uint64_t mask = join->masks[slot];

        for (; mask != 0 && count < room; mask &= mask - 1) {
            uint64_t partner = inner_ids[xti_bit_lowest(mask)];

            out[count++] = outer == 0 ? (xt_pair){id, partner} : (xt_pair){partner, id};
        }
        join->masks[slot] = mask;
        if (mask != 0)
            break;
        join->hits &= join->hits - 1;
    }
    return count;
}

xt_status xti_join_next(struct xti_join *join, xt_pair *pairs, size_t capacity, size_t *count)
{
    size_t total = 0;

    *count = 0;
    if (capacity == 0)
        return XT_EINVAL;
    while (total < capacity && (join->hits != 0 || xti_join_advance(join))) {
        size_t room = capacity - total;
        size_t taken;

        if (room > join->limit_left)
            room = (size_t)join->limit_left;
        taken = hits_take(join, pairs + total, room);
        given(join, taken);
        total += taken;
    }
    *count = total;
    return total > 0 ? XT_OK : join->status;
}

static uint64_t hits_count(struct xti_join *join)
{
    uint64_t count = 0;

    for (; join->hits != 0; join->hits &= join->hits - 1)
        count += xti_bit_count(join->masks[xti_bit_lowest(join->hits)]);
    return count;
}

xt_status xti_join_count(struct xti_join *join, uint64_t *count)
{
    uint64_t total;

    *count = 0;
    if (join->status < XT_OK)
        return join->status;
    join->is_counting = true;
    total = hits_count(join);
    while (total < join->limit_left && xti_join_advance(join))
        total += hits_count(join);
    if (join->status < XT_OK)
        return join->status;
    *count = total < join->limit_left ? total : join->limit_left;
    given(join, *count);
    (void)xti_join_fail(join, XT_DONE);
    return XT_OK;
}
