/* src/arena/view.c -- what a snapshot may touch, and the slow parts of a checked step down.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arena/arena.h"

size_t xti_view_bytes(uint32_t span_capacity)
{
    return sizeof(struct xti_view) + span_capacity * sizeof(struct xti_span);
}

void xti_view_fill(struct xti_view *view, const struct xti_space *space)
{
    view->base = space->base;
    view->verified = (atomic_uint_least64_t *)(void *)space->verified;
    view->unit_count = 0;
    view->span_count = 0;
    for (uint32_t i = 0; i < space->arena_count; i++) {
        const struct xti_arena *arena = &space->arenas[i];
        struct xti_span *span = &view->spans[view->span_count];
        uint64_t own = arena->own_units;
        uint64_t durable = arena->durable_units;

        if (xti_arena_is_dropped(arena))
            continue;
        view->span_count++;
        span->first_unit = arena->first_unit;
        span->units = arena->visible_units;
        span->own_from = own < arena->visible_units ? own : arena->visible_units;
        span->durable = durable < arena->visible_units ? durable : arena->visible_units;
        span->live_units = arena->visible_live_units;
        view->unit_count += arena->visible_units;
    }
}

const struct xti_span *xti_view_span(const struct xti_view *view, uint32_t ref)
{
    uint32_t low = 0;
    uint32_t high = view->span_count;

    while (low < high) { /* the last span that starts at or before ref */
        uint32_t middle = low + (high - low) / 2;

        if (view->spans[middle].first_unit <= ref)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || ref - view->spans[low - 1].first_unit >= view->spans[low - 1].units)
        return NULL;
    return &view->spans[low - 1];
}

xt_status xti_view_verify(const struct xti_view *view, const struct xti_span *span,
                          const struct xtd_node *node, uint32_t ref, struct xti_finding *finding)
{
    if (ref - span->first_unit < span->own_from) {
        xt_status status = xti_node_verify(node, finding);

        if (status != XT_OK)
            return status;
    }
    /* Two threads may both verify the node and both set the bit; a stale zero costs one more. */
    atomic_fetch_or_explicit(&view->verified[ref >> 6], UINT64_C(1) << (ref & 63),
                             memory_order_relaxed);
    return XT_OK;
}
