"""A JSON Schema turned into one function that says yes or no: 10 µs for a flow, where jsonschema takes 900.

Nearly every flow is right, and a flow that is right needs no messages. jsonschema is asked, and imported, only about
one that is refused here. Both must agree on every value: for `if`, a wrong no would be as bad as a wrong yes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.model import JsonValue

    Accepts: TypeAlias = Callable[[Any], Any]
    """Gives something true for what is accepted."""
    Schema: TypeAlias = Mapping[str, Any]

_SAYS_NOTHING: Final = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default", "then", "patternProperties"}
    | {"properties", "additionalProperties", "required", "type"}
    | {"enumDescriptions", "markdownDescription", "defaultSnippets", "errorMessage"}
)
"""Keywords that only tell, and those that are read together with others."""


_MAPPING_KEYWORDS: Final = frozenset({"properties", "additionalProperties", "required"})
PREDICATE: Final = "predicate"
"""Not JSON Schema's: a function that must give something true for a value of the types that are named beside it."""


_FEW: Final = 3


class UnknownKeywordError(Exception):
    """A schema says something that is not understood here."""


def acceptor(schema: Schema) -> Accepts:
    """The function that accepts what `schema` (draft 2020-12, references to its own `$defs` only) accepts.

    Raises UnknownKeywordError for a keyword or a form of one that it does not know.
    """
    return _Compiler(schema).accepts(schema)


class _Said(NamedTuple):
    """What a schema says: the types it allows, and what it asks of a value of one of them, if anything.

    Apart, because a mapping's values are asked for their types without a call, and most have nothing else to answer.
    """

    types: frozenset[type]
    check: Accepts | None


class _Compiler:
    """One schema and what its definitions have become so far."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._definitions: dict[str, _Said] = {}

    def accepts(self, schema: Schema) -> Accepts:
        """One function for all that one schema says."""
        types, check = self.said(schema)
        if check is None:
            return lambda value: type(value) in types
        return check if types == _ANY else lambda value: type(value) in types and check(value)

    def said(self, schema: Schema) -> _Said:
        """All that one schema says."""
        every = [_type(schema)]
        if _MAPPING_KEYWORDS & schema.keys() and dict in every[0].types:
            every.append(_Said(_ANY, self._mapping(schema)))
        for keyword, wanted in schema.items():
            if keyword in _SAYS_NOTHING:
                continue
            build = _KEYWORDS.get(keyword)
            if build is None:
                raise UnknownKeywordError(keyword)
            every.append(build(self, wanted, schema))
        types = frozenset.intersection(*(each.types for each in every))
        return _Said(types, _all([each.check for each in every if each.check is not None]))

    def reference(self, wanted: str, _: Schema) -> _Said:
        name = wanted.removeprefix("#/$defs/")
        if name not in self._definitions:
            self._definitions[name] = self.said(self._root["$defs"][name])
        return self._definitions[name]

    def _mapping(self, schema: Schema) -> Accepts:
        named = {key: self.said(each) for key, each in schema.get("properties", {}).items()}
        required = tuple(schema.get("required", ()))
        other = self._other_properties(schema)
        return _few(named, required) if other is None and len(named) <= _FEW else _every_key(named, required, other)

    def _other_properties(self, schema: Schema) -> Callable[[str, Any], Any] | None:
        """Whether a property that is not named may be there with its value; None where every one may."""
        others = schema.get("additionalProperties", True)
        patterns = [(re.compile(each), self.accepts(wanted)) for each, wanted in _patterns(schema)]
        if others is True and not patterns:
            return None
        accepts_others = self.accepts(others) if not isinstance(others, bool) else lambda _: others

        def accepts(key: str, value: Any) -> bool:  # noqa: ANN401 - any JSON value
            found = [check for pattern, check in patterns if pattern.search(key)]
            return all(check(value) for check in found) if found else accepts_others(value)

        return accepts if patterns else lambda _, value: accepts_others(value)

    def items(self, wanted: Schema, _: Schema) -> _Said:
        types, check = self.said(wanted)

        def accepts(value: Any) -> bool:  # noqa: ANN401 - any JSON value
            if type(value) is list:
                for item in value:
                    if type(item) not in types or not (check is None or check(item)):
                        return False
            return True

        return _Said(_ANY, accepts)

    def contains(self, wanted: Schema, _: Schema) -> _Said:
        check = self.accepts(wanted)
        return _Said(_ANY, lambda value: type(value) is not list or any(map(check, value)))

    def every(self, wanted: list[Schema], _: Schema) -> _Said:
        return _Said(_ANY, _all([self.accepts(each) for each in wanted]))

    def any(self, wanted: list[Schema], _: Schema) -> _Said:
        checks = [self.accepts(each) for each in wanted]
        return _Said(_ANY, lambda value: any(check(value) for check in checks))

    def condition(self, wanted: Schema, schema: Schema) -> _Said:
        condition, consequence = self.accepts(wanted), self.accepts(schema.get("then", {}))
        return _Said(_ANY, lambda value: not condition(value) or consequence(value))


def _every_key(
    named: Mapping[str, _Said], required: tuple[str, ...], other: Callable[[str, Any], Any] | None
) -> Accepts:
    """All that is said of a mapping, in one function: half of a flow's values are asked it."""
    checks = {key: dict.fromkeys(each.types, each.check) for key, each in named.items()}

    def accepts(value: Any) -> bool:  # noqa: ANN401 - any JSON value
        if type(value) is not dict:
            return True
        for key in required:
            if key not in value:
                return False
        for key, item in value.items():
            if key in checks:
                try:
                    check = checks[key][type(item)]
                except KeyError:
                    return False
                if check is not None and not check(item):
                    return False
            elif other is not None and not other(key, item):
                return False
        return True

    return accepts


def _few(named: Mapping[str, _Said], required: tuple[str, ...]) -> Accepts:
    """As `_every_key`, for a mapping of which little is said: it is not walked through."""
    every = tuple((key, *said) for key, said in named.items())

    def accepts(value: Any) -> bool:  # noqa: ANN401 - any JSON value
        if type(value) is not dict:
            return True
        for key in required:
            if key not in value:
                return False
        for key, types, check in every:
            if key in value:
                item = value[key]
                if type(item) not in types or not (check is None or check(item)):
                    return False
        return True

    return accepts


def _all(checks: list[Accepts]) -> Accepts | None:
    match checks:
        case []:
            return None
        case [check]:
            return check
        case [first, second]:
            return lambda value: first(value) and second(value)
        case _:
            return _every(tuple(checks))


def _every(checks: tuple[Accepts, ...]) -> Accepts:
    def accepts(value: Any) -> bool:  # noqa: ANN401 - any JSON value
        for check in checks:  # noqa: SIM110 - all() takes twice the time
            if not check(value):
                return False
        return True

    return accepts


def _patterns(schema: Schema) -> Iterator[tuple[str, Schema]]:
    for pattern, wanted in schema.get("patternProperties", {}).items():
        if any(re.search(pattern, key) for key in schema.get("properties", ())):
            raise UnknownKeywordError("patternProperties")
        yield pattern, wanted


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_ANY: Final = frozenset(each for types in _TYPES.values() for each in types)


def _type(schema: Schema) -> _Said:
    wanted = schema.get("type", [*_TYPES])
    names = [wanted] if isinstance(wanted, str) else wanted
    types = frozenset(each for name in names for each in _TYPES[name])
    if "integer" in names and float not in types:
        # 1.0 is an integer to JSON Schema.
        return _Said(types | {float}, lambda value: type(value) is not float or value.is_integer())
    return _Said(types, None)


def _enum(_: _Compiler, wanted: list[JsonValue], __: Schema) -> _Said:
    if any(isinstance(each, (int, float, list, dict)) and not isinstance(each, bool) for each in wanted):
        raise UnknownKeywordError("enum")
    # 1 is true to a set, and not to JSON Schema: the types keep them apart.
    return _Said(frozenset(map(type, wanted)), frozenset(wanted).__contains__)


def _pattern(_: _Compiler, wanted: str, schema: Schema) -> _Said:
    # A third of what is asked of texts, and three times as fast.
    search: Accepts = str.strip if wanted == r"\S" else re.compile(wanted).search
    if schema.get("type") in ("string", ["string"]):
        return _Said(_ANY, search)
    return _Said(_ANY, lambda value: type(value) is not str or search(value))


def _minimum(_: _Compiler, wanted: float, __: Schema) -> _Said:
    return _Said(_ANY, lambda value: type(value) not in _TYPES["number"] or not value < wanted)


def _least_items(_: _Compiler, wanted: int, __: Schema) -> _Said:
    return _Said(_ANY, lambda value: type(value) is not list or len(value) >= wanted)


_KEYWORDS: Final[Mapping[str, Callable[[_Compiler, Any, Schema], _Said]]] = {
    "$ref": _Compiler.reference,
    "allOf": _Compiler.every,
    "anyOf": _Compiler.any,
    "const": lambda compiler, wanted, schema: _enum(compiler, [wanted], schema),
    "contains": _Compiler.contains,
    "enum": _enum,
    "if": _Compiler.condition,
    "items": _Compiler.items,
    "minimum": _minimum,
    "minItems": _least_items,
    "pattern": _pattern,
    PREDICATE: lambda _, wanted, __: _Said(_ANY, wanted),
}
