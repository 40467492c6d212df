/* cli/conditions.h -- the windows and points of a query, and how items must lie to each.
 *
 * --predicate belongs to the --window or --point before it; one that stands before all of them
 * belongs to the first.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_CONDITIONS_H
#define CLI_CONDITIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xtree.h>

struct condition {
    double *window; /* all low corners, then all high corners */
    size_t count;   /* values in `window` */
    bool is_point;
    bool has_predicate;
    xt_predicate predicate;
};

struct conditions {
    struct condition *list;
    size_t count;
    const char *early_predicate; /* said before the first window; NULL: none */
    xt_condition *also;          /* of the options: all but the first */
};

void conditions_add_window(struct argp_state *state, struct conditions *conditions,
                           const char *text);
void conditions_add_point(struct argp_state *state, struct conditions *conditions,
                          const char *text);
void conditions_add_predicate(struct argp_state *state, struct conditions *conditions,
                              const char *name);

/* They must fit a store of `dims` dimensions. Gives an exit status; an error has been said. */
int conditions_check(const struct conditions *conditions, uint32_t dims);

/* Sets predicate and further conditions; these live as long as `conditions`. The window for
 * xt_query_window() is that of the first condition. */
int conditions_apply(struct conditions *conditions, xt_query_options *options);

void conditions_release(struct conditions *conditions);

#endif
