/* src/txn/reader.h -- what a reader needs to keep up with a writer: HEAD, and its address spaces.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_READER_H
#define XTI_TXN_READER_H

#include "arena/arena.h"
#include "format/head.h"
#include "format/manifest.h"

struct xti_txn;

/* An address space that only views lead to (spaces.c). */
struct xti_old_space {
    struct xti_old_space *next;
    struct xti_space space;
    uint64_t views;
};

/* What a reader remembers of HEAD (watch.c). */
#define XTI_WATCH_SLOTS (XTD_HEAD_BYTES / XTD_HEAD_SLOT_BYTES)

struct xti_slot_mark {
    uint64_t txn;
    uint32_t crc32c;
};

struct xti_watch {
    void *head;      /* of the system; NULL: none */
    bool is_whole;   /* each slot was valid, or zeroes, when HEAD was read last */
    bool is_settled; /* what was read then was adopted */
    struct xti_slot_mark marks[XTI_WATCH_SLOTS];
};

/* ---- spaces.c -------------------------------------------------------------------------------- */

/* Removes arenas whose ranges the manifest gives to others. False: a view has one of them, and
 * nothing was done; what the manifest lists needs a fresh space. */
bool xti_space_makes_way(struct xti_txn *txn, const struct xtd_manifest *manifest);

/* Removes the dropped arenas that no view has. Of a reader's handle only. */
void xti_space_sweep(struct xti_txn *txn);

bool xti_manifest_lists(const struct xtd_manifest *manifest, uint32_t arena_id);

/* The handle's space becomes an old one, and a fresh and empty one takes its place; then either all
 * is as it was before (NULL is allowed), or the old one is kept as long as views lead there. */
xt_status xti_space_set_aside(struct xti_txn *txn, struct xti_old_space **out);
void xti_space_bring_back(struct xti_txn *txn, struct xti_old_space *old);
void xti_space_leave(struct xti_txn *txn, struct xti_old_space *old);

/* A view that leads to another space than the handle's has ended; all have. */
void xti_space_view_ended(struct xti_txn *txn, const char *base);
void xti_space_release_old(struct xti_txn *txn);

/* ---- watch.c --------------------------------------------------------------------------------- */

xt_status xti_watch_begin(struct xti_txn *txn, xt_error *error);
void xti_watch_end(struct xti_txn *txn);

/* HEAD was read; what became of it. */
void xti_watch_note(struct xti_txn *txn, const struct xtd_head_slot *slots);
void xti_watch_settle(struct xti_txn *txn, xt_status status);

/* Whether HEAD is as it was when it was read last. A few nanoseconds. */
bool xti_watch_is_same(struct xti_txn *txn);

/* Whether a look at HEAD would find what was adopted last. As fast. */
bool xti_watch_is_quiet(struct xti_txn *txn);

#endif
