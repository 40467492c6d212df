/* cli/reader.c -- a store opened for reading, with its newest snapshot.
 *
 * SPDX-License-Identifier: MIT
 */
#include "reader.h"

#include <math.h>
#include <stddef.h>

#include "cli.h"
#include "message.h"

int reader_open(struct reader *reader, const char *path)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_error error = {.offset = UINT64_MAX};
    xt_status status;

    *reader = (struct reader){.path = path, .stats = {.struct_size = sizeof(xt_store_stats)}};
    options.error = &error;
    status = xt_store_open(path, &options, &reader->store);
    if (status != XT_OK)
        return message_store("open", path, status, &error);
    status = xt_snapshot_latest(reader->store, &reader->snapshot);
    if (status == XT_OK)
        status = xt_store_stat(reader->store, &reader->stats);
    if (status != XT_OK) {
        reader_close(reader);
        return message_store("read", path, status, NULL);
    }
    return EXIT_DONE;
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
