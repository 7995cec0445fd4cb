"""The live side: the protocols that reach the API, its rows, its lists and versions, and the row to write.

Everything known of the API's paths is here; how bytes travel is `http`'s business. What the vendor
documents ([doc]) is relied on; what it only showed elsewhere ([obs]) is used where it answers, and done
without where it does not.

Names are loaded from their modules when first used: offline commands pay for none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.deferred import deferred

if TYPE_CHECKING:
    from flowsync.live.choice import (
        Choice,
        Chosen,
        NoSuchFlow,
        NoSuchTarget,
        OnlyArchived,
        UnknownStatus,
        choose,
        newest,
    )
    from flowsync.live.listing import Listing, list_flows, rows_by_slug
    from flowsync.live.lookup import find_missing, reread
    from flowsync.live.protocols import Access, FlowReader, FlowWriter, Map
    from flowsync.live.rows import live_flow
    from flowsync.live.writing import write

__all__ = [
    "Access",
    "Choice",
    "Chosen",
    "FlowReader",
    "FlowWriter",
    "Listing",
    "Map",
    "NoSuchFlow",
    "NoSuchTarget",
    "OnlyArchived",
    "UnknownStatus",
    "choose",
    "find_missing",
    "list_flows",
    "live_flow",
    "newest",
    "reread",
    "rows_by_slug",
    "write",
]

_HOMES: Final = {
    "Choice": "choice",
    "Chosen": "choice",
    "NoSuchFlow": "choice",
    "NoSuchTarget": "choice",
    "OnlyArchived": "choice",
    "UnknownStatus": "choice",
    "choose": "choice",
    "newest": "choice",
    "Listing": "listing",
    "list_flows": "listing",
    "rows_by_slug": "listing",
    "find_missing": "lookup",
    "reread": "lookup",
    "Access": "protocols",
    "FlowReader": "protocols",
    "FlowWriter": "protocols",
    "Map": "protocols",
    "live_flow": "rows",
    "write": "writing",
}


__getattr__ = deferred(__name__, _HOMES)
