/* tests/kill/test_processes.c -- what do processes that share a store do to each other?
 *
 * Children that inherit open handles, locks in other namespaces of process ids (containers), and
 * files that are cut while they are mapped.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "history.h"
#include "support/check.h"

#define STEPS 20

struct scene {
    char path[4200];
    struct history history;
    xt_store *writer;
};

static bool versions_commit(struct scene *scene, unsigned count)
{
    bool holds = true;

    for (unsigned i = 0; i < count && holds; i++)
        holds = CHECK_STATUS(history_step(&scene->history, scene->writer), XT_OK) &&
                CHECK_STATUS(xt_store_commit(scene->writer, NULL), XT_OK);
    return holds;
}

static struct scene *scene_make(void)
{
    static struct scene scene;
    xt_create_options options = history_store_options();

    snprintf(scene.path, sizeof scene.path, "%s/store", check_scratch());
    history_init(&scene.history, check_seed, 500, 100);
    if (!CHECK_STATUS(xt_store_create(scene.path, &options, &scene.writer), XT_OK) ||
        !versions_commit(&scene, STEPS))
        return NULL;
    return &scene;
}

static xt_status store_open(const struct scene *scene, bool is_writable, xt_store **out)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.writable = is_writable;
    options.window_bytes = HISTORY_WINDOW_BYTES;
    return xt_store_open(scene->path, &options, out);
}

static bool newest_is_shown(const struct scene *scene, xt_store *store)
{
    xt_snapshot *snapshot;
    bool holds;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return false;
    holds = history_is_shown(&scene->history, snapshot);
    xt_snapshot_release(snapshot);
    return holds;
}

/* ---- children -------------------------------------------------------------------------------- */

static pid_t child_start(void)
{
    fflush(stdout);
    return fork();
}

static void child_end(bool holds)
{
    fflush(stdout);
    _exit(holds ? 0 : 1);
}

static void child_wait(pid_t child)
{
    int state = -1;

    CHECK_INT(waitpid(child, &state, 0), child);
    CHECK_INT(state, 0);
}

/* A pipe by which a child is told to go on. */
static void signal_send(const int ends[2])
{
    CHECK_INT(write(ends[1], "x", 1), 1);
}

static bool signal_wait(const int ends[2])
{
    char byte;

    return read(ends[0], &byte, 1) == 1;
}

/* ---- sentences ------------------------------------------------------------------------------- */

static void a_child_reads_the_snapshot_that_it_inherited(void)
{
    struct scene *scene = scene_make();
    xt_snapshot *old;
    xt_store *reader;
    int ends[2];
    pid_t child;

    if (scene == NULL || !CHECK_INT(pipe(ends), 0) ||
        !CHECK_STATUS(store_open(scene, false, &reader), XT_OK) ||
        !CHECK_STATUS(xt_snapshot_latest(reader, &old), XT_OK))
        return;
    child = child_start();
    if (child == 0) {
        xt_store *own;
        bool holds = signal_wait(ends) && history_is_shown(&scene->history, old);

        history_advance(&scene->history, 2 * STEPS);
        child_end(holds && CHECK_STATUS(store_open(scene, false, &own), XT_OK) &&
                  newest_is_shown(scene, own));
    }
    versions_commit(scene, STEPS);
    signal_send(ends);
    child_wait(child);
    CHECK(newest_is_shown(scene, reader));
    xt_snapshot_release(old);
    CHECK_STATUS(xt_store_close(reader), XT_OK);
    CHECK_STATUS(xt_store_close(scene->writer), XT_OK);
}

static void a_child_that_ends_leaves_the_writer_alone(void)
{
    struct scene *scene = scene_make();
    xt_store *second;

    if (scene == NULL)
        return;
    for (unsigned i = 0; i < 3; i++) {
        pid_t child = child_start();

        if (child == 0)
            child_end(true);
        child_wait(child);
        versions_commit(scene, 3);
        CHECK(newest_is_shown(scene, scene->writer));
        CHECK_STATUS(store_open(scene, true, &second), XT_EBUSY);
    }
    CHECK_STATUS(xt_store_close(scene->writer), XT_OK);
}

/* The lock belongs to the open file, which a child has, too. */
static void the_lock_lasts_until_the_last_process_that_inherited_it_ends(void)
{
    struct scene *scene = scene_make();
    xt_store *second;
    int ends[2];
    pid_t child;

    if (scene == NULL || !CHECK_INT(pipe(ends), 0))
        return;
    child = child_start();
    if (child == 0)
        child_end(signal_wait(ends));
    CHECK_STATUS(xt_store_close(scene->writer), XT_OK);
    CHECK_STATUS(store_open(scene, true, &second), XT_EBUSY);
    if (CHECK_STATUS(store_open(scene, false, &second), XT_OK)) {
        CHECK(newest_is_shown(scene, second));
        CHECK_STATUS(xt_store_close(second), XT_OK);
    }
    signal_send(ends);
    child_wait(child);
    if (!CHECK_STATUS(store_open(scene, true, &second), XT_OK))
        return;
    CHECK(newest_is_shown(scene, second));
    CHECK_STATUS(xt_store_close(second), XT_OK);
}

static void a_program_that_a_child_becomes_does_not_hold_the_lock(void)
{
    struct scene *scene = scene_make();
    xt_store *second;
    pid_t child;

    if (scene == NULL)
        return;
    child = child_start();
    if (child == 0) {
        execlp("sleep", "sleep", "60", (char *)NULL);
        child_end(false);
    }
    CHECK_STATUS(xt_store_close(scene->writer), XT_OK);
    /* Until the child has become the other program, it holds the lock. */
    for (unsigned i = 0; i < 1000; i++) {
        xt_status status = store_open(scene, true, &second);

        if (status == XT_OK)
            break;
        CHECK_STATUS(status, XT_EBUSY);
        usleep(5000);
    }
    CHECK(second != NULL);
    CHECK_INT(waitpid(child, NULL, WNOHANG), 0);
    CHECK_STATUS(xt_store_close(second), XT_OK);
    kill(child, SIGKILL);
    CHECK_INT(waitpid(child, NULL, 0), child);
}

/* Process ids mean nothing across containers; the lock and the mapped pages are the kernel's. */
static void containers_on_one_machine_share_the_lock_and_the_commits(void)
{
    struct scene *scene = scene_make();
    int ends[2];
    pid_t child;
    int state = -1;

    if (scene == NULL || !CHECK_INT(pipe(ends), 0))
        return;
    child = child_start();
    if (child == 0) {
        xt_store *store;
        pid_t inner;
        bool holds;

        if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
            _exit(77);
        inner = child_start();
        if (inner != 0) {
            holds = inner > 0 && waitpid(inner, &state, 0) == inner && state == 0;
            child_end(holds);
        }
        holds = signal_wait(ends) && CHECK_STATUS(store_open(scene, true, &store), XT_EBUSY) &&
                CHECK_STATUS(store_open(scene, false, &store), XT_OK);
        history_advance(&scene->history, 2 * STEPS);
        child_end(holds && newest_is_shown(scene, store));
    }
    versions_commit(scene, STEPS);
    signal_send(ends);
    CHECK_INT(waitpid(child, &state, 0), child);
    if (WIFEXITED(state) && WEXITSTATUS(state) == 77)
        printf("no namespaces for us here: not tested\n");
    else
        CHECK_INT(state, 0);
    CHECK_STATUS(xt_store_close(scene->writer), XT_OK);
}

/* ---- a file that is cut ---------------------------------------------------------------------- */

static void signals_default(void)
{
    const struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGBUS, SIG_DFL);
}

/* Only the process that touches what is gone gets a signal; what was open elsewhere is closed as
 * usual, and who opens the store then is told. */
static void a_file_cut_while_it_is_mapped_ends_its_readers_only(void)
{
    struct scene *scene = scene_make();
    char arena[4300];
    xt_store *store;
    pid_t child;
    int state = -1;

    if (scene == NULL)
        return;
    snprintf(arena, sizeof arena, "%s/arena-00000001.xta", scene->path);
    child = child_start();
    if (child == 0) {
        bool holds;

        signals_default();
        holds = CHECK_STATUS(store_open(scene, false, &store), XT_OK) &&
                CHECK_INT(truncate(arena, 8192), 0);
        child_end(holds && newest_is_shown(scene, store));
    }
    CHECK_INT(waitpid(child, &state, 0), child);
    CHECK(WIFSIGNALED(state) && WTERMSIG(state) == SIGBUS);
    CHECK_STATUS(xt_store_close(scene->writer), XT_OK);
    CHECK_STATUS(store_open(scene, false, &store), XT_ECORRUPT);
    CHECK_STATUS(store_open(scene, true, &store), XT_ECORRUPT);
}

CHECK_MAIN({"a_child_reads_the_snapshot_that_it_inherited",
            a_child_reads_the_snapshot_that_it_inherited},
           {"a_child_that_ends_leaves_the_writer_alone", a_child_that_ends_leaves_the_writer_alone},
           {"the_lock_lasts_until_the_last_process_that_inherited_it_ends",
            the_lock_lasts_until_the_last_process_that_inherited_it_ends},
           {"a_program_that_a_child_becomes_does_not_hold_the_lock",
            a_program_that_a_child_becomes_does_not_hold_the_lock},
           {"containers_on_one_machine_share_the_lock_and_the_commits",
            containers_on_one_machine_share_the_lock_and_the_commits},
           {"a_file_cut_while_it_is_mapped_ends_its_readers_only",
            a_file_cut_while_it_is_mapped_ends_its_readers_only})
