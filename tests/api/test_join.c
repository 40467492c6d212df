/* tests/api/test_join.c -- do joins of stores give each pair once, whatever kinds, types, heights
 * and snapshots meet; and is every misuse refused?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/answers.h"
#include "support/check.h"

/* A store with what it must hold, and a snapshot of it. */
struct side {
    struct oracle oracle;
    xt_store *store;
    xt_snapshot *snapshot;
};

static void side_open(struct side *side, struct oracle_schema schema)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    options.dims = schema.dims;
    options.kind = schema.kind;
    options.coord_type = schema.coord_type;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    if (!CHECK_STATUS(xt_store_create(NULL, &options, &side->store), XT_OK) ||
        !CHECK_STATUS(answers_load(side->store, &side->oracle, NULL), XT_OK) ||
        !CHECK_STATUS(xt_store_publish(side->store), XT_OK) ||
        !CHECK_STATUS(xt_snapshot_latest(side->store, &side->snapshot), XT_OK))
        abort();
}

static void side_make(struct side *side, struct oracle_schema schema, size_t count,
                      enum oracle_data data, uint64_t *random)
{
    oracle_init(&side->oracle, schema, count, data, random);
    side_open(side, schema);
}

static void side_free(struct side *side)
{
    xt_snapshot_release(side->snapshot);
    CHECK_STATUS(xt_store_close(side->store), XT_OK);
    oracle_release(&side->oracle);
}

/* ---- what must come ------------------------------------------------------------------------ */

/* A mark for each pair of items; of a self-join (b is NULL) those above the diagonal. */
struct answer {
    const struct side *a, *b;
    size_t columns;
    unsigned char *marks;
    uint64_t expected;
};

static void answer_make(struct answer *answer, const struct side *a, const struct side *b)
{
    const struct oracle *of_b = &(b == NULL ? a : b)->oracle;
    double window[2 * XT_DIMS_MAX];

    *answer = (struct answer){.a = a, .b = b, .columns = of_b->count};
    answer->marks = calloc(a->oracle.count * of_b->count + 1, 1);
    if (answer->marks == NULL)
        abort();
    for (size_t j = 0; j < of_b->count; j++) {
        for (uint32_t axis = 0; axis < of_b->dims; axis++) {
            window[axis] = oracle_kept(of_b, of_b->low[j * of_b->dims + axis]);
            window[of_b->dims + axis] = oracle_kept(of_b, of_b->high[j * of_b->dims + axis]);
        }
        for (size_t i = 0; i < (b == NULL ? j : a->oracle.count); i++) {
            if (oracle_item_matches(&a->oracle, i, window, XT_INTERSECTS)) {
                answer->marks[i * of_b->count + j] = ORACLE_EXPECTED;
                answer->expected++;
            }
        }
    }
}

static bool pair_see(struct answer *answer, xt_pair pair)
{
    uint64_t i = pair.a - answer->a->oracle.first_id;
    uint64_t j = pair.b - (answer->b == NULL ? answer->a : answer->b)->oracle.first_id;
    unsigned char *mark;

    if (!CHECK(i < answer->a->oracle.count) || !CHECK(j < answer->columns))
        return false;
    if (answer->b == NULL && i > j) {
        uint64_t other = i;

        i = j;
        j = other;
    }
    mark = &answer->marks[i * answer->columns + j];
    if (!CHECK_INT(*mark, ORACLE_EXPECTED))
        return false;
    *mark |= ORACLE_SEEN;
    return true;
}

static bool join_is_right(const struct side *a, const struct side *b)
{
    xt_pair pairs[500];
    struct answer answer;
    uint64_t seen = 0;
    uint64_t counted;
    size_t count;
    bool ok = true;
    xt_status status;
    xt_join *join;

    answer_make(&answer, a, b);
    if (!CHECK_STATUS(xt_join_open(a->snapshot, b == NULL ? NULL : b->snapshot, NULL, &join),
                      XT_OK))
        abort();
    while (ok && (status = xt_join_next(join, pairs, CHECK_COUNT(pairs), &count)) == XT_OK) {
        for (size_t i = 0; ok && i < count; i++)
            ok = pair_see(&answer, pairs[i]);
        seen += count;
    }
    ok = ok && CHECK_STATUS(status, XT_DONE) && CHECK_U64(seen, answer.expected);
    xt_join_close(join);
    CHECK_STATUS(xt_join_open(a->snapshot, b == NULL ? a->snapshot : b->snapshot, NULL, &join),
                 XT_OK);
    CHECK_STATUS(xt_join_count(join, &counted), XT_OK);
    ok = CHECK_U64(counted, answer.expected) && ok;
    xt_join_close(join);
    free(answer.marks);
    return ok;
}

/* ---- answers ------------------------------------------------------------------------------- */

static void all_kinds_types_and_data_meet(void)
{
    static const struct {
        xt_item_kind kind;
        xt_coord_type type;
    } mixes[] = {
        {XT_BOXES,  XT_F64},
        {XT_BOXES,  XT_F32},
        {XT_POINTS, XT_F64},
        {XT_POINTS, XT_F32}
    };
    static const uint32_t dims[] = {1, 2, 3, 5, 8, 16};
    uint64_t random = check_seed;

    for (unsigned turn = 0; turn < CHECK_COUNT(dims) * ORACLE_DATA_COUNT * 2; turn++) {
        enum oracle_data data = (enum oracle_data)(turn % ORACLE_DATA_COUNT);
        uint32_t d = dims[turn / ORACLE_DATA_COUNT % CHECK_COUNT(dims)];
        unsigned mix = (unsigned)(check_random(&random) % 16);
        struct side a, b;

        check_row = oracle_data_text(data);
        side_make(&a, (struct oracle_schema){d, mixes[mix / 4].kind, mixes[mix / 4].type}, 600,
                  data, &random);
        side_make(&b, (struct oracle_schema){d, mixes[mix % 4].kind, mixes[mix % 4].type}, 400,
                  data, &random);
        join_is_right(&a, &b);
        join_is_right(&b, &a);
        join_is_right(&a, NULL);
        side_free(&a);
        side_free(&b);
    }
}

static const struct oracle_schema boxes = {2, XT_BOXES, XT_F64};

static void trees_of_any_heights_meet(void)
{
    static const size_t counts[][2] = {
        {0,  1000  },
        {0,  0     },
        {1,  1     },
        {1,  30000 },
        {10, 100000},
        {40, 5000  }
    };
    uint64_t random = check_seed;

    for (size_t i = 0; i < CHECK_COUNT(counts); i++) {
        struct side few, many;

        side_make(&few, boxes, counts[i][0], ORACLE_UNIFORM, &random);
        side_make(&many, boxes, counts[i][1], ORACLE_UNIFORM, &random);
        join_is_right(&few, &many);
        join_is_right(&many, &few);
        join_is_right(&few, NULL);
        side_free(&few);
        side_free(&many);
    }
}

static void items_of_equal_ids_are_different_items(void)
{
    uint64_t random = check_seed;
    xt_pair pairs[100];
    uint64_t expected;
    struct side side;
    struct answer answer;
    size_t count;
    uint64_t seen = 0;
    xt_join *join;

    oracle_init(&side.oracle, boxes, 300, ORACLE_GRID, &random);
    for (size_t i = 0; i < 300; i++)
        side.oracle.ids[i] = 7;
    side_open(&side, boxes);
    answer_make(&answer, &side, NULL);
    expected = answer.expected;
    free(answer.marks);
    CHECK_STATUS(xt_join_open(side.snapshot, NULL, NULL, &join), XT_OK);
    while (xt_join_next(join, pairs, CHECK_COUNT(pairs), &count) == XT_OK) {
        for (size_t i = 0; i < count; i++)
            CHECK(pairs[i].a == 7 && pairs[i].b == 7);
        seen += count;
    }
    CHECK(expected > 100);
    CHECK_U64(seen, expected);
    xt_join_close(join);
    side_free(&side);
}

/* The handle decides, not the state: another snapshot of the same state is another side. */
static void two_snapshots_of_one_store_are_two_sides(void)
{
    uint64_t random = check_seed;
    struct side before, after;
    uint64_t count;
    xt_join *join;

    side_make(&before, boxes, 0, ORACLE_GRID, &random);
    after.store = before.store;
    oracle_init(&after.oracle, boxes, 500, ORACLE_GRID, &random);
    CHECK_STATUS(answers_load(after.store, &after.oracle, NULL), XT_OK);
    CHECK_STATUS(xt_store_commit(after.store, NULL), XT_OK);
    CHECK_STATUS(xt_snapshot_latest(after.store, &after.snapshot), XT_OK);
    join_is_right(&before, &after);
    join_is_right(&after, NULL);
    xt_snapshot_release(before.snapshot);
    CHECK_STATUS(xt_snapshot_latest(after.store, &before.snapshot), XT_OK);
    oracle_release(&before.oracle);
    before.oracle = after.oracle;
    join_is_right(&before, &after);
    CHECK_STATUS(xt_join_open(before.snapshot, before.snapshot, NULL, &join), XT_OK);
    CHECK_STATUS(xt_join_count(join, &count), XT_OK);
    CHECK(count > 100);
    xt_join_close(join);
    xt_snapshot_release(before.snapshot);
    side_free(&after);
}

static void limit_ends_the_join(void)
{
    static const uint64_t limits[] = {1, 99, 100, 101, 250, UINT64_MAX};
    uint64_t random = check_seed;
    struct side side;
    uint64_t all;
    xt_join *join;

    side_make(&side, boxes, 500, ORACLE_GRID, &random);
    CHECK_STATUS(xt_join_open(side.snapshot, NULL, NULL, &join), XT_OK);
    CHECK_STATUS(xt_join_count(join, &all), XT_OK);
    CHECK(all > 250);
    xt_join_close(join);
    for (size_t i = 0; i < CHECK_COUNT(limits); i++) {
        xt_join_options options = XT_JOIN_OPTIONS_INIT;
        xt_walk_stats stats = {.struct_size = sizeof stats};
        uint64_t want = limits[i] < all ? limits[i] : all;
        uint64_t seen = 0;
        xt_pair pairs[100];
        size_t count;

        options.limit = limits[i];
        CHECK_STATUS(xt_join_open(side.snapshot, NULL, &options, &join), XT_OK);
        while (xt_join_next(join, pairs, CHECK_COUNT(pairs), &count) == XT_OK)
            seen += count;
        CHECK_U64(seen, want);
        CHECK_STATUS(xt_join_stats(join, &stats), XT_OK);
        CHECK_U64(stats.items, want);
        CHECK_U64(stats.struct_size, sizeof stats);
        xt_join_close(join);
    }
    side_free(&side);
}

static void order_is_the_same_each_time(void)
{
    static xt_pair pairs[2][5000];
    uint64_t random = check_seed;
    size_t counts[2];
    struct side side;

    side_make(&side, boxes, 1000, ORACLE_UNIFORM, &random);
    memset(pairs, 0, sizeof pairs);
    for (size_t i = 0; i < 2; i++) {
        xt_join_options options = XT_JOIN_OPTIONS_INIT;
        xt_join *join;

        options.kernel = i == 0 ? XT_KERNEL_BEST : XT_KERNEL_PORTABLE;
        CHECK_STATUS(xt_join_open(side.snapshot, NULL, &options, &join), XT_OK);
        CHECK_STATUS(xt_join_next(join, pairs[i], 5000, &counts[i]), XT_OK);
        xt_join_close(join);
    }
    CHECK(counts[0] > 100);
    CHECK_U64(counts[0], counts[1]);
    CHECK(memcmp(pairs[0], pairs[1], sizeof pairs[0]) == 0);
    side_free(&side);
}

/* ---- misuse -------------------------------------------------------------------------------- */

static void bad_options_are_refused(const xt_snapshot *snapshot)
{
    const struct {
        const char *name;
        xt_join_options options;
        xt_status want;
    } rows[] = {
        {"nothing but the size",      {.struct_size = sizeof(xt_join_options)},                               XT_OK    },
        {"struct_size 0",             {.struct_size = 0},                                                     XT_EINVAL},
        {"struct_size far too large", {.struct_size = SIZE_MAX},                                              XT_EINVAL},
        {"portable",                  {.struct_size = sizeof(xt_join_options), .kernel = XT_KERNEL_PORTABLE}, XT_OK    },
        {"unknown kernel",
         {.struct_size = sizeof(xt_join_options), .kernel = (xt_kernel)4},
         XT_EINVAL                                                                                                     },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        xt_join *join = (xt_join *)&join;

        check_row = rows[i].name;
        CHECK_STATUS(xt_join_open(snapshot, NULL, &rows[i].options, &join), rows[i].want);
        CHECK((join != NULL) == (rows[i].want == XT_OK));
        xt_join_close(join);
    }
    check_row = NULL;
}

static void misuse_is_refused(void)
{
    xt_walk_stats stats = {.struct_size = sizeof stats - 1};
    uint64_t random = check_seed;
    struct side flat, solid;
    uint64_t number = 7;
    size_t count = 7;
    xt_pair pair;
    xt_join *join = (xt_join *)&join;

    side_make(&flat, boxes, 10, ORACLE_GRID, &random);
    side_make(&solid, (struct oracle_schema){3, XT_BOXES, XT_F64}, 10, ORACLE_GRID, &random);
    CHECK_STATUS(xt_join_open(flat.snapshot, solid.snapshot, NULL, &join), XT_EINVAL);
    CHECK(join == NULL);
    CHECK_STATUS(xt_join_open(NULL, flat.snapshot, NULL, &join), XT_EINVAL);
    CHECK_STATUS(xt_join_open(flat.snapshot, NULL, NULL, NULL), XT_EINVAL);
    bad_options_are_refused(flat.snapshot);
    CHECK_STATUS(xt_join_open(flat.snapshot, NULL, NULL, &join), XT_OK);
    CHECK_STATUS(xt_join_next(NULL, &pair, 1, &count), XT_EINVAL);
    CHECK_U64(count, 0);
    CHECK_STATUS(xt_join_next(join, NULL, 1, &count), XT_EINVAL);
    CHECK_STATUS(xt_join_next(join, &pair, 0, &count), XT_EINVAL);
    CHECK_STATUS(xt_join_next(join, &pair, 1, NULL), XT_EINVAL);
    CHECK_STATUS(xt_join_count(NULL, &number), XT_EINVAL);
    CHECK_U64(number, 0);
    CHECK_STATUS(xt_join_count(join, NULL), XT_EINVAL);
    CHECK_STATUS(xt_join_stats(join, &stats), XT_EINVAL);
    CHECK_STATUS(xt_join_stats(join, NULL), XT_EINVAL);
    CHECK_STATUS(xt_join_stats(NULL, &stats), XT_EINVAL);
    xt_join_close(join);
    xt_join_close(NULL);
    side_free(&flat);
    side_free(&solid);
}

CHECK_MAIN({"all_kinds_types_and_data_meet", all_kinds_types_and_data_meet},
           {"trees_of_any_heights_meet", trees_of_any_heights_meet},
           {"items_of_equal_ids_are_different_items", items_of_equal_ids_are_different_items},
           {"two_snapshots_of_one_store_are_two_sides", two_snapshots_of_one_store_are_two_sides},
           {"limit_ends_the_join", limit_ends_the_join},
           {"order_is_the_same_each_time", order_is_the_same_each_time},
           {"misuse_is_refused", misuse_is_refused})
