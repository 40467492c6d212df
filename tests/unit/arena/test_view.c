/* tests/unit/arena/test_view.c -- does a view let its readers touch exactly what was visible when
 * it was made, and does it check what it should, once?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arena/arena.h"
#include "support/check.h"

#define RANGE_UNITS XTD_ARENA_ALIGN_UNITS
#define WINDOW_BYTES (UINT64_C(16) << 20)
#define LEAF_UNITS 5u

/* Three arenas, at the smallest ranges 0, 2 and 5 of the window; 3 has nothing visible. */
struct stage {
    struct xti_layout layout;
    struct xti_space space;
    struct xti_view *view;
};

static const struct place {
    uint32_t id, place;
    uint64_t visible;
} PLACES[] = {
    {1, 0, 100},
    {2, 2, 200},
    {3, 5, 0  },
};

static void stage_refill(struct stage *stage)
{
    free(stage->view);
    stage->view = calloc(1, xti_view_bytes(stage->space.arena_count));
    if (stage->view == NULL)
        abort();
    xti_view_fill(stage->view, &stage->space);
    stage->view->layout = &stage->layout;
}

static void stage_begin(struct stage *stage, bool verifies)
{
    memset(stage, 0, sizeof *stage);
    xti_layout_init(&stage->layout, 1, XT_POINTS, XT_F64, 16, 16, 65536);
    (void)CHECK_STATUS(
        xti_space_init(&stage->space, xti_os_real(), WINDOW_BYTES, true, true, verifies), XT_OK);
    for (size_t i = 0; i < CHECK_COUNT(PLACES); i++) {
        struct xti_arena arena = {0};

        arena.id = PLACES[i].id;
        arena.first_unit = (uint32_t)(PLACES[i].place * RANGE_UNITS);
        arena.range_units = RANGE_UNITS;
        arena.visible_units = PLACES[i].visible;
        arena.top_units = PLACES[i].visible + 50;
        arena.own_units = UINT64_MAX;
        (void)CHECK_STATUS(xti_space_add(&stage->space, &arena), XT_OK);
        (void)CHECK_STATUS(
            xti_arena_give_memory(&stage->space, xti_space_arena(&stage->space, arena.id)), XT_OK);
    }
    stage_refill(stage);
}

static void stage_end(struct stage *stage)
{
    free(stage->view);
    xti_space_release(&stage->space);
}

/* A sealed leaf of one item. */
static struct xtd_node *put_leaf(struct stage *stage, uint32_t ref)
{
    struct xtd_node *leaf = xti_space_at(&stage->space, ref);
    double *x = xti_leaf_coords(leaf);

    leaf->self_ref = ref;
    leaf->birth_txn = 1;
    leaf->count = 1;
    leaf->capacity = 16;
    leaf->size_units = LEAF_UNITS;
    leaf->kind = XTD_LEAF_POINTS;
    leaf->item_count = 1;
    for (uint32_t i = 0; i < 16; i++)
        x[i] = i == 0 ? 0.5 : (double)NAN;
    xti_node_seal(leaf);
    return leaf;
}

static xt_status look(const struct stage *stage, uint32_t ref, const struct xti_span **span)
{
    const struct xtd_node *node;
    struct xti_finding finding = {0};
    xt_status status = xti_view_node(stage->view, span, ref, 0, &node, &finding);

    if (status == XT_OK)
        (void)CHECK(node == xti_space_at(&stage->space, ref));
    else
        (void)CHECK(node == NULL && finding.what != NULL);
    return status;
}

static xt_status look_anew(const struct stage *stage, uint32_t ref)
{
    const struct xti_span *span = NULL;

    return look(stage, ref, &span);
}

/* ---- spans -------------------------------------------------------------------------------- */

static void a_view_has_a_span_for_each_arena_up_to_what_is_visible(void)
{
    struct stage stage;

    stage_begin(&stage, true);
    (void)CHECK_U64(stage.view->span_count, CHECK_COUNT(PLACES));
    (void)CHECK_U64(stage.view->unit_count, 300);
    for (uint32_t i = 0; i < CHECK_COUNT(PLACES); i++) {
        (void)CHECK_U64(stage.view->spans[i].first_unit, PLACES[i].place * RANGE_UNITS);
        (void)CHECK_U64(stage.view->spans[i].units, PLACES[i].visible);
        (void)CHECK_U64(stage.view->spans[i].own_from, PLACES[i].visible);
    }
    xti_space_arena(&stage.space, 1)->own_units = 30;
    xti_space_arena(&stage.space, 2)->visible_units = 250;
    (void)CHECK_U64(stage.view->spans[1].units, 200); /* a view does not change */
    stage_refill(&stage);
    (void)CHECK_U64(stage.view->spans[0].own_from, 30);
    (void)CHECK_U64(stage.view->spans[1].units, 250);
    stage_end(&stage);
}

static void refs_are_found_in_their_span_and_nowhere_else(void)
{
    static const struct {
        const char *name;
        uint64_t ref;
        uint32_t span; /* 9: none */
    } rows[] = {
        {"the first of all",              0,                     0},
        {"the last of the first",         99,                    0},
        {"behind the first",              100,                   9},
        {"in the first, not visible",     149,                   9},
        {"between two",                   RANGE_UNITS,           9},
        {"just before the second",        2 * RANGE_UNITS - 1,   9},
        {"the first of the second",       2 * RANGE_UNITS,       1},
        {"the last of the second",        2 * RANGE_UNITS + 199, 1},
        {"behind the second",             2 * RANGE_UNITS + 200, 9},
        {"an arena with nothing visible", 5 * RANGE_UNITS,       9},
        {"behind the window",             8 * RANGE_UNITS,       9},
        {"the last that can be written",  UINT32_MAX,            9},
    };
    struct stage stage;

    stage_begin(&stage, true);
    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        const struct xti_span *span = xti_view_span(stage.view, (uint32_t)rows[row].ref);

        check_row = rows[row].name;
        (void)CHECK(span == (rows[row].span == 9 ? NULL : &stage.view->spans[rows[row].span]));
    }
    stage.view->span_count = 0;
    (void)CHECK(xti_view_span(stage.view, 0) == NULL);
    stage_end(&stage);
}

static void a_node_must_lie_wholly_in_what_is_visible(void)
{
    struct stage stage;

    stage_begin(&stage, true);
    (void)put_leaf(&stage, 95);
    (void)CHECK_STATUS(look_anew(&stage, 95), XT_OK);
    (void)put_leaf(&stage, 96);
    (void)CHECK_STATUS(look_anew(&stage, 96), XT_ECORRUPT);
    (void)put_leaf(&stage, 100);
    (void)CHECK_STATUS(look_anew(&stage, 100), XT_ECORRUPT);
    stage_end(&stage);
}

static void the_span_of_the_last_node_is_a_hint_only(void)
{
    const uint32_t first = 64;
    const uint32_t second = (uint32_t)(2 * RANGE_UNITS);
    const struct xti_span *span = NULL;
    struct stage stage;

    stage_begin(&stage, true);
    (void)put_leaf(&stage, first);
    (void)put_leaf(&stage, second);
    for (int i = 0; i < 3; i++) {
        (void)CHECK_STATUS(look(&stage, first, &span), XT_OK);
        (void)CHECK(span == &stage.view->spans[0]);
        (void)CHECK_STATUS(look(&stage, second, &span), XT_OK);
        (void)CHECK(span == &stage.view->spans[1]);
        /* Below the hint's start: the difference of refs is taken without a sign. */
        (void)CHECK_STATUS(look(&stage, second - 1, &span), XT_ECORRUPT);
        (void)CHECK_STATUS(look(&stage, second - (uint32_t)RANGE_UNITS, &span), XT_ECORRUPT);
    }
    stage_end(&stage);
}

/* ---- checksums ---------------------------------------------------------------------------- */

static bool is_verified(const struct stage *stage, uint32_t ref)
{
    return (atomic_load(&stage->view->verified[ref / 64]) >> (ref % 64) & 1) != 0;
}

static void a_checksum_is_remembered_when_it_was_right_and_only_then(void)
{
    struct xtd_node *leaf;
    struct stage stage;

    stage_begin(&stage, true);
    for (uint32_t ref = 60; ref < 70; ref += LEAF_UNITS) {
        leaf = put_leaf(&stage, ref);
        ((char *)leaf)[100] ^= 1;
        (void)CHECK(!is_verified(&stage, ref));
        (void)CHECK_STATUS(look_anew(&stage, ref), XT_ECORRUPT);
        (void)CHECK(!is_verified(&stage, ref));
        (void)CHECK_STATUS(look_anew(&stage, ref), XT_ECORRUPT);
        ((char *)leaf)[100] ^= 1;
        (void)CHECK_STATUS(look_anew(&stage, ref), XT_OK);
        for (uint32_t other = 60; other < 70; other++)
            (void)CHECK_INT(is_verified(&stage, other),
                            other <= ref && (other - 60) % LEAF_UNITS == 0);
        ((char *)leaf)[100] ^= 1; /* not looked at any more */
        (void)CHECK_STATUS(look_anew(&stage, ref), XT_OK);
    }
    stage_end(&stage);
}

static void what_this_process_made_needs_no_checksum(void)
{
    struct xtd_node *leaf;
    struct stage stage;

    stage_begin(&stage, true);
    xti_space_arena(&stage.space, 1)->own_units = 70;
    stage_refill(&stage);
    leaf = put_leaf(&stage, 65);
    leaf->crc32c ^= 1;
    (void)CHECK_STATUS(look_anew(&stage, 65), XT_ECORRUPT);
    leaf = put_leaf(&stage, 70);
    leaf->crc32c ^= 1;
    (void)CHECK_STATUS(look_anew(&stage, 70), XT_OK);
    stage_end(&stage);
}

static void without_verifying_the_structure_is_still_checked(void)
{
    struct xtd_node *leaf;
    struct stage stage;

    stage_begin(&stage, false);
    (void)CHECK(stage.view->verified == NULL);
    leaf = put_leaf(&stage, 65);
    leaf->crc32c ^= 1;
    (void)CHECK_STATUS(look_anew(&stage, 65), XT_OK);
    leaf->self_ref = 66;
    (void)CHECK_STATUS(look_anew(&stage, 65), XT_ECORRUPT);
    stage_end(&stage);
}

/* An arena that is removed takes its bits along: another one at its place starts without any. */
static void the_bits_of_a_removed_arena_are_gone(void)
{
    struct xti_arena arena;
    struct stage stage;

    stage_begin(&stage, true);
    (void)put_leaf(&stage, 64);
    (void)CHECK_STATUS(look_anew(&stage, 64), XT_OK);
    (void)CHECK(is_verified(&stage, 64));
    arena = stage.space.arenas[0];
    xti_space_remove(&stage.space, 0);
    (void)CHECK_STATUS(xti_space_add(&stage.space, &arena), XT_OK);
    (void)CHECK(!is_verified(&stage, 64));
    stage_end(&stage);
}

CHECK_MAIN({"a_view_has_a_span_for_each_arena_up_to_what_is_visible",
            a_view_has_a_span_for_each_arena_up_to_what_is_visible},
           {"refs_are_found_in_their_span_and_nowhere_else",
            refs_are_found_in_their_span_and_nowhere_else},
           {"a_node_must_lie_wholly_in_what_is_visible", a_node_must_lie_wholly_in_what_is_visible},
           {"the_span_of_the_last_node_is_a_hint_only", the_span_of_the_last_node_is_a_hint_only},
           {"a_checksum_is_remembered_when_it_was_right_and_only_then",
            a_checksum_is_remembered_when_it_was_right_and_only_then},
           {"what_this_process_made_needs_no_checksum", what_this_process_made_needs_no_checksum},
           {"without_verifying_the_structure_is_still_checked",
            without_verifying_the_structure_is_still_checked},
           {"the_bits_of_a_removed_arena_are_gone", the_bits_of_a_removed_arena_are_gone})
