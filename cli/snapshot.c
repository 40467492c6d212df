/* cli/snapshot.c -- xtree snapshot: keeps commits of a store, lists what is kept, drops it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <argp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <xtree.h>

#include "args.h"
#include "cli.h"
#include "json.h"
#include "message.h"
#include "number.h"
#include "reader.h"

enum snapshot_key { KEY_JSON = ARGS_OWN, KEY_LAST, KEY_AGE };

struct snapshot_args {
    const char *words[3]; /* verb, store, name or number */
    bool is_json;
    xt_retention rule;
};

struct verb {
    const char *name;
    bool takes_snapshot, needs_snapshot;
    int (*run)(const struct snapshot_args *args);
};

static const struct verb *verb_of(const struct snapshot_args *args);

/* Seconds, or a number with s, m, h, d or w behind it. */
static uint64_t age_ns(struct argp_state *state, const char *text)
{
    static const struct {
        char letter;
        uint64_t seconds;
    } units[] = {
        {'s', 1     },
        {'m', 60    },
        {'h', 3600  },
        {'d', 86400 },
        {'w', 604800},
    };
    size_t size = strlen(text);
    uint64_t seconds = 1;
    uint64_t number;

    for (size_t i = 0; size > 0 && i < sizeof units / sizeof units[0]; i++) {
        if (text[size - 1] == units[i].letter) {
            seconds = units[i].seconds;
            size--;
            break;
        }
    }
    if (number_u64(text, size, &number) != NUMBER_FINE || number == 0 ||
        number > UINT64_C(9000000000) / seconds)
        argp_error(state, "--age \"%s\": a number with s, m, h, d or w behind it, as in 7d", text);
    return number * seconds * UINT64_C(1000000000);
}

static void check_words(struct argp_state *state, const struct snapshot_args *args)
{
    const struct verb *verb;

    if (args->words[0] == NULL)
        argp_error(state, "say what to do: list, keep, drop or retain");
    verb = verb_of(args);
    if (verb == NULL) {
        argp_error(state, "\"%s\" is none of list, keep, drop, retain", args->words[0]);
        return;
    }
    if (args->words[1] == NULL)
        argp_error(state, "no STORE given");
    if (args->words[2] == NULL && verb->needs_snapshot)
        argp_error(state,
                   "say which snapshot to %s, by its name or number; \"xtree snapshot list "
                   "%s\" shows them",
                   verb->name, args->words[1]);
    if (args->words[2] != NULL && !verb->takes_snapshot)
        argp_error(state, "\"%s\": %s takes no snapshot", args->words[2], verb->name);
    if (strcmp(verb->name, "retain") == 0 && args->rule.keep_last == 0 &&
        args->rule.max_age_ns == 0)
        argp_error(state, "--last or --age is missing: say which snapshots stay");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct snapshot_args *args = state->input;

    switch (key) {
    case KEY_JSON:
        args->is_json = true;
        return 0;
    case KEY_LAST:
        args->rule.keep_last = args_u64(state, "--last", arg);
        return 0;
    case KEY_AGE:
        args->rule.max_age_ns = age_ns(state, arg);
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, args->words, 3);
        return 0;
    case ARGP_KEY_END:
        check_words(state, args);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL,  0, "list: write JSON",                                          0},
    {"last", KEY_LAST, "N",   0, "retain: the last N snapshots stay",                         0},
    {"age",  KEY_AGE,  "AGE", 0, "retain: those stay that are younger, such as 90m, 36h, 7d", 0},
    {NULL,   0,        NULL,  0, NULL,                                                        0},
};

static const struct argp argp = {
    options,
    parse,
    "list STORE\nkeep STORE [NAME]\ndrop STORE NAME|NUMBER\nretain STORE",
    "Keeps the newest commit of a store, under its number and perhaps a name; lists what is kept; "
    "drops it again. What is kept can be asked with \"--at\". retain drops the snapshots without a "
    "name that neither rule holds.",
    NULL,
    NULL,
    NULL,
};

/* ---- list ---- */

static void print_json(yajl_gen generator, const xt_snapshot_info *info, const char *when)
{
    yajl_gen_map_open(generator);
    json_pair_u64(generator, "number", info->number);
    json_pair_text(generator, "name", info->name);
    json_pair_text(generator, "time", when);
    json_pair_u64(generator, "items", info->item_count);
    json_pair_u64(generator, "live_bytes", info->live_bytes);
    json_pair_u64(generator, "pinned_bytes", info->pinned_bytes);
    yajl_gen_map_close(generator);
}

static void print_line(const xt_snapshot_info *info, const char *when)
{
    char live[NUMBER_TEXT_SIZE];
    char pinned[NUMBER_TEXT_SIZE];

    printf("%8" PRIu64 "  %-24s %12" PRIu64 " %10s %10s  %s\n", info->number, when,
           info->item_count, number_bytes_text(info->live_bytes, live),
           number_bytes_text(info->pinned_bytes, pinned), info->name);
}

/* One that cannot be read is named all the same, so that it can be dropped. */
static void print_snapshot(yajl_gen generator, const xt_snapshot_info *info, xt_status status)
{
    char when[READER_TIME_SIZE];

    reader_time_text(info->commit_time_ns, when);
    if (status != XT_OK)
        message("snapshot %" PRIu64 ": %s", info->number, xt_status_text(status));
    else if (generator != NULL)
        print_json(generator, info, when);
    else
        print_line(info, when);
}

static bool is_damaged(xt_status status)
{
    return status == XT_ECORRUPT || status == XT_EFORMAT;
}

static int list(const struct snapshot_args *args)
{
    yajl_gen generator = args->is_json ? json_open(true) : NULL;
    xt_snapshot_info info = {.struct_size = sizeof info};
    struct reader reader;
    xt_status status;
    bool has_damage = false;
    int outcome = reader_open(&reader, args->words[1]);

    if (outcome != EXIT_DONE) {
        json_close(generator);
        return outcome;
    }
    if (generator != NULL)
        yajl_gen_array_open(generator);
    for (uint64_t i = 0;; i++) {
        status = xt_store_kept(reader.store, i, &info);
        if (status != XT_OK && !is_damaged(status))
            break;
        if (i == 0 && generator == NULL)
            printf("  number  time                            items       live     pinned  name\n");
        print_snapshot(generator, &info, status);
        has_damage |= is_damaged(status);
    }
    if (generator != NULL) {
        yajl_gen_array_close(generator);
        json_close(generator);
    }
    reader_close(&reader);
    if (status != XT_ENOTFOUND)
        return message_store("list the snapshots of", args->words[1], status, NULL);
    outcome = message_flush();
    return outcome == EXIT_DONE && has_damage ? EXIT_CORRUPT : outcome;
}

/* ---- keep, drop, retain ---- */

static int open_writer(const char *path, xt_store **store)
{
    xt_open_options open = XT_OPEN_OPTIONS_INIT;
    xt_error error = {.offset = UINT64_MAX};
    xt_status status;

    open.writable = true;
    open.error = &error;
    status = xt_store_open(path, &open, store);
    return status == XT_OK ? EXIT_DONE : message_store("open", path, status, &error);
}

static int keep(const struct snapshot_args *args)
{
    xt_error error = {.offset = UINT64_MAX};
    const char *name = args->words[2];
    uint64_t number = 0;
    xt_store *store;
    xt_status status;
    int outcome;

    if (name != NULL && number_u64(name, strlen(name), &number) == NUMBER_FINE) {
        message("\"%s\" cannot be a name: it would be taken for a number", name);
        return EXIT_USAGE;
    }
    outcome = open_writer(args->words[1], &store);
    if (outcome != EXIT_DONE)
        return outcome;
    status = xt_store_keep(store, name, &number, &error);
    if (status == XT_EEXIST) {
        message("\"%s\" keeps its newest commit already, or another one under this name",
                args->words[1]);
        message("\"xtree snapshot list %s\" shows what is kept", args->words[1]);
        outcome = EXIT_USAGE;
    } else if (status == XT_EINVAL) {
        message("\"%s\" cannot be a name: at most %d bytes of UTF-8", name,
                XT_SNAPSHOT_NAME_BYTES - 1);
        outcome = EXIT_USAGE;
    } else if (status != XT_OK) {
        outcome = message_store("keep a snapshot of", args->words[1], status, &error);
    }
    xt_store_close(store);
    if (outcome != EXIT_DONE)
        return outcome;
    printf("%" PRIu64 "\n", number);
    return message_flush();
}

static int drop(const struct snapshot_args *args)
{
    xt_error error = {.offset = UINT64_MAX};
    uint64_t number = 0;
    xt_store *store;
    xt_status status;
    int outcome = open_writer(args->words[1], &store);

    if (outcome != EXIT_DONE)
        return outcome;
    outcome = reader_find_kept(store, args->words[1], args->words[2], &number);
    if (outcome == EXIT_DONE) {
        status = xt_store_drop(store, number, &error);
        if (status != XT_OK)
            outcome = message_store("drop a snapshot of", args->words[1], status, &error);
    }
    xt_store_close(store);
    return outcome;
}

static int retain(const struct snapshot_args *args)
{
    xt_error error = {.offset = UINT64_MAX};
    uint64_t dropped = 0;
    xt_store *store;
    xt_status status;
    int outcome = open_writer(args->words[1], &store);

    if (outcome != EXIT_DONE)
        return outcome;
    status = xt_store_retain(store, &args->rule, &dropped, &error);
    if (status != XT_OK)
        outcome = message_store("drop snapshots of", args->words[1], status, &error);
    xt_store_close(store);
    if (outcome != EXIT_DONE)
        return outcome;
    printf("%" PRIu64 " dropped\n", dropped);
    return message_flush();
}

static const struct verb verbs[] = {
    {"list",   false, false, list  },
    {"keep",   true,  false, keep  },
    {"drop",   true,  true,  drop  },
    {"retain", false, false, retain},
};

static const struct verb *verb_of(const struct snapshot_args *args)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(args->words[0], verbs[i].name) == 0)
            return &verbs[i];
    }
    return NULL;
}

int command_snapshot(int argc, char **argv)
{
    struct snapshot_args args = {.rule = {.struct_size = sizeof(xt_retention)}};

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    return verb_of(&args)->run(&args);
}
