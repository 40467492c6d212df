/* cli/copy.c -- xtree copy: a copy of a store that may be in use.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include <xtree.h>

#include "args.h"
#include "cli.h"
#include "message.h"
#include "progress.h"
#include "reader.h"

enum copy_key { KEY_LINKS = ARGS_OWN, KEY_AT };

struct copy_args {
    const char *paths[2];
    const char *at;
    bool has_links;
};

static volatile sig_atomic_t is_interrupted;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct copy_args *args = state->input;

    switch (key) {
    case KEY_LINKS:
        args->has_links = true;
        return 0;
    case KEY_AT:
        args->at = arg;
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, args->paths, 2);
        return 0;
    case ARGP_KEY_END:
        if (args->paths[0] == NULL)
            argp_error(state, "no STORE given: say which store to copy");
        if (args->paths[1] == NULL)
            argp_error(state, "no DEST given: say where the copy shall be");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"links", KEY_LINKS, NULL,       0,
     "Share the files that do not change any more by hard links: fast whatever the size, on the "
     "same file system only",                                                                          0},
    {"at",    KEY_AT,    "SNAPSHOT", 0, "Copy a kept snapshot, by name or number (the newest commit)", 0},
    {NULL,    0,         NULL,       0, NULL,                                                          0},
};

static const struct argp argp = {
    options,
    parse,
    "STORE DEST",
    "Copies a store, while others read and write it, into a folder that does not exist yet or is "
    "empty. The copy is compact: it holds one snapshot, packed as by \"xtree load\".",
    NULL,
    NULL,
    NULL,
};

static void interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
}

static bool show(void *context, xt_load_phase phase, uint64_t done, uint64_t total)
{
    (void)phase;
    progress_show(context, "copying", done, total, done);
    return !is_interrupted;
}

static int copy(const struct copy_args *args, const struct reader *reader)
{
    xt_copy_options options_used = XT_COPY_OPTIONS_INIT;
    xt_error error = {.offset = UINT64_MAX};
    struct progress progress;
    xt_status status;

    progress_begin(&progress);
    options_used.links = args->has_links;
    options_used.progress = show;
    options_used.progress_context = &progress;
    options_used.error = &error;
    signal(SIGINT, interrupt);
    status = xt_snapshot_copy(reader->snapshot, args->paths[1], &options_used);
    progress_hide(&progress);
    if (status == XT_ECANCELLED) {
        message("interrupted; there is no copy");
        return EXIT_SYSTEM;
    }
    if (status == XT_EEXIST)
        return message_store("create", args->paths[1], status, &error);
    if (status != XT_OK)
        return message_store("copy to", args->paths[1], status, &error);
    printf("commit %" PRIu64 ", %" PRIu64 " items\n", xt_snapshot_txn(reader->snapshot),
           xt_snapshot_count(reader->snapshot));
    return message_flush();
}

int command_copy(int argc, char **argv)
{
    struct copy_args args = {0};
    struct reader reader;
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    outcome = reader_open_at(&reader, args.paths[0], args.at);
    if (outcome != EXIT_DONE)
        return outcome;
    outcome = copy(&args, &reader);
    reader_close(&reader);
    return outcome;
}
