/* src/txn/clean.h -- which arena to clean, and how much; a part of the door of the txn room.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_CLEAN_H
#define XTI_TXN_CLEAN_H

#include "base/base.h"

struct xti_txn;

/* Files shall not hold more than so many times what lives; commits clean above that. And no commit
 * takes a victim of which more than this share lives. */
#define XTI_CLEAN_TARGET 1.3
#define XTI_CLEAN_SHARE_MAX 0.75

/* Of all arenas that no kept snapshot holds and that are not about to go, pending changes included.
 */
struct xti_clean_balance {
    uint64_t units;
    uint64_t live_units;
    uint64_t grown_units; /* since the last commit */
};
void xti_clean_balance(const struct xti_txn *txn, struct xti_clean_balance *out);

/* Which arenas may be victims. */
struct xti_clean_rule {
    double live_share_max;
    const uint32_t *stuck; /* arenas that are left out */
    uint32_t stuck_count;
};

struct xti_victim {
    uint32_t arena_id;
    double live_share;
};

/* The sealed arena with the least share that lives. False: none is to be cleaned; so in memory, and
 * for arenas that kept snapshots hold. */
bool xti_clean_choose(const struct xti_txn *txn, const struct xti_clean_rule *rule,
                      struct xti_victim *out);

/* An arena that was chosen is still there, holds something that lives, and is not held. */
bool xti_clean_goes_on(const struct xti_txn *txn, uint32_t arena_id);

/* Units that a commit should have moved, given what the epoch has grown by so far, of a victim with
 * such a share; changed_units: it had grown by before anything was moved. */
uint64_t xti_clean_goal(const struct xti_clean_balance *balance, double live_share,
                        uint64_t changed_units);

/* Commits as often as it takes until the files of arenas in which nothing lives are gone; those
 * that kept snapshots need stay. *commits: adds how many. Errors as xti_txn_commit(). */
XT_NODISCARD xt_status xti_txn_remove_dead(struct xti_txn *txn, uint64_t *commits, xt_error *error);

#endif
