/* tests/kill/kept.h -- the kept snapshots that a store must have, those that it may have, and what
 * each of them shows.
 *
 * Copied by assignment and by fork(), as a history is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef KEPT_H
#define KEPT_H

#include "history.h"

#define KEPT_MAX 8

struct kept_snapshot {
    uint64_t number;
    uint64_t count; /* of items */
    uint64_t answers[HISTORY_WINDOWS];
    bool is_named;
    bool is_sure; /* else it is there or not: it was being kept or dropped */
};

struct kept {
    size_t count;
    struct kept_snapshot snapshots[KEPT_MAX]; /* of numbers that ascend */
};

/* NULL: there is none of this number. */
struct kept_snapshot *kept_find(struct kept *kept, uint64_t number);

/* What the history is at becomes a snapshot that is not sure. Not when KEPT_MAX are there. */
void kept_add(struct kept *kept, const struct history *history, uint64_t number, bool is_named);
void kept_remove(struct kept *kept, uint64_t number);

/* CHECKs that the store has all that are sure, none that is not known, and that each shows what it
 * must. What is not sure, is afterwards: it is there or removed. */
bool kept_are_shown(struct kept *kept, xt_store *store);

#endif
