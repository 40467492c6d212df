/* bench/contestants.h -- who takes part: the tables, and what every sub-command asks of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CONTESTANTS_H
#define BENCH_CONTESTANTS_H

#include <stdio.h>

#include "contestant.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { contestants_max = 48 };

/* The first one is ours, the others are compared with it. NULL at the end. */
extern const struct contestant *contestants[contestants_max + 1];
extern const struct contestant with_xtree;
extern const struct contestant with_xtree_published; /* as above, publishing every 1,000 changes */
extern const struct contestant with_boost;
extern const struct contestant with_boost_rstar;
extern const struct contestant with_boost_quadratic;
extern const struct contestant with_boost_linear;
extern const struct contestant with_cgal;
extern const struct contestant with_faiss;
extern const struct contestant with_flann;
extern const struct contestant with_flatbush;
extern const struct contestant with_geos;
extern const struct contestant with_kdbush;
extern const struct contestant with_nanoflann;
extern const struct contestant with_rbush;
extern const struct contestant with_scan;
extern const struct contestant with_spatialindex;
extern const struct contestant with_spatialindex_disk;
extern const struct contestant with_spatialindex_rstar;
extern const struct contestant with_sqlite_rtree;

/* Adds those that the shared library at `path` offers. */
void contestants_load(const char *path);

/* Takes out those that cannot run here; contestants_left_out() tells which. `folder` is what
 * bench_folder() returns from now on. */
void contestants_begin(const char *folder);

/* One line: who does not take part, and why; of those that take `data`, also who would need too
 * long for it. Nothing where everybody is there. */
void contestants_left_out(FILE *out, const struct dataset *data);

/* NULL: none of this name. */
const struct contestant *contestant_find(const char *name);

/* Whether it takes items like these, and as many. */
bool contestant_takes(const struct contestant *contestant, const struct dataset *data);
bool contestant_can_walk(const struct contestant *contestant, void *built, unsigned walker);

/* An index of all items, built in the first way. */
void *contestant_build(const struct contestant *contestant, const struct dataset *data,
                       unsigned threads);

/* Items in `count` windows together, by whatever function it has for that; `ids` as window(). */
uint64_t contestant_total(const struct contestant *contestant, void *built, const double *windows,
                          size_t count, uint64_t *ids);

/* A store on disk, of which only opening is measured. What it looks for: a small window, or one
 * key below the number of items. */
struct probe {
    double window[4];
    uint64_t key;
};

struct opener {
    const char *name;
    const char *(*version)(void);
    uint64_t items_most; /* more would take too long to make; 0: any number */
    bool is_float32;     /* keeps 32 bits of a coordinate: may find some items more */
    bool is_by_key;      /* looks for the key */
    void (*create)(const char *path, uint64_t items, uint64_t seed, unsigned threads);

    /* Opens the store and fetches the first answer; returns how many results it has. Nothing is
     * closed: the process ends soon after, and closing is not what is measured. */
    uint64_t (*first_answer)(const char *path, const struct probe *probe);
};

extern const struct opener *const openers[];
extern const struct opener open_xtree;
extern const struct opener open_lmdb;
extern const struct opener open_spatialindex;
extern const struct opener open_sqlite;

#ifdef __cplusplus
}
#endif
#endif
