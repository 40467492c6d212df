/* cli/selftest_files.c -- folders of plain files: copies, and their bytes in memory.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "selftest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool files_exist(const char *path)
{
    struct stat facts;

    return stat(path, &facts) == 0;
}

/* Calls visit() with the path of each entry of a folder that has no folders in it. */
static bool each_file(const char *path,
                      bool (*visit)(void *context, const char *path, const char *name),
                      void *context)
{
    DIR *folder = opendir(path);
    bool goes_on = true;

    if (folder == NULL)
        return false;
    for (const struct dirent *entry; goes_on && (entry = readdir(folder)) != NULL;) {
        char file[2 * SELFTEST_PATH];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        goes_on = visit(context, file, entry->d_name);
    }
    closedir(folder);
    return goes_on;
}

static bool remove_one(void *context, const char *path, const char *name)
{
    (void)context;
    (void)name;
    (void)remove(path);
    return true;
}

void files_remove(const char *path)
{
    (void)each_file(path, remove_one, NULL);
    (void)rmdir(path);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static bool file_read(const char *path, struct file_bytes *out)
{
    FILE *file = fopen(path, "rb");
    struct stat facts;
    bool is_whole;

    if (file == NULL)
        return false;
    if (fstat(fileno(file), &facts) != 0) {
        fclose(file);
        return false;
    }
    out->size = (size_t)facts.st_size;
    out->bytes = malloc(out->size + 1);
    is_whole = out->bytes != NULL && fread(out->bytes, 1, out->size, file) == out->size;
    fclose(file);
    return is_whole;
}

static bool read_one(void *context, const char *path, const char *name)
{
    struct folder_bytes *folder = context;
    struct file_bytes *file = &folder->files[folder->count];

    if (folder->count == sizeof folder->files / sizeof folder->files[0] ||
        strlen(name) >= sizeof file->name)
        return false;
    folder->count++;
    memset(file, 0, sizeof *file);
    strcpy(file->name, name);
    return file_read(path, file);
}

bool folder_read(struct selftest *test, const char *path, struct folder_bytes *out)
{
    out->count = 0;
    if (each_file(path, read_one, out))
        return true;
    folder_release(out);
    return selftest_fail(test, "reading %s: %s", path, strerror(errno));
}

void folder_release(struct folder_bytes *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->files[i].bytes);
    folder->count = 0;
}

struct file_bytes *folder_find(struct folder_bytes *folder, const char *name)
{
    for (size_t i = 0; i < folder->count; i++) {
        if (strcmp(folder->files[i].name, name) == 0)
            return &folder->files[i];
    }
    return NULL;
}

static bool file_write(const char *path, const struct file_bytes *from)
{
    FILE *file = fopen(path, "wb");
    bool is_whole;

    if (file == NULL)
        return false;
    is_whole = fwrite(from->bytes, 1, from->size, file) == from->size;
    return fclose(file) == 0 && is_whole;
}

bool folder_write(struct selftest *test, const char *path, const struct folder_bytes *folder)
{
    files_remove(path);
    if (mkdir(path, 0777) != 0)
        return selftest_fail(test, "making %s: %s", path, strerror(errno));
    for (size_t i = 0; i < folder->count; i++) {
        char file[2 * SELFTEST_PATH];

        snprintf(file, sizeof file, "%s/%s", path, folder->files[i].name);
        if (!file_write(file, &folder->files[i]))
            return selftest_fail(test, "writing %s: %s", file, strerror(errno));
    }
    return true;
}
