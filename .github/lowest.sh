#!/usr/bin/env bash
# Runs the tests with the lowest release of each dependency that pyproject.toml admits (.github/lowest.txt), on the
# lowest Python: python3 must be that one. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet -c .github/lowest.txt -e '.[test]'
"$venv/bin/pytest" "$@"
