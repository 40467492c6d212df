/* tests/support/disk_power.c -- a system whose disk loses what was not synced: what tests do to it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "support/check.h"
#include "support/disk_private.h"

uint64_t disk_os_calls(const struct disk_os *disk)
{
    return disk->calls;
}

void disk_os_crash_at(struct disk_os *disk, uint64_t n)
{
    disk->crash_at = n;
}

bool disk_os_has_crashed(const struct disk_os *disk)
{
    return disk->has_crashed;
}

size_t disk_os_pending_units(const struct disk_os *disk)
{
    return disk->image.unit_count;
}

struct disk_os *disk_os_reboot_mask(const struct disk_os *disk, const uint8_t *keep)
{
    struct disk_os *reborn = disk_new(disk->seed);

    disk_image_lose_power(&reborn->image, &disk->image, keep);
    reborn->random_state = disk->random_state;
    reborn->now_ns = disk->now_ns;
    reborn->boots = disk->boots + 1;
    return reborn;
}

/* Units of the same file or folder, and of no other, are kept with the same probability. */
static void mask_fill_files(const struct disk_image *image, uint8_t *keep, uint64_t seed)
{
    uint64_t state = seed;

    for (size_t i = 0; i < image->unit_count; i++) {
        uint64_t of_inode = seed ^ (uint64_t)image->units[i].inode << 32;
        uint64_t kind = check_random(&of_inode) % 3;
        double bias = check_uniform(&of_inode);

        keep[i] = kind == 2 ? check_uniform(&state) < bias : kind == 1;
    }
}

static void mask_fill(uint8_t *keep, size_t count, enum disk_mode mode, uint64_t seed)
{
    uint64_t state = seed;
    double bias = check_uniform(&state);
    size_t chosen = (size_t)(check_random(&state) % (count + (mode == DISK_PREFIX)));

    for (size_t i = 0; i < count; i++) {
        if (mode == DISK_RANDOM)
            keep[i] = check_uniform(&state) < bias;
        else if (mode == DISK_PREFIX)
            keep[i] = i < chosen;
        else if (mode == DISK_ONE_MISSING)
            keep[i] = i != chosen;
        else if (mode == DISK_ONE_PRESENT)
            keep[i] = i == chosen;
        else
            keep[i] = mode == DISK_KEEP_ALL;
    }
}

struct disk_os *disk_os_reboot(const struct disk_os *disk, enum disk_mode mode, uint64_t seed)
{
    size_t count = disk->image.unit_count;
    uint8_t *keep = calloc(count + 1, 1);
    struct disk_os *reborn;

    XTI_ASSERT(keep != NULL);
    if (mode == DISK_FILES)
        mask_fill_files(&disk->image, keep, seed);
    else if (count != 0)
        mask_fill(keep, count, mode, seed);
    reborn = disk_os_reboot_mask(disk, keep);
    free(keep);
    return reborn;
}

uint64_t disk_os_image_hash(const struct disk_os *disk)
{
    return disk_image_hash(&disk->image);
}

void disk_os_watch(struct disk_os *disk, disk_os_watch_fn *watch, void *context)
{
    disk->watch = watch;
    disk->watch_context = context;
}

void disk_os_wait(struct disk_os *disk, uint64_t ns)
{
    disk->now_ns += ns;
}

void disk_os_fail_sync(struct disk_os *disk, uint64_t nth, enum disk_sync_model model)
{
    if (model == DISK_SYNC_NAMES) {
        disk->bad_folder_sync = disk->folder_syncs + nth;
        return;
    }
    disk->bad_sync = disk->syncs + nth;
    disk->bad_sync_model = model;
}

void disk_os_capacity(struct disk_os *disk, uint64_t bytes)
{
    disk->capacity = bytes;
}

uint64_t disk_os_used(const struct disk_os *disk)
{
    return disk_image_used(&disk->image);
}

unsigned char *disk_os_file_bytes(struct disk_os *disk, const char *path, size_t *size)
{
    struct place place;
    struct disk_bytes *bytes;

    *size = 0;
    if (disk_place_find(disk, path, &place) != 0 || place.inode == DISK_NONE ||
        disk->image.inodes[place.inode].is_folder)
        return NULL;
    bytes = &disk->image.inodes[place.inode].bytes[DISK_CACHED];
    disk_bytes_own(bytes);
    *size = (size_t)bytes->size;
    return bytes->data;
}

void disk_os_put_file(struct disk_os *disk, const char *path, const void *data, size_t size)
{
    struct place place;
    int result = disk_place_find(disk, path, &place);
    size_t inode = disk_inode_add(&disk->image, false);

    XTI_ASSERT(result == 0);
    XTI_ASSERT(place.inode != DISK_ROOT);
    disk_entry_set(&disk->image, place.folder, place.name, inode);
    disk_inode_flush(&disk->image, place.folder);
    disk_file_write(&disk->image, inode, 0, data, size);
    disk_inode_flush(&disk->image, inode);
    disk_image_collect(&disk->image);
}

void disk_os_settle(struct disk_os *disk)
{
    disk_image_settle(&disk->image);
}
