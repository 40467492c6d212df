/* tests/support/disk_private.h -- what the two halves of disk_os share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DISK_PRIVATE_H
#define DISK_PRIVATE_H

#include <pthread.h>

#include "support/disk_image.h"
#include "support/disk_os.h"

struct handle {
    size_t inode; /* DISK_NONE: closed */
    bool is_writable;
};

struct disk_os {
    struct xti_os table;
    pthread_mutex_t mutex;
    struct disk_image image;
    struct handle *handles;
    size_t handle_count;
    size_t handle_capacity;
    uint64_t seed;
    uint64_t random_state;
    uint64_t now_ns;
    uint64_t boots;
    uint64_t calls;
    uint64_t crash_at;
    bool has_crashed;
    bool has_news; /* for `watch` */
    disk_os_watch_fn *watch;
    void *watch_context;
    uint64_t capacity;
    uint64_t syncs;
    uint64_t bad_sync;
    enum disk_sync_model bad_sync_model;
    uint64_t folder_syncs;
    uint64_t bad_folder_sync; /* 0: none */
};

/* Where a path leads: the name may or may not exist in the folder. */
struct place {
    size_t folder;
    char name[DISK_NAME_BYTES]; /* "" for the root */
    size_t inode;               /* DISK_NONE when there is no such name */
};

/* 0 or a negative errno value. */
int disk_place_find(struct disk_os *disk, const char *path, struct place *out);

/* All but the image, which the caller fills. */
struct disk_os *disk_new(uint64_t seed);

#endif
