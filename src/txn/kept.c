/* src/txn/kept.c -- what kept snapshots hold on to.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

bool xti_arena_is_pinned(const struct xti_txn *txn, uint32_t arena_id)
{
    (void)txn;
    (void)arena_id;
    return false;
}
