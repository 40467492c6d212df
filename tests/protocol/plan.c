/* tests/protocol/plan.c -- what a commit is to be: its extents, its manifest, what it takes.
 *
 * SPDX-License-Identifier: MIT
 */

#include "protocol/model.h"

static const char *const way_names[] = {"two syncs", "one sync", "ordered"};
static const char *const shape_names[] = {"into the open arena",
                                          "into the spare arena",
                                          "into the open arena and the spare one",
                                          "into the open arena and the cold one",
                                          "into the open arena and a new one",
                                          "into a new arena",
                                          "into the open arena and a new cold one",
                                          "with a spare arena prepared",
                                          "with a manifest without dead arenas"};

/* The spare arena of the commit, or 0: it grows, holds nothing and is not the open one. */
static unsigned spare_arena(const struct state *s, unsigned c)
{
    for (unsigned a = 1; a < ARENAS; a++) {
        if ((s->commit[s->commit[c].manifest].unsealed >> a & 1) != 0 && a != s->commit[c].open &&
            frontier(s, c, a) == 0) {
            return a;
        }
    }
    return 0;
}

/* The last arena that grows, holds something and is not the open one, or 0. Writers agree on it: it
 * is told by the manifest and by what is in the arenas. */
static unsigned cold_arena(const struct state *s, unsigned c)
{
    for (unsigned a = ARENAS; a-- > 1;) {
        if ((s->commit[s->commit[c].manifest].unsealed >> a & 1) != 0 && a != s->commit[c].open &&
            frontier(s, c, a) != 0) {
            return a;
        }
    }
    return 0;
}

/* The id that the manifest calls the next one; 0: the model has no more. */
static unsigned next_arena(const struct state *s, unsigned c)
{
    unsigned ids = 0;

    for (; c != 0; c = s->commit[c].parent) {
        ids |= s->commit[c].listed;
    }
    for (unsigned a = 1; a < ARENAS; a++) {
        if (ids >> a == 0) {
            return a;
        }
    }
    return 0;
}

static bool is_full(const struct state *s, unsigned c, unsigned a)
{
    return frontier(s, c, a) >= PLACES;
}

/* Those that a kept snapshot pins leave the manifest as well: its file lists them. */
static unsigned dead_arenas(const struct commit *c)
{
    return c->listed & ~(unsigned)(c->live | c->unsealed);
}

/* Places the extents; false: the shape is not possible here. */
static bool place_extents(const struct state *s, enum shape shape, struct commit *next)
{
    const unsigned tip = s->writer.tip;
    const unsigned spare = spare_arena(s, tip);
    const unsigned cold = cold_arena(s, tip);
    const unsigned fresh = next_arena(s, tip);
    const bool is_new = shape >= SHAPE_NEW && shape <= SHAPE_PREPARE;

    next->record_arena = next->open;
    if (shape == SHAPE_SPARE || shape == SHAPE_SPAN) {
        next->open = (uint8_t)spare;
    } else if (shape == SHAPE_NEW || shape == SHAPE_NEW_ONLY) {
        next->open = (uint8_t)fresh;
    }
    if (shape == SHAPE_SPARE || shape == SHAPE_NEW_ONLY) {
        next->record_arena = next->open;
    } else if (shape == SHAPE_BESIDE || shape == SHAPE_COLD) {
        next->other_arena = (uint8_t)(shape == SHAPE_COLD ? fresh : cold);
    } else if (next->open != next->record_arena) {
        next->other_arena = next->open;
    }
    if ((is_new && fresh == 0) || ((shape == SHAPE_SPARE || shape == SHAPE_SPAN) && spare == 0) ||
        (shape == SHAPE_BESIDE && (cold == 0 || is_full(s, tip, cold))) ||
        (shape == SHAPE_COLD && cold != 0 && !is_full(s, tip, cold)) ||
        (shape == SHAPE_PREPARE && spare != 0)) {
        return false;
    }
    if (is_new) {
        next->listed |= (uint8_t)(1U << fresh);
    }
    return !is_full(s, tip, next->record_arena);
}

/* The commit with that shape; false: not possible. keeps_cold: what holds something and is not the
 * open arena goes on growing, else a manifest seals it. */
static bool plan(const struct state *s, enum shape shape, bool keeps_cold, struct commit *next)
{
    const unsigned tip = s->writer.tip;
    const unsigned spare = spare_arena(s, tip);

    *next = s->commit[tip];
    next->parent = (uint8_t)tip;
    next->txn++;
    next->other_arena = 0;
    if (!place_extents(s, shape, next)) {
        return false;
    }
    next->live |= (uint8_t)(1U << next->record_arena |
                            (next->other_arena == 0 ? 0 : 1U << next->other_arena));
    if (shape < SHAPE_NEW) {
        return true;
    }
    const unsigned dead = dead_arenas(&s->commit[tip]);

    if (shape == SHAPE_DROP && dead == 0) {
        return false;
    }
    next->generation++;
    next->manifest = s->commits + 1U;
    next->unsealed = (uint8_t)(1U << next->open);
    if (shape == SHAPE_COLD) {
        next->unsealed |= (uint8_t)(1U << next->other_arena);
    } else if (keeps_cold && cold_arena(s, tip) != 0) {
        next->unsealed |= (uint8_t)(1U << cold_arena(s, tip));
    }
    if (shape == SHAPE_PREPARE) {
        next->unsealed |= (uint8_t)(1U << next_arena(s, tip));
    } else if (spare != 0 && shape == SHAPE_DROP) {
        next->unsealed |= (uint8_t)(1U << spare);
    }
    next->listed &= (uint8_t)~dead;
    return true;
}

/* An arena that loses its last live node with this commit, or 0. */
static unsigned choose_death(struct run *run, const struct commit *next)
{
    unsigned arenas[ARENAS];
    unsigned count = 0;

    arenas[count++] = 0;
    for (unsigned a = 1; a < ARENAS && may(run, MAY_DIE); a++) {
        if ((next->live >> a & 1) != 0 && a != next->open && a != next->record_arena) {
            arenas[count++] = a;
        }
    }
    return arenas[choose(run, count)];
}

bool begin_commit(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    const enum way way = choose(run, 3);
    const enum shape shape = choose(run, SHAPE_COUNT);
    struct commit next;

    if ((run->scope->ways >> way & 1) == 0 || (run->scope->shapes >> shape & 1) == 0 ||
        s->commits > run->scope->commits ||
        !plan(s, shape, (run->scope->shapes >> SHAPE_COLD & 1) != 0, &next)) {
        return false;
    }
    const unsigned dead = choose_death(run, &next);

    next.live &= (uint8_t) ~(dead == 0 ? 0 : 1U << dead);
    /* One sync vouches for one commit: what ordered ones before it left takes two. */
    next.way = way == WAY_ONE_SYNC && w->durable != w->tip ? WAY_TWO_SYNCS : (uint8_t)way;
    next.durable = keeps(run, RULE_VOUCH_HONESTLY) ? w->durable : w->tip;
    s->commits++;
    s->commit[s->commits] = next;
    w->next = s->commits;
    w->at = shape >= SHAPE_NEW && shape <= SHAPE_PREPARE ? COMMIT_FILE : COMMIT_DATA;
    say(run, "commit %u (txn %u after %u): %s, %s%s", w->next, next.txn, next.parent,
        way_names[way], shape_names[shape],
        dead == 0   ? ""
        : dead == 1 ? ", arena 1 dies"
                    : ", an arena dies");
    return true;
}
