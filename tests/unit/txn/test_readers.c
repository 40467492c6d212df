/* tests/unit/txn/test_readers.c -- does a reader outlive whatever a writer does to its arenas, and
 * does it see at once, and for nothing, whether there is something new?
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit/txn/turnover.h"

#include <errno.h>

/* A writer on the plain system, and a reader on one that counts and may fail. */
struct stage {
    struct disk_os *disk;
    struct fail_os fail;
    struct xti_txn *writer;
    struct xti_txn *reader;
};

static void stage_begin(struct stage *stage)
{
    stage->disk = disk_os_create(check_seed);
    fail_os_init(&stage->fail, disk_os_table(stage->disk));
    stage->writer = scene_create(disk_os_table(stage->disk), PATH, 4096);
    (void)CHECK_STATUS(scene_put_and_commit(stage->writer, 1), XT_OK);
    stage->reader = scene_open(&stage->fail.os, false);
}

static void stage_end(struct stage *stage)
{
    xti_txn_close(stage->reader);
    xti_txn_close(stage->writer);
    (void)CHECK(fail_os_is_clean(&stage->fail));
    disk_os_destroy(stage->disk);
}

static void turn(struct stage *stage, uint64_t from, uint64_t to)
{
    for (uint64_t id = from; id <= to; id++)
        (void)CHECK_STATUS(turnover(stage->writer, id), XT_OK);
}

static struct xti_view *view_of(struct xti_txn *txn)
{
    struct xti_view *view;

    (void)CHECK_STATUS(xti_txn_view(txn, &view), XT_OK);
    return view;
}

static bool view_shows(const struct xti_view *view, uint64_t id)
{
    uint64_t got = EMPTY;

    return CHECK_STATUS(scene_view_id(view, &got), XT_OK) && CHECK_U64(got, id);
}

/* ---- arenas that go -------------------------------------------------------------------------- */

static void without_views_arenas_go_at_the_next_look(void)
{
    struct stage stage;
    xt_store_stats stats;

    stage_begin(&stage);
    for (uint64_t id = 2; id < 20; id++) {
        turn(&stage, id, id);
        if (id % 3 == 0)
            continue; /* two steps at once, and once more three */
        (void)CHECK_U64(scene_id(stage.reader), id);
        xti_txn_stats(stage.reader, &stats);
        (void)CHECK_U64(stats.arena_count, xti_space_listed_count(&stage.writer->space));
        (void)CHECK_U64(stage.reader->space.arena_count, stats.arena_count);
        (void)CHECK(stage.reader->old_spaces == NULL);
    }
    (void)CHECK_INT(stage.fail.reservations, 2); /* window and bits: one space */
    stage_end(&stage);
}

static void a_view_keeps_its_arenas(void)
{
    struct stage stage;
    struct xti_view *view;
    struct xti_arena *arena;
    xt_arena_stats info;
    xt_store_stats stats;

    stage_begin(&stage);
    view = view_of(stage.reader);
    turn(&stage, 2, 2); /* without the first arena, whose place nobody has yet */
    (void)CHECK_U64(scene_id(stage.reader), 2);
    arena = xti_space_arena(&stage.reader->space, 1);
    if (!CHECK(arena != NULL && xti_arena_is_dropped(arena)))
        return;
    xti_txn_stats(stage.reader, &stats);
    (void)CHECK_U64(stats.arena_count, 1);
    (void)CHECK_STATUS(xti_txn_arena_stats(stage.reader, 0, &info), XT_OK);
    (void)CHECK_U64(info.id, 2);
    (void)CHECK_STATUS(xti_txn_arena_stats(stage.reader, 1, &info), XT_ENOTFOUND);
    (void)CHECK(view_shows(view, 1));
    (void)CHECK(stage.reader->old_spaces == NULL);
    xti_txn_unview(stage.reader, view);
    (void)CHECK_STATUS(scene_put_and_commit(stage.writer, 3), XT_OK);
    (void)CHECK_U64(scene_id(stage.reader), 3);
    (void)CHECK(xti_space_arena(&stage.reader->space, 1) == NULL);
    stage_end(&stage);
}

/* The writer uses the place of an arena that the view has. */
static void old_views_keep_the_old_space(void)
{
    struct stage stage;
    struct xti_view *views[30];

    stage_begin(&stage);
    views[0] = view_of(stage.reader);
    for (uint64_t id = 2; id <= 30; id++) {
        turn(&stage, id, id);
        views[id - 1] = view_of(stage.reader);
        for (uint64_t k = 0; k < id; k++)
            (void)CHECK(view_shows(views[k], k + 1));
    }
    (void)CHECK(stage.reader->old_spaces != NULL);
    (void)CHECK(stage.fail.reservations > 2);
    for (uint64_t k = 0; k < 30; k++) { /* 7 is no divisor: in another order */
        uint64_t i = k * 7 % 30;

        (void)CHECK(view_shows(views[i], i + 1));
        xti_txn_unview(stage.reader, views[i]);
    }
    (void)CHECK(stage.reader->old_spaces == NULL);
    (void)CHECK_INT(stage.fail.reservations, 2);
    (void)CHECK_U64(scene_id(stage.reader), 30);
    stage_end(&stage);
}

/* Another writer has gone on, so far that its records do not lead back any more. */
static void a_chain_that_is_cut_gives_a_fresh_space(void)
{
    for (int has_view = 0; has_view < 2; has_view++) {
        struct stage stage;
        struct xti_view *view;

        check_row = has_view ? "with a view" : "without";
        stage_begin(&stage);
        view = has_view ? view_of(stage.reader) : NULL;
        turn(&stage, 2, 6);
        xti_txn_close(stage.writer);
        stage.writer = scene_open(disk_os_table(stage.disk), true);
        turn(&stage, 7, 10);
        (void)CHECK_U64(scene_id(stage.reader), 10);
        if (view != NULL) {
            (void)CHECK(view_shows(view, 1));
            (void)CHECK(stage.reader->old_spaces != NULL);
            xti_txn_unview(stage.reader, view);
        }
        (void)CHECK(stage.reader->old_spaces == NULL);
        stage_end(&stage);
    }
}

static void a_check_follows_the_chain_as_far_as_it_goes(void)
{
    struct stage stage;
    uint64_t bytes = 0;

    stage_begin(&stage);
    turn(&stage, 2, 8);
    (void)CHECK_U64(scene_id(stage.reader), 8);
    (void)CHECK_STATUS(xti_txn_check(stage.reader, true, &bytes, NULL), XT_OK);
    (void)CHECK_STATUS(xti_txn_check(stage.writer, true, &bytes, NULL), XT_OK);
    turn(&stage, 9, 15); /* what the reader shows is gone */
    (void)CHECK_STATUS(xti_txn_check(stage.reader, true, &bytes, NULL), XT_OK);
    (void)CHECK_U64(scene_id(stage.reader), 15);
    stage_end(&stage);
}

/* Any call fails while a reader has to remove arenas, or to take a fresh space. */
static void a_refresh_that_fails_can_be_tried_again(void)
{
    for (int has_view = 0; has_view < 2; has_view++) {
        bool was_hit = true;

        check_row = has_view ? "with a view" : "without";
        for (uint64_t n = 1; was_hit; n++) {
            struct xti_view *view = NULL;
            struct xti_view *newest;
            struct stage stage;
            xt_status status;

            stage_begin(&stage);
            if (has_view)
                view = view_of(stage.reader);
            turn(&stage, 2, 8);
            fail_os_reset(&stage.fail);
            stage.fail.fail_at = n;
            status = xti_txn_view(stage.reader, &newest);
            was_hit = stage.fail.hit;
            (void)CHECK((status != XT_OK) == was_hit);
            if (newest != NULL)
                xti_txn_unview(stage.reader, newest);
            if (view != NULL)
                (void)CHECK(view_shows(view, 1));
            fail_os_reset(&stage.fail);
            (void)CHECK_U64(scene_id(stage.reader), 8);
            if (view != NULL) {
                (void)CHECK(view_shows(view, 1));
                xti_txn_unview(stage.reader, view);
            }
            turn(&stage, 9, 9);
            (void)CHECK_U64(scene_id(stage.reader), 9);
            stage_end(&stage);
        }
    }
}

/* ---- what is new ----------------------------------------------------------------------------- */

static void nothing_new_costs_no_call(void)
{
    struct stage stage;

    stage_begin(&stage);
    (void)CHECK_U64(scene_id(stage.reader), 1);
    for (uint64_t id = 2; id < 12; id++) {
        fail_os_reset(&stage.fail);
        for (int i = 0; i < 100; i++)
            (void)CHECK_U64(scene_id(stage.reader), id - 1);
        (void)CHECK_U64(stage.fail.calls, 0);
        (void)CHECK_STATUS(scene_put_and_commit(stage.writer, id), XT_OK);
        (void)CHECK_U64(scene_id(stage.reader), id);
        (void)CHECK(stage.fail.calls > 0);
    }
    stage_end(&stage);
}

/* A slot is read while it is written: number and checksum are there, what lies between is not. And
 * the record behind the frontier cannot be read either for once. */
static void a_slot_that_was_being_written_is_looked_at_again(void)
{
    struct stage stage;
    struct xtd_head_slot before[XTD_HEAD_SLOTS];
    struct xtd_head_slot after;
    struct xtd_head_slot *slot;
    char record[XTD_PAGE_BYTES];
    uint64_t frontier;

    stage_begin(&stage);
    (void)CHECK_U64(scene_id(stage.reader), 1);
    frontier = scene_newest(stage.disk)->state.frontiers[0].units;
    memcpy(before, scene_slot(stage.disk, 0), sizeof before);
    (void)CHECK_STATUS(scene_put_and_commit(stage.writer, 2), XT_OK);
    slot = scene_newest(stage.disk);
    after = *slot;
    memcpy(scene_slot(stage.disk, 0), before, sizeof before);
    slot->state.txn = after.state.txn;
    slot->crc32c = after.crc32c;
    memcpy(record, scene_units(stage.disk, 1, frontier, sizeof record), sizeof record);
    memset(scene_units(stage.disk, 1, frontier, sizeof record), 0, sizeof record);
    (void)CHECK_U64(scene_id(stage.reader), 1);
    (void)CHECK_U64(scene_id(stage.reader), 1);
    memcpy(scene_units(stage.disk, 1, frontier, sizeof record), record, sizeof record);
    *slot = after;
    (void)CHECK_U64(scene_id(stage.reader), 2);
    stage_end(&stage);
}

/* ---- a reader changes nothing and waits for nobody ------------------------------------------- */

static unsigned violations;

static int refuse_open(const struct xti_os *os, const char *path, unsigned flags, xti_file *out)
{
    struct fail_os *fail = os->context;

    if (flags == XTI_OPEN_READ)
        return fail->inner->open(fail->inner, path, flags, out);
    violations++;
    *out = XTI_FILE_NONE;
    return -EROFS;
}

static int refuse_write_at(const struct xti_os *os, xti_file file, uint64_t offset,
                           const void *data, size_t size)
{
    (void)os, (void)file, (void)offset, (void)data, (void)size;
    violations++;
    return -EROFS;
}

static int refuse_file(const struct xti_os *os, xti_file file)
{
    (void)os, (void)file;
    violations++;
    return -EROFS;
}

static int refuse_path(const struct xti_os *os, const char *path)
{
    (void)os, (void)path;
    violations++;
    return -EROFS;
}

static int refuse_rename(const struct xti_os *os, const char *from, const char *to)
{
    (void)os, (void)from, (void)to;
    violations++;
    return -EROFS;
}

static void a_reader_needs_no_right_to_write(void)
{
    struct stage stage;
    struct fail_os read_only;
    struct xti_txn *reader;
    struct xti_view *view;
    xt_snapshot_info info = {0};
    uint64_t count, number;

    stage_begin(&stage);
    fail_os_init(&read_only, disk_os_table(stage.disk));
    read_only.os.open = refuse_open;
    read_only.os.write_at = refuse_write_at;
    read_only.os.sync = refuse_file;
    read_only.os.lock = refuse_file;
    read_only.os.sync_folder = refuse_path;
    read_only.os.make_folder = refuse_path;
    read_only.os.remove_folder = refuse_path;
    read_only.os.remove = refuse_path;
    read_only.os.rename = refuse_rename;
    violations = 0;
    (void)CHECK_STATUS(xti_txn_keep(stage.writer, "a", &number, NULL), XT_OK);
    for (int verify = XT_VERIFY_LAZY; verify <= XT_VERIFY_OPEN; verify++) {
        if (!CHECK_STATUS(xti_txn_open(&read_only.os, PATH, false, (xt_verify)verify, WINDOW_BYTES,
                                       NULL, &reader),
                          XT_OK))
            return;
        turn(&stage, (uint64_t)verify * 10 + 2, (uint64_t)verify * 10 + 6);
        (void)CHECK_U64(scene_id(reader), (uint64_t)verify * 10 + 6);
        (void)CHECK_STATUS(xti_txn_check(reader, true, &count, NULL), XT_OK);
        (void)CHECK_STATUS(xti_txn_kept(reader, 0, &info), XT_OK);
        (void)CHECK_STATUS(xti_txn_kept_stats(reader, &count, &number), XT_OK);
        (void)CHECK_STATUS(xti_txn_find_kept(reader, "a", &number), XT_OK);
        (void)CHECK_STATUS(xti_txn_view_kept(reader, number, NULL, &view), XT_OK);
        (void)CHECK(view_shows(view, 1));
        xti_txn_unview(reader, view);
        (void)CHECK(xti_txn_writer_pid(reader) != 0);
        xti_txn_close(reader);
    }
    (void)CHECK_U64(violations, 0);
    stage_end(&stage);
}

/* Between any two calls of a writer another process sees what programs see then. */
static void a_reader_opens_at_any_moment(void)
{
    bool has_stopped = true;

    for (uint64_t n = 1; has_stopped; n++) {
        struct disk_os *disk = disk_os_create(check_seed);
        struct xti_txn *writer = scene_create(disk_os_table(disk), PATH, 4096);
        struct disk_os *others;
        struct xti_txn *reader;
        uint64_t number;
        uint64_t id;

        (void)CHECK_STATUS(scene_put_and_commit(writer, 1), XT_OK);
        (void)CHECK_STATUS(xti_txn_keep(writer, "", &number, NULL), XT_OK);
        (void)CHECK_STATUS(turnover(writer, 2), XT_OK);
        disk_os_crash_at(disk, disk_os_calls(disk) + n);
        if (turnover(writer, 3) == XT_OK && turnover(writer, 4) == XT_OK &&
            xti_txn_keep(writer, "four", &id, NULL) == XT_OK)
            (void)CHECK((xti_txn_drop(writer, number, NULL) == XT_OK) || disk_os_has_crashed(disk));
        has_stopped = disk_os_has_crashed(disk);
        others = disk_os_copy(disk);
        reader = scene_open(disk_os_table(others), false);
        id = scene_id(reader);
        (void)CHECK(id >= 2 && id <= 4);
        xti_txn_close(reader);
        disk_os_destroy(others);
        xti_txn_close(writer);
        disk_os_destroy(disk);
    }
}

/* ---- who writes ------------------------------------------------------------------------------ */

static void lock_says_who_writes(void)
{
    struct stage stage;
    uint64_t pid;
    char expected[40];
    const char *text;
    size_t size;

    stage_begin(&stage);
    pid = disk_os_table(stage.disk)->process_id(disk_os_table(stage.disk));
    (void)CHECK_U64(xti_txn_writer_pid(stage.writer), pid);
    (void)CHECK_U64(xti_txn_writer_pid(stage.reader), pid);
    text = scene_file(stage.disk, "LOCK", &size);
    (void)snprintf(expected, sizeof expected, "pid %llu\nhost ", (unsigned long long)pid);
    if (!CHECK(text != NULL && size > 40))
        return;
    (void)CHECK(strncmp(text, expected, strlen(expected)) == 0);
    (void)CHECK(memchr(text, 0, size) == NULL);
    (void)CHECK_INT(text[size - 1], '\n');
    xti_txn_close(stage.writer); /* the text stays, as it does when a writer dies */
    (void)CHECK_U64(xti_txn_writer_pid(stage.reader), 0);
    disk_os_put_file(stage.disk, PATH "/LOCK", "", 0);
    stage.writer = scene_open(disk_os_table(stage.disk), true);
    (void)CHECK_U64(xti_txn_writer_pid(stage.reader), pid);
    memset(scene_file(stage.disk, "LOCK", &size), 'x', 100);
    (void)CHECK_U64(xti_txn_writer_pid(stage.reader), 0);
    stage_end(&stage);
}

/* ---- forked processes ------------------------------------------------------------------------ */

static uint64_t pretended_pid = 1;

static uint64_t pretend_process_id(const struct xti_os *os)
{
    (void)os;
    return pretended_pid;
}

/* What a child does that has its parent's handles. */
static void a_child_may_only_close(void)
{
    for (int writable = 0; writable < 2; writable++) {
        struct stage stage;
        struct fail_os fail;
        struct xti_view *view;
        struct xti_txn *txn;
        uint64_t number;
        uint64_t calls;
        uint32_t ref;
        void *mutex;

        check_row = writable ? "writer" : "reader";
        stage_begin(&stage);
        if (writable) {
            xti_txn_close(stage.writer);
            stage.writer = NULL;
        }
        fail_os_init(&fail, disk_os_table(stage.disk));
        fail.os.process_id = pretend_process_id;
        pretended_pid = 1;
        txn = scene_open(&fail.os, writable != 0);
        if (txn == NULL)
            return;
        view = view_of(txn);
        if (writable) { /* with a new arena, and something pending */
            (void)CHECK_STATUS(scene_grow(txn, ARENA_UNITS - 100), XT_OK);
            (void)CHECK_STATUS(scene_put(txn, 2), XT_OK);
        }
        pretended_pid = 2;
        calls = disk_os_calls(stage.disk);
        (void)CHECK_STATUS(xti_txn_commit(txn, NULL), XT_EMISUSE);
        (void)CHECK_STATUS(xti_txn_publish(txn), XT_EMISUSE);
        (void)CHECK_STATUS(xti_txn_rollback(txn), XT_EMISUSE);
        (void)CHECK_STATUS(xti_txn_spill(txn, NULL), XT_EMISUSE);
        (void)CHECK_STATUS(xti_txn_make_room(txn, ARENA_UNITS, NULL), XT_EMISUSE);
        (void)CHECK_STATUS(xti_txn_alloc(txn, ARENA_UNITS, &ref, NULL), XT_EMISUSE);
        (void)CHECK_STATUS(xti_txn_keep(txn, "", &number, NULL), XT_EMISUSE);
        (void)CHECK_STATUS(xti_txn_drop(txn, 1, NULL), XT_EMISUSE);
        (void)CHECK_STATUS(xti_txn_find_kept(txn, "a", &number), XT_EMISUSE);
        (void)CHECK_STATUS(xti_txn_view_kept(txn, 1, NULL, &view), XT_EMISUSE);
        (void)CHECK_STATUS(xti_txn_view(txn, &view), XT_EMISUSE);
        (void)CHECK(view == NULL);
        mutex = txn->mutex;
        xti_txn_close(txn);
        (void)CHECK_U64(disk_os_calls(stage.disk), calls);
        (void)CHECK_INT(scene_has(stage.disk, "arena-00000002.xta"), writable);
        (void)CHECK_INT(fail.allocations, 0);
        (void)CHECK_INT(fail.mutexes, 1); /* somebody may hold it, elsewhere than here */
        fail.os.mutex_destroy(&fail.os, mutex);
        (void)CHECK_INT(fail.reservations, 0);
        stage_end(&stage);
    }
}

CHECK_MAIN({"without_views_arenas_go_at_the_next_look", without_views_arenas_go_at_the_next_look},
           {"a_view_keeps_its_arenas", a_view_keeps_its_arenas},
           {"old_views_keep_the_old_space", old_views_keep_the_old_space},
           {"a_chain_that_is_cut_gives_a_fresh_space", a_chain_that_is_cut_gives_a_fresh_space},
           {"a_check_follows_the_chain_as_far_as_it_goes",
            a_check_follows_the_chain_as_far_as_it_goes},
           {"a_refresh_that_fails_can_be_tried_again", a_refresh_that_fails_can_be_tried_again},
           {"nothing_new_costs_no_call", nothing_new_costs_no_call},
           {"a_slot_that_was_being_written_is_looked_at_again",
            a_slot_that_was_being_written_is_looked_at_again},
           {"a_reader_needs_no_right_to_write", a_reader_needs_no_right_to_write},
           {"a_reader_opens_at_any_moment", a_reader_opens_at_any_moment},
           {"lock_says_who_writes", lock_says_who_writes},
           {"a_child_may_only_close", a_child_may_only_close})
