/* tests/model/changes_private.h -- the state of a world's life; for the files that lead it.
 *
 *   changes.c        phases, batches, and how batches end
 *   changes_items.c  single changes
 *   changes_store.c  making, reopening and checking stores; snapshots that are held
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHANGES_PRIVATE_H
#define CHANGES_PRIVATE_H

#include "changes.h"
#include "support/check.h"

#define HELD_COUNT 4
#define HELD_QUESTIONS 3

/* A snapshot that stays open while the world goes on, and what it must go on answering. */
struct held {
    xt_snapshot *snapshot;
    uint64_t count;
    struct question questions[HELD_QUESTIONS];
};

enum phase { PHASE_GROW, PHASE_CHURN, PHASE_MOVE, PHASE_BURST, PHASE_SHRINK, PHASE_COUNT };

struct run {
    const struct world *world;
    const struct changes_options *options;
    struct changes_totals *totals;
    uint64_t random; /* of what happens */
    uint64_t asking; /* of what is asked: how much does not decide what happens */
    struct mirror mirror;
    struct world_maker maker;
    uint64_t next_id;
    uint64_t done;      /* single changes */
    uint64_t unchecked; /* of these since the last check */
    uint32_t height;    /* at the last check */

    enum phase phase;
    size_t target;       /* of growing and shrinking: items */
    uint64_t phase_left; /* of the others: changes */
    uint32_t burst_in, burst_out;

    xt_store *store;
    xt_store *reader; /* beside the writer; NULL: none */
    char path[512];
    struct held held[HELD_COUNT];
};

static inline uint64_t run_pick(struct run *run, uint64_t count)
{
    return check_random(&run->random) % count;
}

/* ---- changes_items.c ----------------------------------------------------------------------- */

/* One change of a kind that suits the phase. */
bool item_change(struct run *run);

/* Adds items with a loader, or is cancelled. No change is pending. */
bool items_load(struct run *run, size_t count);

/* ---- changes_store.c ----------------------------------------------------------------------- */

bool store_create(struct run *run);

/* Adds up what the store says of its changes, and ends it, its reader and its snapshots. */
bool store_close(struct run *run);
bool store_remove(const struct run *run);
bool store_reopen(struct run *run);

/* Moves what lives in arenas elsewhere, some of it or all. Now and then commits clean no more, or
 * again. */
bool store_clean(struct run *run);

/* A new store with the same items takes the place of one that has used much space. */
bool store_renew(struct run *run);
bool store_is_large(struct run *run);

/* The published state is what the mirror says. */
bool store_check(struct run *run);
bool reader_check(struct run *run);

/* Takes a snapshot in the place of another, which is asked again before. */
bool snapshot_hold(struct run *run);
bool snapshots_release(struct run *run);

#endif
