/* tests/support/disk_watch.h -- watching a file of a disk in memory: a copy, anew at each look.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DISK_WATCH_H
#define DISK_WATCH_H

#include "os/os.h"

/* Fills watch, watched and unwatch of a table, by means of its read_at. */
void disk_watch_init(struct xti_os *table);

#endif
