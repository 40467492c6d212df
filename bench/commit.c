/* bench/commit.c -- sub-command commit: durable commits of 1, 100 and 10,000 new points.
 *
 * Every store is filled with the same points first. Then one size follows the other. Of each size
 * every store makes some commits that do not count, until it is in the state in which such commits
 * keep it: files are cleaned, logs begin anew. Then the stores take turns: in each round each of
 * them makes a number of commits, of points at random places. A plain write of one page and a sync,
 * into blocks that exist, take part as well: no durable commit is faster.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "bench.h"
#include "clock.h"
#include "committer.h"
#include "data.h"
#include "files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { stores_max = 8, sizes_count = 3, page_bytes = 4096, floor_pages = 4096 };

/* How many points a commit holds, how many commits come before the rounds, and how many a round
 * makes. */
static const struct {
    uint64_t points;
    unsigned before;
    unsigned commits;
} sizes[sizes_count] = {
    {1,     8000, 500},
    {100,   300,  100},
    {10000, 8,    4  },
};

struct store {
    const struct committer *committer;
    void *handle;
    char path[4096];
    uint64_t next;                 /* number of the point to come */
    struct series us[sizes_count]; /* for one commit, the insertions included */
};

struct commit_bench {
    const struct settings *settings;
    size_t count;
    struct store stores[stores_max];
    int floor_file;
    uint64_t floor_page;
    struct series floor_us;
};

static void points_insert(const struct commit_bench *bench, struct store *store, uint64_t count)
{
    double point[2];
    for (uint64_t i = 0; i < count; i++) {
        data_uniform_point(bench->settings->seed, store->next, point);
        store->committer->insert(store->handle, store->next++, point);
    }
}

static void stores_create(struct commit_bench *bench, uint64_t items)
{
    for (size_t i = 0; committers[i] != NULL; i++) {
        if (bench->count == stores_max)
            bench_die("more than %d stores", (int)stores_max);
        struct store *store = &bench->stores[bench->count++];
        store->committer = committers[i];
        snprintf(store->path, sizeof store->path, "%s/commit-%zu", bench->settings->work, i);
        files_remove(store->path);
        store->handle = committers[i]->create(store->path);
        points_insert(bench, store, items);
        committers[i]->commit(store->handle);
    }
}

static void floor_write(struct commit_bench *bench)
{
    static char page[page_bytes];
    off_t at = (off_t)(bench->floor_page++ % floor_pages) * page_bytes;
    memset(page, (int)bench->floor_page, sizeof page);
    if (pwrite(bench->floor_file, page, sizeof page, at) != page_bytes)
        bench_die("%s: cannot be written", bench->settings->work);
}

static void floor_create(struct commit_bench *bench)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/commit-floor", bench->settings->work);
    bench->floor_file = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0666);
    if (bench->floor_file < 0 || unlink(path) != 0)
        bench_die("%s: cannot be made", path);
    for (unsigned i = 0; i < floor_pages; i++)
        floor_write(bench);
    if (fsync(bench->floor_file) != 0)
        bench_die("%s: cannot be synced", path);
}

static void floor_round(struct commit_bench *bench)
{
    unsigned commits = sizes[0].commits;
    uint64_t start = clock_now_ns();
    for (unsigned i = 0; i < commits; i++) {
        floor_write(bench);
        if (fdatasync(bench->floor_file) != 0)
            bench_die("%s: cannot be synced", bench->settings->work);
    }
    series_add(&bench->floor_us, (double)(clock_now_ns() - start) / 1000.0 / commits);
}

static void commits_make(const struct commit_bench *bench, struct store *store, uint64_t points,
                         unsigned commits)
{
    for (unsigned i = 0; i < commits; i++) {
        points_insert(bench, store, points);
        store->committer->commit(store->handle);
    }
}

static void store_round(const struct commit_bench *bench, struct store *store, size_t size)
{
    unsigned commits = sizes[size].commits;
    uint64_t start = clock_now_ns();
    commits_make(bench, store, sizes[size].points, commits);
    series_add(&store->us[size], (double)(clock_now_ns() - start) / 1000.0 / commits);
}

static void size_run(struct commit_bench *bench, size_t size, unsigned rounds)
{
    for (size_t i = 0; i < bench->count; i++)
        commits_make(bench, &bench->stores[i], sizes[size].points, sizes[size].before);
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < bench->count; i++)
            store_round(bench, &bench->stores[i], size);
        if (size == 0)
            floor_round(bench);
    }
}

static void rounds_run(struct commit_bench *bench, unsigned rounds)
{
    for (size_t size = 0; size < sizes_count; size++)
        size_run(bench, size, rounds);
    for (size_t i = 0; i < bench->count; i++) {
        const struct store *store = &bench->stores[i];
        if (store->committer->count(store->handle) != store->next)
            bench_die("%s lost points", store->committer->name);
    }
}

/* The faster peer of each round, whichever it is. */
static void peers_best(const struct commit_bench *bench, size_t size, struct series *best)
{
    best->count = 0;
    for (size_t round = 0; round < bench->stores[0].us[size].count; round++) {
        double least = 0.0;
        for (size_t i = 0; i < bench->count; i++) {
            double us = bench->stores[i].us[size].values[round];
            bool is_peer = strncmp(bench->stores[i].committer->name, "XTree", 5) != 0;
            if (is_peer && (least == 0.0 || us < least))
                least = us;
        }
        series_add(best, least);
    }
}

static void cell_print(const struct commit_bench *bench, const struct store *store, size_t size)
{
    FILE *out = bench->settings->report.markdown;
    struct series best;
    struct series ratio;
    char text[64];
    char name[64];
    peers_best(bench, size, &best);
    series_ratio(&store->us[size], &best, &ratio);
    fprintf(out, " %.0f | %s |", series_median(&store->us[size]), report_spread(&ratio, text));
    snprintf(name, sizeof name, "commit of %u", (unsigned)sizes[size].points);
    struct result result = {.benchmark = name,
                            .data = "uniform",
                            .contestant = store->committer->name,
                            .way = "",
                            .unit = "us",
                            .items = store->next,
                            .series = &store->us[size],
                            .ratio = &ratio};
    report_result(&bench->settings->report, &result);
}

static void bench_print(const struct commit_bench *bench, uint64_t items)
{
    FILE *out = bench->settings->report.markdown;
    char text[64];
    fprintf(out,
            "Stores of %s uniform points, and what was inserted since. Microseconds for a commit, "
            "the insertions included, and that divided by the\nfaster peer's of the same round "
            "(below 1: faster). A page written into blocks that exist, and a sync: %s µs.\n\n"
            "| store | 1 point: µs | relative | 100: µs | relative | 10,000: µs | relative |\n"
            "|---|---|---|---|---|---|---|\n",
            report_grouped((double)items, text), report_spread(&bench->floor_us, (char[64]){0}));
    for (size_t i = 0; i < bench->count; i++) {
        fprintf(out, "| %s |", bench->stores[i].committer->name);
        for (size_t size = 0; size < sizes_count; size++)
            cell_print(bench, &bench->stores[i], size);
        fprintf(out, "\n");
    }
    for (size_t i = 1; i < bench->count; i++)
        fprintf(out, "%s%s", i == 1 ? "\nPeers: " : "; ", bench->stores[i].committer->version());
    fprintf(out, "%s", bench->count > 1 ? ".\n" : "");
    fflush(out);
}

void bench_commit(const struct settings *settings)
{
    static struct commit_bench bench;
    uint64_t items = settings_items(settings, 100000, 1000000);
    memset(&bench, 0, sizeof bench);
    bench.settings = settings;
    files_make_folder(settings->work);
    stores_create(&bench, items);
    floor_create(&bench);
    rounds_run(&bench, settings->rounds > 0 ? settings->rounds : settings->is_quick ? 3 : 9);
    bench_print(&bench, items);
    close(bench.floor_file);
    for (size_t i = 0; i < bench.count; i++) {
        bench.stores[i].committer->close(bench.stores[i].handle);
        files_remove(bench.stores[i].path);
    }
}
