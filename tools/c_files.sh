#!/bin/sh
# tools/c_files.sh -- lists every C and C++ file that is ours, one per line.
#
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
find bench cli examples fuzz include src tests -name '*.[ch]' -o -name '*.cc' -o -name '*.hpp' |
    LC_ALL=C sort
