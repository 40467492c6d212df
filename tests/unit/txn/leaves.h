/* tests/unit/txn/leaves.h -- blocks whose every byte can be told: leaves of any size.
 *
 * What a leaf holds follows from its seed, so a test notices when a block that somebody may read
 * was given out again, or when a change to one reached another.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LEAVES_H
#define LEAVES_H

#include "unit/txn/scene.h"

struct leaf {
    uint32_t ref;
    uint32_t units;
    uint64_t seed;
};

/* Units of a leaf of 16 * n points in one dimension. */
static inline uint32_t leaf_units(uint32_t n)
{
    return 1 + 4 * n;
}

/* Fills a leaf that the pending change owns. */
static inline void leaf_fill(struct xti_txn *txn, const struct leaf *leaf)
{
    struct xtd_node *node = xti_txn_at(txn, leaf->ref);
    uint64_t *ids;
    double *x;

    node->count = (leaf->units - 1) * 4;
    node->capacity = node->count;
    node->size_units = leaf->units;
    node->kind = XTD_LEAF_POINTS;
    node->item_count = node->count;
    x = xti_leaf_coords(node);
    ids = xti_leaf_ids(xti_txn_layout(txn), node);
    for (uint32_t i = 0; i < node->count; i++) {
        x[i] = (double)(leaf->seed + i);
        ids[i] = leaf->seed * 1000 + i;
    }
}

static inline bool leaf_holds(const struct xti_layout *layout, const struct xtd_node *node,
                              const struct leaf *leaf)
{
    const double *x = xti_leaf_coords_const(node);
    uint32_t count = (leaf->units - 1) * 4;
    const uint64_t *ids;
    bool holds = node->self_ref == leaf->ref && node->size_units == leaf->units &&
                 node->kind == XTD_LEAF_POINTS && node->count == count && node->capacity == count;

    if (!holds)
        return false;
    ids = xti_leaf_ids_const(layout, node);
    for (uint32_t i = 0; i < count && holds; i++)
        holds = ids[i] == leaf->seed * 1000 + i && x[i] >= (double)(leaf->seed + i) &&
                x[i] <= (double)(leaf->seed + i);
    return holds;
}

/* Takes a block and makes a leaf of it. */
static inline struct leaf leaf_make(struct xti_txn *txn, uint32_t n, uint64_t seed)
{
    struct leaf leaf = {0, leaf_units(n), seed};

    (void)CHECK_STATUS(xti_txn_reserve(txn, leaf.units, NULL), XT_OK);
    leaf.ref = xti_txn_take(txn, leaf.units, true);
    leaf_fill(txn, &leaf);
    return leaf;
}

static inline bool leaf_is_own(struct xti_txn *txn, const struct leaf *leaf)
{
    struct xtd_node *node;
    bool is_own;

    return CHECK_STATUS(xti_txn_node(txn, leaf->ref, 0, &node, &is_own), XT_OK) && is_own;
}

/* What a view shows at the leaf's place is the leaf. */
static inline bool leaf_in_view(const struct xti_view *view, const struct leaf *leaf)
{
    const struct xti_span *span = NULL;
    const struct xtd_node *node;
    struct xti_finding finding;

    return CHECK_STATUS(xti_view_node(view, &span, leaf->ref, 0, &node, &finding), XT_OK) &&
           leaf_holds(view->layout, node, leaf);
}

#endif
