/* src/txn/figures.h -- what a writer has done, for whoever asks, in whatever process.
 *
 * A writer counts its commits and syncs, and writes the figures behind the text in the file LOCK:
 * in a commit, if that was a second ago, and when it ends. Nothing relies on them; they are not
 * synced.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_FIGURES_H
#define XTI_TXN_FIGURES_H

#include "os/os.h"

struct xti_txn;

#define XTI_FIGURES_BYTES 3840u

struct xti_figures {
    uint64_t since_ns;
    uint64_t written_ns; /* when they were written to LOCK */
    uint64_t moved_bytes;
    xt_histogram commit;
    xt_histogram sync;
    char text[XTI_FIGURES_BYTES + 1]; /* as it is written */
};

/* As xt_store_writer(). */
XT_NODISCARD xt_status xti_txn_writer(const struct xti_txn *txn, xt_writer_stats *out);

/* The process that has the store open for writing; 0: there is none, or it is not known. */
uint64_t xti_txn_writer_pid(const struct xti_txn *txn);

/* A writer has moved so many bytes by cleaning since it opened the store. */
void xti_txn_note_moved(struct xti_txn *txn, uint64_t bytes);

/* ---- within the txn room --------------------------------------------------------------------- */

/* Counts what began at `began_ns`. */
void xti_figures_add(const struct xti_txn *txn, xt_histogram *histogram, uint64_t began_ns);

/* os->sync(), counted. */
int xti_sync(struct xti_txn *txn, xti_file file);

/* The handle was opened: what was counted until then does not count. */
void xti_figures_begin(struct xti_txn *txn);

/* Writes the figures to LOCK; unless `is_last`, only if that was a second ago. Nothing if there was
 * no commit. */
void xti_figures_write(struct xti_txn *txn, bool is_last);

#endif
