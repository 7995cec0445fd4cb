"""The events that libyaml makes of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # PyYAML without libyaml: its own parser refuses more, and takes ten times as long
    from yaml.error import MarkedYAMLError
    from yaml.parser import Parser as _PureParser
    from yaml.reader import Reader as _PureReader
    from yaml.scanner import Scanner as _PureScanner

    class _Parser(_PureReader, _PureScanner, _PureParser):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            _PureReader.__init__(self, text)
            _PureScanner.__init__(self)
            _PureParser.__init__(self)

        def get_event(self) -> Any:  # noqa: ANN401 - one of PyYAML's classes
            try:
                return super().get_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs
            except ValueError as error:  # an escape of no character: libyaml refuses it
                raise MarkedYAMLError(None, None, "found an unknown escape", self.get_mark()) from error


class Mark(Protocol):
    """A place in the text: characters from its start, and from that of the line."""

    index: int
    column: int


class Event(Protocol):
    """Any event of PyYAML: its class says which one, and which of these attributes it has."""

    start_mark: Mark
    end_mark: Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str | None
    flow_style: bool
    explicit: bool


def events_of(text: str) -> Callable[[], Event]:
    """A function that returns the next event of a text, beginning with the one after the start of the stream.

    It raises yaml.YAMLError for a text that is not YAML.
    """
    next_event: Callable[[], Any] = _Parser(text).get_event
    next_event()
    return next_event
