/* tests/support/questions.h -- questions to a snapshot whose answers a mirror knows.
 *
 *   questions.c          windows with conditions and filters; totals
 *   questions_windows.c  many windows at once
 *   questions_near.c     nearest items
 *   questions_join.c     pairs of items that meet
 *
 * A question about a window keeps the answer that is expected, as sums over keys; so it can be
 * asked again when the mirror has long gone on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef QUESTIONS_H
#define QUESTIONS_H

#include "mirror.h"

#define QUESTION_CONDITIONS 3

struct question {
    double windows[QUESTION_CONDITIONS][2 * XT_DIMS_MAX];
    enum oracle_window kinds[QUESTION_CONDITIONS];
    xt_predicate predicates[QUESTION_CONDITIONS];
    size_t condition_count;
    bool filters; /* only items that question_takes() */
    uint64_t count;
    uint64_t id_sum; /* of mirror_id_key() */
    uint64_t sum;    /* of the rows' keys */
};

/* The filter of questions: two thirds of all ids pass. */
static inline bool question_takes(uint64_t id)
{
    return mirror_id_key(id) % 3 != 0;
}

/* Draws windows and predicates, and asks the mirror. */
void question_draw(struct question *question, const struct mirror *mirror, uint64_t *random);

/* Asks the mirror again, after the question was changed. */
void question_expect(struct question *question, const struct mirror *mirror);

/* Makes the question what there is at all. */
void question_all(struct question *question, const struct mirror *mirror);

/* CHECKs what the snapshot answers, taken in a way and with a kernel that are drawn. The mirror
 * says only what the schema is. */
bool question_holds(const struct question *question, const xt_snapshot *snapshot,
                    const struct mirror *mirror, uint64_t *random);

/* CHECKs number and bounds of the items. */
bool totals_hold(const xt_snapshot *snapshot, const struct mirror *mirror);

/* CHECKs windows that are drawn, asked all at once. */
bool windows_hold(const xt_snapshot *snapshot, const struct mirror *mirror, uint64_t *random);

/* CHECKs the nearest items of a point that is drawn, or of several at once. */
bool nearest_holds(const xt_snapshot *snapshot, const struct mirror *mirror, uint64_t *random);

/* CHECKs the join of two snapshots, or with b NULL of one with itself, against all items that they
 * say they have. Quadratic: for small ones. */
bool join_holds(const xt_snapshot *a, const xt_snapshot *b, const struct mirror *mirror,
                uint64_t *random);

#endif
