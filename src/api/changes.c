/* src/api/changes.c -- inserting, removing and moving single items: arguments and the writer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

/* The writer is made for the first change, as a store that was created must be there even if there
 * is no memory for it. */
xt_status xti_store_writer(xt_store *store, struct xti_writer **out)
{
    const struct xti_writer_options options = {store->medium, store->max_overlap, XT_KERNEL_BEST};
    xt_status status = XT_OK;

    if (!xti_txn_is_writable(store->txn) || store->loader != NULL)
        return XT_EMISUSE;
    if (!xti_txn_is_dirty(store->txn) && xti_txn_is_forked(store->txn))
        return XT_EMISUSE;
    if (store->writer == NULL)
        status = xti_writer_open(store->txn, &options, &store->writer);
    *out = store->writer;
    return status;
}

/* The same for a change, which a handle that is broken could never commit. */
static xt_status begin_change(xt_store *store, struct xti_writer **out)
{
    return xti_txn_is_broken(store->txn) ? XT_EBROKEN : xti_store_writer(store, out);
}

static xt_status count_change(xt_store *store, xt_status status)
{
    if (status == XT_OK)
        store->limits.changes_made++;
    return status;
}

xt_status xt_store_insert(xt_store *store, uint64_t id, const double *low, const double *high)
{
    struct xti_writer *writer;
    xt_status status;

    if (store == NULL || low == NULL)
        return XT_EINVAL;
    status = begin_change(store, &writer);
    return count_change(store, status == XT_OK ? xti_tree_insert(writer, id, low, high) : status);
}

xt_status xt_store_remove(xt_store *store, uint64_t id, const double *low, const double *high)
{
    struct xti_writer *writer;
    xt_status status;

    if (store == NULL || low == NULL)
        return XT_EINVAL;
    status = begin_change(store, &writer);
    return count_change(store, status == XT_OK ? xti_tree_remove(writer, id, low, high) : status);
}

xt_status xt_store_move(xt_store *store, uint64_t id, const double *old_low, const double *old_high,
                        const double *low, const double *high)
{
    const double *const old[2] = {old_low, old_high};
    const double *const new[2] = {low, high};
    struct xti_writer *writer;
    xt_status status;

    if (store == NULL || old_low == NULL || low == NULL)
        return XT_EINVAL;
    status = begin_change(store, &writer);
    return count_change(store, status == XT_OK ? xti_tree_move(writer, id, old, new) : status);
}

xt_status xt_store_changes(xt_store *store, xt_change_stats *out)
{
    struct xti_writer *writer;
    xt_status status;
    size_t size;

    if (store == NULL || out == NULL || out->struct_size != sizeof *out)
        return XT_EINVAL;
    size = out->struct_size;
    status = xti_store_writer(store, &writer);
    if (status != XT_OK)
        return status;
    xti_writer_stats(writer, out);
    out->struct_size = size;
    return XT_OK;
}
