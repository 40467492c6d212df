/* bench/with_xtree.c -- our own library as a contestant, in memory and on disk.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contestants.h"
#include "data.h"
#include "stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xtree.h"

static const char *const builders[] = {"arrays", "one by one", NULL};
static const char *const walkers[] = {"portable", "AVX2", "AVX-512", NULL};
static const xt_kernel kernels[] = {XT_KERNEL_PORTABLE, XT_KERNEL_AVX2, XT_KERNEL_AVX512};

/* A store, the snapshot that is queried, and a query of each kind that is asked again and again,
 * for each walker. */
struct built {
    xt_store *store;
    xt_snapshot *snapshot; /* NULL: none yet */
    unsigned dims;
    bool is_boxes;
    size_t publish_every; /* changes; 0: when settled */
    size_t pending;       /* changes since */
    xt_query *windows[3]; /* NULL: not opened yet */
    xt_query *nearest[3];
    size_t nearest_k[3];
};

static void must(xt_status status, const char *what)
{
    if (status != XT_OK)
        bench_die("%s: %s (%s)", what, xt_status_text(status), xt_status_name(status));
}

static const char *version(void)
{
    static char text[64];
    uint32_t number = xt_version();
    snprintf(text, sizeof text, "XTree %u.%u.%u, default capacities, queries restarted",
             number / 10000, number / 100 % 100, number % 100);
    return text;
}

/* ---- building ------------------------------------------------------------------------------ */

static void add_arrays(xt_loader *loader, const struct dataset *data)
{
    xt_rows rows = {
        .count = data->count,
        .low = data->coords,
        .high = data->is_boxes ? data->coords + data->dims : NULL,
        .type = XT_F64,
        .row_stride = dataset_width(data) * sizeof(double),
        .axis_stride = sizeof(double),
    };
    must(xt_loader_add_many(loader, &rows, NULL), "xt_loader_add_many");
}

static void add_one_by_one(xt_loader *loader, const struct dataset *data)
{
    size_t width = dataset_width(data);
    for (size_t i = 0; i < data->count; i++) {
        const double *low = data->coords + i * width;
        const double *high = data->is_boxes ? low + data->dims : NULL;
        must(xt_loader_add(loader, i, low, high), "xt_loader_add");
    }
}

xt_store *store_make(const char *path, const struct dataset *like, double max_overlap,
                     xt_medium medium)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    options.dims = like->dims;
    options.kind = like->is_boxes ? XT_BOXES : XT_POINTS;
    options.max_overlap = max_overlap;
    options.medium = medium;
    xt_store *store = NULL;
    must(xt_store_create(path, &options, &store), "xt_store_create");
    return store;
}

xt_store *store_load(const char *path, const struct dataset *data, unsigned way, unsigned threads)
{
    xt_store *store = store_make(path, data, 0.0, XT_MEDIUM_MEMORY);
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;
    options.threads = threads;
    xt_loader *loader = NULL;
    must(xt_loader_open(store, &options, &loader), "xt_loader_open");
    if (way == 0)
        add_arrays(loader, data);
    else
        add_one_by_one(loader, data);
    must(xt_loader_finish(loader), "xt_loader_finish");
    return store;
}

void store_load_generated(const char *path, uint64_t items, uint64_t seed,
                          const struct load_limits *limits)
{
    xt_create_options create = XT_CREATE_OPTIONS_INIT;
    create.dims = 2;
    xt_store *store = NULL;
    must(xt_store_create(path, &create, &store), "xt_store_create");

    xt_loader_options options = XT_LOADER_OPTIONS_INIT;
    options.threads = limits->threads;
    options.memory_limit = limits->memory_bytes;
    xt_loader *loader = NULL;
    must(xt_loader_open(store, &options, &loader), "xt_loader_open");
    for (uint64_t i = 0; i < items; i++) {
        double point[2];
        data_uniform_point(seed, i, point);
        must(xt_loader_add(loader, i, point, NULL), "xt_loader_add");
    }
    must(xt_loader_finish(loader), "xt_loader_finish");
    must(xt_store_commit(store, NULL), "xt_store_commit");
    must(xt_store_close(store), "xt_store_close");
}

static void *prepare(const struct dataset *data)
{
    struct dataset *copy = malloc(sizeof *copy);
    if (copy == NULL)
        bench_die("out of memory");
    *copy = *data;
    return copy;
}

static struct built *built_new(const struct dataset *like, xt_store *store)
{
    struct built *built = calloc(1, sizeof *built);
    if (built == NULL)
        bench_die("out of memory");
    *built = (struct built){.store = store, .dims = like->dims, .is_boxes = like->is_boxes};
    return built;
}

static void snapshot_end(struct built *built)
{
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        xt_query_close(built->windows[i]);
        xt_query_close(built->nearest[i]);
        built->windows[i] = built->nearest[i] = NULL;
    }
    xt_snapshot_release(built->snapshot);
}

static void settle(void *handle)
{
    struct built *built = handle;
    snapshot_end(built);
    must(xt_store_publish(built->store), "xt_store_publish");
    must(xt_snapshot_latest(built->store, &built->snapshot), "xt_snapshot_latest");
}

static void *build(void *prepared, unsigned way, unsigned threads)
{
    struct built *built = built_new(prepared, store_load(NULL, prepared, way, threads));
    settle(built);
    return built;
}

static uint64_t bytes(const void *handle)
{
    const struct built *built = handle;
    xt_store_stats stats = {.struct_size = sizeof stats};
    must(xt_store_stat(built->store, &stats), "xt_store_stat");
    return stats.live_bytes;
}

static void destroy(void *handle)
{
    struct built *built = handle;
    snapshot_end(built);
    must(xt_store_close(built->store), "xt_store_close");
    free(built);
}

xt_snapshot *built_snapshot(const void *handle)
{
    const struct built *built = handle;
    return built->snapshot;
}

xt_store *built_store(const void *handle)
{
    const struct built *built = handle;
    return built->store;
}

void *built_around(xt_store *store, const struct dataset *like)
{
    struct built *built = built_new(like, store);
    settle(built);
    return built;
}

/* ---- changing ------------------------------------------------------------------------------ */

static void *create_empty(const struct dataset *like)
{
    return built_new(like, store_make(NULL, like, 0.0, XT_MEDIUM_MEMORY));
}

static void *create_publishing(const struct dataset *like)
{
    struct built *built = create_empty(like);
    built->publish_every = 1000;
    return built;
}

static const double *row_low(const struct built *built, const struct rows *rows, size_t i)
{
    return rows->coords + i * built->dims * (built->is_boxes ? 2 : 1);
}

static const double *row_high(const struct built *built, const double *low)
{
    return built->is_boxes ? low + built->dims : NULL;
}

static void changed(struct built *built)
{
    if (++built->pending == built->publish_every) {
        must(xt_store_publish(built->store), "xt_store_publish");
        built->pending = 0;
    }
}

static void insert(void *handle, const struct rows *rows)
{
    struct built *built = handle;
    for (size_t i = 0; i < rows->count; i++) {
        const double *low = row_low(built, rows, i);
        must(xt_store_insert(built->store, rows->ids[i], low, row_high(built, low)),
             "xt_store_insert");
        changed(built);
    }
}

static void remove_rows(void *handle, const struct rows *rows)
{
    struct built *built = handle;
    for (size_t i = 0; i < rows->count; i++) {
        const double *low = row_low(built, rows, i);
        must(xt_store_remove(built->store, rows->ids[i], low, row_high(built, low)),
             "xt_store_remove");
        changed(built);
    }
}

static void move(void *handle, const struct rows *from, const struct rows *to)
{
    struct built *built = handle;
    for (size_t i = 0; i < from->count; i++) {
        const double *old_low = row_low(built, from, i);
        const double *low = row_low(built, to, i);
        must(xt_store_move(built->store, from->ids[i], old_low, row_high(built, old_low), low,
                           row_high(built, low)),
             "xt_store_move");
        changed(built);
    }
}

/* ---- querying ------------------------------------------------------------------------------ */

static xt_query *query_begin(struct built *built, unsigned walker, const double *window)
{
    xt_query **query = &built->windows[walker];
    xt_query_options options = XT_QUERY_OPTIONS_INIT;
    options.kernel = kernels[walker];
    if (*query == NULL)
        must(xt_query_window(built->snapshot, window, &options, query), "xt_query_window");
    else
        must(xt_query_restart(*query, window), "xt_query_restart");
    return *query;
}

static bool can_walk(void *handle, unsigned walker)
{
    const struct built *built = handle;
    static const double window[2 * XT_DIMS_MAX];
    xt_query_options options = XT_QUERY_OPTIONS_INIT;
    options.kernel = kernels[walker];
    xt_query *query = NULL;
    xt_status status = xt_query_window(built->snapshot, window, &options, &query);
    if (status != XT_OK && status != XT_EINVAL)
        must(status, "xt_query_window");
    xt_query_close(query);
    return status == XT_OK;
}

/* Takes everything that is left of the query, in batches. */
static size_t drain(xt_query *query, uint64_t *ids)
{
    size_t total = 0;
    size_t count = 0;
    xt_status status;
    while ((status = xt_query_next_batch(query, ids + total, WINDOW_SLACK, &count)) == XT_OK)
        total += count;
    if (status != XT_DONE)
        must(status, "xt_query_next_batch");
    return total;
}

static size_t window_ids(void *handle, unsigned walker, const double *window, uint64_t *ids)
{
    xt_query *query = query_begin(handle, walker, window);
    return drain(query, ids);
}

static uint64_t window_count(void *handle, unsigned walker, const double *window)
{
    xt_query *query = query_begin(handle, walker, window);
    uint64_t count = 0;
    must(xt_query_count(query, &count), "xt_query_count");
    return count;
}

/* ---- neighbours and pairs ------------------------------------------------------------------ */

static xt_query *nearest_begin(struct built *built, unsigned walker, const double *point, size_t k)
{
    xt_query **query = &built->nearest[walker];
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    options.k = k;
    options.kernel = kernels[walker];
    if (*query != NULL && built->nearest_k[walker] == k) {
        must(xt_query_restart(*query, point), "xt_query_restart");
        return *query;
    }
    xt_query_close(*query);
    *query = NULL;
    must(xt_query_nearest(built->snapshot, point, &options, query), "xt_query_nearest");
    built->nearest_k[walker] = k;
    return *query;
}

static void nearest(void *handle, unsigned walker, const double *point, size_t k, uint64_t *ids,
                    double *distances)
{
    xt_query *query = nearest_begin(handle, walker, point, k);
    for (size_t total = 0, count = 0; total < k; total += count)
        must(xt_query_next_nearest(query, ids + total, distances + total, k - total, &count),
             "xt_query_next_nearest");
}

static void nearest_many(void *handle, const double *points, size_t count, size_t k, uint64_t *ids,
                         double *distances)
{
    const struct built *built = handle;
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    options.k = k;
    must(xt_nearest_many(built->snapshot, points, count, &options, ids, distances, NULL),
         "xt_nearest_many");
}

static struct join_answer join(void *handle_a, void *handle_b, const struct rows *rows)
{
    const struct built *a = handle_a;
    const struct built *b = handle_b;
    struct join_answer answer = {0};
    xt_pair pairs[WINDOW_SLACK];
    xt_join *join = NULL;
    size_t count = 0;
    xt_status status;
    (void)rows;
    must(xt_join_open(a->snapshot, a == b ? NULL : b->snapshot, NULL, &join), "xt_join_open");
    while ((status = xt_join_next(join, pairs, WINDOW_SLACK, &count)) == XT_OK) {
        answer.pairs += count;
        for (size_t i = 0; i < count; i++) {
            bool swap = a == b && pairs[i].a > pairs[i].b;
            answer.sum +=
                swap ? hash_pair(pairs[i].b, pairs[i].a) : hash_pair(pairs[i].a, pairs[i].b);
        }
    }
    if (status != XT_DONE)
        must(status, "xt_join_next");
    xt_join_close(join);
    return answer;
}

const struct contestant with_xtree = {
    .interface = CONTESTANT_INTERFACE,
    .name = "XTree",
    .version = version,
    .walkers = walkers,
    .can_walk = can_walk,
    .bytes = bytes,
    .destroy = destroy,
    .builders = builders,
    .has_threads = true,
    .prepare = prepare,
    .unprepare = free,
    .build = build,
    .create = create_empty,
    .insert = insert,
    .remove = remove_rows,
    .move = move,
    .settle = settle,
    .window = window_ids,
    .count = window_count,
    .nearest = nearest,
    .nearest_many = nearest_many,
    .join = join,
};

const struct contestant with_xtree_published = {
    .interface = CONTESTANT_INTERFACE,
    .name = "XTree, a publish every 1,000",
    .version = version,
    .walkers = walkers,
    .can_walk = can_walk,
    .bytes = bytes,
    .destroy = destroy,
    .create = create_publishing,
    .insert = insert,
    .remove = remove_rows,
    .move = move,
    .settle = settle,
};

/* ---- opening ------------------------------------------------------------------------------- */

static void create(const char *path, uint64_t items, uint64_t seed, unsigned threads)
{
    struct load_limits limits = {.threads = threads, .memory_bytes = 0};
    store_load_generated(path, items, seed, &limits);
}

static uint64_t first_answer(const char *path, const struct probe *probe)
{
    static uint64_t ids[4 * WINDOW_SLACK];
    xt_store *store = NULL;
    xt_snapshot *snapshot = NULL;
    xt_query *query = NULL;
    must(xt_store_open(path, NULL, &store), path);
    must(xt_snapshot_latest(store, &snapshot), "xt_snapshot_latest");
    must(xt_query_window(snapshot, probe->window, NULL, &query), "xt_query_window");
    return drain(query, ids);
}

const struct opener open_xtree = {
    .name = "XTree",
    .version = version,
    .create = create,
    .first_answer = first_answer,
};
