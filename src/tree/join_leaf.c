/* src/tree/join_leaf.c -- the pairs of items of a pair of leaves: the inner loop of joins.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/join_private.h"

/* Ids are 8 to a line: counts the bytes of the mask that are not zero. */
static uint32_t lines_of_ids(uint64_t mask)
{
    mask |= mask >> 4;
    mask |= mask >> 2;
    mask |= mask >> 1;
    return (uint32_t)((mask & UINT64_C(0x0101010101010101)) * UINT64_C(0x0101010101010101) >> 56);
}

static uint32_t block_slots(const struct xtd_node *leaf, uint32_t first)
{
    uint32_t slots = leaf->capacity - first;

    return slots < XTI_BLOCK_SLOTS ? slots : XTI_BLOCK_SLOTS;
}

static uint32_t coord_lines(const struct xti_join_side *side, const struct xtd_node *leaf,
                            uint32_t first)
{
    return xti_join_block_lines(leaf->capacity, first, side->layout->leaf_axes,
                                side->layout->coord_bytes);
}

void xti_join_leaves_begin(struct xti_join *join, const struct xtd_node *outer_leaf,
                           const struct xtd_node *inner_leaf, const double *inner_box,
                           uint32_t outer)
{
    join->outer_leaf = outer_leaf;
    join->inner_leaf = inner_leaf;
    join->inner_box = inner_box;
    join->outer = outer;
    join->is_same = join->is_self && outer_leaf == inner_leaf;
    join->outer_next = 0;
    join->outer_items = 0;
    join->hits = 0;
}

uint64_t xti_join_leaf_meets(struct xti_join *join, uint32_t side, const struct xtd_node *leaf,
                             uint32_t first, const double *box)
{
    const struct xti_join_side *of = &join->sides[side];
    const void *coords = xti_leaf_coords_const(leaf);
    uint32_t dims = join->dims;

    if (of->layout->coord_bytes == sizeof(double))
        return of->leaf_f64(coords, leaf->capacity, first, dims, box, box + dims);
    xti_window_narrow(box, box + dims, dims, join->low_f32, join->high_f32);
    return of->leaf_f32(coords, leaf->capacity, first, dims, join->low_f32, join->high_f32);
}

/* ---- items -------------------------------------------------------------------------------- */

/* The arrays of the low sides of a leaf lie `step` values apart, and each high side `to_high`
 * behind its low side. */
struct arrangement {
    size_t step;
    size_t to_high;
};

static struct arrangement arrangement_of(const struct xti_join_side *side,
                                         const struct xtd_node *leaf)
{
    if (side->layout->leaf_kind == XTD_LEAF_POINTS)
        return (struct arrangement){leaf->capacity, 0};
    return (struct arrangement){(size_t)2 * leaf->capacity, leaf->capacity};
}

void xti_join_item_box(const struct xti_join_side *side, const struct xtd_node *leaf, uint32_t slot,
                       double *box)
{
    struct arrangement lies = arrangement_of(side, leaf);
    uint32_t dims = side->layout->dims;

    if (side->layout->coord_bytes == sizeof(double)) {
        const double *at = (const double *)xti_leaf_coords_const(leaf) + slot;

        for (uint32_t axis = 0; axis < dims; axis++, at += lies.step) {
            box[axis] = at[0];
            box[dims + axis] = at[lies.to_high];
        }
    } else {
        const float *at = (const float *)xti_leaf_coords_const(leaf) + slot;

        for (uint32_t axis = 0; axis < dims; axis++, at += lies.step) {
            box[axis] = (double)at[0];
            box[dims + axis] = (double)at[lies.to_high];
        }
    }
}

/* ---- blocks ------------------------------------------------------------------------------- */

static struct xti_block_f64 block_f64(const struct xti_join_side *side, const struct xtd_node *leaf,
                                      uint32_t first)
{
    struct arrangement lies = arrangement_of(side, leaf);
    const double *low = (const double *)xti_leaf_coords_const(leaf) + first;

    return (struct xti_block_f64){low, low + lies.to_high, lies.step, block_slots(leaf, first)};
}

static struct xti_block_f32 block_f32(const struct xti_join_side *side, const struct xtd_node *leaf,
                                      uint32_t first)
{
    struct arrangement lies = arrangement_of(side, leaf);
    const float *low = (const float *)xti_leaf_coords_const(leaf) + first;

    return (struct xti_block_f32){low, low + lies.to_high, lies.step, block_slots(leaf, first)};
}

/* Leaves of two coordinate types: each item is a window of its own. */
static uint64_t mixed_pairs(struct xti_join *join)
{
    const struct xti_join_side *outer = &join->sides[join->outer];
    uint64_t found = 0;

    for (uint64_t items = join->outer_items; items != 0; items &= items - 1) {
        uint32_t slot = xti_bit_lowest(items);

        xti_join_item_box(outer, join->outer_leaf, join->outer_first + slot, join->item_box);
        join->masks[slot] = xti_join_leaf_meets(join, 1 - join->outer, join->inner_leaf,
                                                join->inner_first, join->item_box);
        found |= (uint64_t)(join->masks[slot] != 0) << slot;
    }
    return found;
}

/* A leaf's block with itself: takes away all partners up to the item's own slot. */
static uint64_t same_pairs(struct xti_join *join, uint64_t hits)
{
    uint64_t found = 0;

    for (; hits != 0; hits &= hits - 1) {
        uint32_t slot = xti_bit_lowest(hits);

        join->masks[slot] &= ~xti_bits_below(slot + 1);
        found |= (uint64_t)(join->masks[slot] != 0) << slot;
    }
    return found;
}

/* Compares the outer block with the next one of the inner leaf. */
static void inner_block(struct xti_join *join)
{
    const struct xti_join_side *outer = &join->sides[join->outer];
    const struct xti_join_side *inner = &join->sides[1 - join->outer];
    bool is_f64 = outer->layout->coord_bytes == sizeof(double);
    uint32_t first = join->inner_next;

    join->inner_first = first;
    join->inner_next = first + XTI_BLOCK_SLOTS;
    if (outer->layout->coord_bytes != inner->layout->coord_bytes) {
        join->hits = mixed_pairs(join);
    } else if (is_f64) {
        struct xti_block_f64 a = block_f64(outer, join->outer_leaf, join->outer_first);
        struct xti_block_f64 b = block_f64(inner, join->inner_leaf, first);

        join->hits = join->kernels->pairs_f64(&a, &b, join->dims, join->outer_items, join->masks);
    } else {
        struct xti_block_f32 a = block_f32(outer, join->outer_leaf, join->outer_first);
        struct xti_block_f32 b = block_f32(inner, join->inner_leaf, first);

        join->hits = join->kernels->pairs_f32(&a, &b, join->dims, join->outer_items, join->masks);
    }
    if (join->is_same && first == join->outer_first)
        join->hits = same_pairs(join, join->hits);
    join->lines += coord_lines(inner, join->inner_leaf, first);
}

/* A block of the outer leaf: only items that meet the box of the inner leaf can have partners. */
static void outer_block(struct xti_join *join)
{
    uint32_t first = join->outer_next;

    join->outer_first = first;
    join->outer_next = first + XTI_BLOCK_SLOTS;
    join->inner_next = join->is_same ? first : 0;
    join->outer_items =
        xti_join_leaf_meets(join, join->outer, join->outer_leaf, first, join->inner_box);
    join->lines += coord_lines(&join->sides[join->outer], join->outer_leaf, first);
}

/* Goes on to the next two blocks of the pair of leaves. False: there are none. */
static bool blocks_next(struct xti_join *join)
{
    if (join->outer_leaf == NULL)
        return false;
    for (;;) {
        if (join->outer_items != 0 && join->inner_next < join->inner_leaf->count) {
            inner_block(join);
            return true;
        }
        if (join->outer_next >= join->outer_leaf->count)
            return false;
        outer_block(join);
    }
}

/* Ids of the items that are part of a pair. */
static uint32_t id_lines(const struct xti_join *join)
{
    uint64_t partners = 0;

    for (uint64_t hits = join->hits; hits != 0; hits &= hits - 1)
        partners |= join->masks[xti_bit_lowest(hits)];
    return lines_of_ids(join->hits) + lines_of_ids(partners);
}

bool xti_join_advance(struct xti_join *join)
{
    if (join->status != XT_OK)
        return false;
    do {
        if (!blocks_next(join) && !xti_join_leaves_next(join))
            return false;
    } while (join->hits == 0);
    if (!join->is_counting)
        join->lines += id_lines(join);
    return true;
}
