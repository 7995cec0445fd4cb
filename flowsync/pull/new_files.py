"""A new file for a live flow: its name and its text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Final

from flowsync import document
from flowsync.diff.fields import observe
from flowsync.errors import DocumentError
from flowsync.flows.files import FlowFile, flow_from_document
from flowsync.model import SENT_FIELDS, FieldName, JsonValue, LiveFlow
from flowsync.pull.results import Judge, LeftOut, NewFile, check, left_out

_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.IGNORECASE)
"""Names of devices on Windows, with any ending."""
_FORBIDDEN: Final = frozenset('/\\:*?"<>|')
_LONGEST: Final = 200
"""Bytes; names of 255 are allowed nearly everywhere, and a temporary name must fit too."""


def name_complaint(slug: str) -> str | None:
    """Return why a slug cannot be the name of a file; None if it can."""
    forbidden = next((character for character in slug if character in _FORBIDDEN), "")
    complaints = {
        f"it holds the character {forbidden}": bool(forbidden),
        "it holds an invisible character": not slug.isprintable() or slug != slug.strip(),
        "it starts with a dot, and flowsync ignores such files": slug.startswith("."),
        "it ends with a dot, which Windows drops": slug.endswith("."),
        "Windows reserves that name for a device": _RESERVED.fullmatch(slug) is not None,
        f"it is longer than {_LONGEST} bytes": len(slug.encode("utf-8", "surrogatepass")) > _LONGEST,
    }
    return next((complaint for complaint, holds in complaints.items() if holds), None)


def folded(slug: str) -> str:
    """The slug as a case-insensitive file system compares names."""
    return unicodedata.normalize("NFC", slug).casefold()


def folder_for(slug: str, taken: Collection[str]) -> str:
    """The folder below the flows directory for a new file: "" or a name and "/"; `taken` holds folded paths."""
    if folded(slug) not in taken:
        return ""
    numbers = (f"same-name-{number}/" for number in range(2, len(taken) + 3))
    return next(folder for folder in numbers if folded(folder + slug) not in taken)


_FIRST: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*([^\s])")
_LINE: Final = re.compile(r"^(?=[^\n])", re.MULTILINE)


def data_lines(live: JsonValue, value: JsonValue) -> str:
    """Return the lines of `data`: the dashboard's own if they are block-style YAML, else a dump of `value`.

    `live` is what the server returned, `value` its parsed value. Raises DocumentError if that cannot be written.
    """
    own = _own_lines(live) if isinstance(live, str) else None
    return own if own is not None and _says(own, value) else document.dump({"data": value})


def _own_lines(text: str) -> str | None:
    """The text indented below `data:`; None if it does not begin like block-style YAML."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n")
    first = _FIRST.match(lines)
    if first is None or first[1] in "{[|>\"'&!*%":
        return None
    return "data:\n" + _LINE.sub("  ", lines.rstrip("\n")) + "\n"


def _says(lines: str, value: JsonValue) -> bool:
    """Whether the lines have this value, both in the file and on their own, as they are sent."""
    try:
        read = document.parse(lines)
        alone = read.own_lines("data")
        return (
            document.same(read.value, {"data": value})
            and alone is not None
            and document.same(document.parse(alone).value, value)
        )
    except DocumentError:
        return False


def new_file(row: LiveFlow, file: FlowFile, modeline: str, judge: Judge, note: str | None = None) -> NewFile:
    """Return the file for a live row, without empty fields and those that `judge` would refuse."""
    parts, missing = _parts(row)
    kept = parts
    if _complaint(parts, row, file, judge) is not None:
        kept = {}
        for field, lines in parts.items():
            reason = _complaint({**kept, field: lines}, row, file, judge)
            if reason is None:
                kept[field] = lines
            else:
                missing.append(left_out(field, reason, row))
    return NewFile(row.slug, file, modeline + _text(kept), tuple(kept), tuple(missing), note)


def says_something(field: FieldName, value: JsonValue) -> bool:
    """Return whether a live value belongs in a file: empty texts and unset values do not."""
    return isinstance(value, bool) if field == "active" else value is not None and value != ""


def _parts(row: LiveFlow) -> tuple[dict[FieldName, str], list[LeftOut]]:
    parts: dict[FieldName, str] = {}
    missing: list[LeftOut] = []
    observed = observe(row.fields, SENT_FIELDS)
    for field, value in observed.values.items():
        if not says_something(field, value):
            continue
        if field == "data" and observed.data_is_unreadable:
            missing.append(LeftOut("data", unreadable(row)))
            continue
        try:
            parts[field] = data_lines(row.fields["data"], value) if field == "data" else document.dump({field: value})
        except DocumentError as error:
            missing.append(left_out(field, error.message, row))
    return parts, missing


def unreadable(row: LiveFlow) -> str:
    """Why the live `data` of a row cannot be read."""
    try:
        document.parse_data(str(row.fields["data"]), "data")
    except DocumentError as error:
        return f"It cannot be read (line {error.problem.location.line}): {error.message}"
    return "It cannot be read."


def _text(parts: Mapping[FieldName, str]) -> str:
    return "".join(parts.values()) or "{}\n"


def _complaint(parts: Mapping[FieldName, str], row: LiveFlow, file: FlowFile, judge: Judge) -> str | None:
    try:
        parsed = document.parse(_text(parts), file.name)
    except DocumentError as error:
        return error.message
    return check(flow_from_document(parsed, file, None), row, judge, parts.keys())[0]
