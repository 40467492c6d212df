/* tests/model/changes.h -- one world's life: a store and its mirror go through the same changes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHANGES_H
#define CHANGES_H

#include "support/questions.h"
#include "worlds.h"

#define CHANGES_OPERATION_MAP(X)                                                                   \
    X(OPERATION_INSERT, "inserted")                                                                \
    X(OPERATION_REMOVE, "removed")                                                                 \
    X(OPERATION_REMOVE_ABSENT, "removals of an id that is not there")                              \
    X(OPERATION_REMOVE_WRONG_BOX, "removals with another box")                                     \
    X(OPERATION_MOVE_SHORT, "moved a short way")                                                   \
    X(OPERATION_MOVE_FAR, "moved far")                                                             \
    X(OPERATION_MOVE_STILL, "moved to where they are")                                             \
    X(OPERATION_MOVE_ABSENT, "moves of an item that is not there")                                 \
    X(OPERATION_BAD, "bad arguments")                                                              \
    X(OPERATION_LOAD, "bulk loads")                                                                \
    X(OPERATION_LOAD_CANCELLED, "bulk loads cancelled")                                            \
    X(OPERATION_PUBLISH, "publishes")                                                              \
    X(OPERATION_COMMIT, "commits")                                                                 \
    X(OPERATION_ROLLBACK, "rollbacks")                                                             \
    X(OPERATION_CLEAN, "cleanings by hand")                                                        \
    X(OPERATION_REOPEN, "reopened")                                                                \
    X(OPERATION_RENEW, "stores made anew from their items")                                        \
    X(OPERATION_HOLD, "snapshots held")                                                            \
    X(OPERATION_ASK, "questions about windows")                                                    \
    X(OPERATION_WINDOWS, "questions about many windows at once")                                   \
    X(OPERATION_NEAREST, "questions about nearest items")                                          \
    X(OPERATION_JOIN, "joins")                                                                     \
    X(OPERATION_CHECK, "deep checks")

enum changes_operation {
#define CHANGES_OPERATION_ENUM(name, text) name,
    CHANGES_OPERATION_MAP(CHANGES_OPERATION_ENUM)
#undef CHANGES_OPERATION_ENUM
        OPERATION_COUNT
};

struct changes_totals {
    uint64_t operations[OPERATION_COUNT];
    uint64_t changes;                      /* the single ones of all kinds */
    uint64_t cleaned_bytes;                /* by hand */
    uint64_t by_height[XT_LEVELS_MAX + 1]; /* of these */
    xt_change_stats stats;
};

struct changes_options {
    uint64_t seed;
    uint64_t operations; /* single changes in this world */
    uint64_t checks;     /* single changes between two checks, in the mean */
    const char *folder;  /* for stores on disk */
};

/* CHECKs; when something is wrong, it says in which world and after how many changes. What happens
 * follows from the seed alone: fewer operations are the beginning of more. */
bool changes_run(const struct world *world, const struct changes_options *options,
                 struct changes_totals *totals);

#endif
