"""The rows of an account, in SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from flowsync.errors import FlowsyncError

if TYPE_CHECKING:
    from pathlib import Path


class Status(str, Enum):
    """The status of a row [doc]."""

    ACTIVE = "ACTIVE"
    DRAFT = "DRAFT"
    ARCHIVED = "ARCHIVED"


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one flow, its fields in the order of the table's columns.

    `data` is YAML text. Times are ISO 8601 in UTC with milliseconds. `active` is the switch of the
    PUT body [doc], which is not the status. `id` is 0 until the row is stored. `code_snippet` is None unless a body set
    it. What a new flow has by default is the default here [obs].
    """

    id: int
    slug: str
    version: int
    status: Status
    name: str
    type: str = "CHECKLIST"
    description: str | None = None
    active: bool = True
    targeting_logic: str | None = None
    data: str = ""
    created_at: str = ""
    modified_at: str = ""
    published_at: str | None = None
    archived_at: str | None = None
    archive_behavior: str | None = None
    trigger_type: str = "MANUAL"
    completion_behavior: str | None = None
    code_snippet: str | None = None


_BUSY_SECONDS: Final = 10.0
_SCHEMA_VERSION: Final = 2
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
        archive_behavior TEXT,
        trigger_type TEXT NOT NULL,
        completion_behavior TEXT,
        code_snippet TEXT,
        UNIQUE (slug, version)
    )""",
    "CREATE UNIQUE INDEX one_draft_per_slug ON flows (slug) WHERE status = 'DRAFT'",
    f"PRAGMA user_version = {_SCHEMA_VERSION}",
)
_TABLES_OF_USERS: Final = (
    "CREATE TABLE IF NOT EXISTS people (kind TEXT, id TEXT, content TEXT NOT NULL, PRIMARY KEY (kind, id))",
    "CREATE TABLE IF NOT EXISTS progress (user TEXT, flow TEXT, content TEXT NOT NULL, PRIMARY KEY (user, flow))",
)
"""What the app reported of people, and how far they are: JSON by id (`users`)."""
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
            # Older databases have it; a version that is archived late is ACTIVE together with its successor.
            self._connection.execute("DROP INDEX IF EXISTS one_active_per_slug")
            for statement in _TABLES_OF_USERS if version in {0, _SCHEMA_VERSION} else ():
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
        """Every row of a slug, the one that was created last first [obs]."""
        return self._rows("SELECT * FROM flows WHERE slug = ? ORDER BY created_at DESC, version DESC", slug)

    def page(
        self, offset: int = 0, limit: int = -1, *, statuses: Collection[Status] = tuple(Status), on: bool = False
    ) -> list[Row]:
        """Rows by id: those of these `statuses`, or only the ones of them that are switched on."""
        statement = f"""SELECT * FROM flows WHERE status IN ({", ".join("?" * len(statuses))}) AND (active OR NOT ?)
            ORDER BY id LIMIT ? OFFSET ?"""  # noqa: S608 - question marks only
        return self._rows(statement, *(status.value for status in statuses), on, limit, offset)

    def due(self, now: str) -> list[Row]:
        """The ACTIVE rows that were to be archived by `now`."""
        return self._rows("SELECT * FROM flows WHERE status = 'ACTIVE' AND archived_at <= ?", now)

    def add(self, row: Row) -> int:
        """Insert `row` and return its id; id 0 asks for the next free one."""
        values = (row.id or None, *astuple(row)[1:])
        statement = f"INSERT INTO flows VALUES ({', '.join('?' * len(values))})"  # noqa: S608 - question marks only
        with self._turn:
            cursor = self._connection.execute(statement, values)
            return cursor.lastrowid or row.id

    def replace(self, row: Row) -> None:
        """Store `row` in place of the one with its id, in the transaction that is under way."""
        self.remove(row.id)
        self.add(row)

    def remove(self, flow_id: int) -> None:
        """Delete that row; its id is never given again."""
        self._rows("DELETE FROM flows WHERE id = ?", flow_id)

    def clear(self) -> None:
        """Delete every row, and everything that is known of users."""
        for table in ("flows", "people", "progress"):
            self.query(f"DELETE FROM {table}")  # noqa: S608 - a name from here

    def query(self, statement: str, *values: str | int) -> list[Any]:
        """The rows that a statement gives, as tuples; in the transaction that is under way, if one is."""
        with self._turn:
            return self._connection.execute(statement, values).fetchall()

    def _rows(self, statement: str, *values: str | int) -> list[Row]:
        rows = (Row(*record) for record in self.query(statement, *values))
        return [replace(row, status=Status(row.status), active=bool(row.active)) for row in rows]
