/* bench/allocations.c -- sub-command allocations: what insertions ask of the heap, and what the end
 * of an index takes.
 *
 * Each library grows an index in a process of its own, twice: once with the library of counting.c
 * preloaded, which counts calls of the heap, and once without, for the times.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "bench.h"
#include "clock.h"
#include "counting.h"
#include "data.h"
#include "files.h"
#include "orders.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the process of one library ------------------------------------------------------------ */

/* Zeros where nothing is preloaded. */
static struct heap_counts counts_now(void)
{
    counting_function *now = NULL;
    void *symbol = dlsym(RTLD_DEFAULT, COUNTING_SYMBOL);
    memcpy(&now, &symbol, sizeof now);
    return now != NULL ? now() : (struct heap_counts){0};
}

static const struct contestant *contestant_named(const char *name)
{
    for (size_t i = 0; contestants[i] != NULL; i++) {
        if (strcmp(contestants[i]->name, name) == 0)
            return contestants[i];
    }
    bench_die("%s: no such library", name);
}

/* Arguments: what to print, the library, items, seed. Prints two numbers. */
void child_allocations(int count, char **arguments)
{
    struct dataset data;
    struct rows rows;
    if (count != 4)
        bench_die("child-allocations needs four arguments");
    const struct contestant *contestant = contestant_named(arguments[1]);
    uint64_t seed = strtoull(arguments[3], NULL, 10);
    data_make_uniform(&data, strtoull(arguments[2], NULL, 10), seed);
    rows_make(&rows, &data, ORDER_RANDOM, seed);
    void *index = contestant->create(&data);
    struct heap_counts before = counts_now();
    uint64_t start = clock_now_ns();
    contestant->insert(index, &rows);
    uint64_t insert_ns = clock_now_ns() - start;
    struct heap_counts grown = counts_now();
    if (contestant->settle != NULL)
        contestant->settle(index);
    start = clock_now_ns();
    contestant->destroy(index);
    uint64_t destroy_ns = clock_now_ns() - start;
    if (strcmp(arguments[0], "calls") == 0)
        printf("%" PRIu64 " %" PRIu64 "\n", grown.allocations - before.allocations,
               grown.frees - before.frees);
    else if (strcmp(arguments[0], "bytes") == 0)
        printf("%" PRIu64 " %" PRIu64 "\n", grown.bytes - before.bytes, (uint64_t)0);
    else
        printf("%" PRIu64 " %" PRIu64 "\n", insert_ns, destroy_ns);
    rows_release(&rows);
    data_release(&data);
}

/* ---- the sub-command ----------------------------------------------------------------------- */

/* The library to preload lies beside this program. */
static void preload_set(bool is_counted)
{
    char path[4096];
    if (!is_counted) {
        unsetenv("LD_PRELOAD");
        return;
    }
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 32);
    if (size <= 0)
        bench_die("/proc/self/exe: cannot be read");
    path[size] = '\0';
    strcpy(strrchr(path, '/') + 1, "xtree-counting.so");
    if (access(path, R_OK) != 0 || setenv("LD_PRELOAD", path, 1) != 0)
        bench_die("%s: cannot be preloaded", path);
}

static void child_run(const struct settings *settings, const struct contestant *contestant,
                      const char *what, uint64_t items, uint64_t numbers[2])
{
    char command[] = "child-allocations";
    char asked[16];
    char name[96];
    char items_text[32];
    char seed[32];
    snprintf(asked, sizeof asked, "%s", what);
    snprintf(name, sizeof name, "%s", contestant->name);
    snprintf(items_text, sizeof items_text, "%" PRIu64, items);
    snprintf(seed, sizeof seed, "%" PRIu64, settings->seed);
    char *arguments[] = {NULL, command, asked, name, items_text, seed, NULL};
    preload_set(strcmp(what, "times") != 0);
    process_run(arguments, numbers);
    preload_set(false);
}

static void result_tell(const struct settings *settings, const struct contestant *contestant,
                        const char *way, const char *unit, double value)
{
    struct series series = {0};
    series_add(&series, value);
    struct result result = {.benchmark = "allocations",
                            .data = "uniform",
                            .contestant = contestant->name,
                            .way = way,
                            .unit = unit,
                            .items = settings_items(settings, 100000, 1000000),
                            .series = &series};
    report_result(&settings->report, &result);
}

static void contestant_measure(const struct settings *settings, const struct contestant *contestant)
{
    uint64_t items = settings_items(settings, 100000, 1000000);
    double count = (double)items;
    uint64_t calls[2];
    uint64_t bytes[2];
    uint64_t times[2];
    child_run(settings, contestant, "calls", items, calls);
    child_run(settings, contestant, "bytes", items, bytes);
    child_run(settings, contestant, "times", items, times);
    fprintf(settings->report.markdown, "| %s | %.4f | %.4f | %.1f | %.0f | %.2f |\n",
            contestant->name, (double)calls[0] / count, (double)calls[1] / count,
            (double)bytes[0] / count, (double)times[0] / count, (double)times[1] * 1e-6);
    fflush(settings->report.markdown);
    result_tell(settings, contestant, "allocated", "calls per insertion", (double)calls[0] / count);
    result_tell(settings, contestant, "freed", "calls per insertion", (double)calls[1] / count);
    result_tell(settings, contestant, "allocated", "bytes per insertion", (double)bytes[0] / count);
    result_tell(settings, contestant, "insertion", "ns", (double)times[0] / count);
    result_tell(settings, contestant, "end of the index", "ms", (double)times[1] * 1e-6);
}

void bench_allocations(const struct settings *settings)
{
    uint64_t items = settings_items(settings, 100000, 1000000);
    struct dataset like = {.is_uniform = true, .dims = 2, .count = items};
    char text[32];
    fprintf(settings->report.markdown,
            "%s uniform points, added in random order. Calls of malloc() and its like, and bytes "
            "asked for, for one insertion;\nthe end is that of an index that holds all of them.\n\n"
            "| library | allocations | frees | bytes | insertion ns | end ms |\n"
            "|---|---|---|---|---|---|\n",
            report_grouped((double)items, text));
    for (size_t i = 0; contestants[i] != NULL; i++) {
        if (contestants[i]->create != NULL && contestants[i]->own_ns == NULL &&
            contestant_takes(contestants[i], &like))
            contestant_measure(settings, contestants[i]);
    }
}
