/* include/xtree.h -- the whole public interface of libxtree.
 *
 * A store is an index of items (a 64-bit id and a point or a box in 1 to 255 dimensions) that
 * lives in memory-mapped arenas: in a folder on disk, or in memory only. One handle writes, any
 * number of handles in any number of processes read. Readers see snapshots: immutable states that
 * stay as they are, whatever the writer does.
 *
 *     xt_store *store;
 *     xt_snapshot *snapshot;
 *     xt_query *query;
 *     xt_item item;
 *     const double window[] = {5.0, 45.0, 15.0, 55.0};      low corner, then high corner
 *
 *     status = xt_store_open("places", NULL, &store);
 *     status = xt_snapshot_latest(store, &snapshot);
 *     status = xt_query_window(snapshot, window, NULL, &query);
 *     while ((status = xt_query_next(query, &item)) == XT_OK)
 *         use(item.id, item.low, item.high);
 *     if (status != XT_DONE)
 *         complain(xt_status_text(status));
 *     xt_query_close(query);
 *     xt_snapshot_release(snapshot);
 *     xt_store_close(store);
 *
 * Coordinates are doubles at this interface; a store of f32 coordinates rounds what it is given to
 * the nearest float and answers exactly for the rounded values. A box is given by its low corner
 * and its high corner; both belong to it. Infinities are allowed, NaN is not.
 *
 * Options structs begin with `struct_size`, set by their XT_..._INIT; zero in any other field is
 * the documented default, and NULL in place of a whole struct means every default. Fields are only
 * ever appended. Structs that are filled for the caller need exactly the struct_size of this
 * header. Every function that can fail returns xt_status, gives its result through the last
 * parameter, and sets that to NULL or zero when it fails.
 *
 * A handle may be handed from thread to thread. Unless its comment says more, one handle serves
 * one thread at a time; different handles are independent.
 *
 * A process that was forked opens handles of its own. With those of its parent, calls that take a
 * snapshot, begin a change, publish, commit, roll back, keep or drop give XT_EMISUSE; closing one
 * frees memory in the child and touches neither files nor the lock, which the parent keeps; its
 * snapshots end with it and are not released. A child that lives on without closing its parent's
 * writer, or executing another program, keeps the lock after the parent's end.
 *
 * What is not in this file is not interface.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTREE_H
#define XTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define XT_API __attribute__((visibility("default")))
#define XT_NODISCARD __attribute__((warn_unused_result))

/* ---- version ---------------------------------------------------------------------------- */

/* Semantic version of the library. The build reads these three lines. While the major is 0, the
 * binary interface may change with the minor. The file format has a number of its own. */
#define XT_VERSION_MAJOR 0
#define XT_VERSION_MINOR 1
#define XT_VERSION_PATCH 0
#define XT_VERSION_NUMBER (XT_VERSION_MAJOR * 10000 + XT_VERSION_MINOR * 100 + XT_VERSION_PATCH)

/** XT_VERSION_NUMBER of the library that is running, to compare with that of the header. */
XT_API uint32_t xt_version(void);

/* ---- status ----------------------------------------------------------------------------- */

/* Name, value, text. Values never change; errors are negative. Each error is a different thing
 * that the caller can do about it. */
#define XT_STATUS_MAP(X)                                                                           \
    X(XT_OK, 0, "success")                                                                         \
    X(XT_DONE, 1, "no more results")                                                               \
    X(XT_ENOMEM, -1, "out of memory or address space")                                             \
    X(XT_EINVAL, -2, "an argument is not valid")                                                   \
    X(XT_EIO, -3, "the system could not read or write")                                            \
    X(XT_EFULL, -4, "no space left on the disk or in the store's address space")                   \
    X(XT_EBUSY, -5, "in use by another handle or process")                                         \
    X(XT_ENOTFOUND, -6, "no such store, snapshot or item")                                         \
    X(XT_EEXIST, -7, "something is there already")                                                 \
    X(XT_EFORMAT, -8, "not a store, or one of a newer format")                                     \
    X(XT_ECORRUPT, -9, "the store's bytes contradict themselves")                                  \
    X(XT_EBROKEN, -10, "an earlier write failed: reopen the store to write again")                 \
    X(XT_EMISUSE, -11, "the call is not allowed in this state")                                    \
    X(XT_ECANCELLED, -12, "cancelled by the caller")

typedef enum xt_status {
#define XT_STATUS_ENUM(name, value, text) name = value,
    XT_STATUS_MAP(XT_STATUS_ENUM)
#undef XT_STATUS_ENUM
} xt_status;

/** The enumerator's name, such as "XT_EBUSY". Static; never NULL. */
XT_API const char *xt_status_name(xt_status status);

/** One line in English, without a full stop. Static; never NULL. */
XT_API const char *xt_status_text(xt_status status);

/* Where an error happened. Owned by the caller; named in the options of the few calls that touch
 * files. Filled when such a call fails, cleared when it succeeds. */
typedef struct xt_error {
    xt_status status;
    int32_t system_errno; /* 0 when no system call failed */
    uint64_t offset;      /* bytes from the start of the file; UINT64_MAX when none applies */
    char path[256];       /* the file or folder, cut from the left when longer; "" when none */
    char check[128];      /* what was checked, tried or found, such as "HEAD slot checksum" */
} xt_error;

/* ---- schema ------------------------------------------------------------------------------ */

#define XT_DIMS_MAX 255u

typedef enum xt_item_kind {
    XT_POINTS = 1, /* low corner only */
    XT_BOXES = 2   /* low and high corner */
} xt_item_kind;

typedef enum xt_coord_type { XT_F64 = 1, XT_F32 = 2 } xt_coord_type;

typedef struct xt_item {
    uint64_t id;
    const double *low;  /* dims doubles, valid until the next call on the query */
    const double *high; /* the same array as `low` in a store of points */
    double distance;    /* of a nearest query: from its point; 0 in other queries */
} xt_item;

/* ---- stores ------------------------------------------------------------------------------ */

typedef struct xt_store xt_store;
typedef struct xt_snapshot xt_snapshot;
typedef struct xt_query xt_query;
typedef struct xt_loader xt_loader;

typedef enum xt_verify {
    XT_VERIFY_LAZY = 0, /* a node's checksum is computed when the process first visits it */
    XT_VERIFY_NONE = 1, /* structure is still checked at every step */
    XT_VERIFY_OPEN = 2  /* every committed byte is hashed while opening: O(bytes) */
} xt_verify;

/* Where nodes are read from, for the most part: decides how much two siblings may overlap before
 * one long node (a supernode) is cheaper to read than both of them. */
typedef enum xt_medium {
    XT_MEDIUM_MEMORY = 0, /* the store fits into memory */
    XT_MEDIUM_DISK = 1    /* most reads go to a disk */
} xt_medium;

/* What holds when a commit has returned XT_OK. In every mode the death of the process loses no
 * commit, and what is found after a power loss is a commit that was made, whole. */
typedef enum xt_durability {
    XT_DURABLE = 0,           /* power loss does not lose it: XT_DURABLE_ONE_SYNC */
    XT_DURABLE_TWO_SYNCS = 1, /* its data is synced, then what names it */
    XT_DURABLE_ONE_SYNC = 2, /* its data is synced; what names it within a second, if commits go on,
                                 or in xt_store_close(). Until then it is found by its data, and a
                                 medium that rots the last commit makes it look never finished */
    XT_ORDERED = 3           /* no sync: a power loss may lose the last commits, but none before one
                                 that is there; xt_store_sync() makes all durable */
} xt_durability;

typedef struct xt_create_options {
    size_t struct_size;
    uint32_t dims;            /* 1 to XT_DIMS_MAX; no default */
    xt_item_kind kind;        /* 0: XT_POINTS */
    xt_coord_type coord_type; /* 0: XT_F64 */
    uint64_t arena_bytes;     /* first arena's address range: a multiple of 2 MiB; 0: 64 MiB */
    uint64_t window_bytes;    /* address space to reserve: likewise; 0: 256 GiB, the most */
    uint32_t leaf_capacity;   /* items in a leaf: a multiple of 16, at most 1024; 0: 32 */
    uint32_t inner_capacity;  /* children of a normal inner node; likewise */
    uint32_t extent_align;    /* 4096 to 65536, a power of two: the medium's block; 0: 4096 */
    xt_error *error;          /* NULL: no detail wanted */
    xt_medium medium;         /* for changes through this handle, as the next */
    double max_overlap;       /* 0 to 1: share of a node's children that both halves of a split may
                                 hold before it becomes a supernode; 0: computed; 1: never */
    xt_durability durability; /* of commits through this handle */
    bool no_cleaning;         /* commits through this handle move nothing; xt_store_clean() does */
    uint64_t commit_changes;  /* xt_store_publish() commits after so many changes; 0: never */
    uint64_t commit_bytes;    /* ... after so many bytes of new nodes; 0: never */
    uint64_t commit_ms;       /* ... so many milliseconds after the last commit; 0: never */
} xt_create_options;
#define XT_CREATE_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(xt_create_options), 0, (xt_item_kind)0, (xt_coord_type)0, 0, 0, 0, 0, 0, NULL,      \
            XT_MEDIUM_MEMORY, 0.0, XT_DURABLE, false, 0, 0, 0                                      \
    }

typedef struct xt_open_options {
    size_t struct_size;
    bool writable; /* false: any number at once, also on read-only media */
    xt_verify verify;
    uint64_t window_bytes; /* as above; a store that does not fit gives XT_EFULL */
    xt_error *error;
    xt_medium medium; /* as above, and the next ones */
    double max_overlap;
    xt_durability durability;
    bool no_cleaning;
    uint64_t commit_changes;
    uint64_t commit_bytes;
    uint64_t commit_ms;
} xt_open_options;
#define XT_OPEN_OPTIONS_INIT                                                                       \
    {                                                                                              \
        sizeof(xt_open_options), false, XT_VERIFY_LAZY, 0, NULL, XT_MEDIUM_MEMORY, 0.0,            \
            XT_DURABLE, false, 0, 0, 0                                                             \
    }

/** Creates a store and opens it for writing.
 *
 * path     a folder that does not exist yet or is empty; NULL makes a store in memory only, whose
 *          commits are publishes and which is gone when it is closed.
 * options  must say `dims`.
 * out      the store; end it with xt_store_close().
 *
 * When it returns, an empty store is durable at `path`.
 *
 * Errors   XT_EINVAL, XT_EEXIST (a store or something else is there), XT_ENOTFOUND (the folder that
 *          shall hold it is not), XT_EBUSY, XT_EIO, XT_EFULL, XT_ENOMEM.
 */
XT_API XT_NODISCARD xt_status xt_store_create(const char *path, const xt_create_options *options,
                                              xt_store **out);

/** Opens a store at its newest commit.
 *
 * Cost     reads no items: a few system calls, and a few for each arena file.
 * Errors   XT_ENOTFOUND, XT_EFORMAT, XT_ECORRUPT, XT_EBUSY (writable, and another writer is at
 *          work), XT_EIO, XT_EFULL (the address window is too small), XT_ENOMEM, XT_EINVAL.
 */
XT_API XT_NODISCARD xt_status xt_store_open(const char *path, const xt_open_options *options,
                                            xt_store **out);

/** Ends a store. Changes that were not committed are dropped. A handle for writing makes durable
 *  what it has committed, as xt_store_sync() does; whether that worked is not told. NULL is
 *  allowed.
 *
 * Errors   XT_EMISUSE: a snapshot or loader of the store is still open; nothing was closed.
 */
XT_API xt_status xt_store_close(xt_store *store);

/** Makes all changes since the last publish or commit visible to later snapshots of this handle,
 *  as one. No I/O, unless a limit was given at opening (commit_changes, commit_bytes, commit_ms)
 *  and is reached, or with a limit the arena has room for less than what was published since the
 *  last commit: then it is a commit, with the errors of one.
 *
 * Errors   XT_EMISUSE (not writable), XT_EBROKEN, XT_ENOMEM.
 */
XT_API XT_NODISCARD xt_status xt_store_publish(xt_store *store);

/** Publishes, and makes everything published durable: when it returns XT_OK, neither the death of
 *  the process nor power loss loses it (option durability says more, and less). In memory, the same
 *  as xt_store_publish().
 *
 * So that the files do not come to hold more than 1.5 times what lives in them, or in small stores
 * 14 MiB more than that, a commit also moves some nodes out of arenas in which much is dead, and
 * these go when nothing lives there: as much as keeps pace with what was changed, but no
 * more than three times the change and 16 MiB. Small commits leave it to the next one until 128 KiB
 * have come together. Option no_cleaning: nothing.
 *
 * error    may be NULL.
 * Errors   XT_EFULL, XT_EIO, XT_ENOMEM before anything was decided: the changes are still there,
 *          commit again or roll back. XT_EBROKEN: a sync or the deciding write failed, now or
 *          earlier; nobody knows which state is on the disk. Snapshots still read; reopening the
 *          store decides. XT_EMISUSE: not writable, or a loader is open.
 */
XT_API XT_NODISCARD xt_status xt_store_commit(xt_store *store, xt_error *error);

/** Makes all commits so far durable, whatever the option durability, and HEAD as well, so that who
 *  opens the store next has nothing to follow. Changes since the last commit are not part of it. In
 *  memory there is nothing to do.
 *
 * error    may be NULL.
 * Cost     nothing when it holds already, else one or two syncs.
 * Errors   XT_EBROKEN as xt_store_commit(); XT_EMISUSE: not writable, or a loader is open.
 */
XT_API XT_NODISCARD xt_status xt_store_sync(xt_store *store, xt_error *error);

/** Drops all changes since the last publish or commit. Errors: as xt_store_publish(). */
XT_API XT_NODISCARD xt_status xt_store_rollback(xt_store *store);

typedef struct xt_store_stats {
    size_t struct_size; /* set by the caller to sizeof(xt_store_stats) */
    uint32_t dims;
    xt_item_kind kind;
    xt_coord_type coord_type;
    uint32_t leaf_capacity, inner_capacity;
    uint32_t format_version;
    uint64_t txn;            /* number of the newest commit this handle has seen */
    uint64_t commit_time_ns; /* wall clock of that commit, since 1970; 0 in memory */
    uint64_t arena_count;
    uint64_t arena_bytes;     /* address ranges of all arenas together */
    uint64_t committed_bytes; /* what the arena files must hold; memory in use in memory */
    uint64_t live_bytes;      /* nodes reachable from the root that is published last */
    uint64_t window_bytes;
    uint64_t dead_bytes;   /* of committed_bytes: old nodes, records, gaps, headers */
    uint64_t file_bytes;   /* of arena files, those that are to be removed included; 0 in memory */
    uint64_t kept_count;   /* kept snapshots */
    uint64_t pinned_bytes; /* of files that only they need */
    uint64_t writer_pid;   /* process that has the store open for writing; 0: none, or not known */
} xt_store_stats;

/** Facts about the store that need no walk. Of a reader's handle, what is kept comes from the
 *  folder. Cost: opens each arena file. Errors: XT_EINVAL (struct_size), XT_EIO, XT_ENOMEM. */
XT_API XT_NODISCARD xt_status xt_store_stat(xt_store *store, xt_store_stats *out);

typedef struct xt_arena_stats {
    size_t struct_size;
    uint32_t id;
    uint64_t first_byte;  /* in the store's address space */
    uint64_t range_bytes; /* of address space that it owns */
    uint64_t committed_bytes;
    uint64_t live_bytes;
    char file[32]; /* name in the store's folder; "" in memory */
} xt_arena_stats;

/** The arena at position `i`, below xt_store_stats.arena_count. Errors: XT_ENOTFOUND, XT_EINVAL. */
XT_API XT_NODISCARD xt_status xt_store_arena(xt_store *store, uint64_t i, xt_arena_stats *out);

/* ---- cleaning ---------------------------------------------------------------------------- */

/* Called now and then from the thread that cleans, with the bytes moved so far. Returning false
 * cancels. */
typedef bool xt_clean_fn(void *context, uint64_t bytes_moved);

typedef struct xt_clean_options {
    size_t struct_size;
    uint64_t max_bytes;    /* stop after so many bytes were moved; 0: when the target is reached */
    double target;         /* bytes committed, of those live; above 1; 0: 1.1 */
    xt_clean_fn *progress; /* NULL: none */
    void *progress_context;
    xt_error *error;
} xt_clean_options;
#define XT_CLEAN_OPTIONS_INIT                                                                      \
    {                                                                                              \
        sizeof(xt_clean_options), 0, 0.0, NULL, NULL, NULL                                         \
    }

typedef struct xt_clean_report {
    size_t struct_size;
    uint64_t nodes_moved, bytes_moved; /* out of arenas that were cleaned */
    uint64_t commits;
} xt_clean_report;
#define XT_CLEAN_REPORT_INIT                                                                       \
    {                                                                                              \
        sizeof(xt_clean_report), 0, 0, 0                                                           \
    }

/** Moves what lives in arenas with much dead space, so that their files can go; arenas that kept
 *  snapshots need stay. Commits as it goes, and in any case what was published before; when it ends
 *  early, what was committed stays, and another call goes on. Nothing to do in a store in memory.
 *
 * options  NULL: until no more than 1.1 times the live bytes are committed, or nothing is worth it.
 * report   what was done and committed, also when it fails; may be NULL.
 *
 * Cost     that of writing the bytes that are moved, and their paths; a look at all inner nodes for
 *          each 8 MiB of them.
 * Errors   XT_EMISUSE (not writable, a loader is open, or a change is pending), XT_ECANCELLED,
 *          XT_EINVAL, XT_ECORRUPT, and as xt_store_commit(); then nothing is pending.
 */
XT_API XT_NODISCARD xt_status xt_store_clean(xt_store *store, const xt_clean_options *options,
                                             xt_clean_report *report);

#define XT_HISTOGRAM_BUCKETS 40

/* How long something took. bucket[i] counts what took less than 2^i nanoseconds, and not less than
 * half of that; the last one everything longer, too. */
typedef struct xt_histogram {
    uint64_t count, total_ns, max_ns;
    uint64_t bucket[XT_HISTOGRAM_BUCKETS];
} xt_histogram;

typedef struct xt_writer_stats {
    size_t struct_size; /* set by the caller */
    bool is_running;    /* the writer still has the store open */
    uint64_t pid;
    uint64_t since_ns;    /* wall clock when it opened the store */
    uint64_t updated_ns;  /* wall clock when these figures were taken */
    uint64_t moved_bytes; /* out of arenas that were cleaned */
    xt_histogram commit;  /* those that succeeded, cleaning and syncs included */
    xt_histogram sync;    /* of files of the store */
} xt_writer_stats;

/** What the newest writer has done since it opened the store. A writer's handle tells of itself; a
 *  reader what the writer, in whatever process, has left in the file LOCK: as of a commit at most a
 *  second before its last one, or of its end.
 *
 * Errors   XT_ENOTFOUND (no writer has left figures, or the store is in memory), XT_EIO, XT_EINVAL
 *          (struct_size).
 */
XT_API XT_NODISCARD xt_status xt_store_writer(xt_store *store, xt_writer_stats *out);

/* ---- single changes ---------------------------------------------------------------------- */

/** Adds one item. It is a pending change, as those below: publish or commit makes it visible.
 *
 * low, high  dims doubles each; high NULL: a point. Ids need not be unique.
 *
 * Cost     O(height * inner_capacity * dims), and a copy of each node on the way that was published
 *          or committed before. Items that follow each other in space are added faster.
 * Source   Beckmann, Seeger, A Revised R*-tree in Comparison with Related Index Structures, SIGMOD
 *          2009 (choice, split); Berchtold, Keim, Kriegel, The X-tree, VLDB 1996 (supernodes).
 * Errors   XT_EINVAL (NaN; low > high; low != high in a store of points; not finite after rounding
 *          to f32 though finite before), XT_EMISUSE (not writable, or a loader is open),
 *          XT_EBROKEN, XT_EFULL, XT_ENOMEM, XT_EIO, XT_ECORRUPT: nothing was changed.
 */
XT_API XT_NODISCARD xt_status xt_store_insert(xt_store *store, uint64_t id, const double *low,
                                              const double *high);

/** Removes one item with this id and exactly this box, as it was given when it was added; one of
 *  them where there are several.
 *
 * Cost     that of a query for the box, and of an insertion.
 * Errors   XT_ENOTFOUND: there is none; and as xt_store_insert(). Nothing was changed.
 */
XT_API XT_NODISCARD xt_status xt_store_remove(xt_store *store, uint64_t id, const double *low,
                                              const double *high);

/** Gives one item with this id and exactly the old box a new box. old_high and high may be NULL.
 *
 * Cost     a short way, within the box of the item's leaf: a removal; else that and an insertion.
 * Errors   XT_ENOTFOUND: there is none; and as xt_store_insert(). Nothing was changed; nodes that
 *          were copied meanwhile may be pending.
 */
XT_API XT_NODISCARD xt_status xt_store_move(xt_store *store, uint64_t id, const double *old_low,
                                            const double *old_high, const double *low,
                                            const double *high);

typedef struct xt_change_stats {
    size_t struct_size;    /* set by the caller */
    uint64_t nodes_copied; /* as they belonged to an earlier publish or commit, or changed size */
    uint64_t bytes_copied; /* of these */
    uint64_t leaf_splits;
    uint64_t inner_splits;
    uint64_t supernodes_made, supernodes_grown, supernodes_shrunk;
    uint64_t merges;          /* nodes that went into a sibling */
    uint64_t redistributions; /* nodes that took some of a sibling's entries */
    uint64_t roots_grown, roots_shrunk;
    uint64_t origins_renewed; /* inner nodes whose boxes were about to become coarse */
    uint64_t moves_in_leaf;
    double max_overlap; /* of a normal inner node, as given or computed */
} xt_change_stats;

/** What the changes through this handle have done to the tree since it was opened.
 *  Errors: XT_EINVAL (struct_size), XT_EMISUSE (not writable). */
XT_API XT_NODISCARD xt_status xt_store_changes(xt_store *store, xt_change_stats *out);

/* ---- bulk load --------------------------------------------------------------------------- */

#define XT_THREADS_ALL UINT32_MAX

typedef enum xt_load_phase {
    XT_LOAD_ADDING = 0,  /* items are being added; total is 0: unknown */
    XT_LOAD_SORTING = 1, /* items done, of total */
    XT_LOAD_BUILDING = 2,
    XT_LOAD_MERGING = 3 /* the new items, or those that were there if they are fewer */
} xt_load_phase;

/* Called now and then from the thread that called the loader. Returning false cancels. */
typedef bool xt_progress_fn(void *context, xt_load_phase phase, uint64_t done, uint64_t total);

typedef struct xt_loader_options {
    size_t struct_size;
    uint64_t memory_limit;    /* bytes the loader may hold at once, 16 MiB at least; 0: no limit */
    const char *spill_folder; /* for items that exceed the limit; NULL: the store's folder,
                                 or for a store in memory the system's temporary folder */
    uint32_t threads;         /* that xt_loader_finish() may use; 0: the calling one only */
    xt_progress_fn *progress; /* NULL: none */
    void *progress_context;
    xt_error *error;
} xt_loader_options;
#define XT_LOADER_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(xt_loader_options), 0, NULL, 0, NULL, NULL, NULL                                    \
    }

/* Strided arrays of `count` rows. Coordinate j of row i is the double or float at
 * (char *)low + i * row_stride + j * axis_stride, both in bytes; ids likewise. */
typedef struct xt_rows {
    size_t count;
    const uint64_t *ids; /* NULL: the number of the row, counted from 0 over the whole load */
    size_t id_stride;    /* 0: sizeof(uint64_t) */
    const void *low;
    const void *high;   /* NULL: points (allowed in a store of boxes too) */
    xt_coord_type type; /* of the arrays; 0: XT_F64 */
    size_t row_stride;  /* 0: dims values, packed */
    size_t axis_stride; /* 0: one value */
} xt_rows;

/** Begins a bulk load. One loader at a time; until it ends, the store takes no other change.
 *
 * Into a store that holds items, what is added becomes a packed tree of its own, whose leaves are
 * then hung into the other: what is written follows what is added, not what is there. Where new
 * items are as dense as old ones they are inserted one by one. A store that is filled by many small
 * loads answers slower than one that is filled by few: each adds leaves that overlap the others'.
 *
 * Errors   XT_EMISUSE (not writable, a loader is open, or a change is pending: publish it or roll
 *          it back first), XT_EINVAL, XT_ENOMEM.
 */
XT_API XT_NODISCARD xt_status xt_loader_open(xt_store *store, const xt_loader_options *options,
                                             xt_loader **out);

/** Adds one item. low, high: dims doubles each; high NULL: a point. Ids need not be unique.
 *
 * Errors   XT_EINVAL (NaN; low > high; low != high in a store of points; not finite after rounding
 *          to f32 though finite before: nothing was added), XT_ENOMEM, XT_EIO, XT_EFULL (spilling),
 *          XT_ECANCELLED.
 */
XT_API XT_NODISCARD xt_status xt_loader_add(xt_loader *loader, uint64_t id, const double *low,
                                            const double *high);

/** Adds rows->count items, copying them. On XT_EINVAL *added says how many rows before the bad one
 *  were added. added: may be NULL. Errors: as xt_loader_add(). */
XT_API XT_NODISCARD xt_status xt_loader_add_many(xt_loader *loader, const xt_rows *rows,
                                                 size_t *added);

/** Builds the tree from all that was added and ends the loader, whatever it returns. The items are
 *  then a pending change: publish or commit makes them visible, all at once.
 *
 * Cost     O(n log n) time; memory about twice the bytes of the items, or the limit, and what
 *          changes of the nodes that were there.
 * Errors   XT_ENOMEM, XT_EIO, XT_EFULL, XT_ECANCELLED, XT_EBROKEN, XT_ECORRUPT: the store is as
 *          it was before xt_loader_open().
 */
XT_API XT_NODISCARD xt_status xt_loader_finish(xt_loader *loader);

/** Ends the loader and drops what was added. NULL is allowed. */
XT_API void xt_loader_cancel(xt_loader *loader);

/* ---- snapshots --------------------------------------------------------------------------- */

/** Pins the newest published state; in a reader, the newest commit of the writer.
 *
 * It stays as it is until it is released, whatever the writer does: also when it removes files.
 *
 * Cost     a tenth of a microsecond where nothing has changed; else a reader reads HEAD, a manifest
 *          when there is a new one, and maps what was added.
 * Threads  any thread may call, at the same time.
 * Errors   XT_ENOMEM, XT_EIO, XT_ECORRUPT, XT_EFORMAT, XT_EFULL (a reader's address window has no
 *          room for what the writer has added), XT_EMISUSE (after a fork).
 */
XT_API XT_NODISCARD xt_status xt_snapshot_latest(xt_store *store, xt_snapshot **out);

/** Ends a snapshot; its queries must have been closed. NULL is allowed. Any thread. */
XT_API void xt_snapshot_release(xt_snapshot *snapshot);

/** Number of items. O(1). */
XT_API uint64_t xt_snapshot_count(const xt_snapshot *snapshot);

/** Number of the commit that the snapshot shows; a publish counts with the commit before it. */
XT_API uint64_t xt_snapshot_txn(const xt_snapshot *snapshot);

/** The exact box around all items: dims doubles each. O(nodes on its border).
 *
 * Errors   XT_ENOTFOUND (empty: low is +infinity and high -infinity), XT_ECORRUPT, XT_ENOMEM.
 */
XT_API XT_NODISCARD xt_status xt_snapshot_bounds(const xt_snapshot *snapshot, double *low,
                                                 double *high);

typedef struct xt_copy_options {
    size_t struct_size;
    bool links; /* hard links to arenas that do not change any more, instead of packing the items */
    uint64_t memory_limit;    /* for packing: bytes, 16 MiB at least; 0: 64 MiB */
    xt_progress_fn *progress; /* of packing, as of a bulk load; NULL: none */
    void *progress_context;
    xt_error *error;
} xt_copy_options;
#define XT_COPY_OPTIONS_INIT                                                                       \
    {                                                                                              \
        sizeof(xt_copy_options), false, 0, NULL, NULL, NULL                                        \
    }

/** Makes a store of what a snapshot shows, while the writer goes on. Packed: the same items and the
 *  same schema in a tree that was bulk-loaded, without dead space; also from a store in memory. By
 *  links: the same bytes, in a few system calls for each arena and a copy of the newest one; where
 *  the file system does not link, copies of all. Both stores can be written independently.
 *
 * path     a folder that does not exist yet or is empty. It holds a store, durable, when the call
 *          returns XT_OK, and none before, whatever fails.
 * options  NULL: packed.
 *
 * Threads  any thread may call.
 * Errors   XT_EEXIST, XT_ENOTFOUND (no folder to hold it; with links also: the writer has removed
 *          a file meanwhile, take a newer snapshot), XT_EBUSY (another creation at `path`),
 *          XT_EMISUSE (links: not the newest commit nor a kept one, or in memory), XT_ECANCELLED,
 *          XT_EINVAL, XT_ECORRUPT, XT_EIO, XT_EFULL, XT_ENOMEM.
 */
XT_API XT_NODISCARD xt_status xt_snapshot_copy(const xt_snapshot *snapshot, const char *path,
                                               const xt_copy_options *options);

#define XT_LEVELS_MAX 32u

typedef struct xt_level_stats {
    uint64_t nodes; /* supernodes included */
    uint64_t supernodes;
    uint64_t entries;
    uint64_t capacity; /* entries that would fit */
    uint64_t bytes;
    double volume;            /* sum of the volumes of the nodes' boxes (infinite ones left out) */
    double overlap;           /* sum, over pairs of siblings, of the volume that both cover */
    uint64_t largest;         /* entries of the largest node */
    uint64_t supernode_bytes; /* of all supernodes */
    double split_overlap; /* why there are supernodes: sum, over them, of the share of their entries
                                 whose centre would lie in both halves of a split */
} xt_level_stats;

typedef struct xt_tree_stats {
    size_t struct_size;
    uint32_t height; /* 0: empty; 1: the root is a leaf */
    uint64_t items;
    xt_level_stats level[XT_LEVELS_MAX]; /* [0]: leaves */
} xt_tree_stats;

/** Walks the whole tree and describes it. O(nodes), and for the overlap of inner nodes
 *  O(entries * capacity * dims). Errors: XT_ECORRUPT, XT_EINVAL, XT_ENOMEM. */
XT_API XT_NODISCARD xt_status xt_snapshot_stats(const xt_snapshot *snapshot, xt_tree_stats *out);

typedef struct xt_node_info {
    uint32_t ref;        /* in 64-byte units of the store's address space */
    uint32_t parent_ref; /* 0: the root */
    uint32_t level;      /* 0: leaf */
    uint32_t count, capacity;
    uint64_t bytes;
    uint64_t items; /* below it */
    uint64_t birth_txn;
    bool is_supernode;
    const double *low; /* box of its contents as the parent sees it (leaf: exact) */
    const double *high;
} xt_node_info;

/* Called for each node, parents before their children. Returning false ends the walk. */
typedef bool xt_node_fn(void *context, const xt_node_info *node);

/** Shows every node with level >= min_level. Errors: XT_ECORRUPT, XT_ENOMEM, XT_ECANCELLED. */
XT_API XT_NODISCARD xt_status xt_snapshot_nodes(const xt_snapshot *snapshot, uint32_t min_level,
                                                xt_node_fn *visit, void *context);

/* ---- queries ----------------------------------------------------------------------------- */

/* How an item stands to a window. Items and windows are closed: borders belong to them. */
typedef enum xt_predicate {
    XT_INTERSECTS = 0, /* they share a point */
    XT_WITHIN = 1,     /* the item lies inside the window */
    XT_CONTAINS =
        2,          /* the window lies inside the item; with low == high: the item covers a point */
    XT_DISJOINT = 3 /* they share no point */
} xt_predicate;

/* Which kernels compute: for tests and measurements. All give the same answers. */
typedef enum xt_kernel {
    XT_KERNEL_BEST = 0,
    XT_KERNEL_PORTABLE = 1,
    XT_KERNEL_AVX2 = 2,
    XT_KERNEL_AVX512 = 3
} xt_kernel;

typedef struct xt_condition {
    xt_predicate predicate;
    const double *window; /* 2 * dims doubles, as for xt_query_window() */
} xt_condition;

/* Asked about an item: low, high have dims doubles each, valid during the call. False leaves the
 * item out. It runs in the thread that takes results, and may not call the query it belongs to. */
typedef bool xt_filter_fn(void *context, uint64_t id, const double *low, const double *high);

typedef struct xt_query_options {
    size_t struct_size;
    xt_predicate predicate;
    uint64_t limit;           /* stop after so many items; 0: no limit */
    xt_kernel kernel;         /* XT_EINVAL if this processor lacks it */
    const xt_condition *also; /* more conditions, all of which must hold too; copied */
    size_t also_count;
    xt_filter_fn *filter; /* called once for each item that all conditions hold for, also for a few
                             that a limit then leaves out; NULL: none */
    void *filter_context;
} xt_query_options;
#define XT_QUERY_OPTIONS_INIT                                                                      \
    {                                                                                              \
        sizeof(xt_query_options), XT_INTERSECTS, 0, XT_KERNEL_BEST, NULL, 0, NULL, NULL            \
    }

/** Finds every item that stands in the relation `predicate` to `window`, and to the windows of all
 *  further conditions as these say, and that the filter takes. All of it is one walk: what any
 *  condition rules out is not visited.
 *
 * window   2 * dims doubles, all low corners first, then all high corners. low[i] <= high[i];
 *          infinities are allowed, NaN is not. It is copied.
 * options  NULL: intersects, no limit.
 * out      the query: end it with xt_query_close() before the snapshot is released.
 *
 * Items come in no particular order, each once; the order is the same for the same snapshot.
 *
 * Cost     one allocation of O((height + conditions) * dims) bytes; no node is read before
 *          xt_query_next().
 * Threads  any thread may call; one query serves one thread at a time.
 * Errors   XT_EINVAL (a bad window or option), XT_ENOMEM.
 */
XT_API XT_NODISCARD xt_status xt_query_window(const xt_snapshot *snapshot, const double *window,
                                              const xt_query_options *options, xt_query **out);

/** Finds every item that covers a point: XT_CONTAINS with a window that is the point.
 *
 * point    dims doubles, no NaN. It is copied.
 * options  as above, with a predicate of 0 or XT_CONTAINS.
 *
 * Cost, threads and errors as xt_query_window().
 */
XT_API XT_NODISCARD xt_status xt_query_covers(const xt_snapshot *snapshot, const double *point,
                                              const xt_query_options *options, xt_query **out);

/** Asks the same at another place: results not taken yet are dropped, and predicate, conditions,
 *  limit, filter, k, metric and what else the query was opened with hold on. For loops over many
 *  small queries: it saves what opening and closing take, about a fifth of a window with one
 *  result, and allocates nothing.
 *
 * where    what the query was opened with: a window for xt_query_window(), a point for
 *          xt_query_covers() and xt_query_nearest(). It is copied.
 *
 * xt_query_stats() begins at 0 again. After XT_ECORRUPT or XT_DONE the query may be restarted, too.
 * Errors   XT_EINVAL (a bad window or point: the query is as it was), XT_EMISUSE (a query of many
 *          windows).
 */
XT_API XT_NODISCARD xt_status xt_query_restart(xt_query *query, const double *where);

/** The next item. Errors: XT_DONE (no more), XT_ECORRUPT (again at every further call). */
XT_API XT_NODISCARD xt_status xt_query_next(xt_query *query, xt_item *item);

/** The ids of the next items: as many as there are, at most `capacity`, which is at least 1.
 *
 * ids      capacity elements; *count of them are set.
 * Returns  XT_OK with *count >= 1, or XT_DONE with *count == 0. May be mixed with xt_query_next().
 * Errors   XT_ECORRUPT, XT_EINVAL.
 */
XT_API XT_NODISCARD xt_status xt_query_next_batch(xt_query *query, uint64_t *ids, size_t capacity,
                                                  size_t *count);

/** Counts the items that xt_query_next() would still give, and leaves the query at its end. Faster
 *  than taking them: nodes below which all conditions are known to hold are counted unseen, unless
 *  a filter wants to see their items. Errors: XT_ECORRUPT. */
XT_API XT_NODISCARD xt_status xt_query_count(xt_query *query, uint64_t *count);

/** Asks for many windows at once. Much faster than one query for each where the store is larger
 *  than the processor's caches: while one window waits for memory, others are worked on, and
 *  neighbours follow each other.
 *
 * windows  `count` rows of 2 * dims doubles, each as for xt_query_window(). They are not copied:
 *          they stay as they are until the query is closed.
 * options  hold for every window: predicate, further conditions, filter. limit: of each window.
 * out      the query. xt_query_next_tagged() gives its results; xt_query_next_batch() and
 *          xt_query_count() work on all windows together; xt_query_next() gives XT_EMISUSE.
 *
 * Results come in no particular order, those of several windows mixed; the order is the same for
 * the same snapshot and windows. An item that several windows find comes once for each.
 *
 * Cost     one allocation, of at most 2 MiB beside O(conditions * dims), and one look at each
 *          window; no node is read before results are taken.
 * Threads  as xt_query_window().
 * Errors   XT_EINVAL (a bad window or option), XT_ENOMEM.
 */
XT_API XT_NODISCARD xt_status xt_query_windows(const xt_snapshot *snapshot, const double *windows,
                                               size_t count, const xt_query_options *options,
                                               xt_query **out);

/** The next results of xt_query_windows(), at most `capacity`, which is at least 1.
 *
 * ids      capacity elements; *count of them are set.
 * windows  likewise: windows[i] is the number of the row whose window ids[i] matches.
 * Returns  XT_OK with *count >= 1, or XT_DONE with *count == 0.
 * Errors   XT_ECORRUPT (again at every further call), XT_EINVAL, XT_EMISUSE (no query of many
 *          windows).
 */
XT_API XT_NODISCARD xt_status xt_query_next_tagged(xt_query *query, uint64_t *ids, size_t *windows,
                                                   size_t capacity, size_t *count);

/** Counts the items that match each of many windows, as fast as xt_query_windows() finds them or
 *  faster: nodes wholly inside are counted unseen.
 *
 * windows, count, options  as for xt_query_windows(); a limit ends the count of each window.
 * counts                   `count` elements: set for all windows, or all 0 after an error.
 *
 * Errors   XT_EINVAL, XT_ENOMEM, XT_ECORRUPT.
 */
XT_API XT_NODISCARD xt_status xt_count_windows(const xt_snapshot *snapshot, const double *windows,
                                               size_t count, const xt_query_options *options,
                                               uint64_t *counts);

typedef struct xt_walk_stats {
    size_t struct_size; /* set by the caller */
    uint64_t nodes;     /* inner nodes visited */
    uint64_t leaves;    /* leaves visited */
    uint64_t lines;     /* 64-byte lines of nodes and leaves that were read */
    uint64_t items;     /* delivered or counted so far */
} xt_walk_stats;

/** What the walk has touched so far; the same for every kernel. Errors: XT_EINVAL (struct_size). */
XT_API XT_NODISCARD xt_status xt_query_stats(const xt_query *query, xt_walk_stats *out);

/** Ends a query. NULL is allowed. */
XT_API void xt_query_close(xt_query *query);

/* ---- joins ------------------------------------------------------------------------------- */

typedef struct xt_join xt_join;

/* The ids of two items whose boxes share a point: one of snapshot a, one of snapshot b. */
typedef struct xt_pair {
    uint64_t a, b;
} xt_pair;

typedef struct xt_join_options {
    size_t struct_size;
    uint64_t limit;   /* stop after so many pairs; 0: no limit */
    xt_kernel kernel; /* XT_EINVAL if this processor lacks it */
} xt_join_options;
#define XT_JOIN_OPTIONS_INIT                                                                       \
    {                                                                                              \
        sizeof(xt_join_options), 0, XT_KERNEL_BEST                                                 \
    }

/** Finds every pair of an item of `a` and an item of `b` that share a point (borders count).
 *
 * a, b     snapshots with the same number of dimensions, of the same store or of two; the kinds of
 *          their items and the types of their coordinates may differ: each coordinate counts with
 *          the exact value that its store holds.
 * b        NULL, or the handle a: the join of a with itself. It gives each unordered pair of
 *          different items once, in either order, and no item with itself. Items with equal ids
 *          are different items.
 * options  NULL: no limit.
 * out      the join: end it with xt_join_close() before one of the snapshots is released.
 *
 * Pairs come in no particular order, each once; the order is the same for the same snapshots. The
 * two trees are walked together, after T. Brinkhoff, H.-P. Kriegel, B. Seeger, "Efficient
 * Processing of Spatial Joins Using R-trees" (1993): much cheaper than one query for each item.
 *
 * Cost     one allocation of O(height * dims) bytes, whatever the number of pairs; no node is read
 *          before xt_join_next().
 * Threads  any thread may call; one join serves one thread at a time.
 * Errors   XT_EINVAL (the numbers of dimensions differ, or a bad option), XT_ENOMEM.
 */
XT_API XT_NODISCARD xt_status xt_join_open(const xt_snapshot *a, const xt_snapshot *b,
                                           const xt_join_options *options, xt_join **out);

/** The next pairs: as many as there are, at most `capacity`, which is at least 1.
 *
 * pairs    capacity elements; *count of them are set.
 * Returns  XT_OK with *count >= 1, or XT_DONE with *count == 0.
 * Errors   XT_ECORRUPT (again at every further call), XT_EINVAL.
 */
XT_API XT_NODISCARD xt_status xt_join_next(xt_join *join, xt_pair *pairs, size_t capacity,
                                           size_t *count);

/** Counts the pairs that xt_join_next() would still give, and leaves the join at its end. Errors:
 *  XT_ECORRUPT. */
XT_API XT_NODISCARD xt_status xt_join_count(xt_join *join, uint64_t *count);

/** What the walk has touched so far, in both trees; the same for every kernel. A node counts each
 *  time it is visited with another partner. items: pairs. Errors: XT_EINVAL (struct_size). */
XT_API XT_NODISCARD xt_status xt_join_stats(const xt_join *join, xt_walk_stats *out);

/** Ends a join. NULL is allowed. */
XT_API void xt_join_close(xt_join *join);

/* ---- nearest neighbours ------------------------------------------------------------------ */

/* How far an item is from a point q. A box is as far as its nearest point; one that holds q is at
 * distance 0. gap = max(low - q, q - high, 0) of an axis, in doubles, axes in their order. */
typedef enum xt_metric {
    XT_EUCLIDEAN = 0,   /* root of the sum of weight * gap * gap */
    XT_MAXIMUM = 1,     /* largest weight * gap */
    XT_GREAT_CIRCLE = 2 /* metres along the surface of a sphere; see xt_query_nearest() */
} xt_metric;

/* Mean radius R1 of the earth (IUGG; H. Moritz, Geodetic Reference System 1980). */
#define XT_EARTH_RADIUS_METRES 6371008.8

/* The distance of the item's true shape, for items whose box is only a hull. It is at least that of
 * the box, which is taken instead of a smaller one or NaN. */
typedef double xt_distance_fn(void *context, uint64_t id, const double *low, const double *high);

typedef struct xt_nearest_options {
    size_t struct_size;
    uint64_t k;          /* end after so many items; 0: no end */
    double max_distance; /* items up to this distance, included; 0: any */
    xt_metric metric;
    const double *weights; /* dims finite values, at least DBL_MIN; NULL: all 1; copied. Not with
                                 XT_GREAT_CIRCLE */
    xt_filter_fn *filter;  /* called once for each item before it is given, and perhaps for a
                                 few that come later; false leaves it out. NULL: none */
    void *filter_context;
    xt_distance_fn *distance; /* called likewise, after the filter; NULL: boxes count */
    void *distance_context;
    xt_kernel kernel; /* XT_EINVAL if this processor lacks it */
} xt_nearest_options;
#define XT_NEAREST_OPTIONS_INIT                                                                    \
    {                                                                                              \
        sizeof(xt_nearest_options), 0, 0, XT_EUCLIDEAN, NULL, NULL, NULL, NULL, NULL,              \
            XT_KERNEL_BEST                                                                         \
    }

/** Finds items in ascending order of their distance from `point`, equal ones in ascending order of
 *  their ids: the same sequence that sorting all items by (distance, id) gives.
 *
 * point    dims finite doubles; copied.
 * options  NULL: euclidean, all items.
 * out      the query: end it with xt_query_close() before the snapshot is released.
 *          xt_query_next(), xt_query_next_batch(), xt_query_next_nearest(), xt_query_count() and
 *          xt_query_stats() work on it and may be mixed; counting walks like taking.
 *
 * The search is lazy: it reads what the next item needs (G. R. Hjaltason, H. Samet, Distance
 * Browsing in Spatial Databases, ACM TODS 24(2), 1999), and keeps its place between calls.
 *
 * Great circle: dims must be 2, coordinates are longitude and latitude in degrees, distances metres
 * on a sphere of XT_EARTH_RADIUS_METRES. Longitudes are taken modulo 360, so a box may reach across
 * the date line as 170 .. 190; one at least 360 wide goes all around. Latitudes beyond +-90 count
 * as +-90. Infinite longitudes mean all around, too.
 *
 * Cost     one allocation; more memory as the search goes on, for the leaves on its border.
 * Threads  any thread may call; one query serves one thread at a time.
 * Errors   XT_EINVAL (point, options), XT_ENOMEM, here and from the calls above; XT_ECORRUPT from
 *          those.
 */
XT_API XT_NODISCARD xt_status xt_query_nearest(const xt_snapshot *snapshot, const double *point,
                                               const xt_nearest_options *options, xt_query **out);

/** The next items of a nearest query: as many as there are, at most `capacity`, at least 1.
 *
 * ids, distances   capacity elements each; *count of them are set. distances may be NULL.
 * Returns  XT_OK with *count >= 1, or XT_DONE with *count == 0.
 * Errors   XT_ECORRUPT, XT_ENOMEM, XT_EINVAL (also for other queries).
 */
XT_API XT_NODISCARD xt_status xt_query_next_nearest(xt_query *query, uint64_t *ids,
                                                    double *distances, size_t capacity,
                                                    size_t *count);

/** The k nearest items of each of many points: the same as so many queries, and faster where the
 *  tree does not fit into the processor's cache, as searches take turns while memory is on its way.
 *
 * points   count rows of dims finite doubles.
 * options  k is at least 1. Filter and distance are called for the points in no particular order.
 * ids      count rows of k ids, by (distance, id); 0 behind the last one found.
 * distances  likewise, infinite behind the last one found; NULL: not wanted.
 * found    how many were found for each point; NULL: not wanted.
 *
 * Errors   XT_EINVAL, XT_ENOMEM, XT_ECORRUPT: the arrays hold nothing of use.
 */
XT_API XT_NODISCARD xt_status xt_nearest_many(const xt_snapshot *snapshot, const double *points,
                                              size_t count, const xt_nearest_options *options,
                                              uint64_t *ids, double *distances, size_t *found);

/* ---- kept snapshots ---------------------------------------------------------------------- */

/* A kept snapshot is a commit that stays readable, after later ones and after the store was closed,
 * until it is dropped. It costs the space of those arena files that nothing else needs. */

#define XT_SNAPSHOT_NAME_BYTES 64

/** Keeps the newest commit, after xt_store_sync(). What is published or pending is not part of it.
 *
 * name     UTF-8, at most 63 bytes, not digits only, not the name of another kept snapshot; NULL or
 *          "": no name.
 * number   what it is known by: xt_snapshot_txn() of the commit.
 * error    may be NULL, here and below.
 *
 * When it returns XT_OK, power loss does not lose it.
 *
 * Cost     a file of some kilobytes, two syncs.
 * Errors   XT_EEXIST (the name is taken, or the commit is kept already), XT_EINVAL (name),
 *          XT_EMISUSE (not writable, in memory, or a loader is open), XT_EIO, XT_EFULL, XT_ENOMEM:
 *          nothing was kept. XT_EBROKEN: a sync failed, as in xt_store_commit().
 */
XT_API XT_NODISCARD xt_status xt_store_keep(xt_store *store, const char *name, uint64_t *number,
                                            xt_error *error);

/** Drops a kept snapshot, a damaged one too, and removes files that only it needed. Where it is
 *  open, it can be read until it is released.
 *
 * Errors   XT_ENOTFOUND, XT_EMISUSE, XT_EIO, XT_EBROKEN, XT_ENOMEM, as xt_store_keep().
 */
XT_API XT_NODISCARD xt_status xt_store_drop(xt_store *store, uint64_t number, xt_error *error);

typedef struct xt_snapshot_info {
    size_t struct_size; /* set by the caller */
    uint64_t number;
    char name[XT_SNAPSHOT_NAME_BYTES]; /* "": none */
    uint64_t commit_time_ns;           /* wall clock, since 1970, as the next */
    uint64_t kept_time_ns;
    uint64_t item_count;
    uint64_t live_bytes;
    uint64_t pinned_bytes; /* of files that only kept snapshots need, and this one is among them */
} xt_snapshot_info;

/** The i-th kept snapshot by number, from 0, as the folder has it now: also what a writer in
 *  another process kept or dropped since the store was opened.
 *
 * Cost     a listing of the folder, and a few calls of the system for each arena that it pins.
 * Threads  any thread may call, at the same time; as the next.
 * Errors   XT_ENOTFOUND (there are no more), XT_ECORRUPT, XT_EFORMAT (its file is damaged; `number`
 *          is set, so that it can be dropped), XT_EIO, XT_ENOMEM, XT_EMISUSE, XT_EINVAL.
 */
XT_API XT_NODISCARD xt_status xt_store_kept(xt_store *store, uint64_t i, xt_snapshot_info *out);

/** The number of the kept snapshot with that name. Those that are damaged have none.
 *
 * Cost     a listing of the folder, and each file's reading.
 * Errors   XT_ENOTFOUND, XT_EIO, XT_ENOMEM, XT_EMISUSE, XT_EINVAL.
 */
XT_API XT_NODISCARD xt_status xt_store_find_kept(xt_store *store, const char *name,
                                                 uint64_t *number);

typedef struct xt_retention {
    size_t struct_size;
    uint64_t keep_last;  /* holds the newest so many; 0: no such rule */
    uint64_t max_age_ns; /* holds what was kept since; 0: no such rule */
} xt_retention;
#define XT_RETENTION_INIT                                                                          \
    {                                                                                              \
        sizeof(xt_retention), 0, 0                                                                 \
    }

/** Drops the kept snapshots without a name that neither rule holds. Without a rule nothing is
 *  dropped. Damaged ones stay.
 *
 * dropped  how many; set after an error, too. May be NULL.
 *
 * Errors   XT_EMISUSE, XT_EIO, XT_EBROKEN, XT_ENOMEM, as xt_store_keep(); XT_EINVAL.
 */
XT_API XT_NODISCARD xt_status xt_store_retain(xt_store *store, const xt_retention *rule,
                                              uint64_t *dropped, xt_error *error);

/** Opens a kept snapshot, in a reader also one that was kept after the store was opened.
 *
 * number   as xt_store_keep(), xt_store_kept() or xt_store_find_kept() gave it.
 * out      the snapshot; end it with xt_snapshot_release().
 *
 * Cost     that of opening a store; much less while it is open already through this handle. It has
 *          address space of its own, as much as the store had. With XT_VERIFY_OPEN everything that
 *          it has is hashed.
 * Threads  any thread may call, at the same time.
 * Errors   XT_ENOTFOUND, XT_ECORRUPT, XT_EFORMAT (the file is damaged, or an arena is), XT_EIO,
 *          XT_ENOMEM, XT_EMISUSE (after a fork).
 */
XT_API XT_NODISCARD xt_status xt_snapshot_open(xt_store *store, uint64_t number, xt_error *error,
                                               xt_snapshot **out);

/* ---- checking ---------------------------------------------------------------------------- */

typedef struct xt_check_options {
    size_t struct_size;
    bool deep;       /* every checksum, box, count and reference, not only files and records */
    xt_error *error; /* the first thing found wrong */
} xt_check_options;
#define XT_CHECK_OPTIONS_INIT                                                                      \
    {                                                                                              \
        sizeof(xt_check_options), false, NULL                                                      \
    }

typedef struct xt_check_report {
    size_t struct_size;
    uint64_t nodes, leaves, items; /* checked; 0 unless deep */
    uint64_t bytes_hashed;
} xt_check_report;
#define XT_CHECK_REPORT_INIT                                                                       \
    {                                                                                              \
        sizeof(xt_check_report), 0, 0, 0, 0                                                        \
    }

/** Checks the newest commit of an open store, but no kept snapshot. Errors: XT_ECORRUPT,
 *  XT_EFORMAT, XT_EIO, XT_ENOMEM, XT_EINVAL. */
XT_API XT_NODISCARD xt_status xt_store_check(xt_store *store, const xt_check_options *options,
                                             xt_check_report *report);

/** Checks what a snapshot shows: deep, its tree; of a kept one also its files and records, as
 *  xt_store_check() does with those of the newest commit.
 *
 * Threads  any thread may call.
 * Errors   as xt_store_check().
 */
XT_API XT_NODISCARD xt_status xt_snapshot_check(const xt_snapshot *snapshot,
                                                const xt_check_options *options,
                                                xt_check_report *report);

#ifdef __cplusplus
}
#endif
#endif
