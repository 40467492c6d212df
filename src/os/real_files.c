/* src/os/real_files.c -- files from Linux.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "os/real.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- open and close ------------------------------------------------------------------------ */

static int open_named(const char *path, int flags)
{
    int fd;

    do {
        fd = open(path, flags | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR);
    return fd >= 0 ? fd : -errno;
}

/* For file systems that know no files without names: a name that lives for a moment. */
static int open_unlinked(const char *folder)
{
    char path[PATH_MAX];
    int fd;

    if (!xti_path_join(path, sizeof path, folder, "xtree-XXXXXX"))
        return -ENAMETOOLONG;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    unlink(path);
    return fd;
}

static int open_temporary(const char *folder)
{
    int fd = open_named(folder, O_RDWR | O_TMPFILE);

    /* The second is what a kernel says that takes the flag for a folder to be written. */
    if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -EINVAL)
        return open_unlinked(folder);
    return fd;
}

/* Descriptors 0 to 2 are free in a process that closed them, but somebody will print to them. */
static int move_from_standard(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int result = moved >= 0 ? moved : -errno;

    close(fd);
    return result;
}

int xti_real_open(const struct xti_os *os, const char *path, unsigned flags, xti_file *out)
{
    int fd;

    (void)os;
    *out = XTI_FILE_NONE;
    if (flags == XTI_OPEN_READ)
        fd = open_named(path, O_RDONLY);
    else if (flags == XTI_OPEN_WRITE)
        fd = open_named(path, O_RDWR);
    else if (flags == XTI_OPEN_CREATE)
        fd = open_named(path, O_RDWR | O_CREAT | O_EXCL);
    else if (flags == XTI_OPEN_TEMPORARY)
        fd = open_temporary(path);
    else
        fd = -EINVAL;
    if (fd >= 0 && fd <= STDERR_FILENO)
        fd = move_from_standard(fd);
    if (fd < 0)
        return fd;
    *out = fd;
    return 0;
}

void xti_real_close(const struct xti_os *os, xti_file file)
{
    (void)os;
    /* Not repeated when interrupted: Linux has closed it by then, and the number may already
     * belong to somebody else. */
    if (file != XTI_FILE_NONE)
        (void)close((int)file);
}

/* ---- bytes --------------------------------------------------------------------------------- */

static bool range_fits(uint64_t offset, size_t size)
{
    uint64_t end;

    return xti_add_u64(offset, size, &end) && end <= INT64_MAX;
}

int xti_real_read_at(const struct xti_os *os, xti_file file, uint64_t offset, void *data,
                     size_t size)
{
    char *at = data;

    (void)os;
    if (!range_fits(offset, size))
        return -EINVAL;
    while (size > 0) {
        ssize_t moved = pread((int)file, at, size, (off_t)offset);

        if (moved == 0)
            return -ENODATA;
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved < 0)
            return -errno;
        at += moved;
        offset += (uint64_t)moved;
        size -= (size_t)moved;
    }
    return 0;
}

int xti_real_write_at(const struct xti_os *os, xti_file file, uint64_t offset, const void *data,
                      size_t size)
{
    const char *at = data;

    (void)os;
    if (!range_fits(offset, size))
        return -EFBIG;
    while (size > 0) {
        ssize_t moved = pwrite((int)file, at, size, (off_t)offset);

        if (moved < 0 && errno == EINTR)
            continue;
        if (moved < 0)
            return -errno;
        if (moved == 0)
            return -EIO;
        at += moved;
        offset += (uint64_t)moved;
        size -= (size_t)moved;
    }
    return 0;
}

void xti_real_write_soon(const struct xti_os *os, xti_file file, uint64_t offset, size_t size)
{
    (void)os;
    (void)sync_file_range((int)file, (off_t)offset, (off_t)size, SYNC_FILE_RANGE_WRITE);
}

int xti_real_sync(const struct xti_os *os, xti_file file)
{
    int result;

    (void)os;
    do {
        result = fdatasync((int)file);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : -errno;
}

int xti_real_size(const struct xti_os *os, xti_file file, uint64_t *out)
{
    struct stat info;

    (void)os;
    *out = 0;
    if (fstat((int)file, &info) != 0)
        return -errno;
    *out = (uint64_t)info.st_size;
    return 0;
}

/* ---- space --------------------------------------------------------------------------------- */

/* The C library's posix_fallocate() would write into every block of the file, also into those
 * that hold data and that another thread may be writing. */
static int write_zeros(const struct xti_os *os, xti_file file, uint64_t size)
{
    static const char zeros[65536];
    uint64_t at;
    int result = xti_real_size(os, file, &at);

    while (result == 0 && at < size) {
        size_t piece = size - at < sizeof zeros ? (size_t)(size - at) : sizeof zeros;

        result = xti_real_write_at(os, file, at, zeros, piece);
        at += piece;
    }
    return result;
}

int xti_real_allocate(const struct xti_os *os, xti_file file, uint64_t size)
{
    int result;

    if (size == 0)
        return 0;
    if (size > INT64_MAX)
        return -EFBIG;
    do {
        result = fallocate((int)file, 0, 0, (off_t)size) == 0 ? 0 : -errno;
    } while (result == -EINTR);
    if (result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL)
        return write_zeros(os, file, size);
    return result;
}

int xti_real_cut(const struct xti_os *os, xti_file file, uint64_t size)
{
    uint64_t present;
    int result = xti_real_size(os, file, &present);

    if (result != 0 || present <= size)
        return result;
    do {
        result = ftruncate((int)file, (off_t)size) == 0 ? 0 : -errno;
    } while (result == -EINTR);
    return result;
}

/* ---- lock ---------------------------------------------------------------------------------- */

/* Where locks of open file descriptions are not known. Like those it belongs to the open file. */
static int lock_whole(int fd)
{
    int result;

    do {
        result = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : -errno;
    } while (result == -EINTR);
    return result == -EWOULDBLOCK ? -EBUSY : result;
}

int xti_real_lock(const struct xti_os *os, xti_file file)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result;

    (void)os;
    do {
        result = fcntl((int)file, F_OFD_SETLK, &range) == 0 ? 0 : -errno;
    } while (result == -EINTR);
    if (result == -EAGAIN || result == -EACCES)
        return -EBUSY;
    if (result == -EINVAL)
        return lock_whole((int)file);
    return result;
}

/* Who cannot take it, even together with others, knows that somebody has it. */
static int try_whole(int fd, bool *out)
{
    int result;

    do {
        result = flock(fd, LOCK_SH | LOCK_NB) == 0 ? 0 : -errno;
    } while (result == -EINTR);
    *out = result == -EWOULDBLOCK;
    if (result == 0)
        (void)flock(fd, LOCK_UN);
    return *out ? 0 : result;
}

int xti_real_is_locked(const struct xti_os *os, xti_file file, bool *out)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result;

    (void)os;
    *out = false;
    do {
        result = fcntl((int)file, F_OFD_GETLK, &range) == 0 ? 0 : -errno;
    } while (result == -EINTR);
    if (result == -EINVAL)
        return try_whole((int)file, out);
    *out = result == 0 && range.l_type != F_UNLCK;
    return result;
}
