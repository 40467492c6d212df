/* src/geom/near_lanes.h -- the kernels of distances, written once for vectors of any width.
 *
 * Included by each file of kernels, which says how many bytes a vector has (NEAR_BYTES) and
 * compiles it with its own instructions; one that defines NEAR_LEAST_DISTANCE has its own function
 * of that name. Each slot goes through the same operations in the same order whatever the width,
 * axes in their order, nothing is reassociated or contracted: so all sets of kernels give the same
 * bits.
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

/* The gaps of one axis: of points with a sign, and of boxes as above. */
NEAR_INLINE near_f64 point_gap(near_f64 x, double point)
{
    return x - point;
}

NEAR_INLINE near_f64 box_gap(near_f64 low, near_f64 high, double point)
{
    return above_0_f64(low - point) + above_0_f64(point - high);
}

NEAR_INLINE near_f64 leaf_add(near_f64 sum, near_f64 gap, const struct xti_near *near,
                              uint32_t axis)
{
    const near_i64 magnitude = INT64_MAX - (near_i64){0};
    double weight = near->weights == NULL ? 1.0 : near->weights[axis];

    if (near->is_maximum)
        return max_f64((near_f64)((near_i64)gap & magnitude) * weight, sum);
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

/* Slots go through many axes in groups, as so many sums do not wait for each other; after every
 * eight axes a group whose sums are all beyond the limit is left. 32 slots are read in the order in
 * which they lie in memory, where there are registers for as many sums; a rest of 16 may remain. */
#define NEAR_GROUP_MOST (NEAR_BYTES > 16 ? 32u : 16u)
#define NEAR_GROUP_AXES 8u

NEAR_INLINE bool group_reaches(const near_f64 *sums, uint32_t slots, double limit)
{
    near_i64 within = sums[0] <= limit;

    for (uint32_t i = 1; i < slots / NEAR_F64S; i++)
        within |= sums[i] <= limit;
    return any_i64(within) != 0;
}

NEAR_INLINE bool group_skip(uint32_t first, uint32_t slots, double *distances)
{
    near_f64 nothing = (double)NAN - (near_f64){0};

    for (uint32_t i = 0; i < slots; i += NEAR_F64S)
        memcpy(distances + first + i, &nothing, sizeof nothing);
    return false;
}

/* One leaf kernel. T is the type of its coordinates, ARRAYS how many arrays an axis has, and
 * GAP(x, at) the gaps of the axis whose first array is x. Two axes without weights run in
 * registers. NAME_group() is for `slots` slots from `first` on; `slots` and `is_plain` are
 * constants where it is inlined. */
#define NEAR_LEAF(NAME, T, ARRAYS, GAP)                                                            \
    NEAR_INLINE bool NAME##_group(const struct xti_slots *all, const struct xti_near *near,        \
                                  uint32_t first, uint32_t slots, double *distances,               \
                                  bool is_plain)                                                   \
    {                                                                                              \
        const T *x = (const T *)all->first + first;                                                \
        size_t step = all->step;                                                                   \
        near_f64 sums[NEAR_GROUP_MOST / NEAR_F64S];                                                \
                                                                                                   \
        for (uint32_t i = 0; i < slots / NEAR_F64S; i++)                                           \
            sums[i] = (near_f64){0};                                                               \
        for (uint32_t axis = 0; axis < all->dims;) {                                               \
            uint32_t end = axis + NEAR_GROUP_AXES;                                                 \
                                                                                                   \
            for (end = end < all->dims ? end : all->dims; axis < end; axis++) {                    \
                double at = near->point[axis];                                                     \
                                                                                                   \
                for (uint32_t i = 0; i < slots / NEAR_F64S; i++) {                                 \
                    near_f64 gap = GAP(x + (size_t)i * NEAR_F64S, at);                             \
                                                                                                   \
                    if (is_plain)                                                                  \
                        sums[i] += gap * gap;                                                      \
                    else                                                                           \
                        sums[i] = leaf_add(sums[i], gap, near, axis);                              \
                }                                                                                  \
                x += ARRAYS * step;                                                                \
            }                                                                                      \
            if (!group_reaches(sums, slots, near->limit))                                          \
                return group_skip(first, slots, distances);                                        \
        }                                                                                          \
        for (uint32_t i = 0; i < slots / NEAR_F64S; i++)                                           \
            leaf_finish(sums[i], first + i * NEAR_F64S, all, near, distances);                     \
        return true;                                                                               \
    }                                                                                              \
                                                                                                   \
    NEAR_INLINE bool NAME##_groups(const struct xti_slots *slots, const struct xti_near *near,     \
                                   double *distances, bool is_plain)                               \
    {                                                                                              \
        bool reaches = false;                                                                      \
        uint32_t slot = 0;                                                                         \
                                                                                                   \
        for (; slot + 16 < slots->used && NEAR_GROUP_MOST == 32; slot += 32)                       \
            reaches |= NAME##_group(slots, near, slot, NEAR_GROUP_MOST, distances, is_plain);      \
        for (; slot < slots->used; slot += 16)                                                     \
            reaches |= NAME##_group(slots, near, slot, 16, distances, is_plain);                   \
        return reaches;                                                                            \
    }                                                                                              \
                                                                                                   \
    static void NAME##_plane(const struct xti_slots *slots, const struct xti_near *near,           \
                             double *distances)                                                    \
    {                                                                                              \
        size_t step = slots->step;                                                                 \
                                                                                                   \
        for (uint32_t slot = 0; slot < slots->used; slot += NEAR_F64S) {                           \
            const T *x = (const T *)slots->first + slot;                                           \
            near_f64 gap0 = GAP(x, near->point[0]);                                                \
            near_f64 gap1 = GAP(x + ARRAYS * step, near->point[1]);                                \
                                                                                                   \
            leaf_finish(gap0 *gap0 + gap1 * gap1, slot, slots, near, distances);                   \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    static bool NAME(const struct xti_slots *slots, const struct xti_near *near,                   \
                     double *distances)                                                            \
    {                                                                                              \
        if (near->weights != NULL || near->is_maximum)                                             \
            return NAME##_groups(slots, near, distances, false);                                   \
        if (slots->dims != 2)                                                                      \
            return NAME##_groups(slots, near, distances, true);                                    \
        NAME##_plane(slots, near, distances);                                                      \
        return true;                                                                               \
    }

#define NEAR_POINT_F64(x, at) point_gap(load_f64(x), (at))
#define NEAR_POINT_F32(x, at) point_gap(load_half(x), (at))
#define NEAR_BOX_F64(x, at) box_gap(load_f64(x), load_f64((x) + step), (at))
#define NEAR_BOX_F32(x, at) box_gap(load_half(x), load_half((x) + step), (at))

NEAR_LEAF(points_near_f64, double, 1, NEAR_POINT_F64)
NEAR_LEAF(points_near_f32, float, 1, NEAR_POINT_F32)
NEAR_LEAF(boxes_near_f64, double, 2, NEAR_BOX_F64)
NEAR_LEAF(boxes_near_f32, float, 2, NEAR_BOX_F32)

#if !defined(NEAR_LEAST_DISTANCE)

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

#endif
