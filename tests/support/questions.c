/* tests/support/questions.c -- windows of all kinds, taken in all ways.
 *
 * SPDX-License-Identifier: MIT
 */
#include "questions.h"

#include <math.h>
#include <stdio.h>

#include "check.h"

#define BATCH_MAX 300

/* ---- what is expected ---------------------------------------------------------------------- */

static bool row_matches(const struct question *question, const struct mirror *mirror, size_t row)
{
    for (size_t i = 0; i < question->condition_count; i++) {
        if (!oracle_item_matches(&mirror->rows, row, question->windows[i], question->predicates[i]))
            return false;
    }
    return !question->filters || question_takes(mirror->rows.ids[row]);
}

void question_expect(struct question *question, const struct mirror *mirror)
{
    question->count = 0;
    question->id_sum = 0;
    question->sum = 0;
    for (size_t row = 0; row < mirror->rows.count; row++) {
        if (!row_matches(question, mirror, row))
            continue;
        question->count++;
        question->id_sum += mirror_id_key(mirror->rows.ids[row]);
        question->sum += mirror->keys[row];
    }
}

static void condition_draw(struct question *question, size_t i, const struct mirror *mirror,
                           uint64_t *random)
{
    static const xt_predicate predicates[] = {XT_INTERSECTS, XT_INTERSECTS, XT_WITHIN,
                                              XT_WITHIN,     XT_CONTAINS,   XT_DISJOINT};
    xt_predicate predicate = predicates[check_random(random) % CHECK_COUNT(predicates)];
    enum oracle_window kind = (enum oracle_window)(check_random(random) % ORACLE_WINDOW_COUNT);

    if (predicate == XT_CONTAINS && check_random(random) % 2 == 0)
        kind = ORACLE_WINDOW_POINT;
    question->predicates[i] = predicate;
    question->kinds[i] = kind;
    oracle_window(&mirror->rows, kind, random, question->windows[i]);
}

void question_draw(struct question *question, const struct mirror *mirror, uint64_t *random)
{
    bool has_more = check_random(random) % 4 == 0;

    question->condition_count = 1 + (has_more ? check_random(random) % QUESTION_CONDITIONS : 0);
    question->filters = check_random(random) % 8 == 0;
    for (size_t i = 0; i < question->condition_count; i++)
        condition_draw(question, i, mirror, random);
    question_expect(question, mirror);
}

void question_all(struct question *question, const struct mirror *mirror)
{
    question->condition_count = 1;
    question->filters = false;
    question->kinds[0] = ORACLE_WINDOW_EVERYTHING;
    question->predicates[0] = XT_INTERSECTS;
    for (uint32_t axis = 0; axis < mirror->rows.dims; axis++) {
        question->windows[0][axis] = -INFINITY;
        question->windows[0][mirror->rows.dims + axis] = INFINITY;
    }
    question_expect(question, mirror);
}

/* ---- what is answered ---------------------------------------------------------------------- */

struct answer {
    const struct mirror *mirror;
    xt_query *query;
    uint64_t count;
    uint64_t ids;    /* how many came with an id ... */
    uint64_t id_sum; /* ... and the sum over them */
    uint64_t items;  /* the same of those that came with a box */
    uint64_t sum;
};

static xt_status take_item(struct answer *answer)
{
    xt_item item;
    xt_status status = xt_query_next(answer->query, &item);

    if (status != XT_OK)
        return status;
    answer->count++;
    answer->ids++;
    answer->items++;
    answer->id_sum += mirror_id_key(item.id);
    answer->sum += mirror_key(answer->mirror, item.id, item.low, item.high);
    return XT_OK;
}

static xt_status take_batch(struct answer *answer, size_t capacity)
{
    uint64_t ids[BATCH_MAX];
    size_t count;
    xt_status status = xt_query_next_batch(answer->query, ids, capacity, &count);

    for (size_t i = 0; i < count; i++)
        answer->id_sum += mirror_id_key(ids[i]);
    answer->count += count;
    answer->ids += count;
    return status;
}

static xt_status take_rest(struct answer *answer)
{
    uint64_t count;
    xt_status status = xt_query_count(answer->query, &count);

    answer->count += count;
    return status == XT_OK ? XT_DONE : status;
}

/* Item by item, in batches, or some of each and the rest counted. */
static xt_status take_all(struct answer *answer, uint64_t *random)
{
    uint64_t way = check_random(random) % 8;
    xt_status status = XT_OK;

    while (status == XT_OK) {
        if (way < 3)
            status = take_item(answer);
        else if (way < 5)
            status = take_batch(answer, 1 + (size_t)(check_random(random) % BATCH_MAX));
        else if (way == 5 || check_random(random) % 16 == 0)
            status = take_rest(answer);
        else if (check_random(random) % 2 == 0)
            status = take_item(answer);
        else
            status = take_batch(answer, 1 + (size_t)(check_random(random) % 8));
    }
    return status;
}

static void question_print(const struct question *question, const struct mirror *mirror)
{
    static const char *const predicates[] = {"intersects", "within", "contains", "disjoint"};
    uint32_t dims = mirror->rows.dims;

    for (size_t i = 0; i < question->condition_count; i++) {
        printf("    window %s, %s:", oracle_window_text(question->kinds[i]),
               predicates[question->predicates[i]]);
        for (uint32_t axis = 0; axis < dims && axis < 4; axis++)
            printf(" [%a, %a]", question->windows[i][axis], question->windows[i][dims + axis]);
        printf("%s\n", question->filters ? ", filtered" : "");
    }
}

static bool answer_is_right(const struct question *question, const struct answer *answer)
{
    bool holds = CHECK_U64(answer->count, question->count);

    if (answer->ids == question->count)
        holds &= CHECK_U64(answer->id_sum, question->id_sum);
    if (answer->items == question->count)
        holds &= CHECK_U64(answer->sum, question->sum);
    return holds;
}

static bool filter_ids(void *context, uint64_t id, const double *low, const double *high)
{
    (void)context;
    (void)low;
    (void)high;
    return question_takes(id);
}

static bool is_about_a_point(const struct question *question, uint32_t dims)
{
    const double *window = question->windows[0];

    for (uint32_t axis = 0; axis < dims; axis++) {
        if (window[axis] != window[dims + axis])
            return false;
    }
    return question->predicates[0] == XT_CONTAINS;
}

static xt_status query_open(const struct question *question, const xt_snapshot *snapshot,
                            uint32_t dims, xt_kernel kernel, xt_query **out)
{
    xt_query_options options = XT_QUERY_OPTIONS_INIT;
    xt_condition also[QUESTION_CONDITIONS];

    for (size_t i = 1; i < question->condition_count; i++)
        also[i - 1] = (xt_condition){question->predicates[i], question->windows[i]};
    options.predicate = question->predicates[0];
    options.kernel = kernel;
    options.also = also;
    options.also_count = question->condition_count - 1;
    options.filter = question->filters ? filter_ids : NULL;
    if (is_about_a_point(question, dims))
        return xt_query_covers(snapshot, question->windows[0], &options, out);
    return xt_query_window(snapshot, question->windows[0], &options, out);
}

bool question_holds(const struct question *question, const xt_snapshot *snapshot,
                    const struct mirror *mirror, uint64_t *random)
{
    struct answer answer = {.mirror = mirror};
    xt_kernel kernel = (xt_kernel)(check_random(random) % 4);
    uint32_t dims = mirror->rows.dims;
    xt_status status = query_open(question, snapshot, dims, kernel, &answer.query);
    bool holds;

    if (status == XT_EINVAL && kernel > XT_KERNEL_PORTABLE) /* not on this processor */
        status = query_open(question, snapshot, dims, XT_KERNEL_BEST, &answer.query);
    if (!CHECK_STATUS(status, XT_OK))
        return false;
    holds = CHECK_STATUS(take_all(&answer, random), XT_DONE) && answer_is_right(question, &answer);
    xt_query_close(answer.query);
    if (!holds)
        question_print(question, mirror);
    return holds;
}

bool totals_hold(const xt_snapshot *snapshot, const struct mirror *mirror)
{
    uint32_t dims = mirror->rows.dims;
    double want[2 * XT_DIMS_MAX];
    double got[2 * XT_DIMS_MAX];
    xt_status status = xt_snapshot_bounds(snapshot, got, got + dims);
    bool holds = CHECK_U64(xt_snapshot_count(snapshot), mirror->rows.count);

    holds &= CHECK_STATUS(status, mirror->rows.count == 0 ? XT_ENOTFOUND : XT_OK);
    oracle_bounds(&mirror->rows, want, want + dims);
    for (uint32_t i = 0; i < 2 * dims && holds; i++)
        holds &= CHECK(got[i] == want[i]);
    return holds;
}
