/* tests/kill/test_kill.c -- is anything that was acknowledged missing when the writer is killed?
 *
 * A writer changes a store in a real folder until SIGKILL strikes, at any time, half of the time
 * aimed at the inside of a commit, while readers in other processes go on. Then the judge opens the
 * store: it must hold the last commit that was acknowledged, or the one that had begun; a deep
 * check is clean; what it holds is what the history says. The next writer goes on with the
 * same store, or now and then with a fresh one.
 *
 *     test_kill --kills N        so many (40)
 *     test_kill --seed N         other changes; when a kill strikes, depends on the machine, too
 *     test_kill --folder PATH    works there; what broke stays there
 *
 * A kill loses nothing that the system has taken over, synced or not: what a power loss takes away,
 * is tested on a disk that loses it (tests/crash).
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kill.h"
#include "support/check.h"

#define LIVES_MAX 40 /* writers that one store sees */
#define STORE_BYTES_MAX (UINT64_C(64) << 20)
#define PASSES_MAX 40 /* operations of a writer before a strike is due */

static uint64_t kills_wanted = 40;
static const char *folder_wanted;

struct totals {
    uint64_t kills, stores, recovered; /* recovered: the commit that had begun was there */
    uint64_t by_phase[PHASE_COUNT];
    uint64_t readers_killed;
};

struct judge {
    char path[4200];
    struct kill_board *board;
    struct history acked; /* of the last commit that was acknowledged; then what was found */
    struct history reader_history;
    struct kept kept; /* as the messages of the last writer leave them */
    uint64_t acked_txn;
    uint64_t trying; /* the version of a commit that had begun; not above acked: none */
    uint64_t random;
    unsigned lives_left;
    pid_t readers[KILL_READERS];
    struct totals totals;
};

/* ---- processes ------------------------------------------------------------------------------- */

static bool died_of(pid_t process, int signal_number)
{
    int state = 0;

    if (!CHECK_INT(waitpid(process, &state, 0), process))
        return false;
    if (signal_number == 0)
        return CHECK_INT(WIFEXITED(state) ? WEXITSTATUS(state) : -1, 0);
    return CHECK_INT(WIFSIGNALED(state) ? WTERMSIG(state) : -1, signal_number);
}

/* What a child prints must not come twice. */
static pid_t child_start(void)
{
    fflush(stdout);
    return fork();
}

static bool reader_start(struct judge *judge, unsigned number)
{
    uint64_t random = check_random(&judge->random);
    pid_t process = child_start();

    if (process == 0) {
        bool holds;

        judge->reader_history = judge->acked;
        holds = kill_reader_run(judge->path, &judge->board->readers[number], judge->board,
                                &judge->reader_history, random);
        fflush(stdout);
        _exit(holds ? 0 : 1);
    }
    judge->readers[number] = process;
    return CHECK(process > 0);
}

static bool readers_start(struct judge *judge)
{
    bool holds = true;

    atomic_store_explicit(&judge->board->is_over, false, memory_order_relaxed);
    for (unsigned i = 0; i < KILL_READERS && holds; i++) {
        atomic_store_explicit(&judge->board->readers[i].version, 0, memory_order_relaxed);
        atomic_store_explicit(&judge->board->readers[i].txn, 0, memory_order_relaxed);
        holds = reader_start(judge, i);
    }
    return holds;
}

static bool readers_end(struct judge *judge)
{
    bool holds = true;

    atomic_store_explicit(&judge->board->is_over, true, memory_order_relaxed);
    for (unsigned i = 0; i < KILL_READERS; i++) {
        if (judge->readers[i] > 0)
            holds = died_of(judge->readers[i], 0) && holds;
        judge->readers[i] = 0;
    }
    return holds;
}

/* A reader that dies disturbs nobody. The next one goes on where the store is. */
static bool reader_kill(struct judge *judge, unsigned number)
{
    kill(judge->readers[number], SIGKILL);
    judge->totals.readers_killed++;
    return died_of(judge->readers[number], SIGKILL) && reader_start(judge, number);
}

static pid_t writer_start(struct judge *judge, int *read_end)
{
    uint64_t random = check_random(&judge->random);
    const struct kill_mode *mode = &kill_modes[random % kill_mode_count];
    int ends[2];
    pid_t process;

    atomic_store_explicit(&judge->board->phase, PHASE_STARTING, memory_order_relaxed);
    atomic_store_explicit(&judge->board->passes, 0, memory_order_relaxed);
    check_row = mode->name;
    if (!CHECK_INT(pipe(ends), 0))
        return -1;
    process = child_start();
    if (process == 0) {
        struct kill_writer writer = {
            .path = judge->path,
            .mode = mode,
            .board = judge->board,
            .history = &judge->acked,
            .trying = judge->trying,
            .kept = &judge->kept,
            .random = random,
            .pipe = ends[1],
        };

        close(ends[0]);
        kill_writer_run(&writer);
        fflush(stdout);
        _exit(1);
    }
    close(ends[1]);
    *read_end = ends[0];
    CHECK(process > 0);
    return process;
}

/* ---- striking -------------------------------------------------------------------------------- */

static void wait_ns(uint64_t ns)
{
    struct timespec time = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};

    if (ns < 50000) {
        for (volatile uint64_t i = 0; i < ns; i++)
            ;
        return;
    }
    nanosleep(&time, NULL);
}

/* From a microsecond up to ten milliseconds, each order of magnitude as often. */
static uint64_t delay_draw(uint64_t *random)
{
    uint64_t most = 1000;

    for (uint64_t i = check_random(random) % 5; i > 0; i--)
        most *= 10;
    return check_random(random) % most + 1;
}

/* Looks until the writer is there, or has done much else: it may have ended. */
static void phase_wait(struct judge *judge, enum kill_phase phase, uint64_t passes)
{
    uint64_t passed = 0;

    for (unsigned i = 0; i < 2000000 && passed < passes + PASSES_MAX; i++) {
        passed = atomic_load_explicit(&judge->board->passes, memory_order_relaxed);
        if (passed >= passes &&
            atomic_load_explicit(&judge->board->phase, memory_order_acquire) == phase)
            return;
        if (i % 64 == 63)
            sched_yield();
    }
}

/* Half of the strikes are aimed at a commit. A fresh store is often hit while it is made. */
static void strike(struct judge *judge, pid_t writer)
{
    static const enum kill_phase aims[] = {
        PHASE_COMMITTING, PHASE_COMMITTING, PHASE_COMMITTING, PHASE_COMMITTING, PHASE_COMMITTING,
        PHASE_CHANGING,   PHASE_KEEPING,    PHASE_CLEANING,   PHASE_OPENING,    PHASE_CLOSING,
    };
    enum kill_phase aim = aims[check_random(&judge->random) % CHECK_COUNT(aims)];
    uint64_t passes = check_random(&judge->random) % PASSES_MAX;
    uint64_t delay = delay_draw(&judge->random);

    if (judge->acked.version == 0 && passes % 2 == 0)
        aim = PHASE_CREATING;
    if (aim == PHASE_OPENING || aim == PHASE_CREATING)
        passes = 0;
    phase_wait(judge, aim, passes);
    wait_ns(aim == PHASE_CHANGING ? delay : delay / 8);
    kill(writer, SIGKILL);
}

/* ---- what is left ---------------------------------------------------------------------------- */

static bool message_take(struct judge *judge, const struct kill_message *message)
{
    if (message->word == WORD_TRYING)
        judge->trying = message->version;
    kill_kept_note(&judge->kept, &judge->acked, message);
    if (message->word != WORD_DONE)
        return CHECK(message->word != WORD_FAILED);
    history_advance(&judge->acked, message->version);
    judge->acked_txn = message->txn;
    return CHECK_U64(judge->acked.version, message->version) &&
           CHECK_U64(judge->acked.answers[0], message->answer);
}

static bool messages_take(struct judge *judge, int read_end)
{
    struct kill_message message;
    bool holds = true;
    ssize_t size;

    while ((size = read(read_end, &message, sizeof message)) == sizeof message)
        holds = message_take(judge, &message) && holds;
    close(read_end);
    return CHECK_INT(size, 0) && holds;
}

/* Not older than what was acknowledged and what any reader has seen. */
static bool version_judge(struct judge *judge, const xt_snapshot *snapshot)
{
    uint64_t version;

    if (!CHECK_STATUS(history_read_version(snapshot, &version), XT_OK) ||
        !(version == judge->trying || CHECK_U64(version, judge->acked.version)) ||
        !CHECK(xt_snapshot_txn(snapshot) >= judge->acked_txn)) {
        printf("    commit %" PRIu64 ", acknowledged %" PRIu64 ", begun version %" PRIu64 "\n",
               xt_snapshot_txn(snapshot), judge->acked_txn, judge->trying);
        return false;
    }
    for (unsigned i = 0; i < KILL_READERS; i++) {
        if (!CHECK(version >= judge->board->readers[i].version) ||
            !CHECK(xt_snapshot_txn(snapshot) >= judge->board->readers[i].txn))
            return false;
    }
    judge->totals.recovered += version > judge->acked.version;
    history_advance(&judge->acked, version);
    judge->acked_txn = xt_snapshot_txn(snapshot);
    return history_is_shown(&judge->acked, snapshot);
}

static bool deep_check(xt_store *store)
{
    xt_check_options options = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;

    options.deep = true;
    return CHECK_STATUS(xt_store_check(store, &options, &report), XT_OK);
}

static bool size_judge(struct judge *judge, xt_store *store)
{
    xt_store_stats stats = {.struct_size = sizeof stats};

    if (!CHECK_STATUS(xt_store_stat(store, &stats), XT_OK))
        return false;
    if (stats.committed_bytes > STORE_BYTES_MAX)
        judge->lives_left = 0;
    return true;
}

/* Most often as a reader, who changes nothing: so the next writer finds what the dead one left. */
static bool store_judge(struct judge *judge)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_snapshot *snapshot;
    xt_store *store;
    xt_status status;
    bool holds;

    options.window_bytes = HISTORY_WINDOW_BYTES;
    options.writable = check_random(&judge->random) % 8 == 0;
    status = xt_store_open(judge->path, &options, &store);
    if (status == XT_ENOTFOUND && judge->acked.version == 0)
        return true;
    if (!CHECK_STATUS(status, XT_OK))
        return false;
    holds = CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
    if (holds) {
        holds = version_judge(judge, snapshot) && kept_are_shown(&judge->kept, store) &&
                deep_check(store) && size_judge(judge, store);
        xt_snapshot_release(snapshot);
    }
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

static bool readers_judge(struct judge *judge)
{
    bool holds = true;

    for (unsigned i = 0; i < KILL_READERS; i++)
        holds = CHECK_INT(judge->board->readers[i].mistakes, 0) && holds;
    return holds;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static bool round_run(struct judge *judge)
{
    int read_end = -1;
    pid_t writer = writer_start(judge, &read_end);
    bool holds;

    if (writer <= 0)
        return false;
    strike(judge, writer);
    holds = died_of(writer, SIGKILL);
    judge->totals.kills++;
    judge->totals.by_phase[judge->board->phase]++;
    holds = messages_take(judge, read_end) && holds;
    holds = holds && store_judge(judge) && readers_judge(judge);
    if (holds && check_random(&judge->random) % 16 == 0)
        holds = reader_kill(judge, (unsigned)(check_random(&judge->random) % KILL_READERS));
    return holds;
}

static bool store_begin(struct judge *judge)
{
    static const size_t wanted[] = {30, 500, 3000};
    static const size_t largest[] = {8, 100, 2000};

    history_store_remove(judge->path);
    history_init(&judge->acked, check_random(&judge->random),
                 wanted[check_random(&judge->random) % 3],
                 largest[check_random(&judge->random) % 3]);
    judge->kept.count = 0;
    judge->acked_txn = 0;
    judge->trying = 0;
    judge->lives_left = 1 + (unsigned)(check_random(&judge->random) % LIVES_MAX);
    judge->totals.stores++;
    return readers_start(judge);
}

static bool store_run(struct judge *judge)
{
    bool holds = store_begin(judge);

    while (holds && judge->lives_left > 0 && judge->totals.kills < kills_wanted) {
        judge->lives_left--;
        holds = round_run(judge);
    }
    return readers_end(judge) && holds;
}

static void totals_print(const struct judge *judge)
{
    static const char *const phases[] = {
#define TEXT(name, text) [name] = (text),
        KILL_PHASE_MAP(TEXT)};
    static const char *const operations[] = {KILL_OPERATION_MAP(TEXT)
#undef TEXT
    };
    uint64_t reads = 0, versions = 0;

    printf("%10" PRIu64 " kills\n", judge->totals.kills);
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        printf("%10" PRIu64 "     %s\n", judge->totals.by_phase[i], phases[i]);
    printf("%10" PRIu64 " commits that had begun and were found whole\n", judge->totals.recovered);
    printf("%10" PRIu64 " stores\n", judge->totals.stores);
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        printf("%10llu %s\n", judge->board->operations[i], operations[i]);
    for (unsigned i = 0; i < KILL_READERS; i++) {
        reads += judge->board->readers[i].reads;
        versions += judge->board->readers[i].versions;
    }
    printf("%10" PRIu64 " snapshots of readers, %" PRIu64 " answers compared\n", versions, reads);
    printf("%10" PRIu64 " readers killed\n", judge->totals.readers_killed);
}

static void nothing_acknowledged_is_lost_when_writers_are_killed(void)
{
    static struct judge judge;
    bool holds = true;

    snprintf(judge.path, sizeof judge.path, "%s/store",
             folder_wanted != NULL ? folder_wanted : check_scratch());
    judge.random = check_seed;
    judge.board =
        mmap(NULL, sizeof *judge.board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(judge.board != MAP_FAILED))
        return;
    printf("seed %" PRIu64 "\n", check_seed);
    while (holds && judge.totals.kills < kills_wanted)
        holds = store_run(&judge);
    totals_print(&judge);
    munmap(judge.board, sizeof *judge.board);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"nothing_acknowledged_is_lost_when_writers_are_killed",
         nothing_acknowledged_is_lost_when_writers_are_killed},
    };
    int rest = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--kills") == 0 && i + 1 < argc)
            kills_wanted = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--folder") == 0 && i + 1 < argc)
            folder_wanted = argv[++i];
        else
            argv[rest++] = argv[i];
    }
    return check_main(tests, CHECK_COUNT(tests), rest, argv);
}
