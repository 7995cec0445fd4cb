"""Numbers as texts, the way JavaScript writes them."""

from __future__ import annotations

import math
from decimal import Decimal


def number_text(number: int | float) -> str:  # noqa: PYI041 - mypy is to tell them apart
    """Return a number as JavaScript's `String()` writes it (ECMAScript, Number::toString)."""
    sign = "-" if number < 0 else ""
    if isinstance(number, float) and not math.isfinite(number):
        return "NaN" if math.isnan(number) else f"{sign}Infinity"
    if number == 0:
        return "0"
    shortest = Decimal(repr(abs(float(number)))).as_tuple()
    digits = "".join(map(str, shortest.digits)).rstrip("0")
    point = len(shortest.digits) + int(shortest.exponent)
    if 0 < point <= 21:  # noqa: PLR2004 - ECMAScript's limit, as is the next
        whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
        return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"
    if -6 < point <= 0:  # noqa: PLR2004
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1:+d}"
