/* src/tree/move_out.c -- moving what lives in one arena to where new nodes are written.
 *
 * Cleaning: the blocks of a victim are walked in the order of their addresses. Of each that looks
 * like a node it is asked whether the tree refers to it: by a descent through the nodes whose boxes
 * hold its own. If so, the path to it becomes the pending change's own, and so does the node: its
 * copy lies elsewhere. This is an ordinary change; nobody can tell it from an item that was moved
 * to where it was.
 *
 * The box of a node is sought rounded inward: a box that is stored further up and contains it, in
 * exact arithmetic (T6), contains the smaller one in any frame. So no node is missed, whatever the
 * origins on the way.
 *
 * A copied parent is the costly part of a moved leaf. So when a parent is own, all of its children
 * that lie in the victim, or in some others, are moved with it; and before anything is sought,
 * those are moved whose parents the pending change has copied for its own sake.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "format/commit_record.h"
#include "tree/edit.h"

/* ---- the victim ---------------------------------------------------------------------------- */

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
    uint32_t first_unit;                        /* of the victim */
    uint64_t end;                               /* of its blocks, in units from its start */
    struct range ranges[1 + XTI_MOVE_ALSO_MAX]; /* of all out of which nodes move, it first */
    uint32_t range_count;
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

/* False: there is no such arena, or it still takes blocks. */
static bool step_begin(struct step *step, struct xti_writer *writer, struct xti_move_out *move,
                       const struct xti_move_limits *limits)
{
    const struct xti_arena *arena = arena_find(writer, move->arena_id);

    *step = (struct step){.writer = writer, .move = move, .limits = limits};
    if (arena == NULL || !arena->is_sealed)
        return false;
    step->first_unit = arena->first_unit;
    step->end = arena->durable_units;
    step->ranges[step->range_count++] = (struct range){step->first_unit, step->end};
    for (uint32_t i = 0; i < limits->also_count; i++) {
        arena = arena_find(writer, limits->also[i]);
        if (arena != NULL && arena->is_sealed)
            step->ranges[step->range_count++] =
                (struct range){arena->first_unit, arena->durable_units};
    }
    xti_writer_begin(writer);
    writer->has_path = false;
    return true;
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
    return ref >= range->first_unit && ref - range->first_unit < range->units;
}

static bool is_in_victim(const struct step *step, uint32_t ref)
{
    return is_in(&step->ranges[0], ref);
}

static bool has_units_left(const struct step *step)
{
    return step->move->units < step->limits->units;
}

/* A child of an own node leaves its arena: the victim, or another out of which some may move. */
static bool shall_move(const struct step *step, uint32_t ref)
{
    bool is_also = false;

    if (is_in_victim(step, ref))
        return has_units_left(step);
    if (step->move->also_units >= step->limits->also_units)
        return false;
    for (uint32_t i = 1; i < step->range_count && !is_also; i++)
        is_also = is_in(&step->ranges[i], ref);
    return is_also;
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
    if (is_in_victim(step, *ref)) {
        step->move->nodes++;
        step->move->units += child.node->size_units;
    } else {
        step->move->also_units += child.node->size_units;
    }
    *ref = xti_node_copy(writer, child.node, capacity)->self_ref;
    xti_node_drop(writer, child.node);
    return XT_OK;
}

/* Moves the children of an own node that shall move, as long as the limit allows. */
static xt_status children_move(struct step *step, struct xtd_node *parent)
{
    xt_status status = XT_OK;

    for (uint32_t slot = 0; slot < parent->count && status == XT_OK; slot++) {
        if (shall_move(step, xti_inner_refs_const(step->writer->layout, parent)[slot]))
            status = child_move(step, parent, slot);
    }
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
        if (writer->path[level].is_own || !is_in_victim(step, writer->path[level].ref))
            continue;
        step->move->nodes++;
        step->move->units += writer->path[level].node->size_units;
    }
    step->has_changed |= units > 0;
    xti_path_own(writer, bottom);
    return XT_OK;
}

/* ---- who refers to a block ----------------------------------------------------------------- */

/* Puts the node's box, inward, where the box of an item that is sought stands. */
static void box_take(struct xti_writer *writer, const struct xtd_node *node)
{
    const struct xti_layout *layout = writer->layout;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        writer->low[axis] = INFINITY;
        writer->high[axis] = -INFINITY;
    }
    if (node->level == 0) {
        xti_leaf_box_add(layout, node, writer->low, writer->high);
    } else {
        const double *origin = xti_inner_origin_const(node);

        for (uint32_t axis = 0; axis < layout->dims; axis++) {
            const float *low = xti_inner_side(layout, node, axis, false);
            const float *high = low + node->capacity;
            float least = low[0];
            float most = high[0];

            for (uint32_t slot = 1; slot < node->count; slot++) {
                least = low[slot] < least ? low[slot] : least;
                most = high[slot] > most ? high[slot] : most;
            }
            writer->low[axis] = xti_sum_up(origin[axis], (double)least);
            writer->high[axis] = xti_sum_down(origin[axis], (double)most);
        }
    }
    writer->exact.is_set = false;
    writer->rising.is_set = false;
}

/* The search in one inner node: the children of a block of 64 slots still to be entered. */
struct search {
    uint64_t mask;
    uint32_t next_slot;
};

static bool search_next(struct xti_writer *writer, struct search *search, struct xti_step *step)
{
    const struct xti_layout *layout = writer->layout;
    const struct xtd_node *node = step->node;

    while (search->mask == 0) {
        if (search->next_slot >= node->count)
            return false;
        xti_frame_inside(writer, node);
        search->mask =
            writer->kernels->inner_covers(xti_inner_boxes_const(layout, node) + search->next_slot,
                                          node->capacity, xti_slots_left(node, search->next_slot),
                                          layout->dims, writer->rising.lo, writer->rising.hi);
        search->next_slot += 64;
    }
    step->slot = search->next_slot - 64 + (uint32_t)__builtin_ctzll(search->mask);
    search->mask &= search->mask - 1;
    return true;
}

static bool refs_find(const struct xti_layout *layout, struct xti_step *step, uint32_t ref)
{
    const uint32_t *refs = xti_inner_refs_const(layout, step->node);

    for (uint32_t slot = 0; slot < step->node->count; slot++) {
        if (refs[slot] != ref)
            continue;
        step->slot = slot;
        return true;
    }
    return false;
}

/* Puts the path to the node that refers to `ref`, at `level` + 1. XT_ENOTFOUND: none does. */
static xt_status parent_find(struct step *step, uint32_t ref, uint32_t level)
{
    struct xti_writer *writer = step->writer;
    struct search searches[XTD_LEVELS_MAX];
    uint64_t visits_left = xti_writer_units(writer);
    uint32_t at = writer->root.height;
    uint32_t next = writer->root.ref;
    xt_status status;

    for (;;) {
        if (visits_left-- == 0)
            return XT_ECORRUPT;
        step->move->looks++;
        status = xti_path_enter(writer, --at, next);
        if (status != XT_OK)
            return status;
        searches[at] = (struct search){0, 0};
        if (at == level + 1 && refs_find(writer->layout, &writer->path[at], ref))
            return XT_OK;
        while (at == level + 1 || !search_next(writer, &searches[at], &writer->path[at])) {
            if (++at == writer->root.height)
                return XT_ENOTFOUND;
        }
        next = xti_inner_refs_const(writer->layout, writer->path[at].node)[writer->path[at].slot];
    }
}

/* Moves the node of a block if the tree refers to it; and its siblings in the victim. */
static xt_status node_move(struct step *step, const struct xtd_node *node)
{
    struct xti_writer *writer = step->writer;
    uint32_t ref = node->self_ref;
    uint32_t level = node->level;
    struct xti_step *above;
    xt_status status;

    if (level + 1 > writer->root.height)
        return XT_OK;
    if (level + 1 == writer->root.height) {
        if (writer->root.ref != ref)
            return XT_OK;
        status = xti_path_enter(writer, level, ref);
        return status == XT_OK ? path_move(step, level) : status;
    }
    box_take(writer, node);
    status = parent_find(step, ref, level);
    if (status == XT_ENOTFOUND)
        return XT_OK;
    if (status == XT_OK)
        status = path_move(step, level + 1);
    if (status != XT_OK)
        return status;
    above = &writer->path[level + 1];
    status = child_move(step, above->node, above->slot);
    return status == XT_OK ? children_move(step, above->node) : status;
}

/* ---- blocks in the order of their addresses ------------------------------------------------ */

/* Units to the block after the one at the cursor. *node: what looks like a node, or NULL. Where no
 * header of a block is, it goes on by a unit: an arena may hold anything above a spilled gap. */
static uint64_t block_look(const struct step *step, const struct xtd_node **node)
{
    const struct xti_writer *writer = step->writer;
    uint64_t offset = step->move->next_unit;
    uint64_t units_left = step->end - offset;
    uint32_t ref = (uint32_t)(step->first_unit + offset);
    const struct xtd_node *block = xti_txn_at(writer->txn, ref);
    struct xti_finding finding;

    *node = NULL;
    if (offset % XTD_PAGE_UNITS == 0 && units_left >= XTD_PAGE_UNITS &&
        memcmp(block, XTD_COMMIT_MAGIC, sizeof XTD_COMMIT_MAGIC - 1) == 0)
        return XTD_PAGE_UNITS;
    if (block->self_ref != ref || block->size_units == 0 || block->size_units > units_left)
        return 1;
    if (block->kind == XTD_UNUSED)
        return block->size_units;
    if (block->level >= XTD_LEVELS_MAX ||
        xti_node_check(writer->layout, block, ref, block->level, units_left, &finding) != XT_OK)
        return 1;
    *node = block;
    return block->size_units;
}

xt_status xti_tree_move_out(struct xti_writer *writer, struct xti_move_out *move,
                            const struct xti_move_limits *limits, bool *is_done)
{
    const struct xtd_node *node;
    xt_status status = XT_OK;
    struct step step;

    *is_done = true;
    if (!step_begin(&step, writer, move, limits))
        return XT_OK;
    while (status == XT_OK && move->next_unit < step.end && has_units_left(&step) &&
           move->looks < limits->looks) {
        uint64_t units = block_look(&step, &node);

        move->looks++;
        if (node != NULL)
            status = node_move(&step, node);
        if (status == XT_OK)
            move->next_unit += units;
    }
    *is_done = status == XT_OK && move->next_unit >= step.end;
    step_end(&step);
    return status;
}

/* ---- beside what was changed ---------------------------------------------------------------- */

/* Tells without a look at the block: most children are not own, and not in the cache. */
static bool may_be_own(const struct xti_writer *writer, uint32_t ref)
{
    const struct xti_arena *arena = xti_space_arena_of(xti_txn_edit(writer->txn)->space, ref);

    return arena != NULL && ref - arena->first_unit >= arena->frozen_units;
}

/* The next child of the node at `level` that is own and has children itself. */
static bool own_child_enter(struct xti_writer *writer, uint32_t level)
{
    struct xti_step *step = &writer->path[level];
    const uint32_t *refs = xti_inner_refs_const(writer->layout, step->node);

    while (level > 1 && step->slot < step->node->count) {
        uint32_t ref = refs[step->slot++];

        if (!may_be_own(writer, ref) || xti_path_enter(writer, level - 1, ref) != XT_OK)
            continue;
        writer->path[level - 1].slot = 0;
        if (writer->path[level - 1].is_own)
            return true;
    }
    return false;
}

xt_status xti_tree_move_near(struct xti_writer *writer, struct xti_move_out *move,
                             const struct xti_move_limits *limits)
{
    xt_status status = XT_OK;
    struct step step;
    uint32_t level;

    if (!step_begin(&step, writer, move, limits) || writer->root.height < 2)
        return XT_OK;
    level = writer->root.height - 1;
    if (xti_path_enter(writer, level, writer->root.ref) != XT_OK || !writer->path[level].is_own)
        return XT_OK;
    writer->path[level].slot = 0;
    while (status == XT_OK && has_units_left(&step)) {
        if (writer->path[level].slot == 0)
            status = children_move(&step, writer->path[level].node);
        if (status == XT_OK && own_child_enter(writer, level))
            level--;
        else if (++level >= writer->root.height)
            break;
        else
            move->looks++;
    }
    step_end(&step);
    return status;
}
