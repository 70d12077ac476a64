"""JSON Schemas for editors: a file for the manifests of each kind and one for `reconciler.yaml`."""

from __future__ import annotations

import json
import posixpath
from typing import Final

from reconciler.config import FILE
from reconciler.config.file_schema import file_schema
from reconciler.kinds import KINDS
from reconciler.kinds.model_schema import Schema
from reconciler.manifests.manifest_schema import manifest_schema
from reconciler.manifests.parser import kind_of
from reconciler.providers import PROVIDERS
from reconciler.render.plan_schema import plan_schema

FOLDER: Final = ".schemas"
"""Where the schemas are, unless a command names another folder."""
CONFIGURATION: Final = "reconciler"
"""The name of the schema of `reconciler.yaml`."""
PLAN: Final = "plan"
"""The name of the schema of the JSON document that is a plan, which no editor reads."""
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_MODELINE: Final = "# yaml-language-server: $schema="
_COMMENT: Final = "written by reconciler schema --write; run it again after an upgrade"


def schema_files(folder: str = FOLDER) -> dict[str, str]:
    """By its path from the root, the text of each schema that editors read."""
    names = (*KINDS, CONFIGURATION)
    return {f"{folder}/{name}.json": schema_text(name) for name in names}


def schema_text(name: str) -> str:
    """The schema of this name as a file."""
    schema = {"$schema": _DRAFT, "$comment": _COMMENT, **_schema_named(name)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema_named(name: str) -> Schema:
    if name == PLAN:
        return plan_schema()
    if name == CONFIGURATION:
        return file_schema({name: provider.settings for name, provider in PROVIDERS.items()})
    return manifest_schema(KINDS[name])


def modeline(file: str, folder: str = FOLDER) -> str:
    """The comment by which an editor finds the schema of a file, both paths from the root."""
    name = CONFIGURATION if file == FILE else kind_of(file).name
    return _MODELINE + posixpath.relpath(f"{folder}/{name}.json", posixpath.dirname(file) or ".")
