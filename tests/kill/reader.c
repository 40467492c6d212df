/* tests/kill/reader.c -- a process that looks at the newest commit of a store again and again,
 * while writers commit and die.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <time.h>

#include "kill.h"
#include "support/check.h"

#define WINDOWS_OF_A_SNAPSHOT 6
#define SNAPSHOTS_OF_A_HANDLE 300

static bool is_over(struct kill_board *board)
{
    return atomic_load_explicit(&board->is_over, memory_order_relaxed);
}

/* The writer needs the processor, too. */
static void rest(uint64_t *random)
{
    struct timespec time = {0, (long)(check_random(random) % 1000000)};

    nanosleep(&time, NULL);
}

/* Answers are those of the version that the snapshot tells. */
static bool windows_compare(const xt_snapshot *snapshot, const struct history *history,
                            struct kill_reader *reader, uint64_t *random)
{
    bool holds = true;

    for (unsigned i = 0; i < WINDOWS_OF_A_SNAPSHOT && holds; i++) {
        unsigned window = (unsigned)(check_random(random) % HISTORY_WINDOWS);
        uint64_t answer;

        holds = CHECK_STATUS(history_ask(snapshot, window, &answer), XT_OK) &&
                CHECK_U64(answer, history->answers[window]);
        atomic_fetch_add_explicit(&reader->reads, 1, memory_order_relaxed);
    }
    return holds;
}

/* Neither the version nor the number of the commit ever goes back, whoever dies. */
static bool snapshot_compare(const xt_snapshot *snapshot, struct history *history,
                             struct kill_reader *reader, uint64_t *random)
{
    uint64_t txn = xt_snapshot_txn(snapshot);
    uint64_t version;

    if (!CHECK_STATUS(history_read_version(snapshot, &version), XT_OK) ||
        !CHECK(version >= history->version) ||
        !CHECK(txn >= atomic_load_explicit(&reader->txn, memory_order_relaxed)))
        return false;
    history_advance(history, version);
    atomic_store_explicit(&reader->version, version, memory_order_relaxed);
    atomic_store_explicit(&reader->txn, txn, memory_order_relaxed);
    atomic_fetch_add_explicit(&reader->versions, 1, memory_order_relaxed);
    return CHECK_U64(xt_snapshot_count(snapshot), history->count + (version > 0)) &&
           windows_compare(snapshot, history, reader, random);
}

static bool handle_read(xt_store *store, struct kill_reader *reader, struct kill_board *board,
                        struct history *history, uint64_t *random)
{
    bool holds = true;

    for (unsigned i = 0; i < SNAPSHOTS_OF_A_HANDLE && holds && !is_over(board); i++) {
        xt_snapshot *snapshot;

        holds = CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
        if (!holds)
            return false;
        holds = snapshot_compare(snapshot, history, reader, random);
        if (check_random(random) % 4 == 0)
            rest(random);
        holds = holds && windows_compare(snapshot, history, reader, random);
        xt_snapshot_release(snapshot);
        rest(random);
    }
    return holds;
}

bool kill_reader_run(const char *path, struct kill_reader *reader, struct kill_board *board,
                     struct history *history, uint64_t random)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    bool holds = true;

    options.window_bytes = HISTORY_WINDOW_BYTES;
    while (holds && !is_over(board)) {
        xt_store *store;
        xt_status status = xt_store_open(path, &options, &store);

        /* Before the creation ends, there is no store. */
        if (status == XT_ENOTFOUND && history->version == 0) {
            rest(&random);
            continue;
        }
        holds = CHECK_STATUS(status, XT_OK) && handle_read(store, reader, board, history, &random);
        if (status == XT_OK)
            holds = CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
    }
    if (!holds)
        atomic_fetch_add_explicit(&reader->mistakes, 1, memory_order_relaxed);
    return holds;
}
