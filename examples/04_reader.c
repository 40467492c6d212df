/* examples/04_reader.c -- a reader process: follows what 03_writer does, without disturbing it.
 *
 * Waits until the store is there, then looks at the newest commit again and again. A snapshot stays
 * as it is while the writer goes on: all questions to it are answered for the same tick. To look
 * for a newer commit costs next to nothing when there is none. Any number of these may run; nobody
 * notices when one dies. It ends at the last tick and prints what it saw then, which is the same on
 * every machine; how many ticks it saw on the way goes to standard error.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "xtree.h"

enum { VEHICLES = 500, TICKS = 60 };

static const double clock_x = -1.0;

static void must(xt_status status, const char *what)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", what, xt_status_text(status));
        exit(1);
    }
}

static void pause_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* The writer may start later than we do. */
static xt_store *open_when_there(const char *path)
{
    xt_store *store = NULL;
    xt_status status = XT_ENOTFOUND;

    for (int i = 0; i < 1000 && status == XT_ENOTFOUND; i++) {
        status = xt_store_open(path, NULL, &store);
        if (status == XT_ENOTFOUND)
            pause_ms(10);
    }
    must(status, "open the store");
    return store;
}

/* What the item that is the clock says; -1 before the first commit of the writer. */
static int tick_of(const xt_snapshot *snapshot)
{
    const double window[] = {clock_x, -INFINITY, clock_x, INFINITY};
    xt_query *query;
    xt_item item;
    xt_status status;
    int tick = -1;

    must(xt_query_window(snapshot, window, NULL, &query), "begin a query");
    while ((status = xt_query_next(query, &item)) == XT_OK)
        tick = (int)item.low[1];
    must(status, "find the clock");
    xt_query_close(query);
    return tick;
}

static uint64_t count_window(const xt_snapshot *snapshot, const double *window)
{
    xt_query *query;
    uint64_t count;

    must(xt_query_window(snapshot, window, NULL, &query), "begin a query");
    must(xt_query_count(query, &count), "count");
    xt_query_close(query);
    return count;
}

/* The vehicles on both sides of a line are all vehicles: no move is ever seen half. */
static void look(const xt_snapshot *snapshot)
{
    const double west[] = {0, 0, 5000.0, INFINITY};
    const double east[] = {nextafter(5000.0, INFINITY), 0, INFINITY, INFINITY};
    uint64_t count = count_window(snapshot, west) + count_window(snapshot, east);

    if (count != VEHICLES) {
        fprintf(stderr, "%" PRIu64 " vehicles\n", count);
        exit(1);
    }
}

static void print_centre(const xt_snapshot *snapshot, int tick)
{
    const double centre[] = {4000.0, 4000.0, 6000.0, 6000.0};
    const double station[] = {5000.0, 5000.0};
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    xt_query *query;
    xt_item item;

    printf("tick %d: %" PRIu64 " vehicles in the centre\n", tick, count_window(snapshot, centre));
    options.k = 3;
    must(xt_query_nearest(snapshot, station, &options, &query), "begin a search");
    while (xt_query_next(query, &item) == XT_OK)
        printf("vehicle %" PRIu64 " is %.0f m from the station\n", item.id, item.distance);
    xt_query_close(query);
}

int main(int argc, char **argv)
{
    xt_store *store;
    int last = -1;
    int seen = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s STORE\n", argv[0]);
        return 2;
    }
    store = open_when_there(argv[1]);
    while (last < TICKS) {
        xt_snapshot *snapshot;
        int tick;

        must(xt_snapshot_latest(store, &snapshot), "take a snapshot");
        tick = tick_of(snapshot);
        if (tick > last) {
            look(snapshot);
            seen++;
            last = tick;
        }
        if (tick == TICKS)
            print_centre(snapshot, tick);
        xt_snapshot_release(snapshot);
        pause_ms(1);
    }
    fprintf(stderr, "saw %d of %d ticks\n", seen, TICKS + 1);
    must(xt_store_close(store), "close the store");
    return 0;
}
