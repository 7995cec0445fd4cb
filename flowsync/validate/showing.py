"""Checks for content that users never see or reach: dropped fields, keys that are not drawn, videos, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.flows.expressions import steps_key
from flowsync.text import folded
from flowsync.validate.rules import (
    FIELD_TYPE,
    FIELDS_MISSING,
    LINK_NOT_FOLLOWED,
    NOT_SHOWN,
    VIDEO_NOT_PLAYED,
    code,
    meant,
)
from flowsync.validate.view import BUTTON, FIELD, FIELD_TYPES, FORM_TYPES, ROOT, STEP, SURVEY_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import Problem
    from flowsync.validate.view import Part, View

_DRAWN_BY_APPS: Final = ("CUSTOM",)


def check_shown(view: View) -> Iterator[Problem]:
    """Report what the SDK's own components never show; not for flows without a type or that the app draws."""
    if not isinstance(view.type, str) or view.type in _DRAWN_BY_APPS:
        return
    # A survey without fields is one that the app draws itself, as the vendor's own demo does.
    is_form = view.type in FORM_TYPES and any(part.kind is FIELD for part in view.parts)
    for part in view.parts:
        if part.kind is ROOT:
            yield from _check_root(view, part)
        elif part.kind is STEP:
            yield from _check_media(view, part)
            yield from _check_score(view, part)
        elif part.kind is FIELD and view.type in FORM_TYPES:
            yield from _check_field(view, part)
        elif part.kind is BUTTON and is_form and part.value.get("uri") and not part.is_custom:
            message = "A form follows the `uri` of a button only if the app gives the SDK a `navigate` of its own."
            hint = "Make sure that it does, or link to the page in the subtitle with <a href>."
            yield LINK_NOT_FOLLOWED.at(view.key_location((*part.path, "uri")), message, hint)


def _check_root(view: View, root: Part) -> Iterator[Problem]:
    """Report a form that asks nothing; a survey without questions is drawn by the app."""
    if view.type == "TOUR" and "sequential" in root.value:
        message = "A tour does not read `sequential` here."
        yield NOT_SHOWN.at(view.key_location((*root.path, "sequential")), message, "Put it below `props:`.")
    steps = [part.value for part in view.of(STEP)]
    if view.type != "FORM" or not steps or steps_key(root.value) != "steps":
        return
    is_drawn_by_app = root.value.get("props") or any(each.get("props") or each.get("type") for each in steps)
    if not is_drawn_by_app and not any(each.get("fields") is not None for each in steps):
        yield FIELDS_MISSING.at(
            view.key_location((*root.path, "steps")),
            "No step of this form has `fields`, so it asks nothing.",
            "Add them to a step, for example fields: [{id: role, type: text, label: What is your role?}].",
        )


@dataclass(frozen=True, slots=True)
class _Media:
    """The keys of pictures and videos that no component of some types of flow draws, and the reason."""

    types: tuple[str, ...]
    keys: tuple[str, ...]
    reason: str
    hint: str


_NOT_DRAWN: Final = (
    _Media(
        ("ANNOUNCEMENT", "BANNER", "CARD", "TOUR", *FORM_TYPES),
        ("iconUri",),
        "Only the carousel of a checklist draws `iconUri`",
        "Where a picture is shown, its key is `imageUri`.",
    ),
    _Media(("BANNER",), ("videoUri",), "A banner plays no video", "It shows `imageUri`, at 40 by 40 pixels."),
    _Media(
        FORM_TYPES,
        ("imageUri", "videoUri"),
        "Forms and surveys draw no pictures or videos",
        "Put <img src> or <video src> into the subtitle.",
    ),
)
_VIDEO_SITES: Final = (
    ("youtube", re.compile(r"[?&]v=[^&#]"), "https://www.youtube.com/watch?v="),
    ("youtu.be", re.compile(r"youtu\.be/[^/?#]"), "https://youtu.be/"),
    ("vimeo", re.compile(r"vimeo\.com/[0-9]"), "https://vimeo.com/"),
    ("wistia", re.compile(r"wistia\.com/medias/[^/?#]"), "https://….wistia.com/medias/"),
    ("loom", re.compile(r"loom\.com/share/[^/?#]"), "https://www.loom.com/share/"),
)
"""What the SDK looks for in an address, in its order; what it needs there; and an address that it plays."""


def _check_media(view: View, step: Part) -> Iterator[Problem]:
    if step.is_custom:
        return
    undrawn = {key: media for media in _NOT_DRAWN if view.type in media.types for key in media.keys}
    for key, media in undrawn.items():
        if step.value.get(key):
            message = f"{media.reason}, so users do not see this."
            yield NOT_SHOWN.at(view.key_location((*step.path, key)), message, media.hint)
    video = step.value.get("videoUri")
    if video and step.value.get("imageUri") and view.type in ("ANNOUNCEMENT", "CARD", "TOUR"):
        message = "The video takes the place of this picture, so users do not see it."
        yield NOT_SHOWN.at(
            view.key_location((*step.path, "imageUri")), message, "Keep one of `imageUri` and `videoUri`."
        )
    if (
        isinstance(video, str)
        and video.startswith("https:")
        and not (" " in video or "${" in video or "videoUri" in undrawn)
    ):
        yield from _check_video(view, step, video)


def _check_video(view: View, step: Part, address: str) -> Iterator[Problem]:
    place = (*step.path, "videoUri")
    for name, needed, example in _VIDEO_SITES:
        if name in address:
            if not needed.search(address):
                message = f"This address contains {name}, so the SDK embeds it as {example}…; here, a broken frame."
                hint = f"Write {example} and the id of the video."
                if address.endswith(".mp4"):
                    hint = f"Put the file at an address without {name} in it."
                yield VIDEO_NOT_PLAYED.at(view.location(place), message, hint)
            return
    if not address.endswith(".mp4"):
        message = "The SDK shows nothing for this video: the address must end in .mp4, or be one of a known site."
        hint = "Nothing may follow .mp4, and it is in small letters. The sites are YouTube, Vimeo, Wistia and Loom."
        yield VIDEO_NOT_PLAYED.at(view.location(place), message, hint)


def _check_score(view: View, step: Part) -> Iterator[Problem]:
    """Report buttons on the first step of an NPS survey, which choosing a score submits."""
    fields = step.value.get("fields")
    first = fields[0] if isinstance(fields, list) and fields else None
    is_score = isinstance(first, dict) and first.get("type") == "nps" and step.path[-1] == 0
    if view.type in SURVEY_TYPES and is_score:
        for key in ("primaryButton", "secondaryButton"):
            if step.value.get(key):
                message = "The first step of an NPS survey shows no buttons: choosing a score submits it."
                hint = "Remove it; `dismissible: true` below the `props:` of `data` lets users close the survey."
                yield NOT_SHOWN.at(view.key_location((*step.path, key)), message, hint)


_HTML_INPUTS: Final = ("email", "number", "password", "tel", "url")
_UNUSED_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "placeholder": ("radio", "checkbox"),
    "multiple": ("text", "textarea", "radio", "checkbox", "nps"),
    "options": ("text", "textarea", "checkbox", "nps"),
    "positiveLabel": ("text", "textarea", "select", "radio", "checkbox"),
    "negativeLabel": ("text", "textarea", "select", "radio", "checkbox"),
}
"""Keys of a field, and the types of fields that make nothing of them."""
_UNUSED_HINTS: Final[Mapping[str, str]] = {
    "placeholder": "Put it into the label.",
    "multiple": "Only a select field takes several answers.",
    "options": "Options are for select and radio fields; the scale of a score is `options` in the `props:` of `data`.",
    "positiveLabel": "It belongs to a field of the type nps.",
    "negativeLabel": "It belongs to a field of the type nps.",
}


def _check_field(view: View, field: Part) -> Iterator[Problem]:
    name = field.value.get("type")
    if not isinstance(name, str):
        return
    if name not in FIELD_TYPES or (name == "nps" and view.type not in SURVEY_TYPES):
        hint = _type_hint(name)
        if not name.strip():
            message = "The type of this field is empty, so the SDK drops the field."
            hint = "Write text, textarea, select, radio, checkbox or a type of your app."
            yield FIELD_TYPE.at(view.location((*field.path, "type")), message, hint)
        elif hint is not None:
            message = f"{code(name)} is no field type of the SDK's own, so it drops the field unless the app adds one."
            yield FIELD_TYPE.at(view.location((*field.path, "type")), message, hint)
        return
    start = field.value.get("value")
    if name == "select" and field.value.get("multiple") is True and start is not None and not isinstance(start, list):
        message = "A select field with `multiple` takes a list as its start `value`."
        yield NOT_SHOWN.at(view.key_location((*field.path, "value")), message, "Write value: [a, b].")
    for key, types in _UNUSED_KEYS.items():
        value = field.value.get(key)
        if name in types and (value is True if key == "multiple" else bool(value)):
            message = f"A field of the type {name} does not use `{key}`."
            yield NOT_SHOWN.at(view.key_location((*field.path, key)), message, _UNUSED_HINTS[key])


def _type_hint(name: str) -> str | None:
    """The probable meaning of a type that is not the SDK's own; None if it is probably the app's."""
    if name == "nps":
        return "Give the flow the type SURVEY; in a form, offer the scores as a radio field."
    if name.lower() in _HTML_INPUTS:
        return f"Write type: text, and below it props: {{type: {name.lower()}}}."
    if folded(name) == "multiselect":
        return "Write type: select and multiple: true."
    match = meant(name, FIELD_TYPES)
    return None if match is None else f"Did you mean `{match}`?"
