/* src/api/clean.c -- cleaning: a little of it in each commit, or as much as is asked for by hand.
 *
 * Which arena, and how much: src/txn/clean.c. How a node finds its way out: src/tree/move_out.c.
 * What is moved is part of the pending change, so a commit makes it durable together with that, and
 * a crash anywhere is one in an ordinary commit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

#include <string.h>

/* After so many units the balance is looked at again. */
#define STEP_UNITS ((UINT64_C(32) << 10) / XTD_UNIT_BYTES)
/* A commit looks at no more blocks and nodes: few milliseconds. */
#define COMMIT_LOOKS 16384u

#define HAND_TARGET_DEFAULT 1.1
#define HAND_STEP_UNITS ((UINT64_C(1) << 20) / XTD_UNIT_BYTES)
#define HAND_STEP_LOOKS 65536u
#define HAND_COMMIT_UNITS ((UINT64_C(8) << 20) / XTD_UNIT_BYTES)

/* ---- the victim ---------------------------------------------------------------------------- */

/* Goes on with the victim that there is, or chooses one. */
static bool victim_have(xt_store *store, double live_share_max)
{
    struct xti_cleaner *cleaner = &store->cleaner;
    const struct xti_clean_rule rule = {live_share_max, cleaner->stuck, cleaner->stuck_count};
    struct xti_victim victim;

    if (cleaner->move.arena_id != 0 && xti_clean_goes_on(store->txn, cleaner->move.arena_id))
        return true;
    cleaner->move.arena_id = 0;
    if (!xti_clean_choose(store->txn, &rule, &victim))
        return false;
    cleaner->move.arena_id = victim.arena_id;
    cleaner->move.next_unit = 0;
    cleaner->live_share = victim.live_share;
    return true;
}

/* Its last block was looked at. If something is still said to live there, its numbers are wrong,
 * and going through it again is of no use. */
static void victim_end(xt_store *store)
{
    struct xti_cleaner *cleaner = &store->cleaner;

    if (xti_clean_goes_on(store->txn, cleaner->move.arena_id) &&
        cleaner->stuck_count < XTI_ARRAY_COUNT(cleaner->stuck))
        cleaner->stuck[cleaner->stuck_count++] = cleaner->move.arena_id;
    cleaner->move.arena_id = 0;
}

static xt_status victim_step(xt_store *store, struct xti_writer *writer,
                             const struct xti_move_limits *limits)
{
    bool is_done;
    xt_status status = xti_tree_move_out(writer, &store->cleaner.move, limits, &is_done);

    if (status == XT_OK && is_done)
        victim_end(store);
    return status;
}

void xti_cleaner_settle(xt_store *store)
{
    store->cleaner.settled = store->cleaner.move;
    xti_txn_note_moved(store->txn, store->cleaner.move.units * XTD_UNIT_BYTES);
}

void xti_cleaner_undo(xt_store *store)
{
    store->cleaner.move = store->cleaner.settled;
}

/* ---- in commits ---------------------------------------------------------------------------- */

/* What a commit does: counts of the cleaner up to which it goes on. */
struct commit_share {
    xt_store *store;
    struct xti_writer *writer;
    uint64_t moved_before;
    uint64_t looks_end;
    uint64_t changed_units;
    uint64_t also_end;
    uint32_t also[XTI_MOVE_ALSO_MAX];
    uint32_t also_count;
};

/* Up to which the cleaner's units shall count, out of a victim of which so much lives. */
static uint64_t share_goal(const struct commit_share *share, double live_share)
{
    struct xti_clean_balance balance;

    xti_clean_balance(share->store->txn, &balance);
    return share->moved_before + xti_clean_goal(&balance, live_share, share->changed_units);
}

/* The next victims: whatever else brings a node's parent along moves the node out of these. */
static void share_also(struct commit_share *share)
{
    const struct xti_cleaner *cleaner = &share->store->cleaner;
    uint32_t left_out[XTI_STUCK_MAX + 1 + XTI_MOVE_ALSO_MAX];
    struct xti_clean_rule rule = {XTI_CLEAN_SHARE_MAX, left_out, cleaner->stuck_count};
    struct xti_victim victim;

    memcpy(left_out, cleaner->stuck, sizeof cleaner->stuck);
    left_out[rule.stuck_count++] = cleaner->move.arena_id;
    share->also_count = 0;
    while (share->also_count < XTI_MOVE_ALSO_MAX &&
           xti_clean_choose(share->store->txn, &rule, &victim)) {
        left_out[rule.stuck_count++] = victim.arena_id;
        share->also[share->also_count++] = victim.arena_id;
    }
}

static struct xti_move_limits share_limits(const struct commit_share *share, uint64_t units)
{
    struct xti_move_limits limits = {
        units, share->looks_end, share->also_end, {0}, share->also_count};

    memcpy(limits.also, share->also, sizeof limits.also);
    return limits;
}

/* Children of what the change has copied for its own sake: these moves cost nothing else. False:
 * that failed. */
static bool share_near(struct commit_share *share)
{
    struct xti_cleaner *cleaner = &share->store->cleaner;
    struct xti_move_limits limits;

    if (!victim_have(share->store, XTI_CLEAN_SHARE_MAX))
        return false;
    share_also(share);
    limits = share_limits(share, share_goal(share, cleaner->live_share));
    return xti_tree_move_near(share->writer, &cleaner->move, &limits) == XT_OK;
}

/* What is left to be moved, from the cursor of the victim on. False: enough was. */
static bool share_step(const struct commit_share *share)
{
    struct xti_cleaner *cleaner = &share->store->cleaner;
    struct xti_move_limits limits;
    uint64_t goal;

    if (cleaner->move.looks >= share->looks_end || !victim_have(share->store, XTI_CLEAN_SHARE_MAX))
        return false;
    goal = share_goal(share, cleaner->live_share);
    if (cleaner->move.units >= goal)
        return false;
    limits = share_limits(
        share, cleaner->move.units + STEP_UNITS < goal ? cleaner->move.units + STEP_UNITS : goal);
    return victim_step(share->store, share->writer, &limits) == XT_OK;
}

/* An error ends it: what was moved so far is a part of the change as any other, and the commit can
 * do without more. A commit that failed is not made larger when it is tried again. */
static void commit_clean(xt_store *store)
{
    struct xti_cleaner *cleaner = &store->cleaner;
    struct commit_share share = {
        store, NULL, cleaner->move.units, cleaner->move.looks + COMMIT_LOOKS, 0, 0, {0}, 0};
    struct xti_clean_balance balance;

    if (store->no_cleaning || cleaner->has_failed || !xti_txn_has_files(store->txn))
        return;
    xti_clean_balance(store->txn, &balance);
    share.changed_units = balance.grown_units;
    share.also_end = cleaner->move.also_units + balance.grown_units;
    if (xti_clean_goal(&balance, XTI_CLEAN_SHARE_MAX, share.changed_units) == 0 ||
        xti_store_writer(store, &share.writer) != XT_OK || !share_near(&share))
        return;
    while (share_step(&share))
        ;
}

xt_status xti_store_commit(xt_store *store, xt_error *error)
{
    xt_status status;

    commit_clean(store);
    status = xti_txn_commit(store->txn, error);
    store->cleaner.has_failed = status != XT_OK;
    if (status == XT_OK)
        xti_cleaner_settle(store);
    return status;
}

/* ---- by hand ------------------------------------------------------------------------------- */

/* What xt_store_clean() does: what it was told, and what it has done. */
struct hand {
    xt_store *store;
    struct xti_writer *writer;
    const xt_clean_options *options;
    double target;
    uint64_t nodes_before, units_before; /* the cleaner's counts */
    uint64_t units_committed;
    xt_clean_report *report;
};

static uint64_t hand_moved_bytes(const struct hand *hand)
{
    return (hand->store->cleaner.move.units - hand->units_before) * XTD_UNIT_BYTES;
}

/* What is above the target, at most: an estimate of what is left to be done. */
static bool hand_has_more(struct hand *hand)
{
    struct xti_clean_balance balance;

    if (hand->options->max_bytes != 0 && hand_moved_bytes(hand) >= hand->options->max_bytes)
        return false;
    xti_clean_balance(hand->store->txn, &balance);
    return (double)balance.units > hand->target * (double)balance.live_units &&
           victim_have(hand->store, 1.0 / hand->target);
}

static xt_status hand_commit(struct hand *hand)
{
    const struct xti_cleaner *cleaner = &hand->store->cleaner;
    xt_status status;

    if (!xti_txn_is_dirty(hand->store->txn))
        return XT_OK;
    status = xti_txn_commit(hand->store->txn, hand->options->error);
    if (status != XT_OK)
        return status;
    xti_cleaner_settle(hand->store);
    hand->units_committed = cleaner->move.units;
    hand->report->commits++;
    hand->report->nodes_moved = cleaner->move.nodes - hand->nodes_before;
    hand->report->bytes_moved = hand_moved_bytes(hand);
    return XT_OK;
}

static xt_status hand_step(struct hand *hand)
{
    const xt_clean_options *options = hand->options;
    const struct xti_cleaner *cleaner = &hand->store->cleaner;
    const struct xti_move_limits limits = {
        cleaner->move.units + HAND_STEP_UNITS, cleaner->move.looks + HAND_STEP_LOOKS, 0, {0}, 0};
    xt_status status = victim_step(hand->store, hand->writer, &limits);

    if (status == XT_OK && options->progress != NULL &&
        !options->progress(options->progress_context, hand_moved_bytes(hand)))
        status = XT_ECANCELLED;
    if (status == XT_OK && (cleaner->move.arena_id == 0 ||
                            cleaner->move.units - hand->units_committed >= HAND_COMMIT_UNITS))
        status = hand_commit(hand);
    return status;
}

/* Where a step fails, what it moved since the last commit is taken back. */
static xt_status hand_run(struct hand *hand)
{
    xt_status status = XT_OK;
    xt_status rolled_back;

    while (status == XT_OK && hand_has_more(hand))
        status = hand_step(hand);
    if (status == XT_OK)
        status = hand_commit(hand);
    if (status == XT_OK)
        return xti_txn_remove_dead(hand->store->txn, &hand->report->commits, hand->options->error);
    xti_cleaner_undo(hand->store);
    if (status == XT_EBROKEN) /* the commit has said where */
        return status;
    rolled_back = xti_txn_rollback(hand->store->txn);
    if (rolled_back != XT_OK) /* for want of memory: what was moved stays pending */
        status = rolled_back;
    return xti_report(hand->options->error, status, xti_txn_path(hand->store->txn), NULL,
                      XTI_NO_OFFSET, "clean the store");
}

#define CLEAN_FAULT "no change is pending and no loader is open in a store that is cleaned"

xt_status xt_store_clean(xt_store *store, const xt_clean_options *options, xt_clean_report *report)
{
    xt_clean_report result = XT_CLEAN_REPORT_INIT;
    struct hand hand = {.store = store, .report = &result};
    xt_clean_options o;
    xt_status status;

    status = xti_options_take(&o, sizeof o, options);
    if (status != XT_OK)
        return status;
    if (store == NULL || (report != NULL && report->struct_size != sizeof *report) ||
        (o.target != 0 && !(o.target > 1)))
        return XT_EINVAL;
    if (report != NULL)
        *report = result;
    status = xti_store_writer(store, &hand.writer);
    if (status == XT_OK && xti_txn_is_dirty(store->txn))
        status = XT_EMISUSE;
    if (status != XT_OK)
        return xti_report(o.error, status, xti_txn_path(store->txn), NULL, XTI_NO_OFFSET,
                          CLEAN_FAULT);
    xti_report_clear(o.error);
    hand.options = &o;
    hand.target = o.target != 0 ? o.target : HAND_TARGET_DEFAULT;
    hand.nodes_before = store->cleaner.move.nodes;
    hand.units_before = store->cleaner.move.units;
    hand.units_committed = hand.units_before;
    status = hand_run(&hand);
    if (report != NULL)
        *report = result;
    return status;
}
