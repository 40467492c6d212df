// bench/with_nanoflann.cc -- nanoflann's static kd-tree over points in two dimensions.
//
// It works on the caller's array of points. Of leaf sizes from 4 to 32, 20 is the fastest
// over all k here.
//
// SPDX-License-Identifier: MIT
#include "contestant.h"

#include <cstdio>
#include <memory>
#include <vector>

#include <nanoflann.hpp>

namespace
{
constexpr size_t leaf_size = 20;

/* What nanoflann asks for its points. */
struct cloud {
    const double *coords;
    size_t count;

    size_t kdtree_get_point_count() const
    {
        return count;
    }
    double kdtree_get_pt(size_t i, size_t axis) const
    {
        return coords[2 * i + axis];
    }
    template <class Box> bool kdtree_get_bbox(Box &) const
    {
        return false;
    }
};

using kd_tree = nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, cloud>,
                                                    cloud, 2, uint32_t>;

struct tree {
    cloud points;
    std::unique_ptr<kd_tree> index;
};

void *prepare(const struct dataset *data)
{
    return new cloud{data->coords, data->count};
}

void unprepare(void *prepared)
{
    delete static_cast<cloud *>(prepared);
}

void *build(void *prepared, unsigned, unsigned)
{
    auto built = std::make_unique<tree>();
    built->points = *static_cast<const cloud *>(prepared);
    built->index = std::make_unique<kd_tree>(2, built->points,
                                             nanoflann::KDTreeSingleIndexAdaptorParams(leaf_size));
    built->index->buildIndex();
    return built.release();
}

/* Its index, and the points that it needs beside. */
uint64_t bytes(const void *built)
{
    const tree *from = static_cast<const tree *>(built);
    return from->index->usedMemory(*from->index) + from->points.count * 2 * sizeof(double);
}

void destroy(void *built)
{
    delete static_cast<tree *>(built);
}

bool can_walk(void *, unsigned)
{
    return true;
}

void nearest(void *built, unsigned, const double *from, size_t k, uint64_t *ids, double *distances)
{
    const tree *asked = static_cast<const tree *>(built);
    nanoflann::KNNResultSet<double, uint64_t> found(k);
    found.init(ids, distances);
    asked->index->findNeighbors(found, from, nanoflann::SearchParams());
}

const char *version()
{
    static char text[96];
    std::snprintf(
        text, sizeof text, "nanoflann %x.%x.%x, static kd-tree, leaf size %zu, -O3 -march=native",
        NANOFLANN_VERSION >> 8, NANOFLANN_VERSION >> 4 & 15, NANOFLANN_VERSION & 15, leaf_size);
    return text;
}

const char *const builders[] = {"kd-tree", nullptr};
const char *const walkers[] = {"kd-tree", nullptr};

contestant make()
{
    contestant out = {};
    out.name = "nanoflann";
    out.version = version;
    out.walkers = walkers;
    out.can_walk = can_walk;
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
extern const struct contestant with_nanoflann = make();
}
