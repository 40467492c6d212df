#!/bin/sh
# tests/install/run.sh -- does what is installed work for somebody else, wherever it is moved to?
#
# Builds for release, installs to a scratch prefix, moves the prefix, and builds and runs consumers:
# C, C++ and the C++ wrapper with find_package (shared and static), C with pkg-config, and the
# installed tool.
#
# SPDX-License-Identifier: MIT
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/moved

build_release() {
    make -C "$root" all
}

if ! build_release >"$scratch/log" 2>&1; then
    cat "$scratch/log"
    exit 1
fi
cmake --install "$root/build/release" --prefix "$scratch/first" >/dev/null
mv "$scratch/first" "$prefix"

# No file that was installed may know where it was built or installed first.
if grep -rlF -e "$root" -e "$scratch/first" "$prefix/lib" --include='*.cmake' --include='*.pc'; then
    echo "these files name a folder of the build"
    exit 1
fi

cmake -S "$here" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$scratch/build" >/dev/null
for program in c_shared c_static cxx_shared cxx_static hpp_shared hpp_static; do
    printf '%-24s' "find_package, $program:"
    "$scratch/build/$program"
done

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name xtree.pc)")
export PKG_CONFIG_PATH
# The flags are words of their own.
# shellcheck disable=SC2046
cc -o "$scratch/pkg_config" "$here/consumer.c" $(pkg-config --cflags --libs xtree)
printf '%-24s' "pkg-config:"
LD_LIBRARY_PATH=$(pkg-config --variable=libdir xtree) "$scratch/pkg_config"

printf '%-24s' "the tool:"
"$prefix/bin/xtree" --version
