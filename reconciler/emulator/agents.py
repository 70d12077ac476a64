"""The agent, as the server has it: its fields and tools with every limit, what is stored, and what is answered."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from reconciler.emulator.api import Api
from reconciler.emulator.families import EFFORTS, reasons
from reconciler.emulator.settings import Settings
from reconciler.emulator.shapes import (
    ANYTHING,
    FLAG,
    METADATA,
    Compact,
    Fields,
    Many,
    Members,
    Number,
    Optional,
    Pairs,
    Shape,
    Text,
    Variants,
    WireError,
    nullable,
    of_type,
    ordered,
    with_nulls,
)

MIB = 1024 * 1024
LARGEST_TOOLS = 3 * MIB
LONGEST_INSTRUCTIONS = MIB
LARGEST = 24 * MIB
"""A body may be escaped to ASCII, which makes three bytes of one of UTF-8 at most, and twelve of a character: 9 MiB of
tools and 12 MiB of instructions. What has no limit of its own, a schema for the answer, has the rest."""

DEGREES = ("low", "medium", "high")


# --- what a request may hold ---


def _choice(*words: str) -> Optional:
    return Optional(Text(choices=words))


_STRINGS = Optional(Many(of=Text(), noun="strings"))
_FUNCTION: dict[str, Shape] = {
    "name": Text(pattern="^[a-zA-Z0-9_-]+$", longest=128, may_be_empty=False),
    "description": Text(),
    "parameters": ANYTHING,
    "defer_loading": FLAG,
    "async": FLAG,
}
_TRANSPORT = Variants(
    {
        "http": of_type("server_url", server_url=Text(), headers=Optional(Pairs(value=Text()))),
        "stdio": of_type("command", "cwd", command=Text(), cwd=Text(), args=_STRINGS, env_vars=_STRINGS),
    }
)
_MCP: dict[str, Shape] = {
    "server_label": Text(),
    "transport": _TRANSPORT,
    "allowed_tools": _STRINGS,
    "connection_origin": _choice("service", "environment"),
    "credential_id": Optional(Text()),
    "request_metadata": Optional(ANYTHING),
    "required": FLAG,
}
_PLACE = Members(members={name: Optional(Text()) for name in ("city", "country", "region", "timezone")})
_WEB_SEARCH: dict[str, Shape] = {
    "allowed_domains": _STRINGS,
    "context_size": _choice(*DEGREES),
    "location": Optional(_PLACE),
    "mode": _choice("disabled", "cached", "live"),
}
TOOL = Variants(
    {
        "automations": of_type(),
        "computer_use": of_type(include_screenshots=FLAG),
        "function": of_type("name", "description", "parameters", **_FUNCTION),
        "mcp": of_type("server_label", "transport", **_MCP),
        "programmatic_tool_calling": of_type(enabled=FLAG),
        "tool_search": of_type(),
        "web_search": of_type(**_WEB_SEARCH),
    }
)
_REASONING = {"effort": _choice(*EFFORTS), "summary": _choice("concise", "detailed", "auto")}
_TEXT = {
    "format": Optional(Variants({"json_schema": of_type("schema", schema=ANYTHING), "text": of_type()})),
    "verbosity": _choice(*DEGREES),
}
_SUBAGENTS: dict[str, Shape] = {"enabled": FLAG, "max_concurrent_subagents": Number(minimum=1, whole=True)}
_FIELDS: dict[str, Shape] = {
    "name": Optional(Text(longest=128)),
    "model": Text(may_be_empty=False),
    "instructions": Optional(Text(longest=LONGEST_INSTRUCTIONS)),
    "reasoning": Optional(Members(members=_REASONING)),
    "text": Optional(Members(members=_TEXT)),
    "service_tier": _choice("auto", "default", "flex", "priority", "fast", "ultrafast"),
    "tools": Optional(Compact(Many(of=TOOL, noun="objects"), largest=LARGEST_TOOLS)),
    "multi_agent": Optional(Members(members=_SUBAGENTS, required=("enabled",))),
    "compaction": Optional(Members(members={"async": Optional(FLAG)})),
    "experimental": Members(members={"time_awareness": FLAG}),
    "metadata": Optional(METADATA),
}
"""In the order in which they are answered."""
BODY = Members(members=_FIELDS, required=("model",))


def request(settings: Settings, *, creating: bool) -> Members:
    """What the body of a create or a modify looks like."""
    body = nullable(BODY) if settings.echo == "nulls" else BODY
    return body if creating else replace(body, required=())


# --- what is stored next: what was asked for, so that another model has its own effort ---


def create(sent: Fields, settings: Settings, _id: str) -> Fields:
    """What is kept of a new agent; raises WireError where the rules between fields forbid it."""
    return modify({}, sent, settings)


def modify(before: Fields, sent: Fields, settings: Settings) -> Fields:
    """What is kept after a modify; raises WireError where the rules between fields forbid it."""
    base = before
    if settings.modify == "upsert":  # a model has no default to return to
        base = {name: value for name, value in before.items() if name == "model"}
    after = {**base, **sent}
    if sent.get("experimental") is not None:  # the one field that is merged: metadata is replaced, whatever the server
        after["experimental"] = {**(base.get("experimental") or {}), **sent["experimental"]}
    for error in _broken_rules(after, sent, settings.models):
        raise error
    if settings.forget_metadata:
        after.pop("metadata", None)
    return after


def _broken_rules(after: Fields, sent: Fields, models: Mapping[str, str]) -> Iterator[WireError]:
    """Why the server would not keep the agent; what remains from before is blamed on the model instead."""
    effort = (after.get("reasoning") or {}).get("effort")
    if effort is not None and reasons(after["model"], models) is False:
        message = "Unsupported parameter: 'reasoning.effort' is not supported with this model."
        chosen = "reasoning" in sent
        param, code = ("reasoning.effort", "unsupported_parameter") if chosen else ("model", "unsupported_model")
        yield WireError(message, param, code)
    taken = set[tuple[str, str]]()
    for index, tool in enumerate(after.get("tools") or []):
        kind, member = tool["type"], _NAMED_BY.get(tool["type"])
        if member is None:
            continue
        if (kind, tool[member]) in taken:
            path = f"tools[{index}].{member}"
            message = f"Invalid '{path}': duplicate {member.replace('_', ' ')} '{tool[member]}'."
            yield WireError(message, path, "invalid_value")
        taken.add((kind, tool[member]))


_NAMED_BY = {"function": "name", "mcp": "server_label"}


# --- what is answered: one function a kind of server ---


def _defaults(kept: Fields, settings: Settings) -> Fields:
    """Every choice resolved, as the official package types it."""
    reasoning, text = kept.get("reasoning") or {}, kept.get("text") or {}
    effort = reasoning.get("effort") or ("medium" if reasons(kept["model"], settings.models) else None)
    subagents = kept.get("multi_agent") or {"enabled": False}
    most = subagents.get("max_concurrent_subagents", 6) if subagents["enabled"] else None
    return {
        "name": kept.get("name"),
        "model": kept["model"],
        "instructions": kept.get("instructions"),
        "reasoning": {"effort": effort, "summary": reasoning.get("summary")},
        "text": {"format": text.get("format") or {"type": "text"}, "verbosity": text.get("verbosity") or "medium"},
        "service_tier": kept.get("service_tier") or "auto",
        "tools": [_default_tool(tool) for tool in kept.get("tools") or []],
        "multi_agent": {"enabled": subagents["enabled"], "max_concurrent_subagents": most},
        "compaction": {"async": bool((kept.get("compaction") or {}).get("async"))},
        "experimental": {"time_awareness": False, **(kept.get("experimental") or {})},
        "metadata": kept.get("metadata") or {},
    }


_TOOL_DEFAULTS: dict[str, Fields] = {
    "computer_use": {"include_screenshots": False},
    "function": {"defer_loading": False},
    "http": {"headers": {}},
    "mcp": {"allowed_tools": None, "credential_id": None, "request_metadata": {}, "required": False},
    "programmatic_tool_calling": {"enabled": True},
    "stdio": {"args": [], "env_vars": []},
    "web_search": {"allowed_domains": None, "context_size": "medium", "location": None, "mode": "live"},
}
"""By the type of a tool, or of the transport of one: what a member left out is."""


def _default_tool(sent: Fields) -> Fields:
    tool = _completed(sent)
    if tool["type"] == "mcp":
        tool["transport"] = _completed(tool["transport"])
        # a process runs where the session does
        near = "service" if tool["transport"]["type"] == "http" else "environment"
        tool["connection_origin"] = tool.get("connection_origin") or near
    return tool


def _completed(sent: Fields) -> Fields:
    chosen = {name: value for name, value in sent.items() if value is not None}
    defaults = _TOOL_DEFAULTS.get(sent["type"], {})
    return {**chosen, **{name: value for name, value in defaults.items() if name not in chosen}}


def _nulls(kept: Fields, _settings: Settings) -> Fields:
    """Every member that is not set echoed as null, at every level."""
    answer: Fields = with_nulls(kept, BODY)
    return answer


def _sparse(kept: Fields, _settings: Settings) -> Fields:
    """Nothing but what was sent."""
    return ordered(kept, _FIELDS)


_ECHOES: dict[str, Callable[[Fields, Settings], Fields]] = {
    "defaults": _defaults,
    "nulls": _nulls,
    "sparse": _sparse,
}


AGENTS = Api(
    name="agents",
    title="Agents API",
    noun="agent",
    id_prefix="agent_",
    beta="agents=v1",
    cursors=("after",),
    tells_updates=True,
    largest=LARGEST,
    tools=frozenset(TOOL.by_type),
    request=request,
    create=create,
    modify=modify,
    echo=lambda kept, settings: _ECHOES[settings.echo](kept, settings),
)
