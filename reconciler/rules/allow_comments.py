"""`# reconciler: allow CODE`: which findings a comment silences, and which comments are of no use.

A comment counts for its own line, alone on a line for the next one, and before the first key for the whole manifest.
What is found in a file that a manifest refers to is silenced where the manifest does so.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reconciler.diagnostics import Diagnostic, Location
from reconciler.source import Node
from reconciler.source.comments import SourceComment, comments

_ALLOW: Final = re.compile(r"#[ \t]*reconciler:[ \t]*allow\b[ \t]*")
_CODE: Final = re.compile(r"[a-z][a-z0-9-]*")
_NEXT: Final = re.compile(r"[ \t]*,[ \t]*")
_REASON: Final = re.compile(r"[ \t]*(?:[^\w \t]|$)")


@dataclass(frozen=True, slots=True)
class ManifestText:
    """One document of a file that may have such comments."""

    file: str
    node: Node | None = None
    references: tuple[tuple[str, int], ...] = ()
    """The files that it refers to, and the line of each reference."""


@dataclass(frozen=True, slots=True)
class _Extent:
    """The lines of one document of a file."""

    begins: tuple[int, ...]
    """Those on which keys and values begin, in order."""
    last: float
    references: tuple[tuple[str, int], ...]

    def begin(self, line: int) -> int:
        """The line on which the key or text begins that a line is a part of."""
        at = bisect_right(self.begins, line)
        return self.begins[at - 1] if at else line


@dataclass(frozen=True, slots=True)
class AllowComment:
    """One code that a comment allows, and where."""

    code: str
    place: Location
    line: int
    """The line that it is about; 0 for all of the document."""
    extent: _Extent

    def is_about(self, place: Location) -> bool:
        """Whether it is about what is found at a location."""
        if place.file != self.place.file:
            return any(file == place.file and self.line in (0, line) for file, line in self.extent.references)
        if self.line and self.line in (place.line, self.extent.begin(place.line)):
            return place.line <= self.extent.last
        return not self.line and (place.line == 0 or self.place.line <= place.line <= self.extent.last)


@dataclass(slots=True)
class AllowComments:
    """Every such comment of the manifests, and which of them have silenced anything."""

    listed: Sequence[AllowComment] = ()
    malformed: Sequence[Location] = ()
    used: set[Location] = field(default_factory=set)
    _by_file: dict[tuple[str, str], list[AllowComment]] = field(init=False, default_factory=dict)
    """By code, and by each file that it may be about."""

    def __post_init__(self) -> None:
        for each in self.listed:
            for file in {each.place.file, *(file for file, _ in each.extent.references)}:
                self._by_file.setdefault((each.code, file), []).append(each)

    def silence(self, finding: Diagnostic) -> bool:
        """Whether a comment silences the finding."""
        found = [
            each for each in self._by_file.get((finding.code, finding.place.file), ()) if each.is_about(finding.place)
        ]
        self.used.update(each.place for each in found)
        return bool(found)

    @property
    def unused(self) -> Iterator[AllowComment]:
        """Those that have silenced nothing."""
        return (each for each in self.listed if each.place not in self.used)


def allow_comments(manifests: Callable[[], Iterable[ManifestText]], sources: Mapping[str, str]) -> AllowComments:
    """Every such comment of the manifests, which are made only if a text may have one."""
    if not any("reconciler:" in text and _ALLOW.search(text) for text in sources.values()):
        return AllowComments()
    listed: list[AllowComment] = []
    malformed: list[Location] = []
    by_file: dict[str, list[ManifestText]] = {}
    for manifest in manifests():
        by_file.setdefault(manifest.file, []).append(manifest)
    for file, documents in by_file.items():
        text = sources.get(file, "")
        extents: list[_Extent] = []
        for comment in comments(text, file, _ALLOW, markdown=file.lower().endswith(".md")):
            extents = extents or _extents(documents)
            extent, line = _reach(comment, extents, text)
            for code, place in _codes(comment):
                if code:
                    listed.append(AllowComment(code, place, line, extent))
                else:
                    malformed.append(place)
    return AllowComments(listed, malformed)


def _codes(comment: SourceComment) -> Iterator[tuple[str, Location]]:
    """Each code of a comment; an empty one where something else stands."""
    start = _ALLOW.match(comment.text)
    at = start.end() if start else 0
    while True:
        place = Location(comment.place.file, comment.place.line, comment.place.column + at)
        match = _CODE.match(comment.text, at)
        yield (match[0] if match else ""), place
        separator = _NEXT.match(comment.text, match.end()) if match else None
        if match is None or separator is None:
            break
        at = separator.end()
    if match is not None and not _REASON.match(comment.text, match.end()):
        yield "", Location(comment.place.file, comment.place.line, comment.place.column + match.end())


def _extents(documents: Sequence[ManifestText]) -> list[_Extent]:
    begins = [tuple(_starting_lines(document.node)) for document in documents]
    nexts = [lines[0] - 1 if lines else 0 for lines in begins[1:]]
    return [
        _Extent(lines, last, document.references)
        for document, lines, last in zip(documents, begins, [*nexts, float("inf")], strict=True)
    ]


def _reach(comment: SourceComment, extents: Sequence[_Extent], text: str) -> tuple[_Extent, int]:
    """The document that a comment belongs to, and the line that it is about: 0 for all of the document."""
    line = comment.place.line
    within = [extent for extent in extents if not extent.begins or extent.begins[0] <= line]
    is_behind = not within or bool(within[-1].begins and line > within[-1].begins[-1])
    if comment.is_alone and is_behind and len(within) < len(extents):
        return extents[len(within)], 0
    extent = (within or extents)[-1]
    if comment.is_alone and not extent.begins and line < _next_line(text, 0):  # a file that is no manifest
        return extent, 0
    return extent, _next_line(text, line) if comment.is_alone else line


def _next_line(text: str, line: int) -> int:
    """The next line that is neither empty nor a comment."""
    rest = enumerate(text.split("\n")[line:], line + 1)
    return next((at for at, each in rest if each.strip() and not each.lstrip().startswith("#")), line)


def _starting_lines(node: Node | None) -> list[int]:
    """The lines on which keys and values begin, in order."""
    found: set[int] = set()
    seen: set[int] = set()
    pending = [node] if node is not None else []
    while pending:
        each = pending.pop()
        if id(each) in seen:  # an alias of YAML stands at many places
            continue
        seen.add(id(each))
        found.update(place.line for place in each.keys.values())
        if isinstance(each.value, dict):
            pending.extend(each.value.values())
        elif isinstance(each.value, tuple):
            pending.extend(each.value)
        else:
            found.add(each.place.line)
    return sorted(found)
