/* tests/fault/test_fault_campaign.c -- when any one call fails in a life of 200 commits, does the
 * store say so, keep what was committed, and go on, or refuse to, as documented?
 *
 * The life (support/script.h) runs once. Before each call to the system the process forks: in the
 * child this very call fails, once or from then on, in one of several ways; the parent goes on
 * without. So every index of the life fails in turn, and each child lives on from the middle of it:
 * it looks at the handle, tries again, closes, counts what was not given back, and opens the store
 * as after a restart.
 *
 *     test_fault_campaign --every 1      every call in every way (make fault)
 *     test_fault_campaign --every 50     one in fifty, from --seed on
 *     test_fault_campaign --every 1 --from 9000     from the 9,000th call on
 *     test_fault_campaign --apart                   another life
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"
#include "format/arena_file.h"
#include "support/check.h"
#include "support/disk_os.h"
#include "support/fail_os.h"
#include "support/script.h"
#include "txn/figures.h"

#define COMMITS 200
#define CHILDREN_MAX 2
#define STEPS_AFTER 12

/* In the second, commits are so large that their leaves lie in an arena of their own: most are
 * written to two files. */
static const struct script_world WORLDS[] = {
    {"life of 200 commits",    2,  XT_BOXES, 16,  16, 60,  0, 0},
    {"the same, leaves apart", 32, XT_BOXES, 128, 16, 100, 0, 0},
};

enum way_kinds { MEMORY = 1, FILES = 2, WRITES = 4, SYNCS = 8, FOLDERS = 16 };

static const struct way {
    const char *name;
    unsigned kinds;
    int fail_with;
    bool forever;
    bool short_first;
    enum disk_sync_model model; /* 0: the call fails without the disk's help */
} WAYS[] = {
    {"no memory, once",                       MEMORY,         ENOMEM, false, false, 0                  },
    {"no memory any more",                    MEMORY,         ENOMEM, true,  false, 0                  },
    {"EIO once",                              FILES | WRITES, EIO,    false, false, 0                  },
    {"EIO for ever",                          FILES | WRITES, EIO,    true,  false, 0                  },
    {"ENOSPC once",                           FILES | WRITES, ENOSPC, false, false, 0                  },
    {"ENOSPC for ever",                       FILES | WRITES, ENOSPC, true,  false, 0                  },
    {"EIO once, a part was written",          WRITES,         EIO,    false, true,  0                  },
    {"ENOSPC for ever, a part was written",   WRITES,         ENOSPC, true,  true,  0                  },
    {"sync: EIO, clean with the new content", SYNCS,          EIO,    false, false, DISK_SYNC_CLEAN_NEW},
    {"sync: EIO, clean with the old content", SYNCS,          EIO,    false, false, DISK_SYNC_CLEAN_OLD},
    {"sync: nothing is written, said later",  SYNCS,          EIO,    false, false, DISK_SYNC_LATE     },
    {"folder: EIO, clean with the new names", FOLDERS,        EIO,    false, false, DISK_SYNC_NAMES    },
};

/* One life, and what of it is the child's. */
struct life {
    struct fail_os fail;
    struct disk_os *disk;
    struct script script;
    const struct way *way; /* NULL: in the parent */
    bool is_due;           /* the next step tells how the call's failure was taken */
    uint64_t number;       /* of the call that failed */
    unsigned kind;
    bool is_of_spare; /* a sync of an arena's file that holds nothing yet */
    unsigned children;
    uint64_t counts[CHECK_COUNT(WAYS)];
    bool has_failed;
};

static struct life life;
static uint64_t every = 120;
static uint64_t first; /* calls before it are let through */
static const struct script_world *world = &WORLDS[0];

/* ---- parents and children ------------------------------------------------------------------- */

static unsigned kinds_of(unsigned kind)
{
    if ((kind & (FAIL_ALLOC | FAIL_RESERVE | FAIL_PLACE_MEMORY | FAIL_MUTEX | FAIL_THREAD)) != 0)
        return MEMORY;
    if (kind == FAIL_WRITE)
        return WRITES;
    if (kind == FAIL_SYNC_FOLDER)
        return FILES | FOLDERS;
    return kind == FAIL_SYNC ? FILES | SYNCS : FILES;
}

static void child_wait(void)
{
    int status;

    if (wait(&status) > 0 && status != 0) {
        if (WIFSIGNALED(status))
            printf("    a child ended by signal %d\n", WTERMSIG(status));
        life.has_failed = true;
    }
    life.children--;
}

/* An arena that is made ahead, as long as no commit is in it: what is behind its header is zero. */
static bool file_is_spare(xti_file file)
{
    static const char NOTHING[8];
    const struct xti_os *os = disk_os_table(life.disk);
    char begin[8], data[8];

    return os->read_at(os, file, 0, begin, sizeof begin) == 0 &&
           memcmp(begin, XTD_ARENA_MAGIC, 8) == 0 &&
           (os->read_at(os, file, XTD_PAGE_BYTES, data, sizeof data) != 0 ||
            memcmp(data, NOTHING, sizeof data) == 0);
}

/* True in the child. */
static bool child_make(const struct way *way, unsigned kind, uint64_t number)
{
    pid_t pid;

    while (life.children >= CHILDREN_MAX)
        child_wait();
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        life.way = way;
        life.is_due = true;
        life.kind = kind;
        life.number = number;
        life.is_of_spare = kind == FAIL_SYNC && file_is_spare(life.fail.synced);
        life.children = 0;
        return true;
    }
    CHECK(pid > 0);
    life.children++;
    life.counts[way - WAYS]++;
    return false;
}

/* To a person who waits for half an hour. */
static void progress_tell(uint64_t number)
{
    uint64_t failures = 0;

    if (every != 1 || number % 500 != 0)
        return;
    for (size_t i = 0; i < CHECK_COUNT(WAYS); i++)
        failures += life.counts[i];
    fprintf(stderr, "call %" PRIu64 ", commit %" PRIu64 " of %d: %" PRIu64 " failures so far\n",
            number, (uint64_t)life.script.expected.newest, COMMITS, failures);
}

static void call_choose(struct fail_os *fail, unsigned kind, uint64_t number)
{
    progress_tell(number);
    if (life.has_failed || number < first || (number + check_seed) % every != 0)
        return;
    for (size_t i = 0; i < CHECK_COUNT(WAYS); i++) {
        const struct way *way = &WAYS[i];

        if ((way->kinds & kinds_of(kind)) == 0 || !child_make(way, kind, number))
            continue;
        fail->choose = NULL;
        if (way->model != 0) {
            disk_os_fail_sync(life.disk, 1, way->model);
            return;
        }
        fail->fail_at = number;
        fail->fail_forever = way->forever;
        fail->fail_with = way->fail_with;
        fail->short_first = way->short_first;
        return;
    }
}

/* ---- what a child looks at ------------------------------------------------------------------- */

/* Failures that are got over: a view of a file that stays private memory; a list of free blocks
 * that stays short; leftovers that stay. */
static bool may_be_ignored(void)
{
    static const char NOTHING[8];
    unsigned kinds = FAIL_ALLOC | FAIL_THREAD | FAIL_PLACE_FILE | FAIL_PLACE_MEMORY | FAIL_LIST |
                     FAIL_REMOVE | FAIL_REMOVE_FOLDER;

    /* What a writer tells of itself in LOCK; zeroes that are written ahead; a spare arena. */
    if (life.kind == FAIL_WRITE && strcmp(life.script.step, "create") != 0 &&
        (life.fail.hit_bytes == XTI_FIGURES_BYTES || memcmp(life.fail.hit_begin, NOTHING, 8) == 0 ||
         memcmp(life.fail.hit_begin, XTD_ARENA_MAGIC, 8) == 0))
        return true;
    /* A spare arena whose file cannot be synced is given up. */
    if (life.is_of_spare && strcmp(life.script.step, "create") != 0)
        return true;
    /* Whether closing made everything durable is not told. */
    if (strcmp(life.script.step, "reopen") == 0)
        return true;
    /* Views of arenas that a commit seals; when a store is created the folder above its own, which
     * may not be readable. */
    if (strcmp(life.script.step, "create") == 0)
        kinds |= FAIL_SYNC_FOLDER;
    else
        kinds |= FAIL_OPEN | FAIL_READ | FAIL_SIZE;
    return (life.kind & kinds) != 0;
}

static bool status_fits(xt_status status)
{
    if (status == XT_OK)
        return CHECK(may_be_ignored() || life.way->model == DISK_SYNC_LATE);
    if (status == XT_EMISUSE &&
        (strcmp(life.script.step, "clean") == 0 || strcmp(life.script.step, "load") == 0))
        return true; /* what cleaning or a move that failed has copied stays pending */
    return CHECK(status == XT_EIO || status == XT_ENOMEM || status == XT_EFULL ||
                 status == XT_EBROKEN);
}

/* Refuses to write, and still reads. */
static bool broken_handle_holds(void)
{
    static const double corner[XT_DIMS_MAX];
    struct script *script = &life.script;

    life.fail.fail_at = 0;
    return CHECK_STATUS(xt_store_insert(script->store, 1, corner, NULL), XT_EBROKEN) &&
           CHECK_STATUS(xt_store_commit(script->store, NULL), XT_EBROKEN) &&
           CHECK_STATUS(xt_store_publish(script->store), XT_EBROKEN) &&
           CHECK_STATUS(xt_store_rollback(script->store), XT_EBROKEN) && script_holds(script);
}

/* After one failure everything works again. */
static bool handle_goes_on(void)
{
    struct script *script = &life.script;
    bool holds = script->store == NULL || script_holds(script);

    if (script->store == NULL) {
        xt_status status =
            script->expected.newest == 0 ? script_create(script) : script_reopen(script);

        holds = CHECK_STATUS(status, XT_OK);
    }
    holds = holds && CHECK_STATUS(script_commit(script), XT_OK) && script_holds(script);
    for (int i = 0; holds && i < STEPS_AFTER; i++)
        holds = CHECK_STATUS(script_step(script), XT_OK);
    return holds;
}

/* While everything fails nothing gets worse. A step may still succeed: publishing needs little. */
static bool handle_survives(void)
{
    struct script *script = &life.script;
    bool holds = true;

    for (int i = 0; holds && i < STEPS_AFTER && script->store != NULL; i++) {
        xt_status status = script_step(script);

        holds = status == XT_OK || status_fits(status);
    }
    life.fail.fail_at = 0;
    return holds && (script->store == NULL || script_holds(script));
}

/* A sync that lied: the next one tells. */
static xt_status handle_waits_for_the_truth(void)
{
    struct script *script = &life.script;
    xt_status status = XT_OK;

    for (int i = 0; status == XT_OK && i < 10 * STEPS_AFTER; i++)
        status = script_step(script);
    return status;
}

static bool ends_clean(void)
{
    xt_store *store = life.script.store;

    life.script.store = NULL;
    return CHECK_STATUS(xt_store_close(store), XT_OK) && CHECK(fail_os_is_clean(&life.fail));
}

/* A sync has failed and files show old content again. Until a writer has opened the store, a reader
 * may find parts of ordered commits lost; it is told so, and never shown anything else. */
static bool is_right_or_corrupt(xt_store *store)
{
    bool right;
    xt_status status = script_tries(world, life.script.seed, &life.script.expected, store, &right);

    return CHECK(right) && CHECK(status == XT_OK || status == XT_ECORRUPT);
}

/* After a sync of HEAD that failed and showed old content again, a reader may show an older commit
 * until a writer has opened the store. */
static bool opens_right(struct disk_os *disk, bool writable, uint64_t *number)
{
    struct script_expected expected = life.script.expected;
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store;
    xt_status status;
    bool holds;

    *number = 0;
    options.writable = writable;
    options.window_bytes = UINT64_C(256) << 20;
    status = xti_store_open(disk_os_table(disk), SCRIPT_PATH, &options, &store);
    if (status == XT_ENOTFOUND && life.script.expected.lowest == 0)
        return true;
    if (!CHECK_STATUS(status, XT_OK))
        return false;
    if (!writable && life.way->model == DISK_SYNC_CLEAN_OLD && expected.newest > 0)
        expected.lowest = 1;
    if (!writable && life.way->model == DISK_SYNC_CLEAN_OLD && life.script.durability == XT_ORDERED)
        holds = is_right_or_corrupt(store);
    else
        holds = script_finds(world, life.script.seed, &expected, store, number);
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

/* A writer finds what a reader finds, or a later commit whose call had failed, and one more commit
 * works. The script of that goes to *next, whose store is closed. */
static bool restarts_right(struct disk_os *disk, struct script *next)
{
    uint64_t of_reader;
    uint64_t number;
    bool holds;

    script_init(next, disk_os_table(disk), SCRIPT_PATH, world, life.script.seed);
    if (!opens_right(disk, false, &of_reader) || !opens_right(disk, true, &number) ||
        !CHECK(number >= of_reader))
        return false;
    script_continue(next, &life.script.expected, number, disk_os_table(disk), &life.script);
    holds = CHECK_STATUS(number == 0 ? script_create(next) : script_reopen(next), XT_OK) &&
            script_holds(next) && CHECK_STATUS(script_insert(next), XT_OK) &&
            CHECK_STATUS(script_commit(next), XT_OK);
    CHECK_STATUS(xt_store_close(next->store), XT_OK);
    next->store = NULL;
    return holds;
}

/* What was committed after the restart stays when the power fails. */
static bool restart_lasts(struct disk_os *disk)
{
    struct script_expected *expected = &life.script.expected;
    struct script next;
    bool holds = restarts_right(disk, &next);

    if (holds) {
        struct disk_os *after = disk_os_reboot(disk, DISK_LOSE_ALL, 0);
        struct script_expected before = *expected;
        uint64_t number;

        *expected = next.expected;
        holds = opens_right(after, false, &number);
        *expected = before;
        disk_os_destroy(after);
    }
    script_release(&next);
    return holds;
}

/* The machine loses power instead: with all modes where a sync went wrong, else with two. */
static bool power_loss_is_survived(void)
{
    int chosen = (int)(life.number / every % DISK_MODE_COUNT);
    bool holds = true;

    for (int mode = 0; holds && mode < DISK_MODE_COUNT; mode++) {
        struct disk_os *after;

        if (life.way->model == 0 && mode != DISK_LOSE_ALL && mode != chosen)
            continue;
        after = disk_os_reboot(life.disk, (enum disk_mode)mode, life.number);
        holds = restart_lasts(after);
        disk_os_destroy(after);
    }
    return holds;
}

/* The disk lied: what it lost is lost. No answer is wrong, and without a power loss nothing is
 * missing. */
static bool lie_gives_no_wrong_answers(void)
{
    struct script next;
    bool holds = true;

    for (int mode = 0; holds && mode < DISK_MODE_COUNT; mode++) {
        struct disk_os *after = disk_os_reboot(life.disk, (enum disk_mode)mode, life.number);
        xt_open_options options = XT_OPEN_OPTIONS_INIT;
        xt_store *store;

        options.writable = mode % 2 == 0;
        options.window_bytes = UINT64_C(256) << 20;
        if (xti_store_open(disk_os_table(after), SCRIPT_PATH, &options, &store) == XT_OK)
            (void)script_tries(world, life.script.seed, &life.script.expected, store, &holds);
        CHECK_STATUS(xt_store_close(store), XT_OK);
        disk_os_destroy(after);
    }
    holds = restarts_right(life.disk, &next) && holds;
    script_release(&next);
    return holds;
}

static bool child_holds(xt_status status)
{
    struct script *script = &life.script;
    bool holds = status_fits(status);

    script->expected.unsure_may_lack_files = life.way->model == DISK_SYNC_NAMES;
    if (life.way->model == DISK_SYNC_LATE && status == XT_OK)
        status = handle_waits_for_the_truth();
    if (holds && status == XT_EBROKEN)
        holds = broken_handle_holds();
    else if (holds && life.way->forever)
        holds = handle_survives();
    else if (holds && life.way->model == 0)
        holds = handle_goes_on();
    if (script->store == NULL && script->expected.newest == 0)
        script->expected.may_go_on = true;
    holds = ends_clean() && holds;
    if (holds && life.way->model == DISK_SYNC_LATE)
        return lie_gives_no_wrong_answers();
    return holds && power_loss_is_survived() && restart_lasts(life.disk);
}

static void child_end(xt_status status)
{
    bool holds = child_holds(status);

    if (!holds)
        printf("    %s, %s: call %" PRIu64 " (%s) in step %s gave %s\n", world->name,
               life.way->name, life.number, fail_kind_name(life.kind), life.script.step,
               xt_status_name(status));
    fflush(stdout);
    _exit(holds ? 0 : 1);
}

/* ---- the life -------------------------------------------------------------------------------- */

static void life_run(void)
{
    xt_status status;

    memset(&life, 0, sizeof life);
    life.disk = disk_os_create(check_seed);
    fail_os_init(&life.fail, disk_os_table(life.disk));
    life.fail.choose = call_choose;
    script_init(&life.script, &life.fail.os, SCRIPT_PATH, world, check_seed);
    status = script_create(&life.script);
    while (!life.has_failed && life.script.expected.newest < COMMITS) {
        if (life.is_due)
            child_end(status);
        if (!CHECK_STATUS(status, XT_OK))
            break;
        status = script_step(&life.script);
    }
    if (life.is_due)
        child_end(status);
    while (life.children > 0)
        child_wait();
    life.fail.choose = NULL; /* how closing fails is seen where the life opens its store again */
    script_release(&life.script);
    CHECK(fail_os_is_clean(&life.fail));
    disk_os_destroy(life.disk);
}

static void any_call_of_two_hundred_commits_may_fail(void)
{
    uint64_t total = 0;

    life_run();
    for (size_t i = 0; i < CHECK_COUNT(WAYS); i++) {
        printf("%-40s %8" PRIu64 "\n", WAYS[i].name, life.counts[i]);
        total += life.counts[i];
    }
    printf("%" PRIu64 " failures in %d commits of %" PRIu64 " calls, every %" PRIu64
           ", seed %" PRIu64 ": %s\n",
           total, COMMITS, (uint64_t)life.fail.calls, every, check_seed,
           life.has_failed ? "FAILED" : "nothing lost, nothing left");
    CHECK(!life.has_failed);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"any_call_of_two_hundred_commits_may_fail", any_call_of_two_hundred_commits_may_fail},
    };
    int rest = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--every") == 0 && i + 1 < argc)
            every = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--from") == 0 && i + 1 < argc)
            first = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--apart") == 0)
            world = &WORLDS[1];
        else
            argv[rest++] = argv[i];
    }
    return check_main(tests, CHECK_COUNT(tests), rest, argv);
}
