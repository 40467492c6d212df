/* tests/unit/txn/test_lives.c -- do arenas get the size that they should, are live units exact, and
 * do arenas in which nothing is live go: from the manifest, the disk and the address space, never
 * too early?
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"
#include "unit/txn/scene.h"

struct stage {
    struct disk_os *disk;
    const struct xti_os *os;
    struct xti_txn *txn;
};

/* Item 1 is committed. */
static struct stage stage_begin(uint64_t arena_bytes, uint64_t window_bytes)
{
    struct xti_schema schema = scene_schema(4096);
    struct stage stage = {.disk = disk_os_create(check_seed)};

    stage.os = disk_os_table(stage.disk);
    schema.arena_bytes = arena_bytes;
    (void)CHECK_STATUS(xti_txn_create(stage.os, PATH, &schema, window_bytes, NULL, &stage.txn),
                       XT_OK);
    if (stage.txn != NULL)
        xti_txn_set_durability(stage.txn, XT_DURABLE_TWO_SYNCS);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 1), XT_OK);
    return stage;
}

static void stage_end(struct stage *stage)
{
    xti_txn_close(stage->txn);
    disk_os_destroy(stage->disk);
}

/* More than an arena of the same size as the current one can have left. */
static xt_status reserve_arena(struct xti_txn *txn)
{
    const struct xti_arena *arena = xti_space_arena(&txn->space, txn->now.arena_id);

    return xti_txn_reserve(txn, arena->range_units - 3 * xti_arena_header_units(txn), NULL);
}

/* Item `id` is put into an arena of its own, and the one before it with it dies. */
static xt_status move_on(struct xti_txn *txn, uint64_t id)
{
    xt_status status = reserve_arena(txn);

    return status == XT_OK ? scene_put_and_commit(txn, id) : status;
}

static bool has_arena(struct disk_os *disk, uint32_t id)
{
    char name[32];

    scene_arena_name(name, id);
    return scene_has(disk, name);
}

static xt_arena_stats arena_stats(struct xti_txn *txn, uint64_t i)
{
    xt_arena_stats arena = {0};

    (void)CHECK_STATUS(xti_txn_arena_stats(txn, i, &arena), XT_OK);
    return arena;
}

static uint64_t arena_count(struct xti_txn *txn)
{
    xt_store_stats stats;

    xti_txn_stats(txn, &stats);
    return stats.arena_count;
}

/* ---- sizes --------------------------------------------------------------------------------- */

static void arenas_are_small_where_space_dies(void)
{
    struct stage stage = stage_begin(UINT64_C(16) << 20, WINDOW_BYTES);
    uint64_t units = (UINT64_C(17) << 20) / XTD_UNIT_BYTES;
    uint32_t refs[16];

    for (uint32_t i = 0; i < 16; i++) /* fills the first, and some of a second */
        (void)CHECK_STATUS(xti_txn_alloc(stage.txn, units / 16, &refs[i], NULL), XT_OK);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_U64(arena_count(stage.txn), 2);
    (void)CHECK_U64(arena_stats(stage.txn, 1).range_bytes, UINT64_C(16) << 20);
    for (uint32_t i = 0; i < 8; i++)
        xti_txn_free(stage.txn, refs[i], (uint32_t)(units / 16));
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_STATUS(xti_txn_reserve(stage.txn, ARENA_UNITS * 8 - 1000, NULL), XT_OK);
    (void)CHECK_STATUS(xti_txn_reserve(stage.txn, ARENA_UNITS - 300, NULL), XT_OK);
    (void)CHECK_U64(arena_count(stage.txn), 3);
    /* As large as what was asked for; and else a 32nd of what is live, 2 MiB at least. */
    (void)CHECK_U64(xti_arena_units_for(stage.txn, ARENA_UNITS * 8 - 1000, false), ARENA_UNITS * 8);
    (void)CHECK_U64(xti_arena_units_for(stage.txn, 1, false), ARENA_UNITS);
    stage_end(&stage);
}

static void a_worn_arena_is_left_and_sealed(void)
{
    for (int is_dead = 0; is_dead < 2; is_dead++) {
        struct stage stage = stage_begin(UINT64_C(16) << 20, WINDOW_BYTES);
        uint32_t refs[2];

        check_row = is_dead ? "a quarter is dead" : "less than a quarter is dead";
        (void)CHECK_STATUS(xti_txn_alloc(stage.txn, ARENA_UNITS, &refs[0], NULL), XT_OK);
        (void)CHECK_STATUS(xti_txn_alloc(stage.txn, ARENA_UNITS / 2, &refs[1], NULL), XT_OK);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 1), XT_OK);
        (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
        if (is_dead)
            xti_txn_free(stage.txn, refs[1], ARENA_UNITS / 2);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 2), XT_OK);
        (void)CHECK_U64(arena_count(stage.txn), 1); /* the epoch had begun in it */
        (void)CHECK_STATUS(scene_put(stage.txn, 3), XT_OK);
        (void)CHECK_U64(arena_count(stage.txn), is_dead ? 2 : 1);
        (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
        (void)CHECK_U64(arena_count(stage.txn), 1);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 3), XT_OK);
        (void)CHECK_U64(scene_manifest(stage.disk)->arena_count, is_dead ? 2 : 1);
        (void)CHECK_U64(xti_manifest_arenas_const(scene_manifest(stage.disk))[0].flags,
                        is_dead ? XTD_ARENA_SEALED : 0);
        (void)CHECK_U64(scene_stored_id(stage.disk), 3);
        stage_end(&stage);
    }
}

/* ---- the cold arena -------------------------------------------------------------------------- */

/* The record lies in the open arena even where nothing else does. What is expected to come (a load)
 * does not come into the cold one. */
static void what_is_cold_lies_in_an_arena_of_its_own(void)
{
    struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
    struct xti_mark mark = stage.txn->now;

    (void)CHECK_U64(mark.cold_id, 0);
    (void)CHECK_STATUS(xti_txn_expect(stage.txn, 8 * ARENA_UNITS), XT_OK);
    (void)CHECK_STATUS(scene_grow_cold(stage.txn, 500), XT_OK);
    (void)CHECK_U64(arena_count(stage.txn), 2);
    (void)CHECK_U64(arena_stats(stage.txn, 1).range_bytes, ARENA_UNITS * XTD_UNIT_BYTES);
    (void)CHECK(stage.txn->now.cold_id != 0 && stage.txn->now.arena_id == mark.arena_id);
    (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
    (void)CHECK_U64(stage.txn->now.cold_id, 0);
    (void)CHECK_U64(arena_count(stage.txn), 1);
    (void)CHECK_STATUS(scene_grow_cold(stage.txn, 500), XT_OK);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_U64(xti_space_arena_of(&stage.txn->space, stage.txn->state.record_ref)->id,
                    mark.arena_id);
    (void)CHECK_U64(stage.txn->epoch.part_count, 0);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 2), XT_OK);
    (void)CHECK_U64(arena_stats(stage.txn, 1).live_bytes, 500 * XTD_UNIT_BYTES);
    stage_end(&stage);
}

/* Else each handle would leave an arena behind in which there is little. */
static void another_writer_goes_on_with_both_arenas(void)
{
    struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
    struct xti_mark mark;

    (void)CHECK_STATUS(scene_grow_cold(stage.txn, 500), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 2), XT_OK);
    mark = stage.txn->now;
    for (uint64_t id = 3; id < 40; id++) {
        xti_txn_close(stage.txn);
        stage.txn = scene_open(stage.os, true);
        (void)CHECK_U64(stage.txn->now.arena_id, mark.arena_id);
        (void)CHECK_U64(stage.txn->now.cold_id, mark.cold_id);
        (void)CHECK_STATUS(scene_grow_cold(stage.txn, 100), XT_OK);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, id), XT_OK);
    }
    (void)CHECK_U64(arena_count(stage.txn), 2);
    (void)CHECK_U64(scene_stored_id(stage.disk), 39);
    stage_end(&stage);
}

static uint32_t arena_of(struct xti_txn *txn, uint32_t ref)
{
    return xti_space_arena_of(&txn->space, ref)->id;
}

/* Takes inner nodes and leaves in turn until the epoch has `units` of them. Returns how many leaves
 * lie in the cold arena; all else must lie in the open one. */
static uint64_t take_in_turn(struct xti_txn *txn, uint64_t units)
{
    uint64_t count = 0;

    for (uint64_t taken = 0; taken < units; taken += 20) {
        uint32_t refs[2];

        (void)CHECK_STATUS(xti_txn_reserve(txn, 20, NULL), XT_OK);
        refs[0] = xti_txn_take(txn, 10, false);
        refs[1] = xti_txn_take(txn, 10, true);
        (void)CHECK_U64(arena_of(txn, refs[0]), txn->now.arena_id);
        if (arena_of(txn, refs[1]) == txn->now.cold_id)
            count++;
        else
            (void)CHECK_U64(arena_of(txn, refs[1]), txn->now.arena_id);
    }
    return count;
}

/* A large change is known when it has come to a step of cleaning, or by the one before. */
static void leaves_of_large_changes_lie_apart(void)
{
    static const struct {
        const char *name;
        uint64_t dead, units, leaves;
    } rows[] = {
        {"the store only grows", 0,    4000, 0                                      },
        {"a small change",       4000, 1000, 0                                      },
        {"another",              0,    1000, 0                                      },
        {"a large one",          0,    4000, (4000 - XTI_CLEAN_STEP_UNITS + 19) / 20},
        {"after a large one",    0,    1000, 50                                     },
        {"a small change again", 0,    1000, 0                                      },
    };
    struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
    uint32_t ref;

    (void)CHECK_STATUS(scene_grow(stage.txn, 12000), XT_OK);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        check_row = rows[row].name;
        if (rows[row].dead > 0) {
            (void)CHECK_STATUS(xti_txn_alloc(stage.txn, rows[row].dead, &ref, NULL), XT_OK);
            (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
            xti_txn_free(stage.txn, ref, (uint32_t)rows[row].dead);
            (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
        }
        (void)CHECK_U64(take_in_turn(stage.txn, rows[row].units), rows[row].leaves);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, row), XT_OK);
    }
    check_row = "for another writer, and around a block of the open arena";
    (void)CHECK(take_in_turn(stage.txn, 4000) > 0);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 90), XT_OK);
    xti_txn_close(stage.txn);
    stage.txn = scene_open(stage.os, true);
    (void)CHECK_U64(take_in_turn(stage.txn, 1000), 50);
    (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS / 2), XT_OK);
    (void)CHECK_U64(take_in_turn(stage.txn, 1000), 50);
    stage_end(&stage);
}

/* ---- spare arenas ---------------------------------------------------------------------------- */

/* A manifest may be due for another reason while a spare arena is still being prepared. */
static void a_manifest_lists_no_arena_that_is_not_synced(void)
{
    for (int mode = XT_DURABLE_TWO_SYNCS; mode <= XT_ORDERED; mode++) {
        struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
        const struct xti_arena *spare = NULL;

        check_row = mode == XT_ORDERED ? "ordered" : "durable";
        xti_txn_set_durability(stage.txn, (xt_durability)mode);
        for (uint64_t id = 2; id < 40 && spare == NULL; id++) {
            (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS / 18), XT_OK);
            (void)CHECK_STATUS(scene_put_and_commit(stage.txn, id), XT_OK);
            spare = xti_spare_find(stage.txn);
        }
        (void)CHECK(spare != NULL && spare->listed_units == 0);
        stage.txn->wants_manifest = true;
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 99), XT_OK);
        for (int lost = 0; lost < DISK_MODE_COUNT; lost++)
            (void)CHECK_U64(scene_id_after(stage.disk, (enum disk_mode)lost, check_seed), 99);
        stage_end(&stage);
    }
}

/* ---- live units ------------------------------------------------------------------------------ */

#define MANY_ARENAS 400u /* more than a record of one page has entries for */
#define MANY_WINDOW_BYTES (UINT64_C(4) << 30)

#define SMALL 30u
#define LARGE 200u

/* Arenas from number 2 on with two blocks each, of which the refs are noted. */
static struct stage many_begin(uint32_t (*refs)[2])
{
    struct stage stage = stage_begin(UINT64_C(2) << 20, MANY_WINDOW_BYTES);

    for (uint32_t i = 0; i < MANY_ARENAS; i++) {
        (void)CHECK_STATUS(reserve_arena(stage.txn), XT_OK);
        refs[i][0] = xti_txn_take(stage.txn, SMALL, false);
        refs[i][1] = xti_txn_take(stage.txn, LARGE, false);
        if (i % 4 == 3) /* a larger epoch would take cold arenas as well */
            (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    }
    return stage;
}

/* Of the first arenas the small block is dead. */
static void live_units_are(struct xti_txn *txn, uint32_t changed)
{
    uint64_t count = arena_count(txn);

    for (uint64_t i = 0; i < count; i++) {
        xt_arena_stats arena = arena_stats(txn, i);
        uint64_t units = arena.id - 2 < changed ? LARGE : SMALL + LARGE;

        if (arena.id > 1 && !CHECK_U64(arena.live_bytes, units * XTD_UNIT_BYTES))
            break;
    }
}

/* Reads them as a reader and as a writer find them. */
static void live_units_are_stored(struct stage *stage, uint32_t changed)
{
    for (int writable = 0; writable < 2; writable++) {
        xti_txn_close(stage->txn);
        (void)CHECK_STATUS(xti_txn_open(stage->os, PATH, writable != 0, XT_VERIFY_OPEN,
                                        MANY_WINDOW_BYTES, NULL, &stage->txn),
                           XT_OK);
        if (stage->txn != NULL)
            xti_txn_set_durability(stage->txn, XT_DURABLE_TWO_SYNCS);
        live_units_are(stage->txn, changed);
    }
}

static void live_units_of_each_arena_are_found_again(void)
{
    static const struct {
        const char *name;
        uint32_t changed;
        uint64_t manifests;
    } rows[] = {
        {"in the manifest",            0,               0},
        {"one in the live table",      1,               0},
        {"many in the live table",     300,             0},
        {"more than the table can be", MANY_ARENAS - 1, 1},
    };
    static uint32_t refs[MANY_ARENAS][2];
    struct stage stage = many_begin(refs);

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        uint64_t generation = scene_newest(stage.disk)->state.manifest_generation;
        uint32_t before = row == 0 ? 0 : rows[row - 1].changed;
        const struct xtd_head_slot *slot;

        check_row = rows[row].name;
        for (uint32_t i = before; i < rows[row].changed; i++)
            xti_txn_free(stage.txn, refs[i][0], SMALL);
        (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
        slot = scene_newest(stage.disk);
        (void)CHECK_U64(slot->state.manifest_generation - generation, rows[row].manifests);
        (void)CHECK_U64(slot->state.live_units,
                        LEAF_UNITS + (SMALL + LARGE) * MANY_ARENAS - SMALL * rows[row].changed);
        live_units_are(stage.txn, rows[row].changed);
        live_units_are_stored(&stage, rows[row].changed);
    }
    stage_end(&stage);
}

/* Nothing but recovery makes an arena differ from its manifest without a live block in it. */
static void frontiers_of_several_arenas_are_stored(void)
{
    static const uint32_t counts[] = {1, XTD_FRONTIERS_MAX, XTD_FRONTIERS_MAX + 1};
    static uint32_t refs[MANY_ARENAS][2];

    for (size_t row = 0; row < CHECK_COUNT(counts); row++) {
        struct stage stage = many_begin(refs);
        uint64_t generation = scene_newest(stage.disk)->state.manifest_generation;
        bool fits = counts[row] <= XTD_FRONTIERS_MAX;

        for (uint32_t i = 0; i < counts[row]; i++) /* the last one is open */
            stage.txn->space.arenas[stage.txn->space.arena_count - 1 - i].listed_units -= 64;
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 1), XT_OK);
        (void)CHECK_U64(scene_newest(stage.disk)->state.manifest_generation - generation,
                        fits ? 0 : 1);
        (void)CHECK_U64(scene_newest(stage.disk)->state.frontier_count, fits ? counts[row] : 1);
        xti_txn_close(stage.txn);
        (void)CHECK_STATUS(
            xti_txn_open(stage.os, PATH, true, XT_VERIFY_OPEN, MANY_WINDOW_BYTES, NULL, &stage.txn),
            XT_OK);
        (void)CHECK_U64(scene_id(stage.txn), 1);
        stage_end(&stage);
    }
}

static void a_live_table_that_lies_is_refused(void)
{
    static const struct {
        const char *name;
        uint32_t arena_id;
        uint32_t more;
        const char *check;
    } rows[] = {
        {"an unknown arena", 9, 0, "live units of an arena that the manifest does not list"},
        {"a wrong sum",      1, 1, "live units of the arenas and of the commit differ"     },
    };

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
        struct xtd_commit_record *record;
        struct xtd_head_slot *slot;
        struct xti_txn *reader;
        xt_error error;

        check_row = rows[row].name;
        slot = scene_newest(stage.disk);
        record = (void *)scene_units(stage.disk, 1, slot->state.record_ref, XTD_PAGE_BYTES);
        (void)CHECK_U64(record->live_count, 1);
        xti_commit_live(record)->arena_id = rows[row].arena_id;
        xti_commit_live(record)->live_units -= rows[row].more;
        slot->record_hash = xti_commit_seal(record);
        xti_head_seal(slot, slot->slot);
        (void)CHECK_STATUS(
            xti_txn_open(stage.os, PATH, false, XT_VERIFY_LAZY, WINDOW_BYTES, &error, &reader),
            XT_ECORRUPT);
        (void)CHECK_STR(error.check, rows[row].check);
        stage_end(&stage);
    }
}

static void statistics_say_what_is_live_dead_and_on_disk(void)
{
    struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
    xt_store_stats stats;
    size_t size;
    uint64_t files = 0;

    for (uint64_t id = 2; id <= 5; id++)
        (void)CHECK_STATUS(move_on(stage.txn, id), XT_OK);
    for (uint32_t id = 1; id <= 6; id++) {
        char name[32];

        scene_arena_name(name, id);
        if (scene_file(stage.disk, name, &size) != NULL)
            files += size;
    }
    xti_txn_stats(stage.txn, &stats);
    (void)CHECK_U64(stats.arena_count, 1);
    (void)CHECK_U64(stats.live_bytes, LEAF_UNITS * XTD_UNIT_BYTES);
    (void)CHECK_U64(stats.committed_bytes, 3 * XTD_PAGE_BYTES); /* header, record, leaf */
    (void)CHECK_U64(stats.dead_bytes, stats.committed_bytes - stats.live_bytes);
    (void)CHECK_U64(scene_newest(stage.disk)->state.dead_units * XTD_UNIT_BYTES, stats.dead_bytes);
    (void)CHECK_U64(xti_txn_file_bytes(stage.txn), files);
    (void)CHECK_U64(files, 2 * stats.committed_bytes); /* one is dropped, and still there */
    stage_end(&stage);
}

/* ---- dead arenas ----------------------------------------------------------------------------- */

static void stage_reopen(struct stage *stage)
{
    xti_txn_close(stage->txn);
    stage->txn = scene_open(stage->os, true);
}

/* Three ranges are enough: of the arena in use, of the one before, which the last manifest lists,
 * and of the one that is being made. */
static void a_dead_arena_goes_one_manifest_after_it_is_dropped(void)
{
    for (int reopens = 0; reopens < 2; reopens++) {
        struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);

        check_row = reopens ? "with a writer for each commit" : "with one writer";
        for (uint32_t id = 2; id < 40; id++) {
            if (!CHECK_STATUS(move_on(stage.txn, id), XT_OK))
                break;
            if (reopens)
                stage_reopen(&stage);
            (void)CHECK_U64(scene_manifest(stage.disk)->arena_count, 1);
            (void)CHECK_U64(arena_count(stage.txn), 1);
            (void)CHECK_U64(arena_stats(stage.txn, 0).id, id);
            (void)CHECK(arena_stats(stage.txn, 0).first_byte <= UINT64_C(4) << 20);
            (void)CHECK(has_arena(stage.disk, id));
            (void)CHECK(has_arena(stage.disk, id - 1));
            (void)CHECK(id < 3 || !has_arena(stage.disk, id - 2));
            (void)CHECK_U64(scene_stored_id(stage.disk), id);
        }
        stage_end(&stage);
    }
}

/* Between two manifests nothing is dropped, and nothing goes. */
static void commits_without_a_manifest_leave_files_alone(void)
{
    struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);

    (void)CHECK_STATUS(move_on(stage.txn, 2), XT_OK);
    for (uint64_t id = 3; id < 9; id++) {
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, id), XT_OK);
        (void)CHECK_U64(scene_newest(stage.disk)->state.manifest_generation, 2);
        (void)CHECK(has_arena(stage.disk, 1));
    }
    stage_end(&stage);
}

/* Its first page is the record of the commit in which all else in it died. */
static void an_arena_with_the_newest_record_stays(void)
{
    struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);

    (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
    (void)CHECK_STATUS(move_on(stage.txn, 3), XT_OK);
    (void)CHECK_U64(scene_manifest(stage.disk)->arena_count, 2);
    (void)CHECK_U64(arena_stats(stage.txn, 0).live_bytes, 0);
    (void)CHECK_U64(scene_stored_id(stage.disk), 3);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 4), XT_OK);
    (void)CHECK_U64(scene_manifest(stage.disk)->arena_count, 1);
    (void)CHECK_U64(scene_stored_id(stage.disk), 4);
    stage_end(&stage);
}

/* Arena 1 holds much and dies while others live: a manifest is written for that alone. */
static void a_manifest_is_written_when_enough_is_dead(void)
{
    struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
    uint32_t refs[2];

    (void)CHECK_STATUS(xti_txn_alloc(stage.txn, ARENA_UNITS / 2, &refs[0], NULL), XT_OK);
    (void)CHECK_STATUS(xti_txn_alloc(stage.txn, ARENA_UNITS - 300, &refs[1], NULL), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 1), XT_OK);
    (void)CHECK_U64(scene_manifest(stage.disk)->arena_count, 2);
    xti_txn_free(stage.txn, refs[0], ARENA_UNITS / 2);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 1), XT_OK);
    (void)CHECK_U64(scene_newest(stage.disk)->state.manifest_generation, 3);
    (void)CHECK_U64(scene_manifest(stage.disk)->arena_count, 1);
    (void)CHECK_U64(scene_stored_id(stage.disk), 1);
    stage_end(&stage);
}

static void a_view_keeps_its_arenas_and_their_addresses(void)
{
    struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
    struct xti_view *view;
    uint32_t taken;
    uint64_t id;

    (void)CHECK_STATUS(move_on(stage.txn, 2), XT_OK);
    (void)CHECK_STATUS(xti_txn_view(stage.txn, &view), XT_OK);
    taken = view->spans[0].first_unit;
    (void)CHECK_U64(view->span_count, 1);
    for (uint64_t i = 3; i < 12; i++) {
        (void)CHECK_STATUS(move_on(stage.txn, i), XT_OK);
        (void)CHECK(arena_stats(stage.txn, 0).first_byte != taken * UINT64_C(64));
        (void)CHECK_STATUS(scene_view_id(view, &id), XT_OK);
        (void)CHECK_U64(id, 2);
        (void)CHECK_U64(view->spans[0].live_units, LEAF_UNITS);
    }
    (void)CHECK(!has_arena(stage.disk, 2)); /* its file is gone all the same */
    xti_txn_unview(stage.txn, view);
    for (uint64_t i = 12; i < 15; i++) {
        (void)CHECK_STATUS(move_on(stage.txn, i), XT_OK);
        id = arena_stats(stage.txn, 0).first_byte == taken * UINT64_C(64) ? 0 : id;
    }
    (void)CHECK_U64(id, 0); /* the first of the free ranges is taken */
    stage_end(&stage);
}

/* A writer that forgot the manifest before would give its ranges away, and remove its files. */
static void a_new_writer_respects_the_manifest_before(void)
{
    struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
    uint64_t first_byte;

    (void)CHECK_STATUS(move_on(stage.txn, 2), XT_OK);
    (void)CHECK_STATUS(move_on(stage.txn, 3), XT_OK);
    first_byte = arena_stats(stage.txn, 0).first_byte;
    stage_reopen(&stage);
    (void)CHECK(has_arena(stage.disk, 2));
    (void)CHECK_U64(first_byte, UINT64_C(4) << 20);
    for (uint64_t i = 0; i < 2; i++) /* arena 2 owns the second 2 MiB */
        (void)CHECK_STATUS(xti_txn_reserve(stage.txn, ARENA_UNITS * (i + 1) - 192, NULL), XT_OK);
    (void)CHECK_U64(arena_stats(stage.txn, 0).first_byte, 0);
    (void)CHECK_U64(arena_stats(stage.txn, 1).first_byte, UINT64_C(4) << 20);
    (void)CHECK_U64(arena_stats(stage.txn, 2).first_byte, UINT64_C(6) << 20);
    stage_end(&stage);
}

static void a_reader_follows_through_ranges_that_are_used_again(void)
{
    for (uint64_t lag = 1; lag < 12; lag++) {
        struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
        struct xti_txn *reader;

        reader = scene_open(stage.os, false);
        for (uint64_t id = 2; id < 40; id++) {
            (void)CHECK_STATUS(move_on(stage.txn, id), XT_OK);
            if (id % lag == 0)
                (void)CHECK_U64(scene_id(reader), id);
        }
        (void)CHECK_U64(scene_id(reader), 39);
        (void)CHECK_U64(arena_count(reader), 1);
        xti_txn_close(reader);
        stage_end(&stage);
    }
}

/* It may have taken away what its view leads to: then it shows that no more, even where HEAD has
 * become what it was. */
static void a_refresh_that_fails_never_leaves_a_view_without_its_bytes(void)
{
    bool was_hit = true;

    for (uint64_t n = 1; was_hit; n++) {
        struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
        unsigned char head[XTD_HEAD_BYTES];
        unsigned char new_head[XTD_HEAD_BYTES];
        struct xti_txn *reader;
        struct xti_view *view;
        struct fail_os fail;
        xt_status status;
        uint64_t id;

        fail_os_init(&fail, stage.os);
        reader = scene_open(&fail.os, false);
        memcpy(head, scene_slot(stage.disk, 0), sizeof head);
        for (id = 2; id < 5; id++) /* arena 4 comes to lie where arena 1 was */
            (void)CHECK_STATUS(move_on(stage.txn, id), XT_OK);
        fail_os_reset(&fail);
        fail.fail_at = n;
        status = xti_txn_view(reader, &view);
        was_hit = fail.hit;
        (void)CHECK_INT(status != XT_OK, was_hit);
        if (status == XT_OK)
            xti_txn_unview(reader, view);
        fail_os_reset(&fail);
        memcpy(new_head, scene_slot(stage.disk, 0), sizeof new_head);
        memcpy(scene_slot(stage.disk, 0), head, sizeof head);
        if (xti_txn_view(reader, &view) == XT_OK) {
            (void)CHECK_STATUS(scene_view_id(view, &id), XT_OK);
            xti_txn_unview(reader, view);
        }
        memcpy(scene_slot(stage.disk, 0), new_head, sizeof new_head);
        (void)CHECK_U64(scene_id(reader), 4);
        xti_txn_close(reader);
        (void)CHECK(fail_os_is_clean(&fail));
        stage_end(&stage);
    }
}

/* ---- power loss ------------------------------------------------------------------------------ */

/* Files of arenas that neither of the last two manifests lists, once a writer has opened. */
static uint64_t useless_files(struct disk_os *disk, uint32_t id_end)
{
    uint64_t generation = scene_newest(disk)->state.manifest_generation;
    uint64_t count = 0;

    for (uint32_t id = 1; id < id_end; id++) {
        bool is_listed = false;

        for (uint64_t g = generation - 1; g <= generation; g++) {
            const struct xtd_manifest *manifest;
            char name[32];
            size_t size;

            scene_manifest_name(name, g);
            manifest = scene_file(disk, name, &size);
            for (uint32_t i = 0; manifest != NULL && i < manifest->arena_count; i++)
                is_listed |= xti_manifest_arenas_const(manifest)[i].arena_id == id;
        }
        count += has_arena(disk, id) && !is_listed ? 1 : 0;
    }
    return count;
}

/* What the disk holds after the power went is a state of its own: a reader and a writer open it,
 * and the writer goes on. */
static void goes_on_after(const struct disk_os *disk, enum disk_mode mode, uint64_t seed,
                          uint64_t acknowledged)
{
    struct disk_os *reborn = disk_os_reboot(disk, mode, seed);
    uint64_t id = scene_stored_id(reborn);
    struct xti_txn *writer;

    (void)CHECK(id == acknowledged || id == acknowledged + 1);
    writer = scene_open(disk_os_table(reborn), true);
    (void)CHECK_U64(useless_files(reborn, 20), 0);
    for (uint64_t next = id + 1; writer != NULL && next < id + 4; next++) {
        (void)CHECK_STATUS(move_on(writer, next), XT_OK);
        (void)CHECK_U64(scene_stored_id(reborn), next);
    }
    xti_txn_close(writer);
    disk_os_destroy(reborn);
}

/* Commits items 2 to 5, each in an arena of its own, with the power going at the n-th call. False
 * when n is beyond the last one. */
static bool lose_power(uint64_t n, uint64_t *random)
{
    struct stage stage = stage_begin(UINT64_C(2) << 20, WINDOW_BYTES);
    uint64_t acknowledged = 1;
    bool has_crashed;

    disk_os_crash_at(stage.disk, disk_os_calls(stage.disk) + n);
    while (acknowledged < 5 && move_on(stage.txn, acknowledged + 1) == XT_OK)
        acknowledged++;
    has_crashed = disk_os_has_crashed(stage.disk);
    for (unsigned mode = 0; mode < DISK_MODE_COUNT; mode++)
        goes_on_after(stage.disk, (enum disk_mode)mode, check_random(random), acknowledged);
    stage_end(&stage);
    return has_crashed;
}

static void a_power_loss_around_dropping_and_unlinking_loses_nothing(void)
{
    uint64_t random = check_seed;
    uint64_t n = 1;

    while (lose_power(n, &random))
        n++;
    (void)CHECK(n > 40);
}

CHECK_MAIN(
    {"arenas_are_small_where_space_dies", arenas_are_small_where_space_dies},
    {"a_worn_arena_is_left_and_sealed", a_worn_arena_is_left_and_sealed},
    {"what_is_cold_lies_in_an_arena_of_its_own", what_is_cold_lies_in_an_arena_of_its_own},
    {"another_writer_goes_on_with_both_arenas", another_writer_goes_on_with_both_arenas},
    {"leaves_of_large_changes_lie_apart", leaves_of_large_changes_lie_apart},
    {"a_manifest_lists_no_arena_that_is_not_synced", a_manifest_lists_no_arena_that_is_not_synced},
    {"live_units_of_each_arena_are_found_again", live_units_of_each_arena_are_found_again},
    {"frontiers_of_several_arenas_are_stored", frontiers_of_several_arenas_are_stored},
    {"a_live_table_that_lies_is_refused", a_live_table_that_lies_is_refused},
    {"statistics_say_what_is_live_dead_and_on_disk", statistics_say_what_is_live_dead_and_on_disk},
    {"a_dead_arena_goes_one_manifest_after_it_is_dropped",
     a_dead_arena_goes_one_manifest_after_it_is_dropped},
    {"commits_without_a_manifest_leave_files_alone", commits_without_a_manifest_leave_files_alone},
    {"an_arena_with_the_newest_record_stays", an_arena_with_the_newest_record_stays},
    {"a_manifest_is_written_when_enough_is_dead", a_manifest_is_written_when_enough_is_dead},
    {"a_view_keeps_its_arenas_and_their_addresses", a_view_keeps_its_arenas_and_their_addresses},
    {"a_new_writer_respects_the_manifest_before", a_new_writer_respects_the_manifest_before},
    {"a_reader_follows_through_ranges_that_are_used_again",
     a_reader_follows_through_ranges_that_are_used_again},
    {"a_refresh_that_fails_never_leaves_a_view_without_its_bytes",
     a_refresh_that_fails_never_leaves_a_view_without_its_bytes},
    {"a_power_loss_around_dropping_and_unlinking_loses_nothing",
     a_power_loss_around_dropping_and_unlinking_loses_nothing})
