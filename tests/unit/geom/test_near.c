/* tests/unit/geom/test_near.c -- do all kernels give the distances of a plain loop, to the last
 * bit, and are bounds of inner nodes never above a distance, whatever the numbers and the denormal
 * mode?
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "geom/geom.h"
#include "numbers.h"
#include "support/check.h"

#define DIMS_MAX 32
#define CAPACITY 64

static const xt_kernel kernel_names[] = {XT_KERNEL_PORTABLE, XT_KERNEL_AVX2, XT_KERNEL_AVX512};
static const uint32_t dims_tested[] = {1, 2, 3, 4, 5, 8, 16, 32};

/* The arrays of a leaf and of an inner node around the same boxes, and what is asked. Points are
 * the low sides. */
struct sample {
    uint32_t dims, used;
    bool has_weights, is_maximum;
    double low[DIMS_MAX][CAPACITY], high[DIMS_MAX][CAPACITY];
    float offsets[2 * DIMS_MAX * CAPACITY];
    double origin[DIMS_MAX], point[DIMS_MAX], weights[DIMS_MAX];
    float weights_f32[DIMS_MAX], below[DIMS_MAX], above[DIMS_MAX], unread[DIMS_MAX];
    struct xti_near near;
};

static double random_weight(uint64_t *random)
{
    uint64_t kind = check_random(random);

    if (kind % 4 == 0)
        return fmax(DBL_MIN, fabs(random_number(random, 1)));
    return exp2(check_uniform(random) * 8 - 4);
}

static void boxes_make(struct sample *sample, bool is_hard, uint64_t *random)
{
    for (uint32_t axis = 0; axis < sample->dims; axis++) {
        double centre = is_hard ? random_number(random, 0) : check_uniform(random) * 100;

        sample->origin[axis] = check_random(random) % 2 == 0 ? centre : 0;
        sample->point[axis] = is_hard ? random_number(random, centre) : check_uniform(random) * 100;
        for (uint32_t slot = 0; slot < CAPACITY; slot++) {
            double a = is_hard ? random_number(random, centre) : check_uniform(random) * 100;
            double b = is_hard ? random_number(random, a) : a + check_uniform(random);

            if (is_hard && check_random(random) % 16 == 0)
                b = INFINITY;
            sample->low[axis][slot] = fmin(a, b);
            sample->high[axis][slot] = fmax(a, b);
        }
    }
}

static void sample_make(struct sample *sample, uint32_t dims, unsigned kind, uint64_t *random)
{
    struct xti_offset_window moved = {sample->below, sample->above, sample->unread, sample->unread};

    sample->dims = dims;
    sample->used = 1 + (uint32_t)(check_random(random) % CAPACITY);
    sample->has_weights = (kind & 1) != 0;
    sample->is_maximum = (kind & 2) != 0;
    boxes_make(sample, (kind & 4) != 0, random);
    for (uint32_t axis = 0; axis < dims; axis++) {
        sample->weights[axis] = random_weight(random);
        sample->weights_f32[axis] =
            sample->has_weights ? xti_near_weight(sample->weights[axis]) : 1.0f;
        for (uint32_t slot = 0; slot < CAPACITY; slot++) {
            float *low = &sample->offsets[2 * axis * CAPACITY + slot];

            low[0] = xti_offset_down(sample->low[axis][slot], sample->origin[axis]);
            low[CAPACITY] = xti_offset_up(sample->high[axis][slot], sample->origin[axis]);
            if (slot >= sample->used)
                low[0] = low[CAPACITY] = NAN;
        }
    }
    xti_window_move(sample->point, sample->point, sample->origin, dims, &moved);
    sample->near = (struct xti_near){
        .point = sample->point,
        .weights = sample->has_weights ? sample->weights : NULL,
        .weights_f32 = sample->weights_f32,
        .below = sample->below,
        .above = sample->above,
        .shrink = xti_near_shrink(dims),
        .slack = xti_near_slack(sample->weights_f32, dims),
        .limit = INFINITY,
        .is_maximum = sample->is_maximum,
    };
}

static double plain_distance(const struct sample *sample, uint32_t slot, bool is_point, bool is_f32)
{
    double sum = 0;

    for (uint32_t axis = 0; axis < sample->dims; axis++) {
        double low = sample->low[axis][slot];
        double high = is_point ? low : sample->high[axis][slot];
        double point = sample->point[axis];
        double weight = sample->has_weights ? sample->weights[axis] : 1;
        double gap;

        if (is_f32) {
            low = (double)(float)low;
            high = (double)(float)high;
        }
        gap = low - point > 0 ? low - point : 0;
        gap = point - high > 0 ? point - high : gap;
        if (sample->is_maximum)
            sum = weight * gap > sum ? weight * gap : sum;
        else
            sum += weight * (gap * gap);
    }
    return sample->is_maximum ? sum : sqrt(sum);
}

/* ---- leaves ---------------------------------------------------------------------------------- */

typedef bool leaf_fn(const struct xti_slots *slots, const struct xti_near *near, double *distances);

static leaf_fn *leaf_kernel(const struct xti_kernels *kernels, bool is_point, bool is_f32)
{
    if (is_point)
        return is_f32 ? kernels->points_near_f32 : kernels->points_near_f64;
    return is_f32 ? kernels->boxes_near_f32 : kernels->boxes_near_f64;
}

/* Packs the arrays of a leaf of just as many slots as are needed, so that reading beyond them is
 * seen by the address sanitizer. */
static void *leaf_pack(const struct sample *sample, uint32_t capacity, bool is_point, bool is_f32)
{
    uint32_t sides = is_point ? 1 : 2;
    size_t values = (size_t)sides * sample->dims * capacity;
    double *f64 = malloc(values * sizeof *f64);
    float *f32 = malloc(values * sizeof *f32);

    if (f64 == NULL || f32 == NULL)
        abort();
    for (size_t i = 0; i < values; i++) {
        size_t axis = i / capacity / sides;
        size_t slot = i % capacity;

        f64[i] = i / capacity % sides == 0 ? sample->low[axis][slot] : sample->high[axis][slot];
        f64[i] = slot < sample->used ? f64[i] : (double)NAN;
        f32[i] = (float)f64[i];
    }
    free(is_f32 ? (void *)f64 : f32);
    return is_f32 ? (void *)f32 : f64;
}

static void leaf_check(const struct sample *sample, const struct xti_kernels *kernels,
                       bool is_point, bool is_f32)
{
    uint32_t capacity = (sample->used + 15) / 16 * 16;
    void *coords = leaf_pack(sample, capacity, is_point, is_f32);
    struct xti_slots slots = {coords, capacity, sample->used, sample->dims};
    double distances[CAPACITY], least, want_least = INFINITY;
    uint64_t mask, want_mask = 0;

    CHECK(leaf_kernel(kernels, is_point, is_f32)(&slots, &sample->near, distances));
    for (uint32_t slot = 0; slot < sample->used; slot++) {
        double want = plain_distance(sample, slot, is_point, is_f32);

        CHECK(memcmp(&distances[slot], &want, sizeof want) == 0);
        if (slot % 5 == 4)
            distances[slot] = NAN; /* as if given */
        else
            want_least = want < want_least ? want : want_least;
    }
    for (uint32_t slot = 0; slot < sample->used; slot++) {
        if (distances[slot] == want_least)
            want_mask |= UINT64_C(1) << slot;
    }
    mask = kernels->least_distance(distances, sample->used, &least);
    CHECK(least == want_least);
    CHECK_U64(mask, want_mask);
    free(coords);
}

/* With the limit of one slot's distance: that one and all that are not farther have theirs; the
 * others have theirs or none. Where only some are within, that is said. */
static void limit_check(struct sample *sample, const struct xti_kernels *kernels, bool is_point,
                        bool is_f32, uint32_t chosen)
{
    uint32_t capacity = (sample->used + 15) / 16 * 16;
    void *coords = leaf_pack(sample, capacity, is_point, is_f32);
    struct xti_slots slots = {coords, capacity, sample->used, sample->dims};
    double farthest = plain_distance(sample, chosen, is_point, is_f32);
    double distances[CAPACITY];

    sample->near.limit = xti_near_limit(farthest, sample->is_maximum);
    CHECK(leaf_kernel(kernels, is_point, is_f32)(&slots, &sample->near, distances));
    for (uint32_t slot = 0; slot < sample->used; slot++) {
        double want = plain_distance(sample, slot, is_point, is_f32);

        if (want <= farthest || !isnan(distances[slot]))
            CHECK(memcmp(&distances[slot], &want, sizeof want) == 0);
    }
    sample->near.limit = -1;
    if (sample->dims != 2 || sample->has_weights || sample->is_maximum)
        CHECK(!leaf_kernel(kernels, is_point, is_f32)(&slots, &sample->near, distances));
    sample->near.limit = INFINITY;
    free(coords);
}

static void what_is_within_the_limit_has_its_distance(void)
{
    static struct sample sample;
    uint64_t random = check_seed;

    for (size_t d = 0; d < CHECK_COUNT(dims_tested); d++) {
        for (unsigned kind = 0; kind < 8 * 20; kind++) {
            sample_make(&sample, dims_tested[d], kind, &random);
            for (size_t k = 0; k < CHECK_COUNT(kernel_names); k++) {
                const struct xti_kernels *kernels = xti_kernels_get(kernel_names[k]);

                for (unsigned way = 0; way < 4 && kernels != NULL; way++)
                    limit_check(&sample, kernels, way % 2 == 0, way / 2 == 0,
                                (uint32_t)(check_random(&random) % sample.used));
            }
        }
    }
}

/* Sums that are next to a square have a root that is next to its root. */
static void no_sum_of_a_distance_is_beyond_its_limit(void)
{
    uint64_t random = check_seed;

    for (int flushes = 0; flushes < 2; flushes++) {
        flush_denormals(flushes != 0);
        for (int i = 0; i < 200000; i++) {
            double sum = i % 2 == 0 ? check_uniform(&random) : fabs(random_number(&random, 0));
            double limit = xti_near_limit(sqrt(sum), false);

            CHECK(sum <= limit);
            CHECK(xti_near_limit(sum, true) == sum);
        }
        flush_denormals(false);
    }
}

static void leaves_give_the_distances_of_a_plain_loop(void)
{
    static struct sample sample;
    uint64_t random = check_seed;

    for (size_t d = 0; d < CHECK_COUNT(dims_tested); d++) {
        for (unsigned kind = 0; kind < 8 * 20; kind++) {
            sample_make(&sample, dims_tested[d], kind, &random);
            for (size_t k = 0; k < CHECK_COUNT(kernel_names); k++) {
                const struct xti_kernels *kernels = xti_kernels_get(kernel_names[k]);

                for (unsigned way = 0; way < 4 && kernels != NULL; way++)
                    leaf_check(&sample, kernels, way % 2 == 0, way / 2 == 0);
            }
        }
    }
}

/* ---- inner nodes ----------------------------------------------------------------------------- */

/* The keys of the sample's boxes, the same from all kernels. */
static void keys_make(const struct sample *sample, int32_t *keys)
{
    struct xti_slots slots = {sample->offsets, CAPACITY, sample->used, sample->dims};
    int32_t want = XTI_KEY_NONE;

    for (size_t k = 0; k < CHECK_COUNT(kernel_names); k++) {
        const struct xti_kernels *kernels = xti_kernels_get(kernel_names[k]);
        int32_t found[CAPACITY];
        int32_t least;

        if (kernels == NULL)
            continue;
        memset(found, 0xff, sizeof found);
        least = kernels->inner_near(&slots, &sample->near, found);
        if (k == 0)
            memcpy(keys, found, sizeof found);
        for (uint32_t slot = 0; slot < sample->used; slot++) {
            CHECK_INT(found[slot], keys[slot]);
            want = keys[slot] < want ? keys[slot] : want;
        }
        CHECK_INT(least, want);
        CHECK_INT(kernels->least_key(found, sample->used), want);
    }
}

static void bounds_check(const struct sample *sample)
{
    int32_t keys[CAPACITY];

    keys_make(sample, keys);
    for (uint32_t slot = 0; slot < sample->used; slot++) {
        double distance = plain_distance(sample, slot, false, false);

        CHECK_INT(keys[slot] & XTI_KEY_SLOT, slot);
        CHECK(xti_near_key_floor(keys[slot], sample->is_maximum) <= distance);
        CHECK(keys[slot] <= xti_near_key_limit(distance, sample->is_maximum));
    }
}

static void bounds_are_never_above_a_distance(void)
{
    static struct sample sample;

    for (int flushes = 0; flushes < 2; flushes++) {
        uint64_t random = check_seed;

        flush_denormals(flushes != 0);
        for (size_t d = 0; d < CHECK_COUNT(dims_tested); d++) {
            for (unsigned kind = 0; kind < 8 * 60; kind++) {
                sample_make(&sample, dims_tested[d], kind, &random);
                bounds_check(&sample);
            }
        }
        flush_denormals(false);
    }
}

/* Harmless numbers: a bound is within a thousandth of the distance. */
static void bounds_are_close_to_the_distance(void)
{
    static struct sample sample;
    uint64_t random = check_seed;

    for (unsigned kind = 0; kind < 4 * 50; kind++) {
        int32_t keys[CAPACITY];

        sample_make(&sample, 2, kind % 4, &random);
        for (uint32_t axis = 0; axis < 2; axis++) {
            sample.weights[axis] = 3;
            if (sample.has_weights)
                sample.weights_f32[axis] = 3;
        }
        sample.near.slack = xti_near_slack(sample.weights_f32, 2);
        keys_make(&sample, keys);
        for (uint32_t slot = 0; slot < sample.used; slot++) {
            double distance = plain_distance(&sample, slot, false, false);
            double bound = xti_near_key_floor(keys[slot], sample.is_maximum);

            CHECK(bound >= distance * 0.999 - 1e-4);
        }
    }
}

/* The square of the gap is denormal and rounded up by 4 %, which the weight makes seen. */
static void squares_that_are_rounded_up_are_not_believed(void)
{
    static struct sample sample;
    uint64_t random = check_seed;

    sample_make(&sample, 1, 1, &random);
    sample.used = 1;
    sample.origin[0] = 0;
    sample.point[0] = -0x1.333333p-74;
    sample.low[0][0] = 0;
    sample.high[0][0] = 1;
    sample.offsets[0] = 0;
    sample.offsets[CAPACITY] = 1;
    sample.below[0] = sample.above[0] = -0x1.333333p-74f;
    sample.weights[0] = 0x1p100;
    sample.weights_f32[0] = 0x1p100f;
    sample.near.slack = xti_near_slack(sample.weights_f32, 1);
    bounds_check(&sample);
}

static void weights_are_rounded_down(void)
{
    static const struct {
        double weight;
        float want;
    } rows[] = {
        {1.0,               1.0f          },
        {0.1,               0x1.999998p-4f},
        {1 + 0x1p-30,       1.0f          },
        {1 - 0x1p-30,       0x1.fffffep-1f},
        {DBL_MIN,           0             },
        {(double)FLT_MIN,   FLT_MIN       },
        {0x1.ffffffffp-127, 0             },
        {1e300,             FLT_MAX       },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++)
        CHECK(xti_near_weight(rows[i].weight) == rows[i].want);
}

CHECK_MAIN({"leaves_give_the_distances_of_a_plain_loop", leaves_give_the_distances_of_a_plain_loop},
           {"what_is_within_the_limit_has_its_distance", what_is_within_the_limit_has_its_distance},
           {"no_sum_of_a_distance_is_beyond_its_limit", no_sum_of_a_distance_is_beyond_its_limit},
           {"bounds_are_never_above_a_distance", bounds_are_never_above_a_distance},
           {"bounds_are_close_to_the_distance", bounds_are_close_to_the_distance},
           {"squares_that_are_rounded_up_are_not_believed",
            squares_that_are_rounded_up_are_not_believed},
           {"weights_are_rounded_down", weights_are_rounded_down})
