"""What a change of an expression means: which conditions came, went or changed, and for whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from flowsync.errors import TargetingError
from flowsync.targeting.evaluation import number_of
from flowsync.targeting.nodes import (
    LISTS,
    ORDERINGS,
    And,
    Condition,
    Duration,
    Everyone,
    Number,
    Operator,
    Or,
    Text,
    chain_parts,
    formatted,
    meaning,
    simplified,
    subject,
)
from flowsync.targeting.parser import parse
from flowsync.targeting.tokens import canonical, is_too_long, printable

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Expression


class TermChange(Enum):
    """What happened to one part of an expression."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Effect(Enum):
    """What a change does to the set of users for whom the expression holds."""

    NONE = "the same users qualify"
    WIDER = "more users qualify"
    NARROWER = "fewer users qualify"
    UNKNOWN = "other users may qualify"


class Joint(Enum):
    """How the parts of a chain are joined."""

    ALL = "all of"
    ANY = "at least one of"


@dataclass(frozen=True, slots=True)
class DiffTerm:
    """One part and what happened to it. ADDED has no `old`, REMOVED no `new`."""

    change: TermChange
    old: Expression | None
    new: Expression | None
    effect: Effect


@dataclass(frozen=True, slots=True)
class DiffBranch:
    """A chain that is in both expressions, part by part: those of the new one in order, then the removed."""

    joint: Joint
    parts: tuple[DiffNode, ...]


DiffNode: TypeAlias = "DiffTerm | DiffBranch"


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of the tree for people; `change` is None for the head of a chain. `text` is printable."""

    depth: int
    change: TermChange | None
    text: str
    old_text: str | None = None


@dataclass(frozen=True, slots=True)
class ExpressionDiff:
    """How two expressions differ.

    `root` is None when one of them cannot be parsed. `effect` says for whom it matters, `sentence` says all
    of it in plain words.
    """

    root: DiffNode | None
    effect: Effect
    sentence: str

    @property
    def lines(self) -> tuple[DiffLine, ...]:
        """The tree as lines, depth first; none without a tree."""
        return () if self.root is None else _lines(self.root, 0)


def compare(old: str, new: str) -> ExpressionDiff:
    """The difference between two expressions, either of which may be malformed or too long; never raises."""
    before, after = _parsed(old), _parsed(new)
    if before is None or after is None:
        return _never_true(before, after, old, new)
    root = _difference(before, after)
    effects = {leaf.effect for leaf, _ in _leaves(root)} - {Effect.NONE}
    effect = effects.pop() if len(effects) == 1 else Effect.UNKNOWN if effects else Effect.NONE
    return ExpressionDiff(root, effect, _sentence(before, after, root, effect))


def _parsed(text: str) -> Expression | None:
    """The simplified tree; None when the server takes the text for false for every user [obs]."""
    if len(text) == 1:  # the server takes it for no targeting [obs]
        return Everyone()
    try:
        return None if is_too_long(text) else simplified(parse(text))
    except TargetingError:
        return None


def _never_true(before: Expression | None, after: Expression | None, old: str, new: str) -> ExpressionDiff:
    """The difference when the server takes a side for false for every user: malformed, or too long [obs]."""
    was, now = ("too long" if is_too_long(text) else "malformed" for text in (old, new))
    if after is not None:
        return ExpressionDiff(None, Effect.WIDER, f"was {was}, so no user qualified; now it can be read")
    if before is not None:
        return ExpressionDiff(None, Effect.NARROWER, f"is {now} now: no user qualifies")
    if canonical(old) == canonical(new):
        return ExpressionDiff(None, Effect.NONE, f"same meaning: {now} before and after, so no user qualifies")
    still = "still is" if was == now else f"is {now} now"
    return ExpressionDiff(None, Effect.UNKNOWN, f"was {was} and {still}: no user qualifies")


def _difference(old: Expression, new: Expression) -> DiffNode:
    """The difference of two simplified expressions."""
    if meaning(old) == meaning(new):
        return DiffTerm(TermChange.KEPT, old, new, Effect.NONE)
    if isinstance(old, And | Or) and type(old) is type(new):
        return _branch(type(old), old, new)
    for chain, other in ((new, old), (old, new)):
        if isinstance(chain, And | Or) and meaning(other) in map(meaning, chain.parts):
            return _branch(type(chain), old, new)
    return DiffTerm(TermChange.CHANGED, old, new, _change_effect(old, new))


def _branch(kind: type[And | Or], old: Expression, new: Expression) -> DiffBranch:
    """Part by part, in chains of this kind; one of the two may be a part of the other instead of a chain."""
    # There is no NOT, so a further condition can only exclude and a further alternative only include.
    more, fewer = (Effect.NARROWER, Effect.WIDER) if kind is And else (Effect.WIDER, Effect.NARROWER)
    olds, news = (chain_parts(each) if isinstance(each, kind) else (each,) for each in (old, new))
    matched, removed = _matched(olds, news)
    parts = [
        DiffTerm(TermChange.ADDED, None, part, more) if earlier is None else _difference(earlier, part)
        for earlier, part in zip(matched, news, strict=True)
    ]
    gone = [DiffTerm(TermChange.REMOVED, part, None, fewer) for part in removed]
    return DiffBranch(Joint.ALL if kind is And else Joint.ANY, (*parts, *gone))


def _matched(
    olds: tuple[Expression, ...], news: tuple[Expression, ...]
) -> tuple[list[Expression | None], list[Expression]]:
    """For each new part the old one that it is or was, and the old parts that are none.

    Those that mean the same come first, then those about the same subject, and chains that share a part. It takes
    the square of the number of parts, which the length of an expression bounds.
    """
    remaining = {index: (meaning(part), _topics(part)) for index, part in enumerate(olds)}
    matched: list[Expression | None] = []
    for part in news:
        wanted = meaning(part)
        index = next((index for index, (said, _) in remaining.items() if said == wanted), None)
        if index is None:
            matched.append(None)
        else:
            matched.append(olds[index])
            del remaining[index]
    for number, part in enumerate(news):
        if matched[number] is None:
            shared = (index for topic in _topics(part) for index, (_, topics) in remaining.items() if topic in topics)
            index = next(shared, None)
            if index is not None:
                matched[number] = olds[index]
                del remaining[index]
    return matched, [olds[index] for index in remaining]


def _topics(part: Expression) -> list[str]:
    """What a part is about: its subject, or the meanings and subjects of a chain's parts."""
    inner = chain_parts(part)
    return sorted({*map(meaning, inner), *(about for about in map(subject, inner) if about is not None)})


def _change_effect(old: Expression, new: Expression) -> Effect:
    """What replacing one part by another does, where it can be known."""
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
    """A bound, a list or a time span that grew or shrank, with everything else as it was."""
    operator, before, after = old.operator, old.right, new.right
    if operator is not new.operator or subject(old) != subject(new):
        return Effect.UNKNOWN
    if operator in LISTS and isinstance(before, Text) and isinstance(after, Text):
        return _growth(set(before.value.split(",")), set(after.value.split(",")), is_wider=operator is Operator.IS_IN)
    if isinstance(before, Duration) and isinstance(after, Duration):
        return _growth(before.milliseconds, after.milliseconds, is_wider=operator is Operator.WITHIN)
    if operator in ORDERINGS and isinstance(before, Number | Text) and isinstance(after, Number | Text):
        bound, new_bound = number_of(before.value), number_of(after.value)
        if bound is not None and new_bound is not None:
            return _growth(bound, new_bound, is_wider=operator in (Operator.LESS, Operator.AT_MOST))
    return Effect.UNKNOWN


_Size = TypeVar("_Size", float, set[str])


def _growth(old: _Size, new: _Size, *, is_wider: bool) -> Effect:
    """The effect of a number or set that is as it was, grew or shrank; `is_wider` says what growing does."""
    if old == new:
        return Effect.NONE
    if old < new:
        return Effect.WIDER if is_wider else Effect.NARROWER
    if new < old:
        return Effect.NARROWER if is_wider else Effect.WIDER
    return Effect.UNKNOWN


def _leaves(node: DiffNode, joint: Joint | None = None) -> list[tuple[DiffTerm, Joint | None]]:
    """Every part with the kind of chain it is in."""
    match node:
        case DiffTerm():
            return [(node, joint)]
        case DiffBranch(own, parts):
            return [leaf for part in parts for leaf in _leaves(part, own)]


_VERBS: Final = {TermChange.ADDED: "adds", TermChange.REMOVED: "drops", TermChange.CHANGED: "changes"}


def _sentence(before: Expression, after: Expression, root: DiffNode, effect: Effect) -> str:
    """The change in plain words: `adds a condition and drops 2 alternatives`."""
    if effect is Effect.NONE:
        return "same meaning"
    if isinstance(after, Everyone):
        return "now everyone"
    if isinstance(before, Everyone):
        return "no longer everyone: fewer users qualify"
    counts: Counter[tuple[str, str]] = Counter()
    for leaf, joint in _leaves(root):
        if leaf.change is not TermChange.KEPT:
            is_alternative = joint is Joint.ANY and leaf.change is not TermChange.CHANGED
            counts[_VERBS[leaf.change], "alternative" if is_alternative else "condition"] += 1
    changes = " and ".join(f"{verb} {_counted(count, noun)}" for (verb, noun), count in counts.items())
    return changes if effect is Effect.UNKNOWN else f"{changes}: {effect.value}"


def _counted(count: int, noun: str) -> str:
    article = "an" if noun[0] == "a" else "a"
    return f"{article} {noun}" if count == 1 else f"{count} {noun}s"


def _lines(node: DiffNode, depth: int) -> tuple[DiffLine, ...]:
    match node:
        case DiffTerm(TermChange.CHANGED, old, new):
            return (DiffLine(depth, TermChange.CHANGED, _text(new), _text(old)),)
        case DiffTerm(change, old, new):
            return (DiffLine(depth, change, _text(old if new is None else new)),)
        case DiffBranch(joint, parts):
            head = DiffLine(depth, None, joint.value)
            return (head, *(line for part in parts for line in _lines(part, depth + 1)))


def _text(expression: Expression | None) -> str:
    if expression is None or isinstance(expression, Everyone):
        return "everyone"
    return printable(formatted(expression))
