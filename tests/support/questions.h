/* tests/support/questions.h -- questions to a snapshot whose answers the mirror knows.
 *
 * A question keeps the answer that is expected, as sums over keys; so it can be asked again when
 * the mirror has long gone on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef QUESTIONS_H
#define QUESTIONS_H

#include "mirror.h"

struct question {
    double window[2 * XT_DIMS_MAX];
    enum oracle_window kind;
    xt_predicate predicate;
    uint64_t count;
    uint64_t id_sum; /* of mirror_id_key() */
    uint64_t sum;    /* of the rows' keys */
};

/* Draws a window and a predicate, and asks the mirror. */
void question_draw(struct question *question, const struct mirror *mirror, uint64_t *random);

/* The same about everything. */
void question_all(struct question *question, const struct mirror *mirror);

/* CHECKs what the snapshot answers, taken in a way and with a kernel that are drawn. The mirror
 * says only what the schema is. */
bool question_holds(const struct question *question, const xt_snapshot *snapshot,
                    const struct mirror *mirror, uint64_t *random);

/* CHECKs number and bounds of the items. */
bool totals_hold(const xt_snapshot *snapshot, const struct mirror *mirror);

#endif
