"""The package's own maker of frozen dataclasses, held to the standard library's."""
# ruff: noqa: ANN401 - the classes here have any fields, of any type

from __future__ import annotations
import __future__

import ast
import copy
import dataclasses
import inspect
import operator
import pickle
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync import frozen

ROOT = Path(__file__).parent.parent


class Pair(NamedTuple):
    """The same definition, made by the package and by the standard library."""

    own: Any
    standard: Any


def definitions(tree: ast.Module) -> list[ast.ClassDef]:
    """The classes of a module that the package makes into dataclasses."""
    imported = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "flowsync.frozen"]
    if not any(alias.name == "dataclass" for node in imported for alias in node.names):
        return []
    return [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(each, ast.Call) and ast.unparse(each.func) == "dataclass" for each in node.decorator_list)
    ]


def pair(file: Path, definition: ast.ClassDef) -> Pair:
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = import_module(name)
    scope = {**vars(module), "dataclass": dataclasses.dataclass, "field": dataclasses.field}
    code = compile(
        ast.Module([definition], []), str(file), "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True
    )
    exec(code, scope)
    return Pair(getattr(module, definition.name), scope[definition.name])


FOUND = [
    (file, definition)
    for file in sorted((ROOT / "flowsync").rglob("*.py"))
    for definition in definitions(ast.parse(file.read_text(encoding="utf-8")))
]
EVERY = pytest.mark.parametrize(
    ("file", "definition"), FOUND, ids=[f"{file.relative_to(ROOT)}:{each.name}" for file, each in FOUND]
)


def told(call: Any, /, *positional: object, **named: object) -> tuple[type[BaseException], str]:
    with pytest.raises((TypeError, AttributeError)) as caught:
        call(*positional, **named)
    return caught.type, str(caught.value)


def both_same(pair: Pair) -> None:
    """Every property of a class that code can see and the package could rely on."""
    same_definitions(pair)
    same_calls(pair)
    values = [f"value {index}" for index in range(len(dataclasses.fields(pair.own)))]
    same_values(pair, values)
    for index, name in enumerate(pair.own.__match_args__):
        same_comparisons(pair, values, index)
        same_guards(pair, values, name)


def same_definitions(pair: Pair) -> None:
    own, standard = ([described(each) for each in dataclasses.fields(cls)] for cls in pair)
    assert own == standard
    assert repr(pair.own.__dataclass_params__) == repr(pair.standard.__dataclass_params__)
    assert dataclasses.is_dataclass(pair.own)
    for name in ("__name__", "__qualname__", "__module__", "__match_args__", "__slots__", "__bases__"):
        assert getattr(pair.own, name) == getattr(pair.standard, name)
    if pair.own.__doc__ is not None:
        assert pair.own.__doc__ == pair.standard.__doc__
    for name in ("__init__", "__eq__", "__hash__"):
        assert getattr(pair.own, name).__qualname__ == getattr(pair.standard, name).__qualname__
    own_signature, signature = (inspect.signature(cls).parameters.values() for cls in pair)
    assert [(each.name, each.kind, each.annotation) for each in own_signature] == [
        (each.name, each.kind, each.annotation) for each in signature
    ]
    assert vars(pair.own)["__init__"].__annotations__ == vars(pair.standard)["__init__"].__annotations__


def described(field: dataclasses.Field[Any]) -> tuple[object, ...]:
    factory = getattr(field.default_factory, "__qualname__", None)
    return (field.name, field.type, repr(field.default), factory, field.repr, field.compare, field.hash, field.init)


def same_calls(pair: Pair) -> None:
    fields = dataclasses.fields(pair.own)
    required = [each for each in fields if each.default is each.default_factory]
    least = [each.name for each in required]
    assert states(pair.own(*least)) == states(pair.standard(*least))
    assert states(pair.own(**{name: name for name in least})) == states(pair.standard(*least))
    if least:
        assert told(pair.own) == told(pair.standard)
        assert told(pair.own, *least[1:]) == told(pair.standard, *least[1:])
    too_many = range(len(fields) + 1)
    assert told(pair.own, *too_many) == told(pair.standard, *too_many)
    assert told(pair.own, *least, strange=1) == told(pair.standard, *least, strange=1)


def states(value: Any) -> dict[str, object]:
    return {name: _comparable(getattr(value, name)) for name in value.__match_args__}


def _comparable(value: object) -> object:
    return repr(value) if type(value).__eq__ is object.__eq__ else value


def same_values(pair: Pair, values: list[str]) -> None:
    own, standard = pair.own(*values), pair.standard(*values)
    assert repr(own) == repr(standard)
    assert hash(own) == hash(standard)
    assert own == pair.own(*values)
    assert (own == standard, own != standard, own == 1) == (False, True, False)
    assert own.__eq__(standard) is NotImplemented
    assert dataclasses.asdict(own) == dataclasses.asdict(standard)
    assert dataclasses.astuple(own) == dataclasses.astuple(standard)
    assert own.__getstate__() == standard.__getstate__()
    assert not hasattr(own, "__dict__")
    for again in (copy.copy(own), copy.deepcopy(own)):
        assert type(again) is pair.own
        assert states(again) == states(own)
    assert told(frozen.replace, own, strange=1) == told(dataclasses.replace, standard, strange=1)
    assert told(setattr, own, "strange", 1)[0] is dataclasses.FrozenInstanceError


def same_comparisons(pair: Pair, values: list[str], index: int) -> None:
    name = pair.own.__match_args__[index]
    own, standard = pair.own(*values), pair.standard(*values)
    others = [*values[:index], "another", *values[index + 1 :]]
    for replace in (dataclasses.replace, frozen.replace):
        changed = replace(own, **{name: "another"})
        expected = dataclasses.replace(standard, **{name: "another"})
        assert states(changed) == states(expected) == dict(zip(pair.own.__match_args__, others, strict=True))
        assert (own == changed, changed != own) == (standard == expected, expected != standard)
        assert hash(changed) == hash(expected)


def same_guards(pair: Pair, values: list[str], name: str) -> None:
    own, standard = pair.own(*values), pair.standard(*values)
    assert told(setattr, own, name, 1) == told(setattr, standard, name, 1)
    assert told(delattr, own, name) == told(delattr, standard, name)
    assert states(own) == states(standard)


@EVERY
def test_a_class_of_the_package_is_what_the_standard_library_would_make(file: Path, definition: ast.ClassDef) -> None:
    both_same(pair(file, definition))


@EVERY
def test_values_of_a_class_of_the_package_can_be_pickled(file: Path, definition: ast.ClassDef) -> None:
    own = pair(file, definition).own
    value = own(*own.__match_args__)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value


def test_there_are_classes_to_look_at() -> None:
    assert len(FOUND) > 200


KINDS = {
    "required": None,
    "default": {"default": 3},
    "made": {"default_factory": list},
    "hidden": {"repr": False, "default": "h"},
    "beside": {"compare": False, "default": None},
    "beside and made": {"compare": False, "repr": False, "default_factory": dict},
    "required and hidden": {"repr": False},
}


def defined(kinds: list[str], maker: Any, field: Any) -> Any:
    namespace: dict[str, Any] = {"__annotations__": {}, "__module__": __name__, "__doc__": "Fields of these kinds."}
    for index, kind in enumerate(sorted(kinds, key=lambda kind: not kind.startswith("required"))):
        namespace["__annotations__"][f"a_{index}"] = "object"
        if (stated := KINDS[kind]) is not None:
            namespace[f"a_{index}"] = field(**stated)
    return maker(frozen=True, slots=True)(type("Defined", (), namespace))


@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=14))
def test_any_class_is_what_the_standard_library_would_make(kinds: list[str]) -> None:
    both_same(
        Pair(defined(kinds, frozen.dataclass, frozen.field), defined(kinds, dataclasses.dataclass, dataclasses.field))
    )


@dataclasses.dataclass(frozen=True, slots=True)
class StandardPoint:
    x: object
    y: object = 0


@frozen.dataclass(frozen=True, slots=True)
class Point:
    x: object
    y: object = 0


VALUES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.floats(),
    lambda inner: st.tuples(inner) | st.builds(frozenset, st.lists(inner, max_size=2)),
    max_leaves=4,
)


@given(VALUES, VALUES, VALUES, VALUES)
def test_any_values_compare_hash_and_read_as_with_the_standard_library(
    a: object, b: object, c: object, d: object
) -> None:
    own, other = Point(a, b), Point(c, d)
    standard, standard_other = StandardPoint(a, b), StandardPoint(c, d)
    assert (own == other) is (standard == standard_other)
    assert (own == Point(a, b)) is (standard == StandardPoint(a, b))
    assert (own == own) is (standard == standard)  # noqa: PLR0124 - a NaN is not equal to itself
    assert hash(own) == hash(standard)
    assert f"Standard{own!r}" == repr(standard)


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class StandardPlace:
    x: object
    y: object = dataclasses.field(default=0, compare=False)
    z: object = 0


@frozen.dataclass(frozen=True, slots=True, order=True)
class Place:
    x: object
    y: object = frozen.field(default=0, compare=False)
    z: object = 0


NUMBERS = st.integers(0, 2) | st.floats()


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_values_are_ordered_as_with_the_standard_library(a: float, b: float, c: float, d: float) -> None:
    own, other = Place(a, b, c), Place(b, c, d)
    standard, standard_other = StandardPlace(a, b, c), StandardPlace(b, c, d)
    assert (own < other, own <= other) == (standard < standard_other, standard <= standard_other)
    assert (own > other, own >= other) == (standard > standard_other, standard >= standard_other)


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_only_values_of_one_class_have_an_order(compare: Any) -> None:
    for other in (StandardPlace(1), 1):
        assert told(compare, Place(1), other)[0] is TypeError
    assert told(compare, Point(1), Point(1))[0] is TypeError


def test_an_order_of_ones_own_is_refused_where_one_is_made() -> None:
    namespace = {"__annotations__": {"x": "int"}, "__lt__": operator.lt}
    assert refused(namespace, order=True).startswith("Refused defines __lt__")


def test_values_take_part_in_match() -> None:
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_value_that_holds_itself_can_be_shown() -> None:
    inner: list[object] = []
    point = Point(inner)
    inner.append(point)
    assert repr(point) == "Point(x=[...], y=0)"


def test_a_factory_makes_a_new_value_each_time() -> None:
    @frozen.dataclass(frozen=True, slots=True)
    class Bag:
        things: list[int] = frozen.field(default_factory=list)

    assert Bag().things is not Bag().things


def test_a_dataclass_of_the_standard_library_can_build_on_one() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Place(Point):
        z: int = 0

    place = Place(1, 2, 3)
    assert [each.name for each in dataclasses.fields(place)] == ["x", "y", "z"]
    assert repr(place).endswith("Place(x=1, y=2, z=3)")
    assert (place == Place(1, 2, 3), place == Place(1, 2, 4), place == Point(1, 2)) == (True, False, False)


def test_a_subclass_can_ask_its_base_first() -> None:
    @frozen.dataclass(frozen=True, slots=True)
    class Base:
        x: int

    class Derived(Base):
        def __init__(self, x: int) -> None:
            super().__init__(x + 1)

        def __eq__(self, other: object) -> bool:
            return not super().__eq__(other)

        def __hash__(self) -> int:
            return super().__hash__() + 1

    assert Derived(1).x == 2
    assert (Derived(1) == Derived(1)) is False
    assert hash(Derived(1)) == hash(Base(2)) + 1


def refused(namespace: dict[str, Any], *bases: type, maker: Any = frozen.dataclass, **parameters: Any) -> str:
    with pytest.raises(TypeError) as caught:
        maker(**{"frozen": True, "slots": True, **parameters})(
            type("Refused", bases, {"__module__": __name__, **namespace})
        )
    return str(caught.value)


class Meta(type):
    """A metaclass."""


@pytest.mark.parametrize(
    "method",
    ["__init__", "__post_init__", "__eq__", "__hash__", "__repr__", "__setattr__", "__getstate__", "__slots__"],
)
def test_a_method_of_ones_own_is_refused(method: str) -> None:
    assert refused({"__annotations__": {"x": "int"}, method: ()}).startswith(f"Refused defines {method}")


@pytest.mark.parametrize("parameters", [{"frozen": False}, {"slots": False}, {"kw_only": True}, {"eq": False}])
def test_other_parameters_are_refused(parameters: dict[str, bool]) -> None:
    refused({"__annotations__": {}}, **parameters)


@pytest.mark.parametrize("base", [Point, Exception, NamedTuple("Base", [("x", int)])])
def test_a_base_is_refused(base: type) -> None:
    assert "has a base" in refused({"__annotations__": {}}, base)


def test_a_metaclass_is_refused() -> None:
    refusing: Any = frozen.dataclass(frozen=True, slots=True)
    with pytest.raises(TypeError, match="a metaclass"):
        refusing(Meta("Refused", (), {}))


@pytest.mark.parametrize(
    "annotation", ["ClassVar[int]", "dataclasses.InitVar[int]", "KW_ONLY", ClassVar[int], dataclasses.KW_ONLY]
)
def test_what_is_no_field_is_refused(annotation: object) -> None:
    assert "Refused.x is no field" in refused({"__annotations__": {"x": annotation}})


def test_a_field_named_self_is_refused() -> None:
    assert "Refused.self is no field" in refused({"__annotations__": {"self": "int"}})


def test_a_field_without_a_type_is_refused() -> None:
    assert refused({"x": frozen.field(default=1)}) == "Refused.x is a field without a type"


@pytest.mark.parametrize("default", [[], {}, set(), bytearray()])
def test_a_default_that_could_be_changed_is_refused(default: object) -> None:
    for stated in (default, frozen.field(default=default)):
        assert "state a default_factory" in refused({"__annotations__": {"x": "object"}, "x": stated})


@pytest.mark.parametrize("before", [1, frozen.field(default=1), frozen.field(default_factory=int)])
def test_a_field_without_default_after_one_with_a_default_is_refused(before: object) -> None:
    assert "Refused.y has no default" in refused({"__annotations__": {"x": "int", "y": "int"}, "x": before})


@pytest.mark.parametrize("stated", [{"init": False}, {"kw_only": True}, {"hash": True}, {"metadata": {}}])
def test_what_else_can_be_said_of_a_field_is_refused(stated: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="not supported"):
        frozen.field(**stated)


def test_a_field_with_a_default_and_a_factory_is_refused() -> None:
    with pytest.raises(TypeError, match="both"):
        frozen.field(default=1, default_factory=int)  # type: ignore[call-overload]  # the standard library's, too
