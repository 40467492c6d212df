/* bench/stores.h -- what the sub-commands need of our own library beyond contestant.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_STORES_H
#define BENCH_STORES_H

#include <stdint.h>

#include "contestants.h"
#include "xtree.h"

struct load_limits {
    unsigned threads;
    uint64_t memory_bytes; /* 0: no limit */
};

/* A new, empty store at `path` (NULL: in memory) for items like those of `like`. The
 * others: as in xt_create_options. */
xt_store *store_make(const char *path, const struct dataset *like, double max_overlap,
                     xt_medium medium);

/* A new store at `path` (NULL: in memory) with the data set loaded, neither published nor
 * committed yet. `way` counts with_xtree.builders. */
xt_store *store_load(const char *path, const struct dataset *data, unsigned way, unsigned threads);

/* A store on disk of `items` generated points, each made when it is added, committed and closed. */
void store_load_generated(const char *path, uint64_t items, uint64_t seed,
                          const struct load_limits *limits);

/* The store, and the snapshot when it was last settled, of what with_xtree.build(), .create() or
 * built_around() returned; they live as long as that, the snapshot until it is settled again. */
xt_store *built_store(const void *handle);
xt_snapshot *built_snapshot(const void *handle);

/* Makes a store in memory one that with_xtree knows, and settles it; it belongs to that then. */
void *built_around(xt_store *store, const struct dataset *like);

#endif
