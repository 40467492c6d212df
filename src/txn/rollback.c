/* src/txn/rollback.c -- back to what was published last.
 *
 * Costs something for each arena and each size of free blocks, nothing for each change: what was
 * made is not looked at. The steps: README.md, B1 to B5.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

/* B1. Drops the arenas that only unpublished changes use. */
static void drop_new_arenas(struct xti_txn *txn)
{
    char name[XTI_NAME_BYTES];
    struct xti_arena_file held;

    for (uint32_t i = txn->space.arena_count; i-- > 0;) {
        const struct xti_arena *arena = &txn->space.arenas[i];
        struct xti_epoch_part *part = xti_epoch_part(txn, arena->id);

        if (arena->visible_units > xti_arena_header_units(txn) ||
            arena->created_txn <= txn->state.txn || (part == NULL && txn->path != NULL))
            continue;
        if (part != NULL) {
            xti_epoch_forget(txn, part);
            if (xti_arena_file_take(txn, arena->id, &held))
                txn->os->close(txn->os, held.file);
            xti_name_arena(name, arena->id);
            (void)xti_remove_file(txn->os, txn->path, name);
        }
        xti_space_remove(&txn->space, i);
    }
}

/* B2. Where the system refuses new memory, what was allocated stays so, in no use. */
static xt_status rewind_arenas(struct xti_txn *txn)
{
    xt_status status = XT_OK;

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        xt_status rewound = xti_arena_rewind(&txn->space, &txn->space.arenas[i]);

        if (rewound != XT_OK)
            status = rewound;
    }
    return status;
}

/* B3. A part of which nothing was published is forgotten, and with the first one the record. What
 * was written beyond the top of another does not count any more: all of it is written again. */
static void rewind_part(struct xti_txn *txn, struct xti_epoch_part *part,
                        const struct xti_arena *arena)
{
    if (part->sealed_units > arena->top_units)
        part->sealed_units = arena->top_units;
    if (part->written_units <= arena->top_units)
        return;
    part->written_units = part->first_unit;
    if (arena->first_unit + part->first_unit == txn->epoch.record_ref)
        part->written_units += XTD_PAGE_UNITS;
    xti_hash_init(&part->hash);
}

/* The system refused to take back what lies above the published blocks: no walk through blocks goes
 * there, as they may be half made. */
static void seal_remains(struct xti_txn *txn, struct xti_epoch_part *part, struct xti_arena *arena)
{
    if (part->sealed_units == arena->top_units || arena->top_units == arena->visible_units)
        return;
    xti_free_freeze(txn, arena, arena->top_units);
    xti_epoch_seal(txn, part, arena->visible_units);
    part->sealed_units = arena->top_units;
    arena->frozen_units = arena->top_units;
}

static void rewind_parts(struct xti_txn *txn)
{
    for (uint32_t i = txn->epoch.part_count; i-- > 0;) {
        struct xti_epoch_part *part = &txn->epoch.parts[i];
        struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);

        if (arena->top_units <= part->first_unit) {
            xti_epoch_forget(txn, part);
            continue;
        }
        rewind_part(txn, part, arena);
        seal_remains(txn, part, arena);
    }
}

xt_status xti_txn_rollback(struct xti_txn *txn)
{
    xt_status status = xti_txn_check_writer(txn, NULL);

    if (status != XT_OK || !txn->is_dirty)
        return status;
    xti_txn_settle(txn);
    txn->os->mutex_lock(txn->os, txn->mutex);
    drop_new_arenas(txn);
    status = rewind_arenas(txn);
    txn->os->mutex_unlock(txn->os, txn->mutex);
    txn->now = txn->published;
    xti_free_restore(txn);
    rewind_parts(txn);
    txn->edit.room = 0; /* another arena may be the one that takes allocations */
    txn->expected_units = 0;
    xti_txn_next_sequence(txn, false);
    txn->is_dirty = status != XT_OK;
    return status;
}
