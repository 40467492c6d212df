/* bench/histogram.h -- times counted in buckets of 3 %: percentiles of millions in little memory.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum { histogram_steps = 32, histogram_buckets = 60 * histogram_steps };

struct histogram {
    uint64_t total;
    uint64_t most;
    uint64_t counts[histogram_buckets];
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);

/* The least value that this share of all does not exceed, rounded up by at most 3 %; 1 gives the
 * largest, exactly. 0 when nothing was added. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
