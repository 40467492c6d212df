/* src/format/manifest.c -- seals and checks manifests.
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/manifest.h"

#include <math.h>
#include <string.h>

#include "format/format_private.h"
#include "format/node.h"

#define MANIFEST_HASH_BYTES 8u
#define MANIFEST_BYTES_MIN (sizeof(struct xtd_manifest) + MANIFEST_HASH_BYTES)

size_t xti_manifest_bytes(uint32_t dims, uint32_t arena_count)
{
    return MANIFEST_BYTES_MIN + (size_t)dims * sizeof(struct xtd_dim) +
           (size_t)arena_count * sizeof(struct xtd_manifest_arena);
}

struct xtd_dim *xti_manifest_dims(struct xtd_manifest *manifest)
{
    return (struct xtd_dim *)(void *)(manifest + 1);
}

struct xtd_manifest_arena *xti_manifest_arenas(struct xtd_manifest *manifest)
{
    return (struct xtd_manifest_arena *)(void *)(xti_manifest_dims(manifest) + manifest->dims);
}

const struct xtd_dim *xti_manifest_dims_const(const struct xtd_manifest *manifest)
{
    return (const struct xtd_dim *)(const void *)(manifest + 1);
}

const struct xtd_manifest_arena *xti_manifest_arenas_const(const struct xtd_manifest *manifest)
{
    return (const struct xtd_manifest_arena *)(const void *)(xti_manifest_dims_const(manifest) +
                                                             manifest->dims);
}

void xti_manifest_seal(struct xtd_manifest *manifest)
{
    size_t bytes = xti_manifest_bytes(manifest->dims, manifest->arena_count);

    memcpy(manifest->magic, XTD_MANIFEST_MAGIC, sizeof manifest->magic);
    manifest->format_version = XTD_FORMAT_VERSION;
    manifest->total_bytes = (uint32_t)bytes;
    manifest->unit_shift = XTD_UNIT_SHIFT;
    manifest->node_checksum = XTD_NODE_CRC32C;
    manifest->extent_hash = XTD_EXTENT_XXH64;
    manifest->dim_bytes = sizeof(struct xtd_dim);
    manifest->arena_bytes = sizeof(struct xtd_manifest_arena);

    uint64_t hash = xti_hash64(manifest, bytes - MANIFEST_HASH_BYTES);

    memcpy((char *)manifest + bytes - MANIFEST_HASH_BYTES, &hash, sizeof hash);
}

/* What holds in every version: magic, size and hash. Then that the version is ours. */
static xt_status envelope_check(const struct xtd_manifest *manifest, size_t available,
                                struct xti_finding *finding)
{
    uint64_t hash;

    if (available < MANIFEST_BYTES_MIN)
        return xti_found(finding, XT_ECORRUPT, "manifest cut short", available);
    if (memcmp(manifest->magic, XTD_MANIFEST_MAGIC, sizeof manifest->magic) != 0)
        return xti_found(finding, XT_EFORMAT, "manifest magic", 0);
    if (manifest->total_bytes != available)
        return xti_found(finding, XT_ECORRUPT, "manifest total_bytes",
                         offsetof(struct xtd_manifest, total_bytes));
    memcpy(&hash, (const char *)manifest + available - MANIFEST_HASH_BYTES, sizeof hash);
    if (hash != xti_hash64(manifest, available - MANIFEST_HASH_BYTES))
        return xti_found(finding, XT_ECORRUPT, "manifest hash", available - MANIFEST_HASH_BYTES);
    if (manifest->format_version != XTD_FORMAT_VERSION)
        return xti_found(finding, XT_EFORMAT, "manifest format_version",
                         offsetof(struct xtd_manifest, format_version));
    return XT_OK;
}

/* The texts are static, so that a finding lives as long as anyone wants it. */
static xt_status features_check(const struct xtd_manifest *manifest, struct xti_finding *finding)
{
#define BIT(n) "required feature bit " #n
    static const char *const texts[64] = {
        BIT(0),  BIT(1),  BIT(2),  BIT(3),  BIT(4),  BIT(5),  BIT(6),  BIT(7),  BIT(8),  BIT(9),
        BIT(10), BIT(11), BIT(12), BIT(13), BIT(14), BIT(15), BIT(16), BIT(17), BIT(18), BIT(19),
        BIT(20), BIT(21), BIT(22), BIT(23), BIT(24), BIT(25), BIT(26), BIT(27), BIT(28), BIT(29),
        BIT(30), BIT(31), BIT(32), BIT(33), BIT(34), BIT(35), BIT(36), BIT(37), BIT(38), BIT(39),
        BIT(40), BIT(41), BIT(42), BIT(43), BIT(44), BIT(45), BIT(46), BIT(47), BIT(48), BIT(49),
        BIT(50), BIT(51), BIT(52), BIT(53), BIT(54), BIT(55), BIT(56), BIT(57), BIT(58), BIT(59),
        BIT(60), BIT(61), BIT(62), BIT(63)};
#undef BIT
    uint64_t unknown = manifest->required_features & ~XTD_REQUIRED_KNOWN;

    if (unknown == 0)
        return XT_OK;
    return xti_found(finding, XT_EFORMAT, texts[__builtin_ctzll(unknown)],
                     offsetof(struct xtd_manifest, required_features));
}

static bool capacity_is_allowed(uint32_t capacity)
{
    return capacity >= 16 && capacity <= XTD_CAPACITY_MAX && capacity % 16 == 0;
}

static xt_status fields_check(const struct xtd_manifest *m, size_t available,
                              struct xti_finding *finding)
{
    bool dims_fit = m->dims >= 1 && m->dims <= XT_DIMS_MAX;
    bool arenas_fit = m->arena_count >= 1 && m->arena_count <= XTD_ARENAS_MAX;
    bool is_whole =
        !dims_fit || !arenas_fit || xti_manifest_bytes(m->dims, m->arena_count) == available;
    struct xti_rules rules = {finding, 0, XT_OK};

    xti_rule(&rules, m->generation > 0, "manifest generation",
             offsetof(struct xtd_manifest, generation));
    xti_rule(&rules, m->created_txn > 0, "manifest created_txn",
             offsetof(struct xtd_manifest, created_txn));
    xti_rule(&rules, dims_fit, "manifest dims", offsetof(struct xtd_manifest, dims));
    xti_rule(&rules, m->item_kind == XT_POINTS || m->item_kind == XT_BOXES, "manifest item_kind",
             offsetof(struct xtd_manifest, item_kind));
    xti_rule(&rules, m->unit_shift == XTD_UNIT_SHIFT, "manifest unit_shift",
             offsetof(struct xtd_manifest, unit_shift));
    xti_rule(&rules, m->node_checksum == XTD_NODE_CRC32C, "manifest node_checksum",
             offsetof(struct xtd_manifest, node_checksum));
    xti_rule(&rules, m->extent_hash == XTD_EXTENT_XXH64, "manifest extent_hash",
             offsetof(struct xtd_manifest, extent_hash));
    xti_rule(&rules, capacity_is_allowed(m->leaf_capacity), "manifest leaf_capacity",
             offsetof(struct xtd_manifest, leaf_capacity));
    xti_rule(&rules, capacity_is_allowed(m->inner_capacity), "manifest inner_capacity",
             offsetof(struct xtd_manifest, inner_capacity));
    xti_rule(&rules, m->supernode_units_max <= XTD_NODE_UNITS_MAX, "manifest supernode_units_max",
             offsetof(struct xtd_manifest, supernode_units_max));
    xti_rule(&rules,
             xti_is_power_of_two(m->extent_align) && m->extent_align >= XTD_EXTENT_ALIGN_MIN &&
                 m->extent_align <= XTD_EXTENT_ALIGN_MAX,
             "manifest extent_align", offsetof(struct xtd_manifest, extent_align));
    xti_rule(&rules, arenas_fit, "manifest arena_count",
             offsetof(struct xtd_manifest, arena_count));
    xti_rule(&rules, m->dim_bytes == sizeof(struct xtd_dim), "manifest dim_bytes",
             offsetof(struct xtd_manifest, dim_bytes));
    xti_rule(&rules, m->arena_bytes == sizeof(struct xtd_manifest_arena), "manifest arena_bytes",
             offsetof(struct xtd_manifest, arena_bytes));
    xti_rule(&rules, xti_is_zero(m->reserved, sizeof m->reserved), "manifest reserved",
             offsetof(struct xtd_manifest, reserved));
    xti_rule(&rules, is_whole, "manifest total_bytes", offsetof(struct xtd_manifest, total_bytes));

    return rules.status;
}

/* Exactly name_bytes bytes before the first zero, and zeroes from there on. */
static bool name_is_padded(const struct xtd_dim *dim)
{
    if (dim->name_bytes >= XTD_DIM_NAME_BYTES)
        return true; /* the finding is the length */
    return memchr(dim->name, 0, XTD_DIM_NAME_BYTES) == dim->name + dim->name_bytes &&
           xti_is_zero(dim->name + dim->name_bytes, XTD_DIM_NAME_BYTES - dim->name_bytes);
}

static xt_status dim_check(const struct xtd_manifest *manifest, uint32_t i,
                           struct xti_finding *finding)
{
    const struct xtd_dim *dim = &xti_manifest_dims_const(manifest)[i];
    uint8_t type = xti_manifest_dims_const(manifest)[0].coord_type;
    struct xti_rules rules = {finding, sizeof *manifest + (uint64_t)i * sizeof *dim, XT_OK};

    xti_rule(&rules,
             (dim->coord_type == XT_F64 || dim->coord_type == XT_F32) && dim->coord_type == type,
             "manifest dimension coord_type", offsetof(struct xtd_dim, coord_type));
    xti_rule(&rules, dim->flags == 0, "manifest dimension flags", offsetof(struct xtd_dim, flags));
    xti_rule(&rules, dim->name_bytes < XTD_DIM_NAME_BYTES, "manifest dimension name_bytes",
             offsetof(struct xtd_dim, name_bytes));
    xti_rule(&rules, dim->reserved == 0, "manifest dimension reserved",
             offsetof(struct xtd_dim, reserved));
    xti_rule(&rules, isfinite(dim->period) && !signbit(dim->period), "manifest dimension period",
             offsetof(struct xtd_dim, period));
    xti_rule(&rules, name_is_padded(dim), "manifest dimension name",
             offsetof(struct xtd_dim, name));

    return rules.status;
}

/* Whether no arena before the i-th owns some of its units. */
static bool range_is_alone(const struct xtd_manifest_arena *arenas, uint32_t i)
{
    uint64_t start = arenas[i].first_unit;
    uint64_t end = start + arenas[i].range_units;

    for (uint32_t j = 0; j < i; j++) {
        if (start < arenas[j].first_unit + arenas[j].range_units && arenas[j].first_unit < end)
            return false;
    }
    return true;
}

static xt_status arena_check(const struct xtd_manifest *manifest, uint32_t i,
                             struct xti_finding *finding)
{
    const struct xtd_manifest_arena *arenas = xti_manifest_arenas_const(manifest);
    const struct xtd_manifest_arena *arena = &arenas[i];
    uint64_t base = sizeof *manifest + (uint64_t)manifest->dims * sizeof(struct xtd_dim) +
                    (uint64_t)i * sizeof *arena;
    uint32_t id_before = i == 0 ? 0 : arena[-1].arena_id;
    bool fits = arena->range_units > 0 && arena->range_units % XTD_ARENA_ALIGN_UNITS == 0 &&
                xti_range_fits(arena->first_unit, arena->range_units);
    struct xti_rules rules = {finding, base, XT_OK};

    xti_rule(&rules, arena->arena_id > id_before && arena->arena_id < manifest->next_arena_id,
             "manifest arena arena_id", offsetof(struct xtd_manifest_arena, arena_id));
    xti_rule(&rules, arena->first_unit % XTD_ARENA_ALIGN_UNITS == 0, "manifest arena first_unit",
             offsetof(struct xtd_manifest_arena, first_unit));
    xti_rule(&rules, fits, "manifest arena range_units",
             offsetof(struct xtd_manifest_arena, range_units));
    xti_rule(&rules, !fits || range_is_alone(arenas, i), "manifest arena overlap",
             offsetof(struct xtd_manifest_arena, first_unit));
    xti_rule(&rules,
             arena->committed_units <= arena->range_units &&
                 arena->committed_units % XTD_PAGE_UNITS == 0,
             "manifest arena committed_units",
             offsetof(struct xtd_manifest_arena, committed_units));
    xti_rule(&rules, arena->live_units <= arena->committed_units, "manifest arena live_units",
             offsetof(struct xtd_manifest_arena, live_units));
    xti_rule(&rules, arena->created_txn > 0, "manifest arena created_txn",
             offsetof(struct xtd_manifest_arena, created_txn));
    xti_rule(&rules, (arena->flags & ~(uint32_t)XTD_ARENA_SEALED) == 0, "manifest arena flags",
             offsetof(struct xtd_manifest_arena, flags));
    xti_rule(&rules, arena->reserved == 0, "manifest arena reserved",
             offsetof(struct xtd_manifest_arena, reserved));

    return rules.status;
}

/* The largest node must not be smaller than the normal ones. */
static xt_status node_sizes_check(const struct xtd_manifest *manifest, struct xti_finding *finding)
{
    const struct xtd_dim *dims = xti_manifest_dims_const(manifest);
    uint32_t most = manifest->supernode_units_max;
    struct xti_layout layout;

    xti_layout_init(&layout, manifest->dims, (xt_item_kind)manifest->item_kind,
                    (xt_coord_type)dims[0].coord_type, manifest->leaf_capacity,
                    manifest->inner_capacity, most);
    if (xti_leaf_units(&layout, manifest->leaf_capacity) > most ||
        xti_inner_units(&layout, manifest->inner_capacity) > most)
        return xti_found(finding, XT_ECORRUPT, "manifest supernode_units_max",
                         offsetof(struct xtd_manifest, supernode_units_max));
    return XT_OK;
}

xt_status xti_manifest_check(const struct xtd_manifest *manifest, size_t available,
                             struct xti_finding *finding)
{
    xt_status status = envelope_check(manifest, available, finding);

    if (status == XT_OK)
        status = features_check(manifest, finding);
    if (status == XT_OK)
        status = fields_check(manifest, available, finding);
    if (status != XT_OK)
        return status;
    for (uint32_t i = 0; i < manifest->dims; i++) {
        status = dim_check(manifest, i, finding);
        if (status != XT_OK)
            return status;
    }
    for (uint32_t i = 0; i < manifest->arena_count; i++) {
        status = arena_check(manifest, i, finding);
        if (status != XT_OK)
            return status;
    }
    return node_sizes_check(manifest, finding);
}
