/* bench/nearest.c -- sub-command nearest: the k nearest points, on one core, one by one or at once.
 *
 * Every way of searching is an entry; all of them answer the same points, in rounds. Before the
 * clock starts, ids and distances of every single point are compared.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "orders.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { searchers_max = 16, k_max = 100, points_most = 200000 };

/* One way of searching one index. */
struct searcher {
    const struct contestant *contestant;
    void *built;
    unsigned walker;
    bool is_batch;
    char name[96];
    struct series speed; /* points per second */
};

struct contest {
    const struct settings *settings;
    struct dataset data;
    size_t built_count;
    struct {
        const struct contestant *contestant;
        void *built;
    } indexes[searchers_max];
    size_t count;
    struct searcher searchers[searchers_max];
    size_t k;
    size_t point_count;
    double *points;
    uint64_t *ids;     /* k for each point */
    double *distances; /* likewise */
};

/* ---- the searchers ------------------------------------------------------------------------- */

static void searcher_add(struct contest *contest, const struct searcher *searcher)
{
    if (contest->count == searchers_max)
        bench_die("more than %d ways to search", (int)searchers_max);
    contest->searchers[contest->count++] = *searcher;
}

static void searchers_add(struct contest *contest, const struct contestant *contestant, void *built,
                          const char *label)
{
    struct searcher searcher = {.contestant = contestant, .built = built};
    contest->indexes[contest->built_count].contestant = contestant;
    contest->indexes[contest->built_count++].built = built;
    for (unsigned walker = 0; contestant->walkers[walker] != NULL; walker++) {
        if (!contestant->can_walk(built, walker))
            continue;
        searcher.walker = walker;
        snprintf(searcher.name, sizeof searcher.name, "%s, %s%s", contestant->name,
                 contestant->walkers[walker], label);
        searcher_add(contest, &searcher);
    }
    if (contestant->nearest_many == NULL)
        return;
    searcher.is_batch = true;
    snprintf(searcher.name, sizeof searcher.name, "%s, all points at once%s", contestant->name,
             label);
    searcher_add(contest, &searcher);
}

/* The tree that grew item by item is searched in one way only, and for ours alone. */
static void grown_add(struct contest *contest)
{
    struct rows rows;
    size_t before = contest->count;
    rows_make(&rows, &contest->data, ORDER_RANDOM, contest->settings->seed);
    void *grown = with_xtree.create(&contest->data);
    with_xtree.insert(grown, &rows);
    with_xtree.settle(grown);
    rows_release(&rows);
    searchers_add(contest, &with_xtree, grown, ", grown by inserts");
    size_t single = contest->count - 2; /* the last before the batch is the fastest */
    contest->searchers[before] = contest->searchers[single];
    contest->searchers[before + 1] = contest->searchers[single + 1];
    contest->count = before + 2;
}

static void contest_build(struct contest *contest)
{
    for (size_t i = 0; contestants[i] != NULL; i++) {
        const struct contestant *contestant = contestants[i];
        if (contestant->build == NULL || contestant->nearest == NULL)
            continue;
        void *prepared = contestant->prepare(&contest->data);
        void *built = contestant->build(prepared, 0, contest->settings->threads);
        contestant->unprepare(prepared);
        searchers_add(contest, contestant, built, "");
        if (i == 0)
            grown_add(contest);
    }
}

/* ---- rounds -------------------------------------------------------------------------------- */

static void search_all(const struct contest *contest, const struct searcher *searcher)
{
    const struct contestant *contestant = searcher->contestant;
    size_t k = contest->k;
    if (searcher->is_batch) {
        contestant->nearest_many(searcher->built, contest->points, contest->point_count, k,
                                 contest->ids, contest->distances);
        return;
    }
    for (size_t i = 0; i < contest->point_count; i++)
        contestant->nearest(searcher->built, searcher->walker, contest->points + 2 * i, k,
                            contest->ids + i * k, contest->distances + i * k);
}

/* ids and distances of point `i`, each as a sum. */
static void answer_sums(const struct contest *contest, const struct searcher *searcher, size_t i,
                        uint64_t *ids, double *distances)
{
    *ids = 0;
    *distances = 0.0;
    for (size_t j = i * contest->k; j < (i + 1) * contest->k; j++) {
        *ids += contest->ids[j];
        *distances +=
            searcher->contestant->is_squared ? sqrt(contest->distances[j]) : contest->distances[j];
    }
}

/* Peers may contract or reorder the sum of squares: distances may differ in the last digits. */
static void answers_compare(const struct contest *contest)
{
    uint64_t *first_ids = calloc(contest->point_count, sizeof *first_ids);
    double *first_distances = calloc(contest->point_count, sizeof *first_distances);
    if (first_ids == NULL || first_distances == NULL)
        bench_die("out of memory");
    for (size_t s = 0; s < contest->count; s++) {
        const struct searcher *searcher = &contest->searchers[s];
        search_all(contest, searcher);
        for (size_t i = 0; i < contest->point_count; i++) {
            uint64_t ids;
            double distances;
            answer_sums(contest, searcher, i, &ids, &distances);
            if (s == 0) {
                first_ids[i] = ids;
                first_distances[i] = distances;
            } else if (ids != first_ids[i] ||
                       fabs(distances - first_distances[i]) > 1e-12 * first_distances[i]) {
                bench_die("%s and %s disagree about point %zu", searcher->name,
                          contest->searchers[0].name, i);
            }
        }
    }
    free(first_ids);
    free(first_distances);
}

static void searcher_round(const struct contest *contest, struct searcher *searcher)
{
    uint64_t start = settings_now_ns(contest->settings);
    search_all(contest, searcher);
    uint64_t end = settings_now_ns(contest->settings);
    series_add(&searcher->speed, (double)contest->point_count * 1e9 / (double)(end - start));
}

/* ---- telling ------------------------------------------------------------------------------- */

/* The peer that is the fastest at this k. */
static const struct searcher *searcher_peer(const struct contest *contest)
{
    const struct searcher *best = NULL;
    for (size_t i = 0; i < contest->count; i++) {
        const struct searcher *searcher = &contest->searchers[i];
        if (searcher->contestant == &with_xtree)
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
                            .data = contest->data.name,
                            .contestant = searcher->contestant->name,
                            .way = searcher->name,
                            .unit = "points/s",
                            .items = contest->data.count,
                            .series = &searcher->speed,
                            .ratio = ratio.count > 0 ? &ratio : NULL};
    report_result(&contest->settings->report, &result);
}

/* ---- the sub-command ----------------------------------------------------------------------- */

static void k_measure(struct contest *contest, size_t k, size_t point_count)
{
    unsigned rounds = contest->settings->rounds > 0 ? contest->settings->rounds : 7;
    contest->k = k;
    contest->point_count = point_count;
    for (size_t i = 0; i < point_count; i++)
        data_uniform_point(contest->settings->seed + 100 + k, i, contest->points + 2 * i);
    answers_compare(contest);
    for (size_t i = 0; i < contest->count; i++)
        contest->searchers[i].speed.count = 0;
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < contest->count; i++)
            searcher_round(contest, &contest->searchers[i]);
    }
    const struct searcher *peer = searcher_peer(contest);
    for (size_t i = 0; i < contest->count; i++)
        searcher_print(contest, &contest->searchers[i], peer);
    fflush(contest->settings->report.markdown);
}

static void contest_begin(struct contest *contest, const struct settings *settings, size_t items)
{
    size_t results = (size_t)points_most * 10; /* fewer points at k = 100 */
    memset(contest, 0, sizeof *contest);
    contest->settings = settings;
    data_make_uniform(&contest->data, items, settings->seed);
    contest->points = calloc((size_t)points_most * 2, sizeof *contest->points);
    contest->ids = calloc(results, sizeof *contest->ids);
    contest->distances = calloc(results, sizeof *contest->distances);
    if (contest->points == NULL || contest->ids == NULL || contest->distances == NULL)
        bench_die("out of memory");
    contest_build(contest);
}

static void contest_end(struct contest *contest)
{
    for (size_t i = 0; i < contest->built_count; i++)
        contest->indexes[i].contestant->destroy(contest->indexes[i].built);
    free(contest->points);
    free(contest->ids);
    free(contest->distances);
    data_release(&contest->data);
}

void bench_nearest(const struct settings *settings)
{
    static struct contest contest;
    char items[32];
    contest_begin(&contest, settings, (size_t)settings_items(settings, 1000000, 1000000));
    fprintf(settings->report.markdown,
            "%s uniform points, asked from uniform points, one pinned core.\n\n"
            "| k | library | points/s | relative to the fastest other |\n|---|---|---|---|\n",
            report_grouped((double)contest.data.count, items));
    clock_pin();
    k_measure(&contest, 1, points_most);
    k_measure(&contest, 10, points_most / 2);
    k_measure(&contest, k_max, points_most / 10);
    clock_unpin();
    contest_end(&contest);
}
