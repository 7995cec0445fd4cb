"""Hostile text in every place of every value, through every renderer and through real parsers."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.doctor.values import Fact, Mark, Part, Report
from flowsync.errors import FlowsyncError, InvalidFilesError, PlanFileError, RefusedError
from flowsync.model import (
    Applied,
    Blocked,
    Change,
    Create,
    Dropped,
    DroppedKind,
    Failed,
    FieldChange,
    FieldName,
    JsonValue,
    LiveFlow,
    Location,
    NewDraft,
    NotAttempted,
    Op,
    Origin,
    Outcome,
    Plan,
    PlanWarning,
    Problem,
    Refusal,
    Refused,
    Removed,
    Severity,
    Unchanged,
    Unmanaged,
    Update,
)
from flowsync.plan.saved import from_text
from flowsync.problems import doctor, listing
from flowsync.problems.annotations import github
from flowsync.problems.failures import bug, error
from flowsync.problems.sarif import sarif
from flowsync.render import ledger
from flowsync.render.style import Colour, Detail, Screen
from flowsync.render.versions import status
from flowsync.report import plans
from flowsync.report.comment import PLAN_FORMATS, apply_markdown, plan_json, plan_markdown
from flowsync.versions.status import EnvironmentStatus, FlowStatus, State, Survey, Trouble, Users
from tests.render.hostile import hostile, log_commands, unseen_characters
from tests.render.parsers import OURS, pages
from tests.render.samples import data_update, plan_of
from tests.support import runner

SCREEN = Screen()
COLOURED = Screen(colour=Colour.ALWAYS, detail=Detail.VERBOSE)

RENAMED = FieldChange("name", "", "name", Op.REPLACE, "", "")

PLACES = st.sampled_from(
    ["/steps/0", "/steps/7/title", "/steps/0/fields/1/label", "/props/a b", "/steps/0/props/x~1y", ""]
)
PULL = 987_654
"""The one pull request that a report names as a reference."""
numbers = st.integers(1, 10**6)
warnings = st.lists(st.builds(PlanWarning, hostile, hostile, st.none() | numbers), max_size=2).map(tuple)
steps: st.SearchStrategy[JsonValue] = st.lists(hostile, max_size=2, unique=True).map(
    lambda ids: [{"id": each, "title": each[::-1]} for each in ids]
)
props: st.SearchStrategy[JsonValue] = st.dictionaries(hostile, hostile, max_size=2).map(lambda found: {**found})
optional: dict[str, st.SearchStrategy[JsonValue]] = {"title": hostile, "props": props}
data: st.SearchStrategy[dict[str, JsonValue]] = st.fixed_dictionaries({"steps": steps}, optional=optional)


@st.composite
def updates(draw: st.DrawFn) -> Update:
    compared = data_update(draw(data), draw(data))
    loose = st.builds(
        FieldChange, st.just("data"), PLACES, hostile, st.sampled_from(Op), hostile, hostile,
        st.none() | st.sampled_from(Origin),
    )  # fmt: skip
    return replace(
        compared,
        slug=draw(hostile),
        file=draw(hostile),
        id=draw(numbers),
        version=draw(numbers),
        status=draw(hostile),
        live=draw(st.booleans()),
        fields=(*compared.fields, *draw(st.lists(loose, max_size=2)), RENAMED),
        unseen=("description",),
        warnings=draw(warnings),
        body={"name": "", "data": ""},
        old={**compared.old, "name": draw(hostile)},
    )


@st.composite
def creates(draw: st.DrawFn) -> Create:
    new: dict[FieldName, JsonValue] = {"name": draw(hostile), "type": draw(hostile), "data": draw(data)}
    if draw(st.booleans()):
        new["targetingLogic"] = draw(hostile)
    made = tuple(FieldChange(name, "", name, Op.ADD, None, value, Origin.WAITING) for name, value in new.items())
    body = {**new, "data": "", "active": draw(st.booleans())}
    return Create(draw(hostile), draw(hostile), made, draw(warnings), body, "sha256:" + "a" * 64, new)


drafts = updates().map(lambda each: NewDraft(**{name: getattr(each, name) for name in Update.__dataclass_fields__}))
changes: st.SearchStrategy[Change] = st.one_of(updates(), drafts, creates())
removals = st.builds(Removed, hostile, hostile, numbers, hostile, numbers, hostile, st.none() | hostile)
losses = st.builds(
    Dropped, hostile, hostile, st.sampled_from(DroppedKind), hostile, st.none() | hostile, hostile, st.booleans()
)
plan_values = st.builds(
    Plan,
    environment=st.none() | hostile,
    api_url=hostile,
    base=st.none() | hostile,
    changes=st.lists(changes, max_size=2).map(tuple),
    unchanged=st.lists(
        st.builds(Unchanged, hostile, hostile, numbers, numbers, hostile, st.just(("active",)), warnings), max_size=1
    ).map(tuple),
    blocked=st.lists(st.builds(Blocked, hostile, hostile, hostile, hostile), max_size=2).map(tuple),
    unmanaged=st.lists(st.builds(Unmanaged, hostile, numbers, hostile), max_size=2).map(tuple),
    digest=st.just("sha256:0123456789abcdef"),
    removed=st.lists(removals, max_size=2).map(tuple),
    dropped=st.lists(losses, max_size=2).map(tuple),
    refusals=st.lists(
        st.builds(Refusal, hostile, hostile, hostile, st.lists(hostile, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
)
outcome_values: st.SearchStrategy[list[Outcome]] = st.lists(
    st.one_of(
        st.builds(Applied, changes, st.just(("data",)), st.just(())),
        st.builds(Refused, updates(), hostile, hostile, st.just(()), st.booleans()),
        st.builds(Failed, changes, hostile, hostile, st.none() | hostile, st.booleans()),
        st.builds(NotAttempted, changes, hostile),
    ),
    max_size=2,
)
problem_values = st.lists(
    st.builds(
        Problem, st.builds(Location, hostile, numbers, st.integers(1, 40)), st.sampled_from(Severity), hostile, hostile,
        st.none() | hostile, st.just(()),
    ),
    max_size=2,
)  # fmt: skip
live_rows = st.none() | st.builds(LiveFlow, numbers, hostile, numbers, hostile, st.just({}), st.just({}))
surveys = st.builds(
    Survey,
    st.lists(
        st.builds(
            EnvironmentStatus, hostile, hostile,
            st.lists(
                st.builds(
                    FlowStatus, hostile, st.sampled_from(State), st.none() | st.sampled_from(Users),
                    st.none() | hostile, st.none() | hostile, live_rows, st.none() | numbers, st.none() | numbers,
                    hostile,
                ),
                max_size=2,
            ).map(tuple),
            st.none() | st.builds(Trouble, hostile, hostile, st.none() | hostile, st.booleans()),
        ),
        min_size=1, max_size=3,
    ).map(tuple),
    st.none() | hostile,
)  # fmt: skip


def assert_inert(text: str) -> None:
    assert unseen_characters(text) == []
    assert log_commands(text) == []
    text.encode("utf-8")


def assert_inert_in_colour(text: str) -> None:
    """Whatever is left when the codes that we write are taken out: each starts an attribute or ends all."""
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[32m", "\x1b[31m"):
        text = text.replace(code, "")
    for code in ("\x1b[1;31m", "\x1b[1;32m", "\x1b[1;35m", "\x1b[1;4;31m", "\x1b[1;4;32m"):
        text = text.replace(code, "")
    assert_inert(text)


def assert_means_nothing(markdown: str, links: int = 0) -> None:
    """Foreign text is inside of code; at most as many links as said."""
    assert_inert(markdown)
    for page in pages(markdown):
        assert set(page.tags) <= (OURS | {"a"} if links else OURS)
        assert page.attributes <= ({"class", "lang", "href"} if links else {"class", "lang"})
        assert page.tags.count("a") <= links
        prose = page.prose
        for kind in ("CAUTION", "WARNING", "NOTE"):
            prose = prose.replace(f"[!{kind}]", "")
        prose = prose.replace(f"#{PULL}", "")
        assert not set(prose) & set("@#<>*_[]{}|\\`$~&")
        assert page.tags.count("details") == page.tags.count("summary")


@given(plan_values)
def test_a_plan_is_inert_on_a_terminal(plan: Plan) -> None:
    assert_inert(plans.text(plan))
    assert_inert(plans.confirm_question(plan))
    assert_inert_in_colour(plans.text(plan, COLOURED))


@given(plan_values)
def test_a_plan_means_nothing_to_markdown(plan: Plan) -> None:
    markdown = plan_markdown(plan)
    assert_means_nothing(markdown)
    for page in pages(markdown):
        lost = {each.slug for each in plan.dropped} - {each.slug for each in plan.changes}
        rows = len(plan.changes) + len(plan.blocked) + len(plan.removed) + len(lost)
        assert page.tags.count("pre") == len(plan.changes)
        assert page.tags.count("details") == len(plan.changes) + 1, "and one about the plan"
        assert page.tags.count("table") == bool(rows)
        assert page.tags.count("tr") == bool(rows) + rows


@given(plan_values)
def test_a_plan_in_json_is_ascii_and_reads_back(plan: Plan) -> None:
    text = plan_json(plan)
    assert text.isascii()
    assert_inert(text)
    unmanaged = [{"slug": u.slug, "id": u.id, "name": u.name} for u in plan.unmanaged]
    assert json.loads(text)["unmanaged"] == json.loads(json.dumps(unmanaged))  # two halves of a pair become one


@given(plan_values)
def test_what_apply_would_refuse_is_inert(plan: Plan) -> None:
    assert_inert(plans.refusals(plan))


@given(plan_values)
def test_a_document_of_a_hostile_plan_is_read_or_refused(plan: Plan) -> None:
    with suppress(PlanFileError):
        assert_inert(plans.text(from_text(plan_json(plan))))


@given(outcome_values)
def test_outcomes_are_inert_everywhere(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        assert_inert(ledger.outcome_line(outcome))
        assert ledger.outcome_line(outcome).count("\n") == 1
    assert_inert(ledger.text(outcomes, SCREEN))
    assert_inert_in_colour(ledger.text(outcomes, COLOURED))
    assert_means_nothing(apply_markdown(plan_of(*(each.change for each in outcomes)), outcomes))
    assert_inert(ledger.as_json(outcomes, SCREEN))


@given(problem_values, hostile)
def test_problems_are_inert_everywhere(found: list[Problem], source: str) -> None:
    assert_inert(listing.text(found, lambda _: source, SCREEN))
    assert_inert_in_colour(listing.text(found, lambda _: source, COLOURED))
    assert_means_nothing(listing.markdown(found, lambda _: source, SCREEN))
    assert_inert(listing.as_json(found, lambda _: source, SCREEN))
    assert_inert(sarif(found, lambda _: source, SCREEN))
    commands, texts = runner.read(github(found, lambda _: source, SCREEN))
    assert len(commands) == len(found)
    assert_inert("\n".join(texts))


@given(surveys)
def test_a_status_is_inert_everywhere(survey: Survey) -> None:
    assert_inert(status.text(survey, SCREEN))
    assert_inert(status.text(survey, Screen(width=40, wrap=40)))
    assert_inert_in_colour(status.text(survey, COLOURED))
    assert_means_nothing(status.markdown(survey, SCREEN))
    assert_inert(status.as_json(survey, SCREEN))


reports = st.builds(
    Report,
    hostile,
    st.lists(
        st.builds(
            Part,
            hostile,
            st.lists(st.builds(Fact, hostile, st.sampled_from(Mark), hostile, hostile, hostile)).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
)


@given(reports)
def test_what_doctor_found_is_inert(report: Report) -> None:
    assert_inert(doctor.text(report, SCREEN))
    assert_inert(doctor.text(report, Screen(width=40, wrap=40)))
    assert_inert_in_colour(doctor.text(report, COLOURED))
    assert_means_nothing(doctor.markdown(report, SCREEN))
    assert_inert(doctor.as_json(report, SCREEN))


@given(hostile, hostile, problem_values)
def test_errors_are_inert(message: str, hint: str, found: list[Problem]) -> None:
    assert_inert(error(FlowsyncError(message, hint=hint)))
    assert_inert(error(InvalidFilesError(message, found)))
    assert_inert(error(RefusedError(message, reasons=[hint, message])))
    assert_inert(bug(ValueError(message)))


@pytest.mark.parametrize("name", PLAN_FORMATS)
def test_a_megabyte_on_one_line_is_no_hindrance(name: str) -> None:
    title = " ".join(f"word{number}" for number in range(100_000))
    plan = plan_of(data_update({"title": title}, {"title": f"{title} new"}))
    assert len(PLAN_FORMATS[name](plan, SCREEN)) < (2_500_000 if name == "json" else 1_000)
