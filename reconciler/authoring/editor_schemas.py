"""JSON Schemas for editors: a file for the manifests of each kind and one for `reconciler.yaml`."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from typing import Final

from reconciler.config import FILE
from reconciler.config.file_schema import file_schema
from reconciler.kinds import KINDS
from reconciler.kinds.model_schema import WRITTEN_BY, Schema
from reconciler.manifests.manifest_schema import manifest_schema
from reconciler.manifests.parser import kind_of
from reconciler.providers import PROVIDERS
from reconciler.render.event_schema import event_schema
from reconciler.render.plan_schema import plan_schema

FOLDER: Final = ".schemas"
"""Where the schemas are, unless a command names another folder."""
CONFIGURATION: Final = "reconciler"
"""The name of the schema of `reconciler.yaml`."""
_OF_OUTPUT: Final = {"plan": plan_schema, "event": event_schema}
"""The schemas of what commands print, which no editor reads."""
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_MODELINE: Final = "# yaml-language-server: $schema="
_COMMENT: Final = f"{WRITTEN_BY} --write; run it again after an upgrade"
_STATES_SCHEMA: Final = re.compile(r"^\s*#.*(?:yaml-language-server\s*:.*\$schema\s*=|\$schema\s*:)")
"""A comment by which some editor finds a schema."""
_LINES: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""Lines as YAML counts them, with their ends."""


def schema_files(folder: str = FOLDER) -> dict[str, str]:
    """By its path from the root, the text of each schema that editors read."""
    return {posixpath.normpath(f"{folder}/{name}.json"): schema_text(name) for name in (*KINDS, CONFIGURATION)}


def names() -> tuple[str, ...]:
    """What each schema is called."""
    return (*KINDS, CONFIGURATION, *_OF_OUTPUT)


def schema_text(name: str) -> str:
    """The schema of this name as a file."""
    schema = {"$schema": _DRAFT, "$comment": _COMMENT, **_schema_named(name)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema_named(name: str) -> Schema:
    if name in _OF_OUTPUT:
        return _OF_OUTPUT[name]()
    if name == CONFIGURATION:
        return file_schema({name: provider.settings for name, provider in PROVIDERS.items()})
    return manifest_schema(KINDS[name])


def modeline(file: str, folder: str = FOLDER, *, kind: str | None = None) -> str:
    """The comment by which an editor finds the schema of a file, both paths from the root.

    A manifest is of the kind that its folder says, unless it states another.
    """
    name = CONFIGURATION if file == FILE else kind or kind_of(file).name
    return _MODELINE + posixpath.relpath(f"{folder}/{name}.json", posixpath.dirname(file) or ".")


def is_written_here(text: str) -> bool:
    """Whether a file is a schema that was written by an earlier run."""
    try:
        schema = json.loads(text)
    except ValueError:
        return False
    return isinstance(schema, dict) and str(schema.get("$comment")).startswith(WRITTEN_BY)


def with_modelines(text: str, wanted: Sequence[tuple[int, str]]) -> str | None:
    """The text with a modeline above each document that has none, every other byte kept.

    Each wanted one comes with the line at which its document's first field is. None if one has no line of its own to
    stand on, because its document begins beside its `---`.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    lines = _LINES.findall(text.removeprefix(mark))
    ending = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    separators = [number for number, line in enumerate(lines) if re.match(r"---(?:\s|$)", line)]
    for index, (line, comment) in reversed([*enumerate(wanted)]):
        above = max((number for number in separators if number < line), default=-1)
        below = min((number for number in separators if number >= line), default=len(lines))
        start = above + 1 if index else int(bool(lines) and lines[0].startswith("#!"))
        if any(_STATES_SCHEMA.match(each) for each in lines[start:below]):
            continue
        if above == line - 1 and index:
            return None
        lines.insert(start, comment + ending)
    return mark + "".join(lines)
