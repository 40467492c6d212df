/* src/geom/kernels_pairs.h -- the kernels for pairs of blocks, written once.
 *
 * Each of the kernels_*.c files includes this behind its own test_f64() and test_f32(), so these
 * loops run with its instructions and without a call for each item.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_GEOM_KERNELS_PAIRS_H
#define XTI_GEOM_KERNELS_PAIRS_H

/* Called with constant `dims` where there are two axes, so that an item stays in registers. */
__attribute__((always_inline)) static inline uint64_t
pairs_any_f64(const struct xti_block_f64 *outer, const struct xti_block_f64 *inner, uint32_t dims,
              uint64_t items, uint64_t *masks)
{
    const struct xti_sides_f64 sides = {inner->high, inner->low, inner->step, inner->slots};
    uint64_t found = 0;

    for (; items != 0; items &= items - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(items);
        double low[XT_DIMS_MAX];
        double high[XT_DIMS_MAX];
        uint64_t mask;

        for (uint32_t axis = 0; axis < dims; axis++) {
            low[axis] = outer->low[axis * outer->step + slot];
            high[axis] = outer->high[axis * outer->step + slot];
        }
        mask = test_f64(sides, dims, low, high);
        masks[slot] = mask;
        found |= (uint64_t)(mask != 0) << slot;
    }
    return found;
}

static uint64_t pairs_f64(const struct xti_block_f64 *outer, const struct xti_block_f64 *inner,
                          uint32_t dims, uint64_t items, uint64_t *masks)
{
    return dims == 2 ? pairs_any_f64(outer, inner, 2, items, masks)
                     : pairs_any_f64(outer, inner, dims, items, masks);
}

/* Called with constant `dims` where there are two axes, so that an item stays in registers. */
__attribute__((always_inline)) static inline uint64_t
pairs_any_f32(const struct xti_block_f32 *outer, const struct xti_block_f32 *inner, uint32_t dims,
              uint64_t items, uint64_t *masks)
{
    const struct xti_sides_f32 sides = {inner->high, inner->low, inner->step, inner->slots};
    uint64_t found = 0;

    for (; items != 0; items &= items - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(items);
        float low[XT_DIMS_MAX];
        float high[XT_DIMS_MAX];
        uint64_t mask;

        for (uint32_t axis = 0; axis < dims; axis++) {
            low[axis] = outer->low[axis * outer->step + slot];
            high[axis] = outer->high[axis * outer->step + slot];
        }
        mask = test_f32(sides, dims, low, high);
        masks[slot] = mask;
        found |= (uint64_t)(mask != 0) << slot;
    }
    return found;
}

static uint64_t pairs_f32(const struct xti_block_f32 *outer, const struct xti_block_f32 *inner,
                          uint32_t dims, uint64_t items, uint64_t *masks)
{
    return dims == 2 ? pairs_any_f32(outer, inner, 2, items, masks)
                     : pairs_any_f32(outer, inner, dims, items, masks);
}

#endif
