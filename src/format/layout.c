/* src/format/layout.c -- where things lie in the nodes of one store.
 *
 * A slot takes a whole number of 4-byte words, so 16 slots take a whole number of units, and the
 * size of a node is a straight line in its capacity.
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/format_private.h"
#include "format/node.h"

void xti_layout_init(struct xti_layout *layout, uint32_t dims, xt_item_kind kind,
                     xt_coord_type coord_type, uint32_t leaf_capacity, uint32_t inner_capacity,
                     uint32_t node_units_max)
{
    bool is_points = kind == XT_POINTS;

    *layout = (struct xti_layout){
        .dims = dims,
        .leaf_kind = is_points ? XTD_LEAF_POINTS : XTD_LEAF_BOXES,
        .coord_type = (uint8_t)coord_type,
        .coord_bytes = coord_type == XT_F64 ? 8 : 4,
        .leaf_axes = is_points ? dims : 2 * dims,
        .leaf_capacity = leaf_capacity,
        .inner_capacity = inner_capacity,
        .inner_boxes_offset =
            (uint32_t)xti_round_up(XTD_NODE_ORIGIN_OFFSET + sizeof(double) * dims, XTD_UNIT_BYTES),
        .node_units_max = node_units_max,
    };
}

static uint32_t units_clamp(uint64_t units)
{
    return units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
}

uint32_t xti_leaf_units(const struct xti_layout *layout, uint32_t capacity)
{
    return units_clamp(xti_node_units(layout, true, capacity));
}

uint32_t xti_inner_units(const struct xti_layout *layout, uint32_t capacity)
{
    return units_clamp(xti_node_units(layout, false, capacity));
}
