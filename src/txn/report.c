/* src/txn/report.c -- where an error happened, told to the caller.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

#include <stdio.h>
#include <string.h>

/* Keeps the end of a text that does not fit: a file's name matters more than its first folders. */
static void copy_end(char *out, size_t capacity, const char *text)
{
    size_t size = strlen(text);

    if (size >= capacity) {
        text += size - capacity + 1;
        size = capacity - 1;
    }
    memcpy(out, text, size);
    out[size] = '\0';
}

static void set_path(xt_error *error, const char *folder, const char *name)
{
    char joined[4096];

    if (folder == NULL)
        return;
    if (name == NULL || !xti_path_join(joined, sizeof joined, folder, name))
        copy_end(error->path, sizeof error->path, folder);
    else
        copy_end(error->path, sizeof error->path, joined);
}

void xti_report_clear(xt_error *error)
{
    if (error == NULL)
        return;
    memset(error, 0, sizeof *error);
    error->offset = XTI_NO_OFFSET;
}

xt_status xti_report(xt_error *error, xt_status status, const char *folder, const char *name,
                     uint64_t offset, const char *check)
{
    if (error == NULL)
        return status;
    xti_report_clear(error);
    error->status = status;
    error->offset = offset;
    set_path(error, folder, name);
    if (check != NULL)
        (void)snprintf(error->check, sizeof error->check, "%s", check);
    return status;
}

xt_status xti_report_system(xt_error *error, int result, const char *folder, const char *name,
                            const char *check)
{
    xt_status status = xti_report(error, xti_os_status(result), folder, name, XTI_NO_OFFSET, check);

    if (error != NULL)
        error->system_errno = -result;
    return status;
}
