"""The rows of an account: what the API checks before it writes one, what it makes of the values, and SQLite.

The checks of types are stricter than what is known of the vendor's server: null is refused everywhere
and so is a field the endpoint does not know. A client that passes here sends nothing doubtful.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from flowsync import document
from flowsync.errors import FlowsyncError
from flowsync.model import JsonValue
from flowsync.sandbox.values import Refusal

if TYPE_CHECKING:
    from pathlib import Path


FLOW_TYPES: Final = (
    *("ANNOUNCEMENT", "BANNER", "CARD", "CHECKLIST", "CUSTOM", "FORM", "SURVEY", "TOUR"),
    *("SUPPORT", "EMBEDDED_TIP", "NPS_SURVEY"),
)
"""The documented types [doc], then legacy ones that still occur [obs]."""
_ARCHIVE_BEHAVIORS: Final = ("EXIT_EXISTING_USERS", "RESTART_EXISTING_USERS", "RESTART_ALL_USERS")
"""What becomes of users who are in the version that a published draft replaces [obs]."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Status(str, Enum):
    """The status of a row [doc]."""

    ACTIVE = "ACTIVE"
    DRAFT = "DRAFT"
    ARCHIVED = "ARCHIVED"


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one flow, its fields in the order of the table's columns.

    `data` is YAML text. Times are ISO 8601 in UTC with milliseconds. `active` is the switch of the
    PUT body [doc], which is not the status. `id` is 0 until the row is stored.
    """

    id: int
    slug: str
    version: int
    status: Status
    name: str
    type: str = "CUSTOM"
    description: str | None = None
    active: bool = False
    targeting_logic: str | None = None
    data: str = ""
    created_at: str = ""
    modified_at: str = ""
    published_at: str | None = None
    archived_at: str | None = None


Body: TypeAlias = Mapping[str, "JsonValue"]
_Check: TypeAlias = Callable[[str, "JsonValue"], "str | None"]
"""Takes a field's name and value; returns what is wrong with it, if anything."""


def _is_a(kind: type, words: str) -> _Check:
    return lambda name, value: None if isinstance(value, kind) else f"{name} must be {words}"


_is_string = _is_a(str, "a string")


def _is_filled_string(name: str, value: JsonValue) -> str | None:
    return _is_string(name, value) or (None if value else f"{name} should not be empty")


def _is_slug(name: str, value: JsonValue) -> str | None:
    if isinstance(value, str) and re.fullmatch(r"[^\s/?#]+", value) and not value.isdigit():
        return None
    return f"{name} must be a string without spaces and slashes that is not a number"


def _is_one_of(*choices: str) -> _Check:
    listed = ", ".join(choices)
    return lambda name, value: None if value in choices else f"{name} must be one of the following values: {listed}"


def _is_targeting(name: str, value: JsonValue) -> str | None:
    """Balanced parentheses are all that the server asks for [obs]; those inside strings count too."""
    depth = 0
    for character in str(value):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
    return _is_string(name, value) or (None if depth == 0 else f"{name} has unbalanced parentheses")


UPDATE_CHECKS: Final[Mapping[str, _Check]] = {
    "active": _is_a(bool, "a boolean value"),
    "data": _is_string,
    "description": _is_string,
    "name": _is_filled_string,
    "targetingLogic": _is_targeting,
    "type": _is_one_of(*FLOW_TYPES),
}
"""The PUT body [doc]; every field is optional."""
CREATE_CHECKS: Final[Mapping[str, _Check]] = {**UPDATE_CHECKS, "slug": _is_slug}
ACTIVATE_CHECKS: Final[Mapping[str, _Check]] = {"archiveBehavior": _is_one_of(*_ARCHIVE_BEHAVIORS)}


def check(body: Body, checks: Mapping[str, _Check], *, required: tuple[str, ...] = ()) -> None:
    """Raise a Refusal (400) that lists everything wrong with `body`, as the vendor's validation does [doc]."""
    missing = [f"{name} should not be empty" for name in required if name not in body]
    unknown = [f"property {name} should not exist" for name in body if name not in checks]
    wrong = [problem for name, value in body.items() if name in checks and (problem := checks[name](name, value))]
    if problems := [*missing, *unknown, *wrong]:
        raise Refusal(HTTPStatus.BAD_REQUEST, problems)


def written(row: Row, body: Body) -> Row:
    """`row` with the fields of a checked body in it."""
    values: dict[str, Any] = {
        name: stored_text(value) if isinstance(value, str) and name != "data" else value for name, value in body.items()
    }
    if "data" in values:
        values["data"] = _stored_data(values["data"])
    if "targetingLogic" in values:  # the empty string clears it [obs], and then it comes back as null [doc]
        values["targeting_logic"] = values.pop("targetingLogic") or None
    return replace(row, **values)


def stored_text(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair becomes U+FFFD, as in the vendor's runtime."""
    return _SURROGATE.sub("\ufffd", text)


def derived_slug(name: str) -> str:
    """The slug of a flow that was created without one: `flow_` and its name in lower-case words."""
    return "_".join(["flow", *re.findall(r"[a-z0-9]+", name.lower())])


def _stored_data(text: str) -> str:
    """A JSON mapping or list becomes YAML [doc], any other text stays as it is."""
    value: JsonValue = None
    try:
        with suppress(ValueError):
            value = json.loads(text, parse_constant=_refuse_constant)
        return document.dump(_without_surrogates(value)) if isinstance(value, (dict, list)) else stored_text(text)
    except RecursionError:
        raise Refusal(HTTPStatus.BAD_REQUEST, ["data is nested too deeply"]) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _without_surrogates(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return stored_text(value)
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {stored_text(key): _without_surrogates(item) for key, item in value.items()}
        case _:
            return value


_BUSY_SECONDS: Final = 10.0
_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = (
    """CREATE TABLE flows (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        slug TEXT NOT NULL,
        version INTEGER NOT NULL,
        status TEXT NOT NULL,
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        description TEXT,
        active INTEGER NOT NULL,
        targeting_logic TEXT,
        data TEXT NOT NULL,
        created_at TEXT NOT NULL,
        modified_at TEXT NOT NULL,
        published_at TEXT,
        archived_at TEXT,
        UNIQUE (slug, version)
    )""",
    "CREATE UNIQUE INDEX one_draft_per_slug ON flows (slug) WHERE status = 'DRAFT'",
    "CREATE UNIQUE INDEX one_active_per_slug ON flows (slug) WHERE status = 'ACTIVE'",
    f"PRAGMA user_version = {_SCHEMA_VERSION}",
)
_RESET_HINT: Final = "`flowsync sandbox reset` starts over; the sandbox holds nothing that is live anywhere."


class Store:
    """All rows. Safe to use from many threads: they take turns.

    Raises FlowsyncError when `database` cannot be opened or holds something else.
    """

    def __init__(self, database: Path | None) -> None:
        self._turn = threading.RLock()
        try:
            if database is not None:
                database.parent.mkdir(parents=True, exist_ok=True)
            name = ":memory:" if database is None else str(database)
            self._connection = sqlite3.connect(
                name, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise FlowsyncError(f"The sandbox's database cannot be used: {error}", hint=_RESET_HINT) from error

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA synchronous = OFF")
        with self.writing():
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            for statement in _SCHEMA if version == 0 else ():
                self._connection.execute(statement)
        if version not in {0, _SCHEMA_VERSION}:
            raise FlowsyncError("The sandbox's database was made by another version of flowsync.", hint=_RESET_HINT)

    def close(self) -> None:
        """Let go of the file. Nothing may be asked of the store afterwards."""
        with self._turn:
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction: all of it or, when anything is raised, nothing of it."""
        with self._turn:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def find(self, flow_id: int) -> Row | None:
        """The row with that numeric id."""
        return next(iter(self._rows("SELECT * FROM flows WHERE id = ?", flow_id)), None)

    def versions(self, slug: str) -> list[Row]:
        """Every row of a slug, newest first."""
        return self._rows("SELECT * FROM flows WHERE slug = ? ORDER BY version DESC", slug)

    def page(self, offset: int = 0, limit: int = -1, *, published: bool = False, on: bool = False) -> list[Row]:
        """Rows by id: all of them, or only those that are published, or switched on."""
        statement = """SELECT * FROM flows WHERE (status = 'ACTIVE' OR NOT ?) AND (active OR NOT ?)
            ORDER BY id LIMIT ? OFFSET ?"""
        return self._rows(statement, published, on, limit, offset)

    def add(self, row: Row) -> int:
        """Insert `row` and return its id; id 0 asks for the next free one."""
        statement = "INSERT INTO flows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        with self._turn:
            cursor = self._connection.execute(statement, (row.id or None, *astuple(row)[1:]))
            return cursor.lastrowid or row.id

    def replace(self, row: Row) -> None:
        """Store `row` in place of the one with its id, in the transaction that is under way."""
        self.remove(row.id)
        self.add(row)

    def remove(self, flow_id: int) -> None:
        """Delete that row; its id is never given again."""
        self._rows("DELETE FROM flows WHERE id = ?", flow_id)

    def clear(self) -> None:
        """Delete every row."""
        self._rows("DELETE FROM flows")

    def _rows(self, statement: str, *values: str | int) -> list[Row]:
        with self._turn:
            records: list[Any] = self._connection.execute(statement, values).fetchall()
        rows = (Row(*record) for record in records)
        return [replace(row, status=Status(row.status), active=bool(row.active)) for row in rows]
