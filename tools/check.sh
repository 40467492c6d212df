#!/bin/sh
# tools/check.sh -- everything that CI runs, one step after the other.
#
#     tools/check.sh [STEP]...     without steps: all of them
#
# Each step's output goes to build/check/<step>.log, and to the terminal when the step fails. The
# steps that run tests leave the results in build/<step>/tests.xml. Exit status 1: a step failed.
#
# SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/.." || exit 1
mkdir -p build/check
failures=0

run_step() {
    case $1 in
    dev | clang | asan | tsan | release)
        rm -f "build/$1/tests.xml"
        cmake --workflow --preset "$1"
        ;;
    lint) tools/lint.sh ;;
    tidy) tools/tidy.sh ;;
    install) tests/install/run.sh ;;
    *)
        echo "no such step: $1"
        return 2
        ;;
    esac
}

[ $# -gt 0 ] || set -- lint dev clang asan tsan release tidy install
for step in "$@"; do
    begin=$(date +%s)
    printf '%-10s' "$step"
    if run_step "$step" >"build/check/$step.log" 2>&1; then
        result=ok
    else
        result=FAILED
        failures=$((failures + 1))
    fi
    echo "$result" >"build/check/$step.result"
    printf '%-8s%4d s\n' "$result" $(($(date +%s) - begin))
    if [ $result = FAILED ]; then
        tail -n 100 "build/check/$step.log"
    fi
done
[ $failures -eq 0 ]
