"""Facts about an account: which list answers, whether it is complete, whose it is, clock and rate limit."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from flowsync.api.endpoints import PAGE_SIZE, Access, is_absent, parse_rows
from flowsync.doctor.questions import Asked, Question, Row, is_full, rows_of
from flowsync.doctor.values import Fact, note, ok, problem
from flowsync.errors import UnreadableResponseError
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.api.probing import Answer
    from flowsync.model import JsonValue

_LISTS: Final = (Question.PRIVATE_LIST, Question.PUBLIC_LIST)
_TOLERATED_SECONDS: Final = 60
"""By how much the server's clock may differ from this one's before it is worth a note."""
_LIMIT_HEADERS: Final = ("ratelimit", "x-ratelimit", "x-rate-limit", "retry-after")
_MOST_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Observed:
    """What an account was asked, and what flowsync.yaml says of it. `is_whole`: every question was answered in time."""

    asked: tuple[Asked, ...]
    access: Access
    organization: int | None = None
    is_whole: bool = True

    def answers(self, question: Question) -> tuple[Asked, ...]:
        """Those to one question."""
        return tuple(each for each in self.asked if each.question is question)

    def answer(self, question: Question) -> Answer | None:
        """The first to one question."""
        return next((each.answer for each in self.answers(question)), None)

    def rows(self, question: Question) -> list[Row]:
        """The rows of a list, none where it did not answer."""
        answer = self.answer(question)
        return rows_of(answer.value) if answer is not None and answer.is_success else []

    @property
    def listed(self) -> Answer | None:
        """The list that commands read: the first that answered."""
        answers = (self.answer(question) for question in _LISTS)
        return next((answer for answer in answers if answer is not None and answer.is_success), None)


def account_facts(observed: Observed) -> Iterator[Fact]:
    """Each fact about lists, pages, organization, clock and rate limit."""
    for question in _LISTS:
        answer = observed.answer(question)
        if answer is not None:
            yield _list_fact(question, answer, observed)
    if not observed.is_whole:
        yield problem("time", "not everything was answered in time; what is missing below was not looked at")
    first = next((each.answer for each in observed.asked if each.answer.status is not None), None)
    if first is not None:
        yield _clock_fact(first)
        yield _limit_fact([each.answer for each in observed.asked])
    listed = observed.listed
    if listed is not None:
        yield from _page_facts(observed, listed)
        yield _organization_fact(observed)


def _list_fact(question: Question, answer: Answer, observed: Observed) -> Fact:
    name, get = question.value, f"GET {answer.path}"
    if answer.error is None:
        try:
            parse_rows(answer.value, answer.path)
        except UnreadableResponseError as unreadable:
            return problem(name, unreadable.message, unreadable.hint)
        rows = rows_of(answer.value)
        slugs = len({str(row.get("slug")) for row in rows})
        text = f"{get} answers: {len(rows):,} rows, {slugs:,} flows, {_form(answer.value)}, {answer.seconds:.1f} s"
        return ok(name, text, {"rows": len(rows), "flows": slugs, "envelope": isinstance(answer.value, dict)})
    error = answer.error
    value: JsonValue = {"status": answer.status}
    if question is Question.PRIVATE_LIST and is_absent(error):
        hint = "Nothing: the public list is used, which may hide drafts and what is switched off."
        return note(name, f"{get} is not there (status {answer.status})", value, hint)
    if question is Question.PUBLIC_LIST and observed.rows(Question.PRIVATE_LIST):
        return note(name, error.message, value, "Nothing: the private list is used.")
    return problem(name, error.message, error.hint, value)


def _form(value: JsonValue) -> str:
    if not isinstance(value, dict):
        return "a bare list"
    numbers = [f"{name} {excerpt(str(value[name]), 12)}" for name in ("offset", "limit") if name in value]
    return f"in an envelope with {' and '.join(numbers)}" if numbers else "in an envelope without offset and limit"


def _page_facts(observed: Observed, listed: Answer) -> Iterator[Fact]:
    rows, page = rows_of(listed.value), observed.answer(Question.PAGE)
    if page is None:
        text = "not known: a list of fewer than two rows shows nothing of pages"
        yield note("paging", text) if observed.is_whole else note("paging", "not looked at")
    elif not page.is_success:
        yield note("paging", f"not known: status {page.status} for a second page")
    elif is_full(listed.value):
        yield from _full_page_facts(rows, rows_of(page.value))
        return
    else:
        yield _window_fact([row.get("id") for row in rows], [row.get("id") for row in rows_of(page.value)])
    if not is_full(listed.value):
        yield ok("complete", "the list is shorter than a page, so nothing follows", True)  # noqa: FBT003 - a value of JSON


def _window_fact(every: list[JsonValue], window: list[JsonValue]) -> Fact:
    """What one row after the first says of `offset` and `limit`."""
    known = {
        "1": (every[1:2], "offset and limit are followed", True, True),
        "2": (every, "offset and limit are ignored", False, False),
        "3": (every[:1], "limit is followed, offset is ignored", False, True),
        "4": (every[1:], "offset is followed, limit is ignored", True, False),
    }
    for ids, text, offset, limit in known.values():
        if window == ids:
            return ok("paging", text, {"offset": offset, "limit": limit})
    return note("paging", f"not known: {len(window):,} other rows came for offset 1 and limit 1")


def _full_page_facts(rows: list[Row], following: list[Row]) -> Iterator[Fact]:
    """What the page after a full one says."""
    ids = {str(row.get("id")) for row in rows}
    new = [row for row in following if str(row.get("id")) not in ids]
    if new:
        yield ok("paging", f"offset is followed: {len(new):,} more rows on the second page", {"offset": True})
        yield ok("complete", "commands read page after page up to the end")
    elif not following:
        yield ok("paging", "offset is followed: the second page is empty", {"offset": True})
        yield ok("complete", "the list ends with its first page", True)  # noqa: FBT003 - a value of JSON
    elif len(rows) > PAGE_SIZE:
        yield ok("paging", "offset and limit are ignored", {"offset": False, "limit": False})
        yield ok("complete", f"the list shows more than {PAGE_SIZE} rows at once, so all of them", True)  # noqa: FBT003 - as above
    else:
        yield note("paging", "offset is ignored: the second page is the first again", {"offset": False})
        hint = "Flows that have a file are looked up by slug; flows without one may not be seen."
        yield note("complete", f"not known: exactly {len(rows)} rows are shown", hint=hint)


def _organization_fact(observed: Observed) -> Fact:
    rows = observed.rows(Question.PRIVATE_LIST)
    found = (row.get("organizationId") for row in rows)
    numbers: list[JsonValue] = [*sorted({each for each in found if type(each) is int})[:_MOST_SHOWN]]
    listed, expected = ", ".join(map(str, numbers)), observed.organization
    if not numbers:
        why = "a public key does not show it" if observed.access is Access.PUBLIC else "no row shows it"
        return note("organization", f"not known: {why}", hint=None if expected is None else "It cannot be checked.")
    if expected is None:
        hint = "Set organization in flowsync.yaml, and a key of another one is refused."
        return note("organization", f"{listed}; flowsync.yaml names none", numbers, hint)
    if numbers == [expected]:
        return ok("organization", f"{listed}, as flowsync.yaml says", numbers)
    hint = "Use a key of that organization, or correct the number in flowsync.yaml."
    return problem("organization", f"{listed}, but flowsync.yaml says {expected}", hint, numbers)


def _clock_fact(answer: Answer) -> Fact:
    try:
        ahead = round(parsedate_to_datetime(answer.headers["date"]).timestamp() - answer.at)
    except KeyError:
        return note("clock", "not known: the server sends no Date")
    except (ValueError, TypeError, OverflowError):
        return note("clock", "not known: the server's Date cannot be read")
    if abs(ahead) <= _TOLERATED_SECONDS:
        return ok("clock", "the server's and this machine's agree to the minute", ahead)
    way = "ahead of" if ahead > 0 else "behind"
    text = f"the server's is {abs(ahead):,} s {way} this machine's"
    return note("clock", text, ahead, "Set this machine's clock: records and estimates of waits go by it.")


def _limit_fact(answers: list[Answer]) -> Fact:
    found: dict[str, str] = {}
    for answer in answers:
        limits = ((name, text) for name, text in answer.headers.items() if name.startswith(_LIMIT_HEADERS))
        found |= {excerpt(name, 40): excerpt(text, 40) for name, text in limits}
    shown = dict([*found.items()][:_MOST_SHOWN])
    if not shown:
        return ok("rate limit", "no answer names one", {})
    return ok("rate limit", "; ".join(f"{name}: {text}" for name, text in shown.items()), {**shown})
