"""The plan as a JSON document: an interface, to which minor versions only add."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from reconciler import __version__
from reconciler.canonical import Absent, Json, digest, plain
from reconciler.masking import Mask
from reconciler.model import Base, Change, Desired, FieldChange, Mismatch, Objection, Plan, Task
from reconciler.paths import BadPath, show
from reconciler.paths import read as read_path
from reconciler.plan.changes import fingerprint, tally
from reconciler.render.style import Style
from reconciler.render.values import in_ascii
from reconciler.render.view import BadDocument, Document, view

FORMAT_VERSION = "1.2"
_PARTS: Final = ("changes", "fields", "meanings", "marks", "objections", "mismatches", "differences", "pending")
_KEPT: Final = (
    "format_version", "reconciler_version", "stack", "environment", "base", "applies", "fingerprint", "digest",
    "summary", "address", "kind", "key", "previous_key", "previous_stack", "action", "origin", "file", "files", "seen",
    "code", "holds", "cause", "kinds",
)  # fmt: skip
"""What names things; no server fills it freely."""


def document(plan: Plan) -> Document:
    """Everything there is to say about a plan; what is absent reads as null."""
    tasks: tuple[Task, ...] = (*plan.changes, *plan.marks)
    held = plan.held
    whole: Document = {
        **_head_document(plan),
        "changes": [change_document(change) for change in plan.changes],
        "marks": [{"address": str(mark.address), "id": mark.live.id} for mark in plan.marks],
        "objections": [_objection_document(objection) for objection in plan.objections],
        "pending": _pending(plan) if plan.applies == "change" else None,
        "notes": list(plan.notes),
        "mismatches": [of_mismatch(mismatch) for mismatch in plan.mismatches],
        "applyable": plan.offline is None and any(task.address not in held for task in tasks),
        "complete": not plan.selected and not plan.standing and plan.offline is None and not plan.rest,
    }
    return {key: _digest(whole) if key == "digest" else value for key, value in whole.items()}


def hidden(document: Document, mask: Mask) -> Document:
    """The document less every secret; whose it is, and by what it is known again, stays as it is."""
    if not mask.words:
        return document
    whole = {name: _less(name, member, mask) for name, member in document.items()}
    return {**whole, "digest": _digest(whole)}


def render(document: Document, style: Style) -> str:
    """The document as JSON, in ASCII, so that nothing in it can act on whatever shows it."""
    return in_ascii(document, indent=2) + "\n"


def read(text: str) -> Document:
    """The document that `render` wrote, whole and as written; else `BadDocument`."""
    return checked(parse(text))


def checked(value: Json) -> Document:
    """The same of what was parsed already."""
    version = value.get("format_version") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(version, str):
        raise BadDocument("it has no `format_version`")
    if not re.fullmatch(r"1\.[0-9]+", version):
        raise BadDocument(f"its format is {version!r}, and this version of reconciler reads 1.x only")
    if value.get("digest") != _digest(value):
        raise BadDocument("it is not what was saved: its digest does not match, so it was edited or damaged")
    view(value)
    return value


def parse(text: str) -> Json:
    """What a text of JSON holds; else `BadDocument`."""
    try:
        value: Json = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"it is not a whole JSON document: {error}") from error
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _digest(document: Document) -> str:
    """Over everything but itself; of values that no document of ours has, none."""
    try:
        return digest({key: value for key, value in document.items() if key != "digest"})
    except (ValueError, RecursionError):  # 1e999 reads as infinity
        return ""


def _head_document(plan: Plan) -> Document:
    where = plan.where
    return {
        "format_version": FORMAT_VERSION,
        "reconciler_version": __version__,
        "stack": where.stack,
        "environment": {
            "name": where.environment,
            "provider": where.provider,
            "base_url": where.base_url,
            "organization": where.organization,
            "project": where.project,
        },
        "base": _base_document(plan.base) if plan.base else None,
        "applies": plan.applies,
        "kinds": list(_kinds(plan)),
        "offline": plan.offline,
        "fingerprint": fingerprint(plan),
        "digest": None,
        "summary": {
            **_figures_document(plan.changes),
            "unchanged": plan.unchanged,
            "unmanaged": plan.unmanaged,
            **({"elsewhere": plan.elsewhere} if plan.elsewhere else {}),
        },
    }


def _kinds(plan: Plan) -> list[str]:
    """The kinds of everything that a manifest wants or that is managed, or of what was selected."""
    if plan.selected_kinds:
        return sorted(plan.selected_kinds)
    tasks: tuple[Task | Mismatch, ...] = (*plan.changes, *plan.rest, *plan.marks, *plan.mismatches)
    return sorted({address.kind for address in (*plan.settled, *(task.address for task in tasks))})


def _pending(plan: Plan) -> Document:
    """What is pending as well, and what speaks against that: none of it is done with this plan."""
    return {
        "summary": _figures_document(plan.rest),
        "changes": [change_document(change) for change in plan.rest],
        "objections": [_objection_document(objection) for objection in plan.rest_objections],
    }


def _figures_document(changes: Iterable[Change]) -> Document:
    figures = tally(changes)
    return {
        "add": figures.add,
        "change": figures.change,
        "destroy": figures.destroy,
        "import": figures.imports,
        "forget": figures.forget,
    }


def _base_document(base: Base) -> Document:
    return {"revision": base.revision, "commit": base.commit, "manifests_changed": base.changed}


def change_document(change: Change) -> Document:
    """One change, with everything that it does."""
    place = change.place
    return {
        "address": str(change.address),
        "kind": change.address.kind,
        "key": change.address.key,
        "previous_key": change.previous_key,
        "action": change.action,
        "origin": change.origin,
        "id": change.id,
        "file": place.file if place else None,
        "line": place.line or None if place else None,
        "seen": change.seen,
        "digest": change.digest,
        "fields": [_field_document(field, change.desired) for field in change.fields],
        "patch": plain(dict(change.patch)),
        "previous_stack": change.previous_stack,
        "unchanged_fields": change.hidden,
        "meanings": [
            {"path": show(path), "text": meaning.text, "breaking": meaning.breaking}
            for path, meaning in change.meanings
        ],
    }


def of_mismatch(mismatch: Mismatch) -> Document:
    """Where a live object is not as stated, and the values on both sides."""
    return {
        "address": str(mismatch.address),
        "id": mismatch.id,
        "file": mismatch.place.file,
        "line": mismatch.place.line or None,
        "fields": [
            {"path": show(one.path), "live": _side_json(one.got), "desired": _side_json(one.wanted)}
            for one in mismatch.differences
        ],
    }


def _side_json(value: Json | Absent) -> Json:
    return None if isinstance(value, Absent) else plain(value)


def _field_document(field: FieldChange, desired: Desired | None) -> Document:
    files = desired.files.get(str(field.path[0]), ()) if desired and len(field.path) == 1 else ()
    return {
        "path": show(field.path),
        "before": _side_json(field.before),
        "after": _side_json(field.after),
        "cause": field.cause,
        "origin": field.origin,
        **({"file": files[0]} if len(files) == 1 else {"files": list(files)} if files else {}),
        **({} if field.reason is None else {"reason": field.reason}),
        **({} if isinstance(field.applied, Absent) else {"applied": plain(field.applied)}),
    }


def _less(name: str, value: Json, mask: Mask) -> Json:
    """A member of the document, or of a part of it that has a shape of ours, less every secret."""
    if name in _KEPT:
        return value
    if name in _PARTS and isinstance(value, list):
        return [_less(name, one, mask) for one in value]
    if name in _PARTS and isinstance(value, dict):
        return {inner: _less(inner, member, mask) for inner, member in value.items()}
    return _masked(value, mask) if name == "path" and isinstance(value, str) else mask.deep(value)


def _masked(path: str, mask: Mask) -> str:
    """The path less every secret, still as a path."""
    try:
        return show(map(mask.text, read_path(path)))
    except BadPath:
        return mask.text(path)


def _objection_document(objection: Objection) -> Document:
    return {
        "code": objection.code,
        "message": objection.message,
        "address": str(objection.address) if objection.address else None,
        "remedy": objection.remedy,
        "allowed": objection.allowed,
        "allowed_by": objection.by,
        "holds": [str(address) for address in sorted(objection.holds)],
        "origin": objection.origin,
    }
