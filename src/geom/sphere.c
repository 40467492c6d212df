/* src/geom/sphere.c -- distances along the surface of a sphere.
 *
 * Between points: the angle from sine and cosine, which is exact to the last few bits for points
 * that are near, far, or opposite (T. Vincenty, Direct and inverse solutions of geodesics on the
 * ellipsoid with application of nested equations, Survey Review 23(176), 1975, for a sphere):
 *
 *     atan2(hypot(cos b sin d, cos a sin b - sin a cos b cos d), sin a sin b + cos a cos b cos d)
 *
 * for latitudes a, b and a difference d of longitudes.
 *
 * To a box: at a fixed latitude the distance grows with d, so the nearest point has the point's own
 * longitude if the box has it, and lies on the nearer of its two meridians else. There the cosine
 * of the distance is r cos(b - c) with c = atan2(sin a, cos a cos d): largest at c, if the box
 * reaches there, else at one of the two corners.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "geom/bits.h"
#include "geom/geom.h"

#define RADIANS 0x1.1df46a2529d39p-6 /* of a degree */

/* What rounding may take from a distance: a few 2^-53 of a radian are some nanometres. */
#define SLACK_METRES 1e-6

static double latitude_clamp(double latitude)
{
    if (latitude > 90)
        return 90;
    return latitude < -90 ? -90 : latitude;
}

void xti_sphere_set(struct xti_sphere *sphere, const double *point)
{
    sphere->longitude = remainder(point[0], 360);
    sphere->latitude = latitude_clamp(point[1]);
    sphere->sine = sin(sphere->latitude * RADIANS);
    sphere->cosine = cos(sphere->latitude * RADIANS);
}

/* ---- distances ----------------------------------------------------------------------------- */

/* The difference of longitudes in degrees, 180 at most either way. That of the point was reduced
 * likewise; both are exact, so that only the subtraction rounds. */
static double turn_to(const struct xti_sphere *from, double longitude)
{
    return remainder(remainder(longitude, 360) - from->longitude, 360);
}

static double distance_to(const struct xti_sphere *from, double turn, double latitude)
{
    double sine = sin(latitude);
    double cosine = cos(latitude);
    double east = cosine * sin(turn);
    double north = from->cosine * sine - from->sine * cosine * cos(turn);
    double dot = from->sine * sine + from->cosine * cosine * cos(turn);

    return XT_EARTH_RADIUS_METRES * atan2(sqrt(east * east + north * north), dot);
}

double xti_sphere_distance(const struct xti_sphere *from, const double *low, const double *high)
{
    double south = latitude_clamp(low[1]);
    double north = latitude_clamp(high[1]);
    double width = high[0] - low[0];
    double west = turn_to(from, low[0]);
    double east = turn_to(from, high[0]);
    double behind = west > 0 ? 360 - west : -west; /* degrees that the point is east of west */
    double turn, best, other, crossing;

    /* All around also when an end is infinite. */
    if (!(width < 360) || behind <= width) {
        if (from->latitude < south)
            return distance_to(from, 0, south * RADIANS);
        return from->latitude > north ? distance_to(from, 0, north * RADIANS) : 0;
    }
    turn = (fabs(west) <= fabs(east) ? west : east) * RADIANS;
    best = distance_to(from, turn, south * RADIANS);
    if (!(south < north))
        return best;
    other = distance_to(from, turn, north * RADIANS);
    best = other < best ? other : best;
    crossing = atan2(from->sine, from->cosine * cos(turn));
    if (!(crossing > south * RADIANS && crossing < north * RADIANS))
        return best;
    other = distance_to(from, turn, crossing);
    return other < best ? other : best;
}

/* ---- bounds --------------------------------------------------------------------------------- */

/* Bounds are kept as haversines, hav(x) = sin(x / 2)^2, which need no inverse. For points
 *     hav(distance) = hav(a - b) + cos a cos b hav(d),
 * so the least of each term over the box bounds their sum. The sine is its series up to a negative
 * term, which is never above it from 0 to pi / 2. */
static double sine_below(double x)
{
    double s = x * x;
    double series = 1.0 / 362880 - s * (1.0 / 39916800);

    series = 1.0 / 5040 - s * series;
    series = 1.0 / 120 - s * series;
    series = 1.0 / 6 - s * series;
    return x * (1 - s * series);
}

static double haversine_below(double degrees)
{
    double sine = sine_below(degrees > 0 ? degrees * (RADIANS / 2) : 0);

    return sine * sine;
}

/* How many degrees of longitude the box is away, less what rounding may add. */
static double longitude_gap(double longitude, double west, double east)
{
    double width = east - west;
    double from_west = longitude - west;
    double error = (fabs(west) + fabs(east) + fabs(longitude) + 360) * 0x1p-50;
    double behind, ahead;

    if (!(width < 360))
        return 0;
    from_west -= 360 * floor(from_west / 360);
    behind = from_west - width;
    ahead = 360 - from_west;
    return (behind < ahead ? behind : ahead) - error;
}

double xti_sphere_bound(const struct xti_sphere *from, const double *low, const double *high)
{
    double south = latitude_clamp(low[1]);
    double north = latitude_clamp(high[1]);
    double under = south - from->latitude;
    double over = from->latitude - north;
    double most = -south > north ? -south : north; /* the larger of |south| and |north| */
    double cosine, gap;

    gap = longitude_gap(from->longitude, low[0], high[0]);
    cosine = from->cosine * sine_below((90 - most) * RADIANS);
    return (haversine_below((under > over ? under : over) - 0x1p-40) +
            cosine * haversine_below(gap)) *
           (1 - 0x1p-40);
}

double xti_sphere_metres(double haversine)
{
    double metres = 2 * XT_EARTH_RADIUS_METRES * sqrt(haversine) * (1 - 0x1p-40) - SLACK_METRES;

    return metres > 0 ? metres : 0;
}

int32_t xti_sphere_key(double haversine)
{
    float bound = (float)(haversine * (1 - 0x1p-22));
    int32_t bits;

    memcpy(&bits, &bound, sizeof bits);
    return bound >= FLT_MIN ? bits & ~XTI_KEY_SLOT : 0;
}

double xti_sphere_key_floor(int32_t key)
{
    float bound = xti_float_from_bits((uint32_t)key & ~(uint32_t)XTI_KEY_SLOT);
    double angle = 2 * asin(sqrt((double)bound)) * (1 - 0x1p-40);

    return XT_EARTH_RADIUS_METRES * angle - SLACK_METRES;
}

int32_t xti_sphere_key_limit(double metres)
{
    double angle = (metres + SLACK_METRES) / (2 * XT_EARTH_RADIUS_METRES);
    double sine = angle < 1.5 ? sin(angle) : 1;
    float limit = (float)(sine * sine * (1 + 0x1p-20)) + FLT_MIN;
    int32_t bits;

    memcpy(&bits, &limit, sizeof bits);
    return bits | XTI_KEY_SLOT;
}
