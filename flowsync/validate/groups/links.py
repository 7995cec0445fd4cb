"""Addresses: where buttons lead, and where pictures and videos come from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule
from flowsync.validate.tree import Kind
from flowsync.validate.vocabulary import MEDIA
from flowsync.validate.wording import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.model import Problem, ValuePath
    from flowsync.validate.view import View

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
RULES: Final = (MEDIA_NOT_HTTPS, MEDIA_UNCERTAIN, URI_SCRIPT, URI_IMPLAUSIBLE)

SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
RUNS_CODE: Final = frozenset({"javascript", "vbscript", "data"})
HOST_WITHOUT_SCHEME: Final = re.compile(
    r"(?:www\.|(?:[A-Za-z0-9-]+\.)+(?:com|org|net|io|app|dev|co|example)(?:[/:?#]|\Z))"
)
BROKEN_SCHEME: Final = re.compile(r"(?:https?(?::/?(?!/)|//)|h?t?tps?://(?<!http://)(?<!https://))", re.IGNORECASE)
LEADING_NOISE: Final = "".join(map(chr, range(0x21)))
"""What browsers drop before they read an address: controls and spaces."""


def check(view: View) -> Iterator[Problem]:
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
    if address.startswith("${") or (scheme == "https" and _complaint(address) is None):
        return
    if scheme not in {None, "https", "data"}:
        yield MEDIA_NOT_HTTPS.at(
            view.location(path),
            f"`{path[-1]}` must be an https address, not {excerpt(scheme or '')}:.",
            "Browsers load pictures and videos over https only.",
        )
    elif (complaint := _complaint(address)) is not None:
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
    elif (complaint := _complaint(address)) is not None:
        yield URI_IMPLAUSIBLE.at(
            view.location(path), f"`uri` {complaint}.", "Write https://…, a path such as /settings, or ${variable}."
        )


def _scheme(address: str) -> str | None:
    found = SCHEME.match(re.sub(r"[\t\r\n]", "", address.lstrip(LEADING_NOISE)))
    return found[1].lower() if found else None


def _complaint(address: str) -> str | None:
    """What is wrong with an address by its looks, as the end of a sentence; None when nothing is."""
    if not address.strip():
        return "is empty"
    outside_variables = re.sub(r"\$\{[^{}]*\}", "", address)
    if " " in outside_variables or not outside_variables.isprintable():
        return "holds a space or an invisible character"
    if BROKEN_SCHEME.match(address):
        return "has a misspelt scheme"
    return "has no scheme, so browsers take it for a path" if HOST_WITHOUT_SCHEME.match(address) else None
