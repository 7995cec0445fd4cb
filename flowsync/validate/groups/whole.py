"""The file as a whole: its name, its type, whether it manages anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.model import Location, Severity
from flowsync.secrets import private_key_at
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
PRIVATE_KEY: Final = Rule(
    "private-key",
    Severity.ERROR,
    "The file holds a private API key. Whoever reads the file could change every flow of the account, and what is in "
    "`data` is delivered to browsers.",
    "name: Welcome # api_private_3xample4Docs\n",
    "name: Welcome\n",
    is_firm=True,
)
RULES: Final = (LEGACY_TYPE, NOTHING_MANAGED, UNUSUAL_SLUG, PRIVATE_KEY)

USUAL_SLUG: Final = re.compile(r"[A-Za-z0-9_-]+")


def check(view: View) -> Iterator[Problem]:
    """Report what is odd about the file as a whole."""
    yield from _slug(view)
    yield from _private_key(view)
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


def _private_key(view: View) -> Iterator[Problem]:
    text = view.flow.source.text
    at = private_key_at(text)
    if private_key_at(view.flow.slug) is not None:
        yield PRIVATE_KEY.at(view.location(()), "The file's name holds a private API key.", "Revoke it in Frigade.")
    if at is not None:
        before = text[:at]
        place = Location(view.flow.file, before.count("\n") + 1, at - before.rfind("\n"))
        yield PRIVATE_KEY.at(
            place, "The file holds a private API key.", "Take it out, and revoke it in Frigade if it was committed."
        )


def _slug(view: View) -> Iterator[Problem]:
    if not USUAL_SLUG.fullmatch(view.flow.slug):
        yield UNUSUAL_SLUG.at(
            view.location(()),
            f"The slug {code(view.flow.slug)}, which is the file's name, holds unusual characters.",
            "Slugs are made of letters, digits, _ and -.",
        )
