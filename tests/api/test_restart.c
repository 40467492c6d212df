/* tests/api/test_restart.c -- is a query that begins anew, wherever it had got to, the same as a
 * new one: results, their order, limits, and what the walk touched?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>

#include "support/answers.h"
#include "support/check.h"

#define COUNT 4000

static uint64_t seed;
static struct oracle oracle;
static xt_store *store;
static xt_snapshot *snapshot;

static bool store_set_up(struct oracle_schema schema)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    seed = check_seed;
    options.dims = schema.dims;
    options.kind = schema.kind;
    options.coord_type = schema.coord_type;
    options.inner_capacity = 16;
    oracle_init(&oracle, schema, COUNT, ORACLE_GRID, &seed);
    return CHECK_STATUS(xt_store_create(NULL, &options, &store), XT_OK) &&
           CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK) &&
           CHECK_STATUS(xt_store_publish(store), XT_OK) &&
           CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
}

static void store_tear_down(void)
{
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

static bool third(void *context, uint64_t id, const double *low, const double *high)
{
    (void)context;
    return id % 3 == 0 && low[0] <= high[0];
}

/* Both give the same from now on. */
static void compare_all(xt_query *again, xt_query *fresh)
{
    xt_walk_stats again_stats = {.struct_size = sizeof again_stats};
    xt_walk_stats fresh_stats = again_stats;
    uint64_t ids[2][64];
    size_t counts[2];
    xt_status status;

    do {
        status = xt_query_next_batch(fresh, ids[0], 64, &counts[0]);
        CHECK_STATUS(xt_query_next_batch(again, ids[1], 64, &counts[1]), status);
        CHECK_U64(counts[1], counts[0]);
        CHECK(memcmp(ids[0], ids[1], counts[0] * sizeof ids[0][0]) == 0);
    } while (status == XT_OK);
    CHECK_STATUS(status, XT_DONE);
    CHECK_STATUS(xt_query_stats(again, &again_stats), XT_OK);
    CHECK_STATUS(xt_query_stats(fresh, &fresh_stats), XT_OK);
    CHECK(memcmp(&again_stats, &fresh_stats, sizeof fresh_stats) == 0);
}

/* Nothing, one item, a few, all or the number of all. */
static void take_some(xt_query *query)
{
    uint64_t ids[8], number;
    size_t count;
    xt_item item;
    xt_status status = XT_OK;

    switch (check_random(&seed) % 5) {
    case 0:
        return;
    case 1:
        status = xt_query_next(query, &item);
        break;
    case 2:
        status = xt_query_next_batch(query, ids, 8, &count);
        break;
    case 3:
        while (status == XT_OK)
            status = xt_query_next(query, &item);
        break;
    default:
        status = xt_query_count(query, &number);
    }
    CHECK(status == XT_OK || status == XT_DONE);
}

static void windows_are_asked_again(void)
{
    static const xt_item_kind kinds[] = {XT_POINTS, XT_BOXES};

    for (unsigned n = 0; n < 80; n++) {
        xt_query_options options = XT_QUERY_OPTIONS_INIT;
        const struct oracle_schema schema = {2, kinds[n % 2], n / 2 % 2 == 0 ? XT_F64 : XT_F32};
        xt_condition also = {XT_INTERSECTS, NULL};
        double also_window[4], window[4];
        xt_query *again, *fresh;

        if (!store_set_up(schema))
            return;
        seed += n;
        oracle_window(&oracle, ORACLE_WINDOW_RANDOM, &seed, also_window);
        also.window = also_window;
        options.predicate = (xt_predicate)(XT_INTERSECTS + (int)(n / 4 % 4));
        options.limit = n % 3 == 0 ? 20 : 0;
        options.filter = n % 5 == 0 ? third : NULL;
        options.also = n % 7 == 0 ? &also : NULL;
        options.also_count = n % 7 == 0 ? 1 : 0;
        oracle_window(&oracle, (enum oracle_window)(n % ORACLE_WINDOW_COUNT), &seed, window);
        CHECK_STATUS(xt_query_window(snapshot, window, &options, &again), XT_OK);
        for (unsigned i = 0; i < 2 * ORACLE_WINDOW_COUNT; i++) {
            take_some(again);
            oracle_window(&oracle, (enum oracle_window)(i % ORACLE_WINDOW_COUNT), &seed, window);
            CHECK_STATUS(xt_query_restart(again, window), XT_OK);
            CHECK_STATUS(xt_query_window(snapshot, window, &options, &fresh), XT_OK);
            compare_all(again, fresh);
            xt_query_close(fresh);
        }
        xt_query_close(again);
        store_tear_down();
    }
}

/* The point of some item; it is the low corner of a box. */
static const double *some_point(void)
{
    return oracle.low + oracle.dims * (check_random(&seed) % oracle.count);
}

static void points_are_asked_again(void)
{
    const struct oracle_schema schema = {2, XT_BOXES, XT_F64};
    xt_query *again, *fresh;

    if (!store_set_up(schema))
        return;
    CHECK_STATUS(xt_query_covers(snapshot, some_point(), NULL, &again), XT_OK);
    for (unsigned i = 0; i < 200; i++) {
        const double *point = some_point();

        take_some(again);
        CHECK_STATUS(xt_query_restart(again, point), XT_OK);
        CHECK_STATUS(xt_query_covers(snapshot, point, NULL, &fresh), XT_OK);
        compare_all(again, fresh);
        xt_query_close(fresh);
    }
    xt_query_close(again);
    store_tear_down();
}

static void neighbours_are_asked_again(void)
{
    static const double weights[8] = {1, 2, 3, 1, 2, 3, 1, 2};

    for (unsigned n = 0; n < 12; n++) {
        xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
        const struct oracle_schema schema = {n % 2 == 0 ? 2 : 8, XT_POINTS, XT_F64};
        xt_query *again, *fresh;

        if (!store_set_up(schema))
            return;
        seed += n;
        options.k = n / 2 % 3 == 0 ? 0 : n / 2 % 3 == 1 ? 10 : 300;
        options.weights = n % 5 == 1 ? weights : NULL;
        options.filter = n == 3 ? third : NULL;
        CHECK_STATUS(xt_query_nearest(snapshot, some_point(), &options, &again), XT_OK);
        for (unsigned i = 0; i < 20; i++) {
            const double *point = some_point();

            take_some(again);
            CHECK_STATUS(xt_query_restart(again, point), XT_OK);
            CHECK_STATUS(xt_query_nearest(snapshot, point, &options, &fresh), XT_OK);
            compare_all(again, fresh);
            xt_query_close(fresh);
        }
        xt_query_close(again);
        store_tear_down();
    }
}

/* A place that is none leaves the query as it is. */
static void misuse_is_told(void)
{
    const double window[] = {0, 0, 1e9, 1e9}, turned[] = {1, 0, 0, 1}, nothing[] = {NAN, 0, 1, 1};
    const struct oracle_schema schema = {2, XT_POINTS, XT_F64};
    xt_query *query, *fresh, *many;
    xt_item item;

    if (!store_set_up(schema))
        return;
    CHECK_STATUS(xt_query_window(snapshot, window, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_window(snapshot, window, NULL, &fresh), XT_OK);
    CHECK_STATUS(xt_query_next(query, &item), XT_OK);
    CHECK_STATUS(xt_query_next(fresh, &item), XT_OK);
    CHECK_STATUS(xt_query_restart(NULL, window), XT_EINVAL);
    CHECK_STATUS(xt_query_restart(query, NULL), XT_EINVAL);
    CHECK_STATUS(xt_query_restart(query, turned), XT_EINVAL);
    CHECK_STATUS(xt_query_restart(query, nothing), XT_EINVAL);
    compare_all(query, fresh);
    xt_query_close(query);
    xt_query_close(fresh);
    CHECK_STATUS(xt_query_nearest(snapshot, window, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_restart(query, nothing), XT_EINVAL);
    xt_query_close(query);
    CHECK_STATUS(xt_query_covers(snapshot, window, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_restart(query, nothing), XT_EINVAL);
    xt_query_close(query);
    CHECK_STATUS(xt_query_windows(snapshot, window, 1, NULL, &many), XT_OK);
    CHECK_STATUS(xt_query_restart(many, window), XT_EMISUSE);
    xt_query_close(many);
    store_tear_down();
}

CHECK_MAIN({"windows_are_asked_again", windows_are_asked_again},
           {"points_are_asked_again", points_are_asked_again},
           {"neighbours_are_asked_again", neighbours_are_asked_again},
           {"misuse_is_told", misuse_is_told})
