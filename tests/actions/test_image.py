"""The Dockerfile, as far as it can be held to something without Docker."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch

from tests.actions.steps import INSTALL, ROOT
from tests.support.programs import assert_passes

TEXT = (ROOT / ".github" / "Dockerfile").read_text(encoding="utf-8")
LINES = re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
INSTRUCTIONS = [line.partition(" ")[::2] for line in LINES if line]
SENT = [
    line[1:]
    for line in (ROOT / ".github" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    if line.startswith("!")
]


def given(instruction: str) -> list[str]:
    return [text for name, text in INSTRUCTIONS if name == instruction]


def test_it_runs_flowsync_on_a_slim_image_as_somebody_who_is_not_root() -> None:
    assert {text.split()[0] for text in given("FROM")} == {"python:3.13-slim"}
    last = [name for name, _ in INSTRUCTIONS].index("USER")
    assert not {"RUN", "COPY", "ADD"} & {name for name, _ in INSTRUCTIONS[last:]}
    (user,) = given("USER")
    assert int(user) > 0
    assert f"--uid {user} " in " ".join(given("RUN"))
    assert [json.loads(text) for text in (*given("ENTRYPOINT"), *given("CMD"))] == [["flowsync"], ["--help"]]


def test_it_installs_what_is_locked_as_the_action_does() -> None:
    runs = " ".join(given("RUN"))
    assert "--no-deps --require-hashes --only-binary :all: -r requirements.txt" in runs
    assert "--require-hashes --only-binary :all:" in INSTALL["run"]
    assert "--no-deps --no-index --no-build-isolation ." in runs
    assert "ADD" not in dict(INSTRUCTIONS)
    assert "ARG" not in dict(INSTRUCTIONS)  # a build argument stays in the image's history, so no key goes there


def test_only_what_is_copied_is_sent_to_the_build_and_all_of_it_is_there() -> None:
    copied = [name for text in given("COPY") if not text.startswith("--from=") for name in text.split()[:-1]]
    assert sorted(copied) == sorted(SENT)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    backend_needs = re.findall(
        r'^(?:readme = "|license-files = \[")([^"]+)', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert [name for name in backend_needs if not any(fnmatch(name, each) for each in SENT)] == []


def test_its_scripts_are_what_shellcheck_likes() -> None:
    assert_passes("shellcheck", "--shell=sh", "-", stdin="\n".join(given("RUN")))
