"""Text that is out to break an output, and what must never be found in one."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

PIECES = (
    "\x1b[31m", "\x1b]8;;https://evil.example\x07", "\r", "\n", "\t", "\x00", "\x7f", "\x85", "\x9b",
    "\u202e", "\u2066", "\u200b", "\u200d", "\u2060", "\ufeff", "\u2028", "\u2029", "\u00a0", "\u3000", "\u00ad",
    "\ud800", "\udfff", "\U000e0041", "\u061c", "\u115f",
    "::error::", "::set-output name=x::y", "##[group]", "##vso[task.complete]",
    "`", "``", "```", "````", "~~~", "\n```\n", "|", "\\", "\\|", "<script>", "</details>", "</code>", "<!--", "-->",
    "<img src=x>", "&lt;", "&#64;", "*", "**", "_", "[x](https://evil.example)", "![x](https://evil.example/x.png)",
    "https://evil.example", "www.evil.example", "mail@evil.example", "@team", "#12", "GH-12", "org/repo#3", "deadbeef",
    "# ", "> ", "- ", "1. ", "---", "===", "[ref]: https://evil.example", "$x$", ":tada:", "'", '"', "(", ")",
    "__proto__", "constructor", "{", "}", "%0A", "😀", "❤️", "é", "日本", "a", "word", " ", "  ",
)  # fmt: skip

hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=6).map("".join)
"""Texts put together from what means something to a terminal, a CI log, Markdown or GitHub."""

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def unseen_characters(text: str) -> list[str]:
    """Those characters that cannot be seen, or that move others about; line feeds and spaces are fine."""
    return [character for character in text if character not in "\n " and _is_unseen(character)]


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or character.isspace()


def log_commands(text: str) -> list[str]:
    """Those lines that a CI runner would take for commands."""
    lines = text.split("\n")
    return [line for line in lines if line.lstrip().startswith("::") or "##[" in line or "##vso[" in line]
