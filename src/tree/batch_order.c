/* src/tree/batch_order.c -- puts windows in an order in which neighbours follow each other.
 *
 * The nodes that one window has met are in the processor's cache when its neighbour comes. The key
 * is the Z-order (G. M. Morton, 1966) of the window's centre on the first axes, in a grid over the
 * centres of the chunk: coarse is good enough, and it need not be exact.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>

#include "tree/batch_private.h"

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

/* Finite, whatever the window. */
static double centre(const double *window, uint32_t dims, uint32_t axis)
{
    double low = window[axis] < -DBL_MAX ? -DBL_MAX : window[axis];
    double high = window[dims + axis] > DBL_MAX ? DBL_MAX : window[dims + axis];

    return 0.5 * low + 0.5 * high;
}

static void grid_make(struct grid *grid, const double *windows, size_t count, uint32_t dims)
{
    grid->axes = dims < AXES_MAX ? dims : AXES_MAX;
    grid->bits = KEY_BITS / grid->axes;
    for (uint32_t axis = 0; axis < grid->axes; axis++) {
        double least = DBL_MAX;
        double most = -DBL_MAX;

        for (size_t i = 0; i < count; i++) {
            double at = centre(windows + i * 2 * dims, dims, axis);

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

static uint32_t key_make(const struct grid *grid, const double *window, uint32_t dims)
{
    uint32_t key = 0;

    for (uint32_t axis = 0; axis < grid->axes; axis++) {
        double at = (centre(window, dims, axis) - grid->least[axis]) * grid->scale[axis];
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

void xti_windows_order(struct xti_windows_query *query)
{
    uint32_t dims = query->view->layout->dims;
    size_t first = query->chunk_first + query->chunk_count;
    size_t count = query->window_count - first;
    const double *windows = query->windows + first * 2 * dims;
    struct grid grid;

    if (count > XTI_CHUNK_WINDOWS)
        count = XTI_CHUNK_WINDOWS;
    query->chunk_first = first;
    query->chunk_count = count;
    query->chunk_next = 0;
    grid_make(&grid, windows, count, dims);
    for (size_t i = 0; i < count; i++)
        query->order[i] = (uint64_t)key_make(&grid, windows + i * 2 * dims, dims) << 32 | i;
    digit_sort(query->order, query->order_spare, count, 32);
    digit_sort(query->order_spare, query->order, count, 32 + DIGIT_BITS);
}
