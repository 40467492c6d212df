/* tests/unit/txn/scene.h -- a small store on a disk in memory, whose only content is one leaf.
 *
 * Which leaf the root leads to, told by the id of its one item, says which state a handle shows.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCENE_H
#define SCENE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/arena_file.h"
#include "format/commit_record.h"
#include "format/head.h"
#include "format/manifest.h"
#include "support/check.h"
#include "support/disk_os.h"
#include "support/fail_os.h"
#include "txn/txn.h"

#define PATH "/store"
#define WINDOW_BYTES (UINT64_C(64) << 20)
#define ARENA_UNITS (UINT64_C(2097152) / XTD_UNIT_BYTES) /* the least */
#define LEAF_UNITS 5u                                    /* 16 points in one dimension */
#define EMPTY 0u

static inline struct xti_schema scene_schema(uint32_t extent_align)
{
    struct xti_schema schema = {1, XT_POINTS, XT_F64, 16, 16, extent_align, 2u << 20};

    return schema;
}

/* NULL when it fails, after a failed CHECK. path NULL: in memory. */
/* Commits have two syncs, so that each leaves all files as they stay. */
static inline struct xti_txn *scene_create(const struct xti_os *os, const char *path,
                                           uint32_t extent_align)
{
    struct xti_schema schema = scene_schema(extent_align);
    struct xti_txn *txn;

    (void)CHECK_STATUS(xti_txn_create(os, path, &schema, WINDOW_BYTES, NULL, &txn), XT_OK);
    if (txn != NULL)
        xti_txn_set_durability(txn, XT_DURABLE_TWO_SYNCS);
    return txn;
}

static inline struct xti_txn *scene_open(const struct xti_os *os, bool writable)
{
    struct xti_txn *txn;

    (void)CHECK_STATUS(xti_txn_open(os, PATH, writable, XT_VERIFY_LAZY, WINDOW_BYTES, NULL, &txn),
                       XT_OK);
    if (txn != NULL)
        xti_txn_set_durability(txn, XT_DURABLE_TWO_SYNCS);
    return txn;
}

/* A new leaf with one item becomes the root. */
static inline xt_status scene_put(struct xti_txn *txn, uint64_t id)
{
    struct xti_root root = {0, 1, 1};
    struct xtd_node *leaf;
    uint32_t old_ref = xti_txn_root(txn).ref;
    xt_status status = xti_txn_alloc(txn, LEAF_UNITS, &root.ref, NULL);
    double *x;

    if (status != XT_OK)
        return status;
    leaf = xti_txn_at(txn, root.ref);
    leaf->count = 1;
    leaf->capacity = 16;
    leaf->size_units = LEAF_UNITS;
    leaf->kind = XTD_LEAF_POINTS;
    leaf->item_count = 1;
    x = xti_leaf_coords(leaf);
    for (uint32_t i = 0; i < 16; i++)
        x[i] = i == 0 ? 0.5 : (double)NAN;
    memset(xti_leaf_ids(xti_txn_layout(txn), leaf), 0, 16 * sizeof id);
    xti_leaf_ids(xti_txn_layout(txn), leaf)[0] = id;
    if (old_ref != 0)
        xti_txn_free(txn, old_ref, LEAF_UNITS);
    xti_txn_set_root(txn, root);
    return XT_OK;
}

static inline xt_status scene_put_and_commit(struct xti_txn *txn, uint64_t id)
{
    xt_status status = scene_put(txn, id);

    return status == XT_OK ? xti_txn_commit(txn, NULL) : status;
}

/* Allocates blocks until the arena that takes them has no room for `units` more. */
static inline xt_status scene_grow(struct xti_txn *txn, uint64_t units)
{
    uint32_t ref;

    return xti_txn_alloc(txn, units, &ref, NULL);
}

/* The same in the cold arena. */
static inline xt_status scene_grow_cold(struct xti_txn *txn, uint64_t units)
{
    xt_status status;

    xti_txn_take_cold(txn, true);
    status = scene_grow(txn, units);
    xti_txn_take_cold(txn, false);
    return status;
}

/* The id that a view leads to; EMPTY for none. */
static inline xt_status scene_view_id(const struct xti_view *view, uint64_t *id)
{
    const struct xti_span *span = NULL;
    const struct xtd_node *leaf;
    struct xti_finding finding;
    xt_status status;

    *id = EMPTY;
    if (view->root_ref == 0)
        return XT_OK;
    status = xti_view_node(view, &span, view->root_ref, 0, &leaf, &finding);
    if (status == XT_OK)
        *id = xti_leaf_ids_const(view->layout, leaf)[0];
    return status;
}

/* The id that the newest view shows. */
static inline uint64_t scene_id(struct xti_txn *txn)
{
    struct xti_view *view;
    uint64_t id;

    if (!CHECK_STATUS(xti_txn_view(txn, &view), XT_OK))
        return UINT64_MAX;
    (void)CHECK_STATUS(scene_view_id(view, &id), XT_OK);
    xti_txn_unview(txn, view);
    return id;
}

/* The same of a store on disk, with a deep check of it. */
static inline uint64_t scene_stored_id(struct disk_os *disk)
{
    struct xti_txn *txn = scene_open(disk_os_table(disk), false);
    uint64_t bytes = 0;
    uint64_t id;

    if (txn == NULL)
        return UINT64_MAX;
    id = scene_id(txn);
    (void)CHECK_STATUS(xti_txn_check(txn, true, &bytes, NULL), XT_OK);
    xti_txn_close(txn);
    return id;
}

/* What a store on disk shows after the power failed. */
static inline uint64_t scene_id_after(const struct disk_os *disk, enum disk_mode mode,
                                      uint64_t seed)
{
    struct disk_os *reborn = disk_os_reboot(disk, mode, seed);
    uint64_t id = scene_stored_id(reborn);

    disk_os_destroy(reborn);
    return id;
}

/* ---- bytes -------------------------------------------------------------------------------- */

static inline void *scene_file(struct disk_os *disk, const char *name, size_t *size)
{
    char path[100];

    (void)snprintf(path, sizeof path, PATH "/%s", name);
    return disk_os_file_bytes(disk, path, size);
}

static inline bool scene_has(struct disk_os *disk, const char *name)
{
    size_t size;

    return scene_file(disk, name, &size) != NULL;
}

static inline void scene_arena_name(char name[32], uint32_t id)
{
    (void)snprintf(name, 32, "arena-%08x.xta", (unsigned)id);
}

static inline void scene_manifest_name(char name[32], uint64_t generation)
{
    (void)snprintf(name, 32, "manifest-%016llx", (unsigned long long)generation);
}

/* Slot i of HEAD; the newest durable one. Writable; valid until HEAD changes. */
static inline struct xtd_head_slot *scene_slot(struct disk_os *disk, uint32_t i)
{
    size_t size;
    struct xtd_head_slot *slots = scene_file(disk, "HEAD", &size);

    if (!CHECK(slots != NULL) || !CHECK_U64(size, XTD_HEAD_BYTES))
        abort();
    return &slots[i];
}

static inline struct xtd_head_slot *scene_newest(struct disk_os *disk)
{
    struct xti_finding finding;
    struct xti_head_look look;

    (void)CHECK_STATUS(xti_head_look(scene_slot(disk, 0), &look, &finding), XT_OK);
    return scene_slot(disk, look.newest);
}

/* The manifest of the newest commit. */
static inline struct xtd_manifest *scene_manifest(struct disk_os *disk)
{
    struct xti_finding finding;
    struct xtd_manifest *manifest;
    char name[32];
    size_t size;

    scene_manifest_name(name, scene_newest(disk)->state.manifest_generation);
    manifest = scene_file(disk, name, &size);
    if (!CHECK(manifest != NULL) ||
        !CHECK_STATUS(xti_manifest_check(manifest, size, &finding), XT_OK))
        abort();
    return manifest;
}

/* `bytes` bytes of an arena's file from a unit on. */
static inline char *scene_units(struct disk_os *disk, uint32_t arena_id, uint64_t first_unit,
                                uint64_t bytes)
{
    char name[32];
    size_t size;
    char *data;

    scene_arena_name(name, arena_id);
    data = scene_file(disk, name, &size);
    if (!CHECK(data != NULL) || !CHECK(first_unit * XTD_UNIT_BYTES + bytes <= size))
        abort();
    return data + first_unit * XTD_UNIT_BYTES;
}

/* The record at a ref of the store. */
static inline const struct xtd_commit_record *scene_record(struct disk_os *disk, uint32_t ref)
{
    const struct xtd_manifest *manifest = scene_manifest(disk);
    const struct xtd_manifest_arena *arenas = xti_manifest_arenas_const(manifest);
    struct xti_finding finding;

    for (uint32_t i = 0; i < manifest->arena_count; i++) {
        uint64_t unit = (uint64_t)ref - arenas[i].first_unit;
        const void *record;

        if (ref < arenas[i].first_unit || unit >= arenas[i].range_units)
            continue;
        record = scene_units(disk, arenas[i].arena_id, unit, XTD_PAGE_BYTES);
        (void)CHECK_STATUS(xti_commit_check(record, XTD_PAGE_BYTES, &finding), XT_OK);
        return record;
    }
    (void)CHECK(manifest == NULL); /* the record lies in none of its arenas */
    abort();
}

#endif
