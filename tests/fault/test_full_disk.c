/* tests/fault/test_full_disk.c -- when the disk is full, does the store say so, keep what was
 * committed and what is pending, and go on when there is space again?
 *
 * The same lives run on the disk in memory and on a real file system that is full: a small tmpfs in
 * a mount space of this process's own. Where that may not be made, the test says so and exits with
 * 77, which ctest shows as skipped.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "api/api.h"
#include "support/answers.h"
#include "support/check.h"
#include "support/disk_os.h"
#include "support/script.h"

#define COMMITS 150
#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1024) * KIB)
#define EXIT_SKIPPED 77

static const struct script_world WORLD = {"full disk", 2, XT_BOXES, 16, 16, 60, 0, 0};

/* Where a store lies, and how much more fits there. */
struct room {
    const struct xti_os *os;
    struct disk_os *disk; /* NULL: real */
    char folder[300];
    char path[320];
    int filler; /* a file that takes the rest */
};

static bool was_skipped;

/* ---- rooms ----------------------------------------------------------------------------------- */

static void room_in_memory(struct room *room)
{
    memset(room, 0, sizeof *room);
    room->disk = disk_os_create(check_seed);
    room->os = disk_os_table(room->disk);
    strcpy(room->path, SCRIPT_PATH);
}

static bool text_write(const char *path, const char *text)
{
    int file = open(path, O_WRONLY);
    bool is_written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);

    if (file >= 0)
        close(file);
    return is_written;
}

/* Root of a user space that has no other user. */
static bool become_root(void)
{
    char users[64];
    char groups[64];

    snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           text_write("/proc/self/setgroups", "deny") && text_write("/proc/self/uid_map", users) &&
           text_write("/proc/self/gid_map", groups);
}

static bool room_real(struct room *room, const char *size)
{
    char filler[320];

    memset(room, 0, sizeof *room);
    snprintf(room->folder, sizeof room->folder, "%s", check_scratch());
    if (unshare(CLONE_NEWNS) != 0 && !become_root())
        return false;
    /* What is mounted here is nobody else's. Refused where there is nothing to make private. */
    (void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    if (mount("none", room->folder, "tmpfs", 0, size) != 0)
        return false;
    room->os = xti_os_real();
    snprintf(room->path, sizeof room->path, "%s/store", room->folder);
    snprintf(filler, sizeof filler, "%s/filler", room->folder);
    room->filler = open(filler, O_RDWR | O_CREAT, 0666);
    return CHECK(room->filler >= 0);
}

static void room_release(struct room *room)
{
    if (room->disk != NULL) {
        disk_os_destroy(room->disk);
        return;
    }
    close(room->filler);
    CHECK_INT(umount(room->folder), 0);
}

/* So many bytes more fit, in pages. */
static void room_set(struct room *room, uint64_t bytes)
{
    struct statvfs info;
    off_t size;
    off_t wanted;

    if (room->disk != NULL) {
        disk_os_capacity(room->disk, disk_os_used(room->disk) + bytes);
        return;
    }
    CHECK_INT(fstatvfs(room->filler, &info), 0);
    size = lseek(room->filler, 0, SEEK_END);
    wanted = size + (off_t)(info.f_bfree * info.f_bsize) - (off_t)bytes;
    if (wanted > size)
        CHECK_INT(fallocate(room->filler, 0, 0, wanted), 0);
    else
        CHECK_INT(ftruncate(room->filler, wanted > 0 ? wanted : 0), 0);
}

/* ---- lives ----------------------------------------------------------------------------------- */

/* Another process looks at the store. */
static bool reader_finds(const struct room *room, const struct script *script)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    uint64_t number;
    xt_store *store;
    bool holds;

    options.window_bytes = 256 * MIB;
    if (!CHECK_STATUS(xti_store_open(room->os, room->path, &options, &store), XT_OK))
        return false;
    holds = script_finds(&WORLD, script->seed, &script->expected, store, &number);
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

/* After a step that found no space. */
static bool full_holds(struct room *room, struct script *script, uint64_t *random)
{
    bool holds = reader_finds(room, script);

    if (script->store == NULL) {
        room_set(room, MIB);
        return CHECK_STATUS(script_reopen(script), XT_OK) && holds;
    }
    holds = script_holds(script) && holds;
    if (check_random(random) % 2 == 0) {
        room_set(room, 4 * MIB);
        holds = CHECK_STATUS(script_commit(script), XT_OK) && holds;
        room_set(room, check_random(random) % (64 * KIB));
    }
    return holds;
}

static void life_run(struct room *room, uint64_t seed, uint64_t *full_count)
{
    uint64_t random = seed;
    struct script script;
    xt_status status;
    bool holds;

    room_set(room, 8 * MIB);
    script_init(&script, room->os, room->path, &WORLD, seed);
    holds = CHECK_STATUS(script_create(&script), XT_OK);
    while (holds && script.expected.newest < COMMITS) {
        if (check_random(&random) % 6 == 0)
            room_set(room, check_random(&random) % (64 * KIB));
        status = script_step(&script);
        if (status == XT_EFULL) {
            ++*full_count;
            holds = full_holds(room, &script, &random);
        } else {
            holds = CHECK_STATUS(status, XT_OK);
        }
    }
    room_set(room, 8 * MIB);
    holds = holds && CHECK_STATUS(script_commit(&script), XT_OK) &&
            CHECK_STATUS(script_reopen(&script), XT_OK) && reader_finds(room, &script);
    if (!holds)
        printf("    life of seed %" PRIu64 ", step %s, commit %" PRIu64 "\n", seed, script.step,
               script.expected.newest);
    script_release(&script);
}

/* ---- loads that spill ------------------------------------------------------------------------ */

static xt_status load(xt_store *store, const struct oracle *items)
{
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;

    options.memory_limit = 16 * MIB;
    return answers_load(store, items, &options);
}

/* The load, or its commit, finds no space in so small a room; then there is more. */
static void load_run(struct room *room, struct oracle *items, uint64_t bytes, unsigned *full_count)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    uint64_t random = check_seed;
    xt_store *store;
    xt_status status;
    xt_snapshot *snapshot;

    options.dims = items->dims;
    options.kind = items->kind;
    options.window_bytes = 512 * MIB;
    room_set(room, 16 * MIB);
    if (!CHECK_STATUS(xti_store_create(room->os, room->path, &options, &store), XT_OK))
        return;
    room_set(room, bytes);
    status = load(store, items);
    if (status == XT_OK)
        status = xt_store_commit(store, NULL);
    *full_count += status == XT_EFULL;
    if (status != XT_OK)
        CHECK_STATUS(status, XT_EFULL);
    if (CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        CHECK_U64(xt_snapshot_count(snapshot), status == XT_OK ? items->count : 0);
    xt_snapshot_release(snapshot);
    room_set(room, 90 * MIB);
    if (status != XT_OK) {
        CHECK_STATUS(xt_store_rollback(store), XT_OK);
        CHECK_STATUS(load(store, items), XT_OK);
        CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
    }
    CHECK_STATUS(xt_store_close(store), XT_OK);
    /* Another handle: the views of the disk in memory do not follow later writes. */
    if (!CHECK_STATUS(xti_store_open(room->os, room->path, NULL, &store), XT_OK))
        return;
    answers_hold(store, items, 1, &random);
    CHECK_STATUS(xt_store_close(store), XT_OK);
}

struct removal {
    const struct xti_os *os;
    const char *folder;
};

static bool name_remove(void *context, const char *name)
{
    const struct removal *removal = context;
    char path[600];

    snprintf(path, sizeof path, "%s/%s", removal->folder, name);
    (void)removal->os->remove(removal->os, path);
    return true;
}

static void store_remove(struct room *room)
{
    struct removal removal = {room->os, room->path};

    CHECK_INT(room->os->list(room->os, room->path, name_remove, &removal), 0);
    CHECK_INT(room->os->remove_folder(room->os, room->path), 0);
}

/* ---- both rooms ------------------------------------------------------------------------------ */

static void lives_in(struct room *room, const char *name)
{
    uint64_t full_count = 0;

    for (uint64_t i = 0; i < 4; i++) {
        life_run(room, check_seed + i, &full_count);
        store_remove(room);
    }
    printf("%s: %" PRIu64 " steps found no space\n", name, full_count);
    CHECK(full_count > 50);
}

static void loads_in(struct room *room, const char *name)
{
    uint64_t random = check_seed;
    struct oracle items;
    unsigned full_count = 0;

    oracle_init(&items, (struct oracle_schema){128, XT_BOXES, XT_F64}, 9000, ORACLE_UNIFORM,
                &random);
    for (uint64_t bytes = 0; bytes <= 60 * MIB; bytes += 15 * MIB) {
        load_run(room, &items, bytes, &full_count);
        store_remove(room);
    }
    oracle_release(&items);
    printf("%s: %u loads found no space\n", name, full_count);
    CHECK(full_count >= 2 && full_count < 5);
}

static void full_disk_in_memory_keeps_what_was_committed(void)
{
    struct room room;

    room_in_memory(&room);
    lives_in(&room, "disk in memory");
    loads_in(&room, "disk in memory");
    room_release(&room);
}

static void full_file_system_keeps_what_was_committed(void)
{
    struct room room;

    if (!room_real(&room, "size=12m")) {
        printf("SKIPPED: no tmpfs may be mounted here (%s): run as root, or where user "
               "namespaces are allowed\n",
               strerror(errno));
        was_skipped = true;
        return;
    }
    lives_in(&room, "tmpfs");
    room_release(&room);
    if (!CHECK(room_real(&room, "size=96m")))
        return;
    loads_in(&room, "tmpfs");
    room_release(&room);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"full_disk_in_memory_keeps_what_was_committed",
         full_disk_in_memory_keeps_what_was_committed                                             },
        {"full_file_system_keeps_what_was_committed",    full_file_system_keeps_what_was_committed},
    };
    int result = check_main(tests, CHECK_COUNT(tests), argc, argv);

    return result == 0 && was_skipped ? EXIT_SKIPPED : result;
}
