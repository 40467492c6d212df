// bench/with_spatialindex.cc -- libspatialindex's R-tree: packed by STR, in memory and on disk, and
// grown item by item with the splits of the R*-tree.
//
// A hundred entries in a node, filled to 70 %, as its documentation has it; on disk, pages of 4 KiB
// behind a buffer that writes through: its flush() loses what it holds. It answers with an object
// for each item. Neighbours come without distances, which are computed from the data set here.
//
// SPDX-License-Identifier: MIT
#include "contestants.h"
extern "C" {
#include "data.h"
}

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spatialindex/SpatialIndex.h>

namespace
{
using SpatialIndex::id_type;
using SpatialIndex::Region;

constexpr double fill_factor = 0.7;
constexpr uint32_t node_capacity = 100;
constexpr uint32_t page_bytes = 4096;
constexpr uint32_t buffered_pages = 1024;

uint64_t heap_bytes()
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* Items that are met: their ids, or only how many. */
struct visitor final : SpatialIndex::IVisitor {
    uint64_t *ids;
    size_t count = 0;

    explicit visitor(uint64_t *to) : ids(to)
    {
    }
    void visitNode(const SpatialIndex::INode &) override
    {
    }
    void visitData(const SpatialIndex::IData &found) override
    {
        if (ids != nullptr)
            ids[count] = static_cast<uint64_t>(found.getIdentifier());
        count++;
    }
    void visitData(std::vector<const SpatialIndex::IData *> &) override
    {
    }
};

/* Rows made one by one, in the form in which the library reads them. */
struct stream final : SpatialIndex::IDataStream {
    const struct dataset *data; /* without coords: the generated points of `seed` */
    uint64_t seed;
    size_t next = 0;

    stream(const struct dataset *from, uint64_t of_seed) : data(from), seed(of_seed)
    {
    }
    SpatialIndex::IData *getNext() override
    {
        if (next == data->count)
            return nullptr;
        double made[2];
        const double *low = made;
        if (data->coords == nullptr)
            data_uniform_point(seed, next, made);
        else
            low = data->coords + next * dataset_width(data);
        Region region(low, data->is_boxes ? low + data->dims : low, data->dims);
        return new SpatialIndex::RTree::Data(0, nullptr, region, static_cast<id_type>(next++));
    }
    bool hasNext() override
    {
        return next < data->count;
    }
    uint32_t size() override
    {
        return static_cast<uint32_t>(data->count);
    }
    void rewind() override
    {
        next = 0;
    }
};

/* Destroyed from the last to the first: the tree writes into the buffer, that to the disk. */
struct tree {
    struct dataset data;
    std::string path; /* empty: in memory */
    std::unique_ptr<SpatialIndex::IStorageManager> storage;
    std::unique_ptr<SpatialIndex::StorageManager::IBuffer> buffer;
    std::unique_ptr<SpatialIndex::ISpatialIndex> index;
    uint64_t bytes = 0;

    SpatialIndex::IStorageManager &pages()
    {
        return buffer != nullptr ? *buffer : *storage;
    }
    ~tree()
    {
        index.reset();
        buffer.reset();
        storage.reset();
        if (path.empty())
            return;
        unlink((path + ".idx").c_str());
        unlink((path + ".dat").c_str());
    }
};

/* An exception of the library, or of the language, ends the program. */
template <class Work> auto attempt(Work work) -> decltype(work())
{
    try {
        return work();
    } catch (Tools::Exception &problem) {
        bench_die("libspatialindex: %s", problem.what().c_str());
    }
}

void storage_open(tree &of, const std::string &path)
{
    using namespace SpatialIndex::StorageManager;
    std::string name = path;
    uint32_t size = page_bytes;
    of.path = path;
    if (path.empty()) {
        of.storage.reset(createNewMemoryStorageManager());
        return;
    }
    of.storage.reset(createNewDiskStorageManager(name, size));
    of.buffer.reset(createNewRandomEvictionsBuffer(*of.storage, buffered_pages, true));
}

/* ---- building ------------------------------------------------------------------------------ */

void *prepare(const struct dataset *data)
{
    return new dataset(*data);
}

void unprepare(void *prepared)
{
    delete static_cast<dataset *>(prepared);
}

tree *packed(const dataset *data, const std::string &path, uint64_t seed)
{
    uint64_t before = heap_bytes();
    auto built = std::make_unique<tree>();
    id_type id = 0;
    stream items(data, seed);
    built->data = *data;
    storage_open(*built, path);
    built->index.reset(SpatialIndex::RTree::createAndBulkLoadNewRTree(
        SpatialIndex::RTree::BLM_STR, items, built->pages(), fill_factor, node_capacity,
        node_capacity, data->dims, SpatialIndex::RTree::RV_RSTAR, id));
    built->bytes = heap_bytes() - before;
    return built.release();
}

void *build(void *prepared, unsigned, unsigned)
{
    return attempt([&] { return packed(static_cast<dataset *>(prepared), "", 0); });
}

std::string file_name()
{
    static unsigned number = 0;
    return std::string(bench_folder()) + "/libspatialindex-" + std::to_string(getpid()) + "-" +
           std::to_string(number++);
}

void *build_disk(void *prepared, unsigned, unsigned)
{
    return attempt([&] {
        tree *built = packed(static_cast<dataset *>(prepared), file_name(), 0);
        built->index->flush();
        built->storage->flush();
        return built;
    });
}

uint64_t bytes(const void *built)
{
    return static_cast<const tree *>(built)->bytes;
}

uint64_t bytes_disk(const void *built)
{
    struct stat facts = {};
    const tree *from = static_cast<const tree *>(built);
    if (stat((from->path + ".dat").c_str(), &facts) != 0)
        bench_die("%s.dat is not there", from->path.c_str());
    return static_cast<uint64_t>(facts.st_size);
}

void destroy(void *built)
{
    delete static_cast<tree *>(built);
}

/* ---- changing ------------------------------------------------------------------------------ */

void *create(const struct dataset *like)
{
    return attempt([&] {
        auto grown = std::make_unique<tree>();
        id_type id = 0;
        grown->data = *like;
        storage_open(*grown, "");
        grown->index.reset(SpatialIndex::RTree::createNewRTree(
            grown->pages(), fill_factor, node_capacity, node_capacity, like->dims,
            SpatialIndex::RTree::RV_RSTAR, id));
        return grown.release();
    });
}

Region row_region(const tree *of, const struct rows *rows, size_t i)
{
    const double *low = rows->coords + i * dataset_width(&of->data);
    return Region(low, of->data.is_boxes ? low + of->data.dims : low, of->data.dims);
}

/* The heap may shrink: the difference then wraps, and so does the sum, back to what is right. */
void insert(void *index, const struct rows *rows)
{
    tree *grown = static_cast<tree *>(index);
    uint64_t before = heap_bytes();
    attempt([&] {
        for (size_t i = 0; i < rows->count; i++)
            grown->index->insertData(0, nullptr, row_region(grown, rows, i),
                                     static_cast<id_type>(rows->ids[i]));
    });
    grown->bytes += heap_bytes() - before;
}

void remove(void *index, const struct rows *rows)
{
    tree *grown = static_cast<tree *>(index);
    attempt([&] {
        for (size_t i = 0; i < rows->count; i++) {
            if (!grown->index->deleteData(row_region(grown, rows, i),
                                          static_cast<id_type>(rows->ids[i])))
                bench_die("libspatialindex does not find what shall be removed");
        }
    });
}

/* ---- asking -------------------------------------------------------------------------------- */

size_t window_visit(void *built, const double *window, uint64_t *ids)
{
    tree *asked = static_cast<tree *>(built);
    visitor found(ids);
    attempt([&] {
        Region region(window, window + asked->data.dims, asked->data.dims);
        asked->index->intersectsWithQuery(region, found);
    });
    return found.count;
}

size_t window_ids(void *built, unsigned, const double *window, uint64_t *ids)
{
    return window_visit(built, window, ids);
}

uint64_t window_count(void *built, unsigned, const double *window)
{
    return window_visit(built, window, nullptr);
}

double distance_squared(const struct dataset &data, uint64_t id, const double *from)
{
    const double *low = data.coords + id * dataset_width(&data);
    const double *high = data.is_boxes ? low + data.dims : low;
    double sum = 0.0;
    for (size_t axis = 0; axis < data.dims; axis++) {
        double gap = std::max({low[axis] - from[axis], from[axis] - high[axis], 0.0});
        sum += gap * gap;
    }
    return sum;
}

/* Items as far away as the last come too: there may be more than k. */
void nearest(void *built, unsigned, const double *from, size_t k, uint64_t *ids, double *distances)
{
    tree *asked = static_cast<tree *>(built);
    std::vector<uint64_t> met(k + WINDOW_SLACK);
    visitor found(met.data());
    attempt([&] {
        SpatialIndex::Point point(from, asked->data.dims);
        asked->index->nearestNeighborQuery(static_cast<uint32_t>(k), point, found);
    });
    for (size_t i = 0; i < k; i++) {
        ids[i] = met[i];
        distances[i] = distance_squared(asked->data, met[i], from);
    }
}

/* ---- all of them --------------------------------------------------------------------------- */

const char *version_of(char *text, size_t size, const char *configuration)
{
    std::snprintf(text, size, "libspatialindex %s, %s, node capacity %u, fill factor %.1f",
                  SIDX_RELEASE_NAME, configuration, node_capacity, fill_factor);
    return text;
}

const char *packed_version()
{
    static char text[96];
    return version_of(text, sizeof text, "STR, in memory");
}

const char *disk_version()
{
    static char text[96];
    return version_of(text, sizeof text, "STR, on disk, pages of 4 KiB");
}

const char *rstar_version()
{
    static char text[96];
    return version_of(text, sizeof text, "R*, in memory");
}

const char *const builders[] = {"STR", nullptr};
const char *const walkers[] = {"query", nullptr};

/* In more dimensions it takes seconds for one question. */
bool takes(const struct dataset *like)
{
    return like->dims <= 3;
}

contestant common(const char *name, const char *(*version)())
{
    contestant out = {};
    out.interface = CONTESTANT_INTERFACE;
    out.name = name;
    out.version = version;
    out.walkers = walkers;
    out.bytes = bytes;
    out.destroy = destroy;
    out.window = window_ids;
    out.count = window_count;
    return out;
}

contestant packing(const char *name, const char *(*version)(), bool is_on_disk)
{
    contestant out = common(name, version);
    out.bytes = is_on_disk ? bytes_disk : bytes;
    out.builders = builders;
    out.prepare = prepare;
    out.unprepare = unprepare;
    out.build = is_on_disk ? build_disk : build;
    out.is_squared = true;
    out.nearest = nearest;
    out.takes = takes;
    out.items_most = 2000000;
    return out;
}

contestant growing()
{
    contestant out = common("libspatialindex R*", rstar_version);
    out.items_most = 1000000;
    out.create = create;
    out.insert = insert;
    out.remove = remove;
    return out;
}

/* ---- opening ------------------------------------------------------------------------------- */

void file_create(const char *path, uint64_t items, uint64_t seed, unsigned)
{
    dataset like = {};
    like.dims = 2;
    like.count = items;
    if (mkdir(path, 0777) != 0)
        bench_die("%s: cannot be made", path);
    attempt([&] {
        tree *built = packed(&like, std::string(path) + "/tree", seed);
        built->index.reset();
        built->buffer.reset();
        built->storage.reset();
        built->path.clear(); /* what was written stays */
        delete built;
    });
}

uint64_t first_answer(const char *path, const struct probe *probe)
{
    static uint64_t ids[4 * WINDOW_SLACK];
    return attempt([&] {
        std::string name = std::string(path) + "/tree";
        SpatialIndex::IStorageManager *storage =
            SpatialIndex::StorageManager::loadDiskStorageManager(name);
        SpatialIndex::ISpatialIndex *index = SpatialIndex::RTree::loadRTree(*storage, 1);
        visitor found(ids);
        index->intersectsWithQuery(Region(probe->window, probe->window + 2, 2), found);
        return found.count;
    });
}

opener opening()
{
    opener out = {};
    out.name = "libspatialindex";
    out.version = disk_version;
    out.items_most = 1000000;
    out.create = file_create;
    out.first_answer = first_answer;
    return out;
}
} // namespace

extern "C" {
extern const struct contestant with_spatialindex =
    packing("libspatialindex", packed_version, false);
extern const struct contestant with_spatialindex_disk =
    packing("libspatialindex on disk", disk_version, true);
extern const struct contestant with_spatialindex_rstar = growing();
extern const struct opener open_spatialindex = opening();
}
