"""Make docs/comment.png: the comment as GitHub shows it, from what `flowsync ci plan` really writes.

`python docs/comment.py` needs the extra `test` and chromium on the PATH. The flows are those of this repository, on the
emulator; a real Markdown parser makes the page, with GitHub's look drawn after. The picture keeps the digest of the
Markdown that it shows: `--check`, which needs no chromium, fails where a run now writes anything else.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

DOCS: Final = Path(__file__).parent
ROOT: Final = DOCS.parent
PICTURE: Final = DOCS / "comment.png"
LARGEST: Final = 300_000
"""Bytes that the picture may have."""
SIZE: Final = "900,1020"
END: Final = b"\0\0\0\0IEND"
"""How the last chunk of a PNG begins."""
HEAD: Final = "3f2a9c1" + "0" * 33
ALERTS: Final = {"NOTE": "#0969da", "WARNING": "#9a6700", "CAUTION": "#cf222e"}
LINES: Final = {"+": "#dafbe1", "-": "#ffebe9", "@": "#ddf4ff"}
STYLE: Final = """
body { margin: 20px; background: #fff; color: #1f2328; font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans",
  "DejaVu Sans", Helvetica, Arial, sans-serif; }
.box { border: 1px solid #d1d9e0; border-radius: 6px; }
.author { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0; padding: 8px 16px;
  color: #59636e; }
.author b { color: #1f2328; } .body { padding: 4px 16px 12px; }
h3 { font-size: 17px; margin: 14px 0 12px; }
code { background: #818b981f; border-radius: 6px; padding: .2em .4em;
  font: 85% ui-monospace, "DejaVu Sans Mono", monospace; }
pre { background: #f6f8fa; border-radius: 6px; padding: 12px; margin: 0 0 12px; overflow: hidden; }
pre code { background: none; padding: 0; font-size: 12px; }
pre span { display: block; margin: 0 -12px; padding: 0 12px; }
table { border-collapse: collapse; margin: 0 0 14px; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; text-align: left; }
tr:nth-child(2n) { background: #f6f8fa; }
blockquote { margin: 0 0 14px; padding: 4px 14px; border-left: 4px solid; } blockquote p { margin: 4px 0; }
blockquote ul { margin: 4px 0; padding-left: 22px; } .kind { font-weight: 600; }
details { margin: 8px 0; } summary { cursor: pointer; } a { color: #0969da; }
"""


def main() -> int:
    """Write the picture, or check the one there is; fail when it is of something else or has grown too large."""
    with tempfile.TemporaryDirectory() as folder:
        markdown = comment(Path(folder))
        if sys.argv[1:] != ["--check"]:
            draw(page_of(markdown), Path(folder) / "comment.html")
            PICTURE.write_bytes(PICTURE.read_bytes().replace(END, kept(markdown) + END))
    picture = PICTURE.read_bytes()
    if kept(markdown) not in picture:
        sys.stdout.write(f"{PICTURE.relative_to(ROOT)} shows another comment than a run writes now\n")
        return 1
    return int(len(picture) > LARGEST)


def draw(text: str, page: Path) -> None:
    """Make the picture of a page."""
    page.write_text(text, encoding="utf-8")
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={SIZE}",
         f"--screenshot={PICTURE}", page.as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip


def kept(markdown: str) -> bytes:
    """The chunk of a PNG that says what the picture is of."""
    chunk = b"tEXtComment\0sha256:" + hashlib.sha256(markdown.encode()).hexdigest().encode()
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))


def comment(folder: Path) -> str:
    """The Markdown that a run for a pull request writes."""
    checkout = folder / "checkout"
    shutil.copytree(ROOT / "flows", checkout / "flows")
    (checkout / "flowsync.yaml").write_text("environments:\n  production: {}\n", encoding="utf-8")
    side = {"sha": HEAD, "repo": {"full_name": "acorn/flows"}}
    event = {"pull_request": {"number": 5, "head": side, "base": side}}
    (folder / "event.json").write_text(json.dumps(event), encoding="utf-8")
    environment = {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_REPOSITORY": "acorn/flows",
        "GITHUB_SHA": HEAD,
        "FLOWSYNC_COMMENT": "off",
        "GITHUB_RUN_ID": "4711",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "RUNNER_TEMP": str(folder),
    }
    command = [sys.executable, "-m", "flowsync", "-e", "production", "ci", "plan", "--sandbox"]
    subprocess.run(command, cwd=checkout, env={**os.environ, **environment}, check=True, capture_output=True)
    return (folder / "summary.md").read_text(encoding="utf-8")


def page_of(markdown: str) -> str:
    """The comment as a page: parsed, with alerts and diffs in GitHub's colours and the first flow unfolded."""
    body = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(markdown)
    body = re.sub(r"<blockquote>\n<p>\[!(\w+)\]\n", lambda found: alert(found[1]), body)
    body = re.sub(r'(<code class="language-diff">)(.*?)(</code>)', coloured, body, flags=re.DOTALL)
    body = body.replace("<details>", "<details open>", 1)
    author = '<div class="author"><b>github-actions</b> commented · edited</div>'
    box = f'<div class="box">{author}<div class="body">{body}</div></div>'
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>{box}'


def alert(kind: str) -> str:
    """The beginning of one of GitHub's alerts."""
    colour = ALERTS[kind]
    title = f'<p class="kind" style="color:{colour}">{html.escape(kind.capitalize())}</p>'
    return f'<blockquote style="border-color:{colour}">{title}<p>'


def coloured(found: re.Match[str]) -> str:
    """A diff with a ground for each line that came or went."""
    lines = "".join(map(grounded, found[2].rstrip("\n").split("\n")))
    return f"{found[1]}{lines}{found[3]}"


def grounded(line: str) -> str:
    """One line of a diff on its ground."""
    ground = LINES.get(line[:1])
    style = f' style="background:{ground}"' if ground else ""
    return f"<span{style}>{line or ' '}</span>"


if __name__ == "__main__":
    sys.exit(main())
