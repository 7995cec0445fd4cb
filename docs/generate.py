"""Write the parts of the docs that come from the code: `python docs/generate.py`, and `--check` for tests.

Each generated part stands between `<!-- generated: NAME -->` and `<!-- end -->` in a Markdown file.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import manual
import printed
import terminal

from flowsync import config, validate
from flowsync.cli.app import COMMANDS, flowsync
from flowsync.cli.usage.help_page import EXAMPLES
from flowsync.errors import ExitCode
from flowsync.github.inputs import ACTION_INPUTS, ACTION_OUTPUTS
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.faults import FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DOCS: Final = Path(__file__).parent
ROOT: Final = DOCS.parent
PART: Final = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

EXIT_CODES: Final = {
    ExitCode.OK: "Done.",
    ExitCode.ERROR: "Error: the key, its address, an unreadable configuration file, an unknown environment, the "
    "network or the API. Also a plan with blocked flows, and the answer no to a question.",
    ExitCode.CHANGES: "Changes are pending. Only with `--detailed-exitcode` (of `plan`, `status`, `diff`) or "
    "`--check` (of `pull`, `fmt`).",
    ExitCode.INVALID: "Invalid files: flow files, or `flowsync.yaml`.",
    ExitCode.REFUSED: "Refused: by a guard or a blocked flow, or because a flow changed since the plan or "
    "during the write.",
    ExitCode.PARTLY_APPLIED: "Partly applied: some writes failed. The output says which.",
    ExitCode.USAGE: "Usage error.",
    ExitCode.INTERRUPTED: "Interrupted by Ctrl-C or SIGTERM. The writes in flight have finished.",
}


JOBS: Final = {
    "**start**": ("init", "new", "pull"),
    "**look**": ("status", "preview", "history", "show", "diff", "audience", "explain", "graph"),
    "**check**": ("validate", "test", "fmt", "plan"),
    "**change**": ("apply", "publish", "delete"),
    "**undo**": ("rollback", "restore"),
    "**set up**": ("completion", "ci", "sandbox", "schema", "doctor"),
}
"""The commands by what they are for."""


def main() -> int:
    """Rewrite, or with --check only compare; the exit code says whether something differs."""
    drawn = {DOCS / name: picture for name, picture in terminal.pictures().items()}
    wanted = {**{path: generated(path) for path in pages()}, **drawn, DOCS / "flowsync.1": manual_page()}
    stale = [
        path for path, text in wanted.items() if not path.exists() or words(path.read_text("utf-8")) != words(text)
    ]
    for path in stale:
        sys.stdout.write(f"{path.relative_to(ROOT)} is not what the code says\n")
        if "--check" not in sys.argv:
            path.write_text(wanted[path], encoding="utf-8")
    return int(bool(stale) and "--check" in sys.argv)


def words(text: str) -> str:
    """What a reader sees of a page or picture: how rich draws an SVG differs between its versions."""
    if not text.startswith("<svg"):
        return text
    return " ".join(re.sub(r"<style.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL).split())


def pages() -> list[Path]:
    """Every Markdown page that may hold generated parts."""
    return [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def generated(path: Path) -> str:
    """The page with every generated part as the code has it."""
    text = printed.refreshed(path.read_text(encoding="utf-8"))
    return PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n{part[4]}", text)


def commands_table() -> str:
    """Every command and its one line of help, by what it is for."""
    missing = COMMANDS.keys() ^ {name for names in JOBS.values() for name in names}
    if missing:
        raise ValueError(f"JOBS and COMMANDS differ in {sorted(missing)}")
    rows = [
        f"| {job if name == names[0] else ''} | `flowsync {name}` | {COMMANDS[name]} |"
        for job, names in JOBS.items()
        for name in names
    ]
    return table(("to", "command", "what it does"), rows)


def exit_codes_table() -> str:
    """Every exit code."""
    return table(("code", "meaning"), [f"| {code.value} | {EXIT_CODES[code]} |" for code in ExitCode])


def commands_reference() -> str:
    """Every command with its help and its options."""
    return "\n".join(command_section(path, command) for path, command in every_command())


def every_command() -> Iterator[tuple[str, click.Command]]:
    """The group itself, then each command and each of its own commands, by the words that call it."""
    context = click.Context(flowsync, info_name="flowsync")
    yield "flowsync", flowsync
    for name in flowsync.list_commands(context):
        command = flowsync.get_command(context, name)
        assert command is not None
        yield f"flowsync {name}", command
        if isinstance(command, click.Group):
            yield from ((f"flowsync {name} {inner}", each) for inner, each in command.commands.items())


def command_section(path: str, command: click.Command) -> str:
    """One command: usage, help, its own options (the global ones are listed once)."""
    paragraphs = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(command.help or ""))
    rows = ["| `{}` | {} |".format(*(cell.replace("|", "\\|") for cell in each)) for each in options_of(path, command)]
    options = f"\n{table(('option', 'meaning'), rows)}" if rows else ""
    width = max(map(len, EXAMPLES[path]))
    examples = "".join(f"{line:{width}}  # {meaning}\n" for line, meaning in EXAMPLES[path].items())
    return f"## {path}\n\n```text\n{usage(path, command)}\n```\n\n{paragraphs}\n{options}\n```bash\n{examples}```\n"


def usage(path: str, command: click.Command) -> str:
    """How a command is called."""
    pieces = " ".join(command.collect_usage_pieces(click.Context(command, info_name=path)))
    return f"{path} {pieces}".replace("[[", "[").replace("]]", "]")  # as click after 8.3.0


GLOBAL_NAMES: Final = {each.name for each in flowsync.params} - {"version"}
"""`--version` of flowsync is no option of the commands; some have one of that name."""


def options_of(path: str, command: click.Command) -> list[tuple[str, str]]:
    """A command's own options with their meanings; the global ones are listed once, under flowsync itself."""
    context = click.Context(command, info_name=path)
    own = [each for each in command.params if path == "flowsync" or each.name not in GLOBAL_NAMES]
    return [each.get_help_record(context) or ("", "") for each in own if isinstance(each, click.Option)]


def manual_page() -> str:
    """flowsync(1)."""
    whole, *others = (
        manual.Entry(usage(path, command), command, options_of(path, command), EXAMPLES[path])
        for path, command in every_command()
    )
    return manual.page(whole, others, EXIT_CODES.items())


def configuration_table() -> str:
    """Every key of flowsync.yaml."""
    settings = dict(config.schema()["properties"])
    rules = f"| rules.&lt;rule&gt; | {settings.pop('rules')['description']} | [docs/rules.md](rules.md) |"
    return table(("key", "meaning", "default"), [*settings_rows("", settings), rules])


def settings_rows(prefix: str, settings: dict[str, Any]) -> Iterator[str]:
    """A line for each setting of a section and of the sections in it."""
    for name, setting in settings.items():
        others = setting.get("additionalProperties")
        if "properties" in setting:
            yield from settings_rows(f"{prefix}{name}.", setting["properties"])
        elif isinstance(others, dict) and "properties" in others:
            yield from settings_rows(f"{prefix}{name}.&lt;name&gt;.", others["properties"])
        else:
            default = f"`{setting['default']}`" if "default" in setting else ""
            yield f"| {prefix}`{name}` | {setting['description']} | {default.lower()} |"


def platform_variables() -> str:
    """Every variable that is never read as a key."""
    prefixes = ", ".join(f"`{prefix}…`" for prefix in config.PLATFORM_PREFIXES)
    names = ", ".join(f"`{name}`" for name in config.PLATFORM_VARIABLES)
    return f"{prefixes}, and {names}.\n"


def rules_reference() -> str:
    """Every rule: a table of all, then each with a bad and a good example."""
    rows = [f"| [`{rule.code}`](#{rule.code}) | {level(rule)} |" for rule in validate.RULES]
    return "\n".join([table(("rule", "level"), rows), *map(rule_section, validate.RULES)])


def level(rule: validate.Rule) -> str:
    """The level of a rule, unless flowsync.yaml sets another one."""
    return f"{rule.severity.value}, always" if rule.is_firm else rule.severity.value


def rule_section(rule: validate.Rule) -> str:
    """One rule: its level, what it means, and two files."""
    files = f"```yaml\n{shortened(rule.example)}```\n\nGood:\n\n```yaml\n{shortened(rule.good)}```\n"
    return f"## {rule.code}\n\n**{level(rule)}.** {rule.documentation}\n\n*Source:* {rule.source}\n\n{files}"


def shortened(text: str) -> str:
    """A file with its longest lines cut."""
    return "".join(f"{line[:100]}…\n" if len(line) > LONGEST_LINE else f"{line}\n" for line in text.splitlines())


def faults_table() -> str:
    """Every kind of fault that the sandbox can let happen."""
    rows = [f"| `{kind.value}` | {kind.meaning} |" for kind in FaultKind]
    return table(("kind", "what happens"), rows)


def conflicts_table() -> str:
    """A row for each answer that one of the contradicting sources about the API gives."""
    return table(
        ("`--conflict`", "what the sandbox does"), [f"| `{each.value}` | {each.meaning} |" for each in Reading]
    )


def table(titles: tuple[str, ...], rows: list[str]) -> str:
    """A Markdown table."""
    return "\n".join([f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}", *rows]) + "\n"


def inputs_table() -> str:
    """Every input of the action."""
    rows = [
        f"| `{each.name}` | {each.description} | {f'`{each.default}`' if each.default else ''} | `{each.variable}` |"
        for each in ACTION_INPUTS
    ]
    return table(("input", "meaning", "default", "variable"), rows)


def outputs_table() -> str:
    """Every output of the action."""
    return table(("output", "meaning"), [f"| `{name}` | {meaning} |" for name, meaning in ACTION_OUTPUTS.items()])


LONGEST_LINE: Final = 160
PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "commands": commands_table,
    "exit_codes": exit_codes_table,
    "faults": faults_table,
    "conflicts": conflicts_table,
    "reference": commands_reference,
    "configuration": configuration_table,
    "platform": platform_variables,
    "rules": rules_reference,
    "inputs": inputs_table,
    "outputs": outputs_table,
}

if __name__ == "__main__":
    sys.exit(main())
