/* tests/support/disk_os.h -- a system whose disk loses what was not synced.
 *
 * A file system in memory, seen twice: as running programs see it (the page cache), and as it is
 * on the medium. Between them lies a list of pending units in the order in which they arose, of
 * which a power loss keeps any subset:
 *
 *   sector   512 bytes of a file, as they were after one write. A sector that was written twice
 *            is pending twice: the medium may hold the old, the first or the second content.
 *   size     of a file, apart from its data: either may be there without the other. A longer file
 *            whose data is lost reads as zeros, data beyond the size that was kept is gone. A file
 *            that was cut has its old size and data or the new size.
 *   entry    a name that was created, removed or renamed in a folder. A rename is one unit: the
 *            old names or the new ones. A synced file whose entry is lost cannot be found.
 *
 * sync(file) makes the sectors and sizes of a file durable, sync_folder() the entries of a folder
 * (a rename belongs to the folder of the new name). Nothing else does. A new disk has one folder,
 * "/". Paths that do not begin with a slash begin there too.
 *
 * Memory, threads, the process id and the host's name are the real ones. Clock, boot ids and random
 * bytes are sequences that depend on the seed alone; a call of the clock takes a microsecond.
 * place_file() copies what the file holds at that moment; watched() shows what it holds at each
 * look.
 *
 * Functions of this file abort the test when memory runs out. The table may be used from any
 * thread; the functions of this file while no other thread uses the disk.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DISK_OS_H
#define DISK_OS_H

#include "os/os.h"

struct disk_os;

struct disk_os *disk_os_create(uint64_t seed);
void disk_os_destroy(struct disk_os *disk);
const struct xti_os *disk_os_table(struct disk_os *disk);

/* The same disk again: both views and what is pending, but no open file and no limit. The system
 * has not been started again. */
struct disk_os *disk_os_copy(const struct disk_os *disk);

/* ---- power loss ---------------------------------------------------------------------------- */

/* Calls so far that change what is on the disk or what is durable: open that creates, write_at,
 * sync, allocate, cut, make_folder, remove_folder, sync_folder, rename, link, remove. */
uint64_t disk_os_calls(const struct disk_os *disk);

/* The n-th of these (counted from the birth of the disk, from 1) and every later call that touches
 * files fails with -EIO and changes nothing, as if the process had died. 0: never. */
void disk_os_crash_at(struct disk_os *disk, uint64_t n);
bool disk_os_has_crashed(const struct disk_os *disk);

/* Called after each of these calls, from within it but without the disk's lock; NULL: nobody is.
 * It may look at the disk and make others of it, and must not change it. */
typedef void disk_os_watch_fn(void *context, struct disk_os *disk);
void disk_os_watch(struct disk_os *disk, disk_os_watch_fn *watch, void *context);

enum disk_mode {
    DISK_LOSE_ALL,    /* nothing that is pending */
    DISK_KEEP_ALL,    /* all of it */
    DISK_RANDOM,      /* each by a coin, whose bias is drawn too */
    DISK_PREFIX,      /* the first so many, a random number */
    DISK_ONE_MISSING, /* all but one */
    DISK_ONE_PRESENT, /* only one */
    DISK_FILES,       /* for each file and folder all, nothing, or each by a coin */
    DISK_MODE_COUNT
};

size_t disk_os_pending_units(const struct disk_os *disk);

/* A new disk that holds, durably, one of the states that a power loss may leave, and another boot
 * id. `disk` stays. */
struct disk_os *disk_os_reboot(const struct disk_os *disk, enum disk_mode mode, uint64_t seed);

/* The same with a chosen subset: keep[i] != 0 for each unit i that reaches the medium. */
struct disk_os *disk_os_reboot_mask(const struct disk_os *disk, const uint8_t *keep);

/* Of all names and all bytes that programs see: equal disks, equal numbers. */
uint64_t disk_os_image_hash(const struct disk_os *disk);

/* ---- time ---------------------------------------------------------------------------------- */

/* Each look at the clock finds it 1 microsecond later than the one before; the next one finds it
 * later by so much more. */
void disk_os_wait(struct disk_os *disk, uint64_t ns);

/* ---- failures ------------------------------------------------------------------------------ */

enum disk_sync_model {
    /* -EIO. The sectors count as clean although the medium never got them. Programs see the new
     * content, and the next sync succeeds without writing it. */
    DISK_SYNC_CLEAN_NEW = 1,
    /* -EIO. The same, but programs see the old content. */
    DISK_SYNC_CLEAN_OLD,
    /* 0, but as CLEAN_NEW; the next sync of this file says -EIO and is CLEAN_NEW as well. */
    DISK_SYNC_LATE,
    /* Of a folder: -EIO. The entries count as clean although the medium never got them. Programs
     * see the new names, and the next sync succeeds without writing them. */
    DISK_SYNC_NAMES
};

/* The nth sync of a file, or with DISK_SYNC_NAMES of a folder, goes wrong, from 1 and counted from
 * now on. Sizes stay pending. */
void disk_os_fail_sync(struct disk_os *disk, uint64_t nth, enum disk_sync_model model);

/* Files, in blocks of 4096, that exist or are open may take so many bytes together; then -ENOSPC,
 * after write_at has written what fits. UINT64_MAX: no limit. */
void disk_os_capacity(struct disk_os *disk, uint64_t bytes);
uint64_t disk_os_used(const struct disk_os *disk);

/* ---- raw bytes ----------------------------------------------------------------------------- */

/* What programs see of a file; NULL when there is none. Valid until the file changes. Changes made
 * here are not pending: disk_os_settle() makes them durable. */
unsigned char *disk_os_file_bytes(struct disk_os *disk, const char *path, size_t *size);

/* Creates or replaces a file, of any size. Its entry and content are durable at once, and so are
 * the other entries of its folder. */
void disk_os_put_file(struct disk_os *disk, const char *path, const void *data, size_t size);

/* Makes durable all that programs see. */
void disk_os_settle(struct disk_os *disk);

#endif
