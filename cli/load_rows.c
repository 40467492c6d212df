/* cli/load_rows.c -- how the rows of a load get into the store: in bulk, or one by one.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <stddef.h>

#include <xtree.h>

#include "cli.h"
#include "load.h"
#include "message.h"

static int load_failed(struct load *load, xt_status status)
{
    progress_hide(&load->progress);
    if (status == XT_ECANCELLED && load_is_interrupted())
        return EXIT_SYSTEM;
    return message_store("load", load_path(load), status, &load->error);
}

/* ---- in bulk ---- */

static bool on_progress(void *context, xt_load_phase phase, uint64_t done, uint64_t total)
{
    static const char *const labels[] = {
        [XT_LOAD_SORTING] = "sorting",
        [XT_LOAD_BUILDING] = "building",
        [XT_LOAD_MERGING] = "merging",
    };
    struct load *load = context;

    if (phase != XT_LOAD_ADDING)
        progress_show(&load->progress, labels[phase], done, total, done);
    return !load_is_interrupted();
}

static int open_loader(struct load *load)
{
    xt_loader_options loader = XT_LOADER_OPTIONS_INIT;
    xt_status status;

    loader.memory_limit = load->args->memory_limit;
    loader.threads = load->args->threads != 0 ? load->args->threads : XT_THREADS_ALL;
    loader.progress = on_progress;
    loader.progress_context = load;
    loader.error = &load->error;
    status = xt_loader_open(load->store, &loader, &load->loader);
    if (status == XT_EINVAL && load->args->memory_limit != 0) {
        message("--memory-limit: too small; 16M is the least");
        return EXIT_USAGE;
    }
    return status == XT_OK ? EXIT_DONE : load_failed(load, status);
}

/* ---- one by one ---- */

static int commit(struct load *load)
{
    xt_status status = xt_store_commit(load->store, &load->error);

    if (status != XT_OK) {
        progress_hide(&load->progress);
        return message_store("commit to", load_path(load), status, &load->error);
    }
    load->import.kept += load->pending;
    load->pending = 0;
    new_store_forget(&load->created); /* from now on it holds something */
    return EXIT_DONE;
}

static const double *corner(const void *corners, const xt_rows *rows, size_t i)
{
    return (const double *)((const char *)corners + i * rows->row_stride);
}

static int insert_rows(struct load *load, const xt_rows *rows)
{
    int outcome = EXIT_DONE;

    for (size_t i = 0; i < rows->count && outcome == EXIT_DONE; i++) {
        const double *high = rows->high != NULL ? corner(rows->high, rows, i) : NULL;
        xt_status status =
            xt_store_insert(load->store, rows->ids[i], corner(rows->low, rows, i), high);

        if (status != XT_OK)
            return load_failed(load, status);
        load->pending++;
        if (load->pending == load->args->batch)
            outcome = commit(load);
    }
    return outcome;
}

/* ---- either ---- */

int load_rows_begin(struct load *load)
{
    return load->args->inserts ? EXIT_DONE : open_loader(load);
}

int load_rows_add(struct load *load, const xt_rows *rows)
{
    xt_status status;

    if (load->args->inserts)
        return insert_rows(load, rows);
    status = xt_loader_add_many(load->loader, rows, NULL);
    return status == XT_OK ? EXIT_DONE : load_failed(load, status);
}

int load_rows_finish(struct load *load)
{
    xt_status status;

    if (!load->args->inserts) {
        status = xt_loader_finish(load->loader);
        load->loader = NULL;
        if (status != XT_OK)
            return load_failed(load, status);
    }
    return commit(load);
}
