"""Flow files to Flows."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flowsync import document
from flowsync.flows.files import Repository, load_flows, merged
from flowsync.model import Flow, JsonValue, Target
from flowsync.workspace import MOST_READ, workspace


def repository(root: Path, files: dict[str, str | bytes], environment: str | None = None) -> Repository:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_flows(root, "flows", environment)


def only(loaded: Repository) -> Flow:
    assert loaded.problems == ()
    (flow,) = loaded.flows
    return flow


def codes(loaded: Repository) -> list[tuple[str, str]]:
    return [(problem.location.file, problem.code) for problem in loaded.problems]


GIVEN_IN_PARTS = Path("/proc/self/maps")
"""A file of which Linux gives a page at a time, as some file systems do of any file."""


@pytest.mark.skipif(not GIVEN_IN_PARTS.exists(), reason="only Linux has a file that it gives in parts")
def test_a_file_that_is_given_in_parts_is_read_to_its_end() -> None:
    whole = GIVEN_IN_PARTS.read_bytes()
    assert workspace(Path(__file__)).read_named(GIVEN_IN_PARTS, MOST_READ).splitlines()[-1] == whole.splitlines()[-1]


def test_only_stated_fields_are_held_in_the_order_of_the_format(tmp_path: Path) -> None:
    flow = only(repository(tmp_path, {"flows/a/flow_x.yaml": "data: {steps: []}\nactive: true\nx-note: 1\nname: X\n"}))
    assert (flow.slug, flow.file) == ("flow_x", "flows/a/flow_x.yaml")
    assert list(flow.fields.items()) == [("name", "X"), ("active", True), ("data", {"steps": []})]
    assert (flow.target, flow.protected, flow.tests) == (None, False, None)


def test_flows_are_sorted_by_slug_whatever_their_folders(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "flows/z/a.yaml": "name: a",
        "flows/b.yml": "name: b",
        "flows/.hidden.yaml": "!",
        "flows/x.txt": "!",
    }
    assert [flow.slug for flow in repository(tmp_path, files).flows] == ["a", "b"]


def test_target_protected_and_tests_are_read(tmp_path: Path) -> None:
    flow = only(repository(tmp_path, {"flows/a.yaml": "target: draft\nprotected: true\ntests: [{sees: true}]\n"}))
    assert (flow.target, flow.protected, flow.tests) == (Target.DRAFT, True, [{"sees": True}])


def test_data_is_sent_as_the_author_wrote_it(tmp_path: Path) -> None:
    flow = only(repository(tmp_path, {"flows/a.yaml": "name: A\ndata:\n  steps:\n    # first\n    - id: one\n"}))
    assert flow.data_text == "steps:\n  # first\n  - id: one\n"


CRITERIA = """\
steps:
  # first
  - id: one
    title: |
      Two
      lines
    visibilityCriteria: >  # who
      user.isGuest()

      && true
    completionCriteria: |
      (
        true
      )
"""
ON_ONE_LINE = {"visibilityCriteria": "user.isGuest() && true", "completionCriteria": "(true)"}


@pytest.mark.parametrize("opening", ["data:\n", "data: |\n"])
def test_criteria_are_sent_on_one_line_and_all_else_as_the_author_wrote_it(tmp_path: Path, opening: str) -> None:
    block = "".join(f"  {line}\n" if line else "\n" for line in CRITERIA.removesuffix("\n").split("\n"))
    flow = only(repository(tmp_path, {"flows/a.yaml": opening + block}))
    text = flow.data_text
    assert text is not None
    assert text.startswith("steps:\n  # first\n  - id: one\n    title: |\n      Two\n      lines\n")
    assert "# who" in text
    step = {"id": "one", "title": "Two\nlines\n", **ON_ONE_LINE}
    assert document.parse_data(text).value == {"steps": [step]}


def test_criteria_in_json_and_under_an_overlay_are_sent_on_one_line(tmp_path: Path) -> None:
    criterion = {"visibilityCriteria": "user.isGuest()\n&& true", "completionCriteria": "(\ntrue)"}
    data: JsonValue = {"steps": [{"id": "one", **criterion}]}
    files: dict[str, str | bytes] = {
        "flows/a.yaml": document.dump({"data": json.dumps(data)}),
        "flows/b.yaml": document.dump({"data": {}, "environments": {"development": {"data": data}}}),
    }
    for flow in repository(tmp_path, files, "development").flows:
        assert flow.data_text is not None
        assert document.parse_data(flow.data_text).value == {"steps": [{"id": "one", **ON_ONE_LINE}]}


def test_data_given_as_text_is_sent_as_it_is_and_compared_by_value(tmp_path: Path) -> None:
    flow = only(repository(tmp_path, {"flows/a.yaml": 'data: |\n  {"steps": [{"id": "one"}]}\n'}))
    assert flow.data_text == '{"steps": [{"id": "one"}]}\n'
    assert flow.fields["data"] == {"steps": [{"id": "one"}]}


def test_unreadable_data_text_is_left_for_validation_to_report(tmp_path: Path) -> None:
    flow = only(repository(tmp_path, {"flows/a.yaml": "data: '{\"steps\": ['\n"}))
    assert flow.fields["data"] == '{"steps": ['


def test_an_alias_into_the_rest_of_the_file_is_sent_as_a_dump(tmp_path: Path) -> None:
    text = "x-button: &button {title: Go}\ndata:\n  steps:\n    - id: one\n      primaryButton: *button\n"
    flow = only(repository(tmp_path, {"flows/a.yaml": text}))
    assert flow.data_text is not None
    assert "*" not in flow.data_text
    assert "title: Go" in flow.data_text


OVERLAID = """\
name: A
active: true
data:
  title: Hello
  steps:
    - id: one
environments:
  development:
    active: false
    target: draft
    data:
      title: Hello, developers
"""


def test_an_overlay_is_merged_for_its_environment_only(tmp_path: Path) -> None:
    plain = only(repository(tmp_path, {"flows/a.yaml": OVERLAID}))
    assert plain.fields["active"] is True
    assert plain.data_text == "title: Hello\nsteps:\n  - id: one\n"
    other = only(load_flows(tmp_path, "flows", "production"))
    assert other.fields == plain.fields
    overlaid = only(load_flows(tmp_path, "flows", "development"))
    assert overlaid.fields["active"] is False
    assert overlaid.target is Target.DRAFT
    assert overlaid.fields["data"] == {"title": "Hello, developers", "steps": [{"id": "one"}]}
    assert overlaid.data_text is not None
    assert "developers" in overlaid.data_text


def test_positions_lead_to_the_overlay_where_it_states_the_value(tmp_path: Path) -> None:
    flow = only(repository(tmp_path, {"flows/a.yaml": OVERLAID}, "development"))
    assert flow.source.location(("data", "title")).line == 12
    assert flow.source.key_location(("active",)).line == 9
    assert flow.source.location(("data", "steps", 0, "id")).line == 6
    assert flow.source.location(("name",)).line == 1
    assert flow.source.text == OVERLAID
    assert isinstance(flow.source.value, dict)


@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        ({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}),
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"x": 1}}, {"a": None}, {"a": None}),
        (None, {"a": 1}, {"a": 1}),
    ],
)
def test_mappings_merge_and_all_else_is_replaced(
    base: dict[str, object], over: dict[str, object], expected: object
) -> None:
    assert merged(base, over) == expected  # type: ignore[arg-type] # JSON-like by construction


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, [("flows", "no-flows")]),
        ({"flows/readme.md": "hello"}, [("flows", "no-flows")]),
        ({"flows/a.yaml": "- a list"}, [("flows/a.yaml", "not-a-mapping")]),
        ({"flows/a.yaml": ""}, [("flows/a.yaml", "not-a-mapping")]),
        ({"flows/a.yaml": "slug: b"}, [("flows/a.yaml", "slug-mismatch")]),
        ({"flows/a.yaml": "name: A", "flows/sub/a.yml": "name: B"}, [("flows/sub/a.yml", "duplicate-slug")]),
        ({"flows/a.YAML": "name: A", "flows/b.yaml": "name: B"}, [("flows/a.YAML", "file-ending")]),
        ({"flows/a.yaml": b"name: \xff"}, [("flows/a.yaml", "not-utf8")]),
        ({"flows/a.yaml": b"#" * (1024 * 1024 + 1)}, [("flows/a.yaml", "too-large")]),
        (
            {"flows/a.yaml": "a: 1\na: 2", "flows/b.yaml": "x: [", "flows/c.yaml": "name: C"},
            [("flows/a.yaml", "duplicate-key"), ("flows/b.yaml", "yaml-syntax")],
        ),
        ({"flows/a.yaml": "[" * 101 + "]" * 101}, [("flows/a.yaml", "nesting")]),
    ],
)
def test_what_cannot_be_read_is_reported_for_every_file(
    tmp_path: Path, files: dict[str, str | bytes], expected: list[tuple[str, str]]
) -> None:
    assert codes(repository(tmp_path, files)) == expected


def test_symlinks_may_not_leave_the_directory(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("name: secret")
    (tmp_path / "outside").mkdir()
    loaded = repository(tmp_path, {"flows/a.yaml": "name: A"})
    assert loaded.problems == ()
    flows = tmp_path / "flows"
    (flows / "inside.yaml").symlink_to("a.yaml")
    (flows / "dangling.yaml").symlink_to("nowhere.yaml")
    (flows / "linked").symlink_to(tmp_path / "outside")
    (flows / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (flows / "self.yaml").symlink_to("self.yaml")
    loaded = load_flows(tmp_path, "flows")
    assert codes(loaded) == [
        (f"flows/{name}", "symlink-outside") for name in ("dangling.yaml", "linked", "out.yaml", "self.yaml")
    ]
    assert [flow.slug for flow in loaded.flows] == ["a", "inside"]


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    os.mkfifo(tmp_path / "flows" / "pipe.yaml")
    assert ("flows/pipe.yaml", "not-a-file") in codes(load_flows(tmp_path, "flows"))


def test_files_that_cannot_be_read_are_told_apart_from_those_beside_them(tmp_path: Path) -> None:
    names = ["a/x", "a/gone", "a/y", "gone/z", "b/z"]
    for name in ("a/x", "a/y", "b/z"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    found = [*workspace(tmp_path).read_each([tmp_path / name for name in names], MOST_READ)]
    assert [each if isinstance(each, bytes) else type(each) for each in found] == [
        b"a/x",
        FileNotFoundError,
        b"a/y",
        FileNotFoundError,
        b"b/z",
    ]
