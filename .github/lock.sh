#!/usr/bin/env bash
# Writes .github/requirements.txt anew: what the action installs, each file by its hash, for every Python and system it
# may meet. Needs uv (pip install uv). Dependencies stay as they are unless --upgrade is given.
set -euo pipefail
cd "$(dirname "$0")/.."
uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --custom-compile-command ".github/lock.sh" --output-file .github/requirements.txt "$@" \
  pyproject.toml .github/requirements.in
