"""action.yml: its contract with `flowsync ci`, and its steps run for real under bash."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from flowsync.github.inputs import ACTION_INPUTS, ACTION_OUTPUTS, TOKEN, read_inputs
from tests.actions.steps import ACTION, INSTALL, ROOT, RUN, UPLOAD, inputs, run, run_of_github
from tests.support import runner
from tests.support.command import CLEAN, commit
from tests.support.fake_github import TOKEN as GITHUB_TOKEN
from tests.support.fake_github import FakeRepo, fake_github, sha
from tests.support.programs import assert_passes


class Recorded(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]  # one use of it
        self.asked.add(key)
        return super().get(key, default)


def test_its_inputs_are_those_that_ci_knows() -> None:
    assert [(name, each["description"]) for name, each in ACTION["inputs"].items()] == [
        (each.name, each.description) for each in ACTION_INPUTS
    ]
    defaults = {each.name: each.default for each in ACTION_INPUTS} | {TOKEN.name: "${{ github.token }}"}
    assert {name: each["default"] for name, each in ACTION["inputs"].items()} == defaults


def test_each_input_reaches_ci_in_the_variable_that_ci_reads_and_in_no_other() -> None:
    assert RUN["env"] == {each.variable: f"${{{{ inputs.{each.name} }}}}" for each in ACTION_INPUTS}
    environ = Recorded()
    read_inputs(environ)
    assert environ.asked == set(RUN["env"])


def test_its_outputs_are_those_that_ci_sets() -> None:
    assert ACTION["outputs"] == {
        name: {"description": description, "value": f"${{{{ steps.flowsync.outputs.{name} }}}}"}
        for name, description in ACTION_OUTPUTS.items()
    }


def test_no_script_has_an_input_in_it() -> None:
    for step in (INSTALL, RUN):
        assert "uses" not in step
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
    assert "env" not in INSTALL  # no secret is there while packages are installed


def test_pictures_are_uploaded_where_they_were_asked_for_and_taken() -> None:
    """By the action that all workflows here pin, as a step that fails nothing and knows no secret."""
    pinned = re.findall(r"uses: (actions/upload-artifact@\S+)", (ROOT / ".github/workflows/plan.yml").read_text())
    assert [UPLOAD["uses"]] == pinned
    assert "inputs.preview == 'true'" in UPLOAD["if"]
    assert "steps.flowsync.outputs.preview-folder != ''" in UPLOAD["if"]
    assert UPLOAD["continue-on-error"] is True
    assert UPLOAD["with"]["path"] == ACTION["outputs"]["preview-folder"]["value"]
    assert UPLOAD["with"]["name"] == ACTION["outputs"]["preview-artifact"]["value"]
    assert "env" not in UPLOAD


def test_its_scripts_are_what_shellcheck_likes() -> None:
    for step in (INSTALL, RUN):
        assert_passes("shellcheck", "--shell=bash", "-", stdin=step["run"])


WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
BACKEND = f"""
import zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(directory + "/flowsync-1-py3-none-any.whl", "w") as wheel:
        wheel.write("flowsync/__init__.py")
        wheel.write("flowsync/__main__.py")
        wheel.writestr("flowsync-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: flowsync\\nVersion: 1\\n")
        wheel.writestr("flowsync-1.dist-info/WHEEL", {WHEEL!r})
        wheel.writestr("flowsync-1.dist-info/RECORD", "")
    return "flowsync-1-py3-none-any.whl"
"""
SHOWS_ITSELF = "import os, sys, dependency\nprint(sys.argv[1:], os.environ['FLOWSYNC_COMMAND'])\n"


@pytest.fixture(scope="module")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An action of the same layout, whose one dependency is at hand and locked by its hash."""
    top = tmp_path_factory.mktemp("action")
    for folder in ("flowsync", ".github", "wheels"):
        (top / folder).mkdir()
    (top / "flowsync" / "__init__.py").write_text("")
    (top / "flowsync" / "__main__.py").write_text(SHOWS_ITSELF)
    (top / "backend.py").write_text(BACKEND)
    (top / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    wheel = dependency(top / "wheels")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (top / ".github" / "requirements.txt").write_text(f"dependency==1 --hash=sha256:{digest}\n")
    return top


def dependency(folder: Path) -> Path:
    path = folder / "dependency-1-py3-none-any.whl"
    code = b"print('dependency')\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(code).digest()).rstrip(b"=").decode()
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("dependency.py", code)
        wheel.writestr("dependency-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: dependency\nVersion: 1\n")
        wheel.writestr("dependency-1.dist-info/WHEEL", WHEEL)
        wheel.writestr("dependency-1.dist-info/RECORD", f"dependency.py,sha256={digest},{len(code)}\n")
    return path


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pull request's checkout, full of modules that would like to be imported."""
    top = tmp_path_factory.mktemp("workspace")
    for name in ("pip", "venv", "ensurepip", "json", "flowsync", "dependency", "sitecustomize"):
        (top / f"{name}.py").write_text("open('imported', 'a').write(__name__)\n")
    return top


@pytest.fixture(scope="module")
def run_env(action: Path, workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    programs = tmp_path_factory.mktemp("programs")
    executable(programs / "python3", QUICK_PYTHON)
    yield {
        "PATH": f"{programs}:{CLEAN['PATH']}",
        "RUNNER_TEMP": str(tmp_path_factory.mktemp("runner")),
        "GITHUB_ACTION_PATH": f"{action}/./",
        "PYTHONPATH": str(workspace),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(action / "wheels"),
    }
    assert not (workspace / "imported").exists()


QUICK_PYTHON = f"""#!/bin/sh
case "$*" in
"-I -m venv --clear "*) exec {sys.executable} -I -m virtualenv --quiet --no-download --clear "$5" ;;
*) exec {sys.executable} "$@" ;;
esac
"""
"""`python3 -m venv` in a tenth of the time; `.ci/run` takes the real one."""


def executable(path: Path, script: str) -> None:
    path.write_text(script)
    path.chmod(0o755)


def said_to_github(log: str) -> str:
    (command,), _ = runner.read(log)
    assert command.name == "error"
    return command.message


def test_it_installs_what_is_locked_runs_it_and_installs_it_only_once(
    action: Path, workspace: Path, run_env: dict[str, str], tmp_path: Path
) -> None:
    installed = run(INSTALL, run_env, workspace)
    assert (installed.code, installed.out) == (0, ""), installed.err
    shown = run(RUN, {**run_env, **inputs(command="validate")}, workspace)
    assert shown.out == "dependency\n['ci'] validate\n"

    executable(tmp_path / "python3", "#!/bin/sh\nexit 1\n")
    without_python = {**run_env, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert run(INSTALL, without_python, workspace).code == 0  # the second step of a job that uses the action
    (action / "flowsync" / "__init__.py").write_text("# another version\n")
    refused = run(INSTALL, without_python, workspace)
    assert refused.code == 1
    assert said_to_github(refused.out).startswith("flowsync needs Python 3.10 or later")

    requirements = action / ".github" / "requirements.txt"
    requirements.write_text(requirements.read_text().replace("sha256:", "sha256:0")[:-2] + "\n")
    tampered = run(INSTALL, run_env, workspace)
    assert tampered.code == 1
    assert "DO NOT MATCH THE HASHES" in tampered.err
    assert said_to_github(tampered.out) == "The dependencies of flowsync could not be installed."


def test_it_says_where_it_runs(workspace: Path, run_env: dict[str, str]) -> None:
    refused = run(INSTALL, {**run_env, "RUNNER_OS": "Windows"}, workspace)
    assert refused.code == 1
    assert said_to_github(refused.out) == "flowsync runs on Linux and macOS: choose another runs-on for this job."


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout of a project with this repository's flows, and flowsync where the action's first step puts it."""
    top = tmp_path / "checkout"
    shutil.copytree(ROOT / "flows", top / "flows")
    commit(top)
    programs = tmp_path / "runner" / "flowsync-action" / "bin"
    programs.mkdir(parents=True)
    executable(programs / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    return top


def outputs(env: dict[str, str]) -> dict[str, str]:
    """What the step has set, as the runner reads it."""
    text = Path(env["GITHUB_OUTPUT"]).read_text(encoding="utf-8")
    return {name: value for name, _, value in re.findall(r"^(.+?)<<(.+)\n(.*)\n\2$", text, re.MULTILINE)}


def test_its_second_step_plans_on_the_sandbox_and_sets_every_output_of_a_plan(repository: Path) -> None:
    env = run_of_github(repository.parent / "runner", "1" * 40)
    done = run(
        RUN, {**env, **inputs(sandbox="true", plan_file="plan.json", comment="off", github_token="")}, repository
    )
    assert done.code == 0, done.both
    set_ = outputs(env)
    document = json.loads((repository / "plan.json").read_text(encoding="utf-8"))
    assert set_["has-changes"] == "true"
    assert set_["updates"] == str(document["summary"]["update"])
    assert set_["plan-digest"] == document["digest"]
    assert set_["exit-code"] == "0"
    assert (repository / set_["plan-json"]).samefile(repository / "plan.json")
    assert set(set_) <= set(ACTION["outputs"])
    assert "flowsync plan" in Path(env["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")


def test_its_second_step_validates_annotates_and_writes_sarif(repository: Path) -> None:
    (repository / "flows" / "flow_typo.yaml").write_text("nmae: x\n")
    env = run_of_github(repository.parent / "runner", "1" * 40)
    done = run(RUN, {**env, **inputs(command="validate", sarif_file="flowsync.sarif", github_token="")}, repository)
    assert done.code == 3
    commands, _ = runner.read(done.out)
    assert ("error", "flows/flow_typo.yaml") in {(each.name, each.properties.get("file")) for each in commands}
    assert outputs(env)["sarif"].endswith("flowsync.sarif")
    log = json.loads((repository / "flowsync.sarif").read_text(encoding="utf-8"))
    assert "unknown-key" in {result["ruleId"] for result in log["runs"][0]["results"]}


WITHOUT_KEYS = {
    "${{ vars.FRIGADE_PUBLIC_API_KEY }}": "",
    "${{ vars.FRIGADE_PUBLIC_API_KEY == '' }}": "true",
    "${{ vars.FRIGADE_PUBLIC_API_KEY == '' && 'off' || 'error' }}": "off",
    "${{ secrets.FRIGADE_API_KEY }}": "",
    "${{ inputs.repeat || false }}": "false",
    "${{ inputs.allow || '' }}": "",
}
"""What the expressions of our workflows come to in a fork."""


def test_in_a_fork_without_keys_a_push_is_planned_and_applied_on_the_sandbox(repository: Path) -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "apply.yml").read_text(encoding="utf-8"))
    plan, apply = (
        {name.replace("-", "_"): WITHOUT_KEYS.get(value, value) for name, value in step["with"].items()}
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if step["uses"] == "./"
    )
    second = repository.parent / "second checkout"
    shutil.copytree(repository, second)
    with fake_github(FakeRepo(commits=[sha(2)])) as github:
        env = {**run_of_github(repository.parent / "runner", sha(2)), **github.environment()}
        planned = run(RUN, {**env, **inputs(**plan, github_token=GITHUB_TOKEN)}, repository)
        assert (planned.code, outputs(env)["has-changes"]) == (0, "true"), planned.both
        shutil.copy(repository / "plan.json", second)
        applied = run(RUN, {**env, **inputs(**apply, github_token=GITHUB_TOKEN)}, second)
    assert applied.code == 0, applied.both
    assert "applied" in applied.out
