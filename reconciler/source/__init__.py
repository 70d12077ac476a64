"""YAML and JSON text → nodes: plain data in which every value and key knows where it stands.

`parse` never raises and never loops: what is wrong with the text comes back as errors, each at its line and
column, and nesting and unfolded size are bounded, so whoever walks a node may recurse.
"""

from __future__ import annotations

import re
from typing import Literal

from reconciler.diagnostics import Diagnostic
from reconciler.source import json_text, yaml_text
from reconciler.source.inserting import inserted
from reconciler.source.nodes import (
    DEPTH,
    SIZE,
    Node,
    ParsedText,
    Positions,
    Scalar,
    fields,
    locate,
    member,
    merge_patch,
    merged,
    plain,
)
from reconciler.source.writing import write

__all__ = [
    "DEPTH",
    "SIZE",
    "Node",
    "ParsedText",
    "Scalar",
    "fields",
    "inserted",
    "locate",
    "member",
    "merge_patch",
    "merged",
    "parse",
    "plain",
    "write",
]

# What neither libyaml nor the pure-Python reader takes; both would say so less clearly.
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def parse(text: str, file: str, *, syntax: Literal["yaml", "json"] = "yaml") -> ParsedText:
    """Every document of the text, and everything wrong with it; JSON is one document or none."""
    text = text.removeprefix("\ufeff")
    positions = Positions(text, file)
    if syntax == "json":
        return json_text.read(text, positions)
    if bad := _NOT_YAML.search(text):
        message = f"The character U+{ord(bad[0]):04X} may not stand in YAML."
        remedy = "remove it, or write it as an escape within double quotes"
        return ParsedText((), (Diagnostic(positions.place(bad.start()), "syntax", message, remedy),))
    return yaml_text.read(text, positions)
