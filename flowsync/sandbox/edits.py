"""How a text may have read before somebody improved it, or after somebody edited it in the dashboard.

Made from the text's own words, so that a difference reads like one that people make.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import document
from flowsync.errors import FlowsyncError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.model import FieldName, JsonValue

_PHRASES: Final = (
    ("Get started", "Begin"),
    ("Let's go", "Start"),
    ("Take the tour", "Start the tour"),
    ("Show me around", "Look around"),
    ("Show me", "See"),
    ("Learn more", "Read more"),
    ("Got it", "OK"),
    ("Welcome to", "Hello from"),
    ("What's new", "New"),
    ("Set up", "Configure"),
    ("Not now", "Skip"),
    ("Invite", "Add"),
    ("Create", "Make"),
    ("Connect", "Link"),
    ("Choose", "Pick"),
    ("Try", "Explore"),
    ("teammates", "coworkers"),
    ("Next", "Continue"),
    ("Done", "Finish"),
    ("your", "the"),
)
"""Wordings of today, and what they may have been before."""

_SENTENCES: Final = (
    "It only takes a minute.",
    "You can change this later in settings.",
    "Questions? Write to us any time.",
)
_LONGEST: Final = 2_000
"""Characters; the most that an expression may have [doc]."""

_VARIABLE: Final = re.compile(r",\s*\$\{[^}]*\}|\s\$\{[^}]*\}$")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
_LAST_CLAUSE: Final = re.compile(r"(?s)(\S+\s+\S.*)\s+(?:and|at|for|from|in|with|without)\s+\S.*")
_TAG_OPENED: Final = re.compile(r"<(?:b|i|u|a|p|div|span|strong)\b")
_CONJUNCTION: Final = re.compile(r"\s+(?:&&|AND)\s+")


def earlier_wording(text: str) -> str:
    """`text` as it may have read before; the same where there is nothing to take away or to reword."""
    body = text.rstrip()
    if len(body) > _LONGEST:
        return text
    candidates = (_without_variable(body), _first_sentence(body), _in_other_words(body), _without_last_clause(body))
    earlier = next((earlier for earlier in candidates if earlier not in {body, ""}), body)
    return earlier + text[len(body) :]


def other_wording(text: str) -> str:
    """`text` as somebody in a hurry may have put it instead: what a button says, say."""
    reworded = _in_other_words(text)
    return f"{text} now" if reworded == text else reworded


def ended_otherwise(text: str) -> str:
    """`text` without the full stop at its end, or with one: what can be changed in any text."""
    shorter = text.rstrip(" .!?")
    return shorter if shorter not in {text, ""} else f"{text}."


def with_another_sentence(text: str, number: int) -> str:
    """`text` with a sentence after it; `number` picks which."""
    body = text.rstrip()
    separator = " " if body.endswith((".", "!", "?")) else ". "
    return body + separator + _SENTENCES[number % len(_SENTENCES)] + text[len(body) :]


def earlier_targeting(expression: str) -> str:
    """The expression without its last `&&` term; empty, for everyone, where it has but one term or is too long."""
    if len(expression) > _LONGEST:
        return ""
    cuts = [match.start() for match in _CONJUNCTION.finditer(expression)]
    prefixes = (expression[:cut] for cut in reversed(cuts))
    return next((prefix for prefix in prefixes if _stands_alone(prefix)), "")


def name_of(slug: str) -> str:
    """A name for people: `flow_welcome_tour` is `Welcome tour`."""
    words = re.sub(r"[_\-]+", " ", slug.removeprefix("flow_")).strip()
    return words[:1].upper() + words[1:] or slug


def _without_variable(text: str) -> str:
    shorter = _VARIABLE.sub("", text).strip()
    return shorter if re.search(r"\w", shorter) else text


def _first_sentence(text: str) -> str:
    first = _SENTENCE_END.split(text.strip(), maxsplit=1)[0]
    return first if _closes_its_tags(first) else text


def _closes_its_tags(text: str) -> bool:
    return len(_TAG_OPENED.findall(text)) == text.count("</")


def _in_other_words(text: str) -> str:
    for today, before in _PHRASES:
        reworded = re.sub(rf"\b{re.escape(today)}\b", before, text, count=1)
        if reworded != text:
            return reworded
    return text


def _without_last_clause(text: str) -> str:
    match = None if "<" in text or "${" in text else _LAST_CLAUSE.fullmatch(text)
    return match[1] if match else text


def _stands_alone(expression: str) -> bool:
    """Whether a prefix was cut outside of strings and parentheses."""
    quotes = expression.count("'") % 2 == 0 and expression.count('"') % 2 == 0
    return quotes and expression.count("(") == expression.count(")")


Step: TypeAlias = "dict[str, JsonValue]"


@dataclass(frozen=True, slots=True)
class Content:
    """The stated fields of a flow; `data` is the parsed value, None where there is none to edit."""

    fields: Mapping[FieldName, JsonValue]
    data: JsonValue


Edit: TypeAlias = Callable[[Content], Content]


def content_of(fields: Mapping[FieldName, JsonValue]) -> Content:
    """The content of a flow whose `data` is text; text that cannot be read is not edited."""
    text = fields.get("data")
    return Content(fields, _parsed(text) if isinstance(text, str) else None)


def apply_edits(content: Content, edits: Sequence[Edit], *, start: int, count: int) -> Content:
    """`content` after `count` of `edits`, from the one at `start` on and around, that change it.

    Where none of them does, whatever there is to change is changed in one place.
    """
    first = start % len(edits)
    edited = _apply(content, (*edits[first:], *edits[:first]), count)
    return _apply(content, _ANYTHING, 1) if edited == content else edited


def _apply(content: Content, edits: Sequence[Edit], count: int) -> Content:
    for edit in edits:
        edited = edit(content)
        count -= edited != content
        content = edited
        if count == 0:
            break
    return content


def fields_of(content: Content, original: Content) -> Mapping[FieldName, JsonValue]:
    """The fields with `data` as text: as it was, comments and all, where no edit touched it."""
    if content.data == original.data:
        return content.fields
    return {**content.fields, "data": document.dump(content.data)}


def _parsed(text: str) -> JsonValue:
    try:
        return document.parse_data(text).value
    except FlowsyncError:
        return None


def _steps(content: Content) -> list[Step]:
    """The steps, when every one of them is a mapping."""
    steps = content.data.get("steps") if isinstance(content.data, dict) else None
    if not isinstance(steps, list):
        return []
    mappings = [step for step in steps if isinstance(step, dict)]
    return mappings if len(mappings) == len(steps) else []


def _with_steps(content: Content, steps: Sequence[Step]) -> Content:
    root = content.data if isinstance(content.data, dict) else {}
    return replace(content, data={**root, "steps": [*steps]})


def _with_field(content: Content, name: FieldName, reword: Callable[[str], str]) -> Content:
    text = content.fields.get(name)
    if not isinstance(text, str) or not text.strip():
        return content
    return replace(content, fields={**content.fields, name: reword(text)})


def _with_step_text(content: Content, key: str, reword: Callable[[str], str]) -> Content:
    """Reword that text of the first step where that changes it."""
    steps = _steps(content)
    for index, step in enumerate(steps):
        text = step.get(key)
        if isinstance(text, str) and text.strip() and (reworded := reword(text)) != text:
            return _with_steps(content, [*steps[:index], {**step, key: reworded}, *steps[index + 1 :]])
    return content


def _with_heading(content: Content, key: str, reword: Callable[[str], str]) -> Content:
    """Reword that text of the flow itself, outside of its steps."""
    root = content.data if isinstance(content.data, dict) else {}
    text = root.get(key)
    if not isinstance(text, str) or not text.strip():
        return content
    return replace(content, data={**root, key: reword(text)})


def older_name(content: Content) -> Content:
    """The name as it was before."""
    return _with_field(content, "name", earlier_wording)


def older_description(content: Content) -> Content:
    """The description as it was before."""
    return _with_field(content, "description", earlier_wording)


def older_targeting(content: Content) -> Content:
    """Targeting before its last condition was added."""
    return _with_field(content, "targetingLogic", earlier_targeting)


def older_step_title(content: Content) -> Content:
    """A step's title as it was before."""
    return _with_step_text(content, "title", earlier_wording)


def older_step_subtitle(content: Content) -> Content:
    """A step's subtitle as it was before."""
    return _with_step_text(content, "subtitle", earlier_wording)


def without_last_step(content: Content) -> Content:
    """Before the last step was added; a flow keeps at least one."""
    steps = _steps(content)
    return _with_steps(content, steps[:-1]) if len(steps) > 1 else content


def any_text_ended_otherwise(content: Content) -> Content:
    """The first text there is, ending with a full stop or without."""
    reword = ended_otherwise
    candidates = (
        *(_with_step_text(content, key, reword) for key in ("title", "subtitle")),
        *(_with_heading(content, key, reword) for key in ("title", "subtitle")),
        *(_with_field(content, name, reword) for name in _TEXT_FIELDS),
    )
    return next((edited for edited in candidates if edited != content), content)


def switched_over(content: Content) -> Content:
    """The switch the other way: what is left where a flow states no text."""
    active = content.fields.get("active")
    return replace(content, fields={**content.fields, "active": not active}) if isinstance(active, bool) else content


def reworded_button(content: Content) -> Content:
    """Another title on the first primary button that has one."""
    steps = _steps(content)
    for index, step in enumerate(steps):
        button = step.get("primaryButton")
        title = button.get("title") if isinstance(button, dict) else None
        if isinstance(button, dict) and isinstance(title, str) and title.strip():
            edited = {**step, "primaryButton": {**button, "title": other_wording(title)}}
            return _with_steps(content, [*steps[:index], edited, *steps[index + 1 :]])
    return content


def longer_subtitle(content: Content) -> Content:
    """One more sentence in a step's subtitle."""
    return _with_step_text(content, "subtitle", lambda text: with_another_sentence(text, len(text)))


def reordered_steps(content: Content) -> Content:
    """The last two of three or more steps in the other order."""
    steps = _steps(content)
    return _with_steps(content, [*steps[:-2], steps[-1], steps[-2]]) if len(steps) > 2 else content  # noqa: PLR2004


_TEXT_FIELDS: Final[tuple[FieldName, ...]] = ("name", "description")

_ANYTHING: Final = (older_targeting, older_description, any_text_ended_otherwise, switched_over)
"""Tried last: one of them finds something in nearly every flow."""

OLDER: Final = (older_step_title, older_targeting, without_last_step, older_name, older_step_subtitle)
"""What the files have changed since: a pull request's worth."""

DASHBOARD: Final = (reordered_steps, longer_subtitle, reworded_button)
"""What somebody changes by hand in the dashboard."""

DRAFT: Final = (older_step_subtitle, reworded_button, older_step_title)
"""What somebody begins in a draft."""
