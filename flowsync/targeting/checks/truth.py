"""Rules about conditions that decide nothing: always true, always false, or said twice."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.targeting.checks.finding import Rule
from flowsync.targeting.checks.form import constants
from flowsync.targeting.checks.proofs import contradicted, covered
from flowsync.targeting.checks.values import result_of
from flowsync.targeting.context import Context
from flowsync.targeting.evaluation import decide
from flowsync.targeting.nodes import (
    EQUALITIES,
    LISTS,
    NEGATIVES,
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
from flowsync.targeting.normal import meaning, simplified, subject
from flowsync.targeting.printer import formatted
from flowsync.targeting.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowsync.targeting.checks.finding import Finding
    from flowsync.targeting.nodes import Expression, Term, Value

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
_SETTLING: Final = EQUALITIES | LISTS
_LITERALS: Final = (Text, Number, Boolean)
_NOWHEN: Final = Context(at=0)
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
        truth = decide(condition, _NOWHEN).truth
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
    extremes = {decide(Condition(Number(count), condition.operator, right), _NOWHEN).truth for count in ("0", _MANY)}
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
    is_fixed = claim.operator in _SETTLING and isinstance(claim.right, _LITERALS)
    return is_fixed and isinstance(claim.left, Source) and _is_always_set(claim.left)


def _way_out(chain: And | Or, first: Condition, second: Condition) -> str:
    """The other joint, and a list where both are about single values."""
    joint, operator = ("||", Operator.EQUAL) if isinstance(chain, And) else ("&&", Operator.NOT_EQUAL)
    listed = Operator.IS_IN if operator is Operator.EQUAL else Operator.NOT_IS_IN
    if first.operator is second.operator is operator:
        return f"Join them with {joint}, or list the values: {listed.value} 'a,b'."
    return f"Join them with {joint}, or change one of them."
