/* src/format/format_private.h -- how the checks of this room say what they found.
 *
 * A check goes through a list of rules in the order of the fields: the first that does not hold is
 * the finding. The rules behind it are computed all the same, so a list may only read what earlier
 * lists have shown to be there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_FORMAT_PRIVATE_H
#define XTI_FORMAT_PRIVATE_H

#include "format/node.h"

static inline xt_status xti_found(struct xti_finding *finding, xt_status status, const char *what,
                                  uint64_t offset)
{
    if (finding != NULL) {
        finding->what = what;
        finding->offset = offset;
    }
    return status;
}

/* A list of rules that is being gone through. */
struct xti_rules {
    struct xti_finding *finding;
    uint64_t base; /* what the rules' offsets count from */
    xt_status status;
};

/* The first rule that does not hold is the finding. */
static inline void xti_rule(struct xti_rules *rules, bool holds, const char *what, uint64_t offset)
{
    if (!holds && rules->status == XT_OK)
        rules->status = xti_found(rules->finding, XT_ECORRUPT, what, rules->base + offset);
}

static inline bool xti_is_zero(const void *data, size_t bytes)
{
    const unsigned char *byte = data;
    unsigned char any = 0;

    for (size_t i = 0; i < bytes; i++)
        any |= byte[i];
    return any == 0;
}

/* Units of a node, never overflowing: layout.c says why it is a straight line. */
static inline uint64_t xti_node_units(const struct xti_layout *layout, bool is_leaf,
                                      uint32_t capacity)
{
    uint64_t blocks = capacity / 16; /* of 16 slots */

    if (is_leaf)
        return 1 + blocks * (layout->leaf_axes * (layout->coord_bytes / 4u) + 2);
    return layout->inner_boxes_offset / XTD_UNIT_BYTES + blocks * (2 * layout->dims + 1);
}

/* Whether an arena may own these units of the address space. */
static inline bool xti_range_fits(uint64_t first_unit, uint64_t range_units)
{
    return range_units <= XTD_SPACE_UNITS && first_unit <= XTD_SPACE_UNITS - range_units;
}

#endif
