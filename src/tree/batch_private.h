/* src/tree/batch_private.h -- a query of many windows: its state, for batch.c, batch_walk.c and
 * batch_order.c.
 *
 * The walks of a few windows run at the same time, so that one computes while the others wait for
 * memory. What is left to do is kept as tasks in a ring: a task is a block of 64 slots of a node,
 * to be looked at for one window. When a task is pushed its node is asked for from memory; by the
 * time its turn comes the node is there.
 *
 *     windows in order ---> flights, a few at a time
 *                                        | root
 *                                        v
 *     [ ring of tasks ] ---> popped ---> looked at ---> leaf: hits, or their number
 *             ^                          |     ^
 *             | asked for                |     | a single child that is at hand
 *             +--------------------------+-----+
 *                 children that meet
 *
 * The oldest task is popped, so the ring grows where nodes have many children that meet. When it
 * holds more than XTI_TASKS_CALM, the newest is popped: the walk goes depth first. How many tasks
 * there can be: from XTI_TASKS_CALM or fewer, looking at one task adds at most 64 children and for
 * each level the next block of a node; from there on, depth first, each inner level adds 64 at most
 * before its own are popped. Together no more than XTI_TASKS_CALM + 65 * height.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_BATCH_PRIVATE_H
#define XTI_BATCH_PRIVATE_H

#include "tree/window_private.h"

#define XTI_TASKS_CALM 256u      /* as many as the children of a few normal nodes */
#define XTI_TASKS_BUSY 16u       /* no further window is begun while so many tasks wait */
#define XTI_FLIGHTS_MAX 32u      /* windows at a time: a bit each in a word */
#define XTI_CHUNK_WINDOWS 65536u /* so many windows are put in order at once */

struct xti_task {
    uint32_t ref;
    uint32_t first_slot; /* of the block */
    uint16_t flight;
    uint8_t level;
    bool is_whole; /* all conditions hold: nothing is tested */
};
static_assert(XTD_LEVELS_MAX <= UINT8_MAX, "a level fits into a byte");

/* A window that is being worked on. */
struct xti_flight {
    size_t number;  /* of the window among the caller's */
    uint32_t tasks; /* of it in the ring; when there is none, it ends */
    uint64_t limit_left;
    uint64_t visits_left;
    uint64_t counted;
    struct xti_condition window;
};

/* The node of a level that was looked at last: neighbours mostly come through the same. */
struct xti_known_node {
    uint32_t ref; /* 0: none */
    const struct xtd_node *node;
};

struct xti_windows_query {
    enum xti_query_kind query_kind; /* first: xt_query is told by it */
    const struct xti_os *os;
    const struct xti_view *view;
    const struct xti_span *span; /* hint for xti_view_node() */
    size_t bytes;                /* of this allocation */
    xt_status status;            /* XT_OK while there may be more; then it stays as it is */
    bool takes_counts;           /* the number of hits is wanted, not their ids */
    bool is_counting;            /* children that hold are counted, not entered */
    uint64_t limit;              /* of each window */
    uint64_t *counts;            /* of each window, or NULL */
    uint64_t counted;            /* of all windows that ended */
    uint64_t nodes, leaves, lines, items; /* xt_walk_stats */

    /* Windows still to begin: those of the chunk from `chunk_next` on in the order of `order`, of
     * which the lower half is a number in the chunk; then the chunks behind it. */
    const double *windows;
    size_t window_count;
    size_t chunk_first;
    size_t chunk_count;
    size_t chunk_next;
    uint64_t *order;
    uint64_t *order_spare;

    /* The ring: tasks are numbered as they come, number i lies at i modulo its size. */
    struct xti_task *tasks;
    uint32_t tasks_mask; /* its size - 1 */
    uint32_t tasks_first;
    uint32_t tasks_end;
    struct xti_flight *flights;
    uint32_t flights_free; /* a bit for each */

    /* Hits that were not given yet. */
    uint64_t hits;
    const uint64_t *hit_ids; /* of the block's first slot */
    size_t hit_window;

    struct xti_known_node known[XTD_LEVELS_MAX];
    struct xti_ahead ahead;
    struct xti_conditions conditions; /* all fields before it begin as zeroes */
};

/* Goes on until there are hits, which must be 0. False: there are none, and query->status says
 * why. (batch_walk.c) */
bool xti_windows_advance(struct xti_windows_query *query);

/* Puts the next chunk of windows in an order in which neighbours follow each other.
 * (batch_order.c) */
void xti_windows_order(struct xti_windows_query *query);

#endif
