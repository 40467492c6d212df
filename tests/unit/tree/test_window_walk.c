/* tests/unit/tree/test_window_walk.c -- do window queries on trees made by hand answer what a scan
 * answers, whatever the tree, the kernel and the way of asking; and does damage end them?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/subject.h"
#include "tree/tree.h"

#define WINDOW_MAX (2 * XT_DIMS_MAX)

/* ---- queries ------------------------------------------------------------------------------ */

static struct xti_window_query *query_open(const struct subject *subject, const double *window,
                                           xt_predicate predicate, uint64_t limit)
{
    const xt_query_options options = {.predicate = predicate, .limit = limit};
    struct xti_window_query *query = NULL;

    if (!CHECK_STATUS(xti_window_open(xti_os_real(), subject->tree.view, window, &options,
                                      subject->kernels, &query),
                      XT_OK))
        abort();
    return query;
}

/* Takes all in batches of the given size; with `mixed`, items in between. Returns how many. */
static uint64_t take_all(struct subject *subject, struct xti_window_query *query, size_t capacity,
                         bool mixed)
{
    uint64_t ids[1001];
    uint64_t taken = 0;
    xt_status status;
    size_t count;

    ids[capacity] = 77; /* belongs to somebody else */
    while ((status = xti_window_next_batch(query, ids, capacity, &count)) == XT_OK) {
        xt_item item;

        CHECK(count >= 1 && count <= capacity);
        for (size_t i = 0; i < count; i++) {
            if (!subject_id_see(subject, ids[i]))
                return taken;
        }
        taken += count;
        if (mixed && xti_window_next(query, &item) == XT_OK) {
            if (!subject_item_see(subject, &item))
                return taken;
            taken++;
        }
    }
    CHECK_U64(ids[capacity], 77);
    CHECK_STATUS(status, XT_DONE);
    CHECK_U64(count, 0);
    CHECK_STATUS(xti_window_next_batch(query, ids, capacity, &count), XT_DONE);
    return taken;
}

static uint64_t take_items(struct subject *subject, struct xti_window_query *query)
{
    uint64_t taken = 0;
    xt_status status;
    xt_item item;

    while ((status = xti_window_next(query, &item)) == XT_OK) {
        if (!subject_item_see(subject, &item))
            return taken;
        taken++;
    }
    CHECK_STATUS(status, XT_DONE);
    CHECK_STATUS(xti_window_next(query, &item), XT_DONE);
    return taken;
}

/* ---- answers ------------------------------------------------------------------------------ */

static const struct {
    size_t capacity; /* 0: one item at a time */
    bool mixed;
} ways[] = {
    {0,    false},
    {1,    false},
    {3,    true },
    {64,   false},
    {100,  true },
    {1000, false},
};

static void window_check(struct subject *subject, const double *window, xt_predicate predicate)
{
    uint64_t want = oracle_expect(&subject->oracle, window, predicate);
    uint64_t count;
    struct xti_window_query *query;

    for (size_t i = 0; i < CHECK_COUNT(ways); i++) {
        uint64_t got;
        xt_walk_stats stats;

        oracle_expect(&subject->oracle, window, predicate);
        query = query_open(subject, window, predicate, 0);
        if (ways[i].capacity == 0)
            got = take_items(subject, query);
        else
            got = take_all(subject, query, ways[i].capacity, ways[i].mixed);
        CHECK_U64(got, want);
        xti_window_stats(query, &stats);
        CHECK_U64(stats.items, want);
        xti_window_close(query);
    }

    query = query_open(subject, window, predicate, 0);
    CHECK_STATUS(xti_window_count(query, &count), XT_OK);
    CHECK_U64(count, want);
    CHECK_STATUS(xti_window_count(query, &count), XT_OK);
    CHECK_U64(count, 0);
    xti_window_close(query);
}

/* The limit holds exactly, and a count goes on where the taking stopped. */
static void limits_check(struct subject *subject, const double *window, xt_predicate predicate)
{
    uint64_t all = oracle_expect(&subject->oracle, window, predicate);
    const uint64_t limits[] = {1, 2, all / 2, all - 1, all, all + 1, 70};

    for (size_t i = 0; i < CHECK_COUNT(limits); i++) {
        uint64_t want = limits[i] < all ? limits[i] : all;
        struct xti_window_query *query;
        uint64_t count, rest;
        xt_item item;

        if (limits[i] == 0 || limits[i] > all + 1)
            continue;
        oracle_expect(&subject->oracle, window, predicate);
        query = query_open(subject, window, predicate, limits[i]);
        CHECK_U64(take_all(subject, query, 7, i % 2 == 0), want);
        xti_window_close(query);
        oracle_expect(&subject->oracle, window, predicate);
        query = query_open(subject, window, predicate, limits[i]);
        CHECK_U64(take_all(subject, query, 1000, false), want);
        xti_window_close(query);

        query = query_open(subject, window, predicate, limits[i]);
        for (rest = want; rest > want - want / 3; rest--)
            CHECK_STATUS(xti_window_next(query, &item), XT_OK);
        CHECK_STATUS(xti_window_count(query, &count), XT_OK);
        CHECK_U64(count, rest);
        CHECK_STATUS(xti_window_next(query, &item), XT_DONE);
        xti_window_close(query);
    }
}

static void windows_check(struct subject *subject, uint64_t *random)
{
    double window[WINDOW_MAX];

    for (enum oracle_window kind = 0; kind < ORACLE_WINDOW_COUNT; kind++) {
        for (int i = 0; i < 8; i++) {
            xt_predicate predicate = (xt_predicate)(i % 4);

            oracle_window(&subject->oracle, kind, random, window);
            window_check(subject, window, predicate);
            if (i < 4)
                limits_check(subject, window, predicate);
        }
    }
}

static void answers_equal_those_of_a_scan(void)
{
    uint64_t random = check_seed;
    unsigned heights = 0;

    for (size_t i = 0; i < subject_row_count; i++) {
        struct subject subject;

        check_row = subject_rows[i].name;
        subject_make(&subject, &subject_rows[i], &random);
        heights |= 1u << subject.tree.view->height;
        for (int k = XT_KERNEL_PORTABLE; k <= XT_KERNEL_AVX512; k++) {
            subject.kernels = xti_kernels_get((xt_kernel)k);
            if (subject.kernels != NULL)
                windows_check(&subject, &random);
        }
        subject_free(&subject);
    }
    CHECK_INT(heights, 0x1f); /* 0 to 4 */
}

/* ---- what was walked ---------------------------------------------------------------------- */

static xt_walk_stats walk_all(const struct subject *subject, const double *window, bool counting)
{
    struct xti_window_query *query = query_open(subject, window, XT_INTERSECTS, 0);
    xt_walk_stats stats = {.struct_size = sizeof stats};
    uint64_t ids[200];
    uint64_t total;
    size_t count;

    if (counting)
        CHECK_STATUS(xti_window_count(query, &total), XT_OK);
    else
        while (xti_window_next_batch(query, ids, CHECK_COUNT(ids), &count) == XT_OK)
            continue;
    xti_window_stats(query, &stats);
    xti_window_close(query);
    return stats;
}

static void figures_are_the_same_for_all_kernels(void)
{
    uint64_t random = check_seed;

    for (size_t i = 0; i < subject_row_count; i++) {
        struct subject subject;
        double window[WINDOW_MAX];

        check_row = subject_rows[i].name;
        subject_make(&subject, &subject_rows[i], &random);
        for (int n = 0; n < 20; n++) {
            xt_walk_stats first = {0};

            oracle_window(&subject.oracle, ORACLE_WINDOW_RANDOM, &random, window);
            for (int k = XT_KERNEL_PORTABLE; k <= XT_KERNEL_AVX512; k++) {
                xt_walk_stats stats;

                subject.kernels = xti_kernels_get((xt_kernel)k);
                if (subject.kernels == NULL)
                    continue;
                stats = walk_all(&subject, window, n % 2 != 0);
                first = k == XT_KERNEL_PORTABLE ? stats : first;
                CHECK(memcmp(&stats, &first, sizeof stats) == 0);
            }
        }
        subject_free(&subject);
    }
}

/* Ten leaves of 16 slots with one 1-d point each, 0 .. 9, below a root of 16 slots. A leaf is a
 * line of header, two of coordinates, two of ids; the root one of header, two of boxes, one of
 * refs. */
static void figures_are_those_of_the_readme(void)
{
    static const struct hand_shape shape = {1, XT_POINTS, XT_F64, 16, 16, 0, 1, 10, false};
    static const struct {
        const char *name;
        double low, high;
        bool counting;
        xt_walk_stats want; /* struct_size, nodes, leaves, lines, items */
    } rows[] = {
        {"nothing met",         20,  30,  false, {0, 1, 0, 3, 0}        },
        {"one leaf inside",     2.5, 3.5, false, {0, 1, 1, 4 + 2, 1}    },
        {"three leaves inside", 2.5, 5.5, false, {0, 1, 3, 4 + 3 * 2, 3}},
        {"inside, counted",     2.5, 5.5, true,  {0, 1, 3, 4 + 3, 3}    },
    };
    double coords[10];
    struct subject subject = {.kernels = xti_kernels_get(XT_KERNEL_BEST)};

    for (int i = 0; i < 10; i++)
        coords[i] = i;
    hand_tree_build(&subject.tree, &shape, coords, NULL, 10);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const double window[2] = {rows[i].low, rows[i].high};
        xt_walk_stats stats = walk_all(&subject, window, rows[i].counting);

        check_row = rows[i].name;
        CHECK_U64(stats.nodes, rows[i].want.nodes);
        CHECK_U64(stats.leaves, rows[i].want.leaves);
        CHECK_U64(stats.lines, rows[i].want.lines);
        CHECK_U64(stats.items, rows[i].want.items);
    }
    hand_tree_free(&subject.tree);
}

/* A leaf that the border crosses is tested: one of 10 points, 0 .. 9, asked for 3 .. 20. */
static void a_tested_leaf_counts_all_its_coordinates_and_the_id_lines_with_hits(void)
{
    static const struct hand_shape shape = {1, XT_POINTS, XT_F64, 16, 16, 0, 10, 10, false};
    static const struct {
        const char *name;
        double low, high;
        bool counting;
        uint64_t want_lines;
    } rows[] = {
        {"no hit",                 20, 30, false, 1 + 2    },
        {"hits in the first line", 3,  4,  false, 1 + 2 + 1},
        {"hits in both lines",     3,  20, false, 1 + 2 + 2},
        {"counted",                3,  20, true,  1 + 2    },
    };
    double coords[10];
    struct subject subject = {.kernels = xti_kernels_get(XT_KERNEL_BEST)};

    for (int i = 0; i < 10; i++)
        coords[i] = i;
    hand_tree_build(&subject.tree, &shape, coords, NULL, 10);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const double window[2] = {rows[i].low, rows[i].high};

        check_row = rows[i].name;
        CHECK_U64(walk_all(&subject, window, rows[i].counting).lines, rows[i].want_lines);
    }
    hand_tree_free(&subject.tree);
}

/* A line of header and one of origin; 16 boxes in 8 dimensions. */
static void a_tested_node_counts_the_lines_of_its_origin(void)
{
    static const struct hand_shape shape = {8, XT_POINTS, XT_F64, 16, 16, 0, 1, 2, false};
    const double coords[16] = {0};
    double window[16];
    struct subject subject = {.kernels = xti_kernels_get(XT_KERNEL_BEST)};

    for (int i = 0; i < 16; i++)
        window[i] = 7;
    hand_tree_build(&subject.tree, &shape, coords, NULL, 2);
    CHECK_U64(walk_all(&subject, window, false).lines, 2 + 16);
    hand_tree_free(&subject.tree);
}

/* 25 leaves of one point, 5 inner nodes, the root: of what lies inside, only header and refs or ids
 * are read; counting stops at the children of the root, and with a limit at the first of them. */
static void below_a_node_inside_the_window_nothing_is_tested(void)
{
    static const struct hand_shape shape = {1, XT_POINTS, XT_F64, 16, 16, 0, 1, 5, false};
    const double window[] = {-1e9, 1e9};
    double coords[25];
    struct subject subject = {.kernels = xti_kernels_get(XT_KERNEL_BEST)};
    struct xti_window_query *query;
    xt_walk_stats stats;
    uint64_t count;

    for (int i = 0; i < 25; i++)
        coords[i] = i;
    hand_tree_build(&subject.tree, &shape, coords, NULL, 25);
    CHECK_U64(walk_all(&subject, window, false).lines, 4 + 5 * 2 + 25 * 2);
    CHECK_U64(walk_all(&subject, window, true).lines, 4 + 5);
    query = query_open(&subject, window, XT_WITHIN, 3);
    CHECK_STATUS(xti_window_count(query, &count), XT_OK);
    CHECK_U64(count, 3);
    xti_window_stats(query, &stats);
    CHECK_U64(stats.lines, 4 + 1);
    xti_window_close(query);
    hand_tree_free(&subject.tree);
}

static void counting_everything_reads_the_root_and_the_headers_below_it(void)
{
    static const struct subject_row row = {
        "three levels", {2, XT_POINTS, XT_F64, 64, 64, 0, 60, 10, false},
         3000, ORACLE_UNIFORM
    };
    const double window[] = {-INFINITY, -INFINITY, INFINITY, INFINITY};
    uint64_t random = check_seed;
    struct subject subject;
    xt_walk_stats stats;

    subject_make(&subject, &row, &random);
    stats = walk_all(&subject, window, true);
    CHECK_U64(stats.items, 3000);
    CHECK_U64(stats.leaves, 0);
    CHECK_U64(stats.nodes, 1 + subject.tree.node_count[1]);
    subject_free(&subject);
}

/* ---- misuse and failures ------------------------------------------------------------------ */

static void *no_memory(const struct xti_os *os, size_t size)
{
    (void)os;
    (void)size;
    return NULL;
}

static void opening_without_memory_gives_enomem(void)
{
    const double window[] = {0, 0, 1, 1};
    const xt_query_options options = {.predicate = XT_WITHIN};
    uint64_t random = check_seed;
    struct xti_os os = *xti_os_real();
    struct xti_window_query *query;
    struct subject subject;

    os.alloc = no_memory;
    subject_make(&subject, &subject_rows[2], &random);
    CHECK_STATUS(xti_window_open(&os, subject.tree.view, window, &options, subject.kernels, &query),
                 XT_ENOMEM);
    CHECK(query == NULL);
    xti_window_close(query);
    subject_free(&subject);
}

static void a_batch_of_no_elements_is_refused(void)
{
    const double window[] = {-INFINITY, -INFINITY, INFINITY, INFINITY};
    uint64_t random = check_seed;
    struct xti_window_query *query;
    struct subject subject;
    size_t count = 5;
    uint64_t total;

    subject_make(&subject, &subject_rows[2], &random);
    query = query_open(&subject, window, XT_WITHIN, 0);
    CHECK_STATUS(xti_window_next_batch(query, NULL, 0, &count), XT_EINVAL);
    CHECK_U64(count, 0);
    CHECK_STATUS(xti_window_count(query, &total), XT_OK);
    CHECK_U64(total, 50);
    xti_window_close(query);
    subject_free(&subject);
}

/* ---- damage ------------------------------------------------------------------------------- */

static uint32_t *root_refs(struct hand_tree *tree)
{
    return xti_inner_refs(&tree->layout, hand_node(tree, tree->view->height - 1, 0));
}

static void root_ref_zero(struct hand_tree *tree)
{
    root_refs(tree)[1] = 0;
}

static void root_ref_outside(struct hand_tree *tree)
{
    root_refs(tree)[1] = HAND_FIRST_UNIT + (uint32_t)tree->view->unit_count;
}

static void root_ref_last(struct hand_tree *tree)
{
    root_refs(tree)[1] = UINT32_MAX;
}

static void root_ref_inside_a_node(struct hand_tree *tree)
{
    root_refs(tree)[1] += 1;
}

static void root_ref_to_itself(struct hand_tree *tree)
{
    root_refs(tree)[1] = tree->view->root_ref;
}

static void root_ref_to_a_leaf(struct hand_tree *tree)
{
    root_refs(tree)[1] = hand_ref(tree, 0, 0);
}

static void height_too_large(struct hand_tree *tree)
{
    tree->view->height++;
}

static void height_too_small(struct hand_tree *tree)
{
    tree->view->height--;
}

static void child_level(struct hand_tree *tree)
{
    hand_node(tree, 1, 1)->level = 2;
}

static void child_count_beyond_capacity(struct hand_tree *tree)
{
    hand_node(tree, 1, 1)->count = 65;
}

static void child_capacity_enormous(struct hand_tree *tree)
{
    hand_node(tree, 1, 1)->capacity = UINT32_MAX - 15;
}

static void child_size(struct hand_tree *tree)
{
    hand_node(tree, 1, 1)->size_units += 1;
}

static void leaf_count_zero(struct hand_tree *tree)
{
    hand_node(tree, 0, 11)->count = 0;
}

static void leaf_count_beyond_capacity(struct hand_tree *tree)
{
    hand_node(tree, 0, 11)->count = 1u << 31;
}

static void leaf_of_boxes(struct hand_tree *tree)
{
    hand_node(tree, 0, 11)->kind = XTD_LEAF_BOXES;
}

static void view_shorter(struct hand_tree *tree)
{
    tree->view->spans[0].units = 3;
}

static const struct {
    const char *name;
    void (*apply)(struct hand_tree *tree);
} damages[] = {
    {"root's ref is 0",               root_ref_zero              },
    {"root's ref just outside",       root_ref_outside           },
    {"root's ref is the last of all", root_ref_last              },
    {"root's ref inside a node",      root_ref_inside_a_node     },
    {"root refers to itself",         root_ref_to_itself         },
    {"root refers to a leaf",         root_ref_to_a_leaf         },
    {"height too large",              height_too_large           },
    {"height too small",              height_too_small           },
    {"child of a wrong level",        child_level                },
    {"child's count beyond capacity", child_count_beyond_capacity},
    {"child's capacity enormous",     child_capacity_enormous    },
    {"child's size wrong",            child_size                 },
    {"leaf without items",            leaf_count_zero            },
    {"leaf's count beyond capacity",  leaf_count_beyond_capacity },
    {"leaf of another kind",          leaf_of_boxes              },
    {"node beyond what is visible",   view_shorter               },
};

static const struct subject_row damage_row = {
    "damaged", {2, XT_POINTS, XT_F64, 64, 64, 0, 60, 10, false},
     3000, ORACLE_UNIFORM
};

/* Takes what the query gives, which must end in XT_ECORRUPT, again and again. */
static void corrupt_end_check(struct xti_window_query *query, bool by_item)
{
    uint64_t ids[100];
    xt_status status = XT_OK;
    uint64_t steps = 0;
    xt_item item;
    size_t count = 0;

    while (status == XT_OK && steps++ < 100000)
        status = by_item ? xti_window_next(query, &item)
                         : xti_window_next_batch(query, ids, CHECK_COUNT(ids), &count);
    CHECK_STATUS(status, XT_ECORRUPT);
    CHECK_STATUS(xti_window_next(query, &item), XT_ECORRUPT);
    CHECK_STATUS(xti_window_next_batch(query, ids, 1, &count), XT_ECORRUPT);
    CHECK_U64(count, 0);
    CHECK_STATUS(xti_window_count(query, ids), XT_ECORRUPT);
    CHECK_U64(ids[0], 0);
}

/* The large window holds everything, so nothing below the root is tested; the other one nothing. */
static void damage_ends_a_query_with_a_status(void)
{
    static const double windows[][4] = {
        {-INFINITY, -INFINITY, INFINITY, INFINITY},
        {-1e300,    -1e300,    1e300,    1e300   },
    };

    for (size_t i = 0; i < CHECK_COUNT(damages); i++) {
        uint64_t random = check_seed;
        struct subject subject;

        check_row = damages[i].name;
        subject_make(&subject, &damage_row, &random);
        damages[i].apply(&subject.tree);
        for (size_t w = 0; w < CHECK_COUNT(windows); w++) {
            for (int by_item = 0; by_item < 2; by_item++) {
                struct xti_window_query *query = query_open(&subject, windows[w], XT_WITHIN, 0);

                corrupt_end_check(query, by_item != 0);
                xti_window_close(query);
            }
        }
        subject_free(&subject);
    }
}

static void shared_children_do_not_make_a_walk_endless(void)
{
    static const struct subject_row row = {
        "shared", {2, XT_POINTS, XT_F64, 16, 16, 0, 4, 4, false},
         3000, ORACLE_UNIFORM
    };
    const double window[] = {-INFINITY, -INFINITY, INFINITY, INFINITY};
    uint64_t random = check_seed;
    struct xti_window_query *query;
    struct subject subject;
    uint64_t count;

    subject_make(&subject, &row, &random);
    hand_share_children(&subject.tree);
    query = query_open(&subject, window, XT_INTERSECTS, 0);
    corrupt_end_check(query, false);
    xti_window_close(query);
    query = query_open(&subject, window, XT_INTERSECTS, 0);
    CHECK_STATUS(xti_window_count(query, &count), XT_ECORRUPT);
    xti_window_close(query);
    subject_free(&subject);
}

/* The last child of the root says that it holds more items than there are in the tree. */
static void a_count_beyond_the_items_of_the_tree_is_refused(void)
{
    const double window[] = {-INFINITY, -INFINITY, INFINITY, INFINITY};
    uint64_t random = check_seed;
    struct xti_window_query *query;
    struct subject subject;
    uint64_t count;

    subject_make(&subject, &damage_row, &random);
    hand_node(&subject.tree, 1, subject.tree.node_count[1] - 1)->item_count++;
    query = query_open(&subject, window, XT_INTERSECTS, 0);
    CHECK_STATUS(xti_window_count(query, &count), XT_ECORRUPT);
    CHECK_U64(count, 0);
    xti_window_close(query);
    subject_free(&subject);
}

/* Every bit of every header and ref is flipped in turn: any status, but no wild read. */
static void flipped_bits_never_lead_outside(void)
{
    static const struct subject_row row = {
        "bits", {2, XT_BOXES, XT_F32, 16, 16, 0, 14, 5, true},
         300, ORACLE_UNIFORM
    };
    const double windows[][4] = {
        {-INFINITY, -INFINITY, INFINITY, INFINITY},
        {0,         0,         0.5,      0.5     }
    };
    uint64_t random = check_seed;
    struct subject subject;
    size_t bytes;

    subject_make(&subject, &row, &random);
    bytes = (size_t)subject.tree.view->unit_count * XTD_UNIT_BYTES;
    for (size_t at = 0; at < bytes; at++) {
        char *byte = subject.tree.memory + HAND_FIRST_UNIT * XTD_UNIT_BYTES + at;

        for (int bit = (int)(at % 3); bit < 8; bit += 3) {
            struct xti_window_query *query =
                query_open(&subject, windows[at % 2], XT_INTERSECTS, 0);
            uint64_t ids[300];
            size_t count;

            *byte = (char)(*byte ^ (1 << bit));
            while (xti_window_next_batch(query, ids, CHECK_COUNT(ids), &count) == XT_OK)
                continue;
            *byte = (char)(*byte ^ (1 << bit));
            xti_window_close(query);
        }
    }
    subject_free(&subject);
}

CHECK_MAIN({"answers_equal_those_of_a_scan", answers_equal_those_of_a_scan},
           {"figures_are_the_same_for_all_kernels", figures_are_the_same_for_all_kernels},
           {"figures_are_those_of_the_readme", figures_are_those_of_the_readme},
           {"a_tested_leaf_counts_all_its_coordinates_and_the_id_lines_with_hits",
            a_tested_leaf_counts_all_its_coordinates_and_the_id_lines_with_hits},
           {"a_tested_node_counts_the_lines_of_its_origin",
            a_tested_node_counts_the_lines_of_its_origin},
           {"below_a_node_inside_the_window_nothing_is_tested",
            below_a_node_inside_the_window_nothing_is_tested},
           {"counting_everything_reads_the_root_and_the_headers_below_it",
            counting_everything_reads_the_root_and_the_headers_below_it},
           {"opening_without_memory_gives_enomem", opening_without_memory_gives_enomem},
           {"a_batch_of_no_elements_is_refused", a_batch_of_no_elements_is_refused},
           {"damage_ends_a_query_with_a_status", damage_ends_a_query_with_a_status},
           {"shared_children_do_not_make_a_walk_endless",
            shared_children_do_not_make_a_walk_endless},
           {"a_count_beyond_the_items_of_the_tree_is_refused",
            a_count_beyond_the_items_of_the_tree_is_refused},
           {"flipped_bits_never_lead_outside", flipped_bits_never_lead_outside})
