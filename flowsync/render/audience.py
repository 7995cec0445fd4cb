"""The number of users who qualify, in words and as JSON; rounded in words, because estimates come from a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.api.audience import PATIENCE, NoEstimate
from flowsync.model import Audience, Plan, Qualifying
from flowsync.plan.document import audience_document
from flowsync.render.escape import cell_code, json_text, markdown_table
from flowsync.render.style import Screen, Span, Style, draw, line, table

if TYPE_CHECKING:
    from flowsync.record.values import Place

FORMAT: Final = "flowsync-audience/1"
SMALLEST: Final = 10
"""Below this an estimate says no more than that they are few."""
_TWO_DIGITS: Final = 100
"""From here on two digits are significant; below, one is."""
_NOTES: Final = {
    NoEstimate.UNSEEN: "the API does not return the flow's targeting",
    NoEstimate.TIMEOUT: f"no answer within the {PATIENCE:.0f} seconds that are given to all of them",
    NoEstimate.KEY: "it needs a private key",
    NoEstimate.ABSENT: "this server has no estimate (POST /graphql)",
    NoEstimate.LIMIT: "the server asks for fewer requests",
    NoEstimate.FAILED: "the server failed, twice, and does not say why",
    NoEstimate.NETWORK: "no answer came, twice",
    NoEstimate.UNREADABLE: "the answer is not a number of users",
}


def rounded(users: int) -> int:
    """Return an estimate rounded as its precision allows: to two digits from 100 on, to tens below."""
    unit = 10 ** (len(str(users)) - 2) if users >= _TWO_DIGITS else 10
    return (users + unit // 2) // unit * unit


def counted(side: Qualifying) -> str:
    """Return how many qualify: `about 800`, `none of the users sampled`, `0 (switched off)`, `not available (key)`."""
    if side.is_everyone:
        users = side.users or 0
        return f"everyone (about {rounded(users):,})" if users >= SMALLEST else "everyone"
    if side.users is None:
        return f"not available ({side.reason})"
    if side.reason:
        return f"{side.users} ({side.reason})"
    if not side.users:
        return "none of the users sampled"
    return f"about {rounded(side.users):,}" if side.users >= SMALLEST else f"fewer than {SMALLEST}"


def in_words(audience: Audience) -> str:
    """Return `about 800 → about 120 users qualify`; for a draft with "once it is published"."""
    sides = [side for side in (audience.before, audience.after) if side is not None]
    said = [counted(side) for side in sides]
    last = sides[-1]
    if last.users is None and said[0] == said[-1]:
        said = said[:1]
    is_number = last.users is not None and not last.reason and not last.is_everyone
    verb = " users qualify" if is_number and last.users else " qualify" if is_number else ""
    later = "" if audience.live else ", once it is published"
    return " → ".join(said) + verb + later


def of_change(plan: Plan, slug: str) -> str:
    """Return `audience: …` for a change of the plan; empty if its number was not asked for."""
    found = next((each for each in plan.audiences or () if each.slug == slug), None)
    return f"audience: {in_words(found)}" if found else ""


def notes(audiences: Iterable[Audience]) -> Iterator[str]:
    """Yield why numbers are not available, each reason once."""
    sides = (side for each in audiences for side in (each.before, each.after) if side is not None)
    reasons = {side.reason for side in sides if side.users is None}
    return (f"not available ({gap.value}): {said}." for gap, said in _NOTES.items() if gap.value in reasons)


@dataclass(frozen=True, slots=True)
class AudienceReport:
    """The result of `flowsync audience`: for flows by slug, or for one `expression` without a flow."""

    audiences: tuple[Audience, ...]
    place: Place
    expression: str | None = None


def text(report: AudienceReport, screen: Screen) -> str:
    """Return the numbers for a terminal."""
    lines = [*_lines(report, screen)]
    lines += [line(Span(f"note: {note}", Style.MUTED)) for note in notes(report.audiences)]
    return draw(lines, screen)


def _lines(report: AudienceReport, screen: Screen) -> Iterator[tuple[Span, ...]]:
    if report.expression is not None:
        said = in_words(report.audiences[0])
        yield line(said[:1].upper() + said[1:] + ".")
        return
    rows = [[Span(cell) for cell in _cells(each)] for each in report.audiences]
    yield from table(_TITLES, rows, screen)
    yield ()
    yield line(Span(_ABOUT, Style.MUTED))


_TITLES: Final = ("FLOW", "LIVE", "WITH THE FILE")
_ABOUT: Final = "How many users qualify, by Frigade's estimate. A user who qualifies may still wait for a collection."


def _cells(audience: Audience) -> Sequence[str]:
    return [audience.slug, *("-" if side is None else counted(side) for side in (audience.before, audience.after))]


def markdown(report: AudienceReport, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the numbers as a table."""
    if report.expression is not None:
        return text(report, Screen())
    rows = ([cell_code(slug), *cells] for slug, *cells in map(_cells, report.audiences))
    lines = [*markdown_table(["Flow", "Live", "With the file"], rows), "", _ABOUT]
    lines += [f"\n{note}" for note in notes(report.audiences)]
    return "\n".join(lines) + "\n"


def as_json(report: AudienceReport, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-audience/1`, with the API's own numbers."""
    head = {"format": FORMAT, "environment": report.place.environment, "api_url": report.place.api_url}
    found = [audience_document(each) for each in report.audiences]
    if report.expression is not None:
        return json_text({**head, "expression": report.expression, "audience": found[0]["after"]})
    return json_text({**head, "flows": [*found]})


FORMATS: Final[Mapping[str, Callable[[AudienceReport, Screen], str]]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
}
"""What `audience --format` offers."""
