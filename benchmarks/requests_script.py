"""The script that is usual without a tool: for each file one GET, then one PUT with all of it, one after the other."""

import json
import os
import sys
from pathlib import Path

import requests
import yaml

SENT = ("name", "type", "description", "active", "targetingLogic", "data")


def main() -> None:
    """Write every file to its live flow, and tell of each."""
    base = os.environ["FRIGADE_API_URL"]
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {os.environ['FRIGADE_API_KEY']}"
        for path in sorted(Path("flows").glob("*.yaml")):
            flow = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
            live = session.get(f"{base}/v1/flows/{path.stem}", timeout=30)
            live.raise_for_status()
            body = {name: flow[name] for name in SENT if name in flow}
            body["data"] = json.dumps(flow["data"])
            session.put(f"{base}/v1/flows/{live.json()['id']}", json=body, timeout=30).raise_for_status()
            sys.stdout.write(f"{path.stem}: updated\n")


if __name__ == "__main__":
    main()
