/* tests/unit/base/test_crc32c.c -- are both ways of computing CRC-32C right for every length?
 *
 * The reference goes bit by bit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/crc32c.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#define DATA_BYTES 20000

static unsigned char data[DATA_BYTES];

static void data_fill(void)
{
    uint64_t state = check_seed;

    for (size_t i = 0; i < DATA_BYTES; i++)
        data[i] = (unsigned char)check_random(&state);
}

static uint32_t add_byte(uint32_t crc, unsigned char byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    return crc;
}

static void known_sums_are_found(void)
{
    static const struct {
        const char *name;
        size_t size;
        int first;
        int step;
        uint32_t want;
    } rows[] = {
  /* RFC 3720, B.4 */
        {"32 zeros",   32, 0,    0,  0x8a9136aa},
        {"32 ones",    32, 0xff, 0,  0x62a8ab43},
        {"32 rising",  32, 0,    1,  0x46dd794e},
        {"32 falling", 32, 31,   -1, 0x113fdb5c},
        {"digits",     9,  '1',  1,  0xe3069283},
        {"nothing",    0,  0,    0,  0         },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        unsigned char bytes[32];

        check_row = rows[i].name;
        for (size_t k = 0; k < rows[i].size; k++)
            bytes[k] = (unsigned char)(rows[i].first + rows[i].step * (int)k);
        CHECK_U64(xti_crc32c(0, bytes, rows[i].size), rows[i].want);
        CHECK_U64(xti_crc32c_tables(0, bytes, rows[i].size), rows[i].want);
    }
}

static void every_length_and_alignment_agrees_with_the_reference(void)
{
    data_fill();
    for (size_t start = 0; start < 9; start++) {
        uint32_t want = UINT32_MAX;

        for (size_t size = 0; size <= 7000; size++) {
            /* The last byte ends the block, so that a sanitizer sees a longer read. */
            if (size % 509 == 0 || size < 300) {
                unsigned char *copy = malloc(size + start + 1);

                memcpy(copy + start + 1, data + start, size);
                CHECK_U64(xti_crc32c(0, copy + start + 1, size), ~want);
                CHECK_U64(xti_crc32c_tables(0, copy + start + 1, size), ~want);
                free(copy);
            } else {
                CHECK_U64(xti_crc32c(0, data + start, size), ~want);
            }
            want = add_byte(want, data[start + size]);
        }
    }
}

static void pieces_give_the_sum_of_the_whole(void)
{
    uint64_t state = check_seed;
    uint32_t want;

    data_fill();
    want = xti_crc32c_tables(0, data, DATA_BYTES);
    for (int round = 0; round < 300; round++) {
        size_t largest = 1 + (size_t)(check_random(&state) % 5000);
        uint32_t crc = 0;

        for (size_t at = 0; at < DATA_BYTES;) {
            size_t size = (size_t)(check_random(&state) % (largest + 1));

            if (size > DATA_BYTES - at)
                size = DATA_BYTES - at;
            crc = (check_random(&state) & 1) != 0 ? xti_crc32c(crc, data + at, size)
                                                  : xti_crc32c_tables(crc, data + at, size);
            at += size;
        }
        CHECK_U64(crc, want);
    }
}

static void every_flipped_bit_changes_the_sum(void)
{
    uint32_t want;

    data_fill();
    want = xti_crc32c(0, data, 1024);
    for (size_t bit = 0; bit < (size_t)8 * 1024; bit++) {
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        CHECK(xti_crc32c(0, data, 1024) != want);
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    CHECK_U64(xti_crc32c(0, data, 1024), want);
}

CHECK_MAIN({"known_sums_are_found", known_sums_are_found},
           {"every_length_and_alignment_agrees_with_the_reference",
            every_length_and_alignment_agrees_with_the_reference},
           {"pieces_give_the_sum_of_the_whole", pieces_give_the_sum_of_the_whole},
           {"every_flipped_bit_changes_the_sum", every_flipped_bit_changes_the_sum})
