"""The keys and words that Frigade knows [doc], as tables.

The schemas list the same keys with their types and descriptions; a test holds the two together. Keys stand in the
order of `fmt`: what a thing is, what people read, when it shows, what they can do.
"""

from __future__ import annotations

from typing import Final

ROOT_KEYS: Final = ("title", "subtitle", "sequential", "props", "steps")
STEP_KEYS: Final = (
    "id",
    "type",
    "selector",
    "title",
    "subtitle",
    "imageUri",
    "iconUri",
    "videoUri",
    "props",
    "visibilityCriteria",
    "startCriteria",
    "completionCriteria",
    "fields",
    "primaryButton",
    "secondaryButton",
)
BUTTON_KEYS: Final = ("title", "action", "uri", "target")
FIELD_KEYS: Final = (
    "id",
    "type",
    "label",
    "positiveLabel",
    "negativeLabel",
    "placeholder",
    "value",
    "required",
    "maxLength",
    "multiple",
    "pattern",
    "options",
    "props",
)
OPTION_KEYS: Final = ("label", "value")
PATTERN_KEYS: Final = ("value", "message")

BUTTONS: Final = ("primaryButton", "secondaryButton")
CRITERIA: Final = ("completionCriteria", "startCriteria", "visibilityCriteria")
MEDIA: Final = ("imageUri", "iconUri", "videoUri")

DEPRECATED_STEP_KEYS: Final = {
    "primaryButtonTitle": "primaryButton: {title: …}",
    "primaryButtonUri": "primaryButton: {uri: …}",
    "primaryButtonUriTarget": "primaryButton: {target: …}",
    "secondaryButtonTitle": "secondaryButton: {title: …}",
    "secondaryButtonUri": "secondaryButton: {uri: …}",
    "secondaryButtonUriTarget": "secondaryButton: {target: …}",
}
"""Keys that still work, and what takes their place."""

FLOW_TYPES: Final = ("ANNOUNCEMENT", "BANNER", "CARD", "CHECKLIST", "CUSTOM", "FORM", "SURVEY", "TOUR")
LEGACY_FLOW_TYPES: Final = ("SUPPORT", "EMBEDDED_TIP", "NPS_SURVEY")
"""Seen on live flows [obs]; read, compared and sent, but not to be chosen for a new flow."""

BUTTON_ACTIONS: Final = (
    "step.complete",
    "step.start",
    "step.skip",
    "step.reset",
    "flow.complete",
    "flow.start",
    "flow.skip",
    "flow.restart",
    "flow.forward",
    "flow.back",
)
FIELD_TYPES: Final = ("text", "textarea", "select", "radio", "checkbox", "nps")
"""Any other field type names a component of the app."""

HTML_TAGS: Final = ("a", "b", "br", "div", "i", "img", "p", "span", "strong", "u")
LONGEST_TARGETING: Final = 2000
"""Characters of one targeting expression that the API takes at most."""
