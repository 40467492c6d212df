/* cli/load_store.c -- the store that a load goes into: opened, or created for it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <stddef.h>

#include <xtree.h>

#include "cli.h"
#include "load.h"
#include "message.h"
#include "new_store.h"

int load_store_create(struct load *load, uint32_t dims, xt_item_kind kind)
{
    const struct load_args *args = load->args;
    xt_create_options create = XT_CREATE_OPTIONS_INIT;
    xt_status status;

    create.dims = dims;
    create.kind = kind;
    create.coord_type = args->schema.coord_type;
    create.arena_bytes = args->schema.arena_bytes;
    create.medium = args->tuning.medium;
    create.max_overlap = args->tuning.max_overlap;
    create.error = &load->error;
    new_store_note(&load->created, load_path(load));
    status = xt_store_create(load_path(load), &create, &load->store);
    if (status == XT_OK)
        return EXIT_DONE;
    new_store_forget(&load->created);
    return message_store("create", load_path(load), status, &load->error);
}

/* A store that exists says what its items are. */
static int read_schema(struct load *load)
{
    xt_store_stats stats = {.struct_size = sizeof stats};
    xt_snapshot *snapshot = NULL;
    xt_status status = xt_store_stat(load->store, &stats);

    if (status == XT_OK)
        status = xt_snapshot_latest(load->store, &snapshot);
    if (status != XT_OK)
        return message_store("read", load_path(load), status, NULL);
    load->items_before = xt_snapshot_count(snapshot);
    xt_snapshot_release(snapshot);
    load->import.dims = stats.dims;
    load->import.kind = stats.kind;
    load->import.stored_type = stats.coord_type;
    load->import.is_store = true;
    return EXIT_DONE;
}

static int open_existing(struct load *load)
{
    xt_open_options open = XT_OPEN_OPTIONS_INIT;
    xt_status status;

    open.writable = true;
    open.medium = load->args->tuning.medium;
    open.max_overlap = load->args->tuning.max_overlap;
    open.error = &load->error;
    status = xt_store_open(load_path(load), &open, &load->store);
    if (status == XT_OK)
        return read_schema(load);
    if (status == XT_ENOTFOUND || new_store_is_possible(load_path(load)))
        return EXIT_DONE;
    return message_store("open", load_path(load), status, &load->error);
}

/* What the options say must not contradict the store that exists. */
static int take_schema(struct load *load)
{
    const struct args_schema *schema = &load->args->schema;
    struct import *import = &load->import;

    import->file_type = schema->coord_type;
    if (!import->is_store) {
        import->dims = schema->dims;
        import->kind = schema->kind;
        import->stored_type = schema->coord_type;
        return EXIT_DONE;
    }
    if ((schema->dims != 0 && schema->dims != import->dims) ||
        (schema->kind != 0 && schema->kind != import->kind)) {
        message("\"%s\" exists and holds %u-dimensional %s, not what the options say",
                load_path(load), import->dims, import->kind == XT_BOXES ? "boxes" : "points");
        return EXIT_USAGE;
    }
    if (schema->arena_bytes != 0 || (load->args->format != IMPORT_RAW && schema->coord_type != 0 &&
                                     schema->coord_type != import->stored_type)) {
        message("\"%s\" exists: --coord and --arena-size are for a new store", load_path(load));
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

int load_store_open(struct load *load)
{
    int outcome = open_existing(load);

    return outcome == EXIT_DONE ? take_schema(load) : outcome;
}
