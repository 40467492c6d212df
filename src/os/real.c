/* src/os/real.c -- the real table, and the facts in it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "os/real.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(const struct xti_os *os)
{
    struct timespec now;

    (void)os;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0)
        return 0;
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static int random_bytes(const struct xti_os *os, void *data, size_t size)
{
    char *at = data;

    (void)os;
    while (size > 0) {
        ssize_t moved = getrandom(at, size, 0);

        if (moved < 0 && errno == EINTR)
            continue;
        if (moved < 0)
            return -errno;
        at += moved;
        size -= (size_t)moved;
    }
    return 0;
}

static uint64_t process_id(const struct xti_os *os)
{
    (void)os;
    return (uint64_t)getpid();
}

/* The kernel tells it as text: 32 hexadecimal digits with dashes between them. */
static void boot_id(const struct xti_os *os, uint8_t out[16])
{
    static const char digits[] = "0123456789abcdef";
    char text[64] = "";
    size_t count = 0;
    xti_file file;

    memset(out, 0, 16);
    if (xti_real_open(os, "/proc/sys/kernel/random/boot_id", XTI_OPEN_READ, &file) != 0)
        return;
    if (xti_real_read_at(os, file, 0, text, 36) != 0)
        text[0] = '\0';
    xti_real_close(os, file);
    for (const char *at = text; *at != '\0' && count < 32; at++) {
        const char *digit = memchr(digits, *at, 16);

        if (digit == NULL)
            continue;
        out[count / 2] = (uint8_t)(out[count / 2] << 4 | (digit - digits));
        count++;
    }
    if (count < 32)
        memset(out, 0, 16);
}

/* Those that this process may run on, which a container may have cut down. */
static uint32_t processor_count(const struct xti_os *os)
{
    cpu_set_t usable;
    long count;

    (void)os;
    if (sched_getaffinity(0, sizeof usable, &usable) == 0)
        count = CPU_COUNT(&usable);
    else
        count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (uint32_t)count : 1;
}

static void host_name(const struct xti_os *os, char *out, size_t capacity)
{
    (void)os;
    if (gethostname(out, capacity) != 0)
        out[0] = '\0';
    out[capacity - 1] = '\0';
}

static const char *temporary_folder(const struct xti_os *os)
{
    (void)os;
    return P_tmpdir;
}

static const struct xti_os real_os = {
    .alloc = xti_real_alloc,
    .free = xti_real_free,
    .reserve = xti_real_reserve,
    .release = xti_real_release,
    .place_memory = xti_real_place_memory,
    .place_file = xti_real_place_file,
    .populate = xti_real_populate,
    .unplace = xti_real_unplace,
    .watch = xti_real_watch,
    .watched = xti_real_watched,
    .unwatch = xti_real_unwatch,
    .open = xti_real_open,
    .close = xti_real_close,
    .read_at = xti_real_read_at,
    .write_at = xti_real_write_at,
    .sync = xti_real_sync,
    .size = xti_real_size,
    .write_soon = xti_real_write_soon,
    .allocate = xti_real_allocate,
    .cut = xti_real_cut,
    .lock = xti_real_lock,
    .is_locked = xti_real_is_locked,
    .make_folder = xti_real_make_folder,
    .remove_folder = xti_real_remove_folder,
    .sync_folder = xti_real_sync_folder,
    .rename = xti_real_rename,
    .link = xti_real_link,
    .remove = xti_real_remove,
    .list = xti_real_list,
    .thread_start = xti_real_thread_start,
    .thread_join = xti_real_thread_join,
    .mutex_create = xti_real_mutex_create,
    .mutex_destroy = xti_real_mutex_destroy,
    .mutex_lock = xti_real_mutex_lock,
    .mutex_unlock = xti_real_mutex_unlock,
    .now_ns = now_ns,
    .random = random_bytes,
    .process_id = process_id,
    .host_name = host_name,
    .boot_id = boot_id,
    .processor_count = processor_count,
    .temporary_folder = temporary_folder,
};

const struct xti_os *xti_os_real(void)
{
    return &real_os;
}
