"""The rules: their severity and documentation, and the words of messages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowsync import document
from flowsync.model import Problem, Severity
from flowsync.targeting import rules as targeting
from flowsync.text import closest, excerpt, folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flowsync.model import JsonValue, Location, ValuePath


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of problem; `code` is kebab-case and never changes its meaning.

    A firm rule can be neither lowered nor ignored: what it reports cannot be sent, or is false for every user.
    """

    code: str
    severity: Severity
    is_firm: bool = False

    @property
    def documentation(self) -> str:
        """One paragraph of plain text."""
        return _texts()[self.code]["documentation"]

    @property
    def source(self) -> str:
        """The source of the rule: one line, which also says if no source is certain."""
        return _texts()[self.code]["source"]

    @property
    def example(self) -> str:
        """A flow file with this problem.

        If it is several files, or its name matters, each begins with a comment that holds its path, such as
        `# flows/flow_welcome.yaml`.
        """
        return _texts()[self.code]["example"]

    @property
    def good(self) -> str:
        """The corrected example."""
        return _texts()[self.code]["good"]

    def at(self, location: Location, message: str, hint: str | None = None, detail: tuple[str, ...] = ()) -> Problem:
        """A problem of this kind at one place."""
        return Problem(location, self.severity, self.code, message, hint, detail)


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    file = Path(__file__).with_name("rules.yaml")
    texts: Any = document.parse(file.read_text(encoding="utf-8"), file.name).value
    return {**texts}


CONTROL_CHARACTER: Final = Rule("control-character", Severity.ERROR, is_firm=True)
DATA_UNREADABLE: Final = Rule("data-unreadable", Severity.ERROR, is_firm=True)
DEPRECATED_KEY: Final = Rule("deprecated-key", Severity.WARNING)
DUPLICATE_FIELD_ID: Final = Rule("duplicate-field-id", Severity.ERROR)
DUPLICATE_OPTION_VALUE: Final = Rule("duplicate-option-value", Severity.ERROR)
DUPLICATE_STEP_ID: Final = Rule("duplicate-step-id", Severity.ERROR)
EMPTY_LIST: Final = Rule("empty-list", Severity.WARNING)
EMPTY_TEXT: Final = Rule("empty-text", Severity.ERROR)
EMPTY_VALUE: Final = Rule("empty-value", Severity.WARNING)
FIELDS_MISSING: Final = Rule("fields-missing", Severity.WARNING)
FIELD_TYPE: Final = Rule("field-type", Severity.WARNING)
FORMER_FORMAT: Final = Rule("former-format", Severity.WARNING)
HTML_ATTRIBUTE: Final = Rule("html-attribute", Severity.WARNING)
HTML_TAG: Final = Rule("html-tag", Severity.WARNING)
LARGE_INTEGER: Final = Rule("large-integer", Severity.ERROR, is_firm=True)
LINK_NOT_FOLLOWED: Final = Rule("link-not-followed", Severity.WARNING)
LEGACY_TYPE: Final = Rule("legacy-type", Severity.WARNING)
MEDIA_NOT_HTTPS: Final = Rule("media-not-https", Severity.ERROR)
MEDIA_UNCERTAIN: Final = Rule("media-uncertain", Severity.WARNING)
MISSING_KEY: Final = Rule("missing-key", Severity.ERROR)
NOTHING_MANAGED: Final = Rule("nothing-managed", Severity.WARNING)
NOT_SHOWN: Final = Rule("not-shown", Severity.WARNING)
NOT_JSON: Final = Rule("not-json", Severity.ERROR, is_firm=True)
OPTIONS_MISSING: Final = Rule("options-missing", Severity.ERROR)
PATTERN_INVALID: Final = Rule("pattern-invalid", Severity.ERROR)
PATTERN_SLASHES: Final = Rule("pattern-slashes", Severity.WARNING)
PRIVATE_KEY: Final = Rule("private-key", Severity.ERROR, is_firm=True)
SELECTOR_MISSING: Final = Rule("selector-missing", Severity.ERROR)
SIMILAR_SLUG: Final = Rule("similar-slug", Severity.WARNING)
STEPS_MISSING: Final = Rule("steps-missing", Severity.ERROR)
TEST_FAILS: Final = Rule("test-fails", Severity.ERROR)
TEST_NUMBER: Final = Rule("test-number", Severity.ERROR)
TEST_STEP: Final = Rule("test-step", Severity.ERROR)
TEST_TIME: Final = Rule("test-time", Severity.ERROR)
TEST_UNDECIDED: Final = Rule("test-undecided", Severity.WARNING)
TEST_UNKNOWN: Final = Rule("test-unknown", Severity.WARNING)
TEST_VERDICT: Final = Rule("test-verdict", Severity.ERROR)
TOO_SMALL: Final = Rule("too-small", Severity.ERROR)
UNKNOWN_DATA_KEY: Final = Rule("unknown-data-key", Severity.WARNING)
UNKNOWN_KEY: Final = Rule("unknown-key", Severity.ERROR)
UNUSED_IGNORE: Final = Rule("unused-ignore", Severity.WARNING)
UNUSUAL_SLUG: Final = Rule("unusual-slug", Severity.WARNING)
URI_IMPLAUSIBLE: Final = Rule("uri-implausible", Severity.WARNING)
URI_SCRIPT: Final = Rule("uri-script", Severity.ERROR)
VARIABLE_MALFORMED: Final = Rule("variable-malformed", Severity.WARNING)
VIDEO_NOT_PLAYED: Final = Rule("video-not-played", Severity.WARNING)
WRONG_TYPE: Final = Rule("wrong-type", Severity.ERROR)
WRONG_VALUE: Final = Rule("wrong-value", Severity.ERROR)
YAML_AMBIGUOUS: Final = Rule("yaml-ambiguous", Severity.WARNING)
YAML_TAG: Final = Rule("yaml-tag", Severity.WARNING)
UNKNOWN_FLOW: Final = Rule(targeting.UNKNOWN_FLOW.code, Severity.WARNING)
"""Offline only a warning: the flow may exist without a file. If the live flows are known it is an error."""
_TARGETING: Final = [
    Rule(rule.code, rule.severity, is_firm=rule in {targeting.SYNTAX, targeting.TOO_LONG})
    for rule in targeting.RULES
    if rule is not targeting.UNKNOWN_FLOW
]
_OWN: Final = [each for each in [*globals().values()] if isinstance(each, Rule)]
RULES: Final = tuple(sorted([*_OWN, *_TARGETING], key=lambda rule: rule.code))
"""Every rule, by code."""


def code(text: str) -> str:
    """A key or another word of the file, in backticks."""
    return f"`{excerpt(text)}`"


def described(value: JsonValue) -> str:
    """A description of a value for the end of a sentence: "the text 'yes'", "a list", "nothing (null)"."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {excerpt(str(value))}"
    if isinstance(value, str):
        return f"the text '{excerpt(value)}'" if value else "an empty text"
    return "a list" if isinstance(value, list) else "a mapping"


def named(path: ValuePath) -> str:
    """A name for the value at `path`: "`title`", "item 2 of `steps`", "the file"."""
    if not path:
        return "the file"
    last = path[-1]
    return code(last) if isinstance(last, str) else f"item {last + 1} of {named(path[:-1])}"


def listed(words: Iterable[str], conjunction: str = "or") -> str:
    """`a`, `b` or `c`."""
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def sentence(text: str) -> str:
    """`text` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


_OTHER_WORDS: Final = {
    "checkbox": "boolean toggle",
    "flow.back": "flow.previous flow.prev flow.backward",
    "flow.complete": "flow.done flow.finish flow.end",
    "flow.forward": "flow.next",
    "flow.skip": "flow.dismiss",
    "iconUri": "icon",
    "id": "name",
    "imageUri": "image img",
    "label": "question",
    "maxLength": "maximumlength",
    "primaryButton": "button cta",
    "max": "maximum maxvalue",
    "min": "minimum minvalue",
    "options": "choices",
    "pattern": "regex regexp",
    "select": "dropdown",
    "selector": "element",
    "subtitle": "body content description text",
    "targetingLogic": "targeting",
    "text": "string input textbox",
    "textarea": "multiline",
    "title": "heading headline",
    "uri": "href link url",
    "value": "regex default defaultvalue initialvalue",
    "videoUri": "video",
}
"""What other tools call a key or a value, without regard to case and separators."""
_OPPOSITES: Final = (
    ("min", "max"),
    ("positive", "negative"),
    ("start", "skip"),
    ("start", "stop"),
    ("optional", "options"),
    ("tertiary", "primary"),
    ("tertiary", "secondary"),
)
"""Beginnings of words that look alike and mean different things."""
_NEGATIONS: Final = ("un", "non", "not", "no", "dis", "in", "hide")


def meant(word: str, known: Collection[str]) -> str | None:
    """The one of `known` that is similar to `word`, or that other tools call by it; None if there is none."""
    form = folded(word)
    others = (key for key, words in _OTHER_WORDS.items() if key in known and form in words.split())
    match = next(others, None) or closest(word, known)
    return None if match is None or _are_opposites(form, folded(match)) else match


def _are_opposites(word: str, known: str) -> bool:
    """Whether one negates the other, or they are a pair such as minLength and maxLength."""
    pairs = (*_OPPOSITES, *(pair[::-1] for pair in _OPPOSITES))
    return any(word == negation + known for negation in _NEGATIONS) or any(
        word.startswith(one) and known.startswith(other) for one, other in pairs
    )


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """The hint for an unknown word, if one of `known` is similar."""
    match = meant(word, known)
    return None if match is None else f"Did you mean `{match}`?"
