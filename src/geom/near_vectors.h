/* src/geom/near_vectors.h -- vectors of NEAR_BYTES bytes, for near_lanes.h.
 *
 * They are those of the compiler (vector_size): operators work element by element, and a comparison
 * gives all ones where it holds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_NEAR_VECTORS_H
#define XTI_NEAR_VECTORS_H

#include <stdint.h>
#include <string.h>

#define NEAR_VECTOR(bytes) __attribute__((vector_size(bytes), may_alias))
#define NEAR_INLINE __attribute__((always_inline)) static inline
#define NEAR_F32S (NEAR_BYTES / 4u) /* elements of a vector */
#define NEAR_F64S (NEAR_BYTES / 8u)

typedef float near_f32 NEAR_VECTOR(NEAR_BYTES);
typedef int32_t near_i32 NEAR_VECTOR(NEAR_BYTES);
typedef double near_f64 NEAR_VECTOR(NEAR_BYTES);
typedef int64_t near_i64 NEAR_VECTOR(NEAR_BYTES);
typedef float near_half NEAR_VECTOR(NEAR_BYTES / 2);

/* What the halves of a vector come down to in the end. */
typedef int32_t near_quad NEAR_VECTOR(16);
typedef double near_pair NEAR_VECTOR(16);
typedef int64_t near_pair_i64 NEAR_VECTOR(16);
#define NEAR_PARTS (NEAR_BYTES / 16)

/* Numbers from 0 on, as many as any vector has elements. */
static const int32_t near_count_i32[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const int64_t near_count_i64[8] = {0, 1, 2, 3, 4, 5, 6, 7};

NEAR_INLINE near_f32 load_f32(const float *from)
{
    near_f32 v;

    memcpy(&v, from, sizeof v);
    return v;
}

NEAR_INLINE near_f64 load_f64(const double *from)
{
    near_f64 v;

    memcpy(&v, from, sizeof v);
    return v;
}

NEAR_INLINE near_f64 load_half(const float *from)
{
    near_half v;

    memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, near_f64);
}

NEAR_INLINE near_i32 load_i32(const void *from)
{
    near_i32 v;

    memcpy(&v, from, sizeof v);
    return v;
}

NEAR_INLINE near_i64 load_i64(const void *from)
{
    near_i64 v;

    memcpy(&v, from, sizeof v);
    return v;
}

/* a where the mask is set, else b. */
NEAR_INLINE near_i32 pick_i32(near_i32 mask, near_i32 a, near_i32 b)
{
    return (mask & a) | (~mask & b);
}

NEAR_INLINE near_f64 pick_f64(near_i64 mask, near_f64 a, near_f64 b)
{
    return (near_f64)((mask & (near_i64)a) | (~mask & (near_i64)b));
}

NEAR_INLINE near_i32 min_i32(near_i32 a, near_i32 b)
{
    return pick_i32(a < b, a, b);
}

NEAR_INLINE near_quad min_quad(near_quad a, near_quad b)
{
    near_quad mask = a < b;

    return (mask & a) | (~mask & b);
}

/* The least element. */
NEAR_INLINE int32_t least_i32(near_i32 v)
{
    near_quad part[NEAR_PARTS];
    near_quad other;

    memcpy(part, &v, sizeof v);
    for (uint32_t i = 1; i < NEAR_PARTS; i++)
        part[0] = min_quad(part[0], part[i]);
    other = __builtin_shufflevector(part[0], part[0], 2, 3, 0, 1);
    part[0] = min_quad(part[0], other);
    other = __builtin_shufflevector(part[0], part[0], 1, 0, 3, 2);
    return min_quad(part[0], other)[0];
}

/* The least element, where none is NaN; and all bits of all elements. */
NEAR_INLINE double least_f64(near_f64 v)
{
    near_pair part[NEAR_PARTS];
    double least, other;

    memcpy(part, &v, sizeof v);
    for (uint32_t i = 1; i < NEAR_PARTS; i++) {
        near_pair_i64 mask = (near_pair_i64)(part[i] < part[0]);

        part[0] = (near_pair)((mask & (near_pair_i64)part[i]) | (~mask & (near_pair_i64)part[0]));
    }
    least = part[0][0];
    other = part[0][1];
    return other < least ? other : least;
}

NEAR_INLINE uint64_t any_i64(near_i64 v)
{
    near_pair_i64 part[NEAR_PARTS];

    memcpy(part, &v, sizeof v);
    for (uint32_t i = 1; i < NEAR_PARTS; i++)
        part[0] |= part[i];
    return (uint64_t)(part[0][0] | part[0][1]);
}

/* x where it is above 0, else 0; of NaN, 0. */
NEAR_INLINE near_f32 above_0_f32(near_f32 x)
{
    return (near_f32)((near_i32)(x > 0.0f) & (near_i32)x);
}

NEAR_INLINE near_f64 above_0_f64(near_f64 x)
{
    return (near_f64)((near_i64)(x > 0.0) & (near_i64)x);
}

NEAR_INLINE near_f32 max_f32(near_f32 a, near_f32 b)
{
    return (near_f32)pick_i32((near_i32)(a > b), (near_i32)a, (near_i32)b);
}

NEAR_INLINE near_f64 max_f64(near_f64 a, near_f64 b)
{
    return pick_f64((near_i64)(a > b), a, b);
}

#endif
