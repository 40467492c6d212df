/* tests/unit/txn/test_commit.c -- does a commit write what it should, in the order that survives a
 * power loss, and does a commit that fails leave what it promises?
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "unit/txn/scene.h"

/* A store in which the items 1 .. last were committed, one by one. */
struct stage {
    struct disk_os *disk;
    const struct xti_os *os;
    struct xti_txn *txn;
};

static struct stage stage_begin(uint32_t extent_align, uint64_t last)
{
    struct stage stage;

    stage.disk = disk_os_create(check_seed);
    stage.os = disk_os_table(stage.disk);
    stage.txn = scene_create(stage.os, PATH, extent_align);
    for (uint64_t id = 1; stage.txn != NULL && id <= last; id++)
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, id), XT_OK);
    return stage;
}

static void stage_end(struct stage *stage)
{
    xti_txn_close(stage->txn);
    disk_os_destroy(stage->disk);
}

static const struct align_row {
    const char *name;
    uint32_t bytes;
} ALIGNS[] = {
    {"4096",  4096 },
    {"16384", 16384},
    {"65536", 65536}
};

/* ---- what is written ---------------------------------------------------------------------- */

static void each_durable_commit_writes_the_next_slot_of_head_only(void)
{
    struct stage stage = stage_begin(4096, 0);
    struct xtd_head_slot before[XTD_HEAD_SLOTS];
    struct xti_finding finding;

    for (uint64_t txn = 2; txn <= 10; txn++) {
        memcpy(before, scene_slot(stage.disk, 0), sizeof before);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, txn), XT_OK);
        for (uint32_t i = 0; i < XTD_HEAD_SLOTS; i++) {
            const struct xtd_head_slot *slot = scene_slot(stage.disk, i);

            if (i != (txn - 1) % XTD_HEAD_DURABLE_SLOTS) {
                (void)CHECK(memcmp(slot, &before[i], sizeof *slot) == 0);
                continue;
            }
            (void)CHECK_STATUS(xti_head_check(slot, i, &finding), XT_OK);
            (void)CHECK_U64(slot->state.txn, txn);
        }
    }
    stage_end(&stage);
}

/* The hash of an extent's bytes; those of the record at its start are left out. */
static uint64_t extent_hash(struct disk_os *disk, const struct xtd_extent *extent, bool has_record)
{
    uint64_t bytes = extent->units * XTD_UNIT_BYTES;
    const char *data = scene_units(disk, extent->arena_id, extent->first_unit, bytes);
    uint64_t skip = has_record ? XTD_PAGE_BYTES : 0;

    return xti_hash64(data + skip, (size_t)(bytes - skip));
}

static void check_extents(struct disk_os *disk, const struct xtd_commit_record *record,
                          uint32_t extent_align)
{
    for (uint32_t i = 0; i < record->extent_count; i++) {
        const struct xtd_extent *extent = &record->extents[i];
        uint64_t units = extent_align / XTD_UNIT_BYTES;

        (void)CHECK_U64(extent->first_unit % units, 0);
        (void)CHECK_U64(extent->units % units, 0);
        (void)CHECK(extent->first_unit >= units);
        (void)CHECK_U64(extent_hash(disk, extent, i == 0), extent->hash);
    }
}

static void records_certify_extents_and_form_a_chain(void)
{
    for (size_t row = 0; row < CHECK_COUNT(ALIGNS); row++) {
        struct stage stage = stage_begin(ALIGNS[row].bytes, 4);
        const struct xtd_head_slot *slot = scene_newest(stage.disk);
        uint64_t hash = slot->record_hash;
        uint32_t ref = slot->state.record_ref;
        uint64_t end = slot->state.frontiers[0].units;

        check_row = ALIGNS[row].name;
        (void)CHECK_U64(slot->state.frontier_count, 1);
        for (uint64_t txn = 5; txn >= 1; txn--) {
            const struct xtd_commit_record *record = scene_record(stage.disk, ref);

            (void)CHECK_U64(record->state.txn, txn);
            (void)CHECK_U64(record->durable_txn, txn - 1);
            (void)CHECK_U64(xti_commit_hash(record), hash);
            (void)CHECK_U64(record->extent_count, 1);
            check_extents(stage.disk, record, ALIGNS[row].bytes);
            /* Extents lie one behind the other, none touches another's blocks. */
            (void)CHECK_U64(record->extents[0].first_unit + record->extents[0].units, end);
            end = record->extents[0].first_unit;
            hash = record->previous_hash;
            ref = record->previous_ref;
        }
        (void)CHECK_U64(ref, 0);
        (void)CHECK_U64(hash, 0);
        (void)CHECK_U64(end, ALIGNS[row].bytes / XTD_UNIT_BYTES);
        (void)CHECK(memcmp(&scene_record(stage.disk, slot->state.record_ref)->state, &slot->state,
                           sizeof slot->state) == 0);
        stage_end(&stage);
    }
}

static void a_commit_over_several_arenas_seals_all_but_the_last(void)
{
    for (size_t row = 0; row < CHECK_COUNT(ALIGNS); row++) {
        struct stage stage = stage_begin(ALIGNS[row].bytes, 1);
        const struct xtd_manifest_arena *arenas;
        const struct xtd_commit_record *record;
        const struct xtd_head_slot *slot;

        check_row = ALIGNS[row].name;
        for (int i = 0; i < 5; i++)
            (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS / 2), XT_OK);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 2), XT_OK);
        slot = scene_newest(stage.disk);
        record = scene_record(stage.disk, slot->state.record_ref);
        check_extents(stage.disk, record, ALIGNS[row].bytes);
        arenas = xti_manifest_arenas_const(scene_manifest(stage.disk));
        (void)CHECK_U64(scene_manifest(stage.disk)->arena_count, record->extent_count);
        (void)CHECK(record->extent_count >= 3);
        for (uint32_t i = 0; i < record->extent_count; i++) {
            const struct xtd_extent *extent = &record->extents[i];
            bool is_last = i + 1 == record->extent_count;

            (void)CHECK_U64(extent->arena_id, i + 1);
            (void)CHECK_U64(arenas[i].committed_units, extent->first_unit + extent->units);
            (void)CHECK_U64(arenas[i].flags, is_last ? 0 : XTD_ARENA_SEALED);
        }
        (void)CHECK_U64(slot->state.frontier_count, 1);
        (void)CHECK_U64(slot->state.frontiers[0].arena_id, record->extent_count);
        (void)CHECK_U64(scene_id(stage.txn), 2);
        (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 2);
        stage_end(&stage);
    }
}

/* It takes a free block where it could have needed much more. */
static void an_arena_that_nothing_was_taken_from_is_committed(void)
{
    struct stage stage = stage_begin(4096, 2);
    const struct xtd_head_slot *slot;

    (void)CHECK_STATUS(scene_put(stage.txn, 3), XT_OK);
    (void)CHECK_STATUS(scene_put(stage.txn, 4), XT_OK);
    (void)CHECK_STATUS(xti_txn_reserve(stage.txn, ARENA_UNITS, NULL), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 5), XT_OK);
    slot = scene_newest(stage.disk);
    (void)CHECK_U64(slot->state.manifest_generation, 2);
    (void)CHECK_U64(scene_record(stage.disk, slot->state.record_ref)->extent_count, 1);
    (void)CHECK_U64(scene_stored_id(stage.disk), 5);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 6), XT_OK);
    (void)CHECK_U64(scene_stored_id(stage.disk), 6);
    xti_txn_close(stage.txn);
    stage.txn = scene_open(stage.os, true);
    (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 7), XT_OK);
    (void)CHECK_U64(scene_stored_id(stage.disk), 7);
    stage_end(&stage);
}

static void manifests_change_with_the_arenas_and_the_last_two_stay(void)
{
    struct stage stage = stage_begin(4096, 3);
    char name[32];

    (void)CHECK_U64(scene_newest(stage.disk)->state.manifest_generation, 1);
    for (uint64_t generation = 2; generation <= 5; generation++) {
        (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS - 500), XT_OK);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, generation), XT_OK);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, generation), XT_OK);
        (void)CHECK_U64(scene_newest(stage.disk)->state.manifest_generation, generation);
        for (uint64_t g = 1; g <= generation + 1; g++) {
            scene_manifest_name(name, g);
            (void)CHECK_INT(scene_has(stage.disk, name), g == generation || g + 1 == generation);
        }
    }
    stage_end(&stage);
}

static void nothing_to_commit_costs_nothing(void)
{
    struct stage stage = stage_begin(4096, 1);
    uint64_t calls = disk_os_calls(stage.disk);

    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK);
    (void)CHECK_U64(disk_os_calls(stage.disk), calls);
    (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
    (void)CHECK_STATUS(xti_txn_publish(stage.txn), XT_OK);
    (void)CHECK_STATUS(xti_txn_commit(stage.txn, NULL), XT_OK); /* what was published */
    (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 2);
    stage_end(&stage);
}

static void in_memory_a_commit_publishes_and_counts(void)
{
    struct xti_txn *txn = scene_create(xti_os_real(), NULL, 4096);
    xt_store_stats stats;

    (void)CHECK_STATUS(scene_put_and_commit(txn, 1), XT_OK);
    (void)CHECK_STATUS(scene_grow(txn, ARENA_UNITS * 2), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(txn, 2), XT_OK);
    (void)CHECK_U64(scene_id(txn), 2);
    xti_txn_stats(txn, &stats);
    (void)CHECK_U64(stats.txn, 2);
    xti_txn_close(txn);
}

/* ---- the order of calls ------------------------------------------------------------------- */

/* Notes what is called: "w" write_at and "s" sync behind the first letter of the file's name, "S"
 * sync_folder, "r" rename. The wrapper passes everything else on. */
struct recorder {
    struct fail_os fail; /* first: its table's context is the recorder too */
    char letters[1000];  /* of open files */
    char log[200];
};

static void note(struct recorder *recorder, char file, char call)
{
    size_t used = strlen(recorder->log);

    if (used + 4 >= sizeof recorder->log)
        abort();
    if (used > 0)
        recorder->log[used++] = ' ';
    if (file != '\0')
        recorder->log[used++] = file;
    recorder->log[used] = call;
}

static int recorded_open(const struct xti_os *os, const char *path, unsigned flags, xti_file *out)
{
    struct recorder *recorder = os->context;
    const struct xti_os *inner = recorder->fail.inner;
    int result = inner->open(inner, path, flags, out);

    if (result == 0)
        recorder->letters[*out] = strrchr(path, '/')[1];
    return result;
}

static int recorded_write_at(const struct xti_os *os, xti_file file, uint64_t offset,
                             const void *data, size_t size)
{
    struct recorder *recorder = os->context;
    const struct xti_os *inner = recorder->fail.inner;

    note(recorder, recorder->letters[file], 'w');
    return inner->write_at(inner, file, offset, data, size);
}

static int recorded_sync(const struct xti_os *os, xti_file file)
{
    struct recorder *recorder = os->context;
    const struct xti_os *inner = recorder->fail.inner;

    note(recorder, recorder->letters[file], 's');
    return inner->sync(inner, file);
}

static int recorded_sync_folder(const struct xti_os *os, const char *path)
{
    struct recorder *recorder = os->context;
    const struct xti_os *inner = recorder->fail.inner;

    note(recorder, '\0', 'S');
    return inner->sync_folder(inner, path);
}

static int recorded_rename(const struct xti_os *os, const char *from, const char *to)
{
    struct recorder *recorder = os->context;
    const struct xti_os *inner = recorder->fail.inner;

    note(recorder, '\0', 'r');
    return inner->rename(inner, from, to);
}

static void recorder_init(struct recorder *recorder, const struct xti_os *inner)
{
    memset(recorder, 0, sizeof *recorder);
    fail_os_init(&recorder->fail, inner);
    recorder->fail.os.open = recorded_open;
    recorder->fail.os.write_at = recorded_write_at;
    recorder->fail.os.sync = recorded_sync;
    recorder->fail.os.sync_folder = recorded_sync_folder;
    recorder->fail.os.rename = recorded_rename;
}

static void calls_come_in_the_order_of_the_protocol(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    struct recorder recorder;
    struct xti_txn *txn;

    recorder_init(&recorder, disk_os_table(disk));
    txn = scene_create(&recorder.fail.os, PATH, 4096);
    (void)CHECK_STR(recorder.log, "Lw Ls Hw aw aw as mw ms r S Hw Hs Hw r S S");
    memset(recorder.log, 0, sizeof recorder.log);
    (void)CHECK_STATUS(scene_put(txn, 1), XT_OK);
    (void)CHECK_STATUS(xti_txn_publish(txn), XT_OK);
    (void)CHECK_STR(recorder.log, "");
    (void)CHECK_STATUS(xti_txn_commit(txn, NULL), XT_OK);
    (void)CHECK_STR(recorder.log, "aw as Hw Hs");
    memset(recorder.log, 0, sizeof recorder.log);
    (void)CHECK_STATUS(scene_grow(txn, ARENA_UNITS - 100), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(txn, 2), XT_OK);
    (void)CHECK_STR(recorder.log, "aw aw as mw ms r S Hw Hs");
    memset(recorder.log, 0, sizeof recorder.log);
    xti_txn_close(txn);
    xti_txn_close(scene_open(&recorder.fail.os, true));
    (void)CHECK_STR(recorder.log, "Lw Lw Ls S S Hw Hw Hw Hs");
    disk_os_destroy(disk);
}

static struct xti_txn *recorded_create(struct recorder *recorder, struct disk_os *disk,
                                       xt_durability durability)
{
    struct xti_txn *txn;

    recorder_init(recorder, disk_os_table(disk));
    txn = scene_create(&recorder->fail.os, PATH, 4096);
    xti_txn_set_durability(txn, durability);
    return txn;
}

/* What a commit of each mode calls; zeroes are written before the first. */
static void each_mode_makes_the_calls_that_it_needs(void)
{
    static const struct {
        const char *name;
        xt_durability durability;
        const char *first, *second, *when_due, *sync;
    } rows[] = {
        {"two syncs", XT_DURABLE_TWO_SYNCS, "aw as Hw Hs", "aw as Hw Hs", "aw as Hw Hs Lw", ""        },
        {"one sync",  XT_DURABLE_ONE_SYNC,  "aw as Hw aw", "aw as Hw",    "aw as Hw Hs Lw", ""        },
        {"ordered",   XT_ORDERED,           "aw Hw",       "aw Hw",       "aw Hw Lw",       "as Hw Hs"},
    };

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        struct disk_os *disk = disk_os_create(check_seed);
        const char *wants[] = {rows[row].first, rows[row].second, rows[row].when_due};
        struct recorder recorder;
        struct xti_txn *txn = recorded_create(&recorder, disk, rows[row].durability);

        check_row = rows[row].name;
        for (uint64_t id = 0; id < CHECK_COUNT(wants); id++) {
            if (id == 2)
                disk_os_wait(disk, UINT64_C(1000000000));
            memset(recorder.log, 0, sizeof recorder.log);
            (void)CHECK_STATUS(scene_put_and_commit(txn, id + 1), XT_OK);
            (void)CHECK_STR(recorder.log, wants[id]);
        }
        memset(recorder.log, 0, sizeof recorder.log);
        (void)CHECK_STATUS(xti_txn_sync(txn, NULL), XT_OK);
        (void)CHECK_STR(recorder.log, rows[row].sync);
        (void)CHECK_STATUS(xti_txn_sync(txn, NULL), XT_OK);
        (void)CHECK_STR(recorder.log, rows[row].sync); /* nothing more */
        xti_txn_close(txn);
        disk_os_destroy(disk);
    }
}

/* One sync for each of the files, and none for HEAD. */
static void a_commit_into_two_arenas_waits_for_both(void)
{
    static const struct {
        const char *name;
        xt_durability durability;
        const char *wants;
    } rows[] = {
        {"two syncs", XT_DURABLE_TWO_SYNCS, "aw aw as as Hw Hs"},
        {"one sync",  XT_DURABLE_ONE_SYNC,  "aw aw as as Hw aw"},
        {"ordered",   XT_ORDERED,           "aw aw Hw"         },
    };

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        struct disk_os *disk = disk_os_create(check_seed);
        struct recorder recorder;
        struct xti_txn *txn = recorded_create(&recorder, disk, rows[row].durability);

        check_row = rows[row].name;
        (void)CHECK_STATUS(scene_grow_cold(txn, 100), XT_OK); /* a new arena, a manifest */
        (void)CHECK_STATUS(scene_put_and_commit(txn, 1), XT_OK);
        memset(recorder.log, 0, sizeof recorder.log);
        (void)CHECK_STATUS(scene_grow_cold(txn, 100), XT_OK);
        (void)CHECK_STATUS(scene_put_and_commit(txn, 2), XT_OK);
        (void)CHECK_STR(recorder.log, rows[row].wants);
        xti_txn_close(txn);
        disk_os_destroy(disk);
    }
}

/* ---- power loss --------------------------------------------------------------------------- */

/* Where the commit lies: in the open arena, in a new one besides, in the cold one besides. */
enum place { IN_ONE, IN_A_NEW_ONE, IN_TWO, PLACE_COUNT };

/* Commits item 2 over item 1, with the power going at the n-th call. False when n is beyond the
 * last one. */
static bool lose_power_in_commit(uint64_t n, enum place place, uint64_t *random)
{
    struct stage stage = stage_begin(4096, place == IN_TWO ? 0 : 1);
    bool has_crashed;
    xt_status status = XT_OK;

    if (place == IN_TWO) {
        xti_txn_set_durability(stage.txn, XT_DURABLE_ONE_SYNC);
        (void)CHECK_STATUS(scene_grow_cold(stage.txn, 100), XT_OK);
        (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 1), XT_OK);
    }
    disk_os_crash_at(stage.disk, disk_os_calls(stage.disk) + n);
    if (place == IN_A_NEW_ONE)
        status = scene_grow(stage.txn, ARENA_UNITS - 100);
    else if (place == IN_TWO)
        status = scene_grow_cold(stage.txn, 100);
    if (status == XT_OK)
        status = scene_put_and_commit(stage.txn, 2);
    has_crashed = disk_os_has_crashed(stage.disk);
    (void)CHECK(has_crashed || status == XT_OK);
    for (unsigned i = 0; i < 3 * DISK_MODE_COUNT; i++) {
        uint64_t id =
            scene_id_after(stage.disk, (enum disk_mode)(i % DISK_MODE_COUNT), check_random(random));

        if (status == XT_OK)
            (void)CHECK_U64(id, 2);
        else
            (void)CHECK(id == 1 || id == 2);
    }
    stage_end(&stage);
    return has_crashed;
}

static void a_power_loss_leaves_the_old_or_the_new_commit(void)
{
    uint64_t random = check_seed;

    for (int place = 0; place < PLACE_COUNT; place++) {
        static const char *const names[] = {"in one arena", "with a new arena", "in two arenas"};
        uint64_t n = 1;

        check_row = names[place];
        while (lose_power_in_commit(n, (enum place)place, &random))
            n++;
        (void)CHECK(n > 4);
    }
}

/* ---- failures ----------------------------------------------------------------------------- */

enum after_failure { AGAIN, MORE_AND_AGAIN, ROLLBACK };

static void a_full_disk_decides_nothing(void)
{
    static const struct {
        const char *name;
        enum after_failure after;
        uint64_t id;
    } rows[] = {
        {"the same commit again",       AGAIN,          2},
        {"more changes, then a commit", MORE_AND_AGAIN, 3},
        {"rollback",                    ROLLBACK,       1},
    };

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        struct stage stage = stage_begin(4096, 1);
        xt_error error;

        check_row = rows[row].name;
        (void)CHECK_STATUS(scene_grow(stage.txn, 1000), XT_OK);
        (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
        disk_os_capacity(stage.disk, 60000);
        (void)CHECK_STATUS(xti_txn_commit(stage.txn, &error), XT_EFULL);
        (void)CHECK_STATUS(error.status, XT_EFULL);
        (void)CHECK_INT(error.system_errno, ENOSPC);
        (void)CHECK_STR(error.path, PATH "/arena-00000001.xta");
        (void)CHECK_U64(scene_id(stage.txn), 1);
        (void)CHECK_U64(scene_id_after(stage.disk, DISK_KEEP_ALL, 1), 1);
        disk_os_capacity(stage.disk, UINT64_MAX);
        if (rows[row].after == ROLLBACK)
            (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_OK);
        if (rows[row].after == MORE_AND_AGAIN)
            (void)CHECK_STATUS(scene_put(stage.txn, 3), XT_OK);
        (void)CHECK_STATUS(xti_txn_commit(stage.txn, &error), XT_OK);
        (void)CHECK_STATUS(error.status, XT_OK);
        (void)CHECK_U64(scene_id(stage.txn), rows[row].id);
        (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), rows[row].id);
        stage_end(&stage);
    }
}

/* A commit that creates an arena syncs these files: the arena, the manifest, HEAD. */
static void a_failed_sync_breaks_the_handle_but_not_the_store(void)
{
    for (uint64_t nth = 1; nth <= 3; nth++) {
        for (int model = DISK_SYNC_CLEAN_NEW; model <= DISK_SYNC_CLEAN_OLD; model++) {
            struct stage stage = stage_begin(4096, 1);
            struct xti_view *view;
            xt_error error;
            uint32_t ref;
            uint64_t id;

            (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS - 100), XT_OK);
            (void)CHECK_STATUS(scene_put(stage.txn, 2), XT_OK);
            disk_os_fail_sync(stage.disk, nth, (enum disk_sync_model)model);
            (void)CHECK_STATUS(xti_txn_commit(stage.txn, &error), XT_EBROKEN);
            (void)CHECK_STATUS(error.status, XT_EBROKEN);
            (void)CHECK_INT(error.system_errno, EIO);
            (void)CHECK_STATUS(xti_txn_commit(stage.txn, &error), XT_EBROKEN);
            (void)CHECK_STATUS(xti_txn_publish(stage.txn), XT_EBROKEN);
            (void)CHECK_STATUS(xti_txn_rollback(stage.txn), XT_EBROKEN);
            (void)CHECK_STATUS(xti_txn_spill(stage.txn, &error), XT_EBROKEN);
            (void)CHECK_STATUS(xti_txn_alloc(stage.txn, 1, &ref, &error), XT_EBROKEN);
            (void)CHECK_STATUS(error.status, XT_EBROKEN);
            (void)CHECK_STATUS(xti_txn_view(stage.txn, &view), XT_OK);
            (void)CHECK_STATUS(scene_view_id(view, &id), XT_OK);
            (void)CHECK_U64(id, 1);
            xti_txn_unview(stage.txn, view);
            xti_txn_close(stage.txn);
            stage.txn = scene_open(stage.os, true);
            id = scene_id(stage.txn);
            (void)CHECK(id == 1 || id == 2);
            (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), id);
            (void)CHECK_STATUS(scene_grow(stage.txn, ARENA_UNITS - 100), XT_OK);
            (void)CHECK_STATUS(scene_put_and_commit(stage.txn, 3), XT_OK);
            (void)CHECK_U64(scene_id_after(stage.disk, DISK_LOSE_ALL, 1), 3);
            stage_end(&stage);
        }
    }
}

static void a_reader_cannot_write(void)
{
    struct stage stage = stage_begin(4096, 1);
    struct xti_txn *reader = scene_open(stage.os, false);
    xt_error error;
    uint32_t ref;

    (void)CHECK_STATUS(xti_txn_alloc(reader, 1, &ref, &error), XT_EMISUSE);
    (void)CHECK_STATUS(error.status, XT_EMISUSE);
    (void)CHECK_STATUS(xti_txn_expect(reader, 1), XT_EMISUSE);
    (void)CHECK_STATUS(xti_txn_spill(reader, NULL), XT_EMISUSE);
    (void)CHECK_STATUS(xti_txn_publish(reader), XT_EMISUSE);
    (void)CHECK_STATUS(xti_txn_commit(reader, NULL), XT_EMISUSE);
    (void)CHECK_STATUS(xti_txn_rollback(reader), XT_EMISUSE);
    xti_txn_close(reader);
    stage_end(&stage);
}

CHECK_MAIN({"each_durable_commit_writes_the_next_slot_of_head_only",
            each_durable_commit_writes_the_next_slot_of_head_only},
           {"records_certify_extents_and_form_a_chain", records_certify_extents_and_form_a_chain},
           {"a_commit_over_several_arenas_seals_all_but_the_last",
            a_commit_over_several_arenas_seals_all_but_the_last},
           {"an_arena_that_nothing_was_taken_from_is_committed",
            an_arena_that_nothing_was_taken_from_is_committed},
           {"manifests_change_with_the_arenas_and_the_last_two_stay",
            manifests_change_with_the_arenas_and_the_last_two_stay},
           {"nothing_to_commit_costs_nothing", nothing_to_commit_costs_nothing},
           {"in_memory_a_commit_publishes_and_counts", in_memory_a_commit_publishes_and_counts},
           {"calls_come_in_the_order_of_the_protocol", calls_come_in_the_order_of_the_protocol},
           {"each_mode_makes_the_calls_that_it_needs", each_mode_makes_the_calls_that_it_needs},
           {"a_commit_into_two_arenas_waits_for_both", a_commit_into_two_arenas_waits_for_both},
           {"a_power_loss_leaves_the_old_or_the_new_commit",
            a_power_loss_leaves_the_old_or_the_new_commit},
           {"a_full_disk_decides_nothing", a_full_disk_decides_nothing},
           {"a_failed_sync_breaks_the_handle_but_not_the_store",
            a_failed_sync_breaks_the_handle_but_not_the_store},
           {"a_reader_cannot_write", a_reader_cannot_write})
