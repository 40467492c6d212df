/* tests/support/subject.h -- trees made by hand for tests of queries, each with its oracle.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "geom/geom.h"
#include "hand_tree.h"
#include "oracle.h"

struct subject_row {
    const char *name;
    struct hand_shape shape;
    size_t count;
    int data; /* enum oracle_data */
};

/* Shapes of all kinds: empty, flat, high, supernodes, 1 to 64 dimensions, all item types. */
extern const struct subject_row subject_rows[];
extern const size_t subject_row_count;

struct subject {
    struct hand_tree tree;
    struct oracle oracle;
    const struct xti_kernels *kernels; /* the best, unless changed */
};

void subject_make(struct subject *subject, const struct subject_row *row, uint64_t *random);
void subject_free(struct subject *subject);

/* CHECKs that the item was expected and not seen before, and marks it as seen; the other one looks
 * at its coordinates, too. */
bool subject_id_see(struct subject *subject, uint64_t id);
bool subject_item_see(struct subject *subject, const xt_item *item);

#endif
