/* tests/support/disk_image.h -- what a simulated disk holds: files, folders, pending units.
 *
 * The lower half of disk_os: data without calls, locks or open files. An inode is never forgotten
 * while the disk lives, so that units can name it by number; its bytes are.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DISK_IMAGE_H
#define DISK_IMAGE_H

#include "os/os.h"

#define DISK_SECTOR_BYTES 512
#define DISK_NAME_BYTES 128
#define DISK_ROOT 0
#define DISK_NONE SIZE_MAX

/* Content of a file. Bytes of `data` from `size` on are kept: a size may arrive after its data.
 * Views and disks share what is equal; disk_bytes_own() before writing. */
struct disk_bytes {
    unsigned char *data;
    uint64_t size;
    uint64_t end; /* behind it `data` is zero */
    uint64_t capacity;
};

struct disk_entry {
    char name[DISK_NAME_BYTES];
    size_t inode;
};

struct disk_names {
    struct disk_entry *items;
    size_t count;
    size_t capacity;
};

/* Index 0 of each pair is what programs see, 1 what is on the medium. */
enum disk_view { DISK_CACHED, DISK_DURABLE };

struct disk_inode {
    bool is_folder;
    bool late_error;
    uint32_t open_count;
    int64_t lock_holder; /* a handle, or -1 */
    struct disk_bytes bytes[2];
    struct disk_names names[2];
};

enum disk_unit_kind { DISK_UNIT_SECTOR, DISK_UNIT_SIZE, DISK_UNIT_CUT, DISK_UNIT_ENTRY };

struct disk_change {
    char name[DISK_NAME_BYTES];
    char old_name[DISK_NAME_BYTES];
};

struct disk_unit {
    enum disk_unit_kind kind;
    size_t inode;              /* the file, or the folder of `name` */
    uint64_t number;           /* the sector, or the size */
    size_t target;             /* what the name leads to; DISK_NONE: it goes */
    size_t old_folder;         /* of the old name, which goes; DISK_NONE: not a rename */
    union {                    /* owned */
        unsigned char *sector; /* DISK_SECTOR_BYTES */
        struct disk_change *change;
    } of;
};

struct disk_image {
    struct disk_inode *inodes;
    size_t inode_count;
    size_t inode_capacity;
    struct disk_unit *units;
    size_t unit_count;
    size_t unit_capacity;
};

void disk_image_init(struct disk_image *image);
void disk_image_release(struct disk_image *image);
/* Open counts and locks are not copied. */
void disk_image_copy(struct disk_image *to, const struct disk_image *from);
/* Makes `to`, which holds nothing, what `from` is after a loss of power: the chosen units (keep
 * NULL: none) are on the medium, and programs see what is there. */
void disk_image_lose_power(struct disk_image *to, const struct disk_image *from,
                           const uint8_t *keep);

size_t disk_inode_add(struct disk_image *image, bool is_folder);

/* Makes room for bytes up to `end`; new ones are zero. */
void disk_bytes_reserve(struct disk_bytes *bytes, uint64_t end);
/* Nobody else sees what is written to `data` from then on; the caller may write at any time. */
void disk_bytes_own(struct disk_bytes *bytes);

/* DISK_NONE when there is none. */
size_t disk_names_find(const struct disk_names *names, const char *name);
/* Target DISK_NONE removes the name. */
void disk_names_set(struct disk_names *names, const char *name, size_t target);

/* Changes what programs see and notes the units. */
void disk_file_write(struct disk_image *image, size_t file, uint64_t offset, const void *data,
                     size_t size);
void disk_file_grow(struct disk_image *image, size_t file, uint64_t size);
void disk_file_cut(struct disk_image *image, size_t file, uint64_t size);
void disk_entry_set(struct disk_image *image, size_t folder, const char *name, size_t target);
void disk_entry_move(struct disk_image *image, size_t old_folder, const char *old_name,
                     size_t folder, const char *name);

/* Everything that is pending for one file or folder is on the medium from then on. */
void disk_inode_flush(struct disk_image *image, size_t inode);
/* The sectors of a file, or the entries of a folder, are forgotten, and when `reverts` is set so is
 * what the sectors said. Sizes stay pending. */
void disk_inode_drop(struct disk_image *image, size_t inode, bool reverts);

/* Makes what is on the medium what programs see. */
void disk_image_settle(struct disk_image *image);
/* Frees the bytes of files that no entry, unit or open handle can reach. */
void disk_image_collect(struct disk_image *image);

/* Bytes of all files that programs can reach, in blocks of 4096. */
uint64_t disk_image_used(const struct disk_image *image);
uint64_t disk_image_hash(const struct disk_image *image);

#endif
