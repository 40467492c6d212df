/* src/tree/join_walk.c -- finds the next pair of leaves of a join.
 *
 * The partners of a child are known before the pairs of the child before it are entered, so their
 * lines are on their way from memory by then.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/join_private.h"

/* Partners on their way from memory at a time. */
#define AHEAD_PARTNERS 8u

/* The lower of two nodes is compared entry by entry while it has no more than one block of them. */
#define REFINE_ENTRIES_MAX XTI_BLOCK_SLOTS

bool xti_join_fail(struct xti_join *join, xt_status status)
{
    join->status = status;
    join->depth = 0;
    join->outer_leaf = NULL;
    join->outer_items = 0;
    join->hits = 0;
    return false;
}

static bool node_find(struct xti_join *join, uint32_t number, uint32_t ref, uint32_t level,
                      const struct xtd_node **node)
{
    struct xti_join_side *side = &join->sides[number];
    struct xti_finding finding;
    xt_status status;

    join->lines++;
    if (level == 0)
        join->leaves++;
    else
        join->nodes++;
    status = xti_view_node(side->view, &side->span, ref, level, node, &finding);
    return status == XT_OK || xti_join_fail(join, status);
}

/* How many of the four 16-slot groups of a block are touched: refs are 16 to a line. */
static uint32_t lines_of_refs(uint64_t mask)
{
    uint32_t lines = 0;

    for (; mask != 0; mask >>= 16)
        lines += (mask & 0xffff) != 0;
    return lines;
}

/* ---- boxes -------------------------------------------------------------------------------- */

/* The box of an inner node's child, rounded outward. */
static void child_box(const struct xti_join_side *side, const struct xtd_node *node, uint32_t slot,
                      double *box)
{
    const double *origin = xti_inner_origin_const(node);
    const float *at = xti_inner_boxes_const(side->layout, node) + slot;
    uint32_t dims = side->layout->dims;
    size_t capacity = node->capacity;

    for (uint32_t axis = 0; axis < dims; axis++, at += 2 * capacity) {
        box[axis] = xti_sum_down(origin[axis], (double)at[0]);
        box[dims + axis] = xti_sum_up(origin[axis], (double)at[capacity]);
    }
}

/* The children of an inner node's block whose boxes meet a box. */
static uint64_t inner_meets(struct xti_join *join, uint32_t number, const struct xtd_node *node,
                            uint32_t first, const double *box)
{
    uint32_t dims = join->dims;

    xti_window_move(box, box + dims, xti_inner_origin_const(node), dims, &join->moved);
    /* The children's boxes lie as those of items do in a leaf of f32. */
    return join->kernels->boxes_meet_f32(xti_inner_boxes_const(join->sides[number].layout, node),
                                         node->capacity, first, dims, join->moved.meet_lo,
                                         join->moved.meet_hi);
}

/* ---- blocks ------------------------------------------------------------------------------- */

static void frame_push(struct xti_join *join, const struct xtd_node *const nodes[2],
                       const double *const boxes[2])
{
    struct xti_join_frame *frame = &join->frames[join->depth];

    for (uint32_t i = 0; i < 2; i++) {
        frame->nodes[i] = nodes[i];
        frame->boxes[i] = boxes[i];
        frame->next[i] = 0;
        if (nodes[i]->level > 0)
            join->lines += join->sides[i].layout->inner_boxes_offset / XTD_UNIT_BYTES - 1;
    }
    frame->is_even = nodes[0]->level == nodes[1]->level;
    frame->is_same = join->is_self && nodes[0] == nodes[1];
    frame->outer = nodes[0]->level < nodes[1]->level ? 1 : 0;
    frame->children = 0;
    frame->current.partners = 0;
    frame->following.partners = 0;
    join->depth++;
}

static void block_lines_add(struct xti_join *join, const struct xti_join_frame *frame,
                            uint32_t side, uint64_t children)
{
    join->lines += xti_join_block_lines(frame->nodes[side]->capacity, frame->first[side],
                                        2 * join->dims, sizeof(float)) +
                   lines_of_refs(children);
}

/* A block of each side. Only children that meet the other node's box can have partners; those of
 * the side with fewer of them are taken one by one. */
static void even_block(struct xti_join *join, struct xti_join_frame *frame)
{
    uint64_t meet[2];

    for (uint32_t i = 0; i < 2; i++) {
        const struct xtd_node *node = frame->nodes[i];

        frame->first[i] = frame->next[i];
        meet[i] = frame->is_same ? xti_bits_below(node->count - frame->first[i])
                                 : inner_meets(join, i, node, frame->first[i], frame->boxes[1 - i]);
        block_lines_add(join, frame, i, meet[i]);
    }
    frame->next[1] += XTI_BLOCK_SLOTS;
    if (frame->next[1] >= frame->nodes[1]->count) {
        frame->next[0] += XTI_BLOCK_SLOTS;
        frame->next[1] = frame->is_same ? frame->next[0] : 0;
    }
    frame->outer = xti_bit_count(meet[1]) < xti_bit_count(meet[0]) ? 1 : 0;
    frame->candidates = meet[1 - frame->outer];
    frame->children = frame->candidates == 0 ? 0 : meet[frame->outer];
}

/* Of the children that meet the lower node's box, those that meet one of its entries. */
static uint64_t children_refine(struct xti_join *join, const struct xti_join_frame *frame,
                                uint64_t children)
{
    uint32_t high = frame->outer;
    uint32_t low = 1 - high;
    const struct xtd_node *node = frame->nodes[low];
    uint64_t found = 0;
    uint64_t entries;

    if (node->count > REFINE_ENTRIES_MAX || (children & (children - 1)) == 0)
        return children;
    entries = node->level == 0 ? xti_join_leaf_meets(join, low, node, 0, frame->boxes[high])
                               : inner_meets(join, low, node, 0, frame->boxes[high]);
    for (; entries != 0 && found != children; entries &= entries - 1) {
        uint32_t slot = xti_bit_lowest(entries);

        if (node->level == 0)
            xti_join_item_box(&join->sides[low], node, slot, join->item_box);
        else
            child_box(&join->sides[low], node, slot, join->item_box);
        found |= children &
                 inner_meets(join, high, frame->nodes[high], frame->first[high], join->item_box);
    }
    return found;
}

/* A block of the higher node; its children keep the lower one as partner. */
static void uneven_block(struct xti_join *join, struct xti_join_frame *frame)
{
    uint32_t high = frame->outer;
    uint64_t children;

    frame->first[high] = frame->next[high];
    frame->next[high] += XTI_BLOCK_SLOTS;
    children =
        inner_meets(join, high, frame->nodes[high], frame->first[high], frame->boxes[1 - high]);
    frame->children = children_refine(join, frame, children);
    block_lines_add(join, frame, high, frame->children);
}

/* False: there is none left. */
static bool frame_block(struct xti_join *join, struct xti_join_frame *frame)
{
    uint32_t leading = frame->is_even ? 0 : frame->outer;

    if (frame->next[leading] >= frame->nodes[leading]->count)
        return false;
    if (frame->is_even)
        even_block(join, frame);
    else
        uneven_block(join, frame);
    return true;
}

/* ---- children and partners ---------------------------------------------------------------- */

static uint32_t child_ref(const struct xti_join *join, const struct xti_join_frame *frame,
                          uint32_t side, uint32_t slot)
{
    return xti_inner_refs_const(join->sides[side].layout,
                                frame->nodes[side])[frame->first[side] + slot];
}

static void node_ask(const struct xti_join *join, const struct xti_join_frame *frame, uint32_t side,
                     uint32_t slot)
{
    const struct xti_join_side *of = &join->sides[side];

    xti_view_prefetch(of->view, child_ref(join, frame, side, slot),
                      frame->nodes[side]->level == 1 ? of->ahead_leaf : of->ahead_inner);
}

/* Asks for the next partner that was not asked for yet. */
static void partner_ask(const struct xti_join *join, const struct xti_join_frame *frame,
                        struct xti_join_child *child)
{
    uint32_t slot = xti_bit_lowest(child->ahead);

    child->ahead &= child->ahead - 1;
    node_ask(join, frame, 1 - frame->outer, slot);
}

static uint64_t partners_of(struct xti_join *join, const struct xti_join_frame *frame,
                            const struct xti_join_child *child)
{
    uint32_t inner = 1 - frame->outer;
    uint64_t partners;

    if (!frame->is_even)
        return 1;
    partners = inner_meets(join, inner, frame->nodes[inner], frame->first[inner], child->box) &
               frame->candidates;
    if (frame->is_same && frame->first[0] == frame->first[1])
        partners &= ~xti_bits_below(child->slot);
    return partners;
}

/* Finds the next child of the block that has partners, and asks for it and for them. */
static void following_find(struct xti_join *join, struct xti_join_frame *frame)
{
    struct xti_join_child *child = &frame->following;
    uint32_t outer = frame->outer;

    child->partners = 0;
    while (frame->children != 0 && child->partners == 0) {
        child->slot = xti_bit_lowest(frame->children);
        frame->children &= frame->children - 1;
        child_box(&join->sides[outer], frame->nodes[outer], frame->first[outer] + child->slot,
                  child->box);
        child->partners = partners_of(join, frame, child);
    }
    if (child->partners == 0)
        return;
    node_ask(join, frame, outer, child->slot);
    child->ahead = frame->is_even ? child->partners : 0;
    for (uint32_t i = 0; i < AHEAD_PARTNERS && child->ahead != 0; i++)
        partner_ask(join, frame, child);
}

/* Goes on to the next child with partners. False: the frame has none left. */
static bool child_next(struct xti_join *join, struct xti_join_frame *frame)
{
    double *box = frame->current.box;

    while (frame->following.partners == 0) {
        if (!frame_block(join, frame))
            return false;
        following_find(join, frame);
    }
    frame->current = frame->following;
    frame->following.box = box;
    frame->child = NULL;
    following_find(join, frame);
    return true;
}

/* Enters the next pair of the current child: a pair of leaves begins, or a frame is pushed. */
static bool pair_enter(struct xti_join *join, struct xti_join_frame *frame)
{
    struct xti_join_child *child = &frame->current;
    uint32_t outer = frame->outer;
    uint32_t inner = 1 - outer;
    uint32_t slot = xti_bit_lowest(child->partners);
    const struct xtd_node *nodes[2];
    const double *boxes[2];

    child->partners &= child->partners - 1;
    if (child->ahead != 0)
        partner_ask(join, frame, child);
    if (join->visits_left == 0)
        return xti_join_fail(join, XT_ECORRUPT);
    join->visits_left--;
    if (frame->child == NULL && !node_find(join, outer, child_ref(join, frame, outer, child->slot),
                                           frame->nodes[outer]->level - 1u, &frame->child))
        return false;
    nodes[outer] = frame->child;
    nodes[inner] = frame->nodes[inner];
    boxes[outer] = child->box;
    boxes[inner] = frame->boxes[inner];
    if (frame->is_even && !node_find(join, inner, child_ref(join, frame, inner, slot),
                                     frame->nodes[inner]->level - 1u, &nodes[inner]))
        return false;
    if (nodes[0]->level == 0 && nodes[1]->level == 0) {
        xti_join_leaves_begin(join, nodes[inner], nodes[outer], child->box, inner);
        return true;
    }
    if (frame->is_even) {
        child_box(&join->sides[inner], frame->nodes[inner], frame->first[inner] + slot,
                  frame->partner_box);
        boxes[inner] = frame->partner_box;
    }
    frame_push(join, nodes, boxes);
    return true;
}

/* ---- the walk ----------------------------------------------------------------------------- */

static bool root_find(struct xti_join *join, uint32_t number, const struct xtd_node **root)
{
    struct xti_join_side *side = &join->sides[number];
    const struct xti_view *view = side->view;
    struct xti_walk walk;

    if (!node_find(join, number, view->root_ref, view->height - 1, root))
        return false;
    xti_walk_init(&walk, view, 0);
    if (xti_walk_next(&walk) != XT_OK)
        return xti_join_fail(join, XT_ECORRUPT);
    xti_walk_box(&walk, side->root_box, side->root_box + join->dims);
    return true;
}

static bool roots_enter(struct xti_join *join)
{
    const struct xtd_node *nodes[2];
    const double *boxes[2] = {join->sides[0].root_box, join->sides[1].root_box};

    join->is_started = true;
    if (join->sides[0].view->height == 0 || join->sides[1].view->height == 0)
        return xti_join_fail(join, XT_DONE);
    if (!root_find(join, 0, &nodes[0]) || !root_find(join, 1, &nodes[1]))
        return false;
    if (nodes[0]->level == 0 && nodes[1]->level == 0)
        xti_join_leaves_begin(join, nodes[0], nodes[1], boxes[1], 0);
    else
        frame_push(join, nodes, boxes);
    return true;
}

bool xti_join_leaves_next(struct xti_join *join)
{
    join->outer_leaf = NULL;
    if (!join->is_started && !roots_enter(join))
        return false;
    while (join->outer_leaf == NULL) {
        struct xti_join_frame *frame;

        if (join->depth == 0)
            return xti_join_fail(join, XT_DONE);
        frame = &join->frames[join->depth - 1];
        if (frame->current.partners == 0 && !child_next(join, frame))
            join->depth--;
        else if (!pair_enter(join, frame))
            return false;
    }
    return true;
}
