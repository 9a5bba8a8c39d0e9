#!/usr/bin/env bash
# Puts a MicroPython of 32 bits, as an ESP32 is, beside a virtual environment's python:
#   tests/micropython_32.sh .venv
# It is Debian's micropython for i386 with the libraries it needs, taken by apt from this machine's own Debian mirror, or
# from Debian's if it has none (apt checks the signatures), unpacked into the environment and started by the loader that came
# with it. Nothing is installed, no root is needed, apt's own state stays as it is, and what was there stays until it works.
set -euo pipefail

suite=trixie
venv=$(realpath "$1")
folder=$venv/lib/micropython-32
new=$folder.new
command=$venv/bin/micropython-32

without() {
  echo "No 32-bit MicroPython: $1. Put one as micropython-32 on your PATH (MicroPython's unix port, made with MICROPY_FORCE_32BIT=1); until then its tests are skipped." >&2
  rm -rf "$new"
  exit 1
}

case $(uname -m) in x86_64 | i?86) ;; *) without "a processor of kind $(uname -m) does not run programs for i386" ;; esac
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || without "there is no apt here to fetch it with"
keyring=/usr/share/keyrings/debian-archive-keyring.pgp
[ -e "$keyring" ] || keyring=${keyring%.pgp}.gpg
[ -e "$keyring" ] || without "the keys of Debian's archive are missing (install debian-archive-keyring)"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -m1 '/debian/*$') ||
  mirror=http://deb.debian.org/debian

rm -rf "$new"
mkdir -p "$new"/{sources,state,lists/partial,cache/archives/partial}
: >"$new/status"
cat >"$new/sources/debian.sources" <<END
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Architectures: i386
Signed-By: $keyring
END
cat >"$new/apt.conf" <<'END'
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Languages "none";
END
apt=(apt-get -qq -c "$new/apt.conf"
  -o APT::Architecture=i386 -o APT::Architectures::=i386 -o APT::Sandbox::User=root
  -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$new/sources"
  -o Dir::State="$new/state" -o Dir::State::status="$new/status" -o Dir::State::lists="$new/lists"
  -o Dir::Cache="$new/cache")
"${apt[@]}" update && "${apt[@]}" install --yes --download-only --no-install-recommends micropython ||
  without "apt could not fetch Debian's micropython of $suite for i386, as said above"
for package in "$new"/cache/archives/*.deb; do
  dpkg-deb -x "$package" "$new/root"
done
rm -rf "$new"/{sources,state,lists,cache,status,apt.conf,lock,lock-frontend}

libraries=$new/root/usr/lib/i386-linux-gnu
"$libraries/ld-linux.so.2" --library-path "$libraries" "$new/root/usr/bin/micropython" -c 'import sys; sys.exit(sys.maxsize != 2**31 - 1)' ||
  without "Debian's does not run on this machine"
rm -rf "$folder"
mv "$new" "$folder"

cat >"$command" <<'END'
#!/bin/sh
root=${0%/*}/../lib/micropython-32/root/usr
exec "$root/lib/i386-linux-gnu/ld-linux.so.2" --library-path "$root/lib/i386-linux-gnu" "$root/bin/micropython" "$@"
END
chmod +x "$command"
