/* cli/message.c -- messages about errors: what failed, where, why, and what to do about it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

void message(const char *format, ...)
{
    va_list args;

    fputs("xtree: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

int message_no_memory(void)
{
    message("out of memory");
    return EXIT_SYSTEM;
}

static int exit_status_of(xt_status status)
{
    switch (status) {
    case XT_OK:
    case XT_DONE:
        return EXIT_DONE;
    case XT_ENOTFOUND:
        return EXIT_NOT_FOUND;
    case XT_EINVAL:
    case XT_EEXIST:
    case XT_EMISUSE:
        return EXIT_USAGE;
    case XT_EFORMAT:
    case XT_ECORRUPT:
        return EXIT_CORRUPT;
    case XT_ENOMEM:
    case XT_EIO:
    case XT_EFULL:
    case XT_EBUSY:
    case XT_EBROKEN:
    case XT_ECANCELLED:
        return EXIT_SYSTEM;
    }
    return EXIT_SYSTEM;
}

static const char *hint_for(const char *verb, xt_status status)
{
    switch (status) {
    case XT_ENOTFOUND:
        if (strcmp(verb, "create") == 0)
            return "make the folder that shall hold the store first";
        return "\"xtree load\" makes a store from a file, \"xtree create\" makes an empty one";
    case XT_EEXIST:
        return "choose a name that does not exist yet, or an empty folder";
    case XT_EFORMAT:
        return "give the folder of a store; a store of a newer format needs a newer xtree";
    case XT_ECORRUPT:
        if (strcmp(verb, MESSAGE_TRUST_KEPT) == 0)
            return "\"xtree snapshot drop\" lets it go; the newest commit does not need it";
        return "do not write to it; restore a copy, or load the data into a new store";
    case XT_EBUSY:
        return "wait for the other process to finish, or end it";
    case XT_EFULL:
        return "free space, then try again; what was committed before is intact";
    case XT_ENOMEM:
        return "give the process more memory; \"ulimit -v\" shows its address space";
    case XT_EBROKEN:
        return "check the disk, then run the command again";
    case XT_OK:
    case XT_DONE:
    case XT_EINVAL:
    case XT_EIO:
    case XT_EMISUSE:
    case XT_ECANCELLED:
        return NULL;
    }
    return NULL;
}

/* The parenthesis behind the reason: path, offset, check, and the system's own words. */
static void print_detail(const xt_error *error)
{
    const char *separator = " (";

    if (error->path[0] != '\0') {
        fprintf(stderr, "%s%s", separator, error->path);
        separator = ", ";
    }
    if (error->offset != UINT64_MAX && error->path[0] != '\0')
        fprintf(stderr, "%sbyte %" PRIu64, separator, error->offset);
    if (error->check[0] != '\0') {
        fprintf(stderr, "%s%s", separator, error->check);
        separator = ", ";
    }
    if (error->system_errno != 0) {
        fprintf(stderr, "%s%s", separator, strerror(error->system_errno));
        separator = ", ";
    }
    if (separator[0] == ',')
        fputc(')', stderr);
}

int message_store(const char *verb, const char *path, xt_status status, const xt_error *error)
{
    const char *hint = hint_for(verb, status);

    fprintf(stderr, "xtree: cannot %s \"%s\": %s", verb, path, xt_status_text(status));
    if (error != NULL)
        print_detail(error);
    fputc('\n', stderr);
    if (status == XT_ECORRUPT && error == NULL)
        message("\"xtree check --deep %s\" says where", path);
    if (hint != NULL)
        message("%s", hint);
    return exit_status_of(status);
}

int message_no_kernel(void)
{
    message("--kernel: this processor lacks it");
    return EXIT_USAGE;
}

void message_stats(const xt_walk_stats *stats)
{
    fprintf(stderr, "nodes %" PRIu64 ", leaves %" PRIu64 ", lines %" PRIu64 ", items %" PRIu64 "\n",
            stats->nodes, stats->leaves, stats->lines, stats->items);
}

void message_query_stats(const xt_query *query)
{
    xt_walk_stats stats = {.struct_size = sizeof stats};

    if (xt_query_stats(query, &stats) == XT_OK)
        message_stats(&stats);
}

int message_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    message("cannot write to standard output: %s", strerror(errno));
    return EXIT_SYSTEM;
}
