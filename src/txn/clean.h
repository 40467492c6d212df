/* src/txn/clean.h -- which arenas to clean, and how much; a part of the door of the txn room.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_CLEAN_H
#define XTI_TXN_CLEAN_H

#include "base/base.h"

struct xti_txn;

/* Files shall not hold more than so many times what lives, but in small stores (clean.c). What is
 * on its way takes up to a tenth more: zeroes written ahead, arenas that wait for a manifest. */
#define XTI_CLEAN_TARGET 1.39

/* What moves goes to a file of its own, for which a commit has one more sync to wait. So small
 * commits do it for so much that was written, together. */
#define XTI_CLEAN_STEP_UNITS UINT64_C(2048) /* 128 KiB */

#define XTI_CLEAN_VICTIMS_MAX 16u

/* Of all arenas that no kept snapshot holds and that are not about to go, pending changes included.
 */
struct xti_clean_balance {
    uint64_t units;
    uint64_t live_units;
};
void xti_clean_balance(const struct xti_txn *txn, struct xti_clean_balance *out);

/* Arenas that are to be emptied, the next one first. */
struct xti_clean_victims {
    uint32_t count;
    uint32_t due_count; /* the first of them: before the open arena is full */
    uint32_t ids[XTI_CLEAN_VICTIMS_MAX];
    uint64_t live_units;     /* of the first one */
    uint64_t move_units;     /* that a commit should move out of all of them */
    uint64_t move_due_units; /* out of those that are due */
};

/* Arenas that are left out. */
struct xti_clean_stuck {
    const uint32_t *ids;
    uint32_t count;
};

/* What the pending change should clean. None: in memory, where the target is kept for long, where
 * the open arena has not grown into the next step, and of arenas that kept snapshots hold.
 * O(arenas). */
void xti_clean_plan(const struct xti_txn *txn, const struct xti_clean_stuck *stuck,
                    struct xti_clean_victims *out);

/* While true, blocks are taken from the cold arena: for leaves that move, as they will stay for
 * long. What changes make dies soon, and where both lie together neither can go. A page for the
 * record is reserved in the open arena before. */
void xti_txn_take_cold(struct xti_txn *txn, bool is_cold);

/* What should be emptied until files hold no more than `target` times what lives, all of it due:
 * the first few arenas. O(arenas). */
void xti_clean_plan_all(const struct xti_txn *txn, const struct xti_clean_stuck *stuck,
                        double target, struct xti_clean_victims *out);

/* Units that live in an arena that may be cleaned; 0: it is not there. */
uint64_t xti_clean_live_units(const struct xti_txn *txn, uint32_t arena_id);

/* Commits as often as it takes until the files of arenas in which nothing lives are gone; those
 * that kept snapshots need stay. *commits: adds how many. Errors as xti_txn_commit(). */
XT_NODISCARD xt_status xti_txn_remove_dead(struct xti_txn *txn, uint64_t *commits, xt_error *error);

#endif
