/* tests/unit/tree/test_choose.c -- does a new item go to the child that choose.c promises?
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <string.h>

#include "edit_scene.h"

/* low corner, then high corner, in two dimensions */
struct row {
    float lo[2], hi[2];
};

static bool scene_open(struct edit_scene *scene, uint32_t dims)
{
    const struct edit_shape shape = {
        .dims = dims, .kind = XT_BOXES, .type = XT_F64, .leaf_capacity = 32, .inner_capacity = 32};

    return edit_scene_open(scene, &shape);
}

static void row_add(struct edit_scene *scene, struct xtd_node *node, struct row row)
{
    xti_inner_append(scene->writer->layout, node, 77, row.lo, row.hi);
}

/* The slot for an item; *holds: the child's box has it already. */
static uint32_t slot_for(struct edit_scene *scene, const struct xtd_node *node, struct row item,
                         bool *holds)
{
    const double low[] = {(double)item.lo[0], (double)item.lo[1]};
    const double high[] = {(double)item.hi[0], (double)item.hi[1]};
    uint32_t slot = UINT32_MAX;

    CHECK_STATUS(xti_writer_item(scene->writer, low, high), XT_OK);
    *holds = xti_choose(scene->writer, node, &slot);
    return slot;
}

/* ---- by hand ------------------------------------------------------------------------------- */

#define ROWS_MAX 5

struct hand_row {
    const char *name;
    struct row children[ROWS_MAX];
    uint32_t count;
    struct row item;
    uint32_t want;
    bool holds;
};

static const struct hand_row hand_rows[] = {
    {"one child",                               {{{0, 0}, {1, 1}}},                     1, {{5, 5}, {5, 5}},         0, false},
    {"the only one that holds it",
     {{{0, 0}, {1, 1}}, {{4, 4}, {9, 9}}, {{20, 0}, {21, 1}}},
     3,                                                                                    {{5, 5}, {5, 5}},
     1,                                                                                                                 true },
    {"on the corner of one",                    {{{0, 0}, {1, 1}}, {{4, 4}, {5, 5}}},   2, {{5, 5}, {5, 5}},         1, true },
    {"the smallest of three that hold it",
     {{{0, 0}, {9, 9}}, {{3, 3}, {6, 7}}, {{2, 2}, {7, 7}}},
     3,                                                                                    {{5, 5}, {5, 5}},
     1,                                                                                                                 true },
    {"the least area, not the shortest edges",
     {{{4, 4}, {7, 7}}, {{5, 0}, {5.25f, 9}}},
     2,                                                                                    {{5, 5}, {5, 5}},
     1,                                                                                                                 true },
    {"flat boxes: the shortest edges",
     {{{5, 0}, {5, 9}}, {{5, 4}, {5, 6}}, {{0, 5}, {9, 5}}},
     3,                                                                                    {{5, 5}, {5, 5}},
     1,                                                                                                                 true },
    {"a flat box before one with an area",
     {{{4, 4}, {6, 6}}, {{5, 0}, {5, 99}}},
     2,                                                                                    {{5, 5}, {5, 5}},
     1,                                                                                                                 true },
    {"holds a part only",                       {{{0, 0}, {6, 6}}, {{0, 0}, {50, 50}}}, 2, {{5, 5}, {7, 5}},         1, true },
    {"the least growth",
     {{{0, 0}, {1, 1}}, {{8, 4}, {9, 6}}, {{20, 0}, {21, 1}}},
     3,                                                                                    {{7, 5}, {7, 5}},
     1,                                                                                                                 false},
    {"the least growth of an item with a size",
     {{{0, 0}, {4, 9}}, {{8, 0}, {9, 1}}},
     2,                                                                                    {{5, 2}, {6, 8}},
     0,                                                                                                                 false},
 /* Child 0 would grow least (2), and then cover child 1, which would grow 3 and harm nobody. */
    {"growth that harms a sibling",
     {{{0, 0}, {10, 10}}, {{10.5f, 6}, {11.5f, 8}}},
     2,                                                                                    {{12, 9.5f}, {12, 9.5f}},
     1,                                                                                                                 false},
    {"growth that harms nobody",
     {{{0, 0}, {10, 10}}, {{10.5f, 60}, {11.5f, 80}}},
     2,                                                                                    {{12, 9.5f}, {12, 9.5f}},
     0,                                                                                                                 false},
};

static void item_goes_to_the_child_that_suits_it(void)
{
    for (size_t i = 0; i < CHECK_COUNT(hand_rows); i++) {
        const struct hand_row *row = &hand_rows[i];
        struct edit_scene scene;
        struct xtd_node *node;
        bool holds;

        check_row = row->name;
        if (!scene_open(&scene, 2))
            return;
        node = edit_scene_inner(&scene, 32);
        for (uint32_t slot = 0; slot < row->count; slot++)
            row_add(&scene, node, row->children[slot]);
        CHECK_U64(slot_for(&scene, node, row->item, &holds), row->want);
        CHECK(holds == row->holds);
        edit_scene_close(&scene);
    }
}

/* Above level 1 the overlap is not asked for. */
static void growth_alone_decides_above_the_leaves_parents(void)
{
    const struct hand_row *row = NULL;
    struct edit_scene scene;
    struct xtd_node *node;
    bool holds;

    for (size_t i = 0; i < CHECK_COUNT(hand_rows); i++) {
        if (strcmp(hand_rows[i].name, "growth that harms a sibling") == 0)
            row = &hand_rows[i];
    }
    if (!CHECK(row != NULL) || !scene_open(&scene, 2))
        return;
    node = edit_scene_inner(&scene, 32);
    node->level = 2;
    for (uint32_t slot = 0; slot < row->count; slot++)
        row_add(&scene, node, row->children[slot]);
    CHECK_U64(slot_for(&scene, node, row->item, &holds), 0);
    edit_scene_close(&scene);
}

/* ---- long nodes ---------------------------------------------------------------------------- */

static const uint32_t capacities[] = {32, 64, 80, 128, 512, 528, 1600};

/* Far from each other: children of one unit, at every second unit of a line. */
static struct xtd_node *line_make(struct edit_scene *scene, uint32_t capacity)
{
    struct xtd_node *node = edit_scene_inner(scene, capacity);

    for (uint32_t slot = 0; slot < capacity; slot++) {
        float x = (float)(2 * slot);

        row_add(scene, node,
                (struct row){
                    {x,     0},
                    {x + 1, 1}
        });
    }
    return node;
}

static void every_slot_of_a_long_node_is_found(void)
{
    for (size_t i = 0; i < CHECK_COUNT(capacities); i++) {
        struct edit_scene scene;
        struct xtd_node *node;
        bool ok = scene_open(&scene, 2);

        node = ok ? line_make(&scene, capacities[i]) : NULL;
        for (uint32_t slot = 0; slot < capacities[i] && ok && node != NULL; slot++) {
            float x = (float)(2 * slot);
            bool holds;

            ok = CHECK_U64(slot_for(&scene, node,
                                    (struct row){
                                        {x, 0.5f},
                                        {x, 0.5f}
            },
                                    &holds),
                           slot) &&
                 CHECK(holds);
            x += slot % 2 == 0 ? -0.25f : 1.25f;
            ok = CHECK_U64(slot_for(&scene, node,
                                    (struct row){
                                        {x, 0.5f},
                                        {x, 0.5f}
            },
                                    &holds),
                           slot) &&
                 CHECK(!holds) && ok;
        }
        edit_scene_close(&scene);
    }
}

/* All hold the item; the smallest lies at every place in turn. */
static void smallest_of_many_that_hold_is_found(void)
{
    for (size_t i = 0; i < CHECK_COUNT(capacities); i++) {
        struct edit_scene scene;
        struct xtd_node *node;
        bool ok = scene_open(&scene, 2);
        bool holds;

        node = ok ? edit_scene_inner(&scene, capacities[i]) : NULL;
        for (uint32_t slot = 0; slot < capacities[i] && node != NULL; slot++)
            row_add(&scene, node,
                    (struct row){
                        {-9, -9},
                        {9,  9 }
            });
        for (uint32_t slot = 0; slot < capacities[i] && ok && node != NULL; slot++) {
            const struct row small = {
                {-9, -9  },
                {9,  8.5f}
            };
            const struct row large = {
                {-9, -9},
                {9,  9 }
            };

            xti_slot_box_set(scene.writer->layout, node, slot, small.lo, small.hi);
            ok = CHECK_U64(slot_for(&scene, node,
                                    (struct row){
                                        {1, 1},
                                        {2, 2}
            },
                                    &holds),
                           slot);
            xti_slot_box_set(scene.writer->layout, node, slot, large.lo, large.hi);
        }
        edit_scene_close(&scene);
    }
}

/* ---- against a plain loop ------------------------------------------------------------------ */

/* Where a child holds the item, the least volume among those is what counts. */
static double volume_of(const struct xti_layout *layout, const struct xtd_node *node, uint32_t slot,
                        const float *lo, const float *hi)
{
    double volume = 1;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        float low = xti_inner_side(layout, node, axis, false)[slot];
        float high = xti_inner_side(layout, node, axis, true)[slot];

        if (!(low <= lo[axis] && high >= hi[axis]))
            return INFINITY;
        volume *= (double)high - (double)low;
    }
    return volume;
}

static void least_volume_is_that_of_a_plain_loop(void)
{
    static const uint32_t dims[] = {1, 2, 3, 5, 16};
    uint64_t random = check_seed;
    unsigned held = 0, not_held = 0;

    for (size_t d = 0; d < CHECK_COUNT(dims); d++) {
        for (unsigned round = 0; round < 100; round++) {
            uint32_t count = 1 + (uint32_t)(check_random(&random) % 96);
            float lo[16], hi[16];
            double point[16];
            struct edit_scene scene;
            struct xtd_node *node;
            double least = INFINITY;
            uint32_t slot = 0;
            bool holds;

            if (!scene_open(&scene, dims[d]))
                return;
            node = edit_scene_inner(&scene, 96);
            for (uint32_t i = 0; i <= count && node != NULL; i++) {
                for (uint32_t axis = 0; axis < dims[d]; axis++) {
                    lo[axis] = (float)check_uniform(&random) * 4 / (float)dims[d];
                    hi[axis] = lo[axis] + (float)check_uniform(&random) * 3;
                    point[axis] = 2;
                }
                if (i < count)
                    xti_inner_append(scene.writer->layout, node, 77, lo, hi);
            }
            CHECK_STATUS(xti_writer_item(scene.writer, point, NULL), XT_OK);
            holds = xti_choose(scene.writer, node, &slot);
            for (uint32_t i = 0; i < count; i++)
                least = fmin(least, volume_of(scene.writer->layout, node, i, scene.writer->exact.lo,
                                              scene.writer->exact.hi));
            CHECK(slot < count);
            CHECK(holds == (least < INFINITY));
            CHECK(!holds || volume_of(scene.writer->layout, node, slot, scene.writer->exact.lo,
                                      scene.writer->exact.hi) == least);
            held += holds;
            not_held += !holds;
            edit_scene_close(&scene);
        }
    }
    CHECK(held > 50 && not_held > 50);
}

/* Bytes from a file, and items at infinity. */
static void hostile_boxes_give_a_valid_slot(void)
{
    static const float values[] = {NAN, -INFINITY, INFINITY, -FLT_MAX, FLT_MAX, 0.0f, 1.0f};
    static const double items[] = {-INFINITY, INFINITY, -DBL_MAX, DBL_MAX, 0.5};
    uint64_t random = check_seed;

    for (size_t c = 0; c < CHECK_COUNT(capacities); c++) {
        for (unsigned round = 0; round < 60; round++) {
            uint32_t count = 1 + (uint32_t)(check_random(&random) % capacities[c]);
            const struct row nowhere = {
                {NAN, NAN},
                {NAN, NAN}
            };
            struct edit_scene scene;
            struct xtd_node *node;
            double point[2];
            uint32_t slot = UINT32_MAX;

            if (!scene_open(&scene, 2))
                return;
            node = edit_scene_inner(&scene, capacities[c]);
            for (uint32_t i = 0; i < count && node != NULL; i++) {
                struct row row = nowhere;

                for (unsigned j = 0; j < 2 && round % 4 != 0; j++) {
                    row.lo[j] = values[check_random(&random) % 7];
                    row.hi[j] = values[check_random(&random) % 7];
                }
                row_add(&scene, node, row);
            }
            point[0] = items[check_random(&random) % 5];
            point[1] = items[check_random(&random) % 5];
            CHECK_STATUS(xti_writer_item(scene.writer, point, NULL), XT_OK);
            (void)xti_choose(scene.writer, node, &slot);
            CHECK(slot < count);
            edit_scene_close(&scene);
        }
    }
}

CHECK_MAIN({"item_goes_to_the_child_that_suits_it", item_goes_to_the_child_that_suits_it},
           {"growth_alone_decides_above_the_leaves_parents",
            growth_alone_decides_above_the_leaves_parents},
           {"every_slot_of_a_long_node_is_found", every_slot_of_a_long_node_is_found},
           {"smallest_of_many_that_hold_is_found", smallest_of_many_that_hold_is_found},
           {"least_volume_is_that_of_a_plain_loop", least_volume_is_that_of_a_plain_loop},
           {"hostile_boxes_give_a_valid_slot", hostile_boxes_give_a_valid_slot})
