"""A stand-in for Kong's admin API that holds what the flow files of this directory hold, for decK to compare with.

    python kong.py {services|plugins} MILLISECONDS      tells its address, and serves until it is ended

As services, each file is one flat object with the file's lines for tags; as plugins, it is one whose configuration is
the flow's nested `data`. Pages are as long as decK asks for: 1,000.
"""

from __future__ import annotations

import json
import sys
import threading
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

import yaml

from flowsync.sandbox.server import Response, serve, with_latency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.sandbox.server import Request

INFORMATION: Final = {"version": "2.8.1", "configuration": {"database": "postgres"}}
SCHEMA: Final = {"fields": [{"config": {"type": "record", "fields": []}}]}
TIMES: Final = {"connect_timeout": 60_000, "read_timeout": 60_000, "write_timeout": 60_000, "retries": 5}
SERVICE: Final = {"host": "flows.example", "port": 80, "protocol": "http", "path": None, **TIMES}
PLUGIN: Final = {"enabled": True, "protocols": ["http", "https"], "service": None, "route": None, "consumer": None}


def objects(kind: str) -> list[Mapping[str, object]]:
    """One object of Kong's for each flow file."""
    made: list[Mapping[str, object]] = []
    for number, path in enumerate(sorted(Path("flows").iterdir())):
        text = path.read_text(encoding="utf-8")
        shared = {"id": f"00000000-0000-4000-8000-{number:012}", "created_at": 1, "name": path.stem}
        made.append({**shared, **(service(text) if kind == "services" else plugin(text))})
    return made


def service(text: str) -> Mapping[str, object]:
    """Flat: the lines as tags, each with its number, for no two tags may be equal."""
    return {**SERVICE, "tags": [f"{number} {line.strip()}" for number, line in enumerate(text.splitlines())]}


def plugin(text: str) -> Mapping[str, object]:
    """Nested: the flow's data as the configuration."""
    return {**PLUGIN, "config": yaml.load(text, yaml.CSafeLoader)["data"]}


@cache
def page(kind: str, target: str) -> bytes:
    """What is at this address."""
    url = urlsplit(target)
    if url.path == "/":
        return json.dumps(INFORMATION).encode()
    if url.path.startswith("/schemas/"):
        return json.dumps(SCHEMA).encode()
    every = objects(kind) if url.path == f"/{kind}" else []
    query = parse_qs(url.query)
    start, size = (int(query.get(name, [usual])[0]) for name, usual in (("offset", "0"), ("size", "100")))
    end = start + size
    following = {"next": f"{url.path}?offset={end}&size={size}", "offset": str(end)} if every[end:] else {"next": None}
    return json.dumps({"data": every[start:end], **following}, ensure_ascii=False).encode()


def main(kind: str, milliseconds: str) -> None:
    """Serve."""

    def handle(request: Request) -> Response:
        return Response(HTTPStatus.OK, {"content-type": "application/json"}, page(kind, request.target))

    page(kind, f"/{kind}?size=1000")
    with serve(with_latency(handle, int(milliseconds) / 1000)) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
