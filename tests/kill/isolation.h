/* tests/kill/isolation.h -- who takes part when isolation is tested: what they share.
 *
 *   judge    compares what readers report with a history of its own
 *   writer   a process that makes one version after the other, publishes and commits, as fast as
 *            it can; threads of it read from the same handle
 *   readers  processes, each with a handle for several threads
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ISOLATION_H
#define ISOLATION_H

#include <stdatomic.h>

#include "history.h"

#define ISOLATION_WRITER_READERS 2
#define ISOLATION_PROCESSES 2
#define ISOLATION_PROCESS_READERS 2
#define ISOLATION_READERS                                                                          \
    (ISOLATION_WRITER_READERS + ISOLATION_PROCESSES * ISOLATION_PROCESS_READERS)
#define ISOLATION_REPORTS 4096

/* One answer, and the limits between which the version of its snapshot must lie. */
struct isolation_report {
    uint64_t txn;
    uint64_t version;
    uint64_t answer;
    uint64_t
        before;     /* the newest version that was there for sure when the snapshot was asked for */
    uint64_t after; /* the newest one that may have been there when it was given */
    uint32_t window;
    bool is_held; /* from an old snapshot: no limits */
};

/* A queue of one reader and the judge. */
struct isolation_queue {
    struct isolation_report reports[ISOLATION_REPORTS];
    _Alignas(64) atomic_ullong written; /* released by the reader */
    _Alignas(64) atomic_ullong taken;   /* released by the judge */
};

/* Sequentially consistent: the writer stores `begun`, makes the version visible, stores `ended`;
 * a reader loads `ended`, takes a snapshot, loads `begun`. */
struct isolation_limits {
    atomic_ullong begun, ended;
};

#define ISOLATION_OPERATION_MAP(X)                                                                 \
    X(OPERATION_PUBLISH, "publishes")                                                              \
    X(OPERATION_COMMIT, "commits")                                                                 \
    X(OPERATION_ROLLBACK, "rollbacks")                                                             \
    X(OPERATION_CLEAN, "cleanings by hand")                                                        \
    X(OPERATION_KEEP, "snapshots kept, and others dropped")

enum isolation_operation {
#define ISOLATION_OPERATION_ENUM(name, text) name,
    ISOLATION_OPERATION_MAP(ISOLATION_OPERATION_ENUM)
#undef ISOLATION_OPERATION_ENUM
        OPERATION_COUNT
};

struct isolation_board {
    struct isolation_limits published, committed;
    atomic_bool is_over;
    atomic_uint mistakes;
    atomic_ullong operations[OPERATION_COUNT];
    struct isolation_queue queues[ISOLATION_READERS]; /* those of the writer's threads first */
};

struct isolation_scene {
    const char *path;
    struct isolation_board *board;
    uint64_t seed;
    xt_durability durability; /* of the writer */
};

/* The history that all begin with. The store holds its first version, committed. */
void isolation_history(struct history *history, uint64_t seed);

/* Run in processes of their own until the board says that it is over. False: something was wrong,
 * which was printed. */
bool isolation_writer_run(const struct isolation_scene *scene, struct history *history,
                          xt_store *store);
bool isolation_readers_run(const struct isolation_scene *scene, unsigned process);

#endif
