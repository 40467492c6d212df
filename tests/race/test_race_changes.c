/* tests/race/test_race_changes.c -- do readers in other threads see whole versions only, while the
 * writer inserts, removes, moves and publishes without a break, and blocks are used again?
 *
 * What a version holds follows from its number, and its number is an item of it: so a reader can
 * tell what any window must hold. Meant for the thread sanitizer; it says as much without, but sees
 * less.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "support/check.h"

#define ITEMS 400u  /* besides the one that tells the version */
#define NEW_ITEMS 8 /* of each version; as many of the oldest are gone */
#define REST 16     /* versions that an item stays in one place */
#define READERS 4u
#define VERSIONS 1000u
#define ANSWERS 2000u
#define VERSION_ID UINT64_MAX
#define VERSION_X (-1000.0)
#define SIDE 100

struct scene {
    xt_store *writer;
    xt_store *store;      /* the handle that the readers share: the writer's, or another */
    atomic_bool is_over;  /* relaxed: only tells the readers to stop */
    atomic_uint answers;  /* relaxed: says when it was enough */
    atomic_uint mistakes; /* likewise */
    atomic_uint readers;  /* started so far: each takes a number, for its random windows */
};

/* ---- what a version holds ------------------------------------------------------------------ */

static uint64_t first_id(uint64_t version)
{
    return version * NEW_ITEMS;
}

/* Items move when their turn comes, some a short way, some anywhere. */
static void place_of(uint64_t id, uint64_t version, double place[2])
{
    uint64_t turn = (version + id) / REST;
    uint64_t state = id * UINT64_C(0x9e3779b97f4a7c15);

    if (id % 2 == 0)
        state += turn;
    place[0] = check_uniform(&state) * SIDE;
    place[1] = check_uniform(&state) * SIDE;
    if (id % 2 == 1)
        place[0] += (double)(turn % 8) * 0.01;
}

static bool moves_in(uint64_t id, uint64_t version)
{
    return (version + id) % REST == 0;
}

/* ---- the writer ---------------------------------------------------------------------------- */

static bool items_remove(xt_store *store, uint64_t version)
{
    bool holds = true;

    for (uint64_t id = first_id(version - 1); id < first_id(version) && holds; id++) {
        double place[2];

        place_of(id, version - 1, place);
        holds = CHECK_STATUS(xt_store_remove(store, id, place, NULL), XT_OK);
    }
    return holds;
}

static bool items_move(xt_store *store, uint64_t version)
{
    const double old_number[2] = {VERSION_X, (double)(version - 1)};
    const double number[2] = {VERSION_X, (double)version};
    bool holds =
        CHECK_STATUS(xt_store_move(store, VERSION_ID, old_number, NULL, number, NULL), XT_OK);

    for (uint64_t id = first_id(version); id < first_id(version - 1) + ITEMS && holds; id++) {
        double from[2];
        double to[2];

        if (!moves_in(id, version))
            continue;
        place_of(id, version - 1, from);
        place_of(id, version, to);
        holds = CHECK_STATUS(xt_store_move(store, id, from, NULL, to, NULL), XT_OK);
    }
    return holds;
}

static bool items_insert(xt_store *store, uint64_t version, uint64_t from)
{
    bool holds = true;

    for (uint64_t id = from; id < first_id(version) + ITEMS && holds; id++) {
        double place[2];

        place_of(id, version, place);
        holds = CHECK_STATUS(xt_store_insert(store, id, place, NULL), XT_OK);
    }
    return holds;
}

static bool version_make(xt_store *store, uint64_t version)
{
    return items_remove(store, version) && items_move(store, version) &&
           items_insert(store, version, first_id(version - 1) + ITEMS);
}

static bool first_version_make(xt_store *store)
{
    const double number[2] = {VERSION_X, 0};

    return CHECK_STATUS(xt_store_insert(store, VERSION_ID, number, NULL), XT_OK) &&
           items_insert(store, 0, 0) && CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
}

/* Now and then a version is made, dropped, and made again. */
static void versions_make(struct scene *scene, uint64_t count, unsigned commit_every)
{
    bool holds = true;

    for (uint64_t version = 1; version <= count && holds; version++) {
        holds = version_make(scene->writer, version);
        if (holds && version % 7 == 0)
            holds = CHECK_STATUS(xt_store_rollback(scene->writer), XT_OK) &&
                    version_make(scene->writer, version);
        if (holds && version % commit_every == 0)
            holds = CHECK_STATUS(xt_store_commit(scene->writer, NULL), XT_OK);
        else if (holds)
            holds = CHECK_STATUS(xt_store_publish(scene->writer), XT_OK);
    }
}

/* ---- the readers --------------------------------------------------------------------------- */

static bool version_read(const xt_snapshot *snapshot, uint64_t *version)
{
    const double window[] = {VERSION_X, -INFINITY, VERSION_X, INFINITY};
    xt_query *query;
    xt_item item;
    bool holds;

    if (xt_query_window(snapshot, window, NULL, &query) != XT_OK)
        return false;
    holds = xt_query_next(query, &item) == XT_OK && item.id == VERSION_ID;
    if (holds)
        *version = (uint64_t)item.low[1];
    holds = holds && xt_query_next(query, &item) == XT_DONE;
    xt_query_close(query);
    return holds;
}

static uint64_t ids_expected(uint64_t version, const double *window)
{
    uint64_t sum = 0;

    for (uint64_t id = first_id(version); id < first_id(version) + ITEMS; id++) {
        double place[2];

        place_of(id, version, place);
        if (place[0] >= window[0] && place[0] <= window[2] && place[1] >= window[1] &&
            place[1] <= window[3])
            sum += id * id + 1;
    }
    return sum;
}

static bool window_is_right(const xt_snapshot *snapshot, uint64_t version, uint64_t *random)
{
    double x = check_uniform(random) * SIDE;
    double y = check_uniform(random) * SIDE;
    const double window[] = {x, y, x + check_uniform(random) * SIDE,
                             y + check_uniform(random) * SIDE};
    uint64_t ids[64];
    uint64_t sum = 0;
    xt_query *query;
    size_t count;

    if (xt_query_window(snapshot, window, NULL, &query) != XT_OK)
        return false;
    while (xt_query_next_batch(query, ids, CHECK_COUNT(ids), &count) == XT_OK) {
        for (size_t i = 0; i < count; i++)
            sum += ids[i] * ids[i] + 1;
    }
    xt_query_close(query);
    return sum == ids_expected(version, window);
}

/* The snapshot is held while the writer goes on. */
static bool snapshot_is_right(const xt_snapshot *snapshot, uint64_t *newest, uint64_t *random)
{
    uint64_t version = 0;
    bool holds = version_read(snapshot, &version) && version >= *newest &&
                 xt_snapshot_count(snapshot) == ITEMS + 1;

    for (unsigned i = 0; i < 4 && holds; i++)
        holds = window_is_right(snapshot, version, random);
    *newest = version;
    return holds;
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

        if (holds) {
            holds = snapshot_is_right(snapshot, &newest, &random);
            xt_snapshot_release(snapshot);
        }
        if (!holds)
            atomic_fetch_add_explicit(&scene->mistakes, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&scene->answers, 4, memory_order_relaxed);
    }
    return NULL;
}

/* ---- together ------------------------------------------------------------------------------ */

static void scene_play(struct scene *scene, uint64_t versions, unsigned commit_every)
{
    pthread_t threads[READERS];

    for (unsigned i = 0; i < READERS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, reader_run, scene), 0);
    versions_make(scene, versions, commit_every);
    while (atomic_load_explicit(&scene->answers, memory_order_relaxed) < ANSWERS &&
           atomic_load_explicit(&scene->mistakes, memory_order_relaxed) == 0)
        sched_yield();
    atomic_store_explicit(&scene->is_over, true, memory_order_relaxed);
    for (unsigned i = 0; i < READERS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_INT(atomic_load_explicit(&scene->mistakes, memory_order_relaxed), 0);
}

static xt_store *store_create(const char *path)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store = NULL;

    options.dims = 2;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = UINT64_C(1) << 30;
    CHECK_STATUS(xt_store_create(path, &options, &store), XT_OK);
    return store;
}

static void readers_of_the_writers_handle_see_whole_versions(void)
{
    for (unsigned round = 0; round < 2; round++) {
        struct scene scene = {.store = NULL};
        char path[4200];

        check_row = round == 0 ? "in memory" : "on disk";
        snprintf(path, sizeof path, "%s/store", check_scratch());
        scene.writer = store_create(round == 0 ? NULL : path);
        scene.store = scene.writer;
        if (scene.writer == NULL || !first_version_make(scene.writer))
            return;
        scene_play(&scene, round == 0 ? VERSIONS : VERSIONS / 3, 10);
        CHECK_STATUS(xt_store_close(scene.writer), XT_OK);
    }
}

static void readers_of_a_reading_handle_see_committed_versions(void)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    struct scene scene = {.store = NULL};
    char path[4200];

    snprintf(path, sizeof path, "%s/store", check_scratch());
    scene.writer = store_create(path);
    options.window_bytes = UINT64_C(1) << 30;
    if (scene.writer == NULL || !first_version_make(scene.writer) ||
        !CHECK_STATUS(xt_store_open(path, &options, &scene.store), XT_OK))
        return;
    scene_play(&scene, VERSIONS / 5, 3);
    CHECK_STATUS(xt_store_close(scene.store), XT_OK);
    CHECK_STATUS(xt_store_close(scene.writer), XT_OK);
}

CHECK_MAIN({"readers_of_the_writers_handle_see_whole_versions",
            readers_of_the_writers_handle_see_whole_versions},
           {"readers_of_a_reading_handle_see_committed_versions",
            readers_of_a_reading_handle_see_committed_versions})
