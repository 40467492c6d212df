/* bench/committer.h -- stores on disk that take changes and make them durable.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_COMMITTER_H
#define BENCH_COMMITTER_H

#include <stddef.h>
#include <stdint.h>

/* Adds 2-d points; each commit is on the medium when it returns. Functions that cannot do their
 * work end the program with bench_die(). */
struct committer {
    const char *name;
    const char *(*version)(void);

    /* Makes a store at `path`, where there is none, and opens it for writing. */
    void *(*create)(const char *path);
    void (*insert)(void *store, uint64_t id, const double point[2]);
    void (*commit)(void *store);
    uint64_t (*count)(void *store); /* of items that are committed */
    void (*close)(void *store);
};

/* The first one is ours. NULL at the end. */
extern const struct committer *const committers[];
extern const struct committer commit_xtree;
extern const struct committer commit_sqlite;
extern const struct committer commit_lmdb;

#endif
