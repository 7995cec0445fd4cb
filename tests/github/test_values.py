"""What is read and written on the way: markers, events, the runner's variables, outputs, parts of plans."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.errors import ConfigError, FlowsyncError
from flowsync.github.claims import Result, Status, noted, status_of
from flowsync.github.marker import MOST_PARTS, NO_PLAN, Marker, key_of, parts, read_marker, unreviewed
from flowsync.github.runner import (
    MergeGroupEvent,
    OtherEvent,
    PullRequestEvent,
    PushEvent,
    inert,
    notice,
    outputs_text,
    read_event,
    read_runner,
    write_outputs,
    write_summary,
)
from flowsync.model import View
from tests.github.support import read_outputs
from tests.render.hostile import hostile, log_commands
from tests.render.samples import DRAFT, WELCOME, plan_of, update

if TYPE_CHECKING:
    from flowsync.model import FieldName, JsonValue, Plan, Update

hexadecimal = st.text("0123456789abcdef", min_size=16, max_size=16)
commits = hexadecimal.map(lambda text: (text * 3)[:40])
new_markers = st.builds(
    Marker,
    hexadecimal,
    commits,
    hexadecimal.map(lambda text: text * 4),
    st.booleans(),
    st.none() | commits,
    st.frozensets(hexadecimal, max_size=9),
    st.none() | st.integers(0, 10**20 - 1).map(str),
    conflicts=st.frozensets(hexadecimal, max_size=9),
)
markers = new_markers | st.builds(
    lambda marker, count, by: replace(marker, used=frozenset(sorted(marker.parts)[:count]), by=by),
    new_markers,
    st.integers(0, 9),
    commits,
)


@given(markers, hostile)
def test_a_marker_is_read_back_whatever_follows(marker: Marker, rest: str) -> None:
    assert read_marker(f"{marker.line()}\n{rest}") == marker
    assert read_marker(f"{marker.line()}\r\n{rest}") == marker
    assert read_marker(f" {marker.line()}\n") is None
    assert read_marker(f"{rest}\n{marker.line()}\n") is None


@given(markers, markers, hostile)
def test_a_note_changes_the_marker_and_one_line_and_nothing_else(first: Marker, other: Marker, rest: str) -> None:
    body = f"{first.line()}\n{rest}"
    assert noted(body, other) == f"{other.line()}\n{rest}"
    superseded = noted(body, first, Result(Status.SUPERSEDED, "**Superseded**"))
    assert status_of(superseded) is Status.SUPERSEDED
    applied = noted(superseded, other, Result(Status.APPLIED, "**Applied**"))
    assert applied == f"{other.line()}\n<!-- flowsync:result applied -->\n**Applied**\n\n{rest}"
    assert noted(superseded.replace("\n", "\r\n"), other).endswith(superseded.replace("\n", "\r\n").split("\n", 1)[1])


@given(hostile)
def test_other_text_is_no_marker(text: str) -> None:
    assert read_marker(text) is None


def test_more_parts_than_fit_are_not_listed() -> None:
    crowded = Marker(
        "a" * 16, "b" * 40, "c" * 64, parts=frozenset(f"{number:016x}" for number in range(MOST_PARTS + 1))
    )
    assert len(crowded.line()) < 200
    full = replace(crowded, parts=frozenset(sorted(crowded.parts)[:MOST_PARTS]))
    assert len(full.line()) < 16_200
    assert read_marker(full.line()) == full


def test_keys_differ_by_kind_environment_and_configuration() -> None:
    assert (
        len({key_of("plan", None, "a"), key_of("plan", "a", ""), key_of("drift", None, "a"), key_of("", "a", "")}) == 4
    )


# Reviewed plans


PLAN = plan_of(WELCOME, DRAFT)


def shown(plan: Plan) -> Marker:
    return Marker("a" * 16, "b" * 40, NO_PLAN, parts=parts(plan))


def test_what_was_shown_is_reviewed_whole_or_in_part() -> None:
    assert unreviewed(PLAN, [shown(PLAN)]) == ()
    assert unreviewed(plan_of(DRAFT), [shown(PLAN)]) == ()
    assert unreviewed(PLAN, [shown(plan_of(WELCOME)), shown(plan_of(DRAFT))]) == ()
    assert unreviewed(PLAN, [shown(plan_of(WELCOME))]) == (DRAFT,)
    assert unreviewed(PLAN, []) == PLAN.changes


def test_a_plan_of_very_many_fields_is_shown_flow_by_flow() -> None:
    many = tuple(replace(BOTH, slug=f"flow_{number}") for number in range(MOST_PARTS * 3 // 4))
    marker = shown(plan_of(*many))
    assert len(marker.parts) == len(many) <= MOST_PARTS < sum(len(each.body) for each in many)
    less = replace(many[0], body={"name": "The tour"})
    assert unreviewed(plan_of(*many[:-1]), [marker]) == ()
    assert unreviewed(plan_of(*many[:-1], replace(many[-1], id=9)), [marker]) == (replace(many[-1], id=9),)
    assert unreviewed(plan_of(less), [marker]) == (less,)


def test_what_was_applied_counts_no_longer() -> None:
    marker = shown(PLAN)
    assert unreviewed(PLAN, [replace(marker, used=marker.parts, by="d" * 40)]) == PLAN.changes
    tour = replace(marker, used=parts(plan_of(DRAFT)), by="d" * 40)
    assert unreviewed(PLAN, [tour]) == (DRAFT,)
    assert unreviewed(PLAN, [tour, shown(plan_of(DRAFT))]) == ()


def test_a_marker_of_a_former_version_that_was_applied_is_used_up() -> None:
    former = shown(PLAN).line().replace(" -->", f" applied={'d' * 40} -->")
    marker = read_marker(former)
    assert marker == replace(shown(PLAN), used=parts(PLAN), by="d" * 40)
    assert not marker.unused


def test_a_plan_of_very_many_flows_is_shown_as_one_whatever_key_it_was_made_with() -> None:
    many = plan_of(*(replace(DRAFT, slug=f"flow_{number}") for number in range(MOST_PARTS + 1)))
    marker = shown(replace(many, view=View.PUBLIC_KEY, base="main"))
    assert len(marker.parts) == 1
    assert unreviewed(many, [marker]) == ()
    assert len(unreviewed(replace(many, environment="staging"), [marker])) == MOST_PARTS + 1


def test_what_is_switched_off_to_make_sure_has_to_be_shown_too() -> None:
    sure = replace(DRAFT, fields=(), unseen=("active",), body={"active": False}, old={}, new={}, is_verified=False)
    plan = replace(plan_of(), unverified=(sure,))
    assert unreviewed(plan, [shown(plan_of())]) == (sure,)
    assert unreviewed(plan, [shown(plan)]) == ()


OLD: dict[FieldName, JsonValue] = {"name": "Tour", "description": "Old"}
NEW: dict[FieldName, JsonValue] = {"name": "The tour", "description": "New"}
BOTH = update(OLD, NEW)
BOTH = replace(BOTH, body={"name": "The tour", "description": "New"})


@pytest.mark.parametrize(
    "other",
    [
        replace(BOTH, id=9),
        replace(BOTH, version=9),
        replace(BOTH, status="DRAFT"),
        replace(BOTH, slug="flow_other"),
        replace(BOTH, old={"name": "Another", "description": "Old"}),
        replace(BOTH, new={"name": "Another", "description": "New"}),
        replace(BOTH, old={"name": "Tour"}, new={"name": "The tour"}, body={"name": "", "description": "Another"}),
        replace(BOTH, body={**BOTH.body, "active": False}),
    ],
)
def test_any_other_effect_is_not_what_was_shown(other: Update) -> None:
    assert unreviewed(plan_of(other), [shown(plan_of(BOTH))]) == (other,)


def test_other_environments_and_addresses_are_not_what_was_shown() -> None:
    for other in (replace(PLAN, environment="staging"), replace(PLAN, api_url="https://other.example")):
        assert unreviewed(other, [shown(PLAN)]) == PLAN.changes


def test_a_field_shown_as_replaced_whatever_it_is_may_turn_out_to_be_seen() -> None:
    """A public key's plan does not see the description that a private key's plan compares."""
    unseen = replace(BOTH, old={"name": "Tour"}, new={"name": "The tour"}, unseen=("description",))
    assert unreviewed(plan_of(BOTH), [shown(plan_of(unseen))]) == ()
    assert unreviewed(plan_of(unseen), [shown(plan_of(BOTH))]) == (unseen,)


# Events

SHA = "a" * 40
SIDE = {"sha": SHA, "repo": {"full_name": "acorn/flows"}}


@pytest.mark.parametrize(
    ("name", "payload", "event"),
    [
        (
            "pull_request",
            {"pull_request": {"number": 5, "head": SIDE, "base": SIDE}},
            PullRequestEvent(5, SHA, SHA, is_fork=False),
        ),
        (
            "pull_request",
            {"pull_request": {"number": 5, "head": {"sha": SHA, "repo": None}, "base": SIDE}},
            PullRequestEvent(5, SHA, SHA, is_fork=True),
        ),
        ("pull_request", {"pull_request": {"number": "5", "head": SIDE, "base": SIDE}}, None),
        ("pull_request", {"pull_request": {"number": 5, "head": {"sha": "main"}, "base": SIDE}}, None),
        ("merge_group", {"merge_group": {"base_sha": SHA}}, MergeGroupEvent(SHA)),
        ("merge_group", {"merge_group": []}, None),
        ("push", {"before": SHA, "commits": [{"id": SHA}, {"id": "x"}, 3]}, PushEvent(SHA, (SHA,))),
        ("push", {"before": "0" * 40, "commits": None}, PushEvent(None, ())),
        ("schedule", {"schedule": "1 2 * * *"}, OtherEvent("schedule")),
        ("workflow_dispatch", None, OtherEvent("workflow_dispatch")),
    ],
)
def test_events_are_read_as_far_as_they_matter(name: str, payload: JsonValue, event: object, tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(payload))
    if event is None:
        with pytest.raises(ConfigError, match="does not describe"):
            read_event(name, path)
    else:
        assert read_event(name, path) == event


def test_an_event_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\(event.json, from GITHUB_EVENT_PATH\) cannot be read"):
        read_event("push", tmp_path / "event.json")


# The runner

NEEDED = {
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_EVENT_PATH": "/event.json",
    "GITHUB_REPOSITORY": "acorn/flows",
    "GITHUB_SHA": SHA,
}


def test_elsewhere_than_in_github_actions_the_error_says_so() -> None:
    with pytest.raises(ConfigError) as caught:
        read_runner({"GITHUB_SHA": SHA}, "/tmp")
    assert str(caught.value).startswith("This is not GitHub Actions: GITHUB_EVENT_NAME, GITHUB_EVENT_PATH,")
    assert "work anywhere" in (caught.value.hint or "")


def test_what_the_runner_leaves_out_has_a_default() -> None:
    runner = read_runner(NEEDED, "/tmp")
    assert (runner.api_url, runner.graphql_url) == ("https://api.github.com", "https://api.github.com/graphql")
    assert (runner.run_url, runner.branch, runner.summary, runner.temporary) == (None, None, None, Path("/tmp"))


@pytest.mark.parametrize("variable", ["GITHUB_API_URL", "GITHUB_GRAPHQL_URL", "GITHUB_SERVER_URL"])
@pytest.mark.parametrize("address", ["http://github.example", "ftp://x", "https://me@github.example", "https://x?y"])
def test_an_address_that_no_token_may_go_to_is_refused(variable: str, address: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable} must"):
        read_runner({**NEEDED, variable: address}, "/tmp")


def test_addresses_and_branch_are_those_of_the_runner() -> None:
    more = {"GITHUB_REF": "refs/heads/release/1", "GITHUB_SERVER_URL": "https://ghe.example/", "GITHUB_RUN_ID": "8"}
    runner = read_runner({**NEEDED, **more}, "/tmp")
    assert (runner.branch, runner.run_url) == ("release/1", "https://ghe.example/acorn/flows/actions/runs/8")


# What is left behind


@given(st.dictionaries(st.sampled_from(["plan-json", "updates", "sarif"]), hostile))
def test_outputs_are_read_as_they_were_written(values: dict[str, str]) -> None:
    assert read_outputs(outputs_text(values, "delimiter-4711")) == values


def test_a_value_that_holds_the_delimiter_or_an_unknown_name_is_refused() -> None:
    for values in ({"updates": "x\nend\ny"}, {"PATH": "x"}):
        with pytest.raises(ValueError, match="cannot be written as an output"):
            outputs_text(values, "end")


def test_files_of_the_runner_are_added_to(tmp_path: Path) -> None:
    write_summary(tmp_path / "summary", "one")
    write_summary(tmp_path / "summary", "two \ud800")
    assert (tmp_path / "summary").read_text() == "one\ntwo \\ud800\n"
    write_outputs(None, {"updates": "1"})
    with pytest.raises(FlowsyncError, match="missing, which the runner names, cannot be written"):
        write_outputs(tmp_path / "no" / "missing", {})


@given(hostile)
def test_the_runner_takes_no_command_from_the_log(text: str) -> None:
    assert log_commands(notice(text)) == [notice(text).rstrip("\n")]
    assert notice(text).count("\n") == 1
    first, *_, last = inert(text).rstrip("\n").split("\n")
    assert first.startswith("::stop-commands::")
    assert last == f"::{first.rpartition(':')[2]}::"
