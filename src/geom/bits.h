/* src/geom/bits.h -- numbers as bits: what arithmetic cannot say when denormals may read as zero.
 *
 * A host may run this library with denormals flushed to zero, in results (FTZ) or operands (DAZ).
 * These functions give the same answers there, since they work on integers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_GEOM_BITS_H
#define XTI_GEOM_BITS_H

#include <string.h>

#include "base/base.h"

#define XTI_DOUBLE_EXPONENT UINT64_C(0x7ff0000000000000)
#define XTI_DOUBLE_MAGNITUDE UINT64_C(0x7fffffffffffffff)
#define XTI_FLOAT_SIGN UINT32_C(0x80000000)

static inline uint64_t xti_double_bits(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float xti_float_from_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Orders doubles (no NaN) as their values do; both zeros give 0. */
static inline int64_t xti_double_key(double x)
{
    uint64_t bits = xti_double_bits(x);
    int64_t magnitude = (int64_t)(bits & XTI_DOUBLE_MAGNITUDE);

    return bits >> 63 ? -magnitude : magnitude;
}

/* x, but a denormal becomes the normal number of the same sign with its bits behind the point:
 * still less than 2 * DBL_MIN, and seen by arithmetic in every mode. */
static inline double xti_double_normal(double x)
{
    uint64_t bits = xti_double_bits(x);

    if ((bits & XTI_DOUBLE_EXPONENT) == 0 && (bits & XTI_DOUBLE_MAGNITUDE) != 0)
        bits |= UINT64_C(1) << 52;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The next float below a nonzero x that is not -infinity: of -FLT_MAX, -infinity. */
static inline float xti_float_below(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return xti_float_from_bits(bits & XTI_FLOAT_SIGN ? bits + 1 : bits - 1);
}

#endif
