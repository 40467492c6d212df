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
#include "describe.h"
#include "orders.h"

#include <stdlib.h>
#include <string.h>

/* A data set, and the queries that all its trees answer. */
struct subject {
    FILE *out;
    struct dataset data;
    size_t target_count;
    struct windows windows[3];
};

/* ---- queries ------------------------------------------------------------------------------- */

/* Windows by the bulk-loaded tree; those that would take in a large part of a small data set tell
 * nothing. In many dimensions each query reads much, and fewer will do. */
static void queries_make(struct subject *subject, void *built)
{
    static const uint64_t targets[] = {1, 100, 10000};
    size_t count = subject->data.dims > 2 ? 100 : 1000;
    subject->target_count = 0;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        if (subject->data.count < 10 * targets[i])
            continue;
        struct windows *windows = &subject->windows[subject->target_count++];
        *windows = (struct windows){.count = count, .target = targets[i]};
        windows_make(windows, &subject->data, &with_xtree, built, DATA_SEED + targets[i]);
    }
}

static void queries_release(struct subject *subject)
{
    for (size_t i = 0; i < subject->target_count; i++)
        windows_release(&subject->windows[i]);
}

/* ---- trees --------------------------------------------------------------------------------- */

/* Prints everything about the tree and ends it. changes: how many it took, 0 if loaded at once. */
static void tree_describe(const struct subject *subject, const char *tree, void *built,
                          uint64_t changes)
{
    struct description about = {.out = subject->out, .data = subject->data.name, .tree = tree};
    describe_tree(&about, built);
    if (changes > 0)
        describe_changes(&about, built, changes);
    for (size_t i = 0; i < subject->target_count; i++)
        describe_windows(&about, built, &subject->windows[i], subject->data.dims);
    describe_nearest(&about, built, &subject->data, 1);
    describe_nearest(&about, built, &subject->data, 10);
    with_xtree.destroy(built);
}

static void *tree_load(const struct dataset *data)
{
    void *prepared = with_xtree.prepare(data);
    void *built = with_xtree.build(prepared, 0, 1);
    with_xtree.unprepare(prepared);
    return built;
}

static void *tree_grow(const struct dataset *data, const struct rows *rows)
{
    void *built = with_xtree_published.create(data);
    with_xtree_published.insert(built, rows);
    with_xtree.settle(built);
    return built;
}

static void grown_describe(const struct subject *subject, const char *tree, enum order order)
{
    struct rows rows;
    rows_make(&rows, &subject->data, order, DATA_SEED);
    tree_describe(subject, tree, tree_grow(&subject->data, &rows), rows.count);
    rows_release(&rows);
}

/* Half of what was added is removed again, in another random order. */
static void halved_describe(const struct subject *subject)
{
    struct rows rows;
    struct rows gone;
    rows_make(&rows, &subject->data, ORDER_RANDOM, DATA_SEED);
    rows_make(&gone, &subject->data, ORDER_RANDOM, DATA_SEED + 1);
    struct rows half = rows_first(&gone, gone.count / 2);
    void *built = tree_grow(&subject->data, &rows);
    with_xtree_published.remove(built, &half);
    with_xtree.settle(built);
    tree_describe(subject, "half removed", built, rows.count + half.count);
    rows_release(&gone);
    rows_release(&rows);
}

/* Releases the data set. */
static void data_describe(struct subject *subject)
{
    void *loaded = tree_load(&subject->data);
    queries_make(subject, loaded);
    tree_describe(subject, "bulk", loaded, 0);
    grown_describe(subject, "random", ORDER_RANDOM);
    if (subject->data.dims == 2) {
        grown_describe(subject, "Hilbert", ORDER_HILBERT);
        grown_describe(subject, "by x", ORDER_X);
    }
    halved_describe(subject);
    queries_release(subject);
    data_release(&subject->data);
}

/* ---- sliding ------------------------------------------------------------------------------- */

static struct rows rows_slice(const struct rows *rows, size_t first, size_t count)
{
    return (struct rows){
        .count = count, .coords = rows->coords + 2 * first, .ids = rows->ids + first};
}

/* Half of the items are there at any time: for each 100 that are added, the oldest 100 go. */
static void sliding_describe(struct subject *subject, size_t count)
{
    struct rows rows;
    enum { step = 100 };
    data_make_sliding(&subject->data, 2 * count, DATA_SEED);
    rows_make(&rows, &subject->data, ORDER_GIVEN, DATA_SEED);
    struct rows first = rows_first(&rows, count);
    void *built = tree_grow(&subject->data, &first);
    for (size_t i = 0; i + step <= count; i += step) {
        struct rows oldest = rows_slice(&rows, i, step);
        struct rows newest = rows_slice(&rows, count + i, step);
        with_xtree_published.insert(built, &newest);
        with_xtree_published.remove(built, &oldest);
    }
    with_xtree.settle(built);
    queries_make(subject, built);
    tree_describe(subject, "sliding", built, count + count / step * step * 2);
    queries_release(subject);
    rows_release(&rows);
    data_release(&subject->data);
}

/* ---- all ----------------------------------------------------------------------------------- */

static void plane_describe(struct subject *subject, const struct settings *settings, size_t items)
{
    data_make_uniform(&subject->data, items, settings->seed);
    data_describe(subject);
    data_make_clustered(&subject->data, items, settings->seed);
    data_describe(subject);
    data_read_cities(&subject->data, settings->data);
    data_thin(&subject->data, items);
    data_describe(subject);
    data_read_coastline(&subject->data, settings->data);
    data_thin(&subject->data, items);
    data_describe(subject);
    sliding_describe(subject, items / 2);
}

static void all_describe(FILE *out, const struct settings *settings)
{
    size_t items = settings->is_quick ? 200000 : 1000000;
    if (settings->items > 0)
        items = (size_t)settings->items;
    struct subject subject = {.out = out};
    fprintf(out, "data,tree,measure,value\n");
    plane_describe(&subject, settings, items);
    for (unsigned dims = 8; dims <= 16; dims += 8) {
        data_make_cube(&subject.data, dims, false, items / 4, settings->seed);
        data_describe(&subject);
        data_make_cube(&subject.data, dims, true, items / 4, settings->seed);
        data_describe(&subject);
    }
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

/* The CSV; the caller frees it. */
static char *text_make(const struct settings *settings, size_t *bytes)
{
    char *text = NULL;
    FILE *memory = open_memstream(&text, bytes);
    if (memory == NULL)
        bench_die("out of memory");
    all_describe(memory, settings);
    if (fclose(memory) != 0)
        bench_die("out of memory");
    return text;
}

void bench_quality(const struct settings *settings)
{
    size_t bytes = 0;
    char *text = text_make(settings, &bytes);
    if (settings->expect != NULL)
        expected_compare(settings->expect, text, bytes);
    else
        fputs(text, settings->report.markdown);
    free(text);
}
