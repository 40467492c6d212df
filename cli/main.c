/* cli/main.c -- the entry of the xtree tool: finds the command and hands over to it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <xtree.h>

#include "cli.h"
#include "message.h"

#define TEXT_OF(number) #number
#define VERSION_OF(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

/* argp finds the answer to --version under this name. */
const char *argp_program_version =
    "xtree " VERSION_OF(XT_VERSION_MAJOR, XT_VERSION_MINOR, XT_VERSION_PATCH);

static const struct {
    const char *name;
    const char *title; /* argv[0] of the command */
    const char *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"create",   "xtree create",   "make an empty store",                        command_create  },
    {"load",     "xtree load",     "fill a store from a file",                   command_load    },
    {"query",    "xtree query",    "find the items in a window",                 command_query   },
    {"nearest",  "xtree nearest",  "find the items nearest to a point",          command_nearest },
    {"join",     "xtree join",     "find the pairs of items that meet",          command_join    },
    {"remove",   "xtree remove",   "take an item out of a store",                command_remove  },
    {"stat",     "xtree stat",     "describe a store and its tree",              command_stat    },
    {"check",    "xtree check",    "verify a store",                             command_check   },
    {"dump",     "xtree dump",     "write all items, or the nodes of the tree",  command_dump    },
    {"plot",     "xtree plot",     "draw the tree over its data as SVG",         command_plot    },
    {"snapshot", "xtree snapshot", "keep, list and drop snapshots",              command_snapshot},
    {"clean",    "xtree clean",    "give back the space of what was removed",    command_clean   },
    {"copy",     "xtree copy",     "copy a store that is in use",                command_copy    },
    {"selftest", "xtree selftest", "try on this disk what the library promises", command_selftest},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_help(FILE *stream)
{
    fprintf(stream, "Usage: xtree COMMAND [ARGUMENT...]\n"
                    "A spatial index on disk that opens at once and gives exact answers.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fprintf(stream, "\n`xtree COMMAND --help' tells about a command, `man xtree' about all.\n");
}

static int unknown_command(const char *name)
{
    fprintf(stderr, "xtree: unknown command \"%s\"; the commands are:", name);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", commands[i].name);
    fprintf(stderr, "\n");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static char title[32];

    argp_err_exit_status = EXIT_USAGE;
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error of write(), handled as any other */
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return message_flush();
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("%s\n", argp_program_version);
        return message_flush();
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        snprintf(title, sizeof title, "%s", commands[i].title);
        argv[1] = title;
        return commands[i].run(argc - 1, argv + 1);
    }
    return unknown_command(argv[1]);
}
