/* src/tree/move_out.c -- moving what lives in some arenas to where new nodes are written.
 *
 * Cleaning: what the tree refers to in a victim is copied, and lies elsewhere then. This is an
 * ordinary change; nobody can tell it from an item that was moved to where it was. What a victim
 * holds besides, dead nodes, records and gaps, is not looked at.
 *
 * A node costs more than itself when the path to it has to be copied first. So there are two ways.
 * Near: children of nodes that the pending change owns anyway. Out: a walk through the inner nodes,
 * from where the last one ended; where it finds a child in a victim that is due, the path becomes
 * own, and all of the node's children that lie in any victim move.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tree/edit.h"

/* ---- victims ------------------------------------------------------------------------------- */

/* Units of an arena. */
struct range {
    uint32_t first_unit;
    uint64_t units;
};

/* What a step works with. */
struct step {
    struct xti_writer *writer;
    struct xti_move_out *move;
    const struct xti_move_limits *limits;
    struct range ranges[XTI_CLEAN_VICTIMS_MAX]; /* those that are due come first */
    uint32_t range_count;
    uint32_t due_count;
    uint64_t visits_left; /* of inner nodes */
    bool has_changed;
};

static const struct xti_arena *arena_find(const struct xti_writer *writer, uint32_t id)
{
    const struct xti_space *space = xti_txn_edit(writer->txn)->space;

    for (uint32_t i = 0; i < space->arena_count; i++) {
        if (space->arenas[i].id == id)
            return &space->arenas[i];
    }
    return NULL;
}

/* False: there is no tree, or nothing to move out of; an arena that still takes blocks is none. */
static bool step_begin(struct step *step, struct xti_writer *writer, struct xti_move_out *move,
                       const struct xti_move_limits *limits)
{
    *step = (struct step){.writer = writer, .move = move, .limits = limits};
    for (uint32_t i = 0; i < limits->victim_count; i++) {
        const struct xti_arena *arena = arena_find(writer, limits->victims[i]);

        if (arena == NULL || !arena->is_sealed)
            continue;
        step->ranges[step->range_count++] = (struct range){arena->first_unit, arena->durable_units};
        step->due_count += i < limits->due_count ? 1 : 0;
    }
    if (step->range_count == 0)
        return false;
    xti_writer_begin(writer);
    writer->has_path = false;
    step->visits_left = xti_writer_units(writer);
    return writer->root.height > 0;
}

static void step_end(struct step *step)
{
    step->writer->rising.is_set = false;
    step->writer->exact.is_set = false;
    if (step->has_changed)
        xti_writer_end(step->writer);
}

static bool is_in(const struct range *range, uint32_t ref)
{
    return (uint64_t)(ref - range->first_unit) < range->units;
}

/* The position of the victim in which the block lies, or range_count. */
static uint32_t victim_of(const struct step *step, uint32_t ref)
{
    uint32_t i = 0;

    while (i < step->range_count && !is_in(&step->ranges[i], ref))
        i++;
    return i;
}

/* One of the blocks lies in a victim that is due. */
static bool are_due(const struct step *step, const uint32_t *refs, uint32_t count)
{
    bool are = false;

    for (uint32_t i = 0; i < step->due_count; i++) {
        const struct range range = step->ranges[i];

        for (uint32_t j = 0; j < count; j++)
            are |= is_in(&range, refs[j]);
    }
    return are;
}

static void count_moved(struct step *step, uint32_t ref, uint32_t units)
{
    uint32_t victim = victim_of(step, ref);

    step->move->path_units += victim == step->range_count ? units : 0;
    if (victim == step->range_count)
        return;
    step->move->nodes++;
    step->move->units += units;
    step->move->due_units += victim < step->due_count ? units : 0;
}

/* ---- moving -------------------------------------------------------------------------------- */

/* Copies the child at a slot of an own node and writes its new place there. */
static xt_status child_move(struct step *step, struct xtd_node *parent, uint32_t slot)
{
    struct xti_writer *writer = step->writer;
    const struct xti_layout *layout = writer->layout;
    uint32_t *ref = &xti_inner_refs(layout, parent)[slot];
    uint32_t level = (uint32_t)parent->level - 1;
    struct xti_step child = {0};
    uint32_t capacity;
    xt_status status = xti_step_enter(writer, &child, level, *ref);

    if (status != XT_OK)
        return status;
    capacity = child.node->capacity;
    if (level > 0 && capacity > xti_inner_capacity_for(layout, child.node->count))
        capacity = xti_inner_capacity_for(layout, child.node->count);
    status = xti_txn_reserve(writer->txn, xti_units_for(layout, level, capacity), NULL);
    if (status != XT_OK)
        return status;
    step->has_changed = true;
    count_moved(step, *ref, child.node->size_units);
    *ref = xti_node_copy(writer, child.node, capacity)->self_ref;
    xti_node_drop(writer, child.node);
    return XT_OK;
}

/* Moves the children of an own node that lie in one of the first `victims`. */
static xt_status children_move(struct step *step, struct xtd_node *parent, uint32_t victims)
{
    const uint32_t *refs = xti_inner_refs_const(step->writer->layout, parent);
    xt_status status = XT_OK;

    xti_txn_take_cold(step->writer->txn, parent->level == 1);
    for (uint32_t slot = 0; slot < parent->count && status == XT_OK; slot++) {
        if (victim_of(step, refs[slot]) < victims)
            status = child_move(step, parent, slot);
    }
    xti_txn_take_cold(step->writer->txn, false);
    return status;
}

/* Copies what is not own of the path, from the root down to `bottom`. */
static xt_status path_move(struct step *step, uint32_t bottom)
{
    struct xti_writer *writer = step->writer;
    uint64_t units = 0;
    xt_status status;

    for (uint32_t level = bottom; level < writer->root.height; level++) {
        if (!writer->path[level].is_own)
            units += xti_units_for(writer->layout, level, xti_path_copy_capacity(writer, level));
    }
    status = xti_txn_reserve(writer->txn, units, NULL);
    if (status != XT_OK)
        return status;
    for (uint32_t level = bottom; level < writer->root.height; level++) {
        if (!writer->path[level].is_own)
            count_moved(step, writer->path[level].ref, writer->path[level].node->size_units);
    }
    step->has_changed |= units > 0;
    xti_path_own(writer, bottom);
    return XT_OK;
}

/* ---- near: children of what the change owns -------------------------------------------------- */

static bool has_units_left(const struct step *step)
{
    return step->move->units < step->limits->units;
}

/* Tells without a look at the block: most children are not own, and not in the cache. */
static bool may_be_own(const struct xti_writer *writer, uint32_t ref)
{
    const struct xti_arena *arena = xti_space_arena_of(xti_txn_edit(writer->txn)->space, ref);

    return arena != NULL && ref - arena->first_unit >= arena->frozen_units;
}

/* The slot that is the i-th to be looked at. Each change begins elsewhere in the root: what comes
 * last is left out most often. */
static uint32_t slot_at(const struct xti_writer *writer, uint32_t level, uint32_t i)
{
    uint32_t count = writer->path[level].node->count;

    if (level + 1 < writer->root.height)
        return i;
    return (uint32_t)((i + xti_txn_number(writer->txn) * 7) % count);
}

/* The next child of the node at `level` that is own and has children itself; slots count those that
 * were looked at. */
static bool own_child_enter(struct xti_writer *writer, uint32_t level)
{
    struct xti_step *step = &writer->path[level];
    const uint32_t *refs = xti_inner_refs_const(writer->layout, step->node);

    while (level > 1 && step->slot < step->node->count) {
        uint32_t ref = refs[slot_at(writer, level, step->slot++)];

        if (!may_be_own(writer, ref) || xti_path_enter(writer, level - 1, ref) != XT_OK)
            continue;
        writer->path[level - 1].slot = 0;
        if (writer->path[level - 1].is_own)
            return true;
    }
    return false;
}

/* Goes through all own inner nodes. */
static xt_status own_walk(struct step *step, uint32_t victims)
{
    struct xti_writer *writer = step->writer;
    uint32_t level = writer->root.height - 1;
    xt_status status = xti_path_enter(writer, level, writer->root.ref);

    if (status != XT_OK || !writer->path[level].is_own)
        return status;
    writer->path[level].slot = 0;
    while (status == XT_OK && has_units_left(step)) {
        if (writer->path[level].slot == 0)
            status = children_move(step, writer->path[level].node, victims);
        if (status == XT_OK && step->visits_left-- == 0)
            status = XT_ECORRUPT;
        if (status == XT_OK && own_child_enter(writer, level))
            level--;
        else if (++level >= writer->root.height)
            break;
    }
    return status;
}

xt_status xti_tree_move_near(struct xti_writer *writer, struct xti_move_out *move,
                             const struct xti_move_limits *limits)
{
    xt_status status = XT_OK;
    struct step step;

    if (!step_begin(&step, writer, move, limits) || writer->root.height < 2)
        return XT_OK;
    if (step.due_count > 0)
        status = own_walk(&step, step.due_count);
    if (status == XT_OK && step.range_count > step.due_count)
        status = own_walk(&step, step.range_count);
    step_end(&step);
    return status;
}

/* ---- out: whatever the path costs ------------------------------------------------------------ */

/* Moves the children of the path's node at `level`, if one of them has to. */
static xt_status node_look(struct step *step, uint32_t level)
{
    struct xti_writer *writer = step->writer;
    const struct xtd_node *node = writer->path[level].node;
    xt_status status;

    if (!are_due(step, xti_inner_refs_const(writer->layout, node), node->count))
        return XT_OK;
    status = path_move(step, level);
    return status == XT_OK ? children_move(step, writer->path[level].node, step->range_count)
                           : status;
}

/* Enters the child at the cursor of the node at `level`. */
static xt_status child_enter(struct step *step, uint32_t level)
{
    struct xti_writer *writer = step->writer;
    struct xti_step *above = &writer->path[level];
    const uint32_t *refs = xti_inner_refs_const(writer->layout, above->node);
    xt_status status;

    above->slot = step->move->slots[level];
    if (above->slot + 1 < above->node->count)
        xti_child_ask(writer, refs[above->slot + 1], level - 1);
    status = xti_path_enter(writer, level - 1, refs[above->slot]);
    if (status == XT_OK && step->visits_left-- == 0)
        status = XT_ECORRUPT;
    return status == XT_OK ? node_look(step, level - 1) : status;
}

static bool has_more(const struct step *step)
{
    return step->move->due_units < step->limits->due_units &&
           step->move->looks < step->limits->looks;
}

/* From the cursor to the end of the tree, or the limits. */
static xt_status inner_walk(struct step *step, bool *is_done)
{
    const struct xti_writer *writer = step->writer;
    uint32_t *slots = step->move->slots;
    uint32_t level = writer->root.height - 1;
    xt_status status = node_look(step, level);

    while (status == XT_OK && has_more(step)) {
        if (level > 1 && slots[level] < writer->path[level].node->count) {
            status = child_enter(step, level--);
            continue;
        }
        slots[level] = 0;
        step->move->looks++;
        if (++level == writer->root.height) {
            *is_done = true;
            break;
        }
        slots[level]++;
    }
    return status;
}

xt_status xti_tree_move_out(struct xti_writer *writer, struct xti_move_out *move,
                            const struct xti_move_limits *limits, bool *is_done)
{
    struct step step;
    uint32_t top;
    xt_status status;

    *is_done = true;
    if (!step_begin(&step, writer, move, limits) || step.due_count == 0)
        return XT_OK;
    top = writer->root.height - 1;
    status = xti_path_enter(writer, top, writer->root.ref);
    if (status == XT_OK && are_due(&step, &writer->root.ref, 1))
        status = path_move(&step, top);
    if (status == XT_OK && top > 0) {
        *is_done = false;
        status = inner_walk(&step, is_done);
    }
    *is_done = *is_done && status == XT_OK;
    step_end(&step);
    return status;
}
