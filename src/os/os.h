/* src/os/os.h -- the door of the os room: everything that the library asks of the system.
 *
 * One table of functions. The library gets the table when a store is created or opened and calls
 * nothing else: no malloc, no read, no clock. Tests hand in tables that fail on demand
 * (tests/support/fail_os.h) or that lose what was not synced (tests/support/disk_os.h).
 *
 * Functions that can fail return 0 or a negative errno value (-ENOENT, -EIO, ...);
 * xti_os_status() turns that into an xt_status. A call interrupted by a signal is repeated inside;
 * read_at and write_at move all the bytes or fail.
 *
 * Threads: any function may be called from any thread at the same time, but for one file at a time
 * where they would overlap.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_OS_H
#define XTI_OS_H

#include "base/base.h"

/* A file handle; -1 is none. What it means is the table's own business. */
typedef int64_t xti_file;
#define XTI_FILE_NONE ((xti_file)-1)

enum xti_open_flags {
    XTI_OPEN_READ = 0,     /* must exist */
    XTI_OPEN_WRITE = 1,    /* read and write; must exist */
    XTI_OPEN_CREATE = 2,   /* read and write; must not exist (-EEXIST) */
    XTI_OPEN_TEMPORARY = 4 /* read and write; `path` is a folder; the file has no name and is gone
                              when it is closed */
};

/* Called once for each name in a folder, without "." and "..". False ends the listing. */
typedef bool xti_name_fn(void *context, const char *name);

typedef void xti_thread_fn(void *argument);

struct xti_os {
    void *context; /* of the implementation */

    /* Memory, 64-byte aligned. `size` in free is the size given to alloc. NULL: none left. */
    void *(*alloc)(const struct xti_os *os, size_t size);
    void (*free)(const struct xti_os *os, void *memory, size_t size);

    /* Address space. reserve: inaccessible, not charged, aligned to 2 MiB. release gives back a
     * whole reservation, whatever was put into it. */
    int (*reserve)(const struct xti_os *os, size_t size, void **out);
    void (*release)(const struct xti_os *os, void *base, size_t size);
    /* Puts zeroed private memory at a place inside a reservation, dropping what was there; in huge
     * pages where the system gives them, if `huge`. at, size: multiples of 4096. */
    int (*place_memory)(const struct xti_os *os, void *at, size_t size, bool huge);
    /* Puts a read-only view of a file at a place inside a reservation, replacing what was there
     * without a moment in which the addresses hold nothing. Multiples of 4096 all; the range must
     * lie inside the file (else -ENODATA). On an error the place is as it was. The view lasts after
     * close(). */
    int (*place_file)(const struct xti_os *os, void *at, size_t size, xti_file file,
                      uint64_t offset);
    /* Asks the system to make what lies there readable without a fault for each page, as far as it
     * can. Promises nothing. Multiples of 4096. */
    void (*populate)(const struct xti_os *os, const void *at, size_t size);
    /* Makes the range inaccessible again and gives back its memory. */
    void (*unplace)(const struct xti_os *os, void *at, size_t size);

    /* A look at the first `size` bytes of a file, a multiple of 4096, that costs no call of the
     * system: watched() says where they are, as every process has written them by then. They may
     * change while they are read. watch: -ENODATA when the file ends before; the file stays open
     * until unwatch. One thread at a time for each watch. */
    int (*watch)(const struct xti_os *os, xti_file file, size_t size, void **out);
    const void *(*watched)(const struct xti_os *os, void *watch);
    void (*unwatch)(const struct xti_os *os, void *watch, size_t size);

    /* Files. */
    int (*open)(const struct xti_os *os, const char *path, unsigned flags, xti_file *out);
    void (*close)(const struct xti_os *os, xti_file file);
    /* -ENODATA when the file ends before. */
    int (*read_at)(const struct xti_os *os, xti_file file, uint64_t offset, void *data,
                   size_t size);
    int (*write_at)(const struct xti_os *os, xti_file file, uint64_t offset, const void *data,
                    size_t size);
    /* Asks the system to begin bringing these bytes to the medium, and does not wait: a sync that
     * comes later has less to do. Promises nothing. */
    void (*write_soon)(const struct xti_os *os, xti_file file, uint64_t offset, size_t size);
    /* Contents and size of the file are on the medium when it returns 0. */
    int (*sync)(const struct xti_os *os, xti_file file);
    int (*size)(const struct xti_os *os, xti_file file, uint64_t *out);
    /* Makes the file at least `size` bytes long with blocks that belong to it: later writes below
     * `size` do not fail for want of space. New bytes read as zero. */
    int (*allocate)(const struct xti_os *os, xti_file file, uint64_t size);
    /* Makes the file at most `size` bytes long. */
    int (*cut)(const struct xti_os *os, xti_file file, uint64_t size);
    /* Takes an exclusive lock that ends with close() or the process; -EBUSY when another open
     * file holds it, in this process too. */
    int (*lock)(const struct xti_os *os, xti_file file);
    /* Whether another open file holds it; takes nothing, and needs no right to write. */
    int (*is_locked)(const struct xti_os *os, xti_file file, bool *out);

    /* Folders. */
    int (*make_folder)(const struct xti_os *os, const char *path);
    int (*remove_folder)(const struct xti_os *os, const char *path);
    int (*sync_folder)(const struct xti_os *os, const char *path);
    int (*rename)(const struct xti_os *os, const char *from, const char *to);
    /* Gives the file at `from` a second name. -EEXIST: `to` is there. Not every file system can. */
    int (*link)(const struct xti_os *os, const char *from, const char *to);
    int (*remove)(const struct xti_os *os, const char *path);
    int (*list)(const struct xti_os *os, const char *path, xti_name_fn *visit, void *context);

    /* Threads. The mutex functions cannot fail. thread_start: -EAGAIN when no thread is to be
     * had; the caller then does the work itself. */
    int (*thread_start)(const struct xti_os *os, xti_thread_fn *run, void *argument, void **out);
    void (*thread_join)(const struct xti_os *os, void *thread);
    int (*mutex_create)(const struct xti_os *os, void **out);
    void (*mutex_destroy)(const struct xti_os *os, void *mutex);
    void (*mutex_lock)(const struct xti_os *os, void *mutex);
    void (*mutex_unlock)(const struct xti_os *os, void *mutex);

    /* Facts. */
    uint64_t (*now_ns)(const struct xti_os *os); /* wall clock, since 1970 */
    int (*random)(const struct xti_os *os, void *data, size_t size);
    uint64_t (*process_id)(const struct xti_os *os);
    void (*host_name)(const struct xti_os *os, char *out, size_t capacity); /* cut where longer */
    /* Random, the same for all processes from one start of the system to the next; zeroes: not to
     * be had. */
    void (*boot_id)(const struct xti_os *os, uint8_t out[16]);
    uint32_t (*processor_count)(const struct xti_os *os);
    const char *(*temporary_folder)(const struct xti_os *os); /* static */
};

/* The real one. Static. */
const struct xti_os *xti_os_real(void);

/* 0: XT_OK; -ENOMEM: XT_ENOMEM; -ENOSPC, -EDQUOT: XT_EFULL; -ENOENT, -ENOTDIR: XT_ENOTFOUND;
 * -EEXIST, -ENOTEMPTY: XT_EEXIST; -EBUSY: XT_EBUSY; anything else: XT_EIO. */
xt_status xti_os_status(int result);

/* Zeroed memory, or NULL. */
void *xti_alloc_zeroed(const struct xti_os *os, size_t size);

/* Joins folder and name with a slash. False when `capacity` is too small. */
bool xti_path_join(char *out, size_t capacity, const char *folder, const char *name);

#endif
