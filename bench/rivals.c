/* bench/rivals.c -- indexes of several libraries that answer the same windows, in rounds.
 *
 * Every way of querying is an entry. All entries answer the same windows; the warm-up compares the
 * number and the sum of the ids of each single window, the timed rounds the number of all.
 *
 * SPDX-License-Identifier: MIT
 */
#include "rivals.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

void rivals_begin(struct rivals *rivals, const struct settings *settings,
                  const struct dataset *data)
{
    memset(rivals, 0, sizeof *rivals);
    rivals->settings = settings;
    rivals->data = data;
    rivals->ids = calloc(data->count + WINDOW_SLACK, sizeof *rivals->ids);
    if (rivals->ids == NULL)
        bench_die("out of memory");
}

void rivals_add(struct rivals *rivals, const struct contestant *contestant, void *built,
                const char *label)
{
    for (unsigned walker = 0; contestant->walkers[walker] != NULL; walker++) {
        if (!contestant->can_walk(built, walker))
            continue;
        if (rivals->count == rivals_max)
            bench_die("more than %d ways to query", (int)rivals_max);
        struct entry *entry = &rivals->entries[rivals->count++];
        *entry = (struct entry){.contestant = contestant, .built = built, .walker = walker};
        snprintf(entry->name, sizeof entry->name, "%s, %s%s", contestant->name,
                 contestant->walkers[walker], label);
    }
}

void rivals_add_best(struct rivals *rivals, const struct contestant *contestant, void *built,
                     const char *label)
{
    struct entry *first = &rivals->entries[rivals->count];
    rivals_add(rivals, contestant, built, label);
    struct entry *last = &rivals->entries[rivals->count - 1];
    *first = *last;
    rivals->count = (size_t)(first - rivals->entries) + 1;
}

void rivals_end(struct rivals *rivals)
{
    free(rivals->ids);
}

static const struct entry *rivals_peer(const struct rivals *rivals)
{
    for (size_t i = 0; i < rivals->count; i++) {
        if (rivals->entries[i].contestant != contestants[0])
            return &rivals->entries[i];
    }
    return NULL;
}

/* ---- one round of one entry ---------------------------------------------------------------- */

static uint64_t ids_of_all(const struct entry *entry, const struct windows *windows, uint64_t *ids)
{
    uint64_t total = 0;
    for (size_t i = 0; i < windows->count; i++)
        total +=
            entry->contestant->window(entry->built, entry->walker, windows->bounds + 4 * i, ids);
    return total;
}

static uint64_t count_of_all(const struct entry *entry, const struct windows *windows)
{
    uint64_t total = 0;
    for (size_t i = 0; i < windows->count; i++)
        total += entry->contestant->count(entry->built, entry->walker, windows->bounds + 4 * i);
    return total;
}

static void entry_round(struct rivals *rivals, struct entry *entry, const struct windows *windows,
                        uint64_t expected)
{
    const struct settings *settings = rivals->settings;
    double count_e9 = (double)windows->count * 1e9;
    uint64_t start = settings_now_ns(settings);
    uint64_t total = ids_of_all(entry, windows, rivals->ids);
    uint64_t middle = settings_now_ns(settings);
    uint64_t counted = count_of_all(entry, windows);
    uint64_t end = settings_now_ns(settings);
    series_add(&entry->ids, count_e9 / (double)(middle - start));
    series_add(&entry->counts, count_e9 / (double)(end - middle));
    if (total != expected || counted != expected)
        bench_die("%s gives other answers than in its warm-up", entry->contestant->name);
}

/* ---- comparing the answers ----------------------------------------------------------------- */

/* The number and the sum of the ids of one window, as one number. */
static uint64_t answer_of(const struct entry *entry, const double *window, uint64_t *ids,
                          size_t *count)
{
    uint64_t sum = 0;
    *count = entry->contestant->window(entry->built, entry->walker, window, ids);
    for (size_t i = 0; i < *count; i++)
        sum += ids[i];
    if (entry->contestant->count(entry->built, entry->walker, window) != *count)
        bench_die("%s counts other than it delivers", entry->contestant->name);
    return sum;
}

/* Returns the results of all windows together. */
static uint64_t answers_compare(struct rivals *rivals, const struct windows *windows)
{
    uint64_t total = 0;
    for (size_t i = 0; i < windows->count; i++) {
        const double *window = windows->bounds + 4 * i;
        size_t count = 0;
        uint64_t sum = answer_of(&rivals->entries[0], window, rivals->ids, &count);
        for (size_t j = 1; j < rivals->count; j++) {
            const struct entry *entry = &rivals->entries[j];
            size_t other_count = 0;
            uint64_t other_sum = answer_of(entry, window, rivals->ids, &other_count);
            if (other_count != count || other_sum != sum)
                bench_die("%s and %s disagree about window %zu", entry->name,
                          rivals->entries[0].name, i);
        }
        total += count;
    }
    return total;
}

/* ---- telling ------------------------------------------------------------------------------- */

static void cell_print(const struct rivals *rivals, const struct entry *entry,
                       const struct windows *windows, bool is_count)
{
    const struct entry *peer = rivals_peer(rivals);
    const struct series *own = is_count ? &entry->counts : &entry->ids;
    struct series ratio = {0};
    char number[32];
    char spread[64] = "";
    char benchmark[64];
    if (peer != NULL && entry != peer) {
        series_ratio(own, is_count ? &peer->counts : &peer->ids, &ratio);
        report_spread(&ratio, spread);
    }
    fprintf(rivals->settings->report.markdown, " %s | %s |",
            report_grouped(series_median(own), number), spread);
    snprintf(benchmark, sizeof benchmark, "window %llu, %s", (unsigned long long)windows->target,
             is_count ? "count" : "ids");
    struct result result = {.benchmark = benchmark,
                            .data = rivals->data->name,
                            .contestant = entry->contestant->name,
                            .way = entry->name,
                            .unit = "queries/s",
                            .items = rivals->data->count,
                            .series = own,
                            .ratio = ratio.count > 0 ? &ratio : NULL};
    report_result(&rivals->settings->report, &result);
}

static void target_print(const struct rivals *rivals, const struct windows *windows, uint64_t total)
{
    FILE *out = rivals->settings->report.markdown;
    char items[32];
    for (size_t i = 0; i < rivals->count; i++) {
        const struct entry *entry = &rivals->entries[i];
        fprintf(out, "| %s | %s |", report_grouped((double)total / (double)windows->count, items),
                entry->name);
        cell_print(rivals, entry, windows, false);
        cell_print(rivals, entry, windows, true);
        fprintf(out, "\n");
    }
    fflush(out);
}

static void head_print(const struct rivals *rivals)
{
    const struct entry *peer = rivals_peer(rivals);
    const char *name = peer != NULL ? peer->contestant->name : "none";
    fprintf(rivals->settings->report.markdown,
            "| results | library | ids: queries/s | relative to %s | count: queries/s | relative "
            "to %s |\n|---|---|---|---|---|---|\n",
            name, name);
}

/* ---- all targets --------------------------------------------------------------------------- */

static void target_measure(struct rivals *rivals, struct windows *windows)
{
    unsigned rounds = rivals->settings->rounds > 0 ? rivals->settings->rounds : 7;
    windows_make(windows, rivals->data, rivals->entries[0].contestant, rivals->entries[0].built,
                 rivals->settings->seed + windows->target);
    uint64_t total = answers_compare(rivals, windows);
    for (size_t i = 0; i < rivals->count; i++) {
        rivals->entries[i].ids.count = 0;
        rivals->entries[i].counts.count = 0;
    }
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < rivals->count; i++)
            entry_round(rivals, &rivals->entries[i], windows, total);
    }
    target_print(rivals, windows, total);
    windows_release(windows);
}

void rivals_measure(struct rivals *rivals)
{
    struct windows targets[] = {
        {.count = 100000, .target = 1    },
        {.count = 40000,  .target = 100  },
        {.count = 1000,   .target = 10000}
    };
    head_print(rivals);
    clock_pin();
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        target_measure(rivals, &targets[i]);
    clock_unpin();
}
