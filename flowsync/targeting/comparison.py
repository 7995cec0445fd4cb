"""What a change of an expression means: which conditions came, went or changed, and for whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

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
    from collections.abc import Iterator

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

    `root` is None when one of them cannot be parsed. `effect` says for whom it matters, `sentence` the
    whole in plain words; it is None where nothing more can be told than that conditions differ.
    """

    root: DiffNode | None
    effect: Effect
    sentence: str | None

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
    effect = _overall(root)
    return ExpressionDiff(root, effect, _sentence(before, after, root, effect))


def _parsed(text: str) -> Expression | None:
    try:
        return Everyone() if len(text) == 1 else None if is_too_long(text) else simplified(parse(text))
    except TargetingError:
        return None


def _never_true(before: Expression | None, after: Expression | None, old: str, new: str) -> ExpressionDiff:
    """The difference when the server takes a side for false for every user: malformed, or too long [obs]."""
    was, now = _fault(old), _fault(new)
    if after is not None:
        return ExpressionDiff(None, Effect.WIDER, f"was {was}, so no user qualified; now it can be read")
    if before is not None:
        return ExpressionDiff(None, Effect.NARROWER, f"is {now} now: no user qualifies")
    if canonical(old) == canonical(new):
        return ExpressionDiff(None, Effect.NONE, f"same meaning: {now} before and after, so no user qualifies")
    still = "still is" if was == now else f"is {now} now"
    return ExpressionDiff(None, Effect.UNKNOWN, f"was {was} and {still}: no user qualifies")


def _fault(text: str) -> str:
    return "too long" if is_too_long(text) else "malformed"


def _difference(old: Expression, new: Expression) -> DiffNode:
    """The difference of two simplified expressions."""
    if meaning(old) == meaning(new):
        return DiffTerm(TermChange.KEPT, old, new, Effect.NONE)
    shared = _shared_chain(old, new)
    if shared is not None:
        return _branch(shared, old, new)
    return DiffTerm(TermChange.CHANGED, old, new, _change_effect(old, new))


def _shared_chain(old: Expression, new: Expression) -> type[And | Or] | None:
    """The kind of chain that both are, or that one is while the other is one of its parts."""
    if isinstance(old, And | Or) and type(old) is type(new):
        return type(old)
    for chain, other in ((new, old), (old, new)):
        if isinstance(chain, And | Or) and meaning(other) in {meaning(part) for part in chain.parts}:
            return type(chain)
    return None


def _branch(kind: type[And | Or], old: Expression, new: Expression) -> DiffBranch:
    """Part by part: equal ones first, then those about the same subject; the rest came or went."""
    joint = Joint.ALL if kind is And else Joint.ANY
    remaining = _Remaining(chain_parts(old) if isinstance(old, kind) else (old,))
    news = chain_parts(new) if isinstance(new, kind) else (new,)
    kept = [remaining.take_equal(part) for part in news]
    parts = [
        _part(joint, same if same is not None else remaining.take_related(part), part)
        for same, part in zip(kept, news, strict=True)
    ]
    removed = [DiffTerm(TermChange.REMOVED, part, None, _effect_of(joint, TermChange.REMOVED)) for part in remaining]
    return DiffBranch(joint, (*parts, *removed))


def _part(joint: Joint, old: Expression | None, new: Expression) -> DiffNode:
    if old is None:
        return DiffTerm(TermChange.ADDED, None, new, _effect_of(joint, TermChange.ADDED))
    return _difference(old, new)


def _effect_of(joint: Joint, change: TermChange) -> Effect:
    """There is no NOT, so a further condition can only exclude and a further alternative only include."""
    is_narrower = (joint is Joint.ALL) is (change is TermChange.ADDED)
    return Effect.NARROWER if is_narrower else Effect.WIDER


class _Remaining:
    """The parts of the old chain that no part of the new one was matched with yet."""

    def __init__(self, parts: tuple[Expression, ...]) -> None:
        self._parts = dict(enumerate(parts))
        self._by_meaning: dict[str, list[int]] = defaultdict(list)
        self._by_topic: dict[str, list[int]] = defaultdict(list)
        for index, part in reversed(self._parts.items()):
            self._by_meaning[meaning(part)].append(index)
            for topic in _topics(part):
                self._by_topic[topic].append(index)

    def __iter__(self) -> Iterator[Expression]:
        return iter(self._parts.values())

    def take_equal(self, part: Expression) -> Expression | None:
        """An old part that means the same."""
        return self._take(self._by_meaning[meaning(part)])

    def take_related(self, part: Expression) -> Expression | None:
        """An old part about the same subject, or a chain that shares a part."""
        for topic in _topics(part):
            found = self._take(self._by_topic[topic])
            if found is not None:
                return found
        return None

    def _take(self, indices: list[int]) -> Expression | None:
        while indices:
            found = self._parts.pop(indices.pop(), None)
            if found is not None:
                return found
        return None


def _topics(part: Expression) -> tuple[str, ...]:
    """What a part is about: its subject, or the meanings and subjects of a chain's parts."""
    found = {topic for inner in chain_parts(part) for topic in (meaning(inner), subject(inner)) if topic is not None}
    return tuple(sorted(found))


def _change_effect(old: Expression, new: Expression) -> Effect:
    """What replacing one part by another does, where it can be told."""
    if isinstance(new, Everyone):
        return Effect.WIDER
    if isinstance(old, Everyone):
        return Effect.NARROWER
    if isinstance(old, Condition) and isinstance(new, Condition):
        return _condition_effect(old, new)
    old_parts, new_parts = chain_parts(old), chain_parts(new)
    if {meaning(part) for part in old_parts} == {meaning(part) for part in new_parts}:
        return Effect.WIDER if isinstance(new, Or) else Effect.NARROWER
    return Effect.UNKNOWN


def _condition_effect(old: Condition, new: Condition) -> Effect:
    """A bound, a list or a time span that grew or shrank, with everything else as it was."""
    if old.operator is not new.operator or subject(old) != subject(new):
        return Effect.UNKNOWN
    if old.operator in LISTS and isinstance(old.right, Text) and isinstance(new.right, Text):
        return _list_effect(old.operator, set(old.right.value.split(",")), set(new.right.value.split(",")))
    if isinstance(old.right, Duration) and isinstance(new.right, Duration):
        return _growth(old.right.milliseconds, new.right.milliseconds, is_wider=old.operator is Operator.WITHIN)
    if old.operator in ORDERINGS and isinstance(old.right, Number | Text) and isinstance(new.right, Number | Text):
        return _bound_effect(old.operator, old.right, new.right)
    return Effect.UNKNOWN


def _list_effect(operator: Operator, old: set[str], new: set[str]) -> Effect:
    if old == new:
        return Effect.NONE
    if old < new or new < old:
        return _widens(wider=(old < new) is (operator is Operator.IS_IN))
    return Effect.UNKNOWN


def _bound_effect(operator: Operator, old: Number | Text, new: Number | Text) -> Effect:
    before, after = number_of(old.value), number_of(new.value)
    if before is None or after is None:
        return Effect.UNKNOWN
    return _growth(before, after, is_wider=operator in (Operator.LESS, Operator.AT_MOST))


def _growth(before: float, after: float, *, is_wider: bool) -> Effect:
    """The effect of a number that is as it was, grew or shrank; `is_wider` says what growing does."""
    if before == after:
        return Effect.NONE
    return _widens(wider=(after > before) is is_wider)


def _widens(*, wider: bool) -> Effect:
    return Effect.WIDER if wider else Effect.NARROWER


def _leaves(node: DiffNode, joint: Joint | None = None) -> list[tuple[DiffTerm, Joint | None]]:
    """Every part with the kind of chain it stands in."""
    match node:
        case DiffTerm():
            return [(node, joint)]
        case DiffBranch(own, parts):
            return [leaf for part in parts for leaf in _leaves(part, own)]


def _overall(root: DiffNode) -> Effect:
    """The effect of all changes together: theirs, if they agree."""
    effects = {leaf.effect for leaf, _ in _leaves(root)} - {Effect.NONE}
    if not effects:
        return Effect.NONE
    return effects.pop() if len(effects) == 1 else Effect.UNKNOWN


_VERBS: Final = {TermChange.ADDED: "adds", TermChange.REMOVED: "drops", TermChange.CHANGED: "changes"}


def _sentence(before: Expression, after: Expression, root: DiffNode, effect: Effect) -> str | None:
    """The change in plain words."""
    if effect is Effect.NONE:
        return "same meaning"
    if isinstance(after, Everyone):
        return "now everyone"
    if isinstance(before, Everyone):
        return "no longer everyone: fewer users qualify"
    told = " and ".join(_told(root))
    return told if effect is Effect.UNKNOWN else f"{told}: {effect.value}"


def _told(root: DiffNode) -> list[str]:
    """`adds a condition`, `drops 2 alternatives`: each kind of change once, counted."""
    counts: dict[tuple[TermChange, str], int] = defaultdict(int)
    for leaf, joint in _leaves(root):
        if leaf.change is not TermChange.KEPT:
            is_alternative = joint is Joint.ANY and leaf.change is not TermChange.CHANGED
            counts[leaf.change, "alternative" if is_alternative else "condition"] += 1
    return [f"{_VERBS[change]} {_counted(count, noun)}" for (change, noun), count in counts.items()]


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
    match expression:
        case None | Everyone():
            return "everyone"
        case _:
            return printable(formatted(expression))
