/* tests/unit/tree/test_batch.c -- does a query of many windows give for each of them what a scan
 * gives, whatever the tree, the kernel and the windows beside it; and does damage end it?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/subject.h"
#include "tree/batch_private.h"

#define FIRST_ID 1000u /* of the items of a hand-made tree */
#define WINDOWS 64u

/* ---- windows and their answers ------------------------------------------------------------- */

struct many {
    struct subject *subject;
    size_t count;
    double *windows;
    xt_query_options options;
    unsigned char *seen; /* for each window and item: how often it came */
};

static void many_make(struct many *many, struct subject *subject, size_t count, uint64_t *random)
{
    size_t row = 2 * (size_t)subject->oracle.dims;

    *many = (struct many){.subject = subject, .count = count};
    many->windows = malloc(count * row * sizeof(double));
    many->seen = malloc(count * subject->oracle.count + 1);
    if (many->windows == NULL || many->seen == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        oracle_window(&subject->oracle, (enum oracle_window)(i % ORACLE_WINDOW_COUNT), random,
                      many->windows + i * row);
}

static void many_free(struct many *many)
{
    free(many->windows);
    free(many->seen);
}

static const double *window_of(const struct many *many, size_t i)
{
    return many->windows + i * 2 * many->subject->oracle.dims;
}

static struct xti_windows_query *many_open(const struct many *many)
{
    const struct xti_window_rows rows = {many->windows, many->count};
    struct xti_windows_query *query = NULL;

    if (!CHECK_STATUS(xti_windows_open(xti_os_real(), many->subject->tree.view, &rows,
                                       &many->options, many->subject->kernels, &query),
                      XT_OK))
        abort();
    return query;
}

static bool is_expected(const struct many *many, size_t window, size_t item)
{
    const struct oracle *oracle = &many->subject->oracle;
    bool holds =
        oracle_item_matches(oracle, item, window_of(many, window), many->options.predicate);

    for (size_t i = 0; i < many->options.also_count; i++)
        holds = holds && oracle_item_matches(oracle, item, many->options.also[i].window,
                                             many->options.also[i].predicate);
    return holds && (many->options.filter == NULL || (FIRST_ID + item) % 3 == 0);
}

static uint64_t expected_of(const struct many *many, size_t window)
{
    uint64_t limit = many->options.limit;
    uint64_t count = 0;

    for (size_t item = 0; item < many->subject->oracle.count; item++)
        count += is_expected(many, window, item);
    return limit != 0 && limit < count ? limit : count;
}

static bool third(void *context, uint64_t id, const double *low, const double *high)
{
    (void)context;
    return id % 3 == 0 && low[0] <= high[0];
}

/* Takes batches of up to `capacity`, at most `most` of them. Returns how many ids came. */
static uint64_t results_take(struct many *many, struct xti_windows_query *query, size_t capacity,
                             size_t most)
{
    uint64_t ids[601];
    size_t numbers[601];
    uint64_t taken = 0;
    size_t count;
    xt_status status = XT_OK;

    while (most-- > 0) {
        ids[capacity] = numbers[capacity] = 77; /* belong to somebody else */
        status = xti_windows_next(query, ids, numbers, capacity, &count);
        CHECK((status == XT_OK) == (count > 0) && count <= capacity);
        CHECK(ids[capacity] == 77 && numbers[capacity] == 77);
        if (status != XT_OK)
            break;
        for (size_t i = 0; i < count; i++) {
            if (!CHECK(numbers[i] < many->count && ids[i] - FIRST_ID < many->subject->oracle.count))
                return taken;
            many->seen[numbers[i] * many->subject->oracle.count + (ids[i] - FIRST_ID)]++;
        }
        taken += count;
    }
    CHECK(status == XT_OK || status == XT_DONE);
    return taken;
}

static void seen_check(const struct many *many)
{
    size_t items = many->subject->oracle.count;

    for (size_t window = 0; window < many->count; window++) {
        const unsigned char *seen = many->seen + window * items;
        uint64_t count = 0;

        for (size_t item = 0; item < items; item++) {
            if (seen[item] > 0 && !CHECK(seen[item] == 1 && is_expected(many, window, item)))
                return;
            count += seen[item];
        }
        if (!CHECK_U64(count, expected_of(many, window)))
            return;
    }
}

static void counts_check(const struct many *many)
{
    struct xti_windows_query *query = many_open(many);
    uint64_t *counts = calloc(many->count + 1, sizeof *counts);
    uint64_t total = 7;
    uint64_t want = 0;

    if (counts == NULL)
        abort();
    CHECK_STATUS(xti_windows_count(query, counts, &total), XT_OK);
    for (size_t i = 0; i < many->count; i++) {
        want += counts[i];
        if (!CHECK_U64(counts[i], expected_of(many, i)))
            break;
    }
    CHECK_U64(total, want);
    CHECK_STATUS(xti_windows_count(query, NULL, &total), XT_OK);
    CHECK_U64(total, 0);
    xti_windows_close(query);
    free(counts);
}

static void many_check(struct many *many, size_t capacity)
{
    struct xti_windows_query *query = many_open(many);
    xt_walk_stats stats;
    uint64_t taken;

    memset(many->seen, 0, many->count * many->subject->oracle.count);
    taken = results_take(many, query, capacity, SIZE_MAX);
    xti_windows_stats(query, &stats);
    CHECK_U64(stats.items, taken);
    xti_windows_close(query);
    seen_check(many);
    counts_check(many);
}

static void each_window_gets_what_a_scan_gives(void)
{
    static const size_t capacities[] = {600, 1, 5, 75};
    uint64_t random = check_seed;

    for (size_t i = 0; i < subject_row_count; i++) {
        struct subject subject;
        struct many many;

        check_row = subject_rows[i].name;
        subject_make(&subject, &subject_rows[i], &random);
        many_make(&many, &subject, WINDOWS, &random);
        for (unsigned n = 0; n < 12; n++) {
            subject.kernels = xti_kernels_get((xt_kernel)(n / 4 + XT_KERNEL_PORTABLE));
            if (subject.kernels == NULL)
                continue;
            many.options.predicate = (xt_predicate)(n % 4);
            many_check(&many, capacities[n % CHECK_COUNT(capacities)]);
        }
        many_free(&many);
        subject_free(&subject);
    }
}

static void conditions_filter_and_limit_hold_for_each_window(void)
{
    uint64_t random = check_seed;

    for (size_t i = 0; i < subject_row_count; i++) {
        double also_window[2 * XT_DIMS_MAX];
        const uint64_t limits[] = {0, 1, 30, 100};
        struct subject subject;
        struct many many;
        xt_condition also = {XT_INTERSECTS, also_window};

        check_row = subject_rows[i].name;
        subject_make(&subject, &subject_rows[i], &random);
        many_make(&many, &subject, 24, &random);
        for (unsigned n = 0; n < 8; n++) {
            oracle_window(&subject.oracle,
                          n % 2 == 0 ? ORACLE_WINDOW_RANDOM : ORACLE_WINDOW_HALF_OPEN, &random,
                          also_window);
            also.predicate = (xt_predicate)(check_random(&random) % 4);
            many.options = (xt_query_options){.predicate = (xt_predicate)(n % 4),
                                              .limit = limits[n % 4],
                                              .also = &also,
                                              .also_count = n % 3 != 0,
                                              .filter = n % 3 != 1 ? third : NULL};
            many_check(&many, 600);
        }
        many_free(&many);
        subject_free(&subject);
    }
}

static void counting_goes_on_where_taking_stopped(void)
{
    uint64_t random = check_seed;

    for (size_t i = 0; i < subject_row_count; i++) {
        struct subject subject;
        struct many many;

        check_row = subject_rows[i].name;
        subject_make(&subject, &subject_rows[i], &random);
        many_make(&many, &subject, WINDOWS, &random);
        for (unsigned n = 0; n < 8; n++) {
            struct xti_windows_query *query;
            uint64_t taken, rest;
            uint64_t want = 0;

            many.options.limit = n % 2 == 0 ? 0 : 40;
            for (size_t window = 0; window < many.count; window++)
                want += expected_of(&many, window);
            query = many_open(&many);
            memset(many.seen, 0, many.count * subject.oracle.count);
            taken = results_take(&many, query, 50, n * 3);
            CHECK_STATUS(xti_windows_count(query, NULL, &rest), XT_OK);
            CHECK_U64(taken + rest, want);
            xti_windows_close(query);
        }
        many_free(&many);
        subject_free(&subject);
    }
}

/* A node that holds and is longer than a block is half given when the counting begins. */
static void counting_goes_on_inside_a_supernode(void)
{
    static const struct subject_row row = {
        "supernodes", {2, XT_POINTS, XT_F64, 16, 16, 96, 2, 90, false},
         9000, ORACLE_UNIFORM
    };
    uint64_t random = check_seed;
    struct subject subject;
    struct many many;

    subject_make(&subject, &row, &random);
    many_make(&many, &subject, 1, &random);
    oracle_window(&subject.oracle, ORACLE_WINDOW_EVERYTHING, &random, many.windows);
    for (size_t batches = 1; batches < 15; batches++) {
        struct xti_windows_query *query = many_open(&many);
        uint64_t taken, rest;

        memset(many.seen, 0, subject.oracle.count);
        taken = results_take(&many, query, 600, batches);
        CHECK_STATUS(xti_windows_count(query, NULL, &rest), XT_OK);
        CHECK_U64(taken + rest, subject.oracle.count);
        xti_windows_close(query);
    }
    many_free(&many);
    subject_free(&subject);
}

/* ---- many, and large ----------------------------------------------------------------------- */

/* Every task is pushed that can be: the ring asserts that it does not overflow. */
static void windows_over_everything_fit_into_the_ring(void)
{
    static const struct subject_row rows[] = {
        {"high",       {2, XT_POINTS, XT_F64, 16, 16, 0, 2, 2, false},       1500, ORACLE_UNIFORM},
        {"wide",       {2, XT_POINTS, XT_F64, 16, 16, 64, 2, 60, true},      9000, ORACLE_UNIFORM},
        {"supernodes", {2, XT_BOXES, XT_F32, 16, 16, 1024, 9, 1000, false},  9500, ORACLE_UNIFORM},
        {"long leaf",  {1, XT_POINTS, XT_F32, 1024, 16, 0, 1000, 16, false}, 9000, ORACLE_UNIFORM}
    };
    uint64_t random = check_seed;

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct subject subject;
        struct many many;

        check_row = rows[i].name;
        subject_make(&subject, &rows[i], &random);
        many_make(&many, &subject, 40, &random);
        for (size_t w = 0; w < many.count; w++)
            oracle_window(&subject.oracle, ORACLE_WINDOW_EVERYTHING, &random,
                          many.windows + w * 2 * subject.oracle.dims);
        for (int n = 0; n < 2; n++) {
            many.options.filter = n == 0 ? NULL : third; /* with one, counting enters all */
            many_check(&many, 600);
        }
        many_free(&many);
        subject_free(&subject);
    }
}

static void more_windows_than_are_put_in_order_at_once(void)
{
    enum { MANY = XTI_CHUNK_WINDOWS + 5000 };
    uint64_t random = check_seed;
    struct xti_windows_query *query;
    uint64_t total;
    uint64_t *counts = calloc(MANY, sizeof *counts);
    struct subject subject;
    struct many many;

    if (counts == NULL)
        abort();
    subject_make(&subject, &subject_rows[5], &random);
    many_make(&many, &subject, 100, &random);
    many.windows = realloc(many.windows, MANY * 2 * sizeof(double));
    if (many.windows == NULL)
        abort();
    for (size_t i = 100; i < MANY; i++)
        memcpy(many.windows + 2 * i, many.windows + 2 * (i % 100), 2 * sizeof(double));
    many.count = MANY;
    query = many_open(&many);
    CHECK_STATUS(xti_windows_count(query, counts, &total), XT_OK);
    xti_windows_close(query);
    for (size_t i = 0; i < 100; i++)
        CHECK_U64(counts[i], expected_of(&many, i));
    for (size_t i = 100; i < MANY && CHECK_U64(counts[i], counts[i % 100]); i++)
        continue;
    many_free(&many);
    subject_free(&subject);
    free(counts);
}

static void figures_and_order_are_the_same_for_all_kernels(void)
{
    enum { MOST = 100000 };
    static uint64_t first_ids[MOST], ids[MOST];
    static size_t first_numbers[MOST], numbers[MOST];
    uint64_t random = check_seed;

    for (size_t i = 0; i < subject_row_count; i++) {
        xt_walk_stats first = {0};
        struct subject subject;
        struct many many;

        check_row = subject_rows[i].name;
        subject_make(&subject, &subject_rows[i], &random);
        many_make(&many, &subject, 16, &random);
        many.options.limit = 1000;
        for (int kernel = XT_KERNEL_PORTABLE; kernel <= XT_KERNEL_AVX512; kernel++) {
            bool is_first = kernel == XT_KERNEL_PORTABLE;
            struct xti_windows_query *query;
            xt_walk_stats stats = {0};
            size_t count;

            subject.kernels = xti_kernels_get((xt_kernel)kernel);
            if (subject.kernels == NULL)
                continue;
            query = many_open(&many);
            (void)!xti_windows_next(query, is_first ? first_ids : ids,
                                    is_first ? first_numbers : numbers, MOST, &count);
            xti_windows_stats(query, &stats);
            first = is_first ? stats : first;
            CHECK(memcmp(&stats, &first, sizeof stats) == 0);
            CHECK(is_first || memcmp(ids, first_ids, count * sizeof *ids) == 0);
            CHECK(is_first || memcmp(numbers, first_numbers, count * sizeof *numbers) == 0);
            xti_windows_close(query);
        }
        many_free(&many);
        subject_free(&subject);
    }
}

/* Ten leaves of 16 slots with one 1-d point each below a root, as in test_window_walk.c. */
static void figures_are_those_of_windows_alone(void)
{
    static const struct hand_shape shape = {1, XT_POINTS, XT_F64, 16, 16, 0, 1, 10, false};
    double windows[] = {20, 30, 0.5, 7.5, 4, 4}; /* none; 1 .. 7; 4 */
    const struct xti_window_rows rows = {windows, 3};
    const xt_query_options options = {.predicate = XT_INTERSECTS};
    double coords[10];
    struct subject subject = {.kernels = xti_kernels_get(XT_KERNEL_BEST)};

    for (int i = 0; i < 10; i++)
        coords[i] = i;
    hand_tree_build(&subject.tree, &shape, coords, NULL, 10);
    for (int counting = 0; counting < 2; counting++) {
        struct xti_windows_query *query;
        xt_walk_stats stats;
        uint64_t ids[20];
        size_t count;

        CHECK_STATUS(xti_windows_open(xti_os_real(), subject.tree.view, &rows, &options,
                                      subject.kernels, &query),
                     XT_OK);
        if (counting)
            CHECK_STATUS(xti_windows_count(query, NULL, ids), XT_OK);
        else
            CHECK_STATUS(xti_windows_next(query, ids, NULL, CHECK_COUNT(ids), &count), XT_OK);
        xti_windows_stats(query, &stats);
        CHECK_U64(stats.nodes, 3);
        CHECK_U64(stats.leaves, 7 + 1);
        CHECK_U64(stats.items, 7 + 1);
        /* Seven that meet show that they hold; a single one is tested. */
        CHECK_U64(stats.lines, counting ? 3 + (4 + 7) + (4 + 3) : 3 + (4 + 7 * 2) + (4 + 4));
        xti_windows_close(query);
    }
    hand_tree_free(&subject.tree);
}

/* ---- misuse and damage --------------------------------------------------------------------- */

static void *no_memory(const struct xti_os *os, size_t size)
{
    (void)os;
    (void)size;
    return NULL;
}

static void opening_without_memory_gives_enomem(void)
{
    const double windows[] = {0, 0, 1, 1};
    const struct xti_window_rows rows = {windows, 1};
    const xt_query_options options = {.predicate = XT_WITHIN};
    const xt_query_options too_many = {.also_count = SIZE_MAX / 64};
    uint64_t random = check_seed;
    struct xti_os os = *xti_os_real();
    struct xti_windows_query *query;
    struct subject subject;

    subject_make(&subject, &subject_rows[2], &random);
    CHECK_STATUS(
        xti_windows_open(&os, subject.tree.view, &rows, &too_many, subject.kernels, &query),
        XT_ENOMEM);
    os.alloc = no_memory;
    CHECK_STATUS(xti_windows_open(&os, subject.tree.view, &rows, &options, subject.kernels, &query),
                 XT_ENOMEM);
    CHECK(query == NULL);
    xti_windows_close(query);
    subject_free(&subject);
}

static void children_shared(struct hand_tree *tree)
{
    hand_share_children(tree);
}

static void ref_outside(struct hand_tree *tree)
{
    struct xtd_node *root = hand_node(tree, tree->view->height - 1, 0);

    xti_inner_refs(&tree->layout, root)[1] = HAND_FIRST_UNIT + (uint32_t)tree->view->unit_count;
}

static void refs_zero(struct hand_tree *tree)
{
    struct xtd_node *root = hand_node(tree, tree->view->height - 1, 0);

    for (uint32_t i = 0; i < root->count; i++)
        xti_inner_refs(&tree->layout, root)[i] = 0;
}

static void leaf_of_boxes(struct hand_tree *tree)
{
    hand_node(tree, 0, 11)->kind = XTD_LEAF_BOXES;
}

static void height_too_large(struct hand_tree *tree)
{
    tree->view->height++;
}

static void damage_ends_a_query_with_a_status(void)
{
    static const struct {
        const char *name;
        void (*apply)(struct hand_tree *tree);
    } damages[] = {
        {"shared children",  children_shared },
        {"ref outside",      ref_outside     },
        {"refs 0",           refs_zero       },
        {"leaf of boxes",    leaf_of_boxes   },
        {"height too large", height_too_large},
    };
    static const struct subject_row row = {
        "damaged", {2, XT_POINTS, XT_F64, 16, 16, 0, 4, 4, false},
         3000, ORACLE_UNIFORM
    };

    for (size_t i = 0; i < CHECK_COUNT(damages); i++) {
        uint64_t random = check_seed;
        struct subject subject;
        struct many many;

        check_row = damages[i].name;
        subject_make(&subject, &row, &random);
        many_make(&many, &subject, WINDOWS, &random);
        damages[i].apply(&subject.tree);
        for (int with_filter = 0; with_filter < 2; with_filter++) {
            struct xti_windows_query *query;
            uint64_t ids[500];
            size_t count;
            xt_status status;
            uint64_t total = 1;

            many.options.filter = with_filter ? third : NULL;
            query = many_open(&many);
            while ((status = xti_windows_next(query, ids, NULL, 500, &count)) == XT_OK)
                continue;
            CHECK_STATUS(status, XT_ECORRUPT);
            CHECK_STATUS(xti_windows_next(query, ids, NULL, 500, &count), XT_ECORRUPT);
            CHECK_STATUS(xti_windows_count(query, NULL, &total), XT_ECORRUPT);
            CHECK_U64(total, 0);
            xti_windows_close(query);
        }
        many_free(&many);
        subject_free(&subject);
    }
}

static void a_count_beyond_the_items_of_the_tree_is_refused(void)
{
    uint64_t random = check_seed;
    struct xti_windows_query *query;
    struct subject subject;
    struct many many;
    uint64_t total = 1;

    subject_make(&subject, &subject_rows[6], &random);
    many_make(&many, &subject, WINDOWS, &random);
    hand_node(&subject.tree, 1, subject.tree.node_count[1] - 1)->item_count++;
    query = many_open(&many);
    CHECK_STATUS(xti_windows_count(query, NULL, &total), XT_ECORRUPT);
    CHECK_U64(total, 0);
    xti_windows_close(query);
    many_free(&many);
    subject_free(&subject);
}

/* Bits of headers, boxes and refs are flipped in turn: any status, but no wild read. */
static void flipped_bits_never_lead_outside(void)
{
    static const struct subject_row row = {
        "bits", {2, XT_BOXES, XT_F32, 16, 16, 0, 14, 5, true},
         300, ORACLE_UNIFORM
    };
    uint64_t random = check_seed;
    struct subject subject;
    struct many many;
    size_t bytes;

    subject_make(&subject, &row, &random);
    many_make(&many, &subject, 6, &random);
    oracle_window(&subject.oracle, ORACLE_WINDOW_EVERYTHING, &random, many.windows);
    bytes = (size_t)subject.tree.view->unit_count * XTD_UNIT_BYTES;
    for (size_t at = 0; at < bytes; at++) {
        char *byte = subject.tree.memory + HAND_FIRST_UNIT * XTD_UNIT_BYTES + at;

        for (int bit = (int)(at % 3); bit < 8; bit += 3) {
            struct xti_windows_query *query;
            uint64_t ids[600];
            size_t count;

            many.options.predicate = (xt_predicate)((at + (size_t)bit) % 4);
            query = many_open(&many);
            *byte = (char)(*byte ^ (1 << bit));
            while (xti_windows_next(query, ids, NULL, CHECK_COUNT(ids), &count) == XT_OK)
                continue;
            *byte = (char)(*byte ^ (1 << bit));
            xti_windows_close(query);
        }
    }
    many_free(&many);
    subject_free(&subject);
}

CHECK_MAIN({"each_window_gets_what_a_scan_gives", each_window_gets_what_a_scan_gives},
           {"conditions_filter_and_limit_hold_for_each_window",
            conditions_filter_and_limit_hold_for_each_window},
           {"counting_goes_on_where_taking_stopped", counting_goes_on_where_taking_stopped},
           {"counting_goes_on_inside_a_supernode", counting_goes_on_inside_a_supernode},
           {"windows_over_everything_fit_into_the_ring", windows_over_everything_fit_into_the_ring},
           {"more_windows_than_are_put_in_order_at_once",
            more_windows_than_are_put_in_order_at_once},
           {"figures_and_order_are_the_same_for_all_kernels",
            figures_and_order_are_the_same_for_all_kernels},
           {"figures_are_those_of_windows_alone", figures_are_those_of_windows_alone},
           {"opening_without_memory_gives_enomem", opening_without_memory_gives_enomem},
           {"damage_ends_a_query_with_a_status", damage_ends_a_query_with_a_status},
           {"a_count_beyond_the_items_of_the_tree_is_refused",
            a_count_beyond_the_items_of_the_tree_is_refused},
           {"flipped_bits_never_lead_outside", flipped_bits_never_lead_outside})
