/* bench/contestants.c -- the table of everything that is measured.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contestant.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const struct contestant *const contestants[] = {&with_xtree, &with_boost, NULL};
const struct opener *const openers[] = {&open_xtree, &open_lmdb, NULL};

void bench_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("xtree-bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}
