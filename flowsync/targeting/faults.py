"""Why an expression cannot be parsed: what was found, what was expected, and the likely fix."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.errors import TargetingError
from flowsync.targeting.context import moment
from flowsync.targeting.nodes import UNITS, Operator, SourceKind
from flowsync.targeting.tokens import TokenKind, quoteless, shown
from flowsync.text import closest, number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flowsync.targeting.tokens import Token


class Expected(Enum):
    """Something that would fit in place of a wrong token."""

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
_LIST: Final = "Write isIn with one quoted list: isIn 'a,b,c'."
_NOT_LIST: Final = "Write !isIn with one quoted list: !isIn 'a,b,c'."
_NOW: Final = "Write now() for this moment, or a date in quotes: '2026-01-31'."
_URL: Final = "Write user.currentUrl() for the address of the page, user.property('url') for a property of that name."
_WORDS: Final = {
    "and": "Write && (or AND in capitals).",
    "or": "Write || (or OR in capitals).",
    "not": _NO_NOT,
    **dict.fromkeys(("if", "when", "where"), "Write the condition alone."),
    **dict.fromkeys(("is", "equals", "equal", "isequal", "isequalto", "eq"), "Write == to compare."),
    **dict.fromkeys(
        ("ne", "neq", "isnot", "notequals", "notequal", "isnotequal", "doesnotequal", "!equals", "!is"),
        "Write != to compare.",
    ),
    **dict.fromkeys(("in", "oneof", "isoneof", "anyof"), _LIST),
    **dict.fromkeys(("notin", "isnotin", "nin", "noneof", "notoneof", "!in", "!oneof"), _NOT_LIST),
    **dict.fromkeys(("includes", "include", "has"), "Write contains."),
    **dict.fromkeys(
        ("notcontains", "doesnotcontain", "containsnot", "notcontain", "excludes", "!includes", "!has"),
        "Write !contains.",
    ),
    **dict.fromkeys(("beginswith", "hasprefix"), "Write startsWith."),
    **dict.fromkeys(("notstartswith", "doesnotstartwith"), "Write !startsWith."),
    "hassuffix": "Write endsWith.",
    **dict.fromkeys(("notendswith", "doesnotendwith"), "Write !endsWith."),
    "like": "Write contains, or matches with a pattern.",
    **dict.fromkeys(("notlike", "!like"), "Write !contains, or !matches with a pattern."),
    **dict.fromkeys(("regex", "regexp", "rlike"), "Write matches with a pattern: matches '.*part.*'."),
    **dict.fromkeys(("notmatches", "doesnotmatch"), "Write !matches."),
    **dict.fromkeys(("exists", "isnotnull", "isnotempty", "isdefined"), "Write isSet true."),
    **dict.fromkeys(("isnull", "isempty", "isundefined", "notset", "notexists", "isblank"), "Write isNotSet true."),
    **dict.fromkeys(("gt", "greaterthan", "morethan"), "Write >."),
    **dict.fromkeys(("gte", "atleast"), "Write >=."),
    **dict.fromkeys(("lt", "lessthan"), "Write <."),
    **dict.fromkeys(("lte", "atmost"), "Write <=."),
    "between": "Write two comparisons: one with >= && one with <=.",
    "olderthan": "Write !within with a time span: !within 7d.",
    "notwithin": "Write !within.",
    "before": "Write < with a quoted date.",
    "after": "Write > with a quoted date.",
    **dict.fromkeys(("undefined", "none", "nil"), "Write null."),
    "yes": "Write true.",
    "no": "Write false.",
    **{word: f"Write {word} in lower case." for word in ("true", "false", "null")},
    **dict.fromkeys(("today", "date.today", "getdate", "currentdate", "current_date", "timestamp", "user.now"), _NOW),
    **dict.fromkeys(("yesterday", "tomorrow"), "Write a date in quotes, or within 1d for the last day."),
    **dict.fromkeys(("url", "currenturl", "page", "path", "location.href", "window.location.href"), _URL),
    **dict.fromkeys(("user.url", "user.currenturl", "user.page", "user.path", "user.pageurl", "user.location"), _URL),
    **dict.fromkeys(
        ("group.memberof", "user.group", "user.groups", "user.ingroup", "user.isingroup", "user.memberof"),
        "Write user.memberOfGroup() == 'group'.",
    ),
    **dict.fromkeys(("user.guest", "user.anonymous", "user.isanonymous"), "Write user.isGuest()."),
    "user.isloggedin": "Write user.isGuest() == false.",
    **dict.fromkeys(
        ("user.properties", "user.get", "user.getproperty", "user.prop", "user.attribute", "user.trait"),
        "Write user.property('name').",
    ),
    **dict.fromkeys(("group.properties", "organization.properties"), "Write group.property('name')."),
    "property": "Write user.property('name') or group.property('name').",
    **dict.fromkeys(("event", "user.events", "user.track"), "Write user.event('name').count."),
    "flow": "Write user.flow('slug').",
    **dict.fromkeys(
        ("user.hascompletedflow", "user.completedflow", "user.hascompleted", "user.iscompleted"),
        "Write user.flow('slug') == 'COMPLETED_FLOW'.",
    ),
    "date": "Write new Date(), Date.now() or now().",
}
"""Words of other languages, in lower case, two of them as one, and what to write instead."""
_METHODS: Final = {
    **dict.fromkeys(("contains", "includes", "has", "indexof"), "contains"),
    **dict.fromkeys(("startswith", "beginswith"), "startsWith"),
    "endswith": "endsWith",
    **dict.fromkeys(("matches", "match", "test"), "matches"),
    **dict.fromkeys(("equals", "eq", "is"), "=="),
    **dict.fromkeys(("in", "isin", "oneof"), "isIn"),
}
"""What other languages write as a function of a value, in lower case, and the operator here."""
_OWNERS: Final = {"user": "user", "group": "group", "organization": "group"}
_LONGEST_KEY: Final = 40
_NUMBERS: Final[tuple[tuple[re.Pattern[str], Callable[[str], str]], ...]] = (
    (
        re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)"),
        lambda text: f"Write the number in decimal: {int(text, 0)}.",
    ),
    (re.compile(r"[0-9]+(?:_[0-9]+)+"), lambda text: f"Write the number without underscores: {text.replace('_', '')}."),
    (re.compile(r"[0-9.]+[kK]"), lambda text: f"Write the number out: {number_text(float(text[:-1]) * 1_000)}."),
    (re.compile(r"[0-9.]+M"), lambda text: f"Write the number out: {number_text(float(text[:-1]) * 1_000_000)}."),
    (re.compile(r"[0-9.]+[eE][0-9]*"), lambda _: "Write the number out, without an exponent."),
    (
        re.compile(rf"[0-9.]+(?![{''.join(UNITS)}]\Z).*"),
        lambda text: f"Write the number alone, or a text in quotes: '{text}'.",
    ),
)
"""Numbers in forms of other languages, and what to write instead; the first that fits counts."""
_LONGEST_NUMBER: Final = 15
_PART_OF_THOUSANDS: Final = 3
"""Digits between two commas."""
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
    (Expected.VALUE, TokenKind.OPERATOR): "Add the value to compare with before this.",
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


def unexpected(rest: Sequence[Token], before: Token | None, expected: Expected) -> TargetingError:
    """The error for the first token of the rest of an expression, which does not fit `before`."""
    token = rest[0]
    found = "the end of the expression" if token.kind is TokenKind.END else shown(token.text)
    hint = _literal_hint(rest, before, expected) or _hint(token, rest[min(1, len(rest) - 1)], expected)
    return TargetingError(f"Expected {expected.value}, found {found}.", token.start, hint=hint)


def _literal_hint(rest: Sequence[Token], before: Token | None, expected: Expected) -> str | None:
    """The hint for a number, or a quote in a text, in the form of another language."""
    token = rest[0]
    if before is not None and before.kind is token.kind is TokenKind.TEXT and before.end == token.start:
        return quoteless(f"{before.text[1:-1]}'{token.text[1:-1]}")
    if token.kind is TokenKind.COMMA and before is not None and before.kind is TokenKind.NUMBER:
        return _comma_hint(rest, before)
    if expected not in (Expected.VALUE, Expected.CONDITION):
        return None
    if token.text == "+" and len(rest) > 1 and rest[1].kind is TokenKind.NUMBER:
        return f"Write the number without the plus: {shown(rest[1].text)}."
    if token.kind is not TokenKind.DURATION or len(token.text) > _LONGEST_NUMBER:
        return None
    return next((hint(token.text) for pattern, hint in _NUMBERS if pattern.fullmatch(token.text)), None)


def _comma_hint(rest: Sequence[Token], before: Token) -> str | None:
    parts, end = [before.text], before.end
    for token in rest:
        if token.start != end or token.kind not in (TokenKind.COMMA, TokenKind.NUMBER):
            break
        parts, end = [*parts, token.text], token.end
    number = "".join(parts)
    digits = parts[2::2]
    if len(parts) % 2 == 0 or not digits or len(number) > 2 * _LONGEST_NUMBER:
        return None
    if "." in before.text:
        whole, fraction = number.rsplit(",", 1)
        return f"Write the number with one point only: {re.sub('[.,]', '', whole)}.{fraction}."
    if all(len(part.partition(".")[0]) == _PART_OF_THOUSANDS for part in digits):
        return f"Write the number without commas: {number.replace(',', '')}."
    return f"Write a point in place of the comma: {number.replace(',', '.')}." if len(digits) == 1 else None


def _hint(token: Token, following: Token, expected: Expected) -> str | None:
    if token.text + following.text in _PAIRS:
        return _PAIRS[token.text + following.text]
    if token.text in _SIGNS:
        return _SIGNS[token.text]
    if expected is Expected.VALUE and token.text in ("<", ">", "<=", ">="):
        return "Not equal is written !=, at least >=, at most <=."
    if token.kind in (TokenKind.NAME, TokenKind.NEGATED):
        both = f"{token.text}{following.text}".lower() if following.kind is TokenKind.NAME else ""
        return _WORDS[both] if both in _WORDS else _word_hint(token, expected)
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


def unknown_name(rest: Sequence[Token]) -> TargetingError:
    """The error for a name in the place of a condition that the language does not know; `rest` begins with it."""
    message = f"{shown(rest[0].text)} is not something that can be compared."
    return TargetingError(message, rest[0].start, hint=_call_hint(rest) or _name_hint(rest))


def _call_hint(rest: Sequence[Token]) -> str | None:
    """The hint for a function of another language that is called with one text."""
    name, argument = rest[0].text, rest[min(2, len(rest) - 1)]
    if rest[1].kind is not TokenKind.OPEN or argument.kind is not TokenKind.TEXT:
        return None
    if "date" in name.lower():
        return _date_hint(argument)
    owner, _, key = name.partition(".")
    key, _, method = key.removeprefix("properties.").rpartition(".")
    if owner.lower() not in _OWNERS or not key or method.lower() not in _METHODS:
        return None
    subject = f"{_OWNERS[owner.lower()]}.property({_quoted(key)})"
    return f"Write {subject} {_METHODS[method.lower()]} {shown(argument.text).strip('`')}."


def _date_hint(token: Token) -> str:
    if moment(token.text[1:-1]) is not None:
        return f"Write the date alone: {token.text}."
    return "Write the date alone, in quotes, such as '2026-01-31'."


def filled_clock(token: Token) -> TargetingError:
    """The error for a clock with something between its parentheses."""
    message = f"Expected {Expected.CLOSE.value}, found {shown(token.text)}."
    return TargetingError(message, token.start, hint=_date_hint(token))


def unexpected_member(source: str, rest: Sequence[Token]) -> TargetingError:
    """The error for a dot and a name behind a source, which `rest` begins with."""
    member = rest[0].text.removeprefix(".").lower()
    argument = rest[2] if len(rest) > 2 and rest[2].kind is TokenKind.TEXT else None  # noqa: PLR2004 - `.name('text'`
    if member in _METHODS:
        text = "'text'" if argument is None else shown(argument.text).strip("`")
        hint = f"Write {source} {_METHODS[member]} {text}."
    elif member in _WORDS:
        hint = _WORDS[member]
    elif "case" in member or member in ("lower", "upper"):
        hint = f"To ignore the case write {source} matches '(?i)text'."
    else:
        hint = "An operator and a value follow here; only user.event('name') and group.event('name') have a .count."
    return TargetingError(f"{shown(rest[0].text)} cannot be here.", rest[0].start, hint=hint)


def _name_hint(rest: Sequence[Token]) -> str:
    token, lowered, is_call = rest[0], rest[0].text.lower(), rest[1].kind is TokenKind.OPEN
    is_filled = is_call and rest[2].kind is not TokenKind.CLOSE
    if lowered in _WORDS:
        return _WORDS[lowered]
    if lowered.startswith(("user.properties.", "group.properties.")):
        owner, _, key = token.text.split(".", 2)
        return f"Write {owner.lower()}.property({_quoted(key)})."
    if token.text in _OPERATOR_WORDS:
        return "Something to compare is missing before this: user.property('plan')."
    owner, _, key = token.text.partition(".")
    if (
        owner.lower() in _OWNERS
        and key.isidentifier()
        and not is_filled
        and not (is_call and closest(token.text, KNOWN_NAMES))
    ):
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
