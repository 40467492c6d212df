/* src/api/status.c -- names and texts of statuses, the version, and options structs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "api/api_private.h"

#include <string.h>

uint32_t xt_version(void)
{
    return XT_VERSION_NUMBER;
}

const char *xt_status_name(xt_status status)
{
    switch (status) {
#define STATUS_NAME(name, value, text)                                                             \
    case name:                                                                                     \
        return #name;
        XT_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "unknown status";
}

const char *xt_status_text(xt_status status)
{
    switch (status) {
#define STATUS_TEXT(name, value, text)                                                             \
    case name:                                                                                     \
        return text;
        XT_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}

xt_status xti_options_convert(void *to, size_t to_size, const void *from)
{
    const unsigned char *bytes = from;
    size_t size = 0;

    memset(to, 0, to_size);
    if (from == NULL)
        return XT_OK;
    memcpy(&size, from, sizeof size);
    if (size <= sizeof size || size > 4096)
        return XT_EINVAL;
    for (size_t i = to_size; i < size; i++) {
        if (bytes[i] != 0)
            return XT_EINVAL;
    }
    memcpy(to, from, size < to_size ? size : to_size);
    return XT_OK;
}
