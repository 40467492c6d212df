// bench/with_cgal.cc -- CGAL's kd-tree over points.
//
// A point is its coordinates and its id, in a class of our own: that is faster than a map from
// CGAL's points to ids. Numbers of dimensions that are compiled in are taken, no others.
//
// SPDX-License-Identifier: MIT
#include "contestants.h"

#include <algorithm>
#include <cstdio>
#include <malloc.h>
#include <memory>
#include <vector>

#include <CGAL/Euclidean_distance.h>
#include <CGAL/Fuzzy_iso_box.h>
#include <CGAL/Kd_tree.h>
#include <CGAL/Orthogonal_k_neighbor_search.h>
#include <CGAL/Search_traits.h>
#include <CGAL/version.h>

namespace
{
constexpr unsigned bucket_size = 10;

template <int Dims> struct point {
    double coords[Dims];
    uint64_t id;
};

template <int Dims> struct coords_begin {
    using result_type = const double *;
    const double *operator()(const point<Dims> &from) const
    {
        return from.coords;
    }
    const double *operator()(const point<Dims> &from, int) const
    {
        return from.coords + Dims;
    }
};

/* What CGAL asks of a kernel, for windows. */
template <int Dims> struct box {
    point<Dims> low, high;
};

template <int Dims>
struct traits : CGAL::Search_traits<double, point<Dims>, const double *, coords_begin<Dims>,
                                    CGAL::Dimension_tag<Dims>> {
    using Iso_box_d = box<Dims>;
    struct Construct_min_vertex_d {
        using result_type = const point<Dims> &;
        const point<Dims> &operator()(const Iso_box_d &of) const
        {
            return of.low;
        }
    };
    struct Construct_max_vertex_d {
        using result_type = const point<Dims> &;
        const point<Dims> &operator()(const Iso_box_d &of) const
        {
            return of.high;
        }
    };
    struct Construct_iso_box_d {
        Iso_box_d operator()(const point<Dims> &low, const point<Dims> &high) const
        {
            return {low, high};
        }
    };
    Construct_iso_box_d construct_iso_box_d_object() const
    {
        return {};
    }
    Construct_min_vertex_d construct_min_vertex_d_object() const
    {
        return {};
    }
    Construct_max_vertex_d construct_max_vertex_d_object() const
    {
        return {};
    }
};

/* Where a search for points delivers. */
struct id_writer {
    using iterator_category = std::output_iterator_tag;
    using value_type = void;
    using difference_type = void;
    using pointer = void;
    using reference = void;

    uint64_t *next;

    id_writer &operator*()
    {
        return *this;
    }
    id_writer &operator++()
    {
        return *this;
    }
    id_writer &operator++(int)
    {
        return *this;
    }
    template <class Point> id_writer &operator=(const Point &found)
    {
        *next++ = found.id;
        return *this;
    }
};

/* What the program has taken from the heap and not given back, the allocator's share included. */
uint64_t heap_bytes()
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* The points in CGAL's form, and the tree that is built of them. */
struct points {
    virtual ~points() = default;
    virtual struct tree *build() const = 0;
};

struct tree {
    virtual ~tree() = default;
    virtual size_t window(const double *window, uint64_t *ids) const = 0;
    virtual void nearest(const double *from, size_t k, uint64_t *ids, double *distances) const = 0;
    uint64_t bytes = 0;
};

template <int Dims> point<Dims> point_make(const double *coords, uint64_t id)
{
    point<Dims> out;
    std::copy(coords, coords + Dims, out.coords);
    out.id = id;
    return out;
}

template <int Dims> struct tree_of final : tree {
    using distance = CGAL::Euclidean_distance<traits<Dims>>;
    using splitter = CGAL::Sliding_midpoint<traits<Dims>>;
    using kd_tree = CGAL::Kd_tree<traits<Dims>, splitter, CGAL::Tag_true, CGAL::Tag_true>;
    using search = CGAL::Orthogonal_k_neighbor_search<traits<Dims>, distance, splitter, kd_tree>;
    kd_tree index;

    explicit tree_of(const std::vector<point<Dims>> &from)
        : index(from.begin(), from.end(), splitter(bucket_size))
    {
        index.build();
    }
    size_t window(const double *window, uint64_t *ids) const override
    {
        CGAL::Fuzzy_iso_box<traits<Dims>> asked(point_make<Dims>(window, 0),
                                                point_make<Dims>(window + Dims, 0));
        return static_cast<size_t>(index.search(id_writer{ids}, asked).next - ids);
    }
    void nearest(const double *from, size_t k, uint64_t *ids, double *distances) const override
    {
        point<Dims> at = point_make<Dims>(from, 0);
        search found(index, at, static_cast<unsigned>(k), 0.0, true, distance(), false);
        for (const auto &one : found) {
            *ids++ = one.first.id;
            *distances++ = one.second;
        }
    }
};

template <int Dims> struct points_of final : points {
    std::vector<point<Dims>> list;

    explicit points_of(const struct dataset *data)
    {
        list.reserve(data->count);
        for (size_t i = 0; i < data->count; i++)
            list.push_back(point_make<Dims>(data->coords + i * Dims, i));
    }
    tree *build() const override
    {
        return new tree_of<Dims>(list);
    }
};

void *prepare(const struct dataset *data)
{
    switch (data->dims) {
    case 2:
        return static_cast<points *>(new points_of<2>(data));
    case 3:
        return static_cast<points *>(new points_of<3>(data));
    case 8:
        return static_cast<points *>(new points_of<8>(data));
    case 16:
        return static_cast<points *>(new points_of<16>(data));
    case 32:
        return static_cast<points *>(new points_of<32>(data));
    case 64:
        return static_cast<points *>(new points_of<64>(data));
    default:
        bench_die("CGAL was not compiled for %u dimensions", data->dims);
    }
}

bool takes(const struct dataset *like)
{
    static const unsigned compiled[] = {2, 3, 8, 16, 32, 64};
    return !like->is_boxes &&
           std::find(std::begin(compiled), std::end(compiled), like->dims) != std::end(compiled);
}

void unprepare(void *prepared)
{
    delete static_cast<points *>(prepared);
}

void *build(void *prepared, unsigned, unsigned)
{
    uint64_t before = heap_bytes();
    tree *built = static_cast<const points *>(prepared)->build();
    built->bytes = heap_bytes() - before;
    return built;
}

uint64_t bytes(const void *built)
{
    return static_cast<const tree *>(built)->bytes;
}

void destroy(void *built)
{
    delete static_cast<tree *>(built);
}

size_t window_ids(void *built, unsigned, const double *window, uint64_t *ids)
{
    return static_cast<const tree *>(built)->window(window, ids);
}

void nearest(void *built, unsigned, const double *from, size_t k, uint64_t *ids, double *distances)
{
    static_cast<const tree *>(built)->nearest(from, k, ids, distances);
}

const char *version()
{
    static char text[96];
    std::snprintf(text, sizeof text, "CGAL %s, Kd_tree, bucket size %u, -O3 -march=native",
                  CGAL_VERSION_STR, bucket_size);
    return text;
}

const char *const builders[] = {"kd-tree", nullptr};
const char *const walkers[] = {"kd-tree", nullptr};

contestant make()
{
    contestant out = {};
    out.interface = CONTESTANT_INTERFACE;
    out.name = "CGAL";
    out.version = version;
    out.takes = takes;
    out.walkers = walkers;
    out.bytes = bytes;
    out.destroy = destroy;
    out.builders = builders;
    out.prepare = prepare;
    out.unprepare = unprepare;
    out.build = build;
    out.window = window_ids;
    out.is_squared = true;
    out.nearest = nearest;
    return out;
}
} // namespace

extern "C" {
extern const struct contestant with_cgal = make();
}
