// tests/api/header_cpp.cc -- does a C++ program get along with the public header?
//
// Every options struct with its initialiser, every status, and one whole round through a store.
//
// SPDX-License-Identifier: MIT
#include "xtree.h"

#include <cstdio>

static bool holds(xt_status status, xt_status want)
{
    if (status != want)
        std::printf("got %s, want %s\n", xt_status_name(status), xt_status_name(want));
    return status == want;
}

static bool round_trip(xt_store *store)
{
    const double low[] = {1.0, 2.0};
    const double window[] = {0.0, 0.0, 3.0, 3.0};
    xt_loader_options load = XT_LOADER_OPTIONS_INIT;
    xt_query_options ask = XT_QUERY_OPTIONS_INIT;
    xt_join_options pair = XT_JOIN_OPTIONS_INIT;
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    xt_loader *loader = nullptr;
    xt_snapshot *snapshot = nullptr;
    xt_query *query = nullptr;
    xt_join *join = nullptr;
    uint64_t count = 0;

    bool good = holds(xt_loader_open(store, &load, &loader), XT_OK) &&
                holds(xt_loader_add(loader, 7, low, nullptr), XT_OK) &&
                holds(xt_loader_finish(loader), XT_OK) &&
                holds(xt_store_commit(store, nullptr), XT_OK) &&
                holds(xt_snapshot_latest(store, &snapshot), XT_OK) &&
                holds(xt_query_window(snapshot, window, &ask, &query), XT_OK) &&
                holds(xt_query_count(query, &count), XT_OK) && count == 1 &&
                holds(xt_join_open(snapshot, nullptr, &pair, &join), XT_OK) &&
                holds(xt_join_count(join, &count), XT_OK) && count == 0 &&
                holds(xt_store_check(store, &check, &report), XT_OK);
    xt_join_close(join);
    xt_query_close(query);
    xt_snapshot_release(snapshot);
    return good;
}

int main()
{
    xt_create_options create = XT_CREATE_OPTIONS_INIT;
    xt_open_options open = XT_OPEN_OPTIONS_INIT;
    xt_store *store = nullptr;

    create.dims = 2;
    create.kind = XT_POINTS;
    create.coord_type = XT_F64;
    bool good = holds(xt_store_create(nullptr, &create, &store), XT_OK) && round_trip(store) &&
                holds(xt_store_close(store), XT_OK) &&
                holds(xt_store_open("no such store", &open, &store), XT_ENOTFOUND) &&
                store == nullptr;
    return good ? 0 : 1;
}
