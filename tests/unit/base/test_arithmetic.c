/* tests/unit/base/test_arithmetic.c -- does checked arithmetic see every overflow?
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/base.h"
#include "support/check.h"

static void sums_that_do_not_fit_are_refused(void)
{
    static const struct {
        const char *name;
        uint64_t a;
        uint64_t b;
        bool fits;
        uint64_t want;
    } rows[] = {
        {"zeros",                     0,                 0,                 true,  0         },
        {"small",                     2,                 3,                 true,  5         },
        {"up to the last",            UINT64_MAX - 1,    1,                 true,  UINT64_MAX},
        {"nothing added to the last", UINT64_MAX,        0,                 true,  UINT64_MAX},
        {"one too many",              UINT64_MAX,        1,                 false, 0         },
        {"halves",                    UINT64_C(1) << 63, UINT64_C(1) << 63, false, 0         },
        {"last and last",             UINT64_MAX,        UINT64_MAX,        false, 0         },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        uint64_t got = 0;

        check_row = rows[i].name;
        CHECK_INT(xti_add_u64(rows[i].a, rows[i].b, &got), rows[i].fits);
        if (rows[i].fits)
            CHECK_U64(got, rows[i].want);
    }
}

static void products_that_do_not_fit_are_refused(void)
{
    static const struct {
        const char *name;
        uint64_t a;
        uint64_t b;
        bool fits;
        uint64_t want;
    } rows[] = {
        {"by zero",         UINT64_MAX,        0,                 true,  0                           },
        {"by one",          UINT64_MAX,        1,                 true,  UINT64_MAX                  },
        {"small",           6,                 7,                 true,  42                          },
        {"largest factors", UINT32_MAX,        UINT64_C(1) << 32, true,  UINT64_C(0xffffffff00000000)},
        {"exactly 2^64",    UINT64_C(1) << 32, UINT64_C(1) << 32, false, 0                           },
        {"by two",          UINT64_MAX,        2,                 false, 0                           },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        uint64_t got = 0;

        check_row = rows[i].name;
        CHECK_INT(xti_mul_u64(rows[i].a, rows[i].b, &got), rows[i].fits);
        CHECK_INT(xti_mul_u64(rows[i].b, rows[i].a, &got), rows[i].fits);
        if (rows[i].fits)
            CHECK_U64(got, rows[i].want);
    }
}

static void rounding_up_gives_the_next_multiple(void)
{
    static const struct {
        const char *name;
        uint64_t value;
        uint64_t align;
        uint64_t want;
    } rows[] = {
        {"zero",       0,                       64,   0                         },
        {"one",        1,                       64,   64                        },
        {"one below",  63,                      64,   64                        },
        {"a multiple", 64,                      64,   64                        },
        {"one above",  65,                      64,   128                       },
        {"to bytes",   77,                      1,    77                        },
        {"large",      (UINT64_C(1) << 62) + 1, 4096, (UINT64_C(1) << 62) + 4096},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        check_row = rows[i].name;
        CHECK_U64(xti_round_up(rows[i].value, rows[i].align), rows[i].want);
    }
}

static void only_powers_of_two_are_powers_of_two(void)
{
    CHECK(!xti_is_power_of_two(0));
    CHECK(!xti_is_power_of_two(UINT64_MAX));
    for (unsigned bit = 0; bit < 64; bit++) {
        CHECK(xti_is_power_of_two(UINT64_C(1) << bit));
        if (bit > 0)
            CHECK(!xti_is_power_of_two((UINT64_C(1) << bit) | 1));
    }
}

static void the_larger_vectors_imply_the_smaller(void)
{
    unsigned features = xti_cpu_features();

    CHECK_U64(xti_cpu_features(), features);
    CHECK_U64(features & ~(unsigned)(XTI_CPU_AVX2 | XTI_CPU_AVX512), 0);
    if ((features & XTI_CPU_AVX512) != 0)
        CHECK((features & XTI_CPU_AVX2) != 0);
}

CHECK_MAIN({"sums_that_do_not_fit_are_refused", sums_that_do_not_fit_are_refused},
           {"products_that_do_not_fit_are_refused", products_that_do_not_fit_are_refused},
           {"rounding_up_gives_the_next_multiple", rounding_up_gives_the_next_multiple},
           {"only_powers_of_two_are_powers_of_two", only_powers_of_two_are_powers_of_two},
           {"the_larger_vectors_imply_the_smaller", the_larger_vectors_imply_the_smaller})
