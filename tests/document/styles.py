"""Texts as different people write them: one value in many styles, with comments that say which key they are about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from flowsync import document
from flowsync.model import JsonValue

SENTENCE: Final = "Budgets keep themselves up to date: money goes out, it's yours #1 🎉 Größe {a} [b] 100 % a&b *c yes"
WORDS: Final = SENTENCE.split()
PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9 ]*[A-Za-z0-9]")
_KEYS: Final = "id title subtitle type props label value options fields action own else"
KEYS: Final = _KEYS.split()
BUTTON: Final = ("uri", "title", "own", "action", "target")


def flow_value(random: Random) -> dict[str, JsonValue]:
    """What a flow file may say, its keys in any order."""
    whole: dict[str, JsonValue] = {
        "name": prose(random),
        "type": "CARD",
        "active": random.choice((True, False)),
        "description": random.choice((None, "", prose(random))),
        "targetingLogic": "user.property('plan') == 'pro'",
        "x-shared": anything(random, 2),
        "data": {
            "steps": [step(random, number) for number in range(random.randint(1, 3))],
            "title": prose(random),
            "layout": anything(random, 3),
        },
        "tests": [{"sees": True, "user": {"guest": False}, "name": prose(random)}],
        "target": "latest",
        "environments": {"staging": {"active": False, "name": "S"}},
    }
    return shuffled(random, {key: whole[key] for key in whole if random.random() < 0.8 or key == "data"})


def step(random: Random, number: int) -> dict[str, JsonValue]:
    whole: dict[str, JsonValue] = {
        "id": f"step-{number}",
        "title": prose(random),
        "subtitle": prose(random),
        "primaryButton": {key: prose(random) for key in random.sample(BUTTON, random.randint(1, 4))},
        "fields": [{"type": "select", "id": "f", "options": [{"value": "a", "label": "A"}], "own": 1}],
        "props": anything(random, 2),
        "own": anything(random, 2),
    }
    return shuffled(random, {key: whole[key] for key in whole if random.random() < 0.7 or key == "id"})


def shuffled(random: Random, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: value[key] for key in random.sample(list(value), len(value))}


def prose(random: Random) -> str:
    lines = [" ".join(random.choices(WORDS, k=random.randint(1, 8))) for _ in range(random.choice((1, 1, 1, 2, 3)))]
    text = random.choice(("\n", "\n", "\n\n", "\n  ", " \n")).join(lines)
    return text + random.choice(("", "", "\n", "\n\n", " "))


def anything(random: Random, depth: int) -> JsonValue:
    kind = random.randrange(8 if depth else 5)
    if kind < 3:
        return random.choice((prose(random), random.choice(WORDS)))
    if kind < 5:
        return random.choice((None, True, 1, 2.5, "", "12:30", [], {}))
    if kind == 5:
        return [anything(random, depth - 1) for _ in range(random.randint(1, 3))]
    return {key: anything(random, depth - 1) for key in random.sample(KEYS, random.randint(1, 4))}


@dataclass
class Styled:
    """A value written by one author; `comments` are all there are, in the order of the text."""

    random: Random
    shared: JsonValue = None
    comments: list[str] = field(default_factory=list)
    is_shared_known: bool = False
    is_open: bool = False
    """Whether a blank line below would belong to the text above (`|+`)."""

    def text(self, value: dict[str, JsonValue]) -> str:
        self.shared = value.get("x-shared")
        head = ["# yaml-language-server: $schema=x.json"] if self.random.random() < 0.5 else []
        head += [self._comment("head", ""), ""] if self.random.random() < 0.3 else []
        lines = [*head, *self._mapping(value, 0)]
        if self._maybe(0.3):
            lines += [*([] if self.is_open else [""]), self._comment("end", "")]
        return self._ends("\n".join(lines))

    def _ends(self, text: str) -> str:
        """Line ends, and the last of them."""
        end = self.random.choice(("\r\n", "\n", "\n", "\n"))
        keeps = re.search(r"[|>]\d?\+", text) is not None
        tail = "\n" if keeps else self.random.choice(("", "\n", "\n", "\n\n", "\n \n"))
        mark = "\ufeff" if self.random.random() < 0.1 else ""
        return mark + f"{text}{tail}".replace("\n", end)

    def _comment(self, kind: str, key: str) -> str:
        said = f"# {kind} {key} {len(self.comments)}" + self.random.choice(("", " 'it's'", ' "', ": {x}", " #"))
        self.comments.append(said)
        return said + self.random.choice(("", "", "  "))

    def _maybe(self, likelihood: float) -> bool:
        return self.random.random() < likelihood

    def _above(self, key: str, column: int, *, is_first: bool) -> Iterator[str]:
        """Blank lines and comments above a key."""
        if not is_first and not self.is_open and self._maybe(0.2):
            yield from self.random.choice(([""], ["", " "], ["", "", ""]))
        if self._maybe(0.2):
            margin = self.random.choice((column, column, column, max(column - 1, 0)))
            yield f"{' ' * margin}{self._comment('above', key)}"
            if self._maybe(0.2):
                yield f"{' ' * column}{self._comment('above', key)}"

    def _beside(self, key: str) -> str:
        return f"{self.random.choice((' ', '   '))}{self._comment('beside', key)}" if self._maybe(0.15) else ""

    def _mapping(self, value: dict[str, JsonValue], column: int) -> list[str]:
        lines: list[str] = []
        for key, child in value.items():
            lines += self._above(key, column, is_first=not lines)
            lines += self._entry(f"{' ' * column}{key}:", key, child, column)
        return lines

    def _entry(self, start: str, key: str, child: JsonValue, column: int) -> list[str]:
        if key == "x-shared" and self._maybe(0.7):
            start += " &shared"
            self.is_shared_known = True
        elif self.is_shared_known and key == "props" and child == self.shared and type(child) is type(self.shared):
            return [f"{start} *shared{self._beside(key)}"]
        if isinstance(child, dict) and child and self._maybe(0.85):
            below = column + self.random.choice((2, 2, 2, 4, 1, 3))
            return [f"{start}{self._beside(key)}{self._blanks()}", *self._mapping(child, below)]
        if isinstance(child, list) and child and self._maybe(0.85):
            below = column + self.random.choice((2, 2, 0, 4))
            return [f"{start}{self._beside(key)}", *self._sequence(child, below, key)]
        return self._scalar_or_flow(f"{start} ", key, child, column)

    def _blanks(self) -> str:
        return self.random.choice(("", "", "", "  "))

    def _sequence(self, items: list[JsonValue], column: int, key: str) -> list[str]:
        lines: list[str] = []
        for child in items:
            lines += self._above("-", column, is_first=not lines)
            mark = f"{' ' * column}-{' ' * self.random.choice((1, 1, 1, 3))}"
            if isinstance(child, dict) and child and self._maybe(0.8):
                lines += self._item(mark, child)
            elif isinstance(child, list) and child and self._maybe(0.5):
                first, *more = self._sequence(child, len(mark), key)
                is_beside = first.lstrip(" ")[0] == "-"
                lines += [mark + first.lstrip(" "), *more] if is_beside else [mark.rstrip(" "), first, *more]
            else:
                lines += self._scalar_or_flow(mark, "-", child, column)
        return lines

    def _item(self, mark: str, child: dict[str, JsonValue]) -> list[str]:
        if self._maybe(0.1):
            return [f"{mark.rstrip()}{self._beside('-')}", *self._mapping(child, len(mark))]
        (first, value), *rest = child.items()
        lines = self._entry(f"{mark}{first}:", first, value, len(mark))
        for key, inner in rest:
            lines += self._above(key, len(mark), is_first=False)
            lines += self._entry(f"{' ' * len(mark)}{key}:", key, inner, len(mark))
        return lines

    def _scalar_or_flow(self, start: str, key: str, child: JsonValue, column: int) -> list[str]:
        self.is_open = False
        if isinstance(child, str):
            return self._text(start, key, child, column)
        if isinstance(child, (dict, list)) and child and self._maybe(0.3):
            return [
                start + self._wide_flow(child, column).lstrip(),
                f"{' ' * (column + 2)}{'}' if isinstance(child, dict) else ']'}",
            ]
        return [f"{start}{self._flow(child)}{self._beside(key)}{self._blanks()}"]

    def _wide_flow(self, child: dict[str, JsonValue] | list[JsonValue], column: int) -> str:
        """The lines of a collection in brackets, but for the last."""
        margin = " " * (column + 3)
        if isinstance(child, dict):
            parts = [f"{margin}{key}: {self._flow(inner)},{self._beside('')}" for key, inner in child.items()]
            return "\n".join(["{", *parts])
        return "\n".join(["[", *(f"{margin}{self._flow(inner)},{self._beside('')}" for inner in child)])

    def _flow(self, child: JsonValue) -> str:
        if isinstance(child, dict):
            inside = (f"{key}: {self._flow(inner)}" for key, inner in child.items())
            return f"{{{self.random.choice((', ', ' , ')).join(inside)}}}"
        if isinstance(child, list):
            return f"[{', '.join(map(self._flow, child))}]"
        return json.dumps(child, ensure_ascii=self._maybe(0.3))

    def _text(self, start: str, key: str, text: str, column: int) -> list[str]:
        ways: list[Any] = [self._double_quoted]
        if PLAIN.fullmatch(text) and document.parse(text).value == text:
            ways += [self._plain, self._plain]
        if "\n" not in text:
            ways.append(self._single_quoted)
        if text.strip() and text[0] not in " \n" and not re.search(r"^[ ]+$", text, re.MULTILINE):
            ways += [self._literal] * 3
        lines: list[str] = self.random.choice(ways)(start, key, text, column)
        return lines

    def _double_quoted(self, start: str, key: str, text: str, column: int) -> list[str]:
        quoted = json.dumps(text, ensure_ascii=self._maybe(0.3))
        if " " in quoted.strip('" ') and self._maybe(0.3):
            first, _, rest = quoted.partition(" ")
            if first[-1] not in '"\\' and rest[0] not in ' "':
                return [
                    first if not start else f"{start}{first}{self._blanks()}",
                    f"{' ' * (column + 4)}{rest}{self._beside(key)}",
                ]
        return [f"{start}{quoted}{self._beside(key)}"]

    def _single_quoted(self, start: str, key: str, text: str, _column: int) -> list[str]:
        doubled = text.replace("'", "''")
        return [f"{start}'{doubled}'{self._beside(key)}"]

    def _plain(self, start: str, key: str, text: str, column: int) -> list[str]:
        first, _, rest = text.partition(" ")
        if rest and rest[0] != " " and self._maybe(0.3):
            return [f"{start}{first}", f"{' ' * (column + 1)}{rest}{self._beside(key)}"]
        return [f"{start}{text}{self._beside(key)}{self._blanks()}"]

    def _literal(self, start: str, key: str, text: str, column: int) -> list[str]:
        body = text.rstrip("\n")
        chomping = {0: "-", 1: ""}.get(len(text) - len(body), "+")
        self.is_open = chomping == "+"
        deeper = self.random.choice((2, 2, 4, 1))
        digit = str(deeper) if self._maybe(0.2) else ""
        lines = [f"{' ' * (column + deeper)}{line}" if line else self._blank_line(deeper) for line in body.split("\n")]
        lines += [""] * (len(text) - len(body) - 1)
        below = [""] if chomping != "+" and self._maybe(0.2) else []
        return [f"{start}|{digit}{chomping}{self._beside(key)}", *lines, *below]

    def _blank_line(self, deeper: int) -> str:
        return " " * self.random.choice((0, 0, deeper))
