"""Whether claims about one subject exclude each other, or leave nothing out: the cheap proofs only.

Linear in the number of claims: each is held against the first that equals, against its own opposite,
and against the tightest bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.targeting.checks.values import result_of
from flowsync.targeting.context import Context
from flowsync.targeting.evaluation import decide
from flowsync.targeting.nodes import (
    EQUALITIES,
    LISTS,
    OPPOSITES,
    ORDERINGS,
    Boolean,
    Condition,
    Null,
    Number,
    Operator,
    Result,
    Source,
    Text,
)
from flowsync.targeting.printer import format_value
from flowsync.targeting.scalars import number_of, same

if TYPE_CHECKING:
    from collections.abc import Callable

Pair: TypeAlias = "tuple[Condition, Condition]"

_NOWHEN: Final = Context(at=0)
_LOWER: Final = frozenset({Operator.GREATER, Operator.AT_LEAST})
_SETTLING: Final = EQUALITIES | LISTS
_INCLUSIVE: Final = frozenset({Operator.AT_LEAST, Operator.AT_MOST})


def contradicted(claims: list[Condition]) -> Pair | None:
    """Two claims about the same subject that no value meets both; None when there is no cheap proof."""
    return _opposites(claims) or _unset_but_compared(claims) or _unequal(claims) or _empty_range(claims)


def covered(claims: list[Condition]) -> Pair | None:
    """Two claims about the same subject of which every value that is set meets one."""
    return _opposites(claims) or _two_exclusions(claims) or _whole_range(claims)


def _opposites(claims: list[Condition]) -> Pair | None:
    """A claim and its negation, such as `== 'a'` and `!= 'a'`."""
    seen: dict[tuple[Operator, str], Condition] = {}
    for claim in claims:
        right = format_value(claim.right)
        opposite = seen.get((OPPOSITES[claim.operator], right))
        if opposite is not None:
            return opposite, claim
        seen.setdefault((claim.operator, right), claim)
    return None


def _unset_but_compared(claims: list[Condition]) -> Pair | None:
    """A claim that the subject was never set, and one that is false for what was never set, null itself aside."""
    unset = next((claim for claim in claims if _says_unset(claim)), None)
    other = next((claim for claim in claims if not _says_unset(claim)), None)
    return None if unset is None or other is None or isinstance(unset.left, Null) else (unset, other)


def _says_unset(claim: Condition) -> bool:
    is_null = claim.operator is Operator.EQUAL and isinstance(claim.right, Null)
    return is_null or claim.operator is Operator.IS_NOT_SET


def _literal(claim: Condition) -> str | float | bool | None:
    """The fixed value on the right, for subjects that have one value at a time."""
    if isinstance(claim.left, Source) and result_of(claim.left) is Result.GROUPS:
        return None
    match claim.right:
        case Text(value) | Boolean(value):
            return value
        case Number():
            return claim.right.value
        case _:
            return None


def _unequal(claims: list[Condition]) -> Pair | None:
    """The first claim of equality, and a claim that is false for that value."""
    equal = next((claim for claim in claims if claim.operator is Operator.EQUAL and _literal(claim) is not None), None)
    if equal is None:
        return None
    other = next((claim for claim in claims if claim is not equal and _excludes(claim, equal)), None)
    return None if other is None else (equal, other)


def _excludes(claim: Condition, equal: Condition) -> bool:
    """Whether a claim is false for the value that the subject equals."""
    is_decidable = claim.operator in _SETTLING or (claim.operator in ORDERINGS and not _is_about_a_flow(claim))
    if not is_decidable or _literal(claim) is None:
        return False
    return not decide(Condition(equal.right, claim.operator, claim.right), _NOWHEN).truth


def _is_about_a_flow(claim: Condition) -> bool:
    return isinstance(claim.left, Source) and claim.left.kind.result is Result.FLOW_STATE


def _two_exclusions(claims: list[Condition]) -> Pair | None:
    """`!= 'a'` and `!= 'b'`: whatever is one of them is not the other."""
    exclusions = [claim for claim in claims if claim.operator is Operator.NOT_EQUAL and _literal(claim) is not None]
    for claim in exclusions[1:]:
        if not same(_literal(exclusions[0]), _literal(claim)):
            return exclusions[0], claim
    return None


def _bound(claim: Condition) -> float | None:
    """The number or date that a claim of order is about."""
    match claim.right:
        case Text(value) if claim.operator in ORDERINGS:
            return number_of(value)
        case Number() if claim.operator in ORDERINGS:
            return claim.right.value
        case _:
            return None


def _extremes(claims: list[Condition], low: Pick, high: Pick) -> tuple[Bounded, Bounded] | None:
    """One lower and one upper bound of all; None unless there are both."""
    bounded = [(bound, claim) for claim in claims if (bound := _bound(claim)) is not None]
    lower = [pair for pair in bounded if pair[1].operator in _LOWER]
    upper = [pair for pair in bounded if pair[1].operator not in _LOWER]
    return (low(lower, key=_number), high(upper, key=_number)) if lower and upper else None


def _empty_range(claims: list[Condition]) -> Pair | None:
    """A lower bound above an upper one."""
    extremes = _extremes(claims, max, min)
    if extremes is None:
        return None
    (lowest, lower), (highest, upper) = extremes
    both_inclusive = lower.operator in _INCLUSIVE and upper.operator in _INCLUSIVE
    is_empty = lowest > highest or (lowest == highest and not both_inclusive)
    return (lower, upper) if is_empty else None


def _whole_range(claims: list[Condition]) -> Pair | None:
    """A lower bound below an upper one, as alternatives."""
    extremes = _extremes(claims, min, max)
    if extremes is None:
        return None
    (lowest, lower), (highest, upper) = extremes
    one_inclusive = lower.operator in _INCLUSIVE or upper.operator in _INCLUSIVE
    is_whole = lowest < highest or (lowest == highest and one_inclusive)
    return (lower, upper) if is_whole else None


Bounded: TypeAlias = "tuple[float, Condition]"
Pick: TypeAlias = "Callable[..., Bounded]"


def _number(bounded: Bounded) -> float:
    return bounded[0]
