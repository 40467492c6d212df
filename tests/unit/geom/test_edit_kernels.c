/* tests/unit/geom/test_edit_kernels.c -- do all kernels that run here give the bits of plain loops
 * for what insertions and splits ask: which slots cover a box, how they would grow, who is first?
 *
 * Values are few, so that ties, both zeros and infinities meet all the time. Arrays are of the
 * exact size: reading or writing beyond them is seen by the address sanitizer.
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

#define MAX_DIMS 16
#define RANKS_MAX 200

static const xt_kernel kernel_names[] = {XT_KERNEL_PORTABLE, XT_KERNEL_AVX2, XT_KERNEL_AVX512};
static const uint32_t dims_tested[] = {1, 2, 3, 5, 16};
static const uint32_t capacities_tested[] = {16, 32, 48, 64, 80, 128, 144, 256, 512};

/* ---- inner nodes --------------------------------------------------------------------------- */

enum values { FEW_VALUES, ANY_VALUES, HOSTILE_VALUES, VALUES_KINDS };

struct sample {
    uint32_t dims, capacity, count;
    float *boxes;
    float lo[MAX_DIMS], hi[MAX_DIMS];
};

static float random_value(enum values values, uint64_t *random)
{
    static const float few[] = {-2.0f, -1.0f, -0.0f, 0.0f, FLT_MIN, 1.0f, 0x1.000002p0f, 2.0f};
    static const float hostile[] = {-INFINITY, -FLT_MAX, -1.0f, 0.0f, 1.0f, FLT_MAX, INFINITY, NAN};
    uint64_t kind = check_random(random);

    if (values == FEW_VALUES)
        return few[kind % CHECK_COUNT(few)];
    if (values == HOSTILE_VALUES)
        return hostile[kind % CHECK_COUNT(hostile)];
    return (float)(check_uniform(random) * 200 - 100);
}

/* Sides of a hostile box may be NaN, or the wrong way round. */
static void random_sides(enum values values, uint64_t *random, float *lo, float *hi)
{
    float a = random_value(values, random);
    float b = random_value(values, random);

    *lo = a > b && values != HOSTILE_VALUES ? b : a;
    *hi = a > b && values != HOSTILE_VALUES ? a : b;
}

static void sample_init(struct sample *s, enum values values, uint64_t *random)
{
    bool is_wide = check_random(random) & 1;

    s->count = (uint32_t)(check_random(random) % (s->capacity + 1));
    s->boxes = malloc((size_t)2 * s->dims * s->capacity * sizeof *s->boxes);
    for (uint32_t axis = 0; axis < s->dims; axis++) {
        float *low = s->boxes + (size_t)2 * axis * s->capacity;

        random_sides(values == HOSTILE_VALUES ? FEW_VALUES : values, random, &s->lo[axis],
                     &s->hi[axis]);
        for (uint32_t slot = 0; slot < s->capacity; slot++) {
            low[slot] = low[s->capacity + slot] = NAN;
            if (slot < s->count)
                random_sides(values, random, &low[slot], &low[s->capacity + slot]);
            if (slot < s->count && is_wide && check_random(random) % (2 * s->dims) != 0) {
                low[slot] = -100.0f;
                low[s->capacity + slot] = 100.0f;
            }
        }
    }
}

static uint64_t plain_covers(const struct sample *s, uint32_t first)
{
    uint64_t mask = 0;

    for (uint32_t i = 0; i < 64 && first + i < s->capacity; i++) {
        bool covers = true;

        for (uint32_t axis = 0; axis < s->dims; axis++) {
            const float *low = s->boxes + (size_t)2 * axis * s->capacity + first + i;

            covers = covers && low[0] <= s->lo[axis] && low[s->capacity] >= s->hi[axis];
        }
        mask |= (uint64_t)covers << i;
    }
    return mask;
}

static float plain_growth(const struct sample *s, uint32_t slot)
{
    float sum = 0;

    for (uint32_t axis = 0; axis < s->dims; axis++) {
        float low = s->boxes[(size_t)2 * axis * s->capacity + slot];
        float high = s->boxes[(size_t)(2 * axis + 1) * s->capacity + slot];
        float grown =
            (high > s->hi[axis] ? high : s->hi[axis]) - (low < s->lo[axis] ? low : s->lo[axis]);

        sum += grown - (high - low);
    }
    return sum;
}

/* NaN of any kind is the same. */
static bool same_float(float a, float b)
{
    return (isnan(a) && isnan(b)) || a == b;
}

/* The first slot with the least growth; 0 where none has a growth. */
static uint32_t plain_least(const float *growth, uint32_t capacity)
{
    uint32_t best = capacity;

    for (uint32_t slot = 0; slot < capacity; slot++) {
        if (!isnan(growth[slot]) && (best == capacity || growth[slot] < growth[best]))
            best = slot;
    }
    return best == capacity ? 0 : best;
}

static bool check_growth(const struct xti_kernels *k, const struct sample *s)
{
    float *growth = malloc(s->capacity * sizeof *growth);
    uint32_t least = k->inner_growth(s->boxes, s->capacity, s->dims, s->lo, s->hi, growth);
    bool ok = true;

    for (uint32_t slot = 0; slot < s->capacity && ok; slot++) {
        ok = CHECK(same_float(growth[slot], plain_growth(s, slot))) &&
             (slot < s->count || CHECK(isnan(growth[slot])));
    }
    ok = CHECK_U64(least, plain_least(growth, s->capacity)) && ok;
    free(growth);
    return ok;
}

static bool check_sample(const struct sample *s)
{
    bool ok = true;

    for (size_t i = 0; i < CHECK_COUNT(kernel_names); i++) {
        const struct xti_kernels *k = xti_kernels_get(kernel_names[i]);

        if (k == NULL)
            continue;
        check_row = k->name;
        for (uint32_t first = 0; first < s->count; first += 64)
            ok = CHECK_U64(k->inner_covers(s->boxes + first, s->capacity,
                                           s->count - first < 64 ? s->count - first : 64, s->dims,
                                           s->lo, s->hi),
                           plain_covers(s, first)) &&
                 ok;
        ok = check_growth(k, s) && ok;
    }
    if (!ok)
        printf("    dims %u capacity %u count %u\n", s->dims, s->capacity, s->count);
    return ok;
}

static void covering_and_growing_are_those_of_plain_loops(void)
{
    uint64_t random = check_seed;

    for (size_t d = 0; d < CHECK_COUNT(dims_tested); d++) {
        for (size_t c = 0; c < CHECK_COUNT(capacities_tested); c++) {
            for (uint32_t round = 0; round < 30; round++) {
                struct sample s = {.dims = dims_tested[d], .capacity = capacities_tested[c]};
                bool ok;

                sample_init(&s, (enum values)(round % VALUES_KINDS), &random);
                ok = check_sample(&s);
                free(s.boxes);
                if (!ok)
                    return;
            }
        }
    }
}

/* All of a node's slots are equal but one, which grows less by as little as can be, or holds the
 * box. */
static void one_slot_decides_in_every_position(void)
{
    struct sample s = {.dims = 2, .capacity = 144, .count = 144};
    size_t size = (size_t)2 * s.dims * s.capacity * sizeof *s.boxes;
    bool ok = true;

    s.lo[0] = s.lo[1] = 1.5f;
    s.hi[0] = s.hi[1] = 2.5f;
    for (uint32_t slot = 0; slot < s.capacity && ok; slot++) {
        s.boxes = malloc(size);
        for (uint32_t i = 0; i < 2 * s.dims * s.capacity; i++)
            s.boxes[i] = i / s.capacity % 2 == 0 ? 1.0f : 2.0f;
        s.boxes[3 * s.capacity + slot] = 0x1.000002p1f;
        ok = check_sample(&s);
        s.boxes[s.capacity + slot] = s.boxes[3 * s.capacity + slot] = 2.5f;
        ok = check_sample(&s) && ok;
        free(s.boxes);
    }
}

/* ---- ranks --------------------------------------------------------------------------------- */

static void plain_ranks(const float *keys, uint32_t count, uint32_t *ranks)
{
    for (uint32_t i = 0; i < count; i++) {
        ranks[i] = 0;
        for (uint32_t j = 0; j < count; j++)
            ranks[i] += keys[j] < keys[i] || (keys[j] == keys[i] && j < i);
    }
}

static bool check_ranks(const float *keys, uint32_t count, uint32_t room)
{
    uint32_t want[RANKS_MAX];
    bool ok = true;

    plain_ranks(keys, count, want);
    for (size_t i = 0; i < CHECK_COUNT(kernel_names); i++) {
        const struct xti_kernels *k = xti_kernels_get(kernel_names[i]);
        uint32_t *ranks;

        if (k == NULL)
            continue;
        check_row = k->name;
        ranks = calloc(room, sizeof *ranks);
        k->ranks(keys, count, ranks);
        for (uint32_t slot = 0; slot < count && ok; slot++)
            ok = CHECK_U64(ranks[slot], want[slot]);
        free(ranks);
    }
    return ok;
}

static float random_key(unsigned kind, uint32_t slot, uint64_t *random)
{
    static const float few[] = {-INFINITY, -FLT_MAX, -0.0f, 0.0f, FLT_MIN, 1.0f, INFINITY};

    switch (kind) {
    case 0:
        return few[check_random(random) % CHECK_COUNT(few)];
    case 1:
        return (float)slot;
    case 2:
        return -(float)slot;
    case 3:
        return 7.0f;
    default:
        return (float)check_uniform(random);
    }
}

/* What lies behind the keys in use may be anything. */
static void ranks_are_those_of_a_plain_loop(void)
{
    uint64_t random = check_seed;

    for (uint32_t count = 1; count <= RANKS_MAX; count++) {
        for (unsigned kind = 0; kind < 5; kind++) {
            uint32_t room = (count + 15) / 16 * 16;
            float *keys = malloc(room * sizeof *keys);
            bool ok;

            for (uint32_t slot = 0; slot < room; slot++)
                keys[slot] = slot < count    ? random_key(kind, slot, &random)
                             : slot % 2 == 0 ? NAN
                                             : -INFINITY;
            ok = check_ranks(keys, count, room);
            free(keys);
            if (!ok) {
                printf("    count %u kind %u\n", count, kind);
                return;
            }
        }
    }
}

/* ---- cuts ---------------------------------------------------------------------------------- */

#define CUTS_STRIDE 64u
#define CUTS_SPARE 16u

struct measures {
    float edges[CUTS_STRIDE], shared[CUTS_STRIDE], volume[CUTS_STRIDE], least[CUTS_STRIDE],
        flat[CUTS_STRIDE];
};

static struct xti_cuts cuts_into(struct measures *m, const float *boxes, uint32_t dims)
{
    return (struct xti_cuts){.before = boxes,
                             .after = boxes + (size_t)2 * dims * CUTS_STRIDE,
                             .stride = CUTS_STRIDE,
                             .dims = dims,
                             .edges = m->edges,
                             .shared = m->shared,
                             .volume = m->volume,
                             .least = m->least,
                             .flat = m->flat};
}

static void plain_cut(const struct xti_cuts *c, uint32_t i)
{
    c->edges[i] = c->shared[i] = 0;
    c->volume[i] = 1;
    c->least[i] = c->flat[i] = INFINITY;
    for (uint32_t axis = 0; axis < c->dims; axis++) {
        const float *before = c->before + (size_t)2 * axis * c->stride;
        const float *after = c->after + (size_t)2 * axis * c->stride;
        float extent = before[c->stride + c->count - 1] - before[c->count - 1];
        float left = before[c->stride + i - 1] - before[i - 1];
        float right = after[c->stride + i] - after[i];
        float length =
            fminf(before[c->stride + i - 1], after[c->stride + i]) - fmaxf(before[i - 1], after[i]);

        c->edges[i] += left + right;
        c->shared[i] += length;
        c->volume[i] *= length * (extent > 0 ? 1.0f / extent : 1.0f);
        c->least[i] = fminf(c->least[i], length);
        c->flat[i] = fminf(c->flat[i], fminf(left, right));
    }
}

static bool cut_is(const struct xti_cuts *got, const struct xti_cuts *want, uint32_t i)
{
    return CHECK(same_float(got->edges[i], want->edges[i])) &&
           CHECK(same_float(got->shared[i], want->shared[i])) &&
           CHECK(same_float(got->volume[i], want->volume[i])) &&
           CHECK(same_float(got->least[i], want->least[i])) &&
           CHECK(same_float(got->flat[i], want->flat[i]));
}

static bool check_cuts(const float *boxes, uint32_t dims, uint32_t count, uint32_t least)
{
    bool ok = true;

    for (size_t n = 0; n < CHECK_COUNT(kernel_names) && ok; n++) {
        const struct xti_kernels *k = xti_kernels_get(kernel_names[n]);
        struct measures got = {{0}, {0}, {0}, {0}, {0}}, want = got;
        struct xti_cuts cuts = cuts_into(&got, boxes, dims);
        struct xti_cuts plain = cuts_into(&want, boxes, dims);

        if (k == NULL)
            continue;
        check_row = k->name;
        cuts.count = plain.count = count;
        cuts.first = least;
        cuts.last = count - least;
        k->cuts(&cuts);
        for (uint32_t i = cuts.first; i <= cuts.last && ok; i++) {
            plain_cut(&plain, i);
            ok = cut_is(&cuts, &plain, i);
        }
    }
    if (!ok)
        printf("    dims %u count %u least %u\n", dims, count, least);
    return ok;
}

static void cuts_are_measured_as_by_a_plain_loop(void)
{
    uint64_t random = check_seed;

    for (uint32_t count = 2; count <= CUTS_STRIDE - CUTS_SPARE; count++) {
        for (size_t d = 0; d < CHECK_COUNT(dims_tested); d++) {
            size_t values = (size_t)4 * dims_tested[d] * CUTS_STRIDE;
            float *boxes = malloc(values * sizeof *boxes);
            bool ok;

            for (size_t i = 0; i < values; i++)
                boxes[i] = random_value(d % 2 == 0 ? ANY_VALUES : FEW_VALUES, &random);
            ok = check_cuts(boxes, dims_tested[d], count, 1) &&
                 check_cuts(boxes, dims_tested[d], count, count / 5 > 0 ? count / 5 : 1);
            free(boxes);
            if (!ok)
                return;
        }
    }
}

CHECK_MAIN({"cuts_are_measured_as_by_a_plain_loop", cuts_are_measured_as_by_a_plain_loop},
           {"covering_and_growing_are_those_of_plain_loops",
            covering_and_growing_are_those_of_plain_loops},
           {"one_slot_decides_in_every_position", one_slot_decides_in_every_position},
           {"ranks_are_those_of_a_plain_loop", ranks_are_those_of_a_plain_loop})
