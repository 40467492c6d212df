/* tests/model/test_changes.c -- does a store that changes all the time hold what a plain array of
 * boxes holds that goes through the same changes?
 *
 * Worlds (worlds.c) differ in the shape of the store and in where the items lie. In each, items
 * are inserted, removed and moved one by one, in phases in which the tree grows to heights 3 and 4,
 * lives, oscillates, and shrinks, often to nothing. Batches are published, committed or rolled
 * back; stores are closed and opened again; snapshots are held and asked later. After a batch the
 * store is checked deeply, and asked what the array is asked.
 *
 *     test_changes --operations N     so many single changes, over all worlds
 *     test_changes --seconds S        rounds with seeds that follow each other, until so long
 *     test_changes --checks N         that many changes between two checks; 0: after each batch
 *     test_changes --world NAME       only this one; NAME list: their names
 *     test_changes --seed N           other changes
 *     test_changes --require-branches every branch of the tree's code 1000 times, or it fails
 *
 * What happens in a world follows from the seed and the world alone; with fewer operations it is
 * the beginning of what happens with more.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "changes.h"
#include "support/check.h"

#define OPERATIONS 2000000
#define CHECKS 100
#define ROUND_OPERATIONS 2000000
#define BRANCHES_MIN 1000

static uint64_t operations = OPERATIONS;
static uint64_t seconds;
static uint64_t checks = CHECKS;
static const char *only_world;
static bool requires_branches;

/* ---- what was done ------------------------------------------------------------------------- */

static void operations_print(const struct changes_totals *totals)
{
    static const char *const texts[] = {
#define TEXT(name, text) [name] = (text),
        CHANGES_OPERATION_MAP(TEXT)
#undef TEXT
    };
    uint64_t high = 0;

    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        printf("%14" PRIu64 " %s\n", totals->operations[i], texts[i]);
    printf("%14" PRIu64 " bytes moved by these cleanings\n", totals->cleaned_bytes);
    for (uint32_t height = 0; height <= XT_LEVELS_MAX; height++) {
        if (totals->by_height[height] > 0)
            printf("%14" PRIu64 " changes at height %u\n", totals->by_height[height], height);
        high += height >= 3 ? totals->by_height[height] : 0;
    }
    printf("%13.1f%% of %" PRIu64 " changes at height 3 or more\n",
           100.0 * (double)high / (double)(totals->changes > 0 ? totals->changes : 1),
           totals->changes);
}

/* False: one of the branches was taken too seldom. */
static bool branches_print(const xt_change_stats *stats)
{
    const struct {
        const char *name;
        uint64_t count;
    } branches[] = {
        {"nodes copied",      stats->nodes_copied     },
        {"leaf splits",       stats->leaf_splits      },
        {"inner splits",      stats->inner_splits     },
        {"supernodes made",   stats->supernodes_made  },
        {"supernodes grown",  stats->supernodes_grown },
        {"supernodes shrunk", stats->supernodes_shrunk},
        {"merges",            stats->merges           },
        {"redistributions",   stats->redistributions  },
        {"roots grown",       stats->roots_grown      },
        {"roots shrunk",      stats->roots_shrunk     },
        {"origins renewed",   stats->origins_renewed  },
        {"moves in the leaf", stats->moves_in_leaf    },
    };
    bool is_enough = true;

    for (size_t i = 0; i < CHECK_COUNT(branches); i++) {
        bool is_seldom = branches[i].count < BRANCHES_MIN;

        printf("%14" PRIu64 " %s%s\n", branches[i].count, branches[i].name,
               is_seldom ? "  (below 1000)" : "");
        is_enough &= !is_seldom;
    }
    return is_enough;
}

/* ---- worlds -------------------------------------------------------------------------------- */

static bool is_chosen(const struct world *world)
{
    return only_world == NULL || strcmp(only_world, world->name) == 0;
}

/* The operations are shared out evenly. */
static bool worlds_run(uint64_t seed, uint64_t all, const char *folder,
                       struct changes_totals *totals)
{
    uint64_t count = only_world == NULL ? world_count : 1;
    uint64_t number = 0;

    for (size_t i = 0; i < world_count; i++) {
        const struct changes_options options = {
            seed, all * (number + 1) / count - all * number / count, checks, folder};

        if (!is_chosen(&worlds[i]))
            continue;
        number++;
        printf("%s\n", worlds[i].name);
        fflush(stdout); /* the library may abort */
        if (!changes_run(&worlds[i], &options, totals))
            return false;
    }
    return true;
}

static bool rounds_run(const char *folder, struct changes_totals *totals)
{
    time_t end = time(NULL) + (time_t)seconds;
    bool holds = true;

    for (uint64_t seed = check_seed; holds && time(NULL) < end; seed++)
        holds = worlds_run(seed, ROUND_OPERATIONS, folder, totals);
    return holds;
}

static void stores_change_as_an_array_of_boxes_does(void)
{
    static struct changes_totals totals;
    const char *folder = check_scratch();
    bool is_enough;
    bool holds;

    printf("seed %" PRIu64 "\n", check_seed);
    holds = seconds > 0 ? rounds_run(folder, &totals)
                        : worlds_run(check_seed, operations, folder, &totals);
    operations_print(&totals);
    is_enough = branches_print(&totals.stats);
    if (requires_branches && holds)
        CHECK(is_enough);
}

/* ---- arguments ----------------------------------------------------------------------------- */

static bool world_take(const char *name)
{
    only_world = name;
    if (world_find(name) != NULL)
        return true;
    for (size_t i = 0; i < world_count; i++)
        printf("%s\n", worlds[i].name);
    return false;
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"stores_change_as_an_array_of_boxes_does", stores_change_as_an_array_of_boxes_does},
    };
    int rest = 1;

    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;

        if (strcmp(argv[i], "--operations") == 0 && has_value)
            operations = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--seconds") == 0 && has_value)
            seconds = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--checks") == 0 && has_value)
            checks = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--require-branches") == 0)
            requires_branches = true;
        else if (strcmp(argv[i], "--world") == 0 && has_value && world_take(argv[i + 1]))
            i++;
        else if (strcmp(argv[i], "--world") == 0)
            return 2;
        else
            argv[rest++] = argv[i];
    }
    return check_main(tests, CHECK_COUNT(tests), rest, argv);
}
