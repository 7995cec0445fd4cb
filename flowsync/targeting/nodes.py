"""The tree of an expression: frozen nodes, each with its span.

    Expression  Everyone | Or | And | Group | Condition | Source | Boolean
    Value       Source | Text | Number | Boolean | Null | Duration | Clock | Arithmetic | Enclosed

`Or` is a chain of `||`, `And` a chain of `&&`; `Group` and `Enclosed` are parentheses as written.
Spans do not take part in equality: two trees are equal when they mean the same token for token,
aliases aside (`user.properties.k` is `user.property('k')`, `organization` is `group`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from flowsync.targeting.tokens import plain_number
from flowsync.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator


class Span(NamedTuple):
    """Where a node is written: start and end in characters from 0, the end excluded."""

    start: int
    end: int


NOWHERE = Span(0, 0)
"""The span of a node that was not read from a text."""


class _Word(Enum):
    """A word of the language. Enum's own hash is slow Python code, and sets of words are used all the time."""

    __hash__ = object.__hash__


class Result(_Word):
    """The kind of value that a source has, if it has one."""

    ANYTHING = "any value"
    TRUTH = "true or false"
    COUNT = "a whole number"
    DAYS = "a number of days"
    ADDRESS = "a text"
    FLOW_STATE = "a flow state"
    STEP_STATE = "a step state"
    GROUPS = "groups"


class SourceKind(_Word):
    """The sources that an expression can use.

    `spelled` is the name before the parentheses, `result` the kind of value that comes out, `roles`
    say what each argument names. `user.memberOfGroup` may go without its argument.
    """

    USER_PROPERTY = ("user.property", Result.ANYTHING, "property")
    USER_PROPERTY_CONTAINS = ("user.propertyContains", Result.TRUTH, "property", "part of the value")
    USER_DAYS_SINCE_NOW = ("user.daysSinceNow", Result.DAYS, "property")
    USER_IS_GUEST = ("user.isGuest", Result.TRUTH)
    USER_CURRENT_URL = ("user.currentUrl", Result.ADDRESS)
    USER_MEMBER_OF_GROUP = ("user.memberOfGroup", Result.GROUPS, "groups")
    USER_EVENT = ("user.event", Result.COUNT, "event")
    USER_FLOW = ("user.flow", Result.FLOW_STATE, "flow")
    USER_DAYS_SINCE_FLOW_DONE = ("user.daysSinceFlowDone", Result.DAYS, "flow")
    USER_FLOW_STEP = ("user.flowStep", Result.STEP_STATE, "flow", "step")
    USER_FLOW_STEP_DATA = ("user.flowStepData", Result.ANYTHING, "flow", "step", "field")
    GROUP_PROPERTY = ("group.property", Result.ANYTHING, "property")
    GROUP_PROPERTY_CONTAINS = ("group.propertyContains", Result.TRUTH, "property", "part of the value")
    GROUP_EVENT = ("group.event", Result.COUNT, "event")

    def __init__(self, spelled: str, result: Result, *roles: str) -> None:
        self.spelled, self.result, self.roles = spelled, result, roles


class Operator(_Word):
    """The relation of two values; `===` and `!==` are read as EQUAL and NOT_EQUAL."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    CONTAINS = "contains"
    NOT_CONTAINS = "!contains"
    STARTS_WITH = "startsWith"
    NOT_STARTS_WITH = "!startsWith"
    ENDS_WITH = "endsWith"
    NOT_ENDS_WITH = "!endsWith"
    MATCHES = "matches"
    NOT_MATCHES = "!matches"
    IS_IN = "isIn"
    NOT_IS_IN = "!isIn"
    IS_SET = "isSet"
    IS_NOT_SET = "isNotSet"
    WITHIN = "within"
    NOT_WITHIN = "!within"

    def __init__(self, written: str) -> None:
        word = written.removeprefix("!")
        self.is_equality = written in ("==", "!=")
        self.is_ordering = written[0] in "<>"
        self.is_presence = written in ("isSet", "isNotSet")
        self.is_time = word == "within"
        self.is_list = word == "isIn"
        self.is_affix = word in ("startsWith", "endsWith")
        self.is_pattern = word == "matches"
        self.is_text = self.is_affix or self.is_pattern or word == "contains"
        self.is_negative = word != written and not self.is_equality

    @property
    def opposite(self) -> Operator:
        """The operator that is false where this one is true, for a value that is set."""
        word = self.value
        return Operator(_OPPOSITES.get(word) or (word[1:] if self.is_negative else f"!{word}"))


_OPPOSITES = {"==": "!=", "<": ">=", ">": "<=", "isSet": "isNotSet"}
_OPPOSITES |= {opposite: word for word, opposite in _OPPOSITES.items()}

UNITS = {"s": 1_000, "i": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "m": 2_592_000_000}
"""The units of time and their milliseconds; `m` is months of 30 days, not minutes, which are `i` [obs]."""
CLOCKS = ("now()", "Date.now()", "new Date()")
"""The three ways to write the present moment; all are milliseconds since 1970 [obs]."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression; `span` says where it is written, and does not take part in equality."""

    span: Span = field(default=NOWHERE, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A quoted text; `value` is what is between the quotes, exactly."""

    value: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number as written: digits, perhaps a fraction, perhaps a minus in front."""

    text: str

    @property
    def value(self) -> float:
        """The number itself; a double, as in JavaScript."""
        return float(self.text)


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """`true` or `false`, as a value or a condition."""

    value: bool


@dataclass(frozen=True, slots=True)
class Null(Node):
    """`null`: never set."""


@dataclass(frozen=True, slots=True)
class Duration(Node):
    """A time span such as `7d`, only ever after `within`."""

    amount: int
    unit: str

    @property
    def milliseconds(self) -> int:
        """How long it is."""
        return self.amount * UNITS[self.unit]


@dataclass(frozen=True, slots=True)
class Clock(Node):
    """The present moment, in one of its `CLOCKS` forms."""

    form: str


@dataclass(frozen=True, slots=True)
class Enclosed(Node):
    """Arithmetic in parentheses."""

    inner: Value


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """Values joined from left to right: either by `+` and `-`, or by `*` and `/`.

    `rest` holds at least one pair of sign and value. A product inside a sum needs no parentheses;
    anything else inside is `Enclosed`.
    """

    first: Value
    rest: tuple[tuple[str, Value], ...]

    @property
    def operands(self) -> tuple[Value, ...]:
        """The values that are joined."""
        return (self.first, *(operand for _, operand in self.rest))


@dataclass(frozen=True, slots=True)
class Source(Node):
    """Something about the user or the group: `user.flowStep('slug', 'step')`."""

    kind: SourceKind
    arguments: tuple[Text, ...] = ()

    @property
    def result(self) -> Result:
        """The kind of its value; with named groups, a membership is true or false."""
        is_membership = self.kind is SourceKind.USER_MEMBER_OF_GROUP and self.arguments
        return Result.TRUTH if is_membership else self.kind.result


Value: TypeAlias = "Source | Text | Number | Boolean | Null | Duration | Clock | Arithmetic | Enclosed"


@dataclass(frozen=True, slots=True)
class Condition(Node):
    """Two values and an operator between them.

    For IS_SET and IS_NOT_SET the right one is `true`, or `false`, whose meaning is not known. The left one does not
    begin with a parenthesis, which would open a group.
    """

    left: Value
    operator: Operator
    right: Value


@dataclass(frozen=True, slots=True)
class Group(Node):
    """An expression in parentheses."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class And(Node):
    """A chain of `&&`: two parts or more, none of them an And or an Or."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """A chain of `||`: two parts or more, none of them an Or; `&&` binds closer."""

    parts: tuple[Expression, ...]


HEADINGS: dict[type[Node], str] = {And: "all of", Or: "at least one of"}
"""The line above a list of the parts of a chain."""


@dataclass(frozen=True, slots=True)
class Everyone(Node):
    """The empty expression: no targeting [doc]."""


Term: TypeAlias = "Condition | Source | Boolean"
"""A part that is true or false on its own; a source counts as compared with `true` [obs]."""
Expression: TypeAlias = "Everyone | Or | And | Group | Term"


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and every one inside it, in the order written; the outer before the inner."""
    yield expression
    for part in chain_parts(expression):
        if part is not expression:
            yield from walk(part)


def terms(expression: Expression) -> tuple[Term, ...]:
    """Every term of an expression, in the order written."""
    return tuple(each for each in walk(expression) if isinstance(each, Condition | Source | Boolean))


def values(term: Term) -> tuple[Value, ...]:
    """The values a term is about: the left and the right one, or the term itself."""
    return (term.left, term.right) if isinstance(term, Condition) else (term,)


def sources(term: Term) -> tuple[Source, ...]:
    """The sources a term is about."""
    return tuple(value for value in values(term) if isinstance(value, Source))


def chain_parts(expression: Expression) -> tuple[Expression, ...]:
    """The parts of a chain, or the content of parentheses; a term is its own only part, and Everyone has none."""
    match expression:
        case And(parts) | Or(parts):
            return parts
        case Group(inner):
            return (inner,)
        case Everyone():
            return ()
        case _:
            return (expression,)


def formatted(node: Expression | Value) -> str:  # noqa: C901, PLR0911 - one return per kind of node
    """The text of an expression or value; parsing it gives an equal tree.

    Spacing, quotes and aliases come out in one spelling (`&&`, `==`, 'single quotes'); parentheses
    stay as they are. A tree made by hand gets the parentheses without which it would mean another.
    """
    match node:  # the most frequent first
        case Text(content):
            return f'"{content}"' if "'" in content else f"'{content}'"
        case Source(kind, arguments):
            count = ".count" if kind.result is Result.COUNT else ""
            return f"{kind.spelled}({', '.join(map(formatted, arguments))}){count}"
        case Condition(left, operator, right):
            return f"{formatted(left)} {operator.value} {formatted(right)}"
        case Number(text) | Clock(text):
            return text
        case Everyone():
            return ""
        case Or(parts):
            return " || ".join(f"({formatted(part)})" if isinstance(part, Or) else formatted(part) for part in parts)
        case And(parts):
            loose = (And, Or)
            return " && ".join(f"({formatted(part)})" if isinstance(part, loose) else formatted(part) for part in parts)
        case Group(inner) | Enclosed(inner):
            return f"({formatted(inner)})"
        case Boolean(truth):
            return "true" if truth else "false"
        case Null():
            return "null"
        case Duration(amount, unit):
            return f"{amount}{unit}"
        case Arithmetic(first, rest):
            return formatted(first) + "".join(f" {sign} {formatted(operand)}" for sign, operand in rest)


def printed(node: Expression | Value) -> str:
    """The text of an expression or value for people, printable; `everyone` for the empty expression."""
    return printable(formatted(node)) or "everyone"


def simplified(expression: Expression) -> Expression:
    """The same expression without parentheses that change nothing; chains inside equal chains are joined."""
    match expression:
        case Group(inner):
            return simplified(inner)
        case And(parts) | Or(parts):
            joined: list[Expression] = []
            for part in map(simplified, parts):
                joined.extend(chain_parts(part) if type(part) is type(expression) else (part,))
            return replace(expression, parts=tuple(joined))
        case _:
            return expression


def meaning(expression: Expression) -> str:
    """A text that is equal for simplified expressions that differ only in order and repetition."""
    match expression:
        case And(parts) | Or(parts):
            distinct = sorted(set(map(meaning, parts)))
            joint = " && " if isinstance(expression, And) else " || "
            return distinct[0] if len(distinct) == 1 else f"({joint.join(distinct)})"
        case Condition(left, operator, Number(text)):
            return f"{formatted(left)} {operator.value} {plain_number(text)}"
        case _:
            return formatted(expression)


def subject(expression: Expression) -> str | None:
    """What a term is about, as text: its left side; None for chains and constants."""
    match expression:
        case Condition(source) | (Source() as source):
            return formatted(source)
        case _:
            return None
