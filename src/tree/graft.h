/* src/tree/graft.h -- one tree of two; private to the tree room.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TREE_GRAFT_H
#define XTI_TREE_GRAFT_H

#include "tree/tree.h"

struct xti_graft {
    struct xti_root a, b; /* neither is empty; both are part of the pending change */
    bool (*progress)(void *context, uint64_t done); /* items of the smaller tree; false: cancel */
    void *context;
};

/* Makes one tree of both and tells the transaction of it. When it fails, the pending change is good
 * for nothing but a rollback. */
XT_NODISCARD xt_status xti_tree_graft(struct xti_writer *writer, const struct xti_graft *task);

#endif
