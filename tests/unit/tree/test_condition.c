/* tests/unit/tree/test_condition.c -- are the answers of a query with several conditions of all
 * kinds and a filter those of a scan, and is no more read than is said?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/subject.h"
#include "tree/condition.h"

#define CONDITIONS_MAX 4
#define WINDOW_MAX (2 * XT_DIMS_MAX)

/* ---- asking -------------------------------------------------------------------------------- */

struct asked {
    xt_condition conditions[CONDITIONS_MAX];
    size_t count;
    double windows[CONDITIONS_MAX][WINDOW_MAX];
    xt_query_options options;
};

static void asked_make(struct asked *asked, const struct subject *subject, size_t count,
                       uint64_t *random)
{
    asked->count = count;
    for (size_t i = 0; i < count; i++) {
        enum oracle_window kind = (enum oracle_window)(check_random(random) % ORACLE_WINDOW_COUNT);

        oracle_window(&subject->oracle, kind, random, asked->windows[i]);
        asked->conditions[i].predicate = (xt_predicate)(check_random(random) % 4);
        asked->conditions[i].window = asked->windows[i];
    }
    asked->options = (xt_query_options){
        .predicate = asked->conditions[0].predicate,
        .also = asked->conditions + 1,
        .also_count = count - 1,
    };
}

static struct xti_window_query *query_open(const struct subject *subject, const struct asked *asked)
{
    struct xti_window_query *query = NULL;

    if (!CHECK_STATUS(xti_window_open(xti_os_real(), subject->tree.view, asked->windows[0],
                                      &asked->options, subject->kernels, &query),
                      XT_OK))
        abort();
    return query;
}

static uint64_t items_take(struct subject *subject, const struct asked *asked, bool checks)
{
    struct xti_window_query *query = query_open(subject, asked);
    uint64_t taken = 0;
    xt_item item;

    while (xti_window_next(query, &item) == XT_OK && (!checks || subject_item_see(subject, &item)))
        taken++;
    CHECK_STATUS(xti_window_next(query, &item), XT_DONE);
    xti_window_close(query);
    return taken;
}

static uint64_t ids_take(struct subject *subject, const struct asked *asked, size_t capacity)
{
    struct xti_window_query *query = query_open(subject, asked);
    uint64_t ids[300];
    uint64_t taken = 0;
    xt_status status;
    size_t count;

    while ((status = xti_window_next_batch(query, ids, capacity, &count)) == XT_OK) {
        for (size_t i = 0; i < count; i++)
            subject_id_see(subject, ids[i]);
        taken += count;
    }
    CHECK_STATUS(status, XT_DONE);
    xti_window_close(query);
    return taken;
}

static uint64_t items_count(const struct subject *subject, const struct asked *asked)
{
    struct xti_window_query *query = query_open(subject, asked);
    uint64_t count;

    CHECK_STATUS(xti_window_count(query, &count), XT_OK);
    xti_window_close(query);
    return count;
}

static void asked_check(struct subject *subject, const struct asked *asked)
{
    struct oracle *oracle = &subject->oracle;
    uint64_t want = oracle_expect_all(oracle, asked->conditions, asked->count);

    CHECK_U64(items_take(subject, asked, true), want);
    oracle_expect_all(oracle, asked->conditions, asked->count);
    CHECK_U64(ids_take(subject, asked, 300), want);
    oracle_expect_all(oracle, asked->conditions, asked->count);
    CHECK_U64(ids_take(subject, asked, 3), want);
    CHECK_U64(items_count(subject, asked), want);
}

static void all_conditions_hold_for_what_is_found(void)
{
    uint64_t random = check_seed;
    unsigned some = 0; /* neither nothing nor everything */

    for (size_t i = 0; i < subject_row_count; i++) {
        struct subject subject;

        check_row = subject_rows[i].name;
        subject_make(&subject, &subject_rows[i], &random);
        for (unsigned n = 0; n < 90; n++) {
            struct asked asked;

            subject.kernels = xti_kernels_get((xt_kernel)(n % 3 + XT_KERNEL_PORTABLE));
            if (subject.kernels == NULL)
                continue;
            asked_make(&asked, &subject, 1 + n / 3 % CONDITIONS_MAX, &random);
            asked_check(&subject, &asked);
            some += subject.oracle.expected > 0 && subject.oracle.expected < subject.oracle.count;
        }
        subject_free(&subject);
    }
    CHECK(some > 100);
}

static void windows_of_conditions_are_copied(void)
{
    uint64_t random = check_seed;
    struct subject subject;
    struct asked asked;

    subject_make(&subject, &subject_rows[6], &random);
    for (unsigned n = 0; n < 20; n++) {
        struct xti_window_query *query;
        uint64_t count, want;

        asked_make(&asked, &subject, 3, &random);
        want = oracle_expect_all(&subject.oracle, asked.conditions, 3);
        query = query_open(&subject, &asked);
        memset(&asked, 0xff, sizeof asked);
        CHECK_STATUS(xti_window_count(query, &count), XT_OK);
        CHECK_U64(count, want);
        xti_window_close(query);
    }
    subject_free(&subject);
}

/* ---- filters ------------------------------------------------------------------------------- */

struct sieve {
    struct subject *subject;
    uint64_t asked;
};

/* Takes every third item. */
static bool third(void *context, uint64_t id, const double *low, const double *high)
{
    struct sieve *sieve = context;
    xt_item item = {.id = id, .low = low, .high = high};

    sieve->asked++;
    subject_item_see(sieve->subject, &item);
    return id % 3 == 0;
}

static uint64_t every_third(const struct oracle *oracle)
{
    uint64_t count = 0;

    for (size_t i = 0; i < oracle->count; i++)
        count += oracle->marks[i] != 0 && (1000 + i) % 3 == 0;
    return count;
}

/* way: 0 by item, 1 in batches, 2 counting. */
static void filter_check(struct subject *subject, struct asked *asked, unsigned way)
{
    struct sieve sieve = {subject, 0};
    uint64_t want = oracle_expect_all(&subject->oracle, asked->conditions, asked->count);
    struct xti_window_query *query;
    uint64_t got = 0;
    xt_item item;
    uint64_t ids[50];
    size_t count;

    asked->options.filter = third;
    asked->options.filter_context = &sieve;
    query = query_open(subject, asked);
    if (way == 0)
        while (xti_window_next(query, &item) == XT_OK && CHECK_U64(item.id % 3, 0))
            got++;
    else if (way == 1)
        while (xti_window_next_batch(query, ids, CHECK_COUNT(ids), &count) == XT_OK)
            for (size_t i = 0; i < count; i++, got++)
                CHECK_U64(ids[i] % 3, 0);
    else
        CHECK_STATUS(xti_window_count(query, &got), XT_OK);
    CHECK_U64(got, every_third(&subject->oracle));
    CHECK_U64(sieve.asked, want);
    xti_window_close(query);
}

static void a_filter_is_asked_once_for_each_item_that_all_conditions_hold_for(void)
{
    uint64_t random = check_seed;

    for (size_t i = 0; i < subject_row_count; i++) {
        struct subject subject;

        check_row = subject_rows[i].name;
        subject_make(&subject, &subject_rows[i], &random);
        for (unsigned n = 0; n < 30; n++) {
            struct asked asked;

            asked_make(&asked, &subject, 1 + n % 2, &random);
            filter_check(&subject, &asked, n % 3);
        }
        subject_free(&subject);
    }
}

static void a_limit_counts_what_the_filter_takes(void)
{
    uint64_t random = check_seed;
    struct subject subject;
    struct sieve sieve = {&subject, 0};
    struct asked asked;

    subject_make(&subject, &subject_rows[6], &random);
    asked_make(&asked, &subject, 1, &random);
    oracle_window(&subject.oracle, ORACLE_WINDOW_EVERYTHING, &random, asked.windows[0]);
    asked.options.predicate = XT_INTERSECTS;
    asked.options.filter = third;
    asked.options.filter_context = &sieve;
    asked.options.limit = 100;
    oracle_expect(&subject.oracle, asked.windows[0], XT_INTERSECTS);
    CHECK_U64(items_take(&subject, &asked, false), 100);
    CHECK(sieve.asked >= 300 - 3 && sieve.asked < 300 + 2 * XTI_BLOCK_SLOTS);
    oracle_expect(&subject.oracle, asked.windows[0], XT_INTERSECTS);
    CHECK_U64(items_count(&subject, &asked), 100);
    subject_free(&subject);
}

/* ---- what was walked ----------------------------------------------------------------------- */

static bool take_all(void *context, uint64_t id, const double *low, const double *high)
{
    (void)context;
    return id != 0 && low[0] <= high[0];
}

/* 25 leaves of one point, 0 .. 24, 5 inner nodes with 5 leaves each, the root. Of the root and of
 * an inner node that is tested a line of header, two of boxes, and one of refs when a child meets;
 * of a leaf header, two of coordinates and one of ids. */
static void figures_are_those_of_the_readme(void)
{
    static const struct hand_shape shape = {1, XT_POINTS, XT_F64, 16, 16, 0, 1, 5, false};
    static const struct {
        const char *name;
        xt_predicate predicate;
        double low, high;
        xt_predicate also;
        double also_low, also_high;
        xt_filter_fn *filter;
        uint64_t want_taking, want_counting;
    } rows[] = {
        {"disjoint: all outside",              XT_DISJOINT, 50,  60,   XT_INTERSECTS, -99, 99, NULL,
         4 + 5 * 2 + 25 * 2,                                                                                            4 + 5             },
        {"disjoint: all inside",               XT_DISJOINT, -50, 60,   XT_INTERSECTS, -99, 99, NULL,     3,             3                 },
        {"disjoint: two of five nodes inside", XT_DISJOINT, 4.5, 14.5, XT_INTERSECTS, -99, 99, NULL,
         4 + 3 * 2 + 15 * 2,                                                                                            4 + 3             },
        {"contains: a point that is there",    XT_CONTAINS, 7,   7,    XT_INTERSECTS, -99, 99, NULL,
         4 + 4 + 4,                                                                                                     4 + 4 + 3         },
        {"contains: no point can",             XT_CONTAINS, 7,   8,    XT_INTERSECTS, -99, 99, NULL,     3,             3                 },
        {"two that exclude each other",        XT_WITHIN,   3.5, 9.5,  XT_DISJOINT,   -50, 60, NULL,     3,             3                 },
        {"two that cut each other",            XT_WITHIN,   -5,  9.5,  XT_WITHIN,     4.5, 50, NULL,     4 + 2 + 5 * 2,
         4 + 1                                                                                                                            },
        {"a filter sees all",                  XT_DISJOINT, 50,  60,   XT_INTERSECTS, -99, 99, take_all,
         4 + 5 * 2 + 25 * 4,                                                                                            4 + 5 * 2 + 25 * 4},
    };
    double coords[25];
    struct subject subject = {.kernels = xti_kernels_get(XT_KERNEL_BEST)};

    for (int i = 0; i < 25; i++)
        coords[i] = i;
    hand_tree_build(&subject.tree, &shape, coords, NULL, 25);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const double also_window[] = {rows[i].also_low, rows[i].also_high};
        const xt_condition also = {rows[i].also, also_window};
        struct asked asked = {
            .windows = {{rows[i].low, rows[i].high}},
            .options = { .predicate = rows[i].predicate,
                        .also = &also,
                        .also_count = 1,
                        .filter = rows[i].filter}
        };

        check_row = rows[i].name;
        for (int counting = 0; counting < 2; counting++) {
            struct xti_window_query *query = query_open(&subject, &asked);
            xt_walk_stats stats;
            uint64_t ids[40];
            size_t count;

            if (counting)
                CHECK_STATUS(xti_window_count(query, ids), XT_OK);
            else
                (void)!xti_window_next_batch(query, ids, CHECK_COUNT(ids), &count);
            xti_window_stats(query, &stats);
            CHECK_U64(stats.lines, counting ? rows[i].want_counting : rows[i].want_taking);
            xti_window_close(query);
        }
    }
    hand_tree_free(&subject.tree);
}

static void figures_are_the_same_for_all_kernels(void)
{
    uint64_t random = check_seed;

    for (size_t i = 0; i < subject_row_count; i++) {
        struct subject subject;

        check_row = subject_rows[i].name;
        subject_make(&subject, &subject_rows[i], &random);
        for (unsigned n = 0; n < 20; n++) {
            xt_walk_stats first = {0};
            struct asked asked;

            asked_make(&asked, &subject, 2, &random);
            for (int kernel = XT_KERNEL_PORTABLE; kernel <= XT_KERNEL_AVX512; kernel++) {
                struct xti_window_query *query;
                xt_walk_stats stats = {0};
                uint64_t count;

                subject.kernels = xti_kernels_get((xt_kernel)kernel);
                if (subject.kernels == NULL)
                    continue;
                query = query_open(&subject, &asked);
                CHECK_STATUS(xti_window_count(query, &count), XT_OK);
                xti_window_stats(query, &stats);
                if (kernel == XT_KERNEL_PORTABLE)
                    first = stats;
                CHECK(memcmp(&stats, &first, sizeof stats) == 0);
                xti_window_close(query);
            }
        }
        subject_free(&subject);
    }
}

static void conditions_that_cannot_be_counted_give_enomem(void)
{
    const double window[] = {0, 0, 1, 1};
    const xt_query_options options = {.also_count = SIZE_MAX / 64};
    uint64_t random = check_seed;
    struct xti_window_query *query;
    struct subject subject;

    subject_make(&subject, &subject_rows[2], &random);
    CHECK_STATUS(xti_window_open(xti_os_real(), subject.tree.view, window, &options,
                                 subject.kernels, &query),
                 XT_ENOMEM);
    CHECK(query == NULL);
    subject_free(&subject);
}

CHECK_MAIN({"all_conditions_hold_for_what_is_found", all_conditions_hold_for_what_is_found},
           {"windows_of_conditions_are_copied", windows_of_conditions_are_copied},
           {"a_filter_is_asked_once_for_each_item_that_all_conditions_hold_for",
            a_filter_is_asked_once_for_each_item_that_all_conditions_hold_for},
           {"a_limit_counts_what_the_filter_takes", a_limit_counts_what_the_filter_takes},
           {"figures_are_those_of_the_readme", figures_are_those_of_the_readme},
           {"figures_are_the_same_for_all_kernels", figures_are_the_same_for_all_kernels},
           {"conditions_that_cannot_be_counted_give_enomem",
            conditions_that_cannot_be_counted_give_enomem})
