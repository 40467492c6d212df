/* bench/histogram.c -- times counted in buckets of 3 %: percentiles of millions in little memory.
 *
 * Values below 32 have a bucket each; above, each doubling is cut into 32 of equal width.
 *
 * SPDX-License-Identifier: MIT
 */
#include "histogram.h"

#include <string.h>

static unsigned bucket_of(uint64_t value)
{
    unsigned shift = 0;
    while (value >> shift >= (uint64_t)2 * histogram_steps)
        shift++;
    return shift * histogram_steps + (unsigned)(value >> shift);
}

/* The largest value that falls into the bucket. */
static uint64_t bucket_last(unsigned bucket)
{
    if (bucket < 2 * histogram_steps)
        return bucket;
    unsigned shift = bucket / histogram_steps - 1;
    uint64_t first = histogram_steps + bucket % histogram_steps;
    return ((first + 1) << shift) - 1;
}

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->counts[bucket_of(value)]++;
    histogram->total++;
    histogram->most = value > histogram->most ? value : histogram->most;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < histogram_buckets; i++) {
        sum += histogram->counts[i];
        if (sum > 0 && (double)sum >= share * (double)histogram->total) {
            uint64_t last = bucket_last(i);
            return last < histogram->most ? last : histogram->most;
        }
    }
    return histogram->most;
}
