"""Conditions that decide nothing: the same for every user, said twice, excluding each other, or leaving nobody out.

The cheap proofs only, linear in the number of conditions: among those about one subject each is held against
the first that equals, against its own opposite, and against the tightest bounds.
"""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.targeting import rules
from flowsync.targeting.context import Context
from flowsync.targeting.evaluation import decide, number_of, same
from flowsync.targeting.nodes import (
    AFFIXES,
    EQUALITIES,
    LISTS,
    NEGATIVES,
    OPPOSITES,
    ORDERINGS,
    PRESENCES,
    TIMES,
    And,
    Arithmetic,
    Boolean,
    Clock,
    Condition,
    Duration,
    Enclosed,
    Null,
    Number,
    Operator,
    Or,
    Result,
    Source,
    SourceKind,
    Text,
    formatted,
    meaning,
    simplified,
    terms,
    walk,
)
from flowsync.targeting.tokens import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.targeting.nodes import Expression, Value
    from flowsync.targeting.rules import Finding

_Pair: TypeAlias = "tuple[Condition, Condition]"
_ANYONE: Final = Context(at=0)
"""For terms about no user."""
_MANY: Final = "9" * 300
_LOWER: Final = frozenset({Operator.GREATER, Operator.AT_LEAST})
_INCLUSIVE: Final = frozenset({Operator.AT_LEAST, Operator.AT_MOST})
_SOMETIMES_UNKNOWN: Final = frozenset({SourceKind.USER_CURRENT_URL, SourceKind.USER_DAYS_SINCE_FLOW_DONE})
"""What there may be no value of, not even null: a condition about it is false then, whatever its operator."""


def check_logic(expression: Expression) -> Iterator[Finding]:
    """Every condition, and every pair of conditions in one chain, that decides nothing."""
    for term in terms(expression):
        truth, among = None, "every user"
        if isinstance(term, Boolean) and term is not expression:
            truth = term.value
        elif isinstance(term, Condition) and _is_empty_text(term):
            truth, among = term.operator not in NEGATIVES, "every user who has it set"
        elif isinstance(term, Condition):
            truth = _fixed_truth(term)
        if truth is not None:
            message = f"{printable(formatted(term))} is {'true' if truth else 'false'} for {among}."
            yield rules.CONSTANT.finding(term.span, message, "Delete it, or compare with what was meant.")
    for chain in walk(simplified(expression)):
        if isinstance(chain, And | Or):
            yield from _check_chain(chain)


def _is_empty_text(condition: Condition) -> bool:
    """Whether every text fits: `contains ''` and the like, but not `matches ''`."""
    is_part = condition.operator in AFFIXES | {Operator.CONTAINS, Operator.NOT_CONTAINS}
    return is_part and _varies(condition.left) and condition.right == Text("")


def _fixed_truth(condition: Condition) -> bool | None:
    """The truth of a condition that comes out the same whoever the user is; None for any other."""
    left, operator, right = condition.left, condition.operator, condition.right
    if not (operator in TIMES or _varies(left) or _varies(right)):
        return decide(condition, _ANYONE).truth
    if not isinstance(left, Source):
        return None
    if _is_always_set(left) and operator in PRESENCES:
        return operator is Operator.IS_SET
    if _is_always_set(left) and operator in EQUALITIES and isinstance(right, Null):
        return operator is Operator.NOT_EQUAL
    if left.result is Result.COUNT and operator in ORDERINGS and isinstance(right, Number):
        # No count (0 or more) makes a difference if neither the least nor a huge one does.
        least, huge = (decide(Condition(Number(count), operator, right), _ANYONE).truth for count in ("0", _MANY))
        return least if least is huge else None
    return None


def _varies(value: Value) -> bool:
    """Whether a value depends on the user or on the clock."""
    match value:
        case Source() | Clock() | Duration():
            return True
        case Enclosed(inner):
            return _varies(inner)
        case Arithmetic():
            return any(map(_varies, value.operands))
        case _:
            return False


def _is_always_set(source: Source) -> bool:
    is_partial = source.kind in (SourceKind.USER_PROPERTY_CONTAINS, SourceKind.GROUP_PROPERTY_CONTAINS)
    return source.result not in (Result.ANYTHING, Result.DAYS, Result.ADDRESS) and not is_partial


def _check_chain(chain: And | Or) -> Iterator[Finding]:
    seen: set[str] = set()
    claims_about: dict[str, list[Condition]] = defaultdict(list)
    for part in chain.parts:
        if meaning(part) in seen:
            message = f"{printable(formatted(part))} stands here twice."
            yield rules.DUPLICATE.finding(part.span, message, "Delete one of them.")
        seen.add(meaning(part))
        claim = part
        if isinstance(part, Source):
            claim = Condition(part, Operator.EQUAL, Boolean(value=True), span=part.span)
        if isinstance(claim, Condition):
            claims_about[formatted(claim.left)].append(claim)
    for about, claims in claims_about.items():
        if isinstance(chain, And):
            pair = _opposites(claims) or _unset_but_compared(claims) or _unequal(claims)
        else:
            pair = _opposites(claims) or _two_exclusions(claims)
        pair = pair or _ranges(claims, is_and=isinstance(chain, And))
        if pair is not None:
            yield _clash(chain, about, *pair)


def _clash(chain: And | Or, about: str, first: Condition, second: Condition) -> Finding:
    """Two claims about the same subject that no value meets both, or of which every value that is set meets one."""
    is_and = isinstance(chain, And)
    joint, operator = ("||", Operator.EQUAL) if is_and else ("&&", Operator.NOT_EQUAL)
    hint = f"Join them with {joint}, or change one of them."
    if first.operator is second.operator is operator:
        hint = f"Join them with {joint}, or list the values: {'isIn' if is_and else '!isIn'} 'a,b'."
    one, other = printable(formatted(first)), printable(formatted(second))
    if is_and:
        return rules.CONTRADICTION.finding(second.span, f"No user meets both {one} and {other}.", hint)
    scope = "every user" if _leaves_out_nobody(first) else f"every user who has {printable(about)} set"
    return rules.TAUTOLOGY.finding(second.span, f"One of {one} and {other} is true for {scope}.", hint)


def _leaves_out_nobody(claim: Condition) -> bool:
    """Whether a claim or its opposite holds for everyone, there being no user without a value."""
    left = claim.left
    if claim.operator in PRESENCES:
        return not isinstance(left, Source) or left.kind not in _SOMETIMES_UNKNOWN
    is_fixed = claim.operator in EQUALITIES | LISTS and isinstance(claim.right, Text | Number | Boolean)
    return is_fixed and isinstance(left, Source) and _is_always_set(left)


def _opposites(claims: list[Condition]) -> _Pair | None:
    """A claim and its negation, such as `== 'a'` and `!= 'a'`."""
    seen: dict[tuple[Operator, str], Condition] = {}
    for claim in claims:
        right = formatted(claim.right)
        opposite = seen.get((OPPOSITES[claim.operator], right))
        if opposite is not None:
            return opposite, claim
        seen.setdefault((claim.operator, right), claim)
    return None


def _unset_but_compared(claims: list[Condition]) -> _Pair | None:
    """A claim that the subject was never set, and one that is false for what was never set, null itself aside."""
    unset = next((claim for claim in claims if _says_unset(claim)), None)
    other = next((claim for claim in claims if not _says_unset(claim)), None)
    return None if unset is None or other is None or isinstance(unset.left, Null) else (unset, other)


def _says_unset(claim: Condition) -> bool:
    is_null = claim.operator is Operator.EQUAL and isinstance(claim.right, Null)
    return is_null or claim.operator is Operator.IS_NOT_SET


def _literal(claim: Condition) -> str | float | bool | None:
    """The fixed value on the right, for subjects that have one value at a time."""
    if isinstance(claim.left, Source) and claim.left.result is Result.GROUPS:
        return None
    return claim.right.value if isinstance(claim.right, Text | Number | Boolean) else None


def _unequal(claims: list[Condition]) -> _Pair | None:
    """The first claim of equality, and a claim that is false for that value."""
    equal = next((claim for claim in claims if claim.operator is Operator.EQUAL and _literal(claim) is not None), None)
    for claim in claims if equal is not None else ():
        is_about_flow = isinstance(claim.left, Source) and claim.left.result is Result.FLOW_STATE
        is_decidable = claim.operator in EQUALITIES | LISTS or (claim.operator in ORDERINGS and not is_about_flow)
        if equal is None or claim is equal or not is_decidable or _literal(claim) is None:
            continue
        if not decide(Condition(equal.right, claim.operator, claim.right), _ANYONE).truth:
            return equal, claim
    return None


def _two_exclusions(claims: list[Condition]) -> _Pair | None:
    """`!= 'a'` and `!= 'b'`: whatever is one of them is not the other."""
    exclusions = [claim for claim in claims if claim.operator is Operator.NOT_EQUAL and _literal(claim) is not None]
    for claim in exclusions[1:]:
        if not same(_literal(exclusions[0]), _literal(claim)):
            return exclusions[0], claim
    return None


def _ranges(claims: list[Condition], *, is_and: bool) -> _Pair | None:
    """A lower and an upper bound: for && those that leave no value between them, for || those that leave none out."""
    bounds = [
        (number_of(claim.right.value), claim)
        for claim in claims
        if claim.operator in ORDERINGS and isinstance(claim.right, Text | Number)
    ]
    lower = [(bound, claim) for bound, claim in bounds if bound is not None and claim.operator in _LOWER]
    upper = [(bound, claim) for bound, claim in bounds if bound is not None and claim.operator not in _LOWER]
    if not lower or not upper:
        return None
    tightest, loosest = (max, min) if is_and else (min, max)
    low, low_claim = tightest(lower, key=itemgetter(0))
    high, high_claim = loosest(upper, key=itemgetter(0))
    inclusive = {low_claim.operator, high_claim.operator} & _INCLUSIVE
    if is_and:
        is_clash = low > high or (low == high and inclusive != _INCLUSIVE)
    else:
        is_clash = low < high or (low == high and bool(inclusive))
    return (low_claim, high_claim) if is_clash else None
