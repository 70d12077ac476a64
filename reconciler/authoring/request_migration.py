"""Give assistants one more environment, in which they are requests to the Responses API."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reconciler.authoring.all_manifests import existing
from reconciler.authoring.file_changes import text_of, write_files
from reconciler.authoring.migrating import UNRESOLVED, MigrationOptions, assistants_in, files_of, of_assistants
from reconciler.authoring.migration_output import (
    MigratedRequests,
    RequestMove,
    blocked_by_strict,
    print_migrated_requests,
)
from reconciler.authoring.responses_place import PROVIDER, ResponsesPlace, responses_place
from reconciler.canonical import equal
from reconciler.config import Config, Environment
from reconciler.console.failure import Failure
from reconciler.console.output import stdout_style
from reconciler.diagnostics import errors
from reconciler.drafts.for_requests import AddedEnvironment, edits_with, edits_without, entry_of, request_body
from reconciler.kinds import KINDS
from reconciler.manifests import parser, reading
from reconciler.manifests.parser import Manifest
from reconciler.model import Address
from reconciler.run.addressing import addresses_named
from reconciler.run.manifest_context import manifest_context
from reconciler.run.options import SessionOptions
from reconciler.run.session import choose_environment
from reconciler.run.validation import check_manifests
from reconciler.source import Edit, edited


def migrate_to_requests(
    options: SessionOptions, words: Sequence[str], how: MigrationOptions, into: str | None = None
) -> int:
    """Edits the manifests so that the assistants of an environment are in one of requests too.

    The exit code is 1 if a selected one is left.
    """
    checked = check_manifests(options, aside=of_assistants)
    loaded = checked.config
    source = choose_environment(loaded, options.environment, stdout_style(colour=options.colour), owns=False)
    if source.provider == PROVIDER:
        raise Failure(f"{source.name} is a folder of requests already.", "pass -e NAME, their environment")
    assistants = assistants_in(checked.read)
    chosen = {each.address for each in assistants}
    if words:
        chosen = {*addresses_named(words, chosen, "the manifests of assistants")[0]}
    place = responses_place(loaded, source, into)
    migration = _RequestMigration(loaded, checked.read, source, place, how)
    migrated = migration.migrated(assistants, chosen)
    if not how.dry_run and migrated.moved:
        write_files(loaded.root, {**migrated.texts, **place.edited}, before={**migrated.before, **place.before})
    print_migrated_requests(migrated, loaded, source, place, dry_run=how.dry_run)
    return 1 if migrated.left or (words and migrated.there) else 0


@dataclass(frozen=True, slots=True)
class _RequestMigration:
    """A migration of manifests to another environment; nothing is written."""

    config: Config
    read: reading.ReadFolders
    source: Environment
    place: ResponsesPlace
    options: MigrationOptions

    @property
    def added(self) -> AddedEnvironment:
        """The environment, as manifests have to know of it."""
        stated = tuple(name for name, each in self.config.environments.items() if each.place is not None)
        return AddedEnvironment(self.place.environment.name, self.source.name, stated, self.place.is_new)

    def migrated(self, assistants: Sequence[Manifest], chosen: Collection[Address]) -> MigratedRequests:
        """The new files, and why some of the assistants are left."""
        parsed = parser.parse(assistants, manifest_context(self.config, self.source))
        by_place = {each.place: each for each in parsed.desired}
        moved: dict[Address, RequestMove] = {}
        there: dict[Address, str] = {}
        left: dict[Address, str] = {}
        for manifest in (each for each in assistants if each.address in chosen):
            address, desired = manifest.address, by_place.get(manifest.node.place)
            if desired is None:  # it does not exist in the source
                continue
            move = RequestMove(manifest, desired, request_body(desired))
            is_there = not self.place.is_new and entry_of(manifest, self.added.name) is not False
            if is_there and not self.options.force:
                there[address] = manifest.file
            elif self.options.strict and move.request.unresolved:
                left[address] = blocked_by_strict(move.request.unresolved)
            else:
                moved[address] = move
        return self._verified(assistants, moved, there, left)

    def _verified(
        self,
        assistants: Sequence[Manifest],
        moved: dict[Address, RequestMove],
        there: Mapping[Address, str],
        left: dict[Address, str],
    ) -> MigratedRequests:
        before = {path: text_of(self.config.root, path) for path in sorted({each.file for each in assistants})}
        while True:
            texts = dict(before)
            for manifest in sorted(assistants, key=lambda each: each.node.place, reverse=True):
                edits = self._edits(manifest, moved, there)
                texts[manifest.file] = _edited_text(texts[manifest.file], manifest, edits)
            reasons = self._reasons(texts, moved)
            if not reasons:
                changed = {path: text for path, text in texts.items() if moved and text != before[path]}
                read = {path: before[path] for path in changed}
                return MigratedRequests([*moved.values()], changed, read, there, left)
            left |= reasons
            moved = {address: each for address, each in moved.items() if address not in reasons}

    def _edits(
        self, manifest: Manifest, moved: Mapping[Address, RequestMove], there: Collection[Address]
    ) -> list[Edit]:
        if manifest.address in there:
            return []
        move = moved.get(manifest.address)
        return edits_with(manifest, move.desired, self.added) if move else edits_without(manifest, self.added)

    def _reasons(self, texts: Mapping[str, str], moved: Mapping[Address, RequestMove]) -> dict[Address, str]:
        """By address, why it would be wrong in the new environment."""
        config, environment = self.place.config, self.place.environment
        after = reading.read(config.root, existing(config, config.manifests), texts)
        parsed = parser.parse(assistants_in(after), manifest_context(config, environment))
        there = {each.address: each.fields for each in parsed.desired}
        wrong = [fault for fault in errors(parsed.faults) if fault.code != UNRESOLVED]
        found: dict[Address, str] = {}
        for address, move in moved.items():
            files = files_of(move.manifest)
            faults = [fault for fault in wrong if fault.place.file in files]
            wanted = KINDS["assistant"].read(move.request.body)
            if faults:
                found[address] = faults[0].message.rstrip(".")
            elif self.place.is_new and not equal({**wanted}, {**there.get(address, {})}):
                found[address] = f"it would not be the same in {environment.name}"
        return found


def _edited_text(text: str, manifest: Manifest, edits: Sequence[Edit]) -> str:
    after = edited(text, manifest.file, manifest.node.place, edits) if edits else text
    if after is None:
        lines = "; ".join(f"{'.'.join(map(str, each.path))}: {each.value}" for each in edits)
        raise Failure(f"{manifest.file} cannot be edited safely; nothing was written.", f"write this by hand: {lines}")
    return after
