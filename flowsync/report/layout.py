"""The layout of a report: limits of size; alerts, lists, tables and each flow's details."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.model import Change, Create, Plan, Problem
from flowsync.plan.document import action
from flowsync.problems.listing import problem_table
from flowsync.render import wording
from flowsync.render.diffs.flows import flow_diff, remark
from flowsync.render.escape import code_span, fenced, html_code, markdown_table, plural, prose, shown
from flowsync.render.style import Colour, paint
from flowsync.report.changes import flow_name
from flowsync.text import shortened

if TYPE_CHECKING:
    from flowsync.report.values import Scene

NAME_LENGTH: Final = 100
"""Characters of a slug, label or file that are shown where there are many."""
CELL_LENGTH: Final = 60
"""The same in a table: a phone shows it completely only if its columns are narrow; the details have more."""
SENTENCE_LENGTH: Final = 500
TABLE_ROWS: Final = 100
"""How many flows a table names; the rest is counted."""
REMARKS: Final = 20
LEAST_ROOM: Final = 300
"""Where less than this is left, no further flow's details can fit."""
_FLAG: Final = re.compile(r"--[a-z-]+(?: overwrite)?")
_ORDER: Final = ("delete", "deactivate", "update", "create", "draft")
"""Whose details go first where there is not room for all."""


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of a report in Markdown: what happened, the run, the details, and what to do `next`.

    Between `blocks` and `closing` each of `changes` has its diff, as far as there is room.
    """

    headline: str
    command: str
    place: str
    next: str
    blocks: Sequence[str]
    changes: Sequence[Change] = ()
    closing: Sequence[str] = ()
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Markdown, and whether anything was left out of it."""

    text: str
    is_truncated: bool


def utf16_units(text: str) -> int:
    """Return the length of a comment as GitHub counts it: in characters of JavaScript."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf8_bytes(text: str) -> int:
    """Return the length of a job's summary as GitHub counts it."""
    return len(text.encode("utf-8", errors="surrogatepass"))


@dataclass(frozen=True, slots=True)
class Limits:
    """The maximal lengths of parts in the units of `measure`: the whole, one flow, one list of points, a table."""

    total: int
    per_flow: int
    per_list: int
    per_table: int
    measure: Callable[[str], int]

    def less(self, reserved: int) -> Limits:
        """Return the limits without `reserved` of the whole: a fair share of each part."""
        total = self.total - reserved
        flow, points, rows = (part * total // self.total for part in (self.per_flow, self.per_list, self.per_table))
        return Limits(total, flow, points, rows, self.measure)


COMMENT: Final = Limits(64_000, 8_000, 5_000, 16_000, utf16_units)
"""GitHub refuses a body of more than 65,536 characters."""
SUMMARY: Final = Limits(1_000_000, 60_000, 100_000, 200_000, utf8_bytes)
"""GitHub drops all of a summary of more than 1 MiB."""


def fitting(lines: Sequence[str], size: int, measure: Callable[[str], int]) -> Sequence[str]:
    """Return as many of the first `lines` as fit `size`, each with a line feed."""
    for count, line in enumerate(lines):
        size -= measure(line) + 1
        if size < 0:
            return lines[:count]
    return lines


def enumerated(names: Iterable[str], size: int, measure: Callable[[str], int]) -> str:
    """Return as many names as fit, as an enumeration; the others are counted."""
    every = list(names)
    count = len(fitting([f"{name}," for name in every], size, measure))
    shown, rest = ", ".join(every[:count]), len(every) - count
    if not rest:
        return shown
    return f"{shown} and {rest:,} more" if shown else f"{rest:,} in all"


def fitting_or_counted(lines: Sequence[str], most: int, size: int, limits: Limits, more: str) -> list[str]:
    """Return the first `most` lines as far as they fit; if some are left out, `more` says how many (`{}`)."""
    kept = fitting(lines[:most], size, limits.measure)
    rest = len(lines) - len(kept)
    return [*kept, more.format(f"{rest:,}")] if rest else [*kept]


def names(slugs: Iterable[str], limits: Limits, share: int = 4) -> str:
    """Return names as inline code, as many as fit this share of a list."""
    return enumerated(map(name, slugs), limits.per_list // share, limits.measure)


def points(lead: str, each: Iterable[str], limits: Limits, share: int = 4) -> Iterator[str]:
    """Yield a list under a lead, as much as fits its share; nothing without points."""
    if lines := [f"- {point}" for point in each]:
        kept = fitting_or_counted(lines, len(lines), limits.per_list // share, limits, "- and {} more")
        yield "\n".join([lead, "", *kept])


def brief(text: str) -> str:
    """Return a name cut to the length that is shown in lists."""
    return shortened(shown(text), NAME_LENGTH)


def name(text: str) -> str:
    """Return a name as inline code."""
    return code_span(brief(text))


def flow(change: Change) -> str:
    """Return a flow by its name, its slug in small print; by its slug alone if the name is not known."""
    known = flow_name(change)
    return f"**{name(known)}** {small(name(change.slug))}" if known else f"**{name(change.slug)}**"


def flow_cell(change: Change, state: str) -> str:
    """Return a flow for a cell of a table, with its meaning for users."""
    return titled_cell(change.slug, flow_name(change), state)


def titled_cell(slug: str, title: str | None, state: str) -> str:
    """Return a flow for a cell of a table: its name, then its slug and state in small print."""
    code = code_span(shortened(shown(slug), CELL_LENGTH))
    if title is None:
        return f"**{code}**<br>{small(state)}"
    return f"**{code_span(shortened(shown(title), CELL_LENGTH))}**<br>{small(f'{code} · {state}')}"


def small(markdown: str) -> str:
    """Return Markdown in small print."""
    return f"<sub>{markdown}</sub>"


def sentence(text: str) -> str:
    """Return a sentence, all but plain English in it as inline code."""
    return prose(shortened(shown(text), SENTENCE_LENGTH))


def with_inputs(text: str, scene: Scene, most: int = SENTENCE_LENGTH) -> str:
    """Return a sentence with flags of the command line replaced by the action's inputs, if there are any."""
    kept = shortened(text, most)
    if not scene.is_on_github:
        return sentence(kept)
    parts, at = [], 0
    for found in _FLAG.finditer(kept):
        if wanted := wording.allowance(found[0]):
            at, before = found.end(), kept[at : found.start()]
            ending = kept[at : at + 1] if kept[at : at + 1] in {".", ",", ")"} else ""
            parts += [sentence(before), code_span(f"allow: {wanted}") + ending]
            at += len(ending)
    return " ".join(filter(None, [*parts, sentence(kept[at:])]))


def labelled(text: str, label: str) -> str:
    """Return a sentence that begins with a label, which is inline code even if it reads like plain English."""
    if not label or not text.startswith(label):
        return sentence(text)
    rest = text[len(label) :]
    return f"{name(label)}{' ' if rest.startswith(' ') else ''}{sentence(rest)}"


def differing(plan: Plan) -> int:
    """Return how many flows differ from the files or are missing."""
    return len(plan.changes) + len(plan.blocked)


def alert(kind: str, lead: str, points: Iterable[str], limits: Limits) -> str:
    """Return one of GitHub's alerts (NOTE, WARNING, CAUTION): a raw sentence in bold, and as many points as fit."""
    lines = [f"> - {point}" for point in points]
    kept = fitting_or_counted(lines, len(lines), limits.per_list, limits, "> - and {} more")
    return "\n".join([f"> [!{kind}]", f"> **{prose(lead)}**", *([">"] if lines else []), *kept])


def problems_table(problems: Sequence[Problem], size: int, limits: Limits) -> Iterator[str]:
    """Yield the table of problems in this size, where there are any."""
    if problems:
        yield fitting_table(problem_table(problems), size, limits)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], limits: Limits) -> str:
    """Return a table that fits, of cells that are Markdown."""
    cells = ([cell.replace("|", r"\|") for cell in row] for row in rows)
    return fitting_table(markdown_table(titles, cells), limits.per_table, limits)


def fitting_table(lines: Sequence[str], size: int, limits: Limits) -> str:
    """Return as many lines of a table as fit; the first two are its heading."""
    more = f"| and {{}} more |{' |' * (lines[0].count('|') - 2)}"
    return "\n".join([*lines[:2], *fitting_or_counted(lines[2:], TABLE_ROWS, size, limits, more)])


def details_that_fit(changes: Iterable[Change], left: int, limits: Limits) -> Mapping[str, Fitted]:
    """Return each flow's details by slug, the most important first, as far as they fit."""
    details: dict[str, Fitted] = {}
    for change in sorted(changes, key=lambda change: _ORDER.index(action(change))):
        if left < LEAST_ROOM:
            break
        block = _details(change, limits)
        size = limits.measure(block.text) + 2
        if size <= left:
            details[change.slug] = block
            left -= size
    return details


def _details(change: Change, limits: Limits) -> Fitted:
    count = plural(len(wording.changed_places(change)), "change")
    known = flow_name(change)
    title = f"{html_code(brief(known))} " if known else ""
    summary = f"<details><summary>{title}{html_code(brief(change.slug))}: {count} in detail</summary>"
    remarks = [f"- {name(change.file)}{_row(change)}"]
    remarks += [f"- {labelled(said, field.label)}" for field in change.fields if (said := remark(field))]
    remarks += [f"- {sentence(wording.unseen(change))}"] if change.unseen else []
    kept = fitting(remarks[:REMARKS], limits.per_flow // 4, limits.measure)
    lines = paint(flow_diff(change), Colour.NEVER).rstrip("\n").split("\n")
    diff = fitting_or_counted(lines, len(lines), limits.per_flow, limits, "… {} more lines")
    text = "\n\n".join([summary, "\n".join(kept), fenced("\n".join(diff), "diff"), "</details>"])
    return Fitted(text, diff != lines)


def _row(change: Change) -> str:
    if isinstance(change, Create):
        return ""
    return f", version {change.version}, {sentence(change.status)}, id {change.id}"
