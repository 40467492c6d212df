/* bench/die.c -- how the programs of this folder end when they cannot do their work.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contestant.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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
