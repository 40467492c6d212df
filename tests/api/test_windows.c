/* tests/api/test_windows.c -- do queries of many windows answer as one query for each, and does
 * every documented misuse of them give the documented status?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/answers.h"
#include "support/check.h"

#define WINDOWS 300

static uint64_t seed;
static struct oracle oracle;
static xt_store *store;
static xt_snapshot *snapshot;
static double windows[4 * WINDOWS];

static bool store_set_up(xt_item_kind kind, size_t count)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    seed = check_seed;
    options.dims = 2;
    options.kind = kind;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    oracle_init(&oracle, (struct oracle_schema){2, kind, XT_F64}, count, ORACLE_UNIFORM, &seed);
    for (size_t i = 0; i < WINDOWS; i++)
        oracle_window(&oracle, (enum oracle_window)(i % ORACLE_WINDOW_COUNT), &seed,
                      windows + 4 * i);
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

/* Adds up what a single query of the window gives. */
static void single_ask(size_t window, const xt_query_options *options, uint64_t *count,
                       uint64_t *sum)
{
    uint64_t ids[100];
    xt_query *query;
    size_t some;

    *count = *sum = 0;
    CHECK_STATUS(xt_query_window(snapshot, windows + 4 * window, options, &query), XT_OK);
    while (xt_query_next_batch(query, ids, CHECK_COUNT(ids), &some) == XT_OK) {
        for (size_t i = 0; i < some; i++)
            *sum += ids[i];
        *count += some;
    }
    xt_query_close(query);
}

static void windows_check(const xt_query_options *options)
{
    static uint64_t sums[WINDOWS], counts[WINDOWS], taken[WINDOWS];
    uint64_t ids[100];
    size_t numbers[100];
    xt_query *query;
    size_t count;
    uint64_t total = 0;

    memset(sums, 0, sizeof sums);
    memset(taken, 0, sizeof taken);
    CHECK_STATUS(xt_query_windows(snapshot, windows, WINDOWS, options, &query), XT_OK);
    while (xt_query_next_tagged(query, ids, numbers, CHECK_COUNT(ids), &count) == XT_OK) {
        for (size_t i = 0; i < count && CHECK(numbers[i] < WINDOWS); i++) {
            sums[numbers[i]] += ids[i];
            taken[numbers[i]]++;
        }
    }
    xt_query_close(query);
    CHECK_STATUS(xt_count_windows(snapshot, windows, WINDOWS, options, counts), XT_OK);
    for (size_t i = 0; i < WINDOWS; i++) {
        uint64_t single, sum;

        single_ask(i, options, &single, &sum);
        total += single;
        if (!CHECK_U64(taken[i], single) || !CHECK_U64(counts[i], single))
            return;
        if (options->limit == 0)
            CHECK_U64(sums[i], sum);
    }
    CHECK_STATUS(xt_query_windows(snapshot, windows, WINDOWS, options, &query), XT_OK);
    CHECK_STATUS(xt_query_count(query, ids), XT_OK);
    CHECK_U64(ids[0], total);
    xt_query_close(query);
}

static void many_windows_answer_as_single_ones(void)
{
    static const xt_item_kind kinds[] = {XT_POINTS, XT_BOXES};

    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        if (!store_set_up(kinds[k], 5000))
            return;
        for (int n = 0; n < 8; n++) {
            const xt_condition also = {XT_DISJOINT, windows + 4};
            xt_query_options options = XT_QUERY_OPTIONS_INIT;

            options.predicate = (xt_predicate)(n % 4);
            if (n >= 4) {
                options.also = &also;
                options.also_count = 1;
                options.limit = 50;
            }
            windows_check(&options);
        }
        store_tear_down();
    }
}

static void no_windows_and_no_items_give_nothing(void)
{
    uint64_t counts[2] = {7, 7};
    xt_query *query;
    size_t number;
    size_t count = 7;

    if (!store_set_up(XT_POINTS, 0))
        return;
    CHECK_STATUS(xt_query_windows(snapshot, NULL, 0, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_next_tagged(query, counts, &number, 1, &count), XT_DONE);
    CHECK_U64(count, 0);
    xt_query_close(query);
    CHECK_STATUS(xt_count_windows(snapshot, NULL, 0, NULL, counts), XT_OK);
    CHECK_STATUS(xt_count_windows(snapshot, windows, 2, NULL, counts), XT_OK);
    CHECK_U64(counts[0] + counts[1], 0);
    store_tear_down();
}

static void bad_arguments_are_refused(void)
{
    const double bad[] = {0, 0, 1, 1, 0, 2, 1, 1};
    xt_query_options options = XT_QUERY_OPTIONS_INIT;
    uint64_t counts[2] = {7, 7};
    xt_query *query = (xt_query *)&options;
    uint64_t id;
    size_t number;
    size_t count = 7;

    if (!store_set_up(XT_POINTS, 10))
        return;
    CHECK_STATUS(xt_query_windows(snapshot, bad, 2, NULL, &query), XT_EINVAL);
    CHECK(query == NULL);
    CHECK_STATUS(xt_count_windows(snapshot, bad, 2, NULL, counts), XT_EINVAL);
    CHECK_U64(counts[0] + counts[1], 0);
    CHECK_STATUS(xt_query_windows(snapshot, NULL, 1, NULL, &query), XT_EINVAL);
    CHECK_STATUS(xt_query_windows(NULL, windows, 1, NULL, &query), XT_EINVAL);
    CHECK_STATUS(xt_query_windows(snapshot, windows, 1, NULL, NULL), XT_EINVAL);
    CHECK_STATUS(xt_count_windows(NULL, windows, 1, NULL, counts), XT_EINVAL);
    CHECK_STATUS(xt_count_windows(snapshot, windows, 1, NULL, NULL), XT_EINVAL);
    options.predicate = (xt_predicate)4;
    CHECK_STATUS(xt_query_windows(snapshot, windows, 1, &options, &query), XT_EINVAL);
    options.predicate = XT_INTERSECTS;
    options.also_count = 1;
    CHECK_STATUS(xt_query_windows(snapshot, windows, 1, &options, &query), XT_EINVAL);
    CHECK_STATUS(xt_query_windows(snapshot, windows, 1, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_next_tagged(query, &id, &number, 0, &count), XT_EINVAL);
    CHECK_U64(count, 0);
    CHECK_STATUS(xt_query_next_tagged(query, NULL, &number, 1, &count), XT_EINVAL);
    CHECK_STATUS(xt_query_next_tagged(query, &id, NULL, 1, &count), XT_EINVAL);
    CHECK_STATUS(xt_query_next_tagged(query, &id, &number, 1, NULL), XT_EINVAL);
    CHECK_STATUS(xt_query_next_tagged(NULL, &id, &number, 1, &count), XT_EINVAL);
    xt_query_close(query);
    store_tear_down();
}

static void each_kind_of_query_has_its_own_calls(void)
{
    static const double everything[] = {-INFINITY, -INFINITY, INFINITY, INFINITY};
    xt_walk_stats stats = {.struct_size = sizeof stats};
    xt_query *query;
    uint64_t ids[40];
    size_t numbers[40];
    size_t count = 7;
    xt_item item = {.id = 7};

    if (!store_set_up(XT_BOXES, 30))
        return;
    CHECK_STATUS(xt_query_window(snapshot, everything, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_next_tagged(query, ids, numbers, 40, &count), XT_EMISUSE);
    CHECK_U64(count, 0);
    CHECK_STATUS(xt_query_next(query, &item), XT_OK);
    xt_query_close(query);
    CHECK_STATUS(xt_query_windows(snapshot, everything, 1, NULL, &query), XT_OK);
    item.id = 7;
    CHECK_STATUS(xt_query_next(query, &item), XT_EMISUSE);
    CHECK(item.id == 0 && item.low == NULL && item.high == NULL);
    CHECK_STATUS(xt_query_next_batch(query, ids, 10, &count), XT_OK);
    CHECK_U64(count, 10);
    CHECK_STATUS(xt_query_next_tagged(query, ids, numbers, 40, &count), XT_OK);
    CHECK_U64(count, 20);
    CHECK_STATUS(xt_query_stats(query, &stats), XT_OK);
    CHECK_U64(stats.items, 30);
    xt_query_close(query);
    store_tear_down();
}

CHECK_MAIN({"many_windows_answer_as_single_ones", many_windows_answer_as_single_ones},
           {"no_windows_and_no_items_give_nothing", no_windows_and_no_items_give_nothing},
           {"bad_arguments_are_refused", bad_arguments_are_refused},
           {"each_kind_of_query_has_its_own_calls", each_kind_of_query_has_its_own_calls})
