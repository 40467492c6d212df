/* tests/unit/geom/exact.h -- sums of doubles without rounding, to judge rounding by.
 *
 * A finite double is an integer times 2^-1074, of at most 2098 bits. The sum of a few of them is
 * kept in 32-bit digits; only integers are used, so the denormal mode does not matter.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef EXACT_H
#define EXACT_H

#include <stdint.h>
#include <string.h>

#define EXACT_DIGITS 68

struct exact {
    int64_t digit[EXACT_DIGITS]; /* each times 2^(32 * index - 1074) */
};

static inline void exact_add(struct exact *sum, double x, int sign)
{
    uint64_t bits, mantissa, exponent;
    uint32_t shift, index;

    memcpy(&bits, &x, sizeof bits);
    mantissa = bits & UINT64_C(0xfffffffffffff);
    exponent = bits >> 52 & 0x7ff;
    if (exponent != 0)
        mantissa |= UINT64_C(1) << 52;
    shift = exponent != 0 ? (uint32_t)exponent - 1 : 0;
    if (bits >> 63)
        sign = -sign;
    index = shift / 32;
    shift %= 32;

    sum->digit[index] += sign * (int64_t)((mantissa << shift) & UINT32_MAX);
    sum->digit[index + 1] += sign * (int64_t)((mantissa >> (32 - shift)) & UINT32_MAX);
    sum->digit[index + 2] += sign * (int64_t)(shift != 0 ? mantissa >> 32 >> (32 - shift) : 0);
}

static inline int exact_sign(const struct exact *sum)
{
    int64_t carry = 0;
    int is_positive = 0;

    for (int i = 0; i < EXACT_DIGITS; i++) {
        int64_t digit = sum->digit[i] + carry;

        carry = digit >> 32;
        is_positive |= (digit & UINT32_MAX) != 0;
    }
    return carry < 0 ? -1 : is_positive;
}

/* Sign of value - origin - offset, all finite: positive when offset is below the difference. */
static inline int exact_compare(double value, double origin, double offset)
{
    struct exact sum = {{0}};

    exact_add(&sum, value, 1);
    exact_add(&sum, origin, -1);
    exact_add(&sum, offset, -1);
    return exact_sign(&sum);
}

#endif
