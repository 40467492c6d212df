/* tests/install/consumer.c -- a stranger's program: valid C and valid C++.
 *
 * Makes a store in memory, loads one point, finds it, and prints one line.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include <xtree.h>

static xt_status load(xt_store *store)
{
    const double low[] = {13.4, 52.5};
    xt_loader *loader = NULL;
    xt_status status = xt_loader_open(store, NULL, &loader);

    if (status == XT_OK)
        status = xt_loader_add(loader, 7, low, NULL);
    if (status == XT_OK)
        status = xt_loader_finish(loader);
    else
        xt_loader_cancel(loader);
    if (status == XT_OK)
        status = xt_store_commit(store, NULL);
    return status;
}

static xt_status find(xt_store *store, uint64_t *count)
{
    const double window[] = {13.0, 52.0, 14.0, 53.0};
    xt_snapshot *snapshot = NULL;
    xt_query *query = NULL;
    xt_status status = xt_snapshot_latest(store, &snapshot);

    if (status == XT_OK)
        status = xt_query_window(snapshot, window, NULL, &query);
    if (status == XT_OK)
        status = xt_query_count(query, count);
    xt_query_close(query);
    xt_snapshot_release(snapshot);
    return status;
}

int main(void)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store = NULL;
    uint64_t count = 0;
    xt_status status;

    options.dims = 2;
    status = xt_store_create(NULL, &options, &store);
    if (status == XT_OK)
        status = load(store);
    if (status == XT_OK)
        status = find(store, &count);
    if (xt_version() != XT_VERSION_NUMBER)
        status = XT_EFORMAT;
    printf("%s, %d found\n", xt_status_text(status), (int)count);
    xt_store_close(store);
    return status == XT_OK && count == 1 ? 0 : 1;
}
