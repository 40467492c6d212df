/* tests/protocol/recovery.c -- finding the newest commit, and what must be true of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "protocol/model.h"

unsigned newest_slot(const struct state *s, unsigned first, unsigned end, uint8_t *position)
{
    unsigned newest = 0;
    unsigned at = 0;

    for (unsigned i = first; i < end; i++) {
        const unsigned c = s->head[i].cache;

        if (c == 0 || c == DAMAGED) {
            continue;
        }
        const bool is_again = c == newest && at + 1 == i; /* a writer that opened wrote both */

        if (newest == 0 || s->commit[c].txn > s->commit[newest].txn || is_again) {
            newest = c;
            at = i;
        }
    }
    if (position != NULL) {
        *position = (uint8_t)at;
    }
    return newest;
}

bool next_is_damaged(const struct state *s)
{
    uint8_t position;

    (void)newest_slot(s, 0, DURABLE_SLOTS, &position);
    return s->head[(position + 1) % DURABLE_SLOTS].cache == DAMAGED;
}

static bool arenas_there(const struct state *s, unsigned arenas)
{
    for (unsigned a = 1; a < ARENAS; a++) {
        if ((arenas >> a & 1) != 0 && arena_file(s, a) == NULL) {
            return false;
        }
    }
    return true;
}

/* Whether the extents of c, whose record was found, have their hashes. */
static bool extents_match(const struct run *run, const struct state *s, unsigned c)
{
    const uint8_t in[2] = {s->commit[c].record_arena, s->commit[c].other_arena};

    for (unsigned i = 0; i < 2 && in[i] != 0; i++) {
        const unsigned place = frontier(s, s->commit[c].parent, in[i]);
        const struct file *file = arena_file(s, in[i]);

        if (file == NULL || (keeps(run, RULE_EXTENT_HASH) && file->cell[DATA + place].cache != c)) {
            return false;
        }
    }
    return true;
}

/* The record where the next one can be in arena a, if it says that it follows `tip`; or 0. */
static unsigned follower(const struct run *run, const struct state *s, unsigned tip, unsigned a)
{
    const unsigned place = frontier(s, tip, a);

    if (arena_file(s, a) == NULL || place >= PLACES) {
        return 0;
    }
    const unsigned c = arena_file(s, a)->cell[RECORD + place].cache;
    const bool follows = c != 0 && s->commit[c].txn == s->commit[tip].txn + 1 &&
                         (!keeps(run, RULE_CHAIN_HASH) || s->commit[c].parent == tip);

    return follows ? c : 0;
}

/* Whether all of it is there. crosses: a manifest may be the next one. */
static bool is_acceptable(const struct run *run, const struct state *s, unsigned tip, unsigned c,
                          bool crosses)
{
    const unsigned generation = s->commit[c].generation;
    const unsigned manifest = s->folder[MANIFEST + generation].cache;

    if (generation > s->commit[tip].generation + (crosses ? 1U : 0U) || manifest == 0 ||
        (keeps(run, RULE_MANIFEST_CHECKED) && manifest != s->commit[c].manifest) ||
        (keeps(run, RULE_ARENAS_THERE) && !arenas_there(s, s->commit[manifest].listed))) {
        return false;
    }
    return extents_match(run, s, c);
}

/* Arenas in which the commit after `tip` can lie: those that grow, and those that the next manifest
 * adds. */
static unsigned growing(const struct state *s, unsigned tip)
{
    const unsigned generation = s->commit[tip].generation;
    const unsigned next = generation + 1 < COMMITS ? s->folder[MANIFEST + generation + 1].cache : 0;
    const struct commit *manifest = &s->commit[s->commit[tip].manifest];

    return manifest->unsealed | (s->commit[next].listed & ~(unsigned)manifest->listed);
}

static unsigned next_in_chain(const struct run *run, const struct state *s, unsigned tip,
                              bool crosses)
{
    const unsigned arenas = growing(s, tip);

    for (unsigned a = 1; a < ARENAS; a++) {
        const unsigned c = (arenas >> a & 1) != 0 ? follower(run, s, tip, a) : 0;

        if (c != 0 && is_acceptable(run, s, tip, c, crosses)) {
            return c;
        }
    }
    return 0;
}

/* Whether a record behind the frontiers says that the commit after `tip` was durable. */
static bool is_vouched_for(const struct run *run, const struct state *s, unsigned tip)
{
    const unsigned arenas =
        keeps(run, RULE_SCAN_ALL) ? growing(s, tip) : 1U << s->commit[tip].record_arena;

    for (unsigned a = 1; a < ARENAS; a++) {
        for (unsigned place = frontier(s, tip, a); place < PLACES; place++) {
            if ((arenas >> a & 1) == 0 || arena_file(s, a) == NULL) {
                break;
            }
            const unsigned c = arena_file(s, a)->cell[RECORD + place].cache;

            if (c != 0 && s->commit[s->commit[c].durable].txn > s->commit[tip].txn) {
                return true;
            }
        }
    }
    return false;
}

/* Arenas that grow with a record that follows the newest commit and does not count. */
static unsigned torn_arenas(const struct run *run, const struct state *s, unsigned tip)
{
    const unsigned arenas = s->commit[s->commit[tip].manifest].unsealed;
    unsigned torn = 0;

    for (unsigned a = 1; a < ARENAS; a++) {
        if ((arenas >> a & 1) != 0 && follower(run, s, tip, a) != 0) {
            torn |= 1U << a;
        }
    }
    return torn;
}

/* Whether a commit with a manifest counts behind this one: only where a slot that names it is
 * damaged. Else its names may be lost yet, by a sync that failed. */
static bool may_cross(const struct run *run, bool damaged)
{
    return damaged || !keeps(run, RULE_NAMED_MANIFEST);
}

unsigned chain_end(const struct run *run, const struct state *s, unsigned tip, bool damaged)
{
    bool crosses = may_cross(run, damaged);

    for (unsigned c; (c = next_in_chain(run, s, tip, crosses)) != 0;) {
        crosses = crosses && (s->commit[c].generation == s->commit[tip].generation ||
                              !keeps(run, RULE_NAMED_MANIFEST));
        tip = c;
    }
    return tip;
}

struct found follow_chain(const struct run *run, const struct state *s)
{
    struct found found = {0};

    found.base = (uint8_t)newest_slot(s, 0, DURABLE_SLOTS, &found.slot);
    found.tip = found.base;
    const struct commit *base = &s->commit[found.base];

    if (found.base == 0 || s->folder[MANIFEST + base->generation].cache != base->manifest ||
        !arenas_there(s, base->listed)) {
        found.corrupt = true;
        return found;
    }
    found.damaged = next_is_damaged(s);
    found.tip = (uint8_t)chain_end(run, s, found.base, found.damaged);
    found.corrupt = keeps(run, RULE_SCAN) && is_vouched_for(run, s, found.tip);
    return found;
}

/* ---- a writer that opens ------------------------------------------------------------------- */

/* What rotted must be reported, unless it is the one commit that nothing vouches for. A slot may
 * rot: the one before leads to the same commit. */
static void check_after_rot(struct run *run, const struct state *s, struct found found)
{
    const unsigned promised = s->promised.durable;
    const unsigned rotten = s->promised.rotten;

    if (s->promised.rotten_head != 0) {
        if (found.corrupt || !is_before(s, promised, found.tip)) {
            violate(run, "I9: a slot that rots takes nothing with it");
        }
        return;
    }
    const bool last = rotten == promised && s->commit[promised].way == WAY_ONE_SYNC;

    if (!found.corrupt && !is_before(s, promised, found.tip) &&
        !(last && s->commit[promised].parent == found.tip)) {
        violate(run, "I8: rot of an acknowledged commit is reported");
    }
}

static void check_found(struct run *run, const struct state *s, struct found found)
{
    if (s->promised.rotten != 0 || s->promised.rotten_head != 0) {
        check_after_rot(run, s, found);
    } else if (found.corrupt) {
        violate(run, "I7: nothing is called corrupt when nothing rotted");
    } else if (!is_before(s, s->promised.durable, found.tip)) {
        violate(run, "I1: a commit acknowledged as durable is found");
    } else if (!is_before(s, s->promised.process, found.tip)) {
        violate(run, "I2: an acknowledged commit is found after the death of a process");
    } else if (!is_whole(s, found.tip,
                         s->folder[MANIFEST + s->commit[found.tip].generation].cache)) {
        violate(run, "I3: what is found is whole");
    }
}

static bool open_store(struct run *run, struct state *s)
{
    const struct found found = follow_chain(run, s);

    say(run, "writer opens: slot of commit %u, chain up to %u%s", found.base, found.tip,
        found.corrupt ? ", corrupt" : "");
    check_found(run, s, found);
    if (found.corrupt || s->promised.rotten != 0 || s->promised.rotten_head != 0) {
        return true;
    }
    s->writer.at = OPEN_FOLDER;
    s->writer.tip = found.tip;
    s->writer.synced = found.base;
    s->writer.slot = found.slot;
    s->writer.damaged = found.damaged;
    return true;
}

/* Writes the extents beyond the durable slot again, from the bytes that were hashed. */
static void rewrite_tail(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    for (unsigned c = w->tip; c != w->synced; c = s->commit[c].parent) {
        const uint8_t in[2] = {s->commit[c].record_arena, s->commit[c].other_arena};

        for (unsigned i = 0; i < 2 && in[i] != 0; i++) {
            const unsigned place = frontier(s, s->commit[c].parent, in[i]);
            struct file *file = &s->file[s->folder[ARENA + in[i]].cache];

            w->to_sync |= (uint8_t)(1U << in[i]);
            if (keeps(run, RULE_TAIL_REWRITE)) {
                cell_write(run, &file->cell[DATA + place], c);
                if (i == 0) {
                    cell_write(run, &file->cell[RECORD + place], c);
                }
            }
        }
    }
}

bool sync_one_arena(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    unsigned a = 1;

    while ((w->to_sync >> a & 1) == 0) {
        a++;
    }
    struct file *file = &s->file[s->folder[ARENA + a].cache];
    const bool synced = cells_sync(run, s, file->cell, FILE_CELLS);

    say(run, "sync arena %u%s", a, synced ? "" : ": fails");
    if (synced) {
        w->to_sync &= (uint8_t) ~(1U << a);
        w->files &= (uint8_t) ~(1U << a);
    }
    return synced;
}

/* The slot that is about to be written, or NULL. The same bytes over themselves are never torn. */
struct cell *slot_to_write(const struct run *run, struct state *s)
{
    const struct writer *w = &s->writer;
    const unsigned c = w->next != 0 ? w->next : w->tip;
    struct cell *slot = &s->head[durable_position(run, w, c)];
    const bool writes = w->at == HEAD_SLOT || w->at == OPEN_SLOT;

    return writes && slot->cache != c ? slot : NULL;
}

/* The position that the next durable slot is written to. */
unsigned durable_position(const struct run *run, const struct writer *w, unsigned commit)
{
    const bool is_same = w->synced == commit && !w->damaged;

    return is_same || !keeps(run, RULE_SLOTS_IN_TURN) ? w->slot : (w->slot + 1U) % DURABLE_SLOTS;
}

static void give_up(struct state *s)
{
    memset(&s->writer, 0, sizeof s->writer);
}

/* The names of arenas that commit c added. */
static void remove_added(struct run *run, struct state *s, unsigned c)
{
    const unsigned added = s->commit[c].listed & ~(unsigned)s->commit[s->writer.tip].listed;

    for (unsigned a = 1; a < ARENAS; a++) {
        if ((added >> a & 1) != 0 && s->folder[ARENA + a].cache != 0) {
            cell_write(run, &s->folder[ARENA + a], 0);
        }
    }
}

/* The names of a commit that did not count, so that it never does: a slot may be torn later. Each
 * is on the medium or gone for good then, whatever becomes of the sync. */
static bool open_next(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    const unsigned next = s->commit[w->tip].generation + 1U;
    struct cell *name = next < COMMITS ? &s->folder[MANIFEST + next] : NULL;

    if (w->at == OPEN_NEXT_SYNC) {
        say(run, "writer opens: sync folder");
        w->at = OPEN_ERASE;
        if (!cells_sync(run, s, s->folder, NAMES)) {
            give_up(s);
        }
        return true;
    }
    const bool removes = name != NULL && name->cache != 0 && keeps(run, RULE_NEXT_REMOVED);

    say(run, "writer opens: remove the next manifest and its arenas%s",
        removes ? "" : ", if there is one");
    w->at = OPEN_ERASE;
    if (removes) {
        remove_added(run, s, name->cache);
        cell_write(run, name, 0);
        state_tidy(s);
        w->at = OPEN_NEXT_SYNC;
    }
    return true;
}

/* Records that follow the tip and do not count, so that they never do. */
static void erase_torn(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    const unsigned torn = keeps(run, RULE_TORN_ERASED) ? torn_arenas(run, s, w->tip) : 0;

    for (unsigned a = 1; a < ARENAS; a++) {
        if ((torn >> a & 1) != 0) {
            struct file *file = &s->file[s->folder[ARENA + a].cache];

            cell_write(run, &file->cell[RECORD + frontier(s, w->tip, a)], 0);
            w->to_sync |= (uint8_t)(1U << a);
        }
    }
    w->at = w->to_sync != 0 ? OPEN_ERASED : OPEN_SLOT;
}

static void after_open_folder(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    if (w->tip == w->synced || !keeps(run, RULE_TAIL_SYNC)) {
        w->at = OPEN_LOOSE;
    } else {
        w->at = OPEN_REWRITE;
    }
}

static bool open_folder(struct run *run, struct state *s)
{
    say(run, "writer opens: sync folder");
    if (keeps(run, RULE_OPEN_FOLDER_SYNC) && !cells_sync(run, s, s->folder, NAMES)) {
        give_up(s);
        return true;
    }
    if (!keeps(run, RULE_LEFTOVERS_LAST)) {
        remove_files(run, s);
    }
    after_open_folder(run, s);
    return true;
}

static bool open_head(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    say(run, "writer opens: sync HEAD");
    if (!cells_sync(run, s, s->head, SLOTS)) {
        give_up(s);
        return true;
    }
    w->synced = w->tip;
    w->durable = w->tip;
    w->at = OPEN_LEFTOVERS;
    return true;
}

/* Both loose slots lead to the tip, one after the other, so that none leads to what was undone, and
 * never is there none of this boot. */
static void open_loose(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    const unsigned position = DURABLE_SLOTS + s->commit[w->tip].txn % LOOSE_SLOTS;

    say(run, "writer opens: both loose slots of %u", w->tip);
    for (unsigned i = DURABLE_SLOTS; i < SLOTS; i++) {
        if (!keeps(run, RULE_LOOSE_MARK)) {
            cell_write(run, &s->head[i], 0);
        } else if (i == position || keeps(run, RULE_LOOSE_BOTH)) {
            cell_write(run, &s->head[i], w->tip);
        }
    }
}

static bool open_slots(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    switch (w->at) {
    case OPEN_LOOSE:
        open_loose(run, s);
        w->at = OPEN_NEXT;
        return true;
    case OPEN_SLOT:
        say(run, "writer opens: write durable slot of %u", w->tip);
        if (keeps(run, RULE_SLOT_REWRITE) || w->synced != w->tip || w->damaged) {
            const unsigned position = durable_position(run, w, w->tip);

            cell_write(run, &s->head[position], w->tip);
            w->slot = (uint8_t)position;
            w->synced = w->tip;
            w->damaged = 0;
        }
        w->at = OPEN_HEAD;
        return true;
    default:
        return open_head(run, s);
    }
}

/* What was removed stays so before its name is given to another file. */
static bool open_removed(struct run *run, struct state *s)
{
    say(run, "writer opens: sync folder, if something was removed");
    if (keeps(run, RULE_REMOVED_SYNC) && !cells_sync(run, s, s->folder, NAMES)) {
        give_up(s);
        return true;
    }
    s->writer.at = IDLE;
    s->promised.shaken = 0;
    return true;
}

static bool open_leftovers(struct run *run, struct state *s)
{
    struct cell before[NAMES];

    say(run, "writer opens: remove what nothing needs");
    memcpy(before, s->folder, sizeof before);
    if (keeps(run, RULE_LEFTOVERS)) {
        remove_files(run, s);
    }
    s->writer.at = OPEN_REMOVED;
    return memcmp(before, s->folder, sizeof before) != 0 || open_removed(run, s);
}

bool recovery_step(struct run *run, struct state *s)
{
    switch (s->writer.at) {
    case NO_WRITER:
        return open_store(run, s);
    case OPEN_FOLDER:
        return open_folder(run, s);
    case OPEN_REWRITE:
        say(run, "writer opens: write the tail again");
        rewrite_tail(run, s);
        s->writer.at = OPEN_SYNC;
        return true;
    case OPEN_SYNC:
    case OPEN_ERASED:
        if (!sync_one_arena(run, s)) {
            give_up(s);
        } else if (s->writer.to_sync == 0) {
            s->writer.at = s->writer.at == OPEN_SYNC ? OPEN_LOOSE : OPEN_SLOT;
        }
        return true;
    case OPEN_NEXT:
    case OPEN_NEXT_SYNC:
        return open_next(run, s);
    case OPEN_ERASE:
        say(run, "writer opens: erase records that do not count");
        erase_torn(run, s);
        return true;
    case OPEN_LEFTOVERS:
        return open_leftovers(run, s);
    case OPEN_REMOVED:
        return open_removed(run, s);
    default:
        return open_slots(run, s);
    }
}
