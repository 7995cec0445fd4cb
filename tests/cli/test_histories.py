"""Random histories of a file in real repositories, a random live value: the past is what a search by hand finds."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync.cli.project.history import GitHistory
from tests.support.command import execute, git

PLACES = ("flows/flow_a.yaml", "flows/deep/flow_a.yml", "elsewhere/flow_a.yaml")
State = tuple[str, str] | None
"""Where the file is and which name it states; None where there is no file."""

states = st.lists(
    st.one_of(st.none(), st.tuples(st.sampled_from(PLACES), st.sampled_from("abcd"))), min_size=1, max_size=8
).filter(lambda found: found[-1] is not None)


def stream(history: list[State]) -> bytes:
    """The history as git fast-import reads it: a commit for each state, all of the tree new."""
    lines: list[str] = []
    for number, state in enumerate(history):
        lines += [f"commit refs/heads/main\nmark :{number + 1}\ncommitter t <t@example.com> {number} +0000"]
        lines += [f"data <<END\nStep {number} (#{number})\nEND", "deleteall"]
        lines += [f"M 100644 inline other/flow_b.yaml\ndata <<END\nname: {number}\nEND"]
        if state:
            lines += [f"M 100644 inline {state[0]}\ndata <<END\nname: {state[1]}\nEND"]
    return ("\n".join(lines) + "\n").encode()


def expected(history: list[State]) -> list[str]:
    """The names that the file had, newest first: followed from place to place, but not over a gap to another one."""
    found: list[str] = []
    place, is_gap = (history[-1] or PLACES)[0], False
    for state in reversed(history):
        if state is None or (is_gap and state[0] != place):
            is_gap = True
            continue
        place, is_gap = state[0], False
        found.append(state[1])
    return found


def without_repeats(names: list[str]) -> list[str]:
    return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name]


@settings(max_examples=25)
@given(states)
def test_the_past_of_a_file_is_what_it_said_wherever_it_was(history: list[State]) -> None:
    last = history[-1]
    assert last is not None
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        git(root, "init", "-q", "-b", "main")
        assert execute(["git", "fast-import", "--quiet"], root, input=stream(history)).code == 0
        past = GitHistory(root, "main", {"flow_a": last[0]}, None).before_base(["flow_a"])["flow_a"]
        names = [str(version.fields["name"]) for version in past.versions if version.fields]
    assert without_repeats(names) == without_repeats(expected(history))
    assert past.gap == ""
