/* tests/kill/kill.h -- who takes part when writers are killed: what they share, and what they do.
 *
 *   judge    starts all others, kills the writer, opens the store again and compares; lives longest
 *   writer   a process that changes and commits until it is killed. It tells the judge through a
 *            pipe what it is about to commit, and what is committed, before it goes on
 *   readers  processes that look at the newest commit again and again, over many writers' deaths
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef KILL_H
#define KILL_H

#include <stdatomic.h>

#include "kept.h"

#define KILL_READERS 2

/* Where a writer can be when it dies. */
#define KILL_PHASE_MAP(X)                                                                          \
    X(PHASE_STARTING, "before opening")                                                            \
    X(PHASE_CREATING, "creating")                                                                  \
    X(PHASE_OPENING, "opening")                                                                    \
    X(PHASE_CHANGING, "between commits")                                                           \
    X(PHASE_COMMITTING, "inside a commit")                                                         \
    X(PHASE_CLEANING, "cleaning")                                                                  \
    X(PHASE_KEEPING, "keeping or dropping a snapshot")                                             \
    X(PHASE_CLOSING, "closing")

enum kill_phase {
#define KILL_PHASE_ENUM(name, text) name,
    KILL_PHASE_MAP(KILL_PHASE_ENUM)
#undef KILL_PHASE_ENUM
        PHASE_COUNT
};

/* What the writer does after a step; how often, is in the table of writer.c. */
#define KILL_OPERATION_MAP(X)                                                                      \
    X(OPERATION_COMMIT, "commits")                                                                 \
    X(OPERATION_SYNC, "syncs by hand")                                                             \
    X(OPERATION_PUBLISH, "publishes")                                                              \
    X(OPERATION_ROLLBACK, "rollbacks")                                                             \
    X(OPERATION_CLEAN, "cleanings by hand")                                                        \
    X(OPERATION_KEEP, "snapshots kept")                                                            \
    X(OPERATION_DROP, "snapshots dropped")                                                         \
    X(OPERATION_RETAIN, "retentions")                                                              \
    X(OPERATION_REOPEN, "stores closed and opened again")

enum kill_operation {
#define KILL_OPERATION_ENUM(name, text) name,
    KILL_OPERATION_MAP(KILL_OPERATION_ENUM)
#undef KILL_OPERATION_ENUM
        OPERATION_COUNT
};

struct kill_reader {
    atomic_ullong reads;    /* answers compared, over all lives */
    atomic_ullong versions; /* snapshots taken, likewise */
    atomic_ullong version;  /* the newest that was seen in this store */
    atomic_ullong txn;      /* likewise */
    atomic_uint mistakes;
};

/* Shared by all processes. All is relaxed but `phase`: only the dead writer's last words count, and
 * these are read after waiting for it. */
struct kill_board {
    atomic_uint phase;    /* of the writer, enum kill_phase */
    atomic_ullong passes; /* operations that this writer has ended */
    atomic_ullong operations[OPERATION_COUNT];
    atomic_bool is_over; /* readers end */
    struct kill_reader readers[KILL_READERS];
};

/* How a writer opens the store. */
struct kill_mode {
    const char *name;
    xt_durability durability;
    xt_verify verify;
    bool no_cleaning;
    uint64_t commit_changes; /* 0: a publish is no commit */
};
extern const struct kill_mode kill_modes[];
extern const size_t kill_mode_count;

enum kill_word {
    WORD_TRYING,   /* the commit that begins: this version may be there from here on */
    WORD_DONE,     /* the commit has returned */
    WORD_KEEPING,  /* this commit becomes a kept snapshot: it may be there from here on */
    WORD_KEPT,     /* it is there */
    WORD_DROPPING, /* it may be gone from here on */
    WORD_DROPPED,  /* it is gone */
    WORD_FAILED    /* something is wrong; the writer ends */
};

struct kill_message {
    enum kill_word word;
    uint64_t txn; /* of the snapshot, where the word is about one */
    uint64_t version;
    uint64_t answer; /* what window 0 holds */
    bool is_named;
};

/* What the message says about kept snapshots; the history is at the version that it names. */
void kill_kept_note(struct kept *kept, const struct history *history,
                    const struct kill_message *message);

struct kill_writer {
    const char *path;
    const struct kill_mode *mode;
    struct kill_board *board;
    struct history *history; /* what the store holds, as readers see it */
    uint64_t trying;         /* a later version that a writer may find; else not above that */
    struct kept *kept;
    uint64_t random;
    int pipe;
    xt_store *store; /* NULL when it begins */
};

/* Works until it is killed. Returns only when something is wrong, which was printed. */
void kill_writer_run(struct kill_writer *writer);

/* Reads until the board says that it is over. False: something is wrong, which was printed. */
bool kill_reader_run(const char *path, struct kill_reader *reader, struct kill_board *board,
                     struct history *history, uint64_t random);

#endif
