/* bench/memory_limit.c -- sub-command memory-limit: a load keeps to its limit and loses nothing.
 *
 * One process loads generated points with a limit, one without, each with no array of its own. A
 * third opens both stores and compares the answers to many windows.
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

enum { window_count = 1000, window_target = 100 };

/* child-load PATH ITEMS SEED THREADS LIMIT: prints the peak in KiB and milliseconds. */
void child_load(int count, char **arguments)
{
    if (count != 5)
        bench_die("child-load is for xtree-bench itself");
    struct load_limits limits = {.threads = (unsigned)strtoul(arguments[3], NULL, 10),
                                 .memory_bytes = strtoull(arguments[4], NULL, 10)};
    uint64_t start = clock_now_ns();
    store_load_generated(arguments[0], strtoull(arguments[1], NULL, 10),
                         strtoull(arguments[2], NULL, 10), &limits);
    printf("%" PRIu64 " %.0f\n", memory_peak_kib(), 1000.0 * clock_seconds_since(start));
}

/* The number of results and the sum of their ids. */
static void answer_read(const xt_snapshot *snapshot, const double *window, uint64_t answer[2])
{
    uint64_t ids[512];
    size_t count = 0;
    xt_query *query = NULL;
    xt_status status = xt_query_window(snapshot, window, NULL, &query);
    if (status != XT_OK)
        bench_die("xt_query_window: %s", xt_status_text(status));
    answer[0] = 0;
    answer[1] = 0;
    while ((status = xt_query_next_batch(query, ids, 512, &count)) == XT_OK) {
        answer[0] += count;
        for (size_t i = 0; i < count; i++)
            answer[1] += ids[i];
    }
    if (status != XT_DONE)
        bench_die("xt_query_next_batch: %s", xt_status_text(status));
    xt_query_close(query);
}

static xt_snapshot *snapshot_open(const char *path, xt_store **store)
{
    xt_snapshot *snapshot = NULL;
    if (xt_store_open(path, NULL, store) != XT_OK || xt_snapshot_latest(*store, &snapshot) != XT_OK)
        bench_die("%s: cannot be opened", path);
    return snapshot;
}

/* child-compare PATH PATH ITEMS SEED: prints how many windows agree and the results of all. */
void child_compare(int count, char **arguments)
{
    xt_store *stores[2];
    xt_snapshot *snapshots[2];
    uint64_t agreed = 0;
    uint64_t results = 0;
    if (count != 4)
        bench_die("child-compare is for xtree-bench itself");
    for (size_t i = 0; i < 2; i++)
        snapshots[i] = snapshot_open(arguments[i], &stores[i]);
    if (xt_snapshot_count(snapshots[0]) != xt_snapshot_count(snapshots[1]))
        bench_die("the stores hold different numbers of items");
    for (uint64_t i = 0; i < window_count; i++) {
        double window[4];
        uint64_t answers[2][2];
        window_uniform(strtoull(arguments[2], NULL, 10), window_target,
                       strtoull(arguments[3], NULL, 10) + 11, i, window);
        for (size_t j = 0; j < 2; j++)
            answer_read(snapshots[j], window, answers[j]);
        agreed += answers[0][0] == answers[1][0] && answers[0][1] == answers[1][1];
        results += answers[0][0];
    }
    for (size_t i = 0; i < 2; i++) {
        xt_snapshot_release(snapshots[i]);
        xt_store_close(stores[i]);
    }
    printf("%" PRIu64 " %" PRIu64 "\n", agreed, results);
}

/* ---- the process that starts them ---------------------------------------------------------- */

struct load {
    const char *name;
    char path[4096];
    uint64_t limit_bytes;
    double peak_mib;
    double seconds;
};

static void load_run(const struct settings *settings, uint64_t items, struct load *load)
{
    char command[] = "child-load";
    char items_text[32];
    char seed[32];
    char threads[32];
    char limit[32];
    uint64_t numbers[2];
    snprintf(load->path, sizeof load->path, "%s/%s", settings->work, load->name);
    files_remove(load->path);
    snprintf(items_text, sizeof items_text, "%" PRIu64, items);
    snprintf(seed, sizeof seed, "%" PRIu64, settings->seed);
    snprintf(threads, sizeof threads, "%u", settings->threads);
    snprintf(limit, sizeof limit, "%" PRIu64, load->limit_bytes);
    char *arguments[] = {NULL, command, load->path, items_text, seed, threads, limit, NULL};
    process_run(arguments, numbers);
    load->peak_mib = (double)numbers[0] / 1024.0;
    load->seconds = (double)numbers[1] / 1000.0;
}

static void loads_compare(const struct settings *settings, uint64_t items, struct load loads[2])
{
    char command[] = "child-compare";
    char items_text[32];
    char seed[32];
    uint64_t numbers[2];
    snprintf(items_text, sizeof items_text, "%" PRIu64, items);
    snprintf(seed, sizeof seed, "%" PRIu64, settings->seed);
    char *arguments[] = {NULL, command, loads[0].path, loads[1].path, items_text, seed, NULL};
    process_run(arguments, numbers);
    if (numbers[0] != window_count || numbers[1] == 0)
        bench_die("only %" PRIu64 " of %d windows agree", numbers[0], (int)window_count);
    fprintf(settings->report.markdown,
            "\nBoth stores give the same answers to %d windows (%" PRIu64 " results).\n",
            (int)window_count, numbers[1]);
}

static void load_print(const struct settings *settings, uint64_t items, const struct load *load)
{
    struct series peak = {0};
    struct series seconds = {0};
    char limit[32] = "none";
    if (load->limit_bytes > 0)
        snprintf(limit, sizeof limit, "%" PRIu64, load->limit_bytes >> 20);
    fprintf(settings->report.markdown, "| %s | %.0f | %.2f |\n", limit, load->peak_mib,
            load->seconds);
    series_add(&peak, load->peak_mib);
    series_add(&seconds, load->seconds);
    struct result result = {.benchmark = "memory-limit",
                            .data = "uniform",
                            .contestant = contestants[0]->name,
                            .way = load->name,
                            .unit = "MiB",
                            .items = items,
                            .series = &peak};
    report_result(&settings->report, &result);
    result.unit = "s";
    result.series = &seconds;
    report_result(&settings->report, &result);
}

void bench_memory_limit(const struct settings *settings)
{
    uint64_t items = settings_items(settings, 2000000, 20000000);
    uint64_t limit = settings->is_quick || items < 10000000 ? 32u << 20 : 256u << 20;
    struct load loads[2] = {
        {.name = "limited", .limit_bytes = limit},
        {.name = "unlimited"                }
    };
    char text[32];
    files_make_folder(settings->work);
    for (size_t i = 0; i < 2; i++)
        load_run(settings, items, &loads[i]);
    fprintf(settings->report.markdown,
            "%s uniform points, added one by one to a store on disk, %u threads. The peak is the "
            "resident memory of the whole process.\n\n"
            "| limit MiB | peak MiB | seconds |\n|---|---|---|\n",
            report_grouped((double)items, text), settings->threads);
    for (size_t i = 0; i < 2; i++)
        load_print(settings, items, &loads[i]);
    loads_compare(settings, items, loads);
    fflush(settings->report.markdown);
    for (size_t i = 0; i < 2; i++)
        files_remove(loads[i].path);
}
