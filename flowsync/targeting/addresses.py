"""Checks what `user.currentUrl()` is compared with: it is the whole address, with scheme and host, never a path."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.targeting import rules
from flowsync.targeting.nodes import Condition, Operator, Source, SourceKind, Text, printed
from flowsync.targeting.tokens import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.targeting.nodes import Term
    from flowsync.targeting.rules import Finding

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?![0-9]+(?:/|\Z))")
"""How an address begins; `localhost:3000` is a host and a port."""
_BARE_HOST: Final = re.compile(r"https?://[^/]*", re.IGNORECASE)
"""An address always has a slash behind its host."""
_BARE_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
"""The scheme of an app, if of anything."""
_LITERAL: Final = re.compile(r"\^?(?P<text>[^\\^$*+?{}\[\]()|]*)(?P<rest>.*)", re.DOTALL)
_PLAIN: Final = re.compile(r"[\w/.:-]+")
_REPEATED: Final = frozenset("*?{")
_ADDRESS_HINT: Final = "Write the whole address, or a part of it: contains '/settings', endsWith '/settings'."


def check_address(term: Term) -> Iterator[Finding]:
    """Report comparisons of the page's address with something that is no address."""
    match term:
        case Condition(Source(SourceKind.USER_CURRENT_URL), operator, Text(content)):
            pass
        case _:
            return
    plain = operator.opposite if operator.value[0] == "!" else operator
    wrong, severity = None, Severity.ERROR
    if plain is Operator.EQUAL:
        wrong = None if _is_address(content) else content
    elif plain is Operator.IS_IN and not any(map(_is_address, content.split(","))):
        wrong = content
    elif plain in {Operator.STARTS_WITH, Operator.MATCHES}:
        wrong, severity = _wrong_pattern(content, plain)
    if wrong is None:
        return
    if plain is not operator:
        message = f"{printed(term)} is true for every user whose page is known."
        yield rules.CONSTANT.finding(term.right.span, message, _hint(content, operator))
        return
    what = "begins with" if plain is Operator.STARTS_WITH else "is" if plain is Operator.EQUAL else "fits"
    whole = "user.currentUrl() is the whole address, such as https://app.example/settings"
    message = f"{whole}; none {what} {shown(wrong)}."
    yield replace(rules.ADDRESS.finding(term.right.span, message, _hint(content, operator)), severity=severity)


def _hint(content: str, operator: Operator) -> str:
    if _BARE_HOST.fullmatch(content):
        return f"An address has a slash behind the host: {shown(content + '/')}."
    part = content.removeprefix("^").removesuffix("$").removesuffix(".*")
    word = "!contains" if operator.value[0] == "!" else "contains"
    return f"Write {word} '{part}', or the whole address." if _PLAIN.fullmatch(part) else _ADDRESS_HINT


def _is_address(text: str) -> bool:
    return _SCHEME.match(text) is not None and _BARE_HOST.fullmatch(text) is None


def _wrong_pattern(pattern: str, operator: Operator) -> tuple[str | None, Severity]:
    """The part of a pattern that no address can begin with; a bare word is hardly meant as a scheme."""
    found = _LITERAL.match(pattern)
    text, rest = (found["text"], found["rest"]) if found is not None else ("", "")
    if "|" in rest or not text:
        return None, Severity.ERROR
    if rest and rest[0] in _REPEATED:
        text = text[:-1]
    elif operator is Operator.MATCHES and rest in ("", "$"):
        return None if _is_address(text) else pattern, Severity.ERROR
    if not text or text[0] == "." or _SCHEME.match(text) or "https:".startswith(text.lower()):
        return None, Severity.ERROR
    return pattern, Severity.WARNING if _BARE_WORD.fullmatch(text) else Severity.ERROR
