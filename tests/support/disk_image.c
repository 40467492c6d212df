/* tests/support/disk_image.c -- what a simulated disk holds: files, folders, pending units.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/disk_image.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES UINT64_C(4096)

static void *resize(void *memory, size_t count, size_t size)
{
    void *resized = realloc(memory, count * size);

    XTI_ASSERT(resized != NULL);
    return resized;
}

/* ---- bytes of a file ----------------------------------------------------------------------- */

/* Stands before the data of a file and counts who shares it. */
struct buffer {
    _Atomic uint32_t sharers;
    bool is_written_by_others; /* so the hash is never known */
    _Atomic uint64_t hash;     /* of the first hash_size bytes; 0: not known */
    uint64_t hash_size;
    uint64_t unused[5];
};
static_assert(sizeof(struct buffer) == 64, "data is as aligned as a block of the library");

static struct buffer *buffer_of(const struct disk_bytes *bytes)
{
    return (struct buffer *)bytes->data - 1;
}

static void bytes_release(struct disk_bytes *bytes)
{
    if (bytes->data != NULL && atomic_fetch_sub(&buffer_of(bytes)->sharers, 1) == 1)
        free(buffer_of(bytes));
    *bytes = (struct disk_bytes){0};
}

/* Data that nobody shares, with at least this capacity. The system gives zeros without touching
 * them. */
static void bytes_move(struct disk_bytes *bytes, uint64_t capacity)
{
    struct buffer *buffer = calloc(1, sizeof *buffer + (size_t)capacity);
    struct disk_bytes moved = *bytes;

    XTI_ASSERT(buffer != NULL);
    buffer->sharers = 1;
    moved.data = (unsigned char *)(buffer + 1);
    moved.capacity = capacity;
    if (bytes->end != 0)
        memcpy(moved.data, bytes->data, (size_t)bytes->end);
    bytes_release(bytes);
    *bytes = moved;
}

void disk_bytes_reserve(struct disk_bytes *bytes, uint64_t end)
{
    uint64_t capacity = xti_round_up(end, DISK_SECTOR_BYTES);

    if (capacity <= bytes->capacity)
        return;
    if (bytes->capacity != 0 && capacity < bytes->capacity + bytes->capacity / 2)
        capacity = xti_round_up(bytes->capacity + bytes->capacity / 2, DISK_SECTOR_BYTES);
    bytes_move(bytes, capacity);
}

static void bytes_put(struct disk_bytes *bytes, uint64_t offset, const void *data, size_t size)
{
    if (size == 0)
        return;
    disk_bytes_reserve(bytes, offset + size);
    if (buffer_of(bytes)->sharers > 1)
        bytes_move(bytes, bytes->capacity);
    buffer_of(bytes)->hash = 0;
    memcpy(bytes->data + offset, data, size);
    if (bytes->end < offset + size)
        bytes->end = offset + size;
}

void disk_bytes_own(struct disk_bytes *bytes)
{
    disk_bytes_reserve(bytes, 1); /* an empty file is not none */
    if (buffer_of(bytes)->sharers > 1)
        bytes_move(bytes, bytes->capacity);
    buffer_of(bytes)->is_written_by_others = true;
    bytes->end = bytes->capacity;
}

/* What a longer size shows again later is zeroes. */
static void bytes_shorten(struct disk_bytes *bytes, uint64_t size)
{
    if (size < bytes->size)
        bytes->size = size;
    if (bytes->end <= size)
        return;
    bytes->end = size;
    bytes_move(bytes, bytes->capacity);
}

static void bytes_share(struct disk_bytes *to, const struct disk_bytes *from)
{
    struct disk_bytes shared = *from;

    if (from->data != NULL) {
        atomic_fetch_add(&buffer_of(from)->sharers, 1);
        if (buffer_of(from)->is_written_by_others)
            bytes_move(&shared, from->capacity);
    }
    bytes_release(to);
    *to = shared;
}

/* What lies beyond the size is forgotten: no later size may bring it back. */
static void bytes_cut(struct disk_bytes *bytes)
{
    disk_bytes_reserve(bytes, bytes->size);
    bytes_shorten(bytes, bytes->size);
}

static uint64_t bytes_hash(const struct disk_bytes *bytes)
{
    struct buffer *buffer;
    uint64_t hash;

    if (bytes->size == 0)
        return 0;
    buffer = buffer_of(bytes);
    hash = buffer->hash;
    if (hash != 0 && buffer->hash_size == bytes->size)
        return hash;
    hash = xti_hash64(bytes->data, (size_t)bytes->size);
    if (!buffer->is_written_by_others) {
        buffer->hash_size = bytes->size;
        buffer->hash = hash;
    }
    return hash;
}

/* ---- names of a folder --------------------------------------------------------------------- */

static struct disk_entry *names_entry(const struct disk_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].name, name) == 0)
            return &names->items[i];
    }
    return NULL;
}

size_t disk_names_find(const struct disk_names *names, const char *name)
{
    const struct disk_entry *entry = names_entry(names, name);

    return entry != NULL ? entry->inode : DISK_NONE;
}

void disk_names_set(struct disk_names *names, const char *name, size_t target)
{
    struct disk_entry *entry = names_entry(names, name);

    if (target == DISK_NONE) {
        if (entry != NULL)
            *entry = names->items[--names->count];
        return;
    }
    if (entry == NULL) {
        if (names->count == names->capacity) {
            names->capacity = names->capacity * 2 + 8;
            names->items = resize(names->items, names->capacity, sizeof *names->items);
        }
        entry = &names->items[names->count++];
        memset(entry, 0, sizeof *entry);
        memcpy(entry->name, name, strlen(name) + 1);
    }
    entry->inode = target;
}

static void names_copy(struct disk_names *to, const struct disk_names *from)
{
    if (to->capacity < from->count) {
        to->capacity = from->count + 4;
        to->items = resize(to->items, to->capacity, sizeof *to->items);
    }
    to->count = from->count;
    if (from->count != 0)
        memcpy(to->items, from->items, from->count * sizeof *from->items);
}

/* ---- inodes -------------------------------------------------------------------------------- */

size_t disk_inode_add(struct disk_image *image, bool is_folder)
{
    if (image->inode_count == image->inode_capacity) {
        image->inode_capacity = image->inode_capacity * 2 + 8;
        image->inodes = resize(image->inodes, image->inode_capacity, sizeof *image->inodes);
    }
    image->inodes[image->inode_count] =
        (struct disk_inode){.is_folder = is_folder, .lock_holder = -1};
    return image->inode_count++;
}

static void inode_release(struct disk_inode *inode)
{
    for (int view = DISK_CACHED; view <= DISK_DURABLE; view++) {
        bytes_release(&inode->bytes[view]);
        free(inode->names[view].items);
        inode->names[view] = (struct disk_names){0};
    }
}

/* Both views are what this one is. */
static void inode_settle(struct disk_inode *inode, enum disk_view view)
{
    enum disk_view other = view == DISK_CACHED ? DISK_DURABLE : DISK_CACHED;

    bytes_cut(&inode->bytes[view]);
    bytes_share(&inode->bytes[other], &inode->bytes[view]);
    names_copy(&inode->names[other], &inode->names[view]);
}

/* ---- units --------------------------------------------------------------------------------- */

static struct disk_unit *unit_add(struct disk_image *image, enum disk_unit_kind kind, size_t inode)
{
    struct disk_unit *unit;

    if (image->unit_count == image->unit_capacity) {
        image->unit_capacity = image->unit_capacity * 2 + 64;
        image->units = resize(image->units, image->unit_capacity, sizeof *image->units);
    }
    unit = &image->units[image->unit_count++];
    memset(unit, 0, sizeof *unit);
    unit->kind = kind;
    unit->inode = inode;
    unit->target = DISK_NONE;
    unit->old_folder = DISK_NONE;
    return unit;
}

static void unit_release(struct disk_unit *unit)
{
    if (unit->kind == DISK_UNIT_SECTOR)
        free(unit->of.sector);
    if (unit->kind == DISK_UNIT_ENTRY)
        free(unit->of.change);
}

static void *duplicate(const void *data, size_t size)
{
    return memcpy(resize(NULL, size, 1), data, size);
}

static void unit_apply(struct disk_image *image, const struct disk_unit *unit)
{
    struct disk_inode *inode = &image->inodes[unit->inode];

    switch (unit->kind) {
    case DISK_UNIT_SECTOR:
        bytes_put(&inode->bytes[DISK_DURABLE], unit->number * DISK_SECTOR_BYTES, unit->of.sector,
                  DISK_SECTOR_BYTES);
        break;
    case DISK_UNIT_SIZE:
        inode->bytes[DISK_DURABLE].size = unit->number;
        disk_bytes_reserve(&inode->bytes[DISK_DURABLE], unit->number);
        break;
    case DISK_UNIT_CUT:
        bytes_shorten(&inode->bytes[DISK_DURABLE], unit->number);
        break;
    case DISK_UNIT_ENTRY:
        if (unit->old_folder != DISK_NONE)
            disk_names_set(&image->inodes[unit->old_folder].names[DISK_DURABLE],
                           unit->of.change->old_name, DISK_NONE);
        disk_names_set(&inode->names[DISK_DURABLE], unit->of.change->name, unit->target);
        break;
    }
}

/* ---- changes that programs make ------------------------------------------------------------ */

void disk_file_grow(struct disk_image *image, size_t file, uint64_t size)
{
    struct disk_bytes *cached = &image->inodes[file].bytes[DISK_CACHED];

    if (size <= cached->size)
        return;
    disk_bytes_reserve(cached, size);
    cached->size = size;
    unit_add(image, DISK_UNIT_SIZE, file)->number = size;
}

void disk_file_cut(struct disk_image *image, size_t file, uint64_t size)
{
    struct disk_bytes *cached = &image->inodes[file].bytes[DISK_CACHED];

    if (size >= cached->size)
        return;
    bytes_shorten(cached, size);
    unit_add(image, DISK_UNIT_CUT, file)->number = size;
}

void disk_file_write(struct disk_image *image, size_t file, uint64_t offset, const void *data,
                     size_t size)
{
    struct disk_bytes *cached = &image->inodes[file].bytes[DISK_CACHED];
    uint64_t last;

    if (size == 0)
        return;
    bytes_put(cached, offset, data, size);
    last = (offset + size - 1) / DISK_SECTOR_BYTES;
    for (uint64_t sector = offset / DISK_SECTOR_BYTES; sector <= last; sector++) {
        struct disk_unit *unit = unit_add(image, DISK_UNIT_SECTOR, file);

        unit->number = sector;
        unit->of.sector = duplicate(cached->data + sector * DISK_SECTOR_BYTES, DISK_SECTOR_BYTES);
    }
    disk_file_grow(image, file, offset + size);
}

void disk_entry_set(struct disk_image *image, size_t folder, const char *name, size_t target)
{
    struct disk_unit *unit = unit_add(image, DISK_UNIT_ENTRY, folder);
    struct disk_change change = {0};

    disk_names_set(&image->inodes[folder].names[DISK_CACHED], name, target);
    memcpy(change.name, name, strlen(name) + 1);
    unit->of.change = duplicate(&change, sizeof change);
    unit->target = target;
}

void disk_entry_move(struct disk_image *image, size_t old_folder, const char *old_name,
                     size_t folder, const char *name)
{
    struct disk_names *old_names = &image->inodes[old_folder].names[DISK_CACHED];
    size_t target = disk_names_find(old_names, old_name);
    struct disk_unit *unit;

    disk_names_set(old_names, old_name, DISK_NONE);
    disk_entry_set(image, folder, name, target);
    unit = &image->units[image->unit_count - 1];
    unit->old_folder = old_folder;
    memcpy(unit->of.change->old_name, old_name, strlen(old_name) + 1);
}

/* ---- what becomes of pending units --------------------------------------------------------- */

void disk_inode_flush(struct disk_image *image, size_t inode)
{
    size_t kept = 0;

    for (size_t i = 0; i < image->unit_count; i++) {
        struct disk_unit *unit = &image->units[i];

        if (unit->inode == inode) {
            unit_apply(image, unit);
            unit_release(unit);
        } else {
            image->units[kept++] = *unit;
        }
    }
    image->unit_count = kept;
}

/* Programs see of a sector what is on the medium. */
static void sector_revert(struct disk_inode *inode, uint64_t sector)
{
    const struct disk_bytes *durable = &inode->bytes[DISK_DURABLE];
    uint64_t offset = sector * DISK_SECTOR_BYTES;
    unsigned char old[DISK_SECTOR_BYTES] = {0};

    if (offset < durable->capacity)
        memcpy(old, durable->data + offset, sizeof old);
    bytes_put(&inode->bytes[DISK_CACHED], offset, old, sizeof old);
}

void disk_inode_drop(struct disk_image *image, size_t inode, bool reverts)
{
    size_t kept = 0;

    for (size_t i = 0; i < image->unit_count; i++) {
        struct disk_unit *unit = &image->units[i];

        if (unit->inode == inode &&
            (unit->kind == DISK_UNIT_SECTOR || unit->kind == DISK_UNIT_ENTRY)) {
            if (reverts)
                sector_revert(&image->inodes[inode], unit->number);
            unit_release(unit);
        } else {
            image->units[kept++] = *unit;
        }
    }
    image->unit_count = kept;
}

static void units_forget(struct disk_image *image)
{
    for (size_t i = 0; i < image->unit_count; i++)
        unit_release(&image->units[i]);
    image->unit_count = 0;
}

void disk_image_settle(struct disk_image *image)
{
    units_forget(image);
    for (size_t i = 0; i < image->inode_count; i++)
        inode_settle(&image->inodes[i], DISK_CACHED);
    disk_image_collect(image);
}

/* ---- reach --------------------------------------------------------------------------------- */

/* Marks what the names of marked folders lead to, until nothing is new. */
static void reach_spread(const struct disk_image *image, bool *reached, enum disk_view view)
{
    bool is_new = true;

    while (is_new) {
        is_new = false;
        for (size_t i = 0; i < image->inode_count; i++) {
            const struct disk_names *names = &image->inodes[i].names[view];

            for (size_t k = 0; reached[i] && k < names->count; k++) {
                if (!reached[names->items[k].inode])
                    is_new = reached[names->items[k].inode] = true;
            }
        }
    }
}

/* The root, and what is open. The caller frees it. */
static bool *reach_begin(const struct disk_image *image)
{
    bool *reached = calloc(image->inode_count, sizeof *reached);

    XTI_ASSERT(reached != NULL);
    reached[DISK_ROOT] = true;
    for (size_t i = 0; i < image->inode_count; i++) {
        if (image->inodes[i].open_count > 0)
            reached[i] = true;
    }
    return reached;
}

void disk_image_collect(struct disk_image *image)
{
    bool *reached = reach_begin(image);

    for (size_t i = 0; i < image->unit_count; i++) {
        if (image->units[i].kind == DISK_UNIT_ENTRY && image->units[i].target != DISK_NONE)
            reached[image->units[i].target] = true;
    }
    /* Twice, for what only a mixture of both views leads to. */
    for (int round = 0; round < 2; round++) {
        reach_spread(image, reached, DISK_CACHED);
        reach_spread(image, reached, DISK_DURABLE);
    }
    for (size_t i = 0; i < image->inode_count; i++) {
        if (!reached[i])
            inode_release(&image->inodes[i]);
    }
    free(reached);
}

uint64_t disk_image_used(const struct disk_image *image)
{
    bool *reached = reach_begin(image);
    uint64_t used = 0;

    reach_spread(image, reached, DISK_CACHED);
    for (size_t i = 0; i < image->inode_count; i++) {
        if (reached[i])
            used += xti_round_up(image->inodes[i].bytes[DISK_CACHED].size, BLOCK_BYTES);
    }
    free(reached);
    return used;
}

/* ---- whole images -------------------------------------------------------------------------- */

void disk_image_init(struct disk_image *image)
{
    *image = (struct disk_image){0};
    disk_inode_add(image, true);
}

void disk_image_release(struct disk_image *image)
{
    units_forget(image);
    for (size_t i = 0; i < image->inode_count; i++)
        inode_release(&image->inodes[i]);
    free(image->inodes);
    free(image->units);
    *image = (struct disk_image){0};
}

static void inodes_copy(struct disk_image *to, const struct disk_image *from)
{
    *to = (struct disk_image){0};
    for (size_t i = 0; i < from->inode_count; i++) {
        const struct disk_inode *source = &from->inodes[i];
        size_t added = disk_inode_add(to, source->is_folder);
        struct disk_inode *inode = &to->inodes[added];

        inode->late_error = source->late_error;
        for (int view = DISK_CACHED; view <= DISK_DURABLE; view++) {
            bytes_share(&inode->bytes[view], &source->bytes[view]);
            names_copy(&inode->names[view], &source->names[view]);
        }
    }
}

void disk_image_copy(struct disk_image *to, const struct disk_image *from)
{
    inodes_copy(to, from);
    for (size_t i = 0; i < from->unit_count; i++) {
        struct disk_unit *unit = unit_add(to, DISK_UNIT_SIZE, 0);

        *unit = from->units[i];
        if (unit->kind == DISK_UNIT_SECTOR)
            unit->of.sector = duplicate(unit->of.sector, DISK_SECTOR_BYTES);
        if (unit->kind == DISK_UNIT_ENTRY)
            unit->of.change = duplicate(unit->of.change, sizeof *unit->of.change);
    }
}

void disk_image_lose_power(struct disk_image *to, const struct disk_image *from,
                           const uint8_t *keep)
{
    inodes_copy(to, from);
    for (size_t i = 0; keep != NULL && i < from->unit_count; i++) {
        if (keep[i] != 0)
            unit_apply(to, &from->units[i]);
    }
    for (size_t i = 0; i < to->inode_count; i++) {
        inode_settle(&to->inodes[i], DISK_DURABLE);
        to->inodes[i].late_error = false;
    }
    disk_image_collect(to);
}

/* Sums are added, so the order of the names does not matter; each holds the whole path. */
static uint64_t folder_hash(const struct disk_image *image, size_t folder, uint64_t above,
                            int depth)
{
    const struct disk_names *names = &image->inodes[folder].names[DISK_CACHED];
    uint64_t sum = 0;

    XTI_ASSERT(depth < 32);
    for (size_t i = 0; i < names->count; i++) {
        const struct disk_entry *entry = &names->items[i];
        const struct disk_inode *inode = &image->inodes[entry->inode];
        const struct disk_bytes *bytes = &inode->bytes[DISK_CACHED];
        uint64_t facts[] = {above, xti_hash64(entry->name, strlen(entry->name)), inode->is_folder,
                            bytes->size, bytes_hash(bytes)};

        if (inode->is_folder)
            sum += folder_hash(image, entry->inode, xti_hash64(facts, sizeof facts), depth + 1);
        sum += xti_hash64(facts, sizeof facts);
    }
    return sum;
}

uint64_t disk_image_hash(const struct disk_image *image)
{
    return folder_hash(image, DISK_ROOT, 0, 0);
}
