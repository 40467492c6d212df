/* tests/unit/tree/test_supernode.c -- do supernodes form where halves would overlap too much, grow
 * in steps, shrink again, and stay within what a store allows?
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "edit_scene.h"

#define ITEMS 6000
#define DIMS 8

/* Boxes as large as half of the space on each axis: halves of any cut overlap. */
static double lows[ITEMS][DIMS], highs[ITEMS][DIMS];

static const struct edit_shape shape_base = {
    .dims = DIMS, .kind = XT_BOXES, .type = XT_F64, .leaf_capacity = 16, .inner_capacity = 16};

static void items_make(void)
{
    uint64_t random = check_seed;

    for (size_t i = 0; i < ITEMS; i++) {
        for (unsigned axis = 0; axis < DIMS; axis++) {
            lows[i][axis] = check_uniform(&random);
            highs[i][axis] = lows[i][axis] + 0.5 * check_uniform(&random);
        }
    }
}

static bool scene_open(struct edit_scene *scene, double max_overlap)
{
    struct edit_shape shape = shape_base;

    items_make();
    shape.max_overlap = max_overlap;
    return edit_scene_open(scene, &shape);
}

static bool items_insert(struct edit_scene *scene, size_t from, size_t to)
{
    bool ok = true;

    for (size_t i = from; i < to && ok; i++)
        ok = CHECK_STATUS(xti_tree_insert(scene->writer, i, lows[i], highs[i]), XT_OK);
    return ok;
}

static bool items_remove(struct edit_scene *scene, size_t from, size_t to)
{
    bool ok = true;

    for (size_t i = from; i < to && ok; i++)
        ok = CHECK_STATUS(xti_tree_remove(scene->writer, i, lows[i], highs[i]), XT_OK);
    return ok;
}

/* ---- looking at nodes ---------------------------------------------------------------------- */

struct nodes {
    uint32_t normal, supernodes;
    uint32_t capacity_max;
    uint32_t loose; /* supernodes with more room than their entries need */
};

/* Publishes; all invariants hold, and flags say what capacities do. */
static bool nodes_look(struct edit_scene *scene, uint64_t count, struct nodes *out)
{
    const struct xti_layout *layout = scene->writer->layout;
    struct xti_walk walk;
    struct xti_view *view;
    bool ok = edit_scene_holds(scene, count);

    *out = (struct nodes){0};
    if (!CHECK_STATUS(xti_txn_view(scene->txn, &view), XT_OK))
        return false;
    xti_walk_init(&walk, view, 1);
    while (ok && xti_walk_next(&walk) == XT_OK) {
        const struct xtd_node *node = xti_walk_node(&walk)->node;
        bool is_long = node->capacity > layout->inner_capacity;

        ok = CHECK_U64(node->flags, is_long ? XTD_NODE_SUPERNODE : 0) &&
             CHECK_U64(node->size_units, xti_inner_units(layout, node->capacity)) &&
             CHECK(node->capacity >= layout->inner_capacity && node->capacity % 16 == 0);
        out->normal += !is_long;
        out->supernodes += is_long;
        out->loose += node->capacity > xti_inner_capacity_for(layout, node->count);
        if (node->capacity > out->capacity_max)
            out->capacity_max = node->capacity;
    }
    xti_txn_unview(scene->txn, view);
    return ok;
}

/* ---- when a node becomes one --------------------------------------------------------------- */

static double overlap_max(uint32_t dims, uint32_t capacity, uint32_t count, xt_medium medium,
                          double given)
{
    const struct edit_shape shape = {dims, XT_POINTS, XT_F64, capacity, capacity, given, medium};
    struct edit_scene scene;
    double result = -1;

    if (edit_scene_open(&scene, &shape))
        result = xti_overlap_max(scene.writer, count);
    edit_scene_close(&scene);
    return result;
}

/* half / (latency + half), where a half's cost is so much for each of its lines. The constants are
 * measured ones; what is looked at is that only they and the lines of a half matter. */
static void most_overlap_follows_from_the_lines_of_a_half(void)
{
    static const xt_medium media[] = {XT_MEDIUM_MEMORY, XT_MEDIUM_DISK};
    static const struct {
        uint32_t dims, capacity, count, half; /* half: capacity of a node with half of `count` */
    } rows[] = {
        {2,   16,  17,   16 },
        {2,   32,  33,   32 },
        {2,   32,  65,   32 },
        {2,   32,  200,  112},
        {8,   64,  65,   64 },
        {64,  32,  129,  64 },
        {255, 128, 1000, 512},
    };

    for (size_t m = 0; m < CHECK_COUNT(media); m++) {
        double each = 0;

        for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
            uint32_t boxes_offset = (48 + 8 * rows[i].dims + 63) / 64 * 64;
            uint32_t lines = (boxes_offset + rows[i].half * (8 * rows[i].dims + 4) + 63) / 64;
            double most = overlap_max(rows[i].dims, rows[i].capacity, rows[i].count, media[m], 0.0);
            double ratio = most / (1 - most) / (double)lines;

            CHECK(most > 0 && most < 1);
            if (i == 0)
                each = ratio;
            CHECK(fabs(ratio - each) < 1e-9 * each);
        }
    }
}

static void most_overlap_is_less_on_a_disk_and_as_given_where_it_is(void)
{
    CHECK(overlap_max(2, 32, 33, XT_MEDIUM_DISK, 0.0) <
          0.1 * overlap_max(2, 32, 33, XT_MEDIUM_MEMORY, 0.0));
    CHECK(overlap_max(2, 32, 33, XT_MEDIUM_DISK, 0.25) == 0.25);
    CHECK(overlap_max(255, 1024, 5000, XT_MEDIUM_MEMORY, 1.0) == 1.0);
}

static void overlap_makes_supernodes_unless_all_of_it_is_allowed(void)
{
    static const double most[] = {0.01, 1.0};

    for (unsigned i = 0; i < 2; i++) {
        struct edit_scene scene;
        xt_change_stats stats;
        struct nodes nodes;

        if (!scene_open(&scene, most[i]) || !items_insert(&scene, 0, ITEMS))
            return;
        xti_writer_stats(scene.writer, &stats);
        nodes_look(&scene, ITEMS, &nodes);
        CHECK(stats.max_overlap == most[i]);
        CHECK((nodes.supernodes > 0) == (i == 0));
        CHECK((stats.supernodes_made > 0) == (i == 0));
        CHECK((stats.inner_splits > 0) == (i == 1));
        edit_scene_close(&scene);
    }
}

/* ---- growing and shrinking ----------------------------------------------------------------- */

static void supernodes_grow_by_a_quarter_at_most_or_a_block_of_slots(void)
{
    static const struct {
        uint32_t from, to;
    } rows[] = {
        {16,  32 },
        {32,  48 },
        {64,  80 },
        {80,  96 },
        {112, 128},
        {128, 160},
        {512, 640},
        {640, 768},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++)
        CHECK_U64(xti_inner_capacity_after(rows[i].from), rows[i].to);
    CHECK_U64(xti_inner_capacity_after(4096) % 16, 0);
}

/* Until it is published a supernode has the capacities of the steps, one after the other. */
static void supernode_goes_through_the_steps(void)
{
    struct edit_scene scene;
    uint32_t capacity = 16;
    uint32_t steps = 0;

    if (!scene_open(&scene, 0.001))
        return;
    for (size_t i = 0; i < ITEMS / 2; i++) {
        const struct xtd_node *root;
        struct xtd_node *node;
        bool is_own;

        if (!items_insert(&scene, i, i + 1))
            break;
        if (scene.writer->root.height < 2)
            continue;
        CHECK_STATUS(xti_txn_node(scene.txn, scene.writer->root.ref, 1, &node, &is_own), XT_OK);
        root = node;
        if (!CHECK(root != NULL && is_own) || root->capacity == capacity)
            continue;
        CHECK_U64(root->capacity, xti_inner_capacity_after(capacity));
        CHECK_U64(root->count, capacity + 1);
        capacity = root->capacity;
        steps++;
    }
    CHECK(steps >= 5);
    CHECK_U64(scene.writer->stats.supernodes_made + scene.writer->stats.supernodes_grown, steps);
    edit_scene_holds(&scene, ITEMS / 2);
    edit_scene_close(&scene);
}

static struct xtd_node *root_get(struct edit_scene *scene)
{
    struct xtd_node *root;
    bool is_own;

    CHECK_STATUS(xti_txn_node(scene->txn, scene->writer->root.ref, 1, &root, &is_own), XT_OK);
    return root;
}

/* Removals leave a supernode up to a quarter too much. Once it is published, the copy that the next
 * change makes of it has no more slots than it needs. */
static void published_supernode_gives_back_what_it_does_not_need(void)
{
    const struct xtd_node *root = NULL;
    struct edit_scene scene;
    struct nodes nodes;
    size_t count = 0;
    size_t gone = 0;

    if (!scene_open(&scene, 0.001))
        return;
    do {
        if (!items_insert(&scene, count, count + 1))
            return;
        count++;
        if (scene.writer->root.height == 2)
            root = root_get(&scene);
    } while (count < ITEMS && (root == NULL || root->count < 120));
    while (gone < count &&
           root->capacity == xti_inner_capacity_for(scene.writer->layout, root->count)) {
        if (!items_remove(&scene, gone, gone + 1))
            return;
        gone++;
        root = root_get(&scene);
    }
    CHECK(nodes_look(&scene, count - gone, &nodes) && nodes.loose == 1);
    CHECK(items_remove(&scene, gone, gone + 1));
    CHECK(nodes_look(&scene, count - gone - 1, &nodes) && nodes.loose == 0);
    CHECK_U64(nodes.supernodes, 1);
    edit_scene_close(&scene);
}

static void supernodes_shrink_and_become_normal_nodes_again(void)
{
    struct edit_scene scene;
    xt_change_stats stats;
    struct nodes before, half, after;
    size_t left = 40;

    if (!scene_open(&scene, 0.01) || !items_insert(&scene, 0, ITEMS))
        return;
    nodes_look(&scene, ITEMS, &before);
    CHECK(items_remove(&scene, ITEMS / 2, ITEMS));
    nodes_look(&scene, ITEMS / 2, &half);
    CHECK(items_remove(&scene, left, ITEMS / 2));
    nodes_look(&scene, left, &after);
    xti_writer_stats(scene.writer, &stats);
    CHECK(half.capacity_max < before.capacity_max);
    CHECK(before.supernodes > 0);
    CHECK_U64(after.supernodes, 0);
    CHECK(stats.supernodes_shrunk > 0);
    CHECK(items_remove(&scene, 0, left));
    edit_scene_holds(&scene, 0);
    CHECK(items_insert(&scene, 0, 1000));
    edit_scene_holds(&scene, 1000);
    edit_scene_close(&scene);
}

/* A pending supernode shrinks too, without being copied for a publish. */
static void pending_supernode_shrinks_in_place(void)
{
    struct edit_scene scene;
    struct nodes nodes;

    if (!scene_open(&scene, 0.01) || !items_insert(&scene, 0, ITEMS / 2) ||
        !items_remove(&scene, 50, ITEMS / 2))
        return;
    CHECK(scene.writer->stats.supernodes_shrunk > 0);
    nodes_look(&scene, 50, &nodes);
    CHECK_U64(nodes.supernodes, 0);
    edit_scene_close(&scene);
}

/* ---- the most a store allows --------------------------------------------------------------- */

/* With a bound of that many units a supernode that cannot grow is split, however much overlaps. */
static void supernode_that_may_not_grow_is_split(void)
{
    struct xti_layout layout;
    struct edit_scene scene;
    struct nodes nodes;

    if (!scene_open(&scene, 0.0001))
        return;
    layout = *scene.writer->layout;
    layout.node_units_max = xti_inner_units(&layout, 64);
    scene.writer->layout = &layout;
    CHECK(items_insert(&scene, 0, ITEMS));
    CHECK(nodes_look(&scene, ITEMS, &nodes));
    CHECK(nodes.supernodes > 0);
    CHECK(nodes.capacity_max <= 64);
    CHECK(scene.writer->stats.inner_splits > 0);
    CHECK(items_remove(&scene, 100, ITEMS));
    CHECK(nodes_look(&scene, 100, &nodes));
    edit_scene_close(&scene);
}

/* ---- turns --------------------------------------------------------------------------------- */

static void flags_and_capacities_agree_through_many_turns(void)
{
    bool *is_there = calloc(ITEMS, sizeof *is_there);
    uint64_t random = check_seed;
    struct edit_scene scene;
    struct nodes nodes;
    uint64_t count = 0;
    bool ok = scene_open(&scene, 0.02);

    for (unsigned turn = 0; turn < 12 && ok && is_there != NULL; turn++) {
        for (unsigned i = 0; i < 1500 && ok; i++) {
            size_t item = check_random(&random) % ITEMS;
            bool adds = check_random(&random) % 10 < (turn / 3 % 2 == 0 ? 8u : 2u);

            if (adds == is_there[item])
                continue;
            is_there[item] = adds;
            count += adds ? 1 : UINT64_MAX;
            ok = adds ? items_insert(&scene, item, item + 1) : items_remove(&scene, item, item + 1);
        }
        ok = ok && nodes_look(&scene, count, &nodes);
    }
    free(is_there);
    edit_scene_close(&scene);
}

CHECK_MAIN({"most_overlap_follows_from_the_lines_of_a_half",
            most_overlap_follows_from_the_lines_of_a_half},
           {"most_overlap_is_less_on_a_disk_and_as_given_where_it_is",
            most_overlap_is_less_on_a_disk_and_as_given_where_it_is},
           {"overlap_makes_supernodes_unless_all_of_it_is_allowed",
            overlap_makes_supernodes_unless_all_of_it_is_allowed},
           {"supernodes_grow_by_a_quarter_at_most_or_a_block_of_slots",
            supernodes_grow_by_a_quarter_at_most_or_a_block_of_slots},
           {"supernode_goes_through_the_steps", supernode_goes_through_the_steps},
           {"published_supernode_gives_back_what_it_does_not_need",
            published_supernode_gives_back_what_it_does_not_need},
           {"supernodes_shrink_and_become_normal_nodes_again",
            supernodes_shrink_and_become_normal_nodes_again},
           {"pending_supernode_shrinks_in_place", pending_supernode_shrinks_in_place},
           {"supernode_that_may_not_grow_is_split", supernode_that_may_not_grow_is_split},
           {"flags_and_capacities_agree_through_many_turns",
            flags_and_capacities_agree_through_many_turns})
