"""What the API checks before it writes, and what it makes of the values.

The checks of types are stricter than what is known of the vendor's server: null is refused everywhere
and so is a field the endpoint does not know. A client that passes here sends nothing doubtful.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from flowsync import document
from flowsync.errors import FlowsyncError
from flowsync.sandbox.values import Refusal, Row, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flowsync.model import JsonValue

Body: TypeAlias = Mapping[str, "JsonValue"]
Check: TypeAlias = Callable[[str, "JsonValue"], "str | None"]
"""Takes a field's name and value; answers what is wrong with it, if anything."""

FLOW_TYPES: Final = (
    *("ANNOUNCEMENT", "BANNER", "CARD", "CHECKLIST", "CUSTOM", "FORM", "SURVEY", "TOUR"),
    *("SUPPORT", "EMBEDDED_TIP", "NPS_SURVEY"),
)
"""The documented types [doc], then legacy ones that still occur [obs]."""

ARCHIVE_BEHAVIORS: Final = ("EXIT_EXISTING_USERS", "RESTART_EXISTING_USERS", "RESTART_ALL_USERS")
"""What becomes of users who are in the version that a published draft replaces [obs]."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"


def _is_boolean(name: str, value: JsonValue) -> str | None:
    return None if isinstance(value, bool) else f"{name} must be a boolean value"


def _is_string(name: str, value: JsonValue) -> str | None:
    return None if isinstance(value, str) else f"{name} must be a string"


def _is_filled_string(name: str, value: JsonValue) -> str | None:
    return _is_string(name, value) or (None if value else f"{name} should not be empty")


def _is_slug(name: str, value: JsonValue) -> str | None:
    if isinstance(value, str) and re.fullmatch(r"[^\s/?#]+", value) and not value.isdigit():
        return None
    return f"{name} must be a string without spaces and slashes that is not a number"


def _is_flow_type(name: str, value: JsonValue) -> str | None:
    return None if value in FLOW_TYPES else f"{name} must be one of the following values: {', '.join(FLOW_TYPES)}"


def _is_archive_behavior(name: str, value: JsonValue) -> str | None:
    known = ", ".join(ARCHIVE_BEHAVIORS)
    return None if value in ARCHIVE_BEHAVIORS else f"{name} must be one of the following values: {known}"


def _is_targeting(name: str, value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return f"{name} must be a string"
    return None if has_balanced_parentheses(value) else f"{name} has unbalanced parentheses"


UPDATE_CHECKS: Final[Mapping[str, Check]] = {
    "active": _is_boolean,
    "data": _is_string,
    "description": _is_string,
    "name": _is_filled_string,
    "targetingLogic": _is_targeting,
    "type": _is_flow_type,
}
"""The PUT body [doc]; every field is optional."""

CREATE_CHECKS: Final[Mapping[str, Check]] = {**UPDATE_CHECKS, "slug": _is_slug}
ACTIVATE_CHECKS: Final[Mapping[str, Check]] = {"archiveBehavior": _is_archive_behavior}
NEW_VERSION_CHECKS: Final[Mapping[str, Check]] = {}


def check(body: Body, checks: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> None:
    """Raise a Refusal (400) that lists everything wrong with `body`, as the vendor's validation does [doc]."""
    missing = [f"{name} should not be empty" for name in required if name not in body]
    unknown = [f"property {name} should not exist" for name in body if name not in checks]
    wrong = [problem for name, value in body.items() if name in checks and (problem := checks[name](name, value))]
    if problems := [*missing, *unknown, *wrong]:
        raise Refusal(HTTPStatus.BAD_REQUEST, problems)


def has_balanced_parentheses(text: str) -> bool:
    """All that the server checks of targeting [obs]; taken literally, so that strings are not told apart."""
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def stored_data(text: str) -> str:
    """`data` as the server keeps it: a JSON mapping or list becomes YAML [doc], any other text stays as it is."""
    try:
        value = _parse_json(text)
        return document.dump(value) if isinstance(value, (dict, list)) else stored_text(text)
    except RecursionError:
        raise Refusal(HTTPStatus.BAD_REQUEST, ["data is nested too deeply"]) from None


def stored_text(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair becomes U+FFFD, as in the vendor's runtime."""
    return _SURROGATE.sub(_REPLACEMENT, text)


def stored_targeting(text: str) -> str | None:
    """The empty string clears targeting [obs]; cleared targeting comes back as null [doc: string or null]."""
    return stored_text(text) or None


def derived_slug(name: str) -> str:
    """The slug of a flow that was created without one: `flow_` and its name in lower-case words."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return "_".join(["flow", *words])


def _parse_json(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return None
    return _without_surrogates(value)


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
        with _failures_told():
            self._connection = _connect(database)
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise

    def _prepare(self) -> None:
        """Create the tables, once, whoever comes first."""
        self._connection.execute("PRAGMA synchronous = OFF")
        with self.writing():
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._create()
        if version not in {0, _SCHEMA_VERSION}:
            raise FlowsyncError("The sandbox's database was made by another version of flowsync.", hint=_RESET_HINT)

    def _create(self) -> None:
        for statement in _SCHEMA:
            self._connection.execute(statement)

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

    def is_empty(self) -> bool:
        """Whether there is no row at all."""
        with self._turn:
            return self._connection.execute("SELECT 1 FROM flows LIMIT 1").fetchone() is None

    def find(self, flow_id: int) -> Row | None:
        """The row with that numeric id."""
        return next(iter(self._rows("SELECT * FROM flows WHERE id = ?", flow_id)), None)

    def versions(self, slug: str) -> list[Row]:
        """Every row of a slug, newest first."""
        return self._rows("SELECT * FROM flows WHERE slug = ? ORDER BY version DESC", slug)

    def page(self, offset: int, limit: int) -> list[Row]:
        """Rows of every slug and status, by id."""
        return self._rows("SELECT * FROM flows ORDER BY id LIMIT ? OFFSET ?", limit, offset)

    def every_row(self) -> list[Row]:
        """All rows there are, by id."""
        return self._rows("SELECT * FROM flows ORDER BY id")

    def published_page(self, offset: int, limit: int) -> list[Row]:
        """Rows that are published, by id, whether switched on or off."""
        return self._rows("SELECT * FROM flows WHERE status = 'ACTIVE' ORDER BY id LIMIT ? OFFSET ?", limit, offset)

    def shown_page(self, offset: int, limit: int) -> list[Row]:
        """Rows that are published and switched on, by id."""
        statement = "SELECT * FROM flows WHERE status = 'ACTIVE' AND active ORDER BY id LIMIT ? OFFSET ?"
        return self._rows(statement, limit, offset)

    def add(self, row: Row) -> int:
        """Insert `row` and answer its id; id 0 asks for the next free one."""
        statement = "INSERT INTO flows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        with self._turn:
            cursor = self._connection.execute(statement, (row.id or None, *_columns(row)))
            return cursor.lastrowid or row.id

    def replace(self, row: Row) -> None:
        """Store `row` in place of the one with its id."""
        statement = """UPDATE flows SET slug = ?, version = ?, status = ?, name = ?, type = ?, description = ?,
            active = ?, targeting_logic = ?, data = ?, created_at = ?, modified_at = ?, published_at = ?,
            archived_at = ? WHERE id = ?"""
        self._rows(statement, *_columns(row), row.id)

    def remove(self, flow_id: int) -> None:
        """Delete that row; its id is never given again."""
        self._rows("DELETE FROM flows WHERE id = ?", flow_id)

    def clear(self) -> None:
        """Delete every row."""
        self._rows("DELETE FROM flows")

    def _rows(self, statement: str, *values: str | int | None) -> list[Row]:
        with self._turn:
            return [_row(record) for record in self._connection.execute(statement, values)]


@contextmanager
def _failures_told() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise FlowsyncError(f"The sandbox's database cannot be used: {error}", hint=_RESET_HINT) from error


def _connect(database: Path | None) -> sqlite3.Connection:
    if database is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
    name = ":memory:" if database is None else str(database)
    return sqlite3.connect(name, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _columns(row: Row) -> tuple[str | int | None, ...]:
    """All but the id."""
    return (
        *(row.slug, row.version, row.status.value, row.name, row.type, row.description),
        *(int(row.active), row.targeting_logic, row.data),
        *(row.created_at, row.modified_at, row.published_at, row.archived_at),
    )


def _row(record: tuple[Any, ...]) -> Row:
    row = Row(*record)
    return replace(row, status=Status(row.status), active=bool(row.active))
