/* tests/support/disk_os.c -- a system whose disk loses what was not synced: the calls.
 *
 * Each call takes the disk's lock, finds what its path or handle means in what programs see, and
 * lets disk_image.c change it. A handle is an index into a table that only grows.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "support/disk_os.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "support/check.h"
#include "support/disk_private.h"
#include "support/disk_watch.h"

static struct disk_os *enter(const struct xti_os *os)
{
    struct disk_os *disk = os->context;

    pthread_mutex_lock(&disk->mutex);
    return disk;
}

static int leave(struct disk_os *disk, int result)
{
    bool has_news = disk->has_news && disk->watch != NULL && !disk->has_crashed;

    disk->has_news = false;
    pthread_mutex_unlock(&disk->mutex);
    if (has_news)
        disk->watch(disk->watch_context, disk);
    return result;
}

static int call_reads(const struct disk_os *disk)
{
    return disk->has_crashed ? -EIO : 0;
}

/* Counts a call that changes something. */
static int call_changes(struct disk_os *disk)
{
    disk->calls++;
    disk->has_news = true;
    if (disk->crash_at != 0 && disk->calls >= disk->crash_at)
        disk->has_crashed = true;
    return call_reads(disk);
}

/* ---- paths and handles --------------------------------------------------------------------- */

static struct disk_names *names_of(struct disk_os *disk, size_t folder)
{
    return &disk->image.inodes[folder].names[DISK_CACHED];
}

int disk_place_find(struct disk_os *disk, const char *path, struct place *out)
{
    *out = (struct place){.folder = DISK_ROOT, .inode = DISK_ROOT};
    for (;;) {
        size_t name_size;

        path += strspn(path, "/");
        name_size = strcspn(path, "/");
        if (name_size == 0)
            return 0;
        if (name_size >= DISK_NAME_BYTES)
            return -ENAMETOOLONG;
        if (out->inode == DISK_NONE)
            return -ENOENT;
        if (!disk->image.inodes[out->inode].is_folder)
            return -ENOTDIR;
        out->folder = out->inode;
        memset(out->name, 0, sizeof out->name);
        memcpy(out->name, path, name_size);
        out->inode = disk_names_find(names_of(disk, out->folder), out->name);
        path += name_size;
    }
}

static int folder_find(struct disk_os *disk, const char *path, size_t *out)
{
    struct place place;
    int result = disk_place_find(disk, path, &place);

    if (result != 0)
        return result;
    if (place.inode == DISK_NONE)
        return -ENOENT;
    *out = place.inode;
    return disk->image.inodes[place.inode].is_folder ? 0 : -ENOTDIR;
}

static int file_find(struct disk_os *disk, xti_file file, bool writes, size_t *out)
{
    if (file < 0 || (size_t)file >= disk->handle_count || disk->handles[file].inode == DISK_NONE ||
        (writes && !disk->handles[file].is_writable))
        return -EBADF;
    *out = disk->handles[file].inode;
    return 0;
}

static struct disk_bytes *bytes_of(struct disk_os *disk, size_t inode)
{
    return &disk->image.inodes[inode].bytes[DISK_CACHED];
}

static void handle_add(struct disk_os *disk, size_t inode, bool is_writable, xti_file *out)
{
    if (disk->handle_count == disk->handle_capacity) {
        disk->handle_capacity = disk->handle_capacity * 2 + 16;
        disk->handles = realloc(disk->handles, disk->handle_capacity * sizeof *disk->handles);
        XTI_ASSERT(disk->handles != NULL);
    }
    disk->handles[disk->handle_count] = (struct handle){inode, is_writable};
    disk->image.inodes[inode].open_count++;
    *out = (xti_file)disk->handle_count++;
}

/* ---- files --------------------------------------------------------------------------------- */

static int open_existing(struct disk_os *disk, const char *path, bool writes, xti_file *out)
{
    struct place place;
    int result = call_reads(disk);

    if (result == 0)
        result = disk_place_find(disk, path, &place);
    if (result != 0)
        return result;
    if (place.inode == DISK_NONE)
        return -ENOENT;
    if (disk->image.inodes[place.inode].is_folder)
        return -EISDIR;
    handle_add(disk, place.inode, writes, out);
    return 0;
}

static int open_new(struct disk_os *disk, const char *path, xti_file *out)
{
    struct place place;
    int result = call_changes(disk);
    size_t inode;

    if (result == 0)
        result = disk_place_find(disk, path, &place);
    if (result != 0)
        return result;
    if (place.inode != DISK_NONE)
        return -EEXIST;
    inode = disk_inode_add(&disk->image, false);
    disk_entry_set(&disk->image, place.folder, place.name, inode);
    handle_add(disk, inode, true, out);
    return 0;
}

static int open_unnamed(struct disk_os *disk, const char *folder, xti_file *out)
{
    size_t inode;
    int result = call_changes(disk);

    if (result == 0)
        result = folder_find(disk, folder, &inode);
    if (result != 0)
        return result;
    handle_add(disk, disk_inode_add(&disk->image, false), true, out);
    return 0;
}

static int disk_open(const struct xti_os *os, const char *path, unsigned flags, xti_file *out)
{
    struct disk_os *disk = enter(os);

    *out = XTI_FILE_NONE;
    if (flags == XTI_OPEN_CREATE)
        return leave(disk, open_new(disk, path, out));
    if (flags == XTI_OPEN_TEMPORARY)
        return leave(disk, open_unnamed(disk, path, out));
    if (flags == XTI_OPEN_READ || flags == XTI_OPEN_WRITE)
        return leave(disk, open_existing(disk, path, flags == XTI_OPEN_WRITE, out));
    return leave(disk, -EINVAL);
}

static void disk_close(const struct xti_os *os, xti_file file)
{
    struct disk_os *disk = enter(os);
    size_t inode;

    if (file_find(disk, file, false, &inode) == 0) {
        disk->handles[file].inode = DISK_NONE;
        if (disk->image.inodes[inode].lock_holder == file)
            disk->image.inodes[inode].lock_holder = -1;
        if (--disk->image.inodes[inode].open_count == 0)
            disk_image_collect(&disk->image);
    } else {
        XTI_ASSERT(file == XTI_FILE_NONE);
    }
    leave(disk, 0);
}

static int disk_read_at(const struct xti_os *os, xti_file file, uint64_t offset, void *data,
                        size_t size)
{
    struct disk_os *disk = enter(os);
    uint64_t end;
    size_t inode;
    int result = call_reads(disk);

    if (result == 0)
        result = file_find(disk, file, false, &inode);
    if (result == 0 && !xti_add_u64(offset, size, &end))
        result = -EINVAL;
    if (result == 0 && size > 0) {
        if (end > bytes_of(disk, inode)->size)
            result = -ENODATA;
        else
            memcpy(data, bytes_of(disk, inode)->data + offset, size);
    }
    return leave(disk, result);
}

/* The largest size that the file may have. */
static uint64_t size_limit(struct disk_os *disk, size_t inode)
{
    uint64_t own = xti_round_up(bytes_of(disk, inode)->size, 4096);
    uint64_t used;

    if (disk->capacity == UINT64_MAX)
        return INT64_MAX;
    used = disk_image_used(&disk->image) - own;
    if (used >= disk->capacity)
        return own;
    return (disk->capacity - used) / 4096 * 4096 > own ? (disk->capacity - used) / 4096 * 4096
                                                       : own;
}

static int disk_write_at(const struct xti_os *os, xti_file file, uint64_t offset, const void *data,
                         size_t size)
{
    struct disk_os *disk = enter(os);
    uint64_t limit;
    uint64_t end;
    size_t inode;
    int result = call_changes(disk);

    if (result == 0)
        result = file_find(disk, file, true, &inode);
    if (result == 0 && (!xti_add_u64(offset, size, &end) || end > INT64_MAX))
        result = -EFBIG;
    if (result != 0)
        return leave(disk, result);
    limit = size_limit(disk, inode);
    if (end > limit) {
        size = offset < limit ? (size_t)(limit - offset) : 0;
        result = -ENOSPC;
    }
    disk_file_write(&disk->image, inode, offset, data, size);
    return leave(disk, result);
}

static int file_sync(struct disk_os *disk, size_t inode)
{
    enum disk_sync_model model = 0;

    disk->syncs++;
    if (disk->bad_sync != 0 && disk->syncs == disk->bad_sync)
        model = disk->bad_sync_model;
    if (model != 0 || disk->image.inodes[inode].late_error) {
        disk_inode_drop(&disk->image, inode, model == DISK_SYNC_CLEAN_OLD);
        disk->image.inodes[inode].late_error = model == DISK_SYNC_LATE;
        return model == DISK_SYNC_LATE ? 0 : -EIO;
    }
    disk_inode_flush(&disk->image, inode);
    return 0;
}

static int disk_sync(const struct xti_os *os, xti_file file)
{
    struct disk_os *disk = enter(os);
    size_t inode;
    int result = call_changes(disk);

    if (result == 0)
        result = file_find(disk, file, false, &inode);
    if (result == 0)
        result = file_sync(disk, inode);
    return leave(disk, result);
}

static int disk_size(const struct xti_os *os, xti_file file, uint64_t *out)
{
    struct disk_os *disk = enter(os);
    size_t inode;
    int result = call_reads(disk);

    *out = 0;
    if (result == 0)
        result = file_find(disk, file, false, &inode);
    if (result == 0)
        *out = bytes_of(disk, inode)->size;
    return leave(disk, result);
}

/* What is pending may reach the medium at any time anyway. */
static void disk_write_soon(const struct xti_os *os, xti_file file, uint64_t offset, size_t size)
{
    (void)os;
    (void)file;
    (void)offset;
    (void)size;
}

static int disk_allocate(const struct xti_os *os, xti_file file, uint64_t size)
{
    struct disk_os *disk = enter(os);
    size_t inode;
    int result = call_changes(disk);

    if (result == 0)
        result = file_find(disk, file, true, &inode);
    if (result == 0 && size > size_limit(disk, inode))
        result = -ENOSPC;
    if (result == 0)
        disk_file_grow(&disk->image, inode, size);
    return leave(disk, result);
}

static int disk_cut(const struct xti_os *os, xti_file file, uint64_t size)
{
    struct disk_os *disk = enter(os);
    size_t inode;
    int result = call_changes(disk);

    if (result == 0)
        result = file_find(disk, file, true, &inode);
    if (result == 0)
        disk_file_cut(&disk->image, inode, size);
    return leave(disk, result);
}

static int disk_lock(const struct xti_os *os, xti_file file)
{
    struct disk_os *disk = enter(os);
    size_t inode;
    int result = call_reads(disk);

    if (result == 0)
        result = file_find(disk, file, true, &inode);
    if (result == 0) {
        int64_t *holder = &disk->image.inodes[inode].lock_holder;

        if (*holder != -1 && *holder != file)
            result = -EBUSY;
        else
            *holder = file;
    }
    return leave(disk, result);
}

/* Fresh memory takes the place only when nothing can go wrong any more. */
static int disk_place_file(const struct xti_os *os, void *at, size_t size, xti_file file,
                           uint64_t offset)
{
    struct disk_os *disk = enter(os);
    const struct disk_bytes *bytes;
    uint64_t end;
    size_t inode;
    int result = call_reads(disk);

    if (result == 0)
        result = file_find(disk, file, false, &inode);
    if (result != 0)
        return leave(disk, result);
    bytes = bytes_of(disk, inode);
    if (!xti_add_u64(offset, size, &end) || end > bytes->size)
        return leave(disk, -ENODATA);
    result = os->place_memory(os, at, size, false);
    if (result == 0) {
        memcpy(at, bytes->data + offset, size);
        mprotect(at, size, PROT_READ);
    }
    return leave(disk, result);
}

static int disk_is_locked(const struct xti_os *os, xti_file file, bool *out)
{
    struct disk_os *disk = enter(os);
    size_t inode;
    int result = call_reads(disk);

    *out = false;
    if (result == 0)
        result = file_find(disk, file, false, &inode);
    if (result == 0) {
        int64_t holder = disk->image.inodes[inode].lock_holder;

        *out = holder != -1 && holder != file;
    }
    return leave(disk, result);
}

/* ---- folders ------------------------------------------------------------------------------- */

static int disk_make_folder(const struct xti_os *os, const char *path)
{
    struct disk_os *disk = enter(os);
    struct place place;
    int result = call_changes(disk);

    if (result == 0)
        result = disk_place_find(disk, path, &place);
    if (result == 0 && place.inode != DISK_NONE)
        result = -EEXIST;
    if (result == 0) {
        size_t inode = disk_inode_add(&disk->image, true);

        disk_entry_set(&disk->image, place.folder, place.name, inode);
    }
    return leave(disk, result);
}

/* 0 when the place holds a file, or a folder, as wanted. */
static int entry_check(struct disk_os *disk, const struct place *place, bool is_folder)
{
    if (place->inode == DISK_NONE)
        return -ENOENT;
    if (place->inode == DISK_ROOT)
        return -EBUSY;
    if (disk->image.inodes[place->inode].is_folder != is_folder)
        return is_folder ? -ENOTDIR : -EISDIR;
    if (is_folder && names_of(disk, place->inode)->count != 0)
        return -ENOTEMPTY;
    return 0;
}

static int entry_remove(const struct xti_os *os, const char *path, bool is_folder)
{
    struct disk_os *disk = enter(os);
    struct place place;
    int result = call_changes(disk);

    if (result == 0)
        result = disk_place_find(disk, path, &place);
    if (result == 0)
        result = entry_check(disk, &place, is_folder);
    if (result == 0)
        disk_entry_set(&disk->image, place.folder, place.name, DISK_NONE);
    return leave(disk, result);
}

static int disk_remove_folder(const struct xti_os *os, const char *path)
{
    return entry_remove(os, path, true);
}

static int disk_remove(const struct xti_os *os, const char *path)
{
    return entry_remove(os, path, false);
}

static int disk_sync_folder(const struct xti_os *os, const char *path)
{
    struct disk_os *disk = enter(os);
    size_t inode;
    int result = call_changes(disk);

    if (result == 0)
        result = folder_find(disk, path, &inode);
    if (result == 0 && ++disk->folder_syncs == disk->bad_folder_sync) {
        disk_inode_drop(&disk->image, inode, false);
        result = -EIO;
    }
    if (result == 0) {
        disk_inode_flush(&disk->image, inode);
        disk_image_collect(&disk->image);
    }
    return leave(disk, result);
}

/* Finds the entry `from`, which must be there, and the place of `to`. */
static int pair_find(struct disk_os *disk, const char *from, const char *to, struct place *source,
                     struct place *target)
{
    int result = disk_place_find(disk, from, source);

    if (result == 0)
        result = disk_place_find(disk, to, target);
    return result == 0 && source->inode == DISK_NONE ? -ENOENT : result;
}

static int disk_rename(const struct xti_os *os, const char *from, const char *to)
{
    struct disk_os *disk = enter(os);
    struct place source;
    struct place target;
    int result = call_changes(disk);

    if (result == 0)
        result = pair_find(disk, from, to, &source, &target);
    if (result != 0 || source.inode == target.inode)
        return leave(disk, result);
    if (target.inode != DISK_NONE)
        result = entry_check(disk, &target, disk->image.inodes[source.inode].is_folder);
    if (result == 0)
        disk_entry_move(&disk->image, source.folder, source.name, target.folder, target.name);
    return leave(disk, result);
}

static int disk_link(const struct xti_os *os, const char *from, const char *to)
{
    struct disk_os *disk = enter(os);
    struct place source;
    struct place target;
    int result = call_changes(disk);

    if (result == 0)
        result = pair_find(disk, from, to, &source, &target);
    if (result == 0 && target.inode != DISK_NONE)
        result = -EEXIST;
    if (result == 0 && disk->image.inodes[source.inode].is_folder)
        result = -EPERM;
    if (result == 0)
        disk_entry_set(&disk->image, target.folder, target.name, source.inode);
    return leave(disk, result);
}

/* Visits a copy, without the lock: the visitor may call anything. */
static int disk_list(const struct xti_os *os, const char *path, xti_name_fn *visit, void *context)
{
    struct disk_os *disk = enter(os);
    struct disk_entry *items = NULL;
    size_t count = 0;
    size_t folder;
    int result = call_reads(disk);

    if (result == 0)
        result = folder_find(disk, path, &folder);
    if (result == 0) {
        count = names_of(disk, folder)->count;
        items = calloc(count + 1, sizeof *items);
        XTI_ASSERT(items != NULL);
        if (count != 0)
            memcpy(items, names_of(disk, folder)->items, count * sizeof *items);
    }
    leave(disk, 0);
    for (size_t i = 0; i < count; i++) {
        if (!visit(context, items[i].name))
            break;
    }
    free(items);
    return result;
}

/* Small stores open and close all the time: zeroing huge pages would be most of their work. */
static int disk_place_memory(const struct xti_os *os, void *at, size_t size, bool huge)
{
    (void)huge;
    return xti_os_real()->place_memory(os, at, size, false);
}

/* ---- facts --------------------------------------------------------------------------------- */

static uint64_t disk_now_ns(const struct xti_os *os)
{
    struct disk_os *disk = enter(os);
    uint64_t now = disk->now_ns += 1000;

    leave(disk, 0);
    return now;
}

static int disk_random(const struct xti_os *os, void *data, size_t size)
{
    struct disk_os *disk = enter(os);
    unsigned char *at = data;

    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(check_random(&disk->random_state) >> 56);
    return leave(disk, 0);
}

static void disk_boot_id(const struct xti_os *os, uint8_t out[16])
{
    struct disk_os *disk = enter(os);
    uint64_t state = disk->seed + disk->boots;

    for (size_t i = 0; i < 16; i++)
        out[i] = (uint8_t)(check_random(&state) >> 56);
    leave(disk, 0);
}

static const char *disk_temporary_folder(const struct xti_os *os)
{
    (void)os;
    return "/";
}

/* So that what a process writes of itself depends on the seed alone, too. */
static uint64_t disk_process_id(const struct xti_os *os)
{
    (void)os;
    return 4711;
}

static uint32_t disk_processor_count(const struct xti_os *os)
{
    (void)os;
    return 2;
}

/* ---- the disk ------------------------------------------------------------------------------ */

/* All but the image, which the caller fills. */
struct disk_os *disk_new(uint64_t seed)
{
    struct disk_os *disk = calloc(1, sizeof *disk);

    XTI_ASSERT(disk != NULL);
    disk->table = *xti_os_real();
    disk->table.context = disk;
    disk->table.place_memory = disk_place_memory;
    disk->table.place_file = disk_place_file;
    disk->table.open = disk_open;
    disk->table.close = disk_close;
    disk->table.read_at = disk_read_at;
    disk->table.write_at = disk_write_at;
    disk->table.sync = disk_sync;
    disk->table.size = disk_size;
    disk->table.write_soon = disk_write_soon;
    disk->table.allocate = disk_allocate;
    disk->table.cut = disk_cut;
    disk->table.lock = disk_lock;
    disk->table.is_locked = disk_is_locked;
    disk_watch_init(&disk->table);
    disk->table.make_folder = disk_make_folder;
    disk->table.remove_folder = disk_remove_folder;
    disk->table.sync_folder = disk_sync_folder;
    disk->table.rename = disk_rename;
    disk->table.link = disk_link;
    disk->table.remove = disk_remove;
    disk->table.list = disk_list;
    disk->table.now_ns = disk_now_ns;
    disk->table.random = disk_random;
    disk->table.boot_id = disk_boot_id;
    disk->table.process_id = disk_process_id;
    disk->table.processor_count = disk_processor_count;
    disk->table.temporary_folder = disk_temporary_folder;
    pthread_mutex_init(&disk->mutex, NULL);
    disk->seed = seed;
    disk->random_state = seed;
    disk->now_ns = UINT64_C(1700000000000000000);
    disk->capacity = UINT64_MAX;
    return disk;
}

struct disk_os *disk_os_create(uint64_t seed)
{
    struct disk_os *disk = disk_new(seed);

    disk_image_init(&disk->image);
    return disk;
}

void disk_os_destroy(struct disk_os *disk)
{
    if (disk == NULL)
        return;
    disk_image_release(&disk->image);
    pthread_mutex_destroy(&disk->mutex);
    free(disk->handles);
    free(disk);
}

const struct xti_os *disk_os_table(struct disk_os *disk)
{
    return &disk->table;
}

struct disk_os *disk_os_copy(const struct disk_os *disk)
{
    struct disk_os *copy = disk_new(disk->seed);

    disk_image_copy(&copy->image, &disk->image);
    copy->random_state = disk->random_state;
    copy->now_ns = disk->now_ns;
    copy->boots = disk->boots;
    return copy;
}
