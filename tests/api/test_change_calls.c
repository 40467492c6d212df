/* tests/api/test_change_calls.c -- does every documented misuse of single changes give the
 * documented status, and change nothing?
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "xtree.h"

static const double ZERO[] = {0.0, 0.0};
static const double ONE[] = {1.0, 1.0};
static const double TWO[] = {2.0, 2.0};

static xt_store *memory_store(xt_item_kind kind, xt_coord_type type)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store;

    options.dims = 2;
    options.kind = kind;
    options.coord_type = type;
    options.window_bytes = UINT64_C(1) << 30;
    CHECK_STATUS(xt_store_create(NULL, &options, &store), XT_OK);
    return store;
}

/* Publishes. */
static uint64_t items_in(xt_store *store)
{
    xt_snapshot *snapshot;
    uint64_t count;

    CHECK_STATUS(xt_store_publish(store), XT_OK);
    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return UINT64_MAX;
    count = xt_snapshot_count(snapshot);
    xt_snapshot_release(snapshot);
    return count;
}

/* The bounds of all items are those. */
static bool bounds_are(xt_store *store, const double *low, const double *high)
{
    xt_snapshot *snapshot;
    double got_low[2], got_high[2];
    bool same;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return false;
    CHECK_STATUS(xt_snapshot_bounds(snapshot, got_low, got_high), XT_OK);
    same =
        memcmp(got_low, low, sizeof got_low) == 0 && memcmp(got_high, high, sizeof got_high) == 0;
    xt_snapshot_release(snapshot);
    return same;
}

/* ---- boxes --------------------------------------------------------------------------------- */

struct box_row {
    const char *name;
    xt_item_kind kind;
    xt_coord_type type;
    double low[2], high[2];
    bool is_point; /* high is given as NULL */
    xt_status want;
};

static const struct box_row BOX_ROWS[] = {
    {"a point",                    XT_POINTS, XT_F64, {1, 2},                   {0},                  true,  XT_OK    },
    {"a point as a box",           XT_POINTS, XT_F64, {1, 2},                   {1, 2},               false, XT_OK    },
    {"both zeros are the same",    XT_POINTS, XT_F64, {0.0, 2},                 {-0.0, 2},            false, XT_OK    },
    {"infinities",                 XT_POINTS, XT_F64, {INFINITY, -INFINITY},    {0},                  true,  XT_OK    },
    {"the largest",                XT_POINTS, XT_F64, {DBL_MAX, -DBL_MAX},      {0},                  true,  XT_OK    },
    {"NaN in a point",             XT_POINTS, XT_F64, {1, NAN},                 {0},                  true,  XT_EINVAL},
    {"NaN on the first axis",      XT_POINTS, XT_F64, {NAN, 1},                 {0},                  true,  XT_EINVAL},
    {"a box among points",         XT_POINTS, XT_F64, {1, 2},                   {1, 3},               false, XT_EINVAL},
    {"an ulp long among points",
     XT_POINTS,                               XT_F64,
     {1, 2},
     {1, 0x1.0000000000001p1},
     false,                                                                                                  XT_EINVAL},
    {"an ulp long among floats",
     XT_POINTS,                               XT_F32,
     {1, 2},
     {1, 0x1.0000000000001p1},
     false,                                                                                                  XT_EINVAL},
    {"a box",                      XT_BOXES,  XT_F64, {1, 2},                   {3, 4},               false, XT_OK    },
    {"a point among boxes",        XT_BOXES,  XT_F64, {1, 2},                   {0},                  true,  XT_OK    },
    {"all of space",               XT_BOXES,  XT_F64, {-INFINITY, -INFINITY},   {INFINITY, INFINITY}, false, XT_OK    },
    {"low above high",             XT_BOXES,  XT_F64, {1, 2},                   {3, 1},               false, XT_EINVAL},
    {"low an ulp above high",      XT_BOXES,  XT_F64, {1, 0x1.0000000000001p1}, {3, 2},               false, XT_EINVAL},
    {"the same in floats",         XT_BOXES,  XT_F32, {1, 0x1.0000000000001p1}, {3, 2},               false, XT_EINVAL},
    {"NaN in low",                 XT_BOXES,  XT_F64, {NAN, 2},                 {3, 4},               false, XT_EINVAL},
    {"NaN in high",                XT_BOXES,  XT_F64, {1, 2},                   {3, NAN},             false, XT_EINVAL},
    {"NaN in both",                XT_BOXES,  XT_F64, {1, NAN},                 {3, NAN},             false, XT_EINVAL},
    {"the largest float",          XT_POINTS, XT_F32, {(double)FLT_MAX, 0},     {0},                  true,  XT_OK    },
    {"infinity in floats",         XT_POINTS, XT_F32, {INFINITY, -INFINITY},    {0},                  true,  XT_OK    },
    {"too large for a float",      XT_POINTS, XT_F32, {1e39, 0},                {0},                  true,  XT_EINVAL},
    {"too low for a float",        XT_BOXES,  XT_F32, {0, -1e39},               {1, 1},               false, XT_EINVAL},
    {"high too large for a float", XT_BOXES,  XT_F32, {0, 0},                   {1, DBL_MAX},         false, XT_EINVAL},
    {"too small for a float",      XT_POINTS, XT_F32, {1e-300, 0},              {0},                  true,  XT_OK    },
};

static void every_box_is_taken_or_refused_whole(void)
{
    for (size_t i = 0; i < CHECK_COUNT(BOX_ROWS); i++) {
        const struct box_row *row = &BOX_ROWS[i];
        const double *high = row->is_point ? NULL : row->high;
        bool is_good = row->want == XT_OK;
        xt_store *store = memory_store(row->kind, row->type);

        check_row = row->name;
        CHECK_STATUS(xt_store_insert(store, 7, row->low, high), row->want);
        CHECK_U64(items_in(store), is_good);
        CHECK_STATUS(xt_store_remove(store, 7, row->low, high), row->want);
        CHECK_U64(items_in(store), 0);
        CHECK_STATUS(xt_store_insert(store, 7, ONE, NULL), XT_OK);
        CHECK_STATUS(xt_store_move(store, 7, ONE, NULL, row->low, high), row->want);
        CHECK_U64(items_in(store), 1);
        if (!is_good) {
            CHECK(bounds_are(store, ONE, ONE));
            CHECK_STATUS(xt_store_move(store, 7, row->low, high, TWO, NULL), XT_EINVAL);
            CHECK(bounds_are(store, ONE, ONE));
        } else {
            CHECK_STATUS(xt_store_move(store, 7, row->low, high, TWO, NULL), XT_OK);
            CHECK_U64(items_in(store), 1);
            CHECK(bounds_are(store, TWO, TWO));
        }
        CHECK_STATUS(xt_store_close(store), XT_OK);
    }
}

/* Boxes are rounded as they are kept, so what was given finds what is there. */
static void floats_are_found_by_what_was_given(void)
{
    const double given[] = {0.1, 1.0 / 3};
    const double kept[] = {(double)0.1f, (double)(1.0f / 3)};
    xt_store *store = memory_store(XT_POINTS, XT_F32);

    CHECK_STATUS(xt_store_insert(store, 1, given, NULL), XT_OK);
    CHECK_STATUS(xt_store_move(store, 1, given, NULL, given, NULL), XT_OK);
    CHECK_STATUS(xt_store_remove(store, 1, given, NULL), XT_OK);
    CHECK_STATUS(xt_store_insert(store, 1, given, NULL), XT_OK);
    CHECK_STATUS(xt_store_remove(store, 1, kept, NULL), XT_OK);
    CHECK_U64(items_in(store), 0);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

/* ---- what is not there --------------------------------------------------------------------- */

static void what_is_not_there_is_not_found(void)
{
    const double high[] = {1.0, 2.0};
    xt_store *store = memory_store(XT_BOXES, XT_F64);

    CHECK_STATUS(xt_store_remove(store, 1, ONE, NULL), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_move(store, 1, ONE, NULL, TWO, NULL), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_insert(store, 1, ONE, high), XT_OK);
    CHECK_STATUS(xt_store_remove(store, 1, ONE, NULL), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_remove(store, 2, ONE, high), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_remove(store, 1, ONE, TWO), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_remove(store, 1, ZERO, high), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_move(store, 2, ONE, high, TWO, NULL), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_move(store, 1, ONE, TWO, TWO, NULL), XT_ENOTFOUND);
    CHECK_U64(items_in(store), 1);
    CHECK(bounds_are(store, ONE, high));
    CHECK_STATUS(xt_store_remove(store, 1, ONE, high), XT_OK);
    CHECK_STATUS(xt_store_remove(store, 1, ONE, high), XT_ENOTFOUND);
    CHECK_U64(items_in(store), 0);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void of_equal_items_one_is_removed_at_a_time(void)
{
    xt_store *store = memory_store(XT_POINTS, XT_F64);

    for (unsigned i = 0; i < 200; i++)
        CHECK_STATUS(xt_store_insert(store, UINT64_MAX, ONE, NULL), XT_OK);
    CHECK_STATUS(xt_store_move(store, UINT64_MAX, ONE, NULL, TWO, NULL), XT_OK);
    CHECK_U64(items_in(store), 200);
    CHECK_STATUS(xt_store_remove(store, UINT64_MAX, TWO, NULL), XT_OK);
    CHECK_STATUS(xt_store_remove(store, UINT64_MAX, TWO, NULL), XT_ENOTFOUND);
    for (unsigned left = 199; left-- > 0;) {
        CHECK_STATUS(xt_store_remove(store, UINT64_MAX, ONE, NULL), XT_OK);
        CHECK_U64(items_in(store), left);
    }
    CHECK_STATUS(xt_store_remove(store, UINT64_MAX, ONE, NULL), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

/* ---- arguments and states ------------------------------------------------------------------ */

static void missing_arguments_are_refused(void)
{
    xt_store *store = memory_store(XT_POINTS, XT_F64);
    xt_change_stats stats = {.struct_size = sizeof stats};

    CHECK_STATUS(xt_store_insert(NULL, 1, ONE, NULL), XT_EINVAL);
    CHECK_STATUS(xt_store_insert(store, 1, NULL, ONE), XT_EINVAL);
    CHECK_STATUS(xt_store_remove(NULL, 1, ONE, NULL), XT_EINVAL);
    CHECK_STATUS(xt_store_remove(store, 1, NULL, NULL), XT_EINVAL);
    CHECK_STATUS(xt_store_move(NULL, 1, ONE, NULL, TWO, NULL), XT_EINVAL);
    CHECK_STATUS(xt_store_move(store, 1, NULL, ONE, TWO, NULL), XT_EINVAL);
    CHECK_STATUS(xt_store_move(store, 1, ONE, NULL, NULL, TWO), XT_EINVAL);
    CHECK_STATUS(xt_store_changes(NULL, &stats), XT_EINVAL);
    CHECK_STATUS(xt_store_changes(store, NULL), XT_EINVAL);
    stats.struct_size = 0;
    CHECK_STATUS(xt_store_changes(store, &stats), XT_EINVAL);
    stats.struct_size = sizeof stats + 8;
    CHECK_STATUS(xt_store_changes(store, &stats), XT_EINVAL);
    CHECK_U64(items_in(store), 0);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void check_misuse(xt_store *store)
{
    xt_change_stats stats = {.struct_size = sizeof stats};

    CHECK_STATUS(xt_store_insert(store, 2, ONE, NULL), XT_EMISUSE);
    CHECK_STATUS(xt_store_remove(store, 1, ONE, NULL), XT_EMISUSE);
    CHECK_STATUS(xt_store_move(store, 1, ONE, NULL, TWO, NULL), XT_EMISUSE);
    CHECK_STATUS(xt_store_changes(store, &stats), XT_EMISUSE);
}

static void readers_change_nothing(void)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    const char *path = check_scratch();
    xt_store *store;

    options.dims = 2;
    CHECK_STATUS(xt_store_create(path, &options, &store), XT_OK);
    CHECK_STATUS(xt_store_insert(store, 1, ONE, NULL), XT_OK);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    CHECK_STATUS(xt_store_open(path, NULL, &store), XT_OK);
    check_misuse(store);
    CHECK(bounds_are(store, ONE, ONE));
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void nothing_else_changes_while_a_loader_is_open(void)
{
    xt_store *store = memory_store(XT_POINTS, XT_F64);
    xt_loader *loader;

    CHECK_STATUS(xt_store_insert(store, 1, ONE, NULL), XT_OK);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    check_misuse(store);
    CHECK_STATUS(xt_loader_add(loader, 2, TWO, NULL), XT_OK);
    check_misuse(store);
    CHECK_STATUS(xt_loader_finish(loader), XT_OK);
    CHECK_STATUS(xt_store_remove(store, 1, ONE, NULL), XT_OK);
    CHECK_U64(items_in(store), 1);
    CHECK(bounds_are(store, TWO, TWO));
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void changes_are_pending_until_they_are_published(void)
{
    xt_store *store = memory_store(XT_POINTS, XT_F64);
    xt_snapshot *before, *after;

    CHECK_STATUS(xt_snapshot_latest(store, &before), XT_OK);
    CHECK_STATUS(xt_store_insert(store, 1, ONE, NULL), XT_OK);
    CHECK_STATUS(xt_snapshot_latest(store, &after), XT_OK);
    CHECK_U64(xt_snapshot_count(after), 0);
    xt_snapshot_release(after);
    CHECK_U64(items_in(store), 1);
    CHECK_U64(xt_snapshot_count(before), 0);
    CHECK_STATUS(xt_store_move(store, 1, ONE, NULL, TWO, NULL), XT_OK);
    CHECK_STATUS(xt_store_insert(store, 2, ONE, NULL), XT_OK);
    CHECK_STATUS(xt_store_rollback(store), XT_OK);
    CHECK_U64(items_in(store), 1);
    CHECK(bounds_are(store, ONE, ONE));
    xt_snapshot_release(before);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

/* ---- options ------------------------------------------------------------------------------- */

static void medium_and_most_overlap_are_checked(void)
{
    static const struct {
        const char *name;
        xt_medium medium;
        double max_overlap;
        xt_status want;
    } rows[] = {
        {"defaults",       XT_MEDIUM_MEMORY, 0.0,      XT_OK    },
        {"disk",           XT_MEDIUM_DISK,   0.0,      XT_OK    },
        {"a fifth",        XT_MEDIUM_MEMORY, 0.2,      XT_OK    },
        {"all",            XT_MEDIUM_DISK,   1.0,      XT_OK    },
        {"unknown medium", (xt_medium)2,     0.0,      XT_EINVAL},
        {"below 0",        XT_MEDIUM_MEMORY, -0.01,    XT_EINVAL},
        {"above 1",        XT_MEDIUM_MEMORY, 1.01,     XT_EINVAL},
        {"NaN",            XT_MEDIUM_MEMORY, NAN,      XT_EINVAL},
        {"infinite",       XT_MEDIUM_MEMORY, INFINITY, XT_EINVAL},
    };
    xt_create_options plain = XT_CREATE_OPTIONS_INIT;
    const char *path = check_scratch();
    xt_store *store;

    plain.dims = 2;
    CHECK_STATUS(xt_store_create(path, &plain, &store), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        xt_create_options create = plain;
        xt_open_options open = XT_OPEN_OPTIONS_INIT;
        xt_change_stats stats = {.struct_size = sizeof stats};
        xt_error error = {.status = XT_EIO};

        check_row = rows[i].name;
        create.medium = open.medium = rows[i].medium;
        create.max_overlap = open.max_overlap = rows[i].max_overlap;
        create.error = open.error = &error;
        open.writable = true;
        CHECK_STATUS(xt_store_create(NULL, &create, &store), rows[i].want);
        CHECK_STATUS(error.status, rows[i].want);
        CHECK((store != NULL) == (rows[i].want == XT_OK));
        CHECK_STATUS(xt_store_close(store), XT_OK);
        CHECK_STATUS(xt_store_open(path, &open, &store), rows[i].want);
        CHECK_STATUS(error.status, rows[i].want);
        if (rows[i].want == XT_OK) {
            CHECK_STATUS(xt_store_changes(store, &stats), XT_OK);
            CHECK(stats.struct_size == sizeof stats);
            CHECK(rows[i].max_overlap > 0 ? stats.max_overlap == rows[i].max_overlap
                                          : stats.max_overlap > 0 && stats.max_overlap < 1);
        }
        CHECK_STATUS(xt_store_close(store), XT_OK);
    }
}

/* ---- commits by themselves ----------------------------------------------------------------- */

static uint64_t commits_of(xt_store *store)
{
    xt_store_stats stats = {.struct_size = sizeof stats};

    CHECK_STATUS(xt_store_stat(store, &stats), XT_OK);
    return stats.txn;
}

static void a_publish_commits_when_changes_enough_were_made(void)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    const double *const corners[] = {ZERO, ONE, TWO};
    char path[400];
    xt_store *store;
    uint64_t before;

    options.dims = 2;
    options.window_bytes = UINT64_C(1) << 30;
    options.commit_changes = 3;
    snprintf(path, sizeof path, "%s/store", check_scratch());
    if (!CHECK_STATUS(xt_store_create(path, &options, &store), XT_OK))
        return;
    before = commits_of(store);
    for (uint64_t i = 0; i < 6; i++) { /* every third one commits */
        CHECK_STATUS(xt_store_insert(store, i, corners[i % 3], NULL), XT_OK);
        CHECK_STATUS(xt_store_publish(store), XT_OK);
        CHECK_U64(commits_of(store), before + (i + 1) / 3);
    }
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

CHECK_MAIN({"every_box_is_taken_or_refused_whole", every_box_is_taken_or_refused_whole},
           {"floats_are_found_by_what_was_given", floats_are_found_by_what_was_given},
           {"what_is_not_there_is_not_found", what_is_not_there_is_not_found},
           {"of_equal_items_one_is_removed_at_a_time", of_equal_items_one_is_removed_at_a_time},
           {"missing_arguments_are_refused", missing_arguments_are_refused},
           {"readers_change_nothing", readers_change_nothing},
           {"nothing_else_changes_while_a_loader_is_open",
            nothing_else_changes_while_a_loader_is_open},
           {"changes_are_pending_until_they_are_published",
            changes_are_pending_until_they_are_published},
           {"a_publish_commits_when_changes_enough_were_made",
            a_publish_commits_when_changes_enough_were_made},
           {"medium_and_most_overlap_are_checked", medium_and_most_overlap_are_checked})
