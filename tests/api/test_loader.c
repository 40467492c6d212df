/* tests/api/test_loader.c -- does a bulk load take rows of any shape, keep its promises when it is
 * cancelled or short of memory, and build the same answers whatever it may use?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>

#include "support/answers.h"
#include "support/check.h"

static uint64_t seed;

static xt_store *memory_store(uint32_t dims, xt_item_kind kind, xt_coord_type type)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store;

    options.dims = dims;
    options.kind = kind;
    options.coord_type = type;
    CHECK_STATUS(xt_store_create(NULL, &options, &store), XT_OK);
    return store;
}

static uint64_t items_in(xt_store *store)
{
    xt_snapshot *snapshot;
    uint64_t count;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return UINT64_MAX;
    count = xt_snapshot_count(snapshot);
    xt_snapshot_release(snapshot);
    return count;
}

/* Commits, compares with the oracle and ends both. */
static void finish_and_compare(xt_store *store, struct oracle *oracle, unsigned windows)
{
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    answers_hold(store, oracle, windows, &seed);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(oracle);
}

/* ---- shapes of rows ------------------------------------------------------------------------ */

struct record {
    uint64_t id;
    double low[2];
    char between[8];
    double high[2];
};

static void rows_may_be_an_array_of_structs(void)
{
    static struct record records[300];
    xt_store *store = memory_store(2, XT_BOXES, XT_F64);
    xt_rows rows = {.count = CHECK_COUNT(records),
                    .ids = &records[0].id,
                    .id_stride = sizeof records[0],
                    .low = records[0].low,
                    .high = records[0].high,
                    .row_stride = sizeof records[0]};
    struct oracle oracle;
    xt_loader *loader;
    size_t added = 0;

    seed = check_seed;
    oracle_init(&oracle, (struct oracle_schema){2, XT_BOXES, XT_F64}, CHECK_COUNT(records),
                ORACLE_UNIFORM, &seed);
    for (size_t i = 0; i < CHECK_COUNT(records); i++) {
        records[i].id = oracle.ids[i];
        memcpy(records[i].low, oracle.low + 2 * i, sizeof records[i].low);
        memcpy(records[i].high, oracle.high + 2 * i, sizeof records[i].high);
    }
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    CHECK_STATUS(xt_loader_add_many(loader, &rows, &added), XT_OK);
    CHECK_U64(added, CHECK_COUNT(records));
    memset(records, 0xff, sizeof records); /* they were copied */
    CHECK_STATUS(xt_loader_finish(loader), XT_OK);
    finish_and_compare(store, &oracle, 24);
}

static void rows_may_be_one_array_for_each_axis(void)
{
    static double columns[3][500];
    xt_store *store = memory_store(3, XT_POINTS, XT_F64);
    xt_rows rows = {.count = 500,
                    .low = columns,
                    .row_stride = sizeof(double),
                    .axis_stride = sizeof columns[0]};
    struct oracle oracle;
    xt_loader *loader;

    seed = check_seed;
    oracle_init(&oracle, (struct oracle_schema){3, XT_POINTS, XT_F64}, 500, ORACLE_CLUSTERED,
                &seed);
    rows.ids = oracle.ids;
    for (size_t i = 0; i < 500; i++) {
        for (size_t axis = 0; axis < 3; axis++)
            columns[axis][i] = oracle.low[3 * i + axis];
    }
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    CHECK_STATUS(xt_loader_add_many(loader, &rows, NULL), XT_OK);
    CHECK_STATUS(xt_loader_finish(loader), XT_OK);
    finish_and_compare(store, &oracle, 24);
}

static void rows_of_floats_go_into_stores_of_both_types(void)
{
    static const xt_coord_type types[] = {XT_F32, XT_F64};
    static float values[400];

    for (size_t t = 0; t < CHECK_COUNT(types); t++) {
        xt_store *store = memory_store(2, XT_POINTS, types[t]);
        xt_rows rows = {.count = 200, .low = values, .type = XT_F32};
        struct oracle oracle;
        xt_loader *loader;

        seed = check_seed;
        oracle_init(&oracle, (struct oracle_schema){2, XT_POINTS, types[t]}, 200, ORACLE_LAST_BITS,
                    &seed);
        for (size_t i = 0; i < 400; i++) {
            values[i] = (float)oracle.low[i];
            oracle.low[i] = (double)values[i];
        }
        rows.ids = oracle.ids;
        CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
        CHECK_STATUS(xt_loader_add_many(loader, &rows, NULL), XT_OK);
        CHECK_STATUS(xt_loader_finish(loader), XT_OK);
        finish_and_compare(store, &oracle, 24);
    }
}

static void rows_without_ids_are_numbered_over_the_whole_load(void)
{
    xt_store *store = memory_store(2, XT_POINTS, XT_F64);
    struct oracle oracle;
    xt_loader *loader;
    xt_rows rows = {0};

    seed = check_seed;
    oracle_init(&oracle, (struct oracle_schema){2, XT_POINTS, XT_F64}, 1000, ORACLE_GRID, &seed);
    oracle.first_id = 0;
    for (size_t i = 0; i < oracle.count; i++)
        oracle.ids[i] = i;
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    for (size_t i = 0; i < 1000; i += rows.count) {
        rows.count = i == 0 ? 300 : 350;
        rows.low = oracle.low + 2 * i;
        CHECK_STATUS(xt_loader_add_many(loader, &rows, NULL), XT_OK);
    }
    CHECK_STATUS(xt_loader_finish(loader), XT_OK);
    finish_and_compare(store, &oracle, 24);
}

/* Points in a store of boxes; two strides that are the same for ids and rows are not needed. */
static void points_go_into_a_store_of_boxes(void)
{
    xt_store *store = memory_store(2, XT_BOXES, XT_F64);
    struct oracle oracle;
    xt_loader *loader;
    xt_rows rows = {.count = 600};

    seed = check_seed;
    oracle_init(&oracle, (struct oracle_schema){2, XT_BOXES, XT_F64}, 700, ORACLE_UNIFORM, &seed);
    memcpy(oracle.high, oracle.low, 700 * 2 * sizeof(double));
    rows.low = oracle.low + 200;
    rows.ids = oracle.ids + 100;
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    for (size_t i = 0; i < 100; i++)
        CHECK_STATUS(xt_loader_add(loader, oracle.ids[i], oracle.low + 2 * i, NULL), XT_OK);
    CHECK_STATUS(xt_loader_add_many(loader, &rows, NULL), XT_OK);
    CHECK_STATUS(xt_loader_finish(loader), XT_OK);
    finish_and_compare(store, &oracle, 24);
}

static void bad_row_stops_exactly_there(void)
{
    static const size_t places[] = {0, 1, 99, 199};

    for (size_t i = 0; i < CHECK_COUNT(places); i++) {
        xt_store *store = memory_store(2, XT_POINTS, XT_F64);
        struct oracle oracle;
        xt_loader *loader;
        xt_rows rows = {.count = 200};
        size_t added = 9999;

        seed = check_seed;
        oracle_init(&oracle, (struct oracle_schema){2, XT_POINTS, XT_F64}, 200, ORACLE_UNIFORM,
                    &seed);
        oracle.low[2 * places[i] + 1] = NAN;
        rows.low = oracle.low;
        rows.ids = oracle.ids;
        CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
        CHECK_STATUS(xt_loader_add_many(loader, &rows, &added), XT_EINVAL);
        CHECK_U64(added, places[i]);
        oracle.low[2 * places[i] + 1] = 5.0;
        rows.count -= added;
        rows.low = oracle.low + 2 * added;
        rows.ids = oracle.ids + added;
        CHECK_STATUS(xt_loader_add_many(loader, &rows, &added), XT_OK);
        CHECK_U64(added, rows.count);
        CHECK_STATUS(xt_loader_finish(loader), XT_OK);
        finish_and_compare(store, &oracle, 8);
    }
}

static void no_rows_are_fine(void)
{
    xt_store *store = memory_store(2, XT_POINTS, XT_F64);
    xt_loader *loader;
    xt_rows rows = {0};
    size_t added = 7;

    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    CHECK_STATUS(xt_loader_add_many(loader, &rows, &added), XT_OK);
    CHECK_U64(added, 0);
    CHECK_STATUS(xt_loader_finish(loader), XT_OK);
    CHECK_U64(items_in(store), 0);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

/* ---- how much ------------------------------------------------------------------------------ */

static void every_count_around_a_capacity_works(void)
{
    static const size_t counts[] = {0,  1,   2,   15,  16,  17,   31,   32,   33,   47,   48,
                                    49, 255, 256, 257, 271, 1023, 1024, 1025, 4095, 4096, 4097};
    static const uint32_t capacities[] = {0, 16, 32, 1024};

    for (size_t i = 0; i < CHECK_COUNT(counts); i++) {
        for (size_t c = 0; c < CHECK_COUNT(capacities); c++) {
            xt_create_options options = XT_CREATE_OPTIONS_INIT;
            struct oracle oracle;
            xt_store *store;

            seed = check_seed;
            options.dims = 2;
            options.kind = c % 2 == 0 ? XT_POINTS : XT_BOXES;
            options.leaf_capacity = capacities[c];
            options.inner_capacity = capacities[c];
            oracle_init(&oracle, (struct oracle_schema){2, options.kind, XT_F64}, counts[i],
                        ORACLE_UNIFORM, &seed);
            CHECK_STATUS(xt_store_create(NULL, &options, &store), XT_OK);
            if (!CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK))
                return;
            finish_and_compare(store, &oracle, 4);
        }
    }
}

static void identical_items_are_kept_apart(void)
{
    static const uint32_t dims[] = {1, 2, 9};

    for (size_t i = 0; i < CHECK_COUNT(dims); i++) {
        xt_store *store = memory_store(dims[i], XT_BOXES, XT_F64);
        struct oracle oracle;

        seed = check_seed;
        oracle_init(&oracle, (struct oracle_schema){dims[i], XT_BOXES, XT_F64}, 5000, ORACLE_SAME,
                    &seed);
        CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
        finish_and_compare(store, &oracle, 16);
    }
}

static void equal_ids_are_allowed(void)
{
    const double window[] = {-1.0, -1.0, 300.0, 300.0};
    xt_store *store = memory_store(2, XT_POINTS, XT_F64);
    xt_snapshot *snapshot;
    xt_loader *loader;
    xt_query *query;
    xt_item item;
    size_t count = 0;

    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    for (int i = 0; i < 200; i++) {
        const double low[] = {(double)i, 1.0};

        CHECK_STATUS(xt_loader_add(loader, 77, low, NULL), XT_OK);
    }
    CHECK_STATUS(xt_loader_finish(loader), XT_OK);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
    CHECK_STATUS(xt_query_window(snapshot, window, NULL, &query), XT_OK);
    while (xt_query_next(query, &item) == XT_OK && item.id == 77)
        count++;
    CHECK_U64(count, 200);
    xt_query_close(query);
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

/* ---- a store that is not empty ------------------------------------------------------------- */

/* Rows from `from` on, as an oracle of their own; nothing of it is to be released. */
static struct oracle rows_of(const struct oracle *oracle, size_t from, size_t count)
{
    struct oracle rows = *oracle;

    rows.count = count;
    rows.low += from * oracle->dims;
    rows.high += from * oracle->dims;
    rows.ids += from;
    return rows;
}

static void load_into_a_store_with_items_is_one_change(void)
{
    xt_store *store = memory_store(2, XT_BOXES, XT_F64);
    struct oracle all, first, second;
    xt_loader *loader = (xt_loader *)&loader;

    seed = check_seed;
    oracle_init(&all, (struct oracle_schema){2, XT_BOXES, XT_F64}, 9000, ORACLE_CLUSTERED, &seed);
    first = rows_of(&all, 0, 6000);
    second = rows_of(&all, 6000, 3000);
    CHECK_STATUS(answers_load(store, &first, NULL), XT_OK);
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_EMISUSE); /* a change is pending */
    CHECK(loader == NULL);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_STATUS(answers_load(store, &second, NULL), XT_OK);
    answers_hold(store, &first, 8, &seed);
    CHECK_STATUS(xt_store_rollback(store), XT_OK);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    answers_hold(store, &first, 8, &seed);
    CHECK_STATUS(answers_load(store, &second, NULL), XT_OK);
    finish_and_compare(store, &all, 24);
}

static void pending_change_must_be_decided_before_a_load(void)
{
    const double point[] = {1.0, 2.0};
    xt_store *store = memory_store(2, XT_POINTS, XT_F64);
    xt_loader *loader;

    CHECK_STATUS(xt_store_insert(store, 1, point, NULL), XT_OK);
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_EMISUSE);
    CHECK_STATUS(xt_store_rollback(store), XT_OK);
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    CHECK_STATUS(xt_store_insert(store, 1, point, NULL), XT_EMISUSE);
    xt_loader_cancel(loader);
    CHECK_STATUS(xt_store_insert(store, 1, point, NULL), XT_OK);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    CHECK_STATUS(xt_loader_finish(loader), XT_OK);
    CHECK_U64(items_in(store), 1);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

/* Sixty loads, each seen by itself, and the last one after reopening. */
static void loads_follow_each_other_in_files(void)
{
    xt_create_options create = XT_CREATE_OPTIONS_INIT;
    xt_open_options writable = XT_OPEN_OPTIONS_INIT;
    const char *path = check_scratch();
    struct oracle all;
    xt_store *store;

    seed = check_seed;
    create.dims = 3;
    create.coord_type = XT_F32;
    writable.writable = true;
    oracle_init(&all, (struct oracle_schema){3, XT_POINTS, XT_F32}, 6000, ORACLE_UNIFORM, &seed);
    CHECK_STATUS(xt_store_create(path, &create, &store), XT_OK);
    for (size_t at = 0; at < 6000; at += 100) {
        struct oracle rows = rows_of(&all, at, 100);

        CHECK_STATUS(answers_load(store, &rows, NULL), XT_OK);
        CHECK_STATUS(at % 300 == 0 ? xt_store_publish(store) : xt_store_commit(store, NULL), XT_OK);
        CHECK_U64(items_in(store), at + 100);
    }
    CHECK_STATUS(xt_store_close(store), XT_OK);
    CHECK_STATUS(xt_store_open(path, &writable, &store), XT_OK);
    finish_and_compare(store, &all, 24);
}

/* ---- how much is written ------------------------------------------------------------------- */

static uint64_t committed_bytes(xt_store *store)
{
    xt_store_stats stats = {.struct_size = sizeof stats};

    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    CHECK_STATUS(xt_store_stat(store, &stats), XT_OK);
    return stats.committed_bytes;
}

/* Where the new items lie: everywhere, or in a part of the space. */
static void rows_crowd(struct oracle *oracle, size_t from, double share)
{
    size_t dims = oracle->dims;
    double low[8], high[8];

    oracle_bounds(oracle, low, high);
    for (size_t i = from * dims; i < oracle->count * dims; i++) {
        double *side[2] = {&oracle->low[i], &oracle->high[i]};

        for (unsigned j = 0; j < (oracle->kind == XT_POINTS ? 1u : 2u); j++)
            *side[j] = low[i % dims] + (*side[j] - low[i % dims]) * share;
    }
}

static void load_of_a_hundredth_writes_less_than_a_tenth(void)
{
    static const struct {
        const char *name;
        uint32_t dims;
        xt_item_kind kind;
        double share; /* of each axis */
    } rows[] = {
        {"everywhere",           2, XT_POINTS, 1.0  },
        {"in a quarter",         2, XT_POINTS, 0.5  },
        {"in a hundredth",       2, XT_POINTS, 0.1  },
        {"in a thousandth",      2, XT_POINTS, 0.03 },
        {"at nearly one place",  2, XT_POINTS, 0.001},
        {"boxes everywhere",     2, XT_BOXES,  1.0  },
        {"boxes in a hundredth", 2, XT_BOXES,  0.1  },
        {"six dimensions",       6, XT_POINTS, 1.0  },
        {"six, in a part",       6, XT_POINTS, 0.3  },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        xt_create_options create = XT_CREATE_OPTIONS_INIT;
        struct oracle all, first, second;
        uint64_t before, after;
        xt_store *store;

        check_row = rows[i].name;
        seed = check_seed;
        create.dims = rows[i].dims;
        create.kind = rows[i].kind;
        oracle_init(&all, (struct oracle_schema){create.dims, create.kind, XT_F64}, 50500,
                    ORACLE_UNIFORM, &seed);
        rows_crowd(&all, 50000, rows[i].share);
        first = rows_of(&all, 0, 50000);
        second = rows_of(&all, 50000, 500);
        CHECK_STATUS(xt_store_create(check_scratch(), &create, &store), XT_OK);
        CHECK_STATUS(answers_load(store, &first, NULL), XT_OK);
        before = committed_bytes(store);
        CHECK_STATUS(answers_load(store, &second, NULL), XT_OK);
        after = committed_bytes(store);
        CHECK(after > before && after - before < before / 10);
        finish_and_compare(store, &all, 4);
    }
}

static void empty_load_leaves_the_store_empty_and_loadable(void)
{
    xt_store *store = memory_store(2, XT_POINTS, XT_F64);
    struct oracle oracle, empty;

    seed = check_seed;
    oracle_init(&empty, (struct oracle_schema){2, XT_POINTS, XT_F64}, 0, ORACLE_UNIFORM, &seed);
    oracle_init(&oracle, (struct oracle_schema){2, XT_POINTS, XT_F64}, 100, ORACLE_UNIFORM, &seed);
    CHECK_STATUS(answers_load(store, &empty, NULL), XT_OK);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    answers_hold(store, &empty, 8, &seed);
    CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
    finish_and_compare(store, &oracle, 8);
    oracle_release(&empty);
}

/* ---- cancelling ---------------------------------------------------------------------------- */

struct watcher {
    unsigned calls;
    unsigned cancel_at; /* call number, from 1; 0: never */
    unsigned phases[4];
    bool is_monotone;
    xt_load_phase phase;
    uint64_t done;
};

static bool progress_watch(void *context, xt_load_phase phase, uint64_t done, uint64_t total)
{
    struct watcher *watcher = context;

    if (phase < watcher->phase || (phase == watcher->phase && done < watcher->done) ||
        (phase != XT_LOAD_ADDING && done > total))
        watcher->is_monotone = false;
    watcher->phase = phase;
    watcher->done = done;
    watcher->phases[phase]++;
    return ++watcher->calls != watcher->cancel_at;
}

static void cancelled_loads_leave_nothing(void)
{
    static const uint64_t limits[] = {0, UINT64_C(16) << 20};
    struct oracle oracle;

    seed = check_seed;
    oracle_init(&oracle, (struct oracle_schema){2, XT_BOXES, XT_F64}, 600000, ORACLE_CLUSTERED,
                &seed);
    for (size_t i = 0; i < CHECK_COUNT(limits); i++) {
        xt_store *store = memory_store(2, XT_BOXES, XT_F64);
        struct watcher all = {.is_monotone = true};
        xt_loader_options options = XT_LOADER_OPTIONS_INIT;

        options.memory_limit = limits[i];
        options.progress = progress_watch;
        options.progress_context = &all;
        CHECK_STATUS(answers_load(store, &oracle, &options), XT_OK);
        CHECK(all.is_monotone);
        CHECK(all.calls > 3);
        CHECK(all.phases[XT_LOAD_SORTING] > 0 && all.phases[XT_LOAD_BUILDING] > 0);
        CHECK_STATUS(xt_store_rollback(store), XT_OK);
        for (unsigned step = 0; step < 6; step++) {
            struct watcher one = {.is_monotone = true, .cancel_at = 1 + all.calls * step / 6};

            options.progress_context = &one;
            CHECK_STATUS(answers_load(store, &oracle, &options), XT_ECANCELLED);
            CHECK_U64(items_in(store), 0);
            CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
            CHECK_U64(items_in(store), 0);
        }
        options.progress = NULL;
        CHECK_STATUS(answers_load(store, &oracle, &options), XT_OK);
        CHECK_STATUS(xt_store_publish(store), XT_OK);
        answers_hold(store, &oracle, 4, &seed);
        CHECK_STATUS(xt_store_close(store), XT_OK);
    }
    oracle_release(&oracle);
}

static void each_phase_can_be_cancelled(void)
{
    static const unsigned counts = 300000;
    struct oracle oracle;
    unsigned phases_seen = 0;

    seed = check_seed;
    oracle_init(&oracle, (struct oracle_schema){2, XT_POINTS, XT_F64}, counts, ORACLE_UNIFORM,
                &seed);
    for (unsigned phase = XT_LOAD_ADDING; phase <= XT_LOAD_BUILDING; phase++) {
        xt_store *store = memory_store(2, XT_POINTS, XT_F64);
        xt_loader_options options = XT_LOADER_OPTIONS_INIT;
        struct watcher all = {.is_monotone = true};
        unsigned before = 0;

        options.progress = progress_watch;
        options.progress_context = &all;
        CHECK_STATUS(answers_load(store, &oracle, &options), XT_OK);
        CHECK_STATUS(xt_store_rollback(store), XT_OK);
        for (unsigned i = 0; i < phase; i++)
            before += all.phases[i];
        if (all.phases[phase] > 0) {
            struct watcher one = {.is_monotone = true, .cancel_at = before + 1};

            phases_seen++;
            options.progress_context = &one;
            CHECK_STATUS(answers_load(store, &oracle, &options), XT_ECANCELLED);
            CHECK_INT(one.phase, phase);
            CHECK_U64(items_in(store), 0);
        }
        CHECK_STATUS(xt_store_close(store), XT_OK);
    }
    CHECK(phases_seen >= 2);
    oracle_release(&oracle);
}

/* In a store that holds items every phase comes, and leaves them as they were. */
static void cancelled_loads_leave_the_items_that_were_there(void)
{
    struct oracle all, first, second;
    xt_store *store = memory_store(2, XT_POINTS, XT_F64);
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;
    struct watcher every = {.is_monotone = true};
    unsigned before = 0;

    seed = check_seed;
    oracle_init(&all, (struct oracle_schema){2, XT_POINTS, XT_F64}, 150000, ORACLE_UNIFORM, &seed);
    first = rows_of(&all, 0, 20000);
    second = rows_of(&all, 20000, 130000);
    options.progress = progress_watch;
    options.progress_context = &every;
    CHECK_STATUS(answers_load(store, &first, NULL), XT_OK);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_STATUS(answers_load(store, &second, &options), XT_OK);
    CHECK_STATUS(xt_store_rollback(store), XT_OK);
    CHECK(every.is_monotone);
    for (unsigned phase = XT_LOAD_ADDING; phase <= XT_LOAD_MERGING; phase++) {
        struct watcher one = {.is_monotone = true, .cancel_at = before + 1};

        CHECK(every.phases[phase] > 0);
        before += every.phases[phase];
        options.progress_context = &one;
        CHECK_STATUS(answers_load(store, &second, &options), XT_ECANCELLED);
        CHECK_INT(one.phase, phase);
        answers_hold(store, &first, 4, &seed);
        CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
        answers_hold(store, &first, 4, &seed);
    }
    CHECK_STATUS(answers_load(store, &second, NULL), XT_OK);
    finish_and_compare(store, &all, 8);
}

static void cancel_drops_what_was_added(void)
{
    xt_store *store = memory_store(2, XT_POINTS, XT_F64);
    struct oracle oracle;
    xt_loader *loader;

    seed = check_seed;
    oracle_init(&oracle, (struct oracle_schema){2, XT_POINTS, XT_F64}, 1000, ORACLE_UNIFORM, &seed);
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    CHECK_STATUS(answers_add(loader, &oracle), XT_OK);
    xt_loader_cancel(loader);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_U64(items_in(store), 0);
    CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
    finish_and_compare(store, &oracle, 8);
}

/* ---- threads and memory -------------------------------------------------------------------- */

static void threads_and_memory_limit_do_not_change_the_answers(void)
{
    static const struct {
        const char *name;
        uint64_t memory_limit;
        uint32_t threads;
    } rows[] = {
        {"one thread",          0,                  1             },
        {"two threads",         0,                  2             },
        {"all threads",         0,                  XT_THREADS_ALL},
        {"16 MiB",              UINT64_C(16) << 20, 0             },
        {"16 MiB, two threads", UINT64_C(16) << 20, 2             },
        {"20 MiB, all threads", UINT64_C(20) << 20, XT_THREADS_ALL},
    };
    static const uint32_t dims[] = {2, 6};

    for (size_t d = 0; d < CHECK_COUNT(dims); d++) {
        struct oracle oracle;

        seed = check_seed;
        oracle_init(&oracle, (struct oracle_schema){dims[d], XT_BOXES, XT_F64},
                    d == 0 ? 600000 : 250000, ORACLE_CLUSTERED, &seed);
        for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
            xt_store *store = memory_store(dims[d], XT_BOXES, XT_F64);
            xt_loader_options options = XT_LOADER_OPTIONS_INIT;
            uint64_t windows_seed = check_seed;

            check_row = rows[i].name;
            options.memory_limit = rows[i].memory_limit;
            options.threads = rows[i].threads;
            options.spill_folder = i % 2 == 0 ? NULL : check_scratch();
            CHECK_STATUS(answers_load(store, &oracle, &options), XT_OK);
            CHECK_STATUS(xt_store_publish(store), XT_OK);
            answers_hold(store, &oracle, 4, &windows_seed);
            CHECK_STATUS(xt_store_close(store), XT_OK);
        }
        oracle_release(&oracle);
    }
}

static void missing_spill_folder_is_an_error(void)
{
    xt_store *store = memory_store(2, XT_BOXES, XT_F64);
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;
    struct oracle oracle;
    xt_error error = {0};

    seed = check_seed;
    oracle_init(&oracle, (struct oracle_schema){2, XT_BOXES, XT_F64}, 600000, ORACLE_UNIFORM,
                &seed);
    options.memory_limit = UINT64_C(16) << 20;
    options.spill_folder = "no/such/folder";
    options.error = &error;
    CHECK(answers_load(store, &oracle, &options) < 0);
    CHECK(error.status < 0);
    CHECK_U64(items_in(store), 0);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

/* The largest leaf of the largest items just fits into the smallest limit; a bad item behind it is
 * what makes the loader spill. */
static void spilled_items_that_fit_into_one_leaf_are_all_there(void)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_loader_options limited = XT_LOADER_OPTIONS_INIT;
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    double low[XT_DIMS_MAX];
    double high[XT_DIMS_MAX];
    xt_loader *loader;
    xt_store *store;

    options.dims = XT_DIMS_MAX;
    options.kind = XT_BOXES;
    options.leaf_capacity = 1024;
    limited.memory_limit = UINT64_C(16) << 20;
    CHECK_STATUS(xt_store_create(NULL, &options, &store), XT_OK);
    CHECK_STATUS(xt_loader_open(store, &limited, &loader), XT_OK);
    for (uint32_t i = 0; i < 1024; i++) {
        for (uint32_t axis = 0; axis < XT_DIMS_MAX; axis++) {
            low[axis] = (double)(i * (axis + 7) % 1024);
            high[axis] = low[axis] + 1;
        }
        CHECK_STATUS(xt_loader_add(loader, i, low, high), XT_OK);
    }
    CHECK_STATUS(xt_loader_add(loader, 1024, high, low), XT_EINVAL);
    CHECK_STATUS(xt_loader_finish(loader), XT_OK);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    check.deep = true;
    CHECK_STATUS(xt_store_check(store, &check, &report), XT_OK);
    CHECK_U64(report.items, 1024);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

CHECK_MAIN(
    {"rows_may_be_an_array_of_structs", rows_may_be_an_array_of_structs},
    {"rows_may_be_one_array_for_each_axis", rows_may_be_one_array_for_each_axis},
    {"rows_of_floats_go_into_stores_of_both_types", rows_of_floats_go_into_stores_of_both_types},
    {"rows_without_ids_are_numbered_over_the_whole_load",
     rows_without_ids_are_numbered_over_the_whole_load},
    {"points_go_into_a_store_of_boxes", points_go_into_a_store_of_boxes},
    {"bad_row_stops_exactly_there", bad_row_stops_exactly_there},
    {"no_rows_are_fine", no_rows_are_fine},
    {"every_count_around_a_capacity_works", every_count_around_a_capacity_works},
    {"identical_items_are_kept_apart", identical_items_are_kept_apart},
    {"equal_ids_are_allowed", equal_ids_are_allowed},
    {"load_into_a_store_with_items_is_one_change", load_into_a_store_with_items_is_one_change},
    {"pending_change_must_be_decided_before_a_load", pending_change_must_be_decided_before_a_load},
    {"loads_follow_each_other_in_files", loads_follow_each_other_in_files},
    {"load_of_a_hundredth_writes_less_than_a_tenth", load_of_a_hundredth_writes_less_than_a_tenth},
    {"empty_load_leaves_the_store_empty_and_loadable",
     empty_load_leaves_the_store_empty_and_loadable},
    {"cancelled_loads_leave_nothing", cancelled_loads_leave_nothing},
    {"each_phase_can_be_cancelled", each_phase_can_be_cancelled},
    {"cancelled_loads_leave_the_items_that_were_there",
     cancelled_loads_leave_the_items_that_were_there},
    {"cancel_drops_what_was_added", cancel_drops_what_was_added},
    {"threads_and_memory_limit_do_not_change_the_answers",
     threads_and_memory_limit_do_not_change_the_answers},
    {"missing_spill_folder_is_an_error", missing_spill_folder_is_an_error},
    {"spilled_items_that_fit_into_one_leaf_are_all_there",
     spilled_items_that_fit_into_one_leaf_are_all_there})
