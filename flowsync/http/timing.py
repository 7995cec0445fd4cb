"""Time and chance, as values that tests can replace."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from flowsync.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks, the sleep and the dice; tests bring their own. `sleep` may return early to hurry up."""

    sleep: Callable[[float], object] = time.sleep
    random: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
