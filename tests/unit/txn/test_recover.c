/* tests/unit/txn/test_recover.c -- does each mode of durability keep what it promises, whatever a
 * power loss, a failed sync or a rotten medium leaves?
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit/txn/meddler.h"

static const struct mode_row {
    const char *name;
    xt_durability durability;
} MODES[] = {
    {"two syncs", XT_DURABLE_TWO_SYNCS},
    {"one sync",  XT_DURABLE_ONE_SYNC },
    {"ordered",   XT_ORDERED          },
};

/* ---- a life of a store ---------------------------------------------------------------------- */

/* What may be found after a life was cut short: ids safe .. tried, each whole. */
struct life {
    struct disk_os *disk;
    xt_durability durability;
    uint64_t safe;  /* the last one that is promised */
    uint64_t done;  /* the last one that was committed */
    uint64_t tried; /* the last one that somebody began to commit */
    bool exists;    /* the store was created */
};

#define SECOND UINT64_C(1000000000)

static xt_status life_commit(struct life *life, struct xti_txn *txn, uint64_t id)
{
    xt_status status = scene_put_and_commit(txn, id);

    life->tried = id;
    if (status != XT_OK)
        return status;
    life->done = id;
    if (life->durability != XT_ORDERED)
        life->safe = id;
    return XT_OK;
}

static xt_status life_sync(struct life *life, struct xti_txn *txn)
{
    xt_status status = xti_txn_sync(txn, NULL);

    if (status == XT_OK)
        life->safe = life->done;
    return status;
}

static xt_status life_open(struct life *life, struct xti_txn **txn)
{
    xt_status status = xti_txn_open(disk_os_table(life->disk), PATH, true, XT_VERIFY_LAZY,
                                    WINDOW_BYTES, NULL, txn);

    if (status == XT_OK) {
        xti_txn_set_durability(*txn, life->durability);
        life->safe = life->done; /* it was made durable */
    }
    return status;
}

static xt_status life_create(struct life *life, struct xti_txn **txn)
{
    struct xti_schema schema = scene_schema(4096);
    xt_status status =
        xti_txn_create(disk_os_table(life->disk), PATH, &schema, WINDOW_BYTES, NULL, txn);

    if (status != XT_OK)
        return status;
    life->exists = true;
    xti_txn_set_durability(*txn, life->durability);
    return XT_OK;
}

/* What was made before lies in the old arena. */
static xt_status move_on(struct xti_txn *txn, uint64_t id)
{
    xt_status status = scene_put(txn, id);

    return status == XT_OK ? xti_txn_reserve(txn, ARENA_UNITS - 200, NULL) : status;
}

/* Ten commits: some soon after each other, one when HEAD is due, one over two arenas, one by
 * another writer; one sync. */
static void life_of_few_commits(struct life *life)
{
    struct xti_txn *txn = NULL;
    xt_status status = life_create(life, &txn);

    for (uint64_t id = 1; id <= 10 && status == XT_OK; id++) {
        if (id == 4)
            disk_os_wait(life->disk, 2 * SECOND);
        if (id == 8) {
            xti_txn_close(txn);
            status = life_open(life, &txn);
        }
        if (status == XT_OK && id == 6)
            status = move_on(txn, id);
        if (status == XT_OK)
            status = life_commit(life, txn, id);
        if (status == XT_OK && id == 9)
            status = life_sync(life, txn);
    }
    xti_txn_close(txn);
}

/* Commits that fill three arenas, so that two spare ones are made, and the last moves into one. */
static void life_of_spare_arenas(struct life *life)
{
    struct xti_txn *txn = NULL;
    xt_status status = life_create(life, &txn);

    for (uint64_t id = 1; id <= 46 && status == XT_OK; id++) {
        status = scene_grow(txn, ARENA_UNITS / 18);
        if (status == XT_OK)
            status = life_commit(life, txn, id);
    }
    xti_txn_close(txn);
}

/* A cold arena beside the open one: in one commit of three something is added to it. Both are left
 * for others, and another writer goes on with what it finds. */
static void life_of_cold_arenas(struct life *life)
{
    struct xti_txn *txn = NULL;
    xt_status status = life_create(life, &txn);

    for (uint64_t id = 1; id <= 24 && status == XT_OK; id++) {
        if (id % 9 == 0) {
            xti_txn_close(txn);
            status = life_open(life, &txn);
        }
        if (status == XT_OK)
            status = scene_grow(txn, ARENA_UNITS / 10);
        if (status == XT_OK && id % 3 == 0) {
            xti_txn_take_cold(txn, true);
            status = scene_grow(txn, ARENA_UNITS / 4);
            xti_txn_take_cold(txn, false);
        }
        if (status == XT_OK)
            status = life_commit(life, txn, id);
    }
    xti_txn_close(txn);
}

/* ---- what is found --------------------------------------------------------------------------- */

/* The id that a reader and then a writer find; both the same, with a deep check. */
static bool found_id(struct disk_os *disk, uint64_t *id)
{
    struct xti_txn *txn;
    uint64_t bytes = 0;
    uint64_t again;

    *id = scene_stored_id(disk);
    txn = scene_open(disk_os_table(disk), true);
    if (txn == NULL)
        return false;
    again = scene_id(txn);
    (void)CHECK_STATUS(xti_txn_check(txn, true, &bytes, NULL), XT_OK);
    xti_txn_close(txn);
    return CHECK_U64(again, *id);
}

/* Power is lost at a random call of recovery, `depth` times; the commit that was found stays. */
static bool recovery_holds(const struct disk_os *disk, uint64_t id, int depth, uint64_t *random)
{
    struct disk_os *again = disk_os_copy(disk);
    uint64_t calls = disk_os_calls(again) + 1 + check_random(random) % 14;
    struct disk_os *reborn;
    struct xti_txn *txn;
    uint64_t found;
    bool holds;

    disk_os_crash_at(again, calls);
    if (xti_txn_open(disk_os_table(again), PATH, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL, &txn) ==
        XT_OK)
        xti_txn_close(txn);
    reborn = disk_os_reboot(again, (enum disk_mode)(check_random(random) % DISK_MODE_COUNT),
                            check_random(random));
    disk_os_destroy(again);
    holds = CHECK_U64(scene_stored_id(reborn), id) &&
            (depth == 1 || recovery_holds(reborn, id, depth - 1, random)) &&
            found_id(reborn, &found) && CHECK_U64(found, id);
    disk_os_destroy(reborn);
    return holds;
}

/* Takes the disk. Some states, drawn at random, are led on. */
static bool state_holds(struct disk_os *disk, const struct life *life, uint64_t *random)
{
    uint64_t id = scene_stored_id(disk);
    bool holds = CHECK(id >= life->safe && id <= life->tried);
    struct life next = {disk, life->durability, id, id, id, true};
    struct xti_txn *txn;

    if (holds && check_random(random) >> 63 == 0)
        holds = recovery_holds(disk, id, 3, random);
    if (holds && check_random(random) >> 62 == 0 &&
        CHECK_STATUS(life_open(&next, &txn), XT_OK)) { /* and the store goes on */
        holds = CHECK_U64(scene_id(txn), id) &&
                CHECK_STATUS(life_commit(&next, txn, 1000), XT_OK) &&
                CHECK_STATUS(life_sync(&next, txn), XT_OK) &&
                CHECK_U64(scene_id_after(disk, DISK_LOSE_ALL, 1), 1000);
        xti_txn_close(txn);
    }
    if (!holds)
        printf("    id %llu, promised %llu, tried %llu\n", (unsigned long long)id,
               (unsigned long long)life->safe, (unsigned long long)life->tried);
    disk_os_destroy(disk);
    return holds;
}

/* The life is cut at its n-th call. *is_cut: it was not over before. */
static bool cut_life_holds(void (*live)(struct life *), xt_durability durability, uint64_t n,
                           unsigned draws, bool *is_cut)
{
    struct life life = {disk_os_create(check_seed), durability, 0, 0, 0, false};
    uint64_t random = check_seed * 1000 + n;
    bool holds = true;

    disk_os_crash_at(life.disk, n);
    live(&life);
    *is_cut = disk_os_has_crashed(life.disk);
    for (unsigned i = 0; i < draws * DISK_MODE_COUNT && holds && life.exists; i++) {
        enum disk_mode mode = (enum disk_mode)(i % DISK_MODE_COUNT);

        holds = state_holds(disk_os_reboot(life.disk, mode, check_random(&random)), &life, &random);
    }
    if (!holds)
        printf("    cut at call %llu\n", (unsigned long long)n);
    disk_os_destroy(life.disk);
    return holds;
}

static void every_mode_keeps_its_promise_when_power_is_lost(void)
{
    for (size_t row = 0; row < CHECK_COUNT(MODES); row++) {
        bool is_cut = true;
        uint64_t n = 1;

        check_row = MODES[row].name;
        while (is_cut && cut_life_holds(life_of_few_commits, MODES[row].durability, n, 3, &is_cut))
            n++;
        (void)CHECK(n > 40 && !is_cut);
    }
}

/* The life, cut at each `every`-th call, in each mode. */
static void lives_hold(void (*live)(struct life *), uint64_t every)
{
    for (size_t row = 0; row < CHECK_COUNT(MODES); row++) {
        bool is_cut = true;
        uint64_t n = 10 + check_seed % every;

        check_row = MODES[row].name;
        while (is_cut && cut_life_holds(live, MODES[row].durability, n, 1, &is_cut))
            n += every;
        (void)CHECK(n > 100 && !is_cut);
    }
}

static void arenas_that_are_made_ahead_lose_nothing(void)
{
    lives_hold(life_of_spare_arenas, 11);
}

static void two_arenas_that_grow_lose_nothing(void)
{
    lives_hold(life_of_cold_arenas, 17);
}

/* ---- syncs that fail ------------------------------------------------------------------------- */

/* The process starts again, the system does not. Readers may be shown an older commit, as the cache
 * may have lost what HEAD said last, until a writer has found what there is. */
static bool restart_holds(const struct life *life)
{
    struct disk_os *same = disk_os_copy(life->disk);
    struct xti_txn *txn;
    uint64_t shown = scene_stored_id(same);
    uint64_t id;
    bool holds = CHECK(shown <= life->tried);

    txn = scene_open(disk_os_table(same), true);
    id = txn != NULL ? scene_id(txn) : UINT64_MAX;
    holds = holds && CHECK(id >= life->safe && id <= life->tried) &&
            CHECK_U64(scene_stored_id(same), id) &&
            CHECK_U64(scene_id_after(same, DISK_LOSE_ALL, 1), id);
    xti_txn_close(txn);
    disk_os_destroy(same);
    return holds;
}

/* The n-th sync failed. The process ended and another comes, or the power is lost too. */
static bool end_holds(const struct life *life, uint64_t n, int modes)
{
    uint64_t random = check_seed * 1000 + n;
    bool holds = true;

    for (int mode = 0; mode < modes && holds && life->exists; mode++)
        holds = state_holds(disk_os_reboot(life->disk, (enum disk_mode)mode, check_random(&random)),
                            life, &random);
    if (holds && life->exists)
        holds = restart_holds(life);
    return holds;
}

/* The n-th sync fails. */
static bool bad_sync_holds(xt_durability durability, uint64_t n, enum disk_sync_model model,
                           bool *has_failed)
{
    struct life life = {disk_os_create(check_seed), durability, 0, 0, 0, false};
    bool holds;

    disk_os_fail_sync(life.disk, n, model);
    life_of_few_commits(&life);
    *has_failed = life.done < 10;
    holds = end_holds(&life, n, DISK_MODE_COUNT);
    if (!holds)
        printf("    sync %llu, model %d\n", (unsigned long long)n, (int)model);
    disk_os_destroy(life.disk);
    return holds;
}

static void a_failed_sync_loses_nothing_that_was_promised(void)
{
    static const enum disk_sync_model models[] = {DISK_SYNC_CLEAN_NEW, DISK_SYNC_CLEAN_OLD};

    for (size_t row = 0; row < CHECK_COUNT(MODES); row++) {
        check_row = MODES[row].name;
        for (size_t m = 0; m < CHECK_COUNT(models); m++) {
            bool has_failed = true;
            uint64_t n = 1;

            while (has_failed && bad_sync_holds(MODES[row].durability, n, models[m], &has_failed))
                n++;
            (void)CHECK(n > 5);
        }
    }
}

static const struct life_row {
    void (*live)(struct life *);
    uint64_t commits;
} LIVES[] = {
    {life_of_few_commits,  10},
    {life_of_spare_arenas, 46},
    {life_of_cold_arenas,  24},
};

static bool bad_folder_sync_holds(const struct life_row *row, xt_durability durability, uint64_t n,
                                  bool *has_failed)
{
    struct life life = {disk_os_create(check_seed), durability, 0, 0, 0, false};
    bool holds;

    disk_os_fail_sync(life.disk, n, DISK_SYNC_NAMES);
    row->live(&life);
    *has_failed = life.done < row->commits;
    holds = end_holds(&life, n, DISK_LOSE_ALL + 1);
    if (!holds)
        printf("    sync %llu of the folder\n", (unsigned long long)n);
    disk_os_destroy(life.disk);
    return holds;
}

/* Names that the next process sees, and that the medium does not have. */
static void a_failed_sync_of_the_folder_loses_nothing_that_was_promised(void)
{
    for (size_t row = 0; row < CHECK_COUNT(MODES); row++) {
        check_row = MODES[row].name;
        for (size_t i = 0; i < CHECK_COUNT(LIVES); i++) {
            bool has_failed = true;
            uint64_t n = 1;

            while (has_failed &&
                   bad_folder_sync_holds(&LIVES[i], MODES[row].durability, n, &has_failed))
                n++;
            (void)CHECK(n > 5 && !has_failed);
        }
    }
}

/* A sync that lies may lose what was promised; the store then says so, or shows another commit that
 * was made. */
static void a_sync_that_lies_leads_to_no_wrong_answer(void)
{
    for (size_t row = 0; row < CHECK_COUNT(MODES); row++) {
        check_row = MODES[row].name;
        for (uint64_t n = 4; n < 24; n++) {
            struct life life = {disk_os_create(check_seed), MODES[row].durability, 0, 0, 0, false};
            struct disk_os *reborn;
            struct xti_txn *txn;
            xt_status status;

            disk_os_fail_sync(life.disk, n, DISK_SYNC_LATE);
            life_of_few_commits(&life);
            reborn = disk_os_reboot(life.disk, (enum disk_mode)(n % DISK_MODE_COUNT), n);
            status = xti_txn_open(disk_os_table(reborn), PATH, n % 2 == 0, XT_VERIFY_OPEN,
                                  WINDOW_BYTES, NULL, &txn);
            (void)CHECK(status == XT_OK || status == XT_ECORRUPT || status == XT_EFORMAT);
            if (status == XT_OK)
                (void)CHECK(scene_id(txn) <= life.tried);
            xti_txn_close(txn);
            disk_os_destroy(reborn);
            disk_os_destroy(life.disk);
        }
    }
}

/* ---- media that rot -------------------------------------------------------------------------- */

#define LAST 7u

/* Items 1 .. LAST were committed and the power was lost, after all bytes had reached the medium.
 * refs: of the records. */
static struct disk_os *disk_with_commits(xt_durability durability, uint32_t refs[LAST + 1])
{
    struct disk_os *disk = disk_os_create(check_seed);
    struct xti_txn *txn = scene_create(disk_os_table(disk), PATH, 4096);
    struct disk_os *reborn;

    xti_txn_set_durability(txn, durability);
    for (uint64_t id = 1; id <= LAST; id++) {
        struct xti_head_look look;
        struct xti_finding finding;

        (void)CHECK_STATUS(scene_put_and_commit(txn, id), XT_OK);
        (void)CHECK_STATUS(xti_head_look(scene_slot(disk, 0), &look, &finding), XT_OK);
        refs[id] = scene_slot(disk, look.loose)->state.record_ref;
    }
    reborn = disk_os_reboot(disk, DISK_KEEP_ALL, 1);
    xti_txn_close(txn);
    disk_os_destroy(disk);
    return reborn;
}

enum rot { ROT_RECORD, ROT_LEAF };

static void do_rot(struct disk_os *disk, uint32_t ref, enum rot rot)
{
    if (rot == ROT_RECORD)
        memset(scene_units(disk, 1, ref, 512), 0, 512);
    else
        scene_units(disk, 1, ref + XTD_PAGE_UNITS, XTD_UNIT_BYTES)[60] ^= 1;
    disk_os_settle(disk);
}

static void lose_loose_slots(struct disk_os *disk)
{
    memset(scene_slot(disk, XTD_HEAD_DURABLE_SLOTS), 0, XTD_HEAD_LOOSE_SLOTS * XTD_HEAD_SLOT_BYTES);
}

static void rot_holds(xt_durability durability, uint64_t id, enum rot rot, bool keeps_loose,
                      xt_status want, uint64_t want_id)
{
    for (int writable = 0; writable < 2; writable++) {
        uint32_t refs[LAST + 1];
        struct disk_os *disk = disk_with_commits(durability, refs);
        struct xti_txn *txn;
        xt_error error;

        do_rot(disk, refs[id], rot);
        if (!keeps_loose)
            lose_loose_slots(disk);
        (void)CHECK_STATUS(xti_txn_open(disk_os_table(disk), PATH, writable != 0, XT_VERIFY_LAZY,
                                        WINDOW_BYTES, &error, &txn),
                           want);
        if (want == XT_OK)
            (void)CHECK_U64(scene_id(txn), want_id);
        else
            (void)CHECK_STR(error.check,
                            "this says that a commit was durable which cannot be read");
        xti_txn_close(txn);
        disk_os_destroy(disk);
    }
}

/* What is told of the last commit is in the contract: its loose slot vouches for it, once it is on
 * the medium. */
static void rot_never_undoes_a_commit_that_something_vouches_for(void)
{
    for (int rot = ROT_RECORD; rot <= ROT_LEAF; rot++) {
        check_row = rot == ROT_RECORD ? "a record" : "a leaf";
        for (uint64_t id = 1; id < LAST; id++) {
            rot_holds(XT_DURABLE_ONE_SYNC, id, (enum rot)rot, true, XT_ECORRUPT, 0);
            rot_holds(XT_DURABLE_ONE_SYNC, id, (enum rot)rot, false, XT_ECORRUPT, 0);
        }
        rot_holds(XT_DURABLE_ONE_SYNC, LAST, (enum rot)rot, true, XT_ECORRUPT, 0);
        rot_holds(XT_DURABLE_ONE_SYNC, LAST, (enum rot)rot, false, XT_OK, LAST - 1);
        for (uint64_t id = 1; id <= LAST; id++)
            rot_holds(XT_ORDERED, id, (enum rot)rot, true, XT_OK, id - 1);
    }
}

/* ---- older timelines ------------------------------------------------------------------------- */

/* Commits 3 and later of a first life were lost, but 4 and later lie there still. A second life
 * writes over them, commit by commit; what is left of the first never comes back. */
static void a_stale_tail_does_not_come_back(void)
{
    for (size_t row = 0; row < CHECK_COUNT(MODES); row++) {
        for (uint64_t count = 0; count < LAST; count++) {
            uint32_t refs[LAST + 1];
            struct disk_os *disk = disk_with_commits(XT_ORDERED, refs);
            struct xti_txn *txn;

            check_row = MODES[row].name;
            do_rot(disk, refs[3], ROT_LEAF);
            txn = scene_open(disk_os_table(disk), true);
            (void)CHECK_U64(scene_id(txn), 2);
            xti_txn_set_durability(txn, MODES[row].durability);
            for (uint64_t i = 0; i < count; i++)
                (void)CHECK_STATUS(scene_put_and_commit(txn, 100 + i), XT_OK);
            (void)CHECK_U64(scene_id_after(disk, DISK_KEEP_ALL, 1), count == 0 ? 2 : 99 + count);
            xti_txn_close(txn);
            (void)CHECK_U64(scene_id_after(disk, DISK_LOSE_ALL, 1), count == 0 ? 2 : 99 + count);
            disk_os_destroy(disk);
        }
    }
}

/* Where the old arena ends lies the rest of a commit that was lost, and the commit with its number
 * is in a new arena, named by a slot that is damaged. */
static void a_stale_record_does_not_hide_its_successor(void)
{
    uint32_t refs[LAST + 1];
    struct disk_os *disk = disk_with_commits(XT_ORDERED, refs);
    struct xti_txn *txn;

    do_rot(disk, refs[3], ROT_LEAF);
    txn = scene_open(disk_os_table(disk), true);
    (void)CHECK_STATUS(xti_txn_reserve(txn, ARENA_UNITS - 200, NULL), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(txn, 100), XT_OK);
    xti_txn_close(txn);
    (void)CHECK_U64(scene_newest(disk)->state.manifest_generation, 2);
    scene_newest(disk)->crc32c ^= 1;
    disk_os_settle(disk);
    (void)CHECK_U64(scene_id_after(disk, DISK_KEEP_ALL, 1), 100);
    disk_os_destroy(disk);
}

/* The slot of a commit with a manifest is damaged, and the manifest there is one that was made with
 * another record: it is no commit, and the slot says that there was one. */
static void a_manifest_that_was_made_with_another_record_is_none(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    struct xti_txn *txn = scene_create(disk_os_table(disk), PATH, 4096);
    struct xtd_manifest *manifest;
    size_t size;

    (void)CHECK_STATUS(scene_put_and_commit(txn, 1), XT_OK);
    (void)CHECK_STATUS(xti_txn_reserve(txn, ARENA_UNITS - 200, NULL), XT_OK);
    (void)CHECK_STATUS(scene_put_and_commit(txn, 2), XT_OK);
    xti_txn_close(txn);
    (void)CHECK_U64(scene_newest(disk)->state.manifest_generation, 2);
    scene_newest(disk)->crc32c ^= 1;
    disk_os_settle(disk);
    (void)CHECK_U64(scene_stored_id(disk), 2);
    manifest = (void *)disk_os_file_bytes(disk, PATH "/manifest-0000000000000002", &size);
    if (CHECK(manifest != NULL)) {
        manifest->record_hash ^= 1;
        xti_manifest_seal(manifest);
        disk_os_settle(disk);
        (void)CHECK_STATUS(
            xti_txn_open(disk_os_table(disk), PATH, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL, &txn),
            XT_ECORRUPT);
    }
    disk_os_destroy(disk);
}

/* ---- readers --------------------------------------------------------------------------------- */

static void readers_see_each_commit_of_each_mode_at_once(void)
{
    for (size_t row = 0; row < CHECK_COUNT(MODES); row++) {
        struct disk_os *disk = disk_os_create(check_seed);
        const struct xti_os *os = disk_os_table(disk);
        struct xti_txn *writer = scene_create(os, PATH, 4096);
        struct xti_txn *reader = scene_open(os, false);

        check_row = MODES[row].name;
        xti_txn_set_durability(writer, MODES[row].durability);
        for (uint64_t id = 1; id < 12; id++) {
            if (id == 5)
                (void)CHECK_STATUS(scene_grow(writer, ARENA_UNITS), XT_OK);
            (void)CHECK_STATUS(scene_put_and_commit(writer, id), XT_OK);
            (void)CHECK_U64(scene_id(reader), id);
            (void)CHECK_U64(scene_stored_id(disk), id);
        }
        xti_txn_close(writer);
        (void)CHECK_U64(scene_id(reader), 11);
        xti_txn_close(reader);
        disk_os_destroy(disk);
    }
}

/* An extent that is written, but not synced, is no commit while its writer lives; for who comes
 * after a restart of the system it is. */
static void a_reader_takes_no_commit_that_a_living_writer_has_not_made(void)
{
    struct disk_os *disk = disk_os_create(check_seed);
    struct xti_txn *txn = scene_create(disk_os_table(disk), PATH, 4096);
    struct disk_os *reborn;

    (void)CHECK_STATUS(scene_put_and_commit(txn, 1), XT_OK);
    (void)CHECK_STATUS(scene_put(txn, 2), XT_OK);
    disk_os_crash_at(disk, disk_os_calls(disk) + 2); /* the sync of the extent */
    (void)CHECK_STATUS(xti_txn_commit(txn, NULL), XT_EBROKEN);
    xti_txn_close(txn);
    reborn = disk_os_copy(disk);
    (void)CHECK_U64(scene_stored_id(reborn), 1);
    disk_os_destroy(reborn);
    (void)CHECK_U64(scene_id_after(disk, DISK_KEEP_ALL, 1), 2);
    (void)CHECK_U64(scene_id_after(disk, DISK_LOSE_ALL, 1), 1);
    disk_os_destroy(disk);
}

CHECK_MAIN({"every_mode_keeps_its_promise_when_power_is_lost",
            every_mode_keeps_its_promise_when_power_is_lost},
           {"arenas_that_are_made_ahead_lose_nothing", arenas_that_are_made_ahead_lose_nothing},
           {"two_arenas_that_grow_lose_nothing", two_arenas_that_grow_lose_nothing},
           {"a_failed_sync_loses_nothing_that_was_promised",
            a_failed_sync_loses_nothing_that_was_promised},
           {"a_failed_sync_of_the_folder_loses_nothing_that_was_promised",
            a_failed_sync_of_the_folder_loses_nothing_that_was_promised},
           {"a_manifest_that_was_made_with_another_record_is_none",
            a_manifest_that_was_made_with_another_record_is_none},
           {"a_sync_that_lies_leads_to_no_wrong_answer", a_sync_that_lies_leads_to_no_wrong_answer},
           {"rot_never_undoes_a_commit_that_something_vouches_for",
            rot_never_undoes_a_commit_that_something_vouches_for},
           {"a_stale_tail_does_not_come_back", a_stale_tail_does_not_come_back},
           {"a_stale_record_does_not_hide_its_successor",
            a_stale_record_does_not_hide_its_successor},
           {"readers_see_each_commit_of_each_mode_at_once",
            readers_see_each_commit_of_each_mode_at_once},
           {"a_reader_takes_no_commit_that_a_living_writer_has_not_made",
            a_reader_takes_no_commit_that_a_living_writer_has_not_made})
