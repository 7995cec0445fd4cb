"""The reader alone, in one process: its time as a share of CSafeLoader's, each the best of nine rounds."""

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from flowsync import document


def seconds(read: Callable[[str], object], texts: list[str]) -> float:
    """Processor time to read all the texts."""
    gc.collect()
    started = time.process_time()
    for text in texts:
        read(text)
    return time.process_time() - started


def c_loader(text: str) -> object:
    """What everyone does."""
    return yaml.load(text, yaml.CSafeLoader)


TEXTS = [path.read_text(encoding="utf-8") for path in sorted(Path("flows").rglob("*.yaml"))]
TIMES = [(seconds(document.parse, TEXTS), seconds(c_loader, TEXTS)) for _ in range(9)]
sys.stdout.write(f"{min(own for own, _ in TIMES) / min(other for _, other in TIMES):.3f}\n")
