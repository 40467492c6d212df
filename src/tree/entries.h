/* src/tree/entries.h -- the entries of nodes that are divided; private to the tree room.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TREE_ENTRIES_H
#define XTI_TREE_ENTRIES_H

#include "tree/tree.h"

/* The entries of a full node and one more, while they are divided. Arrays of `stride` elements. */
struct xti_entries {
    uint32_t count;
    uint32_t stride;   /* a multiple of 16 */
    uint32_t capacity; /* that there is memory for */
    bool is_points;    /* the high sides are the low ones, and not there */
    float *sides;      /* lo0[], hi0[], lo1[], ...: boxes in a frame of their own; finite */
    char *values;      /* the arrays of the node: a leaf's coordinates, or stored boxes */
    uint64_t *ids;     /* of a leaf */
    uint32_t *refs;    /* of an inner node */

    /* What split.c works with. */
    uint32_t *ranks;      /* of each slot, its place in the order */
    uint32_t *order;      /* slots in ascending order along the axis that is looked at */
    uint32_t *axis_order; /* the better of its two orders */
    uint32_t *best_order; /* the order that is cut at last */
    float *before;        /* sides of the box of the first i + 1 of the order, by side */
    float *after;         /* of those from i on */
    float *edges;         /* of both halves of the cut with i on the left, together */
    float *shared;        /* edges of what they share; of use where `least` is not negative */
    float *volume;        /* of that, as a part of the whole */
    float *least;         /* its shortest edge */
    float *flat;          /* the shortest edge of the halves */
    double *weights;
    uint32_t weighed; /* count, least and lean that the weights are for */
    uint32_t weighed_least;
    double lean;

    uint64_t right_mask;  /* of up to 64 entries, those that go to the right */
    bool newest_is_right; /* of the halves that were written last */
    void *memory;
    size_t bytes;
};

struct xti_split {
    uint32_t left_count; /* of writer->entries.best_order; the others go to the right */
    double overlap;      /* inner nodes: share of the entries whose centre lies in both halves */
};

/* Elements of each array that kernels may use beyond the entries. */
#define XTI_ENTRIES_SPARE 16u

/* There is room for `count` entries. */
static inline bool xti_entries_hold(const struct xti_entries *entries, uint32_t count)
{
    return count + XTI_ENTRIES_SPARE <= entries->capacity;
}

/* Makes room for `count` entries in writer->entries. XT_ENOMEM. */
XT_NODISCARD xt_status xti_entries_fit(struct xti_writer *writer, uint32_t count);

/* Gathers the entries of an inner node or leaf behind those that were gathered; is_first: instead.
 * xti_entries_end() follows when all are there. */
void xti_entries_take(struct xti_writer *writer, const struct xtd_node *node, bool is_first);
void xti_entries_end(struct xti_writer *writer, const struct xtd_node *node);

/* Writes the entries' halves into two own nodes of one level with enough capacity. */
void xti_entries_write(struct xti_writer *writer, const struct xti_split *split,
                       struct xtd_node *left, struct xtd_node *right);

/* Appends the item writer->low, high, or a child with the box writer->rising. */
void xti_entries_add_item(struct xti_writer *writer, uint64_t id);
void xti_entries_add_child(struct xti_writer *writer, uint32_t ref);

/* Which share of an inner node's entries both halves would hold if it were split now. XT_ENOMEM. */
XT_NODISCARD xt_status xti_node_overlap(const struct xti_os *os, const struct xti_layout *layout,
                                        const struct xtd_node *node, double *share);

/* ---- split.c ------------------------------------------------------------------------------ */

/* Finds the best division of writer->entries (2 * least <= count), the newest of which is the last.
 * Any permutation and a left_count from least to count - least, whatever the boxes are. */
void xti_split_find(struct xti_writer *writer, bool is_leaf, uint32_t least,
                    struct xti_split *split);

#endif
