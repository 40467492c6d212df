/* tests/unit/txn/test_open.c -- does opening find the newest commit and refuse what is damaged, and
 * does a reader keep up with the writer?
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit/txn/meddler.h"

/* A disk with a store in which item 1 was committed; no handle is open. A block keeps arena 1
 * alive, whatever item comes next. */
static struct disk_os *disk_with_store(uint32_t extent_align)
{
    struct disk_os *disk = disk_os_create(check_seed);
    struct xti_txn *txn = scene_create(disk_os_table(disk), PATH, extent_align);

    (void)CHECK_STATUS(scene_grow(txn, 1), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(txn, 1), XT_OK);
    xti_txn_close(txn);
    return disk;
}

static xt_status try_open(const struct xti_os *os, bool writable, xt_verify verify,
                          uint64_t window_bytes, xt_error *error)
{
    struct xti_txn *txn;
    xt_status status = xti_txn_open(os, PATH, writable, verify, window_bytes, error, &txn);

    xti_txn_close(txn);
    return status;
}

/* ---- opening ------------------------------------------------------------------------------ */

static void one_writer_at_a_time_and_any_number_of_readers(void)
{
    struct disk_os *disk = disk_with_store(4096);
    const struct xti_os *os = disk_os_table(disk);
    struct xti_txn *writer = scene_open(os, true);
    struct xti_txn *readers[3];
    xt_error error;

    for (int i = 0; i < 3; i++)
        readers[i] = scene_open(os, false);
    (void)CHECK_STATUS(try_open(os, true, XT_VERIFY_LAZY, WINDOW_BYTES, &error), XT_EBUSY);
    (void)CHECK_STR(error.path, PATH "/LOCK");
    xti_txn_close(writer);
    (void)CHECK_STATUS(try_open(os, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL), XT_OK);
    for (int i = 0; i < 3; i++)
        xti_txn_close(readers[i]);
    disk_os_destroy(disk);
}

/* LOCK was opened and then removed by a creation that failed: the lock on it keeps nobody out. */
static int unlinking_lock(const struct xti_os *os, xti_file file)
{
    struct meddler *meddler = os->context;
    const struct xti_os *inner = meddler->fail.inner;

    if (meddler->count++ == 0)
        (void)CHECK_INT(inner->remove(inner, PATH "/LOCK"), 0);
    return inner->lock(inner, file);
}

static void a_lock_whose_file_lost_its_name_does_not_count(void)
{
    struct disk_os *disk = disk_with_store(4096);
    struct meddler meddler;

    meddler_init(&meddler, disk, NULL, NULL);
    meddler.fail.os.lock = unlinking_lock;
    (void)CHECK_STATUS(try_open(&meddler.fail.os, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL),
                       XT_EBUSY);
    (void)CHECK_STATUS(try_open(&meddler.fail.os, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL), XT_OK);
    disk_os_destroy(disk);
}

static void the_schema_comes_back_as_it_was(void)
{
    static const struct xti_schema schema = {7, XT_BOXES, XT_F32, 32, 48, 16384, 6u << 20};
    struct disk_os *disk = disk_os_create(check_seed);
    struct xti_txn *txn;
    const struct xti_schema *got;

    (void)CHECK_STATUS(xti_txn_create(disk_os_table(disk), PATH, &schema, WINDOW_BYTES, NULL, &txn),
                       XT_OK);
    xti_txn_close(txn);
    txn = scene_open(disk_os_table(disk), false);
    got = xti_txn_schema(txn);
    (void)CHECK_U64(got->dims, schema.dims);
    (void)CHECK_INT(got->kind, schema.kind);
    (void)CHECK_INT(got->coord_type, schema.coord_type);
    (void)CHECK_U64(got->leaf_capacity, schema.leaf_capacity);
    (void)CHECK_U64(got->inner_capacity, schema.inner_capacity);
    (void)CHECK_U64(got->extent_align, schema.extent_align);
    (void)CHECK_U64(got->arena_bytes, schema.arena_bytes);
    xti_txn_close(txn);
    disk_os_destroy(disk);
}

static void each_writer_begins_a_timeline(void)
{
    struct disk_os *disk = disk_with_store(4096);
    const struct xti_os *os = disk_os_table(disk);
    uint64_t last = scene_newest(disk)->state.timeline;

    for (uint64_t id = 2; id < 5; id++) {
        struct xti_txn *writer;
        uint64_t timeline;

        xti_txn_close(scene_open(os, false));
        writer = scene_open(os, true);
        (void)CHECK_U64(scene_newest(disk)->state.timeline, last);
        (void)CHECK_STATUS(scene_put_and_commit(writer, id), XT_OK);
        timeline = scene_newest(disk)->state.timeline;
        (void)CHECK(timeline != last);
        (void)CHECK_STATUS(scene_put_and_commit(writer, id), XT_OK);
        (void)CHECK_U64(scene_newest(disk)->state.timeline, timeline);
        last = timeline;
        xti_txn_close(writer);
    }
    disk_os_destroy(disk);
}

static void leftovers_go_when_a_writer_opens_and_stay_for_a_reader(void)
{
    static const struct {
        const char *name;
        bool is_leftover;
    } rows[] = {
        {"arena-00000002.xta",            true },
        {"manifest-0000000000000002",     true },
        {"manifest-0000000000000002.tmp", true },
        {"HEAD.tmp",                      true },
        {"notes.txt",                     false},
        {"arena-2.xta",                   false},
        {"manifest-0000000000000002.old", false},
        {"LOCK",                          false},
        {"manifest-0000000000000001",     false},
        {"arena-00000001.xta",            false},
    };
    struct disk_os *disk = disk_with_store(4096);
    const struct xti_os *os = disk_os_table(disk);
    char path[100];

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        (void)snprintf(path, sizeof path, PATH "/%s", rows[row].name);
        if (!scene_has(disk, rows[row].name))
            disk_os_put_file(disk, path, "left", 4);
    }
    for (int writable = 0; writable < 2; writable++) {
        xti_txn_close(scene_open(os, writable != 0));
        for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
            check_row = rows[row].name;
            (void)CHECK_INT(scene_has(disk, rows[row].name), !(writable && rows[row].is_leftover));
        }
    }
    (void)CHECK_U64(scene_stored_id(disk), 1);
    disk_os_destroy(disk);
}

/* The commit that HEAD names after a power loss. */
static uint64_t durable_head_txn(const struct disk_os *disk)
{
    struct disk_os *reborn = disk_os_reboot(disk, DISK_LOSE_ALL, 1);
    uint64_t txn = scene_newest(reborn)->state.txn;

    disk_os_destroy(reborn);
    return txn;
}

/* HEAD's last sync failed: the new commit is in the cache, and perhaps nowhere else. */
static void a_writer_makes_the_head_that_it_found_durable(void)
{
    struct disk_os *disk = disk_with_store(4096);
    const struct xti_os *os = disk_os_table(disk);
    struct xti_txn *writer = scene_open(os, true);

    (void)CHECK_STATUS(scene_put(writer, 2), XT_OK);
    disk_os_fail_sync(disk, 2, DISK_SYNC_CLEAN_NEW);
    (void)CHECK_STATUS(xti_txn_commit(writer, NULL), XT_EBROKEN);
    xti_txn_close(writer);
    (void)CHECK_U64(scene_stored_id(disk), 2);
    (void)CHECK_U64(durable_head_txn(disk), 2);
    writer = scene_open(os, true);
    (void)CHECK_U64(scene_id(writer), 2);
    (void)CHECK_U64(durable_head_txn(disk), 3);
    xti_txn_close(writer);
    disk_os_destroy(disk);
}

/* Makes commits 3 and 4 (items 2 and 3), then destroys the slot of the last. */
static struct disk_os *disk_with_damaged_slot(bool grows)
{
    struct disk_os *disk = disk_with_store(4096);
    struct xti_txn *writer = scene_open(disk_os_table(disk), true);

    (void)CHECK_STATUS(scene_put_and_commit(writer, 2), XT_OK);
    if (grows)
        (void)CHECK_STATUS(scene_grow(writer, ARENA_UNITS - 100), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(writer, 3), XT_OK);
    xti_txn_close(writer);
    memset((char *)scene_newest(disk) + 512, 0, 3000);
    disk_os_settle(disk);
    return disk;
}

static void a_damaged_slot_does_not_undo_its_commit(void)
{
    for (int grows = 0; grows < 2; grows++) {
        struct disk_os *disk = disk_with_damaged_slot(grows != 0);
        struct xti_finding finding;
        struct xti_txn *writer;

        check_row = grows ? "with a new arena" : "in one arena";
        (void)CHECK_U64(scene_stored_id(disk), 3);
        writer = scene_open(disk_os_table(disk), true);
        (void)CHECK_U64(scene_id(writer), 3);
        (void)CHECK_STATUS(xti_head_check(scene_slot(disk, 0), 0, &finding), XT_OK);
        (void)CHECK_U64(scene_id_after(disk, DISK_LOSE_ALL, 1), 3);
        (void)CHECK_STATUS(scene_put_and_commit(writer, 4), XT_OK);
        xti_txn_close(writer);
        (void)CHECK_U64(scene_id_after(disk, DISK_LOSE_ALL, 1), 4);
        disk_os_destroy(disk);
    }
}

static void a_damaged_slot_without_a_record_leads_to_the_commit_before(void)
{
    struct disk_os *disk = disk_with_damaged_slot(false);
    uint64_t frontier = scene_newest(disk)->state.frontiers[0].units;
    struct xti_txn *writer;

    memset(scene_units(disk, 1, frontier, XTD_PAGE_BYTES), 0, XTD_PAGE_BYTES);
    (void)CHECK_U64(scene_stored_id(disk), 2);
    writer = scene_open(disk_os_table(disk), true);
    (void)CHECK_STATUS(scene_put_and_commit(writer, 4), XT_OK);
    xti_txn_close(writer);
    (void)CHECK_U64(scene_id_after(disk, DISK_LOSE_ALL, 1), 4);
    disk_os_destroy(disk);
}

static void a_damaged_slot_and_a_damaged_extent_are_corruption(void)
{
    struct disk_os *disk = disk_with_damaged_slot(false);
    uint64_t frontier = scene_newest(disk)->state.frontiers[0].units;

    scene_units(disk, 1, frontier + XTD_PAGE_UNITS, XTD_UNIT_BYTES)[60] ^= 1;
    (void)CHECK_STATUS(try_open(disk_os_table(disk), false, XT_VERIFY_LAZY, WINDOW_BYTES, NULL),
                       XT_ECORRUPT);
    (void)CHECK_STATUS(try_open(disk_os_table(disk), true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL),
                       XT_ECORRUPT);
    disk_os_destroy(disk);
}

static void a_window_that_is_too_small_is_refused(void)
{
    struct disk_os *disk = disk_with_store(4096);
    const struct xti_os *os = disk_os_table(disk);
    struct xti_txn *writer = scene_open(os, true);
    struct xti_view *view;
    struct xti_txn *reader;
    xt_error error;

    (void)CHECK_STATUS(
        xti_txn_open(os, PATH, false, XT_VERIFY_LAZY, ARENA_UNITS * XTD_UNIT_BYTES, NULL, &reader),
        XT_OK);
    (void)CHECK_STATUS(scene_grow(writer, ARENA_UNITS), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(writer, 2), XT_OK);
    xti_txn_close(writer);
    (void)CHECK_STATUS(xti_txn_view(reader, &view), XT_EFULL);
    (void)CHECK(view == NULL);
    xti_txn_close(reader);
    (void)CHECK_STATUS(try_open(os, false, XT_VERIFY_LAZY, ARENA_UNITS * XTD_UNIT_BYTES, &error),
                       XT_EFULL);
    (void)CHECK_STR(error.check, "the store does not fit into the reserved address window");
    (void)CHECK_STATUS(try_open(os, true, XT_VERIFY_LAZY, 2 * WINDOW_BYTES, NULL), XT_OK);
    disk_os_destroy(disk);
}

/* ---- damage ------------------------------------------------------------------------------- */

/* Byte 100 of the root leaf, the id of its item aside. */
static void damage_leaf(struct disk_os *disk)
{
    uint32_t ref = scene_newest(disk)->state.roots[0].ref;

    scene_units(disk, 1, ref, LEAF_UNITS * XTD_UNIT_BYTES)[100] ^= 1;
}

static void damage_is_found_as_the_mode_says(void)
{
    static const struct {
        const char *name;
        xt_verify verify;
        xt_status opened;
        xt_status seen;
    } rows[] = {
        {"lazy", XT_VERIFY_LAZY, XT_OK,       XT_ECORRUPT},
        {"none", XT_VERIFY_NONE, XT_OK,       XT_OK      },
        {"open", XT_VERIFY_OPEN, XT_ECORRUPT, XT_OK      },
    };

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        struct disk_os *disk = disk_with_store(4096);
        const struct xti_os *os = disk_os_table(disk);
        struct xti_view *view;
        struct xti_txn *txn;
        uint64_t bytes = 0;
        uint64_t id;

        check_row = rows[row].name;
        (void)CHECK_STATUS(try_open(os, false, rows[row].verify, WINDOW_BYTES, NULL), XT_OK);
        damage_leaf(disk);
        (void)CHECK_STATUS(
            xti_txn_open(os, PATH, false, rows[row].verify, WINDOW_BYTES, NULL, &txn),
            rows[row].opened);
        if (txn != NULL) {
            (void)CHECK_STATUS(xti_txn_view(txn, &view), XT_OK);
            (void)CHECK_STATUS(scene_view_id(view, &id), rows[row].seen);
            (void)CHECK_STATUS(scene_view_id(view, &id), rows[row].seen);
            xti_txn_unview(txn, view);
            (void)CHECK_STATUS(xti_txn_check(txn, false, &bytes, NULL), XT_OK);
            (void)CHECK_STATUS(xti_txn_check(txn, true, &bytes, NULL), XT_ECORRUPT);
        }
        xti_txn_close(txn);
        disk_os_destroy(disk);
    }
}

static void a_writer_trusts_what_it_made_and_checks_the_rest(void)
{
    struct disk_os *disk = disk_with_store(4096);
    struct xti_txn *txn = scene_open(disk_os_table(disk), true);
    uint64_t found = scene_newest(disk)->state.frontiers[0].units;
    struct xti_view *view;

    (void)CHECK_STATUS(scene_put_and_commit(txn, 2), XT_OK);
    (void)CHECK_STATUS(scene_grow(txn, ARENA_UNITS), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(txn, 3), XT_OK);
    (void)CHECK_STATUS(xti_txn_view(txn, &view), XT_OK);
    (void)CHECK_U64(view->span_count, 2);
    (void)CHECK_U64(view->spans[0].own_from, found);
    (void)CHECK(view->spans[0].units > found);
    (void)CHECK_U64(view->spans[1].own_from, 0);
    xti_txn_unview(txn, view);
    xti_txn_close(txn);
    txn = scene_open(disk_os_table(disk), false);
    (void)CHECK_STATUS(xti_txn_view(txn, &view), XT_OK);
    for (uint32_t i = 0; i < view->span_count; i++)
        (void)CHECK_U64(view->spans[i].own_from, view->spans[i].units);
    xti_txn_unview(txn, view);
    xti_txn_close(txn);
    disk_os_destroy(disk);
}

enum damage {
    NO_HEAD,
    SHORT_HEAD,
    NO_MANIFEST,
    NO_ARENA,
    SHORT_ARENA,
    OTHER_ARENA,
    NO_RECORD,
    OTHER_RECORD,
    RESEALED_RECORD,
    ODD_FRONTIER,
    FAR_FRONTIER,
    UNKNOWN_FRONTIER
};

static void do_damage(struct disk_os *disk, enum damage damage)
{
    const struct xti_os *os = disk_os_table(disk);
    struct xtd_head_slot *slot = scene_newest(disk);
    struct xtd_arena_header *header = (void *)scene_units(disk, 1, 0, sizeof *header);
    struct xtd_frontier *frontier = &slot->state.frontiers[0];
    uint64_t record = slot->state.record_ref;

    switch (damage) {
    case NO_HEAD:
        (void)os->remove(os, PATH "/HEAD");
        return;
    case SHORT_HEAD:
        disk_os_put_file(disk, PATH "/HEAD", slot, 4096);
        return;
    case NO_MANIFEST:
        (void)os->remove(os, PATH "/manifest-0000000000000001");
        return;
    case NO_ARENA:
        (void)os->remove(os, PATH "/arena-00000001.xta");
        return;
    case SHORT_ARENA:
        disk_os_put_file(disk, PATH "/arena-00000001.xta", header, 65536);
        return;
    case OTHER_ARENA:
        header->arena_id = 2;
        xti_arena_header_seal(header);
        return;
    case NO_RECORD:
        memset(scene_units(disk, 1, record, XTD_PAGE_BYTES), 0, XTD_PAGE_BYTES);
        return;
    case OTHER_RECORD: /* the one before: a whole extent earlier */
        memcpy(scene_units(disk, 1, record, XTD_PAGE_BYTES),
               scene_units(disk, 1, record - 1024, XTD_PAGE_BYTES), XTD_PAGE_BYTES);
        return;
    case RESEALED_RECORD: { /* sound, but not the one whose hash HEAD has */
        struct xtd_commit_record *sound = (void *)scene_units(disk, 1, record, XTD_PAGE_BYTES);

        sound->extents[0].hash ^= 1;
        (void)xti_commit_seal(sound);
        return;
    }
    case ODD_FRONTIER:
        frontier->units -= XTD_PAGE_UNITS;
        break;
    case FAR_FRONTIER:
        frontier->units = ARENA_UNITS * 2;
        break;
    case UNKNOWN_FRONTIER:
        frontier->arena_id = 7;
        break;
    }
    xti_head_seal(slot, slot->slot);
}

static void what_contradicts_itself_is_refused(void)
{
    static const struct {
        const char *name;
        enum damage damage;
        xt_status status;
    } rows[] = {
        {"HEAD is gone",                        NO_HEAD,          XT_ENOTFOUND},
        {"HEAD is too short",                   SHORT_HEAD,       XT_ECORRUPT },
        {"the manifest is gone",                NO_MANIFEST,      XT_ECORRUPT },
        {"an arena is gone",                    NO_ARENA,         XT_ECORRUPT },
        {"an arena is too short",               SHORT_ARENA,      XT_ECORRUPT },
        {"an arena is another",                 OTHER_ARENA,      XT_ECORRUPT },
        {"the record is gone",                  NO_RECORD,        XT_ECORRUPT },
        {"the record is another",               OTHER_RECORD,     XT_ECORRUPT },
        {"the record was made anew",            RESEALED_RECORD,  XT_ECORRUPT },
        {"the frontier is inside an extent",    ODD_FRONTIER,     XT_ECORRUPT },
        {"the frontier is beyond the arena",    FAR_FRONTIER,     XT_ECORRUPT },
        {"the frontier is of an unknown arena", UNKNOWN_FRONTIER, XT_ECORRUPT },
    };

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        for (int writable = 0; writable < 2; writable++) {
            struct disk_os *disk = disk_with_store(65536);
            xt_error error;

            check_row = rows[row].name;
            do_damage(disk, rows[row].damage);
            (void)CHECK_STATUS(
                try_open(disk_os_table(disk), writable != 0, XT_VERIFY_LAZY, WINDOW_BYTES, &error),
                rows[row].status);
            (void)CHECK_STATUS(error.status, rows[row].status);
            disk_os_destroy(disk);
        }
    }
}

/* ---- readers ------------------------------------------------------------------------------ */

static void a_reader_follows_the_writer_through_new_arenas(void)
{
    struct disk_os *disk = disk_with_store(4096);
    const struct xti_os *os = disk_os_table(disk);
    struct xti_txn *reader = scene_open(os, false);
    struct xti_txn *writer = scene_open(os, true);
    struct xti_view *old_view;
    uint64_t id;

    (void)CHECK_STATUS(xti_txn_view(reader, &old_view), XT_OK);
    for (uint64_t i = 2; i < 12; i++) {
        (void)CHECK_STATUS(scene_grow(writer, ARENA_UNITS / 2), XT_OK);
        (void)CHECK_STATUS(scene_put(writer, i), XT_OK);
        (void)CHECK_U64(scene_id(reader), i - 1);
        (void)CHECK_STATUS(xti_txn_commit(writer, NULL), XT_OK);
        (void)CHECK_U64(scene_id(reader), i);
        (void)CHECK_STATUS(scene_view_id(old_view, &id), XT_OK);
        (void)CHECK_U64(id, 1);
    }
    xti_txn_unview(reader, old_view);
    xti_txn_close(writer);
    (void)CHECK_U64(scene_id(reader), 11);
    xti_txn_close(reader);
    disk_os_destroy(disk);
}

/* Two more generations: the manifest that the reader is about to open is removed. */
static void commit_two_generations(struct meddler *meddler)
{
    meddler->prefix = NULL;
    for (int i = 0; i < 2; i++) {
        (void)CHECK_STATUS(scene_grow(meddler->writer, ARENA_UNITS), XT_OK);
        (void)CHECK_STATUS(scene_put_and_commit(meddler->writer, 7), XT_OK);
    }
}

static void a_reader_that_the_writer_overtakes_tries_again(void)
{
    for (int is_open = 0; is_open < 2; is_open++) {
        struct disk_os *disk = disk_with_store(4096);
        struct xti_txn *reader = NULL;
        struct meddler meddler;

        check_row = is_open ? "while refreshing" : "while opening";
        meddler_init(&meddler, disk, NULL, commit_two_generations);
        meddler.writer = scene_open(disk_os_table(disk), true);
        if (is_open) {
            reader = scene_open(&meddler.fail.os, false);
            (void)CHECK_STATUS(scene_put_and_commit(meddler.writer, 2), XT_OK);
        }
        meddler.prefix = "manifest-";
        if (!is_open)
            reader = scene_open(&meddler.fail.os, false);
        (void)CHECK_U64(scene_id(reader), 7);
        (void)CHECK(meddler.prefix == NULL);
        xti_txn_close(reader);
        xti_txn_close(meddler.writer);
        (void)CHECK(fail_os_is_clean(&meddler.fail));
        disk_os_destroy(disk);
    }
}

/* HEAD and the arena as they were before the commit that the reader saw: what writes leave that
 * failed and were dropped. The next writer goes on from the commit before. */
static void a_reader_notices_that_its_commit_was_undone(void)
{
    for (uint64_t commits = 1; commits <= 3; commits++) {
        struct disk_os *disk = disk_with_store(4096);
        const struct xti_os *os = disk_os_table(disk);
        struct xti_txn *writer = scene_open(os, true);
        struct xtd_head_slot slots[XTD_HEAD_SLOTS];
        uint64_t frontier;
        struct xti_txn *reader;
        struct xti_view *view;

        memcpy(slots, scene_slot(disk, 0), sizeof slots);
        frontier = scene_newest(disk)->state.frontiers[0].units;
        (void)CHECK_STATUS(scene_put_and_commit(writer, 2), XT_OK);
        xti_txn_close(writer);
        reader = scene_open(os, false);
        (void)CHECK_U64(scene_id(reader), 2);
        memcpy(scene_slot(disk, 0), slots, sizeof slots);
        memset(scene_units(disk, 1, frontier, XTD_PAGE_BYTES), 0, XTD_PAGE_BYTES);
        (void)CHECK_U64(scene_id(reader), 2); /* nothing contradicts it yet */
        writer = scene_open(os, true);
        (void)CHECK_U64(scene_id(writer), 1);
        for (uint64_t i = 0; i < commits; i++)
            (void)CHECK_STATUS(scene_put_and_commit(writer, 3 + i), XT_OK);
        xti_txn_close(writer);
        (void)CHECK_STATUS(xti_txn_view(reader, &view), XT_ECORRUPT);
        (void)CHECK_STATUS(xti_txn_view(reader, &view), XT_ECORRUPT);
        xti_txn_close(reader);
        (void)CHECK_U64(scene_stored_id(disk), 2 + commits);
        disk_os_destroy(disk);
    }
}

/* Acknowledged, and only in the system's cache. */
static void commit_two_in_order(struct xti_txn *writer)
{
    xti_txn_set_durability(writer, XT_ORDERED);
    (void)CHECK_STATUS(scene_put_and_commit(writer, 2), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(writer, 3), XT_OK);
}

static void close_after_failed_sync(struct disk_os *disk, struct xti_txn *writer)
{
    disk_os_fail_sync(disk, 1, DISK_SYNC_CLEAN_NEW);
    (void)CHECK_STATUS(xti_txn_sync(writer, NULL), XT_EBROKEN);
    xti_txn_close(writer);
}

/* What a sync that failed left in the system's cache: the first of two commits is forgotten. */
static void go_on_from_an_older_commit(struct meddler *meddler)
{
    uint64_t frontier = scene_newest(meddler->disk)->state.frontiers[0].units;

    meddler->prefix = NULL;
    memset(scene_units(meddler->disk, 1, frontier, XTD_PAGE_BYTES), 0, XTD_PAGE_BYTES);
    meddler->writer = scene_open(disk_os_table(meddler->disk), true);
    (void)CHECK_U64(scene_id(meddler->writer), 1);
    (void)CHECK_STATUS(scene_put_and_commit(meddler->writer, 4), XT_OK);
}

/* The reader has read HEAD when a loose slot led to a commit that the next writer does not find. */
static void a_reader_does_not_take_what_is_undone_meanwhile(void)
{
    for (int is_open = 0; is_open < 2; is_open++) {
        struct disk_os *disk = disk_with_store(4096);
        struct xti_txn *writer = scene_open(disk_os_table(disk), true);
        struct xti_txn *reader = NULL;
        struct meddler meddler;

        check_row = is_open ? "while refreshing" : "while opening";
        meddler_init(&meddler, disk, NULL, go_on_from_an_older_commit);
        if (is_open)
            reader = scene_open(&meddler.fail.os, false);
        commit_two_in_order(writer);
        close_after_failed_sync(disk, writer);
        meddler.prefix = "arena-";
        if (!is_open)
            reader = scene_open(&meddler.fail.os, false);
        (void)CHECK_U64(scene_id(reader), 4);
        (void)CHECK(meddler.prefix == NULL);
        xti_txn_close(reader);
        xti_txn_close(meddler.writer);
        (void)CHECK(fail_os_is_clean(&meddler.fail));
        (void)CHECK_U64(scene_stored_id(disk), 4);
        disk_os_destroy(disk);
    }
}

/* And another commit, over what the loose slot led to, that is not acknowledged. */
static void go_on_and_break(struct meddler *meddler)
{
    go_on_from_an_older_commit(meddler);
    disk_os_fail_sync(meddler->disk, 1, DISK_SYNC_CLEAN_NEW);
    (void)CHECK_STATUS(scene_put_and_commit(meddler->writer, 5), XT_EBROKEN);
}

static void a_reader_does_not_take_what_a_living_writer_has_not_synced(void)
{
    struct disk_os *disk = disk_with_store(4096);
    struct xti_txn *writer = scene_open(disk_os_table(disk), true);
    struct xti_txn *reader;
    struct meddler meddler;

    commit_two_in_order(writer);
    close_after_failed_sync(disk, writer);
    meddler_init(&meddler, disk, "arena-", go_on_and_break);
    reader = scene_open(&meddler.fail.os, false);
    (void)CHECK_U64(scene_id(reader), 4);
    (void)CHECK(meddler.prefix == NULL);
    xti_txn_close(reader);
    xti_txn_close(meddler.writer);
    (void)CHECK(fail_os_is_clean(&meddler.fail));
    disk_os_destroy(disk);
}

/* Two commits are undone, and the next writer has made one: its number is lower than the reader's.
 */
static void a_reader_notices_that_it_is_ahead_of_what_is_there(void)
{
    struct disk_os *disk = disk_with_store(4096);
    struct xti_txn *writer = scene_open(disk_os_table(disk), true);
    struct meddler meddler;
    struct xti_txn *reader;
    struct xti_view *view;

    commit_two_in_order(writer);
    reader = scene_open(disk_os_table(disk), false);
    (void)CHECK_U64(scene_id(reader), 3);
    close_after_failed_sync(disk, writer);
    (void)CHECK_U64(scene_id(reader), 3);
    meddler_init(&meddler, disk, NULL, NULL);
    go_on_from_an_older_commit(&meddler);
    (void)CHECK_STATUS(xti_txn_view(reader, &view), XT_ECORRUPT);
    xti_txn_close(reader);
    xti_txn_close(meddler.writer);
    disk_os_destroy(disk);
}

/* A writer that goes on meanwhile keeps nobody from opening: HEAD is another, and leads on. */
static void commit_one_more(struct meddler *meddler)
{
    meddler->count++;
    (void)CHECK_STATUS(scene_put_and_commit(meddler->writer, 100 + meddler->count), XT_OK);
}

static void a_reader_keeps_up_with_a_busy_writer(void)
{
    struct disk_os *disk = disk_with_store(4096);
    struct xti_txn *reader;
    struct meddler meddler;

    meddler_init(&meddler, disk, NULL, commit_one_more);
    meddler.writer = scene_open(disk_os_table(disk), true);
    xti_txn_set_durability(meddler.writer, XT_ORDERED);
    (void)CHECK_STATUS(scene_put_and_commit(meddler.writer, 100), XT_OK);
    meddler.prefix = "arena-";
    reader = scene_open(&meddler.fail.os, false);
    (void)CHECK_U64(meddler.count, 1);
    meddler.prefix = NULL;
    (void)CHECK_U64(scene_id(reader), 101); /* what was committed meanwhile is news */
    xti_txn_close(reader);
    xti_txn_close(meddler.writer);
    disk_os_destroy(disk);
}

static void a_reader_follows_one_writer_after_another(void)
{
    struct disk_os *disk = disk_with_store(4096);
    const struct xti_os *os = disk_os_table(disk);
    struct xti_txn *reader = scene_open(os, false);

    for (uint64_t id = 2; id < 8; id++) {
        struct xti_txn *writer = scene_open(os, true);

        for (uint64_t i = 0; i < id; i++)
            (void)CHECK_STATUS(scene_put_and_commit(writer, id), XT_OK);
        xti_txn_close(writer);
        if (id % 2 == 0)
            (void)CHECK_U64(scene_id(reader), id);
    }
    (void)CHECK_U64(scene_id(reader), 7);
    xti_txn_close(reader);
    disk_os_destroy(disk);
}

CHECK_MAIN({"a_lock_whose_file_lost_its_name_does_not_count",
            a_lock_whose_file_lost_its_name_does_not_count},
           {"one_writer_at_a_time_and_any_number_of_readers",
            one_writer_at_a_time_and_any_number_of_readers},
           {"the_schema_comes_back_as_it_was", the_schema_comes_back_as_it_was},
           {"each_writer_begins_a_timeline", each_writer_begins_a_timeline},
           {"leftovers_go_when_a_writer_opens_and_stay_for_a_reader",
            leftovers_go_when_a_writer_opens_and_stay_for_a_reader},
           {"a_writer_makes_the_head_that_it_found_durable",
            a_writer_makes_the_head_that_it_found_durable},
           {"a_damaged_slot_does_not_undo_its_commit", a_damaged_slot_does_not_undo_its_commit},
           {"a_damaged_slot_without_a_record_leads_to_the_commit_before",
            a_damaged_slot_without_a_record_leads_to_the_commit_before},
           {"a_damaged_slot_and_a_damaged_extent_are_corruption",
            a_damaged_slot_and_a_damaged_extent_are_corruption},
           {"a_window_that_is_too_small_is_refused", a_window_that_is_too_small_is_refused},
           {"damage_is_found_as_the_mode_says", damage_is_found_as_the_mode_says},
           {"a_writer_trusts_what_it_made_and_checks_the_rest",
            a_writer_trusts_what_it_made_and_checks_the_rest},
           {"what_contradicts_itself_is_refused", what_contradicts_itself_is_refused},
           {"a_reader_follows_the_writer_through_new_arenas",
            a_reader_follows_the_writer_through_new_arenas},
           {"a_reader_that_the_writer_overtakes_tries_again",
            a_reader_that_the_writer_overtakes_tries_again},
           {"a_reader_notices_that_its_commit_was_undone",
            a_reader_notices_that_its_commit_was_undone},
           {"a_reader_does_not_take_what_is_undone_meanwhile",
            a_reader_does_not_take_what_is_undone_meanwhile},
           {"a_reader_does_not_take_what_a_living_writer_has_not_synced",
            a_reader_does_not_take_what_a_living_writer_has_not_synced},
           {"a_reader_notices_that_it_is_ahead_of_what_is_there",
            a_reader_notices_that_it_is_ahead_of_what_is_there},
           {"a_reader_keeps_up_with_a_busy_writer", a_reader_keeps_up_with_a_busy_writer},
           {"a_reader_follows_one_writer_after_another", a_reader_follows_one_writer_after_another})
