/* fuzz/store_image.c -- does a store whose structs say anything at all, all checksums right, open,
 * answer, take changes and close without harm?
 *
 * The input changes fields of a small store: slots of HEAD, manifests, kept snapshots, headers of
 * arenas, commit records, nodes; or bytes anywhere, and the sizes of files. Then checksums and
 * hashes are made right again, the chain of records included, so that what was changed reaches the
 * logic behind them. The store is opened, asked, changed, committed, and opened again.
 *
 *   byte 0   which store (its remainder by the number of images)
 *   byte 1   bit 0: leave the sums as they are; bit 1: open for writing; bits 2-3: how to verify;
 *            bit 4: a slot and its record need not have the same state
 *   then patches of 6 bytes or more:
 *            target (1)   index (1)   offset (2)   operation and count (1)   argument (1)   bytes
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "ask.h"
#include "format/arena_file.h"
#include "format/commit_record.h"
#include "format/head.h"
#include "format/manifest.h"
#include "format/node.h"
#include "fuzz.h"
#include "support/disk_os.h"

#define FOLDER "/store"
#define WINDOW_BYTES (UINT64_C(64) << 20)
#define ITEMS 300u
#define MANY_ITEMS 50000u
#define PARTS_MAX 128
#define FILES_MAX 24
#define RECORDS 6 /* of the newest commits */
#define PATCHES_MAX 16

enum options { UNREPAIRED = 1, WRITABLE = 2, UNEQUAL_STATES = 16 };
enum target { SLOT, MANIFEST, ARENA, RECORD, NODE, KEPT, ANYWHERE, TARGETS };

/* A struct in a file of the store. */
struct part {
    unsigned file;
    size_t offset;
    size_t bytes;
    bool is_touched;
};

struct parts {
    size_t count;
    struct part part[PARTS_MAX];
};

struct image {
    struct disk_os *disk;
    unsigned file_count;
    char files[FILES_MAX][64];
    uint32_t arena_ids[FILES_MAX];     /* 0: another file */
    uint64_t arena_offsets[FILES_MAX]; /* of the arena in the address space, in bytes */
    struct parts parts[TARGETS];
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* ---- stores to begin with -------------------------------------------------------------------- */

static void place_of(unsigned number, double place[2])
{
    place[0] = (double)(number * 7919u % 1000u);
    place[1] = (double)(number * 104729u % 997u);
}

static void items_load(xt_store *store, unsigned count)
{
    xt_loader *loader;

    require(xt_loader_open(store, NULL, &loader) == XT_OK);
    for (unsigned i = 0; i < count; i++) {
        double place[2];

        place_of(i, place);
        require(xt_loader_add(loader, i, place, NULL) == XT_OK);
    }
    require(xt_loader_finish(loader) == XT_OK);
    require(xt_store_commit(store, NULL) == XT_OK);
}

/* Every item is moved `rounds` times, and every so many moves are a commit. */
static void items_move(xt_store *store, unsigned rounds, unsigned changes)
{
    for (unsigned i = 0; i < rounds * ITEMS; i++) {
        double from[2], to[2];

        place_of(i, from);
        place_of(i + ITEMS, to);
        require(xt_store_move(store, i % ITEMS, from, NULL, to, NULL) == XT_OK);
        if (i % changes == changes - 1)
            require(xt_store_commit(store, NULL) == XT_OK);
    }
    require(xt_store_commit(store, NULL) == XT_OK);
}

static void store_load(xt_store *store)
{
    items_load(store, ITEMS);
}

static void store_commit_often(xt_store *store)
{
    items_load(store, ITEMS);
    items_move(store, 1, 25);
}

/* The first arena is full, and most of it is dead. */
static void store_fill_arena(xt_store *store)
{
    items_load(store, MANY_ITEMS);
    for (unsigned i = ITEMS; i < MANY_ITEMS; i++) {
        double place[2];

        place_of(i, place);
        require(xt_store_remove(store, i, place, NULL) == XT_OK);
    }
    require(xt_store_commit(store, NULL) == XT_OK);
    items_move(store, 2, 50);
}

/* Two snapshots: one of long ago, and the newest commit. */
static void store_keep(xt_store *store)
{
    uint64_t number;

    items_load(store, ITEMS);
    require(xt_store_keep(store, "first", &number, NULL) == XT_OK);
    items_move(store, 1, 60);
    require(xt_store_keep(store, NULL, &number, NULL) == XT_OK);
}

static const struct recipe {
    void (*fill)(xt_store *store);
    xt_durability durability;
    bool dies;               /* with the store open: HEAD says less than there is */
    bool loses_newest_slots; /* the last commits are found by their records alone */
} recipes[] = {
    {store_load,         XT_DURABLE_TWO_SYNCS, false, false},
    {store_commit_often, XT_DURABLE_TWO_SYNCS, false, false},
    {store_fill_arena,   XT_DURABLE_TWO_SYNCS, false, false},
    {store_commit_often, XT_DURABLE_TWO_SYNCS, false, true },
    {store_fill_arena,   XT_DURABLE_TWO_SYNCS, false, true },
    {store_commit_often, XT_DURABLE_ONE_SYNC,  true,  false},
    {store_commit_often, XT_DURABLE_ONE_SYNC,  true,  true },
    {store_keep,         XT_DURABLE_TWO_SYNCS, false, false},
};

static struct image images[XTI_ARRAY_COUNT(recipes)];

/* ---- what lies where ------------------------------------------------------------------------- */

static unsigned char *file_bytes(struct disk_os *disk, const struct image *image, unsigned file,
                                 size_t *size)
{
    return disk_os_file_bytes(disk, image->files[file], size);
}

static void part_add(struct parts *parts, unsigned file, size_t offset, size_t bytes)
{
    if (parts->count < PARTS_MAX)
        parts->part[parts->count++] = (struct part){file, offset, bytes, false};
}

static bool file_add(struct image *image, const char *name)
{
    char *path = image->files[image->file_count];
    size_t size;

    snprintf(path, sizeof image->files[0], FOLDER "/%s", name);
    if (image->file_count + 1 == FILES_MAX || disk_os_file_bytes(image->disk, path, &size) == NULL)
        return false;
    part_add(&image->parts[ANYWHERE], image->file_count, 0, size);
    image->file_count++;
    return true;
}

static void files_find(struct image *image)
{
    char name[40];
    size_t size;

    require(file_add(image, "HEAD"));
    (void)file_bytes(image->disk, image, 0, &size);
    for (size_t i = 0; i < size / XTD_HEAD_SLOT_BYTES; i++)
        part_add(&image->parts[SLOT], 0, i * XTD_HEAD_SLOT_BYTES, XTD_HEAD_SLOT_BYTES);
    for (unsigned i = 1; i < 32; i++) {
        snprintf(name, sizeof name, "manifest-%016x", i);
        if (file_add(image, name)) {
            (void)file_bytes(image->disk, image, image->file_count - 1, &size);
            part_add(&image->parts[MANIFEST], image->file_count - 1, 0, size);
        }
    }
    for (unsigned i = 1; i < 32; i++) {
        snprintf(name, sizeof name, "snapshot-%016x", i);
        if (file_add(image, name)) {
            (void)file_bytes(image->disk, image, image->file_count - 1, &size);
            part_add(&image->parts[KEPT], image->file_count - 1, 0, size);
        }
    }
    for (unsigned i = 1; i < 32; i++) {
        unsigned file = image->file_count;

        snprintf(name, sizeof name, "arena-%08x.xta", i);
        if (file_add(image, name)) {
            const struct xtd_arena_header *header =
                (void *)file_bytes(image->disk, image, file, &size);

            image->arena_ids[file] = header->arena_id;
            image->arena_offsets[file] = (uint64_t)header->first_unit * XTD_UNIT_BYTES;
            part_add(&image->parts[ARENA], file, 0, XTD_ARENA_HEADER_BYTES);
        }
    }
}

/* The file of the arena that holds a ref, and where; false: no file does. */
static bool ref_find(const struct image *image, struct disk_os *disk, uint32_t ref,
                     struct part *part)
{
    uint64_t at = (uint64_t)ref * XTD_UNIT_BYTES;

    for (unsigned i = 0; i < image->file_count; i++) {
        size_t size;

        if (image->arena_ids[i] == 0 || file_bytes(disk, image, i, &size) == NULL)
            continue;
        if (at >= image->arena_offsets[i] && at - image->arena_offsets[i] < size) {
            part->file = i;
            part->offset = (size_t)(at - image->arena_offsets[i]);
            return true;
        }
    }
    return false;
}

/* The newest first. */
static void records_find(struct image *image)
{
    size_t size;
    const struct xtd_head_slot *slots = (const void *)file_bytes(image->disk, image, 0, &size);
    uint64_t newest = 0;
    uint32_t ref = 0;

    for (size_t i = 0; i < size / XTD_HEAD_SLOT_BYTES; i++) {
        if (slots[i].state.txn > newest) {
            newest = slots[i].state.txn;
            ref = slots[i].state.record_ref;
        }
    }
    for (unsigned i = 0; i < RECORDS && ref != 0; i++) {
        const struct xtd_commit_record *record;
        struct part part;

        if (!ref_find(image, image->disk, ref, &part))
            return;
        record = (const void *)(file_bytes(image->disk, image, part.file, &size) + part.offset);
        part_add(&image->parts[RECORD], part.file, part.offset, record->record_bytes);
        ref = record->previous_ref;
    }
}

static bool node_note(void *context, const xt_node_info *node)
{
    struct image *image = context;
    struct part part;

    if (ref_find(image, image->disk, node->ref, &part))
        part_add(&image->parts[NODE], part.file, part.offset, (size_t)node->bytes);
    return true;
}

/* Damage that stays when checksums are made right. Of a store that died, only the loose slots: it
 * may have one other. */
static void newest_slots_lose(struct image *image, bool died)
{
    size_t size;
    struct xtd_head_slot *slots = (void *)file_bytes(image->disk, image, 0, &size);
    struct xti_head_look look;

    require(xti_head_look(slots, &look, NULL) == XT_OK);
    slots[look.newest].magic[0] ^= !died;
    for (uint32_t i = XTD_HEAD_DURABLE_SLOTS; i < XTD_HEAD_SLOTS; i++)
        slots[i].magic[0] ^= 1;
}

static void image_make(struct image *image, const struct recipe *recipe)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    struct disk_os *dead;
    xt_snapshot *snapshot;
    xt_store *store;

    image->disk = disk_os_create(1);
    options.durability = recipe->durability;
    options.dims = 2;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = WINDOW_BYTES;
    require(xti_store_create(disk_os_table(image->disk), FOLDER, &options, &store) == XT_OK);
    recipe->fill(store);
    disk_os_settle(image->disk);
    files_find(image);
    records_find(image);
    require(xt_snapshot_latest(store, &snapshot) == XT_OK);
    require(xt_snapshot_nodes(snapshot, 0, node_note, image) == XT_OK);
    xt_snapshot_release(snapshot);
    dead = disk_os_copy(image->disk);
    require(xt_store_close(store) == XT_OK);
    disk_os_destroy(recipe->dies ? image->disk : dead);
    if (recipe->dies)
        image->disk = dead;
    if (recipe->loses_newest_slots)
        newest_slots_lose(image, recipe->dies);
    disk_os_settle(image->disk);
}

/* ---- patches --------------------------------------------------------------------------------- */

enum operation {
    SET_BYTES,
    ADD_32,
    ADD_64,
    SPECIAL_32,
    SPECIAL_64,
    COPY_PART, /* of another of its kind */
    COPY_64,   /* likewise, one field */
    RESIZE,    /* the file */
    OPERATIONS
};

struct patch {
    unsigned char *bytes;       /* from the place on that is changed */
    size_t left;                /* to the end of the part */
    const unsigned char *other; /* the same place in the other part */
    size_t other_left;
    uint8_t argument;
};

static const uint64_t specials[] = {
    0,
    1,
    2,
    63,
    64,
    4096,
    32767,
    32768,
    UINT32_MAX / 64,
    UINT32_MAX / 64 + 1,
    UINT32_MAX - 63,
    UINT32_MAX,
    (uint64_t)UINT32_MAX + 1,
    UINT64_MAX / 64,
    UINT64_MAX / 64 + 1,
    UINT64_MAX,
};

static void number_patch(const struct patch *patch, enum operation operation)
{
    size_t bytes = operation == ADD_32 || operation == SPECIAL_32 ? 4 : 8;
    uint64_t number = 0;

    if (patch->left < bytes)
        return;
    memcpy(&number, patch->bytes, bytes);
    if (operation == ADD_32 || operation == ADD_64)
        number += (uint64_t)(int64_t)(int8_t)patch->argument;
    else
        number = specials[patch->argument % XTI_ARRAY_COUNT(specials)];
    memcpy(patch->bytes, &number, bytes);
}

static void copy_patch(const struct patch *patch, size_t bytes)
{
    if (bytes > patch->left)
        bytes = patch->left;
    if (bytes > patch->other_left)
        bytes = patch->other_left;
    memmove(patch->bytes, patch->other, bytes);
}

/* Cuts the file or makes it longer by some pages, or it is gone. */
static void file_resize(struct disk_os *disk, const char *path, uint8_t argument)
{
    const struct xti_os *os = disk_os_table(disk);
    size_t size;
    unsigned char *bytes = disk_os_file_bytes(disk, path, &size);
    size_t wanted = size - (size_t)(argument % 64) * 512;
    unsigned char *copy;

    if (argument == 255) {
        (void)os->remove(os, path);
        return;
    }
    if (argument >= 128)
        wanted = size + (size_t)(argument % 64) * 512;
    else if ((size_t)(argument % 64) * 512 > size)
        wanted = 0;
    copy = calloc(1, wanted + 1);
    require(copy != NULL);
    memcpy(copy, bytes, wanted < size ? wanted : size);
    disk_os_put_file(disk, path, copy, wanted);
    free(copy);
}

static bool patch_aim(struct disk_os *disk, const struct image *image, const struct part *parts[2],
                      size_t offset, struct patch *patch)
{
    size_t size, other_size;
    unsigned char *file = file_bytes(disk, image, parts[0]->file, &size);
    const unsigned char *other = file_bytes(disk, image, parts[1]->file, &other_size);

    if (file == NULL || other == NULL || parts[0]->offset + parts[0]->bytes > size ||
        parts[1]->offset + parts[1]->bytes > other_size)
        return false;
    patch->bytes = file + parts[0]->offset + offset;
    patch->left = parts[0]->bytes - offset;
    patch->other = other + parts[1]->offset + offset;
    patch->other_left = offset < parts[1]->bytes ? parts[1]->bytes - offset : 0;
    return true;
}

/* Gives how many bytes behind the first six it took. */
static size_t patch_apply(struct disk_os *disk, struct image *image, const uint8_t *data,
                          size_t size)
{
    struct parts *parts = &image->parts[data[0] % TARGETS];
    enum operation operation = (enum operation)(data[4] % OPERATIONS);
    size_t count = 1 + data[4] / OPERATIONS;
    size_t offset = (size_t)data[2] | (size_t)data[3] << 8;
    const struct part *chosen[2];
    struct patch patch = {.argument = data[5]};

    if (parts->count == 0)
        return 0;
    chosen[0] = &parts->part[data[1] % parts->count];
    chosen[1] = &parts->part[data[5] % parts->count];
    if (data[0] / TARGETS % 2 == 1)
        offset <<= 8; /* far into large parts */
    offset %= chosen[0]->bytes;
    if (operation != SET_BYTES)
        offset &= ~(size_t)3;
    if (operation == RESIZE && data[0] % TARGETS != ANYWHERE)
        operation = ADD_32;
    if (count > size)
        count = size;
    if (!patch_aim(disk, image, chosen, offset, &patch))
        return 0;
    parts->part[data[1] % parts->count].is_touched = true;
    if (operation == SET_BYTES && patch.left >= count)
        memcpy(patch.bytes, data + 6, count);
    else if (operation == COPY_PART || operation == COPY_64)
        copy_patch(&patch, operation == COPY_PART ? SIZE_MAX : 8);
    else if (operation == RESIZE)
        file_resize(disk, image->files[chosen[0]->file], patch.argument);
    else
        number_patch(&patch, operation);
    return operation == SET_BYTES ? count : 0;
}

static void patches_apply(struct disk_os *disk, struct image *image, const uint8_t *data,
                          size_t size)
{
    for (unsigned target = 0; target < TARGETS; target++) {
        for (size_t i = 0; i < image->parts[target].count; i++)
            image->parts[target].part[i].is_touched = false;
    }
    for (unsigned i = 0; i < PATCHES_MAX && size >= 6; i++) {
        size_t taken = 6 + patch_apply(disk, image, data, size - 6);

        data += taken;
        size -= taken;
    }
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* NULL: the file is not there any more, or too short. */
static void *part_bytes(struct disk_os *disk, const struct image *image, const struct part *part)
{
    size_t size;
    unsigned char *file = file_bytes(disk, image, part->file, &size);

    if (file == NULL || part->offset + part->bytes > size)
        return NULL;
    return file + part->offset;
}

static void end_hash(void *bytes, size_t size)
{
    uint64_t hash = xti_hash64(bytes, size - sizeof hash);

    memcpy((char *)bytes + size - sizeof hash, &hash, sizeof hash);
}

static void nodes_repair(struct disk_os *disk, struct image *image)
{
    struct parts *parts = &image->parts[NODE];

    for (size_t i = 0; i < parts->count; i++) {
        struct xtd_node *node = part_bytes(disk, image, &parts->part[i]);
        uint64_t bytes;

        if (node == NULL)
            continue;
        bytes = (uint64_t)node->size_units * XTD_UNIT_BYTES;
        if (bytes >= XTD_UNIT_BYTES && bytes <= parts->part[i].bytes)
            xti_node_seal(node);
    }
}

/* Where the arena with this id has its bytes; NULL: it has not so many. */
static const unsigned char *extent_bytes(struct disk_os *disk, const struct image *image,
                                         const struct xtd_extent *extent)
{
    for (unsigned i = 0; i < image->file_count; i++) {
        size_t size;
        const unsigned char *file;

        if (image->arena_ids[i] != extent->arena_id || extent->arena_id == 0)
            continue;
        file = file_bytes(disk, image, i, &size);
        if (file == NULL || extent->units > size / XTD_UNIT_BYTES ||
            extent->first_unit > size / XTD_UNIT_BYTES - extent->units)
            return NULL;
        return file + extent->first_unit * XTD_UNIT_BYTES;
    }
    return NULL;
}

static void extents_repair(struct disk_os *disk, const struct image *image,
                           struct xtd_commit_record *record, size_t bytes)
{
    for (uint32_t i = 0; i < record->extent_count && i < xti_commit_extents_max((uint32_t)bytes);
         i++) {
        struct xtd_extent *extent = &record->extents[i];
        const unsigned char *extent_at = extent_bytes(disk, image, extent);
        size_t skipped = i == 0 ? bytes : 0;

        if (extent_at != NULL && extent->units * XTD_UNIT_BYTES >= skipped)
            extent->hash =
                xti_hash64(extent_at + skipped, (size_t)extent->units * XTD_UNIT_BYTES - skipped);
    }
}

/* The slot that tells this record's commit; NULL: none does. */
static struct xtd_head_slot *record_slot(struct disk_os *disk, const struct image *image,
                                         uint64_t txn, bool *is_touched)
{
    const struct parts *slots = &image->parts[SLOT];

    for (size_t i = 0; i < slots->count; i++) {
        struct xtd_head_slot *slot = part_bytes(disk, image, &slots->part[i]);

        if (slot != NULL && slot->state.txn == txn) {
            *is_touched = slots->part[i].is_touched;
            return slot;
        }
    }
    return NULL;
}

/* From the oldest on, as each names the hash of the one before. */
static void records_repair(struct disk_os *disk, struct image *image, bool is_equal)
{
    const struct parts *parts = &image->parts[RECORD];
    uint64_t hash = 0;

    for (size_t i = parts->count; i-- > 0;) {
        const struct part *part = &parts->part[i];
        struct xtd_commit_record *record = part_bytes(disk, image, part);
        struct xtd_head_slot *slot;
        bool is_touched = false;

        if (record == NULL)
            continue;
        slot = record_slot(disk, image, record->state.txn, &is_touched);
        if (slot != NULL && is_equal && is_touched)
            record->state = slot->state;
        else if (slot != NULL && is_equal)
            slot->state = record->state;
        if (hash != 0)
            record->previous_hash = hash;
        extents_repair(disk, image, record, part->bytes);
        end_hash(record, part->bytes);
        hash = xti_hash64(record, part->bytes - sizeof hash);
        if (slot != NULL)
            slot->record_hash = hash;
    }
}

static void files_repair(struct disk_os *disk, const struct image *image, const struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        void *file = part_bytes(disk, image, &parts->part[i]);

        if (file != NULL)
            end_hash(file, parts->part[i].bytes);
    }
}

static void sums_repair(struct disk_os *disk, struct image *image, bool is_equal)
{
    nodes_repair(disk, image);
    for (size_t i = 0; i < image->parts[ARENA].count; i++) {
        struct xtd_arena_header *header = part_bytes(disk, image, &image->parts[ARENA].part[i]);

        if (header != NULL)
            header->crc32c = xti_crc32c(0, header, XTD_ARENA_HEADER_BYTES - 4);
    }
    files_repair(disk, image, &image->parts[MANIFEST]);
    files_repair(disk, image, &image->parts[KEPT]);
    records_repair(disk, image, is_equal);
    for (size_t i = 0; i < image->parts[SLOT].count; i++) {
        struct xtd_head_slot *slot = part_bytes(disk, image, &image->parts[SLOT].part[i]);

        if (slot != NULL && slot->magic[0] == XTD_HEAD_MAGIC[0])
            slot->crc32c = xti_crc32c(0, slot, XTD_HEAD_SLOT_BYTES - 4);
    }
}

/* ---- one input ------------------------------------------------------------------------------- */

static bool status_is_known(xt_status status)
{
    return status <= XT_OK && status >= XT_ECANCELLED && status != XT_EMISUSE &&
           status != XT_EINVAL;
}

static void store_try(struct disk_os *disk, uint8_t options_byte)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store;

    options.writable = (options_byte & WRITABLE) != 0;
    options.verify = (xt_verify)((options_byte >> 2 & 3) % 3);
    options.window_bytes = WINDOW_BYTES;
    for (unsigned round = 0; round < (options.writable ? 2u : 1u); round++) {
        xt_status status = xti_store_open(disk_os_table(disk), FOLDER, &options, &store);

        require(status_is_known(status));
        if (status != XT_OK)
            return;
        ask_store(store);
        if (options.writable)
            ask_changes(store);
        require(xt_store_close(store) == XT_OK);
        options.writable = false;
    }
}

/* Sums made right where nothing was changed are right: else no patch reaches what it is for. */
static void image_prove(struct image *image)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    struct disk_os *disk = disk_os_copy(image->disk);
    xt_store *store;

    sums_repair(disk, image, true);
    options.verify = XT_VERIFY_OPEN;
    options.window_bytes = WINDOW_BYTES;
    check.deep = true;
    require(xti_store_open(disk_os_table(disk), FOLDER, &options, &store) == XT_OK);
    require(xt_store_check(store, &check, &report) == XT_OK && report.items == ITEMS);
    require(xt_store_close(store) == XT_OK);
    disk_os_destroy(disk);
}

static struct image *image_get(unsigned number)
{
    struct image *image = &images[number % XTI_ARRAY_COUNT(recipes)];

    if (image->disk == NULL) {
        image_make(image, &recipes[number % XTI_ARRAY_COUNT(recipes)]);
        image_prove(image);
    }
    return image;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image *image;
    struct disk_os *disk;

    if (size < 2)
        return 0;
    image = image_get(data[0]);
    disk = disk_os_copy(image->disk);
    patches_apply(disk, image, data + 2, size - 2);
    if ((data[1] & UNREPAIRED) == 0)
        sums_repair(disk, image, (data[1] & UNEQUAL_STATES) == 0);
    store_try(disk, data[1]);
    disk_os_destroy(disk);
    return 0;
}

/* ---- seeds ----------------------------------------------------------------------------------- */

/* For each store, and each target, one patch of each operation. */
size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity)
{
    unsigned target = number % TARGETS;
    unsigned operation = number / TARGETS % OPERATIONS;
    unsigned recipe = number / (TARGETS * OPERATIONS);

    if (recipe >= XTI_ARRAY_COUNT(recipes) || capacity < 64)
        return 0;
    memset(out, 0, 16);
    out[0] = (uint8_t)recipe;
    out[1] = (uint8_t)((number % 2) * WRITABLE | number % 3 << 2);
    out[2] = (uint8_t)target;
    out[3] = (uint8_t)(number / 5);
    out[4] = (uint8_t)(number * 8 % 128);
    out[6] = (uint8_t)(operation + OPERATIONS * 3);
    out[7] = (uint8_t)(number % 16);
    return 12;
}
