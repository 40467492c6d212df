/* cli/remove.c -- xtree remove: takes an item out of a store.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <argp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <xtree.h>

#include "args.h"
#include "cli.h"
#include "message.h"

enum remove_key { KEY_ID = ARGS_OWN, KEY_BOX, KEY_POINT };

struct remove_args {
    const char *store;
    struct args_tuning tuning;
    uint64_t id;
    bool has_id, is_point;
    double *box; /* low corner and, unless it is a point, high corner */
    size_t count;
};

static void set_box(struct argp_state *state, struct remove_args *args, const char *text,
                    bool is_point)
{
    const char *option = is_point ? "--point" : "--box";

    if (args->box != NULL)
        argp_error(state, "%s: the item has one box; give --box or --point once", option);
    args_doubles(state, option, text, &args->box, &args->count);
    args->is_point = is_point;
    if (!is_point && args->count % 2 != 0)
        argp_error(state, "--box has %zu numbers: give all low corners, then all high corners",
                   args->count);
}

static void check_args(struct argp_state *state, const struct remove_args *args)
{
    if (args->store == NULL)
        argp_error(state, "no STORE given: say which store to remove from");
    if (!args->has_id)
        argp_error(state, "--id is missing: say which item to remove");
    if (args->box == NULL)
        argp_error(state, "--box or --point is missing: say where the item lies, as \"xtree "
                          "query\" writes it");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct remove_args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->tuning;
        return 0;
    case KEY_ID:
        args->id = args_u64(state, "--id", arg);
        args->has_id = true;
        return 0;
    case KEY_BOX:
        set_box(state, args, arg, false);
        return 0;
    case KEY_POINT:
        set_box(state, args, arg, true);
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
    {"id",    KEY_ID,    "N",              0, "The item's id",                                   0},
    {"box",   KEY_BOX,   "LOW...,HIGH...", 0, "Its box: all low corners, then all high corners", 0},
    {"point", KEY_POINT, "X,Y[,...]",      0, "Its box, if that is a point",                     0},
    {NULL,    0,         NULL,             0, NULL,                                              0},
};

static const struct argp_child children[] = {
    {&args_tuning_argp, 0, NULL, 1},
    {NULL,              0, NULL, 0},
};

static const struct argp argp = {
    options,
    parse,
    "STORE",
    "Removes the item that has this id and exactly this box, and commits. Of several such items, "
    "one is removed.",
    children,
    NULL,
    NULL,
};

static int check_box(const struct remove_args *args, uint32_t dims)
{
    if (args->is_point && args->count != dims) {
        message("--point has %zu numbers; the store has %u dimensions", args->count, dims);
        return EXIT_USAGE;
    }
    if (!args->is_point && args->count != 2 * (size_t)dims) {
        message("--box has %zu numbers; the store has %u dimensions, so give %u: all low corners, "
                "then all high corners",
                args->count, dims, 2 * dims);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static int no_such_item(const struct remove_args *args)
{
    message("\"%s\" has no item %" PRIu64 " with this box", args->store, args->id);
    message("the box must be the item's to the last digit; \"xtree query\" and \"xtree dump\" show "
            "it");
    return EXIT_NOT_FOUND;
}

static int run(const struct remove_args *args, xt_store *store)
{
    xt_store_stats stats = {.struct_size = sizeof stats};
    xt_error error = {.offset = UINT64_MAX};
    xt_status status = xt_store_stat(store, &stats);
    int outcome;

    if (status != XT_OK)
        return message_store("read", args->store, status, NULL);
    outcome = check_box(args, stats.dims);
    if (outcome != EXIT_DONE)
        return outcome;
    status =
        xt_store_remove(store, args->id, args->box, args->is_point ? NULL : args->box + stats.dims);
    if (status == XT_ENOTFOUND)
        return no_such_item(args);
    if (status == XT_EINVAL) {
        message("no item of \"%s\" can have this box", args->store);
        return EXIT_USAGE;
    }
    if (status != XT_OK)
        return message_store("remove from", args->store, status, NULL);
    status = xt_store_commit(store, &error);
    if (status != XT_OK)
        return message_store("commit to", args->store, status, &error);
    return EXIT_DONE;
}

int command_remove(int argc, char **argv)
{
    struct remove_args args = {0};
    xt_open_options open = XT_OPEN_OPTIONS_INIT;
    xt_error error = {.offset = UINT64_MAX};
    xt_store *store;
    xt_status status;
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    open.writable = true;
    open.medium = args.tuning.medium;
    open.max_overlap = args.tuning.max_overlap;
    open.error = &error;
    status = xt_store_open(args.store, &open, &store);
    if (status == XT_OK) {
        outcome = run(&args, store);
        xt_store_close(store);
    } else {
        outcome = message_store("open", args.store, status, &error);
    }
    free(args.box);
    return outcome;
}
