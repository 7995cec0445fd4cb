"""Every error that flowsync raises on purpose, with its exit code and hint as data.

FlowsyncError                1  anything that can go wrong and is not a bug
├── DocumentError            3  one YAML or JSON text cannot be read
├── InvalidFilesError        3  files with errors; carries every problem found
├── TargetingError           3  one targeting expression cannot be parsed
├── UncheckedPatternError    1  google-re2, which checks and tries patterns, is not installed
├── ConfigError              1  flowsync.yaml, an environment variable or a key is not usable
├── GitError                 1  git cannot answer what was asked of it
├── ApiError                 1  the API, or the way to it, answered with a failure
│   ├── NotFoundError           404
│   ├── UnauthorizedError       401: the resource is another organization's
│   ├── ForbiddenError          403: missing, unknown or revoked key; public key on a private path
│   ├── RejectedError           400 and other refusals of the request itself
│   ├── RateLimitedError        429
│   ├── ServerError             5xx; the request may have taken effect
│   │   └── UnavailableError        503 that asks for more patience than there is
│   ├── TransportError          nothing came back; the request may have taken effect
│   ├── UnreadableResponseError a body that is not the API's JSON
│   └── GithubError             GitHub's API, not Frigade's, answered with a failure
├── RecordError              1  what a write replaces cannot be kept, or a record cannot be read
├── BlockedError             1  planned, but some flows cannot be written at all
├── RefusedError             4  a guard said no; nothing was written by it
│   └── UnreviewedError         no merged pull request showed it
├── PartlyAppliedError       5  some writes failed
├── UsageError              64  the command line makes no sense
└── InterruptedByUser      130  Ctrl-C
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.model import Change, Location, Problem


class ExitCode(IntEnum):
    """What the process says to the shell when it ends."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    INVALID = 3
    REFUSED = 4
    PARTLY_APPLIED = 5
    USAGE = 64
    INTERRUPTED = 130


class FlowsyncError(Exception):
    """The root: something expected went wrong. `str()` is one clear sentence without secrets."""

    exit_code: ClassVar[ExitCode] = ExitCode.ERROR
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DocumentError(FlowsyncError):
    """A YAML or JSON text cannot be read; `problem` says where and why."""

    exit_code = ExitCode.INVALID
    code = "invalid-document"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message, hint=problem.hint)
        self.problem = problem

    @property
    def location(self) -> Location:
        """Where reading stopped."""
        return self.problem.location


class InvalidFilesError(FlowsyncError):
    """Files hold errors; every problem of every file is in `problems`.

    `texts` are what stands in for files, by their names: a text of the command line or of stdin.
    """

    exit_code = ExitCode.INVALID
    code = "invalid-files"

    def __init__(
        self,
        message: str,
        problems: Sequence[Problem],
        *,
        hint: str | None = None,
        texts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)
        self.texts = texts or {}


class TargetingError(FlowsyncError):
    """A targeting expression cannot be parsed; `offset` counts characters from 0."""

    exit_code = ExitCode.INVALID
    code = "targeting-syntax"

    def __init__(self, message: str, offset: int, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.offset = offset


class UncheckedPatternError(FlowsyncError):
    """google-re2, which checks and tries patterns, is not installed."""

    code = "unchecked-pattern"

    def __init__(self) -> None:
        super().__init__(
            "google-re2 is not installed, so patterns can be neither checked nor tried.",
            hint="Run: pip install google-re2. There is no build of it for Alpine Linux: use an image with glibc.",
        )


class ConfigError(FlowsyncError):
    """flowsync.yaml, an environment variable or a key cannot be used as it is."""

    code = "config"


class GitError(FlowsyncError):
    """git is missing, or cannot answer what was asked of it."""

    code = "git"


class ApiError(FlowsyncError):
    """The API, or the way to it, failed. `status` is None when no answer came.

    `retry_after` is for how many seconds the server asked to be left alone, where it is worth coming back:
    the next read waits that long by itself. `unsent` says that the request surely never reached the server,
    `on_the_way` that not the API refused it but something in front of it, perhaps after passing it on.
    """

    code = "api"
    leaves_doubt: ClassVar[bool] = False
    """Whether a write that was sent and ended so may have taken effect, or may yet."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
        unsent: bool = False,
        on_the_way: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after = retry_after
        self.unsent = unsent
        self.on_the_way = on_the_way

    @property
    def may_have_effect(self) -> bool:
        """Whether the write that ended so is not surely without effect, now and later."""
        return not self.unsent and (self.leaves_doubt or self.on_the_way)


class NotFoundError(ApiError):
    """404: no such flow for this key, or no such path on this server."""

    code = "api-not-found"


class UnauthorizedError(ApiError):
    """401: the resource belongs to another environment's organization."""

    code = "api-unauthorized"


class ForbiddenError(ApiError):
    """403: missing, unknown or revoked key, or a public key on a private path."""

    code = "api-forbidden"


class RejectedError(ApiError):
    """400 and other refusals of the request itself: the server understood it and will not do it."""

    code = "api-rejected"


class RateLimitedError(ApiError):
    """429: without Retry-After the account's monthly cap, else the limit outlasted our patience."""

    code = "api-rate-limited"


class ServerError(ApiError):
    """5xx after every retry, or a 4xx that is no refusal. A write that ended so may have taken effect."""

    code = "api-server"
    leaves_doubt = True


class UnavailableError(ServerError):
    """503 with a Retry-After that outlasts our patience: no further request is any use."""

    code = "api-unavailable"


class TransportError(ApiError):
    """No usable answer: refused, reset, timed out. A write that ended so may have taken effect."""

    code = "api-transport"
    leaves_doubt = True


class UnreadableResponseError(ApiError):
    """An answer that is not the API's JSON. A write that ended so may have taken effect."""

    code = "api-unreadable"
    leaves_doubt = True


class RecordError(FlowsyncError):
    """What a write replaces cannot be kept, so it is not written; or a record cannot be read."""

    code = "record"


class GithubError(ApiError):
    """GitHub answered with a failure; `status` is its status."""

    code = "github"


class BlockedError(FlowsyncError):
    """The plan was shown, and holds flows that cannot be written at all."""

    code = "blocked"


class RefusedError(FlowsyncError):
    """A guard said no. `reasons` names each thing that stands in the way, one sentence each."""

    exit_code = ExitCode.REFUSED
    code = "refused"

    def __init__(self, message: str, *, hint: str | None = None, reasons: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.reasons = tuple(reasons)


class PlanFileError(RefusedError):
    """A saved plan is not what flowsync wrote, or of a format it does not know."""

    code = "plan-file"


class UnreviewedError(RefusedError):
    """Something would be written that no merged pull request showed: `changes`."""

    code = "unreviewed"

    def __init__(self, message: str, changes: Sequence[Change], *, hint: str, reasons: Sequence[str]) -> None:
        super().__init__(message, hint=hint, reasons=reasons)
        self.changes = tuple(changes)


class PartlyAppliedError(FlowsyncError):
    """Some writes failed; the ledger on stdout says which."""

    exit_code = ExitCode.PARTLY_APPLIED
    code = "partly-applied"


class UsageError(FlowsyncError):
    """The command line makes no sense."""

    exit_code = ExitCode.USAGE
    code = "usage"


class InterruptedByUser(FlowsyncError):  # noqa: N818 - an interruption is not an error of anything
    """Ctrl-C: what was in flight has finished, nothing further was started."""

    exit_code = ExitCode.INTERRUPTED
    code = "interrupted"
