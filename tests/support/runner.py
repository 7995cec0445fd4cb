"""How the runner of GitHub Actions reads the log of a step, as its source has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

IN_MESSAGE = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
IN_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))


@dataclass(frozen=True)
class Command:
    name: str
    properties: Mapping[str, str]
    message: str


def read(log: str) -> tuple[list[Command], list[str]]:
    """The commands of a log, and the lines that are only text."""
    commands: list[Command] = []
    texts: list[str] = []
    stopped = None
    for line in log.splitlines():
        found = parse(line)
        if stopped is not None:
            stopped = None if found is not None and found.name == stopped else stopped
            texts += [line] if stopped is not None else []
        elif found is None:
            texts.append(line)
        elif found.name == "stop-commands":
            stopped = found.message
        else:
            commands.append(found)
    return commands, texts


def parse(line: str) -> Command | None:
    """`::name key=value,key=value::message`, blanks before it left aside; `##[name key=value;]message` anywhere."""
    line = line.lstrip()
    if line.startswith("::") and "::" in line[2:]:
        head, _, message = line[2:].partition("::")
        name, _, properties = head.partition(" ")
        return Command(name, dict(_properties(properties)), _decoded(message, IN_MESSAGE))
    if "##[" in line and "]" in line.partition("##[")[2]:
        head, _, message = line.partition("##[")[2].partition("]")
        return Command(head.partition(" ")[0], {}, message)
    return None


def _properties(text: str) -> Iterator[tuple[str, str]]:
    for each in filter(None, text.split(",")):
        name, _, value = each.partition("=")
        yield name, _decoded(value, IN_PROPERTY)


def _decoded(text: str, codes: tuple[tuple[str, str], ...]) -> str:
    for code, character in codes:
        text = text.replace(code, character)
    return text
