"""Two environments compared, for people and programs: what differs as stated in Git, and what only live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.canonical import Absent, Json, plain
from reconciler.kinds import KINDS
from reconciler.paths import show
from reconciler.plan.environments import EnvironmentComparison, PathDifference, ResourceDifference, Side
from reconciler.render import tree
from reconciler.render.markdown import written
from reconciler.render.markup import LIMIT
from reconciler.render.page import part_of
from reconciler.render.sentences import address_of
from reconciler.render.style import Style
from reconciler.render.text import page_text
from reconciler.render.values import in_ascii, one_line
from reconciler.render.view import ChangeView, Document, FieldView

FORMAT_VERSION = "1.0"
_WHY = {
    "edit": "not applied yet in",
    "adoption": "not adopted yet in",
    "drift": "drift in",
    "conflict": "changed in Git and live in",
    "unknown": "changed, by whom is not known, in",
    "mismatch": "not kept by the server in",
}
"""Why what is live in an environment is not as stated."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The differences of one sort, and the words for each."""

    title: str
    counted: str
    action: str
    will: str
    members: tuple[ResourceDifference, ...]
    paths: Literal["stated", "live", ""] = ""
    """Which paths of each are shown, if any."""

    def differing(self, one: ResourceDifference) -> tuple[PathDifference, ...]:
        """The paths of one that are shown here."""
        return one.stated if self.paths == "stated" else one.live if self.paths == "live" else ()


def data(comparison: EnvironmentComparison) -> Document:
    """The comparison as data: `from` and `to` are the two environments in the order in which they were named."""
    first, second = comparison.sides
    resources = [_resource_document(one, comparison.sides) for one in comparison.differences]
    return {
        "format_version": FORMAT_VERSION,
        "from": _side_document(first),
        "to": _side_document(second),
        "summary": {
            **{name: len(group.members) for name, group in _difference_groups(comparison).items()},
            "equal": comparison.equal,
        },
        "resources": [*resources],
    }


def _side_document(side: Side) -> Document:
    where = side.where
    return {
        "environment": where.environment,
        "provider": where.provider,
        "base_url": where.base_url,
        "organization": where.organization,
        "project": where.project,
        "stack": where.stack,
        "unread": side.unread,
        "api_not_found": [*side.gone],
        "unmanaged": None if side.unread is not None else side.unmanaged,
        "elsewhere": None if side.unread is not None else side.elsewhere,
    }


def _resource_document(one: ResourceDifference, sides: Sequence[Side]) -> Document:
    names = [side.where.environment for side in sides]
    return {
        "address": str(one.address),
        "kind": one.address.kind,
        "key": one.address.key,
        "file": one.place.file if one.place is not None else None,
        "line": one.place.line or None if one.place is not None else None,
        "ids": {name: id for name, id in zip(names, one.ids, strict=True) if id is not None},
        "stated_in": [name for name, is_stated in zip(names, one.in_git, strict=True) if is_stated],
        "not_live_in": [*one.absent],
        "only_live_in": [*one.orphaned],
        "stated": [_path_document(each) for each in one.stated],
        "live": [_path_document(each) for each in one.live],
    }


def _path_document(one: PathDifference) -> Document:
    return {
        "path": show(one.path),
        "from": _json_of(one.before),
        "to": _json_of(one.after),
        "not_as_stated": [{"environment": environment, "why": why} for environment, why in one.deviations],
    }


def _json_of(value: Json | Absent) -> Json:
    return None if isinstance(value, Absent) else plain(value)


# what is said


def _difference_groups(comparison: EnvironmentComparison) -> dict[str, _Group]:
    """The differences by their sort; one address may differ in two."""
    first, second = (one_line(side.where.environment) for side in comparison.sides)
    every, arrow = comparison.differences, f"{first} -> {second}"
    both = [one for one in every if all(one.in_git)]
    stated = tuple(one for one in both if one.stated)
    live = tuple(one for one in both if one.live)
    absent = tuple(one for one in both if one.absent)
    only = [tuple(one for one in every if one.in_git == pair) for pair in ((True, False), (False, True))]
    neither = tuple(one for one in every if not any(one.in_git))
    is_only = (f"is only in {first}, as stated in Git", f"is only in {second}, as stated in Git")
    unstated = "is managed without a manifest"
    return {
        "stated": _Group(
            f"Stated differently in Git ({arrow})", "as stated in Git", "update", "differs", stated, "stated"
        ),
        "live": _Group(
            f"Different live, and not as stated ({arrow})", "only live", "update", "differs live", live, "live"
        ),
        "absent": _Group("Not applied yet", "not applied yet", "create", "is not live in {}: not applied yet", absent),
        "only_from": _Group(f"Only in {first}", f"only in {first}", "delete", is_only[0], only[0]),
        "only_to": _Group(f"Only in {second}", f"only in {second}", "create", is_only[1], only[1]),
        "unstated": _Group("Managed without a manifest", "without a manifest", "update", unstated, neither),
    }


def _comparison_page(comparison: EnvironmentComparison) -> tree.Page:
    groups = [group for group in _difference_groups(comparison).values() if group.members]
    numbers = [f"{len(group.members)} {group.counted}" for group in groups]
    differing, total = len(comparison.differences), len(comparison.differences) + comparison.equal
    return tree.Page(
        headline=f"{differing} of {total} {'differs' if differing == 1 else 'differ'}: {', '.join(numbers)}",
        tone="pending" if groups else "nothing",
        places=tuple(_place(side) for side in comparison.sides),
        lost=(),
        offline=tuple(_offline(comparison.sides)),
        alerts=(),
        parts=tuple(_part(group, comparison) for group in groups),
        notes=tuple(tree.Note("", note) for note in _missing_apis(comparison.sides)),
        ends=(tree.End("", tuple(_uncompared(comparison.sides)), _verdict(comparison, numbers), ""),),
    )


def _place(side: Side) -> tree.Place:
    return tree.Place(side.where.environment, side.where.stack, address_of(side.where))


def _offline(sides: Sequence[Side]) -> Iterator[tree.Offline]:
    reasons = {side.unread for side in sides}
    for side in sides[:1] if len(reasons) == 1 else sides:
        if side.unread is not None:
            yield tree.Offline(side.where.environment if len(reasons) > 1 else "", side.unread, "")


def _missing_apis(sides: Iterable[Side]) -> Iterator[str]:
    for side in sides:
        for kind in side.gone:
            environment, own = one_line(side.where.environment), KINDS[kind]
            yield f"{environment} has no {own.api}: of its {own.plural} only the manifests were compared."


def _uncompared(sides: Iterable[Side]) -> Iterator[str]:
    """`Unmanaged: 3 in staging, 1 in production.`: what is no part of the comparison."""
    read = [side for side in sides if side.unread is None]
    for word, numbers in (
        ("Unmanaged", [(side.unmanaged, side) for side in read]),
        ("Of other stacks", [(side.elsewhere, side) for side in read]),
    ):
        found = [f"{number:,} in {one_line(side.where.environment)}" for number, side in numbers if number]
        if found:
            yield f"{word}: {', '.join(found)}."


def _verdict(comparison: EnvironmentComparison, numbers: Sequence[str]) -> str:
    first, second = (one_line(side.where.environment) for side in comparison.sides)
    unread = [one_line(side.where.environment) for side in comparison.sides if side.unread is not None]
    how = f"; of {' and '.join(unread)} only the manifests were compared" if unread else ""
    if not comparison.differences:
        return f"No differences between {first} and {second}: {comparison.equal:,} equal{how}."
    return f"{first} and {second} differ: {', '.join(numbers)}; {comparison.equal:,} equal{how}."


def _part(group: _Group, comparison: EnvironmentComparison) -> tree.Part:
    part = part_of(group.title, [_change(one, group, comparison.sides) for one in group.members])
    why = {str(one.address): tuple(_deviation_lines(one, group)) for one in group.members}
    will = {str(one.address): group.will.format(*map(one_line, one.absent)) for one in group.members}

    def worded(section: tree.Section) -> tree.Section:
        if section.address:
            return replace(section, will=will[section.address], why=why[section.address])
        shared = [f"{member.address}: {line}" for member in section.members for line in why[member.address]]
        return replace(section, why=tuple(shared))

    def listed(row: tree.TableRow) -> tree.TableRow:
        return replace(row, done=(tree.Run(group.counted),) if row.action != "update" else ())

    return replace(part, sections=tree.Made(worded, list(part.sections)), rows=tree.Made(listed, list(part.rows)))


def _change(one: ResourceDifference, group: _Group, sides: Sequence[Side]) -> ChangeView:
    known = zip(one.ids, (side.where.environment for side in sides), strict=True)
    return ChangeView(
        address=str(one.address),
        action=group.action,
        origin=None,
        id=", ".join(f"{id} in {environment}" for id, environment in known if id is not None),
        previous_key=None,
        previous_stack=None,
        file=one.place.file if one.place is not None else None,
        line=one.place.line if one.place is not None else None,
        fields=tuple(
            FieldView(show(each.path), _json_of(each.before), _json_of(each.after), "edit", None)
            for each in group.differing(one)
        ),
        unchanged_fields=0,
        meanings=(),
        patch={},
        held_by=(),
    )


def _deviation_lines(one: ResourceDifference, group: _Group) -> Iterator[str]:
    """What is not as stated, and where."""
    if one.orphaned:
        yield f"live in {' and '.join(one.orphaned)}, where the next apply removes it"
    for each in group.differing(one):
        if each.deviations:
            words = ", ".join(f"{_WHY[why]} {environment}" for environment, why in each.deviations)
            yield f"{show(each.path)}: {words}"


def _text(comparison: EnvironmentComparison, style: Style) -> str:
    return page_text(_comparison_page(comparison), style)


def _markdown(comparison: EnvironmentComparison, style: Style) -> str:
    return written(_comparison_page(comparison), LIMIT)


def _json(comparison: EnvironmentComparison, style: Style) -> str:
    return in_ascii(data(comparison), indent=2) + "\n"


FORMATS = {"text": _text, "markdown": _markdown, "json": _json}
