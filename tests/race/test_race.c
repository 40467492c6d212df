/* tests/race/test_race.c -- do readers in other threads see whole states only, while the writer
 * loads, publishes and commits, and while they share what one handle knows?
 *
 * Items lie on a diagonal, so every answer can be told from the snapshot's count alone. Meant for
 * the thread sanitizer; it says as much without, but sees less.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#define ITEMS 20000u
#define READERS 4u
#define ROUNDS 12u
#define QUERIES 200u

struct scene {
    xt_store *store;      /* the handle that the readers share */
    atomic_bool is_over;  /* relaxed: only tells the readers to stop */
    atomic_uint answers;  /* relaxed: read after the threads were joined */
    atomic_uint mistakes; /* likewise */
    atomic_uint readers;  /* started so far: each takes a number, for its random windows */
};

/* Items 0 .. count - 1 lie at (i, i): a window from (a, a) to (b, b) holds b - a + 1 of them. */
static bool answer_is_right(const xt_snapshot *snapshot, uint64_t *random)
{
    uint64_t count = xt_snapshot_count(snapshot);
    double a = (double)(check_random(random) % ITEMS);
    double b = a + (double)(check_random(random) % 100);
    const double window[] = {a, a, b, b};
    double last = count == 0 ? -1 : (double)count - 1;
    uint64_t want = last < a ? 0 : (uint64_t)((b < last ? b : last) - a) + 1;
    uint64_t got = 0;
    uint64_t ids[256];
    xt_query *query;
    size_t some;

    if (xt_query_window(snapshot, window, NULL, &query) != XT_OK)
        return false;
    while (xt_query_next_batch(query, ids, CHECK_COUNT(ids), &some) == XT_OK)
        got += some;
    xt_query_close(query);
    return got == want && (count == 0 || count == ITEMS);
}

static void *reader_run(void *context)
{
    struct scene *scene = context;
    unsigned number = atomic_fetch_add_explicit(&scene->readers, 1, memory_order_relaxed);
    uint64_t random = check_seed + number;
    uint64_t newest = 0;

    while (!atomic_load_explicit(&scene->is_over, memory_order_relaxed)) {
        xt_snapshot *snapshot;
        bool holds = xt_snapshot_latest(scene->store, &snapshot) == XT_OK;

        for (unsigned i = 0; holds && i < 4; i++)
            holds = answer_is_right(snapshot, &random);
        if (holds) {
            holds = xt_snapshot_txn(snapshot) >= newest;
            newest = xt_snapshot_txn(snapshot);
            xt_snapshot_release(snapshot);
        }
        if (!holds)
            atomic_fetch_add_explicit(&scene->mistakes, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&scene->answers, 4, memory_order_relaxed);
    }
    return NULL;
}

static void readers_start(struct scene *scene, pthread_t *threads)
{
    atomic_store_explicit(&scene->is_over, false, memory_order_relaxed);
    for (unsigned i = 0; i < READERS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, reader_run, scene), 0);
}

static void readers_end(struct scene *scene, const pthread_t *threads)
{
    atomic_store_explicit(&scene->is_over, true, memory_order_relaxed);
    for (unsigned i = 0; i < READERS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_INT(atomic_load_explicit(&scene->mistakes, memory_order_relaxed), 0);
}

/* Until the readers have given `more` answers. */
static void answers_wait(struct scene *scene, unsigned more)
{
    unsigned from = atomic_load_explicit(&scene->answers, memory_order_relaxed);

    while (atomic_load_explicit(&scene->answers, memory_order_relaxed) - from < more &&
           atomic_load_explicit(&scene->mistakes, memory_order_relaxed) == 0)
        sched_yield();
}

static void diagonal_load(xt_store *store)
{
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;
    xt_loader *loader;

    options.threads = 2;
    if (!CHECK_STATUS(xt_loader_open(store, &options, &loader), XT_OK))
        return;
    for (unsigned i = 0; i < ITEMS; i++) {
        const double point[] = {i, i};

        CHECK_STATUS(xt_loader_add(loader, i, point, NULL), XT_OK);
    }
    CHECK_STATUS(xt_loader_finish(loader), XT_OK);
}

static xt_store *store_create(const char *path)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store = NULL;

    options.dims = 2;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = UINT64_C(64) << 20;
    CHECK_STATUS(xt_store_create(path, &options, &store), XT_OK);
    return store;
}

static void readers_of_the_writers_handle_see_whole_states(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct scene scene = {.store = NULL};
        pthread_t threads[READERS];
        char path[4200];

        snprintf(path, sizeof path, "%s/store", check_scratch());
        scene.store = store_create(round % 2 == 0 ? NULL : path);
        if (scene.store == NULL)
            return;
        readers_start(&scene, threads);
        answers_wait(&scene, QUERIES);
        diagonal_load(scene.store);
        if (round % 3 == 0)
            CHECK_STATUS(xt_store_rollback(scene.store), XT_OK);
        answers_wait(&scene, QUERIES);
        if (round % 3 != 1)
            CHECK_STATUS(xt_store_publish(scene.store), XT_OK);
        answers_wait(&scene, QUERIES);
        CHECK_STATUS(xt_store_commit(scene.store, NULL), XT_OK);
        answers_wait(&scene, QUERIES);
        readers_end(&scene, threads);
        CHECK_STATUS(xt_store_close(scene.store), XT_OK);
    }
}

static void readers_of_one_reading_handle_follow_the_writer(void)
{
    for (unsigned round = 0; round < ROUNDS / 2; round++) {
        xt_open_options options = XT_OPEN_OPTIONS_INIT;
        xt_check_options check = XT_CHECK_OPTIONS_INIT;
        struct scene scene = {.store = NULL};
        pthread_t threads[READERS];
        xt_store *writer;
        char path[4200];

        snprintf(path, sizeof path, "%s/store", check_scratch());
        writer = store_create(path);
        options.window_bytes = UINT64_C(64) << 20;
        if (writer == NULL || !CHECK_STATUS(xt_store_open(path, &options, &scene.store), XT_OK))
            return;
        readers_start(&scene, threads);
        answers_wait(&scene, QUERIES);
        diagonal_load(writer);
        answers_wait(&scene, QUERIES);
        CHECK_STATUS(xt_store_commit(writer, NULL), XT_OK);
        check.deep = true;
        CHECK_STATUS(xt_store_check(scene.store, &check, NULL), XT_OK);
        answers_wait(&scene, QUERIES);
        CHECK_STATUS(xt_store_close(writer), XT_OK);
        answers_wait(&scene, QUERIES);
        readers_end(&scene, threads);
        CHECK_STATUS(xt_store_close(scene.store), XT_OK);
    }
}

static void *snapshot_release(void *snapshot)
{
    xt_snapshot_release(snapshot);
    return NULL;
}

static void store_may_be_closed_as_soon_as_the_last_snapshot_is_released(void)
{
    for (unsigned round = 0; round < 200; round++) {
        xt_create_options options = XT_CREATE_OPTIONS_INIT;
        xt_snapshot *snapshot;
        xt_store *store;
        pthread_t thread;

        options.dims = 2;
        options.window_bytes = UINT64_C(64) << 20;
        CHECK_STATUS(xt_store_create(NULL, &options, &store), XT_OK);
        CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
        if (!CHECK_INT(pthread_create(&thread, NULL, snapshot_release, snapshot), 0))
            return;
        while (xt_store_close(store) == XT_EMISUSE)
            sched_yield();
        pthread_join(thread, NULL);
    }
}

CHECK_MAIN({"readers_of_the_writers_handle_see_whole_states",
            readers_of_the_writers_handle_see_whole_states},
           {"readers_of_one_reading_handle_follow_the_writer",
            readers_of_one_reading_handle_follow_the_writer},
           {"store_may_be_closed_as_soon_as_the_last_snapshot_is_released",
            store_may_be_closed_as_soon_as_the_last_snapshot_is_released})
