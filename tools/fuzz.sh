#!/bin/sh
# tools/fuzz.sh -- runs every fuzz harness of a build for some seconds.
#
#     tools/fuzz.sh BUILD SECONDS
#
# Starts from fuzz/corpus/<harness>; what is found grows in BUILD/corpus/<harness>, and an input
# that breaks something is left in BUILD/crash/. Such an input goes into fuzz/corpus/ together with
# the change that mends it.
#
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
build=${1:?usage: tools/fuzz.sh BUILD SECONDS}
seconds=${2:?usage: tools/fuzz.sh BUILD SECONDS}
mkdir -p "$build/crash"
for harness in "$build"/fuzz/fuzz_*; do
    if [ ! -x "$harness" ] || [ -d "$harness" ]; then
        continue
    fi
    name=${harness##*/fuzz_}
    echo "== $name, $seconds seconds"
    set -- "$build/corpus/$name"
    mkdir -p "$1"
    if [ -d "fuzz/corpus/$name" ]; then
        set -- "$@" "fuzz/corpus/$name"
    fi
    "$harness" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$build/crash/$name-" "$@"
done
