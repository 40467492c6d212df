/* src/geom/geom.h -- the door of the geom room: boxes in d dimensions, and the kernels.
 *
 * Layout. Coordinates are dimension-major: an array of `capacity` values for each axis, and for
 * boxes lo0[], hi0[], lo1[], hi1[], ... `capacity` is a multiple of 16. Slots at or beyond a node's
 * count hold NaN; every comparison here is ordered (false for NaN), so they match nothing.
 *
 * Two precisions. Leaves hold the items' coordinates exactly (f64 or f32) and are tested against
 * the query exactly. Inner nodes hold f32 offsets from the node's own finite f64 origin, rounded
 * outward: a stored box always contains the true one. A window is moved to the origin twice:
 * rounded outward (`meet`): a child that shares a point with the window passes the test
 *     lo <= meet_hi && hi >= meet_lo          on every axis; false positives cost a visit;
 * rounded inward (`hold`): a child that passes
 *     lo >= hold_lo && hi <= hold_hi          on every axis lies wholly inside the window.
 * Answers are exact because only leaves decide, save for children that are proven inside.
 *
 * Every kernel exists in portable C, AVX2 and AVX-512; all give identical masks. None uses
 * -ffast-math, and none depends on the host's denormal mode: no f32 that is stored or compared is
 * denormal (outward rounding pushes such values to 0 or to FLT_MIN).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_GEOM_H
#define XTI_GEOM_H

#include "base/base.h"

/* ---- windows ------------------------------------------------------------------------------ */

/* A window moved to the origin of inner nodes. Arrays of `dims` floats, owned by the caller. */
struct xti_offset_window {
    float *meet_lo, *meet_hi;
    float *hold_lo, *hold_hi;
};

/* Moves the window low[], high[] (dims doubles each, low <= high, infinities allowed) to origin[]
 * (finite). Outward and inward as above, for every input: huge windows, overflow of the
 * difference, infinite bounds. An infinite bound holds everything on its side. */
void xti_window_move(const double *low, const double *high, const double *origin, uint32_t dims,
                     struct xti_offset_window *out);

/* A window in the leaf's own coordinate type. For f32 leaves low is rounded up to the next float
 * and high down, so that for every float x: x >= low_f32 exactly when x >= low, and x <= high_f32
 * exactly when x <= high. Where no float lies inside, low_f32 is above high_f32 (1e39 .. 2e39 gives
 * +infinity .. FLT_MAX): no point matches, and a box exactly when it reaches across. */
void xti_window_narrow(const double *low, const double *high, uint32_t dims, float *low_f32,
                       float *high_f32);

/* ---- outward rounding --------------------------------------------------------------------- */

/* Largest f32, not denormal, that is <= value - origin in exact arithmetic; -INFINITY where no
 * finite one is. value may be infinite. And smallest >=. Monotone in value. */
float xti_offset_down(double value, double origin);
float xti_offset_up(double value, double origin);

/* True when f32 offsets from `origin` keep a box of the given low and high (finite) within 1/256 of
 * each nonzero extent on every axis. */
bool xti_origin_fits(const double *low, const double *high, const double *origin, uint32_t dims);

/* ---- kernels ------------------------------------------------------------------------------ */

/* Up to 64 slots of a leaf: where the low and the high sides of the first axis begin, and how far
 * (in values) those of the next axis lie. Points: both are the same. slots: a multiple of 16. */
struct xti_block_f64 {
    const double *low, *high;
    size_t step;
    uint32_t slots;
};

struct xti_block_f32 {
    const float *low, *high;
    size_t step;
    uint32_t slots;
};

/* Most of them look at the 64 slots from `first` (a multiple of 64) on, or up to `capacity` where
 * that comes earlier, and give bit i for slot first + i. Bits for slots outside are 0. `first` is
 * less than `capacity`, dims at least 1, and of a window in f64 low <= high. */
struct xti_kernels {
    const char *name; /* "portable", "avx2", "avx512" */

    /* Inner node: *meet gets the children whose box meets the window, *hold those of them that
     * lie inside (hold is a subset of meet). */
    void (*inner_window)(const float *boxes, uint32_t capacity, uint32_t first, uint32_t dims,
                         const struct xti_offset_window *window, uint64_t *meet, uint64_t *hold);

    /* Leaves: which items match. Points: intersects and within are the same. */
    uint64_t (*points_f64)(const double *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                           const double *low, const double *high);
    uint64_t (*points_f32)(const float *coords, uint32_t capacity, uint32_t first, uint32_t dims,
                           const float *low, const float *high);
    uint64_t (*boxes_meet_f64)(const double *coords, uint32_t capacity, uint32_t first,
                               uint32_t dims, const double *low, const double *high);
    uint64_t (*boxes_meet_f32)(const float *coords, uint32_t capacity, uint32_t first,
                               uint32_t dims, const float *low, const float *high);
    uint64_t (*boxes_within_f64)(const double *coords, uint32_t capacity, uint32_t first,
                                 uint32_t dims, const double *low, const double *high);
    uint64_t (*boxes_within_f32)(const float *coords, uint32_t capacity, uint32_t first,
                                 uint32_t dims, const float *low, const float *high);

    /* For each slot i of `outer` whose bit is set in `items`: masks[i] gets the slots of `inner`
     * that share a point with it. Returns the bits whose masks are not 0; other elements of masks
     * stay as they are. */
    uint64_t (*pairs_f64)(const struct xti_block_f64 *outer, const struct xti_block_f64 *inner,
                          uint32_t dims, uint64_t items, uint64_t *masks);
    uint64_t (*pairs_f32)(const struct xti_block_f32 *outer, const struct xti_block_f32 *inner,
                          uint32_t dims, uint64_t items, uint64_t *masks);

    /* Copies ids[i] for each set bit i of mask, in order, to out; returns how many. May write up
     * to 8 elements beyond them: out has room for popcount(mask) + 8. Reads whole groups of 8 up to
     * the one of the last set bit. */
    uint32_t (*compress_ids)(const uint64_t *ids, uint64_t mask, uint64_t *out);

    /* For insertion. lo[], hi[]: a box in the frame of the inner node, dims floats each.
     * inner_covers: which of the 64 slots from `first` on hold the whole box. inner_growth: how much
     * longer the edges of each slot's box become together when it takes in the other (half the
     * growth of its perimeter in two dimensions), for all `capacity` slots, NaN for unused ones;
     * returns the first slot with the least of them. */
    uint64_t (*inner_covers)(const float *boxes, uint32_t capacity, uint32_t first, uint32_t dims,
                             const float *lo, const float *hi);
    uint32_t (*inner_growth)(const float *boxes, uint32_t capacity, uint32_t dims, const float *lo,
                             const float *hi, float *growth);

    /* out[i]: the place of keys[i] in ascending order, equal ones by i: a permutation of 0 ..
     * count - 1. No NaN. keys and out have room for count rounded up to 16. O(count^2). */
    void (*ranks)(const float *keys, uint32_t count, uint32_t *out);
};

/* The named kernels, or NULL when this processor lacks what they need. XT_KERNEL_BEST: the fastest
 * that it has. Static. */
const struct xti_kernels *xti_kernels_get(xt_kernel kernel);

#endif
