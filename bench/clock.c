/* bench/clock.c -- time, the core a thread runs on, and memory: Linux's ways to ask.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "clock.h"

#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "contestant.h"

static cpu_set_t cores_before;

static uint64_t clock_read_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_now_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_thread_ns(void)
{
    return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

double clock_seconds_since(uint64_t start_ns)
{
    return (double)(clock_now_ns() - start_ns) * 1e-9;
}

void clock_pin(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof cores_before, &cores_before) != 0)
        bench_die("sched_getaffinity failed");
    for (int i = CPU_SETSIZE - 1; i >= 0; i--) {
        if (CPU_ISSET((size_t)i, &cores_before)) {
            CPU_SET((size_t)i, &one);
            break;
        }
    }
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        bench_die("sched_setaffinity failed");
}

void clock_unpin(void)
{
    if (sched_setaffinity(0, sizeof cores_before, &cores_before) != 0)
        bench_die("sched_setaffinity failed");
}

unsigned clock_core_count(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        bench_die("sched_getaffinity failed");
    return (unsigned)CPU_COUNT(&cores);
}

static uint64_t status_kib(const char *field)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    uint64_t kib = 0;
    if (file == NULL)
        bench_die("/proc/self/status: cannot be read");
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtoull(line + strlen(field) + 1, NULL, 10);
    }
    fclose(file);
    return kib;
}

uint64_t memory_now_kib(void)
{
    return status_kib("VmRSS");
}

uint64_t memory_peak_kib(void)
{
    return status_kib("VmHWM");
}

void memory_peak_reset(void)
{
    malloc_trim(0);
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file == NULL || fputs("5", file) < 0 || fclose(file) != 0)
        bench_die("/proc/self/clear_refs: cannot be written");
}
