/* bench/steady.c -- sub-command steady: a store whose items move for ever.
 *
 * Every item moves ten times to a random place, in commits of 100 moves. What the files occupy is
 * compared with what is alive in them, and every commit is timed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "files.h"
#include "stores.h"

#include <stdlib.h>
#include <string.h>

enum { commit_moves = 100, moves_per_item = 10, lines = 20, buckets = 40 };

struct steady {
    const struct settings *settings;
    const char *path;
    xt_store *store;
    uint64_t items;
    uint64_t moved;
    uint64_t histogram[buckets]; /* of commits; bucket i: below 2^i microseconds */
    uint64_t slowest_ns;
    double amplification_max; /* once warm: after every item has moved once */
};

static void must(xt_status status, const char *what)
{
    if (status != XT_OK)
        bench_die("%s: %s", what, xt_status_text(status));
}

/* Where an item lies after it has moved so many times. */
static void place(const struct steady *steady, uint64_t item, uint64_t times, double point[2])
{
    data_uniform_point(steady->settings->seed + times, item, point);
}

static void move_next(struct steady *steady)
{
    uint64_t times = steady->moved / steady->items;
    uint64_t item = (steady->moved++ % steady->items * UINT64_C(2654435761)) % steady->items;
    double from[2];
    double to[2];
    place(steady, item, times, from);
    place(steady, item, times + 1, to);
    must(xt_store_move(steady->store, item, from, NULL, to, NULL), "xt_store_move");
}

static unsigned bucket_of(uint64_t ns)
{
    unsigned i = 0;
    for (uint64_t us = ns / 1000; us > 0 && i + 1 < buckets; us >>= 1)
        i++;
    return i;
}

static void commit_next(struct steady *steady)
{
    for (unsigned i = 0; i < commit_moves; i++)
        move_next(steady);
    uint64_t start = clock_now_ns();
    must(xt_store_commit(steady->store, NULL), "xt_store_commit");
    uint64_t ns = clock_now_ns() - start;
    steady->histogram[bucket_of(ns)]++;
    steady->slowest_ns = ns > steady->slowest_ns ? ns : steady->slowest_ns;
}

static void line_print(struct steady *steady)
{
    FILE *out = steady->settings->report.markdown;
    xt_store_stats stats = {.struct_size = sizeof stats};
    uint64_t files = files_bytes(steady->path);
    char text[4][32];
    must(xt_store_stat(steady->store, &stats), "xt_store_stat");
    double amplification = (double)files / (double)stats.live_bytes;
    if (steady->moved > steady->items && amplification > steady->amplification_max)
        steady->amplification_max = amplification;
    fprintf(out, "| %s | %s | %s | %.2f | %llu | %s |\n",
            report_grouped((double)steady->moved, text[0]),
            report_grouped((double)stats.live_bytes / 1024.0, text[1]),
            report_grouped((double)files / 1024.0, text[2]), amplification,
            (unsigned long long)stats.arena_count,
            report_grouped((double)stats.arena_bytes / (1 << 20), text[3]));
    fflush(out);
}

static void histogram_print(const struct steady *steady)
{
    FILE *out = steady->settings->report.markdown;
    uint64_t all = 0;
    uint64_t sum = 0;
    char text[32];
    for (unsigned i = 0; i < buckets; i++)
        all += steady->histogram[i];
    fprintf(out,
            "\nFiles take at most %.2f times what is alive, once every item has moved. How "
            "long a commit takes:\n\n| below µs | commits | together %% |\n|---|---|---|\n",
            steady->amplification_max);
    for (unsigned i = 0; i < buckets; i++) {
        sum += steady->histogram[i];
        if (steady->histogram[i] > 0)
            fprintf(out, "| %llu | %s | %.3f |\n", 1ull << i,
                    report_grouped((double)steady->histogram[i], text),
                    100.0 * (double)sum / (double)all);
    }
    fprintf(out, "\nThe slowest took %.1f ms.\n", (double)steady->slowest_ns * 1e-6);
}

void bench_steady(const struct settings *settings)
{
    static struct steady steady;
    struct load_limits limits = {settings->threads, 0};
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    char path[4096];
    char text[32];
    memset(&steady, 0, sizeof steady);
    steady.settings = settings;
    steady.path = path;
    steady.items = settings_items(settings, 100000, 1000000);
    snprintf(path, sizeof path, "%s/steady", settings->work);
    files_make_folder(settings->work);
    files_remove(path);
    store_load_generated(path, steady.items, settings->seed, &limits);
    options.writable = true;
    must(xt_store_open(path, &options, &steady.store), path);
    fprintf(settings->report.markdown,
            "%s uniform points, bulk-loaded; each moves %d times to a random place, %d moves in a "
            "commit.\n\n| moves | alive KiB | files KiB | files / alive | arenas | address range "
            "MiB |\n|---|---|---|---|---|---|\n",
            report_grouped((double)steady.items, text), (int)moves_per_item, (int)commit_moves);
    line_print(&steady);
    for (unsigned line = 1; line <= lines; line++) {
        while (steady.moved < steady.items * moves_per_item * line / lines)
            commit_next(&steady);
        line_print(&steady);
    }
    histogram_print(&steady);
    must(xt_store_close(steady.store), "xt_store_close");
    files_remove(path);
}
