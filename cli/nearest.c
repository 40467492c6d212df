/* cli/nearest.c -- xtree nearest: finds the items nearest to a point.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <argp.h>
#include <float.h>
#include <math.h>
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

#define K_DEFAULT 10 /* without --max-distance; with it, all that are near enough */

enum nearest_key {
    KEY_POINT = ARGS_OWN,
    KEY_MAX_DISTANCE,
    KEY_METRIC,
    KEY_WEIGHTS,
    KEY_FORMAT,
    KEY_STATS,
    KEY_AT,
    KEY_KERNEL
};

struct nearest_args {
    const char *store;
    const char *at; /* NULL: the newest commit */
    double *point, *weights;
    size_t point_count, weight_count;
    xt_nearest_options options;
    bool has_k, has_max_distance;
    double max_distance;
    bool shows_stats;
    enum output_format format;
};

static xt_metric metric_named(struct argp_state *state, const char *name)
{
    static const char *const names[] = {"euclidean", "maximum", "geographic"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0)
            return (xt_metric)i;
    }
    argp_error(state, "--metric: \"%s\" is none of euclidean, maximum, geographic", name);
    return XT_EUCLIDEAN;
}

static void set_max_distance(struct argp_state *state, struct nearest_args *args, const char *text)
{
    args->max_distance = args_double(state, "--max-distance", text);
    args->has_max_distance = true;
    if (args->max_distance < 0)
        argp_error(state, "--max-distance: %s is below 0", text);
}

static void check_args(struct argp_state *state, const struct nearest_args *args)
{
    if (args->store == NULL)
        argp_error(state, "no STORE given: say which store to ask");
    if (args->point == NULL)
        argp_error(state, "--point is missing: say from where, as in --point 13.4,52.5");
    for (size_t i = 0; args->point != NULL && i < args->point_count; i++) {
        if (!isfinite(args->point[i]))
            argp_error(state, "--point: a point that is infinitely far away is near to nothing");
    }
    for (size_t i = 0; args->weights != NULL && i < args->weight_count; i++) {
        if (!(isfinite(args->weights[i]) && args->weights[i] >= DBL_MIN))
            argp_error(state, "--weights: every weight must be a finite number above 0");
    }
    if (args->weights != NULL && args->options.metric == XT_GREAT_CIRCLE)
        argp_error(state, "--weights: the metric geographic has none");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct nearest_args *args = state->input;

    switch (key) {
    case KEY_POINT:
        args_doubles(state, "--point", arg, &args->point, &args->point_count);
        return 0;
    case 'k':
        args->options.k = args_u64(state, "-k", arg);
        args->has_k = true;
        return 0;
    case KEY_MAX_DISTANCE:
        set_max_distance(state, args, arg);
        return 0;
    case KEY_METRIC:
        args->options.metric = metric_named(state, arg);
        return 0;
    case KEY_WEIGHTS:
        args_doubles(state, "--weights", arg, &args->weights, &args->weight_count);
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
        check_args(state, args);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"point",        KEY_POINT,        "X,Y[,...]",                    0,             "Where to search from",                                           0},
    {NULL,           'k',              "N",                            0,             "How many items (10, or with --max-distance all)",                0},
    {"max-distance", KEY_MAX_DISTANCE, "R",                            0,             "Only items up to this distance",                                 0},
    {"metric",       KEY_METRIC,       "euclidean|maximum|geographic", 0,
     "How distances are measured (euclidean); geographic: metres on the earth, from longitude and "
     "latitude in degrees",                                                                                                                             0},
    {"weights",      KEY_WEIGHTS,      "W,W[,...]",                    0,             "A weight above 0 for each axis (all 1)",                         0},
    {"format",       KEY_FORMAT,       "text|csv|json|geojson",        0,             "Format of the result (text)",                                    0},
    {"stats",        KEY_STATS,        NULL,                           0,             "Tell on standard error what the search touched",                 0},
    {"at",           KEY_AT,           "SNAPSHOT",                     0,             "Ask a kept snapshot, by its name or number (the newest commit)",
     0                                                                                                                                                   },
    {"kernel",       KEY_KERNEL,       "NAME",                         OPTION_HIDDEN, NULL,                                                             0},
    {NULL,           0,                NULL,                           0,             NULL,                                                             0},
};

static const struct argp argp = {
    options,
    parse,
    "STORE",
    "Writes the items nearest to a point with their distances, the nearest first, equally near "
    "ones by id. A box is as far as its nearest point.",
    NULL,
    NULL,
    NULL,
};

/* Point and weights must fit the store. */
static int check_fit(const struct nearest_args *args, uint32_t dims)
{
    if (args->options.metric == XT_GREAT_CIRCLE && dims != 2) {
        message("--metric geographic is for longitude and latitude, the store has %u dimensions",
                dims);
        return EXIT_USAGE;
    }
    if (args->point_count != dims) {
        message("--point has %zu numbers; the store has %u dimensions", args->point_count, dims);
        return EXIT_USAGE;
    }
    if (args->weights != NULL && args->weight_count != dims) {
        message("--weights has %zu numbers; the store has %u dimensions", args->weight_count, dims);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* The library takes 0 for no limit at all; here it is a limit. */
static void set_limits(struct nearest_args *args)
{
    if (!args->has_k && !args->has_max_distance)
        args->options.k = K_DEFAULT;
    if (args->has_max_distance)
        args->options.max_distance = args->max_distance > 0 ? args->max_distance : DBL_MIN;
    args->options.weights = args->weights;
}

static int print_items(const struct reader *reader, const struct nearest_args *args,
                       xt_query *query)
{
    struct output output;
    xt_item item;
    xt_status status = args->has_k && args->options.k == 0 ? XT_DONE : XT_OK;
    int outcome = output_begin(&output, args->format, &reader->stats, true);

    if (outcome != EXIT_DONE)
        return outcome;
    while (status == XT_OK && outcome == EXIT_DONE) {
        status = xt_query_next(query, &item);
        if (status == XT_OK && args->has_max_distance && item.distance > args->max_distance)
            break;
        if (status == XT_OK)
            outcome = output_item(&output, &item);
    }
    if (outcome == EXIT_DONE)
        outcome = output_end(&output);
    if (status != XT_OK && status != XT_DONE)
        return message_store("read", reader->path, status, NULL);
    return outcome;
}

static int run(const struct reader *reader, struct nearest_args *args)
{
    xt_query *query;
    xt_status status;
    int outcome = check_fit(args, reader->stats.dims);

    if (outcome != EXIT_DONE)
        return outcome;
    set_limits(args);
    status = xt_query_nearest(reader->snapshot, args->point, &args->options, &query);
    if (status == XT_EINVAL && args->options.kernel != XT_KERNEL_BEST)
        return message_no_kernel();
    if (status != XT_OK)
        return message_store("query", reader->path, status, NULL);
    outcome = print_items(reader, args, query);
    if (args->shows_stats)
        message_query_stats(query);
    xt_query_close(query);
    return outcome;
}

int command_nearest(int argc, char **argv)
{
    struct nearest_args args = {.options = XT_NEAREST_OPTIONS_INIT};
    struct reader reader;
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    outcome = reader_open_at(&reader, args.store, args.at);
    if (outcome == EXIT_DONE) {
        outcome = run(&reader, &args);
        reader_close(&reader);
    }
    free(args.point);
    free(args.weights);
    return outcome;
}
