/* tests/support/disk_watch.c -- watching a file of a disk in memory: a copy, anew at each look.
 *
 * So it does not matter who changed the file, or how.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/disk_watch.h"

#include <stdlib.h>

struct disk_watch {
    xti_file file;
    size_t size;
    unsigned char bytes[];
};

static int disk_watch(const struct xti_os *os, xti_file file, size_t size, void **out)
{
    struct disk_watch *watch = calloc(1, sizeof *watch + size);
    int result;

    *out = NULL;
    XTI_ASSERT(watch != NULL);
    watch->file = file;
    watch->size = size;
    result = os->read_at(os, file, 0, watch->bytes, size);
    if (result == 0)
        *out = watch;
    else
        free(watch);
    return result;
}

/* After a crash it shows what it showed before. */
static const void *disk_watched(const struct xti_os *os, void *watch)
{
    struct disk_watch *of = watch;

    (void)os->read_at(os, of->file, 0, of->bytes, of->size);
    return of->bytes;
}

static void disk_unwatch(const struct xti_os *os, void *watch, size_t size)
{
    const struct disk_watch *of = watch;

    (void)os;
    XTI_ASSERT(of == NULL || of->size == size);
    free(watch);
}

void disk_watch_init(struct xti_os *table)
{
    table->watch = disk_watch;
    table->watched = disk_watched;
    table->unwatch = disk_unwatch;
}
