/* tests/support/questions_near.c -- nearest items, with all metrics, one point or many.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "near.h"
#include "questions.h"

#define K_MAX 40
#define POINTS_MAX 4

struct near_question {
    xt_nearest_options options;
    struct near_ask ask;
    double points[POINTS_MAX][XT_DIMS_MAX];
    double weights[XT_DIMS_MAX];
    size_t k; /* that is looked at */
};

/* ---- what is expected ---------------------------------------------------------------------- */

static bool comes_before(const struct near_hit *a, const struct near_hit *b)
{
    return a->distance < b->distance || (a->distance == b->distance && a->id < b->id);
}

static void hit_put(struct near_hit *hits, size_t *count, size_t k, struct near_hit hit)
{
    size_t at = *count < k ? (*count)++ : k;

    if (at == k && (k == 0 || !comes_before(&hit, &hits[--at])))
        return;
    for (; at > 0 && comes_before(&hit, &hits[at - 1]); at--)
        hits[at] = hits[at - 1];
    hits[at] = hit;
}

/* The first k of all rows by (distance, id). */
static size_t expect(const struct near_question *question, const struct mirror *mirror,
                     struct near_hit *hits)
{
    const struct oracle *rows = &mirror->rows;
    double most = question->options.max_distance;
    size_t count = 0;

    for (size_t row = 0; row < rows->count; row++) {
        struct near_hit hit = {0, rows->ids[row], row};
        double low[XT_DIMS_MAX];
        double high[XT_DIMS_MAX];

        for (uint32_t axis = 0; axis < rows->dims; axis++) {
            low[axis] = oracle_kept(rows, mirror_low(mirror, row)[axis]);
            high[axis] = oracle_kept(rows, mirror_high(mirror, row)[axis]);
        }
        hit.distance = near_distance(&question->ask, rows->dims, low, high);
        if ((most > 0 && hit.distance > most) ||
            (question->options.filter != NULL && !question_takes(hit.id)))
            continue;
        hit_put(hits, &count, question->k, hit);
    }
    return count;
}

/* ---- what is asked ------------------------------------------------------------------------- */

static bool filter_ids(void *context, uint64_t id, const double *low, const double *high)
{
    (void)context;
    (void)low;
    (void)high;
    return question_takes(id);
}

static void near_draw(struct near_question *question, const struct mirror *mirror, uint64_t *random)
{
    uint32_t dims = mirror->rows.dims;
    bool weighs = check_random(random) % 4 == 0;

    *question = (struct near_question){.options = XT_NEAREST_OPTIONS_INIT};
    question->k = 1 + check_random(random) % (check_random(random) % 4 == 0 ? K_MAX : 8);
    question->options.k = question->k;
    question->options.metric = (xt_metric)(check_random(random) % (dims == 2 ? 3 : 2));
    question->options.kernel = (xt_kernel)(check_random(random) % 3);
    if (check_random(random) % 8 == 0)
        question->options.max_distance = check_uniform(random) * 10;
    if (check_random(random) % 8 == 0)
        question->options.filter = filter_ids;
    for (uint32_t axis = 0; axis < dims; axis++)
        question->weights[axis] = 0.1 + check_uniform(random) * 10;
    if (weighs && question->options.metric != XT_GREAT_CIRCLE)
        question->options.weights = question->weights;
    for (size_t i = 0; i < POINTS_MAX; i++)
        near_point(&mirror->rows, (unsigned)(check_random(random) % 8), random,
                   question->points[i]);
    question->ask =
        (struct near_ask){question->points[0], question->options.metric, question->options.weights};
}

/* On a sphere two ways to compute the same distance differ in the last bits. */
static bool hit_is_right(const struct near_question *question, const struct near_hit *want,
                         uint64_t id, double distance)
{
    if (question->options.metric == XT_GREAT_CIRCLE)
        return CHECK(fabs(distance - want->distance) <= 1e-6 + 1e-9 * want->distance);
    return CHECK(distance == want->distance) && CHECK_U64(id, want->id);
}

static void near_print(const struct near_question *question, uint32_t dims)
{
    printf("    nearest, metric %d, k %zu, %s%s, max %g, from", (int)question->options.metric,
           question->k, question->options.weights != NULL ? "weights" : "no weights",
           question->options.filter != NULL ? ", filtered" : "", question->options.max_distance);
    for (uint32_t axis = 0; axis < dims && axis < 4; axis++)
        printf(" %a", question->ask.point[axis]);
    printf("\n");
}

static bool one_holds(struct near_question *question, const xt_snapshot *snapshot,
                      const struct mirror *mirror)
{
    struct near_hit want[K_MAX];
    size_t expected = expect(question, mirror, want);
    size_t taken = 0;
    xt_query *query;
    xt_status status = xt_query_nearest(snapshot, question->ask.point, &question->options, &query);
    bool holds = CHECK_STATUS(status, XT_OK);

    while (status == XT_OK && holds) {
        uint64_t ids[7];
        double distances[7];
        size_t count;

        status = xt_query_next_nearest(query, ids, distances, CHECK_COUNT(ids), &count);
        for (size_t i = 0; i < count && holds; i++, taken++)
            holds = CHECK(taken < expected) &&
                    hit_is_right(question, &want[taken], ids[i], distances[i]);
    }
    xt_query_close(query);
    return holds && CHECK_STATUS(status, XT_DONE) && CHECK_U64(taken, expected);
}

static bool many_hold(struct near_question *question, const xt_snapshot *snapshot,
                      const struct mirror *mirror)
{
    uint32_t dims = mirror->rows.dims;
    double points[POINTS_MAX * XT_DIMS_MAX];
    uint64_t ids[POINTS_MAX * K_MAX];
    double distances[POINTS_MAX * K_MAX];
    size_t found[POINTS_MAX];
    bool holds;

    for (size_t i = 0; i < POINTS_MAX; i++)
        memcpy(points + i * dims, question->points[i], dims * sizeof *points);
    holds = CHECK_STATUS(
        xt_nearest_many(snapshot, points, POINTS_MAX, &question->options, ids, distances, found),
        XT_OK);
    for (size_t i = 0; i < POINTS_MAX && holds; i++) {
        struct near_hit want[K_MAX];

        question->ask.point = question->points[i];
        holds = CHECK_U64(found[i], expect(question, mirror, want));
        for (size_t j = 0; j < found[i] && holds; j++)
            holds = hit_is_right(question, &want[j], ids[i * question->k + j],
                                 distances[i * question->k + j]);
    }
    return holds;
}

static bool kernel_is_here(const xt_snapshot *snapshot, xt_kernel kernel)
{
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    const double point[XT_DIMS_MAX] = {0};
    xt_query *query;
    bool is_here;

    options.kernel = kernel;
    is_here = xt_query_nearest(snapshot, point, &options, &query) == XT_OK;
    xt_query_close(query);
    return is_here;
}

bool nearest_holds(const xt_snapshot *snapshot, const struct mirror *mirror, uint64_t *random)
{
    struct near_question question;
    bool asks_many = check_random(random) % 4 == 0;
    bool holds;

    near_draw(&question, mirror, random);
    if (!kernel_is_here(snapshot, question.options.kernel))
        question.options.kernel = XT_KERNEL_BEST;
    holds =
        asks_many ? many_hold(&question, snapshot, mirror) : one_holds(&question, snapshot, mirror);
    if (!holds)
        near_print(&question, mirror->rows.dims);
    return holds;
}
