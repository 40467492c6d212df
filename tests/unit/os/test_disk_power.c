/* tests/unit/os/test_disk_power.c -- can the simulated disk lose whole files, tell a watcher, and
 * let time go by?
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "support/disk_file.h"

static void a_file_can_be_lost_as_a_whole_while_another_stays(void)
{
    static const char *const wanted[] = {"nnnn oooo", "oooo nnnn", "nnnn nnnn", "oooo oooo"};
    unsigned seen = 0;
    unsigned mixed = 0;
    xti_file f;
    xti_file g;
    struct disk_os *disk = disk_with_file(4, &f);

    disk_os_put_file(disk, "g", "oooo", 4);
    g = disk_file_open(disk, "g", XTI_OPEN_WRITE);
    disk_file_fill(disk, g, 0, 'o', 4 * DISK_FILE_SECTOR);
    disk_os_settle(disk);
    disk_file_fill(disk, f, 0, 'n', 4 * DISK_FILE_SECTOR);
    disk_file_fill(disk, g, 0, 'n', 4 * DISK_FILE_SECTOR);
    for (uint64_t seed = check_seed; seed < check_seed + 200; seed++) {
        struct disk_os *reborn = disk_os_reboot(disk, DISK_FILES, seed);
        char text[160];

        snprintf(text, sizeof text, "%s ", disk_file_look(reborn, "f"));
        strcat(text, disk_file_look(reborn, "g"));
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
    disk_file_fill(disk, file, 0, 'n', DISK_FILE_SECTOR);
    disk_file_fill(disk, file, DISK_FILE_SECTOR, 'n', 2 * DISK_FILE_SECTOR);
    CHECK_STR(disk_file_look(disk, "f"), "nnn");
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
