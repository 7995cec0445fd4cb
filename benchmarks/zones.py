"""A project for octoDNS: for each flow file a TXT record of about the same bytes, as it should be and as it is.

Source and target are octoDNS' own YAML provider, so that nothing but octoDNS is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ZONE: Final = "flows.example."
SIDES: Final = ("should", "live")


def write_zones(directory: Path, files: Iterable[Path]) -> Path:
    """The configuration and both sides; gives the configuration's path."""
    records = {path.stem.replace("_", "-"): _record(path) for path in sorted(files)}
    text = yaml.dump(records, Dumper=yaml.CSafeDumper)
    for side in SIDES:
        (directory / side).mkdir(parents=True)
        (directory / side / f"{ZONE}yaml").write_text(text, encoding="utf-8")
    provider = "octodns.provider.yaml.YamlProvider"
    config = {
        "providers": {side: {"class": provider, "directory": str(directory / side)} for side in SIDES},
        "zones": {ZONE: {"sources": [SIDES[0]], "targets": [SIDES[1]]}},
    }
    (directory / "config.yaml").write_text(yaml.dump(config, Dumper=yaml.CSafeDumper), encoding="utf-8")
    return directory / "config.yaml"


def _record(path: Path) -> dict[str, object]:
    """The file's lines as the values of one record, as far as a zone can hold them: each once, in ASCII."""
    text = path.read_text(encoding="utf-8").encode("ascii", "replace").decode()
    lines = [f"{number} {line.strip()}" for number, line in enumerate(text.splitlines())]
    return {"type": "TXT", "values": [line.replace(";", "\\;") for line in lines]}
