/* src/txn/clean.c -- which arenas to clean, and how much of them.
 *
 * Cleaning makes room by moving what lives in an arena, so that the whole file can go. The later
 * that is, the less lives there, and the less has to be moved. So arenas are emptied just in time.
 *
 * Let w be the room in the open arena, and A the size of the next one where space dies; of w no
 * more than 2 A are looked at. An arena that is emptied before the first is full leaves the
 * manifest which lists the second; its file goes with the one after that. Until then files grow to
 *
 *     units + w + 2 A - (what is emptied before w is used up),
 *
 * units being those of arenas in which something lives. What that has above the target, or above
 * what a small store takes at the least, is the debt.
 * Victims, the best ones first, take it away one after the other. Each has to be empty when so
 * much more was written that the target needs it to be; it is due if that is before w is used up.
 * A commit moves of each victim the share that it writes of what may be written until then. What
 * moves adds to the files; the target leaves room for it.
 *
 * Leaves that move lie apart from what changes make, in the cold arena: of the latter most dies
 * soon, paths with the next change. Where both lie together each arena holds so much that lives
 * that two to five times as much has to move. Leaves of large changes lie there from the start
 * (xti_epoch_undivided()). Figures: docs/decisions.md.
 *
 * Victims are told some time before they are due. Meanwhile their nodes move where that costs no
 * path: src/tree/move_out.c, near. What is left when they are due is sought.
 *
 * Worth: an arena of which the share u lives gives (1 - u) of its length for u that is written
 * again and u that is read; what has been there for long will stay: (1 - u) * age / (1 + u) (M.
 * Rosenblum, J. K. Ousterhout, The Design and Implementation of a Log-Structured File System, ACM
 * TOCS 10(1), 1992).
 *
 * Kept snapshots hold whole arenas; these do not count, neither as what there is nor as what lives.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

/* No commit takes a victim of which a larger share lives. In cold arenas that is much: they lose
 * nothing but leaves that change. */
#define SHARE_MAX 0.85

/* So many arenas more than what lives are no debt: four are there in any case, the open one, the
 * cold one, the spare one and one that waits for a manifest. In a store that is not much larger
 * than an arena the target cannot be had, and trying would move all of it for ever. */
#define SPARED_ARENAS 5

/* Victims are told so many arenas before they are due. */
#define AHEAD_ARENAS 2

/* A commit moves at most three times what was written, so that a step takes no milliseconds more
 * than its syncs; and so much as a bound for memory. */
#define MOVED_UNITS_MAX ((UINT64_C(16) << 20) / XTD_UNIT_BYTES)

/* By hand, victims with so many live units are emptied together: one walk through the tree. */
#define TOGETHER_UNITS ((UINT64_C(8) << 20) / XTD_UNIT_BYTES)

static bool counts(const struct xti_txn *txn, const struct xti_arena *arena)
{
    if (arena->is_sealed && arena->live_units == 0)
        return false; /* it is about to go */
    return !xti_arena_is_pinned(txn, arena->id);
}

void xti_clean_balance(const struct xti_txn *txn, struct xti_clean_balance *out)
{
    *out = (struct xti_clean_balance){0, 0};
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (!counts(txn, arena))
            continue;
        out->units += arena->top_units;
        out->live_units += arena->live_units;
    }
}

/* ---- victims, in order ----------------------------------------------------------------------- */

struct candidate {
    const struct xti_arena *arena;
    double worth;
};

static double worth_of(const struct xti_txn *txn, const struct xti_arena *arena)
{
    double share = (double)arena->live_units / (double)arena->durable_units;
    double age = (double)(txn->state.txn + 1 - arena->created_txn) + 1.0;

    return (1.0 - share) * age / (1.0 + share);
}

static bool may_be_cleaned(const struct xti_txn *txn, const struct xti_arena *arena,
                           const struct xti_clean_stuck *stuck, double share_max)
{
    if (!arena->is_sealed || arena->live_units == 0 ||
        (double)arena->live_units > share_max * (double)arena->durable_units)
        return false;
    for (uint32_t i = 0; i < stuck->count; i++) {
        if (stuck->ids[i] == arena->id)
            return false;
    }
    return !xti_arena_is_pinned(txn, arena->id);
}

/* The candidates of most worth, in order. Returns how many. */
static uint32_t candidates_find(const struct xti_txn *txn, const struct xti_clean_stuck *stuck,
                                double share_max, struct candidate *out)
{
    uint32_t count = 0;

    for (uint32_t i = 0; txn->path != NULL && i < txn->space.arena_count; i++) {
        const struct candidate new = {&txn->space.arenas[i], worth_of(txn, &txn->space.arenas[i])};
        uint32_t at;

        if (!may_be_cleaned(txn, new.arena, stuck, share_max))
            continue;
        if (count < XTI_CLEAN_VICTIMS_MAX)
            count++;
        else if (out[count - 1].worth >= new.worth)
            continue;
        for (at = count - 1; at > 0 && out[at - 1].worth < new.worth; at--)
            out[at] = out[at - 1];
        out[at] = new;
    }
    return count;
}

uint64_t xti_clean_live_units(const struct xti_txn *txn, uint32_t arena_id)
{
    const struct xti_clean_stuck none = {NULL, 0};

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (arena->id == arena_id && may_be_cleaned(txn, arena, &none, 1.0))
            return arena->live_units;
    }
    return 0;
}

/* ---- in commits ------------------------------------------------------------------------------ */

static double max_double(double a, double b)
{
    return a > b ? a : b;
}

static double min_double(double a, double b)
{
    return a < b ? a : b;
}

/* Room in the open arena. */
static double open_room(const struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (arena->id == txn->now.arena_id)
            return (double)(arena->range_units - arena->top_units);
    }
    return 0;
}

/* What was written since the last commit, in steps: most small commits have none, and the next one
 * has theirs. What the steps are is told by the open arena, so that it does not matter how many
 * handles a store is written by. */
static uint64_t grown_in_steps(const struct xti_txn *txn)
{
    uint64_t units = 0;

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];
        uint64_t grown = xti_epoch_grown(txn, arena);

        if (arena->id != txn->now.arena_id)
            units += grown;
        else
            units += arena->top_units / XTI_CLEAN_STEP_UNITS * XTI_CLEAN_STEP_UNITS -
                     (arena->top_units - grown) / XTI_CLEAN_STEP_UNITS * XTI_CLEAN_STEP_UNITS;
    }
    return units;
}

/* Those that end before so much is written. */
static double steps_in(double units)
{
    uint64_t steps = (uint64_t)units / XTI_CLEAN_STEP_UNITS;

    return (double)steps;
}

/* What a commit that has changed so much moves at most. */
static uint64_t most_to_move(uint64_t grown_units)
{
    return 3 * grown_units > MOVED_UNITS_MAX ? MOVED_UNITS_MAX : 3 * grown_units;
}

static uint64_t share_of(uint64_t grown_units, double rate)
{
    double steps = (double)grown_units / (double)XTI_CLEAN_STEP_UNITS;

    return (uint64_t)min_double(rate * steps, (double)most_to_move(grown_units)) + 1;
}

void xti_clean_plan(const struct xti_txn *txn, const struct xti_clean_stuck *stuck,
                    struct xti_clean_victims *out)
{
    struct candidate candidates[XTI_CLEAN_VICTIMS_MAX];
    uint64_t grown_units = grown_in_steps(txn);
    uint32_t count;
    double next = (double)xti_arena_units_small(txn);
    double room = min_double(open_room(txn), 2 * next);
    double beyond; /* the debt */
    double rate = 0;
    double due_rate = 0;
    struct xti_clean_balance balance;

    *out = (struct xti_clean_victims){0};
    if (grown_units == 0)
        return;
    count = candidates_find(txn, stuck, SHARE_MAX, candidates);
    xti_clean_balance(txn, &balance);
    beyond = max_double(XTI_CLEAN_TARGET * (double)balance.live_units,
                        (double)balance.live_units + SPARED_ARENAS * next) -
             (double)balance.units - room - 2 * next;
    for (uint32_t i = 0; i < count; i++) {
        const struct xti_arena *arena = candidates[i].arena;
        double units = (double)arena->durable_units;
        double share;

        beyond += units;
        if (beyond > max_double(AHEAD_ARENAS * next, units))
            break;
        share = (double)arena->live_units / (1 + steps_in(max_double(room + beyond, 0)));
        rate += share;
        if (out->due_count == i && beyond <= max_double(0, units - 2 * next)) {
            due_rate += share;
            out->due_count++;
        }
        out->ids[out->count++] = arena->id;
    }
    if (out->count == 0)
        return;
    out->live_units = candidates[0].arena->live_units;
    out->move_units = share_of(grown_units, rate);
    out->move_due_units = share_of(grown_units, due_rate);
}

/* ---- by hand --------------------------------------------------------------------------------- */

void xti_clean_plan_all(const struct xti_txn *txn, const struct xti_clean_stuck *stuck,
                        double target, struct xti_clean_victims *out)
{
    struct candidate candidates[XTI_CLEAN_VICTIMS_MAX];
    uint32_t count = candidates_find(txn, stuck, 1.0 / target, candidates);
    struct xti_clean_balance balance;

    *out = (struct xti_clean_victims){0};
    xti_clean_balance(txn, &balance);
    for (uint32_t i = 0; i < count && out->move_units < TOGETHER_UNITS; i++) {
        const struct xti_arena *arena = candidates[i].arena;

        if ((double)balance.units <= target * (double)balance.live_units)
            break;
        balance.units -= arena->durable_units - arena->live_units;
        out->ids[out->count++] = arena->id;
        out->move_units += arena->live_units;
    }
    out->due_count = out->count;
    out->live_units = count > 0 ? candidates[0].arena->live_units : 0;
    out->move_due_units = out->move_units;
}
