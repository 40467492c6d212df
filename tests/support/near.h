/* tests/support/near.h -- what a nearest query must answer: all items, sorted by distance.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NEAR_H
#define NEAR_H

#include "oracle.h"

struct near_ask {
    const double *point;
    xt_metric metric;
    const double *weights; /* NULL: none */
};

struct near_hit {
    double distance;
    uint64_t id;
    size_t row; /* of the oracle */
};

/* The distance of an item with these corners, as include/xtree.h defines it. */
double near_distance(const struct near_ask *ask, uint32_t dims, const double *low,
                     const double *high);

/* All items by (distance, id), ids counted from first_id on: oracle->count hits. */
void near_expect(const struct oracle *oracle, const struct near_ask *ask, uint64_t first_id,
                 struct near_hit *hits);

/* A point of one of several kinds: near items, at their corners, far away. Finite. */
void near_point(const struct oracle *oracle, unsigned kind, uint64_t *random, double *point);

#endif
