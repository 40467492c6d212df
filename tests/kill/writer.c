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
    {"default",                   XT_DURABLE,           XT_VERIFY_LAZY, false, 0 },
    {"two syncs",                 XT_DURABLE_TWO_SYNCS, XT_VERIFY_LAZY, false, 0 },
    {"two syncs, verify at open", XT_DURABLE_TWO_SYNCS, XT_VERIFY_OPEN, false, 0 },
    {"one sync",                  XT_DURABLE_ONE_SYNC,  XT_VERIFY_LAZY, false, 0 },
    {"one sync, no cleaning",     XT_DURABLE_ONE_SYNC,  XT_VERIFY_LAZY, true,  0 },
    {"ordered",                   XT_ORDERED,           XT_VERIFY_LAZY, false, 0 },
    {"ordered, verify at open",   XT_ORDERED,           XT_VERIFY_OPEN, true,  0 },
    {"one sync, by themselves",   XT_DURABLE_ONE_SYNC,  XT_VERIFY_LAZY, false, 50},
    {"ordered, by themselves",    XT_ORDERED,           XT_VERIFY_LAZY, false, 50},
};
const size_t kill_mode_count = CHECK_COUNT(kill_modes);

static void phase_set(struct kill_writer *writer, enum kill_phase phase)
{
    atomic_store_explicit(&writer->board->phase, phase, memory_order_release);
}

void kill_kept_note(struct kept *kept, const struct history *history,
                    const struct kill_message *message)
{
    struct kept_snapshot *snapshot;

    if (message->word == WORD_KEEPING)
        kept_add(kept, history, message->txn, message->is_named);
    if (message->word == WORD_DROPPED)
        kept_remove(kept, message->txn);
    snapshot = kept_find(kept, message->txn);
    if (snapshot != NULL && (message->word == WORD_KEPT || message->word == WORD_DROPPING))
        snapshot->is_sure = message->word == WORD_KEPT;
}

static bool message_send(struct kill_writer *writer, struct kill_message *message)
{
    message->version = writer->history->version;
    message->answer = writer->history->answers[0];
    return CHECK_INT(write(writer->pipe, message, sizeof *message), sizeof *message);
}

static uint64_t txn_of(const struct kill_writer *writer)
{
    xt_store_stats stats = {.struct_size = sizeof stats};

    return CHECK_STATUS(xt_store_stat(writer->store, &stats), XT_OK) ? stats.txn : 0;
}

static bool tell(struct kill_writer *writer, enum kill_word word)
{
    struct kill_message message = {.word = word};

    if (writer->store != NULL)
        message.txn = txn_of(writer);
    return message_send(writer, &message);
}

/* Says it to the judge, and notes it. */
static bool tell_kept(struct kill_writer *writer, enum kill_word word, uint64_t number,
                      bool is_named)
{
    struct kill_message message = {.word = word, .txn = number, .is_named = is_named};

    kill_kept_note(writer->kept, writer->history, &message);
    return message_send(writer, &message);
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool store_create(struct kill_writer *writer)
{
    xt_create_options options = history_store_options();

    phase_set(writer, PHASE_CREATING);
    options.durability = writer->mode->durability;
    options.no_cleaning = writer->mode->no_cleaning;
    options.commit_changes = writer->mode->commit_changes;
    return CHECK_STATUS(xt_store_create(writer->path, &options, &writer->store), XT_OK);
}

/* A writer before may have died in the middle of the creation: then there is no store. */
static bool store_open(struct kill_writer *writer)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_error error = {.status = XT_OK};
    xt_status status;

    phase_set(writer, PHASE_OPENING);
    options.writable = true;
    options.durability = writer->mode->durability;
    options.verify = writer->mode->verify;
    options.no_cleaning = writer->mode->no_cleaning;
    options.commit_changes = writer->mode->commit_changes;
    options.window_bytes = HISTORY_WINDOW_BYTES;
    options.error = &error;
    status = xt_store_open(writer->path, &options, &writer->store);
    if (status == XT_ENOTFOUND && writer->history->version == 0)
        return store_create(writer);
    if (!CHECK_STATUS(status, XT_OK))
        printf("    %s at %llu: %s\n", error.path, (unsigned long long)error.offset, error.check);
    return status == XT_OK;
}

/* What a writer finds is what it has committed itself, or what the judge has found; or the commit
 * in which the last writer died, even if readers do not see it before a writer has opened. */
static bool store_compare(struct kill_writer *writer)
{
    xt_snapshot *snapshot;
    uint64_t version;
    bool holds;

    if (!CHECK_STATUS(xt_snapshot_latest(writer->store, &snapshot), XT_OK))
        return false;
    holds = CHECK_STATUS(history_read_version(snapshot, &version), XT_OK);
    if (holds && version == writer->trying && version > writer->history->version)
        history_advance(writer->history, version);
    holds = holds && CHECK_U64(version, writer->history->version) &&
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

static bool commit_and_sync(struct kill_writer *writer)
{
    bool holds = commit(writer);

    phase_set(writer, PHASE_COMMITTING);
    holds = holds && CHECK_STATUS(xt_store_sync(writer->store, NULL), XT_OK);
    phase_set(writer, PHASE_CHANGING);
    return holds && tell(writer, WORD_DONE);
}

/* With limits for commits, some publishes are commits. */
static bool publish(struct kill_writer *writer)
{
    bool holds = tell(writer, WORD_TRYING);
    uint64_t before = txn_of(writer);

    phase_set(writer, PHASE_COMMITTING);
    holds = holds && CHECK_STATUS(xt_store_publish(writer->store), XT_OK);
    phase_set(writer, PHASE_CHANGING);
    return holds && (txn_of(writer) == before || tell(writer, WORD_DONE));
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

/* The newest commit, sometimes with a name. */
static bool keep(struct kill_writer *writer)
{
    bool is_named = check_random(&writer->random) % 2 == 0;
    uint64_t number;
    uint64_t txn;
    char name[32];
    bool holds;

    if (!commit(writer) || writer->kept->count == KEPT_MAX)
        return writer->kept->count == KEPT_MAX;
    snprintf(name, sizeof name, "version %llu", (unsigned long long)writer->history->version);
    txn = txn_of(writer);
    holds = tell_kept(writer, WORD_KEEPING, txn, is_named);
    phase_set(writer, PHASE_KEEPING);
    holds =
        holds &&
        CHECK_STATUS(xt_store_keep(writer->store, is_named ? name : NULL, &number, NULL), XT_OK) &&
        CHECK_U64(number, txn);
    phase_set(writer, PHASE_CHANGING);
    return holds && tell_kept(writer, WORD_KEPT, number, is_named) &&
           kept_are_shown(writer->kept, writer->store);
}

static bool drop(struct kill_writer *writer)
{
    uint64_t number;
    bool holds;

    if (!commit(writer) || writer->kept->count == 0)
        return writer->kept->count == 0;
    number = writer->kept->snapshots[check_random(&writer->random) % writer->kept->count].number;
    holds = tell_kept(writer, WORD_DROPPING, number, false);
    phase_set(writer, PHASE_KEEPING);
    holds = holds && CHECK_STATUS(xt_store_drop(writer->store, number, NULL), XT_OK);
    phase_set(writer, PHASE_CHANGING);
    return holds && tell_kept(writer, WORD_DROPPED, number, false);
}

/* Snapshots without a name may go; which ones went is looked up. */
static bool retain(struct kill_writer *writer)
{
    xt_retention rule = {.struct_size = sizeof rule, .keep_last = 1 + writer->random % 3};
    struct kept before;
    uint64_t dropped;
    bool holds = commit(writer);

    for (size_t i = 0; i < writer->kept->count && holds; i++) {
        if (!writer->kept->snapshots[i].is_named)
            holds = tell_kept(writer, WORD_DROPPING, writer->kept->snapshots[i].number, false);
    }
    before = *writer->kept;
    phase_set(writer, PHASE_KEEPING);
    holds = holds && CHECK_STATUS(xt_store_retain(writer->store, &rule, &dropped, NULL), XT_OK);
    phase_set(writer, PHASE_CHANGING);
    holds = holds && kept_are_shown(writer->kept, writer->store) &&
            CHECK_U64(writer->kept->count, before.count - dropped);
    for (size_t i = 0; i < before.count && holds; i++) {
        uint64_t number = before.snapshots[i].number;
        bool is_there = kept_find(writer->kept, number) != NULL;

        holds = tell_kept(writer, is_there ? WORD_KEPT : WORD_DROPPED, number, false);
    }
    return holds;
}

static bool reopen(struct kill_writer *writer)
{
    if (!commit(writer))
        return false;
    phase_set(writer, PHASE_CLOSING);
    if (!CHECK_STATUS(xt_store_close(writer->store), XT_OK))
        return false;
    writer->store = NULL;
    if (!store_open(writer) || !store_compare(writer) ||
        !kept_are_shown(writer->kept, writer->store))
        return false;
    phase_set(writer, PHASE_CHANGING);
    return true;
}

static const struct operation {
    enum kill_operation operation;
    unsigned weight;
    bool (*run)(struct kill_writer *writer);
} operations[] = {
    {OPERATION_COMMIT,   20, commit         },
    {OPERATION_SYNC,     2,  commit_and_sync},
    {OPERATION_PUBLISH,  6,  publish        },
    {OPERATION_ROLLBACK, 3,  rollback       },
    {OPERATION_CLEAN,    2,  clean          },
    {OPERATION_KEEP,     2,  keep           },
    {OPERATION_DROP,     1,  drop           },
    {OPERATION_RETAIN,   1,  retain         },
    {OPERATION_REOPEN,   1,  reopen         },
};

static const struct operation *operation_draw(uint64_t *random)
{
    unsigned total = 0;
    unsigned drawn;
    size_t i = 0;

    for (size_t j = 0; j < CHECK_COUNT(operations); j++)
        total += operations[j].weight;
    drawn = (unsigned)(check_random(random) % total);
    while (drawn >= operations[i].weight)
        drawn -= operations[i++].weight;
    return &operations[i];
}

void kill_writer_run(struct kill_writer *writer)
{
    bool holds = store_open(writer) && store_compare(writer) && tell(writer, WORD_DONE) &&
                 kept_are_shown(writer->kept, writer->store);

    writer->trying = 0;
    phase_set(writer, PHASE_CHANGING);
    while (holds) {
        const struct operation *operation = operation_draw(&writer->random);

        holds = CHECK_STATUS(history_step(writer->history, writer->store), XT_OK) &&
                operation->run(writer);
        atomic_fetch_add_explicit(&writer->board->operations[operation->operation], 1,
                                  memory_order_relaxed);
        atomic_fetch_add_explicit(&writer->board->passes, 1, memory_order_relaxed);
    }
    (void)tell(writer, WORD_FAILED);
}
