/* tests/support/mirror.h -- what a store holds, as a plain array of boxes that changes with it.
 *
 * Rows stand in no order: a row that is removed is replaced by the last one. What was changed since
 * the last settlement can be taken back. Each row has a key, a hash of its id and its box as the
 * store keeps it, so that answers can be compared as sums of keys, whatever their order, and two
 * rows may be the same.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MIRROR_H
#define MIRROR_H

#include "oracle.h"

#define MIRROR_NOWHERE SIZE_MAX

struct mirror {
    struct oracle rows; /* its ids are any, its marks are not used */
    uint64_t *keys;     /* one for each row */
    size_t capacity;
    struct mirror_undo *undo; /* what is not settled, oldest first */
    double *undo_sides;       /* 2 * dims for each */
    size_t undo_count;
    size_t undo_capacity;
};

void mirror_init(struct mirror *mirror, struct oracle_schema schema);
void mirror_release(struct mirror *mirror);

static inline const double *mirror_low(const struct mirror *mirror, size_t row)
{
    return mirror->rows.low + row * mirror->rows.dims;
}

static inline const double *mirror_high(const struct mirror *mirror, size_t row)
{
    return mirror->rows.high + row * mirror->rows.dims;
}

/* The same for equal boxes, 0.0 and -0.0 being equal; and for an id alone. */
uint64_t mirror_key(const struct mirror *mirror, uint64_t id, const double *low,
                    const double *high);
uint64_t mirror_id_key(uint64_t id);

/* The new row is the last one. In a mirror of points high is not looked at. */
void mirror_insert(struct mirror *mirror, uint64_t id, const double *low, const double *high);
void mirror_remove(struct mirror *mirror, size_t row);
void mirror_move(struct mirror *mirror, size_t row, const double *low, const double *high);

/* A row with this id and box, as the store keeps it; MIRROR_NOWHERE: there is none. O(rows). */
size_t mirror_find(const struct mirror *mirror, uint64_t id, const double *low, const double *high);

/* Forgets how to go back; goes back to the last time. */
void mirror_settle(struct mirror *mirror);
void mirror_rollback(struct mirror *mirror);

#endif
