"""The location of a manifest's value: a difference in the resolved body → edits of the files.

A value may stand in the manifest, in a file that it names, in one of several files that are joined, in the patch of
the environment, or among the environment's values. Nothing is written here, and no edit is tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import dirname, normpath
from typing import TypeAlias

from reconciler.canonical import ABSENT, Absent, Fields, Json, encode, equal
from reconciler.diagnostics import Location
from reconciler.drafts.joined_texts import split_again
from reconciler.drafts.layout import PROMPT_CHARACTERS, PROMPT_LINES
from reconciler.kinds import Kind
from reconciler.kinds.fields import text as normal_text
from reconciler.manifests.parser import Manifest, ManifestContext
from reconciler.manifests.references import Resolver, is_schema, reference_at, without_own
from reconciler.paths import at
from reconciler.source import Edit, Node, OneLine, fields, items, member, merge_patch, plain

_Steps: TypeAlias = tuple[str | int, ...]
_PATCHES = ("reconciler", "environments")
_PROMPT = "prompts/one.md"
"""A file in the usual folder of prompts."""


@dataclass(frozen=True, slots=True)
class PlacedEdit:
    """An edit of the document that begins at a place."""

    at: Location
    edit: Edit
    is_new: bool = False
    """Whether it is the text of a file that does not exist yet."""


@dataclass(frozen=True, slots=True)
class Written:
    """A manifest as it is written, and the environment in which it is read."""

    manifest: Manifest
    context: ManifestContext
    configuration: Location
    """Where the document begins that states the values of the environments."""
    stem: str
    """How the name of a new file of it begins."""
    only: bool = False
    """Whether whatever differs is written into the environment's patch."""


class NoOriginError(Exception):
    """A difference that no edit is known for."""


def edits_of(written: Written, kind: Kind, name: str, before: Fields, after: Fields) -> tuple[PlacedEdit, ...]:
    """What to edit so that a field which resolves to its value in `before` resolves to that in `after`.

    Both are bodies in normal form, and `before` is what the manifest is read as.
    """
    one, other = (kind.manifest(body) for body in (before, after))
    writer = _FieldWriter(written, kind, name, other)
    return tuple(writer.edits(one.get(name, ABSENT), other.get(name, ABSENT)))


@dataclass(frozen=True, slots=True)
class _Slot:
    """A location of a value, existing or possible: the document, the path in it, and the path in the body."""

    at: Location
    path: _Steps
    steps: _Steps
    node: Node | None
    inside: bool = False
    """Whether it is in a file that the manifest names."""
    opaque: bool = False
    """Whether it is within a JSON Schema, which is data and has no references."""

    def member(self, step: str | int, node: Node | None) -> _Slot:
        opaque = self.opaque or is_schema(self.steps)
        return replace(self, path=(*self.path, step), steps=(*self.steps, step), node=node, opaque=opaque)

    def under(self, key: str) -> _Slot | None:
        """The slot of a member, where this is a mapping."""
        is_mapping = self.node is not None and isinstance(self.node.value, dict)
        return self.member(key, member(self.node, key)) if is_mapping else None

    def items(self) -> tuple[_Slot, ...]:
        return tuple(self.member(index, node) for index, node in enumerate(items(self.node)))

    @property
    def states(self) -> bool:
        """Whether something is written here, be it null."""
        return self.node is not None

    @property
    def reference(self) -> tuple[str, tuple[str, ...]] | None:
        if self.node is None or self.opaque or not self.steps:
            return None
        return reference_at(self.node, self.steps, inside=self.inside)

    @property
    def names_files(self) -> bool:
        return self.reference is not None and self.reference[0] in ("file", "files")

    def edit(self, value: Json | Absent) -> PlacedEdit:
        return PlacedEdit(self.at, Edit(self.path, value))


@dataclass(frozen=True, slots=True)
class _FieldWriter:
    """Finds the edits of one field of one manifest."""

    written: Written
    kind: Kind
    name: str
    body: Mapping[str, Json]
    """What the manifest is to state, in the API's own shape."""

    def edits(self, before: Json | Absent, after: Json | Absent) -> Iterator[PlacedEdit]:
        node, environment = self.written.manifest.node, self.written.context.name
        base = _Slot(node.place, (), (), without_own(node)).member(self.name, member(node, self.name))
        patch = member(member(member(node, "reconciler"), "environments"), environment)
        if self.written.only and patch is None:
            patch = Node({}, node.place)
        own = _Slot(node.place, (*_PATCHES, environment), (), patch)
        yield from self._differences(base, own.under(self.name), before, after)

    def _differences(
        self, base: _Slot | None, patch: _Slot | None, before: Json | Absent, after: Json | Absent
    ) -> Iterator[PlacedEdit]:
        if equal(before, after):
            return
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self._members(self._content(base), self._content(patch), before, after)
            return
        where = self._where(base, patch)
        if isinstance(after, Absent):
            yield self._removal(base, patch, where)
        elif isinstance(after, str) and not where.states and self._has_own_file(base, where, after):
            yield from self._new_file(base, where, after)
        else:
            yield from self._set(where, before, after)

    def _where(self, base: _Slot | None, patch: _Slot | None) -> _Slot:
        """The location of the value, existing or possible."""
        there = [slot for slot in (patch, base) if slot is not None]
        return there[0] if there[0].states or self.written.only else there[-1]

    def _members(
        self, base: _Slot | None, patch: _Slot | None, before: Mapping[str, Json], after: Mapping[str, Json]
    ) -> Iterator[PlacedEdit]:
        for key in dict.fromkeys([*before, *after]):
            in_base = base.under(key) if base is not None else None
            in_patch = patch.under(key) if patch is not None else None
            if self.written.only and in_patch is None and patch is not None:
                in_patch = patch.member(key, None)
            yield from self._differences(in_base, in_patch, before.get(key, ABSENT), after.get(key, ABSENT))

    def _removal(self, base: _Slot | None, patch: _Slot | None, where: _Slot) -> PlacedEdit:
        """A patch can only take away with null what the base states."""
        if where is not patch:
            return where.edit(ABSENT)
        in_base = self.written.only or (base is not None and base.node is not None and base.node.value is not None)
        return where.edit(None if in_base else ABSENT)

    def _set(self, where: _Slot, before: Json | Absent, after: Json) -> Iterator[PlacedEdit]:
        found = where.reference
        if found is not None and found[0] == "value" and isinstance(after, str):
            yield self._value_edit(found[1][0], after)
        elif found is not None and found[0] == "files" and isinstance(before, str) and isinstance(after, str):
            yield from self._parts_edits([self._attached(where, file) for file in found[1]], after)
        else:
            slot = self._content(where) or where
            if isinstance(before, list) and isinstance(after, list) and slot.items():
                yield from self._list_edits(slot, before, after)
            elif slot is where or (isinstance(after, str) and isinstance(slot.node and slot.node.value, str)):
                yield slot.edit(_as_written(slot, self._over_base(slot, after)))
            else:
                yield where.edit(after)

    def _over_base(self, slot: _Slot, after: Json) -> Json:
        """What to write for a value: a mapping in a patch is merged over that of the base."""
        if not isinstance(after, dict) or slot.inside or slot.path[: len(_PATCHES)] != _PATCHES:
            return after
        resolver = Resolver(self.written.manifest.attachments, self.written.context.values, "")
        base = plain(resolver.resolve(without_own(self.written.manifest.node)))
        below = at(base, tuple(map(str, slot.steps)))
        patch = merge_patch(below, after) if isinstance(below, dict) else after
        if patch is None:
            raise NoOriginError
        return patch

    def _has_own_file(self, base: _Slot | None, where: _Slot, after: str) -> bool:
        """Whether a text that only the environment has is a file: where that of the others is one, or it is long."""
        is_long = after.count("\n") > PROMPT_LINES or len(after) > PROMPT_CHARACTERS
        is_prompt = self.written.only and where.steps == self.kind.prompt
        return (base is not None and base.names_files) or (is_prompt and is_long)

    def _new_file(self, base: _Slot | None, where: _Slot, after: str) -> Iterator[PlacedEdit]:
        """A text that only the environment has, in a file of its own beside the one of the others."""
        beside = base.reference[1][-1] if base is not None and base.reference is not None else _PROMPT
        named = f"{dirname(beside)}/{self.written.stem}.{self.written.context.name}.md".removeprefix("/")
        yield where.edit(OneLine(file=named))
        file = normpath(f"{dirname(self.written.manifest.file)}/{named}")
        yield PlacedEdit(Location(file, 1, 1), Edit((), after), is_new=True)

    def _content(self, slot: _Slot | None) -> _Slot | None:
        """What a reference to one file leads to; any other slot as it is."""
        found = slot.reference if slot is not None else None
        if slot is None or found is None or found[0] != "file":
            return slot
        return self._attached(slot, found[1][0])

    def _attached(self, slot: _Slot, file: str) -> _Slot:
        node = self.written.manifest.attachments[file]
        return replace(slot, at=node.place, path=(), node=node, inside=True)

    def _value_edit(self, name: str, after: str) -> PlacedEdit:
        steps = ("environments", self.written.context.name, "values", name)
        return PlacedEdit(self.written.configuration, Edit(steps, after))

    def _parts_edits(self, parts: Sequence[_Slot], after: str) -> Iterator[PlacedEdit]:
        """The files of a joined text that become others."""
        written = [str(part.node.value) if part.node is not None else "" for part in parts]
        texts = [normal_text(text.strip("\r\n")) or "" for text in written]
        became = split_again(texts, after)
        if became is None:
            raise NoOriginError
        for part, before, text, new in zip(parts, written, texts, became, strict=True):
            if text != new:  # empty lines before it are no part of what is joined
                yield part.edit(before[: len(before) - len(before.lstrip("\r\n"))] + new)

    def _list_edits(self, slot: _Slot, before: Sequence[Json], after: Sequence[Json]) -> Iterator[PlacedEdit]:
        if all(isinstance(each, dict) for each in (*before, *after)) and slot.steps == (self.name,):
            yield from self._tool_edits(slot, before, after)
            return
        items = slot.items()
        held = [self._resolved(item) for item in items]
        changes = _item_changes(held, before, after) if not slot.opaque else None
        if changes is None or not (changes.keeps_order or self._is_set(slot, after)):
            yield slot.edit([*after])
            return
        for index, value in changes.replaced.items():
            yield from self._set(items[index], held[index], value)
        yield from (slot.member(len(held) + n, None).edit(value) for n, value in enumerate(changes.added))
        yield from (items[index].edit(ABSENT) for index in changes.removed)

    def _resolved(self, item: _Slot) -> Json:
        found = item.reference
        value = self.written.context.values.get(found[1][0]) if found is not None else None
        return value if value is not None else plain(item.node) if item.node is not None else None

    def _is_set(self, slot: _Slot, after: Sequence[Json]) -> bool:
        """Whether the order of the list has no meaning."""
        bodies = ({**self.body, self.name: _within_steps(slot.steps[1:], [*side])} for side in (after, after[::-1]))
        one, other = (self.kind.read(body)[self.name] for body in bodies)
        return equal(one, other)

    def _tool_edits(self, slot: _Slot, before: Sequence[Json], after: Sequence[Json]) -> Iterator[PlacedEdit]:
        """The members of a list of named ones: each is edited where it stands, and new ones come last."""
        items = slot.items()
        written = zip(self._names([self._tool(item) for item in items]), items, strict=True)
        slots, have, want = dict(written), self._named(before), self._named(after)
        became = {name: name for name in have if name in want} | _renamed(have, want)
        for name, new in became.items():
            yield from self._differences(slots[name], None, have[name], want[new])
        added = [tool for name, tool in want.items() if name not in became.values()]
        yield from (slot.member(len(items) + n, None).edit(tool) for n, tool in enumerate(added))
        yield from (slots[name].edit(ABSENT) for name in have if name not in became)

    def _named(self, tools: Sequence[Json]) -> dict[str, Json]:
        return dict(zip(self._names(tools), tools, strict=True))

    def _names(self, tools: Sequence[Json]) -> list[str]:
        """What distinguishes each from the others; the second of one name has a number."""
        counts: Counter[str] = Counter()
        names = []
        for tool in tools:
            parts = self.kind.members(self.name, self.kind.read({self.name: [tool]})[self.name])
            name = encode([*next(iter(parts), ())])
            counts[name] += 1
            names.append(f"{name}#{counts[name]}")
        return names

    def _tool(self, item: _Slot) -> Json:
        """A tool with what its references stand for."""
        resolver = Resolver(self.written.manifest.attachments, self.written.context.values, "")
        listed = resolver.resolve(Node({self.name: Node((item.node or Node(None, item.at),), item.at)}, item.at))
        tools = plain(fields(listed)[self.name])
        return tools[0] if isinstance(tools, list) else None


def _renamed(have: Mapping[str, Json], want: Mapping[str, Json]) -> dict[str, str]:
    """Which tool is gone, and which is new and the same but for its name."""
    new = {encode(_nameless(tool)): name for name, tool in want.items() if name not in have}
    gone = {encode(_nameless(tool)): name for name, tool in have.items() if name not in want}
    return {name: new[body] for body, name in gone.items() if body in new}


def _nameless(tool: Json) -> Json:
    if not isinstance(tool, dict):
        return tool
    return {name: _nameless(value) if name == "function" else value for name, value in tool.items() if name != "name"}


@dataclass(frozen=True, slots=True)
class _ItemChanges:
    """What becomes of the items of a list, by their places in it."""

    replaced: Mapping[int, Json]
    added: Sequence[Json]
    removed: Sequence[int]
    keeps_order: bool
    """Whether the edited list is the wanted one item by item."""


def _item_changes(held: Sequence[Json], before: Sequence[Json], after: Sequence[Json]) -> _ItemChanges | None:
    """How the items as written become the wanted ones; None where one comes twice, or they are not what was read."""
    now, have, want = ({encode(each): each for each in side} for side in (held, before, after))
    if now.keys() != have.keys() or len(now) != len(held) or len(want) != len(after):
        return None
    removed = [index for index, each in enumerate(held) if encode(each) not in want]
    added = [each for name, each in want.items() if name not in now]
    replaced = {removed.pop(): added.pop()} if len(removed) == len(added) == 1 else {}
    edited = [replaced.get(index, each) for index, each in enumerate(held) if index not in removed]
    return _ItemChanges(replaced, added, removed, equal([*edited, *added], [*after]))


def _within_steps(steps: _Steps, value: Json) -> Json:
    for step in reversed(steps):
        value = {step: value} if isinstance(step, str) else [value]
    return value


def _as_written(slot: _Slot, after: Json) -> Json:
    """The value, a text with the line ends and the final newlines that the written one has and that mean nothing.

    A file of text keeps them by itself.
    """
    written = slot.node.value if slot.node is not None and slot.path else None
    if not isinstance(written, str) or not isinstance(after, str) or normal_text(written) == written:
        return after
    final = written[len(written.rstrip("\r\n")) :]
    newline = "\r\n" if "\r\n" in written else "\n"
    return after.replace("\n", newline) + final
