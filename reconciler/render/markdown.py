"""A plan for a pull request, in GitHub's Markdown, made to be read on a phone: as much of it as there is room for.

What has no room is left out between blocks, or between the lines of a diff, and it is said how much that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias
from urllib.parse import quote

from reconciler.plan.allowances import LABEL
from reconciler.render import sentences, tree
from reconciler.render.grouping import PROMPTS
from reconciler.render.markup import (
    LIMIT,
    bounded,
    fence,
    joined,
    link,
    prose,
    sentence,
    signed,
    span,
    strong,
    struck,
    tag,
)
from reconciler.render.page import page_across, page_of, section_of
from reconciler.render.sentences import count
from reconciler.render.style import Style
from reconciler.render.text import rows_of
from reconciler.render.text_diff import Replacement, fold
from reconciler.render.values import inert, one_line, shortened
from reconciler.render.verdict import unquoted
from reconciler.render.view import ChangeView, Document, Lost, ObjectionView, View, view

_BETWEEN = "\n\n"
_COLUMNS = 58  # of a line in a fence, behind its sign: what a phone shows without much scrolling
_FEWEST_LINES = 3  # of a block that is cut
_FEWEST_BLOCKS = 2  # of a section that is cut
_NOTES = 4  # the part of the room that notes have at most
_TABLE = 3  # the same of the table
_TABLE_LEAST = 1_500
_NEXT = 1_500  # characters kept free for each further section
_LEFT_OUT = 300  # in which it is said what is left out
_ENVIRONMENT = 2_000  # characters an environment at least
_OTHERS = 1_000  # in which environments without room are named
_VERDICT, _NAME, _WHY, _FIELD = 300, 90, 180, 80
_OPEN_ROWS, _FEW_ROWS = 20, 5  # rows that are not folded; rows that are not worth a fold
_FOLDING = 100  # characters around folded rows
_IN_FULL = 5  # objections of one code
_MEMBERS_LISTED, _MEMBERS_NAMED = 6, 20  # with their files; by name alone
_HEAD = "| Who | What |\n|---|---|"
_CUT = "*The rest of this change is left out here.*"
_PLAIN_WORDS = re.compile(r"[\w, ]+")


def render(document: Document, style: Style) -> str:
    """The plan, as much of it as a comment holds."""
    return page(view(document), LIMIT)


# blocks, and how many of them fit


@dataclass(frozen=True, slots=True)
class Lines:
    """A fence, which may be cut after any of its lines; with a summary it is folded."""

    language: str
    lines: tuple[str, ...]
    summary: str = ""
    """HTML in which no live text acts."""

    def text(self, shown: int | None = None) -> str:
        """All of it, or that many lines and how many are left out."""
        kept = list(self.lines[:shown])
        more = len(self.lines) - len(kept)
        block = "\n".join(fence(self.language, [*kept, f"… {more:,} more lines"] if more else kept))
        return _folded_block(self.summary, [block]) if self.summary else block


_Piece: TypeAlias = str | Lines


@dataclass(frozen=True, slots=True)
class Fitted:
    """The blocks that fit, and whether those are all."""

    blocks: tuple[str, ...] = ()
    whole: bool = True

    @property
    def length(self) -> int:
        """With the space behind each."""
        return _length(self.blocks)


@dataclass(frozen=True, slots=True)
class _Body:
    """What is shown of the changes, and how many rows and sections are left out."""

    blocks: tuple[str, ...] = ()
    rows: int = 0
    sections: int = 0


def fitted(pieces: Iterable[_Piece], room: int) -> Fitted:
    """The first of the pieces, as many as there is room for; the last of them may be cut."""
    blocks: list[str] = []
    for piece in pieces:
        text, whole = _fitted(piece, room - len(_BETWEEN))
        blocks += [text] if text else []
        if not whole:
            return Fitted(tuple(blocks), whole=False)
        room -= len(text) + len(_BETWEEN)
    return Fitted(tuple(blocks))


def _fitted(piece: _Piece, room: int) -> tuple[str, bool]:
    if isinstance(piece, str):
        return (piece, True) if len(piece) <= room else ("", False)
    if sum(len(line) + 1 for line in piece.lines) <= room and len(text := piece.text()) <= room:
        return text, True
    least, most = 0, min(len(piece.lines), max(room, 0))  # by halving: fences grow with what is in them
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if len(piece.text(middle)) <= room else (least, middle - 1)
    return (piece.text(least) if least >= _FEWEST_LINES else ""), False


def _length(blocks: Iterable[str]) -> int:
    return sum(len(block) + len(_BETWEEN) for block in blocks)


def _folded_block(summary: str, blocks: Iterable[str], *, opened: bool = False) -> str:
    """The blocks under a summary, to unfold."""
    return _BETWEEN.join([f"<details{' open' if opened else ''}><summary>{summary}</summary>", *blocks, "</details>"])


# the page


def page(plan: View, room: int, whole: str = "", files: str = "") -> str:
    """The plan in no more characters than there is room for, from 2,000 on, cut between its parts.

    The verdict, the place, what blocks it and the fingerprint are always there. It is said what is left out, and
    where the whole is: `whole` is the address of a page, or the name of a file. `files` is what the address of a file
    of the reviewed commit begins with; with it, files are links.
    """
    return written(page_of(plan), room, whole, files, [])


def together(sections: Sequence[View | Lost], room: int, whole: str = "", files: str = "") -> str:
    """The plans of several environments as one page: what some have in common once, with their names."""
    if len(sections) == 1:
        (section,) = sections
        return _lost_block(section, room, 3) if isinstance(section, Lost) else page(section, room, whole, files)
    most = max((room - _OTHERS) // _ENVIRONMENT, 1)
    return written(page_across(sections[:most]), room, whole, files, _others(sections[most:]))


def written(page: tree.Page, room: int, whole: str = "", files: str = "", others: Sequence[str] = ()) -> str:
    """The page in no more characters than there is room for; what is left out is named."""
    head = [f"### {bounded(prose, page.headline, _VERDICT)}", *_places(page.places), *map(_offline_block, page.offline)]
    tail = [*_ends(page.ends), *others]
    room -= _length([*head, *tail]) + _LEFT_OUT
    absent = [_lost_block(lost, room // (2 * len(page.lost)), 4).rstrip("\n") for lost in page.lost]
    room -= _length(absent)
    pieces = list(_alert_pieces(page.alerts))
    alerts = fitted((piece for piece, _ in pieces), room * 3 // 5)
    room -= alerts.length
    notes = fitted(map(_note, page.notes), room // _NOTES)
    body = _body_of(page.parts, room - notes.length, files) if page.parts else _Body()
    missing = [
        *_missing(sum(number for _, number in pieces[len(alerts.blocks) :]), "objection"),
        *_missing(body.rows, "row of the table", "rows of the table"),
        *_missing(body.sections, "change in full", "changes in full"),
        *_missing(len(page.notes) - len(notes.blocks), "note"),
    ]
    where = f" {bounded(lambda name: link('The whole is here', name), whole, _WHY)}." if whole else ""
    left = [f"**Left out here:** {', '.join(missing)}.{where}"] if missing else []
    return _BETWEEN.join([*head, *absent, *alerts.blocks, *body.blocks, *left, *notes.blocks, *tail]) + "\n"


def _missing(number: int, noun: str, plural: str = "") -> list[str]:
    return [f"{number:,} {noun if number == 1 else plural or noun + 's'}"] if number else []


def _places(places: Sequence[tree.Place]) -> Iterator[str]:
    """Environment, stack, address, and the revision that the plan is compared with."""
    if places:
        bullet = "- " if len(places) > 1 else ""
        yield "\n".join(bullet + _place_block(place) for place in places)


def _place_block(place: tree.Place) -> str:
    base = [f"compared with {bounded(span, place.base, _NAME)}"] if place.base else []
    name, stack = bounded(prose, place.environment, _NAME), bounded(span, place.stack, _NAME)
    return " · ".join([f"**{name}**", f"stack {stack}", bounded(prose, place.address, _WHY), *base])


def _offline_block(offline: tree.Offline) -> str:
    where = f" in {bounded(prose, offline.environments, _WHY)}" if offline.environments else ""
    base = f" The plan is based on the manifests of {bounded(span, offline.base, _NAME)}" if offline.base else ""
    more = f"{base}: changes made outside Git are not seen." if base else ""
    return f"> [!WARNING]\n> **Nothing live was read{where}:** {bounded(sentence, offline.why, _WHY)}.{more}"


def _lost_block(lost: Lost, room: int, level: int) -> str:
    """That there is no plan of an environment, and why."""
    head = f"{'#' * level} No plan of {bounded(span, lost.environment, _NAME)}"
    why = bounded(prose, shortened(lost.message, room), max(room // 2, _NAME))
    lines = tuple(inert(lost.remedy).split("\n")) if lost.remedy else ()
    remedy = fitted([Lines("", lines)] if lines else [], room - len(head) - len(why) - 2 * len(_BETWEEN) - 1)
    return _BETWEEN.join([head, why, *remedy.blocks]) + "\n"


def _note(note: tree.Note) -> str:
    where = f" ({bounded(prose, note.environments, _WHY)})" if note.environments else ""
    return f"**Note{where}:** {sentence(note.text)}"


def _ends(ends: Sequence[tree.End]) -> Iterator[str]:
    if len(ends) == 1 and not ends[0].name:
        yield f"**{ends[0].verdict}**"
        yield _small(ends[0])
    elif ends:
        names = (bounded(prose, end.name, _NAME) for end in ends)
        yield "\n".join(f"- **{name}: {end.verdict}** {_small(end)}" for name, end in zip(names, ends, strict=True))


def _small(end: tree.End) -> str:
    known_by = f" Fingerprint {bounded(span, end.fingerprint, _NAME)}" if end.fingerprint else ""
    return f"<sub>{' '.join(end.counts)}{known_by}</sub>"


def _others(sections: Sequence[View | Lost]) -> list[str]:
    """How many environments there was no room for, and which."""
    if not sections:
        return []
    names, room = [], _OTHERS - 2 * _NAME
    for section in sections:
        names.append(bounded(span, section.environment, _NAME))
        room -= len(names[-1]) + 2
        if room < _NAME:
            break
    more = len(sections) - len(names)
    which = ", ".join([*names, *([f"and {more:,} more"] if more else [])])
    return [f"**Left out here:** {count(len(sections), 'environment')}: {which}. Plan each by itself to see it."]


# objections


def _alert_pieces(alerts: Iterable[tree.Alert]) -> Iterator[tuple[_Piece, int]]:
    """The objections, and how many each piece tells."""
    for environments, group in groupby(alerts, lambda alert: alert.environments):
        if environments:
            yield f"In {bounded(prose, environments, 2 * _WHY)}:", 0
        for alert in group:
            first, more = alert.objections[:_IN_FULL], alert.objections[_IN_FULL:]
            yield _alert_block(alert, first), len(first)
            if more:
                lines = tuple(f"{one_line(other.address or '')}: {one_line(other.message)}" for other in more)
                yield Lines("text", lines, f"{len(more):,} more of these"), len(more)


def _alert_block(alert: tree.Alert, objections: Sequence[ObjectionView]) -> str:
    word, kind = ("Allowed", "NOTE") if alert.allowed else ("Blocked", "CAUTION")
    lines = [f"[!{kind}]"]
    for objection, following in zip(objections, [*objections[1:], None], strict=True):
        lines += [f"**{word}** ({span(alert.code)}) {_objection_line(objection)}", ""]
        if not alert.allowed and (following is None or following.remedy != objection.remedy):
            lines += _remedy_lines(objection.remedy)
    lines.append(_allowed(alert.code, objections) if alert.allowed else _permission_line(objections[0]))
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _objection_line(objection: ObjectionView) -> str:
    subject = f"{span(objection.address)}: " if objection.address else ""
    others = sum(address != objection.address for address in objection.holds)
    more = f" It {'also ' if objection.address else ''}blocks {count(others, 'change')}." if others else ""
    more += " It applies without this change too." if objection.origin == "pending" else ""
    stop = "." if more and not objection.message.endswith((".", "!", "?")) else ""
    return f"{subject}{sentence(objection.message)}{stop}{more}"


def _remedy_lines(remedy: str) -> list[str]:
    """A remedy is a sentence; further lines of it are something to paste, and keep their indentation."""
    first, *others = inert(remedy).split("\n")
    pasted = [*fence("yaml", others), ""] if others else []
    return [f"**What to do:** {sentence(first)}", "", *pasted] if remedy else []


def _permission_line(objection: ObjectionView) -> str:
    if not objection.can_be_allowed:
        return "It cannot be overridden."
    return f"**To allow it:** label {span(LABEL + objection.code)}, or {span(f'--allow {objection.code}')}"


def _allowed(code: str, objections: Sequence[ObjectionView]) -> str:
    """Who allowed these, each named once."""
    names = dict.fromkeys(objection.allowed_by for objection in objections)
    those = [f"{span(name)} with a label" if name else span(f"--allow {code}") for name in names]
    return f"Allowed by {' and '.join(those)}."


# parts: a table and sections each


def _body_of(parts: Sequence[tree.Part], room: int, files: str) -> _Body:
    """Part by part; those after the first are folded where the first has something to show."""
    body = _part_body(parts[0], room, files, folds=False)
    for part in parts[1:]:
        if part.has_any:
            more = _part_body(part, room - _length(body.blocks), files, folds=bool(parts[0].rows) and part.later)
            body = _Body((*body.blocks, *more.blocks), body.rows + more.rows, body.sections + more.sections)
    return body


def _part_body(part: tree.Part, room: int, files: str, *, folds: bool) -> _Body:
    if not part.title:
        return _changes(part, room, files, alone=True)
    title = bounded(prose, part.title, 2 * _WHY)
    if not part.has_any:
        return _Body(fitted([f"#### {title}\n\nNothing."], room).blocks)
    titled = title + (f" ({count(part.changes, 'change')})" if part.changes else "")
    around = len(_folded_block(f"<b>{titled}</b>", [])) + 2 * len(_BETWEEN)
    blocked = fitted([f"- {sentence(sentences.blocked(each))}" for each in part.blocked], (room - around) // _NOTES)
    body = _changes(part, room - around - blocked.length, files, alone=not folds) if part.rows else _Body()
    inner = (*body.blocks, *blocked.blocks)
    if not inner:
        return body
    blocks = (_folded_block(f"<b>{titled}</b>", inner),) if folds else (f"#### {title}", *inner)
    return _Body(blocks, body.rows, body.sections)


def _changes(part: tree.Part, room: int, files: str, *, alone: bool) -> _Body:
    """The table, then section after section; a long one leaves room for those that follow. A single one is open."""
    rows, rows_left = _table_block(part.rows, max(room // _TABLE, min(room, _TABLE_LEAST)))
    blocks = [rows] if rows else []
    room -= _length(blocks)
    cut = 0
    for place, section in enumerate(part.sections):
        after = len(part.sections) - place - 1
        text, whole = _section_block(
            section, room - min(room // 2, _NEXT * after), files, opened=alone and len(part.sections) == 1
        )
        if not text:
            return _Body(tuple(blocks), rows_left, cut + after + 1)
        cut += not whole
        blocks.append(text)
        room -= len(text) + len(_BETWEEN)
    return _Body(tuple(blocks), rows_left, cut)


def _table_block(rows: tree.Made[tree.TableRow], room: int) -> tuple[str, int]:
    """The table, and how many rows have no room in it; the rows after the first are folded."""
    room -= 2 * len(_HEAD) + _FOLDING
    kept: list[str] = []
    for row in map(_row_block, rows):
        room -= len(row) + 1
        if room < 0:
            break
        kept.append(row)
    left = len(rows) - len(kept)
    if len(kept) <= _OPEN_ROWS + _FEW_ROWS:
        return "\n".join([_HEAD, *kept]) if kept else "", left
    more = _folded_block(f"{len(kept) - _OPEN_ROWS:,} more", ["\n".join([_HEAD, *kept[_OPEN_ROWS:]])])
    return "\n".join([_HEAD, *kept[:_OPEN_ROWS]]) + _BETWEEN + more, left


def _row_block(row: tree.TableRow) -> str:
    who = span(signed(row.sign, row.who[0].text)) if len(row.who) == 1 else _phrase_md(row.who)
    what = ", ".join(map(_phrase_md, row.phrases))
    return f"| {who} | {'**blocked** · ' if row.blocked else ''}{what} |"


def _phrase_md(phrase: tree.Phrase) -> str:
    return joined([_run_md(run) for run in phrase])


def _run_md(run: tree.Run) -> str:
    if run.look in ("code", "gone", "new"):
        return span(run.text)
    return f"**{prose(run.text)}**" if run.look else sentence(run.text)


# sections


def section(change: ChangeView, room: int, *, most: int, opened: bool) -> tuple[str, bool]:
    """One change as a section, and whether it is whole; nothing where there is no room for a part that tells something.

    Of a text that comes or goes whole, it has so many lines at most.
    """
    return _section_block(section_of(change, most), room, "", opened=opened)


def _section_block(section: tree.Section, room: int, files: str, *, opened: bool) -> tuple[str, bool]:
    summary = _summary_md(section)
    empty = len(_folded_block(summary, [_CUT], opened=opened)) + len(_BETWEEN)
    inner = fitted(_section_pieces(section, files), room - empty)
    if room < empty or (not inner.whole and len(inner.blocks) < _FEWEST_BLOCKS):
        return "", False
    return _folded_block(summary, [*inner.blocks, *([] if inner.whole else [_CUT])], opened=opened), inner.whole


def _summary_md(section: tree.Section) -> str:
    if section.address:
        return bounded(tag, signed(section.sign, section.title), _VERDICT)
    title = one_line(section.title)
    return f"<b>{title}</b>" if _PLAIN_WORDS.fullmatch(title) else f"<b>{bounded(tag, title, _VERDICT)}</b>"


def _section_pieces(section: tree.Section, files: str) -> Iterator[_Piece]:
    yield from _member_pieces(section, files) if section.members else []
    place = _file(section.file, section.line, files)
    sources = [_file(source, 0, files) for source in section.sources] if files else []
    will = prose(section.will) if section.address and section.action != "update" else ""
    facts = " · ".join(filter(None, [place, *sources, span(section.id) if section.id else "", will]))
    lines = [line for line in (facts, *map(prose, section.why)) if line]
    yield from ["<br>".join(lines)] if lines else []
    if section.blocked:
        yield f"**Blocked**: {', '.join(map(span, section.blocked))}"
    yield from _field_pieces(section.blocks)
    if section.unchanged:
        yield f"{section.unchanged}."


def _file(file: str, line: int, files: str) -> str:
    """Where it is written, as a link where its address is known."""
    name = span(sentences.location(file, line))
    if not files or not file:
        return name if file else ""
    as_source = "?plain=1" if file.lower().endswith(".md") else ""  # laid out as a page it has no lines
    return link(name, f"{files}{quote(file)}{f'{as_source}#L{line}' if line else ''}")


def _member_pieces(section: tree.Section, files: str) -> Iterator[_Piece]:
    """Who shares it, and where each is written; many by name alone, and very many folded."""
    members = section.members
    if len(members) <= _MEMBERS_LISTED:
        yield "\n".join(
            f"- {' · '.join(filter(None, [span(m.address), _file(m.file, m.line, files)]))}" for m in members
        )
    elif len(members) <= _MEMBERS_NAMED:
        yield ", ".join(span(member.address) for member in members)
    else:
        lines = tuple(f"{one_line(m.address)}  {sentences.location(m.file, m.line)}".rstrip() for m in members)
        yield Lines("text", lines, "Who shares it")


def _field_pieces(blocks: Iterable[tree.Block]) -> Iterator[_Piece]:
    """What is said on a line is in one list with what follows."""
    items: list[str] = []
    for block in blocks:
        if isinstance(block, tree.Meanings):
            words = (("**breaking**" if meaning.breaking else "compatible", meaning) for meaning in block.meanings)
            items += (f"- {word}: {sentence(meaning.text)}" for word, meaning in words)
        elif isinstance(block, tree.Field) and isinstance(block.content, tree.Short):
            items.append(f"- {_name_md(block)}: {_values_md(block.content)}")
        else:
            yield from ["\n".join(items)] if items else []
            items = []
            yield from _block_pieces(block)
    yield from ["\n".join(items)] if items else []


def _name_md(field: tree.Field) -> str:
    tags = f" ({', '.join(map(prose, field.tags))})" if field.tags else ""
    fate = f" {field.fate}" if field.fate else ""
    return f"{span(shortened(field.name, _FIELD))}{fate}{tags}"


def _values_md(short: tree.Short) -> str:
    signs = {"gone": "~~", "new": "**"}
    values = []
    for label, value, look in short.sides:
        sign = signs.get(look, "")
        values.append(f"{label} {sign}{span(unquoted(value))}{sign}".lstrip())
    *first, last = values
    return f"{', '.join(first)} → {last}" if first else last


def _block_pieces(block: tree.Field | tree.Group | tree.Fold) -> Iterator[_Piece]:
    if isinstance(block, tree.Group):
        yield f"<b>{_phrase_md(block.title)}</b>"
        yield from _field_pieces(block.blocks)
    elif isinstance(block, tree.Fold):
        yield Lines("diff", tuple(line for field in block.fields for line in _part_of_fold(field)), block.title)
    else:
        yield from _long_pieces(block)


def _part_of_fold(field: tree.Field) -> Iterator[str]:
    yield from [f"@@ {one_line(field.name)} @@"] if field.name else []
    yield from _diff(field)


def _diff(field: tree.Field) -> Iterator[str]:
    for line in fold(rows_of(field), _COLUMNS):
        yield line.text if line.sign == "@" else f"{line.sign} {line.text}".rstrip()


def _long_pieces(field: tree.Field) -> Iterator[_Piece]:
    """A prompt is shown once: the changed words in prose, and the diff folded beneath."""
    words: tuple[Replacement, ...] = ()
    title = f"{_name_md(field)}:"
    if isinstance(field.content, tree.LongValue) and field.content.is_text:
        words = field.content.words
        title = f"{'**Prompt** ' if field.name in PROMPTS else ''}{title} {field.content.size}"
    yield title
    yield from map(_quoted_words, words)
    yield Lines("diff", tuple(_diff(field)), "Diff" if words else "")


def _quoted_words(edit: Replacement) -> str:
    lead, tail = prose(edit.lead), prose(edit.tail)
    between = " " if edit.removed and edit.added else ""
    removed = struck(edit.removed, lead, between or tail)
    added = strong(edit.added, between or lead, tail)
    return f"> {lead}{removed}{between}{added}{tail}"
