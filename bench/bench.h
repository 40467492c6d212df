/* bench/bench.h -- the sub-commands of xtree-bench and what they are told.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "contestants.h"
#include "report.h"

struct settings {
    struct report report;
    bool is_quick;      /* minutes instead of half an hour */
    bool is_cpu_time;   /* processor time, for a machine that is not ours alone */
    uint64_t items;     /* 0: what the sub-command measures by default */
    unsigned rounds;    /* 0: likewise */
    uint64_t questions; /* windows or points of a round, at most; 0: what is measured by default */
    unsigned threads;
    uint64_t seed;
    const char *work;   /* folder for stores; they are removed again */
    const char *data;   /* folder of the real data */
    const char *set;    /* name of the data set, as in sets.h; NULL: those of the sub-command */
    const char *expect; /* quality: a file to compare with; NULL: none */
};

void bench_bulk(const struct settings *settings);
void bench_window(const struct settings *settings);
void bench_insert(const struct settings *settings);
void bench_nearest(const struct settings *settings);
void bench_move(const struct settings *settings);
void bench_join(const struct settings *settings);
void bench_batch(const struct settings *settings);
void bench_supernodes(const struct settings *settings);
void bench_open(const struct settings *settings);
void bench_commit(const struct settings *settings);
void bench_publish(const struct settings *settings);
void bench_readers(const struct settings *settings);
void bench_steady(const struct settings *settings);
void bench_growth(const struct settings *settings);
void bench_memory_limit(const struct settings *settings);
void bench_quality(const struct settings *settings);
void bench_limits(const struct settings *settings);
void bench_size(const struct settings *settings);
void bench_high(const struct settings *settings);
void bench_mixed(const struct settings *settings);
void bench_allocations(const struct settings *settings);

/* What processes started by the sub-commands do; `arguments` are those after the name. */
void child_open(int count, char **arguments);
void child_allocations(int count, char **arguments);
void child_load(int count, char **arguments);
void child_compare(int count, char **arguments);

/* Time, as --cpu-time says. */
uint64_t settings_now_ns(const struct settings *settings);

/* `given` unless it is 0; otherwise the default of the quick or the full run. */
uint64_t settings_items(const struct settings *settings, uint64_t quick, uint64_t full);

#endif
