"""What users read: HTML tags and ${variables} in texts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import HTML_TAGS, MEDIA, Kind, Rule, code, excerpt, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import Problem, ValuePath
    from flowsync.validate.rule import View

HTML_TAG: Final = Rule(
    "html-tag",
    Severity.WARNING,
    f"A text holds an HTML tag that Frigade does not show. It shows {listed(HTML_TAGS, 'and')}.",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      subtitle: <h1>Budgets</h1>\n",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      subtitle: <b>Budgets</b>\n",
)
VARIABLE_MALFORMED: Final = Rule(
    "variable-malformed",
    Severity.WARNING,
    "A text holds `${` without a name and a closing brace, or a variable in the braces of another tool. Users would "
    "read it as it is written.",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      title: Welcome, ${firstName!\n",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      title: Welcome, ${firstName}!\n",
)
TEXTS_RULES: Final = (HTML_TAG, VARIABLE_MALFORMED)

TEXTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.ROOT: ("title", "subtitle"),
    Kind.STEP: ("title", "subtitle"),
    Kind.BUTTON: ("title",),
    Kind.FIELD: ("label", "placeholder", "required", "positiveLabel", "negativeLabel"),
    Kind.OPTION: ("label",),
    Kind.PATTERN: ("message",),
}
ADDRESSES: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.STEP: ("imageUri", "iconUri", "videoUri"),
    Kind.BUTTON: ("uri",),
}

TAG: Final = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)(?:\s[^<>]*)?/?>")
VARIABLE: Final = re.compile(r"\$\{(?:([^{}]*)\})?")
OTHER_BRACES: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}")


def check_texts(view: View) -> Iterator[Problem]:
    """Report tags that are not shown and variables that are not replaced."""
    for path, text in _strings(view, TEXTS):
        if "<" in text:
            yield from _tags(view, path, text)
        if "{" in text:
            yield from _variables(view, path, text)
    for path, text in _strings(view, ADDRESSES):
        if "{" in text:
            yield from _variables(view, path, text)


def _strings(view: View, keys: Mapping[Kind, tuple[str, ...]]) -> Iterator[tuple[ValuePath, str]]:
    """The texts under some keys that may hold a tag or a variable."""
    for part in view.parts:
        for key in keys.get(part.kind, ()):
            text = part.value.get(key)
            if isinstance(text, str) and ("<" in text or "{" in text):
                yield (*part.path, key), text


def _tags(view: View, path: ValuePath, text: str) -> Iterator[Problem]:
    names = dict.fromkeys(found[1].lower() for found in TAG.finditer(text))
    for name in names:
        if name not in HTML_TAGS:
            yield HTML_TAG.at(
                view.location(path),
                f"Frigade does not show the HTML tag <{excerpt(name)}>.",
                f"It shows {listed(HTML_TAGS, 'and')}.",
            )


def _variables(view: View, path: ValuePath, text: str) -> Iterator[Problem]:
    complaints = [_texts_complaint(found[1]) for found in VARIABLE.finditer(text)]
    for message, hint in dict.fromkeys(item for item in complaints if item is not None):
        yield VARIABLE_MALFORMED.at(view.location(path), message, hint)
    for name in dict.fromkeys(found[1] for found in OTHER_BRACES.finditer(text)):
        yield VARIABLE_MALFORMED.at(
            view.location(path),
            f"{code('{{' + name + '}}')} is no variable of Frigade.",
            f"Write {excerpt('${' + name + '}')}.",
        )


def _texts_complaint(name: str | None) -> tuple[str, str] | None:
    if name is None:
        return "A variable begins with `${` and is never closed.", "Close it with }, as in ${firstName}."
    if not name.strip():
        return "`${}` names no variable.", "Write its name between the braces, as in ${firstName}."
    if name != name.strip():
        return (
            f"The variable {code('${' + name + '}')} has spaces around its name.",
            f"Write {excerpt('${' + name.strip() + '}')}.",
        )
    return None


MEDIA_NOT_HTTPS: Final = Rule(
    "media-not-https",
    Severity.ERROR,
    "The address of a picture or video has another scheme than https, so browsers do not load it.",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      imageUri: http://cdn.acorn.example/budget.png\n",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      imageUri: https://cdn.acorn.example/budget.png\n",
)
MEDIA_UNCERTAIN: Final = Rule(
    "media-uncertain",
    Severity.WARNING,
    "The address of a picture or video is no full https address: a path, which loads only where your own site has "
    "the file, or a data: address. An address that begins with a ${variable} is not judged.",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      imageUri: /images/budget.png\n",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      imageUri: https://app.acorn.example/images/budget.png\n",
)
URI_SCRIPT: Final = Rule(
    "uri-script",
    Severity.ERROR,
    "A button leads to an address that runs code or holds a page of its own (javascript:, vbscript:, data:). Browsers "
    "and security policies refuse these.",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      primaryButton: {title: Go, uri: 'javascript:go()'}\n",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      primaryButton: {title: Go, uri: /budgets}\n",
)
URI_IMPLAUSIBLE: Final = Rule(
    "uri-implausible",
    Severity.WARNING,
    "An address does not look like one: it is empty, holds a space, or has no scheme or a broken one, so that the "
    "browser takes it for a path of your app.",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      primaryButton: {title: Go, uri: www.acorn.example}\n",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      primaryButton: {title: Go, uri: https://www.acorn.example}\n",
)
LINKS_RULES: Final = (MEDIA_NOT_HTTPS, MEDIA_UNCERTAIN, URI_SCRIPT, URI_IMPLAUSIBLE)

SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
RUNS_CODE: Final = frozenset({"javascript", "vbscript", "data"})
HOST_WITHOUT_SCHEME: Final = re.compile(
    r"(?:www\.|(?:[A-Za-z0-9-]+\.)+(?:com|org|net|io|app|dev|co|example)(?:[/:?#]|\Z))"
)
BROKEN_SCHEME: Final = re.compile(r"(?:https?(?::/?(?!/)|//)|h?t?tps?://(?<!http://)(?<!https://))", re.IGNORECASE)
LEADING_NOISE: Final = "".join(map(chr, range(0x21)))
"""What browsers drop before they read an address: controls and spaces."""


def check_links(view: View) -> Iterator[Problem]:
    """Report addresses that will not load or not lead where they seem to."""
    for part in view.of(Kind.STEP):
        for key in MEDIA:
            address = part.value.get(key)
            if isinstance(address, str):
                yield from _media(view, (*part.path, key), address)
    for part in view.of(Kind.BUTTON):
        address = part.value.get("uri")
        if isinstance(address, str):
            yield from _button(view, (*part.path, "uri"), address)


def _media(view: View, path: ValuePath, address: str) -> Iterator[Problem]:
    scheme = _scheme(address)
    if address.startswith("${") or (scheme == "https" and _links_complaint(address) is None):
        return
    if scheme not in {None, "https", "data"}:
        yield MEDIA_NOT_HTTPS.at(
            view.location(path),
            f"`{path[-1]}` must be an https address, not {excerpt(scheme or '')}:.",
            "Browsers load pictures and videos over https only.",
        )
    elif (complaint := _links_complaint(address)) is not None:
        yield URI_IMPLAUSIBLE.at(view.location(path), f"`{path[-1]}` {complaint}.", "Write the full https address.")
    else:
        yield MEDIA_UNCERTAIN.at(
            view.location(path),
            f"`{path[-1]}` is not a full https address, so it may not load.",
            "Write the full https address.",
        )


def _button(view: View, path: ValuePath, address: str) -> Iterator[Problem]:
    if address.startswith("${"):
        return
    scheme = _scheme(address)
    if scheme in RUNS_CODE:
        yield URI_SCRIPT.at(
            view.location(path), f"A button must not lead to a {scheme}: address.", "Use `action`, or a page's address."
        )
    elif (complaint := _links_complaint(address)) is not None:
        yield URI_IMPLAUSIBLE.at(
            view.location(path), f"`uri` {complaint}.", "Write https://…, a path such as /settings, or ${variable}."
        )


def _scheme(address: str) -> str | None:
    found = SCHEME.match(re.sub(r"[\t\r\n]", "", address.lstrip(LEADING_NOISE)))
    return found[1].lower() if found else None


def _links_complaint(address: str) -> str | None:
    """What is wrong with an address by its looks, as the end of a sentence; None when nothing is."""
    if not address.strip():
        return "is empty"
    outside_variables = re.sub(r"\$\{[^{}]*\}", "", address)
    if " " in outside_variables or not outside_variables.isprintable():
        return "holds a space or an invisible character"
    if BROKEN_SCHEME.match(address):
        return "has a misspelt scheme"
    return "has no scheme, so browsers take it for a path" if HOST_WITHOUT_SCHEME.match(address) else None


TOKEN: Final = re.compile(
    r"""
      (?P<escape>\\.) | (?P<dangling>\\)
    | (?P<set>\[\^?(?:\\.|[^\]\\])*\]) | (?P<unclosed>\[)
    | (?P<look>\(\?(?:=|!|<=|<!)) | (?P<group>\(\?(?:[a-z]*(?:-[a-z]*)?:|<[^\s<>=!][^\s<>]*>)) | (?P<odd>\(\?)
    | (?P<open>\() | (?P<close>\))
    | (?P<range>\{[0-9]+(?:,[0-9]*)?\}\??) | (?P<quantifier>[*+?]\??)
    | (?P<anchor>[\^$|]) | (?P<atom>.)
    """,
    re.VERBOSE | re.DOTALL,
)
SET_ITEM: Final = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|.)|[^\\]", re.DOTALL)
NOTHING_TO_REPEAT: Final = frozenset({"start", "look", "group", "open", "anchor", "quantifier", "range"})
DEPTH: Final = {"look": 1, "group": 1, "open": 1, "close": -1}


@lru_cache(maxsize=256)
def complaint(pattern: str) -> str | None:
    """What keeps JavaScript from compiling `pattern`, as a clause; None when nothing does."""
    depth = 0
    previous = "start"
    for token in TOKEN.finditer(pattern):
        kind = str(token.lastgroup)
        depth += DEPTH.get(kind, 0)
        wrong = _wrong_token(kind, token[0], previous, depth)
        if wrong is not None:
            return wrong
        previous = kind
    return "a parenthesis ( is never closed" if depth else None


def _wrong_token(kind: str, text: str, previous: str, depth: int) -> str | None:
    if kind in _ALWAYS_WRONG:
        return _ALWAYS_WRONG[kind]
    if depth < 0:
        return "a parenthesis ) closes nothing"
    if kind in {"quantifier", "range"} and previous in NOTHING_TO_REPEAT:
        return f"there is nothing before {text[:20]} that could be repeated"
    if kind == "range":
        return _wrong_count(text)
    return _wrong_set(SET_ITEM.findall(text, 1, len(text) - 1)) if kind == "set" else None


_ALWAYS_WRONG: Final = {
    "dangling": "it ends in a backslash",
    "unclosed": "a bracket [ is never closed",
    "odd": "(? is followed by nothing that JavaScript knows",
}


def _wrong_count(text: str) -> str | None:
    """Compared as digits, for such numbers may be too long to be converted."""
    least, _, most = text.rstrip("?").strip("{}").partition(",")
    low, high = least.lstrip("0"), most.lstrip("0")
    is_reversed = bool(most) and (len(high), high) < (len(low), low)
    return f"the numbers in {text[:20]} are in the wrong order" if is_reversed else None


def _wrong_set(items: list[str]) -> str | None:
    """A range such as z-a; only plain characters are compared."""
    index = 1 if items[:1] == ["^"] else 0
    while index + 2 < len(items):
        low, dash, high = items[index : index + 3]
        if dash == "-" and len(low) == len(high) == 1 and low > high:
            return f"the range {low}-{high} is in the wrong order"
        index += 3 if dash == "-" else 1
    return None


PATTERN_INVALID: Final = Rule(
    "pattern-invalid",
    Severity.ERROR,
    "The `pattern` of a form field is not a regular expression that JavaScript can compile, so the form breaks.",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: zip\n"
    "          pattern: {value: '[0-9'}\n",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: zip\n"
    "          pattern: {value: '[0-9]+'}\n",
)
PATTERN_SLASHES: Final = Rule(
    "pattern-slashes",
    Severity.WARNING,
    "The `pattern` of a form field is written between slashes, as in JavaScript source. Here the slashes are part of "
    "the pattern, so hardly any answer matches.",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: zip\n"
    "          pattern: {value: '/^[0-9]+$/'}\n",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: zip\n"
    "          pattern: {value: '^[0-9]+$'}\n",
)
PATTERNS_RULES: Final = (PATTERN_INVALID, PATTERN_SLASHES)


def check_patterns(view: View) -> Iterator[Problem]:
    """Report patterns that do not compile or cannot match."""
    for part in view.of(Kind.PATTERN):
        value = part.value.get("value")
        if not isinstance(value, str):
            continue
        path = (*part.path, "value")
        wrong = complaint(value)
        if wrong is not None:
            yield PATTERN_INVALID.at(
                view.location(path),
                f"This pattern is not a regular expression: {wrong}.",
                "Escape characters that mean themselves with a backslash.",
            )
        elif len(value) > 1 and value.startswith("/^") and value.endswith("$/"):
            yield PATTERN_SLASHES.at(
                view.location(path), "The slashes are part of this pattern.", "Leave out the slashes."
            )
