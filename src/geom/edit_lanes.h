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
__attribute__((always_inline)) static inline void
growth_lanes(const float *boxes, size_t capacity, uint32_t dims, const float *lo, const float *hi,
             float *restrict growth)
{
    float sum[XTI_LANES] = {0};

    for (uint32_t axis = 0; axis < dims; axis++) {
        const float *low = boxes + 2 * axis * capacity;
        const float *high = low + capacity;

        for (uint32_t i = 0; i < XTI_LANES; i++) {
            float grown = lane_max(high[i], hi[axis]) - lane_min(low[i], lo[axis]);

            sum[i] += grown - (high[i] - low[i]);
        }
    }
    for (uint32_t i = 0; i < XTI_LANES; i++)
        growth[i] = sum[i];
}

static void inner_growth(const float *boxes, uint32_t capacity, uint32_t dims, const float *lo,
                         const float *hi, float *growth)
{
    for (uint32_t slot = 0; slot < capacity; slot += XTI_LANES) {
        if (dims == 2)
            growth_lanes(boxes + slot, capacity, 2, lo, hi, growth + slot);
        else
            growth_lanes(boxes + slot, capacity, dims, lo, hi, growth + slot);
    }
}

/* The edges and the volume that each slot's box shares with another box. */
__attribute__((always_inline)) static inline void
shared_lanes(const float *boxes, size_t capacity, uint32_t dims, const float *lo, const float *hi,
             float *restrict edges, float *restrict volume)
{
    float sum[XTI_LANES] = {0};
    float product[XTI_LANES];
    float least[XTI_LANES];

    for (uint32_t i = 0; i < XTI_LANES; i++) {
        product[i] = 1.0f;
        least[i] = 0.0f;
    }
    for (uint32_t axis = 0; axis < dims; axis++) {
        const float *low = boxes + 2 * axis * capacity;
        const float *high = low + capacity;

        for (uint32_t i = 0; i < XTI_LANES; i++) {
            float length = lane_min(high[i], hi[axis]) - lane_max(low[i], lo[axis]);

            sum[i] += length;
            product[i] *= length;
            least[i] = lane_min(least[i], length);
        }
    }
    for (uint32_t i = 0; i < XTI_LANES; i++) {
        edges[i] = least[i] < 0.0f ? 0.0f : sum[i];
        volume[i] = least[i] < 0.0f ? 0.0f : product[i];
    }
}

static void inner_shared_growth(const float *boxes, uint32_t capacity, uint32_t dims,
                                const struct xti_growing *box, float *edges, float *volume)
{
    float edges_before[XTI_LANES];
    float volume_before[XTI_LANES];

    for (uint32_t slot = 0; slot < capacity; slot += XTI_LANES) {
        shared_lanes(boxes + slot, capacity, dims, box->lo, box->hi, edges_before, volume_before);
        shared_lanes(boxes + slot, capacity, dims, box->grown_lo, box->grown_hi, edges + slot,
                     volume + slot);
        for (uint32_t i = 0; i < XTI_LANES; i++) {
            edges[slot + i] -= edges_before[i];
            volume[slot + i] -= volume_before[i];
        }
    }
}

static void ranks(const float *keys, uint32_t count, uint32_t *restrict out)
{
    for (uint32_t slot = 0; slot < count; slot += XTI_LANES) {
        uint32_t rank[XTI_LANES] = {0};

        for (uint32_t other = 0; other < slot; other++) {
            for (uint32_t i = 0; i < XTI_LANES; i++)
                rank[i] += keys[other] <= keys[slot + i];
        }
        for (uint32_t other = slot; other < slot + XTI_LANES && other < count; other++) {
            for (uint32_t i = 0; i < XTI_LANES; i++)
                rank[i] += (keys[other] < keys[slot + i]) |
                           ((keys[other] == keys[slot + i]) & (other < slot + i));
        }
        for (uint32_t other = slot + XTI_LANES; other < count; other++) {
            for (uint32_t i = 0; i < XTI_LANES; i++)
                rank[i] += keys[other] < keys[slot + i];
        }
        for (uint32_t i = 0; i < XTI_LANES; i++)
            out[slot + i] = rank[i];
    }
}

#endif
