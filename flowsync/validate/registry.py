"""Every rule there is, gathered from the modules that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync.config import Level
from flowsync.model import Severity
from flowsync.validate import expressions, ignores, keys, schema, sending, testing, texts
from flowsync.validate.ignores import HINT_OF_ONE, UNUSED_IGNORE
from flowsync.validate.rule import code, meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import Flow, Problem
    from flowsync.validate.ignores import Ignore
    from flowsync.validate.rule import Rule, View

CHECKS: Final[tuple[Callable[[View], Iterable[Problem]], ...]] = (
    sending.check_javascript,
    sending.check_sendable,
    keys.check_file,
    keys.check_ids,
    keys.check_keys,
    texts.check_links,
    keys.check_lists,
    texts.check_patterns,
    texts.check_texts,
    expressions.check_expressions,
    testing.check_expectations,
    testing.check_outcomes,
)
"""What looks at one flow, in order."""

_RULES: Final[tuple[Rule, ...]] = (
    *schema.RULES,
    *expressions.ALL_FLOWS_RULES,
    *expressions.REFERENCES_RULES,
    *ignores.IGNORE_RULES,
    *sending.JAVASCRIPT_RULES,
    *sending.SENDABLE_RULES,
    *keys.FILE_RULES,
    *keys.IDS_RULES,
    *keys.KEYS_RULES,
    *texts.LINKS_RULES,
    *keys.LISTS_RULES,
    *texts.PATTERNS_RULES,
    *texts.TEXTS_RULES,
    *expressions.EXPRESSIONS_RULES,
    *testing.EXPECTATIONS_RULES,
    *testing.OUTCOMES_RULES,
)
RULES: Final = tuple(sorted(_RULES, key=lambda rule: rule.code))


_SEVERITIES: Final = {Level.ERROR: Severity.ERROR, Level.WARNING: Severity.WARNING}
_FIRM: Final = frozenset(rule.code for rule in RULES if rule.is_firm)
_CODES: Final = tuple(rule.code for rule in RULES)
_IGNORABLE: Final = frozenset(_CODES) - _FIRM
"""What has no rule cannot be ignored either: a file that cannot be read, a limit that it exceeds."""


def govern(
    problems: Iterable[Problem], flows: Sequence[Flow], levels: Mapping[str, Level]
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """The problems that remain, at the levels that are set; and apart from them the ignores that ignore nothing.

    `flows` are those whose files the problems are about.
    """
    hinting = {flow.file: flow.source for flow in flows if HINT_OF_ONE in flow.source.text}
    ignores = [ignore for file, source in hinting.items() for ignore in _ignores_of(source.text, file)]
    usable = [ignore for ignore in ignores if ignore.code in _IGNORABLE]
    used: set[Ignore] = set()
    remaining: list[Problem] = []
    for problem in problems:
        covering = [ignore for ignore in usable if ignore.covers(problem)]
        used.update(covering)
        remaining += () if covering else (problem,)
    unused = [_unused(ignore) for ignore in ignores if ignore not in used]
    return tuple(_levelled(remaining, levels)), tuple(_levelled(unused, levels))


def _ignores_of(text: str, file: str) -> tuple[Ignore, ...]:
    from flowsync.validate.ignores import ignores_of  # noqa: PLC0415 - few files have such comments

    return ignores_of(text, file)


def _levelled(problems: Iterable[Problem], levels: Mapping[str, Level]) -> Iterator[Problem]:
    for problem in problems:
        level = None if problem.code in _FIRM else levels.get(problem.code)
        if level is None:
            yield problem
        elif level is not Level.OFF:
            yield replace(problem, severity=_SEVERITIES[level])


def level_complaint(name: str, level: Level) -> tuple[str, str | None] | None:
    """What is wrong with setting a rule of this name to a level, and what to do; None if nothing is."""
    if name not in _CODES:
        close = meant(name, _CODES)
        return f"There is no rule {code(name)}", f"Did you mean {code(close)}?" if close else _ALL_RULES
    if name in _FIRM and level is not Level.ERROR:
        return f"The rule {code(name)} cannot be lowered: what it reports is broken for every user", None
    return None


_ALL_RULES: Final = "docs/rules.md lists all rules."


def _unused(ignore: Ignore) -> Problem:
    if not ignore.code:
        return UNUSED_IGNORE.at(ignore.location, "This comment names no rule.", "Write ignore[code].")
    if ignore.code in _FIRM:
        return UNUSED_IGNORE.at(ignore.location, f"{code(ignore.code)} cannot be ignored.", "Correct what it reports.")
    if ignore.code not in _CODES:
        close = meant(ignore.code, _CODES)
        hint = f"Did you mean {code(close)}?" if close else _ALL_RULES
        return UNUSED_IGNORE.at(ignore.location, f"There is no rule {code(ignore.code)}.", hint)
    return UNUSED_IGNORE.at(
        ignore.location, f"There is no {code(ignore.code)} here to ignore.", "Delete it from the comment."
    )
