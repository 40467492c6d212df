/* bench/quality_main.c -- xtree-quality: sub-command quality as a program that needs no peers.
 *
 *     xtree-quality ITEMS DATA [EXPECTED]
 *
 * DATA is the folder of the real data. Prints the measures, or compares them with EXPECTED.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "data.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    struct settings settings = {.report = {.markdown = stdout}, .seed = DATA_SEED};
    if (argc < 3 || argc > 4)
        bench_die("usage: xtree-quality ITEMS DATA [EXPECTED]");
    settings.items = strtoull(argv[1], NULL, 10);
    settings.data = argv[2];
    settings.expect = argc > 3 ? argv[3] : NULL;
    if (settings.items == 0)
        bench_die("%s: not a number of items", argv[1]);
    bench_quality(&settings);
    if (fflush(stdout) != 0)
        bench_die("the results cannot be written");
    return 0;
}
