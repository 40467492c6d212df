/* tests/support/oracle.h -- what a store must answer: a plain array of boxes, and no cleverness.
 *
 * An oracle holds items and looks at every one of them for every window. It also makes the items
 * and the windows: harmless ones, and those on which clever code goes wrong. Everything follows
 * from the state of the random numbers that is passed in.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xtree.h"

struct oracle_schema {
    uint32_t dims;
    xt_item_kind kind;
    xt_coord_type coord_type;
};

struct oracle {
    uint32_t dims;
    xt_item_kind kind;
    xt_coord_type coord_type;
    size_t count;
    double *low;          /* count rows of dims values, as they are given to the store */
    double *high;         /* the same array in an oracle of points */
    uint64_t *ids;        /* first_id + the number of the row */
    uint64_t first_id;    /* any number: ids go round at 2^64 */
    unsigned char *marks; /* one for each item: enum oracle_mark */
    size_t expected;      /* by the last oracle_expect() */
};

enum oracle_mark { ORACLE_EXPECTED = 1, ORACLE_SEEN = 2 };

#define ORACLE_DATA_MAP(X)                                                                         \
    X(ORACLE_UNIFORM, "uniform")                                                                   \
    X(ORACLE_CLUSTERED, "clustered")                                                               \
    X(ORACLE_GRID, "grid")                                                                         \
    X(ORACLE_SORTED, "sorted")                                                                     \
    X(ORACLE_DUPLICATES, "few values, many duplicates")                                            \
    X(ORACLE_SAME, "all the same")                                                                 \
    X(ORACLE_FLAT, "boxes without size")                                                           \
    X(ORACLE_LAST_BITS, "around 2^24, 2^53 and 1e15, different in the last bits")                  \
    X(ORACLE_TIMESTAMPS, "far from zero, tiny extent")                                             \
    X(ORACLE_EXTREMES, "infinities, -0.0, denormals, the largest numbers")

enum oracle_data {
#define ORACLE_DATA_ENUM(name, text) name,
    ORACLE_DATA_MAP(ORACLE_DATA_ENUM)
#undef ORACLE_DATA_ENUM
        ORACLE_DATA_COUNT
};

#define ORACLE_WINDOW_MAP(X)                                                                       \
    X(ORACLE_WINDOW_RANDOM, "random")                                                              \
    X(ORACLE_WINDOW_SMALL, "small, around an item")                                                \
    X(ORACLE_WINDOW_CORNERS, "from the corners of items: borders are equal")                       \
    X(ORACLE_WINDOW_ULP, "one ulp off the corners of items")                                       \
    X(ORACLE_WINDOW_HALF_OPEN, "some bounds infinite")                                             \
    X(ORACLE_WINDOW_POINT, "without size, at an item")                                             \
    X(ORACLE_WINDOW_EVERYTHING, "everything")                                                      \
    X(ORACLE_WINDOW_NOTHING, "nothing")

enum oracle_window {
#define ORACLE_WINDOW_ENUM(name, text) name,
    ORACLE_WINDOW_MAP(ORACLE_WINDOW_ENUM)
#undef ORACLE_WINDOW_ENUM
        ORACLE_WINDOW_COUNT
};

const char *oracle_data_text(enum oracle_data data);
const char *oracle_window_text(enum oracle_window window);

/* Makes items one at a time. */
struct oracle_maker {
    enum oracle_data data;
    xt_coord_type type;
    uint32_t dims;
    uint64_t *random;
    double centres[8];
};

void oracle_maker_init(struct oracle_maker *maker, struct oracle_schema schema,
                       enum oracle_data data, uint64_t *random);

/* Writes dims doubles each. high == low: a point. i: which item it is, for data in an order. */
void oracle_item_make(const struct oracle_maker *maker, size_t i, double *low, double *high);

/* Makes `count` items. Ends the program when there is no memory: tests are small. */
void oracle_init(struct oracle *oracle, struct oracle_schema schema, size_t count,
                 enum oracle_data data, uint64_t *random);
void oracle_release(struct oracle *oracle);

/* Writes 2 * dims doubles: a valid window. */
void oracle_window(const struct oracle *oracle, enum oracle_window kind, uint64_t *random,
                   double *window);

/* What a store keeps of a coordinate. */
double oracle_kept(const struct oracle *oracle, double value);

bool oracle_item_matches(const struct oracle *oracle, size_t i, const double *window,
                         xt_predicate predicate);

/* Marks the items that match as expected, all others not, and none as seen. Returns how many, and
 * keeps it in `expected`. */
size_t oracle_expect(struct oracle *oracle, const double *window, xt_predicate predicate);

/* The same for items that match all conditions. */
size_t oracle_expect_all(struct oracle *oracle, const xt_condition *conditions, size_t count);

/* The exact box around all items: dims doubles each. Low is +infinity where there is none. */
void oracle_bounds(const struct oracle *oracle, double *low, double *high);

#endif
