"""What only shows when all flows are seen at once."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule
from flowsync.validate.wording import code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowsync.model import Flow, Problem

SIMILAR_SLUG: Final = Rule(
    "similar-slug",
    Severity.WARNING,
    "Two slugs differ by upper and lower case only. To Frigade they are two flows; on macOS and Windows their files "
    "are one and the same, so one overwrites the other.",
    "# flows/flow_welcome.yaml\nname: Welcome\n# flows/flow_Welcome.yaml\nname: Welcome again\n",
    "# flows/flow_welcome.yaml\nname: Welcome\n# flows/flow_welcome_again.yaml\nname: Welcome again\n",
)
RULES: Final = (SIMILAR_SLUG,)


def check_together(flows: Iterable[Flow]) -> Iterator[Problem]:
    """Report flows that stand in each other's way."""
    first: dict[str, Flow] = {}
    for flow in flows:
        earlier = first.setdefault(unicodedata.normalize("NFC", flow.slug).casefold(), flow)
        if earlier.slug != flow.slug:
            yield SIMILAR_SLUG.at(
                flow.source.location(()),
                f"The slug {code(flow.slug)} differs from {code(earlier.slug)} by case or accents only.",
                "Rename one of the files, and the flow in Frigade.",
            )
