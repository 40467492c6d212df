/* tests/race/test_readers_race.c -- do readers in threads and in other processes go on, whatever
 * arenas the writer drops, removes and puts others in the place of?
 *
 * All items move in each round, so that arenas of the least size die one after the other and their
 * few places are used again and again. A snapshot shows every item at the place of one round.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "xtree.h"

#define ITEMS 8000u
#define ROUNDS 60u
#define THREADS 3u
#define PROCESSES 3u
#define HELD 4u

/* Shared with the processes. */
struct shared {
    atomic_bool is_over;        /* relaxed: only tells the readers to stop */
    atomic_uint looks;          /* relaxed: snapshots looked at so far */
    atomic_uint mistakes;       /* relaxed: read after all have ended */
    atomic_uint_least64_t kept; /* number of the newest kept snapshot, release and acquire */
};

struct scene {
    struct shared *shared;
    const char *path;
    xt_store *store; /* of the threads */
};

static const char *store_path(void)
{
    static char path[400];

    snprintf(path, sizeof path, "%s/store", check_scratch());
    return path;
}

/* Items lie at (i, round), all of them in the same round. */
static bool snapshot_holds(const xt_snapshot *snapshot)
{
    uint64_t count = xt_snapshot_count(snapshot);
    const double window[] = {-1, -1, ITEMS, 1e9};
    double round = -1;
    uint64_t got = 0;
    xt_query *query;
    xt_item item;
    xt_status status;

    if (xt_query_window(snapshot, window, NULL, &query) != XT_OK)
        return false;
    while ((status = xt_query_next(query, &item)) == XT_OK) {
        if (round < 0)
            round = item.low[1];
        if (item.low[1] < round || item.low[1] > round)
            break;
        got++;
    }
    xt_query_close(query);
    return status == XT_DONE && got == count && (count == 0 || count == ITEMS);
}

/* A kept snapshot may have been dropped meanwhile; else it is whole. */
static bool kept_holds(xt_store *store, uint64_t number)
{
    xt_snapshot *snapshot;
    xt_status status = xt_snapshot_open(store, number, NULL, &snapshot);
    bool holds;

    if (status != XT_OK)
        return status == XT_ENOTFOUND;
    holds = snapshot_holds(snapshot) && xt_snapshot_txn(snapshot) == number;
    xt_snapshot_release(snapshot);
    return holds;
}

/* Holds on to some snapshots, and looks at old ones too. */
static void read_on(struct scene *scene, xt_store *store, uint64_t random)
{
    struct shared *shared = scene->shared;
    xt_snapshot *held[HELD] = {NULL};
    uint64_t newest = 0;

    while (!atomic_load_explicit(&shared->is_over, memory_order_relaxed)) {
        size_t i = (size_t)(check_random(&random) % HELD);
        bool holds = held[i] == NULL || snapshot_holds(held[i]);
        uint64_t kept = atomic_load_explicit(&shared->kept, memory_order_acquire);

        xt_snapshot_release(held[i]);
        held[i] = NULL;
        if (check_random(&random) % 4 == 0)
            sched_yield(); /* so that some look after several commits */
        holds = holds && xt_snapshot_latest(store, &held[i]) == XT_OK;
        holds = holds && xt_snapshot_txn(held[i]) >= newest && snapshot_holds(held[i]);
        newest = holds ? xt_snapshot_txn(held[i]) : newest;
        if (kept != 0 && check_random(&random) % 3 == 0)
            holds = holds && kept_holds(store, kept);
        if (!holds)
            atomic_fetch_add_explicit(&shared->mistakes, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&shared->looks, 1, memory_order_relaxed);
    }
    for (size_t i = 0; i < HELD; i++)
        xt_snapshot_release(held[i]);
}

static xt_store *open_reader(const char *path)
{
    xt_store *store;

    return xt_store_open(path, NULL, &store) == XT_OK ? store : NULL;
}

static void *thread_run(void *context)
{
    struct scene *scene = context;
    uint64_t random = check_seed + (uint64_t)(uintptr_t)&random;

    read_on(scene, scene->store, random);
    return NULL;
}

static pid_t process_start(struct scene *scene, uint64_t random)
{
    pid_t child = fork();
    xt_store *store;

    if (child != 0)
        return child;
    store = open_reader(scene->path);
    if (store == NULL)
        _exit(1);
    read_on(scene, store, random);
    _exit(xt_store_close(store) == XT_OK ? 0 : 2);
}

/* ---- the writer ------------------------------------------------------------------------------ */

static void items_put(xt_store *writer, uint64_t round)
{
    for (uint64_t i = 0; i < ITEMS; i++) {
        const double from[] = {(double)i, (double)round - 1};
        const double to[] = {(double)i, (double)round};
        xt_status status = round == 0 ? xt_store_insert(writer, i, to, NULL)
                                      : xt_store_move(writer, i, from, NULL, to, NULL);

        if (!CHECK_STATUS(status, XT_OK))
            return;
    }
    CHECK_STATUS(xt_store_commit(writer, NULL), XT_OK);
}

static void write_on(struct scene *scene, xt_store *writer)
{
    for (uint64_t round = 1; round < ROUNDS; round++) {
        uint64_t number;

        items_put(writer, round);
        while (atomic_load_explicit(&scene->shared->looks, memory_order_relaxed) < round * 8 &&
               atomic_load_explicit(&scene->shared->mistakes, memory_order_relaxed) == 0)
            sched_yield();
        if (round % 5 != 0)
            continue;
        number = atomic_load_explicit(&scene->shared->kept, memory_order_relaxed);
        if (number != 0)
            CHECK_STATUS(xt_store_drop(writer, number, NULL), XT_OK);
        CHECK_STATUS(xt_store_keep(writer, NULL, &number, NULL), XT_OK);
        atomic_store_explicit(&scene->shared->kept, number, memory_order_release);
    }
}

static void readers_outlive_what_the_writer_removes(void)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    struct scene scene = {.path = store_path()};
    pthread_t threads[THREADS];
    pid_t processes[PROCESSES];
    xt_store_stats stats = {.struct_size = sizeof stats};
    xt_store *writer;

    options.dims = 2;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = UINT64_C(64) << 20;
    scene.shared =
        mmap(NULL, sizeof *scene.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(scene.shared != MAP_FAILED) ||
        !CHECK_STATUS(xt_store_create(scene.path, &options, &writer), XT_OK))
        return;
    items_put(writer, 0);
    fflush(NULL);
    for (unsigned i = 0; i < PROCESSES; i++) /* before there are threads */
        processes[i] = process_start(&scene, check_seed + i);
    scene.store = open_reader(scene.path);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, thread_run, &scene), 0);
    write_on(&scene, writer);
    atomic_store_explicit(&scene.shared->is_over, true, memory_order_relaxed);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    for (unsigned i = 0; i < PROCESSES; i++) {
        int result = -1;

        CHECK(processes[i] > 0 && waitpid(processes[i], &result, 0) == processes[i]);
        CHECK_INT(result, 0);
    }
    CHECK_INT(atomic_load_explicit(&scene.shared->mistakes, memory_order_relaxed), 0);
    CHECK_STATUS(xt_store_stat(writer, &stats), XT_OK);
    CHECK(stats.arena_bytes < UINT64_C(40) << 20); /* so places were used again */
    printf("%u snapshots, %u arena bytes\n",
           atomic_load_explicit(&scene.shared->looks, memory_order_relaxed),
           (unsigned)stats.arena_bytes);
    CHECK_STATUS(xt_store_close(scene.store), XT_OK);
    CHECK_STATUS(xt_store_close(writer), XT_OK);
    munmap(scene.shared, sizeof *scene.shared);
}

CHECK_MAIN({"readers_outlive_what_the_writer_removes", readers_outlive_what_the_writer_removes})
