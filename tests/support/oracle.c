/* tests/support/oracle.c -- what a store must answer; and data and windows that are hard.
 *
 * SPDX-License-Identifier: MIT
 */
#include "oracle.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

const char *oracle_data_text(enum oracle_data data)
{
    static const char *const texts[] = {
#define ORACLE_TEXT(name, text) [name] = (text),
        ORACLE_DATA_MAP(ORACLE_TEXT)
#undef ORACLE_TEXT
    };

    return texts[data];
}

const char *oracle_window_text(enum oracle_window window)
{
    static const char *const texts[] = {
#define ORACLE_TEXT(name, text) [name] = (text),
        ORACLE_WINDOW_MAP(ORACLE_TEXT)
#undef ORACLE_TEXT
    };

    return texts[window];
}

static void *memory(size_t size)
{
    void *result = calloc(1, size > 0 ? size : 1);

    if (result == NULL) {
        fprintf(stderr, "no memory for the oracle\n");
        abort();
    }
    return result;
}

/* ---- coordinates --------------------------------------------------------------------------- */

static const double EXTREMES[] = {-INFINITY, INFINITY, -0.0,       0.0,      0x1p-1074, -0x1p-1074,
                                  DBL_MIN,   -DBL_MIN, FLT_MIN,    0x1p-149, -0x1p-149, FLT_MAX,
                                  -FLT_MAX,  DBL_MAX,  -DBL_MAX,   1.0,      -1.0,      1e-300,
                                  -1e300,    0x1p24,   0x1p24 + 1, 3.5};

/* A finite number that no float is near is not allowed in a store of floats. */
static double allowed(xt_coord_type type, double value)
{
    if (type == XT_F32 && isfinite(value) && fabs(value) > (double)FLT_MAX)
        return copysign((double)FLT_MAX, value);
    return value;
}

static double last_bits(uint64_t *random)
{
    static const double bases[] = {0x1p24, 0x1p53, 1e15, -0x1p53, 1.0};
    double value = bases[check_random(random) % CHECK_COUNT(bases)];
    uint64_t steps = check_random(random) % 9;

    for (uint64_t i = 0; i < steps; i++)
        value = nextafter(value, INFINITY);
    /* The same in steps of a float. */
    if (check_random(random) % 2 == 0) {
        for (uint64_t i = 0; i < steps; i++)
            value = (double)nextafterf((float)value, INFINITY);
    }
    return value;
}

static double coordinate(const struct oracle_maker *maker, size_t i)
{
    uint64_t *random = maker->random;
    double u = check_uniform(random);

    switch (maker->data) {
    case ORACLE_CLUSTERED:
        return maker->centres[(i * 7) % 8] + u * u * u * 0.01;
    case ORACLE_GRID:
        return (double)(check_random(random) % 32);
    case ORACLE_SORTED:
        return (double)i + u * 0.5;
    case ORACLE_DUPLICATES:
        return (double)(check_random(random) % 3);
    case ORACLE_SAME:
        return 42.25;
    case ORACLE_LAST_BITS:
        return last_bits(random);
    case ORACLE_TIMESTAMPS:
        return 1.7e18 + (double)(check_random(random) % 4096) * 256.0;
    case ORACLE_EXTREMES:
        return EXTREMES[check_random(random) % CHECK_COUNT(EXTREMES)];
    case ORACLE_UNIFORM:
    case ORACLE_FLAT:
    case ORACLE_DATA_COUNT:
        break;
    }
    return u * 2000.0 - 1000.0;
}

static double extent(const struct oracle_maker *maker)
{
    double u = check_uniform(maker->random);

    switch (maker->data) {
    case ORACLE_CLUSTERED:
        return u * 1e-4;
    case ORACLE_GRID:
    case ORACLE_DUPLICATES:
        return (double)(check_random(maker->random) % 3);
    case ORACLE_SORTED:
        return u < 0.01 ? 1000.0 : u * 3.0;
    case ORACLE_TIMESTAMPS:
        return u < 0.5 ? 0.0 : 512.0;
    case ORACLE_UNIFORM:
        return u < 0.02 ? u * 50000.0 : u * 20.0;
    case ORACLE_SAME:
    case ORACLE_FLAT:
    case ORACLE_LAST_BITS:
    case ORACLE_EXTREMES:
    case ORACLE_DATA_COUNT:
        break;
    }
    return 0.0;
}

void oracle_item_make(const struct oracle_maker *maker, size_t i, double *low, double *high)
{
    bool has_two = maker->data == ORACLE_LAST_BITS || maker->data == ORACLE_EXTREMES;

    for (uint32_t axis = 0; axis < maker->dims; axis++) {
        double a = allowed(maker->type, coordinate(maker, i));
        double b;

        low[axis] = a;
        if (low == high)
            continue;
        b = allowed(maker->type, has_two ? coordinate(maker, i) : a + extent(maker));
        low[axis] = b < a ? b : a;
        high[axis] = b < a ? a : b;
    }
}

void oracle_maker_init(struct oracle_maker *maker, struct oracle_schema schema,
                       enum oracle_data data, uint64_t *random)
{
    *maker = (struct oracle_maker){data, schema.coord_type, schema.dims, random, {0}};
    for (size_t i = 0; i < CHECK_COUNT(maker->centres); i++)
        maker->centres[i] = check_uniform(random) * 100.0;
}

void oracle_init(struct oracle *oracle, struct oracle_schema schema, size_t count,
                 enum oracle_data data, uint64_t *random)
{
    uint32_t dims = schema.dims;
    struct oracle_maker maker;
    size_t bytes = count * dims * sizeof(double);

    oracle_maker_init(&maker, schema, data, random);
    *oracle = (struct oracle){.dims = dims, .kind = schema.kind, .coord_type = schema.coord_type};
    oracle->count = count;
    oracle->low = memory(bytes);
    oracle->high = schema.kind == XT_BOXES ? memory(bytes) : oracle->low;
    oracle->ids = memory(count * sizeof(uint64_t));
    oracle->marks = memory(count);
    oracle->first_id = check_random(random);
    for (size_t i = 0; i < count; i++) {
        oracle->ids[i] = oracle->first_id + i;
        oracle_item_make(&maker, i, oracle->low + i * dims, oracle->high + i * dims);
    }
}

void oracle_release(struct oracle *oracle)
{
    if (oracle->high != oracle->low)
        free(oracle->high);
    free(oracle->low);
    free(oracle->ids);
    free(oracle->marks);
    memset(oracle, 0, sizeof *oracle);
}

/* ---- windows ------------------------------------------------------------------------------- */

static const double *some_corner(const struct oracle *oracle, uint64_t *random)
{
    static const double nowhere[XT_DIMS_MAX];
    size_t i;

    if (oracle->count == 0)
        return nowhere;
    i = (size_t)(check_random(random) % oracle->count);
    return (check_random(random) % 2 == 0 ? oracle->low : oracle->high) + i * oracle->dims;
}

static double step(double value, uint64_t *random, xt_coord_type type)
{
    double direction = check_random(random) % 2 == 0 ? INFINITY : -INFINITY;

    if (type == XT_F32 && check_random(random) % 2 == 0)
        return (double)nextafterf((float)value, (float)direction);
    return nextafter(value, direction);
}

/* Two values on one axis, in any order. */
static void bounds_make(const struct oracle *oracle, enum oracle_window kind, uint64_t *random,
                        const double corners[2], double pair[2])
{
    double width = fabs(corners[0]) * 1e-3 + 1.0;

    pair[0] = oracle_kept(oracle, corners[0]);
    pair[1] = oracle_kept(oracle, corners[1]);
    switch (kind) {
    case ORACLE_WINDOW_RANDOM:
        pair[0] += (check_uniform(random) - 0.5) * width;
        pair[1] += (check_uniform(random) - 0.5) * width;
        break;
    case ORACLE_WINDOW_SMALL:
        pair[1] = pair[0] + check_uniform(random) * width * 0.05;
        pair[0] -= check_uniform(random) * width * 0.05;
        break;
    case ORACLE_WINDOW_ULP:
        pair[0] = step(pair[0], random, oracle->coord_type);
        pair[1] = step(pair[1], random, oracle->coord_type);
        break;
    case ORACLE_WINDOW_HALF_OPEN:
        pair[check_random(random) % 2] = check_random(random) % 2 == 0 ? INFINITY : -INFINITY;
        break;
    case ORACLE_WINDOW_POINT:
        pair[1] = pair[0];
        break;
    case ORACLE_WINDOW_EVERYTHING:
        pair[0] = -INFINITY;
        pair[1] = INFINITY;
        break;
    case ORACLE_WINDOW_NOTHING:
        pair[0] = 7.77e37;
        pair[1] = 7.78e37;
        break;
    case ORACLE_WINDOW_CORNERS:
    case ORACLE_WINDOW_COUNT:
        break;
    }
}

void oracle_window(const struct oracle *oracle, enum oracle_window kind, uint64_t *random,
                   double *window)
{
    const double *first = some_corner(oracle, random);
    const double *second = some_corner(oracle, random);
    /* In many dimensions a window between two items holds next to nothing else: on some axes let
     * it be unbounded. */
    uint64_t bounded = oracle->dims <= 3 ? UINT64_MAX : check_random(random) & check_random(random);

    for (uint32_t axis = 0; axis < oracle->dims; axis++) {
        const double corners[] = {first[axis], second[axis]};
        double pair[2] = {-INFINITY, INFINITY};

        if (kind == ORACLE_WINDOW_NOTHING || (bounded >> axis % 64 & 1) != 0)
            bounds_make(oracle, kind, random, corners, pair);
        if (isnan(pair[0]) || isnan(pair[1]))
            pair[0] = pair[1] = 0.0;
        window[axis] = pair[0] < pair[1] ? pair[0] : pair[1];
        window[oracle->dims + axis] = pair[0] < pair[1] ? pair[1] : pair[0];
    }
}

/* ---- answers ------------------------------------------------------------------------------- */

double oracle_kept(const struct oracle *oracle, double value)
{
    return oracle->coord_type == XT_F32 ? (double)(float)value : value;
}

struct relation {
    bool meets, is_within, contains;
};

static struct relation item_relate(const struct oracle *oracle, size_t i, const double *window)
{
    struct relation result = {true, true, true};

    for (uint32_t axis = 0; axis < oracle->dims; axis++) {
        double low = oracle_kept(oracle, oracle->low[i * oracle->dims + axis]);
        double high = oracle_kept(oracle, oracle->high[i * oracle->dims + axis]);
        double from = window[axis];
        double to = window[oracle->dims + axis];

        result.meets &= low <= to && high >= from;
        result.is_within &= low >= from && high <= to;
        result.contains &= low <= from && high >= to;
    }
    return result;
}

bool oracle_item_matches(const struct oracle *oracle, size_t i, const double *window,
                         xt_predicate predicate)
{
    struct relation relation = item_relate(oracle, i, window);

    switch (predicate) {
    case XT_WITHIN:
        return relation.is_within;
    case XT_CONTAINS:
        return relation.contains;
    case XT_DISJOINT:
        return !relation.meets;
    case XT_INTERSECTS:
        break;
    }
    return relation.meets;
}

size_t oracle_expect(struct oracle *oracle, const double *window, xt_predicate predicate)
{
    const xt_condition condition = {predicate, window};

    return oracle_expect_all(oracle, &condition, 1);
}

size_t oracle_expect_all(struct oracle *oracle, const xt_condition *conditions, size_t count)
{
    oracle->expected = 0;
    for (size_t i = 0; i < oracle->count; i++) {
        bool matches = true;

        for (size_t c = 0; c < count; c++)
            matches &=
                oracle_item_matches(oracle, i, conditions[c].window, conditions[c].predicate);
        oracle->marks[i] = matches ? ORACLE_EXPECTED : 0;
        oracle->expected += matches;
    }
    return oracle->expected;
}

void oracle_bounds(const struct oracle *oracle, double *low, double *high)
{
    for (uint32_t axis = 0; axis < oracle->dims; axis++) {
        low[axis] = INFINITY;
        high[axis] = -INFINITY;
    }
    for (size_t i = 0; i < oracle->count; i++) {
        for (uint32_t axis = 0; axis < oracle->dims; axis++) {
            double item_low = oracle_kept(oracle, oracle->low[i * oracle->dims + axis]);
            double item_high = oracle_kept(oracle, oracle->high[i * oracle->dims + axis]);

            low[axis] = item_low < low[axis] ? item_low : low[axis];
            high[axis] = item_high > high[axis] ? item_high : high[axis];
        }
    }
}
