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

/* low[i] <= high[i], and neither is NaN. window: dims low corners, then as many high ones. */
static inline bool xti_window_is_valid(const double *window, uint32_t dims)
{
    for (uint32_t i = 0; i < dims; i++) {
        if (!(window[i] <= window[dims + i])) /* also when one of them is NaN */
            return false;
    }
    return true;
}

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

/* Both of them, for each axis. */
void xti_offset_both(const double *values, const double *origin, uint32_t dims, float *down,
                     float *up);

/* True when f32 offsets from `origin` keep a box of the given low and high (finite) within 1/256 of
 * each nonzero extent on every axis. */
bool xti_origin_fits(const double *low, const double *high, const double *origin, uint32_t dims);

/* ---- distances ---------------------------------------------------------------------------- */

/* From a point to boxes: over the axes, the sum of weight * gap^2 in their order, and its root; or
 * the largest weight * gap. gap = max(low - point, point - high, 0). */
struct xti_near {
    const double *point;      /* dims finite doubles */
    const double *weights;    /* finite and normal, above 0; NULL: all 1 */
    const float *weights_f32; /* at or below them, and not denormal; never NULL */
    const float *below;       /* the point moved to the origin of the inner node, as */
    const float *above;       /* xti_window_move() moves a window: meet_lo and meet_hi */
    float shrink;             /* xti_near_shrink() */
    float slack;              /* xti_near_slack() */
    double limit;             /* xti_near_limit() of the farthest item that is of interest */
    bool is_maximum;
};

/* Slots of a node, 16 to 64 of them, a multiple of 16. */
struct xti_slots {
    const void *first; /* the first slot in the array of axis 0, of its low sides for boxes */
    size_t step;       /* from one array to the next, in values: the node's capacity */
    uint32_t used;     /* at least 1; the slots behind these hold no child or item */
    uint32_t dims;
};

/* A child's key: the bits of a float that is finite and not negative, and in its lowest 6 the slot.
 * Keys compare as integers as the floats do. */
#define XTI_KEY_SLOT 63
#define XTI_KEY_NONE INT32_MAX

/* What f32 sums are multiplied with, to be at or below what f64 gives for anything in the box. */
float xti_near_shrink(uint32_t dims);

/* What is then subtracted from them, as products below FLT_MIN have larger errors. */
float xti_near_slack(const float *weights_f32, uint32_t dims);

/* The largest float <= weight, 0 instead of a denormal one. */
float xti_near_weight(double weight);

/* No distance in the box of that key is below this; and no key of a box that has something up to
 * `distance` is above that. */
double xti_near_key_floor(int32_t key, bool is_maximum);
int32_t xti_near_key_limit(double distance, bool is_maximum);

/* At or above the sum, or the maximum, of every item whose distance is at most `distance`. */
double xti_near_limit(double distance, bool is_maximum);

/* ---- distances on a sphere ----------------------------------------------------------------- */

/* A point; longitudes and latitudes are in degrees everywhere. xt_query_nearest() says what is
 * allowed. */
struct xti_sphere {
    double longitude, latitude;
    double sine, cosine; /* of the latitude */
};
void xti_sphere_set(struct xti_sphere *sphere, const double *point);

/* Metres to a box, low[] and high[] as items have them. */
double xti_sphere_distance(const struct xti_sphere *from, const double *low, const double *high);

/* A lower bound of that, as a haversine, for all that lies in the box; without trigonometry. */
double xti_sphere_bound(const struct xti_sphere *from, const double *low, const double *high);

/* That bound in metres, no more than xti_sphere_distance() gives; and as a key of slot 0. */
double xti_sphere_metres(double haversine);
int32_t xti_sphere_key(double haversine);
double xti_sphere_key_floor(int32_t key); /* as for other metrics, above */
int32_t xti_sphere_key_limit(double metres);

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

/* Cuts of an order of `count` boxes: element i of what comes out is the cut that leaves i of them
 * on the left. before[] and after[] have for each axis the low, then the high sides, `stride`
 * elements each, of the box of the first i + 1 and of those from i on. All arrays have 16 elements
 * to spare. */
struct xti_cuts {
    const float *before, *after;
    size_t stride;
    uint32_t dims, count;
    uint32_t first, last; /* cuts to look at: 0 < first <= last < count */
    float *edges;         /* of both boxes together */
    float *shared;        /* edges of what they share; of use where `least` is not negative */
    float *volume;        /* of that, as a part of the whole */
    float *least;         /* its shortest edge */
    float *flat;          /* the shortest edge of both */
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
     * inner_covers: which of `slots` (1 to 64) hold the whole box, the first of which `boxes`
     * points to; slots up to the next multiple of 16 can be read, and are unused. inner_growth: how
     * much longer the edges of each slot's box become together when it takes in the other (half the
     * growth of its perimeter in two dimensions), for all `capacity` slots, NaN for unused ones;
     * returns the first slot with the least of them. */
    uint64_t (*inner_covers)(const float *boxes, uint32_t capacity, uint32_t slots, uint32_t dims,
                             const float *lo, const float *hi);
    uint32_t (*inner_growth)(const float *boxes, uint32_t capacity, uint32_t dims, const float *lo,
                             const float *hi, float *growth);

    /* out[i]: the place of keys[i] in ascending order, equal ones by i: a permutation of 0 ..
     * count - 1. No NaN. keys and out have room for count rounded up to 16. O(count^2). */
    void (*ranks)(const float *keys, uint32_t count, uint32_t *out);

    /* Measures cuts; up to 15 elements behind `last` may be written. */
    void (*cuts)(const struct xti_cuts *cuts);

    /* Inner node: the key of each slot, from a lower bound of the sum or the maximum; not of the
     * root of the sum. Returns the least. Keys and distances behind those in use may be written,
     * and are read, up to a multiple of 16. */
    int32_t (*inner_near)(const struct xti_slots *slots, const struct xti_near *near,
                          int32_t *keys);

    /* The least of keys that inner_near() wrote and some of which became XTI_KEY_NONE since. */
    int32_t (*least_key)(const int32_t *keys, uint32_t used);

    /* Leaves: the distance of each slot; NaN in some or all of those that are beyond near->limit.
     * False: they all are. */
    bool (*points_near_f64)(const struct xti_slots *slots, const struct xti_near *near,
                            double *distances);
    bool (*points_near_f32)(const struct xti_slots *slots, const struct xti_near *near,
                            double *distances);
    bool (*boxes_near_f64)(const struct xti_slots *slots, const struct xti_near *near,
                           double *distances);
    bool (*boxes_near_f32)(const struct xti_slots *slots, const struct xti_near *near,
                           double *distances);

    /* The least of distances that such a function wrote and some of which became NaN since, and a
     * bit for each slot that has it. 0: all are NaN. */
    uint64_t (*least_distance)(const double *distances, uint32_t used, double *least);
};

/* The named kernels, or NULL when this processor lacks what they need. XT_KERNEL_BEST: the fastest
 * that it has. Static. */
const struct xti_kernels *xti_kernels_get(xt_kernel kernel);

#endif
