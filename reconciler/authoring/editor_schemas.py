"""JSON Schemas for editors: a file for the manifests of each kind and one for `reconciler.yaml`."""

from __future__ import annotations

import json
import posixpath
from typing import Final

from reconciler.config import FILE
from reconciler.kinds import KINDS
from reconciler.manifests.parser import kind_of

FOLDER: Final = ".schemas"
"""Where the schemas are, unless a command names another folder."""
CONFIGURATION: Final = "reconciler"
"""The name of the schema of `reconciler.yaml`."""
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_MODELINE: Final = "# yaml-language-server: $schema="


def schema_files(folder: str = FOLDER) -> dict[str, str]:
    """By its path from the root, the text of each schema that editors read."""
    names = (*KINDS, CONFIGURATION)
    return {f"{folder}/{name}.json": schema_text(name) for name in names}


def schema_text(name: str) -> str:
    """The schema of this name as a file."""
    schema = {"$schema": _DRAFT, "$comment": "written by reconciler schema --write", "title": name, "type": "object"}
    return json.dumps(schema, indent=2) + "\n"


def modeline(file: str, folder: str = FOLDER) -> str:
    """The comment by which an editor finds the schema of a file, both paths from the root."""
    name = CONFIGURATION if file == FILE else kind_of(file).name
    return _MODELINE + posixpath.relpath(f"{folder}/{name}.json", posixpath.dirname(file) or ".")
