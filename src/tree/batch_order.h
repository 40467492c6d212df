/* src/tree/batch_order.h -- an order of windows or points in which neighbours follow each other.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_BATCH_ORDER_H
#define XTI_BATCH_ORDER_H

#include <stddef.h>
#include <stdint.h>

#define XTI_CHUNK_PLACES 65536u /* so many are put in order at once */

/* Rows that are `stride` doubles apart; of points, low and high are the same. */
struct xti_places {
    const double *low, *high;
    size_t stride;
    size_t count; /* at most XTI_CHUNK_PLACES */
    uint32_t dims;
};

/* The lower half of order[i] is the number of the place that comes as the i-th. Both arrays have
 * `count` elements. */
void xti_places_order(const struct xti_places *places, uint64_t *order, uint64_t *spare);

#endif
