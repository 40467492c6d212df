/* src/geom/kernels_avx512.c -- the kernels in AVX-512.
 *
 * Two and three axes, the common case, run in one loop over the slots with the window in registers;
 * otherwise one axis after the other narrows the mask of all slots, until it is empty. What is
 * marked always_inline is called with constant `dims` or is part of such a loop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "geom/kernels.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__)

#include <immintrin.h>

#define NEAR_BYTES 64
#include "geom/near_lanes.h"

#include "geom/edit_lanes.h"

/* ---- one axis: 16 floats or 8 doubles ----------------------------------------------------- */

__attribute__((always_inline)) static inline __mmask16
axis_f32(__mmask16 mask, const float *a, const float *b, __m512 low, __m512 high)
{
    mask = _mm512_mask_cmp_ps_mask(mask, _mm512_loadu_ps(a), low, _CMP_GE_OQ);
    return _mm512_mask_cmp_ps_mask(mask, _mm512_loadu_ps(b), high, _CMP_LE_OQ);
}

__attribute__((always_inline)) static inline __mmask8
axis_f64(__mmask8 mask, const double *a, const double *b, __m512d low, __m512d high)
{
    mask = _mm512_mask_cmp_pd_mask(mask, _mm512_loadu_pd(a), low, _CMP_GE_OQ);
    return _mm512_mask_cmp_pd_mask(mask, _mm512_loadu_pd(b), high, _CMP_LE_OQ);
}

/* ---- two or three axes -------------------------------------------------------------------- */

__attribute__((always_inline)) static inline uint64_t few_f32(struct xti_sides_f32 s, uint32_t dims,
                                                              const float *low, const float *high)
{
    __m512 low0 = _mm512_set1_ps(low[0]), high0 = _mm512_set1_ps(high[0]);
    __m512 low1 = _mm512_set1_ps(low[1]), high1 = _mm512_set1_ps(high[1]);
    __m512 low2 = _mm512_set1_ps(low[dims - 1]), high2 = _mm512_set1_ps(high[dims - 1]);
    uint64_t result = 0;

    for (uint32_t slot = 0; slot < s.slots; slot += 16) {
        const float *a = s.a + slot;
        const float *b = s.b + slot;
        __mmask16 mask = axis_f32(0xffff, a, b, low0, high0);

        mask = axis_f32(mask, a + s.step, b + s.step, low1, high1);
        if (dims == 3)
            mask = axis_f32(mask, a + 2 * s.step, b + 2 * s.step, low2, high2);
        result |= (uint64_t)_cvtmask16_u32(mask) << slot;
    }
    return result;
}

__attribute__((always_inline)) static inline uint64_t few_f64(struct xti_sides_f64 s, uint32_t dims,
                                                              const double *low, const double *high)
{
    __m512d low0 = _mm512_set1_pd(low[0]), high0 = _mm512_set1_pd(high[0]);
    __m512d low1 = _mm512_set1_pd(low[1]), high1 = _mm512_set1_pd(high[1]);
    __m512d low2 = _mm512_set1_pd(low[dims - 1]), high2 = _mm512_set1_pd(high[dims - 1]);
    uint64_t result = 0;

    for (uint32_t slot = 0; slot < s.slots; slot += 8) {
        const double *a = s.a + slot;
        const double *b = s.b + slot;
        __mmask8 mask = axis_f64(0xff, a, b, low0, high0);

        mask = axis_f64(mask, a + s.step, b + s.step, low1, high1);
        if (dims == 3)
            mask = axis_f64(mask, a + 2 * s.step, b + 2 * s.step, low2, high2);
        result |= (uint64_t)_cvtmask8_u32(mask) << slot;
    }
    return result;
}

/* ---- any number of axes ------------------------------------------------------------------- */

static uint64_t any_f32(struct xti_sides_f32 s, uint32_t dims, const float *low, const float *high)
{
    uint64_t result = xti_all_slots(s.slots);

    for (uint32_t axis = 0; axis < dims && result != 0; axis++) {
        __m512 l = _mm512_set1_ps(low[axis]), h = _mm512_set1_ps(high[axis]);
        const float *a = s.a + axis * s.step;
        const float *b = s.b + axis * s.step;
        uint64_t found = 0;

        for (uint32_t slot = 0; slot < s.slots; slot += 16)
            found |= (uint64_t)_cvtmask16_u32(axis_f32(0xffff, a + slot, b + slot, l, h)) << slot;
        result &= found;
    }
    return result;
}

static uint64_t any_f64(struct xti_sides_f64 s, uint32_t dims, const double *low,
                        const double *high)
{
    uint64_t result = xti_all_slots(s.slots);

    for (uint32_t axis = 0; axis < dims && result != 0; axis++) {
        __m512d l = _mm512_set1_pd(low[axis]), h = _mm512_set1_pd(high[axis]);
        const double *a = s.a + axis * s.step;
        const double *b = s.b + axis * s.step;
        uint64_t found = 0;

        for (uint32_t slot = 0; slot < s.slots; slot += 8)
            found |= (uint64_t)_cvtmask8_u32(axis_f64(0xff, a + slot, b + slot, l, h)) << slot;
        result &= found;
    }
    return result;
}

/* Apart, so that two axes run without saving registers. */
__attribute__((noinline)) static uint64_t other_f32(struct xti_sides_f32 s, uint32_t dims,
                                                    const float *low, const float *high)
{
    return dims == 3 ? few_f32(s, 3, low, high) : any_f32(s, dims, low, high);
}

__attribute__((noinline)) static uint64_t other_f64(struct xti_sides_f64 s, uint32_t dims,
                                                    const double *low, const double *high)
{
    return dims == 3 ? few_f64(s, 3, low, high) : any_f64(s, dims, low, high);
}

static inline uint64_t test_f32(struct xti_sides_f32 s, uint32_t dims, const float *low,
                                const float *high)
{
    return dims == 2 ? few_f32(s, 2, low, high) : other_f32(s, dims, low, high);
}

static inline uint64_t test_f64(struct xti_sides_f64 s, uint32_t dims, const double *low,
                                const double *high)
{
    return dims == 2 ? few_f64(s, 2, low, high) : other_f64(s, dims, low, high);
}

/* ---- inner nodes -------------------------------------------------------------------------- */

struct masks {
    uint64_t meet, hold;
};

/* Two or three axes. `s` has the sides of "within". */
__attribute__((always_inline)) static inline struct masks
inner_few(struct xti_sides_f32 s, uint32_t dims, const struct xti_offset_window *window)
{
    __m512 meet_lo0 = _mm512_set1_ps(window->meet_lo[0]),
           meet_hi0 = _mm512_set1_ps(window->meet_hi[0]);
    __m512 meet_lo1 = _mm512_set1_ps(window->meet_lo[1]),
           meet_hi1 = _mm512_set1_ps(window->meet_hi[1]);
    __m512 meet_lo2 = _mm512_set1_ps(window->meet_lo[dims - 1]),
           meet_hi2 = _mm512_set1_ps(window->meet_hi[dims - 1]);
    __m512 hold_lo0 = _mm512_set1_ps(window->hold_lo[0]),
           hold_hi0 = _mm512_set1_ps(window->hold_hi[0]);
    __m512 hold_lo1 = _mm512_set1_ps(window->hold_lo[1]),
           hold_hi1 = _mm512_set1_ps(window->hold_hi[1]);
    __m512 hold_lo2 = _mm512_set1_ps(window->hold_lo[dims - 1]),
           hold_hi2 = _mm512_set1_ps(window->hold_hi[dims - 1]);
    struct masks result = {0, 0};

    for (uint32_t slot = 0; slot < s.slots; slot += 16) {
        const float *lo = s.a + slot;
        const float *hi = s.b + slot;
        __mmask16 meet = axis_f32(0xffff, hi, lo, meet_lo0, meet_hi0);
        __mmask16 hold = axis_f32(0xffff, lo, hi, hold_lo0, hold_hi0);

        meet = axis_f32(meet, hi + s.step, lo + s.step, meet_lo1, meet_hi1);
        hold = axis_f32(hold, lo + s.step, hi + s.step, hold_lo1, hold_hi1);
        if (dims == 3) {
            meet = axis_f32(meet, hi + 2 * s.step, lo + 2 * s.step, meet_lo2, meet_hi2);
            hold = axis_f32(hold, lo + 2 * s.step, hi + 2 * s.step, hold_lo2, hold_hi2);
        }
        result.meet |= (uint64_t)_cvtmask16_u32(meet) << slot;
        result.hold |= (uint64_t)_cvtmask16_u32(hold) << slot;
    }
    result.hold &= result.meet;
    return result;
}

static struct masks inner_any(struct xti_sides_f32 s, uint32_t dims,
                              const struct xti_offset_window *window)
{
    struct xti_sides_f32 meet_sides = {s.b, s.a, s.step, s.slots};
    struct masks result = {any_f32(meet_sides, dims, window->meet_lo, window->meet_hi), 0};

    if (result.meet != 0)
        result.hold = any_f32(s, dims, window->hold_lo, window->hold_hi) & result.meet;
    return result;
}

__attribute__((noinline)) static struct masks inner_other(struct xti_sides_f32 s, uint32_t dims,
                                                          const struct xti_offset_window *window)
{
    return dims == 3 ? inner_few(s, 3, window) : inner_any(s, dims, window);
}

static void inner_window(const float *boxes, uint32_t capacity, uint32_t first, uint32_t dims,
                         const struct xti_offset_window *window, uint64_t *meet, uint64_t *hold)
{
    const float *lo = boxes + first;
    struct xti_sides_f32 s = {lo, lo + capacity, (size_t)2 * capacity,
                              xti_slots_from(capacity, first)};
    struct masks found = dims == 2 ? inner_few(s, 2, window) : inner_other(s, dims, window);

    *meet = found.meet;
    *hold = found.hold;
}

/* ---- leaves ------------------------------------------------------------------------------- */

/* Points in f64 are the common leaves. x lies between low and high exactly when it equals itself
 * drawn between them, which holds as low <= high: a minimum, a maximum and one comparison are
 * faster than two comparisons, as one of these can start in a cycle. NaN equals nothing. (A window
 * narrowed to f32 may have low > high, so there it would be wrong.) */
__attribute__((always_inline)) static inline __mmask8 point_axis(__mmask8 mask, const double *x,
                                                                 __m512d low, __m512d high)
{
    __m512d value = _mm512_loadu_pd(x);
    __m512d drawn = _mm512_min_pd(_mm512_max_pd(value, low), high);

    return _mm512_mask_cmp_pd_mask(mask, value, drawn, _CMP_EQ_OQ);
}

__attribute__((always_inline)) static inline uint64_t
points_few(struct xti_sides_f64 s, uint32_t dims, const double *low, const double *high)
{
    __m512d low0 = _mm512_set1_pd(low[0]), high0 = _mm512_set1_pd(high[0]);
    __m512d low1 = _mm512_set1_pd(low[1]), high1 = _mm512_set1_pd(high[1]);
    __m512d low2 = _mm512_set1_pd(low[dims - 1]), high2 = _mm512_set1_pd(high[dims - 1]);
    uint64_t result = 0;

    for (uint32_t slot = 0; slot < s.slots; slot += 8) {
        const double *x = s.a + slot;
        __mmask8 mask = point_axis(0xff, x, low0, high0);

        mask = point_axis(mask, x + s.step, low1, high1);
        if (dims == 3)
            mask = point_axis(mask, x + 2 * s.step, low2, high2);
        result |= (uint64_t)_cvtmask8_u32(mask) << slot;
    }
    return result;
}

static uint64_t points_any(struct xti_sides_f64 s, uint32_t dims, const double *low,
                           const double *high)
{
    uint64_t result = xti_all_slots(s.slots);

    for (uint32_t axis = 0; axis < dims && result != 0; axis++) {
        __m512d l = _mm512_set1_pd(low[axis]), h = _mm512_set1_pd(high[axis]);
        const double *x = s.a + axis * s.step;
        uint64_t found = 0;

        for (uint32_t slot = 0; slot < s.slots; slot += 8)
            found |= (uint64_t)_cvtmask8_u32(point_axis(0xff, x + slot, l, h)) << slot;
        result &= found;
    }
    return result;
}

__attribute__((noinline)) static uint64_t points_other(struct xti_sides_f64 s, uint32_t dims,
                                                       const double *low, const double *high)
{
    return dims == 3 ? points_few(s, 3, low, high) : points_any(s, dims, low, high);
}

static uint64_t points_f64(const double *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                           const double *low, const double *high)
{
    const double *x = coords + first;
    struct xti_sides_f64 sides = {x, x, capacity, xti_slots_from(capacity, first)};

    return dims == 2 ? points_few(sides, 2, low, high) : points_other(sides, dims, low, high);
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

/* Whole groups of 8 are stored: the compressing store is microcode on some processors. The group is
 * its own destination, as the instruction waits for that register. Groups behind the last set bit
 * may lie beyond the node and are not read. */
static uint32_t compress_ids(const uint64_t *ids, uint64_t mask, uint64_t *out)
{
    uint32_t count = 0;

    for (; mask != 0; mask >>= 8, ids += 8) {
        __m512i group = _mm512_loadu_si512(ids);

        group = _mm512_mask_compress_epi64(group, (__mmask8)mask, group);
        _mm512_storeu_si512(out + count, group);
        count += (uint32_t)__builtin_popcountll(mask & 0xff);
    }
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

const struct xti_kernels *xti_kernels_avx512(void)
{
    static const struct xti_kernels kernels = {
        .name = "avx512",
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

#else

const struct xti_kernels *xti_kernels_avx512(void)
{
    return NULL;
}

#endif
