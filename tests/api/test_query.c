/* tests/api/test_query.c -- do queries give each matching item once, in every way of asking, with
 * limits, on old and new snapshots, and do the facts about the tree fit together?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>

#include "support/answers.h"
#include "support/check.h"

static const double EVERYTHING[] = {-INFINITY, -INFINITY, INFINITY, INFINITY};

static uint64_t seed;
static struct oracle oracle;
static xt_store *store;
static xt_snapshot *snapshot;

static bool store_set_up(xt_item_kind kind, size_t count, enum oracle_data data)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    seed = check_seed;
    options.dims = 2;
    options.kind = kind;
    options.leaf_capacity = 32;
    options.inner_capacity = 16;
    oracle_init(&oracle, (struct oracle_schema){2, kind, XT_F64}, count, data, &seed);
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

static void every_way_of_asking_is_right_for_every_window(void)
{
    static const xt_item_kind kinds[] = {XT_POINTS, XT_BOXES};

    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        if (!store_set_up(kinds[k], 5000, k == 0 ? ORACLE_GRID : ORACLE_UNIFORM))
            return;
        for (unsigned i = 0; i < 10 * ORACLE_WINDOW_COUNT; i++) {
            enum oracle_window kind = (enum oracle_window)(i % ORACLE_WINDOW_COUNT);
            double window[4];

            check_row = oracle_window_text(kind);
            oracle_window(&oracle, kind, &seed, window);
            for (int predicate = XT_INTERSECTS; predicate <= XT_DISJOINT; predicate++)
                answers_are_right(snapshot, &oracle, window, (xt_predicate)predicate);
        }
        store_tear_down();
    }
}

static bool even(void *context, uint64_t id, const double *low, const double *high)
{
    uint64_t *asked = context;

    ++*asked;
    return id % 2 == 0 && low[0] <= high[0];
}

/* The items that cover a point, once as they are and once sifted. */
static void covers_finds_the_items_around_a_point(void)
{
    if (!store_set_up(XT_BOXES, 5000, ORACLE_SORTED))
        return;
    for (unsigned i = 0; i < 200; i++) {
        xt_query_options options = XT_QUERY_OPTIONS_INIT;
        const size_t item = check_random(&seed) % oracle.count;
        const double *point = (i % 2 == 0 ? oracle.low : oracle.high) + 2 * item;
        const double window[] = {point[0], point[1], point[0], point[1]};
        size_t want = oracle_expect(&oracle, window, XT_CONTAINS);
        uint64_t asked = 0;
        uint64_t count, sifted;
        xt_query *query;

        CHECK(want >= 1);
        CHECK_STATUS(xt_query_covers(snapshot, point, NULL, &query), XT_OK);
        CHECK_STATUS(xt_query_count(query, &count), XT_OK);
        CHECK_U64(count, want);
        xt_query_close(query);
        options.filter = even;
        options.filter_context = &asked;
        CHECK_STATUS(xt_query_covers(snapshot, point, &options, &query), XT_OK);
        CHECK_STATUS(xt_query_count(query, &sifted), XT_OK);
        CHECK_U64(asked, want);
        CHECK(sifted <= want);
        xt_query_close(query);
    }
    store_tear_down();
}

static void limits_stop_after_so_many_items(void)
{
    static const uint64_t limits[] = {1, 2, 31, 32, 33, 64, 1000, 2999, 3000, 3001, UINT64_MAX};

    if (!store_set_up(XT_POINTS, 3000, ORACLE_UNIFORM))
        return;
    for (size_t i = 0; i < CHECK_COUNT(limits); i++) {
        xt_query_options options = XT_QUERY_OPTIONS_INIT;

        options.limit = limits[i];
        oracle_expect(&oracle, EVERYTHING, XT_INTERSECTS);
        oracle.expected = limits[i] < 3000 ? (size_t)limits[i] : 3000;
        for (int way = 0; way < ANSWERS_WAYS; way++) {
            bool right;

            CHECK_STATUS(
                answers_ask(snapshot, &oracle, EVERYTHING, &options, (enum answers_way)way, &right),
                XT_OK);
            CHECK(right);
        }
    }
    store_tear_down();
}

static void order_is_the_same_each_time(void)
{
    enum { COUNT = 2000 };
    static uint64_t first[COUNT + 8], second[COUNT + 8];
    xt_query *query;
    size_t count = 0;
    size_t taken = 0;
    xt_item item;

    if (!store_set_up(XT_BOXES, COUNT, ORACLE_UNIFORM))
        return;
    CHECK_STATUS(xt_query_window(snapshot, EVERYTHING, NULL, &query), XT_OK);
    while (taken < COUNT && xt_query_next(query, &item) == XT_OK)
        first[taken++] = item.id;
    xt_query_close(query);
    CHECK_U64(taken, COUNT);
    CHECK_STATUS(xt_query_window(snapshot, EVERYTHING, NULL, &query), XT_OK);
    taken = 0;
    while (taken < COUNT &&
           xt_query_next_batch(query, second + taken, COUNT - taken, &count) == XT_OK)
        taken += count;
    xt_query_close(query);
    CHECK_U64(taken, COUNT);
    CHECK(memcmp(first, second, COUNT * sizeof first[0]) == 0);
    store_tear_down();
}

static void many_queries_at_once_do_not_disturb_each_other(void)
{
    enum { COUNT = 1500, QUERIES = 5 };
    xt_query *queries[QUERIES];
    xt_item items[QUERIES];

    if (!store_set_up(XT_BOXES, COUNT, ORACLE_SORTED))
        return;
    for (size_t i = 0; i < QUERIES; i++)
        CHECK_STATUS(xt_query_window(snapshot, EVERYTHING, NULL, &queries[i]), XT_OK);
    for (size_t n = 0; n < COUNT; n++) {
        for (size_t i = 0; i < QUERIES; i++)
            CHECK_STATUS(xt_query_next(queries[i], &items[i]), XT_OK);
        for (size_t i = 1; i < QUERIES; i++) {
            CHECK_U64(items[i].id, items[0].id);
            CHECK(memcmp(items[i].low, items[0].low, 2 * sizeof(double)) == 0);
            CHECK(memcmp(items[i].high, items[0].high, 2 * sizeof(double)) == 0);
        }
    }
    for (size_t i = 0; i < QUERIES; i++)
        xt_query_close(queries[i]);
    store_tear_down();
}

static void counting_visits_less_than_taking(void)
{
    xt_walk_stats stats = {.struct_size = sizeof stats};
    xt_query *query;
    uint64_t count;

    if (!store_set_up(XT_POINTS, 20000, ORACLE_UNIFORM))
        return;
    CHECK_STATUS(xt_query_window(snapshot, EVERYTHING, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_stats(query, &stats), XT_OK);
    CHECK_U64(stats.nodes + stats.leaves + stats.lines + stats.items, 0);
    CHECK_STATUS(xt_query_count(query, &count), XT_OK);
    CHECK_U64(count, 20000);
    CHECK_STATUS(xt_query_stats(query, &stats), XT_OK);
    CHECK_U64(stats.items, 20000);
    CHECK_U64(stats.leaves, 0);
    CHECK(stats.nodes <= 1 + 16); /* the root, and the counts of its children */
    xt_query_close(query);
    store_tear_down();
}

static void points_in_a_store_of_points_share_one_array(void)
{
    xt_query *query;
    xt_item item;

    if (!store_set_up(XT_POINTS, 100, ORACLE_UNIFORM))
        return;
    CHECK_STATUS(xt_query_window(snapshot, EVERYTHING, NULL, &query), XT_OK);
    while (xt_query_next(query, &item) == XT_OK)
        CHECK(item.low == item.high);
    xt_query_close(query);
    store_tear_down();
}

static void window_is_copied(void)
{
    double window[] = {-INFINITY, -INFINITY, INFINITY, INFINITY};
    xt_query *query;
    uint64_t count;

    if (!store_set_up(XT_POINTS, 100, ORACLE_UNIFORM))
        return;
    CHECK_STATUS(xt_query_window(snapshot, window, NULL, &query), XT_OK);
    memset(window, 0xff, sizeof window);
    CHECK_STATUS(xt_query_count(query, &count), XT_OK);
    CHECK_U64(count, 100);
    xt_query_close(query);
    store_tear_down();
}

/* ---- the tree ------------------------------------------------------------------------------ */

struct tour {
    xt_level_stats level[XT_LEVELS_MAX];
    uint64_t leaf_items;
    uint32_t last_level;
    uint64_t root_items;
    uint64_t visits;
    uint64_t stop_after;
    bool boxes_hold;
};

static bool node_visit(void *context, const xt_node_info *node)
{
    struct tour *tour = context;
    xt_level_stats *level = &tour->level[node->level];

    level->nodes++;
    level->supernodes += node->is_supernode;
    level->entries += node->count;
    level->capacity += node->capacity;
    level->bytes += node->bytes;
    if (node->parent_ref == 0)
        tour->root_items = node->items;
    if (node->level == 0)
        tour->leaf_items += node->items;
    for (uint32_t axis = 0; axis < 2; axis++)
        tour->boxes_hold &= node->low[axis] <= node->high[axis];
    return ++tour->visits != tour->stop_after;
}

static void nodes_and_stats_agree(void)
{
    struct tour tour = {.boxes_hold = true};
    xt_tree_stats stats = {.struct_size = sizeof stats};

    if (!store_set_up(XT_BOXES, 20000, ORACLE_CLUSTERED))
        return;
    CHECK_STATUS(xt_snapshot_nodes(snapshot, 0, node_visit, &tour), XT_OK);
    CHECK_STATUS(xt_snapshot_stats(snapshot, &stats), XT_OK);
    CHECK_U64(stats.items, 20000);
    CHECK_U64(tour.leaf_items, 20000);
    CHECK_U64(tour.root_items, 20000);
    CHECK(tour.boxes_hold);
    CHECK(stats.height >= 3 && stats.height <= 6);
    CHECK_U64(stats.level[stats.height - 1].nodes, 1);
    for (uint32_t i = 0; i < XT_LEVELS_MAX; i++) {
        CHECK_U64(stats.level[i].nodes, tour.level[i].nodes);
        CHECK_U64(stats.level[i].supernodes, tour.level[i].supernodes);
        CHECK_U64(stats.level[i].entries, tour.level[i].entries);
        CHECK_U64(stats.level[i].capacity, tour.level[i].capacity);
        CHECK_U64(stats.level[i].bytes, tour.level[i].bytes);
        CHECK(i == 0 || stats.level[i].entries == stats.level[i - 1].nodes || i == stats.height);
    }
    store_tear_down();
}

static void walk_over_nodes_can_be_stopped_and_cut(void)
{
    struct tour stopped = {.stop_after = 3};
    struct tour upper = {0};

    if (!store_set_up(XT_POINTS, 20000, ORACLE_UNIFORM))
        return;
    CHECK_STATUS(xt_snapshot_nodes(snapshot, 0, node_visit, &stopped), XT_ECANCELLED);
    CHECK_U64(stopped.visits, 3);
    CHECK_STATUS(xt_snapshot_nodes(snapshot, 1, node_visit, &upper), XT_OK);
    CHECK_U64(upper.level[0].nodes, 0);
    CHECK(upper.level[1].nodes > 1);
    store_tear_down();
}

static void empty_tree_has_no_nodes(void)
{
    xt_tree_stats stats = {.struct_size = sizeof stats};
    struct tour tour = {0};
    double low[2], high[2];

    if (!store_set_up(XT_POINTS, 0, ORACLE_UNIFORM))
        return;
    CHECK_STATUS(xt_snapshot_stats(snapshot, &stats), XT_OK);
    CHECK_U64(stats.height, 0);
    CHECK_U64(stats.items, 0);
    CHECK_STATUS(xt_snapshot_nodes(snapshot, 0, node_visit, &tour), XT_OK);
    CHECK_U64(tour.visits, 0);
    CHECK_STATUS(xt_snapshot_bounds(snapshot, low, high), XT_ENOTFOUND);
    CHECK(low[0] == INFINITY && low[1] == INFINITY);
    CHECK(high[0] == -INFINITY && high[1] == -INFINITY);
    answers_are_right(snapshot, &oracle, EVERYTHING, XT_INTERSECTS);
    store_tear_down();
}

static void bounds_are_exact_for_all_data(void)
{
    for (int data = 0; data < ORACLE_DATA_COUNT; data++) {
        check_row = oracle_data_text((enum oracle_data)data);
        if (!store_set_up(XT_BOXES, 1000, (enum oracle_data)data))
            return;
        answers_hold(store, &oracle, 0, &seed);
        store_tear_down();
    }
}

static void query_after_a_new_commit_sees_the_new_items(void)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_snapshot *before;
    struct oracle empty;

    seed = check_seed;
    options.dims = 2;
    oracle_init(&oracle, (struct oracle_schema){2, XT_POINTS, XT_F64}, 500, ORACLE_UNIFORM, &seed);
    oracle_init(&empty, (struct oracle_schema){2, XT_POINTS, XT_F64}, 0, ORACLE_UNIFORM, &seed);
    CHECK_STATUS(xt_store_create(NULL, &options, &store), XT_OK);
    CHECK_STATUS(xt_snapshot_latest(store, &before), XT_OK);
    CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
    answers_hold(store, &empty, 4, &seed);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
    answers_are_right(before, &empty, EVERYTHING, XT_INTERSECTS);
    answers_are_right(snapshot, &oracle, EVERYTHING, XT_INTERSECTS);
    xt_snapshot_release(before);
    oracle_release(&empty);
    store_tear_down();
}

CHECK_MAIN({"every_way_of_asking_is_right_for_every_window",
            every_way_of_asking_is_right_for_every_window},
           {"covers_finds_the_items_around_a_point", covers_finds_the_items_around_a_point},
           {"limits_stop_after_so_many_items", limits_stop_after_so_many_items},
           {"order_is_the_same_each_time", order_is_the_same_each_time},
           {"many_queries_at_once_do_not_disturb_each_other",
            many_queries_at_once_do_not_disturb_each_other},
           {"counting_visits_less_than_taking", counting_visits_less_than_taking},
           {"points_in_a_store_of_points_share_one_array",
            points_in_a_store_of_points_share_one_array},
           {"window_is_copied", window_is_copied}, {"nodes_and_stats_agree", nodes_and_stats_agree},
           {"walk_over_nodes_can_be_stopped_and_cut", walk_over_nodes_can_be_stopped_and_cut},
           {"empty_tree_has_no_nodes", empty_tree_has_no_nodes},
           {"bounds_are_exact_for_all_data", bounds_are_exact_for_all_data},
           {"query_after_a_new_commit_sees_the_new_items",
            query_after_a_new_commit_sees_the_new_items})
