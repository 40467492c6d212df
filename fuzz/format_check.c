/* fuzz/format_check.c -- do the checks of the format room survive any bytes at all?
 *
 * The first byte of an input says which struct the rest is. What passes its check must be safe to
 * use in the way that the rooms above use it: arrays lie inside, counts are in range. The checksum
 * is made right first where bit 7 of the first byte is set, so that the checks behind it are
 * reached.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "format/arena_file.h"
#include "format/commit_record.h"
#include "format/head.h"
#include "format/manifest.h"
#include "format/node.h"
#include "format/state.h"
#include "fuzz.h"

enum kind { HEAD_SLOT, ARENA_HEADER, COMMIT_RECORD, MANIFEST, NODE, STATE, KINDS };
enum { MENDS_CHECKSUM = 0x80 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void try_head(struct xtd_head_slot *slot, size_t size, bool mends)
{
    struct xti_finding finding = {0};

    if (size < sizeof *slot)
        return;
    for (uint32_t i = 0; i < XTD_HEAD_SLOTS; i++) {
        if (mends)
            xti_head_seal(slot, i);
        if (xti_head_check(slot, i, &finding) == XT_OK)
            require(xti_state_check(&slot->state, NULL) == XT_OK);
    }
}

static void try_arena_header(struct xtd_arena_header *header, size_t size, bool mends)
{
    struct xti_finding finding = {0};

    if (size < sizeof *header)
        return;
    if (mends)
        xti_arena_header_seal(header);
    if (xti_arena_header_check(header, &finding) == XT_OK)
        require(header->range_units % XTD_ARENA_ALIGN_UNITS == 0);
}

static void try_commit_record(struct xtd_commit_record *record, size_t size, bool mends)
{
    struct xti_finding finding = {0};

    if (size < XTD_PAGE_BYTES)
        return;
    if (mends && record->state.record_bytes == size)
        (void)xti_commit_seal(record);
    if (xti_commit_check(record, size, &finding) != XT_OK)
        return;
    require(record->record_bytes <= size);
    require(xti_commit_bytes_for(record->extent_count, record->live_count) <= record->record_bytes);
}

static void try_manifest(struct xtd_manifest *manifest, size_t size, bool mends)
{
    struct xti_finding finding = {0};

    if (mends && size > sizeof(uint64_t)) {
        uint64_t hash = xti_hash64(manifest, size - sizeof hash);

        memcpy((char *)manifest + size - sizeof hash, &hash, sizeof hash);
    }
    if (xti_manifest_check(manifest, size, &finding) != XT_OK)
        return;
    require(manifest->dims >= 1 && manifest->dims <= XT_DIMS_MAX);
    require((const char *)(xti_manifest_arenas_const(manifest) + manifest->arena_count) <=
            (const char *)manifest + size);
}

/* The ends of a node's arrays lie inside its bytes, seen from the layout's own arithmetic. */
static void try_node(struct xtd_node *node, size_t size, const struct xti_layout *layout)
{
    struct xti_finding finding = {0};
    const char *end;

    if (size < sizeof *node)
        return;
    if (xti_node_check(layout, node, node->self_ref, node->level, size / XTD_UNIT_BYTES,
                       &finding) != XT_OK)
        return;
    if (node->level == 0)
        end = (const char *)(xti_leaf_ids_const(layout, node) + node->capacity);
    else
        end = (const char *)(xti_inner_refs_const(layout, node) + node->capacity);
    require(node->count <= node->capacity);
    require(end <= (const char *)node + size);
    xti_node_seal(node);
    require(xti_node_verify(node, NULL) == XT_OK);
}

/* A check that fails says what it found. */
static void try_state(const struct xtd_state *state)
{
    struct xti_finding finding = {0};

    require(xti_state_check(state, &finding) == XT_OK || finding.what != NULL);
}

static void try_struct(enum kind kind, void *data, size_t size, bool mends)
{
    struct xti_layout layout;

    switch (kind) {
    case HEAD_SLOT:
        try_head(data, size, mends);
        break;
    case ARENA_HEADER:
        try_arena_header(data, size, mends);
        break;
    case COMMIT_RECORD:
        try_commit_record(data, size, mends);
        break;
    case MANIFEST:
        try_manifest(data, size, mends);
        break;
    case NODE:
        xti_layout_init(&layout, 2, mends ? XT_BOXES : XT_POINTS, XT_F64, 64, 64, 1u << 20);
        try_node(data, size, &layout);
        break;
    case STATE:
        if (size >= sizeof(struct xtd_state))
            try_state(data);
        break;
    case KINDS:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *copy;

    if (size < 2)
        return 0;
    copy = malloc(size - 1);
    if (copy == NULL)
        return 0;
    memcpy(copy, data + 1, size - 1);
    try_struct((enum kind)((data[0] & ~MENDS_CHECKSUM) % KINDS), copy, size - 1,
               (data[0] & MENDS_CHECKSUM) != 0);
    free(copy);
    return 0;
}

/* The corpus has one of each kind. */
size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity)
{
    (void)number;
    (void)out;
    (void)capacity;
    return 0;
}
