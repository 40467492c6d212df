/* cli/selftest.h -- the parts of xtree selftest, and what they share.
 *
 * Each part runs until its time is over, on stores of its own in one scratch folder. What it finds
 * wrong it says in a sentence, with the seed and the round, and leaves the store where it is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_SELFTEST_H
#define CLI_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xtree.h>

#include "progress.h"

#define SELFTEST_PATH 4096

struct selftest {
    const char *folder; /* scratch, made by the command */
    uint64_t seed;
    uint64_t random;   /* state of the generator */
    double part_ends;  /* of progress_seconds() */
    double part_takes; /* seconds */
    struct progress progress;
    char summary[256]; /* what the part did, when it went well */
    char failure[512]; /* what went wrong; "": nothing */
};

/* ---- what parts share (selftest_world.c) ----------------------------------------------------- */

uint64_t selftest_random(uint64_t *state);
/* Below `limit`, which is not 0. */
uint64_t selftest_below(uint64_t *state, uint64_t limit);

/* Says what went wrong, the first time. Gives false, for `return selftest_fail(...)`. */
bool selftest_fail(struct selftest *test, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* False when the part's time is over. Draws the progress bar. */
bool selftest_goes_on(struct selftest *test, const char *label, uint64_t rounds);

/* <scratch>/<name> */
void selftest_path(const struct selftest *test, const char *name, char path[SELFTEST_PATH]);

/* The expected contents of a store: boxes in two dimensions beside a plain array of them. They
 * follow from the seed and the number of commits, so that any commit's can be made again. One item,
 * with the id UINT64_MAX, tells by its place which commit it is. */
struct world_item {
    uint64_t id;
    double box[4]; /* low corner, high corner */
};

struct world {
    uint64_t seed;
    uint64_t random;
    uint64_t commits;
    uint64_t changes;
    uint64_t next_id;
    size_t count;
    size_t capacity;
    struct world_item *items;
};

void world_begin(struct world *world, uint64_t seed);
void world_end(struct world *world);
bool world_copy(struct world *to, const struct world *from);

/* The changes of the next commit, to the world and, unless it is NULL, to the store: a pending
 * change there. XT_ENOMEM leaves the world unusable. */
xt_status world_change(struct world *world, xt_store *store);

/* Makes the world that of so many commits. */
bool world_replay(struct world *world, uint64_t commits);

/* Which commit a snapshot shows, by the item that tells. False: it cannot be found. */
bool world_commit_of(const xt_snapshot *snapshot, uint64_t *commits);

/* Makes the world that of the commit which the store's newest snapshot shows. A writer may find one
 * more than readers found before: one that was written whole and not acknowledged. */
xt_status world_follow(struct world *world, xt_store *store);

/* All items, and some windows and nearest neighbours, beside a scan of the array. Says what
 * differs. */
bool world_compare(struct selftest *test, const struct world *world, const xt_snapshot *snapshot);

/* A new store for the world's items. */
xt_status world_store_create(const char *path, xt_store **out);

/* Opens the store at `path`, finds out which commit it shows, checks it deeply, and compares.
 * least, most: the commits that are right. */
bool world_open_and_compare(struct selftest *test, struct world *world, const char *path,
                            uint64_t least, uint64_t most);

/* ---- files (selftest_files.c) ---------------------------------------------------------------- */

bool files_exist(const char *path);

/* Removes a folder with its files. */
void files_remove(const char *path);

/* A file as a whole. */
struct file_bytes {
    char name[64];
    size_t size;
    unsigned char *bytes;
};

struct folder_bytes {
    size_t count;
    struct file_bytes files[64];
};

bool folder_read(struct selftest *test, const char *path, struct folder_bytes *out);
bool folder_write(struct selftest *test, const char *path, const struct folder_bytes *folder);
void folder_release(struct folder_bytes *folder);
/* NULL: there is none of that name. */
struct file_bytes *folder_find(struct folder_bytes *folder, const char *name);

/* ---- the parts ------------------------------------------------------------------------------- */

/* Each gives false when it found something wrong. */
bool selftest_model(struct selftest *test);
bool selftest_kill(struct selftest *test);
bool selftest_crash(struct selftest *test);
bool selftest_damage(struct selftest *test);
bool selftest_full(struct selftest *test);
bool selftest_sync(struct selftest *test);

#endif
