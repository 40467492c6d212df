/* src/txn/blocks.c -- taking blocks, giving them back, and looking at nodes as the writer does.
 *
 * A node that the pending change made carries the change's sequence number where its checksum will
 * be, and may be edited in place. All other nodes are frozen, each in its own way: published, and
 * so perhaps read by a view; or written to a file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/clean.h"
#include "txn/txn_private.h"

/* The header says at once how long the block is: whoever walks through an extent can rely on it,
 * whatever else becomes of the block. */
static void block_begin(struct xti_txn *txn, uint32_t ref, uint64_t units)
{
    struct xti_arena *arena = xti_space_arena_of(&txn->space, ref);

    xti_block_unused(&txn->space, ref, units);
    xti_txn_mark(txn, xti_txn_at(txn, ref), ref);
    arena->live_units += units;
    txn->now.live_units += units;
    txn->is_dirty = true;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Returns the arena's position, and makes *room no larger than what is left there. */
static uint32_t find_room(struct xti_txn *txn, uint32_t arena_id, uint64_t *room)
{
    const struct xti_arena *arena = xti_space_arena(&txn->space, arena_id);

    *room = min_u64(*room, arena->range_units - arena->top_units);
    return (uint32_t)(arena - txn->space.arenas);
}

/* Room for `units` in the open arena, in the cold one, or in each of both. */
static xt_status make_room(struct xti_txn *txn, uint64_t units, bool in_open, bool in_cold,
                           xt_error *error)
{
    uint64_t room = UINT64_MAX;
    xt_status status = in_open ? xti_epoch_room(txn, units, false, error) : XT_OK;

    if (status == XT_OK && in_cold)
        status = xti_epoch_room(txn, units, true, error);
    if (status != XT_OK)
        return status;
    txn->edit.room = 0;
    txn->room_arena = find_room(txn, in_open ? txn->now.arena_id : txn->now.cold_id, &room);
    txn->leaf_room_arena = find_room(txn, in_cold ? txn->now.cold_id : txn->now.arena_id, &room);
    txn->edit.room = room;
    return XT_OK;
}

xt_status xti_txn_make_room(struct xti_txn *txn, uint64_t units, xt_error *error)
{
    bool is_open = !txn->takes_cold;
    uint64_t undivided = UINT64_MAX;
    xt_status status = xti_txn_check_writer(txn, error);

    if (status != XT_OK)
        return status;
    if (is_open) {
        undivided = xti_epoch_undivided(txn);
        txn->is_divided = undivided == 0;
    }
    status = make_room(txn, units, is_open || txn->is_divided, !is_open || txn->is_divided, error);
    if (status == XT_OK && !txn->is_divided) /* to look again when so much was taken */
        txn->edit.room = min_u64(txn->edit.room, undivided > units ? undivided : units);
    return status;
}

static uint32_t take_top(struct xti_txn *txn, uint64_t units, bool is_leaf)
{
    uint32_t arena = is_leaf ? txn->leaf_room_arena : txn->room_arena;
    bool has_room = units <= txn->edit.room;
    uint32_t ref;

    XTI_ASSERT(has_room);
    has_room = xti_arena_alloc(&txn->space.arenas[arena], units, &ref);
    XTI_ASSERT(has_room);
    txn->edit.room -= units;
    return ref;
}

void xti_txn_take_cold(struct xti_txn *txn, bool is_cold)
{
    txn->takes_cold = is_cold;
    if (!txn->is_divided) /* else there is room in both */
        txn->edit.room = 0;
}

uint32_t xti_txn_take(struct xti_txn *txn, uint32_t units, bool is_leaf)
{
    uint32_t ref = txn->takes_cold ? 0 : xti_free_take(txn, units);

    if (ref == 0)
        ref = take_top(txn, units, is_leaf);
    block_begin(txn, ref, units);
    return ref;
}

xt_status xti_txn_alloc(struct xti_txn *txn, uint64_t units, uint32_t *ref, xt_error *error)
{
    xt_status status = xti_txn_check_state(txn, error);

    *ref = 0;
    if (status != XT_OK)
        return status;
    xti_txn_settle(txn);
    if (units <= UINT32_MAX)
        *ref = xti_free_take(txn, (uint32_t)units);
    if (*ref == 0) {
        if (units > txn->edit.room)
            status = xti_txn_check_writer(txn, error);
        if (status == XT_OK && units > txn->edit.room)
            status = make_room(txn, units, !txn->takes_cold, txn->takes_cold, error);
        if (status != XT_OK)
            return status;
        *ref = take_top(txn, units, txn->takes_cold);
        if (txn->is_divided) /* this was room in one arena */
            txn->edit.room = 0;
    }
    block_begin(txn, *ref, units);
    return XT_OK;
}

static uint64_t less_u64(uint64_t from, uint64_t units)
{
    return from > units ? from - units : 0;
}

/* A store that lies about its live units must not make them wrap. */
void xti_txn_free(struct xti_txn *txn, uint32_t ref, uint32_t units)
{
    struct xti_arena *arena = xti_space_arena_of(&txn->space, ref);
    const struct xtd_node *node;

    if (arena == NULL || ref - arena->first_unit >= arena->top_units)
        return;
    node = xti_txn_at(txn, ref);
    arena->live_units = less_u64(arena->live_units, units);
    txn->now.live_units = less_u64(txn->now.live_units, units);
    txn->is_dirty = true;
    if (ref - arena->first_unit < arena->frozen_units)
        return;
    if (node->crc32c == txn->edit.sequence && node->birth_txn == txn->edit.number)
        xti_free_own(txn, ref, units);
    else
        xti_free_retire(txn, ref, units);
}

bool xti_txn_find_memory(const struct xti_txn *txn, uint32_t ref, struct xti_memory *memory)
{
    const struct xti_arena *arena = xti_space_arena_of(&txn->space, ref);

    if (arena == NULL ||
        ref - arena->first_unit - arena->frozen_units >= arena->top_units - arena->frozen_units)
        return false;
    memory->first = arena->first_unit + (uint32_t)arena->frozen_units;
    memory->units = (uint32_t)(arena->top_units - arena->frozen_units);
    return true;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* The checksum of a node that was found when the store was opened, once. */
static xt_status verify_found(const struct xti_txn *txn, const struct xtd_node *node)
{
    atomic_uint_least64_t *verified = (atomic_uint_least64_t *)(void *)txn->space.verified;
    uint32_t ref = node->self_ref;
    uint64_t bit = UINT64_C(1) << (ref & 63);
    struct xti_finding finding;
    xt_status status;

    if (verified == NULL ||
        (atomic_load_explicit(&verified[ref >> 6], memory_order_relaxed) & bit) != 0)
        return XT_OK;
    status = xti_node_verify(node, &finding);
    if (status == XT_OK)
        atomic_fetch_or_explicit(&verified[ref >> 6], bit, memory_order_relaxed);
    return status;
}

xt_status xti_txn_frozen_node(const struct xti_txn *txn, uint32_t ref, uint32_t level,
                              struct xtd_node **node)
{
    const struct xti_arena *arena = xti_space_arena_of(&txn->space, ref);
    struct xti_finding finding;
    struct xtd_node *found;
    uint64_t offset;
    xt_status status;

    *node = NULL;
    if (arena == NULL || ref - arena->first_unit >= arena->top_units)
        return XT_ECORRUPT;
    offset = ref - arena->first_unit;
    found = xti_txn_at(txn, ref);
    status = xti_node_check(&txn->layout, found, ref, level, arena->top_units - offset, &finding);
    if (status == XT_OK && offset < arena->own_units)
        status = verify_found(txn, found);
    if (status == XT_OK)
        *node = found;
    return status;
}

bool xti_txn_is_found(const struct xti_txn *txn, uint32_t ref)
{
    const struct xti_arena *arena = xti_space_arena_of(&txn->space, ref);

    return arena != NULL && ref - arena->first_unit < arena->own_units;
}

xt_status xti_txn_check_refs(const struct xti_txn *txn, const struct xtd_node *inner)
{
    const uint32_t *refs;

    if (inner->level == 0 || !xti_txn_is_found(txn, inner->self_ref))
        return XT_OK;
    refs = xti_inner_refs_const(&txn->layout, inner);
    for (uint32_t i = 0; i < inner->count; i++) {
        if (!xti_txn_is_found(txn, refs[i]))
            return XT_ECORRUPT;
    }
    return XT_OK;
}
