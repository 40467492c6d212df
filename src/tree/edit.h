/* src/tree/edit.h -- what the files that change the tree share; private to the tree room.
 *
 *   edit.c        the writer; the path from the root to a leaf; copying nodes on first touch
 *   edit_node.c   single nodes
 *   frame.c       boxes on their way up the path; origins
 *   entries.c     the entries of nodes that are divided
 *   choose.c      which child takes a new item
 *   overflow.c    a node that is full: split, or supernode
 *   split.c       how the entries of a full node are divided
 *   insert.c      insertion
 *   remove.c      finding an item; removal, merging, moving
 *   move_out.c    moving what lives in some arenas elsewhere
 *   graft.c       a bulk-loaded tree becomes part of a tree that holds items
 *
 * A change goes through three phases. It walks down and reads; it reserves what it may need; then
 * it changes nodes, and nothing can fail any more. So a change that fails has changed nothing.
 *
 * Nodes of the pending change ("own") are edited in place; others are copied when they are first
 * touched, and with them the path up to the root.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TREE_EDIT_H
#define XTI_TREE_EDIT_H

#include <math.h>

#include "tree/edit_node.h"
#include "tree/entries.h"

/* ---- parameters --------------------------------------------------------------------------- */

/* Of the entries of a node that is split, each half gets at least a fifth (Beckmann, Seeger, A
 * Revised R*-tree in Comparison with Related Index Structures, SIGMOD 2009, section 4). A node
 * with less than a fifth of its capacity gives its entries away. */
#define XTI_SHARE_MIN 5u

static inline uint32_t xti_count_min(uint32_t count)
{
    uint32_t least = count / XTI_SHARE_MIN;

    return least > 0 ? least : 1;
}

/* ---- the writer --------------------------------------------------------------------------- */

/* A node on the path, and the slot of the one below it, or of the item. */
struct xti_step {
    struct xtd_node *node;
    uint32_t ref;
    uint32_t slot;
    bool is_own;
};

/* A box in the frame of inner nodes that have this origin: dims floats each. */
struct xti_frame {
    double *origin;
    float *lo, *hi;
    bool is_set;
};

/* An insertion of which all is done but for the leaf, which is on its way from memory. */
struct xti_late {
    bool is_set;
    uint64_t id;
    double *low, *high; /* the item, or room for one */
    struct xti_step *path;
};

struct xti_writer {
    const struct xti_os *os;
    struct xti_txn *txn;
    const struct xti_layout *layout;
    const struct xti_kernels *kernels;
    size_t bytes;        /* of this allocation */
    uint32_t leaf_units; /* of a node of normal size */
    uint32_t inner_units;
    uint32_t ahead_leaf; /* lines of a node of normal size to ask for ahead */
    uint32_t ahead_inner;
    xt_medium medium;
    double max_overlap; /* 0: computed from the size of the node and the medium */
    struct xti_root root;
    struct xti_memory memory; /* where own nodes were found last */
    uint32_t sequence;        /* of the pending change that the path belongs to */
    bool has_path;            /* the path of the last insertion: every node of it is own */
    bool path_is_own;         /* every node of the path that was found last */
    bool path_holds;  /* the box stored for its leaf, and with it every other, holds the item */
    bool is_in_order; /* the path of the insertion before has served lately */
    struct xti_step *path;      /* by level: one of `paths` */
    double *low, *high;         /* the item that is inserted or sought, as kept */
    struct xti_frame exact;     /* its box in the frame of the last node that asked */
    struct xti_frame rising;    /* a box on its way up */
    float *grown_lo, *grown_hi; /* scratch of choose.c: dims floats each */
    struct xti_late late;
    struct xti_step paths[2][XTD_LEVELS_MAX];
    struct xti_entries entries;
    xt_change_stats stats;
};

/* Puts the item that was put off into its leaf. The path leads there then, as after any
 * insertion. */
void xti_late_end(struct xti_writer *writer);

/* Units of the whole store: a search that enters more nodes goes in circles. */
uint64_t xti_writer_units(const struct xti_writer *writer);

/* Units that a change of the nodes on the path from `bottom` up may allocate at most. */
uint64_t xti_path_units(const struct xti_writer *writer, uint32_t bottom);

/* Takes over the root, and forgets the path when it was made for another pending change. */
void xti_writer_look(struct xti_writer *writer);

/* The same, and ends an insertion that was put off. */
static inline void xti_writer_begin(struct xti_writer *writer)
{
    xti_writer_look(writer);
    if (writer->late.is_set)
        xti_late_end(writer);
}

/* Tells the transaction of the new root. */
void xti_writer_end(struct xti_writer *writer);

/* Puts an item's box into low and high, as the store keeps it. XT_EINVAL: it is none. high NULL: a
 * point. */
XT_NODISCARD xt_status xti_writer_item(struct xti_writer *writer, const double *low,
                                       const double *high);

/* The same for a box that is known to be one. */
static inline void xti_writer_put(struct xti_writer *writer, const double *low, const double *high)
{
    xt_status status = xti_writer_item(writer, low, high);

    XTI_ASSERT(status == XT_OK);
}

/* Finds the node at `ref`, checked so that it may be changed or copied; and puts it on the path. */
XT_NODISCARD xt_status xti_step_enter(struct xti_writer *writer, struct xti_step *step,
                                      uint32_t level, uint32_t ref);
XT_NODISCARD xt_status xti_path_enter(struct xti_writer *writer, uint32_t level, uint32_t ref);

/* Copies what is not own of the path down to the level `bottom`. Within a reservation. */
void xti_path_own(struct xti_writer *writer, uint32_t bottom);

/* The capacity that a copy of the path's node will have. */
uint32_t xti_path_copy_capacity(const struct xti_writer *writer, uint32_t level);

/* Moves the own node of a level to a block of another capacity, not less than its count. */
void xti_path_resize(struct xti_writer *writer, uint32_t level, uint32_t capacity);

/* Writes `ref` where the path refers to the node of a level: into its parent, or as the root. */
void xti_path_refer(struct xti_writer *writer, uint32_t level, uint32_t ref);

/* Asks the processor for a child that is about to be entered; `ref` need not be valid. */
static inline void xti_child_ask(const struct xti_writer *writer, uint32_t ref, uint32_t level)
{
    const char *node = xti_txn_at(writer->txn, ref);
    uint32_t lines = level == 0 ? writer->ahead_leaf : writer->ahead_inner;

    for (; lines >= 4; lines -= 4, node += (size_t)4 * XTD_UNIT_BYTES) {
        __builtin_prefetch(node);
        __builtin_prefetch(node + XTD_UNIT_BYTES);
        __builtin_prefetch(node + (size_t)2 * XTD_UNIT_BYTES);
        __builtin_prefetch(node + (size_t)3 * XTD_UNIT_BYTES);
    }
    for (; lines > 0; lines--, node += XTD_UNIT_BYTES)
        __builtin_prefetch(node);
    /* Else gcc finds that a function which only prefetches has no effect, and drops its calls. */
    __asm__ volatile("");
}

/* ---- frames ------------------------------------------------------------------------------- */

static inline bool xti_frame_fits(const struct xti_frame *frame, const double *origin,
                                  uint32_t dims)
{
    bool is_same = frame->is_set;

    if (dims == 2)
        return is_same & (frame->origin[0] == origin[0]) & (frame->origin[1] == origin[1]);
    for (uint32_t axis = 0; axis < dims && is_same; axis++)
        is_same = frame->origin[axis] == origin[axis];
    return is_same;
}

/* The slow part of xti_frame_item(). */
void xti_frame_item_at(struct xti_writer *writer, const double *origin);

/* Puts the item's box into writer->exact, for nodes with the origin of `node`. */
static inline void xti_frame_item(struct xti_writer *writer, const struct xtd_node *node)
{
    const double *origin = xti_inner_origin_const(node);

    if (!xti_frame_fits(&writer->exact, origin, writer->layout->dims))
        xti_frame_item_at(writer, origin);
}

/* Puts the box between writer->low and high into writer->rising, inward: for nodes with the origin
 * of `node`. Not to be mixed with what follows before rising.is_set is false again. */
void xti_frame_inside(struct xti_writer *writer, const struct xtd_node *node);

/* Moves writer->rising, which is set, to the origin of `node`, outward. */
void xti_frame_move(struct xti_writer *writer, const struct xtd_node *node);

/* Puts the box of a node's content into writer->rising, in the frame of `parent`. */
void xti_frame_content(struct xti_writer *writer, const struct xtd_node *node,
                       const struct xtd_node *parent);

/* Grows the boxes on the path, from that in the node of `level` on, until one holds
 * writer->rising. */
void xti_path_rise(struct xti_writer *writer, uint32_t level);

/* The slot's box holds one in the frame of its node. */
bool xti_slot_holds(const struct xti_layout *layout, const struct xtd_node *node, uint32_t slot,
                    const struct xti_frame *frame);

/* Moves an own inner node's boxes to another origin, outward. */
void xti_origin_move(const struct xti_layout *layout, struct xtd_node *node, const double *origin);

/* Gives an own inner node an origin from which its boxes are precise, if it has none: boxes grow by
 * a rounding. True: it did. */
bool xti_origin_renew(struct xti_writer *writer, struct xtd_node *node);

/* ---- insert.c ----------------------------------------------------------------------------- */

/* Puts the path on which writer->low, high is to be added, down to the level `bottom`. */
XT_NODISCARD xt_status xti_path_find(struct xti_writer *writer, uint32_t bottom);

/* Makes the path own down to the level `bottom`, and room for an entry more in each of its nodes.
 * Fails before it changes anything. */
XT_NODISCARD xt_status xti_path_prepare(struct xti_writer *writer, uint32_t bottom);

/* Inserts the item writer->low, high between xti_writer_begin() and xti_writer_end(). */
XT_NODISCARD xt_status xti_insert_item(struct xti_writer *writer, uint64_t id);

/* Writes the item writer->low, high to a slot of an own leaf. */
void xti_leaf_write(struct xti_writer *writer, struct xtd_node *leaf, uint32_t slot, uint64_t id);

/* ---- choose.c ----------------------------------------------------------------------------- */

/* The slow part of xti_choose(). holding: those of the first 64 slots that hold the item. */
bool xti_choose_among(struct xti_writer *writer, const struct xtd_node *node, uint64_t holding,
                      uint32_t *slot);

/* The slot of `node` that shall take in the item; any below count when boxes are NaN. True: its box
 * holds the item. */
static inline bool xti_choose(struct xti_writer *writer, const struct xtd_node *node,
                              uint32_t *slot)
{
    uint64_t holding;

    xti_frame_item(writer, node);
    holding = writer->kernels->inner_covers(
        xti_inner_boxes_const(writer->layout, node), node->capacity, xti_slots_left(node, 0),
        writer->layout->dims, writer->exact.lo, writer->exact.hi);
    if (holding == 0 || (holding & (holding - 1)) != 0 || node->count > 64)
        return xti_choose_among(writer, node, holding, slot);
    *slot = (uint32_t)__builtin_ctzll(holding);
    return true;
}

/* ---- overflow.c --------------------------------------------------------------------------- */

/* Room in writer->entries for those of each full node of the path from `bottom` up, and one more.
 * XT_ENOMEM. */
XT_NODISCARD xt_status xti_path_fit(struct xti_writer *writer, uint32_t bottom);

/* Divides the path's own leaf, which is full, and the item writer->low, high, `id`: returns the new
 * leaf, which no node refers to yet. Within a reservation, as all that follows. */
struct xtd_node *xti_leaf_split(struct xti_writer *writer, uint64_t id);

/* Adds `sibling` beside the path's node of `level`, whose content has changed: to the node above,
 * and where that is full and splits, so on up to a new root. Boxes above are made right. True: the
 * node above took it as its last entry; else the path is not right any more. */
bool xti_path_add(struct xti_writer *writer, uint32_t level, struct xtd_node *sibling);

/* Adds a child to the path's own node of `level`, likewise. */
void xti_path_add_child(struct xti_writer *writer, uint32_t level, const struct xtd_node *child);

/* Which share of its entries the halves of a full node may both hold before it becomes a supernode:
 * `count` entries are in it. */
double xti_overlap_max(const struct xti_writer *writer, uint32_t count);

#endif
