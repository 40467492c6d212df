/* bench/sets.h -- every data set by its name, so that a sub-command can be told which to take.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SETS_H
#define BENCH_SETS_H

#include "bench.h"
#include "data.h"

/* Makes or reads the data set that settings->set names, or `otherwise` where it names none, with as
 * many items as --items says, or as its line of the table does. Any failure ends the program. */
void set_make(struct dataset *data, const char *otherwise, const struct settings *settings);

/* The names, one in a line. */
void sets_print(FILE *out);

#endif
