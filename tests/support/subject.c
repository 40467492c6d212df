/* tests/support/subject.c -- trees made by hand for tests of queries, each with its oracle.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <stdlib.h>

#include "check.h"

#define FIRST_ID 1000u /* of the items of a hand-made tree */

enum {
    UNIFORM = ORACLE_UNIFORM,
    CLUSTERED = ORACLE_CLUSTERED,
    GRID = ORACLE_GRID,
    DUPLICATES = ORACLE_DUPLICATES,
    SAME = ORACLE_SAME,
    LAST_BITS = ORACLE_LAST_BITS,
    TIMESTAMPS = ORACLE_TIMESTAMPS,
    EXTREMES = ORACLE_EXTREMES
};

/* shape: dims, kind, type, leaf, inner and node capacity, leaf and inner fill, own origins */
const struct subject_row subject_rows[] = {
    {"empty",          {2, XT_POINTS, XT_F64, 64, 64, 0, 64, 64, false},     0,    UNIFORM   },
    {"one item",       {2, XT_BOXES, XT_F64, 16, 16, 0, 16, 16, false},      1,    UNIFORM   },
    {"root is a leaf", {2, XT_POINTS, XT_F64, 64, 64, 0, 64, 64, false},     50,   GRID      },
    {"long leaf",      {2, XT_BOXES, XT_F32, 1024, 16, 0, 1000, 16, false},  1000, CLUSTERED },
    {"1-d",            {1, XT_POINTS, XT_F64, 32, 32, 0, 27, 32, false},     700,  UNIFORM   },
    {"1-d boxes, f32", {1, XT_BOXES, XT_F32, 16, 64, 0, 16, 64, false},      900,  GRID      },
    {"2-d",            {2, XT_POINTS, XT_F64, 64, 64, 0, 60, 10, false},     3000, UNIFORM   },
    {"2-d, f32",       {2, XT_POINTS, XT_F32, 64, 64, 0, 60, 10, true},      3000, CLUSTERED },
    {"2-d boxes",      {2, XT_BOXES, XT_F64, 32, 32, 0, 30, 12, true},       2500, CLUSTERED },
    {"2-d boxes, f32", {2, XT_BOXES, XT_F32, 16, 16, 0, 14, 5, false},       1500, GRID      },
    {"3-d",            {3, XT_POINTS, XT_F64, 16, 16, 0, 16, 6, true},       2000, DUPLICATES},
    {"supernode root", {2, XT_POINTS, XT_F64, 16, 16, 1024, 9, 1000, false}, 4000, UNIFORM   },
    {"supernodes",     {3, XT_BOXES, XT_F64, 32, 32, 80, 10, 75, true},      3000, CLUSTERED },
    {"3-d boxes",      {3, XT_BOXES, XT_F64, 32, 16, 0, 30, 9, false},       1500, UNIFORM   },
    {"5-d boxes",      {5, XT_BOXES, XT_F64, 16, 16, 0, 12, 8, true},        900,  GRID      },
    {"8-d",            {8, XT_POINTS, XT_F64, 64, 32, 0, 50, 20, false},     1500, CLUSTERED },
    {"8-d boxes, f32", {8, XT_BOXES, XT_F32, 32, 64, 0, 32, 7, true},        1200, UNIFORM   },
    {"16-d boxes",     {16, XT_BOXES, XT_F32, 32, 16, 0, 25, 9, false},      600,  CLUSTERED },
    {"64-d, f32",      {64, XT_POINTS, XT_F32, 128, 32, 0, 100, 4, true},    800,  CLUSTERED },
    {"64-d boxes",     {64, XT_BOXES, XT_F64, 16, 16, 0, 16, 16, false},     300,  GRID      },
    {"all the same",   {2, XT_POINTS, XT_F64, 32, 32, 0, 32, 3, false},      600,  SAME      },
    {"last bits",      {2, XT_BOXES, XT_F64, 32, 32, 0, 20, 8, false},       1500, LAST_BITS },
    {"far from zero",  {2, XT_POINTS, XT_F64, 64, 64, 0, 50, 20, true},      2000, TIMESTAMPS},
    {"extremes",       {2, XT_BOXES, XT_F64, 16, 16, 0, 10, 6, true},        900,  EXTREMES  },
    {"extremes, f32",  {3, XT_BOXES, XT_F32, 16, 16, 0, 10, 6, false},       900,  EXTREMES  },
};

const size_t subject_row_count = CHECK_COUNT(subject_rows);

void subject_make(struct subject *subject, const struct subject_row *row, uint64_t *random)
{
    const struct hand_shape *shape = &row->shape;
    const struct oracle_schema schema = {shape->dims, shape->kind, shape->coord_type};
    size_t values = row->count * shape->dims;
    double *low = malloc((values + 1) * sizeof *low);
    double *high = malloc((values + 1) * sizeof *high);

    if (low == NULL || high == NULL)
        abort();
    oracle_init(&subject->oracle, schema, row->count, (enum oracle_data)row->data, random);
    for (size_t i = 0; i < values; i++) {
        low[i] = oracle_kept(&subject->oracle, subject->oracle.low[i]);
        high[i] = oracle_kept(&subject->oracle, subject->oracle.high[i]);
    }
    hand_tree_build(&subject->tree, shape, low, high, row->count);
    subject->kernels = xti_kernels_get(XT_KERNEL_BEST);
    free(low);
    free(high);
}

void subject_free(struct subject *subject)
{
    hand_tree_free(&subject->tree);
    oracle_release(&subject->oracle);
}

/* Marks an id as seen: it must have been expected, and not seen before. */
bool subject_id_see(struct subject *subject, uint64_t id)
{
    struct oracle *oracle = &subject->oracle;

    if (!CHECK(id >= FIRST_ID && id - FIRST_ID < oracle->count))
        return false;
    if (!CHECK_INT(oracle->marks[id - FIRST_ID], ORACLE_EXPECTED))
        return false;
    oracle->marks[id - FIRST_ID] |= ORACLE_SEEN;
    return true;
}

bool subject_item_see(struct subject *subject, const xt_item *item)
{
    struct oracle *oracle = &subject->oracle;

    if (!subject_id_see(subject, item->id))
        return false;
    CHECK((item->low == item->high) == (oracle->kind == XT_POINTS));
    for (uint32_t axis = 0; axis < oracle->dims; axis++) {
        size_t at = (item->id - FIRST_ID) * oracle->dims + axis;

        if (!CHECK(item->low[axis] == oracle_kept(oracle, oracle->low[at])) ||
            !CHECK(item->high[axis] == oracle_kept(oracle, oracle->high[at])))
            return false;
    }
    return true;
}
