/* tests/unit/tree/test_edit.c -- is an item there when it was inserted, gone when it was removed,
 * and elsewhere when it was moved; and is nothing else changed, whatever fails?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/api_private.h"
#include "support/check.h"
#include "support/fail_os.h"
#include "support/questions.h"
#include "tree/edit.h"
#include "txn/txn_private.h"

#define SIDE 100.0
#define MANY_SUPERNODES 0.001 /* as max_overlap */

/* A store in memory with small nodes, and what it should hold. */
struct scene {
    struct fail_os fail;
    struct mirror mirror;
    xt_store *store;
    uint64_t random;
    uint64_t next_id;
};

/* path NULL: in memory. */
static bool scene_open_at(struct scene *scene, const char *path, double max_overlap,
                          struct oracle_schema schema)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    *scene = (struct scene){.random = check_seed, .next_id = 1};
    fail_os_init(&scene->fail, xti_os_real());
    mirror_init(&scene->mirror, schema);
    options.dims = schema.dims;
    options.kind = schema.kind;
    options.coord_type = schema.coord_type;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = UINT64_C(256) << 20;
    options.max_overlap = max_overlap;
    return CHECK_STATUS(xti_store_create(&scene->fail.os, path, &options, &scene->store), XT_OK);
}

static bool scene_open(struct scene *scene, struct oracle_schema schema)
{
    return scene_open_at(scene, NULL, 0, schema);
}

static void scene_close(struct scene *scene)
{
    CHECK_STATUS(xt_store_close(scene->store), XT_OK);
    CHECK(fail_os_is_clean(&scene->fail));
    mirror_release(&scene->mirror);
}

static const struct oracle_schema POINTS_2 = {2, XT_POINTS, XT_F64};
static const struct oracle_schema BOXES_2 = {2, XT_BOXES, XT_F64};

static xt_status insert(struct scene *scene, uint64_t id, const double *low, const double *high)
{
    xt_status status = xt_store_insert(scene->store, id, low, high);

    if (status == XT_OK)
        mirror_insert(&scene->mirror, id, low, high);
    return status;
}

static xt_status remove_row(struct scene *scene, size_t row)
{
    xt_status status =
        xt_store_remove(scene->store, scene->mirror.rows.ids[row], mirror_low(&scene->mirror, row),
                        mirror_high(&scene->mirror, row));

    if (status == XT_OK)
        mirror_remove(&scene->mirror, row);
    return status;
}

static xt_status move_row(struct scene *scene, size_t row, const double *low, const double *high)
{
    xt_status status =
        xt_store_move(scene->store, scene->mirror.rows.ids[row], mirror_low(&scene->mirror, row),
                      mirror_high(&scene->mirror, row), low, high);

    if (status == XT_OK)
        mirror_move(&scene->mirror, row, low, high);
    return status;
}

static void box_draw(struct scene *scene, double low[2], double high[2])
{
    for (unsigned axis = 0; axis < 2; axis++) {
        low[axis] = check_uniform(&scene->random) * SIDE;
        high[axis] = low[axis] + check_uniform(&scene->random);
        if (scene->mirror.rows.kind == XT_POINTS)
            high[axis] = low[axis];
    }
}

static xt_status insert_any(struct scene *scene)
{
    double low[2];
    double high[2];

    box_draw(scene, low, high);
    return insert(scene, scene->next_id++, low, high);
}

static void insert_many(struct scene *scene, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_STATUS(insert_any(scene), XT_OK);
}

static size_t row_pick(struct scene *scene)
{
    return (size_t)(check_random(&scene->random) % scene->mirror.rows.count);
}

/* The snapshot holds what the mirror does. */
static bool snapshot_is_right(struct scene *scene, const xt_snapshot *snapshot)
{
    bool holds = totals_hold(snapshot, &scene->mirror);
    struct question question;

    question_all(&question, &scene->mirror);
    for (unsigned i = 0; i < 6 && holds; i++) {
        holds = question_holds(&question, snapshot, &scene->mirror, &scene->random);
        question_draw(&question, &scene->mirror, &scene->random);
    }
    return holds;
}

/* The published state holds what the mirror does, and the tree keeps its rules. */
static bool published_is_right(struct scene *scene)
{
    xt_check_options options = XT_CHECK_OPTIONS_INIT;
    xt_snapshot *snapshot;
    bool holds;

    options.deep = true;
    if (!CHECK_STATUS(xt_snapshot_latest(scene->store, &snapshot), XT_OK))
        return false;
    holds = snapshot_is_right(scene, snapshot);
    xt_snapshot_release(snapshot);
    return holds && CHECK_STATUS(xt_store_check(scene->store, &options, NULL), XT_OK);
}

static bool published(struct scene *scene)
{
    mirror_settle(&scene->mirror);
    return CHECK_STATUS(xt_store_publish(scene->store), XT_OK) && published_is_right(scene);
}

static xt_change_stats changes(struct scene *scene)
{
    xt_change_stats stats = {.struct_size = sizeof stats};

    CHECK_STATUS(xt_store_changes(scene->store, &stats), XT_OK);
    return stats;
}

static uint32_t height(struct scene *scene)
{
    xt_tree_stats stats = {.struct_size = sizeof stats};
    xt_snapshot *snapshot;

    if (!CHECK_STATUS(xt_snapshot_latest(scene->store, &snapshot), XT_OK))
        return 0;
    CHECK_STATUS(xt_snapshot_stats(snapshot, &stats), XT_OK);
    xt_snapshot_release(snapshot);
    return stats.height;
}

/* ---- one item ------------------------------------------------------------------------------ */

static void an_item_that_was_removed_is_not_found_again(void)
{
    struct scene scene;
    double low[2];
    double high[2];

    if (!scene_open(&scene, BOXES_2))
        return;
    insert_many(&scene, 500);
    while (scene.mirror.rows.count > 450) {
        size_t row = row_pick(&scene);
        uint64_t id = scene.mirror.rows.ids[row];

        for (unsigned axis = 0; axis < 2; axis++) {
            low[axis] = mirror_low(&scene.mirror, row)[axis];
            high[axis] = mirror_high(&scene.mirror, row)[axis];
        }
        CHECK_STATUS(remove_row(&scene, row), XT_OK);
        CHECK_STATUS(xt_store_remove(scene.store, id, low, high), XT_ENOTFOUND);
        CHECK_STATUS(xt_store_move(scene.store, id, low, high, high, NULL), XT_ENOTFOUND);
    }
    published(&scene);
    scene_close(&scene);
}

static void what_is_not_there_changes_nothing(void)
{
    struct scene scene;
    xt_change_stats before;
    xt_change_stats after;
    const double *low;
    const double *high;

    if (!scene_open(&scene, BOXES_2))
        return;
    insert_many(&scene, 500);
    published(&scene);
    before = changes(&scene);
    low = mirror_low(&scene.mirror, 7);
    high = mirror_high(&scene.mirror, 7);
    CHECK_STATUS(xt_store_remove(scene.store, 999999, low, high), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_remove(scene.store, scene.mirror.rows.ids[7], low, NULL), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_remove(scene.store, scene.mirror.rows.ids[8], low, high), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_move(scene.store, 999999, low, high, low, high), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_move(scene.store, scene.mirror.rows.ids[8], low, high, low, high),
                 XT_ENOTFOUND);
    after = changes(&scene);
    CHECK_U64(after.nodes_copied, before.nodes_copied);
    published(&scene);
    scene_close(&scene);
}

static void a_move_within_the_leaf_copies_no_more_than_the_path(void)
{
    struct scene scene;
    uint32_t most;

    if (!scene_open(&scene, POINTS_2))
        return;
    insert_many(&scene, 2000);
    published(&scene);
    most = height(&scene);
    CHECK(most >= 3);
    for (unsigned i = 0; i < 100; i++) {
        size_t row = row_pick(&scene);
        const double *low = mirror_low(&scene.mirror, row);
        const double near[2] = {low[0] + 1e-12, low[1] - 1e-12};
        xt_change_stats before = changes(&scene);
        xt_change_stats after;

        CHECK_STATUS(move_row(&scene, row, near, near), XT_OK);
        after = changes(&scene);
        if (after.moves_in_leaf > before.moves_in_leaf)
            CHECK(after.nodes_copied - before.nodes_copied <= most);
        CHECK_STATUS(xt_store_publish(scene.store), XT_OK);
    }
    CHECK(changes(&scene).moves_in_leaf > 30);
    mirror_settle(&scene.mirror);
    published_is_right(&scene);
    scene_close(&scene);
}

static void zeros_of_both_signs_are_the_same_box(void)
{
    const double plus[2] = {0.0, 5.0};
    const double minus[2] = {-0.0, 5.0};
    struct scene scene;

    if (!scene_open(&scene, BOXES_2))
        return;
    insert_many(&scene, 100);
    CHECK_STATUS(xt_store_insert(scene.store, 1000, minus, plus), XT_OK);
    CHECK_STATUS(xt_store_insert(scene.store, 1001, plus, plus), XT_OK);
    CHECK_STATUS(xt_store_move(scene.store, 1000, plus, minus, minus, minus), XT_OK);
    CHECK_STATUS(xt_store_remove(scene.store, 1000, plus, plus), XT_OK);
    CHECK_STATUS(xt_store_remove(scene.store, 1001, minus, minus), XT_OK);
    published(&scene);
    scene_close(&scene);
}

static void a_store_of_floats_knows_an_item_by_the_doubles_that_were_given(void)
{
    const struct oracle_schema floats = {2, XT_BOXES, XT_F32};
    struct scene scene;

    if (!scene_open(&scene, floats))
        return;
    insert_many(&scene, 300);
    CHECK(oracle_kept(&scene.mirror.rows, mirror_low(&scene.mirror, 0)[0]) !=
          mirror_low(&scene.mirror, 0)[0]);
    while (scene.mirror.rows.count > 100) {
        size_t row = row_pick(&scene);
        double low[2];
        double high[2];

        box_draw(&scene, low, high);
        CHECK_STATUS(move_row(&scene, row, low, high), XT_OK);
        CHECK_STATUS(remove_row(&scene, row_pick(&scene)), XT_OK);
    }
    published(&scene);
    scene_close(&scene);
}

static void of_identical_items_more_than_leaves_hold_each_removal_takes_one(void)
{
    const double box[2] = {3, 4};
    struct scene scene;

    if (!scene_open(&scene, POINTS_2))
        return;
    for (unsigned i = 0; i < 100; i++)
        CHECK_STATUS(insert(&scene, 7, box, box), XT_OK);
    published(&scene);
    CHECK(height(&scene) >= 2);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_STATUS(remove_row(&scene, 0), XT_OK);
        if (i % 10 == 9)
            published(&scene);
    }
    CHECK_STATUS(xt_store_remove(scene.store, 7, box, box), XT_ENOTFOUND);
    CHECK_U64(height(&scene), 0);
    scene_close(&scene);
}

/* ---- whole trees --------------------------------------------------------------------------- */

static void a_tree_grows_and_shrinks_back_to_nothing(void)
{
    struct scene scene;
    xt_change_stats stats;
    xt_store_stats space = {.struct_size = sizeof space};

    if (!scene_open(&scene, BOXES_2))
        return;
    for (unsigned round = 0; round < 2; round++) {
        insert_many(&scene, 3000);
        published(&scene);
        CHECK(height(&scene) >= 4);
        while (scene.mirror.rows.count > 0) {
            CHECK_STATUS(remove_row(&scene, row_pick(&scene)), XT_OK);
            if (scene.mirror.rows.count % 500 == 0)
                published(&scene);
        }
        CHECK_U64(height(&scene), 0);
    }
    stats = changes(&scene);
    CHECK_U64(stats.roots_grown, stats.roots_shrunk);
    CHECK_STATUS(xt_store_stat(scene.store, &space), XT_OK);
    CHECK_U64(space.live_bytes, 0);
    scene_close(&scene);
}

static void published_snapshots_do_not_change_while_the_writer_goes_on(void)
{
    struct scene scene;
    struct question questions[8];
    xt_snapshot *snapshots[8];

    if (!scene_open(&scene, BOXES_2))
        return;
    for (unsigned i = 0; i < CHECK_COUNT(snapshots); i++) {
        insert_many(&scene, 300);
        for (unsigned j = 0; j < 200; j++)
            CHECK_STATUS(remove_row(&scene, row_pick(&scene)), XT_OK);
        published(&scene);
        question_all(&questions[i], &scene.mirror);
        CHECK_STATUS(xt_snapshot_latest(scene.store, &snapshots[i]), XT_OK);
    }
    while (scene.mirror.rows.count > 0) {
        CHECK_STATUS(remove_row(&scene, row_pick(&scene)), XT_OK);
        CHECK_STATUS(xt_store_publish(scene.store), XT_OK);
    }
    for (unsigned i = 0; i < CHECK_COUNT(snapshots); i++) {
        question_holds(&questions[i], snapshots[i], &scene.mirror, &scene.random);
        xt_snapshot_release(snapshots[i]);
    }
    scene_close(&scene);
}

static void a_rollback_restores_what_was_published(void)
{
    struct scene scene;

    if (!scene_open(&scene, BOXES_2))
        return;
    for (unsigned round = 0; round < 40; round++) {
        insert_many(&scene, 60);
        published(&scene);
        for (unsigned i = 0; i < 50 + 10 * round; i++) {
            if (i % 3 == 0)
                CHECK_STATUS(insert_any(&scene), XT_OK);
            else if (scene.mirror.rows.count > 0)
                CHECK_STATUS(remove_row(&scene, row_pick(&scene)), XT_OK);
        }
        mirror_rollback(&scene.mirror);
        CHECK_STATUS(xt_store_rollback(scene.store), XT_OK);
        if (!published_is_right(&scene))
            break;
    }
    scene_close(&scene);
}

/* ---- supernodes ---------------------------------------------------------------------------- */

struct shape {
    uint32_t root_count, root_capacity;
    uint32_t full_leaves;
};

static bool shape_note(void *context, const xt_node_info *node)
{
    struct shape *shape = context;

    if (node->parent_ref == 0) {
        shape->root_count = node->count;
        shape->root_capacity = node->capacity;
    }
    shape->full_leaves += node->level == 0 && node->count == node->capacity;
    return true;
}

static struct shape shape_look(struct scene *scene)
{
    struct shape shape = {0};
    xt_snapshot *snapshot;

    CHECK_STATUS(xt_store_publish(scene->store), XT_OK);
    if (!CHECK_STATUS(xt_snapshot_latest(scene->store, &snapshot), XT_OK))
        return shape;
    CHECK_STATUS(xt_snapshot_nodes(snapshot, 0, shape_note, &shape), XT_OK);
    xt_snapshot_release(snapshot);
    return shape;
}

/* Wide boxes: no split of the root is good. */
static xt_status insert_wide(struct scene *scene)
{
    const double low[2] = {0, check_uniform(&scene->random) * SIDE};
    const double high[2] = {SIDE, low[1] + SIDE / 3};

    return insert(scene, scene->next_id++, low, high);
}

/* Makes a root that has room to spare, but none once it is copied, above leaves some of which are
 * full. */
static bool root_prepare(struct scene *scene)
{
    struct shape shape = {0};

    for (unsigned i = 0; i < 2000; i++) {
        uint64_t removals = scene->mirror.rows.count / 8;
        uint64_t insertions =
            check_random(&scene->random) % (scene->mirror.rows.count < 800 ? 200 : 100);

        for (; removals > 0; removals--)
            CHECK_STATUS(remove_row(scene, row_pick(scene)), XT_OK);
        for (; insertions > 0; insertions--)
            CHECK_STATUS(insert_wide(scene), XT_OK);
        shape = shape_look(scene);
        if (shape.root_count % 16 == 0 && shape.root_count > 16 && shape.root_count <= 128 &&
            shape.root_capacity > shape.root_count && shape.full_leaves > 1)
            return true;
    }
    return CHECK(shape.root_count == UINT32_MAX);
}

/* The copy has no room to spare. Each time in another place, and by a writer that has split nothing
 * so far. */
static void a_supernode_that_is_full_once_copied_takes_a_child(void)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    struct scene scene;
    unsigned splits = 0;
    char path[4200];

    snprintf(path, sizeof path, "%s/store", check_scratch());
    if (!scene_open_at(&scene, path, MANY_SUPERNODES, BOXES_2) || !root_prepare(&scene))
        return;
    options.writable = true;
    options.window_bytes = UINT64_C(256) << 20;
    options.max_overlap = MANY_SUPERNODES;
    CHECK_STATUS(xt_store_commit(scene.store, NULL), XT_OK);
    for (size_t row = 0; row < scene.mirror.rows.count; row++) {
        CHECK_STATUS(xt_store_close(scene.store), XT_OK);
        if (!CHECK_STATUS(xti_store_open(&scene.fail.os, path, &options, &scene.store), XT_OK))
            return;
        CHECK_STATUS(xt_store_insert(scene.store, 1, mirror_low(&scene.mirror, row),
                                     mirror_high(&scene.mirror, row)),
                     XT_OK);
        splits += changes(&scene).leaf_splits > 0;
    }
    CHECK(splits > 0);
    CHECK_STATUS(xt_store_rollback(scene.store), XT_OK);
    published_is_right(&scene);
    scene_close(&scene);
}

/* Free blocks are kept by their size, for few sizes. Leaves and normal nodes have one each. */
static void supernodes_come_in_few_sizes(void)
{
    struct xti_layout layout;
    uint32_t sizes = 0;
    uint32_t last = 16;

    xti_layout_init(&layout, 1, XT_POINTS, XT_F32, 16, 16, 65536);
    for (uint32_t count = 17; xti_inner_units(&layout, count / 16 * 16) <= 65536; count++) {
        uint32_t capacity = xti_inner_capacity_for(&layout, count);

        if (!CHECK(capacity >= count) || !CHECK(capacity <= count + count / 4 + 16) ||
            !CHECK_U64(capacity % 16, 0) ||
            !CHECK(capacity == last || (capacity > last && count == last + 1)))
            return;
        if (capacity != last)
            CHECK_U64(xti_inner_capacity_after(last), capacity);
        sizes += capacity != last;
        last = capacity;
    }
    CHECK(sizes + 2 <= XTI_FREE_SIZES_MAX);
}

/* What a supernode leaves behind when it grows, others can use. */
static void growing_supernodes_take_space_that_was_used(void)
{
    xt_store_stats space = {.struct_size = sizeof space};
    struct scene scene;

    if (!scene_open_at(&scene, NULL, MANY_SUPERNODES, BOXES_2))
        return;
    for (unsigned i = 0; i < 15000; i++) {
        CHECK_STATUS(insert_wide(&scene), XT_OK);
        CHECK_STATUS(xt_store_publish(scene.store), XT_OK);
    }
    CHECK_STATUS(xt_store_stat(scene.store, &space), XT_OK);
    CHECK(space.committed_bytes < 8 * space.live_bytes);
    scene_close(&scene);
}

/* ---- failing calls ------------------------------------------------------------------------- */

static xt_status change_any(struct scene *scene)
{
    uint64_t way = check_random(&scene->random) % 8;
    double low[2];
    double high[2];

    if (way < 3 || scene->mirror.rows.count < 3)
        return insert_any(scene);
    if (way < 5)
        return remove_row(scene, row_pick(scene));
    box_draw(scene, low, high);
    return move_row(scene, row_pick(scene), low, high);
}

/* A snapshot is held, so that space runs out and more is asked for. The mirror follows only what
 * succeeded, so the check at the end says whether what failed changed something. Some calls may
 * fail unseen: what they ask for is not needed. */
static bool changes_run(struct scene *scene, uint64_t fail_at, unsigned *failures)
{
    xt_snapshot *snapshot = NULL;
    bool was_hit = false;

    fail_os_reset(&scene->fail);
    scene->fail.fail_at = fail_at;
    for (unsigned i = 0; i < 4000; i++) {
        xt_status status = i % 20 == 19 ? xt_store_publish(scene->store) : change_any(scene);

        was_hit |= scene->fail.hit;
        if (i == 100)
            (void)CHECK(xt_snapshot_latest(scene->store, &snapshot) == XT_OK || scene->fail.hit);
        if (status == XT_OK)
            continue;
        CHECK(scene->fail.hit);
        CHECK(status == XT_ENOMEM || status == XT_EFULL);
        *failures += i % 20 != 19;
        fail_os_reset(&scene->fail);
        if (!published(scene))
            break;
    }
    fail_os_reset(&scene->fail);
    published(scene);
    xt_snapshot_release(snapshot);
    return was_hit;
}

static void a_change_that_fails_changes_nothing(void)
{
    unsigned failures = 0;
    bool was_hit = true;

    for (uint64_t n = 1; was_hit; n++) {
        struct scene scene;

        if (!scene_open(&scene, BOXES_2))
            return;
        was_hit = changes_run(&scene, n, &failures);
        scene_close(&scene);
    }
    CHECK(failures >= 3);
}

static void a_publish_that_fails_can_be_repeated_or_rolled_back(void)
{
    struct scene scene;
    unsigned failures = 0;

    if (!scene_open(&scene, BOXES_2))
        return;
    for (unsigned i = 0; i < 300; i++) {
        xt_status status;

        for (unsigned j = 0; j < 5; j++)
            CHECK_STATUS(change_any(&scene), XT_OK);
        fail_os_reset(&scene.fail);
        scene.fail.fail_at = 1;
        status = xt_store_publish(scene.store);
        fail_os_reset(&scene.fail);
        failures += status != XT_OK;
        if (status == XT_OK) {
            mirror_settle(&scene.mirror);
        } else if (i % 2 == 0) {
            mirror_rollback(&scene.mirror);
            CHECK_STATUS(xt_store_rollback(scene.store), XT_OK);
        } else {
            mirror_settle(&scene.mirror);
            CHECK_STATUS(xt_store_publish(scene.store), XT_OK);
        }
        if (!published_is_right(&scene))
            break;
    }
    CHECK(failures > 100);
    scene_close(&scene);
}

/* ---- insertions that wait for their leaf ------------------------------------------------- */

static bool arenas_are_same(const struct xti_txn *a, const struct xti_txn *b)
{
    bool holds = CHECK_U64(a->space.arena_count, b->space.arena_count);

    for (uint32_t i = 0; holds && i < a->space.arena_count; i++) {
        const struct xti_arena *arena = &a->space.arenas[i];

        holds = CHECK_U64(arena->top_units, b->space.arenas[i].top_units) &&
                CHECK(memcmp(xti_space_at(&a->space, arena->first_unit),
                             xti_space_at(&b->space, arena->first_unit),
                             arena->top_units * XTD_UNIT_BYTES) == 0);
    }
    return holds;
}

/* The same change in both; of one the writer then ends what it has put off. */
static void change_both(struct scene scenes[2], bool is_any)
{
    for (unsigned i = 0; i < 2; i++)
        CHECK_STATUS(is_any ? change_any(&scenes[i]) : insert_any(&scenes[i]), XT_OK);
    (void)changes(&scenes[1]);
}

static void an_insertion_that_waits_makes_the_same_tree(void)
{
    struct scene scenes[2];
    uint64_t waited = 0;

    for (unsigned i = 0; i < 2; i++) {
        if (!scene_open(&scenes[i], POINTS_2))
            return;
    }
    for (unsigned i = 0; i < 6000; i++) {
        change_both(scenes, i % 1000 >= 900);
        waited += scenes[0].store->writer->late.is_set;
        CHECK(!scenes[1].store->writer->late.is_set);
        if (i % 500 == 499) {
            (void)changes(&scenes[0]);
            if (!arenas_are_same(scenes[0].store->txn, scenes[1].store->txn))
                break;
        }
        if (i % 1500 == 1499 && !(published(&scenes[0]) && published(&scenes[1])))
            break;
    }
    CHECK(waited > 2000);
    for (unsigned i = 0; i < 2; i++)
        scene_close(&scenes[i]);
}

/* Whatever ends the pending change or looks at its tree finds the item that was put off. */
static void what_was_put_off_is_there_whoever_looks(void)
{
    struct scene scene;
    unsigned waited = 0;

    if (!scene_open(&scene, POINTS_2))
        return;
    insert_many(&scene, 3000);
    for (unsigned i = 0; i < 90; i++) {
        for (unsigned j = 0; j < 5 || (j < 20 && !scene.store->writer->late.is_set); j++)
            CHECK_STATUS(insert_any(&scene), XT_OK);
        waited += scene.store->writer->late.is_set;
        if (i % 3 == 0) {
            CHECK_STATUS(xt_store_rollback(scene.store), XT_OK);
            mirror_rollback(&scene.mirror);
        } else if (i % 3 == 1) {
            CHECK_STATUS(remove_row(&scene, scene.mirror.rows.count - 1), XT_OK);
        }
        CHECK(!scene.store->writer->late.is_set || i % 3 == 2);
        if (!published(&scene))
            break;
    }
    CHECK(waited > 30);
    scene_close(&scene);
}

CHECK_MAIN(
    {"an_insertion_that_waits_makes_the_same_tree", an_insertion_that_waits_makes_the_same_tree},
    {"what_was_put_off_is_there_whoever_looks", what_was_put_off_is_there_whoever_looks},
    {"an_item_that_was_removed_is_not_found_again", an_item_that_was_removed_is_not_found_again},
    {"what_is_not_there_changes_nothing", what_is_not_there_changes_nothing},
    {"a_move_within_the_leaf_copies_no_more_than_the_path",
     a_move_within_the_leaf_copies_no_more_than_the_path},
    {"zeros_of_both_signs_are_the_same_box", zeros_of_both_signs_are_the_same_box},
    {"a_store_of_floats_knows_an_item_by_the_doubles_that_were_given",
     a_store_of_floats_knows_an_item_by_the_doubles_that_were_given},
    {"of_identical_items_more_than_leaves_hold_each_removal_takes_one",
     of_identical_items_more_than_leaves_hold_each_removal_takes_one},
    {"a_tree_grows_and_shrinks_back_to_nothing", a_tree_grows_and_shrinks_back_to_nothing},
    {"published_snapshots_do_not_change_while_the_writer_goes_on",
     published_snapshots_do_not_change_while_the_writer_goes_on},
    {"a_rollback_restores_what_was_published", a_rollback_restores_what_was_published},
    {"a_supernode_that_is_full_once_copied_takes_a_child",
     a_supernode_that_is_full_once_copied_takes_a_child},
    {"supernodes_come_in_few_sizes", supernodes_come_in_few_sizes},
    {"growing_supernodes_take_space_that_was_used", growing_supernodes_take_space_that_was_used},
    {"a_change_that_fails_changes_nothing", a_change_that_fails_changes_nothing},
    {"a_publish_that_fails_can_be_repeated_or_rolled_back",
     a_publish_that_fails_can_be_repeated_or_rolled_back})
