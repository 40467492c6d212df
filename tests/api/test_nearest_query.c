/* tests/api/test_nearest_query.c -- do nearest queries keep what the header promises: order, ends,
 * filters, many at once, and every documented misuse?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/answers.h"
#include "support/check.h"
#include "support/near.h"

#define COUNT 4000

static uint64_t seed;
static struct oracle oracle;
static struct near_hit hits[COUNT];
static xt_store *store;
static xt_snapshot *snapshot;

static bool store_set_up(struct oracle_schema schema, size_t count, enum oracle_data data)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    seed = check_seed;
    options.dims = schema.dims;
    options.kind = schema.kind;
    options.coord_type = schema.coord_type;
    oracle_init(&oracle, schema, count, data, &seed);
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

/* ---- answers --------------------------------------------------------------------------------- */

/* Takes all in every way in turn. */
static void sequence_check(const double *point, const xt_nearest_options *options)
{
    struct near_ask ask = {point, options->metric, options->weights};
    uint64_t ids[7];
    double distances[7];
    size_t at = 0;
    size_t count = 0;
    xt_status status = XT_OK;
    xt_query *query;
    xt_item item;

    near_expect(&oracle, &ask, oracle.first_id, hits);
    CHECK_STATUS(xt_query_nearest(snapshot, point, options, &query), XT_OK);
    for (unsigned step = 0; status == XT_OK && at <= oracle.count; step++, at += count) {
        if (step % 3 == 0) {
            status = xt_query_next(query, &item);
            ids[0] = item.id;
            distances[0] = item.distance;
            count = status == XT_OK;
        } else if (step % 3 == 1) {
            status = xt_query_next_nearest(query, ids, distances, 7, &count);
        } else {
            status = xt_query_next_batch(query, ids, 7, &count);
        }
        for (size_t i = 0; i < count && at + i < oracle.count; i++) {
            CHECK_U64(ids[i], hits[at + i].id);
            CHECK(step % 3 == 2 || distances[i] == hits[at + i].distance);
        }
    }
    CHECK_STATUS(status, XT_DONE);
    CHECK_U64(at, oracle.count);
    xt_query_close(query);
}

static void items_come_by_distance_and_id(void)
{
    static const struct {
        const char *name;
        struct oracle_schema schema;
        enum oracle_data data;
    } rows[] = {
        {"points",         {2, XT_POINTS, XT_F64}, ORACLE_UNIFORM   },
        {"boxes",          {3, XT_BOXES, XT_F64},  ORACLE_CLUSTERED },
        {"ties",           {2, XT_POINTS, XT_F64}, ORACLE_DUPLICATES},
        {"all the same",   {2, XT_BOXES, XT_F32},  ORACLE_SAME      },
        {"extremes",       {2, XT_BOXES, XT_F64},  ORACLE_EXTREMES  },
        {"five axes, f32", {5, XT_POINTS, XT_F32}, ORACLE_GRID      },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        double point[5];

        check_row = rows[i].name;
        if (!store_set_up(rows[i].schema, COUNT, rows[i].data))
            return;
        for (unsigned n = 0; n < 12; n++) {
            xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;

            near_point(&oracle, n, &seed, point);
            options.metric = (xt_metric)(n % (rows[i].schema.dims == 2 ? 3 : 2));
            sequence_check(point, &options);
        }
        store_tear_down();
    }
}

static void an_empty_store_has_no_neighbours(void)
{
    const double point[2] = {1, 2};
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    uint64_t ids[4] = {9, 9, 9, 9};
    double distances[4];
    size_t found[2] = {9, 9};
    uint64_t number = 9;
    xt_query *query;
    xt_item item;

    if (!store_set_up((struct oracle_schema){2, XT_POINTS, XT_F64}, 0, ORACLE_UNIFORM))
        return;
    CHECK_STATUS(xt_query_nearest(snapshot, point, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_next(query, &item), XT_DONE);
    CHECK(item.low == NULL);
    CHECK_STATUS(xt_query_count(query, &number), XT_OK);
    CHECK_U64(number, 0);
    xt_query_close(query);
    options.k = 2;
    CHECK_STATUS(
        xt_nearest_many(snapshot, (const double[]){1, 2, 3, 4}, 2, &options, ids, distances, found),
        XT_OK);
    CHECK(ids[0] == 0 && ids[3] == 0 && found[0] == 0 && found[1] == 0);
    CHECK(isinf(distances[0]) && isinf(distances[3]));
    store_tear_down();
}

static void many_points_may_want_ids_alone(void)
{
    enum { POINTS = 100, K = 5 };
    static double points[2 * POINTS];
    static uint64_t ids[POINTS * K];
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;

    if (!store_set_up((struct oracle_schema){2, XT_POINTS, XT_F64}, COUNT, ORACLE_UNIFORM))
        return;
    for (unsigned i = 0; i < POINTS; i++)
        near_point(&oracle, i, &seed, points + 2 * i);
    options.k = K;
    options.metric = XT_MAXIMUM;
    CHECK_STATUS(xt_nearest_many(snapshot, points, POINTS, &options, ids, NULL, NULL), XT_OK);
    for (size_t i = 0; i < POINTS; i++) {
        struct near_ask ask = {points + 2 * i, XT_MAXIMUM, NULL};

        near_expect(&oracle, &ask, oracle.first_id, hits);
        for (size_t j = 0; j < K; j++)
            CHECK_U64(ids[i * K + j], hits[j].id);
    }
    CHECK_STATUS(xt_nearest_many(snapshot, points, 0, &options, ids, NULL, NULL), XT_OK);
    store_tear_down();
}

static void queries_report_what_they_read(void)
{
    const double point[2] = {50, 50};
    xt_walk_stats stats = {.struct_size = sizeof stats};
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    uint64_t number;
    xt_query *query;

    if (!store_set_up((struct oracle_schema){2, XT_POINTS, XT_F64}, COUNT, ORACLE_UNIFORM))
        return;
    options.k = 10;
    CHECK_STATUS(xt_query_nearest(snapshot, point, &options, &query), XT_OK);
    CHECK_STATUS(xt_query_stats(query, &stats), XT_OK);
    CHECK_U64(stats.nodes + stats.leaves + stats.lines + stats.items, 0);
    CHECK_STATUS(xt_query_count(query, &number), XT_OK);
    CHECK_U64(number, 10);
    CHECK_STATUS(xt_query_stats(query, &stats), XT_OK);
    CHECK_U64(stats.items, 10);
    CHECK(stats.nodes >= 1 && stats.leaves >= 1 && stats.leaves < 10);
    CHECK(stats.lines > 10 && stats.lines < 400);
    xt_query_close(query);
    store_tear_down();
}

/* ---- misuse ---------------------------------------------------------------------------------- */

struct bad_row {
    const char *name;
    double x;
    xt_nearest_options options; /* struct_size is set later */
};

static void bad_options_are_refused(void)
{
    static const double zero[] = {1, 0}, negative[] = {-1, 1}, infinite[] = {1, INFINITY},
                        nan[] = {NAN, 1}, tiny[] = {1, 1e-310}, good[] = {1, 2};
    static const struct bad_row rows[] = {
        {"point is NaN",        NAN,       {0}                                         },
        {"point is infinite",   -INFINITY, {0}                                         },
        {"no such metric",      0,         {.metric = (xt_metric)3}                    },
        {"negative distance",   0,         {.max_distance = -1}                        },
        {"distance is NaN",     0,         {.max_distance = NAN}                       },
        {"weight 0",            0,         {.weights = zero}                           },
        {"weight below 0",      0,         {.weights = negative}                       },
        {"weight infinite",     0,         {.weights = infinite}                       },
        {"weight NaN",          0,         {.weights = nan}                            },
        {"weight denormal",     0,         {.weights = tiny}                           },
        {"weights on a sphere", 0,         {.metric = XT_GREAT_CIRCLE, .weights = good}},
        {"no such kernel",      0,         {.kernel = (xt_kernel)9}                    },
    };
    uint64_t id;

    if (!store_set_up((struct oracle_schema){2, XT_POINTS, XT_F64}, 100, ORACLE_UNIFORM))
        return;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const double point[] = {rows[i].x, 0};
        xt_nearest_options options = rows[i].options;
        xt_query *query = (xt_query *)(void *)&options;

        check_row = rows[i].name;
        options.struct_size = sizeof options;
        CHECK_STATUS(xt_query_nearest(snapshot, point, &options, &query), XT_EINVAL);
        CHECK(query == NULL);
        options.k = 1;
        CHECK_STATUS(xt_nearest_many(snapshot, point, 1, &options, &id, NULL, NULL), XT_EINVAL);
    }
    store_tear_down();
}

static void bad_arguments_are_refused(void)
{
    const double point[3] = {0, 0, 0};
    const double window[6] = {0, 0, 0, 1, 1, 1};
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    size_t count = 9;
    xt_query *query;
    double distance;
    uint64_t id;

    if (!store_set_up((struct oracle_schema){3, XT_POINTS, XT_F64}, 100, ORACLE_UNIFORM))
        return;
    CHECK_STATUS(xt_query_nearest(NULL, point, NULL, &query), XT_EINVAL);
    CHECK_STATUS(xt_query_nearest(snapshot, NULL, NULL, &query), XT_EINVAL);
    CHECK_STATUS(xt_query_nearest(snapshot, point, NULL, NULL), XT_EINVAL);
    options.metric = XT_GREAT_CIRCLE;
    CHECK_STATUS(xt_query_nearest(snapshot, point, &options, &query), XT_EINVAL); /* 3 axes */
    options.metric = XT_EUCLIDEAN;
    CHECK_STATUS(xt_nearest_many(snapshot, point, 1, &options, &id, NULL, NULL), XT_EINVAL);
    CHECK_STATUS(xt_nearest_many(snapshot, point, 1, NULL, &id, NULL, NULL), XT_EINVAL);
    options.k = 1;
    CHECK_STATUS(xt_nearest_many(NULL, point, 1, &options, &id, NULL, NULL), XT_EINVAL);
    CHECK_STATUS(xt_nearest_many(snapshot, NULL, 1, &options, &id, NULL, NULL), XT_EINVAL);
    CHECK_STATUS(xt_nearest_many(snapshot, point, 1, &options, NULL, NULL, NULL), XT_EINVAL);
    CHECK_STATUS(xt_nearest_many(snapshot, point, SIZE_MAX / 4, &options, &id, NULL, NULL),
                 XT_EINVAL);
    options.k = UINT64_MAX;
    CHECK_STATUS(xt_nearest_many(snapshot, point, 2, &options, &id, NULL, NULL), XT_EINVAL);

    CHECK_STATUS(xt_query_window(snapshot, window, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_next_nearest(query, &id, &distance, 1, &count), XT_EINVAL);
    CHECK_U64(count, 0);
    xt_query_close(query);
    CHECK_STATUS(xt_query_nearest(snapshot, point, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_next_nearest(query, &id, &distance, 0, &count), XT_EINVAL);
    CHECK_STATUS(xt_query_next_nearest(query, NULL, &distance, 1, &count), XT_EINVAL);
    CHECK_STATUS(xt_query_next_nearest(query, &id, &distance, 1, NULL), XT_EINVAL);
    CHECK_STATUS(xt_query_next_nearest(NULL, &id, &distance, 1, &count), XT_EINVAL);
    CHECK_STATUS(xt_query_next_nearest(query, &id, NULL, 1, &count), XT_OK);
    xt_query_close(query);
    store_tear_down();
}

CHECK_MAIN({"items_come_by_distance_and_id", items_come_by_distance_and_id},
           {"an_empty_store_has_no_neighbours", an_empty_store_has_no_neighbours},
           {"many_points_may_want_ids_alone", many_points_may_want_ids_alone},
           {"queries_report_what_they_read", queries_report_what_they_read},
           {"bad_options_are_refused", bad_options_are_refused},
           {"bad_arguments_are_refused", bad_arguments_are_refused})
