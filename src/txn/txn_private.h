/* src/txn/txn_private.h -- what the files of the txn room share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_PRIVATE_H
#define XTI_TXN_PRIVATE_H

#include "format/arena_file.h"
#include "format/commit_record.h"
#include "format/head.h"
#include "format/manifest.h"
#include "txn/files.h"
#include "txn/free.h"
#include "txn/reader.h"
#include "txn/txn.h"

/* An arena's file that is open for writing. */
struct xti_arena_file {
    uint32_t arena_id;
    bool is_unsynced; /* something in it was written since its last sync */
    xti_file file;
    uint64_t ahead_units; /* so long it is at least: data, or zeroes that were written ahead */
};

#define XTI_HELD_MAX 8u

/* How far the preparation of a spare arena is that no manifest lists (spare.c). */
enum xti_spare_step { XTI_SPARE_NONE, XTI_SPARE_MADE, XTI_SPARE_READY, XTI_SPARE_FAILED };

/* The part of the epoch (the changes since the last commit) that lies in one arena. */
struct xti_epoch_part {
    uint32_t arena_id;
    bool is_new; /* no manifest lists the arena */
    struct xti_arena_file held;
    uint64_t first_unit;    /* of the extent, from the start of the arena */
    uint64_t written_units; /* up to there the bytes are in the file and in `hash` */
    uint64_t sealed_units;  /* up to there blocks carry checksums; the end of one */
    struct xti_hash hash;
};

/* One part for each arena of the record: as many as a record of one page can name. */
#define XTI_EPOCH_PARTS_MAX 96u

struct xti_epoch {
    uint32_t part_count;
    uint32_t record_ref; /* 0: no record was reserved yet */
    struct xti_epoch_part parts[XTI_EPOCH_PARTS_MAX];
};

/* What publish can be rolled back to. */
struct xti_mark {
    struct xti_root root;
    uint64_t live_units;
    uint32_t arena_id; /* the open arena, where what changes make lies; 0: none yet */
    uint32_t cold_id;  /* the cold arena, for leaves that cleaning moves; 0: none yet */
};

struct xti_txn {
    struct xti_edit edit; /* must be the first */
    const struct xti_os *os;
    struct xti_schema schema;
    struct xti_layout layout;
    struct xti_space space;
    char *path; /* NULL: in memory */
    size_t path_size;
    uint64_t process_id; /* of the process that made the handle */
    void *mutex; /* guards space.arenas, state, current and references; see README.md, "Threads" */
    bool is_writable;
    bool is_hidden;   /* its HEAD has no name yet: closing it removes everything */
    bool made_folder; /* a creation made the folder too */
    bool is_broken;
    bool is_dirty;   /* something changed since the last publish */
    bool is_unsaved; /* something was published since the last commit */
    bool takes_cold; /* blocks are taken from the cold arena */
    bool is_divided; /* the epoch is large: leaves are, whatever makes them */
    xt_verify verify;
    xti_file lock_file;
    xti_file head_file;
    struct xti_figures figures;

    uint8_t uuid[16];
    uint64_t timeline;
    uint64_t optional_features;
    uint64_t previous_generation; /* of the manifest before the current one; 0: none */
    uint32_t supernode_units_max;
    uint32_t next_arena_id;
    struct xtd_state state; /* the newest commit */
    uint64_t record_hash;
    uint8_t boot_id[16]; /* of the running system, asked for when it is wanted (files.c) */
    bool knows_boot_id;
    uint64_t lost_hash;  /* of a trusted one that led to nothing */
    uint64_t tried_hash; /* record_hash of the last loose slot that was not trusted */
    bool is_ready;       /* opened or created, to the end */
    xt_durability durability;
    uint64_t durable_txn;  /* the highest commit known to be durable */
    uint64_t head_txn;     /* the commit that the newest durable slot names */
    uint64_t head_time_ns; /* when that was written */
    uint64_t head_bytes;   /* committed since */
    void *zeroes;          /* NULL until zeroes are written ahead */
    enum xti_spare_step spare_step;
    bool wants_manifest; /* the next commit writes one, whether it is due or not */
    uint32_t held_count;
    struct xti_arena_file held[XTI_HELD_MAX]; /* files without a part in the epoch */
    uint32_t head_position;                   /* of the newest durable slot */
    bool next_is_damaged;                     /* the one after it, as it was found */
    struct xti_tip *tip; /* while a writer opens the store: what was found behind HEAD */

    struct xti_view *current; /* the newest view */
    bool is_torn;             /* a refresh took away arenas of the current view, and failed */
    struct xti_view *oldest;  /* of all that somebody uses, the current one included */
    uint64_t views_in_use;
    struct xti_old_space *old_spaces;
    struct xti_kept_view *kept_views; /* kept snapshots that are open; guarded by the mutex */
    struct xti_watch watch;

    struct xti_mark now; /* pending */
    struct xti_mark published;
    uint64_t expected_units;
    struct xti_epoch epoch;
    void (*settle)(void *who); /* or NULL */
    void *settler;
    uint64_t last_units;      /* of the epoch before, in all arenas */
    uint32_t room_arena;      /* position of the arena that has edit.room, if that is not 0 */
    uint32_t leaf_room_arena; /* the same for leaves */

    struct xti_kept *kept; /* in a writer, ascending number */
    size_t kept_count;
    size_t kept_capacity;
    bool
        knows_arenas; /* in a writer: the space has every arena that no kept snapshot alone needs */

    uint32_t committed_sequence; /* edit.sequence after the last commit */
    uint32_t free_size_count;
    struct xti_free_blocks free_sizes[XTI_FREE_SIZES_MAX];
    struct xti_retired_queue retired;
};

static inline void xti_txn_settle(struct xti_txn *txn)
{
    if (txn->settle != NULL)
        txn->settle(txn->settler);
}

/* Blocks are taken from the arena, now or later. */
static inline bool xti_arena_is_open(const struct xti_txn *txn, uint32_t arena_id)
{
    return arena_id == txn->now.arena_id || arena_id == txn->now.cold_id;
}

/* ---- epoch.c ------------------------------------------------------------------------------- */

/* From that size on blocks are asked for before a write, so that a full disk is reported before
 * anything is written and large files lie in one piece; for small commits it costs more than it
 * gives. */
#define XTI_ALLOCATE_BYTES_MIN ((size_t)1 << 20)

/* Creates an arena of at least `units` free units, with its file; the second makes it the one that
 * blocks are taken from, with a part in the epoch. */
xt_status xti_epoch_make_arena(struct xti_txn *txn, uint64_t units, bool is_cold,
                               uint32_t *arena_id, xti_file *file, xt_error *error);
xt_status xti_epoch_add_arena(struct xti_txn *txn, uint64_t units, bool is_cold, xt_error *error);

/* Makes room for `units` in the open arena, or in the cold one. If the epoch has no page for its
 * record yet, the open arena has one then. */
xt_status xti_epoch_room(struct xti_txn *txn, uint64_t units, bool in_cold, xt_error *error);

/* So much may still be taken before leaves go to the cold arena, as they do in a large epoch; 0:
 * they do; UINT64_MAX: not in this epoch. O(arenas). */
uint64_t xti_epoch_undivided(const struct xti_txn *txn);

/* Reserves the commit record's page if no allocation of the epoch has done so. */
xt_status xti_epoch_record(struct xti_txn *txn, xt_error *error);

/* Seals the part's blocks up to the last that begins below `units`: they can be written now, and
 * are frozen. Lists of free blocks must have let go of them. */
void xti_epoch_seal(struct xti_txn *txn, struct xti_epoch_part *part, uint64_t units);

/* Seals and writes the part's bytes up to `units` (whole pages) and hashes them. */
xt_status xti_epoch_write(struct xti_txn *txn, struct xti_epoch_part *part, uint64_t units,
                          xt_error *error);

/* The part's file was written up to `units`. */
static inline void xti_epoch_note_write(struct xti_epoch_part *part, uint64_t units)
{
    part->held.is_unsynced = true;
    if (part->held.ahead_units < units)
        part->held.ahead_units = units;
}

/* The epoch's part in an arena; NULL: none. */
struct xti_epoch_part *xti_epoch_part(struct xti_txn *txn, uint32_t arena_id);

/* What the epoch has in an arena, in units; in all of them. */
uint64_t xti_epoch_grown(const struct xti_txn *txn, const struct xti_arena *arena);
uint64_t xti_epoch_units(const struct xti_txn *txn);

/* Closes the part's file and forgets it, and the record if it lies there. */
void xti_epoch_forget(struct xti_txn *txn, struct xti_epoch_part *part);

/* Closes the files of all parts and forgets them. */
void xti_epoch_end(struct xti_txn *txn);

/* Units that come before the first extent of an arena. */
static inline uint64_t xti_arena_header_units(const struct xti_txn *txn)
{
    return txn->schema.extent_align / XTD_UNIT_BYTES;
}

/* ---- kept.c -------------------------------------------------------------------------------- */

/* Whether a kept snapshot needs an arena, of those that a writer knows. */
bool xti_arena_is_pinned(const struct xti_txn *txn, uint32_t arena_id);

/* ---- blocks.c ------------------------------------------------------------------------------- */

/* Whether a ref leads to what the files held when a writer opened the store. */
bool xti_txn_is_found(const struct xti_txn *txn, uint32_t ref);

/* ---- txn.c: the writer's numbers ------------------------------------------------------------- */

/* XT_EMISUSE in a process that was forked from the handle's. */
xt_status xti_txn_check_process(const struct xti_txn *txn, xt_error *error);

/* XT_EMISUSE for a reader, XT_EBROKEN after a failed sync; and both of these. */
xt_status xti_txn_check_state(const struct xti_txn *txn, xt_error *error);
xt_status xti_txn_check_writer(const struct xti_txn *txn, xt_error *error);

/* Draws the first sequence number. In memory it is 0: there is no checksum that it could equal, and
 * equal loads give equal bytes. */
xt_status xti_txn_draw_sequence(struct xti_txn *txn, xt_error *error);

/* The pending change has ended: nodes that it made are not the next one's. is_commit: what there is
 * is durable. */
void xti_txn_next_sequence(struct xti_txn *txn, bool is_commit);

/* ---- txn.c, load.c, open.c, views.c --------------------------------------------------------- */

/* Allocates and fills the handle's parts that every way of opening needs. */
xt_status xti_txn_new(const struct xti_os *os, const char *path, xt_error *error,
                      struct xti_txn **out);
void xti_txn_set_schema(struct xti_txn *txn, const struct xti_schema *schema,
                        uint32_t supernode_units_max);

/* Opens an arena's file and checks its header against `arena`. */
xt_status xti_open_arena(struct xti_txn *txn, const struct xti_arena *arena, unsigned flags,
                         xti_file *out, xt_error *error);

/* Reads HEAD and adopts its newest commit if that is newer than what the handle has. The mutex is
 * held, or nobody else knows the handle. window_bytes: used the first time only. */
xt_status xti_txn_load(struct xti_txn *txn, uint64_t window_bytes, xt_error *error);

/* The record of commit `number` can be read at `ref`. False: the chain of records is cut there, as
 * the arena is gone that held it. */
bool xti_chain_goes_on(const struct xti_txn *txn, uint32_t ref, uint64_t number);

/* The units of an arena that a state has committed. */
uint64_t xti_committed_units(const struct xtd_state *state, const struct xtd_manifest_arena *entry);

/* The handle's schema and an empty space, as a manifest wants them; and the adoption of a commit by
 * a handle that has both, L3 to L6. As xti_txn_load(). head: what led there, or NULL.
 * XT_ENOTFOUND: an arena's file is gone, or HEAD leads elsewhere by now. */
xt_status xti_txn_take_manifest(struct xti_txn *txn, const struct xtd_manifest *manifest,
                                uint64_t window_bytes, xt_error *error);
xt_status xti_txn_adopt(struct xti_txn *txn, const struct xtd_head_slot *slot,
                        const struct xtd_manifest *manifest, const struct xti_head *head,
                        xt_error *error);

/* R6: removes files that nothing needs. What stays for once is removed the next time. */
xt_status xti_remove_leftovers(struct xti_txn *txn, xt_error *error);

/* Takes the writer's lock; creates the file LOCK if there is none. Then says in it who has it. */
xt_status xti_take_lock(struct xti_txn *txn, xt_error *error);
xt_status xti_sign_lock(struct xti_txn *txn, xt_error *error);

/* Allocates a view for the arenas that there are; fills it from the published state and makes it
 * the current one (the mutex is held, or nobody else knows the handle). The second cannot fail. */
xt_status xti_view_new(struct xti_txn *txn, struct xti_view **out);
void xti_view_install(struct xti_txn *txn, struct xti_view *view);
void xti_view_drop(struct xti_txn *txn, struct xti_view *view);

#endif
