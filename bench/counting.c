/* bench/counting.c -- counts what the heap is asked for; a library to be preloaded, see counting.h.
 *
 * Stands in front of glibc's heap, by the names under which glibc offers it for that.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "counting.h"

#include <errno.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *memory);

/* Counted in the one thread that is measured. */
static struct heap_counts counts;

struct heap_counts counting_now(void)
{
    return counts;
}

static void count(size_t size)
{
    counts.allocations++;
    counts.bytes += size;
}

void *malloc(size_t size)
{
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
    count(items * size);
    return __libc_calloc(items, size);
}

void *realloc(void *memory, size_t size)
{
    count(size);
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    count(size);
    return __libc_memalign(align, size);
}

int posix_memalign(void **memory, size_t align, size_t size)
{
    count(size);
    *memory = __libc_memalign(align, size);
    return *memory == NULL ? ENOMEM : 0;
}

void free(void *memory)
{
    counts.frees += memory != NULL;
    __libc_free(memory);
}
