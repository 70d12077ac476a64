"""Assess what becomes of assistants elsewhere, and write the manifests of the agents that they become."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from reconciler.authoring.agent_drafts import AgentPlaces, NewAgent, agent_places, new_agents, read_environments
from reconciler.authoring.file_changes import write_files
from reconciler.authoring.import_folders import Folders, folders_for
from reconciler.authoring.migration_output import Migrated, blocked_by_strict, print_migrated
from reconciler.canonical import Json, equal
from reconciler.config import Config, Environment
from reconciler.console.credentials import hidden
from reconciler.console.failure import Failure
from reconciler.console.output import stdout_style
from reconciler.diagnostics import Diagnostic, errors
from reconciler.drafts.layout import Layout, laid_out
from reconciler.kinds.migration import assess
from reconciler.manifests import parser, reading
from reconciler.manifests.parser import Manifest
from reconciler.model import Address
from reconciler.render.assessment import ASSESSMENT_FORMATS
from reconciler.run.addressing import addresses_named
from reconciler.run.manifest_context import manifest_context
from reconciler.run.options import SessionOptions
from reconciler.run.validation import check_manifests
from reconciler.source import member, plain

UNRESOLVED = "unresolved-field"
"""The error that a migration leaves on purpose, for a person to settle."""


@dataclass(frozen=True, slots=True)
class MigrationOptions:
    """How a migration writes."""

    layout: Layout | None = None
    strict: bool = False
    force: bool = False
    dry_run: bool = False


def assess_migration(options: SessionOptions, words: Sequence[str], format_name: str) -> None:
    """Prints what becomes of the assistants with these keys elsewhere, or of all; an error in one of them ends it."""
    desired = check_manifests(options, aside=of_assistants).desired
    if words:
        known = {assessment.address for assessment in assess(desired)}
        chosen, _ = addresses_named(words, known, "the manifests of assistants, which alone are assessed")
        desired = {name: [each for each in stated if each.address in chosen] for name, stated in desired.items()}
    style = stdout_style(colour=options.colour)
    click.echo(ASSESSMENT_FORMATS[format_name](assess(desired), style), nl=False)


def of_assistants(read: reading.ReadFolders, faults: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """The errors of manifests, except those of agents alone and unresolved fields."""
    files = {file for manifest in assistants_in(read) for file in files_of(manifest)}
    for fault in faults:
        is_of_agents = parser.kind_of(fault.place.file).name == "agent" and fault.place.file not in files
        if not is_of_agents and fault.code != UNRESOLVED:
            yield fault


def assistants_in(read: reading.ReadFolders) -> list[Manifest]:
    """The manifests of assistants."""
    return [manifest for manifest in read.manifests if manifest.address.kind == "assistant"]


def files_of(manifest: Manifest) -> set[str]:
    """The file of a manifest, and every file that it refers to."""
    return {manifest.file, *(node.place.file for node in manifest.attachments.values())}


def migrate_to_agents(options: SessionOptions, words: Sequence[str], how: MigrationOptions) -> int:
    """Writes a manifest of an agent for each assistant; the exit code is 1 if a selected one gets none."""
    checked = check_manifests(options, aside=of_assistants)
    assistants = assistants_in(checked.read)
    if words:
        chosen, _ = addresses_named(words, [each.address for each in assistants], "the manifests of assistants")
        assistants = [each for each in assistants if each.address in chosen]
    places = agent_places(checked.config, checked.environments)
    if not places.chosen:
        names = ", ".join(f"`{each.name}`" for each in checked.environments)
        raise Failure(f"No server of {names} has agents.", "add an environment whose server has the Agents API")
    folders = folders_for(checked.config, ["agent"])
    migration = _Migration(checked.config, checked.read, places, folders, how)
    migrated = migration.migrated(assistants)
    if not how.dry_run and migrated.texts:
        texts = {**migrated.texts, **folders.edited}
        write_files(checked.config.root, texts, force=how.force, before=folders.before)
    print_migrated(migrated, checked.config, places, dry_run=how.dry_run)
    return 1 if migrated.left or (words and migrated.there) else 0


@dataclass(frozen=True, slots=True)
class _Migration:
    """A migration of assistants to manifests of agents; nothing is written."""

    config: Config
    read: reading.ReadFolders
    places: AgentPlaces
    folders: Folders
    options: MigrationOptions

    @property
    def _agents(self) -> list[Manifest]:
        return [each for each in self.read.manifests if each.address.kind == "agent"]

    def migrated(self, assistants: Sequence[Manifest]) -> Migrated:
        """The files of all agents that can be written, and why the others are left."""
        existing = {each.address: each.file for each in self._agents}
        former = {Address("agent", str(key)): each.address for each in self._agents for key in _former_keys(each)}
        there: dict[Address, str] = {}
        left: dict[Address, str] = {}
        agents: list[NewAgent] = []
        kept = self._kept() if self.options.force else {}
        for each in new_agents(assistants, self.config, self.places, self.folders.by_kind["agent"], kept):
            if not isinstance(each, NewAgent):
                left[each[0].address] = each[1]
            elif each.address in existing and not self.options.force:
                there[each.manifest.address] = existing[each.address]
            elif each.address in former:
                left[each.manifest.address] = f"its key is a former key of {former[each.address]}"
            elif reason := self._why_left(each):
                left[each.manifest.address] = reason
            else:
                agents.append(each)
        return self._verified(agents, there, left)

    def _kept(self) -> dict[str, list[Environment]]:
        """By key, the environments that already have the agent: a rewritten manifest must keep it there."""
        found: dict[str, list[Environment]] = {}
        for environment in read_environments(self.config, self.places):
            for each in parser.parse(self._agents, manifest_context(self.config, environment)).desired:
                found.setdefault(each.address.key, []).append(environment)
        return found

    def _why_left(self, agent: NewAgent) -> str:
        if hidden().deep(agent.draft.draft) is not agent.draft.draft:
            return "it holds a secret of this environment, which must not be written to a file"
        if self.options.strict and agent.draft.unresolved:
            return blocked_by_strict(agent.draft.unresolved)
        return ""

    def _verified(self, agents: list[NewAgent], there: dict[Address, str], left: dict[Address, str]) -> Migrated:
        while True:
            texts = self._texts(agents)
            after = reading.read(self.config.root, self.folders.all, texts)
            check = _NewAgents(
                self.config, read_environments(self.config, self.places), self.read, after, texts, agents
            )
            reasons = check.reasons()
            if not reasons:
                return Migrated(agents, check.files, texts, self.folders.edited, there, left)
            left |= {each.manifest.address: reasons[each.address] for each in agents if each.address in reasons}
            agents = [each for each in agents if each.address not in reasons]

    def _texts(self, agents: Sequence[NewAgent]) -> dict[str, str]:
        """The files, each manifest in the layout that its assistant's has if none is chosen."""
        replaced = {each.address for each in agents}
        others = [each for each in self.read.manifests if each.address not in replaced]
        used = {file for each in others for file in files_of(each)}
        taken = {path: text for path, text in self.read.sources.items() if path in used or not self.options.force}
        texts: dict[str, str] = {}
        layouts: tuple[Layout, ...] = ("yaml", "markdown")
        for layout in layouts:
            drafts = [each.draft.draft for each in agents if self._layout(each.manifest) == layout]
            texts |= laid_out(drafts, layout, self.folders.by_kind, {**taken, **texts})
        return texts

    def _layout(self, manifest: Manifest) -> Layout:
        return self.options.layout or ("markdown" if manifest.file.endswith(".md") else "yaml")


def _former_keys(manifest: Manifest) -> list[Json]:
    node = member(member(manifest.node, "reconciler"), "was")
    stated = plain(node) if node is not None else None
    return stated if isinstance(stated, list) else []


class _NewAgents:
    """The new manifests, read as they will be."""

    def __init__(
        self,
        config: Config,
        environments: Sequence[Environment],
        before: reading.ReadFolders,
        after: reading.ReadFolders,
        texts: Mapping[str, str],
        agents: Iterable[NewAgent],
    ) -> None:
        self.config = config
        self.environments = environments
        self.agents = {each.address: each for each in agents}
        self.new_faults = [fault for fault in after.faults if fault not in before.faults]
        self.manifests = [each for each in after.manifests if each.file in texts]
        self.files = {each.address: each.file for each in self.manifests}
        self.users: dict[str, list[Address]] = {}
        for each in self.manifests:
            for file in files_of(each):
                self.users.setdefault(file, []).append(each.address)

    def reasons(self) -> dict[Address, str]:
        """By address, the first reason why it cannot be written."""
        found: dict[Address, str] = {}
        for address, reason in self._reasons():
            found.setdefault(address, reason)
        return found

    def _reasons(self) -> Iterator[tuple[Address, str]]:
        for address in self.agents.keys() - self.files.keys():
            yield address, "its manifest would not be read"
        yield from self._faults(self.new_faults)
        for environment in self.environments:
            parsed = parser.parse(self.manifests, manifest_context(self.config, environment))
            yield from self._faults(parsed.faults)
            desired = {each.address: each for each in parsed.desired}
            for address, agent in self.agents.items():
                wanted, found = agent.wanted.get(environment.name), desired.get(address)
                if wanted is not None and (found is None or not equal({**wanted}, {**found.fields})):
                    yield address, f"it would not be the same in {environment.name}"

    def _faults(self, faults: Iterable[Diagnostic]) -> Iterator[tuple[Address, str]]:
        for fault in errors(faults):
            for address in self.users.get(fault.place.file, ()) if fault.code != UNRESOLVED else ():
                yield address, fault.message.rstrip(".")
