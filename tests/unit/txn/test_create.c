/* tests/unit/txn/test_create.c -- does creating leave a whole store or none, and what is not its
 * own untouched?
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit/txn/meddler.h"

static xt_status try_create(const struct xti_os *os, xt_error *error)
{
    struct xti_schema schema = scene_schema(4096);
    struct xti_txn *txn;
    xt_status status = xti_txn_create(os, PATH, &schema, WINDOW_BYTES, error, &txn);

    xti_txn_close(txn);
    return status;
}

static xt_status try_open(const struct xti_os *os, bool writable, xt_verify verify,
                          uint64_t window_bytes, xt_error *error)
{
    struct xti_txn *txn;
    xt_status status = xti_txn_open(os, PATH, writable, verify, window_bytes, error, &txn);

    xti_txn_close(txn);
    return status;
}

/* ---- creating ----------------------------------------------------------------------------- */

static void what_is_in_the_way_of_a_creation_stays(void)
{
    static const struct {
        const char *name;
        const char *file;
    } rows[] = {
        {"a foreign file",                    "notes.txt"                },
        {"a store",                           "HEAD"                     },
        {"an arena that no creation makes",   "arena-00000002.xta"       },
        {"a manifest that no creation makes", "manifest-0000000000000002"},
        {"a name in capital hexadecimal",     "arena-0000000A.xta"       },
    };

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        struct disk_os *disk = disk_os_create(check_seed);
        const struct xti_os *os = disk_os_table(disk);
        char path[100];
        uint64_t hash;

        check_row = rows[row].name;
        (void)CHECK_INT(os->make_folder(os, PATH), 0);
        (void)snprintf(path, sizeof path, PATH "/%s", rows[row].file);
        disk_os_put_file(disk, path, "text", 4);
        disk_os_put_file(disk, PATH "/arena-00000001.xta", "text", 4);
        hash = disk_os_image_hash(disk);
        (void)CHECK_STATUS(try_create(os, NULL), XT_EEXIST);
        (void)CHECK_U64(disk_os_image_hash(disk), hash);
        disk_os_destroy(disk);
    }
}

static void a_file_at_the_path_is_in_the_way_too(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    xt_error error;

    disk_os_put_file(disk, PATH, "text", 4);
    (void)CHECK_STATUS(try_create(disk_os_table(disk), &error), XT_EEXIST);
    (void)CHECK_STR(error.check, "a file is in the way");
    (void)CHECK_STATUS(try_open(disk_os_table(disk), false, XT_VERIFY_LAZY, WINDOW_BYTES, &error),
                       XT_EFORMAT);
    disk_os_destroy(disk);
}

static void what_a_creation_left_behind_is_cleared_away(void)
{
    static const char *const names[] = {"LOCK", "HEAD.tmp", "arena-00000001.xta",
                                        "manifest-0000000000000001",
                                        "manifest-0000000000000001.tmp"};
    struct disk_os *disk = disk_os_create(check_seed);
    const struct xti_os *os = disk_os_table(disk);

    (void)CHECK_INT(os->make_folder(os, PATH), 0);
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        char path[100];

        (void)snprintf(path, sizeof path, PATH "/%s", names[i]);
        disk_os_put_file(disk, path, "left", 4);
    }
    (void)CHECK_STATUS(try_create(os, NULL), XT_OK);
    (void)CHECK_U64(scene_id_after(disk, DISK_LOSE_ALL, 1), EMPTY);
    disk_os_destroy(disk);
}

/* Another creation is at work and holds the lock. */
static void a_creation_leaves_another_one_alone(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    const struct xti_os *os = disk_os_table(disk);
    uint64_t hash;
    xti_file lock;

    (void)CHECK_INT(os->make_folder(os, PATH), 0);
    (void)CHECK_INT(os->open(os, PATH "/LOCK", XTI_OPEN_CREATE, &lock), 0);
    (void)CHECK_INT(os->lock(os, lock), 0);
    disk_os_put_file(disk, PATH "/HEAD.tmp", "work", 4);
    disk_os_put_file(disk, PATH "/arena-00000001.xta", "work", 4);
    hash = disk_os_image_hash(disk);
    (void)CHECK_STATUS(try_create(os, NULL), XT_EBUSY);
    (void)CHECK_U64(disk_os_image_hash(disk), hash);
    os->close(os, lock);
    disk_os_destroy(disk);
}

static void create_first(struct meddler *meddler)
{
    meddler->prefix = NULL;
    (void)CHECK_STATUS(try_create(meddler->fail.inner, NULL), XT_OK);
}

static void a_creation_that_comes_second_finds_the_store(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    struct meddler meddler;

    meddler_init(&meddler, disk, "LOCK", create_first);
    (void)CHECK_STATUS(try_create(&meddler.fail.os, NULL), XT_EEXIST);
    (void)CHECK_U64(scene_stored_id(disk), EMPTY);
    disk_os_destroy(disk);
}

/* Whatever fails: nothing is owed, and the store is there or creating can be tried again. */
static void a_creation_that_fails_can_be_repeated(void)
{
    for (uint64_t n = 1;; n++) {
        struct disk_os *disk = disk_os_create(check_seed);
        struct fail_os fail;
        xt_error error;
        xt_status status;

        fail_os_init(&fail, disk_os_table(disk));
        fail.fail_at = n;
        status = try_create(&fail.os, &error);
        (void)CHECK_INT(status != XT_OK, fail.hit);
        (void)CHECK_STATUS(error.status, status);
        (void)CHECK(fail_os_is_clean(&fail));
        if (status != XT_OK)
            (void)CHECK_STATUS(try_create(disk_os_table(disk), NULL), XT_OK);
        (void)CHECK_U64(scene_id_after(disk, DISK_LOSE_ALL, 1), EMPTY);
        disk_os_destroy(disk);
        if (!fail.hit)
            break;
    }
}

static void a_power_loss_in_a_creation_leaves_a_store_or_none(void)
{
    uint64_t random = check_seed;

    for (uint64_t n = 1;; n++) {
        struct disk_os *disk = disk_os_create(check_seed);
        bool has_crashed;
        xt_status status;

        disk_os_crash_at(disk, n);
        status = try_create(disk_os_table(disk), NULL);
        has_crashed = disk_os_has_crashed(disk);
        for (unsigned i = 0; i < 3 * DISK_MODE_COUNT; i++) {
            struct disk_os *reborn =
                disk_os_reboot(disk, (enum disk_mode)(i % DISK_MODE_COUNT), check_random(&random));
            const struct xti_os *os = disk_os_table(reborn);
            xt_status opened = try_open(os, false, XT_VERIFY_OPEN, WINDOW_BYTES, NULL);

            (void)CHECK(opened == XT_OK || (status != XT_OK && opened == XT_ENOTFOUND));
            if (opened != XT_OK)
                (void)CHECK_STATUS(try_create(os, NULL), XT_OK);
            (void)CHECK_U64(scene_stored_id(reborn), EMPTY);
            disk_os_destroy(reborn);
        }
        disk_os_destroy(disk);
        if (!has_crashed)
            break;
    }
}

/* The process of the creator dies, the system goes on: HEAD has its name, but only in the cache. */
static void a_writer_makes_the_names_of_a_dead_creator_durable(void)
{
    for (uint64_t n = 1;; n++) {
        struct disk_os *disk = disk_os_create(check_seed);
        struct disk_os *later;
        struct xti_txn *txn;
        bool has_crashed;

        disk_os_crash_at(disk, n);
        (void)try_create(disk_os_table(disk), NULL);
        has_crashed = disk_os_has_crashed(disk);
        later = disk_os_copy(disk);
        disk_os_destroy(disk);
        if (xti_txn_open(disk_os_table(later), PATH, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL,
                         &txn) == XT_OK) {
            (void)CHECK_STATUS(scene_put_and_commit(txn, 5), XT_OK);
            xti_txn_close(txn);
            (void)CHECK_U64(scene_id_after(later, DISK_LOSE_ALL, 1), 5);
        }
        disk_os_destroy(later);
        if (!has_crashed)
            break;
    }
}

CHECK_MAIN({"what_is_in_the_way_of_a_creation_stays", what_is_in_the_way_of_a_creation_stays},
           {"a_file_at_the_path_is_in_the_way_too", a_file_at_the_path_is_in_the_way_too},
           {"what_a_creation_left_behind_is_cleared_away",
            what_a_creation_left_behind_is_cleared_away},
           {"a_creation_leaves_another_one_alone", a_creation_leaves_another_one_alone},
           {"a_creation_that_comes_second_finds_the_store",
            a_creation_that_comes_second_finds_the_store},
           {"a_creation_that_fails_can_be_repeated", a_creation_that_fails_can_be_repeated},
           {"a_power_loss_in_a_creation_leaves_a_store_or_none",
            a_power_loss_in_a_creation_leaves_a_store_or_none},
           {"a_writer_makes_the_names_of_a_dead_creator_durable",
            a_writer_makes_the_names_of_a_dead_creator_durable})
