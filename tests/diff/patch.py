"""What a reader of changes does with them: apply them to the old value and get the new one."""

from __future__ import annotations

from collections.abc import Sequence

from flowsync.model import FieldChange, JsonValue, Op

Changes = dict[tuple[bool, str], dict[Op, FieldChange]]
"""Changes by whether their path leads into the old value, and the path."""


def patch(old: JsonValue, changes: Sequence[FieldChange]) -> JsonValue:
    """Apply `changes` to `old`, using up every one of them."""
    index: Changes = {}
    for change in changes:
        assert change.op not in index.setdefault((change.op is Op.REMOVE, change.path), {}), "told twice"
        index[change.op is Op.REMOVE, change.path][change.op] = change
    new = patched(old, "", "", index)
    assert not any(index.values()), "changes that lead nowhere"
    return new


def patched(old: JsonValue, was: str, now: str, changes: Changes) -> JsonValue:
    for op in (Op.REPLACE, Op.RENAME):
        if change := take(changes, now, op):
            assert same(change.old, old)
            return change.new
    match old:
        case dict():
            return patched_mapping(old, was, now, changes)
        case list():
            return patched_list(old, was, now, changes)
        case _:
            return old


def patched_mapping(old: dict[str, JsonValue], was: str, now: str, changes: Changes) -> JsonValue:
    kept = [key for key in old if not take(changes, f"{was}/{escaped(key)}", Op.REMOVE)]
    new = {key: patched(old[key], f"{was}/{escaped(key)}", f"{now}/{escaped(key)}", changes) for key in kept}
    added = [path for _, path in changes if path.startswith(f"{now}/") and "/" not in path[len(now) + 1 :]]
    for path in added:
        if change := take(changes, path, Op.ADD):
            new[path[len(now) + 1 :].replace("~1", "/").replace("~0", "~")] = change.new
    return new


def patched_list(old: list[JsonValue], was: str, now: str, changes: Changes) -> JsonValue:
    kept = [index for index in range(len(old)) if not take(changes, f"{was}/{index}", Op.REMOVE)]
    places: dict[int, int] = {}
    new: dict[int, JsonValue] = {}
    for index in range(len(old) + len(changes)):
        if change := take(changes, f"{now}/{index}", Op.ADD):
            new[index] = change.new
        if change := take(changes, f"{now}/{index}", Op.MOVE):
            assert isinstance(change.old, int)
            assert change.new == index
            places[index] = change.old
    free = (index for index in range(len(kept) + len(new)) if index not in new and index not in places)
    places |= {next(free): index for index in kept if index not in set(places.values())}
    new |= {place: patched(old[index], f"{was}/{index}", f"{now}/{place}", changes) for place, index in places.items()}
    return [new[index] for index in range(len(new))]


def take(changes: Changes, path: str, op: Op) -> FieldChange | None:
    return changes.get((op is Op.REMOVE, path), {}).pop(op, None)


def same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are the same to the last type."""
    return repr(one) == repr(other)


def escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
