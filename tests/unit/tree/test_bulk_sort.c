/* tests/unit/tree/test_bulk_sort.c -- does the sorter cut any records into parts of exactly the
 * promised counts, each record once, in parts that are nearly square?
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "support/check.h"
#include "tree/bulk.h"

/* ---- records --------------------------------------------------------------------------------- */

enum data {
    UNIFORM,
    SAME,
    FEW_VALUES,
    CROWDED,  /* nine of ten in a millionth of the extent */
    OUTLIERS, /* one of twenty at 1e300 in the first dimension */
    INFINITE, /* some bounds are infinite, or too large to be told apart */
    TINY,     /* an extent of denormal numbers */
    TINY_F32
};

static double value_of(enum data data, uint32_t dim, uint64_t *random)
{
    double u = check_uniform(random);
    uint64_t choice = check_random(random);

    switch (data) {
    case SAME:
        return 7.0;
    case FEW_VALUES:
        return (double)(choice % 3);
    case CROWDED:
        return choice % 10 != 0 ? u * 1e-6 : u;
    case OUTLIERS:
        return dim == 0 && choice % 20 == 0 ? 1e300 : u;
    case INFINITE:
        return choice % 8 == 0 ? INFINITY : choice % 8 == 1 ? -INFINITY : u;
    case TINY:
        return u * 1e-310;
    case TINY_F32:
        return u * 1e-39;
    case UNIFORM:
        break;
    }
    return u;
}

static void put(const struct xti_record_shape *shape, char *record, uint32_t axis, double value)
{
    float narrow = (float)value;

    if (shape->is_f32)
        memcpy(record + 8 + (size_t)axis * 4, &narrow, sizeof narrow);
    else
        memcpy(record + 8 + (size_t)axis * 8, &value, sizeof value);
}

static char *make_records(const struct xti_record_shape *shape, size_t count, enum data data)
{
    char *records = calloc(count, shape->bytes);
    uint64_t random = check_seed;

    for (size_t i = 0; i < count; i++) {
        char *record = records + i * shape->bytes;
        uint64_t id = i;

        memcpy(record, &id, sizeof id);
        for (uint32_t dim = 0; dim < shape->dims; dim++) {
            double low = value_of(data, dim, &random);

            put(shape, record, shape->is_box ? 2 * dim : dim, low);
            if (shape->is_box)
                put(shape, record, 2 * dim + 1, low + fabs(low) * 1e-3);
        }
    }
    return records;
}

/* ---- what the parts are like ----------------------------------------------------------------- */

struct parts {
    const struct xti_record_shape *shape;
    const char *original;
    size_t count, leaves, parts;
    size_t next;            /* number of the part that comes */
    unsigned char *seen;    /* by id */
    size_t bad_counts;      /* parts with another count than promised */
    size_t bad_records;     /* records that came twice or with other bytes */
    size_t unordered;       /* in the first dimension: parts that begin before the last one ended */
    double last;            /* largest first key so far */
    double half_perimeters; /* sum over the parts without outliers */
};

static double key(const struct parts *parts, const char *record, uint32_t dim)
{
    return xti_record_key(record, dim, parts->shape->is_box, parts->shape->is_f32);
}

static void look_at_box(struct parts *parts, const char *records, size_t count)
{
    double half = 0;

    for (uint32_t dim = 0; dim < parts->shape->dims; dim++) {
        double low = INFINITY;
        double high = -INFINITY;

        for (size_t i = 0; i < count; i++) {
            double k = key(parts, records + i * parts->shape->bytes, dim);

            low = k < low ? k : low;
            high = k > high ? k : high;
        }
        if (dim == 0) {
            parts->unordered += low < parts->last ? 1 : 0;
            parts->last = high > parts->last ? high : parts->last;
        }
        half += high - low;
    }
    if (half < 1e6)
        parts->half_perimeters += half;
}

static void take_part(void *context, char *records, char *spare, size_t count)
{
    struct parts *parts = context;
    size_t bytes = parts->shape->bytes;
    size_t first = xti_part_begin(parts->leaves, parts->parts, parts->next);
    size_t last = xti_part_begin(parts->leaves, parts->parts, ++parts->next);
    size_t want = xti_part_begin(parts->count, parts->leaves, last) -
                  xti_part_begin(parts->count, parts->leaves, first);

    parts->bad_counts += count != want ? 1 : 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t id = xti_record_id(records + i * bytes);

        if (id >= parts->count || parts->seen[id]++ != 0 ||
            memcmp(records + i * bytes, parts->original + id * bytes, bytes) != 0)
            parts->bad_records++;
    }
    look_at_box(parts, records, count);
    memset(records, 0xEE, count * bytes); /* both are free to use */
    memset(spare, 0xEE, count * bytes);
}

static void cut(struct parts *parts, enum data data)
{
    const struct xti_os *os = xti_os_real();
    size_t bytes = parts->count * parts->shape->bytes;
    char *records = make_records(parts->shape, parts->count, data);
    char *original = malloc(bytes);
    char *spare = malloc(bytes);
    struct xti_sorter sorter;

    memcpy(original, records, bytes);
    parts->original = original;
    parts->seen = calloc(parts->count, 1);
    parts->last = -INFINITY;
    if (CHECK_STATUS(xti_sorter_init(&sorter, os, parts->shape, parts->count), XT_OK)) {
        sorter.emit = take_part;
        sorter.context = parts;
        xti_sorter_split(&sorter, records, spare, parts->count, parts->leaves, parts->parts);
        xti_sorter_release(&sorter, os, parts->count);
    }
    free(parts->seen);
    free(original);
    free(spare);
    free(records);
}

static void check_parts(const struct parts *parts)
{
    CHECK_U64(parts->next, parts->parts);
    CHECK_U64(parts->bad_counts, 0);
    CHECK_U64(parts->bad_records, 0);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void every_record_comes_once_in_parts_of_the_promised_counts(void)
{
    static const struct {
        const char *name;
        uint32_t dims;
        bool is_box, is_f32;
        enum data data;
    } rows[] = {
        {"1-d points",          1,  false, false, UNIFORM   },
        {"1-d points f32",      1,  false, true,  UNIFORM   },
        {"2-d points",          2,  false, false, UNIFORM   },
        {"2-d boxes",           2,  true,  false, UNIFORM   },
        {"2-d boxes f32",       2,  true,  true,  UNIFORM   },
        {"3-d points f32",      3,  false, true,  UNIFORM   },
        {"3-d boxes, few keys", 3,  true,  false, FEW_VALUES},
        {"8-d boxes f32",       8,  true,  true,  CROWDED   },
        {"64-d points",         64, false, false, UNIFORM   },
        {"64-d boxes",          64, true,  false, OUTLIERS  },
        {"all the same",        2,  false, false, SAME      },
        {"crowded",             2,  false, false, CROWDED   },
        {"outliers",            2,  false, false, OUTLIERS  },
        {"infinities",          2,  true,  false, INFINITE  },
        {"infinities f32",      3,  false, true,  INFINITE  },
        {"tiny extent",         2,  false, false, TINY      },
        {"tiny extent f32",     2,  true,  true,  TINY_F32  },
    };
    static const struct {
        size_t count, leaves, parts;
    } sizes[] = {
        {1,    1,   1  },
        {2,    1,   1  },
        {2,    2,   2  },
        {3,    2,   2  },
        {64,   64,  64 },
        {65,   2,   2  },
        {129,  3,   2  },
        {1000, 17,  1  },
        {1000, 17,  17 },
        {1000, 17,  5  },
        {4096, 64,  64 },
        {5000, 157, 5  },
        {5001, 157, 156},
        {9001, 282, 9  },
    };

    for (size_t r = 0; r < CHECK_COUNT(rows); r++) {
        struct xti_record_shape shape;

        check_row = rows[r].name;
        xti_record_shape_init(&shape, rows[r].dims, rows[r].is_box, rows[r].is_f32);
        for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
            struct parts parts = {.shape = &shape,
                                  .count = sizes[i].count,
                                  .leaves = sizes[i].leaves,
                                  .parts = sizes[i].parts};

            cut(&parts, rows[r].data);
            check_parts(&parts);
        }
    }
}

/* Linear bins would leave nine of ten records in the order in which they came. */
static void crowded_keys_are_put_in_order(void)
{
    static const struct {
        const char *name;
        bool is_box, is_f32;
        enum data data;
    } rows[] = {
        {"crowded",         false, false, CROWDED },
        {"crowded f32",     false, true,  CROWDED },
        {"crowded boxes",   true,  false, CROWDED },
        {"outliers",        false, false, OUTLIERS},
        {"infinities",      false, false, INFINITE},
        {"tiny extent",     false, false, TINY    },
        {"tiny extent f32", false, true,  TINY_F32},
    };

    for (size_t r = 0; r < CHECK_COUNT(rows); r++) {
        struct xti_record_shape shape;
        struct parts parts = {.shape = &shape, .count = 1500, .leaves = 50, .parts = 50};

        check_row = rows[r].name;
        xti_record_shape_init(&shape, 1, rows[r].is_box, rows[r].is_f32);
        cut(&parts, rows[r].data);
        check_parts(&parts);
        /* Halves that are not crowded any more are binned; there a part may end in a bin. */
        CHECK(parts.unordered < 25);
    }
}

/* The least that cells of equal area in the unit square can have is 2 * sqrt(parts). */
static void parts_of_uniform_points_are_nearly_square(void)
{
    static const struct {
        const char *name;
        size_t count, parts;
        enum data data;
        double most; /* times the ideal */
    } rows[] = {
        {"a group",                   1024,  32,   UNIFORM,  1.02},
        {"a tile",                    10000, 312,  UNIFORM,  1.02},
        {"many",                      50000, 1562, UNIFORM,  1.10},
        {"one of twenty is far away", 10000, 312,  OUTLIERS, 1.10},
    };
    struct xti_record_shape shape;

    xti_record_shape_init(&shape, 2, false, false);
    for (size_t r = 0; r < CHECK_COUNT(rows); r++) {
        struct parts parts = {.shape = &shape,
                              .count = rows[r].count,
                              .leaves = rows[r].parts,
                              .parts = rows[r].parts};
        double ideal = 2 * sqrt((double)rows[r].parts);

        check_row = rows[r].name;
        cut(&parts, rows[r].data);
        check_parts(&parts);
        CHECK(parts.half_perimeters < rows[r].most * ideal);
    }
}

CHECK_MAIN({"every_record_comes_once_in_parts_of_the_promised_counts",
            every_record_comes_once_in_parts_of_the_promised_counts},
           {"crowded_keys_are_put_in_order", crowded_keys_are_put_in_order},
           {"parts_of_uniform_points_are_nearly_square", parts_of_uniform_points_are_nearly_square})
