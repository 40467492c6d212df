/* tests/model/worlds.h -- the worlds that the test of changes lives through: a store's shape, and
 * where its items lie.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WORLDS_H
#define WORLDS_H

#include "support/oracle.h"

/* Where items lie: as an oracle's data, or in one of the ways below. */
enum world_lie {
    WORLD_ORACLE,
    WORLD_REVERSED, /* as sorted, from the other end */
    WORLD_SLIDING,  /* new items on one side; the old ones on the other are removed */
    WORLD_TIMES,   /* the same, as seconds since 1970: small extents, ever farther from the start */
    WORLD_FAR,     /* uniform and small, around 1.7e9 */
    WORLD_NESTED,  /* boxes in boxes */
    WORLD_SLIVERS, /* long in one dimension, thin in the others */
    WORLD_SPOKES,  /* boxes from one hub to anywhere */
    WORLD_SLABS,   /* thin in one dimension, as wide as everything in the others: no good split */
    WORLD_SCALES   /* from 1e-300 to 1e300 */
};

struct world {
    const char *name;
    uint32_t dims;
    xt_item_kind kind;
    xt_coord_type coord_type;
    uint32_t leaf_capacity, inner_capacity;
    double max_overlap; /* 0: computed; 1: no supernodes */
    enum world_lie lie;
    enum oracle_data data; /* of WORLD_ORACLE */
    size_t items_max;      /* that it grows to */
    bool is_on_disk;
    bool is_sliding; /* the least item on axis 0 is removed, not any */
};

extern const struct world worlds[];
extern const size_t world_count;

/* NULL: there is none of that name. */
const struct world *world_find(const char *name);

struct oracle_schema world_schema(const struct world *world);

struct world_maker {
    const struct world *world;
    struct oracle_maker oracle;
    uint64_t *random;
    uint64_t made; /* items so far */
};

void world_maker_init(struct world_maker *maker, const struct world *world, uint64_t *random);

/* The next item: a valid box that differs from a point in a world of boxes only. */
void world_item_make(struct world_maker *maker, double *low, double *high);

/* A box near another one; sometimes nearer than an inner node's boxes can tell. */
void world_item_shift(struct world_maker *maker, const double *old_low, const double *old_high,
                      double *low, double *high);

#endif
