/* bench/contest.h -- indexes of several libraries that find the same neighbours, in rounds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CONTEST_H
#define BENCH_CONTEST_H

#include "bench.h"
#include "data.h"

enum { searchers_max = 32 };

/* One way of searching one index. */
struct searcher {
    const struct contestant *contestant;
    void *built;
    unsigned walker;
    bool is_batch;
    char name[96];
    size_t asked;        /* of the points, so many fit into a round; 0: it cannot find that many */
    size_t differing;    /* of these, with 32 bits of a coordinate */
    struct series speed; /* points per second */
};

struct contest {
    const struct settings *settings;
    const struct dataset *data;
    size_t built_count;
    struct {
        const struct contestant *contestant;
        void *built;
    } indexes[searchers_max];
    size_t count;
    struct searcher searchers[searchers_max];
    size_t k;
    size_t point_count;
    const double *points;
    uint64_t *ids;     /* k for each point */
    double *distances; /* likewise */
    char notes[4096];  /* what a table is followed by */
};

/* Builds an index of every contestant that can search the data set, which stays the caller's and
 * outlives the contest; of ours also one that grew item by item. */
void contest_begin(struct contest *contest, const struct settings *settings,
                   const struct dataset *data);
void contest_end(struct contest *contest);

/* The head of the table, the rows for one k, and the notes. Before the clock starts, ids and
 * distances of every point are compared. A slow searcher is asked the first points only, as many
 * as it answers in a second or so. */
void contest_print_head(const struct contest *contest);
void contest_measure(struct contest *contest, size_t k, const double *points, size_t point_count);
void contest_print_notes(const struct contest *contest);

#endif
