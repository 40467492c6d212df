/* src/txn/clean.c -- which arena to clean, and how much of it.
 *
 * Cleaning makes room by moving what lives in an arena, so that the whole file can go. An arena of
 * which the share u lives gives (1 - u) of its length for u of it that is written again.
 *
 * Steady state: a change writes w units and cleaning m, and victims must give back w + m. They do
 * when m = u * (w + m), that is m = w * u / (1 - u): so src/api/clean.c moves until what it moved
 * is u of what the epoch has grown by, whatever else that holds (copied paths, records, gaps). With
 * random changes, victims at u = 0.6 and a mean over all arenas of 0.77 go together (M. Rosenblum,
 * J. K. Ousterhout, The Design and Implementation of a Log-Structured File System, ACM TOCS 10(1),
 * 1992; the mean is (u - 1) / ln u): files at 1.3 times what lives, 2.5 bytes written for one that
 * was changed. Above the target, up to twice as much is moved, until it is kept.
 *
 * Kept snapshots hold whole arenas; these do not count, neither as what there is nor as what lives.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

/* What a commit of small changes moves at most, so that it does not take milliseconds more than its
 * sync; and what any commit does, as a bound for memory. Between them, twice what it changed. */
#define MOVED_UNITS_SMALL ((UINT64_C(1) << 20) / XTD_UNIT_BYTES)
#define MOVED_UNITS_MAX ((UINT64_C(16) << 20) / XTD_UNIT_BYTES)

/* Above the target by so much of what lives, twice the steady amount is moved. */
#define EXCESS_FOR_TWICE 0.1

static bool counts(const struct xti_txn *txn, const struct xti_arena *arena)
{
    if (arena->is_sealed && arena->live_units == 0)
        return false; /* it is about to go */
    return !xti_arena_is_pinned(txn, arena->id);
}

void xti_clean_balance(const struct xti_txn *txn, struct xti_clean_balance *out)
{
    *out = (struct xti_clean_balance){0, 0, 0};
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (!counts(txn, arena))
            continue;
        out->units += arena->top_units;
        out->live_units += arena->live_units;
    }
    for (uint32_t i = 0; i < txn->epoch.part_count; i++) {
        const struct xti_epoch_part *part = &txn->epoch.parts[i];
        const struct xti_arena *arena = NULL;

        for (uint32_t j = 0; j < txn->space.arena_count; j++) {
            if (txn->space.arenas[j].id == part->arena_id)
                arena = &txn->space.arenas[j];
        }
        if (arena != NULL)
            out->grown_units += arena->top_units - part->first_unit;
    }
}

static bool may_be_cleaned(const struct xti_txn *txn, const struct xti_arena *arena,
                           double live_share_max)
{
    double units = (double)arena->durable_units;

    return arena->is_sealed && arena->live_units > 0 &&
           (double)arena->live_units <= live_share_max * units &&
           !xti_arena_is_pinned(txn, arena->id);
}

static double live_share(const struct xti_arena *arena)
{
    return (double)arena->live_units / (double)arena->durable_units;
}

bool xti_clean_choose(const struct xti_txn *txn, const struct xti_clean_rule *rule,
                      struct xti_victim *out)
{
    *out = (struct xti_victim){0, 1.0};
    if (txn->path == NULL)
        return false;
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];
        bool is_stuck = false;

        for (uint32_t j = 0; j < rule->stuck_count && !is_stuck; j++)
            is_stuck = rule->stuck[j] == arena->id;
        if (is_stuck || !may_be_cleaned(txn, arena, rule->live_share_max) ||
            (out->arena_id != 0 && live_share(arena) >= out->live_share))
            continue;
        *out = (struct xti_victim){arena->id, live_share(arena)};
    }
    return out->arena_id != 0;
}

bool xti_clean_goes_on(const struct xti_txn *txn, uint32_t arena_id)
{
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        if (txn->space.arenas[i].id == arena_id)
            return may_be_cleaned(txn, &txn->space.arenas[i], 1.0);
    }
    return false;
}

/* How much more than the steady amount, from 1 to 2; 0: the target is kept. */
static double pressure(const struct xti_clean_balance *balance, double target)
{
    double live = (double)balance->live_units;
    double excess = (double)balance->units - target * live;

    if (excess <= 0)
        return 0;
    return excess < EXCESS_FOR_TWICE * live ? 1 + excess / (EXCESS_FOR_TWICE * live) : 2;
}

uint64_t xti_clean_goal(const struct xti_clean_balance *balance, double live_share,
                        uint64_t changed_units)
{
    double goal = live_share * (double)balance->grown_units * pressure(balance, XTI_CLEAN_TARGET);
    uint64_t most = 2 * changed_units;

    if (most < MOVED_UNITS_SMALL)
        most = MOVED_UNITS_SMALL;
    if (most > MOVED_UNITS_MAX)
        most = MOVED_UNITS_MAX;
    return goal < (double)most ? (uint64_t)goal : most;
}
