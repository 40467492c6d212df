/* src/tree/nearest_sphere.c -- blocks of nodes for searches on a sphere.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>

#include "tree/nearest_private.h"
#include "tree/tree_private.h"

void xti_near_sphere_leaf(const struct xti_nearest *query, const struct xtd_node *leaf,
                          struct xti_near_leaf *block)
{
    const struct xti_layout *layout = query->layout;
    size_t side[2][2]; /* of axis, of its high side */

    for (uint32_t axis = 0; axis < 2; axis++) {
        side[axis][0] = xti_leaf_side(layout, leaf, axis, false) + block->first;
        side[axis][1] = xti_leaf_side(layout, leaf, axis, true) + block->first;
    }
    for (uint32_t slot = 0; slot < block->used; slot++) {
        const double low[] = {xti_leaf_value(layout, leaf, side[0][0] + slot),
                              xti_leaf_value(layout, leaf, side[1][0] + slot)};
        const double high[] = {xti_leaf_value(layout, leaf, side[0][1] + slot),
                               xti_leaf_value(layout, leaf, side[1][1] + slot)};

        block->distances[slot] = xti_sphere_metres(xti_sphere_bound(&query->sphere, low, high));
    }
    for (uint32_t slot = block->used; slot % 16 != 0; slot++)
        block->distances[slot] = (double)NAN;
}

/* The sums are rounded to nearest; a unit more is outside. */
static double sum_below(double origin, float offset)
{
    double sum = origin + (double)offset;

    return sum - fabs(sum) * 0x1p-52;
}

static double sum_above(double origin, float offset)
{
    return 0.0 - sum_below(-origin, -offset);
}

int32_t xti_near_sphere_inner(const struct xti_nearest *query, const struct xtd_node *node,
                              uint32_t first, struct xti_near_node *block)
{
    const double *origin = xti_inner_origin_const(node);
    const float *side[2][2];
    int32_t least = XTI_KEY_NONE;

    for (uint32_t axis = 0; axis < 2; axis++) {
        side[axis][0] = xti_inner_side(query->layout, node, axis, false) + first;
        side[axis][1] = xti_inner_side(query->layout, node, axis, true) + first;
    }
    for (uint32_t slot = 0; slot < block->used; slot++) {
        const double low[] = {sum_below(origin[0], side[0][0][slot]),
                              sum_below(origin[1], side[1][0][slot])};
        const double high[] = {sum_above(origin[0], side[0][1][slot]),
                               sum_above(origin[1], side[1][1][slot])};
        double bound = xti_sphere_bound(&query->sphere, low, high);

        block->keys[slot] = xti_sphere_key(bound) | (int32_t)slot;
        least = block->keys[slot] < least ? block->keys[slot] : least;
    }
    for (uint32_t slot = block->used; slot % 16 != 0; slot++)
        block->keys[slot] = XTI_KEY_NONE;
    return least;
}
