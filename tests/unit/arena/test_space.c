/* tests/unit/arena/test_space.c -- do arenas lie in the window where they should, with memory, file
 * views and frontiers as their owner asked?
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "arena/arena.h"
#include "support/check.h"
#include "support/disk_os.h"
#include "support/fail_os.h"

#define RANGE_UNITS XTD_ARENA_ALIGN_UNITS
#define WINDOW_BYTES (UINT64_C(16) << 20) /* 8 of the smallest arenas */

struct stage {
    struct disk_os *disk;
    struct fail_os fail;
    struct xti_space space;
};

static void stage_begin(struct stage *stage)
{
    stage->disk = disk_os_create(check_seed);
    fail_os_init(&stage->fail, disk_os_table(stage->disk));
    (void)CHECK_STATUS(
        xti_space_init(&stage->space, &stage->fail.os, WINDOW_BYTES, true, true, true), XT_OK);
}

static void stage_end(struct stage *stage)
{
    xti_space_release(&stage->space);
    (void)CHECK(fail_os_is_clean(&stage->fail));
    disk_os_destroy(stage->disk);
}

/* An arena of `count` smallest ranges at the place-th of them. */
static xt_status add(struct xti_space *space, uint32_t id, uint32_t place, uint32_t count)
{
    struct xti_arena arena = {0};

    arena.id = id;
    arena.first_unit = (uint32_t)(place * RANGE_UNITS);
    arena.range_units = count * RANGE_UNITS;
    return xti_space_add(space, &arena);
}

static struct xti_arena *add_with_memory(struct xti_space *space, uint32_t id, uint32_t place)
{
    struct xti_arena *arena;

    (void)CHECK_STATUS(add(space, id, place, 1), XT_OK);
    arena = xti_space_arena(space, id);
    (void)CHECK_STATUS(xti_arena_give_memory(space, arena), XT_OK);
    return arena;
}

static char *at(struct xti_space *space, const struct xti_arena *arena, uint64_t unit)
{
    return xti_space_at(space, (uint32_t)(arena->first_unit + unit));
}

static bool all_are(const char *data, uint64_t units, char value)
{
    for (uint64_t i = 0; i < units * XTD_UNIT_BYTES; i++) {
        if (data[i] != value)
            return false;
    }
    return true;
}

/* ---- the window --------------------------------------------------------------------------- */

static void a_window_that_the_system_refuses_owes_nothing(void)
{
    for (uint64_t n = 1; n <= 6;
         n++) { /* the window, place and memory of two tables; all succeed */
        struct xti_space space;
        struct fail_os fail;

        fail_os_init(&fail, xti_os_real());
        fail.fail_at = n;
        (void)CHECK_STATUS(xti_space_init(&space, &fail.os, WINDOW_BYTES, true, true, true),
                           n <= 5 ? XT_ENOMEM : XT_OK);
        xti_space_release(&space);
        xti_space_release(&space);
        (void)CHECK(fail_os_is_clean(&fail));
    }
}

static void a_largest_window_can_be_reserved(void)
{
    struct xti_space space;
    uint32_t first;

    (void)CHECK_STATUS(xti_space_init(&space, xti_os_real(), UINT64_C(256) << 30, true, true, true),
                       XT_OK);
    (void)CHECK_U64(space.window_units, XTD_SPACE_UNITS);
    (void)CHECK_STATUS(xti_space_find_room(&space, XTD_SPACE_UNITS, &first), XT_OK);
    (void)CHECK_STATUS(xti_space_find_room(&space, XTD_SPACE_UNITS + RANGE_UNITS, &first),
                       XT_EFULL);
    xti_space_release(&space);
}

/* ---- places ------------------------------------------------------------------------------- */

static void arenas_are_kept_in_the_order_of_their_places(void)
{
    static const uint32_t places[] = {5, 1, 7, 0, 3};
    struct stage stage;

    stage_begin(&stage);
    for (uint32_t i = 0; i < CHECK_COUNT(places); i++)
        (void)CHECK_STATUS(add(&stage.space, 10 + i, places[i], 1), XT_OK);
    (void)CHECK_U64(stage.space.arena_count, CHECK_COUNT(places));
    for (uint32_t i = 1; i < stage.space.arena_count; i++)
        (void)CHECK(stage.space.arenas[i - 1].first_unit < stage.space.arenas[i].first_unit);
    for (uint32_t i = 0; i < CHECK_COUNT(places); i++)
        (void)CHECK_U64(xti_space_arena(&stage.space, 10 + i)->first_unit, places[i] * RANGE_UNITS);
    (void)CHECK(xti_space_arena(&stage.space, 9) == NULL);
    xti_space_remove(&stage.space, 1);
    (void)CHECK(xti_space_arena(&stage.space, 11) == NULL);
    (void)CHECK_U64(stage.space.arenas[1].first_unit, 3 * RANGE_UNITS);
    (void)CHECK_STATUS(add(&stage.space, 20, 1, 1), XT_OK);
    (void)CHECK_U64(stage.space.arenas[1].id, 20);
    stage_end(&stage);
}

static void more_arenas_than_expected_fit(void)
{
    struct xti_space space;
    uint32_t first;

    (void)CHECK_STATUS(
        xti_space_init(&space, xti_os_real(), UINT64_C(200) << 20, false, true, false), XT_OK);
    for (uint32_t i = 0; i < 100; i++) {
        (void)CHECK_STATUS(xti_space_find_room(&space, RANGE_UNITS, &first), XT_OK);
        (void)CHECK_U64(first, i * RANGE_UNITS);
        (void)CHECK_STATUS(add(&space, i + 1, i, 1), XT_OK);
    }
    (void)CHECK_STATUS(xti_space_find_room(&space, RANGE_UNITS, &first), XT_EFULL);
    (void)CHECK_U64(first, 0);
    xti_space_release(&space);
}

static void room_is_found_in_the_first_gap_that_is_wide_enough(void)
{
    static const struct {
        const char *name;
        uint32_t count;
        uint32_t place; /* 8: none */
    } rows[] = {
        {"one",   1, 0},
        {"two",   2, 3},
        {"three", 3, 8},
    };
    struct stage stage;

    stage_begin(&stage);
    (void)CHECK_STATUS(add(&stage.space, 1, 1, 2), XT_OK); /* .11..22. */
    (void)CHECK_STATUS(add(&stage.space, 2, 5, 2), XT_OK);
    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        uint32_t first;

        check_row = rows[row].name;
        (void)CHECK_STATUS(xti_space_find_room(&stage.space, rows[row].count * RANGE_UNITS, &first),
                           rows[row].place == 8 ? XT_EFULL : XT_OK);
        (void)CHECK_U64(first, rows[row].place == 8 ? 0 : rows[row].place * RANGE_UNITS);
    }
    stage_end(&stage);
}

static void held_ranges_are_not_given_out(void)
{
    struct stage stage;
    uint32_t first;

    stage_begin(&stage);
    (void)CHECK_STATUS(add(&stage.space, 5, 1, 1), XT_OK); /* hAhh.... */
    (void)CHECK_STATUS(xti_space_hold(&stage.space, 9, 2 * RANGE_UNITS, 2 * RANGE_UNITS), XT_OK);
    (void)CHECK_STATUS(xti_space_hold(&stage.space, 3, 0, RANGE_UNITS), XT_OK);
    (void)CHECK_STATUS(xti_space_hold(&stage.space, 9, 2 * RANGE_UNITS, 2 * RANGE_UNITS), XT_OK);
    (void)CHECK(xti_space_holds(&stage.space, 9) && xti_space_holds(&stage.space, 3));
    (void)CHECK(!xti_space_holds(&stage.space, 5) && !xti_space_holds(&stage.space, 10));
    (void)CHECK_STATUS(xti_space_find_room(&stage.space, RANGE_UNITS, &first), XT_OK);
    (void)CHECK_U64(first, 4 * RANGE_UNITS);
    (void)CHECK_STATUS(xti_space_find_room(&stage.space, 5 * RANGE_UNITS, &first), XT_EFULL);
    xti_space_let_go(&stage.space, 9);
    (void)CHECK(xti_space_holds(&stage.space, 9));
    xti_space_let_go(&stage.space, 9);
    (void)CHECK(!xti_space_holds(&stage.space, 9));
    (void)CHECK_STATUS(xti_space_find_room(&stage.space, RANGE_UNITS, &first), XT_OK);
    (void)CHECK_U64(first, 2 * RANGE_UNITS);
    xti_space_let_go(&stage.space, 3);
    (void)CHECK_STATUS(xti_space_find_room(&stage.space, RANGE_UNITS, &first), XT_OK);
    (void)CHECK_U64(first, 0);
    stage_end(&stage);
}

static void any_number_of_ranges_can_be_held(void)
{
    struct stage stage;

    stage_begin(&stage);
    fail_os_reset(&stage.fail);
    stage.fail.fail_at = 1;
    (void)CHECK_STATUS(xti_space_hold(&stage.space, 1, 0, RANGE_UNITS), XT_ENOMEM);
    (void)CHECK(!xti_space_holds(&stage.space, 1));
    for (uint32_t i = 0; i < 100; i++)
        (void)CHECK_STATUS(
            xti_space_hold(&stage.space, 1 + i * 37 % 101, i % 8 * RANGE_UNITS, RANGE_UNITS),
            XT_OK);
    for (uint32_t i = 1; i < stage.space.held_count; i++)
        (void)CHECK(stage.space.held[i - 1].arena_id < stage.space.held[i].arena_id);
    (void)CHECK_U64(stage.space.held_count, 100);
    for (uint32_t i = 0; i < 100; i++)
        xti_space_let_go(&stage.space, 1 + i * 37 % 101);
    (void)CHECK_U64(stage.space.held_count, 0);
    stage_end(&stage);
}

static void what_reaches_beyond_the_window_is_refused(void)
{
    struct stage stage;

    stage_begin(&stage);
    (void)CHECK_STATUS(add(&stage.space, 1, 7, 1), XT_OK);
    (void)CHECK_STATUS(add(&stage.space, 2, 8, 1), XT_EFULL);
    xti_space_remove(&stage.space, 0);
    (void)CHECK_STATUS(add(&stage.space, 3, 7, 2), XT_EFULL);
    (void)CHECK_U64(stage.space.arena_count, 0);
    stage_end(&stage);
}

static void an_arena_that_cannot_be_added_leaves_the_rest_as_it_was(void)
{
    struct stage stage;

    stage_begin(&stage);
    fail_os_reset(&stage.fail);
    stage.fail.fail_at = 1; /* the slot */
    (void)CHECK_STATUS(add(&stage.space, 1, 0, 1), XT_ENOMEM);
    (void)CHECK_U64(stage.space.arena_count, 0);
    fail_os_reset(&stage.fail);
    (void)CHECK_STATUS(add(&stage.space, 1, 0, 1), XT_OK);
    stage_end(&stage);
}

/* ---- memory and frontiers ----------------------------------------------------------------- */

static void blocks_come_one_behind_the_other_up_to_the_end(void)
{
    struct xti_arena *arena;
    struct stage stage;
    uint32_t ref;

    stage_begin(&stage);
    arena = add_with_memory(&stage.space, 1, 2);
    (void)CHECK(xti_arena_alloc(arena, 3, &ref));
    (void)CHECK_U64(ref, 2 * RANGE_UNITS);
    (void)CHECK(xti_arena_alloc(arena, RANGE_UNITS - 4, &ref));
    (void)CHECK_U64(ref, 2 * RANGE_UNITS + 3);
    (void)CHECK(all_are(at(&stage.space, arena, 0), RANGE_UNITS, 0));
    (void)CHECK(!xti_arena_alloc(arena, 2, &ref));
    (void)CHECK_U64(ref, 0);
    (void)CHECK(!xti_arena_alloc(arena, UINT64_MAX, &ref));
    (void)CHECK(xti_arena_alloc(arena, 1, &ref));
    (void)CHECK(!xti_arena_alloc(arena, 1, &ref));
    (void)CHECK_U64(arena->top_units, RANGE_UNITS);
    stage_end(&stage);
}

static void a_sealed_arena_gives_nothing(void)
{
    struct xti_arena *arena;
    struct stage stage;
    uint32_t ref;

    stage_begin(&stage);
    arena = add_with_memory(&stage.space, 1, 0);
    arena->is_sealed = true;
    (void)CHECK(!xti_arena_alloc(arena, 1, &ref));
    stage_end(&stage);
}

static void what_alignment_skips_is_a_block_in_no_use(void)
{
    static const uint64_t aligns[] = {64, 256, 1024};

    for (size_t row = 0; row < CHECK_COUNT(aligns); row++) {
        const struct xtd_node *unused;
        struct xti_arena *arena;
        struct stage stage;
        uint32_t ref;

        stage_begin(&stage);
        arena = add_with_memory(&stage.space, 1, 1);
        memset(at(&stage.space, arena, 0), 7, 2048 * XTD_UNIT_BYTES); /* used before */
        (void)CHECK(xti_arena_align(&stage.space, arena, aligns[row]));
        (void)CHECK_U64(arena->top_units, 0);
        (void)CHECK(xti_arena_alloc(arena, 5, &ref));
        (void)CHECK(xti_arena_align(&stage.space, arena, aligns[row]));
        (void)CHECK_U64(arena->top_units, aligns[row]);
        unused = xti_space_at(&stage.space, ref + 5);
        (void)CHECK_U64(unused->kind, XTD_UNUSED);
        (void)CHECK_U64(unused->self_ref, ref + 5);
        (void)CHECK_U64(unused->size_units, aligns[row] - 5);
        (void)CHECK_U64(unused->count | unused->capacity | unused->level | unused->birth_txn, 0);
        (void)CHECK(xti_arena_align(&stage.space, arena, aligns[row]));
        (void)CHECK_U64(arena->top_units, aligns[row]);
        stage_end(&stage);
    }
}

#define SPARE ((4u << 20) / XTD_UNIT_BYTES) /* memory that a rewind keeps for the next change */

#define END (3 * RANGE_UNITS) /* of the arena that is rewound */

/* Where the published part ends, and how much lies above it, in units. */
static const struct rewind_row {
    const char *name;
    uint64_t visible, top;
} REWINDS[] = {
    {"nothing above",                     100,      100        },
    {"in the same page",                  70,       90         },
    {"from inside a page on",             70,       3000       },
    {"from a page on",                    128,      3000       },
    {"all",                               0,        3000       },
    {"up to the end",                     128,      END        },
    {"as much as stays",                  128,      128 + SPARE},
    {"more than stays",                   128,      129 + SPARE},
    {"inside the last page",              END - 10, END        },
    {"the last page",                     END - 64, END        },
    {"nothing above, nor any room above", END,      END        },
};

static void a_rewound_arena_ends_where_the_published_part_does(void)
{
    for (size_t row = 0; row < CHECK_COUNT(REWINDS); row++) {
        const struct rewind_row *r = &REWINDS[row];
        bool gives_back = r->top - r->visible > SPARE;
        struct xti_arena *arena;
        struct stage stage;

        check_row = r->name;
        stage_begin(&stage);
        (void)CHECK_STATUS(add(&stage.space, 1, 1, END / RANGE_UNITS), XT_OK);
        arena = xti_space_arena(&stage.space, 1);
        (void)CHECK_STATUS(xti_arena_give_memory(&stage.space, arena), XT_OK);
        arena->top_units = r->top;
        arena->visible_units = r->visible;
        arena->frozen_units = r->top;
        arena->live_units = 50;
        arena->visible_live_units = 40;
        memset(at(&stage.space, arena, 0), 7, r->top * XTD_UNIT_BYTES);
        (void)CHECK_STATUS(xti_arena_rewind(&stage.space, arena), XT_OK);
        (void)CHECK_U64(arena->top_units, r->visible);
        (void)CHECK_U64(arena->live_units, 40);
        (void)CHECK_U64(arena->memory_units, 0);
        (void)CHECK_U64(arena->frozen_units, r->visible);
        (void)CHECK(all_are(at(&stage.space, arena, 0), r->visible, 7));
        if (gives_back) /* the rest of a page is not worth it */
            (void)CHECK(all_are(at(&stage.space, arena, xti_round_up(r->visible, XTD_PAGE_UNITS)),
                                r->top - xti_round_up(r->visible, XTD_PAGE_UNITS), 0));
        else
            (void)CHECK(all_are(at(&stage.space, arena, r->visible), r->top - r->visible, 7));
        memset(at(&stage.space, arena, r->visible), 5, (END - r->visible) * XTD_UNIT_BYTES);
        stage_end(&stage);
    }
}

/* A file of 4 pages, page i full of i + 1. */
static xti_file open_file(struct stage *stage)
{
    char data[4 * XTD_PAGE_BYTES];
    xti_file file;

    for (int i = 0; i < 4; i++)
        memset(data + (size_t)i * XTD_PAGE_BYTES, i + 1, XTD_PAGE_BYTES);
    disk_os_put_file(stage->disk, "/file", data, sizeof data);
    (void)CHECK_INT(stage->fail.os.open(&stage->fail.os, "/file", XTI_OPEN_READ, &file), 0);
    return file;
}

static void a_file_takes_the_place_of_memory_page_by_page(void)
{
    struct xti_arena *arena;
    struct stage stage;
    xti_file file;

    stage_begin(&stage);
    arena = add_with_memory(&stage.space, 1, 1);
    file = open_file(&stage);
    memset(at(&stage.space, arena, 0), 9, 6 * XTD_PAGE_BYTES);
    (void)CHECK_STATUS(xti_arena_show_file(&stage.space, arena, file, 2 * XTD_PAGE_UNITS), XT_OK);
    (void)CHECK_U64(arena->memory_units, 2 * XTD_PAGE_UNITS);
    (void)CHECK(all_are(at(&stage.space, arena, XTD_PAGE_UNITS), XTD_PAGE_UNITS, 2));
    (void)CHECK(all_are(at(&stage.space, arena, 2 * XTD_PAGE_UNITS), 4 * XTD_PAGE_UNITS, 9));
    (void)CHECK_STATUS(xti_arena_show_file(&stage.space, arena, file, 1 * XTD_PAGE_UNITS), XT_OK);
    (void)CHECK_U64(arena->memory_units, 2 * XTD_PAGE_UNITS);
    (void)CHECK_STATUS(xti_arena_show_file(&stage.space, arena, file, 4 * XTD_PAGE_UNITS), XT_OK);
    (void)CHECK(all_are(at(&stage.space, arena, 2 * XTD_PAGE_UNITS), XTD_PAGE_UNITS, 3));
    (void)CHECK(all_are(at(&stage.space, arena, 4 * XTD_PAGE_UNITS), 2 * XTD_PAGE_UNITS, 9));
    /* Beyond the end of the file: refused, and all stays as it is. */
    (void)CHECK_STATUS(xti_arena_show_file(&stage.space, arena, file, 5 * XTD_PAGE_UNITS),
                       XT_ECORRUPT);
    (void)CHECK_U64(arena->memory_units, 4 * XTD_PAGE_UNITS);
    (void)CHECK(all_are(at(&stage.space, arena, 4 * XTD_PAGE_UNITS), 2 * XTD_PAGE_UNITS, 9));
    stage.fail.os.close(&stage.fail.os, file);
    stage_end(&stage);
}

static void memory_is_given_above_the_file_only(void)
{
    struct xti_arena *arena;
    struct stage stage;
    xti_file file;

    stage_begin(&stage);
    (void)CHECK_STATUS(add(&stage.space, 1, 3, 1), XT_OK);
    arena = xti_space_arena(&stage.space, 1);
    file = open_file(&stage);
    (void)CHECK_STATUS(xti_arena_show_file(&stage.space, arena, file, 4 * XTD_PAGE_UNITS), XT_OK);
    stage.fail.os.close(&stage.fail.os, file);
    (void)CHECK_STATUS(xti_arena_give_memory(&stage.space, arena), XT_OK);
    (void)CHECK(all_are(at(&stage.space, arena, 3 * XTD_PAGE_UNITS), XTD_PAGE_UNITS, 4));
    memset(at(&stage.space, arena, 4 * XTD_PAGE_UNITS), 5,
           (RANGE_UNITS - 4 * XTD_PAGE_UNITS) * XTD_UNIT_BYTES);
    stage_end(&stage);
}

/* The page in which the published part ends shows the file: what is above it is lost for use. */
static void a_rewind_below_the_file_goes_on_at_the_next_page(void)
{
    struct xti_arena *arena;
    struct stage stage;
    xti_file file;

    stage_begin(&stage);
    arena = add_with_memory(&stage.space, 1, 1);
    file = open_file(&stage);
    (void)CHECK_STATUS(xti_arena_show_file(&stage.space, arena, file, 4 * XTD_PAGE_UNITS), XT_OK);
    stage.fail.os.close(&stage.fail.os, file);
    arena->top_units = 5 * XTD_PAGE_UNITS + 7;
    arena->visible_units = XTD_PAGE_UNITS + 10;
    memset(at(&stage.space, arena, 4 * XTD_PAGE_UNITS), 9, XTD_PAGE_BYTES);
    (void)CHECK_STATUS(xti_arena_rewind(&stage.space, arena), XT_OK);
    (void)CHECK_U64(arena->top_units, 2 * XTD_PAGE_UNITS);
    (void)CHECK_U64(arena->memory_units, 2 * XTD_PAGE_UNITS);
    (void)CHECK(all_are(at(&stage.space, arena, XTD_PAGE_UNITS), XTD_PAGE_UNITS, 2));
    (void)CHECK(all_are(at(&stage.space, arena, 2 * XTD_PAGE_UNITS), 8 * XTD_PAGE_UNITS, 0));
    memset(at(&stage.space, arena, 2 * XTD_PAGE_UNITS), 1, XTD_PAGE_BYTES);
    stage_end(&stage);
}

static void a_rewind_that_the_system_refuses_keeps_the_blocks(void)
{
    struct xti_arena *arena;
    struct stage stage;

    stage_begin(&stage);
    (void)CHECK_STATUS(add(&stage.space, 1, 1, END / RANGE_UNITS), XT_OK);
    arena = xti_space_arena(&stage.space, 1);
    (void)CHECK_STATUS(xti_arena_give_memory(&stage.space, arena), XT_OK);
    arena->visible_units = 10;
    arena->top_units = 100 + SPARE;
    fail_os_reset(&stage.fail);
    stage.fail.fail_at = 1;
    (void)CHECK_STATUS(xti_arena_rewind(&stage.space, arena), XT_ENOMEM);
    (void)CHECK_U64(arena->top_units, 100 + SPARE);
    stage_end(&stage);
}

CHECK_MAIN({"a_window_that_the_system_refuses_owes_nothing",
            a_window_that_the_system_refuses_owes_nothing},
           {"a_largest_window_can_be_reserved", a_largest_window_can_be_reserved},
           {"arenas_are_kept_in_the_order_of_their_places",
            arenas_are_kept_in_the_order_of_their_places},
           {"more_arenas_than_expected_fit", more_arenas_than_expected_fit},
           {"room_is_found_in_the_first_gap_that_is_wide_enough",
            room_is_found_in_the_first_gap_that_is_wide_enough},
           {"held_ranges_are_not_given_out", held_ranges_are_not_given_out},
           {"any_number_of_ranges_can_be_held", any_number_of_ranges_can_be_held},
           {"what_reaches_beyond_the_window_is_refused", what_reaches_beyond_the_window_is_refused},
           {"an_arena_that_cannot_be_added_leaves_the_rest_as_it_was",
            an_arena_that_cannot_be_added_leaves_the_rest_as_it_was},
           {"blocks_come_one_behind_the_other_up_to_the_end",
            blocks_come_one_behind_the_other_up_to_the_end},
           {"a_sealed_arena_gives_nothing", a_sealed_arena_gives_nothing},
           {"what_alignment_skips_is_a_block_in_no_use", what_alignment_skips_is_a_block_in_no_use},
           {"a_rewound_arena_ends_where_the_published_part_does",
            a_rewound_arena_ends_where_the_published_part_does},
           {"a_file_takes_the_place_of_memory_page_by_page",
            a_file_takes_the_place_of_memory_page_by_page},
           {"memory_is_given_above_the_file_only", memory_is_given_above_the_file_only},
           {"a_rewind_below_the_file_goes_on_at_the_next_page",
            a_rewind_below_the_file_goes_on_at_the_next_page},
           {"a_rewind_that_the_system_refuses_keeps_the_blocks",
            a_rewind_that_the_system_refuses_keeps_the_blocks})
