/* cli/message.h -- what the tool says on standard error, and the exit status that goes with it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <xtree.h>

#define MESSAGE_FORMAT(text, first) __attribute__((format(printf, text, first)))

/* Writes "xtree: ", the text and a new line. */
void message(const char *format, ...) MESSAGE_FORMAT(1, 2);

/* Says that memory is short. Gives EXIT_SYSTEM. */
int message_no_memory(void);

/* Says what could not be done to the store at `path`, where and why, and what to do about it.
 *
 * verb     such as "open", read as in: cannot open "places"
 * error    NULL: no detail is known
 * Returns  the exit status for `status`.
 */
#define MESSAGE_TRUST_KEPT "trust a kept snapshot of" /* a verb */
int message_store(const char *verb, const char *path, xt_status status, const xt_error *error);

/* Says that the processor lacks the kernel that was asked for. Gives EXIT_USAGE. */
int message_no_kernel(void);

/* A line about what a walk touched; that of a query. */
void message_stats(const xt_walk_stats *stats);
void message_query_stats(const xt_query *query);

/* Flushes standard output. EXIT_SYSTEM, with a message, if anything written to it was lost. */
int message_flush(void);

#endif
