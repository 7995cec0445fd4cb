"""The table in docs/architecture.md, held to the code."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "flowsync"
ENTRY_POINTS = {"__init__", "__main__"}
"""The package itself (its version) and `python -m flowsync`: outside the ranks."""


@dataclass(frozen=True)
class Room:
    rank: float
    sole_user_of: frozenset[str]


def read_table() -> dict[str, Room]:
    rows = re.findall(
        r"^\| ([\d.]+) \| `(\w+)` \|[^|]*\|([^|]*)\|$", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE
    )
    return {name: Room(float(rank), frozenset(re.findall(r"\w+", packages))) for rank, name, packages in rows}


TABLE = read_table()


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """Every imported module of a file, wherever in the file it is imported, with its line."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import"
            if node.module == "flowsync":
                yield from ((node.lineno, f"flowsync.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module or ""


def complaints(room: str, module: str) -> Iterator[str]:
    """What is wrong with `room` importing `module`."""
    top, _, rest = module.partition(".")
    if top == "flowsync":
        other = rest.partition(".")[0]
        if other not in {room, "__version__"} and TABLE[other].rank >= TABLE[room].rank:
            yield f"{room} (rank {TABLE[room].rank}) imports {other} (rank {TABLE[other].rank})"
    elif top not in sys.stdlib_module_names:
        owners = [name for name, each in TABLE.items() if top in each.sole_user_of]
        if owners != [room]:
            yield f"{room} imports {top}, whose room is {owners or 'nowhere'}"


FILES = sorted(file for file in PACKAGE.rglob("*.py") if room_of(file) not in ENTRY_POINTS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_imports_only_lower_ranks_and_its_own_packages(file: Path) -> None:
    found = [
        f"{file.name}:{line}: {complaint}"
        for line, module in imports(file)
        for complaint in complaints(room_of(file), module)
    ]
    assert found == []


def test_every_room_of_the_code_stands_in_the_table_and_the_other_way_round() -> None:
    assert {room_of(file) for file in FILES} == set(TABLE)


def test_every_third_party_room_uses_its_package() -> None:
    used = {(room_of(file), module.partition(".")[0]) for file in FILES for _, module in imports(file)}
    assert {(name, package) for name, room in TABLE.items() for package in room.sole_user_of} <= used


@pytest.mark.parametrize(
    ("room", "module", "allowed"),
    [
        ("plan", "flowsync.diff", True),
        ("diff", "flowsync.api", False),
        ("diff", "flowsync.plan", False),
        ("api", "httpx", True),
        ("plan", "httpx", False),
        ("cli", "requests", False),
        ("cli", "json", True),
    ],
)
def test_the_check_itself_tells_right_from_wrong(room: str, module: str, *, allowed: bool) -> None:
    assert (not list(complaints(room, module))) is allowed


@pytest.mark.parametrize("room", ["render", "problems", "explain", "report"])
def test_a_folder_that_draws_has_at_most_eight_files(room: str) -> None:
    folders = [PACKAGE / room, *(path for path in (PACKAGE / room).rglob("*") if path.is_dir())]
    assert [folder.name for folder in folders if len(list(folder.glob("*.py"))) > 8] == []


def functions(file: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            yield f"{file.relative_to(PACKAGE)} {node.name}", lines


LONG: dict[str, str] = {}
"""Functions of more than 40 lines that read better in one piece, as `file function`, each with the reason."""


def test_functions_are_short() -> None:
    sizes = {name: lines for file in sorted(PACKAGE.rglob("*.py")) for name, lines in functions(file)}
    assert {name for name, lines in sizes.items() if lines > 40} == set(LONG)
