/* src/txn/open.c -- opening a store, and what a writer does before it builds on what it found.
 *
 * The steps: README.md, R1 to R6.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/kept.h"

#include <errno.h>
#include <string.h>

static xt_status open_head(struct xti_txn *txn, xt_error *error)
{
    unsigned flags = txn->is_writable ? XTI_OPEN_WRITE : XTI_OPEN_READ;
    int result = xti_open_file(txn->os, txn->path, XTI_NAME_HEAD, flags, &txn->head_file);

    if (result == 0)
        return XT_OK;
    (void)xti_report_system(error, result, txn->path, XTI_NAME_HEAD,
                            result == -ENOENT ? "there is no store here" : "open the file");
    if (result != -ENOTDIR)
        return xti_os_status(result);
    return xti_report(error, XT_EFORMAT, txn->path, NULL, XTI_NO_OFFSET,
                      "a store is a folder, this is a file");
}

struct leftovers {
    struct xti_txn *txn;
    uint32_t count;
    char names[64][XTI_NAME_BYTES];
};

static bool note_leftover(void *context, const char *name)
{
    struct leftovers *found = context;
    struct xti_txn *txn = found->txn;
    uint64_t generation = txn->state.manifest_generation;
    const struct xti_arena *arena;
    uint64_t number;
    bool is_needed = true;

    switch (xti_name_parse(name, &number)) {
    case XTI_IS_TEMPORARY:
        is_needed = false;
        break;
    case XTI_IS_MANIFEST:
        is_needed = number == generation || number + 1 == generation;
        break;
    case XTI_IS_ARENA:
        arena = xti_space_arena(&txn->space, (uint32_t)number);
        is_needed = !txn->knows_arenas || (arena != NULL && !arena->is_unlinked) ||
                    xti_arena_is_pinned(txn, (uint32_t)number);
        break;
    case XTI_IS_LOCK:
    case XTI_IS_HEAD:
    case XTI_IS_SNAPSHOT:
    case XTI_FOREIGN:
        break;
    }
    if (!is_needed)
        strcpy(found->names[found->count++], name);
    return found->count < XTI_ARRAY_COUNT(found->names);
}

/* R6. Files that a crash left and no commit names. What stays for once is removed the next time, or
 * replaced. What is gone must stay so before its name is given to another file. */
xt_status xti_remove_leftovers(struct xti_txn *txn, xt_error *error)
{
    struct leftovers *found = xti_alloc_zeroed(txn->os, sizeof *found);
    bool has_removed = false;
    uint32_t removed;
    int result = 0;

    if (found == NULL)
        return XT_OK;
    found->txn = txn;
    do {
        found->count = 0;
        removed = 0;
        (void)txn->os->list(txn->os, txn->path, note_leftover, found);
        for (uint32_t i = 0; i < found->count; i++)
            removed += xti_remove_file(txn->os, txn->path, found->names[i]) == 0 ? 1 : 0;
        has_removed = has_removed || removed > 0;
    } while (found->count == XTI_ARRAY_COUNT(found->names) && removed > 0);
    txn->os->free(txn->os, found, sizeof *found);
    if (has_removed)
        result = txn->os->sync_folder(txn->os, txn->path);
    if (result != 0)
        return xti_report_system(error, result, txn->path, NULL, "sync the folder");
    return XT_OK;
}

static bool owns_range(const struct xti_space *space, const struct xtd_manifest_arena *entry)
{
    for (uint32_t i = 0; i < space->arena_count; i++) {
        const struct xti_arena *arena = &space->arenas[i];

        if (arena->first_unit < entry->first_unit + entry->range_units &&
            entry->first_unit < arena->first_unit + arena->range_units)
            return true;
    }
    return false;
}

/* The arenas of the manifest before that the newest one does not list: dropped by it. *knows_all:
 * they are all in the space. */
static xt_status add_dropped(struct xti_txn *txn, const struct xtd_manifest *manifest,
                             bool *knows_all)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);

    for (uint32_t i = 0; i < manifest->arena_count; i++) {
        struct xti_arena arena = {.id = entries[i].arena_id,
                                  .first_unit = entries[i].first_unit,
                                  .range_units = entries[i].range_units,
                                  .created_txn = entries[i].created_txn};
        xt_status status;

        if (xti_space_arena(&txn->space, arena.id) != NULL)
            continue;
        if (owns_range(&txn->space, &entries[i])) {
            *knows_all = false;
            continue;
        }
        xti_arena_drop(&arena, txn->state.manifest_generation, 0);
        status = xti_space_add(&txn->space, &arena);
        if (status == XT_ENOMEM)
            return status;
        *knows_all = *knows_all && status == XT_OK;
    }
    return XT_OK;
}

/* R6. A reader may just be opening the commit before: files and ranges of its arenas are not free
 * yet. */
static xt_status find_dropped(struct xti_txn *txn, bool *knows_all)
{
    struct xtd_manifest *manifest;
    xt_status status;

    *knows_all = true;
    if (txn->previous_generation == 0)
        return XT_OK;
    status = xti_read_manifest(txn, txn->previous_generation, &manifest, NULL);
    if (status == XT_OK) {
        status = add_dropped(txn, manifest, knows_all);
        txn->os->free(txn->os, manifest, manifest->total_bytes);
        return status;
    }
    if (status == XT_ENOMEM)
        return status;
    *knows_all = status != XT_EIO; /* else it is gone or of no use to a reader either */
    return XT_OK;
}

/* R4, R5. What was found may so far be only in the system's cache, left by a sync that failed. It
 * is written again and synced before anything is built on it. From the loose slot on readers trust
 * HEAD. */
static xt_status make_durable(struct xti_txn *txn, xt_error *error)
{
    xt_status status = xti_sync_folders(txn, error); /* a creator may have died before it did so */

    if (status == XT_OK && txn->tip->range_count > 0) {
        status = xti_rewrite_found(txn, txn->tip, error);
        if (status == XT_OK)
            status = xti_find_again(txn, error);
    }
    if (status == XT_OK)
        status = xti_write_loose(txn, &txn->state, txn->record_hash, txn->state.txn, true, error);
    if (status == XT_OK)
        status = xti_remove_next(txn, txn->tip, error);
    if (status == XT_OK)
        status = xti_erase_torn(txn, txn->tip, error);
    if (txn->tip->range_count > 0 || txn->next_is_damaged)
        txn->head_position = (txn->head_position + 1) % XTD_HEAD_DURABLE_SLOTS;
    if (status == XT_OK)
        status = xti_write_head(txn, txn->head_position, &txn->state, txn->record_hash, error);
    if (status == XT_OK)
        xti_head_was_written(txn, txn->head_position, &txn->state);
    xti_tip_free(txn, txn->tip);
    txn->tip = NULL;
    return status;
}

/* A root outside of what was found might come to lie among blocks of this process. */
static xt_status prepare_writing(struct xti_txn *txn, xt_error *error)
{
    uint64_t generation = txn->state.manifest_generation;
    xt_status status = XT_OK;
    int result;

    result = txn->os->random(txn->os, &txn->timeline, sizeof txn->timeline);
    if (result != 0)
        return xti_report_system(error, result, txn->path, NULL, "get random bytes");
    status = xti_txn_draw_sequence(txn, error);
    if (status != XT_OK)
        return status;
    if (txn->now.root.ref != 0 && !xti_txn_is_found(txn, txn->now.root.ref))
        return xti_report(error, XT_ECORRUPT, txn->path, XTI_NAME_HEAD, 80,
                          "root outside the committed arenas");
    for (uint32_t i = 0; i < txn->space.arena_count && status == XT_OK; i++) {
        if (!txn->space.arenas[i].is_sealed)
            status = xti_arena_give_memory(&txn->space, &txn->space.arenas[i]);
    }
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for an arena");
    txn->previous_generation = generation > 1 ? generation - 1 : 0;
    status = find_dropped(txn, &txn->knows_arenas);
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for arenas");
    status = xti_kept_load(txn, error);
    if (status == XT_OK)
        status = make_durable(txn, error);
    if (status == XT_OK)
        status = xti_remove_leftovers(txn, error);
    return status;
}

static xt_status open_parts(struct xti_txn *txn, uint64_t window_bytes, xt_error *error)
{
    uint64_t hashed = 0;
    xt_status status;

    status = open_head(txn, error);
    if (status == XT_OK && txn->is_writable)
        status = xti_take_lock(txn, error);
    if (status == XT_OK && txn->is_writable)
        status = xti_sign_lock(txn, error);
    if (status == XT_OK)
        status = xti_txn_load(txn, window_bytes, error);
    xti_watch_settle(txn, status);
    if (status == XT_OK && txn->is_writable && (txn->optional_features & ~XTD_OPTIONAL_KNOWN) != 0)
        return xti_report(error, XT_EFORMAT, txn->path, NULL, 56,
                          "an optional feature that this version cannot keep up when writing");
    if (status == XT_OK && txn->verify == XT_VERIFY_OPEN)
        status = xti_txn_check(txn, true, &hashed, error);
    if (status == XT_OK && txn->is_writable)
        status = prepare_writing(txn, error);
    return status;
}

xt_status xti_txn_open(const struct xti_os *os, const char *path, bool writable, xt_verify verify,
                       uint64_t window_bytes, xt_error *error, struct xti_txn **out)
{
    struct xti_txn *txn;
    xt_status status;

    *out = NULL;
    status = xti_txn_new(os, path, error, &txn);
    if (status == XT_OK) {
        txn->is_writable = writable;
        txn->verify = verify;
        status = open_parts(txn, window_bytes, error);
    }
    if (status != XT_OK) {
        xti_txn_close(txn);
        return status;
    }
    xti_report_clear(error);
    txn->is_ready = true;
    xti_figures_begin(txn);
    *out = txn;
    return XT_OK;
}
