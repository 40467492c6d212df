/* src/tree/window_private.h -- a window query's state, for window.c, window_walk.c and count.c.
 *
 * A query walks depth first with one frame for each inner level, so its memory does not depend on
 * the size of the nodes. Nodes are looked at in blocks of 64 slots: a block of an inner node leaves
 * a mask of the children still to enter, a block of a leaf a mask of the hits still to give.
 *
 *     advance ---> block of the current leaf ---> hits? give them
 *        ^                  | none left
 *        +---- enter <----- next leaf of the queue
 *                           ^ none left
 *                           | children of the deepest frame that has some: leaves are queued,
 *                             inner nodes entered, until a few leaves wait
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_WINDOW_PRIVATE_H
#define XTI_WINDOW_PRIVATE_H

#include "tree/tree.h"

#define XTI_BLOCK_SLOTS 64u /* what a kernel looks at in one call */

/* An inner node on the way down, and the block of it that is being worked on. */
struct xti_window_frame {
    const struct xtd_node *node;
    const uint32_t *refs; /* of the block's first slot */
    uint64_t meet;        /* children of the block still to enter */
    uint64_t hold;        /* those that are proven to lie inside the window */
    uint64_t ahead;       /* those that were not asked for from memory yet */
    uint32_t next_slot;   /* where the next block begins */
    bool is_whole;        /* the node lies inside the window: nothing below is tested */
};

/* Leaves are queued, as blocks of their parents, while their lines are on their way from memory:
 * the first XTI_LEAVES_AHEAD of the queue have been asked for, and as long as fewer wait the walk
 * goes on to find more. */
#define XTI_LEAVES_AHEAD 8u
#define XTI_LEAF_BLOCKS 8u /* a power of two; a block holds at least one leaf */
static_assert(XTI_LEAF_BLOCKS >= XTI_LEAVES_AHEAD, "that many blocks of one leaf each must fit");

struct xti_leaf_block {
    const uint32_t *refs; /* of the block's first slot */
    uint64_t meet;        /* leaves still to enter */
    uint64_t hold;        /* those that lie inside the window */
    uint64_t ahead;       /* those that were not asked for yet */
};

struct xti_window_query {
    const struct xti_os *os;
    const struct xti_view *view;
    const struct xti_layout *layout;
    const struct xti_kernels *kernels;
    const struct xti_span *span; /* hint for xti_view_node() */
    size_t bytes;                /* of this allocation */
    xt_status status;            /* XT_OK while there may be more; then it stays as it is */
    bool is_started;
    bool is_counting;  /* children inside the window are counted, not entered */
    bool knows_origin; /* `moved` is the window moved to `origin` */

    /* The current leaf. */
    bool leaf_is_whole;
    const struct xtd_node *leaf;
    const uint64_t *leaf_ids; /* of the block's first slot */
    uint64_t pending;         /* hits of the block that were not given yet */
    uint32_t leaf_first;      /* the block's first slot */
    uint32_t leaf_next;       /* where the next block begins */
    uint32_t leaf_count;      /* 0: there is no current leaf */

    /* The queue: blocks are numbered as they come, number i lies at i modulo XTI_LEAF_BLOCKS. */
    uint32_t blocks_first; /* the first one with leaves to enter */
    uint32_t blocks_asked; /* the first one that may have leaves to ask for */
    uint32_t blocks_end;
    uint32_t leaves_waiting;
    uint32_t leaves_asked; /* of those that wait */

    uint32_t depth; /* frames in use */
    uint64_t limit_left;
    uint64_t visits_left; /* a walk that enters more nodes than there are units goes in circles */
    uint64_t counted;
    uint64_t nodes, leaves, lines, items; /* xt_walk_stats */

    /* How much of a child to ask for ahead of time, in lines. */
    uint32_t ahead_inner;
    uint32_t ahead_leaf;     /* all of it */
    uint32_t ahead_coords;   /* without the ids */
    uint32_t ahead_id_first; /* where the ids begin, and how many lines they take */
    uint32_t ahead_ids;

    uint64_t (*leaf_f64)(const double *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                         const double *low, const double *high);
    uint64_t (*leaf_f32)(const float *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                         const float *low, const float *high);
    double *low, *high;           /* the window */
    double *origin;               /* what `moved` was moved to */
    double *item_low, *item_high; /* of the item that xti_window_next() gave */
    float *low_f32, *high_f32;    /* the window for leaves of f32 */
    struct xti_offset_window moved;
    struct xti_leaf_block blocks[XTI_LEAF_BLOCKS]; /* all fields before it begin as zeroes */
    struct xti_window_frame frames[]; /* the view's height - 1; then the arrays above */
};

/* Moves on to the next block of a leaf that has hits, and puts them into `pending`, which must be
 * 0. False: there is none, and query->status says why. */
bool xti_window_advance(struct xti_window_query *query);

static inline uint32_t xti_bit_lowest(uint64_t mask)
{
    return (uint32_t)__builtin_ctzll(mask);
}

/* Written out, as the baseline instruction set has no such instruction. */
static inline uint32_t xti_bit_count(uint64_t mask)
{
    mask -= mask >> 1 & UINT64_C(0x5555555555555555);
    mask = (mask & UINT64_C(0x3333333333333333)) + (mask >> 2 & UINT64_C(0x3333333333333333));
    mask = (mask + (mask >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)(mask * UINT64_C(0x0101010101010101) >> 56);
}

/* A mask of the lowest `count` bits, all 64 when there are more. */
static inline uint64_t xti_bits_below(uint32_t count)
{
    return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

#endif
