/* tests/unit/geom/test_round.c -- are f32 offsets outward, tight, and never denormal?
 *
 * Sums of integers judge. The answers must be the same in every denormal mode.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

#include "exact.h"
#include "geom/geom.h"
#include "numbers.h"
#include "support/check.h"

/* The next float above x that is not denormal. */
static float next_offset(float x)
{
    if (x == -FLT_MIN)
        return 0.0f;
    return x == 0 ? FLT_MIN : nextafterf(x, INFINITY);
}

/* Whether `down` is the largest permitted float at or below value - origin. All finite but down. */
static bool is_down(float down, double value, double origin)
{
    bool is_outward, is_tight;
    float next;

    if (is_denormal(down) || isnan(down) || down == INFINITY || (down == 0 && signbit(down)))
        return false;
    is_outward = down == -INFINITY || exact_compare(value, origin, (double)down) >= 0;
    next = down == -INFINITY ? -FLT_MAX : next_offset(down);
    is_tight = next == INFINITY || exact_compare(value, origin, (double)next) < 0;
    return is_outward && is_tight;
}

/* Both at once, on each of two axes, are what each of them is. */
static bool check_both(double value, double origin, float down, float up)
{
    const double values[2] = {value, origin};
    const double origins[2] = {origin, value};
    const float opposite = 0.0f - up;
    float lows[2], highs[2];

    xti_offset_both(values, origins, 2, lows, highs);
    return CHECK(memcmp(&lows[0], &down, sizeof down) == 0) &&
           CHECK(memcmp(&highs[0], &up, sizeof up) == 0) && CHECK(lows[1] == opposite);
}

static bool check_pair(double value, double origin)
{
    float down = xti_offset_down(value, origin);
    float up = xti_offset_up(value, origin);
    float down_flushed, up_flushed;
    bool is_good;

    flush_denormals(true);
    down_flushed = xti_offset_down(value, origin);
    up_flushed = xti_offset_up(value, origin);
    is_good = isinf(value) || check_both(value, origin, down, up);
    flush_denormals(false);

    is_good = (isinf(value) || check_both(value, origin, down, up)) && is_good;
    is_good = CHECK(is_down(down, value, origin)) && is_good;
    is_good = CHECK(is_down(0.0f - up, -value, -origin)) && is_good;
    is_good = CHECK(up != 0 || !signbit(up)) && is_good;
    is_good = CHECK(memcmp(&down, &down_flushed, sizeof down) == 0) && is_good;
    is_good = CHECK(memcmp(&up, &up_flushed, sizeof up) == 0) && is_good;
    if (!is_good)
        printf("    value %a origin %a: down %a up %a\n", value, origin, (double)down, (double)up);
    return is_good;
}

static void offsets_of_named_values_are_known(void)
{
    static const struct {
        const char *name;
        double value, origin;
        float down, up;
    } rows[] = {
        {"the origin itself",   7.25,             7.25,       0.0f,           0.0f          },
        {"a float",             8.5,              8.0,        0.5f,           0.5f          },
        {"past 2^24",           0x1p24 + 1,       0.0,        0x1p24f,        0x1p24f + 2   },
        {"near 1e15",           1e15 + 0.125,     1e15,       0.125f,         0.125f        },
        {"a third",             1.0 / 3,          0.0,        0x1.555554p-2f, 0x1.555556p-2f},
        {"a hair above",        1.0,              -0x1p-60,   1.0f,           0x1.000002p0f },
        {"a hair below",        1.0,              0x1p-60,    0x1.fffffep-1f, 1.0f          },
        {"a denormal above",    1.0,              -0x1p-1074, 1.0f,           0x1.000002p0f },
        {"a denormal below",    1.0,              0x1p-1074,  0x1.fffffep-1f, 1.0f          },
        {"a denormal offset",   0x1p-140,         0.0,        0.0f,           FLT_MIN       },
        {"a negative denormal", -0x1p-140,        0.0,        -FLT_MIN,       0.0f          },
        {"denormal difference", DBL_MIN * 1.5,    DBL_MIN,    0.0f,           FLT_MIN       },
        {"negative zero",       -0.0,             0.0,        0.0f,           0.0f          },
        {"just below FLT_MIN",  (double)FLT_MIN,  0x1p-1074,  0.0f,           FLT_MIN       },
        {"largest float",       (double)FLT_MAX,  0.0,        FLT_MAX,        FLT_MAX       },
        {"beyond FLT_MAX",      (double)FLT_MAX,  -0x1p-1074, FLT_MAX,        INFINITY      },
        {"beyond -FLT_MAX",     -(double)FLT_MAX, 0x1p-1074,  -INFINITY,      -FLT_MAX      },
        {"overflow upward",     DBL_MAX,          -DBL_MAX,   FLT_MAX,        INFINITY      },
        {"overflow downward",   -DBL_MAX,         DBL_MAX,    -INFINITY,      -FLT_MAX      },
        {"infinity",            INFINITY,         1e300,      INFINITY,       INFINITY      },
        {"negative infinity",   -INFINITY,        -1e300,     -INFINITY,      -INFINITY     },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        check_row = rows[i].name;
        CHECK(xti_offset_down(rows[i].value, rows[i].origin) == rows[i].down);
        CHECK(xti_offset_up(rows[i].value, rows[i].origin) == rows[i].up);
    }
}

static void hard_numbers_round_outward_and_tight(void)
{
    size_t count = CHECK_COUNT(hard_numbers);

    for (size_t i = 0; i < 4 * count * count; i++) {
        double value = hard_numbers[i / 4 / count] * (i & 1 ? -1 : 1);
        double origin = hard_numbers[i / 4 % count] * (i & 2 ? -1 : 1);

        for (int units = -2; units <= 2; units++) {
            if (!check_pair(moved_units(value, units), origin) ||
                !check_pair(value, moved_units(origin, units)))
                return;
        }
    }
}

static void random_numbers_round_outward_and_tight(void)
{
    uint64_t random = check_seed;

    for (int i = 0; i < 500000; i++) {
        double origin = random_number(&random, 1.0);

        if (!check_pair(random_number(&random, origin), origin))
            return;
    }
}

/* The difference lies exactly on, or a hair beside, a float: where TwoSum's error decides. */
static void differences_near_a_float_round_outward_and_tight(void)
{
    uint64_t random = check_seed;

    for (int i = 0; i < 500000; i++) {
        float offset = (float)(check_uniform(&random) - 0.5) * 0x1p20f;
        double origin = random_number(&random, 1.0) * 0x1p-30;
        double value = moved_units(origin + (double)offset, (int)(check_random(&random) % 5) - 2);

        if (isfinite(value) && !check_pair(value, origin))
            return;
    }
}

static int order_doubles(const void *left, const void *right)
{
    double a, b;

    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return (a > b) - (a < b);
}

static void offsets_are_monotone_in_the_value(void)
{
    uint64_t random = check_seed;
    double values[512];

    for (int round = 0; round < 200; round++) {
        double origin = random_number(&random, 1.0);

        for (size_t i = 0; i < CHECK_COUNT(values); i++)
            values[i] = random_number(&random, origin);
        values[0] = -INFINITY;
        values[1] = INFINITY;
        qsort(values, CHECK_COUNT(values), sizeof values[0], order_doubles);
        for (size_t i = 1; i < CHECK_COUNT(values); i++) {
            double before = values[i - 1], after = values[i];

            if (!CHECK(xti_offset_down(before, origin) <= xti_offset_down(after, origin)) ||
                !CHECK(xti_offset_up(before, origin) <= xti_offset_up(after, origin)))
                return;
        }
    }
}

static void origins_fit_boxes_that_keep_their_extent(void)
{
    static const struct {
        const char *name;
        double low, high, origin;
        bool fits;
    } rows[] = {
        {"box at the origin",                0,          1,            0,          true },
        {"hundredths of a degree, far off",  -0.01,      0.01,         -180,       true },
        {"thousandths of a degree, far off", -0.001,     0.001,        -180,       false},
        {"a metre far away",                 1e15,       1e15 + 1,     0,          false},
        {"a metre near its origin",          1e15,       1e15 + 1,     1e15 - 100, true },
        {"both ends are floats",             0x1p24,     0x1p24 + 128, 0,          true },
        {"one end grows by 1/256",           0x1p24,     0x1p24 + 257, 0,          true },
        {"one end grows by more",            0x1p24,     0x1p24 + 255, 0,          false},
        {"both ends grow by 1/256",          0x1p24 + 1, 0x1p24 + 513, 0,          true },
        {"both ends grow by more",           0x1p24 + 1, 0x1p24 + 511, 0,          false},
        {"flat box that is inexact",         0.1,        0.1,          0,          true },
        {"too wide for floats",              -1e300,     1e300,        0,          false},
        {"too wide for doubles",             -DBL_MAX,   DBL_MAX,      0,          false},
        {"too small for floats",             0,          1e-40,        0,          false},
    };
    const double low[3] = {0, 1e15, 5}, high[3] = {1, 1e15 + 1, 5};
    const double good[3] = {0, 1e15, 0}, bad[3] = {0, 0, 0};

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        check_row = rows[i].name;
        CHECK_INT(xti_origin_fits(&rows[i].low, &rows[i].high, &rows[i].origin, 1), rows[i].fits);
    }
    check_row = "three axes";
    CHECK(xti_origin_fits(low, high, good, 3));
    CHECK(!xti_origin_fits(low, high, bad, 3));
}

CHECK_MAIN({"offsets_of_named_values_are_known", offsets_of_named_values_are_known},
           {"hard_numbers_round_outward_and_tight", hard_numbers_round_outward_and_tight},
           {"random_numbers_round_outward_and_tight", random_numbers_round_outward_and_tight},
           {"differences_near_a_float_round_outward_and_tight",
            differences_near_a_float_round_outward_and_tight},
           {"offsets_are_monotone_in_the_value", offsets_are_monotone_in_the_value},
           {"origins_fit_boxes_that_keep_their_extent", origins_fit_boxes_that_keep_their_extent})
