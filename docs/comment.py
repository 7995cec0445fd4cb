"""Make docs/comment.png: the comment as GitHub shows it, from what `flowsync ci plan` really writes.

`python docs/comment.py` needs the extra `test` and chromium on the PATH. The flows are those of this repository, live
on the tests' Frigade, with edits of a pull request and of somebody in the dashboard; a real Markdown parser makes the
page, with GitHub's look drawn after. The picture keeps the digest of the Markdown that it shows: `--check`, which needs
no chromium, fails where a run now writes anything else. `--phone FILE` also draws it 390 pixels wide, to be looked at.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Final

import yaml
from markdown_it import MarkdownIt

DOCS: Final = Path(__file__).parent
ROOT: Final = DOCS.parent
sys.path.insert(0, str(ROOT))

from tests.support.fake_frigade import PRIVATE_KEY, FakeConfig, fake_frigade, row  # noqa: E402 - after the path to it

PICTURE: Final = DOCS / "comment.png"
LARGEST: Final = 300_000
"""Bytes that the picture may have."""
SIZE: Final = "900,1165"
PHONE: Final = "390,2600"
END: Final = b"\0\0\0\0IEND"
"""How the last chunk of a PNG begins."""
REFUSED: Final = 4
"""The code of a run whose plan apply would refuse."""
PULL_REQUEST: Final = {
    "flow_goals_launch": [("title: 'New: savings goals'", "title: 'New: shared savings goals'")],
    "flow_nps": [("user.daysSinceNow('joinedAt') >= 30", "user.daysSinceNow('joinedAt') >= 14")],
    "flow_invite_team": [("active: true", "active: false")],
    "flow_reports_tour": [
        (
            "    - id: share\n",
            (
                "    - id: export\n      selector: '[data-tour=\"reports-export\"]'\n      title: Export any table\n"
                "      primaryButton: {title: Next}\n\n    - id: share\n"
            ),
        ),
        ("title: 'Done, thanks!'", "title: Start exploring"),
    ],
}
"""What the pull request changes in which file."""
DASHBOARD: Final = {
    "flow_goals_launch": ("New: savings goals", "Savings goals are here"),
    "flow_setup": ("Connect a bank account", "Connect your bank"),
}
"""What somebody changed in the dashboard."""
ALERTS: Final = {
    "NOTE": ("#0969da", "M8 1a7 7 0 1 0 .01 0ZM8 7v5M8 4v1"),
    "WARNING": ("#9a6700", "M8 1.5 15 14H1ZM8 6v4M8 11.5v1"),
    "CAUTION": ("#cf222e", "M5 1h6l4 4v6l-4 4H5l-4-4V5ZM8 4v5M8 11v1"),
}
"""Each alert's colour and icon."""
LINES: Final = {"+": "#dafbe1", "-": "#ffebe9", "@": "#ddf4ff"}
STYLE: Final = """
* { box-sizing: border-box; }
body { margin: 16px; background: #fff; color: #1f2328; overflow-wrap: break-word;
  font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", Helvetica, Arial, sans-serif; }
.box { border: 1px solid #d1d9e0; border-radius: 6px; }
.author { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0; padding: 8px 16px;
  color: #59636e; }
.author b { color: #1f2328; } .body { padding: 16px; }
h3 { font-size: 1.25em; line-height: 1.25; margin: 0 0 16px; } p { margin: 0 0 16px; }
.body > p:last-child { margin: 0; }
code { background: #818b981f; border-radius: 6px; padding: .2em .4em; white-space: break-spaces;
  font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 85%; }
h3 code { font-size: 100%; }
pre { background: #f6f8fa; border-radius: 6px; padding: 16px; margin: 0 0 16px; overflow: auto; }
pre code { background: none; padding: 0; font-size: 12px; white-space: pre; }
pre span { display: block; margin: 0 -16px; padding: 0 16px; }
sub { font-size: 75%; line-height: 0; position: relative; vertical-align: baseline; bottom: -.25em; }
table { border-collapse: collapse; margin: 0 0 16px; display: block; width: max-content; max-width: 100%;
  overflow: auto; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; text-align: left; vertical-align: middle; }
tr:nth-child(2n) { background: #f6f8fa; }
blockquote { margin: 0 0 16px; padding: 8px 16px; border-left: .25em solid; } blockquote p { margin: 0 0 12px; }
blockquote > :last-child { margin-bottom: 0; }
ul { margin: 0 0 16px; padding-left: 2em; } li + li { margin-top: .25em; }
.kind { font-weight: 500; }
.kind svg { fill: none; stroke: currentColor; stroke-width: 1.5; margin-right: 8px; vertical-align: -2px; }
details { margin: 0 0 16px; } summary { cursor: pointer; } a { color: #0969da; }
"""


def main() -> int:
    """Write the picture, or check the one there is; fail when it is of something else or has grown too large."""
    with tempfile.TemporaryDirectory() as folder:
        markdown = comment(Path(folder))
        if sys.argv[1:] != ["--check"]:
            page = Path(folder) / "comment.html"
            page.write_text(page_of(markdown), encoding="utf-8")
            draw(page, PICTURE, SIZE)
            PICTURE.write_bytes(PICTURE.read_bytes().replace(END, kept(markdown) + END))
            if sys.argv[1:2] == ["--phone"]:
                draw(page, Path(sys.argv[2]), PHONE)
    picture = PICTURE.read_bytes()
    if kept(markdown) not in picture:
        sys.stdout.write(f"{PICTURE.relative_to(ROOT)} shows another comment than a run writes now\n")
        return 1
    return int(len(picture) > LARGEST)


def draw(page: Path, picture: Path, size: str) -> None:
    """Make the picture of a page."""
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size}",
         f"--screenshot={picture}", page.as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip


def kept(markdown: str) -> bytes:
    """The chunk of a PNG that says what the picture is of."""
    chunk = b"tEXtComment\0sha256:" + hashlib.sha256(markdown.encode()).hexdigest().encode()
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))


def comment(folder: Path) -> str:
    """The Markdown that a run for a pull request writes."""
    checkout = folder / "checkout"
    (checkout / "flows").mkdir(parents=True)
    (checkout / "flowsync.yaml").write_text("environments:\n  production: {}\n", encoding="utf-8")
    rows = []
    for number, file in enumerate(sorted((ROOT / "flows").glob("*.yaml")), start=1):
        text = file.read_text(encoding="utf-8").partition("\ntests:")[0] + "\n"
        (checkout / "flows" / file.name).write_text(text, encoding="utf-8")
        live = yaml.safe_load(text.replace(*DASHBOARD.get(file.stem, ("", ""))))
        fields = {key: live[key] for key in ("name", "type", "description", "active", "targetingLogic", "data")}
        rows.append(row(number, file.stem, **fields))
    base = commit(checkout, "init", "--quiet", "--initial-branch=main")
    for slug, edits in PULL_REQUEST.items():
        path = checkout / "flows" / f"{slug}.yaml"
        for old, new in edits:
            path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    head = commit(checkout, "switch", "--quiet", "--create", "topic")
    with fake_frigade(FakeConfig(), rows) as server:
        run(folder, checkout, base, head, server.url)
        written = (folder / "summary.md").read_text(encoding="utf-8")
        # The address, and with it the plan's digest, is another one each time.
        return re.sub(
            r"sha256:[0-9a-f]{12}", "sha256:1f5a0c7be2d4", written.replace(server.url, "https://api.frigade.com")
        )


def commit(checkout: Path, *first: str) -> str:
    """Run a git command, commit all there is, at the same time as always, and return the commit's hash."""
    who = ["-c", "user.name=acorn", "-c", "user.email=acorn@acorn.example", "-c", "commit.gpgsign=false"]
    date = {"GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}
    for command in (first, ("add", "--all"), ("commit", "--quiet", "--message=Flows")):
        subprocess.run(
            ["git", *who, *command], cwd=checkout, env={**os.environ, **date}, check=True, capture_output=True
        )
    return subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=checkout, text=True).strip()


def run(folder: Path, checkout: Path, base: str, head: str, url: str) -> None:
    """Run `flowsync ci plan` as in a pull request."""
    side = {"repo": {"full_name": "acorn/flows"}}
    event = {
        "pull_request": {"number": 12, "head": {"sha": head, **side}, "base": {"sha": base, "ref": "main", **side}}
    }
    (folder / "event.json").write_text(json.dumps(event), encoding="utf-8")
    environment = {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_REPOSITORY": "acorn/flows",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": head,
        "GITHUB_RUN_ID": "4711",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "RUNNER_TEMP": str(folder),
        "FRIGADE_API_KEY": PRIVATE_KEY,
        "FRIGADE_API_URL": url,
    }
    command = [sys.executable, "-m", "flowsync", "-e", "production", "ci", "plan"]
    done = subprocess.run(
        command, cwd=checkout, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode != REFUSED:
        raise SystemExit(done.stdout + done.stderr)


def page_of(markdown: str) -> str:
    """The comment as a page: parsed, with alerts and diffs in GitHub's colours."""
    body = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(markdown)
    body = re.sub(r"<blockquote>\n<p>\[!(\w+)\]\n", lambda found: alert(found[1]), body)
    body = re.sub(r'(<code class="language-diff">)(.*?)(</code>)', coloured, body, flags=re.DOTALL)
    author = '<div class="author"><b>github-actions</b> commented · edited</div>'
    box = f'<div class="box">{author}<div class="body">{body}</div></div>'
    head = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return f"{head}<style>{STYLE}</style>{box}"


def alert(kind: str) -> str:
    """The beginning of one of GitHub's alerts."""
    colour, icon = ALERTS[kind]
    drawn = f'<svg width="16" height="16" viewBox="0 0 16 16"><path d="{icon}"/></svg>'
    title = f'<p class="kind" style="color:{colour}">{drawn}{html.escape(kind.capitalize())}</p>'
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
