/* src/arena/space.c -- the reserved window of addresses and the arenas in it.
 *
 * Arenas are kept in ascending order of their place. Only addresses and memory are dealt with here;
 * files are opened, written and synced by the txn room.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arena/arena.h"
#include "format/manifest.h"

#include <errno.h>
#include <string.h>

#define ARENAS_AT_FIRST 16u

/* A granule is the least that an arena can be. */
#define GRANULE_TABLE_BYTES ((size_t)(XTD_SPACE_UNITS >> XTI_GRANULE_SHIFT) * sizeof(uint16_t))
static_assert(XTD_ARENA_ALIGN_UNITS == UINT64_C(1) << XTI_GRANULE_SHIFT, "arenas are granules");
static_assert(XTD_ARENAS_MAX < UINT16_MAX, "a position + 1 fits into the table");

/* So much memory above what is visible stays, for the next change. */
#define SPARE_UNITS_MAX ((UINT64_C(4) << 20) / XTD_UNIT_BYTES)

static uint64_t to_bytes(uint64_t units)
{
    return units << XTD_UNIT_SHIFT;
}

static char *arena_at(const struct xti_space *space, const struct xti_arena *arena, uint64_t units)
{
    return space->base + to_bytes(arena->first_unit + units);
}

/* Zeroes, all at once: one call, not one for each arena, and no memory until they are touched. */
static int reserve_table(const struct xti_os *os, size_t bytes, void **out)
{
    int result = os->reserve(os, bytes, out);

    if (result != 0)
        return result;
    result = os->place_memory(os, *out, bytes, false);
    if (result != 0)
        os->release(os, *out, bytes);
    return result;
}

xt_status xti_space_init(struct xti_space *space, const struct xti_os *os, uint64_t window_bytes,
                         bool has_files, bool is_writable, bool verifies)
{
    void *base;
    int result;

    memset(space, 0, sizeof *space);
    space->os = os;
    space->window_units = window_bytes >> XTD_UNIT_SHIFT;
    space->has_files = has_files;
    space->is_writable = is_writable;
    result = os->reserve(os, (size_t)window_bytes, &base);
    if (result == 0)
        space->base = base;
    if (result == 0 && verifies) {
        space->verified_bytes = (size_t)xti_round_up(space->window_units / 8, XTD_PAGE_BYTES);
        result = reserve_table(os, space->verified_bytes, &base);
        space->verified = result == 0 ? base : NULL;
    }
    if (result == 0 && is_writable) {
        result = reserve_table(os, GRANULE_TABLE_BYTES, &base);
        space->arena_at = result == 0 ? base : NULL;
    }
    if (result != 0)
        xti_space_release(space);
    return xti_os_status(result);
}

void xti_space_release(struct xti_space *space)
{
    const struct xti_os *os = space->os;

    if (space->base != NULL)
        os->release(os, space->base, (size_t)to_bytes(space->window_units));
    if (space->verified != NULL)
        os->release(os, space->verified, space->verified_bytes);
    if (space->arena_at != NULL)
        os->release(os, space->arena_at, GRANULE_TABLE_BYTES);
    if (space->arenas != NULL)
        os->free(os, space->arenas, space->arena_capacity * sizeof *space->arenas);
    if (space->held != NULL)
        os->free(os, space->held, space->held_capacity * sizeof *space->held);
    memset(space, 0, sizeof *space);
}

static xt_status make_slot(struct xti_space *space)
{
    const struct xti_os *os = space->os;
    uint32_t capacity = space->arena_capacity == 0 ? ARENAS_AT_FIRST : 2 * space->arena_capacity;
    struct xti_arena *grown;

    if (space->arena_count < space->arena_capacity)
        return XT_OK;
    grown = os->alloc(os, capacity * sizeof *grown);
    if (grown == NULL)
        return XT_ENOMEM;
    if (space->arenas != NULL) {
        memcpy(grown, space->arenas, space->arena_count * sizeof *grown);
        os->free(os, space->arenas, space->arena_capacity * sizeof *grown);
    }
    space->arenas = grown;
    space->arena_capacity = capacity;
    return XT_OK;
}

/* Writes a position + 1, or 0, to all granules of an arena. */
static void mark_granules(const struct xti_space *space, const struct xti_arena *arena,
                          uint32_t value)
{
    uint64_t first = arena->first_unit >> XTI_GRANULE_SHIFT;
    uint64_t count = arena->range_units >> XTI_GRANULE_SHIFT;

    if (space->arena_at == NULL)
        return;
    for (uint64_t i = 0; i < count; i++)
        space->arena_at[first + i] = (uint16_t)value;
}

/* The arenas from position i on have moved. */
static void mark_from(const struct xti_space *space, uint32_t i)
{
    for (; i < space->arena_count; i++)
        mark_granules(space, &space->arenas[i], i + 1);
}

xt_status xti_space_add(struct xti_space *space, const struct xti_arena *arena)
{
    uint32_t i = space->arena_count;
    xt_status status;

    if (arena->first_unit + arena->range_units > space->window_units)
        return XT_EFULL;
    status = make_slot(space);
    if (status != XT_OK)
        return status;
    while (i > 0 && space->arenas[i - 1].first_unit > arena->first_unit) {
        space->arenas[i] = space->arenas[i - 1];
        i--;
    }
    XTI_ASSERT(i == 0 || space->arenas[i - 1].first_unit + space->arenas[i - 1].range_units <=
                             arena->first_unit);
    space->arenas[i] = *arena;
    space->arena_count++;
    mark_from(space, i);
    return XT_OK;
}

void xti_arena_drop(struct xti_arena *arena, uint64_t generation, uint64_t number)
{
    struct xti_arena dropped = {.id = arena->id,
                                .first_unit = arena->first_unit,
                                .range_units = arena->range_units,
                                .created_txn = arena->created_txn,
                                .dropped_generation = generation,
                                .dropped_number = number,
                                .is_sealed = true};

    XTI_ASSERT(generation != 0 && !xti_arena_is_dropped(arena));
    *arena = dropped;
}

uint32_t xti_space_listed_count(const struct xti_space *space)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < space->arena_count; i++)
        count += xti_arena_is_dropped(&space->arenas[i]) ? 0 : 1;
    return count;
}

void xti_space_remove(struct xti_space *space, uint32_t i)
{
    const struct xti_os *os = space->os;
    struct xti_arena *arena = &space->arenas[i];

    XTI_ASSERT(i < space->arena_count);
    os->unplace(os, arena_at(space, arena, 0), (size_t)to_bytes(arena->range_units));
    if (space->verified != NULL) /* another arena may come to lie there */
        memset(space->verified + arena->first_unit / 8, 0, (size_t)(arena->range_units / 8));
    mark_granules(space, arena, 0);
    space->arena_count--;
    memmove(arena, arena + 1, (space->arena_count - i) * sizeof *arena);
    mark_from(space, i);
}

/* The end of a range that has some of these units; 0: none has. */
static uint64_t end_of_overlap(const struct xti_space *space, uint64_t at, uint64_t units)
{
    for (uint32_t i = 0; i < space->arena_count; i++) {
        const struct xti_arena *arena = &space->arenas[i];

        if (arena->first_unit < at + units && at < arena->first_unit + arena->range_units)
            return arena->first_unit + arena->range_units;
    }
    for (uint32_t i = 0; i < space->held_count; i++) {
        const struct xti_held *held = &space->held[i];

        if (held->first_unit < at + units && at < held->first_unit + held->range_units)
            return held->first_unit + held->range_units;
    }
    return 0;
}

xt_status xti_space_find_room(const struct xti_space *space, uint64_t units, uint32_t *first_unit)
{
    uint64_t next = 0;
    uint64_t at;

    *first_unit = 0;
    XTI_ASSERT(units % XTD_ARENA_ALIGN_UNITS == 0);
    do {
        at = next;
        if (at + units > space->window_units)
            return XT_EFULL;
        next = end_of_overlap(space, at, units);
    } while (next != 0);
    *first_unit = (uint32_t)at;
    return XT_OK;
}

struct xti_arena *xti_space_arena(struct xti_space *space, uint32_t id)
{
    for (uint32_t i = 0; i < space->arena_count; i++) {
        if (space->arenas[i].id == id)
            return &space->arenas[i];
    }
    return NULL;
}

xt_status xti_arena_give_memory(struct xti_space *space, struct xti_arena *arena)
{
    uint64_t bytes = to_bytes(arena->range_units - arena->memory_units);
    int result;

    XTI_ASSERT(space->is_writable);
    if (bytes == 0)
        return XT_OK;
    result = space->os->place_memory(space->os, arena_at(space, arena, arena->memory_units),
                                     (size_t)bytes, true);
    return xti_os_status(result);
}

xt_status xti_arena_show_file(struct xti_space *space, struct xti_arena *arena, xti_file file,
                              uint64_t units)
{
    uint64_t from = arena->memory_units;
    int result;

    XTI_ASSERT(units % XTD_PAGE_UNITS == 0 && units <= arena->range_units);
    if (units <= from)
        return XT_OK;
    result = space->os->place_file(space->os, arena_at(space, arena, from),
                                   (size_t)to_bytes(units - from), file, to_bytes(from));
    if (result == -ENODATA)
        return XT_ECORRUPT;
    if (result != 0)
        return xti_os_status(result);
    arena->memory_units = units;
    return XT_OK;
}

bool xti_arena_alloc(struct xti_arena *arena, uint64_t units, uint32_t *ref)
{
    *ref = 0;
    if (arena->is_sealed || units > arena->range_units - arena->top_units)
        return false;
    *ref = (uint32_t)(arena->first_unit + arena->top_units);
    arena->top_units += units;
    return true;
}

void xti_block_unused(const struct xti_space *space, uint32_t ref, uint64_t units)
{
    struct xtd_node *block = xti_space_at(space, ref);

    memset(block, 0, sizeof *block);
    block->self_ref = ref;
    block->size_units = (uint32_t)units;
    block->kind = XTD_UNUSED;
}

bool xti_arena_align(struct xti_space *space, struct xti_arena *arena, uint64_t align_units)
{
    uint64_t gap = xti_round_up(arena->top_units, align_units) - arena->top_units;
    uint32_t ref;

    if (gap == 0)
        return true;
    if (!xti_arena_alloc(arena, gap, &ref))
        return false;
    xti_block_unused(space, ref, gap);
    return true;
}

xt_status xti_arena_rewind(struct xti_space *space, struct xti_arena *arena)
{
    const struct xti_os *os = space->os;
    uint64_t keep = arena->visible_units;
    uint64_t from = xti_round_up(keep, XTD_PAGE_UNITS);
    bool is_mapped = arena->memory_units > keep;
    int result = 0;

    arena->live_units = arena->visible_live_units;
    XTI_ASSERT(keep <= arena->top_units);
    if (from < arena->range_units &&
        (arena->memory_units > from || arena->top_units - keep > SPARE_UNITS_MAX))
        result = os->place_memory(os, arena_at(space, arena, from),
                                  (size_t)to_bytes(arena->range_units - from), true);
    if (result != 0)
        return xti_os_status(result);
    if (is_mapped) /* the last page shows the file: its rest cannot be used */
        arena->memory_units = from;
    arena->top_units = is_mapped ? from : keep;
    if (arena->frozen_units > arena->top_units)
        arena->frozen_units = arena->top_units;
    return XT_OK;
}
