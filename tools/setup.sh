#!/bin/sh
# Set-up on a bare Debian 12 or Ubuntu: system packages that are missing, a virtual environment, tillrig in it.
# Needs root or sudo only when a package is missing. PYTHON and VENV come from the Makefile.
set -eu
PYTHON="${PYTHON:-python3}"
VENV="${VENV:-.venv}"

say() { printf 'setup: %s\n' "$*"; }

packages="tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-eng fonts-unifont fonts-wqy-zenhei libgl1 libglib2.0-0 mbpoll"
command -v "$PYTHON" >/dev/null 2>&1 || packages="$packages python3 python3-venv"

if command -v dpkg-query >/dev/null 2>&1 && command -v "$PYTHON" >/dev/null 2>&1; then
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
fi
# shellcheck disable=SC2086
sh "$(dirname "$0")/packages.sh" $packages

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "Python 3.11 or newer is needed; '$PYTHON' is $("$PYTHON" --version). Try: make PYTHON=python3.12 …"
    exit 1
}
[ -x "$VENV/bin/python" ] || { say "creating $VENV"; "$PYTHON" -m venv "$VENV"; }
say "installing tillrig and what it needs into $VENV (some 400 MB the first time)"
"$VENV/bin/python" -m pip install -q --disable-pip-version-check -e '.[dev]'
say "ready: $("$VENV/bin/tillrig" --version)"
