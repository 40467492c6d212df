/* fuzz/open_file.c -- does a store whose bytes were changed at will open, answer and close without
 * harm?
 *
 * The input patches the files of a small store of several levels. Its first byte chooses: bit 0
 * repair checksums and hashes, so that the patch reaches what lies behind them; bit 1 open for
 * writing; bits 2 and 3 how to verify; bit 4 boxes. Then come patches of 6 to 37 bytes:
 *
 *     file (1 byte)   offset (3)   count - 1 (1, of which 5 bits)   bytes (count)
 *
 * SPDX-License-Identifier: MIT
 */
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
#define ITEMS 400
#define NODES_MAX 128
#define WINDOW_BYTES (UINT64_C(8) << 20)

enum options { REPAIR = 1, WRITABLE = 2, BOXES = 16 };

static const char *const FILES[] = {FOLDER "/HEAD", FOLDER "/manifest-0000000000000001",
                                    FOLDER "/arena-00000001.xta"};

struct pattern {
    struct disk_os *disk;
    uint64_t node_offsets[NODES_MAX];
    uint64_t node_bytes[NODES_MAX];
    size_t node_count;
    uint64_t record_offset;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* ---- the store that is patched -------------------------------------------------------------- */

static bool node_note(void *context, const xt_node_info *node)
{
    struct pattern *pattern = context;

    require(pattern->node_count < NODES_MAX);
    pattern->node_offsets[pattern->node_count] = (uint64_t)node->ref * XTD_UNIT_BYTES;
    pattern->node_bytes[pattern->node_count++] = node->bytes;
    return true;
}

static void items_load(xt_store *store, bool is_boxes)
{
    xt_loader *loader;

    require(xt_loader_open(store, NULL, &loader) == XT_OK);
    for (unsigned i = 0; i < ITEMS; i++) {
        const double low[] = {(double)(i * 7919 % 1000), (double)(i * 104729 % 997)};
        const double high[] = {low[0] + i % 5, low[1] + i % 7};

        require(xt_loader_add(loader, i, low, is_boxes ? high : NULL) == XT_OK);
    }
    require(xt_loader_finish(loader) == XT_OK);
    require(xt_store_commit(store, NULL) == XT_OK);
}

static void pattern_make(struct pattern *pattern, bool is_boxes)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    const struct xtd_head_slot *slots;
    xt_snapshot *snapshot;
    xt_store *store;
    struct xti_head_look look;
    size_t size;

    pattern->disk = disk_os_create(1);
    options.dims = 2;
    options.kind = is_boxes ? XT_BOXES : XT_POINTS;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = WINDOW_BYTES;
    require(xti_store_create(disk_os_table(pattern->disk), FOLDER, &options, &store) == XT_OK);
    items_load(store, is_boxes);
    require(xt_snapshot_latest(store, &snapshot) == XT_OK);
    require(xt_snapshot_nodes(snapshot, 0, node_note, pattern) == XT_OK);
    xt_snapshot_release(snapshot);
    require(xt_store_close(store) == XT_OK);
    disk_os_settle(pattern->disk);
    slots = (const void *)disk_os_file_bytes(pattern->disk, FILES[0], &size);
    require(xti_head_look(slots, &look, NULL) == XT_OK);
    pattern->record_offset = (uint64_t)slots[look.newest].state.record_ref * XTD_UNIT_BYTES;
}

static const struct pattern *pattern_get(bool is_boxes)
{
    static struct pattern patterns[2];

    if (patterns[is_boxes].disk == NULL)
        pattern_make(&patterns[is_boxes], is_boxes);
    return &patterns[is_boxes];
}

/* ---- patches --------------------------------------------------------------------------------- */

static void patches_apply(struct disk_os *disk, const uint8_t *data, size_t size)
{
    while (size >= 6) {
        size_t file_bytes;
        unsigned char *file =
            disk_os_file_bytes(disk, FILES[data[0] % XTI_ARRAY_COUNT(FILES)], &file_bytes);
        size_t offset = (size_t)data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16;
        size_t count = 1 + (size_t)(data[4] & 31);

        if (count > size - 5)
            count = size - 5;
        for (size_t i = 0; i < count && file_bytes > 0; i++)
            file[(offset + i) % file_bytes] = data[5 + i];
        data += 5 + count;
        size -= 5 + count;
    }
}

static void head_repair(struct disk_os *disk)
{
    size_t size;
    unsigned char *file = disk_os_file_bytes(disk, FILES[0], &size);

    for (size_t i = 0; i < size / XTD_HEAD_SLOT_BYTES; i++) {
        struct xtd_head_slot *slot = (void *)(file + i * XTD_HEAD_SLOT_BYTES);

        if (slot->magic[0] != 0)
            slot->crc32c = xti_crc32c(0, slot, XTD_HEAD_SLOT_BYTES - 4);
    }
}

static void nodes_repair(const struct pattern *pattern, unsigned char *arena)
{
    for (size_t i = 0; i < pattern->node_count; i++) {
        struct xtd_node *node = (void *)(arena + pattern->node_offsets[i]);
        uint64_t bytes = (uint64_t)node->size_units * XTD_UNIT_BYTES;

        if (bytes >= XTD_UNIT_BYTES && bytes <= pattern->node_bytes[i])
            xti_node_seal(node);
    }
}

/* The hash of the first extent, then of the record. HEAD holds that one too. */
static void record_repair(struct disk_os *disk, uint64_t offset, unsigned char *arena, size_t size)
{
    struct xtd_commit_record *record = (void *)(arena + offset);
    uint64_t bytes = record->extents[0].units * XTD_UNIT_BYTES;
    struct xti_head_look look;
    struct xtd_head_slot *slots;
    size_t head_size;
    uint64_t hash;

    if (record->extents[0].units < size / XTD_UNIT_BYTES && offset + bytes <= size &&
        bytes >= XTD_PAGE_BYTES)
        record->extents[0].hash =
            xti_hash64(arena + offset + XTD_PAGE_BYTES, (size_t)bytes - XTD_PAGE_BYTES);
    hash = xti_hash64(record, XTD_PAGE_BYTES - sizeof hash);
    memcpy((char *)record + XTD_PAGE_BYTES - sizeof hash, &hash, sizeof hash);
    head_repair(disk);
    slots = (void *)disk_os_file_bytes(disk, FILES[0], &head_size);
    if (xti_head_look(slots, &look, NULL) == XT_OK)
        slots[look.newest].record_hash = hash;
}

static void sums_repair(const struct pattern *pattern, struct disk_os *disk)
{
    size_t size;
    unsigned char *arena = disk_os_file_bytes(disk, FILES[2], &size);
    struct xtd_arena_header *header = (void *)arena;
    unsigned char *manifest;
    uint64_t hash;

    nodes_repair(pattern, arena);
    header->crc32c = xti_crc32c(0, header, XTD_ARENA_HEADER_BYTES - 4);
    record_repair(disk, pattern->record_offset, arena, size);
    head_repair(disk);
    manifest = disk_os_file_bytes(disk, FILES[1], &size);
    hash = xti_hash64(manifest, size - sizeof hash);
    memcpy(manifest + size - sizeof hash, &hash, sizeof hash);
}

/* ---- one input ------------------------------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    const struct pattern *pattern;
    struct disk_os *disk;
    xt_store *store;

    if (size == 0)
        return 0;
    pattern = pattern_get((data[0] & BOXES) != 0);
    disk = disk_os_copy(pattern->disk);
    patches_apply(disk, data + 1, size - 1);
    if ((data[0] & REPAIR) != 0)
        sums_repair(pattern, disk);
    options.writable = (data[0] & WRITABLE) != 0;
    options.verify = (xt_verify)((data[0] >> 2 & 3) % 3);
    options.window_bytes = WINDOW_BYTES;
    if (xti_store_open(disk_os_table(disk), FOLDER, &options, &store) == XT_OK) {
        ask_store(store);
        require(xt_store_close(store) == XT_OK);
    }
    disk_os_destroy(disk);
    return 0;
}

/* ---- seeds ----------------------------------------------------------------------------------- */

/* One patch each: at a node, at the record, in HEAD, in the manifest. */
size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity)
{
    const struct pattern *pattern = pattern_get(number % 2 != 0);
    uint64_t offset = 0;
    unsigned file = 2;

    if (number >= 64 || capacity < 64)
        return 0;
    if (number < 40)
        offset = pattern->node_offsets[number % pattern->node_count] + number * 4 % 64;
    else if (number < 48)
        offset = pattern->record_offset + (size_t)(number % 8) * 8;
    else
        file = number < 56 ? 0 : 1;
    if (file != 2)
        offset = number % 8 * 16 + (file == 0 ? 4096 * 2 : 0);
    out[0] = (uint8_t)(REPAIR | (number % 2 != 0 ? BOXES : 0) | (number % 5 == 0 ? WRITABLE : 0));
    out[0] |= (uint8_t)(number % 3 << 2);
    out[1] = (uint8_t)file;
    for (unsigned i = 0; i < 3; i++)
        out[2 + i] = (uint8_t)(offset >> 8 * i);
    out[5] = 3;
    for (unsigned i = 0; i < 4; i++)
        out[6 + i] = (uint8_t)(number * 31 + i);
    return 10;
}
