/* src/geom/kernels_avx2.c -- the kernels in AVX2.
 *
 * Two and three axes, the common case, run in one loop over the slots with the window in registers;
 * otherwise one axis after the other narrows the mask of all slots, until it is empty. What is
 * marked always_inline is called with constant `dims` or is part of such a loop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "geom/kernels.h"

#if defined(__AVX2__)

#include <immintrin.h>

#define NEAR_BYTES 32
#define NEAR_LEAST_DISTANCE
#include "geom/near_lanes.h"

#include "geom/edit_lanes.h"

/* ---- one axis: 8 floats or 4 doubles ------------------------------------------------------ */

/* Memory is the second operand of each comparison, so that it needs no load of its own. */

__attribute__((always_inline)) static inline __m256 axis_f32(const float *a, const float *b,
                                                             __m256 low, __m256 high)
{
    return _mm256_and_ps(_mm256_cmp_ps(low, _mm256_loadu_ps(a), _CMP_LE_OQ),
                         _mm256_cmp_ps(high, _mm256_loadu_ps(b), _CMP_GE_OQ));
}

__attribute__((always_inline)) static inline __m256d axis_f64(const double *a, const double *b,
                                                              __m256d low, __m256d high)
{
    return _mm256_and_pd(_mm256_cmp_pd(low, _mm256_loadu_pd(a), _CMP_LE_OQ),
                         _mm256_cmp_pd(high, _mm256_loadu_pd(b), _CMP_GE_OQ));
}

static inline uint64_t bits_f32(__m256 found)
{
    return (uint32_t)_mm256_movemask_ps(found);
}

static inline uint64_t bits_f64(__m256d found)
{
    return (uint32_t)_mm256_movemask_pd(found);
}

/* ---- two or three axes -------------------------------------------------------------------- */

__attribute__((always_inline)) static inline uint64_t few_f32(struct xti_sides_f32 s, uint32_t dims,
                                                              const float *low, const float *high)
{
    __m256 low0 = _mm256_set1_ps(low[0]), high0 = _mm256_set1_ps(high[0]);
    __m256 low1 = _mm256_set1_ps(low[1]), high1 = _mm256_set1_ps(high[1]);
    __m256 low2 = _mm256_set1_ps(low[dims - 1]), high2 = _mm256_set1_ps(high[dims - 1]);
    uint64_t result = 0;

    for (uint32_t slot = 0; slot < s.slots; slot += 8) {
        const float *a = s.a + slot;
        const float *b = s.b + slot;
        __m256 found = axis_f32(a, b, low0, high0);

        found = _mm256_and_ps(found, axis_f32(a + s.step, b + s.step, low1, high1));
        if (dims == 3)
            found = _mm256_and_ps(found, axis_f32(a + 2 * s.step, b + 2 * s.step, low2, high2));
        result |= bits_f32(found) << slot;
    }
    return result;
}

struct window_f64 {
    __m256d low[3], high[3];
};

/* Four slots. */
__attribute__((always_inline)) static inline uint64_t
four_f64(const double *a, const double *b, size_t step, uint32_t dims, const struct window_f64 *w)
{
    __m256d found = axis_f64(a, b, w->low[0], w->high[0]);

    found = _mm256_and_pd(found, axis_f64(a + step, b + step, w->low[1], w->high[1]));
    if (dims == 3)
        found = _mm256_and_pd(found, axis_f64(a + 2 * step, b + 2 * step, w->low[2], w->high[2]));
    return bits_f64(found);
}

__attribute__((always_inline)) static inline uint64_t few_f64(struct xti_sides_f64 s, uint32_t dims,
                                                              const double *low, const double *high)
{
    struct window_f64 w = {
        .low = {_mm256_set1_pd(low[0]),  _mm256_set1_pd(low[1]),  _mm256_set1_pd(low[dims - 1]) },
        .high = {_mm256_set1_pd(high[0]), _mm256_set1_pd(high[1]), _mm256_set1_pd(high[dims - 1])},
    };
    uint64_t result = 0;

    for (size_t slot = 0; slot < s.slots; slot += 8) {
        const double *a = s.a + slot;
        const double *b = s.b + slot;

        result |= (four_f64(a, b, s.step, dims, &w) | four_f64(a + 4, b + 4, s.step, dims, &w) << 4)
                  << slot;
    }
    return result;
}

/* ---- any number of axes ------------------------------------------------------------------- */

static uint64_t any_f32(struct xti_sides_f32 s, uint32_t dims, const float *low, const float *high)
{
    uint64_t result = xti_all_slots(s.slots);

    for (uint32_t axis = 0; axis < dims && result != 0; axis++) {
        __m256 l = _mm256_set1_ps(low[axis]), h = _mm256_set1_ps(high[axis]);
        const float *a = s.a + axis * s.step;
        const float *b = s.b + axis * s.step;
        uint64_t found = 0;

        for (uint32_t slot = 0; slot < s.slots; slot += 8)
            found |= bits_f32(axis_f32(a + slot, b + slot, l, h)) << slot;
        result &= found;
    }
    return result;
}

static uint64_t any_f64(struct xti_sides_f64 s, uint32_t dims, const double *low,
                        const double *high)
{
    uint64_t result = xti_all_slots(s.slots);

    for (uint32_t axis = 0; axis < dims && result != 0; axis++) {
        __m256d l = _mm256_set1_pd(low[axis]), h = _mm256_set1_pd(high[axis]);
        const double *a = s.a + axis * s.step;
        const double *b = s.b + axis * s.step;
        uint64_t found = 0;

        for (uint32_t slot = 0; slot < s.slots; slot += 4)
            found |= bits_f64(axis_f64(a + slot, b + slot, l, h)) << slot;
        result &= found;
    }
    return result;
}

/* Apart, so that usual nodes (below) need no frame. */
__attribute__((noinline)) static uint64_t test_f32(struct xti_sides_f32 s, uint32_t dims,
                                                   const float *low, const float *high)
{
    if (dims == 2)
        return few_f32(s, 2, low, high);
    return dims == 3 ? few_f32(s, 3, low, high) : any_f32(s, dims, low, high);
}

__attribute__((noinline)) static uint64_t test_f64(struct xti_sides_f64 s, uint32_t dims,
                                                   const double *low, const double *high)
{
    if (dims == 2)
        return few_f64(s, 2, low, high);
    return dims == 3 ? few_f64(s, 3, low, high) : any_f64(s, dims, low, high);
}

/* ---- nodes that nobody chose otherwise ------------------------------------------------------ */

#define USUAL ((size_t)32)

/* Two axes and 32 slots: all is known when this is compiled, and no loop is left. */
static inline bool is_usual(uint32_t capacity, uint32_t dims)
{
    return capacity == USUAL && dims == 2;
}

/* ---- inner nodes -------------------------------------------------------------------------- */

struct masks {
    uint64_t meet, hold;
};

/* Two or three axes. `s` has the sides of "within". */
__attribute__((always_inline)) static inline struct masks
inner_few(struct xti_sides_f32 s, uint32_t dims, const struct xti_offset_window *window)
{
    struct xti_sides_f32 meet_sides = {s.b, s.a, s.step, s.slots};
    struct masks result;

    result.meet = few_f32(meet_sides, dims, window->meet_lo, window->meet_hi);
    result.hold = few_f32(s, dims, window->hold_lo, window->hold_hi) & result.meet;
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

static uint64_t points_f64(const double *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                           const double *low, const double *high)
{
    const double *x = coords + first;
    struct xti_sides_f64 sides = {x, x, capacity, xti_slots_from(capacity, first)};

    if (is_usual(capacity, dims)) {
        sides = (struct xti_sides_f64){coords, coords, USUAL, USUAL};
        return few_f64(sides, 2, low, high);
    }
    return test_f64(sides, dims, low, high);
}

static uint64_t points_f32(const float *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                           const float *low, const float *high)
{
    const float *x = coords + first;
    struct xti_sides_f32 sides = {x, x, capacity, xti_slots_from(capacity, first)};

    if (is_usual(capacity, dims)) {
        sides = (struct xti_sides_f32){coords, coords, USUAL, USUAL};
        return few_f32(sides, 2, low, high);
    }
    return test_f32(sides, dims, low, high);
}

static uint64_t boxes_meet_f64(const double *coords, uint32_t capacity, uint32_t first,
                               uint32_t dims, const double *low, const double *high)
{
    const double *lo = coords + first;
    struct xti_sides_f64 sides = {lo + capacity, lo, (size_t)2 * capacity,
                                  xti_slots_from(capacity, first)};

    if (is_usual(capacity, dims)) {
        sides = (struct xti_sides_f64){coords + USUAL, coords, 2 * USUAL, USUAL};
        return few_f64(sides, 2, low, high);
    }
    return test_f64(sides, dims, low, high);
}

static uint64_t boxes_meet_f32(const float *coords, uint32_t capacity, uint32_t first,
                               uint32_t dims, const float *low, const float *high)
{
    const float *lo = coords + first;
    struct xti_sides_f32 sides = {lo + capacity, lo, (size_t)2 * capacity,
                                  xti_slots_from(capacity, first)};

    if (is_usual(capacity, dims)) {
        sides = (struct xti_sides_f32){coords + USUAL, coords, 2 * USUAL, USUAL};
        return few_f32(sides, 2, low, high);
    }
    return test_f32(sides, dims, low, high);
}

static uint64_t boxes_within_f64(const double *coords, uint32_t capacity, uint32_t first,
                                 uint32_t dims, const double *low, const double *high)
{
    const double *lo = coords + first;
    struct xti_sides_f64 sides = {lo, lo + capacity, (size_t)2 * capacity,
                                  xti_slots_from(capacity, first)};

    if (is_usual(capacity, dims)) {
        sides = (struct xti_sides_f64){coords, coords + USUAL, 2 * USUAL, USUAL};
        return few_f64(sides, 2, low, high);
    }
    return test_f64(sides, dims, low, high);
}

static uint64_t boxes_within_f32(const float *coords, uint32_t capacity, uint32_t first,
                                 uint32_t dims, const float *low, const float *high)
{
    const float *lo = coords + first;
    struct xti_sides_f32 sides = {lo, lo + capacity, (size_t)2 * capacity,
                                  xti_slots_from(capacity, first)};

    if (is_usual(capacity, dims)) {
        sides = (struct xti_sides_f32){coords, coords + USUAL, 2 * USUAL, USUAL};
        return few_f32(sides, 2, low, high);
    }
    return test_f32(sides, dims, low, high);
}

/* For each mask of 4 bits, which halves of the four ids move to the front. */
static const uint32_t compress_halves[16][8] = {
    {0, 1, 0, 1, 0, 1, 0, 1},
    {0, 1, 0, 1, 0, 1, 0, 1},
    {2, 3, 0, 1, 0, 1, 0, 1},
    {0, 1, 2, 3, 0, 1, 0, 1},
    {4, 5, 0, 1, 0, 1, 0, 1},
    {0, 1, 4, 5, 0, 1, 0, 1},
    {2, 3, 4, 5, 0, 1, 0, 1},
    {0, 1, 2, 3, 4, 5, 0, 1},
    {6, 7, 0, 1, 0, 1, 0, 1},
    {0, 1, 6, 7, 0, 1, 0, 1},
    {2, 3, 6, 7, 0, 1, 0, 1},
    {0, 1, 2, 3, 6, 7, 0, 1},
    {4, 5, 6, 7, 0, 1, 0, 1},
    {0, 1, 4, 5, 6, 7, 0, 1},
    {2, 3, 4, 5, 6, 7, 0, 1},
    {0, 1, 2, 3, 4, 5, 6, 7},
};

/* Groups behind the last set bit may lie beyond the node and are not read. */
static uint32_t compress_ids(const uint64_t *ids, uint64_t mask, uint64_t *out)
{
    uint32_t count = 0;

    for (; mask != 0; mask >>= 4, ids += 4) {
        __m256i group = _mm256_loadu_si256((const void *)ids);
        __m256i halves = _mm256_loadu_si256((const void *)compress_halves[mask & 15]);

        _mm256_storeu_si256((void *)(out + count), _mm256_permutevar8x32_epi32(group, halves));
        count += (uint32_t)__builtin_popcountll(mask & 15);
    }
    return count;
}

/* Two axes: memory is the second operand of each comparison, so that it needs no load. */
static uint64_t inner_covers(const float *boxes, uint32_t capacity, uint32_t slots, uint32_t dims,
                             const float *lo, const float *hi)
{
    const float *high = boxes + capacity;
    __m256 lo0, lo1, hi0, hi1;
    uint64_t result = 0;

    if (dims != 2) {
        struct xti_sides_f32 sides = {high, boxes, (size_t)2 * capacity, (slots + 15) & ~15u};

        return test_f32(sides, dims, hi, lo);
    }
    lo0 = _mm256_broadcast_ss(lo);
    lo1 = _mm256_broadcast_ss(lo + 1);
    hi0 = _mm256_broadcast_ss(hi);
    hi1 = _mm256_broadcast_ss(hi + 1);
    for (size_t slot = 0; slot < slots; slot += 8) {
        const float *low1 = high + capacity + slot;
        __m256 low = _mm256_and_ps(_mm256_cmp_ps(lo0, _mm256_loadu_ps(boxes + slot), _CMP_GE_OQ),
                                   _mm256_cmp_ps(lo1, _mm256_loadu_ps(low1), _CMP_GE_OQ));
        __m256 up = _mm256_and_ps(_mm256_cmp_ps(hi0, _mm256_loadu_ps(high + slot), _CMP_LE_OQ),
                                  _mm256_cmp_ps(hi1, _mm256_loadu_ps(low1 + capacity), _CMP_LE_OQ));

        result |= bits_f32(_mm256_and_ps(low, up)) << slot;
    }
    return result;
}

/* ---- distances ---------------------------------------------------------------------------- */

/* Of a minimum with NaN the second operand is the result. */
__attribute__((always_inline)) static inline uint64_t least_of(const double *distances,
                                                               uint32_t used, double *out)
{
    __m256d even = _mm256_set1_pd((double)INFINITY);
    __m256d odd = even;
    __m128d half, least;
    uint64_t found = 0;
    uint32_t slot = 0;

    for (; slot + 8 <= used; slot += 8) {
        even = _mm256_min_pd(_mm256_loadu_pd(distances + slot), even);
        odd = _mm256_min_pd(_mm256_loadu_pd(distances + slot + 4), odd);
    }
    for (; slot < used; slot += 4)
        even = _mm256_min_pd(_mm256_loadu_pd(distances + slot), even);
    even = _mm256_min_pd(even, odd);
    half = _mm_min_pd(_mm256_castpd256_pd128(even), _mm256_extractf128_pd(even, 1));
    least = _mm_min_sd(half, _mm_unpackhi_pd(half, half));
    even = _mm256_broadcastsd_pd(least);
    for (slot = 0; slot < used; slot += 4) {
        __m256d v = _mm256_loadu_pd(distances + slot);

        found |= bits_f64(_mm256_cmp_pd(even, v, _CMP_EQ_OQ)) << slot;
    }
    *out = _mm_cvtsd_f64(least);
    return found;
}

/* A full leaf of normal size in a straight line. */
static uint64_t least_distance(const double *distances, uint32_t used, double *out)
{
    return used == 32 ? least_of(distances, 32, out) : least_of(distances, used, out);
}

#include "geom/kernels_pairs.h"

const struct xti_kernels *xti_kernels_avx2(void)
{
    static const struct xti_kernels kernels = {
        .name = "avx2",
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

const struct xti_kernels *xti_kernels_avx2(void)
{
    return NULL;
}

#endif
