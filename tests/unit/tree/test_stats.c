/* tests/unit/tree/test_stats.c -- do walks over a whole tree show every node once, parents first,
 * with the boxes, volumes and bounds that a scan computes?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/hand_tree.h"
#include "support/oracle.h"
#include "tree/tree.h"

struct tree_row {
    const char *name;
    struct hand_shape shape;
    size_t count;
    enum oracle_data data;
};

static const struct tree_row tree_rows[] = {
    {"one leaf",        {2, XT_POINTS, XT_F64, 64, 64, 0, 64, 64, false},   40,   ORACLE_UNIFORM   },
    {"points",          {2, XT_POINTS, XT_F64, 64, 64, 0, 60, 10, true},    3000, ORACLE_CLUSTERED },
    {"boxes, f32",      {3, XT_BOXES, XT_F32, 16, 16, 0, 14, 5, false},     2000, ORACLE_UNIFORM   },
    {"supernodes",      {2, XT_BOXES, XT_F64, 16, 16, 1024, 9, 1000, true}, 4000, ORACLE_GRID      },
    {"64-d",            {64, XT_POINTS, XT_F32, 128, 32, 0, 100, 4, true},  900,  ORACLE_CLUSTERED },
    {"duplicates",      {1, XT_POINTS, XT_F64, 16, 16, 0, 16, 4, true},     900,  ORACLE_SAME      },
    {"last bits",       {2, XT_BOXES, XT_F64, 16, 16, 0, 14, 5, true},      900,  ORACLE_LAST_BITS },
    {"far from zero",   {2, XT_POINTS, XT_F64, 16, 16, 0, 14, 5, true},     900,  ORACLE_TIMESTAMPS},
    {"extreme numbers", {2, XT_BOXES, XT_F64, 16, 16, 0, 14, 5, true},      900,  ORACLE_EXTREMES  },
};

static void tree_make(struct hand_tree *tree, const struct tree_row *row)
{
    const struct oracle_schema schema = {row->shape.dims, row->shape.kind, row->shape.coord_type};
    uint64_t random = check_seed;
    struct oracle oracle;

    oracle_init(&oracle, schema, row->count, row->data, &random);
    for (size_t i = 0; i < row->count * row->shape.dims; i++) {
        double low = oracle_kept(&oracle, oracle.low[i]);
        double high = oracle_kept(&oracle, oracle.high[i]);

        oracle.low[i] = low;
        oracle.high[i] = high;
    }
    hand_tree_build(tree, &row->shape, oracle.low, oracle.high, row->count);
    oracle_release(&oracle);
}

/* ---- nodes -------------------------------------------------------------------------------- */

struct nodes_seen {
    const struct hand_tree *tree;
    uint64_t of_level[XTD_LEVELS_MAX];
    uint32_t path[XTD_LEVELS_MAX]; /* the last ref of each level */
    uint64_t stop_after;           /* 0: never */
    uint64_t seen;
};

/* The items of leaf i lie one behind the other in the tree's copy. */
static void leaf_box_check(const struct hand_tree *tree, const xt_node_info *info, size_t first)
{
    uint32_t dims = tree->layout.dims;

    for (uint32_t axis = 0; axis < dims; axis++) {
        double low = INFINITY;
        double high = -INFINITY;

        for (size_t i = first; i < first + info->count; i++) {
            low = fmin(low, tree->low[i * dims + axis]);
            high = fmax(high, tree->high[i * dims + axis]);
        }
        CHECK(info->low[axis] == low);
        CHECK(info->high[axis] == high);
    }
}

static void inner_box_check(const struct hand_tree *tree, const xt_node_info *info, size_t first)
{
    uint32_t dims = tree->layout.dims;

    for (size_t i = first; i < first + info->items; i++) {
        for (uint32_t axis = 0; axis < dims; axis++) {
            CHECK(info->low[axis] <= tree->low[i * dims + axis]);
            CHECK(info->high[axis] >= tree->high[i * dims + axis]);
        }
    }
}

/* The box of a node below the root is its parent's entry, rounded outward to doubles. (Rounding to
 * long double keeps order, so that a sound box never fails.) */
static void entry_check(const struct hand_tree *tree, const xt_node_info *info, uint32_t i)
{
    uint32_t fill = hand_node(tree, info->level + 1, 0)->count;
    struct xtd_node *parent = hand_node(tree, info->level + 1, i / fill);
    const float *boxes = xti_inner_boxes(&tree->layout, parent);

    for (uint32_t axis = 0; axis < tree->layout.dims; axis++) {
        const float *lo = boxes + (size_t)2 * axis * parent->capacity + i % fill;
        double origin = xti_inner_origin(parent)[axis];
        long double low = (long double)origin + (long double)*lo;
        long double high = (long double)origin + (long double)lo[parent->capacity];

        CHECK((long double)info->low[axis] <= low);
        CHECK((long double)info->high[axis] >= high);
        CHECK((long double)nextafter(info->low[axis], INFINITY) >= low);
        CHECK((long double)nextafter(info->high[axis], -INFINITY) <= high);
    }
}

static bool node_see(void *context, const xt_node_info *info)
{
    struct nodes_seen *seen = context;
    const struct hand_tree *tree = seen->tree;
    uint32_t i = (info->ref - tree->first_ref[info->level]) / tree->node_units[info->level];
    const struct xtd_node *node = hand_node(tree, info->level, i);
    uint32_t top = tree->view->height - 1;
    size_t first = 0;

    seen->seen++;
    CHECK_U64(i, seen->of_level[info->level]++);
    CHECK_U64(info->ref, hand_ref(tree, info->level, i));
    CHECK_U64(info->parent_ref, info->level == top ? 0 : seen->path[info->level + 1]);
    CHECK_U64(info->count, node->count);
    CHECK_U64(info->capacity, node->capacity);
    CHECK_U64(info->bytes, (uint64_t)tree->node_units[info->level] * XTD_UNIT_BYTES);
    CHECK_U64(info->items, node->item_count);
    CHECK_U64(info->birth_txn, 1);
    CHECK(info->is_supernode == (info->level > 0 && node->capacity > tree->layout.inner_capacity));
    for (uint32_t before = 0; before < i; before++)
        first += hand_node(tree, info->level, before)->item_count;
    if (info->level == 0)
        leaf_box_check(tree, info, first);
    else
        inner_box_check(tree, info, first);
    if (info->level > 0 && info->level < top)
        entry_check(tree, info, i);
    seen->path[info->level] = info->ref;
    return seen->seen != seen->stop_after;
}

static void every_node_is_shown_once_with_its_box(void)
{
    for (size_t i = 0; i < CHECK_COUNT(tree_rows); i++) {
        struct hand_tree tree;

        check_row = tree_rows[i].name;
        tree_make(&tree, &tree_rows[i]);
        for (uint32_t min_level = 0; min_level <= tree.view->height; min_level++) {
            struct nodes_seen seen = {.tree = &tree};

            CHECK_STATUS(xti_tree_nodes(xti_os_real(), tree.view, min_level, node_see, &seen),
                         XT_OK);
            for (uint32_t level = 0; level < tree.view->height; level++)
                CHECK_U64(seen.of_level[level], level < min_level ? 0 : tree.node_count[level]);
        }
        hand_tree_free(&tree);
    }
}

static void a_visitor_can_end_the_walk(void)
{
    struct hand_tree tree;
    struct nodes_seen seen = {.tree = &tree, .stop_after = 3};

    tree_make(&tree, &tree_rows[1]);
    CHECK_STATUS(xti_tree_nodes(xti_os_real(), tree.view, 0, node_see, &seen), XT_ECANCELLED);
    CHECK_U64(seen.seen, 3);
    hand_tree_free(&tree);
}

/* ---- stats -------------------------------------------------------------------------------- */

/* Four 1-d boxes, one in each leaf: 0..4, 2..8, 3..5, 20..21. Pairs overlap by 2, 1 and 2. */
static void levels_are_described(void)
{
    static const struct hand_shape shape = {1, XT_BOXES, XT_F64, 16, 16, 32, 1, 4, false};
    const double low[] = {0, 2, 3, 20};
    const double high[] = {4, 8, 5, 21};
    xt_tree_stats stats = {.struct_size = sizeof stats, .height = 77};
    struct hand_tree tree;

    hand_tree_build(&tree, &shape, low, high, 4);
    CHECK_STATUS(xti_tree_stats(xti_os_real(), tree.view, &stats), XT_OK);
    CHECK_U64(stats.struct_size, sizeof stats);
    CHECK_U64(stats.height, 2);
    CHECK_U64(stats.items, 4);
    CHECK_U64(stats.level[0].nodes, 4);
    CHECK_U64(stats.level[0].supernodes, 0);
    CHECK_U64(stats.level[0].entries, 4);
    CHECK_U64(stats.level[0].capacity, 64);
    CHECK_U64(stats.level[0].bytes, 4 * (64 + 3 * 128));
    CHECK(stats.level[0].volume == 4 + 6 + 2 + 1);
    CHECK(stats.level[0].overlap == 2 + 1 + 2);
    CHECK_U64(stats.level[1].nodes, 1);
    CHECK_U64(stats.level[1].supernodes, 1);
    CHECK_U64(stats.level[1].entries, 4);
    CHECK_U64(stats.level[1].capacity, 32);
    CHECK(stats.level[1].volume == 21);
    CHECK(stats.level[1].overlap == 0);
    CHECK_U64(stats.level[2].nodes, 0);
    hand_tree_free(&tree);
}

static void infinite_boxes_are_left_out_of_volumes(void)
{
    struct hand_tree tree;
    xt_tree_stats stats = {.struct_size = sizeof stats};

    tree_make(&tree, &tree_rows[CHECK_COUNT(tree_rows) - 1]);
    CHECK_STATUS(xti_tree_stats(xti_os_real(), tree.view, &stats), XT_OK);
    for (uint32_t level = 0; level < stats.height; level++) {
        CHECK_U64(stats.level[level].nodes, tree.node_count[level]);
        CHECK(isfinite(stats.level[level].volume));
        CHECK(isfinite(stats.level[level].overlap));
    }
    hand_tree_free(&tree);
}

/* ---- bounds ------------------------------------------------------------------------------- */

static void bounds_are_exact(void)
{
    for (size_t i = 0; i < CHECK_COUNT(tree_rows); i++) {
        double low[XT_DIMS_MAX], high[XT_DIMS_MAX];
        struct hand_tree tree;
        uint32_t dims = tree_rows[i].shape.dims;

        check_row = tree_rows[i].name;
        tree_make(&tree, &tree_rows[i]);
        CHECK_STATUS(xti_tree_bounds(xti_os_real(), tree.view, low, high), XT_OK);
        for (uint32_t axis = 0; axis < dims; axis++) {
            double want_low = INFINITY;
            double want_high = -INFINITY;

            for (size_t item = 0; item < tree.item_count; item++) {
                want_low = fmin(want_low, tree.low[item * dims + axis]);
                want_high = fmax(want_high, tree.high[item * dims + axis]);
            }
            CHECK(low[axis] == want_low);
            CHECK(high[axis] == want_high);
        }
        hand_tree_free(&tree);
    }
}

/* Measured from 0, the highest three of these round to the same float. */
static void children_whose_boxes_round_alike_are_all_looked_at(void)
{
    static const struct hand_shape shape = {1, XT_POINTS, XT_F64, 16, 16, 0, 1, 4, false};
    const double up[] = {0, 1 + 0x1p-40, 1 + 0x2p-40, 1 + 0x3p-40};
    const double down[] = {0, 1 + 0x3p-40, 1 + 0x2p-40, 1 + 0x1p-40};

    for (int i = 0; i < 2; i++) {
        struct hand_tree tree;
        double low, high;

        hand_tree_build(&tree, &shape, i == 0 ? up : down, NULL, 4);
        CHECK_STATUS(xti_tree_bounds(xti_os_real(), tree.view, &low, &high), XT_OK);
        CHECK(low == 0);
        CHECK(high == 1 + 0x3p-40);
        hand_tree_free(&tree);
    }
}

static void an_empty_tree_has_no_nodes_and_no_bounds(void)
{
    static const struct tree_row row = {
        "empty", {2, XT_POINTS, XT_F64, 64, 64, 0, 64, 64, false},
         0, ORACLE_UNIFORM
    };
    xt_tree_stats stats = {.struct_size = sizeof stats};
    double low[2], high[2];
    struct hand_tree tree;
    struct nodes_seen seen = {.tree = &tree};

    tree_make(&tree, &row);
    CHECK_STATUS(xti_tree_nodes(xti_os_real(), tree.view, 0, node_see, &seen), XT_OK);
    CHECK_U64(seen.seen, 0);
    CHECK_STATUS(xti_tree_stats(xti_os_real(), tree.view, &stats), XT_OK);
    CHECK_U64(stats.height, 0);
    CHECK_STATUS(xti_tree_bounds(xti_os_real(), tree.view, low, high), XT_ENOTFOUND);
    CHECK(low[1] == INFINITY);
    CHECK(high[1] == -INFINITY);
    hand_tree_free(&tree);
}

/* ---- damage ------------------------------------------------------------------------------- */

static bool node_ignore(void *context, const xt_node_info *info)
{
    (void)context;
    (void)info;
    return true;
}

static void damage_ends_every_walk_with_a_status(void)
{
    for (uint32_t level = 0; level < 3; level++) {
        xt_tree_stats stats = {.struct_size = sizeof stats};
        double low[2], high[2];
        struct hand_tree tree;

        tree_make(&tree, &tree_rows[1]);
        CHECK_U64(tree.view->height, 3);
        for (uint32_t i = 0; i < tree.node_count[level]; i++)
            hand_node(&tree, level, i)->count = 5000;
        CHECK_STATUS(xti_tree_nodes(xti_os_real(), tree.view, 0, node_ignore, NULL), XT_ECORRUPT);
        CHECK_STATUS(xti_tree_stats(xti_os_real(), tree.view, &stats), XT_ECORRUPT);
        CHECK_STATUS(xti_tree_bounds(xti_os_real(), tree.view, low, high), XT_ECORRUPT);
        hand_tree_free(&tree);
    }
}

static void shared_children_do_not_make_a_walk_endless(void)
{
    static const struct tree_row row = {
        "shared", {2, XT_POINTS, XT_F64, 16, 16, 0, 4, 4, false},
         3000, ORACLE_UNIFORM
    };
    xt_tree_stats stats = {.struct_size = sizeof stats};
    struct hand_tree tree;

    tree_make(&tree, &row);
    CHECK_U64(tree.view->height, 6);
    hand_share_children(&tree);
    CHECK_STATUS(xti_tree_nodes(xti_os_real(), tree.view, 0, node_ignore, NULL), XT_ECORRUPT);
    CHECK_STATUS(xti_tree_stats(xti_os_real(), tree.view, &stats), XT_ECORRUPT);
    hand_tree_free(&tree);
}

CHECK_MAIN({"every_node_is_shown_once_with_its_box", every_node_is_shown_once_with_its_box},
           {"a_visitor_can_end_the_walk", a_visitor_can_end_the_walk},
           {"levels_are_described", levels_are_described},
           {"infinite_boxes_are_left_out_of_volumes", infinite_boxes_are_left_out_of_volumes},
           {"bounds_are_exact", bounds_are_exact},
           {"children_whose_boxes_round_alike_are_all_looked_at",
            children_whose_boxes_round_alike_are_all_looked_at},
           {"an_empty_tree_has_no_nodes_and_no_bounds", an_empty_tree_has_no_nodes_and_no_bounds},
           {"damage_ends_every_walk_with_a_status", damage_ends_every_walk_with_a_status},
           {"shared_children_do_not_make_a_walk_endless",
            shared_children_do_not_make_a_walk_endless})
