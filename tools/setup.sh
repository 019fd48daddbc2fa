#!/bin/sh
# Set-up on a bare Debian 12 or Ubuntu: system packages that are missing, a virtual environment, tillrig in it.
# Needs root or sudo only when a package is missing. PYTHON and VENV come from the Makefile.
set -eu
PYTHON="${PYTHON:-python3}"
VENV="${VENV:-.venv}"

say() { printf 'setup: %s\n' "$*"; }

packages="tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-eng fonts-unifont fonts-wqy-zenhei libgl1 libglib2.0-0 mbpoll"
command -v "$PYTHON" >/dev/null 2>&1 || packages="$packages python3 python3-venv"

missing=""
if command -v dpkg-query >/dev/null 2>&1; then
    for package in $packages; do
        # libglib2.0-0 became libglib2.0-0t64 on newer releases; either serves.
        dpkg-query -W -f='${Status}\n' "$package" "${package}t64" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
    if [ -n "$missing" ]; then
        as_root=""
        if [ "$(id -u)" -ne 0 ]; then
            command -v sudo >/dev/null 2>&1 || { say "please install:$missing"; exit 1; }
            as_root="sudo"
        fi
        say "installing system packages:$missing"
        $as_root apt-get update -qq
        # shellcheck disable=SC2086
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    fi
else
    say "no dpkg here; make sure that these, or your system's names for them, are installed: $packages"
fi

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "Python 3.11 or newer is needed; '$PYTHON' is $("$PYTHON" --version). Try: make PYTHON=python3.12 …"
    exit 1
}
[ -x "$VENV/bin/python" ] || { say "creating $VENV"; "$PYTHON" -m venv "$VENV"; }
say "installing tillrig and what it needs into $VENV (some 400 MB the first time)"
"$VENV/bin/python" -m pip install -q --disable-pip-version-check -e '.[dev]'
say "ready: $("$VENV/bin/tillrig" --version)"
