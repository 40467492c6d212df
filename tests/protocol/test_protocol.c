/* tests/protocol/test_protocol.c -- does the protocol hold, whatever happens in whatever order?
 *
 *     test_protocol                 the scopes of every build, and every mutant
 *     test_protocol --all           every scope and every mutant; minutes
 *     test_protocol --scope NAME    one scope; a violation is shown with its trace
 *     test_protocol --trace NAME    the shortest way to what the mutant breaks
 *     test_protocol --list          the names of scopes and mutants
 *
 * A scope holds when no state that it leads to violates an invariant. A mutant is caught when one
 * does. Nothing is random: two runs print the same. README.md says what is modelled.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "protocol/model.h"

enum { STATES_MAX = 100000000 };

static const struct scope *find_scope(const char *name)
{
    for (unsigned i = 0; i < scope_count; i++) {
        if (strcmp(name, scopes[i].name) == 0) {
            return &scopes[i];
        }
    }
    return NULL;
}

static const struct mutant *find_mutant(const char *name)
{
    for (unsigned i = 0; i < mutant_count; i++) {
        if (strcmp(name, mutants[i].name) == 0) {
            return &mutants[i];
        }
    }
    return NULL;
}

static bool run_scope(const struct scope *scope)
{
    const struct result result = explore(scope, RULE_NONE, STATES_MAX, true);

    printf("scope %-32s %9" PRIu64 " states %10" PRIu64 " steps, depth %3u: %s\n", scope->name,
           result.states, result.steps, result.depth,
           result.violation != NULL ? result.violation
           : result.complete        ? "holds"
                                    : "TOO MANY STATES");
    fflush(stdout);
    return result.complete;
}

static bool run_mutant(const struct mutant *mutant, bool trace)
{
    const struct result result =
        explore(find_scope(mutant->scope), mutant->broken, STATES_MAX, trace);

    printf("mutant %-31s %9" PRIu64 " states, %2u steps: %s\n", mutant->name, result.states,
           result.depth, result.violation != NULL ? result.violation : "NOT CAUGHT");
    fflush(stdout);
    return result.violation != NULL;
}

static int run_all(bool all)
{
    unsigned failures = 0;

    for (unsigned i = 0; i < scope_count; i++) {
        if ((all || scopes[i].always) && !run_scope(&scopes[i])) {
            failures++;
        }
    }
    for (unsigned i = 0; i < mutant_count; i++) {
        failures += !run_mutant(&mutants[i], false);
    }
    printf("%u mutants, %u failures\n", mutant_count, failures);
    return failures == 0 ? 0 : 1;
}

static int list(void)
{
    for (unsigned i = 0; i < scope_count; i++) {
        printf("scope %s\n", scopes[i].name);
    }
    for (unsigned i = 0; i < mutant_count; i++) {
        printf("mutant %s\n", mutants[i].name);
    }
    return 0;
}

static int run_named(const char *option, const char *name)
{
    const struct scope *scope = find_scope(name);
    const struct mutant *mutant = find_mutant(name);

    if (strcmp(option, "--scope") == 0 && scope != NULL) {
        return run_scope(scope) ? 0 : 1;
    }
    if (strcmp(option, "--trace") == 0 && mutant != NULL) {
        return run_mutant(mutant, true) ? 0 : 1;
    }
    fprintf(stderr, "test_protocol: %s %s: no such name; see --list\n", option, name);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        return run_all(false);
    }
    if (argc == 2 && strcmp(argv[1], "--all") == 0) {
        return run_all(true);
    }
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        return list();
    }
    if (argc == 3) {
        return run_named(argv[1], argv[2]);
    }
    fprintf(stderr, "usage: test_protocol [--all | --list | --scope NAME | --trace NAME]\n");
    return 2;
}
