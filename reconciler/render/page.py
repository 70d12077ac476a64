"""Everything that is decided about how a plan is shown: what is said, grouped, shortened and ordered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, TypeAlias

from reconciler import paths
from reconciler.canonical import Json
from reconciler.render import grouping, sentences, tree, verdict
from reconciler.render.grouping import ANSWERS, WHOLE, Half, Shared, common, halves, within
from reconciler.render.values import both, compact, shortened, structure
from reconciler.render.view import ChangeView, FieldView, Lost, ObjectionView, View

_NEW_LINES = 40  # of a text that comes or goes whole
_ALL_NEW_LINES = 4_000  # of all such texts of a plan
_FEWEST = 3
_SHORT = 60  # characters of a text that reads well on one line
_WIDTH = 64  # columns of a field with its values on one line
_DEEPEST = 4  # `tools.functions.lookup.parameters`
_SCHEMA_LINES = 400
_SHARERS = 3  # of those who share a change, in the table
_ENVIRONMENTS = 4  # by name
_NAME = 60
_TEXT = (str, type(None))
_SINCE = "Changed outside Git since the last apply"

_Subject: TypeAlias = ChangeView | Shared


def page_of(view: View) -> tree.Page:
    """The page of one plan."""
    parts = [
        part_of(half.title, half.changes, half.objections, later=number > 0, kinds=view.kinds)
        for number, half in enumerate(halves(view))
    ]
    return tree.Page(
        headline=verdict.headline(view),
        tone=_tone([view]),
        places=(_place_of(view),),
        lost=(),
        offline=() if view.offline is None else (_offline_of(view, ""),),
        alerts=_alerts_by_code(view.objections, ""),
        parts=tuple(part for part in parts if part.title or part.has_any),
        notes=tuple(tree.Note("", note) for note in sentences.notes(view)),
        ends=(_end_of(view, ""),),
    )


def _tone(views: Iterable[View]) -> Literal["blocked", "pending", "nothing"]:
    views = list(views)
    if any(view.standing for view in views):
        return "blocked"
    return "pending" if any(view.changes or view.mismatches for view in views) else "nothing"


def _place_of(view: View) -> tree.Place:
    base = view.base if view.base and view.offline is None else ""
    return tree.Place(view.environment, view.stack, sentences.address_of(view), base)


def _offline_of(view: View, environments: str) -> tree.Offline:
    return tree.Offline(environments, (view.offline or "").rstrip("."), view.base or "")


def _end_of(view: View, name: str) -> tree.End:
    selected = "Only what was selected: the whole plan may hold more." if view.narrowed else ""
    counts = tuple(filter(None, [selected, sentences.rest(view), sentences.marks(view)]))
    return tree.End(name, counts, sentences.verdict(view), view.fingerprint)


def _alerts_by_code(objections: Iterable[ObjectionView], environments: str) -> tuple[tree.Alert, ...]:
    """The objections by code, those that block first."""
    codes: dict[tuple[bool, str], list[ObjectionView]] = {}
    for objection in sorted(objections, key=lambda objection: objection.allowed):
        codes.setdefault((objection.allowed, objection.code), []).append(objection)
    return tuple(tree.Alert(code, allowed, tuple(those), environments) for (allowed, code), those in codes.items())


# several environments


def page_across(sections: Sequence[View | Lost]) -> tree.Page:
    """The plans of several environments on one page: what some have in common is shown once, with their names."""
    views = [section for section in sections if isinstance(section, View)]
    lost = tuple(section for section in sections if isinstance(section, Lost))
    named = list(zip(_names(views), views, strict=True))
    alerts = common((name, view.objections) for name, view in named)
    return tree.Page(
        headline=_headline_across(named, lost),
        tone="blocked" if lost else _tone(views),
        places=tuple(map(_place_of, views)),
        lost=lost,
        offline=tuple(_offline_across(named)),
        alerts=tuple(alert for each in alerts for alert in _alerts_by_code(each.values, _listed(each.environments))),
        parts=tuple(_parts_across(named)),
        notes=tuple(
            tree.Note(_unless_all(each.environments, named), note)
            for each in common((name, sentences.notes(view)) for name, view in named)
            for note in each.values
        ),
        ends=tuple(_end_of(view, name) for name, view in named),
    )


def _names(views: Sequence[View]) -> list[str]:
    """What each environment is called: with its stack, where two have one name."""
    times = Counter(view.environment for view in views)
    return [
        view.environment if times[view.environment] == 1 else f"{view.environment} (stack {view.stack})"
        for view in views
    ]


def _listed(environments: Sequence[str]) -> str:
    more = len(environments) - _ENVIRONMENTS
    names = ", ".join(shortened(name, _NAME) for name in environments[:_ENVIRONMENTS])
    return f"{names} and {more:,} more" if more > 0 else names


def _unless_all(environments: Sequence[str], named: Sequence[tuple[str, View]]) -> str:
    """The environments, where they are not all."""
    return "" if len(environments) == len(named) else _listed(environments)


def _headline_across(named: Sequence[tuple[str, View]], lost: Sequence[Lost]) -> str:
    """The verdict where it is the same everywhere; else whose each is, worst first."""
    groups = common((name, [(not view.standing, verdict.headline(view))]) for name, view in named)
    if not lost and len(groups) == 1:
        return groups[0].values[0][1]
    absent = [f"No plan of {', '.join(each.environment for each in lost)}"] if lost else []
    verdicts = sorted(((*group.values[0], group.environments) for group in groups), key=lambda group: group[0])
    return " · ".join([*absent, *(f"{', '.join(names)}: {line}" for _, line, names in verdicts)])


def _offline_across(named: Sequence[tuple[str, View]]) -> Iterator[tree.Offline]:
    first = {view.offline: view for _, view in reversed(named)}
    for group in common((name, [view.offline]) for name, view in named):
        if group.values[0] is not None:
            yield _offline_of(first[group.values[0]], _unless_all(group.environments, named))


def _parts_across(named: Sequence[tuple[str, View]]) -> Iterator[tree.Part]:
    """The halves of all plans, each split by the environments that have the same in it, worst first."""
    sides: dict[str, list[tuple[str, Half]]] = {}
    kinds = {kind for _, view in named for kind in view.kinds}
    for name, half in ((name, half) for name, view in named for half in halves(view)):
        sides.setdefault(half.title, []).append((name, half))
    for number, (title, side) in enumerate(sides.items()):
        groups = sorted(
            grouping.across([(name, half.changes) for name, half in side]),
            key=lambda group: min(verdict.rank(change)[:2] for change in group.values),
        )
        blocked = common((name, half.objections) for name, half in side)
        for group in groups:
            where = _listed(group.environments)
            yield part_of(
                f"{title} in {where}" if title else f"In {where}", group.values, later=number > 0, kinds=kinds
            )
        for against in blocked:
            yield part_of(f"{title} in {_listed(against.environments)}", (), against.values, later=number > 0)
        if not (groups or blocked):
            yield part_of(title or "Changes", ())


# rows and sections


def part_of(
    title: str,
    changes: Sequence[ChangeView],
    blocked: Sequence[ObjectionView] = (),
    *,
    later: bool = False,
    kinds: Iterable[str] = (),
) -> tree.Part:
    """The changes, worst first: what many share once, and of each the rest. Of several kinds, each by its address."""
    groups, rest = grouping.apart(changes)
    subjects: list[_Subject] = sorted((*groups, *rest), key=lambda subject: verdict.rank(_as_change(subject)))
    by_key = len({*kinds, *map(_kind, changes)}) == 1
    shown = {change.address for change in rest}
    one_sided = sum(change.action in WHOLE for change in changes)
    most = max(_FEWEST, min(_NEW_LINES, _ALL_NEW_LINES // max(one_sided, 1)))
    return tree.Part(
        title=title,
        changes=len(changes),
        rows=tree.Made(partial(_row_of, by_key=by_key), subjects),
        sections=tree.Made(partial(section_of, most=most, shown=shown), subjects),
        addresses=tuple(_subject_addresses(subject) for subject in subjects),
        blocked=tuple(blocked),
        later=later,
    )


def _subject_addresses(subject: _Subject) -> tuple[str, ...]:
    return tuple(change.address for change in (subject.changes if isinstance(subject, Shared) else (subject,)))


def _as_change(subject: _Subject) -> ChangeView:
    """The change, or the one that stands for all that share it."""
    if isinstance(subject, ChangeView):
        return subject
    return replace(subject.changes[0], action="update", fields=subject.fields, meanings=subject.meanings)


def _kind(change: ChangeView) -> str:
    return change.address.partition(".")[0]


def _called(change: ChangeView, *, by_key: bool) -> str:
    return change.address.removeprefix(f"{_kind(change)}.") if by_key else change.address


def _row_of(subject: _Subject, *, by_key: bool) -> tree.TableRow:
    change = _as_change(subject)
    done, words = verdict.done(change), verdict.in_few_words(change)
    if not (done or words):
        words = ((tree.Run("as it is"),),)
    if isinstance(subject, ChangeView):
        who: tree.Phrase = (tree.Run(_called(change, by_key=by_key), "code"),)
    else:
        names = [_called(each, by_key=by_key) for each in subject.changes[:_SHARERS]]
        more = len(subject.changes) - len(names)
        runs = [run for name in names for run in (tree.Run(", "), tree.Run(name, "code"))][1:]
        who = (
            tree.Run(_number(subject), "strong"),
            tree.Run(": "),
            *runs,
            *((tree.Run(f" and {more:,} more"),) if more else ()),
        )
        words = (*words, (tree.Run("the same in each"),))
    return tree.TableRow(sentences.sign(change), change.action, who, change.held_by, done, words)


def _number(shared: Shared) -> str:
    """`38 assistants`."""
    return f"{len(shared.changes):,} {sentences.noun(change.address for change in shared.changes)}s"


def section_of(subject: _Subject, most: int = _NEW_LINES, shown: Iterable[str] = ()) -> tree.Section:
    """A change in full, with so many lines at most of a text on one side only; `shown` have sections of their own."""
    change = _as_change(subject)
    section = tree.Section(
        sign=sentences.sign(change),
        action=change.action,
        title=change.address,
        address=change.address,
        will=sentences.will(change),
        id=change.id or "",
        file=change.file or "",
        line=change.line or 0,
        why=tuple(_why(change)),
        blocked=change.held_by,
        blocks=tuple(_blocks_of(change, most)),
        unchanged=sentences.remains(change) if change.fields else "",
        patch=change.patch,
        sources=tuple(dict.fromkeys(file for field in change.fields for file in field.files)),
    )
    if isinstance(subject, ChangeView):
        return section
    title, members = f"The same in {_number(subject)}", tuple(_member(each, shown) for each in subject.changes)
    return replace(
        section,
        title=title,
        members=members,
        address="",
        will="",
        id="",
        file="",
        line=0,
        unchanged="",
        patch=None,
        sources=(),
    )


def _member(change: ChangeView, shown: Iterable[str]) -> tree.Member:
    patch = {} if change.address in shown else change.patch
    return tree.Member(change.address, change.file or "", change.line or 0, patch)


def _why(change: ChangeView) -> list[str]:
    """Who changed its fields, where that was not this edit of Git alone."""
    if change.action in WHOLE:
        return []
    fields = [field for field in change.fields if (change.action, field.cause) != ("adopt", "adoption")]
    causes = dict.fromkeys(verdict.explained(field) for field in sorted(fields, key=verdict.cause_rank))
    edited = verdict.EDITED
    others = [cause for cause in causes if cause != edited]
    return [*others, *([f"the rest: {edited}"] if others and edited in causes else [])]


# the fields of a change


def _blocks_of(change: ChangeView, most: int) -> Iterator[tree.Block]:
    """Everything that changes in it, and what that means: a prompt first, but behind what an object is known by."""
    several = len({field.cause for field in change.fields}) > 1
    fields = grouping.by_owner(member for field in change.fields for member in _expanded(field))
    meanings = grouping.by_owner(change.meanings)
    whole = change.action in WHOLE
    made = [_made(field, field.path, most, whole=whole, causes=several) for field in fields.get("", ())]
    prompts = [field for field in made if field.name in grouping.PROMPTS and not field.is_short]
    others = [field for field in made if field.name not in grouping.PROMPTS or field.is_short]
    yield from [] if whole else prompts
    yield from [tree.Meanings(tuple(meanings[""]))] if meanings.get("") else []
    yield from sorted(others, key=lambda field: not field.is_short)
    yield from prompts if whole else []
    yield from _since(fields.get("", ()), most)
    for own in dict.fromkeys(filter(None, (*fields, *meanings))):
        inner = [member for field in fields.get(own, ()) for member in _opened(field, own)]
        fate = next((verdict.fate(field) for field in change.fields if field.path == own), "") if not whole else ""
        means = (tree.Meanings(tuple(meanings[own])),) if meanings.get(own) else ()
        blocks = _owned(inner, own, most, whole=whole or bool(fate), causes=several)
        yield tree.Group(_title(own, fate), (*means, *blocks))


def _title(own: str, fate: str) -> tree.Phrase:
    words = {"added": " is new", "removed": " is removed"}
    name = grouping.function_name(own)
    title: tree.Phrase = (
        (tree.Run("Function "), tree.Run(shortened(name, _NAME), "code"))
        if name
        else (tree.Run("The answer's schema"),)
    )
    return (*title, tree.Run(words[fate])) if fate else title


def _owned(inner: Sequence[FieldView], own: str, most: int, *, whole: bool, causes: bool) -> Iterator[tree.Block]:
    """The fields of a function; its schema folded, for what that means stands before it."""
    schema = own if own in ANSWERS else f"{own}.parameters"
    plain = [field for field in inner if not field.path.startswith(schema)]
    made = [_made(field, within(field.path, own) or "definition", most, whole=whole, causes=causes) for field in plain]
    yield from sorted(made, key=lambda field: not field.is_short)
    parts = [
        _made(field, within(field.path, schema), _SCHEMA_LINES, whole=True, causes=False)
        for field in inner
        if field.path.startswith(schema)
    ]
    if parts:
        yield tree.Fold("Schema as JSON", tuple(parts))


def _since(fields: Sequence[FieldView], most: int) -> Iterator[tree.Block]:
    """Of a long text in conflict, what the live one has that was not applied."""
    for field in fields:
        for applied in field.applied:
            if isinstance(applied, str) and isinstance(field.before, str) and not _is_short(field, field.path):
                earlier = replace(field, before=applied, after=field.before, applied=(), reason=None)
                yield tree.Fold(_SINCE, (_made(earlier, field.path, most, whole=True, causes=False),))


def _expanded(field: FieldView) -> Iterator[FieldView]:
    """The field, or what is in it, where that reads better than one block of JSON."""
    mapping = field.after if field.before is None else field.before
    one_sided = field.before is None or field.after is None
    if not (one_sided and isinstance(mapping, dict)) or _stays_whole(mapping, field):
        yield field
        return
    for member in _split_mapping(field, mapping):
        yield from _expanded(member)


def _stays_whole(mapping: Mapping[str, Json], field: FieldView) -> bool:
    deep = field.path.count(".") + 1 >= _DEEPEST  # a dot within a name only makes it stop earlier
    return deep or "properties" in mapping or None in mapping.values() or _is_short(field, field.path)


def _split_mapping(field: FieldView, mapping: Mapping[str, Json]) -> Iterator[FieldView]:
    for key in sorted(mapping):
        step = paths.show((key,))
        path = field.path + step if step.startswith("[") else f"{field.path}.{step}"
        before, after = (mapping[key] if side is mapping else None for side in (field.before, field.after))
        yield replace(field, path=path, before=before, after=after)


def _opened(field: FieldView, own: str) -> Iterator[FieldView]:
    """What is in a function that comes or goes; of every other field, that field."""
    mapping = field.before if field.after is None else field.after
    one_sided = field.before is None or field.after is None
    if field.path != own or own in ANSWERS or not one_sided or not isinstance(mapping, dict):
        yield field
    else:
        yield from _split_mapping(field, mapping)


def _made(field: FieldView, name: str, most: int, *, whole: bool, causes: bool) -> tree.Field:
    """The field as it is shown. Whole: all around it comes or goes, or that has been said."""
    sign = "+" if field.before is None else "-" if field.after is None else "~"
    fate = "" if whole else verdict.fate(field)
    tags = [field.cause] if causes and field.cause != "edit" else []
    tags += [f"reset: {field.reason}"] if field.reason else []
    return tree.Field(sign, name, _content(field, name, most), fate, tuple(tags))


def _content(field: FieldView, name: str, most: int) -> tree.Short | tree.LongValue:
    before, after = field.before, field.after
    if _is_short(field, name):
        return tree.Short(tuple(_short_sides(field)))
    if not _is_text(field):
        lines, others = (tuple(structure(side)) if side is not None else None for side in (before, after))
        return tree.LongValue(lines, others, "", most)
    before, after = (side if isinstance(side, str) else None for side in (before, after))
    return tree.LongValue(before, after, _size(field), most)


def _is_text(field: FieldView) -> bool:
    return isinstance(field.before, _TEXT) and isinstance(field.after, _TEXT)


def _is_short(field: FieldView, name: str) -> bool:
    """Whether both values read well on one line; an edit of a prompt is always shown with its size and its words."""
    sides = [side for side in (field.before, field.after) if side is not None]
    for side in sides:
        if isinstance(side, str) and (len(side) > _SHORT or "\n" in side):
            return False
    if _is_text(field):
        return not (field.excerpt or (name in grouping.PROMPTS and len(sides) > 1))
    lengths = [len(compact(side) if isinstance(side, dict | list) else str(side)) for side in sides]
    return len(name) + sum(lengths) + len(" -> ") * (len(sides) - 1) <= _WIDTH


def _short_sides(field: FieldView) -> Iterator[tuple[str, Json, tree.Look]]:
    """Last applied, live and Git where there is a conflict and all are known; else what was and what will be."""
    before, after = both(field.before, field.after)
    for applied in field.applied:
        yield "last applied", applied, ""
    labels = ("live", "Git") if field.applied else ("", "")
    if field.before is not None or field.applied:
        yield labels[0], before, "gone"
    if field.after is not None or field.applied or field.before is None:
        yield labels[1], after, "new"


def _size(field: FieldView) -> str:
    """How long a text is, and by how much it grew."""
    before, after = (side if isinstance(side, str) else "" for side in (field.before, field.after))
    if field.excerpt:
        return f"{verdict.grown(before, after)} in each; the rest of it is another text in each"
    if field.before is None or field.after is None:
        return verdict.size(before or after)
    return f"{verdict.size(before)} → {verdict.size(after)} ({verdict.grown(before, after)})"


def flattened(blocks: Iterable[tree.Block]) -> Iterator[tuple[str, tree.Field]]:
    """Every field of the blocks, with the name of what it is in."""
    for block in blocks:
        if isinstance(block, tree.Field):
            yield "", block
        elif isinstance(block, tree.Fold):
            yield from (("", field) for field in block.fields)
        elif isinstance(block, tree.Group):
            yield from ((verdict.as_text(block.title), field) for _, field in flattened(block.blocks))


__all__ = ["flattened", "page_across", "page_of", "part_of", "section_of"]
