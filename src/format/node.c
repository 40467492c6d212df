/* src/format/node.c -- seals and checks nodes.
 *
 * xti_node_check() runs at each step of each query. Nodes of normal size are looked at in place; of
 * others it is asked here whether everything holds, without a branch for each field; only when
 * something does not, a table of rules finds out what.
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/node.h"

#include <string.h>

#include "format/format_private.h"

#define CRC_BYTES sizeof(uint32_t)

void xti_node_seal(struct xtd_node *node)
{
    node->crc32c =
        xti_crc32c(0, &node->self_ref, (size_t)node->size_units * XTD_UNIT_BYTES - CRC_BYTES);
}

xt_status xti_node_verify(const struct xtd_node *node, struct xti_finding *finding)
{
    size_t bytes = (size_t)node->size_units * XTD_UNIT_BYTES - CRC_BYTES;

    if (node->crc32c != xti_crc32c(0, (const char *)node + CRC_BYTES, bytes))
        return xti_found(finding, XT_ECORRUPT, "node checksum", offsetof(struct xtd_node, crc32c));
    return XT_OK;
}

/* The i-th 8 bytes from the origin on, which go on behind the header. */
static inline uint64_t body_word(const struct xtd_node *node, size_t i)
{
    return xti_node_word(node, XTD_NODE_ORIGIN_OFFSET + i * sizeof(uint64_t));
}

/* What header fields say of themselves and of each other; reads nothing behind them. All terms are
 * cheap: `|` and `&` instead of `||` and `&&` spare the branches. */
static inline bool header_holds(const struct xti_layout *layout, const struct xtd_node *node,
                                uint32_t ref, uint32_t level, uint64_t units_left)
{
    bool is_leaf = level == 0;
    uint32_t kind = is_leaf ? layout->leaf_kind : XTD_INNER;
    uint32_t flags = !is_leaf & (node->capacity > layout->inner_capacity);
    uint64_t units = xti_node_units(layout, is_leaf, node->capacity);
    uint64_t most = units_left < layout->node_units_max ? units_left : layout->node_units_max;
    uint64_t differences = (node->self_ref ^ ref) | (node->kind ^ kind) | (node->level ^ level) |
                           (node->flags ^ flags) | (node->capacity % 16) |
                           (node->size_units ^ units) | node->aux_ref | node->reserved;
    uint64_t items_over = node->item_count - node->count; /* wraps when below */

    /* A capacity of 0 leaves no room for a count of 1. */
    return (differences == 0) & (node->count - 1 < node->capacity) & (units <= most) &
           (node->birth_txn != 0) & (items_over < (is_leaf ? 1 : XTD_ITEMS_END)) &
           (node->item_count < XTD_ITEMS_END);
}

static inline bool origin_is_finite(const struct xti_layout *layout, const struct xtd_node *node)
{
    const uint64_t exponent = UINT64_C(0x7ff) << 52;
    bool is_finite = true;

    for (uint32_t i = 0; i < layout->dims; i++)
        is_finite &= (body_word(node, i) & exponent) != exponent;
    return is_finite;
}

/* Between the origin and the boxes. */
static inline bool gap_is_zero(const struct xti_layout *layout, const struct xtd_node *node)
{
    size_t end = (layout->inner_boxes_offset - XTD_NODE_ORIGIN_OFFSET) / sizeof(uint64_t);
    uint64_t any = 0;

    for (size_t i = layout->dims; i < end; i++)
        any |= body_word(node, i);
    return any == 0;
}

/* Something does not hold: finds out what. Reads only the header. */
static xt_status header_explain(const struct xti_layout *layout, const struct xtd_node *node,
                                uint32_t ref, uint32_t level, uint64_t units_left,
                                struct xti_finding *finding)
{
    bool is_leaf = level == 0;
    uint64_t units = xti_node_units(layout, is_leaf, node->capacity);
    bool is_super = !is_leaf && node->capacity > layout->inner_capacity;
    bool is_exact = !is_leaf || node->item_count == node->count;
    struct xti_rules rules = {finding, 0, XT_OK};

    xti_rule(&rules, node->self_ref == ref, "node self_ref", offsetof(struct xtd_node, self_ref));
    xti_rule(&rules, node->birth_txn != 0, "node birth_txn", offsetof(struct xtd_node, birth_txn));
    xti_rule(&rules, node->kind == (is_leaf ? layout->leaf_kind : XTD_INNER), "node kind",
             offsetof(struct xtd_node, kind));
    xti_rule(&rules, node->level == level, "node level", offsetof(struct xtd_node, level));
    xti_rule(&rules, node->capacity > 0 && node->capacity % 16 == 0, "node capacity",
             offsetof(struct xtd_node, capacity));
    xti_rule(&rules, node->count >= 1 && node->count <= node->capacity, "node count",
             offsetof(struct xtd_node, count));
    xti_rule(&rules, node->size_units == units, "node size_units",
             offsetof(struct xtd_node, size_units));
    xti_rule(&rules, units <= layout->node_units_max, "node larger than the store allows",
             offsetof(struct xtd_node, size_units));
    xti_rule(&rules, units <= units_left, "node beyond the committed units",
             offsetof(struct xtd_node, size_units));
    xti_rule(&rules, node->flags == (is_super ? XTD_NODE_SUPERNODE : 0), "node flags",
             offsetof(struct xtd_node, flags));
    xti_rule(&rules,
             is_exact && node->item_count >= node->count && node->item_count < XTD_ITEMS_END,
             "node item_count", offsetof(struct xtd_node, item_count));
    xti_rule(&rules, node->aux_ref == 0, "node aux_ref", offsetof(struct xtd_node, aux_ref));
    xti_rule(&rules, node->reserved == 0, "node reserved", offsetof(struct xtd_node, reserved));

    /* All holds now: somebody writes to the file while we read it. */
    xti_rule(&rules, false, "node changes while it is read", 0);
    return rules.status;
}

xt_status xti_node_check_all(const struct xti_layout *layout, const struct xtd_node *node,
                             uint32_t ref, uint32_t level, uint64_t units_left,
                             struct xti_finding *finding)
{
    if (units_left == 0)
        return xti_found(finding, XT_ECORRUPT, "node beyond the committed units", 0);
    if (!header_holds(layout, node, ref, level, units_left))
        return header_explain(layout, node, ref, level, units_left, finding);
    if (level == 0) {
        if ((body_word(node, 0) | body_word(node, 1)) != 0)
            return xti_found(finding, XT_ECORRUPT, "node reserved body", XTD_NODE_ORIGIN_OFFSET);
        return XT_OK;
    }
    if (!origin_is_finite(layout, node))
        return xti_found(finding, XT_ECORRUPT, "node origin", XTD_NODE_ORIGIN_OFFSET);
    if (!gap_is_zero(layout, node))
        return xti_found(finding, XT_ECORRUPT, "node reserved body",
                         XTD_NODE_ORIGIN_OFFSET + (uint64_t)layout->dims * sizeof(double));
    return XT_OK;
}
