/* src/txn/free.h -- lists of blocks that may be taken again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_FREE_H
#define XTI_TXN_FREE_H

#include "arena/arena.h"

struct xti_txn;

/* Blocks of one size that may be taken again. */
struct xti_free_blocks {
    uint32_t units;
    uint32_t old_count; /* free when the pending change began */
    uint32_t old_left;  /* of them, the first so many were not taken since */
    uint32_t fresh_count;
    uint32_t old_capacity;
    uint32_t fresh_capacity;
    uint32_t *old;   /* refs */
    uint32_t *fresh; /* refs; freed by the pending change, taken before the old ones */
};

#define XTI_FREE_SIZES_MAX 64u

/* A published block that the tree refers to no more, but that a view may lead to. */
struct xti_retired {
    uint64_t number; /* of the first publish without it: views from there on do not lead to it */
    uint32_t ref;
    uint32_t units;
};

/* Retired blocks in the order of their numbers: entries first .. end - 1 of the array. */
struct xti_retired_queue {
    struct xti_retired *entries;
    size_t capacity;
    size_t first;
    size_t settled; /* from there on they were retired by the pending change */
    size_t end;
};

/* Takes a free block of exactly that size. 0: there is none. */
uint32_t xti_free_take(struct xti_txn *txn, uint32_t units);

/* What the pending change freed: a block of its own, or one that is published. */
void xti_free_own(struct xti_txn *txn, uint32_t ref, uint32_t units);
void xti_free_retire(struct xti_txn *txn, uint32_t ref, uint32_t units);

/* The pending change was published; the oldest view in use has number `oldest`. Amortised O(1) for
 * each block that was freed. */
void xti_free_settle(struct xti_txn *txn, uint64_t oldest);

/* The pending change was rolled back. O(sizes). */
void xti_free_restore(struct xti_txn *txn);

/* Blocks that lie below `units` of an arena will be written: they are not given out again. */
void xti_free_freeze(struct xti_txn *txn, const struct xti_arena *arena, uint64_t units);

/* The same for all blocks that there are. */
void xti_free_drop(struct xti_txn *txn);

/* Gives the lists' memory back. */
void xti_free_release(struct xti_txn *txn);

#endif
