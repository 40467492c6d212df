/* src/arena/arena.h -- the door of the arena room: the address space of a store.
 *
 * A store owns 2^32 units of 64 bytes. The process reserves a window of addresses for them once and
 * never moves it, so a ref becomes a pointer by one shift and one add. Arenas are disjoint ranges
 * of the window, each with a file of its own (none in a memory-only store).
 *
 *     start of the arena                                                     end of its range
 *     | header | extents of earlier commits | changes of this epoch |   free    |
 *              |   durable_units ----------->| top_units ---------->|
 *              |   a file mapping, read-only | private memory, huge pages        |
 *                                            ^ memory_units
 *
 * durable_units <= visible_units <= top_units. What lies below frozen_units is never written again,
 * because it was given to a file. Between there and visible_units a block keeps its bytes as long
 * as a view may lead to it, and may be used again afterwards. The writer writes only private
 * memory; bytes reach the file by write_at, never through a mapping. After xti_arena_show_file() a
 * prefix of the private memory is replaced by the file mapping, with the same bytes: readers do not
 * notice.
 *
 * A view is what a snapshot may touch: for each arena how far. Readers check every ref against it.
 *
 * Threads: the structs are guarded by the owner (the txn room); views are immutable once made, and
 * the `verified` bits are atomic.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_ARENA_H
#define XTI_ARENA_H

#include <stdatomic.h>

#include "format/node.h"
#include "os/os.h"

/* ---- the window and its arenas ------------------------------------------------------------ */

struct xti_arena {
    uint32_t id;
    uint32_t first_unit;
    uint64_t range_units;
    uint64_t durable_units;      /* committed; from the start of the arena, as all of these */
    uint64_t visible_units;      /* published */
    uint64_t top_units;          /* allocated */
    uint64_t memory_units;       /* the file is mapped below, private memory lies above */
    uint64_t frozen_units;       /* durable, mapped, or sealed to be written: not to be edited */
    uint64_t own_units;          /* what lies above was made by this process: no checksum needed */
    uint64_t live_units;         /* of blocks that a root reaches, pending changes included */
    uint64_t visible_live_units; /* the same for what is published */
    uint64_t created_txn;
    uint64_t listed_units;       /* committed, as the newest manifest says */
    uint64_t listed_live_units;  /* likewise */
    uint64_t dropped_generation; /* the first manifest that leaves the arena out; 0: it is listed */
    uint64_t dropped_number;     /* views from that number on do not lead to it */
    bool is_sealed;
    bool is_unlinked; /* dropped, and this handle has no duty to its file any more */
};

/* No manifest that is in use any more names the arena, but a view may lead there, and an older
 * manifest: its range is not free yet. All its counts of units are 0: nothing is taken from it, nor
 * looked for in it. */
static inline bool xti_arena_is_dropped(const struct xti_arena *arena)
{
    return arena->dropped_generation != 0;
}

/* A range that nobody else may get, whether an arena of the space lies there or not: something
 * outside of the store's newest commit leads there. */
struct xti_held {
    uint32_t arena_id;
    uint32_t first_unit;
    uint64_t range_units;
    uint32_t count; /* of those that hold it */
};

struct xti_space {
    const struct xti_os *os;
    char *base;
    uint64_t window_units;
    bool has_files;
    bool is_writable;
    char *verified; /* a bit for each unit: its node's checksum was found right; in words that only
                       views touch. NULL: checksums are not looked at */
    size_t verified_bytes;
    struct xti_arena *arenas; /* ascending first_unit */
    uint32_t arena_count;
    uint32_t arena_capacity;
    struct xti_held *held; /* ascending arena_id */
    uint32_t held_count;
    uint32_t held_capacity;
    uint16_t *arena_at; /* which arena owns a granule of 2 MiB: its position + 1; 0: none. For all
                           2^32 units, so that any ref can be looked up; NULL in a reader */
};

#define XTI_GRANULE_SHIFT 15 /* units of a granule, as a power of two: arenas begin and end there */

/* Reserves the window. window_bytes: a multiple of 2 MiB, at most 256 GiB. */
xt_status xti_space_init(struct xti_space *space, const struct xti_os *os, uint64_t window_bytes,
                         bool has_files, bool is_writable, bool verifies);

/* Gives everything back. Safe on a zeroed or half-built space. */
void xti_space_release(struct xti_space *space);

/* Adds an arena at its place, without memory. XT_EFULL: it does not fit into the window. */
xt_status xti_space_add(struct xti_space *space, const struct xti_arena *arena);

/* The arena is not part of the store's newest state; its memory stays. number: of the first view
 * without it. */
void xti_arena_drop(struct xti_arena *arena, uint64_t generation, uint64_t number);

/* Arenas that are not dropped. */
uint32_t xti_space_listed_count(const struct xti_space *space);

/* Removes the arena at position i and makes its range inaccessible. */
void xti_space_remove(struct xti_space *space, uint32_t i);

/* Finds the first range of `units` (a multiple of 32768) that no arena owns, dropped ones included,
 * and nobody holds. XT_EFULL: there is none. O(n * n) for n arenas and held ranges, at worst. */
xt_status xti_space_find_room(const struct xti_space *space, uint64_t units, uint32_t *first_unit);

/* Holds the range of an arena, once more if it is held already. XT_ENOMEM. */
xt_status xti_space_hold(struct xti_space *space, uint32_t arena_id, uint32_t first_unit,
                         uint64_t range_units);

/* Takes one xti_space_hold() back. */
void xti_space_let_go(struct xti_space *space, uint32_t arena_id);

/* Whether somebody holds that arena's range. O(log n). */
bool xti_space_holds(const struct xti_space *space, uint32_t arena_id);

/* The arena with that id, or NULL. The pointer lasts until the next add or remove. */
struct xti_arena *xti_space_arena(struct xti_space *space, uint32_t id);

/* Puts private memory behind memory_units, to the end of the range. */
xt_status xti_arena_give_memory(struct xti_space *space, struct xti_arena *arena);

/* Maps the file's bytes from memory_units to `units` (whole pages) and moves memory_units up.
 * XT_ECORRUPT: the file is shorter. */
xt_status xti_arena_show_file(struct xti_space *space, struct xti_arena *arena, xti_file file,
                              uint64_t units);

/* Allocates `units` from the arena's top; what they hold is not said. False: they do not fit. */
bool xti_arena_alloc(struct xti_arena *arena, uint64_t units, uint32_t *ref);

/* Rounds top up to a multiple of align_units; what is skipped becomes a block in no use, of which
 * only the header is written. */
bool xti_arena_align(struct xti_space *space, struct xti_arena *arena, uint64_t align_units);

/* Takes back what was allocated above visible_units. Where the file is mapped there, private memory
 * takes its place; the memory of more than 4 MiB goes back to the system.
 * XT_ENOMEM: the system refused that, and top_units stays. */
xt_status xti_arena_rewind(struct xti_space *space, struct xti_arena *arena);

static inline void *xti_space_at(const struct xti_space *space, uint32_t ref)
{
    return space->base + ((uint64_t)ref << XTD_UNIT_SHIFT);
}

/* Writes the header of a block in no use. */
void xti_block_unused(const struct xti_space *space, uint32_t ref, uint64_t units);

/* The arena that owns `ref`, or NULL; for writers only. The ref may be any number. Lasts until the
 * next add or remove. */
static inline struct xti_arena *xti_space_arena_of(const struct xti_space *space, uint32_t ref)
{
    uint32_t position = space->arena_at[ref >> XTI_GRANULE_SHIFT];

    return position == 0 ? NULL : &space->arenas[position - 1];
}

/* ---- views -------------------------------------------------------------------------------- */

struct xti_span {
    uint32_t first_unit;
    uint64_t own_from;   /* units from there on need no checksum; at most `units` */
    uint64_t units;      /* visible, from first_unit on */
    uint64_t durable;    /* committed: every node below carries its checksum; at most `units` */
    uint64_t live_units; /* of nodes that the root reaches */
};

struct xti_view {
    const char *base;
    const struct xti_layout *layout;
    atomic_uint_least64_t *verified; /* of the space, or NULL */
    uint64_t references;             /* guarded by the txn room's mutex, as are these: */
    struct xti_view *older, *newer; /* the list of all views of the handle, from oldest to newest */
    uint64_t number;                /* counts the handle's publishes and commits; 0: in no list */
    uint64_t txn;
    uint64_t time_ns;
    uint64_t item_count;
    uint64_t live_units;
    uint64_t unit_count; /* sum of the spans: no walk visits more nodes than that */
    uint32_t root_ref;   /* 0: empty */
    uint32_t height;     /* 0: empty; 1: the root is a leaf */
    uint32_t span_count;
    uint32_t span_capacity;
    struct xti_span spans[]; /* ascending first_unit */
};

size_t xti_view_bytes(uint32_t span_capacity);

/* Fills spans, base and verified from the space's visible frontiers; dropped arenas get no span. */
void xti_view_fill(struct xti_view *view, const struct xti_space *space);

/* The slow parts of xti_view_node(). */
const struct xti_span *xti_view_span(const struct xti_view *view, uint32_t ref);
xt_status xti_view_verify(const struct xti_view *view, const struct xti_span *span,
                          const struct xtd_node *node, uint32_t ref, struct xti_finding *finding);

/* The node at `ref`, where one of level `level` must lie: range, structure and (lazily, once) the
 * checksum are checked, so its arrays may be read. *span: the span of the last node found, NULL at
 * first; a hint only.
 *
 * Cost     a few nanoseconds once the checksum is known to be right.
 * Errors   XT_ECORRUPT; finding (not NULL) says what.
 */
static inline xt_status xti_view_node(const struct xti_view *view, const struct xti_span **span,
                                      uint32_t ref, uint32_t level, const struct xtd_node **out,
                                      struct xti_finding *finding)
{
    const struct xti_span *s = *span;
    const struct xtd_node *node;
    uint64_t units_left;
    xt_status status;

    *out = NULL;
    if (s == NULL || ref - s->first_unit >= s->units || ref < s->first_unit) {
        s = xti_view_span(view, ref);
        if (s == NULL) {
            finding->what = "ref outside the committed arenas";
            finding->offset = ref;
            return XT_ECORRUPT;
        }
        *span = s;
    }
    node = (const struct xtd_node *)(const void *)(view->base + ((uint64_t)ref << XTD_UNIT_SHIFT));
    units_left = s->units - (ref - s->first_unit);
    status = xti_node_check(view->layout, node, ref, level, units_left, finding);
    if (status != XT_OK)
        return status;
    if (view->verified != NULL && ref - s->first_unit < s->own_from) {
        uint64_t bits = atomic_load_explicit(&view->verified[ref >> 6], memory_order_relaxed);

        if ((bits >> (ref & 63) & 1) == 0) {
            status = xti_view_verify(view, s, node, ref, finding);
            if (status != XT_OK)
                return status;
        }
    }
    *out = node;
    return XT_OK;
}

/* Asks the processor to fetch the first `lines` 64-byte lines at `ref`, which need not be valid. */
static inline void xti_view_prefetch(const struct xti_view *view, uint32_t ref, uint32_t lines)
{
    const char *p = view->base + ((uint64_t)ref << XTD_UNIT_SHIFT);

    for (; lines >= 4; lines -= 4, p += (size_t)4 * XTD_UNIT_BYTES) {
        __builtin_prefetch(p);
        __builtin_prefetch(p + XTD_UNIT_BYTES);
        __builtin_prefetch(p + (size_t)2 * XTD_UNIT_BYTES);
        __builtin_prefetch(p + (size_t)3 * XTD_UNIT_BYTES);
    }
    for (; lines != 0; lines--, p += XTD_UNIT_BYTES)
        __builtin_prefetch(p);
    /* Else gcc finds that a caller which only prefetches has no effect, and drops the call. */
    __asm__ volatile("");
}

#endif
