/* examples/01_first_store.c -- make a store, put points into it, find them again.
 *
 *     01_first_store [FOLDER]
 *
 * With a folder, the store stays there: `xtree stat FOLDER` describes it, and any program may open
 * it. Without, it lives in memory and is gone at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "xtree.h"

struct place {
    uint64_t id;
    const char *name;
    double position[2]; /* degrees: longitude, latitude */
};

static const struct place places[] = {
    {0, "Berlin",    {13.405, 52.520} },
    {1, "Paris",     {2.352, 48.857}  },
    {2, "Vienna",    {16.373, 48.208} },
    {3, "Lisbon",    {-9.139, 38.722} },
    {4, "Prague",    {14.438, 50.076} },
    {5, "Reykjavik", {-21.940, 64.147}},
};

/* Every call that can fail says so; an example may end there. */
static void must(xt_status status, const char *what)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", what, xt_status_text(status));
        exit(1);
    }
}

static void load(xt_store *store)
{
    xt_loader *loader;

    must(xt_loader_open(store, NULL, &loader), "begin loading");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        must(xt_loader_add(loader, places[i].id, places[i].position, NULL), "add a place");
    must(xt_loader_finish(loader), "build the tree");
    must(xt_store_commit(store, NULL), "commit");
}

static void print_window(xt_store *store, const double *window)
{
    xt_snapshot *snapshot;
    xt_query *query;
    xt_item item;
    xt_status status;

    must(xt_snapshot_latest(store, &snapshot), "take a snapshot");
    printf("%" PRIu64 " places; those between %g and %g east, %g and %g north:\n",
           xt_snapshot_count(snapshot), window[0], window[2], window[1], window[3]);
    must(xt_query_window(snapshot, window, NULL, &query), "begin a query");
    while ((status = xt_query_next(query, &item)) == XT_OK)
        printf("  %s at %.3f, %.3f\n", places[item.id].name, item.low[0], item.low[1]);
    must(status, "read the next item"); /* XT_DONE when all is well */
    xt_query_close(query);
    xt_snapshot_release(snapshot);
}

int main(int argc, char **argv)
{
    const double window[] = {10.0, 47.0, 20.0, 53.0}; /* low corner, then high corner */
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store;

    options.dims = 2;
    must(xt_store_create(argc > 1 ? argv[1] : NULL, &options, &store), "create a store");
    load(store);
    print_window(store, window);
    must(xt_store_close(store), "close the store");
    return 0;
}
