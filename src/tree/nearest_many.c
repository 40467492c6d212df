/* src/tree/nearest_many.c -- many nearest searches at once, interleaved, neighbours one after the
 * other.
 *
 * A search spends most of its time waiting for the next node to come from memory. So several take
 * turns: each goes one step, asks the processor for the node that its next step needs, and lets the
 * others go on while that is on its way. And points are taken in an order in which neighbours
 * follow each other: what one has read is in the cache when the next one comes.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>

#include "tree/batch_order.h"
#include "tree/nearest_private.h"

/* Enough to hide the latency of memory, few enough for the frames to stay in the cache. */
#define TURNS 12u

struct turn {
    struct xti_nearest *query; /* NULL: none is running */
    size_t row;
    size_t found;
};

struct many {
    struct turn turn[TURNS];
    uint32_t opened;
    size_t chunk_first; /* the rows that were put in order last */
    size_t chunk_count;
    size_t chunk_next;
    uint64_t *order, *order_spare;
    size_t order_bytes; /* of both */
    uint64_t *ids;
    double *distances;
    size_t *found;
    size_t count;
    size_t k;
    const double *points;
    uint32_t dims;
};

/* Puts the next rows in order. False: there are none. */
static bool chunk_begin(struct many *many)
{
    size_t first = many->chunk_first + many->chunk_count;
    size_t count = many->count - first;
    const double *points = many->points + first * many->dims;
    struct xti_places places = {points, points, many->dims, 0, many->dims};

    places.count = count < XTI_CHUNK_PLACES ? count : XTI_CHUNK_PLACES;
    many->chunk_first = first;
    many->chunk_count = places.count;
    many->chunk_next = 0;
    if (count > 0)
        xti_places_order(&places, many->order, many->order_spare);
    return count > 0;
}

/* Gives a turn the next point. False: there is none. */
static bool turn_start(struct many *many, struct turn *turn)
{
    if (many->chunk_next == many->chunk_count && !chunk_begin(many))
        return false;
    turn->row = many->chunk_first + (uint32_t)many->order[many->chunk_next++];
    turn->found = 0;
    xti_nearest_begin(turn->query, many->points + turn->row * many->dims);
    return true;
}

static void item_keep(struct many *many, struct turn *turn)
{
    struct xti_near_found found = xti_nearest_least(turn->query);
    size_t at = turn->row * many->k + turn->found++;

    many->ids[at] = found.id;
    if (many->distances != NULL)
        many->distances[at] = found.distance;
    xti_nearest_take(turn->query);
}

/* What was not found is id 0 at an infinite distance. */
static void row_end(struct many *many, const struct turn *turn)
{
    for (size_t i = turn->found; i < many->k; i++) {
        many->ids[turn->row * many->k + i] = 0;
        if (many->distances != NULL)
            many->distances[turn->row * many->k + i] = (double)INFINITY;
    }
    if (many->found != NULL)
        many->found[turn->row] = turn->found;
}

/* Goes on with a search until it needs another node. False: all is done, or an error. */
static bool turn_go(struct many *many, struct turn *turn)
{
    enum xti_near_step step = xti_nearest_step(turn->query);

    while (step == XTI_NEAR_ITEM) {
        item_keep(many, turn);
        step = xti_nearest_step(turn->query);
    }
    if (step == XTI_NEAR_NODE) {
        xti_nearest_ask(turn->query);
        return true;
    }
    if (turn->query->status != XT_DONE)
        return false;
    row_end(many, turn);
    return turn_start(many, turn);
}

static xt_status turns_run(struct many *many)
{
    uint32_t running = 0;

    while (running < many->opened && turn_start(many, &many->turn[running]))
        running++;
    while (running > 0) {
        for (uint32_t i = 0; i < running; i++) {
            struct turn *turn = &many->turn[i];
            struct turn last;

            if (turn_go(many, turn))
                continue;
            if (turn->query->status != XT_DONE)
                return turn->query->status;
            last = many->turn[--running];
            many->turn[running] = *turn;
            *turn = last;
            i--;
        }
    }
    return XT_OK;
}

/* Memory for the order, and a search for each turn. */
static xt_status many_open(struct many *many, const struct xti_os *os, const struct xti_view *view,
                           const xt_nearest_options *options, const struct xti_kernels *kernels)
{
    size_t places = many->count < XTI_CHUNK_PLACES ? many->count : XTI_CHUNK_PLACES;
    xt_status status = XT_OK;

    many->order_bytes = 2 * places * sizeof *many->order;
    many->order = os->alloc(os, many->order_bytes);
    if (many->order == NULL)
        return XT_ENOMEM;
    many->order_spare = many->order + places;
    while (status == XT_OK && many->opened < TURNS && many->opened < many->count) {
        status = xti_nearest_open(os, view, many->points, options, kernels,
                                  &many->turn[many->opened].query);
        if (status == XT_OK)
            many->turn[many->opened++].query->asks_ahead = false;
    }
    return status;
}

static void many_close(struct many *many, const struct xti_os *os)
{
    for (uint32_t i = 0; i < many->opened; i++)
        xti_nearest_close(many->turn[i].query);
    if (many->order != NULL)
        os->free(os, many->order, many->order_bytes);
}

xt_status xti_nearest_many(const struct xti_os *os, const struct xti_view *view,
                           const struct xti_near_batch *batch, const xt_nearest_options *options,
                           const struct xti_kernels *kernels)
{
    struct many many = {.ids = batch->ids,
                        .distances = batch->distances,
                        .found = batch->found,
                        .count = batch->count,
                        .k = (size_t)options->k,
                        .points = batch->points,
                        .dims = view->layout->dims};
    xt_status status = many_open(&many, os, view, options, kernels);

    if (status == XT_OK)
        status = turns_run(&many);
    many_close(&many, os);
    return status;
}
