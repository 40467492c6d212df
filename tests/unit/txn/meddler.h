/* tests/unit/txn/meddler.h -- a system in which another handle acts between two calls of this one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDDLER_H
#define MEDDLER_H

#include "unit/txn/scene.h"

/* A wrapper that lets the test do something just before a file whose name begins so is opened. */
struct meddler {
    struct fail_os fail; /* first: its table's context is the meddler too */
    int (*open)(const struct xti_os *os, const char *path, unsigned flags, xti_file *out);
    const char *prefix; /* NULL: no more */
    void (*meddle)(struct meddler *meddler);
    struct disk_os *disk;
    struct xti_txn *writer;
    unsigned count;
};

static inline int meddled_open(const struct xti_os *os, const char *path, unsigned flags,
                               xti_file *out)
{
    struct meddler *meddler = os->context;
    const char *name = strrchr(path, '/') + 1;

    if (meddler->prefix != NULL && strncmp(name, meddler->prefix, strlen(meddler->prefix)) == 0)
        meddler->meddle(meddler);
    return meddler->open(os, path, flags, out);
}

static inline void meddler_init(struct meddler *meddler, struct disk_os *disk, const char *prefix,
                                void (*meddle)(struct meddler *meddler))
{
    memset(meddler, 0, sizeof *meddler);
    fail_os_init(&meddler->fail, disk_os_table(disk));
    meddler->open = meddler->fail.os.open;
    meddler->fail.os.open = meddled_open;
    meddler->prefix = prefix;
    meddler->meddle = meddle;
    meddler->disk = disk;
}

#endif
