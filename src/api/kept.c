/* src/api/kept.c -- kept snapshots: keeping, dropping, and which there are.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

/* What the writer's calls need: a store, and no loader at work. */
static xt_status check_store(const xt_store *store, xt_error *error)
{
    if (store == NULL)
        return xti_report(error, XT_EINVAL, NULL, NULL, XTI_NO_OFFSET, "store is not NULL");
    if (store->loader != NULL)
        return xti_report(error, XT_EMISUSE, xti_txn_path(store->txn), NULL, XTI_NO_OFFSET,
                          "a loader is open");
    return XT_OK;
}

xt_status xt_store_keep(xt_store *store, const char *name, uint64_t *number, xt_error *error)
{
    xt_status status;

    if (number != NULL)
        *number = 0;
    status = check_store(store, error);
    if (status == XT_OK && number == NULL)
        status = xti_report(error, XT_EINVAL, xti_txn_path(store->txn), NULL, XTI_NO_OFFSET,
                            "number is not NULL");
    if (status != XT_OK)
        return status;
    return xti_txn_keep(store->txn, name != NULL ? name : "", number, error);
}

xt_status xt_store_drop(xt_store *store, uint64_t number, xt_error *error)
{
    xt_status status = check_store(store, error);

    return status == XT_OK ? xti_txn_drop(store->txn, number, error) : status;
}

xt_status xt_store_retain(xt_store *store, const xt_retention *rule, uint64_t *dropped,
                          xt_error *error)
{
    uint64_t count = 0;
    xt_retention r;
    xt_status status;

    if (dropped != NULL)
        *dropped = 0;
    status = check_store(store, error);
    if (status == XT_OK && xti_options_take(&r, sizeof r, rule) != XT_OK)
        status = xti_report(error, XT_EINVAL, xti_txn_path(store->txn), NULL, XTI_NO_OFFSET,
                            "struct_size of the rule");
    if (status != XT_OK)
        return status;
    status = xti_txn_retain(store->txn, r.keep_last, r.max_age_ns, &count, error);
    if (dropped != NULL)
        *dropped = count;
    return status;
}

xt_status xt_store_kept(xt_store *store, uint64_t i, xt_snapshot_info *out)
{
    xt_snapshot_info info = {0};
    xt_status status;

    if (store == NULL || out == NULL || out->struct_size != sizeof *out)
        return XT_EINVAL;
    status = xti_txn_kept(store->txn, i, &info);
    info.struct_size = out->struct_size;
    *out = info;
    return status;
}

xt_status xt_store_find_kept(xt_store *store, const char *name, uint64_t *number)
{
    if (number != NULL)
        *number = 0;
    if (store == NULL || name == NULL || number == NULL)
        return XT_EINVAL;
    return xti_txn_find_kept(store->txn, name, number);
}
