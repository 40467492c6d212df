/* bench/orders.h -- the items of a data set as rows, in the order in which they are added.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_ORDERS_H
#define BENCH_ORDERS_H

#include "contestant.h"

enum order {
    ORDER_GIVEN, /* as in the data set */
    ORDER_RANDOM,
    ORDER_HILBERT, /* along a curve on which neighbours are neighbours in space */
    ORDER_X,       /* from left to right: all that is added goes to one border */
    ORDER_COUNT
};

extern const char *const order_names[ORDER_COUNT];

/* All items of the data set; the ids are their rows there. */
void rows_make(struct rows *rows, const struct dataset *data, enum order order, uint64_t seed);

/* The first `count` of the rows; they belong to `rows`. */
struct rows rows_first(const struct rows *rows, size_t count);

void rows_release(struct rows *rows);

#endif
