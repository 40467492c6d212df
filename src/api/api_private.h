/* src/api/api_private.h -- the handles, and what the files of the api room share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_API_PRIVATE_H
#define XTI_API_PRIVATE_H

#include <string.h>

#include "api/api.h"
#include "tree/tree.h"

#define XTI_STUCK_MAX 16

/* Cleaning in commits and by hand (clean.c): how far the tree was gone through. */
struct xti_cleaner {
    struct xti_move_out move;
    struct xti_move_out settled;   /* the same when the last commit was made */
    uint32_t pass_arena;           /* the first victim when the walk began at the tree's start */
    uint64_t pass_live_units;      /* of it, then */
    uint64_t pass_looks;           /* then */
    bool has_failed;               /* the last commit */
    uint32_t stuck[XTI_STUCK_MAX]; /* arenas that cannot be emptied */
    uint32_t stuck_count;
};

/* When a publish is to be a commit; 0: never. */
struct limits {
    uint64_t changes;
    uint64_t bytes;
    uint64_t ns;
    uint64_t changes_made; /* since the last commit */
};

struct xt_store {
    const struct xti_os *os;
    struct xti_txn *txn;
    xt_loader *loader;         /* the one that is open, or NULL */
    struct xti_writer *writer; /* NULL: nothing was changed yet */
    xt_medium medium;
    double max_overlap;
    bool no_cleaning;
    struct xti_cleaner cleaner;
    struct limits limits;
};

struct xt_snapshot {
    xt_store *store;
    struct xti_view *view;
};

struct xt_loader {
    xt_store *store;
    struct xti_loader *loader;
};

/* The store's writer, made if need be. XT_EMISUSE: opened for reading, or a loader is open. */
xt_status xti_store_writer(xt_store *store, struct xti_writer **out);

/* Cleans as much as the commit should, and commits. */
xt_status xti_store_commit(xt_store *store, xt_error *error);

/* The moves so far are committed; the moves since then were taken back. */
void xti_cleaner_settle(xt_store *store);
void xti_cleaner_undo(xt_store *store);

/* xti_options_take() for callers of another version. */
xt_status xti_options_convert(void *to, size_t to_size, const void *from);

/* Copies an options struct of the caller's version to one of ours. NULL: all zero. XT_EINVAL: a
 * struct_size that cannot be, or a field that this version does not know is not zero. */
static inline xt_status xti_options_take(void *to, size_t to_size, const void *from)
{
    size_t size = 0;

    if (from != NULL)
        memcpy(&size, from, sizeof size);
    if (size != to_size)
        return xti_options_convert(to, to_size, from);
    memcpy(to, from, to_size);
    return XT_OK;
}

#endif
