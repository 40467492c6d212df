/* src/base/hash.c -- XXH64 with seed 0.
 *
 * Input is eaten in blocks of 32 bytes: four lanes of 64 bits each take 8 of them with one
 * multiply, one rotation and another multiply, independent of each other. At the end the lanes
 * are merged, the up to 31 bytes that are left are mixed in, and the bits are spread.
 *
 * Words are read as little-endian, which is the only byte order the library is built for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/base.h"

#include <string.h>

#define BLOCK_BYTES 32

#define PRIME_1 UINT64_C(0x9e3779b185ebca87)
#define PRIME_2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define PRIME_3 UINT64_C(0x165667b19e3779f9)
#define PRIME_4 UINT64_C(0x85ebca77c2b2ae63)
#define PRIME_5 UINT64_C(0x27d4eb2f165667c5)

static_assert(sizeof((struct xti_hash){0}.tail) == BLOCK_BYTES, "the tail holds less than a block");

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}

static inline uint64_t load_64(const unsigned char *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t load_32(const unsigned char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t lane_add(uint64_t lane, uint64_t word)
{
    return rotate(lane + word * PRIME_2, 31) * PRIME_1;
}

static void lanes_init(uint64_t lane[4])
{
    lane[0] = PRIME_1 + PRIME_2;
    lane[1] = PRIME_2;
    lane[2] = 0;
    lane[3] = 0 - PRIME_1;
}

/* Eats `blocks` blocks and returns where they end. */
static const unsigned char *lanes_add(uint64_t lane[4], const unsigned char *at, size_t blocks)
{
    /* Copies, so that the compiler keeps them in registers: `at` may point anywhere. */
    uint64_t a = lane[0];
    uint64_t b = lane[1];
    uint64_t c = lane[2];
    uint64_t d = lane[3];

    for (; blocks > 0; blocks--) {
        a = lane_add(a, load_64(at));
        b = lane_add(b, load_64(at + 8));
        c = lane_add(c, load_64(at + 16));
        d = lane_add(d, load_64(at + 24));
        at += BLOCK_BYTES;
    }
    lane[0] = a;
    lane[1] = b;
    lane[2] = c;
    lane[3] = d;
    return at;
}

static uint64_t lanes_merge(const uint64_t lane[4])
{
    uint64_t value =
        rotate(lane[0], 1) + rotate(lane[1], 7) + rotate(lane[2], 12) + rotate(lane[3], 18);

    for (int i = 0; i < 4; i++)
        value = (value ^ lane_add(0, lane[i])) * PRIME_1 + PRIME_4;
    return value;
}

static uint64_t tail_add(uint64_t value, const unsigned char *at, size_t bytes)
{
    for (; bytes >= 8; bytes -= 8, at += 8)
        value = rotate(value ^ lane_add(0, load_64(at)), 27) * PRIME_1 + PRIME_4;
    if (bytes >= 4) {
        value = rotate(value ^ load_32(at) * PRIME_1, 23) * PRIME_2 + PRIME_3;
        bytes -= 4;
        at += 4;
    }
    for (; bytes > 0; bytes--, at++)
        value = rotate(value ^ *at * PRIME_5, 11) * PRIME_1;
    return value;
}

/* lane: NULL when there was no whole block. */
static uint64_t finish(const uint64_t *lane, uint64_t total_bytes, const unsigned char *tail)
{
    uint64_t value = lane != NULL ? lanes_merge(lane) : PRIME_5;

    value = tail_add(value + total_bytes, tail, total_bytes % BLOCK_BYTES);
    value = (value ^ (value >> 33)) * PRIME_2;
    value = (value ^ (value >> 29)) * PRIME_3;
    return value ^ (value >> 32);
}

void xti_hash_init(struct xti_hash *hash)
{
    memset(hash, 0, sizeof *hash);
    lanes_init(hash->lane);
}

void xti_hash_add(struct xti_hash *hash, const void *data, size_t bytes)
{
    const unsigned char *at = data;

    if (bytes == 0)
        return;
    hash->total_bytes += bytes;
    if (hash->tail_bytes != 0) {
        size_t room = BLOCK_BYTES - hash->tail_bytes;
        size_t moved = bytes < room ? bytes : room;

        memcpy(hash->tail + hash->tail_bytes, at, moved);
        hash->tail_bytes += (uint32_t)moved;
        at += moved;
        bytes -= moved;
        if (hash->tail_bytes < BLOCK_BYTES)
            return;
        lanes_add(hash->lane, hash->tail, 1);
    }
    at = lanes_add(hash->lane, at, bytes / BLOCK_BYTES);
    hash->tail_bytes = (uint32_t)(bytes % BLOCK_BYTES);
    if (hash->tail_bytes != 0)
        memcpy(hash->tail, at, hash->tail_bytes);
}

uint64_t xti_hash_value(const struct xti_hash *hash)
{
    return finish(hash->total_bytes >= BLOCK_BYTES ? hash->lane : NULL, hash->total_bytes,
                  hash->tail);
}

uint64_t xti_hash64(const void *data, size_t bytes)
{
    uint64_t lane[4];
    const unsigned char *at = data;

    if (bytes < BLOCK_BYTES)
        return finish(NULL, bytes, at);
    lanes_init(lane);
    at = lanes_add(lane, at, bytes / BLOCK_BYTES);
    return finish(lane, bytes, at);
}
