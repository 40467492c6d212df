/* tests/unit/base/test_hash.c -- is it XXH64, for every length and however the data is cut?
 *
 * The known values are the widely published ones of short strings. The reference below follows the
 * description byte by byte.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "support/check.h"

#define DATA_BYTES 4096

static const uint64_t primes[] = {0,
                                  UINT64_C(11400714785074694791),
                                  UINT64_C(14029467366897019727),
                                  UINT64_C(1609587929392839161),
                                  UINT64_C(9650029242287828579),
                                  UINT64_C(2870177450012600261)};

static unsigned char data[DATA_BYTES];

static void data_fill(void)
{
    uint64_t state = check_seed;

    for (size_t i = 0; i < DATA_BYTES; i++)
        data[i] = (unsigned char)check_random(&state);
}

static uint64_t turn(uint64_t value, int bits)
{
    for (int i = 0; i < bits; i++)
        value = value * 2 + (value >> 63);
    return value;
}

static uint64_t word(const unsigned char *at, int bytes)
{
    uint64_t value = 0;

    for (int i = bytes; i > 0; i--)
        value = value * 256 + at[i - 1];
    return value;
}

static uint64_t mixed(uint64_t lane, uint64_t input)
{
    return turn(lane + input * primes[2], 31) * primes[1];
}

static uint64_t reference(const unsigned char *at, size_t size)
{
    uint64_t lane[4] = {primes[1] + primes[2], primes[2], 0, 0 - primes[1]};
    uint64_t value = primes[5];
    size_t done = 0;

    for (; size - done >= 32; done += 32) {
        for (size_t i = 0; i < 4; i++)
            lane[i] = mixed(lane[i], word(at + done + 8 * i, 8));
    }
    if (size >= 32) {
        value = turn(lane[0], 1) + turn(lane[1], 7) + turn(lane[2], 12) + turn(lane[3], 18);
        for (int i = 0; i < 4; i++)
            value = (value ^ mixed(0, lane[i])) * primes[1] + primes[4];
    }
    value += size;
    for (; size - done >= 8; done += 8)
        value = turn(value ^ mixed(0, word(at + done, 8)), 27) * primes[1] + primes[4];
    for (; size - done >= 4; done += 4)
        value = turn(value ^ word(at + done, 4) * primes[1], 23) * primes[2] + primes[3];
    for (; size - done >= 1; done += 1)
        value = turn(value ^ at[done] * primes[5], 11) * primes[1];
    value = (value ^ (value >> 33)) * primes[2];
    value = (value ^ (value >> 29)) * primes[3];
    return value ^ (value >> 32);
}

static void known_values_are_found(void)
{
    static const struct {
        const char *text;
        uint64_t want;
    } rows[] = {
        {"",                                            UINT64_C(0xef46db3751d8e999)},
        {"a",                                           UINT64_C(0xd24ec4f1a98c6e5b)},
        {"abc",                                         UINT64_C(0x44bc2cf5ad770999)},
        {"The quick brown fox jumps over the lazy dog", UINT64_C(0x0b242d361fda71bc)},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        check_row = rows[i].text;
        CHECK_U64(xti_hash64(rows[i].text, strlen(rows[i].text)), rows[i].want);
    }
}

static void every_length_and_alignment_agrees_with_the_reference(void)
{
    data_fill();
    for (size_t start = 0; start < 9; start++) {
        for (size_t size = 0; size <= 300; size++) {
            unsigned char *copy = malloc(size + start + 1);
            struct xti_hash hash;

            memcpy(copy + start + 1, data + start, size);
            CHECK_U64(xti_hash64(copy + start + 1, size), reference(data + start, size));
            xti_hash_init(&hash);
            xti_hash_add(&hash, copy + start + 1, size);
            CHECK_U64(xti_hash_value(&hash), reference(data + start, size));
            free(copy);
        }
    }
    CHECK_U64(xti_hash64(data, DATA_BYTES), reference(data, DATA_BYTES));
}

static void pieces_give_the_value_of_the_whole(void)
{
    uint64_t state = check_seed;

    data_fill();
    for (int round = 0; round < 1000; round++) {
        size_t total = (size_t)(check_random(&state) % (DATA_BYTES + 1));
        size_t largest = 1 + (size_t)(check_random(&state) % 100);
        struct xti_hash hash;

        xti_hash_init(&hash);
        for (size_t at = 0; at < total;) {
            size_t size = (size_t)(check_random(&state) % (largest + 1));

            if (size > total - at)
                size = total - at;
            xti_hash_add(&hash, data + at, size);
            at += size;
        }
        CHECK_U64(xti_hash_value(&hash), xti_hash64(data, total));
    }
}

static void asking_for_the_value_changes_nothing(void)
{
    struct xti_hash hash;

    data_fill();
    xti_hash_init(&hash);
    xti_hash_add(&hash, data, 45);
    CHECK_U64(xti_hash_value(&hash), xti_hash64(data, 45));
    CHECK_U64(xti_hash_value(&hash), xti_hash64(data, 45));
    xti_hash_add(&hash, data + 45, 55);
    CHECK_U64(xti_hash_value(&hash), xti_hash64(data, 100));
    xti_hash_add(&hash, NULL, 0);
    CHECK_U64(xti_hash_value(&hash), xti_hash64(data, 100));
}

CHECK_MAIN({"known_values_are_found", known_values_are_found},
           {"every_length_and_alignment_agrees_with_the_reference",
            every_length_and_alignment_agrees_with_the_reference},
           {"pieces_give_the_value_of_the_whole", pieces_give_the_value_of_the_whole},
           {"asking_for_the_value_changes_nothing", asking_for_the_value_changes_nothing})
