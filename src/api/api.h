/* src/api/api.h -- the door of the api room: the public calls on a system of the caller's choice.
 *
 * The functions of include/xtree.h use the real system; tests hand in another one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_API_H
#define XTI_API_H

#include "os/os.h"
#include "xtree.h"

/* As xt_store_create() and xt_store_open(). `os` must outlive the store. */
XT_NODISCARD xt_status xti_store_create(const struct xti_os *os, const char *path,
                                        const xt_create_options *options, xt_store **out);
XT_NODISCARD xt_status xti_store_open(const struct xti_os *os, const char *path,
                                      const xt_open_options *options, xt_store **out);

#endif
