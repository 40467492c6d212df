/* src/format/commit_record.c -- seals and checks commit records.
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/commit_record.h"

#include <string.h>

#include "format/format_private.h"

#define RECORD_FIXED_BYTES ((uint32_t)offsetof(struct xtd_commit_record, extents))
#define RECORD_HASH_BYTES 8u

uint32_t xti_commit_extents_max(uint32_t record_bytes)
{
    if (record_bytes < RECORD_FIXED_BYTES + RECORD_HASH_BYTES)
        return 0;
    return (record_bytes - RECORD_FIXED_BYTES - RECORD_HASH_BYTES) /
           (uint32_t)sizeof(struct xtd_extent);
}

/* Where the zeroes begin. */
static uint64_t tables_end(uint32_t extent_count, uint32_t live_count)
{
    return RECORD_FIXED_BYTES + (uint64_t)extent_count * sizeof(struct xtd_extent) +
           (uint64_t)live_count * sizeof(struct xtd_live);
}

uint32_t xti_commit_bytes_for(uint32_t extent_count, uint32_t live_count)
{
    uint64_t bytes = tables_end(extent_count, live_count) + RECORD_HASH_BYTES;

    if (bytes > XTD_COMMIT_BYTES_MAX)
        return 0;
    return (uint32_t)xti_round_up(bytes, XTD_PAGE_BYTES);
}

struct xtd_live *xti_commit_live(struct xtd_commit_record *record)
{
    return (struct xtd_live *)(void *)&record->extents[record->extent_count];
}

const struct xtd_live *xti_commit_live_const(const struct xtd_commit_record *record)
{
    return (const struct xtd_live *)(const void *)&record->extents[record->extent_count];
}

uint64_t xti_commit_seal(struct xtd_commit_record *record)
{
    uint32_t bytes = record->state.record_bytes;

    memcpy(record->magic, XTD_COMMIT_MAGIC, sizeof record->magic);
    record->format_version = XTD_FORMAT_VERSION;
    record->record_bytes = bytes;

    uint64_t hash = xti_hash64(record, bytes - RECORD_HASH_BYTES);

    memcpy((char *)record + bytes - RECORD_HASH_BYTES, &hash, sizeof hash);
    return hash;
}

uint64_t xti_commit_hash(const struct xtd_commit_record *record)
{
    uint64_t hash;

    memcpy(&hash, (const char *)record + record->record_bytes - RECORD_HASH_BYTES, sizeof hash);
    return hash;
}

/* Up to the hash nothing is trusted but the size, which says where the hash lies. What holds in
 * every version: magic, size and hash. Then that the version is ours. */
static xt_status envelope_check(const struct xtd_commit_record *record, size_t available,
                                struct xti_finding *finding)
{
    if (available < XTD_PAGE_BYTES)
        return xti_found(finding, XT_ECORRUPT, "commit record cut short", available);
    if (memcmp(record->magic, XTD_COMMIT_MAGIC, sizeof record->magic) != 0)
        return xti_found(finding, XT_EFORMAT, "commit record magic", 0);

    uint32_t bytes = record->record_bytes;

    if (bytes < XTD_PAGE_BYTES || bytes > XTD_COMMIT_BYTES_MAX || bytes % XTD_PAGE_BYTES != 0 ||
        bytes > available)
        return xti_found(finding, XT_ECORRUPT, "commit record record_bytes",
                         offsetof(struct xtd_commit_record, record_bytes));
    if (xti_hash64(record, bytes - RECORD_HASH_BYTES) != xti_commit_hash(record))
        return xti_found(finding, XT_ECORRUPT, "commit record hash", bytes - RECORD_HASH_BYTES);
    if (record->format_version != XTD_FORMAT_VERSION)
        return xti_found(finding, XT_EFORMAT, "commit record format_version",
                         offsetof(struct xtd_commit_record, format_version));
    return XT_OK;
}

static xt_status fields_check(const struct xtd_commit_record *record, struct xti_finding *finding)
{
    const struct xtd_state *state = &record->state;
    bool is_first = state->txn == 1;
    uint32_t previous = record->previous_ref;
    struct xti_rules rules = {finding, 0, XT_OK};

    xti_rule(&rules, state->record_bytes == record->record_bytes,
             "commit record state record_bytes",
             offsetof(struct xtd_commit_record, state) + offsetof(struct xtd_state, record_bytes));
    xti_rule(&rules, !is_first || record->previous_hash == 0, "commit record previous_hash",
             offsetof(struct xtd_commit_record, previous_hash));
    xti_rule(&rules, record->durable_txn < state->txn, "commit record durable_txn",
             offsetof(struct xtd_commit_record, durable_txn));
    xti_rule(&rules,
             (previous == 0) == is_first && previous % XTD_PAGE_UNITS == 0 &&
                 previous != state->record_ref,
             "commit record previous_ref", offsetof(struct xtd_commit_record, previous_ref));
    xti_rule(&rules,
             record->extent_count >= 1 &&
                 record->extent_count <= xti_commit_extents_max(record->record_bytes),
             "commit record extent_count", offsetof(struct xtd_commit_record, extent_count));
    xti_rule(&rules,
             tables_end(record->extent_count, record->live_count) <=
                 record->record_bytes - RECORD_HASH_BYTES,
             "commit record live_count", offsetof(struct xtd_commit_record, live_count));
    xti_rule(&rules, record->reserved == 0, "commit record reserved",
             offsetof(struct xtd_commit_record, reserved));

    return rules.status;
}

static bool extents_meet(const struct xtd_extent *a, const struct xtd_extent *b)
{
    return a->arena_id == b->arena_id && a->first_unit < b->first_unit + b->units &&
           b->first_unit < a->first_unit + a->units;
}

/* Whether no extent before the i-th holds some of its units. */
static bool extent_is_alone(const struct xtd_commit_record *record, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++) {
        if (extents_meet(&record->extents[i], &record->extents[j]))
            return false;
    }
    return true;
}

/* An arena that may still grow is committed up to the end of the extent at least. */
static bool extent_is_committed(const struct xtd_commit_record *record, uint32_t i)
{
    const struct xtd_extent *extent = &record->extents[i];

    for (uint32_t j = 0; j < record->state.frontier_count; j++) {
        const struct xtd_frontier *frontier = &record->state.frontiers[j];

        if (frontier->arena_id == extent->arena_id)
            return extent->first_unit + extent->units <= frontier->units;
    }
    return true;
}

static xt_status extent_check(const struct xtd_commit_record *record, uint32_t i,
                              struct xti_finding *finding)
{
    const struct xtd_extent *extent = &record->extents[i];
    uint64_t first = extent->first_unit;
    uint64_t units = extent->units;
    bool fits = units > 0 && units % XTD_PAGE_UNITS == 0 && xti_range_fits(first, units);
    struct xti_rules rules = {finding, RECORD_FIXED_BYTES + (uint64_t)i * sizeof *extent, XT_OK};

    xti_rule(&rules, extent->arena_id > 0, "commit record extent arena_id",
             offsetof(struct xtd_extent, arena_id));
    xti_rule(&rules, extent->reserved == 0, "commit record extent reserved",
             offsetof(struct xtd_extent, reserved));
    xti_rule(&rules, first >= XTD_PAGE_UNITS && first % XTD_PAGE_UNITS == 0,
             "commit record extent first_unit", offsetof(struct xtd_extent, first_unit));
    xti_rule(&rules, fits, "commit record extent units", offsetof(struct xtd_extent, units));
    xti_rule(&rules, !fits || extent_is_committed(record, i),
             "commit record extent beyond its frontier", offsetof(struct xtd_extent, units));
    xti_rule(&rules, !fits || extent_is_alone(record, i), "commit record extent overlap",
             offsetof(struct xtd_extent, first_unit));

    return rules.status;
}

/* What the manifest and the frontiers allow is for the one who has them. */
static xt_status live_check(const struct xtd_commit_record *record, uint32_t i,
                            struct xti_finding *finding)
{
    const struct xtd_live *live = &xti_commit_live_const(record)[i];
    uint32_t id_before = i == 0 ? 0 : live[-1].arena_id;
    struct xti_rules rules = {finding, tables_end(record->extent_count, i), XT_OK};

    xti_rule(&rules, live->arena_id > id_before, "commit record live arena_id",
             offsetof(struct xtd_live, arena_id));
    xti_rule(&rules, live->live_units <= record->state.live_units, "commit record live units",
             offsetof(struct xtd_live, live_units));

    return rules.status;
}

/* The record lies at the start of extents[0]; arenas start at multiples of 32768 units. */
static xt_status place_check(const struct xtd_commit_record *record, struct xti_finding *finding)
{
    const struct xtd_extent *extent = &record->extents[0];
    uint64_t ref = record->state.record_ref;
    uint64_t units = record->record_bytes / XTD_UNIT_BYTES;
    struct xti_rules rules = {finding, RECORD_FIXED_BYTES, XT_OK};

    xti_rule(&rules,
             ref >= extent->first_unit && (ref - extent->first_unit) % XTD_ARENA_ALIGN_UNITS == 0,
             "commit record place in its extent", offsetof(struct xtd_extent, first_unit));
    xti_rule(&rules, extent->units >= units, "commit record longer than its extent",
             offsetof(struct xtd_extent, units));

    return rules.status;
}

static xt_status tables_check(const struct xtd_commit_record *record, struct xti_finding *finding)
{
    uint64_t end = tables_end(record->extent_count, record->live_count);

    for (uint32_t i = 0; i < record->extent_count; i++) {
        xt_status status = extent_check(record, i, finding);

        if (status != XT_OK)
            return status;
    }
    for (uint32_t i = 0; i < record->live_count; i++) {
        xt_status status = live_check(record, i, finding);

        if (status != XT_OK)
            return status;
    }
    if (!xti_is_zero((const char *)record + end, record->record_bytes - RECORD_HASH_BYTES - end))
        return xti_found(finding, XT_ECORRUPT, "commit record zeroes behind the live table", end);
    return place_check(record, finding);
}

xt_status xti_commit_check(const struct xtd_commit_record *record, size_t available,
                           struct xti_finding *finding)
{
    xt_status status = envelope_check(record, available, finding);

    if (status != XT_OK)
        return status;
    status = xti_state_check(&record->state, finding);
    if (status != XT_OK) {
        if (finding != NULL)
            finding->offset += offsetof(struct xtd_commit_record, state);
        return status;
    }
    status = fields_check(record, finding);
    if (status != XT_OK)
        return status;
    return tables_check(record, finding);
}
