/* src/tree/window.c -- window queries: opening, and giving items or ids.
 *
 * window_walk.c finds the hits, block by block; here they are handed out. What a caller has no room
 * for stays in the mask `pending`, so items and batches of any size may be taken in turn.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tree/window_private.h"

/* Longer nodes are left to the processor's own prefetching, which sees sequential reads. */
#define AHEAD_LINES_MAX 32u

#define COMPRESS_SLACK 8u /* elements that compress_ids may write beyond the last */

/* ---- opening ------------------------------------------------------------------------------ */

static uint32_t lines_up_to(uint64_t lines, uint32_t most)
{
    return lines < most ? (uint32_t)lines : most;
}

/* How much of children to ask for: what will be read of a node of normal size. */
static void ahead_set(struct xti_window_query *query)
{
    const struct xti_layout *layout = query->layout;
    uint64_t box_lines = (uint64_t)layout->inner_capacity / 16 * 2 * layout->dims;
    uint64_t head_lines = layout->inner_boxes_offset / XTD_UNIT_BYTES;
    uint64_t coord_lines =
        (uint64_t)layout->leaf_capacity / 16 * layout->leaf_axes * layout->coord_bytes / 4;
    uint64_t id_lines = layout->leaf_capacity / 8;

    query->ahead_inner = lines_up_to(head_lines + box_lines, AHEAD_LINES_MAX);
    query->ahead_leaf = lines_up_to(1 + coord_lines + id_lines, AHEAD_LINES_MAX);
    query->ahead_coords = lines_up_to(1 + coord_lines, AHEAD_LINES_MAX);
    query->ahead_id_first = (uint32_t)(1 + coord_lines);
    query->ahead_ids = lines_up_to(id_lines, AHEAD_LINES_MAX);
}

static void leaf_kernel_set(struct xti_window_query *query, xt_predicate predicate)
{
    const struct xti_kernels *kernels = query->kernels;

    if (query->layout->leaf_kind == XTD_LEAF_POINTS) {
        query->leaf_f64 = kernels->points_f64;
        query->leaf_f32 = kernels->points_f32;
    } else if (predicate == XT_WITHIN) {
        query->leaf_f64 = kernels->boxes_within_f64;
        query->leaf_f32 = kernels->boxes_within_f32;
    } else {
        query->leaf_f64 = kernels->boxes_meet_f64;
        query->leaf_f32 = kernels->boxes_meet_f32;
    }
}

/* Behind the frames: doubles low, high, origin, item_low, item_high; floats low_f32, high_f32 and
 * the four of `moved`. */
static size_t query_bytes(const struct xti_view *view)
{
    size_t dims = view->layout->dims;
    size_t frames = view->height == 0 ? 0 : view->height - 1;

    return sizeof(struct xti_window_query) + frames * sizeof(struct xti_window_frame) +
           5 * dims * sizeof(double) + 6 * dims * sizeof(float);
}

static void arrays_set(struct xti_window_query *query)
{
    size_t dims = query->layout->dims;
    size_t frames = query->view->height == 0 ? 0 : query->view->height - 1;
    double *doubles = (double *)(void *)&query->frames[frames];
    float *floats = (float *)(void *)(doubles + 5 * dims);

    query->low = doubles;
    query->high = doubles + dims;
    query->origin = doubles + 2 * dims;
    query->item_low = doubles + 3 * dims;
    query->item_high = doubles + 4 * dims;
    if (query->layout->leaf_kind == XTD_LEAF_POINTS)
        query->item_high = query->item_low;
    query->low_f32 = floats;
    query->high_f32 = floats + dims;
    query->moved.meet_lo = floats + 2 * dims;
    query->moved.meet_hi = floats + 3 * dims;
    query->moved.hold_lo = floats + 4 * dims;
    query->moved.hold_hi = floats + 5 * dims;
}

xt_status xti_window_open(const struct xti_os *os, const struct xti_view *view,
                          const double *window, xt_predicate predicate, uint64_t limit,
                          const struct xti_kernels *kernels, struct xti_window_query **out)
{
    size_t bytes = query_bytes(view);
    uint32_t dims = view->layout->dims;
    struct xti_window_query *query;

    *out = NULL;
    query = os->alloc(os, bytes);
    if (query == NULL)
        return XT_ENOMEM;
    memset(query, 0, offsetof(struct xti_window_query, blocks));
    query->os = os;
    query->view = view;
    query->layout = view->layout;
    query->kernels = kernels;
    query->bytes = bytes;
    query->status = XT_OK;
    query->limit_left = limit == 0 ? UINT64_MAX : limit;
    query->visits_left = view->unit_count;
    arrays_set(query);
    ahead_set(query);
    leaf_kernel_set(query, predicate);
    memcpy(query->low, window, (size_t)2 * dims * sizeof *window);
    if (query->layout->coord_bytes == sizeof(float))
        xti_window_narrow(query->low, query->high, dims, query->low_f32, query->high_f32);
    *out = query;
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
    out->lines = query->lines;
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

/* Copies the coordinates of a slot of the current leaf. */
static void item_read(struct xti_window_query *query, uint32_t slot)
{
    const struct xti_layout *layout = query->layout;
    const void *coords = xti_leaf_coords_const(query->leaf);
    bool is_point = layout->leaf_kind == XTD_LEAF_POINTS;
    size_t capacity = query->leaf->capacity;

    for (uint32_t array = 0; array < layout->leaf_axes; array++) {
        size_t at = array * capacity + slot;
        double value = layout->coord_bytes == sizeof(double) ? ((const double *)coords)[at]
                                                             : (double)((const float *)coords)[at];

        if (is_point)
            query->item_low[array] = value;
        else if (array % 2 == 0)
            query->item_low[array / 2] = value;
        else
            query->item_high[array / 2] = value;
    }
}

xt_status xti_window_next(struct xti_window_query *query, xt_item *item)
{
    uint32_t slot;

    if (query->pending == 0 && !xti_window_advance(query)) {
        *item = (xt_item){0, NULL, NULL};
        return query->status;
    }
    slot = xti_bit_lowest(query->pending);
    query->pending &= query->pending - 1;
    item_read(query, query->leaf_first + slot);
    item->id = query->leaf_ids[slot];
    item->low = query->item_low;
    item->high = query->item_high;
    given(query, 1);
    return XT_OK;
}

/* Gives hits of a leaf that lies inside the window: a run of ids, so they are copied as one. */
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

static size_t hits_take(struct xti_window_query *query, uint64_t *out, size_t room)
{
    uint64_t mask = query->pending;
    size_t count = 0;

    if (room >= XTI_BLOCK_SLOTS + COMPRESS_SLACK || room >= xti_bit_count(mask) + COMPRESS_SLACK) {
        query->pending = 0;
        return query->kernels->compress_ids(query->leaf_ids, mask, out);
    }
    for (; count < room && mask != 0; mask &= mask - 1)
        out[count++] = query->leaf_ids[xti_bit_lowest(mask)];
    query->pending = mask;
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
        if (query->leaf_is_whole)
            taken = run_take(query, ids + total, room);
        else
            taken = hits_take(query, ids + total, room);
        given(query, taken);
        total += taken;
    }
    *count = total;
    return total > 0 ? XT_OK : query->status;
}
