/* tests/unit/txn/test_blocks.c -- when may a block be taken again, what does the writer see of a
 * node, and what do blocks look like in the file?
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/tree.h"
#include "txn/txn_private.h"
#include "unit/txn/leaves.h"

struct stage {
    struct disk_os *disk; /* NULL: in memory */
    struct fail_os fail;
    struct xti_txn *txn;
};

static void stage_begin(struct stage *stage, bool on_disk)
{
    check_row = on_disk ? "on disk" : "in memory";
    stage->disk = on_disk ? disk_os_create(check_seed) : NULL;
    fail_os_init(&stage->fail, on_disk ? disk_os_table(stage->disk) : xti_os_real());
    stage->txn = scene_create(&stage->fail.os, on_disk ? PATH : NULL, 4096);
}

static void stage_end(struct stage *stage)
{
    xti_txn_close(stage->txn);
    (void)CHECK(fail_os_is_clean(&stage->fail));
    disk_os_destroy(stage->disk);
}

static uint32_t take(struct xti_txn *txn, uint32_t units)
{
    (void)CHECK_STATUS(xti_txn_reserve(txn, units, NULL), XT_OK);
    return xti_txn_take(txn, units, false);
}

static void publish(struct xti_txn *txn)
{
    (void)CHECK_STATUS(xti_txn_publish(txn), XT_OK);
}

static uint64_t arena_count(struct xti_txn *txn)
{
    xt_store_stats stats;

    xti_txn_stats(txn, &stats);
    return stats.arena_count;
}

/* ---- taking again -------------------------------------------------------------------------- */

static void an_own_block_can_be_taken_again_at_once(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        struct stage stage;
        uint32_t a;
        uint32_t b;
        uint32_t ref;

        stage_begin(&stage, on_disk != 0);
        a = take(stage.txn, 5);
        b = take(stage.txn, 9);
        xti_txn_free(stage.txn, a, 5);
        xti_txn_free(stage.txn, b, 9);
        (void)CHECK_U64(take(stage.txn, 9), b); /* of its exact size */
        (void)CHECK_STATUS(xti_txn_alloc(stage.txn, 5, &ref, NULL), XT_OK);
        (void)CHECK_U64(ref, a);
        (void)CHECK(take(stage.txn, 5) > b);
        stage_end(&stage);
    }
}

static void a_published_block_waits_for_the_views_that_lead_to_it(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        struct xti_view *before;
        struct xti_view *between;
        struct xti_view *after;
        struct stage stage;
        struct leaf leaf;

        stage_begin(&stage, on_disk != 0);
        leaf = leaf_make(stage.txn, 1, 1);
        publish(stage.txn);
        (void)CHECK_STATUS(xti_txn_view(stage.txn, &before), XT_OK);
        (void)take(stage.txn, 7);
        publish(stage.txn);
        (void)CHECK_STATUS(xti_txn_view(stage.txn, &between), XT_OK);
        xti_txn_free(stage.txn, leaf.ref, leaf.units);
        (void)CHECK(take(stage.txn, leaf.units) != leaf.ref); /* its end is not published */
        publish(stage.txn);
        (void)CHECK_STATUS(xti_txn_view(stage.txn, &after), XT_OK);
        (void)CHECK(take(stage.txn, leaf.units) != leaf.ref); /* two views lead to it */
        xti_txn_unview(stage.txn, between);
        publish(stage.txn);
        (void)CHECK(take(stage.txn, leaf.units) != leaf.ref); /* one does */
        (void)CHECK(leaf_in_view(before, &leaf));
        xti_txn_unview(stage.txn, before);
        (void)CHECK(take(stage.txn, leaf.units) != leaf.ref); /* nobody has looked yet */
        publish(stage.txn);
        (void)CHECK_U64(take(stage.txn, leaf.units), leaf.ref);
        xti_txn_unview(stage.txn, after);
        stage_end(&stage);
    }
}

static void what_a_change_freed_is_free_for_the_next_one(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        struct stage stage;
        uint32_t refs[100];
        uint32_t top;

        stage_begin(&stage, on_disk != 0);
        for (uint32_t i = 0; i < CHECK_COUNT(refs); i++)
            refs[i] = take(stage.txn, 5);
        for (uint32_t i = 0; i < CHECK_COUNT(refs); i++)
            xti_txn_free(stage.txn, refs[i], 5);
        top = take(stage.txn, 1);
        publish(stage.txn);
        for (uint32_t i = 0; i < CHECK_COUNT(refs); i++)
            (void)CHECK(take(stage.txn, 5) < top);
        (void)CHECK(take(stage.txn, 5) > top);
        stage_end(&stage);
    }
}

/* Free at the last publish: 3 blocks. A change takes two of them, gives one back, frees a published
 * one, takes a new one; all of that is undone. */
static void a_rollback_makes_the_same_blocks_free_again(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        struct stage stage;
        struct leaf kept;
        uint32_t refs[3];
        uint32_t again[3];

        stage_begin(&stage, on_disk != 0);
        for (uint32_t i = 0; i < 3; i++)
            refs[i] = take(stage.txn, 5);
        kept = leaf_make(stage.txn, 1, 7);
        for (uint32_t i = 0; i < 3; i++)
            xti_txn_free(stage.txn, refs[i], 5);
        publish(stage.txn);
        for (uint32_t round = 0; round < 3; round++) {
            for (uint32_t i = 0; i < 2; i++)
                again[i] = take(stage.txn, 5);
            xti_txn_free(stage.txn, again[0], 5);
            xti_txn_free(stage.txn, kept.ref, kept.units);
            (void)take(stage.txn, 40);
            (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
            publish(stage.txn);
            (void)CHECK(
                leaf_holds(xti_txn_layout(stage.txn), xti_txn_at(stage.txn, kept.ref), &kept));
        }
        for (uint32_t i = 0; i < 3; i++)
            again[i] = take(stage.txn, 5);
        for (uint32_t i = 0; i < 3; i++)
            (void)CHECK(refs[i] == again[0] || refs[i] == again[1] || refs[i] == again[2]);
        (void)CHECK(again[0] != again[1] && again[1] != again[2] && again[0] != again[2]);
        (void)CHECK(take(stage.txn, 5) > kept.ref);
        stage_end(&stage);
    }
}

static void a_store_that_changes_does_not_grow(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        struct xti_view *view = NULL;
        struct stage stage;
        struct leaf leaves[10];

        stage_begin(&stage, on_disk != 0);
        for (uint32_t i = 0; i < CHECK_COUNT(leaves); i++)
            leaves[i] = leaf_make(stage.txn, 1 + i % 3, i);
        for (uint32_t round = 0; round < 20000; round++) {
            struct leaf *leaf = &leaves[round % CHECK_COUNT(leaves)];
            struct leaf old = *leaf;

            *leaf = leaf_make(stage.txn, (leaf->units - 1) / 4, round);
            xti_txn_free(stage.txn, old.ref, old.units);
            publish(stage.txn);
            if (round % 50 == 0) {
                if (view != NULL)
                    xti_txn_unview(stage.txn, view);
                (void)CHECK_STATUS(xti_txn_view(stage.txn, &view), XT_OK);
            }
        }
        xti_txn_unview(stage.txn, view);
        (void)CHECK_U64(arena_count(stage.txn), 1); /* of 2 MiB; 10 to 26 MB went through it */
        stage_end(&stage);
    }
}

/* 64 sizes are remembered; the blocks of more are lost, until lists become empty. */
static void blocks_of_too_many_sizes_are_lost(void)
{
    struct stage stage;
    uint32_t refs[70];

    stage_begin(&stage, false);
    for (uint32_t i = 0; i < CHECK_COUNT(refs); i++)
        refs[i] = take(stage.txn, 10 + i);
    for (uint32_t i = 0; i < CHECK_COUNT(refs); i++)
        xti_txn_free(stage.txn, refs[i], 10 + i);
    for (uint32_t i = 0; i < CHECK_COUNT(refs); i++)
        (void)CHECK_INT(take(stage.txn, 10 + i) == refs[i], i < 64);
    (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
    for (uint32_t i = 0; i < CHECK_COUNT(refs); i++)
        refs[i] = take(stage.txn, 100 + i);
    for (uint32_t i = 0; i < CHECK_COUNT(refs); i++)
        xti_txn_free(stage.txn, refs[i], 100 + i);
    for (uint32_t i = 0; i < CHECK_COUNT(refs); i++)
        (void)CHECK_INT(take(stage.txn, 100 + i) == refs[i], i < 64);
    stage_end(&stage);
}

/* ---- reservations --------------------------------------------------------------------------- */

static void what_is_reserved_can_be_taken_whatever_fails(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        struct stage stage;
        uint64_t left = 30000;

        stage_begin(&stage, on_disk != 0);
        (void)take(stage.txn, 4000);
        (void)CHECK_STATUS(xti_txn_reserve(stage.txn, left, NULL), XT_OK);
        (void)CHECK_U64(arena_count(stage.txn), 2);
        fail_os_reset(&stage.fail);
        stage.fail.fail_at = 1;
        stage.fail.fail_forever = true;
        for (uint32_t units = 1; left >= units; units++) {
            (void)CHECK_STATUS(xti_txn_reserve(stage.txn, left, NULL), XT_OK);
            (void)CHECK(xti_txn_take(stage.txn, units, false) != 0);
            left -= units;
        }
        fail_os_reset(&stage.fail);
        stage.fail.fail_forever = false;
        (void)CHECK_U64(arena_count(stage.txn), 2);
        stage_end(&stage);
    }
}

static void a_reservation_that_fails_changes_nothing(void)
{
    struct stage stage;
    xt_error error;

    stage_begin(&stage, true);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 1), XT_OK);
    (void)CHECK_STATUS(xti_txn_reserve(stage.txn, WINDOW_BYTES / XTD_UNIT_BYTES, &error), XT_EFULL);
    (void)CHECK_STATUS(error.status, XT_EFULL);
    (void)CHECK(!xti_txn_is_dirty(stage.txn));
    for (uint64_t n = 1;; n++) {
        bool was_hit;
        xt_status status;

        fail_os_reset(&stage.fail);
        stage.fail.fail_at = n;
        status = xti_txn_reserve(stage.txn, ARENA_UNITS, &error);
        was_hit = stage.fail.hit;
        fail_os_reset(&stage.fail);
        (void)CHECK_INT(status != XT_OK, was_hit);
        (void)CHECK_U64(arena_count(stage.txn), was_hit ? 1 : 2);
        (void)CHECK(!xti_txn_is_dirty(stage.txn));
        if (!was_hit)
            break;
    }
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 2), XT_OK);
    (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 2);
    stage_end(&stage);
}

static void a_reader_can_reserve_nothing(void)
{
    struct stage stage;
    struct xti_txn *reader;

    stage_begin(&stage, true);
    reader = scene_open(&stage.fail.os, false);
    (void)CHECK_STATUS(xti_txn_reserve(reader, 1, NULL), XT_EMISUSE);
    xti_txn_close(reader);
    stage_end(&stage);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void only_what_the_pending_change_made_is_own(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        struct stage stage;
        struct leaf old;
        struct leaf leaf;

        stage_begin(&stage, on_disk != 0);
        old = leaf_make(stage.txn, 1, 1);
        (void)CHECK(leaf_is_own(stage.txn, &old));
        publish(stage.txn);
        (void)CHECK(!leaf_is_own(stage.txn, &old));
        leaf = leaf_make(stage.txn, 2, 2);
        (void)CHECK(leaf_is_own(stage.txn, &leaf));
        (void)CHECK(!leaf_is_own(stage.txn, &old));
        (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
        (void)CHECK(!leaf_is_own(stage.txn, &leaf));
        (void)CHECK(!leaf_is_own(stage.txn, &old));
        stage_end(&stage);
    }
}

static void a_wrong_level_is_no_node(void)
{
    struct xtd_node *node;
    struct stage stage;
    struct leaf leaf;
    bool is_own;

    stage_begin(&stage, false);
    leaf = leaf_make(stage.txn, 1, 1);
    (void)CHECK_STATUS(xti_txn_node(stage.txn, leaf.ref, 1, &node, &is_own), XT_ECORRUPT);
    (void)CHECK(node == NULL && !is_own);
    publish(stage.txn);
    (void)CHECK_STATUS(xti_txn_node(stage.txn, leaf.ref, 1, &node, &is_own), XT_ECORRUPT);
    (void)CHECK_STATUS(xti_txn_node(stage.txn, leaf.ref, 0, &node, &is_own), XT_OK);
    stage_end(&stage);
}

/* Any number may stand in a damaged node. */
static void no_ref_leads_to_a_wild_read(void)
{
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        uint64_t random = check_seed;
        struct stage stage;
        struct leaf leaf;

        stage_begin(&stage, on_disk != 0);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 1), XT_OK);
        leaf = leaf_make(stage.txn, 1, 1);
        for (uint32_t i = 0; i < 300000; i++) {
            uint32_t ref = (uint32_t)check_random(&random) >> (i % 32);
            struct xtd_node *node;
            bool is_own;
            xt_status status = xti_txn_node(stage.txn, ref, 0, &node, &is_own);

            if (ref != leaf.ref && ref != xti_txn_root(stage.txn).ref)
                (void)CHECK_STATUS(status, XT_ECORRUPT);
        }
        (void)CHECK(leaf_is_own(stage.txn, &leaf));
        stage_end(&stage);
    }
}

/* An inner node whose one child lies at `child`, as the root of the next commit. */
static struct xtd_node *put_inner(struct xti_txn *txn, uint32_t child)
{
    const struct xti_layout *layout = xti_txn_layout(txn);
    uint32_t units = xti_inner_units(layout, 16);
    struct xti_root root = {take(txn, units), 2, 1};
    struct xtd_node *node = xti_txn_at(txn, root.ref);

    memset(node + 1, 0, (size_t)(units - 1) * XTD_UNIT_BYTES);
    node->count = 1;
    node->capacity = 16;
    node->kind = XTD_INNER;
    node->level = 1;
    node->item_count = 1;
    xti_inner_refs(layout, node)[0] = child;
    xti_txn_set_root(txn, root);
    return node;
}

static void children_of_a_found_node_lie_in_what_was_found(void)
{
    for (uint32_t beyond = 0; beyond < 2; beyond++) {
        struct xtd_node *node;
        struct stage stage;
        struct leaf leaf;
        uint32_t ref;
        bool is_own;

        stage_begin(&stage, true);
        leaf = leaf_make(stage.txn, 1, 1);
        node = put_inner(stage.txn, leaf.ref + beyond * 512);
        (void)CHECK_STATUS(xti_txn_check_refs(stage.txn, node), XT_OK); /* it was made here */
        (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
        (void)CHECK_STATUS(xti_txn_check_refs(stage.txn, node), XT_OK);
        xti_txn_close(stage.txn);
        stage.txn = scene_open(&stage.fail.os, true);
        ref = xti_txn_root(stage.txn).ref;
        (void)take(stage.txn, 2000); /* where the ref beyond leads to */
        (void)CHECK_STATUS(xti_txn_node(stage.txn, ref, 1, &node, &is_own), XT_OK);
        (void)CHECK(!is_own);
        (void)CHECK_STATUS(xti_txn_check_refs(stage.txn, node), beyond ? XT_ECORRUPT : XT_OK);
        stage_end(&stage);
    }
}

static void a_writer_refuses_a_root_outside_of_what_it_found(void)
{
    struct xti_root root = {0, 1, 4};
    struct xti_txn *txn;
    struct stage stage;
    xt_error error;

    stage_begin(&stage, true);
    root.ref = leaf_make(stage.txn, 1, 1).ref + 4096;
    xti_txn_set_root(stage.txn, root);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    xti_txn_close(stage.txn);
    (void)CHECK_STATUS(
        xti_txn_open(&stage.fail.os, PATH, true, XT_VERIFY_LAZY, WINDOW_BYTES, &error, &txn),
        XT_ECORRUPT);
    (void)CHECK_STR(error.check, "root outside the committed arenas");
    stage.txn = scene_open(&stage.fail.os, false);
    stage_end(&stage);
}

static void the_checksum_of_a_found_node_is_looked_at(void)
{
    struct xtd_node *node;
    struct stage stage;
    struct leaf leaf;
    bool is_own;

    stage_begin(&stage, true);
    leaf = leaf_make(stage.txn, 1, 1);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    xti_txn_close(stage.txn);
    scene_units(stage.disk, 1, leaf.ref, 320)[100] ^= 1; /* arena 1 lies at 0 */
    stage.txn = scene_open(&stage.fail.os, true);
    (void)CHECK_STATUS(xti_txn_node(stage.txn, leaf.ref, 0, &node, &is_own), XT_ECORRUPT);
    xti_txn_close(stage.txn);
    scene_units(stage.disk, 1, leaf.ref, 320)[100] ^= 1;
    stage.txn = scene_open(&stage.fail.os, true);
    (void)CHECK_STATUS(xti_txn_node(stage.txn, leaf.ref, 0, &node, &is_own), XT_OK);
    (void)CHECK_STATUS(xti_txn_node(stage.txn, leaf.ref, 0, &node, &is_own), XT_OK);
    stage_end(&stage);
}

/* A store says that fewer units are alive than its tree has. */
static void live_units_do_not_wrap(void)
{
    xt_arena_stats arena;
    xt_store_stats stats;
    struct stage stage;
    struct leaf leaf;

    stage_begin(&stage, true);
    leaf = leaf_make(stage.txn, 3, 1);
    stage.txn->now.live_units = 2;
    stage.txn->space.arenas[0].live_units = 3;
    xti_txn_free(stage.txn, leaf.ref, leaf.units);
    publish(stage.txn);
    xti_txn_stats(stage.txn, &stats);
    (void)CHECK_U64(stats.live_bytes, 0);
    (void)CHECK_STATUS(xti_txn_arena_stats(stage.txn, 0, &arena), XT_OK);
    (void)CHECK_U64(arena.live_bytes, 0);
    stage_end(&stage);
}

/* ---- in the file ----------------------------------------------------------------------------- */

static bool body_is_zero(const struct xtd_node *block)
{
    const char *bytes = (const char *)block;
    size_t end = (size_t)block->size_units * XTD_UNIT_BYTES;
    size_t i = offsetof(struct xtd_node, count);

    while (i < end && (bytes[i] == 0 || (i >= offsetof(struct xtd_node, size_units) &&
                                         i <= offsetof(struct xtd_node, kind))))
        i++;
    return i == end;
}

/* The newest commit's extent in arena 1, which lies at 0, is blocks from end to end, each with its
 * checksum. Returns how many are in no use. */
static uint32_t walk_extent(struct disk_os *disk)
{
    const struct xtd_commit_record *record =
        scene_record(disk, scene_newest(disk)->state.record_ref);
    const struct xtd_extent *extent = &record->extents[0];
    uint64_t unit = extent->first_unit + XTD_PAGE_UNITS;
    uint64_t end = extent->first_unit + extent->units;
    uint32_t unused = 0;

    (void)CHECK_U64(extent->arena_id, 1);
    while (unit < end) {
        const struct xtd_node *block = (const void *)scene_units(disk, 1, unit, 64);

        if (!CHECK_U64(block->self_ref, unit) || !CHECK(block->size_units > 0) ||
            !CHECK(unit + block->size_units <= end) ||
            !CHECK_STATUS(xti_node_verify(block, NULL), XT_OK))
            return 0;
        if (block->kind == XTD_UNUSED) {
            (void)CHECK(body_is_zero(block));
            unused++;
        }
        unit += block->size_units;
    }
    return unused;
}

/* Of the only arena; whatever else is committed is dead. */
static void live_units_are(struct disk_os *disk, uint64_t units)
{
    const struct xtd_state *state = &scene_newest(disk)->state;

    (void)CHECK_U64(state->live_units, units);
    (void)CHECK_U64(state->dead_units, state->frontiers[0].units - units);
}

static void an_extent_is_blocks_from_end_to_end(void)
{
    struct xti_view *view;
    struct stage stage;
    struct leaf leaves[6];

    stage_begin(&stage, true);
    for (uint32_t i = 0; i < 6; i++)
        leaves[i] = leaf_make(stage.txn, 2, i);
    xti_txn_free(stage.txn, leaves[0].ref, leaves[0].units); /* fresh */
    publish(stage.txn);
    (void)CHECK_STATUS(xti_txn_view(stage.txn, &view), XT_OK);
    xti_txn_free(stage.txn, leaves[1].ref, leaves[1].units); /* retired, and seen */
    publish(stage.txn);
    xti_txn_free(stage.txn, leaves[2].ref, leaves[2].units); /* retired */
    xti_txn_free(stage.txn, leaf_make(stage.txn, 4, 9).ref, leaf_units(4));
    (void)take(stage.txn, 3); /* nothing was made of it */
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_U64(walk_extent(stage.disk), 4); /* two were freed, one not made, and the gap */
    for (uint32_t i = 1; i < 6; i++)
        (void)CHECK(leaf_in_view(view, &leaves[i]));
    live_units_are(stage.disk, 3 * leaf_units(2) + 3);
    xti_txn_unview(stage.txn, view);
    stage_end(&stage);
}

/* A load takes long blocks and makes many nodes of each; one that is cancelled leaves some half
 * made. Here the block came from a list and goes back there. */
static void what_a_change_left_half_made_does_not_reach_the_file(void)
{
    struct stage stage;
    uint32_t ref;

    stage_begin(&stage, true);
    ref = take(stage.txn, 50);
    (void)take(stage.txn, 1);
    xti_txn_free(stage.txn, ref, 50);
    publish(stage.txn);
    (void)CHECK_U64(take(stage.txn, 50), ref);
    memset(xti_txn_at(stage.txn, ref), 0xee, 50 * (size_t)XTD_UNIT_BYTES);
    (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_U64(walk_extent(stage.disk), 3);
    stage_end(&stage);
}

/* The system refuses new memory in the place of a file: what is above stays, and is not walked. */
static void what_a_refused_rollback_leaves_is_written_as_it_is(void)
{
    struct stage stage;
    struct leaf leaf;
    struct leaf dead;
    uint32_t ref;

    stage_begin(&stage, true);
    dead = leaf_make(stage.txn, 1, 1);
    leaf = leaf_make(stage.txn, 1, 2);
    xti_txn_free(stage.txn, dead.ref, dead.units);
    publish(stage.txn);
    (void)take(stage.txn, 300);
    (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
    ref = take(stage.txn, 50);
    memset(xti_txn_at(stage.txn, ref), 0xee, 50 * (size_t)XTD_UNIT_BYTES);
    fail_os_reset(&stage.fail);
    stage.fail.kinds = FAIL_PLACE_MEMORY;
    stage.fail.fail_at = 1;
    (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_ENOMEM);
    fail_os_reset(&stage.fail);
    (void)CHECK(take(stage.txn, dead.units) > ref); /* the free one was written */
    (void)CHECK(!leaf_is_own(stage.txn, &leaf));
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 3), XT_OK);
    (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 3);
    stage_end(&stage);
}

static void what_a_failed_commit_wrote_is_not_edited_any_more(void)
{
    for (int rolls_back = 0; rolls_back < 2; rolls_back++) {
        struct stage stage;
        struct leaf published;
        struct leaf leaf;
        uint32_t freed;

        stage_begin(&stage, true);
        published = leaf_make(stage.txn, 1, 1);
        publish(stage.txn);
        leaf = leaf_make(stage.txn, 1, 2);
        freed = take(stage.txn, 9);
        xti_txn_free(stage.txn, freed, 9);
        disk_os_capacity(stage.disk, 9000);
        (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_EFULL);
        disk_os_capacity(stage.disk, UINT64_MAX);
        (void)CHECK(!leaf_is_own(stage.txn, &leaf));
        (void)CHECK(take(stage.txn, 9) != freed);
        if (rolls_back) {
            (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
            (void)CHECK(!leaf_is_own(stage.txn, &published));
            leaf = leaf_make(stage.txn, 1, 3);
            (void)CHECK(leaf_is_own(stage.txn, &leaf));
        }
        (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
        (void)walk_extent(stage.disk);
        stage_end(&stage);
    }
}

/* A spill ends at a page; the block that crosses that edge is frozen as a whole. */
static void a_block_across_the_end_of_a_spill_is_frozen(void)
{
    struct stage stage;
    struct leaf across;
    struct leaf leaf;

    stage_begin(&stage, true);
    across = leaf_make(stage.txn, 20, 1);
    (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
    (void)CHECK(across.ref % XTD_PAGE_UNITS == 0 && across.units % XTD_PAGE_UNITS != 0);
    (void)CHECK(!leaf_is_own(stage.txn, &across));
    leaf = leaf_make(stage.txn, 20, 2);
    (void)CHECK(leaf_is_own(stage.txn, &leaf));
    xti_txn_free(stage.txn, across.ref, across.units);
    (void)CHECK(take(stage.txn, across.units) != across.ref);
    (void)CHECK_STATUS(xti_txn_spill(stage.txn, NULL), XT_OK);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_U64(walk_extent(stage.disk), 2);
    live_units_are(stage.disk, leaf.units + across.units);
    stage_end(&stage);
}

static void a_deep_check_takes_published_nodes_without_checksums(void)
{
    struct xti_verify_report report;
    struct xti_view *view;
    struct stage stage;

    stage_begin(&stage, true);
    (void)CHECK_STATUS(scene_put(stage.txn, 1), XT_OK);
    publish(stage.txn);
    (void)CHECK_STATUS(xti_txn_view(stage.txn, &view), XT_OK);
    (void)CHECK_STATUS(xti_tree_verify(&stage.fail.os, view, true, &report), XT_OK);
    xti_txn_unview(stage.txn, view);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_STATUS(xti_txn_view(stage.txn, &view), XT_OK);
    (void)CHECK_STATUS(xti_tree_verify(&stage.fail.os, view, true, &report), XT_OK);
    xti_txn_unview(stage.txn, view);
    stage_end(&stage);
}

/* ---- the sequence of publishes ----------------------------------------------------------------
 * */

static void a_publish_before_the_sequence_begins_anew_is_a_commit(void)
{
    struct stage stage;
    struct leaf leaf;

    stage_begin(&stage, true);
    stage.txn->edit.sequence = stage.txn->committed_sequence - 2;
    (void)CHECK_STATUS(scene_put(stage.txn, 1), XT_OK);
    publish(stage.txn);
    (void)CHECK_U64(scene_stored_id(stage.disk), EMPTY);
    leaf = leaf_make(stage.txn, 1, 1);
    (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK); /* cannot take the last number */
    (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
    publish(stage.txn);
    (void)CHECK_U64(scene_stored_id(stage.disk), 2);
    (void)CHECK_STATUS(scene_put(stage.txn, 3), XT_OK);
    publish(stage.txn);
    (void)CHECK_U64(scene_stored_id(stage.disk), 2);
    (void)CHECK_U64(scene_id(stage.txn), 3);
    (void)leaf;
    stage_end(&stage);
}

/* In memory the numbers may come again, as nodes are told apart by birth_txn too. */
static void in_memory_the_sequence_may_begin_anew(void)
{
    struct stage stage;
    struct leaf leaf;

    stage_begin(&stage, false);
    leaf = leaf_make(stage.txn, 1, 1);
    publish(stage.txn);
    stage.txn->edit.sequence--;
    (void)CHECK(!leaf_is_own(stage.txn, &leaf));
    stage_end(&stage);
}

CHECK_MAIN(
    {"an_own_block_can_be_taken_again_at_once", an_own_block_can_be_taken_again_at_once},
    {"a_published_block_waits_for_the_views_that_lead_to_it",
     a_published_block_waits_for_the_views_that_lead_to_it},
    {"what_a_change_freed_is_free_for_the_next_one", what_a_change_freed_is_free_for_the_next_one},
    {"a_rollback_makes_the_same_blocks_free_again", a_rollback_makes_the_same_blocks_free_again},
    {"a_store_that_changes_does_not_grow", a_store_that_changes_does_not_grow},
    {"blocks_of_too_many_sizes_are_lost", blocks_of_too_many_sizes_are_lost},
    {"what_is_reserved_can_be_taken_whatever_fails", what_is_reserved_can_be_taken_whatever_fails},
    {"a_reservation_that_fails_changes_nothing", a_reservation_that_fails_changes_nothing},
    {"a_reader_can_reserve_nothing", a_reader_can_reserve_nothing},
    {"only_what_the_pending_change_made_is_own", only_what_the_pending_change_made_is_own},
    {"a_wrong_level_is_no_node", a_wrong_level_is_no_node},
    {"no_ref_leads_to_a_wild_read", no_ref_leads_to_a_wild_read},
    {"children_of_a_found_node_lie_in_what_was_found",
     children_of_a_found_node_lie_in_what_was_found},
    {"a_writer_refuses_a_root_outside_of_what_it_found",
     a_writer_refuses_a_root_outside_of_what_it_found},
    {"the_checksum_of_a_found_node_is_looked_at", the_checksum_of_a_found_node_is_looked_at},
    {"live_units_do_not_wrap", live_units_do_not_wrap},
    {"an_extent_is_blocks_from_end_to_end", an_extent_is_blocks_from_end_to_end},
    {"what_a_change_left_half_made_does_not_reach_the_file",
     what_a_change_left_half_made_does_not_reach_the_file},
    {"what_a_refused_rollback_leaves_is_written_as_it_is",
     what_a_refused_rollback_leaves_is_written_as_it_is},
    {"what_a_failed_commit_wrote_is_not_edited_any_more",
     what_a_failed_commit_wrote_is_not_edited_any_more},
    {"a_block_across_the_end_of_a_spill_is_frozen", a_block_across_the_end_of_a_spill_is_frozen},
    {"a_deep_check_takes_published_nodes_without_checksums",
     a_deep_check_takes_published_nodes_without_checksums},
    {"a_publish_before_the_sequence_begins_anew_is_a_commit",
     a_publish_before_the_sequence_begins_anew_is_a_commit},
    {"in_memory_the_sequence_may_begin_anew", in_memory_the_sequence_may_begin_anew})
