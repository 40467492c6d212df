/* tests/unit/tree/test_nearest.c -- do nearest searches on trees made by hand give what sorting all
 * items gives, whatever the tree, the metric, the kernel and the way of asking; and does damage end
 * them?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/fail_os.h"
#include "support/hand_tree.h"
#include "support/near.h"
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
    TIMESTAMPS = ORACLE_TIMESTAMPS,
    EXTREMES = ORACLE_EXTREMES
};

struct tree_row {
    const char *name;
    struct hand_shape shape;
    size_t count;
    int data; /* enum oracle_data */
};

/* shape: dims, kind, type, leaf, inner and node capacity, leaf and inner fill, own origins */
static const struct tree_row tree_rows[] = {
    {"empty",          {2, XT_POINTS, XT_F64, 64, 64, 0, 64, 64, false},     0,    UNIFORM   },
    {"one item",       {2, XT_BOXES, XT_F64, 16, 16, 0, 16, 16, false},      1,    UNIFORM   },
    {"root is a leaf", {2, XT_POINTS, XT_F64, 64, 64, 0, 64, 64, false},     50,   GRID      },
    {"long leaf",      {2, XT_BOXES, XT_F32, 1024, 16, 0, 1000, 16, false},  1000, CLUSTERED },
    {"1-d",            {1, XT_POINTS, XT_F64, 32, 32, 0, 27, 32, false},     700,  UNIFORM   },
    {"1-d boxes, f32", {1, XT_BOXES, XT_F32, 16, 64, 0, 16, 64, false},      900,  GRID      },
    {"2-d",            {2, XT_POINTS, XT_F64, 64, 64, 0, 60, 10, false},     2000, UNIFORM   },
    {"2-d, f32",       {2, XT_POINTS, XT_F32, 64, 64, 0, 60, 10, true},      2000, CLUSTERED },
    {"2-d boxes",      {2, XT_BOXES, XT_F64, 32, 32, 0, 30, 12, true},       1500, CLUSTERED },
    {"2-d boxes, f32", {2, XT_BOXES, XT_F32, 16, 16, 0, 14, 5, false},       1000, GRID      },
    {"3-d",            {3, XT_POINTS, XT_F64, 16, 16, 0, 16, 6, true},       1000, DUPLICATES},
    {"supernode root", {2, XT_POINTS, XT_F64, 16, 16, 1024, 9, 1000, false}, 2000, UNIFORM   },
    {"supernodes",     {3, XT_BOXES, XT_F64, 32, 32, 80, 10, 75, true},      2000, CLUSTERED },
    {"5-d boxes",      {5, XT_BOXES, XT_F64, 32, 48, 0, 30, 40, true},       1500, UNIFORM   },
    {"8-d",            {8, XT_POINTS, XT_F64, 64, 32, 0, 50, 20, false},     1500, CLUSTERED },
    {"8-d boxes, f32", {8, XT_BOXES, XT_F32, 32, 64, 0, 32, 7, true},        1200, UNIFORM   },
    {"16-d, f32",      {16, XT_POINTS, XT_F32, 128, 32, 0, 100, 4, true},    800,  CLUSTERED },
    {"32-d boxes",     {32, XT_BOXES, XT_F64, 16, 16, 0, 16, 16, false},     300,  GRID      },
    {"all the same",   {2, XT_POINTS, XT_F64, 32, 32, 0, 32, 3, false},      600,  SAME      },
    {"last bits",      {2, XT_BOXES, XT_F64, 32, 32, 0, 20, 8, false},       1000, LAST_BITS },
    {"far from zero",  {2, XT_POINTS, XT_F64, 64, 64, 0, 50, 20, true},      1000, TIMESTAMPS},
    {"extremes",       {2, XT_BOXES, XT_F64, 16, 16, 0, 10, 6, true},        900,  EXTREMES  },
    {"extremes, f32",  {3, XT_BOXES, XT_F32, 16, 16, 0, 10, 6, false},       900,  EXTREMES  },
    {"extreme points", {2, XT_POINTS, XT_F64, 16, 16, 0, 10, 6, true},       900,  EXTREMES  },
};

/* ---- trees and queries -------------------------------------------------------------------- */

struct subject {
    struct hand_tree tree;
    struct oracle oracle;
    struct near_hit *hits;
    const struct xti_kernels *kernels;
};

static void subject_make(struct subject *subject, const struct tree_row *row, uint64_t *random)
{
    const struct hand_shape *shape = &row->shape;
    const struct oracle_schema schema = {shape->dims, shape->kind, shape->coord_type};
    size_t values = row->count * shape->dims;
    double *low = malloc((values + 1) * sizeof *low);
    double *high = malloc((values + 1) * sizeof *high);

    subject->hits = malloc((row->count + 1) * sizeof *subject->hits);
    if (low == NULL || high == NULL || subject->hits == NULL)
        abort();
    oracle_init(&subject->oracle, schema, row->count, (enum oracle_data)row->data, random);
    for (size_t i = 0; i < values; i++) {
        low[i] = oracle_kept(&subject->oracle, subject->oracle.low[i]);
        high[i] = oracle_kept(&subject->oracle, subject->oracle.high[i]);
    }
    hand_tree_build(&subject->tree, shape, low, high, row->count);
    subject->kernels = xti_kernels_get(XT_KERNEL_BEST);
    free(low);
    free(high);
}

static void subject_free(struct subject *subject)
{
    hand_tree_free(&subject->tree);
    oracle_release(&subject->oracle);
    free(subject->hits);
}

static struct xti_nearest *query_open(const struct subject *subject, const double *point,
                                      const xt_nearest_options *options)
{
    struct xti_nearest *query = NULL;

    if (!CHECK_STATUS(xti_nearest_open(xti_os_real(), subject->tree.view, point, options,
                                       subject->kernels, &query),
                      XT_OK))
        abort();
    return query;
}

/* ---- answers ------------------------------------------------------------------------------ */

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool item_check(const struct subject *subject, size_t at, const xt_item *item)
{
    const struct oracle *oracle = &subject->oracle;
    const struct near_hit *hit = &subject->hits[at];

    if (!CHECK_U64(item->id, hit->id) || !CHECK(same(item->distance, hit->distance)))
        return false;
    CHECK((item->low == item->high) == (oracle->kind == XT_POINTS));
    for (uint32_t axis = 0; axis < oracle->dims; axis++) {
        size_t from = hit->row * oracle->dims + axis;

        if (!CHECK(item->low[axis] == oracle_kept(oracle, oracle->low[from])) ||
            !CHECK(item->high[axis] == oracle_kept(oracle, oracle->high[from])))
            return false;
    }
    return true;
}

/* Takes `want` items, one by one and in batches in turn, then nothing more. */
static void answers_check(struct subject *subject, const double *point,
                          const xt_nearest_options *options, size_t want)
{
    struct xti_nearest *query = query_open(subject, point, options);
    uint64_t ids[40];
    double distances[40];
    size_t taken = 0;
    size_t count;
    xt_item item;

    while (taken < want) {
        CHECK_STATUS(xti_nearest_next(query, &item), XT_OK);
        if (!item_check(subject, taken++, &item))
            break;
        (void)!xti_nearest_next_batch(query, ids, distances, 1 + taken % 40, &count);
        count = count < want - taken ? count : want - taken;
        for (size_t i = 0; i < count; i++, taken++) {
            CHECK_U64(ids[i], subject->hits[taken].id);
            CHECK(same(distances[i], subject->hits[taken].distance));
        }
        if (count == 0)
            break;
    }
    CHECK_U64(taken, want);
    CHECK_STATUS(xti_nearest_next(query, &item), XT_DONE);
    CHECK_STATUS(xti_nearest_next_batch(query, ids, distances, 40, &count), XT_DONE);
    CHECK_U64(count, 0);
    xti_nearest_close(query);
}

static void counts_check(struct subject *subject, const double *point,
                         const xt_nearest_options *options, size_t want)
{
    struct xti_nearest *query = query_open(subject, point, options);
    uint64_t count;
    xt_item item;

    if (want > 0)
        CHECK_STATUS(xti_nearest_next(query, &item), XT_OK);
    CHECK_STATUS(xti_nearest_count(query, &count), XT_OK);
    CHECK_U64(count, want > 0 ? want - 1 : 0);
    CHECK_STATUS(xti_nearest_next(query, &item), XT_DONE);
    xti_nearest_close(query);
}

/* With and without an end, and with a largest distance that some items have exactly. */
static void ends_check(struct subject *subject, const double *point, xt_nearest_options options)
{
    static const uint64_t ks[] = {1, 2, 10, 100, 0};
    size_t all = subject->oracle.count;
    size_t within;

    for (size_t i = 0; i < CHECK_COUNT(ks); i++) {
        options.k = ks[i];
        answers_check(subject, point, &options, ks[i] == 0 || ks[i] > all ? all : (size_t)ks[i]);
    }
    if (all == 0 || !(subject->hits[all / 3].distance > 0))
        return;
    options.max_distance = subject->hits[all / 3].distance;
    for (within = all / 3; within < all; within++) {
        if (subject->hits[within].distance > options.max_distance)
            break;
    }
    answers_check(subject, point, &options, within);
    counts_check(subject, point, &options, within);
}

static void weights_make(uint32_t dims, unsigned kind, uint64_t *random, double *weights)
{
    for (uint32_t axis = 0; axis < dims; axis++) {
        weights[axis] = kind % 3 == 0 ? 0.25 + check_uniform(random) * 4
                                      : exp2(check_uniform(random) * 40 - 20);
        if (kind % 3 == 2)
            weights[axis] = check_uniform(random) < 0.5 ? 0x1p-1022 : 1e300;
    }
}

static void metrics_check(struct subject *subject, unsigned number, uint64_t *random)
{
    double point[XT_DIMS_MAX];
    double weights[XT_DIMS_MAX];
    uint32_t dims = subject->oracle.dims;

    near_point(&subject->oracle, number, random, point);
    weights_make(dims, number, random, weights);
    for (unsigned metric = 0; metric < 5; metric++) {
        xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
        struct near_ask ask = {point, (xt_metric)(metric / 2), metric % 2 == 0 ? NULL : weights};

        if (ask.metric == XT_GREAT_CIRCLE && dims != 2)
            continue;
        options.metric = ask.metric;
        options.weights = ask.weights;
        near_expect(&subject->oracle, &ask, FIRST_ID, subject->hits);
        ends_check(subject, point, options);
    }
}

static void answers_equal_those_of_sorting_all_items(void)
{
    uint64_t random = check_seed;

    for (size_t i = 0; i < CHECK_COUNT(tree_rows); i++) {
        struct subject subject;

        check_row = tree_rows[i].name;
        subject_make(&subject, &tree_rows[i], &random);
        for (size_t k = 0; k < CHECK_COUNT(all_kernels); k++) {
            subject.kernels = xti_kernels_get(all_kernels[k]);
            for (unsigned number = 0; number < 8 && subject.kernels != NULL; number++)
                metrics_check(&subject, number, &random);
        }
        subject_free(&subject);
    }
}

/* ---- on a sphere --------------------------------------------------------------------------- */

/* Coordinates that go round and beyond, so that boxes reach across the date line and the poles. */
static void globe_make(struct subject *subject, xt_item_kind kind, uint64_t *random)
{
    const struct tree_row row = {
        "globe", {2, kind, XT_F64, 32, 32, 0, 30, 12, true},
         1200, UNIFORM
    };

    subject_make(subject, &row, random);
    hand_tree_free(&subject->tree);
    for (size_t i = 0; i < subject->oracle.count; i++) {
        double *low = subject->oracle.low + 2 * i;
        double *high = subject->oracle.high + 2 * i;
        bool is_wide = i % 7 == 0;

        low[0] = floor(check_uniform(random) * 720 - 360) + (i % 3 == 0 ? 0 : 0.25);
        low[1] = floor(check_uniform(random) * 200 - 100);
        if (kind == XT_POINTS)
            continue;
        high[0] = low[0] + floor(check_uniform(random) * (is_wide ? 400 : 3));
        high[1] = low[1] + floor(check_uniform(random) * (is_wide ? 60 : 3));
    }
    hand_tree_build(&subject->tree, &row.shape, subject->oracle.low, subject->oracle.high,
                    subject->oracle.count);
}

static void searches_on_a_sphere_cross_the_date_line_and_the_poles(void)
{
    static const double points[][2] = {
        {179.9,  10 },
        {-179.9, -60},
        {180,    0  },
        {-180,   45 },
        {0,      90 },
        {77,     -90},
        {540,    95 },
        {12.5,   50 },
        {0,      0  },
        {90,     89 },
        {-90,    -89}
    };
    uint64_t random = check_seed;

    for (int kind = XT_POINTS; kind <= XT_BOXES; kind++) {
        struct subject subject;

        globe_make(&subject, (xt_item_kind)kind, &random);
        for (size_t i = 0; i < 3 * CHECK_COUNT(points); i++) {
            xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
            double point[2] = {points[i / 3][0] + (double)(i % 3), points[i / 3][1]};
            struct near_ask ask = {point, XT_GREAT_CIRCLE, NULL};

            options.metric = XT_GREAT_CIRCLE;
            near_expect(&subject.oracle, &ask, FIRST_ID, subject.hits);
            ends_check(&subject, point, options);
        }
        subject_free(&subject);
    }
}

/* ---- filters and distances of the caller ---------------------------------------------------- */

static bool odd_ids(void *context, uint64_t id, const double *low, const double *high)
{
    unsigned *calls = context;

    ++*calls;
    return id % 2 != 0 && low[0] <= high[0];
}

/* Depends on the id alone, so that the order is another one; sometimes not allowed. */
static double farther(void *context, uint64_t id, const double *low, const double *high)
{
    const struct near_ask *ask = context;
    double distance = near_distance(ask, 2, low, high);

    if (id % 11 == 0)
        return (double)NAN;
    if (id % 13 == 0)
        return distance / 2;
    return distance + (double)(id * 7919 % 64);
}

static int hits_compare(const void *a, const void *b)
{
    const struct near_hit *x = a;
    const struct near_hit *y = b;

    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* What is left of the hits after the filter, at the distances that the caller tells. */
static size_t hits_change(struct subject *subject, struct near_ask *ask, bool filters)
{
    size_t left = 0;

    for (size_t i = 0; i < subject->oracle.count; i++) {
        struct near_hit hit = subject->hits[i];
        const double *low = subject->oracle.low + 2 * hit.row;
        const double *high = subject->oracle.high + 2 * hit.row;
        double told = farther(ask, hit.id, low, high);

        hit.distance = told > hit.distance ? told : hit.distance;
        if (!filters || hit.id % 2 != 0)
            subject->hits[left++] = hit;
    }
    qsort(subject->hits, left, sizeof *subject->hits, hits_compare);
    return left;
}

static void callbacks_change_what_is_found(void)
{
    const struct tree_row *row = &tree_rows[8];
    uint64_t random = check_seed;
    struct subject subject;

    subject_make(&subject, row, &random);
    for (unsigned i = 0; i < 40; i++) {
        xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
        double point[2];
        struct near_ask ask = {point, (xt_metric)(i % 3), NULL};
        unsigned calls = 0;
        size_t left, within;

        near_point(&subject.oracle, i / 3, &random, point);
        near_expect(&subject.oracle, &ask, FIRST_ID, subject.hits);
        left = hits_change(&subject, &ask, i % 2 == 0);
        options.metric = ask.metric;
        options.filter = i % 2 == 0 ? odd_ids : NULL;
        options.filter_context = &calls;
        options.distance = farther;
        options.distance_context = &ask;
        answers_check(&subject, point, &options, left);
        CHECK_U64(calls, i % 2 == 0 ? subject.oracle.count : 0);
        options.k = 10;
        calls = 0;
        answers_check(&subject, point, &options, 10);
        CHECK(calls <= subject.oracle.count);
        options.k = 0;
        options.max_distance = subject.hits[left / 2].distance;
        within = left / 2;
        while (within < left && subject.hits[within].distance <= options.max_distance)
            within++;
        answers_check(&subject, point, &options, within);
    }
    subject_free(&subject);
}

/* ---- many at once ---------------------------------------------------------------------------- */

static void many_give_what_single_searches_give(void)
{
    enum { POINTS = 50, K = 30 };
    static double points[POINTS * XT_DIMS_MAX];
    static uint64_t ids[POINTS * K];
    static double distances[POINTS * K];
    static size_t found[POINTS];
    uint64_t random = check_seed;

    for (size_t i = 0; i < CHECK_COUNT(tree_rows); i++) {
        xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
        struct xti_near_batch batch = {points, POINTS, ids, distances, found, i % 4 * 4};
        struct subject subject;
        uint32_t dims;

        check_row = tree_rows[i].name;
        subject_make(&subject, &tree_rows[i], &random);
        dims = subject.oracle.dims;
        for (unsigned p = 0; p < POINTS; p++)
            near_point(&subject.oracle, p, &random, points + p * dims);
        options.k = i % 3 == 0 ? 1 : K;
        CHECK_STATUS(
            xti_nearest_many(xti_os_real(), subject.tree.view, &batch, &options, subject.kernels),
            XT_OK);
        for (size_t p = 0; p < POINTS; p++) {
            struct near_ask ask = {points + p * dims, XT_EUCLIDEAN, NULL};
            size_t k = (size_t)options.k;
            size_t want = subject.oracle.count < k ? subject.oracle.count : k;

            near_expect(&subject.oracle, &ask, FIRST_ID, subject.hits);
            CHECK_U64(found[p], want);
            for (size_t j = 0; j < k; j++) {
                CHECK_U64(ids[p * k + j], j < want ? subject.hits[j].id : 0);
                CHECK(same(distances[p * k + j],
                           j < want ? subject.hits[j].distance : (double)INFINITY));
            }
        }
        subject_free(&subject);
    }
}

/* ---- what was walked ------------------------------------------------------------------------- */

/* Ten leaves of 16 slots with one 1-d point each, 0 .. 9, below a root of 16 slots. A leaf is a
 * line of header, two of coordinates, and one for each id that is given; the root one of header,
 * two of boxes, one of refs. */
static void figures_are_those_of_the_readme(void)
{
    static const struct hand_shape shape = {1, XT_POINTS, XT_F64, 16, 16, 0, 1, 10, false};
    const double point = 4.25;
    double coords[10];
    struct subject subject = {.kernels = xti_kernels_get(XT_KERNEL_BEST)};

    for (int i = 0; i < 10; i++)
        coords[i] = i;
    hand_tree_build(&subject.tree, &shape, coords, NULL, 10);
    for (size_t k = 1; k <= 10; k++) {
        xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
        xt_walk_stats stats = {.struct_size = sizeof stats};
        struct xti_nearest *query;
        uint64_t count;

        options.k = k;
        query = query_open(&subject, &point, &options);
        CHECK_STATUS(xti_nearest_count(query, &count), XT_OK);
        xti_nearest_stats(query, &stats);
        xti_nearest_close(query);
        CHECK_U64(stats.items, k);
        CHECK_U64(stats.nodes, 1);
        CHECK_U64(stats.leaves, k);
        CHECK_U64(stats.lines, 4 + k * 4);
    }
    hand_tree_free(&subject.tree);
}

/* ---- damage ---------------------------------------------------------------------------------- */

/* The status that ends a search for everything; asked twice. */
static xt_status end_of(const struct subject *subject)
{
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    const double point[XT_DIMS_MAX] = {50, 50};
    struct xti_nearest *query = query_open(subject, point, &options);
    xt_status status;
    xt_item item;

    do {
        status = xti_nearest_next(query, &item);
    } while (status == XT_OK);
    CHECK_STATUS(xti_nearest_next(query, &item), status);
    CHECK(item.low == NULL);
    xti_nearest_close(query);
    return status;
}

static void damage_ends_a_search_and_stays(void)
{
    static const struct tree_row shared = {
        "shared", {2, XT_POINTS, XT_F64, 16, 16, 0, 4, 4, false},
         3000, UNIFORM
    };
    uint64_t random = check_seed;
    struct subject subject;
    struct xtd_node *root;

    subject_make(&subject, &tree_rows[8], &random);
    CHECK_STATUS(end_of(&subject), XT_DONE);
    hand_node(&subject.tree, 0, 7)->self_ref++;
    CHECK_STATUS(end_of(&subject), XT_ECORRUPT);
    hand_node(&subject.tree, 0, 7)->self_ref--;
    root = hand_node(&subject.tree, subject.tree.view->height - 1, 0);
    xti_inner_refs(&subject.tree.layout, root)[0] = UINT32_MAX;
    CHECK_STATUS(end_of(&subject), XT_ECORRUPT);
    subject_free(&subject);

    subject_make(&subject, &shared, &random);
    hand_share_children(&subject.tree);
    CHECK_STATUS(end_of(&subject), XT_ECORRUPT);
    subject_free(&subject);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static xt_status count_all(const struct xti_os *os, const struct subject *subject, uint64_t *count)
{
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    const double point[2] = {1, 2};
    struct xti_nearest *query;
    xt_status status =
        xti_nearest_open(os, subject->tree.view, point, &options, subject->kernels, &query);

    if (status != XT_OK)
        return status;
    status = xti_nearest_count(query, count);
    xti_nearest_close(query);
    return status;
}

static xt_status many_all(const struct xti_os *os, const struct subject *subject)
{
    static const double points[2 * 20] = {1, 2};
    static uint64_t ids[20 * 600];
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    struct xti_near_batch batch = {points, 20, ids, NULL, NULL, XTI_NEAR_TURNS};

    options.k = 600;
    return xti_nearest_many(os, subject->tree.view, &batch, &options, subject->kernels);
}

/* Where all items are equally far, all leaves are entered before the first is given. */
static void a_search_without_memory_says_so_and_gives_back_what_it_had(void)
{
    const struct tree_row row = {
        "same", {2, XT_POINTS, XT_F64, 16, 16, 0, 10, 3, false},
         600, SAME
    };
    uint64_t random = check_seed;
    struct subject subject;

    subject_make(&subject, &row, &random);
    for (int many = 0; many < 2; many++) {
        uint64_t failed = 0;
        bool hit = true;

        while (hit) {
            struct fail_os fail;
            uint64_t count = 0;
            xt_status status;

            fail_os_init(&fail, xti_os_real());
            fail.fail_at = failed + 1;
            status = many ? many_all(&fail.os, &subject) : count_all(&fail.os, &subject, &count);
            hit = fail.hit;
            failed += hit;
            CHECK_STATUS(status, hit ? XT_ENOMEM : XT_OK);
            CHECK_U64(count, hit || many ? 0 : subject.oracle.count);
            CHECK(fail_os_is_clean(&fail));
        }
        CHECK_U64(failed, many ? 12 + 12 * 3 : 1 + 3); /* queries; pools that grew */
    }
    subject_free(&subject);
}

CHECK_MAIN({"answers_equal_those_of_sorting_all_items", answers_equal_those_of_sorting_all_items},
           {"searches_on_a_sphere_cross_the_date_line_and_the_poles",
            searches_on_a_sphere_cross_the_date_line_and_the_poles},
           {"callbacks_change_what_is_found", callbacks_change_what_is_found},
           {"many_give_what_single_searches_give", many_give_what_single_searches_give},
           {"figures_are_those_of_the_readme", figures_are_those_of_the_readme},
           {"a_search_without_memory_says_so_and_gives_back_what_it_had",
            a_search_without_memory_says_so_and_gives_back_what_it_had},
           {"damage_ends_a_search_and_stays", damage_ends_a_search_and_stays})
