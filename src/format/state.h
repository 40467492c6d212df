/* src/format/state.h -- the state that a commit leaves: what HEAD slots and commit records share.
 *
 *   offset  size  field                meaning
 *        0     8  txn                  number of the commit; creating the store is 1
 *        8     8  manifest_generation  the manifest that lists this state's arenas
 *       16     8  time_ns              wall clock since 1970 (information)
 *       24     8  timeline             random; new each time a writer opens the store
 *       32     8  live_units           units of nodes reachable from the roots
 *       40     8  dead_units           committed units that no root reaches
 *       48     8  journal_sequence     reserved for a journal; 0
 *       56     4  record_ref           where this state's commit record starts
 *       60     4  record_bytes         multiple of 4096
 *       64     4  root_count           1 .. 8
 *       68     4  frontier_count       1 .. 32
 *       72     4  flags                no bit is defined; 0
 *       76     4  reserved
 *       80   256  roots[8]             unused ones zero
 *      336   512  frontiers[32]        unused ones zero; ascending arena_id
 *      848        end
 *
 * root, 32 bytes
 *        0     4  kind                 roots[0]: 1 tree; others: 2 id index, 3 records, 4 tree by
 *                                      name (all later)
 *        4     4  ref                  0: empty
 *        8     4  height               0: empty; 1: the root is a leaf
 *       12     4  reserved
 *       16     8  item_count
 *       24     8  reserved
 *
 * frontier, 16 bytes: of each arena whose committed units are not those of its entry in the
 * manifest, and of the one that may still grow.
 *        0     4  arena_id
 *        4     4  reserved
 *        8     8  units                committed units from the start of the arena
 *
 * Specification: docs/format.md.   SPDX-License-Identifier: MIT
 */
#ifndef XTI_FORMAT_STATE_H
#define XTI_FORMAT_STATE_H

#include "format/format.h"

#define XTD_ROOTS_MAX 8u
#define XTD_FRONTIERS_MAX 32u

enum xtd_root_kind {
    XTD_ROOT_TREE = 1,
    XTD_ROOT_ID_INDEX = 2,
    XTD_ROOT_RECORDS = 3,
    XTD_ROOT_NAMED_TREE = 4
};

struct xtd_root {
    uint32_t kind;
    uint32_t ref;
    uint32_t height;
    uint32_t reserved0;
    uint64_t item_count;
    uint64_t reserved1;
};

struct xtd_frontier {
    uint32_t arena_id;
    uint32_t reserved;
    uint64_t units;
};

struct xtd_state {
    uint64_t txn;
    uint64_t manifest_generation;
    uint64_t time_ns;
    uint64_t timeline;
    uint64_t live_units;
    uint64_t dead_units;
    uint64_t journal_sequence;
    uint32_t record_ref;
    uint32_t record_bytes;
    uint32_t root_count;
    uint32_t frontier_count;
    uint32_t flags;
    uint32_t reserved;
    struct xtd_root roots[XTD_ROOTS_MAX];
    struct xtd_frontier frontiers[XTD_FRONTIERS_MAX];
};
static_assert(sizeof(struct xtd_root) == 32, "see the table above");
static_assert(sizeof(struct xtd_frontier) == 16, "see the table above");
static_assert(offsetof(struct xtd_state, record_ref) == 56, "see the table above");
static_assert(offsetof(struct xtd_state, roots) == 80, "see the table above");
static_assert(offsetof(struct xtd_state, frontiers) == 336, "see the table above");
static_assert(sizeof(struct xtd_state) == 848, "see the table above");

/* Ranges and zeroes of every field; that refs lie inside arenas is for the one who has the
 * manifest. XT_OK or XT_ECORRUPT. */
XT_NODISCARD xt_status xti_state_check(const struct xtd_state *state, struct xti_finding *finding);

#endif
