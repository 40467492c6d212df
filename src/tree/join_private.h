/* src/tree/join_private.h -- a join's state, for join.c, join_walk.c and join_leaf.c.
 *
 * A join walks two trees at once, depth first, with a frame for each pair of nodes on the way down.
 * Of a pair it looks at one block of 64 children of each side at a time. The children of the outer
 * side are taken one after the other; the box of each, moved to the origin of the inner side's
 * node, gives a mask of the partners that it meets there.
 *
 *     advance ---> next blocks of the pair of leaves ---> pairs? give them
 *        ^                  | none left
 *        +---- enter <----- next pair of leaves of the deepest frame
 *                           ^ none left
 *                           | next pair of inner nodes: a frame of its own
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_JOIN_PRIVATE_H
#define XTI_JOIN_PRIVATE_H

#include "tree/tree_private.h"
#include "tree/window_private.h"

typedef uint64_t xti_test_f64_fn(const double *coords, uint32_t capacity, uint32_t first,
                                 uint32_t dims, const double *low, const double *high);
typedef uint64_t xti_test_f32_fn(const float *coords, uint32_t capacity, uint32_t first,
                                 uint32_t dims, const float *low, const float *high);

/* Boxes are 2 * dims doubles, all low corners first. */
struct xti_join_side {
    const struct xti_view *view;
    const struct xti_layout *layout;
    const struct xti_span *span; /* hint for xti_view_node() */
    xti_test_f64_fn *leaf_f64;   /* items of a leaf that meet a window */
    xti_test_f32_fn *leaf_f32;
    double *root_box;
    uint32_t ahead_inner; /* how much of a child to ask for ahead of time, in lines */
    uint32_t ahead_leaf;
};

/* A child of the outer side, and its partners on the inner side. Where the levels differ only the
 * higher node is gone through, and the lower one is the partner of each of its children: bit 0. */
struct xti_join_child {
    double *box;
    uint64_t partners; /* still to enter; 0: there is no such child */
    uint64_t ahead;    /* those that were not asked for from memory yet */
    uint32_t slot;     /* in the block */
};

struct xti_join_frame {
    const struct xtd_node *nodes[2];
    const double *boxes[2]; /* of the nodes, as their parents store them */
    bool is_even;           /* both are inner nodes of one level: both are gone through */
    bool is_same;           /* a node with itself: partners from the child's own slot on */
    uint32_t outer;         /* the side whose children are taken one by one */
    uint32_t first[2];      /* of each side's block */
    uint32_t next[2];       /* of the block pair to come; next[0] at its end: there is none */
    uint64_t children;      /* of the outer block: those without a mask of partners so far */
    uint64_t candidates;    /* of the inner block: those that may be partners */
    struct xti_join_child current, following;
    const struct xtd_node *child; /* the current child, once it was entered */
    double *partner_box;          /* of the partner that was entered last */
};

struct xti_join {
    const struct xti_os *os;
    const struct xti_kernels *kernels;
    size_t bytes; /* of this allocation */
    uint32_t dims;
    xt_status status; /* XT_OK while there may be more; then it stays as it is */
    bool is_self;
    bool is_started;
    bool is_counting; /* ids are not read */
    uint32_t frame_count;
    uint32_t depth; /* frames in use */
    uint64_t limit_left;
    uint64_t visits_left;                 /* pairs of nodes still allowed */
    uint64_t nodes, leaves, lines, pairs; /* xt_walk_stats */
    struct xti_join_side sides[2];

    /* The pair of leaves, a block of each at a time. Only items of outer_leaf that meet the box of
     * inner_leaf can have partners in it. */
    const struct xtd_node *outer_leaf; /* NULL: there is no pair */
    const struct xtd_node *inner_leaf;
    const double *inner_box;
    uint32_t outer; /* the side of outer_leaf */
    bool is_same;   /* a leaf with itself: partners behind the item's own slot */
    uint32_t outer_first;
    uint32_t outer_next;  /* where the next block begins */
    uint64_t outer_items; /* of the block, that may have partners */
    uint32_t inner_first;
    uint32_t inner_next; /* where the next block for outer_items begins */
    uint64_t hits; /* items of the block with partners in the inner one that were not given yet */
    uint64_t masks[XTI_BLOCK_SLOTS]; /* those partners, for each bit of `hits` */

    double *item_box; /* of one item or child, for a moment */
    float *low_f32, *high_f32;
    struct xti_offset_window moved;
    struct xti_join_frame frames[]; /* of the higher tree, height - 1; then the arrays */
};

/* ---- walk (join_walk.c) -------------------------------------------------------------------- */

/* Ends the join; false, so that callers can return it. */
bool xti_join_fail(struct xti_join *join, xt_status status);

/* Goes on to the next pair of leaves. False: there is none, and join->status says why. */
bool xti_join_leaves_next(struct xti_join *join);

/* ---- pairs of leaves (join_leaf.c) --------------------------------------------------------- */

/* Begins a pair: `inner` of side 1 - outer has the box `inner_box`, which must stay. */
void xti_join_leaves_begin(struct xti_join *join, const struct xtd_node *outer_leaf,
                           const struct xtd_node *inner_leaf, const double *inner_box,
                           uint32_t outer);

/* The items of a leaf's block that meet a box. */
uint64_t xti_join_leaf_meets(struct xti_join *join, uint32_t side, const struct xtd_node *leaf,
                             uint32_t first, const double *box);

/* The box of an item. */
void xti_join_item_box(const struct xti_join_side *side, const struct xtd_node *leaf, uint32_t slot,
                       double *box);

/* Goes on to the next two blocks of leaves with pairs and sets `hits`, which must be 0. False:
 * there are none, and join->status says why. */
bool xti_join_advance(struct xti_join *join);

/* 64-byte lines of all coordinate or box arrays for the block that begins at `first`. */
static inline uint32_t xti_join_block_lines(uint32_t capacity, uint32_t first, uint32_t arrays,
                                            uint32_t value_bytes)
{
    uint32_t slots = capacity - first < XTI_BLOCK_SLOTS ? capacity - first : XTI_BLOCK_SLOTS;

    return slots / 16 * arrays * value_bytes / 4;
}

#endif
