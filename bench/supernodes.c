/* bench/supernodes.c -- sub-command supernodes: what they save in many dimensions, or do not.
 *
 * The same items in the same random order go into trees that differ in one option only, how much
 * siblings may overlap before a node becomes a supernode. All trees answer the same windows and the
 * same points; lines are counted, times are of interleaved rounds.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "describe.h"
#include "orders.h"
#include "stores.h"

#include <stdlib.h>
#include <string.h>

/* A tree, by its options. */
static const struct variant {
    const char *name;
    double max_overlap;
    xt_medium medium;
} variants[] = {
    {"none (1)",        1.0, XT_MEDIUM_MEMORY},
    {"computed",        0.0, XT_MEDIUM_MEMORY},
    {"the paper's 0.2", 0.2, XT_MEDIUM_MEMORY},
    {"computed, disk",  0.0, XT_MEDIUM_DISK  },
};

enum { variant_count = sizeof variants / sizeof variants[0], query_kinds = 3 };

static const char *const query_names[query_kinds] = {"window 1", "window 100", "nearest 10"};

/* What one tree takes for one kind of query. */
struct cost {
    size_t queries;
    uint64_t lines;   /* of one */
    uint64_t items;   /* results of all */
    struct series us; /* of one query */
};

struct trial {
    const struct settings *settings;
    struct dataset data;
    struct windows windows[2];
    size_t point_count;
    double *points;
    void *built[variant_count];
    double max_overlap[variant_count]; /* as the tree takes it */
    struct cost costs[variant_count][query_kinds];
};

/* ---- the trees ----------------------------------------------------------------------------- */

static void *variant_grow(const struct variant *variant, const struct dataset *data,
                          const struct rows *rows, double *max_overlap)
{
    xt_change_stats stats = {.struct_size = sizeof stats};
    xt_store *store = store_make(NULL, data, variant->max_overlap, variant->medium);
    void *built = built_around(store, data);
    with_xtree.insert(built, rows);
    with_xtree.settle(built);
    if (xt_store_changes(store, &stats) != XT_OK)
        bench_die("xt_store_changes failed");
    *max_overlap = stats.max_overlap;
    return built;
}

/* Takes the data set over. */
static void trial_begin(struct trial *trial, const struct settings *settings,
                        const struct dataset *data)
{
    struct rows rows;
    memset(trial, 0, sizeof *trial);
    trial->settings = settings;
    trial->data = *data;
    trial->point_count = 200;
    trial->points = calloc(trial->point_count * data->dims, sizeof *trial->points);
    if (trial->points == NULL)
        bench_die("out of memory");
    rows_make(&rows, &trial->data, ORDER_RANDOM, settings->seed);
    for (size_t i = 0; i < variant_count; i++)
        trial->built[i] = variant_grow(&variants[i], &trial->data, &rows, &trial->max_overlap[i]);
    rows_release(&rows);
    points_make(trial->points, trial->point_count, &trial->data, settings->seed + 9);
    for (size_t i = 0; i < 2; i++) {
        trial->windows[i] = (struct windows){.count = 200, .target = i == 0 ? 1 : 100};
        windows_make(&trial->windows[i], &trial->data, &with_xtree, trial->built[0],
                     settings->seed + i);
    }
}

static void trial_end(struct trial *trial)
{
    for (size_t i = 0; i < variant_count; i++)
        with_xtree.destroy(trial->built[i]);
    windows_release(&trial->windows[0]);
    windows_release(&trial->windows[1]);
    free(trial->points);
    data_release(&trial->data);
}

/* ---- the queries --------------------------------------------------------------------------- */

static size_t queries_run(const struct trial *trial, size_t variant, size_t kind,
                          xt_walk_stats *sum)
{
    const xt_snapshot *snapshot = built_snapshot(trial->built[variant]);
    if (kind == query_kinds - 1) {
        walk_points(snapshot, trial->points, trial->point_count, 10, trial->data.dims, sum);
        return trial->point_count;
    }
    walk_windows(snapshot, &trial->windows[kind], trial->data.dims, sum);
    return trial->windows[kind].count;
}

/* The warm-up: counts lines and compares the number of results. */
static void cost_count(struct trial *trial, size_t variant, size_t kind)
{
    struct cost *cost = &trial->costs[variant][kind];
    xt_walk_stats sum;
    cost->queries = queries_run(trial, variant, kind, &sum);
    cost->lines = sum.lines / cost->queries;
    cost->items = sum.items;
    if (cost->items != trial->costs[0][kind].items)
        bench_die("trees of %s differ in %s", trial->data.name, query_names[kind]);
}

/* Fast queries are repeated, so that a round takes some 10 milliseconds. */
static void cost_round(struct trial *trial, size_t variant, size_t kind)
{
    struct cost *cost = &trial->costs[variant][kind];
    uint64_t repeats = 1 + 2000000 / (cost->queries * (cost->lines + 1));
    xt_walk_stats sum;
    uint64_t start = settings_now_ns(trial->settings);
    for (uint64_t i = 0; i < repeats; i++)
        queries_run(trial, variant, kind, &sum);
    uint64_t end = settings_now_ns(trial->settings);
    series_add(&cost->us, (double)(end - start) * 1e-3 / (double)(repeats * cost->queries));
}

static void costs_round(struct trial *trial, void (*measure)(struct trial *, size_t, size_t))
{
    for (size_t variant = 0; variant < variant_count; variant++) {
        for (size_t kind = 0; kind < query_kinds; kind++)
            measure(trial, variant, kind);
    }
}

/* ---- telling ------------------------------------------------------------------------------- */

static void cost_print(const struct trial *trial, size_t variant, size_t kind)
{
    const struct cost *cost = &trial->costs[variant][kind];
    const struct cost *without = &trial->costs[0][kind];
    struct series ratio = {0};
    char lines[32];
    series_ratio(&cost->us, &without->us, &ratio);
    fprintf(trial->settings->report.markdown, " %s (%.2f) | %.1f (%.2f) |",
            report_grouped((double)cost->lines, lines),
            (double)cost->lines / (double)without->lines, series_median(&cost->us),
            series_median(&ratio));
    struct result result = {.benchmark = query_names[kind],
                            .data = trial->data.name,
                            .contestant = with_xtree.name,
                            .way = variants[variant].name,
                            .unit = "us per query",
                            .items = trial->data.count,
                            .series = &cost->us,
                            .ratio = &ratio};
    report_result(&trial->settings->report, &result);
}

static void trial_print(const struct trial *trial)
{
    FILE *out = trial->settings->report.markdown;
    for (size_t i = 0; i < variant_count; i++) {
        struct supernodes found;
        supernodes_count(built_snapshot(trial->built[i]), &found);
        fprintf(out, "| %s | %s: %.3f | %llu of %llu | %llu |", trial->data.name, variants[i].name,
                trial->max_overlap[i], (unsigned long long)found.count,
                (unsigned long long)found.nodes, (unsigned long long)found.largest);
        for (size_t kind = 0; kind < query_kinds; kind++)
            cost_print(trial, i, kind);
        fprintf(out, "\n");
    }
    fflush(out);
}

/* ---- the sub-command ----------------------------------------------------------------------- */

/* Takes the data set over. */
static void data_measure(const struct settings *settings, const struct dataset *data)
{
    static struct trial trial;
    unsigned rounds = settings->rounds > 0 ? settings->rounds : 5;
    trial_begin(&trial, settings, data);
    clock_pin();
    costs_round(&trial, cost_count);
    for (unsigned round = 0; round < rounds; round++)
        costs_round(&trial, cost_round);
    clock_unpin();
    trial_print(&trial);
    trial_end(&trial);
}

void bench_supernodes(const struct settings *settings)
{
    size_t items = (size_t)settings_items(settings, 50000, 200000);
    FILE *out = settings->report.markdown;
    struct dataset data;
    char text[32];
    fprintf(
        out,
        "%s points, added in random order. A node becomes a supernode where a split would leave "
        "halves that\noverlap by more than this share; 1 makes none. Lines and microseconds are "
        "those of one query, in\nparentheses relative to the tree without supernodes: below 1 "
        "they save.\n\n"
        "| data | may overlap | supernodes | largest | window 1: lines | us | window 100: lines "
        "| us | nearest 10: lines | us |\n|---|---|---|---|---|---|---|---|---|---|\n",
        report_grouped((double)items, text));
    for (unsigned dims = 8; dims <= 16; dims += 8) {
        data_make_cube(&data, dims, false, items, settings->seed);
        data_measure(settings, &data);
        data_make_cube(&data, dims, true, items, settings->seed);
        data_measure(settings, &data);
        data_make_outlines(&data, dims, items, settings->seed);
        data_measure(settings, &data);
    }
}
