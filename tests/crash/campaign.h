/* tests/crash/campaign.h -- looking at every state that a script's disk may be in after power loss.
 *
 * A life (support/script.h) runs on a disk in memory. After each call that changes the disk, states
 * are drawn that a power loss may leave there, all of them where they are few. In each of them the
 * store is opened as after a restart, and compared with what the script allows. Then a writer opens
 * it and commits once more, and at each call of these the power may fail again, and so on.
 *
 * States are told apart by the hash of the disk's whole content, in a table that several processes
 * share. What was looked at once is not looked at again; only whether what was found there is
 * allowed at this moment, too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CAMPAIGN_H
#define CAMPAIGN_H

#include <stdatomic.h>

#include "support/script.h"

/* The first loss of power, and those in the middle of recovery. */
#define CAMPAIGN_DEPTHS 4
#define CAMPAIGN_WORLDS_MAX 16

struct campaign_counts {
    _Atomic uint64_t scripts;
    _Atomic uint64_t commits;
    _Atomic uint64_t calls;                   /* after which states were drawn */
    _Atomic uint64_t states[CAMPAIGN_DEPTHS]; /* different ones, by the number of losses before */
    _Atomic uint64_t seen;                    /* states that had been looked at before */
    _Atomic uint64_t recoveries;              /* states in which a writer went on */
};

/* Shared by all processes of a campaign. */
struct campaign {
    uint64_t states_wanted;
    uint64_t slot_count; /* a power of two */
    _Atomic uint64_t states;
    _Atomic uint64_t scripts; /* begun so far */
    _Atomic bool has_failed;
    _Atomic bool is_stopped; /* by a signal */
    struct campaign_counts worlds[CAMPAIGN_WORLDS_MAX];
    _Atomic uint64_t slots[]; /* hash and commit that was found; 0: free */
};

/* Aborts when there is no memory. */
struct campaign *campaign_create(uint64_t states_wanted);
void campaign_destroy(struct campaign *campaign);

/* Whether all states that were wanted are there, something is wrong, or it was stopped. */
bool campaign_is_over(const struct campaign *campaign);

/* One life from creation to the end, or until the campaign is over. False when something is wrong,
 * which was printed. */
bool campaign_run_script(struct campaign *campaign, size_t world, uint64_t seed);

#endif
