"""The agent of the Agents API: the table of its fields, and the rules between them.

The official package's types are the source. What modify does to the members of a field is mostly unstated, so that a
field is sent whole, with every default that it returns to.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from reconciler.canonical import Json
from reconciler.diagnostics import did_you_mean
from reconciler.kinds.families import EFFORTS, model_problems
from reconciler.kinds.fields import Data, FieldPart, FieldRules, Flag, Text, ValueLimits, Whole, text
from reconciler.kinds.kind import Kind
from reconciler.kinds.metadata import filled_pairs, metadata_problems
from reconciler.kinds.problems import Loc, Problem, ServerTraits, tag
from reconciler.kinds.schemas import schema_problems
from reconciler.kinds.tools import (
    Numbered,
    listed_twice,
    mappings_in,
    members_of,
    tool_list,
    tools_by_name,
    type_of,
    type_problem,
    unknown_types,
)

_SUMMARIES: Final = ("concise", "detailed", "auto")
_DEGREES: Final = ("low", "medium", "high")
_TIERS: Final = ("auto", "default", "flex", "priority", "fast", "ultrafast")
_TRANSPORTS: Final = {"http": ("server_url", "headers"), "stdio": ("command", "cwd", "args", "env_vars")}
_SECRET_HEADERS: Final = ("api-key", "authorization", "cookie", "proxy-authorization", "x-api-key")
_FORMATS: Final = ("text", "json_schema")
_ORIGINS: Final = ("service", "environment")
_MODES: Final = ("disabled", "cached", "live")
MOST_TOOL_BYTES: Final = 3 * 1024 * 1024
_GROUPS: Final = {"functions": ("function", "name"), "mcp": ("mcp", "server_label")}

Words: TypeAlias = Annotated[str, AfterValidator(lambda value: text(value) or "")]
"""A text that has to be stated, be it empty."""
Names: TypeAlias = Annotated[list[str], AfterValidator(lambda names: sorted(set(names)))]
"""Names of which the order has no meaning."""


def _missing_members(part: BaseModel, loc: Loc, *names: str) -> Iterator[Problem]:
    for name in names:
        if getattr(part, name) is None:
            yield Problem(loc, "missing-field", f"`{name}` is required here.", f"add `{name}: …`")


class AgentFunction(FieldPart):
    """A function that the agent may call; it has no `strict`."""

    same_as_absent: ClassVar = {"defer_loading": (False,), "async": (False,)}

    type: Literal["function"]
    name: Annotated[str, ValueLimits(name_of=128)]
    description: Words | None = None
    parameters: dict[str, Any] | None = None
    defer_loading: Flag | None = None
    async_: Flag | None = Field(default=None, alias="async")

    def problems(self, loc: Loc) -> Iterator[Problem]:
        yield from _missing_members(self, loc, "description", "parameters")
        yield from schema_problems(self.parameters, (*loc, "parameters"))


class ToolSearch(FieldPart):
    type: Literal["tool_search"]


class ProgrammaticToolCalling(FieldPart):
    same_as_absent: ClassVar = {"enabled": (True,)}

    type: Literal["programmatic_tool_calling"]
    enabled: Flag | None = None


class Transport(FieldPart):
    """How an MCP server is reached: over HTTP, or as a process beside the session."""

    same_as_absent: ClassVar = {"headers": ({},), "args": ([],), "env_vars": ([],)}

    type: str
    server_url: str | None = None
    headers: dict[str, str] | None = None
    command: str | None = None
    cwd: str | None = None
    args: list[str] | None = None
    env_vars: Names | None = None

    def problems(self, loc: Loc) -> Iterator[Problem]:
        if self.type not in _TRANSPORTS:
            remedy = did_you_mean(self.type, _TRANSPORTS)
            yield Problem((*loc, "type"), "unknown-value", f"`{self.type}` is not a transport.", remedy)
            return
        yield from _missing_members(self, loc, *(("server_url",) if self.type == "http" else ("command", "cwd")))
        for name in (name for names in _TRANSPORTS.values() for name in names if name not in _TRANSPORTS[self.type]):
            if getattr(self, name) is not None:
                message = f"`{name}` does not go with type {self.type}."
                yield Problem((*loc, name), "unknown-field", message, "leave it out", at_key=True)
        for name in (name for name in self.headers or () if name.lower() in _SECRET_HEADERS):
            message = f"`{name}` usually holds a secret, and everybody who can read the agent has it."
            remedy = "keep it in a vault, and name it by `credential_id`"
            yield Problem((*loc, "headers", name), "secret-in-file", message, remedy, "warning", at_key=True)


class McpServer(FieldPart):
    """The tools of an MCP server, without credentials: those are in vaults."""

    same_as_absent: ClassVar = {"request_metadata": ({},), "required": (False,)}

    type: Literal["mcp"]
    server_label: str
    transport: Transport
    allowed_tools: Names | None = None
    connection_origin: Annotated[str | None, ValueLimits(one_of=_ORIGINS, noun="an origin of connections")] = None
    credential_id: str | None = None
    request_metadata: dict[str, Any] | None = None
    required: Flag | None = None


class SearchLocation(FieldPart):
    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class WebSearch(FieldPart):
    same_as_absent: ClassVar = {
        "allowed_domains": ([],),
        "context_size": ("medium",),
        "location": ({},),
        "mode": ("live",),
    }

    type: Literal["web_search"]
    allowed_domains: Names | None = None
    context_size: Annotated[str | None, ValueLimits(one_of=_DEGREES, noun="a context size")] = None
    location: SearchLocation | None = None
    mode: Annotated[str | None, ValueLimits(one_of=_MODES, noun="a mode of web search")] = None


class ComputerUse(FieldPart):
    same_as_absent: ClassVar = {"include_screenshots": (False,)}

    type: Literal["computer_use"]
    include_screenshots: Flag | None = None


class Automations(FieldPart):
    type: Literal["automations"]


TOOLS: Final = {
    "automations": Automations,
    "computer_use": ComputerUse,
    "function": AgentFunction,
    "mcp": McpServer,
    "programmatic_tool_calling": ProgrammaticToolCalling,
    "tool_search": ToolSearch,
    "web_search": WebSearch,
}
"""The tools that are known, by type; one of another type is sent, kept and compared as it stands."""


def _tool_tag(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    return tag(kind if isinstance(kind, str) and kind in TOOLS else "other")


AgentTool: TypeAlias = Annotated[
    Annotated[Automations, Tag(tag("automations"))]
    | Annotated[ComputerUse, Tag(tag("computer_use"))]
    | Annotated[AgentFunction, Tag(tag("function"))]
    | Annotated[McpServer, Tag(tag("mcp"))]
    | Annotated[ProgrammaticToolCalling, Tag(tag("programmatic_tool_calling"))]
    | Annotated[ToolSearch, Tag(tag("tool_search"))]
    | Annotated[WebSearch, Tag(tag("web_search"))]
    | Annotated[dict[str, Any], Tag(tag("other"))],
    Discriminator(_tool_tag),
]


class Reasoning(FieldPart):
    effort: Annotated[str | None, ValueLimits(one_of=EFFORTS, noun="a reasoning effort")] = None
    summary: Annotated[str | None, ValueLimits(one_of=_SUMMARIES, noun="a summary of reasoning")] = None


class TextFormat(FieldPart):
    """What the answer looks like; a schema stands beside the type, without a name."""

    type: str
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")

    def problems(self, loc: Loc) -> Iterator[Problem]:
        if self.type not in _FORMATS:
            remedy = did_you_mean(self.type, _FORMATS)
            yield Problem((*loc, "type"), "unknown-value", f"`{self.type}` is not a format of answers.", remedy)
        if self.type == "json_schema" and self.schema_ is None:
            message = "A format of type json_schema needs a `schema`."
            yield Problem(loc, "missing-field", message, "add `schema: {type: object, …}`")
        if self.type == "text" and self.schema_ is not None:
            message = "`schema` does not go with type text."
            yield Problem((*loc, "schema"), "unknown-field", message, "write `type: json_schema`", at_key=True)
        yield from schema_problems(self.schema_, (*loc, "schema"))


class AnswerText(FieldPart):
    same_as_absent: ClassVar = {"format": ({"type": "text"},), "verbosity": ("medium",)}

    format: TextFormat | None = None
    verbosity: Annotated[str | None, ValueLimits(one_of=_DEGREES, noun="a verbosity")] = None


class MultiAgent(FieldPart):
    """Whether the agent may have subagents; how many means something only then."""

    enabled: Flag
    max_concurrent_subagents: Whole | None = None

    def normal(self) -> Data:
        normal = super().normal()
        if not self.enabled:
            return {}
        return {name: value for name, value in normal.items() if (name, value) != ("max_concurrent_subagents", 6)}

    def problems(self, loc: Loc) -> Iterator[Problem]:
        if not self.enabled and self.max_concurrent_subagents is not None:
            message = "`max_concurrent_subagents` has no effect without `enabled: true`, and is not sent."
            remedy = "leave it out, or write `enabled: true`"
            yield Problem((*loc, "max_concurrent_subagents"), "no-effect", message, remedy, "warning", at_key=True)


class Compaction(FieldPart):
    same_as_absent: ClassVar = {"async": (False,)}

    async_: Flag | None = Field(default=None, alias="async")


class Experimental(FieldPart):
    """Settings that modify merges: what is not known here is left as it is."""

    model_config = ConfigDict(extra="ignore")
    same_as_absent: ClassVar = {"time_awareness": (False,)}

    time_awareness: Flag | None = None


# The normal form, and back


def _tools_by_name(listed: list[Any], body: Any) -> Json:
    return tools_by_name(listed, _GROUPS, members_of)


def _tool_list(value: Json, behind: Json) -> Json:
    return tool_list(value, _GROUPS, _tool_body)


def _tool_body(kind: str, entry: Data) -> Data:
    """The tool; a search states its mode, since servers differ in what they take for one."""
    return {"type": kind, **({"mode": "live"} if kind == "web_search" else {}), **entry}


def _whole(**defaults: Json) -> Any:
    """How a field is sent that replaces what is live: with every default that it returns to."""

    def wire(value: Json, behind: Json) -> Json:
        return {**defaults, **value} if isinstance(value, dict) and behind is not None else value

    return wire


def _reasoning(value: Json, behind: Json) -> Json:
    """Null where all of it is left to the model; else also what is left of it, since a server may merge."""
    unset: Data = {"effort": None, "summary": None} if behind is not None else {}
    return {**unset, **value} if isinstance(value, dict) and value else None


def _subagents(value: Json, behind: Json) -> Json:
    if not isinstance(value, dict) or behind is None:
        return value
    return {"max_concurrent_subagents": 6, **value} if value else {"enabled": False}


def _merged(value: Json, behind: Json) -> Json:
    """What is merged is turned off by saying so; null is not taken."""
    if not isinstance(value, dict):
        return value
    on = [name for name in Experimental.model_fields if isinstance(behind, dict) and behind.get(name)]
    return {**dict.fromkeys(on, False), **value}


class AgentBody(BaseModel):
    """The table: one entry a field, for ever in this order. What else a live object has is ignored and never sent."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model: Annotated[
        str | None,
        FieldRules(required=True, exchanged=True, resets=(("reasoning", "effort"),)),
    ] = None
    name: Annotated[Text | None, ValueLimits(longest=128), FieldRules()] = None
    instructions: Annotated[Text | None, ValueLimits(longest=1_048_576), FieldRules()] = None
    tools: Annotated[
        list[AgentTool] | None,
        FieldRules(
            default={},
            by_member=True,
            groups=tuple(_GROUPS),
            chosen=(("mcp", "*", "connection_origin"),),
            schemas=(("functions", "*", "parameters"),),
            normal=_tools_by_name,
            wire=_tool_list,
            stated=lambda value: tool_list(value, _GROUPS, lambda kind, entry: {"type": kind, **entry}),
        ),
    ] = None
    metadata: Annotated[dict[str, Any] | None, FieldRules(default={}, by_member=True, normal=filled_pairs)] = None
    reasoning: Annotated[
        Reasoning | None,
        FieldRules(default={}, by_member=True, chosen=(("effort",),), rejected_by="other", wire=_reasoning),
    ] = None
    text: Annotated[
        AnswerText | None,
        FieldRules(
            default={}, schemas=(("format", "schema"),), wire=_whole(format={"type": "text"}, verbosity="medium")
        ),
    ] = None
    service_tier: Annotated[str | None, ValueLimits(one_of=_TIERS, noun="a service tier"), FieldRules(chosen=((),))] = (
        None
    )
    multi_agent: Annotated[MultiAgent | None, FieldRules(default={}, wire=_subagents)] = None
    compaction: Annotated[Compaction | None, FieldRules(default={}, wire=lambda value, behind: value or None)] = None
    experimental: Annotated[Experimental | None, FieldRules(default={}, wire=_merged)] = None


# What is wrong between fields


_NO_SUCH_TOOLS: Final = {
    "code_interpreter": "leave it out, or offer what it did as a function or an MCP server",
    "file_search": "leave it out, or offer the search as a function or an MCP server",
}


def _misshapen_tools(body: Mapping[str, Json]) -> Iterator[Problem]:
    for index, tool in mappings_in(body.get("tools")):
        if problem := type_problem(index, tool, TOOLS):
            yield problem
        elif tool["type"] == "function" and isinstance(tool.get("function"), dict) and "name" not in tool:
            message = "What belongs to a function of an agent stands beside its `type`."
            remedy = "write `- type: function`, and under it `name: …` without `function:`"
            yield Problem(("tools", index, "function"), "nested-function", message, remedy, at_key=True)
        elif tool["type"] in _NO_SUCH_TOOLS:
            message = f"Agents have no tool `{tool['type']}`."
            yield Problem(("tools", index, "type"), "unknown-tool", message, _NO_SUCH_TOOLS[str(tool["type"])])


def _field_rules(body: AgentBody, traits: ServerTraits, unjudged: Collection[str]) -> Iterator[Problem]:
    tools = [(index, tool) for index, tool in enumerate(body.tools or ()) if tool != {}]
    yield from metadata_problems(body.metadata or {})
    yield from unknown_types(tools, TOOLS, "agent", traits)
    yield from listed_twice(tools, [kind for kind, _ in _GROUPS.values()])
    yield from _same_names(tools)
    yield from _too_large(body)
    if "tools" not in unjudged:
        yield from _deferred_for_ever(tools)
    yield from model_problems(body.model, traits)


def _same_names(tools: Numbered) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for index, tool in tools:
        if isinstance(tool, AgentFunction) and ("function", tool.name) in seen:
            message = f"A second function is named `{tool.name}`."
            yield Problem(("tools", index, "name"), "duplicate-function", message, "rename one")
        if isinstance(tool, McpServer) and ("mcp", tool.server_label) in seen:
            message = f"A second MCP server is labeled `{tool.server_label}`."
            yield Problem(("tools", index, "server_label"), "duplicate-function", message, "rename one")
        seen.add((type_of(tool), str(getattr(tool, "name", None) or getattr(tool, "server_label", ""))))


def size_of_tools(tools: Json) -> int:
    """How many bytes of JSON tools in normal form are sent as."""
    sent = _tool_list(tools, None)
    return len(json.dumps(sent, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))


def _too_large(body: AgentBody) -> Iterator[Problem]:
    size = size_of_tools(_tools_by_name(body.tools or [], body))
    if size > MOST_TOOL_BYTES:
        message = f"`tools` takes {size:,} bytes of JSON; the API takes {MOST_TOOL_BYTES:,}."
        yield Problem(("tools",), "too-large", message, "drop some, or shorten their schemas")


def _deferred_for_ever(tools: Numbered) -> Iterator[Problem]:
    if any(isinstance(tool, ToolSearch) for _, tool in tools):
        return
    for index, tool in tools:
        if isinstance(tool, AgentFunction) and tool.defer_loading:
            message = "A deferred function is found by the tool `tool_search`, which is not there."
            remedy = "add `- type: tool_search`, or leave `defer_loading` out"
            yield Problem(("tools", index, "defer_loading"), "no-effect", message, remedy, "warning", at_key=True)


_NONE: Final = "agents have nothing like it: leave it out"
_SCHEMA_ALONE: Final = "agents have `type` and `schema` here and nothing else: leave it out"
_ELSEWHERE: Final = {
    ("description",): "agents have no description: keep it in `metadata`, or leave it out",
    ("temperature",): _NONE,
    ("top_p",): _NONE,
    ("tool_resources",): "agents have no file_search and no code_interpreter, hence no resources: leave it out",
    ("response_format",): (
        "agents have `text: {format: {type: json_schema, schema: …}}`; leave out any other format, such as `auto`"
    ),
    ("reasoning_effort",): "agents have `reasoning: {effort: …}`",
    ("text", "format", "name"): _SCHEMA_ALONE,
    ("text", "format", "strict"): _SCHEMA_ALONE,
    ("text", "format", "description"): _SCHEMA_ALONE,
    ("text", "format", "json_schema"): "write what is under its `schema` as `schema`, beside `type`",
    ("tools", "strict"): "functions of agents have no `strict`: leave it out",
    ("tools", "server_url"): "write `transport: {type: http, server_url: …}`",
    ("tools", "headers"): "they belong under `transport`, and no secret among them",
    ("tools", "authorization"): "no secret belongs here: `credential_id` names one in a vault",
    ("tools", "require_approval"): _NONE,
    ("tools", "transport", "env"): "`env_vars` names variables, and the session has their values",
}

AGENT = Kind(
    name="agent",
    model=AgentBody,
    form=1,
    id_prefix="agent_",
    api="Agents API",
    answer_schema=("text", "format", "schema"),
    metadata_is_replaced=True,
    after_change="Running sessions keep the configuration that they began with; new sessions have the change.",
    set_by_server=("id", "object", "created_at", "updated_at"),
    elsewhere=_ELSEWHERE,
    misshapen=_misshapen_tools,
    rules=_field_rules,
)
