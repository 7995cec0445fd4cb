"""The docs say what the code does: generated parts are current, commands run, links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from flowsync.cli.app import COMMANDS
from flowsync.github.inputs import ACTION_INPUTS
from flowsync.validate import schema_text
from tests.support.command import execute, flowsync, start
from tests.support.fake_frigade import PRIVATE_KEY, fake_frigade, row

ROOT = Path(__file__).parent.parent
OFFLINE = {"explain", "fmt", "graph", "init", "new", "sandbox", "schema", "test", "validate"}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("script", ["docs/generate.py", "docs/comment.py", "docs/gallery.py"])
def test_generated_parts_and_pictures_are_what_the_code_says(script: str) -> None:
    done = execute([sys.executable, script, "--check"], ROOT)
    assert done.out == "", f"run python {script}"
    assert done.code == 0, done.err


@pytest.mark.parametrize("name", ["plan-light", "plan-dark", "cast"])
def test_the_picture_of_a_terminal_fetches_nothing(name: str) -> None:
    svg = (ROOT / f"docs/{name}.svg").read_text("utf-8")
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert re.findall(r"url\((?!#)|@import|@font-face|<(?:image|script|use)\b", svg) == []


def links(page: Path) -> Iterator[str]:
    return (link for link in re.findall(r"\]\(([^)]+)\)", page.read_text()) if not link.startswith("http"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not (page.parent / link.partition("#")[0]).exists()] == []


def headings(page: Path) -> set[str]:
    """The names that GitHub gives the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_section_names_one_that_there_is(page: Path) -> None:
    parts = (link.partition("#") for link in links(page) if "#" in link)
    targets = [(page.parent / file if file else page, anchor) for file, _, anchor in parts]
    assert [(file.name, anchor) for file, anchor in targets if anchor not in headings(file)] == []


@pytest.mark.parametrize("page", [ROOT / ".github" / "CONTRIBUTING.md", *PAGES], ids=lambda page: page.name)
def test_every_source_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.(?:py|json))?)`", page.read_text())
    ours = [
        name
        for name in named
        if name.split("/")[0] in {path.name for path in (ROOT / "flowsync").iterdir()} | {"tests", "flowsync"}
    ]
    assert [name for name in ours if not ((ROOT / name).exists() or (ROOT / "flowsync" / name).exists())] == []


def test_every_command_is_in_the_reference() -> None:
    reference = (ROOT / "docs/commands.md").read_text()
    assert [name for name in COMMANDS if f"## flowsync {name}\n" not in reference] == []


def test_the_manual_page_has_every_command_and_is_what_readers_of_roff_take() -> None:
    page = ROOT / "docs/flowsync.1"
    text = page.read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"\n.SS flowsync {name} " not in text] == []
    for checker in (["groff", "-man", "-Tutf8", "-ww", "-z"], ["mandoc", "-T", "lint", "-W", "error"]):
        if shutil.which(checker[0]):
            done = execute([*checker, page])
            assert (done.code, done.both) == (0, "")


def shell_commands(page: Path) -> Iterator[list[str]]:
    """The flowsync command lines in the page's shell blocks that need no key."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line.partition(" > ")[0], comments=True)
            if words[:1] == ["flowsync"] and ("--sandbox" in words or words[1] in OFFLINE):
                yield words[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run_in_order(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    codes = {" ".join(words): flowsync(*words, root=tmp_path).code for words in shell_commands(page)}
    assert set(codes.values()) <= {0}, codes


def test_the_quick_start_of_the_readme_works(tmp_path: Path) -> None:
    (account := tmp_path / "account").mkdir()
    shutil.copytree(ROOT / "flows", account / "flows")
    (mine := tmp_path / "mine").mkdir()
    (bin_ := tmp_path / "bin").mkdir()
    (bin_ / "flowsync").write_text(f'#!/bin/sh\nexec {sys.executable} -m flowsync "$@"\n')
    (bin_ / "flowsync").chmod(0o755)
    (block,) = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    script = block.replace("api_private_…", "api_private_sandbox").replace("rollback ", "rollback latest ")
    server = start("sandbox", "serve", root=account)
    url = server.stdout.readline().strip().partition("=")[2]
    git = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    git["GIT_CONFIG_GLOBAL"] = git["GIT_CONFIG_SYSTEM"] = "/dev/null"
    env = {**git, "FRIGADE_API_URL": url, "PATH": f"{bin_}:{os.environ['PATH']}"}
    try:
        done = execute(["bash", "-euo", "pipefail", "-c", script], mine, env)
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate()
    assert done.code == 0, done.both
    assert "1 to create" in done.out
    assert "switched off" in done.out
    assert len(list((mine / "flows").glob("*.yaml"))) > 10


def test_the_flow_file_of_the_readme_is_valid(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert example is not None
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "flow_welcome.yaml").write_text(example[1])
    assert flowsync("validate", "--strict", root=tmp_path).code == 0


def test_the_targeting_tests_of_the_docs_pass(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/targeting.md").read_text(), re.DOTALL)
    assert example is not None
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    (tmp_path / "flows" / "flow_upgrade.yaml").write_text(example[1])
    assert flowsync("validate", root=tmp_path).code == 0
    assert "2 passed" in flowsync("test", "flow_upgrade", root=tmp_path).out


def test_the_configuration_of_the_docs_is_valid(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/configuration.md").read_text(), re.DOTALL)
    assert example is not None
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    (tmp_path / "flowsync.yaml").write_text(example[1])
    assert flowsync("validate", "-e", "production", root=tmp_path).code == 0


def test_ci_finds_both_commands_of_the_readme() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/flowsync plan --sandbox" in lines
    assert "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest" in lines


def test_the_schema_that_editors_find_is_the_one_that_validate_uses() -> None:
    assert (ROOT / ".flowsync" / "flow.schema.json").read_text(encoding="utf-8") == schema_text("flow")


@pytest.mark.parametrize("title", ["One key", "Two keys", "Staging by overlay"])
def test_each_way_to_set_up_environments_works_as_it_is_written(title: str, tmp_path: Path) -> None:
    section = (ROOT / "docs/environments.md").read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    files = dict(re.findall(r"```yaml\n# (flow\S+)\n(.*?)```", section, re.DOTALL))
    (tmp_path / "flows").mkdir()
    for name, text in {"flows/flow_welcome.yaml": "name: New name\n", **files}.items():
        (tmp_path / name).write_text(text)
    settings = yaml.safe_load(files["flowsync.yaml"])
    accounts = [*settings.get("environments", {"": settings}).values()]
    variables = [each.get("api_key_variable", "FRIGADE_API_KEY") for each in accounts]
    with ExitStack() as stack:
        for account in accounts:
            found = {"organizationId": account["organization"]}
            rows = [row(1, "flow_welcome", **found), row(2, "flow_whats_new", **found)]
            account["api_url"] = stack.enter_context(fake_frigade(rows=rows)).url
        (tmp_path / "flowsync.yaml").write_text(yaml.safe_dump(settings))
        for words in documented(section):
            done = flowsync(*words, root=tmp_path, env=dict.fromkeys(variables, PRIVATE_KEY))
            assert done.code == 0, (words, done.both)
    steps = [yaml.safe_load(each) for each in re.findall(r"```yaml\n(# .github/.*?)```", section, re.DOTALL)]
    assert {name for block in steps for step in block for name in step["with"]} <= {each.name for each in ACTION_INPUTS}


def documented(text: str) -> Iterator[list[str]]:
    """Every flowsync command line of the shell blocks."""
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        lines = (shlex.split(line, comments=True) for line in block.splitlines())
        yield from (words[1:] for words in lines if words[:1] == ["flowsync"])
