"""Live values → the texts of the files that state them, each read again before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.authoring.all_manifests import AllManifests, existing
from reconciler.authoring.file_changes import text_of
from reconciler.authoring.pull_check import TakenField, also_changed, wrong_fields
from reconciler.canonical import Fields, Json, equal
from reconciler.config import FILE
from reconciler.console.credentials import hidden
from reconciler.diagnostics import Location
from reconciler.drafts.origins import NoOriginError, PlacedEdit, Written, edits_of
from reconciler.drafts.unwritable import why_unwritable
from reconciler.kinds import KINDS, Kind
from reconciler.manifests import parser
from reconciler.plan.taken import Taken
from reconciler.run.manifest_context import manifest_context
from reconciler.source import Edit, edited, locate, parse

_UNSAFE = "it cannot be edited safely where it stands: {0}write it by hand"
_THERE = "its file would be {0}, which exists with different content: move that file, or write the value by hand"
_SHARED = (
    "{0} has a different live value, and both share one location: take them with `--only {1}`, or write it by hand"
)
SECRET = "the live value holds a secret of this environment"  # noqa: S105  # says so


@dataclass(frozen=True, slots=True)
class NewTexts:
    """The new texts, and what else they change."""

    texts: Mapping[str, str]
    before: Mapping[str, str]
    fields: tuple[TakenField, ...]
    left: tuple[tuple[TakenField, str], ...]
    """What could not be written, and why."""
    also: tuple[str, ...] = ()


@dataclass(slots=True)
class _Writer:
    """Drops fields until the rest is read as intended."""

    repository: AllManifests
    environment: str
    only: bool
    before: dict[str, str] = field(default_factory=dict)
    left: list[tuple[TakenField, str]] = field(default_factory=list)

    @property
    def context(self) -> parser.ManifestContext:
        return manifest_context(self.repository.config, self.repository.environments[self.environment])

    @property
    def unsafe(self) -> str:
        """Why a value without a known edit is left, and what to do: a patch is always possible."""
        return _UNSAFE.format("" if self.only else f"take it with `--only {self.environment}`, or ")

    def text(self, file: str) -> str | None:
        """The content of a file; None if it does not exist."""
        if file not in self.before and (self.repository.config.root / file).exists():
            self.before[file] = text_of(self.repository.config.root, file)
        return self.before.get(file)

    def drop(self, fields: Sequence[TakenField], wrong: Mapping[TakenField, str]) -> list[TakenField]:
        self.left += wrong.items()
        return [each for each in fields if each not in wrong]


def new_texts(repository: AllManifests, environment: str, taken: Iterable[Taken], *, only: bool) -> NewTexts:
    """The files with the taken values, as far as they are read as exactly these and nothing else."""
    writer = _Writer(repository, environment, only)
    fields = list(_placed_fields(writer, taken))
    fields = writer.drop(fields, _clashing(fields, environment))
    while fields:
        texts, wrong = _edited_texts(writer, fields)
        after = _with_texts(writer, texts, fields)
        wrong = wrong or wrong_fields(repository, after, environment, fields)
        if not wrong:
            texts = {file: text for file, text in texts.items() if text != writer.before.get(file)}
            before = {file: text for file, text in writer.before.items() if file in texts}
            also = also_changed(repository, after, environment, fields)
            return NewTexts(texts, before, tuple(fields), tuple(writer.left), also)
        fields = writer.drop(fields, wrong)
    return NewTexts({}, {}, (), tuple(writer.left))


def _placed_fields(writer: _Writer, taken: Iterable[Taken]) -> Iterator[TakenField]:
    """Every field with its edits; those without any, and those that hold a secret, are left."""
    manifests = {(each.file, each.node.place): each for each in writer.repository.read.manifests}
    configuration, keys = _configuration_place(writer), Counter(each.key for each in writer.repository.addresses)
    for one in taken:
        manifest = manifests[(one.desired.place.file, one.desired.place)]
        stem = one.address.key if keys[one.address.key] == 1 else f"{one.address.key}.{one.address.kind}"
        written = Written(manifest, writer.context, configuration, stem, writer.only)
        after, kind = one.after(), KINDS[one.address.kind]
        for name in (name for name in kind.fields if not equal(one.desired.fields[name], after[name])):
            paths = tuple(path for path in one.values if path[0] == name)
            field = TakenField(one.address, name, paths, after[name], locate(manifest.node, (name,)))
            why = _why_untaken(field, kind.manifest(after))
            edits = _edits(written, kind, name, one.desired.fields, after) if why is None else ()
            if edits:
                yield replace(field, edits=edits)
            else:
                writer.left.append((field, why or writer.unsafe))


def _why_untaken(field: TakenField, body: Mapping[str, Json]) -> str | None:
    """Why no file may have the value, or none can."""
    if hidden().deep(field.value) != field.value:
        return SECRET
    why = why_unwritable({field.name: body[field.name]}) if field.name in body else None
    return f"no manifest can have it: {why}" if why is not None else None


def _edits(written: Written, kind: Kind, name: str, before: Fields, after: Fields) -> tuple[PlacedEdit, ...]:
    try:
        return edits_of(written, kind, name, before, after)
    except NoOriginError:
        return ()


def _configuration_place(writer: _Writer) -> Location:
    documents = parse(writer.text(FILE) or "", FILE).documents
    return documents[0].place if documents else Location(FILE)


def _clashing(fields: Sequence[TakenField], environment: str) -> dict[TakenField, str]:
    """The fields that put different values at one location, and why that is left."""
    first: dict[tuple[Location, tuple[str | int, ...]], tuple[TakenField, Edit]] = {}
    clashing: dict[TakenField, str] = {}
    for each in fields:
        for placed in each.edits:
            other, edit = first.setdefault((placed.at, placed.edit.path), (each, placed.edit))
            if not equal(edit.value, placed.edit.value):
                clashing[each] = _SHARED.format(other.address, environment)
                clashing.setdefault(other, _SHARED.format(each.address, environment))
    return clashing


def _edited_texts(writer: _Writer, fields: Sequence[TakenField]) -> tuple[dict[str, str], dict[TakenField, str]]:
    """The edited files, or the fields that keep one from being edited."""
    by_document: dict[Location, list[TakenField]] = {}
    for each in fields:
        for at in dict.fromkeys(placed.at for placed in each.edits):
            by_document.setdefault(at, []).append(each)
    texts: dict[str, str] = {}
    for at in sorted(by_document, key=lambda at: (at.file, -at.line, -at.column)):  # what stands before keeps its place
        text = texts[at.file] if at.file in texts else writer.text(at.file)
        became = _edited_document(text, at, by_document[at])
        if became is None:
            alone = [each for each in by_document[at] if _edited_document(text, at, [each]) is None]
            is_new = any(placed.is_new for each in by_document[at] for placed in each.edits if placed.at == at)
            return {}, dict.fromkeys(alone or by_document[at], _THERE.format(at.file) if is_new else writer.unsafe)
        texts[at.file] = became
    return texts, {}


def _edited_document(text: str | None, at: Location, fields: Iterable[TakenField]) -> str | None:
    """The text with the edits of one document; a new file has the text of its only edit, and may be there with that."""
    placed = {each.edit.path: each for field in fields for each in field.edits if each.at == at}
    if any(each.is_new for each in placed.values()):
        whole = f"{placed[()].edit.value}\n"
        return whole if text in (None, whole) else None
    if text is None:
        return None
    return edited(text, at.file, at, [each.edit for each in placed.values()])


def _with_texts(writer: _Writer, texts: Mapping[str, str], fields: Iterable[TakenField]) -> AllManifests:
    """The repository as it will be, the values of the environment included."""
    repository = writer.repository
    here = repository.environments[writer.environment]
    steps = ("environments", here.name, "values")
    edits = [placed.edit for each in fields for placed in each.edits if placed.at.file == FILE]
    values = {str(edit.path[-1]): str(edit.value) for edit in edits if edit.path[:-1] == steps}
    if values:
        here = replace(here, values={**here.values, **values})
        environments = {**repository.config.environments, here.name: here}
        repository = replace(repository, here=here, config=replace(repository.config, environments=environments))
    overlay = {file: text for file, text in texts.items() if file != FILE}
    return repository.with_files(overlay, existing(repository.config, repository.config.manifests))
