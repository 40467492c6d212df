/* bench/move.c -- sub-command move: points that move a short way, or far.
 *
 * Each round moves every item of a tree in random order, twice: a short way, about as long as the
 * gap between neighbours, and then to a random place. The trees go on from round to round, as those
 * of things that move all the time. A peer moves by removing and inserting.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "orders.h"

#include <stdlib.h>
#include <string.h>

enum { movers_max = 8 };

struct mover {
    const struct contestant *contestant;
    void *index;
    struct series near_ns;
    struct series far_ns;
};

struct motion {
    const struct settings *settings;
    struct dataset data;
    struct rows from, near, far; /* where the items are, are next, and are then */
    size_t count;
    struct mover movers[movers_max];
};

static void movers_list(struct motion *motion)
{
    for (size_t i = 0; contestants[i] != NULL; i++) {
        const struct contestant *contestant = contestants[i];
        if (contestant->move == NULL || !contestant_takes(contestant, &motion->data))
            continue;
        if (motion->count == movers_max)
            bench_die("more than %d contestants", (int)movers_max);
        struct mover *mover = &motion->movers[motion->count++];
        *mover = (struct mover){.contestant = contestant};
        mover->index = contestant->create(&motion->data);
        contestant->insert(mover->index, &motion->from);
    }
}

/* Where everything goes in this round: back into the world, where a step leaves it. */
static void steps_make(struct motion *motion, unsigned round)
{
    uint64_t seed = motion->settings->seed + 500 + 2 * (uint64_t)round;
    static const double half[2] = {180.0, 90.0};
    double part = 1.0 / data_root((double)motion->data.count);
    for (size_t i = 0; i < motion->from.count; i++) {
        for (size_t axis = 0; axis < 2; axis++) {
            double at = motion->from.coords[2 * i + axis];
            at += half[axis] * 2.0 * part * (data_unit(seed, 2 * i + axis) - 0.5);
            at = at < -half[axis] ? -half[axis] : at;
            motion->near.coords[2 * i + axis] = at > half[axis] ? half[axis] : at;
        }
        data_uniform_point(seed + 1, i, motion->far.coords + 2 * i);
    }
}

static uint64_t settled_ns(const struct motion *motion, const struct mover *mover)
{
    if (mover->contestant->settle != NULL)
        mover->contestant->settle(mover->index);
    return settings_now_ns(motion->settings);
}

static void mover_round(const struct motion *motion, struct mover *mover)
{
    double count = (double)motion->from.count;
    uint64_t start = settings_now_ns(motion->settings);
    mover->contestant->move(mover->index, &motion->from, &motion->near);
    uint64_t middle = settled_ns(motion, mover);
    mover->contestant->move(mover->index, &motion->near, &motion->far);
    uint64_t end = settled_ns(motion, mover);
    series_add(&mover->near_ns, (double)(middle - start) / count);
    series_add(&mover->far_ns, (double)(end - middle) / count);
}

/* What is there after a round must be the same for all: compares a number of windows. */
static void places_compare(const struct motion *motion, unsigned round)
{
    uint64_t first = 0;
    for (size_t i = 0; i < motion->count; i++) {
        const struct mover *mover = &motion->movers[i];
        uint64_t sum = 0;
        double window[4];
        for (uint64_t j = 0; j < 100 && mover->contestant->count != NULL; j++) {
            window_uniform(motion->data.count, 1000, motion->settings->seed + round, j, window);
            sum += mover->contestant->count(mover->index, 0, window);
        }
        if (i == 0)
            first = sum;
        else if (mover->contestant->count != NULL && sum != first)
            bench_die("%s and %s differ after moving", mover->contestant->name,
                      motion->movers[0].contestant->name);
    }
}

static const struct mover *mover_peer(const struct motion *motion)
{
    for (size_t i = 0; i < motion->count; i++) {
        if (motion->movers[i].contestant == contestant_find("Boost rstar<16>"))
            return &motion->movers[i];
    }
    return NULL;
}

static void cell_print(const struct motion *motion, const struct mover *mover, bool is_near)
{
    const struct mover *peer = mover_peer(motion);
    const struct series *own = is_near ? &mover->near_ns : &mover->far_ns;
    struct series speed = {0};
    char text[64] = "";
    if (peer != NULL && peer != mover) {
        series_ratio(is_near ? &peer->near_ns : &peer->far_ns, own, &speed);
        report_spread(&speed, text);
    }
    fprintf(motion->settings->report.markdown, " %.0f | %s |", series_median(own), text);
    struct result result = {.benchmark = is_near ? "move, short" : "move, far",
                            .data = motion->data.name,
                            .contestant = mover->contestant->name,
                            .way = "",
                            .unit = "ns per item",
                            .items = motion->data.count,
                            .series = own,
                            .ratio = speed.count > 0 ? &speed : NULL};
    report_result(&motion->settings->report, &result);
}

static void motion_print(const struct motion *motion)
{
    FILE *out = motion->settings->report.markdown;
    char items[32];
    fprintf(out,
            "%s uniform points, all of which move, in random order.\n\n"
            "| library | a short way: ns | times as fast as Boost rstar<16> | far: ns | times as "
            "fast |\n|---|---|---|---|---|\n",
            report_grouped((double)motion->data.count, items));
    for (size_t i = 0; i < motion->count; i++) {
        fprintf(out, "| %s |", motion->movers[i].contestant->name);
        cell_print(motion, &motion->movers[i], true);
        cell_print(motion, &motion->movers[i], false);
        fprintf(out, "\n");
    }
    fflush(out);
}

void bench_move(const struct settings *settings)
{
    static struct motion motion;
    size_t items = (size_t)settings_items(settings, 200000, 1000000);
    unsigned rounds = settings->rounds > 0 ? settings->rounds : 3;
    memset(&motion, 0, sizeof motion);
    motion.settings = settings;
    data_make_uniform(&motion.data, items, settings->seed);
    rows_make(&motion.from, &motion.data, ORDER_RANDOM, settings->seed);
    rows_make(&motion.near, &motion.data, ORDER_RANDOM, settings->seed);
    rows_make(&motion.far, &motion.data, ORDER_RANDOM, settings->seed);
    movers_list(&motion);
    clock_pin();
    for (unsigned round = 0; round < rounds; round++) {
        steps_make(&motion, round);
        for (size_t i = 0; i < motion.count; i++)
            mover_round(&motion, &motion.movers[i]);
        places_compare(&motion, round);
        memcpy(motion.from.coords, motion.far.coords, 2 * items * sizeof(double));
    }
    clock_unpin();
    motion_print(&motion);
    for (size_t i = 0; i < motion.count; i++)
        motion.movers[i].contestant->destroy(motion.movers[i].index);
    rows_release(&motion.from);
    rows_release(&motion.near);
    rows_release(&motion.far);
    data_release(&motion.data);
}
