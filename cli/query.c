/* cli/query.c -- xtree query: finds the items in a window.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <argp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xtree.h>

#include "args.h"
#include "cli.h"
#include "message.h"
#include "number.h"
#include "output.h"
#include "reader.h"

enum query_key {
    KEY_WINDOW = ARGS_OWN,
    KEY_PREDICATE,
    KEY_COUNT,
    KEY_LIMIT,
    KEY_FORMAT,
    KEY_STATS,
    KEY_KERNEL
};

struct query_args {
    const char *store;
    double *window;
    size_t window_count;
    bool has_predicate;
    xt_query_options options;
    bool counts_only, shows_stats;
    bool is_empty; /* --limit 0 */
    enum output_format format;
};

static void set_window(struct argp_state *state, struct query_args *args, const char *text)
{
    if (args->window != NULL)
        argp_error(state, "--window is given twice; one window is possible");
    args_doubles(state, "--window", text, &args->window, &args->window_count);
    if (args->window_count % 2 != 0)
        argp_error(state, "--window has %zu numbers: give all low corners, then all high corners",
                   args->window_count);
}

static void set_predicate(struct argp_state *state, struct query_args *args, const char *name)
{
    if (args->has_predicate)
        argp_error(state, "--predicate is given twice; one window is possible");
    args->has_predicate = true;
    if (strcmp(name, "within") == 0)
        args->options.predicate = XT_WITHIN;
    else if (strcmp(name, "intersects") != 0)
        argp_error(state, "--predicate: \"%s\" is neither intersects nor within", name);
}

static void set_kernel(struct argp_state *state, struct query_args *args, const char *name)
{
    static const char *const names[] = {"best", "portable", "avx2", "avx512"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            args->options.kernel = (xt_kernel)i;
            return;
        }
    }
    argp_error(state, "--kernel: \"%s\" is none of best, portable, avx2, avx512", name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct query_args *args = state->input;

    switch (key) {
    case KEY_WINDOW:
        set_window(state, args, arg);
        return 0;
    case KEY_PREDICATE:
        set_predicate(state, args, arg);
        return 0;
    case KEY_COUNT:
        args->counts_only = true;
        return 0;
    case KEY_LIMIT:
        args->options.limit = args_u64(state, "--limit", arg);
        args->is_empty = args->options.limit == 0;
        return 0;
    case KEY_FORMAT:
        if (!output_format_named(arg, &args->format))
            argp_error(state, "--format: \"%s\" is none of text, csv, json, geojson", arg);
        return 0;
    case KEY_STATS:
        args->shows_stats = true;
        return 0;
    case KEY_KERNEL:
        set_kernel(state, args, arg);
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, &args->store, 1);
        return 0;
    case ARGP_KEY_END:
        if (args->store == NULL)
            argp_error(state, "no STORE given: say which store to ask");
        if (args->window == NULL)
            argp_error(state, "--window is missing: say where to look, as in --window 5,45,15,55");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"window",    KEY_WINDOW,    "LOW...,HIGH...",        0,
     "All low corners, then all high corners; inf and -inf are allowed",                                                  0},
    {"predicate", KEY_PREDICATE, "intersects|within",     0,
     "How an item must lie to the window (intersects)",                                                                   0},
    {"count",     KEY_COUNT,     NULL,                    0,             "Write only how many items there are",           0},
    {"limit",     KEY_LIMIT,     "N",                     0,             "Stop after N items",                            0},
    {"format",    KEY_FORMAT,    "text|csv|json|geojson", 0,             "Format of the result (text)",                   0},
    {"stats",     KEY_STATS,     NULL,                    0,             "Tell on standard error what the query touched", 0},
    {"kernel",    KEY_KERNEL,    "NAME",                  OPTION_HIDDEN, NULL,                                            0},
    {NULL,        0,             NULL,                    0,             NULL,                                            0},
};

static const struct argp argp = {
    options, parse, "STORE", "Writes the items that stand in the given relation to a window.",
    NULL,    NULL,  NULL,
};

/* The window must fit the store. */
static int check_window(const struct query_args *args, uint32_t dims)
{
    char low[NUMBER_TEXT_SIZE], high[NUMBER_TEXT_SIZE];

    if (args->window_count != 2 * (size_t)dims) {
        message("--window has %zu numbers; the store has %u dimensions, so give %u: all low "
                "corners, then all high corners",
                args->window_count, dims, 2 * dims);
        return EXIT_USAGE;
    }
    for (uint32_t i = 0; i < dims; i++) {
        if (args->window[i] <= args->window[dims + i])
            continue;
        number_text(args->window[i], low);
        number_text(args->window[dims + i], high);
        message("--window: on axis %u of %u, low %s is above high %s", i + 1, dims, low, high);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static void print_stats(const xt_query *query)
{
    xt_walk_stats stats = {.struct_size = sizeof stats};

    if (xt_query_stats(query, &stats) == XT_OK)
        fprintf(stderr,
                "nodes %" PRIu64 ", leaves %" PRIu64 ", lines %" PRIu64 ", items %" PRIu64 "\n",
                stats.nodes, stats.leaves, stats.lines, stats.items);
}

static int print_count(const struct reader *reader, xt_query *query)
{
    uint64_t count;
    xt_status status = xt_query_count(query, &count);

    if (status != XT_OK)
        return message_store("read", reader->path, status, NULL);
    printf("%" PRIu64 "\n", count);
    return message_flush();
}

static int print_items(const struct reader *reader, const struct query_args *args, xt_query *query)
{
    struct output output;
    xt_item item;
    xt_status status = args->is_empty ? XT_DONE : XT_OK;
    int outcome = output_begin(&output, args->format, reader->stats.dims, reader->stats.kind);

    if (outcome != EXIT_DONE)
        return outcome;
    while (status == XT_OK && outcome == EXIT_DONE) {
        status = xt_query_next(query, &item);
        if (status == XT_OK)
            outcome = output_item(&output, &item);
    }
    if (outcome == EXIT_DONE)
        outcome = output_end(&output);
    if (status != XT_OK && status != XT_DONE)
        return message_store("read", reader->path, status, NULL);
    return outcome;
}

static int run(const struct reader *reader, const struct query_args *args)
{
    xt_query *query;
    xt_status status;
    int outcome = check_window(args, reader->stats.dims);

    if (outcome != EXIT_DONE)
        return outcome;
    status = xt_query_window(reader->snapshot, args->window, &args->options, &query);
    if (status == XT_EINVAL && args->options.kernel != XT_KERNEL_BEST) {
        message("--kernel: this processor lacks it");
        return EXIT_USAGE;
    }
    if (status != XT_OK)
        return message_store("query", reader->path, status, NULL);
    if (args->counts_only && args->is_empty)
        printf("0\n");
    else if (args->counts_only)
        outcome = print_count(reader, query);
    else
        outcome = print_items(reader, args, query);
    if (args->shows_stats)
        print_stats(query);
    xt_query_close(query);
    return outcome;
}

int command_query(int argc, char **argv)
{
    struct query_args args = {.options = XT_QUERY_OPTIONS_INIT};
    struct reader reader;
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    outcome = reader_open(&reader, args.store);
    if (outcome == EXIT_DONE) {
        outcome = run(&reader, &args);
        reader_close(&reader);
    }
    free(args.window);
    return outcome;
}
