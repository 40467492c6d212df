/* tests/crash/test_copy.c -- is a copy of a store there as a whole or not at all, whenever power is
 * lost or a call fails; and is the original as it was?
 *
 * One store of several arenas lies on a disk in memory, and is copied there in both ways.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>

#include "api/api.h"
#include "support/answers.h"
#include "support/check.h"
#include "support/disk_os.h"
#include "support/fail_os.h"

#define FROM "/from"
#define TO "/to"
#define DIMS 64
#define ITEMS 1500
#define WINDOW_BYTES (UINT64_C(256) << 20)

static struct disk_os *ground; /* with the original, closed */
static struct oracle items;
static size_t state_count;

/* ---- stores -------------------------------------------------------------------------------- */

/* An item comes and goes until what was loaded lies in an arena that a manifest has sealed: that
 * one, the one that is written, and a spare. */
static bool arenas_make(xt_store *store)
{
    xt_store_stats stats = {.struct_size = sizeof stats};
    double corner[DIMS] = {0};
    bool holds = true;

    for (unsigned i = 0; holds && i < 2000 && stats.arena_count < 3; i++) {
        holds = CHECK_STATUS(xt_store_insert(store, 0, corner, NULL), XT_OK) &&
                CHECK_STATUS(xt_store_commit(store, NULL), XT_OK) &&
                CHECK_STATUS(xt_store_remove(store, 0, corner, NULL), XT_OK) &&
                CHECK_STATUS(xt_store_commit(store, NULL), XT_OK) &&
                CHECK_STATUS(xt_store_stat(store, &stats), XT_OK);
    }
    return holds && CHECK(stats.arena_count >= 3);
}

static bool ground_make(void)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    uint64_t random = check_seed;
    xt_store *store;
    bool holds;

    ground = disk_os_create(check_seed);
    oracle_init(&items, (struct oracle_schema){DIMS, XT_BOXES, XT_F64}, ITEMS, ORACLE_UNIFORM,
                &random);
    options.dims = DIMS;
    options.kind = XT_BOXES;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = WINDOW_BYTES;
    options.no_cleaning = true;
    if (!CHECK_STATUS(xti_store_create(disk_os_table(ground), FROM, &options, &store), XT_OK))
        return false;
    holds = CHECK_STATUS(answers_load(store, &items, NULL), XT_OK) &&
            CHECK_STATUS(xt_store_commit(store, NULL), XT_OK) && arenas_make(store);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    disk_os_settle(ground);
    return holds;
}

static void ground_release(void)
{
    disk_os_destroy(ground);
    oracle_release(&items);
}

static xt_status open_at(const struct xti_os *os, const char *path, bool writable, xt_store **out)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.writable = writable;
    options.window_bytes = WINDOW_BYTES;
    return xti_store_open(os, path, &options, out);
}

static xt_status copy_store(xt_store *store, bool links)
{
    xt_copy_options options = XT_COPY_OPTIONS_INIT;
    xt_error error = {0};
    xt_snapshot *snapshot;
    xt_status status = xt_snapshot_latest(store, &snapshot);

    if (status != XT_OK)
        return status;
    options.links = links;
    options.error = &error;
    status = xt_snapshot_copy(snapshot, TO, &options);
    CHECK_STATUS(error.status, status);
    xt_snapshot_release(snapshot);
    return status;
}

static xt_status copy_on(const struct xti_os *os, bool links)
{
    xt_store *store;
    xt_status status = open_at(os, FROM, false, &store);

    if (status != XT_OK)
        return status;
    status = copy_store(store, links);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return status;
}

/* A store that holds the items, checked deeply. */
static bool store_holds(const struct xti_os *os, const char *path, uint64_t *random)
{
    xt_store *store;
    bool holds;

    if (!CHECK_STATUS(open_at(os, path, false, &store), XT_OK))
        return false;
    holds = answers_hold(store, &items, 1, random);
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

/* The copy is there, or there is none. */
static bool copy_is_whole_or_none(const struct xti_os *os, bool must_be, uint64_t *random)
{
    xt_store *store;
    xt_status status = open_at(os, TO, false, &store);

    CHECK_STATUS(xt_store_close(store), XT_OK);
    if (status == XT_ENOTFOUND && !must_be)
        return true;
    return CHECK_STATUS(status, XT_OK) && store_holds(os, TO, random);
}

/* ---- power loss ---------------------------------------------------------------------------- */

static bool state_check(struct disk_os *disk, bool links, bool must_be, uint64_t *random)
{
    const struct xti_os *os = disk_os_table(disk);
    bool holds = copy_is_whole_or_none(os, must_be, random);
    xt_status again;

    if (holds && ++state_count % 4 == 0) {
        again = copy_on(os, links);
        holds = CHECK(again == XT_OK || again == XT_EEXIST) && store_holds(os, TO, random) &&
                store_holds(os, FROM, random);
    }
    disk_os_destroy(disk);
    return holds;
}

static void power_loss(bool links)
{
    uint64_t random = check_seed;
    bool has_stopped = true;
    bool holds = true;

    state_count = 0;
    for (uint64_t n = 1; has_stopped && holds; n++) {
        struct disk_os *disk = disk_os_copy(ground);
        xt_status status;

        disk_os_crash_at(disk, disk_os_calls(disk) + n);
        status = copy_on(disk_os_table(disk), links);
        has_stopped = disk_os_has_crashed(disk);
        for (int i = 0; i < 2 * DISK_MODE_COUNT && holds; i++) {
            struct disk_os *after =
                disk_os_reboot(disk, (enum disk_mode)(i % DISK_MODE_COUNT), check_random(&random));

            holds = state_check(after, links, status == XT_OK, &random);
        }
        if (!holds)
            printf("    stopped at call %" PRIu64 "\n", n);
        disk_os_destroy(disk);
    }
    printf("%zu states\n", state_count);
}

static void power_loss_leaves_a_whole_packed_copy_or_none(void)
{
    power_loss(false);
}

static void power_loss_leaves_a_whole_linked_copy_or_none(void)
{
    power_loss(true);
}

/* ---- calls that fail ----------------------------------------------------------------------- */

static void call_fails(bool links, bool forever)
{
    uint64_t random = check_seed;
    bool hit = true;

    for (uint64_t n = 1; hit; n++) {
        struct disk_os *disk = disk_os_copy(ground);
        struct fail_os fail;
        xt_status status;

        fail_os_init(&fail, disk_os_table(disk));
        fail.fail_at = n;
        fail.fail_forever = forever;
        status = copy_on(&fail.os, links);
        hit = fail.hit;
        CHECK(hit || status == XT_OK);
        CHECK(fail_os_is_clean(&fail));
        if (!copy_is_whole_or_none(disk_os_table(disk), status == XT_OK, &random) ||
            (!forever && status != XT_OK && n % 4 == 0 &&
             (!CHECK_STATUS(copy_on(disk_os_table(disk), links), XT_OK) ||
              !store_holds(disk_os_table(disk), TO, &random)))) {
            printf("    call %" PRIu64 ", %s\n", n, fail_kind_name(fail.hit_kind));
            hit = false;
        }
        disk_os_destroy(disk);
    }
}

static void a_call_that_fails_leaves_no_half_copy(void)
{
    call_fails(false, false);
    call_fails(true, false);
    call_fails(true, true);
}

static void where_files_are_not_linked_they_are_copied(void)
{
    uint64_t random = check_seed;
    struct disk_os *disk = disk_os_copy(ground);
    struct fail_os fail;

    fail_os_init(&fail, disk_os_table(disk));
    fail.kinds = FAIL_LINK;
    fail.fail_at = 1;
    fail.fail_forever = true;
    CHECK_STATUS(copy_on(&fail.os, true), XT_OK);
    CHECK(fail.hit);
    store_holds(disk_os_table(disk), TO, &random);
    disk_os_destroy(disk);
}

/* ---- afterwards ---------------------------------------------------------------------------- */

static bool item_add(const struct xti_os *os, const char *path, double at)
{
    double corner[DIMS];
    xt_store *store;
    bool holds;

    for (unsigned i = 0; i < DIMS; i++)
        corner[i] = at;
    if (!CHECK_STATUS(open_at(os, path, true, &store), XT_OK))
        return false;
    holds = CHECK_STATUS(xt_store_insert(store, 1, corner, NULL), XT_OK) &&
            CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return holds;
}

static uint64_t count_at(const struct xti_os *os, const char *path, double at)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    double window[2 * DIMS];
    uint64_t count = 0;
    xt_snapshot *snapshot;
    xt_store *store;
    xt_query *query;

    for (unsigned i = 0; i < 2 * DIMS; i++)
        window[i] = at;
    check.deep = true;
    if (!CHECK_STATUS(open_at(os, path, false, &store), XT_OK))
        return 0;
    CHECK_STATUS(xt_store_check(store, &check, NULL), XT_OK);
    if (CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK)) {
        if (CHECK_STATUS(xt_query_window(snapshot, window, NULL, &query), XT_OK)) {
            CHECK_STATUS(xt_query_count(query, &count), XT_OK);
            xt_query_close(query);
        }
        xt_snapshot_release(snapshot);
    }
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return count;
}

/* Both have the same files for the most part, and each goes its own way. */
static void original_and_copy_are_written_independently(void)
{
    for (int links = 0; links < 2; links++) {
        struct disk_os *disk = disk_os_copy(ground);
        const struct xti_os *os = disk_os_table(disk);

        if (CHECK_STATUS(copy_on(os, links != 0), XT_OK) && item_add(os, FROM, 5) &&
            item_add(os, TO, 6) && item_add(os, FROM, 7)) {
            CHECK_U64(count_at(os, FROM, 5), 1);
            CHECK_U64(count_at(os, FROM, 6), 0);
            CHECK_U64(count_at(os, FROM, 7), 1);
            CHECK_U64(count_at(os, TO, 5), 0);
            CHECK_U64(count_at(os, TO, 6), 1);
            CHECK_U64(count_at(os, TO, 7), 0);
        }
        disk_os_destroy(disk);
    }
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"power_loss_leaves_a_whole_packed_copy_or_none",
         power_loss_leaves_a_whole_packed_copy_or_none                                              },
        {"power_loss_leaves_a_whole_linked_copy_or_none",
         power_loss_leaves_a_whole_linked_copy_or_none                                              },
        {"a_call_that_fails_leaves_no_half_copy",         a_call_that_fails_leaves_no_half_copy     },
        {"where_files_are_not_linked_they_are_copied",    where_files_are_not_linked_they_are_copied},
        {"original_and_copy_are_written_independently",
         original_and_copy_are_written_independently                                                },
    };
    int status = 1;

    if (ground_make())
        status = check_main(tests, CHECK_COUNT(tests), argc, argv);
    ground_release();
    return status;
}
