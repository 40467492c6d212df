/* tests/golden/make_golden.c -- writes the stores of golden.h, and tells what is in a store.
 *
 *     make_golden FOLDER          creates FOLDER/<name> for each; done once for a format version
 *     make_golden --tell STORE    prints schema, arenas, tree and items as text, for compare_reader.py
 *
 * Arena files are cut to what is committed, so that they stay small.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "golden/golden.h"
#include "xtree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void require(xt_status status, const char *what)
{
    if (status == XT_OK)
        return;
    fprintf(stderr, "make_golden: %s: %s\n", what, xt_status_text(status));
    exit(1);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void items_load(const struct golden *golden, xt_store *store)
{
    double low[GOLDEN_DIMS_MAX], high[GOLDEN_DIMS_MAX];
    xt_loader *loader;

    require(xt_loader_open(store, NULL, &loader), "loader");
    for (uint64_t i = 0; i < golden->count; i++) {
        uint64_t id = golden_item(golden, i, low, high);

        require(xt_loader_add(loader, id, low, golden->kind == XT_BOXES ? high : NULL), "item");
    }
    require(xt_loader_finish(loader), "load");
    require(xt_store_commit(store, NULL), "commit");
}

static void arenas_cut(xt_store *store, const char *path)
{
    xt_store_stats stats = {.struct_size = sizeof stats};

    require(xt_store_stat(store, &stats), "stat");
    for (uint64_t i = 0; i < stats.arena_count; i++) {
        xt_arena_stats arena = {.struct_size = sizeof arena};
        char name[1024];

        require(xt_store_arena(store, i, &arena), "arena");
        snprintf(name, sizeof name, "%s/%s", path, arena.file);
        if (truncate(name, (off_t)arena.committed_bytes) != 0)
            require(XT_EIO, name);
    }
}

static void golden_make(const struct golden *golden, const char *folder)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    char path[800];
    xt_store *store;

    snprintf(path, sizeof path, "%s/%s", folder, golden->name);
    options.dims = golden->dims;
    options.kind = golden->kind;
    options.coord_type = golden->coord_type;
    options.leaf_capacity = golden->capacity;
    options.inner_capacity = golden->capacity;
    options.extent_align = golden->extent_align;
    options.arena_bytes = UINT64_C(2) << 20;
    require(xt_store_create(path, &options, &store), path);
    if (golden->count > 0)
        items_load(golden, store);
    require(xt_store_close(store), "close");
    require(xt_store_open(path, NULL, &store), "open");
    arenas_cut(store, path);
    require(xt_store_close(store), "close");
}

/* ---- telling ------------------------------------------------------------------------------- */

static void numbers_tell(const double *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        printf(" %a", values[i]);
}

struct teller {
    uint32_t dims;
};

static bool node_tell(void *context, const xt_node_info *node)
{
    const struct teller *teller = context;

    printf("node %u %u %u %u %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %d", node->ref,
           node->parent_ref, node->level, node->count, node->capacity, node->bytes, node->items,
           node->birth_txn, node->is_supernode);
    numbers_tell(node->low, teller->dims);
    numbers_tell(node->high, teller->dims);
    printf("\n");
    return true;
}

static void items_tell(const xt_snapshot *snapshot, uint32_t dims)
{
    double window[2 * XT_DIMS_MAX];
    xt_query *query;
    xt_status status;
    xt_item item;

    for (uint32_t axis = 0; axis < dims; axis++) {
        window[axis] = -INFINITY;
        window[dims + axis] = INFINITY;
    }
    require(xt_query_window(snapshot, window, NULL, &query), "query");
    while ((status = xt_query_next(query, &item)) == XT_OK) {
        printf("item %" PRIu64, item.id);
        numbers_tell(item.low, dims);
        numbers_tell(item.high, dims);
        printf("\n");
    }
    xt_query_close(query);
    if (status != XT_DONE)
        require(status, "query");
}

static void arenas_tell(xt_store *store)
{
    xt_arena_stats arena = {.struct_size = sizeof arena};

    for (uint64_t i = 0; xt_store_arena(store, i, &arena) == XT_OK; i++) {
        printf("arena_%u_committed_bytes %" PRIu64 "\n", arena.id, arena.committed_bytes);
        printf("arena_%u_live_bytes %" PRIu64 "\n", arena.id, arena.live_bytes);
    }
}

static void store_tell(const char *path)
{
    xt_store_stats stats = {.struct_size = sizeof stats};
    xt_tree_stats tree = {.struct_size = sizeof tree};
    struct teller teller;
    xt_snapshot *snapshot;
    xt_store *store;

    require(xt_store_open(path, NULL, &store), path);
    require(xt_store_stat(store, &stats), "stat");
    require(xt_snapshot_latest(store, &snapshot), "snapshot");
    require(xt_snapshot_stats(snapshot, &tree), "stats");
    printf("dims %u\nkind %d\ncoord_type %d\nleaf_capacity %u\ninner_capacity %u\n", stats.dims,
           (int)stats.kind, (int)stats.coord_type, stats.leaf_capacity, stats.inner_capacity);
    printf("txn %" PRIu64 "\nlive_bytes %" PRIu64 "\narena_count %" PRIu64 "\n", stats.txn,
           stats.live_bytes, stats.arena_count);
    arenas_tell(store);
    printf("height %u\nitem_count %" PRIu64 "\n", tree.height, tree.items);
    teller.dims = stats.dims;
    require(xt_snapshot_nodes(snapshot, 0, node_tell, &teller), "nodes");
    items_tell(snapshot, stats.dims);
    xt_snapshot_release(snapshot);
    require(xt_store_close(store), "close");
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--tell") == 0) {
        store_tell(argv[2]);
        return 0;
    }
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: make_golden FOLDER | make_golden --tell STORE\n");
        return 2;
    }
    for (size_t i = 0; i < COUNT(GOLDENS); i++)
        golden_make(&GOLDENS[i], argv[1]);
    return 0;
}
