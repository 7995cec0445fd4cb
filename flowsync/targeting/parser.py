"""The parser: tokens to a tree, by recursive descent with bounded depth.

    expression  = conjunction { ("||" | "OR") conjunction }
    conjunction = part { ("&&" | "AND") part }
    part        = "(" expression ")" | term
    term        = value operator right | source | "true" | "false"
    value       = product { ("+" | "-") product }
    product     = operand { ("*" | "/") operand }
    operand     = source | text | number | "true" | "false" | "null" | clock | "(" value ")"

What the server's behaviour is not known for is refused rather than guessed: a space inside a dotted
name, a list in brackets, arithmetic on properties. After a mistake the parser goes on with the next condition.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.errors import TargetingError
from flowsync.targeting import faults
from flowsync.targeting.context import FlowState, StepState
from flowsync.targeting.faults import Expected
from flowsync.targeting.nodes import (
    CLOCKS,
    UNITS,
    And,
    Arithmetic,
    Boolean,
    Clock,
    Condition,
    Duration,
    Enclosed,
    Everyone,
    Group,
    Null,
    Number,
    Operator,
    Or,
    Result,
    Source,
    SourceKind,
    Span,
    Text,
    formatted,
)
from flowsync.targeting.tokens import MAXIMUM_LENGTH, TokenKind, shown, tokenize, unreadable
from flowsync.text import closest

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.targeting.nodes import Expression, Term, Value
    from flowsync.targeting.tokens import Token

MAXIMUM_READ: Final = 5 * MAXIMUM_LENGTH
"""Characters of an expression that is read at all; a file has room for a million."""
MAXIMUM_DEPTH: Final = 50
"""How many parentheses may be open at once; people need three, walking deep trees overflows the stack at hundreds."""
_STATES: Final = tuple(state.value for state in (*FlowState, *StepState))
_MOST_DIGITS: Final = 9
"""Of a time span."""

_MOST_MISTAKES: Final = 50
"""Of one expression."""

_OR: Final = frozenset({"||", "OR"})
_AND: Final = frozenset({"&&", "AND"})
_JOINTS: Final = _OR | _AND
_LIKELY_JOINTS: Final = frozenset({"and", "or", "&", "|"})
"""What was likely meant to join conditions, in lower case."""
_ENDS: Final = frozenset({TokenKind.CLOSE, TokenKind.END})
_SUM: Final = frozenset("+-")
_PRODUCT: Final = frozenset("*/")
_OPERATORS: Final = {operator.value: operator for operator in Operator} | {
    "===": Operator.EQUAL,
    "!==": Operator.NOT_EQUAL,
}
_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCKS: Final = {re.split(r"[( ]", clock)[0]: clock for clock in CLOCKS}
"""By their first words."""
_SOURCES: Final = {kind.spelled: kind for kind in SourceKind} | {
    "user.eventCount": SourceKind.USER_EVENT,
    "group.eventCount": SourceKind.GROUP_EVENT,
    "organization.property": SourceKind.GROUP_PROPERTY,
    "organization.event": SourceKind.GROUP_EVENT,
}
_DOTTED: Final = {"user.properties": SourceKind.USER_PROPERTY, "group.properties": SourceKind.GROUP_PROPERTY}


def parse(text: str) -> Expression:
    """The tree of an expression; blank text is Everyone. Linear time, and no time for what is far too long.

    Raises TargetingError, and nothing else: the first mistake, with the others as its `further`.
    """
    if not text.strip(" \t\r\n"):
        return Everyone(span=Span(0, len(text)))
    if len(text) > MAXIMUM_READ:
        raise TargetingError(f"This expression has {len(text):,} characters; at most {MAXIMUM_READ:,} are read.", 0)
    if len(text) == 1:  # the server takes it for no targeting [obs]
        raise TargetingError(
            f"{shown(text)} is a single character: the server takes it for no targeting"
            " and shows the flow to everyone.",
            0,
            hint="Write the whole condition, or '' for everyone.",
        )
    return _Parser(tokenize(text)).parse()


class _Parser:
    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens
        self._index = 0
        self._depth = 0

        self._mistakes: list[TargetingError] = []
        self._is_balanced = True
        """Whether the parentheses of every condition with a mistake close; else those of groups cannot be judged."""
        self._behind_mistake = 0
        """The index of the token behind parentheses that hold a mistake: what follows cannot be judged."""

    def parse(self) -> Expression:
        try:
            expression = self._chained()
            while self._tokens[self._index].kind is TokenKind.CLOSE:
                self._note_parenthesis(self._unexpected(Expected.LOGIC))
                self._advance()
                self._note(self._index, None)
                if self._tokens[self._index].text in _JOINTS:
                    self._advance()
                if self._tokens[self._index].kind is not TokenKind.END:
                    self._chained()
        except TargetingError as error:  # one that nothing can be read after
            self._mistakes.append(error)
        if self._mistakes:
            first, *further = self._mistakes
            first.further = tuple(further)
            raise first
        return expression

    def _chained(self) -> Expression:
        """Parse an expression up to a closing parenthesis or the end."""
        expression = self._expression()
        while self._token.kind not in _ENDS:
            mistake = None if self._index == self._behind_mistake else self._unexpected(Expected.LOGIC)
            if mistake is not None and self._token.text.lower() in _LIKELY_JOINTS:
                self._mistakes.append(mistake)
            else:
                self._note(self._index, mistake)
            if self._token.text in _JOINTS or self._token.text.lower() in _LIKELY_JOINTS:
                self._advance()
                if self._token.kind not in _ENDS:
                    self._expression()
        return expression

    def _note(self, start: int, mistake: TargetingError | None) -> None:
        """Record a mistake of the condition that starts at a token, and skip to what joins the next one to it."""
        if len(self._mistakes) >= _MOST_MISTAKES:
            self._index, self._is_balanced = len(self._tokens) - 1, False
            return
        end, depth = start, 0
        while self._tokens[end].kind is not TokenKind.END:
            token = self._tokens[end]
            is_end = token.text in _JOINTS or (end > start and token.text.lower() in _LIKELY_JOINTS)
            if depth <= 0 and end >= self._index and (is_end or token.kind is TokenKind.CLOSE):
                break
            depth += (token.kind is TokenKind.OPEN) - (token.kind is TokenKind.CLOSE)
            end += 1
        if depth > 0:
            self._is_balanced = False
            end = self._index
            while self._tokens[end].kind is not TokenKind.END and self._tokens[end].text not in _JOINTS:
                end += 1
        broken = next((at for at in range(start, end) if self._tokens[at].kind is TokenKind.UNREADABLE), None)
        if broken is not None and mistake is not None:
            before = self._tokens[broken - 1] if broken else None
            mistake = unreadable(self._tokens[broken], before, self._tokens[broken + 1])
        if mistake is not None:
            self._mistakes.append(mistake)
        self._index = end

    def _note_parenthesis(self, mistake: TargetingError) -> None:
        """Record a mistake about a parenthesis, unless it may only follow from another one."""
        if self._is_balanced:
            self._mistakes.append(mistake)

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    @property
    def _following(self) -> Token:
        """The token after the current one; END follows itself."""
        return self._tokens[min(self._index + 1, len(self._tokens) - 1)]

    def _advance(self) -> Token:
        self._index += 1
        return self._tokens[self._index - 1]

    def _unexpected(self, expected: Expected) -> TargetingError:
        before = self._tokens[self._index - 1] if self._index else None
        if self._token.kind is TokenKind.UNREADABLE:
            return unreadable(self._token, before, self._following)
        return faults.unexpected(self._tokens[self._index :], before, expected)

    def _take(self, kind: TokenKind, expected: Expected) -> Token:
        if self._token.kind is not kind:
            self._is_balanced = self._is_balanced and kind is not TokenKind.CLOSE
            raise self._unexpected(expected)
        return self._advance()

    def _expression(self) -> Expression:
        return self._chain(_OR, Or, lambda: self._chain(_AND, And, self._part))

    def _chain(self, joints: frozenset[str], kind: type[And | Or], part: Callable[[], Expression]) -> Expression:
        parts = [part()]
        while self._token.text in joints:
            self._advance()
            parts.append(part())
        return parts[0] if len(parts) == 1 else kind(tuple(parts), span=_across(parts[0], parts[-1]))

    def _part(self) -> Expression:
        opening = self._token
        if opening.kind is not TokenKind.OPEN:
            return self._term_or_mistake()
        self._open()
        count = len(self._mistakes)
        inner = self._chained()
        if self._token.kind is TokenKind.END:
            self._note_parenthesis(self._unexpected(Expected.CLOSE))
            return inner
        group = Group(inner, span=Span(opening.start, self._close().end))
        if len(self._mistakes) > count:
            self._behind_mistake = self._index
        return group

    def _term_or_mistake(self) -> Term:
        start = self._index
        try:
            return self._term()
        except TargetingError as mistake:
            self._note(start, mistake)
            return Boolean(value=False)

    def _open(self) -> None:
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise TargetingError(
                f"More than {MAXIMUM_DEPTH} parentheses are open here.",
                self._token.start,
                hint="Parentheses are rarely needed more than once; && already binds closer than ||.",
            )
        self._advance()

    def _close(self) -> Token:
        self._depth -= 1
        return self._take(TokenKind.CLOSE, Expected.CLOSE)

    def _term(self) -> Term:
        left = self._value(Expected.CONDITION)
        operator = _OPERATORS.get(self._token.text)
        if operator is not None:
            is_word = self._advance().kind is not TokenKind.OPERATOR
            if is_word:
                right = self._word_operand(operator)
            else:
                right = self._state(left, operator) or self._value(Expected.VALUE)
            return Condition(left, operator, right, span=_across(left, right))
        token = self._token
        if token.kind not in (TokenKind.END, TokenKind.CLOSE) and token.text not in _JOINTS:
            raise self._unexpected(Expected.OPERATOR)
        if isinstance(left, Source | Boolean):
            return left
        hint = "A condition needs something to compare, an operator and a value: user.property('plan') == 'pro'."
        if token.kind is TokenKind.CLOSE:
            hint = "Write the comparison inside the parentheses; arithmetic in parentheses goes to the right of it."
        raise TargetingError("This value is compared with nothing.", left.span.start, hint=hint)

    def _state(self, left: Value, operator: Operator) -> Text | None:
        """The state of a flow or step, which needs no quotes [obs]; None if something else follows."""
        token = self._token
        if not operator.is_equality or token.kind is not TokenKind.NAME or not isinstance(left, Source):
            return None
        if left.result not in (Result.FLOW_STATE, Result.STEP_STATE):
            return None
        if token.text in _STATES:
            return Text(self._advance().text, span=_span(token))
        ending = "_FLOW" if left.result is Result.FLOW_STATE else "_STEP"
        if meant := closest(token.text.upper(), [state for state in _STATES if state.endswith(ending)]):
            message = f"Expected {Expected.VALUE.value}, found {shown(token.text)}."
            raise TargetingError(message, token.start, hint=f"Did you mean '{meant}'?")
        return None

    def _word_operand(self, operator: Operator) -> Value:
        if operator.is_text:
            return _text(self._take(TokenKind.TEXT, Expected.TEXT))
        if operator.is_list:
            return _text(self._take(TokenKind.TEXT, Expected.LIST))
        if operator.is_time:
            return _duration(self._take(TokenKind.DURATION, Expected.DURATION))
        if self._token.text not in ("true", "false"):
            raise self._unexpected(Expected.TRUE)
        return Boolean(self._token.text == "true", span=_span(self._advance()))

    def _value(self, expected: Expected) -> Value:
        value = self._arithmetic(_SUM, lambda first: self._arithmetic(_PRODUCT, self._operand, first), expected)
        if isinstance(value, Arithmetic) and isinstance(value.first, Number):
            date = formatted(value).replace(" ", "")
            if _DATE.fullmatch(date):
                raise TargetingError(
                    "A date needs quotes; without them it is a subtraction.",
                    value.span.start,
                    hint=f"Write '{date}'.",
                )
        return value

    def _arithmetic(self, signs: frozenset[str], operand: Callable[[Expected], Value], expected: Expected) -> Value:
        """One node for a chain of signs, or the value itself when there is no sign; `expected` is for the first."""
        first = operand(expected)
        rest: list[tuple[str, Value]] = []
        while self._token.text in signs:
            rest.append((self._advance().text, operand(Expected.VALUE)))
        if not rest:
            return first
        value = Arithmetic(first, tuple(rest), span=_across(first, rest[-1][1]))
        for each in value.operands:
            _require_number(each)
        return value

    def _operand(self, expected: Expected) -> Value:
        token = self._token
        if token.kind is TokenKind.NAME:
            return self._named(expected)
        if token.kind is TokenKind.TEXT:
            return _text(self._advance())
        if token.kind is TokenKind.NUMBER:
            return Number(self._advance().text, span=_span(token))
        if token.text == "-" and self._following.kind is TokenKind.NUMBER:
            self._advance()
            digits = self._advance()
            return Number("-" + digits.text, span=Span(token.start, digits.end))
        if token.kind is TokenKind.OPEN and expected is Expected.VALUE:
            self._open()
            inner = self._value(Expected.VALUE)
            _require_number(inner)
            return Enclosed(inner, span=Span(token.start, self._close().end))
        raise self._unexpected(expected)

    def _named(self, expected: Expected) -> Value:
        token = self._token
        if token.text in _SOURCES:
            return self._source(_SOURCES[token.text])
        if token.text in _CLOCKS:
            return self._clock(_CLOCKS[token.text])
        if token.text == "null":
            return Null(span=_span(self._advance()))
        if token.text in ("true", "false"):
            return Boolean(token.text == "true", span=_span(self._advance()))
        owner, dot, key = token.text.rpartition(".")
        if owner in _DOTTED:
            self._advance()
            name = Text(key, span=Span(token.end - len(key), token.end))
            return Source(_DOTTED[owner], (name,), span=_span(token))
        if expected is Expected.VALUE and not dot and self._following.kind is not TokenKind.OPEN:
            raise self._unexpected(expected)
        raise faults.unknown_name(self._tokens[self._index :])

    def _clock(self, form: str) -> Clock:
        start = self._advance().start
        if form.startswith("new"):
            if self._token.text != "Date":
                raise self._unexpected(Expected.DATE)
            self._advance()
        self._take(TokenKind.OPEN, Expected.OPEN)
        if self._token.kind in (TokenKind.TEXT, TokenKind.NUMBER):
            raise faults.filled_clock(self._token)
        return Clock(form, span=Span(start, self._take(TokenKind.CLOSE, Expected.CLOSE).end))

    def _source(self, kind: SourceKind) -> Source:
        name = self._advance()
        self._take(TokenKind.OPEN, Expected.OPEN)
        arguments: list[Text] = []
        if self._token.kind is not TokenKind.CLOSE:
            arguments.append(_text(self._take(TokenKind.TEXT, Expected.NAME)))
            while self._token.kind is TokenKind.COMMA:
                self._advance()
                arguments.append(_text(self._take(TokenKind.TEXT, Expected.NAME)))
        end = self._take(TokenKind.CLOSE, Expected.CLOSE).end
        wanted = len(kind.roles)
        if len(arguments) != wanted and (arguments or kind is not SourceKind.USER_MEMBER_OF_GROUP):
            example = ", ".join(f"'{role}'" for role in kind.roles)
            raise TargetingError(
                f"{name.text} takes {wanted or 'no'} {'name' if wanted == 1 else 'names'}, found {len(arguments)}.",
                name.start,
                hint=f"Write {name.text}({example}).",
            )
        if kind.result is Result.COUNT and not name.text.endswith("Count"):
            if self._token.text != ".count":
                raise self._unexpected(Expected.COUNT)
            end = self._advance().end
        if self._token.kind is TokenKind.MEMBER:
            raise faults.unexpected_member(formatted(Source(kind, tuple(arguments))), self._tokens[self._index :])
        return Source(kind, tuple(arguments), span=Span(name.start, end))


def _span(token: Token) -> Span:
    return Span(token.start, token.end)


def _across(first: Expression | Value, last: Expression | Value) -> Span:
    return Span(first.span.start, last.span.end)


def _text(token: Token) -> Text:
    return Text(token.text[1:-1], span=_span(token))


def _duration(token: Token) -> Duration:
    amount, unit = token.text[:-1], token.text[-1]
    if unit not in UNITS or not amount.isdigit():
        raise faults.unknown_unit(token)
    if len(amount) > _MOST_DIGITS:
        raise TargetingError(
            f"{shown(token.text)} is longer than any date can be apart.", token.start, hint="Use a smaller number."
        )
    return Duration(int(amount), unit, span=_span(token))


def _require_number(value: Value) -> None:
    if not isinstance(value, Number | Clock | Enclosed | Arithmetic):
        raise TargetingError(
            "Only numbers and the clock can be added, subtracted, multiplied or divided.",
            value.span.start,
            hint="Move it to the other side of the comparison: user.property('signup') < Date.now() - 86400000 * 7.",
        )
