/* src/tree/nearest_private.h -- a nearest search's state, for the files nearest*.c.
 *
 * Best first: what lies nearest is looked at next, be it a node or an item. Nodes are expanded
 * lazily. What was entered is kept as a frame, with a number for each slot (the key of a child, the
 * distance of an item) and stands in a heap with the least of them only. Taking that one away,
 * a scan of the frame finds the next. So one push is paid for each block of 64 slots that is
 * entered, not for each slot, and far slots cost nothing more.
 *
 *     nodes: heap of blocks of inner nodes,       items: heap of blocks of leaves,
 *            by key (of a lower bound)                   by (distance, unresolved first, id)
 *
 *     step:  is the least item nearer than the least key allows for anything in a node?
 *            then it is next; else that child is entered
 *
 * An item is resolved when the caller's filter and distance have been asked, where there are any,
 * and on a sphere when its distance has been computed. Until then it has a lower bound of that.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_NEAREST_PRIVATE_H
#define XTI_NEAREST_PRIVATE_H

#include "tree/tree.h"

#define XTI_NEAREST_SLOTS 64u /* in a block, at most */

/* A block of an inner node. */
struct xti_near_node {
    const uint32_t *refs; /* of the block's first slot */
    uint32_t used;        /* slots */
    uint32_t level;       /* of the children */
    int32_t keys[];       /* those that were entered are XTI_KEY_NONE */
};

/* A block of a leaf. */
struct xti_near_leaf {
    const struct xtd_node *leaf;
    const uint64_t *ids; /* of the block's first slot */
    uint64_t resolved;   /* a bit for each slot */
    uint32_t first;
    uint32_t used;
    double distances[]; /* of those that were given, or left out: NaN */
};

/* An entry of the heap of items. */
struct xti_near_item {
    double distance;
    uint32_t frame;
    uint16_t slot;
    bool is_resolved;
};

/* Frames of one kind and the heap of those in use: one piece of memory, the frames first. It
 * doubles when it is full. */
struct xti_near_pool {
    char *memory;
    size_t frame_bytes;
    size_t entry_bytes; /* of the heap */
    size_t own_bytes;   /* of the piece; 0: it lies in the query's own allocation */
    uint32_t capacity;  /* frames, and entries */
    uint32_t made;      /* frames that were ever in use; those behind them were not touched */
    uint32_t free_count;
    uint32_t heap_count;
};

struct xti_nearest {
    enum xti_query_kind query_kind;
    xt_status status; /* XT_OK while there may be more; then it stays as it is */
    const struct xti_os *os;
    const struct xti_view *view;
    const struct xti_layout *layout;
    const struct xti_kernels *kernels;
    const struct xti_span *span; /* hint for xti_view_node() */
    size_t bytes;                /* of this allocation */

    bool is_started;
    bool knows_origin; /* near.below and near.above are the point moved to `origin` */
    bool must_resolve; /* items are not given as they come from the leaves */
    xt_metric metric;
    bool asks_ahead; /* each step asks for what the next one may need */
    double floor;    /* nothing in a node is nearer; set while there are nodes and items */
    double max_distance;
    double cut; /* what is farther is of no interest: max_distance, or the k-th that was seen */
    int32_t key_cut;      /* nodes with larger keys lie beyond the cut */
    uint64_t k;           /* UINT64_MAX: no end */
    uint64_t left;        /* of k */
    uint64_t visits_left; /* a search that enters more nodes than there are units goes in circles */
    uint64_t nodes, leaves, lines, items; /* xt_walk_stats */
    uint32_t inner_slots; /* of a block of an inner node, at most; a multiple of 16 */
    uint32_t leaf_slots;
    uint32_t inner_lines; /* of an inner node of normal size: what to ask for ahead of time */
    uint32_t leaf_lines;

    xt_filter_fn *filter;
    void *filter_context;
    xt_distance_fn *distance;
    void *distance_context;

    struct xti_near near;
    struct xti_sphere sphere;
    double *point, *origin, *item_low, *item_high; /* behind this struct */
    double *
        best; /* distances of the best_capacity nearest that were seen, a heap: the largest first */
    uint32_t best_capacity; /* k; 0: none are kept */
    uint32_t best_count;
    float *below, *above, *unused_f32;
    bool (*leaf_near)(const struct xti_slots *slots, const struct xti_near *near,
                      double *distances);
    struct xti_near_pool node_pool, leaf_pool;
};

enum xti_near_step {
    XTI_NEAR_END,  /* query->status says why */
    XTI_NEAR_NODE, /* a node was expanded, or an item resolved: go on */
    XTI_NEAR_ITEM  /* the least item is next */
};

/* One step of the search. */
enum xti_near_step xti_nearest_step(struct xti_nearest *query);

/* Asks the processor for the node that the next step will expand. */
void xti_nearest_ask(const struct xti_nearest *query);

/* The least item: where it lies, and how far. */
struct xti_near_found {
    const struct xtd_node *leaf;
    uint32_t slot;
    uint64_t id;
    double distance;
};
struct xti_near_found xti_nearest_least(const struct xti_nearest *query);

/* Copies its coordinates to query->item_low and item_high, which are one array for points. */
void xti_nearest_coords(const struct xti_nearest *query, const struct xti_near_found *found);

/* Takes the least item away, as given. */
void xti_nearest_take(struct xti_nearest *query);

/* Makes the search as it was when it was opened, for another point. */
void xti_nearest_begin(struct xti_nearest *query, const double *point);

/* ---- the cut (nearest_cut.c) ---------------------------------------------------------------- */

/* Searches for at most as many neighbours, of points with at least as many axes, keep the
 * distances of the nearest that were seen: two kilobytes at most, part of the query. */
#define XTI_NEAR_BEST_MAX 256u
#define XTI_NEAR_BEST_DIMS 6u

/* Sets it to max_distance, when a search begins. */
void xti_near_cut_start(struct xti_nearest *query);

/* Takes note of the distances of a block of `used` slots, none of which was seen before, and draws
 * the cut nearer. */
void xti_near_cut_draw(struct xti_nearest *query, const double *distances, uint32_t used);

/* ---- on a sphere (nearest_sphere.c) -------------------------------------------------------- */

/* Leaves get lower bounds first; what they are worth is computed when an item is resolved. */
void xti_near_sphere_leaf(const struct xti_nearest *query, const struct xtd_node *leaf,
                          struct xti_near_leaf *block);
int32_t xti_near_sphere_inner(const struct xti_nearest *query, const struct xtd_node *node,
                              uint32_t first, struct xti_near_node *block);

/* ---- frames and heaps (nearest_pool.c) ----------------------------------------------------- */

#define XTI_NEAR_NONE UINT32_MAX

/* Bytes of a pool of `capacity` frames. */
size_t xti_near_pool_bytes(const struct xti_near_pool *pool, uint32_t capacity);

/* A frame that is not in use; XTI_NEAR_NONE: out of memory. Frames may move. */
uint32_t xti_near_pool_take(struct xti_near_pool *pool, const struct xti_os *os);
void xti_near_pool_give(struct xti_near_pool *pool, uint32_t frame);
void xti_near_pool_release(struct xti_near_pool *pool, const struct xti_os *os);

static inline void *xti_near_pool_frame(const struct xti_near_pool *pool, uint32_t frame)
{
    return pool->memory + (size_t)frame * pool->frame_bytes;
}

static inline void *xti_near_pool_heap(const struct xti_near_pool *pool)
{
    return pool->memory + (size_t)pool->capacity * pool->frame_bytes;
}

#endif
