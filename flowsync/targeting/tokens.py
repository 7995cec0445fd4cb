"""An expression as tokens, and the one canonical spelling of them."""

from __future__ import annotations

import re
from enum import Enum
from itertools import pairwise
from typing import Final, NamedTuple

from flowsync.errors import TargetingError
from flowsync.text import excerpt

_LONGEST_SHOWN: Final = 40


def shown(text: str) -> str:
    """The beginning of a text for a message, printable and in backticks, unless it has one itself."""
    visible = excerpt(text, _LONGEST_SHOWN)
    return f"`{visible}`" if "`" not in visible else visible


MAXIMUM_LENGTH: Final = 2_000
"""Characters of an expression; the server takes a longer one for false [obs]."""
_LINE_BREAK: Final = re.compile(r"[ \t]*[\r\n][ \t\r\n]*")
_BREAK_AT_AN_END: Final = re.compile(rf"(?:\A|(?<=\()){_LINE_BREAK.pattern}|{_LINE_BREAK.pattern}(?=\)|\Z)")


def on_one_line(text: str) -> str:
    """The expression as it is sent: a blank for each line break, none at the ends and inside of parentheses.

    The server strips line breaks, and whether a blank takes their place is not known. A blank between two
    parentheses, or behind the last one, sends its parser into an endless recursion [obs].
    """
    if "\n" not in text and "\r" not in text:
        return text
    return _LINE_BREAK.sub(" ", _BREAK_AT_AN_END.sub("", text))


def length(text: str) -> int:
    """The length of a text in JavaScript: characters beyond the basic plane count twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_too_long(text: str) -> bool:
    """Whether the server treats an expression as false because of its length, as it is sent."""
    return length(on_one_line(text)) > MAXIMUM_LENGTH


class TokenKind(Enum):
    """The kind of a token, by its shape alone."""

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
    """`7d`: a number with letters directly after it."""
    OPERATOR = "operator"
    OPEN = "opening parenthesis"
    CLOSE = "closing parenthesis"
    COMMA = "comma"
    UNREADABLE = "unreadable"
    """A character that is no part of the language; with others up to the second of two quotes from a document."""
    END = "end"
    """Of the whole expression; empty, and always the last token."""


class Token(NamedTuple):
    """One token: its text as written, and where it starts and ends in characters from 0."""

    kind: TokenKind
    text: str
    start: int
    end: int


_DOCUMENT_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u00b4\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb`"
_NAME = r"[A-Za-z_$][A-Za-z0-9_$]*"
_PATTERN: Final = re.compile(
    rf"""[ \t\r\n]*(?:
      (?P<NAME>{_NAME}(?:\.{_NAME})*)
    | (?P<TEXT>'[^'\r\n]*'|"[^"\r\n]*")
    | (?P<NEGATED>!{_NAME}(?![A-Za-z0-9_$.(]))
    | (?P<OPERATOR>===?|!==?|<=?|>=?|&&|\|\||[-+*/=!&|])
    | (?P<OPEN>\()
    | (?P<CLOSE>\))
    | (?P<DURATION>[0-9]+(?:\.[0-9]+)?{_NAME})
    | (?P<NUMBER>[0-9]+(?:\.[0-9]+)?)
    | (?P<END>\Z)
    | (?P<COMMA>,)
    | (?P<MEMBER>\.{_NAME})
    | (?P<UNREADABLE>[{_DOCUMENT_QUOTES}][^{_DOCUMENT_QUOTES}'"\r\n]*[{_DOCUMENT_QUOTES}]|.)
    )""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_KINDS: Final = TokenKind.__members__
_ENDS_IN_BACKSLASH: Final = re.compile(r"(?<!\\)(?:\\\\)*\\['\"]\Z")
"""A quoted text whose end depends on whether backslashes escape: an odd number of them is before the quote."""


def tokenize(text: str) -> tuple[Token, ...]:
    """Split an expression into tokens, END last, unreadable characters among them.

    Raises TargetingError if it is not known which parts of the text are in quotes.
    """
    tokens: list[Token] = []
    for match in _PATTERN.finditer(text):
        group = match.lastgroup or ""
        token = Token(_KINDS[group], match[group], match.start(group), match.end())
        if group == "UNREADABLE" and token.text in "'\"":
            raise _unclosed(text, token.start, tokens)
        tokens.append(token)
        if group == "END":
            break
        if group == "TEXT" and _ENDS_IN_BACKSLASH.search(token.text):
            raise _escaped(text, token)
    return tuple(tokens)


def _escaped(text: str, token: Token) -> TargetingError:
    rest = re.match(r"([^'\"\r\n]*)['\"]", text[token.end :])
    message = "A backslash right before the closing quote: it is not known whether the server ends the text there."
    hint = "A text cannot hold a quote, nor end in a backslash."
    if rest is not None and not _AFTER_A_TEXT.search(rest[1]):
        hint = quoteless(token.text[1:-1].rstrip("\\") + "'" + rest[1])
    return TargetingError(message, token.end - 2, hint=hint)


def quoteless(text: str) -> str:
    """The hint for a text that holds a quote."""
    pattern = re.sub("['\"]", ".", text)
    if _PATTERN_SIGN.search(text):
        return "A text cannot hold a quote: use contains with a part without it, or matches with a dot in its place."
    return f"A text cannot hold a quote: write matches '{pattern}', where the dot is any character."


_ALIASES: Final = {"===": "==", "!==": "!=", "AND": "&&", "OR": "||"}


def canonical(text: str) -> str:
    """One spelling for all texts of the same tokens; never raises, linear time.

    White space between tokens, quote style, `AND`/`&&`, `OR`/`||`, `===`/`==`, `!==`/`!=` and zeros at the
    end of a fraction do not count. Everything else does, such as order and parentheses. Blank texts are "".
    A text that cannot be split into tokens is its own canonical form, exactly as it is. So is one that
    is too long, with a line end that no other form has: cut by spaces alone, it holds for other users.
    """
    if is_too_long(text):
        return f"{text}\n"
    try:
        tokens = tokenize(text)
    except TargetingError:
        return text
    if any(token.kind is TokenKind.UNREADABLE for token in tokens):
        return text
    return " ".join(map(_canonical_token, tokens[:-1]))


def _canonical_token(token: Token) -> str:
    if token.kind is TokenKind.TEXT and "'" not in token.text:
        return f"'{token.text[1:-1]}'"
    if token.kind is TokenKind.NUMBER:
        return plain_number(token.text)
    return _ALIASES.get(token.text, token.text)


def plain_number(text: str) -> str:
    """A number without the zeros that end its fraction: 1.50 is 1.5, and 1.0 is 1."""
    return text.rstrip("0").rstrip(".") if "." in text else text


_HINTS: Final = {
    **dict.fromkeys(
        "\u2018\u2019\u201a\u201b\u2032\u00b4",
        "This quote was likely pasted from a document; type a straight ' instead.",
    ),
    **dict.fromkeys(
        "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb",
        "This quote was likely pasted from a document; type a straight ' or \" instead.",
    ),
    "\u2260": "Write != instead.",
    "\u2264": "Write <= instead.",
    "\u2265": "Write >= instead.",
    **dict.fromkeys("\u2212\u2013\u2014", "Write - instead."),
    "\u00d7": "Write * instead.",
    "\u00f7": "Write / instead.",
    "\uff1d": "Write = instead.",
    **dict.fromkeys("[]", "Write a list as one quoted text: isIn 'a,b,c'."),
    **dict.fromkeys("{}", "Compare with a value directly; variables such as ${name} are not replaced here."),
    ";": "Leave the semicolon out.",
    "#": "An expression cannot hold comments; write them in the YAML around it.",
    "%": "There is no % operator.",
    "?": "There is no ?: operator; combine conditions with && and ||.",
    ".": "A dot is between two names, without spaces: user.property('plan').",
    "~": "For a pattern, write: matches 'pattern'.",
    "^": "For a pattern, write: matches '^start.*'.",
    "@": "Put the value in quotes: 'someone@example.com'.",
    ":": "Compare with == instead, or put the value in quotes.",
    "\\": "A backslash belongs inside quotes only.",
}
"""What to do about a character that cannot be outside quotes."""


def unreadable(token: Token, before: Token | None, following: Token) -> TargetingError:
    """The error for a character that is no part of the language, between the tokens next to it."""
    character = token.text[0]
    is_name = before is not None and before.kind is TokenKind.NAME and before.end == token.start
    if character == "[" and is_name:
        hint = "A name goes in parentheses: user.property('plan')."
    elif token.text == "`" and (token.start == 0 or following.kind is TokenKind.END):
        hint = "The backtick was likely copied along with the expression; delete it."
    elif character == "`":
        hint = "Texts are enclosed in ' or \", not in backticks."
    elif character.isspace() or not character.isprintable():
        hint = "An invisible character, likely pasted from a document: delete it, or type an ordinary space."
    else:
        hint = _HINTS.get(character, "A value that is not a number goes in quotes: 'value'.")
    message = f"Found {shown(character)}, which is not part of the targeting language."
    return TargetingError(message, token.start, hint=hint)


_PATTERN_SIGN: Final = re.compile(r"[\\^$*+?{}\[\]()|.]")
_AFTER_A_TEXT: Final = re.compile(r"\)[ ]*(?:[=!<>]|&&|\|\||[A-Za-z])|&&|\|\||[ ]==[ ]")
"""What is hardly ever inside a text, but is once a quote is missing: `'plan) == '`."""


def _unclosed(text: str, offset: int, before: list[Token]) -> TargetingError:
    line = re.split(r"[\r\n]", text[offset : offset + 80], maxsplit=1)[0]
    quotes = [token for token in before if token.kind is TokenKind.TEXT and _AFTER_A_TEXT.search(token.text)]
    suspect = quotes[0] if quotes else Token(TokenKind.TEXT, line, offset, offset + len(line))
    word = next((token for token in before if token.end == suspect.start and token.kind is TokenKind.NAME), None)
    for inside, name in pairwise(before):
        whole = text[inside.start + 1 : suspect.start]
        if (
            inside.kind is TokenKind.TEXT
            and name.kind is TokenKind.NAME
            and inside.end == name.start
            and name.text in whole
        ):
            message = f"The text ends at its second quote, and more follows: {shown(name.text)}."
            return TargetingError(message, name.start, hint=quoteless(whole))
    if word is not None:
        return TargetingError(
            f"This text seems to lack its opening quote: {shown(word.text)}.",
            word.start,
            hint=f"Add the missing {suspect.text[0]} where the text begins.",
        )
    return TargetingError(
        f"This text seems to lack its closing quote: {shown(suspect.text)}.",
        suspect.start,
        hint=f"Add the missing {suspect.text[0]} where the text was meant to end; a text is on one line.",
    )
