/* tests/unit/os/test_fail_os.c -- does exactly the wanted call fail, and is every debt seen?
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "os/os.h"
#include "support/check.h"
#include "support/disk_os.h"
#include "support/fail_os.h"

static void nothing(void *argument)
{
    (void)argument;
}

static bool ignore(void *context, const char *name)
{
    (void)context;
    (void)name;
    return true;
}

/* One of each call that can fail, in this order. */
static const unsigned order[] = {
    FAIL_ALLOC,    FAIL_RESERVE,       FAIL_PLACE_MEMORY, FAIL_MAKE_FOLDER, FAIL_OPEN,
    FAIL_ALLOCATE, FAIL_WRITE,         FAIL_READ,         FAIL_SYNC,        FAIL_SIZE,
    FAIL_LOCK,     FAIL_PLACE_FILE,    FAIL_RENAME,       FAIL_SYNC_FOLDER, FAIL_LIST,
    FAIL_REMOVE,   FAIL_REMOVE_FOLDER, FAIL_THREAD,       FAIL_MUTEX,       FAIL_RANDOM,
    FAIL_WATCH};

/* Makes one of each call; results[i] belongs to order[i]. What was got is kept in `got`. */
struct taken {
    void *block;
    void *base;
    xti_file file;
    void *thread;
    void *mutex;
    void *watch;
};

static void call_each(const struct xti_os *os, struct taken *got, int *results)
{
    char bytes[8] = "bytes";
    uint64_t size;
    int i = 0;

    *got = (struct taken){.file = XTI_FILE_NONE};
    got->block = os->alloc(os, 100);
    results[i++] = got->block != NULL ? 0 : -ENOMEM;
    results[i++] = os->reserve(os, 8192, &got->base);
    results[i++] = got->base != NULL ? os->place_memory(os, got->base, 4096, false) : 0;
    results[i++] = os->make_folder(os, "folder");
    results[i++] = os->open(os, "file", XTI_OPEN_CREATE, &got->file);
    results[i++] = os->allocate(os, got->file, 4096);
    results[i++] = os->write_at(os, got->file, 0, bytes, sizeof bytes);
    results[i++] = os->read_at(os, got->file, 0, bytes, sizeof bytes);
    results[i++] = os->sync(os, got->file);
    results[i++] = os->size(os, got->file, &size);
    results[i++] = os->lock(os, got->file);
    results[i++] = got->base != NULL ? os->place_file(os, got->base, 4096, got->file, 0) : 0;
    results[i++] = os->rename(os, "file", "other");
    results[i++] = os->sync_folder(os, "/");
    results[i++] = os->list(os, "/", ignore, NULL);
    results[i++] = os->remove(os, "other");
    results[i++] = os->remove_folder(os, "folder");
    results[i++] = os->thread_start(os, nothing, NULL, &got->thread);
    results[i++] = os->mutex_create(os, &got->mutex);
    results[i++] = os->random(os, bytes, sizeof bytes);
    results[i++] = os->watch(os, got->file, 4096, &got->watch);
}

static void give_back(const struct xti_os *os, struct taken *got)
{
    os->free(os, got->block, 100);
    if (got->base != NULL)
        os->unplace(os, got->base, 4096);
    os->release(os, got->base, 8192);
    os->unwatch(os, got->watch, 4096);
    os->close(os, got->file);
    if (got->thread != NULL)
        os->thread_join(os, got->thread);
    os->mutex_destroy(os, got->mutex);
}

static int expected_error(unsigned kind, int fail_with)
{
    if (kind == FAIL_THREAD)
        return -EAGAIN;
    if (kind == FAIL_ALLOC || kind == FAIL_RESERVE || kind == FAIL_PLACE_MEMORY ||
        kind == FAIL_MUTEX)
        return -ENOMEM;
    return fail_with != 0 ? -fail_with : -EIO;
}

static void each_kind_of_call_fails_when_it_alone_is_counted(void)
{
    for (size_t i = 0; i < CHECK_COUNT(order); i++) {
        struct disk_os *disk = disk_os_create(check_seed);
        struct fail_os fail;
        struct taken got;
        int results[CHECK_COUNT(order)];

        check_row = fail_kind_name(order[i]);
        fail_os_init(&fail, disk_os_table(disk));
        fail.kinds = order[i];
        fail.fail_at = 1;
        fail.fail_with = i % 2 == 0 ? ENOSPC : 0;
        call_each(&fail.os, &got, results);
        CHECK(fail.hit);
        CHECK_U64(fail.hit_kind, order[i]);
        CHECK_U64(fail.calls, 1);
        CHECK_INT(results[i], expected_error(order[i], fail.fail_with));
        give_back(&fail.os, &got);
        CHECK(fail_os_is_clean(&fail));
        disk_os_destroy(disk);
    }
}

static void without_a_wish_nothing_fails(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    struct fail_os fail;
    struct taken got;
    int results[CHECK_COUNT(order)];

    fail_os_init(&fail, disk_os_table(disk));
    call_each(&fail.os, &got, results);
    for (size_t i = 0; i < CHECK_COUNT(order); i++) {
        check_row = fail_kind_name(order[i]);
        CHECK_INT(results[i], 0);
    }
    CHECK(!fail.hit);
    CHECK_U64(fail.calls, CHECK_COUNT(order));
    CHECK_INT(fail.allocations, 1);
    CHECK_INT(fail.allocated_bytes, 100);
    CHECK_INT(fail.reservations, 1);
    CHECK_INT(fail.files, 1);
    CHECK_INT(fail.threads, 1);
    CHECK_INT(fail.mutexes, 1);
    CHECK_INT(fail.watches, 1);
    give_back(&fail.os, &got);
    CHECK(fail_os_is_clean(&fail));
    disk_os_destroy(disk);
}

static void one_call_fails_or_all_later_ones(void)
{
    for (int forever = 0; forever < 2; forever++) {
        struct fail_os fail;
        char bytes[4];

        fail_os_init(&fail, xti_os_real());
        fail.fail_at = 3;
        fail.fail_forever = forever == 1;
        for (int i = 1; i <= 6; i++) {
            bool fails = i == 3 || (forever == 1 && i > 3);

            CHECK_INT(fail.os.random(&fail.os, bytes, 4), fails ? -EIO : 0);
            CHECK_INT(fail.hit, i >= 3);
        }
        fail_os_reset(&fail);
        CHECK(!fail.hit);
        CHECK_INT(fail.os.random(&fail.os, bytes, 4), 0);
        CHECK_U64(fail.calls, 1);
    }
}

static void a_failing_write_may_have_written_a_part(void)
{
    bool parts_differ = false;
    size_t last_part = 0;

    for (uint64_t seed = 0; seed < 20; seed++) {
        struct disk_os *disk = disk_os_create(seed);
        struct fail_os fail;
        unsigned char bytes[1000];
        xti_file file;
        size_t part;

        memset(bytes, 'x', sizeof bytes);
        fail_os_init(&fail, disk_os_table(disk));
        fail.random_state = seed;
        fail.kinds = FAIL_WRITE;
        fail.fail_at = 1;
        fail.short_first = seed != 0;
        CHECK_INT(fail.os.open(&fail.os, "file", XTI_OPEN_CREATE, &file), 0);
        CHECK_INT(fail.os.write_at(&fail.os, file, 0, bytes, sizeof bytes), -EIO);
        fail.os.close(&fail.os, file);
        CHECK(disk_os_file_bytes(disk, "file", &part) != NULL);
        CHECK(part < sizeof bytes);
        if (seed == 0)
            CHECK_U64(part, 0);
        parts_differ |= part != last_part;
        last_part = part;
        disk_os_destroy(disk);
    }
    CHECK(parts_differ);
}

CHECK_MAIN({"each_kind_of_call_fails_when_it_alone_is_counted",
            each_kind_of_call_fails_when_it_alone_is_counted},
           {"without_a_wish_nothing_fails", without_a_wish_nothing_fails},
           {"one_call_fails_or_all_later_ones", one_call_fails_or_all_later_ones},
           {"a_failing_write_may_have_written_a_part", a_failing_write_may_have_written_a_part})
