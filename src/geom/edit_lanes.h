/* src/geom/edit_lanes.h -- arithmetic of insertion and splits, NEAR_F32S slots or cuts at a time.
 *
 * Each of the three sets of kernels includes this behind near_lanes.h and compiles it with its own
 * instructions. What belongs to one slot or cut is summed in the order of the axes, so that all of
 * them give the same bits.
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
#include "geom/near_vectors.h"

/* a < b ? a : b */
NEAR_INLINE near_f32 min_f32(near_f32 a, near_f32 b)
{
    return (near_f32)pick_i32((near_i32)(a < b), (near_i32)a, (near_i32)b);
}

/* ---- growth ------------------------------------------------------------------------------- */

/* How much longer all edges of each slot's box together become. */
NEAR_INLINE near_f32 growth_of(const float *boxes, size_t capacity, uint32_t dims, const float *lo,
                               const float *hi)
{
    near_f32 sum = {0};

    for (uint32_t axis = 0; axis < dims; axis++, boxes += 2 * capacity) {
        near_f32 low = load_f32(boxes);
        near_f32 high = load_f32(boxes + capacity);
        near_f32 none = {0};
        near_f32 grown = max_f32(high, none + hi[axis]) - min_f32(low, none + lo[axis]);

        sum += grown - (high - low);
    }
    return sum;
}

/* No growth is negative: as integers they compare the same. */
static uint32_t inner_growth(const float *boxes, uint32_t capacity, uint32_t dims, const float *lo,
                             const float *hi, float *growth)
{
    const near_f32 none = {0};
    const near_i32 no_slot = (near_i32){0} + INT32_MAX;
    near_f32 least = none + INFINITY;
    near_i32 slots = load_i32(near_count_i32);
    near_i32 best = no_slot;
    int32_t bits, slot;

    for (uint32_t i = 0; i < capacity; i += NEAR_F32S) {
        near_f32 sum = dims == 2 ? growth_of(boxes + i, capacity, 2, lo, hi)
                                 : growth_of(boxes + i, capacity, dims, lo, hi);

        memcpy(growth + i, &sum, sizeof sum);
        least = min_f32(sum, least);
    }
    bits = least_i32((near_i32)least);
    for (uint32_t i = 0; i < capacity; i += NEAR_F32S, slots += (int32_t)NEAR_F32S)
        best = min_i32(best, pick_i32(load_i32(growth + i) == bits, slots, no_slot));
    slot = least_i32(best);
    return slot == INT32_MAX ? 0 : (uint32_t)slot;
}

/* ---- order -------------------------------------------------------------------------------- */

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

/* ---- cuts --------------------------------------------------------------------------------- */

static void cuts(const struct xti_cuts *cuts)
{
    size_t stride = cuts->stride;

    for (uint32_t i = cuts->first; i <= cuts->last; i += NEAR_F32S) {
        const float *before = cuts->before + i - 1;
        const float *after = cuts->after + i;
        const float *whole = cuts->before + cuts->count - 1;
        near_f32 edges = {0}, shared = {0}, volume = edges + 1.0f;
        near_f32 least = edges + INFINITY, flat = least;

        for (uint32_t axis = 0; axis < cuts->dims; axis++) {
            near_f32 left_lo = load_f32(before), left_hi = load_f32(before + stride);
            near_f32 right_lo = load_f32(after), right_hi = load_f32(after + stride);
            near_f32 left = left_hi - left_lo;
            near_f32 right = right_hi - right_lo;
            near_f32 length = min_f32(left_hi, right_hi) - max_f32(left_lo, right_lo);
            float extent = whole[stride] - whole[0];
            float scale = extent > 0 ? 1.0f / extent : 1.0f; /* volumes are at most 1 */

            edges += left + right;
            shared += length;
            volume *= length * scale;
            least = min_f32(length, least);
            flat = min_f32(min_f32(left, right), flat);
            before += 2 * stride;
            after += 2 * stride;
            whole += 2 * stride;
        }
        memcpy(cuts->edges + i, &edges, sizeof edges);
        memcpy(cuts->shared + i, &shared, sizeof shared);
        memcpy(cuts->volume + i, &volume, sizeof volume);
        memcpy(cuts->least + i, &least, sizeof least);
        memcpy(cuts->flat + i, &flat, sizeof flat);
    }
}

#endif
