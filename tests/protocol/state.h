/* tests/protocol/state.h -- one state of the model: the disk, the writer, the readers.
 *
 * The disk is made of cells: a slot of HEAD, the record of an extent, the rest of an extent, the
 * header of an arena, a name in the folder. A cell has two values: what processes see (the system's
 * cache) and what the medium has. A write changes the first; a sync makes the second equal; a loss
 * of power lets each cell that differs keep either, or become garbage. A cell whose sync failed can
 * be *clean* although it differs: the system believes that it is written.
 *
 * A commit is known by its number in `commit[]`, which stands for its content and so for its hash:
 * a cell that holds `c` holds exactly the bytes of commit c. 0 is garbage, zeroes or no name; what
 * is read there is never valid, so that they need not be told apart. In HEAD they are: 0 is a slot
 * that was never written, DAMAGED one that was.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    COMMITS = 6, /* numbers 1 .. 5: creation, and up to four more */
    ARENAS = 5,  /* ids 1 .. 4 */
    FILES = 6,   /* files of arenas, 1 .. 5; a name leads to one */
    PLACES = 4,  /* extents in one arena */
    DURABLE_SLOTS = 4,
    LOOSE_SLOTS = 2,
    SLOTS = DURABLE_SLOTS + LOOSE_SLOTS,
    READERS = 2,
    CLEAN = 0x80, /* in `medium`: differs from the cache, and no sync will write it */
    DAMAGED = 7,  /* in a slot of HEAD: was written, and is not valid */

    HEADER = 0, /* cells of a file */
    RECORD = 1,
    DATA = RECORD + PLACES,
    FILE_CELLS = DATA + PLACES,

    ARENA = 0,                 /* names in the folder: of arenas, by id; they lead to a file */
    MANIFEST = ARENA + ARENAS, /* by generation; the commit that wrote it */
    KEPT = MANIFEST + COMMITS, /* snapshot of a commit: 1, or 2 when it is damaged */
    NAMES = KEPT + COMMITS,
};

struct cell {
    uint8_t cache, medium;
};

/* One file of an arena. */
struct file {
    struct cell cell[FILE_CELLS]; /* its header (1: valid), then records, then data */
};

/* How a commit is made durable. */
enum way { WAY_TWO_SYNCS, WAY_ONE_SYNC, WAY_ORDERED };

/* What a commit says; it never changes. Sets of arenas are bits, 1 << id. */
struct commit {
    uint8_t txn, parent, generation;
    uint8_t manifest;     /* the commit that wrote the manifest in use */
    uint8_t record_arena; /* holds the record, and the first extent */
    uint8_t other_arena;  /* of the second extent; 0: there is none */
    uint8_t listed, unsealed;
    uint8_t live;    /* hold nodes that the root reaches */
    uint8_t open;    /* takes the next extent */
    uint8_t durable; /* the commit that it vouches for (durable_txn) */
    uint8_t way;
};

struct writer {
    uint8_t at;      /* enum place_of_writer */
    uint8_t tip;     /* the commit that it stands on */
    uint8_t next;    /* the commit that it makes; 0: none */
    uint8_t slot;    /* position of the newest durable slot */
    uint8_t synced;  /* the commit in that slot */
    uint8_t durable; /* the newest commit whose extents are known to be durable */
    uint8_t files;   /* arenas with extents that are not synced */
    uint8_t to_sync; /* of them, those that the running step still has to sync */
    uint8_t kept;    /* the commit that is being kept or dropped */
    uint8_t closing;
    uint8_t damaged; /* the slot behind the newest durable one was, when the writer opened */
};

struct reader {
    uint8_t at;             /* enum place_of_reader */
    uint8_t base;           /* the newest commit that HEAD names */
    uint8_t found;          /* the one to open: the same, or the end of the chain */
    uint8_t manifest;       /* the manifest that was read for it */
    uint8_t view;           /* the commit that it shows; 0: none */
    uint8_t floor;          /* acknowledged before it looked, so it must show this or a later one */
    uint8_t kept;           /* opens a kept snapshot */
    uint8_t missed;         /* the HEAD that led to a missing file */
    uint8_t by_chain;       /* looks by the chain, as HEAD has no loose slot of this boot */
    uint8_t by_loose;       /* by a loose slot, which must lead there still when all is mapped */
    uint8_t damaged;        /* the durable slot behind the newest one was, when it looked */
    uint8_t durable, loose; /* what HEAD had when it looked; 0: nothing of this boot */
    uint8_t rolls;          /* found by the chain what no writer has looked after */
    uint8_t rolled;         /* the same of what it shows */
    uint8_t doomed;         /* a sync failed before the medium had what it shows */
    uint8_t files[ARENAS];  /* what the view has mapped */
    uint8_t mapped[ARENAS]; /* what is mapped for the commit that is being opened */
};

/* What was promised, for the invariants; no process reads it. */
struct promises {
    uint8_t durable; /* the newest commit acknowledged as durable */
    uint8_t process; /* the newest one acknowledged at all since the power came on */
    uint8_t kept;    /* bits, 1 << commit: acknowledged as kept */
    uint8_t dropped; /* acknowledged as dropped */
    uint8_t rotten;  /* the commit of which something rotted; HEAD: its slot */
    uint8_t rotten_head;
    uint8_t failures; /* of syncs */
    uint8_t shaken;   /* a sync failed, and no writer has opened since */
};

struct state {
    struct cell head[SLOTS];
    struct file file[FILES];
    struct cell folder[NAMES];
    struct commit commit[COMMITS];
    uint8_t commits; /* how many numbers are given out, creation included */
    struct writer writer;
    struct reader reader[READERS];
    struct promises promised;
    uint8_t unsynced_manifests; /* bits, 1 << commit: with a name, but not synced */
    uint8_t unsynced_kept;
};

/* The store just created: commit 1, with arena 1 sealed and arena 2 open. No process. */
void state_first(struct state *s);

/* Whether `old` is `c` or one that it builds on. */
bool is_before(const struct state *s, unsigned old, unsigned c);

/* How many extents arena `a` holds in commit c: where the next one goes. */
unsigned frontier(const struct state *s, unsigned c, unsigned a);

/* The file that arena `a` leads to, by the cache; NULL without one or without a valid header. */
const struct file *arena_file(const struct state *s, unsigned a);

/* Whether all that commit c leads to is there, as processes see it. `manifest`: the one that was
 * read for it. */
bool is_whole(const struct state *s, unsigned c, unsigned manifest);

/* The same of what the medium alone has. */
bool is_whole_on_medium(const struct state *s, unsigned c);

/* Whether its chain leads there from a durable slot, by what the medium alone has. */
bool is_reached_on_medium(const struct state *s, unsigned c);

/* Zeroes the files that nothing leads to, and what else no step can see. */
void state_tidy(struct state *s);

/* For traces. */
void state_print(const struct state *s);

#endif
