/* tests/support/disk_file.c -- files of the simulated disk, filled and looked at.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/disk_file.h"

#include <string.h>

#include "support/check.h"

xti_file disk_file_open(struct disk_os *disk, const char *path, unsigned flags)
{
    const struct xti_os *os = disk_os_table(disk);
    xti_file file;

    CHECK_INT(os->open(os, path, flags, &file), 0);
    return file;
}

void disk_file_fill(struct disk_os *disk, xti_file file, uint64_t offset, int byte, size_t size)
{
    const struct xti_os *os = disk_os_table(disk);
    char bytes[8 * DISK_FILE_SECTOR];

    memset(bytes, byte, size);
    CHECK_INT(os->write_at(os, file, offset, bytes, size), 0);
}

struct disk_os *disk_with_file(size_t sectors, xti_file *file)
{
    struct disk_os *disk = disk_os_create(check_seed);
    char bytes[8 * DISK_FILE_SECTOR];

    memset(bytes, 'o', sizeof bytes);
    disk_os_put_file(disk, "f", bytes, sectors * DISK_FILE_SECTOR);
    CHECK_U64(disk_os_pending_units(disk), 0);
    *file = disk_file_open(disk, "f", XTI_OPEN_WRITE);
    return disk;
}

const char *disk_file_look(struct disk_os *disk, const char *path)
{
    static char text[64];
    size_t size;
    const unsigned char *bytes = disk_os_file_bytes(disk, path, &size);
    size_t count = 0;

    if (bytes == NULL)
        return "-";
    for (size_t at = 0; at < size && count < sizeof text - 1; at += DISK_FILE_SECTOR)
        text[count++] = bytes[at] != 0 ? (char)bytes[at] : '.';
    text[count] = '\0';
    return text;
}
