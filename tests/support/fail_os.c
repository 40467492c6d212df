/* tests/support/fail_os.c -- a system in which the N-th call fails, and which counts what is owed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/fail_os.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"

/* Stands before each block and keeps it aligned. */
struct block_head {
    uint64_t magic;
    uint64_t size;
    uint64_t unused[6];
};
static_assert(sizeof(struct block_head) == 64, "a block is as aligned as its head");

#define BLOCK_MAGIC UINT64_C(0x5ca1ab1e0ddba115)

static struct fail_os *self(const struct xti_os *os)
{
    return os->context;
}

static const struct xti_os *inner(const struct xti_os *os)
{
    return self(os)->inner;
}

/* Counts a call. 0: let it happen; else what it returns. */
static int call_fails(const struct xti_os *os, enum fail_kind kind)
{
    struct fail_os *fail = self(os);
    uint64_t number;

    if ((fail->kinds & (unsigned)kind) == 0)
        return 0;
    number = atomic_fetch_add(&fail->calls, 1) + 1;
    if (fail->choose != NULL)
        fail->choose(fail, (unsigned)kind, number);
    if (fail->fail_at == 0 || number < fail->fail_at)
        return 0;
    if (number > fail->fail_at && !fail->fail_forever)
        return 0;
    fail->hit = true;
    fail->hit_kind = (unsigned)kind;
    if (kind == FAIL_THREAD)
        return -EAGAIN;
    if ((kind & (FAIL_ALLOC | FAIL_RESERVE | FAIL_PLACE_MEMORY | FAIL_MUTEX)) != 0)
        return -ENOMEM;
    return fail->fail_with != 0 ? -fail->fail_with : -EIO;
}

/* ---- memory -------------------------------------------------------------------------------- */

static void *fail_alloc(const struct xti_os *os, size_t size)
{
    struct block_head *head;

    if (call_fails(os, FAIL_ALLOC) != 0 || size > SIZE_MAX - sizeof *head)
        return NULL;
    head = inner(os)->alloc(inner(os), size + sizeof *head);
    if (head == NULL)
        return NULL;
    head->magic = BLOCK_MAGIC;
    head->size = size;
    self(os)->allocations++;
    self(os)->allocated_bytes += (int64_t)size;
    return head + 1;
}

static void fail_free(const struct xti_os *os, void *memory, size_t size)
{
    struct block_head *head = memory;

    if (memory == NULL)
        return;
    head--;
    XTI_ASSERT(head->magic == BLOCK_MAGIC);
    XTI_ASSERT(head->size == size);
    head->magic = 0;
    self(os)->allocations--;
    self(os)->allocated_bytes -= (int64_t)size;
    inner(os)->free(inner(os), head, size + sizeof *head);
}

static int fail_reserve(const struct xti_os *os, size_t size, void **out)
{
    int result = call_fails(os, FAIL_RESERVE);

    *out = NULL;
    if (result == 0)
        result = inner(os)->reserve(inner(os), size, out);
    if (result == 0)
        self(os)->reservations++;
    return result;
}

static void fail_release(const struct xti_os *os, void *base, size_t size)
{
    if (base != NULL)
        self(os)->reservations--;
    inner(os)->release(inner(os), base, size);
}

static int fail_place_memory(const struct xti_os *os, void *at, size_t size, bool huge)
{
    int result = call_fails(os, FAIL_PLACE_MEMORY);

    return result != 0 ? result : inner(os)->place_memory(inner(os), at, size, huge);
}

static int fail_place_file(const struct xti_os *os, void *at, size_t size, xti_file file,
                           uint64_t offset)
{
    int result = call_fails(os, FAIL_PLACE_FILE);

    return result != 0 ? result : inner(os)->place_file(inner(os), at, size, file, offset);
}

static void fail_populate(const struct xti_os *os, const void *at, size_t size)
{
    inner(os)->populate(inner(os), at, size);
}

static void fail_unplace(const struct xti_os *os, void *at, size_t size)
{
    inner(os)->unplace(inner(os), at, size);
}

static int fail_watch(const struct xti_os *os, xti_file file, size_t size, void **out)
{
    int result = call_fails(os, FAIL_WATCH);

    *out = NULL;
    if (result == 0)
        result = inner(os)->watch(inner(os), file, size, out);
    if (result == 0)
        self(os)->watches++;
    return result;
}

static const void *fail_watched(const struct xti_os *os, void *watch)
{
    return inner(os)->watched(inner(os), watch);
}

static void fail_unwatch(const struct xti_os *os, void *watch, size_t size)
{
    if (watch != NULL)
        self(os)->watches--;
    inner(os)->unwatch(inner(os), watch, size);
}

/* ---- files --------------------------------------------------------------------------------- */

static int fail_open(const struct xti_os *os, const char *path, unsigned flags, xti_file *out)
{
    int result = call_fails(os, FAIL_OPEN);

    *out = XTI_FILE_NONE;
    if (result == 0)
        result = inner(os)->open(inner(os), path, flags, out);
    if (result == 0)
        self(os)->files++;
    return result;
}

static void fail_close(const struct xti_os *os, xti_file file)
{
    if (file != XTI_FILE_NONE)
        self(os)->files--;
    inner(os)->close(inner(os), file);
}

static int fail_read_at(const struct xti_os *os, xti_file file, uint64_t offset, void *data,
                        size_t size)
{
    int result = call_fails(os, FAIL_READ);

    return result != 0 ? result : inner(os)->read_at(inner(os), file, offset, data, size);
}

static int fail_write_at(const struct xti_os *os, xti_file file, uint64_t offset, const void *data,
                         size_t size)
{
    int result = call_fails(os, FAIL_WRITE);

    if (result == 0)
        return inner(os)->write_at(inner(os), file, offset, data, size);
    atomic_store(&self(os)->hit_bytes, size);
    memcpy(self(os)->hit_begin, data, size < 8 ? size : 8);
    if (self(os)->short_first && size > 0) {
        size_t part = (size_t)(check_random(&self(os)->random_state) % size);

        (void)inner(os)->write_at(inner(os), file, offset, data, part);
    }
    return result;
}

static int fail_sync(const struct xti_os *os, xti_file file)
{
    int result;

    self(os)->synced = file;
    result = call_fails(os, FAIL_SYNC);
    return result != 0 ? result : inner(os)->sync(inner(os), file);
}

static int fail_size(const struct xti_os *os, xti_file file, uint64_t *out)
{
    int result = call_fails(os, FAIL_SIZE);

    *out = 0;
    return result != 0 ? result : inner(os)->size(inner(os), file, out);
}

static void fail_write_soon(const struct xti_os *os, xti_file file, uint64_t offset, size_t size)
{
    inner(os)->write_soon(inner(os), file, offset, size);
}

static int fail_allocate(const struct xti_os *os, xti_file file, uint64_t size)
{
    int result = call_fails(os, FAIL_ALLOCATE);

    return result != 0 ? result : inner(os)->allocate(inner(os), file, size);
}

static int fail_cut(const struct xti_os *os, xti_file file, uint64_t size)
{
    int result = call_fails(os, FAIL_CUT);

    return result != 0 ? result : inner(os)->cut(inner(os), file, size);
}

static int fail_lock(const struct xti_os *os, xti_file file)
{
    int result = call_fails(os, FAIL_LOCK);

    return result != 0 ? result : inner(os)->lock(inner(os), file);
}

static int fail_is_locked(const struct xti_os *os, xti_file file, bool *out)
{
    int result = call_fails(os, FAIL_LOCK);

    *out = false;
    return result != 0 ? result : inner(os)->is_locked(inner(os), file, out);
}

/* ---- folders ------------------------------------------------------------------------------- */

static int fail_make_folder(const struct xti_os *os, const char *path)
{
    int result = call_fails(os, FAIL_MAKE_FOLDER);

    return result != 0 ? result : inner(os)->make_folder(inner(os), path);
}

static int fail_remove_folder(const struct xti_os *os, const char *path)
{
    int result = call_fails(os, FAIL_REMOVE_FOLDER);

    return result != 0 ? result : inner(os)->remove_folder(inner(os), path);
}

static int fail_sync_folder(const struct xti_os *os, const char *path)
{
    int result = call_fails(os, FAIL_SYNC_FOLDER);

    return result != 0 ? result : inner(os)->sync_folder(inner(os), path);
}

static int fail_rename(const struct xti_os *os, const char *from, const char *to)
{
    int result = call_fails(os, FAIL_RENAME);

    return result != 0 ? result : inner(os)->rename(inner(os), from, to);
}

static int fail_link(const struct xti_os *os, const char *from, const char *to)
{
    int result = call_fails(os, FAIL_LINK);

    return result != 0 ? result : inner(os)->link(inner(os), from, to);
}

static int fail_remove(const struct xti_os *os, const char *path)
{
    int result = call_fails(os, FAIL_REMOVE);

    return result != 0 ? result : inner(os)->remove(inner(os), path);
}

static int fail_list(const struct xti_os *os, const char *path, xti_name_fn *visit, void *context)
{
    int result = call_fails(os, FAIL_LIST);

    return result != 0 ? result : inner(os)->list(inner(os), path, visit, context);
}

/* ---- threads and facts --------------------------------------------------------------------- */

static int fail_thread_start(const struct xti_os *os, xti_thread_fn *run, void *argument,
                             void **out)
{
    int result = call_fails(os, FAIL_THREAD);

    *out = NULL;
    if (result == 0)
        result = inner(os)->thread_start(inner(os), run, argument, out);
    if (result == 0)
        self(os)->threads++;
    return result;
}

static void fail_thread_join(const struct xti_os *os, void *thread)
{
    inner(os)->thread_join(inner(os), thread);
    self(os)->threads--;
}

static int fail_mutex_create(const struct xti_os *os, void **out)
{
    int result = call_fails(os, FAIL_MUTEX);

    *out = NULL;
    if (result == 0)
        result = inner(os)->mutex_create(inner(os), out);
    if (result == 0)
        self(os)->mutexes++;
    return result;
}

static void fail_mutex_destroy(const struct xti_os *os, void *mutex)
{
    if (mutex != NULL)
        self(os)->mutexes--;
    inner(os)->mutex_destroy(inner(os), mutex);
}

static void fail_mutex_lock(const struct xti_os *os, void *mutex)
{
    inner(os)->mutex_lock(inner(os), mutex);
}

static void fail_mutex_unlock(const struct xti_os *os, void *mutex)
{
    inner(os)->mutex_unlock(inner(os), mutex);
}

static uint64_t fail_now_ns(const struct xti_os *os)
{
    return inner(os)->now_ns(inner(os));
}

static int fail_random(const struct xti_os *os, void *data, size_t size)
{
    int result = call_fails(os, FAIL_RANDOM);

    return result != 0 ? result : inner(os)->random(inner(os), data, size);
}

static uint64_t fail_process_id(const struct xti_os *os)
{
    return inner(os)->process_id(inner(os));
}

static void fail_host_name(const struct xti_os *os, char *out, size_t capacity)
{
    inner(os)->host_name(inner(os), out, capacity);
}

static void fail_boot_id(const struct xti_os *os, uint8_t out[16])
{
    inner(os)->boot_id(inner(os), out);
}

static uint32_t fail_processor_count(const struct xti_os *os)
{
    return inner(os)->processor_count(inner(os));
}

static const char *fail_temporary_folder(const struct xti_os *os)
{
    return inner(os)->temporary_folder(inner(os));
}

/* ---- the wrapper --------------------------------------------------------------------------- */

static const struct xti_os fail_table = {
    .alloc = fail_alloc,
    .free = fail_free,
    .reserve = fail_reserve,
    .release = fail_release,
    .place_memory = fail_place_memory,
    .place_file = fail_place_file,
    .populate = fail_populate,
    .unplace = fail_unplace,
    .watch = fail_watch,
    .watched = fail_watched,
    .unwatch = fail_unwatch,
    .open = fail_open,
    .close = fail_close,
    .read_at = fail_read_at,
    .write_at = fail_write_at,
    .sync = fail_sync,
    .size = fail_size,
    .write_soon = fail_write_soon,
    .allocate = fail_allocate,
    .cut = fail_cut,
    .lock = fail_lock,
    .is_locked = fail_is_locked,
    .make_folder = fail_make_folder,
    .remove_folder = fail_remove_folder,
    .sync_folder = fail_sync_folder,
    .rename = fail_rename,
    .link = fail_link,
    .remove = fail_remove,
    .list = fail_list,
    .thread_start = fail_thread_start,
    .thread_join = fail_thread_join,
    .mutex_create = fail_mutex_create,
    .mutex_destroy = fail_mutex_destroy,
    .mutex_lock = fail_mutex_lock,
    .mutex_unlock = fail_mutex_unlock,
    .now_ns = fail_now_ns,
    .random = fail_random,
    .process_id = fail_process_id,
    .host_name = fail_host_name,
    .boot_id = fail_boot_id,
    .processor_count = fail_processor_count,
    .temporary_folder = fail_temporary_folder,
};

void fail_os_init(struct fail_os *fail, const struct xti_os *wrapped)
{
    *fail = (struct fail_os){
        .os = fail_table, .inner = wrapped, .kinds = FAIL_ALL, .random_state = check_seed};
    fail->os.context = fail;
}

void fail_os_reset(struct fail_os *fail)
{
    fail->fail_at = 0;
    fail->fail_forever = false;
    fail->calls = 0;
    fail->hit = false;
    fail->hit_kind = 0;
}

bool fail_os_is_clean(const struct fail_os *fail)
{
    const struct {
        const char *name;
        int64_t count;
    } owed[] = {
        {"allocations",     fail->allocations    },
        {"allocated bytes", fail->allocated_bytes},
        {"reservations",    fail->reservations   },
        {"watches",         fail->watches        },
        {"files",           fail->files          },
        {"threads",         fail->threads        },
        {"mutexes",         fail->mutexes        },
    };
    bool is_clean = true;

    for (size_t i = 0; i < CHECK_COUNT(owed); i++) {
        if (owed[i].count != 0) {
            printf("    not given back: %" PRId64 " %s (failed call %" PRIu64 ": %s)\n",
                   owed[i].count, owed[i].name, fail->fail_at, fail_kind_name(fail->hit_kind));
            is_clean = false;
        }
    }
    return is_clean;
}

const char *fail_kind_name(unsigned kind)
{
    static const char *const names[] = {
        "alloc",         "reserve",     "place_memory", "place_file", "open", "read_at",
        "write_at",      "sync",        "size",         "allocate",   "lock", "make_folder",
        "remove_folder", "sync_folder", "rename",       "remove",     "list", "thread_start",
        "mutex_create",  "random",      "watch",        "cut",        "link"};

    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        if (kind == 1u << i)
            return names[i];
    }
    return "none";
}
