"""The live side: the protocols that reach the API, its rows, its lists and versions, and the row to write.

Everything known of the API's paths is here; how bytes travel is `http`'s business. What the vendor
documents ([doc]) is relied on; what it only showed elsewhere ([obs]) is used where it answers, and done
without where it does not.
"""

from __future__ import annotations

from flowsync.live.choice import Choice, Chosen, NoSuchFlow, NoSuchTarget, OnlyArchived, choose, newest
from flowsync.live.listing import Listing, list_flows, rows_by_slug
from flowsync.live.lookup import PathMemo, find_missing, reread
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
    "PathMemo",
    "choose",
    "find_missing",
    "list_flows",
    "live_flow",
    "newest",
    "reread",
    "rows_by_slug",
    "write",
]
