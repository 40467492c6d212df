/* src/base/cpu.c -- which instructions may be used here.
 *
 * The compiler's runtime asks the processor once, before main(), and counts a vector extension
 * only when the system saves its registers; asking it is a load and a test.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/base.h"

#if defined(__x86_64__)

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

unsigned xti_cpu_features(void)
{
    unsigned features = 0;

    __builtin_cpu_init();
    if (has_avx2()) {
        features |= XTI_CPU_AVX2;
        if (has_avx512())
            features |= XTI_CPU_AVX512;
    }
    return features;
}

#else

unsigned xti_cpu_features(void)
{
    return 0;
}

#endif
