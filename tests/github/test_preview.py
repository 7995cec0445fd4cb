"""The input `preview`: which flows a pull request makes look different, and pictures of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.github.support import Workplace, flow
from tests.support.command import commit
from tests.support.components import require_browser, require_script

HOSTILE = "</title><script>alert(1)</script>[x](javascript:x) @everyone"


def test_the_comment_names_the_flows_whose_look_changes_and_links_their_pictures(
    place: Workplace, tmp_path: Path
) -> None:
    require_script()
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nenv > {tmp_path}/env\nexec {require_browser()} "$@"\n')
    browser.chmod(0o755)
    place.write(flow_c=flow("Gamma"))
    base = commit(place.root)
    place.write(
        flow_a=flow("Alpha", f"'{HOSTILE}'"),
        flow_b=flow("Beta") + "targetingLogic: user.property('plan') == 'pro'\n",
        flow_c=flow("Gamma") + "      completionCriteria: user.property('done') == true\n",
        flow_n=f"type: CARD\n{flow('New')}",
    )
    commit(place.root)
    without = place.plan(base=base)
    assert "ook changed" not in place.comment()
    assert "preview-folder" not in without.outputs

    done = place.plan(base=base, FLOWSYNC_PREVIEW="true", CHROMIUM=str(browser))
    assert done.code == 0
    folder = Path(done.outputs["preview-folder"])
    assert {file.name for file in folder.iterdir()} == {"flow_a.png", "flow_a.before.png", "flow_n.png"}
    run = "https://github.example/acorn/flows/actions/runs/4712#artifacts"
    name = done.outputs["preview-artifact"]
    said = f"These flows look different: `flow_a`, `flow_n`. [Pictures]({run}) are in the artefact `{name}`."
    assert said in place.comment().splitlines()
    assert said in done.summary.splitlines()
    variables = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert not {each for each in variables if each.startswith(("FRIGADE_", "FLOWSYNC_", "GITHUB_"))}
    assert "PATH" in variables


def test_where_there_can_be_no_pictures_the_comment_says_why(place: Workplace, tmp_path: Path) -> None:
    base = commit(place.root)
    place.write(flow_a=flow("Alpha", "Good morning"))
    commit(place.root)
    git = shutil.which("git")
    assert git is not None
    (tmp_path / "git").symlink_to(git)
    done = place.plan(base=base, FLOWSYNC_PREVIEW="true", PATH=str(tmp_path))
    assert (done.code, "preview-folder" in done.outputs) == (0, False)
    why = "These flows look different: `flow_a`. Pictures are not available: Pictures need Chromium, and none of "
    assert why in place.comment()
    assert "::notice title=flowsync::No pictures could be taken: Pictures need Chromium" in done.log

    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    place.extra = {"npm_config_registry": "http://127.0.0.1:9", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert place.plan(base=base, FLOWSYNC_PREVIEW="true", PATH=str(tmp_path)).code == 0
    assert "it must be an https address" in place.comment()

    elsewhere = place.plan(base="7" * 40, FLOWSYNC_PREVIEW="true", PATH=os.environ["PATH"])
    assert elsewhere.code == 0
    assert "Pictures are not available: There is no " in place.comment()
    place.write(flow_a=flow("Alpha"))
    commit(place.root)
    place.plan(base=base, FLOWSYNC_PREVIEW="true", PATH=os.environ["PATH"])
    assert "ictures" not in place.comment()
