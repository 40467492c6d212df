/* tests/protocol/disk.c -- writes, syncs that fail, loss of power, pages that are forgotten, rot.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "protocol/model.h"

static bool is_dirty(struct cell cell)
{
    return (cell.medium & CLEAN) == 0 && cell.cache != cell.medium;
}

void cell_write(struct run *run, struct cell *cell, unsigned value)
{
    if (is_dirty(*cell) && choose(run, 2) == 1) {
        cell->medium = cell->cache;
    }
    cell->cache = (uint8_t)value;
    cell->medium &= (uint8_t)~CLEAN;
}

/* What the cell holds when parts of it are of one write and parts of another. */
static unsigned mixed(const struct state *s, const struct cell *cell)
{
    return cell >= s->head && cell < s->head + DURABLE_SLOTS ? DAMAGED : 0;
}

/* A sync that failed wrote the cell, or not, or in part; the system takes it for clean. */
static void fail_cell(struct run *run, const struct state *s, struct cell *cell)
{
    const unsigned garbage = mixed(s, cell);

    switch (choose(run, cell->medium == garbage ? 2 : 3)) {
    case 0:
        cell->medium = cell->cache;
        break;
    case 2:
        cell->medium = (uint8_t)garbage;
        /* fall through */
    default:
        cell->medium |= CLEAN;
    }
}

/* Nobody can promise any longer what the medium does not have. */
static void note_failure(struct state *s)
{
    s->promised.failures++;
    s->promised.shaken = 1;
    s->promised.process = s->promised.durable;
    for (unsigned r = 0; r < READERS; r++) {
        s->reader[r].floor = 0;
        if (is_at_risk(s, &s->reader[r])) {
            s->reader[r].doomed = 1;
        }
    }
}

bool cells_sync(struct run *run, struct state *s, struct cell *cells, unsigned count)
{
    const bool fails = s->promised.failures < run->scope->failures && choose(run, 2) == 1;

    for (unsigned i = 0; i < count; i++) {
        if (!is_dirty(cells[i])) {
            continue;
        }
        if (fails) {
            fail_cell(run, s, &cells[i]);
        } else {
            cells[i].medium = cells[i].cache;
        }
    }
    if (fails) {
        note_failure(s);
    }
    return !fails;
}

/* The cell after the power came back. A name is the old one or the new one. */
static void settle(struct run *run, const struct state *s, struct cell *cell, bool in_parts)
{
    if (is_dirty(*cell)) {
        const unsigned garbage = mixed(s, cell);
        const bool is_mixed = in_parts && cell->medium != garbage && cell->cache != garbage;
        const unsigned options = is_mixed ? 3 : 2;

        switch (choose(run, options)) {
        case 1:
            cell->medium = cell->cache;
            break;
        case 2:
            cell->medium = (uint8_t)garbage;
            break;
        default:
            break;
        }
    }
    cell->medium &= (uint8_t)~CLEAN;
    cell->cache = cell->medium;
}

static void settle_folder(struct run *run, struct state *s)
{
    for (unsigned i = 0; i < NAMES; i++) {
        settle(run, s, &s->folder[i], false);
    }
    for (unsigned i = MANIFEST; i < MANIFEST + COMMITS; i++) {
        struct cell *cell = &s->folder[i];

        if ((s->unsynced_manifests >> cell->cache & 1) != 0 && choose(run, 2) == 1) {
            *cell = (struct cell){0, 0};
        }
    }
    for (unsigned c = 1; c < COMMITS; c++) {
        struct cell *cell = &s->folder[KEPT + c];

        if (cell->cache == 1 && (s->unsynced_kept >> c & 1) != 0 && choose(run, 2) == 1) {
            *cell = (struct cell){2, 2};
        }
    }
    s->unsynced_manifests = 0;
    s->unsynced_kept = 0;
}

void power_loss(struct run *run, struct state *s)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        if (i >= DURABLE_SLOTS && keeps(run, RULE_LOOSE_BOOT)) {
            s->head[i] = (struct cell){0, 0}; /* of another boot: nobody believes it */
        }
        settle(run, s, &s->head[i], true);
    }
    settle_folder(run, s);
    memset(s->reader, 0, sizeof s->reader);
    state_tidy(s);
    for (unsigned f = 1; f < FILES; f++) {
        for (unsigned i = 0; i < FILE_CELLS; i++) {
            settle(run, s, &s->file[f].cell[i], true);
        }
    }
    memset(&s->writer, 0, sizeof s->writer);
    s->promised.process = s->promised.durable;
}

/* The cells of the store, one after the other; NULL behind the last. */
static struct cell *nth_cell(struct state *s, unsigned i)
{
    if (i < SLOTS) {
        return &s->head[i];
    }
    i -= SLOTS;
    if (i < NAMES) {
        return &s->folder[i];
    }
    i -= NAMES;
    return i < FILES * FILE_CELLS ? &s->file[i / FILE_CELLS].cell[i % FILE_CELLS] : NULL;
}

bool evict(struct run *run, struct state *s)
{
    struct cell *clean[SLOTS + NAMES + FILES * FILE_CELLS];
    unsigned count = 0;

    for (unsigned i = 0; nth_cell(s, i) != NULL; i++) {
        if ((nth_cell(s, i)->medium & CLEAN) != 0) {
            clean[count++] = nth_cell(s, i);
        }
    }
    if (count == 0) {
        return false;
    }
    struct cell *cell = clean[choose(run, count)];

    cell->medium &= (uint8_t)~CLEAN;
    cell->cache = cell->medium;
    say(run, "the system forgets a page that a sync did not write");
    return true;
}

bool rot(struct run *run, struct state *s)
{
    struct cell *cells[SLOTS + FILES * FILE_CELLS];
    unsigned count = 0;

    for (unsigned i = 0; i < DURABLE_SLOTS; i++) {
        if (s->head[i].cache != 0 && s->head[i].cache != DAMAGED) {
            cells[count++] = &s->head[i];
        }
    }
    if (count < 2) {
        count = 0; /* nothing stands in for the only one */
    }
    const unsigned slots = count;

    for (unsigned f = 1; f < FILES; f++) {
        for (unsigned i = RECORD; i < FILE_CELLS; i++) {
            if (s->file[f].cell[i].cache != 0) {
                cells[count++] = &s->file[f].cell[i];
            }
        }
    }
    const unsigned i = choose(run, count);

    say(run, "rot: %s of commit %u", i < slots ? "the slot" : "an extent", cells[i]->cache);
    if (i < slots) {
        s->promised.rotten_head = cells[i]->cache;
    } else {
        s->promised.rotten = cells[i]->cache;
    }
    *cells[i] = i < slots ? (struct cell){DAMAGED, DAMAGED} : (struct cell){0, 0};
    return true;
}
