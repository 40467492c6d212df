/* src/geom/near_lanes.h -- the kernels of distances, written once for vectors of any width.
 *
 * Included by each file of kernels, which says how many bytes a vector has (NEAR_BYTES) and
 * compiles it with its own instructions. Each slot goes through the same operations in the same
 * order whatever the width, axes in their order, nothing is reassociated or contracted: so all sets
 * of kernels give the same bits.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_NEAR_LANES_H
#define XTI_NEAR_LANES_H

#include <math.h>
#include <string.h>

#include "geom/geom.h"
#include "geom/near_vectors.h"

#define NEAR_FLT_MAX_BITS INT32_C(0x7f7fffff)
#define NEAR_ROOT_BITS INT32_C(0x5f000000) /* 2^63: its square is a float */

/* ---- inner nodes -------------------------------------------------------------------------- */

/* The gaps of one axis. Only one side of a box can be beyond the point, so the sum is that one.
 * NaN (infinity less infinity) counts as 0. */
NEAR_INLINE near_f32 inner_gap(const float *low, size_t step, const struct xti_near *near,
                               uint32_t axis)
{
    return above_0_f32(load_f32(low) - near->above[axis]) +
           above_0_f32(near->below[axis] - load_f32(low + step));
}

/* Weights may be small, so that a gap or its square must not overflow: it counts as less then. */
NEAR_INLINE near_f32 inner_sum(const float *low, const struct xti_slots *slots,
                               const struct xti_near *near)
{
    near_i32 most = (near->is_maximum ? NEAR_FLT_MAX_BITS : NEAR_ROOT_BITS) - (near_i32){0};
    near_f32 sum = {0};

    for (uint32_t axis = 0; axis < slots->dims; axis++) {
        near_f32 gap = inner_gap(low, slots->step, near, axis);

        gap = (near_f32)min_i32((near_i32)gap, most);
        if (near->is_maximum)
            sum = max_f32(gap * near->weights_f32[axis], sum);
        else
            sum += gap * gap * near->weights_f32[axis];
        low += 2 * slots->step;
    }
    return sum;
}

/* Lowers sums by their possible errors and packs them with the numbers of their slots. A sum that
 * overflowed is at least FLT_MAX. */
NEAR_INLINE near_i32 inner_pack(near_f32 sum, near_i32 slot, const struct xti_slots *slots,
                                const struct xti_near *near)
{
    near_i32 bits = (near_i32)above_0_f32(sum * near->shrink - near->slack);
    near_i32 most = NEAR_FLT_MAX_BITS - (near_i32){0};
    near_i32 key = (min_i32(bits, most) & ~XTI_KEY_SLOT) | slot;

    return pick_i32(slot < (int32_t)slots->used, key, XTI_KEY_NONE - (near_i32){0});
}

static int32_t inner_near(const struct xti_slots *slots, const struct xti_near *near, int32_t *keys)
{
    const float *boxes = slots->first;
    size_t step = slots->step;
    bool is_plane = slots->dims == 2 && near->weights == NULL && !near->is_maximum;
    near_i32 number = load_i32(near_count_i32);
    near_i32 least = XTI_KEY_NONE - (near_i32){0};

    for (uint32_t slot = 0; slot < slots->used; slot += NEAR_F32S) {
        near_f32 sum;
        near_i32 key;

        if (is_plane) {
            near_f32 gap0 = inner_gap(boxes + slot, step, near, 0);
            near_f32 gap1 = inner_gap(boxes + slot + 2 * step, step, near, 1);

            sum = gap0 * gap0 + gap1 * gap1;
        } else {
            sum = inner_sum(boxes + slot, slots, near);
        }
        key = inner_pack(sum, number + (int32_t)slot, slots, near);
        memcpy(keys + slot, &key, sizeof key);
        least = min_i32(key, least);
    }
    return least_i32(least);
}

static int32_t least_key(const int32_t *keys, uint32_t used)
{
    near_i32 least = load_i32(keys);

    for (uint32_t slot = NEAR_F32S; slot < used; slot += NEAR_F32S)
        least = min_i32(load_i32(keys + slot), least);
    return least_i32(least);
}

/* ---- leaves ------------------------------------------------------------------------------- */

/* The gaps of one axis: |x - point| of points, and of boxes as above. */
NEAR_INLINE near_f64 point_gap(near_f64 x, double point)
{
    const near_i64 magnitude = INT64_MAX - (near_i64){0};

    return (near_f64)((near_i64)(x - point) & magnitude);
}

NEAR_INLINE near_f64 box_gap(near_f64 low, near_f64 high, double point)
{
    return above_0_f64(low - point) + above_0_f64(point - high);
}

NEAR_INLINE near_f64 leaf_add(near_f64 sum, near_f64 gap, const struct xti_near *near,
                              uint32_t axis)
{
    double weight = near->weights == NULL ? 1.0 : near->weights[axis];

    if (near->is_maximum)
        return max_f64(gap * weight, sum);
    return sum + gap * gap * weight;
}

/* The root of sums, and NaN in slots that are not in use. */
NEAR_INLINE void leaf_finish(near_f64 sum, uint32_t slot, const struct xti_slots *slots,
                             const struct xti_near *near, double *distances)
{
    near_i64 number = load_i64(near_count_i64) + (int64_t)slot;
    near_f64 nothing = (double)NAN - (near_f64){0};

    if (!near->is_maximum) {
        near_f64 root = {0};

        for (uint32_t i = 0; i < NEAR_F64S; i++)
            root[i] = sqrt(sum[i]);
        sum = root;
    }
    sum = pick_f64(number < (int64_t)slots->used, sum, nothing);
    memcpy(distances + slot, &sum, sizeof sum);
}

/* One leaf kernel. T is the type of its coordinates, ARRAYS how many arrays an axis has, and
 * GAP(x, at) the gaps of the axis whose first array is x. Two axes without weights run in
 * registers. */
#define NEAR_LEAF(NAME, T, ARRAYS, GAP)                                                            \
    static void NAME(const struct xti_slots *slots, const struct xti_near *near,                   \
                     double *distances)                                                            \
    {                                                                                              \
        const T *coords = slots->first;                                                            \
        size_t step = slots->step;                                                                 \
        bool is_plane = slots->dims == 2 && near->weights == NULL && !near->is_maximum;            \
                                                                                                   \
        for (uint32_t slot = 0; slot < slots->used; slot += NEAR_F64S) {                           \
            const T *x = coords + slot;                                                            \
            near_f64 sum = {0};                                                                    \
                                                                                                   \
            if (is_plane) {                                                                        \
                near_f64 gap0 = GAP(x, near->point[0]);                                            \
                near_f64 gap1 = GAP(x + ARRAYS * step, near->point[1]);                            \
                                                                                                   \
                sum = gap0 * gap0 + gap1 * gap1;                                                   \
            } else {                                                                               \
                for (uint32_t axis = 0; axis < slots->dims; axis++, x += ARRAYS * step)            \
                    sum = leaf_add(sum, GAP(x, near->point[axis]), near, axis);                    \
            }                                                                                      \
            leaf_finish(sum, slot, slots, near, distances);                                        \
        }                                                                                          \
    }

#define NEAR_POINT_F64(x, at) point_gap(load_f64(x), (at))
#define NEAR_POINT_F32(x, at) point_gap(load_half(x), (at))
#define NEAR_BOX_F64(x, at) box_gap(load_f64(x), load_f64((x) + step), (at))
#define NEAR_BOX_F32(x, at) box_gap(load_half(x), load_half((x) + step), (at))

NEAR_LEAF(points_near_f64, double, 1, NEAR_POINT_F64)
NEAR_LEAF(points_near_f32, float, 1, NEAR_POINT_F32)
NEAR_LEAF(boxes_near_f64, double, 2, NEAR_BOX_F64)
NEAR_LEAF(boxes_near_f32, float, 2, NEAR_BOX_F32)

static uint64_t least_distance(const double *distances, uint32_t used, double *out)
{
    near_f64 least_each = (double)INFINITY - (near_f64){0};
    near_i64 bit = 1 << load_i64(near_count_i64);
    near_i64 bits = {0};
    double least;

    for (uint32_t slot = 0; slot < used; slot += NEAR_F64S) {
        near_f64 v = load_f64(distances + slot);

        least_each = pick_f64(v < least_each, v, least_each);
    }
    least = least_f64(least_each);
    for (uint32_t slot = 0; slot < used; slot += NEAR_F64S) {
        bits |= (near_i64)(load_f64(distances + slot) == least) & bit;
        bit <<= NEAR_F64S;
    }
    *out = least;
    return any_i64(bits);
}

#endif
