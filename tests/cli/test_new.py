"""flowsync new: a file that is valid as it is, and what keeps one from being written."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowsync.validate.view import FLOW_TYPES
from tests.support.command import command_line, flowsync, write_flows
from tests.support.terminal import on_terminal

SCHEMA_LINE = "# yaml-language-server: $schema=../.flowsync/flow.schema.json\n"


@pytest.mark.parametrize("type_", FLOW_TYPES)
def test_a_new_file_is_valid_in_form_tested_and_switched_off(tmp_path: Path, type_: str) -> None:
    made = flowsync("new", "flow_welcome-tour", "--type", type_.lower(), root=tmp_path)
    assert made.code == 0, made.err
    assert "flows/flow_welcome-tour.yaml" in made.out
    assert "warning" not in made.both
    text = (tmp_path / "flows" / "flow_welcome-tour.yaml").read_text()
    assert text.startswith(f"{SCHEMA_LINE}name: Welcome tour\ntype: {type_}\n# Switched off")
    assert "\nactive: false\n" in text
    assert (tmp_path / ".flowsync" / "flow.schema.json").is_file()
    assert flowsync("validate", root=tmp_path).both == "No problems found.\n"
    assert flowsync("fmt", "--check", root=tmp_path).code == 0
    tested = flowsync("test", root=tmp_path)
    assert (tested.code, "2 tests of 1 flow: 2 passed" in tested.both) == (0, True), tested.both
    for command in ("validate", "preview", "plan"):
        assert f"flowsync {command} flow_welcome-tour -C {tmp_path}" in made.err
    assert flowsync("plan", "--sandbox", root=tmp_path).code == 0


def test_the_name_can_be_said_and_the_slug_given_as_the_path_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "flowsync.yaml").write_text("flows: my/flows\n")
    named = ("--name", "  Yes: it's \u2028 true ")
    made = flowsync("new", "my/flows/flow_a.yaml", "--type", "CARD", *named, root=tmp_path)
    assert made.code == 0, made.err
    text = (tmp_path / "my/flows/flow_a.yaml").read_text()
    assert text.startswith(SCHEMA_LINE.replace("../", "../../"))
    assert flowsync("validate", root=tmp_path).code == 0
    assert flowsync("list", "--sandbox", "--format", "json", root=tmp_path).json["flows"][0]["name"] == named[1].strip()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["flow_a", "--type", "CARD"], "flows/sub/flow_a.yml is there already."),
        (["Flow_A", "--type", "CARD"], "flows/sub/flow_a.yml is there already."),
        (["flow_link", "--type", "CARD"], "flows/flow_link.yaml is there already."),
        (["flow_new"], "Which type of flow? Name it with --type."),
        (["flow_new", "--type", "MODAL"], "'MODAL' is not one of"),
        (["flow_new", "--type", "CARD", "--name", " "], "The name is empty."),
        (["", "--type", "CARD"], "Nothing cannot be a slug"),
        (["a b", "--type", "CARD"], "a b cannot be a slug: it holds unusual characters."),
        (["../flow_x", "--type", "CARD"], "cannot be a slug"),
        (["con", "--type", "CARD"], "con cannot be a slug: Windows reserves that name for a device."),
    ],
)
def test_nothing_is_written_where_something_is_wrong(tmp_path: Path, arguments: list[str], said: str) -> None:
    write_flows(tmp_path / "flows" / "x", {})
    (tmp_path / "flows" / "sub").mkdir()
    (tmp_path / "flows" / "sub" / "flow_a.yml").write_text("name: A\n")
    (tmp_path / "flows" / "flow_link.yaml").symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    refused = flowsync("new", *arguments, root=tmp_path)
    assert (refused.code, said in refused.err) == (64, True), refused.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_slug_that_the_server_may_not_take_and_one_nearly_as_another_are_pointed_out(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_welcome": "name: Welcome\n"})
    odd = flowsync("new", "welcome", "--type", "CARD", root=tmp_path)
    assert (odd.code, "warning: welcome does not begin with flow_" in odd.err) == (0, True), odd.err
    near = flowsync("new", "flow_welcom", "--type", "CARD", root=tmp_path)
    assert (near.code, "too, which is nearly the same slug." in near.err) == (0, True), near.err
    assert "warning" not in near.err
    other = flowsync("new", "flow_hello", "--type", "CARD", root=tmp_path)
    assert (other.code, "nearly" in other.err) == (0, False), other.err


def test_a_terminal_is_asked_for_the_type(tmp_path: Path) -> None:
    made = on_terminal(command_line("new", "flow_a"), tmp_path, question="flow? ", answer="banner\r")
    assert (made.code, "type: BANNER" in (tmp_path / "flows/flow_a.yaml").read_text()) == (0, True), made.screen
    for answer, code, said in (
        ("baner\r", 64, "Did you mean BANNER?"),
        ("\r", 64, "is not a type"),
        ("\x04", 1, "Nothing was written."),
    ):
        refused = on_terminal(command_line("new", "flow_b"), tmp_path, question="flow? ", answer=answer)
        assert (refused.code, said in refused.screen) == (code, True), refused.screen
    assert not (tmp_path / "flows/flow_b.yaml").exists()
