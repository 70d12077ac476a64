"""YAML, JSON and Markdown text → nodes: plain data in which every value and key knows where it stands.

`parse` never raises and never loops: what is wrong with the text comes back as errors, each at its line and
column, and nesting and unfolded size are bounded, so whoever walks a node may recurse.
"""

from __future__ import annotations

from typing import Literal

from reconciler.source import front_matter, json_text, yaml_text
from reconciler.source.editing import edited
from reconciler.source.edits import Edit
from reconciler.source.front_matter import has_front_matter
from reconciler.source.nodes import (
    DEPTH,
    SIZE,
    Node,
    ParsedText,
    Positions,
    Scalar,
    fields,
    items,
    locate,
    member,
    merge_patch,
    merged,
    node_of,
    plain,
)
from reconciler.source.writing import OneLine, is_visible, write

__all__ = [
    "DEPTH",
    "SIZE",
    "Edit",
    "Node",
    "OneLine",
    "ParsedText",
    "Positions",
    "Scalar",
    "edited",
    "fields",
    "has_front_matter",
    "is_visible",
    "items",
    "locate",
    "member",
    "merge_patch",
    "merged",
    "node_of",
    "parse",
    "plain",
    "write",
]


def parse(text: str, file: str, *, syntax: Literal["yaml", "json", "markdown"] = "yaml") -> ParsedText:
    """Every document of the text, and everything wrong with it; JSON and Markdown are one document or none."""
    text = text.removeprefix("\ufeff")
    positions = Positions(text, file)
    readers = {"json": json_text.read, "markdown": front_matter.read}
    return readers.get(syntax, yaml_text.read_untrusted)(text, positions)
