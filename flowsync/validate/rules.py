"""The rules: how serious each is, what the documentation says of it, and the words of messages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowsync import document
from flowsync.model import Problem, Severity
from flowsync.targeting import rules as targeting
from flowsync.text import closest, excerpt, folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flowsync.model import JsonValue, Location, ValuePath


class Rule(NamedTuple):
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
    def example(self) -> str:
        """A flow file that has this problem.

        Where it is several files, or its name matters, each begins with a comment that holds its path, such as
        `# flows/flow_welcome.yaml`.
        """
        return _texts()[self.code]["example"]

    @property
    def good(self) -> str:
        """The example as it should be."""
        return _texts()[self.code]["good"]

    def at(self, location: Location, message: str, hint: str | None = None, detail: tuple[str, ...] = ()) -> Problem:
        """A problem of this kind at one place."""
        return Problem(location, self.severity, self.code, message, hint, detail)


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    file = Path(__file__).with_name("rules.yaml")
    texts: Any = document.parse(file.read_text(encoding="utf-8"), file.name).value
    return {**texts}


def _error(code: str, *, is_firm: bool = False) -> Rule:
    return Rule(code, Severity.ERROR, is_firm)


def _warning(code: str) -> Rule:
    return Rule(code, Severity.WARNING)


CONTROL_CHARACTER: Final = _error("control-character", is_firm=True)
DATA_UNREADABLE: Final = _error("data-unreadable", is_firm=True)
DEPRECATED_KEY: Final = _warning("deprecated-key")
DUPLICATE_FIELD_ID: Final = _error("duplicate-field-id")
DUPLICATE_OPTION_VALUE: Final = _error("duplicate-option-value")
DUPLICATE_STEP_ID: Final = _error("duplicate-step-id")
EMPTY_LIST: Final = _warning("empty-list")
EMPTY_TEXT: Final = _error("empty-text")
EMPTY_VALUE: Final = _warning("empty-value")
FIELDS_MISSING: Final = _error("fields-missing")
HTML_TAG: Final = _warning("html-tag")
LARGE_INTEGER: Final = _error("large-integer", is_firm=True)
LEGACY_TYPE: Final = _warning("legacy-type")
MEDIA_NOT_HTTPS: Final = _error("media-not-https")
MEDIA_UNCERTAIN: Final = _warning("media-uncertain")
MISSING_KEY: Final = _error("missing-key")
NOTHING_MANAGED: Final = _warning("nothing-managed")
NOT_JSON: Final = _error("not-json", is_firm=True)
OPTIONS_MISSING: Final = _error("options-missing")
PATTERN_INVALID: Final = _error("pattern-invalid")
PATTERN_SLASHES: Final = _warning("pattern-slashes")
PRIVATE_KEY: Final = _error("private-key", is_firm=True)
SELECTOR_MISSING: Final = _error("selector-missing")
SIMILAR_SLUG: Final = _warning("similar-slug")
STEPS_MISSING: Final = _error("steps-missing")
TEST_FAILS: Final = _error("test-fails")
TEST_NUMBER: Final = _error("test-number")
TEST_STEP: Final = _error("test-step")
TEST_TIME: Final = _error("test-time")
TEST_UNDECIDED: Final = _warning("test-undecided")
TEST_VERDICT: Final = _error("test-verdict")
TOO_SMALL: Final = _error("too-small")
UNKNOWN_DATA_KEY: Final = _warning("unknown-data-key")
UNKNOWN_KEY: Final = _error("unknown-key")
UNUSED_IGNORE: Final = _warning("unused-ignore")
UNUSUAL_SLUG: Final = _warning("unusual-slug")
URI_IMPLAUSIBLE: Final = _warning("uri-implausible")
URI_SCRIPT: Final = _error("uri-script")
VARIABLE_MALFORMED: Final = _warning("variable-malformed")
WRONG_TYPE: Final = _error("wrong-type")
WRONG_VALUE: Final = _error("wrong-value")
YAML_AMBIGUOUS: Final = _warning("yaml-ambiguous")
YAML_TAG: Final = _warning("yaml-tag")
UNKNOWN_FLOW: Final = _warning(targeting.UNKNOWN_FLOW.code)
"""Offline only a warning: the flow may exist without a file. Where the live flows are known it is an error."""
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
    """What a value is, for the end of a sentence: "the text 'yes'", "a list", "nothing (null)"."""
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
    """The value at `path`, as people would call it: "`title`", "item 2 of `steps`", "the file"."""
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
    "iconUri": "icon",
    "id": "name",
    "imageUri": "image img",
    "label": "question",
    "maxLength": "maximumlength",
    "primaryButton": "button cta",
    "selector": "element",
    "subtitle": "body content description text",
    "targetingLogic": "targeting",
    "title": "heading headline",
    "uri": "href link url",
    "value": "regex",
    "videoUri": "video",
}
"""What other tools call a key, without regard to case and separators."""


def meant(word: str, known: Collection[str]) -> str | None:
    """The one of `known` that is close to `word`, or that other tools call by it; None when there is none."""
    others = (key for key, words in _OTHER_WORDS.items() if key in known and folded(word) in words.split())
    return closest(word, known) or next(others, None)


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """The hint for an unknown word, where one of `known` is near."""
    match = meant(word, known)
    return None if match is None else f"Did you mean `{match}`?"
