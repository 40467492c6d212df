/* cli/selftest_kill.c -- part kill: a writer that is killed loses nothing acknowledged.
 *
 * A child process commits and says so through a pipe before it goes on. It is killed at a random
 * moment; what the store then holds must be at least the last commit that it told of, whole.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "selftest.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct killing {
    struct selftest *test;
    char path[SELFTEST_PATH];
    struct world world; /* what the store is known to hold */
    uint64_t kills, commits;
};

/* The child: changes for ever. Exits with 1 when a call fails, which nothing gives it reason to. */
static int write_for_ever(const struct killing *killing, int told)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    struct world world = {0};
    xt_store *store = NULL;

    options.writable = true;
    options.window_bytes = UINT64_C(1) << 30;
    if (!world_copy(&world, &killing->world) ||
        xt_store_open(killing->path, &options, &store) != XT_OK ||
        world_follow(&world, store) != XT_OK)
        return 1;
    for (;;) { /* what a writer finds is as good as acknowledged */
        if (write(told, &world.commits, sizeof world.commits) != (ssize_t)sizeof world.commits)
            return 1;
        if (world_change(&world, store) != XT_OK || xt_store_commit(store, NULL) != XT_OK)
            return 1;
    }
}

static void wait_us(uint64_t us)
{
    struct timespec time = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

    while (nanosleep(&time, &time) != 0 && errno == EINTR)
        ;
}

/* Kills the child after a random time, and reads what it told. False: it ended by itself. */
static bool strike(struct killing *killing, pid_t child, int told, uint64_t *acknowledged)
{
    uint64_t commits;
    ssize_t got;
    int status = 0;

    wait_us(500 + selftest_below(&killing->test->random, 60000));
    kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    while ((got = read(told, &commits, sizeof commits)) != 0) {
        if (got == (ssize_t)sizeof commits)
            *acknowledged = commits;
        else if (got > 0 || errno != EINTR)
            break;
    }
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static bool round_run(struct killing *killing)
{
    uint64_t acknowledged = killing->world.commits;
    uint64_t before = acknowledged;
    int ends[2];
    pid_t child;
    bool was_killed;

    if (pipe(ends) != 0)
        return selftest_fail(killing->test, "pipe: %s", strerror(errno));
    fflush(NULL);
    child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(write_for_ever(killing, ends[1]));
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return selftest_fail(killing->test, "fork: %s", strerror(errno));
    }
    was_killed = strike(killing, child, ends[0], &acknowledged);
    close(ends[0]);
    if (!was_killed)
        return selftest_fail(killing->test, "the writer stopped by itself");
    killing->kills++;
    killing->commits += acknowledged - before;
    return world_open_and_compare(killing->test, &killing->world, killing->path, acknowledged,
                                  acknowledged + 1);
}

bool selftest_kill(struct selftest *test)
{
    struct killing killing = {.test = test};
    xt_store *store = NULL;
    xt_status status;
    bool is_right = true;

    selftest_path(test, "kill", killing.path);
    world_begin(&killing.world, test->random);
    status = world_store_create(killing.path, &store);
    if (status == XT_OK)
        status = xt_store_close(store);
    if (status != XT_OK)
        return selftest_fail(test, "creating a store: %s", xt_status_text(status));
    for (uint64_t round = 0; is_right && selftest_goes_on(test, "kill", round); round++)
        is_right = round_run(&killing);
    snprintf(test->summary, sizeof test->summary,
             "%" PRIu64 " kills, %" PRIu64 " commits acknowledged: nothing lost", killing.kills,
             killing.commits);
    world_end(&killing.world);
    return is_right;
}
