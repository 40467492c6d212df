/* src/tree/condition.c -- makes the conditions of a query, and combines what each of them says.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tree/condition.h"

/* ---- making -------------------------------------------------------------------------------- */

/* Doubles origin, item_low, item_high; then the other conditions, and their arrays. */
bool xti_conditions_bytes(const struct xti_layout *layout, size_t also_count, uint64_t *bytes)
{
    uint64_t each = sizeof(struct xti_condition) + xti_condition_bytes(layout);

    return xti_mul_u64(each, also_count, bytes) &&
           xti_add_u64(*bytes, (uint64_t)3 * layout->dims * sizeof(double), bytes);
}

void xti_conditions_also(struct xti_conditions *c, const xt_query_options *options)
{
    size_t bytes = xti_condition_bytes(c->layout);
    char *memory = (char *)(c->also + options->also_count);

    c->also_count = options->also_count;
    for (size_t i = 0; i < c->also_count; i++) {
        xti_condition_init(&c->also[i], c, options->also[i].predicate, memory + i * bytes);
        xti_condition_set(&c->also[i], c, options->also[i].window);
    }
}

static bool window_is_point(const double *window, uint32_t dims)
{
    uint32_t same = 0;

    while (same < dims && window[same] == window[dims + same])
        same++;
    return same == dims;
}

/* Kernels for points may rely on low <= high, so their corners are not swapped. */
void xti_condition_set_contains(struct xti_condition *condition, const struct xti_layout *layout,
                                const double *window)
{
    uint32_t dims = layout->dims;
    bool is_of_points = layout->leaf_kind == XTD_LEAF_POINTS;

    condition->is_never = is_of_points && !window_is_point(window, dims);
    memcpy(condition->low, is_of_points ? window : window + dims, dims * sizeof *window);
    memcpy(condition->high, is_of_points ? window + dims : window, dims * sizeof *window);
}

/* ---- inner nodes --------------------------------------------------------------------------- */

/* What the kernels' masks mean for the condition. slots: those in use. */
static void masks_turn(const struct xti_condition *condition, uint64_t slots, uint64_t *meet,
                       uint64_t *hold)
{
    uint64_t met = *meet;

    if (condition->is_never)
        *meet = *hold = 0;
    if (condition->is_disjoint) {
        *meet = slots & ~*hold;
        *hold = slots & ~met;
    }
}

void xti_conditions_combine(struct xti_conditions *c, const struct xti_condition *window,
                            const struct xtd_node *node, uint32_t first, uint64_t *meet,
                            uint64_t *hold)
{
    uint64_t slots = xti_bits_below(node->count - first);

    masks_turn(window, slots, meet, hold);
    for (size_t i = 0; i < c->also_count && *meet != 0; i++) {
        uint64_t also_meet;
        uint64_t also_hold;

        xti_condition_move(&c->also[i], c);
        c->kernels->inner_window(xti_inner_boxes_const(c->layout, node), node->capacity, first,
                                 c->layout->dims, &c->also[i].moved, &also_meet, &also_hold);
        masks_turn(&c->also[i], slots, &also_meet, &also_hold);
        *meet &= also_meet;
        *hold &= also_hold;
    }
    *hold &= *meet;
}

/* ---- leaves -------------------------------------------------------------------------------- */

static uint64_t mask_turn(const struct xti_condition *condition, uint64_t slots, uint64_t mask)
{
    if (condition->is_never)
        return 0;
    return condition->is_disjoint ? slots & ~mask : mask;
}

uint64_t xti_conditions_leaf(const struct xti_conditions *c, const struct xti_condition *window,
                             const struct xtd_node *leaf, uint32_t first)
{
    uint64_t slots = xti_bits_below(leaf->count - first);
    uint64_t mask = mask_turn(window, slots, xti_condition_test(c, window, leaf, first));

    for (size_t i = 0; i < c->also_count && mask != 0; i++) {
        uint64_t also = xti_condition_test(c, &c->also[i], leaf, first);

        mask &= mask_turn(&c->also[i], slots, also);
    }
    return mask;
}

void xti_item_read(const struct xti_conditions *c, const struct xtd_node *leaf, uint32_t slot)
{
    const struct xti_layout *layout = c->layout;
    const void *coords = xti_leaf_coords_const(leaf);
    bool is_point = layout->leaf_kind == XTD_LEAF_POINTS;
    size_t capacity = leaf->capacity;

    for (uint32_t array = 0; array < layout->leaf_axes; array++) {
        size_t at = array * capacity + slot;
        double value = layout->coord_bytes == sizeof(double) ? ((const double *)coords)[at]
                                                             : (double)((const float *)coords)[at];

        if (is_point)
            c->item_low[array] = value;
        else if (array % 2 == 0)
            c->item_low[array / 2] = value;
        else
            c->item_high[array / 2] = value;
    }
}

uint64_t xti_conditions_filter(const struct xti_conditions *c, const struct xtd_node *leaf,
                               uint32_t first, uint64_t mask)
{
    const uint64_t *ids = xti_leaf_ids_const(c->layout, leaf) + first;
    uint64_t taken = 0;

    for (; mask != 0; mask &= mask - 1) {
        uint32_t slot = xti_bit_lowest(mask);

        xti_item_read(c, leaf, first + slot);
        if (c->filter(c->filter_context, ids[slot], c->item_low, c->item_high))
            taken |= UINT64_C(1) << slot;
    }
    return taken;
}
