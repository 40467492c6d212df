/* tests/kill/history.h -- versions of a store, each of which follows from the one before and from
 * a seed.
 *
 * Whoever has a history of version N can go on to any later version alone: the writer, who applies
 * each step to a store as well, readers in other processes, and a judge who outlives the writer.
 * One item of each version tells its number, so a snapshot says which version it is; what all
 * windows of a fixed set must answer is known at once. A history has no pointers: it is copied by
 * assignment and by fork().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xtree.h"

#define HISTORY_ITEMS_MAX 6000
#define HISTORY_WINDOWS 32

struct history_item {
    uint64_t id;
    double low[2], high[2];
};

struct history {
    uint64_t seed;
    uint64_t version; /* 0: empty, without the item that tells the version */
    uint64_t next_id;
    size_t wanted;  /* items it tends to, about */
    size_t largest; /* changes in one step at most */
    size_t count;   /* the item that tells the version is not among them */
    struct history_item items[HISTORY_ITEMS_MAX];
    uint64_t answers[HISTORY_WINDOWS]; /* the first window holds everything */
};

void history_init(struct history *history, uint64_t seed, size_t wanted, size_t largest);

/* Goes to the next version. With a store, it is changed likewise; nothing is published. When that
 * fails, the history is at the next version nevertheless. */
xt_status history_step(struct history *history, xt_store *store);

/* Goes to that version, which is not older. */
void history_advance(struct history *history, uint64_t version);

/* ---- what a snapshot shows ------------------------------------------------------------------- */

/* The options of a store that can hold histories. Its arenas are small. */
xt_create_options history_store_options(void);
#define HISTORY_WINDOW_BYTES (UINT64_C(1) << 30)

/* Removes the store's folder and its files. */
void history_store_remove(const char *path);

/* The number that the snapshot tells; 0 when it holds nothing. */
xt_status history_read_version(const xt_snapshot *snapshot, uint64_t *version);

/* The sum of the keys of all items that meet the window, whatever their order. */
xt_status history_ask(const xt_snapshot *snapshot, unsigned window, uint64_t *answer);

/* Whether the snapshot shows exactly this version, by all windows and its count. */
bool history_is_shown(const struct history *history, const xt_snapshot *snapshot);

#endif
