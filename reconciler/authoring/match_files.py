"""The files of manifests that got a live object of one more environment: written as data, and read again."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler import paths
from reconciler.authoring.all_manifests import AllManifests, existing
from reconciler.authoring.file_changes import text_of
from reconciler.authoring.matchable import ManifestsHere
from reconciler.canonical import Absent, Json
from reconciler.config import FILE
from reconciler.diagnostics import Diagnostic, Location, errors
from reconciler.drafts.adoption import adopting, leaving_out
from reconciler.drafts.layout import Draft, laid_out
from reconciler.drafts.patches import Beside, Steps
from reconciler.drafts.shared_values import Homes, SharedValues, shared_values
from reconciler.kinds import KINDS
from reconciler.manifests.parser import kind_of
from reconciler.model import Address, Desired, Live
from reconciler.plan.diff import differences
from reconciler.source import Edit, OneLine, edited, member, parse, plain

Patch = Mapping[str, Json | Absent]


@dataclass(frozen=True, slots=True)
class MatchFiles:
    """The files for some matches."""

    edited: Mapping[str, str]
    before: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    patches: Mapping[Address, Patch]
    """The new patch of each manifest; an object whose match is missing here needs a separate manifest."""
    spots: Mapping[Address, Mapping[Steps, str]]
    reasons: Mapping[Address, str]
    """Why some of the manifests could not be written."""


def files_of(
    matches: Mapping[Address, Live], here: ManifestsHere, repository: AllManifests, literal: Collection[Address] = ()
) -> MatchFiles:
    """The files once each of these manifests has its object; manifests in `literal` get no new values."""
    besides = {address: here.beside(address, live) for address, live in matches.items()}
    alike = {address: beside for address, beside in besides.items() if beside.patch() is not None}
    shared = _shared({at: beside for at, beside in alike.items() if at not in literal}, here, repository)
    patches: dict[Address, Patch] = {}
    for address, beside in alike.items():
        patches[address] = beside.with_values(shared.spots.get(address, {})).patch() or {}
    patches, new = _with_files(patches, here, repository)
    unknown = {address: beside.unknown_members for address, beside in alike.items()}
    draft = _Edits(here, repository, shared, patches, unknown, dict(new))
    by_file: dict[str, dict[Address, Live]] = {}
    for address, live in matches.items():
        by_file.setdefault(here.by_address[address].manifest.file, {})[address] = live
    for file, some in sorted(by_file.items()):
        draft.edit_manifests(file, some)
    draft.edit_values()
    return MatchFiles(draft.edited, draft.before, shared.values, patches, shared.spots, draft.reasons)


def _shared(besides: Mapping[Address, Beside], here: ManifestsHere, repository: AllManifests) -> SharedValues:
    """Values for differences that recur, if the environments that need them are known."""
    environments = repository.environments
    known = {name: each.values for name, each in environments.items()}
    existing = {
        name: frozenset(each.address for each in repository.parsed(name).desired)
        for name in environments
        if name != here.name
    }
    texts = {address: beside.texts() for address, beside in besides.items()}
    if repository.config.broken:
        texts = {address: tuple(each for each in some if each.value is not None) for address, some in texts.items()}
    if repository.config.file is None:
        return SharedValues()
    return shared_values(texts, Homes(here.name, existing, known))


def _with_files(
    patches: Mapping[Address, Patch], here: ManifestsHere, repository: AllManifests
) -> tuple[dict[Address, Patch], dict[str, str]]:
    """The patches with their long texts moved to files, and these files."""
    by_folder: dict[str, list[Draft]] = {}
    for address, patch in patches.items():
        folder = posixpath.dirname(here.by_address[address].manifest.file)
        stated = {name: value for name, value in patch.items() if not isinstance(value, Absent)}
        draft = Draft(replace(address, key=f"{address.key}.{here.name}"), stated)
        by_folder.setdefault(folder, []).append(draft)
    referring, files = dict(patches), dict[str, str]()
    for folder, drafts in by_folder.items():
        texts = laid_out(drafts, "yaml", dict.fromkeys(KINDS, folder), repository.read.sources)
        for path, text in texts.items():
            if posixpath.dirname(path) != folder:
                files[path] = text
                continue
            address, stated = _read_draft(path, text, f".{here.name}")
            referring[address] = {**patches[address], **{name: _as_people_write(each) for name, each in stated.items()}}
    return referring, files


def _as_people_write(value: Json) -> Json:
    """The value with each reference on one line."""
    if isinstance(value, list):
        return [_as_people_write(each) for each in value]
    if not isinstance(value, dict):
        return value
    members = {name: _as_people_write(each) for name, each in value.items()}
    return OneLine(members) if list(members) in (["file"], ["value"]) else members


def _read_draft(path: str, text: str, suffix: str) -> tuple[Address, dict[str, Json]]:
    """The manifest and the patch that were laid out as a draft."""
    (document,) = parse(text, path).documents
    fields = plain(document)
    fields = fields if isinstance(fields, dict) else {}
    own = fields.pop("reconciler", None)
    own = own if isinstance(own, dict) else {}
    key = str(own.get("key") or posixpath.basename(path).removesuffix(".yaml"))
    return Address(str(own.get("kind") or kind_of(path).name), key.removesuffix(suffix)), fields


@dataclass(slots=True)
class _Edits:
    """Files while they are edited."""

    here: ManifestsHere
    repository: AllManifests
    shared: SharedValues
    patches: Mapping[Address, Patch]
    unknown: Mapping[Address, Sequence[str]]
    """The members of each object that this version does not know."""
    edited: dict[str, str]
    before: dict[str, str] = field(default_factory=dict)
    reasons: dict[Address, str] = field(default_factory=dict)

    def edit_manifests(self, file: str, matches: Mapping[Address, Live]) -> None:
        """Edits the manifests of a file, the last first, so that earlier locations stay valid."""
        before = text = text_of(self.repository.config.root, file)
        there = [(address, self.here.by_address[address].manifest.node) for address in matches]
        for address, node in sorted(there, key=lambda each: each[1].place, reverse=True):
            own = member(node, "reconciler")
            stated = None if own is None else plain(own)
            block = self._block(address, stated, matches[address])
            edits = [Edit(at, OneLine(value=name)) for at, name in self.shared.spots.get(address, {}).items()]
            after = edited(text, file, node.place, [*edits, Edit(("reconciler",), block)])
            if after is None:
                self.reasons[address] = f"{file} is written in a way that cannot be edited safely"
            else:
                text = after
        if text != before:
            self.edited[file], self.before[file] = text, before

    def edit_values(self) -> None:
        """Writes the new values into `reconciler.yaml`."""
        if not self.shared.values:
            return
        before = text_of(self.repository.config.root, FILE)
        (document,) = parse(before, FILE).documents
        edits = [
            edit
            for env, values in sorted(self.shared.values.items())
            for edit in _value_edits(("environments", env, "values"), dict(sorted(values.items())), plain(document))
        ]
        after = edited(before, FILE, document.place, edits)
        if after is None:
            self.reasons |= dict.fromkeys(self.shared.spots, f"the values cannot be written to {FILE} safely")
        else:
            self.edited[FILE], self.before[FILE] = after, before

    def _block(self, address: Address, own: Json, live: Live) -> dict[str, Json]:
        if address not in self.patches:
            return leaving_out(own, self.here.name, self.here.of_text_ids)
        patch, unknown = self.patches[address], self.unknown[address]
        return adopting(own, self.here.name, live.id, patch, self.here.of_text_ids, unknown)


def _value_edits(path: tuple[str, ...], values: dict[str, Json], document: Json) -> Sequence[Edit]:
    """The edits that add values to an environment: one by one where it has some, else as one mapping."""
    if isinstance(paths.at(document, path), dict):
        return [Edit((*path, name), text) for name, text in values.items()]
    return [Edit(path, values)]


def reasons_against(
    files: MatchFiles, matches: Mapping[Address, Live], here: ManifestsHere, repository: AllManifests
) -> dict[Address, str]:
    """By manifest, why its new files would be read wrong in some environment."""
    if not matches:
        return {}
    folders = existing(repository.config, repository.config.manifests)
    after = repository.with_files(files.edited, folders, files.values)
    found = dict(files.reasons)
    for address, reason in _reasons_of(after, files, matches, here, repository):
        found.setdefault(address, reason)
    return {address: reason for address, reason in found.items() if address in matches}


def _reasons_of(
    after: AllManifests,
    files: MatchFiles,
    matches: Mapping[Address, Live],
    here: ManifestsHere,
    repository: AllManifests,
) -> Iterator[tuple[Address, str]]:
    for name in repository.environments:
        parsed = after.parsed(name)
        known = repository.parsed(name).faults
        yield from _new_faults([*after.read.faults, *parsed.faults], [*repository.read.faults, *known], after, matches)
        there = {each.address: each for each in parsed.desired}
        if name == here.name:
            for address in files.patches:
                yield from ((address, each) for each in [_loss(there.get(address), matches[address])] if each)
            continue
        before = {each.address: each for each in repository.parsed(name).desired}
        for address in matches:
            if _meaning(before.get(address)) != _meaning(there.get(address)):
                yield address, f"it would change in {name}"


def _new_faults(
    faults: Sequence[Diagnostic], known: Sequence[Diagnostic], after: AllManifests, matches: Mapping[Address, Live]
) -> Iterator[tuple[Address, str]]:
    old = {(each.code, each.message) for each in known}
    for fault in (each for each in errors(faults) if (each.code, each.message) not in old):
        for manifest in after.read.manifests:
            files = {manifest.file, *(node.place.file for node in manifest.attachments.values())}
            if manifest.address in matches and fault.place.file in files:
                yield manifest.address, fault.message.rstrip(".")


def _loss(desired: Desired | None, live: Live) -> str:
    """Why the manifest would not match the live object; empty if it does."""
    if desired is None or desired.id != live.id:
        return "its manifest would not be read"
    lost = [paths.show(each.path) for each in differences(desired, live, KINDS[live.kind])]
    return f"the manifest would not match the live {', '.join(lost[:3])}" if lost else ""


def _meaning(desired: Desired | None) -> Desired | None:
    """What a manifest asks for, without its location."""
    return None if desired is None else replace(desired, place=Location(""))
