/* src/format/node.h -- nodes: a header of 64 bytes, then arrays.
 *
 *   offset  size  field        meaning
 *        0     4  crc32c       of bytes 4 .. size_units * 64 - 1; written when the node is sealed
 *        4     4  self_ref     where the node lies: finds misdirected and stale blocks
 *        8     8  birth_txn    the commit that first holds this content
 *       16     4  count        entries in use, from slot 0 on
 *       20     4  capacity     slots; a multiple of 16
 *       24     4  size_units   of the whole node
 *       28     1  kind         1 leaf of points, 2 leaf of boxes, 3 inner (4.. later: quantised,
 *                              coded leaf, leaf with record refs); 255: a block in no use, zeroes
 *                              behind the header
 *       29     1  level        0: leaf
 *       30     2  flags        bit 0: supernode
 *       32     8  item_count   items in the subtree
 *       40     4  aux_ref      0 (later: the exact part of a coded leaf)
 *       44     4  reserved     0
 *       48    16  leaf: 0. Inner: the origin begins here.
 *
 * Inner node: f64 origin[dims] at 48; at the next multiple of 64 the children's boxes as f32
 * offsets from the origin, lo0[capacity], hi0[capacity], lo1[], hi1[], ...; then u32
 * child_ref[capacity]. Zeroes between the origin and the boxes.
 *
 * Leaf: at 64 the coordinates, f64 or f32 as the schema says: x0[capacity], x1[], ... for points,
 * lo0[capacity], hi0[capacity], lo1[], hi1[], ... for boxes; then u64 id[capacity]. For f32 with an
 * odd number of arrays the ids begin at a multiple of 64 all the same, as capacity is a multiple
 * of 16.
 *
 * Slots at or beyond count: NaN in coordinates (any NaN), 0 in refs and ids.
 *
 * Specification: docs/format.md.   SPDX-License-Identifier: MIT
 */
#ifndef XTI_FORMAT_NODE_H
#define XTI_FORMAT_NODE_H

#include <string.h>

#include "format/format.h"

enum xtd_node_kind { XTD_LEAF_POINTS = 1, XTD_LEAF_BOXES = 2, XTD_INNER = 3, XTD_UNUSED = 255 };
enum xtd_node_flags { XTD_NODE_SUPERNODE = 1 };

#define XTD_NODE_ORIGIN_OFFSET 48u

struct xtd_node {
    uint32_t crc32c;
    uint32_t self_ref;
    uint64_t birth_txn;
    uint32_t count;
    uint32_t capacity;
    uint32_t size_units;
    uint8_t kind;
    uint8_t level;
    uint16_t flags;
    uint64_t item_count;
    uint32_t aux_ref;
    uint32_t reserved;
    uint8_t body[16]; /* continues behind the header */
};
static_assert(sizeof(struct xtd_node) == 64, "one cache line");
static_assert(offsetof(struct xtd_node, birth_txn) == 8, "see the table above");
static_assert(offsetof(struct xtd_node, item_count) == 32, "see the table above");
static_assert(offsetof(struct xtd_node, body) == XTD_NODE_ORIGIN_OFFSET, "see the table above");

/* What the header of a node of normal size says, at level 0 or, but for the level, above. */
struct xti_usual_node {
    uint64_t shape;      /* the 8 bytes from size_units on */
    uint64_t units;      /* UINT64_MAX: no such node is allowed */
    uint64_t items_over; /* items - count is less: stricter than need be above level 0 */
    uint32_t capacity;
};

/* How much of a node of normal size to ask for from memory ahead of time, in lines; longer ones are
 * left to the processor's own prefetching, which sees sequential reads. */
#define XTI_AHEAD_LINES_MAX 32u

struct xti_ahead {
    uint32_t inner;
    uint32_t leaf;
    uint32_t coords;   /* of a leaf, without the ids */
    uint32_t id_first; /* where the ids begin, and how many lines they take */
    uint32_t ids;
};

/* Where things lie in the nodes of one store: derived from its schema once. */
struct xti_layout {
    uint32_t dims;
    uint8_t leaf_kind;           /* XTD_LEAF_POINTS or XTD_LEAF_BOXES */
    uint8_t coord_type;          /* xt_coord_type */
    uint8_t coord_bytes;         /* 4 or 8 */
    uint32_t leaf_axes;          /* coordinate arrays in a leaf: dims or 2 * dims */
    uint32_t leaf_capacity;      /* of a normal leaf */
    uint32_t inner_capacity;     /* of a normal inner node */
    uint32_t inner_boxes_offset; /* bytes */
    uint32_t node_units_max;
    struct xti_usual_node usual_leaf, usual_inner;
    struct xti_ahead ahead;
};

void xti_layout_init(struct xti_layout *layout, uint32_t dims, xt_item_kind kind,
                     xt_coord_type coord_type, uint32_t leaf_capacity, uint32_t inner_capacity,
                     uint32_t node_units_max);

/* Units of a leaf or an inner node of a given capacity, a multiple of 16; UINT32_MAX for more than
 * can be counted, which is more than any store allows. */
uint32_t xti_leaf_units(const struct xti_layout *layout, uint32_t capacity);
uint32_t xti_inner_units(const struct xti_layout *layout, uint32_t capacity);

/* Parts of a node. The node was checked, or is being made. */
static inline double *xti_inner_origin(struct xtd_node *node)
{
    return (double *)(void *)node->body;
}
static inline float *xti_inner_boxes(const struct xti_layout *layout, struct xtd_node *node)
{
    return (float *)(void *)((char *)node + layout->inner_boxes_offset);
}
static inline uint32_t *xti_inner_refs(const struct xti_layout *layout, struct xtd_node *node)
{
    return (uint32_t *)(void *)(xti_inner_boxes(layout, node) +
                                (size_t)2 * layout->dims * node->capacity);
}
static inline void *xti_leaf_coords(struct xtd_node *node)
{
    return (char *)node + sizeof *node;
}
static inline uint64_t *xti_leaf_ids(const struct xti_layout *layout, struct xtd_node *node)
{
    return (uint64_t *)(void *)((char *)xti_leaf_coords(node) +
                                (size_t)layout->leaf_axes * node->capacity * layout->coord_bytes);
}
static inline const double *xti_inner_origin_const(const struct xtd_node *node)
{
    return (const double *)(const void *)node->body;
}
static inline const float *xti_inner_boxes_const(const struct xti_layout *layout,
                                                 const struct xtd_node *node)
{
    return (const float *)(const void *)((const char *)node + layout->inner_boxes_offset);
}
static inline const uint32_t *xti_inner_refs_const(const struct xti_layout *layout,
                                                   const struct xtd_node *node)
{
    return (const uint32_t *)(const void *)(xti_inner_boxes_const(layout, node) +
                                            (size_t)2 * layout->dims * node->capacity);
}
static inline const void *xti_leaf_coords_const(const struct xtd_node *node)
{
    return (const char *)node + sizeof *node;
}
static inline const uint64_t *xti_leaf_ids_const(const struct xti_layout *layout,
                                                 const struct xtd_node *node)
{
    return (const uint64_t *)(const void *)((const char *)xti_leaf_coords_const(node) +
                                            (size_t)layout->leaf_axes * node->capacity *
                                                layout->coord_bytes);
}

/* Computes crc32c over a finished node. */
void xti_node_seal(struct xtd_node *node);

/* What xti_node_check() does when a first look does not tell that all is right. */
XT_NODISCARD xt_status xti_node_check_all(const struct xti_layout *layout,
                                          const struct xtd_node *node, uint32_t ref, uint32_t level,
                                          uint64_t units_left, struct xti_finding *finding);

/* The 8 bytes of a node's header from `offset` on. */
static inline uint64_t xti_node_word(const struct xtd_node *node, size_t offset)
{
    uint64_t word;

    memcpy(&word, (const char *)node + offset, sizeof word);
    return word;
}

/* False: a leaf, or an inner node of two dimensions, that is not of normal size, or wrong; or any
 * other inner node. Without branches where all is right. */
static inline bool xti_node_is_usual(const struct xti_layout *layout, const struct xtd_node *node,
                                     uint32_t ref, uint32_t level)
{
    const struct xti_usual_node *usual = level == 0 ? &layout->usual_leaf : &layout->usual_inner;
    uint64_t shape = usual->shape | (uint64_t)level << 40;
    uint64_t body = xti_node_word(node, XTD_NODE_ORIGIN_OFFSET);
    uint64_t body_end = xti_node_word(node, XTD_NODE_ORIGIN_OFFSET + sizeof body);
    uint64_t differences = (node->self_ref ^ ref) | (node->capacity ^ usual->capacity) |
                           (xti_node_word(node, offsetof(struct xtd_node, size_units)) ^ shape) |
                           xti_node_word(node, offsetof(struct xtd_node, aux_ref));
    const uint64_t infinity = UINT64_C(0x7ff) << 53; /* without its sign */
    bool is_body_right =
        level == 0 ? (body | body_end) == 0
                   : (body << 1 < infinity) & (body_end << 1 < infinity) & (layout->dims == 2);

    return (differences == 0) & (node->count - 1 < node->capacity) & (node->birth_txn != 0) &
           (node->item_count - node->count < usual->items_over) & is_body_right;
}

/* The structure of a node found at `ref` where one of level `level` must lie, with `units_left`
 * units of committed arena from its first byte on: own ref, kind, level, count, capacity, size,
 * finite origin, reserved zeroes. Not the checksum, not the arrays. XT_OK or XT_ECORRUPT. */
XT_NODISCARD static inline xt_status xti_node_check(const struct xti_layout *layout,
                                                    const struct xtd_node *node, uint32_t ref,
                                                    uint32_t level, uint64_t units_left,
                                                    struct xti_finding *finding)
{
    uint64_t units = level == 0 ? layout->usual_leaf.units : layout->usual_inner.units;

    if (units_left >= units && xti_node_is_usual(layout, node, ref, level))
        return XT_OK;
    return xti_node_check_all(layout, node, ref, level, units_left, finding);
}

/* The checksum of a node that passed xti_node_check(). XT_OK or XT_ECORRUPT. */
XT_NODISCARD xt_status xti_node_verify(const struct xtd_node *node, struct xti_finding *finding);

#endif
