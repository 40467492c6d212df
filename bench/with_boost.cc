// bench/with_boost.cc -- Boost.Geometry's R-tree, built by its packing constructor.
//
// SPDX-License-Identifier: MIT
#include "contestant.h"

#include <cstdio>
#include <iterator>
#include <malloc.h>
#include <memory>
#include <utility>
#include <vector>

#include <boost/geometry.hpp>
#include <boost/geometry/geometries/box.hpp>
#include <boost/geometry/geometries/point.hpp>
#include <boost/geometry/index/rtree.hpp>
#include <boost/version.hpp>

namespace
{
namespace bg = boost::geometry;
namespace bgi = boost::geometry::index;

using point = bg::model::point<double, 2, bg::cs::cartesian>;
using box = bg::model::box<point>;

box window_box(const double *window)
{
    return box(point(window[0], window[1]), point(window[2], window[3]));
}

/* Where a query delivers: writes the id of each value and moves on. */
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
    template <class Value> id_writer &operator=(const Value &value)
    {
        *next++ = value.second;
        return *this;
    }
};

/* Where a query delivers that is only counted: query() itself returns the number. */
struct id_dropper {
    using iterator_category = std::output_iterator_tag;
    using value_type = void;
    using difference_type = void;
    using pointer = void;
    using reference = void;

    id_dropper &operator*()
    {
        return *this;
    }
    id_dropper &operator++()
    {
        return *this;
    }
    id_dropper &operator++(int)
    {
        return *this;
    }
    template <class Value> id_dropper &operator=(const Value &)
    {
        return *this;
    }
};

/* One implementation for points and boxes; the functions of the contestant only forward. */
struct tree {
    virtual ~tree() = default;
    virtual size_t window(const double *window, uint64_t *ids) const = 0;
    virtual uint64_t count(const double *window) const = 0;
    uint64_t bytes = 0;
};

template <class Geometry> struct tree_of final : tree {
    using value = std::pair<Geometry, uint64_t>;
    bgi::rtree<value, bgi::rstar<16>> index;

    explicit tree_of(const std::vector<value> &values) : index(values)
    {
    }
    size_t window(const double *window, uint64_t *ids) const override
    {
        return index.query(bgi::intersects(window_box(window)), id_writer{ids});
    }
    uint64_t count(const double *window) const override
    {
        return index.query(bgi::intersects(window_box(window)), id_dropper{});
    }
};

/* The values, in the form that the range constructor takes. */
struct values {
    bool is_boxes;
    std::vector<tree_of<point>::value> points;
    std::vector<tree_of<box>::value> boxes;
};

void *prepare(const struct dataset *data)
{
    auto prepared = std::make_unique<values>();
    prepared->is_boxes = data->is_boxes;
    if (data->is_boxes)
        prepared->boxes.reserve(data->count);
    else
        prepared->points.reserve(data->count);
    for (size_t i = 0; i < data->count; i++) {
        if (data->is_boxes)
            prepared->boxes.emplace_back(window_box(data->coords + 4 * i), i);
        else
            prepared->points.emplace_back(point(data->coords[2 * i], data->coords[2 * i + 1]), i);
    }
    return prepared.release();
}

void unprepare(void *prepared)
{
    delete static_cast<values *>(prepared);
}

/* What the program has taken from the heap and not given back, the allocator's share included. */
uint64_t heap_bytes()
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void *build(void *prepared, unsigned, unsigned)
{
    const values *from = static_cast<const values *>(prepared);
    uint64_t before = heap_bytes();
    std::unique_ptr<tree> built;
    if (from->is_boxes)
        built = std::make_unique<tree_of<box>>(from->boxes);
    else
        built = std::make_unique<tree_of<point>>(from->points);
    built->bytes = heap_bytes() - before;
    return built.release();
}

uint64_t bytes(const void *built)
{
    return static_cast<const tree *>(built)->bytes;
}

void destroy(void *built)
{
    delete static_cast<tree *>(built);
}

bool can_walk(void *, unsigned)
{
    return true;
}

size_t window_ids(void *built, unsigned, const double *window, uint64_t *ids)
{
    return static_cast<const tree *>(built)->window(window, ids);
}

uint64_t window_count(void *built, unsigned, const double *window)
{
    return static_cast<const tree *>(built)->count(window);
}

const char *version()
{
    static char text[80];
    std::snprintf(text, sizeof text,
                  "Boost.Geometry %d.%d.%d, packing constructor, rstar<16>, -O3 -march=native",
                  BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
    return text;
}

const char *const builders[] = {"packing constructor", nullptr};
const char *const walkers[] = {"query", nullptr};
} // namespace

extern "C" const struct contestant with_boost = {
    "Boost", version, builders, false,    walkers,    prepare,      unprepare,
    build,   bytes,   destroy,  can_walk, window_ids, window_count,
};
