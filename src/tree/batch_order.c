/* src/tree/batch_order.c -- puts windows or points in an order in which neighbours follow each
 * other.
 *
 * The nodes that one of them has met are in the processor's cache when its neighbour comes. The key
 * is the Z-order (G. M. Morton, 1966) of its centre on the first axes, in a grid over the centres
 * of the chunk: coarse is good enough, and it need not be exact.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>

#include "tree/batch_order.h"

#define AXES_MAX 3u
#define KEY_BITS 22u
#define DIGIT_BITS 11u /* two passes of a radix sort */
#define DIGITS (1u << DIGIT_BITS)

struct grid {
    uint32_t axes;
    uint32_t bits; /* of each axis */
    double least[AXES_MAX];
    double scale[AXES_MAX];
};

/* Finite, whatever the place. */
static double centre(const struct xti_places *places, size_t i, uint32_t axis)
{
    double low = places->low[i * places->stride + axis];
    double high = places->high[i * places->stride + axis];

    low = low < -DBL_MAX ? -DBL_MAX : low;
    high = high > DBL_MAX ? DBL_MAX : high;
    return 0.5 * low + 0.5 * high;
}

static void grid_make(struct grid *grid, const struct xti_places *places)
{
    grid->axes = places->dims < AXES_MAX ? places->dims : AXES_MAX;
    grid->bits = KEY_BITS / grid->axes;
    for (uint32_t axis = 0; axis < grid->axes; axis++) {
        double least = DBL_MAX;
        double most = -DBL_MAX;

        for (size_t i = 0; i < places->count; i++) {
            double at = centre(places, i, axis);

            least = at < least ? at : least;
            most = at > most ? at : most;
        }
        grid->least[axis] = least;
        grid->scale[axis] = (double)((UINT32_C(1) << grid->bits) - 1) / (most - least);
        if (!(grid->scale[axis] <= DBL_MAX)) /* one place, or an overflow */
            grid->scale[axis] = 0;
    }
}

/* Moves the bits of a cell apart, so that those of the other axes fit between them. */
static uint32_t bits_spread(uint32_t cell, uint32_t axes)
{
    if (axes == 2) {
        cell = (cell | cell << 8) & 0x00ff00ff;
        cell = (cell | cell << 4) & 0x0f0f0f0f;
        cell = (cell | cell << 2) & 0x33333333;
        return (cell | cell << 1) & 0x55555555;
    }
    if (axes == 3) {
        cell = (cell | cell << 16) & 0x030000ff;
        cell = (cell | cell << 8) & 0x0300f00f;
        cell = (cell | cell << 4) & 0x030c30c3;
        return (cell | cell << 2) & 0x09249249;
    }
    return cell;
}

static uint32_t key_make(const struct grid *grid, const struct xti_places *places, size_t i)
{
    uint32_t key = 0;

    for (uint32_t axis = 0; axis < grid->axes; axis++) {
        double at = (centre(places, i, axis) - grid->least[axis]) * grid->scale[axis];
        int32_t cell = at > 0 && at < (double)(INT32_C(1) << grid->bits) ? (int32_t)at : 0;

        key |= bits_spread((uint32_t)cell, grid->axes) << axis;
    }
    return key;
}

static void digit_sort(const uint64_t *from, uint64_t *to, size_t count, uint32_t shift)
{
    uint32_t place[DIGITS] = {0};
    uint32_t sum = 0;

    for (size_t i = 0; i < count; i++)
        place[from[i] >> shift & (DIGITS - 1)]++;
    for (uint32_t digit = 0; digit < DIGITS; digit++) {
        uint32_t here = place[digit];

        place[digit] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++)
        to[place[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

void xti_places_order(const struct xti_places *places, uint64_t *order, uint64_t *spare)
{
    struct grid grid;

    grid_make(&grid, places);
    for (size_t i = 0; i < places->count; i++)
        order[i] = (uint64_t)key_make(&grid, places, i) << 32 | i;
    digit_sort(order, spare, places->count, 32);
    digit_sort(spare, order, places->count, 32 + DIGIT_BITS);
}
