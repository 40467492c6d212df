/* src/geom/kernels.c -- which kernels run.
 *
 * SPDX-License-Identifier: MIT
 */
#include "geom/kernels.h"

static const struct xti_kernels *avx2(unsigned features)
{
    return features & XTI_CPU_AVX2 ? xti_kernels_avx2() : NULL;
}

static const struct xti_kernels *avx512(unsigned features)
{
    return features & XTI_CPU_AVX512 ? xti_kernels_avx512() : NULL;
}

const struct xti_kernels *xti_kernels_get(xt_kernel kernel)
{
    unsigned features = xti_cpu_features();
    const struct xti_kernels *best = avx512(features);

    switch (kernel) {
    case XT_KERNEL_PORTABLE:
        return xti_kernels_portable();
    case XT_KERNEL_AVX2:
        return avx2(features);
    case XT_KERNEL_AVX512:
        return avx512(features);
    case XT_KERNEL_BEST:
        if (best == NULL)
            best = avx2(features);
        return best != NULL ? best : xti_kernels_portable();
    default:
        return NULL;
    }
}
