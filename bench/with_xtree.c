/* bench/with_xtree.c -- our own library as a contestant, in memory and on disk.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contestant.h"
#include "data.h"
#include "stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xtree.h"

static const char *const builders[] = {"arrays", "one by one", NULL};
static const char *const walkers[] = {"portable", "AVX2", "AVX-512", NULL};
static const xt_kernel kernels[] = {XT_KERNEL_PORTABLE, XT_KERNEL_AVX2, XT_KERNEL_AVX512};

/* A store and the snapshot that is queried. */
struct built {
    xt_store *store;
    xt_snapshot *snapshot;
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
    snprintf(text, sizeof text, "XTree %u.%u.%u, default capacities, lazy verification",
             number / 10000, number / 100 % 100, number % 100);
    return text;
}

/* ---- building ------------------------------------------------------------------------------ */

static void add_arrays(xt_loader *loader, const struct dataset *data)
{
    xt_rows rows = {
        .count = data->count,
        .low = data->coords,
        .high = data->is_boxes ? data->coords + 2 : NULL,
        .type = XT_F64,
        .row_stride = (data->is_boxes ? 4 : 2) * sizeof(double),
        .axis_stride = sizeof(double),
    };
    must(xt_loader_add_many(loader, &rows, NULL), "xt_loader_add_many");
}

static void add_one_by_one(xt_loader *loader, const struct dataset *data)
{
    size_t width = data->is_boxes ? 4 : 2;
    for (size_t i = 0; i < data->count; i++) {
        const double *low = data->coords + i * width;
        must(xt_loader_add(loader, i, low, data->is_boxes ? low + 2 : NULL), "xt_loader_add");
    }
}

xt_store *store_load(const char *path, const struct dataset *data, unsigned way, unsigned threads)
{
    xt_create_options create = XT_CREATE_OPTIONS_INIT;
    create.dims = 2;
    create.kind = data->is_boxes ? XT_BOXES : XT_POINTS;
    xt_store *store = NULL;
    must(xt_store_create(path, &create, &store), "xt_store_create");

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

static void *build(void *prepared, unsigned way, unsigned threads)
{
    struct built *built = calloc(1, sizeof *built);
    if (built == NULL)
        bench_die("out of memory");
    built->store = store_load(NULL, prepared, way, threads);
    must(xt_store_publish(built->store), "xt_store_publish");
    must(xt_snapshot_latest(built->store, &built->snapshot), "xt_snapshot_latest");
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
    xt_snapshot_release(built->snapshot);
    must(xt_store_close(built->store), "xt_store_close");
    free(built);
}

xt_snapshot *built_snapshot(void *handle)
{
    struct built *built = handle;
    return built->snapshot;
}

/* ---- querying ------------------------------------------------------------------------------ */

static xt_query *query_begin(const struct built *built, unsigned walker, const double *window)
{
    xt_query_options options = XT_QUERY_OPTIONS_INIT;
    options.kernel = kernels[walker];
    xt_query *query = NULL;
    must(xt_query_window(built->snapshot, window, &options, &query), "xt_query_window");
    return query;
}

static bool can_walk(void *handle, unsigned walker)
{
    const struct built *built = handle;
    static const double window[4] = {0.0, 0.0, 1.0, 1.0};
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
    size_t total = drain(query, ids);
    xt_query_close(query);
    return total;
}

static uint64_t window_count(void *handle, unsigned walker, const double *window)
{
    xt_query *query = query_begin(handle, walker, window);
    uint64_t count = 0;
    must(xt_query_count(query, &count), "xt_query_count");
    xt_query_close(query);
    return count;
}

const struct contestant with_xtree = {
    .name = "XTree",
    .version = version,
    .builders = builders,
    .has_threads = true,
    .walkers = walkers,
    .prepare = prepare,
    .unprepare = free,
    .build = build,
    .bytes = bytes,
    .destroy = destroy,
    .can_walk = can_walk,
    .window = window_ids,
    .count = window_count,
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
