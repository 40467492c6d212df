/* tests/support/questions_windows.c -- many windows at once, beside the same windows one by one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "questions.h"

#define WINDOWS_MAX 12
#define RESULTS_AT_ONCE 50

struct many {
    size_t count;
    struct question questions[WINDOWS_MAX];
    double windows[WINDOWS_MAX * 2 * XT_DIMS_MAX];
    uint64_t limit; /* of each window; 0: none */
    xt_query_options options;
};

static bool filter_ids(void *context, uint64_t id, const double *low, const double *high)
{
    (void)context;
    (void)low;
    (void)high;
    return question_takes(id);
}

/* The first window's predicate and filter hold for all. */
static void many_draw(struct many *many, const struct mirror *mirror, uint64_t *random)
{
    uint32_t dims = mirror->rows.dims;

    many->count = 1 + (size_t)(check_random(random) % WINDOWS_MAX);
    many->limit = check_random(random) % 4 == 0 ? 1 + check_random(random) % 20 : 0;
    for (size_t i = 0; i < many->count; i++) {
        struct question *question = &many->questions[i];

        question_draw(question, mirror, random);
        question->condition_count = 1;
        question->predicates[0] = many->questions[0].predicates[0];
        question->filters = many->questions[0].filters;
        question_expect(question, mirror);
        memcpy(many->windows + i * 2 * dims, question->windows[0], 2 * dims * sizeof(double));
    }
    many->options = (xt_query_options)XT_QUERY_OPTIONS_INIT;
    many->options.predicate = many->questions[0].predicates[0];
    many->options.filter = many->questions[0].filters ? filter_ids : NULL;
    many->options.limit = many->limit;
}

static uint64_t count_expected(const struct many *many, size_t i)
{
    uint64_t count = many->questions[i].count;

    return many->limit > 0 && count > many->limit ? many->limit : count;
}

static bool results_take(const struct many *many, xt_query *query, uint64_t *counts,
                         uint64_t *id_sums)
{
    uint64_t ids[RESULTS_AT_ONCE];
    size_t windows[RESULTS_AT_ONCE];
    xt_status status = XT_OK;
    bool holds = true;
    size_t count;

    while (status == XT_OK && holds) {
        status = xt_query_next_tagged(query, ids, windows, RESULTS_AT_ONCE, &count);
        for (size_t i = 0; i < count && holds; i++) {
            holds = CHECK(windows[i] < many->count);
            if (!holds)
                break;
            counts[windows[i]]++;
            id_sums[windows[i]] += mirror_id_key(ids[i]);
        }
    }
    return holds && CHECK_STATUS(status, XT_DONE);
}

static bool many_hold(const struct many *many, const xt_snapshot *snapshot)
{
    uint64_t counts[WINDOWS_MAX] = {0};
    uint64_t id_sums[WINDOWS_MAX] = {0};
    xt_query *query;
    bool holds;

    if (!CHECK_STATUS(
            xt_query_windows(snapshot, many->windows, many->count, &many->options, &query), XT_OK))
        return false;
    holds = results_take(many, query, counts, id_sums);
    xt_query_close(query);
    for (size_t i = 0; i < many->count && holds; i++) {
        holds = CHECK_U64(counts[i], count_expected(many, i));
        if (holds && counts[i] == many->questions[i].count)
            holds = CHECK_U64(id_sums[i], many->questions[i].id_sum);
    }
    return holds;
}

static bool counts_hold(const struct many *many, const xt_snapshot *snapshot)
{
    uint64_t counts[WINDOWS_MAX];
    bool holds = CHECK_STATUS(
        xt_count_windows(snapshot, many->windows, many->count, &many->options, counts), XT_OK);

    for (size_t i = 0; i < many->count && holds; i++)
        holds = CHECK_U64(counts[i], count_expected(many, i));
    return holds;
}

bool windows_hold(const xt_snapshot *snapshot, const struct mirror *mirror, uint64_t *random)
{
    struct many many;
    bool counts = check_random(random) % 3 == 0;
    bool holds;

    many_draw(&many, mirror, random);
    holds = counts ? counts_hold(&many, snapshot) : many_hold(&many, snapshot);
    if (!holds)
        printf("    %zu windows at once, predicate %d, limit %zu%s%s\n", many.count,
               (int)many.options.predicate, (size_t)many.limit,
               many.options.filter != NULL ? ", filtered" : "", counts ? ", counted" : "");
    return holds;
}
