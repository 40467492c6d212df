/* src/format/layout.c -- where things lie in the nodes of one store.
 *
 * A slot takes a whole number of 4-byte words, so 16 slots take a whole number of units, and the
 * size of a node is a straight line in its capacity.
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/format_private.h"
#include "format/node.h"

static struct xti_usual_node usual_make(const struct xti_layout *layout, bool is_leaf)
{
    uint32_t capacity = is_leaf ? layout->leaf_capacity : layout->inner_capacity;
    uint32_t kind = is_leaf ? layout->leaf_kind : XTD_INNER;
    uint64_t units = xti_node_units(layout, is_leaf, capacity);

    return (struct xti_usual_node){
        .shape = units | (uint64_t)kind << 32,
        .units = units <= layout->node_units_max ? units : UINT64_MAX,
        .items_over = is_leaf ? 1 : XTD_ITEMS_END - capacity,
        .capacity = capacity,
    };
}

static uint32_t lines_up_to(uint64_t lines, uint32_t most)
{
    return lines < most ? (uint32_t)lines : most;
}

static struct xti_ahead ahead_make(const struct xti_layout *layout)
{
    uint64_t inner = xti_node_units(layout, false, layout->inner_capacity);
    uint64_t leaf = xti_node_units(layout, true, layout->leaf_capacity);
    uint64_t ids = layout->leaf_capacity / 8;

    return (struct xti_ahead){
        .inner = lines_up_to(inner, XTI_AHEAD_LINES_MAX),
        .leaf = lines_up_to(leaf, XTI_AHEAD_LINES_MAX),
        .coords = lines_up_to(leaf - ids, XTI_AHEAD_LINES_MAX),
        .id_first = (uint32_t)(leaf - ids),
        .ids = lines_up_to(ids, XTI_AHEAD_LINES_MAX),
    };
}

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
    layout->usual_leaf = usual_make(layout, true);
    layout->usual_inner = usual_make(layout, false);
    layout->ahead = ahead_make(layout);
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
