/* bench/describe.h -- a tree in numbers that never vary: its shape, and what queries read of it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_DESCRIBE_H
#define BENCH_DESCRIBE_H

#include <stdio.h>

#include "data.h"
#include "xtree.h"

/* Supernodes and what they are among all inner nodes. */
struct supernodes {
    uint64_t nodes; /* all inner ones */
    uint64_t count;
    uint64_t largest; /* entries that it has room for */
};

void supernodes_count(const xt_snapshot *snapshot, struct supernodes *out);

/* What a number of queries read together. */
void walk_windows(const xt_snapshot *snapshot, const struct windows *windows, unsigned dims,
                  xt_walk_stats *sum);

void walk_points(const xt_snapshot *snapshot, const double *points, size_t count, uint64_t k,
                 unsigned dims, xt_walk_stats *sum);

/* One line for each measure: "data,tree,measure,value". */
struct description {
    FILE *out;
    const char *data;
    const char *tree;
};

/* Levels, fill, overlap, supernodes, bytes per item. `built` is of with_xtree. */
void describe_tree(const struct description *about, const void *built);

/* What changing it, by `changes` items, has done. */
void describe_changes(const struct description *about, const void *built, uint64_t changes);

/* Means of what one query reads. */
void describe_windows(const struct description *about, const void *built,
                      const struct windows *windows, unsigned dims);
void describe_nearest(const struct description *about, const void *built,
                      const struct dataset *data, uint64_t k);

#endif
