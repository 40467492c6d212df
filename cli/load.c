/* cli/load.c -- xtree load: adds the items of a file to a store.
 *
 * A store that exists is opened first, since its schema says how to read the file. One that does
 * not exist is created as soon as the importer knows the shape of the items, and removed again
 * when anything fails before the first commit. Ctrl-C counts as a failure.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xtree.h>

#include "args.h"
#include "cli.h"
#include "import.h"
#include "load.h"
#include "message.h"
#include "number.h"

enum load_key {
    KEY_FORMAT = ARGS_OWN,
    KEY_COLUMNS,
    KEY_BULK,
    KEY_INSERT,
    KEY_BATCH,
    KEY_MEMORY,
    KEY_SKIP_BAD,
    KEY_THREADS
};

static volatile sig_atomic_t interrupt_signal; /* 0: none came */

static void on_interrupt(int number)
{
    interrupt_signal = number;
    signal(number, SIG_DFL); /* the second one ends the process at once */
}

bool load_is_interrupted(void)
{
    return interrupt_signal != 0;
}

/* ---- the command line ---- */

static void set_threads(struct argp_state *state, struct load_args *args, const char *text)
{
    uint64_t threads = args_u64(state, "--threads", text);

    if (threads < 1 || threads > 4096)
        argp_error(state, "--threads: %s is not from 1 to 4096", text);
    args->threads = (uint32_t)threads;
}

static void set_batch(struct argp_state *state, struct load_args *args, const char *text)
{
    args->batch = args_u64(state, "--batch", text);
    if (args->batch == 0)
        argp_error(state, "--batch: give 1 or more");
}

static void check_way(struct argp_state *state, const struct load_args *args)
{
    if (args->inserts && args->is_bulk)
        argp_error(state, "--insert and --bulk exclude each other");
    if (args->inserts && (args->memory_limit != 0 || args->threads != 0))
        argp_error(state, "--memory-limit and --threads are for bulk loads");
    if (!args->inserts && args->batch != 0)
        argp_error(state, "--batch is for --insert: a bulk load is one commit");
}

static void check_args(struct argp_state *state, struct load_args *args)
{
    const char *file = args->positions[1];

    if (args->positions[0] == NULL)
        argp_error(state, "no STORE given: say which store to load into");
    if (args->format == IMPORT_UNKNOWN && file != NULL)
        args->format = import_guess(file);
    if (args->format == IMPORT_UNKNOWN && file == NULL)
        argp_error(state, "no FILE given: say which file to load, or --format csv, geojson, npy or "
                          "raw for standard input");
    if (args->format == IMPORT_UNKNOWN)
        argp_error(state,
                   "the name \"%s\" does not tell the format: say --format csv, geojson, "
                   "npy or raw",
                   file);
    if (args->columns != NULL && args->format != IMPORT_CSV)
        argp_error(state, "--columns is for CSV files only");
    check_way(state, args);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct load_args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->schema;
        state->child_inputs[1] = &args->tuning;
        return 0;
    case KEY_FORMAT:
        args->format = import_format_named(arg);
        if (args->format == IMPORT_UNKNOWN)
            argp_error(state, "--format: \"%s\" is none of csv, geojson, npy, raw", arg);
        return 0;
    case KEY_COLUMNS:
        args->columns = arg;
        return 0;
    case KEY_BULK:
        args->is_bulk = true;
        return 0;
    case KEY_INSERT:
        args->inserts = true;
        return 0;
    case KEY_BATCH:
        set_batch(state, args, arg);
        return 0;
    case KEY_MEMORY:
        args->memory_limit = args_bytes(state, "--memory-limit", arg);
        return 0;
    case KEY_SKIP_BAD:
        args->skips_bad = true;
        return 0;
    case KEY_THREADS:
        set_threads(state, args, arg);
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, args->positions, 2);
        return 0;
    case ARGP_KEY_END:
        check_args(state, args);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"format",       KEY_FORMAT,   "csv|geojson|npy|raw", 0, "Format of FILE (told by its name)",                       0},
    {"columns",      KEY_COLUMNS,  "id,lon,lat[,...]",    0,
     "Columns of a CSV file: header names or numbers from 1",                                                           0},
    {"bulk",         KEY_BULK,     NULL,                  0, "Build the tree as a whole (the default)",                 0},
    {"insert",       KEY_INSERT,   NULL,                  0, "Insert the items one by one",                             0},
    {"batch",        KEY_BATCH,    "N",                   0, "With --insert: commit after every N items (at the end)",  0},
    {"memory-limit", KEY_MEMORY,   "BYTES",               0, "Memory for sorting, at least 16M (no limit)",             0},
    {"skip-bad",     KEY_SKIP_BAD, NULL,                  0, "Leave bad items out and count them",                      0},
    {"threads",      KEY_THREADS,  "N",                   0, "Threads that build the tree (all processors)",            0},
    {NULL,           0,            NULL,                  0, "For a store that does not exist yet, and for raw files:", 1},
    {NULL,           0,            NULL,                  0, NULL,                                                      0},
};

static const struct argp_child children[] = {
    {&args_schema_argp, 0, NULL, 1},
    {&args_tuning_argp, 0, NULL, 2},
    {NULL,              0, NULL, 0},
};

static const struct argp argp = {
    options,
    parse,
    "STORE [FILE]",
    "Adds the items of FILE to a store, or those of standard input when FILE is - or missing. A "
    "store that does not exist is created. Either all of the file is loaded, or nothing, unless "
    "--batch divides it.",
    children,
    NULL,
    NULL,
};

/* ---- the load ---- */

/* The importer knows the shape of the items. */
static int begin(void *context, uint32_t dims, xt_item_kind kind)
{
    struct load *load = context;
    int outcome = load->store == NULL ? load_store_create(load, dims, kind) : EXIT_DONE;

    return outcome == EXIT_DONE ? load_rows_begin(load) : outcome;
}

static int rows(void *context, const xt_rows *batch)
{
    struct load *load = context;
    struct import *import = &load->import;
    int outcome = load_rows_add(load, batch);

    if (outcome != EXIT_DONE)
        return outcome;
    progress_show(&load->progress, load->args->inserts ? "inserting" : "reading",
                  input_offset(import->input), input_size(import->input), import->added);
    return interrupt_signal == 0 ? EXIT_DONE : EXIT_SYSTEM;
}

static void interlude(void *context)
{
    struct load *load = context;

    progress_hide(&load->progress);
}

static bool is_interrupted(void *context)
{
    (void)context;
    return load_is_interrupted();
}

static void print_summary(struct load *load)
{
    double seconds = progress_seconds() - load->progress.started;
    double items = (double)load->import.added;
    uint64_t items_now = load->items_before + load->import.added;
    xt_store_stats stats = {.struct_size = sizeof stats};
    char bytes[NUMBER_TEXT_SIZE];

    progress_hide(&load->progress);
    if (load->import.bad > 0)
        message("bad items skipped: %" PRIu64, load->import.bad);
    if (load->import.empty > 0)
        message("features without a position, left out: %" PRIu64, load->import.empty);
    if (xt_store_stat(load->store, &stats) != XT_OK)
        return;
    fprintf(stderr, "xtree: loaded %" PRIu64 " item%s in %.2f s", load->import.added,
            load->import.added == 1 ? "" : "s", seconds);
    if (load->import.added > 0)
        fprintf(stderr, " (%.0f items/s)", items / seconds);
    if (load->items_before > 0)
        fprintf(stderr, "; %" PRIu64 " items now", items_now);
    if (items_now > 0)
        fprintf(stderr, "; %s on disk, %.1f bytes per item",
                number_bytes_text(stats.committed_bytes, bytes),
                (double)stats.committed_bytes / (double)items_now);
    fputc('\n', stderr);
}

static int run(struct load *load)
{
    int outcome = input_open(load->args->positions[1], &load->import.input);

    if (outcome == EXIT_DONE)
        outcome = load_store_open(load);
    if (outcome == EXIT_DONE)
        outcome = import_run(&load->import, load->args->format);
    if (outcome == EXIT_DONE)
        outcome = load_rows_finish(load);
    if (outcome == EXIT_DONE)
        print_summary(load);
    progress_hide(&load->progress);
    xt_loader_cancel(load->loader);
    xt_store_close(load->store);
    if (outcome != EXIT_DONE)
        new_store_remove(&load->created);
    new_store_forget(&load->created);
    input_close(load->import.input);
    return outcome;
}

static void catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt}; /* a blocked read gives up */

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int command_load(int argc, char **argv)
{
    struct load_args args = {0};
    struct load load = {.args = &args, .error = {.offset = UINT64_MAX}};
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    load.import.sink = (struct import_sink){&load, begin, rows, interlude, is_interrupted};
    load.import.columns = args.columns;
    load.import.skips_bad = args.skips_bad;
    load.import.batch = args.batch;
    progress_begin(&load.progress);
    catch_interrupts();
    outcome = run(&load);
    if (outcome != EXIT_DONE && interrupt_signal != 0) {
        if (load.import.kept == 0)
            message("interrupted; nothing was loaded");
        else
            message("interrupted; the first %" PRIu64 " items are loaded", load.import.kept);
        raise(interrupt_signal);
    }
    return outcome;
}
