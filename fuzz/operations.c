/* fuzz/operations.c -- does a store do what a plain array does, whatever it is told?
 *
 * The bytes of an input are operations on a small store, in memory or on a disk that loses what was
 * not synced. Beside it lies an array of the items that must be in it, and copies of that from the
 * last publish and the last commit, to go back to. What the store says (status, answers, a deep
 * check) must be what follows from the array.
 *
 *   byte 0        kind, type, dims - 1 (0 to 3) in bits 0, 1, 2-3; bits 4-5: how much may overlap;
 *                 bits 6-7: in memory, or on a disk with two syncs, one, or none
 *   then each     an operation (its remainder by OPERATIONS; in memory by those up to COMMIT),
 *                 followed by the bytes that it needs; missing ones are 0. A coordinate is one
 *                 byte: coord_of() says which number.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "fuzz.h"
#include "support/disk_os.h"
#include "xtree.h"

#define FOLDER "/store"
#define WINDOW_BYTES (UINT64_C(256) << 20)
#define DIMS_MAX 4
#define ITEMS_MAX 1200
#define INPUT_MAX 1500
#define KEPT_MAX 3

enum operation {
    INSERT,
    INSERT_MANY,
    REMOVE,
    REMOVE_ANY, /* what may not be there */
    REMOVE_MANY,
    MOVE,
    MOVE_NEAR,
    QUERY,
    SNAPSHOT, /* takes one, and compares the one that was held */
    PUBLISH,
    ROLLBACK,
    LOAD,
    LOAD_CANCELLED,
    COMMIT,     /* the first of those that a store on a disk can be told */
    REOPEN,     /* what was not committed is gone */
    POWER_LOSS, /* the same, and what was not synced may be gone */
    DIE_COMMITTING,
    READ, /* through a reader's handle */
    CLEAN,
    KEEP, /* commits first */
    DROP,
    OPEN_KEPT,
    OPERATIONS
};

struct item {
    uint64_t id;
    double low[DIMS_MAX], high[DIMS_MAX]; /* as kept */
};

struct items {
    size_t count;
    struct item item[ITEMS_MAX];
};

static const uint8_t *input;
static size_t input_left;
static uint32_t dims;
static xt_item_kind kind;
static xt_coord_type type;
static xt_store *store;
static xt_snapshot *held; /* NULL: none */
static uint64_t next_id;
static struct disk_os *disk;     /* NULL: in memory */
static xt_durability durability; /* of a writer on a disk */
static xt_store *reader;         /* NULL: none */
static struct items now, published, committed, held_items;
static struct kept {
    uint64_t number;
    struct items items;
} kept[KEPT_MAX];
static size_t kept_count;
static unsigned char marks[ITEMS_MAX];

static void require(bool holds)
{
    if (!holds)
        abort();
}

static uint8_t byte_next(void)
{
    if (input_left == 0)
        return 0;
    input_left--;
    return *input++;
}

/* ---- items --------------------------------------------------------------------------------- */

static double coord_of(uint8_t byte)
{
    static const double special[] = {-INFINITY, INFINITY, NAN,   DBL_MAX, -DBL_MAX,     1e39,
                                     -1e15,     1e15,     1e-40, 0x1p24,  0x1p24 + 1.0, 0.1};

    if (byte < 192)
        return (double)(byte % 64) * (byte < 64 ? 1.0 : byte < 128 ? 0.125 : 1024.0);
    return special[byte % (sizeof special / sizeof special[0])];
}

static double coord_kept(double value)
{
    return type == XT_F32 ? (double)(float)value : value;
}

/* A box that is given, and what a store keeps of it. */
struct box {
    double low[DIMS_MAX], high[DIMS_MAX];
    struct item kept;
    bool is_valid;
};

static void box_keep(struct box *box)
{
    box->is_valid = true;
    for (uint32_t axis = 0; axis < dims; axis++) {
        double low = box->low[axis], high = box->high[axis];

        box->kept.low[axis] = coord_kept(low);
        box->kept.high[axis] = coord_kept(high);
        box->is_valid = box->is_valid && (kind == XT_POINTS ? low == high : low <= high) &&
                        isinf(low) == isinf(box->kept.low[axis]) &&
                        isinf(high) == isinf(box->kept.high[axis]);
    }
}

static void box_next(struct box *box)
{
    for (uint32_t axis = 0; axis < dims; axis++) {
        box->low[axis] = box->high[axis] = coord_of(byte_next());
        if (kind == XT_BOXES)
            box->high[axis] += (double)(byte_next() % 32) * 0.5;
    }
    box_keep(box);
}

/* Boxes that follow from one byte, for operations on many. */
static void box_number(struct box *box, uint32_t number, uint8_t seed)
{
    for (uint32_t axis = 0; axis < dims; axis++) {
        uint32_t mixed = (number + 1) * (2654435761u + 40503u * axis) ^ (seed * 2246822519u);
        uint32_t coarse = seed % 4 == 0 ? 3 : seed % 4 == 1 ? 63 : 1023;

        box->low[axis] = (double)(mixed >> 8 & coarse);
        if (seed % 8 == 7)
            box->low[axis] = (double)number; /* in order */
        box->high[axis] = box->low[axis] + (kind == XT_BOXES ? (double)(mixed >> 28) * 8 : 0.0);
    }
    box_keep(box);
}

static bool same_box(const struct item *a, const struct item *b)
{
    bool same = true;

    for (uint32_t axis = 0; axis < dims; axis++)
        same = same && a->low[axis] == b->low[axis] && a->high[axis] == b->high[axis];
    return same;
}

/* ITEMS_MAX: it is not there. */
static size_t item_place(const struct items *items, const struct item *item)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->item[i].id == item->id && same_box(&items->item[i], item))
            return i;
    }
    return ITEMS_MAX;
}

static void items_copy(struct items *to, const struct items *from)
{
    to->count = from->count;
    memcpy(to->item, from->item, from->count * sizeof from->item[0]);
}

/* ---- single changes ------------------------------------------------------------------------ */

static void insert(struct box *box, uint64_t id)
{
    xt_status status;

    if (now.count == ITEMS_MAX)
        return;
    status = xt_store_insert(store, id, box->low, box->high);
    require(status == (box->is_valid ? XT_OK : XT_EINVAL));
    if (!box->is_valid)
        return;
    box->kept.id = id;
    now.item[now.count++] = box->kept;
}

static void remove_place(size_t i)
{
    struct item item = now.item[i];

    require(xt_store_remove(store, item.id, item.low, item.high) == XT_OK);
    now.item[i] = now.item[--now.count];
}

static void remove_any(struct box *box, uint64_t id)
{
    xt_status status = xt_store_remove(store, id, box->low, box->high);
    size_t i;

    box->kept.id = id;
    i = item_place(&now, &box->kept);
    if (!box->is_valid)
        require(status == XT_EINVAL);
    else
        require(status == (i == ITEMS_MAX ? XT_ENOTFOUND : XT_OK));
    if (box->is_valid && i != ITEMS_MAX)
        now.item[i] = now.item[--now.count];
}

static void move(struct box *box, size_t i)
{
    struct item *item = &now.item[i];
    xt_status status = xt_store_move(store, item->id, item->low, item->high, box->low, box->high);

    require(status == (box->is_valid ? XT_OK : XT_EINVAL));
    if (!box->is_valid)
        return;
    box->kept.id = item->id;
    *item = box->kept;
}

static void move_near(size_t i)
{
    struct box box = {0};
    double by = (double)(byte_next() % 8) * 0.25 - 1;

    for (uint32_t axis = 0; axis < dims; axis++) {
        box.low[axis] = now.item[i].low[axis] + by;
        box.high[axis] = now.item[i].high[axis] + by;
    }
    box_keep(&box);
    move(&box, i);
}

static size_t place_next(void)
{
    size_t number = byte_next();

    number = number * 256 + byte_next();
    return number % now.count;
}

/* ---- answers ------------------------------------------------------------------------------- */

static bool item_meets(const struct item *item, const double *window)
{
    bool meets = true;

    for (uint32_t axis = 0; axis < dims; axis++)
        meets = meets && item->low[axis] <= window[dims + axis] && item->high[axis] >= window[axis];
    return meets;
}

/* Each item of the array that meets the window comes once, and no other. */
static void window_compare(const xt_snapshot *snapshot, const struct items *items,
                           const double *window)
{
    size_t expected = 0, count = 0;
    xt_query *query;
    xt_item got;
    xt_status status;

    for (size_t i = 0; i < items->count; i++) {
        marks[i] = item_meets(&items->item[i], window);
        expected += marks[i];
    }
    require(xt_query_window(snapshot, window, NULL, &query) == XT_OK);
    while ((status = xt_query_next(query, &got)) == XT_OK) {
        struct item item = {.id = got.id};
        size_t i = 0;

        memcpy(item.low, got.low, dims * sizeof item.low[0]);
        memcpy(item.high, got.high, dims * sizeof item.high[0]);
        while (i < items->count &&
               !(marks[i] == 1 && items->item[i].id == item.id && same_box(&items->item[i], &item)))
            i++;
        require(i < items->count);
        marks[i] = 2;
        count++;
    }
    require(status == XT_DONE && count == expected);
    xt_query_close(query);
}

/* The same for the same item, and else hardly ever. */
static uint64_t item_digest(uint64_t id, const double *low, const double *high)
{
    uint64_t digest = id * UINT64_C(0x9e3779b97f4a7c15) + 1;

    for (uint32_t axis = 0; axis < 2 * dims; axis++) {
        double value = axis < dims ? low[axis] : high[axis - dims];
        uint64_t bits;

        value += 0.0; /* zeros of either sign are the same */
        memcpy(&bits, &value, sizeof bits);
        digest = (digest ^ bits) * UINT64_C(0xff51afd7ed558ccd);
        digest ^= digest >> 32;
    }
    return digest;
}

static void all_compare(const xt_snapshot *snapshot, const struct items *items)
{
    double window[2 * DIMS_MAX] = {0};
    uint64_t count, digest = 0;
    xt_query *query;
    xt_item got;
    xt_status status;

    for (uint32_t axis = 0; axis < dims; axis++) {
        window[axis] = -INFINITY;
        window[dims + axis] = INFINITY;
    }
    require(xt_snapshot_count(snapshot) == items->count);
    require(xt_query_window(snapshot, window, NULL, &query) == XT_OK);
    require(xt_query_count(query, &count) == XT_OK && count == items->count);
    xt_query_close(query);
    for (size_t i = 0; i < items->count; i++)
        digest += item_digest(items->item[i].id, items->item[i].low, items->item[i].high);
    require(xt_query_window(snapshot, window, NULL, &query) == XT_OK);
    while ((status = xt_query_next(query, &got)) == XT_OK)
        digest -= item_digest(got.id, got.low, got.high);
    require(status == XT_DONE && digest == 0);
    xt_query_close(query);
    if (items->count <= 256)
        window_compare(snapshot, items, window);
}

static void query(void)
{
    double window[2 * DIMS_MAX] = {0};
    xt_snapshot *snapshot;

    for (uint32_t axis = 0; axis < dims; axis++) {
        window[axis] = (double)(byte_next() % 64);
        window[dims + axis] = window[axis] + (double)(byte_next() % 64);
    }
    require(xt_snapshot_latest(store, &snapshot) == XT_OK);
    require(xt_snapshot_count(snapshot) == published.count);
    window_compare(snapshot, &published, window);
    xt_snapshot_release(snapshot);
}

static void held_release(void)
{
    if (held != NULL) {
        all_compare(held, &held_items);
        xt_snapshot_release(held);
        held = NULL;
    }
}

static void snapshot_turn(void)
{
    held_release();
    if (byte_next() % 4 == 0)
        return;
    require(xt_snapshot_latest(store, &held) == XT_OK);
    items_copy(&held_items, &published);
}

static void publish(void)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;

    check.deep = true;
    require(xt_store_publish(store) == XT_OK);
    require(xt_store_check(store, &check, &report) == XT_OK);
    require(report.items == now.count);
    items_copy(&published, &now);
}

/* ---- stores on a disk ---------------------------------------------------------------------- */

static void store_open(bool is_writable, xt_store **out)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.writable = is_writable;
    options.durability = durability;
    options.verify = (xt_verify)(byte_next() % 3);
    options.window_bytes = WINDOW_BYTES;
    require(xti_store_open(disk_os_table(disk), FOLDER, &options, out) == XT_OK);
}

static void newest_compare(xt_store *handle, const struct items *items)
{
    xt_snapshot *snapshot;

    require(xt_snapshot_latest(handle, &snapshot) == XT_OK);
    all_compare(snapshot, items);
    xt_snapshot_release(snapshot);
}

static uint64_t txn_of(xt_store *handle)
{
    xt_store_stats stats = {.struct_size = sizeof stats};

    require(xt_store_stat(handle, &stats) == XT_OK);
    return stats.txn;
}

static void commit(void)
{
    require(xt_store_commit(store, NULL) == XT_OK);
    items_copy(&published, &now);
    items_copy(&committed, &now);
}

static void stores_close(void)
{
    held_release();
    require(xt_store_close(store) == XT_OK);
    require(xt_store_close(reader) == XT_OK);
    reader = NULL;
}

static void reopen(void)
{
    stores_close();
    store_open(true, &store);
    items_copy(&now, &committed);
    items_copy(&published, &committed);
    newest_compare(store, &committed);
}

/* Without syncs, commits are lost unless this one is made. */
static void make_durable(void)
{
    if (durability == XT_ORDERED)
        require(xt_store_sync(store, NULL) == XT_OK);
}

/* The store is still open, as a program that dies leaves it. */
static void power_lose(void)
{
    struct disk_os *after;

    make_durable();
    after = disk_os_reboot(disk, (enum disk_mode)(byte_next() % DISK_MODE_COUNT), byte_next());

    stores_close();
    disk_os_destroy(disk);
    disk = after;
    store_open(true, &store);
    items_copy(&now, &committed);
    items_copy(&published, &committed);
    newest_compare(store, &committed);
}

/* The commit that was not acknowledged may be there. */
static void die_committing(void)
{
    uint64_t committed_txn = txn_of(store);
    struct disk_os *after;
    xt_status status;

    make_durable();
    disk_os_crash_at(disk, disk_os_calls(disk) + 1 + byte_next() % 12);
    status = xt_store_commit(store, NULL);
    after = disk_os_reboot(disk, (enum disk_mode)(byte_next() % DISK_MODE_COUNT), byte_next());
    stores_close();
    disk_os_destroy(disk);
    disk = after;
    store_open(true, &store);
    if ((status == XT_OK && durability != XT_ORDERED) || txn_of(store) > committed_txn)
        items_copy(&committed, &now);
    items_copy(&now, &committed);
    items_copy(&published, &committed);
    newest_compare(store, &committed);
}

/* A change may be pending: then nothing is cleaned. What was published is committed. */
static void clean(void)
{
    xt_clean_options options = XT_CLEAN_OPTIONS_INIT;
    xt_status status;

    options.max_bytes = byte_next() * UINT64_C(1024);
    status = xt_store_clean(store, &options, NULL);
    require(status == XT_OK || status == XT_EMISUSE);
    if (status == XT_OK)
        items_copy(&committed, &published);
}

/* The newest commit; one that is kept already is refused. */
static void keep(void)
{
    uint64_t number;
    xt_status status;

    commit();
    if (kept_count == KEPT_MAX)
        return;
    status = xt_store_keep(store, NULL, &number, NULL);
    if (kept_count > 0 && kept[kept_count - 1].number == txn_of(store)) {
        require(status == XT_EEXIST);
        return;
    }
    require(status == XT_OK && number == txn_of(store));
    kept[kept_count].number = number;
    items_copy(&kept[kept_count++].items, &committed);
}

static void drop(void)
{
    size_t i = byte_next() % KEPT_MAX;

    if (i >= kept_count) {
        require(xt_store_drop(store, UINT64_C(1) << 60, NULL) == XT_ENOTFOUND);
        return;
    }
    require(xt_store_drop(store, kept[i].number, NULL) == XT_OK);
    for (kept_count--; i < kept_count; i++) {
        kept[i].number = kept[i + 1].number;
        items_copy(&kept[i].items, &kept[i + 1].items);
    }
}

/* All that are kept, and no other. */
static void kept_compare(xt_store *handle)
{
    xt_snapshot_info info = {.struct_size = sizeof info};

    for (size_t i = 0; i < kept_count; i++) {
        xt_snapshot *snapshot;

        require(xt_store_kept(handle, i, &info) == XT_OK && info.number == kept[i].number);
        require(xt_snapshot_open(handle, info.number, NULL, &snapshot) == XT_OK);
        all_compare(snapshot, &kept[i].items);
        xt_snapshot_release(snapshot);
    }
    require(xt_store_kept(handle, kept_count, &info) == XT_ENOTFOUND);
}

static void read_committed(void)
{
    if (reader == NULL)
        store_open(false, &reader);
    newest_compare(reader, &committed);
    kept_compare(reader);
    if (byte_next() % 4 == 0) {
        require(xt_store_close(reader) == XT_OK);
        reader = NULL;
    }
}

/* ---- loads --------------------------------------------------------------------------------- */

/* A change may be pending: then a loader does not open. */
static void load(bool is_finished)
{
    uint32_t count = byte_next() * 4u;
    uint8_t seed = byte_next();
    xt_loader *loader;

    if (seed % 2 == 0)
        publish();
    if (xt_loader_open(store, NULL, &loader) != XT_OK) {
        require(loader == NULL);
        return;
    }
    for (uint32_t i = 0; i < count && now.count < ITEMS_MAX; i++) {
        struct box box = {0};

        box_number(&box, i, seed);
        require(xt_loader_add(loader, next_id, box.low, box.high) == XT_OK);
        box.kept.id = next_id++;
        if (is_finished)
            now.item[now.count++] = box.kept;
    }
    if (is_finished)
        require(xt_loader_finish(loader) == XT_OK);
    else
        xt_loader_cancel(loader);
}

/* ---- operations ---------------------------------------------------------------------------- */

static void many(enum operation operation)
{
    uint32_t count = byte_next();
    uint8_t seed = byte_next();

    for (uint32_t i = 0; i < count; i++) {
        struct box box = {0};

        box_number(&box, i, seed);
        if (operation == INSERT_MANY)
            insert(&box, next_id++);
        else if (now.count > 0)
            remove_place((size_t)i * (seed + 1u) % now.count);
    }
}

static void change(enum operation operation)
{
    struct box box = {0};
    size_t i = 0;

    if (operation == REMOVE || operation == MOVE || operation == MOVE_NEAR) {
        if (now.count == 0)
            return;
        i = place_next();
    }
    if (operation == REMOVE) {
        remove_place(i);
    } else if (operation == MOVE_NEAR) {
        move_near(i);
    } else {
        box_next(&box);
        if (operation == INSERT)
            insert(&box, byte_next() % 8 == 0 ? 7 : next_id++);
        else if (operation == REMOVE_ANY)
            remove_any(&box, byte_next() % 8 == 0 ? 7 : next_id / 2);
        else
            move(&box, i);
    }
}

static void run_operation(enum operation operation)
{
    switch (operation) {
    case INSERT_MANY:
    case REMOVE_MANY:
        many(operation);
        break;
    case QUERY:
        query();
        break;
    case SNAPSHOT:
        snapshot_turn();
        break;
    case PUBLISH:
        publish();
        break;
    case ROLLBACK:
        require(xt_store_rollback(store) == XT_OK);
        items_copy(&now, &published);
        break;
    case LOAD:
    case LOAD_CANCELLED:
        load(operation == LOAD);
        break;
    case COMMIT:
        commit();
        break;
    case REOPEN:
        reopen();
        break;
    case POWER_LOSS:
        power_lose();
        break;
    case DIE_COMMITTING:
        die_committing();
        break;
    case KEEP:
        keep();
        break;
    case DROP:
        drop();
        break;
    case OPEN_KEPT:
        kept_compare(store);
        break;
    case CLEAN:
        clean();
        break;
    case READ:
        read_committed();
        break;
    case INSERT:
    case REMOVE:
    case REMOVE_ANY:
    case MOVE:
    case MOVE_NEAR:
        change(operation);
        break;
    case OPERATIONS:
        break;
    }
}

static void store_make(uint8_t byte)
{
    static const double overlaps[] = {0.0, 0.01, 0.2, 1.0};
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    kind = byte & 1 ? XT_BOXES : XT_POINTS;
    type = byte & 2 ? XT_F32 : XT_F64;
    dims = 1u + (byte >> 2 & 3);
    options.dims = dims;
    options.kind = kind;
    options.coord_type = type;
    options.max_overlap = overlaps[byte >> 4 & 3];
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = WINDOW_BYTES;
    durability = (xt_durability)(byte >> 6);
    options.durability = durability;
    if (durability != XT_DURABLE)
        disk = disk_os_create(1);
    if (disk != NULL)
        require(xti_store_create(disk_os_table(disk), FOLDER, &options, &store) == XT_OK);
    else
        require(xt_store_create(NULL, &options, &store) == XT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MAX)
        return 0;
    input = data;
    input_left = size;
    now.count = published.count = committed.count = 0;
    kept_count = 0;
    next_id = 100;
    store_make(byte_next());
    while (input_left > 0)
        run_operation((enum operation)(byte_next() % (disk != NULL ? OPERATIONS : COMMIT)));
    publish();
    snapshot_turn();
    if (disk != NULL) {
        commit();
        reopen();
        kept_compare(store);
    }
    stores_close();
    if (disk != NULL)
        disk_os_destroy(disk);
    disk = NULL;
    return 0;
}

/* The corpus has more. These fill a store on a disk, and tell it all that needs a disk. */
size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity)
{
    size_t size = 0;

    if (number >= 12 || capacity < 128)
        return 0;
    out[size++] = (uint8_t)((64 * (1 + number % 3)) | number * 7 % 16);
    for (unsigned i = 0; i < 12; i++) {
        out[size++] = i % 3 == 2 ? REMOVE_MANY : INSERT_MANY;
        out[size++] = (uint8_t)(20 * number + i);
        out[size++] = (uint8_t)(number + i);
        out[size++] = (uint8_t)(COMMIT + (i + number) % (OPERATIONS - COMMIT));
        for (unsigned j = 0; j < 3; j++)
            out[size++] = (uint8_t)(number * 5 + i + j);
    }
    return size;
}
