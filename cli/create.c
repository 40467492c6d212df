/* cli/create.c -- xtree create: makes an empty store.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <argp.h>

#include <xtree.h>

#include "args.h"
#include "cli.h"
#include "message.h"

struct create_args {
    const char *store;
    struct args_schema schema;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct create_args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->schema;
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, &args->store, 1);
        return 0;
    case ARGP_KEY_END:
        if (args->store == NULL)
            argp_error(state, "no STORE given: say which folder to create");
        if (args->schema.dims == 0)
            argp_error(state, "--dims is missing: say how many dimensions, as in --dims 2");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {
    {&args_schema_argp, 0, NULL, 0},
    {NULL,              0, NULL, 0},
};

static const struct argp argp = {
    NULL,     parse, "STORE", "Makes an empty store: a folder that does not exist yet or is empty.",
    children, NULL,  NULL,
};

int command_create(int argc, char **argv)
{
    struct create_args args = {0};
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_error error = {.offset = UINT64_MAX};
    xt_store *store;
    xt_status status;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    options.dims = args.schema.dims;
    options.kind = args.schema.kind;
    options.coord_type = args.schema.coord_type;
    options.arena_bytes = args.schema.arena_bytes;
    options.error = &error;
    status = xt_store_create(args.store, &options, &store);
    if (status != XT_OK)
        return message_store("create", args.store, status, &error);
    xt_store_close(store);
    return EXIT_DONE;
}
