/* bench/limits.c -- sub-command limits: what this machine allows, whatever the library.
 *
 * Memory: a sum over an array that no cache holds, in one thread and in all; loads of which each
 * must wait for the one before. Disk: a page written into blocks that exist, and a sync.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "bench.h"
#include "clock.h"
#include "contestant.h"
#include "data.h"
#include "files.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { threads_max = 16, page_bytes = 4096, pages = 4096, syncs = 200, loads = 2000000 };

/* A part of the array, and what one thread makes of it. */
struct share {
    const uint64_t *from;
    size_t count;
    uint64_t sum;
    pthread_t thread;
};

static void *share_sum(void *context)
{
    struct share *share = context;
    uint64_t sum = 0;
    for (size_t i = 0; i < share->count; i++)
        sum += share->from[i];
    share->sum = sum;
    return NULL;
}

/* Gigabytes per second. */
static double read_speed(const uint64_t *array, size_t count, unsigned threads)
{
    static struct share shares[threads_max];
    uint64_t start = clock_now_ns();
    for (unsigned i = 0; i < threads; i++) {
        shares[i] = (struct share){.from = array + count / threads * i, .count = count / threads};
        if (pthread_create(&shares[i].thread, NULL, share_sum, &shares[i]) != 0)
            bench_die("no thread to be had");
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(shares[i].thread, NULL);
    return (double)count * sizeof *array / (double)(clock_now_ns() - start);
}

/* One cycle through all positions in random order (Sattolo's): no load can start early. */
static void chain_make(uint64_t *array, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        array[i] = i;
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = (size_t)(data_unit(seed, i) * (double)i);
        uint64_t swapped = array[i];
        array[i] = array[j];
        array[j] = swapped;
    }
}

static double load_ns(const uint64_t *chain)
{
    static volatile uint64_t end;
    uint64_t at = end;
    uint64_t start = clock_now_ns();
    for (int i = 0; i < loads; i++)
        at = chain[at];
    end = at;
    return (double)(clock_now_ns() - start) / loads;
}

static void page_write(const struct settings *settings, int file, unsigned number)
{
    static char page[page_bytes];
    memset(page, (int)number, sizeof page);
    if (pwrite(file, page, sizeof page, (off_t)(number % pages) * page_bytes) != page_bytes)
        bench_die("%s: cannot be written", settings->work);
}

static int pages_create(const struct settings *settings)
{
    char path[4096];
    files_make_folder(settings->work);
    snprintf(path, sizeof path, "%s/limits", settings->work);
    int file = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0666);
    if (file < 0 || unlink(path) != 0)
        bench_die("%s: cannot be made", path);
    for (unsigned i = 0; i < pages; i++)
        page_write(settings, file, i);
    if (fsync(file) != 0)
        bench_die("%s: cannot be synced", path);
    return file;
}

/* Microseconds. */
static double sync_us(const struct settings *settings, int file, unsigned round)
{
    uint64_t start = clock_now_ns();
    for (unsigned i = 0; i < syncs; i++) {
        page_write(settings, file, round * syncs + i);
        if (fdatasync(file) != 0)
            bench_die("%s: cannot be synced", settings->work);
    }
    return (double)(clock_now_ns() - start) / 1000.0 / syncs;
}

static void limit_print(const struct settings *settings, const char *name, const char *unit,
                        const struct series *series)
{
    char text[64];
    fprintf(settings->report.markdown, "| %s | %s | %s |\n", name, report_spread(series, text),
            unit);
    struct result result = {.benchmark = "limit",
                            .data = "",
                            .contestant = "the machine",
                            .way = name,
                            .unit = unit,
                            .series = series};
    report_result(&settings->report, &result);
}

void bench_limits(const struct settings *settings)
{
    static struct series one;
    static struct series all;
    static struct series load;
    static struct series sync;
    size_t count = settings_items(settings, (size_t)1 << 25, (size_t)1 << 27);
    unsigned rounds = settings->rounds > 0 ? settings->rounds : 7;
    unsigned cores = clock_core_count() < threads_max ? clock_core_count() : threads_max;
    int file = pages_create(settings);
    uint64_t *array = calloc(count, sizeof *array);
    if (array == NULL)
        bench_die("out of memory");
    chain_make(array, count, settings->seed);
    for (unsigned round = 0; round < rounds; round++) {
        series_add(&one, read_speed(array, count, 1));
        series_add(&all, read_speed(array, count, cores));
        series_add(&load, load_ns(array));
        series_add(&sync, sync_us(settings, file, round));
    }
    fprintf(settings->report.markdown,
            "An array of %zu MiB.\n\n| | median (least to most) | |\n|---|---|---|\n",
            count * sizeof *array >> 20);
    limit_print(settings, "reading memory, one core", "GB/s", &one);
    limit_print(settings, "reading memory, all cores", "GB/s", &all);
    limit_print(settings, "a load that waits for the one before", "ns", &load);
    limit_print(settings, "writing a page and a sync", "us", &sync);
    free(array);
    close(file);
}
