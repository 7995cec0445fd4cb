"""libyaml's errors in plain words, at the place where the author made the mistake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document import refusals
from flowsync.document.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    import yaml

_CLOSING: Final = {"[": "]", "{": "}"}
_BRACKET: Final = re.compile(r"[\[\]{}]|\"(?:[^\"\\]|\\.)*\"|'[^']*'", re.DOTALL)
_LINE: Final = re.compile(r"\n( *)(?=[^ \n#])")
_GLUED_KEY: Final = re.compile(r"([A-Za-z_][\w-]*):\S")
_GLUED_KEY_ABOVE: Final = re.compile(
    r"^(?P<margin> *)(?P<key>[A-Za-z_][\w-]*):[^\s:/][^\n]*\n(?P=margin)[\w-]+\Z", re.MULTILINE
)
"""A key without a space after its colon, and below it one that was taken for more text of it."""
_ITEM_AMONG_KEYS: Final = (
    "yaml-syntax",
    "A list item is where the next key of this mapping should be.",
    "Indent the list below its key, or move the item to the list it belongs to.",
)


class _Mistake(NamedTuple):
    """Where a parser noticed a mistake, and where what it was reading began.

    `mark` is the character at which it was noticed (none at the end of the text), `margin` what is before it on the
    line.
    """

    text: str
    at: int
    start: int
    mark: str
    margin: str


def explained(text: str, error: yaml.YAMLError) -> Refusal:
    """The refusal for an error of libyaml or of PyYAML's parser."""
    noticed, began = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = noticed.index if noticed else 0
    margin = text[text.rfind("\n", 0, at) + 1 : at]
    mistake = _Mistake(text, at, began.index if began else at, text[at : at + 1], margin)
    problem = f"{getattr(error, 'context', None) or ''}: {getattr(error, 'problem', None) or error}"
    for pattern, explain in _EXPLANATIONS.items():
        if re.search(pattern, problem):
            return explain(mistake)
    message = "This is not YAML, or YAML that its parsers read in different ways."
    return refusals.read_differently(at, message, "Write it in a plainer way.")


def _second_colon(mistake: _Mistake) -> Refusal:
    above = _GLUED_KEY_ABOVE.search(mistake.text, 0, mistake.at)
    if above:
        return Refusal(above.start("key"), *refusals.GLUED_COLON)
    return Refusal(
        mistake.at,
        "yaml-syntax",
        "A second colon on the line of a key: YAML cannot tell which key is meant.",
        "Put text that holds a colon and a space in quotes, or begin a nested mapping on the next line.",
    )


def _list_on_key_line(mistake: _Mistake) -> Refusal:
    if "\t" in mistake.margin and not mistake.margin.strip(" \t-"):
        return Refusal(mistake.at - len(mistake.margin) + mistake.margin.index("\t"), *refusals.TAB_INDENTATION)
    message = "A list cannot begin on the line of its key."
    return Refusal(mistake.at, "yaml-syntax", message, "Begin it on the next line, indented.")


def _no_colon(mistake: _Mistake) -> Refusal:
    """The refusal of a line that should be a key with a colon; the parser notices it at the next key."""
    text, start = mistake.text, mistake.start
    if text[start : start + 1] in _CLOSING:
        return refusals.complex_key(text, start)
    if _GLUED_KEY.match(text, start):
        return Refusal(start, *refusals.GLUED_COLON)
    return Refusal(
        start,
        "yaml-syntax",
        "This line is neither a key with a colon nor part of the text above.",
        "Indent it to continue the text above, put a text of several lines after |, or write it as key: value.",
    )


def _misplaced(mistake: _Mistake) -> Refusal:
    """The refusal of something where the next key or item of a collection should be."""
    text, at, mark = mistake.text, mistake.at, mistake.mark
    if mistake.margin.strip():
        return refusals.something_follows(text, at)
    start_column = mistake.start - text.rfind("\n", 0, mistake.start) - 1
    if len(mistake.margin) > start_column:
        return Refusal(
            at,
            "indentation",
            "This line is indented deeper than its neighbours, but belongs to none of them.",
            "Line it up with the keys or list items it belongs to; a text of several lines is written after |.",
        )
    if text.startswith(("- ", "-\n"), mistake.start):
        return Refusal(at, *refusals.BELONGS_NOWHERE)
    if mark in {"-", "?", ":"} and text[at + 1 : at + 2] in {" ", "\t", "\n"}:
        return Refusal(at, *{"-": _ITEM_AMONG_KEYS, "?": refusals.MARKED_KEY, ":": refusals.MISSING_KEY}[mark])
    if mark in _CLOSING:
        return refusals.complex_key(text, at)
    return refusals.bad_start(text, at) if mark in "]},#&*!|>'\"%@`\t" else _no_colon(mistake._replace(start=at))


def _after_the_document(mistake: _Mistake) -> Refusal:
    if mistake.margin.strip():
        return refusals.something_follows(mistake.text, mistake.at)
    above = mistake.text.rfind("\n", 0, max(mistake.at - 1, 0)) + 1
    for line in (mistake.at, above):
        if mistake.text.startswith("%", line):
            return refusals.bad_directive(mistake.text, line)
    return Refusal(mistake.at, *refusals.BELONGS_NOWHERE)


def _in_brackets(mistake: _Mistake) -> Refusal:
    """The refusal of an unclosed bracket, or of something between entries that is no comma."""
    text, at, opening = mistake.text, mistake.at, mistake.start
    if text[opening : opening + 1] not in _CLOSING:
        opening = _last_open_bracket(text, at)
    mark = text[opening : opening + 1]
    if opening < 0 or mark not in _CLOSING:
        return _misplaced(mistake)
    if at >= len(text) or text.startswith(("---", "..."), at):
        hint = f"Add {_CLOSING[mark]}, or quote the text."
        return Refusal(opening, "yaml-syntax", f"The {mark} that opens here is never closed.", hint)
    before = text[text.rfind("\n", 0, opening) + 1 : opening]
    column = len(before) - len(before.lstrip(" -"))
    for line in _LINE.finditer(text, opening, at + 1):
        if before.strip() and len(line[1]) <= column:
            return refusals.not_inside(text, line.end(), opening)
    return Refusal(
        at,
        "yaml-syntax",
        f"A comma or {_CLOSING[mark]} is missing here; {mark} opened on line {text.count(chr(10), 0, opening) + 1}.",
        "Add it, or put text that holds quotes, commas or brackets in quotes.",
    )


def _in_brackets_no_value(mistake: _Mistake) -> Refusal:
    """The refusal of something in brackets that cannot begin a value."""
    if mistake.at >= len(mistake.text) or mistake.text.startswith(("---", "..."), mistake.at):
        return _in_brackets(mistake)
    if mistake.mark in {"-", "?", ":"}:
        return refusals.nothing_in_brackets(mistake.mark, mistake.at)
    return refusals.bad_start(mistake.text, mistake.at)


def _last_open_bracket(text: str, end: int) -> int:
    """Where the innermost bracket that is still open at `end` begins; -1 if there is none."""
    opened: list[int] = []
    for found in _BRACKET.finditer(text, 0, end):
        if found[0] in _CLOSING:
            opened.append(found.start())
        elif found[0] in {"]", "}"} and opened:
            opened.pop()
    return opened[-1] if opened else -1


def _unclosed_quote(mistake: _Mistake) -> Refusal:
    return Refusal(
        mistake.start,
        "unclosed-quote",
        f"The quote {mistake.text[mistake.start : mistake.start + 1]} that opens here is never closed.",
        'Close it or, if the quote is part of the text, put the whole text in quotes: "It\'s \\"new\\"".',
    )


def _no_value(mistake: _Mistake) -> Refusal:
    """The refusal of something that cannot begin a value."""
    if mistake.mark and mistake.mark not in "]},[{#&*!|>'\"%@`\t-?:\n":
        return Refusal(mistake.at, *refusals.BELONGS_NOWHERE)
    return refusals.bad_start(mistake.text, mistake.at)


_EXPLANATIONS: Final[dict[str, Callable[[_Mistake], Refusal]]] = {
    r"nesting depth": lambda each: Refusal(each.at, *refusals.TOO_DEEP),
    r"block scalar.*tab character": lambda each: Refusal(each.at, *refusals.TAB_IN_BLOCK_TEXT),
    r"tab character": lambda each: Refusal(each.at, *refusals.TAB_INDENTATION),
    r"mapping values are not allowed": _second_colon,
    r"sequence entries are not allowed": _list_on_key_line,
    r"mapping keys are not allowed": lambda each: Refusal(each.at, *refusals.MARKED_KEY),
    r"quoted scalar: found unexpected (?:end|document)": _unclosed_quote,
    r"escape|hexd?a?decimal": lambda each: refusals.bad_escape(each.text, each.text.rfind("\\", 0, each.at + 1)),
    r"simple key": _no_colon,
    r"block scalar": lambda each: refusals.bad_header(each.text, each.start),
    r"scanning an alias": lambda each: Refusal(each.start, *refusals.BAD_ALIAS),
    r"scanning an anchor|a tag|tag handle": lambda each: refusals.bad_property(each.text, each.start),
    r"directive|incompatible YAML": lambda each: refusals.bad_directive(each.text, each.start),
    r"flow (?:mapping|sequence)": _in_brackets,
    r"flow node": _in_brackets_no_value,
    r"<document start>": _after_the_document,
    r"expected key|'-' indicator|<block end>": _misplaced,
    r"node content|cannot start any token|plain scalar": _no_value,
}
"""What parsers say of a mistake and of what they were reading, and who knows the plain words for it."""
