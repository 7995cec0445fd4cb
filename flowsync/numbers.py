"""Numbers as texts, the way JavaScript writes them."""

from __future__ import annotations

import math
from typing import Final


def number_text(number: int | float) -> str:  # noqa: PYI041 - mypy is to tell them apart
    """Return a number as JavaScript's `String()` writes it (ECMAScript, Number::toString)."""
    if isinstance(number, float) and not math.isfinite(number):
        return "NaN" if math.isnan(number) else f"{'-' if number < 0 else ''}Infinity"
    if number == 0:
        return "0"
    return f"{'-' if number < 0 else ''}{_positive_text(abs(number))}"


_WHOLE_DIGITS: Final = 21
_LEADING_ZEROS: Final = 6


def _positive_text(number: float) -> str:
    from decimal import Decimal  # noqa: PLC0415 - numbers as texts are rare

    sign, parts, exponent = Decimal(repr(float(number))).as_tuple()
    assert isinstance(exponent, int) and not sign  # noqa: S101, PT018 - the number is finite and positive
    digits = "".join(map(str, parts)).rstrip("0")
    point = len(parts) + exponent
    if 0 < point <= _WHOLE_DIGITS:
        whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
        return f"{whole}.{fraction}" if fraction else whole
    if -_LEADING_ZEROS < point <= 0:
        return f"0.{'0' * -point}{digits}"
    return f"{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1:+d}"
