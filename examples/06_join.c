/* examples/06_join.c -- which sensors stand in which zones, and which zones overlap.
 *
 * Two stores in memory: points, and boxes that overlap each other. One join finds every pair of a
 * sensor and a zone that covers it; the join of the zones with themselves finds those that meet.
 * The largest counts are printed, and one of them is asked for again in another way.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "xtree.h"

enum { ZONES = 300, SENSORS = 20000, PAIRS_AT_ONCE = 256 };

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

static xt_store *make_store(xt_item_kind kind)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store;

    options.dims = 2;
    options.kind = kind;
    must(xt_store_create(NULL, &options, &store), "create a store");
    return store;
}

static xt_snapshot *make_sensors(xt_store *store, uint64_t *random)
{
    xt_loader *loader;
    xt_snapshot *snapshot;

    must(xt_loader_open(store, NULL, &loader), "begin loading");
    for (uint64_t id = 0; id < SENSORS; id++) {
        double place[2] = {next_random(random), next_random(random)};

        must(xt_loader_add(loader, id, place, NULL), "add a sensor");
    }
    must(xt_loader_finish(loader), "build the tree");
    must(xt_store_publish(store), "publish");
    must(xt_snapshot_latest(store, &snapshot), "take a snapshot");
    return snapshot;
}

static xt_snapshot *make_zones(xt_store *store, double boxes[ZONES][4], uint64_t *random)
{
    xt_snapshot *snapshot;

    for (uint64_t id = 0; id < ZONES; id++) {
        double *box = boxes[id];

        for (int axis = 0; axis < 2; axis++) {
            box[axis] = next_random(random);
            box[2 + axis] = box[axis] + 0.1 * next_random(random);
        }
        must(xt_store_insert(store, id, box, box + 2), "insert a zone");
    }
    must(xt_store_publish(store), "publish");
    must(xt_snapshot_latest(store, &snapshot), "take a snapshot");
    return snapshot;
}

/* Adds up the pairs of each item of `a`; gives how many pairs there are. */
static uint64_t join(const xt_snapshot *a, const xt_snapshot *b, uint64_t *counts)
{
    xt_pair pairs[PAIRS_AT_ONCE];
    xt_join *join;
    xt_status status;
    uint64_t total = 0;
    size_t count;

    must(xt_join_open(a, b, NULL, &join), "begin a join");
    while ((status = xt_join_next(join, pairs, PAIRS_AT_ONCE, &count)) == XT_OK) {
        for (size_t i = 0; i < count; i++)
            counts[pairs[i].a]++;
        total += count;
    }
    must(status, "join"); /* XT_DONE when all is well */
    xt_join_close(join);
    return total;
}

/* The pairs of a join with itself stand in either order, so both of its items are counted. */
static uint64_t join_itself(const xt_snapshot *zones, uint64_t *counts)
{
    xt_pair pair;
    xt_join *join;
    xt_status status;
    uint64_t total = 0;
    size_t count;

    must(xt_join_open(zones, NULL, NULL, &join), "begin a join");
    while ((status = xt_join_next(join, &pair, 1, &count)) == XT_OK) {
        counts[pair.a]++;
        counts[pair.b]++;
        total++;
    }
    must(status, "join");
    xt_join_close(join);
    return total;
}

static uint64_t largest(const uint64_t *counts)
{
    uint64_t best = 0;

    for (uint64_t id = 1; id < ZONES; id++) {
        if (counts[id] > counts[best])
            best = id;
    }
    return best;
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

int main(void)
{
    static double boxes[ZONES][4];
    static uint64_t in_zone[ZONES], meets[ZONES];
    uint64_t random = 1, best;
    xt_store *sensor_store = make_store(XT_POINTS);
    xt_store *zone_store = make_store(XT_BOXES);
    xt_snapshot *zones = make_zones(zone_store, boxes, &random);
    xt_snapshot *sensors = make_sensors(sensor_store, &random);

    printf("%" PRIu64 " pairs of a zone and a sensor in it\n", join(zones, sensors, in_zone));
    best = largest(in_zone);
    printf("most of them in zone %" PRIu64 ": %" PRIu64 "; a count of its window says %" PRIu64
           "\n",
           best, in_zone[best], count_window(sensors, boxes[best]));
    printf("%" PRIu64 " pairs of zones that meet\n", join_itself(zones, meets));
    best = largest(meets);
    printf("most of them with zone %" PRIu64 ": %" PRIu64 "; its window meets %" PRIu64
           " zones, itself among them\n",
           best, meets[best], count_window(zones, boxes[best]));
    xt_snapshot_release(sensors);
    xt_snapshot_release(zones);
    must(xt_store_close(sensor_store), "close the sensors");
    must(xt_store_close(zone_store), "close the zones");
    return 0;
}
