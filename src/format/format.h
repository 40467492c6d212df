/* src/format/format.h -- the door of the format room: constants of the file format.
 *
 * docs/format.md is the specification; the structs of each file are in head.h, manifest.h,
 * arena_file.h, commit_record.h, node.h and state.h beside this one. Every struct has one
 * ..._check() that turns bytes into something to be trusted, and one ..._seal() that makes bytes
 * which pass it.
 *
 * Little-endian only. No padding: spare bytes are named `reserved`, written and checked as zero.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_FORMAT_H
#define XTI_FORMAT_H

#include "base/base.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian");

#define XTD_FORMAT_VERSION 2u

#define XTD_UNIT_SHIFT 6u
#define XTD_UNIT_BYTES 64u
#define XTD_PAGE_BYTES 4096u
#define XTD_PAGE_UNITS (XTD_PAGE_BYTES / XTD_UNIT_BYTES)
#define XTD_SPACE_UNITS (UINT64_C(1) << 32) /* a ref is 32 bits wide: 256 GiB */
#define XTD_ARENA_ALIGN_UNITS (UINT64_C(2097152) / XTD_UNIT_BYTES)

/* An inner node has at least 2 children except where the root is the only node of its level, and a
 * node takes at least 2 units of 2^32: 31 levels would fill the space; 32 is beyond reach. */
#define XTD_LEVELS_MAX 32u
static_assert(XTD_LEVELS_MAX == XT_LEVELS_MAX, "one limit");

/* The largest node that a schema may allow, 16 GiB; and what no count of items can reach, as there
 * are no more bytes than that in the address space. */
#define XTD_NODE_UNITS_MAX (UINT32_C(1) << 28)
#define XTD_ITEMS_END (UINT64_C(1) << 38)

#define XTD_COMMIT_BYTES_MAX 65536u /* of a commit record */

#define XTD_EXTENT_ALIGN_MIN 4096u
#define XTD_EXTENT_ALIGN_MAX 65536u

/* Feature bits. A reader refuses a store with a required bit that it does not know, and may ignore
 * optional ones; a writer must refuse unknown optional bits too, unless it keeps what they mean. */
#define XTD_REQUIRED_KNOWN UINT64_C(0)
#define XTD_OPTIONAL_KNOWN UINT64_C(0)

enum xtd_node_checksum { XTD_NODE_CRC32C = 1 };
enum xtd_extent_hash { XTD_EXTENT_XXH64 = 1 };

/* Says what a check found. `what`: a static text such as "HEAD slot checksum"; `offset`: of the
 * first byte of the offending field from the start of the struct. Written only on failure. Checks
 * take NULL where nobody wants to know. */
struct xti_finding {
    const char *what;
    uint64_t offset;
};

#endif
