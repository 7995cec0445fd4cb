"""The rows of the emulated account, in SQLite: in memory, or in a file that several processes may share.

Every write runs in an immediate transaction, so that two writers take turns instead of failing, and
nobody waits for the disk: what a power cut loses here is a sandbox.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flowsync.errors import FlowsyncError
from flowsync.sandbox.values import Row, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
