"""Each command as its line of named steps: load, validate, fetch, plan, apply.

Nothing here knows of a network library, a terminal or a format: readers and writers come in as
protocols, values go out.

Names are loaded from their modules when first used: validating does not pay for planning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.deferred import deferred

if TYPE_CHECKING:
    from flowsync.pipeline.ahead import Ahead, count_files, has_revision
    from flowsync.pipeline.base import read_base
    from flowsync.pipeline.explaining import (
        EXPRESSION,
        anyone,
        at_time,
        explain_flow,
        explain_text,
        read_persona,
        run_tests,
        waiting_graph,
    )
    from flowsync.pipeline.files import Selection, check_files, load_selection, named_from_top, readable_flows, select
    from flowsync.pipeline.formatting import FormattedFile, format_files
    from flowsync.pipeline.listing import list_flows
    from flowsync.pipeline.naming import slugs_of
    from flowsync.pipeline.planning import changed_waits, fetch, fetch_slugs, make_plan, view_of
    from flowsync.pipeline.project import STATE_DIRECTORY, STATE_IGNORES, Project, open_project
    from flowsync.pipeline.references import check_references
    from flowsync.pipeline.rollback import part_at, plan_rollback
    from flowsync.pipeline.saved import Checked, check_saved, find_saved, read_saved, refuse_elsewhere
    from flowsync.pipeline.starting import Hosting, advice, example_hint, hosting, next_steps, start_files
    from flowsync.pipeline.store import LiveStore

__all__ = [
    "EXPRESSION",
    "STATE_DIRECTORY",
    "STATE_IGNORES",
    "Ahead",
    "Checked",
    "FormattedFile",
    "Hosting",
    "LiveStore",
    "Project",
    "Selection",
    "advice",
    "anyone",
    "at_time",
    "changed_waits",
    "check_files",
    "check_references",
    "check_saved",
    "count_files",
    "example_hint",
    "explain_flow",
    "explain_text",
    "fetch",
    "fetch_slugs",
    "find_saved",
    "format_files",
    "has_revision",
    "hosting",
    "list_flows",
    "load_selection",
    "make_plan",
    "named_from_top",
    "next_steps",
    "open_project",
    "part_at",
    "plan_rollback",
    "read_base",
    "read_persona",
    "read_saved",
    "readable_flows",
    "refuse_elsewhere",
    "run_tests",
    "select",
    "slugs_of",
    "start_files",
    "view_of",
    "waiting_graph",
]

_HOMES: Final = {
    "Ahead": "ahead",
    "count_files": "ahead",
    "has_revision": "ahead",
    "read_base": "base",
    "EXPRESSION": "explaining",
    "anyone": "explaining",
    "at_time": "explaining",
    "explain_flow": "explaining",
    "explain_text": "explaining",
    "read_persona": "explaining",
    "run_tests": "explaining",
    "waiting_graph": "explaining",
    "Selection": "files",
    "check_files": "files",
    "load_selection": "files",
    "named_from_top": "files",
    "readable_flows": "files",
    "select": "files",
    "FormattedFile": "formatting",
    "format_files": "formatting",
    "list_flows": "listing",
    "slugs_of": "naming",
    "changed_waits": "planning",
    "fetch": "planning",
    "fetch_slugs": "planning",
    "make_plan": "planning",
    "view_of": "planning",
    "STATE_DIRECTORY": "project",
    "STATE_IGNORES": "project",
    "Project": "project",
    "open_project": "project",
    "check_references": "references",
    "part_at": "rollback",
    "plan_rollback": "rollback",
    "Checked": "saved",
    "check_saved": "saved",
    "find_saved": "saved",
    "read_saved": "saved",
    "refuse_elsewhere": "saved",
    "Hosting": "starting",
    "advice": "starting",
    "example_hint": "starting",
    "hosting": "starting",
    "next_steps": "starting",
    "start_files": "starting",
    "LiveStore": "store",
}


__getattr__ = deferred(__name__, _HOMES)
