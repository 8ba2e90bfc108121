#!/bin/sh
# Unpacks Debian's libabsl-dev of arm64 into a directory, where tests/targets/targets.py looks for it:
#
#   tests/targets/sysroot.sh build/arm64-sysroot
#
# Nothing is installed, and the architecture is not added to this system: apt works on lists and
# archives of its own. Debian alone has apt; elsewhere targets.py says what is missing.
set -eu
root=$1
[ -e "$root/usr/lib/aarch64-linux-gnu/cmake/absl" ] && exit 0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial" "$scratch/packages" "$root"
: > "$scratch/status"
cat > "$scratch/apt.conf" <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "";
Dir::State "$scratch";
Dir::State::Lists "$scratch/lists";
Dir::State::status "$scratch/status";
Dir::Cache "$scratch/cache";
END
export APT_CONFIG="$scratch/apt.conf"
apt-get -q update
shared=$(apt-cache depends libabsl-dev | awk '/Depends: libabsl[0-9]/ {print $2}' | sed 's/:.*//')
(cd "$scratch/packages" && apt-get -q download libabsl-dev "$shared")
for package in "$scratch"/packages/*.deb; do
  dpkg-deb -x "$package" "$root"
done
