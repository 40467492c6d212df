/* src/geom/kernels_portable.c -- the kernels in plain C, for every processor.
 *
 * Sixteen slots at a time go through loops of fixed length without branches, which compilers turn
 * into whatever vector instructions the baseline has.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "geom/kernels.h"
#define NEAR_BYTES 16
#include "geom/near_lanes.h"

#include "geom/edit_lanes.h"

/* One bit for each of 16 bytes that are 0 or 1. The product moves byte i of a word to bit 56 + i,
 * and no two of its terms meet in one bit, so nothing carries. */
static uint64_t bits_of(const uint8_t flags[16])
{
    uint64_t words[2];

    memcpy(words, flags, sizeof words);
    return (words[0] * UINT64_C(0x0102040810204080) >> 56) |
           (words[1] * UINT64_C(0x0102040810204080) >> 56 << 8);
}

static uint64_t axis_f32(const float *a, const float *b, uint32_t slots, float low, float high)
{
    uint64_t mask = 0;

    for (uint32_t slot = 0; slot < slots; slot += 16) {
        uint8_t flags[16];

        for (uint32_t i = 0; i < 16; i++)
            flags[i] = (uint8_t)((a[slot + i] >= low) & (b[slot + i] <= high));
        mask |= bits_of(flags) << slot;
    }
    return mask;
}

static uint64_t axis_f64(const double *a, const double *b, uint32_t slots, double low, double high)
{
    uint64_t mask = 0;

    for (uint32_t slot = 0; slot < slots; slot += 16) {
        uint8_t flags[16];

        for (uint32_t i = 0; i < 16; i++)
            flags[i] = (uint8_t)((a[slot + i] >= low) & (b[slot + i] <= high));
        mask |= bits_of(flags) << slot;
    }
    return mask;
}

static uint64_t test_f32(struct xti_sides_f32 s, uint32_t dims, const float *low, const float *high)
{
    uint64_t mask = xti_all_slots(s.slots);

    for (uint32_t axis = 0; axis < dims && mask != 0; axis++)
        mask &= axis_f32(s.a + axis * s.step, s.b + axis * s.step, s.slots, low[axis], high[axis]);
    return mask;
}

static uint64_t test_f64(struct xti_sides_f64 s, uint32_t dims, const double *low,
                         const double *high)
{
    uint64_t mask = xti_all_slots(s.slots);

    for (uint32_t axis = 0; axis < dims && mask != 0; axis++)
        mask &= axis_f64(s.a + axis * s.step, s.b + axis * s.step, s.slots, low[axis], high[axis]);
    return mask;
}

static void inner_window(const float *boxes, uint32_t capacity, uint32_t first, uint32_t dims,
                         const struct xti_offset_window *window, uint64_t *meet, uint64_t *hold)
{
    const float *lo = boxes + first;
    const float *hi = lo + capacity;
    size_t step = (size_t)2 * capacity;
    uint32_t slots = xti_slots_from(capacity, first);
    struct xti_sides_f32 meet_sides = {hi, lo, step, slots};
    struct xti_sides_f32 hold_sides = {lo, hi, step, slots};

    *meet = test_f32(meet_sides, dims, window->meet_lo, window->meet_hi);
    *hold = *meet;
    if (*meet != 0)
        *hold &= test_f32(hold_sides, dims, window->hold_lo, window->hold_hi);
}

static uint64_t points_f64(const double *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                           const double *low, const double *high)
{
    const double *x = coords + first;
    struct xti_sides_f64 sides = {x, x, capacity, xti_slots_from(capacity, first)};

    return test_f64(sides, dims, low, high);
}

static uint64_t points_f32(const float *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                           const float *low, const float *high)
{
    const float *x = coords + first;
    struct xti_sides_f32 sides = {x, x, capacity, xti_slots_from(capacity, first)};

    return test_f32(sides, dims, low, high);
}

static uint64_t boxes_meet_f64(const double *coords, uint32_t capacity, uint32_t first,
                               uint32_t dims, const double *low, const double *high)
{
    const double *lo = coords + first;
    struct xti_sides_f64 sides = {lo + capacity, lo, (size_t)2 * capacity,
                                  xti_slots_from(capacity, first)};

    return test_f64(sides, dims, low, high);
}

static uint64_t boxes_meet_f32(const float *coords, uint32_t capacity, uint32_t first,
                               uint32_t dims, const float *low, const float *high)
{
    const float *lo = coords + first;
    struct xti_sides_f32 sides = {lo + capacity, lo, (size_t)2 * capacity,
                                  xti_slots_from(capacity, first)};

    return test_f32(sides, dims, low, high);
}

static uint64_t boxes_within_f64(const double *coords, uint32_t capacity, uint32_t first,
                                 uint32_t dims, const double *low, const double *high)
{
    const double *lo = coords + first;
    struct xti_sides_f64 sides = {lo, lo + capacity, (size_t)2 * capacity,
                                  xti_slots_from(capacity, first)};

    return test_f64(sides, dims, low, high);
}

static uint64_t boxes_within_f32(const float *coords, uint32_t capacity, uint32_t first,
                                 uint32_t dims, const float *low, const float *high)
{
    const float *lo = coords + first;
    struct xti_sides_f32 sides = {lo, lo + capacity, (size_t)2 * capacity,
                                  xti_slots_from(capacity, first)};

    return test_f32(sides, dims, low, high);
}

static uint32_t compress_ids(const uint64_t *ids, uint64_t mask, uint64_t *out)
{
    uint32_t count = 0;

    for (; mask != 0; mask &= mask - 1)
        out[count++] = ids[__builtin_ctzll(mask)];
    return count;
}

static uint64_t inner_covers(const float *boxes, uint32_t capacity, uint32_t slots, uint32_t dims,
                             const float *lo, const float *hi)
{
    struct xti_sides_f32 sides = {boxes + capacity, boxes, (size_t)2 * capacity,
                                  (slots + 15) & ~15u};

    return test_f32(sides, dims, hi, lo);
}

#include "geom/kernels_pairs.h"

const struct xti_kernels *xti_kernels_portable(void)
{
    static const struct xti_kernels kernels = {
        .name = "portable",
        .inner_window = inner_window,
        .points_f64 = points_f64,
        .points_f32 = points_f32,
        .boxes_meet_f64 = boxes_meet_f64,
        .boxes_meet_f32 = boxes_meet_f32,
        .boxes_within_f64 = boxes_within_f64,
        .boxes_within_f32 = boxes_within_f32,
        .pairs_f64 = pairs_f64,
        .pairs_f32 = pairs_f32,
        .compress_ids = compress_ids,
        .inner_covers = inner_covers,
        .inner_growth = inner_growth,
        .ranks = ranks,
        .cuts = cuts,
        .inner_near = inner_near,
        .least_key = least_key,
        .points_near_f64 = points_near_f64,
        .points_near_f32 = points_near_f32,
        .boxes_near_f64 = boxes_near_f64,
        .boxes_near_f32 = boxes_near_f32,
        .least_distance = least_distance,
    };

    return &kernels;
}
