/* src/tree/window_walk.c -- finds the next leaf block with hits: the inner loop of window queries.
 *
 * Memory is the cost that counts. As soon as it is known which inner children of a block meet the
 * window, the first few of them are asked for; each time one is entered, one more. Leaves are asked
 * for, coordinates and ids where both will be read, and queued: the walk goes on to find more of
 * them while they are on their way, and enters them in the order in which they were found.
 *
 * Lines are counted as README.md defines them, from masks and sizes, not from what a kernel really
 * loads; so the figures are the same for all kernels.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/window_private.h"

/* Children on their way from memory at a time: enough to hide the latency, few enough for the
 * processor to keep track of. */
#define AHEAD_CHILDREN 8u

static bool walk_fail(struct xti_window_query *query, xt_status status)
{
    query->status = status;
    query->depth = 0;
    query->leaves_waiting = 0;
    query->leaf_next = 0;
    query->leaf_count = 0;
    return false;
}

/* Finds the node at `ref` and checks it, once more than there are units at most. */
static bool node_find(struct xti_window_query *query, uint32_t ref, uint32_t level,
                      const struct xtd_node **node)
{
    struct xti_finding finding;
    xt_status status;

    if (query->visits_left == 0)
        return walk_fail(query, XT_ECORRUPT);
    query->visits_left--;
    query->lines++;
    if (level == 0)
        query->leaves++;
    else
        query->nodes++;
    status = xti_view_node(query->view, &query->span, ref, level, node, &finding);
    return status == XT_OK || walk_fail(query, status);
}

/* ---- leaves ------------------------------------------------------------------------------- */

static void leaf_open(struct xti_window_query *query, const struct xtd_node *leaf, bool is_whole)
{
    query->leaf = leaf;
    query->leaf_is_whole = is_whole;
    query->leaf_next = 0;
    query->leaf_count = leaf->count;
}

/* With other conditions or a filter. A filter also reads the coordinates of a leaf that holds, and
 * the ids of those that it is asked about when only their number is wanted. */
__attribute__((noinline)) static void leaf_block_other(struct xti_window_query *query)
{
    const struct xti_conditions *c = &query->conditions;
    uint32_t first = query->leaf_first;

    if (query->leaf_is_whole)
        query->pending = xti_bits_below(query->leaf_count - first);
    else
        query->pending = xti_conditions_leaf(c, &query->window, query->leaf, first);
    if (!query->leaf_is_whole || c->filter != NULL)
        query->lines += xti_lines_of_coords(query->layout, query->leaf->capacity, first);
    if (!query->is_counting)
        query->lines += xti_lines_of_ids(query->pending);
    if (c->filter != NULL)
        query->pending = xti_conditions_filter(c, query->leaf, first, query->pending);
}

static void leaf_block(struct xti_window_query *query)
{
    const struct xtd_node *leaf = query->leaf;
    uint32_t first = query->leaf_next;

    query->leaf_first = first;
    query->leaf_next = first + XTI_BLOCK_SLOTS;
    query->leaf_ids = xti_leaf_ids_const(query->layout, leaf) + first;
    if (!query->conditions.is_plain) {
        leaf_block_other(query);
        return;
    }
    if (query->leaf_is_whole) {
        query->pending = xti_bits_below(query->leaf_count - first);
    } else {
        query->pending = xti_condition_test(&query->conditions, &query->window, leaf, first);
        query->lines += xti_lines_of_coords(query->layout, leaf->capacity, first);
    }
    if (!query->is_counting)
        query->lines += xti_lines_of_ids(query->pending);
}

/* ---- inner nodes -------------------------------------------------------------------------- */

static void frame_push(struct xti_window_query *query, const struct xtd_node *node, bool is_whole)
{
    struct xti_window_frame *frame = &query->frames[query->depth];

    frame->node = node;
    frame->meet = 0;
    frame->next_slot = 0;
    frame->is_whole = is_whole;
    query->depth++;
    if (!is_whole)
        query->lines += query->layout->inner_boxes_offset / XTD_UNIT_BYTES - 1;
}

/* Asks for the next inner child of the block that was not asked for yet. */
static void child_ask(const struct xti_window_query *query, struct xti_window_frame *frame)
{
    uint32_t slot = xti_bit_lowest(frame->ahead);
    bool is_held = (frame->hold >> slot & 1) != 0;

    frame->ahead &= frame->ahead - 1;
    xti_view_prefetch(query->view, frame->refs[slot],
                      is_held && query->is_counting ? 1 : query->ahead.inner);
}

static void frame_block(struct xti_window_query *query, struct xti_window_frame *frame)
{
    const struct xti_layout *layout = query->layout;
    const struct xtd_node *node = frame->node;
    uint32_t first = frame->next_slot;

    frame->refs = xti_inner_refs_const(layout, node) + first;
    frame->next_slot = first + XTI_BLOCK_SLOTS;
    if (frame->is_whole) {
        frame->meet = xti_bits_below(node->count - first);
        frame->hold = frame->meet;
    } else {
        xti_conditions_inner(&query->conditions, &query->window, node, first, &frame->meet,
                             &frame->hold);
        query->lines += xti_lines_of_boxes(layout, node->capacity, first);
    }
    query->lines += xti_lines_of_refs(frame->meet);
    frame->ahead = node->level > 1 ? frame->meet : 0; /* leaves have a queue of their own */
    for (uint32_t i = 0; i < AHEAD_CHILDREN && frame->ahead != 0; i++)
        child_ask(query, frame);
}

/* ---- the walk ----------------------------------------------------------------------------- */

static bool node_enter(struct xti_window_query *query, uint32_t ref, uint32_t level, bool is_whole)
{
    const struct xtd_node *node;

    if (!node_find(query, ref, level, &node))
        return false;
    if (level == 0)
        leaf_open(query, node, is_whole);
    else
        frame_push(query, node, is_whole);
    return true;
}

/* Counts a subtree that holds by its header. False: enough were counted, or what
 * the header says cannot be. */
static bool subtree_count(struct xti_window_query *query, uint32_t ref, uint32_t level)
{
    const struct xtd_node *node;

    if (!node_find(query, ref, level, &node))
        return false;
    if (query->counted > query->view->item_count ||
        node->item_count > query->view->item_count - query->counted)
        return walk_fail(query, XT_ECORRUPT);
    query->counted += node->item_count;
    return query->counted < query->limit_left || walk_fail(query, XT_DONE);
}

static struct xti_leaf_block *block_at(struct xti_window_query *query, uint32_t number)
{
    return &query->blocks[number % XTI_LEAF_BLOCKS];
}

/* Queues the leaves of the block, but for those that are counted unseen. */
static bool leaves_take(struct xti_window_query *query, struct xti_window_frame *frame)
{
    uint64_t meet = frame->meet;

    frame->meet = 0;
    if (query->is_counting) {
        for (uint64_t held = meet & frame->hold; held != 0; held &= held - 1) {
            if (!subtree_count(query, frame->refs[xti_bit_lowest(held)], 0))
                return false;
        }
        meet &= ~frame->hold;
    }
    if (meet == 0)
        return true;
    *block_at(query, query->blocks_end++) =
        (struct xti_leaf_block){frame->refs, meet, frame->hold, meet};
    query->leaves_waiting += xti_bit_count(meet);
    return true;
}

/* Asks for leaves of the queue until enough are on their way. */
static void leaves_ask(struct xti_window_query *query)
{
    while (query->leaves_asked < XTI_LEAVES_AHEAD && query->blocks_asked != query->blocks_end) {
        struct xti_leaf_block *block = block_at(query, query->blocks_asked);
        uint32_t slot;

        if (block->ahead == 0) {
            query->blocks_asked++;
            continue;
        }
        slot = xti_bit_lowest(block->ahead);
        block->ahead &= block->ahead - 1;
        xti_leaf_ask(query->view, &query->ahead, block->refs[slot],
                     (block->hold >> slot & 1) == 0 || query->conditions.filter != NULL);
        query->leaves_asked++;
    }
}

/* Enters the next inner child, or counts it. */
static bool child_take(struct xti_window_query *query, struct xti_window_frame *frame,
                       uint32_t level)
{
    uint32_t slot = xti_bit_lowest(frame->meet);
    bool is_held = (frame->hold >> slot & 1) != 0;

    frame->meet &= frame->meet - 1;
    if (frame->ahead != 0)
        child_ask(query, frame);
    if (is_held && query->is_counting)
        return subtree_count(query, frame->refs[slot], level);
    return node_enter(query, frame->refs[slot], level, is_held);
}

/* Goes on with the deepest frame until enough leaves wait, or no frame is left. */
static bool leaves_find(struct xti_window_query *query)
{
    bool goes_on = true;

    while (goes_on && query->depth > 0 && query->leaves_waiting < XTI_LEAVES_AHEAD) {
        struct xti_window_frame *frame = &query->frames[query->depth - 1];
        uint32_t level = query->view->height - 1 - query->depth;

        if (frame->meet != 0)
            goes_on = level == 0 ? leaves_take(query, frame) : child_take(query, frame, level);
        else if (frame->next_slot < frame->node->count)
            frame_block(query, frame);
        else
            query->depth--;
        leaves_ask(query);
    }
    return goes_on && (query->leaves_waiting > 0 || walk_fail(query, XT_DONE));
}

static bool leaf_next(struct xti_window_query *query)
{
    struct xti_leaf_block *block;
    uint32_t slot;
    uint32_t ref;
    bool is_held;

    if (!leaves_find(query))
        return false;
    leaves_ask(query);
    block = block_at(query, query->blocks_first);
    slot = xti_bit_lowest(block->meet);
    ref = block->refs[slot];
    is_held = (block->hold >> slot & 1) != 0;
    block->meet &= block->meet - 1;
    query->leaves_waiting--;
    query->leaves_asked--;
    if (block->meet == 0) {
        if (query->blocks_asked == query->blocks_first)
            query->blocks_asked++;
        query->blocks_first++;
    }
    return node_enter(query, ref, 0, is_held);
}

static bool root_enter(struct xti_window_query *query)
{
    query->is_started = true;
    if (query->view->height == 0)
        return walk_fail(query, XT_DONE);
    return node_enter(query, query->view->root_ref, query->view->height - 1, false);
}

bool xti_window_advance(struct xti_window_query *query)
{
    if (query->status != XT_OK)
        return false;
    if (!query->is_started && !root_enter(query))
        return false;
    do {
        while (query->leaf_next < query->leaf_count) {
            leaf_block(query);
            if (query->pending != 0)
                return true;
        }
    } while (leaf_next(query));
    return false;
}
