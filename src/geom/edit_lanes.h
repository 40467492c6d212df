/* src/geom/edit_lanes.h -- arithmetic of insertion and splits, sixteen slots at a time.
 *
 * Plain C that each of the three sets of kernels includes and compiles with its own instructions:
 * loops over slots are of fixed length and without branches, and what belongs to one slot is summed
 * in the order of the axes, so that all of them give the same bits.
 *
 * These numbers only choose where things go. Infinite boxes may give NaN: callers compare so that
 * NaN never wins.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_GEOM_EDIT_LANES_H
#define XTI_GEOM_EDIT_LANES_H

#include <math.h>
#include <string.h>

#include "geom/geom.h"

#define XTI_LANES 16u

static inline float lane_min(float a, float b)
{
    return a < b ? a : b;
}

static inline float lane_max(float a, float b)
{
    return a > b ? a : b;
}

/* How much longer all edges of one slot's box together become. */
__attribute__((always_inline)) static inline void growth_lanes(const float *boxes, size_t capacity,
                                                               uint32_t dims, const float *lo,
                                                               const float *hi,
                                                               float *restrict growth)
{
    float sum[XTI_LANES] = {0};

    for (uint32_t axis = 0; axis < dims; axis++) {
        const float *low = boxes + (size_t)2 * axis * capacity;
        const float *high = low + capacity;

        for (uint32_t i = 0; i < XTI_LANES; i++) {
            float grown = lane_max(high[i], hi[axis]) - lane_min(low[i], lo[axis]);

            sum[i] += grown - (high[i] - low[i]);
        }
    }
    for (uint32_t i = 0; i < XTI_LANES; i++)
        growth[i] = sum[i];
}

/* Of each lane the least of its slots that is a number, or infinity. */
static float least_of(const float *values, uint32_t count)
{
    float least[XTI_LANES];
    float result = INFINITY;

    for (uint32_t i = 0; i < XTI_LANES; i++)
        least[i] = INFINITY;
    for (uint32_t slot = 0; slot < count; slot += XTI_LANES) {
        for (uint32_t i = 0; i < XTI_LANES; i++)
            least[i] = lane_min(values[slot + i], least[i]);
    }
    for (uint32_t i = 0; i < XTI_LANES; i++)
        result = lane_min(least[i], result);
    return result;
}

static uint32_t inner_growth(const float *boxes, uint32_t capacity, uint32_t dims, const float *lo,
                             const float *hi, float *growth)
{
    float least;

    for (uint32_t slot = 0; slot < capacity; slot += XTI_LANES) {
        if (dims == 2)
            growth_lanes(boxes + slot, capacity, 2, lo, hi, growth + slot);
        else
            growth_lanes(boxes + slot, capacity, dims, lo, hi, growth + slot);
    }
    least = least_of(growth, capacity);
    for (uint32_t slot = 0; slot < capacity; slot++) {
        if (growth[slot] == least)
            return slot;
    }
    return 0;
}

/* Eight keys at a time. A comparison gives -1 where it holds. */
typedef float rank_keys __attribute__((vector_size(32)));
typedef int32_t rank_counts __attribute__((vector_size(32)));
#define RANK_LANES 8u

static void ranks(const float *keys, uint32_t count, uint32_t *out)
{
    const rank_counts lanes = {0, 1, 2, 3, 4, 5, 6, 7};

    for (uint32_t slot = 0; slot < count; slot += RANK_LANES) {
        rank_counts rank = {0};
        rank_keys own;
        uint32_t other = 0;

        memcpy(&own, keys + slot, sizeof own);
        for (; other < slot; other++)
            rank -= keys[other] <= own;
        for (; other < slot + RANK_LANES && other < count; other++) {
            rank -= keys[other] < own;
            rank -= (keys[other] == own) & (lanes > (int32_t)(other - slot));
        }
        for (; other < count; other++)
            rank -= keys[other] < own;
        memcpy(out + slot, &rank, sizeof rank);
    }
}

#endif
