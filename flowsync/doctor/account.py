"""Facts about an account: its address and keys, the lists of flows, its organization, clock and rate limit."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from flowsync.api.endpoints import PAGE_SIZE, Access, is_absent, parse_rows
from flowsync.config import API_URL_VARIABLE
from flowsync.config.address import VENDOR_URLS
from flowsync.doctor.questions import Asked, Question, Row, is_full, rows_of
from flowsync.doctor.values import Fact, Mark, note, ok, problem
from flowsync.errors import ConfigError, UnreadableResponseError
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.api.client import Answer
    from flowsync.config import Key, Settings
    from flowsync.model import JsonValue

KEY_SENT: Final = "key sent"
"""The fact that requests can be made; it is the last one then."""
_LISTS: Final = (Question.PRIVATE_LIST, Question.PUBLIC_LIST)
_TOLERATED_SECONDS: Final = 60
"""Difference to the server's clock that is not worth a note."""
_LIMIT_HEADERS: Final = ("ratelimit", "x-ratelimit", "x-rate-limit", "retry-after")
_MOST_SHOWN: Final = 8


def access_facts(settings: Settings, environ: Mapping[str, str]) -> Iterator[Fact]:
    """Facts about the address and the keys. Of a key only its kind and its variable are reported."""
    yield _address_fact(settings, environ)
    found = [key for key in (settings.private_key, settings.public_key) if key is not None]
    for key in found:
        yield from _key_facts(key)
    try:
        used = settings.reading_key()
    except ConfigError as error:
        mark = Mark.PROBLEM if found else Mark.NOTE
        yield Fact("key", mark, error.message, None, error.hint)
        return
    yield ok(KEY_SENT, f"the key from {excerpt(used.variable)} is sent to this address", value=True)


def _address_fact(settings: Settings, environ: Mapping[str, str]) -> Fact:
    url = settings.api_url
    if environ.get(API_URL_VARIABLE):
        text = f"{excerpt(url)}, from {API_URL_VARIABLE}"
        if settings.unused_url is not None:
            return note("address", f"{text}; flowsync.yaml names {excerpt(settings.unused_url)}", url)
        return ok("address", text, url)
    if url in VENDOR_URLS:
        return ok("address", f"{url}, Frigade's own", url)
    return ok("address", f"{excerpt(url)}, from flowsync.yaml", url)


def _key_facts(key: Key) -> Iterator[Fact]:
    try:
        key.refuse_other_forms()
    except ConfigError:
        return
    source = excerpt(key.variable)
    value = {"kind": "public" if key.looks_public else "private", "source": key.variable}
    if key.looks_public:
        yield ok("public key", f"from {source}: it can read", {**value})
    else:
        yield ok("private key", f"from {source}: it can read and write", {**value})


@dataclass(frozen=True, slots=True)
class Observed:
    """The answers of an account. `organization` is from flowsync.yaml; `is_whole`: no answer is missing."""

    asked: tuple[Asked, ...]
    access: Access
    organization: int | None = None
    is_whole: bool = True

    def answers(self, question: Question) -> tuple[Asked, ...]:
        """The answers to one question."""
        return tuple(each for each in self.asked if each.question is question)

    def answer(self, question: Question) -> Answer | None:
        """The first answer to one question."""
        return next((each.answer for each in self.answers(question)), None)

    def rows(self, question: Question) -> list[Row]:
        """The rows of a list; none if the request failed."""
        answer = self.answer(question)
        return rows_of(answer.value) if answer is not None and answer.is_success else []

    @property
    def listed(self) -> Answer | None:
        """The list that commands would read: the first with an answer."""
        answers = (self.answer(question) for question in _LISTS)
        return next((answer for answer in answers if answer is not None and answer.is_success), None)


def account_facts(observed: Observed) -> Iterator[Fact]:
    """Facts about lists, pages, organization, clock and rate limit."""
    for question in _LISTS:
        answer = observed.answer(question)
        if answer is not None:
            yield _list_fact(question, answer, observed)
    if not observed.is_whole:
        yield problem("time", "not every request was answered in time, so facts are missing below")
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
        hint = "Nothing to do: the public list is used, which may hide drafts and switched-off flows."
        return note(name, f"{get} does not exist (status {answer.status})", value, hint)
    if question is Question.PUBLIC_LIST and observed.rows(Question.PRIVATE_LIST):
        return note(name, error.message, value, "Nothing to do: the private list is used.")
    return problem(name, error.message, error.hint, value)


def _form(value: JsonValue) -> str:
    if not isinstance(value, dict):
        return "a bare list"
    numbers = [f"{name} {excerpt(str(value[name]), 12)}" for name in ("offset", "limit") if name in value]
    return f"in an envelope with {' and '.join(numbers)}" if numbers else "in an envelope without offset and limit"


def _page_facts(observed: Observed, listed: Answer) -> Iterator[Fact]:
    rows, page = rows_of(listed.value), observed.answer(Question.PAGE)
    if page is None:
        text = "unknown: the list has fewer than two rows"
        yield note("paging", text) if observed.is_whole else note("paging", "not checked")
    elif not page.is_success:
        yield note("paging", f"unknown: status {page.status} for a second page")
    elif is_full(listed.value):
        yield from _full_page_facts(rows, rows_of(page.value))
        return
    else:
        yield _window_fact([row.get("id") for row in rows], [row.get("id") for row in rows_of(page.value)])
    if not is_full(listed.value):
        yield ok("complete", "the list is shorter than a page, so it is complete", value=True)


def _window_fact(every: list[JsonValue], window: list[JsonValue]) -> Fact:
    """Whether the API follows `offset` and `limit`, from a request for one row after the first."""
    known = (
        (every[1:2], "offset and limit are followed", True, True),
        (every, "offset and limit are ignored", False, False),
        (every[:1], "limit is followed, offset is ignored", False, True),
        (every[1:], "offset is followed, limit is ignored", True, False),
    )
    for ids, text, offset, limit in known:
        if window == ids:
            return ok("paging", text, {"offset": offset, "limit": limit})
    return note("paging", f"unknown: {len(window):,} other rows came for offset 1 and limit 1")


def _full_page_facts(rows: list[Row], following: list[Row]) -> Iterator[Fact]:
    """Whether the list is complete, by the page after a full one."""
    ids = {str(row.get("id")) for row in rows}
    new = [row for row in following if str(row.get("id")) not in ids]
    if new:
        yield ok("paging", f"offset is followed: {len(new):,} more rows on the second page", {"offset": True})
        yield ok("complete", "commands read every page")
    elif not following:
        yield ok("paging", "offset is followed: the second page is empty", {"offset": True})
        yield ok("complete", "the list ends with its first page", value=True)
    elif len(rows) > PAGE_SIZE:
        yield ok("paging", "offset and limit are ignored", {"offset": False, "limit": False})
        yield ok("complete", f"the list has more than {PAGE_SIZE} rows at once, so it is complete", value=True)
    else:
        yield note("paging", "offset is ignored: the second page is the first again", {"offset": False})
        hint = "Flows with a file are looked up by slug; flows without a file may be missing."
        yield note("complete", f"unknown: the list has exactly {len(rows)} rows", hint=hint)


def _organization_fact(observed: Observed) -> Fact:
    rows = observed.rows(Question.PRIVATE_LIST)
    found = (row.get("organizationId") for row in rows)
    numbers: list[JsonValue] = [*sorted({each for each in found if type(each) is int})[:_MOST_SHOWN]]
    listed, expected = ", ".join(map(str, numbers)), observed.organization
    if not numbers:
        why = "a public key does not show it" if observed.access is Access.PUBLIC else "no row shows it"
        return note("organization", f"unknown: {why}", hint=None if expected is None else "It cannot be checked.")
    if expected is None:
        hint = "Set organization in flowsync.yaml: flowsync then refuses keys of another one."
        return note("organization", f"{listed}; flowsync.yaml does not name it", numbers, hint)
    if numbers == [expected]:
        return ok("organization", f"{listed}, as flowsync.yaml says", numbers)
    hint = "Use a key of that organization, or correct the number in flowsync.yaml."
    return problem("organization", f"{listed}, but flowsync.yaml says {expected}", hint, numbers)


def _clock_fact(answer: Answer) -> Fact:
    try:
        ahead = round(parsedate_to_datetime(answer.headers["date"]).timestamp() - answer.at)
    except KeyError:
        return note("clock", "unknown: the server sends no Date header")
    except (ValueError, TypeError, OverflowError):
        return note("clock", "unknown: the server's Date header cannot be read")
    if abs(ahead) <= _TOLERATED_SECONDS:
        return ok("clock", "the server's clock and this machine's agree to the minute", ahead)
    way = "ahead of" if ahead > 0 else "behind"
    text = f"the server's clock is {abs(ahead):,} s {way} this machine's"
    return note("clock", text, ahead, "Set this machine's clock: records and waits depend on it.")


def _limit_fact(answers: list[Answer]) -> Fact:
    found: dict[str, str] = {}
    for answer in answers:
        limits = ((name, text) for name, text in answer.headers.items() if name.startswith(_LIMIT_HEADERS))
        found |= {excerpt(name, 40): excerpt(text, 40) for name, text in limits}
    shown = dict([*found.items()][:_MOST_SHOWN])
    if not shown:
        return ok("rate limit", "no response has a header about it", {})
    return ok("rate limit", "; ".join(f"{name}: {text}" for name, text in shown.items()), {**shown})
