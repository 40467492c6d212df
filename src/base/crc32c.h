/* src/base/crc32c.h -- CRC-32C without the instruction, for processors that lack it and for tests.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_BASE_CRC32C_H
#define XTI_BASE_CRC32C_H

#include "base/base.h"

/* As xti_crc32c(), always by tables. */
uint32_t xti_crc32c_tables(uint32_t crc, const void *data, size_t bytes);

#endif
