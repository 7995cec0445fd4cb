"""Checks of texts and links: HTML tags and ${variables}, addresses, and the patterns of form fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.text import excerpt
from flowsync.validate.rules import (
    HTML_ATTRIBUTE,
    HTML_TAG,
    MEDIA_NOT_HTTPS,
    MEDIA_UNCERTAIN,
    PATTERN_INVALID,
    PATTERN_SLASHES,
    URI_IMPLAUSIBLE,
    URI_SCRIPT,
    VARIABLE_MALFORMED,
    code,
    listed,
)
from flowsync.validate.view import FIELD, PATTERN, STEP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.model import JsonValue, Problem, ValuePath
    from flowsync.validate.view import Part, View

HTML_TAGS: Final = (
    *("a", "b", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "i", "img", "li", "ol", "p", "pre", "s", "span"),
    *("strong", "style", "table", "tbody", "td", "th", "thead", "tr", "u", "ul", "video"),
)
"""What the SDK's sanitizer lets through; of all other tags it keeps the text."""
HTML_ATTRIBUTES: Final = (
    *("alt", "autoplay", "class", "controls", "href", "id", "loop", "muted", "playsinline", "src", "style", "target"),
)
_TAG: Final = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)((?:\s[^<>]*)?)/?>")
_ATTRIBUTE: Final = re.compile(r"""\s([A-Za-z][A-Za-z0-9:-]*)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"']+)""")
_KEPT_ATTRIBUTE: Final = re.compile(r"(?:aria|data)-")
"""Of these no source says what becomes of them."""
_PLAIN_TEXTS: Final = ("label", "placeholder")
"""Texts of a field in which HTML does not work."""
_OTHER_TEXTS: Final = {FIELD: ("value",), STEP: ("selector",)}
"""Texts that users do not read, in which variables work too."""
_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_OPERATOR: Final = re.compile(r"\||\?\?|:-|\w\(")
_LEADING_NAME: Final = re.compile(r"\s*([\w.-]*\w)(?!\w|\()")
_MALFORMED_VARIABLE: Final = re.compile(r"\$\{(?:(|\s[^{}]*|[^{}]*\s)\}|(?![^{}]*\}))")
_WHOLE_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}")
_OTHER_BRACES: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}")


def check_texts(view: View) -> Iterator[Problem]:
    """Report tags that are not shown and variables that are not replaced."""
    for part in view.parts:
        kind, path, value, is_custom = part
        for key in kind.texts:
            text = value.get(key)
            if isinstance(text, str):
                if "<" in text and not is_custom:
                    yield from _html(view, part, key, text)
                if "{" in text:
                    yield from _variables(view, (*path, key), text)
        for key in (*kind.addresses, *_OTHER_TEXTS.get(kind, ())):
            other = value.get(key)
            if isinstance(other, str) and "{" in other:
                yield from _variables(view, (*path, key), other)


def _html(view: View, part: Part, key: str, text: str) -> Iterator[Problem]:
    tags = [(name.lower(), inside) for name, inside in _TAG.findall(text)]
    path = (*part.path, key)
    if part.kind is FIELD and key in _PLAIN_TEXTS:
        for name in dict.fromkeys(name for name, _ in tags if name in HTML_TAGS):
            message = f"HTML does not work in a `{key}` of a field, and here is <{name}>."
            yield HTML_TAG.at(view.location(path), message, "Write plain text, or move it to the step's subtitle.")
        return
    for name in dict.fromkeys(name for name, _ in tags if name not in HTML_TAGS):
        message = f"Frigade does not show the HTML tag <{excerpt(name)}>."
        yield HTML_TAG.at(view.location(path), message, f"It shows {listed(HTML_TAGS, 'and')}.")
    attributes = [each.lower() for name, inside in tags if name in HTML_TAGS for each in _ATTRIBUTE.findall(inside)]
    for name in dict.fromkeys(attributes):
        if name not in HTML_ATTRIBUTES and not _KEPT_ATTRIBUTE.match(name):
            message = f"Frigade drops the HTML attribute {code(name)}."
            yield HTML_ATTRIBUTE.at(view.location(path), message, f"It keeps {listed(HTML_ATTRIBUTES, 'and')}.")


def _variables(view: View, path: ValuePath, text: str) -> Iterator[Problem]:
    expressions = dict.fromkeys(each for each in _VARIABLE.findall(text) if _is_expression(each))
    for expression in expressions:
        message = f"All of {code('${' + expression + '}')} is the name of one variable, so users see nothing there."
        found = _LEADING_NAME.match(expression)
        example = f"Write ${{{excerpt(found[1])}}} alone" if found else "Write its name alone"
        hint = f"{example}, and let the app set what users without a value read: there are no fallbacks or functions."
        yield VARIABLE_MALFORMED.at(view.location(path), message, hint)
    for name in dict.fromkeys(found[1] for found in _MALFORMED_VARIABLE.finditer(text)):
        if name is None:
            message, hint = "A variable begins with `${` and is never closed.", "Close it with }, as in ${firstName}."
        elif name in expressions:
            continue
        elif not name.strip():
            message, hint = "`${}` names no variable.", "Write its name between the braces, as in ${firstName}."
        else:
            message = f"The variable {code('${' + name + '}')} has spaces around its name."
            hint = f"Write {excerpt('${' + name.strip() + '}')}."
        yield VARIABLE_MALFORMED.at(view.location(path), message, hint)
    for name in dict.fromkeys(_OTHER_BRACES.findall(text)):
        message = f"{code('{{' + name + '}}')} is no variable of Frigade."
        yield VARIABLE_MALFORMED.at(view.location(path), message, f"Write {excerpt('${' + name + '}')}.")


def _is_expression(name: str) -> bool:
    return _OPERATOR.search(name) is not None or ":" in name.partition("?")[2]


_SCHEME: Final = re.compile(r"[\x00-\x20]*([A-Za-z](?:[\t\r\n]*[A-Za-z0-9+.-])*)[\t\r\n]*:")
"""A scheme as browsers see it: they drop controls and spaces before it, and tabs and line ends in it."""
_HOST_WITHOUT_SCHEME: Final = re.compile(
    r"(?:www\.|(?:[A-Za-z0-9-]+\.)+(?:com|org|net|io|app|dev|co|example)(?:[/:?#]|\Z))"
)
_BROKEN_SCHEME: Final = re.compile(r"(?:https?(?::/?(?!/)|//)|h?t?tps?://(?<!http://)(?<!https://))", re.IGNORECASE)


def check_links(view: View) -> Iterator[Problem]:
    """Report addresses that will not load or lead elsewhere; not those that begin with a variable."""
    for kind, path, value, _ in view.parts:
        for key in kind.addresses:
            address = value.get(key)
            if isinstance(address, str) and not address.startswith("${"):
                found = _SCHEME.match(address)
                scheme = "".join(found[1].split()).lower() if found else None
                check = _media if kind is STEP else _button
                yield from check(view, (*path, key), scheme, _address_complaint(address))


def _media(view: View, path: ValuePath, scheme: str | None, complaint: str | None) -> Iterator[Problem]:
    name, hint = f"`{path[-1]}`", "Write the full https address."
    if scheme not in {None, "https", "data"}:
        message = f"{name} must be an https address, not {excerpt(scheme or '')}:."
        yield MEDIA_NOT_HTTPS.at(view.location(path), message, "Browsers load pictures and videos over https only.")
    elif complaint is not None:
        yield URI_IMPLAUSIBLE.at(view.location(path), f"{name} {complaint}.", hint)
    elif scheme != "https":
        message = f"{name} is not a full https address, so it may not load."
        yield MEDIA_UNCERTAIN.at(view.location(path), message, hint)


def _button(view: View, path: ValuePath, scheme: str | None, complaint: str | None) -> Iterator[Problem]:
    if scheme in {"javascript", "vbscript", "data"}:
        message = f"A button must not lead to a {scheme}: address."
        yield URI_SCRIPT.at(view.location(path), message, "Use `action`, or a page's address.")
    elif complaint is not None:
        hint = "Write https://…, a path such as /settings, or ${variable}."
        yield URI_IMPLAUSIBLE.at(view.location(path), f"`uri` {complaint}.", hint)


def _address_complaint(address: str) -> str | None:
    """The fault of an address, by its form, as the end of a sentence; None if there is none."""
    if not address.strip():
        return "is empty"
    outside_variables = _WHOLE_VARIABLE.sub("", address)
    if " " in outside_variables or not outside_variables.isprintable():
        return "holds a space or an invisible character"
    if _BROKEN_SCHEME.match(address):
        return "has a misspelt scheme"
    return "has no scheme, so browsers take it for a path" if _HOST_WITHOUT_SCHEME.match(address) else None


_TOKEN: Final = re.compile(
    r"""
      (?P<escape>\\.) | (?P<dangling>\\)
    | (?P<set>\[\^?(?:\\.|[^\]\\])*\]) | (?P<unclosed>\[)
    | (?P<look>\(\?(?:=|!|<=|<!)) | (?P<group>\(\?(?:[a-z]*(?:-[a-z]*)?:|<[^\s<>=!][^\s<>]*>)) | (?P<unknown>\(\?)
    | (?P<open>\() | (?P<close>\))
    | (?P<range>\{[0-9]+(?:,[0-9]*)?\}\??) | (?P<quantifier>[*+?]\??)
    | (?P<anchor>[\^$|]) | (?P<atom>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SET_ITEM: Final = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|.)|[^\\]", re.DOTALL)
_NOTHING_TO_REPEAT: Final = frozenset({"start", "look", "group", "open", "anchor", "quantifier", "range"})
_DEPTH: Final = {"look": 1, "group": 1, "open": 1, "close": -1}
_ALWAYS_WRONG: Final = {
    "dangling": "it ends in a backslash",
    "unclosed": "a bracket [ is never closed",
    "unknown": "(? is followed by nothing that JavaScript knows",
}


def pattern_complaint(pattern: str) -> str | None:
    """The reason why JavaScript cannot compile `pattern`, as a clause; None if it can."""
    depth = 0
    previous = "start"
    for token in _TOKEN.finditer(pattern):
        kind, text = str(token.lastgroup), token[0]
        depth += _DEPTH.get(kind, 0)
        if kind in _ALWAYS_WRONG:
            return _ALWAYS_WRONG[kind]
        if depth < 0:
            return "a parenthesis ) closes nothing"
        if kind in {"quantifier", "range"} and previous in _NOTHING_TO_REPEAT:
            return f"there is nothing before {text[:20]} that could be repeated"
        wrong = _wrong_count(text) if kind == "range" else _wrong_set(text) if kind == "set" else None
        if wrong is not None:
            return wrong
        previous = kind
    return "a parenthesis ( is never closed" if depth else None


def _wrong_count(text: str) -> str | None:
    """Report two numbers in the wrong order; compares digits, because Python refuses very long numbers."""
    least, _, most = text.rstrip("?").strip("{}").partition(",")
    low, high = least.lstrip("0"), most.lstrip("0")
    is_reversed = bool(most) and (len(high), high) < (len(low), low)
    return f"the numbers in {text[:20]} are in the wrong order" if is_reversed else None


def _wrong_set(text: str) -> str | None:
    """Report a range such as z-a; checks plain characters only."""
    items = _SET_ITEM.findall(text, 1, len(text) - 1)
    index = 1 if items[:1] == ["^"] else 0
    while index + 2 < len(items):
        low, dash, high = items[index : index + 3]
        if dash == "-" and len(low) == len(high) == 1 and low > high:
            return f"the range {low}-{high} is in the wrong order"
        index += 3 if dash == "-" else 1
    return None


_WITH_FLAGS: Final = re.compile(r"/(.+)/([dgimsuvy]{1,8})", re.DOTALL)


def check_patterns(view: View) -> Iterator[Problem]:
    """Report patterns that do not compile or cannot match."""
    for part in view.parts:
        key = {FIELD: "pattern", PATTERN: "value"}.get(part.kind)
        if key is not None and isinstance(part.value.get(key), str):
            yield from _pattern(view, (*part.path, key), part.value[key])


def _pattern(view: View, path: ValuePath, pattern: JsonValue) -> Iterator[Problem]:
    text = str(pattern)
    wrong = pattern_complaint(text.removeprefix("/").removesuffix("/"))
    with_flags = _WITH_FLAGS.fullmatch(text)
    if wrong is not None:
        message = f"This pattern is not a regular expression: {wrong}."
        yield PATTERN_INVALID.at(
            view.location(path), message, "Escape characters that mean themselves with a backslash."
        )
    elif with_flags is not None:
        message = f"A pattern has no flags: `/{with_flags[2]}` is part of what it must match."
        hint = f"Leave out {with_flags[2]} and the slashes"
        hint += "; [Aa] matches a letter in either case." if "i" in with_flags[2] else "."
        yield PATTERN_SLASHES.at(view.location(path), message, hint)
