/* fuzz/ask.c -- everything that a store of two dimensions can be asked and told, whatever its bytes
 * are.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ask.h"

#include <stdlib.h>

#define WINDOWS 3u

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* ---- questions ------------------------------------------------------------------------------- */

static bool filter_even(void *context, uint64_t id, const double *low, const double *high)
{
    uint64_t *sum = context;

    *sum += low[0] <= high[0];
    return id % 2 == 0;
}

static void window_ask(const xt_snapshot *snapshot, const double *window,
                       const xt_query_options *options)
{
    uint64_t ids[50];
    uint64_t number;
    size_t count;
    xt_query *query;
    xt_item item;

    require(xt_query_window(snapshot, window, options, &query) == XT_OK);
    for (unsigned i = 0; i < 20 && xt_query_next(query, &item) == XT_OK; i++)
        ;
    (void)!xt_query_next_batch(query, ids, 50, &count);
    while (xt_query_next(query, &item) == XT_OK)
        ;
    xt_query_close(query);
    require(xt_query_window(snapshot, window, options, &query) == XT_OK);
    (void)!xt_query_count(query, &number);
    xt_query_close(query);
}

static void nearest_ask(const xt_snapshot *snapshot, const double *point, unsigned metric)
{
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    uint64_t ids[2 * 3];
    double distances[2 * 3];
    size_t count;
    xt_query *query;
    xt_item item;

    options.metric = (xt_metric)metric;
    require(xt_query_nearest(snapshot, point, &options, &query) == XT_OK);
    while (xt_query_next(query, &item) == XT_OK)
        require(item.distance >= 0);
    require(xt_query_next_nearest(query, ids, distances, 6, &count) != XT_OK && count == 0);
    xt_query_close(query);
    options.k = 3;
    (void)!xt_nearest_many(snapshot, point, 2, &options, ids, distances, NULL);
}

static void join_ask(const xt_snapshot *snapshot)
{
    xt_pair pairs[50];
    uint64_t number;
    size_t count;
    xt_join *join;

    require(xt_join_open(snapshot, NULL, NULL, &join) == XT_OK);
    for (unsigned i = 0; i < 20 && xt_join_next(join, pairs, 50, &count) == XT_OK; i++)
        require(count >= 1 && count <= 50);
    (void)!xt_join_count(join, &number);
    xt_join_close(join);
}

static void windows_ask(const xt_snapshot *snapshot, const double *windows, size_t window_count,
                        const xt_query_options *options)
{
    uint64_t ids[50];
    size_t numbers[50];
    size_t count;
    xt_query *query;

    require(xt_query_windows(snapshot, windows, window_count, options, &query) == XT_OK);
    while (xt_query_next_tagged(query, ids, numbers, 50, &count) == XT_OK)
        require(count > 0 && numbers[count - 1] < window_count);
    xt_query_close(query);
    require(window_count <= 50);
    (void)!xt_count_windows(snapshot, windows, window_count, options, ids);
}

/* Every predicate; alone, with another condition and a filter, and for all windows at once. */
static void queries_ask(const xt_snapshot *snapshot)
{
    static const double windows[WINDOWS][4] = {
        {-1e300, -1e300, 1e300, 1e300 },
        {100.0,  100.0,  300.0, 300.0 },
        {7.0,    0.0,    7.0,   1000.0}
    };
    uint64_t sum = 0;

    for (unsigned i = 0; i < 4; i++) {
        const xt_condition also = {(xt_predicate)((i + 3) % 4), windows[1]};
        xt_query_options options = XT_QUERY_OPTIONS_INIT;

        options.predicate = (xt_predicate)i;
        window_ask(snapshot, windows[i % 3], &options);
        if (i == 0) /* to put windows in order costs more than all else together */
            windows_ask(snapshot, windows[0], WINDOWS, &options);
        options.also = &also;
        options.also_count = 1;
        options.filter = i % 2 == 0 ? filter_even : NULL;
        options.filter_context = &sum;
        window_ask(snapshot, windows[(i + 1) % 3], &options);
        if (i == 2)
            windows_ask(snapshot, windows[0], WINDOWS, &options);
    }
}

static bool node_ignore(void *context, const xt_node_info *node)
{
    uint64_t *sum = context;

    *sum += node->items + (node->low[0] <= node->high[0]);
    return true;
}

/* The first few; the name and the number of one whose file is damaged are not known. */
static void kept_ask(xt_store *store)
{
    xt_snapshot_info info = {.struct_size = sizeof info};
    uint64_t sum = 0;

    for (uint64_t i = 0; i < 4; i++) {
        xt_snapshot *snapshot;
        uint64_t number;
        xt_status status = xt_store_kept(store, i, &info);

        if (status == XT_ENOTFOUND)
            break;
        if (status != XT_OK || xt_snapshot_open(store, info.number, NULL, &snapshot) != XT_OK)
            continue;
        (void)!xt_snapshot_nodes(snapshot, 0, node_ignore, &sum);
        nearest_ask(snapshot, (const double[4]){1, 2, 3, 4}, XT_EUCLIDEAN);
        xt_snapshot_release(snapshot);
        (void)!xt_store_find_kept(store, info.name, &number);
    }
}

void ask_store(xt_store *store)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    xt_tree_stats stats = {.struct_size = sizeof stats};
    const double point[] = {100.0, 100.0, 300.0, 300.0};
    double low[XT_DIMS_MAX], high[XT_DIMS_MAX];
    xt_store_stats of_store = {.struct_size = sizeof of_store};
    uint64_t sum = 0;
    xt_snapshot *snapshot;

    require(xt_store_stat(store, &of_store) == XT_OK);
    if (of_store.dims == 2 && xt_snapshot_latest(store, &snapshot) == XT_OK) {
        queries_ask(snapshot);
        for (unsigned metric = XT_EUCLIDEAN; metric <= XT_GREAT_CIRCLE; metric++)
            nearest_ask(snapshot, point, metric);
        join_ask(snapshot);
        (void)!xt_snapshot_bounds(snapshot, low, high);
        (void)!xt_snapshot_stats(snapshot, &stats);
        (void)!xt_snapshot_nodes(snapshot, 0, node_ignore, &sum);
        xt_snapshot_release(snapshot);
        kept_ask(store);
    }
    check.deep = true;
    (void)!xt_store_check(store, &check, &report);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void place_of(unsigned number, double place[2])
{
    place[0] = (double)(number * 7919u % 1000u);
    place[1] = (double)(number * 104729u % 997u);
}

/* As far as it goes: every status but a misuse is an answer. */
static void items_change(xt_store *store, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        double from[2], to[2];
        xt_status status;

        place_of(i, from);
        place_of(i + 1, to);
        status = i % 4 == 3   ? xt_store_remove(store, i, from, from)
                 : i % 4 == 2 ? xt_store_move(store, i, from, from, to, to)
                              : xt_store_insert(store, i, from, from);
        require(status <= XT_OK && status != XT_EMISUSE && status != XT_EINVAL);
    }
}

/* What goes wrong is rolled back, and what was published before is committed. At last the store is
 * cleaned as far as that goes. */
void ask_changes(xt_store *store)
{
    xt_store_stats stats = {.struct_size = sizeof stats};

    require(xt_store_stat(store, &stats) == XT_OK);
    if (stats.dims != 2)
        return;
    for (unsigned round = 0; round < 4; round++) {
        xt_status status;

        items_change(store, round * 60, 60);
        status = round == 0   ? xt_store_publish(store)
                 : round == 2 ? xt_store_rollback(store)
                              : xt_store_commit(store, NULL);
        require(status <= XT_OK && status != XT_EMISUSE && status != XT_EINVAL);
        if (status != XT_OK)
            (void)!xt_store_rollback(store);
    }
    if (xt_store_rollback(store) == XT_OK) {
        const xt_retention rule = {sizeof rule, 1, 0};
        uint64_t number;
        xt_status status;

        (void)!xt_store_keep(store, "asked", &number, NULL);
        (void)!xt_store_retain(store, &rule, &number, NULL);
        status = xt_store_clean(store, NULL, NULL);

        require(status <= XT_OK && status != XT_EMISUSE && status != XT_EINVAL);
    }
}
