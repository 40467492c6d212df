/* src/txn/creation.h -- how a new store and a copy begin, and how they are taken back.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TXN_CREATION_H
#define XTI_TXN_CREATION_H

#include "txn/txn_private.h"

/* Claims the folder and makes HEAD.tmp, which is open then: the steps N1 to N3. */
xt_status xti_creation_begin(struct xti_txn *txn, xt_error *error);

/* Removes what was made since. */
void xti_creation_undo(struct xti_txn *txn);

#endif
