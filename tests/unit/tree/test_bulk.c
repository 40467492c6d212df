/* tests/unit/tree/test_bulk.c -- does a bulk load build a sound tree of every item, the same for
 * any number of threads, within its memory limit, and nothing at all when something fails?
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "support/check.h"
#include "support/fail_os.h"
#include "tree/bulk.h"

#define WINDOW_BYTES (UINT64_C(4) << 30)

/* One folder for all. */
static const char *scratch(void)
{
    static const char *folder;

    if (folder == NULL)
        folder = check_scratch();
    return folder;
}

static const xt_query_options everything = XT_QUERY_OPTIONS_INIT;

/* ---- stores and items ------------------------------------------------------------------------ */

enum data { UNIFORM, SAME, FAR };

struct load {
    size_t count;
    uint32_t dims;
    xt_item_kind kind;
    xt_coord_type type;
    enum data data;
    uint32_t capacity; /* of leaves and inner nodes */
    uint32_t threads;
    uint64_t limit;
};

static struct xti_txn *make_store(const struct xti_os *os, const struct load *load)
{
    const struct xti_schema schema = {load->dims,     load->kind, load->type, load->capacity,
                                      load->capacity, 4096,       1 << 21};
    struct xti_txn *txn;

    return CHECK_STATUS(xti_txn_create(os, NULL, &schema, WINDOW_BYTES, NULL, &txn), XT_OK) ? txn
                                                                                            : NULL;
}

static void make_item(const struct load *load, uint64_t *random, double *low, double *high)
{
    for (uint32_t dim = 0; dim < load->dims; dim++) {
        double u = check_uniform(random);

        low[dim] = load->data == SAME ? 5.0 : u;
        if (load->data == FAR)
            low[dim] = 1e15 + (double)(uint32_t)(u * 4096) * 0.25;
        high[dim] = load->kind == XT_BOXES ? low[dim] + 0.001 : low[dim];
    }
}

/* Item i has the id i. */
static xt_status run_load(struct xti_txn *txn, const struct load *load)
{
    const xt_loader_options options = {
        .memory_limit = load->limit, .spill_folder = scratch(), .threads = load->threads};
    double low[XT_DIMS_MAX], high[XT_DIMS_MAX];
    uint64_t random = check_seed;
    struct xti_loader *loader;
    xt_status status = xti_loader_open(txn, NULL, &options, &loader);

    for (size_t i = 0; i < load->count && status == XT_OK; i++) {
        make_item(load, &random, low, high);
        status = xti_loader_add(loader, i, low, high);
    }
    if (status == XT_OK)
        return xti_loader_finish(loader);
    if (loader != NULL)
        xti_loader_cancel(loader);
    return status;
}

/* Publishes; all invariants hold, and every id from 0 to count - 1 comes once. */
static void check_store(struct xti_txn *txn, size_t count, xt_tree_stats *stats)
{
    const struct xti_os *os = xti_os_real();
    double window[2 * XT_DIMS_MAX];
    uint32_t dims = xti_txn_layout(txn)->dims;
    unsigned char *seen = calloc(count + 1, 1);
    struct xti_verify_report report;
    struct xti_window_query *query;
    struct xti_view *view;
    size_t bad = 0;
    xt_item item;
    xt_status status;

    for (uint32_t dim = 0; dim < dims; dim++) {
        window[dim] = -1e300;
        window[dims + dim] = 1e300;
    }
    CHECK_STATUS(xti_txn_publish(txn), XT_OK);
    CHECK_STATUS(xti_txn_view(txn, &view), XT_OK);
    CHECK_U64(view->item_count, count);
    CHECK_STATUS(xti_tree_verify(os, view, false, &report), XT_OK);
    CHECK_U64(report.items, count);
    CHECK_U64(report.units, view->live_units);
    CHECK_STATUS(xti_tree_stats(os, view, stats), XT_OK);
    CHECK_STATUS(
        xti_window_open(os, view, window, &everything, xti_kernels_get(XT_KERNEL_BEST), &query),
        XT_OK);
    while ((status = xti_window_next(query, &item)) == XT_OK)
        bad += item.id >= count || seen[item.id]++ != 0 ? 1 : 0;
    CHECK_STATUS(status, XT_DONE);
    CHECK_U64(bad, 0);
    xti_window_close(query);
    xti_txn_unview(txn, view);
    free(seen);
}

/* ---- shape ----------------------------------------------------------------------------------- */

static void nodes_are_as_few_as_the_capacities_allow(void)
{
    static const struct {
        size_t count;
        uint32_t capacity;
        uint32_t height;
        uint64_t leaves, groups;
    } rows[] = {
        {0,    16,   0, 0,   0 },
        {1,    16,   1, 1,   0 },
        {15,   16,   1, 1,   0 },
        {16,   16,   1, 1,   0 },
        {17,   16,   2, 2,   1 },
        {255,  16,   2, 16,  1 },
        {256,  16,   2, 16,  1 },
        {257,  16,   3, 17,  2 },
        {4096, 16,   3, 256, 16},
        {4097, 16,   4, 257, 17},
        {1024, 1024, 1, 1,   0 },
        {1025, 1024, 2, 2,   1 },
        {9000, 32,   3, 282, 9 },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const struct load load = {rows[i].count,    2, XT_POINTS, XT_F64, UNIFORM,
                                  rows[i].capacity, 1, 0};
        struct xti_txn *txn = make_store(xti_os_real(), &load);
        xt_tree_stats stats = {.struct_size = sizeof stats};

        CHECK_STATUS(run_load(txn, &load), XT_OK);
        check_store(txn, load.count, &stats);
        CHECK_U64(stats.height, rows[i].height);
        CHECK_U64(stats.level[0].nodes, rows[i].leaves);
        CHECK_U64(stats.level[1].nodes, rows[i].groups);
        xti_txn_close(txn);
    }
}

static void nodes_of_many_tiles_are_nearly_full(void)
{
    static const struct load loads[] = {
        {200000, 2,  XT_POINTS, XT_F64, UNIFORM, 32, 2, 0},
        {200000, 2,  XT_BOXES,  XT_F32, UNIFORM, 32, 1, 0},
        {100000, 3,  XT_POINTS, XT_F32, SAME,    16, 2, 0},
        {12000,  64, XT_BOXES,  XT_F64, UNIFORM, 16, 2, 0},
    };

    for (size_t i = 0; i < CHECK_COUNT(loads); i++) {
        struct xti_txn *txn = make_store(xti_os_real(), &loads[i]);
        xt_tree_stats stats = {.struct_size = sizeof stats};

        CHECK_STATUS(run_load(txn, &loads[i]), XT_OK);
        check_store(txn, loads[i].count, &stats);
        CHECK(stats.level[0].entries * 100 >= stats.level[0].capacity * 97);
        CHECK(stats.level[1].entries * 100 >= stats.level[1].capacity * 85);
        xti_txn_close(txn);
    }
}

/* ---- threads --------------------------------------------------------------------------------- */

static bool same_bytes(struct xti_txn *a, struct xti_txn *b)
{
    struct xti_view *views[2];
    bool same = true;

    if (!CHECK_STATUS(xti_txn_view(a, &views[0]), XT_OK) ||
        !CHECK_STATUS(xti_txn_view(b, &views[1]), XT_OK))
        return false;
    same = CHECK_U64(views[1]->root_ref, views[0]->root_ref) &&
           CHECK_U64(views[1]->span_count, views[0]->span_count);
    for (uint32_t i = 0; i < views[0]->span_count && same; i++) {
        const struct xti_span *span = &views[0]->spans[i];
        size_t at = (size_t)span->first_unit * XTD_UNIT_BYTES;

        same = CHECK_U64(views[1]->spans[i].first_unit, span->first_unit) &&
               CHECK_U64(views[1]->spans[i].units, span->units) &&
               memcmp(views[0]->base + at, views[1]->base + at,
                      (size_t)span->units * XTD_UNIT_BYTES) == 0;
    }
    xti_txn_unview(a, views[0]);
    xti_txn_unview(b, views[1]);
    return same;
}

static void bytes_do_not_depend_on_threads(void)
{
    static const uint32_t threads[] = {1, 2, 3, 64, XT_THREADS_ALL};
    static const struct load kinds[] = {
        {120000, 2, XT_POINTS, XT_F64, UNIFORM, 32, 1, 0      },
        {60000,  3, XT_BOXES,  XT_F32, FAR,     16, 1, 0      },
        {60000,  2, XT_POINTS, XT_F64, UNIFORM, 16, 1, 1 << 20}, /* spilled */
    };

    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        struct xti_txn *first = NULL;

        for (size_t i = 0; i < CHECK_COUNT(threads); i++) {
            struct load load = kinds[k];
            struct xti_txn *txn;

            load.threads = threads[i];
            txn = make_store(xti_os_real(), &load);
            CHECK_STATUS(run_load(txn, &load), XT_OK);
            CHECK_STATUS(xti_txn_publish(txn), XT_OK);
            if (first == NULL) {
                first = txn;
                continue;
            }
            CHECK(same_bytes(first, txn));
            xti_txn_close(txn);
        }
        xti_txn_close(first);
    }
}

/* ---- far from zero --------------------------------------------------------------------------- */

/* Floats alone could not tell these points apart: origins must. */
static void items_far_from_zero_are_found_in_few_leaves(void)
{
    const struct load load = {100000, 2, XT_POINTS, XT_F64, FAR, 32, 1, 0};
    const double window[] = {1e15 + 500, 1e15 + 500, 1e15 + 510, 1e15 + 510};
    struct xti_txn *txn = make_store(xti_os_real(), &load);
    xt_tree_stats tree = {.struct_size = sizeof tree};
    xt_walk_stats walk = {.struct_size = sizeof walk};
    struct xti_window_query *query;
    struct xti_view *view;
    uint64_t count;

    CHECK_STATUS(run_load(txn, &load), XT_OK);
    check_store(txn, load.count, &tree);
    CHECK_STATUS(xti_txn_view(txn, &view), XT_OK);
    CHECK_STATUS(xti_window_open(xti_os_real(), view, window, &everything,
                                 xti_kernels_get(XT_KERNEL_BEST), &query),
                 XT_OK);
    CHECK_STATUS(xti_window_count(query, &count), XT_OK);
    xti_window_stats(query, &walk);
    CHECK(count > 2 && count < 40);
    CHECK(walk.leaves <= 8);
    xti_window_close(query);
    xti_txn_unview(txn, view);
    xti_txn_close(txn);
}

/* ---- spilling -------------------------------------------------------------------------------- */

/* Builds a tree from a run with the given budget, through bulk.h. */
static xt_status build_from_run(struct xti_txn *txn, const struct load *load, uint64_t budget)
{
    const xt_loader_options options = {.threads = load->threads};
    const struct xti_os *os = xti_txn_os(txn);
    double low[XT_DIMS_MAX], high[XT_DIMS_MAX];
    uint64_t random = check_seed;
    struct xti_run run = {XTI_FILE_NONE, 0};
    struct xti_root root;
    struct xti_bulk bulk;
    char record[64] = {0};
    xt_status status = xti_bulk_init(&bulk, txn, &options, load->count);

    CHECK(bulk.shape.bytes <= sizeof record);
    CHECK_INT(os->open(os, scratch(), XTI_OPEN_TEMPORARY, &run.file), 0);
    for (; run.count < load->count; run.count++) {
        make_item(load, &random, low, high);
        memcpy(record, &run.count, sizeof run.count);
        memcpy(record + 8, low, load->dims * sizeof *low);
        CHECK_INT(
            os->write_at(os, run.file, run.count * bulk.shape.bytes, record, bulk.shape.bytes), 0);
    }
    if (status == XT_OK)
        status = xti_bulk_add_run(&bulk, &run, budget, scratch());
    CHECK_INT(run.file, XTI_FILE_NONE);
    if (status == XT_OK)
        status = xti_bulk_finish(&bulk, &root);
    if (status == XT_OK)
        xti_txn_set_root(txn, root);
    xti_bulk_release(&bulk);
    return status;
}

static void runs_of_any_length_are_built_within_any_budget(void)
{
    static const struct {
        const char *name;
        size_t count;
        enum data data;
        uint64_t budget; /* bytes; a record has 24 */
    } rows[] = {
        {"one record",                    1,     UNIFORM, 24   },
        {"one record above the budget",   1,     UNIFORM, 1    },
        {"exactly the budget",            3000,  UNIFORM, 72000},
        {"one byte less",                 3000,  UNIFORM, 71999},
        {"one record less",               3000,  UNIFORM, 71976},
        {"half",                          3000,  UNIFORM, 36000},
        {"one cut into 64",               20000, UNIFORM, 24000},
        {"cut twice",                     20000, UNIFORM, 2400 },
        {"cut three times",               20000, UNIFORM, 96   },
        {"all the same, cut by position", 20000, SAME,    24000},
        {"all the same, a tiny budget",   2000,  SAME,    96   },
        {"no budget at all",              500,   UNIFORM, 1    },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const struct load load = {rows[i].count, 2, XT_POINTS, XT_F64, rows[i].data, 16, 1, 0};
        xt_tree_stats stats = {.struct_size = sizeof stats};
        struct xti_txn *txn;
        struct fail_os fail;

        check_row = rows[i].name;
        fail_os_init(&fail, xti_os_real());
        txn = make_store(&fail.os, &load);
        CHECK_STATUS(build_from_run(txn, &load, rows[i].budget), XT_OK);
        CHECK_INT(fail.files, 0);
        check_store(txn, load.count, &stats);
        xti_txn_close(txn);
        CHECK(fail_os_is_clean(&fail));
    }
}

/* Memory that is taken at once, by a system that counts. */
struct peak_os {
    struct xti_os os;
    _Atomic int64_t now;
    _Atomic int64_t peak;
    _Atomic uint64_t written; /* bytes */
};

static void *peak_alloc(const struct xti_os *os, size_t size)
{
    struct peak_os *self = os->context;
    int64_t now = atomic_fetch_add(&self->now, (int64_t)size) + (int64_t)size;
    int64_t peak = self->peak;

    while (now > peak && !atomic_compare_exchange_weak(&self->peak, &peak, now))
        continue;
    return xti_os_real()->alloc(xti_os_real(), size);
}

static void peak_free(const struct xti_os *os, void *memory, size_t size)
{
    struct peak_os *self = os->context;

    self->now -= (int64_t)size;
    xti_os_real()->free(xti_os_real(), memory, size);
}

static int peak_write(const struct xti_os *os, xti_file file, uint64_t offset, const void *data,
                      size_t size)
{
    ((struct peak_os *)os->context)->written += size;
    return xti_os_real()->write_at(xti_os_real(), file, offset, data, size);
}

static void peak_init(struct peak_os *self)
{
    self->os = *xti_os_real();
    self->os.context = self;
    self->os.alloc = peak_alloc;
    self->os.free = peak_free;
    self->os.write_at = peak_write;
    self->now = 0;
    self->peak = 0;
    self->written = 0;
}

static void memory_limit_is_kept(void)
{
    static const struct {
        const char *name;
        struct load load; /* count and limit follow */
        size_t quarters;  /* of the limit, that the records take; 1: just not spilled */
        uint64_t limit_max;
    } rows[] = {
        {"2-d points",               {0, 2, XT_POINTS, XT_F64, UNIFORM, 32, 2, 0},   3,  64},
        {"2-d points, 64 threads",   {0, 2, XT_POINTS, XT_F64, UNIFORM, 32, 64, 0},  3,  16},
        {"2-d points, the same",     {0, 2, XT_POINTS, XT_F64, SAME, 32, 2, 0},      3,  16},
        {"64-d boxes",               {0, 64, XT_BOXES, XT_F64, UNIFORM, 32, 2, 0},   3,  32},
        {"64-d boxes, the same",     {0, 64, XT_BOXES, XT_F64, SAME, 32, 64, 0},     3,  16},
        {"255-d boxes",              {0, 255, XT_BOXES, XT_F64, UNIFORM, 32, 64, 0}, 3,  64},
        {"255-d boxes, large nodes", {0, 255, XT_BOXES, XT_F64, UNIFORM, 512, 2, 0}, 3,  16},
        {"255-d boxes, partitions",  {0, 255, XT_BOXES, XT_F64, UNIFORM, 32, 2, 0},  14, 16},
        {"2-d points in memory",     {0, 2, XT_POINTS, XT_F64, UNIFORM, 32, 2, 0},   1,  32},
        {"the same in memory",       {0, 2, XT_POINTS, XT_F64, SAME, 32, 64, 0},     1,  32},
        {"255-d boxes in memory",    {0, 255, XT_BOXES, XT_F64, UNIFORM, 32, 2, 0},  1,  32},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        for (uint64_t mib = 16; mib <= rows[i].limit_max; mib *= 2) {
            struct load load = rows[i].load;
            struct xti_record_shape shape;
            struct peak_os peak;
            struct xti_txn *txn;

            check_row = rows[i].name;
            xti_record_shape_init(&shape, load.dims, load.kind == XT_BOXES, false);
            load.limit = mib << 20;
            load.count = (size_t)(load.limit / 4 / shape.bytes) * rows[i].quarters - 100;
            peak_init(&peak);
            txn = make_store(&peak.os, &load);
            CHECK_STATUS(run_load(txn, &load), XT_OK);
            CHECK_U64(xti_txn_root(txn).item_count, load.count);
            CHECK((peak.written > 0) == (rows[i].quarters > 1));
            CHECK((uint64_t)peak.peak <= load.limit);
            xti_txn_close(txn);
            CHECK_INT(peak.now, 0);
        }
    }
}

/* ---- failures and cancelling ----------------------------------------------------------------- */

static void failures_leave_nothing_behind(void)
{
    static const struct {
        const char *name;
        struct load load;
    } rows[] = {
        {"in memory", {6000, 2, XT_POINTS, XT_F64, UNIFORM, 16, 2, 0}      },
        {"one leaf",  {9, 2, XT_BOXES, XT_F32, UNIFORM, 16, 1, 0}          },
        {"spilled",   {6000, 2, XT_POINTS, XT_F64, UNIFORM, 16, 2, 1 << 18}},
    };
    const unsigned kinds = FAIL_ALL & ~(unsigned)(FAIL_READ | FAIL_WRITE);

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const struct load *load = &rows[i].load;
        struct fail_os fail;
        struct xti_txn *txn;
        bool hit = true;

        check_row = rows[i].name;
        fail_os_init(&fail, xti_os_real());
        txn = make_store(&fail.os, load);
        for (uint64_t n = 1; hit; n++) {
            xt_tree_stats stats = {.struct_size = sizeof stats};
            int64_t allocations = fail.allocations;
            xt_status status;

            fail_os_reset(&fail);
            fail.kinds = kinds;
            fail.fail_at = n;
            status = run_load(txn, load);
            hit = fail.hit;
            CHECK((status != XT_OK) == (hit && fail.hit_kind != FAIL_THREAD));
            fail_os_reset(&fail);
            if (status != XT_OK) {
                CHECK_U64(xti_txn_root(txn).ref, 0);
                CHECK(!xti_txn_is_dirty(txn));
                CHECK_INT(fail.files, 0);
                /* The table of arenas may have been made; it stays. */
                CHECK(fail.allocations <= allocations + 1);
                continue;
            }
            if (!hit)
                check_store(txn, load->count, &stats);
            CHECK_STATUS(xti_txn_rollback(txn), XT_OK);
        }
        xti_txn_close(txn);
        CHECK(fail_os_is_clean(&fail));
    }
}

static void failing_temporary_files_leave_nothing_behind(void)
{
    const struct load load = {30000, 2, XT_POINTS, XT_F64, UNIFORM, 16, 2, 1 << 19};
    uint64_t step = 1;
    struct fail_os fail;
    bool hit = true;

    for (uint64_t n = 1; hit; n += step) {
        struct xti_txn *txn;
        xt_status status;

        fail_os_init(&fail, xti_os_real());
        txn = make_store(&fail.os, &load);
        fail_os_reset(&fail);
        fail.kinds = FAIL_READ | FAIL_WRITE;
        fail.fail_at = n;
        status = run_load(txn, &load);
        hit = fail.hit;
        CHECK_STATUS(status, hit ? XT_EIO : XT_OK);
        CHECK_INT(fail.files, 0);
        xti_txn_close(txn);
        CHECK(fail_os_is_clean(&fail));
        step = n < 30 ? 1 : n / 6; /* most reads are of the sample */
    }
}

struct watcher {
    uint64_t calls;
    uint64_t cancel_at; /* 0: never */
    bool is_monotone;
    xt_load_phase phase;
    uint64_t done, total;
};

static bool watch(void *context, xt_load_phase phase, uint64_t done, uint64_t total)
{
    struct watcher *watcher = context;

    if (phase < watcher->phase || (phase == watcher->phase && done < watcher->done) ||
        (phase != XT_LOAD_ADDING && done > total))
        watcher->is_monotone = false;
    watcher->phase = phase;
    watcher->done = done;
    watcher->total = total;
    return ++watcher->calls != watcher->cancel_at;
}

static xt_status watched_load(struct xti_txn *txn, uint64_t limit, uint32_t threads,
                              struct watcher *watcher, xt_error *error)
{
    static double values[50000][2];
    const xt_loader_options options = {.memory_limit = limit,
                                       .spill_folder = scratch(),
                                       .threads = threads,
                                       .progress = watch,
                                       .progress_context = watcher,
                                       .error = error};
    const xt_rows rows = {.count = CHECK_COUNT(values), .low = values};
    uint64_t random = check_seed;
    struct xti_loader *loader;
    size_t added = 0;
    xt_status status;

    for (size_t i = 0; i < 2 * CHECK_COUNT(values); i++)
        values[i / 2][i % 2] = check_uniform(&random);
    if (!CHECK_STATUS(xti_loader_open(txn, NULL, &options, &loader), XT_OK))
        return XT_ENOMEM;
    status = xti_loader_add_many(loader, &rows, &added);
    if (status == XT_OK)
        return xti_loader_finish(loader);
    xti_loader_cancel(loader);
    return status;
}

static void progress_only_grows_and_any_call_may_cancel(void)
{
    static const struct {
        const char *name;
        uint64_t limit;
        uint32_t threads;
    } rows[] = {
        {"in memory",            0,       1},
        {"in memory, threads",   0,       3},
        {"spilled",              1 << 20, 2},
        {"spilled, small limit", 1 << 16, 1},
    };
    const struct load store = {0, 2, XT_POINTS, XT_F64, UNIFORM, 16, 1, 0};

    for (size_t r = 0; r < CHECK_COUNT(rows); r++) {
        struct xti_txn *txn = make_store(xti_os_real(), &store);
        struct watcher all = {.is_monotone = true};
        xt_error error = {.status = XT_EBUSY};

        check_row = rows[r].name;
        CHECK_STATUS(watched_load(txn, rows[r].limit, rows[r].threads, &all, &error), XT_OK);
        CHECK_INT(error.status, XT_OK);
        CHECK(all.is_monotone);
        CHECK_INT(all.phase, XT_LOAD_BUILDING);
        CHECK_U64(all.done, 50000);
        CHECK_U64(all.total, 50000);
        CHECK_STATUS(xti_txn_rollback(txn), XT_OK);
        /* Threads share the calls unevenly: with more than one, later calls may not come. */
        for (uint64_t n = 1; n <= all.calls; n += all.calls / 12 + 1) {
            struct watcher one = {.is_monotone = true, .cancel_at = n};
            xt_status status = watched_load(txn, rows[r].limit, rows[r].threads, &one, &error);

            CHECK_STATUS(status, one.calls < n ? XT_OK : XT_ECANCELLED);
            CHECK(rows[r].threads > 1 || one.calls == n);
            if (status == XT_OK)
                CHECK_STATUS(xti_txn_rollback(txn), XT_OK);
            CHECK_U64(xti_txn_root(txn).item_count, 0);
        }
        xti_txn_close(txn);
    }
}

CHECK_MAIN(
    {"nodes_are_as_few_as_the_capacities_allow", nodes_are_as_few_as_the_capacities_allow},
    {"nodes_of_many_tiles_are_nearly_full", nodes_of_many_tiles_are_nearly_full},
    {"bytes_do_not_depend_on_threads", bytes_do_not_depend_on_threads},
    {"items_far_from_zero_are_found_in_few_leaves", items_far_from_zero_are_found_in_few_leaves},
    {"runs_of_any_length_are_built_within_any_budget",
     runs_of_any_length_are_built_within_any_budget},
    {"memory_limit_is_kept", memory_limit_is_kept},
    {"failures_leave_nothing_behind", failures_leave_nothing_behind},
    {"failing_temporary_files_leave_nothing_behind", failing_temporary_files_leave_nothing_behind},
    {"progress_only_grows_and_any_call_may_cancel", progress_only_grows_and_any_call_may_cancel})
