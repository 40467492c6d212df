/* bench/readers.c -- sub-command readers: what a reader loses while a writer commits.
 *
 * A process writes; this one reads, in one thread and in two. In slices of a quarter of a second
 * the writer waits, or commits as fast as it can, or does the same to a store that nobody reads:
 * neighbouring slices are compared. What the last takes away is the machine's share: caches, memory
 * and the disk are used by both. A reader asks for windows of about 100 results and takes the
 * newest snapshot every 1,000 of them.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "files.h"
#include "stores.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { slice_ms = 250, window_target = 100, batch = 1000, commit_points = 100, threads_max = 2 };
enum { items_quick = 200000, items_full = 1000000, path_bytes = 4096 };

/* What the writer does. */
enum work { work_wait, work_here, work_elsewhere, work_count };

/* Shared with the writer's process. */
struct signals {
    atomic_int work; /* enum work */
    atomic_bool is_over;
    atomic_uint_least64_t commits; /* in the store that is read */
};

/* A store that the writer changes, and how far it is. */
struct target {
    xt_store *store;
    uint64_t next;
};

struct reader {
    const struct settings *settings;
    const char *path;
    uint64_t items;
    uint64_t first; /* number of its first window */
    atomic_bool *is_over;
    atomic_uint_least64_t queries;
    pthread_t thread;
};

static void must(xt_status status, const char *what)
{
    if (status != XT_OK)
        bench_die("%s: %s", what, xt_status_text(status));
}

static void wait_ms(unsigned ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

/* Points move about: the store stays as large as it is. */
static void points_move(const struct settings *settings, struct target *target)
{
    double from[2];
    double to[2];
    for (uint64_t i = target->next; i < target->next + commit_points; i++) {
        data_uniform_point(settings->seed, i, from);
        data_uniform_point(settings->seed + 1, i, to);
        must(xt_store_move(target->store, i, from, NULL, to, NULL), "xt_store_move");
    }
    target->next += commit_points;
    must(xt_store_commit(target->store, NULL), "xt_store_commit");
}

static void writer_run(const struct settings *settings, char paths[2][path_bytes], uint64_t items,
                       struct signals *signals)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    struct target targets[work_count] = {
        {NULL, 0}
    };
    options.writable = true;
    must(xt_store_open(paths[0], &options, &targets[work_here].store), paths[0]);
    must(xt_store_open(paths[1], &options, &targets[work_elsewhere].store), paths[1]);
    while (!atomic_load(&signals->is_over)) {
        int work = atomic_load(&signals->work);
        if (work == work_wait || targets[work].next + commit_points > items) {
            wait_ms(1);
            continue;
        }
        points_move(settings, &targets[work]);
        if (work == work_here)
            atomic_fetch_add(&signals->commits, 1);
    }
    must(xt_store_close(targets[work_here].store), "xt_store_close");
    must(xt_store_close(targets[work_elsewhere].store), "xt_store_close");
}

static uint64_t windows_ask(const struct reader *reader, const xt_snapshot *snapshot, uint64_t from)
{
    static _Thread_local uint64_t ids[8192];
    uint64_t found = 0;
    for (uint64_t i = from; i < from + batch; i++) {
        double window[4];
        xt_query *query = NULL;
        size_t count = 0;
        window_uniform(reader->items, window_target, reader->settings->seed + 3, i, window);
        must(xt_query_window(snapshot, window, NULL, &query), "xt_query_window");
        while (xt_query_next_batch(query, ids, sizeof ids / sizeof ids[0], &count) == XT_OK)
            found += count;
        xt_query_close(query);
    }
    return found;
}

static void *reader_run(void *context)
{
    struct reader *reader = context;
    xt_store *store = NULL;
    uint64_t found = 0;
    must(xt_store_open(reader->path, NULL, &store), reader->path);
    for (uint64_t i = reader->first; !atomic_load(reader->is_over); i += batch) {
        xt_snapshot *snapshot = NULL;
        must(xt_snapshot_latest(store, &snapshot), "xt_snapshot_latest");
        found += windows_ask(reader, snapshot, i);
        xt_snapshot_release(snapshot);
        atomic_fetch_add(&reader->queries, batch);
    }
    must(xt_store_close(store), "xt_store_close");
    if (found == 0)
        bench_die("windows found nothing");
    return NULL;
}

static double slice_run(const struct reader *readers, unsigned count)
{
    uint64_t before = 0;
    uint64_t after = 0;
    uint64_t start = clock_now_ns();
    for (unsigned i = 0; i < count; i++)
        before += atomic_load(&readers[i].queries);
    wait_ms(slice_ms);
    double seconds = clock_seconds_since(start);
    for (unsigned i = 0; i < count; i++)
        after += atomic_load(&readers[i].queries);
    return (double)(after - before) / seconds;
}

/* The half width of the interval that holds the mean with a certainty of 95 %. */
static double half_width(const struct series *series, double *mean)
{
    double sum = 0.0;
    double squares = 0.0;
    double count = (double)series->count;
    for (size_t i = 0; i < series->count; i++)
        sum += series->values[i];
    *mean = sum / count;
    for (size_t i = 0; i < series->count; i++)
        squares += (series->values[i] - *mean) * (series->values[i] - *mean);
    return count > 1.0 ? 1.96 * sqrt(squares / (count - 1.0) / count) : 0.0;
}

static void result_tell(const struct settings *settings, unsigned threads, const char *state,
                        const struct series *queries, const struct series *ratio)
{
    char way[64];
    snprintf(way, sizeof way, "%u thread%s%s", threads, threads == 1 ? "" : "s", state);
    struct result result = {.benchmark = "readers beside a writer",
                            .data = "uniform",
                            .contestant = "XTree",
                            .way = way,
                            .unit = "queries per second",
                            .items = settings_items(settings, items_quick, items_full),
                            .series = queries,
                            .ratio = ratio};
    report_result(&settings->report, &result);
}

static void line_print(const struct settings *settings, unsigned threads,
                       const struct series *slices, double commits_per_second)
{
    static const char *const states[work_count] = {", the writer waits", "",
                                                   ", the writer works elsewhere"};
    struct series ratios[work_count];
    double means[work_count] = {0.0};
    double halves[work_count] = {0.0};
    char text[32];
    for (unsigned work = work_here; work < work_count; work++) {
        series_ratio(&slices[work], &slices[work_wait], &ratios[work]);
        halves[work] = half_width(&ratios[work], &means[work]);
    }
    fprintf(settings->report.markdown, "| %u | %s | %.3f ± %.3f | %.3f ± %.3f | %.0f |\n", threads,
            report_grouped(series_median(&slices[work_wait]), text), means[work_here],
            halves[work_here], means[work_elsewhere], halves[work_elsewhere], commits_per_second);
    for (unsigned work = 0; work < work_count; work++)
        result_tell(settings, threads, states[work], &slices[work],
                    work == work_wait ? NULL : &ratios[work]);
}

static void threads_start(struct reader *readers, unsigned threads, atomic_bool *is_over)
{
    for (unsigned i = 0; i < threads; i++) {
        readers[i].is_over = is_over;
        if (pthread_create(&readers[i].thread, NULL, reader_run, &readers[i]) != 0)
            bench_die("no thread to be had");
    }
}

static void slices_run(const struct settings *settings, struct reader *readers, unsigned threads,
                       struct signals *signals)
{
    static struct series slices[work_count];
    unsigned rounds = settings->rounds > 0 ? settings->rounds : settings->is_quick ? 10 : 60;
    atomic_bool is_over = false;
    uint64_t commits = atomic_load(&signals->commits);
    memset(slices, 0, sizeof slices);
    threads_start(readers, threads, &is_over);
    (void)slice_run(readers, threads);
    for (unsigned i = 0; i < rounds; i++) {
        for (int work = 0; work < work_count; work++) {
            atomic_store(&signals->work, work);
            series_add(&slices[work], slice_run(readers, threads));
        }
        atomic_store(&signals->work, work_wait);
    }
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(readers[i].thread, NULL);
    commits = atomic_load(&signals->commits) - commits;
    line_print(settings, threads, slices, (double)commits / (rounds * (slice_ms / 1000.0)));
}

static void readers_measure(const struct settings *settings, char paths[2][path_bytes],
                            uint64_t items)
{
    static struct reader readers[threads_max];
    struct signals *signals =
        mmap(NULL, sizeof *signals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (signals == MAP_FAILED)
        bench_die("no shared memory");
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        bench_die("no process to be had");
    if (child == 0) {
        writer_run(settings, paths, items, signals);
        _exit(0);
    }
    for (unsigned threads = 1; threads <= threads_max; threads++) {
        for (unsigned i = 0; i < threads; i++)
            readers[i] = (struct reader){.settings = settings,
                                         .path = paths[0],
                                         .items = items,
                                         .first = (uint64_t)i * 1000000};
        slices_run(settings, readers, threads, signals);
    }
    atomic_store(&signals->is_over, true);
    if (waitpid(child, NULL, 0) != child)
        bench_die("the writer was lost");
    munmap(signals, sizeof *signals);
}

void bench_readers(const struct settings *settings)
{
    uint64_t items = settings_items(settings, items_quick, items_full);
    struct load_limits limits = {settings->threads, 0};
    char paths[2][path_bytes];
    char text[32];
    files_make_folder(settings->work);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/readers-%u", settings->work, i);
        files_remove(paths[i]);
        store_load_generated(paths[i], items, settings->seed, &limits);
    }
    fprintf(settings->report.markdown,
            "%s uniform points, on %u cores. The writer moves %d points to random places in each "
            "commit.\nRelative: queries of a slice in which it commits, there or to a store that "
            "nobody reads, to those\nof the slice before in which it waits; the mean and the "
            "interval of 95 %%. With as many threads\nas there are cores they also share these.\n\n"
            "| threads | queries/s, writer waits | relative while it commits "
            "| while it commits elsewhere | commits/s |\n"
            "|---|---|---|---|---|\n",
            report_grouped((double)items, text), clock_core_count(), (int)commit_points);
    readers_measure(settings, paths, items);
    files_remove(paths[0]);
    files_remove(paths[1]);
}
