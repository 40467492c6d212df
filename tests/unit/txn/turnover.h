/* tests/unit/txn/turnover.h -- a writer that leaves dead arenas behind, drops and removes them.
 *
 * Each turn fills an arena, so that the next commit begins another one, and the arenas before it
 * hold nothing that the tree refers to. Their places are used again as soon as they are dropped.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TURNOVER_H
#define TURNOVER_H

#include "txn/kept.h"
#include "unit/txn/scene.h"

/* Leaves dead arenas out of the manifest that the next commit writes, also those that a kept
 * snapshot needs: then only that one knows them. */
static inline void turnover_drop(struct xti_txn *txn)
{
    struct xti_space *space = &txn->space;

    txn->os->mutex_lock(txn->os, txn->mutex);
    for (uint32_t i = space->arena_count; i-- > 0;) {
        const struct xti_arena *arena = &space->arenas[i];

        if (arena->is_sealed && arena->live_units == 0 && arena->id != txn->now.arena_id)
            xti_space_remove(space, i);
    }
    txn->os->mutex_unlock(txn->os, txn->mutex);
    txn->edit.room = 0; /* positions have changed */
}

/* Commits a leaf with that id in a new arena, without the dead ones; then removes the files that
 * neither of the last two manifests lists. No view of the writer's is in use. */
static inline xt_status turnover(struct xti_txn *txn, uint64_t id)
{
    uint64_t units = ARENA_UNITS - 210; /* too much for what has begun, just enough for a new one */
    uint32_t ref;
    xt_status status = xti_txn_alloc(txn, units, &ref, NULL);

    if (status != XT_OK)
        return status;
    xti_txn_free(txn, ref, (uint32_t)units);
    status = scene_put(txn, id);
    if (status != XT_OK)
        return status;
    turnover_drop(txn);
    status = xti_txn_commit(txn, NULL);
    if (status == XT_OK)
        xti_remove_leftovers(txn);
    return status;
}

/* The ids of arenas that have files. */
static inline unsigned turnover_files(struct disk_os *disk)
{
    unsigned count = 0;
    char name[32];

    for (uint32_t id = 1; id < 1000; id++) {
        scene_arena_name(name, id);
        count += scene_has(disk, name) ? 1 : 0;
    }
    return count;
}

#endif
