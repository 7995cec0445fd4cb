"""Values to write: what people put into flows, and what parsers of YAML stumble over, in any mixture.

`python -m tests.document.written` asks the real parsers (see tests.support.javascript) and stores a sample of what
they read in data/written.jsonl, which stands in for them where they are not installed; with a number after it, that
many values are tried for each seed from 1 to 20, and nothing is stored.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

from flowsync import document
from flowsync.model import JsonValue
from tests.support import javascript

STORED = Path(__file__).parent / "data" / "written.jsonl"
SEED = 20260201

_ORDINARY = (
    "no Yes ON off y N null Null ~ true FALSE .nan .inf -.INF +.inf << = ? - : ! & * | > |- >+ # % @ ` --- ... "
    "[ ] { } [] {} , ' \" '' \"\" \\ \\n $ ${name} {{name}} /a <b>x</b> <p> a:b a: :a a#b #a a_b _ __proto__ "
    "constructor toString 0 -0 +1 1 08540 007 0o17 0O17 0x1F 0xg 0b1 -0x1 +0o7 1_000 _1 ._1 1e3 1E+3 1e999 1. .5 "
    "-.5 +.5 1.0 12:30 1:2:3 190:20:30 2026-01-01 2026-1-1 2026-01-01T00:00:00Z 1,5 1.2.3 !!str !x &a *a a,b a]b "
    "https://acorn.example/a?b=c#d user.property('plan') Größe 日本語 🎉 👩\u200d👩\u200d👧 e\u0301"
)
WORDS = tuple(_ORDINARY.split(" "))
GLUE = (" ", " ", " ", "  ", "\n", "\n\n", "\n  ", " \n", "\t", "\n\t", "\n\n\n", "", ": ", " #", ", ", "'", '"')
_RARE = "\x00 \x07 \x1b \x7f \x85 \xa0 \xad \u061c \u200b \u2028 \u2029 \u202e \u2066 \ufeff \ufffd \uffff"
RARE = (*_RARE.split(" "), "\ud83d", "\ude00", "\U0001f600", "\U000e0041", "\U0010ffff", "\r", "\r\n")
PROSE = (
    "Budgets that keep themselves up to date, shared with the people who spend from them. ",
    'Read-only, through your bank\'s own sign-in: Acorn <u>never</u> sees your "password" and cannot move money. ',
    "Größe zählt: 3 % weniger — für alle 🎉 und jede. ",
    "user.property('plan') == 'pro' && user.flow('flow_setup') != 'COMPLETED_FLOW' ",
    "See https://acorn.example/help?topic=budgets#first for more, or write to us. # not a comment ",
    "two  spaces, a tab\tand a - dash ",
)
_KEYS = "id title subtitle props steps a.b 0 10 << null yes 1.0"
KEYS = (*_KEYS.split(), "", " ", "k: v", "# k")
MOST = 4
DEEPEST = 4


def numbers(random: Random) -> JsonValue:
    exponent = random.choice((0, 1, 3, 16, 20, 21, 22, 53, 300, 308, -5, -6, -7, -300, -320))
    number = random.choice((-1, 1)) * random.random() * 10.0**exponent
    integer = random.choice((random.randint(-(2**53), 2**53), random.randint(-9, 9), 2**60))
    return random.choice((number, integer, integer, integer, 1e21, 5e-324, math.inf, -math.inf, math.nan))


def texts(random: Random) -> str:
    kind = random.randrange(8)
    if kind < 3:
        return random.choice(WORDS)
    if kind == 3:
        return "".join(random.choice(PROSE) for _ in range(random.randint(1, 6)))[: random.randint(1, 500)]
    pool = (WORDS, RARE, WORDS + RARE, PROSE)[kind - 4]
    parts = [random.choice((random.choice(pool), random.choice(GLUE))) for _ in range(random.randint(1, MOST * 2))]
    return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")  # as JavaScript has it


def values(random: Random, depth: int = 0) -> JsonValue:
    kind = random.randrange(10 if depth < DEEPEST else 7)
    if kind < 5:
        return texts(random)
    if kind == 5:
        return numbers(random)
    if kind == 6:
        return random.choice((None, True, False, "", {}, []))
    if kind == 7:
        return [values(random, depth + 1) for _ in range(random.randint(1, MOST))]
    keys = (random.choice((random.choice(KEYS), texts(random)[:200])) for _ in range(random.randint(1, MOST)))
    return {key: values(random, depth + 1) for key in keys}


def generated(seed: int, count: int) -> Iterator[JsonValue]:
    """The same values for the same seed: what a live flow's data may be, at the root and below a key."""
    random = Random(seed)
    for _ in range(count):
        yield {"data": values(random)} if random.randrange(2) else values(random)


@dataclass(frozen=True)
class Written:
    """A value, what `dump` made of it, and what each parser reads in that."""

    value: JsonValue
    text: str
    readings: dict[str, dict[str, Any]]


def asked(wanted: list[JsonValue]) -> list[Written]:
    """What the real parsers read."""
    written = [document.dump(value) for value in wanted]
    answers = javascript.read(written).by_text
    return [Written(*each) for each in zip(wanted, written, answers, strict=True)]


def stored() -> list[Written]:
    """What they read when the sample was stored."""
    return [_from_row(json.loads(line)) for line in STORED.read_text(encoding="utf-8").split("\n") if line]


def _from_row(row: dict[str, Any]) -> Written:
    readings = {parser: reading for parsers, reading in row["readings"] for parser in parsers}
    return Written(decoded(row["value"]), row["text"], readings)


def _row(each: Written) -> str:
    order = sorted(each.readings.items(), key=lambda item: json.dumps(item[1]))
    grouped = [([name for name, _ in group], reading) for reading, group in groupby(order, key=lambda item: item[1])]
    return json.dumps({"value": encoded(each.value), "text": each.text, "readings": grouped})


def encoded(value: JsonValue) -> JsonValue:
    """What JSON cannot say in the words of the corpus."""
    match value:
        case float() if not math.isfinite(value):
            return {"$num": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
        case dict():
            return {key: encoded(item) for key, item in value.items()}
        case list():
            return [encoded(item) for item in value]
        case _:
            return value


def decoded(value: Any) -> JsonValue:  # noqa: ANN401 - JSON as it comes
    match value:
        case {"$num": str(name), **rest} if not rest:
            return float(name.replace("Infinity", "inf"))
        case dict():
            return {key: decoded(item) for key, item in value.items()}
        case list():
            return [decoded(item) for item in value]
        case _:
            return value  # type: ignore[no-any-return]


def comparable(value: JsonValue) -> object:
    """Values so that 1 is 1.0, true is not 1, NaN is NaN, and two mappings differ by what they hold only."""
    match value:
        case dict():
            return {key: comparable(item) for key, item in value.items()}
        case list():
            return [comparable(item) for item in value]
        case bool() | None | str():
            return (type(value).__name__, value)
        case _:
            return ("number", "NaN" if math.isnan(value) else float(value))


def misread(cases: list[Written]) -> list[str]:
    """A line for each parser that reads something else than the value that was written."""
    return [
        f"{parser} reads {each.text!r} as {reading}, not as {each.value!r}"
        for each in cases
        for parser, reading in each.readings.items()
        if "ok" not in reading or comparable(decoded(reading["ok"])) != comparable(each.value)
    ]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(f"{javascript.status()}\n")
        for seed in range(1, 21):
            found = misread(asked(list(generated(seed, int(sys.argv[1])))))
            shortest = sorted(found, key=len)[:3]
            sys.stdout.write("\n".join([f"seed {seed}: {len(found)} misread", *shortest, ""]))
    else:
        STORED.write_text("".join(_row(each) + "\n" for each in asked(list(generated(SEED, 150)))), encoding="utf-8")
