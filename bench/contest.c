/* bench/contest.c -- indexes of several libraries that find the same neighbours, in rounds.
 *
 * Every way of searching is an entry; all of them answer the same points. The distances of what
 * computes with 64 bits must agree, and the ids, but for items that are equally near; what computes
 * with 32 bits is told apart.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "orders.h"

/* Of the ids and the distances of one point. */
struct answer {
    uint64_t ids;
    double distances;
};

/* ---- the searchers ------------------------------------------------------------------------- */

static void searcher_add(struct contest *contest, const struct searcher *searcher, const char *way,
                         const char *label)
{
    const struct contestant *contestant = searcher->contestant;
    if (contest->count == searchers_max)
        bench_die("more than %d ways to search", (int)searchers_max);
    struct searcher *added = &contest->searchers[contest->count++];
    *added = *searcher;
    snprintf(added->name, sizeof added->name, "%s, %s%s%s", contestant->name, way, label,
             contestant->is_float32 ? ", 32-bit" : "");
}

static void searchers_add(struct contest *contest, const struct contestant *contestant, void *built,
                          const char *label)
{
    struct searcher searcher = {.contestant = contestant, .built = built};
    if (contest->built_count == searchers_max)
        bench_die("more than %d indexes to search", (int)searchers_max);
    contest->indexes[contest->built_count].contestant = contestant;
    contest->indexes[contest->built_count++].built = built;
    for (unsigned walker = 0; contestant->walkers[walker] != NULL; walker++) {
        if (contestant->nearest == NULL || !contestant_can_walk(contestant, built, walker))
            continue;
        searcher.walker = walker;
        searcher_add(contest, &searcher, contestant->walkers[walker], label);
    }
    if (contestant->nearest_many == NULL)
        return;
    searcher.is_batch = true;
    searcher_add(contest, &searcher,
                 contestant->nearest == NULL ? contestant->walkers[0] : "all points at once",
                 label);
}

/* The tree that grew item by item is searched in one way only, and for ours alone. */
static void grown_add(struct contest *contest)
{
    struct rows rows;
    size_t before = contest->count;
    rows_make(&rows, contest->data, ORDER_RANDOM, contest->settings->seed);
    void *grown = with_xtree.create(contest->data);
    with_xtree.insert(grown, &rows);
    with_xtree.settle(grown);
    rows_release(&rows);
    searchers_add(contest, &with_xtree, grown, ", grown by inserts");
    size_t single = contest->count - 2; /* the last before the batch is the fastest */
    contest->searchers[before] = contest->searchers[single];
    contest->searchers[before + 1] = contest->searchers[single + 1];
    contest->count = before + 2;
}

void contest_begin(struct contest *contest, const struct settings *settings,
                   const struct dataset *data)
{
    memset(contest, 0, sizeof *contest);
    contest->settings = settings;
    contest->data = data;
    for (size_t i = 0; contestants[i] != NULL; i++) {
        const struct contestant *contestant = contestants[i];
        bool can_search = contestant->nearest != NULL || contestant->nearest_many != NULL;
        if (contestant->build == NULL || !can_search || !contestant_takes(contestant, data))
            continue;
        searchers_add(contest, contestant, contestant_build(contestant, data, settings->threads),
                      "");
        if (i == 0)
            grown_add(contest);
    }
}

void contest_end(struct contest *contest)
{
    for (size_t i = 0; i < contest->built_count; i++)
        contest->indexes[i].contestant->destroy(contest->indexes[i].built);
}

/* ---- asking -------------------------------------------------------------------------------- */

/* Asks `count` points from number `at` on; returns how long that took. */
static uint64_t search_ns(const struct contest *contest, const struct searcher *searcher, size_t at,
                          size_t count)
{
    const struct contestant *contestant = searcher->contestant;
    size_t dims = contest->data->dims;
    size_t k = contest->k;
    const double *points = contest->points + dims * at;
    uint64_t *ids = contest->ids + at * k;
    double *distances = contest->distances + at * k;
    uint64_t start = settings_now_ns(contest->settings);
    if (searcher->is_batch) {
        contestant->nearest_many(searcher->built, points, count, k, ids, distances);
    } else {
        for (size_t i = 0; i < count; i++)
            contestant->nearest(searcher->built, searcher->walker, points + dims * i, k,
                                ids + i * k, distances + i * k);
    }
    uint64_t end = settings_now_ns(contest->settings);
    if (contestant->own_ns != NULL)
        return contestant->own_ns(searcher->built, contest->settings->is_cpu_time);
    return end - start;
}

/* ---- comparing the answers ----------------------------------------------------------------- */

static struct answer answer_of(const struct contest *contest, const struct searcher *searcher,
                               size_t i)
{
    struct answer answer = {0, 0.0};
    for (size_t j = i * contest->k; j < (i + 1) * contest->k; j++) {
        answer.ids += contest->ids[j];
        answer.distances +=
            searcher->contestant->is_squared ? sqrt(contest->distances[j]) : contest->distances[j];
    }
    return answer;
}

/* Peers may contract or reorder the sum of squares: distances may differ in the last digits. */
static bool distances_agree(double a, double b)
{
    return fabs(a - b) <= 1e-12 * b;
}

static double distance_of(const struct dataset *data, uint64_t id, const double *point)
{
    const double *low = data->coords + id * dataset_width(data);
    const double *high = data->is_boxes ? low + data->dims : low;
    double sum = 0.0;
    for (size_t axis = 0; axis < data->dims; axis++) {
        double gap = fmax(fmax(low[axis] - point[axis], point[axis] - high[axis]), 0.0);
        sum += gap * gap;
    }
    return sqrt(sum);
}

/* Other items may be as near as the last. They must be different ones, as near as they should. */
static bool is_tie(const struct contest *contest, size_t i, const struct answer *expected)
{
    const uint64_t *ids = contest->ids + i * contest->k;
    double sum = 0.0;
    for (size_t j = 0; j < contest->k; j++) {
        if (ids[j] >= contest->data->count)
            return false;
        for (size_t other = 0; other < j; other++) {
            if (ids[other] == ids[j])
                return false;
        }
        sum += distance_of(contest->data, ids[j], contest->points + i * contest->data->dims);
    }
    return distances_agree(sum, expected->distances);
}

/* The distances of 32 bits always differ. */
static bool answer_agrees(const struct contest *contest, const struct searcher *searcher, size_t i,
                          const struct answer *expected)
{
    struct answer answer = answer_of(contest, searcher, i);
    if (!searcher->contestant->is_float32 &&
        !distances_agree(answer.distances, expected->distances))
        return false;
    return answer.ids == expected->ids || is_tie(contest, i, expected);
}

static void answers_compare(const struct contest *contest, struct searcher *searcher, size_t count,
                            const struct answer *expected)
{
    for (size_t i = searcher->asked; i < searcher->asked + count; i++) {
        if (answer_agrees(contest, searcher, i, &expected[i]))
            continue;
        if (!searcher->contestant->is_float32)
            bench_die("%s and %s disagree about point %zu", searcher->name,
                      contest->searchers[0].name, i);
        searcher->differing++;
    }
}

/* As many points as it can answer in the time that a round has; these are compared. */
static void searcher_try(const struct contest *contest, struct searcher *searcher,
                         const struct answer *expected)
{
    double most = contest->settings->is_quick ? 0.25 : 1.0;
    size_t k_most = searcher->contestant->k_most;
    uint64_t start = clock_now_ns();
    size_t part = 1;
    searcher->asked = searcher->differing = 0;
    searcher->speed.count = 0;
    while (searcher->asked < contest->point_count && clock_seconds_since(start) < most) {
        size_t left = contest->point_count - searcher->asked;
        size_t count = part < left ? part : left;
        if (k_most > 0 && contest->k > k_most)
            return;
        (void)search_ns(contest, searcher, searcher->asked, count);
        answers_compare(contest, searcher, count, expected);
        searcher->asked += count;
        part *= 2;
    }
}

static void searchers_try(struct contest *contest)
{
    struct answer *expected = calloc(contest->point_count, sizeof *expected);
    if (expected == NULL)
        bench_die("out of memory");
    (void)search_ns(contest, &contest->searchers[0], 0, contest->point_count);
    for (size_t i = 0; i < contest->point_count; i++)
        expected[i] = answer_of(contest, &contest->searchers[0], i);
    for (size_t i = 0; i < contest->count; i++)
        searcher_try(contest, &contest->searchers[i], expected);
    free(expected);
}

/* ---- telling ------------------------------------------------------------------------------- */

/* The peer that is the fastest at this k, of those that answer in 64 bits. */
static const struct searcher *searcher_peer(const struct contest *contest)
{
    const struct searcher *best = NULL;
    for (size_t i = 0; i < contest->count; i++) {
        const struct searcher *searcher = &contest->searchers[i];
        if (searcher->contestant == &with_xtree || searcher->contestant->is_float32)
            continue;
        if (best == NULL || series_median(&searcher->speed) > series_median(&best->speed))
            best = searcher;
    }
    return best;
}

static void searcher_print(const struct contest *contest, const struct searcher *searcher,
                           const struct searcher *peer)
{
    FILE *out = contest->settings->report.markdown;
    struct series ratio = {0};
    char spread[64] = "";
    char number[32];
    char benchmark[32];
    if (peer != NULL && peer != searcher) {
        series_ratio(&searcher->speed, &peer->speed, &ratio);
        report_spread(&ratio, spread);
    }
    fprintf(out, "| %zu | %s | %s | %s |\n", contest->k, searcher->name,
            report_grouped(series_median(&searcher->speed), number), spread);
    snprintf(benchmark, sizeof benchmark, "nearest %zu", contest->k);
    struct result result = {.benchmark = benchmark,
                            .data = contest->data->name,
                            .contestant = searcher->contestant->name,
                            .way = searcher->name,
                            .unit = "points/s",
                            .items = contest->data->count,
                            .series = &searcher->speed,
                            .ratio = ratio.count > 0 ? &ratio : NULL};
    report_result(&contest->settings->report, &result);
}

static void note_add(struct contest *contest, const struct searcher *searcher)
{
    size_t used = strlen(contest->notes);
    char asked[32];
    char differing[32];
    snprintf(contest->notes + used, sizeof contest->notes - used,
             "\n%s: of %s points, %s have other %zu nearest.\n", searcher->name,
             report_grouped((double)searcher->asked, asked),
             report_grouped((double)searcher->differing, differing), contest->k);
}

void contest_print_head(const struct contest *contest)
{
    fprintf(contest->settings->report.markdown,
            "| k | library | points/s | relative to the fastest other |\n|---|---|---|---|\n");
}

void contest_print_notes(const struct contest *contest)
{
    fputs(contest->notes, contest->settings->report.markdown);
    contestants_left_out(contest->settings->report.markdown, contest->data);
}

/* ---- one k --------------------------------------------------------------------------------- */

static void searcher_round(const struct contest *contest, struct searcher *searcher)
{
    double count = (double)searcher->asked;
    if (searcher->asked > 0)
        series_add(&searcher->speed,
                   count * 1e9 / (double)search_ns(contest, searcher, 0, searcher->asked));
}

static void results_make(struct contest *contest)
{
    size_t count = contest->point_count * contest->k;
    contest->ids = calloc(count, sizeof *contest->ids);
    contest->distances = calloc(count, sizeof *contest->distances);
    if (contest->ids == NULL || contest->distances == NULL)
        bench_die("out of memory");
}

void contest_measure(struct contest *contest, size_t k, const double *points, size_t point_count)
{
    const struct settings *settings = contest->settings;
    unsigned rounds = settings->rounds > 0 ? settings->rounds : 7;
    bool has_less = settings->questions > 0 && settings->questions < point_count;
    contest->k = k;
    contest->points = points;
    contest->point_count = has_less ? (size_t)settings->questions : point_count;
    results_make(contest);
    searchers_try(contest);
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < contest->count; i++)
            searcher_round(contest, &contest->searchers[i]);
    }
    const struct searcher *peer = searcher_peer(contest);
    for (size_t i = 0; i < contest->count; i++) {
        if (contest->searchers[i].asked > 0)
            searcher_print(contest, &contest->searchers[i], peer);
        if (contest->searchers[i].contestant->is_float32)
            note_add(contest, &contest->searchers[i]);
    }
    fflush(settings->report.markdown);
    free(contest->ids);
    free(contest->distances);
}
