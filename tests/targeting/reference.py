"""A second evaluator, written from the description of the server and not from the first one.

It works as the server is said to work: it writes every source's value into the text of its term, then
judges the text. It is slow, and knows patterns only through Python's `re`, so it must not be given
patterns on which the two differ.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

from flowsync.model import JsonValue
from flowsync.targeting.context import Context
from flowsync.targeting.nodes import Expression, formatted

NEVER = "<never>"
"""What a source becomes that makes its term false."""


@dataclass
class Words:
    """The words of a text and how far they are read."""

    rest: list[str]

    def peek(self) -> str:
        return self.rest[0] if self.rest else ""

    def take(self) -> str:
        return self.rest.pop(0)


WORD = re.compile(r"""'[^']*'|"[^"]*"|[A-Za-z_$][\w$.]*|\.count|!\w+|\d+(?:\.\d+)?\w*|&&|\|\||[=!<>]=?|[-+*/(),]""")


def holds(expression: Expression, context: Context) -> bool:
    """Whether the expression holds, by way of its printed text."""
    words = Words(WORD.findall(formatted(expression)))
    result = alternatives(words, context)
    assert not words.rest
    return result


def alternatives(words: Words, context: Context) -> bool:
    result = conjunction(words, context)
    while words.peek() == "||":
        words.take()
        other = conjunction(words, context)
        result = result or other
    return result


def conjunction(words: Words, context: Context) -> bool:
    result = part(words, context)
    while words.peek() == "&&":
        words.take()
        other = part(words, context)
        result = result and other
    return result


def part(words: Words, context: Context) -> bool:
    if words.peek() == "(":
        words.take()
        result = alternatives(words, context)
        assert words.take() == ")"
        return result
    return term(words, context)


OPERATORS = [
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "isIn",
    "isSet",
    "isNotSet",
    "within",
]


def term(words: Words, context: Context) -> bool:  # noqa: PLR0911 - the rules, one after the other
    start = list(words.rest)
    left, null_left = value(words, context), start[0] == "null"
    operator = words.peek()
    if operator.removeprefix("!") not in OPERATORS and operator not in OPERATORS:
        return left is True or left == "true"
    words.take()
    is_flow = start[0] == "user.flow"
    if operator in ("within", "!within"):
        left = flow_done(start[2][1:-1], context) if is_flow else left
        return within(left, operator, words.take(), context)
    null_right = words.peek() == "null"
    after = list(words.rest)
    right = value(words, context)
    written = after[: len(after) - len(words.rest)]
    is_number = written[-1][0].isdigit() and len(written) <= len(["-", "1"])
    if (
        is_flow
        and operator in ("<", "<=", ">", ">=")
        and not is_number
        and not written[0].startswith(("user.", "group."))
    ):
        left = flow_done(start[2][1:-1], context)
    is_groups = start[0] == "user.memberOfGroup" and start[2] == ")"
    if NEVER in (left, right):
        return False
    if operator in ("isSet", "isNotSet"):
        return (left is None) == (operator == "isNotSet")
    if operator in ("==", "!=") and (null_left or null_right):
        return (left is None and right is None) == (operator == "==")
    if left is None or right is None:
        return False
    if is_groups and operator not in ("<", "<=", ">", ">="):
        return in_groups(left, operator, string(right))
    return judge(left, operator, right)


def within(left: object, operator: str, span: str, context: Context) -> bool:
    unit = {"s": 1, "i": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "m": 30 * 86400}[span[-1]]
    then = number(left)
    if left == NEVER or then is None:
        return False
    age = context.at - then
    return age < int(span[:-1]) * unit * 1000 if operator == "within" else age > int(span[:-1]) * unit * 1000


def in_groups(groups: object, operator: str, names: str) -> bool:
    assert isinstance(groups, list)
    common = set(names.split(",")) & set(groups)
    if operator in ("==", "isIn"):
        return bool(common)
    return operator in ("!=", "!isIn") and not common


def judge(left: object, operator: str, right: object) -> bool:  # noqa: PLR0911 - one return per operator
    if operator.startswith("!") and operator != "!=":
        return not judge(left, operator[1:], right)
    match operator:
        case "==":
            return equal(left, right)
        case "!=":
            return not equal(left, right)
        case "contains":
            return string(right).lower() in string(left).lower()
        case "startsWith":
            return re.fullmatch("(?:^" + string(right) + ".*)", string(left)) is not None
        case "endsWith":
            return re.fullmatch("(?:.*" + string(right) + ")", string(left)) is not None
        case "matches":
            return re.fullmatch(string(right), string(left)) is not None
        case "isIn":
            return any(equal(left, item) for item in string(right).split(","))
        case _:
            return ordered(left, operator, right)


def ordered(left: object, operator: str, right: object) -> bool:
    one, other = number(left), number(right)
    if one is None or other is None:
        return False
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operator]


def equal(left: object, right: object) -> bool:
    typed = [item for item in (left, right) if is_number(item) or date(item) is not None]
    if typed:
        return number(left) is not None and number(left) == number(right)
    return string(left) == string(right)


def is_number(item: object) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


def date(item: object) -> float | None:
    if not isinstance(item, str) or not re.match(r"\d{4}-", item):
        return None
    try:
        moment = datetime.fromisoformat(item.replace("Z", "+00:00"))
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return aware.timestamp() * 1000


def number(item: object) -> float | None:
    if isinstance(item, int | float):
        return None if isinstance(item, bool) else float(item)
    if isinstance(item, str) and re.fullmatch(r"-?\d+(\.\d+)?", item):
        return float(item)
    return date(item)


def string(item: object) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, float) and item.is_integer() and abs(item) < 1e21:  # from there on JavaScript writes 1e+21
        item = int(item)
    text = json.dumps(item, separators=(",", ":"))
    if isinstance(item, float) and 1e-6 <= abs(item) < 1e-4:
        return format(Decimal(text), "f")
    return re.sub(r"e-0", "e-", text) if isinstance(item, float) else text


def value(words: Words, context: Context) -> object:
    """A sum: products joined by + and -."""
    result = product(words, context)
    while words.peek() in ("+", "-"):
        sign, other = words.take(), product(words, context)
        result = calculate(result, sign, other)
    return result


def product(words: Words, context: Context) -> object:
    result = operand(words, context)
    while words.peek() in ("*", "/"):
        sign, other = words.take(), operand(words, context)
        result = calculate(result, sign, other)
    return result


def calculate(left: object, sign: str, right: object) -> object:
    if left is None or right is None or (sign == "/" and right == 0):
        return None
    assert isinstance(left, int | float)
    assert isinstance(right, int | float)
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right


def operand(words: Words, context: Context) -> object:
    word = words.take()
    if word[0] in "'\"":
        return word[1:-1]
    if word == "(":
        inner = value(words, context)
        assert words.take() == ")"
        return inner
    if word == "-":
        return -float(words.take())
    if word[0].isdigit():
        return float(word)
    if word in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[word]
    return call(word, words, context)


def call(name: str, words: Words, context: Context) -> object:
    if name == "new":
        name = words.take()
    assert words.take() == "("
    arguments = []
    while (word := words.take()) != ")":
        if word != ",":
            arguments.append(word[1:-1])
    if words.peek() == ".count":
        words.take()
    if name in ("now", "Date.now", "Date"):
        return context.at
    owner, _, function = name.partition(".")
    if function in ("flow", "flowStep", "flowStepData", "daysSinceFlowDone"):
        return about_flow(function, arguments, context)
    return about_owner(owner, function, arguments, context)


def about_owner(  # noqa: PLR0911 - one return per source
    owner: str, function: str, arguments: list[str], context: Context
) -> object:
    properties = context.properties if owner == "user" else context.group_properties
    events = context.events if owner == "user" else context.group_events
    match function:
        case "property":
            return properties.get(arguments[0])
        case "propertyContains":
            return contains(properties.get(arguments[0]), arguments[1])
        case "event":
            return events.get(arguments[0], 0)
        case "daysSinceNow":
            then = number(properties.get(arguments[0]))
            return None if then is None else (context.at - then) / 86_400_000
        case "isGuest":
            return context.guest
        case "currentUrl":
            return NEVER if context.url is None else context.url
        case _:
            assert function == "memberOfGroup"
            return bool(set(arguments[0].split(",")) & set(context.groups)) if arguments else list(context.groups)


def contains(held: JsonValue, wanted: str) -> bool | None:
    return None if held is None else wanted.lower() in string(held).lower()


def flow_done(slug: str, context: Context) -> object:
    done = context.flows[slug].done if slug in context.flows else None
    return NEVER if done is None else done


def about_flow(function: str, arguments: list[str], context: Context) -> object:
    slug, *rest = arguments
    flow = context.flows.get(slug)
    if function == "flow":
        return flow.state.value if flow else "NOT_STARTED_FLOW"
    if function == "daysSinceFlowDone":
        done = flow_done(slug, context)
        return (context.at - done) / 86_400_000 if isinstance(done, float) else NEVER
    step = flow.steps.get(rest[0]) if flow else None
    if function == "flowStep":
        return step.state.value if step else "NOT_STARTED_STEP"
    return step.data.get(rest[1]) if step else None
