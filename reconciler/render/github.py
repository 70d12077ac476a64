"""A plan for a job of GitHub Actions: the text, and annotations that stand at the manifests' own lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import normpath
from typing import Final

from reconciler.diagnostics import Diagnostic, in_order
from reconciler.render import sentences, text
from reconciler.render.grouping import halves
from reconciler.render.page import flattened, section_of
from reconciler.render.style import Style
from reconciler.render.tree import Field, Short
from reconciler.render.values import inert, one_line, shortened
from reconciler.render.verdict import headline, ranked
from reconciler.render.view import ChangeView, Document, MeaningView, MismatchView, ObjectionView, View, view

MOST: Final = 10  # annotations of a kind that GitHub shows of one step
KINDS: Final = ("error", "warning", "notice")

_LINES = 12  # of a message; the whole is in the log
_ROOM = 160  # columns of a line
_LONG = 60  # columns of a value
_TITLE = 200
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


@dataclass(frozen=True, slots=True)
class Annotation:
    """Something to be read beside a line of a file, or of no file."""

    kind: str
    title: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0


def render(document: Document, style: Style) -> str:
    """The plan as text, and then its annotations."""
    return text.render(document, style) + "".join(f"{line}\n" for line in annotated(document))


def annotated(document: Document, folder: str = "") -> tuple[str, ...]:
    """The commands that annotate a plan, errors first and the worst first; at most ten of a kind.

    `folder` is where the files of the plan lie, as seen from the root of the repository.
    """
    return commands(of_plan(document), folder)


def of_plan(document: Document) -> Iterator[Annotation]:
    """What is to be read beside the manifests: objections, then changes, those of this change first."""
    plan = view(document)
    places = {change.address: (change.file or "", change.line or 0) for change in plan.changes}
    yield from (_of_objection(objection, plan, places) for objection in plan.objections)
    yield from (_of_mismatch(mismatch, plan) for mismatch in plan.mismatches)
    parts = [(half, change) for half in halves(plan) for change in ranked(half.changes)]
    for half, change in parts[:MOST]:
        yield _of_change(change, plan, half.title if half.origin == "pending" else "")
    yield from (Annotation("notice", "", "") for _ in parts[MOST:])  # of those only the number is told


def of_faults(faults: Iterable[Diagnostic]) -> Iterator[Annotation]:
    """What is wrong with the manifests, in the order of the places."""
    return (_of_fault(fault) for fault in in_order(faults))


def commands(found: Iterable[Annotation], folder: str = "") -> tuple[str, ...]:
    """The annotations as a runner reads them; of more than ten of a kind the last says how many there are."""
    every = tuple(found)
    kept = [one for kind in KINDS for one in _few(kind, [one for one in every if one.kind == kind])]
    return tuple(_command(one, folder) for one in kept)


def outputs(plans: Sequence[Document], *, failed: bool = False) -> dict[str, str]:
    """What later steps may ask: the figures of the plans together, and each plan's fingerprint."""
    views = [view(plan) for plan in plans]
    figures = [one.summary for one in views]
    prints = [one.fingerprint for one in views]
    named = [f"{one_line(one.environment)} {one.fingerprint}" for one in views]
    return {
        "has_changes": "true" if any(one.changes for one in views) else "false",
        "add": str(sum(one.add for one in figures)),
        "change": str(sum(one.change for one in figures)),
        "destroy": str(sum(one.destroy for one in figures)),
        "import": str(sum(one.imports for one in figures)),
        "forget": str(sum(one.forget for one in figures)),
        "objections": str(sum(len(one.standing) for one in views)),
        "fingerprint": one_line("".join(prints)) if len(prints) == 1 else "\n".join(named),
        "exitcode": "1" if failed else _exit_code(views),
    }


def assignments(values: Mapping[str, str], delimiter: str) -> str:
    """The values as a runner reads them from a file; the delimiter must be one that no value can know."""
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def _exit_code(views: Sequence[View]) -> str:
    """What `--detailed-exitcode` would exit with."""
    return "3" if any(one.standing for one in views) else "2" if any(one.changes for one in views) else "0"


def _few(kind: str, found: list[Annotation]) -> list[Annotation]:
    if len(found) <= MOST:
        return found
    more = len(found) - MOST + 1
    rest = Annotation(kind, f"{more:,} more {kind}s", "The log of this step has them all.")
    return [*found[: MOST - 1], rest]


def _command(one: Annotation, folder: str) -> str:
    """`::error file=a.yaml,line=1,title=…::…`; what the runner would trim or split off is not written."""
    file = one_line(normpath(f"{folder}/{one.file}") if folder else one.file) if one.file else ""
    where = {"file": file, "line": one.line, "col": one.column if one.line else 0} if _is_path(file) else {}
    title = shortened(" ".join(one_line(one.title).split()), _TITLE)
    properties = {**where, "title": title}
    told = ",".join(f"{name}={str(value).translate(_PROPERTY)}" for name, value in properties.items() if value)
    return f"::{one.kind} {told}::{inert(one.message).translate(_DATA)}"


def _is_path(file: str) -> bool:
    """Whether a runner reads it as it is: options and variables are no files, and some names cannot be written."""
    return bool(file) and ("/" in file or "." in file) and not file.startswith(("=", " ")) and file == file.strip()


def _of_fault(fault: Diagnostic) -> Annotation:
    place = fault.place
    message = f"{fault.message}\n{fault.remedy}".rstrip()
    if not _is_path(one_line(place.file)):
        message = f"{place.file}: {message}"
    kind = "notice" if fault.severity == "note" else fault.severity
    return Annotation(kind, fault.code, message, place.file, place.line, place.column)


def _of_objection(one: ObjectionView, plan: View, places: Mapping[str, tuple[str, int]]) -> Annotation:
    about = [one.address] if one.address else list(one.holds)
    file, line = next((places[address] for address in about if address in places), ("", 0))
    word = "Allowed" if one.allowed else "Objection"
    subject = f": {one.address}" if one.address else ""
    lines = [one.message, one.remedy, f"({sentences.permission(one)})"]
    kind = "notice" if one.allowed else "error"
    title = f"{word} ({one.code}) in {plan.environment}{subject}"
    return Annotation(kind, title, "\n".join(filter(None, lines)), file, line)


def _of_mismatch(one: MismatchView, plan: View) -> Annotation:
    title = f"In {plan.environment}: {one.address} differs from its manifest"
    return Annotation("warning", title, sentences.mismatch(one), one.file or "", one.line or 0)


def _of_change(change: ChangeView, plan: View, half: str) -> Annotation:
    pending = f"{half} in" if half else "In"
    title = f"{pending} {plan.environment}: {change.address} {sentences.will(change)}"
    free = replace(change, held_by=())
    alone = replace(plan, base=None, objections=(), mismatches=(), pending=(), changes=(free,))
    lines = [headline(alone), *_change_details(change)]
    return Annotation("notice", title, "\n".join(lines), change.file or "", change.line or 0)


def _change_details(change: ChangeView) -> Iterator[str]:
    """What a reviewer wants beside the line: what blocks it, the fields and their cause, what schemas mean."""
    if change.held_by:
        yield f"Blocked: {', '.join(change.held_by)}"
    section = section_of(change)
    blocks = section.blocks if change.action != "delete" else ()
    lines = [*section.why, *map(_meaning_line, change.meanings), *(_field_line(*pair) for pair in flattened(blocks))]
    yield from (shortened(line, _ROOM) for line in lines[:_LINES])
    if len(lines) > _LINES:
        yield f"… and {len(lines) - _LINES} more"


def _meaning_line(meaning: MeaningView) -> str:
    return f"{'breaking' if meaning.breaking else 'compatible'}: {one_line(meaning.text)}"


def _field_line(group: str, field: Field) -> str:
    tags = f"  # {one_line(', '.join(field.tags))}" if field.tags else ""
    name = " ".join(filter(None, [one_line(group), one_line(field.name)]))
    return f"{field.sign} {name}  {_field_value(field)}{tags}"


def _field_value(field: Field) -> str:
    """Both sides where they are short; else how long a text is, or the first line that changes in a structure."""
    if isinstance(field.content, Short):
        return text.values_of(field.content)
    if field.content.is_text:
        return field.content.size
    rows = [row for row in field.content.rows(field.sign) if row.text.strip("{}[]· ")]
    sides = (next((row.text.strip("· ") for row in rows if row.sign == sign), "") for sign in "-+")
    return " -> ".join(shortened(side, _LONG) for side in sides if side)
