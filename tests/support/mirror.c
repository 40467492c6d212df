/* tests/support/mirror.c -- an array of boxes that changes, and can take changes back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum undo_kind { UNDO_INSERT, UNDO_REMOVE, UNDO_MOVE };

/* The row as it was before; nothing of one that was inserted. */
struct mirror_undo {
    enum undo_kind kind;
    size_t row;
    uint64_t id;
};

static void *memory_resize(void *old, size_t count, size_t size)
{
    void *result = realloc(old, count * size);

    if (result == NULL) {
        fprintf(stderr, "no memory for the mirror\n");
        abort();
    }
    return result;
}

void mirror_init(struct mirror *mirror, struct oracle_schema schema)
{
    *mirror = (struct mirror){
        .rows = {.dims = schema.dims, .kind = schema.kind, .coord_type = schema.coord_type}
    };
}

void mirror_release(struct mirror *mirror)
{
    if (mirror->rows.high != mirror->rows.low)
        free(mirror->rows.high);
    free(mirror->rows.low);
    free(mirror->rows.ids);
    free(mirror->keys);
    free(mirror->undo);
    free(mirror->undo_sides);
    memset(mirror, 0, sizeof *mirror);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t mirror_id_key(uint64_t id)
{
    return mix(id + UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t value_key(const struct mirror *mirror, double value)
{
    double kept = oracle_kept(&mirror->rows, value) + 0.0; /* -0.0 becomes 0.0 */
    uint64_t bits;

    memcpy(&bits, &kept, sizeof bits);
    return bits;
}

uint64_t mirror_key(const struct mirror *mirror, uint64_t id, const double *low, const double *high)
{
    uint64_t key = mirror_id_key(id);

    for (uint32_t axis = 0; axis < mirror->rows.dims; axis++) {
        key = mix(key + value_key(mirror, low[axis]));
        if (mirror->rows.kind == XT_BOXES)
            key = mix(key + value_key(mirror, high[axis]));
    }
    return key;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void rows_grow(struct mirror *mirror)
{
    struct oracle *rows = &mirror->rows;
    size_t capacity = mirror->capacity == 0 ? 256 : 2 * mirror->capacity;

    if (rows->count < mirror->capacity)
        return;
    rows->low = memory_resize(rows->low, capacity, rows->dims * sizeof(double));
    if (rows->kind == XT_BOXES)
        rows->high = memory_resize(rows->high, capacity, rows->dims * sizeof(double));
    else
        rows->high = rows->low;
    rows->ids = memory_resize(rows->ids, capacity, sizeof(uint64_t));
    mirror->keys = memory_resize(mirror->keys, capacity, sizeof(uint64_t));
    mirror->capacity = capacity;
}

static void row_write(struct mirror *mirror, size_t row, uint64_t id, const double *low,
                      const double *high)
{
    struct oracle *rows = &mirror->rows;
    size_t bytes = rows->dims * sizeof(double);

    memmove(rows->low + row * rows->dims, low, bytes);
    if (rows->kind == XT_BOXES)
        memmove(rows->high + row * rows->dims, high, bytes);
    rows->ids[row] = id;
    mirror->keys[row] = mirror_key(mirror, id, mirror_low(mirror, row), mirror_high(mirror, row));
}

static void row_append(struct mirror *mirror, uint64_t id, const double *low, const double *high)
{
    rows_grow(mirror);
    row_write(mirror, mirror->rows.count, id, low, high);
    mirror->rows.count++;
}

/* From one place to another, the key as it is. */
static void row_copy(struct mirror *mirror, size_t to, size_t from)
{
    struct oracle *rows = &mirror->rows;
    size_t bytes = rows->dims * sizeof(double);

    if (to == from)
        return;
    memcpy(rows->low + to * rows->dims, rows->low + from * rows->dims, bytes);
    if (rows->kind == XT_BOXES)
        memcpy(rows->high + to * rows->dims, rows->high + from * rows->dims, bytes);
    rows->ids[to] = rows->ids[from];
    mirror->keys[to] = mirror->keys[from];
}

/* ---- changes ------------------------------------------------------------------------------- */

static double *undo_push(struct mirror *mirror, enum undo_kind kind, size_t row, uint64_t id)
{
    size_t sides = (size_t)2 * mirror->rows.dims;

    if (mirror->undo_count == mirror->undo_capacity) {
        mirror->undo_capacity = mirror->undo_capacity == 0 ? 64 : 2 * mirror->undo_capacity;
        mirror->undo = memory_resize(mirror->undo, mirror->undo_capacity, sizeof *mirror->undo);
        mirror->undo_sides =
            memory_resize(mirror->undo_sides, mirror->undo_capacity, sides * sizeof(double));
    }
    mirror->undo[mirror->undo_count] = (struct mirror_undo){kind, row, id};
    return mirror->undo_sides + sides * mirror->undo_count++;
}

static void undo_push_row(struct mirror *mirror, enum undo_kind kind, size_t row)
{
    double *sides = undo_push(mirror, kind, row, mirror->rows.ids[row]);
    size_t bytes = mirror->rows.dims * sizeof(double);

    memcpy(sides, mirror_low(mirror, row), bytes);
    memcpy(sides + mirror->rows.dims, mirror_high(mirror, row), bytes);
}

void mirror_insert(struct mirror *mirror, uint64_t id, const double *low, const double *high)
{
    (void)undo_push(mirror, UNDO_INSERT, mirror->rows.count, id);
    row_append(mirror, id, low, high);
}

void mirror_remove(struct mirror *mirror, size_t row)
{
    undo_push_row(mirror, UNDO_REMOVE, row);
    row_copy(mirror, row, --mirror->rows.count);
}

void mirror_move(struct mirror *mirror, size_t row, const double *low, const double *high)
{
    undo_push_row(mirror, UNDO_MOVE, row);
    row_write(mirror, row, mirror->rows.ids[row], low, high);
}

size_t mirror_find(const struct mirror *mirror, uint64_t id, const double *low, const double *high)
{
    uint64_t key = mirror_key(mirror, id, low, mirror->rows.kind == XT_BOXES ? high : low);

    for (size_t row = 0; row < mirror->rows.count; row++) {
        if (mirror->keys[row] == key)
            return row;
    }
    return MIRROR_NOWHERE;
}

void mirror_settle(struct mirror *mirror)
{
    mirror->undo_count = 0;
}

void mirror_rollback(struct mirror *mirror)
{
    size_t sides = (size_t)2 * mirror->rows.dims;

    while (mirror->undo_count > 0) {
        const struct mirror_undo *undo = &mirror->undo[--mirror->undo_count];
        const double *low = mirror->undo_sides + sides * mirror->undo_count;
        const double *high = low + mirror->rows.dims;

        if (undo->kind == UNDO_INSERT) {
            mirror->rows.count--;
            continue;
        }
        if (undo->kind == UNDO_REMOVE) {
            rows_grow(mirror);
            row_copy(mirror, mirror->rows.count++, undo->row);
        }
        row_write(mirror, undo->row, undo->id, low, high);
    }
}
