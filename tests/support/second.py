"""A repository with two environments, and imports into it of what is live in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.authoring.all_manifests import existing, opened
from reconciler.authoring.import_live import import_read
from reconciler.authoring.importing import ImportOptions
from reconciler.console.configuration import loaded_configuration
from reconciler.diagnostics import errors
from reconciler.manifests import parser, reading
from reconciler.model import Address, Desired, Live, Plan
from reconciler.paths import at
from reconciler.plan.make import make_plan
from reconciler.render import Style
from reconciler.run.manifest_context import manifest_context
from reconciler.run.options import SessionOptions
from reconciler.run.session import Session, session_of
from reconciler.source import plain

ENVIRONMENTS = ("production", "staging")


@dataclass(frozen=True)
class TwoEnvironments:
    """The repository; nothing is sent to its servers."""

    root: Path

    def __post_init__(self) -> None:
        stated = (f"  {name}: {{provider: openai, base_url: http://127.0.0.1:9/{name}}}\n" for name in ENVIRONMENTS)
        (self.root / "reconciler.yaml").write_text(f"version: 1\nstack: people\nenvironments:\n{''.join(stated)}")

    def session(self, name: str) -> Session:
        loaded = loaded_configuration(self.root).config
        assert loaded is not None
        return session_of(loaded, SessionOptions(environment=name), Style(), owns=False)

    def imports(self, name: str, live: Sequence[Live], *words: str, **options: Any) -> None:
        """Imports what is live there."""
        session = self.session(name)
        repository = opened(session.config, session.environment, session.style)
        import_read(session, repository, live, words, ImportOptions(**options))

    def text(self, path: str) -> str:
        return (self.root / path).read_text()

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def files(self) -> dict[str, str]:
        """The text of each file, by its path."""
        paths = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes().decode() for path in paths}

    def desired(self, name: str) -> tuple[Desired, ...]:
        """What the manifests ask for in an environment."""
        session = self.session(name)
        folders = [folder for folder in session.config.manifests if (self.root / folder).exists()]
        read = reading.read(self.root, folders)
        parsed = parser.parse(read.manifests, manifest_context(session.config, session.environment))
        assert not errors([*read.faults, *parsed.faults]), (read.faults, parsed.faults)
        return parsed.desired

    def patched(self, name: str) -> dict[Address, frozenset[str]]:
        """By manifest, the fields that the environment's patch states."""
        read = reading.read(self.root, existing(self.session(name).config, ("agents", "assistants")))
        paths = ("reconciler", "environments", name)
        found = {each.address: plain(each.node) for each in read.manifests}
        patches = {address: at(document, paths) for address, document in found.items()}
        return {address: frozenset(patch) for address, patch in patches.items() if isinstance(patch, dict)}

    def plan(self, name: str, live: Sequence[Live]) -> Plan:
        return make_plan(self.desired(name), live, self.session(name).where)
