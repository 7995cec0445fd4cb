"""httpx without its command line, which would import rich's progress bars with it: 45 of 90 ms for nothing.

The room takes httpx from here and nowhere else. httpx allows for this part to be missing, as it is without its
extra `cli`.
"""

from __future__ import annotations

import sys
from typing import Any

_MODULES: dict[str, Any] = sys.modules

if "httpx" in sys.modules:
    import httpx
else:
    _MODULES["httpx._main"] = None  # how Python marks what cannot be imported
    import httpx

    del _MODULES["httpx._main"]

__all__ = ["httpx"]
