"""The rows of an account in SQLite, and the API's format of times."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flowsync.errors import FlowsyncError

if TYPE_CHECKING:
    from pathlib import Path

Clock: TypeAlias = Callable[[], datetime]
"""Returns the time, with its time zone."""


class Status(str, Enum):
    """The status of a row [doc]."""

    ACTIVE = "ACTIVE"
    DRAFT = "DRAFT"
    ARCHIVED = "ARCHIVED"


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one flow; its fields are the columns of the table, in their order.

    `data` is YAML text. Times are ISO 8601 in UTC with milliseconds. `active` is the switch of the PUT body [doc], not
    the status. `id` is 0 until the row is stored. `code_snippet` is None unless a body set it. The defaults are those
    of a new flow [obs].
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


_SCHEMA_VERSION: Final = 2
_COLUMNS: Final = ", ".join(each.name for each in fields(Row)[1:])
_SCHEMA: Final = (
    f"CREATE TABLE IF NOT EXISTS flows (id INTEGER PRIMARY KEY AUTOINCREMENT, {_COLUMNS}, UNIQUE (slug, version))",
    "CREATE UNIQUE INDEX IF NOT EXISTS one_draft_per_slug ON flows (slug) WHERE status = 'DRAFT'",
    # What apps reported of users and groups, and users' progress: JSON by id (`apps.users`).
    "CREATE TABLE IF NOT EXISTS people (kind TEXT, id TEXT, content TEXT NOT NULL, PRIMARY KEY (kind, id))",
    "CREATE TABLE IF NOT EXISTS progress (user TEXT, flow TEXT, content TEXT NOT NULL, PRIMARY KEY (user, flow))",
    f"PRAGMA user_version = {_SCHEMA_VERSION}",
)
_RESET_HINT: Final = "Run `flowsync sandbox reset` to start over; nothing in the sandbox is live anywhere."


class Store:
    """All rows. Safe to use from many threads, one of which runs a statement at a time.

    Raises FlowsyncError when `database` cannot be opened or was not made by this version of flowsync.
    """

    def __init__(self, database: Path | None) -> None:
        self._lock = threading.RLock()
        try:
            if database is not None:
                database.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                database or ":memory:", timeout=10.0, isolation_level=None, check_same_thread=False
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
            if self._connection.execute("PRAGMA user_version").fetchone()[0] not in {0, _SCHEMA_VERSION}:
                message = "The sandbox's database was made by another version of flowsync."
                raise FlowsyncError(message, hint=_RESET_HINT)
            for statement in _SCHEMA:
                self._connection.execute(statement)

    def close(self) -> None:
        """Close the file. The store cannot be used afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run a transaction, which is rolled back if anything is raised."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def find(self, flow_id: int) -> Row | None:
        """The row with this numeric id."""
        return next(iter(self._rows("SELECT * FROM flows WHERE id = ?", flow_id)), None)

    def versions(self, slug: str) -> list[Row]:
        """Every row of a slug, the one that was created last first [obs]."""
        return self._rows("SELECT * FROM flows WHERE slug = ? ORDER BY created_at DESC, version DESC", slug)

    def page(
        self, offset: int = 0, limit: int = -1, *, statuses: Collection[Status] = tuple(Status), on: bool = False
    ) -> list[Row]:
        """Rows with one of these statuses, by id; with `on` only those that are switched on."""
        statement = f"""SELECT * FROM flows WHERE status IN ({", ".join("?" * len(statuses))}) AND (active OR NOT ?)
            ORDER BY id LIMIT ? OFFSET ?"""  # noqa: S608 - question marks only
        return self._rows(statement, *(status.value for status in statuses), on, limit, offset)

    def due(self, now: str) -> list[Row]:
        """The ACTIVE rows that are due to be archived by `now`."""
        return self._rows("SELECT * FROM flows WHERE status = 'ACTIVE' AND archived_at <= ?", now)

    def add(self, row: Row) -> int:
        """Insert `row` and return its id; id 0 asks for the next free one."""
        values = (row.id or None, *astuple(row)[1:])
        statement = f"INSERT INTO flows VALUES ({', '.join('?' * len(values))})"  # noqa: S608 - question marks
        with self._lock:
            return self._connection.execute(statement, values).lastrowid or row.id

    def replace(self, row: Row) -> None:
        """Store `row` in place of the one with its id."""
        self.remove(row.id)
        self.add(row)

    def remove(self, flow_id: int) -> None:
        """Delete a row; its id is never used again."""
        self.query("DELETE FROM flows WHERE id = ?", flow_id)

    def clear(self) -> None:
        """Delete every row, and all data about users."""
        for table in ("flows", "people", "progress"):
            self.query(f"DELETE FROM {table}")  # noqa: S608 - a name from here

    def query(self, statement: str, *values: str | int) -> list[Any]:
        """The result of a statement as tuples."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def _rows(self, statement: str, *values: str | int) -> list[Row]:
        rows = (Row(*record) for record in self.query(statement, *values))
        return [replace(row, status=Status(row.status), active=bool(row.active)) for row in rows]


def utc_now() -> datetime:
    """The real time, the default clock."""
    return datetime.now(timezone.utc)


def timestamp(moment: datetime) -> str:
    """`moment` as the API writes times: `2026-01-31T12:00:00.000Z`."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def timestamp_after(moment: datetime, previous: str) -> str:
    """`moment`, or a millisecond after `previous` if the clock shows the same time: every write moves modifiedAt."""
    now = timestamp(moment)
    if now > previous:
        return now
    before = datetime.fromisoformat(previous.removesuffix("Z")).replace(tzinfo=timezone.utc)
    return timestamp(before + timedelta(milliseconds=1))
