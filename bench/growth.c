/* bench/growth.c -- sub-command growth: a store that grows by one insertion in each commit.
 *
 * Each commit adds an extent and leaves the last path dead, and addresses are what a store can run
 * out of first. So its files, arenas and range of addresses are told on the way, and when the range
 * would be full if it went on like this.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "data.h"
#include "files.h"
#include "xtree.h"

#include <stdio.h>

enum { lines = 20 };

static const double space_bytes = 256.0 * (1u << 30); /* what refs can address */

static void must(xt_status status, const char *what)
{
    if (status != XT_OK)
        bench_die("%s: %s", what, xt_status_text(status));
}

static xt_store_stats stats_of(xt_store *store)
{
    xt_store_stats stats = {.struct_size = sizeof stats};
    must(xt_store_stat(store, &stats), "xt_store_stat");
    return stats;
}

static void commits_run(const struct settings *settings, xt_store *store, uint64_t from,
                        uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        double point[2];
        data_uniform_point(settings->seed, i, point);
        must(xt_store_insert(store, i, point, NULL), "xt_store_insert");
        must(xt_store_commit(store, NULL), "xt_store_commit");
    }
}

static void line_print(FILE *out, uint64_t commits, const xt_store_stats *stats)
{
    char text[4][32];
    double live = (double)stats->live_bytes;
    fprintf(out, "| %s | %s | %s | %.3f | %llu | %s | %.3f |\n",
            report_grouped((double)commits, text[0]), report_grouped(live / 1024.0, text[1]),
            report_grouped((double)stats->file_bytes / 1024.0, text[2]),
            (double)stats->file_bytes / live, (unsigned long long)stats->arena_count,
            report_grouped((double)stats->arena_bytes / (1 << 20), text[3]),
            (double)stats->arena_bytes / live);
}

/* By what the second half of the commits has added. */
static void trend_print(FILE *out, uint64_t commits, const xt_store_stats *half,
                        const xt_store_stats *last)
{
    double added = (double)(last->arena_bytes - half->arena_bytes) / ((double)commits / 2.0);
    char text[32];
    fprintf(out,
            "\nThe second half of the commits took %.1f bytes of addresses each. At that, %.0f GiB "
            "are full after %s million.\n",
            added, space_bytes / (1u << 30), report_grouped(space_bytes / added / 1e6, text));
}

void bench_growth(const struct settings *settings)
{
    FILE *out = settings->report.markdown;
    uint64_t commits = settings_items(settings, 100000, 1000000);
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store_stats half = {.struct_size = sizeof half};
    xt_store_stats stats = {.struct_size = sizeof stats};
    xt_store *store;
    char path[4096];
    char text[32];
    snprintf(path, sizeof path, "%s/growth", settings->work);
    files_make_folder(settings->work);
    files_remove(path);
    options.dims = 2;
    must(xt_store_create(path, &options, &store), path);
    fprintf(out,
            "%s uniform points, each inserted by a durable commit of its own.\n\n| commits | alive "
            "KiB | files KiB | files / alive | arenas | address range MiB | range / alive "
            "|\n|---|---|---|---|---|---|---|\n",
            report_grouped((double)commits, text));
    for (unsigned line = 1; line <= lines; line++) {
        commits_run(settings, store, commits * (line - 1) / lines, commits * line / lines);
        stats = stats_of(store);
        line_print(out, commits * line / lines, &stats);
        fflush(out);
        if (line == lines / 2)
            half = stats;
    }
    trend_print(out, commits, &half, &stats);
    must(xt_store_close(store), "xt_store_close");
    files_remove(path);
}
