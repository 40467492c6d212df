/* src/txn/lives.h -- the life of arenas, and what kept snapshots hold on to.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_LIVES_H
#define XTI_TXN_LIVES_H

#include "txn/txn_private.h"

/* ---- lives.c ------------------------------------------------------------------------------- */

/* The range of an arena that is to be made: at least `units` free units. O(arenas). */
uint64_t xti_arena_units_for(const struct xti_txn *txn, uint64_t units);

/* The arena that takes allocations is large and a quarter of it dead: the next epoch leaves it, so
 * that it can be cleaned. */
bool xti_arena_is_worn(const struct xti_txn *txn, const struct xti_arena *arena);

/* The commit that is being made needs a new manifest. O(arenas). */
bool xti_manifest_is_due(const struct xti_txn *txn);

/* Its manifest, if it writes one, leaves the arena out. */
bool xti_arena_is_left_out(const struct xti_txn *txn, const struct xti_arena *arena);

/* The state has a frontier for the arena, if the commit writes no manifest. */
static inline bool xti_arena_has_frontier(const struct xti_txn *txn, const struct xti_arena *arena)
{
    return arena->id == txn->now.arena_id || arena->top_units != arena->listed_units;
}

/* The commit that is being made wrote manifest `generation`, and holds: drops the arenas that it
 * left out. The mutex is held. */
void xti_arenas_list(struct xti_txn *txn, uint64_t generation);

/* Removes the files of dropped arenas that the last two manifests do not list. The newest state is
 * durable. */
void xti_dropped_unlink(struct xti_txn *txn);

/* Gives back the ranges of dropped arenas that no view in use leads to. The mutex is held, or
 * nobody else knows the handle. */
void xti_dropped_release(struct xti_txn *txn);

/* ---- kept.c -------------------------------------------------------------------------------- */

/* A kept snapshot needs the arena. */
bool xti_arena_is_pinned(const struct xti_txn *txn, uint32_t arena_id);

#endif
