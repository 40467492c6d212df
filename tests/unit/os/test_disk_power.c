/* tests/unit/os/test_disk_power.c -- can the simulated disk lose whole files, tell a watcher, and
 * let time go by?
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "os/os.h"
#include "support/check.h"
#include "support/disk_os.h"

#define SECTOR 512

static xti_file opened(struct disk_os *disk, const char *path, unsigned flags)
{
    const struct xti_os *os = disk_os_table(disk);
    xti_file file;

    CHECK_INT(os->open(os, path, flags, &file), 0);
    return file;
}

static void fill(struct disk_os *disk, xti_file file, uint64_t offset, int byte, size_t size)
{
    const struct xti_os *os = disk_os_table(disk);
    char bytes[8 * SECTOR];

    memset(bytes, byte, size);
    CHECK_INT(os->write_at(os, file, offset, bytes, size), 0);
}

/* A disk with a durable file "f" of `sectors` sectors of 'o', opened as *file. */
static struct disk_os *disk_with_file(size_t sectors, xti_file *file)
{
    struct disk_os *disk = disk_os_create(check_seed);
    char bytes[8 * SECTOR];

    memset(bytes, 'o', sizeof bytes);
    disk_os_put_file(disk, "f", bytes, sectors * SECTOR);
    CHECK_U64(disk_os_pending_units(disk), 0);
    *file = opened(disk, "f", XTI_OPEN_WRITE);
    return disk;
}

/* What a file looks like: the first byte of each of its sectors, "-" when there is no such file.
 * Zero is shown as '.'. */
static const char *look(struct disk_os *disk, const char *path)
{
    static char text[64];
    size_t size;
    const unsigned char *bytes = disk_os_file_bytes(disk, path, &size);
    size_t count = 0;

    if (bytes == NULL)
        return "-";
    for (size_t at = 0; at < size && count < sizeof text - 1; at += SECTOR)
        text[count++] = bytes[at] != 0 ? (char)bytes[at] : '.';
    text[count] = '\0';
    return text;
}

static void a_file_can_be_lost_as_a_whole_while_another_stays(void)
{
    static const char *const wanted[] = {"nnnn oooo", "oooo nnnn", "nnnn nnnn", "oooo oooo"};
    unsigned seen = 0;
    unsigned mixed = 0;
    xti_file f;
    xti_file g;
    struct disk_os *disk = disk_with_file(4, &f);

    disk_os_put_file(disk, "g", "oooo", 4);
    g = opened(disk, "g", XTI_OPEN_WRITE);
    fill(disk, g, 0, 'o', 4 * SECTOR);
    disk_os_settle(disk);
    fill(disk, f, 0, 'n', 4 * SECTOR);
    fill(disk, g, 0, 'n', 4 * SECTOR);
    for (uint64_t seed = check_seed; seed < check_seed + 200; seed++) {
        struct disk_os *reborn = disk_os_reboot(disk, DISK_FILES, seed);
        char text[160];

        snprintf(text, sizeof text, "%s ", look(reborn, "f"));
        strcat(text, look(reborn, "g"));
        for (size_t i = 0; i < CHECK_COUNT(wanted); i++)
            seen |= (unsigned)(strcmp(text, wanted[i]) == 0) << i;
        mixed += strstr(text, "no") != NULL;
        disk_os_destroy(reborn);
    }
    CHECK_U64(seen, 0xf);
    CHECK(mixed > 0);
    disk_os_destroy(disk);
}

static void note_pending(void *context, struct disk_os *disk)
{
    *(size_t *)context = *(size_t *)context * 10 + disk_os_pending_units(disk);
}

static void a_watcher_sees_the_disk_after_each_call_that_changes_it(void)
{
    const struct xti_os *os;
    size_t seen = 0;
    xti_file file;
    struct disk_os *disk = disk_with_file(1, &file);

    os = disk_os_table(disk);
    disk_os_watch(disk, note_pending, &seen);
    fill(disk, file, 0, 'n', SECTOR);
    fill(disk, file, SECTOR, 'n', 2 * SECTOR);
    CHECK_STR(look(disk, "f"), "nnn");
    CHECK_INT(os->sync(os, file), 0);
    CHECK_U64(seen, 140);
    disk_os_destroy(disk);
}

static void waiting_moves_the_clock(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    const struct xti_os *os = disk_os_table(disk);
    uint64_t before = os->now_ns(os);

    disk_os_wait(disk, UINT64_C(5000000000));
    CHECK_U64(os->now_ns(os) - before, UINT64_C(5000001000));
    disk_os_destroy(disk);
}

CHECK_MAIN({"a_file_can_be_lost_as_a_whole_while_another_stays",
            a_file_can_be_lost_as_a_whole_while_another_stays},
           {"a_watcher_sees_the_disk_after_each_call_that_changes_it",
            a_watcher_sees_the_disk_after_each_call_that_changes_it},
           {"waiting_moves_the_clock", waiting_moves_the_clock})
