"""Drafts → the files that a person would have written: manifests, and files for long or shared values.

A prompt has a file of its own from a few lines on, a function or a schema from a few more: `prompts/<key>.md`,
`functions/<name>.json`, `schemas/<name>.json`. What several manifests have in common is written once.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from reconciler.canonical import Json
from reconciler.drafts.keys import is_safe_stem, slug_of
from reconciler.kinds import KINDS
from reconciler.manifests.parser import kind_of
from reconciler.model import Address
from reconciler.paths import at
from reconciler.source import OneLine, is_visible, write

Layout: TypeAlias = Literal["yaml", "markdown"]
_Steps: TypeAlias = tuple[str | int, ...]

PROMPT_LINES: Final = 5
PROMPT_CHARACTERS: Final = 400
"""A longer prompt has a file of its own."""
DATA_LINES: Final = 24
SHARED_DATA_LINES: Final = 8
"""Data of more lines of JSON has a file of its own; the second is for what several manifests have in common."""

_FIRST: Final = (
    *("name", "description", "model", "instructions", "temperature", "top_p", "reasoning_effort", "reasoning"),
    *("service_tier", "tools", "tool_resources", "response_format", "text"),
)
_LAST: Final = ("metadata", "reconciler")
_SUFFIX: Final = {"yaml": ".yaml", "markdown": ".md"}
_PROMPTS, _FUNCTIONS, _SCHEMAS = "prompts", "functions", "schemas"
_FILE_NAME: Final = re.compile(r"[a-z0-9][A-Za-z0-9._-]{0,127}", re.IGNORECASE)
_FILE: Final = re.compile(r"[^\0]*\.(?:md|txt|json|yaml|yml)", re.IGNORECASE | re.DOTALL)
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Draft:
    """A manifest before it is laid out in files."""

    address: Address
    body: Mapping[str, Json]
    """In the API's own shape; references may stand in it already."""
    own: Mapping[str, Json] = field(default_factory=dict)
    """The `reconciler:` block."""


def laid_out(
    drafts: Sequence[Draft], layout: Layout, folders: Mapping[str, str], taken: Collection[str] | Mapping[str, str] = ()
) -> dict[str, str]:
    """The text of each file, by its path from the root; none of these paths is one of those that are taken.

    `folders` has the folder of each kind. Read again, the files say what the drafts say. Where the texts of the files
    that are there are known, what equals one of them refers to it.
    """
    names = _FreeNames(taken)
    placed = [_placed_draft(draft, layout, folders, names) for draft in sorted(drafts, key=lambda draft: draft.address)]
    files = list(_files(placed, layout, names, _by_content(taken if isinstance(taken, Mapping) else {})))
    texts = {file.path: file.text for file in files if file.text is not None}
    references: defaultdict[str, dict[_Steps, str]] = defaultdict(dict)
    for file in files:
        for part in file.parts:
            folder = posixpath.dirname(part.manifest.path)
            references[part.manifest.path][part.where] = posixpath.relpath(file.path, folder)
    for manifest in placed:
        apart = references[manifest.path]
        body = {name: _with_references(value, (name,), apart) for name, value in manifest.body.items()}
        texts[manifest.path] = _manifest_text(body, manifest, layout)
    return dict(sorted(texts.items()))


def folder_of(kind: str, manifests: Sequence[str]) -> str:
    """Which of the folders with manifests has those of a kind; below the first where none has."""
    plural = KINDS[kind].plural
    fitting = [folder for folder in manifests if kind_of(f"{folder}/x").name == kind]
    named = [folder for folder in fitting if posixpath.basename(folder.rstrip("/")) == plural]
    return next(iter([*named, *fitting]), posixpath.normpath(posixpath.join(manifests[0], plural)))


# Which files there are


@dataclass(frozen=True, slots=True, eq=False)
class _PlacedDraft:
    """A draft, the path of its manifest, and the block that the path asks for."""

    address: Address
    body: Mapping[str, Json]
    own: Mapping[str, Json]
    path: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A value within a draft that could stand in a file of its own, and what the file would be called."""

    manifest: _PlacedDraft
    where: _Steps
    folder: str
    text: str
    stem: str
    shared_stem: str
    """What it is called where other manifests have the same."""
    is_forced: bool = False
    """Whether it can stand nowhere else."""

    @property
    def path(self) -> str:
        """The folder that its file would be in, from the root."""
        return posixpath.join(posixpath.dirname(self.manifest.path), self.folder)

    @property
    def content(self) -> tuple[str, str, str]:
        """What equal parts share: functions of two names are two, although they take the same."""
        return self.folder, self.text, self.stem if self.folder == _FUNCTIONS else ""


@dataclass(frozen=True, slots=True)
class _DataFile:
    path: str
    text: str | None
    """None where the file is there already."""
    parts: Sequence[_Part]


def _by_content(texts: Mapping[str, str]) -> dict[tuple[str, str], list[str]]:
    """The paths of files beside manifests, by the name of their folder and what they hold."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for path, text in sorted(texts.items()):
        content = text.replace("\r\n", "\n").rstrip("\n") + "\n"
        found[posixpath.basename(posixpath.dirname(path)), content].append(path)
    return found


class _FreeNames:
    """Paths that nothing has yet, whatever the case of letters."""

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = {path.lower() for path in taken}
        self._numbers: Counter[str] = Counter()

    def claim(self, folder: str, stem: str, suffix: str) -> str:
        """A path in the folder, with a number where the stem alone is not free."""
        path = free = posixpath.normpath(posixpath.join(folder, f"{stem}{suffix}"))
        while free.lower() in self._taken:
            self._numbers[path.lower()] += 1
            free = f"{path.removesuffix(suffix)}-{self._numbers[path.lower()] + 1}{suffix}"
        self._taken.add(free.lower())
        return free


def _placed_draft(draft: Draft, layout: Layout, folders: Mapping[str, str], names: _FreeNames) -> _PlacedDraft:
    address, suffix = draft.address, _SUFFIX[layout]
    stem = address.key if is_safe_stem(address.key) else f"{address.key}-{address.kind}"
    path = names.claim(folders[address.kind], stem, suffix)
    own: dict[str, Json] = {}
    if kind_of(path).name != address.kind:
        own["kind"] = address.kind
    if posixpath.basename(path) != f"{address.key}{suffix}":
        own["key"] = address.key
    return _PlacedDraft(address, draft.body, {**own, **draft.own}, path)


def _files(
    placed: Sequence[_PlacedDraft], layout: Layout, names: _FreeNames, there: Mapping[tuple[str, str], Sequence[str]]
) -> Iterator[_DataFile]:
    """Every file beside the manifests, those of several manifests with a name that is of none of them."""
    groups: defaultdict[tuple[str, str, str], list[_Part]] = defaultdict(list)
    for part in (part for manifest in placed for part in _parts(manifest)):
        groups[part.content].append(part)
    new: list[list[_Part]] = []
    for parts in groups.values():
        path = next((path for path in there.get(parts[0].content[:2], ()) if _may_share(parts[0], path)), None)
        if path is not None and _is_apart(parts[0], layout, is_shared=True):
            yield _DataFile(path, None, parts)
        elif _is_apart(parts[0], layout, is_shared=len(parts) > 1):
            new.append(parts)
    stems = Counter((parts[0].path, parts[0].stem.lower()) for parts in new)
    for parts in new:
        home = Counter(part.path for part in parts).most_common(1)[0][0]  # of two kinds, where most of them are
        first, suffix = parts[0], ".md" if parts[0].folder == _PROMPTS else ".json"
        stem, key = first.stem, first.manifest.address.key
        if len({part.stem for part in parts}) > 1:
            stem = first.shared_stem
        elif len(parts) == 1 and stems[first.path, stem.lower()] > 1 and stem != key:
            stem = f"{stem}-{key}"
        yield _DataFile(names.claim(home, stem, suffix), first.text, parts)


def _may_share(part: _Part, path: str) -> bool:
    """Whether a file of the same content is for the part as well: of functions, those of its name."""
    stem = posixpath.basename(path).rpartition(".")[0]
    return part.folder != _FUNCTIONS or stem == part.stem or stem.startswith(f"{part.stem}-")


def _parts(manifest: _PlacedDraft) -> Iterator[_Part]:
    """What of a draft could stand in files of its own."""
    kind, key, body = KINDS[manifest.address.kind], manifest.address.key, dict(manifest.body)
    prompt = at(body, kind.prompt)
    if isinstance(prompt, str):
        words = slug_of(prompt[:200]).split("-")[:5]
        shared = "-".join(["shared", *words])
        yield _Part(manifest, kind.prompt, _PROMPTS, f"{prompt}\n", _safe_stem(key, "prompt"), shared.rstrip("-"))
    yield from _file_parts_of_tools(manifest, body.get("tools"))
    answer, schema = (at(body, path) for path in (kind.answer_schema[:-1], kind.answer_schema))
    name = answer.get("name") if isinstance(answer, dict) else None
    if isinstance(schema, dict) and not _is_reference(schema):
        stem, shared = _safe_stem(str(name or key), "answer"), _safe_stem(str(name or "answer"), "answer")
        text, poses = _json_text(schema), _poses_as_reference(schema)
        yield _Part(manifest, kind.answer_schema, _SCHEMAS, text, stem, shared, is_forced=poses)


def _file_parts_of_tools(manifest: _PlacedDraft, tools: Json) -> Iterator[_Part]:
    """The functions of a list of tools: what they take, and with it the rest where that has a mapping of its own."""
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        if not isinstance(tool, dict) or tool.get("type") != "function":
            continue
        member = "function" if "function" in tool else "parameters"
        value, named = tool.get(member), tool.get("function", tool)
        if not isinstance(value, dict) or not isinstance(named, dict) or _is_reference(value):
            continue
        parameters = named.get("parameters")
        if not _is_reference(parameters):
            stem = _safe_stem(str(named.get("name")), "function")
            text, poses = _json_text(value), _poses_as_reference(parameters)
            yield _Part(manifest, ("tools", index, member), _FUNCTIONS, text, stem, stem, is_forced=poses)


def _is_apart(part: _Part, layout: Layout, *, is_shared: bool) -> bool:
    """Whether a part stands in a file."""
    lines = part.text.count("\n")
    if part.folder != _PROMPTS:
        return lines > (SHARED_DATA_LINES if is_shared else DATA_LINES) or part.is_forced
    is_long = lines > PROMPT_LINES or len(part.text) > PROMPT_CHARACTERS
    return is_long and _can_be_file(part.text) and (is_shared or layout == "yaml")


def _can_be_file(text: str) -> bool:
    """Whether a file of text can carry it: a blank one says nothing, and half a character has no bytes."""
    return bool(text.strip()) and not _HALF_CHARACTER.search(text)


def _is_reference(value: Json) -> bool:
    """Whether a draft has a reference there already."""
    named = value.get("file", value.get("files")) if isinstance(value, dict) and len(value) == 1 else None
    listed = named if isinstance(named, list) else [named]
    return bool(listed) and all(isinstance(path, str) and _FILE.fullmatch(path) for path in listed)


def _poses_as_reference(schema: Json) -> bool:
    """Whether a schema would be taken for a reference if it stood in the manifest; in a file it is not."""
    return isinstance(schema, dict) and list(schema) in (["file"], ["files"])


def _safe_stem(name: str, what: str) -> str:
    """A name that a file may have everywhere."""
    stem = name if _FILE_NAME.fullmatch(name) else slug_of(name) or what
    return stem if is_safe_stem(stem) else f"{stem}-{what}"


# What is in them


def _manifest_text(body: dict[str, Json], manifest: _PlacedDraft, layout: Layout) -> str:
    fields = _in_order({**body, **({"reconciler": _own_block(manifest.own)} if manifest.own else {})})
    if layout == "yaml":
        return write(fields)
    prompt = fields.get("instructions")
    if not isinstance(prompt, str) or not _can_be_file(prompt):
        return f"---\n{write(fields)}---\n"
    del fields["instructions"]
    return f"---\n{write(fields) if fields else ''}---\n\n{prompt}\n"


def _own_block(own: Mapping[str, Json]) -> dict[str, Json]:
    """The block, with ids on one line, to which those of other environments are added."""
    return {key: OneLine(value) if key == "id" and isinstance(value, dict) else value for key, value in own.items()}


def _in_order(fields: Mapping[str, Json]) -> dict[str, Json]:
    """The same fields as people read them; those without a place of their own stand before the last."""
    others = [name for name in fields if name not in (*_FIRST, *_LAST)]
    return {name: fields[name] for name in (*_FIRST, *others, *_LAST) if name in fields}


def _json_text(value: Json) -> str:
    """The value as a file of JSON, with nothing invisible in the open."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if not text.isascii() or "\x7f" in text:
        text = "".join(each if each == "\n" or is_visible(each) else json.dumps(each)[1:-1] for each in text)
    return f"{text}\n"


def _with_references(value: Json, where: _Steps, references: Mapping[_Steps, str]) -> Json:
    """The value, which stands at a path, with references in place of what has a file of its own."""
    if where in references:
        return OneLine(file=references[where])
    if isinstance(value, OneLine):
        return value
    if _is_reference(value) and isinstance(value, dict) and "file" in value:
        return OneLine(value)
    if isinstance(value, dict):
        return {name: _with_references(member, (*where, name), references) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_references(member, (*where, index), references) for index, member in enumerate(value)]
    return value
