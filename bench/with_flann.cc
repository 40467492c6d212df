// bench/with_flann.cc -- FLANN's exact kd-tree, KDTreeSingleIndex, over points.
//
// Of leaf sizes from 4 to 32, 20 is the fastest over all k here; reordered points are its default.
// The tree is asked directly: flann::Index and knnSearch() cost more per query.
//
// SPDX-License-Identifier: MIT
#include "contestants.h"

#include <cstdio>
#include <limits>
#include <memory>
#include <vector>

#include <flann/flann.hpp>

namespace
{
using distance = flann::L2_Simple<double>;
constexpr int leaf_size = 20;

/* FLANN keeps a reference to the caller's points, and a copy in its own order. */
struct tree {
    flann::Matrix<double> points;
    std::unique_ptr<flann::KDTreeSingleIndex<distance>> index;
};

void *prepare(const struct dataset *data)
{
    auto built = std::make_unique<tree>();
    built->points = flann::Matrix<double>(data->coords, data->count, data->dims);
    return built.release();
}

void unprepare(void *prepared)
{
    delete static_cast<tree *>(prepared);
}

void *build(void *prepared, unsigned, unsigned)
{
    auto built = std::make_unique<tree>();
    built->points = static_cast<const tree *>(prepared)->points;
    built->index = std::make_unique<flann::KDTreeSingleIndex<distance>>(
        built->points, flann::KDTreeSingleIndexParams(leaf_size, true));
    built->index->buildIndex();
    return built.release();
}

/* Its index, and the copy of the points. */
uint64_t bytes(const void *built)
{
    const tree *from = static_cast<const tree *>(built);
    return static_cast<uint64_t>(from->index->usedMemory()) +
           from->points.rows * from->points.cols * sizeof(double);
}

void destroy(void *built)
{
    delete static_cast<tree *>(built);
}

bool takes(const struct dataset *like)
{
    return !like->is_boxes;
}

void nearest(void *built, unsigned, const double *from, size_t k, uint64_t *ids, double *distances)
{
    static_assert(sizeof(size_t) == sizeof(uint64_t), "ids are written as they are");
    const tree *asked = static_cast<const tree *>(built);
    flann::KNNSimpleResultSet<double> found(k);
    asked->index->findNeighbors(found, from, flann::SearchParams(flann::FLANN_CHECKS_UNLIMITED));
    found.copy(reinterpret_cast<size_t *>(ids), distances, k);
}

const char *version()
{
    static char text[96];
    std::snprintf(text, sizeof text, "FLANN %s, KDTreeSingleIndex, leaf size %d, -O3 -march=native",
                  FLANN_VERSION_, leaf_size);
    return text;
}

const char *const builders[] = {"kd-tree", nullptr};
const char *const walkers[] = {"kd-tree", nullptr};

contestant make()
{
    contestant out = {};
    out.interface = CONTESTANT_INTERFACE;
    out.takes = takes;
    out.name = "FLANN";
    out.version = version;
    out.walkers = walkers;
    out.bytes = bytes;
    out.destroy = destroy;
    out.builders = builders;
    out.prepare = prepare;
    out.unprepare = unprepare;
    out.build = build;
    out.is_squared = true;
    out.nearest = nearest;
    return out;
}
} // namespace

extern "C" {
extern const struct contestant with_flann = make();
}
