/* fuzz/ask.h -- everything that a store of two dimensions can be asked and told, whatever its bytes
 * are.
 *
 * Statuses are looked at only where the bytes cannot be the reason; what is wrong ends the program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ASK_H
#define ASK_H

#include "xtree.h"

/* Every kind of query, walk and check. */
void ask_store(xt_store *store);

/* Insertions, removals, moves, publishes, commits and a rollback through a writer's handle. */
void ask_changes(xt_store *store);

#endif
