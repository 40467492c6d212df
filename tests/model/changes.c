/* tests/model/changes.c -- how a world goes on: phases, batches, and how batches end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "changes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "changes_private.h"

/* ---- phases -------------------------------------------------------------------------------- */

static void phase_begin(struct run *run, enum phase phase)
{
    size_t most = run->world->items_max;

    run->phase = phase;
    run->phase_left = 1 + run_pick(run, most);
    if (phase == PHASE_GROW && run_pick(run, 4) != 0)
        run->target = most / 2 + (size_t)run_pick(run, most / 2);
    else if (phase == PHASE_GROW)
        run->target = 1 + run->mirror.rows.count + (size_t)run_pick(run, most / 8);
    else if (phase == PHASE_SHRINK)
        run->target = run_pick(run, 2) == 0 ? 0 : (size_t)run_pick(run, most / 4);
}

static bool phase_is_over(struct run *run)
{
    if (run->phase == PHASE_GROW)
        return run->mirror.rows.count >= run->target;
    if (run->phase == PHASE_SHRINK)
        return run->mirror.rows.count <= run->target;
    return run->phase_left-- == 0;
}

/* It grows, lives for a while, and shrinks, often to nothing. */
static void phase_next(struct run *run)
{
    if (run->phase == PHASE_SHRINK)
        phase_begin(run, PHASE_GROW);
    else if (run_pick(run, 4) == 0 || run->mirror.rows.count > run->world->items_max)
        phase_begin(run, PHASE_SHRINK);
    else
        phase_begin(run, (enum phase)(PHASE_CHURN + run_pick(run, 3)));
}

/* ---- batches ------------------------------------------------------------------------------- */

static uint64_t batch_length(struct run *run)
{
    static const uint64_t most[] = {4, 30, 100, 100, 500};

    return 1 + run_pick(run, most[run_pick(run, CHECK_COUNT(most))]);
}

static bool change_next(struct run *run)
{
    bool holds;

    if (phase_is_over(run))
        phase_next(run);
    holds = item_change(run);
    run->done++;
    run->unchecked++;
    run->totals->changes++;
    run->totals->by_height[run->height]++;
    return holds;
}

/* Some items, or many; more often into an empty store. Only where nothing is pending. */
static bool load_now_and_then(struct run *run)
{
    size_t count = run->mirror.rows.count;
    size_t most = run->world->items_max;
    uint64_t chance = run_pick(run, count == 0 ? 2 : 200);
    xt_loader *loader;

    if (run->mirror.undo_count > 0)
        return chance != 0 || CHECK_STATUS(xt_loader_open(run->store, NULL, &loader), XT_EMISUSE);
    if (chance != 0 || count >= most)
        return true;
    most = run_pick(run, 3) == 0 ? most - count : (most - count) / 20;
    return items_load(run, (size_t)run_pick(run, most + 1));
}

static bool batch_run(struct run *run)
{
    uint64_t length = batch_length(run);

    if (!load_now_and_then(run))
        return false;
    while (length-- > 0 && run->done < run->options->operations) {
        if (!change_next(run))
            return false;
    }
    return true;
}

/* ---- ends of batches ----------------------------------------------------------------------- */

static bool rollback(struct run *run)
{
    run->totals->operations[OPERATION_ROLLBACK]++;
    mirror_rollback(&run->mirror);
    return CHECK_STATUS(xt_store_rollback(run->store), XT_OK);
}

static bool publish(struct run *run)
{
    run->totals->operations[OPERATION_PUBLISH]++;
    mirror_settle(&run->mirror);
    return CHECK_STATUS(xt_store_publish(run->store), XT_OK);
}

static bool commit(struct run *run)
{
    run->totals->operations[OPERATION_COMMIT]++;
    mirror_settle(&run->mirror);
    return CHECK_STATUS(xt_store_commit(run->store, NULL), XT_OK);
}

static bool commit_on_disk(struct run *run)
{
    bool reads = run_pick(run, 4) == 0;
    bool reopens = run_pick(run, 8) == 0;
    bool cleans = run_pick(run, 4) == 0;

    if (!commit(run) || (cleans && !store_clean(run)) || (reads && !reader_check(run)))
        return false;
    return store_is_large(run) ? store_renew(run) : !reopens || store_reopen(run);
}

static bool is_due(const struct run *run)
{
    return run->unchecked >= run->options->checks || run->done == run->options->operations;
}

/* A quarter of the batches is left pending, so that the next one adds to it. */
static bool batch_end(struct run *run)
{
    uint64_t end = run_pick(run, 16);
    bool is_held = run_pick(run, 16) == 0;
    bool holds;

    if (end < 4 && run->done < run->options->operations)
        return true;
    if (end < 6)
        holds = rollback(run);
    else if (end < 9 && run->world->is_on_disk)
        holds = commit_on_disk(run);
    else if (end < 9)
        holds = commit(run) && (!store_is_large(run) || store_renew(run));
    else
        holds = publish(run);
    if (holds && is_held)
        holds = snapshot_hold(run);
    if (!holds || !is_due(run))
        return holds;
    run->unchecked = 0;
    return store_check(run);
}

/* ---- a life -------------------------------------------------------------------------------- */

static uint64_t name_hash(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash;
}

static void run_begin(struct run *run, const struct world *world,
                      const struct changes_options *options, struct changes_totals *totals)
{
    memset(run, 0, sizeof *run);
    run->world = world;
    run->options = options;
    run->totals = totals;
    run->random = options->seed ^ name_hash(world->name);
    run->asking = ~run->random;
    run->next_id = check_random(&run->random);
    snprintf(run->path, sizeof run->path, "%s/%s", options->folder, world->name);
    mirror_init(&run->mirror, world_schema(world));
    world_maker_init(&run->maker, world, &run->random);
    phase_begin(run, PHASE_GROW);
}

bool changes_run(const struct world *world, const struct changes_options *options,
                 struct changes_totals *totals)
{
    struct run run;
    bool holds;

    run_begin(&run, world, options, totals);
    check_row = world->name;
    holds = store_create(&run);
    while (holds && run.done < options->operations)
        holds = batch_run(&run) && batch_end(&run);
    if (!holds)
        printf("    --world %s --seed %" PRIu64 ": after %" PRIu64 " changes, %zu items, height %u "
               "at the last check\n",
               world->name, options->seed, run.done, run.mirror.rows.count, run.height);
    if (holds)
        holds = store_close(&run) && store_remove(&run);
    mirror_release(&run.mirror);
    check_row = NULL;
    return holds;
}
