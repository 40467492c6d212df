/* bench/files.c -- folders of stores, and other processes of this program.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contestant.h"

extern char **environ;
static uint64_t bytes_found;

void files_make_folder(const char *path)
{
    char part[4096];
    snprintf(part, sizeof part, "%s", path);
    for (char *at = part + 1;; at++) {
        char end = *at;
        if (end != '/' && end != '\0')
            continue;
        *at = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            bench_die("%s: %s", part, strerror(errno));
        *at = end;
        if (end == '\0')
            return;
    }
}

static int entry_remove(const char *path, const struct stat *facts, int type, struct FTW *where)
{
    (void)facts;
    (void)type;
    (void)where;
    return remove(path);
}

void files_remove(const char *path)
{
    if (nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        bench_die("%s: %s", path, strerror(errno));
}

static int entry_bytes(const char *path, const struct stat *facts, int type, struct FTW *where)
{
    (void)path;
    (void)where;
    if (type == FTW_F)
        bytes_found += (uint64_t)facts->st_blocks * 512u;
    return 0;
}

uint64_t files_bytes(const char *path)
{
    bytes_found = 0;
    if (nftw(path, entry_bytes, 16, FTW_PHYS) != 0)
        bench_die("%s: %s", path, strerror(errno));
    return bytes_found;
}

static void child_wait(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            bench_die("waitpid: %s", strerror(errno));
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_die("a process of this program failed");
}

static void pipe_read_numbers(int from, uint64_t numbers[2])
{
    char line[128] = "";
    char *at = line;
    FILE *file = fdopen(from, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL)
        bench_die("a process of this program said nothing");
    fclose(file);
    for (size_t i = 0; i < 2; i++) {
        char *end = NULL;
        numbers[i] = strtoull(at, &end, 10);
        if (end == at)
            bench_die("a process of this program said: %s", line);
        at = end;
    }
}

void process_run(char **arguments, uint64_t numbers[2])
{
    char self[] = "/proc/self/exe";
    int ends[2];
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    arguments[0] = self;
    if (pipe2(ends, O_CLOEXEC) != 0 || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) != 0)
        bench_die("pipe: %s", strerror(errno));
    int code = posix_spawn(&child, self, &actions, NULL, arguments, environ);
    if (code != 0)
        bench_die("%s: %s", self, strerror(code));
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    pipe_read_numbers(ends[0], numbers);
    child_wait(child);
}

uint64_t process_fork(uint64_t (*work)(void *), void *context)
{
    int ends[2];
    uint64_t number = 0;
    if (pipe(ends) != 0)
        bench_die("pipe: %s", strerror(errno));
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        bench_die("fork: %s", strerror(errno));
    if (child == 0) {
        number = work(context);
        _exit(write(ends[1], &number, sizeof number) == (ssize_t)sizeof number ? 0 : 1);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], &number, sizeof number);
    close(ends[0]);
    child_wait(child);
    if (got != (ssize_t)sizeof number)
        bench_die("a process of this program said nothing");
    return number;
}
