/* cli/selftest_damage.c -- parts damage, full and sync: bad bytes, a disk that is full, a disk that
 * lies.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { commits_made = 60, syncs_timed = 100, page_bytes = 4096 };

/* A sync that takes less has most likely not waited for the medium. */
static const double SYNC_US_LEAST = 15;

/* A closed store with some commits. */
static bool store_prepare(struct selftest *test, const char *path, struct world *world)
{
    xt_store *store = NULL;
    xt_status status = world_store_create(path, &store);

    for (int i = 0; i < commits_made && status == XT_OK; i++) {
        status = world_change(world, store);
        if (status == XT_OK)
            status = xt_store_commit(store, NULL);
    }
    if (xt_store_close(store) != XT_OK || status != XT_OK)
        return selftest_fail(test, "making a store: %s", xt_status_text(status));
    return true;
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void file_damage(struct folder_bytes *folder, uint64_t *random)
{
    struct file_bytes *file = &folder->files[selftest_below(random, folder->count)];
    uint64_t kind = selftest_below(random, 10);
    size_t at;

    if (file->size == 0)
        return;
    at = (size_t)selftest_below(random, file->size);
    if (kind < 5)
        file->bytes[at] ^= (unsigned char)(1u << selftest_below(random, 8));
    else if (kind < 7)
        memset(file->bytes + at, 0, file->size - at < 512 ? file->size - at : 512);
    else if (kind < 8)
        file->size = at;
    else if (kind < 9)
        memmove(file->bytes, file->bytes + at / 2, file->size - at);
    else
        file->bytes[at] = (unsigned char)selftest_random(random);
}

/* What a child process found; a signal is the failure that is looked for. */
enum damage_found { FOUND_REFUSED = 10, FOUND_HARMLESS = 11, FOUND_WRONG = 12 };

static enum damage_found look(const struct selftest *test, const struct world *world,
                              const char *path)
{
    struct selftest quiet = *test;
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_snapshot *snapshot = NULL;
    xt_store *store = NULL;
    xt_status status;
    bool is_equal;

    options.window_bytes = UINT64_C(1) << 30;
    check.deep = true;
    if (xt_store_open(path, &options, &store) != XT_OK)
        return FOUND_REFUSED;
    status = xt_snapshot_latest(store, &snapshot);
    is_equal = status == XT_OK && world_compare(&quiet, world, snapshot);
    xt_snapshot_release(snapshot);
    if (xt_store_check(store, &check, NULL) != XT_OK)
        status = XT_ECORRUPT;
    if (xt_store_close(store) != XT_OK)
        return FOUND_WRONG;
    if (is_equal)
        return status == XT_OK ? FOUND_HARMLESS : FOUND_REFUSED;
    return status == XT_OK ? FOUND_WRONG : FOUND_REFUSED;
}

static bool look_in_child(struct selftest *test, const struct world *world, const char *path,
                          uint64_t *refused)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0)
        _exit((int)look(test, world, path));
    if (child < 0)
        return selftest_fail(test, "fork: %s", strerror(errno));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        return selftest_fail(test, "a damaged store ended the process with signal %d",
                             WTERMSIG(status));
    if (WEXITSTATUS(status) == FOUND_WRONG)
        return selftest_fail(test, "a damaged store gives wrong answers, and checks well");
    *refused += WEXITSTATUS(status) == FOUND_REFUSED;
    return true;
}

bool selftest_damage(struct selftest *test)
{
    struct folder_bytes folder = {0};
    struct world world;
    char path[SELFTEST_PATH];
    uint64_t refused = 0;
    uint64_t rounds = 0;
    bool is_right;

    selftest_path(test, "damage", path);
    world_begin(&world, test->random);
    is_right = store_prepare(test, path, &world);
    selftest_path(test, "state", path);
    while (is_right && selftest_goes_on(test, "damage", rounds)) {
        char original[SELFTEST_PATH];

        selftest_path(test, "damage", original);
        is_right = folder_read(test, original, &folder);
        if (is_right)
            file_damage(&folder, &test->random);
        is_right = is_right && folder_write(test, path, &folder) &&
                   look_in_child(test, &world, path, &refused);
        folder_release(&folder);
        rounds++;
    }
    if (is_right)
        files_remove(path);
    snprintf(test->summary, sizeof test->summary,
             "%" PRIu64 " damaged stores: %" PRIu64 " refused, %" PRIu64 " harmless", rounds,
             refused, rounds - refused);
    world_end(&world);
    return is_right;
}

/* ---- full ------------------------------------------------------------------------------------ */

/* Files may grow to so many bytes; writes beyond fail, as on a disk that is full. */
static bool limit_files(rlim_t bytes)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return false;
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    return setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

/* Commits until one fails, gives the disk its space back, and commits again. */
static bool fill_once(struct selftest *test, struct world *world, const char *path,
                      uint64_t *refused)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store = NULL;
    xt_status status;

    options.writable = true;
    options.window_bytes = UINT64_C(1) << 30;
    status = xt_store_open(path, &options, &store);
    if (status != XT_OK)
        return selftest_fail(test, "opening: %s", xt_status_text(status));
    if (!limit_files((rlim_t)(64 << 10) + selftest_below(&test->random, 512 << 10)))
        return selftest_fail(test, "setrlimit: %s", strerror(errno));
    for (int i = 0; i < 400 && status == XT_OK; i++) {
        status = world_change(world, store);
        if (status == XT_OK)
            status = xt_store_commit(store, NULL);
    }
    (void)limit_files(RLIM_INFINITY);
    if (status != XT_OK) {
        (*refused)++;
        status = xt_store_commit(store, NULL);
    }
    if (status == XT_EBROKEN) /* the write that failed was HEAD's: opening again decides */
        world->commits--;
    if (xt_store_close(store) != XT_OK || (status != XT_OK && status != XT_EBROKEN))
        return selftest_fail(test, "a commit after space was freed: %s", xt_status_text(status));
    return world_open_and_compare(test, world, path, world->commits,
                                  world->commits + (status == XT_EBROKEN));
}

bool selftest_full(struct selftest *test)
{
    char path[SELFTEST_PATH];
    uint64_t refused = 0;
    uint64_t rounds = 0;
    bool is_right = true;

    selftest_path(test, "full", path);
    while (is_right && selftest_goes_on(test, "full", rounds)) {
        struct world world;

        files_remove(path);
        world_begin(&world, selftest_random(&test->random));
        is_right = store_prepare(test, path, &world) && fill_once(test, &world, path, &refused);
        world_end(&world);
        rounds++;
    }
    snprintf(test->summary, sizeof test->summary,
             "%" PRIu64 " stores grew until a write failed (%" PRIu64
             " did): each went on from its last commit",
             rounds, refused);
    return is_right;
}

/* ---- sync ------------------------------------------------------------------------------------ */

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

static bool sync_once(int file, int page, double *us)
{
    static char bytes[page_bytes];
    double start;

    memset(bytes, page + 1, sizeof bytes);
    start = progress_seconds();
    if (pwrite(file, bytes, sizeof bytes, (off_t)page * page_bytes) != page_bytes ||
        fdatasync(file) != 0)
        return false;
    *us = (progress_seconds() - start) * 1e6;
    return true;
}

bool selftest_sync(struct selftest *test)
{
    double us[syncs_timed] = {0};
    char path[SELFTEST_PATH];
    bool is_right = true;
    int count = 0;
    int file;

    selftest_path(test, "sync", path);
    file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (file < 0)
        return selftest_fail(test, "%s: %s", path, strerror(errno));
    while (is_right && count < syncs_timed && selftest_goes_on(test, "sync", (uint64_t)count))
        is_right = sync_once(file, count, &us[count]) && ++count > 0;
    close(file);
    unlink(path);
    if (!is_right || count == 0)
        return is_right || selftest_fail(test, "sync: %s", strerror(errno));
    qsort(us, (size_t)count, sizeof us[0], compare_doubles);
    snprintf(test->summary, sizeof test->summary, "%.0f us for a page and a sync (%d of them)%s",
             us[count / 2], count,
             us[count / 2] < SYNC_US_LEAST
                 ? ": too fast for a disk; memory, or a system that does not wait: a power loss "
                   "may take commits"
                 : "");
    return true;
}
