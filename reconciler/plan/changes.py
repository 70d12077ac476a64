"""Changes: what each does, what it sends, the digests by which it is known again, and the totals of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.canonical import Absent, Fields, Json, digest, equal
from reconciler.kinds import KINDS, Kind, ServerTraits
from reconciler.model import Action, Address, Change, Desired, FieldChange, Live, Marker, Plan, Target
from reconciler.paths import Path
from reconciler.plan import marker as markers
from reconciler.plan.diff import Comparison, result, whole, wire
from reconciler.plan.schema_changes import meanings


def creation(desired: Desired, kind: Kind) -> Change:
    """A new object, with what is stated and no default."""
    patch = {
        name: kind.wire(name, desired.fields[name], None)
        for name in kind.fields
        if (name,) not in desired.left_to_server and digest(desired.fields[name]) != digest(kind.default(name))
    }
    fields = whole(desired.fields, kind, created=True)
    return _make_change("create", desired.address, None, fields, patch=patch, desired=desired)


def updated(
    action: Action,
    desired: Desired,
    live: Live,
    compared: Comparison,
    where: Target,
    previous: Marker | None = None,
) -> Change:
    """A live object that becomes as desired, or at least ours."""
    schemas = KINDS[live.kind].schemas
    before, after = schemas(live.fields), schemas(desired.fields)
    changed = {field.path[0] for field in compared.fields}
    paths = sorted(path for path in before.keys() & after.keys() if path[0] in changed)
    return replace(
        _make_change(action, desired.address, live, compared.fields, patch=compared.patch, desired=desired),
        hidden=compared.hidden,
        meanings=tuple((path, meaning) for path in paths for meaning in meanings(before[path], after[path])),
        previous_key=previous.key if previous else None,
        previous_stack=previous.stack if previous and previous.stack != where.stack else None,
    )


def removal(action: Action, live: Live) -> Change:
    """A live object that is deleted or forgotten."""
    fields = whole(live.fields, KINDS[live.kind], created=False) if action == "delete" else ()
    return _make_change(action, live.address, live, fields)


def narrow(change: Change, paths: Collection[Path]) -> Change | None:
    """The change as if only these paths were pending; None where that leaves nothing to do.

    A path stands for what is written as one with it: a member of `tools` or `metadata`, else the field. Whatever the
    server takes together only goes together, and the rest is sent back as it is live. A create or a removal is whole.
    """
    desired, live = change.desired, change.live
    if desired is None or live is None:
        return change
    parts = _parts_by_path(change, desired, live)
    chosen = _with_needed({parts[path] for path in paths if path in parts}, parts, desired, live)
    if not chosen and change.action == "update":
        return None
    held = tuple(sorted({*parts.values()} - chosen))
    return _without_held(change, replace(desired, held=held), live, parts) if held else change


def parted(change: Change, paths: Collection[Path]) -> tuple[Change | None, Change | None]:
    """The change narrowed to the paths, and what is left of it once that is done."""
    own, desired, live = narrow(change, paths), change.desired, change.live
    if own is None or own is change or desired is None or live is None:
        return (own, None) if own is not None else (None, change)
    parts = _parts_by_path(change, desired, live)
    done = tuple(sorted({parts[field.path] for field in own.fields}))
    update = replace(change, action="update", previous_key=None, previous_stack=None, origin="pending")
    return own, _without_held(update, replace(desired, held=done), live, parts)


def _parts_by_path(change: Change, desired: Desired, live: Live) -> dict[Path, Path]:
    """By the path of each field change, what is written as one with it."""
    kind = KINDS[live.kind]
    sides = (live.fields, desired.fields)
    whole = sorted({part for name in kind.fields for side in sides for part in kind.members(name, side[name])}, key=len)
    paths = [field.path for field in change.fields]
    return {path: next((part for part in whole if path[: len(part)] == part), path[:1]) for path in paths}


def _with_needed(chosen: set[Path], parts: Mapping[Path, Path], desired: Desired, live: Live) -> set[Path]:
    """The parts, and those of the others without which the server would not take them: of one field, else all."""
    every = {*parts.values()}
    if not chosen or chosen == every:
        return chosen
    fields = dict.fromkeys(part[0] for part in sorted(every))
    chosen = _with_companions(chosen, every, desired, live)
    more = [_with_companions(chosen | {p for p in every if p[0] == name}, every, desired, live) for name in fields]
    held = ((some, replace(desired, held=tuple(every - some))) for some in (chosen, *more))
    return next((some for some, partly in held if _is_sound(partly, live)), every)


def _with_companions(chosen: set[Path], every: set[Path], desired: Desired, live: Live) -> set[Path]:
    """The parts, and the fields that have to travel with them."""
    kind, changed = KINDS[live.kind], frozenset(part[0] for part in chosen)
    travelling = kind.companions(desired, live, changed)
    needed = {field for field, before in travelling.items() if not equal(before, live.fields[field])}
    needed |= {path[0] for path in kind.resets(desired, live, changed)}
    return chosen | {part for part in every if part[0] in needed}


def _is_sound(desired: Desired, live: Live) -> bool:
    """Whether what is written and what is held go together, as far as is known: no rule breaks that held on a side.

    A mere warning counts: a server may reject that.
    """
    kind = KINDS[live.kind]

    def problems(fields: Fields) -> set[tuple[str, str]]:
        return {(p.code, p.message) for p in kind.check(kind.manifest(fields), ServerTraits()).problems}

    return problems(result(desired, live, kind)) <= problems(live.fields) | problems(desired.fields)


def _without_held(change: Change, desired: Desired, live: Live, parts: Mapping[Path, Path]) -> Change:
    """The change without the parts that are held."""
    fields = tuple(field for field in change.fields if parts[field.path] not in desired.held)
    written = {field.path[0] for field in fields}
    return replace(
        change,
        fields=fields,
        patch={name: wire(name, desired, live, KINDS[live.kind]) for name in change.patch if name in written},
        hidden=change.hidden + sum(name not in written for name in change.patch),
        digest=change_digest(change.action, change.address, change.id, fields),
        seen=live_digest(live, desired),
        meanings=tuple((p, meaning) for p, meaning in change.meanings if any(_related(f.path, p) for f in fields)),
        desired=desired,
    )


def _related(one: Path, other: Path) -> bool:
    """Whether one of the paths leads to the other."""
    return all(a == b for a, b in zip(one, other, strict=False))


def _make_change(
    action: Action,
    address: Address,
    live: Live | None,
    fields: tuple[FieldChange, ...] = (),
    *,
    patch: Mapping[str, Json] | None = None,
    desired: Desired | None = None,
) -> Change:
    id = live.id if live is not None else None
    return Change(
        action=action,
        address=address,
        id=id,
        digest=change_digest(action, address, id, fields),
        fields=fields,
        patch=patch or {},
        seen=live_digest(live, desired) if live is not None else None,
        desired=desired,
        live=live,
    )


def change_digest(action: Action, address: Address, id: str | None, fields: Iterable[FieldChange]) -> str:
    """What a review agrees to: kind, key, id, action, and every path with its values."""
    paths: list[Json] = [[list(f.path), digest_input(f.before), digest_input(f.after)] for f in fields]
    return digest([address.kind, address.key, id, action, paths])


def digest_input(value: Json | Absent) -> list[Json]:
    """A value within a digest, apart from there being none."""
    return [] if isinstance(value, Absent) else [value]


def live_digest(live: Live, desired: Desired | None = None) -> str:
    """A digest of everything about a live object that a plan relied on: not what is left to others."""
    owner: list[Json] = [live.marker.stack, live.marker.environment, live.marker.key] if live.marker else []
    others = (*desired.untouched, *desired.left_to_server) if desired is not None else ()
    relied = {f: markers.less_ignored(f, value, others, KINDS[live.kind]) for f, value in live.fields.items()}
    return digest({"fields": {f: v for f, v in relied.items() if not isinstance(v, Absent)}, "owner": owner})


@dataclass(frozen=True, slots=True)
class Summary:
    """The totals of a plan's last line."""

    add: int = 0
    change: int = 0
    destroy: int = 0
    imports: int = 0
    forget: int = 0


def fingerprint(plan: Plan) -> str:
    """The same for the same changes to the same target, whatever their order, the commit or the run."""
    changes: list[Json] = [*sorted(change.digest for change in plan.changes)]
    return digest({**plan.where.identity, "changes": changes})


def tally(changes: Iterable[Change]) -> Summary:
    """Changes by what they do; an import that changes fields counts as both, as in Terraform."""
    counts: Counter[str] = Counter()
    for change in changes:
        counts[change.action] += 1
        counts["changing import"] += change.action == "adopt" and bool(change.fields)
    return Summary(
        add=counts["create"],
        change=counts["update"] + counts["rename"] + counts["changing import"],
        destroy=counts["delete"],
        imports=counts["adopt"],
        forget=counts["forget"],
    )
