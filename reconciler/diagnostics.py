"""Errors and warnings: what is wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

CODES: dict[str, str] = {
    "alias-bomb": "Anchors and aliases unfold into more values than a manifest may have, or into themselves.",
    "bad-key": "A stack, environment or key does not match `[a-z0-9][a-z0-9._-]{0,63}`.",
    "bad-name": "A tool, function or schema name has characters that the API rejects, or is too long.",
    "bad-path": "An entry of `ignore_changes` is not a path of a field.",
    "bad-reference": "`{file:}`, `{files:}` or `{value:}` is not allowed here, or has the wrong shape.",
    "bad-schema": "A JSON Schema is not valid.",
    "config": "`reconciler.yaml` states something that is not possible.",
    "duplicate-address": "Two manifests have one address.",
    "duplicate-function": "Two functions or MCP servers of one resource have one name.",
    "duplicate-id": "Two manifests name the same live object.",
    "duplicate-key": "A mapping states one key twice.",
    "encoding": "A file is not UTF-8, or a text holds half of a surrogate pair.",
    "foreign-schema": "A JSON Schema reaches outside itself: a `$ref` without `#` in front, or an unknown `$schema`.",
    "incomplete-list": "A saved list says that the server has more objects (a warning).",
    "json-not-mentioned": "JSON mode requires the word JSON in the instructions (a warning: the server decides).",
    "key-missing": "A file with several documents has one that does not state its `reconciler.key`.",
    "metadata-pairs": "More than fifteen metadata pairs: the sixteenth is the marker.",
    "missing-field": "A required field is missing.",
    "model-family": "A field that models of this family reject (a warning: the server decides).",
    "nested-function": "A function tool wrapped in a second `{type: function, function: …}`.",
    "no-effect": "A setting that does nothing without another (a warning).",
    "no-front-matter": "A Markdown file among the manifests that has no front matter and that nothing refers to.",
    "not-imported": "Something in saved JSON that is not an agent or assistant (a warning).",
    "not-json": "A value that JSON does not have: a date, infinity, binary data.",
    "not-strict": "`strict: true` requires `additionalProperties: false` and every property required, at every level.",
    "path-outside-repo": "A reference or link leaves the repository, or reaches into `.git` or `.reconciler`.",
    "reserved-metadata": "The metadata key `reconciler` is reserved for the marker.",
    "resource-without-tool": "`tool_resources` for a tool that the assistant does not have.",
    "retired-api": "An API that its vendor ends or has ended (a warning).",
    "retired-model": "A model that its vendor ends or has ended (a warning, or a note where the server is another's).",
    "saved-twice": "An id in saved JSON several times, with differences; the last is imported (a warning).",
    "secret-in-file": "A key of the environment in a file, or a header that usually holds one (a warning).",
    "syntax": "YAML or JSON that does not parse.",
    "too-deep": "Values nested deeper than 64 levels.",
    "too-large": "A file, text, list or number above its limit.",
    "too-small": "A text, list or number below its limit.",
    "tool-format": "`response_format` other than text does not go with code_interpreter or file_search.",
    "unknown-environment": "An environment that `reconciler.yaml` does not have.",
    "unknown-field": "A field that does not exist.",
    "unknown-model": "A model whose name is a letter off that of a known one (a warning: the server decides).",
    "unknown-tool": "A tool type that is not known here.",
    "unknown-value": "A value that is not one of those allowed, or a `{value:}` that the environment does not have.",
    "unread-folder": "A folder of manifests beside those that `manifests` lists (a warning).",
    "unreadable": "A file or folder that is missing, unreadable or of the wrong type.",
    "unresolved-conflict": "A `*.live.md`: a live text that `pull` could not merge, and that a person has to.",
    "unresolved-field": "A field that a migration could not carry over, and that nobody has settled yet.",
    "unsupported-field": "A field that the server of this environment does not have.",
    "unsupported-kind": "A manifest of a kind that no server of the environment's provider has.",
    "unused-file": "A file beside manifests that nothing refers to (a warning).",
    "was-in-use": "A key under `was` belongs to another manifest.",
    "wrong-type": "A value of the wrong type.",
}

_LISTED = 20
_ALIKE = 0.75  # what is less alike misleads: `get` is not `forget`, nor `deploy` `destroy`
_BEGINNING = 3

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A location in a file; lines and columns count from one, and line 0 is the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error, warning or note: where, what, and what to do about it."""

    place: Location
    code: str
    message: str
    remedy: str = ""
    severity: Severity = "error"


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics without repetition, by location, errors first, then notes and warnings, at one location."""
    unique = {(f.place, f.severity, f.code, f.message): f for f in diagnostics}
    return tuple(unique[key] for key in sorted(unique))


def errors(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics that stop everything."""
    return tuple(one for one in diagnostics if one.severity == "error")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was meant: one that differs little, or the only one that begins so; else none."""
    names = sorted(known)
    for name in names:
        if name.casefold() == word.casefold():
            return name
    begun = [name for name in names if len(word) >= _BEGINNING and name.startswith(word)]
    return next(iter(difflib.get_close_matches(word, names, n=1, cutoff=_ALIKE)), begun[0] if len(begun) == 1 else None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy that names the word that was meant, or lists them when none is near and they are few."""
    names = sorted(known)
    close = nearest(word, names)
    if close is not None:
        return f"did you mean `{close}`?"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"known here: {', '.join(f'`{name}`' for name in names[:_LISTED])}{more}" if names else ""
