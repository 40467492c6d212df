/* cli/new_store.c -- takes a store away again that was created for a load that failed.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "new_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

bool new_store_is_possible(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool is_empty = true;

    if (folder == NULL)
        return errno == ENOENT;
    while ((entry = readdir(folder)) != NULL)
        is_empty = is_empty && is_dot(entry->d_name);
    closedir(folder);
    return is_empty;
}

void new_store_note(struct new_store *created, const char *path)
{
    created->path = path;
    created->had_folder = access(path, F_OK) == 0;
}

void new_store_forget(struct new_store *created)
{
    created->path = NULL;
}

static bool is_of_a_store(const char *name)
{
    static const char *const patterns[] = {"LOCK", "HEAD", "manifest-*", "arena-*"};

    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    }
    return false;
}

void new_store_remove(const struct new_store *created)
{
    const struct dirent *entry;
    DIR *folder;

    if (created->path == NULL)
        return;
    folder = opendir(created->path);
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL) {
        if (is_of_a_store(entry->d_name))
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
    if (!created->had_folder && rmdir(created->path) != 0)
        message("cannot remove \"%s\": %s", created->path, strerror(errno));
}
