/* cli/selftest.c -- xtree selftest: tries on this machine, on this disk, what the library promises.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "selftest.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "cli.h"
#include "message.h"

enum selftest_key { KEY_SEED = ARGS_OWN, KEY_SECONDS };

struct selftest_args {
    const char *folder;
    uint64_t seed;
    double seconds;
    bool has_seed;
};

static const struct {
    const char *name;
    const char *promise;
    double share; /* of the time */
    bool (*run)(struct selftest *test);
} parts[] = {
    {"model",  "random changes and questions, beside a plain array", 0.30, selftest_model },
    {"kill",   "a writer that is killed loses nothing acknowledged", 0.30, selftest_kill  },
    {"crash",  "commits of which a part reached the disk",           0.20, selftest_crash },
    {"damage", "damaged files are refused, never a crash",           0.12, selftest_damage},
    {"full",   "writes that fail leave the last commit",             0.05, selftest_full  },
    {"sync",   "how long the disk takes for a sync",                 0.03, selftest_sync  },
};
#define PART_COUNT (sizeof parts / sizeof parts[0])

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct selftest_args *args = state->input;

    switch (key) {
    case KEY_SEED:
        args->seed = args_u64(state, "--seed", arg);
        args->has_seed = true;
        return 0;
    case KEY_SECONDS:
        args->seconds = args_double(state, "--seconds", arg);
        if (!(args->seconds > 0 && args->seconds <= 1e6))
            argp_error(state, "--seconds \"%s\": between 0 and 1000000", arg);
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, &args->folder, 1);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"seed",    KEY_SEED,    "N",  0, "Try the same again (default: another one each time)", 0},
    {"seconds", KEY_SECONDS, "S",  0, "How long in all (default: 30)",                       0},
    {NULL,      0,           NULL, 0, NULL,                                                  0},
};

static const struct argp argp = {
    options,
    parse,
    "[FOLDER]",
    "Tests the library on the disk that holds FOLDER (default: the current folder): a model, "
    "kills, crashes, damage, a full disk, each for its share of the time. Works in a folder of "
    "its own, which it removes again unless something was wrong.",
    NULL,
    NULL,
    NULL,
};

static uint64_t seed_of_today(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec) % 1000000000;
}

static bool part_run(struct selftest *test, size_t i, double seconds)
{
    bool is_right;

    test->random = test->seed * 1000 + i;
    test->part_takes = seconds * parts[i].share;
    test->part_ends = progress_seconds() + test->part_takes;
    test->summary[0] = test->failure[0] = '\0';
    is_right = parts[i].run(test);
    progress_hide(&test->progress);
    printf("%-7s %s\n", parts[i].name, is_right ? test->summary : "FAILED");
    fflush(stdout);
    if (!is_right)
        message("%s: %s", parts[i].promise, test->failure);
    return is_right;
}

static int parts_run(struct selftest *test, double seconds)
{
    size_t failures = 0;

    printf("seed %" PRIu64 "\n", test->seed);
    for (size_t i = 0; i < PART_COUNT; i++)
        failures += !part_run(test, i, seconds);
    if (failures == 0) {
        printf("ok\n");
        return message_flush();
    }
    message("selftest: %zu of %zu parts failed; the stores are kept in %s; --seed %" PRIu64
            " tries the same again",
            failures, PART_COUNT, test->folder, test->seed);
    (void)message_flush();
    return EXIT_CORRUPT;
}

int command_selftest(int argc, char **argv)
{
    struct selftest_args args = {.folder = NULL, .seconds = 30};
    static struct selftest test;
    char folder[SELFTEST_PATH];
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    if (args.folder == NULL)
        args.folder = ".";
    if (!args.has_seed)
        args.seed = seed_of_today();
    if (snprintf(folder, sizeof folder, "%s/xtree-selftest-XXXXXX", args.folder) >=
        (int)sizeof folder / 2) {
        message("the path is too long");
        return EXIT_USAGE;
    }
    if (mkdtemp(folder) == NULL) {
        message("cannot make a folder in \"%s\": %s", args.folder, strerror(errno));
        return errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND : EXIT_SYSTEM;
    }
    test.folder = folder;
    test.seed = args.seed;
    progress_begin(&test.progress);
    outcome = parts_run(&test, args.seconds);
    if (outcome != EXIT_CORRUPT) {
        for (size_t i = 0; i < PART_COUNT; i++) {
            char path[SELFTEST_PATH + 16];

            snprintf(path, sizeof path, "%s/%s", folder, parts[i].name);
            files_remove(path);
        }
        rmdir(folder);
    }
    return outcome;
}
