"""What users read: HTML tags and ${variables} in texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule
from flowsync.validate.tree import Kind
from flowsync.validate.vocabulary import HTML_TAGS
from flowsync.validate.wording import code, excerpt, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import Problem, ValuePath
    from flowsync.validate.view import View

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
RULES: Final = (HTML_TAG, VARIABLE_MALFORMED)

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


def check(view: View) -> Iterator[Problem]:
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
    complaints = [_complaint(found[1]) for found in VARIABLE.finditer(text)]
    for message, hint in dict.fromkeys(item for item in complaints if item is not None):
        yield VARIABLE_MALFORMED.at(view.location(path), message, hint)
    for name in dict.fromkeys(found[1] for found in OTHER_BRACES.finditer(text)):
        yield VARIABLE_MALFORMED.at(
            view.location(path),
            f"{code('{{' + name + '}}')} is no variable of Frigade.",
            f"Write {excerpt('${' + name + '}')}.",
        )


def _complaint(name: str | None) -> tuple[str, str] | None:
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
