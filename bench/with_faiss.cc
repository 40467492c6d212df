// bench/with_faiss.cc -- FAISS's flat index: every point is looked at, in 32-bit floats.
//
// Its exact search. Twenty questions and more at once become a product of matrices, whose sums
// cancel where points lie far from the origin: that is where its answers differ most. One thread,
// like everything here; how fast it is depends on the BLAS that the system has.
//
// SPDX-License-Identifier: MIT
#include "contestants.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include <omp.h>

#include <faiss/IndexFlat.h>

namespace
{
struct floats {
    size_t dims;
    std::vector<float> coords;
};

struct index {
    faiss::IndexFlatL2 flat;
    std::vector<float> points, distances;
    std::vector<faiss::Index::idx_t> ids;

    explicit index(size_t dims) : flat(static_cast<faiss::Index::idx_t>(dims))
    {
    }
};

void *prepare(const struct dataset *data)
{
    auto prepared = std::make_unique<floats>();
    prepared->dims = data->dims;
    prepared->coords.assign(data->coords, data->coords + data->count * data->dims);
    return prepared.release();
}

void unprepare(void *prepared)
{
    delete static_cast<floats *>(prepared);
}

void *build(void *prepared, unsigned, unsigned)
{
    const floats *from = static_cast<const floats *>(prepared);
    auto built = std::make_unique<index>(from->dims);
    size_t count = from->coords.size() / from->dims;
    omp_set_num_threads(1);
    built->flat.add(static_cast<faiss::Index::idx_t>(count), from->coords.data());
    return built.release();
}

uint64_t bytes(const void *built)
{
    const index *asked = static_cast<const index *>(built);
    return static_cast<uint64_t>(asked->flat.ntotal) * static_cast<uint64_t>(asked->flat.d) *
           sizeof(float);
}

void destroy(void *built)
{
    delete static_cast<index *>(built);
}

bool takes(const struct dataset *like)
{
    return !like->is_boxes;
}

/* A caller whose numbers have 64 bits converts them: the points, and what comes back. */
void nearest_many(void *built, const double *points, size_t count, size_t k, uint64_t *ids,
                  double *distances)
{
    index *asked = static_cast<index *>(built);
    size_t dims = static_cast<size_t>(asked->flat.d);
    asked->points.assign(points, points + count * dims);
    asked->distances.resize(count * k);
    asked->ids.resize(count * k);
    asked->flat.search(static_cast<faiss::Index::idx_t>(count), asked->points.data(),
                       static_cast<faiss::Index::idx_t>(k), asked->distances.data(),
                       asked->ids.data());
    std::copy(asked->distances.begin(), asked->distances.end(), distances);
    std::copy(asked->ids.begin(), asked->ids.end(), ids);
}

void nearest(void *built, unsigned, const double *from, size_t k, uint64_t *ids, double *distances)
{
    nearest_many(built, from, 1, k, ids, distances);
}

const char *version()
{
    static char text[96];
    std::snprintf(text, sizeof text, "FAISS %d.%d.%d, flat, L2, 32-bit floats, one thread",
                  FAISS_VERSION_MAJOR, FAISS_VERSION_MINOR, FAISS_VERSION_PATCH);
    return text;
}

const char *const builders[] = {"copy", nullptr};
const char *const walkers[] = {"flat", nullptr};

contestant make()
{
    contestant out = {};
    out.interface = CONTESTANT_INTERFACE;
    out.name = "FAISS";
    out.version = version;
    out.is_float32 = true;
    out.is_linear = true;
    out.takes = takes;
    out.walkers = walkers;
    out.bytes = bytes;
    out.destroy = destroy;
    out.builders = builders;
    out.prepare = prepare;
    out.unprepare = unprepare;
    out.build = build;
    out.is_squared = true;
    out.nearest = nearest;
    out.nearest_many = nearest_many;
    return out;
}
} // namespace

extern "C" {
extern const struct contestant with_faiss = make();
}
