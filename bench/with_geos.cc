// bench/with_geos.cc -- GEOS's STR-packed R-tree: TemplateSTRtree, built once, then asked.
//
// Ten entries in a node, its default. It knows the one nearest item only.
//
// SPDX-License-Identifier: MIT
#define USE_UNSTABLE_GEOS_CPP_API 1 /* compiled with the version that it is linked to */
#include "contestants.h"

#include <cstdio>
#include <malloc.h>
#include <memory>

#include <geos/geom/Envelope.h>
#include <geos/index/strtree/TemplateSTRtree.h>
#include <geos/version.h>

namespace
{
using geos::geom::Envelope;
/* An item is its id and one, in the form of a pointer, which the tree asks for; the point from
 * which the nearest is looked for is null. */
using item = void *;
using str_tree =
    geos::index::strtree::TemplateSTRtreeImpl<item, geos::index::strtree::EnvelopeTraits>;

constexpr size_t node_capacity = 10;

struct tree {
    struct dataset data;
    str_tree index;
    uint64_t bytes = 0;

    explicit tree(const struct dataset &from) : data(from), index(node_capacity, from.count)
    {
    }
};

/* What the program has taken from the heap and not given back, the allocator's share included. */
uint64_t heap_bytes()
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

item item_of(uint64_t id)
{
    return reinterpret_cast<item>(id + 1);
}

uint64_t id_of(item from)
{
    return reinterpret_cast<uint64_t>(from) - 1;
}

Envelope row_envelope(const struct dataset *data, size_t i)
{
    const double *low = data->coords + i * dataset_width(data);
    const double *high = data->is_boxes ? low + 2 : low;
    return Envelope(low[0], high[0], low[1], high[1]);
}

Envelope window_envelope(const double *window)
{
    return Envelope(window[0], window[2], window[1], window[3]);
}

/* Between the point and an item, whichever comes first. */
struct item_distance {
    const struct dataset *data;
    Envelope point;

    double operator()(item a, item b) const
    {
        return row_envelope(data, id_of(a == nullptr ? b : a)).distance(point);
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

void *build(void *prepared, unsigned, unsigned)
{
    const dataset *data = static_cast<const dataset *>(prepared);
    uint64_t before = heap_bytes();
    auto built = std::make_unique<tree>(*data);
    for (size_t i = 0; i < data->count; i++)
        built->index.insert(row_envelope(data, i), item_of(i));
    built->index.build();
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

bool takes(const struct dataset *like)
{
    return like->dims == 2;
}

size_t window_ids(void *built, unsigned, const double *window, uint64_t *ids)
{
    uint64_t *next = ids;
    static_cast<tree *>(built)->index.query(window_envelope(window),
                                            [&next](item found) { *next++ = id_of(found); });
    return static_cast<size_t>(next - ids);
}

uint64_t window_count(void *built, unsigned, const double *window)
{
    uint64_t found = 0;
    static_cast<tree *>(built)->index.query(window_envelope(window), [&found](item) { found++; });
    return found;
}

void nearest(void *built, unsigned, const double *from, size_t, uint64_t *ids, double *distances)
{
    tree *asked = static_cast<tree *>(built);
    Envelope point(from[0], from[0], from[1], from[1]);
    item_distance distance{&asked->data, point};
    item found = asked->index.nearestNeighbour(point, item{nullptr}, distance);
    ids[0] = id_of(found);
    distances[0] = distance(found, nullptr);
}

const char *version()
{
    static char text[96];
    std::snprintf(text, sizeof text,
                  "GEOS %s, TemplateSTRtree, node capacity %zu, -O3 -march=native", GEOS_VERSION,
                  node_capacity);
    return text;
}

const char *const builders[] = {"STR", nullptr};
const char *const walkers[] = {"query", nullptr};

contestant make()
{
    contestant out = {};
    out.interface = CONTESTANT_INTERFACE;
    out.name = "GEOS STRtree";
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
    out.count = window_count;
    out.k_most = 1;
    out.nearest = nearest;
    return out;
}
} // namespace

extern "C" {
extern const struct contestant with_geos = make();
}
