/* src/txn/kept_list.c -- what is kept, told to readers and writers: from the folder, as it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/kept.h"

#include <string.h>

/* So often a snapshot may be dropped just before it is read. */
#define ATTEMPTS_MAX 256u

/* Whether the newest commit needs an arena: it has something that is alive, or will have. */
static bool is_current(struct xti_txn *txn, uint32_t arena_id)
{
    const struct xti_arena *arena;
    bool result;

    txn->os->mutex_lock(txn->os, txn->mutex);
    arena = xti_space_arena(&txn->space, arena_id);
    result = arena != NULL && !xti_arena_is_dropped(arena) &&
             (!arena->is_sealed || arena->visible_live_units > 0);
    txn->os->mutex_unlock(txn->os, txn->mutex);
    return result;
}

/* 0: not known. */
static uint64_t arena_file_bytes(const struct xti_txn *txn, uint32_t arena_id)
{
    char name[XTI_NAME_BYTES];
    uint64_t bytes = 0;
    xti_file file;

    xti_name_arena(name, arena_id);
    if (xti_open_file(txn->os, txn->path, name, XTI_OPEN_READ, &file) != 0)
        return 0;
    (void)txn->os->size(txn->os, file, &bytes);
    txn->os->close(txn->os, file);
    return bytes;
}

static void fill_info(struct xti_txn *txn, const struct xtd_snapshot *snapshot,
                      xt_snapshot_info *out)
{
    const struct xtd_manifest *manifest = xti_snapshot_manifest_const(snapshot);
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);

    static_assert(sizeof out->name == sizeof snapshot->name, "one limit");
    memcpy(out->name, snapshot->name, sizeof out->name);
    out->commit_time_ns = snapshot->state.time_ns;
    out->kept_time_ns = snapshot->kept_time_ns;
    out->item_count = snapshot->state.roots[0].item_count;
    out->live_bytes = snapshot->state.live_units * XTD_UNIT_BYTES;
    out->pinned_bytes = 0;
    for (uint32_t i = 0; i < manifest->arena_count; i++) {
        if (!is_current(txn, entries[i].arena_id))
            out->pinned_bytes += arena_file_bytes(txn, entries[i].arena_id);
    }
}

/* XT_ENOTFOUND with out->number set: it was dropped meanwhile. */
static xt_status look_at(struct xti_txn *txn, uint64_t i, xt_snapshot_info *out)
{
    struct xti_numbers numbers;
    struct xtd_snapshot *snapshot;
    xt_status status = xti_numbers_list(txn, &numbers, NULL);

    if (status == XT_OK && i >= numbers.count)
        status = XT_ENOTFOUND;
    if (status == XT_OK) {
        out->number = numbers.items[i];
        status = xti_snapshot_read(txn, out->number, &snapshot, NULL);
        if (status == XT_OK)
            fill_info(txn, snapshot, out);
        xti_snapshot_free(txn, snapshot);
    }
    xti_numbers_release(&numbers);
    return status;
}

xt_status xti_txn_kept(struct xti_txn *txn, uint64_t i, xt_snapshot_info *out)
{
    xt_status status = xti_txn_check_process(txn, NULL);

    if (status != XT_OK || txn->path == NULL)
        return status != XT_OK ? status : XT_ENOTFOUND;
    for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        out->number = 0;
        status = look_at(txn, i, out);
        if (status != XT_ENOTFOUND || out->number == 0)
            break;
    }
    return status;
}

static bool has_name(const struct xti_txn *txn, uint64_t number, const char *name,
                     xt_status *status)
{
    struct xtd_snapshot *snapshot;
    bool result;

    *status = xti_snapshot_read(txn, number, &snapshot, NULL);
    result = snapshot != NULL && strcmp(snapshot->name, name) == 0;
    xti_snapshot_free(txn, snapshot);
    return result;
}

xt_status xti_txn_find_kept(struct xti_txn *txn, const char *name, uint64_t *number)
{
    struct xti_numbers numbers;
    xt_status status = xti_txn_check_process(txn, NULL);

    *number = 0;
    if (status != XT_OK || txn->path == NULL || name[0] == '\0')
        return status != XT_OK ? status : XT_ENOTFOUND;
    status = xti_numbers_list(txn, &numbers, NULL);
    for (size_t i = 0; i < numbers.count && status == XT_OK && *number == 0; i++) {
        xt_status read;

        if (has_name(txn, numbers.items[i], name, &read))
            *number = numbers.items[i];
        if (read == XT_ENOMEM)
            status = read;
    }
    xti_numbers_release(&numbers);
    return status == XT_OK && *number == 0 ? XT_ENOTFOUND : status;
}

/* ---- together -------------------------------------------------------------------------------- */

static uint64_t pinned_bytes(struct xti_txn *txn, const struct xti_space *holder)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < holder->held_count; i++) {
        if (!is_current(txn, holder->held[i].arena_id))
            bytes += arena_file_bytes(txn, holder->held[i].arena_id);
    }
    return bytes;
}

/* Each arena once, in a space that is used for nothing else. */
static xt_status hold_all(const struct xti_txn *txn, const struct xti_numbers *numbers,
                          struct xti_space *holder)
{
    xt_status status = XT_OK;

    for (size_t i = 0; i < numbers->count && status == XT_OK; i++) {
        const struct xtd_manifest_arena *entries;
        struct xtd_snapshot *snapshot;

        status = xti_snapshot_read(txn, numbers->items[i], &snapshot, NULL);
        if (snapshot == NULL) {
            status = status == XT_ENOMEM ? status : XT_OK;
            continue;
        }
        entries = xti_manifest_arenas_const(xti_snapshot_manifest_const(snapshot));
        for (uint32_t k = 0; k < xti_snapshot_manifest_const(snapshot)->arena_count; k++) {
            if (status == XT_OK)
                status = xti_space_hold(holder, entries[k].arena_id, entries[k].first_unit,
                                        entries[k].range_units);
        }
        xti_snapshot_free(txn, snapshot);
    }
    return status;
}

xt_status xti_txn_kept_stats(struct xti_txn *txn, uint64_t *count, uint64_t *pinned)
{
    struct xti_space holder = {.os = txn->os};
    struct xti_numbers numbers;
    xt_status status;

    *count = txn->kept_count;
    *pinned = 0;
    if (txn->path == NULL)
        return XT_OK;
    if (txn->is_writable) {
        *pinned = pinned_bytes(txn, &txn->space);
        return XT_OK;
    }
    status = xti_numbers_list(txn, &numbers, NULL);
    if (status == XT_OK)
        status = hold_all(txn, &numbers, &holder);
    if (status == XT_OK) {
        *count = numbers.count;
        *pinned = pinned_bytes(txn, &holder);
    }
    xti_space_release(&holder);
    xti_numbers_release(&numbers);
    return status;
}
