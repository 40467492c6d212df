/* bench/contestants.c -- the table of everything that is measured.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contestant.h"

const struct contestant *const contestants[] = {
    &with_xtree,       &with_xtree_published, &with_boost,
    &with_boost_rstar, &with_boost_quadratic, &with_boost_linear,
    &with_flann,       &with_nanoflann,       NULL,
};
const struct opener *const openers[] = {&open_xtree, &open_lmdb, NULL};
