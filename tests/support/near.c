/* tests/support/near.c -- distances in plain C, and sorting.
 *
 * SPDX-License-Identifier: MIT
 */
#include "near.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "check.h"

#define RADIANS (3.14159265358979323846 / 180)

/* ---- planes ---------------------------------------------------------------------------------- */

static double axis_gap(double point, double low, double high)
{
    if (low > point)
        return low - point;
    return point > high ? point - high : 0;
}

static double plane_distance(const struct near_ask *ask, uint32_t dims, const double *low,
                             const double *high)
{
    double sum = 0;

    for (uint32_t axis = 0; axis < dims; axis++) {
        double gap = axis_gap(ask->point[axis], low[axis], high[axis]);
        double weight = ask->weights == NULL ? 1 : ask->weights[axis];

        if (ask->metric == XT_MAXIMUM)
            sum = weight * gap > sum ? weight * gap : sum;
        else
            sum += weight * (gap * gap);
    }
    return ask->metric == XT_MAXIMUM ? sum : sqrt(sum);
}

/* ---- sphere ---------------------------------------------------------------------------------- */

static double clamped(double latitude)
{
    return fmax(-90, fmin(90, latitude));
}

/* From latitude a to latitude b, where longitudes differ by d; all in radians. */
static double arc(double a, double b, double d)
{
    double east = cos(b) * sin(d);
    double north = cos(a) * sin(b) - sin(a) * cos(b) * cos(d);

    return XT_EARTH_RADIUS_METRES *
           atan2(sqrt(east * east + north * north), sin(a) * sin(b) + cos(a) * cos(b) * cos(d));
}

/* In degrees. */
static double turn(double from, double to)
{
    return remainder(remainder(to, 360) - remainder(from, 360), 360);
}

static double sphere_distance(const double *point, const double *low, const double *high)
{
    double a = clamped(point[1]) * RADIANS;
    double south = clamped(low[1]) * RADIANS;
    double north = clamped(high[1]) * RADIANS;
    double to_west = turn(point[0], low[0]);
    double to_east = turn(point[0], high[0]);
    double east_of_west = to_west > 0 ? 360 - to_west : -to_west;
    double best, meridian, crossing;

    if (!(high[0] - low[0] < 360) || east_of_west <= high[0] - low[0]) {
        if (clamped(point[1]) >= clamped(low[1]) && clamped(point[1]) <= clamped(high[1]))
            return 0;
        return arc(a, clamped(point[1]) < clamped(low[1]) ? south : north, 0);
    }
    meridian = fabs(to_west) <= fabs(to_east) ? to_west * RADIANS : to_east * RADIANS;
    best = fmin(arc(a, south, meridian), arc(a, north, meridian));
    crossing = atan2(sin(a), cos(a) * cos(meridian));
    if (crossing > south && crossing < north)
        best = fmin(best, arc(a, crossing, meridian));
    return best;
}

double near_distance(const struct near_ask *ask, uint32_t dims, const double *low,
                     const double *high)
{
    if (ask->metric == XT_GREAT_CIRCLE)
        return sphere_distance(ask->point, low, high);
    return plane_distance(ask, dims, low, high);
}

/* ---- answers --------------------------------------------------------------------------------- */

static int hits_compare(const void *a, const void *b)
{
    const struct near_hit *x = a;
    const struct near_hit *y = b;

    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

void near_expect(const struct oracle *oracle, const struct near_ask *ask, uint64_t first_id,
                 struct near_hit *hits)
{
    for (size_t i = 0; i < oracle->count; i++) {
        double low[XT_DIMS_MAX];
        double high[XT_DIMS_MAX];

        for (uint32_t axis = 0; axis < oracle->dims; axis++) {
            low[axis] = oracle_kept(oracle, oracle->low[i * oracle->dims + axis]);
            high[axis] = oracle_kept(oracle, oracle->high[i * oracle->dims + axis]);
        }
        hits[i].distance = near_distance(ask, oracle->dims, low, high);
        hits[i].id = first_id + i;
        hits[i].row = i;
    }
    qsort(hits, oracle->count, sizeof *hits, hits_compare);
}

void near_point(const struct oracle *oracle, unsigned kind, uint64_t *random, double *point)
{
    size_t i = oracle->count == 0 ? 0 : check_random(random) % oracle->count;

    for (uint32_t axis = 0; axis < oracle->dims; axis++) {
        double corner = oracle->count == 0 ? 0 : oracle->low[i * oracle->dims + axis];

        if (!isfinite(corner))
            corner = corner > 0 ? DBL_MAX : -DBL_MAX;
        switch (kind % 4) {
        case 0:
            point[axis] = check_uniform(random) * 100;
            break;
        case 1:
            point[axis] = corner;
            break;
        case 2:
            point[axis] = corner + (check_uniform(random) - 0.5) * fabs(corner) * 0.01;
            break;
        default:
            point[axis] = (check_uniform(random) - 0.5) * (kind % 8 == 3 ? 1e4 : 1e40);
            break;
        }
        if (!isfinite(point[axis]))
            point[axis] = 0;
    }
}
