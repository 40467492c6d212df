/* tests/crash/test_crash_campaign.c -- does a store survive power loss at every moment of random
 * lives, and again at every moment of its recovery, in as many different states as are wanted?
 *
 *     test_crash_campaign --states 1000000 --workers 2      the public campaign (make crash)
 *     test_crash_campaign --script 7                        one life again
 *
 * Says each minute on standard error how far it is. SIGINT or SIGTERM ends it with its counts.
 *
 * Life number n begins from a seed of its own, made from --seed and n; which world it is in depends
 * on n alone. The workers are processes; they share the lives and the table of states.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "campaign.h"
#include "support/check.h"

static uint64_t states_wanted = 10000;
static unsigned worker_count = 2;
static uint64_t script_chosen; /* 0: all; else that number of life */

static uint64_t script_seed(uint64_t number)
{
    uint64_t state = check_seed * UINT64_C(1000003) + number;

    return check_random(&state);
}

/* In the order of the weights: the same world again after as many lives as the weights' sum. */
static size_t script_world(uint64_t number)
{
    uint64_t sum = 0;
    size_t world = 0;

    for (size_t i = 0; i < SCRIPT_WORLD_COUNT; i++)
        sum += SCRIPT_WORLDS[i].weight;
    /* A step that has no divisor in common with the sum, so that rare worlds come early. */
    number = number * 31 % (sum > 0 ? sum : 1);
    while (number >= SCRIPT_WORLDS[world].weight)
        number -= SCRIPT_WORLDS[world++].weight;
    return world;
}

static bool script_run(struct campaign *campaign, uint64_t number)
{
    size_t world = script_world(number);
    bool holds = campaign_run_script(campaign, world, script_seed(number));

    if (!holds)
        printf("    again: --seed %" PRIu64 " --script %" PRIu64 " (%s)\n", check_seed, number,
               SCRIPT_WORLDS[world].name);
    return holds;
}

/* Takes one life after the other. */
static void worker_run(struct campaign *campaign)
{
    bool holds = true;

    while (holds && !campaign_is_over(campaign))
        holds = script_run(campaign, ++campaign->scripts);
    fflush(stdout);
    _exit(holds ? 0 : 1);
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Of the campaign that runs, for the handler of signals. */
static struct campaign *running;

static void stop(int number)
{
    (void)number;
    running->is_stopped = true;
}

static void workers_begin(struct campaign *campaign)
{
    struct sigaction action = {.sa_handler = SIG_IGN};

    /* The workers ignore what the parent hears, and end when it has said so. */
    CHECK(sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0);
    fflush(stdout);
    for (unsigned i = 0; i < worker_count; i++) {
        pid_t pid = fork();

        if (pid == 0)
            worker_run(campaign);
        CHECK(pid > 0);
    }
    running = campaign;
    action.sa_handler = stop;
    CHECK(sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0);
}

static void progress_print(const struct campaign *campaign, double begin)
{
    fprintf(stderr,
            "%7.0f s: %" PRIu64 " of %" PRIu64 " different states, life %" PRIu64 ", seed %" PRIu64
            "\n",
            seconds_now() - begin, (uint64_t)campaign->states, campaign->states_wanted,
            (uint64_t)campaign->scripts, check_seed);
}

static void workers_wait(struct campaign *campaign, double begin)
{
    const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
    double next = begin + 60;

    for (unsigned ended = 0; ended < worker_count;) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, WNOHANG);

        if (pid > 0) {
            ended++;
            if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0))
                campaign->has_failed = true;
            continue;
        }
        CHECK(pid == 0);
        if (seconds_now() >= next) {
            progress_print(campaign, begin);
            next += 60;
        }
        nanosleep(&pause, NULL);
    }
}

static void counts_print(const char *name, const struct campaign_counts *counts)
{
    printf("%-26s %8" PRIu64 " %8" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64
           " %9" PRIu64 " %10" PRIu64 "\n",
           name, counts->scripts, counts->commits, counts->calls, counts->states[0],
           counts->states[1], counts->states[2], counts->states[3], counts->recoveries);
}

static void report_print(struct campaign *campaign, double seconds)
{
    struct campaign_counts total = {0};

    printf("%-26s %8s %8s %9s %9s %9s %9s %9s %10s\n", "world", "lives", "commits", "calls",
           "1 loss", "2 losses", "3 losses", "4 losses", "went on");
    for (size_t i = 0; i < SCRIPT_WORLD_COUNT; i++) {
        const struct campaign_counts *counts = &campaign->worlds[i];

        counts_print(SCRIPT_WORLDS[i].name, counts);
        total.scripts += counts->scripts;
        total.commits += counts->commits;
        total.calls += counts->calls;
        total.recoveries += counts->recoveries;
        for (size_t depth = 0; depth < CAMPAIGN_DEPTHS; depth++)
            total.states[depth] += counts->states[depth];
    }
    counts_print("total", &total);
    printf("%" PRIu64 " different states after power loss, seed %" PRIu64
           ", %u workers, %.0f s: %s\n",
           (uint64_t)campaign->states, check_seed, worker_count, seconds,
           campaign->has_failed   ? "FAILED"
           : campaign->is_stopped ? "stopped; nothing lost, nothing wrong so far"
                                  : "nothing lost, nothing wrong");
}

static void power_loss_at_any_moment_leaves_a_whole_commit(void)
{
    struct campaign *campaign = campaign_create(states_wanted);
    double begin = seconds_now();

    if (script_chosen != 0) {
        CHECK(script_run(campaign, script_chosen));
    } else {
        workers_begin(campaign);
        workers_wait(campaign, begin);
    }
    report_print(campaign, seconds_now() - begin);
    CHECK(!campaign->has_failed);
    CHECK(script_chosen != 0 || campaign->states >= states_wanted);
    campaign_destroy(campaign);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"power_loss_at_any_moment_leaves_a_whole_commit",
         power_loss_at_any_moment_leaves_a_whole_commit},
    };
    int rest = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--states") == 0 && i + 1 < argc)
            states_wanted = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--workers") == 0 && i + 1 < argc)
            worker_count = (unsigned)strtoul(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--script") == 0 && i + 1 < argc)
            script_chosen = strtoull(argv[++i], NULL, 0);
        else
            argv[rest++] = argv[i];
    }
    /* Images of a few hundred kilobytes come and go all the time. */
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    return check_main(tests, CHECK_COUNT(tests), rest, argv);
}
