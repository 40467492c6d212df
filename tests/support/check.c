/* tests/support/check.c -- the test harness: counting, printing, random numbers, scratch folders.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "check.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A loop over a million items that all fail must not fill the disk with a million lines. */
#define PRINTED_MAX 20

#define SCRATCH_MAX 256
#define PATH_BYTES 512

const char *check_row;
uint64_t check_seed = 1;

static const char *test_name;
static atomic_uint failure_count;

static char scratch[SCRATCH_MAX][PATH_BYTES];
static size_t scratch_count;
static long scratch_owner;

/* Counts a failure. False when enough were printed already. */
static bool failure_prints(const char *file, int line, const char *text)
{
    unsigned before = atomic_fetch_add_explicit(&failure_count, 1, memory_order_relaxed);

    if (before == PRINTED_MAX)
        printf("%s: more failures are not printed\n", test_name);
    if (before >= PRINTED_MAX)
        return false;
    printf("%s:%d: %s: %s%s%s%s\n", file, line, test_name, check_row != NULL ? "[" : "",
           check_row != NULL ? check_row : "", check_row != NULL ? "] " : "", text);
    return true;
}

bool check_true(bool held, const char *file, int line, const char *text)
{
    if (!held)
        failure_prints(file, line, text);
    return held;
}

bool check_int(long long got, long long want, const char *file, int line, const char *text)
{
    if (got != want && failure_prints(file, line, text))
        printf("    got %lld, want %lld\n", got, want);
    return got == want;
}

bool check_u64(uint64_t got, uint64_t want, const char *file, int line, const char *text)
{
    if (got != want && failure_prints(file, line, text))
        printf("    got %" PRIu64 " (0x%" PRIx64 "), want %" PRIu64 " (0x%" PRIx64 ")\n", got, got,
               want, want);
    return got == want;
}

bool check_str(const char *got, const char *want, const char *file, int line, const char *text)
{
    bool same = got == want || (got != NULL && want != NULL && strcmp(got, want) == 0);

    if (!same && failure_prints(file, line, text))
        printf("    got \"%s\", want \"%s\"\n", got != NULL ? got : "(null)",
               want != NULL ? want : "(null)");
    return same;
}

/* Not xt_status_name(): tests of the lower rooms do not link what is above them. */
static const char *status_name(xt_status status)
{
    switch (status) {
#define STATUS_CASE(name, value, text)                                                             \
    case name:                                                                                     \
        return #name;
        XT_STATUS_MAP(STATUS_CASE)
#undef STATUS_CASE
    }
    return "no status";
}

bool check_status(xt_status got, xt_status want, const char *file, int line, const char *text)
{
    if (got != want && failure_prints(file, line, text))
        printf("    got %s (%d), want %s (%d)\n", status_name(got), (int)got, status_name(want),
               (int)want);
    return got == want;
}

/* ---- running ------------------------------------------------------------------------------- */

static const struct check_test *test_find(const struct check_test *tests, size_t count,
                                          const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tests[i].name, name) == 0)
            return &tests[i];
    }
    return NULL;
}

static bool test_passes(const struct check_test *test)
{
    unsigned failures;

    check_row = NULL;
    test_name = test->name;
    atomic_store_explicit(&failure_count, 0, memory_order_relaxed);
    test->run();
    failures = atomic_load_explicit(&failure_count, memory_order_relaxed);
    if (failures != 0)
        printf("FAILED %s (%u checks, --seed %" PRIu64 ")\n", test->name, failures, check_seed);
    fflush(stdout);
    return failures == 0;
}

/* Takes --seed and --list out of the arguments and leaves the names: their count, or -1. */
static int arguments_read(const struct check_test *tests, size_t count, int argc, char **argv,
                          bool *list)
{
    int names = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            check_seed = strtoull(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--list") == 0) {
            *list = true;
        } else if (test_find(tests, count, argv[i]) != NULL) {
            argv[names++] = argv[i];
        } else {
            fprintf(stderr, "no such test: %s\n", argv[i]);
            return -1;
        }
    }
    return names;
}

int check_main(const struct check_test *tests, size_t count, int argc, char **argv)
{
    bool list = false;
    int names = arguments_read(tests, count, argc, argv, &list);
    size_t chosen = names > 0 ? (size_t)names : count;
    size_t passed = 0;

    if (names < 0)
        return 2;
    for (size_t i = 0; i < chosen; i++) {
        const struct check_test *test = names > 0 ? test_find(tests, count, argv[i]) : &tests[i];

        if (list)
            printf("%s\n", test->name);
        else if (test_passes(test))
            passed++;
    }
    if (list)
        return 0;
    printf("%zu passed, %zu failed (seed %" PRIu64 ")\n", passed, chosen - passed, check_seed);
    return passed == chosen ? 0 : 1;
}

/* ---- random numbers ------------------------------------------------------------------------ */

uint64_t check_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double check_uniform(uint64_t *state)
{
    return (double)(check_random(state) >> 11) * 0x1p-53;
}

/* ---- scratch folders ----------------------------------------------------------------------- */

/* Removes a folder and what is in it, down to `depth` folders below. */
static void folder_remove(const char *path, int depth)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char name[PATH_BYTES + 260];
        struct stat info;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (lstat(name, &info) == 0 && S_ISDIR(info.st_mode) && depth > 0 &&
            strlen(name) < PATH_BYTES)
            folder_remove(name, depth - 1);
        else
            unlink(name);
    }
    if (folder != NULL)
        closedir(folder);
    rmdir(path);
}

static void scratch_remove(void)
{
    /* A forked child that calls exit() must not remove its parent's folders. */
    if ((long)getpid() != scratch_owner)
        return;
    for (size_t i = 0; i < scratch_count; i++)
        folder_remove(scratch[i], 8);
}

const char *check_scratch(void)
{
    const char *parent = getenv("TMPDIR");
    char *path = scratch[scratch_count % SCRATCH_MAX];

    if (parent == NULL || parent[0] == '\0')
        parent = "/tmp";
    if (scratch_count == 0) {
        scratch_owner = (long)getpid();
        atexit(scratch_remove);
    }
    snprintf(path, PATH_BYTES, "%s/xtree-test-XXXXXX", parent);
    if (scratch_count == SCRATCH_MAX || mkdtemp(path) == NULL) {
        fprintf(stderr, "no scratch folder: %s\n", path);
        abort();
    }
    scratch_count++;
    return path;
}
