/* cli/dump.c -- xtree dump: writes all items as CSV, or the nodes of the tree.
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
#include "number.h"
#include "output.h"
#include "reader.h"

enum dump_key { KEY_NODES = ARGS_OWN, KEY_AT };

struct dump_args {
    const char *store;
    const char *at; /* NULL: the newest commit */
    bool shows_nodes;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct dump_args *args = state->input;

    switch (key) {
    case KEY_NODES:
        args->shows_nodes = true;
        return 0;
    case KEY_AT:
        args->at = arg;
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, &args->store, 1);
        return 0;
    case ARGP_KEY_END:
        if (args->store == NULL)
            argp_error(state, "no STORE given: say which store to write out");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"nodes", KEY_NODES, NULL,       0, "Write a line for each node of the tree instead", 0},
    {"at",    KEY_AT,    "SNAPSHOT", 0,
     "Write a kept snapshot, by its name or number (the newest commit)",                  0},
    {NULL,    0,         NULL,       0, NULL,                                             0},
};

static const struct argp argp = {
    options, parse, "STORE", "Writes all items as CSV that xtree load reads back.",
    NULL,    NULL,  NULL,
};

static int print_item(void *context, const xt_item *item)
{
    return output_item(context, item);
}

static int dump_items(struct reader *reader)
{
    struct output output;
    int outcome = output_begin(&output, OUTPUT_CSV, &reader->stats, false);

    if (outcome == EXIT_DONE)
        outcome = reader_each(reader, print_item, &output);
    return outcome == EXIT_DONE ? output_end(&output) : outcome;
}

struct node_dump {
    uint32_t height, dims;
};

static void print_corner(const double *corner, uint32_t dims)
{
    char text[NUMBER_TEXT_SIZE];

    for (uint32_t i = 0; i < dims; i++) {
        number_text(corner[i], text);
        printf("%s%s", i == 0 ? "" : ",", text);
    }
}

static bool print_node(void *context, const xt_node_info *node)
{
    const struct node_dump *dump = context;
    int indent = dump->height > node->level ? (int)(2 * (dump->height - 1 - node->level)) : 0;

    printf("%*s%s level %" PRIu32 " ref %" PRIu32 " entries %" PRIu32 "/%" PRIu32 " items %" PRIu64
           " bytes %" PRIu64 " birth %" PRIu64 " box ",
           indent, "",
           node->level == 0     ? "leaf"
           : node->is_supernode ? "supernode"
                                : "node",
           node->level, node->ref, node->count, node->capacity, node->items, node->bytes,
           node->birth_txn);
    print_corner(node->low, dump->dims);
    putchar(' ');
    print_corner(node->high, dump->dims);
    putchar('\n');
    return !ferror(stdout);
}

static int dump_nodes(const struct reader *reader)
{
    xt_tree_stats tree = {.struct_size = sizeof tree};
    struct node_dump dump = {.dims = reader->stats.dims};
    xt_status status = xt_snapshot_stats(reader->snapshot, &tree);

    dump.height = tree.height;
    if (status == XT_OK)
        status = xt_snapshot_nodes(reader->snapshot, 0, print_node, &dump);
    if (status != XT_OK && status != XT_ECANCELLED)
        return message_store("read", reader->path, status, NULL);
    return message_flush();
}

int command_dump(int argc, char **argv)
{
    struct dump_args args = {0};
    struct reader reader;
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    outcome = reader_open_at(&reader, args.store, args.at);
    if (outcome != EXIT_DONE)
        return outcome;
    outcome = args.shows_nodes ? dump_nodes(&reader) : dump_items(&reader);
    reader_close(&reader);
    return outcome;
}
