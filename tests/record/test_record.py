"""Records: lines out, lines in, and what a crash leaves of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.api.rows import live_flow
from flowsync.errors import RecordError
from flowsync.model import AlreadyApplied, Applied, Failed, JsonValue, NotAttempted, Outcome, Refused
from flowsync.record.lines import end_line, outcome_line, run_line, write_line
from flowsync.record.values import Purpose, Result
from flowsync.secrets import IN_USE
from tests.record.building import RUN, TIME, change, ended, header, record, row, write
from tests.support.strategies import scalars, trees, wild_texts

APPLIED = Applied(change())
WHOLE = [header(), write(change(), row()), ended(APPLIED, row(name="New")), end_line(TIME)]


def test_what_is_written_is_read() -> None:
    kept = record(*WHOLE)
    assert (kept.runs, kept.is_complete, kept.uncertain) == ((RUN,), True, 0)
    (only,) = kept.writes
    assert only.before == row()
    assert (only.slug, only.file, only.id) == ("flow_x", "flows/flow_x.yaml", 7)
    assert (only.seen, only.written) == ({"name": "Old"}, {"name": "New"})
    assert only.result == Result("applied", uncertain=False, after={"name": "New"})


def test_the_first_line_names_the_format_and_the_run() -> None:
    assert json.loads(header()) == {
        "format": "flowsync-record/1",
        "command": "apply",
        "environment": None,
        "api_url": "https://api.frigade.com",
        "digest": "sha256:" + "a" * 64,
        "tool": "flowsync 0",
        "time": TIME,
        "changes": 2,
    }
    named = replace(RUN, environment="production", purpose=Purpose.ROLLBACK)
    assert record(run_line(named)).runs == (named,)


@given(st.dictionaries(st.sampled_from(["name", "data", "description", "internalData"]), trees(scalars | wild_texts)))
def test_the_row_before_is_kept_as_the_server_showed_it(fields: dict[str, JsonValue]) -> None:
    live = live_flow({**row().raw, **fields})
    line = write(change(), live)
    assert line.isascii()
    assert line.count(b"\n") == 1
    (only,) = record(header(), line).writes
    assert only.before.raw == json.loads(json.dumps(live.raw))


def test_null_is_told_from_what_was_not_shown() -> None:
    planned = change(old={"description": "d"}, body={"description": "e", "active": True})
    (null,) = record(header(), write(planned, row(description=None))).writes
    assert null.seen == {"description": None}
    (absent,) = record(header(), write(replace(planned, old={}), row())).writes
    assert absent.seen == {}
    (planned_from,) = record(header(), write(planned, row())).writes
    assert planned_from.seen == {"description": "d"}


OUTCOMES: list[tuple[Outcome, Result]] = [
    (Applied(change(), ("name",)), Result("applied", uncertain=False, after={"name": "Seen"})),
    (AlreadyApplied(change()), Result("unchanged", uncertain=False, after={"name": "Seen"})),
    (
        Refused(change(), "changed-while-writing", "m", uncertain=True),
        Result("refused", uncertain=True, after={"name": "Seen"}),
    ),
    (Failed(change(), "c", "m", None, uncertain=True), Result("failed", uncertain=True, after={"name": "Seen"})),
    (NotAttempted(change(), "m"), Result("not-attempted", uncertain=False, after={"name": "Seen"})),
]


@pytest.mark.parametrize(("outcome", "result"), OUTCOMES)
def test_every_outcome_is_kept(outcome: Outcome, result: Result) -> None:
    (only,) = record(header(), write(change(), row()), ended(outcome, row(name="Seen"))).writes
    assert only.result == result


def test_an_outcome_without_a_write_leaves_no_write() -> None:
    assert record(header(), ended(AlreadyApplied(change()), row())).writes == ()


def test_a_record_cut_off_anywhere_is_read_up_to_there() -> None:
    """A write whose line is there in full is known; one whose outcome is not is uncertain."""
    for end in range(len(header()), len(b"".join(WHOLE))):
        held = b"".join(WHOLE)[:end].splitlines(keepends=True)
        kept = record(*held)
        whole = [line for line in held if line.endswith(b"\n") or line + b"\n" in WHOLE]
        assert len(kept.writes) == min(len(whole) - 1, 1)
        assert kept.uncertain == (len(whole) == 2)
        assert kept.is_complete == (len(whole) == 4)


def test_zeros_at_the_end_are_what_a_power_cut_leaves() -> None:
    kept = record(*WHOLE[:2], b"\0" * 512)
    assert (len(kept.writes), kept.uncertain) == (1, 1)


def test_a_run_added_to_a_record_that_was_cut_off() -> None:
    other = change("flow_y", 8)
    kept = record(header(), write(change(), row()), b'{"event":"outc\n', header(), write(other, row("flow_y", 8)))
    assert [each.slug for each in kept.writes] == ["flow_x", "flow_y"]
    assert (len(kept.runs), kept.is_complete, kept.uncertain) == (2, False, 2)
    assert len(record(b'{"form\n', header()).runs) == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "is not a record"),
        ([b"name: a flow\n"], "is not a record"),
        ([b'{"format":"flowsync-plan/1"}\n'], "is not a record"),
        ([b'{"a":1}\n', header()], "is not a record"),
        ([b"garbage\n", b'{"event":"end"}\n'], "is not a record"),
        ([b'{"format":"flowsync-record/2"}\n'], "has the format 'flowsync-record/2'; this flowsync reads"),
        ([b'{"format":"flowsync-record/1"}\n'], "line 1 is damaged"),
        ([header(), b"garbage\n", end_line(TIME)], "line 2 is damaged"),
        ([header(), b"[1]\n", end_line(TIME)], "line 2 is damaged"),
        ([header(), b"{}\n"], "line 2 is damaged"),
        ([header(), write(change(), row()).replace(b'"id":7', b'"id":8', 1)], "line 2 is damaged"),
        ([header(), write(change(), row()).replace(b'"target":"latest"', b'"target":"newest"')], "line 2 is damaged"),
        ([header(), write(change(), row()).replace(b'"withheld":[]', b'"withheld":[1]')], "line 2 is damaged"),
        ([header(), write(change(), row()).replace(b'"earlier":{}', b'"earlier":[]')], "line 2 is damaged"),
        ([header().replace(b'"changes":2', b'"changes":true')], "line 1 is damaged"),
        ([header().replace(b'"tool":"flowsync 0"', b'"tool":0')], "line 1 is damaged"),
    ],
)
def test_what_no_crash_leaves_is_refused(lines: list[bytes], said: str) -> None:
    with pytest.raises(RecordError) as caught:
        record(*lines)
    assert caught.value.message.startswith("applies/x.jsonl")
    assert said in caught.value.message


def test_an_event_of_a_later_version_and_empty_lines_are_passed_over() -> None:
    assert record(*WHOLE, b'{"event":"signature","by":"x"}\n', b"\n").is_complete


KEY = "secret-key-of-an-odd-form"


@pytest.mark.parametrize("secret", [KEY, "api_private_abcDEF123"])
def test_a_field_that_holds_a_key_is_left_out_and_named(secret: str) -> None:
    IN_USE.add(KEY)
    planned = change(old={"name": "Old", "description": secret}, body={"name": "New", "description": secret})
    live = row(internalData={"auth": f"Bearer {secret}"}, codeSnippet="<x/>")
    line = write_line(planned, live, TIME)
    assert secret.encode() not in line
    (only,) = record(header(), line).writes
    assert only.withheld == ("description", "internalData")
    assert (only.seen, only.body) == ({"name": "Old"}, {"name": "New"})
    assert only.before.raw["codeSnippet"] == "<x/>"
    told = outcome_line(Failed(planned, "c", f"It said {secret}", None, uncertain=True), live, TIME, None)
    assert secret.encode() not in told
    (only,) = record(header(), line, told).writes
    assert only.result == Result("failed", uncertain=True, after=None)


def test_a_public_key_in_a_flow_is_no_secret() -> None:
    line = write_line(change(), row(name="api_public_abc"), TIME)
    assert record(header(), line).writes[0].seen == {"name": "api_public_abc"}


def chain(*steps: tuple[JsonValue, JsonValue]) -> tuple[JsonValue, JsonValue, bool]:
    """Writes of one row, each from a name to a name: what they did together."""
    lines = [
        line
        for old, new in steps
        for line in (
            header(),
            write(change(old={"name": old}, body={"name": new}), row(name=old)),
            ended(APPLIED, row(name=new)),
        )
    ]
    (only,) = record(*lines).writes
    return only.seen["name"], only.written["name"], only.edited_between


@pytest.mark.parametrize(
    ("steps", "together"),
    [
        ([("a", "b"), ("b", "c")], ("a", "c", False)),
        ([("a", "b"), ("a", "b")], ("a", "b", False)),
        ([("a", "b"), ("b", "c"), ("c", "d")], ("a", "d", False)),
        ([("a", "b"), ("x", "c")], ("a", "c", True)),
        ([("a", "b"), ("x", "c"), ("c", "d")], ("a", "d", True)),
    ],
)
def test_writes_of_one_row_in_one_record_are_one_way_back(
    steps: list[tuple[JsonValue, JsonValue]], together: tuple[JsonValue, JsonValue, bool]
) -> None:
    assert chain(*steps) == together


def test_writes_of_several_fields_add_up() -> None:
    first = change(old={"name": "a"}, body={"name": "b"})
    then = change(old={"description": "d"}, body={"description": "e"})
    (only,) = record(
        header(), write(first, row(name="a", description="d")), header(), write(then, row(name="b", description="d"))
    ).writes
    assert (only.seen, only.written) == ({"name": "a", "description": "d"}, {"name": "b", "description": "e"})
    assert only.result is None
