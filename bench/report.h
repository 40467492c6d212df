/* bench/report.h -- series of measurements, and how they are told: JSON lines and Markdown.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SERIES_MAX 1024u

/* What was measured in each round. */
struct series {
    size_t count;
    double values[SERIES_MAX];
};

void series_add(struct series *series, double value);

/* The value that `percent` of the series do not exceed: 0 the least, 50 the median. */
double series_percentile(const struct series *series, unsigned percent);
double series_median(const struct series *series);

/* a/b of each round, so that what disturbs both in a round cancels out. */
void series_ratio(const struct series *a, const struct series *b, struct series *out);

/* Where results go: Markdown for people, one JSON object in a line for programs. */
struct report {
    FILE *markdown;
    FILE *json; /* NULL: none */
};

/* One measured thing. */
struct result {
    const char *benchmark;
    const char *data;
    const char *contestant;
    const char *way; /* of building or querying; "" when there is one only */
    const char *unit;
    uint64_t items;
    const struct series *series;
    const struct series *ratio; /* to the contestant compared with; NULL: none */
};

void report_result(const struct report *report, const struct result *result);

/* What runs, on which machine, the compiler, the versions and the seed: the first JSON line. */
void report_machine(const struct report *report, const char *command, bool is_quick, uint64_t seed);

/* 1234567 becomes "1,234,567". `text` has 32 bytes. */
const char *report_grouped(double number, char *text);

/* "1.95 (1.80 to 2.10)": the median and the spread. `text` has 64 bytes. */
const char *report_spread(const struct series *series, char *text);

#endif
