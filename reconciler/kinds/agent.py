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
from reconciler.kinds.families import EFFORTS, model_problems
from reconciler.kinds.fields import Data, FieldPart, FieldRules, Flag, Text, ValueLimits, Whole, text
from reconciler.kinds.kind import Kind
from reconciler.kinds.metadata import Pairs, filled_pairs, metadata_problems
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

    needed: ClassVar = ("description", "parameters")

    type: Annotated[Literal["function"], Field(description="Calls a function of the application.")]
    name: Annotated[str, ValueLimits(name_of=128), Field(description="The name by which the model calls it.")]
    description: Annotated[
        Words | None, Field(description="What it does, so that the model knows when to call it.")
    ] = None
    parameters: Annotated[dict[str, Any] | None, Field(description="The JSON Schema of its arguments.")] = None
    defer_loading: Annotated[
        Flag | None, Field(description="Whether the model sees it only once `tool_search` has found it.")
    ] = None
    async_: Flag | None = Field(
        default=None, alias="async", description="Whether the agent goes on while the function runs."
    )

    def problems(self, loc: Loc) -> Iterator[Problem]:
        yield from _missing_members(self, loc, *self.needed)
        yield from schema_problems(self.parameters, (*loc, "parameters"))


class ToolSearch(FieldPart):
    type: Annotated[Literal["tool_search"], Field(description="Finds functions that are loaded when needed.")]


class ProgrammaticToolCalling(FieldPart):
    same_as_absent: ClassVar = {"enabled": (True,)}

    type: Annotated[
        Literal["programmatic_tool_calling"], Field(description="Lets the model call tools from code that it writes.")
    ]
    enabled: Annotated[Flag | None, Field(description="Whether the model may do so.")] = None


class Transport(FieldPart):
    """How an MCP server is reached: over HTTP, or as a process beside the session."""

    same_as_absent: ClassVar = {"headers": ({},), "args": ([],), "env_vars": ([],)}

    by_type: ClassVar = {
        "http": (("server_url",), ("server_url", "headers")),
        "stdio": (("command", "cwd"), ("command", "cwd", "args", "env_vars")),
    }

    type: Annotated[
        str,
        ValueLimits(one_of=("http", "stdio"), noun="a transport"),
        Field(description="Whether the server is reached over HTTP or runs as a process beside the session."),
    ]
    server_url: Annotated[str | None, Field(description="The address of the server; of type http.")] = None
    headers: Annotated[
        dict[str, str] | None, Field(description="Headers of each request, none of them secret; of type http.")
    ] = None
    command: Annotated[str | None, Field(description="The program that is the server; of type stdio.")] = None
    cwd: Annotated[str | None, Field(description="The folder that it runs in; of type stdio.")] = None
    args: Annotated[list[str] | None, Field(description="The arguments of the program; of type stdio.")] = None
    env_vars: Annotated[Names | None, Field(description="The names of the variables that it gets; of type stdio.")] = (
        None
    )

    def problems(self, loc: Loc) -> Iterator[Problem]:
        needed, taken = self.by_type.get(self.type, ((), None))
        if taken is None:
            return
        yield from _missing_members(self, loc, *needed)
        for name in (name for _, names in self.by_type.values() for name in names if name not in taken):
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

    type: Annotated[Literal["mcp"], Field(description="Offers the tools of an MCP server.")]
    server_label: Annotated[str, Field(description="The name of the server among the tools.")]
    transport: Annotated[Transport, Field(description="How the server is reached.")]
    allowed_tools: Annotated[
        Names | None, Field(description="The tools of the server that the agent may use; omitted: all.")
    ] = None
    connection_origin: Annotated[
        str | None,
        ValueLimits(one_of=_ORIGINS, noun="an origin of connections"),
        Field(description="Whether the service connects to the server, or the environment of the session."),
    ] = None
    credential_id: Annotated[str | None, Field(description="The id of a secret in a vault.")] = None
    request_metadata: Annotated[dict[str, Any] | None, Field(description="What each request tells the server.")] = None
    required: Annotated[Flag | None, Field(description="Whether a session ends if the server is not there.")] = None


class SearchLocation(FieldPart):
    city: Annotated[str | None, Field(description="The city.")] = None
    country: Annotated[str | None, Field(description="The country, such as `DE`.")] = None
    region: Annotated[str | None, Field(description="The region or state.")] = None
    timezone: Annotated[str | None, Field(description="The time zone, such as `Europe/Berlin`.")] = None


class WebSearch(FieldPart):
    same_as_absent: ClassVar = {
        "allowed_domains": ([],),
        "context_size": ("medium",),
        "location": ({},),
        "mode": ("live",),
    }

    type: Annotated[Literal["web_search"], Field(description="Searches the web.")]
    allowed_domains: Annotated[Names | None, Field(description="The domains that results may be of; omitted: all.")] = (
        None
    )
    context_size: Annotated[
        str | None,
        ValueLimits(one_of=_DEGREES, noun="a context size"),
        Field(description="How much of the results the model reads."),
    ] = None
    location: Annotated[SearchLocation | None, Field(description="Where the search is made from.")] = None
    mode: Annotated[
        str | None,
        ValueLimits(one_of=_MODES, noun="a mode of web search"),
        Field(description="Whether pages are read live, from a cache, or not at all."),
    ] = None


class ComputerUse(FieldPart):
    same_as_absent: ClassVar = {"include_screenshots": (False,)}

    type: Annotated[Literal["computer_use"], Field(description="Works on a computer by its screen.")]
    include_screenshots: Annotated[
        Flag | None, Field(description="Whether the events of the session contain screenshots.")
    ] = None


class Automations(FieldPart):
    type: Annotated[Literal["automations"], Field(description="Lets the agent schedule work for later.")]


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
    effort: Annotated[
        str | None,
        ValueLimits(one_of=EFFORTS, noun="a reasoning effort"),
        Field(description="How much the model thinks before it answers."),
    ] = None
    summary: Annotated[
        str | None,
        ValueLimits(one_of=_SUMMARIES, noun="a summary of reasoning"),
        Field(description="How long a summary of its reasoning is; omitted: none."),
    ] = None


class TextFormat(FieldPart):
    """What the answer looks like; a schema stands beside the type, without a name."""

    by_type: ClassVar = {"text": ((), ()), "json_schema": (("schema",), ("schema",))}

    type: Annotated[
        str,
        ValueLimits(one_of=_FORMATS, noun="a format of answers"),
        Field(description="Whether an answer is text, or JSON of a schema."),
    ]
    schema_: dict[str, Any] | None = Field(
        default=None, alias="schema", description="The JSON Schema that an answer must match; only of type json_schema."
    )

    def problems(self, loc: Loc) -> Iterator[Problem]:
        if self.type == "json_schema" and self.schema_ is None:
            message = "A format of type json_schema needs a `schema`."
            yield Problem(loc, "missing-field", message, "add `schema: {type: object, …}`")
        if self.type == "text" and self.schema_ is not None:
            message = "`schema` does not go with type text."
            yield Problem((*loc, "schema"), "unknown-field", message, "write `type: json_schema`", at_key=True)
        yield from schema_problems(self.schema_, (*loc, "schema"))


class AnswerText(FieldPart):
    same_as_absent: ClassVar = {"format": ({"type": "text"},), "verbosity": ("medium",)}

    format: Annotated[TextFormat | None, Field(description="What answers look like.")] = None
    verbosity: Annotated[
        str | None, ValueLimits(one_of=_DEGREES, noun="a verbosity"), Field(description="How long answers are.")
    ] = None


class MultiAgent(FieldPart):
    """Whether the agent may have subagents; how many means something only then."""

    enabled: Annotated[Flag, Field(description="Whether the agent may have subagents.")]
    max_concurrent_subagents: Annotated[
        Whole | None, Field(description="How many subagents work at once; 6 if omitted.")
    ] = None

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

    async_: Flag | None = Field(
        default=None, alias="async", description="Whether the agent goes on while its context is compacted."
    )


class Experimental(FieldPart):
    """Settings that modify merges: what is not known here is left as it is."""

    model_config = ConfigDict(extra="ignore")
    same_as_absent: ClassVar = {"time_awareness": (False,)}

    time_awareness: Annotated[Flag | None, Field(description="Whether the agent knows what time it is.")] = None


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
        Field(description="The model that answers, or the name of a deployment."),
    ] = None
    name: Annotated[
        Text | None, ValueLimits(longest=128), FieldRules(), Field(description="What people call the agent.")
    ] = None
    instructions: Annotated[
        Text | None,
        ValueLimits(longest=1_048_576),
        FieldRules(),
        Field(description="The prompt, which the server appends to the base instructions of its API."),
    ] = None
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
        Field(description="What the agent may use; the order has no meaning."),
    ] = None
    metadata: Annotated[
        Pairs | None,
        FieldRules(default={}, by_member=True, normal=filled_pairs),
        Field(description="Up to 15 pairs of text that the server keeps with the agent."),
    ] = None
    reasoning: Annotated[
        Reasoning | None,
        FieldRules(default={}, by_member=True, chosen=(("effort",),), rejected_by="other", wire=_reasoning),
        Field(description="How a model that reasons thinks; other models reject it."),
    ] = None
    text: Annotated[
        AnswerText | None,
        FieldRules(
            default={}, schemas=(("format", "schema"),), wire=_whole(format={"type": "text"}, verbosity="medium")
        ),
        Field(description="What answers look like, and how long they are."),
    ] = None
    service_tier: Annotated[
        str | None,
        ValueLimits(one_of=_TIERS, noun="a service tier"),
        FieldRules(chosen=((),)),
        Field(description="How fast and at what price requests are processed."),
    ] = None
    multi_agent: Annotated[
        MultiAgent | None,
        FieldRules(default={}, wire=_subagents),
        Field(description="Whether the agent may have subagents."),
    ] = None
    compaction: Annotated[
        Compaction | None,
        FieldRules(default={}, wire=lambda value, behind: value or None),
        Field(description="How a long context is compacted."),
    ] = None
    experimental: Annotated[
        Experimental | None,
        FieldRules(default={}, wire=_merged),
        Field(description="Settings that the API may still change."),
    ] = None


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
