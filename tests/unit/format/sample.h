/* tests/unit/format/sample.h -- small valid structs, and ways to spoil one field of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <string.h>

#include "format/state.h"
#include "support/check.h"

/* A row of a table of bad fields: `bytes` bytes at `offset` become `value`; the check must then
 * give `status` and name `what` at byte `at` (0: at `offset`). BAD is corrupt, and found where it
 * was spoilt; BAD_AT is found elsewhere; ALIEN is of another format. `place` is offset and size. */
struct bad_field {
    const char *what;
    size_t offset;
    size_t bytes;
    uint64_t value;
    xt_status status;
    size_t at;
};

#define BAD(what, place, value)                                                                    \
    {                                                                                              \
        what, place, value, XT_ECORRUPT, 0                                                         \
    }
#define BAD_AT(what, place, value, at)                                                             \
    {                                                                                              \
        what, place, value, XT_ECORRUPT, at                                                        \
    }
#define ALIEN(what, place, value)                                                                  \
    {                                                                                              \
        what, place, value, XT_EFORMAT, 0                                                          \
    }

static inline void field_put(void *data, const struct bad_field *row)
{
    memcpy((char *)data + row->offset, &row->value, row->bytes);
}

/* got: what the check made of the spoilt struct. */
static inline void field_is_named(const struct bad_field *row, xt_status got,
                                  const struct xti_finding *finding)
{
    CHECK_STATUS(got, row->status);
    CHECK_STR(finding->what, row->what);
    CHECK_U64(finding->offset, row->at != 0 ? row->at : row->offset);
}

static inline void uuid_put(uint8_t uuid[16], uint8_t first)
{
    for (uint8_t i = 0; i < 16; i++)
        uuid[i] = (uint8_t)(first + i);
}

static inline void bit_flip(void *data, size_t bit)
{
    ((unsigned char *)data)[bit / 8] ^= (unsigned char)(1u << bit % 8);
}

/* A state with a tree of two levels and two arenas that grow. Its record lies at unit 256 * txn of
 * arena 1, which begins at unit 0. */
static inline struct xtd_state sample_state(uint64_t txn)
{
    struct xtd_state state = {
        .txn = txn,
        .manifest_generation = 3,
        .time_ns = 1,
        .timeline = 77,
        .live_units = 100,
        .dead_units = 5,
        .record_ref = (uint32_t)(256 * txn),
        .record_bytes = 4096,
        .root_count = 1,
        .frontier_count = 2,
    };

    state.roots[0] = (struct xtd_root){
        .kind = XTD_ROOT_TREE, .ref = (uint32_t)(256 * txn + 64), .height = 2, .item_count = 99};
    state.frontiers[0] = (struct xtd_frontier){.arena_id = 1, .units = 256 * txn + 256};
    state.frontiers[1] = (struct xtd_frontier){.arena_id = 4, .units = 64};
    return state;
}

#endif
