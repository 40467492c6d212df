/* cli/join.c -- xtree join: finds the pairs of items of two stores, or of one, that share a point.
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
#include "message.h"
#include "output.h"
#include "reader.h"

#define PAIRS_AT_ONCE 1024

enum join_key { KEY_COUNT = ARGS_OWN, KEY_LIMIT, KEY_FORMAT, KEY_STATS, KEY_KERNEL };

struct join_args {
    const char *stores[2]; /* the second is NULL for a join of the first with itself */
    xt_join_options options;
    bool counts_only, shows_stats;
    bool is_empty; /* --limit 0 */
    enum output_format format;
};

static void set_format(struct argp_state *state, struct join_args *args, const char *name)
{
    if (!output_format_named(name, &args->format) || args->format == OUTPUT_GEOJSON)
        argp_error(state, "--format: \"%s\" is none of text, csv, json", name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct join_args *args = state->input;

    switch (key) {
    case KEY_COUNT:
        args->counts_only = true;
        return 0;
    case KEY_LIMIT:
        args->options.limit = args_u64(state, "--limit", arg);
        args->is_empty = args->options.limit == 0;
        return 0;
    case KEY_FORMAT:
        set_format(state, args, arg);
        return 0;
    case KEY_STATS:
        args->shows_stats = true;
        return 0;
    case KEY_KERNEL:
        args->options.kernel = args_kernel(state, arg);
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, args->stores, 2);
        return 0;
    case ARGP_KEY_END:
        if (args->stores[0] == NULL)
            argp_error(state, "no STORE given: say which one or two stores to join");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"count",  KEY_COUNT,  NULL,            0,             "Write only how many pairs there are",          0},
    {"limit",  KEY_LIMIT,  "N",             0,             "Stop after N pairs",                           0},
    {"format", KEY_FORMAT, "text|csv|json", 0,             "Format of the result (text)",                  0},
    {"stats",  KEY_STATS,  NULL,            0,             "Tell on standard error what the join touched", 0},
    {"kernel", KEY_KERNEL, "NAME",          OPTION_HIDDEN, NULL,                                           0},
    {NULL,     0,          NULL,            0,             NULL,                                           0},
};

static const struct argp argp = {
    options,
    parse,
    "STORE_A [STORE_B]",
    "Writes the ids of every item of STORE_A and every item of STORE_B that share a point. With "
    "one store: of every two different items of it that do, each pair once.",
    NULL,
    NULL,
    NULL,
};

/* ---- pairs on standard output ---- */

static void print_pair(const xt_pair *pair, enum output_format format, bool is_first)
{
    if (format == OUTPUT_JSON)
        printf("%s{\"a\":%" PRIu64 ",\"b\":%" PRIu64 "}", is_first ? "\n" : ",\n", pair->a,
               pair->b);
    else
        printf("%" PRIu64 "%c%" PRIu64 "\n", pair->a, format == OUTPUT_CSV ? ',' : ' ', pair->b);
}

static int print_pairs(const struct join_args *args, xt_join *join)
{
    xt_pair pairs[PAIRS_AT_ONCE];
    size_t count;
    xt_status status = args->is_empty ? XT_DONE : XT_OK;
    bool is_first = true;

    if (args->format == OUTPUT_CSV)
        puts("a,b");
    if (args->format == OUTPUT_JSON)
        putchar('[');
    while (status == XT_OK && !ferror(stdout)) {
        status = xt_join_next(join, pairs, PAIRS_AT_ONCE, &count);
        for (size_t i = 0; i < count; i++) {
            print_pair(&pairs[i], args->format, is_first);
            is_first = false;
        }
    }
    if (args->format == OUTPUT_JSON)
        puts("\n]");
    if (status != XT_OK && status != XT_DONE)
        return message_store("join", args->stores[0], status, NULL);
    return message_flush();
}

static int print_count(const struct join_args *args, xt_join *join)
{
    uint64_t count = 0;
    xt_status status = args->is_empty ? XT_OK : xt_join_count(join, &count);

    if (status != XT_OK)
        return message_store("join", args->stores[0], status, NULL);
    printf("%" PRIu64 "\n", count);
    return message_flush();
}

static void print_stats(const xt_join *join)
{
    xt_walk_stats stats = {.struct_size = sizeof stats};

    if (xt_join_stats(join, &stats) == XT_OK)
        message_stats(&stats);
}

/* b: NULL for a join of `a` with itself. */
static int run(const struct join_args *args, const struct reader *a, const struct reader *b)
{
    xt_join *join;
    xt_status status;
    int outcome;

    if (b != NULL && a->stats.dims != b->stats.dims) {
        message("\"%s\" has %u dimensions and \"%s\" has %u: only stores of as many can be joined",
                a->path, a->stats.dims, b->path, b->stats.dims);
        return EXIT_USAGE;
    }
    status = xt_join_open(a->snapshot, b != NULL ? b->snapshot : NULL, &args->options, &join);
    if (status == XT_EINVAL && args->options.kernel != XT_KERNEL_BEST)
        return message_no_kernel();
    if (status != XT_OK)
        return message_store("join", a->path, status, NULL);
    outcome = args->counts_only ? print_count(args, join) : print_pairs(args, join);
    if (args->shows_stats)
        print_stats(join);
    xt_join_close(join);
    return outcome;
}

int command_join(int argc, char **argv)
{
    struct join_args args = {.options = XT_JOIN_OPTIONS_INIT};
    struct reader a, b;
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    outcome = reader_open(&a, args.stores[0]);
    if (outcome != EXIT_DONE)
        return outcome;
    if (args.stores[1] == NULL) {
        outcome = run(&args, &a, NULL);
    } else {
        outcome = reader_open(&b, args.stores[1]);
        if (outcome == EXIT_DONE) {
            outcome = run(&args, &a, &b);
            reader_close(&b);
        }
    }
    reader_close(&a);
    return outcome;
}
