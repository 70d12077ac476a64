"""Live or saved objects → manifests: named, laid out, read again before anything is written, and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from reconciler.authoring.all_manifests import UNRESOLVED, AllManifests
from reconciler.authoring.import_folders import Folders
from reconciler.authoring.matching import Matched
from reconciler.canonical import Json
from reconciler.console.credentials import hidden
from reconciler.diagnostics import Diagnostic, errors
from reconciler.drafts.keys import keys_of
from reconciler.drafts.layout import Draft, laid_out
from reconciler.drafts.unwritable import why_unwritable
from reconciler.kinds import KINDS, ServerTraits
from reconciler.kinds.problems import Problem
from reconciler.model import Address, Desired, Live, Marker
from reconciler.paths import quoted, show
from reconciler.plan.diff import differences
from reconciler.plan.importable import Left
from reconciler.render.sentences import count

Layout: TypeAlias = Literal["yaml", "markdown"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How an import writes."""

    layout: Layout | None = None
    force: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An object that gets a manifest."""

    live: Live
    """Its kind and fields are what the manifest gets."""
    own: Mapping[str, Json] = field(default_factory=dict)
    """The `reconciler:` block."""
    key: str | None = None
    """Its key, if it is fixed; else the key is made from its name."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import writes, and what it leaves."""

    texts: Mapping[str, str]
    """By path from the root, the new files."""
    items: Mapping[Address, Item]
    files: Mapping[Address, str]
    """The manifest of each."""
    left: tuple[Left, ...]


def import_objects(
    repository: AllManifests,
    items: Sequence[Item],
    folders: Folders,
    options: ImportOptions,
    done: Matched,
) -> Imported:
    """New manifests of the items that lose nothing, and why the others are left; nothing is written.

    The files of matches with existing manifests are read too.
    """
    kept, left = _writable(items)
    while kept:
        named = _under_addresses(kept, repository)
        taken = {**repository.read.sources, **done.edited}  # what manifests use; what else is there is for write_files
        texts = _laid_out(named, options.layout or _usual_layout(repository), folders, taken)
        after = repository.with_files({**done.edited, **texts}, folders.all, done.values)
        check = _NewManifests(after, texts, named)
        reasons = check.reasons()
        if not reasons:
            return Imported(texts, named, check.files, tuple(left))
        settled = {address: _settled(item, reasons.get(address, {}), after) for address, item in named.items()}
        kept = [item for item in settled.values() if isinstance(item, Item)]
        left += [each for each in settled.values() if isinstance(each, Left)]
    return Imported({}, {}, {}, tuple(left))


def _settled(item: Item, reasons: Mapping[str, str], after: AllManifests) -> Item | Left:
    """The item with `false` for environments that cannot have it; it is left if none can."""
    if not reasons:
        return item
    stated = item.own.get("environments")
    absent = {**(stated if isinstance(stated, dict) else {}), **dict.fromkeys(reasons, False)}
    if after.here is not None or "" in reasons or absent == stated or len(reasons) == len(after.names):
        return Left(item.live, next(iter(reasons.values())))
    return replace(item, own={**item.own, "environments": absent})


def _writable(items: Sequence[Item]) -> tuple[list[Item], list[Left]]:
    """The items that a manifest can express, each checked alone, and why it cannot express the others."""
    tried = [_tried(item) for item in items]
    return [each for each in tried if isinstance(each, Item)], [each for each in tried if isinstance(each, Left)]


def _tried(item: Item) -> Item | Left:
    """The item with its unknown members in the block; or why no manifest can express it."""
    kind = KINDS[item.live.kind]
    body = kind.manifest(item.live.fields)
    problems = kind.check(body, ServerTraits()).problems
    wrong = [_described(each) for each in problems if each.severity == "error" and not each.is_new]
    if hidden().deep(item.live, (Marker,)) is not item.live:
        secret = [quoted(name) for name, value in body.items() if hidden().deep(value) is not value]
        wrong = [f"a secret in {' and '.join(secret) or 'it'}, which must not be written to a file"]
    if reason := next(iter(wrong), why_unwritable(body)):
        return Left(item.live, reason)
    paths: list[Json] = [*sorted({show(each.path) for each in problems if each.is_new})]
    return replace(item, own={**item.own, "unknown_members": paths}) if paths else item


def _described(problem: Problem) -> str:
    """What is wrong, and where."""
    message, path = problem.message.rstrip("."), quoted(show(problem.path))
    return message if not problem.loc or path in message else f"{path}: {message}"


def _under_addresses(items: Sequence[Item], repository: AllManifests) -> dict[Address, Item]:
    """Each item under its address, in their order."""
    fixed = {item.live.identity: item.key for item in items if item.key is not None}
    taken = {*repository.addresses, *(Address(kind, fixed[kind, id]) for kind, id in fixed)}
    made = keys_of([item.live for item in items if item.key is None], taken)
    named = {Address(item.live.kind, fixed.get(item.live.identity) or made[item.live.identity]): item for item in items}
    return dict(sorted(named.items()))


def _laid_out(
    named: Mapping[Address, Item], layout: Layout, folders: Folders, taken: Mapping[str, str]
) -> dict[str, str]:
    drafts = [
        Draft(address, KINDS[address.kind].manifest(item.live.fields), item.own) for address, item in named.items()
    ]
    return laid_out(drafts, layout, folders.by_kind, taken)


def _usual_layout(repository: AllManifests) -> Layout:
    """The layout of the existing manifests."""
    files = [manifest.file for manifest in repository.read.manifests]
    return "markdown" if files and all(file.endswith(".md") for file in files) else "yaml"


class _NewManifests:
    """The new manifests, read as they will be."""

    def __init__(self, after: AllManifests, texts: Mapping[str, str], named: Mapping[Address, Item]) -> None:
        self.after = after
        self.named = named
        self.manifests = [manifest for manifest in after.read.manifests if manifest.file in texts]
        self.files = {manifest.address: manifest.file for manifest in self.manifests}
        self.users: dict[str, list[Address]] = {}
        for manifest in self.manifests:
            for file in {manifest.file, *(node.place.file for node in manifest.attachments.values())}:
                self.users.setdefault(file, []).append(manifest.address)

    def reasons(self) -> dict[Address, dict[str, str]]:
        """By address and environment, the first reason; without an environment if it holds in all of them."""
        found: dict[Address, dict[str, str]] = {}
        for address, name, reason in self._reasons():
            found.setdefault(address, {}).setdefault(name, reason)
        return found

    def _reasons(self) -> Iterator[tuple[Address, str, str]]:
        for address in sorted(self.named.keys() - self.files.keys()):
            yield address, "", "its manifest would not be read"
        yield from self._faults(self.after.read.faults, "")
        for name in self.after.names:
            is_here = self.after.here is None or name == self.after.here.name
            parsed = self.after.parsed(name) if is_here else self.after.parsed_some(name, self.manifests)
            yield from self._faults(parsed.faults, name)
            for desired in (each for each in parsed.desired if each.address in self.named):
                live = self.named[desired.address].live
                if reason := _loss(desired, live) if is_here else f"it would be created in {name}":
                    yield desired.address, name, reason

    def _faults(self, faults: Sequence[Diagnostic], name: str) -> Iterator[tuple[Address, str, str]]:
        for fault in errors(faults):
            for address in self.users.get(fault.place.file, ()) if fault.code != UNRESOLVED else ():
                yield address, name, fault.message.rstrip(".")


def _loss(desired: Desired, live: Live) -> str:
    """Why the manifest would not match the live object; empty if it does."""
    paths = [show(each.path) for each in differences(replace(desired, ignore=()), live, KINDS[live.kind])]
    if not paths:
        return ""
    return f"{count(len(paths), 'value')} would not be read back as it is: {', '.join(paths[:3])}"
