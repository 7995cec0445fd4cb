"""Make docs/gallery.md and its pictures: the example flows of this repository, as `flowsync preview --png` draws them.

`python docs/gallery.py` needs Chromium and, once, npm's registry. The page keeps the digest of the flow files that it
shows: `--check`, which needs neither, fails where a file has changed since, or a picture is not there.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parent
ROOT: Final = DOCS.parent
PAGE: Final = DOCS / "gallery.md"
FOLDER: Final = DOCS / "gallery"
LARGEST: Final = 300_000
"""Bytes that all pictures may have together."""
SHOWN: Final = {
    "flow_setup": "A checklist",
    "flow_goals_launch": "An announcement",
    "flow_reports_tour": "A tour, which points at elements of your app",
    "flow_profile": "A form",
    "flow_nps": "A survey",
    "flow_invite_team": "A card",
    "flow_bank_incident": "A banner",
}
"""The flows of the page, with what they are."""
INTRODUCTION: Final = """\
# What the preview shows

Flows of [this repository](../flows) as `flowsync preview --png` draws them with Frigade's own components, for nobody
in particular. Variables without a value stay visible, and images from the web are shown as their address. The
[preview](preview.md) shows the same on a page where everything works.
"""


def main() -> int:
    """Write the page and its pictures, or check those there are; fail when they are of other files, or too large."""
    if sys.argv[1:] != ["--check"]:
        draw()
        PAGE.write_text(page(), encoding="utf-8")
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        sys.stdout.write(f"{PAGE.relative_to(ROOT)} shows other flows than there are now\n")
        return 1
    return int(sum(file.stat().st_size for file in FOLDER.iterdir()) > LARGEST)


def draw() -> None:
    """Take all pictures again."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    command = [sys.executable, "-m", "flowsync", "preview", "--yes", "--png", os.fspath(FOLDER), *SHOWN]
    subprocess.run(command, cwd=ROOT, check=True)
    for before in FOLDER.glob("*.before.png"):
        before.unlink()


def page() -> str:
    """The page, by the pictures that are there."""
    parts = [f"<!-- Made by docs/gallery.py. flows sha256:{digest()} -->\n", INTRODUCTION]
    for slug, what in SHOWN.items():
        files = sorted(FOLDER.glob(f"{slug}.*png"), key=lambda file: file.name)
        pictures = [f"![{what}: {slug}](gallery/{file.name})" for file in files]
        parts += [f"## {what}\n", f"[{slug}.yaml](../flows/{slug}.yaml)\n", *(f"{picture}\n" for picture in pictures)]
    return "\n".join(parts)


def digest() -> str:
    """What the pictures are of: the flow files without their comments and tests."""
    texts = [(ROOT / f"flows/{slug}.yaml").read_text(encoding="utf-8").partition("\ntests:")[0] for slug in SHOWN]
    shown = re.sub(r"^ *#.*\n", "", "\0".join(texts), flags=re.MULTILINE)
    return hashlib.sha256(shown.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
