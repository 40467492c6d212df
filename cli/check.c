/* cli/check.c -- xtree check: verifies a store.
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
#include "reader.h"

enum check_key { KEY_DEEP = ARGS_OWN };

struct check_args {
    const char *store;
    bool is_deep;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct check_args *args = state->input;

    switch (key) {
    case KEY_DEEP:
        args->is_deep = true;
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, &args->store, 1);
        return 0;
    case ARGP_KEY_END:
        if (args->store == NULL)
            argp_error(state, "no STORE given: say which store to verify");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"deep", KEY_DEEP, NULL, 0, "Every checksum, box, count and reference of the tree", 0},
    {NULL,   0,        NULL, 0, NULL,                                                   0},
};

static const struct argp argp = {
    options,
    parse,
    "STORE",
    "Verifies the newest commit of a store and what is kept: files and records, and with --deep "
    "whole trees.",
    NULL,
    NULL,
    NULL,
};

static void print_tree(const xt_check_report *report)
{
    printf("%" PRIu64 " nodes, %" PRIu64 " leaves, %" PRIu64
           " items: checksums, boxes, counts and references\n",
           report->nodes, report->leaves, report->items);
}

/* What is wrong with a kept snapshot is said, and the next one looked at. Adds to *hashed. */
static int verify_kept(const struct reader *reader, uint64_t number, bool is_deep, uint64_t *hashed)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    xt_error error = {.offset = UINT64_MAX};
    xt_snapshot *snapshot;
    xt_status status = xt_snapshot_open(reader->store, number, &error, &snapshot);
    int outcome = EXIT_DONE;

    if (status == XT_ENOTFOUND) /* dropped meanwhile */
        return EXIT_DONE;
    check.deep = is_deep;
    check.error = &error;
    if (status == XT_OK)
        status = xt_snapshot_check(snapshot, &check, &report);
    *hashed += report.bytes_hashed;
    if (status == XT_OK) {
        printf("kept %" PRIu64 ", %" PRIu64 " items: its file, records and arenas\n", number,
               xt_snapshot_count(snapshot));
        if (is_deep)
            print_tree(&report);
    } else {
        message("kept snapshot %" PRIu64 " is not as it was", number);
        outcome = message_store(MESSAGE_TRUST_KEPT, reader->path, status, &error);
    }
    xt_snapshot_release(snapshot);
    return outcome;
}

static int verify_all_kept(const struct reader *reader, bool is_deep, uint64_t *hashed)
{
    int outcome = EXIT_DONE;

    for (uint64_t i = 0;; i++) {
        xt_snapshot_info info = {.struct_size = sizeof info};
        xt_status status = xt_store_kept(reader->store, i, &info);
        int one;

        if (status == XT_ENOTFOUND)
            return outcome;
        if (status != XT_OK && info.number == 0)
            return message_store("list the snapshots of", reader->path, status, NULL);
        one = verify_kept(reader, info.number, is_deep, hashed);
        outcome = outcome == EXIT_DONE ? one : outcome;
    }
}

static int verify(struct reader *reader, bool is_deep)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    xt_error error = {.offset = UINT64_MAX};
    xt_status status;
    int outcome, flushed;

    check.deep = is_deep;
    check.error = &error;
    status = xt_store_check(reader->store, &check, &report);
    if (status != XT_OK)
        return message_store("trust", reader->path, status, &error);
    printf("commit %" PRIu64 ", %" PRIu64 " items: HEAD, manifest and arenas\n", reader->stats.txn,
           xt_snapshot_count(reader->snapshot));
    if (is_deep)
        print_tree(&report);
    outcome = verify_all_kept(reader, is_deep, &report.bytes_hashed);
    if (outcome == EXIT_DONE)
        printf("%" PRIu64 " bytes hashed\nok\n", report.bytes_hashed);
    flushed = message_flush();
    return outcome == EXIT_DONE ? flushed : outcome;
}

int command_check(int argc, char **argv)
{
    struct check_args args = {0};
    struct reader reader;
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    outcome = reader_open(&reader, args.store);
    if (outcome != EXIT_DONE)
        return outcome;
    outcome = verify(&reader, args.is_deep);
    reader_close(&reader);
    return outcome;
}
