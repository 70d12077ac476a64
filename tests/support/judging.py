"""A folder of files in memory, judged as `validate` judges it, without a process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler import rules
from reconciler.config import Config
from reconciler.console.configuration import loaded_configuration
from reconciler.diagnostics import Diagnostic, in_order
from reconciler.manifests import parser, reading
from reconciler.run import judgement
from reconciler.run.manifest_context import manifest_context
from reconciler.run.session import target_of

DAY = "2026-11-28"


def write_files(root: Path, files: Mapping[str, str]) -> None:
    """Writes files below a folder."""
    for file, text in files.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def judged(
    root: Path, files: Mapping[str, str], *, judging: rules.Judging = "all", environment: str | None = None
) -> tuple[Diagnostic, ...]:
    """What is reported of these files, in every environment or in one."""
    write_files(root, files)
    loaded = _loaded(root)
    read = reading.read(root, loaded.manifests)
    chosen = [each for each in loaded.environments.values() if each.place is not None or loaded.file is None]
    sides = []
    for each in (one for one in chosen if environment in (None, one.name)):
        parsed = parser.parse(read.manifests, manifest_context(loaded, each))
        where = target_of(each, each.settings.unreached(), root / ".reconciler")
        sides.append((each, parsed, [*judgement.retirement_warnings(parsed, each, where, DAY)]))
    return in_order(judgement.judged(sides, read, judging=judging, config=loaded, every=environment is None))


def _loaded(root: Path) -> Config:
    loaded = loaded_configuration(root)
    assert loaded.config is not None, loaded.faults
    return loaded.config


def shown(found: tuple[Diagnostic, ...]) -> list[str]:
    """Each as `file:line code`, with its severity where that is not `warning`."""
    return [
        f"{each.place.file}:{each.place.line} {each.code}{'' if each.severity == 'warning' else f' ({each.severity})'}"
        for each in found
    ]
