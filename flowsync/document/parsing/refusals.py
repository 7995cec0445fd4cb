"""What is wrong with a text, and where: refusals of the guard, and libyaml's errors in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import yaml

_WHITE: Final = frozenset(" \t\n")
_CLOSING: Final = {"[": "]", "{": "}"}
_HINT_OF_TAG: Final = "Remove the tag; to make a value text, put it in quotes."
_LINE: Final = re.compile(r"\n( *)(?=[^ \n#])")


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - becomes a DocumentError once the file's name is known
    """One place that cannot be read: the offset into the text, a code, a sentence, and what to do."""

    offset: int
    code: str
    message: str
    hint: str | None = None


def explained(text: str, error: yaml.YAMLError) -> Refusal:
    """libyaml's error, or the pure parser's, at the place where somebody would look for the mistake."""
    at, start = _offset(error, "problem_mark"), _offset(error, "context_mark")
    problem = f"{getattr(error, 'context', None) or ''}: {getattr(error, 'problem', None) or error}"
    for pattern, explain in _EXPLANATIONS:
        if pattern.search(problem):
            return explain(text, at, start)
    return Refusal(at, "yaml-syntax", "This is not YAML, or YAML that its parsers read in different ways.", None)


def _offset(error: yaml.YAMLError, name: str) -> int:
    mark = getattr(error, name, None)
    return 0 if mark is None else int(mark.index)


def tab_indentation(offset: int) -> Refusal:
    """The refusal of a tab before content."""
    return Refusal(
        offset, "tab", "This line is indented with a tab, which YAML forbids.", "Indent with spaces, two a level."
    )


def not_deeper(offset: int, message: str) -> Refusal:
    """The refusal of a line that is not indented deeper than its key."""
    return Refusal(offset, "indentation", message, "Indent this line, or end above it what it belongs to.")


def read_differently(offset: int, message: str, hint: str) -> Refusal:
    """The refusal of what is YAML, but not sure to be read alike by its parsers."""
    return Refusal(offset, "yaml-syntax", message, hint)


def complex_key(text: str, start: int) -> Refusal:
    """The refusal of a collection as a key, which most often is `{{name}}` without quotes."""
    outer = start - 1 if text[max(start - 1, 0) : start + 1] == "{{" else start
    if not text.startswith("{{", outer):
        hint = "Where this is text, put it in quotes."
        return Refusal(start, "yaml-complex-key", "A list or mapping cannot be a key.", hint)
    end = text.find("\n", outer)
    sample = text[outer : text.find("}}", outer, end) + 2 or end] or "{{…}}"
    return Refusal(
        outer,
        "template-braces",
        "{{…}} without quotes is a mapping inside a mapping to YAML, not text.",
        f'Put the whole value in quotes: "{sample}".',
    )


def missing_key(offset: int) -> Refusal:
    """The refusal of a colon without a key."""
    return Refusal(
        offset, "yaml-complex-key", "A key is missing before this colon.", 'Write "": for an empty key.'
    )


def marked_key(offset: int) -> Refusal:
    """The refusal of `? key`."""
    return Refusal(
        offset, "yaml-complex-key", "Keys marked with ? are not supported.", "Write key: value on one line."
    )


def glued_comment(offset: int) -> Refusal:
    """The refusal of a # right after a value."""
    return Refusal(offset, "yaml-syntax", "A comment needs a space before its #.", "Add a space before #.")


def glued_colon(offset: int) -> Refusal:
    """The refusal of a value right after a colon."""
    return Refusal(
        offset, "yaml-syntax", "A space is missing after the colon of this key.", "Write key: and then the value."
    )


def unsupported_tag(offset: int, tag: str) -> Refusal:
    """The refusal of a tag that JavaScript's parsers do not read alike."""
    return Refusal(
        offset,
        "yaml-tag",
        f"The tag {ascii(tag)[1:-1]} is not supported: JavaScript's parsers differ on it.",
        _HINT_OF_TAG,
    )


def unfit_tag(offset: int, tag: str) -> Refusal:
    """The refusal of a tag before a value of another kind."""
    return Refusal(offset, "yaml-tag", f"The tag {tag} does not fit the value after it.", _HINT_OF_TAG)


def bad_property(text: str, offset: int) -> Refusal:
    """The refusal of & or ! with something else than a name after it."""
    mark = text[offset]
    kind = "an anchor (&name)" if mark == "&" else "a tag (!name)"
    return Refusal(
        offset,
        "yaml-syntax",
        f"{mark} starts {kind}, and what follows is not one.",
        f'Where {mark} is the start of a text, put the text in quotes: "{mark}…".',
    )


def bad_alias(offset: int) -> Refusal:
    """The refusal of * with something else than a name after it."""
    return Refusal(
        offset,
        "yaml-syntax",
        "* starts an alias (*name), and what follows is not one.",
        'Where * is the start of a text, put the text in quotes: "*…".',
    )


def bad_header(text: str, offset: int) -> Refusal:
    """The refusal of what follows | or > on its line."""
    return Refusal(
        offset,
        "yaml-syntax",
        f"After {text[offset]} only -, + or one digit and a comment may follow on the line.",
        "Begin the text on the next line, indented; where it starts with | or > itself, put it in quotes.",
    )


def bad_escape(text: str, offset: int) -> Refusal:
    """The refusal of an escape that is none."""
    return Refusal(
        offset,
        "yaml-escape",
        f"{ascii(text[offset : offset + 2])[1:-1].replace(2 * chr(92), chr(92))} is no escape that YAML knows.",
        "Write \\\\ for a backslash, or use single quotes, where a backslash is just a character.",
    )


def bad_directive(text: str, offset: int) -> Refusal:
    """The refusal of a line that starts with %."""
    return Refusal(
        text.rfind("\n", 0, offset) + 1,
        "yaml-directive",
        "Lines that start with % are YAML directives; only %YAML 1.2, and --- on the next line, is supported.",
        "Remove the line; where it is text, put it in quotes.",
    )


def bad_start(text: str, offset: int) -> Refusal:
    """The refusal of a character with which no text can begin without quotes."""
    mark = text[offset : offset + 1]
    if mark in {"", "\n"}:
        return Refusal(offset, "yaml-syntax", "A value is missing here.", "Write it, or null.")
    if mark == "\t":
        line = text.rfind("\n", 0, offset) + 1
        if not text[line:offset].strip(" -"):
            return tab_indentation(offset)
        return Refusal(offset, "tab", "A tab stands where a value should begin.", "Use spaces.")
    if text.startswith("? ", offset):
        return marked_key(offset)
    if mark == "%" and text[offset - 1 : offset] in {"", "\n"}:
        return bad_directive(text, offset)
    return Refusal(
        offset, "yaml-syntax", f"Text cannot begin with {mark} here.", f'Put the whole text in quotes: "{mark}…".'
    )


def unclosed_quote(text: str, offset: int) -> Refusal:
    """The refusal of a quote that is never closed."""
    return Refusal(
        offset,
        "unclosed-quote",
        f"The quote {text[offset]} that opens here is never closed.",
        'Close it, or, where the quote is part of the text, put the whole text in quotes: "It\'s \\"new\\"".',
    )


def not_inside(text: str, offset: int, opening: int) -> Refusal:
    """The refusal of a line inside brackets that is not deeper than their key."""
    line = text.count("\n", 0, opening) + 1
    return Refusal(
        offset,
        "indentation",
        f"This line is still inside the {text[opening]} from line {line}, but is not indented deeper than its key.",
        "Indent it, or close the bracket above.",
    )


def _unclosed_bracket(text: str, at: int, opening: int) -> Refusal:
    """A bracket that is never closed, or something between its entries that is no comma."""
    mark = text[opening : opening + 1]
    if mark not in _CLOSING:
        return _misplaced(text, at, opening)
    closing = _CLOSING[mark]
    if at >= len(text) or text.startswith(("---", "..."), at):
        hint = f"Add {closing}, or quote the text."
        return Refusal(opening, "yaml-syntax", f"The {mark} that opens here is never closed.", hint)
    line = text.rfind("\n", 0, opening) + 1
    margin = len(text[line:]) - len(text[line:].lstrip(" -"))
    for each in _LINE.finditer(text, opening, at + 1):
        if len(each[1]) <= margin and line > 0 | (margin > 0):
            return not_inside(text, each.end(), opening)
    return Refusal(
        at,
        "yaml-syntax",
        f"A comma or {closing} is missing here; {mark} opened on line {text.count(chr(10), 0, opening) + 1}.",
        "Add it, or put text that holds quotes, commas or brackets in quotes.",
    )


def _second_colon(_text: str, at: int, _start: int) -> Refusal:
    return Refusal(
        at,
        "yaml-syntax",
        "A second colon on the line of a key: YAML cannot tell which key is meant.",
        "Put text that holds a colon and a space in quotes, or begin a nested mapping on the next line.",
    )


def _list_beside_key(text: str, at: int, _start: int) -> Refusal:
    line = text.rfind("\n", 0, at) + 1
    if "\t" in text[line:at] and not text[line:at].strip(" \t-"):
        return tab_indentation(text.index("\t", line))
    return Refusal(
        at, "yaml-syntax", "A list cannot begin on the line of its key.", "Begin it on the next line, indented."
    )


def _no_colon(text: str, at: int, start: int) -> Refusal:
    """A line that should be a key with a colon."""
    if text[start] in "[{":
        return complex_key(text, start)
    line = text[start : text.find("\n", start)]
    glued = re.match(r"([A-Za-z_][\w-]*):\S", line)
    if glued:
        return Refusal(
            start,
            "yaml-syntax",
            "A space is missing after the colon of this key.",
            f"Write {glued[1]}: and then the value.",
        )
    return Refusal(
        start,
        "yaml-syntax",
        "This line is neither a key with a colon nor part of the text above.",
        "Indent it to continue the text above, put a text of several lines after |, or write it as key: value.",
    )


def _misplaced(text: str, at: int, start: int) -> Refusal:
    """Something where the next key or item of a collection, or the end of the document, should be."""
    line = text.rfind("\n", 0, at) + 1
    if text[line:at].strip():
        return something_follows(text, at)
    if at - line > start - text.rfind("\n", 0, start) - 1:
        return Refusal(
            at,
            "indentation",
            "This line is indented deeper than its neighbours, but belongs to none of them.",
            "Line it up with the keys or list items it belongs to; a text of several lines is written after |.",
        )
    mark, is_alone = text[at : at + 1], text[at + 1 : at + 2] in _WHITE
    if text[start : start + 1] == "-" and text[start + 1 : start + 2] in _WHITE:
        return belongs_nowhere(at)
    if is_alone and mark in "-?:":
        return {"-": _item_among_keys, "?": marked_key, ":": missing_key}[mark](at)
    if mark in "[{":
        return complex_key(text, at)
    return bad_start(text, at) if mark in "]},#&*!|>'\"%@`\t" else _no_colon(text, at, at)


def something_follows(text: str, at: int) -> Refusal:
    """The refusal of what stands right behind a value."""
    if text[at] == "#":
        return glued_comment(at)
    return Refusal(
        at,
        "yaml-syntax",
        "Something follows the value that ends here.",
        "Put the whole value in quotes, or remove what follows.",
    )


def _item_among_keys(at: int) -> Refusal:
    return Refusal(
        at,
        "yaml-syntax",
        "A list item stands where the next key of this mapping should be.",
        "Indent the list below its key, or move the item to the list it belongs to.",
    )


def belongs_nowhere(at: int) -> Refusal:
    """The refusal of a line after the end of the document."""
    return Refusal(
        at,
        "indentation",
        "This line belongs to nothing above it.",
        "Line it up with the keys or list items it belongs to; a text of several lines is written after |.",
    )


def _second_document(text: str, at: int, _start: int) -> Refusal:
    line = text.rfind("\n", 0, at) + 1
    if text[line:at].strip():
        return something_follows(text, at)
    return bad_directive(text, at) if text[at : at + 1] == "%" else belongs_nowhere(at)


def _tab(text: str, at: int, _start: int) -> Refusal:
    return tab_indentation(at)


def _last_backslash(text: str, at: int, start: int) -> Refusal:
    return bad_escape(text, max(text.rfind("\\", start, at + 1), start))


_EXPLANATIONS: Final[tuple[tuple[re.Pattern[str], Callable[[str, int, int], Refusal]], ...]] = tuple(
    (re.compile(pattern), explain)
    for pattern, explain in (
        (r"tab character", _tab),
        (r"mapping values are not allowed", _second_colon),
        (r"sequence entries are not allowed", _list_beside_key),
        (r"mapping keys are not allowed", lambda text, at, start: marked_key(at)),
        (r"quoted scalar: found (?:unexpected end|unexpected document)", lambda text, at, start: unclosed_quote(text, start)),
        (r"escape|hexdecimal|hexadecimal", _last_backslash),
        (r"simple key", _no_colon),
        (r"block scalar", lambda text, at, start: bad_header(text, start)),
        (r"scanning an alias", lambda text, at, start: bad_alias(start)),
        (r"scanning an anchor|scanning a tag|parsing a tag|tag handle", lambda text, at, start: bad_property(text, start)),
        (r"directive|incompatible YAML|%YAML|%TAG", lambda text, at, start: bad_directive(text, start or at)),
        (r"flow (?:mapping|sequence)", _unclosed_bracket),
        (r"<document start>", _second_document),
        (r"expected key|'-' indicator|<block end>", _misplaced),
        (r"node content|cannot start any token|plain scalar", lambda text, at, start: bad_start(text, at)),
    )
)
"""What parsers call a mistake (in the context they name first), and who knows what to say about it."""
