"""Building what commands work with: the project, and the API or its emulator behind the protocols."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.api.endpoints import Access
from flowsync.cli import planning
from flowsync.cli.options import Api
from flowsync.cli.output import Progress, write_sentence
from flowsync.cli.planning import Ahead, count_files, fetch_listing, has_revision
from flowsync.cli.project import STATE_IGNORES
from flowsync.config import API_URL_VARIABLE, SANDBOX_URL, Key, place_of, shown
from flowsync.errors import ConfigError, FlowsyncError
from flowsync.model import SENT_FIELDS
from flowsync.render.style import reading_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from flowsync.api.client import Client
    from flowsync.api.endpoints import Listing, Map
    from flowsync.cli.options import Invocation
    from flowsync.cli.project import Project
    from flowsync.model import FieldName, Flow, JsonValue, Target
    from flowsync.sandbox import Emulator, Handler


ANSWERS_VARIABLE: Final = "FLOWSYNC_SANDBOX_ANSWERS"
"""Environment variable that says with which fields the sandbox answers: "whole" or "documented"."""


class Answers(Enum):
    """Which fields of a flow the sandbox returns."""

    WHOLE = "whole"
    DOCUMENTED = "documented"


class Purpose(Enum):
    """What a command opens the API for; it decides which key is needed."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Connection:
    """An open way to the API; `api_url` is its one name for plans and records (`config.place_of`)."""

    client: Client
    access: Access
    api_url: str
    map: Map
    ahead: Ahead | None = None


@contextmanager
def connect(
    project: Project, flows: Sequence[Flow], api: Api, purpose: Purpose, given: Invocation
) -> Iterator[Connection]:
    """Open the API, or for Api.SANDBOX the embedded emulator (its first state is made of `flows`)."""
    match api:
        case Api.REAL:
            with _connect_real(project, purpose, given) as connection:
                yield connection
        case Api.SANDBOX:
            with _connect_sandbox(project, flows) as connection:
                yield connection


@contextmanager
def connecting(
    project: Project, api: Api, purpose: Purpose, base: str | None, given: Invocation
) -> Iterator[Callable[[Sequence[Flow]], Connection]]:
    """Begin to ask for the live flows, and give what connects once the files are read.

    What keeps the API from being opened is raised by that: wrong files are told first. When they are, nobody
    waits for the list. Nothing is asked before either where there is no revision `base` to compare with. The sandbox
    is opened only then, for its first state is made of the flows.
    """
    with ExitStack() as stack:
        if api is Api.SANDBOX:
            yield lambda flows: stack.enter_context(_connect_sandbox(project, flows))
            return
        begun = _begin(stack, project, purpose, base, given)

        def connect(_flows: Sequence[Flow]) -> Connection:
            if isinstance(begun, FlowsyncError):
                raise begun
            return begun

        yield connect


def _begin(
    stack: ExitStack, project: Project, purpose: Purpose, base: str | None, given: Invocation
) -> Connection | FlowsyncError:
    """Open the API and begin to ask for the list, or what keeps that from being done."""
    try:
        connection = stack.enter_context(_connect_real(project, purpose, given))
    except FlowsyncError as error:
        return error
    if base is not None and not has_revision(project, base):
        return connection
    reader = connection.client.reader()
    ahead = Ahead(reader, connection.access, connection.map, count_files(project))
    return replace(connection, ahead=ahead)


def fetch(connection: Connection, flows: Iterable[Flow], invocation: Invocation) -> Listing:
    """All live rows, and those of the files' flows that the list lacks; a terminal is told when that takes long."""
    with Progress(invocation).ticking(lambda: reading_line(connection.client.waiting)):
        return fetch_listing(connection.client.reader(), connection.access, flows, connection.map, connection.ahead)


def fetch_slugs(connection: Connection, slugs: Iterable[str], invocation: Invocation) -> Listing:
    """All live rows, and those of `slugs` that the list lacks; a terminal is told when that takes long."""
    with Progress(invocation).ticking(lambda: reading_line(connection.client.waiting)):
        return planning.fetch_slugs(connection.client.reader(), connection.access, slugs, connection.map)


@contextmanager
def _connect_real(project: Project, purpose: Purpose, given: Invocation) -> Iterator[Connection]:
    settings = project.settings
    key = settings.writing_key() if purpose is Purpose.WRITE else settings.reading_key()
    is_public = key.looks_public or key is settings.public_key
    if settings.unused_url is not None:
        write_sentence(
            f"Using {settings.api_url} from {API_URL_VARIABLE}, not {settings.unused_url}, which flowsync.yaml names.",
            given,
        )
    from flowsync.api.client import open_client  # noqa: PLC0415 - httpx is slow to import; a missing key is said without it

    with (
        open_client(
            api_url=settings.api_url,
            key=key,
            user_agent=settings.user_agent,
            timeouts=settings.timeouts,
            parallelism=settings.parallelism,
        ) as client,
        _threads(settings.parallelism) as executor,
    ):
        access = Access.PUBLIC if is_public else Access.PRIVATE
        yield Connection(client, access, place_of(settings.api_url), executor.map)


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads to read with. After a failure nobody waits for reads that are no longer wanted."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - offline commands need no threads

    executor = ThreadPoolExecutor(count, thread_name_prefix="read")
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown(cancel_futures=True)


@contextmanager
def _connect_sandbox(project: Project, flows: Sequence[Flow]) -> Iterator[Connection]:
    from flowsync import sandbox  # noqa: PLC0415 - only the sandbox needs it
    from flowsync.api.client import open_client  # noqa: PLC0415 - only the sandbox needs it

    settings = project.settings
    with (
        open_emulator(project, flows) as emulator,
        open_client(
            api_url=SANDBOX_URL,
            key=Key(sandbox.PRIVATE_KEY, "the sandbox"),
            user_agent=settings.user_agent,
            timeouts=settings.timeouts,
            parallelism=settings.parallelism,
            handler=sandbox.embedded(answering(emulator.handle, _sandbox_answers())),
        ) as client,
        _threads(settings.parallelism) as executor,
    ):
        yield Connection(client, Access.PRIVATE, SANDBOX_URL, executor.map)


@contextmanager
def open_emulator(project: Project, flows: Sequence[Flow], number: int = 0) -> Iterator[Emulator]:
    """The project's emulator; an empty one first gets an account that belongs to `flows`."""
    from flowsync import sandbox  # noqa: PLC0415 - only the sandbox needs it

    with sandbox.Emulator(sandbox_database(project)) as emulator:
        if emulator.is_empty():
            seeds = [sandbox.SeedFlow(flow.slug, sent_fields(flow), _target(flow, project)) for flow in flows]
            sandbox.seed(emulator, seeds, number=number)
        yield emulator


def answering(handler: Handler, answers: Answers) -> Handler:
    """The emulator's answers, with all fields or with the documented ones only."""
    from flowsync import sandbox  # noqa: PLC0415 - only the sandbox needs it

    return sandbox.documented(handler) if answers is Answers.DOCUMENTED else handler


def _sandbox_answers() -> Answers:
    """What the environment says of --sandbox. Raises ConfigError."""
    named = os.environ.get(ANSWERS_VARIABLE) or Answers.WHOLE.value
    try:
        return Answers(named)
    except ValueError:
        choices = " or ".join(each.value for each in Answers)
        raise ConfigError(
            f"{ANSWERS_VARIABLE} is {shown(named)}.", hint=f"Set it to {choices}, or not at all."
        ) from None


def _target(flow: Flow, project: Project) -> Target:
    return flow.target or project.settings.target


def sandbox_database(project: Project) -> Path:
    """Where the emulator keeps its state. Raises FlowsyncError where one of its files is a link or the like."""
    prepare_state(project)
    database = project.state / "sandbox.db"
    for path in (database, *(database.with_name(f"{database.name}-{kind}") for kind in ("journal", "wal", "shm"))):
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            raise FlowsyncError(f"{path.name} in {project.state.name} is not a regular file.", hint="Delete it.")
    return database


def prepare_state(project: Project, hint: str = "It holds what flowsync keeps on this machine.") -> None:
    """Make the state directory, kept out of git but for the schemas.

    Raises FlowsyncError, with `hint`, where that cannot be.
    """
    ignores = project.state / ".gitignore"
    try:
        project.workspace.make_folder(project.state)
        project.workspace.create(ignores, STATE_IGNORES.encode())
    except OSError as error:
        raise FlowsyncError(
            f"The directory {project.state.name} cannot be used: {error.strerror or error}.", hint=hint
        ) from None


def sent_fields(flow: Flow) -> Mapping[FieldName, JsonValue]:
    """The stated fields as they would be sent: `data` as text."""
    return {
        name: flow.data_text if name == "data" else flow.fields[name] for name in SENT_FIELDS if name in flow.fields
    }
