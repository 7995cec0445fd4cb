"""How texts that others wrote appear in messages: short, quoted, and without a character that acts."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

from flowsync.errors import TargetingError

_LONGEST: Final = 40


def shown(text: str) -> str:
    """The text for a message: invisible characters spelled out, cut to 40 characters, quoted if it can be."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    visible = printable(cut)
    return f"`{visible}`" if "`" not in visible else visible


def printable(text: str) -> str:
    """The text with every character that is invisible, or acts on a terminal, spelled out."""
    return "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in text)


MAXIMUM_LENGTH: Final = 2_000
"""Characters of an expression; the server takes a longer one for false [obs]."""


def length(text: str) -> int:
    """How long JavaScript finds a text: characters beyond the basic plane count twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_too_long(text: str) -> bool:
    """Whether the server takes an expression for false for its length alone."""
    return length(text) > MAXIMUM_LENGTH


class TokenKind(Enum):
    """What a token is by its shape alone."""

    NAME = "name"
    """`user.property`, `true`, `contains`, `new`."""
    MEMBER = "member"
    """`.count`: a dot and a name after something else than a name."""
    NEGATED = "negated operator"
    """`!contains`."""
    TEXT = "text"
    """'quoted' or "quoted", on one line."""
    NUMBER = "number"
    DURATION = "time span"
    """`7d`: a number with letters stuck to it."""
    OPERATOR = "operator"
    OPEN = "opening parenthesis"
    CLOSE = "closing parenthesis"
    COMMA = "comma"
    END = "end"
    """Of the whole expression; empty, and always the last token."""


class Token(NamedTuple):
    """One token: its text as written, and where it starts and ends in characters from 0."""

    kind: TokenKind
    text: str
    start: int
    end: int


_NAME = r"[A-Za-z_$][A-Za-z0-9_$]*"
_PATTERN: Final = re.compile(
    rf"""[ \t\r\n]*(?:
      (?P<NAME>{_NAME}(?:\.{_NAME})*)
    | (?P<TEXT>'[^'\r\n]*'|"[^"\r\n]*")
    | (?P<OPERATOR>===?|!==?|<=?|>=?|&&|\|\||[-+*/])
    | (?P<OPEN>\()
    | (?P<CLOSE>\))
    | (?P<DURATION>[0-9]+(?:\.[0-9]+)?{_NAME})
    | (?P<NUMBER>[0-9]+(?:\.[0-9]+)?)
    | (?P<END>\Z)
    | (?P<COMMA>,)
    | (?P<NEGATED>!{_NAME}(?![A-Za-z0-9_$.(]))
    | (?P<MEMBER>\.{_NAME})
    | (?P<LONE>[=!&|])
    | (?P<UNREADABLE>.)
    )""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_KINDS: Final = {
    index: TokenKind.__members__.get(group, TokenKind.OPERATOR if group == "LONE" else None)
    for group, index in _PATTERN.groupindex.items()
}
_TEXT: Final = TokenKind.TEXT
_END: Final = TokenKind.END


def tokenize(text: str) -> tuple[Token, ...]:
    """Split an expression into tokens, END last; TargetingError at the first unreadable character."""
    tokens: list[Token] = []
    for match in _PATTERN.finditer(text):
        group = match.lastindex or 0
        kind = _KINDS[group]
        written, end = match[group], match.end()
        if kind is None:
            raise _unreadable(text, match.start(group), tokens)
        # Half the time of parsing is spent here; this spares each token a call.
        token = tuple.__new__(Token, (kind, written, end - len(written), end))
        tokens.append(token)
        if kind is _TEXT:
            _refuse_escaped_end(token)
        elif kind is _END:
            break
    return tuple(tokens)


def _refuse_escaped_end(token: Token) -> None:
    """Refuse a text whose end depends on whether backslashes escape."""
    if token.text[-2] != "\\":
        return
    content = token.text[1:-1]
    if (len(content) - len(content.rstrip("\\"))) % 2:
        raise TargetingError(
            "A backslash right before the closing quote: it is not known whether the server ends the text there.",
            token.end - 2,
            hint="To put a quote inside a text, enclose the text in the other kind of quotes.",
        )


_SINGLE_CURLY: Final = "\u2018\u2019\u201a\u201b\u2032\u00b4"
_DOUBLE_CURLY: Final = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_LOOKALIKES: Final = {
    "\u2260": "!=",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2212": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u00d7": "*",
    "\u00f7": "/",
    "\uff1d": "=",
}
_BRACKET_HINT: Final = "A name goes in parentheses: user.property('plan')."
_LIST_HINT: Final = "Write a list as one quoted text: isIn 'a,b,c'."
_HINTS: Final = {
    "[": _LIST_HINT,
    "]": _LIST_HINT,
    "{": "Compare with a value directly; variables such as ${name} are not replaced here.",
    "}": "Compare with a value directly; variables such as ${name} are not replaced here.",
    ";": "Leave the semicolon out.",
    "#": "Comments cannot stand inside an expression; write them in the YAML around it.",
    "%": "There is no % operator.",
    "?": "There is no ?: operator; combine conditions with && and ||.",
    ".": "A name stands on both sides of a dot without spaces: user.property('plan').",
    "~": "For a pattern, write: matches 'pattern'.",
    "^": "For a pattern, write: matches '^start.*'.",
    "@": "Put the value in quotes: 'someone@example.com'.",
    ":": "Compare with == instead, or put the value in quotes.",
    "\\": "A backslash belongs inside quotes only.",
}


_SWALLOWED: Final = re.compile(r"\)[ ]*(?:[=!<>]|&&|\|\||[A-Za-z])|&&|\|\||[ ]==[ ]")
"""What hardly stands inside a text, but does once a quote is missing: `'plan) == '`."""


def _unreadable(text: str, offset: int, before: list[Token]) -> TargetingError:
    """The error for the character at `offset`, which starts no token."""
    character = text[offset]
    if character in "'\"":
        return _unclosed(text, offset, before)
    message = f"Found {shown(character)}, which is not part of the targeting language."
    is_behind_name = bool(before) and before[-1].kind is TokenKind.NAME and before[-1].end == offset
    hint = _BRACKET_HINT if character == "[" and is_behind_name else _character_hint(text, offset)
    return TargetingError(message, offset, hint=hint)


def _unclosed(text: str, offset: int, before: list[Token]) -> TargetingError:
    """The error for a quote that nothing closes on its line, at the text that was likely meant."""
    line = re.split(r"[\r\n]", text[offset : offset + 80], maxsplit=1)[0]
    quotes = [token for token in before if token.kind is TokenKind.TEXT and _SWALLOWED.search(token.text)]
    suspect = quotes[0] if quotes else Token(TokenKind.TEXT, line, offset, offset + len(line))
    word = next((token for token in before if token.end == suspect.start and token.kind is TokenKind.NAME), None)
    if word is not None:
        return TargetingError(
            f"This text seems to lack its opening quote: {shown(word.text)}.",
            word.start,
            hint=f"Add the missing {suspect.text[0]} where the text begins.",
        )
    return TargetingError(
        f"This text seems to lack its closing quote: {shown(suspect.text)}.",
        suspect.start,
        hint=f"Add the missing {suspect.text[0]} where the text was meant to end; a text stands on one line.",
    )


def _character_hint(text: str, offset: int) -> str | None:
    """What to do about a character that cannot stand outside quotes."""
    character = text[offset]
    if character in _SINGLE_CURLY:
        return "This quote was likely pasted from a document; type a straight ' instead."
    if character in _DOUBLE_CURLY:
        return "This quote was likely pasted from a document; type a straight ' or \" instead."
    if character == "`":
        return _backtick_hint(text, offset)
    if character in _LOOKALIKES:
        return f"Write {_LOOKALIKES[character]} instead."
    if character.isspace() or not character.isprintable():
        return "An invisible character, likely pasted from a document: delete it, or type an ordinary space."
    return _HINTS.get(character, "A value that is not a number goes in quotes: 'value'.")


def _backtick_hint(text: str, offset: int) -> str:
    """A backtick at an edge comes from Markdown; elsewhere it stands for a quote."""
    if offset == 0 or not text[offset + 1 :].strip():
        return "The backtick was likely copied along with the expression; delete it."
    return "Texts are enclosed in ' or \", not in backticks."
