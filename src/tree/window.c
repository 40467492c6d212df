/* src/tree/window.c -- window queries: opening, and giving items or ids.
 *
 * window_walk.c finds the hits, block by block; here they are handed out. What a caller has no room
 * for stays in the mask `pending`, so items and batches of any size may be taken in turn.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tree/window_private.h"

/* ---- opening ------------------------------------------------------------------------------ */

static size_t frames_end(const struct xti_view *view)
{
    size_t frames = view->height == 0 ? 0 : view->height - 1;

    return sizeof(struct xti_window_query) + frames * sizeof(struct xti_window_frame);
}

/* Behind the frames: the arrays of the window, then what belongs to all conditions. */
static bool query_bytes(const struct xti_view *view, const xt_query_options *options, size_t *bytes)
{
    size_t own = frames_end(view) + xti_condition_bytes(view->layout);
    uint64_t total;

    if (!xti_conditions_bytes(view->layout, options->also_count, &total) ||
        !xti_add_u64(total, own, &total) || total > SIZE_MAX)
        return false;
    *bytes = (size_t)total;
    return true;
}

static void conditions_make(struct xti_window_query *query, const double *window,
                            const xt_query_options *options)
{
    char *memory = (char *)query + frames_end(query->view);
    struct xti_conditions *c = &query->conditions;

    xti_conditions_init(c, query->layout, options, query->kernels,
                        memory + xti_condition_bytes(query->layout));
    xti_condition_init(&query->window, c, options->predicate, memory);
    xti_condition_set(&query->window, c, window);
}

/* As it is before the first node is read. One by one: they are few, and memset() takes its time
 * to begin. */
static void query_begin(struct xti_window_query *query)
{
    query->span = query->view->span_count == 0 ? NULL : query->view->spans;
    query->status = XT_OK;
    query->is_started = false;
    query->is_counting = false;
    query->pending = 0;
    query->leaf_next = 0;
    query->leaf_count = 0;
    query->queue_first = 0;
    query->queue_end = 0;
    query->queue_hold = 0;
    query->depth = 0;
    query->limit_left = query->limit;
    query->counted = 0;
    query->nodes = 0;
    query->leaves = 0;
    query->items = 0;
    query->lines = 0;
}

xt_status xti_window_open(const struct xti_os *os, const struct xti_view *view,
                          const double *window, const xt_query_options *options,
                          const struct xti_kernels *kernels, struct xti_window_query **out)
{
    struct xti_window_query *query;
    size_t bytes;

    *out = NULL;
    if (!query_bytes(view, options, &bytes))
        return XT_ENOMEM;
    query = os->alloc(os, bytes);
    if (query == NULL)
        return XT_ENOMEM;
    query->os = os;
    query->view = view;
    query->kernels = kernels;
    query->bytes = bytes;
    query->limit = options->limit == 0 ? UINT64_MAX : options->limit;
    query->layout = view->layout;
    query->ahead = view->layout->ahead;
    query->query_kind = XTI_QUERY_WINDOW;
    query->takes_point = false;
    query_begin(query);
    conditions_make(query, window, options);
    *out = query;
    return XT_OK;
}

void xti_window_take_points(struct xti_window_query *query)
{
    query->takes_point = true;
}

static void window_of_point(const double *point, uint32_t dims, double *window)
{
    memcpy(window, point, dims * sizeof *point);
    memcpy(window + dims, point, dims * sizeof *point);
}

xt_status xti_window_restart(struct xti_window_query *query, const double *where)
{
    uint32_t dims = query->layout->dims;
    double window[2 * XT_DIMS_MAX];

    if (query->takes_point) {
        window_of_point(where, dims, window);
        where = window;
    }
    if (!xti_window_is_valid(where, dims))
        return XT_EINVAL;
    query_begin(query);
    xti_condition_set(&query->window, &query->conditions, where);
    return XT_OK;
}

void xti_window_close(struct xti_window_query *query)
{
    if (query != NULL)
        query->os->free(query->os, query, query->bytes);
}

void xti_window_stats(const struct xti_window_query *query, xt_walk_stats *out)
{
    out->nodes = query->nodes;
    out->leaves = query->leaves;
    out->lines = query->nodes + query->leaves + query->lines;
    out->items = query->items;
}

/* ---- giving ------------------------------------------------------------------------------- */

/* Accounts for what was given; at the limit the query ends. */
static void given(struct xti_window_query *query, size_t count)
{
    query->items += count;
    query->limit_left -= count;
    if (query->limit_left == 0) {
        query->pending = 0;
        query->status = XT_DONE;
    }
}

xt_status xti_window_next(struct xti_window_query *query, xt_item *item)
{
    uint32_t slot;

    if (query->pending == 0 && !xti_window_advance(query)) {
        *item = (xt_item){.id = 0};
        return query->status;
    }
    slot = xti_bit_lowest(query->pending);
    query->pending &= query->pending - 1;
    xti_item_read(&query->conditions, query->leaf, query->leaf_first + slot);
    *item = (xt_item){
        .id = query->leaf_ids[slot],
        .low = query->conditions.item_low,
        .high = query->conditions.item_high,
    };
    given(query, 1);
    return XT_OK;
}

/* Gives hits of a leaf whose items are all hits: a run of ids, so they are copied as one. */
static size_t run_take(struct xti_window_query *query, uint64_t *out, size_t room)
{
    uint32_t first = xti_bit_lowest(query->pending);
    size_t count = xti_bit_count(query->pending);

    if (count > room)
        count = room;
    memcpy(out, query->leaf_ids + first, count * sizeof *out);
    query->pending &= ~xti_bits_below(first + (uint32_t)count);
    return count;
}

xt_status xti_window_next_batch(struct xti_window_query *query, uint64_t *ids, size_t capacity,
                                size_t *count)
{
    size_t total = 0;

    *count = 0;
    if (capacity == 0)
        return XT_EINVAL;
    while (total < capacity && (query->pending != 0 || xti_window_advance(query))) {
        size_t room = capacity - total;
        size_t taken;

        if (room > query->limit_left)
            room = (size_t)query->limit_left;
        if (query->leaf_is_whole && query->conditions.filter == NULL)
            taken = run_take(query, ids + total, room);
        else
            taken =
                xti_hits_take(query->kernels, query->leaf_ids, &query->pending, ids + total, room);
        given(query, taken);
        total += taken;
    }
    *count = total;
    return total > 0 ? XT_OK : query->status;
}
