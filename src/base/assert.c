/* src/base/assert.c -- what happens when the library contradicts itself.
 *
 * The only place that prints: for a persistent index, stopping is better than publishing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

void xti_assert_failed(const char *file, int line, const char *expression)
{
    fprintf(stderr, "%s:%d: xtree assertion failed: %s\n", file, line, expression);
    abort();
}
