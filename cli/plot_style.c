/* cli/plot_style.c -- the colours of a plot.
 *
 * Levels take their colours from a curve through OKLab, in which equal steps look equally far
 * apart: from a calm blue for the leaves, which are many, over violet and coral to a bright yellow
 * for the root, of which there is one. Lightness rises all the way, so the order of the levels
 * survives in grey.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>

#include "plot.h"

struct oklab {
    double lightness, a, b;
};

#define CURVE_STEPS 4

static const struct oklab curve[CURVE_STEPS + 1] = {
    {0.60, -0.045, -0.110}, /* blue */
    {0.65, 0.080,  -0.140}, /* violet */
    {0.71, 0.165,  0.010 }, /* coral pink */
    {0.79, 0.075,  0.125 }, /* orange */
    {0.92, -0.020, 0.150 }, /* yellow */
};

static struct oklab curve_at(double t)
{
    size_t step = t >= 1 ? CURVE_STEPS - 1 : (size_t)(t * CURVE_STEPS);
    double part = t * CURVE_STEPS - (double)step;
    const struct oklab *from = &curve[step], *to = &curve[step + 1];

    return (struct oklab){
        from->lightness + part * (to->lightness - from->lightness),
        from->a + part * (to->a - from->a),
        from->b + part * (to->b - from->b),
    };
}

static unsigned channel(double linear)
{
    double value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;

    return value <= 0 ? 0 : value >= 1 ? 255 : (unsigned)(value * 255 + 0.5);
}

/* OKLab to sRGB, by its defining matrices. */
static void write_colour(struct oklab lab, char colour[PLOT_COLOUR_SIZE])
{
    double l = lab.lightness + 0.3963377774 * lab.a + 0.2158037573 * lab.b;
    double m = lab.lightness - 0.1055613458 * lab.a - 0.0638541728 * lab.b;
    double s = lab.lightness - 0.0894841775 * lab.a - 1.2914855480 * lab.b;
    double l3 = l * l * l, m3 = m * m * m, s3 = s * s * s;

    snprintf(colour, PLOT_COLOUR_SIZE, "#%02x%02x%02x",
             channel(4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3) & 255u,
             channel(-1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3) & 255u,
             channel(-0.0041960863 * l3 - 0.7034186147 * m3 + 1.7076147010 * s3) & 255u);
}

static double place(uint32_t level, uint32_t height)
{
    return height <= 1 ? 0.5 : (double)level / (double)(height - 1);
}

void plot_level_colour(uint32_t level, uint32_t height, char colour[PLOT_COLOUR_SIZE])
{
    write_colour(curve_at(place(level, height)), colour);
}

double plot_level_stroke(uint32_t level, uint32_t height)
{
    return 0.55 + 1.75 * pow(place(level, height), 1.2);
}

double plot_level_opacity(uint32_t level, uint32_t height)
{
    return 0.70 + 0.25 * place(level, height);
}
