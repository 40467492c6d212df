/* tests/api/test_store.c -- do stores live as the header says: create, open, commit, publish, roll
 * back, close; one writer, many readers, snapshots that stay as they are?
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/answers.h"
#include "support/check.h"

static uint64_t seed;

static const char *store_path(void)
{
    static char path[400];

    snprintf(path, sizeof path, "%s/store", check_scratch());
    return path;
}

static xt_status create(const char *path, xt_store **out)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    options.dims = 2;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    return xt_store_create(path, &options, out);
}

static xt_status open_as(const char *path, bool writable, xt_store **out)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.writable = writable;
    return xt_store_open(path, &options, out);
}

static uint64_t items_in(xt_store *store)
{
    xt_snapshot *snapshot;
    uint64_t count;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return UINT64_MAX;
    count = xt_snapshot_count(snapshot);
    xt_snapshot_release(snapshot);
    return count;
}

static void oracle_make(struct oracle *oracle, size_t count)
{
    seed = check_seed;
    oracle_init(oracle, (struct oracle_schema){2, XT_POINTS, XT_F64}, count, ORACLE_UNIFORM, &seed);
}

/* A closed store with these items. */
static bool store_make(const char *path, const struct oracle *oracle)
{
    xt_store *store;

    return CHECK_STATUS(create(path, &store), XT_OK) &&
           CHECK_STATUS(answers_load(store, oracle, NULL), XT_OK) &&
           CHECK_STATUS(xt_store_commit(store, NULL), XT_OK) &&
           CHECK_STATUS(xt_store_close(store), XT_OK);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void new_store_is_empty_and_durable(void)
{
    const char *path = store_path();
    struct oracle oracle;
    xt_store *store;

    oracle_make(&oracle, 0);
    CHECK_STATUS(create(path, &store), XT_OK);
    answers_hold(store, &oracle, 16, &seed);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    CHECK_STATUS(create(path, &store), XT_EEXIST);
    CHECK_STATUS(open_as(path, false, &store), XT_OK);
    answers_hold(store, &oracle, 16, &seed);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

static void create_takes_an_empty_folder(void)
{
    const char *path = store_path();
    xt_store *store;

    CHECK_INT(mkdir(path, 0777), 0);
    CHECK_STATUS(create(path, &store), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void committed_items_are_there_after_reopening(void)
{
    const char *path = store_path();
    struct oracle oracle;
    xt_store *store;

    oracle_make(&oracle, 5000);
    if (!store_make(path, &oracle))
        return;
    for (int writable = 0; writable <= 1; writable++) {
        CHECK_STATUS(open_as(path, writable, &store), XT_OK);
        answers_hold(store, &oracle, 40, &seed);
        CHECK_STATUS(xt_store_close(store), XT_OK);
    }
    oracle_release(&oracle);
}

static void what_is_not_committed_is_gone_after_closing(void)
{
    const char *path = store_path();
    struct oracle oracle;
    xt_store *store;

    oracle_make(&oracle, 1000);
    CHECK_STATUS(create(path, &store), XT_OK);
    CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
    CHECK_U64(items_in(store), 0);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    answers_hold(store, &oracle, 16, &seed);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    CHECK_STATUS(open_as(path, true, &store), XT_OK);
    CHECK_U64(items_in(store), 0);
    CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    answers_hold(store, &oracle, 16, &seed);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

static void published_items_can_be_committed_later(void)
{
    const char *path = store_path();
    struct oracle oracle;
    xt_store *reader;
    xt_store *store;

    oracle_make(&oracle, 1000);
    CHECK_STATUS(create(path, &store), XT_OK);
    CHECK_STATUS(open_as(path, false, &reader), XT_OK);
    CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
    CHECK_STATUS(xt_store_publish(store), XT_OK);
    CHECK_U64(items_in(store), 1000);
    CHECK_U64(items_in(reader), 0);
    CHECK_STATUS(xt_store_rollback(store), XT_OK); /* nothing is pending */
    CHECK_U64(items_in(store), 1000);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    answers_hold(reader, &oracle, 16, &seed);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    CHECK_STATUS(xt_store_close(reader), XT_OK);
    oracle_release(&oracle);
}

static void rolled_back_items_are_gone(void)
{
    const char *path = store_path();
    struct oracle oracle;
    xt_store *store;

    oracle_make(&oracle, 1000);
    CHECK_STATUS(create(path, &store), XT_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
        CHECK_STATUS(xt_store_rollback(store), XT_OK);
        CHECK_U64(items_in(store), 0);
        CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
        CHECK_U64(items_in(store), 0);
    }
    CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    answers_hold(store, &oracle, 16, &seed);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

static size_t files_in(const char *path)
{
    const struct dirent *entry;
    DIR *folder = opendir(path);
    size_t count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.';
    if (CHECK(folder != NULL))
        closedir(folder);
    return count;
}

static void load_that_comes_to_nothing_leaves_no_files(void)
{
    const char *path = store_path();
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;
    struct oracle oracle;
    xt_loader *loader;
    xt_store *store;
    size_t files;

    oracle_make(&oracle, 500000);
    options.memory_limit = UINT64_C(16) << 20;
    CHECK_STATUS(create(path, &store), XT_OK);
    files = files_in(path);
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(answers_load(store, &oracle, i == 0 ? NULL : &options), XT_OK);
        CHECK(files_in(path) > files);
        CHECK_STATUS(xt_store_rollback(store), XT_OK);
        CHECK_U64(files_in(path), files);
    }
    CHECK_STATUS(xt_loader_open(store, &options, &loader), XT_OK);
    CHECK_STATUS(answers_add(loader, &oracle), XT_OK);
    xt_loader_cancel(loader);
    CHECK_U64(files_in(path), files);
    CHECK_STATUS(answers_load(store, &oracle, &options), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    CHECK_STATUS(open_as(path, true, &store), XT_OK);
    CHECK_U64(files_in(path), files);
    CHECK_U64(items_in(store), 0);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

static void memory_store_works_without_files(void)
{
    struct oracle oracle;
    xt_store_stats stats = {.struct_size = sizeof stats};
    xt_arena_stats arena = {.struct_size = sizeof arena};
    xt_store *store;

    oracle_make(&oracle, 5000);
    CHECK_STATUS(create(NULL, &store), XT_OK);
    CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    answers_hold(store, &oracle, 40, &seed);
    CHECK_STATUS(xt_store_stat(store, &stats), XT_OK);
    CHECK_U64(stats.dims, 2);
    CHECK_INT(stats.kind, XT_POINTS);
    CHECK_INT(stats.coord_type, XT_F64);
    CHECK_U64(stats.leaf_capacity, 16);
    CHECK_U64(stats.inner_capacity, 16);
    CHECK_U64(stats.commit_time_ns, 0);
    CHECK(stats.arena_count >= 1 && stats.live_bytes > 0);
    CHECK(stats.live_bytes <= stats.committed_bytes && stats.arena_bytes <= stats.window_bytes);
    CHECK_STATUS(xt_store_arena(store, 0, &arena), XT_OK);
    CHECK_STR(arena.file, "");
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

/* ---- who may do what ----------------------------------------------------------------------- */

static void second_writer_is_told_that_the_store_is_busy(void)
{
    const char *path = store_path();
    xt_store *second = (xt_store *)&path;
    xt_store *store;

    CHECK_STATUS(create(path, &store), XT_OK);
    CHECK_STATUS(open_as(path, true, &second), XT_EBUSY);
    CHECK(second == NULL);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    CHECK_STATUS(open_as(path, true, &store), XT_OK);
    CHECK_STATUS(open_as(path, true, &second), XT_EBUSY);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    CHECK_STATUS(open_as(path, true, &second), XT_OK);
    CHECK_STATUS(xt_store_close(second), XT_OK);
}

/* What the child finds, as its exit status. */
static int child_tries(const char *path)
{
    xt_store *store;
    xt_status status = open_as(path, true, &store);

    if (status == XT_OK)
        return 1;
    if (status != XT_EBUSY)
        return 2;
    status = open_as(path, false, &store);
    return status == XT_OK && xt_store_close(store) == XT_OK ? 0 : 3;
}

static void second_process_cannot_write_but_read(void)
{
    const char *path = store_path();
    xt_store *store;
    int result = -1;
    pid_t child;

    CHECK_STATUS(create(path, &store), XT_OK);
    fflush(NULL);
    child = fork();
    if (child == 0)
        _exit(child_tries(path));
    CHECK(child > 0 && waitpid(child, &result, 0) == child);
    CHECK(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    /* The end of the child did not end the lock of its parent. */
    child = fork();
    if (child == 0)
        _exit(child_tries(path));
    CHECK(child > 0 && waitpid(child, &result, 0) == child);
    CHECK(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

static void readers_cannot_write(void)
{
    const char *path = store_path();
    xt_loader *loader = (xt_loader *)&path;
    struct oracle oracle;
    xt_store *store;

    oracle_make(&oracle, 0);
    if (!store_make(path, &oracle))
        return;
    CHECK_STATUS(open_as(path, false, &store), XT_OK);
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_EMISUSE);
    CHECK(loader == NULL);
    CHECK_STATUS(xt_store_publish(store), XT_EMISUSE);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_EMISUSE);
    CHECK_STATUS(xt_store_rollback(store), XT_EMISUSE);
    CHECK_U64(items_in(store), 0);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

static void modes_set(const char *path, mode_t folder_mode, mode_t file_mode)
{
    const struct dirent *entry;
    DIR *folder = opendir(path);

    CHECK_INT(chmod(path, 0755), 0);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char name[700];

        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            CHECK_INT(chmod(name, file_mode), 0);
    }
    if (CHECK(folder != NULL))
        closedir(folder);
    CHECK_INT(chmod(path, folder_mode), 0);
}

/* Root may write wherever it likes, so the child becomes somebody else. */
static int child_reads(const char *path, struct oracle *oracle)
{
    xt_store *store;

    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 1;
    if (open_as(path, true, &store) == XT_OK)
        return 2;
    if (open_as(path, false, &store) != XT_OK)
        return 3;
    if (!answers_hold(store, oracle, 16, &seed))
        return 4;
    return xt_store_close(store) == XT_OK ? 0 : 5;
}

static void store_can_be_read_where_nothing_can_be_written(void)
{
    const char *path = store_path();
    struct oracle oracle;
    int result = -1;
    char parent[400];
    pid_t child;

    oracle_make(&oracle, 3000);
    if (!store_make(path, &oracle))
        return;
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = '\0';
    CHECK_INT(chmod(parent, 0755), 0);
    modes_set(path, 0555, 0444);
    fflush(NULL);
    child = fork();
    if (child == 0)
        _exit(child_reads(path, &oracle));
    CHECK(child > 0 && waitpid(child, &result, 0) == child);
    CHECK(WIFEXITED(result));
    CHECK_INT(WEXITSTATUS(result), 0);
    modes_set(path, 0755, 0644);
    oracle_release(&oracle);
}

/* ---- snapshots ----------------------------------------------------------------------------- */

static void store_with_open_snapshots_does_not_close(void)
{
    const char *path = store_path();
    xt_snapshot *snapshot;
    struct oracle oracle;
    xt_store *store;

    oracle_make(&oracle, 1000);
    CHECK_STATUS(create(path, &store), XT_OK);
    CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
    CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_EMISUSE);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    CHECK_U64(xt_snapshot_count(snapshot), 0);
    answers_hold(store, &oracle, 16, &seed);
    CHECK_STATUS(xt_store_close(store), XT_EMISUSE);
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

static void reader_sees_new_commits_and_keeps_old_snapshots(void)
{
    const char *path = store_path();
    struct oracle oracle, empty;
    xt_store *writer, *reader;
    xt_snapshot *old, *new;
    const double window[] = {-1e300, -1e300, 1e300, 1e300};

    oracle_make(&empty, 0);
    oracle_make(&oracle, 20000);
    CHECK_STATUS(create(path, &writer), XT_OK);
    CHECK_STATUS(open_as(path, false, &reader), XT_OK);
    CHECK_STATUS(xt_snapshot_latest(reader, &old), XT_OK);
    CHECK_STATUS(answers_load(writer, &oracle, NULL), XT_OK);
    CHECK_U64(items_in(reader), 0);
    CHECK_STATUS(xt_store_commit(writer, NULL), XT_OK);
    CHECK_U64(xt_snapshot_count(old), 0);
    CHECK_STATUS(xt_snapshot_latest(reader, &new), XT_OK);
    CHECK_STATUS(xt_store_close(writer), XT_OK);
    CHECK_U64(xt_snapshot_count(new), 20000);
    CHECK(xt_snapshot_txn(new) > xt_snapshot_txn(old));
    answers_are_right(old, &empty, window, XT_INTERSECTS);
    answers_are_right(new, &oracle, window, XT_INTERSECTS);
    xt_snapshot_release(old);
    answers_hold(reader, &oracle, 40, &seed);
    xt_snapshot_release(new);
    CHECK_STATUS(xt_store_close(reader), XT_OK);
    oracle_release(&oracle);
    oracle_release(&empty);
}

static void writer_keeps_old_snapshots_too(void)
{
    const double window[] = {-1e300, -1e300, 1e300, 1e300};
    const char *const paths[] = {NULL, store_path()};

    for (size_t i = 0; i < CHECK_COUNT(paths); i++) {
        struct oracle oracle, empty;
        xt_snapshot *old;
        xt_store *store;

        check_row = paths[i] == NULL ? "in memory" : "on disk";
        oracle_make(&empty, 0);
        oracle_make(&oracle, 3000);
        CHECK_STATUS(create(paths[i], &store), XT_OK);
        CHECK_STATUS(xt_snapshot_latest(store, &old), XT_OK);
        CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
        CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
        answers_are_right(old, &empty, window, XT_INTERSECTS);
        xt_snapshot_release(old);
        answers_hold(store, &oracle, 16, &seed);
        CHECK_STATUS(xt_store_close(store), XT_OK);
        oracle_release(&oracle);
        oracle_release(&empty);
    }
}

static void stats_tell_the_files(void)
{
    const char *path = store_path();
    xt_store_stats stats = {.struct_size = sizeof stats};
    uint64_t committed = 0, live = 0, range = 0, files = 0;
    struct oracle oracle;
    xt_store *store;

    oracle_make(&oracle, 20000);
    if (!store_make(path, &oracle))
        return;
    CHECK_STATUS(open_as(path, false, &store), XT_OK);
    CHECK_STATUS(xt_store_stat(store, &stats), XT_OK);
    for (uint64_t i = 0; i < stats.arena_count; i++) {
        xt_arena_stats arena = {.struct_size = sizeof arena};
        struct stat info;
        char name[500];

        CHECK_STATUS(xt_store_arena(store, i, &arena), XT_OK);
        snprintf(name, sizeof name, "%s/%s", path, arena.file);
        CHECK_INT(stat(name, &info), 0);
        CHECK((uint64_t)info.st_size >= arena.committed_bytes);
        files += (uint64_t)info.st_size;
        CHECK(arena.committed_bytes <= arena.range_bytes);
        committed += arena.committed_bytes;
        live += arena.live_bytes;
        range += arena.range_bytes;
    }
    CHECK_U64(stats.committed_bytes, committed);
    CHECK_U64(stats.arena_bytes, range);
    CHECK_U64(stats.live_bytes, live);
    CHECK_U64(stats.dead_bytes, committed - live);
    CHECK_U64(stats.file_bytes, files);
    CHECK(stats.commit_time_ns > 0);
    CHECK_U64(stats.format_version, 2);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

static void every_verify_mode_reads_the_same(void)
{
    static const xt_verify modes[] = {XT_VERIFY_LAZY, XT_VERIFY_NONE, XT_VERIFY_OPEN};
    const char *path = store_path();
    struct oracle oracle;

    oracle_make(&oracle, 4000);
    if (!store_make(path, &oracle))
        return;
    for (size_t i = 0; i < CHECK_COUNT(modes); i++) {
        xt_open_options options = XT_OPEN_OPTIONS_INIT;
        xt_store *store;

        options.verify = modes[i];
        options.window_bytes = UINT64_C(1) << 30;
        CHECK_STATUS(xt_store_open(path, &options, &store), XT_OK);
        answers_hold(store, &oracle, 16, &seed);
        CHECK_STATUS(xt_store_close(store), XT_OK);
    }
    oracle_release(&oracle);
}

static void arenas_in_memory_add_up(void)
{
    xt_store_stats stats = {.struct_size = sizeof stats};
    uint64_t committed = 0, live = 0;
    struct oracle oracle;
    xt_store *store;

    oracle_make(&oracle, 5000);
    CHECK_STATUS(create(NULL, &store), XT_OK);
    CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
    CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    CHECK_STATUS(xt_store_stat(store, &stats), XT_OK);
    for (uint64_t i = 0; i < stats.arena_count; i++) {
        xt_arena_stats arena = {.struct_size = sizeof arena};

        CHECK_STATUS(xt_store_arena(store, i, &arena), XT_OK);
        CHECK(arena.live_bytes <= arena.committed_bytes);
        committed += arena.committed_bytes;
        live += arena.live_bytes;
    }
    CHECK_U64(stats.committed_bytes, committed);
    CHECK_U64(stats.live_bytes, live);
    CHECK_U64(stats.dead_bytes, committed - live);
    CHECK_U64(stats.file_bytes, 0);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

static void errors_are_filled_and_cleared(void)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    const char *path = store_path();
    const xt_error stale = {.status = XT_EBUSY};
    xt_error error = stale;
    xt_loader *loader;
    xt_store *store;
    char name[440];

    check.deep = true;
    check.error = &error;
    CHECK_STATUS(create(path, &store), XT_OK);
    CHECK_STATUS(xt_store_check(store, &check, NULL), XT_OK);
    CHECK_STATUS(error.status, XT_OK);

    error = stale;
    CHECK_STATUS(xt_loader_open(store, NULL, &loader), XT_OK);
    CHECK_STATUS(xt_store_commit(store, &error), XT_EMISUSE);
    CHECK_STATUS(error.status, XT_EMISUSE);
    xt_loader_cancel(loader);

    snprintf(name, sizeof name, "%s/arena-00000001.xta", path);
    CHECK_INT(unlink(name), 0);
    CHECK_STATUS(xt_store_check(store, &check, NULL), XT_ECORRUPT);
    CHECK_STATUS(error.status, XT_ECORRUPT);
    CHECK(strstr(error.path, "arena-00000001.xta") != NULL);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

CHECK_MAIN(
    {"new_store_is_empty_and_durable", new_store_is_empty_and_durable},
    {"create_takes_an_empty_folder", create_takes_an_empty_folder},
    {"committed_items_are_there_after_reopening", committed_items_are_there_after_reopening},
    {"what_is_not_committed_is_gone_after_closing", what_is_not_committed_is_gone_after_closing},
    {"published_items_can_be_committed_later", published_items_can_be_committed_later},
    {"rolled_back_items_are_gone", rolled_back_items_are_gone},
    {"load_that_comes_to_nothing_leaves_no_files", load_that_comes_to_nothing_leaves_no_files},
    {"memory_store_works_without_files", memory_store_works_without_files},
    {"second_writer_is_told_that_the_store_is_busy", second_writer_is_told_that_the_store_is_busy},
    {"second_process_cannot_write_but_read", second_process_cannot_write_but_read},
    {"readers_cannot_write", readers_cannot_write},
    {"store_can_be_read_where_nothing_can_be_written",
     store_can_be_read_where_nothing_can_be_written},
    {"store_with_open_snapshots_does_not_close", store_with_open_snapshots_does_not_close},
    {"reader_sees_new_commits_and_keeps_old_snapshots",
     reader_sees_new_commits_and_keeps_old_snapshots},
    {"writer_keeps_old_snapshots_too", writer_keeps_old_snapshots_too},
    {"stats_tell_the_files", stats_tell_the_files},
    {"every_verify_mode_reads_the_same", every_verify_mode_reads_the_same},
    {"arenas_in_memory_add_up", arenas_in_memory_add_up},
    {"errors_are_filled_and_cleared", errors_are_filled_and_cleared})
