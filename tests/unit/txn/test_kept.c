/* tests/unit/txn/test_kept.c -- is a kept snapshot there until it is dropped, whatever happens to
 * the store meanwhile, and does it hold what it needs and no more?
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit/txn/turnover.h"

#include <errno.h>

/* A disk with a store in which item 1 was committed as commit 2, and its writer. */
static struct disk_os *stage(struct xti_txn **writer)
{
    struct disk_os *disk = disk_os_create(check_seed);

    *writer = scene_create(disk_os_table(disk), PATH, 4096);
    (void)CHECK_STATUS(scene_put_and_commit(*writer, 1), XT_OK);
    return disk;
}

static uint64_t keep(struct xti_txn *writer, const char *name)
{
    uint64_t number;

    (void)CHECK_STATUS(xti_txn_keep(writer, name, &number, NULL), XT_OK);
    return number;
}

/* The id that a kept snapshot shows; UINT64_MAX when it cannot be opened. */
static uint64_t kept_id(struct xti_txn *txn, uint64_t number)
{
    struct xti_view *view;
    uint64_t id = UINT64_MAX;

    if (xti_txn_view_kept(txn, number, NULL, &view) != XT_OK)
        return id;
    (void)CHECK_U64(view->txn, number);
    (void)CHECK_STATUS(scene_view_id(view, &id), XT_OK);
    xti_txn_unview(txn, view);
    return id;
}

static uint64_t kept_count(struct xti_txn *txn)
{
    uint64_t count;
    uint64_t pinned;

    (void)CHECK_STATUS(xti_txn_kept_stats(txn, &count, &pinned), XT_OK);
    return count;
}

static uint64_t pinned_bytes(struct xti_txn *txn)
{
    uint64_t count;
    uint64_t pinned;

    (void)CHECK_STATUS(xti_txn_kept_stats(txn, &count, &pinned), XT_OK);
    return pinned;
}

/* Any two ranges that are in use: of arenas, and of those that are held. */
static bool ranges_are_apart(const struct xti_txn *writer)
{
    const struct xti_space *space = &writer->space;

    for (uint32_t i = 0; i < space->arena_count; i++) {
        const struct xti_arena *arena = &space->arenas[i];

        for (uint32_t k = 0; k < space->held_count; k++) {
            const struct xti_held *held = &space->held[k];

            if (held->arena_id != arena->id &&
                held->first_unit < arena->first_unit + arena->range_units &&
                arena->first_unit < held->first_unit + held->range_units)
                return false;
        }
    }
    return true;
}

/* ---- keeping and opening --------------------------------------------------------------------- */

static void a_kept_commit_is_shown_as_it_was(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    struct xti_txn *reader = scene_open(disk_os_table(disk), false);
    uint64_t number = keep(writer, "one");

    (void)CHECK_U64(number, 2);
    for (uint64_t id = 2; id < 12; id++) {
        (void)CHECK_STATUS(turnover(writer, id), XT_OK);
        (void)CHECK(ranges_are_apart(writer));
        (void)CHECK_U64(kept_id(writer, number), 1);
        (void)CHECK_U64(kept_id(reader, number), 1);
        (void)CHECK_U64(scene_id(writer), id);
        (void)CHECK_U64(scene_id(reader), id);
    }
    xti_txn_close(reader);
    xti_txn_close(writer);
    writer = scene_open(disk_os_table(disk), true);
    (void)CHECK_U64(kept_id(writer, number), 1);
    (void)CHECK_STATUS(turnover(writer, 12), XT_OK);
    (void)CHECK(ranges_are_apart(writer));
    (void)CHECK_U64(kept_id(writer, number), 1);
    (void)CHECK_U64(kept_id(writer, number + 1), UINT64_MAX);
    xti_txn_close(writer);
    (void)CHECK_U64(scene_stored_id(disk), 12);
    disk_os_destroy(disk);
}

static void only_the_newest_commit_is_kept(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    uint64_t number;

    (void)CHECK_STATUS(scene_put(writer, 2), XT_OK);
    (void)CHECK_STATUS(xti_txn_publish(writer), XT_OK);
    (void)CHECK_STATUS(scene_put(writer, 3), XT_OK);
    number = keep(writer, "");
    (void)CHECK_U64(kept_id(writer, number), 1);
    (void)CHECK_STATUS(xti_txn_commit(writer, NULL), XT_OK);
    (void)CHECK_U64(scene_id(writer), 3);
    (void)CHECK_U64(kept_id(writer, number), 1);
    xti_txn_close(writer);
    disk_os_destroy(disk);
}

static void names_are_unique_and_found(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    struct xti_txn *reader = scene_open(disk_os_table(disk), false);
    uint64_t number;
    uint64_t first = keep(writer, "first");

    (void)CHECK_STATUS(xti_txn_keep(writer, "again", &number, NULL), XT_EEXIST);
    (void)CHECK_STATUS(scene_put_and_commit(writer, 2), XT_OK);
    (void)CHECK_STATUS(xti_txn_keep(writer, "first", &number, NULL), XT_EEXIST);
    (void)CHECK_U64(number, 0);
    (void)CHECK_STATUS(xti_txn_keep(writer, "\xff", &number, NULL), XT_EINVAL);
    (void)CHECK_STATUS(xti_txn_keep(writer, "2026", &number, NULL), XT_EINVAL);
    (void)keep(writer, "");
    (void)CHECK_STATUS(scene_put_and_commit(writer, 3), XT_OK);
    (void)keep(writer, "");
    (void)CHECK_STATUS(xti_txn_find_kept(reader, "first", &number), XT_OK);
    (void)CHECK_U64(number, first);
    (void)CHECK_STATUS(xti_txn_find_kept(reader, "second", &number), XT_ENOTFOUND);
    (void)CHECK_STATUS(xti_txn_find_kept(reader, "", &number), XT_ENOTFOUND);
    (void)CHECK_STATUS(xti_txn_drop(writer, first, NULL), XT_OK);
    (void)CHECK_STATUS(xti_txn_find_kept(reader, "first", &number), XT_ENOTFOUND);
    (void)CHECK_STATUS(scene_put_and_commit(writer, 4), XT_OK);
    (void)CHECK_U64(keep(writer, "first"), 5);
    xti_txn_close(reader);
    xti_txn_close(writer);
    disk_os_destroy(disk);
}

static void what_is_kept_is_told(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    struct xti_txn *reader = scene_open(disk_os_table(disk), false);
    struct xti_txn *handles[] = {writer, reader};
    uint64_t size;
    size_t bytes;

    (void)keep(writer, "one");
    (void)CHECK_STATUS(turnover(writer, 2), XT_OK);
    (void)keep(writer, "");
    for (uint64_t id = 3; id < 6; id++)
        (void)CHECK_STATUS(turnover(writer, id), XT_OK);
    (void)CHECK_U64(scene_id(reader), 5);
    (void)CHECK(scene_file(disk, "arena-00000001.xta", &bytes) != NULL);
    size = bytes;
    (void)CHECK(scene_file(disk, "arena-00000002.xta", &bytes) != NULL);
    for (int i = 0; i < 2; i++) {
        xt_snapshot_info info = {0};

        check_row = i == 0 ? "writer" : "reader";
        (void)CHECK_STATUS(xti_txn_kept(handles[i], 0, &info), XT_OK);
        (void)CHECK_U64(info.number, 2);
        (void)CHECK_STR(info.name, "one");
        (void)CHECK_U64(info.item_count, 1);
        (void)CHECK_U64(info.live_bytes, LEAF_UNITS * XTD_UNIT_BYTES);
        (void)CHECK(info.commit_time_ns != 0 && info.kept_time_ns > info.commit_time_ns);
        (void)CHECK_U64(info.pinned_bytes, size);
        (void)CHECK_STATUS(xti_txn_kept(handles[i], 1, &info), XT_OK);
        (void)CHECK_U64(info.number, 3);
        (void)CHECK_STR(info.name, "");
        (void)CHECK_U64(info.pinned_bytes, bytes);
        (void)CHECK_STATUS(xti_txn_kept(handles[i], 2, &info), XT_ENOTFOUND);
        (void)CHECK_U64(kept_count(handles[i]), 2);
        (void)CHECK_U64(pinned_bytes(handles[i]), size + bytes);
    }
    xti_txn_close(reader);
    xti_txn_close(writer);
    disk_os_destroy(disk);
}

static void who_may_not_keep_is_told_so(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    struct xti_txn *reader = scene_open(disk_os_table(disk), false);
    struct xti_txn *memory = scene_create(disk_os_table(disk), NULL, 4096);
    xt_snapshot_info info = {0};
    struct xti_view *view;
    uint64_t number;

    (void)CHECK_STATUS(xti_txn_keep(reader, "", &number, NULL), XT_EMISUSE);
    (void)CHECK_STATUS(xti_txn_drop(reader, 1, NULL), XT_EMISUSE);
    (void)CHECK_STATUS(xti_txn_keep(memory, "", &number, NULL), XT_EMISUSE);
    (void)CHECK_STATUS(xti_txn_drop(memory, 1, NULL), XT_EMISUSE);
    (void)CHECK_STATUS(xti_txn_kept(memory, 0, &info), XT_ENOTFOUND);
    (void)CHECK_STATUS(xti_txn_find_kept(memory, "a", &number), XT_ENOTFOUND);
    (void)CHECK_STATUS(xti_txn_view_kept(memory, 1, NULL, &view), XT_ENOTFOUND);
    (void)CHECK_STATUS(xti_txn_drop(writer, 2, NULL), XT_ENOTFOUND);
    xti_txn_close(memory);
    xti_txn_close(reader);
    xti_txn_close(writer);
    disk_os_destroy(disk);
}

/* ---- dropping -------------------------------------------------------------------------------- */

static void what_only_one_snapshot_needed_goes_with_it(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    uint64_t numbers[3];

    for (uint64_t i = 0; i < 3; i++) {
        numbers[i] = keep(writer, "");
        (void)CHECK_STATUS(turnover(writer, 2 + i), XT_OK);
    }
    for (uint64_t id = 5; id < 8; id++)
        (void)CHECK_STATUS(turnover(writer, id), XT_OK);
    (void)CHECK(scene_has(disk, "arena-00000001.xta"));
    (void)CHECK(scene_has(disk, "arena-00000002.xta"));
    (void)CHECK(scene_has(disk, "arena-00000003.xta"));
    (void)CHECK(!scene_has(disk, "arena-00000004.xta"));
    (void)CHECK_STATUS(xti_txn_drop(writer, numbers[2], NULL), XT_OK);
    (void)CHECK(!scene_has(disk, "snapshot-0000000000000004"));
    (void)CHECK(scene_has(disk, "arena-00000002.xta"));
    (void)CHECK(!scene_has(disk, "arena-00000003.xta"));
    (void)CHECK_U64(kept_id(writer, numbers[0]), 1);
    (void)CHECK_U64(kept_id(writer, numbers[1]), 2);
    (void)CHECK_STATUS(xti_txn_drop(writer, numbers[0], NULL), XT_OK);
    (void)CHECK(!scene_has(disk, "arena-00000001.xta"));
    (void)CHECK(scene_has(disk, "arena-00000002.xta"));
    (void)CHECK_U64(kept_id(writer, numbers[1]), 2);
    (void)CHECK_STATUS(xti_txn_drop(writer, numbers[1], NULL), XT_OK);
    (void)CHECK(!scene_has(disk, "arena-00000002.xta"));
    (void)CHECK_U64(writer->space.held_count, 0);
    (void)CHECK_U64(kept_count(writer), 0);
    xti_txn_close(writer);
    (void)CHECK_U64(scene_stored_id(disk), 7);
    disk_os_destroy(disk);
}

/* A crash left files that nobody removed; those that are kept are not among them. */
static void a_writer_that_opens_removes_what_nothing_needs(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    uint64_t number = keep(writer, "");
    char path[100];

    for (uint64_t id = 2; id < 6; id++)
        (void)CHECK_STATUS(turnover(writer, id), XT_OK);
    xti_txn_close(writer);
    for (uint32_t id = 100; id < 190; id++) { /* more than are remembered at once */
        (void)snprintf(path, sizeof path, PATH "/arena-%08x.xta", (unsigned)id);
        disk_os_put_file(disk, path, "left", 4);
    }
    disk_os_put_file(disk, PATH "/snapshot-0000000000000009.tmp", "left", 4);
    writer = scene_open(disk_os_table(disk), true);
    (void)CHECK_U64(turnover_files(disk), 3); /* kept; of the manifest before; of the newest */
    (void)CHECK(!scene_has(disk, "snapshot-0000000000000009.tmp"));
    (void)CHECK_U64(kept_id(writer, number), 1);
    xti_txn_close(writer);
    disk_os_destroy(disk);
}

static void an_open_snapshot_outlives_its_being_dropped(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    struct xti_txn *reader = scene_open(disk_os_table(disk), false);
    struct xti_txn *handles[] = {writer, reader};
    uint64_t number = keep(writer, "");
    struct xti_view *views[2][2];
    uint64_t id;

    for (int i = 0; i < 4; i++)
        (void)CHECK_STATUS(xti_txn_view_kept(handles[i / 2], number, NULL, &views[i / 2][i % 2]),
                           XT_OK);
    for (int i = 0; i < 2; i++) {
        (void)CHECK(views[i][0] == views[i][1]);
        (void)CHECK_U64(xti_txn_views_in_use(handles[i]), 2);
    }
    for (uint64_t i = 2; i < 6; i++)
        (void)CHECK_STATUS(turnover(writer, i), XT_OK);
    (void)CHECK_STATUS(xti_txn_drop(writer, number, NULL), XT_OK);
    (void)CHECK(!scene_has(disk, "arena-00000001.xta"));
    for (uint64_t i = 6; i < 10; i++)
        (void)CHECK_STATUS(turnover(writer, i), XT_OK);
    for (int i = 0; i < 4; i++) {
        (void)CHECK_U64(kept_id(handles[i / 2], number), UINT64_MAX);
        (void)CHECK_STATUS(scene_view_id(views[i / 2][i % 2], &id), XT_OK);
        (void)CHECK_U64(id, 1);
        xti_txn_unview(handles[i / 2], views[i / 2][i % 2]);
    }
    (void)CHECK(writer->kept_views == NULL && reader->kept_views == NULL);
    (void)CHECK_U64(scene_id(reader), 9);
    xti_txn_close(reader);
    xti_txn_close(writer);
    disk_os_destroy(disk);
}

static void retention_drops_what_no_rule_holds(void)
{
    static const struct {
        const char *name;
        uint64_t keep_last;
        uint64_t max_age_ns;
        uint64_t dropped;
    } rows[] = {
        {"no rule",              0,   0,                 0},
        {"the last three",       3,   0,                 4},
        {"the last hundred",     100, 0,                 0},
        {"younger than nothing", 0,   1,                 7},
        {"young ones",           0,   UINT64_C(1) << 40, 0},
        {"either",               2,   1,                 5},
    };

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        struct xti_txn *writer;
        struct disk_os *disk = stage(&writer);
        uint64_t dropped;

        check_row = rows[row].name;
        for (uint64_t i = 0; i < 8; i++) {
            (void)keep(writer, i == 2 ? "named" : "");
            (void)CHECK_STATUS(scene_put_and_commit(writer, 2 + i), XT_OK);
        }
        (void)CHECK_STATUS(
            xti_txn_retain(writer, rows[row].keep_last, rows[row].max_age_ns, &dropped, NULL),
            XT_OK);
        (void)CHECK_U64(dropped, rows[row].dropped);
        (void)CHECK_U64(kept_count(writer), 8 - dropped);
        (void)CHECK_U64(kept_id(writer, 4), 3); /* the one with a name */
        if (rows[row].keep_last > 0)
            (void)CHECK_U64(kept_id(writer, 9), 8);
        xti_txn_close(writer);
        writer = scene_open(disk_os_table(disk), true);
        (void)CHECK_U64(kept_count(writer), 8 - rows[row].dropped);
        xti_txn_close(writer);
        disk_os_destroy(disk);
    }
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void a_damaged_file_harms_nothing_else(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    const struct xti_os *os = disk_os_table(disk);
    uint64_t number = keep(writer, "one");
    unsigned char *bytes;
    size_t size;

    for (uint64_t id = 2; id < 6; id++)
        (void)CHECK_STATUS(turnover(writer, id), XT_OK);
    xti_txn_close(writer);
    (void)scene_file(disk, "snapshot-0000000000000002", &size);
    for (size_t i = 0; i < size; i++) {
        struct xti_txn *reader;
        struct xti_view *view;
        xt_snapshot_info info = {0};
        xt_status status;
        uint64_t found;

        bytes = scene_file(disk, "snapshot-0000000000000002", &size);
        bytes[i] ^= (unsigned char)(1 + check_seed % 255);
        reader = scene_open(os, i % 64 == 0);
        status = xti_txn_kept(reader, 0, &info);
        (void)CHECK_STATUS(status, i < 8 ? XT_EFORMAT : XT_ECORRUPT);
        (void)CHECK_U64(info.number, number);
        (void)CHECK_STATUS(xti_txn_view_kept(reader, number, NULL, &view), status);
        (void)CHECK_STATUS(xti_txn_find_kept(reader, "one", &found), XT_ENOTFOUND);
        if (!CHECK_U64(scene_id(reader), 5))
            return;
        xti_txn_close(reader);
        (void)CHECK(scene_has(disk, "arena-00000001.xta"));
        bytes = scene_file(disk, "snapshot-0000000000000002", &size);
        bytes[i] ^= (unsigned char)(1 + check_seed % 255);
    }
    writer = scene_open(os, true);
    (void)CHECK_U64(kept_id(writer, number), 1);
    xti_txn_close(writer);
    disk_os_destroy(disk);
}

static void a_damaged_file_pins_what_it_may_need_until_it_is_dropped(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    uint64_t number;
    uint64_t dropped;
    unsigned char *bytes;
    size_t size;

    (void)CHECK_STATUS(turnover(writer, 2), XT_OK);
    number = keep(writer, "one");
    xti_txn_close(writer);
    bytes = scene_file(disk, "snapshot-0000000000000003", &size);
    bytes[500] ^= 1;
    writer = scene_open(disk_os_table(disk), true);
    (void)CHECK(xti_arena_is_pinned(writer, 1) && xti_arena_is_pinned(writer, 2));
    (void)CHECK(xti_arena_is_pinned(writer, 77)); /* nobody knows */
    for (uint64_t id = 3; id < 8; id++)
        (void)CHECK_STATUS(turnover(writer, id), XT_OK);
    (void)CHECK(scene_has(disk, "arena-00000002.xta"));
    (void)CHECK_STATUS(xti_txn_retain(writer, 1, 1, &dropped, NULL), XT_OK);
    (void)CHECK_U64(dropped, 0);
    (void)CHECK_STATUS(xti_txn_drop(writer, number, NULL), XT_OK);
    (void)CHECK(!xti_arena_is_pinned(writer, 2));
    for (uint64_t id = 8; id < 11; id++)
        (void)CHECK_STATUS(turnover(writer, id), XT_OK);
    (void)CHECK(!scene_has(disk, "arena-00000002.xta"));
    xti_txn_close(writer);
    (void)CHECK_U64(scene_stored_id(disk), 10);
    disk_os_destroy(disk);
}

static void what_does_not_belong_is_damage(void)
{
    static const char *const rows[] = {"another number", "another store", "cut short", "too long",
                                       "an arena is gone"};

    for (size_t row = 0; row < CHECK_COUNT(rows); row++) {
        struct xti_txn *writer;
        struct disk_os *disk = stage(&writer);
        uint64_t number = keep(writer, "");
        char copy[4096];
        xt_error error = {0};
        struct xti_view *view;
        void *bytes;
        size_t size;

        check_row = rows[row];
        for (uint64_t id = 2; id < 6; id++)
            (void)CHECK_STATUS(turnover(writer, id), XT_OK);
        bytes = scene_file(disk, "snapshot-0000000000000002", &size);
        memcpy(copy, bytes, size);
        if (row == 0) {
            disk_os_put_file(disk, PATH "/snapshot-0000000000000001", copy, size);
            number = 1;
        } else if (row == 1) {
            struct xtd_snapshot *snapshot = bytes;

            snapshot->uuid[0] ^= 1;
            xti_snapshot_manifest(snapshot)->uuid[0] ^= 1;
            xti_manifest_seal(xti_snapshot_manifest(snapshot));
            xti_snapshot_seal(snapshot);
        } else if (row == 2) {
            disk_os_put_file(disk, PATH "/snapshot-0000000000000002", copy, size / 2);
        } else if (row == 3) {
            disk_os_put_file(disk, PATH "/snapshot-0000000000000002", copy, sizeof copy);
        } else {
            (void)disk_os_table(disk)->remove(disk_os_table(disk), PATH "/arena-00000001.xta");
        }
        (void)CHECK_STATUS(xti_txn_view_kept(writer, number, &error, &view), XT_ECORRUPT);
        (void)CHECK_STATUS(error.status, XT_ECORRUPT);
        (void)CHECK(view == NULL);
        (void)CHECK_U64(scene_id(writer), 5);
        xti_txn_close(writer);
        writer = scene_open(disk_os_table(disk), true);
        (void)CHECK_STATUS(xti_txn_drop(writer, number, NULL), XT_OK);
        xti_txn_close(writer);
        disk_os_destroy(disk);
    }
}

/* Both slots of HEAD that could lead to commit 3 are gone, and its record; but it was durable. */
static void a_kept_snapshot_vouches_for_its_commit(void)
{
    struct xti_txn *writer;
    struct disk_os *disk = stage(&writer);
    uint64_t frontier = scene_newest(disk)->state.frontiers[0].units;

    (void)CHECK_STATUS(scene_put_and_commit(writer, 2), XT_OK);
    (void)keep(writer, "");
    xti_txn_close(writer);
    memset(scene_newest(disk), 7, 100);
    memset(scene_units(disk, 1, frontier, XTD_PAGE_BYTES), 0, XTD_PAGE_BYTES);
    disk_os_settle(disk);
    (void)CHECK_STATUS(
        xti_txn_open(disk_os_table(disk), PATH, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL, &writer),
        XT_ECORRUPT);
    (void)CHECK_U64(scene_stored_id(disk), 1); /* a reader shows what there is */
    disk_os_destroy(disk);
}

static void each_way_of_verifying_holds_for_kept_snapshots(void)
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
        struct xti_txn *writer;
        struct disk_os *disk = stage(&writer);
        uint32_t ref = scene_newest(disk)->state.roots[0].ref;
        uint64_t number = keep(writer, "");
        struct xti_txn *reader;
        struct xti_view *view;
        uint64_t id;

        check_row = rows[row].name;
        for (uint64_t i = 2; i < 6; i++)
            (void)CHECK_STATUS(turnover(writer, i), XT_OK);
        (void)CHECK_STATUS(xti_txn_open(disk_os_table(disk), PATH, false, rows[row].verify,
                                        WINDOW_BYTES, NULL, &reader),
                           XT_OK);
        (void)CHECK_U64(kept_id(reader, number), 1);
        scene_units(disk, 1, ref, LEAF_UNITS * XTD_UNIT_BYTES)[100] ^= 1;
        (void)CHECK_STATUS(xti_txn_view_kept(reader, number, NULL, &view), rows[row].opened);
        if (view != NULL) {
            (void)CHECK_STATUS(scene_view_id(view, &id), rows[row].seen);
            xti_txn_unview(reader, view);
        }
        (void)CHECK_U64(scene_id(reader), 5);
        xti_txn_close(reader);
        xti_txn_close(writer);
        disk_os_destroy(disk);
    }
}

/* ---- power loss and failing calls ------------------------------------------------------------ */

enum act { KEEP, DROP, RETAIN };

/* Commits 2 and 3 are kept, 3 by name; commit 4 and later lie in other arenas. */
static struct disk_os *disk_before(const struct xti_os **os, struct xti_txn **writer,
                                   struct fail_os *fail)
{
    struct disk_os *disk = disk_os_create(check_seed);

    fail_os_init(fail, disk_os_table(disk));
    *os = &fail->os;
    *writer = scene_create(*os, PATH, 4096);
    (void)CHECK_STATUS(scene_put_and_commit(*writer, 1), XT_OK);
    (void)keep(*writer, "");
    (void)CHECK_STATUS(turnover(*writer, 2), XT_OK);
    (void)keep(*writer, "two");
    for (uint64_t id = 3; id < 6; id++)
        (void)CHECK_STATUS(turnover(*writer, id), XT_OK);
    disk_os_settle(disk);
    fail_os_reset(fail);
    return disk;
}

static xt_status act(struct xti_txn *writer, enum act act)
{
    uint64_t number;

    if (act == KEEP)
        return xti_txn_keep(writer, "three", &number, NULL);
    if (act == DROP)
        return xti_txn_drop(writer, 2, NULL);
    return xti_txn_retain(writer, 0, 1, &number, NULL);
}

/* What a store may hold before and after. */
static void state_check(struct disk_os *disk, enum act act, bool must_be_done, bool may_be_done)
{
    struct xti_txn *writer = scene_open(disk_os_table(disk), true);
    uint64_t number;
    bool is_done;

    if (writer == NULL)
        return;
    if (act == KEEP)
        is_done = xti_txn_find_kept(writer, "three", &number) == XT_OK;
    else
        is_done = kept_id(writer, 2) == UINT64_MAX;
    (void)CHECK(is_done || !must_be_done);
    (void)CHECK(!is_done || may_be_done);
    if (act == KEEP && is_done)
        (void)CHECK_U64(kept_id(writer, 6), 5);
    (void)CHECK_U64(kept_id(writer, 2), act != KEEP && is_done ? UINT64_MAX : 1);
    (void)CHECK_U64(kept_id(writer, 3), 2);
    (void)CHECK_U64(kept_count(writer), act == KEEP ? (is_done ? 3 : 2) : (is_done ? 1 : 2));
    (void)CHECK_U64(scene_id(writer), 5);
    (void)CHECK(ranges_are_apart(writer));
    (void)CHECK_STATUS(turnover(writer, 6), XT_OK);
    (void)CHECK_U64(kept_id(writer, 3), 2);
    xti_txn_close(writer);
    (void)CHECK_U64(scene_stored_id(disk), 6);
}

static const struct {
    const char *name;
    enum act act;
} ACTS[] = {
    {"keep",   KEEP  },
    {"drop",   DROP  },
    {"retain", RETAIN},
};

static void power_loss_leaves_it_kept_or_not(void)
{
    for (size_t a = 0; a < CHECK_COUNT(ACTS); a++) {
        bool has_crashed = true;

        check_row = ACTS[a].name;
        for (uint64_t n = 1; has_crashed; n++) {
            const struct xti_os *os;
            struct fail_os fail;
            struct xti_txn *writer;
            struct disk_os *disk = disk_before(&os, &writer, &fail);
            xt_status status;

            disk_os_crash_at(disk, disk_os_calls(disk) + n);
            status = act(writer, ACTS[a].act);
            has_crashed = disk_os_has_crashed(disk);
            for (uint64_t i = 0; i < 12; i++) {
                struct disk_os *reborn =
                    disk_os_reboot(disk, (enum disk_mode)(i % DISK_MODE_COUNT), i);

                state_check(reborn, ACTS[a].act, status == XT_OK, true);
                disk_os_destroy(reborn);
            }
            xti_txn_close(writer);
            disk_os_destroy(disk);
        }
    }
}

/* A call that fails is said to have failed, or what it was for is done later; and afterwards the
 * same can be done again. */
static void a_call_that_fails_leaves_it_kept_or_not(void)
{
    for (size_t a = 0; a < CHECK_COUNT(ACTS); a++) {
        bool was_hit = true;

        check_row = ACTS[a].name;
        for (uint64_t n = 1; was_hit; n++) {
            const struct xti_os *os;
            struct fail_os fail;
            struct xti_txn *writer;
            struct disk_os *disk = disk_before(&os, &writer, &fail);
            xt_status status;

            fail.fail_at = n;
            fail.fail_with = n % 2 == 0 ? ENOSPC : EIO;
            status = act(writer, ACTS[a].act);
            was_hit = fail.hit;
            fail_os_reset(&fail);
            if (status != XT_OK)
                (void)CHECK(was_hit && (status == XT_EIO || status == XT_EFULL ||
                                        status == XT_ENOMEM || status == XT_EBROKEN));
            if (status != XT_OK && status != XT_EBROKEN) {
                (void)CHECK_STATUS(act(writer, ACTS[a].act), XT_OK);
                status = XT_OK;
            } else if (status == XT_EBROKEN) {
                (void)CHECK_STATUS(act(writer, ACTS[a].act), XT_EBROKEN);
            }
            (void)CHECK_U64(scene_id(writer), 5);
            xti_txn_close(writer);
            (void)CHECK(fail_os_is_clean(&fail));
            state_check(disk, ACTS[a].act, status == XT_OK, true);
            disk_os_destroy(disk);
        }
    }
}

static void opening_a_kept_snapshot_fails_cleanly(void)
{
    bool was_hit = true;

    for (uint64_t n = 1; was_hit; n++) {
        const struct xti_os *os;
        struct fail_os fail;
        struct xti_txn *writer;
        struct disk_os *disk = disk_before(&os, &writer, &fail);
        xt_snapshot_info info = {0};
        struct xti_txn *reader;
        struct xti_view *view;
        uint64_t count, pinned;
        xt_status status;

        (void)CHECK_STATUS(
            xti_txn_open(os, PATH, false, XT_VERIFY_OPEN, WINDOW_BYTES, NULL, &reader), XT_OK);
        fail_os_reset(&fail);
        fail.fail_at = n;
        status = xti_txn_view_kept(reader, 3, NULL, &view);
        (void)CHECK((view != NULL) == (status == XT_OK));
        if (status == XT_OK)
            status = xti_txn_kept(reader, 1, &info);
        if (status == XT_OK)
            status = xti_txn_kept_stats(reader, &count, &pinned);
        was_hit = fail.hit;
        if (status != XT_OK)
            (void)CHECK(was_hit && (status == XT_EIO || status == XT_ENOMEM));
        fail_os_reset(&fail);
        if (view != NULL)
            xti_txn_unview(reader, view);
        (void)CHECK_U64(kept_id(reader, 3), 2);
        (void)CHECK_U64(scene_id(reader), 5);
        xti_txn_close(reader);
        xti_txn_close(writer);
        (void)CHECK(fail_os_is_clean(&fail));
        disk_os_destroy(disk);
    }
}

/* The folder cannot be listed, or memory is short: what is kept is not known, nothing is done. */
static void a_writer_that_cannot_learn_what_is_kept_does_not_open(void)
{
    bool was_hit = true;

    for (uint64_t n = 1; was_hit; n++) {
        const struct xti_os *os;
        struct fail_os fail;
        struct xti_txn *writer;
        struct disk_os *disk = disk_before(&os, &writer, &fail);
        xt_status status;

        xti_txn_close(writer);
        fail_os_reset(&fail);
        fail.fail_at = n;
        status = xti_txn_open(os, PATH, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL, &writer);
        was_hit = fail.hit;
        if (status != XT_OK)
            (void)CHECK(was_hit && (status == XT_EIO || status == XT_ENOMEM));
        fail_os_reset(&fail);
        xti_txn_close(writer);
        (void)CHECK(fail_os_is_clean(&fail));
        state_check(disk, KEEP, false, false);
        disk_os_destroy(disk);
    }
}

CHECK_MAIN({"a_kept_commit_is_shown_as_it_was", a_kept_commit_is_shown_as_it_was},
           {"only_the_newest_commit_is_kept", only_the_newest_commit_is_kept},
           {"names_are_unique_and_found", names_are_unique_and_found},
           {"what_is_kept_is_told", what_is_kept_is_told},
           {"who_may_not_keep_is_told_so", who_may_not_keep_is_told_so},
           {"what_only_one_snapshot_needed_goes_with_it",
            what_only_one_snapshot_needed_goes_with_it},
           {"a_writer_that_opens_removes_what_nothing_needs",
            a_writer_that_opens_removes_what_nothing_needs},
           {"an_open_snapshot_outlives_its_being_dropped",
            an_open_snapshot_outlives_its_being_dropped},
           {"retention_drops_what_no_rule_holds", retention_drops_what_no_rule_holds},
           {"a_damaged_file_harms_nothing_else", a_damaged_file_harms_nothing_else},
           {"a_damaged_file_pins_what_it_may_need_until_it_is_dropped",
            a_damaged_file_pins_what_it_may_need_until_it_is_dropped},
           {"what_does_not_belong_is_damage", what_does_not_belong_is_damage},
           {"a_kept_snapshot_vouches_for_its_commit", a_kept_snapshot_vouches_for_its_commit},
           {"each_way_of_verifying_holds_for_kept_snapshots",
            each_way_of_verifying_holds_for_kept_snapshots},
           {"power_loss_leaves_it_kept_or_not", power_loss_leaves_it_kept_or_not},
           {"a_call_that_fails_leaves_it_kept_or_not", a_call_that_fails_leaves_it_kept_or_not},
           {"opening_a_kept_snapshot_fails_cleanly", opening_a_kept_snapshot_fails_cleanly},
           {"a_writer_that_cannot_learn_what_is_kept_does_not_open",
            a_writer_that_cannot_learn_what_is_kept_does_not_open})
