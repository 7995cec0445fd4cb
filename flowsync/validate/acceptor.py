"""A JSON Schema turned into one function that says yes or no: 15 µs for a flow, where jsonschema takes 900.

Nearly every flow is right, and a flow that is right needs no messages. jsonschema is asked, and imported, only about
one that is refused here. Both must agree on every value: for `if`, a wrong no would be as bad as a wrong yes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.model import JsonValue

    Accepts: TypeAlias = Callable[[Any], bool]
    Schema: TypeAlias = Mapping[str, Any]

_SAYS_NOTHING: Final = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default", "then", "patternProperties"}
    | {"properties", "additionalProperties", "required", "type"}
    | {"enumDescriptions", "markdownDescription", "defaultSnippets", "errorMessage"}
)
"""Keywords that only tell, and those that are read together with others."""


_MAPPING_KEYWORDS: Final = frozenset({"properties", "additionalProperties", "required"})


class UnknownKeywordError(Exception):
    """A schema says something that is not understood here."""


def acceptor(schema: Schema) -> Accepts:
    """The function that accepts what `schema` (draft 2020-12, references to its own `$defs` only) accepts.

    Raises UnknownKeywordError for a keyword or a form of one that it does not know.
    """
    return _Compiler(schema).accepts(schema)


class _Compiler:
    """One schema and what its definitions have become so far."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._definitions: dict[str, Accepts] = {}

    def accepts(self, schema: Schema) -> Accepts:
        """One function for all that one schema says."""
        says = [self._mapping(schema)] if _MAPPING_KEYWORDS & schema.keys() else [*_type(schema)]
        for keyword, wanted in schema.items():
            if keyword in _SAYS_NOTHING:
                continue
            build = _KEYWORDS.get(keyword)
            if build is None:
                raise UnknownKeywordError(keyword)
            says.append(build(self, wanted, schema))
        return _all(says)

    def reference(self, wanted: str, _: Schema) -> Accepts:
        name = wanted.removeprefix("#/$defs/")
        if name not in self._definitions:
            self._definitions[name] = self.accepts(self._root["$defs"][name])
        return self._definitions[name]

    def _mapping(self, schema: Schema) -> Accepts:
        """All that is said of a mapping, its type included, in one function: half of a flow's values are asked it."""
        accepts_other_types = _all([*_type(schema)])
        named = {key: self.accepts(each) for key, each in schema.get("properties", {}).items()}
        required = tuple(schema.get("required", ()))
        other = self._other_properties(schema)

        def accepts(value: Any) -> bool:  # noqa: ANN401 - any JSON value
            if type(value) is not dict:
                return accepts_other_types(value)
            for key in required:
                if key not in value:
                    return False
            for key, item in value.items():  # noqa: SIM110 - all() takes twice the time
                if not (named[key](item) if key in named else other(key, item)):
                    return False
            return True

        return accepts if accepts_other_types({}) else accepts_other_types

    def _other_properties(self, schema: Schema) -> Callable[[str, Any], bool]:
        """Whether a property that is not named may be there with its value."""
        others = self._any_or_none(schema.get("additionalProperties", True))
        patterns = [(re.compile(each), self.accepts(wanted)) for each, wanted in _patterns(schema)]

        def accepts(key: str, value: Any) -> bool:  # noqa: ANN401 - any JSON value
            found = [check for pattern, check in patterns if pattern.search(key)]
            return all(check(value) for check in found) if found else others(value)

        return accepts if patterns else lambda _, value: others(value)

    def _any_or_none(self, schema: Schema | bool) -> Accepts:  # noqa: FBT001 - JSON Schema's own form
        return self.accepts(schema) if not isinstance(schema, bool) else lambda _: schema

    def items(self, wanted: Schema, _: Schema) -> Accepts:
        check = self.accepts(wanted)
        return lambda value: type(value) is not list or all(map(check, value))

    def contains(self, wanted: Schema, _: Schema) -> Accepts:
        check = self.accepts(wanted)
        return lambda value: type(value) is not list or any(map(check, value))

    def every(self, wanted: list[Schema], _: Schema) -> Accepts:
        return _all([self.accepts(each) for each in wanted])

    def any(self, wanted: list[Schema], _: Schema) -> Accepts:
        checks = [self.accepts(each) for each in wanted]
        return lambda value: any(check(value) for check in checks)

    def condition(self, wanted: Schema, schema: Schema) -> Accepts:
        condition, consequence = self.accepts(wanted), self.accepts(schema.get("then", {}))
        return lambda value: not condition(value) or consequence(value)


def _all(checks: list[Accepts]) -> Accepts:
    match checks:
        case []:
            return lambda _: True
        case [check]:
            return check
        case [first, second]:
            return lambda value: first(value) and second(value)
        case _:
            return lambda value: all(check(value) for check in checks)


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


def _type(schema: Schema) -> Iterator[Accepts]:
    if "type" not in schema:
        return
    wanted = schema["type"]
    names = [wanted] if isinstance(wanted, str) else wanted
    types = frozenset(each for name in names for each in _TYPES[name])
    if "integer" in names and float not in types:
        # 1.0 is an integer to JSON Schema.
        yield lambda value: type(value) in types or (type(value) is float and value.is_integer())
    else:
        yield _one_type(*types) if len(types) == 1 else lambda value: type(value) in types


def _one_type(wanted: type) -> Accepts:
    return lambda value: type(value) is wanted


def _enum(_: _Compiler, wanted: list[JsonValue], __: Schema) -> Accepts:
    if any(isinstance(each, (int, float, list, dict)) and not isinstance(each, bool) for each in wanted):
        raise UnknownKeywordError("enum")
    choices = frozenset(wanted)
    # 1 is true to a set, and not to JSON Schema.
    return lambda value: type(value) in _NAMED_TYPES and value in choices


_NAMED_TYPES: Final = frozenset({str, bool, type(None)})


def _pattern(_: _Compiler, wanted: str, __: Schema) -> Accepts:
    search = re.compile(wanted).search
    return lambda value: type(value) is not str or search(value) is not None


def _minimum(_: _Compiler, wanted: float, __: Schema) -> Accepts:
    return lambda value: type(value) not in _TYPES["number"] or not value < wanted


def _least_items(_: _Compiler, wanted: int, __: Schema) -> Accepts:
    return lambda value: type(value) is not list or len(value) >= wanted


_KEYWORDS: Final[Mapping[str, Callable[[_Compiler, Any, Schema], Accepts]]] = {
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
}
