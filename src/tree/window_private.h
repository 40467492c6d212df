/* src/tree/window_private.h -- a window query's state, for window.c, window_walk.c and count.c.
 *
 * A query walks depth first with one frame for each inner level, so its memory does not depend on
 * the size of the nodes. Nodes are looked at in blocks of 64 slots: a block of an inner node leaves
 * a mask of the children still to enter, a block of a leaf a mask of the hits still to give.
 *
 *     advance ---> block of the current leaf ---> hits? give them
 *        ^                  | none left
 *        +---- enter <----- next leaf of the queue
 *                           ^ fewer than a few wait
 *                           | children of the deepest frame that has some: leaves are queued,
 *                             inner nodes entered
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_WINDOW_PRIVATE_H
#define XTI_WINDOW_PRIVATE_H

#include "tree/condition.h"

/* An inner node on the way down, and the block of it that is being worked on. */
struct xti_window_frame {
    const struct xtd_node *node;
    const uint32_t *refs; /* of the block's first slot */
    uint64_t meet;        /* children of the block still to enter */
    uint64_t hold;        /* those of them that are known to hold */
    uint64_t ahead;       /* inner nodes among them that were not asked for from memory yet */
    uint32_t next_slot;   /* where the next block begins */
    uint16_t level;       /* of the children */
    bool is_whole;        /* all conditions hold: nothing below is tested */
};

/* Leaves are asked for from memory and queued. As long as fewer wait than that, the walk goes on to
 * find more. */
#define XTI_LEAVES_AHEAD 8u /* a power of two */

struct xti_window_query {
    enum xti_query_kind query_kind; /* first: xt_query is told by it */
    const struct xti_os *os;
    const struct xti_view *view;
    const struct xti_layout *layout;
    const struct xti_kernels *kernels;
    const struct xti_span *span; /* hint for xti_view_node() */
    size_t bytes;                /* of this allocation */
    xt_status status;            /* XT_OK while there may be more; then it stays as it is */
    bool is_started;
    bool is_counting; /* children that hold are counted, not entered */
    bool takes_point; /* the window is a point; not looked at here */

    /* The current leaf. */
    bool leaf_is_whole;
    const struct xtd_node *leaf;
    const uint64_t *leaf_ids; /* of the block's first slot */
    uint64_t pending;         /* hits of the block that were not given yet */
    uint32_t leaf_first;      /* the block's first slot */
    uint32_t leaf_next;       /* where the next block begins */
    uint32_t leaf_count;      /* 0: there is no current leaf */

    /* The queue: leaves are numbered as they come, number i lies at i modulo its length. */
    uint32_t queue_first;
    uint32_t queue_end;
    uint32_t queue[XTI_LEAVES_AHEAD]; /* their refs */
    uint32_t queue_hold;              /* a bit for each: it is known to hold */

    uint32_t depth; /* frames in use */
    uint64_t limit; /* UINT64_MAX: none */
    uint64_t limit_left;
    uint64_t counted;
    uint64_t nodes, leaves, items; /* xt_walk_stats; so is this, but without a line for each node */
    uint64_t lines;
    struct xti_ahead ahead; /* .leaf: what will be read of one that is tested */
    struct xti_conditions conditions;
    struct xti_condition window;
    struct xti_window_frame frames[]; /* the view's height - 1; then the conditions' arrays */
};

/* Moves on to the next block of a leaf that has hits, and puts them into `pending`, which must be
 * 0. False: there is none, and query->status says why. */
bool xti_window_advance(struct xti_window_query *query);

/* ---- what window queries of all kinds share ---------------------------------------------- */

/* Asks for a leaf: for what will be read of it. */
static inline void xti_leaf_ask(const struct xti_view *view, const struct xti_ahead *ahead,
                                uint32_t ref, bool reads_coords)
{
    if (reads_coords) {
        xti_view_prefetch(view, ref, ahead->leaf);
        return;
    }
    xti_view_prefetch(view, ref, 1);
    xti_view_prefetch(view, ref + ahead->id_first, ahead->ids);
}

#define XTI_COMPRESS_SLACK 8u /* elements that compress_ids may write beyond the last */

/* Copies the ids of hits to out[], as many as there is room for, and takes them from *hits. */
static inline size_t xti_hits_take(const struct xti_kernels *kernels, const uint64_t *ids,
                                   uint64_t *hits, uint64_t *out, size_t room)
{
    uint64_t mask = *hits;
    size_t count = 0;

    if (room >= XTI_BLOCK_SLOTS + XTI_COMPRESS_SLACK ||
        room >= xti_bit_count(mask) + XTI_COMPRESS_SLACK) {
        *hits = 0;
        return kernels->compress_ids(ids, mask, out);
    }
    for (; count < room && mask != 0; mask &= mask - 1)
        out[count++] = ids[xti_bit_lowest(mask)];
    *hits = mask;
    return count;
}

/* How many of the four 16-slot groups of a block are touched: refs are 16 to a line. */
static inline uint32_t xti_lines_of_refs(uint64_t mask)
{
    uint32_t lines = (mask & 0xffff) != 0;

    lines += (mask >> 16 & 0xffff) != 0;
    lines += (mask >> 32 & 0xffff) != 0;
    lines += mask >> 48 != 0;
    return lines;
}

/* Ids are 8 to a line: counts the bytes of the mask that are not zero. */
static inline uint32_t xti_lines_of_ids(uint64_t mask)
{
    mask |= mask >> 4;
    mask |= mask >> 2;
    mask |= mask >> 1;
    return (uint32_t)((mask & UINT64_C(0x0101010101010101)) * UINT64_C(0x0101010101010101) >> 56);
}

/* Lines of the arrays of a block that begins at slot `first`. */
static inline uint32_t xti_lines_of_boxes(const struct xti_layout *layout, uint32_t capacity,
                                          uint32_t first)
{
    uint32_t slots = capacity - first < XTI_BLOCK_SLOTS ? capacity - first : XTI_BLOCK_SLOTS;

    return slots / 16 * 2 * layout->dims;
}

static inline uint32_t xti_lines_of_coords(const struct xti_layout *layout, uint32_t capacity,
                                           uint32_t first)
{
    uint32_t slots = capacity - first < XTI_BLOCK_SLOTS ? capacity - first : XTI_BLOCK_SLOTS;

    return slots / 16 * layout->leaf_axes * layout->coord_bytes / 4;
}

#endif
