"""Compares two expressions: which conditions were added, removed or changed, and for which users that matters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

from flowsync.errors import TargetingError
from flowsync.targeting.evaluation import number_of
from flowsync.targeting.nodes import (
    HEADINGS,
    And,
    Condition,
    Duration,
    Everyone,
    Number,
    Operator,
    Or,
    Text,
    chain_parts,
    meaning,
    printed,
    simplified,
    subject,
)
from flowsync.targeting.parser import parse
from flowsync.targeting.tokens import canonical, is_too_long

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.targeting.nodes import Expression


class TermChange(Enum):
    """The change of one part of an expression."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Effect(Enum):
    """The effect of a change on the set of users for whom the expression is true."""

    NONE = "the same users qualify"
    WIDER = "more users qualify"
    NARROWER = "fewer users qualify"
    UNKNOWN = "other users may qualify"


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One part of the tree of a difference, or the head of a chain, whose `change` is None; `text` is printable.

    Its parts follow a head, one deeper: those of the new expression in order, then the removed. `is_alternative` is
    whether an added or removed part is in a chain of `||`. A changed part has an `old_text`.
    """

    depth: int
    change: TermChange | None
    text: str
    old_text: str | None = None
    effect: Effect = Effect.NONE
    is_alternative: bool = False


@dataclass(frozen=True, slots=True)
class ExpressionDiff:
    """How two expressions differ.

    `lines` are the tree, none when one of them cannot be parsed. `effect` says for whom it matters, `sentence` says
    all of it in plain words.
    """

    lines: tuple[DiffLine, ...]
    effect: Effect
    sentence: str


def compare(old: str, new: str) -> ExpressionDiff:
    """The difference between two expressions, valid or not; never raises."""
    before, after = _parsed(old), _parsed(new)
    if before is None or after is None:
        return _never_true(before, after, old, new)
    lines = tuple(_difference(before, after))
    effects = {line.effect for line in lines} - {Effect.NONE}
    effect = effects.pop() if len(effects) == 1 else Effect.UNKNOWN if effects else Effect.NONE
    return ExpressionDiff(lines, effect, _sentence(before, after, lines, effect))


def _parsed(text: str) -> Expression | None:
    """The simplified tree; None if the server treats the text as false for every user [obs]."""
    if len(text) == 1:  # the server takes it for no targeting [obs]
        return Everyone()
    try:
        return None if is_too_long(text) else simplified(parse(text))
    except TargetingError:
        return None


def _never_true(before: Expression | None, after: Expression | None, old: str, new: str) -> ExpressionDiff:
    """The difference if the server treats a side as false for every user: malformed, or too long [obs]."""
    was, now = ("too long" if is_too_long(text) else "malformed" for text in (old, new))
    if after is not None:
        return ExpressionDiff((), Effect.WIDER, f"was {was}, so no user qualified; now it can be read")
    if before is not None:
        return ExpressionDiff((), Effect.NARROWER, f"is {now} now: no user qualifies")
    if canonical(old) == canonical(new):
        return ExpressionDiff((), Effect.NONE, f"same meaning: {now} before and after, so no user qualifies")
    still = "still is" if was == now else f"is {now} now"
    return ExpressionDiff((), Effect.UNKNOWN, f"was {was} and {still}: no user qualifies")


def _difference(old: Expression, new: Expression, depth: int = 0) -> Iterator[DiffLine]:
    if meaning(old) == meaning(new):
        yield DiffLine(depth, TermChange.KEPT, printed(new))
        return
    if isinstance(old, And | Or) and type(old) is type(new):
        yield from _chain_difference(type(old), old, new, depth)
        return
    for chain, other in ((new, old), (old, new)):
        if isinstance(chain, And | Or) and meaning(other) in map(meaning, chain.parts):
            yield from _chain_difference(type(chain), old, new, depth)
            return
    yield DiffLine(depth, TermChange.CHANGED, printed(new), printed(old), _change_effect(old, new))


def _chain_difference(kind: type[And | Or], old: Expression, new: Expression, depth: int) -> Iterator[DiffLine]:
    """Compare part by part, as chains of this kind; one of the two may be a single part."""
    yield DiffLine(depth, None, HEADINGS[kind])
    # There is no NOT, so a further condition can only exclude and a further alternative only include.
    is_any, more, fewer = kind is Or, Effect.NARROWER, Effect.WIDER
    if is_any:
        more, fewer = fewer, more
    olds, news = (chain_parts(each) if isinstance(each, kind) else (each,) for each in (old, new))
    matched, removed = _matched(olds, news)
    for earlier, part in zip(matched, news, strict=True):
        if earlier is None:
            yield DiffLine(depth + 1, TermChange.ADDED, printed(part), effect=more, is_alternative=is_any)
        else:
            yield from _difference(earlier, part, depth + 1)
    for part in removed:
        yield DiffLine(depth + 1, TermChange.REMOVED, printed(part), effect=fewer, is_alternative=is_any)


def _matched(
    olds: tuple[Expression, ...], news: tuple[Expression, ...]
) -> tuple[list[Expression | None], list[Expression]]:
    """For each new part its old part, if any; and the old parts without a new one.

    Those that mean the same come first, then those about the same subject, and chains that share a part. It takes
    the square of the number of parts, which the length of an expression bounds.
    """
    remaining = [*olds]
    matched: list[Expression | None] = [None] * len(news)
    for topics_of in (lambda part: [meaning(part)], _topics):
        topics = {id(part): topics_of(part) for part in olds}
        for number, part in enumerate(news):
            if matched[number] is None:
                shared = (old for topic in topics_of(part) for old in remaining if topic in topics[id(old)])
                matched[number] = next(shared, None)
                remaining = [old for old in remaining if old is not matched[number]]
    return matched, remaining


def _topics(part: Expression) -> list[str]:
    """The topics of a part: its subject, or the meanings and subjects of a chain's parts."""
    inner = chain_parts(part)
    return sorted({*map(meaning, inner), *(about for about in map(subject, inner) if about is not None)})


def _change_effect(old: Expression, new: Expression) -> Effect:
    if isinstance(new, Everyone):
        return Effect.WIDER
    if isinstance(old, Everyone):
        return Effect.NARROWER
    if isinstance(old, Condition) and isinstance(new, Condition):
        return _condition_effect(old, new)
    if set(map(meaning, chain_parts(old))) == set(map(meaning, chain_parts(new))):
        return Effect.WIDER if isinstance(new, Or) else Effect.NARROWER
    return Effect.UNKNOWN


def _condition_effect(old: Condition, new: Condition) -> Effect:
    """The effect of a bound, a list or a time span that grew or shrank, if everything else is unchanged."""
    operator, before, after = old.operator, old.right, new.right
    if operator is not new.operator or subject(old) != subject(new):
        return Effect.UNKNOWN
    if operator.is_list and isinstance(before, Text) and isinstance(after, Text):
        return _growth(set(before.value.split(",")), set(after.value.split(",")), is_wider=operator is Operator.IS_IN)
    if isinstance(before, Duration) and isinstance(after, Duration):
        return _growth(before.milliseconds, after.milliseconds, is_wider=operator is Operator.WITHIN)
    if operator.is_ordering and isinstance(before, Number | Text) and isinstance(after, Number | Text):
        bound, new_bound = number_of(before.value), number_of(after.value)
        if bound is not None and new_bound is not None:
            return _growth(bound, new_bound, is_wider=operator in (Operator.LESS, Operator.AT_MOST))
    return Effect.UNKNOWN


_Size = TypeVar("_Size", float, set[str])


def _growth(old: _Size, new: _Size, *, is_wider: bool) -> Effect:
    """The effect of a number or set that stayed, grew or shrank; `is_wider` is the effect of growing."""
    if old == new:
        return Effect.NONE
    if old < new:
        return Effect.WIDER if is_wider else Effect.NARROWER
    if new < old:
        return Effect.NARROWER if is_wider else Effect.WIDER
    return Effect.UNKNOWN


_VERBS: Final = {TermChange.ADDED: "adds", TermChange.REMOVED: "drops", TermChange.CHANGED: "changes"}


def _sentence(before: Expression, after: Expression, lines: tuple[DiffLine, ...], effect: Effect) -> str:
    if effect is Effect.NONE:
        return "same meaning"
    if isinstance(after, Everyone):
        return "now everyone"
    if isinstance(before, Everyone):
        return "no longer everyone: fewer users qualify"
    counts: Counter[tuple[str, str]] = Counter()
    for line in lines:
        if line.change in _VERBS:
            counts[_VERBS[line.change], "alternative" if line.is_alternative else "condition"] += 1
    changes = " and ".join(f"{verb} {_counted(count, noun)}" for (verb, noun), count in counts.items())
    return changes if effect is Effect.UNKNOWN else f"{changes}: {effect.value}"


def _counted(count: int, noun: str) -> str:
    article = "an" if noun[0] == "a" else "a"
    return f"{article} {noun}" if count == 1 else f"{count} {noun}s"
