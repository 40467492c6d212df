/* tests/unit/format/test_node.c -- where do things lie in a node, and which nodes are believed?
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/node.h"

#include <stdlib.h>

#include "sample.h"

#define FIELD(name) offsetof(struct xtd_node, name), sizeof(((struct xtd_node *)0)->name)

#define BYTES(offset, size) (offset), (size)

#define REF 640u
#define INF_BITS UINT64_C(0x7ff0000000000000)
#define NAN_BITS UINT64_C(0xfff8000000000001)

static struct xti_layout layout_make(uint32_t dims, xt_item_kind kind, xt_coord_type type)
{
    struct xti_layout layout;

    xti_layout_init(&layout, dims, kind, type, 32, 32, 4096);
    return layout;
}

/* A sealed node of 3 entries in memory that is just as large; free() it. */
static struct xtd_node *node_make(const struct xti_layout *layout, uint32_t level,
                                  uint32_t capacity)
{
    bool is_leaf = level == 0;
    uint32_t units = is_leaf ? xti_leaf_units(layout, capacity) : xti_inner_units(layout, capacity);
    size_t bytes = (size_t)units * XTD_UNIT_BYTES;
    struct xtd_node *node = aligned_alloc(XTD_UNIT_BYTES, bytes);

    if (node == NULL)
        abort();
    memset(node, 0, bytes);
    node->self_ref = REF;
    node->birth_txn = 2;
    node->count = 3;
    node->capacity = capacity;
    node->size_units = units;
    node->kind = is_leaf ? layout->leaf_kind : XTD_INNER;
    node->level = (uint8_t)level;
    node->flags = !is_leaf && capacity > layout->inner_capacity ? XTD_NODE_SUPERNODE : 0;
    node->item_count = is_leaf ? 3 : 90;
    for (uint32_t i = 0; !is_leaf && i < layout->dims; i++)
        xti_inner_origin(node)[i] = -1.5 * i;
    xti_node_seal(node);
    return node;
}

/* The check, then the checksum. */
static xt_status node_trust(const struct xti_layout *layout, const struct xtd_node *node,
                            uint32_t level, uint64_t units_left)
{
    xt_status status = xti_node_check(layout, node, REF, level, units_left, NULL);

    return status == XT_OK ? xti_node_verify(node, NULL) : status;
}

static void parts_of_nodes_lie_where_the_document_says(void)
{
    static const struct {
        const char *name;
        uint32_t dims;
        xt_item_kind kind;
        xt_coord_type type;
        uint32_t inner_units, boxes, refs, leaf_units, ids;
    } rows[] = {
        {"2-d points f64",  2,   XT_POINTS, XT_F64, 11,   64,   576,   13,   576   },
        {"2-d boxes f64",   2,   XT_BOXES,  XT_F64, 11,   64,   576,   21,   1088  },
        {"2-d points f32",  2,   XT_POINTS, XT_F32, 11,   64,   576,   9,    320   },
        {"1-d points f32",  1,   XT_POINTS, XT_F32, 7,    64,   320,   7,    192   },
        {"3-d points f32",  3,   XT_POINTS, XT_F32, 16,   128,  896,   11,   448   },
        {"3-d boxes f64",   3,   XT_BOXES,  XT_F64, 16,   128,  896,   29,   1600  },
        {"10-d boxes f32",  10,  XT_BOXES,  XT_F32, 44,   128,  2688,  45,   2624  },
        {"255-d boxes f64", 255, XT_BOXES,  XT_F64, 1055, 2112, 67392, 2045, 130624},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct xti_layout layout = layout_make(rows[i].dims, rows[i].kind, rows[i].type);
        struct xtd_node *node = node_make(&layout, 1, 32);

        check_row = rows[i].name;
        CHECK_U64(layout.inner_boxes_offset, rows[i].boxes);
        CHECK_U64(xti_inner_units(&layout, 32), rows[i].inner_units);
        CHECK_U64(xti_leaf_units(&layout, 32), rows[i].leaf_units);
        CHECK_U64((char *)xti_inner_origin(node) - (char *)node, 48);
        CHECK_U64((char *)xti_inner_boxes(&layout, node) - (char *)node, rows[i].boxes);
        CHECK_U64((char *)xti_inner_refs(&layout, node) - (char *)node, rows[i].refs);
        CHECK_U64((char *)xti_leaf_ids(&layout, node) - (char *)node, rows[i].ids);
        CHECK_U64(rows[i].refs + 4 * 32, 64 * rows[i].inner_units);
        CHECK_U64(rows[i].ids + 8 * 32, 64 * rows[i].leaf_units);
        free(node);
    }
}

static void sizes_beyond_counting_are_clamped(void)
{
    struct xti_layout layout = layout_make(255, XT_BOXES, XT_F64);

    CHECK_U64(xti_leaf_units(&layout, UINT32_MAX - 15), UINT32_MAX);
    CHECK_U64(xti_inner_units(&layout, UINT32_MAX - 15), UINT32_MAX);
}

static void sealed_nodes_pass(void)
{
    static const uint32_t dims[] = {1, 2, 3, 4, 9, 10, 64, 255};

    for (size_t i = 0; i < CHECK_COUNT(dims) * 4; i++) {
        struct xti_layout layout = layout_make(dims[i / 4], i % 2 == 0 ? XT_POINTS : XT_BOXES,
                                               i / 2 % 2 == 0 ? XT_F64 : XT_F32);

        for (uint32_t level = 0; level < 3; level++) {
            struct xtd_node *node = node_make(&layout, level, level == 2 ? 48 : 16);

            CHECK_STATUS(node_trust(&layout, node, level, node->size_units), XT_OK);
            CHECK_STATUS(node_trust(&layout, node, level, node->size_units - 1), XT_ECORRUPT);
            CHECK_STATUS(node_trust(&layout, node, level, 0), XT_ECORRUPT);
            CHECK_STATUS(node_trust(&layout, node, level + 1, 4096), XT_ECORRUPT);
            free(node);
        }
    }
}

static void every_flipped_bit_is_refused(void)
{
    for (uint32_t level = 0; level < 2; level++) {
        struct xti_layout layout = layout_make(3, XT_POINTS, XT_F64);
        struct xtd_node *node = node_make(&layout, level, 32);
        size_t bits = (size_t)node->size_units * XTD_UNIT_BYTES * 8;

        for (size_t bit = 0; bit < bits; bit++) {
            bit_flip(node, bit);
            xt_status status = node_trust(&layout, node, level, bits / 8 / XTD_UNIT_BYTES);
            bit_flip(node, bit);

            if (!CHECK_STATUS(status, XT_ECORRUPT))
                break;
        }
        free(node);
    }
}

/* The rows are tried on a node of one level, in a store of points. */
static void rows_are_named(const struct bad_field *rows, size_t count, uint32_t level,
                           uint32_t dims)
{
    struct xti_layout layout = layout_make(dims, XT_POINTS, XT_F64);

    for (size_t i = 0; i < count; i++) {
        struct xtd_node *node = node_make(&layout, level, 32);
        struct xti_finding finding = {"", 0};
        uint64_t units_left = node->size_units;

        check_row = rows[i].what;
        field_put(node, &rows[i]);
        xt_status got = xti_node_check(&layout, node, REF, level, units_left, &finding);
        field_is_named(&rows[i], got, &finding);
        free(node);
    }
}

static void each_bad_field_of_a_leaf_is_named(void)
{
    static const struct bad_field rows[] = {
        BAD("node self_ref", FIELD(self_ref), REF + 1),
        BAD("node birth_txn", FIELD(birth_txn), 0),
        BAD("node count", FIELD(count), 0),
        BAD("node count", FIELD(count), 33),
        BAD("node count", FIELD(count), UINT32_MAX),
        BAD("node capacity", FIELD(capacity), 0),
        BAD("node capacity", FIELD(capacity), 33),
        BAD_AT("node size_units", FIELD(capacity), 48, 24),
        BAD_AT("node size_units", FIELD(capacity), UINT32_MAX - 15, 24),
        BAD("node size_units", FIELD(size_units), 0),
        BAD("node kind", FIELD(kind), 0),
        BAD("node kind", FIELD(kind), XTD_LEAF_BOXES),
        BAD("node kind", FIELD(kind), XTD_INNER),
        BAD("node kind", FIELD(kind), XTD_UNUSED),
        BAD("node level", FIELD(level), 1),
        BAD("node level", FIELD(level), 255),
        BAD("node flags", FIELD(flags), XTD_NODE_SUPERNODE),
        BAD("node flags", FIELD(flags), 0x8000),
        BAD("node item_count", FIELD(item_count), 2),
        BAD("node item_count", FIELD(item_count), 4),
        BAD("node aux_ref", FIELD(aux_ref), 1),
        BAD("node reserved", FIELD(reserved), 1),
        BAD("node reserved body", FIELD(body[0]), 1),
        BAD_AT("node reserved body", FIELD(body[15]), 1, 48),
    };

    rows_are_named(rows, CHECK_COUNT(rows), 0, 3);
}

static void each_bad_field_of_an_inner_node_is_named(void)
{
    static const struct bad_field of_all[] = {
        BAD("node self_ref", FIELD(self_ref), 0),
        BAD("node kind", FIELD(kind), XTD_LEAF_POINTS),
        BAD("node count", FIELD(count), 0),
        BAD("node count", FIELD(count), 33),
        BAD("node level", FIELD(level), 0),
        BAD("node level", FIELD(level), 2),
        BAD("node flags", FIELD(flags), XTD_NODE_SUPERNODE),
        BAD("node flags", FIELD(flags), 2),
        BAD("node item_count", FIELD(item_count), 2),
        BAD("node item_count", FIELD(item_count), XTD_ITEMS_END),
        BAD("node item_count", FIELD(item_count), UINT64_MAX),
        BAD("node aux_ref", FIELD(aux_ref), 1),
        BAD("node reserved", FIELD(reserved), 1),
        BAD("node size_units", FIELD(size_units), 10),
        BAD("node birth_txn", FIELD(birth_txn), 0),
        BAD("node origin", BYTES(48, 8), INF_BITS),
    };
    static const struct bad_field of_2_d[] = {
        BAD("node origin", BYTES(48, 8), NAN_BITS),
        BAD_AT("node origin", BYTES(56, 8), INF_BITS, 48),
        BAD_AT("node origin", BYTES(56, 8), INF_BITS | UINT64_C(1) << 63, 48),
    };
    static const struct bad_field of_3_d[] = {
        BAD_AT("node origin", BYTES(64, 8), NAN_BITS, 48),
        BAD("node reserved body", BYTES(72, 1), 1),
        BAD_AT("node reserved body", BYTES(127, 1), 1, 72),
    };

    rows_are_named(of_all, CHECK_COUNT(of_all), 1, 2);
    rows_are_named(of_all, CHECK_COUNT(of_all), 1, 3);
    rows_are_named(of_2_d, CHECK_COUNT(of_2_d), 1, 2);
    rows_are_named(of_3_d, CHECK_COUNT(of_3_d), 1, 3);
}

static void supernode_flag_goes_with_the_capacity(void)
{
    struct xti_layout layout = layout_make(2, XT_BOXES, XT_F32);
    struct xtd_node *node = node_make(&layout, 1, 48);
    struct xti_finding finding;

    CHECK_U64(node->flags, XTD_NODE_SUPERNODE);
    CHECK_STATUS(xti_node_check(&layout, node, REF, 1, 4096, &finding), XT_OK);
    node->flags = 0;
    CHECK_STATUS(xti_node_check(&layout, node, REF, 1, 4096, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "node flags");
    node->flags = XTD_NODE_SUPERNODE;
    layout.node_units_max = node->size_units - 1;
    CHECK_STATUS(xti_node_check(&layout, node, REF, 1, 4096, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "node larger than the store allows");
    layout.node_units_max = node->size_units;
    CHECK_STATUS(xti_node_check(&layout, node, REF, 1, 4096, &finding), XT_OK);
    CHECK_STATUS(xti_node_check(&layout, node, REF, 1, node->size_units - 1, &finding),
                 XT_ECORRUPT);
    CHECK_STR(finding.what, "node beyond the committed units");
    free(node);
}

static void nothing_is_read_where_nothing_is_committed(void)
{
    struct xti_layout layout = layout_make(2, XT_POINTS, XT_F64);
    struct xti_finding finding = {"", 0};

    CHECK_STATUS(xti_node_check(&layout, NULL, REF, 0, 0, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "node beyond the committed units");
}

/* Spoilt headers in memory that ends where units_left says: a sanitizer sees a read beyond. */
static void spoilt_headers_give_a_status(void)
{
    uint64_t random = check_seed;

    for (uint32_t i = 0; i < 20000; i++) {
        struct xti_layout layout = layout_make(1 + i % 20, XT_POINTS, XT_F64);
        uint32_t level = i % 3 == 0 ? 0 : 1;
        struct xtd_node *node = node_make(&layout, level, 16);
        uint64_t units_left = 1 + check_random(&random) % node->size_units;
        size_t bytes = (size_t)units_left * XTD_UNIT_BYTES;
        struct xtd_node *part = aligned_alloc(XTD_UNIT_BYTES, bytes);
        size_t at = check_random(&random) % sizeof *node;

        if (part == NULL)
            abort();
        memcpy(part, node, bytes);
        ((unsigned char *)part)[at] = (unsigned char)check_random(&random);
        xt_status status = node_trust(&layout, part, level, units_left);

        CHECK(status == XT_OK || status == XT_ECORRUPT);
        CHECK(status != XT_OK || units_left == node->size_units);
        free(part);
        free(node);
    }
}

CHECK_MAIN({"parts_of_nodes_lie_where_the_document_says",
            parts_of_nodes_lie_where_the_document_says},
           {"sizes_beyond_counting_are_clamped", sizes_beyond_counting_are_clamped},
           {"sealed_nodes_pass", sealed_nodes_pass},
           {"every_flipped_bit_is_refused", every_flipped_bit_is_refused},
           {"each_bad_field_of_a_leaf_is_named", each_bad_field_of_a_leaf_is_named},
           {"each_bad_field_of_an_inner_node_is_named", each_bad_field_of_an_inner_node_is_named},
           {"supernode_flag_goes_with_the_capacity", supernode_flag_goes_with_the_capacity},
           {"nothing_is_read_where_nothing_is_committed",
            nothing_is_read_where_nothing_is_committed},
           {"spoilt_headers_give_a_status", spoilt_headers_give_a_status})
