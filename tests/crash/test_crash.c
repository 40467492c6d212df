/* tests/crash/test_crash.c -- does a store survive power loss at every moment of its life, in every
 * state that the medium may then be in?
 *
 * A workload runs on a disk that loses what was not synced (support/disk_os.h). It is stopped at
 * each call that changes the disk; then the machine "starts again" with some subset of what was
 * pending, and the store must hold the last acknowledged state or, while a commit was under way,
 * the new one, complete. States that were looked at before are not looked at twice; the number of
 * different ones is printed.
 *
 *     test_crash --long 20    about twenty times as many states
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "support/answers.h"
#include "support/check.h"
#include "support/disk_os.h"

#define PATH "/store"
#define SUBSET_UNITS_MAX 8
#define STATES_MAX (1u << 20)

struct plan {
    const char *name;
    uint32_t dims;
    xt_item_kind kind;
    size_t count;
    uint64_t memory_limit;
    unsigned stops; /* at most so many different calls are stopped at; 0: all */
    unsigned draws; /* random states after each stop */
    xt_durability durability;
};

/* Commits with a new arena are the same in all modes. */
static const struct plan PLANS[] = {
    {"one arena",                                 2,   XT_POINTS, 500,  0,                  0,  1500, XT_DURABLE_TWO_SYNCS},
    {"three dimensions",                          3,   XT_BOXES,  200,  0,                  0,  500,  XT_DURABLE_TWO_SYNCS},
    {"one arena, one sync",                       2,   XT_POINTS, 500,  0,                  0,  500,  XT_DURABLE_ONE_SYNC },
    {"three dimensions, ordered",                 3,   XT_BOXES,  200,  0,                  0,  500,  XT_ORDERED          },
    {"several arenas",                            64,  XT_BOXES,  4500, 0,                  40, 12,   XT_DURABLE_TWO_SYNCS},
    {"several arenas, spilled before the commit", 128, XT_BOXES,  9000, UINT64_C(16) << 20, 24, 1,
     XT_DURABLE_TWO_SYNCS                                                                                                 },
};

/* How far the workload came. */
enum phase { CREATING, EMPTY, COMMITTING, LOADED };

static unsigned scale = 1;
static const struct plan *plan;
static struct oracle items;
static struct oracle nothing;
static uint64_t states[STATES_MAX];
static size_t state_count;

static void plan_set_up(const struct plan *next)
{
    uint64_t random = check_seed;

    plan = next;
    check_row = plan->name;
    oracle_init(&items, (struct oracle_schema){plan->dims, plan->kind, XT_F64}, plan->count,
                ORACLE_UNIFORM, &random);
    oracle_init(&nothing, (struct oracle_schema){plan->dims, plan->kind, XT_F64}, 0, ORACLE_UNIFORM,
                &random);
    state_count = 0;
    memset(states, 0, sizeof states);
}

static void plan_tear_down(void)
{
    oracle_release(&items);
    oracle_release(&nothing);
}

/* ---- the workload -------------------------------------------------------------------------- */

static xt_status store_create(struct disk_os *disk, xt_store **out)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    options.dims = plan->dims;
    options.kind = plan->kind;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = UINT64_C(256) << 20;
    options.durability = plan->durability;
    return xti_store_create(disk_os_table(disk), PATH, &options, out);
}

static xt_status store_open(struct disk_os *disk, bool writable, xt_error *error, xt_store **out)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.writable = writable;
    options.window_bytes = UINT64_C(256) << 20;
    options.error = error;
    options.durability = plan->durability;
    return xti_store_open(disk_os_table(disk), PATH, &options, out);
}

static xt_status items_commit(xt_store *store, enum phase *phase)
{
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;
    xt_status status;

    options.memory_limit = plan->memory_limit;
    status = answers_load(store, &items, &options);
    if (status != XT_OK)
        return status;
    *phase = COMMITTING;
    status = xt_store_commit(store, NULL);
    if (status == XT_OK && plan->durability == XT_ORDERED)
        status = xt_store_sync(store, NULL);
    if (status == XT_OK)
        *phase = LOADED;
    return status;
}

/* Runs until the disk stops. */
static enum phase workload_run(struct disk_os *disk)
{
    enum phase phase = CREATING;
    xt_store *store;

    if (store_create(disk, &store) != XT_OK)
        return phase;
    phase = EMPTY;
    (void)items_commit(store, &phase);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return phase;
}

/* ---- one state after power loss ------------------------------------------------------------- */

/* Whether this state of this phase was not looked at before. */
static bool state_is_new(struct disk_os *disk, enum phase phase)
{
    uint64_t key = disk_os_image_hash(disk) * 4 + (uint64_t)phase;
    size_t i = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 44) % STATES_MAX;

    key += key == 0;
    if (state_count >= STATES_MAX / 4 * 3)
        return true;
    while (states[i] != 0) {
        if (states[i] == key)
            return false;
        i = (i + 1) % STATES_MAX;
    }
    states[i] = key;
    state_count++;
    return true;
}

/* Compares an open store with what the phase allows. */
static bool contents_hold(xt_store *store, enum phase phase, uint64_t *random)
{
    struct oracle *expected = phase == LOADED ? &items : &nothing;
    unsigned windows = plan->count > 1000 ? 3 : 6;
    xt_snapshot *snapshot;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return false;
    if (phase == COMMITTING && xt_snapshot_count(snapshot) != 0)
        expected = &items;
    xt_snapshot_release(snapshot);
    return answers_hold(store, expected, windows, random);
}

static bool opens_right(struct disk_os *disk, bool writable, enum phase phase, uint64_t *random)
{
    xt_error error = {0};
    xt_store *store;
    xt_status status = store_open(disk, writable, &error, &store);
    bool holds;

    if (phase == CREATING && status == XT_ENOTFOUND)
        return true;
    if (!CHECK_STATUS(status, XT_OK)) {
        printf("    %s: %s\n", error.path, error.check);
        return false;
    }
    holds = contents_hold(store, phase, random);
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

/* Creation that was cut short can be done again; a store that is there stays. */
static bool creates_again(struct disk_os *disk, uint64_t *random)
{
    xt_store *store;
    xt_status opened = store_open(disk, false, NULL, &store);
    xt_status status;
    bool holds;

    xt_store_close(store);
    status = store_create(disk, &store);
    if (opened == XT_OK)
        return CHECK_STATUS(status, XT_EEXIST);
    if (!CHECK_STATUS(status, XT_OK))
        return false;
    holds = answers_hold(store, &nothing, 2, random);
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds &&
           opens_right(disk, false, EMPTY, random);
}

/* A store that came back empty takes the load, durably. */
static bool goes_on(struct disk_os *disk, uint64_t *random)
{
    enum phase phase = EMPTY;
    xt_snapshot *snapshot;
    struct disk_os *after;
    xt_store *store;
    bool is_empty;
    bool holds;

    if (!CHECK_STATUS(store_open(disk, true, NULL, &store), XT_OK) ||
        !CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return false;
    is_empty = xt_snapshot_count(snapshot) == 0;
    xt_snapshot_release(snapshot);
    holds = is_empty ? CHECK_STATUS(items_commit(store, &phase), XT_OK)
                     : CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    after = disk_os_reboot(disk, DISK_LOSE_ALL, check_random(random));
    holds = holds && opens_right(after, true, LOADED, random);
    disk_os_destroy(after);
    return holds;
}

/* Power is lost again while a writer opens the store. */
static bool survives_a_second_loss(struct disk_os *disk, enum phase phase, uint64_t *random)
{
    uint64_t first = disk_os_calls(disk) + 1;
    bool has_crashed = true;
    bool holds = true;

    for (uint64_t n = first; has_crashed && holds; n++) {
        struct disk_os *again = disk_os_copy(disk);
        struct disk_os *after;
        xt_store *store;

        disk_os_crash_at(again, n);
        if (store_open(again, true, NULL, &store) == XT_OK)
            CHECK_STATUS(xt_store_close(store), XT_OK);
        has_crashed = disk_os_has_crashed(again);
        after = disk_os_reboot(again, (enum disk_mode)(n % DISK_MODE_COUNT), check_random(random));
        holds = opens_right(after, false, phase, random);
        disk_os_destroy(after);
        disk_os_destroy(again);
    }
    return holds;
}

/* Takes the disk. */
static bool state_check(struct disk_os *disk, enum phase phase, uint64_t *random)
{
    bool holds = true;

    if (state_is_new(disk, phase)) {
        holds = opens_right(disk, false, phase, random) && opens_right(disk, true, phase, random);
        if (holds && phase == CREATING) {
            holds = creates_again(disk, random);
        } else if (holds && state_count % 8 == 0) {
            holds = survives_a_second_loss(disk, phase, random);
            holds = holds && goes_on(disk, random);
        }
    }
    disk_os_destroy(disk);
    return holds;
}

/* ---- all states after one stop -------------------------------------------------------------- */

static bool subsets_check(struct disk_os *disk, enum phase phase, uint64_t *random)
{
    size_t units = disk_os_pending_units(disk);

    for (uint32_t subset = 0; subset < UINT32_C(1) << units; subset++) {
        uint8_t keep[SUBSET_UNITS_MAX + 1];

        for (size_t i = 0; i < units; i++)
            keep[i] = (uint8_t)(subset >> i & 1);
        if (!state_check(disk_os_reboot_mask(disk, keep), phase, random))
            return false;
    }
    return true;
}

static bool draws_check(struct disk_os *disk, enum phase phase, uint64_t *random)
{
    for (int mode = 0; mode < DISK_MODE_COUNT; mode++) {
        bool is_fixed = mode == DISK_LOSE_ALL || mode == DISK_KEEP_ALL;
        unsigned draws = is_fixed ? 1 : plan->draws * scale;

        for (unsigned i = 0; i < draws; i++) {
            struct disk_os *after =
                disk_os_reboot(disk, (enum disk_mode)mode, check_random(random));

            if (!state_check(after, phase, random))
                return false;
        }
    }
    return true;
}

static bool stop_check(uint64_t call, bool *has_stopped)
{
    uint64_t random = check_seed + call;
    struct disk_os *disk = disk_os_create(check_seed);
    enum phase phase;
    bool holds;

    disk_os_crash_at(disk, call);
    phase = workload_run(disk);
    *has_stopped = disk_os_has_crashed(disk);
    if (!*has_stopped)
        CHECK_INT(phase, LOADED);
    holds = disk_os_pending_units(disk) <= SUBSET_UNITS_MAX ? subsets_check(disk, phase, &random)
                                                            : draws_check(disk, phase, &random);
    if (!holds)
        printf("    %s: stopped at call %" PRIu64 ", phase %d\n", plan->name, call, (int)phase);
    disk_os_destroy(disk);
    return holds;
}

static uint64_t workload_calls(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    uint64_t calls;

    CHECK_INT(workload_run(disk), LOADED);
    calls = disk_os_calls(disk);
    disk_os_destroy(disk);
    return calls;
}

/* Whether call n is among those to stop at: the last ones always, as the commit is there. */
static bool stops_at(uint64_t n, uint64_t calls, uint64_t stops)
{
    return stops == 0 || calls <= stops || n + stops / 2 > calls || n % (calls / stops + 1) == 0;
}

static void power_loss_leaves_the_old_or_the_new_state(void)
{
    for (size_t i = 0; i < CHECK_COUNT(PLANS); i++) {
        bool has_stopped = true;
        uint64_t calls;

        plan_set_up(&PLANS[i]);
        calls = workload_calls();
        for (uint64_t n = 1; has_stopped; n++) {
            if (stops_at(n, calls, (uint64_t)plan->stops * scale) && !stop_check(n, &has_stopped))
                break;
        }
        printf("%s: %" PRIu64 " calls, %zu different states\n", plan->name, calls, state_count);
        plan_tear_down();
    }
}

/* ---- syncs that fail ------------------------------------------------------------------------ */

/* After an error the handle does not write, but reads. */
static void broken_handle_check(xt_store *store, enum phase phase)
{
    xt_snapshot *snapshot;

    if (phase != COMMITTING)
        return;
    CHECK_STATUS(xt_store_commit(store, NULL), XT_EBROKEN);
    CHECK_STATUS(xt_store_publish(store), XT_EBROKEN);
    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return;
    xt_snapshot_release(snapshot);
}

static enum phase workload_with_bad_sync(struct disk_os *disk)
{
    enum phase phase = CREATING;
    xt_status status;
    xt_store *store;

    if (store_create(disk, &store) != XT_OK)
        return phase;
    phase = EMPTY;
    status = items_commit(store, &phase);
    if (status != XT_OK) {
        CHECK_STATUS(status, XT_EBROKEN);
        broken_handle_check(store, phase);
    }
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return phase;
}

/* The process starts again, the machine does not: what programs see may be more than there is, and
 * less until a writer has come, as the cache may have lost what HEAD said last. */
static bool restart_check(struct disk_os *disk, enum phase phase, uint64_t *random)
{
    struct disk_os *same = disk_os_copy(disk);
    bool holds = opens_right(same, false, phase == LOADED ? COMMITTING : phase, random) &&
                 opens_right(same, true, phase, random);

    if (holds && phase == CREATING)
        holds = creates_again(same, random);
    else if (holds)
        holds = goes_on(same, random);
    disk_os_destroy(same);
    return holds;
}

static bool bad_sync_check(uint64_t nth, enum disk_sync_model model, bool *has_failed)
{
    uint64_t random = check_seed + nth;
    struct disk_os *disk = disk_os_create(check_seed);
    enum phase phase;
    bool holds;

    disk_os_fail_sync(disk, nth, model);
    phase = workload_with_bad_sync(disk);
    *has_failed = phase != LOADED;
    holds = draws_check(disk, phase, &random) && restart_check(disk, phase, &random);
    if (!holds)
        printf("    %s: sync %" PRIu64 ", model %d, phase %d\n", plan->name, nth, (int)model,
               (int)phase);
    disk_os_destroy(disk);
    return holds;
}

static void failed_sync_never_loses_what_was_acknowledged(void)
{
    static const enum disk_sync_model models[] = {DISK_SYNC_CLEAN_NEW, DISK_SYNC_CLEAN_OLD};

    for (size_t m = 0; m < CHECK_COUNT(models); m++) {
        for (size_t i = 0; i < CHECK_COUNT(PLANS) - 1; i++) {
            bool has_failed = true;

            plan_set_up(&PLANS[i]);
            for (uint64_t nth = 1; has_failed; nth++) {
                if (!bad_sync_check(nth, models[m], &has_failed))
                    break;
            }
            plan_tear_down();
        }
    }
}

/* A sync that lies cannot be survived, but it must not lead to wrong answers. */
static void sync_that_lies_gives_no_wrong_answers(void)
{
    plan_set_up(&PLANS[0]);
    for (uint64_t nth = 1; nth <= 30; nth++) {
        uint64_t random = check_seed + nth;
        struct disk_os *disk = disk_os_create(check_seed);

        disk_os_fail_sync(disk, nth, DISK_SYNC_LATE);
        (void)workload_run(disk);
        for (int mode = 0; mode < DISK_MODE_COUNT; mode++) {
            struct disk_os *after =
                disk_os_reboot(disk, (enum disk_mode)mode, check_random(&random));
            struct oracle *expected = &nothing;
            xt_snapshot *snapshot;
            xt_store *store;
            bool right;

            if (store_open(after, mode % 2 == 0, NULL, &store) == XT_OK) {
                if (xt_snapshot_latest(store, &snapshot) == XT_OK) {
                    expected = xt_snapshot_count(snapshot) == 0 ? &nothing : &items;
                    xt_snapshot_release(snapshot);
                }
                (void)answers_try(store, expected, 6, &random, &right);
                CHECK(right);
                CHECK_STATUS(xt_store_close(store), XT_OK);
            }
            disk_os_destroy(after);
        }
        disk_os_destroy(disk);
    }
    plan_tear_down();
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"power_loss_leaves_the_old_or_the_new_state",    power_loss_leaves_the_old_or_the_new_state},
        {"failed_sync_never_loses_what_was_acknowledged",
         failed_sync_never_loses_what_was_acknowledged                                              },
        {"sync_that_lies_gives_no_wrong_answers",         sync_that_lies_gives_no_wrong_answers     },
    };
    int rest = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--long") == 0 && i + 1 < argc)
            scale = (unsigned)strtoul(argv[++i], NULL, 0);
        else
            argv[rest++] = argv[i];
    }
    return check_main(tests, CHECK_COUNT(tests), rest, argv);
}
