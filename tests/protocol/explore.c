/* tests/protocol/explore.c -- every state that the steps lead to, nearest first.
 *
 * States are told apart by 128 bits of hash, so two of them would have to collide for one to be
 * missed. What is kept of a state is its hash and the state that it came from; the states
 * themselves only as long as they wait. A trace is found by walking back and running the steps
 * again.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/model.h"

struct mark {
    uint64_t low, high;
};

struct entry {
    struct mark mark;
    uint32_t number; /* of the state, + 1; 0: no entry */
};

struct waiting {
    struct state state;
    uint32_t number;
};

struct queue {
    struct waiting *items;
    size_t count, room;
};

struct explorer {
    struct run run;
    struct entry *table;
    size_t table_size;
    uint32_t *parents;
    size_t count, room;
    struct queue now, next;
    struct result result;
    uint32_t failed; /* the state that the violating step leaves */
};

static void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "test_protocol: no memory\n");
        exit(1);
    }
    return memory;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93U;
    x ^= x >> 32;
    return x;
}

static struct mark mark_of(const struct state *s)
{
    uint64_t words[(sizeof *s + 7) / 8] = {0};
    struct mark mark = {0x9e3779b97f4a7c15U, 0x243f6a8885a308d3U};

    memcpy(words, s, sizeof *s);
    for (size_t i = 0; i < sizeof words / 8; i++) {
        mark.low = mix(mark.low ^ words[i]) + 0x9e3779b97f4a7c15U;
        mark.high = (mark.high ^ words[i]) * 0xff51afd7ed558ccdU;
        mark.high ^= mark.high >> 29;
    }
    mark.high = mix(mark.high);
    return mark;
}

/* Where the mark stands in the table, or would. */
static struct entry *slot_of(struct entry *table, size_t size, struct mark mark)
{
    size_t i = mark.low & (size - 1);

    while (table[i].number != 0 &&
           (table[i].mark.low != mark.low || table[i].mark.high != mark.high)) {
        i = (i + 1) & (size - 1);
    }
    return &table[i];
}

static void grow_table(struct explorer *e)
{
    const size_t size = e->table_size == 0 ? 1 << 16 : e->table_size * 2;
    struct entry *table = need(calloc(size, sizeof *table));

    for (size_t i = 0; i < e->table_size; i++) {
        if (e->table[i].number != 0) {
            *slot_of(table, size, e->table[i].mark) = e->table[i];
        }
    }
    free(e->table);
    e->table = table;
    e->table_size = size;
}

/* Adds a state; false: it was there. */
static bool add_mark(struct explorer *e, struct mark mark, uint32_t parent)
{
    if (e->count * 2 >= e->table_size) {
        grow_table(e);
    }
    struct entry *entry = slot_of(e->table, e->table_size, mark);

    if (entry->number != 0) {
        return false;
    }
    if (e->count == e->room) {
        e->room = e->room == 0 ? 1 << 16 : e->room * 2;
        e->parents = need(realloc(e->parents, e->room * sizeof *e->parents));
    }
    e->parents[e->count] = parent;
    e->count++;
    *entry = (struct entry){mark, (uint32_t)e->count};
    return true;
}

static void push(struct queue *queue, const struct state *s, uint32_t number)
{
    if (queue->count == queue->room) {
        queue->room = queue->room == 0 ? 1 << 10 : queue->room * 2;
        queue->items = need(realloc(queue->items, queue->room * sizeof *queue->items));
    }
    queue->items[queue->count++] = (struct waiting){*s, number};
}

/* The next sequence of answers; false: all were given. */
static bool next_answers(struct run *run)
{
    run->given = run->used;
    while (run->given > 0) {
        if (++run->choice[run->given - 1] < run->options[run->given - 1]) {
            return true;
        }
        run->given--;
    }
    return false;
}

/* Runs one step of `from`; false: it is not possible. */
static bool run_step(struct run *run, const struct state *from, struct state *to)
{
    *to = *from;
    run->used = 0;
    run->violation = NULL;
    run->label[0] = '\0';
    const bool possible = any_step(run, to);

    if (possible && run->violation == NULL) {
        state_tidy(to);
        check_always(run, to);
    }
    return possible;
}

static void expand(struct explorer *e, const struct waiting *from)
{
    struct state to;

    e->run.given = 0;
    do {
        if (!run_step(&e->run, &from->state, &to)) {
            continue;
        }
        e->result.steps++;
        if (e->run.violation != NULL) {
            e->result.violation = e->run.violation;
            e->failed = from->number;
            return;
        }
        if (add_mark(e, mark_of(&to), from->number)) {
            push(&e->next, &to, (uint32_t)e->count - 1);
        }
    } while (next_answers(&e->run));
}

/* ---- traces -------------------------------------------------------------------------------- */

static struct mark find_mark(const struct explorer *e, uint32_t number)
{
    size_t i = 0;

    while (e->table[i].number != number + 1) {
        i++;
    }
    return e->table[i].mark;
}

/* Steps from `s` to the state with that mark, and says how. */
static void print_step(struct run *run, struct state *s, struct mark mark)
{
    struct state to;

    run->given = 0;
    do {
        if (run_step(run, s, &to) && run->violation == NULL) {
            const struct mark found = mark_of(&to);

            if (found.low == mark.low && found.high == mark.high) {
                break;
            }
        }
    } while (next_answers(run));
    *s = to;
    printf("  %s\n", run->label);
    state_print(s);
}

static void print_trace(struct explorer *e)
{
    uint32_t *path = need(malloc(((size_t)e->result.depth + 1) * sizeof *path));
    unsigned length = 0;
    char last[sizeof e->run.label];
    struct run run = {.scope = e->run.scope, .broken = e->run.broken, .telling = true};
    struct state s;

    memcpy(last, e->run.label, sizeof last);
    for (uint32_t n = e->failed; n != 0; n = e->parents[n]) {
        path[length++] = n;
    }
    state_first(&s);
    state_print(&s);
    while (length > 0) {
        print_step(&run, &s, find_mark(e, path[--length]));
    }
    printf("  %s\n  VIOLATED: %s\n", last, e->result.violation);
    free(path);
}

struct result explore(const struct scope *scope, enum rule broken, uint64_t limit, bool trace)
{
    struct explorer e = {
        .run = {.scope = scope, .broken = broken}
    };
    struct state first;

    state_first(&first);
    add_mark(&e, mark_of(&first), 0);
    push(&e.next, &first, 0);
    while (e.next.count != 0 && e.result.violation == NULL && e.count < limit) {
        const struct queue swap = e.now;

        e.now = e.next;
        e.next = swap;
        e.next.count = 0;
        e.result.depth++;
        for (size_t i = 0; i < e.now.count && e.result.violation == NULL && e.count < limit; i++) {
            expand(&e, &e.now.items[i]);
        }
    }
    e.result.states = e.count;
    e.result.complete = e.next.count == 0 && e.result.violation == NULL;
    if (trace && e.result.violation != NULL) {
        print_trace(&e);
    }
    free(e.table);
    free(e.parents);
    free(e.now.items);
    free(e.next.items);
    return e.result;
}
