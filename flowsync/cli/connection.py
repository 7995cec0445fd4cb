"""Opens the API, or its emulator, and fetches the list of live flows while the files are read.

Only reading begins early, and only when address, key and base are known. A command that finds invalid files does
not wait for it, and a failure is raised only where the list is used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

from flowsync import git
from flowsync.api.endpoints import Access, Listing, Map, find_drafts, find_missing, list_flows
from flowsync.apply import POLL_INTERVAL
from flowsync.cli.output import Progress, request_log, write_note, write_sentence, write_step
from flowsync.config import API_URL_VARIABLE, SANDBOX_URL, Key, place_of
from flowsync.errors import ConfigError, FlowsyncError, GitError
from flowsync.model import Flow
from flowsync.record.values import Place
from flowsync.render.escape import plural
from flowsync.render.style import reading_line
from flowsync.text import excerpt

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor
    from pathlib import Path

    from flowsync.api.client import Client
    from flowsync.api.transport import Handler
    from flowsync.cli.project import Project
    from flowsync.sandbox import Emulator
    from flowsync.sandbox.conflicts import Reading
    from flowsync.sandbox.server import Handler as Handles

_Choice = TypeVar("_Choice")
_Answer = TypeVar("_Answer")

ANSWERS_VARIABLE: Final = "FLOWSYNC_SANDBOX_ANSWERS"
"""Environment variable that says with which fields the sandbox answers: "whole" or "documented"."""
_ANSWERS: Final = ("whole", "documented")
FAULTS_VARIABLE: Final = "FLOWSYNC_SANDBOX_FAULTS"
CONFLICTS_VARIABLE: Final = "FLOWSYNC_SANDBOX_CONFLICTS"
"""Environment variables with what `sandbox serve` takes as --fault and --conflict; two of them are separated by `;`."""


class Purpose(Enum):
    """What a command opens the API for; it decides which key is needed."""

    READ = "read"
    WRITE = "write"


@dataclass(slots=True)
class Connection:
    """An open way to the API; `api_url` is its one name for plans and records (`config.place_of`).

    `begun` is the list of flows that is already being fetched. `has_noted`: a note said that the organization
    cannot be checked.
    """

    project: Project
    client: Client
    access: Access
    api_url: str
    map: Map
    begun: Future[Listing] | None = None
    has_noted: bool = False

    @property
    def place(self) -> Place:
        """The environment and address, as records and documents name them."""
        return Place(self.project.settings.environment, self.api_url)

    def fetch(self, slugs: Collection[str]) -> Listing:
        """All live rows, and a look-up for each of `slugs` that the list lacks.

        A terminal shows when this takes long. Raises the ApiError family.
        """
        with Progress(self.project.given, lambda: reading_line(self.client.waiting)):
            found = self.read(slugs)
        self.note_unchecked_organization()
        return found

    def read(self, slugs: Collection[str]) -> Listing:
        """As `fetch`, without progress. A list that was fetched early is used once, because it ages."""
        reader = self.client.reader()
        begun, self.begun = self.begun, None
        listing = list_flows(reader, self.access, self.map, len(slugs)) if begun is None else awaited(begun)
        self._write_listing(listing)
        return find_missing(reader, listing, slugs, self.map)

    def _write_listing(self, listing: Listing) -> None:
        count = plural(len({row.slug for row in listing.rows}), "flow")
        is_whole = listing.access is Access.PRIVATE
        whole = "complete" if is_whole else "may lack drafts and older versions"
        write_step("list", f"{listing.access.value}{_of(self.project)}, {count}, {whole}", self.project.given)

    def with_hidden(self, listing: Listing, slugs: Collection[str]) -> Listing:
        """`listing` with the drafts of `slugs` that it hides; itself if there are none. Raises the ApiError family."""
        with Progress(self.project.given, lambda: reading_line(self.client.waiting)):
            return find_drafts(self.client.reader(), listing, slugs, self.access, self.map)

    def check_organization(self) -> None:
        """Read the list if an organization is expected, for requests that show no rows. Raises as `fetch`."""
        if self.client.organizations.expected is not None:
            self.fetch(())

    def note_unchecked_organization(self) -> None:
        """Say once that the organization cannot be checked: a public key and an empty account do not show it."""
        organizations = self.client.organizations
        if organizations.is_unknown and not self.has_noted:
            self.has_noted = True
            number = organizations.expected.number if organizations.expected else 0
            why = "a public key does not show it" if self.access is Access.PUBLIC else "no flow that was read shows it"
            write_sentence(f"Whether this is organization {number} cannot be checked: {why}.", self.project.given)


@contextmanager
def connect(project: Project, flows: Sequence[Flow], purpose: Purpose, *, in_sandbox: bool) -> Iterator[Connection]:
    """Open the API, or the embedded emulator, whose first state is made of `flows`."""
    with ExitStack() as stack:
        yield _open_sandbox(stack, project, flows) if in_sandbox else _open_api(stack, project, purpose)


@contextmanager
def connecting(
    project: Project, purpose: Purpose, base: str | None, *, in_sandbox: bool
) -> Iterator[Callable[[Sequence[Flow]], Connection]]:
    """Begin to fetch the live flows, and return a function that connects once the files are read.

    What keeps the API from being opened is raised by that: wrong files are reported first. Nothing is asked early
    if there is no revision `base` to compare with, nor of the sandbox, whose first state is made of the flows.
    """
    with ExitStack() as stack:
        opened: Connection | FlowsyncError | None = None
        if not in_sandbox:
            try:
                opened = _open_api(stack, project, purpose)
                if base is not None:
                    git.commit_of(project.home, base)
                opened.begun = _begin_listing(stack, project, opened)
            except GitError:
                pass  # there is no such revision, which is raised once the files are read
            except FlowsyncError as error:
                opened = error

        def connect(flows: Sequence[Flow]) -> Connection:
            if isinstance(opened, FlowsyncError):
                raise opened
            return opened or _open_sandbox(stack, project, flows)

        yield connect


def awaited(asked: Future[_Answer]) -> _Answer:
    """The result of a thread, or its exception. Waits in slices: an endless wait may miss Ctrl-C."""
    from concurrent.futures import wait  # noqa: PLC0415 - offline commands need no threads

    while not wait([asked], timeout=POLL_INTERVAL).done:
        pass
    return asked.result()


def _begin_listing(stack: ExitStack, project: Project, connection: Connection) -> Future[Listing]:
    """Fetch the list in a thread of its own: those of `connection.map` may all be needed for its pages."""
    likely = sum(len(names) for _, _, names in os.walk(project.home / project.settings.flows))
    asking = stack.enter_context(reading_threads(1))
    return asking.submit(list_flows, connection.client.reader(), connection.access, connection.map, likely)


def _open_api(stack: ExitStack, project: Project, purpose: Purpose) -> Connection:
    settings = project.settings
    key = settings.writing_key() if purpose is Purpose.WRITE else settings.reading_key()
    if settings.unused_url is not None:
        write_sentence(
            f"Using {settings.api_url} from {API_URL_VARIABLE}, not {settings.unused_url}, which flowsync.yaml names.",
            project.given,
        )
    is_public = key.looks_public or key is settings.public_key
    access = Access.PUBLIC if is_public else Access.PRIVATE
    return _open(stack, project, settings.api_url, key, access=access)


def _open_sandbox(stack: ExitStack, project: Project, flows: Sequence[Flow]) -> Connection:
    from flowsync.sandbox.conflicts import parse_reading  # noqa: PLC0415 - only the sandbox needs it
    from flowsync.sandbox.faults import faulty, parse_fault  # noqa: PLC0415 - only the sandbox needs it
    from flowsync.sandbox.server import PRIVATE_KEY, embedded  # noqa: PLC0415 - only the sandbox needs it

    answers = os.environ.get(ANSWERS_VARIABLE) or "whole"
    if answers not in _ANSWERS:
        hint = f"Set it to {' or '.join(_ANSWERS)}, or not at all."
        raise ConfigError(f"{ANSWERS_VARIABLE} is {excerpt(answers)}.", hint=hint)
    readings = _listed_in(CONFLICTS_VARIABLE, parse_reading)
    emulator = stack.enter_context(open_emulator(project, flows, documented=answers == "documented", readings=readings))
    handler: Handles = emulator.handle
    if faults := _listed_in(FAULTS_VARIABLE, parse_fault):
        handler = failing = faulty(emulator, handler, faults, lambda strike: write_note(strike, project.given))
        stack.callback(failing.settle)
    key = Key(PRIVATE_KEY, "the sandbox")
    return _open(stack, project, SANDBOX_URL, key, access=Access.PRIVATE, handler=embedded(handler))


def _listed_in(variable: str, parse: Callable[[str], _Choice]) -> list[_Choice]:
    """The parsed entries of a list in an environment variable."""
    texts = (text.strip() for text in os.environ.get(variable, "").split(";"))
    try:
        return [parse(text) for text in texts if text]
    except ValueError as error:
        raise ConfigError(f"{variable}: {error}") from None


def _open(
    stack: ExitStack, project: Project, api_url: str, key: Key, *, access: Access, handler: Handler | None = None
) -> Connection:
    from flowsync.api.client import open_client  # noqa: PLC0415 - httpx is slow to import; a missing key needs it not
    from flowsync.api.rows import ExpectedOrganization, Organizations  # noqa: PLC0415 - as above

    settings = project.settings
    write_step("key", f"{access.value}{_of(project)}, from {excerpt(key.variable)}, for {api_url}", project.given)
    number = settings.organization
    expected = None if number is None else ExpectedOrganization(number, settings.environment, key.variable)
    client = open_client(
        api_url=api_url,
        key=key,
        user_agent=settings.user_agent,
        timeouts=settings.timeouts,
        parallelism=settings.parallelism,
        organizations=Organizations(expected),
        handler=handler,
        observe=request_log(project.given),
    )
    opened = stack.enter_context(client)
    threads = stack.enter_context(reading_threads(settings.parallelism))
    connection = Connection(project, opened, access, place_of(api_url), threads.map)
    stack.push(lambda kind, *_: connection.note_unchecked_organization() if kind is None else None)
    return connection


def _of(project: Project) -> str:
    environment = project.settings.environment
    return "" if environment is None else f" of {excerpt(environment)}"


@contextmanager
def reading_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads to read with. After a failure nobody waits for unneeded reads."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - offline commands need no threads

    executor = ThreadPoolExecutor(count, thread_name_prefix="read")
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown(cancel_futures=True)


@contextmanager
def open_emulator(
    project: Project,
    flows: Sequence[Flow],
    seed_number: int = 0,
    *,
    documented: bool = False,
    readings: Collection[Reading] = (),
    organization: int | None = None,
) -> Iterator[Emulator]:
    """The project's emulator; an empty one is first filled with an account for `flows`.

    Its rows are of the given `organization`, else of the one that flowsync.yaml names.
    """
    from flowsync.sandbox import Emulator  # noqa: PLC0415 - only the sandbox needs it
    from flowsync.sandbox.rows import ORGANIZATION_ID  # noqa: PLC0415 - only the sandbox needs it
    from flowsync.sandbox.seeds import SeedFlow, seed  # noqa: PLC0415 - only the sandbox needs it

    number = organization or project.settings.organization or ORGANIZATION_ID
    opened = Emulator(sandbox_database(project), documented=documented, readings=readings, organization=number)
    with opened as emulator:
        if emulator.is_empty():
            default = project.settings.target
            sent = [{**flow.fields, **({"data": flow.data_text} if "data" in flow.fields else {})} for flow in flows]
            seeds = [SeedFlow(flow.slug, each, flow.target or default) for flow, each in zip(flows, sent, strict=True)]
            seed(emulator, seeds, number=seed_number)
        yield emulator


def sandbox_database(project: Project) -> Path:
    """The path of the emulator's state. Raises FlowsyncError if one of its files is a link or the like."""
    project.prepare_state()
    database = project.state / "sandbox.db"
    for path in (database, *(database.with_name(f"{database.name}-{kind}") for kind in ("journal", "wal", "shm"))):
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            raise FlowsyncError(f"{path.name} in {project.state.name} is not a regular file.", hint="Delete it.")
    return database
