/* cli/load.h -- a load on its way: what the command line said, the store, how rows get into it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <xtree.h>

#include "args.h"
#include "import.h"
#include "new_store.h"
#include "progress.h"

struct load_args {
    const char *positions[2]; /* STORE, FILE */
    struct args_schema schema;
    struct args_tuning tuning;
    enum import_format format;
    const char *columns;
    uint64_t memory_limit;
    uint32_t threads; /* 0: not said */
    uint64_t batch;   /* 0: not said */
    bool skips_bad;
    bool inserts, is_bulk; /* as said; neither: bulk */
};

struct load {
    const struct load_args *args;
    struct import import;
    struct progress progress;
    struct new_store created; /* what to remove if the load fails */
    xt_store *store;
    uint64_t items_before;
    xt_loader *loader; /* of a bulk load */
    uint64_t pending;  /* items that were inserted since the last commit */
    xt_error error;
};

/* Whether the user wants to stop. */
bool load_is_interrupted(void);

static inline const char *load_path(const struct load *load)
{
    return load->args->positions[0];
}

/* Those below give exit statuses; what is not EXIT_DONE has been explained, or was interrupted. */

/* Opens the store if it exists, takes its schema over, and refuses options that contradict it. */
int load_store_open(struct load *load);

/* Creates the store for items of a shape that is certain now. */
int load_store_create(struct load *load, uint32_t dims, xt_item_kind kind);

/* The rows, in bulk or one by one; what was added is committed at the end. */
int load_rows_begin(struct load *load);
int load_rows_add(struct load *load, const xt_rows *rows);
int load_rows_finish(struct load *load);

#endif
