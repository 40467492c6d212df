/* src/tree/count.c -- counts what a window query would still give.
 *
 * Nodes that hold are counted by the item_count of their header; only the others are entered. A
 * filter wants to see each item, so with one all are entered.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/window_private.h"

xt_status xti_window_count(struct xti_window_query *query, uint64_t *count)
{
    uint64_t limit = query->limit_left;

    *count = 0;
    if (query->status < XT_OK)
        return query->status;
    if (query->conditions.filter == NULL) {
        query->is_counting = true;
        query->ahead.leaf = query->ahead.coords;
    }
    query->counted = xti_bit_count(query->pending);
    query->pending = 0;
    while (query->counted < limit && xti_window_advance(query)) {
        query->counted += xti_bit_count(query->pending);
        query->pending = 0;
    }
    if (query->status == XT_OK)
        query->status = XT_DONE; /* the limit ended it */
    if (query->status != XT_DONE)
        return query->status;
    *count = query->counted < limit ? query->counted : limit;
    query->items += *count;
    query->limit_left = limit - *count;
    return XT_OK;
}
