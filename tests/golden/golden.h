/* tests/golden/golden.h -- the stores that are kept for ever, one set for each format version.
 *
 * Their items follow from the arithmetic in golden_item(), which must never change: files that lie
 * in stores/ hold what it gave when they were written. New kinds of stores get new rows at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdint.h>

#include "xtree.h"

struct golden {
    const char *name;
    uint32_t dims;
    xt_item_kind kind;
    xt_coord_type coord_type;
    uint32_t capacity; /* of leaves and inner nodes */
    uint32_t extent_align;
    uint64_t count;
};

#define GOLDEN_DIMS_MAX 16

static const struct golden GOLDENS[] = {
    {"empty",                2,  XT_POINTS, XT_F64, 16, 4096,  0  },
    {"one",                  3,  XT_BOXES,  XT_F64, 16, 4096,  1  },
    {"points-2d-f64",        2,  XT_POINTS, XT_F64, 16, 4096,  600},
    {"boxes-2d-f32",         2,  XT_BOXES,  XT_F32, 32, 4096,  500},
    {"boxes-3d-f64-aligned", 3,  XT_BOXES,  XT_F64, 16, 65536, 100},
    {"points-16d-f32",       16, XT_POINTS, XT_F32, 16, 4096,  200},
    {"points-1d-f64",        1,  XT_POINTS, XT_F64, 16, 4096,  300},
};

/* Item i of a store: id, and `dims` values in low and high. All are exact in a float. */
static inline uint64_t golden_item(const struct golden *golden, uint64_t i, double *low,
                                   double *high)
{
    for (uint32_t axis = 0; axis < golden->dims; axis++) {
        uint64_t place = (i * 2654435761u + axis * 40503u + i * axis * 9176u) % 65536;
        uint64_t extent = (i * 31 + axis * 7) % 64;

        low[axis] = (double)place / 16.0 - 1024.0;
        high[axis] = golden->kind == XT_BOXES ? low[axis] + (double)extent / 16.0 : low[axis];
    }
    return i * 1000003u + 17;
}

#endif
