/* tests/support/disk_file.h -- files of the simulated disk, filled and looked at.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DISK_FILE_H
#define DISK_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "os/os.h"
#include "support/disk_os.h"

#define DISK_FILE_SECTOR 512

xti_file disk_file_open(struct disk_os *disk, const char *path, unsigned flags);

/* Writes `size` equal bytes, at most eight sectors. */
void disk_file_fill(struct disk_os *disk, xti_file file, uint64_t offset, int byte, size_t size);

/* A disk with a durable file "f" of `sectors` sectors of 'o', opened as *file. */
struct disk_os *disk_with_file(size_t sectors, xti_file *file);

/* What a file looks like: the first byte of each of its sectors, "-" when there is no such file.
 * Zero is shown as '.'. */
const char *disk_file_look(struct disk_os *disk, const char *path);

#endif
