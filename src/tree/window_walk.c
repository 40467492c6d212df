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

/* Inner children on their way from memory at a time: enough to hide the latency, few enough for the
 * processor to keep track of. */
#define AHEAD_CHILDREN 4u

static bool walk_fail(struct xti_window_query *query, xt_status status)
{
    query->status = status;
    query->depth = 0;
    query->queue_first = query->queue_end;
    query->leaf_next = 0;
    query->leaf_count = 0;
    return false;
}

/* Finds the node at `ref` and checks it, once more than there are units at most. */
static inline bool node_find(struct xti_window_query *query, uint32_t ref, uint32_t level,
                             const struct xtd_node **node)
{
    struct xti_finding finding;
    xt_status status;

    if (query->nodes + query->leaves == query->view->unit_count)
        return walk_fail(query, XT_ECORRUPT);
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

/* Asks for the inner child in a slot of the frame's block. */
static inline void child_ask(const struct xti_window_query *query,
                             const struct xti_window_frame *frame, uint32_t slot)
{
    bool is_counted = query->is_counting && (frame->hold >> slot & 1) != 0;

    xti_view_prefetch(query->view, frame->refs[slot], is_counted ? 1 : query->ahead.inner);
}

static inline void children_ask(const struct xti_window_query *query,
                                struct xti_window_frame *frame)
{
    uint64_t ahead = frame->meet;

    for (uint32_t i = 0; i < AHEAD_CHILDREN && ahead != 0; i++, ahead &= ahead - 1)
        child_ask(query, frame, xti_bit_lowest(ahead));
    frame->ahead = ahead;
}

/* Asks for the headers of leaves that will be counted by them. */
static void headers_ask(const struct xti_window_query *query, const struct xti_window_frame *frame)
{
    for (uint64_t held = frame->hold; held != 0; held &= held - 1)
        xti_view_prefetch(query->view, frame->refs[xti_bit_lowest(held)], 1);
}

/* Tests the block of a node that begins at slot `first`. */
static inline void block_test(struct xti_window_query *query, const struct xtd_node *node,
                              uint32_t first, uint64_t *meet, uint64_t *hold)
{
    xti_conditions_inner(&query->conditions, &query->window, node, first, meet, hold);
    query->lines += xti_lines_of_boxes(query->layout, node->capacity, first);
    query->lines += xti_lines_of_refs(*meet);
}

/* Begins to work on the block of the frame that begins at slot `first`. */
static inline void frame_block(struct xti_window_query *query, struct xti_window_frame *frame,
                               uint32_t first, uint64_t meet, uint64_t hold)
{
    frame->refs = xti_inner_refs_const(query->layout, frame->node) + first;
    frame->next_slot = first + XTI_BLOCK_SLOTS;
    frame->meet = meet;
    frame->hold = hold;
    if (frame->level > 0)
        children_ask(query, frame);
    else if (query->is_counting)
        headers_ask(query, frame);
}

/* Of a node all of which holds. */
static void frame_block_whole(struct xti_window_query *query, struct xti_window_frame *frame,
                              uint32_t first)
{
    uint64_t all = xti_bits_below(frame->node->count - first);

    query->lines += xti_lines_of_refs(all);
    frame_block(query, frame, first, all, all);
}

/* Of a supernode; apart, as it is rare. */
__attribute__((noinline)) static void frame_block_next(struct xti_window_query *query,
                                                       struct xti_window_frame *frame)
{
    uint32_t first = frame->next_slot;
    uint64_t meet, hold;

    if (frame->is_whole) {
        frame_block_whole(query, frame, first);
        return;
    }
    block_test(query, frame->node, first, &meet, &hold);
    frame_block(query, frame, first, meet, hold);
}

/* Nothing is left to do with it but what its masks say: then its place is free. */
static bool frame_is_last(const struct xti_window_frame *frame)
{
    return frame->next_slot >= frame->node->count;
}

/* Its first block is to be given. */
static inline struct xti_window_frame *frame_push(struct xti_window_query *query,
                                                  const struct xtd_node *node, uint32_t level,
                                                  bool is_whole)
{
    struct xti_window_frame *frame = &query->frames[query->depth++];

    frame->node = node;
    frame->level = (uint16_t)(level - 1);
    frame->is_whole = is_whole;
    return frame;
}

/* ---- the walk ----------------------------------------------------------------------------- */

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

/* Asks for a leaf and queues it; there is room. */
static inline void leaf_queue(struct xti_window_query *query, uint32_t ref, uint32_t is_held)
{
    uint32_t at = query->queue_end++ % XTI_LEAVES_AHEAD;

    query->queue[at] = ref;
    query->queue_hold = (query->queue_hold & ~(1u << at)) | is_held << at;
    xti_leaf_ask(query->view, &query->ahead, ref, is_held == 0 || query->conditions.filter != NULL);
}

/* Queues leaves of the block, as many as there is room for. */
static void leaves_queue(struct xti_window_query *query, struct xti_window_frame *frame)
{
    while (frame->meet != 0 && query->queue_end - query->queue_first < XTI_LEAVES_AHEAD) {
        uint32_t slot = xti_bit_lowest(frame->meet);

        frame->meet &= frame->meet - 1;
        leaf_queue(query, frame->refs[slot], frame->hold >> slot & 1);
    }
}

/* Queues leaves of the block, but for those that are counted unseen. */
static bool leaves_take(struct xti_window_query *query, struct xti_window_frame *frame)
{
    uint64_t held;

    if (!query->is_counting || frame->hold == 0) {
        leaves_queue(query, frame);
        return true;
    }
    held = frame->meet & frame->hold;
    frame->meet &= ~held;
    leaves_queue(query, frame);
    for (; held != 0; held &= held - 1) {
        if (!subtree_count(query, frame->refs[xti_bit_lowest(held)], 0))
            return false;
    }
    return true;
}

/* Enters an inner node that does not hold and, as long as a single child meets, that one: it needs
 * no frame. Ends with a frame, a leaf in the queue, for which there is room, or nothing. */
static bool node_enter(struct xti_window_query *query, uint32_t ref, uint32_t level)
{
    const struct xti_layout *layout = query->layout;

    for (;;) {
        const struct xtd_node *node;
        uint64_t meet, hold;

        if (!node_find(query, ref, level, &node))
            return false;
        query->lines += layout->inner_boxes_offset / XTD_UNIT_BYTES - 1;
        block_test(query, node, 0, &meet, &hold);
        if ((meet & (meet - 1)) != 0 || hold != 0 || node->count > XTI_BLOCK_SLOTS) {
            frame_block(query, frame_push(query, node, level, false), 0, meet, hold);
            return true;
        }
        if (meet == 0)
            return true;
        ref = xti_inner_refs_const(layout, node)[xti_bit_lowest(meet)];
        if (--level == 0) {
            leaf_queue(query, ref, 0);
            return true;
        }
        xti_view_prefetch(query->view, ref, query->ahead.inner);
    }
}

/* Enters the next inner child, or counts it. */
static bool child_take(struct xti_window_query *query, struct xti_window_frame *frame)
{
    uint32_t slot = xti_bit_lowest(frame->meet);
    bool is_held = (frame->hold >> slot & 1) != 0;
    uint32_t level = frame->level;
    uint32_t ref = frame->refs[slot];
    const struct xtd_node *node;

    frame->meet &= frame->meet - 1;
    if (frame->ahead != 0) {
        child_ask(query, frame, xti_bit_lowest(frame->ahead));
        frame->ahead &= frame->ahead - 1;
    }
    if (frame->meet == 0 && frame_is_last(frame))
        query->depth--;
    if (!is_held)
        return node_enter(query, ref, level);
    if (query->is_counting)
        return subtree_count(query, ref, level);
    if (!node_find(query, ref, level, &node))
        return false;
    frame_block_whole(query, frame_push(query, node, level, true), 0);
    return true;
}

/* Goes on with the deepest frame until enough leaves wait, or no frame is left. */
static bool leaves_find(struct xti_window_query *query)
{
    bool goes_on = true;

    while (goes_on && query->depth > 0 &&
           query->queue_end - query->queue_first < XTI_LEAVES_AHEAD) {
        struct xti_window_frame *frame = &query->frames[query->depth - 1];

        if (frame->meet != 0)
            goes_on = frame->level == 0 ? leaves_take(query, frame) : child_take(query, frame);
        else if (frame_is_last(frame))
            query->depth--;
        else
            frame_block_next(query, frame);
    }
    return goes_on;
}

/* Enters the next leaf of the queue. */
static bool leaf_next(struct xti_window_query *query)
{
    const struct xtd_node *leaf;
    uint32_t at;

    if (!leaves_find(query))
        return false;
    if (query->queue_first == query->queue_end)
        return walk_fail(query, XT_DONE);
    at = query->queue_first++ % XTI_LEAVES_AHEAD;
    if (!node_find(query, query->queue[at], 0, &leaf))
        return false;
    leaf_open(query, leaf, (query->queue_hold >> at & 1) != 0);
    return true;
}

static bool root_enter(struct xti_window_query *query)
{
    uint32_t height = query->view->height;
    const struct xtd_node *root;

    query->is_started = true;
    if (height == 0)
        return walk_fail(query, XT_DONE);
    if (height > 1)
        return node_enter(query, query->view->root_ref, height - 1);
    if (!node_find(query, query->view->root_ref, 0, &root))
        return false;
    leaf_open(query, root, false);
    return true;
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
