/* src/txn/kept.h -- kept snapshots: what the files of the room share of them.
 *
 * A commit is kept by a file of its own (format/snapshot_file.h). Lists come from the folder, so
 * that readers in other processes see what there is; the writer also remembers which arenas each
 * one needs, and holds their ranges.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_KEPT_H
#define XTI_TXN_KEPT_H

#include "format/snapshot_file.h"
#include "txn/txn_private.h"

/* What a writer remembers of one. */
struct xti_kept {
    uint64_t number;
    uint64_t kept_time_ns;
    char name[XTD_SNAPSHOT_NAME_BYTES]; /* "": none, or not known */
    bool is_damaged;
    bool is_leaving;
    uint32_t arena_count;
    uint32_t held_count; /* of its arenas, the first so many are held */
    uint32_t *arena_ids;
};

/* One that is open. */
struct xti_kept_view {
    struct xti_kept_view *next;
    struct xti_txn *reader; /* a handle that shows this commit only */
    uint64_t users;
};

/* ---- kept_file.c ----------------------------------------------------------------------------- */

/* The numbers of all kept snapshots in the folder, ascending. */
struct xti_numbers {
    const struct xti_os *os;
    uint64_t *items;
    size_t count;
    size_t capacity;
    bool is_short; /* there was no memory for all */
};

/* Errors: XT_EIO, XT_ENOMEM; what was taken is given back by the second in any case. */
xt_status xti_numbers_list(const struct xti_txn *txn, struct xti_numbers *out, xt_error *error);
void xti_numbers_release(struct xti_numbers *numbers);

/* Reads and checks snapshot-<number>. XT_ENOTFOUND: it is not there. XT_ECORRUPT, XT_EFORMAT: it is
 * damaged, or not of this store. The caller frees *out by the second. */
xt_status xti_snapshot_read(const struct xti_txn *txn, uint64_t number, struct xtd_snapshot **out,
                            xt_error *error);
void xti_snapshot_free(const struct xti_txn *txn, struct xtd_snapshot *snapshot);

/* ---- kept.c ---------------------------------------------------------------------------------- */

/* Finds what is kept and holds it: when a writer opens the store. A file that is damaged is
 * remembered as such. XT_ECORRUPT: one is sound and newer than the newest commit, which therefore
 * was lost. XT_EIO, XT_ENOMEM. */
xt_status xti_kept_load(struct xti_txn *txn, xt_error *error);
void xti_kept_release(struct xti_txn *txn);

/* ---- kept_view.c ----------------------------------------------------------------------------- */

/* Gives a view back if it is one of a kept snapshot. The mutex is held. */
bool xti_kept_unview(struct xti_txn *txn, const struct xti_view *view);

/* All of them: the handle ends. */
void xti_kept_unview_all(struct xti_txn *txn);

#endif
