"""In-memory ways to the API, for what needs no HTTP to be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from flowsync.api.endpoints import FlowReader, FlowWriter, Method
from flowsync.errors import ApiError, NotFoundError
from flowsync.model import JsonValue

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class PathReader(FlowReader):
    """Answers by path; an exception among the answers is raised, an unknown path is a 404."""

    def __init__(self, answers: Mapping[str, JsonValue | ApiError]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        del query
        self.asked.append(path)
        if path not in self.answers:
            raise NotFoundError(f"GET {path}: 404", status=404)
        answer = self.answers[path]
        if isinstance(answer, ApiError):
            raise answer
        return answer


class PagedReader(FlowReader):
    """A list cut into pages by a function of the offset and the limit that were asked for."""

    def __init__(self, page: Callable[[int, int], JsonValue]) -> None:
        self.page = page
        self.offsets: list[int] = []

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        del path
        self.offsets.append(int(query["offset"]))
        return self.page(int(query["offset"]), int(query["limit"]))


class CannedWriter(PathReader, FlowWriter):
    """Keeps what it is given, and answers every write the same."""

    def __init__(self, answer: JsonValue) -> None:
        super().__init__({})
        self.answer = answer
        self.written: list[tuple[Method, str, Mapping[str, JsonValue] | None]] = []

    def send(self, method: Method, path: str, body: Mapping[str, JsonValue] | None = None) -> JsonValue:
        self.written.append((method, path, body))
        return self.answer


def eager_map(function: Callable[[_Item], _Result], items: Iterable[_Item], /) -> list[_Result]:
    """Like an executor: everything is asked for before the first result is looked at."""
    return [function(item) for item in items]


def raw(row_id: int, slug: str = "flow_a", version: int = 1, status: str = "ACTIVE") -> dict[str, JsonValue]:
    return {"id": row_id, "slug": slug, "version": version, "status": status, "name": slug, "data": "steps: []"}
