/* bench/shoreline.h -- data sets made from the world's shorelines in full resolution (GSHHG).
 *
 * The file is the one that Debian's package gmt-gshhg-full installs. It cuts the shorelines at the
 * borders of cells of one degree: 214,376 lines of 10,995,687 points.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SHORELINE_H
#define BENCH_SHORELINE_H

#include "contestant.h"

/* The bounding boxes of all 10,781,311 segments between two points, along the lines, in degrees. */
void shoreline_segments(struct dataset *data);

/* Fourier descriptors of the outlines that are closed within a cell: islands and lakes, those with
 * at least eight corners. Each outline is sampled at 64 places of equal distance along it, taken
 * as complex numbers; the magnitudes of the coefficients -1, 2, -2, 3, -3, ... are divided by that
 * of the first, so neither place, size, rotation, nor start say anything. */
void shoreline_shapes(struct dataset *data, unsigned dims);

/* The same of pieces of 33 points, one after every eight points of a line. A piece has two ends, so
 * it is taken there and back: the coefficients are 2, 3, 4, ... */
void shoreline_pieces(struct dataset *data, unsigned dims);

#endif
