/* tests/unit/os/test_disk_os.c -- what may a power loss leave on the simulated disk, what not?
 *
 * A disk that forgives too much proves nothing about the library, one that loses what was synced
 * refuses good code. So each sentence names the states that must be possible, and no others.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "support/disk_file.h"

/* Checks that the subsets of what is pending leave exactly the wanted looks of the paths (joined
 * by spaces), each at least once. Destroys the disk. */
static void check_states(struct disk_os *disk, const char *const *paths, size_t path_count,
                         const char *const *want, size_t want_count)
{
    size_t units = disk_os_pending_units(disk);
    unsigned seen = 0;

    CHECK(units < 12);
    for (unsigned subset = 0; subset < 1u << units; subset++) {
        uint8_t keep[12];
        struct disk_os *reborn;
        char got[128] = "";
        size_t which = 0;

        for (size_t i = 0; i < units; i++)
            keep[i] = (uint8_t)(subset >> i & 1);
        reborn = disk_os_reboot_mask(disk, keep);
        for (size_t i = 0; i < path_count; i++) {
            strcat(got, i > 0 ? " " : "");
            strcat(got, disk_file_look(reborn, paths[i]));
        }
        while (which < want_count && strcmp(want[which], got) != 0)
            which++;
        if (which == want_count)
            CHECK_STR(got, "one of the wanted states");
        seen |= 1u << which;
        disk_os_destroy(reborn);
    }
    for (size_t which = 0; which < want_count; which++) {
        if ((seen & 1u << which) == 0)
            CHECK_STR("never seen", want[which]);
    }
    disk_os_destroy(disk);
}

#define CHECK_STATES(disk, paths, want)                                                            \
    check_states((disk), (paths), CHECK_COUNT(paths), (want), CHECK_COUNT(want))

static const char *const path_f[] = {"f"};

/* ---- data ---------------------------------------------------------------------------------- */

static void unsynced_sectors_persist_in_any_subset(void)
{
    static const char *const want[] = {"ooo", "noo", "ono", "oon", "nno", "non", "onn", "nnn"};
    xti_file file;
    struct disk_os *disk = disk_with_file(3, &file);

    disk_file_fill(disk, file, 0, 'n', 3 * DISK_FILE_SECTOR);
    CHECK_STR(disk_file_look(disk, "f"), "nnn");
    CHECK_STATES(disk, path_f, want);
}

static void of_two_writes_to_a_sector_either_may_be_there(void)
{
    static const char *const want[] = {"o", "a", "b"};
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);

    disk_file_fill(disk, file, 0, 'a', DISK_FILE_SECTOR);
    disk_file_fill(disk, file, 0, 'b', DISK_FILE_SECTOR);
    CHECK_STATES(disk, path_f, want);
}

static void a_sector_is_not_torn(void)
{
    xti_file file;
    struct disk_os *disk = disk_with_file(2, &file);

    disk_file_fill(disk, file, 500, 'n', 24);
    CHECK_U64(disk_os_pending_units(disk), 2);
    for (unsigned subset = 0; subset < 4; subset++) {
        uint8_t keep[2] = {(uint8_t)(subset & 1), (uint8_t)(subset >> 1)};
        struct disk_os *reborn = disk_os_reboot_mask(disk, keep);
        size_t size;
        const unsigned char *bytes = disk_os_file_bytes(reborn, "f", &size);

        CHECK_INT(bytes[499], 'o');
        CHECK_INT(bytes[500], keep[0] != 0 ? 'n' : 'o');
        CHECK_INT(bytes[511], keep[0] != 0 ? 'n' : 'o');
        CHECK_INT(bytes[512], keep[1] != 0 ? 'n' : 'o');
        CHECK_INT(bytes[523], keep[1] != 0 ? 'n' : 'o');
        CHECK_INT(bytes[524], 'o');
        disk_os_destroy(reborn);
    }
    disk_os_destroy(disk);
}

static void size_and_data_persist_apart(void)
{
    static const char *const want[] = {"o", "o.", "on"};
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);

    disk_file_fill(disk, file, DISK_FILE_SECTOR, 'n', DISK_FILE_SECTOR);
    CHECK_U64(disk_os_pending_units(disk), 2);
    CHECK_STATES(disk, path_f, want);
}

static void data_beyond_a_lost_size_never_comes_back(void)
{
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);
    struct disk_os *reborn;
    const struct xti_os *os;
    uint8_t keep[2] = {1, 0};

    disk_file_fill(disk, file, DISK_FILE_SECTOR, 'n', DISK_FILE_SECTOR);
    reborn = disk_os_reboot_mask(disk, keep);
    disk_os_destroy(disk);
    os = disk_os_table(reborn);
    file = disk_file_open(reborn, "f", XTI_OPEN_WRITE);
    CHECK_INT(os->allocate(os, file, 2 * DISK_FILE_SECTOR), 0);
    CHECK_STR(disk_file_look(reborn, "f"), "o.");
    CHECK_INT(os->sync(os, file), 0);
    disk = disk_os_reboot(reborn, DISK_LOSE_ALL, 0);
    CHECK_STR(disk_file_look(disk, "f"), "o.");
    disk_os_destroy(disk);
    disk_os_destroy(reborn);
}

static void allocated_blocks_read_as_zeros(void)
{
    static const char *const want[] = {"o", "o..", "on.", "o.n", "onn"};
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);
    const struct xti_os *os = disk_os_table(disk);

    CHECK_INT(os->allocate(os, file, 3 * DISK_FILE_SECTOR), 0);
    CHECK_STR(disk_file_look(disk, "f"), "o..");
    disk_file_fill(disk, file, DISK_FILE_SECTOR, 'n', 2 * DISK_FILE_SECTOR);
    CHECK_STATES(disk, path_f, want);
}

static void what_was_synced_stays(void)
{
    static const char *const want[] = {"son", "sox", "syn", "syx"};
    xti_file file;
    struct disk_os *disk = disk_with_file(2, &file);
    const struct xti_os *os = disk_os_table(disk);

    disk_file_fill(disk, file, 0, 's', DISK_FILE_SECTOR);
    disk_file_fill(disk, file, 2 * DISK_FILE_SECTOR, 'n', DISK_FILE_SECTOR);
    CHECK_INT(os->sync(os, file), 0);
    CHECK_U64(disk_os_pending_units(disk), 0);
    disk_file_fill(disk, file, DISK_FILE_SECTOR, 'y', DISK_FILE_SECTOR);
    disk_file_fill(disk, file, 2 * DISK_FILE_SECTOR, 'x', DISK_FILE_SECTOR);
    CHECK_STATES(disk, path_f, want);
}

static void a_sync_concerns_one_file(void)
{
    static const char *const paths[] = {"f", "g"};
    static const char *const want[] = {"n o", "n n"};
    xti_file first;
    xti_file second;
    struct disk_os *disk = disk_with_file(1, &first);
    const struct xti_os *os = disk_os_table(disk);
    char bytes[DISK_FILE_SECTOR];

    memset(bytes, 'o', sizeof bytes);
    disk_os_put_file(disk, "g", bytes, sizeof bytes);
    second = disk_file_open(disk, "g", XTI_OPEN_WRITE);
    disk_file_fill(disk, first, 0, 'n', DISK_FILE_SECTOR);
    disk_file_fill(disk, second, 0, 'n', DISK_FILE_SECTOR);
    CHECK_INT(os->sync(os, first), 0);
    CHECK_STATES(disk, paths, want);
}

/* ---- names --------------------------------------------------------------------------------- */

static void a_synced_file_without_a_synced_entry_may_be_lost(void)
{
    static const char *const want[] = {"-", "n"};
    struct disk_os *disk = disk_os_create(check_seed);
    const struct xti_os *os = disk_os_table(disk);
    xti_file file = disk_file_open(disk, "f", XTI_OPEN_CREATE);

    disk_file_fill(disk, file, 0, 'n', DISK_FILE_SECTOR);
    CHECK_INT(os->sync(os, file), 0);
    CHECK_STATES(disk, path_f, want);
}

static void a_synced_entry_without_a_synced_file_may_be_empty(void)
{
    static const char *const want[] = {"", ".", "n"};
    struct disk_os *disk = disk_os_create(check_seed);
    const struct xti_os *os = disk_os_table(disk);
    xti_file file = disk_file_open(disk, "f", XTI_OPEN_CREATE);

    disk_file_fill(disk, file, 0, 'n', DISK_FILE_SECTOR);
    CHECK_INT(os->sync_folder(os, "/"), 0);
    CHECK_STATES(disk, path_f, want);
}

static void a_rename_happens_or_not(void)
{
    static const char *const paths[] = {"f", "g"};
    static const char *const want[] = {"o n", "n -"};
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);
    const struct xti_os *os = disk_os_table(disk);
    char bytes[DISK_FILE_SECTOR];

    memset(bytes, 'n', sizeof bytes);
    disk_os_put_file(disk, "g", bytes, sizeof bytes);
    CHECK_INT(os->rename(os, "g", "f"), 0);
    CHECK_STR(disk_file_look(disk, "f"), "n");
    CHECK_U64(disk_os_pending_units(disk), 1);
    CHECK_STATES(disk, paths, want);
}

static void creating_and_renaming_persist_in_any_subset(void)
{
    static const char *const paths[] = {"g", "f"};
    static const char *const want[] = {"- -", "n -", "- n"};
    struct disk_os *disk = disk_os_create(check_seed);
    const struct xti_os *os = disk_os_table(disk);
    xti_file file = disk_file_open(disk, "g", XTI_OPEN_CREATE);

    disk_file_fill(disk, file, 0, 'n', DISK_FILE_SECTOR);
    CHECK_INT(os->sync(os, file), 0);
    CHECK_INT(os->rename(os, "g", "f"), 0);
    CHECK_STATES(disk, paths, want);
}

static void a_removed_file_may_still_be_there(void)
{
    static const char *const want[] = {"o", "-"};
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);
    const struct xti_os *os = disk_os_table(disk);
    char byte;

    CHECK_INT(os->remove(os, "f"), 0);
    CHECK_INT(os->read_at(os, file, 0, &byte, 1), 0);
    os->close(os, file);
    CHECK_STATES(disk, path_f, want);
}

static void a_file_that_came_and_went_may_have_come_only(void)
{
    static const char *const want[] = {"-", "n"};
    struct disk_os *disk = disk_os_create(check_seed);
    const struct xti_os *os = disk_os_table(disk);
    xti_file file = disk_file_open(disk, "f", XTI_OPEN_CREATE);

    disk_file_fill(disk, file, 0, 'n', DISK_FILE_SECTOR);
    CHECK_INT(os->sync(os, file), 0);
    CHECK_INT(os->remove(os, "f"), 0);
    os->close(os, file);
    CHECK_STATES(disk, path_f, want);
}

static void a_folder_whose_entry_is_lost_takes_its_files_along(void)
{
    static const char *const paths[] = {"d/f"};
    static const char *const want[] = {"-", "n"};
    struct disk_os *disk = disk_os_create(check_seed);
    const struct xti_os *os = disk_os_table(disk);
    xti_file file;

    CHECK_INT(os->make_folder(os, "d"), 0);
    file = disk_file_open(disk, "d/f", XTI_OPEN_CREATE);
    disk_file_fill(disk, file, 0, 'n', DISK_FILE_SECTOR);
    CHECK_INT(os->sync(os, file), 0);
    CHECK_INT(os->sync_folder(os, "d"), 0);
    CHECK_U64(disk_os_pending_units(disk), 1);
    CHECK_STATES(disk, paths, want);
}

static void synced_names_stay(void)
{
    static const char *const paths[] = {"f", "g"};
    static const char *const want[] = {"- o"};
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);
    const struct xti_os *os = disk_os_table(disk);

    CHECK_INT(os->rename(os, "f", "g"), 0);
    CHECK_INT(os->sync_folder(os, "/"), 0);
    CHECK_STATES(disk, paths, want);
}

/* ---- reboot -------------------------------------------------------------------------------- */

static size_t count_new(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == 'n';
    return count;
}

static void each_mode_keeps_what_it_says(void)
{
    xti_file file;
    struct disk_os *disk = disk_with_file(8, &file);
    unsigned seen_counts = 0;

    disk_file_fill(disk, file, 0, 'n', 8 * DISK_FILE_SECTOR);
    CHECK_U64(disk_os_pending_units(disk), 8);
    for (uint64_t seed = check_seed; seed < check_seed + 200; seed++) {
        for (int mode = 0; mode < DISK_MODE_COUNT; mode++) {
            struct disk_os *reborn = disk_os_reboot(disk, (enum disk_mode)mode, seed);
            const char *text = disk_file_look(reborn, "f");
            size_t count = count_new(text);

            if (mode == DISK_LOSE_ALL)
                CHECK_U64(count, 0);
            if (mode == DISK_KEEP_ALL)
                CHECK_U64(count, 8);
            if (mode == DISK_ONE_MISSING)
                CHECK_U64(count, 7);
            if (mode == DISK_ONE_PRESENT)
                CHECK_U64(count, 1);
            if (mode == DISK_PREFIX)
                CHECK_U64(strspn(text, "n"), count);
            if (mode == DISK_RANDOM)
                seen_counts |= 1u << count;
            disk_os_destroy(reborn);
        }
    }
    CHECK_U64(seen_counts, 0x1ff);
    disk_os_destroy(disk);
}

static void a_seed_decides_and_the_old_disk_stays(void)
{
    xti_file file;
    struct disk_os *disk = disk_with_file(8, &file);
    uint64_t before;

    disk_file_fill(disk, file, 0, 'n', 8 * DISK_FILE_SECTOR);
    before = disk_os_image_hash(disk);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct disk_os *one = disk_os_reboot(disk, DISK_RANDOM, seed);
        struct disk_os *two = disk_os_reboot(disk, DISK_RANDOM, seed);
        struct disk_os *all = disk_os_reboot(disk, DISK_KEEP_ALL, seed);

        CHECK_U64(disk_os_image_hash(one), disk_os_image_hash(two));
        CHECK_INT(disk_os_image_hash(one) == before,
                  strcmp(disk_file_look(one, "f"), "nnnnnnnn") == 0);
        CHECK_U64(disk_os_image_hash(all), before);
        disk_os_destroy(one);
        disk_os_destroy(two);
        disk_os_destroy(all);
    }
    CHECK_U64(disk_os_image_hash(disk), before);
    CHECK_U64(disk_os_pending_units(disk), 8);
    disk_os_destroy(disk);
}

static void the_hash_sees_names_sizes_and_bytes(void)
{
    static const struct {
        const char *path;
        const char *bytes;
        size_t size;
    } rows[] = {
        {"a", "x",   1},
        {"b", "x",   1},
        {"a", "y",   1},
        {"a", "x\0", 2},
        {"a", "",    0}
    };
    uint64_t hashes[CHECK_COUNT(rows)];

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct disk_os *disk = disk_os_create(check_seed);

        disk_os_put_file(disk, rows[i].path, rows[i].bytes, rows[i].size);
        hashes[i] = disk_os_image_hash(disk);
        for (size_t k = 0; k < i; k++)
            CHECK(hashes[k] != hashes[i]);
        disk_os_destroy(disk);
    }
}

static void from_the_crash_on_nothing_works(void)
{
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);
    const struct xti_os *os = disk_os_table(disk);
    uint64_t size;
    char byte = 'x';
    xti_file other;

    disk_file_fill(disk, file, 0, 'n', 1);
    CHECK_U64(disk_os_calls(disk), 1);
    disk_os_crash_at(disk, 3);
    CHECK_INT(os->write_at(os, file, 1, &byte, 1), 0);
    CHECK(!disk_os_has_crashed(disk));
    CHECK_INT(os->sync(os, file), -EIO);
    CHECK(disk_os_has_crashed(disk));
    CHECK_U64(disk_os_pending_units(disk), 2);
    CHECK_INT(os->write_at(os, file, 2, &byte, 1), -EIO);
    CHECK_INT(os->read_at(os, file, 0, &byte, 1), -EIO);
    CHECK_INT(os->size(os, file, &size), -EIO);
    CHECK_INT(os->allocate(os, file, 100), -EIO);
    CHECK_INT(os->open(os, "f", XTI_OPEN_READ, &other), -EIO);
    CHECK_INT(os->open(os, "g", XTI_OPEN_CREATE, &other), -EIO);
    CHECK_INT(os->make_folder(os, "d"), -EIO);
    CHECK_INT(os->rename(os, "f", "g"), -EIO);
    CHECK_INT(os->remove(os, "f"), -EIO);
    CHECK_INT(os->sync_folder(os, "/"), -EIO);
    CHECK_U64(disk_os_pending_units(disk), 2);
    os->close(os, file);
    disk_os_destroy(disk);
}

/* ---- failures ------------------------------------------------------------------------------ */

static void a_failed_sync_may_leave_clean_pages(void)
{
    static const struct {
        const char *name;
        enum disk_sync_model model;
        int first;
        int second;
        const char *seen;
    } rows[] = {
        {"new content stays",   DISK_SYNC_CLEAN_NEW, -EIO, 0,    "nn"},
        {"old content returns", DISK_SYNC_CLEAN_OLD, -EIO, 0,    "oo"},
        {"said too late",       DISK_SYNC_LATE,      0,    -EIO, "nn"},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        xti_file file;
        struct disk_os *disk = disk_with_file(2, &file);
        const struct xti_os *os = disk_os_table(disk);
        struct disk_os *reborn;

        check_row = rows[i].name;
        CHECK_INT(os->sync(os, file), 0);
        disk_os_fail_sync(disk, 2, rows[i].model);
        CHECK_INT(os->sync(os, file), 0);
        disk_file_fill(disk, file, 0, 'n', 2 * DISK_FILE_SECTOR);
        CHECK_INT(os->sync(os, file), rows[i].first);
        CHECK_STR(disk_file_look(disk, "f"), rows[i].seen);
        CHECK_INT(os->sync(os, file), rows[i].second);
        CHECK_INT(os->sync(os, file), 0);
        CHECK_STR(disk_file_look(disk, "f"), rows[i].seen);
        reborn = disk_os_reboot(disk, DISK_KEEP_ALL, 0);
        CHECK_STR(disk_file_look(reborn, "f"), "oo");
        disk_os_destroy(reborn);

        /* Written again, it reaches the medium. */
        disk_file_fill(disk, file, DISK_FILE_SECTOR, 'w', DISK_FILE_SECTOR);
        CHECK_INT(os->sync(os, file), 0);
        reborn = disk_os_reboot(disk, DISK_LOSE_ALL, 0);
        CHECK_STR(disk_file_look(reborn, "f"), "ow");
        disk_os_destroy(reborn);
        disk_os_destroy(disk);
    }
}

static void a_full_disk_takes_what_fits(void)
{
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);
    const struct xti_os *os = disk_os_table(disk);
    char bytes[2 * DISK_FILE_SECTOR] = {1};
    uint64_t size;

    disk_os_capacity(disk, 8192);
    CHECK_INT(os->allocate(os, file, 8193), -ENOSPC);
    CHECK_INT(os->write_at(os, file, 8192 - DISK_FILE_SECTOR, bytes, 2 * DISK_FILE_SECTOR),
              -ENOSPC);
    CHECK_INT(os->size(os, file, &size), 0);
    CHECK_U64(size, 8192);
    CHECK_INT(os->write_at(os, file, 0, bytes, DISK_FILE_SECTOR), 0);
    CHECK_INT(os->write_at(os, file, 8192, bytes, 1), -ENOSPC);
    disk_os_capacity(disk, 12288);
    CHECK_INT(os->write_at(os, file, 8192, bytes, 1), 0);

    /* What is removed gives its space back when nobody has it open any more. */
    CHECK_INT(os->remove(os, "f"), 0);
    {
        xti_file other = disk_file_open(disk, "g", XTI_OPEN_CREATE);

        CHECK_INT(os->allocate(os, other, 1), -ENOSPC);
        os->close(os, file);
        CHECK_INT(os->allocate(os, other, 12288), 0);
        os->close(os, other);
    }
    disk_os_destroy(disk);
}

/* ---- as a table ---------------------------------------------------------------------------- */

static bool count_name(void *context, const char *name)
{
    int *count = context;

    CHECK(name[0] != '\0');
    return ++*count < 2;
}

static void calls_say_what_is_wrong(void)
{
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);
    const struct xti_os *os = disk_os_table(disk);
    xti_file other;
    char bytes[2 * DISK_FILE_SECTOR];
    int count = 0;

    CHECK_INT(os->open(os, "none", XTI_OPEN_READ, &other), -ENOENT);
    CHECK_INT(os->open(os, "none/f", XTI_OPEN_CREATE, &other), -ENOENT);
    CHECK_INT(os->open(os, "f/f", XTI_OPEN_READ, &other), -ENOTDIR);
    CHECK_INT(os->open(os, "f", XTI_OPEN_CREATE, &other), -EEXIST);
    CHECK_INT(os->open(os, "f", 99, &other), -EINVAL);
    CHECK_INT(os->read_at(os, file, 0, bytes, DISK_FILE_SECTOR + 1), -ENODATA);
    CHECK_INT(os->make_folder(os, "/d"), 0);
    CHECK_INT(os->make_folder(os, "d/"), -EEXIST);
    CHECK_INT(os->rename(os, "/f", "d//f"), 0);
    CHECK_INT(os->remove_folder(os, "d"), -ENOTEMPTY);
    CHECK_INT(os->remove(os, "d"), -EISDIR);
    CHECK_INT(os->remove_folder(os, "d/f"), -ENOTDIR);
    CHECK_INT(os->rename(os, "none", "d"), -ENOENT);
    CHECK_INT(os->open(os, "a", XTI_OPEN_CREATE, &other), 0);
    CHECK_INT(os->open(os, "b", XTI_OPEN_CREATE, &other), 0);
    CHECK_INT(os->list(os, "/", count_name, &count), 0);
    CHECK_INT(count, 2);
    CHECK_INT(os->list(os, "a", count_name, &count), -ENOTDIR);
    CHECK_INT(os->open(os, "a", XTI_OPEN_READ, &other), 0);
    CHECK_INT(os->write_at(os, other, 0, bytes, 1), -EBADF);
    os->close(os, other);
    CHECK_INT(os->read_at(os, other, 0, bytes, 0), -EBADF);
    disk_os_destroy(disk);
}

static void a_lock_ends_with_its_handle_or_the_power(void)
{
    xti_file first;
    struct disk_os *disk = disk_with_file(1, &first);
    const struct xti_os *os = disk_os_table(disk);
    xti_file second = disk_file_open(disk, "f", XTI_OPEN_WRITE);
    struct disk_os *reborn;
    bool is_locked;

    CHECK_INT(os->lock(os, first), 0);
    CHECK_INT(os->lock(os, second), -EBUSY);
    CHECK_INT(os->is_locked(os, second, &is_locked), 0);
    CHECK(is_locked);
    CHECK_INT(os->is_locked(os, first, &is_locked), 0);
    CHECK(!is_locked);
    reborn = disk_os_reboot(disk, DISK_LOSE_ALL, 0);
    CHECK_INT(disk_os_table(reborn)->lock(disk_os_table(reborn),
                                          disk_file_open(reborn, "f", XTI_OPEN_WRITE)),
              0);
    os->close(os, first);
    CHECK_INT(os->lock(os, second), 0);
    disk_os_destroy(reborn);
    disk_os_destroy(disk);
}

static void a_view_shows_the_file(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    const struct xti_os *os = disk_os_table(disk);
    xti_file file = disk_file_open(disk, "f", XTI_OPEN_CREATE);
    void *base;
    char *at;

    CHECK_INT(os->allocate(os, file, 8192), 0);
    disk_file_fill(disk, file, 4096, 'v', DISK_FILE_SECTOR);
    if (!CHECK_INT(os->reserve(os, 1 << 21, &base), 0))
        return;
    at = base;
    CHECK_INT(os->place_memory(os, at, 8192, false), 0);
    memset(at, 'm', 8192);
    CHECK_INT(os->place_file(os, at + 4096, 4096, file, 8192), -ENODATA);
    CHECK_INT(at[4096], 'm');
    CHECK_INT(os->place_file(os, at + 4096, 4096, file, 4096), 0);
    CHECK_INT(at[0], 'm');
    CHECK_INT(at[4096], 'v');
    CHECK_INT(at[8191], 0);
    os->release(os, base, 1 << 21);
    disk_os_destroy(disk);
}

static void a_watch_shows_later_writes(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    const struct xti_os *os = disk_os_table(disk);
    xti_file file = disk_file_open(disk, "f", XTI_OPEN_CREATE);
    const unsigned char *bytes;
    void *watch;
    size_t size;

    disk_file_fill(disk, file, 0, 'a', 4096);
    CHECK_INT(os->watch(os, file, 8192, &watch), -ENODATA);
    if (!CHECK_INT(os->watch(os, file, 4096, &watch), 0))
        return;
    bytes = os->watched(os, watch);
    CHECK_INT(bytes[4095], 'a');
    disk_file_fill(disk, file, 4000, 'b', 4000);
    CHECK(bytes == os->watched(os, watch));
    CHECK_INT(bytes[4095], 'b');
    CHECK_INT(os->remove(os, "f"), 0);
    CHECK(disk_os_file_bytes(disk, "f", &size) == NULL);
    bytes = os->watched(os, watch);
    CHECK_INT(bytes[3999], 'a');
    os->unwatch(os, watch, 4096);
    disk_os_destroy(disk);
}

static void raw_bytes_can_be_damaged_and_settled(void)
{
    xti_file file;
    struct disk_os *disk = disk_with_file(2, &file);
    struct disk_os *copy;
    struct disk_os *reborn;
    size_t size;
    unsigned char *bytes;

    disk_file_fill(disk, file, 0, 'n', DISK_FILE_SECTOR);
    copy = disk_os_copy(disk);
    bytes = disk_os_file_bytes(disk, "f", &size);
    CHECK_U64(size, 2 * DISK_FILE_SECTOR);
    bytes[DISK_FILE_SECTOR] = 'd';
    CHECK_STR(disk_file_look(copy, "f"), "no");
    CHECK_U64(disk_os_pending_units(copy), 1);
    disk_os_settle(disk);
    CHECK_U64(disk_os_pending_units(disk), 0);
    reborn = disk_os_reboot(disk, DISK_LOSE_ALL, 0);
    CHECK_STR(disk_file_look(reborn, "f"), "nd");
    CHECK(disk_os_file_bytes(disk, "none", &size) == NULL);
    disk_os_put_file(disk, "f", "", 0);
    CHECK(disk_os_file_bytes(disk, "f", &size) != NULL);
    CHECK_U64(size, 0);
    disk_os_destroy(reborn);
    disk_os_destroy(copy);
    disk_os_destroy(disk);
}

CHECK_MAIN({"unsynced_sectors_persist_in_any_subset", unsynced_sectors_persist_in_any_subset},
           {"of_two_writes_to_a_sector_either_may_be_there",
            of_two_writes_to_a_sector_either_may_be_there},
           {"a_sector_is_not_torn", a_sector_is_not_torn},
           {"size_and_data_persist_apart", size_and_data_persist_apart},
           {"data_beyond_a_lost_size_never_comes_back", data_beyond_a_lost_size_never_comes_back},
           {"allocated_blocks_read_as_zeros", allocated_blocks_read_as_zeros},
           {"what_was_synced_stays", what_was_synced_stays},
           {"a_sync_concerns_one_file", a_sync_concerns_one_file},
           {"a_synced_file_without_a_synced_entry_may_be_lost",
            a_synced_file_without_a_synced_entry_may_be_lost},
           {"a_synced_entry_without_a_synced_file_may_be_empty",
            a_synced_entry_without_a_synced_file_may_be_empty},
           {"a_rename_happens_or_not", a_rename_happens_or_not},
           {"creating_and_renaming_persist_in_any_subset",
            creating_and_renaming_persist_in_any_subset},
           {"a_removed_file_may_still_be_there", a_removed_file_may_still_be_there},
           {"a_file_that_came_and_went_may_have_come_only",
            a_file_that_came_and_went_may_have_come_only},
           {"a_folder_whose_entry_is_lost_takes_its_files_along",
            a_folder_whose_entry_is_lost_takes_its_files_along},
           {"synced_names_stay", synced_names_stay},
           {"each_mode_keeps_what_it_says", each_mode_keeps_what_it_says},
           {"a_seed_decides_and_the_old_disk_stays", a_seed_decides_and_the_old_disk_stays},
           {"the_hash_sees_names_sizes_and_bytes", the_hash_sees_names_sizes_and_bytes},
           {"from_the_crash_on_nothing_works", from_the_crash_on_nothing_works},
           {"a_failed_sync_may_leave_clean_pages", a_failed_sync_may_leave_clean_pages},
           {"a_full_disk_takes_what_fits", a_full_disk_takes_what_fits},
           {"calls_say_what_is_wrong", calls_say_what_is_wrong},
           {"a_lock_ends_with_its_handle_or_the_power", a_lock_ends_with_its_handle_or_the_power},
           {"a_view_shows_the_file", a_view_shows_the_file},
           {"a_watch_shows_later_writes", a_watch_shows_later_writes},
           {"raw_bytes_can_be_damaged_and_settled", raw_bytes_can_be_damaged_and_settled})
