/* src/txn/txn.h -- the door of the txn room: publish, commit, open, recover.
 *
 * src/txn/README.md has the commit protocol step by step with what a crash at each step leaves.
 *
 * A struct xti_txn is one handle on one store: for writing (one at a time, kept apart by the lock
 * on the file LOCK) or for reading. It owns the address space, the files and the current view. The
 * writer takes blocks, makes nodes of them, edits those that its pending change made, copies
 * others, sets the new root; then publishes, commits or rolls back.
 *
 * Threads: xti_txn_view() and xti_txn_unview() from any thread at the same time; everything else by
 * one thread at a time. Between xti_txn_alloc() and publish, several threads may fill blocks that
 * they were given, and call xti_txn_at(), xti_txn_mark() and xti_txn_number().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_H
#define XTI_TXN_H

#include "arena/arena.h"
#include "txn/clean.h"
#include "txn/figures.h"
#include "txn/report.h"

/* ---- handles --------------------------------------------------------------------------------- */

/* What a store is made of; fixed at creation. Every field in range: the api room has checked. */
struct xti_schema {
    uint32_t dims;
    xt_item_kind kind;
    xt_coord_type coord_type;
    uint32_t leaf_capacity;
    uint32_t inner_capacity;
    uint32_t extent_align;
    uint64_t arena_bytes;
};

/* The tree that the writer is making. */
struct xti_root {
    uint32_t ref;    /* 0: empty */
    uint32_t height; /* 0: empty */
    uint64_t item_count;
};

/* path NULL: in memory. error may be NULL, here and below. Errors as xt_store_create(). */
XT_NODISCARD xt_status xti_txn_create(const struct xti_os *os, const char *path,
                                      const struct xti_schema *schema, uint64_t window_bytes,
                                      xt_error *error, struct xti_txn **out);

/* The same with files, but what it makes is no store before xti_txn_show(), which gives HEAD its
 * name when all that it leads to is durable; closed before, everything is removed. */
XT_NODISCARD xt_status xti_txn_create_hidden(const struct xti_os *os, const char *path,
                                             const struct xti_schema *schema, uint64_t window_bytes,
                                             xt_error *error, struct xti_txn **out);
XT_NODISCARD xt_status xti_txn_show(struct xti_txn *txn, xt_error *error);

/* Makes a store at `path` that holds the commit which the view shows, by links to sealed arenas and
 * copies of the others' committed bytes. Any thread. Errors as xt_snapshot_copy(). */
XT_NODISCARD xt_status xti_txn_copy_links(struct xti_txn *txn, const struct xti_view *view,
                                          const char *path, xt_error *error);

/* Errors as xt_store_open(). */
XT_NODISCARD xt_status xti_txn_open(const struct xti_os *os, const char *path, bool writable,
                                    xt_verify verify, uint64_t window_bytes, xt_error *error,
                                    struct xti_txn **out);

/* Drops what is pending and ends the handle; no view of it is in use any more. NULL is allowed. */
void xti_txn_close(struct xti_txn *txn);

/* Views handed out and not yet given back. */
uint64_t xti_txn_views_in_use(struct xti_txn *txn);

/* Whether this process was forked from the one that made the handle: it may only close it. */
bool xti_txn_is_forked(const struct xti_txn *txn);

bool xti_txn_is_writable(const struct xti_txn *txn);
bool xti_txn_is_broken(const struct xti_txn *txn); /* a sync failed: it writes no more */
const struct xti_layout *xti_txn_layout(const struct xti_txn *txn);
const struct xti_schema *xti_txn_schema(const struct xti_txn *txn);
const struct xti_os *xti_txn_os(const struct xti_txn *txn);
const char *xti_txn_path(const struct xti_txn *txn); /* NULL: in memory */

/* ---- reading --------------------------------------------------------------------------------- */

/* The newest state, counted: a reader looks at HEAD first and maps what is new. Give it back with
 * xti_txn_unview(). Errors as xt_snapshot_latest(). */
XT_NODISCARD xt_status xti_txn_view(struct xti_txn *txn, struct xti_view **out);
void xti_txn_unview(struct xti_txn *txn, struct xti_view *view);

void xti_txn_stats(struct xti_txn *txn, xt_store_stats *out);
XT_NODISCARD xt_status xti_txn_arena_stats(struct xti_txn *txn, uint64_t i, xt_arena_stats *out);

/* Of all arena files that the handle knows, dropped ones included that are not removed yet; 0 in
 * memory. Opens each. */
uint64_t xti_txn_file_bytes(struct xti_txn *txn);

/* Hashes every extent of the newest commit's chain against its record, as far back as records tell.
 * bytes: adds what was hashed. */
XT_NODISCARD xt_status xti_txn_check(struct xti_txn *txn, bool deep, uint64_t *bytes,
                                     xt_error *error);

/* ---- kept snapshots (kept.c, kept_list.c, kept_view.c) --------------------------------------- */

/* As the calls of xtree.h with these names. name: "" for none. The writer's thread calls the first
 * three, any thread the others. */
XT_NODISCARD xt_status xti_txn_keep(struct xti_txn *txn, const char *name, uint64_t *number,
                                    xt_error *error);
XT_NODISCARD xt_status xti_txn_drop(struct xti_txn *txn, uint64_t number, xt_error *error);
XT_NODISCARD xt_status xti_txn_retain(struct xti_txn *txn, uint64_t keep_last, uint64_t max_age_ns,
                                      uint64_t *dropped, xt_error *error);
XT_NODISCARD xt_status xti_txn_kept(struct xti_txn *txn, uint64_t i, xt_snapshot_info *out);
XT_NODISCARD xt_status xti_txn_find_kept(struct xti_txn *txn, const char *name, uint64_t *number);

/* How many there are, and bytes of files that only they need. */
XT_NODISCARD xt_status xti_txn_kept_stats(struct xti_txn *txn, uint64_t *count, uint64_t *pinned);

/* The commit that is kept under that number, counted: as xti_txn_view(), and given back likewise.
 * Errors as xt_snapshot_open(). The second: the handle that shows a view, its own or txn. */
XT_NODISCARD xt_status xti_txn_view_kept(struct xti_txn *txn, uint64_t number, xt_error *error,
                                         struct xti_view **out);
struct xti_txn *xti_txn_shown_by(struct xti_txn *txn, const struct xti_view *view);

/* ---- writing --------------------------------------------------------------------------------- */

/* The root as the writer sees it, pending changes included; and its replacement. */
struct xti_root xti_txn_root(const struct xti_txn *txn);
void xti_txn_set_root(struct xti_txn *txn, struct xti_root root);

/* False in a memory-only store. */
bool xti_txn_has_files(const struct xti_txn *txn);

/* Announces how much the coming changes will allocate, so that arenas get a fitting size. */
XT_NODISCARD xt_status xti_txn_expect(struct xti_txn *txn, uint64_t units);

/* ---- blocks (blocks.c) ----------------------------------------------------------------------- */

/* What the inline functions below look at: the first member of every struct xti_txn. */
struct xti_edit {
    const struct xti_space *space;
    const struct xti_layout *layout;
    uint64_t number; /* see xti_txn_number() */
    uint64_t room;   /* units that blocks may be taken from without asking for more */
    uint32_t
        sequence; /* counts publishes, commits and rollbacks; with files, from a random number */
};

static inline const struct xti_edit *xti_txn_edit(const struct xti_txn *txn)
{
    return (const struct xti_edit *)(const void *)txn;
}

/* birth_txn of new nodes. With files: the number that the pending change will have as a commit; in
 * memory: counts publishes, commits and rollbacks. */
static inline uint64_t xti_txn_number(const struct xti_txn *txn)
{
    return xti_txn_edit(txn)->number;
}

static inline void *xti_txn_at(const struct xti_txn *txn, uint32_t ref)
{
    return xti_space_at(xti_txn_edit(txn)->space, ref);
}

/* Makes the node, whose bytes lie at `ref` in a block that was taken, the pending change's own:
 * self_ref, birth_txn and, in the place of the checksum, the change's sequence number. To be called
 * after an older node was copied there; a block that was just taken is so already. */
static inline void xti_txn_mark(const struct xti_txn *txn, struct xtd_node *node, uint32_t ref)
{
    node->crc32c = xti_txn_edit(txn)->sequence;
    node->self_ref = ref;
    node->birth_txn = xti_txn_number(txn);
}

/* Allocates a block of `units` in one arena: one of that size that was freed, or a new one. Its
 * first 64 bytes are the header of a block in no use that the pending change owns; the others hold
 * anything. Whatever is made of it, from its first byte on there must lie one block behind the
 * other, each with a header that says its size, before the next spill, publish or commit.
 * Errors: XT_EFULL, XT_ENOMEM, XT_EIO, XT_EBROKEN, XT_EMISUSE. */
XT_NODISCARD xt_status xti_txn_alloc(struct xti_txn *txn, uint64_t units, uint32_t *ref,
                                     xt_error *error);

/* The slow part of xti_txn_reserve(). */
XT_NODISCARD xt_status xti_txn_make_room(struct xti_txn *txn, uint64_t units, xt_error *error);

/* Guarantees that xti_txn_take() can give blocks of `units` in all, until the next spill, publish,
 * commit or rollback; a new arena is made if need be. Else nothing has changed. Errors as
 * xti_txn_alloc(). Cost: one comparison when there is room. */
XT_NODISCARD static inline xt_status xti_txn_reserve(struct xti_txn *txn, uint64_t units,
                                                     xt_error *error)
{
    return units <= xti_txn_edit(txn)->room ? XT_OK : xti_txn_make_room(txn, units, error);
}

/* As xti_txn_alloc(), within a reservation: cannot fail. Leaves of large changes lie apart. */
uint32_t xti_txn_take(struct xti_txn *txn, uint32_t units, bool is_leaf);

/* The pending tree does not refer to the block any more. One of the pending change's own can be
 * taken again at once and is in no use from now on; one that is published keeps its bytes as long
 * as a view may lead to it; one that was written to a file keeps them for good. Each block at most
 * once; units: as it was taken. Cost: O(1); takes memory now and then, and where there is none the
 * block is lost for use, but not its bytes to readers. */
void xti_txn_free(struct xti_txn *txn, uint32_t ref, uint32_t units);

/* ---- nodes for the writer (blocks.c) --------------------------------------------------------- */

/* A part of an arena where this process makes blocks and no file has them yet. Zero at first, and
 * again whenever a change ends or blocks are spilled (xti_txn_on_settle()). */
struct xti_memory {
    uint32_t first;
    uint32_t units;
};

/* The slow part of xti_txn_is_memory(). */
bool xti_txn_find_memory(const struct xti_txn *txn, uint32_t ref, struct xti_memory *memory);

/* True: `ref` lies in such a part, which *memory then is. */
static inline bool xti_txn_is_memory(const struct xti_txn *txn, uint32_t ref,
                                     struct xti_memory *memory)
{
    return ref - memory->first < memory->units || xti_txn_find_memory(txn, ref, memory);
}

/* The pending change's own node of that level at `ref`, or NULL. */
static inline struct xtd_node *xti_txn_own_node(const struct xti_txn *txn, uint32_t ref,
                                                uint32_t level, struct xti_memory *memory)
{
    const struct xti_edit *edit = xti_txn_edit(txn);
    struct xtd_node *node = xti_space_at(edit->space, ref);
    uint32_t kind = level == 0 ? edit->layout->leaf_kind : (uint32_t)XTD_INNER;

    if (!xti_txn_is_memory(txn, ref, memory))
        return NULL;
    if (((node->crc32c ^ edit->sequence) | (node->self_ref ^ ref) | (node->kind ^ kind) |
         (node->level ^ level) | (node->birth_txn ^ edit->number)) != 0)
        return NULL;
    return node;
}

/* The slow part of xti_txn_node(). */
XT_NODISCARD xt_status xti_txn_frozen_node(const struct xti_txn *txn, uint32_t ref, uint32_t level,
                                           struct xtd_node **node);

/* The node at `ref`, where one of level `level` must lie, as the writer sees it: the pending change
 * included. *is_own: the pending change made it, and it may be edited in place, if its header's
 * size stays; else it must be copied, after xti_txn_check_refs(). Nodes that are not own are
 * checked as readers check them: structure each time, checksum once. Of a writer's handle only.
 *
 * Cost     a few nanoseconds for own nodes, three times that for others.
 * Errors   XT_ECORRUPT: no such node there; *node is NULL.
 */
XT_NODISCARD static inline xt_status xti_txn_node(const struct xti_txn *txn, uint32_t ref,
                                                  uint32_t level, struct xtd_node **node,
                                                  bool *is_own)
{
    struct xti_memory memory = {0, 0};

    *node = xti_txn_own_node(txn, ref, level, &memory);
    *is_own = *node != NULL;
    return *is_own ? XT_OK : xti_txn_frozen_node(txn, ref, level, node);
}

/* That the children of a node which is about to be copied lie where they can only be what was
 * committed with it, and not among the blocks of this process: a damaged store could else make the
 * pending change edit a node that has two parents. O(count) for a node that was found when the
 * store was opened, O(1) for others. XT_ECORRUPT. */
XT_NODISCARD xt_status xti_txn_check_refs(const struct xti_txn *txn, const struct xtd_node *inner);

/* ---- the end of a change --------------------------------------------------------------------- */

/* Writes what was allocated and is complete (all of it) to the files, without a sync, and lets
 * file mappings take its place in memory. Nodes that were written are not own any more. Nothing to
 * do in a memory-only store. */
XT_NODISCARD xt_status xti_txn_spill(struct xti_txn *txn, xt_error *error);

/* After 2^32 publishes and rollbacks without a commit, in a store with files, a publish is a
 * commit, and fails like one: the sequence numbers begin anew. */
XT_NODISCARD xt_status xti_txn_publish(struct xti_txn *txn);
XT_NODISCARD xt_status xti_txn_commit(struct xti_txn *txn, xt_error *error);
XT_NODISCARD xt_status xti_txn_rollback(struct xti_txn *txn);

/* `settle` is called with `who` before each of these and before a bulk load's blocks are taken: who
 * edits nodes then ends what it has put off. NULL: nobody does. */
void xti_txn_on_settle(struct xti_txn *txn, void (*settle)(void *who), void *who);

/* What a handle for writing promises of its commits; XTI_DURABLE_MEANS until it is said. */
void xti_txn_set_durability(struct xti_txn *txn, xt_durability durability);

#define XTI_DURABLE_MEANS XT_DURABLE_ONE_SYNC /* what XT_DURABLE stands for */

/* All commits so far are durable, and a durable slot of HEAD names the last of them. Errors as
 * xt_store_sync(). */
XT_NODISCARD xt_status xti_txn_sync(struct xti_txn *txn, xt_error *error);

/* A publish had better be a commit: the epoch has `bytes` (0: never), or the last commit is `ns`
 * old (0: never), or the arena that takes allocations has room for less than the epoch's part. */
bool xti_txn_wants_commit(const struct xti_txn *txn, uint64_t bytes, uint64_t ns);

/* True while something was allocated or freed or the root was set since the last publish. */
bool xti_txn_is_dirty(const struct xti_txn *txn);

#endif
