/* tests/fault/test_interrupts.c -- do calls that the system interrupts, or does in parts, cost
 * nothing?
 *
 * The linker puts the functions below before those of the C library (--wrap). A life of 200 commits
 * runs on real files, and every single call is interrupted before it does anything, or moves only a
 * part of the bytes. Nothing is really synced: that is not the question.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "os/os.h"
#include "support/check.h"
#include "support/script.h"

#define COMMITS 200

static const struct script_world WORLD = {"life of 200 commits", 2, XT_BOXES, 16, 16, 60, 0, 0};

static bool interrupts;
static bool shortens;
static uint64_t random_state;
static uint64_t interrupted;
static uint64_t shortened;
static bool was_interrupted; /* so the call is the one that is repeated */

ssize_t __real_pread(int fd, void *data, size_t size, off_t offset);
ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t offset);
int __real_open(const char *path, int flags, ...);
int __real_flock(int fd, int operation);
int __real_fallocate(int fd, int mode, off_t offset, off_t size);
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset);
int __wrap_open(const char *path, int flags, ...);
int __wrap_flock(int fd, int operation);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t size);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);

static bool is_interrupted(void)
{
    was_interrupted = interrupts && !was_interrupted;
    if (!was_interrupted)
        return false;
    interrupted++;
    errno = EINTR;
    return true;
}

static size_t shorter(size_t size)
{
    if (!shortens || size < 2)
        return size;
    shortened++;
    return 1 + (size_t)(check_random(&random_state) % (size - 1));
}

ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset)
{
    return is_interrupted() ? -1 : __real_pread(fd, data, shorter(size), offset);
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return is_interrupted() ? -1 : __real_pwrite(fd, data, shorter(size), offset);
}

int __wrap_open(const char *path, int flags, ...)
{
    int mode = 0;

    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
        va_list arguments;

        va_start(arguments, flags);
        mode = va_arg(arguments, int);
        va_end(arguments);
    }
    return is_interrupted() ? -1 : __real_open(path, flags, mode);
}

int __wrap_flock(int fd, int operation)
{
    return is_interrupted() ? -1 : __real_flock(fd, operation);
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t size)
{
    return is_interrupted() ? -1 : __real_fallocate(fd, mode, offset, size);
}

int __wrap_fdatasync(int fd)
{
    (void)fd;
    return is_interrupted() ? -1 : 0;
}

int __wrap_fsync(int fd)
{
    (void)fd;
    return is_interrupted() ? -1 : 0;
}

static void life_run(void)
{
    struct script script;
    char path[600];
    xt_status status;
    uint64_t number;

    random_state = check_seed;
    snprintf(path, sizeof path, "%s/store", check_scratch());
    script_init(&script, xti_os_real(), path, &WORLD, check_seed);
    status = script_create(&script);
    while (status == XT_OK && script.expected.newest < COMMITS)
        status = script_step(&script);
    CHECK_STATUS(status, XT_OK);
    if (CHECK_STATUS(script_reopen(&script), XT_OK))
        script_finds(&WORLD, script.seed, &script.expected, script.store, &number);
    script_release(&script);
}

static void every_call_may_be_interrupted(void)
{
    interrupts = true;
    life_run();
    interrupts = false;
    was_interrupted = false;
    printf("%" PRIu64 " calls interrupted\n", interrupted);
    CHECK(interrupted > 10 * COMMITS);
}

static void every_read_and_write_may_be_done_in_parts(void)
{
    shortens = true;
    life_run();
    shortens = false;
    printf("%" PRIu64 " calls cut short\n", shortened);
    CHECK(shortened > 10 * COMMITS);
}

CHECK_MAIN({"every_call_may_be_interrupted", every_call_may_be_interrupted},
           {"every_read_and_write_may_be_done_in_parts", every_read_and_write_may_be_done_in_parts})
