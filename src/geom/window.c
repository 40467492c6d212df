/* src/geom/window.c -- windows moved to the origin of inner nodes, or narrowed to f32 leaves.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>

#include "geom/bits.h"
#include "geom/geom.h"

struct bounds {
    float below, above;
};

/* x lies at least FLT_MIN beyond what it bounds, so 0 bounds that too when x is smaller. */
static inline float without_denormals(double x)
{
    return fabs(x) < (double)FLT_MIN ? 0.0f : (float)x;
}

/* Floats, not denormal, at or below and at or above bound - origin; one of them infinite only where
 * that widens.
 *
 * The margin covers, with room to spare and in every rounding and denormal mode: the rounding of
 * the subtraction (2^-52 of it), of the sums here, and of the results to floats (2^-23); and
 * FLT_MIN once more, so that what is smaller may become 0. A window wider or narrower by so much
 * costs a visit now and then, never an answer; nor does being coarse near the end of the floats. */
static inline struct bounds move_bound(double bound, double origin)
{
    double difference = bound - origin;
    double margin = fabs(difference) * 0x1p-22 + 2 * (double)FLT_MIN;
    struct bounds moved;

    if (fabs(difference) < 0x1p127) {
        moved.below = without_denormals(difference - margin);
        moved.above = without_denormals(difference + margin);
    } else {
        moved.below = difference > 0 ? 0x1p126f : -INFINITY;
        moved.above = difference > 0 ? INFINITY : -0x1p126f;
    }
    return moved;
}

/* A stored offset that overflowed to an infinity is held by an infinite bound alone. */
void xti_window_move(const double *low, const double *high, const double *origin, uint32_t dims,
                     struct xti_offset_window *out)
{
    for (uint32_t axis = 0; axis < dims; axis++) {
        struct bounds low_moved = move_bound(low[axis], origin[axis]);
        struct bounds high_moved = move_bound(high[axis], origin[axis]);

        out->meet_lo[axis] = low_moved.below;
        out->meet_hi[axis] = high_moved.above;
        out->hold_lo[axis] = low[axis] < -DBL_MAX ? -INFINITY : low_moved.above;
        out->hold_hi[axis] = high[axis] > DBL_MAX ? INFINITY : high_moved.below;
    }
}

/* The largest float <= x, denormals included. */
static float narrow_down(double x)
{
    float rounded;

    if (x > (double)FLT_MAX)
        return x > DBL_MAX ? INFINITY : FLT_MAX;
    if (x < -(double)FLT_MAX)
        return -INFINITY;
    if (fabs(x) < (double)FLT_MIN) {
        /* Floats here are the multiples of 2^-149, and the count of them is their bits. */
        double scaled = xti_double_normal(x) * 0x1p149;
        int32_t count = (int32_t)scaled;

        count -= (double)count > scaled;
        return xti_float_from_bits(count < 0 ? (uint32_t)-count | XTI_FLOAT_SIGN : (uint32_t)count);
    }
    rounded = (float)x;
    return (double)rounded <= x ? rounded : xti_float_below(rounded);
}

/* The bounds are exact in every denormal mode. Leaves may hold denormal f32, which the user stored;
 * a host that reads denormals as zero (DAZ) compares them so here as in its own code. */
void xti_window_narrow(const double *low, const double *high, uint32_t dims, float *low_f32,
                       float *high_f32)
{
    for (uint32_t axis = 0; axis < dims; axis++) {
        low_f32[axis] = -narrow_down(-low[axis]);
        high_f32[axis] = narrow_down(high[axis]);
    }
}
