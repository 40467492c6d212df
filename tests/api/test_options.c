/* tests/api/test_options.c -- does every documented misuse of a call give the documented status,
 * with nothing in the result?
 *
 * SPDX-License-Identifier: MIT
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "xtree.h"

static const double UNIT_WINDOW[] = {0.0, 0.0, 1.0, 1.0};

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

static void path_make(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/%s", check_scratch(), name);
}

/* ---- creating ------------------------------------------------------------------------------ */

struct create_row {
    const char *name;
    xt_create_options options;
    xt_status want;
};

#define SIZE sizeof(xt_create_options)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static const struct create_row CREATE_ROWS[] = {
    {"only dims",                 {.struct_size = SIZE, .dims = 2},                                 XT_OK    },
    {"255 dims",                  {.struct_size = SIZE, .dims = 255},                               XT_OK    },
    {"struct_size 0",             {.struct_size = 0, .dims = 2},                                    XT_EINVAL},
    {"struct_size 1",             {.struct_size = 1, .dims = 2},                                    XT_EINVAL},
    {"struct_size far too large", {.struct_size = SIZE_MAX, .dims = 2},                             XT_EINVAL},
    {"no dims",                   {.struct_size = SIZE},                                            XT_EINVAL},
    {"256 dims",                  {.struct_size = SIZE, .dims = 256},                               XT_EINVAL},
    {"most dims",                 {.struct_size = SIZE, .dims = UINT32_MAX},                        XT_EINVAL},
    {"unknown kind",              {.struct_size = SIZE, .dims = 2, .kind = (xt_item_kind)3},        XT_EINVAL},
    {"unknown type",              {.struct_size = SIZE, .dims = 2, .coord_type = (xt_coord_type)3}, XT_EINVAL},
    {"arena of 2 MiB",            {.struct_size = SIZE, .dims = 2, .arena_bytes = 2 * MIB},         XT_OK    },
    {"arena of 3 MiB",            {.struct_size = SIZE, .dims = 2, .arena_bytes = 3 * MIB},         XT_EINVAL},
    {"arena of 1 byte",           {.struct_size = SIZE, .dims = 2, .arena_bytes = 1},               XT_EINVAL},
    {"arena of 512 GiB",          {.struct_size = SIZE, .dims = 2, .arena_bytes = 512 * GIB},       XT_EINVAL},
    {"window of 512 GiB",         {.struct_size = SIZE, .dims = 2, .window_bytes = 512 * GIB},      XT_EINVAL},
    {"leaf of 16",                {.struct_size = SIZE, .dims = 2, .leaf_capacity = 16},            XT_OK    },
    {"leaf of 1024",              {.struct_size = SIZE, .dims = 2, .leaf_capacity = 1024},          XT_OK    },
    {"leaf of 17",                {.struct_size = SIZE, .dims = 2, .leaf_capacity = 17},            XT_EINVAL},
    {"leaf of 8",                 {.struct_size = SIZE, .dims = 2, .leaf_capacity = 8},             XT_EINVAL},
    {"leaf of 1040",              {.struct_size = SIZE, .dims = 2, .leaf_capacity = 1040},          XT_EINVAL},
    {"inner of 16",               {.struct_size = SIZE, .dims = 2, .inner_capacity = 16},           XT_OK    },
    {"inner of 1024",             {.struct_size = SIZE, .dims = 2, .inner_capacity = 1024},         XT_OK    },
    {"inner of 24",               {.struct_size = SIZE, .dims = 2, .inner_capacity = 24},           XT_EINVAL},
    {"inner of 2048",             {.struct_size = SIZE, .dims = 2, .inner_capacity = 2048},         XT_EINVAL},
    {"align 65536",               {.struct_size = SIZE, .dims = 2, .extent_align = 65536},          XT_OK    },
    {"align 2048",                {.struct_size = SIZE, .dims = 2, .extent_align = 2048},           XT_EINVAL},
    {"align 131072",              {.struct_size = SIZE, .dims = 2, .extent_align = 131072},         XT_EINVAL},
    {"align 12288",               {.struct_size = SIZE, .dims = 2, .extent_align = 12288},          XT_EINVAL},
};

static void create_checks_every_option(void)
{
    for (size_t i = 0; i < CHECK_COUNT(CREATE_ROWS); i++) {
        const struct create_row *row = &CREATE_ROWS[i];
        xt_create_options options = row->options;
        xt_error error = {.status = XT_EIO};
        xt_store *store = (xt_store *)&options;

        check_row = row->name;
        if (options.struct_size == SIZE)
            options.error = &error;
        CHECK_STATUS(xt_store_create(NULL, &options, &store), row->want);
        CHECK((store != NULL) == (row->want == XT_OK));
        if (options.error != NULL)
            CHECK_STATUS(error.status, row->want);
        xt_store_close(store);
    }
}

static void create_needs_options(void)
{
    xt_store *store = (xt_store *)&store;

    CHECK_STATUS(xt_store_create(NULL, NULL, &store), XT_EINVAL);
    CHECK(store == NULL);
}

static void create_reports_what_is_in_the_way(void)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store = (xt_store *)&options;
    xt_error error = {0};
    char path[400];
    FILE *file;

    path_make(path, sizeof path, "file");
    file = fopen(path, "w");
    if (!CHECK(file != NULL))
        return;
    fclose(file);
    options.dims = 2;
    options.error = &error;
    CHECK_STATUS(xt_store_create(path, &options, &store), XT_EEXIST);
    CHECK(store == NULL);
    CHECK_STATUS(error.status, XT_EEXIST);
    CHECK(strstr(error.path, "file") != NULL);
    *strrchr(path, '/') = '\0';
    CHECK_STATUS(xt_store_create(path, &options, &store), XT_EEXIST);
    path_make(path, sizeof path, "missing/store");
    CHECK_STATUS(xt_store_create(path, &options, &store), XT_ENOTFOUND);
    CHECK(store == NULL);
    CHECK_STATUS(xt_store_create("", &options, &store), XT_EINVAL);
    CHECK(store == NULL);
}

/* ---- opening ------------------------------------------------------------------------------- */

static void open_checks_every_option(void)
{
    xt_create_options create = XT_CREATE_OPTIONS_INIT;
    static const struct {
        const char *name;
        xt_open_options options;
        xt_status want;
    } rows[] = {
        {"nothing but the size",          {.struct_size = sizeof(xt_open_options)}, XT_OK    },
        {"struct_size 0",                 {.struct_size = 0},                       XT_EINVAL},
        {"struct_size far too large",     {.struct_size = SIZE_MAX},                XT_EINVAL},
        {"unknown verify",
         {.struct_size = sizeof(xt_open_options), .verify = (xt_verify)3},
         XT_EINVAL                                                                           },
        {"window of 512 GiB",
         {.struct_size = sizeof(xt_open_options), .window_bytes = 512 * GIB},
         XT_EINVAL                                                                           },
        {"window smaller than the store",
         {.struct_size = sizeof(xt_open_options), .window_bytes = 2 * MIB},
         XT_EFULL                                                                            },
    };
    xt_store *store;
    char path[400];

    path_make(path, sizeof path, "store");
    create.dims = 2;
    if (!CHECK_STATUS(xt_store_create(path, &create, &store), XT_OK))
        return;
    CHECK_STATUS(xt_store_close(store), XT_OK);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        check_row = rows[i].name;
        store = (xt_store *)&create;
        CHECK_STATUS(xt_store_open(path, &rows[i].options, &store), rows[i].want);
        CHECK((store != NULL) == (rows[i].want == XT_OK));
        xt_store_close(store);
    }
    check_row = "NULL options";
    CHECK_STATUS(xt_store_open(path, NULL, &store), XT_OK);
    xt_store_close(store);
}

static void open_says_what_is_not_there(void)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_error error = {0};
    xt_store *store = (xt_store *)&options;
    char path[400];
    FILE *file;

    options.error = &error;
    path_make(path, sizeof path, "none");
    CHECK_STATUS(xt_store_open(path, &options, &store), XT_ENOTFOUND);
    CHECK(store == NULL);
    CHECK_STATUS(error.status, XT_ENOTFOUND);
    CHECK(strstr(error.path, "none") != NULL);
    check_row = "an empty folder";
    *strrchr(path, '/') = '\0';
    CHECK_STATUS(xt_store_open(path, &options, &store), XT_ENOTFOUND);
    CHECK(store == NULL);
    check_row = "a file";
    path_make(path, sizeof path, "file");
    file = fopen(path, "w");
    if (!CHECK(file != NULL))
        return;
    fclose(file);
    CHECK(xt_store_open(path, &options, &store) < 0);
    CHECK(store == NULL);
    check_row = "no path";
    CHECK_STATUS(xt_store_open(NULL, &options, &store), XT_EINVAL);
    CHECK(store == NULL);
}

/* ---- loading ------------------------------------------------------------------------------- */

static void loader_checks_every_option(void)
{
    static const struct {
        const char *name;
        xt_loader_options options;
        xt_status want;
    } rows[] = {
        {"nothing but the size",      {.struct_size = sizeof(xt_loader_options)},  XT_OK    },
        {"struct_size 0",             {.struct_size = 0},                          XT_EINVAL},
        {"struct_size far too large", {.struct_size = SIZE_MAX},                   XT_EINVAL},
        {"least memory",
         {.struct_size = sizeof(xt_loader_options), .memory_limit = 16 * MIB},
         XT_OK                                                                              },
        {"too little memory",
         {.struct_size = sizeof(xt_loader_options), .memory_limit = 16 * MIB - 1},
         XT_EINVAL                                                                          },
        {"all threads",
         {.struct_size = sizeof(xt_loader_options), .threads = XT_THREADS_ALL},
         XT_OK                                                                              },
    };
    xt_store *store = memory_store(XT_POINTS, XT_F64);

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        xt_loader *loader = (xt_loader *)&loader;

        check_row = rows[i].name;
        CHECK_STATUS(xt_loader_open(store, &rows[i].options, &loader), rows[i].want);
        CHECK((loader != NULL) == (rows[i].want == XT_OK));
        xt_loader_cancel(loader);
    }
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void loader_refuses_bad_coordinates(void)
{
    static const struct {
        const char *name;
        xt_coord_type type;
        double low[2], high[2];
        xt_status want;
    } rows[] = {
        {"a box",                               XT_F64, {0.0, 0.0},             {1.0, 0.0},           XT_OK    },
        {"infinite",                            XT_F64, {-INFINITY, -INFINITY}, {INFINITY, INFINITY}, XT_OK    },
        {"infinite floats",                     XT_F32, {-INFINITY, INFINITY},  {INFINITY, INFINITY}, XT_OK    },
        {"-0.0 above 0.0",                      XT_F64, {0.0, 0.0},             {-0.0, -0.0},         XT_OK    },
        {"NaN in low",                          XT_F64, {NAN, 0.0},             {1.0, 1.0},           XT_EINVAL},
        {"NaN in high",                         XT_F64, {0.0, 0.0},             {1.0, NAN},           XT_EINVAL},
        {"low above high",                      XT_F64, {0.0, 2.0},             {1.0, 1.0},           XT_EINVAL},
        {"low above high by less than a float", XT_F32, {1.0 + 1e-15, 0},       {1.0, 0},             XT_EINVAL},
        {"beyond floats",                       XT_F32, {0.0, 0.0},             {1e39, 0.0},          XT_EINVAL},
        {"beyond floats below",                 XT_F32, {-1e39, 0.0},           {0.0, 0.0},           XT_EINVAL},
        {"beyond floats, in doubles",           XT_F64, {-1e39, 0.0},           {1e39, 0.0},          XT_OK    },
        {"just rounds to the largest float",    XT_F32, {0, 0},                 {3.4028235e38, 0},    XT_OK    },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        xt_store *store = memory_store(XT_BOXES, rows[i].type);
        xt_snapshot *snapshot;
        xt_loader *loader;

        check_row = rows[i].name;
        if (!CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK))
            return;
        CHECK_STATUS(xt_loader_add(loader, 1, rows[i].low, rows[i].high), rows[i].want);
        CHECK_STATUS(xt_loader_finish(loader), XT_OK);
        CHECK_STATUS(xt_store_publish(store), XT_OK);
        CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
        CHECK_U64(xt_snapshot_count(snapshot), rows[i].want == XT_OK);
        xt_snapshot_release(snapshot);
        CHECK_STATUS(xt_store_close(store), XT_OK);
    }
}

/* In a store of points a high corner is right only where it equals the low one. */
static void points_with_an_extent_are_refused(void)
{
    static const double low[] = {1.0, 2.0};
    static const double high[] = {1.0, 3.0};
    xt_store *store = memory_store(XT_POINTS, XT_F64);
    xt_loader *loader;

    if (!CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK))
        return;
    CHECK_STATUS(xt_loader_add(loader, 1, low, high), XT_EINVAL);
    CHECK_STATUS(xt_loader_add(loader, 1, low, NULL), XT_OK);
    xt_loader_cancel(loader);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void only_one_loader_at_a_time(void)
{
    xt_store *store = memory_store(XT_POINTS, XT_F64);
    xt_loader *loader;
    xt_loader *second = (xt_loader *)&second;

    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    CHECK_STATUS(xt_loader_open(store, NULL, &second), XT_EMISUSE);
    CHECK(second == NULL);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_EMISUSE);
    CHECK_STATUS(xt_store_close(store), XT_EMISUSE);
    xt_loader_cancel(loader);
    CHECK_STATUS(xt_loader_open(store, NULL, &second), XT_OK);
    CHECK_STATUS(xt_loader_finish(second), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

/* ---- queries ------------------------------------------------------------------------------- */

static const double UPSIDE_DOWN[] = {0.0, 1.0, 1.0, 0.5};
static const double NAN_WINDOW[] = {0.0, 0.0, 1.0, NAN};
static const xt_condition ALSO[] = {
    {XT_DISJOINT,     UNIT_WINDOW},
    {XT_CONTAINS,     UNIT_WINDOW},
    {XT_INTERSECTS,   NULL       },
    {(xt_predicate)4, UNIT_WINDOW},
    {XT_WITHIN,       UPSIDE_DOWN},
    {XT_WITHIN,       NAN_WINDOW }
};

static void query_checks_every_option(void)
{
    static const struct {
        const char *name;
        xt_query_options options;
        xt_status want;
    } rows[] = {
        {"nothing but the size",            {.struct_size = sizeof(xt_query_options)},                           XT_OK    },
        {"struct_size 0",                   {.struct_size = 0},                                                  XT_EINVAL},
        {"struct_size far too large",       {.struct_size = SIZE_MAX},                                           XT_EINVAL},
        {"within",                          {.struct_size = sizeof(xt_query_options), .predicate = XT_WITHIN},   XT_OK    },
        {"unknown predicate",
         {.struct_size = sizeof(xt_query_options), .predicate = (xt_predicate)4},
         XT_EINVAL                                                                                                        },
        {"portable kernel",
         {.struct_size = sizeof(xt_query_options), .kernel = XT_KERNEL_PORTABLE},
         XT_OK                                                                                                            },
        {"unknown kernel",
         {.struct_size = sizeof(xt_query_options), .kernel = (xt_kernel)4},
         XT_EINVAL                                                                                                        },
        {"largest limit",                   {.struct_size = sizeof(xt_query_options), .limit = UINT64_MAX},      XT_OK    },
        {"disjoint",                        {.struct_size = sizeof(xt_query_options), .predicate = XT_DISJOINT}, XT_OK    },
        {"conditions",
         {.struct_size = sizeof(xt_query_options), .also = ALSO, .also_count = 2},
         XT_OK                                                                                                            },
        {"conditions that are not counted",
         {.struct_size = sizeof(xt_query_options), .also = ALSO + 2},
         XT_OK                                                                                                            },
        {"conditions that are not there",
         {.struct_size = sizeof(xt_query_options), .also_count = 1},
         XT_EINVAL                                                                                                        },
        {"condition without window",
         {.struct_size = sizeof(xt_query_options), .also = ALSO, .also_count = 3},
         XT_EINVAL                                                                                                        },
        {"condition of an unknown kind",
         {.struct_size = sizeof(xt_query_options), .also = ALSO + 3, .also_count = 1},
         XT_EINVAL                                                                                                        },
        {"condition upside down",
         {.struct_size = sizeof(xt_query_options), .also = ALSO + 4, .also_count = 1},
         XT_EINVAL                                                                                                        },
        {"condition with NaN",
         {.struct_size = sizeof(xt_query_options), .also = ALSO + 5, .also_count = 1},
         XT_EINVAL                                                                                                        },
        {"as old as the limit",             {.struct_size = 3 * sizeof(uint64_t), .also_count = 1},              XT_OK    },
    };
    xt_store *store = memory_store(XT_POINTS, XT_F64);
    xt_snapshot *snapshot;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        xt_query *query = (xt_query *)&query;

        check_row = rows[i].name;
        CHECK_STATUS(xt_query_window(snapshot, UNIT_WINDOW, &rows[i].options, &query),
                     rows[i].want);
        CHECK((query != NULL) == (rows[i].want == XT_OK));
        xt_query_close(query);
    }
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void query_refuses_bad_windows(void)
{
    static const struct {
        const char *name;
        double window[4];
        xt_status want;
    } rows[] = {
        {"infinite",                 {-INFINITY, -INFINITY, INFINITY, INFINITY}, XT_OK    },
        {"without size",             {1.0, 1.0, 1.0, 1.0},                       XT_OK    },
        {"at infinity",              {INFINITY, INFINITY, INFINITY, INFINITY},   XT_OK    },
        {"-0.0 above 0.0",           {0.0, 0.0, -0.0, -0.0},                     XT_OK    },
        {"NaN low",                  {NAN, 0.0, 1.0, 1.0},                       XT_EINVAL},
        {"NaN high",                 {0.0, 0.0, 1.0, NAN},                       XT_EINVAL},
        {"low above high",           {0.0, 1.0, 1.0, 0.5},                       XT_EINVAL},
        {"infinities the wrong way", {INFINITY, 0.0, -INFINITY, 1.0},            XT_EINVAL},
    };
    xt_store *store = memory_store(XT_POINTS, XT_F64);
    xt_snapshot *snapshot;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        xt_query *query = (xt_query *)&query;

        check_row = rows[i].name;
        CHECK_STATUS(xt_query_window(snapshot, rows[i].window, NULL, &query), rows[i].want);
        CHECK((query != NULL) == (rows[i].want == XT_OK));
        xt_query_close(query);
    }
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void covers_takes_a_point_and_no_other_predicate(void)
{
    static const struct {
        const char *name;
        double point[2];
        xt_predicate predicate;
        xt_status want;
    } rows[] = {
        {"a point",  {1.0, 2.0},       XT_INTERSECTS,   XT_OK    },
        {"contains", {1.0, 2.0},       XT_CONTAINS,     XT_OK    },
        {"infinite", {1.0, -INFINITY}, XT_CONTAINS,     XT_OK    },
        {"NaN",      {1.0, NAN},       XT_CONTAINS,     XT_EINVAL},
        {"within",   {1.0, 2.0},       XT_WITHIN,       XT_EINVAL},
        {"disjoint", {1.0, 2.0},       XT_DISJOINT,     XT_EINVAL},
        {"unknown",  {1.0, 2.0},       (xt_predicate)4, XT_EINVAL},
    };
    xt_store *store = memory_store(XT_BOXES, XT_F32);
    xt_snapshot *snapshot;
    xt_query *query = (xt_query *)&query;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        xt_query_options options = XT_QUERY_OPTIONS_INIT;

        check_row = rows[i].name;
        options.predicate = rows[i].predicate;
        CHECK_STATUS(xt_query_covers(snapshot, rows[i].point, &options, &query), rows[i].want);
        CHECK((query != NULL) == (rows[i].want == XT_OK));
        xt_query_close(query);
    }
    query = (xt_query *)&query;
    CHECK_STATUS(xt_query_covers(snapshot, NULL, NULL, &query), XT_EINVAL);
    CHECK(query == NULL);
    CHECK_STATUS(xt_query_covers(NULL, UNIT_WINDOW, NULL, &query), XT_EINVAL);
    CHECK_STATUS(xt_query_covers(snapshot, UNIT_WINDOW, NULL, NULL), XT_EINVAL);
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void batch_needs_room(void)
{
    xt_store *store = memory_store(XT_POINTS, XT_F64);
    xt_snapshot *snapshot;
    xt_query *query;
    uint64_t id;
    size_t count = 7;

    CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
    CHECK_STATUS(xt_query_window(snapshot, UNIT_WINDOW, NULL, &query), XT_OK);
    CHECK_STATUS(xt_query_next_batch(query, &id, 0, &count), XT_EINVAL);
    CHECK_U64(count, 0);
    CHECK_STATUS(xt_query_next_batch(query, &id, 1, &count), XT_DONE);
    xt_query_close(query);
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

/* ---- results with a size ------------------------------------------------------------------- */

static void stats_want_their_size(void)
{
    static const size_t sizes[] = {0, 1, SIZE_MAX};
    xt_store *store = memory_store(XT_POINTS, XT_F64);
    xt_snapshot *snapshot;
    xt_query *query;

    CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
    CHECK_STATUS(xt_query_window(snapshot, UNIT_WINDOW, NULL, &query), XT_OK);
    for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
        xt_store_stats of_store = {.struct_size = sizes[i]};
        xt_arena_stats of_arena = {.struct_size = sizes[i]};
        xt_tree_stats of_tree = {.struct_size = sizes[i]};
        xt_walk_stats of_walk = {.struct_size = sizes[i]};
        xt_check_options options = {.struct_size = sizes[i]};
        xt_check_report report = {.struct_size = sizes[i]};

        CHECK_STATUS(xt_store_stat(store, &of_store), XT_EINVAL);
        CHECK_STATUS(xt_store_arena(store, 0, &of_arena), XT_EINVAL);
        CHECK_STATUS(xt_snapshot_stats(snapshot, &of_tree), XT_EINVAL);
        CHECK_STATUS(xt_query_stats(query, &of_walk), XT_EINVAL);
        CHECK_STATUS(xt_store_check(store, NULL, &report), XT_EINVAL);
        report.struct_size = sizeof report;
        CHECK_STATUS(xt_store_check(store, &options, &report), XT_EINVAL);
    }
    xt_query_close(query);
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void arenas_end_at_their_count(void)
{
    xt_store *store = memory_store(XT_POINTS, XT_F64);
    xt_store_stats of_store = {.struct_size = sizeof of_store};
    xt_arena_stats of_arena = {.struct_size = sizeof of_arena};

    CHECK_STATUS(xt_store_stat(store, &of_store), XT_OK);
    CHECK_STATUS(xt_store_arena(store, of_store.arena_count, &of_arena), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_arena(store, UINT64_MAX, &of_arena), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void nothing_can_be_ended(void)
{
    CHECK_STATUS(xt_store_close(NULL), XT_OK);
    xt_loader_cancel(NULL);
    xt_snapshot_release(NULL);
    xt_query_close(NULL);
}

static void every_status_has_name_and_text(void)
{
    static const struct {
        xt_status status;
        int value;
        const char *name;
    } rows[] = {
#define STATUS_ROW(name, value, text) {name, value, #name},
        XT_STATUS_MAP(STATUS_ROW)
#undef STATUS_ROW
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        check_row = rows[i].name;
        CHECK_INT(rows[i].status, rows[i].value);
        CHECK_STR(xt_status_name(rows[i].status), rows[i].name);
        CHECK(strlen(xt_status_text(rows[i].status)) > 0);
    }
    check_row = "no status";
    CHECK(xt_status_name((xt_status)INT_MIN) != NULL);
    CHECK(xt_status_text((xt_status)INT_MAX) != NULL);
    CHECK_U64(xt_version(), XT_VERSION_NUMBER);
}

CHECK_MAIN({"create_checks_every_option", create_checks_every_option},
           {"create_needs_options", create_needs_options},
           {"create_reports_what_is_in_the_way", create_reports_what_is_in_the_way},
           {"open_checks_every_option", open_checks_every_option},
           {"open_says_what_is_not_there", open_says_what_is_not_there},
           {"loader_checks_every_option", loader_checks_every_option},
           {"loader_refuses_bad_coordinates", loader_refuses_bad_coordinates},
           {"points_with_an_extent_are_refused", points_with_an_extent_are_refused},
           {"only_one_loader_at_a_time", only_one_loader_at_a_time},
           {"query_checks_every_option", query_checks_every_option},
           {"query_refuses_bad_windows", query_refuses_bad_windows},
           {"covers_takes_a_point_and_no_other_predicate",
            covers_takes_a_point_and_no_other_predicate},
           {"batch_needs_room", batch_needs_room}, {"stats_want_their_size", stats_want_their_size},
           {"arenas_end_at_their_count", arenas_end_at_their_count},
           {"nothing_can_be_ended", nothing_can_be_ended},
           {"every_status_has_name_and_text", every_status_has_name_and_text})
