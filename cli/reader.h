/* cli/reader.h -- a store opened for reading, with its newest snapshot.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_READER_H
#define CLI_READER_H

#include <xtree.h>

struct reader {
    const char *path;
    xt_store *store;
    xt_snapshot *snapshot;
    xt_store_stats stats;
};

/* Opens the store at `path`. Gives an exit status; when it is not EXIT_DONE, it has been said why
 * and nothing is open. `path` is borrowed until reader_close(). */
int reader_open(struct reader *reader, const char *path);

/* The same with a snapshot that is kept, by its name or number. NULL: the newest. */
int reader_open_at(struct reader *reader, const char *path, const char *at);

/* The number of the snapshot that `text` names: its number, or else its name. Gives an exit
 * status, with a message; `path` is that of the store. */
int reader_find_kept(xt_store *store, const char *path, const char *text, uint64_t *number);

#define READER_TIME_SIZE 40

/* As in RFC 3339, to the millisecond. "" when there is no time. */
void reader_time_text(uint64_t time_ns, char text[READER_TIME_SIZE]);

/* Calls visit() for every item in no particular order, until it gives something else than
 * EXIT_DONE. Gives that, or the exit status of a failed walk. */
int reader_each(struct reader *reader, int (*visit)(void *context, const xt_item *item),
                void *context);

void reader_close(struct reader *reader);

#endif
