/* tests/unit/tree/test_join_walk.c -- do joins of trees made by hand give exactly the pairs that a
 * scan of both gives, whatever the trees, the kernel and the way of asking; and does damage end
 * them?
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/hand_tree.h"
#include "support/oracle.h"
#include "tree/tree.h"

#define FIRST_ID 1000u /* of the items of a hand-made tree */

static const xt_kernel all_kernels[] = {XT_KERNEL_PORTABLE, XT_KERNEL_AVX2, XT_KERNEL_AVX512};

enum {
    UNIFORM = ORACLE_UNIFORM,
    CLUSTERED = ORACLE_CLUSTERED,
    GRID = ORACLE_GRID,
    DUPLICATES = ORACLE_DUPLICATES,
    SAME = ORACLE_SAME,
    LAST_BITS = ORACLE_LAST_BITS,
    EXTREMES = ORACLE_EXTREMES
};

struct tree_row {
    const char *name;
    struct hand_shape shape;
    size_t count;
    int data; /* enum oracle_data */
};

/* Each row is joined with itself and with all rows of as many dimensions.
 * shape: dims, kind, type, leaf, inner and node capacity, leaf and inner fill, own origins */
static const struct tree_row tree_rows[] = {
    {"1-d points",        {1, XT_POINTS, XT_F64, 32, 32, 0, 27, 9, false},      400, GRID      },
    {"1-d boxes, f32",    {1, XT_BOXES, XT_F32, 16, 64, 0, 16, 64, false},      300, GRID      },
    {"empty",             {2, XT_POINTS, XT_F64, 64, 64, 0, 64, 64, false},     0,   UNIFORM   },
    {"one item",          {2, XT_BOXES, XT_F64, 16, 16, 0, 16, 16, false},      1,   UNIFORM   },
    {"root is a leaf",    {2, XT_POINTS, XT_F64, 64, 64, 0, 64, 64, false},     50,  GRID      },
    {"long leaf",         {2, XT_BOXES, XT_F32, 512, 16, 0, 500, 16, false},    500, GRID      },
    {"long leaves",       {2, XT_BOXES, XT_F64, 128, 16, 0, 100, 16, false},    900, GRID      },
    {"2-d points",        {2, XT_POINTS, XT_F64, 64, 64, 0, 30, 10, false},     900, GRID      },
    {"2-d points, f32",   {2, XT_POINTS, XT_F32, 64, 64, 0, 20, 10, true},      800, GRID      },
    {"2-d boxes, deep",   {2, XT_BOXES, XT_F64, 16, 16, 0, 4, 3, true},         700, UNIFORM   },
    {"2-d boxes, f32",    {2, XT_BOXES, XT_F32, 16, 16, 0, 14, 5, false},       900, UNIFORM   },
    {"supernode root",    {2, XT_POINTS, XT_F64, 16, 16, 1024, 4, 1000, false}, 900, UNIFORM   },
    {"supernodes",        {2, XT_BOXES, XT_F64, 32, 32, 80, 5, 75, true},       950, UNIFORM   },
    {"all the same",      {2, XT_POINTS, XT_F64, 32, 32, 0, 32, 3, false},      200, SAME      },
    {"3-d",               {3, XT_POINTS, XT_F64, 16, 16, 0, 16, 6, true},       500, DUPLICATES},
    {"3-d boxes, f32",    {3, XT_BOXES, XT_F32, 32, 16, 0, 10, 6, false},       600, GRID      },
    {"3-d boxes",         {3, XT_BOXES, XT_F64, 32, 16, 0, 32, 4, true},        600, GRID      },
    {"5-d boxes",         {5, XT_BOXES, XT_F64, 32, 64, 0, 8, 7, true},         500, DUPLICATES},
    {"5-d boxes, f32",    {5, XT_BOXES, XT_F32, 16, 16, 0, 8, 7, false},        500, DUPLICATES},
    {"8-d",               {8, XT_POINTS, XT_F64, 64, 32, 0, 50, 20, false},     500, DUPLICATES},
    {"8-d boxes, f32",    {8, XT_BOXES, XT_F32, 32, 64, 0, 10, 7, true},        400, DUPLICATES},
    {"16-d, last bits",   {16, XT_BOXES, XT_F64, 32, 32, 0, 20, 8, false},      300, LAST_BITS },
    {"16-d boxes, f32",   {16, XT_BOXES, XT_F32, 16, 16, 0, 5, 5, true},        300, LAST_BITS },
    {"40-d extremes",     {40, XT_BOXES, XT_F64, 16, 16, 0, 10, 6, true},       200, EXTREMES  },
    {"40-d, f32",         {40, XT_BOXES, XT_F32, 16, 16, 0, 10, 6, false},      200, EXTREMES  },
    {"4-d, last bits",    {4, XT_BOXES, XT_F64, 16, 16, 0, 10, 6, true},        400, LAST_BITS },
    {"4-d bits, f32",     {4, XT_POINTS, XT_F32, 16, 16, 0, 10, 6, false},      400, LAST_BITS },
    {"4-d extremes",      {4, XT_BOXES, XT_F64, 16, 16, 0, 10, 6, true},        400, EXTREMES  },
    {"4-d extremes, f32", {4, XT_BOXES, XT_F32, 16, 16, 0, 10, 6, false},       400, EXTREMES  },
};

/* ---- trees and the answer ------------------------------------------------------------------ */

struct subject {
    struct hand_tree tree;
    struct oracle oracle;
};

static void subject_make(struct subject *subject, const struct tree_row *row, uint64_t *random)
{
    const struct hand_shape *shape = &row->shape;
    const struct oracle_schema schema = {shape->dims, shape->kind, shape->coord_type};
    size_t values = row->count * shape->dims;
    double *low = malloc((values + 1) * sizeof *low);
    double *high = malloc((values + 1) * sizeof *high);

    if (low == NULL || high == NULL)
        abort();
    oracle_init(&subject->oracle, schema, row->count, (enum oracle_data)row->data, random);
    for (size_t i = 0; i < values; i++) {
        low[i] = oracle_kept(&subject->oracle, subject->oracle.low[i]);
        high[i] = oracle_kept(&subject->oracle, subject->oracle.high[i]);
    }
    hand_tree_build(&subject->tree, shape, low, high, row->count);
    free(low);
    free(high);
}

static void subject_free(struct subject *subject)
{
    hand_tree_free(&subject->tree);
    oracle_release(&subject->oracle);
}

/* What a join must give: a mark for each pair of items. */
struct answer {
    const struct subject *a, *b; /* b is NULL: self-join, marks above the diagonal */
    unsigned char *marks;        /* enum oracle_mark */
    uint64_t expected, seen;
};

static const struct subject *second(const struct answer *answer)
{
    return answer->b == NULL ? answer->a : answer->b;
}

static void answer_make(struct answer *answer, const struct subject *a, const struct subject *b)
{
    const struct oracle *of_b;
    double window[2 * XT_DIMS_MAX];

    *answer = (struct answer){.a = a, .b = b};
    of_b = &second(answer)->oracle;
    answer->marks = calloc(a->oracle.count * of_b->count + 1, 1);
    if (answer->marks == NULL)
        abort();
    for (size_t j = 0; j < of_b->count; j++) {
        for (uint32_t axis = 0; axis < of_b->dims; axis++) {
            window[axis] = oracle_kept(of_b, of_b->low[j * of_b->dims + axis]);
            window[of_b->dims + axis] = oracle_kept(of_b, of_b->high[j * of_b->dims + axis]);
        }
        for (size_t i = 0; i < (b == NULL ? j : a->oracle.count); i++) {
            if (!oracle_item_matches(&a->oracle, i, window, XT_INTERSECTS))
                continue;
            answer->marks[i * of_b->count + j] = ORACLE_EXPECTED;
            answer->expected++;
        }
    }
}

static void answer_forget(struct answer *answer)
{
    for (size_t i = 0; i < answer->a->oracle.count * second(answer)->oracle.count; i++)
        answer->marks[i] &= ORACLE_EXPECTED;
    answer->seen = 0;
}

/* A pair must be expected, and not have been seen before. */
static bool pair_see(struct answer *answer, xt_pair pair)
{
    uint64_t i = pair.a - FIRST_ID;
    uint64_t j = pair.b - FIRST_ID;
    size_t columns = second(answer)->oracle.count;

    if (!CHECK(i < answer->a->oracle.count) || !CHECK(j < columns))
        return false;
    if (answer->b == NULL && i > j) {
        uint64_t other = i;

        i = j;
        j = other;
    }
    if (!CHECK_INT(answer->marks[i * columns + j], ORACLE_EXPECTED))
        return false;
    answer->marks[i * columns + j] |= ORACLE_SEEN;
    answer->seen++;
    return true;
}

static struct xti_join *join_open(const struct answer *answer, uint64_t limit, xt_kernel kernel)
{
    struct xti_join *join = NULL;

    if (!CHECK_STATUS(xti_join_open(xti_os_real(), answer->a->tree.view,
                                    answer->b == NULL ? NULL : answer->b->tree.view, limit,
                                    xti_kernels_get(kernel), &join),
                      XT_OK))
        abort();
    return join;
}

/* Takes up to `batches` batches; true: all was right so far. */
static bool take(struct answer *answer, struct xti_join *join, size_t capacity, uint64_t batches)
{
    xt_pair pairs[1001];
    size_t count;

    for (uint64_t i = 0; i < batches; i++) {
        xt_status status;

        pairs[capacity] = (xt_pair){77, 78}; /* belongs to somebody else */
        status = xti_join_next(join, pairs, capacity, &count);
        if (!CHECK(pairs[capacity].a == 77 && pairs[capacity].b == 78))
            return false;
        if (status != XT_OK)
            return CHECK_STATUS(status, XT_DONE) && CHECK_U64(count, 0);
        if (!CHECK(count >= 1 && count <= capacity))
            return false;
        for (size_t k = 0; k < count; k++) {
            if (!pair_see(answer, pairs[k]))
                return false;
        }
    }
    return true;
}

static void everything_is_right(struct answer *answer, xt_kernel kernel, size_t capacity,
                                xt_walk_stats *stats)
{
    struct xti_join *join = join_open(answer, 0, kernel);

    answer_forget(answer);
    if (take(answer, join, capacity, UINT64_MAX))
        CHECK_U64(answer->seen, answer->expected);
    xti_join_stats(join, stats);
    CHECK_U64(stats->items, answer->seen);
    xti_join_close(join);
}

static void rest_is_counted(struct answer *answer, xt_kernel kernel, size_t capacity,
                            uint64_t batches)
{
    struct xti_join *join = join_open(answer, 0, kernel);
    uint64_t count;

    answer_forget(answer);
    if (take(answer, join, capacity, batches) && CHECK_STATUS(xti_join_count(join, &count), XT_OK))
        CHECK_U64(answer->seen + count, answer->expected);
    CHECK_STATUS(xti_join_count(join, &count), XT_OK);
    CHECK_U64(count, 0);
    take(answer, join, 10, 1);
    xti_join_close(join);
}

static void join_is_right(const struct subject *a, const struct subject *b)
{
    static const size_t capacities[] = {1, 3, 64, 1000};
    static unsigned turn;
    struct answer answer;

    answer_make(&answer, a, b);
    for (size_t i = 0; i < CHECK_COUNT(all_kernels); i++) {
        size_t capacity = capacities[turn++ % CHECK_COUNT(capacities)];
        xt_walk_stats want = {0};
        xt_walk_stats got = {0};

        if (xti_kernels_get(all_kernels[i]) == NULL)
            continue;
        everything_is_right(&answer, XT_KERNEL_PORTABLE, 1000, &want);
        everything_is_right(&answer, all_kernels[i], capacity, &got);
        CHECK(memcmp(&want, &got, sizeof want) == 0);
        rest_is_counted(&answer, all_kernels[i], capacity, 0);
        rest_is_counted(&answer, all_kernels[i], capacity, 5);
    }
    free(answer.marks);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void every_tree_joins_every_other(void)
{
    uint64_t random = check_seed;
    struct subject subjects[CHECK_COUNT(tree_rows)];

    for (size_t i = 0; i < CHECK_COUNT(tree_rows); i++)
        subject_make(&subjects[i], &tree_rows[i], &random);
    for (size_t i = 0; i < CHECK_COUNT(tree_rows); i++) {
        for (size_t j = 0; j < CHECK_COUNT(tree_rows); j++) {
            check_row = tree_rows[j].name;
            if (tree_rows[i].shape.dims == tree_rows[j].shape.dims)
                join_is_right(&subjects[i], &subjects[j]);
        }
    }
    for (size_t i = 0; i < CHECK_COUNT(tree_rows); i++)
        subject_free(&subjects[i]);
}

static void self_join_gives_each_unordered_pair_once(void)
{
    uint64_t random = check_seed;

    for (size_t i = 0; i < CHECK_COUNT(tree_rows); i++) {
        struct subject subject;

        check_row = tree_rows[i].name;
        subject_make(&subject, &tree_rows[i], &random);
        join_is_right(&subject, NULL);
        subject_free(&subject);
    }
}

static const struct tree_row deep = {
    "2-d boxes, deep", {2, XT_BOXES, XT_F64, 16, 16, 0, 14, 15, true},
     5000, UNIFORM
};

static void limits_stop_after_so_many_pairs(void)
{
    static const uint64_t limits[] = {1, 2, 63, 64, 65, 500};
    uint64_t random = check_seed;
    struct subject subject;
    struct answer answer;

    subject_make(&subject, &deep, &random);
    answer_make(&answer, &subject, NULL);
    CHECK(answer.expected > 500);
    for (size_t i = 0; i < CHECK_COUNT(limits); i++) {
        struct xti_join *join = join_open(&answer, limits[i], XT_KERNEL_BEST);
        xt_walk_stats stats;
        uint64_t count;

        answer_forget(&answer);
        take(&answer, join, 7, UINT64_MAX);
        CHECK_U64(answer.seen, limits[i]);
        xti_join_close(join);
        join = join_open(&answer, limits[i], XT_KERNEL_BEST);
        answer_forget(&answer);
        take(&answer, join, 1, 1);
        CHECK_STATUS(xti_join_count(join, &count), XT_OK);
        CHECK_U64(answer.seen + count, limits[i]);
        xti_join_stats(join, &stats);
        CHECK_U64(stats.items, limits[i]);
        xti_join_close(join);
    }
    free(answer.marks);
    subject_free(&subject);
}

/* The items of a low tree are compared with the inner nodes of a high one, not only their box. */
static void few_items_visit_few_nodes_of_a_large_tree(void)
{
    static const struct tree_row few = {
        "few", {2, XT_BOXES, XT_F64, 16, 16, 0, 10, 16, false},
         10, UNIFORM
    };
    uint64_t random = check_seed;
    struct subject small, large;
    struct answer answer;
    xt_walk_stats stats;

    subject_make(&small, &few, &random);
    subject_make(&large, &deep, &random);
    answer_make(&answer, &small, &large);
    everything_is_right(&answer, XT_KERNEL_BEST, 100, &stats);
    CHECK(large.tree.node_count[0] > 300);
    CHECK(stats.leaves < 100);
    free(answer.marks);
    subject_free(&small);
    subject_free(&large);
}

/* ---- damage -------------------------------------------------------------------------------- */

static xt_status damaged_join(const struct subject *a, const struct subject *b)
{
    const struct answer answer = {.a = a, .b = b};
    struct xti_join *join = join_open(&answer, 0, XT_KERNEL_BEST);
    xt_pair pairs[100];
    xt_status status;
    size_t count;
    uint64_t left;

    while ((status = xti_join_next(join, pairs, 100, &count)) == XT_OK)
        CHECK(count >= 1);
    CHECK_STATUS(xti_join_next(join, pairs, 100, &count), status);
    CHECK_U64(count, 0);
    CHECK_STATUS(xti_join_count(join, &left), status == XT_DONE ? XT_OK : status);
    CHECK_U64(left, 0);
    xti_join_close(join);
    join = join_open(&answer, 0, XT_KERNEL_BEST);
    CHECK_STATUS(xti_join_count(join, &left), status == XT_DONE ? XT_OK : status);
    xti_join_close(join);
    return status;
}

static void ref_set(struct subject *subject, uint32_t level, uint32_t ref)
{
    struct xtd_node *node = hand_node(&subject->tree, level, 0);
    uint32_t *refs = (uint32_t *)(void *)(xti_inner_boxes(&subject->tree.layout, node) +
                                          (size_t)2 * 2 * node->capacity);

    refs[node->count / 2] = ref;
}

static void bad_ref_ends_the_join(void)
{
    uint64_t random = check_seed;
    struct subject sound;

    subject_make(&sound, &deep, &random);
    for (uint32_t level = 1; level <= 2; level++) {
        const uint32_t refs[] = {0, UINT32_MAX, 3, hand_ref(&sound.tree, level, 0),
                                 hand_ref(&sound.tree, level - 1, 0) + 1};

        for (size_t i = 0; i < CHECK_COUNT(refs); i++) {
            struct subject bad;

            random = check_seed;
            subject_make(&bad, &deep, &random);
            CHECK_STATUS(damaged_join(&sound, &bad), XT_DONE);
            ref_set(&bad, level, refs[i]);
            CHECK_STATUS(damaged_join(&sound, &bad), XT_ECORRUPT);
            CHECK_STATUS(damaged_join(&bad, &sound), XT_ECORRUPT);
            CHECK_STATUS(damaged_join(&bad, NULL), XT_ECORRUPT);
            subject_free(&bad);
        }
    }
    subject_free(&sound);
}

static void bad_root_ends_the_join(void)
{
    uint64_t random = check_seed;
    struct subject sound, bad;

    subject_make(&sound, &deep, &random);
    subject_make(&bad, &deep, &random);
    bad.tree.view->root_ref = hand_ref(&bad.tree, 0, 0);
    CHECK_STATUS(damaged_join(&sound, &bad), XT_ECORRUPT);
    CHECK_STATUS(damaged_join(&bad, &sound), XT_ECORRUPT);
    CHECK_STATUS(damaged_join(&bad, NULL), XT_ECORRUPT);
    subject_free(&bad);
    subject_free(&sound);
}

/* Believed, the leaf of each tree would be visited as often as there are paths to it: 15^6 pairs.
 * The views are as small as if there were no nodes but those that are still referred to. */
static void shared_children_end_the_join(void)
{
    static const struct tree_row tall = {
        "tall", {2, XT_BOXES, XT_F64, 16, 16, 0, 1, 15, false},
         3000, UNIFORM
    };
    uint64_t random = check_seed;
    struct subject first, other;

    subject_make(&first, &tall, &random);
    random = check_seed;
    subject_make(&other, &tall, &random);
    hand_share_children(&first.tree);
    hand_share_children(&other.tree);
    first.tree.view->unit_count = 500;
    other.tree.view->unit_count = 500;
    CHECK_STATUS(damaged_join(&first, &other), XT_ECORRUPT);
    CHECK_STATUS(damaged_join(&first, NULL), XT_ECORRUPT);
    subject_free(&first);
    subject_free(&other);
}

CHECK_MAIN({"every_tree_joins_every_other", every_tree_joins_every_other},
           {"self_join_gives_each_unordered_pair_once", self_join_gives_each_unordered_pair_once},
           {"limits_stop_after_so_many_pairs", limits_stop_after_so_many_pairs},
           {"few_items_visit_few_nodes_of_a_large_tree", few_items_visit_few_nodes_of_a_large_tree},
           {"bad_ref_ends_the_join", bad_ref_ends_the_join},
           {"bad_root_ends_the_join", bad_root_ends_the_join},
           {"shared_children_end_the_join", shared_children_end_the_join})
