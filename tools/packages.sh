#!/bin/sh
# Installs those of the named Debian packages that are missing. Needs root or sudo only then.
set -eu

say() { printf 'setup: %s\n' "$*"; }

if ! command -v dpkg-query >/dev/null 2>&1; then
    say "no dpkg here; make sure that these, or your system's names for them, are installed: $*"
    exit 0
fi
missing=""
for package in "$@"; do
    # libglib2.0-0 became libglib2.0-0t64 on newer releases; either serves.
    dpkg-query -W -f='${Status}\n' "$package" "${package}t64" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { say "please install:$missing"; exit 1; }
    as_root="sudo"
fi
say "installing system packages:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
