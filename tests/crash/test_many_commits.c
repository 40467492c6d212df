/* tests/crash/test_many_commits.c -- does a store with a long history, whose commits use the slots
 * of HEAD again and fill one arena after the other, survive power loss at every moment?
 *
 * The public interface of today loads a store once. So this test stands on the txn room: each
 * commit replaces the tree by one large leaf, whose items tell the number of the commit. Two leaves
 * fill an arena, so every second commit makes a new one and with it a new manifest.
 *
 *     test_many_commits --long 10    about ten times as many states
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "support/check.h"
#include "support/disk_os.h"
#include "txn/txn.h"

#define PATH "/store"
#define DIMS 32
#define CAPACITY 1024
#define COMMITS 9
#define WINDOW_BYTES (UINT64_C(256) << 20)

static const struct xti_schema SCHEMA = {.dims = DIMS,
                                         .kind = XT_BOXES,
                                         .coord_type = XT_F64,
                                         .leaf_capacity = CAPACITY,
                                         .inner_capacity = 16,
                                         .extent_align = 4096,
                                         .arena_bytes = UINT64_C(2) << 20};

static const struct {
    const char *name;
    xt_durability durability;
} MODES[] = {
    {"two syncs", XT_DURABLE_TWO_SYNCS},
    {"one sync",  XT_DURABLE_ONE_SYNC },
    {"ordered",   XT_ORDERED          },
};

/* How far the workload came: commits 1 (the creation) .. safe are durable, and those up to
 * acknowledged + 1 may be. */
struct progress {
    uint64_t acknowledged;
    uint64_t safe;
};

static unsigned scale = 1;
static xt_durability durability;
static size_t state_count;

/* ---- the workload -------------------------------------------------------------------------- */

/* What commit `number` holds: that many items, at that coordinate. */
static void leaf_fill(const struct xti_layout *layout, struct xtd_node *node, uint64_t number)
{
    double *coords = xti_leaf_coords(node);
    uint64_t *ids;

    node->count = (uint32_t)number;
    node->capacity = CAPACITY;
    node->kind = layout->leaf_kind;
    node->item_count = number;
    ids = xti_leaf_ids(layout, node);
    for (uint32_t axis = 0; axis < layout->leaf_axes; axis++) {
        for (uint32_t i = 0; i < CAPACITY; i++)
            coords[(size_t)axis * CAPACITY + i] = i < number ? (double)number : (double)NAN;
    }
    for (uint32_t i = 0; i < number; i++)
        ids[i] = number * 1000 + i;
}

static xt_status leaf_commit(struct xti_txn *txn, uint64_t number)
{
    const struct xti_layout *layout = xti_txn_layout(txn);
    uint32_t units = xti_leaf_units(layout, CAPACITY);
    struct xti_root root = {.height = 1, .item_count = number};
    uint32_t old_ref = xti_txn_root(txn).ref;
    struct xtd_node *node;
    xt_status status = xti_txn_expect(txn, units);

    if (status == XT_OK)
        status = xti_txn_alloc(txn, units, &root.ref, NULL);
    if (status != XT_OK)
        return status;
    node = xti_txn_at(txn, root.ref);
    memset(node + 1, 0, (size_t)(units - 1) * XTD_UNIT_BYTES);
    leaf_fill(layout, node, number);
    if (old_ref != 0)
        xti_txn_free(txn, old_ref, units);
    xti_txn_set_root(txn, root);
    return xti_txn_commit(txn, NULL);
}

/* Every third commit is made by a writer of its own; every fourth after a rollback. */
static void workload_run(struct disk_os *disk, struct progress *progress)
{
    const struct xti_os *os = disk_os_table(disk);
    struct xti_txn *txn;
    uint64_t number = 2;
    xt_status status = xti_txn_create(os, PATH, &SCHEMA, WINDOW_BYTES, NULL, &txn);

    progress->acknowledged = status == XT_OK;
    progress->safe = progress->acknowledged;
    if (status == XT_OK)
        xti_txn_set_durability(txn, durability);
    for (; status == XT_OK && number <= COMMITS; number++) {
        if (number % 3 == 0) {
            xti_txn_close(txn);
            status = xti_txn_open(os, PATH, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL, &txn);
            if (status == XT_OK) { /* closing may have failed to make the last ones durable */
                xti_txn_set_durability(txn, durability);
                number = xti_txn_number(txn);
                progress->acknowledged = number - 1;
                progress->safe = number - 1;
            }
        }
        if (status == XT_OK && number % 4 == 0) {
            uint32_t ref;

            status = xti_txn_alloc(txn, 100, &ref, NULL);
            if (status == XT_OK)
                status = xti_txn_rollback(txn);
        }
        if (status == XT_OK)
            status = leaf_commit(txn, number);
        if (status == XT_OK) {
            progress->acknowledged = number;
            progress->safe = durability == XT_ORDERED ? progress->safe : number;
        }
    }
    xti_txn_close(txn);
}

/* ---- one state after power loss ------------------------------------------------------------- */

static bool items_hold(const xt_snapshot *snapshot, uint64_t number)
{
    double window[2 * DIMS];
    xt_query *query;
    xt_status status;
    xt_item item;
    uint64_t count = 0;
    bool holds = true;

    for (uint32_t i = 0; i < 2 * DIMS; i++)
        window[i] = i < DIMS ? -INFINITY : INFINITY;
    if (!CHECK_STATUS(xt_query_window(snapshot, window, NULL, &query), XT_OK))
        return false;
    while ((status = xt_query_next(query, &item)) == XT_OK) {
        holds = holds && CHECK_U64(item.id, number * 1000 + count) &&
                CHECK(item.low[0] == (double)number && item.high[DIMS - 1] == (double)number);
        count++;
    }
    xt_query_close(query);
    return CHECK_STATUS(status, XT_DONE) && CHECK_U64(count, number == 1 ? 0 : number) && holds;
}

static bool store_holds(xt_store *store, const struct progress *progress)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    xt_snapshot *snapshot;
    uint64_t number;
    bool holds;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return false;
    number = xt_snapshot_txn(snapshot);
    holds = CHECK(number >= progress->safe && number <= progress->acknowledged + 1) &&
            items_hold(snapshot, number);
    xt_snapshot_release(snapshot);
    check.deep = true;
    return CHECK_STATUS(xt_store_check(store, &check, &report), XT_OK) && holds;
}

static bool opens_right(struct disk_os *disk, bool writable, const struct progress *progress)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store;
    xt_status status;
    bool holds;

    options.writable = writable;
    options.window_bytes = WINDOW_BYTES;
    options.verify = writable ? XT_VERIFY_LAZY : XT_VERIFY_OPEN;
    status = xti_store_open(disk_os_table(disk), PATH, &options, &store);
    if (progress->acknowledged == 0 && status == XT_ENOTFOUND)
        return true;
    if (!CHECK_STATUS(status, XT_OK))
        return false;
    holds = store_holds(store, progress);
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

/* After the loss a writer commits again, and power is lost once more: that commit must stay. */
static bool goes_on(struct disk_os *disk, uint64_t *random)
{
    struct progress progress = {0};
    struct disk_os *after;
    struct xti_txn *txn;
    bool holds;

    if (!CHECK_STATUS(
            xti_txn_open(disk_os_table(disk), PATH, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL, &txn),
            XT_OK))
        return false;
    progress.acknowledged = xti_txn_number(txn);
    progress.safe = progress.acknowledged; /* it is closed */
    xti_txn_set_durability(txn, durability);
    holds = CHECK_STATUS(leaf_commit(txn, progress.acknowledged), XT_OK);
    xti_txn_close(txn);
    after = disk_os_reboot(disk, DISK_LOSE_ALL, check_random(random));
    holds = holds && opens_right(after, false, &progress) && opens_right(after, true, &progress);
    disk_os_destroy(after);
    return holds;
}

static bool state_check(struct disk_os *disk, const struct progress *progress, uint64_t *random)
{
    bool holds = opens_right(disk, false, progress) && opens_right(disk, true, progress);

    if (holds && progress->acknowledged > 0 && ++state_count % 4 == 0)
        holds = goes_on(disk, random);
    disk_os_destroy(disk);
    return holds;
}

/* ---- all stops ------------------------------------------------------------------------------- */

static bool stop_check(uint64_t call, bool *has_stopped)
{
    uint64_t random = check_seed + call;
    struct disk_os *disk = disk_os_create(check_seed);
    struct progress progress;
    bool holds = true;

    disk_os_crash_at(disk, call);
    workload_run(disk, &progress);
    *has_stopped = disk_os_has_crashed(disk);
    if (!*has_stopped)
        CHECK_U64(progress.acknowledged, COMMITS);
    for (unsigned i = 0; holds && i < DISK_MODE_COUNT * scale; i++) {
        enum disk_mode mode = (enum disk_mode)(i % DISK_MODE_COUNT);

        if (i >= DISK_MODE_COUNT && (mode == DISK_LOSE_ALL || mode == DISK_KEEP_ALL))
            continue;
        holds = state_check(disk_os_reboot(disk, mode, check_random(&random)), &progress, &random);
    }
    if (!holds)
        printf("    stopped at call %" PRIu64 ", %" PRIu64 " commits acknowledged\n", call,
               progress.acknowledged);
    disk_os_destroy(disk);
    return holds;
}

static void power_loss_leaves_the_last_or_the_next_commit(void)
{
    for (size_t i = 0; i < CHECK_COUNT(MODES); i++) {
        bool has_stopped = true;

        check_row = MODES[i].name;
        durability = MODES[i].durability;
        state_count = 0;
        for (uint64_t n = 1; has_stopped && stop_check(n, &has_stopped); n++)
            ;
        printf("%s: %zu states\n", MODES[i].name, state_count);
    }
}

/* The process starts again, the system does not. Readers may be shown an older commit until a
 * writer has come, as the cache may have lost what HEAD said last. */
static bool restart_check(struct disk_os *disk, const struct progress *progress, uint64_t *random)
{
    struct disk_os *same = disk_os_copy(disk);
    struct progress shown = *progress;
    bool holds;

    shown.safe = shown.safe > 0;
    holds = opens_right(same, false, &shown);
    if (holds && progress->acknowledged > 0)
        holds = opens_right(same, true, progress) && opens_right(same, false, progress) &&
                goes_on(same, random);
    disk_os_destroy(same);
    return holds;
}

static bool bad_sync_check(uint64_t nth, enum disk_sync_model model, bool *has_failed)
{
    uint64_t random = check_seed + nth;
    struct disk_os *disk = disk_os_create(check_seed);
    struct progress progress;
    bool holds = true;

    disk_os_fail_sync(disk, nth, model);
    workload_run(disk, &progress);
    *has_failed = progress.acknowledged < COMMITS;
    for (int mode = 0; holds && mode < DISK_MODE_COUNT; mode++)
        holds = state_check(disk_os_reboot(disk, (enum disk_mode)mode, check_random(&random)),
                            &progress, &random);
    holds = holds && restart_check(disk, &progress, &random);
    if (!holds)
        printf("    sync %" PRIu64 ", model %d\n", nth, (int)model);
    disk_os_destroy(disk);
    return holds;
}

static void failed_sync_loses_no_commit(void)
{
    static const enum disk_sync_model models[] = {DISK_SYNC_CLEAN_NEW, DISK_SYNC_CLEAN_OLD};

    for (size_t m = 0; m < CHECK_COUNT(models); m++) {
        for (size_t i = 0; i < CHECK_COUNT(MODES); i++) {
            bool has_failed = true;

            check_row = MODES[i].name;
            durability = MODES[i].durability;
            for (uint64_t nth = 1; has_failed && bad_sync_check(nth, models[m], &has_failed); nth++)
                ;
        }
    }
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"power_loss_leaves_the_last_or_the_next_commit",
         power_loss_leaves_the_last_or_the_next_commit                               },
        {"failed_sync_loses_no_commit",                   failed_sync_loses_no_commit},
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
