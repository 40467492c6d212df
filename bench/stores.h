/* bench/stores.h -- what the sub-commands need of our own library beyond contestant.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_STORES_H
#define BENCH_STORES_H

#include <stdint.h>

#include "contestant.h"
#include "xtree.h"

struct load_limits {
    unsigned threads;
    uint64_t memory_bytes; /* 0: no limit */
};

/* A new store at `path` (NULL: in memory) with the data set loaded, neither published nor
 * committed yet. `way` counts with_xtree.builders. */
xt_store *store_load(const char *path, const struct dataset *data, unsigned way, unsigned threads);

/* A store on disk of `items` generated points, each made when it is added, committed and closed. */
void store_load_generated(const char *path, uint64_t items, uint64_t seed,
                          const struct load_limits *limits);

/* The snapshot of what with_xtree.build() returned; it lives as long as that. */
xt_snapshot *built_snapshot(void *handle);

#endif
