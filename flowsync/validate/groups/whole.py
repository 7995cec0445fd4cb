"""The file as a whole: its name, its type, whether it manages anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule
from flowsync.validate.vocabulary import FLOW_TYPES, LEGACY_FLOW_TYPES
from flowsync.validate.wording import code, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.model import Problem
    from flowsync.validate.view import View

LEGACY_TYPE: Final = Rule(
    "legacy-type",
    Severity.WARNING,
    "The flow has a type that Frigade keeps for old flows only. It is compared and sent like any other.",
    "type: NPS_SURVEY\n",
    "type: SURVEY\n",
)
NOTHING_MANAGED: Final = Rule(
    "nothing-managed",
    Severity.WARNING,
    "The file states no field that is sent, so flowsync manages nothing of this flow.",
    "protected: true\n",
    "protected: true\nname: Welcome\n",
)
UNUSUAL_SLUG: Final = Rule(
    "unusual-slug",
    Severity.WARNING,
    "The file's name, which is the flow's slug, holds other characters than letters, digits, `_` and `-`. Frigade "
    "gives no such slugs, and some systems cannot check out such files.",
    "# flows/flow welcome.yaml\nname: Welcome\n",
    "# flows/flow_welcome.yaml\nname: Welcome\n",
)
RULES: Final = (LEGACY_TYPE, NOTHING_MANAGED, UNUSUAL_SLUG)

USUAL_SLUG: Final = re.compile(r"[A-Za-z0-9_-]+")


def check(view: View) -> Iterator[Problem]:
    """Report what is odd about the file as a whole."""
    yield from _slug(view)
    if not view.flow.fields:
        yield NOTHING_MANAGED.at(
            view.location(()),
            "This file states no field that is sent, so nothing of the flow is managed.",
            "State at least one of name, type, description, active, targetingLogic and data.",
        )
    flow_type = view.value.get("type")
    if flow_type in LEGACY_FLOW_TYPES:
        yield LEGACY_TYPE.at(
            view.location(("type",)),
            f"{flow_type} is a legacy type of flow.",
            f"New flows are one of {listed(FLOW_TYPES)}.",
        )


def _slug(view: View) -> Iterator[Problem]:
    if not USUAL_SLUG.fullmatch(view.flow.slug):
        yield UNUSUAL_SLUG.at(
            view.location(()),
            f"The slug {code(view.flow.slug)}, which is the file's name, holds unusual characters.",
            "Slugs are made of letters, digits, _ and -.",
        )
