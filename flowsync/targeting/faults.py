"""Why an expression cannot be parsed: what was found, what was expected, and the likely fix."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.errors import TargetingError
from flowsync.targeting.nodes import Operator, SourceKind
from flowsync.targeting.tokens import TokenKind, shown
from flowsync.text import closest

if TYPE_CHECKING:
    from flowsync.targeting.tokens import Token


class Expected(Enum):
    """What would fit in the place of something else."""

    CONDITION = "a condition such as user.property('plan') == 'pro'"
    VALUE = "a value: a quoted text, a number, true, false or null"
    OPERATOR = "an operator such as ==, contains or isIn"
    LOGIC = "&&, || or the end"
    CLOSE = "a closing parenthesis"
    OPEN = "an opening parenthesis"
    NAME = "a name in quotes, such as 'plan'"
    TEXT = "a quoted text"
    LIST = "a quoted list such as 'a,b,c'"
    TRUE = "true"
    DURATION = "a time span such as 7d"
    COUNT = ".count"
    DATE = "Date() after new"


_NO_NOT: Final = "There is no NOT; turn the condition itself around: !=, !contains, !isIn, isNotSet true, == false."
_WORDS: Final = {
    "and": "Write && (or AND in capitals).",
    "or": "Write || (or OR in capitals).",
    "not": _NO_NOT,
    **dict.fromkeys(("if", "when", "where"), "Write the condition alone."),
    **dict.fromkeys(("is", "equals", "eq"), "Write == to compare."),
    "ne": "Write != to compare.",
    "in": "Write isIn with one quoted list: isIn 'a,b,c'.",
    **dict.fromkeys(("includes", "has"), "Write contains."),
    "like": "Write contains, or matches with a pattern.",
    "exists": "Write isSet true.",
    "before": "Write < with a quoted date.",
    "after": "Write > with a quoted date.",
    **dict.fromkeys(("undefined", "none", "nil"), "Write null."),
    "yes": "Write true.",
    "no": "Write false.",
    **{word: f"Write {word} in lower case." for word in ("true", "false", "null")},
    "group.memberof": "Write user.memberOfGroup() == 'group'.",
    "user.properties": "Write user.property('name').",
    **dict.fromkeys(("group.properties", "organization.properties"), "Write group.property('name')."),
    "property": "Write user.property('name') or group.property('name').",
    "event": "Write user.event('name').count.",
    "flow": "Write user.flow('slug').",
    "date": "Write new Date(), Date.now() or now().",
}
"""Words of other languages, in lower case, and what to write instead."""
_OWNERS: Final = {"user": "user", "group": "group", "organization": "group"}
_LONGEST_KEY: Final = 40
_EXPONENT: Final = re.compile(r"[0-9.]+[eE][0-9]*")
_SIGNS: Final = {
    "=": "Write == to compare.",
    "&": "Write &&.",
    "|": "Write ||.",
    "!": _NO_NOT,
    "!isSet": "Write isNotSet true.",
    "!isNotSet": "Write isSet true.",
}
_PAIRS: Final = {
    "=>": "Write >= for at least.",
    "=<": "Write <= for at most.",
    "<>": "Write != for not equal.",
    "=!": "Write != for not equal.",
    "//": "An expression cannot hold comments; write them in the YAML around it.",
    "/*": "An expression cannot hold comments; write them in the YAML around it.",
}
KNOWN_NAMES: Final = (
    *(kind.spelled for kind in SourceKind),
    "user.eventCount",
    "group.eventCount",
    "organization.property",
    "organization.event",
    "Date.now",
)
_OPERATOR_WORDS: Final = tuple(operator.value for operator in Operator if operator.value[-1].isalpha())


_SHAPES: Final[dict[tuple[Expected, TokenKind | None], str]] = {
    (Expected.CONDITION, TokenKind.END): "Add the condition that is missing, or delete the && or || before it.",
    (Expected.CONDITION, TokenKind.OPERATOR): "A condition is missing before this.",
    (Expected.CONDITION, TokenKind.CLOSE): "Put a condition between the parentheses, or delete them.",
    (Expected.OPEN, None): "Parentheses belong to the name even when they are empty: user.currentUrl().",
    (Expected.VALUE, TokenKind.END): "Add the value to compare with.",
    (Expected.VALUE, TokenKind.OPERATOR): "Not equal is written !=, at least >=, at most <=.",
    (Expected.TEXT, TokenKind.OPERATOR): "A pattern goes in quotes, without slashes: matches 'pattern'.",
    (Expected.CLOSE, TokenKind.END): "A parenthesis was opened and never closed.",
    (Expected.LOGIC, TokenKind.CLOSE): "This parenthesis closes nothing; delete it, or add the opening one.",
    (Expected.LOGIC, TokenKind.OPERATOR): "Compare two values at a time, and join the comparisons with &&.",
    (Expected.LOGIC, TokenKind.MEMBER): (
        "Leave it out: the clock is milliseconds already, and nothing but an event has a .count."
    ),
    (Expected.LOGIC, None): "Conditions are joined with && or ||.",
    (Expected.LIST, None): "Write a list as one quoted text: isIn 'a,b,c'.",
    (Expected.TRUE, None): "Write isSet true, or isNotSet true.",
    (Expected.DURATION, None): "Write the number and its unit together and without quotes: within 7d.",
    (Expected.VALUE, TokenKind.DURATION): "A time span can only follow within: user.property('signup') within 7d.",
    (Expected.NAME, TokenKind.NUMBER): "Put the number in quotes.",
    (Expected.TEXT, TokenKind.NUMBER): "Put the number in quotes.",
    (Expected.COUNT, None): "The number of events is user.event('name').count.",
}
"""Hints for something of the wrong shape; None fits any shape."""


def unexpected(token: Token, following: Token, expected: Expected) -> TargetingError:
    """The error for a token that does not fit; `following` is the one after it."""
    found = "the end of the expression" if token.kind is TokenKind.END else shown(token.text)
    return TargetingError(
        f"Expected {expected.value}, found {found}.", token.start, hint=_hint(token, following, expected)
    )


def _hint(token: Token, following: Token, expected: Expected) -> str | None:
    if token.text + following.text in _PAIRS:
        return _PAIRS[token.text + following.text]
    if token.text in _SIGNS:
        return _SIGNS[token.text]
    if token.kind in (TokenKind.NAME, TokenKind.NEGATED):
        return _word_hint(token, expected)
    if token.kind is TokenKind.DURATION and expected is Expected.VALUE and _EXPONENT.fullmatch(token.text):
        return "Write the number out, without an exponent."
    return _SHAPES.get((expected, token.kind)) or _SHAPES.get((expected, None))


def _word_hint(token: Token, expected: Expected) -> str | None:
    if token.text.lower() in _WORDS and token.text not in ("true", "false", "null"):
        return _WORDS[token.text.lower()]
    match expected:
        case Expected.OPERATOR | Expected.LOGIC:
            close = closest(token.text, _OPERATOR_WORDS)
            return f"Did you mean {close}?" if close else "Conditions are joined with && or ||."
        case Expected.VALUE | Expected.NAME | Expected.TEXT | Expected.LIST:
            return f"A text needs quotes: {shown(repr(token.text))}."
        case Expected.TRUE:
            return "isSet and isNotSet are followed by true; use the other of the two for the opposite."
        case _:
            return None


def unknown_name(token: Token, following: Token) -> TargetingError:
    """The error for a name in the place of a condition that the language does not know; `following` is after it."""
    message = f"{shown(token.text)} is not something that can be compared."
    return TargetingError(message, token.start, hint=_name_hint(token, is_call=following.kind is TokenKind.OPEN))


def _name_hint(token: Token, *, is_call: bool) -> str:
    lowered = token.text.lower()
    if lowered in _WORDS:
        return _WORDS[lowered]
    if lowered.startswith(("user.properties.", "group.properties.")):
        owner, _, key = token.text.split(".", 2)
        return f"Write {owner.lower()}.property({_quoted(key)})."
    if token.text in _OPERATOR_WORDS:
        return "Something to compare is missing before this: user.property('plan')."
    owner, _, key = token.text.partition(".")
    if owner.lower() in _OWNERS and key.isidentifier() and not is_call:
        meant: str | None = f"{_OWNERS[owner.lower()]}.property({key[:_LONGEST_KEY]!r})"
    else:
        meant = closest(token.text, KNOWN_NAMES)
    if meant:
        return f"Did you mean {meant}?"
    if is_call or "." in token.text:
        return f"Known are {', '.join(KNOWN_NAMES[:-1])}."
    return f"For a property of the user write user.property({_quoted(token.text)})."


def _quoted(name: str) -> str:
    return repr(shown(name).strip("`"))


_UNITS: Final = {
    "min": "i, for minutes",
    **dict.fromkeys(("M", "mo", "mO"), "m, for months of 30 days"),
    **dict.fromkeys("yY", "12m or 365d"),
    **dict.fromkeys("qQ", "3m or 90d"),
}
"""How units that do not exist begin, and what was likely meant; the first that fits counts."""


def unknown_unit(token: Token) -> TargetingError:
    """The error for a time span in a unit that does not exist."""
    unit = token.text.lstrip("0123456789")
    meant = (f"Write {right}." for wrong, right in _UNITS.items() if unit.startswith(wrong))
    return TargetingError(
        f"{shown(token.text)} is not a time span: the units are s, i (minutes), h, d, w and m (months of 30 days).",
        token.start,
        hint=next(meant, "Write a whole number and one unit letter: within 7d."),
    )
