/* tests/api/test_kept_calls.c -- do kept snapshots live as the header says, across handles and
 * processes, and may a forked process do what the header lets it do, and no more?
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
    options.arena_bytes = UINT64_C(2) << 20;
    CHECK_STATUS(xt_store_create(path, &options, &store), XT_OK);
    return store;
}

static xt_store *open_as(const char *path, bool writable, xt_verify verify)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store;

    options.writable = writable;
    options.verify = verify;
    CHECK_STATUS(xt_store_open(path, &options, &store), XT_OK);
    return store;
}

/* Items 1 .. count at (i, i). */
static void insert_up_to(xt_store *store, uint64_t from, uint64_t count)
{
    for (uint64_t i = from; i <= count; i++) {
        const double point[] = {(double)i, (double)i};

        CHECK_STATUS(xt_store_insert(store, i, point, NULL), XT_OK);
    }
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
}

static uint64_t window_count(const xt_snapshot *snapshot)
{
    const double all[] = {-1e9, -1e9, 1e9, 1e9};
    uint64_t count = UINT64_MAX;
    xt_query *query;

    if (CHECK_STATUS(xt_query_window(snapshot, all, NULL, &query), XT_OK)) {
        uint64_t ids[64];
        size_t some;

        for (count = 0; xt_query_next_batch(query, ids, CHECK_COUNT(ids), &some) == XT_OK;)
            count += some;
    }
    xt_query_close(query);
    return count;
}

static uint64_t items_at(xt_store *store, uint64_t number)
{
    xt_snapshot *snapshot;
    xt_error error;
    uint64_t count;

    if (!CHECK_STATUS(xt_snapshot_open(store, number, &error, &snapshot), XT_OK)) {
        printf("    %s: %s\n", error.path, error.check);
        return UINT64_MAX;
    }
    CHECK_U64(xt_snapshot_txn(snapshot), number);
    count = window_count(snapshot);
    CHECK_U64(xt_snapshot_count(snapshot), count);
    xt_snapshot_release(snapshot);
    return count;
}

static uint64_t items_now(xt_store *store)
{
    xt_snapshot *snapshot;
    uint64_t count;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return UINT64_MAX;
    count = window_count(snapshot);
    xt_snapshot_release(snapshot);
    return count;
}

/* ---- keeping --------------------------------------------------------------------------------- */

static void a_commit_is_kept_under_a_name(void)
{
    const char *path = store_path();
    xt_store *writer = create(path);
    xt_store *reader = open_as(path, false, XT_VERIFY_LAZY);
    xt_snapshot_info info = {.struct_size = sizeof info};
    xt_store_stats stats = {.struct_size = sizeof stats};
    uint64_t number = 0;
    uint64_t found;

    insert_up_to(writer, 1, 1000);
    CHECK_STATUS(xt_store_keep(writer, "thousand", &number, NULL), XT_OK);
    CHECK_U64(number, 2);
    insert_up_to(writer, 1001, 3000);
    for (int i = 0; i < 2; i++) {
        xt_store *store = i == 0 ? writer : reader;

        check_row = i == 0 ? "writer" : "reader";
        CHECK_STATUS(xt_store_find_kept(store, "thousand", &found), XT_OK);
        CHECK_U64(found, number);
        CHECK_U64(items_at(store, number), 1000);
        CHECK_U64(items_now(store), 3000);
        CHECK_STATUS(xt_store_kept(store, 0, &info), XT_OK);
        CHECK_U64(info.number, number);
        CHECK_STR(info.name, "thousand");
        CHECK_U64(info.item_count, 1000);
        CHECK_STATUS(xt_store_kept(store, 1, &info), XT_ENOTFOUND);
        CHECK_STATUS(xt_store_stat(store, &stats), XT_OK);
        CHECK_U64(stats.kept_count, 1);
        CHECK_U64(stats.writer_pid, (uint64_t)getpid());
    }
    CHECK_STATUS(xt_store_close(writer), XT_OK);
    CHECK_STATUS(xt_store_stat(reader, &stats), XT_OK);
    CHECK_U64(stats.writer_pid, 0);
    CHECK_STATUS(xt_store_close(reader), XT_OK);
    for (int verify = XT_VERIFY_LAZY; verify <= XT_VERIFY_OPEN; verify++) {
        for (int writable = 0; writable < 2; writable++) {
            xt_store *store = open_as(path, writable != 0, (xt_verify)verify);

            CHECK_U64(items_at(store, number), 1000);
            CHECK_U64(items_now(store), 3000);
            CHECK_STATUS(xt_store_close(store), XT_OK);
        }
    }
}

/* Every item is replaced several times: most of the kept tree is nowhere else. */
static void a_kept_snapshot_survives_churn(void)
{
    const char *path = store_path();
    xt_store *writer = create(path);
    uint64_t number;
    xt_snapshot *snapshot;

    insert_up_to(writer, 1, 20000);
    CHECK_STATUS(xt_store_keep(writer, NULL, &number, NULL), XT_OK);
    CHECK_STATUS(xt_snapshot_open(writer, number, NULL, &snapshot), XT_OK);
    for (uint64_t round = 0; round < 3; round++) {
        for (uint64_t i = 1; i <= 20000; i++) {
            const double from[] = {(double)i + (double)round, (double)i};
            const double to[] = {(double)i + (double)round + 1, (double)i};

            CHECK_STATUS(xt_store_move(writer, i, from, NULL, to, NULL), XT_OK);
        }
        CHECK_STATUS(xt_store_commit(writer, NULL), XT_OK);
    }
    CHECK_U64(window_count(snapshot), 20000);
    CHECK_U64(items_at(writer, number), 20000);
    CHECK_STATUS(xt_store_drop(writer, number, NULL), XT_OK);
    CHECK_U64(window_count(snapshot), 20000);
    CHECK_STATUS(xt_store_close(writer), XT_EMISUSE);
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(writer), XT_OK);
}

/* One byte in the middle of the first arena's committed bytes becomes another. */
static void damage(const char *path)
{
    char name[440];
    FILE *file;

    snprintf(name, sizeof name, "%s/arena-00000001.xta", path);
    file = fopen(name, "r+b");
    if (!CHECK(file != NULL))
        return;
    CHECK_INT(fseek(file, 200000, SEEK_SET), 0);
    CHECK(fputc(0x5a, file) == 0x5a);
    CHECK_INT(fclose(file), 0);
}

/* Bytes that only the kept snapshot's tree has are damaged: it is told, and the newest is sound. */
static void a_kept_snapshot_is_checked(void)
{
    const char *path = store_path();
    xt_store *writer = create(path);
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    xt_error error = {.offset = UINT64_MAX};
    xt_snapshot *kept, *latest;
    uint64_t number;

    check.deep = true;
    check.error = &error;
    insert_up_to(writer, 1, 20000);
    CHECK_STATUS(xt_store_keep(writer, NULL, &number, NULL), XT_OK);
    for (uint64_t i = 1; i <= 20000; i++) {
        const double from[] = {(double)i, (double)i}, to[] = {(double)i + 1, (double)i};

        CHECK_STATUS(xt_store_move(writer, i, from, NULL, to, NULL), XT_OK);
    }
    insert_up_to(writer, 20001, 20010);
    CHECK_STATUS(xt_store_clean(writer, NULL, NULL), XT_OK);
    CHECK_STATUS(xt_snapshot_open(writer, number, NULL, &kept), XT_OK);
    CHECK_STATUS(xt_snapshot_latest(writer, &latest), XT_OK);
    CHECK_STATUS(xt_snapshot_check(kept, &check, &report), XT_OK);
    CHECK_U64(report.items, 20000);
    CHECK_STATUS(xt_snapshot_check(latest, &check, &report), XT_OK);
    CHECK_U64(report.items, 20010);
    CHECK_STATUS(xt_snapshot_check(NULL, &check, &report), XT_EINVAL);
    damage(path);
    CHECK_STATUS(xt_snapshot_check(kept, &check, &report), XT_ECORRUPT);
    CHECK(strstr(error.path, "arena-00000001.xta") != NULL);
    CHECK_STATUS(xt_snapshot_check(latest, &check, &report), XT_OK);
    xt_snapshot_release(kept);
    xt_snapshot_release(latest);
    CHECK_STATUS(xt_store_close(writer), XT_OK);
}

static void misuse_is_told(void)
{
    const char *path = store_path();
    xt_store *writer = create(path);
    xt_store *reader = open_as(path, false, XT_VERIFY_LAZY);
    xt_store *memory = create(NULL);
    xt_snapshot_info info = {.struct_size = sizeof info - 1};
    xt_retention rule = XT_RETENTION_INIT;
    xt_error error = {0};
    xt_snapshot *snapshot;
    xt_loader *loader;
    uint64_t number = 1;

    CHECK_STATUS(xt_store_keep(NULL, "a", &number, &error), XT_EINVAL);
    CHECK_U64(number, 0);
    CHECK_STATUS(xt_store_keep(writer, "a", NULL, &error), XT_EINVAL);
    CHECK_STATUS(xt_store_keep(writer, "\xc0", &number, &error), XT_EINVAL);
    CHECK_STATUS(error.status, XT_EINVAL);
    CHECK_STATUS(xt_store_keep(reader, "a", &number, &error), XT_EMISUSE);
    CHECK_STATUS(xt_store_keep(memory, "a", &number, &error), XT_EMISUSE);
    CHECK_STATUS(xt_store_drop(NULL, 1, NULL), XT_EINVAL);
    CHECK_STATUS(xt_store_drop(writer, 1, &error), XT_ENOTFOUND);
    CHECK_STATUS(error.status, XT_ENOTFOUND);
    CHECK_STATUS(xt_store_kept(writer, 0, &info), XT_EINVAL);
    CHECK_STATUS(xt_store_kept(writer, 0, NULL), XT_EINVAL);
    CHECK_STATUS(xt_store_find_kept(writer, NULL, &number), XT_EINVAL);
    CHECK_STATUS(xt_store_find_kept(writer, "a", NULL), XT_EINVAL);
    CHECK_STATUS(xt_store_find_kept(writer, "a", &number), XT_ENOTFOUND);
    rule.struct_size = 1;
    CHECK_STATUS(xt_store_retain(writer, &rule, NULL, &error), XT_EINVAL);
    CHECK_STATUS(xt_store_retain(writer, NULL, NULL, NULL), XT_OK);
    CHECK_STATUS(xt_snapshot_open(writer, 1, &error, &snapshot), XT_ENOTFOUND);
    CHECK(snapshot == NULL);
    CHECK_STATUS(xt_snapshot_open(writer, 1, &error, NULL), XT_EINVAL);
    CHECK_STATUS(xt_snapshot_open(NULL, 1, &error, &snapshot), XT_EINVAL);
    CHECK_STATUS(xt_loader_open(writer, NULL, &loader), XT_OK);
    CHECK_STATUS(xt_store_keep(writer, "a", &number, &error), XT_EMISUSE);
    CHECK_STATUS(xt_store_drop(writer, 1, &error), XT_EMISUSE);
    xt_loader_cancel(loader);
    CHECK_STATUS(xt_store_keep(writer, "a", &number, &error), XT_OK);
    CHECK_U64(number, 1);
    CHECK_U64(items_at(writer, number), 0);
    CHECK_STATUS(xt_store_close(memory), XT_OK);
    CHECK_STATUS(xt_store_close(reader), XT_OK);
    CHECK_STATUS(xt_store_close(writer), XT_OK);
}

static void retention_keeps_the_last(void)
{
    const char *path = store_path();
    xt_store *writer = create(path);
    xt_retention rule = XT_RETENTION_INIT;
    xt_snapshot_info info = {.struct_size = sizeof info};
    uint64_t dropped = 9;
    uint64_t number;

    for (uint64_t i = 1; i <= 5; i++) {
        insert_up_to(writer, i, i);
        CHECK_STATUS(xt_store_keep(writer, i == 1 ? "first" : NULL, &number, NULL), XT_OK);
    }
    rule.keep_last = 2;
    CHECK_STATUS(xt_store_retain(writer, &rule, &dropped, NULL), XT_OK);
    CHECK_U64(dropped, 2);
    for (uint64_t i = 0; i < 3; i++) {
        CHECK_STATUS(xt_store_kept(writer, i, &info), XT_OK);
        CHECK_U64(info.item_count, i == 0 ? 1 : i + 3);
    }
    CHECK_STATUS(xt_store_kept(writer, 3, &info), XT_ENOTFOUND);
    CHECK_STATUS(xt_store_close(writer), XT_OK);
}

/* ---- forked processes ------------------------------------------------------------------------ */

/* What a child finds out; 0: all is as it should be. */
static int child_tries(xt_store *writer, xt_store *reader, xt_snapshot *snapshot, const char *path)
{
    const double point[] = {1, 2};
    xt_snapshot *other;
    uint64_t number;
    xt_store *own;

    if (xt_store_insert(writer, 7, point, NULL) != XT_EMISUSE ||
        xt_store_commit(writer, NULL) != XT_EMISUSE || xt_store_publish(writer) != XT_EMISUSE ||
        xt_store_rollback(writer) != XT_EMISUSE ||
        xt_store_keep(writer, "child", &number, NULL) != XT_EMISUSE ||
        xt_store_drop(writer, 1, NULL) != XT_EMISUSE)
        return 1;
    if (xt_snapshot_latest(writer, &other) != XT_EMISUSE ||
        xt_snapshot_latest(reader, &other) != XT_EMISUSE ||
        xt_snapshot_open(reader, 1, NULL, &other) != XT_EMISUSE)
        return 2;
    if (xt_snapshot_count(snapshot) != 100 || xt_store_close(writer) != XT_OK ||
        xt_store_close(reader) != XT_OK)
        return 3;
    own = open_as(path, false, XT_VERIFY_LAZY);
    if (own == NULL || items_now(own) != 100 || xt_store_close(own) != XT_OK)
        return 4;
    return 0;
}

static void a_forked_process_opens_its_own_handles(void)
{
    const char *path = store_path();
    xt_store *writer = create(path);
    xt_store *reader = open_as(path, false, XT_VERIFY_LAZY);
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_snapshot *snapshot;
    xt_store *second;
    int result = -1;
    pid_t child;

    insert_up_to(writer, 1, 100);
    CHECK_STATUS(xt_snapshot_latest(reader, &snapshot), XT_OK);
    fflush(NULL);
    child = fork();
    if (child == 0)
        _exit(child_tries(writer, reader, snapshot, path));
    CHECK(child > 0 && waitpid(child, &result, 0) == child);
    CHECK(WIFEXITED(result));
    CHECK_INT(WEXITSTATUS(result), 0);
    options.writable = true;
    CHECK_STATUS(xt_store_open(path, &options, &second), XT_EBUSY); /* the lock is still ours */
    insert_up_to(writer, 101, 200);
    CHECK_U64(window_count(snapshot), 100);
    xt_snapshot_release(snapshot);
    CHECK_U64(items_now(reader), 200);
    CHECK_STATUS(xt_store_close(reader), XT_OK);
    CHECK_STATUS(xt_store_close(writer), XT_OK);
}

/* Another process writes and keeps; this one was there before. */
static void a_reader_sees_what_another_process_keeps(void)
{
    const char *path = store_path();
    xt_store *writer = create(path);
    xt_store *reader;
    xt_snapshot_info info = {.struct_size = sizeof info};
    xt_store_stats stats = {.struct_size = sizeof stats};
    int result = -1;
    pid_t child;

    insert_up_to(writer, 1, 10);
    CHECK_STATUS(xt_store_close(writer), XT_OK);
    reader = open_as(path, false, XT_VERIFY_LAZY);
    CHECK_U64(items_now(reader), 10);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        uint64_t number;

        writer = open_as(path, true, XT_VERIFY_LAZY);
        insert_up_to(writer, 11, 20);
        if (xt_store_keep(writer, "theirs", &number, NULL) != XT_OK)
            _exit(1);
        insert_up_to(writer, 21, 30);
        _exit(0); /* without closing: LOCK still says who it was */
    }
    CHECK(child > 0 && waitpid(child, &result, 0) == child);
    CHECK_INT(result, 0);
    CHECK_STATUS(xt_store_kept(reader, 0, &info), XT_OK);
    CHECK_STR(info.name, "theirs");
    CHECK_U64(items_at(reader, info.number), 20);
    CHECK_U64(items_now(reader), 30);
    CHECK_STATUS(xt_store_stat(reader, &stats), XT_OK);
    CHECK_U64(stats.writer_pid, 0);
    CHECK_U64(stats.kept_count, 1);
    CHECK_STATUS(xt_store_close(reader), XT_OK);
}

CHECK_MAIN({"a_commit_is_kept_under_a_name", a_commit_is_kept_under_a_name},
           {"a_kept_snapshot_survives_churn", a_kept_snapshot_survives_churn},
           {"a_kept_snapshot_is_checked", a_kept_snapshot_is_checked},
           {"misuse_is_told", misuse_is_told},
           {"retention_keeps_the_last", retention_keeps_the_last},
           {"a_forked_process_opens_its_own_handles", a_forked_process_opens_its_own_handles},
           {"a_reader_sees_what_another_process_keeps", a_reader_sees_what_another_process_keeps})
