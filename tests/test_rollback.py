"""Planning the way back from an apply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from flowsync.api.endpoints import rows_by_slug
from flowsync.api.rows import live_flow
from flowsync.cli.commands.rollback import part_at
from flowsync.errors import RefusedError
from flowsync.model import (
    Applied,
    Blocked,
    Change,
    Failed,
    FieldName,
    JsonValue,
    LiveFlow,
    Outcome,
    Plan,
    Refused,
    Target,
    Unchanged,
    Update,
)
from flowsync.plan.document import restorable
from flowsync.record.lines import run_line
from flowsync.record.values import Place
from flowsync.versions.rollback import plan_rollback
from tests.record.building import RUN, URL, change, ended, header, record, row, write

OLD = "steps:\n  # As it was, comment and all\n  - {id: a, title: Old}\n"
NEW = "steps: [{id: a, title: New}]\n"
DATA = change(old={"data": {"steps": [{"id": "a", "title": "Old"}]}}, body={"data": NEW})


def way_back(planned: Update, before: LiveFlow, live: Sequence[LiveFlow], after: LiveFlow | None = None) -> Plan:
    lines = [header(), write(planned, before)]
    if after is not None:
        lines.append(ended(Applied(planned), after))
    return back(lines, *live)


def restored(made: Plan) -> Mapping[FieldName, JsonValue]:
    """What the one write of the plan sends."""
    decision = only(made)
    assert isinstance(decision, Update)
    return decision.body


def back(lines: Sequence[bytes], *live: LiveFlow) -> Plan:
    """The plan from a record of these lines."""
    return plan_rollback(record(*lines), rows_by_slug(live), environment=None, api_url=URL)


def only(made: Plan) -> Change | Unchanged | Blocked:
    decisions: list[Change | Unchanged | Blocked] = [*made.changes, *made.unchanged, *made.blocked]
    (decision,) = decisions
    return decision


def test_the_exact_text_that_was_there_is_sent_back_to_the_same_row() -> None:
    decision = only(way_back(DATA, row(data=OLD), [row(data=NEW)]))
    assert isinstance(decision, Update)
    assert (decision.id, decision.body) == (7, {"data": OLD})
    assert [each.label for each in decision.fields] == ["steps[a].title"]


def test_only_what_was_written_is_put_back() -> None:
    """Somebody has changed the description since, which the apply had not touched."""
    before = row(data=OLD, description="d")
    assert restored(way_back(DATA, before, [row(data=NEW, description="Edited since")])) == {"data": OLD}


def test_text_that_could_not_be_read_is_put_back_as_it_was() -> None:
    broken = "steps: [\n\tbroken"
    assert restored(way_back(replace(DATA, old={"data": broken}), row(data=broken), [row(data=NEW)])) == {
        "data": broken
    }


NAMED = change()


@pytest.mark.parametrize(
    ("fields", "old", "sent"),
    [
        ({"description": None}, "gone", {"description": ""}),
        ({"description": ""}, "gone", {"description": ""}),
        ({"targetingLogic": None}, "user.isGuest()", {"targetingLogic": ""}),
        ({"active": False}, True, {"active": False}),
        ({"type": "LEGACY"}, "CARD", {"type": "LEGACY"}),
    ],
)
def test_null_goes_back_as_the_api_takes_it(
    fields: Mapping[FieldName, JsonValue], old: JsonValue, sent: Mapping[str, JsonValue]
) -> None:
    ((name, value),) = fields.items()
    planned = change(old=fields, body={name: old})
    before, live = ({**row().raw, name: each} for each in (value, old))
    assert restored(way_back(planned, live_flow(before), [live_flow(live)])) == sent


def test_what_is_back_already_is_left_alone_whatever_its_text() -> None:
    decision = only(way_back(DATA, row(data=OLD), [row(data='{"steps": [{"title": "Old", "id": "a"}]}')]))
    assert isinstance(decision, Unchanged)


def test_a_write_of_unknown_fate_is_told_by_what_is_live() -> None:
    assert isinstance(only(way_back(NAMED, row(), [row()])), Unchanged)
    assert isinstance(only(way_back(NAMED, row(), [row(name="New")])), Update)


def test_what_the_server_made_of_it_counts_as_written() -> None:
    """It had cut the name short, and said so."""
    assert restored(way_back(NAMED, row(), [row(name="Ne")], after=row(name="Ne"))) == {"name": "Old"}


def test_what_was_seen_after_a_write_that_failed_does_not_count_as_written() -> None:
    """It was somebody else's edit: rolling back must not undo that."""
    edited = row(name="Edited meanwhile")
    lines = [header(), write(NAMED, row()), ended(Refused(NAMED, "changed-while-writing", "m", uncertain=True), edited)]
    made = back(lines, edited)
    (blocked,) = made.blocked
    assert blocked.code == "changed-since-apply"


FAILED = Failed(NAMED, "api-rejected", "m", None, uncertain=False)


def test_what_somebody_wrote_after_a_write_that_failed_for_certain_is_left_alone() -> None:
    """Another apply, of another record, has written the very same: it is not this record's to undo."""
    lines = [header(), write(NAMED, row()), ended(FAILED, None)]
    made = back(lines, row(name="New"))
    assert (made.changes, made.unchanged, made.blocked) == ((), (), ())


RENAMED = change(old={"name": "New"}, body={"name": "Newer"})
FIRST = [header(), write(NAMED, row()), ended(Applied(NAMED), row(name="New")), header()]


@pytest.mark.parametrize("live", ["New", "Newer"])
@pytest.mark.parametrize(
    "ending", [[], [ended(Failed(RENAMED, "not-written", "m", None, uncertain=True), row(name="New"))]]
)
def test_after_a_second_write_in_doubt_either_of_both_leads_back(ending: list[bytes], live: str) -> None:
    lines = [*FIRST, write(RENAMED, row(name="New")), *ending]
    assert restored(back(lines, row(name=live))) == {"name": "Old"}


def test_a_second_write_that_failed_for_certain_does_not_stand_in_the_way_of_the_first() -> None:
    lines = [*FIRST, write(RENAMED, row(name="New")), ended(replace(FAILED, change=RENAMED), None)]
    assert restored(back(lines, row(name="New"))) == {"name": "Old"}


@pytest.mark.parametrize(
    "outcome",
    [Refused(RENAMED, "changed-since-planned", "m"), Failed(RENAMED, "api-server", "m", None, uncertain=False)],
)
def test_a_second_run_that_did_not_write_a_flow_says_nothing_of_the_first(outcome: Outcome) -> None:
    lines = [*FIRST[:2], ended(Applied(NAMED), row(name="Ne")), header(), ended(outcome, None)]
    assert restored(back(lines, row(name="Ne"))) == {"name": "Old"}


def test_an_edit_after_a_write_that_failed_for_certain_is_what_the_next_one_leads_back_to() -> None:
    edited = row(name="Edited")
    then = change(old={"name": "Edited"}, body={"name": "Newer"})
    lines = [header(), write(NAMED, row()), ended(FAILED, None), header(), write(then, edited)]
    assert restored(back(lines, row(name="Newer"))) == {"name": "Edited"}


def test_what_the_server_made_of_an_earlier_write_counts_after_a_later_one_of_another_field() -> None:
    then = change(old={"description": "d"}, body={"description": "e"})
    short = row(name="Ne", description="d")
    lines = [header(), write(NAMED, row(description="d")), ended(Applied(NAMED, ("name",)), short)]
    lines += [header(), write(then, short), ended(Applied(then), row(name="Ne", description="e"))]
    live = row(name="Ne", description="e")
    assert restored(back(lines, live)) == {"name": "Old", "description": "d"}


def test_what_an_earlier_write_lost_is_still_named_after_a_later_one() -> None:
    unshown, then = change(old={}, body={"description": "d"}), NAMED
    lines = [header(), write(unshown, row()), header(), write(then, row())]
    decision = only(back(lines, row(name="New")))
    assert isinstance(decision, Update)
    assert "cannot be restored: description" in decision.warnings[-1].message


def at(version: int, status: str, row_id: int = 7, name: str = "New") -> LiveFlow:
    return live_flow({"id": row_id, "slug": "flow_x", "version": version, "status": status, "name": name})


@pytest.mark.parametrize(
    ("live", "code", "said"),
    [
        ([row(name="Edited")], "changed-since-apply", "It was changed since: name is no longer as written."),
        ([], "gone", "Version 1 (id 7) is no longer there."),
        ([at(2, "ACTIVE", 9)], "gone", "Version 1 (id 7)"),
        ([at(1, "ARCHIVED"), at(2, "ACTIVE", 9)], "archived", "read-only"),
        ([at(1, "DRAFT")], "status-changed", "It was ACTIVE version 1; it is DRAFT version 1."),
        ([at(1, "PAUSED")], "status-changed", "It was ACTIVE version 1; it is PAUSED version 1."),
        ([at(1, "ACTIVE"), at(2, "DRAFT", 9)], "newer-version", "Version 2 (DRAFT) was made since."),
        ([live_flow({"id": 7, "slug": "flow_x", "version": 1, "status": "ACTIVE"})], "not-shown", "name"),
    ],
)
def test_what_changed_since_is_refused(live: list[LiveFlow], code: str, said: str) -> None:
    decision = only(way_back(NAMED, row(), live))
    assert isinstance(decision, Blocked)
    assert decision.code == code
    assert said in decision.message


def test_a_draft_that_was_published_since_is_not_rolled_back() -> None:
    decision = only(way_back(NAMED, at(1, "DRAFT", name="Old"), [at(1, "ACTIVE")]))
    assert isinstance(decision, Blocked)
    assert decision.code == "status-changed"
    assert "Version 1 was a draft then, and is published now" in decision.message
    assert "flowsync history flow_x" in decision.message


def test_many_changed_places_are_counted() -> None:
    steps = ", ".join(f"{{id: s{number}, title: X}}" for number in range(8))
    planned = replace(DATA, body={"data": f"steps: [{steps}]"})
    decision = only(way_back(planned, row(data=OLD), [row(data=f"steps: [{steps.replace('X', 'Y')}]")]))
    assert isinstance(decision, Blocked)
    assert "steps[s4].title and 3 more are no longer as written" in decision.message


def test_a_draft_beside_a_row_that_was_chosen_as_the_active_one_is_no_obstacle() -> None:
    planned = replace(NAMED, target=Target.ACTIVE)
    decision = only(way_back(planned, row(), [at(1, "ACTIVE"), at(2, "DRAFT", 9)]))
    assert isinstance(decision, Update)


def test_an_edit_between_two_applies_of_one_record_is_refused() -> None:
    again = change(old={"name": "Edited"}, body={"name": "Newer"})
    lines = [header(), write(NAMED, row()), header(), write(again, row(name="Edited"))]
    (blocked,) = back(lines, row(name="Newer")).blocked
    assert blocked.code == "edited-between"


def test_what_was_never_shown_cannot_be_restored_and_that_is_said() -> None:
    planned = change(body={"name": "New", "description": "e", "active": True})
    (update,) = way_back(planned, row(), [row(name="New")]).changes
    assert update.body == {"name": "Old"}
    warning = next(each for each in update.warnings if each.code == "not-restorable")
    assert warning.message.endswith("cannot be restored: description, active.")
    (unchanged,) = way_back(planned, row(), [row()]).unchanged
    assert unchanged.warnings == (warning,)


def test_a_write_of_what_was_never_shown_at_all_is_blocked() -> None:
    planned = change(old={}, body={"description": "e"})
    (blocked,) = way_back(planned, row(), [row()]).blocked
    assert (blocked.code, blocked.message) == (
        "never-seen",
        "The API never showed these fields before they were written: description.",
    )


def test_a_value_that_cannot_be_sent_is_not_restored() -> None:
    planned = change(body={"name": "New"})
    (blocked,) = way_back(planned, live_flow({**row().raw, "name": None}), [row(name="New")]).blocked
    assert blocked.code == "never-seen"


def test_data_that_came_as_an_object_goes_back_as_json_text() -> None:
    assert restorable({"data": {"steps": ["é"]}, "active": 1}) == {"data": '{"steps": ["é"]}'}


def test_only_the_flows_that_are_asked_for() -> None:
    other = change("flow_y", 8)
    kept = record(header(), write(NAMED, row()), write(other, row("flow_y", 8)))
    rows = {"flow_x": (row(name="New"),), "flow_y": (row("flow_y", 8, name="New"),)}
    whole = plan_rollback(kept, rows, environment=None, api_url=URL)
    assert [each.slug for each in whole.changes] == ["flow_x", "flow_y"]
    some = plan_rollback(kept, rows, environment=None, api_url=URL, slugs={"flow_y"})
    assert [each.slug for each in some.changes] == ["flow_y"]
    assert whole.digest != some.digest


@pytest.mark.parametrize(
    ("environment", "api_url", "said"),
    [
        (
            "production",
            URL,
            "The record was made for no environment, and this would write to the environment",
        ),
        (None, "https://other.example", "The record was made for https://api.frigade.com, and this would write to"),
    ],
)
def test_a_record_of_another_place_is_refused(environment: str | None, api_url: str, said: str) -> None:
    with pytest.raises(RefusedError) as caught:
        part_at(record(header()), Place(environment, api_url))
    assert said in caught.value.message


def test_a_record_of_an_environment_names_the_option() -> None:
    kept = record(run_line(replace(RUN, environment="production")))
    with pytest.raises(RefusedError) as caught:
        part_at(kept, Place(None, URL))
    assert caught.value.hint == "Run it with -e production."
    assert part_at(kept, Place("production", URL)).runs


def test_each_place_has_its_own_way_back_out_of_one_record() -> None:
    """The same id is another row elsewhere: what was written there must not count here, nor be lost."""
    staging = run_line(replace(RUN, environment="staging"))
    there = change(body={"name": "Staged"})
    kept = record(header(), write(NAMED, row()), staging, write(there, row(name="Another")))
    rows = {"flow_x": (row(name="New"),)}
    here = part_at(kept, Place(None, URL))
    assert restored(plan_rollback(here, rows, environment=None, api_url=URL)) == {"name": "Old"}
    part = part_at(kept, Place("staging", URL))
    rows = {"flow_x": (row(name="Staged"),)}
    assert restored(plan_rollback(part, rows, environment="staging", api_url=URL)) == {"name": "Another"}
