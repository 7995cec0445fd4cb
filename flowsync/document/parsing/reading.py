"""A YAML text to its value, warnings and mistakes with their places in the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml

from flowsync.document.failure import failure, locate
from flowsync.document.parsing.characters import normalised
from flowsync.document.parsing.mistakes import explained
from flowsync.document.parsing.reader import Reader
from flowsync.document.parsing.refusals import Refusal
from flowsync.document.parsing.tree import repeated_key
from flowsync.model import Problem, Severity

if TYPE_CHECKING:
    from flowsync.errors import DocumentError
    from flowsync.model import JsonValue

_CONFLICT: Final = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)


class Reading(NamedTuple):
    """What a text says, and what to warn about."""

    value: JsonValue
    warnings: tuple[Problem, ...]


def lines_of(text: str, name: str) -> str:
    """The text without a byte order mark, every line ended by a line feed. Raises DocumentError."""
    try:
        return normalised(text)
    except Refusal as refusal:
        raise _error(refusal, text, name) from None


def read_yaml(text: str, name: str) -> Reading:
    """The value of a text. Raises DocumentError."""
    lines = lines_of(text, name)
    try:
        reader = Reader(lines)
        value = reader.read()
    except yaml.YAMLError as error:
        raise _error(explained(lines, error), lines, name) from None
    except Refusal as refusal:
        known = repeated_key(lines) if refusal.code == "duplicate-key" else refusal
        raise _error(known, lines, name) from None
    warnings = (
        Problem(locate(name, lines, each.offset), Severity.WARNING, each.code, each.message, each.hint)
        for each in sorted(reader.warnings)
    )
    return Reading(value, tuple(warnings))


def _error(refusal: Refusal, text: str, name: str) -> DocumentError:
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
