"""YAML in the many ways people write it: a value and a seed to a text that says the value, comments in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

from flowsync.document import dump, parse, same
from flowsync.errors import DocumentError
from flowsync.model import JsonValue

PLAIN_IN_BRACKETS = re.compile(r"[A-Za-z][A-Za-z0-9 ]*(?<! )")


@dataclass
class Author:
    """Somebody with habits, some of them bad. `comments` counts the comments written so far."""

    chance: Random
    comments: int = 0
    anchored: list[tuple[str, JsonValue]] = field(default_factory=list)
    likes_anchors: float = field(init=False)
    mapping: int = field(init=False)
    sequence: int = field(init=False)
    dash: int = field(init=False)
    likes_comments: float = field(init=False)

    def __post_init__(self) -> None:
        self.mapping = self.chance.choice([2, 2, 2, 4, 3])
        self.sequence = self.chance.choice([0, 2, 2, 4])
        self.dash = self.chance.choice([2, 2, 4])
        self.likes_anchors = self.chance.choice([0, 0, 0.3, 0.6])
        self.likes_comments = self.chance.choice([0, 0.1, 0.3])

    def write(self, value: JsonValue) -> str:
        """A text that says `value`, with a line feed after each line."""
        lines = self.lines_above(0)
        if isinstance(value, (dict, list)) and value and self.chance.random() < 0.9:
            lines += self.collection(value, 0)
        elif isinstance(value, (dict, list)):
            lines.append(self.brackets(value))
        else:
            lines += self.scalar(value, -1)
        if self.chance.random() < 0.1:
            lines.append(self.comment())
        if self.chance.random() < 0.1:
            lines = ["---", *lines]
        return "\n".join([*lines, ""])

    def comment(self) -> str:
        self.comments += 1
        return f"# c{self.comments}."

    def lines_above(self, column: int) -> list[str]:
        """Blank lines and comments above an entry."""
        lines: list[str] = []
        while self.chance.random() < self.likes_comments:
            lines.append(f"{' ' * column}{self.comment()}" if self.chance.random() < 0.7 else "")
        return lines

    def beside(self) -> str:
        return (
            f"{' ' * self.chance.randint(1, 3)}{self.comment()}" if self.chance.random() < self.likes_comments else ""
        )

    def collection(self, value: JsonValue, column: int) -> list[str]:
        entries = [(f"{self.key(key)}:", item) for key, item in value.items()] if isinstance(value, dict) else []
        entries = entries or [("-", item) for item in (value if isinstance(value, list) else [])]
        lines: list[str] = []
        for mark, item in entries:
            lines += self.lines_above(column) if lines else []
            first, *more = self.entry(mark, item, column)
            lines += [f"{' ' * column}{first}", *more]
            if self.chance.random() < self.likes_comments / 3:
                lines.append(f"{' ' * (column + 1)}{self.comment()}")
        return lines

    def entry(self, mark: str, value: JsonValue, column: int) -> list[str]:
        known = [name for name, each in self.anchored if same(each, value)]
        if known and self.chance.random() < self.likes_anchors:
            return [f"{mark} *{self.chance.choice(known)}{self.beside()}"]
        if self.chance.random() >= self.likes_anchors / 2 or value is None:
            return self.bare_entry(mark, value, column)
        name = f"a{len(self.anchored)}"
        lines = self.bare_entry(f"{mark} &{name}", value, column)
        self.anchored.append((name, value))
        return lines

    def bare_entry(self, mark: str, value: JsonValue, column: int) -> list[str]:
        if not isinstance(value, (dict, list)):
            first, *more = self.scalar(value, column)
            return [f"{mark} {first}".rstrip(" "), *more]
        if not value or self.chance.random() < 0.15:
            return [f"{mark} {self.brackets(value)}{self.beside()}"]
        if mark == "-" and self.chance.random() < 0.8:
            first, *more = self.collection(value, column + self.dash)
            return [f"-{' ' * (self.dash - 1)}{first.lstrip(' ')}", *more]
        step = self.dash if mark.startswith("-") else self.mapping if isinstance(value, dict) else self.sequence
        above = self.lines_above(column + step)
        return [f"{mark}{self.beside()}", *above, *self.collection(value, column + step)]

    def key(self, key: str) -> str:
        return dump({key: None}).removesuffix(": null\n")

    def scalar(self, value: JsonValue, column: int) -> list[str]:
        """The lines of a scalar; all but the first with their margins."""
        if isinstance(value, str):
            for style in self.chance.sample([self.plain, self.single, self.double, self.block, self.folded], 5):
                lines = style(value, column)
                if lines and self.says(lines, value, column):
                    is_block = lines[0][0] in "|>"
                    return lines if is_block else [*lines[:-1], f"{lines[-1]}{self.beside()}"]
        text = quoted(value) if isinstance(value, str) else dump(value).rstrip("\n")
        if value is None and self.chance.random() < 0.5:
            text = self.chance.choice(["", "~"])
        return [f"{text}{self.beside()}" if text else ""]

    def says(self, lines: list[str], value: str, column: int) -> bool:
        key = f"{' ' * column}k: " if column >= 0 else ""
        try:
            return same(parse(key + "\n".join([*lines, ""])).value, {"k": value} if key else value)
        except DocumentError:
            return False

    def margin(self, column: int) -> str:
        return " " * (max(column, 0) + self.chance.choice([1, 2, 2, 4]))

    def broken(self, value: str, column: int) -> list[str]:
        """The words on several lines, here and there."""
        margin = self.margin(column)
        text = re.sub(
            r"(?<=\w) (?=\w)",
            lambda _: f"\n{margin}" if self.chance.random() < 0.3 else " ",
            value.replace("\n", "\n\n"),
        )
        first, *more = text.split("\n")
        return [first, *(line if line.startswith(margin) or not line else f"{margin}{line}" for line in more)]

    def plain(self, value: str, column: int) -> list[str]:
        return self.broken(value, column) if value else []

    def single(self, value: str, column: int) -> list[str]:
        return self.broken(f"'{value.replace(chr(39), chr(39) * 2)}'", column)

    def double(self, value: str, column: int) -> list[str]:
        escaped = "".join(f"\\u{ord(c):04x}" if ord(c) < 65536 and self.chance.random() < 0.2 else c for c in value)
        return self.broken('"' + re.sub(r'(?<!\\)(")', r"\\\1", escaped) + '"', column)

    def block(self, value: str, column: int) -> list[str]:
        margin = self.margin(column)
        body = value.rstrip("\n")
        breaks = len(value) - len(body)
        chomping = ["-", "", "+"][min(breaks, 2)]
        lines = [f"{margin}{line}" if line else "" for line in body.split("\n")]
        return [f"|{chomping}{self.beside()}", *lines, *[""] * (breaks - 1)]

    def folded(self, value: str, column: int) -> list[str]:
        header, *lines = self.block(value, column)
        margin = lines[0][: len(lines[0]) - len(lines[0].lstrip(" "))]
        spread = "\n".join(lines).replace("\n", "\n\n")
        text = re.sub(r"(?<=\w) (?=\w)", lambda _: f"\n{margin}" if self.chance.random() < 0.3 else " ", spread)
        return [f">{header[1:]}", *text.split("\n")]

    def brackets(self, value: JsonValue, depth: int = 0) -> str:
        """A value on one line, in any mixture of quotes."""
        space = self.chance.choice(["", "", " "])
        if isinstance(value, dict):
            entries = (f"{self.word(key)}: {self.brackets(item, depth + 1)}" for key, item in value.items())
            return "{" + space + ", ".join(entries) + space + "}"
        if isinstance(value, list):
            return "[" + space + ", ".join(self.brackets(item, depth + 1) for item in value) + space + "]"
        return self.word(value) if isinstance(value, str) else dump(value).rstrip("\n")

    def word(self, text: str) -> str:
        if PLAIN_IN_BRACKETS.fullmatch(text) and dump(text) == f"{text}\n" and self.chance.random() < 0.6:
            return text
        return quoted(text)


def quoted(text: str) -> str:
    """A text in double quotes: a control character in it makes sure of them."""
    return dump(f"\x07{text}").rstrip("\n").replace("\\x07", "")


def written(value: JsonValue, seed: int) -> str:
    """A text that says `value`, as some author wrote it; the same seed writes the same."""
    chance = Random(seed)
    text = Author(chance).write(value)
    if chance.random() < 0.2:
        text = text.replace("\n", "\r\n")
    if chance.random() < 0.2:
        text = text.removesuffix("\n").removesuffix("\r")
    return f"\ufeff{text}" if chance.random() < 0.1 and not text.startswith((" ", "-")) else text
