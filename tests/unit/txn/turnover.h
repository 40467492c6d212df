/* tests/unit/txn/turnover.h -- a writer that leaves dead arenas behind, drops and removes them.
 *
 * Each turn fills an arena, so that the next commit begins another one, and the arenas before it
 * hold nothing that the tree refers to. Their places are used again soon after.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TURNOVER_H
#define TURNOVER_H

#include "txn/kept.h"
#include "unit/txn/scene.h"

/* Commits a leaf with that id in a new arena; the writer drops the dead ones, and removes the file
 * of each two manifests later. */
static inline xt_status turnover(struct xti_txn *txn, uint64_t id)
{
    uint64_t units = ARENA_UNITS - 210; /* too much for what has begun, just enough for a new one */
    uint32_t ref;
    xt_status status = xti_txn_alloc(txn, units, &ref, NULL);

    if (status != XT_OK)
        return status;
    xti_txn_free(txn, ref, (uint32_t)units);
    return scene_put_and_commit(txn, id);
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
