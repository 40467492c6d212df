/* tests/kill/writer.c -- a process that changes a store and commits until it is killed.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kill.h"
#include "support/check.h"

const struct kill_mode kill_modes[] = {
    {"default",        XT_VERIFY_LAZY, false},
    {"verify at open", XT_VERIFY_OPEN, false},
    {"no cleaning",    XT_VERIFY_LAZY, true },
};
const size_t kill_mode_count = CHECK_COUNT(kill_modes);

static void phase_set(struct kill_writer *writer, enum kill_phase phase)
{
    atomic_store_explicit(&writer->board->phase, phase, memory_order_release);
}

static bool tell(struct kill_writer *writer, enum kill_word word)
{
    struct kill_message message = {.word = word};
    xt_store_stats stats = {.struct_size = sizeof stats};

    message.version = writer->history->version;
    message.answer = writer->history->answers[0];
    if (writer->store != NULL && CHECK_STATUS(xt_store_stat(writer->store, &stats), XT_OK))
        message.txn = stats.txn;
    return CHECK_INT(write(writer->pipe, &message, sizeof message), sizeof message);
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool store_create(struct kill_writer *writer)
{
    xt_create_options options = history_store_options();

    phase_set(writer, PHASE_CREATING);
    return CHECK_STATUS(xt_store_create(writer->path, &options, &writer->store), XT_OK);
}

/* A writer before may have died in the middle of the creation: then there is no store. */
static bool store_open(struct kill_writer *writer)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_error error = {XT_OK};
    xt_status status;

    phase_set(writer, PHASE_OPENING);
    options.writable = true;
    options.verify = writer->mode->verify;
    options.no_cleaning = writer->mode->no_cleaning;
    options.window_bytes = HISTORY_WINDOW_BYTES;
    options.error = &error;
    status = xt_store_open(writer->path, &options, &writer->store);
    if (status == XT_ENOTFOUND && writer->history->version == 0)
        return store_create(writer);
    if (!CHECK_STATUS(status, XT_OK))
        printf("    %s at %llu: %s\n", error.path, (unsigned long long)error.offset, error.check);
    return status == XT_OK;
}

/* What a writer finds is what the judge has found, or what it has committed itself. */
static bool store_compare(struct kill_writer *writer)
{
    xt_snapshot *snapshot;
    uint64_t version;
    bool holds;

    if (!CHECK_STATUS(xt_snapshot_latest(writer->store, &snapshot), XT_OK))
        return false;
    holds = CHECK_STATUS(history_read_version(snapshot, &version), XT_OK) &&
            CHECK_U64(version, writer->history->version) &&
            history_is_shown(writer->history, snapshot);
    xt_snapshot_release(snapshot);
    return holds;
}

/* ---- operations: pending changes lead to the version of the history ------------------------- */

static bool commit(struct kill_writer *writer)
{
    bool holds = tell(writer, WORD_TRYING);

    phase_set(writer, PHASE_COMMITTING);
    holds = holds && CHECK_STATUS(xt_store_commit(writer->store, NULL), XT_OK);
    phase_set(writer, PHASE_CHANGING);
    return holds && tell(writer, WORD_DONE);
}

static bool publish(struct kill_writer *writer)
{
    return CHECK_STATUS(xt_store_publish(writer->store), XT_OK);
}

/* The step is undone, made again, and committed. */
static bool rollback(struct kill_writer *writer)
{
    static struct history next;

    if (!publish(writer))
        return false;
    next = *writer->history;
    if (!CHECK_STATUS(history_step(&next, writer->store), XT_OK) ||
        !CHECK_STATUS(xt_store_rollback(writer->store), XT_OK) || !store_compare(writer))
        return false;
    return CHECK_STATUS(history_step(writer->history, writer->store), XT_OK) && commit(writer);
}

/* It commits as it goes; what the store holds stays the same. */
static bool clean(struct kill_writer *writer)
{
    xt_clean_options options = XT_CLEAN_OPTIONS_INIT;
    xt_clean_report report = XT_CLEAN_REPORT_INIT;
    bool holds = commit(writer);

    phase_set(writer, PHASE_CLEANING);
    if (check_random(&writer->random) % 2 == 0)
        options.max_bytes = check_random(&writer->random) % 500000 + 1;
    holds = holds && CHECK_STATUS(xt_store_clean(writer->store, &options, &report), XT_OK);
    phase_set(writer, PHASE_CHANGING);
    return holds && tell(writer, WORD_DONE);
}

static bool reopen(struct kill_writer *writer)
{
    if (!commit(writer))
        return false;
    phase_set(writer, PHASE_CLOSING);
    if (!CHECK_STATUS(xt_store_close(writer->store), XT_OK))
        return false;
    writer->store = NULL;
    if (!store_open(writer) || !store_compare(writer))
        return false;
    phase_set(writer, PHASE_CHANGING);
    return true;
}

static const struct operation {
    unsigned weight;
    bool (*run)(struct kill_writer *writer);
} operations[OPERATION_COUNT] = {
    [OPERATION_COMMIT] = {20, commit  },
      [OPERATION_PUBLISH] = {6,  publish },
    [OPERATION_ROLLBACK] = {3,  rollback},
      [OPERATION_CLEAN] = {2,  clean   },
    [OPERATION_REOPEN] = {1,  reopen  },
};

static enum kill_operation operation_draw(uint64_t *random)
{
    unsigned total = 0;
    unsigned drawn;
    unsigned i = 0;

    for (unsigned j = 0; j < OPERATION_COUNT; j++)
        total += operations[j].weight;
    drawn = (unsigned)(check_random(random) % total);
    while (drawn >= operations[i].weight)
        drawn -= operations[i++].weight;
    return (enum kill_operation)i;
}

void kill_writer_run(struct kill_writer *writer)
{
    bool holds = store_open(writer) && store_compare(writer);

    phase_set(writer, PHASE_CHANGING);
    while (holds) {
        enum kill_operation operation = operation_draw(&writer->random);

        holds = CHECK_STATUS(history_step(writer->history, writer->store), XT_OK) &&
                operations[operation].run(writer);
        atomic_fetch_add_explicit(&writer->board->operations[operation], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&writer->board->passes, 1, memory_order_relaxed);
    }
    (void)tell(writer, WORD_FAILED);
}
