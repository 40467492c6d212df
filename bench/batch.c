/* bench/batch.c -- sub-command batch: many windows in one call, beside one query after the other.
 *
 * Our own library with itself: what is gained by having the memory of several searches on its way
 * at once. Windows come in random order. Ids and counts of every window are compared first.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "stores.h"

#include <stdlib.h>
#include <string.h>

enum { taken_at_once = 4096 };

struct batch {
    const struct settings *settings;
    struct dataset data;
    void *built;
    unsigned walker; /* the fastest */
    struct windows windows;
    uint64_t *ids;
    size_t *numbers;
    uint64_t *sums;   /* of ids, for each window */
    uint64_t *counts; /* likewise, of items */
    struct series single_ids, batch_ids;
    struct series single_counts, batch_counts;
};

static void must(xt_status status, const char *what)
{
    if (status != XT_OK)
        bench_die("%s: %s", what, xt_status_text(status));
}

/* ---- the four ways ------------------------------------------------------------------------- */

static uint64_t ids_single(struct batch *batch)
{
    uint64_t total = 0;
    for (size_t i = 0; i < batch->windows.count; i++)
        total += with_xtree.window(batch->built, batch->walker, batch->windows.bounds + 4 * i,
                                   batch->ids);
    return total;
}

static uint64_t counts_single(struct batch *batch)
{
    uint64_t total = 0;
    for (size_t i = 0; i < batch->windows.count; i++)
        total += with_xtree.count(batch->built, batch->walker, batch->windows.bounds + 4 * i);
    return total;
}

static xt_query *windows_begin(const struct batch *batch)
{
    xt_query *query = NULL;
    must(xt_query_windows(built_snapshot(batch->built), batch->windows.bounds, batch->windows.count,
                          NULL, &query),
         "xt_query_windows");
    return query;
}

/* Ids with the number of their window, as a caller needs them. */
static uint64_t ids_batch(struct batch *batch)
{
    xt_query *query = windows_begin(batch);
    uint64_t total = 0;
    size_t count = 0;
    xt_status status;
    while ((status = xt_query_next_tagged(query, batch->ids, batch->numbers, taken_at_once,
                                          &count)) == XT_OK)
        total += count;
    if (status != XT_DONE)
        must(status, "xt_query_next_tagged");
    xt_query_close(query);
    return total;
}

static uint64_t counts_batch(struct batch *batch)
{
    uint64_t total = 0;
    must(xt_count_windows(built_snapshot(batch->built), batch->windows.bounds, batch->windows.count,
                          NULL, batch->counts),
         "xt_count_windows");
    for (size_t i = 0; i < batch->windows.count; i++)
        total += batch->counts[i];
    return total;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void sums_of_batch(struct batch *batch)
{
    xt_query *query = windows_begin(batch);
    size_t count = 0;
    memset(batch->sums, 0, batch->windows.count * sizeof *batch->sums);
    while (xt_query_next_tagged(query, batch->ids, batch->numbers, taken_at_once, &count) ==
           XT_OK) {
        for (size_t i = 0; i < count; i++)
            batch->sums[batch->numbers[i]] += batch->ids[i];
    }
    xt_query_close(query);
    counts_batch(batch);
}

/* Returns the results of all windows together. */
static uint64_t answers_compare(struct batch *batch)
{
    uint64_t total = 0;
    sums_of_batch(batch);
    for (size_t i = 0; i < batch->windows.count; i++) {
        uint64_t sum = 0;
        size_t count = with_xtree.window(batch->built, batch->walker, batch->windows.bounds + 4 * i,
                                         batch->ids);
        for (size_t j = 0; j < count; j++)
            sum += batch->ids[j];
        if (sum != batch->sums[i] || count != batch->counts[i])
            bench_die("window %zu has other results in a batch", i);
        total += count;
    }
    return total;
}

/* ---- rounds -------------------------------------------------------------------------------- */

static void way_round(struct batch *batch, uint64_t (*way)(struct batch *), uint64_t expected,
                      struct series *speed)
{
    uint64_t start = settings_now_ns(batch->settings);
    uint64_t total = way(batch);
    uint64_t end = settings_now_ns(batch->settings);
    if (total != expected)
        bench_die("other answers than in the warm-up");
    series_add(speed, (double)batch->windows.count * 1e9 / (double)(end - start));
}

static void cell_print(const struct batch *batch, const struct series *speed,
                       const struct series *single, const char *what)
{
    FILE *out = batch->settings->report.markdown;
    struct series ratio = {0};
    char number[32];
    char spread[64] = "";
    char benchmark[64];
    if (speed != single) {
        series_ratio(speed, single, &ratio);
        report_spread(&ratio, spread);
        fprintf(out, " %s | %s |", report_grouped(series_median(speed), number), spread);
    } else {
        fprintf(out, " %s |", report_grouped(series_median(speed), number));
    }
    snprintf(benchmark, sizeof benchmark, "batch of windows %llu, %s",
             (unsigned long long)batch->windows.target, what);
    struct result result = {.benchmark = benchmark,
                            .data = batch->data.name,
                            .contestant = with_xtree.name,
                            .way = speed == single ? "single" : "batch",
                            .unit = "queries/s",
                            .items = batch->data.count,
                            .series = speed,
                            .ratio = ratio.count > 0 ? &ratio : NULL};
    report_result(&batch->settings->report, &result);
}

static void target_measure(struct batch *batch, uint64_t target, size_t count)
{
    unsigned rounds = batch->settings->rounds > 0 ? batch->settings->rounds : 7;
    FILE *out = batch->settings->report.markdown;
    batch->windows = (struct windows){.count = count, .target = target};
    windows_make(&batch->windows, &batch->data, &with_xtree, batch->built,
                 batch->settings->seed + target);
    uint64_t expected = answers_compare(batch);
    batch->single_ids.count = batch->batch_ids.count = 0;
    batch->single_counts.count = batch->batch_counts.count = 0;
    for (unsigned round = 0; round < rounds; round++) {
        way_round(batch, ids_single, expected, &batch->single_ids);
        way_round(batch, ids_batch, expected, &batch->batch_ids);
        way_round(batch, counts_single, expected, &batch->single_counts);
        way_round(batch, counts_batch, expected, &batch->batch_counts);
    }
    fprintf(out, "| %llu |", (unsigned long long)target);
    cell_print(batch, &batch->single_ids, &batch->single_ids, "ids");
    cell_print(batch, &batch->batch_ids, &batch->single_ids, "ids");
    cell_print(batch, &batch->single_counts, &batch->single_counts, "count");
    cell_print(batch, &batch->batch_counts, &batch->single_counts, "count");
    fprintf(out, "\n");
    fflush(out);
    windows_release(&batch->windows);
}

/* ---- the sub-command ----------------------------------------------------------------------- */

static void batch_begin(struct batch *batch, const struct settings *settings, size_t most)
{
    memset(batch, 0, sizeof *batch);
    batch->settings = settings;
    data_make_uniform(&batch->data, (size_t)settings_items(settings, 1000000, 10000000),
                      settings->seed);
    batch->ids = calloc(batch->data.count + WINDOW_SLACK, sizeof *batch->ids);
    batch->numbers = calloc(taken_at_once, sizeof *batch->numbers);
    batch->sums = calloc(most, sizeof *batch->sums);
    batch->counts = calloc(most, sizeof *batch->counts);
    if (batch->ids == NULL || batch->numbers == NULL || batch->sums == NULL ||
        batch->counts == NULL)
        bench_die("out of memory");
    void *prepared = with_xtree.prepare(&batch->data);
    batch->built = with_xtree.build(prepared, 0, settings->threads);
    with_xtree.unprepare(prepared);
    for (unsigned walker = 0; with_xtree.walkers[walker] != NULL; walker++) {
        if (with_xtree.can_walk(batch->built, walker))
            batch->walker = walker;
    }
}

static void batch_end(struct batch *batch)
{
    with_xtree.destroy(batch->built);
    free(batch->ids);
    free(batch->numbers);
    free(batch->sums);
    free(batch->counts);
    data_release(&batch->data);
}

void bench_batch(const struct settings *settings)
{
    static struct batch batch;
    char items[32];
    batch_begin(&batch, settings, 100000);
    fprintf(
        settings->report.markdown,
        "%s uniform points, windows in random order, one pinned core: queries per second.\n\n"
        "| results | ids: single | in a batch | relative to single | count: single | in a batch "
        "| relative to single |\n|---|---|---|---|---|---|---|\n",
        report_grouped((double)batch.data.count, items));
    clock_pin();
    target_measure(&batch, 1, 100000);
    target_measure(&batch, 100, 40000);
    target_measure(&batch, 10000, 1000);
    clock_unpin();
    batch_end(&batch);
}
