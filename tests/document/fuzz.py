"""A differential fuzz of the YAML reader: npm `yaml` is the judge.

    python -m tests.document.fuzz [COUNT [SEED]]

Texts are made from the corpus, the example flows and generated values, most of them with slips of the keyboard. Each is
read by flowsync and by JavaScript's parsers (see tests.support.javascript). A text that flowsync reads as another
value than npm `yaml`, or that npm `yaml` refuses, is a misread: there may be none. Of the texts without slips
that both npm `yaml` and js-yaml read alike, flowsync may refuse one in a hundred. Exits 1 where that is not so, and 0
with a note where Node or the parsers are missing. The seed is printed; with the same seed the same texts are tried.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from flowsync import document
from flowsync.errors import DocumentError
from flowsync.model import JsonValue
from tests.document import written
from tests.document.styles import Styled, flow_value
from tests.document.test_corpus import CASES, comparable
from tests.support import javascript
from tests.support import styles as authors

COUNT: Final = 20_000
BATCH: Final = 2_000
SECONDS: Final = 60
"""No batch is begun after that."""
REFUSED_AT_MOST: Final = 0.01
NPM: Final = "yaml"
OTHER: Final = "js-yaml-4.3"

REPOSITORY: Final = Path(__file__).parents[2]
FLOWS: Final = [path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "flows").rglob("*.yaml"))]
CORPUS: Final = [case.text for case in CASES]
PLAUSIBLE: Final = [case.text for case in CASES if "real" in case.tags]
MARKS: Final[list[str]] = [*"\n \t:-?#,[]{}&*!|>'\"%@`~.0123e+_\\/=<", *"\u2028\x85\xa0\ufeff\x7f\x0bé😀"]
PIECES: Final[list[str]] = [
    *("  ", "\n  ", "\n\n", "   \n", "\n   x", "\n\t", "\t\n", "\\n", "\\\n", "\r\n", " #", "# c", "\n#", "\n#c\n"),
    *("- ", ": ", "? ", "key: v\n", "\n  - k: v\n    w: 2\n", "\n-", "\n]", "\n}", "]", "[a, b]", "{a: b}", "[a: b]"),
    *("|\n", "|-\n", ">\n", ">+\n", "|2\n", "'x'", '"y"', "''", '"\\ud83d\\ude00"', '"\\ud83d"', "{{x}}", "<<"),
    *("&a ", "&a\n  ", "!t # c\n  ", "*a", "!!str ", "!!int ", "!t ", "! "),
    *("---\n", "...\n", "\n%YAML 1.2\n", "%YAML 1.2\n---\n"),
    *("null", "true", "1e3", "0x1F", "-.5", "2026-01-01", "\t #"),
]
COMPLEX_KEY: Final = re.compile(r"(?:^ *(?:- +)*|[{,] *)\? ", re.MULTILINE)
"""What PyYAML writes for a key of several lines, and flowsync refuses."""
SIMPLE_KEY: Final = re.compile(r"^(?P<margin> *(?:- )?)(?P<key>\w+):(?=[ \n])", re.MULTILINE)
OPEN_BRACKET: Final = re.compile(r"[\[{][^\]}\n]*$", re.MULTILINE)
LINES: Final = ["", " ", "   ", "\t", " #", "#c", "  # c", "- ", "---", "...", "'", '"', "]", "}", "  x", "\tx"]


def texts(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Kinds of texts and texts without end."""
    kinds = [
        ("plausible: corpus", 2, lambda: chance.choice(PLAUSIBLE)),
        ("plausible: authors", 12, lambda: authored(chance)),
        ("plausible: dumped", 12, lambda: dumped(chance)),
        ("plausible: marked", 4, lambda: marked(chance, authored(chance))),
        ("slips: corpus", 34, lambda: slipped(chance, chance.choice(CORPUS))),
        ("slips: plausible", 12, lambda: slipped(chance, chance.choice(PLAUSIBLE))),
        ("slips: flows", 12, lambda: slipped(chance, stretch(chance, chance.choice(FLOWS)))),
        ("slips: authors", 8, lambda: slipped(chance, stretch(chance, authored(chance)))),
        ("slips: marked", 4, lambda: slipped(chance, marked(chance, stretch(chance, authored(chance))))),
        ("slips: dumped", 8, lambda: slipped(chance, dumped(chance)[:3000])),
    ]
    names, weights, makers = zip(*kinds, strict=True)
    makers_by_name: dict[str, Callable[[], str]] = dict(zip(names, makers, strict=True))
    while True:
        (name,) = chance.choices(names, weights)
        yield name, makers_by_name[name]()


def authored(chance: random.Random) -> str:
    """A flow as somebody may write it."""
    value = flow_value(chance)
    return Styled(chance).text(value) if chance.random() < 0.5 else authors.written(value, chance.getrandbits(32))


def dumped(chance: random.Random) -> str:
    """A value as some program writes it."""
    while True:
        text = _dumped(chance, carried(written.values(chance)))
        if not COMPLEX_KEY.search(text):
            return text


def marked(chance: random.Random, text: str) -> str:
    """A text in which some keys are marked with `?`, and their values on the line below; none within brackets."""
    if OPEN_BRACKET.search(text):
        return text

    def mark(found: re.Match[str]) -> str:
        margin = re.sub("[^\n]", " ", found["margin"])
        return found[0] if chance.random() < 0.6 else f"{found['margin']}? {found['key']}\n{margin}:"

    return SIMPLE_KEY.sub(mark, text)


def _dumped(chance: random.Random, value: JsonValue) -> str:
    escapes = chance.random() < 0.5
    match chance.randrange(4):
        case 0:
            return document.dump(value)
        case 1:
            return json.dumps(value, ensure_ascii=escapes, indent=chance.choice((None, 2, "\t")))
        case _:
            style = chance.choice((None, None, "'", '"', "|", ">"))
            flow = chance.choice((None, True, False))
            width, indent = chance.choice((20, 80, 1000)), chance.choice((2, 4))
            return yaml.safe_dump(
                value,
                allow_unicode=not escapes,
                default_style=style,
                default_flow_style=flow,
                width=width,
                indent=indent,
            )


def carried(value: JsonValue) -> Any:  # noqa: ANN401 - any JSON value
    """A value that every program can write: no lone halves of characters."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def stretch(chance: random.Random, text: str) -> str:
    """Some lines in a row."""
    lines = text.splitlines(keepends=True)
    start = chance.randrange(len(lines))
    return "".join(lines[start : start + chance.randint(2, 14)])


def slipped(chance: random.Random, text: str) -> str:
    """A text after a few slips of the keyboard."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        text = chance.choice(SLIPS)(chance, text)
    return text


def _insert(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    pieces = MARKS if chance.random() < 0.5 else PIECES
    return text[:at] + chance.choice(pieces) + text[at:]


def _delete(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.choice((1, 1, 1, 2, 3, 5, 9)) :]


def _splice(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    other = chance.choice(CORPUS)
    start = chance.randrange(len(other) + 1)
    return text[:at] + other[start : start + chance.randint(1, 20)] + text[at:]


def _indent(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    deeper = chance.choice((" ", "  ", "   ", "\t")) + lines[at]
    lines[at] = chance.choice((deeper, lines[at][chance.choice((1, 1, 2, 3)) :]))
    return "\n".join(lines)


def _move(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    line = lines.pop(chance.randrange(len(lines)))
    if chance.random() < 0.6:
        lines.insert(chance.randrange(len(lines) + 1), line)
    return "\n".join(lines)


def _add_line(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(LINES))
    return "\n".join(lines)


def _cut(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return chance.choice((text[:at], text[at:]))


SLIPS: Final = [*[_insert] * 4, *[_delete] * 2, _splice, _indent, _move, _add_line, _cut]


@dataclass
class Outcome:
    """How many texts of each kind were read, and which of them otherwise than by npm yaml."""

    tried: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    npm_accepts: Counter[str] = field(default_factory=Counter)
    agreed: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    misread: list[tuple[str, Any, Any]] = field(default_factory=list)

    def add(self, kind: str, text: str, readings: dict[str, dict[str, Any]]) -> None:
        npm, other = readings[NPM], readings[OTHER]
        self.tried[kind] += 1
        self.npm_accepts[kind] += "ok" in npm
        is_agreed = "ok" in npm and "ok" in other and comparable(npm["ok"]) == comparable(other["ok"])
        is_plausible = is_agreed and kind.startswith("plausible")
        self.agreed += is_plausible
        try:
            value = document.parse(text).value
        except DocumentError as error:
            if is_plausible:
                self.refused.append((text, str(error)))
            return
        self.accepted[kind] += 1
        if "ok" not in npm or comparable(npm["ok"]) != written.comparable(value):
            self.misread.append((text, value, npm))

    @property
    def is_good(self) -> bool:
        return not self.misread and len(self.refused) <= REFUSED_AT_MOST * self.agreed

    def report(self) -> str:
        lines = [
            f"{kind}: {self.tried[kind]} texts, npm yaml reads {self.npm_accepts[kind]}, flowsync {self.accepted[kind]}"
            for kind in sorted(self.tried)
        ]
        lines += [
            f"misread: {text!r}\n  flowsync: {value!r}\n  npm yaml: {npm}" for text, value, npm in self.misread[:30]
        ]
        lines += [
            f"refused: {text!r}\n  {error}" for text, error in sorted(self.refused, key=lambda each: len(each[0]))[:10]
        ]
        lines.append(
            f"{self.tried.total()} texts, {len(self.misread)} misread, "
            f"{len(self.refused)} refused of {self.agreed} plausible texts that both parsers read alike"
        )
        return "\n".join([*lines, ""])


def fuzz(count: int, seed: int, seconds: float = SECONDS) -> Outcome:
    """Try `count` texts, or as many as there is time for."""
    source = texts(random.Random(seed))
    outcome = Outcome()
    start = time.monotonic()
    while outcome.tried.total() < count and time.monotonic() - start < seconds:
        batch = [next(source) for _ in range(min(BATCH, count - outcome.tried.total()))]
        readings = javascript.read([text for _, text in batch], (NPM, OTHER)).by_text
        for (kind, text), reading in zip(batch, readings, strict=True):
            outcome.add(kind, text, reading)
    return outcome


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().getrandbits(32)
    if javascript.modules() is None:
        sys.stdout.write(f"JavaScript's YAML parsers: {javascript.status()}\n")
        return 0
    sys.stdout.write(f"seed {seed}; {javascript.status()}\n")
    outcome = fuzz(count, seed)
    sys.stdout.write(outcome.report())
    return 0 if outcome.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
