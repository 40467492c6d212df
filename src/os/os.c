/* src/os/os.c -- what every table shares: statuses, zeroed memory, paths.
 *
 * SPDX-License-Identifier: MIT
 */
#include "os/os.h"

#include <errno.h>
#include <string.h>

xt_status xti_os_status(int result)
{
    switch (-result) {
    case 0:
        return XT_OK;
    case ENOMEM:
        return XT_ENOMEM;
    case ENOSPC:
    case EDQUOT:
        return XT_EFULL;
    case ENOENT:
    case ENOTDIR:
        return XT_ENOTFOUND;
    case EEXIST:
    case ENOTEMPTY:
        return XT_EEXIST;
    case EBUSY:
        return XT_EBUSY;
    default:
        return XT_EIO;
    }
}

void *xti_alloc_zeroed(const struct xti_os *os, size_t size)
{
    void *memory = os->alloc(os, size);

    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

bool xti_path_join(char *out, size_t capacity, const char *folder, const char *name)
{
    size_t folder_size = strlen(folder);
    size_t name_size = strlen(name);
    bool has_slash = folder_size > 0 && folder[folder_size - 1] == '/';
    size_t slash_size = has_slash || folder_size == 0 ? 0 : 1;

    if (folder_size + slash_size + name_size >= capacity)
        return false;
    memcpy(out, folder, folder_size);
    if (slash_size != 0)
        out[folder_size] = '/';
    memcpy(out + folder_size + slash_size, name, name_size + 1);
    return true;
}
