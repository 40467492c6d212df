/* src/api/clean.c -- cleaning: a little of it in each commit, or as much as is asked for by hand.
 *
 * Which arenas, and how much: src/txn/clean.c. How nodes find their way out: src/tree/move_out.c.
 * What is moved is part of the pending change, so a commit makes it durable together with that, and
 * a crash anywhere is one in an ordinary commit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

#include <string.h>

/* A commit looks at no more inner nodes, or an eighth of the units that it has changed. */
#define COMMIT_LOOKS 16384u

#define HAND_TARGET_DEFAULT 1.1
#define HAND_STEP_UNITS ((UINT64_C(1) << 20) / XTD_UNIT_BYTES)
#define HAND_STEP_LOOKS 65536u
#define HAND_COMMIT_UNITS ((UINT64_C(8) << 20) / XTD_UNIT_BYTES)

/* ---- victims ------------------------------------------------------------------------------- */

static struct xti_clean_stuck stuck_of(const xt_store *store)
{
    return (struct xti_clean_stuck){store->cleaner.stuck, store->cleaner.stuck_count};
}

/* The walk stands at the start of the tree. */
static void pass_begin(struct xti_cleaner *cleaner, uint32_t arena_id, uint64_t live_units)
{
    cleaner->pass_arena = arena_id;
    cleaner->pass_live_units = live_units;
    cleaner->pass_looks = cleaner->move.looks;
}

/* It has come to the end. If as much is still said to live in the first victim as at its start, the
 * arena's numbers are wrong, and going through the tree again is of no use. */
static void pass_end(xt_store *store, const struct xti_clean_victims *victims)
{
    struct xti_cleaner *cleaner = &store->cleaner;
    uint64_t live_units = xti_clean_live_units(store->txn, victims->ids[0]);

    if (cleaner->pass_arena == victims->ids[0] && live_units > 0 &&
        live_units == cleaner->pass_live_units &&
        cleaner->stuck_count < XTI_ARRAY_COUNT(cleaner->stuck))
        cleaner->stuck[cleaner->stuck_count++] = victims->ids[0];
    pass_begin(cleaner, victims->ids[0], live_units);
}

static struct xti_move_limits limits_for(const struct xti_clean_victims *victims)
{
    struct xti_move_limits limits = {.victim_count = victims->count,
                                     .due_count = victims->due_count};

    memcpy(limits.victims, victims->ids, sizeof victims->ids);
    return limits;
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

/* What is left to be moved out of victims that are due, whatever that costs. */
static void due_clean(xt_store *store, struct xti_writer *writer,
                      const struct xti_clean_victims *victims, struct xti_move_limits *limits)
{
    struct xti_cleaner *cleaner = &store->cleaner;
    xt_status status = XT_OK;
    unsigned ends = 0;
    bool is_done;

    while (status == XT_OK && ends < 2 && cleaner->move.due_units < limits->due_units &&
           cleaner->move.looks < limits->looks) {
        status = xti_tree_move_out(writer, &cleaner->move, limits, &is_done);
        if (status != XT_OK || !is_done)
            continue;
        pass_end(store, victims);
        ends++;
    }
}

/* An error ends it: what was moved so far is a part of the change as any other, and the commit can
 * do without more. A commit that failed is not made larger when it is tried again. */
static void commit_clean(xt_store *store)
{
    struct xti_cleaner *cleaner = &store->cleaner;
    const struct xti_clean_stuck stuck = stuck_of(store);
    struct xti_clean_victims victims;
    struct xti_move_limits limits;
    struct xti_writer *writer;

    if (store->no_cleaning || cleaner->has_failed || !xti_txn_has_files(store->txn))
        return;
    xti_clean_plan(store->txn, &stuck, &victims);
    if (victims.count == 0 || xti_store_writer(store, &writer) != XT_OK)
        return;
    limits = limits_for(&victims);
    limits.units = cleaner->move.units + victims.move_units;
    limits.due_units = cleaner->move.due_units + victims.move_due_units;
    limits.looks = cleaner->move.looks + COMMIT_LOOKS + victims.move_units / 8;
    if (xti_tree_move_near(writer, &cleaner->move, &limits) == XT_OK && victims.due_count > 0)
        due_clean(store, writer, &victims, &limits);
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
    struct xti_clean_victims victims; /* none: they are to be chosen */
    xt_clean_report *report;
};

static uint64_t hand_moved_bytes(const struct hand *hand)
{
    return (hand->store->cleaner.move.units - hand->units_before) * XTD_UNIT_BYTES;
}

/* Chooses victims, if there are none, and goes to the start of the tree. */
static bool hand_has_more(struct hand *hand)
{
    struct xti_cleaner *cleaner = &hand->store->cleaner;
    const struct xti_clean_stuck stuck = stuck_of(hand->store);

    if (hand->options->max_bytes != 0 && hand_moved_bytes(hand) >= hand->options->max_bytes)
        return false;
    if (hand->victims.count > 0)
        return true;
    xti_clean_plan_all(hand->store->txn, &stuck, hand->target, &hand->victims);
    if (hand->victims.count == 0)
        return false;
    memset(cleaner->move.slots, 0, sizeof cleaner->move.slots);
    pass_begin(cleaner, hand->victims.ids[0], hand->victims.live_units);
    return true;
}

/* What was moved, and what had been published; if neither is there, nothing. */
static xt_status hand_commit(struct hand *hand)
{
    const struct xti_cleaner *cleaner = &hand->store->cleaner;
    struct xti_txn *txn = hand->store->txn;
    uint64_t number = xti_txn_number(txn);
    xt_status status;

    if (!xti_txn_has_files(txn))
        return XT_OK;
    status = xti_txn_commit(txn, hand->options->error);
    if (status != XT_OK)
        return status;
    xti_cleaner_settle(hand->store);
    hand->units_committed = cleaner->move.units;
    hand->report->commits += xti_txn_number(txn) != number ? 1 : 0;
    hand->report->nodes_moved = cleaner->move.nodes - hand->nodes_before;
    hand->report->bytes_moved = hand_moved_bytes(hand);
    return XT_OK;
}

/* A store that lies about its tree may have no end. */
static bool pass_is_endless(const xt_store *store)
{
    struct xti_clean_balance balance;

    xti_clean_balance(store->txn, &balance);
    return store->cleaner.move.looks - store->cleaner.pass_looks > balance.units;
}

static xt_status hand_step(struct hand *hand)
{
    const xt_clean_options *options = hand->options;
    struct xti_cleaner *cleaner = &hand->store->cleaner;
    struct xti_move_limits limits = limits_for(&hand->victims);
    bool is_done;
    xt_status status;

    limits.due_units = cleaner->move.due_units + HAND_STEP_UNITS;
    limits.looks = cleaner->move.looks + HAND_STEP_LOOKS;
    status = xti_tree_move_out(hand->writer, &cleaner->move, &limits, &is_done);
    if (status == XT_OK && !is_done && pass_is_endless(hand->store))
        status = XT_ECORRUPT;
    if (status == XT_OK && is_done) {
        pass_end(hand->store, &hand->victims);
        hand->victims.count = 0;
    }
    if (status == XT_OK && options->progress != NULL &&
        !options->progress(options->progress_context, hand_moved_bytes(hand)))
        status = XT_ECANCELLED;
    if (status == XT_OK &&
        (is_done || cleaner->move.units - hand->units_committed >= HAND_COMMIT_UNITS))
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
