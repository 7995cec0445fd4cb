"""Every error that flowsync raises on purpose, with its exit code and hint as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from flowsync.model import Change, Plan, Problem  # not for --help, which imports errors only


class ExitCode(IntEnum):
    """Exit codes of the process."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    INVALID = 3
    REFUSED = 4
    PARTLY_APPLIED = 5
    USAGE = 64
    INTERRUPTED = 130


class FlowsyncError(Exception):
    """Root of all errors that are not bugs. `str()` is one clear sentence without secrets."""

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


class InvalidFilesError(FlowsyncError):
    """Files have errors, in `problems`. `texts` holds the contents of those that are no files (stdin, an argument)."""

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
    """A targeting expression cannot be parsed; `offset` counts characters from 0.

    `further` are the other mistakes of the same expression.
    """

    exit_code = ExitCode.INVALID
    code = "targeting-syntax"

    def __init__(self, message: str, offset: int, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.offset = offset
        self.further: tuple[TargetingError, ...] = ()


class UncheckedPatternError(FlowsyncError):
    """google-re2, which checks and tries patterns, is not installed."""

    code = "unchecked-pattern"

    def __init__(self) -> None:
        super().__init__(
            "google-re2 is not installed, so patterns can be neither checked nor tried.",
            hint="Run: pip install google-re2. There is no build of it for Alpine Linux: use an image with glibc.",
        )


class ConfigError(FlowsyncError):
    """flowsync.yaml, an environment variable or a key is unusable."""

    code = "config"


class GitError(FlowsyncError):
    """git is missing or failed."""

    code = "git"


class ApiError(FlowsyncError):
    """The API, or the connection to it, failed. `status` is None when no answer came.

    `retry_after`: seconds that the server asks to wait; the next read waits that long by itself. `unsent`: the request
    certainly never reached the server. `on_the_way`: something in front of the API refused it, perhaps after passing
    it on.
    """

    code = "api"
    leaves_doubt: ClassVar[bool] = False
    """Whether a write that failed with this error may have taken effect, or still may."""

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
        """Whether the write that failed with this error may have taken effect, or still may."""
        return not self.unsent and (self.leaves_doubt or self.on_the_way)


class NotFoundError(ApiError):
    """404: no such flow for this key, or no such path on this server."""

    code = "api-not-found"


class UnauthorizedError(ApiError):
    """401: the key is not accepted, or the resource belongs to another environment's organization."""

    code = "api-unauthorized"


class ForbiddenError(ApiError):
    """403: missing, unknown or revoked key, or a public key on a private path."""

    code = "api-forbidden"


class OrganizationError(ApiError):
    """The key opens another organization than the one that flowsync.yaml names."""

    exit_code = ExitCode.REFUSED
    code = "organization"


class RejectedError(ApiError):
    """400 and other refusals of the request itself: the server understood it and will not do it."""

    code = "api-rejected"


class RateLimitedError(ApiError):
    """429: without Retry-After the account's monthly cap, else the limit lasts longer than flowsync waits."""

    code = "api-rate-limited"


class ServerError(ApiError):
    """5xx after every retry, or a 4xx that does not refuse the request."""

    code = "api-server"
    leaves_doubt = True


class UnavailableError(ServerError):
    """503 with a Retry-After that is longer than flowsync waits: further requests are useless."""

    code = "api-unavailable"


class TransportError(ApiError):
    """No usable answer: connection refused or reset, or a timeout."""

    code = "api-transport"
    leaves_doubt = True


class UnreadableResponseError(ApiError):
    """An answer that is not the API's JSON."""

    code = "api-unreadable"
    leaves_doubt = True


class RecordError(FlowsyncError):
    """What a write would replace cannot be saved first, or a record cannot be read."""

    code = "record"


class GithubError(ApiError):
    """GitHub answered with a failure; `status` is its status."""

    code = "github"


class DeclinedError(FlowsyncError):
    """A person was asked whether to continue, and did not say yes."""

    code = "declined"


class BlockedError(FlowsyncError):
    """The plan holds flows that cannot be written."""

    code = "blocked"


class RefusedError(FlowsyncError):
    """A guard refused the command; `reasons` holds a sentence for each objection, `plan` what it refused."""

    exit_code = ExitCode.REFUSED
    code = "refused"

    def __init__(
        self, message: str, *, hint: str | None = None, reasons: Sequence[str] = (), plan: Plan | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.reasons = tuple(reasons)
        self.plan = plan


class PlanFileError(RefusedError):
    """A file is not a plan that flowsync wrote, or has an unknown format."""

    code = "plan-file"


class UnreviewedError(RefusedError):
    """`changes` would be written although no merged pull request showed them."""

    code = "unreviewed"

    def __init__(self, message: str, changes: Sequence[Change], *, hint: str, reasons: Sequence[str]) -> None:
        super().__init__(message, hint=hint, reasons=reasons)
        self.changes = tuple(changes)


class PartlyAppliedError(FlowsyncError):
    """Some writes failed; the ledger on stdout says which."""

    exit_code = ExitCode.PARTLY_APPLIED
    code = "partly-applied"


class UsageError(FlowsyncError):
    """The command line has an error."""

    exit_code = ExitCode.USAGE
    code = "usage"


class InterruptedByUser(FlowsyncError):  # noqa: N818 - an interruption is not an error of anything
    """Ctrl-C: requests in flight have finished, nothing more was started."""

    exit_code = ExitCode.INTERRUPTED
    code = "interrupted"
