"""The obvious plan in Python, as a baseline: CSafeLoader, jsonschema, httpx one request at a time, DeepDiff."""

import json
import os
import sys
from pathlib import Path

import httpx
import jsonschema
import yaml
from deepdiff import DeepDiff

from flowsync.validate import schema_text


def read() -> dict[str, dict[str, object]]:
    """The files, each validated."""
    validator = jsonschema.Draft202012Validator(json.loads(schema_text("flow")))
    files = {}
    for path in sorted(Path("flows").rglob("*.yaml")):
        value = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        validator.validate(value)
        files[path.stem] = value
    return files


def fetch() -> dict[str, dict[str, object]]:
    """The live flows, page after page."""
    live: dict[str, dict[str, object]] = {}
    key = {"Authorization": f"Bearer {os.environ['FRIGADE_API_KEY']}"}
    with httpx.Client(base_url=os.environ["FRIGADE_API_URL"], headers=key) as client:
        while True:
            page = client.get("/v1/flows", params={"offset": len(live), "limit": 100}).json()["data"]
            fresh = {row["slug"]: row for row in page if row["slug"] not in live}
            live.update(fresh)
            if not fresh:
                return live


def main() -> None:
    """Print how many flows differ."""
    files, live = read(), fetch()
    differing = 0
    for slug, stated in files.items():
        row = live.get(slug, {})
        now = {**row, "data": yaml.load(str(row.get("data", "")), yaml.CSafeLoader)}
        sent = {key: value for key, value in stated.items() if key in now}
        differing += bool(DeepDiff({key: now[key] for key in sent}, sent))
    sys.stdout.write(f"{differing}\n")


if __name__ == "__main__":
    main()
