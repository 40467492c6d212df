/* src/os/real_folders.c -- folders and names from Linux.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "os/real.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int xti_real_make_folder(const struct xti_os *os, const char *path)
{
    (void)os;
    return mkdir(path, 0777) == 0 ? 0 : -errno;
}

int xti_real_remove_folder(const struct xti_os *os, const char *path)
{
    (void)os;
    return rmdir(path) == 0 ? 0 : -errno;
}

int xti_real_sync_folder(const struct xti_os *os, const char *path)
{
    int result;
    int fd;

    (void)os;
    do {
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return -errno;
    do {
        result = fsync(fd) == 0 ? 0 : -errno;
    } while (result == -EINTR);
    close(fd);
    /* A file system that syncs no folders keeps them in order by itself. */
    return result == -EINVAL ? 0 : result;
}

int xti_real_rename(const struct xti_os *os, const char *from, const char *to)
{
    (void)os;
    return rename(from, to) == 0 ? 0 : -errno;
}

int xti_real_link(const struct xti_os *os, const char *from, const char *to)
{
    (void)os;
    return link(from, to) == 0 ? 0 : -errno;
}

int xti_real_remove(const struct xti_os *os, const char *path)
{
    (void)os;
    return unlink(path) == 0 ? 0 : -errno;
}

int xti_real_list(const struct xti_os *os, const char *path, xti_name_fn *visit, void *context)
{
    const struct dirent *entry;
    bool wants_more = true;
    int result = 0;
    DIR *folder = opendir(path);

    (void)os;
    if (folder == NULL)
        return -errno;
    while (wants_more) {
        errno = 0;
        entry = readdir(folder);
        if (entry == NULL) {
            result = -errno;
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            wants_more = visit(context, entry->d_name);
    }
    closedir(folder);
    return result;
}
