/* src/os/real_memory.c -- memory and address space from Linux.
 *
 * A reservation is one inaccessible mapping. What is placed into it replaces part of that mapping
 * in a single step, so that no other thread's mmap() can ever slip into the gap.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "os/real.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define LINE_BYTES ((size_t)64)
#define PAGE_BYTES ((size_t)4096)
#define HUGE_BYTES ((size_t)2 << 20)

#define RESERVE_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static bool is_paged(const void *at, size_t size)
{
    return size != 0 && ((uintptr_t)at | size) % PAGE_BYTES == 0;
}

static void *alloc_huge(size_t size)
{
    size_t rounded = (size_t)xti_round_up(size, HUGE_BYTES);
    void *memory = rounded < size ? NULL : aligned_alloc(HUGE_BYTES, rounded);

    /* Refused on systems without huge pages; the memory is as good, only slower. */
    if (memory != NULL)
        (void)madvise(memory, rounded, MADV_HUGEPAGE);
    return memory;
}

/* Small blocks come from malloc(), whose quick lists aligned_alloc() does not use; what malloc()
 * gave is remembered in the word before the aligned block. */
void *xti_real_alloc(const struct xti_os *os, size_t size)
{
    uintptr_t aligned;
    void *given;

    (void)os;
    if (size >= HUGE_BYTES)
        return alloc_huge(size);
    given = malloc(size + LINE_BYTES);
    if (given == NULL)
        return NULL;
    aligned = ((uintptr_t)given + LINE_BYTES) & ~(uintptr_t)(LINE_BYTES - 1);
    memcpy((void *)(aligned - sizeof given), &given, sizeof given);
    return (void *)aligned;
}

static_assert(_Alignof(max_align_t) >= sizeof(void *), "room for a word before each block");

void xti_real_free(const struct xti_os *os, void *memory, size_t size)
{
    void *given = memory;

    (void)os;
    if (memory != NULL && size < HUGE_BYTES)
        memcpy(&given, (char *)memory - sizeof given, sizeof given);
    free(given);
}

int xti_real_reserve(const struct xti_os *os, size_t size, void **out)
{
    size_t rounded = (size_t)xti_round_up(size, PAGE_BYTES);
    size_t before;
    char *base;

    (void)os;
    *out = NULL;
    if (size == 0)
        return -EINVAL;
    if (rounded < size || rounded > SIZE_MAX - HUGE_BYTES)
        return -ENOMEM;

    /* Too much by the alignment; what sticks out on both sides goes back. */
    base = mmap(NULL, rounded + HUGE_BYTES, PROT_NONE, RESERVE_FLAGS, -1, 0);
    if (base == MAP_FAILED)
        return -errno;
    before = (HUGE_BYTES - (uintptr_t)base % HUGE_BYTES) % HUGE_BYTES;
    if (before != 0)
        munmap(base, before);
    munmap(base + before + rounded, HUGE_BYTES - before);
    *out = base + before;
    return 0;
}

void xti_real_release(const struct xti_os *os, void *base, size_t size)
{
    (void)os;
    if (base != NULL)
        munmap(base, (size_t)xti_round_up(size, PAGE_BYTES));
}

int xti_real_place_memory(const struct xti_os *os, void *at, size_t size, bool huge)
{
    /* Most of an arena's range stays untouched for long: it is not to be counted as used. */
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;

    (void)os;
    XTI_ASSERT(is_paged(at, size));
    if (mmap(at, size, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED)
        return -errno;
    /* Said in both cases: a system may hand out larger pages to whoever does not refuse them, and
     * each first touch then zeroes all of one. */
    (void)madvise(at, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    return 0;
}

/* 0 when `size` bytes from `offset` lie inside the file: a view beyond its end kills whoever
 * reads it. */
static int range_check(int fd, uint64_t offset, size_t size)
{
    struct stat info;
    uint64_t end;

    if (!xti_add_u64(offset, size, &end) || end > INT64_MAX)
        return -EINVAL;
    if (fstat(fd, &info) != 0)
        return -errno;
    return end <= (uint64_t)info.st_size ? 0 : -ENODATA;
}

/* Mapping straight over the place would lose what is there when the file cannot be mapped, so the
 * view is made elsewhere and moved. */
int xti_real_place_file(const struct xti_os *os, void *at, size_t size, xti_file file,
                        uint64_t offset)
{
    int result;
    void *view;

    (void)os;
    XTI_ASSERT(is_paged(at, size));
    XTI_ASSERT(offset % PAGE_BYTES == 0);
    result = range_check((int)file, offset, size);
    if (result != 0)
        return result;
    view = mmap(NULL, size, PROT_READ, MAP_SHARED, (int)file, (off_t)offset);
    if (view == MAP_FAILED)
        return -errno;
    if (mremap(view, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED) {
        result = -errno;
        munmap(view, size);
        return result;
    }
    return 0;
}

/* Systems before Linux 5.14 do not know of it: then pages come one by one. */
void xti_real_populate(const struct xti_os *os, const void *at, size_t size)
{
    (void)os;
    XTI_ASSERT(is_paged(at, size));
#if defined(MADV_POPULATE_READ)
    (void)madvise((void *)(uintptr_t)at, size, MADV_POPULATE_READ);
#endif
}

void xti_real_unplace(const struct xti_os *os, void *at, size_t size)
{
    (void)os;
    XTI_ASSERT(is_paged(at, size));
    /* Fails only when the kernel cannot split a mapping any more. What was there then stays, which
     * costs memory and harms nobody. */
    (void)mmap(at, size, PROT_NONE, RESERVE_FLAGS | MAP_FIXED, -1, 0);
}

/* A view that is shared shows what any process of this machine writes, at once. */
int xti_real_watch(const struct xti_os *os, xti_file file, size_t size, void **out)
{
    int result = range_check((int)file, 0, size);
    void *view;

    (void)os;
    *out = NULL;
    if (result != 0)
        return result;
    view = mmap(NULL, size, PROT_READ, MAP_SHARED, (int)file, 0);
    if (view == MAP_FAILED)
        return -errno;
    *out = view;
    return 0;
}

const void *xti_real_watched(const struct xti_os *os, void *watch)
{
    (void)os;
    return watch;
}

void xti_real_unwatch(const struct xti_os *os, void *watch, size_t size)
{
    (void)os;
    if (watch != NULL)
        munmap(watch, size);
}
