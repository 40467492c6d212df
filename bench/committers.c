/* bench/committers.c -- the table of committers, and our own store as one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "committer.h"
#include "contestants.h"
#include "stores.h"

#include <stddef.h>

static void must(xt_status status, const char *what)
{
    if (status != XT_OK)
        bench_die("%s: %s", what, xt_status_text(status));
}

static const char *version(void)
{
    return with_xtree.version();
}

static void *create(const char *path)
{
    static const struct dataset like = {.name = "points", .dims = 2};
    return store_make(path, &like, 0.0, XT_MEDIUM_MEMORY);
}

static void insert(void *store, uint64_t id, const double point[2])
{
    must(xt_store_insert(store, id, point, NULL), "xt_store_insert");
}

static void commit(void *store)
{
    must(xt_store_commit(store, NULL), "xt_store_commit");
}

static uint64_t count(void *store)
{
    xt_snapshot *snapshot = NULL;
    must(xt_snapshot_latest(store, &snapshot), "xt_snapshot_latest");
    uint64_t found = xt_snapshot_count(snapshot);
    xt_snapshot_release(snapshot);
    return found;
}

static void close_store(void *store)
{
    must(xt_store_close(store), "xt_store_close");
}

const struct committer commit_xtree = {
    .name = "XTree",
    .version = version,
    .create = create,
    .insert = insert,
    .commit = commit,
    .count = count,
    .close = close_store,
};

const struct committer *const committers[] = {
    &commit_xtree,
#ifdef BENCH_WITH_PEERS
    &commit_sqlite,
    &commit_lmdb,
#endif
    NULL,
};
