"""A plan for a terminal. No line of live text begins at the left margin, and none reads as our last line anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from reconciler.render import sentences, tree
from reconciler.render.page import page_of
from reconciler.render.style import Style, paint
from reconciler.render.text_diff import Line, Piece, bracketed, fold
from reconciler.render.values import compact, disarmed, inert, one_line
from reconciler.render.view import Document, view
from reconciler.render.visible import columns

_FIGURES = re.compile(r"Plan:(?= (?:\d+ to import, )?\d+ to add, )")  # what wrappers look for within lines too
_WORD = re.compile(r"\s+|`[^`]{1,60}`|[^\s`]+|`")
_NARROWEST = 40
_WHO = 28  # columns of the first column of the table
_GUTTER = " │ "


def render(document: Document, style: Style) -> str:
    """First where, then the verdict and a row a change, then change by change, then what blocks it, and the totals."""
    return page_text(page_of(view(document)), style)


def page_text(page: tree.Page, style: Style) -> str:
    """The page; nothing within it reads like its last line."""
    *lines, last = _page_lines(page, style)
    return "\n".join([*(_FIGURES.sub("Plan<U+003A>", line) for line in lines), last]) + "\n"


def _page_lines(page: tree.Page, style: Style) -> Iterator[str]:
    for place in page.places:
        where = (tree.Run(place.environment, "strong"), tree.Run(f" ({place.address}), stack {place.stack}"))
        yield from flow("", where, style)
        if place.base:
            yield from flow("", (tree.Run(f"Compared with {place.base}."),), style)
    for offline in page.offline:
        why = sentences.nothing_read(offline.why, offline.base, offline.environments)
        yield from flow("", (tree.Run(why, "blocked"),), style)
    yield ""
    if page.alerts or any(part.has_any for part in page.parts):
        yield from flow("", (tree.Run(page.headline, "blocked" if page.tone == "blocked" else "strong"),), style)
        yield ""
    for part in page.parts:
        yield from part_lines(part, style)
    for alert in page.alerts:
        yield from _alert_lines(alert, style)
    for note in page.notes:
        yield from paragraph("Note: ", note.text, "dim", style)
        yield ""
    for end in page.ends:
        yield from _end_lines(end, page, style)


def part_lines(part: tree.Part, style: Style) -> Iterator[str]:
    """Some changes: a row each where they are several, then change by change."""
    if part.title:
        yield paint(f"{part.title}:{'' if part.has_any else ' nothing.'}", "bold", style)
        yield ""
    if len(part.rows) > 1:
        rows = list(part.rows)
        lengths = [len(_plain(row.who)) for row in rows]
        room = max((length for length in lengths if length <= _WHO), default=0)
        for row in rows:
            yield from _row_lines(row, room, style)
        yield ""
    for is_line, sections in groupby(part.sections, _is_line):
        for section in sections:
            yield from _section_lines(section, style)
            yield from [] if is_line else [""]
        yield from [""] if is_line else []
    for objection in part.blocked:
        yield from paragraph("  ", sentences.blocked(objection), "dim", style)
        yield ""


def _plain(phrase: tree.Phrase) -> str:
    return "".join(one_line(run.text) for run in phrase)


def _row_lines(row: tree.TableRow, room: int, style: Style) -> Iterator[str]:
    """What does not fit beside the name stands below it."""
    ink = _ink(row.sign, row.blocked)
    what: list[tree.Run] = [tree.Run("blocked", "blocked"), tree.Run(" · ")] if row.blocked else []
    what += [run for phrase in row.phrases for run in (tree.Run(", "), *phrase)][1:]
    name = _plain(row.who)
    head = f"  {paint(row.sign, ink, style)} {paint(name, ink, style)}"
    if len(name) <= room:
        yield from flow(f"{head}{' ' * (room - len(name))}  ", what, style, used=room + 6, indent=room + 6)
    else:
        yield head
        yield from flow(" " * 6, what, style, indent=6)


def _ink(sign: str, blocked: Sequence[str]) -> str:
    return "blocked" if blocked else "bad" if sign == "-" else "good" if sign == "+" else "bold"


def _is_line(section: tree.Section) -> bool:
    return not (section.blocks or section.why or section.blocked or section.members)


def _section_lines(section: tree.Section, style: Style) -> Iterator[str]:
    facts = ", ".join(filter(None, [sentences.location(section.file, section.line), section.id]))
    ink = _ink(section.sign, section.blocked)
    head = f"  {paint(section.sign, ink, style)} "
    title = tree.Run(section.title, "strong" if ink == "bold" else ink)  # type: ignore[arg-type]  # inks are looks here
    will = f" {section.will}" if section.address else ":"
    is_one_row = columns(section.title + will + facts) + len("  ~  ()") <= _width(style)
    beside = f" ({facts})" if facts and is_one_row else ""
    yield from flow(head, (title, tree.Run(f"{will}{beside}")), style, used=4, indent=6)
    if facts and not is_one_row:
        yield from flow("      ", (tree.Run(f"({facts})"),), style, indent=6)
    if section.members:
        yield from flow("      ", (tree.Run(", ".join(member.address for member in section.members)),), style, indent=6)
    if section.blocked:
        yield from flow("      ", (tree.Run(f"blocked: {', '.join(section.blocked)}", "blocked"),), style, indent=8)
    for why in section.why:
        yield from flow("      ", (tree.Run(f"# {why}"),), style, indent=8)
    yield from _blocks_lines(section.blocks, 6, style)
    if section.unchanged:
        yield "      " + paint(f"# ({section.unchanged})", "dim", style)


def _blocks_lines(blocks: Iterable[tree.Block], indent: int, style: Style) -> Iterator[str]:
    """The short fields of a run are aligned with each other."""
    for is_short, run in groupby(blocks, lambda block: isinstance(block, tree.Field) and block.is_short):
        members = list(run)
        room = max(len(one_line(block.name)) for block in members if isinstance(block, tree.Field)) if is_short else 0
        for block in members:
            yield from (
                _field_lines(block, room, indent, style)
                if isinstance(block, tree.Field)
                else _other_lines(block, indent, style)
            )


def _other_lines(block: tree.Meanings | tree.Group | tree.Fold, indent: int, style: Style) -> Iterator[str]:
    lead = " " * indent
    if isinstance(block, tree.Meanings):
        for meaning in block.meanings:
            word = tree.Run("breaking", "bad") if meaning.breaking else tree.Run("compatible")
            yield from flow(lead, (word, tree.Run(f": {meaning.text}")), style, indent=indent + 2)
    elif isinstance(block, tree.Fold):
        yield f"{lead}{block.title}:"
        yield from _blocks_lines(block.fields, indent + 2, style)
    else:
        yield from flow(lead, block.title, style, indent=indent + 2)
        yield from _blocks_lines(block.blocks, indent + 2, style)


def _field_lines(field: tree.Field, room: int, indent: int, style: Style) -> Iterator[str]:
    lead, name = " " * indent, one_line(field.name)
    remarks = [*([field.fate] if field.fate and not field.is_short else []), *map(one_line, field.tags)]
    remark = "  " + paint(f"# {', '.join(remarks)}", "dim", style) if remarks else ""
    head = f"{lead}{paint(field.sign, field.sign, style)} "
    if isinstance(field.content, tree.Short):
        value = values_of(field.content)
        if indent + 4 + room + len(value) <= _width(style):
            yield f"{head}{name.ljust(room)}  {value}{remark}"
            return
    yield from [f"{head}{name}{remark}"] if name else []  # the whole of what it is in
    for line in fold(rows_of(field), _width(style) - indent - 8):
        yield f"{lead}    {painted(line, style)}".rstrip()


def values_of(short: tree.Short) -> str:
    """The values on one line: `1 -> 2`, `last applied 1, live 2 -> Git 3`."""
    texts = [f"{label} {compact(value)}" if label else compact(value) for label, value, _ in short.sides]
    *first, last = texts
    return f"{', '.join(first)} -> {last}" if first else last


def rows_of(field: tree.Field) -> list[Line]:
    """The field row by row, each side of short values on one of its own."""
    content = field.content
    if isinstance(content, tree.Short):
        signs = {"gone": "-", "new": "+"}
        pairs = ((signs.get(look, " "), f"{label} {compact(value)}".lstrip()) for label, value, look in content.sides)
        return [Line(sign, (Piece(text),)) for sign, text in pairs]
    return content.rows(field.sign)


def painted(line: Line, style: Style) -> str:
    """With colour the marked words stand out by themselves, without it they stand in brackets."""
    if line.sign == "@":
        return paint(line.text, "@", style)
    if line.sign == "…":
        return paint(f"… {line.text}", "dim", style)
    if not style.colour:
        return f"{line.sign}{_GUTTER}{bracketed(line)}"
    inks = (f"{line.sign} marked" if piece.marked else line.sign for piece in line.pieces)
    text = "".join(paint(piece.text, ink, style) for piece, ink in zip(line.pieces, inks, strict=True))
    return f"{paint(line.sign, line.sign, style)}{_GUTTER}{text}"


def _alert_lines(alert: tree.Alert, style: Style) -> Iterator[str]:
    word, ink = ("Allowed", "dim") if alert.allowed else ("Objection", "warning")
    for place, objection in enumerate(alert.objections):
        subject = f" {one_line(objection.address)}" if objection.address else ""
        head = f"{word} ({one_line(alert.code)}){subject}: "
        anyway = "\nIt applies without this change too." if objection.origin == "pending" else ""
        yield from paragraph(head, objection.message + anyway, ink, style)
        following = alert.objections[place + 1 : place + 2]
        if objection.remedy and not any(other.remedy == objection.remedy for other in following):
            first, *others = inert(objection.remedy).split("\n")
            yield from flow("  ", (tree.Run(first),), style, indent=2)
            yield from (f"  {line}" for line in others)  # to be pasted
    yield f"  ({sentences.permission(alert.objections[0])})"
    yield ""


def _end_lines(end: tree.End, page: tree.Page, style: Style) -> Iterator[str]:
    yield from end.counts
    is_good = page.tone == "nothing" and not any(part.has_any for part in page.parts)
    yield paint(end.verdict, "good" if is_good else "bold", style)


def paragraph(head: str, text: str, ink: str, style: Style) -> Iterator[str]:
    """The text behind its heading; further lines of it are indented."""
    first, *others = inert(text).split("\n")
    yield from flow(paint(head, ink, style), (tree.Run(first),), style, used=len(head), indent=2)
    for line in others:
        yield from flow("  ", (tree.Run(line),), style, indent=2)


def _width(style: Style) -> int:
    return max(style.width, _NARROWEST)


def flow(
    head: str, runs: Iterable[tree.Run], style: Style, *, used: int | None = None, indent: int = 2
) -> Iterator[str]:
    """The runs behind the head, broken between words; further lines are indented."""
    column = len(head) if used is None else used
    runs = list(runs)
    if not style.colour and _is_one_row(text := "".join(one_line(run.text) for run in runs), _width(style) - column):
        yield f"{head}{text}"
        return
    row: list[tree.Run] = []
    for word in _unbroken_words(runs):
        plain = "".join(run.text for run in word)
        wide = columns(plain)
        if row and column + 1 + wide > _width(style):
            yield (head + _painted_runs(row, style)).rstrip()
            row, head, column = [], " " * indent, indent
        if not (row or head.strip()) and plain.startswith("::"):
            word = [tree.Run(disarmed(plain))]
        row += [tree.Run(f" {word[0].text}", word[0].look), *word[1:]] if row else word
        column += wide + (len(row) > len(word))
    yield (head + _painted_runs(row, style)).rstrip()


def _is_one_row(text: str, room: int) -> bool:
    """Whether the text is one row as it is: most are, and breaking a text into words takes long."""
    return (
        len(text) <= room
        and text.isascii()
        and text == text.strip()
        and "  " not in text
        and text[:2] not in ("", "::")
    )


def _painted_runs(runs: Iterable[tree.Run], style: Style) -> str:
    return "".join(
        paint("".join(run.text for run in same), look, style) for look, same in groupby(runs, lambda run: run.look)
    )


def _unbroken_words(runs: Iterable[tree.Run]) -> Iterator[list[tree.Run]]:
    """What stands between spaces; a word may have several looks. What stands between backticks is for copying: one."""
    word: list[tree.Run] = []
    for run in runs:
        for part in _WORD.findall(one_line(run.text)):
            if part.isspace() and word:
                yield word
                word = []
            elif not part.isspace():
                word.append(tree.Run(part, run.look))
    if word:
        yield word
