/* tests/support/script.h -- a store's life as random steps, and what it must hold after each.
 *
 * A script is a world, a seed and a number of steps: insertions, removals, moves, loads, publishes,
 * rollbacks, commits, reopenings. Beside the store stands a record of what every commit holds: the
 * keys of its items, whose boxes follow from the keys. The campaigns of tests/crash and tests/fault
 * let such lives be cut short and ask script_finds() what may be found then.
 *
 * A step is a row of the table in script.c: another operation of the library is another row.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "os/os.h"
#include "xtree.h"

#define SCRIPT_PATH "/store"
#define SCRIPT_ITEMS_MAX 256
#define SCRIPT_COMMITS_MAX 1024
#define SCRIPT_KEPT_MAX 4
#define SCRIPT_UNSURE_MAX 16

struct script_world {
    const char *name;
    uint32_t dims;
    xt_item_kind kind;
    uint32_t leaf_capacity;
    uint32_t inner_capacity;
    uint32_t items_wanted; /* there are about so many, at most SCRIPT_ITEMS_MAX / 2 */
    uint32_t steps;        /* of a script of the crash campaign */
    uint32_t weight;       /* so many scripts of all worlds' together are of this one */
};

/* The crash campaign's worlds. */
extern const struct script_world SCRIPT_WORLDS[];
extern const size_t SCRIPT_WORLD_COUNT;

/* Ids, ascending, each with the number of its box: id << 16 | number. */
struct script_content {
    size_t count;
    uint64_t keys[SCRIPT_ITEMS_MAX];
};

/* What may be found on the disk: commits lowest .. newest, and while the call is under way that
 * makes the next ones, later ones with the content `next`. 0 stands for no store. Of kept snapshots
 * all in `kept`, and perhaps some in `unsure`: those that a call is keeping or dropping, or failed
 * to. */
struct script_expected {
    uint64_t kept[SCRIPT_KEPT_MAX];
    uint64_t unsure[SCRIPT_UNSURE_MAX];
    size_t kept_count;
    size_t unsure_count;
    bool unsure_may_lack_files; /* a folder has lost names: one that was dropped may come back */
    uint64_t lowest;
    uint64_t newest;
    bool may_go_on;
    struct script_content next;
    struct script_content *commits[SCRIPT_COMMITS_MAX]; /* NULL: not known; owned */
};

struct script {
    const struct xti_os *os;
    const char *path;
    const struct script_world *world;
    uint64_t seed;
    uint64_t random;
    void (*wait)(struct script *script, uint64_t ns); /* lets time go by; NULL: cannot */
    void *context;                                    /* for `wait` */
    bool
        trusts_close; /* nothing fails, so what was committed is durable when the store is closed */

    xt_store *store; /* NULL: not open */
    xt_durability durability;
    uint64_t next_id;
    bool is_pending;                 /* something is, since the last publish */
    struct script_content now;       /* with what is pending */
    struct script_content published; /* in the newest snapshot */
    struct script_expected expected;
    const char *step; /* the last one's name */
};

/* Opens and creates nothing. `os` and `world` must outlive the script. */
void script_init(struct script *script, const struct xti_os *os, const char *path,
                 const struct script_world *world, uint64_t seed);
/* Closes the store. */
void script_release(struct script *script);

xt_status script_create(struct script *script);
/* Drops what was not committed. A store that is not open is left as it is. */
void script_close(struct script *script);
/* Closes the store and opens it for writing, with options drawn anew. */
xt_status script_reopen(struct script *script);
/* One row of the table, by chance. What failed has changed nothing, but a commit that failed may
 * be found. */
xt_status script_step(struct script *script);
/* The rows that the callers also need by themselves. */
xt_status script_insert(struct script *script);
xt_status script_commit(struct script *script);

/* Whether the newest snapshot of an open store is one that may be found, holds just what it must,
 * and passes a deep check. *number: which it is. Prints what is wrong. */
bool script_finds(const struct script_world *world, uint64_t seed,
                  const struct script_expected *expected, xt_store *store, uint64_t *number);
/* For a disk that lied: it may hold any commit, or be found damaged, but answers are not wrong. The
 * first error, or XT_OK. */
xt_status script_tries(const struct script_world *world, uint64_t seed,
                       const struct script_expected *expected, xt_store *store, bool *right);
/* As script_finds(), for the script's own store and what it has published. */
bool script_holds(struct script *script);
/* Whether this commit may be found. */
bool script_allows(const struct script_expected *expected, uint64_t number);
/* Content of a commit that may be found. */
const struct script_content *script_content_of(const struct script_expected *expected,
                                               uint64_t number);

/* CHECKs that an open store has the kept snapshots that it must and none that it must not, and that
 * each shows the content of its commit. */
bool script_kept_hold(const struct script_world *world, uint64_t seed,
                      const struct script_expected *expected, xt_store *store);

/* Makes `next` go on from a commit that was found on a disk: nothing but it may be found there. */
void script_continue(struct script *next, const struct script_expected *expected, uint64_t number,
                     const struct xti_os *os, const struct script *from);

/* ---- between script.c and script_kept.c ------------------------------------------------------ */

/* CHECKs the answers to some questions; the status is that of asking. */
xt_status script_content_ask(const struct script_world *world, uint64_t seed,
                             const struct script_content *content, const xt_snapshot *snapshot,
                             bool *right);
struct script_content *script_content_copy(const struct script_content *content);

/* Rows of the table. */
bool script_can_keep(const struct script *script);
bool script_can_drop(const struct script *script);
xt_status script_keep(struct script *script);
xt_status script_drop(struct script *script);

/* Kept snapshots that `next` begins with, with their contents. */
void script_kept_continue(struct script_expected *next, const struct script_expected *from);

#endif
