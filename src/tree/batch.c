/* src/tree/batch.c -- queries of many windows: opening, giving ids with the numbers of their
 * windows, counting.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tree/batch_private.h"

#define FLIGHT_BYTES_MAX 16384u /* of the windows in flight together: half of a small cache */
#define FLIGHTS_MIN 4u

/* ---- opening ------------------------------------------------------------------------------- */

/* What lies behind the query, in this order. */
struct parts {
    uint32_t flight_count;
    uint32_t task_count; /* a power of two */
    size_t order_count;
    uint64_t flights_offset; /* flights, then their arrays */
    uint64_t tasks_offset;
    uint64_t order_offset;
    uint64_t conditions_offset;
    uint64_t bytes;
};

static uint32_t flight_count(const struct xti_layout *layout)
{
    size_t count = FLIGHT_BYTES_MAX / (sizeof(struct xti_flight) + xti_condition_bytes(layout));

    if (count > XTI_FLIGHTS_MAX)
        return XTI_FLIGHTS_MAX;
    return count < FLIGHTS_MIN ? FLIGHTS_MIN : (uint32_t)count;
}

static uint32_t task_count(const struct xti_view *view)
{
    uint32_t most = XTI_TASKS_CALM + (XTI_BLOCK_SLOTS + 1) * view->height;
    uint32_t count = 1;

    while (count < most)
        count *= 2;
    return count;
}

/* False: more bytes than can be counted. */
static bool parts_set(struct parts *parts, const struct xti_view *view, size_t window_count,
                      size_t also_count)
{
    const struct xti_layout *layout = view->layout;
    uint64_t each = sizeof(struct xti_flight) + xti_condition_bytes(layout);

    parts->flight_count = flight_count(layout);
    parts->task_count = task_count(view);
    parts->order_count = window_count < XTI_CHUNK_WINDOWS ? window_count : XTI_CHUNK_WINDOWS;
    parts->flights_offset = xti_round_up(sizeof(struct xti_windows_query), 64);
    parts->tasks_offset = parts->flights_offset + parts->flight_count * each;
    parts->order_offset =
        xti_round_up(parts->tasks_offset + parts->task_count * sizeof(struct xti_task), 8);
    parts->conditions_offset = parts->order_offset + 2 * parts->order_count * sizeof(uint64_t);
    return xti_conditions_bytes(layout, also_count, &parts->bytes) &&
           xti_add_u64(parts->bytes, parts->conditions_offset, &parts->bytes) &&
           parts->bytes <= SIZE_MAX;
}

static void parts_place(struct xti_windows_query *query, const struct parts *parts,
                        xt_predicate predicate)
{
    char *memory = (char *)query;
    const struct xti_layout *layout = query->view->layout;
    char *arrays;

    query->flights = (struct xti_flight *)(void *)(memory + parts->flights_offset);
    query->flights_free = UINT32_MAX >> (32 - parts->flight_count);
    arrays = (char *)(query->flights + parts->flight_count);
    for (uint32_t i = 0; i < parts->flight_count; i++)
        xti_condition_init(&query->flights[i].window, &query->conditions, predicate,
                           arrays + i * xti_condition_bytes(layout));
    query->tasks = (struct xti_task *)(void *)(memory + parts->tasks_offset);
    query->tasks_mask = parts->task_count - 1;
    query->order = (uint64_t *)(void *)(memory + parts->order_offset);
    query->order_spare = query->order + parts->order_count;
}

xt_status xti_windows_open(const struct xti_os *os, const struct xti_view *view,
                           const struct xti_window_rows *rows, const xt_query_options *options,
                           const struct xti_kernels *kernels, struct xti_windows_query **out)
{
    struct xti_windows_query *query;
    struct parts parts;

    *out = NULL;
    if (!parts_set(&parts, view, rows->count, options->also_count))
        return XT_ENOMEM;
    query = os->alloc(os, (size_t)parts.bytes);
    if (query == NULL)
        return XT_ENOMEM;
    memset(query, 0, offsetof(struct xti_windows_query, conditions));
    query->query_kind = XTI_QUERY_WINDOWS;
    query->os = os;
    query->view = view;
    query->bytes = (size_t)parts.bytes;
    query->status = view->height == 0 ? XT_DONE : XT_OK;
    query->limit = options->limit == 0 ? UINT64_MAX : options->limit;
    query->windows = rows->windows;
    query->window_count = rows->count;
    query->ahead = view->layout->ahead;
    xti_conditions_init(&query->conditions, view->layout, options, kernels,
                        (char *)query + parts.conditions_offset);
    parts_place(query, &parts, options->predicate);
    *out = query;
    return XT_OK;
}

void xti_windows_close(struct xti_windows_query *query)
{
    if (query != NULL)
        query->os->free(query->os, query, query->bytes);
}

void xti_windows_stats(const struct xti_windows_query *query, xt_walk_stats *out)
{
    out->nodes = query->nodes;
    out->leaves = query->leaves;
    out->lines = query->lines;
    out->items = query->items;
}

/* ---- giving -------------------------------------------------------------------------------- */

xt_status xti_windows_next(struct xti_windows_query *query, uint64_t *ids, size_t *numbers,
                           size_t capacity, size_t *count)
{
    size_t total = 0;

    *count = 0;
    if (capacity == 0)
        return XT_EINVAL;
    while (total < capacity && (query->hits != 0 || xti_windows_advance(query))) {
        size_t taken = xti_hits_take(query->conditions.kernels, query->hit_ids, &query->hits,
                                     ids + total, capacity - total);

        if (numbers != NULL) {
            for (size_t i = total; i < total + taken; i++)
                numbers[i] = query->hit_window;
        }
        total += taken;
    }
    query->items += total;
    *count = total;
    return total > 0 ? XT_OK : query->status;
}

xt_status xti_windows_count(struct xti_windows_query *query, uint64_t *counts, uint64_t *total)
{
    *total = 0;
    if (query->status < XT_OK)
        return query->status;
    query->takes_counts = true;
    if (query->conditions.filter == NULL) {
        query->is_counting = true;
        query->ahead.leaf = query->ahead.coords;
    }
    query->counts = counts;
    query->counted = xti_bit_count(query->hits);
    query->hits = 0;
    while (xti_windows_advance(query))
        continue;
    query->counts = NULL;
    if (query->status != XT_DONE)
        return query->status;
    *total = query->counted;
    query->items += query->counted;
    query->counted = 0;
    return XT_OK;
}
