/* bench/rivals.h -- indexes of several libraries that answer the same windows, in rounds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_RIVALS_H
#define BENCH_RIVALS_H

#include "bench.h"
#include "data.h"

enum { rivals_max = 32 };

/* One way of querying one index. */
struct entry {
    const struct contestant *contestant;
    void *built;
    unsigned walker;
    char name[96];
    size_t asked;         /* of the windows, so many fit into a round */
    size_t differing;     /* of these, with 32 bits of a coordinate */
    uint64_t total;       /* ids in all windows that it is asked */
    struct series ids;    /* queries per second, ids delivered */
    struct series counts; /* the same, counted only */
};

struct rivals {
    const struct settings *settings;
    const struct dataset *data;
    size_t count;
    struct entry entries[rivals_max];
    uint64_t *ids;
    uint64_t *counts, *sums;                   /* of one entry, for each window */
    uint64_t *expected_counts, *expected_sums; /* of the first entry */
    char notes[4096];                          /* what a table is followed by */
};

/* The data set and the indexes that are added stay the caller's. The first index chooses windows;
 * all are compared with the first one that is not ours. */
void rivals_begin(struct rivals *rivals, const struct settings *settings,
                  const struct dataset *data);
void rivals_end(struct rivals *rivals);

/* Every way to query this index, or only the last that this processor can take: the fastest. */
void rivals_add(struct rivals *rivals, const struct contestant *contestant, void *built,
                const char *label);
void rivals_add_best(struct rivals *rivals, const struct contestant *contestant, void *built,
                     const char *label);

/* Compares all answers, measures, and prints a table: windows of 1, 100 and 10,000 results. A slow
 * entry is asked the first windows only, as many as it answers in a second or so. */
void rivals_measure(struct rivals *rivals);

#endif
