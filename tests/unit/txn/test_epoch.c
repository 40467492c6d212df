/* tests/unit/txn/test_epoch.c -- does what is allocated, published, spilled and rolled back lie
 * where it should, and does a commit after any of it write the right bytes?
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit/txn/scene.h"

struct stage {
    struct disk_os *disk; /* NULL: in memory */
    struct fail_os fail;
    struct xti_txn *txn;
};

/* Item 1 is committed. */
static void stage_begin(struct stage *stage, bool on_disk)
{
    stage->disk = on_disk ? disk_os_create(check_seed) : NULL;
    fail_os_init(&stage->fail, on_disk ? disk_os_table(stage->disk) : xti_os_real());
    stage->txn = scene_create(&stage->fail.os, on_disk ? PATH : NULL, 4096);
    (void)CHECK_STATUS(scene_put_and_commit(stage->txn, 1), XT_OK);
}

static void stage_end(struct stage *stage)
{
    xti_txn_close(stage->txn);
    (void)CHECK(fail_os_is_clean(&stage->fail));
    disk_os_destroy(stage->disk);
}

static uint64_t arena_count(struct xti_txn *txn)
{
    xt_store_stats stats;

    xti_txn_stats(txn, &stats);
    return stats.arena_count;
}

/* Units that fit into the arena that takes allocations, found by asking; changes nothing. */
static uint64_t room(struct xti_txn *txn)
{
    uint64_t count = arena_count(txn);
    uint64_t units = ARENA_UNITS;

    do {
        (void)CHECK_STATUS(xti_txn_rollback(txn), XT_OK);
        units--;
        (void)CHECK_STATUS(scene_grow(txn, units), XT_OK);
    } while (arena_count(txn) > count);
    (void)CHECK_STATUS(xti_txn_rollback(txn), XT_OK);
    return units;
}

/* ---- allocation --------------------------------------------------------------------------- */

static void new_blocks_are_adjacent_and_say_how_long_they_are(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        const struct xtd_node *block;
        struct stage stage;
        uint32_t first;
        uint32_t ref;

        stage_begin(&stage, on_disk != 0);
        (void)CHECK_STATUS(xti_txn_alloc(stage.txn, 3, &first, NULL), XT_OK);
        for (uint32_t i = 1; i < 50; i++) {
            (void)CHECK_STATUS(xti_txn_alloc(stage.txn, 3, &ref, NULL), XT_OK);
            (void)CHECK_U64(ref, first + 3 * i);
            block = xti_txn_at(stage.txn, ref);
            (void)CHECK_U64(block->self_ref, ref);
            (void)CHECK_U64(block->size_units, 3);
            (void)CHECK_U64(block->kind, XTD_UNUSED);
        }
        stage_end(&stage);
    }
}

static void arenas_grow_with_what_is_expected(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        struct stage stage;
        xt_arena_stats arena;

        stage_begin(&stage, on_disk != 0);
        (void)CHECK_STATUS(xti_txn_expect(stage.txn, ARENA_UNITS * 3), XT_OK);
        for (int i = 0; i < 6; i++)
            (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS / 2), XT_OK);
        (void)CHECK_U64(arena_count(stage.txn), 2);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 2), XT_OK);
        (void)CHECK_STATUS(xti_txn_arena_stats(stage.txn, 1, &arena), XT_OK);
        (void)CHECK(arena.range_bytes >= ARENA_UNITS * 3 * XTD_UNIT_BYTES);
        (void)CHECK_STATUS(xti_txn_arena_stats(stage.txn, 2, &arena), XT_ENOTFOUND);
        /* The expectation ended with the commit; a block that is larger than usual fits. */
        (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS * 4), XT_OK);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 3), XT_OK);
        (void)CHECK_U64(scene_id(stage.txn), 3);
        if (on_disk)
            (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 3);
        stage_end(&stage);
    }
}

static void a_full_window_is_told_and_leaves_no_trace(void)
{
    struct stage stage;
    xt_error error;
    uint32_t ref;

    stage_begin(&stage, true);
    (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
    (void)CHECK_STATUS(xti_txn_alloc(stage.txn, WINDOW_BYTES / XTD_UNIT_BYTES, &ref, &error),
                       XT_EFULL);
    (void)CHECK_STATUS(error.status, XT_EFULL);
    (void)CHECK_U64(ref, 0);
    (void)CHECK_U64(arena_count(stage.txn), 1);
    (void)CHECK(!scene_has(stage.disk, "arena-00000002.xta"));
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 2);
    stage_end(&stage);
}

static void an_arena_that_cannot_be_made_leaves_no_trace(void)
{
    for (uint64_t n = 1;; n++) {
        struct stage stage;
        xt_status status;
        bool was_hit;

        stage_begin(&stage, true);
        fail_os_reset(&stage.fail);
        stage.fail.fail_at = n;
        status = scene_grow(stage.txn, ARENA_UNITS - 100);
        was_hit = stage.fail.hit;
        fail_os_reset(&stage.fail);
        (void)CHECK_INT(status != XT_OK, was_hit);
        (void)CHECK_U64(arena_count(stage.txn), was_hit ? 1 : 2);
        (void)CHECK_INT(scene_has(stage.disk, "arena-00000002.xta"), !was_hit);
        (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS - 100), XT_OK);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 2), XT_OK);
        (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 2);
        stage_end(&stage);
        if (!was_hit)
            break;
    }
}

static void a_file_in_the_way_of_a_new_arena_is_replaced(void)
{
    struct stage stage;

    stage_begin(&stage, true);
    disk_os_put_file(stage.disk, PATH "/arena-00000002.xta", "left", 4);
    disk_os_put_file(stage.disk, PATH "/manifest-0000000000000002.tmp", "left", 4);
    (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS - 100), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 2), XT_OK);
    (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 2);
    stage_end(&stage);
}

/* ---- publish ------------------------------------------------------------------------------ */

static void a_publish_shows_to_later_views_only_and_only_here(void)
{
    struct xti_view *old_view;
    struct xti_view *view;
    struct stage stage;
    uint64_t id;

    stage_begin(&stage, true);
    (void)CHECK_STATUS(xti_txn_view(stage.txn, &old_view), XT_OK);
    (void)CHECK(!xti_txn_is_dirty(stage.txn));
    (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
    (void)CHECK(xti_txn_is_dirty(stage.txn));
    (void)CHECK_U64(scene_id(stage.txn), 1);
    (void)CHECK_STATUS(xti_txn_publish(stage.txn), XT_OK);
    (void)CHECK(!xti_txn_is_dirty(stage.txn));
    (void)CHECK_U64(scene_id(stage.txn), 2);
    (void)CHECK_STATUS(scene_view_id(old_view, &id), XT_OK);
    (void)CHECK_U64(id, 1);
    (void)CHECK_STATUS(xti_txn_view(stage.txn, &view), XT_OK);
    (void)CHECK_U64(view->txn, 2); /* the commit before it */
    (void)CHECK(view->unit_count > old_view->unit_count);
    (void)CHECK_U64(scene_stored_id(stage.disk), 1);
    (void)CHECK_U64(xti_txn_views_in_use(stage.txn), 2);
    xti_txn_unview(stage.txn, view);
    xti_txn_unview(stage.txn, old_view);
    (void)CHECK_U64(xti_txn_views_in_use(stage.txn), 0);
    stage_end(&stage);
    /* What was only published is gone with the handle. */
}

static void a_view_ends_where_its_publish_ended(void)
{
    const struct xti_span *span = NULL;
    const struct xtd_node *leaf;
    struct xti_finding finding;
    struct xti_view *view;
    struct stage stage;
    uint32_t ref;

    stage_begin(&stage, true);
    (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
    ref = xti_txn_root(stage.txn).ref;
    (void)CHECK_STATUS(xti_txn_view(stage.txn, &view), XT_OK);
    (void)CHECK_STATUS(xti_view_node(view, &span, ref, 0, &leaf, &finding), XT_ECORRUPT);
    (void)CHECK_STR(finding.what, "ref outside the committed arenas");
    xti_txn_unview(stage.txn, view);
    stage_end(&stage);
}

/* ---- rollback ----------------------------------------------------------------------------- */

static void a_rollback_takes_everything_back(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        struct stage stage;
        struct xti_root root;
        uint32_t first;
        uint32_t again;

        stage_begin(&stage, on_disk != 0);
        root = xti_txn_root(stage.txn);
        (void)CHECK_STATUS(xti_txn_alloc(stage.txn, 10, &first, NULL), XT_OK);
        memset(xti_txn_at(stage.txn, first), 7, 10 * XTD_UNIT_BYTES);
        for (int i = 0; i < 4; i++)
            (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS / 2), XT_OK);
        (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
        (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
        (void)CHECK(!xti_txn_is_dirty(stage.txn));
        (void)CHECK_U64(xti_txn_root(stage.txn).ref, root.ref);
        (void)CHECK_U64(arena_count(stage.txn), 1);
        if (on_disk)
            (void)CHECK(!scene_has(stage.disk, "arena-00000002.xta"));
        (void)CHECK_STATUS(xti_txn_alloc(stage.txn, 10, &again, NULL), XT_OK);
        (void)CHECK_U64(again, first);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 3), XT_OK);
        (void)CHECK_U64(scene_id(stage.txn), 3);
        if (on_disk)
            (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 3);
        stage_end(&stage);
    }
}

enum before_publish { PUBLISHES_NOTHING, PUBLISHES_LEAF, PUBLISHES_ROOT, PUBLISHES_ARENA };

/* What lies between a commit, a publish, a rollback and the next commit. */
static void a_commit_after_a_rollback_holds_what_was_published(void)
{
    static const struct {
        const char *name;
        enum before_publish before;
        bool spills_before;
        uint64_t dropped_units;
        bool spills_dropped;
        uint64_t id;
    } rows[] = {
        {"nothing published",                       PUBLISHES_NOTHING, false, 40,          false, 1},
        {"nothing published, spilled",              PUBLISHES_NOTHING, false, 400,         true,  1},
        {"a leaf",                                  PUBLISHES_LEAF,    false, 40,          false, 2},
        {"a leaf, the rest spilled",                PUBLISHES_LEAF,    false, 400,         true,  2},
        {"a leaf, spilled, and the rest",           PUBLISHES_LEAF,    true,  400,         true,  2},
        {"a leaf, and a new arena",                 PUBLISHES_LEAF,    false, ARENA_UNITS, false, 2},
        {"a leaf, and a new arena, spilled",        PUBLISHES_LEAF,    false, ARENA_UNITS, true,  2},
        {"a root without a block",                  PUBLISHES_ROOT,    false, 40,          false, 0},
        {"a root without a block, and a new arena", PUBLISHES_ROOT,    false, ARENA_UNITS, false, 0},
        {"a root without a block, spilled",         PUBLISHES_ROOT,    false, 400,         true,  0},
        {"an arena",                                PUBLISHES_ARENA,   false, 40,          false, 2},
        {"an arena, spilled, and another",          PUBLISHES_ARENA,   true,  ARENA_UNITS, true,  2},
    };

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        const struct xti_root empty = {0, 0, 0};
        struct stage stage;

        check_row = rows[row].name;
        stage_begin(&stage, true);
        if (rows[row].before == PUBLISHES_ARENA)
            (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS), XT_OK);
        if (rows[row].before == PUBLISHES_LEAF || rows[row].before == PUBLISHES_ARENA)
            (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
        if (rows[row].before == PUBLISHES_ROOT)
            xti_txn_set_root(stage.txn, empty);
        if (rows[row].spills_before)
            (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
        (void)CHECK_STATUS(xti_txn_publish(stage.txn), XT_OK);
        (void)CHECK_STATUS(scene_grow(stage.txn, rows[row].dropped_units), XT_OK);
        (void)CHECK_STATUS(scene_put(stage.txn, 3), XT_OK);
        if (rows[row].spills_dropped)
            (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
        (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
        (void)CHECK_U64(scene_id(stage.txn), rows[row].id);
        (void)CHECK_STATUS(scene_grow(stage.txn, 10), XT_OK);
        (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
        (void)CHECK_U64(scene_id(stage.txn), rows[row].id);
        (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), rows[row].id);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 4), XT_OK);
        (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 4);
        stage_end(&stage);
    }
}

static void a_rollback_at_the_end_of_an_arena_works(void)
{
    struct stage stage;
    uint64_t units;

    stage_begin(&stage, true);
    units = room(stage.txn);
    (void)CHECK_STATUS(scene_grow(stage.txn, units - 10), XT_OK);
    (void)CHECK_STATUS(xti_txn_publish(stage.txn), XT_OK);
    (void)CHECK_STATUS(scene_grow(stage.txn, 10), XT_OK);
    (void)CHECK_U64(arena_count(stage.txn), 1);
    (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 2), XT_OK);
    (void)CHECK_U64(arena_count(stage.txn), 1);
    (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 2);
    stage_end(&stage);
}

static void a_rollback_that_fails_can_be_repeated_or_committed(void)
{
    for (int commits = 0; commits < 2; commits++) {
        struct stage stage;

        check_row = commits ? "commit" : "rollback again";
        stage_begin(&stage, true);
        (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
        (void)CHECK_STATUS(xti_txn_publish(stage.txn), XT_OK);
        (void)CHECK_STATUS(scene_put(stage.txn, 3), XT_OK);
        (void)CHECK_STATUS(scene_grow(stage.txn, 300), XT_OK);
        (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS - 200), XT_OK);
        (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
        (void)CHECK_STATUS(scene_put(stage.txn, 3), XT_OK);
        fail_os_reset(&stage.fail);
        stage.fail.kinds = FAIL_PLACE_MEMORY;
        stage.fail.fail_at = 1;
        (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_ENOMEM);
        fail_os_reset(&stage.fail);
        if (!commits)
            (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
        (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
        (void)CHECK_U64(scene_id(stage.txn), 2);
        (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 2);
        stage_end(&stage);
    }
}

/* ---- spill -------------------------------------------------------------------------------- */

static void what_was_spilled_is_read_and_committed_as_it_was(void)
{
    struct stage stage;
    uint64_t allocated;
    struct xti_root root;

    stage_begin(&stage, true);
    allocated = 0;
    for (uint64_t id = 2; id < 40; id++) {
        (void)CHECK_STATUS(scene_grow(stage.txn, id * 40), XT_OK);
        (void)CHECK_STATUS(scene_put(stage.txn, id), XT_OK);
        allocated += id * 40 + LEAF_UNITS;
        (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
        root = xti_txn_root(stage.txn);
        (void)CHECK_U64(((const struct xtd_node *)xti_txn_at(stage.txn, root.ref))->self_ref,
                        root.ref);
    }
    (void)CHECK(allocated < ARENA_UNITS);
    (void)CHECK_U64(scene_stored_id(stage.disk), 1);
    (void)CHECK_U64(scene_id(stage.txn), 1);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_U64(scene_id(stage.txn), 39);
    (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 39);
    stage_end(&stage);
}

static void a_spill_of_less_than_a_page_waits(void)
{
    struct stage stage;

    stage_begin(&stage, true);
    (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
    (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
    (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
    (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 2);
    stage_end(&stage);
}

static void spilling_over_several_arenas_works(void)
{
    struct stage stage;

    stage_begin(&stage, true);
    for (int i = 0; i < 7; i++) {
        (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS / 3), XT_OK);
        (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
    }
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 2), XT_OK);
    (void)CHECK_U64(scene_id(stage.txn), 2);
    (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 2);
    stage_end(&stage);
}

static void closing_removes_the_arenas_of_what_was_not_committed(void)
{
    struct stage stage;

    stage_begin(&stage, true);
    (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS), XT_OK);
    (void)CHECK(scene_has(stage.disk, "arena-00000002.xta"));
    xti_txn_close(stage.txn);
    (void)CHECK(!scene_has(stage.disk, "arena-00000002.xta"));
    (void)CHECK(scene_has(stage.disk, "arena-00000001.xta"));
    stage.txn = NULL;
    (void)CHECK_U64(scene_stored_id(stage.disk), 1);
    stage_end(&stage);
}

CHECK_MAIN({"new_blocks_are_adjacent_and_say_how_long_they_are",
            new_blocks_are_adjacent_and_say_how_long_they_are},
           {"arenas_grow_with_what_is_expected", arenas_grow_with_what_is_expected},
           {"a_full_window_is_told_and_leaves_no_trace", a_full_window_is_told_and_leaves_no_trace},
           {"an_arena_that_cannot_be_made_leaves_no_trace",
            an_arena_that_cannot_be_made_leaves_no_trace},
           {"a_file_in_the_way_of_a_new_arena_is_replaced",
            a_file_in_the_way_of_a_new_arena_is_replaced},
           {"a_publish_shows_to_later_views_only_and_only_here",
            a_publish_shows_to_later_views_only_and_only_here},
           {"a_view_ends_where_its_publish_ended", a_view_ends_where_its_publish_ended},
           {"a_rollback_takes_everything_back", a_rollback_takes_everything_back},
           {"a_commit_after_a_rollback_holds_what_was_published",
            a_commit_after_a_rollback_holds_what_was_published},
           {"a_rollback_at_the_end_of_an_arena_works", a_rollback_at_the_end_of_an_arena_works},
           {"a_rollback_that_fails_can_be_repeated_or_committed",
            a_rollback_that_fails_can_be_repeated_or_committed},
           {"what_was_spilled_is_read_and_committed_as_it_was",
            what_was_spilled_is_read_and_committed_as_it_was},
           {"a_spill_of_less_than_a_page_waits", a_spill_of_less_than_a_page_waits},
           {"spilling_over_several_arenas_works", spilling_over_several_arenas_works},
           {"closing_removes_the_arenas_of_what_was_not_committed",
            closing_removes_the_arenas_of_what_was_not_committed})
