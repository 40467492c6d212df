/* src/arena/held.c -- ranges of the address space that are not given out.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arena/arena.h"

#include <string.h>

#define HELD_AT_FIRST 16u

/* Where the arena stands or would stand. */
static uint32_t position_of(const struct xti_space *space, uint32_t arena_id)
{
    uint32_t low = 0;
    uint32_t high = space->held_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (space->held[middle].arena_id < arena_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool stands_at(const struct xti_space *space, uint32_t i, uint32_t arena_id)
{
    return i < space->held_count && space->held[i].arena_id == arena_id;
}

static xt_status make_slot(struct xti_space *space)
{
    const struct xti_os *os = space->os;
    uint32_t capacity = space->held_capacity == 0 ? HELD_AT_FIRST : 2 * space->held_capacity;
    struct xti_held *grown;

    if (space->held_count < space->held_capacity)
        return XT_OK;
    grown = os->alloc(os, capacity * sizeof *grown);
    if (grown == NULL)
        return XT_ENOMEM;
    if (space->held != NULL) {
        memcpy(grown, space->held, space->held_count * sizeof *grown);
        os->free(os, space->held, space->held_capacity * sizeof *grown);
    }
    space->held = grown;
    space->held_capacity = capacity;
    return XT_OK;
}

xt_status xti_space_hold(struct xti_space *space, uint32_t arena_id, uint32_t first_unit,
                         uint64_t range_units)
{
    uint32_t i = position_of(space, arena_id);
    xt_status status;

    if (!stands_at(space, i, arena_id)) {
        status = make_slot(space);
        if (status != XT_OK)
            return status;
        memmove(&space->held[i + 1], &space->held[i],
                (space->held_count - i) * sizeof *space->held);
        space->held[i] = (struct xti_held){arena_id, first_unit, range_units, 0};
        space->held_count++;
    }
    space->held[i].count++;
    return XT_OK;
}

void xti_space_let_go(struct xti_space *space, uint32_t arena_id)
{
    uint32_t i = position_of(space, arena_id);

    XTI_ASSERT(stands_at(space, i, arena_id));
    if (--space->held[i].count > 0)
        return;
    space->held_count--;
    memmove(&space->held[i], &space->held[i + 1], (space->held_count - i) * sizeof *space->held);
}

bool xti_space_holds(const struct xti_space *space, uint32_t arena_id)
{
    return stands_at(space, position_of(space, arena_id), arena_id);
}
