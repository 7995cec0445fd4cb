"""Properties before a value, `&anchor` and `!tag`, and what a tag makes of a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document.anchors import open_anchor
from flowsync.document.limits import MAXIMUM_ANCHORS
from flowsync.document.scalars import FLOAT, INTEGER, WORDS, ambiguity, core_value

if TYPE_CHECKING:
    from flowsync.document.anchors import Anchor
    from flowsync.document.reading import Reading
    from flowsync.model import JsonValue

_PROPERTY: Final = re.compile(r"&(?P<anchor>[^ \t\n,\[\]{}]+)|(?P<tag>![^ \t\n,\[\]{}]*)")
_LOCAL_TAG: Final = re.compile(r"![\w./:-]+", re.ASCII)
_HINT: Final = "Remove the tag; to make a value text, put it in quotes."


class Properties(NamedTuple):
    """What stands before a value: its tag ("" for none), its anchor, and the offset after both."""

    tag: str
    anchor: Anchor | None
    end: int


NO_PROPERTIES: Final = Properties("", None, -1)


def read_properties(reading: Reading, start: int) -> Properties:
    """The anchor and tag from `start` on, and the offset of what follows them on the line."""
    tag, anchor, end = "", None, start
    while reading.text[end] in "&!":
        found = _PROPERTY.match(reading.text, end)
        if found is None or not reading.is_white(found.end()) or (tag if found["tag"] else anchor):
            raise _bad_property(reading, end)
        if found["tag"]:
            tag = _known_tag(reading, found["tag"], end)
        else:
            anchor = _declared(reading, found["anchor"], end)
        end = reading.skip_spaces(found.end())
    return Properties(tag, anchor, end)


def _declared(reading: Reading, name: str, offset: int) -> Anchor:
    if name.endswith(":"):
        raise _bad_property(reading, offset)
    if len(reading.anchors) >= MAXIMUM_ANCHORS:
        raise reading.fail(
            offset,
            "too-many-anchors",
            f"There are more than {MAXIMUM_ANCHORS:,} anchors in this text.",
            "Write out what is used once, or split the file.",
        )
    return open_anchor(reading, name)


def _bad_property(reading: Reading, offset: int) -> Exception:
    mark = reading.text[offset]
    kind = "an anchor (&name)" if mark == "&" else "a tag (!name)"
    return reading.fail(
        offset,
        "yaml-syntax",
        f"{mark} starts {kind}, and what follows is not one.",
        f'Where {mark} is the start of a text, put the text in quotes: "{mark}…".',
    )


_SCALAR_TAGS: Final = frozenset({"!!str", "!!int", "!!float", "!!bool", "!!null"})
_COLLECTION_TAGS: Final = {"!!map": dict, "!!seq": list}


def _known_tag(reading: Reading, tag: str, offset: int) -> str:
    if tag in _SCALAR_TAGS or tag in _COLLECTION_TAGS:
        return tag
    if tag != "!" and not _LOCAL_TAG.fullmatch(tag):
        raise reading.fail(
            offset,
            "yaml-tag",
            f"The tag {ascii(tag)[1:-1]} is not supported: JavaScript's parsers differ on it.",
            _HINT,
        )
    reading.warn(
        offset,
        "yaml-tag",
        f"npm yaml ignores the tag {tag} and takes a scalar after it as text; js-yaml may refuse the file.",
        _HINT,
    )
    return "!"


def tagged_plain(reading: Reading, tag: str, raw: str, offset: int) -> JsonValue:
    """The value of a plain scalar, with the warning it deserves where it has no tag."""
    if tag:
        return _tagged(reading, tag, raw, offset)
    reason = ambiguity(raw)
    if reason:
        reading.warn(
            offset,
            "yaml-ambiguous",
            f"npm yaml reads {raw} as {_kind(core_value(raw))}, js-yaml (some versions) as {reason}.",
            f'To mean text, put it in quotes: "{raw}".',
        )
    return core_value(raw)


def _kind(value: JsonValue) -> str:
    return "text" if isinstance(value, str) else "a number"


def tagged_quoted(reading: Reading, tag: str, raw: str, offset: int) -> str:
    """The value of a quoted or block scalar: always text, whatever a tag says of text."""
    if tag in {"", "!", "!!str"}:
        return raw
    raise reading.fail(offset, "yaml-tag", f"{tag} before quoted text is read in different ways.", _HINT)


def require_collection_tag(reading: Reading, tag: str, value: JsonValue, offset: int) -> None:
    """Raise DocumentError `yaml-tag` where a tag does not fit the collection after it."""
    if tag not in {"", "!"} and not isinstance(value, _COLLECTION_TAGS.get(tag, ())):
        raise reading.fail(offset, "yaml-tag", f"The tag {tag} does not fit the value after it.", _HINT)


def _tagged(reading: Reading, tag: str, raw: str, offset: int) -> JsonValue:
    if tag in {"!", "!!str"}:
        return raw
    value = core_value(raw) if raw else None
    fits = {
        "!!int": INTEGER.fullmatch(raw) is not None,
        "!!float": FLOAT.fullmatch(raw) is not None or (raw in WORDS and isinstance(value, float)),
        "!!bool": isinstance(value, bool),
        "!!null": raw in WORDS and value is None,
    }
    if not fits.get(tag, False):
        raise reading.fail(offset, "yaml-tag", f"The tag {tag} does not fit the value after it.", _HINT)
    return value
