/* tests/unit/tree/test_graft.c -- does a bulk load into a tree that holds items give one sound tree
 * of both, and nothing at all when it fails or is cancelled?
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "edit_scene.h"
#include "support/fail_os.h"
#include "support/oracle.h"

/* The first `old` items of an oracle are loaded, then the other `new` ones. */
struct task {
    const char *name;
    size_t old, new;
    uint32_t dims;
    xt_item_kind kind;
    xt_coord_type type;
    enum oracle_data data;
    uint32_t capacity; /* of leaves and inner nodes */
    uint32_t threads;
    uint64_t limit;
};

struct stage {
    struct edit_scene scene;
    struct oracle oracle;
    uint64_t random;
};

static const char *scratch(void)
{
    static const char *folder;

    if (folder == NULL)
        folder = check_scratch();
    return folder;
}

static bool stage_open(struct stage *stage, const struct xti_os *os, const struct task *task)
{
    const struct edit_shape shape = {.dims = task->dims,
                                     .kind = task->kind,
                                     .type = task->type,
                                     .leaf_capacity = task->capacity,
                                     .inner_capacity = task->capacity};

    stage->random = check_seed;
    oracle_init(&stage->oracle, (struct oracle_schema){task->dims, task->kind, task->type},
                task->old + task->new, task->data, &stage->random);
    return edit_scene_open_on(&stage->scene, os, &shape);
}

static void stage_close(struct stage *stage)
{
    edit_scene_close(&stage->scene);
    oracle_release(&stage->oracle);
}

static xt_status rows_load(struct stage *stage, const xt_loader_options *options, size_t from,
                           size_t to)
{
    const struct oracle *oracle = &stage->oracle;
    struct xti_loader *loader;
    xt_status status = xti_loader_open(stage->scene.txn, stage->scene.writer, options, &loader);

    for (size_t i = from; i < to && status == XT_OK; i++)
        status = xti_loader_add(loader, oracle->ids[i], oracle->low + i * oracle->dims,
                                oracle->high + i * oracle->dims);
    if (status == XT_OK)
        return xti_loader_finish(loader);
    if (loader != NULL)
        xti_loader_cancel(loader);
    return status;
}

static xt_status task_load(struct stage *stage, const struct task *task, size_t from, size_t to)
{
    const xt_loader_options options = {
        .memory_limit = task->limit, .spill_folder = scratch(), .threads = task->threads};

    return rows_load(stage, &options, from, to);
}

static bool window_is_right(struct oracle *oracle, const struct xti_view *view,
                            const double *window)
{
    static const xt_query_options options = XT_QUERY_OPTIONS_INIT;
    size_t expected = oracle_expect(oracle, window, XT_INTERSECTS);
    struct xti_window_query *query;
    size_t bad = 0, count = 0;
    xt_item item;
    xt_status status;

    if (!CHECK_STATUS(xti_window_open(xti_os_real(), view, window, &options,
                                      xti_kernels_get(XT_KERNEL_BEST), &query),
                      XT_OK))
        return false;
    while ((status = xti_window_next(query, &item)) == XT_OK) {
        uint64_t i = item.id - oracle->first_id;

        bad += i >= oracle->count || oracle->marks[i] != ORACLE_EXPECTED;
        if (i < oracle->count)
            oracle->marks[i] |= ORACLE_SEEN;
        count++;
    }
    xti_window_close(query);
    return CHECK_STATUS(status, XT_DONE) && CHECK_U64(bad, 0) && CHECK_U64(count, expected);
}

/* Publishes. The tree is sound and answers as the first `count` items of the oracle do. */
static bool stage_holds(struct stage *stage, size_t count)
{
    struct oracle *oracle = &stage->oracle;
    size_t all = oracle->count;
    double window[2 * XT_DIMS_MAX];
    struct xti_view *view;
    bool ok = edit_scene_holds(&stage->scene, count) &&
              CHECK_STATUS(xti_txn_view(stage->scene.txn, &view), XT_OK);

    if (!ok)
        return false;
    oracle->count = count;
    for (unsigned i = 0; i < 2 * ORACLE_WINDOW_COUNT && ok; i++) {
        oracle_window(oracle, (enum oracle_window)(i % ORACLE_WINDOW_COUNT), &stage->random,
                      window);
        ok = window_is_right(oracle, view, window);
    }
    oracle->count = all;
    xti_txn_unview(stage->scene.txn, view);
    return ok;
}

/* ---- two trees ----------------------------------------------------------------------------- */

/* Loads both; the second part is not there before it is published. */
static bool task_holds(const struct task *task)
{
    struct stage stage;
    struct xti_view *view;
    bool ok = stage_open(&stage, xti_os_real(), task) &&
              CHECK_STATUS(task_load(&stage, task, 0, task->old), XT_OK) &&
              stage_holds(&stage, task->old) &&
              CHECK_STATUS(task_load(&stage, task, task->old, task->old + task->new), XT_OK) &&
              CHECK_STATUS(xti_txn_view(stage.scene.txn, &view), XT_OK);

    if (ok) {
        ok = CHECK_U64(view->item_count, task->old);
        xti_txn_unview(stage.scene.txn, view);
        ok = stage_holds(&stage, task->old + task->new) && ok;
    }
    stage_close(&stage);
    return ok;
}

static void trees_of_all_sizes_become_one(void)
{
    static const struct {
        const char *name;
        size_t old, new;
    } sizes[] = {
        {"small into large",           4000, 60  },
        {"large into small",           60,   4000},
        {"equal",                      1500, 1500},
        {"one item into many",         3000, 1   },
        {"many into one item",         1,    3000},
        {"one into one",               1,    1   },
        {"one leaf into one leaf",     9,    7   },
        {"one leaf that is then full", 9,    8   },
        {"into a store with one leaf", 16,   900 },
        {"a leaf into two levels",     200,  10  },
    };
    static const uint32_t dims[] = {1, 2, 3, 7, 16};

    for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
        for (unsigned data = 0; data < ORACLE_DATA_COUNT; data++) {
            struct task task = {.old = sizes[i].old,
                                .new = sizes[i].new,
                                .dims = dims[(i + data) % CHECK_COUNT(dims)],
                                .kind = (i + data / 2) % 2 == 0 ? XT_POINTS : XT_BOXES,
                                .type = (i + data) % 3 == 0 ? XT_F32 : XT_F64,
                                .data = (enum oracle_data)data,
                                .capacity = 16,
                                .threads = 1};

            check_row = sizes[i].name;
            if (!task_holds(&task))
                return;
        }
    }
}

static void every_number_of_dimensions_works(void)
{
    for (uint32_t dims = 1; dims <= 16; dims++) {
        const struct task task = {
            "", 700, 300, dims, dims % 2 == 0 ? XT_BOXES : XT_POINTS, XT_F64, ORACLE_CLUSTERED,
            16, 1,   0};

        if (!task_holds(&task))
            return;
    }
}

static void threads_and_spilling_change_nothing(void)
{
    static const struct task tasks[] = {
        {"two threads",               9000,  5000, 2, XT_POINTS, XT_F64, ORACLE_UNIFORM,   16, 2,              0      },
        {"all threads",               5000,  9000, 3, XT_BOXES,  XT_F32, ORACLE_CLUSTERED, 16, XT_THREADS_ALL, 0      },
        {"spilled",                   9000,  9000, 2, XT_BOXES,  XT_F64, ORACLE_UNIFORM,   16, 1,              1 << 16},
        {"spilled, threads",          20000, 4000, 2, XT_POINTS, XT_F64, ORACLE_GRID,      32, 3,              1 << 16},
        {"spilled, small into large", 20000, 900,  6, XT_POINTS, XT_F32, ORACLE_SORTED,    32, 2,
         1 << 14                                                                                                      },
    };

    for (size_t i = 0; i < CHECK_COUNT(tasks); i++) {
        check_row = tasks[i].name;
        CHECK(task_holds(&tasks[i]));
    }
}

static void many_loads_one_after_the_other_make_one_tree(void)
{
    const struct task task = {"", 500, 4500, 2, XT_BOXES, XT_F64, ORACLE_UNIFORM, 16, 1, 0};
    struct stage stage;
    bool ok = stage_open(&stage, xti_os_real(), &task);

    for (size_t at = 0; at < 5000 && ok; at += 250)
        ok = CHECK_STATUS(task_load(&stage, &task, at, at + 250), XT_OK) &&
             stage_holds(&stage, at + 250);
    stage_close(&stage);
}

/* ---- what becomes of a leaf ---------------------------------------------------------------- */

static uint64_t leaves_in(struct stage *stage)
{
    xt_tree_stats stats = {.struct_size = sizeof stats};
    struct xti_view *view;

    if (!CHECK_STATUS(xti_txn_view(stage->scene.txn, &view), XT_OK))
        return 0;
    CHECK_STATUS(xti_tree_stats(xti_os_real(), view, &stats), XT_OK);
    xti_txn_unview(stage->scene.txn, view);
    return stats.level[0].nodes;
}

/* Moves the new items into a square of that size. */
static void new_items_crowd(struct stage *stage, size_t old, double size)
{
    struct oracle *oracle = &stage->oracle;
    double low[2], high[2];

    oracle_bounds(oracle, low, high);
    for (size_t i = 2 * old; i < 2 * oracle->count; i++) {
        double width = high[i % 2] - low[i % 2];

        oracle->low[i] =
            low[i % 2] + 0.4 * (1 - size) * width + (oracle->low[i] - low[i % 2]) * size;
    }
}

static void sparse_leaves_are_hung_and_dense_ones_inserted(void)
{
    static const struct {
        const char *name;
        size_t old;
        double size; /* of the square with the new items, as a share of the whole */
        bool is_hung;
    } rows[] = {
        {"sparse",                20000, 1.0,   true },
        {"crowded in few leaves", 20000, 0.002, false},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const struct task task = {"",     rows[i].old,    320, 2, XT_POINTS,
                                  XT_F64, ORACLE_UNIFORM, 32,  1, 0};
        struct stage stage;
        xt_change_stats stats;
        uint64_t before;

        check_row = rows[i].name;
        if (!stage_open(&stage, xti_os_real(), &task))
            return;
        new_items_crowd(&stage, rows[i].old, rows[i].size);
        CHECK_STATUS(task_load(&stage, &task, 0, rows[i].old), XT_OK);
        stage_holds(&stage, rows[i].old);
        before = leaves_in(&stage);
        CHECK_STATUS(task_load(&stage, &task, rows[i].old, rows[i].old + 320), XT_OK);
        stage_holds(&stage, rows[i].old + 320);
        xti_writer_stats(stage.scene.writer, &stats);
        CHECK((stats.leaf_splits == 0) == rows[i].is_hung);
        CHECK(!rows[i].is_hung || leaves_in(&stage) == before + 10);
        stage_close(&stage);
    }
}

/* ---- failures and cancelling --------------------------------------------------------------- */

static bool root_is_same(const struct xti_root *a, const struct xti_root *b)
{
    return CHECK_U64(a->ref, b->ref) && CHECK_U64(a->height, b->height) &&
           CHECK_U64(a->item_count, b->item_count);
}

/* Loads the second part with the n-th call of the system failing. True: go on. */
static bool failure_leaves_what_was(struct stage *stage, struct fail_os *fail,
                                    const struct task *task, uint64_t n)
{
    struct xti_root before = xti_txn_root(stage->scene.txn);
    struct xti_root after;
    xt_status status;
    bool hit;

    fail_os_reset(fail);
    fail->kinds = FAIL_ALL & ~(unsigned)(FAIL_READ | FAIL_WRITE);
    fail->fail_at = n;
    status = task_load(stage, task, task->old, task->old + task->new);
    hit = fail->hit;
    fail_os_reset(fail);
    /* Threads that cannot be started, and lists of free blocks, are done without. */
    CHECK(hit || status == XT_OK);
    if (status == XT_OK)
        CHECK_STATUS(xti_txn_rollback(stage->scene.txn), XT_OK);
    after = xti_txn_root(stage->scene.txn);
    return root_is_same(&after, &before) && CHECK(!xti_txn_is_dirty(stage->scene.txn)) &&
           CHECK_INT(fail->files, 0) && hit && (n % 8 != 0 || stage_holds(stage, task->old));
}

static void failures_leave_the_store_as_it_was(void)
{
    static const struct task tasks[] = {
        {"small into large", 3000, 300,  2, XT_POINTS, XT_F64, ORACLE_UNIFORM,   16, 1, 0      },
        {"large into small", 300,  3000, 2, XT_BOXES,  XT_F64, ORACLE_UNIFORM,   16, 2, 0      },
        {"spilled",          900,  6000, 2, XT_POINTS, XT_F32, ORACLE_CLUSTERED, 16, 1, 1 << 16},
        {"one leaf",         9,    9,    3, XT_BOXES,  XT_F64, ORACLE_UNIFORM,   16, 1, 0      },
    };

    for (size_t i = 0; i < CHECK_COUNT(tasks); i++) {
        const struct task *task = &tasks[i];
        struct fail_os fail;
        struct stage stage;
        uint64_t n = 1;

        check_row = task->name;
        fail_os_init(&fail, xti_os_real());
        if (!stage_open(&stage, &fail.os, task))
            return;
        CHECK_STATUS(task_load(&stage, task, 0, task->old), XT_OK);
        CHECK(stage_holds(&stage, task->old));
        while (failure_leaves_what_was(&stage, &fail, task, n))
            n += n < 50 ? 1 : n / 16; /* most are of temporary files */
        CHECK(n > 4);
        CHECK_STATUS(task_load(&stage, task, task->old, task->old + task->new), XT_OK);
        stage_holds(&stage, task->old + task->new);
        stage_close(&stage);
        CHECK(fail_os_is_clean(&fail));
    }
}

struct watcher {
    uint64_t calls;
    uint64_t cancel_at; /* 0: never */
    uint64_t phases[4];
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
    watcher->phases[phase]++;
    return ++watcher->calls != watcher->cancel_at;
}

static void any_call_of_progress_may_cancel(void)
{
    static const struct task tasks[] = {
        {"small into large", 3000, 400,  2, XT_POINTS, XT_F64, ORACLE_UNIFORM,   16, 1, 0      },
        {"large into small", 400,  3000, 2, XT_BOXES,  XT_F64, ORACLE_CLUSTERED, 16, 1, 0      },
        {"spilled",          300,  6000, 2, XT_POINTS, XT_F64, ORACLE_UNIFORM,   16, 1, 1 << 16},
    };

    for (size_t i = 0; i < CHECK_COUNT(tasks); i++) {
        const struct task *task = &tasks[i];
        size_t smaller = task->old < task->new ? task->old : task->new;
        struct watcher all = {.is_monotone = true};
        xt_loader_options options = {.memory_limit = task->limit,
                                     .spill_folder = scratch(),
                                     .progress = watch,
                                     .progress_context = &all};
        struct stage stage;

        check_row = task->name;
        if (!stage_open(&stage, xti_os_real(), task))
            return;
        CHECK_STATUS(task_load(&stage, task, 0, task->old), XT_OK);
        CHECK(stage_holds(&stage, task->old));
        CHECK_STATUS(rows_load(&stage, &options, task->old, task->old + task->new), XT_OK);
        CHECK_STATUS(xti_txn_rollback(stage.scene.txn), XT_OK);
        CHECK(stage_holds(&stage, task->old));
        CHECK(all.is_monotone && all.phases[XT_LOAD_MERGING] > 0);
        CHECK_U64(all.done, smaller);
        CHECK_U64(all.total, smaller);
        for (uint64_t n = 1; n <= all.calls; n += n < all.calls - 3 ? all.calls / 12 + 1 : 1) {
            struct watcher one = {.is_monotone = true, .cancel_at = n};

            options.progress_context = &one;
            CHECK_STATUS(rows_load(&stage, &options, task->old, task->old + task->new),
                         XT_ECANCELLED);
            CHECK_U64(one.calls, n);
            if (!stage_holds(&stage, task->old))
                break;
        }
        stage_close(&stage);
    }
}

CHECK_MAIN({"trees_of_all_sizes_become_one", trees_of_all_sizes_become_one},
           {"every_number_of_dimensions_works", every_number_of_dimensions_works},
           {"threads_and_spilling_change_nothing", threads_and_spilling_change_nothing},
           {"many_loads_one_after_the_other_make_one_tree",
            many_loads_one_after_the_other_make_one_tree},
           {"sparse_leaves_are_hung_and_dense_ones_inserted",
            sparse_leaves_are_hung_and_dense_ones_inserted},
           {"failures_leave_the_store_as_it_was", failures_leave_the_store_as_it_was},
           {"any_call_of_progress_may_cancel", any_call_of_progress_may_cancel})
