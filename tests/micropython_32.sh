#!/usr/bin/env bash
# Puts a MicroPython of 32 bits, as an ESP32 is, beside a virtual environment's python:
#   tests/micropython_32.sh .venv
# It is Debian's micropython for i386 with the libraries it needs, taken by apt from this machine's own Debian mirror (apt
# checks their signatures), unpacked into the environment and started by the loader that came with it. Nothing is installed,
# no root is needed, and apt's own state stays as it is.
set -euo pipefail

suite=trixie
venv=$(realpath "$1")
folder=$venv/lib/micropython-32
command=$venv/bin/micropython-32
rm -rf "$folder" "$command"

without() {
  echo "No 32-bit MicroPython: $1. Put one as micropython-32 on your PATH (MicroPython's unix port, made with MICROPY_FORCE_32BIT=1); until then its tests are skipped." >&2
  rm -rf "$folder" "$command"
  exit 1
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || without "there is no apt here to fetch it with"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -m1 '/debian/*$') ||
  without "apt knows no Debian mirror"

mkdir -p "$folder"/{sources,state,lists/partial,cache/archives/partial}
: >"$folder/status"
cat >"$folder/sources/debian.sources" <<END
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Architectures: i386
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
apt=(apt-get -qq
  -o APT::Architecture=i386 -o APT::Architectures::=i386 -o APT::Sandbox::User=root
  -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$folder/sources"
  -o Dir::State="$folder/state" -o Dir::State::status="$folder/status" -o Dir::State::lists="$folder/lists"
  -o Dir::Cache="$folder/cache")
"${apt[@]}" update && "${apt[@]}" install --yes --download-only --no-install-recommends micropython ||
  without "apt could not fetch Debian's micropython of $suite for i386, as said above"
for package in "$folder"/cache/archives/*.deb; do
  dpkg-deb -x "$package" "$folder/root"
done
rm -rf "$folder"/{sources,state,lists,cache,status}

cat >"$command" <<'END'
#!/bin/sh
root=${0%/*}/../lib/micropython-32/root/usr
exec "$root/lib/i386-linux-gnu/ld-linux.so.2" --library-path "$root/lib/i386-linux-gnu" "$root/bin/micropython" "$@"
END
chmod +x "$command"
[ "$("$command" -c 'import sys; print(sys.maxsize)')" = 2147483647 ] || without "Debian's does not run on this machine"
