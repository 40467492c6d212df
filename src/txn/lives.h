/* src/txn/lives.h -- the life of arenas, and what kept snapshots hold on to.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_LIVES_H
#define XTI_TXN_LIVES_H

#include "txn/txn_private.h"

/* ---- lives.c ------------------------------------------------------------------------------- */

/* The range of an arena that is to be made: at least `units` free units. O(arenas). */
uint64_t xti_arena_units_for(const struct xti_txn *txn, uint64_t units, bool is_cold);

/* Little of the store is dead: it only grows. O(arenas). */
bool xti_arenas_grow(const struct xti_txn *txn);

/* The same for any number, where much of what there is is dead. */
uint64_t xti_arena_units_small(const struct xti_txn *txn);

/* The arena that takes allocations is large and a quarter of it dead: the next epoch leaves it, so
 * that it can be cleaned. */
bool xti_arena_is_worn(const struct xti_txn *txn, const struct xti_arena *arena);

/* Some arena holds nothing that lives, and no manifest needs to list it, or its file is still to be
 * removed. O(arenas). */
bool xti_arenas_are_dead(const struct xti_txn *txn);

/* The commit that is being made needs a new manifest. O(arenas). */
bool xti_manifest_is_due(const struct xti_txn *txn);

/* Its manifest, if it writes one, leaves the arena out. */
bool xti_arena_is_left_out(const struct xti_txn *txn, const struct xti_arena *arena);

/* Only the header of the arena is committed, and nothing was allocated in it: it is there to become
 * the next one that takes allocations. */
static inline bool xti_arena_is_spare(const struct xti_txn *txn, const struct xti_arena *arena)
{
    return txn->path != NULL && !arena->is_sealed && !xti_arena_is_dropped(arena) &&
           !xti_arena_is_open(txn, arena->id) && arena->top_units == xti_arena_header_units(txn);
}

/* The state has a frontier for the arena, if the commit writes no manifest. */
static inline bool xti_arena_has_frontier(const struct xti_txn *txn, const struct xti_arena *arena)
{
    return xti_arena_is_open(txn, arena->id) ||
           (arena->top_units != arena->listed_units && !xti_arena_is_spare(txn, arena));
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

/* ---- spare.c ------------------------------------------------------------------------------- */

/* NULL: there is none. */
struct xti_arena *xti_spare_find(struct xti_txn *txn);

/* There is one that the next manifest should list. */
bool xti_spare_is_ready(const struct xti_txn *txn);

/* A commit of `units` was made: does the next thing for a spare, if it is worth having one. */
void xti_spare_step(struct xti_txn *txn, uint64_t units);

/* ---- arena_files.c ------------------------------------------------------------------------- */

/* Takes the file out of those that are held. False: it is not there. */
bool xti_arena_file_take(struct xti_txn *txn, uint32_t arena_id, struct xti_arena_file *out);

/* Keeps the file, or closes it if it is not needed; the same for all others. At most XTI_HELD_MAX
 * are kept: the caller has looked that no more are unsynced. */
void xti_arena_file_give(struct xti_txn *txn, const struct xti_arena_file *held);

struct xti_arena_file *xti_arena_file_find(struct xti_txn *txn,
                                           uint32_t arena_id); /* NULL: it is not there */
bool xti_arena_file_is_unsynced(struct xti_txn *txn);          /* any of them that counts */
void xti_arena_file_close(struct xti_txn *txn);

/* XT_EBROKEN: the sync failed. with_spare: a manifest is about to list the spare arena too. */
xt_status xti_arena_file_sync(struct xti_txn *txn, struct xti_arena_file *held, xt_error *error);
xt_status xti_arena_file_sync_all(struct xti_txn *txn, bool with_spare, xt_error *error);

/* Writes zeroes behind what the file has, and behind from_unit, as far as is fitting, so that
 * commits find blocks that were written before. What fails is not done, and nothing is lost when
 * they are: they need no sync. */
void xti_arena_file_write_ahead(struct xti_txn *txn, struct xti_arena_file *held,
                                uint64_t from_unit);
void xti_zeroes_release(struct xti_txn *txn);

/* ---- kept.c -------------------------------------------------------------------------------- */

/* A kept snapshot needs the arena. */
bool xti_arena_is_pinned(const struct xti_txn *txn, uint32_t arena_id);

#endif
