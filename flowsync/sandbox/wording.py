"""How a text may have read before somebody improved it, or after somebody edited it in the dashboard.

Made from the text's own words, so that a difference reads like one that people make.
"""

from __future__ import annotations

import re
from typing import Final

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
