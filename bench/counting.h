/* bench/counting.h -- how often the heap is asked, of a process that preloads counting.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_COUNTING_H
#define BENCH_COUNTING_H

#include <stdint.h>

struct heap_counts {
    uint64_t allocations; /* malloc() and its like; realloc() too */
    uint64_t bytes;       /* that they were asked for */
    uint64_t frees;
};

/* The name of the function in the preloaded library, and its type. */
#define COUNTING_SYMBOL "counting_now"
typedef struct heap_counts counting_function(void);

struct heap_counts counting_now(void);

#endif
