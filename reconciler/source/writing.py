"""Plain data → YAML that a person would have written: long text as blocks, nothing invisible in the open."""

from __future__ import annotations

from typing import Any

import yaml

from reconciler.canonical import Json


class _Dumper(yaml.SafeDumper):
    """Long text as literal blocks, sequences indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write(data: Json) -> str:
    """The data as YAML; reading it gives the same data."""
    return yaml.dump(data, Dumper=_Dumper, allow_unicode=_harmless(data), sort_keys=False, width=100)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    block = "\n" in value and not any(line != line.rstrip() for line in value.split("\n"))
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if block else None)


_Dumper.add_representer(str, _text)


def _harmless(data: Json) -> bool:
    """Whether every character can be seen as what it is."""
    if isinstance(data, dict):
        return all(_harmless(key) and _harmless(member) for key, member in data.items())
    if isinstance(data, list):
        return all(map(_harmless, data))
    return not isinstance(data, str) or all(c == "\n" or c.isprintable() for c in data)
