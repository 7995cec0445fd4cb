from __future__ import annotations

from types import ModuleType

import pytest

from flowsync import targeting
from flowsync.targeting.wording import printable, shown


def test_every_published_name_is_there_and_no_module_hides_one() -> None:
    for name in targeting.__all__:
        assert not isinstance(getattr(targeting, name), ModuleType)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        targeting.nonsense  # noqa: B018 - reading it is the point


def test_shown_texts_are_short_quoted_and_harmless() -> None:
    assert shown("abc") == "`abc`"
    assert shown("a`b") == "a`b"
    assert shown("\x1b[2J\u202e") == "`<U+001B>[2J<U+202E>`"
    assert len(shown("x" * 10_000)) < 50
    assert printable("a\nb") == "a<U+000A>b"
