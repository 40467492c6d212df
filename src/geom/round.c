/* src/geom/round.c -- outward rounding of coordinates to f32 offsets.
 *
 * The difference of two doubles seldom is a double, let alone a float. TwoSum (Knuth) gives the
 * rounding error of the subtraction exactly, so that the true difference is d + error with
 * |error| at most half a unit of d. Its sign decides where rounding d to a float leaves the matter
 * open: when d itself is a float. Rounding to nearest is assumed, as everywhere in C.
 *
 * Denormal modes (bits.h): below FLT_MIN only the sign of the difference counts, and integers tell
 * it. From FLT_MIN on, the units of the larger operand are at least 2^-179; a denormal operand then
 * shows in the sign of the error alone, so any tiny normal number may stand for it, and no error is
 * itself denormal.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>

#include "geom/bits.h"
#include "geom/geom.h"

/* a - b - difference, exactly, where difference is a - b rounded and at most FLT_MAX. */
static double subtraction_error(double a, double b, double difference)
{
    double b_seen = a - difference;
    double a_seen = difference + b_seen;

    return (a - a_seen) + (b_seen - b);
}

float xti_offset_down(double value, double origin)
{
    double a = xti_double_normal(value);
    double b = xti_double_normal(origin);
    double difference = a - b;
    double error;
    float rounded;

    if (fabs(difference) < (double)FLT_MIN)
        return xti_double_key(value) < xti_double_key(origin) ? -FLT_MIN : 0.0f;
    if (difference > (double)FLT_MAX)
        return value > DBL_MAX ? INFINITY : FLT_MAX;
    if (difference < -(double)FLT_MAX)
        return -INFINITY;

    error = subtraction_error(a, b, difference);
    rounded = (float)difference;
    if ((double)rounded < difference || ((double)rounded == difference && error >= 0))
        return rounded;
    return rounded == FLT_MIN ? 0.0f : xti_float_below(rounded);
}

float xti_offset_up(double value, double origin)
{
    /* Not a minus sign: that would turn 0 into -0. */
    return 0.0f - xti_offset_down(-value, -origin);
}

/* The sign of the error is as good as random: no branch may depend on it. */
void xti_offset_both(const double *values, const double *origin, uint32_t dims, float *down,
                     float *up)
{
    for (uint32_t axis = 0; axis < dims; axis++) {
        double a = xti_double_normal(values[axis]);
        double b = xti_double_normal(origin[axis]);
        double difference = a - b;
        double error;
        float rounded;
        uint32_t bits, step;

        if (!(fabs(difference) >= 0x1p-100 && fabs(difference) <= 0x1p100)) {
            down[axis] = xti_offset_down(values[axis], origin[axis]);
            up[axis] = xti_offset_up(values[axis], origin[axis]);
            continue;
        }
        error = subtraction_error(a, b, difference);
        rounded = (float)difference;
        error += difference - (double)rounded; /* nonzero, that is larger: the sign is right */
        memcpy(&bits, &rounded, sizeof bits);
        step = 1 - (bits >> 31 << 1); /* of the bits, towards infinity */
        down[axis] = xti_float_from_bits(bits - (step & -(uint32_t)(error < 0)));
        up[axis] = xti_float_from_bits(bits + (step & -(uint32_t)(error > 0)));
    }
}

bool xti_origin_fits(const double *low, const double *high, const double *origin, uint32_t dims)
{
    for (uint32_t axis = 0; axis < dims; axis++) {
        double extent = high[axis] - low[axis];
        double stored = (double)xti_offset_up(high[axis], origin[axis]) -
                        (double)xti_offset_down(low[axis], origin[axis]);

        /* An overflow anywhere makes the comparison false: infinite or NaN on its left. */
        if (extent > 0 && !(stored - extent <= extent / 256))
            return false;
    }
    return true;
}
