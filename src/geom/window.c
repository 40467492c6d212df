/* src/geom/window.c -- windows moved to the origin of inner nodes, or narrowed to f32 leaves.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>

#include "geom/bits.h"
#include "geom/geom.h"

#define TINY (2 * (double)FLT_MIN)

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
    double margin = fabs(difference) * 0x1p-22 + TINY;
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
static void move_far(double low, double high, double origin, uint32_t axis,
                     struct xti_offset_window *out)
{
    struct bounds low_moved = move_bound(low, origin);
    struct bounds high_moved = move_bound(high, origin);

    out->meet_lo[axis] = low_moved.below;
    out->meet_hi[axis] = high_moved.above;
    out->hold_lo[axis] = low < -DBL_MAX ? -INFINITY : low_moved.above;
    out->hold_hi[axis] = high > DBL_MAX ? INFINITY : high_moved.below;
}

/* Both bounds of an axis at once; move_bound() says why they are right. */
typedef double pair __attribute__((vector_size(16)));
typedef int64_t pair_bits __attribute__((vector_size(16)));

static inline pair pair_magnitude(pair x)
{
    const int64_t magnitude = (int64_t)XTI_DOUBLE_MAGNITUDE;

    return (pair)((pair_bits)x & (pair_bits){magnitude, magnitude});
}

static inline pair pair_without_denormals(pair x)
{
    const double least = (double)FLT_MIN;

    return (pair)((pair_bits)x & (pair_magnitude(x) >= (pair){least, least}));
}

void xti_window_move(const double *low, const double *high, const double *origin, uint32_t dims,
                     struct xti_offset_window *out)
{
    for (uint32_t axis = 0; axis < dims; axis++) {
        pair difference = (pair){low[axis], high[axis]} - (pair){origin[axis], origin[axis]};
        pair size = pair_magnitude(difference);
        pair margin = size * (pair){0x1p-22, 0x1p-22} + (pair){TINY, TINY};
        pair below = pair_without_denormals(difference - margin);
        pair above = pair_without_denormals(difference + margin);

        if (!(size[0] < 0x1p127 && size[1] < 0x1p127)) {
            move_far(low[axis], high[axis], origin[axis], axis, out);
            continue;
        }
        out->meet_lo[axis] = (float)below[0];
        out->meet_hi[axis] = (float)above[1];
        out->hold_lo[axis] = (float)above[0];
        out->hold_hi[axis] = (float)below[1];
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
