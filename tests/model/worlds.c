/* tests/model/worlds.c -- the table of worlds, and their items.
 *
 * SPDX-License-Identifier: MIT
 */
#include "worlds.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "support/check.h"

#define ORACLE(data) WORLD_ORACLE, ORACLE_##data
#define LIE(lie) WORLD_##lie, ORACLE_UNIFORM
#define DISK true, false
#define SLIDING_DISK true, true
#define MEMORY false, false
#define SLIDING false, true

/* Small nodes make trees high: with 16 entries in each, height 3 begins at some 150 items and
 * height 4 at some 1500. */
const struct world worlds[] = {
  /* name, dims, kind, type, leaf, inner, overlap, where, items, place */
    {"points-1",          1,  XT_POINTS, XT_F64, 16, 16, 0,    ORACLE(UNIFORM),    3000, MEMORY      },
    {"boxes-1",           1,  XT_BOXES,  XT_F64, 16, 16, 0.01, ORACLE(UNIFORM),    2500, MEMORY      },
    {"points-2",          2,  XT_POINTS, XT_F64, 16, 16, 0,    ORACLE(UNIFORM),    5000, MEMORY      },
    {"points-2-disk",     2,  XT_POINTS, XT_F64, 16, 16, 0,    ORACLE(CLUSTERED),  2500, DISK        },
    {"boxes-2",           2,  XT_BOXES,  XT_F64, 16, 16, 0,    ORACLE(UNIFORM),    4000, MEMORY      },
    {"boxes-2-disk",      2,  XT_BOXES,  XT_F64, 32, 16, 0,    ORACLE(UNIFORM),    2000, DISK        },
    {"boxes-2-f32",       2,  XT_BOXES,  XT_F32, 16, 16, 0.01, ORACLE(UNIFORM),    3000, MEMORY      },
    {"boxes-2-64",        2,  XT_BOXES,  XT_F64, 64, 64, 0,    ORACLE(CLUSTERED),  6000, MEMORY      },
    {"boxes-2-default",   2,  XT_BOXES,  XT_F64, 32, 32, 0,    ORACLE(UNIFORM),    5000, MEMORY      },
    {"clusters-3",        3,  XT_BOXES,  XT_F64, 16, 32, 0,    ORACLE(CLUSTERED),  2500, MEMORY      },
    {"points-3-f32",      3,  XT_POINTS, XT_F32, 32, 16, 0,    ORACLE(UNIFORM),    3000, MEMORY      },
    {"boxes-5",           5,  XT_BOXES,  XT_F64, 16, 16, 0,    ORACLE(UNIFORM),    2000, MEMORY      },
    {"points-5",          5,  XT_POINTS, XT_F64, 16, 16, 0.01, ORACLE(CLUSTERED),  2000, MEMORY      },
    {"points-8-f32",      8,  XT_POINTS, XT_F32, 16, 16, 0,    ORACLE(UNIFORM),    1500, MEMORY      },
    {"boxes-8-disk",      8,  XT_BOXES,  XT_F64, 16, 16, 0.1,  ORACLE(CLUSTERED),  1000, DISK        },
    {"points-16",         16, XT_POINTS, XT_F64, 16, 16, 0.05, ORACLE(UNIFORM),    1200, MEMORY      },
    {"boxes-16-f32",      16, XT_BOXES,  XT_F32, 16, 16, 0,    ORACLE(CLUSTERED),  1200, MEMORY      },
    {"boxes-32",          32, XT_BOXES,  XT_F64, 16, 16, 0,    ORACLE(UNIFORM),    600,  MEMORY      },
    {"boxes-32-disk",     32, XT_BOXES,  XT_F64, 16, 16, 0,    ORACLE(CLUSTERED),  1500, DISK        },
    {"grid-2",            2,  XT_POINTS, XT_F64, 16, 16, 0,    ORACLE(GRID),       3000, MEMORY      },
    {"grid-3-f32",        3,  XT_BOXES,  XT_F32, 16, 16, 0.01, ORACLE(GRID),       2000, MEMORY      },
    {"duplicates-1",      1,  XT_POINTS, XT_F64, 16, 16, 0,    ORACLE(DUPLICATES), 2000, MEMORY      },
    {"duplicates-2-disk", 2,  XT_BOXES,  XT_F32, 16, 16, 0,    ORACLE(DUPLICATES), 1500, DISK        },
    {"same-2",            2,  XT_POINTS, XT_F64, 16, 16, 0,    ORACLE(SAME),       1500, MEMORY      },
    {"same-3-none",       3,  XT_BOXES,  XT_F64, 16, 16, 1,    ORACLE(SAME),       1500, MEMORY      },
    {"flat-2",            2,  XT_BOXES,  XT_F64, 16, 16, 0,    ORACLE(FLAT),       3000, MEMORY      },
    {"last-bits-2",       2,  XT_BOXES,  XT_F64, 16, 16, 0,    ORACLE(LAST_BITS),  2000, MEMORY      },
    {"last-bits-2-f32",   2,  XT_POINTS, XT_F32, 16, 16, 0,    ORACLE(LAST_BITS),  2000, MEMORY      },
    {"extremes-2",        2,  XT_BOXES,  XT_F64, 16, 16, 0,    ORACLE(EXTREMES),   1500, MEMORY      },
    {"extremes-3-f32",    3,  XT_BOXES,  XT_F32, 16, 16, 0.01, ORACLE(EXTREMES),   1500, MEMORY      },
    {"extremes-2-disk",   2,  XT_POINTS, XT_F64, 16, 16, 0,    ORACLE(EXTREMES),   1000, DISK        },
    {"nanoseconds-2",     2,  XT_BOXES,  XT_F64, 16, 16, 0,    ORACLE(TIMESTAMPS), 2000, MEMORY      },
    {"sorted-2",          2,  XT_BOXES,  XT_F64, 16, 16, 0,    ORACLE(SORTED),     3000, MEMORY      },
    {"reversed-2",        2,  XT_POINTS, XT_F64, 16, 16, 0,    LIE(REVERSED),      3000, MEMORY      },
    {"sliding-2",         2,  XT_BOXES,  XT_F64, 16, 16, 0,    LIE(SLIDING),       2500, SLIDING     },
    {"sliding-3-disk",    3,  XT_POINTS, XT_F64, 16, 16, 0,    LIE(SLIDING),       1500, SLIDING_DISK},
    {"times-3",           3,  XT_BOXES,  XT_F64, 16, 16, 0,    LIE(TIMES),         2500, SLIDING     },
    {"times-2-f32",       2,  XT_POINTS, XT_F32, 16, 16, 0,    LIE(TIMES),         2000, SLIDING     },
    {"far-2",             2,  XT_BOXES,  XT_F64, 16, 16, 0.01, LIE(FAR),           2500, MEMORY      },
    {"nested-2",          2,  XT_BOXES,  XT_F64, 16, 16, 0,    LIE(NESTED),        2000, MEMORY      },
    {"nested-8",          8,  XT_BOXES,  XT_F64, 16, 16, 0.01, LIE(NESTED),        1000, MEMORY      },
    {"slivers-3",         3,  XT_BOXES,  XT_F64, 16, 16, 0,    LIE(SLIVERS),       1500, MEMORY      },
    {"spokes-2",          2,  XT_BOXES,  XT_F64, 16, 16, 0,    LIE(SPOKES),        2000, MEMORY      },
    {"slabs-5",           5,  XT_BOXES,  XT_F64, 16, 16, 0,    LIE(SLABS),         1200, MEMORY      },
    {"slabs-2-none",      2,  XT_BOXES,  XT_F32, 16, 16, 1,    LIE(SLABS),         1500, MEMORY      },
    {"scales-2",          2,  XT_BOXES,  XT_F64, 16, 16, 0,    LIE(SCALES),        2000, MEMORY      },
    {"scales-3-f32",      3,  XT_POINTS, XT_F32, 16, 16, 0,    LIE(SCALES),        1500, MEMORY      },
};
const size_t world_count = CHECK_COUNT(worlds);

const struct world *world_find(const char *name)
{
    for (size_t i = 0; i < world_count; i++) {
        if (strcmp(worlds[i].name, name) == 0)
            return &worlds[i];
    }
    return NULL;
}

struct oracle_schema world_schema(const struct world *world)
{
    return (struct oracle_schema){world->dims, world->kind, world->coord_type};
}

void world_maker_init(struct world_maker *maker, const struct world *world, uint64_t *random)
{
    *maker = (struct world_maker){.world = world, .random = random};
    oracle_maker_init(&maker->oracle, world_schema(world), world->data, random);
}

/* ---- items --------------------------------------------------------------------------------- */

/* A low and a high side. */
static void side_make(const struct world_maker *maker, bool is_chosen, double side[2])
{
    double u = check_uniform(maker->random);
    double v = check_uniform(maker->random);

    switch (maker->world->lie) {
    case WORLD_REVERSED:
        side[0] = 1e6 - (double)maker->made + u;
        side[1] = side[0] + v;
        break;
    case WORLD_SLIDING:
        side[0] = is_chosen ? (double)maker->made * 0.05 + u : u * 100;
        side[1] = side[0] + v * v;
        break;
    case WORLD_TIMES: /* a jump now and then, as when nothing was measured for a year */
        side[0] =
            is_chosen ? 1.7e9 + (double)maker->made * 3 + (double)(maker->made / 1500) * 1e9 : u;
        side[1] = side[0] + v * 0.01;
        break;
    case WORLD_FAR:
        side[0] = 1.7e9 + u * 100;
        side[1] = side[0] + v * 0.01;
        break;
    case WORLD_SLIVERS:
        side[0] = u * 1000;
        side[1] = side[0] + (is_chosen ? v * 500 : 1e-3);
        break;
    case WORLD_SLABS:
        side[0] = is_chosen ? u * 2000 - 1000 : -1000;
        side[1] = is_chosen ? side[0] + v : 1000;
        break;
    case WORLD_SPOKES:
        side[0] = 0;
        side[1] = (u * 2 - 1) * 1000;
        break;
    case WORLD_SCALES:
        side[0] = copysign(pow(10.0, u * 600 - 300), v - 0.5);
        side[1] = side[0] * (1 + v);
        break;
    case WORLD_NESTED:
    case WORLD_ORACLE:
        break;
    }
}

/* Halves of the size 2^9 to 2^-50, all around one point. */
static void nested_make(const struct world_maker *maker, double *low, double *high)
{
    double half =
        ldexp(1.0 + check_uniform(maker->random), 9 - (int)(check_random(maker->random) % 60));

    for (uint32_t axis = 0; axis < maker->world->dims; axis++) {
        low[axis] = 0.25 - half;
        high[axis] = 0.25 + half;
    }
}

/* Puts sides in order, and into the range of the coordinate type. */
static void item_finish(const struct world *world, double *low, double *high)
{
    for (uint32_t axis = 0; axis < world->dims; axis++) {
        double from = low[axis];
        double to = high[axis];
        double least = from < to ? from : to;
        double most = from < to ? to : from;

        if (world->coord_type == XT_F32 && isfinite(least))
            least = fmax(-(double)FLT_MAX, fmin(least, (double)FLT_MAX));
        if (world->coord_type == XT_F32 && isfinite(most))
            most = fmax(-(double)FLT_MAX, fmin(most, (double)FLT_MAX));
        low[axis] = least;
        high[axis] = world->kind == XT_BOXES ? most : least;
    }
}

void world_item_make(struct world_maker *maker, double *low, double *high)
{
    const struct world *world = maker->world;
    uint64_t chosen = check_random(maker->random) % world->dims;

    if (world->is_sliding)
        chosen = 0;
    if (world->lie == WORLD_ORACLE) {
        oracle_item_make(&maker->oracle, (size_t)maker->made, low,
                         world->kind == XT_BOXES ? high : low);
        if (world->kind == XT_POINTS)
            memcpy(high, low, world->dims * sizeof *high);
    } else if (world->lie == WORLD_NESTED) {
        nested_make(maker, low, high);
    } else {
        for (uint32_t axis = 0; axis < world->dims; axis++) {
            double side[2] = {0, 0};

            side_make(maker, axis == chosen, side);
            low[axis] = side[0];
            high[axis] = side[1];
        }
    }
    item_finish(world, low, high);
    maker->made++;
}

void world_item_shift(struct world_maker *maker, const double *old_low, const double *old_high,
                      double *low, double *high)
{
    static const double ways[] = {1e-9, 1e-4, 0.01, 0.5, 20};
    double way = ways[check_random(maker->random) % CHECK_COUNT(ways)];

    for (uint32_t axis = 0; axis < maker->world->dims; axis++) {
        double by = (check_uniform(maker->random) - 0.5) * way;
        double width = check_random(maker->random) % 4 == 0 ? by * 0.1 : 0.0;

        low[axis] = old_low[axis] + by;
        high[axis] = old_high[axis] + by + width;
        if (isinf(low[axis]) && isfinite(old_low[axis]))
            low[axis] = old_low[axis];
    }
    item_finish(maker->world, low, high);
}
