"""The parser: tokens to a tree, by recursive descent with bounded depth.

    expression  = conjunction { ("||" | "OR") conjunction }
    conjunction = part { ("&&" | "AND") part }
    part        = "(" expression ")" | term
    term        = value operator right | source | "true" | "false"
    value       = product { ("+" | "-") product }
    product     = operand { ("*" | "/") operand }
    operand     = source | text | number | "true" | "false" | "null" | clock | "(" value ")"

What the server's behaviour is not known for is refused rather than guessed: a space inside a dotted
name, `isSet false`, a list in brackets, arithmetic on properties.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.targeting import faults
from flowsync.targeting.faults import Expected
from flowsync.targeting.nodes import (
    LISTS,
    TEXTS,
    TIMES,
    And,
    Arithmetic,
    Boolean,
    Clock,
    ClockForm,
    Condition,
    Constant,
    Duration,
    Enclosed,
    Everyone,
    Flag,
    Group,
    Null,
    Number,
    Operator,
    Or,
    Source,
    SourceKind,
    Span,
    Text,
    Unit,
)
from flowsync.targeting.printer import format_value
from flowsync.targeting.tokens import MAXIMUM_LENGTH, TokenKind, tokenize

if TYPE_CHECKING:
    from flowsync.errors import TargetingError
    from flowsync.targeting.nodes import Expression, Term, Value
    from flowsync.targeting.tokens import Token

MAXIMUM_READ: Final = 5 * MAXIMUM_LENGTH
"""Characters of an expression that is read at all; a file has room for a million."""
MAXIMUM_DEPTH: Final = 50
"""How many parentheses may be open at once; people need three, walking deep trees overflows the stack at hundreds."""
_LONGEST_AMOUNT: Final = 9

_NAME, _TEXT, _NUMBER, _SYMBOL = TokenKind.NAME, TokenKind.TEXT, TokenKind.NUMBER, TokenKind.OPERATOR
_OPEN, _CLOSE, _COMMA, _MEMBER = TokenKind.OPEN, TokenKind.CLOSE, TokenKind.COMMA, TokenKind.MEMBER
_OPERATORS: Final = {operator.value: operator for operator in Operator} | {
    "===": Operator.EQUAL,
    "!==": Operator.NOT_EQUAL,
}
_UNITS: Final = {unit.letter: unit for unit in Unit}
_OR: Final = frozenset({"||", "OR"})
_AND: Final = frozenset({"&&", "AND"})
_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMERIC: Final = (Number, Clock, Enclosed, Arithmetic)
_SUM: Final = frozenset("+-")
_PRODUCT: Final = frozenset("*/")
_ARITHMETIC: Final = _SUM | _PRODUCT
_LITERALS: Final = frozenset({"true", "false", "null"})
_CLOCKS: Final = {"now": ClockForm.NOW, "Date.now": ClockForm.DATE_NOW}
_SOURCES: Final = {kind.spelled: kind for kind in SourceKind} | {
    "user.eventCount": SourceKind.USER_EVENT,
    "group.eventCount": SourceKind.GROUP_EVENT,
    "organization.property": SourceKind.GROUP_PROPERTY,
    "organization.event": SourceKind.GROUP_EVENT,
}
_COUNTS: Final = frozenset({"user.eventCount", "group.eventCount"})
_DOTTED: Final = {
    "user.properties": SourceKind.USER_PROPERTY,
    "group.properties": SourceKind.GROUP_PROPERTY,
}


def parse(text: str) -> Expression:
    """The tree of an expression; blank text is Everyone. Linear time, and no time for what is far too long.

    Raises TargetingError, and nothing else, with the offset of the first thing that does not fit.
    """
    if not text.strip(" \t\r\n"):
        return Everyone(Span(0, len(text)))
    if len(text) > MAXIMUM_READ:
        raise faults.too_long(len(text), MAXIMUM_READ)
    if len(text) == 1:
        raise faults.single_character(text)
    return _Parser(tokenize(text)).whole()


class _Parser:
    """One pass over the tokens of one expression."""

    __slots__ = ("_depth", "_index", "_token", "_tokens")

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens
        self._index = 0
        self._depth = 0
        self._token = tokens[0]

    def whole(self) -> Expression:
        """The whole text as one expression."""
        expression = self._expression()
        if self._token.kind is not TokenKind.END:
            raise self._unexpected(Expected.LOGIC)
        return expression

    def _advance(self) -> Token:
        """Step over the current token, which is never END, and return it."""
        token = self._token
        self._index += 1
        self._token = self._tokens[self._index]
        return token

    def _following(self) -> Token:
        """The token after the current one; END follows itself."""
        return self._tokens[min(self._index + 1, len(self._tokens) - 1)]

    def _unexpected(self, expected: Expected) -> TargetingError:
        """The error for the current token."""
        return faults.unexpected(self._token, self._following(), expected)

    def _take(self, kind: TokenKind, expected: Expected) -> Token:
        """Step over a token of this kind, or fail."""
        if self._token.kind is not kind:
            raise self._unexpected(expected)
        return self._advance()

    def _expression(self) -> Expression:
        first = self._conjunction()
        if self._token.text not in _OR:
            return first
        parts = [first]
        while self._token.text in _OR:
            self._advance()
            parts.append(self._conjunction())
        return Or(tuple(parts), _across(first, parts[-1]))

    def _conjunction(self) -> Expression:
        first = self._part()
        if self._token.text not in _AND:
            return first
        parts = [first]
        while self._token.text in _AND:
            self._advance()
            parts.append(self._part())
        return And(tuple(parts), _across(first, parts[-1]))

    def _part(self) -> Expression:
        return self._group() if self._token.kind is _OPEN else self._term()

    def _group(self) -> Group:
        opening = self._enter()
        inner = self._expression()
        return Group(inner, Span(opening.start, self._leave().end))

    def _enter(self) -> Token:
        """Step over an opening parenthesis, one level down."""
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise faults.too_deep(self._token, MAXIMUM_DEPTH)
        return self._advance()

    def _leave(self) -> Token:
        """Step over the closing parenthesis, one level up."""
        if self._token.kind is not _CLOSE:
            raise self._unexpected(Expected.CLOSE if self._token.kind is TokenKind.END else Expected.LOGIC)
        self._depth -= 1
        return self._advance()

    def _term(self) -> Term:
        left = self._value(Expected.CONDITION)
        operator = _OPERATORS.get(self._token.text)
        if operator is None:
            return self._alone(left)
        is_word = self._advance().kind is not _SYMBOL
        right = self._word_right(operator) if is_word else self._value(Expected.VALUE)
        return Condition(left, operator, right, _across(left, right))

    def _alone(self, value: Value) -> Term:
        """A value without an operator: only what is true or false by itself."""
        token = self._token
        ends = token.kind in (TokenKind.END, _CLOSE) or token.text in _AND or token.text in _OR
        if not ends:
            raise self._unexpected(Expected.OPERATOR)
        match value:
            case Source():
                return Flag(value, value.span)
            case Boolean(truth, span):
                return Constant(truth, span)
            case _:
                raise faults.not_compared(value, token)

    def _word_right(self, operator: Operator) -> Value:
        """What follows an operator that is a word."""
        if operator in TEXTS:
            return _text(self._take(_TEXT, Expected.TEXT))
        if operator in LISTS:
            return _text(self._take(_TEXT, Expected.LIST))
        if operator in TIMES:
            return _duration(self._take(TokenKind.DURATION, Expected.DURATION))
        return self._true()

    def _true(self) -> Boolean:
        if self._token.text != "true":
            raise self._unexpected(Expected.TRUE)
        return Boolean(value=True, span=_span(self._advance()))

    def _value(self, expected: Expected) -> Value:
        first = self._operand(expected)
        return self._sum(first) if self._token.text in _ARITHMETIC else first

    def _sum(self, first: Value) -> Value:
        head = self._product(first)
        rest = []
        while self._token.text in _SUM:
            sign = self._advance().text
            rest.append((sign, self._product(self._operand(Expected.VALUE))))
        value = _arithmetic(head, rest)
        if isinstance(head, Number) and isinstance(value, Arithmetic):
            _refuse_date(value)
        return value

    def _product(self, first: Value) -> Value:
        rest = []
        while self._token.text in _PRODUCT:
            sign = self._advance().text
            rest.append((sign, self._operand(Expected.VALUE)))
        return _arithmetic(first, rest)

    def _operand(self, expected: Expected) -> Value:
        token = self._token
        if token.kind is _NAME:
            return self._named(expected)
        if token.kind is _TEXT:
            return _text(self._advance())
        if token.kind is _NUMBER:
            return Number(self._advance().text, _span(token))
        if token.text == "-" and self._following().kind is _NUMBER:
            return self._negative()
        if token.kind is _OPEN and expected is Expected.VALUE:
            return self._enclosed()
        raise self._unexpected(expected)

    def _negative(self) -> Number:
        minus, digits = self._advance(), self._advance()
        return Number("-" + digits.text, Span(minus.start, digits.end))

    def _enclosed(self) -> Enclosed:
        opening = self._enter()
        inner = self._value(Expected.VALUE)
        if not _is_numeric(inner):
            raise faults.not_a_number(inner)
        return Enclosed(inner, Span(opening.start, self._take(_CLOSE, Expected.CLOSE).end))

    def _named(self, expected: Expected) -> Value:
        """Whatever starts with a name."""
        token = self._token
        kind = _SOURCES.get(token.text)
        if kind is not None:
            return self._source(kind)
        if token.text in _LITERALS:
            return _literal(self._advance())
        if token.text in _CLOCKS or token.text == "new":
            return self._clock()
        return self._property(expected)

    def _property(self, expected: Expected) -> Source:
        """A property in its dotted form, `user.properties.plan`; anything else is unknown."""
        owner, _, key = self._token.text.rpartition(".")
        kind = _DOTTED.get(owner)
        if kind is not None:
            token = self._advance()
            name = Text(key, Span(token.end - len(key), token.end))
            return Source(kind, (name,), _span(token))
        is_bare_word = "." not in self._token.text and self._following().kind is not _OPEN
        if expected is Expected.VALUE and is_bare_word:
            raise self._unexpected(expected)
        raise faults.unknown_name(self._token, self._following())

    def _clock(self) -> Clock:
        first = self._advance()
        form = _CLOCKS.get(first.text, ClockForm.NEW_DATE)
        if form is ClockForm.NEW_DATE:
            if self._token.text != "Date":
                raise self._unexpected(Expected.DATE)
            self._advance()
        self._take(_OPEN, Expected.OPEN)
        return Clock(form, Span(first.start, self._take(_CLOSE, Expected.CLOSE).end))

    def _source(self, kind: SourceKind) -> Source:
        name = self._advance()
        self._take(_OPEN, Expected.OPEN)
        arguments = self._arguments()
        end = self._take(_CLOSE, Expected.CLOSE).end
        if len(arguments) != len(kind.roles) and (arguments or kind is not SourceKind.USER_MEMBER_OF_GROUP):
            raise faults.wrong_arity(kind, name, len(arguments))
        if kind.is_count and name.text not in _COUNTS:
            end = self._count().end
        if self._token.kind is _MEMBER:
            raise faults.stray_count(self._token)
        return Source(kind, arguments, Span(name.start, end))

    def _arguments(self) -> tuple[Text, ...]:
        if self._token.kind is _CLOSE:
            return ()
        arguments = [_text(self._take(_TEXT, Expected.NAME))]
        while self._token.kind is _COMMA:
            self._advance()
            arguments.append(_text(self._take(_TEXT, Expected.NAME)))
        return tuple(arguments)

    def _count(self) -> Token:
        if self._token.text != ".count":
            raise self._unexpected(Expected.COUNT)
        return self._advance()


def _span(token: Token) -> Span:
    return Span(token.start, token.end)


def _across(first: Expression | Value, last: Expression | Value) -> Span:
    """From the start of one node to the end of another."""
    return Span(first.span.start, last.span.end)


def _literal(token: Token) -> Boolean | Null:
    return Null(_span(token)) if token.text == "null" else Boolean(token.text == "true", _span(token))


def _text(token: Token) -> Text:
    return Text(token.text[1:-1], Span(token.start, token.end))


def _duration(token: Token) -> Duration:
    """`7d` as a number and its unit."""
    amount, unit = token.text[:-1], _UNITS.get(token.text[-1])
    if unit is None or not amount.isdigit():
        raise faults.unknown_unit(token)
    if len(amount) > _LONGEST_AMOUNT:
        raise faults.too_long_a_span(token)
    return Duration(int(amount), unit, _span(token))


def _arithmetic(first: Value, rest: list[tuple[str, Value]]) -> Value:
    """One node for a chain of signs, or the value itself when there is no sign."""
    if not rest:
        return first
    for value in (first, *(operand for _, operand in rest)):
        if not _is_numeric(value):
            raise faults.not_a_number(value)
    return Arithmetic(first, tuple(rest), _across(first, rest[-1][1]))


def _refuse_date(value: Arithmetic) -> None:
    """Refuse a date that lacks its quotes and so reads as a subtraction."""
    date = format_value(value).replace(" ", "")
    if _DATE.fullmatch(date):
        raise faults.unquoted_date(date, value.span)


def _is_numeric(value: Value) -> bool:
    return isinstance(value, _NUMERIC)
