/* tests/unit/geom/test_window.c -- does a moved window miss no box, and hold none that leaves it?
 *
 * And have narrowed windows the nearest floats? For any numbers; sums of integers judge.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "exact.h"
#include "geom/geom.h"
#include "numbers.h"
#include "support/check.h"

/* One axis of a window, moved. */
struct moved {
    float meet_lo, meet_hi, hold_lo, hold_hi;
};

static struct moved move(double low, double high, double origin)
{
    struct moved moved;
    struct xti_offset_window out = {&moved.meet_lo, &moved.meet_hi, &moved.hold_lo, &moved.hold_hi};

    xti_window_move(&low, &high, &origin, 1, &out);
    return moved;
}

/* Whether low - origin >= bound in real numbers; low may be infinite. */
static bool at_or_above(double low, double origin, float bound)
{
    if (bound == -INFINITY || low == INFINITY)
        return true;
    if (bound == INFINITY || low == -INFINITY)
        return false;
    return exact_compare(low, origin, (double)bound) >= 0;
}

static bool at_or_below(double high, double origin, float bound)
{
    return at_or_above(-high, -origin, -bound);
}

static bool is_clean(float bound)
{
    return !isnan(bound) && !is_denormal(bound);
}

static bool check_bounds(double low, double high, double origin)
{
    struct moved m = move(low, high, origin);
    bool is_good = CHECK(is_clean(m.meet_lo) && is_clean(m.meet_hi));

    is_good = CHECK(is_clean(m.hold_lo) && is_clean(m.hold_hi)) && is_good;
    is_good = CHECK(at_or_above(low, origin, m.meet_lo)) && is_good;
    is_good = CHECK(at_or_below(high, origin, m.meet_hi)) && is_good;
    if (low == -INFINITY)
        is_good = CHECK(m.hold_lo == -INFINITY) && is_good;
    else
        is_good = CHECK(m.hold_lo > -INFINITY && at_or_below(low, origin, m.hold_lo)) && is_good;
    if (high == INFINITY)
        is_good = CHECK(m.hold_hi == INFINITY) && is_good;
    else
        is_good = CHECK(m.hold_hi < INFINITY && at_or_above(high, origin, m.hold_hi)) && is_good;
    if (!is_good)
        printf("    window %a .. %a origin %a\n", low, high, origin);
    return is_good;
}

/* The box [lo, hi] stored from origin, seen through the window moved there. */
static bool check_box(double low, double high, double origin, double lo, double hi)
{
    struct moved m = move(low, high, origin);
    float stored_lo = xti_offset_down(lo, origin);
    float stored_hi = xti_offset_up(hi, origin);
    bool is_met = lo <= high && hi >= low;
    bool is_inside = lo >= low && hi <= high;
    bool passes_meet = stored_lo <= m.meet_hi && stored_hi >= m.meet_lo;
    bool passes_hold = stored_lo >= m.hold_lo && stored_hi <= m.hold_hi;

    if (!CHECK(!is_met || passes_meet) || !CHECK(!passes_hold || is_inside)) {
        printf("    window %a .. %a origin %a box %a .. %a\n", low, high, origin, lo, hi);
        return false;
    }
    return true;
}

/* Infinite now and then; otherwise close to `near` or anything. */
static double random_bound(uint64_t *random, double near)
{
    uint64_t kind = check_random(random) % 32;

    if (kind < 2)
        return kind == 0 ? INFINITY : -INFINITY;
    return random_number(random, near);
}

static void order(double *low, double *high)
{
    double swap = *low;

    if (*low > *high) {
        *low = *high;
        *high = swap;
    }
}

static void moved_bounds_err_only_outward_to_meet_and_inward_to_hold(void)
{
    uint64_t random = check_seed;

    for (int i = 0; i < 300000; i++) {
        double origin = random_number(&random, 1.0);
        double low = random_bound(&random, origin);
        double high = random_bound(&random, low);

        order(&low, &high);
        if (!check_bounds(low, high, origin))
            return;
    }
}

static void hard_windows_err_only_outward_to_meet_and_inward_to_hold(void)
{
    size_t count = CHECK_COUNT(hard_numbers);

    for (size_t i = 0; i < 4 * count * count; i++) {
        double bound = hard_numbers[i / 4 / count] * (i & 1 ? -1 : 1);
        double origin = hard_numbers[i / 4 % count] * (i & 2 ? -1 : 1);

        for (int units = -2; units <= 2; units++) {
            double moved = moved_units(bound, units);

            if (!check_bounds(moved, moved, origin) || !check_bounds(-INFINITY, moved, origin) ||
                !check_bounds(moved, INFINITY, origin))
                return;
        }
    }
}

static void no_box_that_is_met_is_missed_and_none_outside_is_held(void)
{
    uint64_t random = check_seed;

    for (int i = 0; i < 2000000; i++) {
        double origin = random_number(&random, 1.0);
        double low = random_bound(&random, origin);
        double high = random_bound(&random, low);
        double lo = random_bound(&random, check_random(&random) & 1 ? low : high);
        double hi = random_bound(&random, check_random(&random) & 1 ? low : high);

        order(&low, &high);
        order(&lo, &hi);
        if (!check_box(low, high, origin, lo, hi))
            return;
    }
}

/* Windows that share borders with boxes: every relation of five neighbouring doubles. */
static void boxes_at_the_border_are_met_and_never_held_outside(void)
{
    size_t count = CHECK_COUNT(hard_numbers);

    for (size_t i = 0; i < 2 * count * count; i++) {
        double middle = hard_numbers[i / 2 / count];
        double origin = hard_numbers[i / 2 % count] * (i & 1 ? -1 : 1);
        double around[5];

        for (int k = 0; k < 5; k++)
            around[k] = moved_units(middle, k - 2);
        for (int k = 0; k < 625; k++) {
            double low = around[k % 5], high = around[k / 5 % 5];
            double lo = around[k / 25 % 5], hi = around[k / 125];

            if (low <= high && lo <= hi && !check_box(low, high, origin, lo, hi))
                return;
        }
    }
}

static void windows_moved_with_flushed_denormals_err_the_same_way(void)
{
    uint64_t random = check_seed;

    for (int i = 0; i < 300000; i++) {
        double origin = random_number(&random, 1.0);
        double low = random_bound(&random, origin);
        double high = random_bound(&random, low);
        struct moved m;

        order(&low, &high);
        flush_denormals(true);
        m = move(low, high, origin);
        flush_denormals(false);
        if (!CHECK(at_or_above(low, origin, m.meet_lo)) ||
            !CHECK(at_or_below(high, origin, m.meet_hi)) ||
            !CHECK(low == -INFINITY || at_or_below(low, origin, m.hold_lo)) ||
            !CHECK(high == INFINITY || at_or_above(high, origin, m.hold_hi)) ||
            !CHECK(is_clean(m.meet_lo) && is_clean(m.meet_hi)) ||
            !CHECK(is_clean(m.hold_lo) && is_clean(m.hold_hi)))
            return;
    }
}

/* Pruning needs that the margin is small: a few units of a float. */
static void moved_bounds_are_close_to_the_window(void)
{
    uint64_t random = check_seed;

    for (int i = 0; i < 300000; i++) {
        double origin = random_number(&random, 1.0);
        double bound = random_number(&random, origin);
        double difference = bound - origin;
        double slack = fabs(difference) * 0x1p-20 + 4 * (double)FLT_MIN;
        struct moved m = move(bound, bound, origin);

        if (fabs(difference) < 1e38 && (!CHECK((double)m.meet_lo >= difference - slack) ||
                                        !CHECK((double)m.meet_hi <= difference + slack) ||
                                        !CHECK((double)m.hold_lo <= difference + slack) ||
                                        !CHECK((double)m.hold_hi >= difference - slack)))
            return;
    }
}

static void every_axis_is_moved_by_its_own_origin(void)
{
    const double low[3] = {0, 10, -INFINITY}, high[3] = {1, 20, 100};
    const double origin[3] = {0, 10, 50};
    float bounds[4][3];
    struct xti_offset_window out = {bounds[0], bounds[1], bounds[2], bounds[3]};

    xti_window_move(low, high, origin, 3, &out);
    CHECK(bounds[0][0] <= 0 && bounds[0][1] <= 0 && bounds[0][2] == -INFINITY);
    CHECK(fabsf(bounds[1][0] - 1) < 1e-5f && fabsf(bounds[1][1] - 10) < 1e-5f);
    CHECK(fabsf(bounds[1][2] - 50) < 1e-4f && fabsf(bounds[3][2] - 50) < 1e-4f);
    CHECK(bounds[2][2] == -INFINITY && fabsf(bounds[3][1] - 10) < 1e-5f);
}

/* ---- narrowing ----------------------------------------------------------------------------- */

static bool check_narrow(double bound)
{
    float low, high, low_flushed, high_flushed;
    bool is_good;

    xti_window_narrow(&bound, &bound, 1, &low, &high);
    flush_denormals(true);
    xti_window_narrow(&bound, &bound, 1, &low_flushed, &high_flushed);
    flush_denormals(false);

    is_good = CHECK((double)low >= bound && (double)high <= bound);
    is_good = CHECK(low == -INFINITY || (double)nextafterf(low, -INFINITY) < bound) && is_good;
    is_good = CHECK(high == INFINITY || (double)nextafterf(high, INFINITY) > bound) && is_good;
    is_good = CHECK(memcmp(&low, &low_flushed, sizeof low) == 0) && is_good;
    is_good = CHECK(memcmp(&high, &high_flushed, sizeof high) == 0) && is_good;
    if (!is_good)
        printf("    %a narrowed to %a .. %a\n", bound, (double)low, (double)high);
    return is_good;
}

static void narrowed_windows_are_the_nearest_floats_inside(void)
{
    uint64_t random = check_seed;

    for (size_t i = 0; i < CHECK_COUNT(hard_numbers); i++) {
        for (int units = -3; units <= 3; units++) {
            if (!check_narrow(moved_units(hard_numbers[i], units)) ||
                !check_narrow(moved_units(-hard_numbers[i], units)))
                return;
        }
    }
    for (int i = 0; i < 300000; i++) {
        uint64_t bits = check_random(&random);
        double float_scale = check_uniform(&random) * (bits & 1 ? 0x1p-125 : 0x1p-145);

        if (!check_narrow(random_bound(&random, 1.0)) || !check_narrow(float_scale) ||
            !check_narrow(-float_scale) || !check_narrow((double)(float)float_scale))
            return;
    }
}

static void windows_between_floats_match_no_point(void)
{
    static const struct {
        const char *name;
        double low, high;
        float want_low, want_high;
    } rows[] = {
        {"beyond the floats",  1e39,        2e39,        INFINITY,      FLT_MAX  },
        {"below the floats",   -2e39,       -1e39,       -FLT_MAX,      -INFINITY},
        {"between two floats", 1 + 0x1p-30, 1 + 0x1p-29, 0x1.000002p0f, 1.0f     },
        {"between denormals",  0x1.2p-149,  0x1.4p-149,  0x1p-148f,     0x1p-149f},
        {"everything",         -INFINITY,   INFINITY,    -INFINITY,     INFINITY },
        {"floats as they are", -0.5,        0x1p-149,    -0.5f,         0x1p-149f},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        float low, high;

        check_row = rows[i].name;
        xti_window_narrow(&rows[i].low, &rows[i].high, 1, &low, &high);
        CHECK(low == rows[i].want_low);
        CHECK(high == rows[i].want_high);
    }
}

CHECK_MAIN({"moved_bounds_err_only_outward_to_meet_and_inward_to_hold",
            moved_bounds_err_only_outward_to_meet_and_inward_to_hold},
           {"hard_windows_err_only_outward_to_meet_and_inward_to_hold",
            hard_windows_err_only_outward_to_meet_and_inward_to_hold},
           {"no_box_that_is_met_is_missed_and_none_outside_is_held",
            no_box_that_is_met_is_missed_and_none_outside_is_held},
           {"boxes_at_the_border_are_met_and_never_held_outside",
            boxes_at_the_border_are_met_and_never_held_outside},
           {"windows_moved_with_flushed_denormals_err_the_same_way",
            windows_moved_with_flushed_denormals_err_the_same_way},
           {"moved_bounds_are_close_to_the_window", moved_bounds_are_close_to_the_window},
           {"every_axis_is_moved_by_its_own_origin", every_axis_is_moved_by_its_own_origin},
           {"narrowed_windows_are_the_nearest_floats_inside",
            narrowed_windows_are_the_nearest_floats_inside},
           {"windows_between_floats_match_no_point", windows_between_floats_match_no_point})
