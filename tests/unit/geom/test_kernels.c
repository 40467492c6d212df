/* tests/unit/geom/test_kernels.c -- do all kernels that run here give the masks of a plain loop?
 *
 * Coordinates and windows come from a few numbers, so that equal borders, both zeros, denormals and
 * infinities meet all the time. Arrays are of the exact size: reading beyond them is seen by the
 * address sanitizer.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geom/geom.h"
#include "support/check.h"

#define MAX_DIMS 255

static const xt_kernel kernel_names[] = {XT_KERNEL_PORTABLE, XT_KERNEL_AVX2, XT_KERNEL_AVX512};

static const uint32_t dims_tested[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 64, 255};
static const uint32_t capacities_tested[] = {16, 32, 48, 64, 80, 112, 128, 208, 1024};

/* A node's arrays in both precisions, and windows. Borders are floats, so that both agree. */
struct sample {
    uint32_t dims, capacity, count;
    float *f32;
    double *f64;
    float low[MAX_DIMS], high[MAX_DIMS];
    double low_f64[MAX_DIMS], high_f64[MAX_DIMS];
    float hold_low[MAX_DIMS], hold_high[MAX_DIMS];
};

static float random_value(uint64_t *random)
{
    static const float values[] = {
        -INFINITY,     -FLT_MAX, -2.0f, -1.0f,     -0x1.000002p0f, -FLT_MIN,
        -0x1p-140f,    -0.0f,    0.0f,  0x1p-149f, FLT_MIN,        1.0f,
        0x1.000002p0f, 1.5f,     2.0f,  FLT_MAX,   INFINITY,
    };
    uint64_t kind = check_random(random);

    if (kind & 1)
        return values[(kind >> 8) % CHECK_COUNT(values)];
    return (float)((int)(kind >> 8 & 15) - 8);
}

/* low <= high, wide enough in many dimensions that some slots pass all axes. */
static void random_range(uint64_t *random, uint32_t dims, float *low, float *high)
{
    float a = random_value(random), b = random_value(random);
    uint64_t kind = check_random(random);

    if (kind % dims > 1 || kind >> 32 & 1)
        a = kind >> 33 & 1 ? -INFINITY : -7.0f;
    if (kind % dims > 1 || kind >> 34 & 1)
        b = kind >> 35 & 1 ? INFINITY : 7.0f;
    *low = a < b ? a : b;
    *high = a < b ? b : a;
}

static size_t array_length(const struct sample *s)
{
    return (size_t)2 * s->dims * s->capacity;
}

/* Boxes lo <= hi; slots behind count are NaN. As points the same arrays serve, half of them. */
static void sample_init(struct sample *s, uint32_t dims, uint32_t capacity, uint64_t *random)
{
    s->dims = dims;
    s->capacity = capacity;
    s->count = (uint32_t)(check_random(random) % (capacity + 1));
    s->f32 = malloc(array_length(s) * sizeof *s->f32);
    s->f64 = malloc(array_length(s) * sizeof *s->f64);
    for (uint32_t axis = 0; axis < dims; axis++) {
        float *lo = s->f32 + (size_t)2 * axis * capacity;

        random_range(random, dims, &s->low[axis], &s->high[axis]);
        random_range(random, dims, &s->hold_low[axis], &s->hold_high[axis]);
        for (uint32_t slot = 0; slot < capacity; slot++) {
            float a = random_value(random), b = random_value(random);

            lo[slot] = slot >= s->count ? NAN : a < b ? a : b;
            lo[capacity + slot] = slot >= s->count ? NAN : a < b ? b : a;
        }
        s->low_f64[axis] = (double)s->low[axis];
        s->high_f64[axis] = (double)s->high[axis];
    }
    for (size_t i = 0; i < array_length(s); i++)
        s->f64[i] = (double)s->f32[i];
}

static void sample_free(struct sample *s)
{
    free(s->f32);
    free(s->f64);
}

/* ---- plain loops --------------------------------------------------------------------------- */

enum relation { POINT, MEET, WITHIN, HOLD };

static bool slot_matches(const struct sample *s, uint32_t slot, enum relation relation)
{
    for (uint32_t axis = 0; axis < s->dims; axis++) {
        const float *x = s->f32 + (size_t)axis * s->capacity + slot;
        const float *lo = s->f32 + (size_t)2 * axis * s->capacity + slot;
        const float *hi = lo + s->capacity;
        float low = s->low[axis], high = s->high[axis];

        if (relation == POINT && !(*x >= low && *x <= high))
            return false;
        if (relation == MEET && !(*lo <= high && *hi >= low))
            return false;
        if (relation == WITHIN && !(*lo >= low && *hi <= high))
            return false;
        if (relation == HOLD &&
            !(*lo <= high && *hi >= low && *lo >= s->hold_low[axis] && *hi <= s->hold_high[axis]))
            return false;
    }
    return true;
}

static uint64_t plain_mask(const struct sample *s, uint32_t first, enum relation relation)
{
    uint64_t mask = 0;

    for (uint32_t i = 0; i < 64 && first + i < s->capacity; i++) {
        if (slot_matches(s, first + i, relation))
            mask |= UINT64_C(1) << i;
    }
    return mask;
}

/* ---- comparisons --------------------------------------------------------------------------- */

static bool check_inner(const struct xti_kernels *k, struct sample *s, uint32_t first)
{
    struct xti_offset_window window = {s->low, s->high, s->hold_low, s->hold_high};
    uint64_t meet = 1, hold = 1;

    k->inner_window(s->f32, s->capacity, first, s->dims, &window, &meet, &hold);
    return (int)CHECK_U64(meet, plain_mask(s, first, MEET)) &
           (int)CHECK_U64(hold, plain_mask(s, first, HOLD));
}

static bool check_leaves(const struct xti_kernels *k, const struct sample *s, uint32_t first)
{
    uint64_t points = plain_mask(s, first, POINT);
    uint64_t meet = plain_mask(s, first, MEET);
    uint64_t within = plain_mask(s, first, WITHIN);
    const float *low = s->low, *high = s->high;
    const double *l = s->low_f64, *h = s->high_f64;
    uint32_t n = s->capacity;
    uint32_t d = s->dims;
    bool ok = CHECK_U64(k->points_f32(s->f32, n, first, d, low, high), points);

    ok = CHECK_U64(k->points_f64(s->f64, n, first, d, l, h), points) && ok;
    ok = CHECK_U64(k->boxes_meet_f32(s->f32, n, first, d, low, high), meet) && ok;
    ok = CHECK_U64(k->boxes_meet_f64(s->f64, n, first, d, l, h), meet) && ok;
    ok = CHECK_U64(k->boxes_within_f32(s->f32, n, first, d, low, high), within) && ok;
    ok = CHECK_U64(k->boxes_within_f64(s->f64, n, first, d, l, h), within) && ok;
    return ok;
}

static bool check_sample(struct sample *s)
{
    bool ok = true;

    for (size_t i = 0; i < CHECK_COUNT(kernel_names); i++) {
        const struct xti_kernels *k = xti_kernels_get(kernel_names[i]);

        if (k == NULL)
            continue;
        check_row = k->name;
        for (uint32_t first = 0; first < s->capacity; first += 64) {
            ok = check_inner(k, s, first) && ok;
            ok = check_leaves(k, s, first) && ok;
        }
    }
    if (!ok)
        printf("    dims %u capacity %u count %u\n", s->dims, s->capacity, s->count);
    return ok;
}

static void masks_are_those_of_a_plain_loop(void)
{
    uint64_t random = check_seed;

    for (size_t d = 0; d < CHECK_COUNT(dims_tested); d++) {
        for (size_t c = 0; c < CHECK_COUNT(capacities_tested); c++) {
            uint32_t work = dims_tested[d] * capacities_tested[c];

            for (uint32_t left = 20000 / work + 2; left > 0; left--) {
                struct sample s;
                bool ok;

                sample_init(&s, dims_tested[d], capacities_tested[c], &random);
                ok = check_sample(&s);
                sample_free(&s);
                if (!ok)
                    return;
            }
        }
    }
}

/* Random windows in many dimensions match little: here all slots but one lie inside, and that one
 * is outside on one axis, on one side, by as little as can be. */
static void one_axis_decides_in_every_position(void)
{
    uint64_t random = check_seed;

    for (size_t d = 0; d < CHECK_COUNT(dims_tested); d++) {
        for (uint32_t axis = 0; axis < dims_tested[d]; axis++) {
            struct sample s;
            uint32_t slot = (uint32_t)(check_random(&random) % 80);
            bool is_low = check_random(&random) & 1;
            bool ok;

            sample_init(&s, dims_tested[d], 80, &random);
            s.count = 80;
            for (size_t i = 0; i < array_length(&s); i++)
                s.f32[i] = check_random(&random) & 1 ? 1.0f : 2.0f;
            for (uint32_t a = 0; a < s.dims; a++) {
                s.low[a] = s.hold_low[a] = 1.0f;
                s.high[a] = s.hold_high[a] = 2.0f;
                s.low_f64[a] = 1.0;
                s.high_f64[a] = 2.0;
            }
            s.f32[(size_t)(check_random(&random) & 1 ? 2 * axis : axis) * 80 + slot] =
                is_low ? 0x1.fffffep-1f : 0x1.000002p1f;
            for (size_t i = 0; i < array_length(&s); i++)
                s.f64[i] = (double)s.f32[i];
            ok = check_sample(&s);
            sample_free(&s);
            if (!ok)
                return;
        }
    }
}

/* A narrowed window may be empty: low above high (window.c). */
static void narrowed_windows_between_floats_match_what_reaches_across(void)
{
    float boxes[2 * 2 * 16];
    const float low[2] = {0x1.000002p0f, 0x1.000002p0f}, high[2] = {1.0f, 1.0f};

    for (uint32_t i = 0; i < 16; i++) {
        boxes[i] = boxes[32 + i] = i & 1 ? 1.0f : 0x1.000002p0f;
        boxes[16 + i] = boxes[48 + i] = (i & 3) == 1 ? 1.0f : 0x1.000002p0f;
    }
    for (size_t i = 0; i < CHECK_COUNT(kernel_names); i++) {
        const struct xti_kernels *k = xti_kernels_get(kernel_names[i]);

        if (k == NULL)
            continue;
        check_row = k->name;
        CHECK_U64(k->points_f32(boxes, 16, 0, 2, low, high), 0);
        CHECK_U64(k->boxes_within_f32(boxes, 16, 0, 2, low, high), 0);
        CHECK_U64(k->boxes_meet_f32(boxes, 16, 0, 2, low, high), 0x8888);
    }
}

static void bits_of_double_decide_in_f64(void)
{
    double coords[2 * 16];
    const double low[2] = {1, 1}, high[2] = {1 + 0x1p-51, 2};

    for (uint32_t i = 0; i < 16; i++) {
        coords[i] = 1 + ((int)i - 4) * 0x1p-52;
        coords[16 + i] = 1.5;
    }
    coords[16 + 5] = 0x1.fffffffffffffp-1;
    for (size_t i = 0; i < CHECK_COUNT(kernel_names); i++) {
        const struct xti_kernels *k = xti_kernels_get(kernel_names[i]);

        if (k == NULL)
            continue;
        check_row = k->name;
        CHECK_U64(k->points_f64(coords, 16, 0, 2, low, high), 0x50);
        CHECK_U64(k->points_f64(coords, 16, 0, 1, low, high), 0x70);
    }
}

/* ---- pairs --------------------------------------------------------------------------------- */

/* Two samples, as boxes or as points. */
struct pair_sample {
    struct sample s[2];
    bool is_points[2];
    uint32_t first[2];
};

static bool slots_meet(const struct pair_sample *p, uint32_t outer, uint32_t inner)
{
    for (uint32_t axis = 0; axis < p->s[0].dims; axis++) {
        float low[2], high[2];

        for (uint32_t i = 0; i < 2; i++) {
            size_t array = (size_t)(p->is_points[i] ? 1 : 2) * axis * p->s[i].capacity;
            const float *x = p->s[i].f32 + array + p->first[i] + (i == 0 ? outer : inner);

            low[i] = x[0];
            high[i] = x[p->is_points[i] ? 0 : p->s[i].capacity];
        }
        if (!(low[0] <= high[1] && low[1] <= high[0]))
            return false;
    }
    return true;
}

static bool check_pairs(const struct xti_kernels *k, const struct pair_sample *p, uint64_t items)
{
    struct xti_block_f32 f32[2];
    struct xti_block_f64 f64[2];
    uint64_t masks[2][64], found[2], want = 0;
    bool ok = true;

    for (uint32_t i = 0; i < 2; i++) {
        size_t capacity = p->s[i].capacity;
        size_t to_high = p->is_points[i] ? 0 : capacity;
        size_t step = p->is_points[i] ? capacity : 2 * capacity;
        uint32_t left = (uint32_t)capacity - p->first[i];
        uint32_t slots = left < 64 ? left : 64;
        const float *x = p->s[i].f32 + p->first[i];
        const double *y = p->s[i].f64 + p->first[i];

        f32[i] = (struct xti_block_f32){x, x + to_high, step, slots};
        f64[i] = (struct xti_block_f64){y, y + to_high, step, slots};
    }
    memset(masks, 0x55, sizeof masks);
    if (f32[0].slots < 64)
        items &= (UINT64_C(1) << f32[0].slots) - 1;
    found[0] = k->pairs_f32(&f32[0], &f32[1], p->s[0].dims, items, masks[0]);
    found[1] = k->pairs_f64(&f64[0], &f64[1], p->s[0].dims, items, masks[1]);
    for (uint32_t slot = 0; slot < 64; slot++) {
        uint64_t mask = UINT64_C(0x5555555555555555);

        if (items >> slot & 1) {
            mask = 0;
            for (uint32_t i = 0; i < f32[1].slots; i++)
                mask |= (uint64_t)slots_meet(p, slot, i) << i;
            want |= (uint64_t)(mask != 0) << slot;
        }
        ok = CHECK_U64(masks[0][slot], mask) && CHECK_U64(masks[1][slot], mask) && ok;
    }
    return CHECK_U64(found[0], want) && CHECK_U64(found[1], want) && ok;
}

static void pairs_are_those_of_a_plain_loop(void)
{
    uint64_t random = check_seed;
    bool ok = true;

    for (uint32_t round = 0; ok && round < 600; round++) {
        uint32_t dims = dims_tested[round % 8];
        uint64_t choice = check_random(&random);
        struct pair_sample p = {
            .is_points = {choice & 1, choice >> 1 & 1}
        };

        for (uint32_t i = 0; i < 2; i++) {
            sample_init(&p.s[i], dims, capacities_tested[(choice >> (8 + 8 * i)) % 8], &random);
            p.first[i] = p.s[i].capacity > 64 ? 64 : 0;
        }
        for (size_t i = 0; i < CHECK_COUNT(kernel_names); i++) {
            const struct xti_kernels *k = xti_kernels_get(kernel_names[i]);

            if (k == NULL)
                continue;
            check_row = k->name;
            ok = check_pairs(k, &p, round % 3 == 0 ? UINT64_MAX : check_random(&random)) && ok;
        }
        sample_free(&p.s[0]);
        sample_free(&p.s[1]);
    }
}

/* ---- compressing --------------------------------------------------------------------------- */

static bool check_compress(const struct xti_kernels *k, uint32_t capacity, uint64_t mask)
{
    uint64_t *ids = calloc(capacity, sizeof *ids);
    uint32_t count = (uint32_t)__builtin_popcountll(mask);
    uint64_t *out = malloc((count + 8) * sizeof *out);
    uint32_t n = 0;
    bool ok;

    for (uint32_t i = 0; i < capacity; i++)
        ids[i] = UINT64_C(0x0101010100000000) * i + i + 1;
    ok = CHECK_U64(k->compress_ids(ids, mask, out), count);
    for (uint32_t i = 0; ok && i < capacity; i++) {
        if (mask >> i & 1)
            ok = CHECK_U64(out[n++], ids[i]);
    }
    free(ids);
    free(out);
    return ok;
}

static void ids_of_set_bits_are_copied_in_order(void)
{
    uint64_t random = check_seed;

    for (size_t i = 0; i < CHECK_COUNT(kernel_names); i++) {
        const struct xti_kernels *k = xti_kernels_get(kernel_names[i]);

        if (k == NULL)
            continue;
        check_row = k->name;
        for (uint32_t capacity = 16; capacity <= 64; capacity += 16) {
            uint64_t all = ~UINT64_C(0) >> (64 - capacity);

            check_compress(k, capacity, 0);
            check_compress(k, capacity, all);
            for (uint32_t bit = 0; bit < capacity; bit++) {
                check_compress(k, capacity, UINT64_C(1) << bit);
                check_compress(k, capacity, all ^ UINT64_C(1) << bit);
                check_compress(k, capacity, all >> bit);
            }
            for (uint32_t low = 0; low < 65536; low++)
                check_compress(k, capacity, low);
            for (int round = 0; round < 20000; round++) {
                uint64_t mask = check_random(&random) & all;

                if (round & 1)
                    mask &= check_random(&random) & check_random(&random);
                if (!check_compress(k, capacity, mask))
                    return;
            }
        }
    }
}

/* ---- choice -------------------------------------------------------------------------------- */

static void best_kernels_are_the_widest_that_the_processor_has(void)
{
    unsigned features = xti_cpu_features();
    const struct xti_kernels *portable = xti_kernels_get(XT_KERNEL_PORTABLE);
    const struct xti_kernels *avx2 = xti_kernels_get(XT_KERNEL_AVX2);
    const struct xti_kernels *avx512 = xti_kernels_get(XT_KERNEL_AVX512);
    const struct xti_kernels *best = avx512 != NULL ? avx512 : avx2 != NULL ? avx2 : portable;

    if (!CHECK(portable != NULL))
        return;
    CHECK_STR(portable->name, "portable");
    CHECK_INT(avx2 != NULL, (features & XTI_CPU_AVX2) != 0);
    CHECK_INT(avx512 != NULL, (features & XTI_CPU_AVX512) != 0);
    CHECK(avx2 == NULL || strcmp(avx2->name, "avx2") == 0);
    CHECK(avx512 == NULL || strcmp(avx512->name, "avx512") == 0);
    CHECK(xti_kernels_get(XT_KERNEL_BEST) == best);
    CHECK(xti_kernels_get((xt_kernel)99) == NULL);
}

CHECK_MAIN({"masks_are_those_of_a_plain_loop", masks_are_those_of_a_plain_loop},
           {"one_axis_decides_in_every_position", one_axis_decides_in_every_position},
           {"narrowed_windows_between_floats_match_what_reaches_across",
            narrowed_windows_between_floats_match_what_reaches_across},
           {"bits_of_double_decide_in_f64", bits_of_double_decide_in_f64},
           {"pairs_are_those_of_a_plain_loop", pairs_are_those_of_a_plain_loop},
           {"ids_of_set_bits_are_copied_in_order", ids_of_set_bits_are_copied_in_order},
           {"best_kernels_are_the_widest_that_the_processor_has",
            best_kernels_are_the_widest_that_the_processor_has})
