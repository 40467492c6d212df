/* src/geom/kernels.h -- the three sets of kernels, and what they share.
 *
 * kernels_avx2.c and kernels_avx512.c are compiled with flags of their own, so nothing in them may
 * run before a look at the processor. What is inline here is static, so that none of its copies
 * with such instructions is linked into another file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_GEOM_KERNELS_H
#define XTI_GEOM_KERNELS_H

#include "geom/geom.h"

/* Static. NULL where the compiler has no such instructions, whatever the processor. */
const struct xti_kernels *xti_kernels_portable(void);
const struct xti_kernels *xti_kernels_avx2(void);
const struct xti_kernels *xti_kernels_avx512(void);

/* The arrays of axis 0, the distance to those of the next axis, and how many slots to look at.
 * Every test is the same: on each axis a >= low && b <= high. For points both are the coordinate;
 * for "within" the low and the high border; for "meet" the high and the low border. */
struct xti_sides_f32 {
    const float *a, *b;
    size_t step;
    uint32_t slots;
};

struct xti_sides_f64 {
    const double *a, *b;
    size_t step;
    uint32_t slots;
};

static inline uint32_t xti_slots_from(uint32_t capacity, uint32_t first)
{
    uint32_t slots = capacity - first;

    return slots < 64 ? slots : 64;
}

static inline uint64_t xti_all_slots(uint32_t slots)
{
    return ~UINT64_C(0) >> (64 - slots);
}

#endif
