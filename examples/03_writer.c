/* examples/03_writer.c -- a writer process: where the vehicles of a city are, for whoever wants to
 * know.
 *
 *     03_writer STORE &       then, as often as you like:       04_reader STORE
 *
 * 500 vehicles drive about in a square of 10 km. Every tick moves them all and is one commit: any
 * other process sees a tick whole or not at all, and what was committed survives this process. The
 * number of the tick is an item as well, so each snapshot tells when it was. What it prints is the
 * same on every machine.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "xtree.h"

enum { VEHICLES = 500, TICKS = 60, TICK_MS = 15 };

/* As in 04_reader.c: an item of its own, far from all vehicles, tells the tick. */
static const uint64_t clock_id = 1000000;
static const double clock_x = -1.0;
static const double side = 10000.0; /* metres */

struct vehicle {
    double position[2];
    double step[2]; /* metres in a tick */
};

static void must(xt_status status, const xt_error *error, const char *what)
{
    if (status >= 0)
        return;
    fprintf(stderr, "%s: %s", what, xt_status_text(status));
    if (error != NULL && error->path[0] != '\0')
        fprintf(stderr, " (%s: %s)", error->path, error->check);
    fprintf(stderr, "\n");
    exit(1);
}

/* The same numbers on every machine: 0 up to, and without, 1. */
static double next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 33) / 2147483648.0;
}

static void start(xt_store *store, struct vehicle *vehicles)
{
    const double clock_at[2] = {clock_x, 0.0};
    uint64_t random = 1;

    must(xt_store_insert(store, clock_id, clock_at, NULL), NULL, "insert the clock");
    for (uint64_t id = 0; id < VEHICLES; id++) {
        for (int axis = 0; axis < 2; axis++) {
            vehicles[id].position[axis] = side * next_random(&random);
            vehicles[id].step[axis] = 200.0 * next_random(&random) - 100.0;
        }
        must(xt_store_insert(store, id, vehicles[id].position, NULL), NULL, "insert a vehicle");
    }
}

/* Moves everything by one tick. Nobody sees it before the commit. */
static void drive(xt_store *store, struct vehicle *vehicles, int tick)
{
    const double clock_old[2] = {clock_x, tick - 1};
    const double clock_new[2] = {clock_x, tick};

    must(xt_store_move(store, clock_id, clock_old, NULL, clock_new, NULL), NULL, "move the clock");
    for (uint64_t id = 0; id < VEHICLES; id++) {
        struct vehicle *vehicle = &vehicles[id];
        const double old[2] = {vehicle->position[0], vehicle->position[1]};

        for (int axis = 0; axis < 2; axis++) {
            double next = old[axis] + vehicle->step[axis];

            if (next < 0 || next > side)
                vehicle->step[axis] = -vehicle->step[axis]; /* turns back at the border */
            else
                vehicle->position[axis] = next;
        }
        must(xt_store_move(store, id, old, NULL, vehicle->position, NULL), NULL, "move a vehicle");
    }
}

int main(int argc, char **argv)
{
    static struct vehicle vehicles[VEHICLES];
    const struct timespec pause = {0, TICK_MS * 1000000L};
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_error error = {.status = XT_OK};
    xt_store *store;

    if (argc != 2) {
        fprintf(stderr, "usage: %s STORE\n", argv[0]);
        return 2;
    }
    options.dims = 2;
    options.error = &error;
    must(xt_store_create(argv[1], &options, &store), &error, "create the store");
    start(store, vehicles);
    must(xt_store_commit(store, &error), &error, "commit");
    for (int tick = 1; tick <= TICKS; tick++) {
        drive(store, vehicles, tick);
        must(xt_store_commit(store, &error), &error, "commit");
        nanosleep(&pause, NULL);
    }
    printf("%d vehicles, %d ticks, each one commit\n", VEHICLES, TICKS);
    must(xt_store_close(store), NULL, "close the store");
    return 0;
}
