/* cli/selftest_crash.c -- part crash: commits of which a part reached the disk.
 *
 * The files are read before and after a commit. From both, states are put together that a power
 * loss in between could leave: any of the sectors of the arenas that the commit wrote, and HEAD as
 * it was; or all of the arenas, and any of HEAD's sectors. In every one of them the store must hold
 * the one commit or the other, whole, and go on.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "selftest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { sector_bytes = 512, states_per_commit = 12 };

struct crash {
    struct selftest *test;
    char path[SELFTEST_PATH];
    char state_path[SELFTEST_PATH];
    struct world world;
    xt_store *store;
    uint64_t commits, states;
};

static bool is_arena(const char *name)
{
    return strncmp(name, "arena-", 6) == 0;
}

/* Takes sectors of `after` over into `file`, each by a coin that falls `percent` of the time. What
 * is not taken stays as before, or reads as zero where the file was shorter. */
static bool file_mix(struct file_bytes *file, const struct file_bytes *after, uint64_t percent,
                     uint64_t *random)
{
    unsigned char *bytes = realloc(file->bytes, after->size + 1);

    if (bytes == NULL)
        return false;
    file->bytes = bytes;
    if (after->size > file->size)
        memset(bytes + file->size, 0, after->size - file->size);
    file->size = after->size;
    for (size_t at = 0; at < after->size; at += sector_bytes) {
        size_t size = after->size - at < sector_bytes ? after->size - at : sector_bytes;

        if (memcmp(bytes + at, after->bytes + at, size) != 0 &&
            selftest_below(random, 100) < percent)
            memcpy(bytes + at, after->bytes + at, size);
    }
    return true;
}

/* The file in the state, made empty if it was not there before. */
static struct file_bytes *file_in(struct folder_bytes *state, const char *name)
{
    struct file_bytes *file = folder_find(state, name);

    if (file != NULL)
        return file;
    if (state->count == sizeof state->files / sizeof state->files[0])
        return NULL;
    file = &state->files[state->count++];
    memset(file, 0, sizeof *file);
    strcpy(file->name, name);
    return file;
}

/* `state` is the folder as it was before, and becomes one as a power loss may leave it. */
static bool state_mix(struct folder_bytes *state, struct folder_bytes *after, uint64_t *random)
{
    static const uint64_t percents[] = {0, 10, 50, 90, 100};
    bool has_arenas = selftest_below(random, 2) == 0;
    uint64_t percent = percents[selftest_below(random, 5)];

    for (size_t i = 0; i < after->count; i++) {
        const struct file_bytes *from = &after->files[i];
        bool is_head = strcmp(from->name, "HEAD") == 0;
        uint64_t taken = has_arenas && !is_head ? 100 : percent;
        struct file_bytes *file;

        if ((is_head && !has_arenas) || (!is_head && !is_arena(from->name) && !has_arenas))
            continue;
        file = file_in(state, from->name);
        if (file == NULL || !file_mix(file, from, taken, random))
            return false;
    }
    return true;
}

/* The store goes on from there: another commit, and opened again. */
static bool state_goes_on(struct crash *crash, struct world *world)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store = NULL;
    xt_status status;

    options.writable = true;
    options.window_bytes = UINT64_C(1) << 30;
    status = xt_store_open(crash->state_path, &options, &store);
    if (status == XT_OK)
        status = world_follow(world, store);
    if (status == XT_OK)
        status = world_change(world, store);
    if (status == XT_OK)
        status = xt_store_commit(store, NULL);
    if (xt_store_close(store) != XT_OK || status != XT_OK)
        return selftest_fail(crash->test, "going on after a crash: %s", xt_status_text(status));
    return world_open_and_compare(crash->test, world, crash->state_path, world->commits,
                                  world->commits);
}

static bool state_try(struct crash *crash, struct folder_bytes *after, uint64_t commits)
{
    struct folder_bytes state = {0};
    struct world world = {0};
    char before[SELFTEST_PATH];
    bool is_right;

    selftest_path(crash->test, "before", before);
    is_right = folder_read(crash->test, before, &state);
    if (is_right && !state_mix(&state, after, &crash->test->random))
        is_right = selftest_fail(crash->test, "no memory");
    is_right = is_right && folder_write(crash->test, crash->state_path, &state);
    folder_release(&state);
    world_begin(&world, crash->world.seed);
    is_right = is_right &&
               world_open_and_compare(crash->test, &world, crash->state_path, commits - 1, commits);
    is_right = is_right && state_goes_on(crash, &world);
    world_end(&world);
    crash->states++;
    return is_right;
}

/* One commit, and states between before and after. */
static bool commit_try(struct crash *crash)
{
    struct folder_bytes folder = {0};
    char before[SELFTEST_PATH];
    xt_status status;
    bool is_right;

    selftest_path(crash->test, "before", before);
    is_right = folder_read(crash->test, crash->path, &folder) &&
               folder_write(crash->test, before, &folder);
    folder_release(&folder);
    if (!is_right)
        return false;
    status = world_change(&crash->world, crash->store);
    if (status == XT_OK)
        status = xt_store_commit(crash->store, NULL);
    if (status != XT_OK)
        return selftest_fail(crash->test, "a commit: %s", xt_status_text(status));
    crash->commits++;
    is_right = folder_read(crash->test, crash->path, &folder);
    for (int i = 0; is_right && i < states_per_commit; i++)
        is_right = state_try(crash, &folder, crash->world.commits);
    folder_release(&folder);
    files_remove(before);
    return is_right;
}

bool selftest_crash(struct selftest *test)
{
    struct crash crash = {.test = test};
    xt_status status;
    bool is_right = true;

    selftest_path(test, "crash", crash.path);
    selftest_path(test, "state", crash.state_path);
    world_begin(&crash.world, test->random);
    status = world_store_create(crash.path, &crash.store);
    if (status != XT_OK)
        return selftest_fail(test, "creating a store: %s", xt_status_text(status));
    while (is_right && selftest_goes_on(test, "crash", crash.states))
        is_right = commit_try(&crash);
    if (xt_store_close(crash.store) != XT_OK)
        is_right = selftest_fail(test, "closing failed");
    if (is_right)
        files_remove(crash.state_path);
    snprintf(test->summary, sizeof test->summary,
             "%" PRIu64 " states of %" PRIu64 " commits: each the one before or the one after",
             crash.states, crash.commits);
    world_end(&crash.world);
    return is_right;
}
