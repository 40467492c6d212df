/* cli/reader.c -- a store opened for reading, with its newest snapshot.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "reader.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "message.h"
#include "number.h"

void reader_time_text(uint64_t time_ns, char text[READER_TIME_SIZE])
{
    time_t seconds = (time_t)(time_ns / 1000000000);
    struct tm parts;
    size_t used;

    text[0] = '\0';
    if (time_ns == 0 || gmtime_r(&seconds, &parts) == NULL)
        return;
    used = strftime(text, READER_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + used, READER_TIME_SIZE - used, ".%03uZ", (unsigned)(time_ns / 1000000 % 1000));
}

int reader_find_kept(xt_store *store, const char *path, const char *text, uint64_t *number)
{
    xt_status status = XT_OK;

    if (number_u64(text, strlen(text), number) != NUMBER_FINE)
        status = xt_store_find_kept(store, text, number);
    if (status == XT_OK)
        return EXIT_DONE;
    if (status != XT_ENOTFOUND)
        return message_store("read", path, status, NULL);
    message("\"%s\" keeps no snapshot \"%s\"; \"xtree snapshot list %s\" shows what it keeps", path,
            text, path);
    return EXIT_NOT_FOUND;
}

static int open_snapshot(struct reader *reader, const char *at)
{
    xt_error error = {.offset = UINT64_MAX};
    uint64_t number;
    xt_status status;
    int outcome;

    if (at == NULL) {
        status = xt_snapshot_latest(reader->store, &reader->snapshot);
        return status == XT_OK ? EXIT_DONE : message_store("read", reader->path, status, NULL);
    }
    outcome = reader_find_kept(reader->store, reader->path, at, &number);
    if (outcome != EXIT_DONE)
        return outcome;
    status = xt_snapshot_open(reader->store, number, &error, &reader->snapshot);
    if (status == XT_OK)
        return EXIT_DONE;
    if (status != XT_ENOTFOUND)
        return message_store("read a snapshot of", reader->path, status, &error);
    message("\"%s\" keeps no snapshot %" PRIu64 "; \"xtree snapshot list %s\" shows what it keeps",
            reader->path, number, reader->path);
    return EXIT_NOT_FOUND;
}

int reader_open(struct reader *reader, const char *path)
{
    return reader_open_at(reader, path, NULL);
}

int reader_open_at(struct reader *reader, const char *path, const char *at)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_error error = {.offset = UINT64_MAX};
    xt_status status;
    int outcome;

    *reader = (struct reader){.path = path, .stats = {.struct_size = sizeof(xt_store_stats)}};
    options.error = &error;
    status = xt_store_open(path, &options, &reader->store);
    if (status != XT_OK)
        return message_store("open", path, status, &error);
    outcome = open_snapshot(reader, at);
    status = xt_store_stat(reader->store, &reader->stats);
    if (outcome == EXIT_DONE && status != XT_OK)
        outcome = message_store("read", path, status, NULL);
    if (outcome != EXIT_DONE)
        reader_close(reader);
    return outcome;
}

int reader_each(struct reader *reader, int (*visit)(void *context, const xt_item *item),
                void *context)
{
    double everything[2 * XT_DIMS_MAX];
    uint32_t dims = reader->stats.dims;
    xt_query *query;
    xt_item item;
    xt_status status;
    int outcome = EXIT_DONE;

    for (uint32_t i = 0; i < dims; i++) {
        everything[i] = -(double)INFINITY;
        everything[dims + i] = (double)INFINITY;
    }
    status = xt_query_window(reader->snapshot, everything, NULL, &query);
    while (status == XT_OK && outcome == EXIT_DONE) {
        status = xt_query_next(query, &item);
        if (status == XT_OK)
            outcome = visit(context, &item);
    }
    xt_query_close(query);
    if (status != XT_OK && status != XT_DONE)
        return message_store("read", reader->path, status, NULL);
    return outcome;
}

void reader_close(struct reader *reader)
{
    xt_snapshot_release(reader->snapshot);
    xt_store_close(reader->store);
    reader->snapshot = NULL;
    reader->store = NULL;
}
