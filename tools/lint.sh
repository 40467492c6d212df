#!/bin/sh
# tools/lint.sh -- what takes seconds: format, layers, style, symbols, shell scripts, mutants.
#
# Runs all of them, prints what each found, and exits with 1 when one found something.
#
# SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/.." || exit 1
tools/setup.sh --lint || exit 1
failures=0

# step NAME COMMAND...
step() {
    name=$1
    shift
    if "$@"; then
        echo "lint: $name: ok"
    else
        echo "lint: $name: FAILED"
        failures=$((failures + 1))
    fi
}

check_format() {
    tools/c_files.sh | xargs -P 2 -n 16 clang-format --dry-run -Werror
}

check_shell() {
    find . -path ./build -prune -o -path ./.git -prune -o -name '*.sh' -exec shellcheck {} + &&
        shellcheck .ci/run
}

# A library that was built before the sources changed would say nothing about them.
check_built_symbols() {
    for build in build/release build/dev; do
        if [ -e $build/libxtree.so ]; then
            cmake --build $build -j 2 --target xtree_shared xtree_static >/dev/null &&
                tools/check_symbols.sh $build
            return
        fi
    done
    echo "no build to look at"
}

# A mutant that does not fit the sources any more breaks nothing.
check_mutants() {
    for patch in tests/mutants/*.patch; do
        git apply --check "$patch" || return 1
    done
}

step format check_format
step layers tools/check_layers.py
step style tools/check_style.py
step symbols check_built_symbols
step shell check_shell
step mutants check_mutants
[ $failures -eq 0 ]
