/* src/base/base.h -- the door of the base room: what every other room stands on.
 *
 * Assertions, checked arithmetic, checksums, CPU features. No I/O, no allocation, no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_BASE_H
#define XTI_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xtree.h"

#define XTI_ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Prints file, line and expression on standard error and aborts. */
_Noreturn void xti_assert_failed(const char *file, int line, const char *expression);

/* States what only a bug in this library can break. Compiled always: cheap facts only. */
#define XTI_ASSERT(x) ((x) ? (void)0 : xti_assert_failed(__FILE__, __LINE__, #x))

/* The same for what loops; compiled in Debug and sanitizer builds. */
#ifdef XTI_DEBUG
#define XTI_DEBUG_ASSERT(x) XTI_ASSERT(x)
#else
#define XTI_DEBUG_ASSERT(x) ((void)sizeof(x))
#endif

/* ---- checked arithmetic: false, and *out unspecified, when the result does not fit -------- */

static inline bool xti_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool xti_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

/* Rounds up to a multiple of `align`, a power of two. The caller knows that it fits. */
static inline uint64_t xti_round_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static inline bool xti_is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* ---- checksums ---------------------------------------------------------------------------- */

/* CRC-32C (Castagnoli, reflected, polynomial 0x1EDC6F41, initial value and final xor ~0) of
 * `bytes` bytes. crc: 0, or the result for the bytes before these. "123456789" gives 0xE3069283.
 * The SSE4.2 instruction where there is one, three streams at a time; else tables. */
uint32_t xti_crc32c(uint32_t crc, const void *data, size_t bytes);

/* XXH64 (Collet's xxHash, 64-bit variant, seed 0), all at once or in pieces. */
struct xti_hash {
    uint64_t lane[4];
    uint64_t total_bytes;
    unsigned char tail[32];
    uint32_t tail_bytes;
};
void xti_hash_init(struct xti_hash *hash);
void xti_hash_add(struct xti_hash *hash, const void *data, size_t bytes);
uint64_t xti_hash_value(const struct xti_hash *hash);
uint64_t xti_hash64(const void *data, size_t bytes);

/* ---- processor ---------------------------------------------------------------------------- */

enum xti_cpu { XTI_CPU_AVX2 = 1, XTI_CPU_AVX512 = 2 };

/* Bits of enum xti_cpu that processor and system support. XTI_CPU_AVX2 stands for AVX2, BMI2,
 * FMA and POPCNT; XTI_CPU_AVX512 for F, DQ, BW, VL and XTI_CPU_AVX2. */
unsigned xti_cpu_features(void);

#endif
