/* bench/steady.c -- sub-command steady: a store whose items move for ever.
 *
 * Every item moves ten times to a random place, in commits of 100 moves. What the files occupy is
 * compared with what is alive in them, after each commit; and every commit is timed, with its syncs
 * and without. At the end the same store goes on for a while with cleaning switched off: what a
 * commit takes and writes then is what it takes and writes for its own sake.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "files.h"
#include "stores.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { commit_moves = 100, moves_per_item = 10, lines = 20, own_commits = 200, buckets = 40 };

/* Bucket i: below 2^i microseconds. */
struct times {
    uint64_t count;
    uint64_t all[buckets];
    uint64_t unsynced[buckets]; /* the same without the time for syncs */
    uint64_t slowest_ns;
    uint64_t slowest_unsynced_ns;
};

struct steady {
    const struct settings *settings;
    const char *path;
    xt_store *store;
    uint64_t items;
    uint64_t moved;
    uint64_t sync_ns;         /* of this handle, up to the last commit */
    double amplification_max; /* once warm: after every item has moved once */
    uint64_t warm_commits;
    uint64_t warm_written; /* bytes, by all commits that began when it was warm */
    uint64_t warm_cleaned; /* of these: moved out of arenas that were cleaned */
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

/* By this process, to files, so far. */
static uint64_t bytes_written(void)
{
    char line[256];
    uint64_t bytes = 0;
    FILE *file = fopen("/proc/self/io", "r");
    if (file == NULL)
        bench_die("/proc/self/io: cannot be read");
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "wchar: ", strlen("wchar: ")) == 0)
            bytes = strtoull(line + strlen("wchar: "), NULL, 10);
    }
    fclose(file);
    return bytes;
}

static xt_writer_stats writer_stats(const struct steady *steady)
{
    xt_writer_stats stats = {.struct_size = sizeof stats};
    must(xt_store_writer(steady->store, &stats), "xt_store_writer");
    return stats;
}

static void commit_next(struct steady *steady, struct times *times)
{
    for (unsigned i = 0; i < commit_moves; i++)
        move_next(steady);
    uint64_t start = clock_now_ns();
    must(xt_store_commit(steady->store, NULL), "xt_store_commit");
    uint64_t ns = clock_now_ns() - start;
    uint64_t synced_ns = writer_stats(steady).sync.total_ns;
    uint64_t unsynced_ns = ns - (synced_ns - steady->sync_ns);
    steady->sync_ns = synced_ns;
    times->count++;
    times->all[bucket_of(ns)]++;
    times->unsynced[bucket_of(unsynced_ns)]++;
    times->slowest_ns = ns > times->slowest_ns ? ns : times->slowest_ns;
    if (unsynced_ns > times->slowest_unsynced_ns)
        times->slowest_unsynced_ns = unsynced_ns;
}

/* Files are measured after each commit once the store is warm, and so are bytes. */
static void commit_warm(struct steady *steady, struct times *times)
{
    xt_store_stats stats = {.struct_size = sizeof stats};
    uint64_t written = bytes_written();
    uint64_t cleaned = writer_stats(steady).moved_bytes;
    commit_next(steady, times);
    must(xt_store_stat(steady->store, &stats), "xt_store_stat");
    steady->warm_commits++;
    steady->warm_written += bytes_written() - written;
    steady->warm_cleaned += writer_stats(steady).moved_bytes - cleaned;
    double amplification = (double)stats.file_bytes / (double)stats.live_bytes;
    if (amplification > steady->amplification_max)
        steady->amplification_max = amplification;
}

static void line_print(struct steady *steady)
{
    FILE *out = steady->settings->report.markdown;
    xt_store_stats stats = {.struct_size = sizeof stats};
    uint64_t files = files_bytes(steady->path);
    char text[4][32];
    must(xt_store_stat(steady->store, &stats), "xt_store_stat");
    double amplification = (double)files / (double)stats.live_bytes;
    fprintf(out, "| %s | %s | %s | %.2f | %llu | %s |\n",
            report_grouped((double)steady->moved, text[0]),
            report_grouped((double)stats.live_bytes / 1024.0, text[1]),
            report_grouped((double)files / 1024.0, text[2]), amplification,
            (unsigned long long)stats.arena_count,
            report_grouped((double)stats.arena_bytes / (1 << 20), text[3]));
    fflush(out);
}

static void histogram_print(const struct steady *steady, const struct times *times,
                            const struct times *own)
{
    FILE *out = steady->settings->report.markdown;
    uint64_t sums[4] = {0, 0, 0, 0};
    fprintf(out,
            "\nFiles take at most %.3f times what is alive, once every item has moved.\n\nHow long "
            "commits take: per cent of them, with their syncs and without; and of %" PRIu64
            " without cleaning.\n\n| below µs | commits | without syncs | no cleaning | without "
            "syncs |\n|---|---|---|---|---|\n",
            steady->amplification_max, own->count);
    for (unsigned i = 0; i < buckets && sums[0] < times->count; i++) {
        sums[0] += times->all[i];
        sums[1] += times->unsynced[i];
        sums[2] += own->all[i];
        sums[3] += own->unsynced[i];
        if (sums[1] > 0 || sums[3] > 0)
            fprintf(out, "| %llu | %.3f | %.3f | %.1f | %.1f |\n", 1ull << i,
                    100.0 * (double)sums[0] / (double)times->count,
                    100.0 * (double)sums[1] / (double)times->count,
                    100.0 * (double)sums[2] / (double)own->count,
                    100.0 * (double)sums[3] / (double)own->count);
    }
    fprintf(out,
            "\nThe slowest took %.1f ms, %.1f without its syncs; of those without cleaning %.1f "
            "and %.1f ms.\n",
            (double)times->slowest_ns * 1e-6, (double)times->slowest_unsynced_ns * 1e-6,
            (double)own->slowest_ns * 1e-6, (double)own->slowest_unsynced_ns * 1e-6);
}

static void bytes_print(const struct steady *steady, double own)
{
    FILE *out = steady->settings->report.markdown;
    double commits = (double)steady->warm_commits * 1024.0;
    double written = (double)steady->warm_written / commits;
    double cleaned = (double)steady->warm_cleaned / commits;
    fprintf(out,
            "\nA commit writes %.0f KiB once every item has moved: %.0f for its own changes, %.0f "
            "that move out of arenas,\n%.0f for paths to these and for manifests.\n",
            written, own, cleaned, written - own - cleaned);
}

/* The store goes on without cleaning. */
static double own_run(struct steady *steady, struct times *own)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    must(xt_store_close(steady->store), "xt_store_close");
    options.writable = true;
    options.no_cleaning = true;
    must(xt_store_open(steady->path, &options, &steady->store), steady->path);
    steady->sync_ns = writer_stats(steady).sync.total_ns;
    uint64_t written = bytes_written();
    for (unsigned i = 0; i < own_commits; i++)
        commit_next(steady, own);
    return (double)(bytes_written() - written) / own_commits / 1024.0;
}

static void result_tell(const struct steady *steady, const char *way, const char *unit,
                        double value)
{
    static struct series series;
    series.count = 0;
    series_add(&series, value);
    struct result result = {.benchmark = "steady",
                            .data = "uniform",
                            .contestant = "XTree",
                            .way = way,
                            .unit = unit,
                            .items = steady->items,
                            .series = &series};
    report_result(&steady->settings->report, &result);
}

static void results_tell(const struct steady *steady, const struct times *times,
                         const struct times *own, double own_kib)
{
    double written = (double)steady->warm_written / (double)steady->warm_commits / 1024.0;
    result_tell(steady, "files, at most", "times what is alive", steady->amplification_max);
    result_tell(steady, "written by a commit", "KiB", written);
    result_tell(steady, "written without cleaning", "KiB", own_kib);
    result_tell(steady, "slowest commit", "ms", (double)times->slowest_ns * 1e-6);
    result_tell(steady, "slowest without its syncs", "ms",
                (double)times->slowest_unsynced_ns * 1e-6);
    result_tell(steady, "slowest without cleaning", "ms", (double)own->slowest_ns * 1e-6);
}

void bench_steady(const struct settings *settings)
{
    static struct steady steady;
    static struct times times;
    static struct times own;
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
            (steady.moved < steady.items ? commit_next : commit_warm)(&steady, &times);
        line_print(&steady);
    }
    double own_kib = own_run(&steady, &own);
    histogram_print(&steady, &times, &own);
    bytes_print(&steady, own_kib);
    results_tell(&steady, &times, &own, own_kib);
    must(xt_store_close(steady.store), "xt_store_close");
    files_remove(path);
}
