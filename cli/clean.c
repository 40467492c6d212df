/* cli/clean.c -- xtree clean: gives the space of what was removed back.
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
#include "number.h"
#include "progress.h"

enum clean_key { KEY_MAX_BYTES = ARGS_OWN, KEY_TARGET };

struct clean_args {
    const char *store;
    xt_clean_options options;
};

static volatile sig_atomic_t is_interrupted;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct clean_args *args = state->input;

    switch (key) {
    case KEY_MAX_BYTES:
        args->options.max_bytes = args_bytes(state, "--max-bytes", arg);
        return 0;
    case KEY_TARGET:
        args->options.target = args_double(state, "--target", arg);
        if (!(args->options.target > 1))
            argp_error(state, "--target \"%s\": more than 1", arg);
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, &args->store, 1);
        return 0;
    case ARGP_KEY_END:
        if (args->store == NULL)
            argp_error(state, "no STORE given: say which store to clean");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"max-bytes", KEY_MAX_BYTES, "BYTES", 0, "Move so much at most (default: what is worth it)", 0},
    {"target",    KEY_TARGET,    "F",     0,
     "Bytes in the files to bytes in use that is good enough (default: 1.1)",                    0},
    {NULL,        0,             NULL,    0, NULL,                                               0},
};

static const struct argp argp = {
    options,
    parse,
    "STORE",
    "Moves what is in use out of files that hold little of it, and removes these. Commits clean as "
    "they go, so this is for a store that has shrunk, or was written without cleaning. Space that "
    "kept snapshots need stays.",
    NULL,
    NULL,
    NULL,
};

static void interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
}

static bool show(void *context, uint64_t bytes_moved)
{
    progress_show(context, "cleaning", bytes_moved, 0, bytes_moved);
    return !is_interrupted;
}

static int print_outcome(const struct clean_args *args, xt_store *store, uint64_t bytes_before,
                         const xt_clean_report *report)
{
    xt_store_stats stats = {.struct_size = sizeof stats};
    char moved[NUMBER_TEXT_SIZE];
    char before[NUMBER_TEXT_SIZE];
    char after[NUMBER_TEXT_SIZE];
    xt_status status = xt_store_stat(store, &stats);

    if (status != XT_OK)
        return message_store("read", args->store, status, NULL);
    printf("%s in %" PRIu64 " nodes moved; files of %s before, %s after\n",
           number_bytes_text(report->bytes_moved, moved), report->nodes_moved,
           number_bytes_text(bytes_before, before), number_bytes_text(stats.file_bytes, after));
    return message_flush();
}

static int clean(const struct clean_args *args, xt_store *store)
{
    xt_clean_options options_used = args->options;
    xt_clean_report report = XT_CLEAN_REPORT_INIT;
    xt_store_stats stats = {.struct_size = sizeof stats};
    xt_error error = {.offset = UINT64_MAX};
    struct progress progress;
    xt_status status = xt_store_stat(store, &stats);
    int outcome;

    if (status != XT_OK)
        return message_store("read", args->store, status, NULL);
    progress_begin(&progress);
    options_used.progress = show;
    options_used.progress_context = &progress;
    options_used.error = &error;
    signal(SIGINT, interrupt);
    status = xt_store_clean(store, &options_used, &report);
    progress_hide(&progress);
    if (status != XT_OK && status != XT_ECANCELLED)
        return message_store("clean", args->store, status, &error);
    outcome = print_outcome(args, store, stats.file_bytes, &report);
    if (status == XT_OK || outcome != EXIT_DONE)
        return outcome;
    message("interrupted; what was cleaned is committed");
    return EXIT_SYSTEM;
}

int command_clean(int argc, char **argv)
{
    struct clean_args args = {.options = XT_CLEAN_OPTIONS_INIT};
    xt_open_options open = XT_OPEN_OPTIONS_INIT;
    xt_error error = {.offset = UINT64_MAX};
    xt_store *store;
    xt_status status;
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    open.writable = true;
    open.error = &error;
    status = xt_store_open(args.store, &open, &store);
    if (status != XT_OK)
        return message_store("open", args.store, status, &error);
    outcome = clean(&args, store);
    status = xt_store_close(store);
    if (status != XT_OK && outcome == EXIT_DONE)
        outcome = message_store("close", args.store, status, NULL);
    return outcome;
}
