/* src/tree/condition.h -- what a query asks of items: conditions, tested for 64 slots at a time.
 *
 * A condition is a window and the relation in which items must stand to it. For a block of children
 * each condition gives two masks, and those of several conditions are combined by AND:
 *     meet    children below which an item may be that it holds for
 *     hold    those below which it is known to hold for every item
 * All relations use the same kernels:
 *
 *                 children                           items in leaves
 *     intersects  as the kernels find them           boxes_meet, points
 *     within      likewise                           boxes_within, points
 *     contains    as they find them for the window   boxes_meet with the corners swapped: hi >= the
 *                 with its corners swapped: lo <=    window's high && lo <= its low; points: as
 *                 low && hi >= high; none can hold   intersects, when the window is a point
 *     disjoint    the complement: meet is what is    the complement
 *                 not inside, hold what is outside
 *
 * A filter is asked last, in the leaves, for items that all conditions hold for.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TREE_CONDITION_H
#define XTI_TREE_CONDITION_H

#include <math.h>
#include <string.h>

#include "tree/tree.h"

#define XTI_BLOCK_SLOTS 64u /* what a kernel looks at in one call */

struct xti_condition {
    bool is_contains;
    bool is_disjoint;
    bool is_never;     /* no item can: a window that is no point, and items that are */
    uint64_t moved_to; /* number of the origin that `moved` belongs to; 0: none */
    uint64_t (*leaf_f64)(const double *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                         const double *low, const double *high);
    uint64_t (*leaf_f32)(const float *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                         const float *low, const float *high);
    double *low, *high;        /* the window, as the kernels take it */
    float *low_f32, *high_f32; /* the same for leaves of f32 */
    struct xti_offset_window moved;
};

/* What is the same for all windows of a query. */
struct xti_conditions {
    const struct xti_layout *layout;
    const struct xti_kernels *kernels;
    bool is_plain; /* what the kernels find for the window is the answer */
    xt_filter_fn *filter;
    void *filter_context;
    double *origin; /* of the inner node that was tested last */
    uint64_t origin_number;
    double *item_low, *item_high; /* of the item that was read last; one array for points */
    struct xti_condition *also;
    size_t also_count;
};

/* ---- making (condition.c) ------------------------------------------------------------------ */

/* Bytes of the arrays of one condition: doubles low, high; floats low_f32, high_f32 and the four of
 * `moved`. A multiple of 8. */
static inline size_t xti_condition_bytes(const struct xti_layout *layout)
{
    return layout->dims * (2 * sizeof(double) + 6 * sizeof(float));
}

/* Bytes of what is the same for all windows. False: more than can be counted. */
bool xti_conditions_bytes(const struct xti_layout *layout, size_t also_count, uint64_t *bytes);

/* Makes the other conditions. */
void xti_conditions_also(struct xti_conditions *c, const xt_query_options *options);

/* Puts them into memory[], aligned to 8, of that many bytes. */
static inline void xti_conditions_init(struct xti_conditions *c, const struct xti_layout *layout,
                                       const xt_query_options *options,
                                       const struct xti_kernels *kernels, char *memory)
{
    size_t dims = layout->dims;
    double *doubles = (double *)(void *)memory;

    c->layout = layout;
    c->kernels = kernels;
    c->is_plain = options->also_count == 0 && options->filter == NULL &&
                  options->predicate != XT_CONTAINS && options->predicate != XT_DISJOINT;
    c->filter = options->filter;
    c->filter_context = options->filter_context;
    c->origin = doubles;
    c->origin_number = 0;
    c->item_low = doubles + dims;
    c->item_high = doubles + (layout->leaf_kind == XTD_LEAF_POINTS ? 1 : 2) * dims;
    c->also = (struct xti_condition *)(void *)(doubles + 3 * dims);
    c->also_count = 0;
    c->origin[0] = INFINITY; /* no node has it */
    if (options->also_count != 0)
        xti_conditions_also(c, options);
}

/* Its arrays go into memory[], aligned to 8. */
static inline void xti_condition_init(struct xti_condition *condition,
                                      const struct xti_conditions *c, xt_predicate predicate,
                                      char *memory)
{
    const struct xti_kernels *kernels = c->kernels;
    bool is_of_points = c->layout->leaf_kind == XTD_LEAF_POINTS;
    bool is_within = predicate == XT_WITHIN;
    size_t dims = c->layout->dims;
    double *doubles = (double *)(void *)memory;
    float *floats = (float *)(void *)(doubles + 2 * dims);

    condition->is_contains = predicate == XT_CONTAINS;
    condition->is_disjoint = predicate == XT_DISJOINT;
    condition->leaf_f64 = is_of_points ? kernels->points_f64
                          : is_within  ? kernels->boxes_within_f64
                                       : kernels->boxes_meet_f64;
    condition->leaf_f32 = is_of_points ? kernels->points_f32
                          : is_within  ? kernels->boxes_within_f32
                                       : kernels->boxes_meet_f32;
    condition->low = doubles;
    condition->high = doubles + dims;
    condition->low_f32 = floats;
    condition->high_f32 = floats + dims;
    condition->moved.meet_lo = floats + 2 * dims;
    condition->moved.meet_hi = floats + 3 * dims;
    condition->moved.hold_lo = floats + 4 * dims;
    condition->moved.hold_hi = floats + 5 * dims;
}

void xti_condition_set_contains(struct xti_condition *condition, const struct xti_layout *layout,
                                const double *window);

/* Gives a condition its window: 2 * dims doubles, which are copied. */
static inline void xti_condition_set(struct xti_condition *condition,
                                     const struct xti_conditions *c, const double *window)
{
    uint32_t dims = c->layout->dims;

    condition->is_never = false;
    condition->moved_to = 0;
    if (condition->is_contains)
        xti_condition_set_contains(condition, c->layout, window);
    else
        memcpy(condition->low, window, (size_t)2 * dims * sizeof *window);
    if (c->layout->coord_bytes == sizeof(float))
        xti_window_narrow(condition->low, condition->high, dims, condition->low_f32,
                          condition->high_f32);
}

/* ---- masks --------------------------------------------------------------------------------- */

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

/* ---- testing (condition.c) ----------------------------------------------------------------- */

/* Copies the coordinates of a slot of a leaf to item_low, item_high. */
void xti_item_read(const struct xti_conditions *c, const struct xtd_node *leaf, uint32_t slot);

/* Items in the block of a leaf that begins at slot `first` that all conditions hold for; the filter
 * is not asked. */
uint64_t xti_conditions_leaf(const struct xti_conditions *c, const struct xti_condition *window,
                             const struct xtd_node *leaf, uint32_t first);

/* Those of the items in `mask` that the filter takes. */
uint64_t xti_conditions_filter(const struct xti_conditions *c, const struct xtd_node *leaf,
                               uint32_t first, uint64_t mask);

/* Turns the masks that the kernels found for the window into those of all conditions. */
void xti_conditions_combine(struct xti_conditions *c, const struct xti_condition *window,
                            const struct xtd_node *node, uint32_t first, uint64_t *meet,
                            uint64_t *hold);

/* Compared as bits, without a branch for each axis. */
static inline bool xti_origin_is(const double *a, const double *b, uint32_t dims)
{
    uint64_t differences = 0;

    for (uint32_t axis = 0; axis < dims; axis++) {
        uint64_t a_bits;
        uint64_t b_bits;

        memcpy(&a_bits, a + axis, sizeof a_bits);
        memcpy(&b_bits, b + axis, sizeof b_bits);
        differences |= a_bits ^ b_bits;
    }
    return differences == 0;
}

/* The nodes of a tree mostly share an origin, so windows are moved only when another comes. */
static inline void xti_origin_use(struct xti_conditions *c, const double *origin)
{
    uint32_t dims = c->layout->dims;

    if (dims == 2 ? xti_origin_is(c->origin, origin, 2) : xti_origin_is(c->origin, origin, dims))
        return;
    memcpy(c->origin, origin, dims * sizeof *origin);
    c->origin_number++;
}

static inline void xti_condition_move(struct xti_condition *condition,
                                      const struct xti_conditions *c)
{
    if (condition->moved_to == c->origin_number)
        return;
    xti_window_move(condition->low, condition->high, c->origin, c->layout->dims, &condition->moved);
    condition->moved_to = c->origin_number;
}

/* Five bits or more. */
static inline bool xti_bits_are_many(uint64_t mask)
{
    mask &= mask - 1;
    mask &= mask - 1;
    mask &= mask - 1;
    return (mask & (mask - 1)) != 0;
}

/* Those of a few children that hold, one by one: mostly one comparison tells that a child does not.
 * boxes: of the block's first slot. */
static inline uint64_t xti_few_hold(const struct xti_offset_window *moved, const float *boxes,
                                    uint32_t capacity, uint32_t dims, uint64_t few)
{
    uint64_t hold = 0;

    for (; few != 0; few &= few - 1) {
        const float *low = boxes + xti_bit_lowest(few);
        uint32_t axis = 0;

        while (axis < dims && low[0] >= moved->hold_lo[axis] &&
               low[capacity] <= moved->hold_hi[axis]) {
            low += (size_t)2 * capacity;
            axis++;
        }
        hold |= axis == dims ? few & -few : 0;
    }
    return hold;
}

/* Children in the block of an inner node that begins at slot `first`: *meet gets those that meet,
 * *hold those that hold, a subset. */
static inline void xti_conditions_inner(struct xti_conditions *c, struct xti_condition *window,
                                        const struct xtd_node *node, uint32_t first, uint64_t *meet,
                                        uint64_t *hold)
{
    const struct xti_offset_window *moved = &window->moved;
    const float *boxes = xti_inner_boxes_const(c->layout, node);
    uint32_t capacity = node->capacity;
    uint32_t dims = c->layout->dims;

    xti_origin_use(c, xti_inner_origin_const(node));
    xti_condition_move(window, c);
    if (!c->is_plain) {
        c->kernels->inner_window(boxes, capacity, first, dims, moved, meet, hold);
        xti_conditions_combine(c, window, node, first, meet, hold);
        return;
    }
    *meet =
        c->kernels->boxes_meet_f32(boxes, capacity, first, dims, moved->meet_lo, moved->meet_hi);
    *hold = xti_bits_are_many(*meet)
                ? *meet & c->kernels->boxes_within_f32(boxes, capacity, first, dims, moved->hold_lo,
                                                       moved->hold_hi)
                : xti_few_hold(moved, boxes + first, capacity, dims, *meet);
}

/* Items in the block of a leaf that one condition finds, before it is turned. */
static inline uint64_t xti_condition_test(const struct xti_conditions *c,
                                          const struct xti_condition *condition,
                                          const struct xtd_node *leaf, uint32_t first)
{
    const void *coords = xti_leaf_coords_const(leaf);
    uint32_t dims = c->layout->dims;

    if (c->layout->coord_bytes == sizeof(double))
        return condition->leaf_f64(coords, leaf->capacity, first, dims, condition->low,
                                   condition->high);
    return condition->leaf_f32(coords, leaf->capacity, first, dims, condition->low_f32,
                               condition->high_f32);
}

#endif
