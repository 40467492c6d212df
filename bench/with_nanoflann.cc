// bench/with_nanoflann.cc -- nanoflann's static kd-tree over points.
//
// It works on the caller's array of points. Of leaf sizes from 4 to 32, 20 is the fastest
// over all k here, in two dimensions. Some numbers of dimensions are compiled in, which is faster.
//
// SPDX-License-Identifier: MIT
#include "contestants.h"

#include <cstdio>
#include <memory>
#include <vector>

#include <nanoflann.hpp>

namespace
{
constexpr size_t leaf_size = 20;

/* What nanoflann asks for its points; `Dims` is -1 where only the data set knows. */
template <int Dims> struct cloud {
    const double *coords;
    size_t count;
    size_t dims;

    size_t kdtree_get_point_count() const
    {
        return count;
    }
    double kdtree_get_pt(size_t i, size_t axis) const
    {
        return coords[(Dims > 0 ? static_cast<size_t>(Dims) : dims) * i + axis];
    }
    template <class Box> bool kdtree_get_bbox(Box &) const
    {
        return false;
    }
};

struct tree {
    virtual ~tree() = default;
    virtual uint64_t bytes() = 0;
    virtual void nearest(const double *from, size_t k, uint64_t *ids, double *distances) const = 0;
};

template <int Dims> struct tree_of final : tree {
    using distance = nanoflann::L2_Simple_Adaptor<double, cloud<Dims>>;
    using kd_tree = nanoflann::KDTreeSingleIndexAdaptor<distance, cloud<Dims>, Dims, uint32_t>;
    cloud<Dims> points;
    kd_tree index;

    explicit tree_of(const struct dataset *data)
        : points{data->coords, data->count, data->dims},
          index(static_cast<int>(data->dims), points,
                nanoflann::KDTreeSingleIndexAdaptorParams(leaf_size))
    {
        index.buildIndex();
    }
    /* Its index, and the points that it needs beside. */
    uint64_t bytes() override
    {
        return index.usedMemory(index) + points.count * points.dims * sizeof(double);
    }
    void nearest(const double *from, size_t k, uint64_t *ids, double *distances) const override
    {
        nanoflann::KNNResultSet<double, uint64_t> found(k);
        found.init(ids, distances);
        index.findNeighbors(found, from, nanoflann::SearchParams());
    }
};

void *prepare(const struct dataset *data)
{
    return new dataset(*data);
}

void unprepare(void *prepared)
{
    delete static_cast<dataset *>(prepared);
}

tree *tree_make(const struct dataset *data)
{
    switch (data->dims) {
    case 2:
        return new tree_of<2>(data);
    case 3:
        return new tree_of<3>(data);
    case 8:
        return new tree_of<8>(data);
    case 16:
        return new tree_of<16>(data);
    case 32:
        return new tree_of<32>(data);
    case 64:
        return new tree_of<64>(data);
    default:
        return new tree_of<-1>(data);
    }
}

void *build(void *prepared, unsigned, unsigned)
{
    return tree_make(static_cast<const dataset *>(prepared));
}

uint64_t bytes(const void *built)
{
    return const_cast<tree *>(static_cast<const tree *>(built))->bytes();
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
    static_cast<const tree *>(built)->nearest(from, k, ids, distances);
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
    out.interface = CONTESTANT_INTERFACE;
    out.takes = takes;
    out.name = "nanoflann";
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
extern const struct contestant with_nanoflann = make();
}
