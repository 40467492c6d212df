/* src/geom/near.c -- what the kernels of distances need beside the point: margins and limits.
 *
 * A bound of an inner node must not exceed the distance that is computed in f64 for anything in
 * its box. Stored boxes and the moved point are rounded outward, so the true gap of an axis is at
 * least the one between them; what is left are the roundings of the arithmetic, each by a factor
 * of at most 1 + 2^-24 in f32. A sum over d axes takes d + 3 of them: the difference (twice, as it
 * is squared), the square, the weight, d - 1 additions; the last product with `shrink` one more.
 * In f64 the distance may come out low by d + 6 factors of 1 - 2^-53. 1 - (d + 8) * 2^-23 covers
 * both with a half to spare. A square below FLT_MIN errs by up to 2^-150, times its weight, and so
 * does its product with the weight; by more when denormals are flushed, but then downward. Over
 * 255 axes that is less than FLT_MIN * max(1, the largest weight): the slack.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "geom/bits.h"
#include "geom/geom.h"

float xti_near_shrink(uint32_t dims)
{
    return 1.0f - (float)(dims + 8) * 0x1p-23f;
}

float xti_near_slack(const float *weights_f32, uint32_t dims)
{
    float most = 1.0f;

    for (uint32_t axis = 0; axis < dims; axis++)
        most = weights_f32[axis] > most ? weights_f32[axis] : most;
    return most * FLT_MIN;
}

float xti_near_weight(double weight)
{
    float rounded;

    if (weight < (double)FLT_MIN)
        return 0.0f;
    if (weight > (double)FLT_MAX)
        return FLT_MAX;
    rounded = (float)weight;
    if ((double)rounded > weight)
        rounded = xti_float_below(rounded);
    return rounded < FLT_MIN ? 0.0f : rounded;
}

/* The root is rounded to nearest, as that of a distance is, and so keeps their order. */
double xti_near_key_floor(int32_t key, bool is_maximum)
{
    double bound = (double)xti_float_from_bits((uint32_t)key & ~(uint32_t)XTI_KEY_SLOT);

    return is_maximum ? bound : sqrt(bound);
}

/* The square of a rounded root may be less than what the root was taken of, by a factor of
 * 1 - 2^-51 at most, and the conversion to f32 may round down by 2^-24; 2^-22 covers both. */
int32_t xti_near_key_limit(double distance, bool is_maximum)
{
    double bound = is_maximum ? distance : distance * distance;
    float limit;
    int32_t bits;

    bound = bound * (1 + 0x1p-22) + (double)FLT_MIN;
    limit = bound < (double)FLT_MAX ? (float)bound : FLT_MAX;
    memcpy(&bits, &limit, sizeof bits);
    return bits | XTI_KEY_SLOT;
}

/* A root is rounded to nearest: squared it may be less than what it was taken of, by a factor of
 * 1 - 2^-51 at most, or by less than DBL_MIN where the square is denormal. */
double xti_near_limit(double distance, bool is_maximum)
{
    return is_maximum ? distance : distance * distance * (1 + 0x1p-50) + DBL_MIN;
}
