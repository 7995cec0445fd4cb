"""The 1,000 made-up users of a sandbox, of whom the estimate is true.

What each of them is like follows from the user's number and from the account's expressions: whatever these compare
something with is true of some users. So the same account has the same users, and a value that comes up for the first
time moves only those who take it. A sample of them is evaluated and scaled up, as the vendor does it [obs].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from flowsync.flows.expressions import parsed
from flowsync.targeting.context import Context, FlowProgress, FlowState, StepProgress, StepState, milliseconds
from flowsync.targeting.evaluation import evaluate
from flowsync.targeting.nodes import Arithmetic, Condition, Duration, Number, Source, SourceKind, Text, terms, values

if TYPE_CHECKING:
    from datetime import datetime

    from flowsync.model import JsonValue
    from flowsync.targeting.nodes import Expression, Term

_State = TypeVar("_State")

USERS: Final = 1_000
SCALE: Final = 4
"""One of so many users is in the sample."""
_GUESTS: Final = 10
"""One of so many users is a guest."""
_DAY: Final = 86_400_000
_LONGEST_AGO: Final = 90
"""Days since a flow was done, at most."""
_OTHER: Final = "something else"
_DATES: Final = frozenset({SourceKind.USER_DAYS_SINCE_NOW})

_Name: TypeAlias = "tuple[str, ...]"
"""What can be asked about: `user`, `property` and a name, say, or the groups of a user."""
_Choice: TypeAlias = "str | float | bool | _Ago | None"
_Choices: TypeAlias = "dict[_Name, set[_Choice]]"


@dataclass(frozen=True, slots=True)
class _Ago:
    """A moment so many milliseconds ago: the same choice whatever the time is."""

    milliseconds: float


def count(expression: str, expressions: Iterable[str], now: datetime) -> int:
    """About how many users qualify for `expression` in an account with these `expressions`.

    None do where it cannot be read, and a user for whom it is unknown does not [obs: malformed is false].
    """
    tree = parsed(expression)
    if tree is None:
        return 0
    at = milliseconds(now)
    others = (parsed(each) for each in expressions)
    choices = _choices([tree, *(each for each in others if each is not None)])
    sources = [source for term in terms(tree) for source in _sources(term)]
    sample = range(0, USERS, SCALE)
    return SCALE * sum(evaluate(tree, _user(number, sources, choices, at)) is True for number in sample)


def _choices(trees: Iterable[Expression]) -> _Choices:
    """The values of everything that trees ask about; None where a user lacks it."""
    found: _Choices = {}
    for tree in trees:
        for term in terms(tree):
            for source in _sources(term):
                found.setdefault(_name(source), {None}).update(_compared(source, term))
    return found


def _sources(term: Term) -> Iterator[Source]:
    for value in values(term):
        operands = value.operands if isinstance(value, Arithmetic) else (value,)
        yield from (each for each in operands if isinstance(each, Source))


def _name(source: Source) -> _Name:
    """What a source asks about: all that is asked of one property is of the same value."""
    who = source.kind.spelled.partition(".")[0]
    names = tuple(argument.value for argument in source.arguments)
    match source.kind.roles:
        case ("property", *_):
            return (who, "property", names[0])
        case ("groups",):
            return ("groups",)
        case (role, *_):
            return (who, role, *names)
        case _:
            return (source.kind.spelled,)


def _compared(source: Source, term: Term) -> Iterator[_Choice]:
    """The values that a term compares a source with; of a number and a time also some on both sides."""
    if source.kind.roles[1:] == ("part of the value",):
        yield source.arguments[1].value
        return
    if "groups" in source.kind.roles:
        yield from (name for argument in source.arguments for name in argument.value.split(","))
    if not isinstance(term, Condition) or term.operator.is_presence:
        yield True
        return
    for value in values(term):
        match value:
            case Text(text):
                yield from text.split(",") if term.operator.is_list else [text]
                yield _OTHER
            case Number() if source.kind in _DATES:
                yield from (_Ago(part * value.value * _DAY) for part in (0.5, 0.9, 1.1, 2))
            case Number():
                yield from (value.value // 2, value.value, value.value + 1, value.value * 2)
            case Duration():
                yield from (_Ago(part * value.milliseconds) for part in (0.5, 0.9, 1.1, 2))
            case Source():
                pass
            case _:
                yield from (True, False)


def _user(number: int, sources: Iterable[Source], choices: _Choices, at: float) -> Context:
    """A user, as far as these sources ask."""
    found: dict[str, dict[str, JsonValue]] = {"user": {}, "group": {}}
    events: dict[str, dict[str, int]] = {"user": {}, "group": {}}
    flows: dict[str, FlowProgress] = {}
    groups: tuple[str, ...] = ()
    for source in sources:
        name = _name(source)
        chosen = _choose(number, name, choices[name])
        value = at - chosen.milliseconds if isinstance(chosen, _Ago) else chosen
        match name:
            case (who, "property", key):
                found[who] |= {} if value is None else {key: value}
            case (who, "event", key):
                events[who][key] = int(value) if isinstance(value, int | float) else 0
            case (_, "flow", slug, *_):
                flows[slug] = _progress(number, name[2:], value, flows.get(slug), at)
            case ("groups",) if value is not None:
                groups = (str(value),)
            case _:
                pass
    return Context(
        at,
        properties=found["user"],
        groups=groups,
        guest=number // SCALE % _GUESTS == 0,
        events=events["user"],
        flows=flows,
        group_properties=found["group"],
        group_events=events["group"],
    )


def _progress(number: int, names: _Name, value: JsonValue, known: FlowProgress | None, at: float) -> FlowProgress:
    """How far a user is with a flow; `names` are its slug, perhaps a step, and a field with its `value`."""
    slug, *rest = names
    state = _pick(number, slug, list(FlowState))
    days = _hash(number, slug, "done") % (_LONGEST_AGO * SCALE) / SCALE
    steps = dict(known.steps) if known else {}
    if rest:
        own = steps.get(rest[0]) or StepProgress(_pick(number, f"{slug} {rest[0]}", list(StepState)))
        data = {**own.data} if len(rest) == 1 or value is None else {**own.data, rest[1]: value}
        steps[rest[0]] = StepProgress(own.state, data)
    return FlowProgress(state, at - days * _DAY if state is FlowState.COMPLETED else None, steps)


def _choose(number: int, name: _Name, choices: Iterable[_Choice]) -> _Choice:
    """A user's own choice: another one that comes up changes nothing for those who do not take it."""
    return max(choices, key=lambda each: (_hash(number, *name, repr(each)), repr(each)))


def _pick(number: int, name: str, states: list[_State]) -> _State:
    return states[_hash(number, name) % len(states)]


def _hash(number: int, *names: str) -> int:
    text = "\0".join([*names, str(number)]).encode(errors="replace")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
