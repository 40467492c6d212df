/* src/txn/epoch.c -- the epoch: what was allocated since the last commit.
 *
 * Its bytes lie in one extent of each arena that it touches. The first extent begins with the page
 * that the commit record will fill. A small epoch is written when it is committed; a large one may
 * be written piece by piece before (xti_txn_spill), so that memory stays bounded: the bytes are in
 * the file then, but nothing refers to them until the commit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

#include <errno.h>
#include <string.h>

static int write_arena_header(struct xti_txn *txn, const struct xti_arena *arena, xti_file file)
{
    struct xtd_arena_header *header = xti_alloc_zeroed(txn->os, sizeof *header);
    int result;

    if (header == NULL)
        return -ENOMEM;
    memcpy(header->uuid, txn->uuid, sizeof header->uuid);
    header->arena_id = arena->id;
    header->first_unit = arena->first_unit;
    header->range_units = arena->range_units;
    header->created_txn = arena->created_txn;
    header->timeline = txn->timeline;
    xti_arena_header_seal(header);
    result = txn->os->write_at(txn->os, file, 0, header, sizeof *header);
    txn->os->free(txn->os, header, sizeof *header);
    return result;
}

static xt_status create_arena_file(struct xti_txn *txn, const struct xti_arena *arena,
                                   xti_file *file, xt_error *error)
{
    char name[XTI_NAME_BYTES];
    int result;

    *file = XTI_FILE_NONE;
    if (txn->path == NULL)
        return XT_OK;
    xti_name_arena(name, arena->id);
    result = xti_open_new_file(txn->os, txn->path, name, file);
    if (result == 0) {
        result = write_arena_header(txn, arena, *file);
        if (result == 0)
            return XT_OK;
        txn->os->close(txn->os, *file);
        *file = XTI_FILE_NONE;
        (void)xti_remove_file(txn->os, txn->path, name);
    }
    return xti_report_system(error, result, txn->path, name, "create an arena's file");
}

static void remember_part(struct xti_txn *txn, const struct xti_arena *arena,
                          const struct xti_arena_file *held)
{
    struct xti_epoch_part *part = &txn->epoch.parts[txn->epoch.part_count++];

    part->arena_id = arena->id;
    part->is_new = arena->listed_units == 0;
    part->held = *held;
    part->first_unit = arena->top_units;
    part->written_units = arena->top_units;
    part->sealed_units = arena->top_units;
    xti_hash_init(&part->hash);
}

static xt_status add_to_space(struct xti_txn *txn, struct xti_arena *arena)
{
    xt_status status;

    txn->os->mutex_lock(txn->os, txn->mutex);
    status = xti_space_add(&txn->space, arena);
    if (status == XT_OK) {
        status = xti_arena_give_memory(&txn->space, xti_space_arena(&txn->space, arena->id));
        for (uint32_t i = 0; status != XT_OK && i < txn->space.arena_count; i++) {
            if (txn->space.arenas[i].id == arena->id)
                xti_space_remove(&txn->space, i);
        }
    }
    txn->os->mutex_unlock(txn->os, txn->mutex);
    return status;
}

/* Positions of arenas change: what was known of the room in one is not any more. */
static void give_back_ranges(struct xti_txn *txn)
{
    txn->edit.room = 0;
    txn->os->mutex_lock(txn->os, txn->mutex);
    xti_dropped_release(txn);
    txn->os->mutex_unlock(txn->os, txn->mutex);
}

xt_status xti_epoch_make_arena(struct xti_txn *txn, uint64_t units, bool is_cold,
                               uint32_t *arena_id, xti_file *file, xt_error *error)
{
    struct xti_arena arena = {0};
    char name[XTI_NAME_BYTES];
    xt_status status;

    if (txn->epoch.part_count == XTI_EPOCH_PARTS_MAX || txn->space.arena_count == XTD_ARENAS_MAX)
        return xti_report(error, XT_EFULL, txn->path, NULL, XTI_NO_OFFSET,
                          "a commit can name no more arenas");
    give_back_ranges(txn);
    arena.id = txn->next_arena_id;
    arena.range_units = xti_arena_units_for(txn, units, is_cold);
    arena.top_units = xti_arena_header_units(txn);
    arena.visible_units = arena.top_units;
    arena.durable_units = arena.top_units;
    arena.frozen_units = arena.top_units;
    arena.created_txn = txn->state.txn + 1;
    status = xti_space_find_room(&txn->space, arena.range_units, &arena.first_unit);
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET,
                          "the reserved address window has no room for another arena");
    status = create_arena_file(txn, &arena, file, error);
    if (status != XT_OK)
        return status;
    status = add_to_space(txn, &arena);
    if (status != XT_OK) {
        if (*file != XTI_FILE_NONE) {
            txn->os->close(txn->os, *file);
            xti_name_arena(name, arena.id);
            (void)xti_remove_file(txn->os, txn->path, name);
        }
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for an arena");
    }
    txn->next_arena_id++;
    *arena_id = arena.id;
    return XT_OK;
}

xt_status xti_epoch_add_arena(struct xti_txn *txn, uint64_t units, bool is_cold, xt_error *error)
{
    struct xti_arena_file held = {.is_unsynced = true};
    xt_status status = xti_epoch_make_arena(txn, units, is_cold, &held.arena_id, &held.file, error);

    if (status != XT_OK)
        return status;
    held.ahead_units = xti_arena_header_units(txn);
    if (is_cold)
        txn->now.cold_id = held.arena_id;
    else
        txn->now.arena_id = held.arena_id;
    if (txn->path != NULL)
        remember_part(txn, xti_space_arena(&txn->space, held.arena_id), &held);
    return XT_OK;
}

void xti_epoch_end(struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->epoch.part_count; i++)
        xti_arena_file_give(txn, &txn->epoch.parts[i].held);
    txn->epoch.part_count = 0;
    txn->epoch.record_ref = 0;
    txn->is_divided = false;
}

struct xti_epoch_part *xti_epoch_part(struct xti_txn *txn, uint32_t arena_id)
{
    for (uint32_t i = 0; i < txn->epoch.part_count; i++) {
        if (txn->epoch.parts[i].arena_id == arena_id)
            return &txn->epoch.parts[i];
    }
    return NULL;
}

uint64_t xti_epoch_grown(const struct xti_txn *txn, const struct xti_arena *arena)
{
    for (uint32_t i = 0; i < txn->epoch.part_count; i++) {
        if (txn->epoch.parts[i].arena_id == arena->id)
            return arena->top_units - txn->epoch.parts[i].first_unit;
    }
    return 0;
}

uint64_t xti_epoch_units(const struct xti_txn *txn)
{
    uint64_t units = 0;

    for (uint32_t i = 0; i < txn->space.arena_count; i++)
        units += xti_epoch_grown(txn, &txn->space.arenas[i]);
    return units;
}

void xti_epoch_forget(struct xti_txn *txn, struct xti_epoch_part *part)
{
    struct xti_epoch *epoch = &txn->epoch;
    const struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);

    if (arena->first_unit + part->first_unit == epoch->record_ref)
        epoch->record_ref = 0;
    xti_arena_file_give(txn, &part->held);
    *part = epoch->parts[--epoch->part_count];
}

/* An arena of an earlier commit is touched for the first time in this epoch. */
static xt_status begin_part(struct xti_txn *txn, const struct xti_arena *arena, xt_error *error)
{
    struct xti_arena_file held = {.arena_id = arena->id, .ahead_units = arena->top_units};
    char name[XTI_NAME_BYTES];
    uint64_t bytes = 0;
    int result;

    if (txn->path == NULL || xti_epoch_part(txn, arena->id) != NULL)
        return XT_OK;
    XTI_ASSERT(txn->epoch.part_count < XTI_EPOCH_PARTS_MAX);
    XTI_ASSERT(arena->top_units % xti_arena_header_units(txn) == 0);
    if (xti_arena_file_take(txn, arena->id, &held)) {
        remember_part(txn, arena, &held);
        return XT_OK;
    }
    xti_name_arena(name, arena->id);
    result = xti_open_file(txn->os, txn->path, name, XTI_OPEN_WRITE, &held.file);
    if (result != 0)
        return xti_report_system(error, result, txn->path, name, "open the arena's file");
    /* A crash may have left more than was committed: blocks as good as zeroes. */
    result = txn->os->size(txn->os, held.file, &bytes);
    if (result != 0) {
        txn->os->close(txn->os, held.file);
        return xti_report_system(error, result, txn->path, name, "find the file's size");
    }
    if (bytes / XTD_UNIT_BYTES > held.ahead_units)
        held.ahead_units = bytes / XTD_PAGE_BYTES * XTD_PAGE_UNITS;
    remember_part(txn, arena, &held);
    return XT_OK;
}

/* The record's page comes first in the first extent; its bytes do not count for that one's hash. */
static void reserve_record(struct xti_txn *txn, struct xti_arena *arena)
{
    struct xti_epoch_part *part = xti_epoch_part(txn, arena->id);
    bool has_room;

    if (txn->path == NULL || txn->epoch.record_ref != 0)
        return;
    XTI_ASSERT(part != NULL && part->first_unit == arena->top_units);
    has_room = xti_arena_alloc(arena, XTD_PAGE_UNITS, &txn->epoch.record_ref);
    XTI_ASSERT(has_room);
    part->written_units = arena->top_units;
    part->sealed_units = arena->top_units;
}

xt_status xti_txn_expect(struct xti_txn *txn, uint64_t units)
{
    if (!txn->is_writable)
        return XT_EMISUSE;
    txn->expected_units = units;
    return XT_OK;
}

/* The spare arena becomes the current one, if it is as large as one that would be made. */
static bool take_spare(struct xti_txn *txn, uint64_t units)
{
    const struct xti_arena *spare = xti_spare_find(txn);
    uint64_t wanted = units + 3 * xti_arena_header_units(txn);

    if (spare == NULL || spare->range_units < wanted || spare->range_units < txn->expected_units ||
        txn->epoch.part_count == XTI_EPOCH_PARTS_MAX)
        return false;
    txn->now.arena_id = spare->id;
    txn->spare_step = XTI_SPARE_NONE;
    return true;
}

/* The arena has no room for `units`, or is to be left. */
static bool is_left(struct xti_txn *txn, const struct xti_arena *arena, uint64_t units)
{
    return arena == NULL || arena->range_units - arena->top_units < units ||
           (xti_epoch_part(txn, arena->id) == NULL && xti_arena_is_worn(txn, arena));
}

static xt_status room_in_open(struct xti_txn *txn, uint64_t units, xt_error *error)
{
    bool has_record = txn->path == NULL || txn->epoch.record_ref != 0;
    struct xti_arena *arena = xti_space_arena(&txn->space, txn->now.arena_id);
    xt_status status;

    if (is_left(txn, arena, units + (has_record ? 0 : XTD_PAGE_UNITS))) {
        status = take_spare(txn, units) ? XT_OK : xti_epoch_add_arena(txn, units, false, error);
        if (status != XT_OK)
            return status;
        arena = xti_space_arena(&txn->space, txn->now.arena_id);
    }
    status = begin_part(txn, arena, error);
    if (status == XT_OK)
        reserve_record(txn, arena);
    return status;
}

static xt_status room_in_cold(struct xti_txn *txn, uint64_t units, xt_error *error)
{
    struct xti_arena *arena = xti_space_arena(&txn->space, txn->now.cold_id);
    xt_status status;

    if (is_left(txn, arena, units)) {
        status = xti_epoch_add_arena(txn, units, true, error);
        if (status != XT_OK)
            return status;
        arena = xti_space_arena(&txn->space, txn->now.cold_id);
    }
    return begin_part(txn, arena, error);
}

xt_status xti_epoch_room(struct xti_txn *txn, uint64_t units, bool in_cold, xt_error *error)
{
    xt_status status;

    if (!in_cold)
        return room_in_open(txn, units, error);
    status = txn->epoch.record_ref != 0 ? XT_OK : xti_epoch_record(txn, error);
    return status == XT_OK ? room_in_cold(txn, units, error) : status;
}

xt_status xti_epoch_record(struct xti_txn *txn, xt_error *error)
{
    return room_in_open(txn, 0, error);
}

/* ---- leaves apart -------------------------------------------------------------------------- */

/* Where so much is written, a commit cleans, and writes to the cold arena in any case. What follows
 * a large epoch is taken for one. */
uint64_t xti_epoch_undivided(const struct xti_txn *txn)
{
    uint64_t grown = xti_epoch_units(txn);

    if (txn->path == NULL || txn->epoch.part_count > XTI_EPOCH_PARTS_MAX / 2 ||
        xti_arenas_grow(txn))
        return UINT64_MAX;
    if (txn->last_units >= XTI_CLEAN_STEP_UNITS || grown >= XTI_CLEAN_STEP_UNITS)
        return 0;
    return XTI_CLEAN_STEP_UNITS - grown;
}

/* ---- writing ------------------------------------------------------------------------------- */

void xti_epoch_seal(struct xti_txn *txn, struct xti_epoch_part *part, uint64_t units)
{
    struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);

    while (part->sealed_units < units) {
        uint32_t ref = (uint32_t)(arena->first_unit + part->sealed_units);
        struct xtd_node *node = xti_space_at(&txn->space, ref);

        XTI_ASSERT(node->self_ref == ref && node->size_units > 0 &&
                   node->size_units <= arena->top_units - part->sealed_units);
        if (node->kind == XTD_UNUSED)
            memset(node + 1, 0, (size_t)(node->size_units - 1) * XTD_UNIT_BYTES);
        xti_node_seal(node);
        part->sealed_units += node->size_units;
    }
    if (arena->frozen_units < part->sealed_units)
        arena->frozen_units = part->sealed_units;
}

xt_status xti_epoch_write(struct xti_txn *txn, struct xti_epoch_part *part, uint64_t units,
                          xt_error *error)
{
    const struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);
    uint64_t from = part->written_units;
    size_t bytes = (size_t)((units - from) << XTD_UNIT_SHIFT);
    char name[XTI_NAME_BYTES];
    const char *data;
    int result = 0;

    if (units <= from)
        return XT_OK;
    xti_epoch_seal(txn, part, units);
    data = xti_space_at(&txn->space, (uint32_t)(arena->first_unit + from));
    if (bytes >= XTI_ALLOCATE_BYTES_MIN)
        result = txn->os->allocate(txn->os, part->held.file, units << XTD_UNIT_SHIFT);
    if (result == 0)
        result = txn->os->write_at(txn->os, part->held.file, from << XTD_UNIT_SHIFT, data, bytes);
    if (result != 0) {
        xti_name_arena(name, part->arena_id);
        return xti_report_system(error, result, txn->path, name, "write to the arena's file");
    }
    xti_hash_add(&part->hash, data, bytes);
    part->written_units = units;
    xti_epoch_note_write(part, units);
    return XT_OK;
}

static xt_status spill_part(struct xti_txn *txn, struct xti_epoch_part *part, xt_error *error)
{
    struct xti_arena *arena = xti_space_arena(&txn->space, part->arena_id);
    uint64_t units = arena->top_units & ~(uint64_t)(XTD_PAGE_UNITS - 1);
    xt_status status;

    if (!xti_arena_is_open(txn, arena->id)) /* it takes no more: its last page is complete too */
        units = xti_arena_align(&txn->space, arena, xti_arena_header_units(txn)) ? arena->top_units
                                                                                 : units;
    if (units <= part->written_units)
        return XT_OK;
    xti_free_freeze(txn, arena, units);
    status = xti_epoch_write(txn, part, units, error);
    if (status != XT_OK)
        return status;
    status = xti_arena_show_file(&txn->space, arena, part->held.file, units);
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "map an arena's file");
    return XT_OK;
}

xt_status xti_txn_spill(struct xti_txn *txn, xt_error *error)
{
    xt_status status = xti_txn_check_writer(txn, error);

    if (status != XT_OK || txn->path == NULL)
        return status;
    xti_txn_settle(txn);
    txn->edit.room = 0; /* tops are moved */
    for (uint32_t i = 0; i < txn->epoch.part_count && status == XT_OK; i++)
        status = spill_part(txn, &txn->epoch.parts[i], error);
    return status;
}
