"""Whether claims about one subject exclude each other, or leave nothing out: the cheap proofs only.

Linear in the number of claims: each is held against the first that equals, against its own opposite,
and against the tightest bounds.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.model import Severity
from flowsync.targeting.checks.finding import Rule
from flowsync.targeting.checks.text import constants
from flowsync.targeting.checks.values import result_of
from flowsync.targeting.evaluation import decide
from flowsync.targeting.nodes import (
    EQUALITIES,
    LISTS,
    NEGATIVES,
    OPPOSITES,
    ORDERINGS,
    PRESENCES,
    TEXTS,
    TIMES,
    And,
    Arithmetic,
    Boolean,
    Clock,
    Condition,
    Duration,
    Enclosed,
    Flag,
    Null,
    Number,
    Operator,
    Or,
    Result,
    Source,
    SourceKind,
    Text,
    terms,
)
from flowsync.targeting.printer import format_value, formatted, meaning, simplified, subject
from flowsync.targeting.tokens import printable
from flowsync.targeting.values import Context, number_of, same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flowsync.targeting.checks.finding import Finding
    from flowsync.targeting.nodes import Expression, Term, Value

Pair: TypeAlias = "tuple[Condition, Condition]"

_PROOFS_NOWHEN: Final = Context(at=0)
_LOWER: Final = frozenset({Operator.GREATER, Operator.AT_LEAST})
_PROOFS_SETTLING: Final = EQUALITIES | LISTS
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
    is_decidable = claim.operator in _PROOFS_SETTLING or (claim.operator in ORDERINGS and not _is_about_a_flow(claim))
    if not is_decidable or _literal(claim) is None:
        return False
    return not decide(Condition(equal.right, claim.operator, claim.right), _PROOFS_NOWHEN).truth


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


CONSTANT: Final = Rule(
    "targeting-constant",
    Severity.WARNING,
    "This condition comes out the same for every user (or for every user who has the property set), so it says"
    " nothing: contains '', a count of at least 0, a comparison of two fixed values, a lone true among others.",
    "user.property('email') contains ''",
    "user.property('email') isSet true",
)
CONTRADICTION: Final = Rule(
    "targeting-contradiction",
    Severity.ERROR,
    "Two conditions joined with && exclude each other, so no user meets both. Usually || or isIn was meant.",
    "user.property('plan') == 'pro' && user.property('plan') == 'team'",
    "user.property('plan') isIn 'pro,team'",
)
TAUTOLOGY: Final = Rule(
    "targeting-tautology",
    Severity.WARNING,
    "Of two conditions joined with || one is always true, so that they exclude nobody but users who never had the"
    " property set. Usually && or !isIn was meant.",
    "user.property('plan') != 'pro' || user.property('plan') != 'team'",
    "user.property('plan') !isIn 'pro,team'",
)
DUPLICATE: Final = Rule(
    "targeting-duplicate",
    Severity.WARNING,
    "The same condition stands twice in one chain of && or ||.",
    "user.property('plan') == 'pro' && user.property('plan') == \"pro\"",
    "user.property('plan') == 'pro'",
)
RULES: Final = (CONSTANT, CONTRADICTION, TAUTOLOGY, DUPLICATE)

_AFFIXES: Final = TEXTS - {Operator.MATCHES, Operator.NOT_MATCHES}
_TRUTH_SETTLING: Final = EQUALITIES | LISTS
_LITERALS: Final = (Text, Number, Boolean)
_TRUTH_NOWHEN: Final = Context(at=0)
_MANY: Final = "9" * 300
_SOMETIMES_UNKNOWN: Final = frozenset({SourceKind.USER_CURRENT_URL, SourceKind.USER_DAYS_SINCE_FLOW_DONE})
"""What there may be no value of, not even null: a condition about it is false then, whatever its operator."""
_ALWAYS_SET: Final = frozenset(Result) - {Result.ANYTHING, Result.DAYS, Result.ADDRESS}


def check_truth(expression: Expression) -> tuple[Finding, ...]:
    """Every condition, and every pair of conditions in one chain, that decides nothing."""
    constant = [finding for term in terms(expression) if isinstance(term, Condition) for finding in _constant(term)]
    lone = [_constant_finding(term, truth=term.value, among="every user") for term in constants(expression)]
    return (*lone, *constant, *_chains(simplified(expression)))


def _constant(condition: Condition) -> tuple[Finding, ...]:
    """A condition that comes out the same whoever the user is."""
    if not (condition.operator in TIMES or _varies(condition.left) or _varies(condition.right)):
        truth = decide(condition, _TRUTH_NOWHEN).truth
        return (_constant_finding(condition, truth=truth, among="every user"),)
    if _is_empty_text(condition):
        truth = condition.operator not in NEGATIVES
        return (_constant_finding(condition, truth=truth, among="every user who has it set"),)
    known = _presence_truth(condition)
    if known is None:
        known = _count_truth(condition)
    return () if known is None else (_constant_finding(condition, truth=known, among="every user"),)


def _constant_finding(term: Term, *, truth: bool, among: str) -> Finding:
    message = f"{printable(formatted(term))} is {'true' if truth else 'false'} for {among}."
    return CONSTANT.finding(term.span, message, "Delete it, or compare with what was meant.")


def _varies(value: Value) -> bool:
    """Whether a value depends on the user or on the clock."""
    match value:
        case Source() | Clock() | Duration():
            return True
        case Enclosed(inner):
            return _varies(inner)
        case Arithmetic(first, rest):
            return any(map(_varies, (first, *(operand for _, operand in rest))))
        case _:
            return False


def _is_empty_text(condition: Condition) -> bool:
    """Whether every text fits: `contains ''` and the like, but not `matches ''`."""
    is_affix = condition.operator in _AFFIXES
    return is_affix and isinstance(condition.right, Text) and not condition.right.value


def _presence_truth(condition: Condition) -> bool | None:
    """The truth of asking whether something is set that always is."""
    if not isinstance(condition.left, Source) or not _is_always_set(condition.left):
        return None
    if condition.operator in PRESENCES:
        return condition.operator is Operator.IS_SET
    if condition.operator in EQUALITIES and isinstance(condition.right, Null):
        return condition.operator is Operator.NOT_EQUAL
    return None


def _is_always_set(source: Source) -> bool:
    is_partial = source.kind in (SourceKind.USER_PROPERTY_CONTAINS, SourceKind.GROUP_PROPERTY_CONTAINS)
    return result_of(source) in _ALWAYS_SET and not is_partial


def _count_truth(condition: Condition) -> bool | None:
    """The truth of comparing a count with a number, where no count (0 or more) makes a difference."""
    left, right = condition.left, condition.right
    if not isinstance(left, Source) or left.kind.result is not Result.COUNT or not isinstance(right, Number):
        return None
    if condition.operator not in ORDERINGS:
        return None
    extremes = {
        decide(Condition(Number(count), condition.operator, right), _TRUTH_NOWHEN).truth for count in ("0", _MANY)
    }
    return extremes.pop() if len(extremes) == 1 else None


def _chains(expression: Expression) -> tuple[Finding, ...]:
    """What the chains of a simplified expression say twice, rule out or leave open."""
    if not isinstance(expression, And | Or):
        return ()
    inner = [finding for part in expression.parts for finding in _chains(part)]
    return (*_duplicates(expression.parts), *_clashes(expression), *inner)


def _duplicates(parts: tuple[Expression, ...]) -> Iterable[Finding]:
    seen: set[str] = set()
    for part in parts:
        said = meaning(part)
        if said in seen:
            yield DUPLICATE.finding(
                part.span, f"{printable(formatted(part))} stands here twice.", "Delete one of them."
            )
        seen.add(said)


def _clashes(chain: And | Or) -> Iterable[Finding]:
    """At most one clash for each subject of a chain."""
    by_subject: dict[str, list[Condition]] = defaultdict(list)
    for part in chain.parts:
        about = subject(part)
        if about is not None:
            by_subject[about].append(_claim(part))
    for about, claims in by_subject.items():
        if len(claims) == 1:
            continue
        pair = contradicted(claims) if isinstance(chain, And) else covered(claims)
        if pair is not None:
            yield _clash(chain, about, *pair)


def _claim(part: Expression) -> Condition:
    """A term with a subject as a condition; a source alone claims that it is true."""
    match part:
        case Flag(source, span):
            return Condition(source, Operator.EQUAL, Boolean(value=True), span)
        case Condition():
            return part
        case _:
            raise AssertionError(part)


def _clash(chain: And | Or, about: str, first: Condition, second: Condition) -> Finding:
    one, other = printable(formatted(first)), printable(formatted(second))
    if isinstance(chain, And):
        message = f"No user meets both {one} and {other}."
        return CONTRADICTION.finding(second.span, message, _way_out(chain, first, second))
    scope = "every user" if _spares_nobody(first) else f"every user who has {printable(about)} set"
    message = f"One of {one} and {other} is true for {scope}."
    return TAUTOLOGY.finding(second.span, message, _way_out(chain, first, second))


def _spares_nobody(claim: Condition) -> bool:
    """Whether a claim or its opposite holds for everyone, there being no user without a value."""
    if claim.operator in PRESENCES:
        return not isinstance(claim.left, Source) or claim.left.kind not in _SOMETIMES_UNKNOWN
    is_fixed = claim.operator in _TRUTH_SETTLING and isinstance(claim.right, _LITERALS)
    return is_fixed and isinstance(claim.left, Source) and _is_always_set(claim.left)


def _way_out(chain: And | Or, first: Condition, second: Condition) -> str:
    """The other joint, and a list where both are about single values."""
    joint, operator = ("||", Operator.EQUAL) if isinstance(chain, And) else ("&&", Operator.NOT_EQUAL)
    listed = Operator.IS_IN if operator is Operator.EQUAL else Operator.NOT_IS_IN
    if first.operator is second.operator is operator:
        return f"Join them with {joint}, or list the values: {listed.value} 'a,b'."
    return f"Join them with {joint}, or change one of them."
