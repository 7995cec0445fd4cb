"""The manual page flowsync(1), made of the same texts as the commands' help; `python docs/generate.py` writes it."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import click

ENVIRONMENT: Final = {
    "FRIGADE_API_KEY": "The private key: it reads and writes.",
    "FRIGADE_PUBLIC_API_KEY": "The public key: it reads.",
    "FRIGADE_API_URL": "The address of the API, if it is not Frigade's own.",
    "NO_COLOR": "Set to anything: no colour.",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A command on the page: how it is called, what it is, its options, and examples with what they are for."""

    usage: str
    command: click.Command
    options: Sequence[tuple[str, str]]
    examples: Mapping[str, str]


def page(whole: Entry, commands: Iterable[Entry], exit_codes: Iterable[tuple[int, str]]) -> str:
    """The page in roff: flowsync as a whole, then each command."""
    parts = [
        '.TH FLOWSYNC 1 "" "flowsync" "User Commands"\n.SH NAME\nflowsync \\- flows as code for Frigade\n',
        f".SH SYNOPSIS\n.B {escaped(whole.usage)}\n",
        f".SH DESCRIPTION\n{paragraphs(whole.command)}",
        f".SH OPTIONS\n{tagged(whole.options)}{shown(whole.examples)}.SH COMMANDS\n",
    ]
    parts.extend(map(section, commands))
    parts.append(f".SH EXIT STATUS\n{tagged((str(int(code)), text) for code, text in exit_codes)}")
    parts.append(f".SH ENVIRONMENT\n{tagged(ENVIRONMENT.items())}")
    return "".join(parts)


def section(entry: Entry) -> str:
    """One command."""
    parts = (paragraphs(entry.command), tagged(entry.options), shown(entry.examples))
    return f".SS {escaped(entry.usage)}\n{''.join(parts)}"


def paragraphs(command: click.Command) -> str:
    """What a command does, in the paragraphs of its docstring."""
    texts = re.split(r"\n{2,}", inspect.cleandoc(command.help or ""))
    return ".PP\n".join(f"{escaped(' '.join(text.split()))}\n" for text in texts)


def tagged(rows: Iterable[tuple[str, str]]) -> str:
    """Names with their meanings."""
    return "".join(f".TP\n.B {escaped(name)}\n{escaped(meaning)}\n" for name, meaning in rows)


def shown(examples: Mapping[str, str]) -> str:
    """Examples, as they are typed."""
    rows = "".join(f"{escaped(line)}\n.RS 4\n{escaped(meaning)}\n.RE\n" for line, meaning in examples.items())
    return f".PP\nExamples:\n.PP\n.nf\n{rows}.fi\n"


def escaped(text: str) -> str:
    """A text that roff takes as it is, a hyphen as the one that is typed."""
    plain = text.replace("`", "").replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain
