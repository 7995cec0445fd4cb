"""The tree of an expression: frozen nodes, each with its span.

    Expression  Everyone | Or | And | Group | Condition | Flag | Constant
    Value       Source | Text | Number | Boolean | Null | Duration | Clock | Arithmetic | Enclosed

`Or` is a chain of `||`, `And` a chain of `&&`; `Group` and `Enclosed` are parentheses as written.
Spans do not take part in equality: two trees are equal when they mean the same token for token,
aliases aside (`user.properties.k` is `user.property('k')`, `organization` is `group`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeAlias


class Span(NamedTuple):
    """Where a node is written: start and end in characters from 0, the end excluded."""

    start: int
    end: int


NOWHERE = Span(0, 0)
"""The span of a node that was not read from a text."""


class Result(Enum):
    """What kind of value a source gives, when it gives one."""

    __hash__ = object.__hash__
    """By identity: a member equals only itself, and the hash of enums is written in Python."""

    ANYTHING = "any value"
    TRUTH = "true or false"
    COUNT = "a whole number"
    DAYS = "a number of days"
    ADDRESS = "a text"
    FLOW_STATE = "a flow state"
    STEP_STATE = "a step state"
    GROUPS = "groups"


class Role(Enum):
    """What an argument of a source names."""

    __hash__ = object.__hash__
    """By identity: a member equals only itself, and the hash of enums is written in Python."""

    PROPERTY = "property"
    PART = "part of the value"
    GROUPS = "groups"
    EVENT = "event"
    FLOW = "flow"
    STEP = "step"
    FIELD = "field"


class SourceKind(Enum):
    """What an expression can ask about.

    `spelled` is the name before the parentheses, `result` the kind of value that comes out, `roles`
    say what the arguments name, in order. `user.memberOfGroup` may go without its argument.
    """

    __hash__ = object.__hash__
    """By identity: a member equals only itself, and the hash of enums is written in Python."""

    USER_PROPERTY = ("user.property", Result.ANYTHING, Role.PROPERTY)
    USER_PROPERTY_CONTAINS = ("user.propertyContains", Result.TRUTH, Role.PROPERTY, Role.PART)
    USER_DAYS_SINCE_NOW = ("user.daysSinceNow", Result.DAYS, Role.PROPERTY)
    USER_IS_GUEST = ("user.isGuest", Result.TRUTH)
    USER_CURRENT_URL = ("user.currentUrl", Result.ADDRESS)
    USER_MEMBER_OF_GROUP = ("user.memberOfGroup", Result.GROUPS, Role.GROUPS)
    USER_EVENT = ("user.event", Result.COUNT, Role.EVENT)
    USER_FLOW = ("user.flow", Result.FLOW_STATE, Role.FLOW)
    USER_DAYS_SINCE_FLOW_DONE = ("user.daysSinceFlowDone", Result.DAYS, Role.FLOW)
    USER_FLOW_STEP = ("user.flowStep", Result.STEP_STATE, Role.FLOW, Role.STEP)
    USER_FLOW_STEP_DATA = ("user.flowStepData", Result.ANYTHING, Role.FLOW, Role.STEP, Role.FIELD)
    GROUP_PROPERTY = ("group.property", Result.ANYTHING, Role.PROPERTY)
    GROUP_PROPERTY_CONTAINS = ("group.propertyContains", Result.TRUTH, Role.PROPERTY, Role.PART)
    GROUP_EVENT = ("group.event", Result.COUNT, Role.EVENT)

    def __init__(self, spelled: str, result: Result, *roles: Role) -> None:
        self.spelled = spelled
        self.result = result
        self.roles = roles
        self.is_count = result is Result.COUNT


class Operator(Enum):
    """What stands between two values; `===` and `!==` are read as EQUAL and NOT_EQUAL."""

    __hash__ = object.__hash__
    """By identity: a member equals only itself, and the hash of enums is written in Python."""

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


ORDERINGS = frozenset({Operator.LESS, Operator.AT_MOST, Operator.GREATER, Operator.AT_LEAST})
EQUALITIES = frozenset({Operator.EQUAL, Operator.NOT_EQUAL})
TIMES = frozenset({Operator.WITHIN, Operator.NOT_WITHIN})
PRESENCES = frozenset({Operator.IS_SET, Operator.IS_NOT_SET})
LISTS = frozenset({Operator.IS_IN, Operator.NOT_IS_IN})
TEXTS = frozenset(
    {
        Operator.CONTAINS,
        Operator.NOT_CONTAINS,
        Operator.STARTS_WITH,
        Operator.NOT_STARTS_WITH,
        Operator.ENDS_WITH,
        Operator.NOT_ENDS_WITH,
        Operator.MATCHES,
        Operator.NOT_MATCHES,
    }
)
NEGATIVES = frozenset(operator for operator in Operator if operator.value[0] == "!" and operator.value[1:].isalpha())
"""The operators with a `!` before a word."""

OPPOSITES: dict[Operator, Operator] = {
    Operator.EQUAL: Operator.NOT_EQUAL,
    Operator.LESS: Operator.AT_LEAST,
    Operator.GREATER: Operator.AT_MOST,
    Operator.CONTAINS: Operator.NOT_CONTAINS,
    Operator.STARTS_WITH: Operator.NOT_STARTS_WITH,
    Operator.ENDS_WITH: Operator.NOT_ENDS_WITH,
    Operator.MATCHES: Operator.NOT_MATCHES,
    Operator.IS_IN: Operator.NOT_IS_IN,
    Operator.IS_SET: Operator.IS_NOT_SET,
    Operator.WITHIN: Operator.NOT_WITHIN,
}
"""Each operator and the one that is false where it is true, for a value that is set; both ways round."""
OPPOSITES |= {opposite: operator for operator, opposite in OPPOSITES.items()}


class Unit(Enum):
    """A unit of time, its letter and its length; `m` is months of 30 days, not minutes [obs]."""

    SECONDS = ("s", 1_000)
    MINUTES = ("i", 60_000)
    HOURS = ("h", 3_600_000)
    DAYS = ("d", 86_400_000)
    WEEKS = ("w", 604_800_000)
    MONTHS = ("m", 2_592_000_000)

    def __init__(self, letter: str, milliseconds: int) -> None:
        self.letter = letter
        self.milliseconds = milliseconds


class ClockForm(Enum):
    """The three ways to write the present moment; all are milliseconds since 1970 [obs]."""

    NOW = "now()"
    DATE_NOW = "Date.now()"
    NEW_DATE = "new Date()"


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text; `value` is what stands between the quotes, exactly."""

    value: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written: digits, perhaps a fraction, perhaps a minus in front."""

    text: str
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def value(self) -> float:
        """The number itself; a double, as in JavaScript."""
        return float(self.text)


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false` as a value."""

    value: bool
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Null:
    """`null`: never set."""

    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Duration:
    """A time span such as `7d`, only ever after `within`."""

    amount: int
    unit: Unit
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def milliseconds(self) -> int:
        """How long it is."""
        return self.amount * self.unit.milliseconds


@dataclass(frozen=True, slots=True)
class Clock:
    """The present moment."""

    form: ClockForm
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """Arithmetic in parentheses."""

    inner: Value
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Values joined from left to right: either by `+` and `-`, or by `*` and `/`.

    `rest` holds at least one pair of sign and value. A product stands inside a sum without
    parentheses; anything else inside is `Enclosed`.
    """

    first: Value
    rest: tuple[tuple[str, Value], ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Source:
    """Something about the user or the group: `user.flowStep('slug', 'step')`."""

    kind: SourceKind
    arguments: tuple[Text, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


Value: TypeAlias = "Source | Text | Number | Boolean | Null | Duration | Clock | Arithmetic | Enclosed"


@dataclass(frozen=True, slots=True)
class Condition:
    """Two values and what is claimed about them.

    For IS_SET and IS_NOT_SET the right one is `true`. The left one does not begin with a parenthesis,
    which would open a group.
    """

    left: Value
    operator: Operator
    right: Value
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Flag:
    """A source standing alone; it is read as `source == true` [obs]."""

    source: Source
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """`true` or `false` standing alone."""

    value: bool
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """An expression in parentheses."""

    inner: Expression
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """A chain of `&&`: two parts or more, none of them an And or an Or."""

    parts: tuple[Expression, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """A chain of `||`: two parts or more, none of them an Or; `&&` binds closer."""

    parts: tuple[Expression, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Everyone:
    """The empty expression: no targeting [doc]."""

    span: Span = field(default=NOWHERE, compare=False)


Term: TypeAlias = "Condition | Flag | Constant"
"""A part that is decided by itself."""
Expression: TypeAlias = "Everyone | Or | And | Group | Condition | Flag | Constant"


def terms(expression: Expression) -> tuple[Term, ...]:
    """Every term of an expression, in the order written."""
    match expression:
        case Or(parts) | And(parts):
            return tuple(term for part in parts for term in terms(part))
        case Group(inner):
            return terms(inner)
        case Everyone():
            return ()
        case _:
            return (expression,)


def values(term: Term) -> tuple[Value, ...]:
    """The values a term is about: none, one, or the left and the right one."""
    match term:
        case Condition(left, _, right):
            return (left, right)
        case Flag(source):
            return (source,)
        case Constant():
            return ()
