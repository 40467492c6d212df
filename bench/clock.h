/* bench/clock.h -- time, the core a thread runs on, and memory, as the system reports them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>

/* Monotonic. */
uint64_t clock_now_ns(void);

/* What the calling thread has had of a processor. */
uint64_t clock_thread_ns(void);

double clock_seconds_since(uint64_t start_ns);

/* Keeps this thread on one core, the last that it may use, until clock_unpin(). */
void clock_pin(void);
void clock_unpin(void);

unsigned clock_core_count(void);

/* Resident memory of this process. The peak is that of the program as it runs now: unlike
 * ru_maxrss it does not include what the parent held before exec, and it can be started anew. */
uint64_t memory_now_kib(void);
uint64_t memory_peak_kib(void);
void memory_peak_reset(void);

#endif
