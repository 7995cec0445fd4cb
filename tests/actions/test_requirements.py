"""What is locked for the action, and the lowest releases that the tests are run with, held to pyproject.toml."""

from __future__ import annotations

import re
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from flowsync.templates import DISTRIBUTION
from tests.actions.steps import ROOT
from tests.support.command import git

PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
LOCK = (ROOT / ".github" / "requirements.txt").read_text(encoding="utf-8")
LOCKED = [
    Requirement(line.removesuffix(" \\")) for line in LOCK.splitlines() if re.match(r"[a-z]", line)
]  # the other lines are hashes and comments


def stated(key: str) -> list[Requirement]:
    """The requirements in a list of pyproject.toml."""
    found = re.search(rf"^{key} = \[(.*?)\]$", PYPROJECT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return [Requirement(text) for text in re.findall(r'"([^"]+)"', found[1])]


def pins(requirements: list[Requirement], name: str) -> list[str]:
    return [next(iter(each.specifier)).version for each in requirements if canonicalize_name(each.name) == name]


def test_the_lock_holds_a_version_of_every_dependency_that_is_admitted() -> None:
    for wanted in [*stated("dependencies"), *stated("requires")]:
        versions = pins(LOCKED, canonicalize_name(wanted.name))
        assert versions, f"{wanted.name} is not locked: run .github/lock.sh"
        assert all(wanted.specifier.contains(version) for version in versions), "run .github/lock.sh"


def test_the_lock_holds_what_the_dependencies_need_themselves() -> None:
    names = {canonicalize_name(each.name) for each in LOCKED}
    needed = {canonicalize_name(each.name) for each in stated("dependencies")}
    checked: set[str] = set()
    while todo := needed - checked:
        name = todo.pop()
        checked.add(name)
        wanted = [Requirement(text) for text in metadata.requires(name) or ()]
        needed |= {canonicalize_name(each.name) for each in wanted if not each.marker or each.marker.evaluate()}
    assert needed <= names


def test_everything_in_the_lock_is_held_by_hashes_and_nothing_says_where_to_fetch_it() -> None:
    blocks = re.split(r"^(?=[a-z])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(LOCKED)
    assert [block for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)] == []
    assert "://" not in LOCK
    assert not re.search(r"^\s*-(?!-hash)", LOCK, re.MULTILINE)


def test_the_tests_are_run_with_the_lowest_releases_that_are_admitted() -> None:
    text = (ROOT / ".github" / "lowest.txt").read_text(encoding="utf-8")
    lowest = [Requirement(line) for line in text.splitlines() if not line.startswith("#")]
    for wanted in stated("dependencies"):
        (bound,) = wanted.specifier
        assert bound.operator == ">="
        assert pins(lowest, canonicalize_name(wanted.name)) == [bound.version]


def test_nothing_here_tells_anybody_to_install_the_package_of_somebody_else() -> None:
    """On PyPI `flowsync` is not ours: only the warnings name it where a package is named."""
    assert f'name = "{DISTRIBUTION}"\n' in PYPROJECT
    fetches = re.compile(r"\b(?:pip|pipx|uv|uvx)\b(?: (?:tool|run|install|add|-\S+))* [\"']?flowsync\b(?!\.)")
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in shipped()}
    named = {name: found for name, text in texts.items() if (found := fetches.findall(text))}
    assert named == {
        "README.md": ["pip install flowsync"],
        "docs/install.md": ["pip install flowsync", "uvx flowsync"],
    }


def shipped() -> list[str]:
    """Every text of the repository but tests and the changelog."""
    names = git(ROOT, "ls-files", "-z", "--", ".", ":!tests", ":!*.png", ":!CHANGELOG.md").split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]
