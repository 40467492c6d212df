/* bench/quality_table.h -- the CSV of sub-command quality as a table for people: a row a tree.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_QUALITY_TABLE_H
#define BENCH_QUALITY_TABLE_H

#include <stdio.h>

/* Reads `csv` to its end, and prints what says most. */
void quality_table(FILE *out, FILE *csv);

#endif
