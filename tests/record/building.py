"""Changes, rows and records made by hand."""

from __future__ import annotations

from collections.abc import Mapping

from flowsync.api.rows import live_flow
from flowsync.diff.fields import fingerprint
from flowsync.model import FieldName, JsonValue, LiveFlow, Outcome, Update
from flowsync.record.lines import outcome_line, run_line, write_line
from flowsync.record.reading import read
from flowsync.record.values import Purpose, Record, Run

TIME = "2026-01-02T03:04:05.000Z"
URL = "https://api.frigade.com"
RUN = Run(Purpose.APPLY, None, URL, "sha256:" + "a" * 64, "flowsync 0", TIME, 2)


def row(slug: str = "flow_x", row_id: int = 7, **fields: JsonValue) -> LiveFlow:
    """A row as a private key sees it; a field given as None is shown as null."""
    return live_flow({"id": row_id, "slug": slug, "version": 1, "status": "ACTIVE", "name": "Old", **fields})


def change(
    slug: str = "flow_x",
    row_id: int = 7,
    old: Mapping[FieldName, JsonValue] | None = None,
    body: Mapping[FieldName, JsonValue] | None = None,
) -> Update:
    before, after = old or {"name": "Old"}, body or {"name": "New"}
    return Update(
        slug=slug,
        file=f"flows/{slug}.yaml",
        id=row_id,
        version=1,
        status="ACTIVE",
        live=True,
        fields=(),
        unseen=(),
        warnings=(),
        body=after,
        before=fingerprint(before),
        after=fingerprint(after),
        old=before,
        new=after,
    )


def header() -> bytes:
    return run_line(RUN)


def write(planned: Update, live: LiveFlow) -> bytes:
    return write_line(planned, live, TIME)


def ended(outcome: Outcome, live: LiveFlow | None) -> bytes:
    return outcome_line(outcome, live, TIME, 0.25)


def record(*lines: bytes) -> Record:
    return read(lines, "applies/x.jsonl")
