/* tests/unit/geom/test_sphere.c -- are distances on a sphere the known ones, are those of boxes the
 * least of all points in them, and are bounds never above a distance?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>

#include "geom/geom.h"
#include "support/check.h"

#define RADIUS XT_EARTH_RADIUS_METRES
#define PI 3.14159265358979323846

static double from_to(double lon1, double lat1, double lon2, double lat2)
{
    const double from[] = {lon1, lat1};
    const double to[] = {lon2, lat2};
    struct xti_sphere sphere;

    xti_sphere_set(&sphere, from);
    return xti_sphere_distance(&sphere, to, to);
}

static bool near(double got, double want, double error)
{
    return fabs(got - want) <= error;
}

static void known_distances_are_right(void)
{
    static const struct {
        const char *name;
        double lon1, lat1, lon2, lat2;
        double want, error; /* metres */
    } rows[] = {
        {"the same point",           13.4,    52.5,    13.4,     52.5,    0,                 0    },
        {"a quarter",                0,       0,       90,       0,       RADIUS * PI / 2,   1e-6 },
        {"pole to pole",             20,      90,      -70,      -90,     RADIUS * PI,       1e-6 },
        {"opposite",                 10,      20,      -170,     -20,     RADIUS * PI,       1e-1 },
        {"across the date line",     179.5,   0,       -179.5,   0,       RADIUS * PI / 180, 1e-6 },
        {"over the pole",            0,       89.5,    180,      89.5,    RADIUS * PI / 180, 1e-6 },
        {"a degree of latitude",     7,       50,      7,        51,      RADIUS * PI / 180, 1e-6 },
        {"longitudes go round",      361,     10,      -359,     10,      0,                 1e-6 },
        {"at the pole all meet",     0,       90,      123,      90,      0,                 1e-6 },
        {"latitudes end at 90",      0,       95,      50,       90,      0,                 1e-6 },
        {"Berlin to Paris",          13.3833, 52.5167, 2.3522,   48.8566, 877.0e3,           1.5e3},
        {"London to New York",       -0.1278, 51.5074, -74.006,  40.7128, 5570.2e3,          1.5e3},
        {"Nashville to Los Angeles", -86.67,  36.12,   -118.4,   33.94,   2886.4e3,          1.5e3},
        {"a tenth of a millimetre",  5,       45,      5 + 1e-9, 45,      7.8627e-5,         1e-7 },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        check_row = rows[i].name;
        CHECK(near(from_to(rows[i].lon1, rows[i].lat1, rows[i].lon2, rows[i].lat2), rows[i].want,
                   rows[i].error));
        CHECK(near(from_to(rows[i].lon2, rows[i].lat2, rows[i].lon1, rows[i].lat1), rows[i].want,
                   rows[i].error));
    }
}

/* ---- boxes ----------------------------------------------------------------------------------- */

/* Of many kinds: across the date line, all around, up to the poles, points, lines. */
static void box_make(uint64_t *random, double *low, double *high)
{
    uint64_t kind = check_random(random);

    low[0] = floor(check_uniform(random) * 7200 - 3600) / 10;
    low[1] = floor(check_uniform(random) * 1900 - 950) / 10;
    high[0] = low[0] + (kind & 1 ? check_uniform(random) * (kind & 2 ? 400 : 20) : 0);
    high[1] = low[1] + (kind & 4 ? check_uniform(random) * (kind & 8 ? 150 : 10) : 0);
}

static void point_make(uint64_t *random, const double *low, const double *high, double *point)
{
    uint64_t kind = check_random(random);

    point[0] = floor(check_uniform(random) * 7200 - 3600) / 10;
    point[1] = floor(check_uniform(random) * 1800 - 900) / 10;
    if (kind % 4 == 0)
        point[0] = kind & 16 ? low[0] : high[0] + 360;
    if (kind / 4 % 4 == 0)
        point[1] = kind & 32 ? low[1] : high[1];
    if (kind / 64 % 8 == 0)
        point[1] = kind & 32 ? 90 : -90;
}

static void boxes_are_as_far_as_their_nearest_point(void)
{
    enum { STEPS = 60 };
    uint64_t random = check_seed;

    for (unsigned i = 0; i < 400; i++) {
        double low[2], high[2], point[2];
        double best = INFINITY;
        struct xti_sphere sphere;
        double distance;

        box_make(&random, low, high);
        point_make(&random, low, high, point);
        xti_sphere_set(&sphere, point);
        distance = xti_sphere_distance(&sphere, low, high);
        for (unsigned step = 0; step < (STEPS + 1) * (STEPS + 1); step++) {
            double lon = low[0] + (high[0] - low[0]) * (step % (STEPS + 1)) / STEPS;
            double lat = low[1] + (high[1] - low[1]) * (step / (STEPS + 1)) / STEPS;

            best = fmin(best, from_to(point[0], point[1], lon, lat));
        }
        CHECK(distance <= best + 1e-5);
        /* A step is a few degrees at most, and the nearest point half of one away, off the edge. */
        CHECK(distance >= best - (high[0] - low[0] + high[1] - low[1]) / STEPS * 112e3 - 1e-5);
    }
}

static void bounds_are_never_above_a_distance(void)
{
    uint64_t random = check_seed;

    for (unsigned i = 0; i < 200000; i++) {
        double low[2], high[2], point[2], outer_low[2], outer_high[2];
        struct xti_sphere sphere;
        double distance, bound;

        box_make(&random, low, high);
        point_make(&random, low, high, point);
        for (int axis = 0; axis < 2; axis++) {
            bool is_wider = check_random(&random) % 2 == 0;

            outer_low[axis] = low[axis] - (is_wider ? check_uniform(&random) * 5 : 0);
            outer_high[axis] = high[axis] + (is_wider ? check_uniform(&random) * 5 : 0);
        }
        xti_sphere_set(&sphere, point);
        distance = xti_sphere_distance(&sphere, low, high);
        bound = xti_sphere_bound(&sphere, outer_low, outer_high);
        CHECK(bound >= 0 && bound <= 1);
        CHECK(xti_sphere_metres(bound) <= distance);
        CHECK(xti_sphere_key_floor(xti_sphere_key(bound)) <= distance);
        CHECK(xti_sphere_key(bound) <= xti_sphere_key_limit(distance));
    }
}

/* Of small boxes nearby, as most are: within a thousandth and 20 metres. */
static void bounds_are_close_to_the_distance(void)
{
    uint64_t random = check_seed;

    for (unsigned i = 0; i < 10000; i++) {
        double low[2] = {check_uniform(&random) * 360 - 180, check_uniform(&random) * 140 - 70};
        double point[2] = {low[0] + check_uniform(&random) - 0.5,
                           low[1] + check_uniform(&random) - 0.5};
        double high[2] = {low[0] + 1e-4, low[1] + 1e-4};
        struct xti_sphere sphere;
        double distance;

        xti_sphere_set(&sphere, point);
        distance = xti_sphere_distance(&sphere, low, high);
        CHECK(xti_sphere_metres(xti_sphere_bound(&sphere, low, high)) >= distance * 0.999 - 20);
    }
}

static void strange_longitudes_do_no_harm(void)
{
    static const double strange[] = {-INFINITY, -1e308, -1e20, 0, 1e20, 1e308, INFINITY};
    const double points[][2] = {
        {0,      10 },
        {1e308,  -90},
        {-1e308, 0  },
        {179,    60 }
    };

    for (size_t i = 0; i < CHECK_COUNT(strange) * CHECK_COUNT(strange); i++) {
        double low[] = {strange[i / CHECK_COUNT(strange)], strange[i % CHECK_COUNT(strange)]};
        double high[] = {INFINITY, INFINITY};

        for (size_t p = 0; p < CHECK_COUNT(points); p++) {
            struct xti_sphere sphere;
            double far, bound;

            xti_sphere_set(&sphere, points[p]);
            far = xti_sphere_distance(&sphere, low, i % 2 == 0 ? low : high);
            bound = xti_sphere_bound(&sphere, low, i % 2 == 0 ? low : high);
            CHECK(far >= 0 && far <= RADIUS * PI + 1);
            CHECK(xti_sphere_metres(bound) <= far);
        }
    }
}

CHECK_MAIN({"known_distances_are_right", known_distances_are_right},
           {"boxes_are_as_far_as_their_nearest_point", boxes_are_as_far_as_their_nearest_point},
           {"bounds_are_never_above_a_distance", bounds_are_never_above_a_distance},
           {"bounds_are_close_to_the_distance", bounds_are_close_to_the_distance},
           {"strange_longitudes_do_no_harm", strange_longitudes_do_no_harm})
