/* cli/query.c -- xtree query: finds the items that stand in a relation to windows and points.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <argp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include <xtree.h>

#include "args.h"
#include "cli.h"
#include "conditions.h"
#include "message.h"
#include "output.h"
#include "reader.h"

enum query_key {
    KEY_WINDOW = ARGS_OWN,
    KEY_POINT,
    KEY_PREDICATE,
    KEY_COUNT,
    KEY_LIMIT,
    KEY_FORMAT,
    KEY_STATS,
    KEY_AT,
    KEY_KERNEL
};

struct query_args {
    const char *store;
    const char *at; /* NULL: the newest commit */
    struct conditions conditions;
    xt_query_options options;
    bool counts_only, shows_stats;
    bool is_empty; /* --limit 0 */
    enum output_format format;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct query_args *args = state->input;

    switch (key) {
    case KEY_WINDOW:
        conditions_add_window(state, &args->conditions, arg);
        return 0;
    case KEY_POINT:
        conditions_add_point(state, &args->conditions, arg);
        return 0;
    case KEY_PREDICATE:
        conditions_add_predicate(state, &args->conditions, arg);
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
    case KEY_AT:
        args->at = arg;
        return 0;
    case KEY_KERNEL:
        args->options.kernel = args_kernel(state, arg);
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, &args->store, 1);
        return 0;
    case ARGP_KEY_END:
        if (args->store == NULL)
            argp_error(state, "no STORE given: say which store to ask");
        if (args->conditions.count == 0)
            argp_error(state, "--window is missing: say where to look, as in --window 5,45,15,55");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"window",    KEY_WINDOW,    "LOW...,HIGH...",        0,
     "All low corners, then all high corners; inf and -inf are allowed",                                                                   0},
    {"point",     KEY_POINT,     "X,Y[,...]",             0,             "A window that is one point",                                     0},
    {"predicate", KEY_PREDICATE, "NAME",                  0,
     "How an item must lie to the window or point before it: intersects, within, contains, "
     "disjoint, or for a point covers (intersects; for a point covers)",                                                                   0},
    {"count",     KEY_COUNT,     NULL,                    0,             "Write only how many items there are",                            0},
    {"limit",     KEY_LIMIT,     "N",                     0,             "Stop after N items",                                             0},
    {"format",    KEY_FORMAT,    "text|csv|json|geojson", 0,             "Format of the result (text)",                                    0},
    {"stats",     KEY_STATS,     NULL,                    0,             "Tell on standard error what the query touched",                  0},
    {"at",        KEY_AT,        "SNAPSHOT",              0,             "Ask a kept snapshot, by its name or number (the newest commit)",
     0                                                                                                                                      },
    {"kernel",    KEY_KERNEL,    "NAME",                  OPTION_HIDDEN, NULL,                                                             0},
    {NULL,        0,             NULL,                    0,             NULL,                                                             0},
};

static const struct argp argp = {
    options,
    parse,
    "STORE",
    "Writes the items that stand in the given relation to a window, or to all of several windows "
    "and points.",
    NULL,
    NULL,
    NULL,
};

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
    int outcome = output_begin(&output, args->format, &reader->stats, false);

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

static int run(const struct reader *reader, struct query_args *args)
{
    xt_query *query;
    xt_status status;
    int outcome = conditions_check(&args->conditions, reader->stats.dims);

    if (outcome == EXIT_DONE)
        outcome = conditions_apply(&args->conditions, &args->options);
    if (outcome != EXIT_DONE)
        return outcome;
    status =
        xt_query_window(reader->snapshot, args->conditions.list[0].window, &args->options, &query);
    if (status == XT_EINVAL && args->options.kernel != XT_KERNEL_BEST)
        return message_no_kernel();
    if (status != XT_OK)
        return message_store("query", reader->path, status, NULL);
    if (args->counts_only && args->is_empty)
        printf("0\n");
    else if (args->counts_only)
        outcome = print_count(reader, query);
    else
        outcome = print_items(reader, args, query);
    if (args->shows_stats)
        message_query_stats(query);
    xt_query_close(query);
    return outcome;
}

int command_query(int argc, char **argv)
{
    struct query_args args = {.options = XT_QUERY_OPTIONS_INIT};
    struct reader reader;
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    outcome = reader_open_at(&reader, args.store, args.at);
    if (outcome == EXIT_DONE) {
        outcome = run(&reader, &args);
        reader_close(&reader);
    }
    conditions_release(&args.conditions);
    return outcome;
}
