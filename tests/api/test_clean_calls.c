/* tests/api/test_clean_calls.c -- does cleaning by hand commit what it says, and nothing else?
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "support/check.h"
#include "xtree.h"

static const char *store_path(void)
{
    static char path[400];

    snprintf(path, sizeof path, "%s/store", check_scratch());
    return path;
}

static xt_store *create(const char *path)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store;

    options.dims = 2;
    CHECK_STATUS(xt_store_create(path, &options, &store), XT_OK);
    return store;
}

static void insert_at(xt_store *store, uint64_t id, double x)
{
    const double point[] = {x, 0};

    CHECK_STATUS(xt_store_insert(store, id, point, NULL), XT_OK);
}

static uint64_t items_now(xt_store *store)
{
    xt_snapshot *snapshot;
    uint64_t count;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return UINT64_MAX;
    count = xt_snapshot_count(snapshot);
    xt_snapshot_release(snapshot);
    return count;
}

static uint64_t commits_of_cleaning(xt_store *store)
{
    xt_clean_report report = XT_CLEAN_REPORT_INIT;

    CHECK_STATUS(xt_store_clean(store, NULL, &report), XT_OK);
    return report.commits;
}

/* Nothing is worth moving in so small a store. */
static void what_was_published_is_committed(void)
{
    const char *path = store_path();
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store = create(path);

    insert_at(store, 1, 1);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    CHECK_U64(commits_of_cleaning(store), 0);
    insert_at(store, 2, 2);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_U64(commits_of_cleaning(store), 1);
    CHECK_U64(commits_of_cleaning(store), 0);
    insert_at(store, 3, 3);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    options.writable = true;
    CHECK_STATUS(xt_store_open(path, &options, &store), XT_OK);
    CHECK_U64(items_now(store), 2);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void a_store_in_memory_has_nothing_to_clean(void)
{
    xt_store *store = create(NULL);

    insert_at(store, 1, 1);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_U64(commits_of_cleaning(store), 0);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void misuse_is_told(void)
{
    const char *path = store_path();
    xt_clean_options options = XT_CLEAN_OPTIONS_INIT;
    xt_clean_report report = XT_CLEAN_REPORT_INIT;
    xt_error error = {0};
    xt_store *store = create(path);
    xt_store *reader;

    options.error = &error;
    CHECK_STATUS(xt_store_clean(NULL, &options, &report), XT_EINVAL);
    options.target = 1;
    CHECK_STATUS(xt_store_clean(store, &options, &report), XT_EINVAL);
    options.target = 0;
    report.struct_size--;
    CHECK_STATUS(xt_store_clean(store, &options, &report), XT_EINVAL);
    report.struct_size++;
    insert_at(store, 1, 1);
    CHECK_STATUS(xt_store_clean(store, &options, &report), XT_EMISUSE);
    CHECK_STATUS(error.status, XT_EMISUSE);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    CHECK_STATUS(xt_store_open(path, NULL, &reader), XT_OK);
    CHECK_STATUS(xt_store_clean(reader, &options, &report), XT_EMISUSE);
    CHECK_STATUS(xt_store_close(reader), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

CHECK_MAIN({"what_was_published_is_committed", what_was_published_is_committed},
           {"a_store_in_memory_has_nothing_to_clean", a_store_in_memory_has_nothing_to_clean},
           {"misuse_is_told", misuse_is_told})
