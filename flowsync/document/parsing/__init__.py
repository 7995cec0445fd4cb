"""YAML text to values and places: libyaml's events, and a guard where libyaml and npm `yaml` differ."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml

from flowsync.document.failure import failure, locate
from flowsync.document.parsing.characters import normalised
from flowsync.document.parsing.reader import Reader
from flowsync.document.parsing.refusals import Refusal, explained
from flowsync.model import Problem, Severity

if TYPE_CHECKING:
    from flowsync.errors import DocumentError
    from flowsync.model import JsonValue


_CONFLICT: Final = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)


class Reading(NamedTuple):
    """What a text says, and what to warn about."""

    value: JsonValue
    warnings: tuple[Problem, ...]


def read_yaml(text: str, name: str) -> Reading:
    """The value of a text. Raises DocumentError."""
    try:
        lines = normalised(text)
    except Refusal as refusal:
        raise located(refusal, text, name) from None
    try:
        reader = Reader(lines)
        value = reader.read()
    except yaml.YAMLError as error:
        raise located(explained(lines, error), lines, name) from None
    except Refusal as refusal:
        raise located(with_first_place(refusal, lines), lines, name) from None
    return Reading(value, tuple(
            Problem(locate(name, lines, offset), Severity.WARNING, code, message, hint)
            for offset, code, message, hint in sorted(reader.warnings)
        ))


def with_first_place(refusal: Refusal, text: str) -> Refusal:
    """A refusal of a repeated key with the lines of both."""
    from flowsync.document.parsing.tree import first_key
    first = first_key(text, refusal.offset) if refusal.code == "duplicate-key" else None
    if first is None:
        return refusal
    line, earlier = (text.count("\n", 0, offset) + 1 for offset in (refusal.offset, first))
    return Refusal(refusal.offset, refusal.code, refusal.message.replace("is already set;", f"on line {line} is already set on line {earlier};").replace("one of the two","one of them"), "Keep one of the two, or rename one.")


def located(refusal: Refusal, text: str, name: str) -> DocumentError:
    """The error for a refusal, or for a conflict that git left before it, which then is what is wrong."""
    conflict = _CONFLICT.search(text, 0, text.find("\n", refusal.offset) + 1 or len(text))
    if conflict is None:
        return failure(locate(name, text, refusal.offset), refusal.code, refusal.message, refusal.hint)
    return failure(
        locate(name, text, conflict.start()),
        "yaml-syntax",
        "Git left a merge conflict here: the file holds both sides of it.",
        "Keep what is right of the two, and remove the lines <<<<<<<, ======= and >>>>>>>.",
    )
