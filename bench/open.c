/* bench/open.c -- sub-command open: from nothing to the first answer, in a new process.
 *
 * Stores of several sizes are made once. Then many processes, in turn over sizes and libraries,
 * open one each and measure from before the opening call until the first answer is there. The page
 * cache is warm.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "files.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { cases_max = 32, sizes_max = 8, probe_target = 10 };

struct open_case {
    const struct opener *opener;
    uint64_t items;
    char path[4096];
    struct series us;
};

struct open_bench {
    const struct settings *settings;
    size_t size_count;
    uint64_t sizes[sizes_max];
    size_t count;
    struct open_case cases[cases_max];
};

/* Where number `i` of the processes looks. */
static void probe_make(uint64_t items, uint64_t seed, uint64_t i, struct probe *probe)
{
    window_uniform(items, probe_target, seed + 9, i, probe->window);
    probe->key = (uint64_t)(data_unit(seed + 10, i) * (double)items);
}

/* child-open LIBRARY PATH ITEMS SEED NUMBER: prints nanoseconds and results. */
void child_open(int count, char **arguments)
{
    struct probe probe;
    const struct opener *opener = NULL;
    if (count != 5)
        bench_die("child-open is for xtree-bench itself");
    for (size_t i = 0; openers[i] != NULL; i++) {
        if (strcmp(openers[i]->name, arguments[0]) == 0)
            opener = openers[i];
    }
    if (opener == NULL)
        bench_die("no library of the name %s", arguments[0]);
    probe_make(strtoull(arguments[2], NULL, 10), strtoull(arguments[3], NULL, 10),
               strtoull(arguments[4], NULL, 10), &probe);
    uint64_t start = clock_now_ns();
    uint64_t results = opener->first_answer(arguments[1], &probe);
    uint64_t end = clock_now_ns();
    printf("%" PRIu64 " %" PRIu64 "\n", end - start, results);
}

/* Returns the number of results. */
static uint64_t case_run(const struct settings *settings, struct open_case *open_case,
                         uint64_t number, bool is_measured)
{
    char command[] = "child-open";
    char name[32];
    char items[32];
    char seed[32];
    char nth[32];
    uint64_t numbers[2]; /* nanoseconds, results */
    snprintf(name, sizeof name, "%s", open_case->opener->name);
    snprintf(items, sizeof items, "%" PRIu64, open_case->items);
    snprintf(seed, sizeof seed, "%" PRIu64, settings->seed);
    snprintf(nth, sizeof nth, "%" PRIu64, number);
    char *arguments[] = {NULL, command, name, open_case->path, items, seed, nth, NULL};
    process_run(arguments, numbers);
    if (is_measured)
        series_add(&open_case->us, (double)numbers[0] / 1000.0);
    return numbers[1];
}

static void cases_create(struct open_bench *bench)
{
    for (size_t i = 0; openers[i] != NULL; i++) {
        for (size_t j = 0; j < bench->size_count; j++) {
            if (openers[i]->items_most > 0 && bench->sizes[j] > openers[i]->items_most)
                continue;
            if (bench->count == cases_max)
                bench_die("more than %d stores to open", (int)cases_max);
            struct open_case *open_case = &bench->cases[bench->count++];
            open_case->opener = openers[i];
            open_case->items = bench->sizes[j];
            snprintf(open_case->path, sizeof open_case->path, "%s/open-%s-%" PRIu64,
                     bench->settings->work, openers[i]->name, bench->sizes[j]);
            files_remove(open_case->path);
            openers[i]->create(open_case->path, open_case->items, bench->settings->seed,
                               bench->settings->threads);
        }
    }
}

/* The first stores are ours: what they find, stores of as many items must find too. */
static void results_compare(const struct open_bench *bench, const uint64_t *results)
{
    for (size_t i = 0; i < bench->count; i++) {
        const struct opener *opener = bench->cases[i].opener;
        size_t own = 0;
        while (bench->cases[own].items != bench->cases[i].items)
            own++;
        uint64_t most = results[own] + (opener->is_float32 ? results[own] / 100 : 0);
        if (results[i] == 0)
            bench_die("%s: no results at all", bench->cases[i].path);
        if (!opener->is_by_key && (results[i] < results[own] || results[i] > most))
            bench_die("%s: other results than in %s", bench->cases[i].path, bench->cases[own].path);
    }
}

/* Every question is asked by two processes, one after the other, and the second is measured: so
 * what it reads is in the page cache, also of a store whose pages the system would have let go. */
static void cases_run(struct open_bench *bench, unsigned rounds)
{
    uint64_t results[cases_max] = {0};
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < bench->count; i++) {
            (void)case_run(bench->settings, &bench->cases[i], round, false);
            results[i] += case_run(bench->settings, &bench->cases[i], round, true);
        }
    }
    results_compare(bench, results);
}

static void case_print(const struct open_bench *bench, const struct open_case *open_case)
{
    char items[32];
    const struct series *us = &open_case->us;
    fprintf(bench->settings->report.markdown, "| %s | %s | %.0f | %.0f | %.0f |\n",
            open_case->opener->name, report_grouped((double)open_case->items, items),
            series_median(us), series_percentile(us, 0), series_percentile(us, 90));
    struct result result = {.benchmark = "open",
                            .data = "uniform",
                            .contestant = open_case->opener->name,
                            .way = "",
                            .unit = "us",
                            .items = open_case->items,
                            .series = us};
    report_result(&bench->settings->report, &result);
}

static void bench_print(const struct open_bench *bench)
{
    FILE *out = bench->settings->report.markdown;
    const struct open_case *first = &bench->cases[0];
    const struct open_case *last = &bench->cases[bench->size_count - 1];
    char few[32];
    char many[32];
    fprintf(
        out,
        "%zu processes for each line, page cache warm (another process has just asked the same): "
        "microseconds from before the opening "
        "call to the ids of a window of about %d results (LMDB: to the value of a key).\n\n"
        "| library | items | median | least | 90 %% |\n|---|---|---|---|---|\n",
        first->us.count, (int)probe_target);
    for (size_t i = 0; i < bench->count; i++)
        case_print(bench, &bench->cases[i]);
    fprintf(out, "\n%s items take %.2f times as long as %s (medians).",
            report_grouped((double)last->items, many),
            series_median(&last->us) / series_median(&first->us),
            report_grouped((double)first->items, few));
    for (size_t i = 0; i < bench->size_count && openers[1] != NULL; i++)
        fprintf(out, "%s %.2f%s", i == 0 ? " Relative to LMDB, smallest to largest:" : ",",
                series_median(&bench->cases[i].us) /
                    series_median(&bench->cases[bench->size_count + i].us),
                i + 1 == bench->size_count ? ".\n" : "");
    fflush(out);
}

void bench_open(const struct settings *settings)
{
    static const uint64_t sizes[] = {10000, 100000, 1000000, 20000000};
    static struct open_bench bench;
    memset(&bench, 0, sizeof bench);
    bench.settings = settings;
    uint64_t most = settings_items(settings, 1000000, 20000000);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (i == 0 || sizes[i] <= most)
            bench.sizes[bench.size_count++] = sizes[i];
    }
    files_make_folder(settings->work);
    cases_create(&bench);
    cases_run(&bench, settings->rounds > 0 ? settings->rounds : settings->is_quick ? 50 : 200);
    bench_print(&bench);
    for (size_t i = 0; i < bench.count; i++)
        files_remove(bench.cases[i].path);
}
