/* bench/quality.c -- sub-command quality: what the tree is like, in numbers that never vary.
 *
 * Same seed, same data, same numbers, on every machine: nothing here is a time. The output is CSV,
 * one measure in a line, so that a change of the tree shows as the lines it changes. With --expect
 * it is compared with a file, and any difference fails.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "bench.h"
#include "data.h"
#include "stores.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { window_count = 1000 };

static void tree_print(FILE *out, const char *name, const xt_snapshot *snapshot, void *built)
{
    xt_tree_stats stats = {.struct_size = sizeof stats};
    xt_status status = xt_snapshot_stats(snapshot, &stats);
    if (status != XT_OK)
        bench_die("xt_snapshot_stats: %s", xt_status_text(status));
    fprintf(out, "%s,items,%" PRIu64 "\n", name, stats.items);
    fprintf(out, "%s,height,%" PRIu32 "\n", name, stats.height);
    for (uint32_t level = 0; level < stats.height; level++) {
        const xt_level_stats *at = &stats.level[level];
        fprintf(out, "%s,level %" PRIu32 " nodes,%" PRIu64 "\n", name, level, at->nodes);
        fprintf(out, "%s,level %" PRIu32 " supernodes,%" PRIu64 "\n", name, level, at->supernodes);
        fprintf(out, "%s,level %" PRIu32 " fill,%.4f\n", name, level,
                (double)at->entries / (double)at->capacity);
        fprintf(out, "%s,level %" PRIu32 " volume,%.6g\n", name, level, at->volume);
        fprintf(out, "%s,level %" PRIu32 " overlap,%.6g\n", name, level, at->overlap);
    }
    fprintf(out, "%s,bytes per item,%.3f\n", name,
            (double)with_xtree.bytes(built) / (double)stats.items);
}

static void window_walk(const xt_snapshot *snapshot, const double *window, xt_walk_stats *sum)
{
    uint64_t ids[WINDOW_SLACK];
    size_t count = 0;
    xt_walk_stats stats = {.struct_size = sizeof stats};
    xt_query *query = NULL;
    xt_status status = xt_query_window(snapshot, window, NULL, &query);
    while (status == XT_OK)
        status = xt_query_next_batch(query, ids, WINDOW_SLACK, &count);
    if (status != XT_DONE || xt_query_stats(query, &stats) != XT_OK)
        bench_die("query: %s", xt_status_text(status));
    xt_query_close(query);
    sum->nodes += stats.nodes;
    sum->leaves += stats.leaves;
    sum->lines += stats.lines;
    sum->items += stats.items;
}

static void windows_print(FILE *out, const struct dataset *data, void *built, uint64_t target)
{
    struct windows windows = {.count = window_count, .target = target};
    xt_walk_stats sum = {0};
    windows_make(&windows, data, &with_xtree, built, DATA_SEED + target);
    for (size_t i = 0; i < windows.count; i++)
        window_walk(built_snapshot(built), windows.bounds + 4 * i, &sum);
    windows_release(&windows);
    const uint64_t sums[] = {sum.items, sum.nodes, sum.leaves, sum.lines};
    static const char *const names[] = {"results", "nodes", "leaves", "lines"};
    for (size_t i = 0; i < 4; i++)
        fprintf(out, "%s,window %" PRIu64 " %s,%.3f\n", data->name, target, names[i],
                (double)sums[i] / window_count);
}

static void data_describe(FILE *out, struct dataset *data)
{
    void *prepared = with_xtree.prepare(data);
    void *built = with_xtree.build(prepared, 0, 1);
    tree_print(out, data->name, built_snapshot(built), built);
    windows_print(out, data, built, 1);
    windows_print(out, data, built, 100);
    windows_print(out, data, built, 10000);
    with_xtree.destroy(built);
    with_xtree.unprepare(prepared);
    data_release(data);
}

static void all_describe(FILE *out, const struct settings *settings)
{
    uint64_t items = settings_items(settings, 200000, 1000000);
    struct dataset data;
    fprintf(out, "data,measure,value\n");
    data_make_uniform(&data, items, settings->seed);
    data_describe(out, &data);
    data_make_clustered(&data, items, settings->seed);
    data_describe(out, &data);
    data_read_cities(&data, settings->data);
    data_describe(out, &data);
    data_read_coastline(&data, settings->data);
    data_describe(out, &data);
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* Prints the lines that differ, the expected one first, and returns how many do. */
static size_t lines_compare(FILE *expected, FILE *got)
{
    char want_line[256];
    char got_line[256];
    size_t differing = 0;
    for (;;) {
        char *want_read = fgets(want_line, sizeof want_line, expected);
        char *got_read = fgets(got_line, sizeof got_line, got);
        if (want_read == NULL && got_read == NULL)
            return differing;
        if (want_read != NULL && got_read != NULL && strcmp(want_line, got_line) == 0)
            continue;
        differing++;
        printf("want %sgot  %s", want_read != NULL ? want_line : "no line\n",
               got_read != NULL ? got_line : "no line\n");
    }
}

static void expected_compare(const char *path, char *got, size_t got_bytes)
{
    FILE *expected = fopen(path, "r");
    FILE *got_file = fmemopen(got, got_bytes, "r");
    if (expected == NULL || got_file == NULL)
        bench_die("%s: cannot be read", path);
    size_t differing = lines_compare(expected, got_file);
    fclose(expected);
    fclose(got_file);
    if (differing > 0)
        bench_die("%zu lines differ from %s", differing, path);
}

void bench_quality(const struct settings *settings)
{
    char *text = NULL;
    size_t text_bytes = 0;
    FILE *memory = open_memstream(&text, &text_bytes);
    if (memory == NULL)
        bench_die("out of memory");
    all_describe(memory, settings);
    if (fclose(memory) != 0)
        bench_die("out of memory");
    if (settings->expect != NULL)
        expected_compare(settings->expect, text, text_bytes);
    else
        fputs(text, settings->report.markdown);
    free(text);
}
