"""What real Markdown parsers make of a text, as plainly as tests need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]  # it has no stubs
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]  # as above
from markdown_it import MarkdownIt

TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
OURS = {"h3", "p", "ul", "li", "code", "pre", "details", "summary", "blockquote", "strong", "br", "sub"} | TABLE
"""The elements that our Markdown makes; `a` or `img`, say, are not among them."""


@dataclass
class Page:
    """The elements of a page and, in order, its text outside and inside of code."""

    tags: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    prose: str = ""
    code: list[str] = field(default_factory=list)
    preformatted: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.append(tag)
        self.page.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)
        if tag == "pre":
            self.page.preformatted.append("")
        if tag == "code":
            self.page.code.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.page.tags.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.page.tags.append(f"declaration {decl}")

    def handle_data(self, data: str) -> None:
        if "pre" in self.open:
            self.page.preformatted[-1] += data
        if "code" in self.open:
            self.page.code[-1] += data
        else:
            self.page.prose += data


def _read(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader.page


def pages(markdown: str) -> list[Page]:
    """What GitHub's own parser makes of a text, and what the one of the JavaScript world does."""
    github = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    common = MarkdownIt("gfm-like", {"linkify": False}).render(markdown)
    return [_read(github), _read(common)]
