/* tests/unit/os/test_real.c -- does the real table do what os.h says?
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os.h"
#include "support/check.h"

#define PAGE ((size_t)4096)
#define HUGE ((size_t)2 << 20)

static const struct xti_os *os;
static char path_text[4][512];

/* The n-th path, of `name` in `folder`. */
static const char *path_of(int n, const char *folder, const char *name)
{
    CHECK(xti_path_join(path_text[n], sizeof path_text[n], folder, name));
    return path_text[n];
}

/* A new file with `size` bytes of `fill` in a folder of its own. */
static xti_file make_file(size_t size, int fill)
{
    xti_file file = XTI_FILE_NONE;
    char *bytes = malloc(size + 1);

    os = xti_os_real();
    memset(bytes, fill, size + 1);
    CHECK_INT(os->open(os, path_of(0, check_scratch(), "file"), XTI_OPEN_CREATE, &file), 0);
    CHECK_INT(os->write_at(os, file, 0, bytes, size), 0);
    free(bytes);
    return file;
}

/* ---- what needs no system ------------------------------------------------------------------ */

static void each_errno_has_its_status(void)
{
    static const struct {
        int result;
        xt_status want;
    } rows[] = {
        {0,          XT_OK       },
        {-ENOMEM,    XT_ENOMEM   },
        {-ENOSPC,    XT_EFULL    },
        {-EDQUOT,    XT_EFULL    },
        {-ENOENT,    XT_ENOTFOUND},
        {-ENOTDIR,   XT_ENOTFOUND},
        {-EEXIST,    XT_EEXIST   },
        {-ENOTEMPTY, XT_EEXIST   },
        {-EBUSY,     XT_EBUSY    },
        {-EIO,       XT_EIO      },
        {-EACCES,    XT_EIO      },
        {-ENODATA,   XT_EIO      },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        check_row = strerror(-rows[i].result);
        CHECK_STATUS(xti_os_status(rows[i].result), rows[i].want);
    }
}

static void paths_are_joined_by_one_slash_or_refused(void)
{
    static const struct {
        const char *folder;
        const char *name;
        size_t capacity;
        const char *want; /* NULL: refused */
    } rows[] = {
        {"a",  "b", 4, "a/b"},
        {"a",  "b", 3, NULL },
        {"a/", "b", 4, "a/b"},
        {"a/", "b", 3, NULL },
        {"/",  "b", 3, "/b" },
        {"",   "b", 2, "b"  },
        {"",   "",  1, ""   },
        {"",   "",  0, NULL },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char out[8] = "xxxxxxx";

        check_row = rows[i].folder;
        CHECK_INT(xti_path_join(out, rows[i].capacity, rows[i].folder, rows[i].name),
                  rows[i].want != NULL);
        if (rows[i].want != NULL)
            CHECK_STR(out, rows[i].want);
        CHECK_INT(out[7], 0);
    }
}

/* ---- memory -------------------------------------------------------------------------------- */

static void blocks_are_aligned_and_writable(void)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 100000, HUGE - 1, HUGE, HUGE + 1, 3 * HUGE};

    os = xti_os_real();
    for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
        char *block = os->alloc(os, sizes[i]);

        if (!CHECK(block != NULL))
            return;
        CHECK_U64((uintptr_t)block % 64, 0);
        memset(block, 1, sizes[i]);
        os->free(os, block, sizes[i]);

        block = xti_alloc_zeroed(os, sizes[i]);
        for (size_t k = 0; k < sizes[i]; k += 61)
            CHECK_INT(block[k], 0);
        os->free(os, block, sizes[i]);
    }
    os->free(os, NULL, 0);
}

static void sizes_that_cannot_be_had_are_refused(void)
{
    void *base = &base;

    os = xti_os_real();
    CHECK(os->alloc(os, SIZE_MAX) == NULL);
    CHECK(os->alloc(os, SIZE_MAX - 100) == NULL);
    CHECK_INT(os->reserve(os, SIZE_MAX, &base), -ENOMEM);
    CHECK(base == NULL);
    CHECK_INT(os->reserve(os, SIZE_MAX - HUGE, &base), -ENOMEM);
    CHECK_INT(os->reserve(os, (size_t)1 << 60, &base), -ENOMEM);
    CHECK_INT(os->reserve(os, 0, &base), -EINVAL);
}

static void places_in_a_reservation_hold_what_was_put_there(void)
{
    size_t size = (size_t)1 << 34;
    void *base;
    char *at;

    os = xti_os_real();
    if (!CHECK_INT(os->reserve(os, size, &base), 0))
        return;
    CHECK_U64((uintptr_t)base % HUGE, 0);
    at = (char *)base + 3 * HUGE;
    for (int round = 0; round < 4; round++) {
        CHECK_INT(os->place_memory(os, at, HUGE, round % 2 == 0), 0);
        CHECK_INT(at[0], 0);
        CHECK_INT(at[HUGE - 1], 0);
        memset(at, 1, HUGE);
        if (round == 2)
            os->unplace(os, at, HUGE);
    }
    os->release(os, base, size);
    os->release(os, NULL, size);
}

static void a_view_of_a_file_replaces_memory(void)
{
    xti_file file = make_file(4 * PAGE, 'f');
    void *base;
    char *at;

    CHECK_INT(os->write_at(os, file, 2 * PAGE, "here", 4), 0);
    if (!CHECK_INT(os->reserve(os, HUGE, &base), 0))
        return;
    at = base;
    CHECK_INT(os->place_memory(os, at, 8 * PAGE, false), 0);
    memset(at, 'm', 8 * PAGE);

    CHECK_INT(os->place_file(os, at + 2 * PAGE, 2 * PAGE, file, 2 * PAGE), 0);
    CHECK(memcmp(at + 2 * PAGE, "here", 4) == 0);
    CHECK_INT(at[2 * PAGE - 1], 'm');
    CHECK_INT(at[4 * PAGE - 1], 'f');
    CHECK_INT(at[4 * PAGE], 'm');

    /* The view shows later writes, and outlives the handle. */
    CHECK_INT(os->write_at(os, file, 2 * PAGE, "more", 4), 0);
    os->close(os, file);
    CHECK(memcmp(at + 2 * PAGE, "more", 4) == 0);
    os->unplace(os, at, 8 * PAGE);
    os->release(os, base, HUGE);
}

static void a_view_that_cannot_be_had_leaves_the_place_alone(void)
{
    static const struct {
        const char *name;
        uint64_t offset;
        size_t size;
        bool is_open;
        int want;
    } rows[] = {
        {"behind the end",     2 * PAGE,              PAGE,     true,  -ENODATA},
        {"across the end",     0,                     2 * PAGE, true,  -ENODATA},
        {"beyond all offsets", UINT64_MAX - PAGE + 1, PAGE,     true,  -EINVAL },
        {"no file",            0,                     PAGE,     false, -EBADF  },
    };
    xti_file file = make_file(PAGE + 100, 'f');
    void *base;
    char *at;

    if (!CHECK_INT(os->reserve(os, HUGE, &base), 0))
        return;
    at = base;
    CHECK_INT(os->place_memory(os, at, 2 * PAGE, false), 0);
    memset(at, 'm', 2 * PAGE);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        xti_file used = rows[i].is_open ? file : XTI_FILE_NONE;

        check_row = rows[i].name;
        CHECK_INT(os->place_file(os, at, rows[i].size, used, rows[i].offset), rows[i].want);
        CHECK_INT(at[0], 'm');
        CHECK_INT(at[2 * PAGE - 1], 'm');
    }
    os->close(os, file);
    os->release(os, base, HUGE);
}

/* ---- files --------------------------------------------------------------------------------- */

static void what_was_written_is_read_by_another_handle(void)
{
    xti_file file = make_file(10, 'a');
    xti_file other;
    uint64_t size;
    char bytes[16];

    CHECK_INT(os->write_at(os, file, 8, "12345678", 8), 0);
    CHECK_INT(os->sync(os, file), 0);
    CHECK_INT(os->open(os, path_text[0], XTI_OPEN_READ, &other), 0);
    CHECK_INT(os->size(os, other, &size), 0);
    CHECK_U64(size, 16);
    CHECK_INT(os->read_at(os, other, 0, bytes, 16), 0);
    CHECK(memcmp(bytes, "aaaaaaaa12345678", 16) == 0);
    CHECK_INT(os->read_at(os, other, 16, bytes, 0), 0);
    os->close(os, other);
    os->close(os, file);
    os->close(os, XTI_FILE_NONE);
}

static void calls_on_files_say_what_is_wrong(void)
{
    xti_file file = make_file(10, 'a');
    xti_file other;
    uint64_t size;
    char bytes[16];

    CHECK_INT(os->read_at(os, file, 5, bytes, 6), -ENODATA);
    CHECK_INT(os->read_at(os, file, 100, bytes, 1), -ENODATA);
    CHECK_INT(os->read_at(os, file, UINT64_MAX, bytes, 1), -EINVAL);
    CHECK_INT(os->write_at(os, file, UINT64_MAX, bytes, 1), -EFBIG);
    CHECK_INT(os->allocate(os, file, UINT64_MAX), -EFBIG);
    CHECK_INT(os->size(os, XTI_FILE_NONE, &size), -EBADF);
    CHECK_INT(os->sync(os, XTI_FILE_NONE), -EBADF);
    CHECK_INT(os->open(os, path_text[0], XTI_OPEN_READ, &other), 0);
    CHECK_INT(os->write_at(os, other, 0, bytes, 1), -EBADF);
    os->close(os, other);
    os->close(os, file);
}

static void opening_says_what_is_wrong(void)
{
    static const struct {
        const char *name;
        const char *path;
        unsigned flags;
        int want;
    } rows[] = {
        {"read what is not there",        "none",      XTI_OPEN_READ,                    -ENOENT },
        {"write what is not there",       "none",      XTI_OPEN_WRITE,                   -ENOENT },
        {"create what is there",          "file",      XTI_OPEN_CREATE,                  -EEXIST },
        {"in a folder that is not there", "none/file", XTI_OPEN_CREATE,                  -ENOENT },
        {"in a file",                     "file/file", XTI_OPEN_READ,                    -ENOTDIR},
        {"temporary in nothing",          "none",      XTI_OPEN_TEMPORARY,               -ENOENT },
        {"contradictory flags",           "file",      XTI_OPEN_WRITE | XTI_OPEN_CREATE, -EINVAL },
    };
    const char *folder = check_scratch();
    xti_file file;

    os = xti_os_real();
    CHECK_INT(os->open(os, path_of(0, folder, "file"), XTI_OPEN_CREATE, &file), 0);
    os->close(os, file);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        check_row = rows[i].name;
        file = 77;
        CHECK_INT(os->open(os, path_of(1, folder, rows[i].path), rows[i].flags, &file),
                  rows[i].want);
        CHECK_INT(file, XTI_FILE_NONE);
    }
}

static void allocated_bytes_are_zero_and_nothing_shrinks(void)
{
    xti_file file = make_file(5, 'a');
    uint64_t size;
    char bytes[10000];

    CHECK_INT(os->allocate(os, file, 10000), 0);
    CHECK_INT(os->read_at(os, file, 0, bytes, sizeof bytes), 0);
    CHECK_INT(bytes[4], 'a');
    for (size_t i = 5; i < sizeof bytes; i++)
        CHECK_INT(bytes[i], 0);
    CHECK_INT(os->allocate(os, file, 100), 0);
    CHECK_INT(os->allocate(os, file, 0), 0);
    CHECK_INT(os->size(os, file, &size), 0);
    CHECK_U64(size, 10000);
    os->close(os, file);
}

static void a_lock_shuts_out_other_handles_of_this_process(void)
{
    xti_file first = make_file(1, 'a');
    xti_file second;
    bool is_locked;

    CHECK_INT(os->open(os, path_text[0], XTI_OPEN_READ, &second), 0);
    CHECK_INT(os->is_locked(os, second, &is_locked), 0);
    CHECK(!is_locked);
    CHECK_INT(os->lock(os, first), 0);
    CHECK_INT(os->is_locked(os, first, &is_locked), 0);
    CHECK(!is_locked);
    CHECK_INT(os->is_locked(os, second, &is_locked), 0);
    CHECK(is_locked);
    os->close(os, second);
    CHECK_INT(os->open(os, path_text[0], XTI_OPEN_WRITE, &second), 0);
    CHECK_INT(os->lock(os, first), 0);
    CHECK_INT(os->lock(os, second), -EBUSY);

    /* Closing some other handle of the same file must not give the lock back. */
    os->close(os, second);
    CHECK_INT(os->open(os, path_text[0], XTI_OPEN_WRITE, &second), 0);
    CHECK_INT(os->lock(os, second), -EBUSY);
    os->close(os, first);
    CHECK_INT(os->lock(os, second), 0);
    os->close(os, second);
}

static void a_watch_shows_what_is_written_later(void)
{
    xti_file file = make_file(8192, 'a');
    const char *bytes;
    void *watch;

    CHECK_INT(os->watch(os, file, 12288, &watch), -ENODATA);
    CHECK(watch == NULL);
    if (!CHECK_INT(os->watch(os, file, 8192, &watch), 0))
        return;
    bytes = os->watched(os, watch);
    CHECK_INT(bytes[8191], 'a');
    CHECK_INT(os->write_at(os, file, 8191, "b", 1), 0);
    CHECK(bytes == os->watched(os, watch));
    CHECK_INT(bytes[8191], 'b');
    CHECK_INT(bytes[8190], 'a');
    os->unwatch(os, watch, 8192);
    os->unwatch(os, NULL, 8192);
    os->close(os, file);
}

static void the_host_has_a_name(void)
{
    char name[64];
    char first[2];

    os = xti_os_real();
    os->host_name(os, name, sizeof name);
    CHECK(name[0] != '\0');
    os->host_name(os, first, sizeof first);
    CHECK_INT(first[1], '\0');
}

static void a_temporary_file_has_no_name(void)
{
    const char *folder = check_scratch();
    xti_file file;
    char bytes[4];

    os = xti_os_real();
    if (!CHECK_INT(os->open(os, folder, XTI_OPEN_TEMPORARY, &file), 0))
        return;
    CHECK_INT(os->write_at(os, file, 0, "temp", 4), 0);
    CHECK_INT(os->read_at(os, file, 0, bytes, 4), 0);
    /* A folder with a name in it cannot be removed. */
    CHECK_INT(os->remove_folder(os, folder), 0);
    CHECK_INT(os->make_folder(os, folder), 0);
    os->close(os, file);
}

/* ---- folders ------------------------------------------------------------------------------- */

struct seen {
    int count;
    int wanted;
    char last[64];
};

static bool see(void *context, const char *name)
{
    struct seen *seen = context;

    snprintf(seen->last, sizeof seen->last, "%s", name);
    return ++seen->count < seen->wanted;
}

static void names_come_move_and_go(void)
{
    const char *folder = check_scratch();
    struct seen seen = {.wanted = 100};
    xti_file file;

    os = xti_os_real();
    CHECK_INT(os->make_folder(os, path_of(0, folder, "inner")), 0);
    CHECK_INT(os->make_folder(os, path_text[0]), -EEXIST);
    CHECK_INT(os->open(os, path_of(1, path_text[0], "old"), XTI_OPEN_CREATE, &file), 0);
    os->close(os, file);
    CHECK_INT(os->rename(os, path_text[1], path_of(2, path_text[0], "new")), 0);
    CHECK_INT(os->sync_folder(os, path_text[0]), 0);
    CHECK_INT(os->list(os, path_text[0], see, &seen), 0);
    CHECK_INT(seen.count, 1);
    CHECK_STR(seen.last, "new");
    CHECK_INT(os->remove_folder(os, path_text[0]), -ENOTEMPTY);
    CHECK_INT(os->remove(os, path_text[1]), -ENOENT);
    CHECK_INT(os->rename(os, path_text[1], path_text[2]), -ENOENT);
    CHECK_INT(os->remove(os, path_text[2]), 0);
    CHECK_INT(os->remove_folder(os, path_text[0]), 0);
    CHECK_INT(os->sync_folder(os, path_text[0]), -ENOENT);
    CHECK_INT(os->list(os, path_text[0], see, &seen), -ENOENT);
}

static void a_listing_ends_when_the_visitor_says_so(void)
{
    const char *folder = check_scratch();
    struct seen seen = {.wanted = 2};

    os = xti_os_real();
    CHECK_INT(os->make_folder(os, path_of(0, folder, "a")), 0);
    CHECK_INT(os->make_folder(os, path_of(0, folder, "b")), 0);
    CHECK_INT(os->make_folder(os, path_of(0, folder, "c")), 0);
    CHECK_INT(os->list(os, folder, see, &seen), 0);
    CHECK_INT(seen.count, 2);
}

/* ---- threads and facts --------------------------------------------------------------------- */

struct counter {
    void *mutex;
    int value;
};

static void count_up(void *argument)
{
    struct counter *counter = argument;

    for (int i = 0; i < 10000; i++) {
        os->mutex_lock(os, counter->mutex);
        counter->value++;
        os->mutex_unlock(os, counter->mutex);
    }
}

static void threads_that_share_a_mutex_lose_no_step(void)
{
    struct counter counter = {0};
    void *threads[4];

    os = xti_os_real();
    CHECK_INT(os->mutex_create(os, &counter.mutex), 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(os->thread_start(os, count_up, &counter, &threads[i]), 0);
    for (int i = 0; i < 4; i++)
        os->thread_join(os, threads[i]);
    CHECK_INT(counter.value, 40000);
    os->mutex_destroy(os, counter.mutex);
    os->mutex_destroy(os, NULL);
}

static void facts_are_plausible(void)
{
    unsigned char bytes[64] = {0};
    int zeros = 0;

    os = xti_os_real();
    CHECK_INT(os->random(os, bytes, sizeof bytes), 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        zeros += bytes[i] == 0;
    CHECK(zeros < 20);
    CHECK(os->now_ns(os) > UINT64_C(1600000000) * 1000000000);
    CHECK(os->process_id(os) > 0);
    CHECK(os->processor_count(os) > 0);
    CHECK(os->temporary_folder(os)[0] == '/');
}

CHECK_MAIN({"each_errno_has_its_status", each_errno_has_its_status},
           {"paths_are_joined_by_one_slash_or_refused", paths_are_joined_by_one_slash_or_refused},
           {"blocks_are_aligned_and_writable", blocks_are_aligned_and_writable},
           {"sizes_that_cannot_be_had_are_refused", sizes_that_cannot_be_had_are_refused},
           {"places_in_a_reservation_hold_what_was_put_there",
            places_in_a_reservation_hold_what_was_put_there},
           {"a_view_of_a_file_replaces_memory", a_view_of_a_file_replaces_memory},
           {"a_view_that_cannot_be_had_leaves_the_place_alone",
            a_view_that_cannot_be_had_leaves_the_place_alone},
           {"what_was_written_is_read_by_another_handle",
            what_was_written_is_read_by_another_handle},
           {"calls_on_files_say_what_is_wrong", calls_on_files_say_what_is_wrong},
           {"opening_says_what_is_wrong", opening_says_what_is_wrong},
           {"allocated_bytes_are_zero_and_nothing_shrinks",
            allocated_bytes_are_zero_and_nothing_shrinks},
           {"a_lock_shuts_out_other_handles_of_this_process",
            a_lock_shuts_out_other_handles_of_this_process},
           {"a_watch_shows_what_is_written_later", a_watch_shows_what_is_written_later},
           {"the_host_has_a_name", the_host_has_a_name},
           {"a_temporary_file_has_no_name", a_temporary_file_has_no_name},
           {"names_come_move_and_go", names_come_move_and_go},
           {"a_listing_ends_when_the_visitor_says_so", a_listing_ends_when_the_visitor_says_so},
           {"threads_that_share_a_mutex_lose_no_step", threads_that_share_a_mutex_lose_no_step},
           {"facts_are_plausible", facts_are_plausible})
