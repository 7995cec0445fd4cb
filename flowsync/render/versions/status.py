"""The state of each flow in each environment: a table, Markdown, and the document `flowsync-status/1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from flowsync.model import JsonValue
from flowsync.render.escape import (
    cell_code,
    cell_prose,
    columns,
    markdown_table,
    masked_json,
    plural,
    prose,
    shown,
    with_hint,
)
from flowsync.render.style import Detail, Line, Screen, Span, Style, blocks, draw, line, table
from flowsync.text import end_of
from flowsync.versions.status import State, Users

if TYPE_CHECKING:
    from flowsync.versions.status import EnvironmentStatus, FlowStatus, Survey

FORMAT: Final = "flowsync-status/1"
NO_FLOWS: Final = "No flows."
_NOT_THERE: Final = "-"
_DRAFT: Final = "draft "
"""Before the state of a flow whose draft was compared."""
_NEWER: Final = "newer draft"
_GAP: Final = 2
_STYLES: Final = {
    State.IN_STEP: Style.ADDED,
    State.DIFFERS: Style.WARNING,
    State.WAITING: Style.WARNING,
    State.EDITED: Style.WARNING,
    State.UNVERIFIED: Style.WARNING,
    State.NOT_LIVE: Style.WARNING,
    State.NOT_SHOWN: Style.WARNING,
    State.BLOCKED: Style.ERROR,
    State.NOT_MANAGED: Style.MUTED,
}
_MEANINGS: Final[Mapping[State | Users | str, str]] = {
    State.DIFFERS: "live differs from the file; flowsync plan shows how",
    State.WAITING: "live matches an earlier commit of the file: nobody edited it, and the change waits for an apply",
    State.EDITED: "somebody edited it in the dashboard; applying would undo that",
    State.UNVERIFIED: "the file switches it off, and the API does not show whether it is on",
    State.NOT_LIVE: "there is a file, and no live flow",
    State.NOT_SHOWN: "there is a file, and the public list shows no such flow: it may hide drafts",
    State.BLOCKED: "apply cannot write it; flowsync plan says why",
    State.NOT_MANAGED: "it is live and has no file",
    Users.OFF: "active is false: nobody sees it",
    Users.NOBODY: "its live targeting is wrong and matches nobody",
    Users.DRAFT: "no version was published: nobody sees it",
    Users.ARCHIVED: "every version is archived: nobody sees it",
    Users.UNKNOWN: "the answers of the API do not show whether users see it",
    _DRAFT: "a draft was compared, which nobody sees until it is published",
    _NEWER: "a draft is newer than the version that users see",
}


def text(survey: Survey, screen: Screen) -> str:
    """Return a table of the flows, then the counts, what could not be read, and what the words mean."""
    return draw([*_body(survey, screen), *_summary(survey), *_legend(survey, screen)], screen)


def markdown(survey: Survey, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the same as a table of Markdown."""
    header, rows = _columns(survey)
    lines = [NO_FLOWS]
    if rows:
        titles = [cell_prose(title.capitalize() if title.isupper() else title) for title in header]
        lines = markdown_table(titles, ([cell_code(row[0].text), *map(_markdown_cell, row[1:])] for row in rows))
    said = ["".join(span.text for span in each) for each in _summary(survey) if each]
    meanings = [f"{word}: {meaning}." for word, meaning in _words(survey)]
    parts = [[f"- {prose(each)}" for each in part] for part in (said, meanings)]
    return "\n\n".join(["\n".join(each) for each in (lines, *parts) if each]) + "\n"


def as_json(survey: Survey, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-status/1`."""
    environments: list[JsonValue] = [
        {
            "name": each.name,
            "api_url": each.api_url,
            "problem": None if each.trouble is None else _problem(each),
            "summary": {_key(state): count for state, count in _states(each).items()},
        }
        for each in survey.environments
    ]
    by_slug = [{flow.slug: flow for flow in each.flows} for each in survey.environments]
    flows: list[JsonValue] = []
    for slug in survey.slugs:
        cells = [(each, found.get(slug)) for each, found in zip(survey.environments, by_slug, strict=True)]
        known = [flow for _, flow in cells if flow is not None]
        name = next((flow.name for flow in known if flow.name is not None), None)
        file = next((flow.file for flow in known if flow.file is not None), None)
        states: list[JsonValue] = [_cell_json(each, flow) for each, flow in cells if each.trouble is None]
        flows.append({"slug": slug, "file": file, "name": name, "states": states})
    return masked_json({"format": FORMAT, "base": survey.base, "environments": environments, "flows": flows})


FORMATS: Final[Mapping[str, Callable[[Survey, Screen], str]]] = {"text": text, "markdown": markdown, "json": as_json}
"""What `status --format` offers."""


def _body(survey: Survey, screen: Screen) -> Iterator[Line]:
    header, rows = _columns(survey)
    if not rows:
        yield line(NO_FLOWS)
        return
    widths = [max(columns(shown(cell)) for cell in column) for column in zip(header, *_texts(rows), strict=True)]
    width = sum(widths) + _GAP * (len(widths) - 1)
    if screen.wrap is None or width <= screen.wrap:
        yield from table(header, rows, screen)
        return
    yield from blocks(header, rows)


def _texts(rows: Sequence[Sequence[Span]]) -> Iterator[list[str]]:
    return ([cell.text for cell in row] for row in rows)


def _columns(survey: Survey) -> tuple[list[str], list[list[Span]]]:
    """Return header and rows: a column for each environment, or more where there is only one."""
    if len(survey.environments) == 1:
        header = ["FLOW", "STATE", "FOR USERS", "VERSION", "FILE"]
        return header, [_facts(flow) for flow in survey.environments[0].flows]
    by_slug = [{flow.slug: flow for flow in each.flows} for each in survey.environments]
    rows = []
    for slug in survey.slugs:
        cells = (_cell(each, found.get(slug)) for each, found in zip(survey.environments, by_slug, strict=True))
        rows.append([Span(slug, Style.HEADING), *cells])
    return ["FLOW", *(each.name or "" for each in survey.environments)], rows


def _facts(flow: FlowStatus) -> list[Span]:
    users = _NOT_THERE if flow.users is None else str(flow.users.value)
    known = [Span(_state(flow), _STYLES[flow.state]), Span(users), Span(_version(flow))]
    return [Span(flow.slug, Style.HEADING), *known, Span(flow.file or _NOT_THERE, Style.MUTED)]


def _markdown_cell(cell: Span) -> str:
    return cell_code(cell.text) if cell.text.endswith((".yaml", ".yml")) else cell_prose(cell.text)


def _cell(environment: EnvironmentStatus, flow: FlowStatus | None) -> Span:
    if environment.trouble is not None:
        return Span("no key" if environment.trouble.is_no_key else "not read", Style.MUTED)
    if flow is None:
        return Span(_NOT_THERE, Style.MUTED)
    newer = _NEWER if _has_newer_draft(flow) else ""
    users = "" if flow.users is None else flow.users.value
    return Span(", ".join(filter(None, (_state(flow), users, newer))), _STYLES[flow.state])


def _state(flow: FlowStatus) -> str:
    return f"{_DRAFT if flow.is_of_draft else ''}{flow.state.value}"


def _has_newer_draft(flow: FlowStatus) -> bool:
    return flow.draft is not None and flow.published is not None and not flow.is_of_draft


def _version(flow: FlowStatus) -> str:
    known = [] if flow.published is None else [str(flow.published)]
    known += [] if flow.draft is None else [f"draft {flow.draft}"]
    if known or flow.row is None:
        return ", ".join(known) or _NOT_THERE
    return str(flow.row.version)


def _summary(survey: Survey) -> Iterator[Line]:
    """Yield the counts of each environment, or why it could not be read."""
    yield ()
    for each in survey.environments:
        named = "" if each.name is None else f"{each.name}: "
        if each.trouble is not None:
            said = with_hint(end_of(each.trouble.message), each.trouble.hint)
            style = Style.MUTED if each.trouble.is_no_key else Style.ERROR
            yield line(Span(f"{named}{said}", style))
        else:
            yield line(Span(f"{named}{counts(each)}", Style.HEADING))


def counts(environment: EnvironmentStatus) -> str:
    """Return how many flows there are, how they compare with the files, and how many users can see."""
    parts = [f"{count:,} {_verb(state, count)}" for state, count in _states(environment).items()]
    users = Counter(flow.users for flow in environment.flows)
    seen = [f"{users[each]:,} {each.value}" for each in Users if users[each]]
    known = f"; for users {', '.join(seen)}" if seen else ""
    return f"{plural(len(environment.flows), 'flow')}{': ' if parts else ''}{', '.join(parts)}{known}"


def _verb(state: State, count: int) -> str:
    return "differ" if state is State.DIFFERS and count > 1 else str(state.value)


def _states(environment: EnvironmentStatus) -> dict[State, int]:
    numbers = Counter(flow.state for flow in environment.flows)
    return {state: numbers[state] for state in State if numbers[state]}


def _legend(survey: Survey, screen: Screen) -> Iterator[Line]:
    words = [] if screen.detail is Detail.SUMMARY else list(_words(survey))
    if words:
        yield ()
    for word, meaning in words:
        yield line(Span(f"{word}: {meaning}", Style.MUTED))


def _words(survey: Survey) -> Iterator[tuple[str, str]]:
    """Yield the words in the table that need an explanation, with their meanings."""
    flows = [flow for each in survey.environments for flow in each.flows]
    found: set[State | Users | str] = {each for flow in flows for each in (flow.state, flow.users) if each is not None}
    found |= {_DRAFT for flow in flows if flow.is_of_draft}
    if len(survey.environments) > 1:  # else the table names the draft's version
        found |= {_NEWER for flow in flows if _has_newer_draft(flow)}
    for word, meaning in _MEANINGS.items():
        if word in found:
            yield (str(word.value) if isinstance(word, State | Users) else word.strip()), meaning


def _problem(environment: EnvironmentStatus) -> JsonValue:
    trouble = environment.trouble
    return None if trouble is None else {"code": trouble.code, "message": trouble.message, "hint": trouble.hint}


def _cell_json(environment: EnvironmentStatus, flow: FlowStatus | None) -> JsonValue:
    if flow is None:
        return {"environment": environment.name, "state": None}
    row = flow.row
    return {
        "environment": environment.name,
        "state": _key(flow.state),
        "users": None if flow.users is None else _key(flow.users),
        "id": None if row is None else row.id,
        "version": None if row is None else row.version,
        "status": None if row is None else row.status,
        "published_version": flow.published,
        "draft_version": flow.draft,
        "message": flow.message or None,
    }


def _key(word: State | Users) -> str:
    return str(word.value).replace(" ", "-")
