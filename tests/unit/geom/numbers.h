/* tests/unit/geom/numbers.h -- doubles that are hard to round, and denormal modes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "support/check.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* Nonnegative; each is also used negated and moved by a few units in the last place. */
static const double hard_numbers[] = {
    0.0,
    0x1p-1074,
    0x1.8p-1040,
    DBL_MIN,
    0x1p-300,
    0x1p-200,
    0x1p-150,
    0x1p-149,
    0x1.8p-149,
    0x1p-130,
    (double)FLT_MIN / 2,
    (double)FLT_MIN,
    (double)FLT_MIN * 2,
    0.1,
    0.5,
    1.0,
    1.0 + 0x1p-24,
    1.0 + 0x1p-23,
    180.0,
    360.0,
    0x1p24,
    0x1p24 + 1,
    0x1p25 + 2,
    0x1p53,
    0x1p53 + 2,
    1e15,
    1e15 + 0.125,
    1.7e9,
    0x1p100,
    (double)FLT_MAX / 2,
    (double)FLT_MAX,
    0x1.ffffffp127,
    0x1p128,
    1e39,
    1e300,
    DBL_MAX / 2,
    DBL_MAX,
};

/* A double moved by `units` in the last place, kept finite. */
static inline double moved_units(double x, int units)
{
    for (; units > 0 && x < DBL_MAX; units--)
        x = nextafter(x, INFINITY);
    for (; units < 0 && x > -DBL_MAX; units++)
        x = nextafter(x, -INFINITY);
    return x;
}

static inline double any_finite_bits(uint64_t *random)
{
    for (;;) {
        uint64_t bits = check_random(random);
        double x;

        memcpy(&x, &bits, sizeof x);
        if (isfinite(x))
            return x;
    }
}

/* A finite double of one of several kinds; `near` is one that it may lie close to. */
static inline double random_number(uint64_t *random, double near)
{
    uint64_t kind = check_random(random);
    double hard = hard_numbers[(kind >> 8) % CHECK_COUNT(hard_numbers)];
    int units = (int)(kind >> 32 & 7) - 3;

    if (kind >> 40 & 1)
        hard = -hard;
    switch (kind & 7) {
    case 0:
        return any_finite_bits(random);
    case 1:
    case 2:
        return moved_units(hard, units);
    case 3:
        return moved_units(near, units);
    case 4:
        return fabs(near) < 1e300 ? near + hard * 0x1p-24 : near;
    case 5:
        return floor(check_uniform(random) * 64) - 32;
    default:
        return (check_uniform(random) - 0.5) * 360;
    }
}

/* Denormals read as zero and are flushed to zero, where the processor can be told so. */
static inline void flush_denormals(bool on)
{
#if defined(__SSE2__)
    _mm_setcsr(on ? _mm_getcsr() | 0x8040 : _mm_getcsr() & ~0x8040u);
#else
    (void)on;
#endif
}

static inline bool is_denormal(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x7f800000) == 0 && (bits & 0x7fffff) != 0;
}

#endif
