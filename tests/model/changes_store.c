/* tests/model/changes_store.c -- stores made, reopened, checked; snapshots held.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "changes_private.h"

#define WINDOW_BYTES (UINT64_C(4) << 30)
#define DISK_BYTES_MAX (UINT64_C(24) << 20)
#define MEMORY_BYTES_MAX (UINT64_C(256) << 20)
#define QUESTIONS 3
#define JOINED_MAX 300 /* items of either side: all pairs are looked at */

/* ---- life of a store ----------------------------------------------------------------------- */

static const char *store_path(const struct run *run)
{
    return run->world->is_on_disk ? run->path : NULL;
}

bool store_create(struct run *run)
{
    const struct world *world = run->world;
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    options.dims = world->dims;
    options.kind = world->kind;
    options.coord_type = world->coord_type;
    options.leaf_capacity = world->leaf_capacity;
    options.inner_capacity = world->inner_capacity;
    options.max_overlap = world->max_overlap;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = WINDOW_BYTES;
    return CHECK_STATUS(xt_store_create(store_path(run), &options, &run->store), XT_OK);
}

static bool reader_close(struct run *run)
{
    bool holds = CHECK_STATUS(xt_store_close(run->reader), XT_OK);

    run->reader = NULL;
    return holds;
}

static bool stats_add(struct run *run)
{
    xt_change_stats stats = {.struct_size = sizeof stats};
    xt_change_stats *sum = &run->totals->stats;

    if (!CHECK_STATUS(xt_store_changes(run->store, &stats), XT_OK))
        return false;
    sum->nodes_copied += stats.nodes_copied;
    sum->bytes_copied += stats.bytes_copied;
    sum->leaf_splits += stats.leaf_splits;
    sum->inner_splits += stats.inner_splits;
    sum->supernodes_made += stats.supernodes_made;
    sum->supernodes_grown += stats.supernodes_grown;
    sum->supernodes_shrunk += stats.supernodes_shrunk;
    sum->merges += stats.merges;
    sum->redistributions += stats.redistributions;
    sum->roots_grown += stats.roots_grown;
    sum->roots_shrunk += stats.roots_shrunk;
    sum->origins_renewed += stats.origins_renewed;
    sum->moves_in_leaf += stats.moves_in_leaf;
    return true;
}

bool store_close(struct run *run)
{
    bool holds = snapshots_release(run) && reader_close(run) && stats_add(run) &&
                 CHECK_STATUS(xt_store_close(run->store), XT_OK);

    run->store = NULL;
    return holds;
}

bool store_reopen(struct run *run)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.writable = true;
    options.verify = (xt_verify)run_pick(run, 3);
    options.max_overlap = run->world->max_overlap;
    options.window_bytes = WINDOW_BYTES;
    options.no_cleaning = run_pick(run, 4) == 0;
    run->totals->operations[OPERATION_REOPEN]++;
    return store_close(run) && CHECK_STATUS(xt_store_open(run->path, &options, &run->store), XT_OK);
}

static bool cleaning_goes_on(void *context, uint64_t bytes_moved)
{
    (void)bytes_moved;
    return run_pick(context, 8) != 0;
}

bool store_clean(struct run *run)
{
    xt_clean_options options = XT_CLEAN_OPTIONS_INIT;
    xt_clean_report report = XT_CLEAN_REPORT_INIT;
    xt_status status;

    options.target = 1.01 + (double)run_pick(run, 100) / 100;
    options.max_bytes = run_pick(run, 2) * (1 + run_pick(run, 1 << 20));
    options.progress = cleaning_goes_on;
    options.progress_context = run;
    run->totals->operations[OPERATION_CLEAN]++;
    status = xt_store_clean(run->store, &options, &report);
    run->totals->cleaned_bytes += report.bytes_moved;
    return CHECK(status == XT_OK || status == XT_ECANCELLED);
}

static int entry_remove(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

bool store_remove(const struct run *run)
{
    return !run->world->is_on_disk ||
           CHECK(nftw(run->path, entry_remove, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

static bool items_load_again(struct run *run)
{
    const struct oracle *rows = &run->mirror.rows;
    const xt_rows many = {.count = rows->count,
                          .ids = rows->ids,
                          .low = rows->low,
                          .high = rows->kind == XT_BOXES ? rows->high : NULL};
    xt_loader *loader;

    if (!CHECK_STATUS(xt_loader_open(run->store, NULL, &loader), XT_OK))
        return false;
    if (rows->count > 0 && !CHECK_STATUS(xt_loader_add_many(loader, &many, NULL), XT_OK)) {
        xt_loader_cancel(loader);
        return false;
    }
    return CHECK_STATUS(xt_loader_finish(loader), XT_OK) &&
           CHECK_STATUS(xt_store_commit(run->store, NULL), XT_OK);
}

bool store_renew(struct run *run)
{
    run->totals->operations[OPERATION_RENEW]++;
    return store_close(run) && store_remove(run) && store_create(run) && items_load_again(run);
}

bool store_is_large(struct run *run)
{
    xt_store_stats stats = {.struct_size = sizeof stats};

    if (!CHECK_STATUS(xt_store_stat(run->store, &stats), XT_OK))
        return false;
    return stats.committed_bytes > (run->world->is_on_disk ? DISK_BYTES_MAX : MEMORY_BYTES_MAX);
}

/* ---- checking ------------------------------------------------------------------------------ */

static bool root_take(void *context, const xt_node_info *node)
{
    struct run *run = context;

    run->height = node->level + 1; /* the root comes first */
    if (node->level > 0)
        CHECK(node->count > 1);
    return false;
}

static bool root_check(struct run *run, const xt_snapshot *snapshot)
{
    bool is_empty = run->mirror.rows.count == 0;

    run->height = 0;
    return CHECK_STATUS(xt_snapshot_nodes(snapshot, 0, root_take, run),
                        is_empty ? XT_OK : XT_ECANCELLED);
}

static bool deep_check(struct run *run)
{
    xt_error error = {0};
    xt_check_options options = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    bool holds;

    options.deep = true;
    options.error = &error;
    holds = CHECK_STATUS(xt_store_check(run->store, &options, &report), XT_OK);
    if (!holds)
        printf("    %s: offset %" PRIu64 ": %s\n", error.path, error.offset, error.check);
    run->totals->operations[OPERATION_CHECK]++;
    return holds && CHECK_U64(report.items, run->mirror.rows.count);
}

static bool snapshot_check(struct run *run, const xt_snapshot *snapshot, unsigned questions)
{
    bool holds = totals_hold(snapshot, &run->mirror);

    for (unsigned i = 0; i < questions && holds; i++) {
        struct question question;

        question_draw(&question, &run->mirror, &run->asking);
        holds = question_holds(&question, snapshot, &run->mirror, &run->asking);
        run->totals->operations[OPERATION_ASK]++;
    }
    if (holds && check_random(&run->asking) % 2 == 0) {
        run->totals->operations[OPERATION_NEAREST]++;
        holds = nearest_holds(snapshot, &run->mirror, &run->asking);
    }
    if (holds && check_random(&run->asking) % 8 == 0) {
        run->totals->operations[OPERATION_WINDOWS]++;
        holds = windows_hold(snapshot, &run->mirror, &run->asking);
    }
    return holds;
}

/* With itself, and with a snapshot from before. */
static bool joins_hold(struct run *run, const xt_snapshot *snapshot)
{
    struct held *held = &run->held[check_random(&run->asking) % HELD_COUNT];

    if (run->mirror.rows.count > JOINED_MAX)
        return true;
    run->totals->operations[OPERATION_JOIN]++;
    if (!join_holds(snapshot, NULL, &run->mirror, &run->asking))
        return false;
    if (held->snapshot == NULL || held->count > JOINED_MAX)
        return true;
    run->totals->operations[OPERATION_JOIN]++;
    return join_holds(held->snapshot, snapshot, &run->mirror, &run->asking);
}

bool store_check(struct run *run)
{
    xt_snapshot *snapshot;
    bool holds;

    if (!CHECK_STATUS(xt_snapshot_latest(run->store, &snapshot), XT_OK))
        return false;
    holds = snapshot_check(run, snapshot, QUESTIONS);
    holds &= root_check(run, snapshot);
    if (holds && check_random(&run->asking) % 4 == 0)
        holds = joins_hold(run, snapshot);
    xt_snapshot_release(snapshot);
    /* On disk a deep check reads all files. */
    if (holds && (!run->world->is_on_disk || check_random(&run->asking) % 8 == 0))
        holds = deep_check(run);
    return holds;
}

bool reader_check(struct run *run)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_snapshot *snapshot;
    bool holds;

    options.window_bytes = WINDOW_BYTES;
    if (run->reader == NULL &&
        !CHECK_STATUS(xt_store_open(run->path, &options, &run->reader), XT_OK))
        return false;
    if (!CHECK_STATUS(xt_snapshot_latest(run->reader, &snapshot), XT_OK))
        return false;
    holds = snapshot_check(run, snapshot, 1);
    xt_snapshot_release(snapshot);
    if (check_random(&run->asking) % 8 == 0)
        holds &= reader_close(run);
    return holds;
}

/* ---- snapshots ----------------------------------------------------------------------------- */

static bool held_release(struct run *run, struct held *held)
{
    bool holds = true;

    if (held->snapshot == NULL)
        return true;
    holds &= CHECK_U64(xt_snapshot_count(held->snapshot), held->count);
    check_row = "a snapshot that was held";
    for (unsigned i = 0; i < HELD_QUESTIONS && holds; i++)
        holds = question_holds(&held->questions[i], held->snapshot, &run->mirror, &run->asking);
    check_row = run->world->name;
    xt_snapshot_release(held->snapshot);
    held->snapshot = NULL;
    run->totals->operations[OPERATION_ASK] += HELD_QUESTIONS;
    return holds;
}

bool snapshot_hold(struct run *run)
{
    struct held *held = &run->held[run_pick(run, HELD_COUNT)];

    if (!held_release(run, held) ||
        !CHECK_STATUS(xt_snapshot_latest(run->store, &held->snapshot), XT_OK))
        return false;
    held->count = run->mirror.rows.count;
    question_all(&held->questions[0], &run->mirror);
    for (unsigned i = 1; i < HELD_QUESTIONS; i++)
        question_draw(&held->questions[i], &run->mirror, &run->asking);
    run->totals->operations[OPERATION_HOLD]++;
    return true;
}

bool snapshots_release(struct run *run)
{
    bool holds = true;

    for (unsigned i = 0; i < HELD_COUNT; i++)
        holds &= held_release(run, &run->held[i]);
    return holds;
}
