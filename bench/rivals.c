/* bench/rivals.c -- indexes of several libraries that answer the same windows, in rounds.
 *
 * Every way of querying is an entry. All entries answer the same windows, slow ones the first of
 * them; the warm-up compares the number and the sum of the ids of each single window, the timed
 * rounds the number of all.
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
        if (!contestant_can_walk(contestant, built, walker))
            continue;
        if (rivals->count == rivals_max)
            bench_die("more than %d ways to query", (int)rivals_max);
        struct entry *entry = &rivals->entries[rivals->count++];
        *entry = (struct entry){.contestant = contestant, .built = built, .walker = walker};
        snprintf(entry->name, sizeof entry->name, "%s, %s%s%s", contestant->name,
                 contestant->walkers[walker], label, contestant->is_float32 ? ", 32-bit" : "");
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

/* ---- asking -------------------------------------------------------------------------------- */

static const double *window_at(const struct rivals *rivals, const struct windows *windows, size_t i)
{
    return windows->bounds + 2 * (size_t)rivals->data->dims * i;
}

/* Asks `count` windows from number `at` on, and keeps how many ids each gives, and their sum. */
static void answers_get(struct rivals *rivals, const struct entry *entry,
                        const struct windows *windows, size_t at, size_t count)
{
    const struct contestant *contestant = entry->contestant;
    if (contestant->window_many != NULL) {
        struct window_batch batch = {.bounds = window_at(rivals, windows, at),
                                     .count = count,
                                     .counts = rivals->counts + at,
                                     .sums = rivals->sums + at};
        contestant->window_many(entry->built, &batch);
        return;
    }
    for (size_t i = at; i < at + count; i++) {
        const double *window = window_at(rivals, windows, i);
        size_t found = contestant->window(entry->built, entry->walker, window, rivals->ids);
        rivals->counts[i] = found;
        rivals->sums[i] = 0;
        for (size_t j = 0; j < found; j++)
            rivals->sums[i] += rivals->ids[j];
        if (contestant->count != NULL &&
            contestant->count(entry->built, entry->walker, window) != found)
            bench_die("%s counts other than it delivers", contestant->name);
    }
}

/* ---- comparing the answers ----------------------------------------------------------------- */

static void answers_compare(const struct rivals *rivals, struct entry *entry, size_t at,
                            size_t count)
{
    for (size_t i = at; i < at + count; i++) {
        entry->total += rivals->counts[i];
        if (rivals->counts[i] == rivals->expected_counts[i] &&
            rivals->sums[i] == rivals->expected_sums[i])
            continue;
        if (!entry->contestant->is_float32)
            bench_die("%s and %s disagree about window %zu", entry->name, rivals->entries[0].name,
                      i);
        entry->differing++;
    }
}

/* As many windows as it can answer in the time that a round has; these are compared. */
static void entry_try(struct rivals *rivals, struct entry *entry, const struct windows *windows)
{
    double most = rivals->settings->is_quick ? 0.25 : 1.0;
    uint64_t start = clock_now_ns();
    size_t part = 1;
    entry->asked = entry->differing = 0;
    entry->total = 0;
    while (entry->asked < windows->count && clock_seconds_since(start) < most) {
        size_t left = windows->count - entry->asked;
        size_t count = part < left ? part : left;
        answers_get(rivals, entry, windows, entry->asked, count);
        answers_compare(rivals, entry, entry->asked, count);
        entry->asked += count;
        part = part < 4096 ? 2 * part : part;
    }
}

/* What the first entry answers is what the others must: returns all its ids together. */
static uint64_t entries_try(struct rivals *rivals, const struct windows *windows)
{
    struct entry *first = &rivals->entries[0];
    uint64_t total = 0;
    answers_get(rivals, first, windows, 0, windows->count);
    for (size_t i = 0; i < windows->count; i++) {
        rivals->expected_counts[i] = rivals->counts[i];
        rivals->expected_sums[i] = rivals->sums[i];
        total += rivals->counts[i];
    }
    for (size_t i = 0; i < rivals->count; i++)
        entry_try(rivals, &rivals->entries[i], windows);
    return total;
}

static void answers_make(struct rivals *rivals, size_t count)
{
    uint64_t **arrays[] = {&rivals->counts, &rivals->sums, &rivals->expected_counts,
                           &rivals->expected_sums};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        *arrays[i] = calloc(count, sizeof **arrays[i]);
        if (*arrays[i] == NULL)
            bench_die("out of memory");
    }
}

static void answers_release(struct rivals *rivals)
{
    free(rivals->counts);
    free(rivals->sums);
    free(rivals->expected_counts);
    free(rivals->expected_sums);
}

/* ---- one round of one entry ---------------------------------------------------------------- */

static void total_check(const struct entry *entry, uint64_t total)
{
    if (total != entry->total)
        bench_die("%s gives other answers than in its warm-up", entry->contestant->name);
}

/* What an index in another process takes, by its own clock. */
static void many_round(const struct rivals *rivals, struct entry *entry,
                       const struct windows *windows)
{
    struct window_batch batch = {
        .bounds = windows->bounds, .count = entry->asked, .counts = rivals->counts};
    uint64_t total = 0;
    entry->contestant->window_many(entry->built, &batch);
    uint64_t ns = entry->contestant->own_ns(entry->built, rivals->settings->is_cpu_time);
    for (size_t i = 0; i < entry->asked; i++)
        total += rivals->counts[i];
    series_add(&entry->ids, (double)entry->asked * 1e9 / (double)ns);
    total_check(entry, total);
}

static void ids_round(const struct rivals *rivals, struct entry *entry,
                      const struct windows *windows)
{
    uint64_t total = 0;
    uint64_t start = settings_now_ns(rivals->settings);
    for (size_t i = 0; i < entry->asked; i++)
        total += entry->contestant->window(entry->built, entry->walker,
                                           window_at(rivals, windows, i), rivals->ids);
    uint64_t ns = settings_now_ns(rivals->settings) - start;
    series_add(&entry->ids, (double)entry->asked * 1e9 / (double)ns);
    total_check(entry, total);
}

static void count_round(const struct rivals *rivals, struct entry *entry,
                        const struct windows *windows)
{
    uint64_t total = 0;
    uint64_t start = settings_now_ns(rivals->settings);
    for (size_t i = 0; i < entry->asked; i++)
        total +=
            entry->contestant->count(entry->built, entry->walker, window_at(rivals, windows, i));
    uint64_t ns = settings_now_ns(rivals->settings) - start;
    series_add(&entry->counts, (double)entry->asked * 1e9 / (double)ns);
    total_check(entry, total);
}

static void entry_round(const struct rivals *rivals, struct entry *entry,
                        const struct windows *windows)
{
    if (entry->contestant->window_many != NULL) {
        many_round(rivals, entry, windows);
        return;
    }
    ids_round(rivals, entry, windows);
    if (entry->contestant->count != NULL)
        count_round(rivals, entry, windows);
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
    if (own->count == 0) {
        fprintf(rivals->settings->report.markdown, " | |");
        return;
    }
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

/* A line about those that keep 32 bits of a coordinate. */
static void notes_add(struct rivals *rivals, const struct windows *windows)
{
    for (size_t i = 0; i < rivals->count; i++) {
        const struct entry *entry = &rivals->entries[i];
        size_t used = strlen(rivals->notes);
        char differing[32];
        char asked[32];
        if (!entry->contestant->is_float32)
            continue;
        snprintf(rivals->notes + used, sizeof rivals->notes - used,
                 "\n%s: of %s windows of %llu, %s give other ids.\n", entry->name,
                 report_grouped((double)entry->asked, asked), (unsigned long long)windows->target,
                 report_grouped((double)entry->differing, differing));
    }
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
    const struct settings *settings = rivals->settings;
    unsigned rounds = settings->rounds > 0 ? settings->rounds : 7;
    if (settings->questions > 0 && settings->questions < windows->count)
        windows->count = (size_t)settings->questions;
    windows_make(windows, rivals->data, rivals->entries[0].contestant, rivals->entries[0].built,
                 settings->seed + windows->target);
    answers_make(rivals, windows->count);
    uint64_t total = entries_try(rivals, windows);
    for (size_t i = 0; i < rivals->count; i++) {
        rivals->entries[i].ids.count = 0;
        rivals->entries[i].counts.count = 0;
    }
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < rivals->count; i++)
            entry_round(rivals, &rivals->entries[i], windows);
    }
    target_print(rivals, windows, total);
    notes_add(rivals, windows);
    answers_release(rivals);
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
    fputs(rivals->notes, rivals->settings->report.markdown);
}
