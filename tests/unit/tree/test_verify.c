/* tests/unit/tree/test_verify.c -- does verify accept what is right, and find each violation of
 * each invariant of src/tree/README.md?
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

static const struct hand_shape box_shape = {2, XT_BOXES, XT_F64, 16, 16, 0, 14, 5, true};

static void tree_make(struct hand_tree *tree, const struct hand_shape *shape, size_t count,
                      enum oracle_data data)
{
    const struct oracle_schema schema = {shape->dims, shape->kind, shape->coord_type};
    uint64_t random = check_seed;
    struct oracle oracle;

    oracle_init(&oracle, schema, count, data, &random);
    for (size_t i = 0; i < count * shape->dims; i++) {
        double low = oracle_kept(&oracle, oracle.low[i]);
        double high = oracle_kept(&oracle, oracle.high[i]);

        oracle.low[i] = low;
        oracle.high[i] = high;
    }
    hand_tree_build(tree, shape, oracle.low, oracle.high, count);
    oracle_release(&oracle);
}

/* ---- what is right ------------------------------------------------------------------------ */

static void sound_trees_pass(void)
{
    static const struct {
        const char *name;
        struct hand_shape shape;
        size_t count;
        enum oracle_data data;
    } rows[] = {
        {"empty",           {2, XT_POINTS, XT_F64, 64, 64, 0, 64, 64, false},   0,    ORACLE_UNIFORM   },
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

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct xti_verify_report report;
        struct hand_tree tree;
        uint64_t nodes = 0;

        check_row = rows[i].name;
        tree_make(&tree, &rows[i].shape, rows[i].count, rows[i].data);
        CHECK_STATUS(xti_tree_verify(xti_os_real(), tree.view, true, &report), XT_OK);
        CHECK_STR(report.finding.what, "");
        for (uint32_t level = 1; level < tree.view->height; level++)
            nodes += tree.node_count[level];
        CHECK_U64(report.nodes, nodes);
        CHECK_U64(report.leaves, tree.node_count[0]);
        CHECK_U64(report.items, rows[i].count);
        CHECK_U64(report.units, tree.view->live_units);
        hand_tree_free(&tree);
    }
}

/* ---- what is not -------------------------------------------------------------------------- */

/* The tree of the violations: three levels, leaves of 14 items, inner nodes of 5 children. */
static struct xtd_node *root_of(struct hand_tree *tree)
{
    return hand_node(tree, tree->view->height - 1, 0);
}

static float *box_value(struct hand_tree *tree, struct xtd_node *node, uint32_t array,
                        uint32_t slot)
{
    return xti_inner_boxes(&tree->layout, node) + (size_t)array * node->capacity + slot;
}

static double *leaf_value(struct xtd_node *leaf, uint32_t array, uint32_t slot)
{
    return (double *)xti_leaf_coords(leaf) + (size_t)array * leaf->capacity + slot;
}

static uint32_t t1_ref_outside(struct hand_tree *tree)
{
    xti_inner_refs(&tree->layout, hand_node(tree, 1, 2))[1] = HAND_FIRST_UNIT - 1;
    return HAND_FIRST_UNIT - 1;
}

static uint32_t t1_ref_zero(struct hand_tree *tree)
{
    xti_inner_refs(&tree->layout, hand_node(tree, 1, 2))[1] = 0;
    return 0;
}

static uint32_t t1_level(struct hand_tree *tree)
{
    xti_inner_refs(&tree->layout, root_of(tree))[1] = hand_ref(tree, 0, 3);
    return hand_ref(tree, 0, 3);
}

static uint32_t t1_self_ref(struct hand_tree *tree)
{
    hand_node(tree, 0, 3)->self_ref++;
    return hand_ref(tree, 0, 3);
}

static uint32_t t2_shared_child(struct hand_tree *tree)
{
    uint32_t *refs = xti_inner_refs(&tree->layout, hand_node(tree, 1, 2));

    refs[1] = refs[0];
    return refs[0];
}

static uint32_t t2_shared_across(struct hand_tree *tree)
{
    uint32_t *refs = xti_inner_refs(&tree->layout, root_of(tree));

    refs[2] = refs[0];
    return refs[0];
}

/* The second leaf moved one unit forward: its header takes the place of the first one's last ids,
 * which may have any value, and 0 where they are in no use. */
static uint32_t t2_overlapping_child(struct hand_tree *tree)
{
    struct xtd_node *leaf = hand_node(tree, 0, 11);
    struct xtd_node *moved = (struct xtd_node *)(void *)((char *)leaf - XTD_UNIT_BYTES);
    uint32_t ref = hand_ref(tree, 0, 11) - 1;

    memmove(moved, leaf, (size_t)leaf->size_units * XTD_UNIT_BYTES);
    moved->self_ref = ref;
    xti_inner_refs(&tree->layout, hand_node(tree, 1, 2))[1] = ref;
    return ref;
}

static uint32_t t3_byte(struct hand_tree *tree)
{
    struct xtd_node *leaf = hand_node(tree, 0, 7);

    xti_leaf_ids(&tree->layout, leaf)[3] ^= 1;
    return leaf->self_ref;
}

static uint32_t t3_inner_byte(struct hand_tree *tree)
{
    struct xtd_node *node = hand_node(tree, 1, 1);

    *box_value(tree, node, 0, 0) -= 1;
    return node->self_ref;
}

static uint32_t t4_nan(struct hand_tree *tree)
{
    *box_value(tree, root_of(tree), 3, 1) = NAN;
    return tree->view->root_ref;
}

static uint32_t t4_order(struct hand_tree *tree)
{
    *box_value(tree, root_of(tree), 0, 1) = *box_value(tree, root_of(tree), 1, 1) + 1000;
    return tree->view->root_ref;
}

static uint32_t t4_denormal(struct hand_tree *tree)
{
    struct xtd_node *node = hand_node(tree, 1, 0);

    *box_value(tree, node, 0, 0) = -1e-40f; /* the origin is the low corner of child 0 */
    return node->self_ref;
}

static uint32_t t4_unused_box(struct hand_tree *tree)
{
    struct xtd_node *node = hand_node(tree, 1, 0);

    *box_value(tree, node, 2, 15) = 1;
    return node->self_ref;
}

static uint32_t t4_unused_ref(struct hand_tree *tree)
{
    struct xtd_node *node = hand_node(tree, 1, 0);

    xti_inner_refs(&tree->layout, node)[5] = hand_ref(tree, 0, 0);
    return node->self_ref;
}

static uint32_t t5_nan(struct hand_tree *tree)
{
    *leaf_value(hand_node(tree, 0, 4), 2, 13) = NAN;
    return hand_ref(tree, 0, 4);
}

static uint32_t t5_order(struct hand_tree *tree)
{
    struct xtd_node *leaf = hand_node(tree, 0, 4);
    double low = *leaf_value(leaf, 2, 3);

    *leaf_value(leaf, 2, 3) = nextafter(*leaf_value(leaf, 3, 3), INFINITY);
    *leaf_value(leaf, 3, 3) = low;
    return leaf->self_ref;
}

static uint32_t t5_unused_coordinate(struct hand_tree *tree)
{
    *leaf_value(hand_node(tree, 0, 4), 3, 14) = 0;
    return hand_ref(tree, 0, 4);
}

static uint32_t t5_unused_id(struct hand_tree *tree)
{
    xti_leaf_ids(&tree->layout, hand_node(tree, 0, 4))[15] = 1;
    return hand_ref(tree, 0, 4);
}

/* Rounded to nearest instead of outward, on a side where that cuts something off. */
static uint32_t t6_leaf_by_one_ulp(struct hand_tree *tree)
{
    struct xtd_node *node = hand_node(tree, 1, 3);
    float *hi = box_value(tree, node, 1, 2);

    *hi = nextafterf(*hi, -INFINITY);
    return node->self_ref;
}

static uint32_t t6_low_by_one_ulp(struct hand_tree *tree)
{
    struct xtd_node *node = hand_node(tree, 1, 3);
    float *lo = box_value(tree, node, 2, 2);

    *lo = nextafterf(*lo, INFINITY);
    return node->self_ref;
}

static uint32_t t6_inner(struct hand_tree *tree)
{
    struct xtd_node *root = root_of(tree);
    float *hi = box_value(tree, root, 3, 1);

    *hi = nextafterf(nextafterf(*hi, -INFINITY), -INFINITY);
    return root->self_ref;
}

static uint32_t t6_item_moved(struct hand_tree *tree)
{
    *leaf_value(hand_node(tree, 0, 0), 1, 0) = 1e300;
    return hand_ref(tree, 1, 0);
}

static uint32_t t6_infinite_item(struct hand_tree *tree)
{
    *leaf_value(hand_node(tree, 0, 0), 0, 0) = -INFINITY;
    return hand_ref(tree, 1, 0);
}

static uint32_t t7_too_many(struct hand_tree *tree)
{
    hand_node(tree, 1, 2)->item_count++;
    return hand_ref(tree, 1, 2);
}

static uint32_t t7_too_few(struct hand_tree *tree)
{
    root_of(tree)->item_count--;
    return tree->view->root_ref;
}

static uint32_t t7_last(struct hand_tree *tree)
{
    uint32_t last = tree->node_count[1] - 1;

    hand_node(tree, 1, last)->item_count++;
    root_of(tree)->item_count++;
    return hand_ref(tree, 1, last);
}

static uint32_t t8_items(struct hand_tree *tree)
{
    tree->view->item_count++;
    return tree->view->root_ref;
}

static uint32_t t8_units(struct hand_tree *tree)
{
    tree->view->live_units--;
    return tree->view->root_ref;
}

static uint32_t t8_arena_units(struct hand_tree *tree)
{
    tree->view->spans[0].live_units++;
    return tree->view->spans[0].first_unit;
}

static uint32_t t8_empty(struct hand_tree *tree)
{
    tree->view->height = 0;
    tree->view->root_ref = 0;
    return 0;
}

static const struct {
    const char *name;
    uint32_t (*plant)(struct hand_tree *tree); /* gives the ref that verify must name */
    const char *want;                          /* begins what verify must say */
    bool checksums;
} violations[] = {
    {"T1: ref before the arena",         t1_ref_outside,       "ref outside",           false},
    {"T1: ref 0",                        t1_ref_zero,          "ref outside",           false},
    {"T1: leaf among inner nodes",       t1_level,             "node ",                 false},
    {"T1: node lies elsewhere",          t1_self_ref,          "node self_ref",         false},
    {"T2: two refs of a node",           t2_shared_child,      "T2",                    false},
    {"T2: refs of two nodes",            t2_shared_across,     "T2",                    false},
    {"T2: node inside another",          t2_overlapping_child, "T2",                    false},
    {"T3: leaf",                         t3_byte,              "node checksum",         true },
    {"T3: inner node",                   t3_inner_byte,        "node checksum",         true },
    {"T4: NaN",                          t4_nan,               "T4: child's box",       false},
    {"T4: low > high",                   t4_order,             "T4: child's box",       false},
    {"T4: denormal",                     t4_denormal,          "T4: child's box",       false},
    {"T4: box of an unused slot",        t4_unused_box,        "T4: unused",            false},
    {"T4: ref of an unused slot",        t4_unused_ref,        "T4: unused",            false},
    {"T5: NaN",                          t5_nan,               "T5: item",              false},
    {"T5: low > high",                   t5_order,             "T5: item",              false},
    {"T5: coordinate of an unused slot", t5_unused_coordinate, "T5: unused",            false},
    {"T5: id of an unused slot",         t5_unused_id,         "T5: unused",            false},
    {"T6: high of a leaf, by one ulp",   t6_leaf_by_one_ulp,   "T6",                    false},
    {"T6: low of a leaf, by one ulp",    t6_low_by_one_ulp,    "T6",                    false},
    {"T6: inner node",                   t6_inner,             "T6",                    false},
    {"T6: item far away",                t6_item_moved,        "T6",                    false},
    {"T6: infinite item",                t6_infinite_item,     "T6",                    false},
    {"T7: one too many",                 t7_too_many,          "T7",                    false},
    {"T7: one too few",                  t7_too_few,           "T7",                    false},
    {"T7: in the last node of a level",  t7_last,              "T7",                    false},
    {"T8: items",                        t8_items,             "T8: items",             false},
    {"T8: units",                        t8_units,             "T8: units in the tree", false},
    {"T8: units of an arena",            t8_arena_units,       "T8: units in an arena", false},
    {"T8: empty, but items",             t8_empty,             "T8: items",             false},
};

static void every_violation_is_found_and_named(void)
{
    for (size_t i = 0; i < CHECK_COUNT(violations); i++) {
        struct xti_verify_report report;
        struct hand_tree tree;
        uint32_t bad_ref;

        check_row = violations[i].name;
        tree_make(&tree, &box_shape, 330, ORACLE_UNIFORM);
        CHECK_INT(tree.view->height, 3);
        bad_ref = violations[i].plant(&tree);
        CHECK_STATUS(xti_tree_verify(xti_os_real(), tree.view, violations[i].checksums, &report),
                     XT_ECORRUPT);
        CHECK_U64(report.bad_ref, bad_ref);
        if (strncmp(report.finding.what, violations[i].want, strlen(violations[i].want)) != 0)
            CHECK_STR(report.finding.what, violations[i].want);
        hand_tree_free(&tree);
    }
}

/* A box may be wider than it need be: writers differ in how they round. */
static void wider_boxes_are_allowed(void)
{
    struct xti_verify_report report;
    struct hand_tree tree;

    tree_make(&tree, &box_shape, 330, ORACLE_UNIFORM);
    for (uint32_t i = 0; i < tree.node_count[1]; i++) {
        struct xtd_node *node = hand_node(&tree, 1, i);

        for (uint32_t slot = 0; slot < node->count; slot++) {
            float *lo = box_value(&tree, node, 0, slot);
            float *hi = box_value(&tree, node, 1, slot);

            /* What xti_offset_down() gave is 0 or at least FLT_MIN: so are its neighbours. */
            *lo = *lo == 0 ? *lo : nextafterf(*lo, *lo < 0 ? -INFINITY : INFINITY);
            *lo = *lo > 0 ? 0 : *lo;
            *hi = *hi == 0 ? 1 : nextafterf(*hi, INFINITY);
        }
        for (uint32_t slot = 0; slot < root_of(&tree)->count; slot++) {
            *box_value(&tree, root_of(&tree), 0, slot) = -INFINITY;
            *box_value(&tree, root_of(&tree), 1, slot) = INFINITY;
        }
    }
    CHECK_STATUS(xti_tree_verify(xti_os_real(), tree.view, false, &report), XT_OK);
    CHECK_STR(report.finding.what, "");
    hand_tree_free(&tree);
}

/* The stored side 1 is measured from an origin 2^-60 above or below 0, so it stands for 1 plus or
 * minus 2^-60; a double cannot tell that from the item's 1. */
static void boxes_are_compared_exactly(void)
{
    static const struct hand_shape shape = {1, XT_POINTS, XT_F64, 16, 16, 0, 1, 2, false};
    static const struct {
        const char *name;
        double origin;
        uint32_t array; /* 0: low, 1: high */
        xt_status want;
    } rows[] = {
        {"low stands for less",  -0x1p-60, 0, XT_OK      },
        {"low stands for more",  0x1p-60,  0, XT_ECORRUPT},
        {"high stands for less", -0x1p-60, 1, XT_ECORRUPT},
        {"high stands for more", 0x1p-60,  1, XT_OK      },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const double coords[2] = {rows[i].origin, 1.0};
        struct xti_verify_report report;
        struct hand_tree tree;

        check_row = rows[i].name;
        hand_tree_build(&tree, &shape, coords, NULL, 2);
        CHECK_STATUS(xti_tree_verify(xti_os_real(), tree.view, false, &report), XT_OK);
        *box_value(&tree, root_of(&tree), rows[i].array, 1) = 1.0f;
        CHECK_STATUS(xti_tree_verify(xti_os_real(), tree.view, false, &report), rows[i].want);
        hand_tree_free(&tree);
    }
}

static void *no_memory(const struct xti_os *os, size_t size)
{
    (void)os;
    (void)size;
    return NULL;
}

static void without_memory_verify_gives_enomem(void)
{
    struct xti_os os = *xti_os_real();
    struct xti_verify_report report;
    struct hand_tree tree;

    os.alloc = no_memory;
    tree_make(&tree, &box_shape, 330, ORACLE_UNIFORM);
    CHECK_STATUS(xti_tree_verify(&os, tree.view, true, &report), XT_ENOMEM);
    hand_tree_free(&tree);
}

/* With damage anywhere, verify ends; with checksums, it finds all of it. */
static void every_flipped_bit_is_found(void)
{
    struct hand_tree tree;
    size_t bytes;

    tree_make(&tree, &box_shape, 100, ORACLE_UNIFORM);
    bytes = (size_t)tree.view->unit_count * XTD_UNIT_BYTES;
    for (size_t at = 0; at < bytes; at++) {
        char *byte = tree.memory + HAND_FIRST_UNIT * XTD_UNIT_BYTES + at;
        char mask = (char)(1 << at % 8);
        struct xti_verify_report report;

        *byte = (char)(*byte ^ mask);
        if (!CHECK_STATUS(xti_tree_verify(xti_os_real(), tree.view, true, &report), XT_ECORRUPT))
            break;
        *byte = (char)(*byte ^ mask);
    }
    hand_tree_free(&tree);
}

CHECK_MAIN({"sound_trees_pass", sound_trees_pass},
           {"every_violation_is_found_and_named", every_violation_is_found_and_named},
           {"wider_boxes_are_allowed", wider_boxes_are_allowed},
           {"boxes_are_compared_exactly", boxes_are_compared_exactly},
           {"without_memory_verify_gives_enomem", without_memory_verify_gives_enomem},
           {"every_flipped_bit_is_found", every_flipped_bit_is_found})
