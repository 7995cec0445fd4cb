"""Runs one command and tells how it went: seconds, processor seconds, peak kilobytes, exit code.

A process of its own, and as small as Python gets, for on Linux the peak memory of a process is at least what the
process that started it held at that moment.
"""

import os
import sys
import time

started = time.perf_counter()
child = os.fork()
if not child:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - what is to be measured
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - started
kilobytes = used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
sys.stdout.write(f"{wall} {used.ru_utime + used.ru_stime} {kilobytes} {os.waitstatus_to_exitcode(status)}\n")
