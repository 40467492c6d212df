/* tests/protocol/model.h -- the steps of the model, and the rules that can be broken.
 *
 * A step is a function that changes a state and asks choose() wherever more than one thing can
 * happen. The explorer runs it again and again until every sequence of answers was given, so a step
 * reads like the one case that it is about.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MODEL_H
#define MODEL_H

#include "protocol/state.h"

/* A rule of the protocol. A mutant is the protocol without one of them. */
enum rule {
    RULE_NONE,
    RULE_DATA_SYNC,         /* extents are synced before HEAD names them */
    RULE_HEAD_AFTER_DATA,   /* HEAD is written when the extents are synced, not before */
    RULE_SLOTS_IN_TURN,     /* a durable slot is not written where the newest one is */
    RULE_HEAD_SYNC,         /* a commit in two syncs is acknowledged when HEAD is synced */
    RULE_EXTENT_HASH,       /* a commit beyond HEAD counts when its extents have their hashes */
    RULE_CHAIN_HASH,        /* ... and when it names the commit before by its hash */
    RULE_MANIFEST_CHECKED,  /* ... and when the manifest it names is the one it was made with */
    RULE_NAMED_MANIFEST,    /* ... and when it brings no manifest, or its own slot is damaged */
    RULE_NEXT_REMOVED,      /* recovery removes the manifest behind the one of what it found */
    RULE_TORN_ERASED,       /* ... and erases a record that follows and does not count (spare) */
    RULE_ARENAS_THERE,      /* ... and when every arena that its manifest lists is there (spare) */
    RULE_FOLDER_SYNC,       /* the folder is synced after a new arena, before HEAD names it */
    RULE_MANIFEST_SYNC,     /* a manifest is synced before it gets its name */
    RULE_HEADER_SYNC,       /* a spare arena is synced before a manifest lists it */
    RULE_TAIL_SYNC,         /* what recovery accepts beyond HEAD is written and synced again */
    RULE_TAIL_REWRITE,      /* ... and written, not only synced */
    RULE_SLOT_REWRITE,      /* the newest slot is written again by a writer that opens (spare) */
    RULE_LOOSE_BOOT,        /* a loose slot of another boot counts for nothing */
    RULE_LOOSE_BOTH,        /* recovery writes both loose slots, so that none is of a dead commit */
    RULE_LOOSE_MARK,        /* ... and does not erase them */
    RULE_ALL_FILES_SYNC,    /* a durable commit syncs what ordered ones before it left */
    RULE_POISON,            /* a writer whose sync failed writes nothing more */
    RULE_VOUCH_HONESTLY,    /* durable_txn names what is durable, not what is committed */
    RULE_SCAN,              /* what a later record vouches for is never taken for a torn tail */
    RULE_SCAN_ALL,          /* ... also when that record lies in another arena */
    RULE_UNLINK_AFTER_HEAD, /* files are removed when HEAD without them is synced */
    RULE_UNLINK_GENERATION, /* ... and the manifest before does not list them either */
    RULE_MANIFEST_GENERATION, /* the manifest before the newest one stays */
    RULE_PINNED,              /* what a kept snapshot lists stays */
    RULE_KEEP_FOLDER_SYNC,    /* keep is acknowledged when the folder is synced */
    RULE_KEEP_FILE_SYNC,      /* ... and the file, before it gets its name */
    RULE_KEEP_DURABLE,        /* only a durable commit is kept */
    RULE_DROP_FOLDER_SYNC,    /* drop is acknowledged when the folder is synced */
    RULE_OPEN_FOLDER_SYNC,    /* a writer that opens syncs the folder before all else (spare) */
    RULE_LEFTOVERS_LAST,      /* ... and its HEAD */
    RULE_LEFTOVERS,           /* a writer that opens removes what nothing needs */
    RULE_REMOVED_SYNC,        /* ... and syncs the folder then (spare) */
    RULE_READER_RETRY,        /* a reader that misses a file reads HEAD again */
    RULE_READER_READS_AGAIN,  /* a reader that followed the chain reads HEAD again */
    RULE_READER_LOOSE,        /* a reader believes loose slots of its boot */
    RULE_READER_LOOSE_AGAIN,  /* ... and reads HEAD again when it has mapped what one leads to */
    RULE_READER_CHAIN,        /* a reader follows the chain when no slot of its boot is there */
    RULE_REFRESH_CHAIN,       /* a refresh looks whether the chain leads back to its view */
    RULE_REFRESH_HASH,        /* ... and whether another commit has the number of its view */
    RULE_REFRESH_OLDER,       /* ... or whether an older one does not lead to its view */
    RULE_COUNT
};

/* What a run explores. Power may always be lost, and HEAD be made durable between commits. */
struct scope {
    const char *name;
    bool always;       /* part of every build's tests; the others are for `make protocol` */
    unsigned commits;  /* at most so many after the creation */
    unsigned failures; /* syncs that fail */
    unsigned readers;
    unsigned ways;   /* bits of enum way */
    unsigned shapes; /* bits of enum shape */
    unsigned may;
};

enum {
    MAY_CLOSE = 1, /* a writer closes cleanly */
    MAY_DIE = 2,   /* a commit takes an arena's last live node */
    MAY_KEEP = 4,  /* keep and drop */
    MAY_ROT = 8,   /* one cell rots */
};

/* Where the extents of a commit go, and what its manifest changes. */
enum shape {
    SHAPE_OPEN,     /* into the open arena */
    SHAPE_SPARE,    /* into the spare one alone, which becomes the open one */
    SHAPE_SPAN,     /* into both */
    SHAPE_BESIDE,   /* into the open one and the cold one */
    SHAPE_NEW,      /* into both the open one and a new one, which becomes the open one */
    SHAPE_NEW_ONLY, /* into a new one alone */
    SHAPE_COLD,     /* into both the open one and a new one, which becomes the cold one */
    SHAPE_PREPARE,  /* into the open one; a spare one is listed */
    SHAPE_DROP,     /* into the open one; arenas without live nodes are no longer listed */
    SHAPE_COUNT
};

enum { CHOICES = 64 };

/* One run of a step. */
struct run {
    const struct scope *scope;
    enum rule broken;
    unsigned char choice[CHOICES], options[CHOICES]; /* answers, and how many there were */
    unsigned used, given;
    char label[96]; /* what happened, when `telling` */
    bool telling;
    const char *violation; /* the invariant that does not hold, or NULL */
};

/* 0 .. options - 1, every one in some run. */
unsigned choose(struct run *run, unsigned options);

static inline bool may(const struct run *run, unsigned what)
{
    return (run->scope->may & what) != 0;
}

static inline bool keeps(const struct run *run, enum rule rule)
{
    return run->broken != rule;
}

/* Sets the label. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void say(struct run *run, const char *format, ...);

/* Notes a violation, the first one of a run. */
void violate(struct run *run, const char *invariant);

/* ---- the disk: disk.c ---------------------------------------------------------------------- */

/* Writes. What was written before and not synced may have reached the medium. */
void cell_write(struct run *run, struct cell *cell, unsigned value);

/* Syncs `count` cells; false: the sync failed, and each may or may not have been written. */
bool cells_sync(struct run *run, struct state *s, struct cell *cells, unsigned count);

/* Each cell that was not synced is old, new or garbage; no process is left. */
void power_loss(struct run *run, struct state *s);

/* The system forgets a page that it believes to be clean; false: there is none. */
bool evict(struct run *run, struct state *s);

/* Something of the store rots; false: nothing is there. */
bool rot(struct run *run, struct state *s);

/* ---- finding the newest commit: recovery.c ------------------------------------------------- */

struct found {
    uint8_t base, slot, tip; /* the newest durable slot, where it stands, the end of the chain */
    bool corrupt;
    bool damaged; /* the slot behind the newest durable one */
};

/* By the durable slots and the chain, as a writer does. */
struct found follow_chain(const struct run *run, const struct state *s);

/* The end of the chain that begins with commit `tip`. damaged: the slot behind the one that names
 * it is. */
unsigned chain_end(const struct run *run, const struct state *s, unsigned tip, bool damaged);

/* The slot behind the newest durable one. */
bool next_is_damaged(const struct state *s);

/* The newest valid slot of positions first .. end - 1, or 0. `position` may be NULL. */
unsigned newest_slot(const struct state *s, unsigned first, unsigned end, uint8_t *position);

/* ---- processes ----------------------------------------------------------------------------- */

/* False: there is no such step now. */
bool writer_step(struct run *run, struct state *s);
bool recovery_step(struct run *run, struct state *s);
bool reader_step(struct run *run, struct state *s, struct reader *reader);

/* Whether the mapped files still hold what the reader's view shows. */
bool sees_its_view(const struct state *s, const struct reader *reader);

/* Whether the reader may see bytes that the medium does not have: of an ordered commit, or of a
 * tail that no writer has looked after. */
bool is_at_risk(const struct state *s, const struct reader *reader);

/* Removes the files that the newest commit no longer needs, or never did: files.c. */
void remove_files(struct run *run, struct state *s);

/* Arenas that a kept snapshot lists. */
unsigned pinned_arenas(const struct run *run, const struct state *s);

/* Syncs one of the arenas that are `to_sync`; false: the sync failed. */
bool sync_one_arena(struct run *run, struct state *s);

/* The position that the next durable slot is written to. */
unsigned durable_position(const struct run *run, const struct writer *w, unsigned commit);

/* The durable slot that the next step changes, so that it may be half there; or NULL. */
struct cell *slot_to_write(const struct run *run, struct state *s);

/* Begins keep or drop; false: not possible now. files.c */
bool begin_keep(struct run *run, struct state *s);
bool begin_drop(struct run *run, struct state *s);
bool kept_step(struct run *run, struct state *s);

/* Begins a commit: plan.c; false: not possible now. */
bool begin_commit(struct run *run, struct state *s);

enum place_of_writer {
    NO_WRITER,
    OPEN_FOLDER,
    OPEN_REWRITE,
    OPEN_SYNC,
    OPEN_LOOSE,
    OPEN_NEXT,
    OPEN_NEXT_SYNC,
    OPEN_ERASE,
    OPEN_ERASED,
    OPEN_SLOT,
    OPEN_HEAD,
    OPEN_LEFTOVERS,
    OPEN_REMOVED,
    IDLE,
    COMMIT_FILE,
    COMMIT_DATA,
    COMMIT_RECORD,
    COMMIT_SYNC,
    COMMIT_MANIFEST,
    COMMIT_RENAME,
    COMMIT_FOLDER,
    COMMIT_LOOSE,
    HEAD_FILES,
    HEAD_SLOT,
    HEAD_SYNC,
    HEAD_REMOVE,
    CLOSE_CUT,
    KEEP_WRITE,
    KEEP_RENAME,
    KEEP_FOLDER,
    DROP_FOLDER,
    DROP_REMOVE,
    BROKEN,
};

enum place_of_reader {
    AWAY,
    READ_CHAIN,
    READ_MANIFEST,
    READ_ARENAS,
    READ_AGAIN,
    SHOWS,
};

/* Any step of any process, of the system or of the disk; false: not possible now. */
bool any_step(struct run *run, struct state *s);

/* What must hold in every state. */
void check_always(struct run *run, const struct state *s);

/* ---- exploring: explore.c ------------------------------------------------------------------ */

struct result {
    uint64_t states, steps;
    unsigned depth;
    bool complete;         /* false: stopped by the limit, or by a violation */
    const char *violation; /* what did not hold, or NULL */
};

/* Every state that `scope` leads to, nearest first, until one violates an invariant. */
struct result explore(const struct scope *scope, enum rule broken, uint64_t limit, bool trace);

/* ---- tables: scopes.c, mutants.c ----------------------------------------------------------- */

struct mutant {
    const char *name;
    enum rule broken;
    const char *scope; /* as small as sees it */
};

extern const struct scope scopes[];
extern const unsigned scope_count;
extern const struct mutant mutants[];
extern const unsigned mutant_count;

#endif
