"""Facts about an account's API where the vendor's documents are silent or contradict each other."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final

from flowsync.api.endpoints import Access, is_absent
from flowsync.doctor.questions import Question, rows_of
from flowsync.doctor.values import Fact, note, ok
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowsync.api.client import Answer
    from flowsync.doctor.account import Observed
    from flowsync.doctor.questions import Asked, Row
    from flowsync.model import JsonValue

_UNSEEN: Final = "A field that is not returned cannot be compared: a plan lists it as unseen."
_KNOWN_STATUSES: Final = frozenset({"ACTIVE", "ARCHIVED", "DRAFT", "DELETED"})
_KNOWN_FIELDS: Final = frozenset(
    {
        *("id", "slug", "version", "status", "name", "type", "targetingLogic", "data", "codeSnippet", "createdAt"),
        *("modifiedAt", "active", "description", "triggerType", "completionBehavior", "organizationId", "customerId"),
        *("publishedAt", "publishedById", "archivedAt", "archivedById", "modifiedById", "archiveBehavior"),
        *("lastSeenAt", "internalData"),
    }
)
"""The documented or observed fields of a row."""
_MOST_NAMES: Final = 12


def behaviour_facts(observed: Observed) -> Iterator[Fact]:
    """Facts about behaviour that the answers show; only a note for an account without flows."""
    listed = observed.listed
    rows = [] if listed is None else rows_of(listed.value)
    if not rows:
        if listed is not None:
            yield note("rows", "there is no flow, so nothing more can be found out about this API", 0)
        return
    for name in ("active", "description"):
        yield _field_fact(name, rows)
    yield from _other_field_facts(rows)
    yield _data_fact(rows)
    yield from _status_facts(rows)
    yield _draft_fact(observed, rows)
    if observed.access is Access.PRIVATE:
        yield _versions_fact(observed)
        yield _public_list_fact(observed)
    yield _look_up_fact("look-up", observed.answers(Question.BY_SLUG), "starts with flow")
    yield _look_up_fact("other look-up", observed.answers(Question.BY_OTHER_SLUG), "does not start with flow")
    if observed.access is Access.PRIVATE:
        yield _by_version_fact(observed)


def _field_fact(name: str, rows: Sequence[Row]) -> Fact:
    count = sum(name in row for row in rows)
    if count == len(rows):
        nulls = sum(row[name] is None for row in rows)
        text = f"returned in every row{f', null in {nulls:,}' if nulls else ''}"
        return ok(name, text, {"returned": True, "null": nulls})
    if count:
        return note(name, f"returned in {count:,} of {len(rows):,} rows", {"returned": None}, _UNSEEN)
    return note(name, "not returned", {"returned": False}, _UNSEEN)


def _other_field_facts(rows: Sequence[Row]) -> Iterator[Fact]:
    names = {name for row in rows for name in row}
    missing = sorted(_KNOWN_FIELDS - names - {"active", "description"})
    if missing:
        yield ok("other fields", f"not returned: {', '.join(missing)}", {"not returned": [*missing]})
    else:
        yield ok("other fields", "every known field is returned", {"not returned": []})
    nulls = sorted({name for row in rows for name, value in row.items() if value is None} & _KNOWN_FIELDS)
    yield ok("null fields", ", ".join(nulls) or "none", [*nulls])
    unknown = [excerpt(name, 40) for name in sorted(names - _KNOWN_FIELDS)][:_MOST_NAMES]
    if unknown:
        yield note(
            "unknown fields",
            ", ".join(unknown),
            [*unknown],
            "Nothing to do: flowsync does not compare them.",
        )


def _data_fact(rows: Sequence[Row]) -> Fact:
    forms = Counter(_form_of(row) for row in rows)
    text = ", ".join(f"{form} in {count:,}" if len(forms) > 1 else form for form, count in sorted(forms.items()))
    is_text = forms.keys() <= {"YAML text", "JSON text"}
    return ok("data", text, dict(forms)) if is_text else note("data", text, dict(forms))


def _form_of(row: Row) -> str:
    """The form in which the API returns `data`. A text that is not JSON counts as YAML, even with errors."""
    if "data" not in row:
        return "not returned"
    data = row["data"]
    if not isinstance(data, str):
        return "null" if data is None else "a value, not a text"
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return "YAML text"
    return "JSON text"


def _status_facts(rows: Sequence[Row]) -> Iterator[Fact]:
    counted = Counter(excerpt(str(row.get("status")), 20) for row in rows)
    text = ", ".join(f"{count:,} {status}" for status, count in sorted(counted.items())[:_MOST_NAMES])
    yield ok("statuses", text, dict(sorted(counted.items())[:_MOST_NAMES]))
    unknown = sorted(counted.keys() - _KNOWN_STATUSES)[:_MOST_NAMES]
    if unknown:
        yield note("unknown statuses", ", ".join(unknown), [*unknown], "flowsync does not write to such rows.")


def _draft_fact(observed: Observed, rows: Sequence[Row]) -> Fact:
    if any(row.get("status") == "DRAFT" for row in rows):
        return ok("drafts", "the list includes them", "listed")
    listed = {str(row.get("id")) for row in rows}
    versions = [row for each in observed.answers(Question.VERSIONS) for row in _answered(each.answer)]
    if any(row.get("status") == "DRAFT" and str(row.get("id")) not in listed for row in versions):
        hint = "Nothing to do: commands look drafts up by slug."
        return note("drafts", "the list omits them; …/versions returns them", "hidden", hint)
    return note("drafts", "unknown: the account has no draft that was found")


def _versions_fact(observed: Observed) -> Fact:
    asked = observed.answers(Question.VERSIONS)
    if not asked:
        return note("versions", "not checked")
    first = next((each for each in asked if each.answer.is_success), asked[0])
    if not first.answer.is_success:
        return _failed("versions", first.answer, "…/versions", "Versions are read from the list, or by slug.")
    rows = _answered(first.answer)
    statuses = Counter(excerpt(str(row.get("status")), 20) for row in rows)
    text = ", ".join(f"{count:,} {status}" for status, count in sorted(statuses.items())[:_MOST_NAMES]) or "no row"
    return ok("versions", f"…/versions answers: {text} of one flow", {"rows": len(rows)})


def _public_list_fact(observed: Observed) -> Fact:
    """Which rows of the private list the public list omits."""
    answer, rows = observed.answer(Question.PUBLIC_LIST), observed.rows(Question.PRIVATE_LIST)
    if answer is None or not answer.is_success or not rows:
        return note("public list hides", "unknown")
    public = rows_of(answer.value)
    shown = {str(row.get("id")) for row in public}
    hidden = [row for row in rows if str(row.get("id")) not in shown]
    kinds = {
        "what is switched off": [row for row in hidden if row.get("active") is False],
        "drafts": [row for row in hidden if row.get("status") == "DRAFT"],
        "archived versions": [row for row in hidden if row.get("status") == "ARCHIVED"],
        "codeSnippet": () if any("codeSnippet" in row for row in public) or not public else ("codeSnippet",),
    }
    found = [name for name, each in kinds.items() if each]
    text = f"{', '.join(found) or 'nothing'}; {len(hidden):,} of {len(rows):,} rows"
    return ok("public list hides", text, {"rows": len(hidden), "kinds": [*found]})


def _look_up_fact(name: str, asked: Iterable[Asked], about: str) -> Fact:
    for each in asked:
        if not each.answer.is_success:
            return _failed(name, each.answer, f"GET by a slug that {about}", "Such flows are read from the list.")
        value = each.answer.value
        slug = value.get("slug") if isinstance(value, dict) else None
        if isinstance(value, dict) and slug == each.slug:
            shown = excerpt(f"{value.get('status')} version {value.get('version')}", 40)
            return ok(name, f"GET by a slug that {about} returns the flow: {shown}", "found")
        text = f"GET by a slug that {about} returns another flow or none; flowsync does not use such an answer"
        return note(name, text, "another")
    return note(name, f"unknown: no slug {about}")


def _by_version_fact(observed: Observed) -> Fact:
    asked = next(iter(observed.answers(Question.BY_VERSION)), None)
    if asked is None:
        return note("?version=N", "unknown: no flow has several versions")
    if not asked.answer.is_success:
        return _failed("?version=N", asked.answer, "GET with it", "Versions that are not listed cannot be shown.")
    value = asked.answer.value
    is_right = isinstance(value, dict) and value.get("version") == asked.version
    if is_right:
        return ok("?version=N", "returns that version", value=True)
    return note("?version=N", "returns another version", value=False)


def _failed(name: str, answer: Answer, what: str, consequence: str) -> Fact:
    """A fact about a failed request."""
    status: JsonValue = answer.status
    if answer.error is not None and is_absent(answer.error):
        return note(name, f"{what} finds nothing (status {status})", status, consequence)
    return note(name, f"{what} failed (status {status or 'none'})", status, consequence)


def _answered(answer: Answer) -> list[Row]:
    return rows_of(answer.value) if answer.is_success else []
