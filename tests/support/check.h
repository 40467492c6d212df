/* tests/support/check.h -- the test harness.
 *
 * A test is a function without arguments whose name is a sentence of what holds. It calls CHECK
 * and its kin; each prints file, line, row, got and want when it fails, yields whether it held,
 * and lets the test go on. `if (!CHECK(...)) return;` stops where going on makes no sense.
 *
 *     CHECK_MAIN({"empty_store_has_no_items", empty_store_has_no_items},
 *                {"row_names_are_printed", row_names_are_printed})
 *
 * defines main(). Arguments: names of the tests to run (none: all), --seed N, --list.
 * The exit status is 0 when all passed, 1 when one failed, 2 for a wrong argument.
 *
 * Threads: CHECK may be called from any thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xtree.h"

struct check_test {
    const char *name;
    void (*run)(void);
};

/* The row of the table that is being tested, or NULL. Reset before each test. */
extern const char *check_row;

/* What random tests start from: 1, or the argument of --seed. Printed when a test fails. */
extern uint64_t check_seed;

#define CHECK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define CHECK(cond) check_true((cond), __FILE__, __LINE__, #cond)
#define CHECK_INT(got, want)                                                                       \
    check_int((long long)(got), (long long)(want), __FILE__, __LINE__, #got)
#define CHECK_U64(got, want) check_u64((uint64_t)(got), (uint64_t)(want), __FILE__, __LINE__, #got)
#define CHECK_STR(got, want) check_str((got), (want), __FILE__, __LINE__, #got)
#define CHECK_STATUS(got, want) check_status((got), (want), __FILE__, __LINE__, #got)

#define CHECK_MAIN(...)                                                                            \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        static const struct check_test tests[] = {__VA_ARGS__};                                    \
                                                                                                   \
        return check_main(tests, CHECK_COUNT(tests), argc, argv);                                  \
    }

bool check_true(bool held, const char *file, int line, const char *text);
bool check_int(long long got, long long want, const char *file, int line, const char *text);
bool check_u64(uint64_t got, uint64_t want, const char *file, int line, const char *text);
bool check_str(const char *got, const char *want, const char *file, int line, const char *text);
bool check_status(xt_status got, xt_status want, const char *file, int line, const char *text);
int check_main(const struct check_test *tests, size_t count, int argc, char **argv);

/* ---- random numbers ------------------------------------------------------------------------ */

/* The next number of the sequence that `*state` stands for (SplitMix64). Any state is good. */
uint64_t check_random(uint64_t *state);

/* At least 0, less than 1, all 53 bits random. */
double check_uniform(uint64_t *state);

/* ---- files --------------------------------------------------------------------------------- */

/* A new empty folder that belongs to this call alone. It and what is in it are removed when the
 * program ends. The text lives as long. */
const char *check_scratch(void);

#endif
