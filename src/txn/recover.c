/* src/txn/recover.c -- the commit that a damaged slot of HEAD named.
 *
 * Commit N writes its slot only after its extents and its record are durable. So where the slot
 * that commit N writes cannot be read, be it torn by a crash or rotten, N is found without it: its
 * record lies where commit N - 1 ended, or at the beginning of the first arena that N added, and
 * names N - 1 by its hash. Found, N is adopted like a commit that HEAD names, its extents hashed
 * besides; and if they are not as the record has them, that is corruption and not a reason to go
 * back: N may have been acknowledged.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

#include <errno.h>
#include <string.h>

static bool follows(const struct xti_txn *txn, const struct xtd_commit_record *record, uint32_t ref)
{
    return memcmp(record->uuid, txn->uuid, sizeof txn->uuid) == 0 &&
           record->state.txn == txn->state.txn + 1 && record->state.record_ref == ref &&
           record->previous_ref == txn->state.record_ref &&
           record->previous_hash == txn->record_hash;
}

/* Looks for the record at one place. *found: *slot is what HEAD would say. */
static xt_status look_at(struct xti_txn *txn, const struct xti_arena *arena, uint64_t unit,
                         struct xtd_head_slot *slot, bool *found)
{
    uint32_t ref = (uint32_t)(arena->first_unit + unit);
    struct xtd_commit_record *record;
    xti_file file;
    xt_status status;
    int result;

    if (unit + XTD_PAGE_UNITS > arena->range_units)
        return XT_OK;
    status = xti_open_arena(txn, arena, XTI_OPEN_READ, &file, NULL);
    if (status != XT_OK) /* without its file the arena holds no record */
        return status == XT_ENOMEM || status == XT_EIO ? status : XT_OK;
    record = txn->os->alloc(txn->os, XTD_PAGE_BYTES);
    if (record != NULL) {
        result = txn->os->read_at(txn->os, file, unit << XTD_UNIT_SHIFT, record, XTD_PAGE_BYTES);
        if (result == 0 && xti_commit_check(record, XTD_PAGE_BYTES, NULL) == XT_OK &&
            follows(txn, record, ref)) {
            memset(slot, 0, sizeof *slot);
            memcpy(slot->uuid, txn->uuid, sizeof slot->uuid);
            slot->state = record->state;
            slot->record_hash = xti_commit_hash(record);
            *found = true;
        }
        status = result == -ENODATA ? XT_OK : xti_os_status(result);
        txn->os->free(txn->os, record, XTD_PAGE_BYTES);
    } else {
        status = XT_ENOMEM;
    }
    txn->os->close(txn->os, file);
    return status;
}

/* The first arena that the next manifest adds to those that there are. */
static xt_status look_at_new_arena(struct xti_txn *txn, struct xtd_head_slot *slot, bool *found)
{
    const struct xtd_manifest_arena *entries;
    struct xtd_manifest *manifest;
    xt_status status;

    status = xti_read_manifest(txn, txn->state.manifest_generation + 1, &manifest, NULL);
    if (status != XT_OK)
        return status == XT_ENOMEM || status == XT_EIO ? status : XT_OK;
    entries = xti_manifest_arenas_const(manifest);
    for (uint32_t i = 0; i < manifest->arena_count; i++) {
        struct xti_arena arena = {0};

        if (entries[i].arena_id < txn->next_arena_id)
            continue;
        arena.id = entries[i].arena_id;
        arena.first_unit = entries[i].first_unit;
        arena.range_units = entries[i].range_units;
        status = look_at(txn, &arena, txn->schema.extent_align / XTD_UNIT_BYTES, slot, found);
        break;
    }
    txn->os->free(txn->os, manifest, manifest->total_bytes);
    return status;
}

xt_status xti_find_next_commit(struct xti_txn *txn, struct xtd_head_slot *slot, bool *found)
{
    const struct xti_arena *arena = xti_space_arena(&txn->space, txn->published.arena_id);
    xt_status status = XT_OK;

    *found = false;
    if (arena != NULL)
        status = look_at(txn, arena, arena->durable_units, slot, found);
    if (status == XT_OK && !*found)
        status = look_at_new_arena(txn, slot, found);
    return status;
}
