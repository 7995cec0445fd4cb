"""Holding what expressions say of other flows against what is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync import validate
from flowsync.audience.known import flow_of_rows, mentioned
from flowsync.errors import InvalidFilesError
from flowsync.live.listing import rows_by_slug
from flowsync.model import Severity
from flowsync.pipeline.files import levels
from flowsync.targeting.checks import KnownFlow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.live.listing import Listing
    from flowsync.model import Problem
    from flowsync.pipeline.files import Selection
    from flowsync.pipeline.project import Project


def check_references(project: Project, selection: Selection, listing: Listing) -> tuple[Problem, ...]:
    """The warnings about the selected flows that the files alone did not tell, now that it is known what is live.

    Raises InvalidFilesError when a flow refers to another that is neither live nor among the files (unless the
    project's rules say otherwise): it would be shown to nobody. `listing` holds every flow referred to that exists
    (see `fetch`).
    """
    found = validate.check_live(selection.flows, _known(selection, listing), selection.every)
    told = {(each.location, each.code) for each in selection.warnings}
    fresh = [problem for problem in found if (problem.location, problem.code) not in told]
    problems, _ = validate.govern(fresh, selection.flows, levels(project))
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise InvalidFilesError("The files refer to what is neither in the files nor live.", errors)
    return problems


def _known(selection: Selection, listing: Listing) -> Mapping[str, KnownFlow]:
    """The live flows by slug, with the steps of those that expressions speak of and whose files state none."""
    rows = rows_by_slug(listing.rows)
    stated = {flow.slug for flow in selection.every if "data" in flow.fields}
    spoken_of = {slug for flow in selection.flows for slug in mentioned(flow)} - stated
    return {slug: flow_of_rows(rows[slug]) if slug in spoken_of else KnownFlow() for slug in rows}
