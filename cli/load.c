/* cli/load.c -- xtree load: fills a store from a file, all or nothing.
 *
 * A store that exists is opened first, since its schema says how to read the file. One that does
 * not exist is created as soon as the importer knows the shape of the items, and removed again
 * when anything fails. Ctrl-C counts as a failure.
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
#include "message.h"
#include "new_store.h"
#include "number.h"
#include "progress.h"

enum load_key {
    KEY_FORMAT = ARGS_OWN,
    KEY_COLUMNS,
    KEY_BULK,
    KEY_MEMORY,
    KEY_SKIP_BAD,
    KEY_THREADS
};

struct load_args {
    const char *positions[2]; /* STORE, FILE */
    struct args_schema schema;
    enum import_format format;
    const char *columns;
    uint64_t memory_limit;
    uint32_t threads;
    bool skips_bad;
};

struct load {
    const struct load_args *args;
    struct import import;
    struct progress progress;
    struct new_store created; /* what to remove if the load fails */
    xt_store *store;
    xt_loader *loader;
    xt_error error;
};

static volatile sig_atomic_t interrupt_signal; /* 0: none came */

static void on_interrupt(int number)
{
    interrupt_signal = number;
    signal(number, SIG_DFL); /* the second one ends the process at once */
}

/* ---- the command line ---- */

static void set_threads(struct argp_state *state, struct load_args *args, const char *text)
{
    uint64_t threads = args_u64(state, "--threads", text);

    if (threads < 1 || threads > 4096)
        argp_error(state, "--threads: %s is not from 1 to 4096", text);
    args->threads = (uint32_t)threads;
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
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct load_args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->schema;
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
    {"memory-limit", KEY_MEMORY,   "BYTES",               0, "Memory for sorting, at least 16M (no limit)",             0},
    {"skip-bad",     KEY_SKIP_BAD, NULL,                  0, "Leave bad items out and count them",                      0},
    {"threads",      KEY_THREADS,  "N",                   0, "Threads that build the tree (all processors)",            0},
    {NULL,           0,            NULL,                  0, "For a store that does not exist yet, and for raw files:", 1},
    {NULL,           0,            NULL,                  0, NULL,                                                      0},
};

static const struct argp_child children[] = {
    {&args_schema_argp, 0, NULL, 1},
    {NULL,              0, NULL, 0},
};

static const struct argp argp = {
    options,
    parse,
    "STORE [FILE]",
    "Fills an empty store from FILE, or from standard input when FILE is - or missing. A store "
    "that does not exist is created. Either all of the file is loaded, or nothing.",
    children,
    NULL,
    NULL,
};

/* ---- the load ---- */

static const char *store_path(const struct load *load)
{
    return load->args->positions[0];
}

static bool on_progress(void *context, xt_load_phase phase, uint64_t done, uint64_t total)
{
    static const char *const labels[] = {NULL, "sorting", "building"};
    struct load *load = context;

    if (phase == XT_LOAD_SORTING || phase == XT_LOAD_BUILDING)
        progress_show(&load->progress, labels[phase], done, total, done);
    return interrupt_signal == 0;
}

static int load_failed(struct load *load, xt_status status)
{
    progress_hide(&load->progress);
    if (status == XT_ECANCELLED && interrupt_signal != 0)
        return EXIT_SYSTEM;
    return message_store("load", store_path(load), status, &load->error);
}

static int open_loader(struct load *load)
{
    xt_loader_options loader = XT_LOADER_OPTIONS_INIT;
    xt_status status;

    loader.memory_limit = load->args->memory_limit;
    loader.threads = load->args->threads;
    loader.progress = on_progress;
    loader.progress_context = load;
    loader.error = &load->error;
    status = xt_loader_open(load->store, &loader, &load->loader);
    if (status == XT_EINVAL && load->args->memory_limit != 0) {
        message("--memory-limit: too small; 16M is the least");
        return EXIT_USAGE;
    }
    return status == XT_OK ? EXIT_DONE : load_failed(load, status);
}

/* The importer knows the shape of the items. */
static int begin(void *context, uint32_t dims, xt_item_kind kind)
{
    struct load *load = context;
    xt_create_options create = XT_CREATE_OPTIONS_INIT;
    xt_status status;

    if (load->store != NULL)
        return open_loader(load);
    create.dims = dims;
    create.kind = kind;
    create.coord_type = load->args->schema.coord_type;
    create.arena_bytes = load->args->schema.arena_bytes;
    create.error = &load->error;
    new_store_note(&load->created, store_path(load));
    status = xt_store_create(store_path(load), &create, &load->store);
    if (status != XT_OK) {
        new_store_forget(&load->created);
        return message_store("create", store_path(load), status, &load->error);
    }
    return open_loader(load);
}

static int rows(void *context, const xt_rows *batch)
{
    struct load *load = context;
    struct import *import = &load->import;
    xt_status status = xt_loader_add_many(load->loader, batch, NULL);

    if (status != XT_OK)
        return load_failed(load, status);
    progress_show(&load->progress, "reading", input_offset(import->input),
                  input_size(import->input), import->added);
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
    return interrupt_signal != 0;
}

/* Opens a store that exists, and takes its schema over. */
static int open_existing(struct load *load)
{
    xt_open_options open = XT_OPEN_OPTIONS_INIT;
    xt_store_stats stats = {.struct_size = sizeof stats};
    xt_snapshot *snapshot = NULL;
    xt_status status;
    uint64_t count;

    open.writable = true;
    open.error = &load->error;
    status = xt_store_open(store_path(load), &open, &load->store);
    if (status == XT_ENOTFOUND || (status != XT_OK && new_store_is_possible(store_path(load))))
        return EXIT_DONE;
    if (status != XT_OK)
        return message_store("open", store_path(load), status, &load->error);
    status = xt_store_stat(load->store, &stats);
    if (status == XT_OK)
        status = xt_snapshot_latest(load->store, &snapshot);
    if (status != XT_OK)
        return message_store("read", store_path(load), status, NULL);
    count = xt_snapshot_count(snapshot);
    xt_snapshot_release(snapshot);
    if (count != 0) {
        message("\"%s\" already holds %" PRIu64 " item%s; load into a store that is empty or does "
                "not exist yet",
                store_path(load), count, count == 1 ? "" : "s");
        return EXIT_USAGE;
    }
    load->import.dims = stats.dims;
    load->import.kind = stats.kind;
    load->import.stored_type = stats.coord_type;
    load->import.is_store = true;
    return EXIT_DONE;
}

/* What the options say must not contradict the store that exists. */
static int take_schema(struct load *load)
{
    const struct args_schema *schema = &load->args->schema;
    struct import *import = &load->import;

    import->file_type = schema->coord_type;
    if (!import->is_store) {
        import->dims = schema->dims;
        import->kind = schema->kind;
        import->stored_type = schema->coord_type;
        return EXIT_DONE;
    }
    if ((schema->dims != 0 && schema->dims != import->dims) ||
        (schema->kind != 0 && schema->kind != import->kind)) {
        message("\"%s\" exists and holds %u-dimensional %s, not what the options say",
                store_path(load), import->dims, import->kind == XT_BOXES ? "boxes" : "points");
        return EXIT_USAGE;
    }
    if (schema->arena_bytes != 0 || (load->args->format != IMPORT_RAW && schema->coord_type != 0 &&
                                     schema->coord_type != import->stored_type)) {
        message("\"%s\" exists: --coord and --arena-size are for a new store", store_path(load));
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static int finish(struct load *load)
{
    xt_status status = xt_loader_finish(load->loader);

    load->loader = NULL;
    if (status != XT_OK)
        return load_failed(load, status);
    status = xt_store_commit(load->store, &load->error);
    if (status != XT_OK) {
        progress_hide(&load->progress);
        return message_store("commit to", store_path(load), status, &load->error);
    }
    return EXIT_DONE;
}

static void print_summary(struct load *load)
{
    double seconds = progress_seconds() - load->progress.started;
    double items = (double)load->import.added;
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
        fprintf(stderr, " (%.0f items/s); %s on disk, %.1f bytes per item", items / seconds,
                number_bytes_text(stats.committed_bytes, bytes),
                (double)stats.committed_bytes / items);
    fputc('\n', stderr);
}

static int run(struct load *load)
{
    int outcome = input_open(load->args->positions[1], &load->import.input);

    if (outcome == EXIT_DONE)
        outcome = open_existing(load);
    if (outcome == EXIT_DONE)
        outcome = take_schema(load);
    if (outcome == EXIT_DONE)
        outcome = import_run(&load->import, load->args->format);
    if (outcome == EXIT_DONE)
        outcome = finish(load);
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
    struct load_args args = {.threads = XT_THREADS_ALL};
    struct load load = {.args = &args, .error = {.offset = UINT64_MAX}};
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    load.import.sink = (struct import_sink){&load, begin, rows, interlude, is_interrupted};
    load.import.columns = args.columns;
    load.import.skips_bad = args.skips_bad;
    progress_begin(&load.progress);
    catch_interrupts();
    outcome = run(&load);
    if (outcome != EXIT_DONE && interrupt_signal != 0) {
        message("interrupted; nothing was loaded");
        raise(interrupt_signal);
    }
    return outcome;
}
