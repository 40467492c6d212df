/* src/api/store.c -- creating, opening and ending stores; publish, commit, rollback.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

#include <string.h>

#define ARENA_BYTES_DEFAULT (UINT64_C(64) << 20)
#define ARENA_BYTES_ALIGN (UINT64_C(2) << 20)
#define WINDOW_BYTES_MAX (UINT64_C(256) << 30)

/* Measured on 10 M points in 2 dimensions (docs/benchmarks.md): smaller leaves cost more misses,
 * larger ones more tests of items outside the window. */
#define LEAF_CAPACITY_DEFAULT 32u
#define INNER_CAPACITY_DEFAULT 32u
#define CAPACITY_MAX 1024u

static bool capacity_is_valid(uint32_t capacity)
{
    return capacity > 0 && capacity % 16 == 0 && capacity <= CAPACITY_MAX;
}

/* The first field that is out of range, or NULL. */
static const char *schema_fault(const struct xti_schema *schema)
{
    if (schema->dims < 1 || schema->dims > XT_DIMS_MAX)
        return "dims is from 1 to 255";
    if (schema->kind != XT_POINTS && schema->kind != XT_BOXES)
        return "kind is XT_POINTS or XT_BOXES";
    if (schema->coord_type != XT_F64 && schema->coord_type != XT_F32)
        return "coord_type is XT_F64 or XT_F32";
    if (schema->arena_bytes % ARENA_BYTES_ALIGN != 0 || schema->arena_bytes > WINDOW_BYTES_MAX)
        return "arena_bytes is a multiple of 2 MiB, at most 256 GiB";
    if (!capacity_is_valid(schema->leaf_capacity) || !capacity_is_valid(schema->inner_capacity))
        return "a capacity is a multiple of 16, at most 1024";
    if (schema->extent_align < 4096 || schema->extent_align > 65536 ||
        !xti_is_power_of_two(schema->extent_align))
        return "extent_align is a power of two from 4096 to 65536";
    return NULL;
}

static void take_schema(const xt_create_options *options, struct xti_schema *schema)
{
    schema->dims = options->dims;
    schema->kind = options->kind != 0 ? options->kind : XT_POINTS;
    schema->coord_type = options->coord_type != 0 ? options->coord_type : XT_F64;
    schema->arena_bytes = options->arena_bytes != 0 ? options->arena_bytes : ARENA_BYTES_DEFAULT;
    schema->leaf_capacity =
        options->leaf_capacity != 0 ? options->leaf_capacity : LEAF_CAPACITY_DEFAULT;
    schema->inner_capacity =
        options->inner_capacity != 0 ? options->inner_capacity : INNER_CAPACITY_DEFAULT;
    schema->extent_align = options->extent_align != 0 ? options->extent_align : 4096;
}

#define WINDOW_FAULT "window_bytes is a multiple of 2 MiB, at most 256 GiB"

static bool take_window_bytes(uint64_t *window_bytes)
{
    if (*window_bytes == 0)
        *window_bytes = WINDOW_BYTES_MAX;
    return *window_bytes % ARENA_BYTES_ALIGN == 0 && *window_bytes <= WINDOW_BYTES_MAX;
}

/* Made first: when a store has been created, nothing may fail any more. */
static xt_status make_handle(const struct xti_os *os, const char *path, xt_error *error,
                             xt_store **out)
{
    *out = xti_alloc_zeroed(os, sizeof **out);
    if (*out == NULL)
        return xti_report(error, XT_ENOMEM, path, NULL, XTI_NO_OFFSET, "memory for the handle");
    (*out)->os = os;
    return XT_OK;
}

static xt_status give_handle(xt_store *store, xt_status status, xt_store **out)
{
    if (status == XT_OK)
        *out = store;
    else
        store->os->free(store->os, store, sizeof *store);
    return status;
}

#define MEDIUM_FAULT "medium is one of xt_medium, max_overlap from 0 to 1"

static bool medium_is_valid(xt_medium medium, double max_overlap)
{
    return (medium == XT_MEDIUM_MEMORY || medium == XT_MEDIUM_DISK) && max_overlap >= 0 &&
           max_overlap <= 1;
}

#define DURABILITY_FAULT "durability is one of xt_durability"

static bool durability_is_valid(xt_durability durability)
{
    return durability == XT_DURABLE || durability == XT_DURABLE_TWO_SYNCS ||
           durability == XT_DURABLE_ONE_SYNC || durability == XT_ORDERED;
}

static uint64_t to_ns(uint64_t ms)
{
    const uint64_t most = UINT64_MAX / 1000000;

    return (ms < most ? ms : most) * 1000000;
}

xt_status xti_store_create(const struct xti_os *os, const char *path,
                           const xt_create_options *options, xt_store **out)
{
    struct xti_schema schema;
    const char *fault;
    xt_create_options o;
    xt_store *store;
    xt_status status;

    if (out == NULL)
        return XT_EINVAL;
    *out = NULL;
    status = xti_options_take(&o, sizeof o, options);
    if (status != XT_OK)
        return status;
    take_schema(&o, &schema);
    fault = schema_fault(&schema);
    if (fault == NULL && !take_window_bytes(&o.window_bytes))
        fault = WINDOW_FAULT;
    if (fault == NULL && path != NULL && path[0] == '\0')
        fault = "path is not empty";
    if (fault == NULL && !medium_is_valid(o.medium, o.max_overlap))
        fault = MEDIUM_FAULT;
    if (fault == NULL && !durability_is_valid(o.durability))
        fault = DURABILITY_FAULT;
    if (fault != NULL)
        return xti_report(o.error, XT_EINVAL, path, NULL, XTI_NO_OFFSET, fault);
    status = make_handle(os, path, o.error, &store);
    if (status != XT_OK)
        return status;
    store->medium = o.medium;
    store->max_overlap = o.max_overlap;
    store->no_cleaning = o.no_cleaning;
    store->limits = (struct limits){o.commit_changes, o.commit_bytes, to_ns(o.commit_ms), 0};
    status = xti_txn_create(os, path, &schema, o.window_bytes, o.error, &store->txn);
    if (status == XT_OK)
        xti_txn_set_durability(store->txn, o.durability);
    return give_handle(store, status, out);
}

xt_status xti_store_open(const struct xti_os *os, const char *path, const xt_open_options *options,
                         xt_store **out)
{
    xt_open_options o;
    xt_store *store;
    xt_status status;

    if (out == NULL)
        return XT_EINVAL;
    *out = NULL;
    status = xti_options_take(&o, sizeof o, options);
    if (status != XT_OK)
        return status;
    if (path == NULL || path[0] == '\0')
        return xti_report(o.error, XT_EINVAL, path, NULL, XTI_NO_OFFSET, "path is not empty");
    if (!take_window_bytes(&o.window_bytes))
        return xti_report(o.error, XT_EINVAL, path, NULL, XTI_NO_OFFSET, WINDOW_FAULT);
    if (o.verify != XT_VERIFY_LAZY && o.verify != XT_VERIFY_NONE && o.verify != XT_VERIFY_OPEN)
        return xti_report(o.error, XT_EINVAL, path, NULL, XTI_NO_OFFSET,
                          "verify is one of xt_verify");
    if (!medium_is_valid(o.medium, o.max_overlap))
        return xti_report(o.error, XT_EINVAL, path, NULL, XTI_NO_OFFSET, MEDIUM_FAULT);
    if (!durability_is_valid(o.durability))
        return xti_report(o.error, XT_EINVAL, path, NULL, XTI_NO_OFFSET, DURABILITY_FAULT);
    status = make_handle(os, path, o.error, &store);
    if (status != XT_OK)
        return status;
    store->medium = o.medium;
    store->max_overlap = o.max_overlap;
    store->no_cleaning = o.no_cleaning;
    store->limits = (struct limits){o.commit_changes, o.commit_bytes, to_ns(o.commit_ms), 0};
    status = xti_txn_open(os, path, o.writable, o.verify, o.window_bytes, o.error, &store->txn);
    if (status == XT_OK)
        xti_txn_set_durability(store->txn, o.durability);
    return give_handle(store, status, out);
}

xt_status xt_store_create(const char *path, const xt_create_options *options, xt_store **out)
{
    return xti_store_create(xti_os_real(), path, options, out);
}

xt_status xt_store_open(const char *path, const xt_open_options *options, xt_store **out)
{
    return xti_store_open(xti_os_real(), path, options, out);
}

xt_status xt_store_close(xt_store *store)
{
    if (store == NULL)
        return XT_OK;
    if (!xti_txn_is_forked(store->txn) &&
        (store->loader != NULL || xti_txn_views_in_use(store->txn) > 0))
        return XT_EMISUSE;
    xti_writer_close(store->writer);
    xti_txn_close(store->txn);
    store->os->free(store->os, store, sizeof *store);
    return XT_OK;
}

static xt_status commit(xt_store *store, xt_error *error)
{
    xt_status status = xti_store_commit(store, error);

    if (status == XT_OK)
        store->limits.changes_made = 0;
    return status;
}

/* A publish may be a commit only where a limit was asked for. */
static bool is_limit_reached(const xt_store *store)
{
    const struct limits *limits = &store->limits;

    if (limits->changes == 0 && limits->bytes == 0 && limits->ns == 0)
        return false;
    return (limits->changes != 0 && limits->changes_made >= limits->changes) ||
           xti_txn_wants_commit(store->txn, limits->bytes, limits->ns);
}

xt_status xt_store_publish(xt_store *store)
{
    if (store == NULL)
        return XT_EINVAL;
    if (store->loader != NULL)
        return XT_EMISUSE;
    if (is_limit_reached(store))
        return commit(store, NULL);
    return xti_txn_publish(store->txn);
}

xt_status xt_store_commit(xt_store *store, xt_error *error)
{
    if (store == NULL)
        return xti_report(error, XT_EINVAL, NULL, NULL, XTI_NO_OFFSET, "store is not NULL");
    if (store->loader != NULL)
        return xti_report(error, XT_EMISUSE, xti_txn_path(store->txn), NULL, XTI_NO_OFFSET,
                          "a loader is open");
    return commit(store, error);
}

xt_status xt_store_sync(xt_store *store, xt_error *error)
{
    if (store == NULL)
        return xti_report(error, XT_EINVAL, NULL, NULL, XTI_NO_OFFSET, "store is not NULL");
    if (store->loader != NULL)
        return xti_report(error, XT_EMISUSE, xti_txn_path(store->txn), NULL, XTI_NO_OFFSET,
                          "a loader is open");
    return xti_txn_sync(store->txn, error);
}

xt_status xt_store_rollback(xt_store *store)
{
    if (store == NULL)
        return XT_EINVAL;
    if (store->loader != NULL)
        return XT_EMISUSE;
    xti_cleaner_undo(store);
    return xti_txn_rollback(store->txn);
}

xt_status xt_store_stat(xt_store *store, xt_store_stats *out)
{
    xt_store_stats stats = {0};
    xt_status status;

    if (store == NULL || out == NULL || out->struct_size != sizeof *out)
        return XT_EINVAL;
    status = xti_txn_kept_stats(store->txn, &stats.kept_count, &stats.pinned_bytes);
    if (status == XT_OK) {
        xti_txn_stats(store->txn, &stats);
        stats.file_bytes = xti_txn_file_bytes(store->txn);
        stats.writer_pid = xti_txn_writer_pid(store->txn);
    }
    stats.struct_size = out->struct_size;
    *out = stats;
    return status;
}

xt_status xt_store_writer(xt_store *store, xt_writer_stats *out)
{
    xt_writer_stats stats = {0};
    xt_status status;

    if (store == NULL || out == NULL || out->struct_size != sizeof *out)
        return XT_EINVAL;
    status = xti_txn_writer(store->txn, &stats);
    if (status != XT_OK)
        memset(&stats, 0, sizeof stats);
    stats.struct_size = out->struct_size;
    *out = stats;
    return status;
}

xt_status xt_store_arena(xt_store *store, uint64_t i, xt_arena_stats *out)
{
    xt_arena_stats stats = {0};
    xt_status status;

    if (store == NULL || out == NULL || out->struct_size != sizeof *out)
        return XT_EINVAL;
    status = xti_txn_arena_stats(store->txn, i, &stats);
    stats.struct_size = out->struct_size;
    *out = stats;
    return status;
}
