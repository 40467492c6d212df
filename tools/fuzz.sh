#!/bin/sh
# tools/fuzz.sh -- runs every fuzz harness of a build for some seconds.
#
#     tools/fuzz.sh BUILD SECONDS [HARNESS]...
#
# Starts from fuzz/corpus/<harness> and the harness's own seeds; what is found grows in
# BUILD/corpus/<harness>, and an input that breaks something is left in BUILD/crash/. Such an input
# goes into fuzz/corpus/ together with the change that mends it. At the end comes a table: what was
# executed, for how long, by each harness. A harness that breaks does not keep others from running.
#
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
build=${1:?usage: tools/fuzz.sh BUILD SECONDS [HARNESS]...}
seconds=${2:?usage: tools/fuzz.sh BUILD SECONDS [HARNESS]...}
shift 2
if [ $# -eq 0 ]; then
    for harness in "$build"/fuzz/fuzz_*; do
        if [ -x "$harness" ] && [ ! -d "$harness" ]; then
            set -- "$@" "${harness##*/fuzz_}"
        fi
    done
fi
mkdir -p "$build/crash"
table=$(mktemp)
trap 'rm -f "$table"' EXIT
broken=0
for name in "$@"; do
    echo "== $name, $seconds seconds"
    corpus=$build/corpus/$name
    log=$build/crash/$name.log
    mkdir -p "$corpus"
    "$build/fuzz/seeds_$name" --write "$corpus"
    if [ -d "fuzz/corpus/$name" ]; then
        cp -n "fuzz/corpus/$name"/* "$corpus"
    fi
    begin=$(date +%s)
    # Large blocks come and go in every run: what is freed is not held for long.
    # ASAN_OPTIONS of the caller come last and win.
    status=0
    ASAN_OPTIONS="quarantine_size_mb=16:${ASAN_OPTIONS:-}" "$build/fuzz/fuzz_$name" \
        -max_total_time="$seconds" -print_final_stats=1 -timeout=60 -rss_limit_mb=2048 \
        -len_control=0 -max_len=4200 -artifact_prefix="$build/crash/$name-" "$corpus" \
        >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
        tail -60 "$log"
        broken=1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-16s %12s executions %8d s  %s\n' "$name" "${runs:-unknown}" \
        "$(($(date +%s) - begin))" "$([ "$status" -eq 0 ] && echo ok || echo BROKEN)" >>"$table"
    tail -1 "$table"
done
echo "== all harnesses"
cat "$table"
exit "$broken"
