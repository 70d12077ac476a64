"""A manifest compared with a live object: the texts that differ, and the smallest patch that makes them equal."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from reconciler.canonical import ABSENT, Absent, Json, encode, equal
from reconciler.kinds import KINDS, Kind, ServerTraits
from reconciler.manifests.references import may_hold_value
from reconciler.model import Desired, Live
from reconciler.paths import copied, show
from reconciler.plan.diff import differences
from reconciler.source import merge_patch

Steps: TypeAlias = tuple[str | int, ...]
_LONGEST = 200
"""A longer text never becomes a value."""


class AssumedValues(dict[str, str]):
    """The values of an environment, and a text that stands for each that it lacks: what was matched may tell them."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return f"{{value: {name}}}"


@dataclass(frozen=True, slots=True)
class DifferingText:
    """A text that differs live, and its location in the document."""

    at: Steps
    before: str
    after: str
    value: str | None = None
    """The name of the value that stands there, if it is one."""


@dataclass(frozen=True)
class Beside:
    """A manifest beside the live object that is its own in an environment."""

    written: Mapping[str, Json]
    """Its fields as the document has them."""
    resolved: Mapping[str, Json]
    """The same with references resolved, without a patch."""
    desired: Desired
    """What it asks for in the environment, with the patch that it has there."""
    live: Live

    @property
    def kind(self) -> Kind:
        return KINDS[self.live.kind]

    @cached_property
    def targets(self) -> dict[str, Json | Absent]:
        """The fields that are not as they are live, with what the API would have for each; absent is its default."""
        # Another model, live, may reject less than the manifest's: then the server chooses less.
        still = self.kind.check(self._as_live(self.desired), ServerTraits()).left_to_server
        desired = replace(self.desired, left_to_server=self.desired.left_to_server & still)
        names = dict.fromkeys(each.path[0] for each in differences(desired, self.live, self.kind))
        stated = self._as_live(desired)
        return {name: self._aligned(name, stated[name]) if name in stated else ABSENT for name in names}

    def _as_live(self, desired: Desired) -> dict[str, Json]:
        """The body that the live object has, as the API takes it, but for what is left to the server."""
        fields: Json = dict(self.live.fields)
        for path in (*desired.ignore, *desired.left_to_server):
            fields = copied(fields, path, dict(desired.fields))
        return self.kind.manifest(fields if isinstance(fields, dict) else {})

    @property
    def unknown_members(self) -> tuple[str, ...]:
        """The paths within the fields that differ which are not known here, and which the manifest has to name."""
        body = {name: value for name, value in self.targets.items() if not isinstance(value, Absent)}
        problems = self.kind.check(body, ServerTraits()).problems
        return tuple(sorted({show(each.path) for each in problems if each.is_new}))

    def texts(self) -> tuple[DifferingText, ...]:
        """The short texts that differ at paths that allow a value; prompts are excluded."""
        return tuple(
            text
            for name, target in self.targets.items()
            if name != self.kind.prompt[0] and not isinstance(target, Absent)
            for text in _differing_texts((name,), self.written.get(name), self.resolved.get(name), target)
        )

    def with_values(self, names: Mapping[Steps, str]) -> Beside:
        """The same once values stand at these places, and give what is live."""
        if not names:
            return self
        written, resolved = dict(self.written), dict(self.resolved)
        for text in (text for text in self.texts() if text.at in names):
            field, inner = str(text.at[0]), text.at[1:]
            written[field] = _put_inside(written[field], inner, {"value": names[text.at]})
            resolved[field] = _put_inside(resolved[field], inner, text.after)
        return replace(self, written=written, resolved=resolved)

    def patch(self) -> dict[str, Json | Absent] | None:
        """By field that differs, what the environment's patch has to say of it: nothing where it is absent.

        None where no merge patch can say it.
        """
        patch: dict[str, Json | Absent] = {}
        for name, target in self.targets.items():
            before = self.resolved.get(name, ABSENT)
            if equal(before, target):
                patch[name] = ABSENT
            elif isinstance(target, Absent):
                patch[name] = None
            else:
                value = merge_patch(None if isinstance(before, Absent) else before, target)
                if value is None:
                    return None
                patch[name] = self._as_in_manifest(name, value)
        return patch

    def _as_in_manifest(self, name: str, patch: Json) -> Json:
        """A field's patch in which what the manifest has too stands as there."""
        written, resolved = self.written.get(name), self.resolved.get(name)
        if not (isinstance(patch, list) and isinstance(written, list) and isinstance(resolved, list)):
            return _as_written(patch, written, resolved)
        by_identity = {self._identity(name, entry): index for index, entry in enumerate(resolved)}
        indices = [by_identity.get(self._identity(name, entry)) for entry in patch]
        return [
            entry if index is None else _member_as_written(entry, written[index], resolved[index])
            for entry, index in zip(patch, indices, strict=True)
        ]

    def _aligned(self, name: str, target: Json) -> Json:
        """The tools in the order of the manifest, those that are the same as it has them."""
        before = self.resolved.get(name)
        if not (isinstance(before, list) and isinstance(target, list) and self.kind.table[name].by_member):
            return target
        left: defaultdict[str, deque[Json]] = defaultdict(deque)
        for entry in target:
            left[self._identity(name, entry)].append(entry)
        found = [(entry, left[key].popleft()) for entry in before if left[key := self._identity(name, entry)]]
        same = [
            entry if equal(self._normal(name, entry), self._normal(name, after)) else after for entry, after in found
        ]
        used = {id(after) for _, after in found}
        return [*same, *(entry for entry in target if id(entry) not in used)]

    def _normal(self, name: str, entry: Json) -> Json:
        return self.kind.read({name: [entry]})[name]

    def _identity(self, name: str, entry: Json) -> str:
        """What tells an entry from the others."""
        return encode([list(path) for path in self.kind.members(name, self._normal(name, entry))])


def _differing_texts(at: Steps, written: Json, resolved: Json, target: Json) -> Iterator[DifferingText]:
    if isinstance(resolved, str) and isinstance(target, str):
        name = _value_name(written)
        fits = "\n" not in target and max(len(resolved), len(target)) <= _LONGEST and at[-1] != "type"
        if resolved != target and fits and may_hold_value(at) and (name is not None or isinstance(written, str)):
            yield DifferingText(at, resolved, target, name)
    elif isinstance(written, dict) and isinstance(resolved, dict) and isinstance(target, dict):
        for key in sorted(written.keys() & resolved.keys() & target.keys()):
            yield from _differing_texts((*at, key), written[key], resolved[key], target[key])
    elif isinstance(written, list) and isinstance(resolved, list) and isinstance(target, list):
        triples = zip(written, resolved, target, strict=False) if len(resolved) == len(target) else ()
        for index, (one, before, after) in enumerate(triples):
            yield from _differing_texts((*at, index), one, before, after)


def _value_name(written: Json) -> str | None:
    name = written.get("value") if isinstance(written, dict) and len(written) == 1 else None
    return name if isinstance(name, str) else None


def _put_inside(value: Json, at: Steps, inner: Json) -> Json:
    """The value with another at a place within it, which is there."""
    if not at:
        return inner
    if isinstance(value, list):
        return [_put_inside(each, at[1:], inner) if index == at[0] else each for index, each in enumerate(value)]
    members = value if isinstance(value, dict) else {}
    return {key: _put_inside(each, at[1:], inner) if key == at[0] else each for key, each in members.items()}


def _as_written(value: Json, written: Json, resolved: Json) -> Json:
    """A value, or a patch, in which what the manifest has too stands as there: by reference, if it is one."""
    if isinstance(value, list) and isinstance(written, list) and isinstance(resolved, list):
        return [
            next((one for one, had in zip(written, resolved, strict=True) if equal(had, each)), each) for each in value
        ]
    if isinstance(value, dict) and isinstance(written, dict) and isinstance(resolved, dict):
        known = resolved if written.keys() == resolved.keys() else {}  # else it is a reference itself
        return {
            key: _member_as_written(each, written[key], resolved[key]) if key in known else each
            for key, each in value.items()
        }
    return value


def _member_as_written(value: Json, written: Json, resolved: Json) -> Json:
    return written if value is not None and equal(value, resolved) else _as_written(value, written, resolved)
