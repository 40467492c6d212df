/* src/txn/txn.h -- the door of the txn room: publish, commit, open, recover.
 *
 * src/txn/README.md has the commit protocol step by step with what a crash at each step leaves.
 *
 * A struct xti_txn is one handle on one store: for writing (one at a time, kept apart by the lock
 * on the file LOCK) or for reading. It owns the address space, the files and the current view. The
 * writer allocates nodes, fills them, sets the new root; then publishes, commits or rolls back.
 *
 * Threads: xti_txn_view() and xti_txn_unview() from any thread at the same time; everything else by
 * one thread at a time. Between xti_txn_alloc() and publish, several threads may fill blocks that
 * they were given.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_H
#define XTI_TXN_H

#include "arena/arena.h"

struct xti_txn;

/* ---- where an error happened (report.c) ------------------------------------------------------ */

#define XTI_NO_OFFSET UINT64_MAX

/* Fills *error (may be NULL) and returns status. name: a file in `folder`, or NULL for the folder
 * itself; both may be NULL. check: what did not hold, or what was being done. */
xt_status xti_report(xt_error *error, xt_status status, const char *folder, const char *name,
                     uint64_t offset, const char *check);

/* The same for a failed call of the system: `result` is its negative errno value. */
xt_status xti_report_system(xt_error *error, int result, const char *folder, const char *name,
                            const char *check);

void xti_report_clear(xt_error *error);

/* ---- handles ------------------------------------------------------------------------------ */

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

/* Errors as xt_store_open(). */
XT_NODISCARD xt_status xti_txn_open(const struct xti_os *os, const char *path, bool writable,
                                    xt_verify verify, uint64_t window_bytes, xt_error *error,
                                    struct xti_txn **out);

/* Drops what is pending and ends the handle; no view of it is in use any more. NULL is allowed. */
void xti_txn_close(struct xti_txn *txn);

/* Views handed out and not yet given back. */
uint64_t xti_txn_views_in_use(struct xti_txn *txn);

bool xti_txn_is_writable(const struct xti_txn *txn);
const struct xti_layout *xti_txn_layout(const struct xti_txn *txn);
const struct xti_schema *xti_txn_schema(const struct xti_txn *txn);
const struct xti_os *xti_txn_os(const struct xti_txn *txn);
const char *xti_txn_path(const struct xti_txn *txn); /* NULL: in memory */

/* ---- reading ------------------------------------------------------------------------------ */

/* The newest state, counted: a reader looks at HEAD first and maps what is new. Give it back with
 * xti_txn_unview(). Errors as xt_snapshot_latest(). */
XT_NODISCARD xt_status xti_txn_view(struct xti_txn *txn, struct xti_view **out);
void xti_txn_unview(struct xti_txn *txn, struct xti_view *view);

void xti_txn_stats(struct xti_txn *txn, xt_store_stats *out);
XT_NODISCARD xt_status xti_txn_arena_stats(struct xti_txn *txn, uint64_t i, xt_arena_stats *out);

/* Hashes every extent of the newest commit's chain against its record, as far back as records tell.
 * bytes: adds what was hashed. */
XT_NODISCARD xt_status xti_txn_check(struct xti_txn *txn, bool deep, uint64_t *bytes,
                                     xt_error *error);

/* ---- writing ------------------------------------------------------------------------------ */

/* The root as the writer sees it, pending changes included; and its replacement. live_units: units
 * of all nodes reachable from the new root. */
struct xti_root xti_txn_root(const struct xti_txn *txn);
void xti_txn_set_root(struct xti_txn *txn, struct xti_root root, uint64_t live_units);

/* The number that the pending changes will have as a commit: birth_txn of new nodes. */
uint64_t xti_txn_number(const struct xti_txn *txn);

/* True where nodes must carry checksums (xti_node_seal) before they are committed. */
bool xti_txn_has_files(const struct xti_txn *txn);

/* Announces how much the coming changes will allocate, so that arenas get a fitting size. */
XT_NODISCARD xt_status xti_txn_expect(struct xti_txn *txn, uint64_t units);

/* Allocates `units` of zeroed memory, in one arena. Blocks of successive calls are adjacent unless
 * an arena ends between them. Errors: XT_EFULL, XT_ENOMEM, XT_EIO, XT_EBROKEN. */
XT_NODISCARD xt_status xti_txn_alloc(struct xti_txn *txn, uint64_t units, uint32_t *ref,
                                     xt_error *error);
void *xti_txn_at(const struct xti_txn *txn, uint32_t ref);

/* Writes what was allocated and is complete (all of it) to the files, without a sync, and lets
 * file mappings take its place in memory. Nothing to do in a memory-only store. */
XT_NODISCARD xt_status xti_txn_spill(struct xti_txn *txn, xt_error *error);

XT_NODISCARD xt_status xti_txn_publish(struct xti_txn *txn);
XT_NODISCARD xt_status xti_txn_commit(struct xti_txn *txn, xt_error *error);
XT_NODISCARD xt_status xti_txn_rollback(struct xti_txn *txn);

/* True while something was allocated or the root was set since the last publish. */
bool xti_txn_is_dirty(const struct xti_txn *txn);

#endif
