"""Trees, texts and contexts made by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flowsync.targeting.context import Context, FlowProgress, FlowState, StepProgress, StepState
from flowsync.targeting.nodes import (
    CLOCKS,
    UNITS,
    And,
    Arithmetic,
    Boolean,
    Clock,
    Condition,
    Duration,
    Enclosed,
    Expression,
    Group,
    Null,
    Number,
    Operator,
    Or,
    Source,
    SourceKind,
    Text,
    Value,
    formatted,
)

NOW = 1_769_904_000_000.0
"""2026-02-01T00:00:00Z."""
WORDS = ("a", "b", "pro", "Pro", "7", "8.5", "true", "2026-01-20", "2026-01-31T12:00:00Z", "a,b", "")
KEYS = ("k", "plan", "signup")
SLUGS = ("flow_a", "flow_b")
STEPS = ("one", "two")

keys = st.sampled_from(KEYS).map(Text)
words = st.sampled_from(WORDS).map(Text)
anything_quotable = (
    st.text(st.characters(codec="utf-8", exclude_characters="'\r\n"), max_size=12)
    .map(lambda content: content.rstrip("\\"))
    .map(Text)
)
numbers = st.one_of(st.integers(-20, 20).map(str), st.decimals(0, 99, places=2).map(str), st.just("86400000")).map(
    Number
)
clocks = st.sampled_from(CLOCKS).map(Clock)


def _role(name: str) -> SearchStrategy[Text]:
    match name:
        case "property" | "event":
            return keys
        case "flow":
            return st.sampled_from(SLUGS).map(Text)
        case "step":
            return st.sampled_from(STEPS).map(Text)
        case "groups":
            return st.sampled_from(("acme", "acme,initech", "other")).map(Text)
        case _:
            return words


def _source(kind: SourceKind) -> SearchStrategy[Source]:
    full = st.tuples(*(_role(role) for role in kind.roles)).map(lambda arguments: Source(kind, arguments))
    return st.one_of(full, st.just(Source(kind))) if kind is SourceKind.USER_MEMBER_OF_GROUP else full


sources = st.one_of([_source(kind) for kind in SourceKind])


def _products(operands: SearchStrategy[Value]) -> SearchStrategy[Value]:
    rest = st.lists(st.tuples(st.sampled_from("*/"), operands), min_size=1, max_size=2).map(tuple)
    return st.builds(Arithmetic, operands, rest)


def _sums(operands: SearchStrategy[Value]) -> SearchStrategy[Value]:
    parts = st.one_of(operands, _products(operands))
    rest = st.lists(st.tuples(st.sampled_from("+-"), parts), min_size=1, max_size=2).map(tuple)
    return st.builds(Arithmetic, parts, rest)


_operands = st.recursive(
    st.one_of(numbers, clocks), lambda inner: st.one_of(_sums(inner), _products(inner)).map(Enclosed), max_leaves=4
)
calculations = st.one_of(_operands, _products(_operands), _sums(_operands))
literals = st.one_of(words, numbers, st.booleans().map(Boolean), st.just(Null()))
values = st.one_of(sources, literals, calculations)
_lefts = values.filter(lambda value: not formatted(value).startswith("("))
"""A parenthesis at the start of a condition opens a group, not arithmetic."""
durations = st.builds(Duration, st.integers(0, 400), st.sampled_from(sorted(UNITS)))


def right_of(operator: Operator) -> SearchStrategy[Value]:
    match operator.value.lstrip("!"):
        case "within":
            return durations
        case "isSet" | "isNotSet":
            return st.booleans().map(Boolean)
        case "=" | "==" | "<" | "<=" | ">" | ">=":
            return values
        case _:
            return words


def _condition(operator: Operator) -> SearchStrategy[Condition]:
    return st.builds(Condition, st.one_of(sources, _lefts), st.just(operator), right_of(operator))


conditions = st.one_of([_condition(operator) for operator in Operator])

terms = st.one_of(conditions, conditions, sources, st.booleans().map(Boolean))


def _wider(inner: SearchStrategy[Expression]) -> SearchStrategy[Expression]:
    """Chains and groups, as the parser would build them."""
    parts = st.one_of(terms, inner.map(Group))
    chains = st.lists(parts, min_size=2, max_size=3).map(tuple)
    conjunctions = chains.map(And)
    alternatives = st.lists(st.one_of(parts, conjunctions), min_size=2, max_size=3).map(tuple).map(Or)
    return st.one_of(conjunctions, alternatives, inner.map(Group))


expressions: SearchStrategy[Expression] = st.recursive(terms, _wider, max_leaves=8)

plain = st.one_of(st.sampled_from(WORDS), st.integers(-3, 9), st.booleans(), st.none())
_steps = st.builds(
    StepProgress, st.sampled_from(StepState), st.dictionaries(st.sampled_from((*KEYS, *WORDS)), plain, max_size=3)
)
_flows = st.builds(
    FlowProgress,
    st.sampled_from(FlowState),
    st.one_of(st.none(), st.sampled_from((NOW, NOW - 86_400_000.0, NOW - 40 * 86_400_000.0))),
    st.dictionaries(st.sampled_from(STEPS), _steps),
)
_properties = st.dictionaries(
    st.sampled_from(KEYS), st.one_of(plain, st.just(NOW - 5000.0), st.just(["a", "B"]), st.just({"a": 1})), max_size=3
)
_events = st.dictionaries(st.sampled_from(KEYS), st.integers(0, 12))
contexts = st.builds(
    Context,
    at=st.just(NOW),
    properties=_properties,
    groups=st.lists(st.sampled_from(("acme", "initech", "a")), max_size=2).map(tuple),
    url=st.one_of(st.none(), st.sampled_from(("https://app.example/settings", "a"))),
    guest=st.booleans(),
    events=_events,
    flows=st.dictionaries(st.sampled_from(SLUGS), _flows),
    group_properties=_properties,
    group_events=_events,
)
