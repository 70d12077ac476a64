"""Tools of any kind of resource: a list for the API, a mapping in the normal form, so that order has no meaning."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from reconciler.canonical import Json
from reconciler.diagnostics import did_you_mean
from reconciler.kinds.fields import Data, FieldPart
from reconciler.kinds.problems import Problem, ServerTraits, wrong_type

Groups: TypeAlias = Mapping[str, tuple[str, str]]
"""By the member of the normal form that holds tools by name, their type and what they are named by."""
Numbered: TypeAlias = Iterable[tuple[int, Any]]
"""Tools with their places in the list."""


def type_of(tool: Any) -> str:
    """The type of a tool, be it known or not."""
    return str(tool.get("type") if isinstance(tool, dict) else tool.type)


def members_of(tool: Any) -> Data:
    """What a tool says beside its type."""
    members: Data = tool.normal() if isinstance(tool, FieldPart) else {k: v for k, v in tool.items() if v is not None}
    members.pop("type", None)
    return members


def tools_by_name(listed: Iterable[Any], groups: Groups, entry: Callable[[Any], Data]) -> Json:
    """Tools of the groups by name, the others by type, and by ordinal where one comes twice."""
    named: dict[str, Data] = {group: {} for group in groups}
    others: Data = {}
    by_type = {of: (group, name) for group, (of, name) in groups.items()}
    for tool in listed:
        kind, members = type_of(tool), entry(tool)
        if isinstance(tool, FieldPart) and kind in by_type:
            group, name = by_type[kind]
            _add(named[group], str(members.pop(name)), members)
        else:
            _add(others, kind, members, taken=groups)
    return {**others, **{group: members for group, members in named.items() if members}}


def _add(into: Data, name: str, value: Json, taken: Collection[str] = ()) -> None:
    """Under its name, with an ordinal where the name is taken or could be read as one with an ordinal."""
    ordinal = 2
    free = f"{name}#1" if "#" in name or name in taken else name
    while free in into:
        free = f"{name}#{ordinal}"
        ordinal += 1
    into[free] = value


def _less_ordinal(name: str) -> str:
    return name.rpartition("#")[0] if "#" in name else name


def tool_list(value: Json, groups: Groups, body: Callable[[str, Data], Data]) -> Json:
    """Tools as the API takes them, each made of its type and its entry."""
    if not isinstance(value, dict):
        return value
    listed: list[Json] = []
    for name, entry in value.items():
        members = entry if isinstance(entry, dict) else {}
        if name in groups:
            kind, key = groups[name]
            named = ((own, member) for own, member in members.items() if isinstance(member, dict))
            listed += [body(kind, {key: _less_ordinal(own), **member}) for own, member in named]
        else:
            listed.append(body(_less_ordinal(name), members))
    return listed


def mappings_in(listed: Json) -> Iterator[tuple[int, Data]]:
    """The tools of a manifest that are mappings at least, with their places."""
    for index, tool in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(tool, dict):
            yield index, tool


def type_problem(index: int, tool: Data, known: Iterable[str]) -> Problem | None:
    """What is wrong with a tool that does not say its type."""
    if tool.get("type", "") == "":
        return Problem(
            ("tools", index, "type"), "missing-field", "A tool needs a `type`.", f"one of {', '.join(known)}"
        )
    return None if isinstance(tool["type"], str) else wrong_type(("tools", index, "type"), "text", tool["type"])


def unknown_types(
    tools: Numbered,
    known: Iterable[str],
    kind: str,
    traits: ServerTraits,
    remedies: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Problem]:
    """An error where the server lists the types of this kind; else the server decides.

    The remedies are for types of which more is known than that they are none.
    """
    listed, there = traits.tools.get(kind), {*known, *traits.more_tools.get(kind, ())}
    for index, tool in tools:
        name, loc = type_of(tool), ("tools", index, "type")
        if listed is not None and name not in listed:
            message = f"`{name}` is not a tool type of this server."
            yield Problem(loc, "unknown-tool", message, remedies.get(name) or did_you_mean(name, listed))
        elif listed is None and name not in there:
            message = f"`{name}` is a tool type that is not known here; it is sent as it stands."
            yield Problem(loc, "unknown-tool", message, remedies.get(name) or did_you_mean(name, there), "warning")


def listed_twice(tools: Numbered, named: Collection[str]) -> Iterator[Problem]:
    """What is there once at most: known tools of every type but those that have names."""
    types: set[str] = set()
    for index, tool in tools:
        if isinstance(tool, FieldPart) and (kind := type_of(tool)) not in named:
            if kind in types:
                yield Problem(("tools", index), "unknown-tool", f"`{kind}` is listed twice.", "keep one")
            types.add(kind)
