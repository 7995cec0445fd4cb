"""`@dataclass(frozen=True, slots=True)` of the standard library, with `order` or without, made in a tenth of the time.

The package defines some two hundred such classes, and each command waits for those that it imports. The standard
library compiles six methods anew for every class, though those of two classes differ only in the names of fields. Here
a method is compiled once for each number of fields and takes on a class's names, when it is first used. What commands
hardly ask for, `dataclasses.fields` and `repr`, comes from the standard library once somebody does.

To type checkers these are the standard library's own. What is not supported is refused where the class is defined:
other parameters, a base class, a method of one's own among those that are made here, `ClassVar`, `InitVar`, `KW_ONLY`.
A class without a docstring gets none.
"""

from __future__ import annotations

import sys
from functools import cache, partial
from reprlib import recursive_repr
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from dataclasses import dataclass, field, replace
    from types import CodeType

__all__ = ["dataclass", "field", "replace"]

_Class = TypeVar("_Class", bound=type)
_Value = TypeVar("_Value")

_NOTHING: Any = object()
"""What a parameter holds that is to be made by its field's factory."""


_ORDER: Final = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


class _Stated(dict[str, Any]):
    """What is said of a field besides its type, as arguments of `dataclasses.field`."""


def _field(**stated: Any) -> Any:  # noqa: ANN401 - it stands for a default of any type, as `dataclasses.field` does
    if stated.keys() - {"default", "default_factory", "repr", "compare"}:
        raise TypeError(f"a field is stated with what is not supported here: {', '.join(stated)}")
    if {"default", "default_factory"} <= stated.keys():
        raise TypeError("a field has both a default and a factory")
    return _Stated(stated)


def _replace(value: _Value, /, **changes: Any) -> _Value:  # noqa: ANN401 - of the types that the fields have
    for name in value.__match_args__:  # type: ignore[attr-defined]  # every dataclass has them
        if name not in changes:
            changes[name] = getattr(value, name)
    return value.__class__(**changes)


def _dataclass(*, frozen: bool, slots: bool, order: bool = False) -> Callable[[_Class], _Class]:
    if not (frozen and slots):
        raise TypeError("only frozen dataclasses with slots are made here")
    return partial(_made, _ORDER if order else ())


if not TYPE_CHECKING:
    dataclass, field, replace = _dataclass, _field, _replace


def _made(order: Collection[str], cls: _Class) -> _Class:
    """The class anew, with slots and the methods of a frozen dataclass."""
    namespace = dict(cls.__dict__)
    _refuse_unsupported(cls, namespace, {*_MADE_HERE, *order})
    fields = {name: _stated(namespace, name) for name in cls.__annotations__}
    _refuse_defaults(cls, fields)
    names = tuple(fields)
    compared = tuple(name for name in names if fields[name].get("compare", True))
    for unslotted in ("__dict__", "__weakref__"):
        namespace.pop(unslotted, None)
    namespace.update({name: _ordering(name, compared) for name in order})
    namespace.update(
        _SHARED,
        __qualname__=cls.__qualname__,
        __slots__=names,
        __match_args__=names,
        __init__=_Late(lambda made: _initializer(made, fields)),
        __eq__=_Late(lambda made: _renamed(_equal(len(compared)), made, compared)),
        __hash__=_Late(lambda made: _renamed(_hashed(len(compared)), made, compared)),
        __dataclass_fields__=_Late(lambda made: _standard(made, fields, order).__dataclass_fields__),
        __dataclass_params__=_Late(lambda made: _standard(made, fields, order).__dataclass_params__),
    )
    made: _Class = type(cls)(cls.__name__, cls.__bases__, namespace)
    return made


class _Late:
    """What a class gets when it is first asked for: of most classes that a command loads it makes no value."""

    def __init__(self, make: Callable[[type], Any]) -> None:
        self._make = make

    def __set_name__(self, cls: type, name: str) -> None:
        self._place = (cls, name)

    def __get__(self, value: object, asked: type) -> object:
        cls, name = self._place
        made = self._make(cls)
        setattr(cls, name, made)
        return made.__get__(value, asked) if isinstance(made, FunctionType) else made


def _ordering(name: str, compared: Sequence[str]) -> _Late:
    return _Late(lambda made: _renamed(_ordered(name, len(compared)), made, compared))


def _stated(namespace: dict[str, Any], name: str) -> _Stated:
    if name not in namespace:
        return _Stated()
    default = namespace.pop(name)
    return default if isinstance(default, _Stated) else _Stated(default=default)


def _refuse_unsupported(cls: type, namespace: Mapping[str, Any], made_here: AbstractSet[str]) -> None:
    if type(cls) is not type or cls.__bases__ != (object,):
        raise TypeError(f"{cls.__qualname__} has a base or a metaclass: dataclasses.dataclass can do that")
    if own := made_here & namespace.keys():
        raise TypeError(f"{cls.__qualname__} defines {', '.join(sorted(own))}: dataclasses.dataclass can do that")
    for name, annotation in cls.__annotations__.items():
        if name == "self" or any(word in str(annotation) for word in ("ClassVar", "InitVar", "KW_ONLY")):
            raise TypeError(f"{cls.__qualname__}.{name} is no field as they are supported here")
    for name, value in namespace.items():
        if isinstance(value, _Stated) and name not in cls.__annotations__:
            raise TypeError(f"{cls.__qualname__}.{name} is a field without a type")


def _refuse_defaults(cls: type, fields: Mapping[str, _Stated]) -> None:
    previous = False
    for name, stated in fields.items():
        if stated.get("default", 0).__class__.__hash__ is None:
            raise TypeError(f"the default of {cls.__qualname__}.{name} could be changed: state a default_factory")
        optional = "default" in stated or "default_factory" in stated
        if previous and not optional:
            raise TypeError(f"{cls.__qualname__}.{name} has no default, and one before it has")
        previous = optional


def _initializer(cls: type, fields: Mapping[str, _Stated]) -> FunctionType:
    """`__init__`: each slot is set by its descriptor, for which the class is not frozen."""
    factories = {
        index: each["default_factory"] for index, each in enumerate(fields.values()) if "default_factory" in each
    }
    code = _initial(len(fields), tuple(factories))
    outer = {f"set_{index}": cls.__dict__[name].__set__ for index, name in enumerate(fields)}
    outer |= {f"make_{index}": make for index, make in factories.items()} | {"nothing": _NOTHING}
    initializer = FunctionType(
        code.replace(co_varnames=("self", *fields)),
        sys.modules[cls.__module__].__dict__,
        "__init__",
        tuple(
            each.get("default", _NOTHING) for each in fields.values() if "default" in each or "default_factory" in each
        ),
        tuple(CellType(outer[name]) for name in code.co_freevars),
    )
    initializer.__qualname__ = f"{cls.__qualname__}.__init__"
    initializer.__annotations__ = {**cls.__annotations__, "return": None}
    return initializer


def _renamed(code: CodeType, cls: type, names: Iterable[str]) -> FunctionType:
    """A method that names the fields `field_0`, `field_1`, …, for the fields of these names."""
    renames = {f"field_{index}": name for index, name in enumerate(names)}
    names = tuple(renames.get(name, name) for name in code.co_names)
    method = FunctionType(code.replace(co_names=names), globals())
    method.__qualname__ = f"{cls.__qualname__}.{code.co_name}"
    return method


@cache
def _initial(count: int, made: Sequence[int]) -> CodeType:
    """The code of an `__init__`; `made` are the numbers of the fields with a factory."""
    setting = (
        f"set_{index}(self, make_{index}() if field_{index} is nothing else field_{index})"
        if index in made
        else f"set_{index}(self, field_{index})"
        for index in range(count)
    )
    outer = ["nothing", *(f"set_{index}" for index in range(count)), *(f"make_{index}" for index in made)]
    parameters = ", ".join(("self", *(f"field_{index}" for index in range(count))))
    return _compiled(outer, f"__init__({parameters})", "; ".join((*setting, "pass")))


@cache
def _equal(count: int) -> CodeType:
    if sys.version_info >= (3, 13):  # where the fields of a value with a NaN are not equal to themselves
        compared = " and ".join(f"self.field_{index} == other.field_{index}" for index in range(count)) or "True"
        compared = f"self is other or ({compared})"
    else:
        compared = f"{_values('self', count)} == {_values('other', count)}"
    return _compiled(
        (), "__eq__(self, other)", f"return {compared} if other.__class__ is self.__class__ else NotImplemented"
    )


@cache
def _ordered(name: str, count: int) -> CodeType:
    compared = f"{_values('self', count)} {_ORDER[name]} {_values('other', count)}"
    return _compiled(
        (), f"{name}(self, other)", f"return {compared} if other.__class__ is self.__class__ else NotImplemented"
    )


@cache
def _hashed(count: int) -> CodeType:
    return _compiled((), "__hash__(self)", f"return hash({_values('self', count)})")


def _values(of: str, count: int) -> str:
    return f"({''.join(f'{of}.field_{index}, ' for index in range(count))})"


def _compiled(outer: Sequence[str], signature: str, body: str) -> CodeType:
    """The code of a function that finds the names `outer` in what surrounds it."""
    scope: dict[str, Any] = {}
    exec(f"def around({', '.join(outer)}):\n def {signature}: {body}\n return {signature.partition('(')[0]}", scope)  # noqa: S102 - of nothing but numbers
    code: CodeType = scope["around"](*outer).__code__
    return code


def _refuse_setting(_value: object, name: str, _new: object) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - no command gets here

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(_value: object, name: str) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - no command gets here

    raise FrozenInstanceError(f"cannot delete field {name!r}")


@recursive_repr("...")
def _described(value: Any) -> str:  # noqa: ANN401 - a dataclass made here
    import dataclasses  # noqa: PLC0415 - no command gets here

    fields = (f"{each.name}={getattr(value, each.name)!r}" for each in dataclasses.fields(value) if each.repr)
    return f"{type(value).__qualname__}({', '.join(fields)})"


def _state(value: Any) -> list[object]:  # noqa: ANN401 - a dataclass made here
    return [getattr(value, name) for name in value.__match_args__]


def _restore(value: Any, state: Iterable[object]) -> None:  # noqa: ANN401 - a dataclass made here
    for name, each in zip(value.__match_args__, state, strict=True):
        object.__setattr__(value, name, each)


def _standard(cls: type, fields: Mapping[str, _Stated], order: Collection[str]) -> Any:  # noqa: ANN401 - its attributes are no public ones
    """The same class as the standard library makes it."""
    import dataclasses  # noqa: PLC0415 - for the few who ask

    stated = [(name, cls.__annotations__[name], dataclasses.field(**each)) for name, each in fields.items()]
    return dataclasses.make_dataclass(cls.__name__, stated, frozen=True, slots=True, order=bool(order))


_SHARED = {
    "__setattr__": _refuse_setting,
    "__delattr__": _refuse_deleting,
    "__repr__": _described,
    "__getstate__": _state,
    "__setstate__": _restore,
    "__replace__": _replace,
}
_MADE_HERE = {*_SHARED, "__init__", "__post_init__", "__eq__", "__hash__", "__slots__", "__match_args__"}
