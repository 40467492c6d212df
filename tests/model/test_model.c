/* tests/model/test_model.c -- does a store of random shape, with random data of every nasty kind,
 * answer every window as a plain array of boxes does?
 *
 * A round draws dimensions, kind, type, capacities, data, size, threads and memory limit; loads a
 * store in memory or on disk (then reopened by a writer, a reader, or not at all); and compares.
 * Every round starts from a number of its own, which is printed when it fails:
 *
 *     test_model --round-seed N     that round only
 *     test_model --long             about twenty times as many rounds
 *     test_model --rounds N         so many rounds
 *     test_model --seed N           other rounds
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/answers.h"
#include "support/check.h"

#define ROUNDS 900
#define ROUNDS_LONG 18000

struct plan {
    xt_create_options create;
    xt_loader_options load;
    enum oracle_data data;
    size_t count;
    bool is_on_disk;
    unsigned reopen; /* 0: go on with the writer, 1: as writer, 2: as reader, 3: reader beside */
    xt_verify verify;
};

static unsigned pick(uint64_t *random, unsigned count)
{
    return (unsigned)(check_random(random) % count);
}

static size_t count_draw(uint64_t *random, uint32_t dims)
{
    static const size_t orders[] = {1, 40, 400, 4000, 20001};
    size_t most = orders[pick(random, CHECK_COUNT(orders))];

    if (dims > 8 && most > 4000 && pick(random, 8) != 0)
        most = 4000;
    return (size_t)(check_random(random) % most);
}

static void plan_draw(struct plan *plan, uint64_t *random)
{
    static const uint32_t dims[] = {1, 2, 2, 2, 3, 3, 4, 5, 8, 16, 64};
    static const uint32_t capacities[] = {0, 0, 16, 32, 48, 256};

    *plan = (struct plan){.create = XT_CREATE_OPTIONS_INIT, .load = XT_LOADER_OPTIONS_INIT};
    plan->create.dims = dims[pick(random, CHECK_COUNT(dims))];
    plan->create.kind = pick(random, 2) == 0 ? XT_POINTS : XT_BOXES;
    plan->create.coord_type = pick(random, 2) == 0 ? XT_F64 : XT_F32;
    plan->create.leaf_capacity = capacities[pick(random, CHECK_COUNT(capacities))];
    plan->create.inner_capacity = capacities[pick(random, CHECK_COUNT(capacities))];
    plan->create.arena_bytes = (uint64_t)(1 + pick(random, 4)) << 21;
    plan->create.window_bytes = UINT64_C(4) << 30;
    plan->create.extent_align = pick(random, 4) == 0 ? 65536 : 0;
    plan->load.threads = pick(random, 3) == 0 ? XT_THREADS_ALL : pick(random, 3);
    plan->load.memory_limit = pick(random, 3) == 0 ? UINT64_C(16) << 20 : 0;
    plan->data = (enum oracle_data)pick(random, ORACLE_DATA_COUNT);
    plan->count = count_draw(random, plan->create.dims);
    plan->is_on_disk = pick(random, 2) == 0;
    plan->reopen = pick(random, 4);
    plan->verify = (xt_verify)pick(random, 3);
}

static void plan_print(const struct plan *plan, uint64_t round_seed)
{
    printf("    --round-seed %" PRIu64 ": %u dims, %s, %s, leaf %u, inner %u, align %u, arenas of "
           "%" PRIu64 ", %zu items %s, %u threads, limit %" PRIu64 ", %s, reopen %u, verify %d\n",
           round_seed, plan->create.dims, plan->create.kind == XT_POINTS ? "points" : "boxes",
           plan->create.coord_type == XT_F64 ? "f64" : "f32", plan->create.leaf_capacity,
           plan->create.inner_capacity, plan->create.extent_align, plan->create.arena_bytes,
           plan->count, oracle_data_text(plan->data), plan->load.threads, plan->load.memory_limit,
           plan->is_on_disk ? "on disk" : "in memory", plan->reopen, (int)plan->verify);
}

/* ---- one store ----------------------------------------------------------------------------- */

static bool windows_agree(xt_store *store, struct oracle *oracle, uint64_t *random)
{
    unsigned windows = oracle->count > 5000 ? 16 : 32;
    xt_snapshot *snapshot;
    bool holds = true;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return false;
    for (unsigned i = 0; i < windows && holds; i++) {
        enum oracle_window kind = (enum oracle_window)(i % ORACLE_WINDOW_COUNT);
        double window[2 * XT_DIMS_MAX];

        check_row = oracle_window_text(kind);
        oracle_window(oracle, kind, random, window);
        holds &= answers_are_right(snapshot, oracle, window, XT_INTERSECTS);
        holds &= answers_are_right(snapshot, oracle, window, XT_WITHIN);
    }
    check_row = NULL;
    xt_snapshot_release(snapshot);
    return holds;
}

static bool reopened(const struct plan *plan, const char *path, xt_store **store)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.window_bytes = plan->create.window_bytes;
    options.verify = plan->verify;
    options.writable = plan->reopen == 1;
    return CHECK_STATUS(xt_store_close(*store), XT_OK) &&
           CHECK_STATUS(xt_store_open(path, &options, store), XT_OK);
}

static bool reader_agrees(const struct plan *plan, const char *path, struct oracle *oracle,
                          uint64_t *random)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *reader;
    bool holds;

    options.verify = plan->verify;
    options.window_bytes = plan->create.window_bytes;
    if (!CHECK_STATUS(xt_store_open(path, &options, &reader), XT_OK))
        return false;
    holds = answers_hold(reader, oracle, 8, random);
    return CHECK_STATUS(xt_store_close(reader), XT_OK) && holds;
}

static bool store_agrees(const struct plan *plan, const char *path, struct oracle *oracle,
                         uint64_t *random)
{
    xt_store *store;
    bool holds;

    if (!CHECK_STATUS(xt_store_create(path, &plan->create, &store), XT_OK))
        return false;
    holds = CHECK_STATUS(answers_load(store, oracle, &plan->load), XT_OK);
    if (holds && pick(random, 4) == 0)
        holds =
            CHECK_STATUS(xt_store_publish(store), XT_OK) && answers_hold(store, oracle, 8, random);
    holds = holds && CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    if (holds && path != NULL && (plan->reopen == 1 || plan->reopen == 2))
        holds = reopened(plan, path, &store);
    holds = holds && windows_agree(store, oracle, random);
    holds = holds && answers_hold(store, oracle, 8, random);
    if (holds && path != NULL && plan->reopen == 3)
        holds = reader_agrees(plan, path, oracle, random);
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

static int entry_remove(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* The stores of all rounds lie in one scratch folder, each removed after its round. */
static void store_remove(const char *path)
{
    if (nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS) != 0)
        printf("    cannot remove %s\n", path);
}

static bool round_run(uint64_t round_seed, const char *folder)
{
    uint64_t random = round_seed;
    struct oracle oracle;
    struct plan plan;
    char path[400];
    bool holds;

    plan_draw(&plan, &random);
    oracle_init(&oracle,
                (struct oracle_schema){plan.create.dims, plan.create.kind, plan.create.coord_type},
                plan.count, plan.data, &random);
    snprintf(path, sizeof path, "%s/store", folder);
    holds = store_agrees(&plan, plan.is_on_disk ? path : NULL, &oracle, &random);
    if (!holds)
        plan_print(&plan, round_seed);
    if (plan.is_on_disk)
        store_remove(path);
    oracle_release(&oracle);
    return holds;
}

/* ---- all rounds ---------------------------------------------------------------------------- */

static unsigned round_count = ROUNDS;
static uint64_t only_round;

static void stores_answer_like_an_array_of_boxes(void)
{
    const char *folder = check_scratch();
    uint64_t random = check_seed;

    if (only_round != 0) {
        round_run(only_round, folder);
        return;
    }
    for (unsigned i = 0; i < round_count; i++) {
        if (!round_run(check_random(&random) | 1, folder))
            return;
    }
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"stores_answer_like_an_array_of_boxes", stores_answer_like_an_array_of_boxes},
    };
    int rest = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--long") == 0)
            round_count = ROUNDS_LONG;
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            round_count = (unsigned)strtoul(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--round-seed") == 0 && i + 1 < argc)
            only_round = strtoull(argv[++i], NULL, 0);
        else
            argv[rest++] = argv[i];
    }
    return check_main(tests, CHECK_COUNT(tests), rest, argv);
}
