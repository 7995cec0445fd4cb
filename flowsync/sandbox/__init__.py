"""An emulator of the Frigade API: every documented and observed behaviour, on SQLite, with the standard library.

`Emulator.handle` answers a `Request`; `serve` puts it, or a handler wrapped around it, on a port; `seed`
gives it a first state that belongs to a repo's files. It knows the API's facts and nothing of the planner.
"""

from flowsync.sandbox.emulator import Emulator
from flowsync.sandbox.faults import ALWAYS, LATENESS, PEOPLE, Fault, FaultKind, Faulty, parse_fault
from flowsync.sandbox.seeds import Scenario, SeedFlow, dashboard_edit, seed
from flowsync.sandbox.server import Server, serve
from flowsync.sandbox.store import Row, Status
from flowsync.sandbox.values import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    Delivery,
    Handler,
    Request,
    Response,
    embedded,
    with_latency,
)

__all__ = [
    "ALWAYS",
    "LATENESS",
    "PEOPLE",
    "PRIVATE_KEY",
    "PUBLIC_KEY",
    "Delivery",
    "Emulator",
    "Fault",
    "FaultKind",
    "Faulty",
    "Handler",
    "Request",
    "Response",
    "Row",
    "Scenario",
    "SeedFlow",
    "Server",
    "Status",
    "dashboard_edit",
    "embedded",
    "parse_fault",
    "seed",
    "serve",
    "with_latency",
]
