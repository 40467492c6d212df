/* bench/rivals.h -- indexes of several libraries that answer the same windows, in rounds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_RIVALS_H
#define BENCH_RIVALS_H

#include "bench.h"
#include "data.h"

enum { rivals_max = 16 };

/* One way of querying one index. */
struct entry {
    const struct contestant *contestant;
    void *built;
    unsigned walker;
    char name[96];
    struct series ids;    /* queries per second, ids delivered */
    struct series counts; /* the same, counted only */
};

struct rivals {
    const struct settings *settings;
    const struct dataset *data;
    size_t count;
    struct entry entries[rivals_max];
    uint64_t *ids;
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

/* Compares all answers, measures, and prints a table: windows of 1, 100 and 10,000 results. */
void rivals_measure(struct rivals *rivals);

#endif
