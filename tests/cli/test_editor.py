"""The files that `init` and `new` write, in an editor on the YAML language server: errors, completion, explanations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import language_server
from tests.support.command import flowsync
from tests.support.language_server import Editor

pytestmark = pytest.mark.skipif(
    not language_server.is_installed(),
    reason="needs yaml-language-server: npm install --no-package-lock in tests/javascript",
)

TOUR = "flows/flow_tour.yaml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    assert flowsync("init", "--yes", root=root).code == 0
    assert flowsync("new", "flow_tour", "--type", "TOUR", root=root).code == 0
    return root


@pytest.fixture(scope="module")
def editor(project: Path) -> Iterator[Editor]:
    with language_server.editor(project) as opened:
        yield opened


def changed(project: Path, name: str, text: str, into: str) -> tuple[str, int]:
    """The text of a file with one line of it changed; where that is, from 1."""
    lines = (project / name).read_text(encoding="utf-8").split("\n")
    number = lines.index(text)
    lines[number] = into
    return "\n".join(lines), number + 1


def test_nothing_is_underlined_in_what_is_written(project: Path, editor: Editor) -> None:
    names = [
        file.relative_to(project).as_posix() for file in [*project.glob("flows/*.yaml"), project / "flowsync.yaml"]
    ]
    found = editor.findings({name: (project / name).read_text(encoding="utf-8") for name in names})
    assert {name: found[name] for name in names} == {"flowsync.yaml": [], "flows/flowsync_example.yaml": [], TOUR: []}


MISTAKES = [
    (TOUR, "active: false", "activ: false", "Property activ is not allowed."),
    (TOUR, "active: false", "active: 'no'", 'Incorrect type. Expected "boolean".'),
    (TOUR, "type: TOUR", "type: TUOR", "Value is not accepted. Valid values:"),
    (TOUR, "      title: Make it yours", "      title: [it]", "Incorrect type. Expected one of string, null."),
    ("flowsync.yaml", "target: latest", "targets: latest", "Property targets is not allowed."),
    ("flowsync.yaml", "flows: flows", "flows: 3", 'Incorrect type. Expected "string".'),
]


def test_a_mistake_is_underlined(project: Path, editor: Editor) -> None:
    wrong = {
        (Path(name).parent / f"mistake_{number}.yaml").as_posix(): changed(project, name, text, into)
        for number, (name, text, into, _) in enumerate(MISTAKES)
    }
    found = editor.findings({name: text for name, (text, _) in wrong.items()})
    for (name, (_, line)), (*_, message) in zip(wrong.items(), MISTAKES, strict=True):
        assert [(each.line, each.message[: len(message)]) for each in found[name]] == [(line, message)]


def test_keys_and_words_are_offered(project: Path, editor: Editor) -> None:
    text, line = changed(project, TOUR, "      title: Make it yours", "      ")
    editor.findings({"flows/offered.yaml": text})
    keys = set(editor.offered("flows/offered.yaml", line, 7))
    assert keys >= {"title", "imageUri", "secondaryButton"}
    assert not keys & {"id", "subtitle", "titel", "name"}, "what is there already, what nobody knows, a key of a flow"
    types = {"ANNOUNCEMENT", "BANNER", "CARD", "CHECKLIST", "CUSTOM", "FORM", "SURVEY", "TOUR"}
    assert set(editor.offered("flows/offered.yaml", 3, 7)) >= types


@pytest.mark.parametrize(
    ("text", "column", "explained"),
    [
        ("type: TOUR", 2, "`TOUR`: Tooltips that point at elements; every step needs a selector"),
        ('      selector: "#search"', 8, "CSS selector"),
        ("tests:", 2, "Never sent"),
    ],
)
def test_a_key_is_explained(project: Path, editor: Editor, text: str, column: int, explained: str) -> None:
    written, line = changed(project, TOUR, text, text)
    editor.findings({TOUR: written})
    assert explained in editor.hover(TOUR, line, column)


def test_a_setting_is_explained_and_offered(project: Path, editor: Editor) -> None:
    text, line = changed(project, "flowsync.yaml", "target: latest", "target: ")
    editor.findings({"settings/flowsync.yaml": text.replace("$schema=", "$schema=../")})
    assert set(editor.offered("settings/flowsync.yaml", line, 9)) == {"latest", "active", "draft"}
    assert "Which version" in editor.hover("settings/flowsync.yaml", line, 2)
