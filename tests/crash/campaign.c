/* tests/crash/campaign.c -- looking at every state that a script's disk may be in after power loss.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "campaign.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "support/check.h"
#include "support/disk_os.h"

#define FOUND_BITS 8

/* How many states are drawn after a call, by the number of losses before. Where no more units are
 * pending than `units_all`, every subset of them is taken. */
static const struct {
    size_t units_all;
    unsigned draws;
    unsigned deeper; /* one state in so many is followed by another loss */
} DEPTHS[CAMPAIGN_DEPTHS] = {
    {5, 30, 12},
    {3, 4,  24},
    {2, 3,  32},
    {2, 2,  0 },
};

/* A script, the disk below it, and how many losses were before. */
struct ground {
    struct campaign *campaign;
    struct campaign_counts *counts;
    struct script *script;
    const struct ground *above; /* NULL: the first life */
    unsigned depth;
    uint64_t call;
    bool holds;
};

/* ---- the table of states -------------------------------------------------------------------- */

static size_t campaign_bytes(uint64_t slot_count)
{
    return sizeof(struct campaign) + (size_t)slot_count * sizeof(uint64_t);
}

struct campaign *campaign_create(uint64_t states_wanted)
{
    uint64_t slot_count = 1 << 16;
    struct campaign *campaign;

    while (slot_count < 2 * states_wanted + 4096)
        slot_count *= 2;
    campaign = mmap(NULL, campaign_bytes(slot_count), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    XTI_ASSERT(campaign != MAP_FAILED);
    campaign->states_wanted = states_wanted;
    campaign->slot_count = slot_count;
    return campaign;
}

void campaign_destroy(struct campaign *campaign)
{
    munmap(campaign, campaign_bytes(campaign->slot_count));
}

bool campaign_is_over(const struct campaign *campaign)
{
    return campaign->has_failed || campaign->is_stopped ||
           campaign->states >= campaign->states_wanted;
}

/* The slot of this state, or the free one where it belongs. */
static _Atomic uint64_t *slot_find(struct campaign *campaign, uint64_t hash)
{
    uint64_t key = hash >> FOUND_BITS;
    uint64_t i = key & (campaign->slot_count - 1);

    while (campaign->slots[i] != 0 && campaign->slots[i] >> FOUND_BITS != key)
        i = (i + 1) & (campaign->slot_count - 1);
    return &campaign->slots[i];
}

/* False when another process has looked at the same state in the meantime. */
static bool slot_take(struct campaign *campaign, uint64_t hash, uint64_t found)
{
    uint64_t value = hash >> FOUND_BITS << FOUND_BITS | found;

    XTI_ASSERT(found < UINT64_C(1) << FOUND_BITS);
    for (;;) {
        _Atomic uint64_t *slot = slot_find(campaign, hash);
        uint64_t free_slot = 0;

        if (*slot != 0)
            return false;
        if (atomic_compare_exchange_strong(slot, &free_slot, value))
            return true;
    }
}

/* ---- one state ------------------------------------------------------------------------------- */

static bool ground_fails(const struct ground *ground)
{
    ground->campaign->has_failed = true;
    for (; ground != NULL; ground = ground->above)
        printf("    after %u losses, call %" PRIu64 ", step %s, commits %" PRIu64 " to %" PRIu64
               "%s\n",
               ground->depth, ground->call, ground->script->step, ground->script->expected.lowest,
               ground->script->expected.newest,
               ground->script->expected.may_go_on ? " or later" : "");
    return false;
}

static bool file_save(void *context, const char *name)
{
    struct disk_os *disk = context;
    char path[300];
    const unsigned char *data;
    size_t size;
    FILE *file;

    snprintf(path, sizeof path, SCRIPT_PATH "/%s", name);
    data = disk_os_file_bytes(disk, path, &size);
    snprintf(path, sizeof path, "failed-%ld/%s", (long)getpid(), name);
    file = fopen(path, "wb");
    if (file == NULL || data == NULL)
        return false;
    fwrite(data, 1, size, file);
    return fclose(file) == 0;
}

/* Into a folder beside the program, for a look with tools/read_format.py and `xtree check`. */
static void state_save(struct disk_os *disk)
{
    const struct xti_os *os = disk_os_table(disk);
    char folder[64];

    snprintf(folder, sizeof folder, "failed-%ld", (long)getpid());
    if (mkdir(folder, 0777) == 0 && os->list(os, SCRIPT_PATH, file_save, disk) == 0)
        printf("    the state is in %s\n", folder);
}

/* What a reader finds. *found: the number of the commit, 0 for no store. */
static bool reader_finds(struct ground *ground, struct disk_os *disk, uint64_t *found)
{
    const struct script *script = ground->script;
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_error error = {0};
    xt_store *store;
    xt_status status;
    bool holds;

    *found = 0;
    options.window_bytes = UINT64_C(256) << 20;
    options.error = &error;
    status = xti_store_open(disk_os_table(disk), SCRIPT_PATH, &options, &store);
    if (status == XT_ENOTFOUND && script->expected.lowest == 0)
        return true;
    if (!CHECK_STATUS(status, XT_OK)) {
        printf("    %s: %s\n", error.path, error.check);
        return false;
    }
    holds = script_finds(script->world, script->seed, &script->expected, store, found);
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

static void watch(void *context, struct disk_os *disk);

/* What was committed after the loss stays when the power fails once more. */
static bool next_commit_stays(struct ground *ground, struct disk_os *disk)
{
    struct disk_os *after = disk_os_reboot(disk, DISK_LOSE_ALL, 0);
    uint64_t found;
    bool holds = reader_finds(ground, after, &found);

    disk_os_destroy(after);
    return holds;
}

/* A writer opens the store that was found, or creates it where there was none, changes it and
 * commits. `watched`: with losses of power at every call. */
static bool goes_on(struct ground *above, struct disk_os *disk, uint64_t found, bool watched)
{
    struct script script;
    struct ground ground = {.campaign = above->campaign,
                            .counts = above->counts,
                            .script = &script,
                            .above = above,
                            .depth = above->depth + watched,
                            .holds = true};
    xt_status status;
    uint64_t number;
    bool holds;

    script_continue(&script, &above->script->expected, found, disk_os_table(disk), above->script);
    script.trusts_close = true;
    if (watched)
        disk_os_watch(disk, watch, &ground);
    status = found == 0 ? script_create(&script) : script_reopen(&script);
    holds = CHECK_STATUS(status, XT_OK) &&
            script_finds(script.world, script.seed, &script.expected, script.store, &number);
    if (holds)
        holds = CHECK_STATUS(script_insert(&script), XT_OK) &&
                CHECK_STATUS(script_commit(&script), XT_OK);
    script_close(&script);
    holds = holds && next_commit_stays(&ground, disk);
    disk_os_watch(disk, NULL, NULL);
    if (!holds)
        ground_fails(&ground);
    script_release(&script);
    above->counts->recoveries++;
    return holds && ground.holds;
}

/* Takes the disk. */
static bool state_check(struct ground *ground, struct disk_os *disk)
{
    uint64_t hash = disk_os_image_hash(disk) | UINT64_C(1) << FOUND_BITS;
    uint64_t seen = *slot_find(ground->campaign, hash);
    uint64_t found = seen & ((UINT64_C(1) << FOUND_BITS) - 1);
    unsigned deeper = DEPTHS[ground->depth].deeper;
    bool holds;

    if (seen != 0) {
        ground->counts->seen++;
        holds = CHECK(script_allows(&ground->script->expected, found));
    } else {
        holds = reader_finds(ground, disk, &found);
        if (holds && slot_take(ground->campaign, hash, found)) {
            ground->counts->states[ground->depth]++;
            ground->campaign->states++;
        }
        if (!holds)
            state_save(disk);
        holds = holds && goes_on(ground, disk, found, deeper != 0 && hash % 8191 % deeper == 0);
    }
    disk_os_destroy(disk);
    return holds;
}

/* ---- all states after a call ----------------------------------------------------------------- */

static bool subsets_check(struct ground *ground, struct disk_os *disk, size_t units)
{
    for (uint32_t subset = 0; subset < UINT32_C(1) << units; subset++) {
        uint8_t keep[16] = {0};

        for (size_t i = 0; i < units; i++)
            keep[i] = (uint8_t)(subset >> i & 1);
        if (!state_check(ground, disk_os_reboot_mask(disk, keep)))
            return false;
    }
    return true;
}

static bool draws_check(struct ground *ground, struct disk_os *disk)
{
    static const enum disk_mode modes[] = {DISK_FILES,  DISK_RANDOM,      DISK_FILES,
                                           DISK_PREFIX, DISK_ONE_MISSING, DISK_ONE_PRESENT};
    uint64_t random = ground->script->random + ground->call;

    for (unsigned i = 0; i < DEPTHS[ground->depth].draws + 2; i++) {
        uint64_t seed = check_random(&random);
        enum disk_mode mode = i == 0   ? DISK_LOSE_ALL
                              : i == 1 ? DISK_KEEP_ALL
                                       : modes[seed % CHECK_COUNT(modes)];

        if (!state_check(ground, disk_os_reboot(disk, mode, check_random(&random))))
            return false;
    }
    return true;
}

static void watch(void *context, struct disk_os *disk)
{
    struct ground *ground = context;
    size_t units = disk_os_pending_units(disk);

    ground->call++;
    if (!ground->holds || campaign_is_over(ground->campaign))
        return;
    ground->counts->calls++;
    ground->holds = units <= DEPTHS[ground->depth].units_all ? subsets_check(ground, disk, units)
                                                             : draws_check(ground, disk);
    if (!ground->holds)
        ground_fails(ground);
}

/* ---- whole lives ----------------------------------------------------------------------------- */

static void disk_wait(struct script *script, uint64_t ns)
{
    disk_os_wait(script->context, ns);
}

bool campaign_run_script(struct campaign *campaign, size_t world, uint64_t seed)
{
    struct disk_os *disk = disk_os_create(seed);
    struct script script;
    struct ground ground = {
        .campaign = campaign, .counts = &campaign->worlds[world], .script = &script, .holds = true};
    xt_status status;

    check_row = SCRIPT_WORLDS[world].name;
    script_init(&script, disk_os_table(disk), SCRIPT_PATH, &SCRIPT_WORLDS[world], seed);
    script.trusts_close = true;
    script.wait = disk_wait;
    script.context = disk;
    disk_os_watch(disk, watch, &ground);
    status = script_create(&script);
    for (uint32_t i = 0; i < SCRIPT_WORLDS[world].steps && status == XT_OK && ground.holds; i++) {
        status = script_step(&script);
        if (campaign_is_over(campaign))
            break;
    }
    if (!CHECK_STATUS(status, XT_OK) && ground.holds)
        ground.holds = ground_fails(&ground);
    ground.counts->scripts++;
    ground.counts->commits += script.expected.newest;
    script_release(&script);
    disk_os_destroy(disk);
    return ground.holds;
}
