/* tests/support/answers.h -- compares what a store answers with what an oracle answers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ANSWERS_H
#define ANSWERS_H

#include "oracle.h"

/* How a query is taken to its end. */
enum answers_way {
    ANSWERS_NEXT,  /* item by item, coordinates compared */
    ANSWERS_BATCH, /* ids in batches of changing capacity */
    ANSWERS_MIXED, /* an item, a batch, an item, ...; the rest counted */
    ANSWERS_COUNT,
    ANSWERS_WAYS
};

/* Adds all items of the oracle to a loader, some one by one, some as rows. */
xt_status answers_add(xt_loader *loader, const struct oracle *oracle);

/* Opens a loader, adds and finishes. options may be NULL. */
xt_status answers_load(xt_store *store, const struct oracle *oracle,
                       const xt_loader_options *options);

/* The status that ended the query: XT_OK for a regular end. *right: every item that came was
 * expected, came once, with its coordinates; and after a regular end none was missing.
 * oracle_expect() was called for the same window and predicate; a limit: lower `expected`. */
xt_status answers_ask(const xt_snapshot *snapshot, struct oracle *oracle, const double *window,
                      const xt_query_options *options, enum answers_way way, bool *right);

/* Asks in every way and with every kernel that this processor has; CHECKs all answers, and that
 * the walks' stats are the same for all kernels. */
bool answers_are_right(const xt_snapshot *snapshot, struct oracle *oracle, const double *window,
                       xt_predicate predicate);

/* CHECKs the newest state of a store: count, bounds, a deep check, and `windows` windows of all
 * kinds with one kernel. */
bool answers_hold(xt_store *store, struct oracle *oracle, unsigned windows, uint64_t *random);

/* The same without CHECK, for states in which an error is allowed: the first error, or XT_OK;
 * *right as above for all that was asked. */
xt_status answers_try(xt_store *store, struct oracle *oracle, unsigned windows, uint64_t *random,
                      bool *right);

#endif
