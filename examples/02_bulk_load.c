/* examples/02_bulk_load.c -- load many points at once, then read them as another program would.
 *
 *     02_bulk_load FOLDER [COUNT]
 *
 * COUNT points of a fixed pattern (100,000 unless said otherwise) go through arrays into a new
 * store, with a limit on memory and with progress on standard error. The store is then closed, and
 * opened read-only.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "xtree.h"

enum { ROWS_AT_ONCE = 4096 };

static void must(xt_status status, const char *what, const xt_error *error)
{
    if (status >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, xt_status_text(status));
    if (error && error->path[0])
        fprintf(stderr, "  in %s: %s\n", error->path, error->check);
    exit(1);
}

/* The point number i: spread evenly over the unit square, the same on every machine. */
static void make_point(uint64_t i, double *point)
{
    point[0] = (double)(i * 2654435769u % 4294967296u) / 4294967296.0;
    point[1] = (double)(i % 1000) / 1000.0;
}

static bool show_progress(void *context, xt_load_phase phase, uint64_t done, uint64_t total)
{
    static const char *const names[] = {"adding", "sorting", "building"};

    (void)context;
    fprintf(stderr, "\r%-8s %12" PRIu64 " of %12" PRIu64, names[phase], done, total);
    return true; /* false would cancel */
}

static void load(xt_store *store, uint64_t count)
{
    static double points[ROWS_AT_ONCE][2];
    xt_error error = {0};
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;
    xt_loader *loader;
    xt_rows rows = {.low = points};

    options.memory_limit = 256u << 20;
    options.threads = XT_THREADS_ALL;
    options.progress = show_progress;
    options.error = &error;
    must(xt_loader_open(store, &options, &loader), "begin loading", &error);
    for (uint64_t i = 0; i < count; i += rows.count) {
        for (rows.count = 0; rows.count < ROWS_AT_ONCE && i + rows.count < count; rows.count++)
            make_point(i + rows.count, points[rows.count]);
        must(xt_loader_add_many(loader, &rows, NULL), "add points", &error);
    }
    must(xt_loader_finish(loader), "build the tree", &error);
    must(xt_store_commit(store, &error), "commit", &error);
    fprintf(stderr, "\n");
}

static uint64_t count_window(xt_snapshot *snapshot, const double *window)
{
    xt_query *query;
    uint64_t count;

    must(xt_query_window(snapshot, window, NULL, &query), "begin a query", NULL);
    must(xt_query_count(query, &count), "count", NULL);
    xt_query_close(query);
    return count;
}

static void read_back(const char *path)
{
    static const double windows[][4] = {
        {0.0,  0.0,  1.0, 1.0},
        {0.0,  0.0,  0.5, 1.0},
        {0.25, 0.25, 0.5, 0.5},
        {2.0,  2.0,  3.0, 3.0},
    };
    xt_error error = {0};
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store;
    xt_snapshot *snapshot;

    options.error = &error;
    must(xt_store_open(path, &options, &store), "open the store", &error);
    must(xt_snapshot_latest(store, &snapshot), "take a snapshot", NULL);
    printf("%" PRIu64 " points\n", xt_snapshot_count(snapshot));
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
        printf("window %g,%g,%g,%g: %" PRIu64 "\n", windows[i][0], windows[i][1], windows[i][2],
               windows[i][3], count_window(snapshot, windows[i]));
    xt_snapshot_release(snapshot);
    must(xt_store_close(store), "close the store", NULL);
}

int main(int argc, char **argv)
{
    xt_error error = {0};
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store;

    if (argc < 2) {
        fprintf(stderr, "usage: %s FOLDER [COUNT]\n", argv[0]);
        return 2;
    }
    options.dims = 2;
    options.error = &error;
    must(xt_store_create(argv[1], &options, &store), "create a store", &error);
    load(store, argc > 2 ? strtoull(argv[2], NULL, 10) : 100000);
    must(xt_store_close(store), "close the store", NULL);
    read_back(argv[1]);
    return 0;
}
