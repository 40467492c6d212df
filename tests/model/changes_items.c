/* tests/model/changes_items.c -- single changes, in the store and in its mirror.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>

#include "changes_private.h"

struct box {
    double low[XT_DIMS_MAX], high[XT_DIMS_MAX];
};

static const double *high_of(const struct run *run, const double *low, const double *high)
{
    return run->world->kind == XT_POINTS && low[0] > 0 ? NULL : high;
}

static bool counted(struct run *run, enum changes_operation operation, bool holds)
{
    run->totals->operations[operation]++;
    return holds;
}

static size_t row_pick(struct run *run)
{
    return (size_t)run_pick(run, run->mirror.rows.count);
}

/* Where a world slides, one of the least on axis 0: the least of a sample. */
static size_t row_pick_old(struct run *run)
{
    size_t best = row_pick(run);

    for (unsigned i = 0; run->world->is_sliding && i < 64; i++) {
        size_t row = row_pick(run);

        if (mirror_low(&run->mirror, row)[0] < mirror_low(&run->mirror, best)[0])
            best = row;
    }
    return best;
}

static void row_get(const struct run *run, size_t row, struct box *box)
{
    size_t bytes = run->world->dims * sizeof(double);

    memcpy(box->low, mirror_low(&run->mirror, row), bytes);
    memcpy(box->high, mirror_high(&run->mirror, row), bytes);
}

/* ---- insertion ----------------------------------------------------------------------------- */

static bool insert(struct run *run, uint64_t id, const struct box *box)
{
    if (!CHECK_STATUS(xt_store_insert(run->store, id, box->low, high_of(run, box->low, box->high)),
                      XT_OK))
        return false;
    mirror_insert(&run->mirror, id, box->low, box->high);
    return true;
}

/* Now and then an id is used twice, and some of these have the same box too. */
static bool insert_any(struct run *run)
{
    struct box box;
    uint64_t id = run->next_id++;

    world_item_make(&run->maker, box.low, box.high);
    if (run->mirror.rows.count > 0 && run_pick(run, 64) == 0) {
        size_t row = row_pick(run);

        id = run->mirror.rows.ids[row];
        if (run_pick(run, 2) == 0)
            row_get(run, row, &box);
    }
    return counted(run, OPERATION_INSERT, insert(run, id, &box));
}

static bool insert_near(struct run *run)
{
    struct box old;
    struct box box;

    row_get(run, row_pick(run), &old);
    world_item_shift(&run->maker, old.low, old.high, box.low, box.high);
    return counted(run, OPERATION_INSERT, insert(run, run->next_id++, &box));
}

/* ---- removal ------------------------------------------------------------------------------- */

/* Zeros of the other sign are the same; in a store of floats, so is what is rounded to the same. */
static void box_disguise(struct run *run, struct box *box)
{
    for (uint32_t axis = 0; axis < run->world->dims; axis++) {
        box->low[axis] =
            box->low[axis] == 0 ? -box->low[axis] : oracle_kept(&run->mirror.rows, box->low[axis]);
        box->high[axis] = box->high[axis] == 0 ? -box->high[axis]
                                               : oracle_kept(&run->mirror.rows, box->high[axis]);
    }
}

static bool remove_row(struct run *run, size_t row)
{
    struct box box;

    row_get(run, row, &box);
    if (run_pick(run, 8) == 0)
        box_disguise(run, &box);
    if (!CHECK_STATUS(xt_store_remove(run->store, run->mirror.rows.ids[row], box.low,
                                      high_of(run, box.low, box.high)),
                      XT_OK))
        return false;
    mirror_remove(&run->mirror, row);
    return true;
}

static bool remove_absent(struct run *run)
{
    uint64_t id = run->next_id + 1000 + run_pick(run, 1000);
    struct box box;

    row_get(run, row_pick(run), &box);
    return counted(run, OPERATION_REMOVE_ABSENT,
                   CHECK_STATUS(xt_store_remove(run->store, id, box.low, box.high), XT_ENOTFOUND));
}

/* Another item's box, or one right beside the item's own. */
static bool remove_wrong_box(struct run *run)
{
    size_t row = row_pick(run);
    uint64_t id = run->mirror.rows.ids[row];
    struct box old;
    struct box box;

    row_get(run, run_pick(run, 2) == 0 ? row : row_pick(run), &old);
    world_item_shift(&run->maker, old.low, old.high, box.low, box.high);
    row = mirror_find(&run->mirror, id, box.low, box.high);
    if (row != MIRROR_NOWHERE)
        return counted(run, OPERATION_REMOVE, remove_row(run, row));
    return counted(run, OPERATION_REMOVE_WRONG_BOX,
                   CHECK_STATUS(xt_store_remove(run->store, id, box.low, box.high), XT_ENOTFOUND));
}

/* ---- moving -------------------------------------------------------------------------------- */

static bool move(struct run *run, size_t row, const struct box *old, const struct box *box)
{
    uint64_t id = run->mirror.rows.ids[row];

    if (!CHECK_STATUS(xt_store_move(run->store, id, old->low, high_of(run, old->low, old->high),
                                    box->low, high_of(run, box->low, box->high)),
                      XT_OK))
        return false;
    mirror_move(&run->mirror, row, box->low, box->high);
    return true;
}

static bool move_any(struct run *run)
{
    uint64_t way = run_pick(run, 16);
    size_t row = row_pick(run);
    struct box old;
    struct box box;

    row_get(run, row, &old);
    if (way == 0) {
        box = old;
        return counted(run, OPERATION_MOVE_STILL, move(run, row, &old, &box));
    }
    if (way < 10) {
        world_item_shift(&run->maker, old.low, old.high, box.low, box.high);
        return counted(run, OPERATION_MOVE_SHORT, move(run, row, &old, &box));
    }
    world_item_make(&run->maker, box.low, box.high);
    return counted(run, OPERATION_MOVE_FAR, move(run, row, &old, &box));
}

static bool move_absent(struct run *run)
{
    uint64_t id = run->next_id + 1000;
    struct box box;

    row_get(run, row_pick(run), &box);
    return counted(run, OPERATION_MOVE_ABSENT,
                   CHECK_STATUS(xt_store_move(run->store, id, box.low, box.high, box.low, box.high),
                                XT_ENOTFOUND));
}

/* ---- bad arguments ------------------------------------------------------------------------- */

static xt_status change_badly(struct run *run, const struct box *box, uint64_t id)
{
    struct box bad = *box;
    uint32_t axis = (uint32_t)run_pick(run, run->world->dims);

    switch (run_pick(run, 8)) {
    case 0: /* the wrong way round, and in a store of points, a box */
        bad.low[axis] = 2;
        bad.high[axis] = 1;
        return xt_store_insert(run->store, id, bad.low, bad.high);
    case 1:
        bad.high[axis] = (double)NAN;
        return xt_store_remove(run->store, id, bad.low, bad.high);
    case 2:
        bad.low[axis] = (double)NAN;
        return xt_store_move(run->store, id, box->low, box->high, bad.low, bad.high);
    case 3: /* too large for a float; and where there are doubles, no number */
        bad.high[axis] = run->world->coord_type == XT_F32 ? 1e300 : (double)NAN;
        bad.low[axis] = run->world->coord_type == XT_F32 ? 1e300 : (double)NAN;
        return xt_store_move(run->store, id, box->low, box->high, bad.low, bad.high);
    case 4:
        return xt_store_insert(NULL, id, box->low, box->high);
    case 5:
        return xt_store_remove(run->store, id, NULL, box->high);
    case 6:
        return xt_store_move(run->store, id, box->low, box->high, NULL, NULL);
    default:
        bad.low[axis] = (double)NAN;
        return xt_store_insert(run->store, id, bad.low, NULL);
    }
}

static bool bad_any(struct run *run)
{
    size_t row = row_pick(run);
    struct box box;

    row_get(run, row, &box);
    return counted(run, OPERATION_BAD,
                   CHECK_STATUS(change_badly(run, &box, run->mirror.rows.ids[row]), XT_EINVAL));
}

/* ---- choice -------------------------------------------------------------------------------- */

/* Some items are put beside each other and taken away again: nodes split and merge, and split. */
static bool burst(struct run *run)
{
    if (run->burst_in == 0 && run->burst_out == 0) {
        run->burst_in = 1 + (uint32_t)run_pick(run, 40);
        run->burst_out = run->burst_in;
    }
    if (run->burst_in > 0 || run->mirror.rows.count <= 1) {
        run->burst_in -= run->burst_in > 0;
        return insert_near(run);
    }
    run->burst_out--;
    return counted(run, OPERATION_REMOVE, remove_row(run, run->mirror.rows.count - 1));
}

static bool rare_change(struct run *run)
{
    switch (run_pick(run, 4)) {
    case 0:
        return remove_absent(run);
    case 1:
        return remove_wrong_box(run);
    case 2:
        return move_absent(run);
    default:
        return bad_any(run);
    }
}

bool item_change(struct run *run)
{
    /* Of 100 changes: insertions, and insertions and removals. The others are moves. */
    static const unsigned parts[PHASE_COUNT][2] = {
        [PHASE_GROW] = {74, 84},
          [PHASE_CHURN] = {33, 66},
          [PHASE_MOVE] = {5,  10},
        [PHASE_BURST] = {10, 20},
          [PHASE_SHRINK] = {5,  90},
    };
    uint64_t part = run_pick(run, 100);

    if (run->mirror.rows.count == 0)
        return insert_any(run);
    if (run_pick(run, 25) == 0)
        return rare_change(run);
    if (run->phase == PHASE_BURST && run_pick(run, 20) != 0)
        return burst(run);
    if (part < parts[run->phase][0])
        return run_pick(run, 8) == 0 ? insert_near(run) : insert_any(run);
    if (part < parts[run->phase][1])
        return counted(run, OPERATION_REMOVE, remove_row(run, row_pick_old(run)));
    return move_any(run);
}

/* ---- many at once -------------------------------------------------------------------------- */

/* While a loader is open, no item can be changed. */
static bool change_is_refused(struct run *run)
{
    const double point[XT_DIMS_MAX] = {0};

    return CHECK_STATUS(xt_store_insert(run->store, 1, point, NULL), XT_EMISUSE) &&
           CHECK_STATUS(xt_store_remove(run->store, 1, point, NULL), XT_EMISUSE) &&
           CHECK_STATUS(xt_store_move(run->store, 1, point, NULL, point, NULL), XT_EMISUSE);
}

static bool loader_fill(struct run *run, xt_loader *loader, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct box box;

        if (i % 16 == 1 && run_pick(run, 8) == 0)
            row_get(run, row_pick(run), &box);
        else
            world_item_make(&run->maker, box.low, box.high);
        if (!CHECK_STATUS(
                xt_loader_add(loader, run->next_id, box.low, high_of(run, box.low, box.high)),
                XT_OK))
            return false;
        mirror_insert(&run->mirror, run->next_id++, box.low, box.high);
    }
    return true;
}

/* Cancels at the last of so many calls. */
static bool countdown(void *context, xt_load_phase phase, uint64_t done, uint64_t total)
{
    uint64_t *left = context;

    (void)phase;
    (void)done;
    (void)total;
    return *left == 0 || --*left > 0;
}

static bool load_end(struct run *run, xt_loader *loader, bool gives_up)
{
    xt_status status = XT_ECANCELLED;

    if (gives_up)
        xt_loader_cancel(loader);
    else
        status = xt_loader_finish(loader);
    if (status == XT_ECANCELLED)
        mirror_rollback(&run->mirror);
    return counted(run, status == XT_OK ? OPERATION_LOAD : OPERATION_LOAD_CANCELLED,
                   CHECK(status == XT_OK || status == XT_ECANCELLED));
}

bool items_load(struct run *run, size_t count)
{
    uint64_t calls_left = run_pick(run, 4) == 0 ? 1 + run_pick(run, 6) : 0;
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;
    xt_loader *loader;

    options.threads = (uint32_t)run_pick(run, 3);
    options.memory_limit = run_pick(run, 4) == 0 ? UINT64_C(16) << 20 : 0;
    options.progress = countdown;
    options.progress_context = &calls_left;
    if (!CHECK_STATUS(xt_loader_open(run->store, &options, &loader), XT_OK))
        return false;
    if (!change_is_refused(run) || !loader_fill(run, loader, count)) {
        xt_loader_cancel(loader);
        return false;
    }
    return load_end(run, loader, run_pick(run, 16) == 0);
}
