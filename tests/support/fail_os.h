/* tests/support/fail_os.h -- a system in which the N-th call fails, and which counts what is owed.
 *
 * Wraps any other table. A sweep fails the 1st, 2nd, 3rd ... call until the operation succeeds:
 *
 *     for (uint64_t n = 1, hit = 1; hit; n++) {
 *         fail_os_init(&fail, xti_os_real());
 *         fail.fail_at = n;
 *         status = operation(&fail.os);
 *         hit = fail.hit;
 *         CHECK((status != XT_OK) == hit);
 *         CHECK(fail_os_is_clean(&fail));
 *     }
 *
 * A block that is freed with another size than it was allocated with aborts the test.
 *
 * Threads: the table may be used from any thread; the fields are set while no other thread runs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAIL_OS_H
#define FAIL_OS_H

#include <stdatomic.h>

#include "os/os.h"

/* The calls that can fail. */
enum fail_kind {
    FAIL_ALLOC = 1 << 0,
    FAIL_RESERVE = 1 << 1,
    FAIL_PLACE_MEMORY = 1 << 2,
    FAIL_PLACE_FILE = 1 << 3,
    FAIL_OPEN = 1 << 4,
    FAIL_READ = 1 << 5,
    FAIL_WRITE = 1 << 6,
    FAIL_SYNC = 1 << 7,
    FAIL_SIZE = 1 << 8,
    FAIL_ALLOCATE = 1 << 9,
    FAIL_LOCK = 1 << 10,
    FAIL_MAKE_FOLDER = 1 << 11,
    FAIL_REMOVE_FOLDER = 1 << 12,
    FAIL_SYNC_FOLDER = 1 << 13,
    FAIL_RENAME = 1 << 14,
    FAIL_REMOVE = 1 << 15,
    FAIL_LIST = 1 << 16,
    FAIL_THREAD = 1 << 17,
    FAIL_MUTEX = 1 << 18,
    FAIL_RANDOM = 1 << 19,
    FAIL_WATCH = 1 << 20,
    FAIL_CUT = 1 << 21,
    FAIL_LINK = 1 << 22,
    FAIL_ALL = (1 << 23) - 1
};

struct fail_os;

/* Called before each counted call with its kind and number; may set the fields above `calls`, and
 * so decide that this very call fails. */
typedef void fail_choose_fn(struct fail_os *fail, unsigned kind, uint64_t number);

struct fail_os {
    struct xti_os os; /* the table to hand out */
    const struct xti_os *inner;

    /* Set by the test. */
    uint64_t fail_at;  /* which of the counted calls fails, from 1; 0: none */
    bool fail_forever; /* all later ones fail too */
    bool short_first;  /* a failing write_at writes a random part of the data before */
    int fail_with;     /* an errno value; 0: EIO. Memory fails with ENOMEM, threads with EAGAIN */
    unsigned kinds;    /* bits of enum fail_kind: which calls are counted; FAIL_ALL */
    uint64_t random_state;
    fail_choose_fn *choose; /* NULL: nobody is asked */
    void *choose_context;   /* for `choose` to use */

    /* Read by the test. */
    _Atomic uint64_t calls; /* counted ones so far */
    _Atomic bool hit;       /* one was made to fail */
    _Atomic unsigned hit_kind;
    _Atomic uint64_t hit_bytes; /* of a write_at; 0: another call */
    char hit_begin[8];          /* the first of these bytes */
    xti_file synced;            /* the file of the last sync, also of one that is about to fail */

    /* What was taken and not given back. */
    _Atomic int64_t allocations;
    _Atomic int64_t allocated_bytes;
    _Atomic int64_t reservations;
    _Atomic int64_t watches;
    _Atomic int64_t files;
    _Atomic int64_t threads;
    _Atomic int64_t mutexes;
};

/* Nothing fails until fail_at is set. */
void fail_os_init(struct fail_os *fail, const struct xti_os *inner);

/* Counts from one again and fails nothing; what is owed stays. */
void fail_os_reset(struct fail_os *fail);

/* Nothing is owed. Prints what is, so that CHECK(fail_os_is_clean(&fail)) says enough. */
bool fail_os_is_clean(const struct fail_os *fail);

/* "write_at" for FAIL_WRITE. */
const char *fail_kind_name(unsigned kind);

#endif
