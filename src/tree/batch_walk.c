/* src/tree/batch_walk.c -- the walks of many windows, a few at a time: begins windows, takes tasks
 * from the ring and looks at their blocks.
 *
 * Lines are counted as for single windows, as if each window were alone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/batch_private.h"

#define WINDOWS_AHEAD 8u

static bool walk_fail(struct xti_windows_query *query, xt_status status)
{
    query->status = status;
    return false;
}

/* ---- the ring ------------------------------------------------------------------------------ */

static void task_push(struct xti_windows_query *query, struct xti_flight *flight,
                      struct xti_task task)
{
    XTI_ASSERT(query->tasks_end - query->tasks_first <= query->tasks_mask);
    query->tasks[query->tasks_end++ & query->tasks_mask] = task;
    flight->tasks++;
}

static struct xti_task task_pop(struct xti_windows_query *query)
{
    if (query->tasks_end - query->tasks_first > XTI_TASKS_CALM)
        return query->tasks[--query->tasks_end & query->tasks_mask];
    return query->tasks[query->tasks_first++ & query->tasks_mask];
}

/* ---- windows ------------------------------------------------------------------------------- */

/* Asks for the row of a window that will be begun soon, and for where its count will go. */
static void window_ask(const struct xti_windows_query *query, size_t next)
{
    size_t row_bytes = (size_t)2 * query->view->layout->dims * sizeof(double);
    size_t number;
    const char *row;

    if (next >= query->chunk_count)
        return;
    number = query->chunk_first + (uint32_t)query->order[next];
    row = (const char *)query->windows + number * row_bytes;
    if (query->counts != NULL)
        __builtin_prefetch(&query->counts[number], 1);
    for (size_t at = 0; at < row_bytes; at += XTD_UNIT_BYTES)
        __builtin_prefetch(row + at);
    __asm__ volatile(""); /* as in xti_view_prefetch() */
}

/* Begins the next window: *task is to look at the root for it. False: there is none. */
static bool window_begin(struct xti_windows_query *query, struct xti_task *task)
{
    const struct xti_view *view = query->view;
    uint32_t i = xti_bit_lowest(query->flights_free);
    struct xti_flight *flight = &query->flights[i];

    if (query->chunk_next == query->chunk_count) {
        xti_windows_order(query);
        if (query->chunk_count == 0)
            return false;
    }
    window_ask(query, query->chunk_next + WINDOWS_AHEAD);
    query->flights_free &= query->flights_free - 1;
    flight->number = query->chunk_first + (uint32_t)query->order[query->chunk_next++];
    flight->tasks = 1;
    flight->limit_left = query->limit;
    flight->visits_left = view->unit_count;
    flight->counted = 0;
    xti_condition_set(&flight->window, &query->conditions,
                      query->windows + flight->number * 2 * view->layout->dims);
    *task = (struct xti_task){
        .ref = view->root_ref, .flight = (uint16_t)i, .level = (uint8_t)(view->height - 1)};
    return true;
}

static void window_end(struct xti_windows_query *query, uint32_t i)
{
    struct xti_flight *flight = &query->flights[i];

    if (query->counts != NULL)
        query->counts[flight->number] = flight->counted;
    query->counted += flight->counted;
    query->flights_free |= UINT32_C(1) << i;
}

/* ---- blocks -------------------------------------------------------------------------------- */

/* Finds the node of a task and checks it; for a window once more than there are units at most. */
static bool node_find(struct xti_windows_query *query, struct xti_flight *flight,
                      const struct xti_task *task, const struct xtd_node **node)
{
    struct xti_known_node *known = &query->known[task->level];

    if (task->first_slot == 0) {
        if (flight->visits_left == 0)
            return walk_fail(query, XT_ECORRUPT);
        flight->visits_left--;
        query->lines++;
        if (task->level == 0)
            query->leaves++;
        else
            query->nodes++;
    }
    if (known->ref != task->ref || task->ref == 0) {
        struct xti_finding finding;
        xt_status status = xti_view_node(query->view, &query->span, task->ref, task->level,
                                         &known->node, &finding);

        known->ref = status == XT_OK ? task->ref : 0;
        if (status != XT_OK)
            return walk_fail(query, status);
    }
    *node = known->node;
    return true;
}

static void count_add(struct xti_flight *flight, uint64_t count)
{
    if (count > flight->limit_left)
        count = flight->limit_left;
    flight->counted += count;
    flight->limit_left -= count;
}

/* Counts what lies below a node by its header. */
static void whole_count(struct xti_windows_query *query, struct xti_flight *flight,
                        const struct xtd_node *node)
{
    uint64_t most = query->view->item_count;

    if (flight->counted > most || node->item_count > most - flight->counted)
        walk_fail(query, XT_ECORRUPT);
    else
        count_add(flight, node->item_count);
}

static void child_ask(const struct xti_windows_query *query, const struct xti_task *child)
{
    if (child->is_whole && query->is_counting)
        xti_view_prefetch(query->view, child->ref, 1);
    else if (child->level > 0)
        xti_view_prefetch(query->view, child->ref, query->ahead.inner);
    else
        xti_leaf_ask(query->view, &query->ahead, child->ref,
                     !child->is_whole || query->conditions.filter != NULL);
}

/* Pushes the children that meet. But a single one that need not be waited for takes the parent's
 * place in *task, and true is returned. */
static bool children_push(struct xti_windows_query *query, struct xti_task *task,
                          const uint32_t *refs, uint64_t meet, uint64_t hold)
{
    struct xti_flight *flight = &query->flights[task->flight];
    struct xti_task child = {.flight = task->flight, .level = (uint8_t)(task->level - 1)};

    if (meet != 0 && (meet & (meet - 1)) == 0 && hold == 0) {
        child.ref = refs[xti_bit_lowest(meet)];
        if (query->known[child.level].ref == child.ref) {
            *task = child;
            return true;
        }
    }
    for (; meet != 0; meet &= meet - 1) {
        uint32_t slot = xti_bit_lowest(meet);

        child.ref = refs[slot];
        child.is_whole = (hold >> slot & 1) != 0;
        child_ask(query, &child);
        task_push(query, flight, child);
    }
    return false;
}

static bool inner_look(struct xti_windows_query *query, struct xti_task *task,
                       const struct xtd_node *node)
{
    const struct xti_layout *layout = query->view->layout;
    uint32_t first = task->first_slot;
    uint64_t meet, hold;

    if (task->is_whole) {
        meet = hold = xti_bits_below(node->count - first);
    } else {
        xti_conditions_inner(&query->conditions, &query->flights[task->flight].window, node, first,
                             &meet, &hold);
        query->lines += xti_lines_of_boxes(layout, node->capacity, first);
        if (first == 0)
            query->lines += layout->inner_boxes_offset / XTD_UNIT_BYTES - 1;
    }
    query->lines += xti_lines_of_refs(meet);
    return children_push(query, task, xti_inner_refs_const(layout, node) + first, meet, hold);
}

/* The first hits, as many as the limit of the window leaves. */
static uint64_t hits_limit(struct xti_flight *flight, uint64_t hits)
{
    uint32_t count = xti_bit_count(hits);

    for (; count > flight->limit_left; count--)
        hits &= ~(UINT64_C(1) << (63 - __builtin_clzll(hits)));
    flight->limit_left -= count;
    return hits;
}

static void leaf_look(struct xti_windows_query *query, const struct xti_task *task,
                      const struct xtd_node *leaf)
{
    const struct xti_conditions *c = &query->conditions;
    struct xti_flight *flight = &query->flights[task->flight];
    uint32_t first = task->first_slot;
    uint64_t hits;

    if (task->is_whole)
        hits = xti_bits_below(leaf->count - first);
    else if (c->is_plain)
        hits = xti_condition_test(c, &flight->window, leaf, first);
    else
        hits = xti_conditions_leaf(c, &flight->window, leaf, first);
    if (!task->is_whole || c->filter != NULL)
        query->lines += xti_lines_of_coords(c->layout, leaf->capacity, first);
    if (!query->is_counting)
        query->lines += xti_lines_of_ids(hits);
    if (c->filter != NULL)
        hits = xti_conditions_filter(c, leaf, first, hits);
    if (query->takes_counts) {
        count_add(flight, xti_bit_count(hits));
        return;
    }
    query->hits = hits_limit(flight, hits);
    query->hit_ids = xti_leaf_ids_const(c->layout, leaf) + first;
    query->hit_window = flight->number;
}

/* Looks at the block of *task; true: *task is now another, to look at right away. The next block of
 * the node is pushed before the children of this one: depth first, it is popped after them. */
static bool block_look(struct xti_windows_query *query, struct xti_flight *flight,
                       struct xti_task *task)
{
    const struct xtd_node *node;

    if (!node_find(query, flight, task, &node))
        return false;
    if (task->is_whole && query->is_counting && task->first_slot == 0) {
        whole_count(query, flight, node);
        return false;
    }
    if (node->count - task->first_slot > XTI_BLOCK_SLOTS) {
        struct xti_task rest = *task;

        rest.first_slot += XTI_BLOCK_SLOTS;
        task_push(query, flight, rest);
    }
    if (task->level > 0)
        return inner_look(query, task, node);
    leaf_look(query, task, node);
    return false;
}

/* A window that was given or counted as often as its limit says lets its tasks go by. */
static void task_do(struct xti_windows_query *query, struct xti_task *task)
{
    struct xti_flight *flight = &query->flights[task->flight];

    while (flight->limit_left != 0 && block_look(query, flight, task))
        continue;
    if (--flight->tasks == 0)
        window_end(query, task->flight);
}

bool xti_windows_advance(struct xti_windows_query *query)
{
    while (query->status == XT_OK && query->hits == 0) {
        struct xti_task task;

        if (query->tasks_end - query->tasks_first < XTI_TASKS_BUSY && query->flights_free != 0 &&
            window_begin(query, &task)) {
            task_do(query, &task);
        } else if (query->tasks_end != query->tasks_first) {
            task = task_pop(query);
            task_do(query, &task);
        } else {
            query->status = XT_DONE;
        }
    }
    return query->hits != 0;
}
