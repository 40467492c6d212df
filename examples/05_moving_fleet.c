/* examples/05_moving_fleet.c -- vehicles that move all the time, and who is nearest right now.
 *
 * A fleet of 10,000 vehicles drives about in a square of 100 km, in a store in memory. In every
 * tick each vehicle moves, all moves are published as one, and callers ask for the three nearest
 * vehicles within 2 km that are free. One snapshot is kept from the first tick on: it does not
 * change, whatever moves. What it prints is the same on every machine; speeds go to standard error.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "xtree.h"

enum { FLEET = 10000, CALLS_IN_A_TICK = 100, TICKS = 20 };

static const double side = 100000.0; /* metres */

struct vehicle {
    double position[2];
    double step[2]; /* metres in a tick */
    bool is_free;
};

static void must(xt_status status, const char *what)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", what, xt_status_text(status));
        exit(1);
    }
}

/* The same numbers on every machine: 0 up to, and without, 1. */
static double next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 33) / 2147483648.0;
}

static void start(xt_store *store, struct vehicle *fleet, uint64_t *random)
{
    for (uint64_t id = 0; id < FLEET; id++) {
        struct vehicle *vehicle = &fleet[id];

        for (int axis = 0; axis < 2; axis++) {
            vehicle->position[axis] = side * next_random(random);
            vehicle->step[axis] = 30.0 * next_random(random) - 15.0;
        }
        vehicle->is_free = next_random(random) < 0.3;
        must(xt_store_insert(store, id, vehicle->position, NULL), "insert a vehicle");
    }
    must(xt_store_publish(store), "publish");
}

/* Drives on, and turns back at the border. */
static void drive(xt_store *store, struct vehicle *fleet)
{
    for (uint64_t id = 0; id < FLEET; id++) {
        struct vehicle *vehicle = &fleet[id];
        const double old[2] = {vehicle->position[0], vehicle->position[1]};

        for (int axis = 0; axis < 2; axis++) {
            double next = old[axis] + vehicle->step[axis];

            if (next < 0 || next > side)
                vehicle->step[axis] = -vehicle->step[axis];
            else
                vehicle->position[axis] = next;
        }
        must(xt_store_move(store, id, old, NULL, vehicle->position, NULL), "move a vehicle");
    }
    must(xt_store_publish(store), "publish");
}

/* Runs inside the search: vehicles that are taken are passed over. */
static bool is_free(void *context, uint64_t id, const double *low, const double *high)
{
    const struct vehicle *fleet = context;

    (void)low;
    (void)high;
    return fleet[id].is_free;
}

/* Finds vehicles for one caller; gives how many, and the distance of the first. */
static uint64_t call(const xt_snapshot *snapshot, struct vehicle *fleet, const double *place,
                     double *distance)
{
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    xt_query *query;
    xt_item item;
    xt_status status;
    uint64_t found = 0;

    options.k = 3;
    options.max_distance = 2000.0;
    options.filter = is_free;
    options.filter_context = fleet;
    must(xt_query_nearest(snapshot, place, &options, &query), "begin a search");
    while ((status = xt_query_next(query, &item)) == XT_OK) {
        if (found++ == 0)
            *distance = item.distance;
    }
    must(status, "search");
    xt_query_close(query);
    return found;
}

static void answer_calls(xt_store *store, struct vehicle *fleet, uint64_t *random, int tick)
{
    xt_snapshot *snapshot;
    uint64_t offers = 0, unserved = 0;
    double farthest = 0, distance = 0;

    must(xt_snapshot_latest(store, &snapshot), "take a snapshot");
    for (int i = 0; i < CALLS_IN_A_TICK; i++) {
        double place[2] = {side * next_random(random), side * next_random(random)};
        uint64_t found = call(snapshot, fleet, place, &distance);

        offers += found;
        unserved += found == 0;
        if (found > 0 && distance > farthest)
            farthest = distance;
    }
    xt_snapshot_release(snapshot);
    if (tick % 5 == 0)
        printf("tick %2d: %" PRIu64 " offers, %" PRIu64 " callers without, longest way %.1f m\n",
               tick, offers, unserved, farthest);
}

/* How many vehicles are in the middle, 20 km wide. */
static uint64_t count_middle(const xt_snapshot *snapshot)
{
    const double window[] = {40000.0, 40000.0, 60000.0, 60000.0};
    xt_query *query;
    uint64_t count;

    must(xt_query_window(snapshot, window, NULL, &query), "begin a query");
    must(xt_query_count(query, &count), "count");
    xt_query_close(query);
    return count;
}

static void print_middle(xt_store *store, const xt_snapshot *first)
{
    xt_snapshot *last;

    must(xt_snapshot_latest(store, &last), "take a snapshot");
    printf("in the middle: %" PRIu64 " at first, %" PRIu64 " at last\n", count_middle(first),
           count_middle(last));
    xt_snapshot_release(last);
}

int main(void)
{
    static struct vehicle fleet[FLEET];
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    uint64_t random = 1;
    xt_store *store;
    xt_snapshot *first;
    clock_t moving = 0;

    options.dims = 2;
    must(xt_store_create(NULL, &options, &store), "create a store");
    start(store, fleet, &random);
    must(xt_snapshot_latest(store, &first), "take a snapshot");
    for (int tick = 1; tick <= TICKS; tick++) {
        clock_t begin = clock();

        drive(store, fleet);
        moving += clock() - begin;
        answer_calls(store, fleet, &random, tick);
    }
    print_middle(store, first);
    if (moving > 0)
        fprintf(stderr, "%.0f moves in a second\n",
                (double)TICKS * FLEET * CLOCKS_PER_SEC / (double)moving);
    xt_snapshot_release(first);
    must(xt_store_close(store), "close the store");
    return 0;
}
