/* tests/kill/test_isolation.c -- does every answer belong to one version of the store, and to one
 * that was current when the snapshot was taken?
 *
 * While a writer publishes and commits without a break, readers in its threads and in other
 * processes report each answer with the version and the commit that their snapshot tells. The judge
 * goes through the same versions alone and requires:
 *
 *   - the answer is that of this version;
 *   - the version lies between the last one that was visible for sure before the snapshot was
 *     taken, and the last one that may have been visible after;
 *   - for each reader, neither versions nor commits go back;
 *   - in other processes, the same commit is the same version for all; in the writer's, a snapshot
 *     is not older than the commit that it names.
 *
 *     test_isolation --reads N    so many answers compared (200,000)
 *     test_isolation --seed N
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "isolation.h"
#include "support/check.h"

#define VERSIONS_KNOWN 65536u
#define PROCESSES (1 + ISOLATION_PROCESSES)
#define READS_OF_A_STORE 1000000 /* at most; then comes a fresh one */

static uint64_t reads_wanted = 200000;

struct totals {
    uint64_t reads;
    uint64_t reads_held;    /* of these: of an old snapshot */
    uint64_t reads_fresh;   /* of the newest version that there can have been */
    uint64_t too_old;       /* to be compared */
    uint64_t snapshots_new; /* a reader saw a version for the first time */
    uint64_t versions;
    uint64_t operations[OPERATION_COUNT];
};

struct judge {
    struct isolation_board *board;
    struct totals totals;
    struct history history;
    uint64_t answers[VERSIONS_KNOWN][HISTORY_WINDOWS]; /* of the last versions, in a ring */
    uint64_t commits[VERSIONS_KNOWN];                  /* numbers, likewise, and their versions */
    uint64_t commit_versions[VERSIONS_KNOWN];
    uint64_t newest_version[ISOLATION_READERS];
    uint64_t newest_txn[ISOLATION_READERS];
    pid_t processes[PROCESSES];
};

/* ---- comparing ------------------------------------------------------------------------------- */

static void version_know(struct judge *judge, uint64_t version)
{
    while (judge->history.version < version) {
        (void)history_step(&judge->history, NULL);
        memcpy(judge->answers[judge->history.version % VERSIONS_KNOWN], judge->history.answers,
               sizeof judge->history.answers);
    }
}

static bool order_judge(struct judge *judge, unsigned reader, const struct isolation_report *report)
{
    bool holds = CHECK(report->version >= judge->newest_version[reader]) &&
                 CHECK(report->txn >= judge->newest_txn[reader]) &&
                 CHECK(report->version >= report->before) &&
                 CHECK(report->version <= report->after);

    judge->totals.snapshots_new += report->version > judge->newest_version[reader];
    judge->totals.reads_fresh += report->version == report->after;
    judge->newest_version[reader] = report->version;
    judge->newest_txn[reader] = report->txn;
    return holds;
}

static bool commit_judge(struct judge *judge, unsigned reader,
                         const struct isolation_report *report)
{
    size_t place = (size_t)(report->txn % VERSIONS_KNOWN);
    bool is_known = judge->commits[place] == report->txn;

    if (reader < ISOLATION_WRITER_READERS)
        return !is_known || CHECK(report->version >= judge->commit_versions[place]);
    if (is_known)
        return CHECK_U64(report->version, judge->commit_versions[place]);
    if (report->txn > judge->commits[place]) {
        judge->commits[place] = report->txn;
        judge->commit_versions[place] = report->version;
    }
    return true;
}

static bool report_judge(struct judge *judge, unsigned reader,
                         const struct isolation_report *report)
{
    bool holds = true;

    if (report->version > judge->history.version)
        version_know(judge, report->version);
    if (!report->is_held)
        holds = order_judge(judge, reader, report);
    if (report->version + VERSIONS_KNOWN <= judge->history.version) {
        judge->totals.too_old++;
        return holds;
    }
    judge->totals.reads++;
    judge->totals.reads_held += report->is_held;
    return CHECK_U64(report->answer,
                     judge->answers[report->version % VERSIONS_KNOWN][report->window]) &&
           commit_judge(judge, reader, report) && holds;
}

static bool queue_judge(struct judge *judge, unsigned reader, bool *was_empty)
{
    struct isolation_queue *queue = &judge->board->queues[reader];
    uint64_t taken = atomic_load_explicit(&queue->taken, memory_order_relaxed);
    uint64_t written = atomic_load_explicit(&queue->written, memory_order_acquire);
    bool holds = true;

    if (taken != written)
        *was_empty = false;
    for (; taken < written && holds; taken++)
        holds = report_judge(judge, reader, &queue->reports[taken % ISOLATION_REPORTS]);
    atomic_store_explicit(&queue->taken, taken, memory_order_release);
    return holds;
}

static bool reports_judge(struct judge *judge, uint64_t reads)
{
    bool holds = true;

    while (holds && judge->totals.reads < reads) {
        bool is_idle = true;

        for (unsigned i = 0; i < ISOLATION_READERS && holds; i++)
            holds = queue_judge(judge, i, &is_idle);
        holds = holds && CHECK_INT(judge->board->mistakes, 0);
        if (is_idle)
            nanosleep(&(struct timespec){0, 100000}, NULL);
    }
    return holds;
}

/* ---- processes ------------------------------------------------------------------------------- */

static bool process_run(const struct isolation_scene *scene, unsigned number,
                        struct history *history)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store;

    if (number > 0)
        return isolation_readers_run(scene, number - 1);
    options.writable = true;
    options.durability = scene->durability;
    options.window_bytes = HISTORY_WINDOW_BYTES;
    if (!CHECK_STATUS(xt_store_open(scene->path, &options, &store), XT_OK)) {
        atomic_fetch_add_explicit(&scene->board->mistakes, 1, memory_order_relaxed);
        return false;
    }
    return isolation_writer_run(scene, history, store);
}

static bool processes_start(struct judge *judge, const struct isolation_scene *scene)
{
    bool holds = true;

    for (unsigned i = 0; i < PROCESSES && holds; i++) {
        fflush(stdout);
        judge->processes[i] = fork();
        if (judge->processes[i] == 0) {
            bool held = process_run(scene, i, &judge->history);

            fflush(stdout);
            _exit(held ? 0 : 1);
        }
        holds = CHECK(judge->processes[i] > 0);
    }
    return holds;
}

static bool processes_end(struct judge *judge)
{
    bool holds = true;

    atomic_store_explicit(&judge->board->is_over, true, memory_order_relaxed);
    for (unsigned i = 0; i < PROCESSES; i++) {
        int state = -1;

        if (judge->processes[i] > 0)
            waitpid(judge->processes[i], &state, 0);
        holds = CHECK_INT(state, 0) && holds;
    }
    return holds;
}

static bool store_make(struct judge *judge, const char *path)
{
    xt_create_options options = history_store_options();
    xt_store *store;
    bool holds;

    if (!CHECK_STATUS(xt_store_create(path, &options, &store), XT_OK))
        return false;
    holds = CHECK_STATUS(history_step(&judge->history, store), XT_OK) &&
            CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    memcpy(judge->answers[1], judge->history.answers, sizeof judge->history.answers);
    judge->board->published.begun = judge->board->published.ended = 1;
    judge->board->committed.begun = judge->board->committed.ended = 1;
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

/* ---- together -------------------------------------------------------------------------------- */

static void totals_add(struct totals *sum, const struct judge *judge)
{
    sum->reads += judge->totals.reads;
    sum->reads_held += judge->totals.reads_held;
    sum->reads_fresh += judge->totals.reads_fresh;
    sum->too_old += judge->totals.too_old;
    sum->snapshots_new += judge->totals.snapshots_new;
    sum->versions += judge->history.version;
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        sum->operations[i] += judge->board->operations[i];
}

static void totals_print(const struct totals *totals)
{
    static const char *const texts[] = {
#define TEXT(name, text) [name] = (text),
        ISOLATION_OPERATION_MAP(TEXT)
#undef TEXT
    };

    printf("%12" PRIu64 " answers compared\n", totals->reads);
    printf("%12" PRIu64 "     of snapshots that were held\n", totals->reads_held);
    printf("%12" PRIu64 "     of the newest version that there can have been\n",
           totals->reads_fresh);
    printf("%12" PRIu64 " more of versions too old to be known\n", totals->too_old);
    printf("%12" PRIu64 " times a reader saw a version for the first time\n",
           totals->snapshots_new);
    printf("%12" PRIu64 " versions\n", totals->versions);
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        printf("%12" PRIu64 " %s\n", totals->operations[i], texts[i]);
}

/* One store, from its first version on. */
static bool store_run(struct isolation_scene *scene, uint64_t reads, struct totals *totals)
{
    static struct judge judge;
    bool holds;

    memset(&judge, 0, sizeof judge);
    judge.board = scene->board =
        mmap(NULL, sizeof *scene->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(scene->board != MAP_FAILED))
        return false;
    isolation_history(&judge.history, scene->seed);
    holds = store_make(&judge, scene->path) && processes_start(&judge, scene) &&
            reports_judge(&judge, reads);
    holds = processes_end(&judge) && holds;
    totals_add(totals, &judge);
    munmap(scene->board, sizeof *scene->board);
    return holds;
}

/* The modes take turns; each gets its share, however few reads are wanted. */
static void every_answer_is_that_of_one_version(void)
{
    static const struct {
        const char *name;
        xt_durability durability;
    } modes[] = {
        {"two syncs", XT_DURABLE_TWO_SYNCS},
        {"one sync",  XT_DURABLE_ONE_SYNC },
        {"ordered",   XT_ORDERED          },
    };
    const char *folder = check_scratch();
    uint64_t reads = reads_wanted / CHECK_COUNT(modes) + 1;
    struct totals totals = {0};
    bool holds = true;

    printf("seed %" PRIu64 "\n", check_seed);
    if (reads > READS_OF_A_STORE)
        reads = READS_OF_A_STORE;
    for (uint64_t i = 0; holds && totals.reads < reads_wanted; i++) {
        char path[4200];
        struct isolation_scene scene = {path, NULL, check_seed + i, XT_DURABLE};

        check_row = modes[i % CHECK_COUNT(modes)].name;
        scene.durability = modes[i % CHECK_COUNT(modes)].durability;
        snprintf(path, sizeof path, "%s/store", folder);
        holds = store_run(&scene, reads, &totals);
        if (holds)
            history_store_remove(path);
    }
    totals_print(&totals);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"every_answer_is_that_of_one_version", every_answer_is_that_of_one_version},
    };
    int rest = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--reads") == 0 && i + 1 < argc)
            reads_wanted = strtoull(argv[++i], NULL, 0);
        else
            argv[rest++] = argv[i];
    }
    return check_main(tests, CHECK_COUNT(tests), rest, argv);
}
