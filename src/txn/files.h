/* src/txn/files.h -- names, HEAD, manifests and records, and the commits that HEAD does not name.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_FILES_H
#define XTI_TXN_FILES_H

#include "format/arena_file.h"
#include "format/commit_record.h"
#include "format/head.h"
#include "format/manifest.h"
#include "txn/txn.h"

/* ---- files.c ------------------------------------------------------------------------------- */

#define XTI_NAME_BYTES 40u

#define XTI_NAME_LOCK "LOCK"
#define XTI_NAME_HEAD "HEAD"
#define XTI_NAME_HEAD_TMP "HEAD.tmp"

void xti_name_manifest(char name[XTI_NAME_BYTES], uint64_t generation);
void xti_name_snapshot(char name[XTI_NAME_BYTES], uint64_t number);
void xti_name_arena(char name[XTI_NAME_BYTES], uint32_t arena_id);

enum xti_name_kind {
    XTI_FOREIGN,
    XTI_IS_LOCK,
    XTI_IS_HEAD,
    XTI_IS_MANIFEST,
    XTI_IS_ARENA,
    XTI_IS_SNAPSHOT,
    XTI_IS_TEMPORARY
};
/* What a name in a store's folder stands for; *number: generation, arena id or txn. */
enum xti_name_kind xti_name_parse(const char *name, uint64_t *number);

/* Opens a file of the store's folder. 0 or a negative errno value. */
int xti_open_file(const struct xti_os *os, const char *folder, const char *name, unsigned flags,
                  xti_file *out);
int xti_remove_file(const struct xti_os *os, const char *folder, const char *name);

/* Creates a file that no commit names; what is there under that name was left by an attempt that
 * failed, and goes. */
int xti_open_new_file(const struct xti_os *os, const char *folder, const char *name, xti_file *out);

/* Syncs the store's folder and the one that holds it: all names in both are durable then. */
xt_status xti_sync_folders(struct xti_txn *txn, xt_error *error);

/* Writes a file that is not there yet, whole: under a temporary name, synced, renamed; the folder
 * is not synced. *must_break: the sync failed. */
xt_status xti_write_file(const struct xti_txn *txn, const char *name, const void *data,
                         size_t bytes, xt_error *error, bool *must_break);

/* Writes the manifest that describes txn's arenas as `state`, the one of a record, has them: under
 * a temporary name, synced and renamed; the folder is not synced. *must_break: a sync failed. */
xt_status xti_write_manifest(struct xti_txn *txn, const struct xtd_state *state,
                             uint64_t record_hash, xt_error *error, bool *must_break);

/* Writes the durable slot at `position` and syncs HEAD. */
xt_status xti_write_head(struct xti_txn *txn, uint32_t position, const struct xtd_state *state,
                         uint64_t record_hash, xt_error *error);

/* The newest durable slot is the one at `position` (commit.c). */
void xti_head_was_written(struct xti_txn *txn, uint32_t position, const struct xtd_state *state);

/* Writes the loose slot that `state` belongs to, without a sync. clears: then the other loose
 * slot is made one that was never written, as it may name a commit that was lost. */
xt_status xti_write_loose(struct xti_txn *txn, const struct xtd_state *state, uint64_t record_hash,
                          uint64_t durable_txn, bool clears, xt_error *error);

/* How a commit is come to: what a durable slot names, what a loose one names, or by the chain of
 * records from either. */
enum xti_way { XTI_BY_DURABLE, XTI_BY_LOOSE, XTI_BY_CHAIN };

/* What HEAD says. */
struct xti_head {
    struct xti_head_look look;
    enum xti_way way; /* set by load.c, when it has chosen */
    bool has_loose;
    bool trusts_loose; /* it was written since the system was started */
    struct xtd_head_slot newest;
    struct xtd_head_slot loose;
};

xt_status xti_read_head(struct xti_txn *txn, struct xti_head *head, xt_error *error);

/* Reads and checks manifest-<generation>. XT_ENOTFOUND when it is not there. Freed by the caller
 * with os->free(*out, (*out)->total_bytes). */
xt_status xti_read_manifest(struct xti_txn *txn, uint64_t generation, struct xtd_manifest **out,
                            xt_error *error);

/* Reads the record at `ref` into a new block of record_bytes bytes and checks it; the caller frees
 * it. XT_ECORRUPT also when its hash is not `hash`. */
xt_status xti_read_record(struct xti_txn *txn, uint32_t ref, uint32_t record_bytes, uint64_t hash,
                          struct xtd_commit_record **out, xt_error *error);

/* ---- history.c ------------------------------------------------------------------------------ */

/* That the commit which the handle shows is an ancestor of slot's. *is_cut: records do not lead
 * there, because arenas are gone or because there are too many. XT_ECORRUPT: it was undone. */
xt_status xti_check_history(struct xti_txn *txn, const struct xtd_head_slot *slot, bool *is_cut,
                            xt_error *error);

/* The same the other way round, of the newest slot of HEAD when it leads no further than the handle
 * is. What another writer wrote over is no chain any more. */
xt_status xti_check_shown(struct xti_txn *txn, const struct xtd_head_slot *slot, xt_error *error);

/* ---- recover.c ------------------------------------------------------------------------------ */

/* What commits that were found behind HEAD wrote of an arena. */
struct xti_found_range {
    uint32_t arena_id;
    uint64_t from_unit;
    uint64_t to_unit;
};

/* A commit, and how it was come to. */
struct xti_tip {
    struct xtd_head_slot slot;     /* what HEAD would say of it */
    struct xtd_manifest *manifest; /* of its generation; owned */
    uint32_t range_count;
    struct xti_found_range ranges[160];
    /* Where the record of the next commit lies whose other parts are not all there, in an arena
     * that the manifest has. */
    uint32_t torn_count;
    struct {
        uint32_t arena_id;
        uint64_t unit;
    } torn[16];
};

void xti_tip_free(struct xti_txn *txn, struct xti_tip *tip); /* NULL is allowed */

/* Moves the tip to the newest commit that the chain leads to, with its manifest and what the
 * commits after the first wrote. look: at HEAD. XT_ECORRUPT: the chain ends before a commit of
 * which something says that it was durable. */
xt_status xti_roll_forward(struct xti_txn *txn, struct xti_tip *tip,
                           const struct xti_head_look *look, xt_error *error);

/* That the newest commit is found from the newest durable slot on: what was written again is what
 * was found, and nothing was lost between the two looks (load.c). */
xt_status xti_find_again(struct xti_txn *txn, xt_error *error);

/* Writes the tip's ranges again, the same bytes, and syncs them. */
xt_status xti_rewrite_found(struct xti_txn *txn, const struct xti_tip *tip, xt_error *error);

/* Removes the manifest behind the tip's and the arenas that it adds, if there is one, and syncs the
 * folder. */
xt_status xti_remove_next(struct xti_txn *txn, const struct xti_tip *tip, xt_error *error);

/* Writes zeroes over the torn records and syncs them. */
xt_status xti_erase_torn(struct xti_txn *txn, const struct xti_tip *tip, xt_error *error);

#endif
