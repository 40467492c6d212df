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

/* XTI_NEAR_TURNS is enough to hide the latency of memory, and few enough for the frames to stay in
 * the cache. Where the whole tree stays there, turns only cost: then searches follow each other. */
#define CACHED_UNITS_MAX ((UINT64_C(16) << 20) / XTD_UNIT_BYTES)

struct turn {
    struct xti_nearest *query; /* NULL: none is running */
    size_t row;
    size_t found;
};

struct many {
    struct turn turn[XTI_NEAR_TURNS];
    uint32_t turns;
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

/* Goes on with a search until it needs another node, or alone to its end. False: all is done, or an
 * error. */
static bool turn_go(struct many *many, struct turn *turn)
{
    enum xti_near_step step = xti_nearest_step(turn->query);

    while (step == XTI_NEAR_ITEM || (step == XTI_NEAR_NODE && many->turns == 1)) {
        if (step == XTI_NEAR_ITEM)
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
                        .turns = batch->turns,
                        .dims = view->layout->dims};
    xt_status status = XT_OK;

    if (many.turns == 0)
        many.turns = view->live_units <= CACHED_UNITS_MAX ? 1 : XTI_NEAR_TURNS;
    while (status == XT_OK && many.opened < many.turns && many.opened < batch->count) {
        status = xti_nearest_open(os, view, batch->points, options, kernels,
                                  &many.turn[many.opened].query);
        if (status == XT_OK)
            many.turn[many.opened++].query->asks_ahead = many.turns == 1;
    }
    if (status == XT_OK)
        status = turns_run(&many);
    for (uint32_t i = 0; i < many.opened; i++)
        xti_nearest_close(many.turn[i].query);
    return status;
}
