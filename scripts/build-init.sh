#!/bin/sh
# Compiles tinyrun-init alone: scripts/build-init.sh [--arch x64|arm64] [--cxx COMPILER] [--failpoints] [-o FILE]
# binding.gyp and CMakeLists.txt build the same sources (native/init/sources.txt) with the same flags; this is the
# quick way, the cross-compiler's, and the tests' way to a build with failpoints.
set -eu
cd "$(dirname "$0")/.."
arch=$(uname -m) cxx= out= extra=
while [ $# -gt 0 ]; do
  case $1 in
    --arch) arch=$2; shift 2 ;;
    --cxx) cxx=$2; shift 2 ;;
    --failpoints) extra=-DTINYRUN_FAILPOINTS; shift ;;
    -o) out=$2; shift 2 ;;
    *) echo "build-init: unknown option $1" >&2; exit 2 ;;
  esac
done
case $arch in
  x64 | x86_64) : "${cxx:=g++}" "${out:=build/Release/tinyrun-init}" ;;
  arm64 | aarch64)
    : "${out:=build/arm64/tinyrun-init}"
    if [ "$(uname -m)" = aarch64 ]; then : "${cxx:=g++}"; else : "${cxx:=aarch64-linux-gnu-g++}"; fi ;;
  *) echo "build-init: no support for $arch" >&2; exit 2 ;;
esac

# No libc, no exceptions, no relocations to process: the kernel maps it and it runs. Stack protectors and unwind
# tables need a runtime that is not there.
flags="-std=c++20 -O2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  -ffreestanding -fno-exceptions -fno-rtti -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables
  -fno-threadsafe-statics -fno-pic -fno-pie -fcf-protection=none -ffunction-sections -fdata-sections"
case $cxx in *aarch64*) flags=$(echo "$flags" | sed 's/-fcf-protection=none//') ;; esac
[ "$(uname -m)" = aarch64 ] && flags=$(echo "$flags" | sed 's/-fcf-protection=none//')
link="-nostdlib -static -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,separate-code -s"

mkdir -p "$(dirname "$out")"
sources=$(sed -nE 's,^(shared|init) ,native/init/,p' native/init/sources.txt)
# shellcheck disable=SC2086
$cxx $flags $extra $sources $link -o "$out"
