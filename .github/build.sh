#!/usr/bin/env bash
# Builds what a release publishes into dist/, from the tag GITHUB_REF_NAME: the tools by their hashes, the version held
# to the tag, and a record of the commit, by which `flowsync init` pins the action in the workflows it writes.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$(mktemp -d)
trap 'rm -rf "$venv" flowsync/templates/release.json' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --no-deps --require-hashes --only-binary :all: -r .github/requirements.txt
version=$("$venv/bin/hatchling" version)
if [ "$GITHUB_REF_NAME" != "v$version" ]; then
  echo "The tag is $GITHUB_REF_NAME, the version $version." >&2
  exit 1
fi
printf '{"url": "%s/%s", "commit": "%s"}\n' "$GITHUB_SERVER_URL" "$GITHUB_REPOSITORY" "$GITHUB_SHA" > flowsync/templates/release.json
rm -rf dist
"$venv/bin/hatchling" build
