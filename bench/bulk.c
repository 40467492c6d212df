/* bench/bulk.c -- sub-command bulk: seconds and memory of building from all points at once.
 *
 * Every way of building is an entry; each round runs all entries, one after the other, so that
 * what else the machine does meets all of them; what takes very long is built once. The peak of
 * memory is measured before, each in a process of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "files.h"
#include "stores.h"

#include <string.h>

enum { entries_max = 32 };

static const double seconds_most = 10.0; /* what takes longer is built in the first round only */

struct entry {
    const struct contestant *contestant;
    unsigned way;
    unsigned threads;
    const struct dataset *data; /* for the process that measures the peak */
    uint64_t peak_kib;
    uint64_t bytes;
    struct series seconds;
};

struct bulk {
    const struct settings *settings;
    struct dataset data;
    size_t count;
    struct entry entries[entries_max];
    struct series disk_seconds;
    uint64_t disk_bytes;
};

static void entry_add(struct bulk *bulk, const struct contestant *contestant, unsigned way,
                      unsigned threads)
{
    if (bulk->count == entries_max)
        bench_die("more than %d ways to build", (int)entries_max);
    bulk->entries[bulk->count++] = (struct entry){
        .contestant = contestant, .way = way, .threads = threads, .data = &bulk->data};
}

static void entries_list(struct bulk *bulk)
{
    for (size_t i = 0; contestants[i] != NULL; i++) {
        const struct contestant *contestant = contestants[i];
        if (contestant->build == NULL || !contestant_takes(contestant, &bulk->data))
            continue;
        for (unsigned way = 0; contestant->builders[way] != NULL; way++) {
            if (contestant->has_threads && bulk->settings->threads > 1)
                entry_add(bulk, contestant, way, bulk->settings->threads);
            entry_add(bulk, contestant, way, 1);
        }
    }
}

static uint64_t entry_peak(void *context)
{
    const struct entry *entry = context;
    void *prepared = entry->contestant->prepare(entry->data);
    memory_peak_reset();
    uint64_t before = memory_now_kib();
    void *built = entry->contestant->build(prepared, entry->way, entry->threads);
    uint64_t peak_kib = entry->contestant->own_peak_kib != NULL
                            ? entry->contestant->own_peak_kib(built)
                            : memory_peak_kib() - before;
    entry->contestant->destroy(built); /* it may have files */
    return peak_kib;
}

static void entry_round(struct entry *entry)
{
    if (entry->seconds.count > 0 && entry->seconds.values[0] > seconds_most)
        return;
    void *prepared = entry->contestant->prepare(entry->data);
    uint64_t start = clock_now_ns();
    void *built = entry->contestant->build(prepared, entry->way, entry->threads);
    double seconds = clock_seconds_since(start);
    if (entry->contestant->own_ns != NULL)
        seconds = (double)entry->contestant->own_ns(built, false) * 1e-9;
    series_add(&entry->seconds, seconds);
    entry->bytes = entry->contestant->bytes(built);
    entry->contestant->destroy(built);
    entry->contestant->unprepare(prepared);
}

static void disk_round(struct bulk *bulk)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/bulk", bulk->settings->work);
    files_remove(path);
    uint64_t start = clock_now_ns();
    xt_store *store = store_load(path, &bulk->data, 0, bulk->settings->threads);
    if (xt_store_commit(store, NULL) != XT_OK)
        bench_die("%s: commit failed", path);
    series_add(&bulk->disk_seconds, clock_seconds_since(start));
    if (xt_store_close(store) != XT_OK)
        bench_die("%s: close failed", path);
    bulk->disk_bytes = files_bytes(path);
    files_remove(path);
}

/* The first contestant that is not ours. */
static const struct entry *entry_peer(const struct bulk *bulk)
{
    for (size_t i = 0; i < bulk->count; i++) {
        if (bulk->entries[i].contestant != contestants[0])
            return &bulk->entries[i];
    }
    return NULL;
}

static void row_print(const struct bulk *bulk, const char *name, const char *way,
                      const struct series *seconds, const char *rest)
{
    const struct entry *peer = entry_peer(bulk);
    struct series ratio = {0};
    char spread[64];
    char ratio_text[64] = "";
    if (peer != NULL && seconds != &peer->seconds) {
        series_ratio(seconds, &peer->seconds, &ratio);
        report_spread(&ratio, ratio_text);
    }
    fprintf(bulk->settings->report.markdown, "| %s | %s | %s | %s | %s |\n", name, way,
            report_spread(seconds, spread), ratio_text, rest);
    struct result result = {.benchmark = "bulk",
                            .data = bulk->data.name,
                            .contestant = name,
                            .way = way,
                            .unit = "s",
                            .items = bulk->data.count,
                            .series = seconds,
                            .ratio = ratio.count > 0 ? &ratio : NULL};
    report_result(&bulk->settings->report, &result);
}

static void entry_print(const struct bulk *bulk, const struct entry *entry)
{
    char way[96];
    char rest[96];
    snprintf(way, sizeof way, "%s, %u thread%s", entry->contestant->builders[entry->way],
             entry->threads, entry->threads == 1 ? "" : "s");
    snprintf(rest, sizeof rest, "%.0f | %.1f", (double)entry->peak_kib / 1024.0,
             (double)entry->bytes / (double)bulk->data.count);
    row_print(bulk, entry->contestant->name, way, &entry->seconds, rest);
}

static void bulk_print(const struct bulk *bulk)
{
    FILE *out = bulk->settings->report.markdown;
    const struct entry *peer = entry_peer(bulk);
    char items[32];
    char rest[96];
    char way[96];
    fprintf(out,
            "%s %s points. Seconds are medians (least to most); the peak of memory is beyond the "
            "caller's array and includes the finished index.\n\n",
            report_grouped((double)bulk->data.count, items), bulk->data.name);
    fprintf(out, "| library | way | seconds | time relative to %s | peak MiB | bytes per item |\n",
            peer != NULL ? peer->contestant->name : "none");
    fprintf(out, "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < bulk->count; i++)
        entry_print(bulk, &bulk->entries[i]);
    snprintf(way, sizeof way, "arrays, %u threads, on disk, committed", bulk->settings->threads);
    snprintf(rest, sizeof rest, " | %.1f", (double)bulk->disk_bytes / (double)bulk->data.count);
    row_print(bulk, contestants[0]->name, way, &bulk->disk_seconds, rest);
    contestants_left_out(out, &bulk->data);
    fflush(out);
}

void bench_bulk(const struct settings *settings)
{
    static struct bulk bulk;
    memset(&bulk, 0, sizeof bulk);
    bulk.settings = settings;
    files_make_folder(settings->work);
    data_make_uniform(&bulk.data, settings_items(settings, 1000000, 10000000), settings->seed);
    entries_list(&bulk);
    for (size_t i = 0; i < bulk.count; i++)
        bulk.entries[i].peak_kib = process_fork(entry_peak, &bulk.entries[i]);
    unsigned rounds = settings->rounds > 0 ? settings->rounds : 5;
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < bulk.count; i++)
            entry_round(&bulk.entries[i]);
        disk_round(&bulk);
    }
    bulk_print(&bulk);
    data_release(&bulk.data);
}
