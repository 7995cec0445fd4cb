"""Threads that write are kept together."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from flowsync.cli.cores import on_one_core

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="cores can be chosen on Linux only")


def test_threads_that_are_started_meanwhile_share_one_core() -> None:
    allowed = os.sched_getaffinity(0)
    with on_one_core(), ThreadPoolExecutor(4) as pool:
        used = {frozenset(each) for each in pool.map(os.sched_getaffinity, [0] * 8)}
    assert len(used) == 1
    (cores,) = used
    assert len(cores) == 1
    assert cores <= allowed


def test_afterwards_every_core_may_be_used_again() -> None:
    allowed = os.sched_getaffinity(0)
    with pytest.raises(ZeroDivisionError), on_one_core():
        assert 1 // 0
    assert os.sched_getaffinity(0) == allowed
