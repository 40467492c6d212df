/* src/txn/report.h -- where an error happened, for the caller's xt_error.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_REPORT_H
#define XTI_TXN_REPORT_H

#include "os/os.h"

#define XTI_NO_OFFSET UINT64_MAX

/* Fills *error (may be NULL) and returns status. name: a file in `folder`, or NULL for the folder
 * itself; both may be NULL. check: what did not hold, or what was being done. */
xt_status xti_report(xt_error *error, xt_status status, const char *folder, const char *name,
                     uint64_t offset, const char *check);

/* The same for a failed call of the system: `result` is its negative errno value. */
xt_status xti_report_system(xt_error *error, int result, const char *folder, const char *name,
                            const char *check);

void xti_report_clear(xt_error *error);

#endif
