"""Slugs and lines that look the same and are not: the plan says how they differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import environment, flowsync, served, write_flows
from tests.support.fake_frigade import FakeConfig, fake_frigade, row


@pytest.mark.parametrize(
    ("slug", "live", "said"),
    [
        ("flow_caf\u00e9", "flow_cafe\u0301", "looks the same"),
        ("flow_p\u0430y", "flow_pay", "U+0430 CYRILLIC SMALL LETTER A and U+0061 LATIN SMALL LETTER A"),
        ("flow_Pay", "flow_pay", "differs in capital letters only"),
        ("flow_pyament", "flow_payment", "Did you mean"),
    ],
)
def test_a_slug_that_is_nearly_live_is_asked_about(tmp_path: Path, slug: str, live: str, said: str) -> None:
    with served(tmp_path, {slug: "name: New\n"}, [row(1, live)]) as (_, run):
        shown = run("plan")
    assert shown.code == 1
    assert "Did you mean" in shown.out
    assert said in " ".join(shown.out.split())


LINES = [
    ("caf\u00e9", "cafe\u0301", "U+00E9 LATIN SMALL LETTER E WITH ACUTE"),
    ("P\u0430y now", "Pay now", "U+0430 CYRILLIC SMALL LETTER A"),
    ("Go \u2764", "Go \u2764\ufe0f", "U+FE0F VARIATION SELECTOR-16"),
    ("It\u2019s", "It's", "U+2019 RIGHT SINGLE QUOTATION MARK"),
    ("a\u3164b", "a b", "U+3164 HANGUL FILLER"),
    ("d\u0131d", "did", "U+0131 LATIN SMALL LETTER DOTLESS I"),
    ("Next \u13aa", "Next A", "U+13AA CHEROKEE LETTER GO"),
    ("\u0432efore", "before", "U+0432 CYRILLIC SMALL LETTER VE"),
]


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize(("new", "old", "said"), LINES)
def test_lines_that_look_the_same_are_followed_by_what_differs(
    tmp_path: Path, form: str, new: str, old: str, said: str
) -> None:
    file = f'name: "{new}"\ntargetingLogic: user.property(\'plan\') == "{new.replace(chr(39), "")}x"\n'
    write_flows(tmp_path, {"flow_a": file + f'data:\n  steps:\n    - id: a\n      title: "{new}"\n'})
    live = row(1, "flow_a", name=old, targetingLogic="", data={"steps": [{"id": "a", "title": old}]})
    with fake_frigade(FakeConfig(), [live]) as server:
        shown = flowsync("plan", "--format", form, root=tmp_path, env=environment(server.url))
    assert shown.code in {0, 3}, shown.both
    assert shown.out.count("these two differ in") == 2
    assert said in shown.out


def test_lines_that_a_person_can_tell_apart_are_not_explained(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_a": "name: caf\u00e9\n"}, [row(1, "flow_a", name="cafe")]) as (_, run):
        shown = run("plan")
    assert "these two differ" not in shown.out


def test_long_lines_are_explained_by_their_first_differences(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: " + "\u00e9x" * 20_000 + "\n"})
    with fake_frigade(FakeConfig(), [row(1, "flow_a", name="e\u0301x" * 20_000)]) as server:
        shown = flowsync("plan", root=tmp_path, env=environment(server.url))
    assert shown.code == 0
    assert "U+00E9 LATIN SMALL LETTER E WITH ACUTE" in shown.out
