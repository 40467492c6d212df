/* src/api/loader.c -- bulk load: arguments and handles.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

#define MEMORY_LIMIT_MIN (UINT64_C(16) << 20)

xt_status xt_loader_open(xt_store *store, const xt_loader_options *options, xt_loader **out)
{
    xt_loader_options o;
    struct xti_writer *writer;
    xt_loader *loader;
    xt_status status;

    if (out == NULL)
        return XT_EINVAL;
    *out = NULL;
    status = xti_options_take(&o, sizeof o, options);
    if (status != XT_OK)
        return status;
    if (store == NULL || (o.memory_limit != 0 && o.memory_limit < MEMORY_LIMIT_MIN))
        return XT_EINVAL;
    status = xti_store_writer(store, &writer);
    if (status == XT_OK && xti_txn_is_dirty(store->txn))
        status = XT_EMISUSE;
    if (status != XT_OK)
        return status;
    loader = xti_alloc_zeroed(store->os, sizeof *loader);
    if (loader == NULL)
        return XT_ENOMEM;
    loader->store = store;
    status = xti_loader_open(store->txn, writer, &o, &loader->loader);
    if (status != XT_OK) {
        store->os->free(store->os, loader, sizeof *loader);
        return status;
    }
    store->loader = loader;
    *out = loader;
    return XT_OK;
}

static void end_loader(xt_loader *loader)
{
    xt_store *store = loader->store;

    store->loader = NULL;
    store->os->free(store->os, loader, sizeof *loader);
}

xt_status xt_loader_add(xt_loader *loader, uint64_t id, const double *low, const double *high)
{
    if (loader == NULL || low == NULL)
        return XT_EINVAL;
    return xti_loader_add(loader->loader, id, low, high);
}

xt_status xt_loader_add_many(xt_loader *loader, const xt_rows *rows, size_t *added)
{
    size_t ignored;

    if (added == NULL)
        added = &ignored;
    *added = 0;
    if (loader == NULL || rows == NULL || (rows->low == NULL && rows->count > 0) ||
        (rows->type != 0 && rows->type != XT_F64 && rows->type != XT_F32))
        return XT_EINVAL;
    return xti_loader_add_many(loader->loader, rows, added);
}

xt_status xt_loader_finish(xt_loader *loader)
{
    xt_status status;

    if (loader == NULL)
        return XT_EINVAL;
    status = xti_loader_finish(loader->loader);
    end_loader(loader);
    return status;
}

void xt_loader_cancel(xt_loader *loader)
{
    if (loader == NULL)
        return;
    xti_loader_cancel(loader->loader);
    end_loader(loader);
}
