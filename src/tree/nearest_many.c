/* src/tree/nearest_many.c -- many nearest searches at once, interleaved.
 *
 * A search spends most of its time waiting for the next node to come from memory. So several take
 * turns: each goes one step, asks the processor for the node that its next step needs, and lets the
 * others go on while that is on its way.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>

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
    size_t next_row;
    uint64_t *ids;
    double *distances;
    size_t *found;
    size_t count;
    size_t k;
    const double *points;
    uint32_t dims;
};

/* Gives a turn the next point. False: there is none. */
static bool turn_start(struct many *many, struct turn *turn)
{
    if (many->next_row == many->count)
        return false;
    turn->row = many->next_row++;
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
    xt_status status = XT_OK;

    while (status == XT_OK && many.opened < TURNS && many.opened < batch->count) {
        status = xti_nearest_open(os, view, batch->points, options, kernels,
                                  &many.turn[many.opened].query);
        if (status == XT_OK)
            many.turn[many.opened++].query->asks_ahead = false;
    }
    if (status == XT_OK)
        status = turns_run(&many);
    for (uint32_t i = 0; i < many.opened; i++)
        xti_nearest_close(many.turn[i].query);
    return status;
}
