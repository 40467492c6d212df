/* tests/kill/isolation_players.c -- the writer and the readers of tests/kill/test_isolation.c.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "isolation.h"
#include "support/check.h"

#define ITEMS 500
#define CHANGES 40 /* in one version at most */
#define WINDOWS_OF_A_SNAPSHOT 8
#define SNAPSHOTS_OF_A_VERSION 5
#define KEPT_MAX 4
#define VERSIONS_HELD 5000 /* how old a snapshot gets before it is released, about */

void isolation_history(struct history *history, uint64_t seed)
{
    history_init(history, seed, ITEMS, CHANGES);
}

static bool is_over(const struct isolation_board *board)
{
    return atomic_load_explicit(&board->is_over, memory_order_relaxed);
}

/* Sometimes, up to so long: the machine may have fewer processors than there are players. */
static void rest_perhaps(uint64_t *random, uint64_t one_in, uint64_t ns_max)
{
    struct timespec rest = {0, (long)(check_random(random) % ns_max)};

    if (check_random(random) % one_in == 0)
        nanosleep(&rest, NULL);
}

static void mistake_note(struct isolation_board *board)
{
    atomic_fetch_add_explicit(&board->mistakes, 1, memory_order_relaxed);
}

/* ---- readers --------------------------------------------------------------------------------- */

struct reader {
    struct isolation_board *board;
    struct isolation_queue *queue;
    struct isolation_limits *limits;
    xt_store *store; /* of all threads of the process */
    uint64_t random;
    xt_snapshot *held; /* NULL: none */
    uint64_t held_version;
    uint64_t begun;     /* the limit when the last snapshot was taken */
    uint64_t snapshots; /* taken since it changed */
    bool holds;
};

/* Waits while the queue is full. */
static void report(struct reader *reader, const struct isolation_report *what)
{
    struct isolation_queue *queue = reader->queue;
    uint64_t number = atomic_load_explicit(&queue->written, memory_order_relaxed);

    while (number - atomic_load_explicit(&queue->taken, memory_order_acquire) >=
           ISOLATION_REPORTS) {
        if (is_over(reader->board))
            return;
        sched_yield();
    }
    queue->reports[number % ISOLATION_REPORTS] = *what;
    atomic_store_explicit(&queue->written, number + 1, memory_order_release);
}

static bool windows_ask(struct reader *reader, const xt_snapshot *snapshot,
                        struct isolation_report *what, unsigned count)
{
    what->txn = xt_snapshot_txn(snapshot);
    if (!CHECK_STATUS(history_read_version(snapshot, &what->version), XT_OK))
        return false;
    for (unsigned i = 0; i < count; i++) {
        what->window = (uint32_t)(check_random(&reader->random) % HISTORY_WINDOWS);
        if (!CHECK_STATUS(history_ask(snapshot, what->window, &what->answer), XT_OK))
            return false;
        report(reader, what);
    }
    return true;
}

/* Every snapshot is asked, and some are kept to be asked again when they are old. */
static bool snapshot_read(struct reader *reader)
{
    struct isolation_report what = {0};
    xt_snapshot *snapshot;
    bool holds;

    what.before = atomic_load(&reader->limits->ended);
    if (!CHECK_STATUS(xt_snapshot_latest(reader->store, &snapshot), XT_OK))
        return false;
    what.after = atomic_load(&reader->limits->begun);
    holds = windows_ask(reader, snapshot, &what, WINDOWS_OF_A_SNAPSHOT);
    if (holds && reader->held != NULL) {
        struct isolation_report old = {.is_held = true};

        holds = windows_ask(reader, reader->held, &old, 1);
        if (what.version > reader->held_version + VERSIONS_HELD) {
            xt_snapshot_release(reader->held);
            reader->held = NULL;
        }
    }
    if (reader->held == NULL && check_random(&reader->random) % 64 == 0) {
        reader->held = snapshot;
        reader->held_version = what.version;
    } else {
        xt_snapshot_release(snapshot);
    }
    return holds;
}

/* Nothing much is learnt from the same version again and again, and the writer needs the processor.
 * Most often the reader is there when the next version comes. */
static void version_await(struct reader *reader)
{
    uint64_t begun = atomic_load(&reader->limits->begun);

    if (reader->begun != begun)
        reader->snapshots = 0;
    reader->begun = begun;
    if (reader->snapshots++ < SNAPSHOTS_OF_A_VERSION)
        return;
    for (unsigned i = 0; i < 20 && atomic_load(&reader->limits->begun) == begun; i++)
        rest_perhaps(&reader->random, 1, 100000);
}

/* One that the writer keeps, if it is still there. */
static bool kept_read(struct reader *reader)
{
    xt_snapshot_info info = {.struct_size = sizeof info};
    struct isolation_report what = {.is_held = true};
    uint64_t i = check_random(&reader->random) % KEPT_MAX;
    xt_status status = xt_store_kept(reader->store, i, &info);
    xt_snapshot *snapshot;
    bool holds;

    if (status == XT_OK)
        status = xt_snapshot_open(reader->store, info.number, NULL, &snapshot);
    if (status != XT_OK)
        return CHECK_STATUS(status, XT_ENOTFOUND);
    holds = windows_ask(reader, snapshot, &what, 2);
    xt_snapshot_release(snapshot);
    return holds;
}

static void *reader_run(void *context)
{
    struct reader *reader = context;

    reader->holds = true;
    while (reader->holds && !is_over(reader->board)) {
        version_await(reader);
        reader->holds = snapshot_read(reader);
        if (reader->holds && check_random(&reader->random) % 64 == 0)
            reader->holds = kept_read(reader);
    }
    xt_snapshot_release(reader->held);
    if (!reader->holds)
        mistake_note(reader->board);
    return NULL;
}

struct team {
    unsigned count;
    pthread_t threads[ISOLATION_READERS];
    struct reader readers[ISOLATION_READERS];
};

static bool team_start(struct team *team, const struct isolation_scene *scene, unsigned first,
                       struct isolation_limits *limits, xt_store *store)
{
    bool holds = true;

    for (unsigned i = 0; i < team->count && holds; i++) {
        struct reader *reader = &team->readers[i];

        *reader = (struct reader){.board = scene->board, .limits = limits, .store = store};
        reader->queue = &scene->board->queues[first + i];
        reader->random = scene->seed + first + i;
        holds = CHECK_INT(pthread_create(&team->threads[i], NULL, reader_run, reader), 0);
    }
    return holds;
}

static bool team_end(struct team *team)
{
    bool holds = true;

    for (unsigned i = 0; i < team->count; i++)
        holds =
            CHECK_INT(pthread_join(team->threads[i], NULL), 0) && team->readers[i].holds && holds;
    return holds;
}

bool isolation_readers_run(const struct isolation_scene *scene, unsigned process)
{
    static struct team team = {.count = ISOLATION_PROCESS_READERS};
    unsigned first = ISOLATION_WRITER_READERS + process * ISOLATION_PROCESS_READERS;
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store;
    bool holds;

    options.window_bytes = HISTORY_WINDOW_BYTES;
    holds = CHECK_STATUS(xt_store_open(scene->path, &options, &store), XT_OK);
    if (!holds) {
        mistake_note(scene->board);
        return false;
    }
    holds = team_start(&team, scene, first, &scene->board->committed, store) && team_end(&team);
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

/* ---- the writer ------------------------------------------------------------------------------ */

struct writer {
    struct isolation_board *board;
    struct history *history;
    xt_store *store;
    uint64_t kept[KEPT_MAX]; /* numbers of snapshots, in a ring */
    uint64_t kept_count;     /* so many were kept */
};

static bool publish(struct writer *writer)
{
    bool holds;

    atomic_store(&writer->board->published.begun, writer->history->version);
    holds = CHECK_STATUS(xt_store_publish(writer->store), XT_OK);
    atomic_store(&writer->board->published.ended, writer->history->version);
    return holds;
}

static bool commit(struct writer *writer)
{
    bool holds;

    atomic_store(&writer->board->published.begun, writer->history->version);
    atomic_store(&writer->board->committed.begun, writer->history->version);
    holds = CHECK_STATUS(xt_store_commit(writer->store, NULL), XT_OK);
    atomic_store(&writer->board->committed.ended, writer->history->version);
    atomic_store(&writer->board->published.ended, writer->history->version);
    return holds;
}

/* What follows the version is made, dropped, and made again by the next step. */
static bool rollback(struct writer *writer)
{
    static struct history next;

    if (!publish(writer))
        return false;
    next = *writer->history;
    return CHECK_STATUS(history_step(&next, writer->store), XT_OK) &&
           CHECK_STATUS(xt_store_rollback(writer->store), XT_OK);
}

/* Publishes and commits again and again; the version stays. */
static bool clean(struct writer *writer)
{
    return commit(writer) && CHECK_STATUS(xt_store_clean(writer->store, NULL, NULL), XT_OK);
}

/* The newest commit; the one that is kept longest, is dropped. */
static bool keep(struct writer *writer)
{
    uint64_t *place = &writer->kept[writer->kept_count % KEPT_MAX];

    if (!commit(writer))
        return false;
    if (writer->kept_count >= KEPT_MAX &&
        !CHECK_STATUS(xt_store_drop(writer->store, *place, NULL), XT_OK))
        return false;
    writer->kept_count++;
    return CHECK_STATUS(xt_store_keep(writer->store, NULL, place, NULL), XT_OK);
}

static const struct operation {
    enum isolation_operation operation;
    unsigned weight;
    bool (*run)(struct writer *writer);
} operations[] = {
    {OPERATION_PUBLISH,  12, publish },
    {OPERATION_COMMIT,   6,  commit  },
    {OPERATION_ROLLBACK, 1,  rollback},
    {OPERATION_CLEAN,    1,  clean   },
    {OPERATION_KEEP,     1,  keep    },
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

static bool versions_make(struct writer *writer, uint64_t random)
{
    bool holds = true;

    while (holds && !is_over(writer->board)) {
        const struct operation *operation = operation_draw(&random);

        holds = CHECK_STATUS(history_step(writer->history, writer->store), XT_OK) &&
                operation->run(writer);
        atomic_fetch_add_explicit(&writer->board->operations[operation->operation], 1,
                                  memory_order_relaxed);
        rest_perhaps(&random, 16, 1000000);
    }
    return holds;
}

bool isolation_writer_run(const struct isolation_scene *scene, struct history *history,
                          xt_store *store)
{
    static struct team team = {.count = ISOLATION_WRITER_READERS};
    struct writer writer = {.board = scene->board, .history = history, .store = store};
    bool holds = team_start(&team, scene, 0, &scene->board->published, store) &&
                 versions_make(&writer, scene->seed);

    if (!holds)
        mistake_note(scene->board);
    holds = team_end(&team) && holds;
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}
