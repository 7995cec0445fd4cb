"""Why an expression cannot be parsed, said so that its author can mend it: found, expected, likely fix."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.closeness import closest
from flowsync.errors import TargetingError
from flowsync.targeting.nodes import Operator, SourceKind
from flowsync.targeting.tokens import TokenKind, shown

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Span, Value
    from flowsync.targeting.tokens import Token


class Expected(Enum):
    """What would fit where something else stands."""

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
    "if": "Write the condition alone.",
    "when": "Write the condition alone.",
    "where": "Write the condition alone.",
    "is": "Write == to compare.",
    "equals": "Write == to compare.",
    "eq": "Write == to compare.",
    "ne": "Write != to compare.",
    "in": "Write isIn with one quoted list: isIn 'a,b,c'.",
    "includes": "Write contains.",
    "has": "Write contains.",
    "like": "Write contains, or matches with a pattern.",
    "exists": "Write isSet true.",
    "before": "Write < with a quoted date.",
    "after": "Write > with a quoted date.",
    "undefined": "Write null.",
    "none": "Write null.",
    "nil": "Write null.",
    "yes": "Write true.",
    "no": "Write false.",
    "true": "Write true in lower case.",
    "false": "Write false in lower case.",
    "null": "Write null in lower case.",
    "group.memberof": "Write user.memberOfGroup() == 'group'.",
    "user.properties": "Write user.property('name').",
    "group.properties": "Write group.property('name').",
    "organization.properties": "Write group.property('name').",
    "property": "Write user.property('name') or group.property('name').",
    "event": "Write user.event('name').count.",
    "flow": "Write user.flow('slug').",
    "date": "Write new Date(), Date.now() or now().",
}
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
    "//": "Comments cannot stand inside an expression; write them in the YAML around it.",
    "/*": "Comments cannot stand inside an expression; write them in the YAML around it.",
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
    (Expected.OPEN, None): "Parentheses belong to the name even when nothing stands in them: user.currentUrl().",
    (Expected.VALUE, TokenKind.END): "Add the value to compare with.",
    (Expected.VALUE, TokenKind.OPERATOR): "Not equal is written !=, at least >=, at most <=.",
    (Expected.TEXT, TokenKind.OPERATOR): "A pattern goes in quotes, without slashes: matches 'pattern'.",
    (Expected.CLOSE, TokenKind.END): "A parenthesis was opened and never closed.",
    (Expected.LOGIC, TokenKind.CLOSE): "This parenthesis closes nothing; delete it, or add the opening one.",
    (Expected.LOGIC, TokenKind.OPERATOR): "Compare two values at a time, and join the comparisons with &&.",
    (Expected.LOGIC, None): "Conditions are joined with && or ||.",
    (Expected.LIST, None): "Write a list as one quoted text: isIn 'a,b,c'.",
    (Expected.TRUE, None): "Write isSet true, or isNotSet true.",
    (Expected.DURATION, None): "Write the number and its unit together and without quotes: within 7d.",
    (Expected.VALUE, TokenKind.DURATION): "A time span stands only after within: user.property('signup') within 7d.",
    (Expected.NAME, TokenKind.NUMBER): "Put the number in quotes.",
    (Expected.TEXT, TokenKind.NUMBER): "Put the number in quotes.",
    (Expected.COUNT, None): "The number of events is user.event('name').count.",
}
"""Hints for something of the wrong shape; None stands for any shape."""


def unexpected(token: Token, following: Token, expected: Expected) -> TargetingError:
    """The error for a token that does not fit; `following` is the one after it."""
    found = "the end of the expression" if token.kind is TokenKind.END else shown(token.text)
    return TargetingError(
        f"Expected {expected.value}, found {found}.", token.start, hint=_hint(token, following, expected)
    )


def _hint(token: Token, following: Token, expected: Expected) -> str | None:
    """The likeliest fix, if there is a likely one."""
    if token.text + following.text in _PAIRS:
        return _PAIRS[token.text + following.text]
    if token.text in _SIGNS:
        return _SIGNS[token.text]
    if token.kind in (TokenKind.NAME, TokenKind.NEGATED):
        return _word_hint(token, expected)
    return _shape_hint(token, expected)


def _word_hint(token: Token, expected: Expected) -> str | None:
    """What a word that does not fit was likely meant to be."""
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


def _shape_hint(token: Token, expected: Expected) -> str | None:
    """What to do where something of the wrong shape stands."""
    if token.kind is TokenKind.DURATION and expected is Expected.VALUE and _EXPONENT.fullmatch(token.text):
        return "Write the number out, without an exponent."
    if token.kind is TokenKind.MEMBER and expected is Expected.LOGIC:
        return "Leave it out: the clock is milliseconds already, and nothing but an event has a .count."
    return _SHAPES.get((expected, token.kind)) or _SHAPES.get((expected, None))


def unknown_name(token: Token, following: Token) -> TargetingError:
    """The error for a name in the place of a condition that the language does not know."""
    return TargetingError(
        f"{shown(token.text)} is not something that can be compared.", token.start, hint=_name_hint(token, following)
    )


def _name_hint(token: Token, following: Token) -> str:
    """What an unknown name was likely meant to be."""
    lowered = token.text.lower()
    if lowered in _WORDS:
        return _WORDS[lowered]
    if lowered.startswith(("user.properties.", "group.properties.")):
        owner, _, key = token.text.split(".", 2)
        return f"Write {owner.lower()}.property({shown(key).strip('`')!r})."
    if token.text in _OPERATOR_WORDS:
        return "Something to compare is missing before this: user.property('plan')."
    meant = _property_meant(token.text, following) or closest(token.text, KNOWN_NAMES)
    if meant:
        return f"Did you mean {meant}?"
    if following.kind is TokenKind.OPEN or "." in token.text:
        return f"Known are {', '.join(KNOWN_NAMES[:-1])}."
    return f"For a property of the user write user.property({shown(token.text).strip('`')!r})."


def _property_meant(name: str, following: Token) -> str | None:
    """The property that a dotted name without parentheses stands for: `user.plan`."""
    owner, _, key = name.partition(".")
    if owner.lower() not in _OWNERS or not key.isidentifier() or following.kind is TokenKind.OPEN:
        return None
    return f"{_OWNERS[owner.lower()]}.property({key[:_LONGEST_KEY]!r})"


def wrong_arity(kind: SourceKind, name: Token, given: int) -> TargetingError:
    """The error for too few or too many arguments."""
    wanted = len(kind.roles)
    example = ", ".join(f"'{role.value}'" for role in kind.roles)
    return TargetingError(
        f"{name.text} takes {wanted or 'no'} {'name' if wanted == 1 else 'names'}, found {given}.",
        name.start,
        hint=f"Write {name.text}({example}).",
    )


def stray_count(token: Token) -> TargetingError:
    """The error for a member that nothing has."""
    return TargetingError(
        f"{shown(token.text)} cannot stand here.",
        token.start,
        hint="Only user.event('name') and group.event('name') are followed by .count; leave it out here.",
    )


def not_compared(value: Value, token: Token) -> TargetingError:
    """The error for a value that stands alone where a condition is needed; `token` follows it."""
    return TargetingError(
        "This value is compared with nothing.",
        value.span.start,
        hint="A condition needs something to compare, an operator and a value: user.property('plan') == 'pro'."
        if token.kind is not TokenKind.CLOSE
        else "Write the comparison inside the parentheses; arithmetic in parentheses goes to the right of it.",
    )


def not_a_number(value: Value) -> TargetingError:
    """The error for arithmetic with anything but numbers and the clock."""
    return TargetingError(
        "Only numbers and the clock can be added, subtracted, multiplied or divided.",
        value.span.start,
        hint="Move it to the other side of the comparison: user.property('signup') < Date.now() - 86400000 * 7.",
    )


def unquoted_date(date: str, span: Span) -> TargetingError:
    """The error for a date without quotes, which would be a subtraction."""
    return TargetingError("A date needs quotes; without them it is a subtraction.", span.start, hint=f"Write '{date}'.")


def unknown_unit(token: Token) -> TargetingError:
    """The error for a time span in a unit that does not exist."""
    return TargetingError(
        f"{shown(token.text)} is not a time span: the units are s, i (minutes), h, d, w and m (months of 30 days).",
        token.start,
        hint=_unit_hint(token.text.lstrip("0123456789")),
    )


def _unit_hint(unit: str) -> str:
    """The unit that was likely meant."""
    meant = {"y": "12m or 365d", "M": "m, for months of 30 days", "min": "i, for minutes", "q": "3m or 90d"}
    for start in ("min", "M", "y", "q"):
        if unit.startswith(start) or (start in "yq" and unit.lower().startswith(start)):
            return f"Write {meant[start]}."
    if unit.lower().startswith("mo"):
        return "Write m, for months of 30 days."
    return "Write a whole number and one unit letter: within 7d."


def too_long_a_span(token: Token) -> TargetingError:
    """The error for a time span that no clock can subtract."""
    return TargetingError(
        f"{shown(token.text)} is longer than any date can be apart.", token.start, hint="Use a smaller number."
    )


def too_deep(token: Token, limit: int) -> TargetingError:
    """The error for parentheses inside parentheses beyond the limit."""
    return TargetingError(
        f"More than {limit} parentheses are open here.",
        token.start,
        hint="Parentheses are rarely needed more than once; && already binds closer than ||.",
    )


def too_long(length: int, limit: int) -> TargetingError:
    """The error for a text that is not read at all."""
    return TargetingError(f"This expression has {length:,} characters; at most {limit:,} are read.", 0)


def single_character(text: str) -> TargetingError:
    """The error for an expression of one character, which the server takes for none [obs]."""
    return TargetingError(
        f"{shown(text)} is a single character: the server takes it for no targeting and shows the flow to everyone.",
        0,
        hint="Write the whole condition, or '' for everyone.",
    )
