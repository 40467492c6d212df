/* tests/unit/txn/test_clean.c -- are those arenas cleaned that should be, when they should be, and
 * no more of them than keeps pace?
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"
#include "unit/txn/scene.h"

#define BLOCKS 240u
#define BLOCK_UNITS 1900u

static const struct xti_clean_stuck NONE = {NULL, 0};

struct stage {
    struct disk_os *disk;
    struct xti_txn *txn;
    uint32_t refs[BLOCKS];
};

/* Arenas in which all lives, with the first so many blocks. */
static void stage_begin_with(struct stage *stage, const char *path, uint32_t count)
{
    stage->disk = disk_os_create(check_seed);
    stage->txn = scene_create(disk_os_table(stage->disk), path, 4096);
    for (uint32_t i = 0; i < count; i++) {
        (void)CHECK_STATUS(xti_txn_alloc(stage->txn, BLOCK_UNITS, &stage->refs[i], NULL), XT_OK);
        if (i % 4 == 3)
            (void)CHECK_STATUS(scene_put_and_commit(stage->txn, i), XT_OK);
    }
}

static void stage_begin(struct stage *stage, const char *path)
{
    stage_begin_with(stage, path, BLOCKS);
}

static void stage_end(struct stage *stage)
{
    xti_txn_close(stage->txn);
    disk_os_destroy(stage->disk);
}

/* One of `every` of the first blocks dies, and a change of one step is pending. */
static void blocks_kill(struct stage *stage, uint32_t count, uint32_t every)
{
    for (uint32_t i = 0; i < count; i += every)
        xti_txn_free(stage->txn, stage->refs[i], BLOCK_UNITS);
    (void)CHECK_STATUS(scene_put_and_commit(stage->txn, 1000), XT_OK);
    (void)CHECK_STATUS(scene_put(stage->txn, 1001), XT_OK);
    (void)CHECK_STATUS(scene_grow(stage->txn, XTI_CLEAN_STEP_UNITS), XT_OK);
}

static double share_of(struct stage *stage, uint32_t id)
{
    const struct xti_arena *arena = xti_space_arena(&stage->txn->space, id);

    return (double)arena->live_units / (double)arena->durable_units;
}

static void nothing_is_due_where_the_target_is_kept(void)
{
    struct stage stage;
    struct xti_clean_victims victims;

    stage_begin(&stage, PATH);
    xti_clean_plan(stage.txn, &NONE, &victims);
    (void)CHECK_U64(victims.count, 0);
    blocks_kill(&stage, BLOCKS / 16, 2);
    xti_clean_plan(stage.txn, &NONE, &victims);
    (void)CHECK_U64(victims.due_count, 0);
    (void)CHECK(victims.move_due_units <= 1);
    stage_end(&stage);
}

static void what_is_worth_most_comes_first_and_what_is_needed_is_due(void)
{
    struct stage stage;
    struct xti_clean_victims victims;
    struct xti_clean_balance balance;
    double freed = 0;

    stage_begin(&stage, PATH);
    blocks_kill(&stage, BLOCKS * 3 / 4, 2);
    xti_clean_plan(stage.txn, &NONE, &victims);
    xti_clean_balance(stage.txn, &balance);
    (void)CHECK(victims.due_count > 0 && victims.due_count < victims.count);
    (void)CHECK((double)balance.units > XTI_CLEAN_TARGET * (double)balance.live_units);
    for (uint32_t i = 0; i < victims.count; i++) {
        const struct xti_arena *arena = xti_space_arena(&stage.txn->space, victims.ids[i]);

        (void)CHECK(arena->is_sealed && share_of(&stage, victims.ids[i]) <= 0.85);
        freed += i < victims.due_count ? (double)arena->durable_units : 0;
    }
    /* When they are gone the target is kept, until the next arena is full. */
    (void)CHECK((double)balance.units - freed <= XTI_CLEAN_TARGET * (double)balance.live_units);
    (void)CHECK_U64(victims.live_units, xti_clean_live_units(stage.txn, victims.ids[0]));
    stage_end(&stage);
}

/* Of a store of a few arenas the open one, the spare one and one that waits are a large part. */
static void a_small_store_is_not_moved_for_ever(void)
{
    struct stage stage;
    struct xti_clean_victims victims;
    struct xti_clean_balance balance;

    stage_begin_with(&stage, PATH, BLOCKS / 5);
    blocks_kill(&stage, BLOCKS / 5, 2);
    xti_clean_plan(stage.txn, &NONE, &victims);
    xti_clean_balance(stage.txn, &balance);
    (void)CHECK(balance.units > 3 * balance.live_units / 2);
    (void)CHECK_U64(victims.due_count, 0);
    stage_end(&stage);
}

/* However much is due, and whoever makes the commits: each step that was written is answered for
 * once. */
static void small_changes_move_little_and_together(void)
{
    struct stage stage;
    struct xti_clean_victims victims;
    unsigned steps = 0;

    stage_begin(&stage, PATH);
    blocks_kill(&stage, BLOCKS - 8, 2);
    xti_clean_plan(stage.txn, &NONE, &victims);
    (void)CHECK(victims.move_units > 0 && victims.move_units <= 3 * XTI_CLEAN_STEP_UNITS + 1);
    (void)CHECK(victims.move_due_units > 0 && victims.move_due_units <= victims.move_units);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    for (uint64_t i = 0; i < 16; i++) { /* of a quarter of a step each, with the record */
        (void)CHECK_STATUS(scene_put(stage.txn, i), XT_OK);
        (void)CHECK_STATUS(scene_grow(stage.txn, XTI_CLEAN_STEP_UNITS / 4 - 2 * XTD_PAGE_UNITS),
                           XT_OK);
        xti_clean_plan(stage.txn, &NONE, &victims);
        steps += victims.count > 0 ? 1 : 0;
        (void)CHECK(victims.move_units <= 3 * XTI_CLEAN_STEP_UNITS + 1);
        (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
        if (i % 2 == 0) {
            xti_txn_close(stage.txn);
            stage.txn = scene_open(disk_os_table(stage.disk), true);
        }
    }
    (void)CHECK(steps >= 3 && steps <= 5);
    stage_end(&stage);
}

static void arenas_that_are_stuck_or_kept_are_left_alone(void)
{
    struct stage stage;
    struct xti_clean_victims first;
    struct xti_clean_victims victims;
    uint64_t number;

    stage_begin(&stage, PATH);
    blocks_kill(&stage, BLOCKS * 3 / 4, 2);
    xti_clean_plan(stage.txn, &NONE, &first);
    xti_clean_plan(stage.txn, &(struct xti_clean_stuck){first.ids, 1}, &victims);
    (void)CHECK(victims.count > 0);
    for (uint32_t i = 0; i < victims.count; i++)
        (void)CHECK(victims.ids[i] != first.ids[0]);
    (void)CHECK_STATUS(xti_txn_keep(stage.txn, "", &number, NULL), XT_OK);
    xti_clean_plan(stage.txn, &NONE, &victims);
    (void)CHECK_U64(victims.count, 0);
    (void)CHECK_U64(xti_clean_live_units(stage.txn, first.ids[0]), 0);
    (void)CHECK_STATUS(xti_txn_drop(stage.txn, number, NULL), XT_OK);
    xti_clean_plan(stage.txn, &NONE, &victims);
    (void)CHECK_U64(victims.ids[0], first.ids[0]);
    stage_end(&stage);
}

static void by_hand_as_many_are_chosen_as_it_takes(void)
{
    struct stage stage;
    struct xti_clean_victims victims;
    struct xti_clean_victims few;

    stage_begin(&stage, PATH);
    blocks_kill(&stage, BLOCKS * 3 / 4, 4);
    xti_clean_plan_all(stage.txn, &NONE, 3.0, &victims);
    (void)CHECK_U64(victims.count, 0);
    xti_clean_plan_all(stage.txn, &NONE, 1.1, &victims);
    (void)CHECK(victims.count > 0);
    (void)CHECK_U64(victims.due_count, victims.count);
    xti_clean_plan_all(stage.txn, &NONE, 1.2, &few);
    (void)CHECK(few.count <= victims.count);
    stage_end(&stage);
}

static void in_memory_nothing_is_cleaned(void)
{
    struct stage stage;
    struct xti_clean_victims victims;

    stage_begin(&stage, NULL);
    blocks_kill(&stage, BLOCKS * 3 / 4, 2);
    xti_clean_plan(stage.txn, &NONE, &victims);
    (void)CHECK_U64(victims.count, 0);
    xti_clean_plan_all(stage.txn, &NONE, 1.1, &victims);
    (void)CHECK_U64(victims.count, 0);
    stage_end(&stage);
}

CHECK_MAIN({"nothing_is_due_where_the_target_is_kept", nothing_is_due_where_the_target_is_kept},
           {"what_is_worth_most_comes_first_and_what_is_needed_is_due",
            what_is_worth_most_comes_first_and_what_is_needed_is_due},
           {"a_small_store_is_not_moved_for_ever", a_small_store_is_not_moved_for_ever},
           {"small_changes_move_little_and_together", small_changes_move_little_and_together},
           {"arenas_that_are_stuck_or_kept_are_left_alone",
            arenas_that_are_stuck_or_kept_are_left_alone},
           {"by_hand_as_many_are_chosen_as_it_takes", by_hand_as_many_are_chosen_as_it_takes},
           {"in_memory_nothing_is_cleaned", in_memory_nothing_is_cleaned})
