"""Points on which sources about the API conflict or are silent: the possible readings, to choose from.

The first reading of a conflict is what the emulator does unless it is given another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final


class Reading(Enum):
    """One reading of a conflict. The value is what `--conflict` takes; `meaning` describes the emulator's behaviour."""

    LOOKUP_BY_PREFIX = (
        "lookup=flow-prefix",
        "GET by slug or id treats only what begins with `flow` as a slug; otherwise the leading digits are an id",
    )
    LOOKUP_BY_SLUG = "lookup=any-slug", "GET by slug or id treats everything that is not a number as a slug"
    PAGING_ALL = "paging=all", "lists return every row, whatever `offset` and `limit` say, and report 0 and 100"
    PAGING_WINDOWS = "paging=windows", "lists follow `offset` and `limit`, 100 rows at most"
    DATA_YAML = "data=yaml", "`data` comes back as the YAML text that is stored"
    DATA_JSON = "data=json", "`data` comes back encoded as JSON"
    CREATED_ACTIVE = "created=active", "a new flow is ACTIVE: users get it at once if it is switched on"
    CREATED_DRAFT = "created=draft", "a new flow is a DRAFT: nobody sees it until it is activated"
    NEW_SLUG_KEPT = "new-slug=kept", "a new flow has the slug it was given, unless it has blanks, `/`, `?` or `#`"
    NEW_SLUG_BY_PREFIX = "new-slug=flow-prefix", "a slug that does not begin with `flow_` is replaced by a made-up one"
    NEW_SLUG_MADE_UP = "new-slug=made-up", "every new flow gets a made-up slug"
    DESCRIPTION_IGNORED = "new-description=ignored", "POST /v1/flows ignores `description`"
    DESCRIPTION_KEPT = "new-description=kept", "POST /v1/flows stores `description`"
    SECOND_DRAFT_400 = "second-draft=400", "a second draft of a flow is refused with 400"
    SECOND_DRAFT_500 = "second-draft=500", "a second draft of a flow is refused with 500, and the same message"
    ARCHIVED_AT_ONCE = "archived=at-once", "publishing archives the former version in the same moment"
    ARCHIVED_LATE = (
        "archived=late",
        "publishing archives the former version two seconds later; until then both are ACTIVE",
    )
    BAD_YAML_400 = "bad-yaml=400", "`data` that is not YAML is refused with 400"
    BAD_YAML_422 = "bad-yaml=422", "`data` that is not YAML is refused with 422"
    WRITE_BY_SLUG_NULL = "write-by-slug=null", "PUT with a slug instead of the id answers `null` and writes nothing"
    WRITE_BY_SLUG_404 = "write-by-slug=404", "PUT with a slug instead of the id is a 404"
    DELETED_404 = "deleted=404", "DELETE of a row that is gone is a 404"
    DELETED_500 = "deleted=500", "DELETE of a row that is gone is a 500"
    SLASH_404 = "trailing-slash=404", "a path with a slash at its end does not exist"
    SLASH_IGNORED = "trailing-slash=ignored", "a slash at the end of a path is ignored"
    UNKNOWN_KEY_403 = "unknown-key=403", "a missing or unknown key is refused with 403"
    UNKNOWN_KEY_401 = "unknown-key=401", "a missing or unknown key is refused with 401"
    SNIPPET_HIDDEN = "public-snippet=hidden", "the public paths leave `codeSnippet` out"
    SNIPPET_SHOWN = "public-snippet=shown", "the public paths show `codeSnippet`"
    PRIVATE_LIST_ALL = "private-list=all", "the private list shows every row"
    PRIVATE_LIST_HIDES_DRAFTS = (
        "private-list=hides-drafts",
        "the private list leaves drafts out; `…/versions` and GET by slug or id show them",
    )
    PUBLIC_LIST_ON = (
        "public-list=switched-on",
        "the public list leaves out what is switched off, unless the request has an `x-frigade-sdk-version`",
    )
    PUBLIC_LIST_ALL = "public-list=all", "the public list shows what is switched off as well"

    _value_: str
    meaning: str

    def __new__(cls, choice: str, meaning: str) -> Reading:  # noqa: PYI034 - enums cannot be subclassed
        """A member whose value is only its name on the command line."""
        reading = object.__new__(cls)
        reading._value_ = choice
        reading.meaning = meaning
        return reading

    @property
    def conflict(self) -> str:
        """The name of the conflict."""
        return str(self.value).partition("=")[0]


_CHOICES: Final = {reading.value: reading for reading in Reading}


def parse_reading(text: str) -> Reading:
    """The reading that `NAME=CHOICE` names. Raises ValueError, whose text lists the possible ones."""
    if reading := _CHOICES.get(text):
        return reading
    name = text.partition("=")[0]
    near = [choice for choice, reading in _CHOICES.items() if reading.conflict == name]
    raise ValueError(f"{text!r} is not NAME=CHOICE; there are: {', '.join(near or _CHOICES)}.")


def settled(chosen: Iterable[Reading] = ()) -> frozenset[Reading]:
    """One reading of each conflict: the last `chosen` one, else the default."""
    readings = {reading.conflict: reading for reading in reversed(Reading)}
    readings |= {reading.conflict: reading for reading in chosen}
    return frozenset(readings.values())
