/* cli/conditions.c -- the windows and points of a query, and how items must lie to each.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "conditions.h"

#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "message.h"
#include "number.h"

static const struct {
    const char *name;
    xt_predicate predicate;
    bool is_for_points;
} predicates[] = {
    {"intersects", XT_INTERSECTS, false},
    {"within",     XT_WITHIN,     false},
    {"contains",   XT_CONTAINS,   false},
    {"disjoint",   XT_DISJOINT,   false},
    {"covers",     XT_CONTAINS,   true },
};
#define PREDICATE_COUNT (sizeof predicates / sizeof predicates[0])

static void set_predicate(struct argp_state *state, struct condition *condition, const char *name)
{
    size_t i = 0;

    while (i < PREDICATE_COUNT && strcmp(name, predicates[i].name) != 0)
        i++;
    if (i == PREDICATE_COUNT) {
        argp_error(state,
                   "--predicate: \"%s\" is none of intersects, within, contains, disjoint, "
                   "covers",
                   name);
        return;
    }
    if (predicates[i].is_for_points && !condition->is_point)
        argp_error(state, "--predicate %s needs a --point; for a window take contains", name);
    if (condition->has_predicate)
        argp_error(state, "two predicates for one %s", condition->is_point ? "point" : "window");
    condition->has_predicate = true;
    condition->predicate = predicates[i].predicate;
}

static struct condition *add(struct argp_state *state, struct conditions *conditions)
{
    struct condition *list =
        realloc(conditions->list, (conditions->count + 1) * sizeof *conditions->list);

    if (list == NULL) {
        argp_failure(state, argp_err_exit_status, 0, "out of memory");
        exit(EXIT_SYSTEM);
    }
    conditions->list = list;
    list[conditions->count] = (struct condition){0};
    return &list[conditions->count++];
}

static void take_early_predicate(struct argp_state *state, struct conditions *conditions,
                                 struct condition *condition)
{
    if (conditions->early_predicate != NULL)
        set_predicate(state, condition, conditions->early_predicate);
    conditions->early_predicate = NULL;
}

void conditions_add_window(struct argp_state *state, struct conditions *conditions,
                           const char *text)
{
    struct condition *condition = add(state, conditions);

    args_doubles(state, "--window", text, &condition->window, &condition->count);
    if (condition->count % 2 != 0)
        argp_error(state, "--window has %zu numbers: give all low corners, then all high corners",
                   condition->count);
    take_early_predicate(state, conditions, condition);
}

void conditions_add_point(struct argp_state *state, struct conditions *conditions, const char *text)
{
    struct condition *condition = add(state, conditions);
    double *both;

    args_doubles(state, "--point", text, &condition->window, &condition->count);
    both = realloc(condition->window, 2 * condition->count * sizeof *both);
    if (both == NULL) {
        argp_failure(state, argp_err_exit_status, 0, "out of memory");
        exit(EXIT_SYSTEM);
    }
    memcpy(both + condition->count, both, condition->count * sizeof *both);
    condition->window = both;
    condition->count *= 2;
    condition->is_point = true;
    condition->predicate = XT_CONTAINS;
    take_early_predicate(state, conditions, condition);
}

void conditions_add_predicate(struct argp_state *state, struct conditions *conditions,
                              const char *name)
{
    if (conditions->count > 0)
        set_predicate(state, &conditions->list[conditions->count - 1], name);
    else if (conditions->early_predicate != NULL)
        argp_error(state, "two predicates for one window");
    else
        conditions->early_predicate = name;
}

static int check_window(const struct condition *condition, uint32_t dims)
{
    char low[NUMBER_TEXT_SIZE], high[NUMBER_TEXT_SIZE];

    if (condition->count != 2 * (size_t)dims && condition->is_point) {
        message("--point has %zu numbers; the store has %u dimensions", condition->count / 2, dims);
        return EXIT_USAGE;
    }
    if (condition->count != 2 * (size_t)dims) {
        message("--window has %zu numbers; the store has %u dimensions, so give %u: all low "
                "corners, then all high corners",
                condition->count, dims, 2 * dims);
        return EXIT_USAGE;
    }
    for (uint32_t i = 0; i < dims; i++) {
        if (condition->window[i] <= condition->window[dims + i])
            continue;
        number_text(condition->window[i], low);
        number_text(condition->window[dims + i], high);
        message("--window: on axis %u of %u, low %s is above high %s", i + 1, dims, low, high);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

int conditions_check(const struct conditions *conditions, uint32_t dims)
{
    int outcome = EXIT_DONE;

    for (size_t i = 0; i < conditions->count && outcome == EXIT_DONE; i++)
        outcome = check_window(&conditions->list[i], dims);
    return outcome;
}

int conditions_apply(struct conditions *conditions, xt_query_options *options)
{
    size_t more = conditions->count - 1;

    options->predicate = conditions->list[0].predicate;
    if (more == 0)
        return EXIT_DONE;
    conditions->also = calloc(more, sizeof *conditions->also);
    if (conditions->also == NULL)
        return message_no_memory();
    for (size_t i = 0; i < more; i++)
        conditions->also[i] = (xt_condition){
            .predicate = conditions->list[i + 1].predicate,
            .window = conditions->list[i + 1].window,
        };
    options->also = conditions->also;
    options->also_count = more;
    return EXIT_DONE;
}

void conditions_release(struct conditions *conditions)
{
    for (size_t i = 0; i < conditions->count; i++)
        free(conditions->list[i].window);
    free(conditions->list);
    free(conditions->also);
}
